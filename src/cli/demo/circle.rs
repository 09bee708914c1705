//! The whole circle on one machine: a gateway and a test payer, mutual TLS between them, claims out, answers and
//! payments back.

use std::{
    collections::HashMap,
    fs,
    io::Write,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use claimwire::gateway::{
    Addresses, Gateway, Id, Served, Settings,
    authority::Authority,
    flow::Submission,
    sandbox::{Account, Listeners, Options, Sandbox, outcomes},
    store::{Keyring, Value, api_keys},
    tls::{self, Acceptor, Bounds, ClientCertificates, Server, ServerSettings},
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

use super::Colours;

/// A claim that the payer takes, for as many outcomes as it has.
const CLAIM: &[u8] = include_bytes!("../../../samples/837p/two-visits.x12");
/// How late the payer is with what comes late.
const DELAY: Duration = Duration::from_secs(1);
/// Longest that the circle takes.
const LONGEST: Duration = Duration::from_secs(45);

/// Outcomes by the prefix of the member id, and the states that a claim may end in.
const ENDS: &[(&str, &[&str])] = &[
    ("PAID", &["paid"]),
    ("PART", &["partially_paid"]),
    ("DENY", &["denied"]),
    ("ZERO", &["zero_paid"]),
    ("FORWARD", &["forwarded"]),
    ("CORRECT", &["partially_paid"]),
    ("LATE", &["paid"]),
    ("TWOACC", &["paid"]),
    ("TWOREJ", &["rejected"]),
    ("REJMEM", &["rejected"]),
    ("REJRET", &["rejected"]),
    ("REJDUP", &["rejected"]),
    ("REJ999", &["syntax_rejected"]),
    ("REJTA1", &["interchange_rejected"]),
];

/// What became of a claim.
struct Row {
    prefix: &'static str,
    name: &'static str,
    state: String,
    /// What happened to it, in its order.
    events: Vec<String>,
    is_right: bool,
}

/// A gateway and a payer that run.
pub struct Circle {
    gateway: Arc<Gateway>,
    addresses: Addresses,
    payer: std::net::SocketAddr,
    key: String,
    stop: CancellationToken,
    tasks: tokio::task::JoinSet<()>,
    claims: HashMap<&'static str, Id>,
    folder: tempfile::TempDir,
}

impl Circle {
    /// Starts both, in a folder that is gone at the end.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("claimwire-demo-").tempdir()?;
        let at = |name: &str| folder.path().join(name);
        certificates(folder.path())?;
        let caller = tls::fingerprint(&CertificateDer::from_pem_file(at("billing.pem"))?);
        let account = Account { partner: "billing".into(), certificates: vec![caller], ..Account::default() };
        let payer = Sandbox::new(Options { accounts: vec![account], delay: DELAY, ..Options::default() })?;
        let server = Server::new(ServerSettings {
            certificate: at("payer.pem"),
            key: at("payer.key"),
            client_certificates: ClientCertificates::Required,
            client_authorities: Some(at("authority.pem")),
        })?;
        let core = Acceptor::bind(([127, 0, 0, 1], 0).into(), Arc::new(server), Bounds::default()).await?;
        let address = core.address()?;
        let settings = settings(folder.path(), address.port())?;
        let gateway = tokio::task::spawn_blocking(move || Gateway::open(&settings).map(|gateway| (gateway, settings)));
        let (gateway, settings) = gateway.await??;
        let (_, key) =
            gateway.store().write(|tx| api_keys::issue(tx, "demo", "admin", r#"{"partners":["*"]}"#)).await?;
        let served = Served::open(Arc::clone(&gateway), &settings).await?;
        let (addresses, stop) = (served.addresses(), CancellationToken::new());
        let mut tasks = tokio::task::JoinSet::new();
        let (ends, spool) = (stop.clone(), at("spool"));
        fs::create_dir(&spool)?;
        tasks.spawn(async move { payer.serve(Listeners { core: Some(core), stream: None }, &spool, ends).await });
        let ends = stop.clone();
        tasks.spawn(async move {
            if let Err(error) = served.run(ends).await {
                tracing::error!(%error, "the gateway stopped");
            }
        });
        let key = key.expose_secret().to_owned();
        Ok(Self { gateway, addresses, payer: address, key, stop, tasks, claims: HashMap::new(), folder })
    }

    /// Hands in a claim for each outcome, and waits until each has come to its end, or the time is over. Claims that
    /// ask for their whole file to be rejected, and so all others too, go out alone.
    pub async fn go_round(&mut self, paint: &Colours, output: &mut dyn Write) -> anyhow::Result<bool> {
        let begun = Instant::now();
        for row in outcomes() {
            let id = self.submit(row.prefix).await?;
            self.claims.insert(row.prefix, id);
            while begun.elapsed() < LONGEST && matches!(&*self.state(id).await?, "queued" | "batched") {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        let mut rows = self.rows().await?;
        while begun.elapsed() < LONGEST && rows.iter().any(|row| !row.is_right) {
            tokio::time::sleep(Duration::from_millis(100)).await;
            rows = self.rows().await?;
        }
        // What comes late must not undo what was right.
        tokio::time::sleep(DELAY).await;
        let rows = self.rows().await?;
        table(&rows, paint, output)?;
        let taken = begun.elapsed().as_secs_f64();
        writeln!(output, "\n{} claims, out and back over mutual TLS in {taken:.1} s.", rows.len())?;
        Ok(rows.iter().all(|row| row.is_right))
    }

    /// Where a visitor may look around.
    pub fn invite(&self, output: &mut dyn Write) -> anyhow::Result<()> {
        let api = self.addresses.api.context("the API does not listen")?;
        writeln!(
            output,
            "\nBoth stay up until you press Ctrl-C; then everything is deleted ({}).\n\n  \
             payer    https://{}/core   (CAQH CORE, mutual TLS)\n  gateway  http://{api}\n\n  \
             export KEY={}\n  curl -H \"Authorization: Bearer $KEY\" http://{api}/v1/claims\n  \
             curl -H \"Authorization: Bearer $KEY\" http://{api}/v1/claims/{}/timeline",
            self.folder.path().display(),
            self.payer,
            self.key,
            self.claims.get("PAID").map_or_else(String::new, ToString::to_string),
        )?;
        Ok(output.flush()?)
    }

    /// Stops both.
    pub async fn end(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }

    async fn submit(&self, prefix: &'static str) -> anyhow::Result<Id> {
        let (gateway, claims) = (Arc::clone(&self.gateway), claim(prefix)?);
        let submission = Submission {
            source: "demo".into(),
            partner: None,
            only: None,
            allow_duplicates: false,
            claims: std::io::Cursor::new(claims),
        };
        let prepared = tokio::task::spawn_blocking(move || gateway.examine(submission)).await??;
        let gateway = Arc::clone(&self.gateway);
        let submitted = self.gateway.store().write(move |tx| gateway.take(tx, prepared)).await?;
        let first = submitted.claims.first().and_then(|claim| claim.id);
        first.filter(|_| submitted.queued == 1).with_context(|| format!("the claim for {prefix} was refused"))
    }

    async fn state(&self, id: Id) -> anyhow::Result<String> {
        let id = id.number();
        let row =
            self.gateway.store().read(move |tx| tx.first("SELECT state FROM claim WHERE id = ?1", &[Value::from(id)]));
        Ok(row.await?.context("the claim is gone")?.text("state")?.to_owned())
    }

    async fn rows(&self) -> anyhow::Result<Vec<Row>> {
        let mut rows = Vec::new();
        for outcome in outcomes() {
            let Some(id) = self.claims.get(outcome.prefix) else { continue };
            let (state, number) = (self.state(*id).await?, id.number());
            let events = self.gateway.store().read(move |tx| {
                tx.rows("SELECT kind FROM event WHERE claim = ?1 ORDER BY sequence", &[Value::from(number)])
            });
            let events = events.await?;
            let events = events.iter().map(|row| row.text("kind").map(short)).collect::<Result<Vec<_>, _>>()?;
            let ends =
                ENDS.iter().find(|(prefix, _)| *prefix == outcome.prefix).map_or(&[] as &[&str], |(_, ends)| ends);
            let is_right = ends.contains(&&*state);
            rows.push(Row { prefix: outcome.prefix, name: outcome.name, state, events, is_right });
        }
        Ok(rows)
    }
}

/// An event by what came.
fn short(kind: &str) -> String {
    match kind {
        "interchange_answered" => "TA1",
        "syntax_answered" => "999",
        "claim_answered" => "277CA",
        "adjudicated" => "835",
        other => other,
    }
    .to_owned()
}

fn table(rows: &[Row], paint: &Colours, output: &mut dyn Write) -> anyhow::Result<()> {
    let Colours { heading, good, bad, .. } = *paint;
    writeln!(
        output,
        "{heading}{:<9} {:<26} {:<22} what happened{heading:#}",
        "member id", "what the payer does", "the claim is"
    )?;
    for row in rows {
        let shade = if row.is_right { good } else { bad };
        let (prefix, name, state) = (format!("{}…", row.prefix), row.name, row.state.replace('_', " "));
        writeln!(output, "{prefix:<9} {name:<26} {shade}{state:<22}{shade:#} {}", row.events.join(" → "))?;
    }
    Ok(())
}

/// The claim of a member whose id asks for an outcome.
fn claim(prefix: &str) -> anyhow::Result<Vec<u8>> {
    let mut lines = Vec::new();
    claimwire::ndjson::read(CLAIM, &mut lines, None)?;
    let line = lines.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut claim: serde_json::Value = serde_json::from_slice(line)?;
    let mut put = |path: &str, value: String| {
        if let Some(at) = claim.pointer_mut(path) {
            *at = value.into();
        }
    };
    put("/subscriber/member_id", format!("{prefix}900445566"));
    put("/control_number", format!("DEMO-{prefix}"));
    put("/batch/reference", format!("DEMO-{prefix}"));
    Ok(serde_json::to_vec(&claim)?)
}

/// Certificates of both sides, by an authority made on the spot.
fn certificates(folder: &Path) -> anyhow::Result<()> {
    let authority = Authority::new("claimwire demo")?;
    authority.issue_server(&["localhost", "127.0.0.1"])?.write(folder, "payer")?;
    authority.issue_client("billing")?.write(folder, "billing")?;
    authority.write(&folder.join("authority.pem"))?;
    Ok(())
}

/// The settings of the gateway, as an operator would write them.
fn settings(folder: &Path, port: u16) -> anyhow::Result<Settings> {
    Keyring::generate_file(&folder.join("master.key"))?;
    fs::create_dir(folder.join("partners"))?;
    let partner = format!(
        r#"title = "Example Health Plan"
sender_id = "RIVERBEND"
receiver_id = "EXHP00001"
payers = ["EXHP1"]
usage = "test"
acknowledgment_requested = true
collect_every = "200ms"
[limits]
batch_wait = "0s"
[core]
url = "https://localhost:{port}/core"
sender = "RIVERBEND"
receiver = "EXHP00001"
[tls]
authorities = "../authority.pem"
certificate = "../billing.pem"
key = "../billing.key"
"#
    );
    fs::write(folder.join("partners/example.toml"), partner)?;
    let path = folder.join("gateway.toml");
    fs::write(
        &path,
        "folder = \"data\"\nmaster_key = \"file:master.key\"\npartners = \"partners\"\nresend_after = \"1s\"\n[api]\nlisten = \"127.0.0.1:0\"\n",
    )?;
    Ok(Settings::load(&path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_of_the_payer_has_its_end() {
        let prefixes: Vec<_> = ENDS.iter().map(|(prefix, _)| *prefix).collect();
        let outcomes: Vec<_> = outcomes().iter().map(|row| row.prefix).collect();
        assert_eq!(prefixes, outcomes);
    }
}
