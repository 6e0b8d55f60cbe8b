//! Lines of text, by a pattern with named groups.

use super::error::LogProblem;
use super::gather::{Gathering, Role, number, role};
use super::source::{Failed, LogOptions};
use regex::{Captures, Regex, RegexBuilder};
use std::io::{BufRead, Read};

/// Longest line.
pub(crate) const MOST_LINE: usize = 1 << 24;
/// Largest automaton of a pattern.
const MOST_PATTERN: usize = 1 << 22;

/// Calls `each` with the number and the text of every line, whatever its ending.
pub(crate) fn lines(
    mut input: impl BufRead,
    mut each: impl FnMut(u64, &[u8], bool) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let mut line = Vec::new();
    for count in 1.. {
        line.clear();
        let read = input
            .by_ref()
            .take(MOST_LINE as u64 + 1)
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        if line.len() > MOST_LINE {
            return Err(LogProblem::LongLine {
                line: count,
                most: MOST_LINE,
            }
            .into());
        }
        let whole = line.last() == Some(&b'\n');
        each(count, line.trim_ascii(), whole)?;
    }
    Ok(())
}

/// Reads lines into the gathering. Groups named `step` and `run` are those, `metric` and `value` belong together,
/// any other group is a metric of its name.
pub(crate) fn read(
    input: impl BufRead,
    options: &LogOptions,
    into: &mut Gathering,
) -> Result<(), Failed> {
    let pattern = options.pattern.as_deref().ok_or(LogProblem::NoPattern)?;
    let pattern = compiled(pattern)?;
    let (mut row, mut held) = (0.0, false);
    lines(input, |line, bytes, _| {
        let text = String::from_utf8_lossy(bytes);
        for found in pattern.captures_iter(&text) {
            let step = match found.name("step") {
                None => row,
                Some(step) => number(step.as_str())
                    .filter(|s| s.is_finite())
                    .ok_or_else(|| LogProblem::BadStep {
                        line,
                        found: step.as_str().chars().take(40).collect(),
                    })?,
            };
            row += 1.0;
            held |= take(&pattern, &found, step, into)?;
        }
        Ok(())
    })?;
    if pattern.capture_names().flatten().all(|name| name != "step") {
        into.notes
            .push("the pattern names no step; matches are counted".to_owned());
    }
    if held {
        Ok(())
    } else {
        Err(LogProblem::NoMatch.into())
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
