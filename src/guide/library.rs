//! The guides that come with the program. Each is read when it is first asked for.

use std::sync::OnceLock;

use super::{Guide, GuideError, dictionary, language};

macro_rules! guides {
    ($($name:literal, $text:literal;)*) => {
        /// Names of the guides that come with the program.
        pub const NAMES: &[&str] = &[$($name),*];
        const TEXTS: &[&str] = &[$(include_str!(concat!("../../specs/", $text))),*];
        static READ: [OnceLock<Result<Guide, GuideError>>; NAMES.len()] = [const { OnceLock::new() }; NAMES.len()];
    };
}

guides! {
    "837P", "837p.guide";
    "837I", "837i.guide";
    "837D", "837d.guide";
    "835", "835.guide";
    "999", "999.guide";
    "277CA", "277ca.guide";
    "TA1", "ta1.guide";
}

/// A guide by its name (`837P`, in any case).
///
/// # Errors
/// A guide that does not read; the ones that come with the program do, by test.
pub fn by_name(name: &str) -> Option<Result<&'static Guide, &'static GuideError>> {
    NAMES.iter().position(|known| known.eq_ignore_ascii_case(name)).map(read)
}

/// A guide by its identifier (GS08 or ST03: `005010X222A1`).
///
/// # Errors
/// As for [`by_name`].
pub fn by_id(id: &str) -> Option<Result<&'static Guide, &'static GuideError>> {
    (0..NAMES.len()).find(|&index| head_names(TEXTS[index]).any(|known| known == id)).map(read)
}

/// The guide of a transaction set: by ST03 where it stands, else by GS08, and only if ST01 fits.
pub fn for_set(set: &str, convention: &str, version: &str) -> Option<Result<&'static Guide, &'static GuideError>> {
    let id = if convention.is_empty() { version } else { convention };
    by_id(id).filter(|guide| guide.as_ref().map_or(true, |guide| guide.set == set))
}

/// The identifiers in a guide's first lines, without reading the rest.
fn head_names(text: &str) -> impl Iterator<Item = &str> {
    let head = text.lines().take_while(|line| line.starts_with("guide ") || line.starts_with("also "));
    head.flat_map(|line| match line.strip_prefix("guide ") {
        Some(guide) => guide.split("  ").nth(1).unwrap_or_default().split(' '),
        None => line.split("  ").next().unwrap_or_default().trim_start_matches("also ").split(' '),
    })
}

fn read(index: usize) -> Result<&'static Guide, &'static GuideError> {
    READ[index].get_or_init(|| language::parse(TEXTS[index], dictionary().map_err(Clone::clone)?)).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_names_the_guide_that_accepts_it_and_nothing_else_does() {
        for name in NAMES {
            let guide = by_name(name).expect("listed").expect("reads");
            for id in std::iter::once(&guide.id).chain(&guide.also) {
                assert!(by_id(id).is_some_and(|found| found.is_ok_and(|found| std::ptr::eq(found, guide))), "{id}");
            }
            for other in [name, guide.set.as_str(), guide.group.as_str(), "Health", "guide", "also", ""] {
                assert!(other == guide.id || by_id(other).is_none(), "{other}");
            }
        }
    }
}
