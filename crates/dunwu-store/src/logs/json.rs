//! JSON objects, one a row: on lines, in an array, or in the `log_history` of a `trainer_state.json`.

use super::error::LogProblem;
use super::gather::Gathering;
use super::growing::Reads;
use super::row::Rows;
use super::source::{Failed, LogOptions};
use super::text::Lines;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// Largest file that is one JSON value.
const MOST_WHOLE: usize = 1 << 30;

/// Objects on lines, as they come.
pub(crate) struct JsonLines {
    lines: Lines,
    rows: Rows,
}

impl JsonLines {
    pub(crate) fn new(options: &LogOptions) -> Self {
        Self {
            lines: Lines::default(),
            rows: Rows::new(options),
        }
    }
}

impl Reads for JsonLines {
    fn feed(&mut self, bytes: &[u8], into: &mut Gathering) -> Result<(), Failed> {
        let rows = &mut self.rows;
        self.lines
            .feed(bytes, |line, bytes| Ok(row(rows, line, bytes, into)?))
    }

    fn end(&mut self, into: &mut Gathering) -> Result<(), Failed> {
        let Some((line, bytes)) = self.lines.last() else {
            return Ok(());
        };
        match row(&mut self.rows, line, &bytes, into) {
            // Half of an object is no JSON.
            Err(LogProblem::BadJson { why, .. }) if why != NO_OBJECT => {
                into.notes
                    .push("the last line is cut off, and left out".to_owned());
                Ok(())
            }
            other => Ok(other?),
        }
    }

    fn notes(&self) -> Vec<String> {
        counted(&self.rows)
    }

    fn lack(&self) -> Option<LogProblem> {
        self.rows.lack()
    }
}

const NO_OBJECT: &str = "it is no JSON object";

fn counted(rows: &Rows) -> Vec<String> {
    let note = match (rows.counted, rows.taken()) {
        (0, _) => return vec![],
        (some, all) if some == all => "no row has a step; rows are counted".to_owned(),
        (some, all) => {
            format!("{some} of {all} rows without a step: their numbers among the rows were taken")
        }
    };
    vec![note]
}

/// Takes the object of a line.
fn row(rows: &mut Rows, line: u64, bytes: &[u8], into: &mut Gathering) -> Result<(), LogProblem> {
    if bytes.is_empty() {
        return Ok(());
    }
    rows.line = line;
    // What is no JSON may be Python's.
    let read = object(rows, bytes).or_else(|error| match plain(bytes) {
        std::borrow::Cow::Owned(plain) => object(rows, &plain),
        std::borrow::Cow::Borrowed(_) => Err(error),
    });
    match read {
        Ok(()) => rows.take(into),
        Err(error) => {
            let other = serde_json::from_slice::<IgnoredAny>(&plain(bytes)).is_ok();
            let why = if other {
                NO_OBJECT.to_owned()
            } else {
                error.to_string()
            };
            Err(LogProblem::BadJson { line, why })
        }
    }
}

fn object(rows: &mut Rows, bytes: &[u8]) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    rows.begin().deserialize(&mut reader)?;
    reader.end()
}

/// One JSON value, an array of objects or an object with such an array.
pub(crate) struct JsonWhole {
    text: Vec<u8>,
    rows: Rows,
}

impl JsonWhole {
    pub(crate) fn new(options: &LogOptions) -> Self {
        Self {
            text: vec![],
            rows: Rows::new(options),
        }
    }
}

impl Reads for JsonWhole {
    fn feed(&mut self, bytes: &[u8], _: &mut Gathering) -> Result<(), Failed> {
        if self.text.len() + bytes.len() > MOST_WHOLE {
            return Err(LogProblem::LongLine {
                line: 1,
                most: MOST_WHOLE,
            }
            .into());
        }
        self.text.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self, into: &mut Gathering) -> Result<(), Failed> {
        let text = std::mem::take(&mut self.text);
        let text = plain(&text);
        let mut problem = None;
        let mut reader = serde_json::Deserializer::from_slice(&text);
        let document = Document {
            rows: &mut self.rows,
            into,
            problem: &mut problem,
        };
        let read = document
            .deserialize(&mut reader)
            .and_then(|()| reader.end());
        if let Some(problem) = problem {
            return Err(problem.into());
        }
        Ok(read.map_err(|e| LogProblem::BadJson {
            line: e.line() as u64,
            why: e.to_string(),
        })?)
    }

    fn notes(&self) -> Vec<String> {
        counted(&self.rows)
    }

    fn lack(&self) -> Option<LogProblem> {
        self.rows.lack()
    }
}

/// Python writes NaN and Infinity without quotes, which is no JSON.
fn plain(text: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let holds = |word: &[u8]| memchr::memmem::find(text, word).is_some();
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

/// The whole file: rows, or an object that holds them under one of its names.
struct Document<'a> {
    rows: &'a mut Rows,
    into: &'a mut Gathering,
    problem: &'a mut Option<LogProblem>,
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects, or an object with `log_history`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self.rows.begin())?.is_some() {
            if let Err(problem) = self.rows.take(self.into) {
                *self.problem = Some(problem);
                return Err(A::Error::custom("a row cannot be used"));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key::<String>()? {
            if ["log_history", "history"].contains(&name.as_str()) {
                fields.next_value_seed(Document {
                    rows: &mut *self.rows,
                    into: &mut *self.into,
                    problem: &mut *self.problem,
                })?;
            } else if name == "max_steps" {
                let most = fields.next_value::<Value>()?.as_f64();
                self.into.planned = most.filter(|m| *m > 0.0);
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}
