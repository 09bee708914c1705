//! Sizes, characters, control numbers, duplicates, and how strictly files are checked.

use std::path::PathBuf;

use jiff::SignedDuration;
use serde::Deserialize;

use super::Refused;

/// Most claims of a transaction set that the guides advise.
pub(super) const CLAIMS_PER_TRANSACTION: u32 = 5000;
/// Longest that anything is waited for or remembered.
const LONGEST_DAYS: u32 = 3660;
/// Longest that claims wait for others.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Control numbers have nine digits.
const LAST_NUMBER: u32 = 999_999_999;

/// `[limits]`: how large files become, and how long claims wait for others. Without a setting there is no limit,
/// but for `claims_per_transaction`. Files of claims that the partner sends are held to the same: what is over a limit
/// is rejected by TA1 (interchanges, groups, bytes) or 999 (transaction sets, claims).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Most claims in one transaction set (ST); 5000 by default.
    pub claims_per_transaction: Option<u32>,
    /// Most transaction sets in a functional group.
    pub transactions_per_group: Option<u32>,
    /// Most functional groups in an interchange. We write one.
    pub groups_per_interchange: Option<u32>,
    /// Most interchanges in a file. We write one.
    pub interchanges_per_file: Option<u32>,
    /// Most claims in a file.
    pub claims_per_file: Option<u32>,
    /// Most bytes of a file, at least 1000. One claim that is longer by itself is sent all the same.
    pub bytes_per_file: Option<u64>,
    /// What becomes of a batch that is larger: `"split"` (default) into several, or `"refuse"`.
    pub over: Over,
    /// How long claims wait for others to share a file with, such as `"5m"` or `"1h 30m"`; one minute by default.
    pub batch_wait: SignedDuration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            claims_per_transaction: None,
            transactions_per_group: None,
            groups_per_interchange: None,
            interchanges_per_file: None,
            claims_per_file: None,
            bytes_per_file: None,
            over: Over::Split,
            batch_wait: SignedDuration::from_mins(1),
        }
    }
}

/// What becomes of a batch that is over a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// It becomes several.
    #[default]
    Split,
    /// It is refused.
    Refuse,
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), Refused> {
        for (key, most) in [
            ("limits.claims_per_transaction", self.claims_per_transaction),
            ("limits.transactions_per_group", self.transactions_per_group),
            ("limits.groups_per_interchange", self.groups_per_interchange),
            ("limits.interchanges_per_file", self.interchanges_per_file),
            ("limits.claims_per_file", self.claims_per_file),
        ] {
            if most == Some(0) {
                return Err(Refused::of(key, 0, "at least 1; leave it out for no limit"));
            }
        }
        if let Some(bytes) = self.bytes_per_file.filter(|bytes| *bytes < 1000) {
            return Err(Refused::of("limits.bytes_per_file", bytes, "at least 1000; leave it out for no limit"));
        }
        if self.batch_wait.is_negative() || self.batch_wait > LONGEST_WAIT {
            let value = format!("\"{:#}\"", self.batch_wait);
            return Err(Refused::of("limits.batch_wait", value, "\"0s\" to \"168h\""));
        }
        Ok(())
    }
}

/// `[characters]`: which characters may be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Characters {
    /// `"basic"`, `"extended"` (default) or `"utf8"`.
    pub set: CharacterSet,
    /// Whether small letters are written as capitals.
    pub uppercase: bool,
}

/// The character sets of X12, and what some partners take beyond them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CharacterSet {
    /// Capitals, digits, blanks and `!"&'()*+,-./:;?=`.
    Basic,
    /// All printable ASCII characters.
    #[default]
    Extended,
    /// Any character but control characters, as UTF-8.
    Utf8,
}

impl CharacterSet {
    /// Whether a character is one of the set.
    pub fn has(self, character: char) -> bool {
        match self {
            Self::Basic => matches!(character, 'A'..='Z' | '0'..='9' | ' ') || "!\"&'()*+,-./:;?=".contains(character),
            Self::Extended => matches!(character, ' '..='~'),
            Self::Utf8 => !character.is_control(),
        }
    }
}

/// `[control_numbers]`: from where to where they count; after the last one comes the first again. Transaction sets are
/// numbered within their group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ControlNumbers {
    /// ISA13: `{ first = 1, last = 999999999 }`.
    pub interchange: Range,
    /// GS06.
    pub group: Range,
}

/// Control numbers from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Range {
    /// The first one.
    pub first: u32,
    /// The last one.
    pub last: u32,
}

impl Default for Range {
    /// All that have nine digits.
    fn default() -> Self {
        Self { first: 1, last: LAST_NUMBER }
    }
}

impl ControlNumbers {
    pub(super) fn check(&self) -> Result<(), Refused> {
        for (key, range) in [("interchange", self.interchange), ("group", self.group)] {
            if range.first < 1 || range.last > LAST_NUMBER || range.first >= range.last {
                let value = format!("{{ first = {}, last = {} }}", range.first, range.last);
                let allowed = "1 to 999999999, the first below the last";
                return Err(Refused::of(&format!("control_numbers.{key}"), value, allowed));
            }
        }
        Ok(())
    }
}

/// `[duplicates]`: for how many days what came is remembered, and what is done when it comes again. Each is written
/// `{ days = 365, then = "refuse" }`; with no days it is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Duplicates {
    /// ISA13 of the same sender; 365 days, refused, by default (TA1 note 025).
    pub interchange: Window,
    /// GS06 of the same sender; 365 days, a warning, by default.
    pub group: Window,
    /// ST02 of the same sender. Many begin with 0001 in every group, so it is not looked at by default.
    pub transaction: Window,
    /// BHT03 of the same sender; 365 days, a warning, by default.
    pub batch: Window,
    /// The same bytes; 365 days, refused, by default.
    pub file: Window,
    /// The same claim that goes out: provider, patient, dates, services, charges, frequency and the number it replaces;
    /// 365 days, refused, by default, unless it is handed in with `allow_duplicates`. One that was rejected may be sent
    /// again, and a replacement (frequency 7 or 8) is another claim than what it replaces.
    pub claim: Window,
}

/// How long something is remembered, and what is done when it comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Days, 0 to 3660; 0 turns it off.
    pub days: u32,
    /// `"refuse"` (default) or `"warn"`.
    #[serde(default)]
    pub then: OnDuplicate,
}

/// What is done with what has come before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDuplicate {
    /// It is refused.
    #[default]
    Refuse,
    /// It is taken, with a warning.
    Warn,
}

impl Default for Duplicates {
    fn default() -> Self {
        let year = |then| Window { days: 365, then };
        Self {
            interchange: year(OnDuplicate::Refuse),
            group: year(OnDuplicate::Warn),
            transaction: Window { days: 0, then: OnDuplicate::Warn },
            batch: year(OnDuplicate::Warn),
            file: year(OnDuplicate::Refuse),
            claim: year(OnDuplicate::Refuse),
        }
    }
}

impl Duplicates {
    pub(super) fn check(&self) -> Result<(), Refused> {
        for (key, window) in [
            ("interchange", self.interchange),
            ("group", self.group),
            ("transaction", self.transaction),
            ("batch", self.batch),
            ("file", self.file),
            ("claim", self.claim),
        ] {
            if window.days > LONGEST_DAYS {
                return Err(Refused::of(&format!("duplicates.{key}.days"), window.days, "0 to 3660 days"));
            }
        }
        Ok(())
    }
}

/// `[checking]`: how strictly the partner's files are checked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Checking {
    /// Levels (SNIP types) up to this one, 1 to 7; all by default.
    pub level: u8,
    /// Files of companion guides, beside the file of settings.
    pub companions: Vec<PathBuf>,
    /// A folder of code lists that take the place of those that come with the program.
    pub codes: Option<PathBuf>,
    /// What an error that rejects a transaction set of the partner's holds back: that `"transaction"` set (default), or
    /// the whole `"interchange"`, whose groups the 999 then rejects.
    pub suspend: Suspend,
}

/// What an error holds back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Suspend {
    /// The transaction set that it is in.
    #[default]
    Transaction,
    /// The interchange that it is in.
    Interchange,
}

impl Default for Checking {
    fn default() -> Self {
        Self { level: 7, companions: Vec::new(), codes: None, suspend: Suspend::Transaction }
    }
}

impl Checking {
    pub(super) fn check(&self) -> Result<(), Refused> {
        if !(1..=7).contains(&self.level) {
            return Err(Refused::of("checking.level", self.level, "1 to 7"));
        }
        let named = self.companions.iter().map(|path| ("checking.companions", path));
        for (key, path) in named.chain(self.codes.iter().map(|path| ("checking.codes", path))) {
            if path.as_os_str().is_empty() {
                return Err(Refused::of(key, "\"\"", "a path, relative to the file of settings"));
            }
        }
        Ok(())
    }
}
