//! The base standard: segments, composites and data elements of release 005010.

use std::{collections::HashMap, sync::LazyLock};

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::tag,
    character::complete::{char, satisfy, u8 as number_u8, u16 as number_u16},
    combinator::{all_consuming, map, opt, recognize, value},
    multi::{many1, separated_list1},
    sequence::{pair, preceded, separated_pair},
};

use super::{
    GuideError,
    notation::{lines, word},
};

/// The dictionary that every guide draws on.
#[derive(Debug, Default)]
pub struct Dictionary {
    elements: HashMap<String, DataElement>,
    composites: HashMap<String, Members>,
    segments: HashMap<String, Members>,
}

/// The dictionary in `specs/x12.dictionary`.
pub fn dictionary() -> Result<&'static Dictionary, &'static GuideError> {
    static DICTIONARY: LazyLock<Result<Dictionary, GuideError>> =
        LazyLock::new(|| parse(include_str!("../../specs/x12.dictionary")));
    DICTIONARY.as_ref()
}

/// A data element: number, type, lengths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataElement {
    /// `1028`; for a composite its id, `C023`.
    pub number: String,
    /// The type of its values.
    pub kind: DataType,
    /// Fewest characters (digits, for numbers).
    pub min: u16,
    /// Most characters (digits, for numbers).
    pub max: u16,
    /// The standard's name.
    pub name: String,
}

/// The types of data elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataType {
    /// `AN`: string.
    String,
    /// `ID`: a code.
    Code,
    /// `N0`, `N2`: integer with so many implied decimals.
    Integer(u8),
    /// `R`: decimal number.
    Decimal,
    /// `DT`: date.
    Date,
    /// `TM`: time.
    Time,
    /// `B`: binary.
    Binary,
    /// Made of components.
    Composite,
}

impl std::fmt::Display for DataType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::String => f.write_str("AN"),
            Self::Code => f.write_str("ID"),
            Self::Integer(decimals) => write!(f, "N{decimals}"),
            Self::Decimal => f.write_str("R"),
            Self::Date => f.write_str("DT"),
            Self::Time => f.write_str("TM"),
            Self::Binary => f.write_str("B"),
            Self::Composite => f.write_str("composite"),
        }
    }
}

/// The elements of a segment, or the components of a composite.
#[derive(Debug)]
struct Members {
    name: String,
    notes: Vec<SyntaxNote>,
    members: Vec<DictionaryElement>,
}

/// A member of a segment or composite.
#[derive(Clone, Debug)]
pub struct DictionaryElement {
    /// Mandatory, optional or relational.
    pub requirement: Requirement,
    /// Number of the data element, or id of the composite.
    pub number: String,
    /// How often it may repeat; 0 without a limit.
    pub repeat: u16,
}

/// The base standard's requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// `M`
    Mandatory,
    /// `O`
    Optional,
    /// `X`: by a syntax note.
    Relational,
}

/// A relation between elements of a segment: `P0304`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxNote {
    /// `P` paired, `R` at least one, `E` only one, `C` if the first then all, `L` if the first then
    /// one of the others.
    pub kind: char,
    /// The elements' positions.
    pub positions: Vec<u8>,
}

impl Dictionary {
    /// Whether the base standard knows the segment.
    pub fn has_segment(&self, id: &str) -> bool {
        self.segments.contains_key(id)
    }

    /// The standard's name of a segment.
    pub fn segment_name(&self, id: &str) -> Option<&str> {
        self.segments.get(id).map(|one| one.name.as_str())
    }

    /// The elements of a segment, in order.
    pub fn segment_elements(&self, id: &str) -> &[DictionaryElement] {
        self.segments.get(id).map_or(&[], |one| &one.members)
    }

    /// The syntax notes of a segment.
    pub fn segment_notes(&self, id: &str) -> &[SyntaxNote] {
        self.segments.get(id).map_or(&[], |one| &one.notes)
    }

    /// The components of a composite, in order.
    pub fn components(&self, id: &str) -> &[DictionaryElement] {
        self.composites.get(id).map_or(&[], |one| &one.members)
    }

    /// The syntax notes of a composite.
    pub fn composite_notes(&self, id: &str) -> &[SyntaxNote] {
        self.composites.get(id).map_or(&[], |one| &one.notes)
    }

    /// The data element of an element (component 0) or component of a segment.
    pub fn data_element(&self, segment: &str, position: u8, component: u8) -> Option<DataElement> {
        let element = member(self.segment_elements(segment), position)?;
        match (self.composites.get(&element.number), component) {
            (Some(composite), 0) => Some(DataElement {
                number: element.number.clone(),
                kind: DataType::Composite,
                min: 0,
                max: 0,
                name: composite.name.clone(),
            }),
            (Some(composite), component) => self.elements.get(&member(&composite.members, component)?.number).cloned(),
            (None, 0) => self.elements.get(&element.number).cloned(),
            (None, _) => None,
        }
    }
}

fn member(members: &[DictionaryElement], position: u8) -> Option<&DictionaryElement> {
    members.get(usize::from(position).checked_sub(1)?)
}

/// Reads the dictionary in the notation of `specs/`.
fn parse(text: &str) -> Result<Dictionary, GuideError> {
    let fail = |line: usize, problem: String| GuideError { source_name: "x12.dictionary".into(), line, problem };
    let mut dictionary = Dictionary::default();
    let mut current: Option<(bool, String)> = None;
    for line in lines(text) {
        let line = line.map_err(|number| fail(number, "columns could not be told apart".into()))?;
        let head = line.columns.first().copied().unwrap_or_default();
        let (word, rest) = head.split_once(' ').unwrap_or((head, ""));
        let column = |index: usize| line.columns.get(index).copied().unwrap_or_default();
        match word {
            "element" => {
                let (_, (kind, min, max)) = all_consuming(data_element)
                    .parse(column(1))
                    .map_err(|_| fail(line.number, format!("`{}`: expected TYPE MIN/MAX", column(1))))?;
                let data = DataElement { number: rest.to_owned(), kind, min, max, name: column(2).to_owned() };
                dictionary.elements.insert(rest.to_owned(), data);
            }
            "segment" | "composite" => {
                let notes = match line.columns.get(2) {
                    Some(text) => {
                        all_consuming(separated_list1(char(' '), syntax_note))
                            .parse(text)
                            .map_err(|_| fail(line.number, format!("`{text}`: expected syntax notes like P0304")))?
                            .1
                    }
                    None => Vec::new(),
                };
                let members = Members { name: column(1).to_owned(), notes, members: Vec::new() };
                let table = if word == "segment" { &mut dictionary.segments } else { &mut dictionary.composites };
                table.insert(rest.to_owned(), members);
                current = Some((word == "segment", rest.to_owned()));
            }
            _ => {
                let (_, (position, member)) = all_consuming(dictionary_member)
                    .parse(head)
                    .map_err(|_| fail(line.number, format!("`{head}`: expected `NN M|O|X NUMBER`")))?;
                let table = match &current {
                    Some((true, id)) => dictionary.segments.get_mut(id),
                    Some((false, id)) => dictionary.composites.get_mut(id),
                    None => None,
                };
                let Some(table) = table else {
                    return Err(fail(line.number, "an element outside a segment or composite".into()));
                };
                table.members.push(member);
                if table.members.len() != usize::from(position) {
                    return Err(fail(line.number, format!("element {position} is out of turn")));
                }
            }
        }
    }
    Ok(dictionary)
}

fn data_element(input: &str) -> IResult<&str, (DataType, u16, u16)> {
    let kind = alt((
        value(DataType::String, tag("AN")),
        value(DataType::Code, tag("ID")),
        map(preceded(char('N'), number_u8), DataType::Integer),
        value(DataType::Decimal, char('R')),
        value(DataType::Date, tag("DT")),
        value(DataType::Time, tag("TM")),
        value(DataType::Binary, char('B')),
    ));
    let (rest, (kind, (min, max))) =
        separated_pair(kind, char(' '), separated_pair(number_u16, char('/'), number_u16)).parse(input)?;
    Ok((rest, (kind, min, max)))
}

fn dictionary_member(input: &str) -> IResult<&str, (u8, DictionaryElement)> {
    let requirement = alt((
        value(Requirement::Mandatory, char('M')),
        value(Requirement::Optional, char('O')),
        value(Requirement::Relational, char('X')),
    ));
    let (rest, (position, _, requirement, _, number, repeat)) =
        (number_u8, char(' '), requirement, char(' '), word, opt(preceded(tag(" x"), number_u16))).parse(input)?;
    Ok((rest, (position, DictionaryElement { requirement, number: number.to_owned(), repeat: repeat.unwrap_or(1) })))
}

fn syntax_note(input: &str) -> IResult<&str, SyntaxNote> {
    let digit = || satisfy(|c| c.is_ascii_digit());
    let (rest, (kind, positions)) =
        pair(satisfy(|c| "PRECL".contains(c)), many1(recognize(pair(digit(), digit())))).parse(input)?;
    Ok((rest, SyntaxNote { kind, positions: positions.into_iter().filter_map(|two: &str| two.parse().ok()).collect() }))
}
