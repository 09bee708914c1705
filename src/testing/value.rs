//! The value of an element, as the tables have it: codes, type, lengths, pattern.

use super::{draw::Draw, pattern};
use crate::{
    codes,
    guide::{DataType, ElementUse},
};

/// Characters of a text. None of them ever delimits.
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -.,/()";

/// A value for an element. `before` is the element or component before it, which may say what form a
/// date has.
pub(super) fn of(element: &ElementUse, before: Option<(&ElementUse, &str)>, draw: &mut Draw<'_, '_>) -> String {
    if let Some(code) = draw.pick(&element.codes) {
        return code.clone();
    }
    let data = &element.data;
    let least = usize::from(data.min).max(1);
    let most = usize::from(element.max.map_or(data.max, |max| max.min(data.max)));
    if let Some(pattern) = &element.pattern {
        return pattern::sample(pattern, draw);
    }
    if data.number == "1251"
        && let Some((_, format)) = before.filter(|(before, _)| before.data.number == "1250")
    {
        return when(format, draw).unwrap_or_else(|| text(least, most, draw));
    }
    let is_money = data.number == "782";
    match data.kind {
        DataType::Code => listed(element, (least, most), draw).unwrap_or_else(|| letters(least, most, draw)),
        DataType::String => listed(element, (least, most), draw).unwrap_or_else(|| text(least, most, draw)),
        // No set has more segments than nine digits count.
        DataType::Integer(_) if data.number == "719" => number(least, most.min(9), 0, draw),
        DataType::Integer(_) => number(least, most, 0, draw),
        DataType::Decimal => {
            let most = if is_money { most.min(10) } else { most };
            let decimals = usize::from(element.decimals.unwrap_or(if is_money { 2 } else { 4 }));
            number(least, most, decimals, draw)
        }
        DataType::Date if data.max == 6 => day(draw).split_off(2),
        DataType::Date => day(draw),
        DataType::Time => time(most, draw),
        DataType::Binary | DataType::Composite => letters(least, most, draw),
    }
}

/// A code of one of the lists that come with the program.
fn listed(element: &ElementUse, (least, most): (usize, usize), draw: &mut Draw<'_, '_>) -> Option<String> {
    let list = codes::by_name(draw.pick(&element.lists)?)?;
    let code = draw.pick(list.codes())?.code;
    (least..=most).contains(&code.len()).then(|| code.to_owned())
}

/// A text that neither begins nor ends with a blank.
fn text(least: usize, most: usize, draw: &mut Draw<'_, '_>) -> String {
    let length = draw.length(least, most);
    let mut text: String = (0..length).map(|_| char::from(*draw.pick(LETTERS).unwrap_or(&b'A'))).collect();
    for end in [0, length.saturating_sub(1)] {
        if text.as_bytes().get(end) == Some(&b' ') {
            text.replace_range(end..=end, "X");
        }
    }
    text
}

/// Capital letters and digits.
fn letters(least: usize, most: usize, draw: &mut Draw<'_, '_>) -> String {
    (0..draw.length(least, most)).map(|_| char::from(LETTERS.get(draw.below(36)).copied().unwrap_or(b'A'))).collect()
}

/// A number of so many digits, without zeros that say nothing.
fn number(least: usize, most: usize, decimals: usize, draw: &mut Draw<'_, '_>) -> String {
    let count = draw.length(least, most).max(1);
    let mut digits: String = (0..count).map(|_| char::from(b'0' + draw.below(10) as u8)).collect();
    let decimals = draw.below(decimals.min(count - 1) + 1);
    // More than one digit before the point begins with none of the zeros, and what comes after it ends so.
    if count - decimals > 1 && digits.starts_with('0') {
        digits.replace_range(..1, "1");
    }
    if decimals > 0 {
        if digits.ends_with('0') {
            digits.replace_range(count - 1.., "5");
        }
        digits.insert(count - decimals, '.');
    }
    digits
}

/// A day of the past that exists, CCYYMMDD.
fn day(draw: &mut Draw<'_, '_>) -> String {
    format!("{}{:02}{:02}", 1990 + draw.below(35), 1 + draw.below(12), 1 + draw.below(28))
}

/// HHMM, and seconds and hundredths as there is room.
fn time(most: usize, draw: &mut Draw<'_, '_>) -> String {
    let mut time = format!("{:02}{:02}{:02}{:02}", draw.below(24), draw.below(60), draw.below(60), draw.below(100));
    time.truncate(draw.pick(&[4, 6, 8, 7]).copied().unwrap_or(4).min(most).max(4));
    time
}

/// A date or period of a format (element 1250), if it is one that is known.
fn when(format: &str, draw: &mut Draw<'_, '_>) -> Option<String> {
    let period = |mut days: [String; 2]| {
        days.sort();
        days.join("-")
    };
    Some(match format {
        "D8" => day(draw),
        "D6" => day(draw).split_off(2),
        "TM" => time(8, draw),
        "DT" => day(draw) + &time(4, draw),
        "RD8" => period([day(draw), day(draw)]),
        "RD6" => {
            let year = day(draw).split_off(2);
            format!("{year}-{year}")
        }
        "CC" => "20".into(),
        "CY" => day(draw).split_off(4),
        _ => return None,
    })
}
