//! MIME multiparts, their encodings and headers.
#![no_main]

use claimwire::testing::targets;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| targets::mime(data));
