//! The tokeniser and the document, on bytes that are all letters of X12.
#![no_main]

use claimwire::testing::targets;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| targets::alphabet(data));
