//! JSON as it is written: strings, and objects and lists of which it shows only at the end whether there is anything
//! in them.

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

/// Whether bytes stand in a JSON string as they are.
#[inline]
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    // Every byte is looked at: stopping at the first odd one would be slower for all the others.
    !bytes.iter().fold(false, |odd, &byte| odd | !(0x20..0x7f).contains(&byte) | (byte == b'"') | (byte == b'\\'))
}

/// Writes a JSON string. Bytes that are not UTF-8 are read as Latin-1.
pub(crate) fn quote(value: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    if is_plain(value) {
        out.extend_from_slice(value);
    } else {
        match std::str::from_utf8(value) {
            Ok(text) => escape(text, out),
            Err(_) => {
                let mut text = Vec::new();
                latin1(value, &mut text);
                escape(&String::from_utf8_lossy(&text), out);
            }
        }
    }
    out.push(b'"');
}

fn escape(text: &str, out: &mut Vec<u8>) {
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            control if (control as u32) < 0x20 => {
                out.extend_from_slice(format!("\\u{:04x}", control as u32).as_bytes())
            }
            other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Latin-1 bytes as UTF-8.
pub(crate) fn latin1(value: &[u8], out: &mut Vec<u8>) {
    for &byte in value {
        out.extend_from_slice(char::from(byte).encode_utf8(&mut [0; 2]).as_bytes());
    }
}
