use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::BoxFuture;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::*;
use crate::gateway::{
    connect::{Arrival, Body, Caller, Content, Parcel, Peer, Proof, SendError, Service, ServiceError, Stored, Wanted},
    tls::fingerprint,
};

/// A gateway in memory: what it received (id, name, bytes), and what it says next.
#[derive(Default)]
struct Desk {
    received: Mutex<Vec<(String, String, Vec<u8>)>>,
    refuses: Mutex<Option<ServiceError>>,
}

impl Service for Desk {
    fn authenticate<'a>(&'a self, _: &'a Peer, _: Proof<'a>) -> BoxFuture<'a, Option<Caller>> {
        unreachable!("nobody calls")
    }

    fn receive<'a>(&'a self, from: &'a Caller, arrival: Arrival) -> BoxFuture<'a, Result<Stored, ServiceError>> {
        Box::pin(async move {
            assert_eq!((from.partner.as_str(), arrival.channel), ("acme", "folder"));
            if let Some(refused) = &*self.refuses.lock().unwrap() {
                return Err(refused.clone());
            }
            let bytes = fs::read(&arrival.file.path).unwrap();
            assert_eq!((arrival.file.length, arrival.file.sha256), (bytes.len() as u64, fingerprint(&bytes)));
            let (id, name) = (arrival.payload_id.unwrap(), arrival.name.unwrap());
            let mut received = self.received.lock().unwrap();
            let duplicate = received.iter().any(|(known, ..)| *known == id);
            received.push((id, name, bytes));
            Ok(Stored { id: Uuid::nil(), duplicate })
        })
    }

    fn next<'a>(&'a self, _: &'a Caller, _: Wanted) -> BoxFuture<'a, Result<Option<Parcel>, ServiceError>> {
        unreachable!("nothing is fetched")
    }

    fn fetched<'a>(&'a self, _: &'a Caller, _: Uuid, _: Option<&'a str>) -> BoxFuture<'a, Result<(), ServiceError>> {
        unreachable!("nothing is fetched")
    }

    fn confirmed<'a>(&'a self, _: &'a Caller, _: &'a str) -> BoxFuture<'a, Result<bool, ServiceError>> {
        unreachable!("nothing is fetched")
    }

    fn answer<'a>(&'a self, _: &'a Caller, _: Arrival) -> BoxFuture<'a, Result<Option<Parcel>, ServiceError>> {
        unreachable!("nobody waits for an answer")
    }
}

struct Site {
    folder: TempDir,
    desk: Arc<Desk>,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        fs::create_dir(folder.path().join("spool")).unwrap();
        Self { folder, desk: Arc::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn pick_up(&self, settings: &str) -> FolderPickUp {
        let settings: PartnerSettings = toml::from_str(&format!("pick_up = \"in\"\n{settings}")).unwrap();
        let service = Arc::clone(&self.desk) as Arc<dyn Service>;
        FolderPickUp::new(settings.beside(self.folder.path()), "acme", service, self.path("spool")).unwrap()
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.path("in").join(name), text).unwrap();
    }

    /// Names and texts that were received.
    fn received(&self) -> Vec<(String, String)> {
        let received = self.desk.received.lock().unwrap();
        let mut received: Vec<_> = received
            .iter()
            .map(|(_, name, bytes)| (name.clone(), String::from_utf8_lossy(bytes).into_owned()))
            .collect();
        received.sort();
        received
    }

    fn refuse(&self, error: Option<ServiceError>) {
        *self.desk.refuses.lock().unwrap() = error;
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn taken(taken: usize) -> Polled {
    Polled { taken, ..Polled::default() }
}

#[tokio::test]
async fn a_file_is_taken_when_it_no_longer_changes() {
    let site = Site::new();
    let mut pick_up = site.pick_up("");
    site.put("a.x12", "ISA");
    assert_eq!(pick_up.poll().await.unwrap(), taken(0));
    site.put("a.x12", "ISA*00");
    assert_eq!(pick_up.poll().await.unwrap(), taken(0));
    assert_eq!(pick_up.poll().await.unwrap(), taken(1));
    assert_eq!(pick_up.poll().await.unwrap(), taken(0));
    assert_eq!(site.received(), [("a.x12".into(), "ISA*00".into())]);
    assert_eq!(names(&site.path("in")), [".work", "done", "refused"]);
    assert_eq!(names(&site.path("in/done")), ["a.x12"]);
    assert!(names(&site.path("in/.work")).is_empty() && names(&site.path("spool")).is_empty());
}

#[tokio::test]
async fn a_second_file_of_a_name_does_not_take_the_place_of_the_first() {
    let site = Site::new();
    let mut pick_up = site.pick_up("");
    for text in ["one", "two", "three"] {
        for name in ["a.x12", "README"] {
            site.put(name, text);
        }
        pick_up.poll().await.unwrap();
        assert_eq!(pick_up.poll().await.unwrap(), taken(2));
    }
    let done = site.path("in/done");
    assert_eq!(names(&done), ["README", "README-2", "README-3", "a-2.x12", "a-3.x12", "a.x12"]);
    assert_eq!(fs::read_to_string(done.join("a.x12")).unwrap(), "one");
    assert_eq!(fs::read_to_string(done.join("a-3.x12")).unwrap(), "three");
}

#[tokio::test]
async fn unfinished_files_and_what_is_no_file_are_left_alone() {
    let site = Site::new();
    let left = [".hidden", "a.tmp", "a.PART", "a.x12.filepart", "a~", "empty", "folder", "link", "a.zip", "a.txt"];
    for name in left {
        match name {
            "empty" => site.put(name, ""),
            "folder" => fs::create_dir(site.path("in/folder")).unwrap(),
            "link" => symlink("/etc/hostname", site.path("in/link")).unwrap(),
            name => site.put(name, "ISA"),
        }
    }
    let mut pick_up = site.pick_up("take = [\".X12\", \".txt\", \"link\", \"empty\", \"folder\"]\nleave = [\".txt\"]");
    site.put("a.x12", "ISA");
    for expected in [0, 1, 0] {
        assert_eq!(pick_up.poll().await.unwrap(), taken(expected));
    }
    for name in left {
        assert!(fs::symlink_metadata(site.path("in").join(name)).is_ok(), "{name}");
    }
    // what is renamed is whole
    fs::rename(site.path("in/a.tmp"), site.path("in/b.x12")).unwrap();
    for expected in [0, 1] {
        assert_eq!(pick_up.poll().await.unwrap(), taken(expected));
    }
}

#[tokio::test]
async fn refused_files_stand_beside_their_reason() {
    let site = Site::new();
    let mut pick_up = site.pick_up("limit = 10");
    site.put("large.x12", "ISA*00*JANE DOE");
    pick_up.poll().await.unwrap();
    assert_eq!(pick_up.poll().await.unwrap(), Polled { refused: 1, ..Polled::default() });
    site.refuse(Some(ServiceError::Invalid("no X12".into())));
    site.put("bad.x12", "hello");
    pick_up.poll().await.unwrap();
    assert_eq!(pick_up.poll().await.unwrap(), Polled { refused: 1, ..Polled::default() });
    let refused = site.path("in/refused");
    assert_eq!(names(&refused), ["bad.x12", "bad.x12.reason.txt", "large.x12", "large.x12.reason.txt"]);
    assert_eq!(fs::read_to_string(refused.join("bad.x12.reason.txt")).unwrap(), "no X12\n");
    let reason = fs::read_to_string(refused.join("large.x12.reason.txt")).unwrap();
    assert_eq!(reason, "the file is larger than is taken\n");
    assert!(site.received().is_empty() && names(&site.path("in/.work")).is_empty());
}

#[tokio::test]
async fn what_the_gateway_cannot_take_now_waits() {
    let site = Site::new();
    let mut pick_up = site.pick_up("");
    site.refuse(Some(ServiceError::Unavailable { retry_after: Duration::from_secs(1) }));
    site.put("a.x12", "ISA");
    pick_up.poll().await.unwrap();
    for _ in 0..2 {
        assert_eq!(pick_up.poll().await.unwrap(), Polled { waiting: 1, ..Polled::default() });
    }
    site.refuse(None);
    assert_eq!(pick_up.poll().await.unwrap(), taken(1));
    assert_eq!(names(&site.path("in/done")), ["a.x12"]);
}

#[tokio::test]
async fn a_file_that_cannot_be_had_does_not_hold_up_others() {
    let site = Site::new();
    let mut pick_up = site.pick_up("");
    fs::write(site.path("in/.work").join(Uuid::now_v7().to_string()), "a file, where a folder should be").unwrap();
    for name in ["a.x12", "b.x12"] {
        site.put(name, "ISA");
    }
    fs::remove_dir(site.path("spool")).unwrap();
    pick_up.poll().await.unwrap();
    assert_eq!(pick_up.poll().await.unwrap(), Polled { waiting: 2, ..Polled::default() });
    fs::create_dir(site.path("spool")).unwrap();
    assert_eq!(pick_up.poll().await.unwrap(), taken(2));
}

#[tokio::test]
async fn a_stop_between_link_and_removal_leaves_one_file() {
    let site = Site::new();
    let mut pick_up = site.pick_up("");
    let claimed = site.path("in/.work").join(Uuid::now_v7().to_string());
    fs::create_dir(&claimed).unwrap();
    fs::write(claimed.join("a.x12"), "ISA").unwrap();
    fs::hard_link(claimed.join("a.x12"), site.path("in/done/a.x12")).unwrap();
    assert_eq!(pick_up.poll().await.unwrap(), taken(1));
    assert_eq!(names(&site.path("in/done")), ["a.x12"]);
    assert!(names(&site.path("in/.work")).is_empty());
}

#[tokio::test]
async fn a_crash_after_the_claim_loses_nothing() {
    let site = Site::new();
    let mut pick_up = site.pick_up("");
    site.refuse(Some(ServiceError::Unavailable { retry_after: Duration::from_secs(1) }));
    site.put("a.x12", "ISA");
    pick_up.poll().await.unwrap();
    pick_up.poll().await.unwrap();
    // it ends here, with the file claimed; and once with a folder made and the file not yet in it
    std::mem::drop(pick_up);
    fs::create_dir(site.path("in/.work").join(Uuid::now_v7().to_string())).unwrap();
    fs::write(site.path("in/.work/notes.txt"), "not ours").unwrap();
    site.refuse(None);
    let mut pick_up = site.pick_up("");
    assert_eq!(pick_up.poll().await.unwrap(), taken(1));
    assert_eq!(site.received(), [("a.x12".into(), "ISA".into())]);
    assert_eq!(names(&site.path("in/.work")), ["notes.txt"]);
}

#[tokio::test]
async fn a_crash_after_the_receipt_is_a_repeat_under_the_same_id() {
    let site = Site::new();
    let id = Uuid::now_v7().to_string();
    site.desk.received.lock().unwrap().push((id.clone(), "a.x12".into(), b"ISA".to_vec()));
    let mut pick_up = site.pick_up("");
    let claimed = site.path("in/.work").join(&id);
    fs::create_dir(&claimed).unwrap();
    fs::write(claimed.join("a.x12"), "ISA").unwrap();
    assert_eq!(pick_up.poll().await.unwrap(), taken(1));
    let ids: Vec<_> = site.desk.received.lock().unwrap().iter().map(|(id, ..)| id.clone()).collect();
    assert_eq!(ids, [id.clone(), id]);
    assert_eq!(names(&site.path("in/done")), ["a.x12"]);
}

#[tokio::test]
async fn a_link_in_the_work_folder_is_not_followed() {
    let site = Site::new();
    let mut pick_up = site.pick_up("");
    let claimed = site.path("in/.work").join(Uuid::now_v7().to_string());
    fs::create_dir(&claimed).unwrap();
    symlink("/etc/hostname", claimed.join("a.x12")).unwrap();
    assert_eq!(pick_up.poll().await.unwrap(), Polled { refused: 1, ..Polled::default() });
    assert!(site.received().is_empty());
}

#[tokio::test]
async fn it_runs_until_it_is_stopped() {
    let site = Site::new();
    site.put("a.x12", "ISA");
    let stop = CancellationToken::new();
    let running = tokio::spawn(site.pick_up("poll = \"0s\"").run(stop.clone()));
    while names(&site.path("in/done")).is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.cancel();
    running.await.unwrap();
    assert_eq!(site.received().len(), 1);
}

#[test]
fn folders_that_cannot_be_used_are_refused() {
    let site = Site::new();
    let service = || Arc::clone(&site.desk) as Arc<dyn Service>;
    let settings = PartnerSettings::default();
    let new = |settings| FolderPickUp::new(settings, "acme", service(), site.path("spool")).err().unwrap().to_string();
    assert_eq!(new(settings.clone()), "folder.pick_up: the settings have none");
    let gone = PartnerSettings { pick_up: Some(site.path("gone")), ..settings.clone() };
    assert!(new(gone).contains("gone: No such file"));
    let odd = PartnerSettings { pick_up: Some(site.path("in")), take: vec!["".into()], ..settings.clone() };
    assert!(new(odd).starts_with("folder.take: allowed is endings"));
    assert!(FolderDrop::new(&settings).is_err());
    let gone = PartnerSettings { drop: Some(site.path("gone")), ..settings };
    assert!(FolderDrop::new(&gone).unwrap_err().to_string().contains("gone"));
    assert!(toml::from_str::<PartnerSettings>("pickup = \"in\"").is_err());
    // another file system, where there is one
    let elsewhere = Path::new("/dev/shm");
    if fs::metadata(elsewhere).is_ok_and(|shared| shared.dev() != fs::metadata(site.path("in")).unwrap().dev()) {
        let done = tempfile::tempdir_in(elsewhere).unwrap();
        let apart = PartnerSettings {
            pick_up: Some(site.path("in")),
            done: Some(done.path().into()),
            ..PartnerSettings::default()
        };
        assert!(new(apart).contains("not on the same file system"));
    }
}

fn parcel(name: &str, bytes: &'static str) -> Parcel {
    Parcel {
        id: Uuid::from_u128(7),
        name: name.into(),
        content: Content::Claims837P,
        length: bytes.len() as u64,
        sha1: [0; 20],
        sha256: fingerprint(bytes.as_bytes()),
        body: Body::of_bytes(bytes),
    }
}

fn out() -> (TempDir, FolderDrop) {
    let folder = tempfile::tempdir().unwrap();
    let settings = PartnerSettings { drop: Some(folder.path().into()), ..PartnerSettings::default() };
    let out = FolderDrop::new(&settings).unwrap();
    (folder, out)
}

#[tokio::test]
async fn a_file_is_put_whole_and_once() {
    let (folder, out) = out();
    // what a try left that was cut short
    fs::write(folder.path().join(".00000000-0000-0000-0000-000000000007.part"), "IS").unwrap();
    let receipt = out.submit(&parcel("a.837", "ISA")).await.unwrap();
    assert_eq!(receipt.detail, "put as a.837");
    assert_eq!(names(folder.path()), ["a.837"]);
    assert_eq!(fs::read_to_string(folder.path().join("a.837")).unwrap(), "ISA");
    let mode = fs::metadata(folder.path().join("a.837")).unwrap().permissions().mode();
    assert_eq!(mode & 0o137, 0);
    assert_eq!(out.submit(&parcel("a.837", "ISA")).await.unwrap().detail, "a.837 was there already");
    assert_eq!(names(folder.path()), ["a.837"]);
}

#[tokio::test]
async fn nothing_is_written_over() {
    let (folder, out) = out();
    let target = folder.path().join("target");
    fs::write(&target, "ISA").unwrap();
    fs::write(folder.path().join("other"), "other").unwrap();
    fs::write(folder.path().join("longer"), "ISA*").unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    symlink(&target, folder.path().join("link")).unwrap();
    symlink("/nowhere", folder.path().join("nowhere")).unwrap();
    let before = names(folder.path());
    for name in ["other", "longer", "folder", "link", "nowhere"] {
        let error = out.submit(&parcel(name, "ISA")).await.unwrap_err();
        assert!(matches!(&error, SendError::Refused { code, .. } if code == "exists"), "{name}: {error:?}");
    }
    assert_eq!(names(folder.path()), before);
    assert_eq!(fs::read_to_string(folder.path().join("other")).unwrap(), "other");
}

#[tokio::test]
async fn a_name_is_no_path() {
    let (folder, out) = out();
    for name in ["", ".", "..", "../a", "/tmp/a", "a/b", "a\\b", ".a", "a\nb", "a\0b"] {
        let error = out.submit(&parcel(name, "ISA")).await.unwrap_err();
        assert!(matches!(&error, SendError::Refused { code, .. } if code == "name"), "{name}: {error:?}");
    }
    assert!(names(folder.path()).is_empty());
}

#[tokio::test]
async fn what_is_stored_wrongly_is_not_put() {
    let (folder, out) = out();
    let good = parcel("a", "ISA");
    for bad in [
        Parcel { length: 4, ..good.clone() },
        Parcel { length: 2, ..good.clone() },
        Parcel { sha256: [0; 32], ..good.clone() },
    ] {
        let error = out.submit(&bad).await.unwrap_err();
        assert!(matches!(&error, SendError::Refused { code, .. } if code == "stored"), "{error:?}");
    }
    let unreadable = Parcel { body: Body::new(|| Err(io::Error::other("sealed"))), ..good.clone() };
    assert!(matches!(out.submit(&unreadable).await, Err(SendError::Temporary { .. })));
    assert!(names(folder.path()).is_empty());
    fs::remove_dir(folder.path()).unwrap();
    assert!(matches!(out.submit(&good).await, Err(SendError::Temporary { .. })));
}
