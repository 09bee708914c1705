//! The JSON of a guide as JSON Schema (draft 2020-12).
//!
//! Types, names and nesting are those of the record tables; what is required, the codes, lengths and
//! numbers of items are the guide's. External code lists are named (`x-code-lists`) but not
//! enforced: they change while a guide stays.

use std::io::{self, Write};

use super::{
    facts::most,
    json::{Definitions, Json, closed, list_of, number, object, of_type, text},
};
use crate::{
    document,
    guide::{self, DataType, ElementUse, Guide},
    ndjson,
    record::{Binding, BoundField, Holds, Kind, Spot},
};

/// What a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A file as `convert --to json` gives it, with transaction sets of the guide.
    Document,
    /// One transaction set of such a file.
    Transaction,
    /// A line as `convert --to ndjson` gives it: a claim, payment, acknowledgment or status on its
    /// own.
    Line,
}

/// Writes the JSON Schema of a guide.
///
/// # Errors
/// Output that fails.
pub fn json_schema(guide: &'static Guide, subject: Subject, mut out: impl Write) -> io::Result<()> {
    let mut defs = Definitions::default();
    let (word, root) = match subject {
        Subject::Document => ("document", document_root(guide, &mut defs)),
        Subject::Transaction => ("transaction", transaction(guide, &mut defs)),
        Subject::Line => ("line", line(guide, &mut defs)),
    };
    let mut schema = vec![
        ("$schema".to_owned(), text("https://json-schema.org/draft/2020-12/schema")),
        ("$id".to_owned(), text(&format!("urn:claimwire:{}:{word}", guide.id))),
        ("title".to_owned(), text(&format!("{} {}: {word}", guide.name, guide.title))),
    ];
    if let Json::Object(members) = root {
        schema.extend(members);
    }
    if !defs.list.is_empty() {
        schema.push(("$defs".to_owned(), Json::Object(defs.list)));
    }
    serde_json::to_writer_pretty(&mut out, &Json::Object(schema))?;
    writeln!(out)?;
    out.flush()
}

fn document_root(guide: &'static Guide, defs: &mut Definitions) -> Json {
    let inner = if guide.set == "TA1" {
        of_type("object")
    } else {
        let whole = transaction(guide, defs);
        let whole = defs.refer("transaction", whole);
        let plain = closed(
            vec![
                ("type".into(), of_type("string")),
                ("segments".into(), list_of(of_type("string"))),
                ("latin1".into(), list_of(of_type("integer"))),
            ],
            vec!["type".into(), "segments".into()],
        );
        object([("anyOf", Json::List(vec![whole, defs.refer("plain-transaction", plain)]))])
    };
    let envelope =
        document::interchange_guide().ok().and_then(|guide| guide::by_name(&guide.name)).and_then(Result::ok);
    let interchange = match envelope.and_then(|guide| Some((guide, document::binding(guide)?))) {
        Some((envelope, binding)) => interchange(envelope, binding, &inner, defs),
        None => of_type("object"),
    };
    let interchange = defs.refer("interchange", interchange);
    closed(
        vec![("interchanges".into(), list_of(interchange)), ("trailing".into(), of_type("string"))],
        vec!["interchanges".into()],
    )
}

/// [`Delimiters`](crate::x12::Delimiters).
fn delimiters() -> Json {
    let character = || object([("type", text("string")), ("minLength", number(1)), ("maxLength", number(1))]);
    closed(
        ["element", "component", "repetition", "segment"].map(|name| (name.to_owned(), character())).to_vec(),
        vec!["element".into(), "segment".into()],
    )
}

/// An interchange with its framing.
fn interchange(envelope: &'static Guide, binding: &'static Binding, inner: &Json, defs: &mut Definitions) -> Json {
    let line_break = closed(
        vec![("before_segment".into(), of_type("integer")), ("text".into(), of_type("string"))],
        vec!["before_segment".into(), "text".into()],
    );
    let mut members = vec![
        ("before".to_owned(), of_type("string")),
        ("delimiters".to_owned(), defs.refer("delimiters", delimiters())),
        ("line_break".to_owned(), of_type("string")),
        ("line_breaks".to_owned(), list_of(line_break)),
        ("unterminated".to_owned(), of_type("boolean")),
    ];
    let mut writer = Schemas { guide: envelope, inner: Some(inner.clone()), defs };
    let (properties, _) = writer.properties(&binding.fields());
    members.extend(properties);
    closed(members, Vec::new())
}

fn transaction(guide: &'static Guide, defs: &mut Definitions) -> Json {
    let Some(binding) = document::binding(guide) else {
        return of_type("object");
    };
    let mut writer = Schemas { guide, inner: None, defs };
    let (mut properties, mut required) = writer.properties(&binding.fields());
    if guide.set != "TA1" {
        properties.insert(0, ("type".into(), object([("const", text(&guide.name))])));
        required.insert(0, "type".into());
    }
    closed(properties, required)
}

fn line(guide: &'static Guide, defs: &mut Definitions) -> Json {
    let Some(document) = document::binding(guide) else {
        return of_type("object");
    };
    let Some(form) = ndjson::line_form(guide) else {
        // Of an interchange, the acknowledgments are lines.
        let fields = document.fields().into_iter().find(|field| field.name == "acknowledgments");
        return one_line(guide, "interchange_acknowledgment", Vec::new(), &item_fields(fields), defs);
    };
    let mut levels = Vec::new();
    for (name, binding) in &form.levels {
        let mut writer = Schemas { guide, inner: None, defs };
        let (properties, required) = writer.properties(&binding.fields());
        let node = binding.node();
        let top = node == guide::NodeId::ROOT;
        // What describes the whole file, the one who makes it can fill in.
        let required = if top { Vec::new() } else { required };
        let must = !top && guide.usage(node) == guide::Usage::Required
            || guide.loop_id(node).starts_with("2000") && form.kind != "payment" && *name != "patient";
        let schema = defs.refer(name, closed(properties, required));
        levels.push((*name, schema, must));
    }
    let unit = form.units.last().map(|unit| unit.fields()).unwrap_or_default();
    let main = one_line(guide, form.kind, levels.clone(), &unit, defs);
    if form.kind != "payment" {
        return main;
    }
    let adjustments = document.fields().into_iter().find(|field| field.name == "provider_adjustments");
    levels.retain(|(name, ..)| *name == "remittance");
    let adjustment = one_line(guide, "provider_adjustment", levels, &item_fields(adjustments), defs);
    let (main, adjustment) = (defs.refer("payment", main), defs.refer("provider_adjustment", adjustment));
    object([("anyOf", Json::List(vec![main, adjustment]))])
}

fn item_fields(field: Option<BoundField>) -> Vec<BoundField> {
    match field.map(|field| field.holds) {
        Some(Holds::Record { fields, .. } | Holds::Loop { fields, .. }) => fields,
        _ => Vec::new(),
    }
}

fn one_line(
    guide: &'static Guide,
    kind: &str,
    levels: Vec<(&str, Json, bool)>,
    unit: &[BoundField],
    defs: &mut Definitions,
) -> Json {
    let ids = std::iter::once(&guide.id).chain(&guide.also).map(|id| text(id)).collect();
    let mut members = vec![
        ("kind".to_owned(), object([("const", text(kind))])),
        ("guide".to_owned(), object([("enum", Json::List(ids))])),
        ("source".to_owned(), of_type("object")),
    ];
    let mut required = vec!["kind".to_owned()];
    required.extend(levels.iter().filter(|(_, _, must)| *must).map(|(name, ..)| (*name).to_owned()));
    members.extend(levels.into_iter().map(|(name, schema, _)| (name.to_owned(), schema)));
    let (properties, needed) = Schemas { guide, inner: None, defs }.properties(unit);
    members.extend(properties.into_iter().filter(|(name, _)| name != "guide"));
    required.extend(needed);
    // The status of a whole batch has levels and no claim.
    if kind == "claim_status" {
        required.truncate(1);
    }
    closed(members, required)
}

/// Schemas of fields.
struct Schemas<'d> {
    guide: &'static Guide,
    /// What stands in an envelope.
    inner: Option<Json>,
    defs: &'d mut Definitions,
}

impl Schemas<'_> {
    /// Properties, and the names of those that are required.
    fn properties(&mut self, fields: &[BoundField]) -> (Vec<(String, Json)>, Vec<String>) {
        let properties = fields.iter().map(|field| (field.name.to_owned(), self.field(field))).collect();
        let required = fields.iter().filter(|field| field.required).map(|field| field.name.to_owned()).collect();
        (properties, required)
    }

    fn field(&mut self, field: &BoundField) -> Json {
        let one = match &field.holds {
            Holds::Value(kind) => self.value(*kind, field),
            Holds::Record { fields, .. } => {
                let (properties, required) = self.properties(fields);
                closed(properties, required)
            }
            Holds::Loop { name, node, fields } => {
                let (properties, required) = self.properties(fields);
                let id = self.guide.loop_id(*node).to_owned();
                self.defs.refer(&format!("{name}-{id}"), closed(properties, required))
            }
            Holds::Outside => self.inner.clone().unwrap_or_else(|| of_type("object")),
            Holds::Layout => {
                let layout = layout();
                self.defs.refer("layout", layout)
            }
        };
        if !field.many {
            return one;
        }
        let mut members = vec![("type".to_owned(), text("array")), ("items".to_owned(), one)];
        if field.required {
            members.push(("minItems".to_owned(), number(1)));
        }
        if let Some(most) = field.most {
            members.push(("maxItems".to_owned(), number(most)));
        }
        Json::Object(members)
    }

    fn value(&mut self, kind: Kind, field: &BoundField) -> Json {
        // The items of a list may differ in their codes and lengths: any of them will do.
        let elements: Vec<&ElementUse> = field
            .spots
            .iter()
            .filter_map(|spot| self.guide.segment(spot.node)?.element(spot.element, spot.component))
            .collect();
        let (Some(spot), Some(element)) = (field.spots.first().copied(), elements.first()) else {
            return of_type("string");
        };
        let mut members = match kind {
            Kind::Text => text_of(&elements),
            Kind::Decimal => decimal_of(&elements),
            Kind::Number => number_of(&elements),
            Kind::Flag => flag_of(&elements),
            Kind::Date => date(),
            Kind::Time => time(),
            Kind::When => self.when(spot),
            Kind::Record(_) | Kind::Outside | Kind::Layout => Vec::new(),
        };
        members.push(("description", text(&self.describe(spot, element))));
        if !element.lists.is_empty() {
            members.push(("x-code-lists", Json::List(element.lists.iter().map(|name| text(name)).collect())));
        }
        Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// A date, time or period, as the format qualifier before it allows.
    fn when(&mut self, spot: Spot) -> Members {
        let before = match spot.component {
            0 => (spot.element.saturating_sub(1), 0),
            component => (spot.element, component - 1),
        };
        let codes = self
            .guide
            .segment(spot.node)
            .and_then(|segment| segment.element(before.0, before.1))
            .map(|element| element.codes.clone())
            .unwrap_or_default();
        let allowed = |code: &str| codes.is_empty() || codes.iter().any(|known| known == code);
        let mut forms = Vec::new();
        for (code, form) in [("D8", date()), ("DT", date_time()), ("TM", time())] {
            if allowed(code) {
                forms.push(form);
            }
        }
        let mut forms: Vec<Json> = forms
            .into_iter()
            .map(|form| Json::Object(form.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
            .collect();
        if allowed("RD8") {
            let day = || object([("type", text("string")), ("format", text("date"))]);
            let period = closed(vec![("from".into(), day()), ("to".into(), day())], vec!["from".into(), "to".into()]);
            forms.push(self.defs.refer("period", period));
        }
        vec![("anyOf", Json::List(forms))]
    }

    /// `2300/CLM05-1 Place of Service Code`
    fn describe(&self, spot: Spot, element: &ElementUse) -> String {
        let id = self.guide.loop_id(spot.node);
        let slash = if id.is_empty() { "" } else { "/" };
        let place = element.designator(&self.guide.designator(spot.node));
        format!("{id}{slash}{place} {}", element.name)
    }
}

type Members = Vec<(&'static str, Json)>;

/// The codes of elements all of which list theirs.
fn codes_of<'e>(elements: &[&'e ElementUse]) -> Vec<&'e str> {
    if elements.iter().any(|element| element.codes.is_empty()) {
        return Vec::new();
    }
    let mut codes: Vec<&str> = Vec::new();
    for code in elements.iter().flat_map(|element| &element.codes) {
        if !codes.contains(&code.as_str()) {
            codes.push(code);
        }
    }
    codes
}

fn text_of(elements: &[&ElementUse]) -> Members {
    let mut members = vec![("type", text("string"))];
    let codes = codes_of(elements);
    if !codes.is_empty() {
        // An identifier of a guide is as good as another of the same guide.
        let also = codes
            .iter()
            .filter_map(|code| guide::by_id(code))
            .filter_map(Result::ok)
            .flat_map(|guide| guide.also.iter().map(String::as_str));
        members.push(("enum", Json::List(codes.iter().copied().chain(also).map(text).collect())));
        return members;
    }
    // The interchange's own elements are padded in X12 and stand without padding here.
    let padded = elements.iter().any(|element| element.data.number.starts_with('I'));
    let fewest = elements.iter().map(|element| element.data.min).min().unwrap_or(0);
    if !padded && fewest > 1 {
        members.push(("minLength", number(fewest)));
    }
    members.push(("maxLength", number(elements.iter().map(|element| most(element)).max().unwrap_or(u16::MAX))));
    if let [ElementUse { pattern: Some(pattern), .. }] = elements {
        members.push(("pattern", text(&format!("^(?:{pattern})$"))));
    }
    members
}

fn decimal_of(elements: &[&ElementUse]) -> Members {
    let digits = elements.iter().map(|element| most(element)).max().unwrap_or(1).max(1);
    let decimals_of = |element: &&ElementUse| match element.data.kind {
        DataType::Integer(_) => 0,
        _ => element.decimals.map_or(digits, u16::from),
    };
    let decimals = elements.iter().map(decimals_of).max().unwrap_or(digits);
    let fraction = if decimals == 0 { String::new() } else { format!("(\\.[0-9]{{1,{decimals}}})?") };
    vec![("type", text("string")), ("pattern", text(&format!("^-?[0-9]{{1,{digits}}}{fraction}$")))]
}

fn number_of(elements: &[&ElementUse]) -> Members {
    let codes: Vec<u32> = codes_of(elements).iter().filter_map(|code| code.parse().ok()).collect();
    if codes.is_empty() {
        return vec![("type", text("integer")), ("minimum", number(0))];
    }
    vec![("type", text("integer")), ("enum", Json::List(codes.into_iter().map(number).collect()))]
}

fn flag_of(elements: &[&ElementUse]) -> Members {
    let codes = codes_of(elements);
    if codes.is_empty() || codes.contains(&"N") || codes.contains(&"0") {
        vec![("type", text("boolean"))]
    } else {
        vec![("const", Json::Value(true.into()))]
    }
}

fn date() -> Members {
    vec![("type", text("string")), ("format", text("date"))]
}

fn date_time() -> Members {
    vec![
        ("type", text("string")),
        ("pattern", text("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,2})?)?$")),
    ]
}

fn time() -> Members {
    vec![("type", text("string")), ("pattern", text("^[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,2})?)?$"))]
}

/// [`Layout`](crate::record::Layout).
fn layout() -> Json {
    let integer = || of_type("integer");
    let string = || of_type("string");
    let flag = || of_type("boolean");
    let verbatim = closed(
        vec![
            ("item".into(), integer()),
            ("text".into(), string()),
            ("instead_of".into(), string()),
            ("latin1".into(), flag()),
        ],
        vec!["item".into(), "text".into(), "instead_of".into()],
    );
    let unplaced = closed(
        vec![
            ("item".into(), integer()),
            ("position".into(), integer()),
            ("text".into(), string()),
            ("latin1".into(), flag()),
        ],
        vec!["item".into(), "text".into()],
    );
    let runs = object([("type", text("object")), ("additionalProperties", list_of(integer()))]);
    closed(
        vec![
            ("delimiters".into(), delimiters()),
            ("order".into(), list_of(string())),
            ("runs".into(), runs),
            ("verbatim".into(), list_of(verbatim)),
            ("unplaced".into(), list_of(unplaced)),
        ],
        Vec::new(),
    )
}
