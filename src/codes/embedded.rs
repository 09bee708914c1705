//! The lists that come with the program: the files of `specs/codes`, read when first asked.

use std::sync::OnceLock;

use jiff::civil::Date;

use super::{
    Code,
    compact::Compact,
    lines,
    table::{Answer, Period, Table},
};

/// A file of `specs/codes`.
#[derive(Debug)]
pub(super) struct File {
    name: &'static str,
    text: &'static str,
    kind: Kind,
    codes: OnceLock<Vec<Code>>,
    list: OnceLock<List>,
}

/// The codes, to be asked by value.
#[derive(Debug)]
enum List {
    Plain(Table),
    Compact(Compact),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A code a line, its flags beside it.
    Plain,
    /// Many codes a line; see [`Compact`].
    Compact,
}

/// A file by the name of its list.
pub(super) fn file(name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.name == name)
}

impl File {
    /// What the first line says after the name: what the list is, and how old.
    pub fn edition(&self) -> &'static str {
        self.text.lines().next().and_then(|line| line.strip_prefix("# ")).map_or("", words)
    }

    /// The codes: of a plain file in its order, of a compact one in theirs.
    pub fn codes(&self) -> &[Code] {
        self.codes.get_or_init(|| match self.kind {
            Kind::Plain => lines(self.text)
                .filter_map(|columns| columns.split_first().map(|(code, flags)| Code { code, flags: flags.to_vec() }))
                .collect(),
            Kind::Compact => {
                let mut codes = Vec::new();
                Compact::of(self.text).each_code(&mut |code| codes.push(code.to_owned()));
                codes.sort_unstable();
                // One allocation, once, for as long as the program runs.
                codes.join(" ").leak().split(' ').map(|code| Code { code, flags: Vec::new() }).collect()
            }
        })
    }

    /// A code of the list.
    pub fn code(&self, code: &str) -> Option<&Code> {
        let codes = self.codes();
        match self.kind {
            Kind::Plain => codes.iter().find(|known| known.code == code),
            Kind::Compact => codes.get(codes.binary_search_by(|known| known.code.cmp(code)).ok()?),
        }
    }

    /// How many codes there are.
    pub fn len(&self) -> usize {
        match self.list() {
            List::Plain(table) => table.len(),
            List::Compact(_) => self.codes().len(),
        }
    }

    /// What the list says of a value.
    pub fn ask(&self, value: &[u8]) -> Answer {
        match self.list() {
            List::Plain(table) => table.ask(value, None),
            List::Compact(list) => list.ask(value),
        }
    }

    fn list(&self) -> &List {
        self.list.get_or_init(|| match self.kind {
            Kind::Plain => {
                // A code takes three bytes or more.
                let mut table = Table::for_codes(self.text.len() / 3, false);
                // A test adds them all: none is refused.
                let codes = lines(self.text).filter_map(|columns| columns.first().copied());
                codes.for_each(|code| _ = table.add(code, Period::ALWAYS));
                List::Plain(table)
            }
            Kind::Compact => List::Compact(Compact::of(self.text)),
        })
    }
}

/// An edition line without the name of the list.
pub(super) fn words(line: &str) -> &str {
    line.split_once(": ").map_or(line, |(_, words)| words).trim()
}

/// The date in an edition line, `as of 2026-04-29`; of a year or a month the first day.
pub(super) fn as_of(edition: &str) -> Option<Date> {
    let (_, rest) = edition.rsplit_once("as of ")?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(rest.len());
    let mut parts = rest.get(..end)?.split('-');
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let mut part = || parts.next().map_or(Some(1), |part| part.parse().ok());
    Date::new(year, part()?, part()?).ok()
}

macro_rules! files {
    ($($kind:ident $name:literal)*) => {
        static FILES: [File; [$($name),*].len()] = [$(File {
            name: $name,
            text: include_str!(concat!("../../specs/codes/", $name, ".txt")),
            kind: Kind::$kind,
            codes: OnceLock::new(),
            list: OnceLock::new(),
        }),*];
    };
}

files! {
    Plain "carc"
    Plain "claim-status"
    Plain "claim-status-category"
    Plain "country"
    Plain "currency"
    Compact "icd-10-cm"
    Plain "oral-cavity"
    Plain "place-of-service"
    Plain "state"
    Plain "tooth"
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{super::Own, super::set::CodeSet, *};

    #[test]
    fn every_list_is_a_set_with_an_edition_and_a_date() {
        for file in &FILES {
            let set = CodeSet::new(file.name, &Own::default()).unwrap_or_else(|| panic!("{} is a set", file.name));
            assert!(!set.edition().is_empty() && set.as_of().is_some(), "{}: {}", file.name, set.edition());
            assert!(file.text.starts_with(&format!("# {}: ", file.name)), "{}", file.name);
        }
    }

    #[test]
    fn every_code_is_known_has_its_form_and_stands_once() {
        for file in &FILES {
            let set = CodeSet::new(file.name, &Own::default()).expect("a set");
            assert_eq!(set.len(), file.codes().len(), "{}: every code is in the table", file.name);
            let mut codes: Vec<&str> = file.codes().iter().map(|code| code.code).collect();
            for code in &codes {
                assert_eq!(set.judge(code.as_bytes(), None), super::super::Verdict::Known, "{} {code}", file.name);
                assert!(file.code(code).is_some(), "{} {code}", file.name);
            }
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), file.codes().len(), "{}: no code twice", file.name);
        }
    }

    #[test]
    fn icd_10_cm_has_as_many_codes_as_it_was_made_from() {
        assert_eq!(file("icd-10-cm").map(|file| file.codes().len()), Some(74_719));
    }

    #[test]
    fn the_date_of_an_edition() {
        assert_eq!(as_of("as of 2026-04-29"), Some(date(2026, 4, 29)));
        assert_eq!(as_of("numbers only, as of 2015-02"), Some(date(2015, 2, 1)));
        assert_eq!(as_of("as of 2023; 180 codes"), Some(date(2023, 1, 1)));
        for none in ["", "as of late", "as of 2026-13", "as of 12", "of 2026"] {
            assert_eq!(as_of(none), None, "{none}");
        }
    }
}
