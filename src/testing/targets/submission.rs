//! Bodies of the API: claims that are handed in, as JSON or as X12.

use std::{
    collections::BTreeMap,
    fs, io,
    io::Read,
    sync::{Arc, LazyLock},
};

use super::{Pieces, shown};
use crate::{
    check::{self, Claim, Receive, Verdict},
    gateway::{
        Gateway, Settings,
        flow::{Decision, Submission, SubmitError, Submitted},
        store::Keyring,
    },
    ndjson,
};

/// What the API makes of a body: the same however it is read; a claim that may go out can be written for its
/// partner, and is then accepted by our own checks.
pub fn submission(data: &[u8]) {
    let whole = examined(data);
    let torn = examined(Pieces::of(data));
    assert_eq!(told(&torn), told(&whole), "in pieces as in one: {}", shown(data));
    let Ok(checked) = whole else { return };
    assert_eq!(checked.queued, 0, "nothing is queued that is only examined");
    let refused = checked.claims.iter().filter(|claim| claim.decision == Decision::Refused).count();
    assert_eq!(checked.refused, refused);
    assert!(checked.claims.is_sorted_by_key(|claim| claim.line), "claims are told in their order");
    if data.trim_ascii_start().starts_with(b"{") {
        accepted_is_written(&checked, data);
    }
}

/// Writes the claims that may go out as the gateway would.
fn accepted_is_written(checked: &Submitted, data: &[u8]) {
    let mut lines = BTreeMap::new();
    let gathered = ndjson::each(data, |number, line| {
        lines.insert(number, line.trim_ascii().to_vec());
        Ok::<_, ndjson::Error>(())
    });
    assert!(gathered.is_ok(), "what was examined is lines");
    let Some(partner) = GATEWAY.partner(PARTNER) else { return };
    let (Ok(options), checking) = (partner.options(), partner.checking()) else { return };
    for claim in checked.claims.iter().filter(|claim| claim.decision == Decision::Acceptable) {
        assert_eq!(claim.partner.as_deref(), Some(PARTNER), "it goes to somebody");
        let Some(line) = lines.get(&claim.line) else { panic!("no line {} in {}", claim.line, shown(data)) };
        let mut writer = ndjson::Writer::new(Vec::new(), options.clone());
        let written = writer.push(line).map_err(|error| error.to_string());
        assert_eq!(written, Ok(()), "it can be written: {}", shown(line));
        let Ok(file) = writer.finish() else { panic!("it can be written: {}", shown(line)) };
        let mut verdicts = Verdicts::default();
        let outcome = check::check(&file[..], &checking, &mut verdicts);
        assert!(outcome.is_ok(), "{:?}: {}", outcome.err(), shown(&file));
        assert!(
            verdicts.claims == 1 && verdicts.rejected.is_empty(),
            "one claim, and it is accepted: {:#?} {}",
            verdicts.rejected,
            shown(&file)
        );
    }
}

#[derive(Default)]
struct Verdicts {
    claims: usize,
    rejected: Vec<String>,
}

impl Receive for Verdicts {
    fn claim(&mut self, claim: &Claim<'_>) {
        self.claims += 1;
        if claim.verdict == Verdict::Rejected {
            self.rejected.extend(claim.findings.iter().chain(claim.inherited).map(|finding| format!("{finding:?}")));
        }
    }
}

fn examined(claims: impl Read) -> Result<Submitted, SubmitError> {
    let submission = Submission { source: "test".into(), partner: None, only: None, allow_duplicates: false, claims };
    GATEWAY.examine(submission).map(|prepared| prepared.into_checked())
}

fn told(examined: &Result<Submitted, SubmitError>) -> String {
    match examined {
        Ok(submitted) => serde_json::to_string(submitted).unwrap_or_default(),
        Err(SubmitError::Io(error)) => panic!("a body that can be read is read: {error}"),
        Err(error) => error.to_string(),
    }
}

const PARTNER: &str = "harbor";

/// A gateway with one partner. Nothing is ever stored in it.
static GATEWAY: LazyLock<Arc<Gateway>> = LazyLock::new(|| {
    let settings = || -> io::Result<Settings> {
        let folder = std::env::temp_dir().join(format!("claimwire-fuzzing-{}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(folder.join("partners"))?;
        Keyring::generate_file(&folder.join("master.key")).map_err(io::Error::other)?;
        let partner = "sender_id = \"BAYSIDE01\"\nsender_qualifier = \"ZZ\"\nreceiver_id = \"99001\"\nreceiver_qualifier = \"ZZ\"\n\
                       usage = \"test\"\npayers = [\"99001\", \"60054\"]\n[characters]\nset = \"extended\"\n";
        fs::write(folder.join("partners").join(format!("{PARTNER}.toml")), partner)?;
        let settings = folder.join("gateway.toml");
        fs::write(&settings, "folder = \"data\"\nmaster_key = \"file:master.key\"\npartners = \"partners\"\n")?;
        Settings::load(&settings).map_err(io::Error::other)
    };
    Gateway::open(&settings().expect("settings of a gateway")).expect("a gateway")
});
