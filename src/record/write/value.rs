//! A value of JSON to the text of its element, refused if it is not of its field's form.

use std::{borrow::Cow, cell::RefCell, fmt};

use serde::de::{self, MapAccess, Visitor};

use crate::record::{
    assemble::{PartCell, State},
    render::Cell,
    scalar::Format,
};

/// Puts the value of a field, of one format, into its place.
pub(super) struct ScalarVisitor<'w, 'b> {
    pub state: &'w RefCell<State<'b>>,
    pub name: &'static str,
    pub format: Format,
    pub place: CellPlace,
}

/// Where a value stands in its loop.
#[derive(Clone, Copy)]
pub(super) struct CellPlace {
    pub slot: u16,
    pub occurrence: u32,
    pub element: u8,
    pub component: u8,
}

impl ScalarVisitor<'_, '_> {
    pub(super) fn put<E: de::Error>(self, value: &str) -> Result<(), E> {
        if value.is_empty() {
            return Ok(());
        }
        let mut state = self.state.borrow_mut();
        let start = state.buffers.text.len() as u32;
        let qualifier = self.format.read_json(value, &mut state.buffers.text).map_err(|_| {
            E::custom(format!("`{}` at {} is not {}", self.name, self.where_to(), self.format.json_expected()))
        })?;
        let end = state.buffers.text.len() as u32;
        let CellPlace { slot, occurrence, element, component } = self.place;
        state.buffers.cells.push(PartCell { slot, occurrence, cell: Cell { element, component, start, end } });
        if !qualifier.is_empty() {
            state.buffers.text.extend_from_slice(qualifier.as_bytes());
            let end = (end, state.buffers.text.len() as u32);
            let (element, component) =
                if component > 0 { (element, component - 1) } else { (element.saturating_sub(1), 0) };
            state.buffers.cells.push(PartCell {
                slot,
                occurrence,
                cell: Cell { element, component, start: end.0, end: end.1 },
            });
        }
        Ok(())
    }

    fn where_to(&self) -> String {
        let CellPlace { element, component, .. } = self.place;
        if component > 0 { format!("element {element:02}-{component}") } else { format!("element {element:02}") }
    }
}

impl<'de> Visitor<'de> for ScalarVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (`{}`)", self.format.json_expected(), self.name)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        if matches!(self.format, Format::Flag { .. }) {
            return Err(E::invalid_type(de::Unexpected::Str("…"), &self));
        }
        self.put(value)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        if !matches!(self.format, Format::Flag { .. }) {
            return Err(E::invalid_type(de::Unexpected::Bool(value), &self));
        }
        self.put(if value { "true" } else { "false" })
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.whole(itoa::Buffer::new().format(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.whole(itoa::Buffer::new().format(value))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Err(E::custom(format!(
            "`{}` is a floating-point number, which is not exact: write it as a string, \"60.50\"",
            self.name
        )))
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.format != Format::When {
            return Err(de::Error::invalid_type(de::Unexpected::Map, &self));
        }
        let (mut from, mut to) = (None, None);
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let part: serde_json::Value = map.next_value()?;
            let part = part.as_str().map(str::to_owned);
            match key.as_ref() {
                "from" => from = part,
                "to" => to = part,
                _ => {
                    return Err(de::Error::custom(format!(
                        "a period (`{}`) has `from` and `to`, and nothing else",
                        self.name
                    )));
                }
            }
        }
        match (from, to) {
            (Some(from), Some(to)) => self.put(&format!("{from}/{to}")),
            _ => Err(de::Error::custom(format!("a period (`{}`) needs `from` and `to`", self.name))),
        }
    }
}

impl ScalarVisitor<'_, '_> {
    fn whole<E: de::Error>(self, digits: &str) -> Result<(), E> {
        match self.format {
            Format::Text | Format::Decimal | Format::Number | Format::Padded(_) | Format::Zeros(_) => self.put(digits),
            _ => Err(E::custom(format!("`{}` is a number; expected {}", self.name, self.format.json_expected()))),
        }
    }
}

impl Format {
    fn json_expected(self) -> &'static str {
        match self {
            Self::Text | Self::Padded(_) | Self::Zeros(_) => "a string",
            Self::Decimal => "an exact decimal in a string (\"60.50\")",
            Self::Number => "a whole number",
            Self::Flag { no: None, .. } => "true (leave it out for no)",
            Self::Flag { .. } => "true or false",
            Self::Date | Self::ShortDate => "a date (\"2026-01-15\")",
            Self::Time => "a time (\"14:30\")",
            Self::When => "a date, a time, or a period {\"from\", \"to\"}",
        }
    }
}
