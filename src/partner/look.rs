//! Whether the files of settings have changed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Files and how they looked: which there are, how long they are and when they were changed last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look(BTreeMap<PathBuf, (u64, Option<SystemTime>)>);

impl Look {
    /// Whether all that another look saw was the same at this one. This one may see more.
    pub fn holds(&self, other: &Look) -> bool {
        other.0.iter().all(|(path, seen)| self.0.get(path) == Some(seen))
    }

    /// Looks at a file, or at the files of a folder. What is not there is not seen.
    pub(super) fn at(&mut self, path: &Path) {
        let Ok(found) = fs::metadata(path) else { return };
        if found.is_dir() {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            for (path, found) in entries.filter_map(|entry| Some((entry.path(), entry.metadata().ok()?))) {
                if found.is_file() {
                    self.0.insert(path, (found.len(), found.modified().ok()));
                }
            }
            return;
        }
        self.0.insert(path.to_owned(), (found.len(), found.modified().ok()));
    }
}
