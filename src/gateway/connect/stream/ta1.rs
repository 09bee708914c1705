//! What the stream needs of envelopes: what an ISA says, TA1s that come, and a TA1 for what is not even stored.

use jiff::{Timestamp, tz::TimeZone};

use crate::x12::{Delimiters, Reader, Token, Writer};

/// Most TA1s that are read of an answer.
const MOST: usize = 1000;

/// What tells an interchange from others of its sender: ISA13, ISA09 and ISA10.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) number: String,
    pub(super) date: String,
    pub(super) time: String,
}

/// A TA1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ta1 {
    pub(super) key: Key,
    /// TA104: `A`, `E` or `R`.
    pub(super) status: String,
    /// TA105.
    pub(super) note: String,
}

impl Ta1 {
    pub(super) fn rejects(&self) -> bool {
        self.status == "R"
    }
}

/// Elements of an ISA.
pub(super) struct Isa<'h> {
    elements: Vec<&'h [u8]>,
}

impl<'h> Isa<'h> {
    pub(super) fn of(header: &'h [u8], delimiters: Delimiters) -> Self {
        Self { elements: header.split(|byte| *byte == delimiters.element).collect() }
    }

    /// An element as text without blanks at its ends, and only what is printable.
    fn element(&self, n: usize) -> String {
        plain(self.elements.get(n).copied().unwrap_or_default(), 15)
    }

    pub(super) fn key(&self) -> Key {
        Key { number: self.element(13), date: self.element(9), time: self.element(10) }
    }
}

/// Outside text made fit for logs and envelopes: printable ASCII, bounded.
fn plain(bytes: &[u8], most: usize) -> String {
    let clean = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '?' };
    bytes.trim_ascii().iter().take(most).map(clean).collect()
}

/// The TA1s of an interchange; none if it holds none, or cannot be read.
pub(super) fn read(interchange: &[u8]) -> Vec<Ta1> {
    let (mut reader, mut found) = (Reader::new(interchange), Vec::new());
    while let Ok(Some(token)) = reader.next() {
        if let Token::Segment { segment, .. } = token
            && segment.id() == b"TA1"
            && found.len() < MOST
        {
            let element = |n| plain(segment.element(n), 9);
            let key = Key { number: element(1), date: element(2), time: element(3) };
            found.push(Ta1 { key, status: element(4), note: element(5) });
        }
    }
    found
}

/// An interchange that rejects the one with this header. It is for what the gateway did not take and so has no answer
/// for; as there is no number of its own for it, it has the number of what it answers.
pub(super) fn refusal(isa: &Isa<'_>, note: &str) -> Vec<u8> {
    let now = Timestamp::now().to_zoned(TimeZone::UTC);
    let digits = |text: String, length: usize| {
        (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
    };
    let number = digits(isa.element(13), 9).unwrap_or_else(|| "000000000".into());
    let (today, time) = (now.strftime("%y%m%d").to_string(), now.strftime("%H%M").to_string());
    let qualifier = |n| Some(isa.element(n)).filter(|code| code.len() == 2).unwrap_or_else(|| "ZZ".into());
    // what it repeats must not hold what separates here
    let party = |n| {
        let id = isa.element(n).replace(['*', '^', ':', '~'], "?");
        format!("{:<15}", if id.is_empty() { "UNKNOWN" } else { &id })
    };
    let usage = if isa.element(15) == "P" { "P" } else { "T" };
    let blanks = " ".repeat(10);
    let own = if number == "000000000" { "000000001" } else { &number };
    let header = [
        "ISA",
        "00",
        &blanks,
        "00",
        &blanks,
        &qualifier(7),
        &party(8),
        &qualifier(5),
        &party(6),
        &today,
        &time,
        "^",
        "00501",
        own,
        "0",
        usage,
        ":",
    ];
    let mut writer = Writer::new(Vec::new(), Delimiters::default()).line_break("\n");
    let date = digits(isa.element(9), 6).unwrap_or(today.clone());
    let received = digits(isa.element(10), 4).unwrap_or(time.clone());
    // writing to memory does not fail, and nothing here holds a delimiter but the ISA, which is raw
    let written = writer
        .raw_segment(header.join("*").as_bytes())
        .and_then(|()| writer.segment(["TA1", &number, &date, &received, "R", note]))
        .and_then(|()| writer.segment(["IEA", "0", own]));
    written.map(|()| writer.into_inner()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{acknowledge, check};

    const HEADER: &str =
        "ISA|00|          |00|          |ZZ|SENDER         |30|RE*EIVER       |260115|1023|^|00501|000000905|0|P|:";

    fn delimiters() -> Delimiters {
        Delimiters { element: b'|', ..Delimiters::default() }
    }

    #[test]
    fn a_refusal_is_a_sound_interchange_and_reads_as_what_it_says() {
        let isa = Isa::of(HEADER.as_bytes(), delimiters());
        let bytes = refusal(&isa, "024");
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.starts_with("ISA*00*          *00*          *30*RE?EIVER       *ZZ*SENDER         *"), "{text}");
        assert!(text.ends_with("~\nTA1*000000905*260115*1023*R*024~\nIEA*0*000000905~\n"), "{text}");
        let [ta1] = read(&bytes).try_into().unwrap();
        assert!(ta1.rejects());
        assert_eq!((ta1.key, ta1.note.as_str()), (isa.key(), "024"));
        // our own check has nothing against it: answered, it would be accepted
        let mut answers = acknowledge::Answers::new(
            Vec::new(),
            acknowledge::Options {
                kinds: acknowledge::Kinds { interchange: acknowledge::Owed::Always, functional: false, claims: false },
                ..acknowledge::Options::default()
            },
        );
        check::check(bytes.as_slice(), &check::Options::default(), &mut answers).unwrap();
        let answer = read(&answers.finish().unwrap().0);
        assert!(answer.is_empty() || !answer[0].rejects(), "{answer:?}");
    }

    #[test]
    fn what_an_isa_says_is_repeated_only_where_it_can_be() {
        let isa = Isa::of(b"ISA|x|\x1b|~~|\xff||||||26011|x", delimiters());
        let text = String::from_utf8(refusal(&isa, "022")).unwrap();
        assert!(text.contains("*ZZ*UNKNOWN        *ZZ*UNKNOWN        *"), "{text}");
        assert!(text.contains("\nTA1*000000000*") && text.ends_with("IEA*0*000000001~\n"), "{text}");
        assert!(read(b"hello").is_empty() && read(b"").is_empty());
    }
}
