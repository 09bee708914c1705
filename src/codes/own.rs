//! An operator's own lists.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::civil::Date;

use super::{
    choice::sets_of,
    embedded,
    facts::{self, Facts},
    table::{MOST, Period, Table},
};

/// The code lists of an operator: the files of a folder, `NAME.txt` for a list, a line a code, its
/// columns separated by two blanks or more.
///
/// ```text
/// # hcpcs: HCPCS and CPT, 2026 annual release; as of 2026-01-01
/// 99213  from 1992-01-01  Office visit of an established patient
/// G0008  to 2026-12-31
/// ```
///
/// The code may be followed by the days of its validity, both included, and by a text. The first line,
/// if it begins with `#`, is the edition; other lines that begin so are comments. A list here takes the
/// place of the one of the same name that comes with the program.
#[derive(Clone, Debug, Default)]
pub struct Own {
    lists: HashMap<&'static str, Arc<OwnList>>,
}

/// A list of an operator.
#[derive(Debug)]
pub(super) struct OwnList {
    pub edition: String,
    pub table: Table,
}

/// An operator's list that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnError {
    /// A folder or file that cannot be read.
    #[error("{}: {error}", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        error: io::Error,
    },
    /// A file with the name of no list, or of a list that is several sets.
    #[error("{}: no code list is called so; {hint}", path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// What to do about it.
        hint: String,
    },
    /// A line that is no code.
    #[error("{}, line {line}: {what}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A file without a code.
    #[error("{}: there is no code in it", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

impl Own {
    /// Reads every file of a folder whose name ends in `.txt`.
    ///
    /// # Errors
    /// The first file, by name, that cannot be read, has the name of no list, or a line that is no code.
    pub fn in_folder(folder: &Path) -> Result<Self, OwnError> {
        let unreadable = |error| OwnError::Unreadable { path: folder.to_owned(), error };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            paths.push(entry.map_err(unreadable)?.path());
        }
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
        paths.sort();
        let mut lists = HashMap::new();
        for path in paths {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            let Some(facts) = facts::all().iter().find(|facts| facts.name == name) else {
                let hint = hint(name);
                return Err(OwnError::Name { path, hint });
            };
            let text = match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) => return Err(OwnError::Unreadable { path, error }),
            };
            let list = read(facts, &text).map_err(|wrong| match wrong {
                Some((line, what)) => OwnError::Line { path, line, what },
                None => OwnError::Empty { path },
            })?;
            lists.insert(facts.name, Arc::new(list));
        }
        Ok(Self { lists })
    }

    /// The names of the lists.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.lists.keys().copied()
    }

    pub(super) fn list(&self, name: &str) -> Option<&Arc<OwnList>> {
        self.lists.get(name)
    }
}

/// What to call a file instead.
fn hint(name: &str) -> String {
    match sets_of(name).as_slice() {
        [] => "specs/README.md tells their names".into(),
        several => format!("bring its lists one by one: {}", several.join(", ")),
    }
}

/// Reads a list; else the line that is wrong and what is wrong with it, or that there is no code.
fn read(facts: &Facts, text: &str) -> Result<OwnList, Option<(usize, String)>> {
    let text = without_mark(text);
    let edition = text.lines().next().and_then(|line| line.strip_prefix('#')).map(embedded::words);
    let edition = match edition {
        Some(edition) if !edition.is_empty() => edition.to_owned(),
        _ => format!("your own {}.txt", facts.name),
    };
    let mut table = Table::for_codes(text.lines().count(), facts.headers);
    for (at, line) in text.lines().enumerate() {
        let wrong = |what: String| Some((at + 1, what));
        let Some(entry) = Entry::read(line).map_err(|what| wrong(what.into()))? else { continue };
        if entry.code.contains(' ') {
            return Err(wrong("a code has no blanks; two of them separate its columns".into()));
        }
        if !(facts.form.fits)(entry.code.as_bytes()) {
            return Err(wrong(format!("not of the form of this list, {}", facts.form.words)));
        }
        let code = entry.code.get(..facts.significant).unwrap_or(entry.code);
        if !table.add(code, entry.period) {
            return Err(wrong(format!("a code has at most {MOST} digits and capital letters")));
        }
    }
    table.settle();
    if table.len() == 0 { Err(None) } else { Ok(OwnList { edition, table }) }
}

/// A file without its byte order mark.
pub(super) fn without_mark(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}

/// A line of an operator's list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub code: &'a str,
    pub period: Period,
    /// What stands after the code and its dates.
    pub text: Option<&'a str>,
}

impl<'a> Entry<'a> {
    /// Reads a line; `None` if it says nothing.
    pub fn read(line: &'a str) -> Result<Option<Self>, &'static str> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        let (code, mut rest) = column(line);
        let mut period = Period::ALWAYS;
        loop {
            let (next, after) = column(rest);
            if let Some(from) = dated(next, "from ")? {
                period.from = from;
            } else if let Some(to) = dated(next, "to ")? {
                period.to = to;
            } else {
                break;
            }
            rest = after;
        }
        if period.to < period.from {
            return Err("it is valid to a day before that from which it is valid");
        }
        Ok(Some(Self { code, period, text: (!rest.is_empty()).then_some(rest) }))
    }
}

/// The first column of a line, and the rest.
fn column(line: &str) -> (&str, &str) {
    line.split_once("  ").map_or((line, ""), |(column, rest)| (column, rest.trim_start()))
}

/// The date of a column `from 2026-01-01`; a text may begin with the word, but not with a number after it.
fn dated(column: &str, word: &str) -> Result<Option<Date>, &'static str> {
    match column.strip_prefix(word) {
        Some(date) if date.starts_with(|c: char| c.is_ascii_digit()) && !date.contains(' ') => {
            date.parse().map(Some).map_err(|_| "not a date; write it as 2026-01-31")
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::{
        super::{Judge, Verdict},
        *,
    };

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        folder
    }

    fn own(files: &[(&str, &str)]) -> Result<Own, OwnError> {
        Own::in_folder(folder(files).path())
    }

    #[test]
    fn an_own_list_is_judged_and_takes_the_place_of_another() {
        let own = own(&[
            (
                "hcpcs.txt",
                "\u{feff}# hcpcs: annual release; as of 2026-01-01\r\n99213  An office visit\r\nG0008  from 2020-01-01  \
                 to 2025-12-31  A  vaccine\r\n\r\n# old\r\nG0009  to 2019-12-31\r\n",
            ),
            ("place-of-service.txt", "11\n"),
            ("postal-code.txt", "83702\n"),
            ("taxonomy.txt", "207Q00000X\n"),
            ("ndc.txt", "00409733311\n"),
            ("README.md", "no list\n"),
        ])
        .expect("reads");
        let judge = Judge::new(&["procedure"], &own).expect("a list");
        let on = Some(date(2026, 6, 1));
        let ask = |code: &str, on| judge.judge(b"HC", code.as_bytes(), on).verdict;
        assert_eq!(ask("99213", on), Verdict::Known);
        assert_eq!(ask("99214", on), Verdict::Unknown);
        assert_eq!(ask("G0008", on), Verdict::NoLonger(date(2025, 12, 31)));
        assert_eq!(ask("G0008", Some(date(2025, 12, 31))), Verdict::Known);
        assert_eq!(ask("G0008", Some(date(2019, 12, 31))), Verdict::NotYet(date(2020, 1, 1)));
        assert_eq!(ask("G0008", None), Verdict::Known);
        assert_eq!(judge.judge(b"AD", b"D0120", on).verdict, Verdict::Unjudged);
        let set = judge.judge(b"HC", b"99214", on).set.expect("chosen");
        assert_eq!((set.edition(), set.len(), set.is_own()), ("annual release; as of 2026-01-01", 3, true));
        assert_eq!(set.as_of(), Some(date(2026, 1, 1)));
        for (list, code, expected) in [
            ("place-of-service", "11", Verdict::Known),
            ("place-of-service", "12", Verdict::Unknown),
            ("postal-code", "837021234", Verdict::Known),
            ("postal-code", "837031234", Verdict::Unknown),
            ("taxonomy", "207Q00000X", Verdict::Known),
            ("taxonomy", "207Q00001X", Verdict::Unknown),
            ("ndc", "00409733311", Verdict::Known),
            ("ndc", "00409733312", Verdict::Unknown),
            ("carc", "45", Verdict::Known),
        ] {
            let judge = Judge::new(&[list], &own).expect("a list");
            assert_eq!(judge.judge(b"", code.as_bytes(), on).verdict, expected, "{list} {code}");
        }
        let judge = Judge::new(&["place-of-service"], &own).expect("a list");
        assert_eq!(judge.sets().next().map(|set| set.edition()), Some("your own place-of-service.txt"));
    }

    #[test]
    fn an_own_edition_of_diagnoses_has_headers_too() {
        let own = own(&[("icd-10-cm.txt", "J02\nJ029  Acute pharyngitis\n")]).expect("reads");
        let judge = Judge::new(&["icd-diagnosis"], &own).expect("a list");
        assert_eq!(judge.judge(b"ABK", b"J029", None).verdict, Verdict::Known);
        assert_eq!(judge.judge(b"ABK", b"J02", None).verdict, Verdict::NotBillable);
        assert_eq!(judge.judge(b"ABK", b"A09", None).verdict, Verdict::Unknown);
    }

    #[test]
    fn what_is_wrong_is_told_with_file_and_line() {
        for (name, text, told) in [
            ("carcs.txt", "45\n", "carcs.txt: no code list is called so; specs/README.md tells their names"),
            ("procedure.txt", "99213\n", "bring its lists one by one: hcpcs, cdt, hipps"),
            ("icd-10-cm.txt", "J029\nJ02.9\n", "icd-10-cm.txt, line 2: not of the form of this list, a letter"),
            ("ndc.txt", "# mine\n\n0409-7333-11\n", "ndc.txt, line 3: not of the form"),
            ("carc.txt", "45 Charge\n", "carc.txt, line 1: a code has no blanks"),
            ("carc.txt", "45  from 2026-13-01\n", "line 1: not a date"),
            ("carc.txt", "45  from 2026-02-01  to 2026-01-01\n", "line 1: it is valid to a day before"),
            ("cmn-form.txt", "0123456789ABC\n", "line 1: a code has at most 12"),
            ("carc.txt", "# none\n", "carc.txt: there is no code in it"),
        ] {
            let error = own(&[(name, text)]).expect_err(told).to_string();
            assert!(error.contains(told), "{error}");
        }
        let missing = folder(&[]).path().join("missing");
        assert!(matches!(Own::in_folder(&missing), Err(OwnError::Unreadable { .. })));
        assert!(matches!(own(&[]), Ok(own) if own.names().next().is_none()));
    }

    #[test]
    fn a_text_may_begin_with_the_words_of_a_date() {
        let entry = Entry::read("45  from hand to mouth  and back").expect("reads").expect("an entry");
        assert_eq!(entry, Entry { code: "45", period: Period::ALWAYS, text: Some("from hand to mouth  and back") });
        let entry = Entry::read("45  to 2026-01-31  to 3 units").expect("reads").expect("an entry");
        assert_eq!((entry.period.to, entry.text), (date(2026, 1, 31), Some("to 3 units")));
    }

    proptest! {
        #[test]
        fn no_line_is_too_odd(line in "\\PC*") {
            let _ = Entry::read(&line);
        }
    }
}
