//! Claims and documents: read, written, and read again.

use std::sync::LazyLock;

use arbitrary::Unstructured;
use serde_json::Value;

use super::{choices, judged, shown};
use crate::{
    document,
    guide::{self, Guide},
    ndjson::{self, Writer},
    record::{Date, Time, write::Style},
    testing::interchange,
};

/// The document of a file gives the file back, byte for byte; and it is JSON, which is a value.
pub fn document(data: &[u8]) {
    let mut json = Vec::new();
    let Ok(notices) = document::read(data, &mut json) else { return };
    for notice in &notices {
        assert!(notice.offset <= data.len() as u64, "a notice lies inside the input: {notice}");
    }
    let mut back = Vec::new();
    let written = document::write(&json[..], &mut back, &Style::default());
    assert!(written.is_ok(), "{written:?} of {} by {}", shown(data), shown(&json));
    assert!(back == data, "{} became {} by {}", shown(data), shown(&back), shown(&json));
    let (text, value) = (serde_json::from_slice::<Value>(&json), serde_json::from_slice::<document::Document>(&json));
    let value = value.and_then(serde_json::to_value);
    let said = text.is_ok_and(|text| value.is_ok_and(|value| filled(value) == filled(text)));
    assert!(said, "a document is a value: {}", shown(&json));
}

/// Claims on their own survive the way through a file; a file cut into its interchanges has the same claims.
pub fn claims(data: &[u8]) {
    let Some(mut first) = lines(data) else { return };
    if let Some(parts) = interchanges(data) {
        let lines: Vec<Value> = parts.into_iter().filter_map(lines).flat_map(|lines| lines.values).collect();
        assert_eq!(lines, first.values, "claims of the parts are those of the whole");
    }
    // Where a TA1 stands among groups is not kept: it is told when its interchange ends.
    first.values.sort_by_key(|line| line["kind"] == "interchange_acknowledgment");
    // What holds a delimiter of the new file, or has no place in it, is refused.
    let Ok(file) = write(&first.values) else { return };
    let second = lines(&file);
    assert!(second.is_some() || first.values.is_empty(), "what was written is read: {}", shown(&file));
    let Some(second) = second else { return };
    // A segment without a place may find one in the new file, where it stands among others.
    let is_whole = !first.values.iter().any(|line| line.to_string().contains("\"unplaced\":"));
    assert!(second.refused == 0 || !is_whole, "what was written is refused: {:?}\n{}", second.notices, shown(&file));
    let read = claims_in(&second) + usize::try_from(second.refused).unwrap_or(0);
    let all = claims_in(&first);
    assert!(read == all || !is_whole && read > all, "no claim is lost: {read} of {all}: {}", shown(&file));
    let Ok(again) = write(&second.values) else { panic!("what was written once is written again") };
    // A report that names no claim is not told again beside one that does.
    let is_all = second.values.len() == first.values.len();
    let is_exact = is_all && second.refused == 0;
    // A level without its number gets one, and may then be the same as its neighbour: that settles at once.
    let settles = || lines(&again).and_then(|third| write(&third.values).ok()).is_some_and(|last| last == again);
    assert!(again == file || !is_exact || settles(), "{} became {}", shown(&file), shown(&again));
}

/// How many claims the lines hold. A status report that names none, because it rejects all, is a line too, and
/// several that are alike are one.
fn claims_in(lines: &Lines) -> usize {
    lines.values.iter().filter(|line| line["kind"] != "claim_status" || !line["patient"].is_null()).count()
}

/// JSON that somebody made: lines or a document. What can be written can be read, and is then the same
/// for good.
pub fn claim_json(data: &[u8]) {
    let mut file = Vec::new();
    if document::write(data, &mut file, &Style::default()).is_ok() {
        document(&file);
    }
    let mut writer = Writer::new(Vec::new(), options());
    for line in data.split(|byte| *byte == b'\n') {
        if writer.push(line).is_err() {
            return;
        }
    }
    let Ok(file) = writer.finish() else { return };
    if !file.is_empty() {
        claims(&file);
    }
}

/// What is drawn from a guide passes our checks, comes back from its document, and gives its claims.
pub fn generated(data: &[u8]) {
    let ([choice], entropy) = choices(data);
    let name = guide::NAMES.get(usize::from(choice) % guide::NAMES.len()).copied().unwrap_or("837P");
    let Some(Ok(guide)) = guide::by_name(name) else { return };
    let file = interchange(guide, &mut Unstructured::new(entropy));
    let stated = judged::stated(&file);
    assert!(stated.is_empty(), "{name}: {stated:#?}\n{}", shown(&file));
    document(&file);
    let Some(first) = lines(&file) else { panic!("what is valid is read: {}", shown(&file)) };
    assert_eq!(first.refused, 0, "no claim is refused: {:?}\n{}", first.notices, shown(&file));
    assert_eq!(first.values.len(), units(guide, &file), "every claim is a line: {}", shown(&file));
    claims(&file);
}

/// How many claims, payments and so on a file has, by the segments they begin with.
fn units(guide: &Guide, file: &[u8]) -> usize {
    let ids: &[&[u8]] = match guide.set.as_str() {
        "837" => &[b"CLM"],
        "835" => &[b"CLP", b"PLB"],
        "999" => &[b"AK1"],
        "TA1" => &[b"TA1"],
        _ => return trackings(file),
    };
    count(file, |segment| ids.contains(&segment.id()))
}

/// Claim statuses: TRN under a patient level. A report that has none is a line, too.
fn trackings(file: &[u8]) -> usize {
    let (mut is_patient, mut is_empty) = (false, true);
    count(file, |segment| {
        match segment.id() {
            b"ST" => is_empty = true,
            b"HL" => is_patient = segment.element(3) == b"PT",
            b"TRN" if is_patient => is_empty = false,
            _ => {}
        }
        segment.id() == b"TRN" && is_patient || segment.id() == b"SE" && is_empty
    })
}

fn count(file: &[u8], mut is_meant: impl FnMut(&crate::x12::Segment<'_>) -> bool) -> usize {
    let mut reader = crate::x12::Reader::new(file);
    let mut count = 0;
    while let Ok(Some(token)) = reader.next() {
        if let crate::x12::Token::Segment { segment, .. } = token {
            count += usize::from(is_meant(&segment));
        }
    }
    count
}

struct Lines {
    values: Vec<Value>,
    refused: u64,
    notices: Vec<ndjson::Notice>,
}

/// The lines of a file, without where they come from.
fn lines(file: &[u8]) -> Option<Lines> {
    let mut out = Vec::new();
    let summary = ndjson::read(file, &mut out, None).ok()?;
    let values = out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| {
        let value = serde_json::from_slice::<Value>(line);
        assert!(value.is_ok(), "{value:?}: {}", shown(line));
        let mut value = value.unwrap_or_default();
        let typed = serde_json::from_slice::<ndjson::Line>(line).and_then(serde_json::to_value);
        let said = typed.is_ok_and(|typed| filled(typed) == filled(value.clone()));
        assert!(said, "a line is a value: {}", shown(line));
        value.as_object_mut().and_then(|line| line.remove("source"));
        value
    });
    let values: Vec<Value> = values.collect();
    assert_eq!(values.len() as u64, summary.lines, "as many lines as were said");
    Some(Lines { values, refused: summary.refused, notices: summary.notices })
}

/// A value without members that say nothing: what a guide requires, and stands empty, is absent in a record.
fn filled(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            let all = std::mem::take(members).into_iter();
            *members = all
                .map(|(name, member)| (name, filled(member)))
                .filter(|(_, member)| !member.as_object().is_some_and(serde_json::Map::is_empty))
                .collect();
        }
        Value::Array(items) => *items = std::mem::take(items).into_iter().map(filled).collect(),
        _ => {}
    }
    value
}

fn write(lines: &[Value]) -> Result<Vec<u8>, ndjson::Error> {
    let mut writer = Writer::new(Vec::new(), options());
    for line in lines {
        writer.push(line.to_string().as_bytes())?;
    }
    writer.finish()
}

fn options() -> ndjson::Options {
    static OPTIONS: LazyLock<ndjson::Options> = LazyLock::new(|| ndjson::Options {
        sender: Some("SENDER".into()),
        receiver: Some("RECEIVER".into()),
        created: (Date::constant(2026, 1, 15), Time::new(10, 30).unwrap_or_default()),
        ..ndjson::Options::default()
    });
    OPTIONS.clone()
}

/// The interchanges of a file, if it is made of such and nothing stands between them.
fn interchanges(data: &[u8]) -> Option<Vec<&[u8]>> {
    let mut reader = crate::x12::Reader::new(data);
    let mut starts = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(crate::x12::Token::Segment { segment, offset, .. })) if segment.id() == b"ISA" => {
                starts.push(usize::try_from(offset).ok()?);
            }
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(_) => return None,
        }
    }
    starts.first().filter(|start| **start == 0)?;
    starts.push(data.len());
    let parts = starts.windows(2).map(|pair| data.get(*pair.first()?..*pair.last()?));
    // What is called ISA inside an interchange need not be a header.
    parts.map(|part| part.filter(|part| begins(part))).collect()
}

/// Whether a part begins with a header.
fn begins(part: &[u8]) -> bool {
    matches!(
        crate::x12::Reader::new(part).next(),
        Ok(Some(crate::x12::Token::Segment { segment, offset: 0, .. })) if segment.id() == b"ISA"
    )
}
