//! Callers that are not who they say they are, or ask for what is not theirs: refused, noted, and told nothing.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use aws_lc_rs::digest;
use claimwire::gateway::{
    Gateway, Served,
    authority::{Authority, Issued},
    connect::{
        Body, Content, Parcel, SendError,
        core::{
            client::{CoreClient, Secrets},
            settings::PartnerSettings,
        },
        stream::StreamClient,
    },
    secret::Passwords,
    store::{api_keys, audit},
    tls::{self, ClientSettings},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::harness::{Pair, Site};

const CLAIMS: &str = include_str!("../../../samples/837p/two-visits.x12");

/// A payer's gateway with all its listeners, and two partners that call it: `clinic` by certificate, and `other` by
/// certificate or password.
struct World {
    site: Site,
    pair: Pair,
    gateway: Arc<Gateway>,
    core: SocketAddr,
    stream: SocketAddr,
    api: SocketAddr,
    stop: CancellationToken,
    spool: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl World {
    async fn new() -> Self {
        let pair = Pair::new("127.0.0.1");
        let other = pair.authority.issue_client("other").unwrap();
        other.write(pair.folder.path(), "other").unwrap();
        let password = Passwords::hash(&"right".to_owned().into()).unwrap();
        let parties = |id: &str| format!("sender_id = \"EXAMPLEPLAN\"\nreceiver_id = \"{id}\"\n");
        let other = format!(
            "{}[credentials]\nuser = \"other\"\npassword_hash = \"{password}\"\ncertificates = [\"{}\"]\n",
            parties("OTHER1"),
            hex::encode(other.sha256)
        );
        let clinic = format!("{}{}", parties("RIVERBEND"), pair.credentials());
        let server = pair.server();
        let settings = format!(
            "[core]\nlisten = \"127.0.0.1:0\"\ntls = {{ {server}, client_certificates = \"optional\" }}\n\
             [stream]\nlisten = \"127.0.0.1:0\"\ntls = {{ {server}, client_certificates = \"required\" }}\n\
             [api]\nlisten = \"127.0.0.1:0\"\n"
        );
        let site = Site::new(&settings, &[("clinic", &clinic), ("other", &other)]);
        let settings = site.settings();
        let of = settings.clone();
        let gateway = tokio::task::spawn_blocking(move || Gateway::open(&of).unwrap()).await.unwrap();
        let served = Served::open(Arc::clone(&gateway), &settings).await.unwrap();
        let addresses = served.addresses();
        let stop = CancellationToken::new();
        tokio::spawn(served.run(stop.clone()));
        Self {
            site,
            pair,
            gateway,
            core: addresses.core.unwrap(),
            stream: addresses.stream.unwrap(),
            api: addresses.api.unwrap(),
            stop,
            spool: tempfile::tempdir().unwrap(),
        }
    }

    /// Who shows this certificate, or none.
    fn tls(&self, name: Option<&str>) -> Arc<rustls::ClientConfig> {
        let at = |name: &str| PathBuf::from(self.pair.at(name));
        tls::client(&ClientSettings {
            authorities: Some(at("authority.pem")),
            certificate: name.map(|name| at(&format!("{name}.pem"))),
            key: name.map(|name| at(&format!("{name}.key"))),
            ..ClientSettings::default()
        })
        .unwrap()
    }

    fn client(&self, certificate: Option<&str>, sender: &str, password: Option<(&str, &str)>) -> CoreClient {
        let settings = PartnerSettings {
            url: Some(format!("https://{}/core", self.core)),
            sender: sender.to_owned(),
            receiver: "EXAMPLEPLAN".to_owned(),
            user: password.map(|(user, _)| user.to_owned()),
            ..PartnerSettings::default()
        };
        let secrets =
            Secrets { password: password.map(|(_, password)| password.to_owned().into()), ..Secrets::default() };
        CoreClient::new(settings, secrets, (*self.tls(certificate)).clone(), self.spool.path()).unwrap()
    }

    fn streaming(&self, certificate: Option<&str>) -> StreamClient {
        let settings = toml::from_str(&format!("address = \"{}\"", self.stream)).unwrap();
        StreamClient::new(settings, self.tls(certificate), self.spool.path()).unwrap()
    }

    /// Makes a certificate that may be shown by this name.
    fn issue(&self, name: &str, issue: impl FnOnce(&Authority) -> Issued) {
        issue(&self.pair.authority).write(self.pair.folder.path(), name).unwrap();
    }

    /// What was refused so far: who, and why.
    fn refused(&self) -> Vec<(String, String)> {
        let rows = self.site.rows("SELECT actor, detail FROM audit WHERE action = 'refused' ORDER BY sequence");
        let pair = |row: &Value| {
            let detail: Value = serde_json::from_str(row["detail"].as_str().unwrap()).unwrap();
            (row["actor"].as_str().unwrap().to_owned(), detail["why"].as_str().unwrap().to_owned())
        };
        rows.iter().map(pair).collect()
    }

    /// Waits until so much was refused, and gives why the last was.
    async fn refusal(&self, count: usize) -> String {
        for _ in 0..400 {
            let refused = self.refused();
            assert!(refused.len() <= count, "{refused:?}");
            if refused.len() == count {
                return refused.last().unwrap().1.clone();
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("not noted: {count} {:?}", self.refused());
    }

    async fn is_whole(&self) {
        let verdict = audit::verify(self.gateway.store(), None).await.unwrap();
        assert!(matches!(verdict, audit::Verdict::Whole(_)), "{verdict:?}");
    }

    fn files(&self) -> i64 {
        self.site.count("SELECT count(*) FROM file")
    }
}

fn parcel(text: &str) -> Parcel {
    let bytes = text.as_bytes().to_vec();
    let of = |algorithm| digest::digest(algorithm, &bytes);
    Parcel {
        id: Uuid::new_v4(),
        name: "claims.837".into(),
        content: Content::Claims837P,
        length: bytes.len() as u64,
        sha1: of(&digest::SHA1_FOR_LEGACY_USE_ONLY).as_ref().try_into().unwrap(),
        sha256: of(&digest::SHA256).as_ref().try_into().unwrap(),
        body: Body::of_bytes(bytes),
    }
}

fn code(error: SendError) -> String {
    match error {
        SendError::Refused { code, .. } => code,
        other => format!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_are_not_good_let_nobody_in() {
    let world = World::new().await;
    world.issue("expired", |authority| authority.issue_expired_client("billing").unwrap());
    world.issue("stranger", |_| Authority::new("Other authority").unwrap().issue_client("billing").unwrap());
    world.issue("forged", |_| Authority::new("Test authority").unwrap().issue_client("billing").unwrap());
    // A server's certificate is none for a caller.
    world.issue("server", |authority| authority.issue_server(&["127.0.0.1"]).unwrap());
    world.issue("unknown", |authority| authority.issue_client("clinic").unwrap());
    let claims = parcel(CLAIMS);
    let mut count = 0;
    for (name, why) in [
        (None, "shows no certificate"),
        (Some("expired"), "has expired"),
        (Some("stranger"), "of another authority"),
        (Some("forged"), "BadSignature"),
        (Some("server"), ""),
        (Some("unknown"), "nobody is known by this"),
    ] {
        let said = world.streaming(name).submit(&claims).await;
        assert!(said.is_err(), "{name:?}: {said:?}");
        count += 1;
        let noted = world.refusal(count).await;
        assert!(noted.contains(why), "stream, {name:?}: {noted}");
        let said = world.client(name, "RIVERBEND", None).submit(&claims).await.unwrap_err();
        match name {
            // Here a password would do instead, so this is told in CORE's words.
            None => assert_eq!(code(said), "UnAuthorized"),
            Some("unknown") => {
                assert_eq!(code(said), "UnAuthorized");
                count += 1;
                world.refusal(count).await;
            }
            _ => {
                assert!(!matches!(said, SendError::Refused { .. }), "{said:?}");
                count += 1;
                assert!(world.refusal(count).await.contains(why), "core, {name:?}");
            }
        }
    }
    assert_eq!(world.files(), 0, "something was stored");
    world.is_whole().await;
    // Those who are known get in.
    world.streaming(Some("billing")).submit(&claims).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_tell_nothing() {
    let world = World::new().await;
    let claims = parcel(CLAIMS);
    let try_as = async |user: &str, password: &str| match world
        .client(None, "OTHER1", Some((user, password)))
        .submit(&claims)
        .await
        .unwrap_err()
    {
        SendError::Refused { code, reason, .. } => (code, reason),
        other => panic!("{other}"),
    };
    let wrong = try_as("other", "wrong").await;
    assert_eq!(wrong.0, "UnAuthorized");
    assert_eq!(wrong, try_as("nobody", "wrong").await, "one can tell who there is");
    assert_eq!(wrong, try_as("other", "").await);
    world.refusal(3).await;
    // The right password under another's certificate is nobody's.
    let mixed = world.client(Some("billing"), "RIVERBEND", Some(("other", "right"))).submit(&claims).await.unwrap_err();
    assert_eq!(code(mixed), "UnAuthorized");
    assert!(world.refusal(4).await.contains("another partner"));
    let notes = world.site.rows("SELECT actor || subject || detail AS one FROM audit");
    assert!(notes.iter().all(|row| !row["one"].as_str().unwrap().contains("wrong\"")), "a password is noted");
    assert_eq!(world.files(), 0);
    world
        .client(None, "OTHER1", Some(("other", "right")))
        .submit(&parcel(&CLAIMS.replace("RIVERBEND      ", "OTHER1         ")))
        .await
        .unwrap();
    world.is_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn partners_see_nothing_of_each_other() {
    let world = World::new().await;
    let claims = parcel(CLAIMS);
    world.client(Some("billing"), "RIVERBEND", None).submit(&claims).await.unwrap();
    let waiting = "SELECT message FROM file WHERE direction = 'out' AND content = '999'";
    for _ in 0..400 {
        if !world.site.rows(waiting).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let theirs = world.site.rows(waiting)[0]["message"].as_str().unwrap().to_owned();
    let other = world.client(Some("other"), "OTHER1", None);
    let before = world.site.rows("SELECT * FROM delivery");
    for id in [theirs.as_str(), &claims.id.to_string(), &Uuid::new_v4().to_string()] {
        let got = other.retrieve(&[Content::Acknowledgment999], Some(id)).await.unwrap();
        assert!(got.is_none(), "{got:?}");
    }
    // What is another's is answered as what is nowhere.
    let confirming = async |id: &str| format!("{:?}", other.confirm(id, None).await.unwrap_err());
    assert_eq!(confirming(&theirs).await, confirming(&Uuid::new_v4().to_string()).await);
    assert_eq!(world.site.rows("SELECT * FROM delivery"), before);
    // The same id for a file of one's own is no repeat of the other's.
    let own = Parcel { id: claims.id, ..parcel(&CLAIMS.replace("RIVERBEND      ", "OTHER1         ")) };
    other.submit(&own).await.unwrap();
    assert_eq!(world.site.count("SELECT count(DISTINCT partner) FROM file WHERE direction = 'in'"), 2);

    // Nor by the API.
    let issue = async |scope: &'static str| {
        let issued = world.gateway.store().write(move |tx| api_keys::issue(tx, "test", "operator,reader", scope)).await;
        issued.unwrap().1.expose_secret().to_owned()
    };
    let (own, others) = (issue("[\"clinic\"]").await, issue("[\"other\"]").await);
    let http = crate::core::http();
    let ask = async |path: &str, key: &str| {
        let answer = http.get(format!("http://{}{path}", world.api)).bearer_auth(key).send().await.unwrap();
        let status = answer.status().as_u16();
        let mut body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default();
        if let Some(body) = body.as_object_mut() {
            body.remove("request_id");
        }
        (status, body)
    };
    for _ in 0..400 {
        if world.site.count("SELECT count(*) FROM claim WHERE partner = 'clinic'") == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let list = ask("/v1/claims?partner=clinic", &own).await.1;
    let id = list["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{list}")).to_owned();
    for path in ["/v1/claims/", "/v1/files/"] {
        let unknown = ask(&format!("{path}0000000000001"), &others).await;
        assert_eq!(unknown.0, 404);
        assert_eq!(ask(&format!("{path}{id}"), &others).await, unknown);
    }
    assert_eq!(ask(&format!("/v1/claims/{id}"), &own).await.0, 200);
    assert_eq!(ask(&format!("/v1/claims/{id}/timeline"), &others).await.0, 404);
    for path in ["/v1/claims", "/v1/files", "/v1/deliveries", "/v1/acknowledgments", "/v1/events"] {
        let (status, body) = ask(path, &others).await;
        assert_eq!(status, 200, "{path}");
        assert!(!body.to_string().contains("clinic"), "{path}: {body}");
    }
    assert_eq!(ask("/v1/claims", "cw_nobody").await.0, 401);
    assert_eq!(ask("/v1/audit", &others).await.0, 403);
    let noted = world.site.count("SELECT count(*) FROM audit WHERE action = 'api.refused'");
    assert_eq!(noted, 1);
    world.is_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_speaks_for_somebody_else() {
    let world = World::new().await;
    // SenderID.
    let error = world.client(Some("other"), "RIVERBEND", None).submit(&parcel(CLAIMS)).await.unwrap_err();
    assert_eq!(code(error), "SenderIDIllegal");
    assert!(world.refusal(1).await.contains("SenderID"));
    assert_eq!(world.files(), 0);
    // ISA06, and ISA15: the file is kept, its interchange rejected, and its claims go nowhere.
    let other = world.client(Some("other"), "OTHER1", None);
    other.submit(&parcel(CLAIMS)).await.unwrap();
    assert!(world.refusal(2).await.contains("ISA06"));
    let own = CLAIMS.replace("RIVERBEND      ", "OTHER1         ");
    other.submit(&parcel(&own.replace("*1*T*:", "*1*P*:"))).await.unwrap();
    assert!(world.refusal(3).await.contains("ISA15"));
    for _ in 0..400 {
        if world.site.count("SELECT count(*) FROM file WHERE direction = 'in' AND state = 'processed'") == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let verdicts = world.site.rows("SELECT DISTINCT kind, verdict FROM acknowledgment WHERE kind = 'TA1'");
    assert_eq!(verdicts, [json!({"kind": "TA1", "verdict": "rejected"})]);
    assert_eq!(world.site.count("SELECT count(*) FROM claim WHERE state <> 'interchange_rejected'"), 0);
    assert_eq!(world.site.count("SELECT count(*) FROM claim WHERE partner = 'clinic'"), 0);
    // Answers that say they are somebody else's, or of production, change nothing and are refused.
    for (isa, text) in [("RIVERBEND      ", "T"), ("OTHER1         ", "P")] {
        let ta1 = format!(
            "ISA*00*          *00*          *ZZ*{isa}*ZZ*EXAMPLEPLAN    *260120*0930*^*00501*000000102*0*{text}*:~\
             TA1*000000001*260120*0930*R*024~IEA*0*000000102~"
        );
        other.submit(&Parcel { content: Content::Mixed, ..parcel(&ta1) }).await.unwrap();
    }
    world.refusal(5).await;
    for _ in 0..400 {
        if world.site.count("SELECT count(*) FROM file WHERE state = 'refused'") == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(world.site.count("SELECT count(*) FROM file WHERE state = 'refused'"), 2);
    assert_eq!(world.site.count("SELECT count(*) FROM acknowledgment WHERE direction = 'in'"), 0);
    let actors: Vec<String> = world.refused().into_iter().map(|(actor, _)| actor).collect();
    assert!(actors.iter().all(|actor| actor == "other"), "{actors:?}");
    world.is_whole().await;
}
