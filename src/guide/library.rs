//! The guides that come with the program, each read when it is first asked for; and the companion
//! guides that its operator gives it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use super::{Guide, GuideError, companion, dictionary, language};

macro_rules! guides {
    ($($name:literal, $text:literal;)*) => {
        /// Names of the guides that come with the program.
        pub const NAMES: &[&str] = &[$($name),*];
        const TEXTS: &[&str] = &[$(include_str!(concat!("../../specs/", $text))),*];
        static READ: [OnceLock<Result<Guide, GuideError>>; NAMES.len()] = [const { OnceLock::new() }; NAMES.len()];
    };
}

guides! {
    "837P", "837p.guide";
    "837I", "837i.guide";
    "837D", "837d.guide";
    "835", "835.guide";
    "999", "999.guide";
    "277CA", "277ca.guide";
    "TA1", "ta1.guide";
}

/// A guide by its name (`837P`, in any case).
///
/// # Errors
/// A guide that does not read; the ones that come with the program do, by test.
pub fn by_name(name: &str) -> Option<Result<&'static Guide, &'static GuideError>> {
    NAMES.iter().position(|known| known.eq_ignore_ascii_case(name)).map(read)
}

/// A guide by its identifier (GS08 or ST03: `005010X222A1`).
///
/// # Errors
/// As for [`by_name`].
pub fn by_id(id: &str) -> Option<Result<&'static Guide, &'static GuideError>> {
    (0..NAMES.len()).find(|&index| head_names(TEXTS[index]).any(|known| known == id)).map(read)
}

/// The guide of a transaction set: by ST03 where it stands, else by GS08, and only if ST01 fits.
pub fn for_set(set: &str, convention: &str, version: &str) -> Option<Result<&'static Guide, &'static GuideError>> {
    let id = if convention.is_empty() { version } else { convention };
    by_id(id).filter(|guide| guide.as_ref().map_or(true, |guide| guide.set == set))
}

/// The identifiers in a guide's first lines, without reading the rest.
fn head_names(text: &str) -> impl Iterator<Item = &str> {
    let head = text.lines().take_while(|line| line.starts_with("guide ") || line.starts_with("also "));
    head.flat_map(|line| match line.strip_prefix("guide ") {
        Some(guide) => guide.split("  ").nth(1).unwrap_or_default().split(' '),
        None => line.split("  ").next().unwrap_or_default().trim_start_matches("also ").split(' '),
    })
}

fn read(index: usize) -> Result<&'static Guide, &'static GuideError> {
    READ[index].get_or_init(|| language::parse(TEXTS[index], dictionary().map_err(Clone::clone)?)).as_ref()
}

/// The guides at hand: those that come with the program, and companion guides read at run time.
///
/// A companion guide lives as long as the program, as the guides that come with it do: what walks
/// and reports may borrow it without end. Its memory is therefore not given back when a library is
/// dropped (a few hundred kilobytes each), which a program that reads companions again and again
/// should know.
#[derive(Clone, Debug, Default)]
pub struct Library {
    companions: Vec<&'static Guide>,
}

/// A file of companion guides that could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// The file itself.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What failed.
        source: io::Error,
    },
    /// A line of it.
    #[error(transparent)]
    Guide(#[from] GuideError),
}

impl Library {
    /// The guides that come with the program, and no companion.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file of companion guides, one after another, each beginning at its line `guide`. They
    /// may extend a guide that comes with the program, a companion read before, or one above in the
    /// file. Gives those that were added; if one is refused none is.
    ///
    /// # Errors
    /// A file that cannot be read or is not UTF-8; a line that [`super::parse_companion`] refuses; a
    /// name or identifier that is taken; a file without a guide.
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<&[&'static Guide], LibraryError> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|source| LibraryError::File { path: path.to_owned(), source })?;
        Ok(self.read(&path.display().to_string(), &text)?)
    }

    /// The same of a text; `source` is what errors call it.
    ///
    /// # Errors
    /// As for [`Library::load`].
    pub fn read(&mut self, source: &str, text: &str) -> Result<&[&'static Guide], GuideError> {
        let mut grown = self.clone();
        for section in companion::sections(source, text)? {
            let guide = companion::read(source, &section, |name| grown.by_name(name)?.ok())?;
            let line = section.first().map_or(0, |line| line.number);
            grown.admit(&guide).map_err(|problem| GuideError { source_name: source.to_owned(), line, problem })?;
            grown.companions.push(Box::leak(Box::new(guide)));
        }
        let before = self.companions.len();
        *self = grown;
        match self.companions.get(before..) {
            Some(added @ [_, ..]) => Ok(added),
            _ => Err(GuideError { source_name: source.to_owned(), line: 0, problem: "there is no guide in it".into() }),
        }
    }

    /// Whether a guide's names are free.
    fn admit(&self, guide: &Guide) -> Result<(), String> {
        if self.by_name(&guide.name).is_some() {
            return Err(format!("the name `{}` is taken", guide.name));
        }
        let taken = |id: &&String| self.companions.iter().any(|other| other.set == guide.set && other.ids.contains(id));
        guide.ids.iter().find(taken).map_or(Ok(()), |id| Err(format!("`{id}` chooses another companion already")))
    }

    /// The companions, in the order they were read.
    pub fn companions(&self) -> &[&'static Guide] {
        &self.companions
    }

    /// A guide by its name, in any case: a companion's, or as [`by_name`].
    pub fn by_name(&self, name: &str) -> Option<Result<&'static Guide, &'static GuideError>> {
        let companion = self.companions.iter().find(|guide| guide.name.eq_ignore_ascii_case(name));
        companion.map(|guide| Ok(*guide)).or_else(|| by_name(name))
    }

    /// The companion that stands in for a published guide where no identifier chooses another: the
    /// last one read that extends it, at any remove, and has no identifiers of its own.
    pub fn companion(&self, published: &Guide) -> Option<&'static Guide> {
        let extends = |guide: &&&'static Guide| guide.ids.is_empty() && guide.published().name == published.name;
        self.companions.iter().rev().find(extends).copied()
    }

    /// The guide of a transaction set: the companion that ST03 or GS08 chooses, else the one that
    /// stands in for the published guide, else that guide itself ([`for_set`]).
    pub fn for_set(
        &self,
        set: &str,
        convention: &str,
        version: &str,
    ) -> Option<Result<&'static Guide, &'static GuideError>> {
        let chosen = [convention, version].into_iter().filter(|id| !id.is_empty()).find_map(|id| {
            self.companions.iter().find(|guide| guide.set == set && guide.ids.iter().any(|known| known == id))
        });
        if let Some(companion) = chosen {
            return Some(Ok(companion));
        }
        let published = for_set(set, convention, version)?;
        Some(published.map(|published| self.companion(published).unwrap_or(published)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_names_the_guide_that_accepts_it_and_nothing_else_does() {
        for name in NAMES {
            let guide = by_name(name).expect("listed").expect("reads");
            for id in std::iter::once(&guide.id).chain(&guide.also) {
                assert!(by_id(id).is_some_and(|found| found.is_ok_and(|found| std::ptr::eq(found, guide))), "{id}");
            }
            for other in [name, guide.set.as_str(), guide.group.as_str(), "Health", "guide", "also", ""] {
                assert!(other == guide.id || by_id(other).is_none(), "{other}");
            }
        }
    }
}
