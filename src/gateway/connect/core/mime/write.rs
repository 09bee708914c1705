use std::fmt::Write;

use bytes::Bytes;
use uuid::Uuid;

/// Writes a multipart around a payload that is streamed: what stands before it and what after.
#[derive(Debug)]
pub struct Multipart {
    boundary: String,
    head: String,
}

impl Multipart {
    /// An empty multipart. Its boundary is random, so that no payload holds it.
    pub fn new() -> Multipart {
        Multipart { boundary: format!("claimwire-{}", Uuid::new_v4().simple()), head: String::new() }
    }

    /// The boundary.
    pub fn boundary(&self) -> &str {
        &self.boundary
    }

    /// Adds a part with these header lines.
    pub fn part(&mut self, headers: &[(&str, &str)], body: &str) {
        self.begin(headers);
        self.head.push_str(body);
        self.head.push_str("\r\n");
    }

    /// Adds a field of a form.
    pub fn field(&mut self, name: &str, value: &str) {
        self.part(&[("Content-Disposition", &format!("form-data; name=\"{name}\""))], value);
    }

    /// What stands before a last part with these header lines, whose body follows, and what stands after it.
    pub fn around_last(mut self, headers: &[(&str, &str)]) -> (Bytes, Bytes) {
        self.begin(headers);
        let tail = format!("\r\n--{}--\r\n", self.boundary);
        (self.head.into(), tail.into())
    }

    /// The whole, if the last part was added already.
    pub fn finish(mut self) -> Bytes {
        // Writing to a string does not fail.
        let _ = write!(self.head, "--{}--\r\n", self.boundary);
        self.head.into()
    }

    fn begin(&mut self, headers: &[(&str, &str)]) {
        let _ = write!(self.head, "--{}\r\n", self.boundary);
        for (name, value) in headers {
            let _ = write!(self.head, "{name}: {value}\r\n");
        }
        self.head.push_str("\r\n");
    }
}

impl Default for Multipart {
    fn default() -> Self {
        Multipart::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut multipart = Multipart::new();
        multipart.field("PayloadType", "X12");
        let boundary = multipart.boundary().to_owned();
        let (head, tail) = multipart.around_last(&[("Content-Type", "application/octet-stream")]);
        let text = [head.as_ref(), b"ISA*~\r\n", tail.as_ref()].concat();
        let parts = super::super::read(&boundary, &text).unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].0.header("Content-Disposition").unwrap().parameter("name"), Some("PayloadType"));
        assert_eq!(parts[0].1, b"X12");
        assert_eq!(parts[1].1, b"ISA*~\r\n");
        let mut multipart = Multipart::new();
        multipart.field("ErrorCode", "Success");
        let boundary = multipart.boundary().to_owned();
        assert_eq!(super::super::read(&boundary, &multipart.finish()).unwrap()[0].1, b"Success");
    }
}
