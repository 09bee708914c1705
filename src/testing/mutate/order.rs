//! Segments and loops that stand elsewhere, twice or not at all.

use super::{
    Done,
    file::{File, Loop},
};
use crate::generate::random::Random;

/// How often something stands again: mostly once, now and then often enough to be felt.
fn times(length: usize, file: &File, random: &mut Random) -> usize {
    let wanted = match random.below(20) {
        0 => random.between(1000, 5000) as usize,
        1..4 => random.between(10, 100) as usize,
        4..8 => random.between(2, 5) as usize,
        _ => 1,
    };
    wanted.min(file.room() / length.max(1)).max(1)
}

pub(super) fn swap(file: &mut File, random: &mut Random) -> Option<Done> {
    let one = file.any(random)?;
    let other = if random.chance(50) { (one + 1) % file.segments.len() } else { file.any(random)? };
    let text = format!("{} and segment {} {}: swapped", file.name(one), other + 1, file.name(other));
    file.segments.swap(one, other);
    Done::at(one, text)
}

pub(super) fn repeat(file: &mut File, random: &mut Random) -> Option<Done> {
    let at = file.any(random)?;
    let piece = file.segments.get(at)?.clone();
    let times = times(piece.len(), file, random);
    let text = format!("{}: stands again, {times} times", file.name(at));
    file.segments.splice(at..at, std::iter::repeat_n(piece, times));
    Done::at(at, text)
}

pub(super) fn drop(file: &mut File, random: &mut Random) -> Option<Done> {
    let at = file.any(random)?;
    let text = format!("{}: dropped", file.name(at));
    file.segments.remove(at);
    Done::at(at, text)
}

pub(super) fn moved(file: &mut File, random: &mut Random) -> Option<Done> {
    let (from, to) = (file.any(random)?, file.any(random)?);
    let text = format!("{}: moved to where segment {} stood", file.name(from), to + 1);
    let piece = file.segments.remove(from);
    file.segments.insert(to, piece);
    Done::at(from, text)
}

pub(super) fn repeat_loop(file: &mut File, random: &mut Random) -> Option<Done> {
    let Loop { id, segments } = any_loop(file, random)?;
    let pieces = file.segments.get(segments.clone())?.to_vec();
    let length = pieces.iter().map(|piece| piece.len()).sum();
    let times = times(length, file, random);
    let text = format!("{}: its loop {id} stands again, {times} times", file.name(segments.start));
    let again = std::iter::repeat_n(pieces, times).flatten();
    file.segments.splice(segments.end..segments.end, again);
    Done::at(segments.start, text)
}

pub(super) fn drop_loop(file: &mut File, random: &mut Random) -> Option<Done> {
    let Loop { id, segments } = any_loop(file, random)?;
    let text = format!("{}: its loop {id} dropped, {} segments", file.name(segments.start), segments.len());
    file.segments.drain(segments.clone());
    Done::at(segments.start, text)
}

pub(super) fn move_loop(file: &mut File, random: &mut Random) -> Option<Done> {
    let Loop { id, segments } = any_loop(file, random)?;
    let to = file.any(random)?;
    let text = format!("{}: its loop {id} moved to where segment {} stood", file.name(segments.start), to + 1);
    let pieces: Vec<_> = file.segments.drain(segments.clone()).collect();
    let to = to.min(file.segments.len());
    file.segments.splice(to..to, pieces);
    Done::at(segments.start, text)
}

fn any_loop(file: &File, random: &mut Random) -> Option<Loop> {
    let (_, mut loops) = file.places();
    (!loops.is_empty()).then(|| loops.swap_remove(random.below(loops.len())))
}
