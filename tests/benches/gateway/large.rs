//! One file of 85,000 claims, from a billing side's socket to its three acknowledgments: CAQH CORE over mutual TLS,
//! the payer's gateway a process of its own, whose memory is measured.

use std::{
    fs::File,
    io::{BufWriter, Read, Write},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use aws_lc_rs::digest;
use claimwire::{
    gateway::{
        connect::{
            Body, Content, Parcel,
            core::{
                client::{CoreClient, Secrets},
                settings::PartnerSettings,
            },
        },
        tls::{self, ClientSettings},
    },
    generate::{self, Kind, Options},
};
use uuid::Uuid;

use crate::harness::{Pair, Site};

const CLAIMS: u64 = 85_000;

/// Sends the file, and waits for what answers it.
pub fn measure() {
    let pair = Pair::new("127.0.0.1");
    let spool = tempfile::tempdir().expect("a folder");
    let file = spool.path().join("claims.x12");
    generate(&file);
    let mut isa = [0; 106];
    File::open(&file).and_then(|mut file| file.read_exact(&mut isa)).expect("a file");
    let isa = String::from_utf8_lossy(&isa).into_owned();
    let parties: Vec<&str> = isa.split('*').map(str::trim).collect();
    let partner = format!(
        "sender_id = \"{}\"\nreceiver_id = \"{}\"\nusage = \"{}\"\n[acknowledgments.owed]\nta1 = \"always\"\n{}",
        parties[8],
        parties[6],
        if parties[15] == "P" { "production" } else { "test" },
        pair.credentials()
    );
    let settings = format!(
        "[core]\nlisten = \"127.0.0.1:0\"\ntls = {{ {}, client_certificates = \"required\" }}\n",
        pair.server()
    );
    let site = Site::new(&settings, &[("clinic", &partner)]);
    let process = site.serve().listening(1);
    let url = format!("https://{}/core", process.address("core"));
    let settings = PartnerSettings {
        url: Some(url),
        sender: parties[6].into(),
        receiver: parties[8].into(),
        ..PartnerSettings::default()
    };
    let tls = ClientSettings {
        authorities: Some(pair.at("authority.pem").into()),
        certificate: Some(pair.at("billing.pem").into()),
        key: Some(pair.at("billing.key").into()),
        ..ClientSettings::default()
    };
    let tls = Arc::unwrap_or_clone(tls::client(&tls).expect("certificates"));
    let client = CoreClient::new(settings, Secrets::default(), tls, spool.path()).expect("a client");
    let parcel = parcel(&file);
    let idle = process.peak_memory();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let began = Instant::now();
    let (taken, answers) = runtime.block_on(async {
        client.submit(&parcel).await.expect("taken");
        let taken = began.elapsed();
        let mut answers = Vec::new();
        while answers.len() < 3 {
            for content in
                [Content::InterchangeAcknowledgmentTa1, Content::Acknowledgment999, Content::ClaimAcknowledgment277]
            {
                if let Some(answer) = client.retrieve(&[content], None).await.expect("an answer") {
                    client.confirm(&answer.payload_id, None).await.expect("confirmed");
                    answers.push((content, answer.file.length));
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        (taken, answers)
    });
    println!(
        "{CLAIMS} claims in {:.1} MB: stored after {:.2} s, {answers:?} there after {:.2} s; \
         most memory {} MiB ({} MiB before)",
        parcel.length as f64 / 1e6,
        taken.as_secs_f64(),
        began.elapsed().as_secs_f64(),
        process.peak_memory() >> 10,
        idle >> 10,
    );
    let accepted = site.count("SELECT count(*) FROM claim WHERE state = 'accepted'");
    assert_eq!(
        accepted,
        CLAIMS as i64,
        "claims accepted: {:?}",
        site.rows("SELECT state, count(*) FROM claim GROUP BY 1")
    );
}

fn generate(path: &Path) {
    let mut output = BufWriter::new(File::create(path).expect("a file"));
    generate::write(&Options::new(Kind::Professional, CLAIMS, 85), &mut output).expect("generated");
    output.flush().expect("written");
}

fn parcel(path: &Path) -> Parcel {
    let bytes = std::fs::read(path).expect("a file");
    let digest = |algorithm| digest::digest(algorithm, &bytes);
    let path = path.to_owned();
    Parcel {
        id: Uuid::new_v4(),
        name: "claims.x12".into(),
        content: Content::Claims837P,
        length: bytes.len() as u64,
        sha1: digest(&digest::SHA1_FOR_LEGACY_USE_ONLY).as_ref().try_into().expect("twenty bytes"),
        sha256: digest(&digest::SHA256).as_ref().try_into().expect("thirty-two bytes"),
        body: Body::new(move || Ok(Box::new(File::open(&path)?))),
    }
}
