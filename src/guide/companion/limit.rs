//! What a partner limits beyond places: counts, sizes, amounts; and what the partner makes of rules.

use std::fmt;

use rust_decimal::Decimal;

use super::place::{self, Scope, Target};
use crate::guide::{DataType, Guide, NodeId, SegmentUse};

/// A limit of a trading partner.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// `interchanges-per-file`: ISA in a file.
    InterchangesPerFile(u64),
    /// `groups-per-interchange`: GS in an ISA.
    GroupsPerInterchange(u64),
    /// `types-per-interchange`: different guides (GS08, ST03) in an ISA.
    TypesPerInterchange(u64),
    /// `transactions-per-group`: ST in a GS.
    TransactionsPerGroup(u64),
    /// `claims-per-transaction`: claims (CLM; CLP in the 835) in an ST.
    ClaimsPerTransaction(u64),
    /// `claims-per-file`: claims in a file.
    ClaimsPerFile(u64),
    /// `bytes-per-file`: the size of a file.
    BytesPerFile(u64),
    /// `amount`: a value of these elements may be no greater.
    Amount {
        /// The greatest value.
        most: Decimal,
        /// Node of the segment, element, component (0 for the element itself); sorted.
        elements: Vec<(NodeId, u8, u8)>,
    },
}

/// What a partner makes of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Override {
    /// `off`: it is not asked.
    Off,
    /// `warning`: what breaks it is accepted.
    Warning,
    /// `error`: what breaks it is refused.
    Error,
}

impl fmt::Display for Limit {
    /// As it is written in a companion guide; an amount without its places.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Amount { most, .. } = self {
            return write!(f, "amount {most}");
        }
        let named = NAMES
            .iter()
            .find_map(|(name, make)| self.count().filter(|most| make(*most) == *self).map(|most| (name, most)));
        named.map_or(Ok(()), |(name, most)| write!(f, "{name} {most}"))
    }
}

impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

type Make = fn(u64) -> Limit;

const NAMES: &[(&str, Make)] = &[
    ("interchanges-per-file", Limit::InterchangesPerFile),
    ("groups-per-interchange", Limit::GroupsPerInterchange),
    ("types-per-interchange", Limit::TypesPerInterchange),
    ("transactions-per-group", Limit::TransactionsPerGroup),
    ("claims-per-transaction", Limit::ClaimsPerTransaction),
    ("claims-per-file", Limit::ClaimsPerFile),
    ("bytes-per-file", Limit::BytesPerFile),
];

impl Limit {
    /// The number of a count or size.
    fn count(&self) -> Option<u64> {
        match self {
            Self::InterchangesPerFile(most)
            | Self::GroupsPerInterchange(most)
            | Self::TypesPerInterchange(most)
            | Self::TransactionsPerGroup(most)
            | Self::ClaimsPerTransaction(most)
            | Self::ClaimsPerFile(most)
            | Self::BytesPerFile(most) => Some(*most),
            Self::Amount { .. } => None,
        }
    }

    /// Adds a limit to others, in place of one of its kind that it narrows. Amounts all hold.
    pub(super) fn join(self, limits: &mut Vec<Limit>) -> Result<(), String> {
        let same = |one: &&mut Limit| {
            self.count().is_some() && std::mem::discriminant::<Limit>(one) == std::mem::discriminant(&self)
        };
        match limits.iter_mut().find(same) {
            Some(known) if known.count() < self.count() => Err(format!("the limit is {known} already")),
            Some(known) => {
                *known = self;
                Ok(())
            }
            None => {
                limits.push(self);
                Ok(())
            }
        }
    }
}

/// Reads `limit NAME NUMBER` or `limit amount [PLACE] NUMBER`.
pub(super) fn read(guide: &Guide, head: &str) -> Result<Limit, String> {
    let words: Vec<&str> = head.split(' ').collect();
    match words.as_slice() {
        ["limit", "amount", most] => Ok(Limit::Amount { most: amount(most)?, elements: money(guide) }),
        ["limit", "amount", place, most] => Ok(Limit::Amount { most: amount(most)?, elements: numbers(guide, place)? }),
        ["limit", name, most] => {
            let Some((_, make)) = NAMES.iter().find(|(known, _)| known == name) else {
                let known: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
                return Err(format!("no limit `{name}`; there are {}, amount", known.join(", ")));
            };
            let most = most.parse().ok().filter(|most| *most > 0);
            Ok(make(most.ok_or_else(|| format!("`limit {name}`: expected a whole number from 1"))?))
        }
        _ => Err("expected `limit NAME NUMBER` or `limit amount PLACE NUMBER`".into()),
    }
}

/// Reads `rule RULE-ID off|warning|error`.
pub(super) fn read_override(head: &str) -> Result<(&str, Override), String> {
    let words: Vec<&str> = head.split(' ').collect();
    match words.as_slice() {
        ["rule", id, "off"] => Ok((id, Override::Off)),
        ["rule", id, "warning"] => Ok((id, Override::Warning)),
        ["rule", id, "error"] => Ok((id, Override::Error)),
        _ => Err("expected `rule RULE-ID off`, `warning` or `error`".into()),
    }
}

fn amount(text: &str) -> Result<Decimal, String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let amount = Decimal::from_str_exact(text).ok().filter(|_| digits);
    amount.ok_or_else(|| format!("`{text}`: expected an amount such as 99999.99"))
}

/// Every monetary amount of a guide (data element 782).
fn money(guide: &Guide) -> Vec<(NodeId, u8, u8)> {
    let segments = guide.nodes().filter_map(|node| Some((node, guide.segment(node)?)));
    let elements = segments.flat_map(|(node, segment)| segment.elements.iter().map(move |element| (node, element)));
    elements
        .filter(|(_, element)| element.data.number == "782")
        .map(|(node, element)| (node, element.position, element.component))
        .collect()
}

/// The elements of a place, which are numbers.
fn numbers(guide: &Guide, text: &str) -> Result<Vec<(NodeId, u8, u8)>, String> {
    let Target::Elements { segments, positions, components } = place::find(guide, &Scope::Margin, text, false)? else {
        return Err(format!("`{text}`: expected an element such as 2300/CLM02"));
    };
    let mut found = Vec::new();
    for node in segments {
        for position in positions.0..=positions.1 {
            for component in components.0..=components.1 {
                let element = guide.segment(node).and_then(|segment: &SegmentUse| segment.element(position, component));
                if element.is_none_or(|one| !matches!(one.data.kind, DataType::Decimal | DataType::Integer(_))) {
                    return Err(format!("`{text}`: no element of {} that is a number", guide.published().name));
                }
                found.push((node, position, component));
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}
