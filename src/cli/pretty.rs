//! JSON spread over lines, as it streams through.

use std::io::{self, Write};

/// Re-formats the JSON written through it: two blanks a level, one member or item a line, a blank after
/// each colon. Holds no more than a line. What is written must be JSON.
pub struct Pretty<W> {
    out: W,
    depth: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Between values.
    Outside,
    /// After a bracket that opened, where the next byte tells whether there is anything inside.
    Opened,
    InString,
    /// After a backslash in a string.
    Escaped,
}

impl<W: Write> Pretty<W> {
    /// Formats what is written to `out`.
    pub fn new(out: W) -> Self {
        Self { out, depth: 0, state: State::Outside }
    }

    fn line(&mut self, line: &mut Vec<u8>) {
        line.push(b'\n');
        line.resize(line.len() + 2 * self.depth, b' ');
    }

    fn byte(&mut self, byte: u8, line: &mut Vec<u8>) {
        match (self.state, byte) {
            (State::Escaped, _) => self.state = State::InString,
            (State::InString, b'\\') => self.state = State::Escaped,
            (State::InString, b'"') => self.state = State::Outside,
            (State::InString, _) => {}
            // A line of NDJSON ends where its object does.
            (_, b'\n') if self.depth == 0 => {}
            (_, b' ' | b'\t' | b'\r' | b'\n') => return,
            (state, b'}' | b']') => {
                self.depth = self.depth.saturating_sub(1);
                if state != State::Opened {
                    self.line(line);
                }
                self.state = State::Outside;
            }
            (state, _) => {
                if state == State::Opened {
                    self.line(line);
                }
                self.state = State::Outside;
                match byte {
                    b'"' => self.state = State::InString,
                    b'{' | b'[' => {
                        self.depth = self.depth.saturating_add(1);
                        self.state = State::Opened;
                    }
                    b',' => {
                        line.push(byte);
                        return self.line(line);
                    }
                    b':' => {
                        line.push(byte);
                        return line.push(b' ');
                    }
                    _ => {}
                }
            }
        }
        line.push(byte);
    }
}

impl<W: Write> Write for Pretty<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Pieces, so that what is held does not depend on how much is written at once.
        let piece = bytes.get(..4096).unwrap_or(bytes);
        let mut line = Vec::with_capacity(2 * piece.len());
        for &byte in piece {
            self.byte(byte, &mut line);
        }
        self.out.write_all(&line)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn pretty(text: &[u8], piece: usize) -> String {
        let mut out = Vec::new();
        let mut pretty = Pretty::new(&mut out);
        for piece in text.chunks(piece.max(1)) {
            pretty.write_all(piece).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<Option<bool>>().prop_map(|flag| json!(flag)),
            any::<i32>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(".{0,6}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_what_serde_json_makes_however_it_comes(value in values(), piece in 1usize..50) {
            let compact = value.to_string();
            prop_assert_eq!(pretty(compact.as_bytes(), piece), serde_json::to_string_pretty(&value).unwrap());
        }
    }

    #[test]
    fn lines_stay_apart() {
        assert_eq!(pretty(b"{\"a\":1}\n{\"b\":[]}\n", 3), "{\n  \"a\": 1\n}\n{\n  \"b\": []\n}\n");
    }
}
