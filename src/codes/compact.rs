//! Many codes in few lines, as `specs/codes/icd-10-cm.txt` has them. Where its categories are is all that is read of a
//! list at the start; the codes of one are read when it is first asked for.

use std::sync::OnceLock;

use super::table::{Answer, Period, Table};

/// A list of such lines.
#[derive(Debug)]
pub(super) struct Compact {
    /// In the order of their characters.
    categories: Vec<Category>,
}

/// The codes that begin with the same three characters. They stand together.
#[derive(Debug)]
struct Category {
    begin: [u8; 3],
    lines: &'static str,
    table: OnceLock<Table>,
}

impl Compact {
    pub fn of(text: &'static str) -> Self {
        let mut categories: Vec<Category> = Vec::new();
        let (mut start, mut end) = (0, 0);
        for line in text.split_inclusive('\n') {
            let before = end;
            end += line.len();
            let Some(begin) = line.as_bytes().first_chunk().filter(|_| !line.starts_with('#')) else { continue };
            match categories.last_mut() {
                Some(open) if open.begin == *begin => open.lines = text.get(start..end).unwrap_or_default(),
                _ => {
                    start = before;
                    categories.push(Category { begin: *begin, lines: line, table: OnceLock::new() });
                }
            }
        }
        categories.sort_by_key(|category| category.begin);
        Self { categories }
    }

    /// What it says of a value.
    pub fn ask(&self, value: &[u8]) -> Answer {
        let category = value.first_chunk().and_then(|begin| {
            let at = self.categories.binary_search_by_key(begin, |category| category.begin).ok()?;
            self.categories.get(at)
        });
        category.map_or(Answer::Absent, |category| category.table().ask(value, None))
    }

    /// Calls with each code, category by category.
    pub fn each_code(&self, call: &mut impl FnMut(&str)) {
        self.categories.iter().for_each(|category| category.each_code(call));
    }
}

impl Category {
    fn table(&self) -> &Table {
        self.table.get_or_init(|| {
            // A code takes a little less than a byte.
            let mut table = Table::for_codes(self.lines.len(), true);
            // A test adds them all: none is refused.
            self.each_code(&mut |code| _ = table.add(code, Period::ALWAYS));
            table
        })
    }

    fn each_code(&self, call: &mut impl FnMut(&str)) {
        self.lines.lines().for_each(|line| each_code(line, call));
    }
}

/// Calls with each code of a line: characters that all have, then a column for each further position,
/// of the characters that may stand there. `A05 01` is A050 and A051.
fn each_code(line: &str, call: &mut impl FnMut(&str)) {
    let mut columns = line.split_ascii_whitespace();
    let mut code = columns.next().unwrap_or_default().to_owned();
    if !code.is_empty() {
        extend(&mut code, &columns.collect::<Vec<_>>(), call);
    }
}

fn extend(code: &mut String, columns: &[&str], call: &mut impl FnMut(&str)) {
    let Some((column, rest)) = columns.split_first() else { return call(code) };
    for character in column.chars() {
        code.push(character);
        extend(code, rest, call);
        code.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_every_choice_of_its_columns() {
        let mut codes = Vec::new();
        for line in ["A09", "A05 01", "S722 12 X AD", ""] {
            each_code(line, &mut |code| codes.push(code.to_owned()));
        }
        assert_eq!(codes, ["A09", "A050", "A051", "S7221XA", "S7221XD", "S7222XA", "S7222XD"]);
    }

    #[test]
    fn a_list_has_the_codes_of_its_lines_and_knows_what_they_begin_with() {
        let list = Compact::of("# a list\n# in words\nS72 0\nS722 12 X AD\nA09\nA05 01\n");
        let mut codes = Vec::new();
        list.each_code(&mut |code| codes.push(code.to_owned()));
        assert_eq!(codes, ["A050", "A051", "A09", "S720", "S7221XA", "S7221XD", "S7222XA", "S7222XD"]);
        for code in &codes {
            assert_eq!(list.ask(code.as_bytes()), Answer::Here, "{code}");
        }
        for header in ["A05", "S72", "S722", "S7221", "S7221X"] {
            assert_eq!(list.ask(header.as_bytes()), Answer::Header, "{header}");
        }
        for absent in ["", "A", "A0", "A091", "A052", "S721", "S7223", "S7221A", "S7221XB", "S7221XAA", "Z99", "# a"] {
            assert_eq!(list.ask(absent.as_bytes()), Answer::Absent, "{absent}");
        }
    }
}
