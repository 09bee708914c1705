//! External code lists: whose they are, which codes they have, whether a value is one of them, and what
//! an operator's own files say the codes mean.
//!
//! `specs/codes.index` names every list that the guides refer to. Of those that may be handed on,
//! `specs/codes` holds the codes, without the texts that belong to their publishers; for the others
//! only the form of a code can be judged, unless the operator brings the list ([`Own`]). A [`Judge`]
//! says of a value what is the case; how grave that is, is for whoever asks. [`Texts`] reads texts from
//! the operator's files.

mod choice;
mod compact;
mod embedded;
mod facts;
mod form;
mod judge;
mod own;
mod set;
mod table;
mod texts;
mod verdict;

use std::sync::LazyLock;

use jiff::civil::Date;

pub use judge::{Judge, Ruling, UnknownList};
pub use own::{Own, OwnError};
pub use set::CodeSet;
pub use texts::{Texts, TextsError};
pub use verdict::Verdict;

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
    /// The day as of which the copy is right; of a year or month alone, the first day.
    pub as_of: Option<Date>,
    file: Option<&'static embedded::File>,
}

/// A code of a [`CodeList`].
#[derive(Debug)]
pub struct Code {
    /// The code.
    pub code: &'static str,
    /// What the list says of it, in the notation of `specs/README.md`: `remark`, `group CO OA`.
    pub flags: Vec<&'static str>,
}

/// Every code list that the guides refer to, by name, and those that these are made of.
pub fn all() -> &'static [CodeList] {
    static ALL: LazyLock<Vec<CodeList>> =
        LazyLock::new(|| lines(include_str!("../../specs/codes.index")).map(CodeList::read).collect());
    &ALL
}

/// A code list by its name.
pub fn by_name(name: &str) -> Option<&'static CodeList> {
    all().iter().find(|list| list.name == name)
}

impl CodeList {
    /// The codes that come with the program; empty where the operator has to bring the list.
    pub fn codes(&self) -> &[Code] {
        self.file.map(embedded::File::codes).unwrap_or_default()
    }

    /// A code, if it is among those that come with the program.
    pub fn code(&self, code: &str) -> Option<&Code> {
        self.file?.code(code)
    }

    /// The names of the sets of codes that the list is made of: its own if it is one; otherwise those of
    /// which a qualifier chooses.
    pub fn sets(&self) -> Vec<&'static str> {
        choice::sets_of(self.name)
    }

    fn read(columns: Vec<&'static str>) -> Self {
        let column = |at: usize| columns.get(at).copied().filter(|text| *text != "-").unwrap_or_default();
        let file = embedded::file(column(0));
        let edition = file.map_or("", embedded::File::edition);
        Self {
            name: column(0),
            source: column(1),
            title: column(2),
            publisher: column(3),
            published_at: column(4),
            edition,
            as_of: embedded::as_of(edition),
            file,
        }
    }
}

/// The columns of each line that says something.
fn lines(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split("  ").map(str::trim).filter(|column| !column.is_empty()).collect())
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
        for list in all() {
            assert_eq!(list.codes().is_empty(), list.edition.is_empty(), "{}", list.name);
            assert_eq!(list.codes().is_empty(), list.as_of.is_none(), "{}", list.name);
        }
    }

    #[test]
    fn lists_of_several_sets_say_which() {
        assert_eq!(by_name("icd-diagnosis").map(CodeList::sets), Some(vec!["icd-10-cm", "icd-9-cm"]));
        assert_eq!(by_name("carc").map(CodeList::sets), Some(vec!["carc"]));
    }
}
