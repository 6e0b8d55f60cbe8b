//! Errors of tasks.

use std::fmt;

/// Why a task, its features or its split cannot be made.
///
/// The message names the key of the plan, what is at fault, what was expected and a way out.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskError {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    /// A task's text that no form fits; `at` counts characters.
    Syntax {
        text: String,
        at: usize,
        why: String,
    },
    /// A group, modulus or table that does not exist.
    Value { what: String, why: String },
    /// A table that is malformed or no group.
    Table { file: String, why: String },
    /// A key of the plan that does not fit the task.
    Split { key: &'static str, why: String },
    /// A file that could not be read.
    File {
        key: &'static str,
        path: String,
        why: String,
    },
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

    pub(crate) fn file(key: &'static str, path: &str, why: impl Into<String>) -> Self {
        Kind::File {
            key,
            path: path.to_owned(),
            why: why.into(),
        }
        .into()
    }

    /// The key of the plan that is at fault, such as `task` or `train_size`.
    pub fn key(&self) -> &'static str {
        match &self.kind {
            Kind::Syntax { .. } | Kind::Value { .. } | Kind::Table { .. } => "task",
            Kind::Split { key, .. } | Kind::File { key, .. } => key,
        }
    }

    /// Whether a file could not be read, rather than its contents or the plan being wrong.
    pub fn is_io(&self) -> bool {
        matches!(self.kind, Kind::File { .. })
    }

    /// Where in the task's text it could not be understood, in characters from 0.
    pub fn position(&self) -> Option<usize> {
        match self.kind {
            Kind::Syntax { at, .. } => Some(at),
            _ => None,
        }
    }
}

impl From<Kind> for TaskError {
    fn from(kind: Kind) -> Self {
        Self { kind }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.key())?;
        match &self.kind {
            Kind::Syntax { text, at, why } => write!(f, "`{text}`, character {}: {why}", at + 1),
            Kind::Value { what, why } => write!(f, "`{what}` {why}"),
            Kind::Table { file, why } => write!(f, "table `{file}` {why}"),
            Kind::Split { why, .. } => f.write_str(why),
            Kind::File { path, why, .. } => write!(f, "file `{path}` cannot be read: {why}"),
        }
    }
}

impl std::error::Error for TaskError {}
