//! The `claimwire` command.
fn main() {}
