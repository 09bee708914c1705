//! The commands for a running gateway, as a user runs them.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use claimwire::generate::Kind;
use serde_json::Value;

use crate::harness::{Process, SandboxPayer, Site, claims, lines, until};

const API: &str = "backups = \"backups\"\n[api]\nlisten = \"127.0.0.1:0\"\n";
const NOWHERE: &str =
    "receiver_id = \"99001\"\nsender_id = \"CLRV01\"\npayers = [\"HARBOR\"]\nlimits.batch_wait = \"10m\"\n";

struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    #[track_caller]
    fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// Runs the program with a key in the environment.
fn run(key: &str, arguments: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_claimwire"))
        .args(arguments)
        .env("CLAIMWIRE_KEY", key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A program that fails at once does not read all of it.
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let run = Run { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) };
    assert!(key.is_empty() || !run.err.contains(key), "the key is in: {}", run.err);
    run
}

/// A gateway at work, and who asks it.
struct Office {
    process: Process,
    url: String,
    key: String,
}

impl Office {
    /// Makes the first key by the command, before the gateway runs.
    fn open(site: &Site) -> Self {
        let path = |name: &str| site.at(name).display().to_string();
        let (config, file) = (path("gateway.toml"), path("admin.key"));
        let issue = ["key", "issue", "--config", &config, "--name", "first", "--role", "admin", "-o", &file];
        run("", &issue, b"").ends(0);
        run("", &issue, b"").ends(2);
        let key = fs::read_to_string(&file).unwrap().trim().to_owned();
        assert!(key.starts_with("cw_"));
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions()) & 0o777, 0o600);
        let process = site.serve().listening(1);
        let url = format!("http://{}", process.address("api"));
        Self { process, url, key }
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Run {
        run(&self.key, &[arguments, &["--url", &self.url]].concat(), input)
    }

    fn ask(&self, arguments: &[&str]) -> Run {
        self.run(arguments, b"")
    }
}

#[test]
fn claims_go_out_and_what_comes_back_is_fetched() {
    let payer = SandboxPayer::start();
    let site = Site::new(
        API,
        &[(
            "harbor",
            &payer.partner("duplicates.claim = { days = 30, then = \"refuse\" }\nlimits.batch_wait = \"500ms\""),
        )],
    );
    let office = Office::open(&site);
    let text = lines(&claims(Kind::Professional, 3, 1, &["PAID", "DENY", "REJMEM"]));
    let file = site.at("claims.ndjson");
    fs::write(&file, &text).unwrap();
    let file = file.to_str().unwrap();

    // Only checked.
    let checked = office.ask(&["submit", file, "--check"]).ends(0);
    assert!(checked.out.contains("3 of 3 claims acceptable"), "{}", checked.out);
    assert!(office.ask(&["status"]).ends(0).out.contains("no claims"));

    // Handed in, and again.
    let first = office.ask(&["submit", file]).ends(0);
    assert!(first.out.contains("3 of 3 claims queued"), "{}", first.out);
    let again = office.ask(&["submit", file, "--format", "json"]).ends(0).json();
    assert_eq!(again["files"][0]["replayed"], true);
    assert_eq!(again["files"][0]["queued"], 3);
    assert_eq!(site.count("SELECT count(*) FROM claim"), 3);
    // The same claims in another file are known again, and refused one by one.
    let other = [text.as_slice(), b"\n"].concat();
    let refused = office.run(&["submit", "-"], &other).ends(1);
    assert!(
        refused.out.contains("0 of 3 claims queued") && refused.out.contains("handed in before"),
        "{}",
        refused.out
    );

    // What became of them.
    let until_it_is = |number: &str, state: &str| {
        let status = || office.ask(&["status", number, "--format", "json"]);
        let stands = || status().json()["claims"].as_array().unwrap().iter().any(|one| one["claim"]["state"] == state);
        until(Duration::from_secs(60), state, stands, || status().out);
    };
    let number = |line: usize| {
        let claim: Value = serde_json::from_slice(text.split(|byte| *byte == b'\n').nth(line).unwrap()).unwrap();
        claim["control_number"].as_str().unwrap().to_owned()
    };
    let numbers: Vec<String> = (0..3).map(number).collect();
    for number in &numbers {
        let state = if number.ends_with("PAID") {
            "paid"
        } else if number.ends_with("DENY") {
            "denied"
        } else {
            "rejected"
        };
        until_it_is(number, state);
    }
    let paid = numbers.iter().find(|number| number.ends_with("PAID")).unwrap();
    let told = office.ask(&["status", paid]).ends(0).out;
    for words in ["put into file", "sent to harbor", "277CA: accepted into adjudication", "835: paid", "paid (835)"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    office.ask(&["status", "NO-SUCH"]).ends(1);
    let counted = office.ask(&["status"]).ends(0).out;
    assert!(counted.contains("1  denied") && counted.contains("claims to harbor"), "{counted}");
    let listed = office.ask(&["status", "--state", "denied"]).ends(0).out;
    assert!(listed.contains("1 claim"), "{listed}");
    office.ask(&["status", "--overdue"]).ends(0);
    office.ask(&["status", "--failed"]).ends(0);
    office.ask(&["status", "--state", "lost"]).ends(2);

    // Remittances, each once.
    let folder = site.at("era");
    let into = folder.to_str().unwrap();
    office.ask(&["fetch", "remittances", "--into", into, "--as", "ndjson"]).ends(0);
    let found = shown(&folder);
    assert!(!found.is_empty() && found.iter().all(|name| name.starts_with("harbor-835-")), "{found:?}");
    let all: String = found.iter().map(|name| fs::read_to_string(folder.join(name)).unwrap()).collect();
    assert!(all.contains(paid.as_str()));
    fs::remove_file(folder.join(&found[0])).unwrap();
    office.ask(&["fetch", "remittances", "--into", into, "--as", "ndjson"]).ends(0);
    assert!(!folder.join(&found[0]).exists(), "the folder knows how far it was");
    office.ask(&["fetch", "remittances", "--into", into, "--as", "ndjson", "--since", "0"]).ends(0);
    assert!(folder.join(&found[0]).exists());
    let acks = site.at("acks");
    office.ask(&["fetch", "acknowledgments", "--into", acks.to_str().unwrap()]).ends(0);
    let found = shown(&acks);
    assert!(
        found.iter().any(|name| name.contains("277CA")) && !found.iter().any(|name| name.contains("835")),
        "{found:?}"
    );
    // One file, byte for byte.
    let id = site.rows("SELECT message FROM file WHERE direction = 'out'").len();
    assert!(id >= 1);
    let out: Value = office.ask(&["status", paid, "--format", "json"]).json();
    let file =
        out["claims"][0]["claim"]["file"].as_str().or(out["claims"][1]["claim"]["file"].as_str()).unwrap().to_owned();
    let raw = office.ask(&["fetch", &file]).ends(0).out;
    assert!(raw.starts_with("ISA*") && raw.contains(paid.as_str()));
    office.ask(&["fetch", "remittances"]).ends(2);
    office.ask(&["fetch", "1kfr3tv2g0001"]).ends(2);
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let site = Site::new(API, &[("harbor", NOWHERE)]);
    let office = Office::open(&site);
    let mut some = claims(Kind::Professional, 2, 1, &["PAID"]);
    some[1]["charge"] = "1.00".into();
    let refused = office.run(&["submit"], &lines(&some)).ends(1);
    for words in ["1 of 2 claims queued", "refused  C000002PAID (line 2, harbor)", "error[claim.charge.sum]", "= help:"]
    {
        assert!(refused.out.contains(words), "{words}: {}", refused.out);
    }
    let name = some[0]["subscriber"]["last_name"].as_str().unwrap_or("nobody");
    assert!(!refused.out.contains(name));
    office.run(&["submit"], b"no claims").ends(2);
    office.run(&["submit"], b"").ends(2);
    office.run(&["submit", "--partner", "nobody"], &lines(&some)).ends(2);
    // Who is not known is told so, and nobody at all.
    let stranger = run("cw_00_11", &["status", "--url", &office.url], b"").ends(2);
    assert!(stranger.err.contains("is --key right"), "{}", stranger.err);
    let nobody = run("cw_00_11", &["status", "--url", "http://127.0.0.1:9"], b"").ends(2);
    assert!(nobody.err.contains("no gateway can be reached"), "{}", nobody.err);
    run("", &["status", "--url", &office.url, "--key", "cw_typed_here"], b"").ends(2);
    // It waits for a file, until it is withdrawn.
    let queued: Value = office.ask(&["status", "C000001PAID", "--format", "json"]).json();
    let id = queued["claims"][0]["claim"]["id"].as_str().unwrap().to_owned();
    assert_eq!(office.ask(&["withdraw", &id]).ends(0).out, format!("{id}: withdrawn\n"));
    office.ask(&["withdraw", &id]).ends(1);
    office.ask(&["retry", "4711", "none"]).ends(1);
}

#[test]
fn keys_partners_and_the_store_are_looked_after() {
    let site = Site::new(API, &[("harbor", NOWHERE)]);
    let office = Office::open(&site);
    let config = site.at("gateway.toml").display().to_string();

    // Keys, while it runs.
    let issued = office.ask(&["key", "issue", "--name", "desk", "--role", "reader", "--partner", "harbor"]).ends(0);
    let reader = issued.out.trim().to_owned();
    run(&reader, &["status", "--url", &office.url], b"").ends(0);
    run(&reader, &["key", "list", "--url", &office.url], b"").ends(2);
    office.ask(&["key", "issue", "--name", "x", "--role", "root"]).ends(2);
    office.ask(&["key", "issue", "--name", "x", "--role", "reader", "--partner", "nobody"]).ends(2);
    let listed = office.ask(&["key", "list"]).ends(0).out;
    assert!(listed.contains("desk") && listed.contains("reader") && !listed.contains(&reader), "{listed}");
    let id = reader.split('_').nth(1).unwrap();
    office.ask(&["key", "revoke", id]).ends(0);
    office.ask(&["key", "revoke", "ffff"]).ends(1);
    run(&reader, &["status", "--url", &office.url], b"").ends(2);
    // The store is in use.
    let busy = run("", &["key", "list", "--config", &config], b"").ends(2);
    assert!(busy.err.contains("the gateway runs"), "{}", busy.err);

    // Partners.
    assert!(office.ask(&["partner", "list"]).ends(0).out.contains("harbor"));
    fs::write(site.at("partners/bay.toml"), "receiver_id = \"BAY\"\nsender_id = \"CLRV01\"\n").unwrap();
    let folder = site.at("partners").display().to_string();
    assert!(run("", &["partner", "check", &folder], b"").ends(0).out.contains("bay: test"));
    assert_eq!(office.ask(&["partner", "reload"]).ends(0).out, "2 partners\n");
    fs::write(site.at("partners/bay.toml"), "receiver = \"BAY\"\n").unwrap();
    run("", &["partner", "check", &folder], b"").ends(1);
    for section in ["core", "stream", "folder", "tls"] {
        let unknown = format!("receiver_id = \"BAY\"\nsender_id = \"CLRV01\"\n[{section}]\nnonsense = 1\n");
        fs::write(site.at("partners/bay.toml"), unknown).unwrap();
        let told = run("", &["partner", "check", &folder], b"").ends(1).err;
        assert!(told.contains("nonsense"), "{section}: {told}");
        assert!(office.ask(&["partner", "reload"]).ends(2).err.contains("nonsense"), "{section}");
    }
    fs::write(site.at("partners/bay.toml"), "receiver = \"BAY\"\n").unwrap();
    let told = office.ask(&["partner", "reload"]).ends(2);
    assert!(told.err.contains("bay.toml") && told.err.contains("receiver"), "{}", told.err);
    assert!(office.ask(&["partner", "show", "bay"]).ends(0).out.contains("pick-up"));
    office.ask(&["partner", "show", "nobody"]).ends(1);
    fs::remove_file(site.at("partners/bay.toml")).unwrap();
    let hash = run("", &["partner", "password"], b"not a real password\n").ends(0).out;
    assert!(hash.starts_with("$argon2id$"), "{hash}");

    // The store, while it runs.
    office.run(&["submit"], &lines(&claims(Kind::Professional, 2, 1, &["PAID"]))).ends(0);
    let copied = office.ask(&["store", "backup"]).ends(0).out;
    let copy = site.at("backups").join(copied.split(':').next().unwrap());
    assert!(copy.exists(), "{copied}");
    let verified = office.ask(&["store", "verify"]).ends(0).out;
    let noted = verified.lines().last().unwrap().to_owned();
    office.ask(&["store", "verify", "--noted", &noted]).ends(0);
    run("", &["store", "rotate-key", "--config", &config], b"").ends(2);

    // And stopped.
    let numbers = |site: &Site| site.rows("SELECT partner, kind, next FROM control_number ORDER BY kind");
    office.process.stop();
    run("", &["store", "verify", "--config", &config, "--noted", &noted], b"").ends(0);
    let keys = || fs::read_to_string(site.at("master.key")).unwrap().lines().count();
    let rotated = run("", &["store", "rotate-key", "--config", &config], b"").ends(0).out;
    assert!(rotated.contains("sealed under the new master key") && keys() == 2, "{rotated}");
    let before = numbers(&site);
    fs::rename(site.at("data"), site.at("lost")).unwrap();
    let from = copy.display().to_string();
    let restore = ["store", "restore", &from, "--config", &config, "--skip-numbers", "50"];
    let back = run("", &restore, b"").ends(0);
    assert!(back.out.contains("the store of ") && back.err.contains("the machine dies"), "{} {}", back.out, back.err);
    run("", &restore, b"").ends(2);
    for (was, is) in before.iter().zip(numbers(&site)) {
        assert!(is["next"].as_i64().unwrap() >= 50, "{was} {is}");
    }
    assert_eq!(site.count("SELECT count(*) FROM claim"), 2);
    run("", &["store", "verify", "--config", &config, "--noted", &noted], b"").ends(1);
    let to = site.at("again.db").display().to_string();
    run("", &["store", "backup", "--config", &config, &to], b"").ends(0);
    assert!(Path::new(&to).exists());

    // As the manual has it: one of the two had been sent since, so nothing goes out before it is withdrawn.
    site.rows("UPDATE job SET due = 0 WHERE queue = 'batch'");
    let partner = site.at("partners/harbor.toml");
    fs::rename(&partner, site.at("harbor.toml")).unwrap();
    let process = site.serve().listening(1);
    let office = Office { url: format!("http://{}", process.address("api")), process, key: office.key };
    let job = || office.ask(&["status", "--failed", "--format", "json"]).json()["jobs"][0]["id"].to_string();
    until(Duration::from_secs(20), "given up", || job() != "null", || office.ask(&["status", "--failed"]).out);
    let queued = office.ask(&["status", "--state", "queued", "--format", "json"]).ends(0).json();
    let sent = queued["claims"][0]["id"].as_str().unwrap().to_owned();
    office.ask(&["withdraw", &sent]).ends(0);
    fs::rename(site.at("harbor.toml"), &partner).unwrap();
    office.ask(&["partner", "reload"]).ends(0);
    office.ask(&["retry", job().trim_matches('"')]).ends(0);
    let batched = "SELECT count(*) FROM claim WHERE state = 'batched'";
    until(Duration::from_secs(20), "batched", || site.count(batched) == 1, || office.ask(&["status"]).out);
}

#[test]
fn a_folder_is_emptied_as_long_as_its_partner_is_known() {
    let folder = |id: &str, name: &str| {
        format!("sender_id = \"CLRV01\"\nreceiver_id = \"{id}\"\n[folder]\npick_up = \"../{name}\"\npoll = \"100ms\"\n")
    };
    let site = Site::new(API, &[("harbor", &folder("99001", "harbor"))]);
    let names = ["harbor", "bay"];
    names.iter().for_each(|name| fs::create_dir(site.at(name)).unwrap());
    let office = Office::open(&site);
    let put = |name: &str| {
        let file = site.at(name).join("remittance.835");
        let mut bytes = Vec::new();
        let options = claimwire::generate::Options::new(Kind::Remittance, 1, name.len() as u64);
        claimwire::generate::write(&options, &mut bytes).unwrap();
        fs::write(&file, bytes).unwrap();
        file
    };
    let taken = |name: &str| {
        let file = put(name);
        until(
            Duration::from_secs(20),
            "taken",
            || !file.exists(),
            || fs::read_to_string(site.at("gateway.log")).unwrap(),
        );
    };
    taken("harbor");
    let bay = site.at("partners/bay.toml");
    fs::write(&bay, folder("BAY", "bay")).unwrap();
    office.ask(&["partner", "reload"]).ends(0);
    taken("bay");
    fs::remove_file(&bay).unwrap();
    office.ask(&["partner", "reload"]).ends(0);
    // The other folder is looked at several times meanwhile.
    let left = put("bay");
    taken("harbor");
    taken("harbor");
    assert!(left.exists());
    fs::write(&bay, folder("BAY", "bay")).unwrap();
    office.ask(&["partner", "reload"]).ends(0);
    until(Duration::from_secs(20), "taken", || !left.exists(), || "the folder of a partner that came back".into());
}

#[test]
fn the_gateway_of_the_tour_can_be_used() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/gateway");
    claimwire::gateway::Settings::load(&samples.join("gateway.toml")).unwrap();
    let partners = samples.join("partners").display().to_string();
    assert_eq!(run("", &["partner", "check", &partners], b"").ends(0).out, "sandbox: test, files leave by: core\n");
}

#[test]
fn what_was_given_up_is_tried_again() {
    let folder = |name: &str| {
        format!(
            "sender_id = \"CLRV01\"\nreceiver_id = \"99001\"\npayers = [\"HARBOR\"]\nfile_name = \"{{isa13}}.837\"\n\
             limits.batch_wait = \"0s\"\nacknowledgments.expected.999 = \"1s\"\n[folder]\ndrop = \"../{name}\"\n"
        )
    };
    let site = Site::new(API, &[("harbor", &folder("drop"))]);
    fs::create_dir(site.at("drop")).unwrap();
    // What stands there under the name of the first file is not ours to write over.
    let taken = site.at("drop").join("000000001.837");
    fs::write(&taken, "another file").unwrap();
    let office = Office::open(&site);
    assert!(office.ask(&["status", "--failed"]).ends(0).out.contains("0 failures"));
    let text = lines(&claims(Kind::Professional, 1, 1, &["PAID"]));
    office.run(&["submit"], &text).ends(0);
    let failed = || office.ask(&["status", "--failed", "--format", "json"]).json()["deliveries"].clone();
    until(Duration::from_secs(20), "given up", || failed()[0].is_object(), || office.ask(&["status"]).out);
    let id = failed()[0]["id"].as_str().unwrap().to_owned();
    let told = office.ask(&["status", "--failed"]).ends(1).out;
    for words in ["to harbor by folder", "another file of its name", &format!("claimwire retry {id}"), "1 failure"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(office.ask(&["status"]).ends(0).out.contains("! harbor: 1 files could not be sent"));

    fs::remove_file(&taken).unwrap();
    assert_eq!(office.ask(&["retry", &id]).ends(0).out, format!("{id}: due\n"));
    until(Duration::from_secs(20), "put", || taken.exists(), || office.ask(&["status", "--failed"]).out);
    assert!(fs::read_to_string(&taken).unwrap().contains("C000001PAID"));
    until(
        Duration::from_secs(20),
        "sent",
        || office.ask(&["status", "--failed"]).code == 0,
        || office.ask(&["status", "--failed"]).out,
    );
    office.ask(&["retry", &id]).ends(1);
    // Nobody answers it.
    until(
        Duration::from_secs(20),
        "overdue",
        || office.ask(&["status", "--overdue"]).code == 1,
        || office.ask(&["status", "--overdue"]).out,
    );
    assert!(office.ask(&["status", "--overdue"]).out.contains("999   of harbor for file"));
    // The same claims are taken again only if that is asked for.
    let again =
        office.run(&["submit", "--allow-duplicates", "-o", &site.at("out").display().to_string()], &text).ends(0);
    assert!(again.out.is_empty());
    assert!(fs::read_to_string(site.at("out")).unwrap().contains("1 of 1 claims queued"));
}

/// The files of a folder, without hidden ones.
fn shown(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}
