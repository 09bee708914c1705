//! `fetch`: files, acknowledgments and remittances, from a running gateway.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use claimwire::gateway::Id;
use clap::{Args, ValueEnum};
use serde::Deserialize;
use tempfile::NamedTempFile;

use super::{
    Outcome,
    client::{Access, Client, Refusal},
    output::Destination,
    shown::printable,
};

/// Events that are asked for at a time.
const AT_ONCE: &str = "1000";
/// Seconds that the gateway is asked to wait for the next event.
const WAIT: &str = "30";
/// Longest file that says where to go on, in bytes.
const LONGEST_CURSOR: u64 = 64;

/// Fetch what partners sent, from a running gateway: remittances, acknowledgments, any file
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  claimwire fetch remittances --into era               each 835 that came since the last time, into a folder
  claimwire fetch remittances --into era --as ndjson   each payment on its own, one a line
  claimwire fetch acknowledgments --into acks --follow   and those that come from now on
  claimwire fetch files --since 1200 --into all        what came after the event of this number
  claimwire fetch 1kfr3tv2g0001                        one file, as it came or went
  claimwire fetch 1kfr3tv2g0001 --as json -o it.json   the same as JSON

Files are called PARTNER-CONTENT-ID.x12, and appear whole or not at all. The folder remembers how far it is, in a file
whose name begins with `.claimwire-`, so that the same command fetches only what is new. Reading a file is noted in the
gateway's audit log.

Exit codes: 0 fetched, or there was nothing new; 1 some files were erased when their time was over; 2 could not fetch.")]
pub struct Fetch {
    /// `remittances`, `acknowledgments`, `files` (all that came and were processed), or the id of one file
    #[arg(value_name = "WHAT")]
    what: String,
    /// As what
    #[arg(long = "as", value_name = "FORM", default_value = "x12")]
    form: Form,
    /// The folder that they are put into
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
    /// From this partner alone
    #[arg(long, value_name = "NAME", requires = "into")]
    partner: Option<String>,
    /// What came after the event of this number, or `latest`; by default where the folder left off, or else all
    #[arg(long, value_name = "EVENT", requires = "into")]
    since: Option<String>,
    /// Go on with what comes from now on, until interrupted
    #[arg(long, requires = "into")]
    follow: bool,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    destination: Destination,
}

/// As what a file is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// As it came or went, byte for byte
    X12,
    /// The whole file as one JSON document
    Json,
    /// Each claim, payment or answer on its own, one a line
    Ndjson,
}

impl Form {
    fn extension(self) -> &'static str {
        match self {
            Self::X12 => "x12",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
        }
    }

    /// Where a file stands in this form, and how it is asked for.
    fn place(self, file: &str) -> (String, &'static [(&'static str, &'static str)]) {
        match self {
            Self::X12 => (format!("/v1/files/{file}/raw"), &[]),
            Self::Json => (format!("/v1/files/{file}/json"), &[]),
            Self::Ndjson => (format!("/v1/files/{file}/json"), &[("to", "ndjson")]),
        }
    }
}

/// Which files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Remittances,
    Acknowledgments,
    Files,
}

impl What {
    fn of(text: &str) -> Option<Self> {
        match text {
            "remittances" => Some(Self::Remittances),
            "acknowledgments" => Some(Self::Acknowledgments),
            "files" => Some(Self::Files),
            _ => None,
        }
    }

    /// Whether a file is one of them.
    fn has(self, file: &File) -> bool {
        let holds = |kinds: &[&str]| {
            file.interchanges.iter().flat_map(|one| &one.groups).any(|group| kinds.contains(&group.kind.as_str()))
        };
        // What came a second time had its effect the first time.
        let counts = file.state != "duplicate";
        match self {
            Self::Files => true,
            Self::Remittances => counts && holds(&["HP"]),
            Self::Acknowledgments => counts && (file.content.as_deref() == Some("TA1") || holds(&["FA", "HN"])),
        }
    }
}

/// What happened, as far as it matters here.
#[derive(Deserialize)]
struct Event {
    sequence: i64,
    partner: String,
    file: Option<String>,
    claim: Option<String>,
    kind: String,
}

#[derive(Deserialize)]
struct Events {
    items: Vec<Event>,
    next: i64,
}

/// What is known of a file.
#[derive(Deserialize)]
struct File {
    id: String,
    partner: String,
    content: Option<String>,
    state: String,
    interchanges: Vec<Interchange>,
}

#[derive(Deserialize)]
struct Interchange {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    kind: String,
}

impl Fetch {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        match (What::of(&self.what), &self.into) {
            (Some(what), Some(folder)) => {
                if self.destination.path().is_some() {
                    bail!("-o is for one file; several go --into a folder");
                }
                self.collect(&self.access.client()?, what, folder)
            }
            (Some(_), None) => bail!("there may be several: say --into which folder"),
            (None, _) if self.what.parse::<Id>().is_err() => {
                bail!("{}: fetch remittances, acknowledgments, files, or the id of a file", printable(&self.what))
            }
            (None, Some(_)) => bail!("one file goes to standard output, or where -o says"),
            (None, None) => {
                let client = self.access.client()?;
                self.destination.write(|output| {
                    let (path, query) = self.form.place(&self.what);
                    client.fetch(&path, query, output)?;
                    Ok(Outcome::Done)
                })
            }
        }
    }

    /// Fetches what is new into a folder, event by event.
    fn collect(&self, client: &Client, what: What, folder: &Path) -> anyhow::Result<Outcome> {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let mark = Mark::of(folder, &self.what, self.partner.as_deref());
        let mut after = match &self.since {
            Some(since) if since == "latest" => since.clone(),
            Some(since) => match since.parse::<u64>() {
                Ok(_) => since.clone(),
                Err(_) => bail!("--since: the number of an event, or latest"),
            },
            None => mark.read()?.to_string(),
        };
        let (mut fetched, mut outcome) = (0_u64, Outcome::Done);
        loop {
            let wait = if self.follow { WAIT } else { "0" };
            let events: Events = client.ask("/v1/events", &[("after", &after), ("limit", AT_ONCE), ("wait", wait)])?;
            let is_last = events.items.is_empty() && events.next.to_string() == after;
            for event in &events.items {
                // One event of each file that came: claims have theirs besides.
                let (Some(id), None, "file_processed") = (&event.file, &event.claim, event.kind.as_str()) else {
                    continue;
                };
                if self.partner.as_ref().is_some_and(|partner| *partner != event.partner) {
                    continue;
                }
                let file: File = client.ask(&format!("/v1/files/{id}"), &[])?;
                if !what.has(&file) {
                    continue;
                }
                match self.keep(client, &file, folder)? {
                    Kept::New(path) => {
                        fetched += 1;
                        let _ = writeln!(io::stderr(), "claimwire: {}", path.display());
                        mark.write(event.sequence)?;
                    }
                    Kept::Before => {}
                    Kept::Erased => {
                        let _ = writeln!(io::stderr(), "claimwire: {}: its bytes were erased", file.id);
                        outcome = Outcome::Refused;
                    }
                }
            }
            mark.write(events.next)?;
            after = events.next.to_string();
            if is_last && !self.follow {
                break;
            }
        }
        let plural = if fetched == 1 { "" } else { "s" };
        let _ = writeln!(io::stderr(), "claimwire: {fetched} file{plural} fetched, up to event {after}");
        Ok(outcome)
    }

    /// Puts a file into the folder, unless it is there.
    fn keep(&self, client: &Client, file: &File, folder: &Path) -> anyhow::Result<Kept> {
        let path = folder.join(name(file, self.form));
        if path.exists() {
            return Ok(Kept::Before);
        }
        let mut kept = tempfile::Builder::new().prefix(".claimwire-part-").tempfile_in(folder)?;
        let (place, query) = self.form.place(&file.id);
        match client.fetch(&place, query, kept.as_file_mut()) {
            Ok(_) => {}
            Err(error) if error.downcast_ref::<Refusal>().is_some_and(|refusal| refusal.status == 410) => {
                return Ok(Kept::Erased);
            }
            Err(error) => return Err(error.context(file.id.clone())),
        }
        persist(kept, &path)?;
        Ok(Kept::New(path))
    }
}

/// What became of a file.
enum Kept {
    New(PathBuf),
    /// It was there.
    Before,
    /// The gateway no longer has it.
    Erased,
}

/// `harbor-835-1kfr3tv2g0001.x12`. What the gateway says cannot lead out of the folder.
fn name(file: &File, form: Form) -> String {
    let content = file.content.as_deref().unwrap_or("file");
    let name = format!("{}-{content}-{}.{}", file.partner, file.id, form.extension());
    let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    let name: String = name.chars().map(|character| if fits(character) { character } else { '_' }).collect();
    name.trim_start_matches('.').to_owned()
}

fn persist(file: NamedTempFile, path: &Path) -> anyhow::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error).with_context(|| path.display().to_string())?;
    Ok(())
}

/// Where a folder left off.
struct Mark(PathBuf);

impl Mark {
    fn of(folder: &Path, what: &str, partner: Option<&str>) -> Self {
        let partner: String =
            partner.unwrap_or_default().chars().filter(|one| one.is_ascii_alphanumeric() || *one == '-').collect();
        let name =
            if partner.is_empty() { format!(".claimwire-{what}") } else { format!(".claimwire-{what}-of-{partner}") };
        Self(folder.join(name))
    }

    fn read(&self) -> anyhow::Result<u64> {
        let text = match fs::File::open(&self.0) {
            Ok(file) => io::read_to_string(io::Read::take(file, LONGEST_CURSOR)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => Err(error),
        };
        let text = text.with_context(|| self.0.display().to_string())?;
        text.trim().parse().with_context(|| {
            format!("{}: it does not say how far this folder is; delete it to begin anew", self.0.display())
        })
    }

    fn write(&self, sequence: i64) -> anyhow::Result<()> {
        let folder = self.0.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".claimwire-part-").tempfile_in(folder)?;
        writeln!(file, "{sequence}")?;
        persist(file, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_the_folder() {
        let file = |partner: &str| File {
            id: "1kfr3tv2g0001".into(),
            partner: partner.into(),
            content: Some("835".into()),
            state: "processed".into(),
            interchanges: Vec::new(),
        };
        assert_eq!(name(&file("harbor"), Form::X12), "harbor-835-1kfr3tv2g0001.x12");
        assert_eq!(name(&file("../../etc"), Form::Json), "_.._etc-835-1kfr3tv2g0001.json");
    }

    #[test]
    fn a_folder_goes_on_where_it_left_off() {
        let folder = tempfile::tempdir().unwrap();
        let mark = Mark::of(folder.path(), "remittances", Some("harbor"));
        assert_eq!(mark.read().unwrap(), 0);
        mark.write(42).unwrap();
        assert_eq!(mark.read().unwrap(), 42);
        assert_eq!(Mark::of(folder.path(), "remittances", None).read().unwrap(), 0);
        fs::write(&mark.0, "soon").unwrap();
        assert!(mark.read().unwrap_err().to_string().contains("delete it"));
    }
}
