//! Words of X12 for a fuzzer that mutates bytes.

use std::collections::BTreeSet;

use crate::guide::{DataType, Guide, SegmentUse};

/// The segment ids, qualifiers and codes of guides as a dictionary of libFuzzer and AFL: a word a line, in
/// quotes, between the separators that are usual.
///
/// The one for all guides is committed as `fuzz/x12.dict`; `claimwire guides --format dictionary` prints it.
///
/// ```
/// use claimwire::{guide, testing};
///
/// let words = testing::dictionary([guide::by_name("835").unwrap()?]);
/// assert!(words.contains("\"~CLP*\"\n") && words.contains("\"~N1*PE*\"\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn dictionary<'g>(guides: impl IntoIterator<Item = &'g Guide>) -> String {
    let mut words = BTreeSet::new();
    for guide in guides {
        for segment in guide.nodes().filter_map(|node| guide.segment(node)) {
            words.insert(format!("~{}*", segment.id));
            told_apart(segment, &mut words);
            codes(segment, &mut words);
        }
    }
    words.iter().map(|word| quoted(word)).collect()
}

/// How the uses of a segment begin: `~NM1*85*`.
fn told_apart(segment: &SegmentUse, words: &mut BTreeSet<String>) {
    let Some(element) = segment.elements.iter().find(|element| element.discriminator) else { return };
    let elements = "*".repeat(element.position.into());
    let components = ":".repeat(element.component.saturating_sub(1).into());
    let end = if element.component == 0 { '*' } else { ':' };
    words.extend(element.codes.iter().map(|code| format!("~{}{elements}{components}{code}{end}", segment.id)));
}

/// Codes and qualifiers, in an element and in a composite.
fn codes(segment: &SegmentUse, words: &mut BTreeSet<String>) {
    for element in segment.elements.iter().filter(|element| element.data.kind == DataType::Code) {
        let end = if element.component == 0 { '*' } else { ':' };
        words.extend(element.codes.iter().map(|code| format!("{end}{code}{end}")));
    }
}

/// A line of the dictionary.
fn quoted(word: &str) -> String {
    let mut line = String::from("\"");
    for byte in word.bytes() {
        match byte {
            b'"' | b'\\' => line.extend(['\\', char::from(byte)]),
            b' '..=b'~' => line.push(char::from(byte)),
            _ => line.push_str(&format!("\\x{byte:02X}")),
        }
    }
    line + "\"\n"
}

#[cfg(test)]
mod tests {
    use crate::guide;

    /// `claimwire guides --format dictionary -o fuzz/x12.dict` makes it anew.
    #[test]
    fn the_committed_one_is_that_of_the_guides() {
        let guides = guide::NAMES.iter().filter_map(|name| guide::by_name(name)?.ok());
        let committed = include_str!("../../fuzz/x12.dict");
        assert!(committed == super::dictionary(guides), "fuzz/x12.dict is not that of the guides");
    }
}
