//! Errors of the store.

use crate::logs::LogProblem;
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_core::shell_word;
use std::fmt;
use std::io;

/// Why a run directory or a file cannot be read or written.
#[derive(Debug)]
pub struct StoreError {
    kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Io {
        doing: &'static str,
        path: Utf8PathBuf,
        source: io::Error,
    },
    NotEmpty {
        dir: Utf8PathBuf,
    },
    InUse {
        dir: Utf8PathBuf,
        by: String,
    },
    NoRun {
        dir: Utf8PathBuf,
    },
    NoRecord {
        dir: Utf8PathBuf,
        name: String,
    },
    Occupied {
        dir: Utf8PathBuf,
    },
    Newer {
        file: Utf8PathBuf,
        found: u64,
        known: u64,
    },
    Damaged {
        file: Utf8PathBuf,
        why: String,
    },
    /// A log that cannot be read.
    Log {
        file: Utf8PathBuf,
        problem: LogProblem,
    },
    /// A file that is no table of features and labels.
    Table {
        file: Utf8PathBuf,
        why: String,
    },
    OtherPlan {
        file: Utf8PathBuf,
    },
    /// A file that was there, with what it held; `dir` is the run's.
    Missing {
        file: Utf8PathBuf,
        held: String,
        dir: Utf8PathBuf,
    },
}

impl StoreError {
    pub(crate) fn io(doing: &'static str, path: &Utf8Path, source: io::Error) -> Self {
        Kind::Io {
            doing,
            path: path.to_owned(),
            source,
        }
        .into()
    }

    /// A file whose content is not what it should be.
    pub fn damaged(file: &Utf8Path, why: impl Into<String>) -> Self {
        Kind::Damaged {
            file: file.to_owned(),
            why: why.into(),
        }
        .into()
    }

    pub(crate) fn table(file: &Utf8Path, why: impl Into<String>) -> Self {
        Kind::Table {
            file: file.to_owned(),
            why: why.into(),
        }
        .into()
    }

    /// Whether another path or another file would help.
    pub fn is_bad_input(&self) -> bool {
        match &self.kind {
            Kind::Io { source, .. } => !matches!(
                source.kind(),
                io::ErrorKind::Other | io::ErrorKind::Interrupted
            ),
            _ => true,
        }
    }

    /// Whether a file is not what was written.
    pub fn is_damaged(&self) -> bool {
        matches!(self.kind, Kind::Damaged { .. })
    }

    /// Whether another process holds the directory.
    pub fn is_in_use(&self) -> bool {
        matches!(self.kind, Kind::InUse { .. })
    }

    /// Whether the disk or a quota is full.
    pub fn is_full(&self) -> bool {
        matches!(&self.kind, Kind::Io { source, .. } if is_full(source))
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

impl From<Kind> for StoreError {
    fn from(kind: Kind) -> Self {
        Self { kind }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Io {
                doing,
                path,
                source,
            } if is_full(source) => {
                write!(
                    f,
                    "cannot {doing} {path}: the disk is full; make room and go on, with --resume where the command has it: what was saved is safe"
                )
            }
            Kind::Io { doing, path, .. } => write!(f, "cannot {doing} {path}"),
            Kind::NotEmpty { dir } => {
                write!(
                    f,
                    "{dir} is not empty; give another --out, or go on with what is there: --resume {}",
                    shell_word(dir.as_str())
                )
            }
            Kind::InUse { dir, by } => write!(
                f,
                "{dir} is in use by {by}; wait for it, or give another --out"
            ),
            Kind::NoRun { dir } => write!(f, "{dir} holds no run: there is no plan.toml in it"),
            Kind::NoRecord { dir, name } => {
                write!(f, "{dir} holds no record: there is no {name} in it")
            }
            Kind::Occupied { dir } => {
                write!(f, "{dir} is not empty; give another --out, or remove it")
            }
            Kind::Newer { file, found, known } => {
                write!(
                    f,
                    "{file} has format {found}, and this version of dunwu reads up to {known}; use a newer dunwu"
                )
            }
            Kind::Damaged { file, why } => write!(f, "{file} is damaged: {why}"),
            Kind::Log { file, problem } => write!(f, "{file}: {problem}"),
            Kind::Table { file, why } => write!(f, "{file}: {why}"),
            Kind::OtherPlan { file } => {
                write!(
                    f,
                    "{file} was made by another plan than the one in plan.toml, or on another table; put the right one back, or start anew"
                )
            }
            Kind::Missing { file, held, dir } => {
                let plan = dir.join("plan.toml");
                write!(
                    f,
                    "{file} is missing, with {held}; put it back, or run the plan again, to the same bits: dunwu train --config {} --out NEW",
                    shell_word(plan.as_str())
                )
            }
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            // That the disk is full is said already.
            Kind::Io { source, .. } if !is_full(source) => Some(source),
            _ => None,
        }
    }
}
