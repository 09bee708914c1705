//! Objects and lists of JSON as they are written, of which it shows only at the end whether there is anything in them.

/// Makes an object of the members that stand from a place on, each after a comma; false if there are none.
#[inline]
pub(super) fn brace(start: usize, out: &mut Vec<u8>) -> bool {
    let Some(comma) = out.get_mut(start) else { return false };
    *comma = b'{';
    out.push(b'}');
    true
}

/// Writes a string that needs nothing escaped.
#[inline]
pub(super) fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

/// A value or a list of values being written.
pub(super) struct List {
    many: bool,
    start: usize,
    count: usize,
}

impl List {
    pub(super) fn begin(many: bool, out: &mut Vec<u8>) -> Self {
        let start = out.len();
        if many {
            out.push(b'[');
        }
        Self { many, start, count: 0 }
    }

    /// Prepares for one more value; false if there may be no more.
    pub(super) fn next(&mut self, out: &mut Vec<u8>) -> bool {
        if self.count > 0 {
            if !self.many {
                return false;
            }
            out.push(b',');
        }
        self.count += 1;
        true
    }

    pub(super) fn mark(&self, out: &[u8]) -> (usize, usize) {
        (out.len(), self.count)
    }

    /// The value was not written after all.
    pub(super) fn back_to(&mut self, (length, count): (usize, usize), out: &mut Vec<u8>) {
        out.truncate(length);
        self.count = count;
    }

    pub(super) fn end(self, out: &mut Vec<u8>) -> bool {
        if self.count == 0 {
            out.truncate(self.start);
            return false;
        }
        if self.many {
            out.push(b']');
        }
        true
    }
}
