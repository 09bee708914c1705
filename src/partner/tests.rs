use std::{fs, path::Path};

use jiff::SignedDuration;

use super::*;
use crate::{acknowledge, record::write::Style};

fn refused(text: &str) -> String {
    Partner::parse(text).map(|_| ()).expect_err(text).to_string()
}

/// Settings that cannot be, and what is said of them.
const REFUSED: &[(&str, &str)] = &[
    ("name = \"Acme\"", "name = \"Acme\": allowed is 1 to 64 lower-case letters, digits and dashes, the first no dash"),
    ("name = \"../x\"", "name = \"../x\": allowed is"),
    ("name = \"-x\"", "name = \"-x\": allowed is"),
    ("name = \"\"", "name = \"\": allowed is"),
    ("sender_id = \"\"", "sender_id = \"\": allowed is 1 to 15 printable characters (ISA06)"),
    ("sender_id = \"0123456789ABCDEF\"", "sender_id = \"0123456789ABCDEF\": allowed is 1 to 15"),
    ("sender_id = \" A\"", "no blank at either end"),
    ("sender_id = \"\\u00c9COLE\"", "1 to 15 printable characters"),
    ("receiver_id = \"\"", "(ISA08)"),
    ("group_sender_id = \"\"", "(GS02)"),
    ("group_receiver_id = \"\"", "(GS03)"),
    (
        "sender_qualifier = \"Z\"",
        "sender_qualifier = \"Z\": allowed is two letters or digits (ISA05), such as ZZ or 30",
    ),
    ("receiver_qualifier = \"Z-\"", "receiver_qualifier = \"Z-\": allowed is two letters or digits (ISA07)"),
    ("payers = [\"A\", \"A\"]", "payers = \"A\": allowed is 1 to 80 printable characters (NM109)"),
    ("payers = [\"\"]", "payers = \"\": allowed is"),
    ("control_number = 0", "control_number = 0: allowed is 1 to 999999999 (ISA13)"),
    ("guide = \"nonsense\"", "guide = \"nonsense\": allowed is an identifier of a guide that this program has"),
    ("guides = { 850 = \"x\" }", "guides.850 = \"x\": allowed is guides are 837P"),
    ("guides = { 837P = \"005010X223A2\" }", "guides.837P = \"005010X223A2\": allowed is an identifier of 837P"),
    ("guides = { 837P = \"005010X222A1\", 837p = \"005010X222A1\" }", "each guide once; 837P is named twice"),
    ("claims_per_transaction = 0", "claims_per_transaction = 0: allowed is at least 1"),
    ("claims_per_transaction = 5\n[limits]\nclaims_per_transaction = 5", "said in [limits] too"),
    ("delimiters = \"**:~\"", "delimiters = \"**:~\": allowed is four different characters"),
    ("delimiters = \"*^:\"", "allowed is four different characters"),
    ("delimiters = \"A^:~\"", "none of them a letter, a digit or a blank"),
    ("delimiters = \"*^\\u00e9\"", "allowed is four different characters"),
    (
        "replace_delimiters = \"*\"",
        "replace_delimiters = *: allowed is a printable ASCII character that is no delimiter",
    ),
    ("replace_delimiters = \"\\u00e9\"", "a printable ASCII character"),
    ("[limits]\ntransactions_per_group = 0", "limits.transactions_per_group = 0: allowed is at least 1"),
    ("[limits]\ngroups_per_interchange = 0", "limits.groups_per_interchange = 0"),
    ("[limits]\ninterchanges_per_file = 0", "limits.interchanges_per_file = 0"),
    ("[limits]\nclaims_per_file = 0", "limits.claims_per_file = 0"),
    ("[limits]\nbytes_per_file = 999", "limits.bytes_per_file = 999: allowed is at least 1000"),
    ("[limits]\nbatch_wait = \"-1s\"", "allowed is \"0s\" to \"168h\""),
    ("[limits]\nbatch_wait = \"200h\"", "limits.batch_wait = \"200h\": allowed is \"0s\" to \"168h\""),
    ("[limits]\nbatch_wait = \"soon\"", "line 2: batch_wait: "),
    ("[limits]\nover = \"drop\"", "line 2: over: unknown variant `drop`, expected `split` or `refuse`"),
    (
        "[characters]\nset = \"ebcdic\"",
        "line 2: set: unknown variant `ebcdic`, expected one of `basic`, `extended`, `utf8`",
    ),
    (
        "control_numbers = { group = { first = 9, last = 9 } }",
        "control_numbers.group = { first = 9, last = 9 }: allowed",
    ),
    (
        "control_numbers = { interchange = { first = 0 } }",
        "control_numbers.interchange = { first = 0, last = 999999999 }",
    ),
    ("control_numbers = { group = { last = 1000000000 } }", "1 to 999999999, the first below the last"),
    ("duplicates = { batch = { days = 3661 } }", "duplicates.batch.days = 3661: allowed is 0 to 3660 days"),
    ("duplicates = { batch = { days = 3, then = \"ask\" } }", "unknown variant `ask`, expected `refuse` or `warn`"),
    ("duplicates = { batch = 3 }", "line 1: duplicates: "),
    ("[checking]\nlevel = 8", "checking.level = 8: allowed is 1 to 7"),
    ("[checking]\nlevel = 0", "checking.level = 0: allowed is 1 to 7"),
    ("[checking]\ncompanions = [\"\"]", "checking.companions = \"\": allowed is a path"),
    ("[checking]\nsuspend = \"file\"", "unknown variant `file`, expected `transaction` or `interchange`"),
    ("[rules]\n\"claim.charge.sums\" = \"off\"", "rules.claim.charge.sums = off: allowed is nothing here is called"),
    ("[rules]\n\"claim.charge.sum\" = \"maybe\"", "unknown variant `maybe`"),
    ("[acknowledgments.owed]\nta1 = \"maybe\"", "expected one of `never`, `if_due`, `always`"),
    ("[acknowledgments.owed]\nas = \"provider\"", "expected `payer` or `clearinghouse`"),
    ("[acknowledgments.expected]\n999 = \"0s\"", "acknowledgments.expected.999 = \"0s\": allowed is \"1s\" to"),
    ("[acknowledgments.expected]\n277ca = \"9000h\"", "acknowledgments.expected.277ca = \"9000h\""),
    ("[acknowledgments.expected]\nta1 = \"2 business days\"", "hours, minutes and seconds"),
    ("[credentials]\nuser = \"a:b\"", "credentials.user = \"a:b\": allowed is 1 to 64 bytes, no control character"),
    ("[credentials]\nuser = \"a\"", "allowed is a user with a password_hash beside it"),
    ("[credentials]\npassword_hash = \"secret\"", "line 2: password_hash: an Argon2 hash is allowed"),
    ("[credentials]\npassword_hash = \"$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA\"", "with its user beside it"),
    ("[credentials]\npassword = \"secret\"", "line 2: password: unknown field `password`"),
    (
        "[credentials]\ncertificates = [\"abc\"]",
        "\"abc\": allowed is the SHA-256 of a certificate, 64 hexadecimal digits",
    ),
    (
        "[credentials]\nsender_ids = [{ qualifier = \"Z\", id = \"A\" }]",
        "credentials.sender_ids = { qualifier = \"Z\", id",
    ),
    ("file_name = \"claims.x12\"", "\"claims.x12\": allowed is a name that holds {isa13} or {id}"),
    ("file_name = \"../{id}\"", "allowed is letters, digits, dots, dashes and underscores, and the fields {partner}"),
    ("file_name = \"{id}{user}\"", "allowed is the fields {partner}, {sender}"),
    ("file_name = \"{id\"", "a `}` for each `{`"),
    ("file_name = \".{id}\"", "a name that does not begin with a dot"),
    ("send_by = \"core\"", "send_by = \"core\": allowed is a channel that there is a section of"),
    ("send_by = \"mail\"", "unknown variant `mail`, expected one of `core`, `stream`, `folder`"),
    ("[core]\n[stream]", "with several sections it must be said which one sends"),
    ("sender = \"A\"", "line 1: sender: unknown field `sender`, expected one of `name`"),
    ("usage = \"T\"", "line 1: usage: unknown variant `T`, expected `test` or `production`"),
    ("sender_id = 5", "line 1: sender_id: invalid type: integer `5`, expected a string"),
    ("line_break = \"cr\"", "line 1: line_break: unknown variant `cr`"),
    ("acknowledgment_requested = \"yes\"", "line 1: acknowledgment_requested: invalid type"),
];

#[test]
fn settings_that_cannot_be_are_refused_with_what_is_allowed() {
    for (text, message) in REFUSED {
        let said = refused(text);
        assert!(said.contains(message), "{text}\n  says {said}\n  not  {message}");
        assert!(!said.contains("secret"), "{said}");
    }
}

#[test]
fn nothing_said_is_what_is_usual() {
    let partner = Partner::parse("").unwrap();
    assert_eq!((partner.name(), partner.usage(), partner.claims_per_transaction()), ("partner", Usage::Test, 5000));
    assert_eq!(partner.style().unwrap().line_break, Style::default().line_break);
    assert_eq!(partner.checking().usage, None);
    assert_eq!(partner.duplicates.interchange, Window { days: 365, then: OnDuplicate::Refuse });
    assert_eq!(partner.duplicates.transaction.days, 0);
    assert_eq!(partner.acknowledgments.expected.ta1, None);
    assert_eq!(partner.acknowledgments.expected.functional, Some(SignedDuration::from_hours(72)));
    assert_eq!(partner.control_numbers.group, Range { first: 1, last: 999_999_999 });
    assert_eq!(partner.sends_by(), None);
    assert_eq!(Partner { file: None, ..partner }, Partner::default());
}

#[test]
fn test_and_production_are_kept_apart() {
    let test = Partner::parse("usage = \"test\"").unwrap();
    let production = Partner::parse("usage = \"production\"").unwrap();
    for (partner, isa15, channel, agrees) in [
        (&test, "T", None, true),
        (&test, "P", None, false),
        (&test, "T", Some(Usage::Test), true),
        (&test, "T", Some(Usage::Production), false),
        (&production, "P", Some(Usage::Production), true),
        (&production, "P", Some(Usage::Test), false),
        (&production, "T", None, false),
        (&production, "PP", None, false),
        (&production, "", None, false),
        (&production, "\u{1b}", None, false),
    ] {
        assert_eq!(partner.agrees(isa15, channel).is_ok(), agrees, "{isa15:?} {channel:?}");
    }
    let said = production.agrees("T", None).unwrap_err().to_string();
    assert_eq!(said, "ISA15 is T, and production data (P) is agreed with the partner");
}

#[test]
fn each_guide_has_its_identifier() {
    let partner = Partner::parse("guides = { 837p = \"005010X222A2\", 837I = \"005010X223A3\" }").unwrap();
    assert_eq!(partner.options_for("837P").unwrap().guide.as_deref(), Some("005010X222A2"));
    assert_eq!(partner.guide_id("837i"), Some("005010X223A3"));
    assert_eq!(partner.guide_id("835"), None);
    let partner = Partner::parse("guide = \"005010X222\"").unwrap();
    assert_eq!((partner.guide_id("837P"), partner.guide_id("837I")), (Some("005010X222"), None));
    assert_eq!(partner.options().unwrap().guide.as_deref(), Some("005010X222"));
}

#[test]
fn a_connector_reads_its_section() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Folder {
        drop: PathBuf,
    }
    let partner = Partner::parse("[folder]\ndrop = \"out\"").unwrap();
    assert_eq!(partner.sends_by(), Some(Channel::Folder));
    assert_eq!(partner.channel::<Folder>(Channel::Folder).unwrap(), Some(Folder { drop: "out".into() }));
    assert_eq!(partner.channel::<Folder>(Channel::Core).unwrap(), None);
    let error = Partner::parse("[folder]\ndorp = \"out\"").unwrap().channel::<Folder>(Channel::Folder).unwrap_err();
    assert!(error.to_string().starts_with("[folder]: unknown field `dorp`"), "{error}");
}

#[test]
fn files_are_named_by_a_template() {
    let partner = Partner::parse(
        "name = \"acme\"\nsender_id = \"A/B C\"\nreceiver_id = \"..\"\nusage = \"production\"\n\
         file_name = \"{receiver}HIPAA.{sender}_{partner}.{usage}.{content}.{date}{time}.{isa13}.{id}.{ext}\"",
    )
    .unwrap();
    let created = jiff::civil::date(2026, 1, 15).at(10, 23, 5, 0);
    let named = Named { content: "837P", created, isa13: "000000001", id: "../../etc/x" };
    let name = partner.file_name(&named);
    assert_eq!(name, "_..HIPAA.A_B_C_acme.P.837P.20260115102305.000000001..._.._etc_x.837");
    let usual = Partner::parse("name = \"acme\"").unwrap();
    assert_eq!(usual.file_name(&Named { id: "7", ..named }), "acme-837P-20260115-102305-7.837");
    let long = "x".repeat(500);
    assert_eq!(usual.file_name(&Named { id: &long, ..named }).len(), 200);
}

#[test]
fn character_sets_grow() {
    let has = |set: CharacterSet, text: &str| text.chars().filter(|c| set.has(*c)).collect::<String>();
    assert_eq!(has(CharacterSet::Basic, "Az#\u{e9}\u{7} ?"), "A ?");
    assert_eq!(has(CharacterSet::Extended, "Az#\u{e9}\u{7} ?"), "Az# ?");
    assert_eq!(has(CharacterSet::Utf8, "Az#\u{e9}\u{7} ?"), "Az#\u{e9} ?");
}

#[test]
fn passwords_are_not_shown() {
    let hash = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA";
    let partner = Partner::parse(&format!("[credentials]\nuser = \"a\"\npassword_hash = \"{hash}\"")).unwrap();
    assert_eq!(partner.credentials.password_hash.as_ref().unwrap().as_str(), hash);
    assert!(!format!("{partner:?}").contains("argon2"));
}

fn samples() -> Partners {
    Partners::load(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/partners")).unwrap()
}

#[test]
fn the_samples_load_and_are_found_by_whatever_tells_who_they_are() {
    let partners = samples();
    let names: Vec<_> = partners.iter().map(|partner| partner.name()).collect();
    assert_eq!(names, ["bayside-clinic", "harbor-health"]);
    let clinic = partners.by_name("bayside-clinic").unwrap();
    for found in [
        partners.by_interchange_id(Usage::Test, "ZZ", "BAYSIDE01      "),
        partners.by_interchange_id(Usage::Test, "ZZ", "BAYSIDE02"),
        partners.by_user("bayside"),
        partners.by_certificate(&clinic.credentials.certificates[0].0),
        partners.by_certificate(&clinic.credentials.certificates[1].0),
    ] {
        assert_eq!(found.map(|partner| partner.name()), Some("bayside-clinic"));
    }
    assert!(clinic.sends_as("ZZ", "BAYSIDE02") && !clinic.sends_as("30", "BAYSIDE02"));
    assert!(partners.by_interchange_id(Usage::Production, "ZZ", "BAYSIDE01").is_none());
    let payer = partners.by_payer(Usage::Production, "HARBOR01").unwrap();
    assert_eq!(payer.name(), "harbor-health");
    assert_eq!(partners.checking("harbor-health").unwrap().library.companions().len(), 1);
    assert_eq!(clinic.answers().kinds.interchange, acknowledge::Owed::Always);
}

#[test]
fn what_tells_partners_apart_belongs_to_one() {
    let print = "ab".repeat(32);
    let user = "user = \"u\"\npassword_hash = \"$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA\"";
    for (one, other, what) in [
        ("name = \"x\"".to_owned(), "name = \"x\"".to_owned(), "the name \"x\""),
        ("receiver_id = \"X\"".into(), "receiver_id = \"X\"".into(), "the interchange id ZZ \"X\" for test"),
        (
            "receiver_id = \"X\"".into(),
            "[credentials]\nsender_ids = [{ qualifier = \"ZZ\", id = \"X\" }]".into(),
            "the interchange id ZZ \"X\" for test",
        ),
        ("payers = [\"P\"]".into(), "payers = [\"P\"]".into(), "the payer \"P\" for test"),
        (format!("[credentials]\n{user}"), format!("[credentials]\n{user}"), "the user \"u\""),
        (
            format!("[credentials]\ncertificates = [\"{print}\"]"),
            format!("usage = \"production\"\n[credentials]\ncertificates = [\"{}\"]", print.to_uppercase()),
            "the certificate abab",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.toml"), one).unwrap();
        fs::write(folder.path().join("b.toml"), other).unwrap();
        let said = Partners::load(folder.path()).unwrap_err().to_string();
        for part in [what, "a.toml", "b.toml"] {
            assert!(said.contains(part), "{said}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.toml"), "receiver_id = \"X\"\nusage = \"test\"").unwrap();
    fs::write(folder.path().join("b.toml"), "receiver_id = \"X\"\nusage = \"production\"").unwrap();
    let partners = Partners::load(folder.path()).unwrap();
    let found = |usage| partners.by_interchange_id(usage, "ZZ", "X").map(|partner| partner.name());
    assert_eq!((found(Usage::Test), found(Usage::Production)), (Some("a"), Some("b")));
}

#[test]
fn a_bad_new_set_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let (file, guide) = (folder.path().join("a.toml"), folder.path().join("a.guide"));
    fs::write(&guide, "guide A extends 837P  Of A\nlimit claims-per-file 7\n").unwrap();
    fs::write(&file, "payers = [\"P\"]\nchecking = { companions = [\"a.guide\"] }").unwrap();
    fs::write(folder.path().join(".b.toml"), "nonsense").unwrap();
    fs::write(folder.path().join("b.toml~"), "nonsense").unwrap();
    let mut partners = Partners::load(folder.path()).unwrap();
    let companion = partners.checking("a").unwrap().library.companions()[0];

    fs::write(&file, "payers = [\"Q\"]\nusage = 5").unwrap();
    let said = partners.reload().unwrap_err().to_string();
    assert!(said.contains("a.toml: line 2: usage: "), "{said}");
    assert!(partners.by_payer(Usage::Test, "P").is_some());

    fs::write(&file, "payers = [\"Q\"]\nchecking = { companions = [\"a.guide\"] }").unwrap();
    partners.reload().unwrap();
    assert!(partners.by_payer(Usage::Test, "P").is_none() && partners.by_payer(Usage::Test, "Q").is_some());
    // the same text is not read, and kept, twice
    assert!(std::ptr::eq(companion, partners.checking("a").unwrap().library.companions()[0]));

    fs::write(&guide, "guide A extends 850  Of A\n").unwrap();
    assert!(partners.reload().unwrap_err().to_string().contains("a.guide"));
    fs::remove_file(&guide).unwrap();
    assert!(partners.reload().unwrap_err().to_string().contains("a.guide"));
    assert!(partners.by_payer(Usage::Test, "Q").is_some());
}

#[test]
fn a_file_is_named_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("My Partner.toml");
    fs::write(&path, "sender_id = \"A\"").unwrap();
    assert_eq!(Partner::load(&path).unwrap().sender_id.as_deref(), Some("A"));
    // alone it may be called anything; among others the name stands in paths and logs
    assert!(Partners::load(folder.path()).unwrap_err().to_string().contains("name = \"My Partner\""));
    fs::write(&path, vec![b'#'; 2 << 20]).unwrap();
    assert!(Partner::load(&path).unwrap_err().to_string().contains("at most 1048576 bytes"));
    assert!(Partner::load(folder.path().join("none.toml")).unwrap_err().to_string().contains("none.toml"));
}
