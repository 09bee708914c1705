//! Values that a guide does not expect, or only just.

use super::{Done, file::File};
use crate::{
    generate::random::Random,
    guide::{ElementUse, SegmentUse},
    x12::MAX_SEGMENT,
};

/// Values that parsers and programs stumble over.
const HOSTILE: &[&str] = &[
    "",
    " ",
    "0",
    "-0",
    "-1",
    "+1",
    ".",
    "-",
    ".5",
    "5.",
    "00000000000000000001",
    "0.000000000000000001",
    "99999999.99",
    "100000000.00",
    "999999999999999999",
    "9223372036854775808",
    "79228162514264337593543950336",
    "1E308",
    "NaN",
    "1,000.00",
    "00000000",
    "20240230",
    "20241301",
    "99999999",
    "20240101-20231231",
    "20240101-",
    "2400",
    "235960",
    "D8",
    "RD8",
    "18",
    "ABK:A000",
    "HC:99213:25:59:76:77:X:Y",
    "::::::::",
    "^",
    "NULL",
    "<script>",
    "'; DROP TABLE claims",
    "%s%n",
    "../../etc/passwd",
    "=1+1",
    "{\"a\":1}",
];

pub(super) fn replace(file: &mut File, random: &mut Random) -> Option<Done> {
    let (at, element) = file.any_value(random)?;
    let value = random.pick(HOSTILE);
    put(file, at, element, value.as_bytes().to_vec(), &format!("is now `{value}`"))
}

pub(super) fn change_qualifier(file: &mut File, random: &mut Random) -> Option<Done> {
    let (spots, _) = file.places();
    let at = file.any(random)?;
    let spot = spots.get(at).copied().flatten()?;
    let segment = spot.guide.segment(spot.node)?;
    let coded: Vec<&ElementUse> = segment.elements.iter().filter(|element| !element.codes.is_empty()).collect();
    let used = coded.get(random.below(coded.len()))?;
    // A code that the guide has for the same element elsewhere, so that the segment may find another place.
    let elsewhere: Vec<&String> = (spot.guide.nodes())
        .filter_map(|node| spot.guide.segment(node))
        .filter(|other| other.id == segment.id)
        .filter_map(|other| other.element(used.position, used.component))
        .flat_map(|other| &other.codes)
        .collect();
    let code = match elsewhere.get(random.below(elsewhere.len())) {
        Some(code) if random.chance(75) => (*code).clone(),
        _ => random.pick(&["ZZ", "XX", "", "1", "abk", "D8"]).to_owned(),
    };
    let element = usize::from(used.position);
    let piece = file.segments.get(at)?;
    let value = piece.elements().get(element)?.clone();
    let mut components: Vec<&[u8]> = value.split(|byte| Some(*byte) == piece.delimiters.component).collect();
    *components.get_mut(usize::from(used.component).saturating_sub(1))? = code.as_bytes();
    let value = components.join(&piece.delimiters.component.unwrap_or(b':'));
    put(file, at, element, value, &format!("has the code `{code}`"))
}

pub(super) fn stretch(file: &mut File, random: &mut Random) -> Option<Done> {
    let (at, element) = file.any_value(random)?;
    let (spots, _) = file.places();
    let segment = spots.get(at).copied().flatten().and_then(|spot| spot.guide.segment(spot.node));
    let used = segment.and_then(|segment: &SegmentUse| segment.element(u8::try_from(element).ok()?, 0));
    let (least, most) = used.map_or((1, 50), |used| (usize::from(used.data.min), usize::from(used.data.max)));
    let (length, words) = match random.below(12) {
        0 => (MAX_SEGMENT, "as long as a segment may be"),
        1 => (MAX_SEGMENT + 1, "longer than a segment may be"),
        2 => (random.between(1000, 70_000) as usize, "far longer than allowed"),
        3 => (least.saturating_sub(1), "shorter than allowed"),
        4..8 => (most, "as long as allowed"),
        _ => (most + 1, "one longer than allowed"),
    };
    if length > file.room() {
        return None;
    }
    let piece = file.segments.get(at)?;
    let value = piece.elements().get(element)?.clone();
    let filler = if value.iter().all(u8::is_ascii_digit) { b'9' } else { b'X' };
    let mut longer = value;
    longer.resize(length, filler);
    put(file, at, element, longer, &format!("is {words}, {length} bytes"))
}

pub(super) fn shift(file: &mut File, random: &mut Random) -> Option<Done> {
    let (at, element) = file.any_value(random)?;
    let name = file.name(at);
    let piece = file.segments.get_mut(at)?;
    let mut elements = piece.elements();
    let words = if random.chance(50) {
        elements.remove(element);
        "is gone, and what follows it moves up"
    } else {
        let count = if random.chance(10) { random.between(20, 300) as usize } else { 1 };
        elements.splice(element..element, std::iter::repeat_n(Vec::new(), count));
        "and what follows it moves down"
    };
    piece.set_elements(&elements);
    Done::at(at, format!("{name}: element {element} {words}"))
}

pub(super) fn multiply(file: &mut File, random: &mut Random) -> Option<Done> {
    let (at, element) = file.any_value(random)?;
    let delimiters = file.segments.get(at)?.delimiters;
    let (separator, what) = match random.below(2) {
        0 => (delimiters.component?, "components"),
        _ => (delimiters.repetition?, "repetitions"),
    };
    let value = file.segments.get(at)?.elements().get(element)?.clone();
    let wanted = if random.chance(10) { random.between(100, 20_000) as usize } else { random.between(2, 15) as usize };
    let times = wanted.min(file.room() / (value.len() + 1)).max(1);
    let mut many = vec![value; times].join(&separator);
    if random.chance(30) {
        many.push(separator);
    }
    put(file, at, element, many, &format!("has {times} {what}"))
}

fn put(file: &mut File, at: usize, element: usize, value: Vec<u8>, words: &str) -> Option<Done> {
    let name = file.name(at);
    file.segments.get_mut(at)?.set(element, value)?;
    Done::at(at, format!("{name}: element {element} {words}"))
}
