//! The base standard: segments, composites and data elements of release 005010.

use std::{collections::HashMap, sync::LazyLock};

use super::language::{self, GuideError};

/// The dictionary that every guide draws on.
#[derive(Debug, Default)]
pub struct Dictionary {
    pub(super) elements: HashMap<String, DataElement>,
    pub(super) composites: HashMap<String, Members>,
    pub(super) segments: HashMap<String, Members>,
}

/// The dictionary in `specs/x12.dictionary`.
pub fn dictionary() -> Result<&'static Dictionary, &'static GuideError> {
    static DICTIONARY: LazyLock<Result<Dictionary, GuideError>> =
        LazyLock::new(|| language::parse_dictionary(include_str!("../../specs/x12.dictionary")));
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
pub struct Members {
    pub(super) name: String,
    pub(super) notes: Vec<SyntaxNote>,
    pub(super) members: Vec<DictionaryElement>,
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
