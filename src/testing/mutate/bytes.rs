//! Delimiters, characters, line breaks, and whatever else may happen to bytes.

use super::{Done, file::File};
use crate::generate::random::Random;

pub(super) fn move_delimiter(file: &mut File, random: &mut Random) -> Option<Done> {
    let at = file.any(random)?;
    let name = file.name(at);
    let piece = file.segments.get_mut(at)?;
    let here: Vec<usize> =
        (0..).zip(&piece.text).filter(|(_, byte)| piece.delimiters.contains(**byte)).map(|(at, _)| at).collect();
    if here.is_empty() {
        piece.terminated = false;
        return Done::at(at, format!("{name}: its terminator is gone"));
    }
    let place = random.pick(&here);
    let delimiter = *piece.text.get(place)?;
    let sign = delimiter.escape_ascii();
    let words = match random.below(5) {
        0 => {
            piece.text.remove(place);
            format!("`{sign}` at byte {place} is gone")
        }
        1 => {
            piece.text.insert(place, delimiter);
            format!("`{sign}` at byte {place} is doubled")
        }
        2 => {
            piece.text.remove(place);
            let to = (place + random.between(0, 4) as usize).saturating_sub(2).min(piece.text.len());
            piece.text.insert(to, delimiter);
            format!("`{sign}` moved from byte {place} to byte {to}")
        }
        3 => {
            piece.terminated = false;
            "its terminator is gone".to_owned()
        }
        _ => {
            let many = [Some(piece.delimiters.element), piece.delimiters.component, piece.delimiters.repetition];
            let other = random.pick(&many).unwrap_or(piece.delimiters.segment);
            *piece.text.get_mut(place)? = other;
            format!("`{sign}` at byte {place} is now `{}`", other.escape_ascii())
        }
    };
    Done::at(at, format!("{name}: {words}"))
}

/// Where an ISA states its separators: after ISA, in ISA11, in ISA16.
const STATED: &[(usize, &str)] =
    &[(3, "the element separator"), (82, "the repetition separator"), (104, "the component separator")];

pub(super) fn change_delimiters(file: &mut File, random: &mut Random) -> Option<Done> {
    let at = file.any_of(&["ISA"], random)?;
    let name = file.name(at);
    let piece = file.segments.get_mut(at)?;
    let (place, what) = random.pick(STATED);
    let byte = match random.below(3) {
        0 => random.below(256) as u8,
        1 => random.pick(b"*:^~|>U 0A\n\r\x1c\x1d\x1e\x1f"),
        _ => random.pick(&[piece.delimiters.element, piece.delimiters.segment]),
    };
    if random.chance(25) {
        piece.delimiters.segment = byte;
        return Done::at(at, format!("{name}: it ends with `{}`", byte.escape_ascii()));
    }
    *piece.text.get_mut(place)? = byte;
    Done::at(at, format!("{name}: {what} is stated to be `{}`", byte.escape_ascii()))
}

pub(super) fn cut(file: &mut File, random: &mut Random) -> Option<Done> {
    if let Some(at) = file.any(random).filter(|_| random.chance(80)) {
        let name = file.name(at);
        let kept = match random.below(3) {
            0 => 0,
            1 => file.segments.get(at)?.len(),
            _ => random.below(file.segments.get(at)?.len()),
        };
        let mut rest = File { segments: file.segments.split_off(at), rest: Vec::new(), limit: file.limit };
        rest.segments.truncate(1);
        file.rest = rest.into_bytes();
        file.rest.truncate(kept);
        return Done::at(at, format!("{name}: the file ends with its byte {kept}"));
    }
    let mut bytes = std::mem::replace(file, File { segments: Vec::new(), rest: Vec::new(), limit: 0 }).into_bytes();
    let length = random.below(bytes.len() + 1);
    bytes.truncate(length);
    file.rest = bytes;
    Done::whole(format!("the file ends at byte {length}"))
}

/// Characters of other sets, and such as are none.
const CHARACTERS: &[(&[u8], &str)] = &[
    ("É".as_bytes(), "É in UTF-8"),
    (b"\xC9", "É in Latin-1"),
    ("\u{200B}".as_bytes(), "a blank of no width"),
    ("\u{FEFF}".as_bytes(), "a byte order mark"),
    ("\u{1F600}".as_bytes(), "a face"),
    (b"\xF0\x9F", "half a character of UTF-8"),
    (b"\xFF\xFE", "the mark of UTF-16"),
    (b"\0", "a NUL"),
    (b"\x07", "a bell"),
    (b"\x1B[2J", "an order to the terminal"),
    (b"\x7F", "a delete"),
    (b"\r", "a carriage return"),
    (b"\n", "a line feed"),
    (b"\t", "a tab"),
    (b"`", "a backquote"),
];

pub(super) fn mix_characters(file: &mut File, random: &mut Random) -> Option<Done> {
    let (at, element) = file.any_value(random)?;
    let name = file.name(at);
    let piece = file.segments.get_mut(at)?;
    let mut value = piece.elements().get(element)?.clone();
    if random.chance(10) {
        value.make_ascii_lowercase();
        piece.set(element, value)?;
        return Done::at(at, format!("{name}: element {element} is in lower case"));
    }
    let (character, what) = random.pick(CHARACTERS);
    let place = random.below(value.len() + 1);
    value.splice(place..place, character.iter().copied());
    piece.set(element, value)?;
    Done::at(at, format!("{name}: {what} stands in element {element}"))
}

pub(super) fn break_lines(file: &mut File, random: &mut Random) -> Option<Done> {
    let breaks = random.pick(&["\n", "\r\n", "\r", "", " ", "\n\n", "\0", "\t"]);
    if random.chance(25) {
        let width = random.between(1, 100) as usize;
        let bytes = std::mem::replace(file, File { segments: Vec::new(), rest: Vec::new(), limit: 0 }).into_bytes();
        let lines: Vec<&[u8]> = bytes.chunks(width).collect();
        file.rest = lines.join(breaks.as_bytes());
        return Done::whole(format!("every {width} bytes stands `{}`", breaks.escape_debug()));
    }
    if file.segments.is_empty() {
        return None;
    }
    let odd = random.chance(30);
    for piece in file.segments.iter_mut().skip(1) {
        if !odd || random.chance(20) {
            piece.before = breaks.as_bytes().to_vec();
        }
    }
    let which = if odd { "some" } else { "all" };
    Done::whole(format!("`{}` stands before {which} segments", breaks.escape_debug()))
}

/// What turns up in files.
const JUNK: &[(&[u8], &str)] = &[
    (b"HTTP/1.1 200 OK\r\nContent-Type: application/edi-x12\r\n\r\n", "the header of an answer"),
    (b"\xEF\xBB\xBF", "a byte order mark"),
    (b"ISA", "the beginning of an ISA"),
    (b"ISA*00*", "half an ISA"),
    (b"ST", "the letters ST"),
    (b"GS*", "the beginning of a GS"),
    (b"~~~~", "terminators"),
    (b"\0\0\0\0\0\0\0\0", "NULs"),
    (b"\x1A", "the end of a file of old"),
    (b"--boundary\r\n", "a boundary"),
    (b"UNA:+.? '", "the beginning of an EDIFACT file"),
    (b"IEA*1*000000001~", "an IEA"),
    (b"                                                  ", "blanks"),
    (b"ZZZ*1*2*3~", "a segment that nobody knows"),
];

pub(super) fn insert_junk(file: &mut File, random: &mut Random) -> Option<Done> {
    let (junk, what) = random.pick(JUNK);
    let times = if random.chance(5) { random.between(100, 10_000) as usize } else { 1 };
    let times = times.min(file.room() / junk.len()).max(1);
    let junk = junk.repeat(times);
    let often = if times > 1 { format!(", {times} times,") } else { String::new() };
    let at = random.below(file.segments.len() + 1);
    let name = file.name(at);
    match file.segments.get_mut(at) {
        Some(piece) => {
            piece.before.extend_from_slice(&junk);
            Done::at(at, format!("{name}: {what}{often} stands before it"))
        }
        None => {
            file.rest.extend_from_slice(&junk);
            Done::whole(format!("{what}{often} stands at the end"))
        }
    }
}

pub(super) fn change_bytes(file: &mut File, random: &mut Random) -> Option<Done> {
    let limit = file.limit;
    let mut bytes = std::mem::replace(file, File { segments: Vec::new(), rest: Vec::new(), limit }).into_bytes();
    let mut places = Vec::new();
    for _ in 0..random.between(1, 4) {
        let at = random.below(bytes.len() + 1);
        let byte = if random.chance(50) { random.pick(b"*:^~0A \n") } else { random.below(256) as u8 };
        match (random.below(3), bytes.get_mut(at)) {
            (0, Some(_)) => drop(bytes.remove(at)),
            (1, Some(old)) => *old = byte,
            _ => bytes.insert(at, byte),
        }
        places.push(at.to_string());
    }
    file.rest = bytes;
    Done::whole(format!("changed at byte {}", places.join(", ")))
}
