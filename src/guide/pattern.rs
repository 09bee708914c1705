//! The patterns a value must have: the part of regular expressions that every engine reads alike.
//!
//! Letters and digits, `.`, classes (`[A-HJ-N]`, `[^0-9]`), `\d`, `\w`, `\s` and escaped signs, groups,
//! `|`, and counts (`?`, `*`, `+`, `{5}`, `{2,8}`, `{2,}`). A pattern is for the whole value, so there
//! are no anchors.

use std::{iter::Peekable, str::Chars};

/// Groups inside groups; more is a mistake, and would cost stack.
const DEEPEST: usize = 8;
/// The greatest count.
const MOST: u16 = 999;

/// Whether a text is such a pattern.
pub(super) fn is_well_formed(text: &str) -> bool {
    let mut rest = text.chars().peekable();
    !text.is_empty() && alternatives(&mut rest, 0).is_some() && rest.next().is_none()
}

type Rest<'t> = Peekable<Chars<'t>>;

fn alternatives(rest: &mut Rest<'_>, depth: usize) -> Option<()> {
    if depth > DEEPEST {
        return None;
    }
    loop {
        while rest.peek().is_some_and(|next| !"|)".contains(*next)) {
            atom(rest, depth)?;
            count(rest)?;
        }
        if rest.next_if_eq(&'|').is_none() {
            return Some(());
        }
    }
}

fn atom(rest: &mut Rest<'_>, depth: usize) -> Option<()> {
    match rest.next()? {
        '(' => {
            alternatives(rest, depth + 1)?;
            rest.next_if_eq(&')').map(|_| ())
        }
        '[' => class(rest),
        '\\' => escaped(rest).map(|_| ()),
        sign if "?*+{}]^$".contains(sign) || sign.is_control() => None,
        _ => Some(()),
    }
}

fn class(rest: &mut Rest<'_>) -> Option<()> {
    rest.next_if_eq(&'^');
    loop {
        let first = member(rest)?;
        if rest.next_if_eq(&'-').is_some() && member(rest)? < first {
            return None;
        }
        if rest.next_if_eq(&']').is_some() {
            return Some(());
        }
    }
}

fn member(rest: &mut Rest<'_>) -> Option<char> {
    match rest.next()? {
        '\\' => escaped(rest),
        sign if "[]^-&~".contains(sign) || sign.is_control() => None,
        sign => Some(sign),
    }
}

fn escaped(rest: &mut Rest<'_>) -> Option<char> {
    rest.next_if(|next| "dws".contains(*next) || next.is_ascii_punctuation())
}

fn count(rest: &mut Rest<'_>) -> Option<()> {
    if rest.next_if(|next| "?*+".contains(*next)).is_some() {
        return Some(());
    }
    if rest.next_if_eq(&'{').is_none() {
        return Some(());
    }
    let least = number(rest)?;
    if rest.next_if_eq(&',').is_some() && rest.peek() != Some(&'}') && number(rest)? < least {
        return None;
    }
    rest.next_if_eq(&'}').map(|_| ())
}

fn number(rest: &mut Rest<'_>) -> Option<u16> {
    let mut value = None;
    while let Some(digit) = rest.peek().and_then(|next| next.to_digit(10)) {
        rest.next();
        value = Some(u16::try_from(digit).ok()?.checked_add(value.unwrap_or(0u16).checked_mul(10)?)?);
    }
    value.filter(|value| *value <= MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_told_from_what_is_none() {
        for good in ["[0-9]{9}", "A|B", "[A-HJ-N]\\d{2,8}x?", "(AB|C[^0-9])+", "a.c", "\\.{2,}", "[\\-A]"] {
            assert!(is_well_formed(good), "{good}");
        }
        let deep = "(".repeat(100_000);
        for bad in
            ["", "[0-9", "a{", "a{x}", "a{3,2}", "*", "a**", "(a", "a)", "[z-a]", "[]", "\\q", "^a$", "a{1000}", &deep]
        {
            assert!(!is_well_formed(bad), "{:.9}", bad);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_judged(text in "[-A-C0-9\\[\\](){}|?*+.,^\\\\]{0,24}|\\PC{0,12}") {
            is_well_formed(&text);
        }
    }
}
