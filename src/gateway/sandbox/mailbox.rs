//! Files that wait to be picked up.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::gateway::connect::{Content, Parcel, Wanted};

/// What waits for one partner, oldest first. Nothing is thrown away, so that it can be picked up again.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    waiting: Vec<Waiting>,
}

/// A file that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) parcel: Parcel,
    /// Not to be had before.
    pub(super) due: Timestamp,
    /// PayloadID of the file that it answers.
    pub(super) answers: Option<String>,
    /// When it was last picked up, and what the caller named then.
    pub(super) fetched: Option<(Timestamp, Option<String>)>,
    pub(super) confirmed: bool,
}

impl Mailbox {
    pub(super) fn put(&mut self, waiting: Waiting) {
        self.waiting.push(waiting);
    }

    /// The file asked for by its id or by that of the submission it answers; else the oldest of the preferred
    /// kind that nobody has had yet, or that was picked up `again` ago and never confirmed.
    pub(super) fn next(&self, wanted: &Wanted, now: Timestamp, again: Option<Duration>) -> Option<Parcel> {
        let due = || self.waiting.iter().filter(|one| one.due <= now);
        if let Some(id) = wanted.payload_id.as_deref() {
            if let Some(one) = due().find(|one| is_id(&one.parcel, id)) {
                return Some(one.parcel.clone());
            }
            if self.waiting.iter().any(|one| one.answers.as_deref() == Some(id)) {
                let of_submission = || due().filter(|one| one.answers.as_deref() == Some(id));
                let fresh = preferred(of_submission().filter(|one| one.fetched.is_none()), &wanted.kinds);
                let open = || preferred(of_submission().filter(|one| !one.confirmed), &wanted.kinds);
                return fresh.or_else(open).map(|one| one.parcel.clone());
            }
        }
        let is_open = |one: &&Waiting| match &one.fetched {
            None => true,
            Some((at, _)) => {
                !one.confirmed && again.is_some_and(|again| now.duration_since(*at).unsigned_abs() >= again)
            }
        };
        preferred(due().filter(|one| one.fetched.is_none()), &wanted.kinds)
            .or_else(|| preferred(due().filter(is_open), &wanted.kinds))
            .map(|one| one.parcel.clone())
    }

    pub(super) fn fetched(&mut self, id: Uuid, asked: Option<&str>, now: Timestamp) {
        if let Some(one) = self.waiting.iter_mut().find(|one| one.parcel.id == id) {
            one.fetched = Some((now, asked.map(str::to_owned)));
        }
    }

    /// Marks the file of this id, or else those fetched under it. False if there are none.
    pub(super) fn confirmed(&mut self, payload_id: &str) -> bool {
        let by_id = self.waiting.iter().any(|one| is_id(&one.parcel, payload_id));
        let mut found = false;
        for one in &mut self.waiting {
            let asked = one.fetched.as_ref().and_then(|(_, asked)| asked.as_deref());
            if if by_id { is_id(&one.parcel, payload_id) } else { asked == Some(payload_id) } {
                one.confirmed = true;
                found = true;
            }
        }
        found
    }
}

fn is_id(parcel: &Parcel, id: &str) -> bool {
    Uuid::parse_str(id).is_ok_and(|id| parcel.id == id)
}

/// The oldest of the first kind that there is. No kinds: of any.
fn preferred<'w>(waiting: impl Iterator<Item = &'w Waiting>, kinds: &[Content]) -> Option<&'w Waiting> {
    let rank = |one: &Waiting| kinds.iter().position(|kind| *kind == one.parcel.content);
    waiting.filter(|one| kinds.is_empty() || rank(one).is_some()).min_by_key(|one| rank(one))
}
