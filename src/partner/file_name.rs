//! What files to a partner are called.

use jiff::civil::DateTime;
use serde::{Deserialize, Deserializer, de};

/// Most characters of a template, and of a name that is made by one.
const LONGEST_TEMPLATE: usize = 120;
const LONGEST: usize = 200;

/// `file_name`: what files to the partner are called, as `"{partner}-{content}-{date}-{time}-{isa13}.{ext}"`.
///
/// | field | is |
/// |---|---|
/// | `{partner}` | the partner's name |
/// | `{sender}`, `{receiver}` | the interchange identifiers of our side and of the partner's |
/// | `{content}` | what is in it: `837P`, `999`, `TA1` |
/// | `{ext}` | the same as an ending: `837`, `999`, `ta1`, `x12` |
/// | `{usage}` | `T` or `P` |
/// | `{date}`, `{time}` | when it was made: `20260115`, `102359` |
/// | `{isa13}` | the control number of its first interchange |
/// | `{id}` | the file's own id |
///
/// One of `{isa13}` and `{id}` must stand in it, so that no two files have the same name. Between fields stand letters,
/// digits, dots, dashes and underscores; a value's other characters become underscores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Partner,
    Sender,
    Receiver,
    Content,
    Ext,
    Usage,
    Date,
    Time,
    Isa13,
    Id,
}

const FIELDS: &[(&str, Field)] = &[
    ("partner", Field::Partner),
    ("sender", Field::Sender),
    ("receiver", Field::Receiver),
    ("content", Field::Content),
    ("ext", Field::Ext),
    ("usage", Field::Usage),
    ("date", Field::Date),
    ("time", Field::Time),
    ("isa13", Field::Isa13),
    ("id", Field::Id),
];

/// What a file is, for its name.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// What is in it: `837P`.
    pub content: &'a str,
    /// When it was made.
    pub created: DateTime,
    /// ISA13 of its first interchange.
    pub isa13: &'a str,
    /// Its id.
    pub id: &'a str,
}

impl Default for FileName {
    /// `{partner}-{content}-{date}-{time}-{id}.{ext}`
    fn default() -> Self {
        Self::parse("{partner}-{content}-{date}-{time}-{id}.{ext}").unwrap_or(Self(vec![Part::Field(Field::Id)]))
    }
}

impl FileName {
    fn parse(text: &str) -> Result<Self, String> {
        let fields = || FIELDS.iter().map(|(name, _)| format!("{{{name}}}")).collect::<Vec<_>>().join(", ");
        let (mut parts, mut rest) = (Vec::new(), text);
        if text.len() > LONGEST_TEMPLATE {
            return Err(format!("at most {LONGEST_TEMPLATE} characters"));
        }
        while !rest.is_empty() {
            let (literal, field) = rest.split_once('{').map_or((rest, None), |(literal, rest)| (literal, Some(rest)));
            if !literal.chars().all(is_plain) {
                return Err(format!("letters, digits, dots, dashes and underscores, and the fields {}", fields()));
            }
            if !literal.is_empty() {
                parts.push(Part::Text(literal.to_owned()));
            }
            let Some(field) = field else { break };
            let (name, after) = field.split_once('}').ok_or("a `}` for each `{`")?;
            let known = FIELDS.iter().find(|(known, _)| *known == name);
            parts.push(Part::Field(known.ok_or_else(|| format!("the fields {}", fields()))?.1));
            rest = after;
        }
        if !parts.iter().any(|part| matches!(part, Part::Field(Field::Isa13 | Field::Id))) {
            return Err("a name that holds {isa13} or {id}, so that each file has its own".to_owned());
        }
        if text.starts_with('.') {
            return Err("a name that does not begin with a dot".to_owned());
        }
        Ok(Self(parts))
    }

    pub(super) fn of(&self, partner: &super::Partner, file: &Named<'_>) -> String {
        let mut name = String::new();
        for part in &self.0 {
            let value = match part {
                Part::Text(text) => text.as_str(),
                Part::Field(Field::Partner) => partner.name(),
                Part::Field(Field::Sender) => partner.sender_id.as_deref().unwrap_or_default(),
                Part::Field(Field::Receiver) => partner.receiver_id.as_deref().unwrap_or_default(),
                Part::Field(Field::Content) => file.content,
                Part::Field(Field::Ext) => ext(file.content),
                Part::Field(Field::Usage) => match partner.usage() {
                    super::Usage::Test => "T",
                    super::Usage::Production => "P",
                },
                Part::Field(Field::Isa13) => file.isa13,
                Part::Field(Field::Id) => file.id,
                Part::Field(Field::Date) => &file.created.strftime("%Y%m%d").to_string(),
                Part::Field(Field::Time) => &file.created.strftime("%H%M%S").to_string(),
            };
            name.extend(value.chars().map(|character| if is_plain(character) { character } else { '_' }));
        }
        // a value may begin with a dot, be long, or not be there
        if name.is_empty() || name.starts_with('.') {
            name.insert(0, '_');
        }
        name.truncate(LONGEST);
        name
    }
}

fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_')
}

fn ext(content: &str) -> &'static str {
    match content {
        "837P" | "837I" | "837D" => "837",
        "835" => "835",
        "999" => "999",
        "277CA" => "277ca",
        "TA1" => "ta1",
        _ => "x12",
    }
}

impl<'de> Deserialize<'de> for FileName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|allowed| de::Error::custom(format!("{text:?}: allowed is {allowed}")))
    }
}
