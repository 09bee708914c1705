//! What is wrong with a text of `specs/`, and where.

/// A guide or dictionary that could not be read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{source_name}, line {line}: {problem}")]
#[non_exhaustive]
pub struct GuideError {
    /// What was read.
    pub source_name: String,
    /// The line, from 1; 0 where the guide as a whole is at fault.
    pub line: usize,
    /// What was found and what was expected.
    pub problem: String,
}

impl GuideError {
    pub(super) fn rule(guide: &str, problem: String) -> Self {
        Self { source_name: guide.to_owned(), line: 0, problem }
    }
}
