//! Partners that come and go while the gateway runs.

use super::*;
use crate::gateway::authority::Authority;

const SEASIDE: &str = r#"
sender_id = "CLRV01"
receiver_id = "99002"
collect_every = "50ms"
send_by = "core"
[tls]
authorities = "authority.pem"
[core]
# nobody listens there
url = "https://127.0.0.1:1/core"
sender = "CLRV01"
receiver = "99002"
"#;
/// Partners that are asked now and then, and will be again.
const ASKED: &str =
    "SELECT subject AS one FROM job WHERE kind = 'collect' AND state IN ('ready', 'running') ORDER BY subject";

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_is_new_is_asked_and_one_that_is_gone_is_not() {
    let (clinic, _payer) = sides().await;
    clinic.until(ASKED, &["harbor"]).await;
    let file = clinic._folder.path().join("partners/seaside.toml");
    let authority = file.with_file_name("authority.pem");
    Authority::new("Seaside").unwrap().write(&authority).unwrap();
    fs::write(&file, SEASIDE).unwrap();
    assert!(clinic.gateway.reload_if_changed().await.unwrap(), "there is a new file");
    assert!(!clinic.gateway.reload_if_changed().await.unwrap(), "nothing is new");
    clinic.until(ASKED, &["harbor", "seaside"]).await;
    assert!(clinic.gateway.partner("seaside").is_some());
    // A certificate beside it is one of its files.
    Authority::new("Seaside, the next").unwrap().write(&authority).unwrap();
    assert!(clinic.gateway.reload_if_changed().await.unwrap());

    // What cannot be used changes nothing, and is told once.
    fs::write(&file, "sender_id = 5").unwrap();
    assert!(clinic.gateway.reload_if_changed().await.is_err());
    assert!(!clinic.gateway.reload_if_changed().await.unwrap());
    assert!(clinic.gateway.partner("seaside").is_some());
    assert!(clinic.gateway.reload("operator").await.is_err());

    // One that is not reached for long is asked ever less often, and leaves at once all the same.
    let later = "UPDATE job SET due = due + 3600000 WHERE kind = 'collect' AND subject = 'seaside' AND state = 'ready'";
    clinic.gateway.store().write(move |tx| tx.run(later, values![])).await.unwrap();
    fs::remove_file(&file).unwrap();
    assert!(clinic.gateway.reload_if_changed().await.unwrap());
    clinic.until(ASKED, &["harbor"]).await;
    assert!(clinic.gateway.partner("seaside").is_none());
    let asked = "SELECT actor AS one FROM audit WHERE action = 'partners.reload' ORDER BY sequence";
    assert_eq!(clinic.rows(asked).await, ["gateway"; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_are_checked_by_the_day_that_it_is() {
    use std::sync::atomic::{AtomicI64, Ordering};
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    crate::gateway::store::Keyring::generate_file(&at("master.key")).unwrap();
    fs::create_dir(at("partners")).unwrap();
    fs::write(at("partners/harbor.toml"), HARBOR).unwrap();
    let text = "folder = \"data\"\nmaster_key = \"file:master.key\"\npartners = \"partners\"\n";
    fs::write(at("gateway.toml"), text).unwrap();
    let hand = Arc::new(AtomicI64::new(1_790_000_000_000));
    let settings = Settings::load(&at("gateway.toml")).unwrap();
    let clock = crate::gateway::store::Clock::set_by(Arc::clone(&hand));
    let gateway = tokio::task::block_in_place(|| Gateway::open_at(&settings, clock)).unwrap();
    let first = gateway.checking("harbor").today;
    hand.fetch_add(3 * 24 * 60 * 60 * 1000, Ordering::SeqCst);
    assert_eq!(
        first.duration_until(gateway.checking("harbor").today).as_hours(),
        72,
        "not the day that it was started"
    );
}
