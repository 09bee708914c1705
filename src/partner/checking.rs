//! How files of a partner are checked and answered.

use super::{Error, Partner, Role, Ta1, Usage};
use crate::{
    acknowledge, check,
    codes::Own,
    explain,
    guide::{Library, Limit},
};

/// What the settings ask of checking and answering.
impl Partner {
    /// How strictly files of the partner are checked, by the guides and code lists that come with the program.
    pub fn checking(&self) -> check::Options {
        check::Options {
            level: self.checking.level,
            overrides: self.rules.clone(),
            // the writer's default is test; who says nothing takes both
            usage: self.usage.map(|usage| if usage == Usage::Production { b'P' } else { b'T' }),
            ..check::Options::default()
        }
    }

    /// What `[limits]` says of files of claims that come from the partner: how many interchanges, groups, transaction
    /// sets, claims and bytes they may have.
    pub fn limits_of_files(&self) -> Vec<Limit> {
        let limits = &self.limits;
        let claims = self.claims_per_transaction.or(limits.claims_per_transaction);
        let counts = [
            limits.interchanges_per_file.map(|most| Limit::InterchangesPerFile(most.into())),
            limits.groups_per_interchange.map(|most| Limit::GroupsPerInterchange(most.into())),
            limits.transactions_per_group.map(|most| Limit::TransactionsPerGroup(most.into())),
            claims.map(|most| Limit::ClaimsPerTransaction(most.into())),
            limits.claims_per_file.map(|most| Limit::ClaimsPerFile(most.into())),
        ];
        counts.into_iter().chain([limits.bytes_per_file.map(Limit::BytesPerFile)]).flatten().collect()
    }

    /// The guides to check by: those that come with the program and the partner's companions.
    ///
    /// # Errors
    /// A companion guide that cannot be read, or names a rule that there is not.
    pub fn library(&self) -> Result<Library, Error> {
        let mut library = Library::new();
        for companion in &self.checking.companions {
            let path = self.beside(companion);
            let refused = |problem: String| Error::Companion { path: path.clone(), problem };
            for guide in library.load(&path).map_err(|error| refused(error.to_string()))? {
                for (rule, _) in &guide.overrides {
                    explain::rule(rule).map_err(|error| refused(format!("no rule `{rule}`: {error}")))?;
                }
            }
        }
        Ok(library)
    }

    /// The partner's code lists.
    ///
    /// # Errors
    /// A folder or list that cannot be read.
    pub fn lists(&self) -> Result<Own, Error> {
        let folder = self.checking.codes.as_deref().map(|folder| self.beside(folder));
        Ok(folder.as_deref().map(Own::in_folder).transpose()?.unwrap_or_default())
    }

    /// Which acknowledgments files of the partner are answered with, and how.
    pub fn answers(&self) -> acknowledge::Options {
        let owed = &self.acknowledgments.owed;
        acknowledge::Options {
            kinds: acknowledge::Kinds {
                interchange: match owed.ta1 {
                    Ta1::Never => acknowledge::Owed::Never,
                    Ta1::IfDue => acknowledge::Owed::IfDue,
                    Ta1::Always => acknowledge::Owed::Always,
                },
                functional: owed.functional,
                claims: owed.claims,
            },
            answerer: match owed.role {
                Role::Payer => acknowledge::Answerer::Payer,
                Role::Clearinghouse => acknowledge::Answerer::Clearinghouse,
            },
            values: owed.values,
            ..acknowledge::Options::default()
        }
    }
}
