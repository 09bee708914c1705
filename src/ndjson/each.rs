//! The objects of an input, one by one.

use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};

use memchr::memchr;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Error, envelope::bad};

/// The longest line that is read, in bytes.
const MAX_LINE: usize = 256 << 20;

/// Hands out the JSON objects of an input: one a line, or, if the first line is not one, one after the
/// other however they are spread. Each comes with its number, from 1.
///
/// # Errors
/// Input that cannot be read, a line that is too long, text that is not JSON, or what `take` fails with.
pub fn each<E: From<Error>>(input: impl Read, mut take: impl FnMut(u64, &[u8]) -> Result<(), E>) -> Result<(), E> {
    let mut input = BufReader::with_capacity(64 << 10, input);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        read_line(&mut input, &mut line).map_err(Error::Io)?;
        if line.is_empty() {
            break;
        }
        if line.len() > MAX_LINE {
            let message = format!("line {number}: longer than {} MiB; there is one object a line", MAX_LINE >> 20);
            return Err(bad(&message).into());
        }
        if number == 1 && serde_json::from_slice::<IgnoredAny>(&line).is_err_and(|error| error.is_eof()) {
            return objects(Cursor::new(line).chain(input), take);
        }
        take(number, &line)?;
    }
    Ok(())
}

/// Reads up to the end of a line, or beyond the limit. (`read_until` looks for it in small steps.)
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<()> {
    while line.len() <= MAX_LINE {
        let buffer = match input.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            buffer => buffer?,
        };
        let end = memchr(b'\n', buffer).map(|at| at + 1);
        let taken = end.unwrap_or(buffer.len());
        line.extend_from_slice(buffer.get(..taken).unwrap_or_default());
        input.consume(taken);
        if end.is_some() || taken == 0 {
            break;
        }
    }
    Ok(())
}

fn objects<E: From<Error>>(input: impl Read, mut take: impl FnMut(u64, &[u8]) -> Result<(), E>) -> Result<(), E> {
    let objects = serde_json::Deserializer::from_reader(input).into_iter::<Box<RawValue>>();
    for (number, object) in (1_u64..).zip(objects) {
        take(number, object.map_err(Error::Json)?.get().as_bytes())?;
    }
    Ok(())
}
