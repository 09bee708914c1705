use crate::{claims::Status, record::Text};

/// What a receiver's own business says of a claim that keeps to its guide.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Ruling {
    /// Nothing: it is answered by what checking has found.
    #[default]
    AsChecked,
    /// It is answered with these statuses.
    Status {
        /// Code and action of each; day and charge are filled in. A claim with an action `U` is refused. None: as
        /// [`Ruling::AsChecked`].
        statuses: Vec<Status>,
        /// The receiver's number for the claim (REF\*1K).
        payer_control_number: Option<Text>,
    },
    /// It is left out of this answer, also if checking has refused it: another answers it.
    Elsewhere,
}
