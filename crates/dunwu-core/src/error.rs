//! Errors of plans.

use std::fmt;

/// A plan that cannot be understood or cannot be run.
///
/// The message names the key, what was written, what was expected and a way out.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanError {
    key: String,
    message: String,
}

impl PlanError {
    /// An error of one key.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            message: message.into(),
        }
    }

    /// An error of one key that names what is not known, with the nearest of what is.
    pub fn unknown(key: impl Into<String>, name: &str, known: &[&str]) -> Self {
        Self::new(key, UnknownName::new(name, known).to_string())
    }

    /// The key that is at fault.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

impl std::error::Error for PlanError {}

/// A name that no member of a table has.
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownName {
    message: String,
}

impl UnknownName {
    pub(crate) fn new(text: &str, known: &[&str]) -> Self {
        let hint = nearest(text, known)
            .map(|n| format!(", did you mean `{n}`?"))
            .unwrap_or_default();
        Self {
            message: format!("unknown name `{text}`{hint} (known: {})", known.join(", ")),
        }
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for UnknownName {}

/// The known name nearest to `text` by Damerau–Levenshtein distance, if any is near.
pub(crate) fn nearest<'a>(text: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|n| (strsim::damerau_levenshtein(text, n), *n))
        .filter(|(distance, n)| *distance <= 2.max(n.len() / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, n)| n)
}
