//! The server for other people's clients: `tests/interop/core_server.sh` runs it.

use super::*;

/// Serves until its standard input ends. Writes its URL to the file that `CLAIMWIRE_INTEROP` names.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by tests/interop/core_server.sh"]
async fn serve_for_other_clients() {
    let file = std::env::var_os("CLAIMWIRE_INTEROP").expect("CLAIMWIRE_INTEROP names a file for the URL");
    let world = World::new().await;
    for content in [Content::Acknowledgment999, Content::ClaimAcknowledgment277, Content::Remittance835] {
        world.payer.waiting.lock().unwrap().push(parcel(content, PAYLOAD));
    }
    let partial = std::path::Path::new(&file).with_extension("part");
    std::fs::write(&partial, world.url()).unwrap();
    std::fs::rename(&partial, &file).unwrap();
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await.unwrap().unwrap();
    let kept = world.payer.kept();
    assert!(!kept.is_empty() && kept.iter().all(|kept| hex::encode(kept.sha256) == SHA256), "{kept:?}");
}
