//! JSON in the making: members in their order, and definitions that are shared.

use serde::{Serialize, Serializer, ser::SerializeMap};

/// JSON whose members keep their order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Value(serde_json::Value),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::List(items) => items.serialize(serializer),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

pub(super) fn text(text: &str) -> Json {
    Json::Value(text.into())
}

pub(super) fn number(number: impl Into<serde_json::Value>) -> Json {
    Json::Value(number.into())
}

pub(super) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

pub(super) fn of_type(name: &str) -> Json {
    object([("type", text(name))])
}

pub(super) fn list_of(items: Json) -> Json {
    object([("type", text("array")), ("items", items)])
}

/// An object schema that allows no other members.
pub(super) fn closed(properties: Vec<(String, Json)>, required: Vec<String>) -> Json {
    let mut members = vec![("type".to_owned(), text("object")), ("properties".to_owned(), Json::Object(properties))];
    if !required.is_empty() {
        members.push(("required".to_owned(), Json::List(required.iter().map(|name| text(name)).collect())));
    }
    members.push(("additionalProperties".to_owned(), Json::Value(false.into())));
    Json::Object(members)
}

/// Schemas that are referred to, each once.
#[derive(Default)]
pub(super) struct Definitions {
    pub(super) list: Vec<(String, Json)>,
}

impl Definitions {
    /// A reference to a schema; equal ones share their definition.
    pub(super) fn refer(&mut self, name: &str, schema: Json) -> Json {
        let mut wanted = name.to_owned();
        let mut next = 2;
        while let Some((_, known)) = self.list.iter().find(|(known, _)| *known == wanted) {
            if *known == schema {
                break;
            }
            wanted = format!("{name}-{next}");
            next += 1;
        }
        if !self.list.iter().any(|(known, _)| *known == wanted) {
            self.list.push((wanted.clone(), schema));
        }
        object([("$ref", text(&format!("#/$defs/{wanted}")))])
    }
}
