//! What narrows: the laws by which a line of a companion guide is held against what stood before.

use crate::guide::{DataType, ElementUse, Repeat, Usage, by_id, notation::Attributes};

/// What a line wants of its place.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) usage: Option<Usage>,
    pub(super) repeat: Option<Repeat>,
    /// Of elements only.
    pub(super) attributes: Attributes,
}

impl Wanted {
    pub(super) fn is_nothing(&self) -> bool {
        self.usage.is_none() && self.repeat.is_none() && self.attributes.is_bare()
    }
}

/// The usage that comes of what stands and what is wanted. `author` is who said what stands.
pub(super) fn usage(now: Usage, wanted: Option<Usage>, author: &str) -> Result<Usage, String> {
    match (now, wanted.unwrap_or(now)) {
        (now, wanted) if now == wanted => Ok(now),
        (Usage::Situational, wanted) => Ok(wanted),
        (Usage::Required, _) => Err(format!("required by {author}, and a companion guide only narrows")),
        (Usage::NotUsed, _) => Err(format!("not used by {author}, and a companion guide only narrows")),
    }
}

/// The same for the repeat.
pub(super) fn repeat(now: Repeat, wanted: Option<Repeat>, author: &str) -> Result<Repeat, String> {
    match (now, wanted.unwrap_or(now)) {
        (_, Repeat::UpTo(0)) => Err("a repeat of 0: write N for what is not used".into()),
        (_, Repeat::UpTo(most)) if now.allows(most.into()) => Ok(Repeat::UpTo(most)),
        (Repeat::Unlimited, Repeat::Unlimited) => Ok(now),
        (now, wanted) => Err(format!("a repeat of {wanted} is more than {now}, which {author} allows")),
    }
}

/// The same for an element. `published` is the published guide's.
pub(super) fn element(
    now: &ElementUse,
    wanted: &Wanted,
    published: &ElementUse,
    author: &str,
) -> Result<ElementUse, String> {
    let attributes = &wanted.attributes;
    let mut one = now.clone();
    one.usage = usage(now.usage, wanted.usage, author)?;
    one.repeat = repeat(now.repeat, wanted.repeat, author)?;
    if one.usage == Usage::NotUsed && !attributes.is_bare() {
        return Err("what is not used holds nothing".into());
    }
    if now.data.kind == DataType::Composite && !attributes.is_bare() {
        return Err(format!("{} is a composite: its components hold the values", now.data.number));
    }
    if let Some(most) = attributes.max {
        one.max = Some(max(now, most, author)?);
    }
    if let Some(most) = attributes.decimals {
        one.decimals = Some(decimals(now, most, author)?);
    }
    if !attributes.codes.is_empty() {
        codes(&one, &attributes.codes, author)?;
        one.codes.clone_from(&attributes.codes);
        // From here on an identifier is meant literally, though the text be the same.
        one.narrowed |= attributes.codes.iter().any(|code| by_id(code).is_some());
    }
    // A list or pattern of the published guide is judged beside the companion's, so the companion's
    // may be any; one that another companion has set would be forgotten.
    if !attributes.lists.is_empty() {
        let among = attributes.lists.iter().all(|list| now.lists.contains(list));
        if now.lists != published.lists && !among {
            return Err(format!("{author} has set the list: {}", now.lists.join(" ")));
        }
        one.lists.clone_from(&attributes.lists);
    }
    if let Some(pattern) = &attributes.pattern {
        if now.pattern != published.pattern && now.pattern.as_ref() != Some(pattern) {
            return Err(format!("{author} has set a pattern"));
        }
        one.pattern = Some(pattern.clone());
    }
    Ok(one)
}

fn max(now: &ElementUse, most: u16, author: &str) -> Result<u16, String> {
    let known = now.max.unwrap_or(now.data.max).min(now.data.max);
    if most > known {
        return Err(format!("max {most} is more than {known}, which {author} allows"));
    }
    if most < now.data.min {
        return Err(format!("max {most} is less than the {} that the standard asks for", now.data.min));
    }
    Ok(most)
}

fn decimals(now: &ElementUse, most: u8, author: &str) -> Result<u8, String> {
    if now.data.kind != DataType::Decimal {
        return Err(format!("decimals of a {}", now.data.kind));
    }
    match now.decimals {
        Some(known) if known < most => Err(format!("decimals {most} is more than {known}, which {author} allows")),
        _ => Ok(most),
    }
}

fn codes(now: &ElementUse, wanted: &[String], author: &str) -> Result<(), String> {
    // The ISA pads its texts.
    let padded = now.data.number.starts_with('I') && now.data.kind == DataType::String;
    let least = if padded { 1 } else { usize::from(now.data.min) };
    let most = usize::from(now.max.unwrap_or(now.data.max));
    for (index, code) in wanted.iter().enumerate() {
        if wanted.iter().take(index).any(|other| other == code) {
            return Err(format!("code `{code}` stands twice"));
        }
        if !now.codes.is_empty() && !now.codes.contains(code) && !is_as_good(now, code) {
            return Err(format!("code `{code}` is not among those that {author} allows: {}", now.codes.join(" ")));
        }
        if !(least..=most).contains(&code.chars().count()) {
            return Err(format!("code `{code}` is no {} {least}/{most}", now.data.kind));
        }
    }
    Ok(())
}

/// Whether a code is another identifier of a guide that the published guide names: the partner may
/// want that one.
fn is_as_good(now: &ElementUse, code: &str) -> bool {
    let Some(Ok(guide)) = by_id(code) else { return false };
    !now.narrowed && now.codes.iter().any(|known| guide.accepts(known))
}
