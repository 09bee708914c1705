//! How much the gateway's API takes: `cargo bench --bench gateway`. A real server on loopback, a store on the disk
//! that holds the folder for temporary files, each answer given after its commit.
//!
//! - Claims in batches of 100 over several connections: claims a second.
//! - Single claims, one every ten milliseconds whatever becomes of the others: how long the answers take.
//! - One file of 85,000 claims by CAQH CORE: how long until its TA1, 999 and 277CA have been fetched, and how much memory.
//!   It is made and measured alone with `cargo bench --bench gateway -- large`.
//!
//! `CLAIMWIRE_BENCH_JOBS=1` lets the gateway put the claims into files at the same time.

#[allow(dead_code, reason = "the tests need more of it")]
#[path = "../../gateway/harness.rs"]
mod harness;
mod large;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use claimwire::{
    gateway::{
        Gateway, Settings,
        api::{self, ApiOptions, Scope},
        https,
        store::{Keyring, api_keys},
    },
    generate::{self, Kind, Options},
};
use secrecy::ExposeSecret;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

const BATCHES: usize = 200;
const BATCH: usize = 100;
const CONNECTIONS: usize = 4;
const SINGLES: usize = 2000;
const EVERY: Duration = Duration::from_millis(10);

fn main() {
    // `cargo test --benches` runs this too, and has no time for it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    large::measure();
    if std::env::args().any(|argument| argument == "large") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let settings = settings(folder.path());
    let gateway = Gateway::open(&settings).expect("a gateway");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure(gateway));
}

async fn measure(gateway: Arc<Gateway>) {
    let stop = CancellationToken::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    let options = ApiOptions { per_second: 100_000, burst: 100_000, ..ApiOptions::default() };
    let server = tokio::spawn(https::plain(listener, api::router(Arc::clone(&gateway), options), stop.clone()));
    let jobs = std::env::var_os("CLAIMWIRE_BENCH_JOBS").map(|_| {
        let (gateway, stop) = (Arc::clone(&gateway), stop.clone());
        tokio::spawn(async move { gateway.work(stop).await.expect("jobs") })
    });
    let issue =
        |tx: &mut dyn claimwire::gateway::store::Tx| api_keys::issue(tx, "load", "submitter", &Scope::All.to_json());
    let (_, key) = gateway.store().write(issue).await.expect("a key");
    let key: Arc<str> = key.expose_secret().into();

    let lines = lines(BATCHES * BATCH + SINGLES);
    let (batched, singles) = lines.split_at(BATCHES * BATCH);
    let bodies: Arc<Vec<Vec<u8>>> = Arc::new(batched.chunks(BATCH).map(|lines| lines.join(&b'\n')).collect());

    let before = gateway.store().counts();
    let (began, next) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let clients = (0..CONNECTIONS).map(|_| {
        let (bodies, next, key) = (Arc::clone(&bodies), Arc::clone(&next), Arc::clone(&key));
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.expect("connected");
            let mut times = Vec::new();
            while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                let began = Instant::now();
                post(&mut stream, &key, body).await;
                times.push(began.elapsed());
            }
            times
        })
    });
    let mut times = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        times.extend(client.await.expect("a client"));
    }
    let took = began.elapsed().as_secs_f64();
    let commits = gateway.store().counts().commits - before.commits;
    println!(
        "batches of {BATCH}: {:.0} claims/s ({} claims in {took:.2} s, {commits} commits); a batch: {}",
        (BATCHES * BATCH) as f64 / took,
        BATCHES * BATCH,
        quantiles(times)
    );

    let (began, mut waiting) = (Instant::now(), Vec::new());
    let streams: Vec<_> = futures_util::future::join_all((0..16).map(|_| TcpStream::connect(address))).await;
    let pool = Arc::new(tokio::sync::Mutex::new(
        streams.into_iter().map(|stream| stream.expect("connected")).collect::<Vec<_>>(),
    ));
    for (at, line) in singles.iter().enumerate() {
        tokio::time::sleep_until((began + EVERY * at as u32).into()).await;
        let (pool, key, line) = (Arc::clone(&pool), Arc::clone(&key), line.clone());
        // From when it was due: a late answer must not hide behind the next one.
        let due = began + EVERY * at as u32;
        waiting.push(tokio::spawn(async move {
            let kept = pool.lock().await.pop();
            let mut stream = match kept {
                Some(stream) => stream,
                None => TcpStream::connect(address).await.expect("connected"),
            };
            post(&mut stream, &key, &line).await;
            let took = due.elapsed();
            pool.lock().await.push(stream);
            took
        }));
    }
    let mut times = Vec::new();
    for one in waiting {
        times.push(one.await.expect("answered"));
    }
    println!("single claims, {} a second: {}", 1000 / EVERY.as_millis(), quantiles(times));
    stop.cancel();
    server.await.expect("stopped");
    if let Some(jobs) = jobs {
        jobs.await.expect("stopped");
    }
}

/// Sends claims, and waits for the answer.
async fn post(stream: &mut TcpStream, key: &str, body: &[u8]) {
    let head = format!(
        "POST /v1/claims?partner=harbor&allow_duplicates=true HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).await.expect("sent");
    let mut answer = Vec::new();
    let head = loop {
        if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        assert!(stream.read_buf(&mut answer).await.expect("an answer") > 0, "closed");
    };
    let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    assert!(text.starts_with("http/1.1 200"), "{text}{}", String::from_utf8_lossy(&answer[head..]));
    let (_, length) = text.split_once("content-length: ").expect("a length");
    let length: usize = length.split("\r\n").next().expect("a line").parse().expect("a number");
    while answer.len() < head + length {
        assert!(stream.read_buf(&mut answer).await.expect("an answer") > 0, "closed");
    }
}

fn quantiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 1000].as_secs_f64() * 1000.0;
    format!("p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms, longest {:.1} ms", at(500), at(950), at(990), at(1000))
}

/// Claims of all kinds of offices, one a line.
fn lines(count: usize) -> Vec<Vec<u8>> {
    let mut lines = Vec::with_capacity(count);
    let mut keep = |line: &[u8]| {
        lines.push(line.trim_ascii().to_vec());
        Ok(())
    };
    generate::lines(&Options::new(Kind::Professional, count as u64, 7), &mut keep).expect("generated");
    lines
}

fn settings(folder: &Path) -> Settings {
    let partners = folder.join("partners");
    std::fs::create_dir(&partners).expect("a folder");
    let partner = "sender_id = \"BAYSIDE01\"\nreceiver_id = \"HARBOR\"\n[limits]\nbatch_wait = \"1s\"\n";
    std::fs::write(partners.join("harbor.toml"), partner).expect("a partner");
    Keyring::generate_file(&folder.join("master.key")).expect("a key");
    let text = "folder = \"data\"\nmaster_key = \"file:master.key\"\npartners = \"partners\"\n";
    std::fs::write(folder.join("gateway.toml"), text).expect("settings");
    Settings::load(&folder.join("gateway.toml")).expect("settings")
}
