//! Segments to their places in a guide.
//!
//! The walk is total: it takes segments one by one, never fails, and says what does not fit and
//! why. A finished loop is handed over when it closes, together with the loops around it; what was
//! handed over is forgotten if the caller wants it so. Memory is then bounded by the largest
//! claim and what stands above it, never by the file.

mod fault;
mod tape;
mod walk;

pub use fault::{Fault, FaultKind};
pub use tape::{Entry, Tape};
pub use walk::{Keep, Walk};
