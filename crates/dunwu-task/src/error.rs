//! Errors of tasks.

use std::fmt;

/// Why a task or its split cannot be made.
///
/// The message names what is at fault, what was expected and a way out.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskError {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A task's text that no form fits.
    Syntax {
        text: String,
        at: usize,
        why: String,
    },
    /// A group, modulus or table that does not exist.
    Value { what: String, why: String },
    /// A table that is no group.
    Table { file: String, why: String },
    /// A split that cannot be.
    Split { key: &'static str, why: String },
    /// A file that could not be read.
    File { path: String, why: String },
}

impl TaskError {
    pub(crate) fn syntax(text: &str, at: usize, why: impl Into<String>) -> Self {
        Kind::Syntax {
            text: text.to_owned(),
            at,
            why: why.into(),
        }
        .into()
    }

    pub(crate) fn value(what: impl Into<String>, why: impl Into<String>) -> Self {
        Kind::Value {
            what: what.into(),
            why: why.into(),
        }
        .into()
    }

    pub(crate) fn table(file: &str, why: impl Into<String>) -> Self {
        Kind::Table {
            file: file.to_owned(),
            why: why.into(),
        }
        .into()
    }

    pub(crate) fn split(key: &'static str, why: impl Into<String>) -> Self {
        Kind::Split {
            key,
            why: why.into(),
        }
        .into()
    }

    pub(crate) fn file(path: &str, why: impl Into<String>) -> Self {
        Kind::File {
            path: path.to_owned(),
            why: why.into(),
        }
        .into()
    }

    /// Whether a file could not be read, rather than its contents or the plan being wrong.
    pub fn is_io(&self) -> bool {
        matches!(self.kind, Kind::File { .. })
    }
}

impl From<Kind> for TaskError {
    fn from(kind: Kind) -> Self {
        Self { kind }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Syntax { text, at, why } => {
                write!(f, "task: `{text}`, character {}: {why}", at + 1)
            }
            Kind::Value { what, why } => write!(f, "task: `{what}` {why}"),
            Kind::Table { file, why } => write!(f, "task: table `{file}` {why}"),
            Kind::Split { key, why } => write!(f, "{key}: {why}"),
            Kind::File { path, why } => write!(f, "file `{path}` cannot be read: {why}"),
        }
    }
}

impl std::error::Error for TaskError {}
