//! Lines of text, by a pattern with named groups.

use super::error::LogProblem;
use super::gather::{Gathering, Role, number, role};
use super::growing::Reads;
use super::source::{Failed, LogOptions};
use regex::{Captures, Regex, RegexBuilder};

/// Longest line.
pub(crate) const MOST_LINE: usize = 1 << 24;
/// Largest automaton of a pattern.
const MOST_PATTERN: usize = 1 << 22;

/// Cuts bytes that come in pieces into lines.
#[derive(Default)]
pub(crate) struct Lines {
    /// The beginning of a line whose end has not come.
    held: Vec<u8>,
    count: u64,
}

impl Lines {
    /// Calls `each` with the number and the text of every line that is whole.
    pub(crate) fn feed(
        &mut self,
        mut bytes: &[u8],
        mut each: impl FnMut(u64, &[u8]) -> Result<(), Failed>,
    ) -> Result<(), Failed> {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end + 1);
            self.room(line.len())?;
            self.count += 1;
            if self.held.is_empty() {
                each(self.count, line.trim_ascii())?;
            } else {
                self.held.extend_from_slice(line);
                let read = each(self.count, self.held.trim_ascii());
                self.held.clear();
                read?;
            }
            bytes = rest;
        }
        self.room(bytes.len())?;
        self.held.extend_from_slice(bytes);
        Ok(())
    }

    /// The last line, where it has no end, with its number.
    pub(crate) fn last(&mut self) -> Option<(u64, Vec<u8>)> {
        if self.held.is_empty() {
            return None;
        }
        self.count += 1;
        let line = std::mem::take(&mut self.held);
        Some((self.count, line.trim_ascii().to_vec()))
    }

    fn room(&self, more: usize) -> Result<(), LogProblem> {
        if self.held.len() + more <= MOST_LINE {
            return Ok(());
        }
        Err(LogProblem::LongLine {
            line: self.count + 1,
            most: MOST_LINE,
        })
    }
}

/// Lines by a pattern, as they come. Groups named `step` and `run` are those, `metric` and `value` belong together, any
/// other group is a metric of its name.
pub(crate) struct Text {
    lines: Lines,
    rows: Matches,
}

struct Matches {
    pattern: Regex,
    row: f64,
    held: bool,
}

impl Text {
    /// # Errors
    /// No pattern, or one that cannot be used.
    pub(crate) fn new(options: &LogOptions) -> Result<Self, LogProblem> {
        let pattern = options.pattern.as_deref().ok_or(LogProblem::NoPattern)?;
        let rows = Matches {
            pattern: compiled(pattern)?,
            row: 0.0,
            held: false,
        };
        Ok(Self {
            lines: Lines::default(),
            rows,
        })
    }
}

impl Reads for Text {
    fn feed(&mut self, bytes: &[u8], into: &mut Gathering) -> Result<(), Failed> {
        let rows = &mut self.rows;
        self.lines
            .feed(bytes, |line, bytes| Ok(rows.take(line, bytes, into)?))
    }

    fn end(&mut self, into: &mut Gathering) -> Result<(), Failed> {
        match self.lines.last() {
            Some((line, bytes)) => Ok(self.rows.take(line, &bytes, into)?),
            None => Ok(()),
        }
    }

    fn notes(&self) -> Vec<String> {
        let named = self.rows.pattern.capture_names().flatten();
        let without = named.into_iter().all(|name| name != "step");
        let note = || "the pattern names no step; matches are counted".to_owned();
        without.then(note).into_iter().collect()
    }

    fn lack(&self) -> Option<LogProblem> {
        (!self.rows.held).then_some(LogProblem::NoMatch)
    }
}

impl Matches {
    fn take(&mut self, line: u64, bytes: &[u8], into: &mut Gathering) -> Result<(), LogProblem> {
        let text = String::from_utf8_lossy(bytes);
        for found in self.pattern.captures_iter(&text) {
            let step = match found.name("step") {
                None => self.row,
                Some(step) => number(step.as_str())
                    .filter(|s| s.is_finite())
                    .ok_or_else(|| LogProblem::BadStep {
                        line,
                        found: step.as_str().chars().take(40).collect(),
                    })?,
            };
            self.row += 1.0;
            self.held |= take(&self.pattern, &found, step, into)?;
        }
        Ok(())
    }
}

fn compiled(pattern: &str) -> Result<Regex, LogProblem> {
    let compiled = RegexBuilder::new(pattern)
        .size_limit(MOST_PATTERN)
        .dfa_size_limit(MOST_PATTERN)
        .build()
        .map_err(|e| LogProblem::BadPattern { why: e.to_string() })?;
    let is_metric = |name: &str| !matches!(role(name), Role::Step | Role::Run);
    if compiled.capture_names().flatten().any(is_metric) {
        Ok(compiled)
    } else {
        Err(LogProblem::NoGroup)
    }
}

/// The metrics of one match; whether there was one.
fn take(
    pattern: &Regex,
    found: &Captures<'_>,
    step: f64,
    into: &mut Gathering,
) -> Result<bool, LogProblem> {
    let group = |name: &str| found.name(name).map(|m| m.as_str());
    let run = group("run").unwrap_or("");
    let pair = group("metric").zip(group("value").and_then(number));
    if let Some((metric, value)) = pair {
        into.take(run, metric, step, value)?;
    }
    let mut held = pair.is_some();
    for name in pattern.capture_names().flatten() {
        if let (Role::Other, Some(value)) = (role(name), group(name).and_then(number)) {
            into.take(run, name, step, value)?;
            held = true;
        }
    }
    Ok(held)
}
