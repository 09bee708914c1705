use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{escaped_transform, is_not, tag, take_till, take_while},
    character::complete::{anychar, char},
    combinator::{map, opt, value},
    multi::many0,
    sequence::{delimited, preceded, separated_pair},
};

/// A header's value and its parameters: `form-data; name="Payload"`.
///
/// Taken as clients write it: parameters in double quotes, single quotes or none, blanks anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// What stands before the first semicolon.
    pub value: String,
    /// Names, in lower case, and values.
    parameters: Vec<(String, String)>,
}

/// How many parameters are read.
const MAX_PARAMETERS: usize = 32;

impl Header {
    /// Reads a header. What cannot be read as a parameter is passed over.
    pub fn read(text: &str) -> Header {
        let (rest, value) = text.split_once(';').map_or(("", text), |(value, rest)| (rest, value));
        let parameters = match many0(parameter).parse(rest) {
            Ok((_, found)) => found.into_iter().flatten().take(MAX_PARAMETERS).collect(),
            Err(_) => Vec::new(),
        };
        Header { value: value.trim().to_owned(), parameters }
    }

    /// Whether the value is this, without regard to case.
    pub fn is(&self, value: &str) -> bool {
        self.value.eq_ignore_ascii_case(value)
    }

    /// A parameter, by its name in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// One parameter and the semicolon after it; none if it is empty or has no `=`.
fn parameter(input: &str) -> IResult<&str, Option<(String, String)>> {
    // many0 ends where nothing is taken: at the end of the header.
    let known = map(separated_pair(name, blank_around('='), alt((quoted, single_quoted, bare))), |(name, value)| {
        Some((name.trim().to_ascii_lowercase(), value))
    });
    let unknown = value(None, alt((is_not(";"), tag(";"))));
    let (rest, found) = alt((known, unknown)).parse(input)?;
    let (rest, _) = (take_till(|c| c == ';'), opt(char(';'))).parse(rest)?;
    Ok((rest, found))
}

fn blank_around<'a>(c: char) -> impl Parser<&'a str, Output = char, Error = nom::error::Error<&'a str>> {
    delimited(blanks, char(c), blanks)
}

fn blanks(input: &str) -> IResult<&str, &str> {
    take_while(|c: char| c.is_ascii_whitespace()).parse(input)
}

fn name(input: &str) -> IResult<&str, &str> {
    preceded(blanks, is_not(" \t\r\n;=\"")).parse(input)
}

fn quoted(input: &str) -> IResult<&str, String> {
    let inside = opt(escaped_transform(is_not("\\\""), '\\', anychar));
    map(delimited(char('"'), inside, char('"')), Option::unwrap_or_default).parse(input)
}

fn single_quoted(input: &str) -> IResult<&str, String> {
    map(delimited(char('\''), take_till(|c| c == '\'' || c == ';'), char('\'')), str::to_owned).parse(input)
}

fn bare(input: &str) -> IResult<&str, String> {
    map(take_till(|c| c == ';'), |value: &str| value.trim().to_owned()).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_read_as_clients_write_them() {
        let header = Header::read(
            "Multipart/Related; boundary=\"a;b\" ;type = application/xop+xml;start=\"<root@x>\";; junk; \
             action='Submit'; start-info=\"application/soap+xml; action=\\\"Submit\\\"\"; BOUNDARY2=uuid:1+id=2",
        );
        assert!(header.is("multipart/related"));
        assert_eq!(header.parameter("boundary"), Some("a;b"));
        assert_eq!(header.parameter("type"), Some("application/xop+xml"));
        assert_eq!(header.parameter("start"), Some("<root@x>"));
        assert_eq!(header.parameter("action"), Some("Submit"));
        assert_eq!(header.parameter("boundary2"), Some("uuid:1+id=2"));
        let info = Header::read(header.parameter("start-info").unwrap());
        assert_eq!(info.parameter("action"), Some("Submit"));
        assert_eq!(Header::read("text/xml").parameter("charset"), None);
        assert_eq!(Header::read("form-data; name=\"\"").parameter("name"), Some(""));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[ -~;='\"\\\\]{0,80}") {
            let _ = Header::read(&text);
        }

        #[test]
        fn what_is_quoted_comes_back(value in "[ -~]{0,40}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let header = Header::read(&format!("form-data; name=\"{quoted}\"; next=1"));
            prop_assert_eq!(header.parameter("name"), Some(value.as_str()));
            prop_assert_eq!(header.parameter("next"), Some("1"));
        }
    }
}
