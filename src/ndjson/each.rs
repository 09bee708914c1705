//! The objects of an input, one by one.

use std::io::{BufRead, BufReader, Cursor, Read};

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Error, envelope::bad};

/// The longest line that is read, in bytes.
const MAX_LINE: u64 = 256 << 20;

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
        let length = (&mut input).take(MAX_LINE).read_until(b'\n', &mut line).map_err(Error::Io)?;
        if length == 0 {
            break;
        }
        if length as u64 == MAX_LINE {
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

fn objects<E: From<Error>>(input: impl Read, mut take: impl FnMut(u64, &[u8]) -> Result<(), E>) -> Result<(), E> {
    let objects = serde_json::Deserializer::from_reader(input).into_iter::<Box<RawValue>>();
    for (number, object) in (1_u64..).zip(objects) {
        take(number, object.map_err(Error::Json)?.get().as_bytes())?;
    }
    Ok(())
}
