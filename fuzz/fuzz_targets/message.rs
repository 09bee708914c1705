//! Messages of CAQH CORE connectivity, with what they carry.
#![no_main]

use claimwire::testing::targets;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| targets::message(data));
