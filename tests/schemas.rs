//! The JSON Schemas of the guides: sound in themselves, and true of the documents and lines that
//! files of the corpus become.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use claimwire::{
    document,
    guide::{Guide, NAMES, by_name},
    guidebook::{self, Subject},
    ndjson,
};
use serde_json::Value;

fn guides() -> impl Iterator<Item = &'static Guide> {
    NAMES.iter().map(|name| guide(name))
}

fn guide(name: &str) -> &'static Guide {
    by_name(name).expect("listed").unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn documents_and_lines_of_the_corpus_agree_with_the_schemas() {
    let Some(root) = corpus() else {
        println!("skipped: no corpus at CLAIMWIRE_CORPUS or ../shared/corpus");
        return;
    };
    let of =
        |subject| guides().map(|guide| (guide.name.clone(), Schema::of(guide, subject))).collect::<BTreeMap<_, _>>();
    let (sets, lines) = (of(Subject::Transaction), of(Subject::Line));
    let envelope = Schema::of(guide("TA1"), Subject::Document);
    let whole = of(Subject::Document);
    let index = fs::read_to_string(root.join("INDEX.tsv")).expect("an index");
    let (mut wrong, mut agreed) = (Vec::new(), 0);
    for row in index.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (path, id, gold) = (columns[0], columns[3], columns[13]);
        let bytes = fs::read(root.join(path)).expect("readable");
        let mut json = Vec::new();
        if document::read(&bytes[..], &mut json).is_err() {
            continue;
        }
        let document: Value = serde_json::from_slice(&json).expect("JSON");
        let described: Vec<&Value> = transaction_sets(&document).filter(|set| set.get("segments").is_none()).collect();
        let kinds: BTreeSet<&str> = described.iter().filter_map(|set| set["type"].as_str()).collect();
        let mut found = match kinds.iter().copied().collect::<Vec<_>>().as_slice() {
            [only] => whole[*only].check(&document),
            _ => envelope.check(&document),
        };
        if kinds.len() > 1 {
            found.extend(described.iter().flat_map(|set| sets[set["type"].as_str().expect("a type")].check(set)));
        }
        let mut ndjson = Vec::new();
        if ndjson::read(&bytes[..], &mut ndjson, None).is_ok() {
            for line in ndjson.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
                let line: Value = serde_json::from_slice(line).expect("JSON");
                let name = match line["kind"].as_str().expect("a kind") {
                    "professional" => "837P",
                    "institutional" => "837I",
                    "dental" => "837D",
                    "payment" | "provider_adjustment" => "835",
                    "acknowledgment" => "999",
                    "claim_status" => "277CA",
                    "interchange_acknowledgment" => "TA1",
                    other => panic!("{other}"),
                };
                found.extend(lines[name].check(&line));
            }
        }
        // Codes, lengths and what is required are the file's business, unless it is known to be good.
        let good = gold == "valid" && guides().any(|guide| guide.accepts(id));
        agreed += usize::from(good && found.is_empty());
        wrong.extend(found.into_iter().filter(|one| one.shape || good).map(|one| format!("{path} {}", one.what)));
    }
    println!("{agreed} files that are known to be valid agree with their schemas");
    assert!(wrong.is_empty(), "{} disagreements:\n{}", wrong.len(), wrong.join("\n"));
    assert!(agreed > 50, "{agreed}");
}

#[test]
fn the_samples_agree_with_the_schemas() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let (mut files, mut wrong) = (0, Vec::new());
    let folders = ["837p", "837i", "837d", "835", "999", "277ca"].map(|name| fs::read_dir(folder.join(name)));
    for entry in folders.into_iter().flat_map(|entries| entries.expect("a folder").flatten()) {
        if entry.path().extension().is_none_or(|kind| kind != "x12") {
            continue;
        }
        let bytes = fs::read(entry.path()).expect("readable");
        let mut json = Vec::new();
        if document::read(&bytes[..], &mut json).is_err() {
            continue;
        }
        let document: Value = serde_json::from_slice(&json).expect("JSON");
        let kinds: BTreeSet<&str> = transaction_sets(&document).filter_map(|set| set["type"].as_str()).collect();
        for kind in kinds {
            files += 1;
            let found = Schema::of(guide(kind), Subject::Document).check(&document);
            wrong.extend(found.into_iter().map(|one| format!("{:?} {}", entry.file_name(), one.what)));
        }
    }
    assert!(files > 80 && wrong.is_empty(), "{files} files, disagreements:\n{}", wrong.join("\n"));
}

fn transaction_sets(document: &Value) -> impl Iterator<Item = &Value> {
    document["interchanges"].as_array().into_iter().flatten().flat_map(|interchange| {
        let groups = interchange.get("groups").and_then(Value::as_array).into_iter().flatten();
        let inner = groups.filter_map(|group| group.get("transactions")?.as_array()).flatten();
        interchange.get("transactions").and_then(Value::as_array).into_iter().flatten().chain(inner)
    })
}

fn corpus() -> Option<PathBuf> {
    let named = std::env::var_os("CLAIMWIRE_CORPUS").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    [named, Some(beside)].into_iter().flatten().find(|path| path.join("INDEX.tsv").is_file())
}

/// Where JSON and its schema disagree.
#[derive(Debug)]
struct Disagreement {
    /// Names, nesting or types; else codes, lengths, counts, what is required.
    shape: bool,
    what: String,
}

/// A validator for what the schemas here use of JSON Schema.
struct Schema {
    root: Value,
}

impl Schema {
    fn of(guide: &'static Guide, subject: Subject) -> Self {
        let mut text = Vec::new();
        guidebook::json_schema(guide, subject, &mut text).expect("written");
        Self { root: serde_json::from_slice(&text).expect("JSON") }
    }

    fn check(&self, value: &Value) -> Vec<Disagreement> {
        let mut found = Vec::new();
        self.walk(&self.root, value, "", &mut found);
        found
    }

    fn walk(&self, schema: &Value, value: &Value, at: &str, found: &mut Vec<Disagreement>) {
        let mut say = |shape: bool, what: String| found.push(Disagreement { shape, what: format!("{at}: {what}") });
        let members = schema.as_object().expect("a schema");
        for (word, rule) in members {
            match word.as_str() {
                "$ref" => {
                    let name = rule.as_str().and_then(|text| text.strip_prefix("#/$defs/")).expect("a definition");
                    return self.walk(
                        self.root["$defs"].get(name).unwrap_or_else(|| panic!("{at}: no definition {name}")),
                        value,
                        at,
                        found,
                    );
                }
                "type" => {
                    let fits = match rule.as_str() {
                        Some("object") => value.is_object(),
                        Some("array") => value.is_array(),
                        Some("string") => value.is_string(),
                        Some("integer") => value.is_u64(),
                        Some("boolean") => value.is_boolean(),
                        _ => panic!("{at}: type {rule}"),
                    };
                    if !fits {
                        return say(true, format!("expected {rule}"));
                    }
                }
                "const" if value != rule => say(false, format!("expected {rule}")),
                "enum" if !rule.as_array().expect("a list").contains(value) => {
                    say(false, format!("{value} is none of {rule}"))
                }
                "minLength" if characters(value) < rule.as_u64() => say(false, format!("shorter than {rule}")),
                "maxLength" if characters(value) > rule.as_u64() => say(false, format!("longer than {rule}")),
                "minItems" if value.as_array().map(|items| items.len() as u64) < rule.as_u64() => {
                    say(false, format!("fewer than {rule}"))
                }
                "maxItems" if value.as_array().map(|items| items.len() as u64) > rule.as_u64() => {
                    say(false, format!("more than {rule}"))
                }
                "pattern"
                    if !value.as_str().is_some_and(|text| matches_pattern(rule.as_str().expect("a pattern"), text)) =>
                {
                    say(false, format!("{value} is not {rule}"))
                }
                "format" if value.as_str().is_some_and(|text| text.parse::<claimwire::record::Date>().is_err()) => {
                    say(true, "no date".into())
                }
                "required" => {
                    let missing = rule
                        .as_array()
                        .expect("names")
                        .iter()
                        .filter_map(Value::as_str)
                        .filter(|name| value.get(name).is_none());
                    for name in missing.collect::<Vec<_>>() {
                        say(false, format!("`{name}` is missing"));
                    }
                }
                "anyOf" => {
                    let tries = rule.as_array().expect("schemas").iter().map(|schema| {
                        let mut inner = Vec::new();
                        self.walk(schema, value, at, &mut inner);
                        inner
                    });
                    // Of the forms, the one that comes nearest speaks.
                    let best = tries
                        .min_by_key(|inner| (inner.iter().filter(|one| one.shape).count(), inner.len()))
                        .unwrap_or_default();
                    let scalar = value.is_string() || value.get("from").is_some();
                    found.extend(best.into_iter().map(|one| Disagreement { shape: one.shape && !scalar, ..one }));
                    return;
                }
                "const"
                | "enum"
                | "minLength"
                | "maxLength"
                | "minItems"
                | "maxItems"
                | "minimum"
                | "pattern"
                | "format"
                | "properties"
                | "items"
                | "additionalProperties" => {}
                "description" | "title" | "x-code-lists" | "$schema" | "$id" | "$defs" => {}
                other => panic!("{at}: unknown word {other}"),
            }
        }
        if let Value::Object(object) = value {
            for (name, inner) in object {
                let path = format!("{at}.{name}");
                match (schema["properties"].get(name), schema.get("additionalProperties")) {
                    (Some(property), _) => self.walk(property, inner, &path, found),
                    (None, Some(Value::Object(_))) => self.walk(&schema["additionalProperties"], inner, &path, found),
                    (None, Some(Value::Bool(false))) => {
                        found.push(Disagreement { shape: true, what: format!("{path}: no such field") })
                    }
                    _ => {}
                }
            }
        }
        if let (Value::Array(items), Some(inner)) = (value, schema.get("items")) {
            for item in items {
                self.walk(inner, item, &format!("{at}[]"), found);
            }
        }
    }
}

fn characters(value: &Value) -> Option<u64> {
    value.as_str().map(|text| text.chars().count() as u64)
}

/// Whether a text is as a pattern says: `^-?[0-9]{1,18}(\.[0-9]{1,2})?$` and the like.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    fn sequence(pattern: &[char], text: &[char], then: &mut dyn FnMut(&[char]) -> bool) -> bool {
        let Some((atom, rest)) = split_atom(pattern) else {
            return then(text);
        };
        let (min, max, rest) = match rest {
            ['?', rest @ ..] => (0, 1, rest),
            ['{', rest @ ..] => {
                let end = rest.iter().position(|&character| character == '}').expect("a closing brace");
                let counts: String = rest[..end].iter().collect();
                let (min, max) = counts.split_once(',').unwrap_or((&counts, &counts));
                (min.parse().expect("a number"), max.parse().expect("a number"), &rest[end + 1..])
            }
            rest => (1, 1, rest),
        };
        repeated(atom, min, max, text, &mut |text| sequence(rest, text, then))
    }
    fn repeated(atom: &[char], min: usize, max: usize, text: &[char], then: &mut dyn FnMut(&[char]) -> bool) -> bool {
        if max > 0 && one(atom, text, &mut |text| repeated(atom, min.saturating_sub(1), max - 1, text, then)) {
            return true;
        }
        min == 0 && then(text)
    }
    fn one(atom: &[char], text: &[char], then: &mut dyn FnMut(&[char]) -> bool) -> bool {
        match atom {
            ['(', '?', ':', inner @ .., ')'] | ['(', inner @ .., ')'] => sequence(inner, text, then),
            ['[', '0', '-', '9', ']'] => text.first().is_some_and(char::is_ascii_digit) && then(&text[1..]),
            ['\\', literal] | [literal] => text.first() == Some(literal) && then(&text[1..]),
            other => panic!("{other:?}"),
        }
    }
    fn split_atom(pattern: &[char]) -> Option<(&[char], &[char])> {
        let length = match pattern.first()? {
            '\\' => 2,
            '[' => pattern.iter().position(|&character| character == ']')? + 1,
            '(' => {
                let mut depth = 0;
                pattern.iter().position(|&character| {
                    depth += i32::from(character == '(') - i32::from(character == ')');
                    depth == 0
                })? + 1
            }
            _ => 1,
        };
        Some(pattern.split_at(length))
    }
    let inner: Vec<char> = pattern
        .strip_prefix('^')
        .and_then(|rest| rest.strip_suffix('$'))
        .expect("an anchored pattern")
        .chars()
        .collect();
    let text: Vec<char> = text.chars().collect();
    sequence(&inner, &text, &mut |rest| rest.is_empty())
}

#[test]
fn patterns_are_matched_as_meant() {
    let decimal = "^-?[0-9]{1,3}(\\.[0-9]{1,2})?$";
    for good in ["1", "-12.50", "999.9"] {
        assert!(matches_pattern(decimal, good), "{good}");
    }
    for bad in ["", "1234", "1.", "1.234", ".5", "1x", "+1"] {
        assert!(!matches_pattern(decimal, bad), "{bad}");
    }
    assert!(matches_pattern("^(?:[0-9]{9})$", "123456789") && !matches_pattern("^(?:[0-9]{9})$", "12345678"));
}

#[test]
fn schemas_refer_to_what_they_define() {
    for guide in guides() {
        for subject in [Subject::Document, Subject::Transaction, Subject::Line] {
            let Schema { root } = Schema::of(guide, subject);
            let text = root.to_string();
            let referred: BTreeSet<&str> =
                text.split("\"$ref\":\"#/$defs/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
            let defined: BTreeSet<&str> =
                root["$defs"].as_object().map(|all| all.keys().map(String::as_str).collect()).unwrap_or_default();
            assert_eq!(referred, defined, "{} {subject:?}", guide.name);
        }
    }
}
