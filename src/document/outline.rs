//! The JSON of a document and its transaction sets apart from each other: nearly all of it are sets, which several
//! threads can write, and what is left is read at once.

use std::ops::Range;

use serde::{Deserialize, de::Error as _};
use serde_json::{Error, value::RawValue};

/// The JSON of a document in which a number stands for each transaction set: where it is among them, from 0.
pub(super) struct Outline<'j> {
    whole: &'j str,
    text: String,
    /// The sets in the order of the text.
    sets: Vec<&'j RawValue>,
    /// Where the number of each stands in `text`.
    numbers: Vec<Range<usize>>,
    /// For each interchange which sets are its own.
    of_interchange: Vec<Range<usize>>,
}

/// Where sets stand in a document.
#[derive(Deserialize)]
struct Interchanges<'j> {
    #[serde(borrow)]
    interchanges: Vec<Interchange<'j>>,
}

#[derive(Deserialize)]
struct Interchange<'j> {
    #[serde(borrow, default)]
    groups: Vec<Group<'j>>,
    #[serde(borrow, default)]
    transactions: Vec<&'j RawValue>,
}

#[derive(Deserialize)]
struct Group<'j> {
    #[serde(borrow, default)]
    transactions: Vec<&'j RawValue>,
}

impl<'j> Outline<'j> {
    /// The outline of a document. What is not like one stays as it is: who reads it will say what is wrong.
    pub(super) fn of(whole: &'j str) -> Self {
        let mut outline =
            Self { whole, text: String::new(), sets: Vec::new(), numbers: Vec::new(), of_interchange: Vec::new() };
        let interchanges =
            serde_json::from_str(whole).map_or_else(|_| Vec::new(), |Interchanges { interchanges }| interchanges);
        let mut rest = 0;
        for Interchange { groups, transactions } in interchanges {
            let first = outline.sets.len();
            outline.sets.extend(groups.into_iter().flat_map(|group| group.transactions).chain(transactions));
            let own = outline.sets.get_mut(first..).unwrap_or_default();
            own.sort_by_key(|set| start(set.get(), whole));
            for (number, set) in (first..).zip(own) {
                let start = start(set.get(), whole);
                outline.text.push_str(whole.get(rest..start).unwrap_or_default());
                let at = outline.text.len();
                outline.text.push_str(&number.to_string());
                outline.numbers.push(at..outline.text.len());
                rest = start + set.get().len();
            }
            outline.of_interchange.push(first..outline.sets.len());
        }
        outline.text.push_str(whole.get(rest..).unwrap_or_default());
        outline
    }

    /// What is left of the document.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The sets of an interchange, and the number of the first.
    pub(super) fn of_interchange(&self, at: usize) -> (usize, &[&'j RawValue]) {
        let own = self.of_interchange.get(at).cloned().unwrap_or_default();
        (own.start, self.sets.get(own).unwrap_or_default())
    }

    /// An error about a piece of what is left, with its line and column in the whole.
    pub(super) fn place(&self, error: Error, piece: &str) -> Error {
        if piece.len() == self.whole.len() {
            return error;
        }
        let at = start(piece, &self.text) + offset(&error, piece);
        let cut = self.numbers.partition_point(|number| number.end <= at).checked_sub(1);
        let cut = cut.and_then(|cut| self.numbers.get(cut).zip(self.sets.get(cut)));
        let in_whole = cut
            .map_or(at, |(number, set)| start(set.get(), self.whole) + set.get().len() + at.saturating_sub(number.end));
        told_at(&error, in_whole, self.whole)
    }

    /// An error about a set, with its line and column in the whole.
    pub(super) fn place_in_set(&self, error: &Error, set: &str) -> Error {
        told_at(error, start(set, self.whole) + offset(error, set), self.whole)
    }
}

/// Where a piece of a text begins in it.
fn start(piece: &str, text: &str) -> usize {
    (piece.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// Where in a text an error is; at its beginning, if the error does not say.
fn offset(error: &Error, text: &str) -> usize {
    let before = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    before + error.column()
}

/// An error at a place of a text.
fn told_at(error: &Error, at: usize, text: &str) -> Error {
    let told = error.to_string();
    let told = told.strip_suffix(&format!(" at line {} column {}", error.line(), error.column())).unwrap_or(&told);
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
    // The line and column at the end of a message become the error's own.
    Error::custom(format!("{told} at line {line} column {column}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{"interchanges":[
        {"transactions":[{"a":1},
            {"b":[2]}],"groups":[{"transactions":[{"c":"3"}]},{}]},
        {},
        {"groups":[{"transactions":[4]}],"x":"y"}
    ]}"#;

    #[test]
    fn sets_are_apart_and_numbered_as_they_stand() {
        let outline = Outline::of(WHOLE);
        let left: String = outline.text().split_whitespace().collect();
        assert_eq!(
            left,
            r#"{"interchanges":[{"transactions":[0,1],"groups":[{"transactions":[2]},{}]},{},{"groups":[{"transactions":[3]}],"x":"y"}]}"#
        );
        let of =
            |at| (outline.of_interchange(at).0, outline.of_interchange(at).1.iter().map(|set| set.get()).collect());
        assert_eq!(of(0), (0, vec![r#"{"a":1}"#, r#"{"b":[2]}"#, r#"{"c":"3"}"#]));
        assert_eq!(of(1), (3, vec![]));
        assert_eq!(of(2), (3, vec!["4"]));
        assert_eq!(of(3), (0, vec![]));
    }

    #[test]
    fn what_is_no_document_stays_as_it_is() {
        for whole in ["", "{", "[]", r#"{"interchanges":[{"groups":[],"groups":[]}]}"#, r#"{"interchanges":{}}"#] {
            assert_eq!(Outline::of(whole).text(), whole);
        }
    }

    #[test]
    fn errors_have_their_line_in_the_whole() {
        let outline = Outline::of(WHOLE);
        let error = |line: usize, column: usize| Error::custom(format!("bad at line {line} column {column}"));
        let placed = |error: Error| (error.to_string(), error.line());
        let (_, sets) = outline.of_interchange(0);
        // In a set; before all sets; behind some.
        assert_eq!(placed(outline.place_in_set(&error(1, 5), sets[1].get())), ("bad at line 3 column 17".into(), 3));
        assert_eq!(placed(outline.place(error(1, 3), outline.text())), ("bad at line 1 column 3".into(), 1));
        let (_, behind) = outline.text().split_once(r#""x":"#).unwrap();
        assert_eq!(placed(outline.place(error(1, 2), behind)), ("bad at line 5 column 47".into(), 5));
        // One that does not say where.
        assert_eq!(
            placed(outline.place_in_set(&Error::custom("bad"), sets[0].get())),
            ("bad at line 2 column 25".into(), 2)
        );
    }
}
