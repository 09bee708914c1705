//! How fast: `cargo bench`. Each figure is bytes of X12 a second on one core, beside a yardstick (the crate
//! x12-stream-parser, which cuts segments and elements and checks nothing) over the same file.

use std::sync::OnceLock;

use claimwire::{
    document,
    generate::{self, Kind, Options},
    guide, ndjson,
    place::{Keep, Walk},
    record::write::Style,
    x12::{Reader, Token},
};
use divan::{Bencher, counter::BytesCount};

fn main() {
    divan::main();
}

/// A generated file of about so many claims.
fn file(kind: Kind) -> &'static [u8] {
    static FILES: [OnceLock<Vec<u8>>; 4] = [const { OnceLock::new() }; 4];
    let at = Kind::ALL.iter().position(|known| *known == kind).expect("listed");
    FILES[at].get_or_init(|| {
        let mut bytes = Vec::new();
        generate::write(&Options::new(kind, 10_000, 7), &mut bytes).expect("generated");
        bytes
    })
}

fn guide_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Professional => "837P",
        Kind::Institutional => "837I",
        Kind::Dental => "837D",
        Kind::Remittance => "835",
    }
}

const KINDS: [Kind; 2] = [Kind::Professional, Kind::Remittance];

#[divan::bench(args = KINDS)]
fn a0_yardstick_x12_stream_parser(bencher: Bencher<'_, '_>, kind: Kind) {
    use x12_stream_parser::{Delimiters, Parser};
    let bytes = file(kind);
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let parser = Parser::new(bytes, Delimiters::new(b'~', b'*', b':'));
        parser.flatten().map(|segment| segment.elements().map(<[u8]>::len).sum::<usize>()).sum::<usize>()
    });
}

#[divan::bench(args = KINDS)]
fn a1_segments_and_elements(bencher: Bencher<'_, '_>, kind: Kind) {
    let bytes = file(kind);
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let mut reader = Reader::new(bytes);
        let mut sum = 0;
        while let Ok(Some(token)) = reader.next() {
            if let Token::Segment { segment, .. } = token {
                sum += segment.elements().map(<[u8]>::len).sum::<usize>();
            }
        }
        sum
    });
}

#[divan::bench(args = KINDS)]
fn b_placed_in_the_guide(bencher: Bencher<'_, '_>, kind: Kind) {
    let bytes = file(kind);
    let guide = guide::by_name(guide_name(kind)).expect("listed").expect("reads");
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let mut reader = Reader::new(bytes);
        let mut walk: Option<Walk<'_>> = None;
        let mut closed = 0;
        while let Ok(Some(token)) = reader.next() {
            let Token::Segment { segment, offset, .. } = token else { continue };
            if segment.id() == b"ST" {
                let keep = Keep::AllBut(&["2000A", "2000B", "2000C", "2300", "2000", "2100"]);
                walk = Some(Walk::new(guide, segment.delimiters(), keep));
            }
            if let Some(walk) = &mut walk {
                walk.push(&segment, offset, &mut |_, _, _| closed += 1);
            }
        }
        closed
    });
}

#[divan::bench(args = KINDS)]
fn c_to_ndjson(bencher: Bencher<'_, '_>, kind: Kind) {
    let bytes = file(kind);
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench(|| ndjson::read(bytes, std::io::sink(), None).map(|summary| summary.lines));
}

#[divan::bench(args = KINDS)]
fn d_from_ndjson(bencher: Bencher<'_, '_>, kind: Kind) {
    let bytes = file(kind);
    let mut lines = Vec::new();
    ndjson::read(bytes, &mut lines, None).expect("X12");
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let mut writer = ndjson::Writer::new(std::io::sink(), ndjson::Options::default());
        for line in lines.split(|byte| *byte == b'\n') {
            writer.push(line).expect("a line");
        }
        writer.finish().is_ok()
    });
}

#[divan::bench(args = KINDS)]
fn e_document_there_and_back(bencher: Bencher<'_, '_>, kind: Kind) {
    let bytes = file(kind);
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let mut json = Vec::new();
        document::read(bytes, &mut json).expect("X12");
        let mut back = Vec::with_capacity(bytes.len());
        document::write(&json[..], &mut back, &Style::default()).expect("a document");
        back.len()
    });
}
