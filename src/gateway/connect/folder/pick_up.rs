//! Files from a partner.

use std::{
    collections::HashMap,
    ffi::OsString,
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{CHANNEL, FolderError, PartnerSettings, place, sync_folder};
use crate::gateway::connect::{Arrival, Caller, Peer, Service, ServiceError, Spool, Spooled};

/// Endings that unfinished files usually have.
const UNFINISHED: &[&str] = &[
    ".tmp",
    ".temp",
    ".part",
    ".partial",
    ".filepart",
    ".crdownload",
    ".inprogress",
    ".writing",
    ".lock",
    ".swp",
    "~",
];
/// Most files that are taken at a look; the others at the next.
const MOST: usize = 1000;
/// Most entries of a folder that are looked at.
const MOST_ENTRIES: usize = 100_000;
/// Names that are tried for a file whose own is taken.
const MOST_NAMES: usize = 10_000;
/// Most characters of a name that is passed on.
const LONGEST_NAME: usize = 200;
/// The least time between looks.
const LEAST_POLL: Duration = Duration::from_millis(100);

/// Takes files out of a partner's folder.
pub struct FolderPickUp {
    folders: Folders,
    settings: PartnerSettings,
    service: Arc<dyn Service>,
    caller: Caller,
    spool: PathBuf,
    /// Files of the last look: length and time of change.
    seen: HashMap<OsString, Look>,
}

#[derive(Clone, Debug)]
struct Folders {
    pick_up: PathBuf,
    work: PathBuf,
    done: PathBuf,
    refused: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    length: u64,
    changed: Option<SystemTime>,
}

/// What came of a look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Polled {
    /// Files that were received.
    pub taken: usize,
    /// Files that were refused.
    pub refused: usize,
    /// Files that are claimed and wait for the gateway.
    pub waiting: usize,
}

/// A file that was claimed: alone in a folder of its own, which has its id as a name.
#[derive(Clone, Debug)]
struct Claimed {
    id: String,
    folder: PathBuf,
    name: OsString,
}

impl FolderPickUp {
    /// For the folder `pick_up` of a partner's settings. Folders for work and results are made where they are not there.
    /// `spool` is for copies while they are received.
    ///
    /// # Errors
    /// Settings without the folder; folders that cannot be used.
    pub fn new(
        settings: PartnerSettings,
        partner: &str,
        service: Arc<dyn Service>,
        spool: impl Into<PathBuf>,
    ) -> Result<Self, FolderError> {
        let pick_up = settings.pick_up.clone().ok_or(FolderError::Missing { key: "pick_up" })?;
        for (key, endings) in [("take", &settings.take), ("leave", &settings.leave)] {
            if endings.iter().any(|ending| ending.is_empty() || ending.contains('/')) {
                return Err(FolderError::Setting { key, allowed: "endings of file names, as [\".dat\"]" });
            }
        }
        let or = |path: &Option<PathBuf>, name: &str| path.clone().unwrap_or_else(|| pick_up.join(name));
        let folders = Folders {
            work: or(&settings.work, ".work"),
            done: or(&settings.done, "done"),
            refused: or(&settings.refused, "refused"),
            pick_up,
        };
        folders.prepare()?;
        let caller = Caller {
            partner: partner.to_owned(),
            credential: format!("folder {}", folders.pick_up.display()),
            senders: Vec::new(),
            // nobody calls
            peer: Peer { address: ([0, 0, 0, 0], 0).into(), certificate: None, tls: None },
        };
        Ok(Self { folders, settings, service, caller, spool: spool.into(), seen: HashMap::new() })
    }

    /// Looks into the folder, again and again, until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut looks = interval(Duration::try_from(self.settings.poll).unwrap_or_default().max(LEAST_POLL));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = looks.tick() => {}
            }
            if let Err(error) = self.poll_until(&stop).await {
                let partner = &self.caller.partner;
                tracing::warn!(%partner, %error, "folder: cannot be looked at");
            }
        }
    }

    /// One look. What was claimed before and not received, by this or an earlier run of the program, comes first.
    ///
    /// # Errors
    /// Folders that cannot be read. A file that cannot be read or moved waits, and is tried again.
    pub async fn poll(&mut self) -> Result<Polled, FolderError> {
        self.poll_until(&CancellationToken::new()).await
    }

    async fn poll_until(&mut self, stop: &CancellationToken) -> Result<Polled, FolderError> {
        let (folders, settings, seen) = (self.folders.clone(), self.settings.clone(), std::mem::take(&mut self.seen));
        let (claimed, seen) = blocking(&self.folders.pick_up, move || folders.look(&settings, &seen)).await?;
        self.seen = seen;
        let mut polled = Polled::default();
        for file in claimed {
            if stop.is_cancelled() {
                break;
            }
            // one file that cannot be had must not hold up the others
            if let Err(error) = self.take(&file, &mut polled).await {
                let (partner, id) = (&self.caller.partner, &file.id);
                tracing::warn!(%partner, payload.id = %id, %error, "folder: a file waits");
                polled.waiting = polled.waiting.saturating_add(1);
            }
        }
        Ok(polled)
    }

    /// Hands a file over, and puts it where it belongs then.
    async fn take(&self, file: &Claimed, polled: &mut Polled) -> Result<(), FolderError> {
        let (spool, limit, copied) = (self.spool.clone(), self.settings.limit, file.clone());
        let outcome = match blocking(&file.folder, move || copied.spool(&spool, limit)).await? {
            Copied::Whole(spooled) => self.receive(file, spooled).await,
            Copied::Changed => {
                let (folders, file) = (self.folders.clone(), file.clone());
                return blocking(&self.folders.pick_up, move || file.give_back(&folders)).await;
            }
            Copied::NoFile => Err(ServiceError::Invalid("it is no plain file".to_owned())),
            Copied::TooLarge => Err(ServiceError::TooLarge),
        };
        let (partner, id) = (&self.caller.partner, &file.id);
        let reason = match outcome {
            Err(error @ ServiceError::Unavailable { .. }) => {
                tracing::info!(%partner, payload.id = %id, %error, "folder: a file waits");
                polled.waiting = polled.waiting.saturating_add(1);
                return Ok(());
            }
            Ok(()) => {
                tracing::info!(%partner, payload.id = %id, "folder: a file was taken");
                polled.taken = polled.taken.saturating_add(1);
                None
            }
            Err(error) => {
                tracing::warn!(%partner, payload.id = %id, reason = %error, "folder: a file was refused");
                polled.refused = polled.refused.saturating_add(1);
                Some(error.to_string())
            }
        };
        let (folders, file) = (self.folders.clone(), file.clone());
        blocking(&self.folders.work, move || file.settle(&folders, reason.as_deref())).await
    }

    async fn receive(&self, file: &Claimed, spooled: Spooled) -> Result<(), ServiceError> {
        let arrival = Arrival {
            channel: CHANNEL,
            payload_id: Some(file.id.clone()),
            content: None,
            name: Some(printable(&file.name.to_string_lossy())),
            file: spooled,
        };
        self.service.receive(&self.caller, arrival).await.map(drop)
    }
}

impl Folders {
    fn prepare(&self) -> Result<(), FolderError> {
        let unusable = |path: &Path| {
            let path = path.to_owned();
            move |source| FolderError::Unusable { path, source }
        };
        let device = fs::metadata(&self.pick_up).map_err(unusable(&self.pick_up))?.dev();
        for folder in [&self.work, &self.done, &self.refused] {
            fs::create_dir_all(folder).map_err(unusable(folder))?;
            if fs::metadata(folder).map_err(unusable(folder))?.dev() != device {
                return Err(FolderError::Elsewhere { path: folder.clone(), pick_up: self.pick_up.clone() });
            }
        }
        Ok(())
    }

    /// Claims files that have not changed since the last look; gives those and what was claimed before, and how the others
    /// look.
    fn look(
        &self,
        settings: &PartnerSettings,
        before: &HashMap<OsString, Look>,
    ) -> io::Result<(Vec<Claimed>, HashMap<OsString, Look>)> {
        let mut claimed = self.left()?;
        let mut seen = HashMap::new();
        for entry in fs::read_dir(&self.pick_up)?.take(MOST_ENTRIES) {
            let entry = entry?;
            let name = entry.file_name();
            if !settings.takes(&name.to_string_lossy()) {
                continue;
            }
            // it may be gone again, and a link or folder is none of ours
            let Ok(metadata) = entry.metadata() else { continue };
            if !metadata.is_file() || metadata.len() == 0 {
                continue;
            }
            let look = Look { length: metadata.len(), changed: metadata.modified().ok() };
            if before.get(&name) != Some(&look) || claimed.len() >= MOST {
                seen.insert(name, look);
            } else if let Some(file) = self.claim(name)? {
                claimed.push(file);
            }
        }
        Ok((claimed, seen))
    }

    /// What was claimed and not settled.
    fn left(&self) -> io::Result<Vec<Claimed>> {
        let mut left = Vec::new();
        for entry in fs::read_dir(&self.work)?.take(MOST) {
            let folder = entry?.path();
            let Some(id) = folder.file_name().and_then(|id| id.to_str()).filter(|id| Uuid::try_parse(id).is_ok())
            else {
                continue;
            };
            let Ok(mut files) = fs::read_dir(&folder) else { continue };
            match files.next() {
                Some(file) => left.push(Claimed { id: id.to_owned(), name: file?.file_name(), folder: folder.clone() }),
                None => fs::remove_dir(&folder)?,
            }
        }
        left.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(left)
    }

    /// Moves a file into a folder of its own, which makes it ours; none if somebody else was faster.
    fn claim(&self, name: OsString) -> io::Result<Option<Claimed>> {
        let id = Uuid::now_v7().to_string();
        let folder = self.work.join(&id);
        fs::create_dir(&folder)?;
        match fs::rename(self.pick_up.join(&name), folder.join(&name)) {
            Ok(()) => {
                // its id must not be lost once it has been received under it
                sync_folder(&folder)?;
                sync_folder(&self.work)?;
                Ok(Some(Claimed { id, folder, name }))
            }
            Err(error) => {
                fs::remove_dir(&folder)?;
                if error.kind() == io::ErrorKind::NotFound { Ok(None) } else { Err(error) }
            }
        }
    }
}

impl PartnerSettings {
    fn takes(&self, name: &str) -> bool {
        let lower = name.to_lowercase();
        let ends = |ending: &str| lower.ends_with(&ending.to_lowercase());
        !name.starts_with('.')
            && !UNFINISHED.iter().any(|ending| ends(ending))
            && !self.leave.iter().any(|ending| ends(ending))
            && (self.take.is_empty() || self.take.iter().any(|ending| ends(ending)))
    }
}

/// What came of copying a file.
enum Copied {
    Whole(Spooled),
    /// It was written to after it was claimed.
    Changed,
    NoFile,
    TooLarge,
}

impl Claimed {
    fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    fn spool(&self, folder: &Path, limit: u64) -> io::Result<Copied> {
        let path = self.path();
        let named = fs::symlink_metadata(&path)?;
        if !named.is_file() {
            return Ok(Copied::NoFile);
        }
        let mut file = File::open(&path)?;
        let before = file.metadata()?;
        if (before.dev(), before.ino()) != (named.dev(), named.ino()) {
            return Ok(Copied::NoFile);
        }
        let (mut spool, mut buffer) = (Spool::create(folder, limit)?, vec![0; 64 << 10]);
        loop {
            let read = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => buffer.get(..read).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            match spool.write(read) {
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Ok(Copied::TooLarge),
                written => written?,
            }
        }
        let spooled = spool.finish()?;
        let after = file.metadata()?;
        let same = after.len() == spooled.length && after.modified().ok() == before.modified().ok();
        Ok(if same { Copied::Whole(spooled) } else { Copied::Changed })
    }

    /// Moves the file to where it is waited for again, or under a name beside its own.
    fn give_back(&self, folders: &Folders) -> io::Result<()> {
        self.move_to(&folders.pick_up)?;
        fs::remove_dir(&self.folder)
    }

    /// Moves the file to its last place; with a reason, that is the one of refused files.
    fn settle(&self, folders: &Folders, reason: Option<&str>) -> io::Result<()> {
        match reason {
            None => drop(self.move_to(&folders.done)?),
            Some(reason) => {
                let name = self.move_to(&folders.refused)?;
                let note = folders.refused.join(format!("{name}.reason.txt"));
                fs::write(note, format!("{reason}\n"))?;
            }
        }
        fs::remove_dir(&self.folder)
    }

    /// Moves it under its own name, or one with a number if that is taken; gives the name.
    fn move_to(&self, folder: &Path) -> io::Result<String> {
        let own = printable(&self.name.to_string_lossy());
        for number in 1..MOST_NAMES {
            let name = match own.rsplit_once('.') {
                _ if number == 1 => own.clone(),
                Some((stem, ending)) if !stem.is_empty() => format!("{stem}-{number}.{ending}"),
                _ => format!("{own}-{number}"),
            };
            match place(&self.path(), &folder.join(&name)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                placed => return placed.map(|()| name),
            }
        }
        let name = format!("{}-{own}", self.id);
        place(&self.path(), &folder.join(&name)).map(|()| name)
    }
}

/// A name that can be shown and stored: bounded, no control characters.
fn printable(name: &str) -> String {
    let clean = |character: char| if character.is_control() || character == '/' { '_' } else { character };
    let mut name: String = name.chars().map(clean).collect();
    while name.len() > LONGEST_NAME {
        name.pop();
    }
    name
}

async fn blocking<T: Send + 'static>(
    folder: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, FolderError> {
    let done = spawn_blocking(work).await.unwrap_or_else(|_| Err(io::Error::other("the work was cut off")));
    done.map_err(|source| FolderError::Unusable { path: folder.to_owned(), source })
}
