//! What rules remember from claim to claim within a transaction set.

use std::collections::HashSet;

use compact_str::CompactString;
use rust_decimal::Decimal;

/// What rules remember from claim to claim within a transaction set. It begins empty with each ST.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Of an 837: claims that have ended.
    pub(crate) claims: u32,
    /// Their numbers (CLM01).
    pub(crate) numbers: HashSet<CompactString>,
    /// Of the lines of the open claim, their control numbers (REF*6R), in short.
    pub(crate) control_numbers: Vec<u64>,
    /// Of an 835: Σ CLP04.
    pub(crate) paid: Sum,
    /// Of an 835: Σ of the interest (AMT*I) of its claims.
    pub(crate) interest: Sum,
    /// Of an 835, in the open loop 2000: Σ CLP03.
    pub(crate) charged: Sum,
    /// Of a 277CA: the claims below the open billing provider (2000C).
    pub(crate) of_provider: Answered,
    /// Of a 277CA: the claims below the open information receiver (2000B).
    pub(crate) of_receiver: Answered,
}

/// What a 277CA says of claims, summed up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answered {
    /// How many were accepted, and what they charge.
    pub(crate) accepted: (u32, Sum),
    /// How many were rejected, and what they charge.
    pub(crate) rejected: (u32, Sum),
}

/// A sum of amounts: none any more once one of them could not be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sum(Option<Decimal>);

impl Default for Sum {
    fn default() -> Self {
        Self(Some(Decimal::ZERO))
    }
}

impl Sum {
    /// Adds an amount; `None` for one that could not be read.
    pub(crate) fn add(&mut self, amount: Option<Decimal>) {
        self.0 = self.0.zip(amount).and_then(|(sum, amount)| sum.checked_add(amount));
    }

    /// Takes an amount away.
    pub(crate) fn subtract(&mut self, amount: Option<Decimal>) {
        self.add(amount.map(|amount| -amount));
    }

    /// The sum, if all of it could be read.
    pub(crate) fn total(self) -> Option<Decimal> {
        self.0
    }
}
