//! Input for tests and fuzzers: valid files from raw entropy, and hostile ones from valid files.
//!
//! [`transaction`] and [`interchange`] make what a guide allows, any guide, companions included, out
//! of raw bytes ([`arbitrary::Unstructured`]): the same bytes give the same file, no bytes the
//! smallest one, and more bytes more of it. They know the tables of `specs/` and nothing else, so
//! what they make is valid in form (usage, repeats, codes, types, lengths, syntax notes, levels,
//! counts) and means nothing: amounts do not balance, people are strings. Files that mean
//! something, with claims that balance and dates that follow from one another, are made by
//! [`generate`](crate::generate), from scenarios; the two have nothing in common but their purpose.
//!
//! A [`Mutator`] takes any file and does to it what goes wrong in X12, and what an attacker
//! would try; what was done it says in words. Files that are not X12 get their bytes changed.
//!
//! [`dictionary`] has the words of the guides for fuzzers that know nothing of X12.
//!
//! Generator and mutator work with proptest, as here, with a fuzzer that hands out bytes, or with neither
//! ([`entropy`]).
//!
//! ```
//! use arbitrary::Unstructured;
//! use claimwire::{guide, testing};
//! use proptest::prelude::*;
//!
//! let guide = guide::by_name("837P").unwrap()?;
//! let files = prop::collection::vec(any::<u8>(), 0..4096)
//!     .prop_map(|bytes| testing::interchange(guide, &mut Unstructured::new(&bytes)));
//!
//! proptest!(ProptestConfig::with_cases(8), |(file in files, seed: u64)| {
//!     // Your parser takes what is valid ...
//!     assert!(file.starts_with(b"ISA"));
//!     // ... and bears what is not.
//!     let hostile = testing::Mutator::new(seed).mutate(&file, 3);
//!     assert!(hostile.notes.len() <= 3, "{:?}", hostile.notes);
//! });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod dictionary;
mod draw;
mod interchange;
mod mutate;
mod pattern;
#[cfg(any(test, feature = "fuzzing"))]
pub mod targets;
mod transaction;
mod value;

pub use dictionary::dictionary;
pub use interchange::interchange;
pub use mutate::{Mutated, Mutation, Mutator, Note};
pub use transaction::{MAX_SEGMENTS, Transaction, transaction};

use crate::generate::random::Random;

/// Bytes that a seed stands for, for those who have no entropy of their own.
pub fn entropy(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    (0..length).map(|_| random.below(256) as u8).collect()
}
