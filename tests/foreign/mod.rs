//! Files that other people wrote, where they can be had: `CLAIMWIRE_CORPUS`, else `../shared/corpus`.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The files, in order; `None`, and a word about it, without them.
pub fn files() -> Option<Vec<PathBuf>> {
    let (mut found, mut open) = (Vec::new(), vec![root()?.join("files")]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("readable").flatten() {
            let path = entry.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Some(found)
}

/// What is known of a file.
pub struct Row {
    /// Where it is.
    pub path: PathBuf,
    /// Its path in the corpus.
    pub name: String,
    /// `837P`, `835`, or several joined by `+`.
    pub transaction: String,
    /// `5010`, `4010`.
    pub release: String,
    /// `valid`, `invalid`, `disputed`, or nothing.
    pub gold: String,
    /// What its owner says of it.
    pub detail: String,
    /// What pyx12 says of it.
    pub pyx12: String,
    /// The acknowledgment that pyx12 wrote.
    pub acknowledgment: Option<PathBuf>,
}

/// What is known of the files; `None`, and a word about it, without them.
pub fn index() -> Option<Vec<Row>> {
    let root = root()?;
    let text = fs::read_to_string(root.join("INDEX.tsv")).expect("readable");
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().expect("a heading").split('\t').collect();
    let rows = lines.map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let column = |name: &str| {
            let at = names.iter().position(|known| *known == name).expect("a column");
            columns.get(at).copied().unwrap_or_default().to_owned()
        };
        let acknowledgment = column("pyx12_ack");
        Row {
            path: root.join(column("path")),
            name: column("path"),
            transaction: column("transaction"),
            release: column("release"),
            gold: column("gold"),
            detail: column("expectation_detail"),
            pyx12: column("pyx12_detail"),
            acknowledgment: (!acknowledgment.is_empty()).then(|| root.join(acknowledgment)),
        }
    });
    Some(rows.collect())
}

fn root() -> Option<PathBuf> {
    let named = std::env::var_os("CLAIMWIRE_CORPUS").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let root = [named, Some(beside)].into_iter().flatten().find(|path| path.join("files").is_dir());
    if root.is_none() {
        println!("skipped: no corpus at CLAIMWIRE_CORPUS or ../shared/corpus");
    }
    root
}
