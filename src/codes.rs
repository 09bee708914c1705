//! External code lists: whose they are, which codes they have, and what an operator's own files say
//! the codes mean.
//!
//! `specs/codes.index` names every list that the guides refer to. Of those that may be handed on,
//! `specs/codes` holds the codes, without the texts that belong to their publishers.
//! [`Texts`] reads texts from files that the operator brings.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// A list of codes that somebody other than X12's guides keeps.
#[derive(Debug)]
pub struct CodeList {
    /// Its name in the guides: `place-of-service`.
    pub name: &'static str,
    /// X12's number of the code source, where it has one: `237`.
    pub source: &'static str,
    /// What it holds.
    pub title: &'static str,
    /// Who publishes it; empty if unknown.
    pub publisher: &'static str,
    /// Where the official codes and texts are; empty if unknown.
    pub published_at: &'static str,
    /// What the copy that comes with the program is, and how old; empty if there is none.
    pub edition: &'static str,
    codes: Vec<Code>,
}

/// A code of a [`CodeList`].
#[derive(Debug)]
pub struct Code {
    /// The code.
    pub code: &'static str,
    /// What the list says of it, in the notation of `specs/README.md`: `remark`, `group CO OA`.
    pub flags: Vec<&'static str>,
}

/// Every code list that the guides refer to, by name.
pub fn all() -> &'static [CodeList] {
    static ALL: LazyLock<Vec<CodeList>> =
        LazyLock::new(|| lines(include_str!("../specs/codes.index")).map(CodeList::read).collect());
    &ALL
}

/// A code list by its name.
pub fn by_name(name: &str) -> Option<&'static CodeList> {
    all().iter().find(|list| list.name == name)
}

impl CodeList {
    /// The codes that come with the program; empty where the operator has to bring the list.
    pub fn codes(&self) -> &[Code] {
        &self.codes
    }

    /// A code, if it is among those that come with the program.
    pub fn code(&self, code: &str) -> Option<&Code> {
        self.codes.iter().find(|known| known.code == code)
    }

    fn read(columns: Vec<&'static str>) -> Self {
        let column = |at: usize| columns.get(at).copied().filter(|text| *text != "-").unwrap_or_default();
        let text = FILES.iter().find(|(name, _)| *name == column(0)).map_or("", |(_, text)| *text);
        let edition = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# "))
            .and_then(|line| line.split_once(": "))
            .map_or("", |(_, edition)| edition);
        let codes = lines(text)
            .filter_map(|columns| columns.split_first().map(|(code, flags)| Code { code, flags: flags.to_vec() }))
            .collect();
        Self {
            name: column(0),
            source: column(1),
            title: column(2),
            publisher: column(3),
            published_at: column(4),
            edition,
            codes,
        }
    }
}

/// Texts of codes, from an operator's own files: in a folder, a file `NAME.txt` for a list, a line a
/// code: the code, two blanks, its text.
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
    let lines = file.trim_start_matches('\u{feff}').lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.trim().split_once("  "))
        .map(|(code, text)| (code.to_owned(), text.trim().to_owned()))
        .collect()
}

/// The columns of each line that says something.
fn lines(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split("  ").map(str::trim).filter(|column| !column.is_empty()).collect())
}

macro_rules! files {
    ($($name:literal)*) => {
        const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../specs/codes/", $name, ".txt")))),*];
    };
}

files! {
    "carc" "claim-status" "claim-status-category" "country" "currency" "oral-cavity" "place-of-service" "state" "tooth"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_come_with_the_program_have_codes_and_flags() {
        let carc = by_name("carc").expect("listed");
        assert_eq!(carc.code("16").map(|code| code.flags.as_slice()), Some(["remark"].as_slice()));
        assert_eq!(carc.code("45").map(|code| code.flags.as_slice()), Some(["group CO PR", "part-only"].as_slice()));
        assert!(carc.edition.contains("139"), "{}", carc.edition);
        assert_eq!(all().iter().filter(|list| !list.codes().is_empty()).count(), FILES.len());
    }

    #[test]
    fn texts_are_what_stands_after_two_blanks() {
        let read = texts("# mine\n45  Charge exceeds  the fee\nN130 no text\r\n\n11  Office\r\n");
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
