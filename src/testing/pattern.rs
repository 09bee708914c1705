//! A value that has a pattern. What patterns are made of says `specs/README.md`.

use std::{iter::Peekable, str::Chars};

use super::draw::Draw;

/// How often what may stand any number of times is repeated at most.
const MOST: usize = 12;

/// A value of a pattern, as long as the pattern is well formed; how it goes on from an error is of no
/// importance.
pub(super) fn sample(pattern: &str, draw: &mut Draw<'_, '_>) -> String {
    let mut out = String::new();
    alternatives(&mut pattern.chars().peekable(), draw, Some(&mut out));
    out
}

type Rest<'p> = Peekable<Chars<'p>>;

/// Reads alternatives up to the end or a `)`, and writes one of them if there is something to write to.
fn alternatives(rest: &mut Rest<'_>, draw: &mut Draw<'_, '_>, out: Option<&mut String>) {
    let mut ways = vec![String::new()];
    let writes = out.is_some();
    while let Some(next) = rest.peek() {
        match next {
            ')' => break,
            '|' => {
                rest.next();
                ways.push(String::new());
            }
            _ => {
                let way = ways.last_mut().filter(|_| writes);
                piece(rest, draw, way);
            }
        }
    }
    if let Some(out) = out {
        out.push_str(draw.pick(&ways).map_or("", String::as_str));
    }
}

/// An atom and its count.
fn piece(rest: &mut Rest<'_>, draw: &mut Draw<'_, '_>, out: Option<&mut String>) {
    let start = rest.clone();
    atom(rest, draw, None);
    let (least, most) = count(rest);
    let Some(out) = out else { return };
    for _ in 0..draw.between(least, most) {
        atom(&mut start.clone(), draw, Some(out));
    }
}

fn atom(rest: &mut Rest<'_>, draw: &mut Draw<'_, '_>, out: Option<&mut String>) {
    let one = match rest.next() {
        Some('(') => {
            alternatives(rest, draw, out);
            rest.next();
            return;
        }
        Some('[') => class(rest),
        Some('\\') => escaped(rest.next().unwrap_or('\\')),
        Some('.') => printable(|_| true),
        Some(plain) => vec![plain],
        None => return,
    };
    if let Some(out) = out {
        out.extend(draw.pick(&one));
    }
}

/// The characters of a class, up to its `]`.
fn class(rest: &mut Rest<'_>) -> Vec<char> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut members = Vec::new();
    while let Some(next) = rest.next() {
        let mut first = match next {
            ']' => break,
            '\\' => escaped(rest.next().unwrap_or('\\')),
            plain => vec![plain],
        };
        if let (&[from], Some(_)) = (first.as_slice(), rest.next_if_eq(&'-')) {
            let to = rest.next().unwrap_or(from);
            first = (from..=to).collect();
        }
        members.append(&mut first);
    }
    if negated { printable(|one| !members.contains(&one)) } else { members }
}

fn escaped(letter: char) -> Vec<char> {
    match letter {
        'd' => ('0'..='9').collect(),
        'w' => ('0'..='9').chain('A'..='Z').collect(),
        's' => vec![' '],
        sign => vec![sign],
    }
}

/// Letters and digits of some sort; none of them delimits.
fn printable(is_meant: impl Fn(char) -> bool) -> Vec<char> {
    ('A'..='Z').chain('0'..='9').filter(|one| is_meant(*one)).collect()
}

/// How often the atom before stands.
fn count(rest: &mut Rest<'_>) -> (usize, usize) {
    match rest.peek() {
        Some('?') => (0, rest.next().map_or(1, |_| 1)),
        Some('*') => (0, rest.next().map_or(MOST, |_| MOST)),
        Some('+') => (1, rest.next().map_or(MOST, |_| MOST)),
        Some('{') => {
            rest.next();
            let text: String = rest.by_ref().take_while(|one| *one != '}').collect();
            let number = |text: &str| text.parse().unwrap_or(0usize).min(999);
            match text.split_once(',') {
                Some((least, "")) => (number(least), number(least) + MOST),
                Some((least, most)) => (number(least), number(most)),
                None => (number(&text), number(&text)),
            }
        }
        _ => (1, 1),
    }
}

#[cfg(test)]
mod tests {
    use arbitrary::Unstructured;
    use proptest::prelude::*;

    use super::*;

    const PATTERNS: &[&str] =
        &["[0-9]{9}", "A|B", "[A-HJ-N]\\d{2,8}x?", "(AB|C[^0-9])+", "a.c", "\\.{2,}", "[\\-A]", "(A(B|C){2}|D*)E"];

    proptest! {
        #[test]
        fn samples_have_their_pattern(entropy in prop::collection::vec(any::<u8>(), 0..64)) {
            for pattern in PATTERNS {
                let value = sample(pattern, &mut Draw(&mut Unstructured::new(&entropy)));
                let whole = regex_lite::Regex::new(&format!("^(?:{pattern})$")).expect("a pattern");
                prop_assert!(whole.is_match(&value), "{value} of {pattern}");
            }
        }
    }
}
