//! A folder of trading partners.

use std::{
    collections::{HashMap, hash_map::Entry},
    fs,
    hash::Hash,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Error, Fingerprint, Look, Partner, Usage, validate::check_name};
use crate::{check, guide::Library};

/// Most partners of a folder.
const MOST: usize = 10_000;

/// All trading partners: the files `*.toml` of a folder, read together. Nothing that tells who somebody is belongs to
/// two of them; but one party may have two files, one for test and one for production.
#[derive(Clone, Debug, Default)]
pub struct Partners {
    folder: PathBuf,
    partners: Vec<Arc<Partner>>,
    checking: Vec<check::Options>,
    by_name: HashMap<String, usize>,
    by_id: HashMap<(Usage, String, String), usize>,
    by_payer: HashMap<(Usage, String), usize>,
    by_user: HashMap<String, usize>,
    by_certificate: HashMap<Fingerprint, usize>,
    /// Companion guides by their texts: a library is never given back, so the same texts are read once.
    libraries: HashMap<Vec<Vec<u8>>, Library>,
}

impl Partners {
    /// The partners of a folder. Files whose names begin with a dot or do not end with `.toml` are left alone. The
    /// companion guides and code lists that partners name are read too.
    ///
    /// # Errors
    /// A folder or file that cannot be read; settings that cannot be; two partners that have in common what must tell
    /// them apart.
    pub fn load(folder: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::default().next(folder.into())
    }

    /// Reads the folder again. If anything is wrong, nothing changes.
    ///
    /// # Errors
    /// As for [`Partners::load`].
    pub fn reload(&mut self) -> Result<(), Error> {
        *self = self.next(self.folder.clone())?;
        Ok(())
    }

    /// How the files look now: those of the folder, and those that the partners name. Another look that differs says
    /// that they are to be read again.
    pub fn look(&self) -> Look {
        let mut look = Look::default();
        let of_folder = files(&self.folder).unwrap_or_default();
        let named = self.partners.iter().flat_map(|partner| partner.files());
        of_folder.into_iter().chain(named).for_each(|path| look.at(&path));
        look
    }

    /// The partners, in the order of their files' names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Partner>> {
        self.partners.iter()
    }

    /// The partner of a name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Partner>> {
        self.by_name.get(name).and_then(|at| self.partners.get(*at))
    }

    /// The partner with this interchange identifier: ISA05 and ISA06 of what comes, ISA07 and ISA08 of what goes.
    /// Blanks that fill the elements do not matter.
    pub fn by_interchange_id(&self, usage: Usage, qualifier: &str, id: &str) -> Option<&Arc<Partner>> {
        let key = (usage, qualifier.trim_end().to_owned(), id.trim_end().to_owned());
        self.by_id.get(&key).and_then(|at| self.partners.get(*at))
    }

    /// The partner that claims for a payer go to.
    pub fn by_payer(&self, usage: Usage, payer: &str) -> Option<&Arc<Partner>> {
        self.by_payer.get(&(usage, payer.to_owned())).and_then(|at| self.partners.get(*at))
    }

    /// The partner that logs in with a user name.
    pub fn by_user(&self, user: &str) -> Option<&Arc<Partner>> {
        self.by_user.get(user).and_then(|at| self.partners.get(*at))
    }

    /// The partner with a certificate, by its SHA-256.
    pub fn by_certificate(&self, sha256: &[u8; 32]) -> Option<&Arc<Partner>> {
        self.by_certificate.get(&Fingerprint(*sha256)).and_then(|at| self.partners.get(*at))
    }

    /// How files of a partner are checked, with its companion guides and code lists.
    pub fn checking(&self, name: &str) -> Option<&check::Options> {
        self.by_name.get(name).and_then(|at| self.checking.get(*at))
    }

    /// What the folder holds now.
    fn next(&self, folder: PathBuf) -> Result<Self, Error> {
        let mut next = Self { folder, ..Self::default() };
        for path in files(&next.folder)? {
            next.admit(Partner::load(path)?, &self.libraries)?;
        }
        Ok(next)
    }

    fn admit(&mut self, partner: Partner, known: &HashMap<Vec<Vec<u8>>, Library>) -> Result<(), Error> {
        let (at, usage) = (self.partners.len(), partner.usage());
        check_name(partner.name()).map_err(|refused| partner.refused(refused))?;
        // here a partner is for test unless it says otherwise; on its own it might be for both
        let partner = Arc::new(Partner { usage: Some(usage), ..partner });
        self.partners.push(Arc::clone(&partner));
        let partners = &self.partners;
        claim(&mut self.by_name, partner.name().to_owned(), at, partners, |name| format!("the name {name:?}"))?;
        for (qualifier, id) in partner.own_ids() {
            claim(&mut self.by_id, (usage, qualifier.to_owned(), id.to_owned()), at, partners, |(usage, kind, id)| {
                format!("the interchange id {kind} {id:?} for {usage}")
            })?;
        }
        for payer in &partner.payers {
            claim(&mut self.by_payer, (usage, payer.clone()), at, partners, |(usage, payer)| {
                format!("the payer {payer:?} for {usage}")
            })?;
        }
        if let Some(user) = &partner.credentials.user {
            claim(&mut self.by_user, user.clone(), at, partners, |user| format!("the user {user:?}"))?;
        }
        for certificate in &partner.credentials.certificates {
            let what = |certificate: &Fingerprint| format!("the certificate {certificate}");
            claim(&mut self.by_certificate, *certificate, at, partners, what)?;
        }
        let library = self.library(&partner, known)?;
        self.checking.push(check::Options { library, lists: partner.lists()?, ..partner.checking() });
        Ok(())
    }

    fn library(&mut self, partner: &Partner, known: &HashMap<Vec<Vec<u8>>, Library>) -> Result<Library, Error> {
        let texts = partner.checking.companions.iter().map(|companion| {
            let path = partner.beside(companion);
            fs::read(&path).map_err(|source| Error::Unreadable { path, source })
        });
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        let library = match self.libraries.get(&texts).or_else(|| known.get(&texts)) {
            Some(library) => library.clone(),
            None => partner.library()?,
        };
        self.libraries.insert(texts, library.clone());
        Ok(library)
    }
}

/// Notes that something belongs to a partner, unless it belongs to another.
fn claim<K: Hash + Eq>(
    index: &mut HashMap<K, usize>,
    key: K,
    at: usize,
    partners: &[Arc<Partner>],
    what: impl Fn(&K) -> String,
) -> Result<(), Error> {
    let file = |at: usize| partners.get(at).and_then(|partner| partner.file()).unwrap_or(Path::new("")).to_owned();
    match index.entry(key) {
        // a partner may say the same twice
        Entry::Occupied(taken) if *taken.get() != at => {
            Err(Error::Taken { what: what(taken.key()), first: file(*taken.get()), second: file(at) })
        }
        Entry::Occupied(_) => Ok(()),
        Entry::Vacant(free) => {
            free.insert(at);
            Ok(())
        }
    }
}

/// The files of a folder that are settings, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |source| Error::Unreadable { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.ends_with(".toml") && !name.starts_with('.')) {
            files.push(entry.path());
        }
        if files.len() > MOST {
            return Err(Error::TooMany { path: folder.to_owned(), most: MOST });
        }
    }
    files.sort();
    Ok(files)
}
