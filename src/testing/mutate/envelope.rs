//! Counts, numbers and envelopes that contradict one another.

use super::{
    Done,
    file::{File, Piece},
};
use crate::generate::random::Random;

/// Elements that count or number: segment, element, what it is.
const COUNTS: &[(&str, usize, &str)] = &[
    ("SE", 1, "SE01, the number of segments"),
    ("GE", 1, "GE01, the number of transaction sets"),
    ("IEA", 1, "IEA01, the number of groups"),
    ("HL", 1, "HL01, the number of the level"),
    ("LX", 1, "LX01, the number of the line"),
    ("AK9", 2, "AK902, the number of transaction sets"),
    ("QTY", 2, "QTY02, a quantity"),
];

/// Elements that say which control number: segment, element.
const NUMBERS: &[(&str, usize)] = &[("ISA", 13), ("IEA", 2), ("GS", 6), ("GE", 2), ("ST", 2), ("SE", 2), ("AK2", 2)];

/// Numbers that break what counts on them.
const WRONG: &[&str] =
    &["0", "-1", "", "1", "2", "999999", "1000000000", "2147483648", "18446744073709551616", "1.5", "1E9", " 1", "X"];

pub(super) fn break_count(file: &mut File, random: &mut Random) -> Option<Done> {
    let ids: Vec<&str> = COUNTS.iter().map(|(id, ..)| *id).collect();
    let at = file.any_of(&ids, random)?;
    let name = file.name(at);
    let piece = file.segments.get_mut(at)?;
    let (_, element, what) = COUNTS.iter().find(|(id, ..)| piece.is(id))?;
    let stated = piece.value(*element).parse::<i64>();
    let value = match stated {
        Ok(count) if random.chance(50) => count.saturating_add(random.between(-2, 2)).to_string(),
        _ => random.pick(WRONG).to_owned(),
    };
    piece.set(*element, value.as_str())?;
    Done::at(at, format!("{name}: {what}, is now `{value}`"))
}

pub(super) fn break_level(file: &mut File, random: &mut Random) -> Option<Done> {
    let (at, other) = (file.any_of(&["HL"], random)?, file.any_of(&["HL"], random)?);
    let name = file.name(at);
    let number = file.segments.get(other)?.value(1);
    let (element, value) = match random.below(4) {
        0 => (2, number),
        1 => (2, random.pick(WRONG).to_owned()),
        2 => (3, random.pick(&["20", "22", "23", "19", "PT", "21", ""]).to_owned()),
        _ => (4, random.pick(&["0", "1", "2", ""]).to_owned()),
    };
    file.segments.get_mut(at)?.set(element, value.as_str())?;
    Done::at(at, format!("{name}: HL{element:02} is now `{value}`"))
}

pub(super) fn break_control_number(file: &mut File, random: &mut Random) -> Option<Done> {
    let ids: Vec<&str> = NUMBERS.iter().map(|(id, _)| *id).collect();
    let (at, other) = (file.any_of(&ids, random)?, file.any_of(&ids, random)?);
    let name = file.name(at);
    let element = |piece: &Piece| NUMBERS.iter().find(|(id, _)| piece.is(id)).map(|(_, element)| *element);
    let from = file.segments.get(other)?;
    let mut value = match random.below(3) {
        0 => random.pick(WRONG).to_owned(),
        _ => from.value(element(from)?),
    };
    let to = file.segments.get_mut(at)?;
    let element = element(to)?;
    if to.is("ISA") {
        // It is found by its width.
        value = format!("{value:0>9.9}");
    }
    to.set(element, value.as_str())?;
    Done::at(at, format!("{name}: its control number is now `{value}`"))
}

pub(super) fn nest(file: &mut File, random: &mut Random) -> Option<Done> {
    let of = file.any_of(&["ISA", "GS", "ST", "SE", "GE", "IEA", "TA1"], random)?;
    let to = file.any(random)?;
    let piece = file.segments.get(of)?.clone();
    let text = format!("{}: stands again before segment {} {}", file.name(of), to + 1, file.name(to));
    file.segments.insert(to, piece);
    Done::at(of, text)
}
