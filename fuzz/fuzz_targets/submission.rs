//! Bodies of the API: claims that are handed in.
#![no_main]

use claimwire::testing::targets;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|data: &[u8]| targets::submission(data));
fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    targets::mutate(data, size, most, seed, fuzzer_mutate)
});
