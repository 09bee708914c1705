//! What rules remember from claim to claim within a transaction set.

use std::collections::HashSet;

use compact_str::CompactString;
use rust_decimal::Decimal;

/// What rules remember from claim to claim within a transaction set. It begins empty with each ST.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Σ CLP04 of an 835.
    pub(crate) paid: Decimal,
    /// Claims of an 837 that have ended.
    pub(crate) claims: u32,
    /// Their numbers (CLM01).
    pub(crate) numbers: HashSet<CompactString>,
    /// Of the lines of the open claim, their control numbers (REF*6R), in short.
    pub(crate) control_numbers: Vec<u64>,
}
