//! What is drawn from a guide out of raw entropy.
#![no_main]

use claimwire::testing::targets;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| targets::generated(data));
