//! Gateways and sandboxes as processes of their own, to be killed; claims to send; and what is found afterwards.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use claimwire::{
    gateway::{
        Gateway, Settings,
        authority::Authority,
        sandbox::Entry,
        store::{Keyring, api_keys},
    },
    generate::{self, Kind, Variety},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with the settings of a gateway.
pub struct Site {
    folder: TempDir,
}

impl Site {
    /// A gateway with these settings besides its store, and these partners.
    pub fn new(settings: &str, partners: &[(&str, &str)]) -> Site {
        let site = Site { folder: tempfile::tempdir().unwrap() };
        Keyring::generate_file(&site.at("master.key")).unwrap();
        fs::create_dir(site.at("partners")).unwrap();
        for (name, text) in partners {
            fs::write(site.at("partners").join(format!("{name}.toml")), text).unwrap();
        }
        site.set(settings);
        site
    }

    /// Sets the settings besides the store.
    pub fn set(&self, settings: &str) {
        let store = "folder = \"data\"\nmaster_key = \"file:master.key\"\npartners = \"partners\"\n";
        fs::write(self.at("gateway.toml"), format!("{store}{settings}")).unwrap();
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn settings(&self) -> Settings {
        Settings::load(&self.at("gateway.toml")).unwrap()
    }

    /// A key of the API. No process may run.
    pub fn key(&self, role: &str, scope: &str) -> String {
        let gateway = Gateway::open(&self.settings()).unwrap();
        let (role, scope) = (role.to_owned(), scope.to_owned());
        let issued = gateway.store().write_blocking(move |tx| api_keys::issue(tx, "test", &role, &scope));
        issued.unwrap().1.expose_secret().to_owned()
    }

    /// Starts the gateway; what it logs goes to the end of `gateway.log`.
    pub fn serve(&self) -> Process {
        Process::start(&self.at("gateway.log"), ["serve", "--config"].map(Into::into), [self.at("gateway.toml")])
    }

    /// The rows of a query, as JSON objects. Another process may work on the store.
    pub fn rows(&self, sql: &str) -> Vec<Value> {
        rows(&self.at("data/claimwire.db"), sql)
    }

    /// The one number that a query gives.
    pub fn count(&self, sql: &str) -> i64 {
        self.rows(sql)[0].as_object().unwrap().values().next().unwrap().as_i64().unwrap()
    }
}

/// The rows of a query on a database.
pub fn rows(database: &Path, sql: &str) -> Vec<Value> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(database, flags).unwrap();
    connection.busy_timeout(Duration::from_secs(20)).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let object = |row: &rusqlite::Row<'_>| {
        let value = |at: usize| match row.get_ref(at).unwrap() {
            rusqlite::types::ValueRef::Null => Value::Null,
            rusqlite::types::ValueRef::Integer(number) => json!(number),
            rusqlite::types::ValueRef::Real(number) => json!(number),
            rusqlite::types::ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
            rusqlite::types::ValueRef::Blob(bytes) => json!(hex::encode(bytes)),
        };
        Ok(names.iter().enumerate().map(|(at, name)| (name.clone(), value(at))).collect::<serde_json::Map<_, _>>())
    };
    let found = statement.query_map([], object).unwrap();
    found.map(|row| Value::Object(row.unwrap())).collect()
}

/// The program at work.
pub struct Process {
    child: Child,
    /// What it said on its standard output: where it listens, by name.
    listens: BTreeMap<String, SocketAddr>,
}

impl Process {
    fn start(
        log: &Path,
        arguments: impl IntoIterator<Item = String>,
        paths: impl IntoIterator<Item = PathBuf>,
    ) -> Self {
        let log = File::options().create(true).append(true).open(log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_claimwire"))
            .args(arguments)
            .args(paths)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, listens: BTreeMap::new() }
    }

    /// Waits until it has said so many addresses.
    pub fn listening(mut self, addresses: usize) -> Self {
        let mut lines = BufReader::new(self.child.stdout.take().unwrap()).lines();
        while self.listens.len() < addresses {
            let Some(Ok(line)) = lines.next() else {
                panic!("the program did not start: {:?}", self.child.wait());
            };
            let mut words = line.split_whitespace();
            let (Some(name), Some(at)) = (words.next(), words.next()) else { continue };
            let at = at.trim_start_matches("https://").trim_end_matches("/core");
            if let Ok(at) = at.parse() {
                self.listens.insert(name.to_lowercase(), at);
            }
        }
        self
    }

    pub fn address(&self, name: &str) -> SocketAddr {
        self.listens[name]
    }

    /// Kills it, as `kill -9` does. False if it had ended by itself.
    pub fn kill(mut self) -> bool {
        let ran = self.child.try_wait().unwrap().is_none();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        ran
    }

    /// Tells it to stop, and waits until it has.
    pub fn stop(mut self) {
        let told = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().unwrap();
        assert!(told.success());
        assert!(self.child.wait().unwrap().success());
    }

    /// The most memory that it has had, in KiB.
    pub fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A sandbox payer that stays up, and the partner that it is to a gateway.
pub struct SandboxPayer {
    pub process: Process,
    folder: TempDir,
}

impl SandboxPayer {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let arguments = "sandbox --core 127.0.0.1:0 --stream 127.0.0.1:0 --delay 1s --offer-again 2s --self-signed";
        let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
        let paths = [folder.path().join("certificates"), "--log".into(), folder.path().join("received.ndjson")];
        let process = Process::start(&folder.path().join("sandbox.log"), arguments, paths).listening(2);
        Self { process, folder }
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The settings of it as a partner; `more` is added.
    pub fn partner(&self, more: &str) -> String {
        let certificates = self.at("certificates");
        let [authority, certificate, key] =
            ["authority.pem", "billing.pem", "billing.key"].map(|name| certificates.join(name).display().to_string());
        let core = self.process.address("core");
        format!(
            "sender_id = \"CLRV01\"\nreceiver_id = \"99001\"\npayers = [\"HARBOR\"]\nsend_by = \"core\"\n\
             collect_every = \"300ms\"\n{more}\n\
             [tls]\nauthorities = {authority:?}\ncertificate = {certificate:?}\nkey = {key:?}\n\
             [core]\nurl = \"https://{core}/core\"\nsender = \"CLRV01\"\nreceiver = \"99001\"\nbatch_timeout = \"20s\"\n"
        )
    }

    /// What it has received.
    pub fn log(&self) -> Vec<Entry> {
        let text = fs::read_to_string(self.at("received.ndjson")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Certificates of two sides, of one authority.
pub struct Pair {
    pub folder: TempDir,
    pub authority: Authority,
    sha256: [u8; 32],
}

impl Pair {
    pub fn new(server: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("Test authority").unwrap();
        authority.write(&folder.path().join("authority.pem")).unwrap();
        authority.issue_server(&[server]).unwrap().write(folder.path(), "payer").unwrap();
        let billing = authority.issue_client("billing").unwrap();
        billing.write(folder.path(), "billing").unwrap();
        Self { folder, authority, sha256: billing.sha256 }
    }

    pub fn at(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// What a listener's settings say of its certificates.
    pub fn server(&self) -> String {
        let [certificate, key, authority] = ["payer.pem", "payer.key", "authority.pem"].map(|name| self.at(name));
        format!("certificate = {certificate:?}, key = {key:?}, client_authorities = {authority:?}")
    }

    /// What a partner's settings say of how it is called.
    pub fn client(&self) -> String {
        let [authority, certificate, key] = ["authority.pem", "billing.pem", "billing.key"].map(|name| self.at(name));
        format!("[tls]\nauthorities = {authority:?}\ncertificate = {certificate:?}\nkey = {key:?}\n")
    }

    /// What a partner's settings say of how it is known.
    pub fn credentials(&self) -> String {
        format!("[credentials]\ncertificates = [\"{}\"]\n", hex::encode(self.sha256))
    }
}

/// Claims, one a line, numbered from `first` on; how member ids begin goes round in `outcomes`.
pub fn claims(kind: Kind, count: u64, first: u64, outcomes: &[&str]) -> Vec<Value> {
    let options = generate::Options { variety: Variety::Plain, ..generate::Options::new(kind, count, first + 1) };
    let mut claims: Vec<Value> = Vec::new();
    let receive = &mut |line: &[u8]| {
        claims.push(serde_json::from_slice(line).unwrap());
        Ok(())
    };
    generate::lines(&options, receive).unwrap();
    for (number, claim) in (first..).zip(&mut claims) {
        let outcome = outcomes[usize::try_from(number).unwrap() % outcomes.len()];
        claim["control_number"] = json!(format!("C{number:06}{outcome}"));
        claim["subscriber"]["member_id"] = json!(format!("{outcome}{number:07}"));
        claim["payer"]["id"] = json!("HARBOR");
        // Nothing of the file that it never stood in.
        claim.as_object_mut().unwrap().remove("source");
    }
    claims
}

pub fn lines(claims: &[Value]) -> Vec<u8> {
    claims.iter().flat_map(|claim| format!("{claim}\n").into_bytes()).collect()
}

/// Waits until something holds, and says what did not.
pub fn until(longest: Duration, what: &str, mut holds: impl FnMut() -> bool, said: impl Fn() -> String) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < longest, "{what}: not within {longest:?}\n{}", said());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Numbers by chance, the same for the same seed.
pub struct Dice(u64);

impl Dice {
    /// By `CLAIMWIRE_SEED`, or else by the time; it is said, so that a run can be made again.
    pub fn new() -> Self {
        let now = || std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
        let seed = std::env::var("CLAIMWIRE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(now);
        println!("CLAIMWIRE_SEED={seed}");
        Self(seed | 1)
    }

    /// A moment to be killed at: half of them soon after the start, when what was left over is taken up.
    pub fn moment(&mut self, longest: u64) -> Duration {
        let longest = if self.below(2) == 0 { longest.min(250) } else { longest };
        Duration::from_millis(20 + self.below(longest))
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
