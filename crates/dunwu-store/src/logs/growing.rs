//! A log whose bytes come in pieces.

use super::error::LogProblem;
use super::events::Events;
use super::gather::Gathering;
use super::json::{JsonLines, JsonWhole};
use super::series::Log;
use super::source::{Failed, LogFormat, LogOptions};
use super::table::Table;
use super::text::Text;
use super::wandb::Wandb;
use crate::error::StoreError;
use camino::Utf8Path;

/// A reader of one format, which is fed.
pub(crate) trait Reads: Send {
    /// Takes what is whole of the bytes, and holds the rest.
    fn feed(&mut self, bytes: &[u8], into: &mut Gathering) -> Result<(), Failed>;
    /// Takes what it holds: no more will come.
    fn end(&mut self, into: &mut Gathering) -> Result<(), Failed>;
    /// What was odd so far, beside what stands in the gathering.
    fn notes(&self) -> Vec<String>;
    /// Why there is no metric to be had of it, if there is none.
    fn lack(&self) -> Option<LogProblem>;
}

/// Bytes by which a format must have shown itself.
const MOST_START: usize = 1 << 16;

/// A log of one file or stream, read as its bytes come: what is read once is not read again.
///
/// ```
/// use dunwu_store::{GrowingLog, LogOptions};
/// let mut log = GrowingLog::new("run", None, &LogOptions::default());
/// log.feed(b"step,loss\n0,2.5\n1,2.")?;
/// assert_eq!(log.logs()?[0].series["loss"].values, [2.5]);
/// log.feed(b"25\n")?;
/// assert_eq!(log.logs()?[0].series["loss"].values, [2.5, 2.25]);
/// # Ok::<(), dunwu_store::StoreError>(())
/// ```
pub struct GrowingLog {
    id: String,
    format: LogFormat,
    options: LogOptions,
    /// What came before the format showed itself.
    start: Vec<u8>,
    reader: Option<Box<dyn Reads>>,
    is_whole: bool,
    /// Whether a file before this one had something to be read.
    earlier: bool,
    pub(crate) into: Gathering,
}

impl std::fmt::Debug for GrowingLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, format, .. } = self;
        write!(f, "GrowingLog({id}, {format:?})")
    }
}

impl GrowingLog {
    /// A log of that name. Without a format it is text where the options have a pattern, else what its first line says:
    /// CSV or JSON.
    pub fn new(id: &str, format: Option<LogFormat>, options: &LogOptions) -> Self {
        let found = if options.pattern.is_some() {
            LogFormat::Text
        } else {
            LogFormat::Csv
        };
        Self {
            id: id.to_owned(),
            format: format.or(options.format).unwrap_or(found),
            options: options.clone(),
            start: vec![],
            reader: None,
            is_whole: false,
            earlier: false,
            into: Gathering::default(),
        }
    }

    /// Takes bytes that follow those before.
    ///
    /// # Errors
    /// A row or a record that is malformed, with its place.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.fed(bytes).map_err(|e| self.named(e))
    }

    /// Takes a last line or record that has no end: no more will come.
    ///
    /// # Errors
    /// Those of [`GrowingLog::feed`].
    pub fn end(&mut self) -> Result<(), StoreError> {
        self.ended().map_err(|e| self.named(e))
    }

    /// The logs of what was read so far, one a run, sorted by name. A last line without its end is waited for.
    ///
    /// # Errors
    /// Nothing that could be read.
    pub fn logs(&self) -> Result<Vec<Log>, StoreError> {
        self.checked(self.into.logs(&self.id, self.notes()))
    }

    /// [`GrowingLog::logs`], once all is read: nothing is copied.
    ///
    /// # Errors
    /// Nothing that could be read.
    pub fn into_logs(mut self) -> Result<Vec<Log>, StoreError> {
        let notes = self.notes();
        let logs = std::mem::take(&mut self.into).finish(&self.id, notes);
        self.checked(logs)
    }

    /// Whether it is one JSON value, of which nothing is known before its end.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    pub(crate) fn fed(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        if let Some(reader) = &mut self.reader {
            return reader.feed(bytes, &mut self.into);
        }
        self.start.extend_from_slice(bytes);
        if self.start.len() < MOST_START && !self.shows_itself() {
            return Ok(());
        }
        self.begin()
    }

    pub(crate) fn ended(&mut self) -> Result<(), Failed> {
        if self.reader.is_none() {
            self.begin()?;
        }
        match &mut self.reader {
            Some(reader) => reader.end(&mut self.into),
            None => Ok(()),
        }
    }

    /// Begins with another file of the same run.
    pub(crate) fn restart(&mut self) {
        self.earlier |= self.lack().is_none();
        self.into.notes.extend(self.notes());
        self.reader = None;
    }

    /// Why there is no metric, if there is none.
    pub(crate) fn lack(&self) -> Option<LogProblem> {
        match &self.reader {
            _ if self.earlier => None,
            None => Some(LogProblem::Empty),
            Some(reader) => reader.lack(),
        }
    }

    pub(crate) fn named(&self, failed: Failed) -> StoreError {
        failed.of(Utf8Path::new(&self.id))
    }

    fn notes(&self) -> Vec<String> {
        self.reader.as_ref().map_or(vec![], |reader| reader.notes())
    }

    fn checked(&self, logs: Vec<Log>) -> Result<Vec<Log>, StoreError> {
        let columns = || "none of numbers".to_owned();
        let none = logs.iter().all(|log| log.series.is_empty());
        let none = none.then(|| LogProblem::NoMetric { columns: columns() });
        match self.lack().or(none) {
            Some(problem) => Err(self.named(problem.into())),
            None => Ok(logs),
        }
    }

    /// Whether it is CSV or JSON, which of the two its first line says.
    fn is_rows(&self) -> bool {
        !matches!(
            self.format,
            LogFormat::Events | LogFormat::Text | LogFormat::Wandb
        )
    }

    /// Whether the first line that says something is whole.
    fn shows_itself(&self) -> bool {
        let whole = self.start.split_inclusive(|b| *b == b'\n');
        let mut whole = whole.filter(|line| line.ends_with(b"\n"));
        !self.is_rows() || whole.any(|line| !matches!(line.trim_ascii().first(), None | Some(b'#')))
    }

    /// Makes the reader, and gives it what came before.
    fn begin(&mut self) -> Result<(), Failed> {
        let start = std::mem::take(&mut self.start);
        let whole = is_one_value(&start);
        self.is_whole =
            whole == Some(true) && !matches!(self.format, LogFormat::Events | LogFormat::Text);
        let options = &self.options;
        let mut reader: Box<dyn Reads> = match (self.format, whole) {
            (LogFormat::Events, _) => Box::new(Events::default()),
            (LogFormat::Text, _) => Box::new(Text::new(options)?),
            (LogFormat::Wandb, _) => Box::new(Wandb::default()),
            (_, Some(true)) => Box::new(JsonWhole::new(options)),
            (_, Some(false)) | (LogFormat::Json, None) => Box::new(JsonLines::new(options)),
            (_, None) => Box::new(Table::new(&start, options)),
        };
        let read = reader.feed(&start, &mut self.into);
        self.reader = Some(reader);
        read
    }
}

/// Whether a log that begins so is one JSON value, or an object a line; None if it is no JSON.
fn is_one_value(start: &[u8]) -> Option<bool> {
    let start = start.trim_ascii_start();
    match (start.first(), start.iter().position(|b| *b == b'\n')) {
        (Some(b'['), _) => Some(true),
        // An object that goes on after the first line is one for the whole file.
        (Some(b'{'), Some(end)) => Some(!start[..end].trim_ascii_end().ends_with(b"}")),
        (Some(b'{'), None) => Some(start.windows(11).any(|w| w == b"log_history")),
        _ => None,
    }
}
