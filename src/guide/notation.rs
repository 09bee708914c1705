//! Lines, columns and attributes: what the readers of guides, companion guides and the dictionary
//! share of the notation.

use std::collections::HashMap;

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{is_not, tag, take_till, take_while, take_while1},
    character::complete::{char, u8 as number_u8, u16 as number_u16},
    combinator::{all_consuming, map, recognize, value, verify},
    multi::{many0, separated_list1},
    sequence::{delimited, pair, preceded},
};

use super::{Repeat, pattern};

/// A line that says something.
pub(super) struct Line<'t> {
    pub(super) number: usize,
    pub(super) indent: usize,
    pub(super) columns: Vec<&'t str>,
}

/// Lines that say something, taken apart; an error is the number of a line that could not be.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Result<Line<'_>, usize>> {
    text.lines().enumerate().filter_map(|(index, text)| {
        let number = index + 1;
        let content = without_comment(text).trim_end();
        if content.trim_start().is_empty() {
            return None;
        }
        Some(match all_consuming(pair(recognize(many0(char(' '))), separated_list1(gap, column))).parse(content) {
            Ok((_, (indent, columns))) => Ok(Line { number, indent: indent.len(), columns }),
            Err(_) => Err(number),
        })
    })
}

fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    line.split_once("  #").map_or(line, |(content, _)| content)
}

fn gap(input: &str) -> IResult<&str, &str> {
    verify(take_while1(|c| c == ' '), |blanks: &str| blanks.len() >= 2).parse(input)
}

/// Words separated by single blanks.
fn column(input: &str) -> IResult<&str, &str> {
    recognize(separated_list1(char(' '), take_while1(|c| c != ' '))).parse(input)
}

/// What a column after an element's head says.
pub(super) enum Attribute {
    Codes(Vec<String>),
    Lists(Vec<String>),
    Max(u16),
    Decimals(u8),
    Pattern(String),
}

pub(super) fn attribute(input: &str) -> IResult<&str, Attribute> {
    alt((
        map(preceded(tag("= "), code_words), Attribute::Codes),
        map(preceded(tag("list "), separated_list1(char(' '), word)), |names| {
            Attribute::Lists(names.into_iter().map(str::to_owned).collect())
        }),
        map(preceded(tag("max "), number_u16), Attribute::Max),
        map(preceded(tag("decimals "), number_u8), Attribute::Decimals),
        map(preceded(tag("pattern "), take_while(|_| true)), |text: &str| Attribute::Pattern(text.to_owned())),
    ))
    .parse(input)
}

pub(super) fn code_words(input: &str) -> IResult<&str, Vec<String>> {
    let quoted = delimited(char('"'), is_not("\""), char('"'));
    let plain = verify(take_while1(|c| c != ' '), |word: &str| !word.starts_with('"'));
    separated_list1(char(' '), map(alt((quoted, plain)), str::to_owned)).parse(input)
}

/// All that the columns of an element say.
#[derive(Default)]
pub(super) struct Attributes {
    pub(super) name: Option<String>,
    pub(super) codes: Vec<String>,
    pub(super) lists: Vec<String>,
    pub(super) max: Option<u16>,
    pub(super) decimals: Option<u8>,
    pub(super) pattern: Option<String>,
}

impl Attributes {
    pub(super) fn is_bare(&self) -> bool {
        self.codes.is_empty()
            && self.lists.is_empty()
            && self.max.is_none()
            && self.decimals.is_none()
            && self.pattern.is_none()
    }

    pub(super) fn add(&mut self, one: Attribute, named: &HashMap<String, Vec<String>>) -> Result<(), String> {
        match one {
            Attribute::Codes(words) => {
                for word in words {
                    match word.strip_prefix('@') {
                        Some(name) => self
                            .codes
                            .extend(named.get(name).ok_or_else(|| format!("no `codes {name}` above"))?.iter().cloned()),
                        None => self.codes.push(word),
                    }
                }
            }
            Attribute::Lists(names) => self.lists = names,
            Attribute::Max(most) => self.max = Some(most),
            Attribute::Decimals(most) => self.decimals = Some(most),
            Attribute::Pattern(text) if pattern::is_well_formed(&text) => self.pattern = Some(text),
            Attribute::Pattern(text) => return Err(format!("`{text}`: expected a pattern such as [A-Z][0-9]{{2,8}}")),
        }
        Ok(())
    }
}

pub(super) fn repeat(input: &str) -> IResult<&str, Repeat> {
    alt((value(Repeat::Unlimited, tag(">1")), map(number_u16, Repeat::UpTo))).parse(input)
}

/// All up to the next blank.
pub(super) fn word(input: &str) -> IResult<&str, &str> {
    take_till(|c| c == ' ').parse(input)
}
