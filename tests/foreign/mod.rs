//! Files that other people wrote, where they can be had: `CLAIMWIRE_CORPUS`, else `../shared/corpus`.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The files, in order; `None`, and a word about it, without them.
pub fn files() -> Option<Vec<PathBuf>> {
    let named = std::env::var_os("CLAIMWIRE_CORPUS").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let Some(root) =
        [named, Some(beside)].into_iter().flatten().map(|path| path.join("files")).find(|path| path.is_dir())
    else {
        println!("skipped: no corpus at CLAIMWIRE_CORPUS or ../shared/corpus");
        return None;
    };
    let (mut found, mut open) = (Vec::new(), vec![root]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("readable").flatten() {
            let path = entry.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Some(found)
}
