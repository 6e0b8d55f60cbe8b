//! What is wrong with a log.

use std::fmt;

/// Why a log cannot be read, one member for each way in which it can be malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogProblem {
    /// Neither the name nor the first bytes say what it is.
    Unknown,
    /// Nothing stands in it.
    Empty,
    /// A path that is neither a file nor a directory.
    NoFile,
    /// A directory in which no log was found.
    NoLogs,
    /// Rows, but no number that could be a metric.
    NoMetric { columns: String },
    /// A column that was asked for.
    NoColumn { name: String, known: String },
    /// A table of more columns than are read.
    TooManyColumns { most: usize },
    /// More series than are read.
    TooManySeries { most: usize },
    /// A line that is longer than is read.
    LongLine { line: u64, most: usize },
    /// Bytes that are no text in UTF-8.
    NotText { line: u64 },
    /// A line of CSV that cannot be taken apart.
    BadRow { line: u64, why: String },
    /// A step that is no number.
    BadStep { line: u64, found: String },
    /// Something that is no JSON object.
    BadJson { line: u64, why: String },
    /// A record of an event file whose checksum differs.
    Checksum { offset: u64 },
    /// A message of an event file that does not follow the wire format.
    BadMessage { offset: u64, why: &'static str },
    /// A pattern that is no regular expression, or too large a one.
    BadPattern { why: String },
    /// A pattern that names no metric.
    NoGroup,
    /// A text file, and no pattern to read it by.
    NoPattern,
    /// A pattern that no line holds.
    NoMatch,
}

impl fmt::Display for LogProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => write!(
                f,
                "cannot tell what kind of log it is; say format=csv, events, json, mlflow, run, sweep, text or wandb"
            ),
            Self::Empty => write!(f, "it is empty"),
            Self::NoFile => write!(f, "there is no such file or directory"),
            Self::NoLogs => write!(
                f,
                "no log was found in it: no CSV, JSON lines, event file, trainer_state.json, MLflow run, W&B run or run directory"
            ),
            Self::NoMetric { columns } => {
                write!(f, "no column holds a metric; its columns are {columns}")
            }
            Self::NoColumn { name, known } => {
                write!(f, "there is no column `{name}`; its columns are {known}")
            }
            Self::TooManyColumns { most } => {
                write!(f, "it has more than {most} columns, the most that are read")
            }
            Self::TooManySeries { most } => write!(
                f,
                "it has more than {most} series, the most that are read; is the run's or the metric's column a number that changes in each row?"
            ),
            Self::LongLine { line, most } => write!(
                f,
                "line {line} is longer than {most} bytes, the most that is read"
            ),
            Self::NotText { line } => write!(f, "line {line} is no text in UTF-8"),
            Self::BadRow { line, why } => write!(f, "line {line}: {why}"),
            Self::BadStep { line, found } => {
                write!(f, "line {line}: the step `{found}` is no finite number")
            }
            Self::BadJson { line, why } => write!(f, "line {line}: {why}"),
            Self::Checksum { offset } => write!(
                f,
                "the record at byte {offset} is damaged: its checksum differs; what comes before it can be had by cutting the file there"
            ),
            Self::BadMessage { offset, why } => {
                write!(f, "the record at byte {offset} is damaged: {why}")
            }
            Self::BadPattern { why } => write!(f, "the pattern cannot be used: {why}"),
            Self::NoGroup => write!(
                f,
                "the pattern names no metric; write a named group for each, such as `step (?<step>\\d+) loss (?<loss>\\S+)`"
            ),
            Self::NoPattern => write!(
                f,
                "plain text needs a pattern; say pattern='step (?<step>\\d+) loss (?<loss>\\S+)'"
            ),
            Self::NoMatch => write!(
                f,
                "no line holds the pattern with a number for each of its groups"
            ),
        }
    }
}
