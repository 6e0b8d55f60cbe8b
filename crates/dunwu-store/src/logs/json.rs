//! JSON objects, one a row: on lines, in an array, or in the `log_history` of a `trainer_state.json`.

use super::error::LogProblem;
use super::gather::{Gathering, Role, number, role, step_rank};
use super::source::{Failed, LogOptions};
use super::text::lines;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;
use std::io::{BufRead, Read};

/// Largest file that is one JSON value.
const MOST_WHOLE: u64 = 1 << 30;
/// Deepest nesting of objects whose fields are metrics.
const DEEPEST: usize = 4;

/// Reads objects on lines into the gathering.
pub(crate) fn read_lines(
    input: impl BufRead,
    options: &LogOptions,
    into: &mut Gathering,
) -> Result<(), Failed> {
    let mut rows = Rows::new(options, into);
    lines(input, |line, bytes, whole| {
        if bytes.is_empty() {
            return Ok(());
        }
        rows.line = line;
        match serde_json::from_slice::<Value>(&plain(bytes)) {
            Ok(Value::Object(row)) => Ok(rows.take(&row)?),
            Ok(_) => Err(LogProblem::BadJson {
                line,
                why: "it is no JSON object".to_owned(),
            }
            .into()),
            Err(_) if !whole => {
                rows.into
                    .notes
                    .push("the last line is cut off, and left out".to_owned());
                Ok(())
            }
            Err(e) => Err(LogProblem::BadJson {
                line,
                why: e.to_string(),
            }
            .into()),
        }
    })?;
    rows.finish()
}

/// Reads one JSON value, an array of objects or an object with such an array, into the gathering.
pub(crate) fn read_whole(
    input: impl BufRead,
    options: &LogOptions,
    into: &mut Gathering,
) -> Result<(), Failed> {
    let mut text = Vec::new();
    input.take(MOST_WHOLE + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MOST_WHOLE {
        return Err(LogProblem::LongLine {
            line: 1,
            most: MOST_WHOLE as usize,
        }
        .into());
    }
    let text = plain(&text);
    let mut rows = Rows::new(options, into);
    let mut reader = serde_json::Deserializer::from_slice(&text);
    let read = Document(&mut rows)
        .deserialize(&mut reader)
        .and_then(|()| reader.end());
    if let Some(problem) = rows.problem.take() {
        return Err(problem.into());
    }
    read.map_err(|e| LogProblem::BadJson {
        line: e.line() as u64,
        why: e.to_string(),
    })?;
    rows.finish()
}

/// Python writes NaN and Infinity without quotes, which is no JSON.
fn plain(text: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let holds = |word: &[u8]| text.windows(word.len()).any(|w| w == word);
    if !holds(b"NaN") && !holds(b"Infinity") {
        return text.into();
    }
    let (mut out, mut quoted, mut i) = (Vec::with_capacity(text.len() + 64), false, 0);
    while i < text.len() {
        let word: &[u8] = [&b"NaN"[..], b"-Infinity", b"Infinity"]
            .into_iter()
            .find(|w| !quoted && text[i..].starts_with(w))
            .unwrap_or(b"");
        if word.is_empty() {
            if quoted && text[i] == b'\\' {
                out.push(text[i]);
                i += 1;
            } else if text[i] == b'"' {
                quoted = !quoted;
            }
            out.extend(text.get(i));
            i += 1;
        } else {
            out.push(b'"');
            out.extend(word);
            out.push(b'"');
            i += word.len();
        }
    }
    out.into()
}

/// Rows as they are taken.
struct Rows<'a> {
    options: &'a LogOptions,
    into: &'a mut Gathering,
    line: u64,
    row: u64,
    taken: bool,
    counted: bool,
    fields: Vec<String>,
    problem: Option<LogProblem>,
}

impl<'a> Rows<'a> {
    fn new(options: &'a LogOptions, into: &'a mut Gathering) -> Self {
        Self {
            options,
            into,
            line: 1,
            row: 0,
            taken: false,
            counted: false,
            fields: vec![],
            problem: None,
        }
    }

    fn take(&mut self, row: &Map<String, Value>) -> Result<(), LogProblem> {
        if self.row == 0 {
            self.fields = row.keys().take(30).cloned().collect();
        }
        let step = self.step(row)?;
        self.row += 1;
        let run = text_of(row, |name| match &self.options.run {
            Some(run) => name == run,
            None => role(name) == Role::Run,
        });
        let metric = text_of(row, |name| role(name) == Role::Metric);
        let value = row
            .iter()
            .find(|(name, _)| role(name) == Role::Value)
            .and_then(|(_, v)| value(v));
        let run = run.unwrap_or_default();
        match (metric, value) {
            (Some(metric), Some(value)) => {
                self.taken = true;
                self.into.take(&run, &metric, step, value)
            }
            (Some(_), None) if row.contains_key("value") => Ok(()),
            _ => self.wide(&run, "", row, step, 0),
        }
    }

    fn step(&mut self, row: &Map<String, Value>) -> Result<f64, LogProblem> {
        let surest = || {
            row.iter()
                .filter_map(|(n, v)| Some((step_rank(n)?, v)))
                .min_by_key(|(rank, _)| *rank)
        };
        let found = match &self.options.step {
            Some(name) => row.get(name),
            None => surest().map(|(_, v)| v),
        };
        let Some(found) = found else {
            self.counted = true;
            return Ok(self.row as f64);
        };
        value(found)
            .filter(|s| s.is_finite())
            .ok_or_else(|| LogProblem::BadStep {
                line: self.line,
                found: found.to_string().chars().take(40).collect(),
            })
    }

    /// Every number of a row is a metric; those of inner objects have the names of both.
    fn wide(
        &mut self,
        run: &str,
        outer: &str,
        row: &Map<String, Value>,
        step: f64,
        depth: usize,
    ) -> Result<(), LogProblem> {
        for (name, field) in row {
            let asked = [&self.options.step, &self.options.run]
                .into_iter()
                .any(|o| o.as_ref() == Some(name));
            if asked || matches!(role(name), Role::Step | Role::Run | Role::Clock) {
                continue;
            }
            let full = if outer.is_empty() {
                name.clone()
            } else {
                format!("{outer}/{name}")
            };
            match field {
                Value::Object(inner) if depth < DEEPEST && !name.starts_with('_') => {
                    self.wide(run, &full, inner, step, depth + 1)?;
                }
                other => {
                    if let Some(value) = value(other) {
                        self.taken = true;
                        self.into.take(run, &full, step, value)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Failed> {
        if self.counted {
            self.into
                .notes
                .push("some rows have no step; rows are counted".to_owned());
        }
        match (self.row, self.taken) {
            (0, _) => Err(LogProblem::Empty.into()),
            (_, false) => Err(LogProblem::NoMetric {
                columns: self.fields.join(", "),
            }
            .into()),
            _ => Ok(()),
        }
    }
}

fn value(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => number(text),
        _ => None,
    }
}

fn text_of(row: &Map<String, Value>, is_it: impl Fn(&str) -> bool) -> Option<String> {
    row.iter()
        .find(|(name, _)| is_it(name))
        .map(|(_, v)| match v {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
}

/// The whole file: rows, or an object that holds them under one of its names.
struct Document<'r, 'a>(&'r mut Rows<'a>);

impl<'de> DeserializeSeed<'de> for Document<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects, or an object with `log_history`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while let Some(row) = rows.next_element::<Map<String, Value>>()? {
            if let Err(problem) = self.0.take(&row) {
                self.0.problem = Some(problem);
                return Err(A::Error::custom("a row cannot be used"));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key::<String>()? {
            if ["log_history", "history"].contains(&name.as_str()) {
                fields.next_value_seed(Document(&mut *self.0))?;
            } else if name == "max_steps" {
                let most = fields.next_value::<Value>()?.as_f64();
                self.0.into.planned = most.filter(|m| *m > 0.0);
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}
