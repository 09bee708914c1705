//! JSON that is to be written as X12.
#![no_main]

use claimwire::testing::targets;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| targets::claim_json(data));
