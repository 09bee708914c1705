//! What a guide asks of the elements of a segment, worked out once so that checking looks nothing up.

use crate::guide::{
    DataType, Dictionary, DictionaryElement, ElementUse, Guide, NodeId, Repeat, Requirement, SegmentUse, SyntaxNote,
    Usage, dictionary, pack,
};

/// What is asked of a segment.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) slots: Vec<Slot>,
    pub(super) presence: Presence,
}

/// Which of the elements (or components) must, may, and must not stand: a bit a position, the first at 1.
#[derive(Debug, Default)]
pub(super) struct Presence {
    pub(super) required: u64,
    /// Those of `required` that the base standard requires too.
    pub(super) mandatory: u64,
    pub(super) used: u64,
    pub(super) notes: Vec<Note>,
}

/// A syntax note, as bits.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) kind: char,
    pub(super) first: u64,
    pub(super) all: u64,
    pub(super) text: String,
}

/// What is asked of one element.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) value: Value,
    /// How often it may repeat; 0 without a limit.
    pub(super) repeat: u16,
}

#[derive(Debug)]
pub(super) enum Value {
    Simple(Simple),
    Composite(Box<Composite>),
}

/// What is asked of the components of an element.
#[derive(Debug)]
pub(super) struct Composite {
    pub(super) components: Vec<Simple>,
    pub(super) presence: Presence,
}

/// What is asked of a single value. It is kept small, since one is looked at for each element of a file.
#[derive(Debug)]
pub(super) struct Simple {
    pub(super) kind: Kind,
    pub(super) min: u16,
    pub(super) max: u16,
    /// The codes allowed, packed, in order; empty where any is.
    codes: Box<[u64]>,
    /// What few elements have.
    pub(super) more: Option<Box<More>>,
}

/// What a guide asks of few elements.
#[derive(Debug, Default)]
pub(super) struct More {
    /// The guide's own limit where it is below the standard's.
    pub(super) max: Option<u16>,
    pub(super) decimals: Option<u8>,
    pub(super) pattern: Option<regex_lite::Regex>,
    /// The codes allowed, if some are longer than a packed code.
    codes: Vec<String>,
}

/// How a value is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Code,
    Integer,
    Decimal,
    /// An amount of money: element 782.
    Money,
    Date,
    ShortDate,
    Time,
    /// A date or period in the form that the element or component before it says (elements 1250 and 1251).
    When,
    /// Anything goes.
    Any,
}

/// How many bytes of a code are packed.
const PACKED: usize = 8;

impl Plan {
    /// What a guide asks of a segment use. Codes that placement has looked at already are left out.
    pub(super) fn of_use(guide: &Guide, node: NodeId) -> Self {
        let (Some(segment), Ok(dictionary)) = (guide.segment(node), dictionary()) else { return Self::default() };
        let members = dictionary.segment_elements(&segment.id);
        let placed = guide.discriminator(node).map(|element| (element.position, element.component));
        let uses = Uses { guide, segment, placed };
        let slots = positions(members).map(|(position, member)| uses.slot(dictionary, position, member)).collect();
        Self { slots, presence: uses.presence(0, members, dictionary.segment_notes(&segment.id)) }
    }

    /// What the base standard asks of a segment, where no guide is known.
    pub(super) fn of_standard(dictionary: &Dictionary, id: &str) -> Self {
        let members = dictionary.segment_elements(id);
        let slots = positions(members).map(|(position, member)| {
            let value = match dictionary.components(&member.number) {
                [] => Value::Simple(Simple::of_standard(dictionary, id, position, 0)),
                parts => Value::Composite(Box::new(Composite {
                    components: positions(parts)
                        .map(|(component, _)| Simple::of_standard(dictionary, id, position, component))
                        .collect(),
                    presence: Presence::of_standard(parts, dictionary.composite_notes(&member.number)),
                })),
            };
            Slot { value, repeat: member.repeat }
        });
        Self { slots: slots.collect(), presence: Presence::of_standard(members, dictionary.segment_notes(id)) }
    }
}

fn positions(members: &[DictionaryElement]) -> impl Iterator<Item = (u8, &DictionaryElement)> {
    (1..=u8::MAX).zip(members)
}

fn bit(position: u8) -> u64 {
    1u64.checked_shl(u32::from(position)).unwrap_or(0)
}

/// The elements a guide uses of a segment.
struct Uses<'g> {
    guide: &'g Guide,
    segment: &'g SegmentUse,
    /// Element and component that placement has looked at.
    placed: Option<(u8, u8)>,
}

impl Uses<'_> {
    fn slot(&self, dictionary: &Dictionary, position: u8, member: &DictionaryElement) -> Slot {
        let used = self.segment.element(position, 0);
        let parts = dictionary.components(&member.number);
        let value = match parts {
            [] => Value::Simple(self.simple(dictionary, position, 0)),
            parts => Value::Composite(Box::new(Composite {
                components: positions(parts)
                    .map(|(component, _)| self.simple(dictionary, position, component))
                    .collect(),
                presence: self.presence(position, parts, dictionary.composite_notes(&member.number)),
            })),
        };
        let repeat = match used.map(|used| used.repeat) {
            Some(Repeat::UpTo(most)) => most,
            Some(Repeat::Unlimited) => 0,
            None => member.repeat,
        };
        Slot { value, repeat }
    }

    fn simple(&self, dictionary: &Dictionary, position: u8, component: u8) -> Simple {
        match self.segment.element(position, component) {
            Some(used) => {
                let placed = self.placed == Some((position, component));
                let before = match component {
                    0 => self.number_of(dictionary, position.saturating_sub(1), 0),
                    _ => self.number_of(dictionary, position, component - 1),
                };
                // A guide's own identifier stands for all of those it answers to.
                let also: &[String] = if used.codes.contains(&self.guide.id) { &self.guide.also } else { &[] };
                Simple::of_use(used, placed, before.as_deref(), also)
            }
            None => Simple::of_standard(dictionary, &self.segment.id, position, component),
        }
    }

    fn number_of(&self, dictionary: &Dictionary, position: u8, component: u8) -> Option<String> {
        Some(dictionary.data_element(&self.segment.id, position, component)?.number)
    }

    /// What must stand among the elements (position 0) or the components of one.
    fn presence(&self, position: u8, members: &[DictionaryElement], notes: &[SyntaxNote]) -> Presence {
        let mut presence = Presence::of_standard(members, notes);
        (presence.required, presence.used) = (0, 0);
        for (at, _) in positions(members) {
            let used = if position == 0 { self.segment.element(at, 0) } else { self.segment.element(position, at) };
            if let Some(used) = used {
                presence.used |= bit(at);
                if used.usage == Usage::Required {
                    presence.required |= bit(at);
                }
            }
        }
        presence
    }
}

impl Presence {
    fn of_standard(members: &[DictionaryElement], notes: &[SyntaxNote]) -> Self {
        let mut presence = Self::default();
        for (position, member) in positions(members) {
            presence.used |= bit(position);
            if member.requirement == Requirement::Mandatory {
                presence.required |= bit(position);
            }
        }
        presence.mandatory = presence.required;
        presence.notes = notes.iter().map(Note::of).collect();
        presence
    }
}

impl Note {
    fn of(note: &SyntaxNote) -> Self {
        let first = note.positions.first().map_or(0, |first| bit(*first));
        let all = note.positions.iter().fold(0, |all, position| all | bit(*position));
        let positions: String = note.positions.iter().map(|position| format!("{position:02}")).collect();
        Self { kind: note.kind, first, all, text: format!("{}{positions}", note.kind) }
    }

    /// Whether elements that are present as these bits say keep the note.
    #[inline]
    pub(super) fn holds(&self, present: u64) -> bool {
        let here = present & self.all;
        match self.kind {
            'P' => here == 0 || here == self.all,
            'R' => here != 0,
            'E' => here.count_ones() <= 1,
            'C' => here & self.first == 0 || here == self.all,
            'L' => here & self.first == 0 || here != self.first,
            _ => true,
        }
    }
}

impl Simple {
    /// What a guide asks of an element. Codes are left out if placement has looked at them; `also` are codes
    /// beside those it lists.
    pub(super) fn of_use(used: &ElementUse, placed: bool, before: Option<&str>, also: &[String]) -> Self {
        let kind = Kind::of(used.data.kind, &used.data.number, used.data.max, before);
        // Of long codes placement has looked at the beginning only.
        let placed = placed && used.codes.iter().all(|code| code.len() <= PACKED);
        let codes: Vec<&String> = if placed { Vec::new() } else { used.codes.iter().chain(also).collect() };
        let is_long = codes.iter().any(|code| code.len() > PACKED);
        let pattern = |pattern: &String| regex_lite::Regex::new(&format!("^(?:{pattern})$")).ok();
        let more = More {
            max: used.max.filter(|max| *max < used.data.max),
            decimals: used.decimals,
            pattern: used.pattern.as_ref().and_then(pattern),
            codes: if is_long { codes.iter().map(|code| (*code).clone()).collect() } else { Vec::new() },
        };
        let mut packed: Vec<u64> = codes.iter().map(|code| pack(code.as_bytes())).collect();
        packed.sort_unstable();
        packed.dedup();
        // Codes of other types than ID are rare, too.
        let is_plain = more.max.is_none()
            && more.decimals.is_none()
            && more.pattern.is_none()
            && !is_long
            && (kind == Kind::Code || packed.is_empty());
        Self {
            kind,
            min: used.data.min,
            max: used.data.max,
            codes: packed.into_boxed_slice(),
            more: (!is_plain).then(|| Box::new(more)),
        }
    }

    fn of_standard(dictionary: &Dictionary, segment: &str, position: u8, component: u8) -> Self {
        let data = dictionary.data_element(segment, position, component);
        let before = match component {
            0 => dictionary.data_element(segment, position.saturating_sub(1), 0),
            _ => dictionary.data_element(segment, position, component - 1),
        };
        let before = before.as_ref().map(|before| before.number.as_str());
        let (kind, min, max) = match &data {
            Some(data) => (Kind::of(data.kind, &data.number, data.max, before), data.min, data.max),
            None => (Kind::Any, 0, u16::MAX),
        };
        // How money is written is the guides' matter.
        let kind = if kind == Kind::Money { Kind::Decimal } else { kind };
        Self { kind, min, max, codes: Box::default(), more: None }
    }

    /// Whether only some codes are allowed.
    #[inline]
    pub(super) fn has_codes(&self) -> bool {
        !self.codes.is_empty()
    }

    /// Whether a value is among the codes allowed.
    #[inline]
    pub(super) fn allows(&self, value: &[u8]) -> bool {
        let packed = pack(value);
        let is_listed = if self.codes.len() <= 8 {
            self.codes.contains(&packed)
        } else {
            self.codes.binary_search(&packed).is_ok()
        };
        is_listed && (value.len() <= PACKED || self.allows_long(value))
    }

    #[cold]
    fn allows_long(&self, value: &[u8]) -> bool {
        self.more.as_ref().is_some_and(|more| more.codes.iter().any(|code| code.as_bytes() == value))
    }

    /// The codes allowed, for people; the first few of many.
    pub(super) fn list_of_codes(&self) -> String {
        const SHOWN: usize = 12;
        let unpack = |code: &u64| String::from_utf8_lossy(&code.to_le_bytes()).trim_end_matches('\0').to_owned();
        let long = self.more.as_ref().map_or(&[] as &[String], |more| &more.codes);
        let mut codes = if long.is_empty() { self.codes.iter().map(unpack).collect() } else { long.to_vec() };
        codes.sort();
        let rest = codes.len().saturating_sub(SHOWN);
        codes.truncate(SHOWN);
        let mut list = codes.join(", ");
        if rest > 0 {
            list.push_str(&format!(" and {rest} more"));
        }
        list
    }
}

impl Kind {
    /// Whether lengths count digits.
    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Decimal | Self::Money)
    }

    fn of(kind: DataType, number: &str, max: u16, before: Option<&str>) -> Self {
        match kind {
            DataType::String if number == "1251" && before == Some("1250") => Self::When,
            // The interchange's own elements are filled up to their width.
            DataType::String if number.starts_with('I') => Self::Any,
            DataType::String => Self::Text,
            DataType::Code => Self::Code,
            DataType::Integer(_) => Self::Integer,
            DataType::Decimal if number == "782" => Self::Money,
            DataType::Decimal => Self::Decimal,
            DataType::Date if max == 6 => Self::ShortDate,
            DataType::Date => Self::Date,
            DataType::Time => Self::Time,
            DataType::Binary | DataType::Composite => Self::Any,
        }
    }
}
