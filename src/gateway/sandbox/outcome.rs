//! Which outcome a member id asks for: the one table.

/// What becomes of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Paid as charged.
    Paid,
    /// Paid less the contractual part and the patient's; of several lines the last is denied.
    PartlyPaid,
    /// Denied.
    Denied,
    /// Paid nothing, since a capitation covers it.
    PaidNothing,
    /// Paid, and passed on to another payer.
    Forwarded,
    /// Paid in full, then taken back and paid in part.
    Corrected,
    /// Everything that answers it comes late, and the payment bears interest.
    Late,
    /// Received by the clearinghouse, later accepted by the payer.
    AcceptedAfterReceipt,
    /// Accepted, later rejected after all.
    RejectedAfterAcceptance,
    /// Rejected: the member is not known.
    MemberUnknown,
    /// Returned as unprocessable: the claim is for another payer.
    Returned,
    /// Rejected as a duplicate.
    Duplicate,
    /// Its transaction set is rejected.
    SetRejected,
    /// Its interchange is rejected.
    InterchangeRejected,
}

/// A line of the table: members whose id begins so have this outcome.
#[derive(Clone, Copy, Debug)]
pub struct Prefix {
    /// How the member id begins.
    pub prefix: &'static str,
    /// What becomes of the claim.
    pub outcome: Outcome,
    /// Its name in logs: `partly paid`.
    pub name: &'static str,
    /// What the sender sees of it.
    pub answers: &'static str,
}

/// Every prefix, with its outcome. A member id that begins in no such way is paid in full.
pub fn outcomes() -> &'static [Prefix] {
    TABLE
}

const fn row(prefix: &'static str, outcome: Outcome, name: &'static str, answers: &'static str) -> Prefix {
    Prefix { prefix, outcome, name, answers }
}

/// Four letters at least, so that the ids of ordinary members ask for nothing.
#[rustfmt::skip]
static TABLE: &[Prefix] = &[
    row("PAID", Outcome::Paid, "paid", "277CA A2; 835 pays in full, as for any other member id"),
    row("PART", Outcome::PartlyPaid, "partly paid", "835 with CO-45, PR-1, PR-2, PR-3; the last of several lines denied, CO-96 N130"),
    row("DENY", Outcome::Denied, "denied", "835 with CLP02 4, every line denied with CO-50 N115"),
    row("ZERO", Outcome::PaidNothing, "paid nothing", "835 with CLP02 1 pays 0: capitation, CO-24"),
    row("FORWARD", Outcome::Forwarded, "forwarded", "835 with CLP02 19, partly paid and passed on to the next payer (NM1*TT)"),
    row("CORRECT", Outcome::Corrected, "corrected", "835 in full; later another: CLP02 22, the claim partly paid, PLB WO"),
    row("LATE", Outcome::Late, "late", "277CA and 835 later, with interest; the 999 too, if all claims are late"),
    row("TWOACC", Outcome::AcceptedAfterReceipt, "accepted after receipt", "277CA A1 from the clearinghouse; later A2 from the payer, and 835"),
    row("TWOREJ", Outcome::RejectedAfterAcceptance, "rejected after acceptance", "277CA A2; later A7:88:QC, no 835"),
    row("REJMEM", Outcome::MemberUnknown, "member unknown", "277CA A7:164:IL"),
    row("REJRET", Outcome::Returned, "returned", "277CA A3:116"),
    row("REJDUP", Outcome::Duplicate, "duplicate", "277CA A3:78, as for a claim number that was accepted before"),
    row("REJ999", Outcome::SetRejected, "set rejected", "999 rejects the transaction set (IK3 CLM, IK4 5:1); send it alone"),
    row("REJTA1", Outcome::InterchangeRejected, "interchange rejected", "TA1 rejects the interchange (note 024); send it alone"),
];

impl Outcome {
    /// The outcome that a member id asks for; upper and lower case are the same.
    pub fn of(member_id: &str) -> Self {
        let member_id = member_id.as_bytes();
        let begins = |row: &&Prefix| {
            member_id.get(..row.prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(row.prefix.as_bytes()))
        };
        TABLE.iter().find(begins).map_or(Self::Paid, |row| row.outcome)
    }

    /// Its name in logs.
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|row| row.outcome == self).map_or("", |row| row.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_has_the_whole_table() {
        for row in TABLE {
            assert!(include_str!("mod.rs").contains(&format!("| `{}…`", row.prefix)), "{}", row.prefix);
        }
    }

    #[test]
    fn no_prefix_hides_another_and_each_outcome_has_one() {
        for (at, row) in TABLE.iter().enumerate() {
            assert!(row.prefix.len() >= 4);
            assert_eq!(Outcome::of(&format!("{}1234", row.prefix.to_lowercase())), row.outcome);
            for other in TABLE.iter().skip(at + 1) {
                assert!(!other.prefix.starts_with(row.prefix) && other.outcome != row.outcome, "{}", row.prefix);
            }
        }
        assert_eq!(Outcome::of("XY12345678"), Outcome::Paid);
        assert_eq!(Outcome::of(""), Outcome::Paid);
    }
}
