//! What an operator's own files say codes mean.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
};

use super::{
    all,
    own::{Entry, without_mark},
};

/// Texts of codes, from an operator's own files: in a folder, a file `NAME.txt` for a list, a line a
/// code: the code, two blanks, its text. The files are those of [`Own`](super::Own), whose dates may
/// stand before the text; here a file may be incomplete, and lines that say nothing are passed over.
#[derive(Debug, Default)]
pub struct Texts {
    lists: HashMap<String, HashMap<String, String>>,
}

/// A folder of texts that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct TextsError {
    /// The file or folder.
    pub path: PathBuf,
    /// What went wrong.
    #[source]
    pub error: io::Error,
}

impl Texts {
    /// Reads the files of a folder that are named for a code list.
    ///
    /// # Errors
    /// A folder or file that cannot be read.
    pub fn in_folder(folder: &Path) -> Result<Self, TextsError> {
        let fail = |path: &Path, error| TextsError { path: path.to_owned(), error };
        std::fs::read_dir(folder).map_err(|error| fail(folder, error))?;
        let mut lists = HashMap::new();
        for list in all() {
            let path = folder.join(format!("{}.txt", list.name));
            match std::fs::read_to_string(&path) {
                Ok(text) => drop(lists.insert(list.name.to_owned(), texts(&text))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(fail(&path, error)),
            }
        }
        Ok(Self { lists })
    }

    /// The text of a code.
    pub fn text(&self, list: &str, code: &str) -> Option<&str> {
        self.lists.get(list)?.get(code).map(String::as_str)
    }

    /// Whether the operator has brought a list.
    pub fn has(&self, list: &str) -> bool {
        self.lists.contains_key(list)
    }
}

fn texts(file: &str) -> HashMap<String, String> {
    without_mark(file)
        .lines()
        .filter_map(|line| Entry::read(line).ok().flatten())
        .filter_map(|entry| Some((entry.code.to_owned(), entry.text?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_what_stands_after_two_blanks() {
        let read = texts("# mine\n45  Charge exceeds  the fee\nN130 no text\r\n\n11  from 2020-01-01  Office\r\n");
        assert_eq!(read.get("45").map(String::as_str), Some("Charge exceeds  the fee"));
        assert_eq!(read.get("11").map(String::as_str), Some("Office"));
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn a_folder_of_texts_is_read_by_the_names_of_lists() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("carc.txt"), "45  Mine\n").expect("written");
        std::fs::write(folder.path().join("notes.txt"), "45  Not a list\n").expect("written");
        let texts = Texts::in_folder(folder.path()).expect("readable");
        assert_eq!(texts.text("carc", "45"), Some("Mine"));
        assert!(texts.has("carc") && !texts.has("rarc"));
        assert!(Texts::in_folder(&folder.path().join("none")).is_err());
    }
}
