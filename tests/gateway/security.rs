//! The gateway under attack: who is refused, what is noted of it, and what is held back.

mod callers;
mod limits;
mod logs;
