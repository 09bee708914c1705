//! The items of a loop, sorted so that those of a field are found at once.

/// The items of one loop: slot and entry, in the order of the file, then by slot.
#[derive(Debug, Default)]
pub(super) struct Items {
    pub(super) list: Vec<(u16, u32)>,
    /// Where the items of a slot begin in the sorted list, plus one; 0 if there are none.
    first: Vec<u32>,
    /// For each field, its value, if it is one element and was found.
    pub(super) values: Vec<Found>,
}

/// A value that is one element: its entry, and where it stands in the tape's text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    pub(super) entry: u32,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Items {
    /// Sorts by slot, the order within a slot kept.
    pub(super) fn sort(&mut self, slots: usize) {
        if !self.list.is_sorted_by_key(|(slot, _)| *slot) {
            self.list.sort_by_key(|(slot, _)| *slot);
        }
        if self.first.len() < slots {
            self.first.resize(slots, 0);
        }
        for (at, (slot, _)) in self.list.iter().enumerate().rev() {
            if let Some(first) = self.first.get_mut(usize::from(*slot)) {
                *first = at as u32 + 1;
            }
        }
    }

    /// Forgets the items; what is kept is memory.
    pub(super) fn clear(&mut self) {
        for (slot, _) in self.list.drain(..) {
            if let Some(first) = self.first.get_mut(usize::from(slot)) {
                *first = 0;
            }
        }
    }

    #[inline]
    pub(super) fn of(&self, slot: u16) -> &[(u16, u32)] {
        let first = self.first.get(usize::from(slot)).copied().unwrap_or(0);
        let Some(first) = first.checked_sub(1) else { return &[] };
        let rest = self.list.get(first as usize..).unwrap_or_default();
        let count = rest.iter().take_while(|(other, _)| *other == slot).count();
        rest.get(..count).unwrap_or_default()
    }

    /// The first item of a slot.
    #[inline]
    pub(super) fn first_of(&self, slot: u16) -> Option<u32> {
        let first = self.first.get(usize::from(slot))?.checked_sub(1)?;
        self.list.get(first as usize).map(|(_, entry)| *entry)
    }
}
