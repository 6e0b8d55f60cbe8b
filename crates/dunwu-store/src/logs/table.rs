//! CSV and TSV, wide and long.

use super::error::LogProblem;
use super::gather::{Gathering, Role, number, role, step_rank};
use super::source::{Failed, LogOptions};
use csv::{ByteRecord, ReaderBuilder};
use std::io::BufRead;

/// Most columns of a table.
const MOST_COLUMNS: usize = 1 << 16;

/// Where things stand in a row.
struct Layout {
    names: Vec<String>,
    step: Option<usize>,
    run: Option<usize>,
    kind: Kind,
}

enum Kind {
    /// Columns of the metric's name and of its value.
    Long { metric: usize, value: usize },
    /// Column, run if the header names it, metric.
    Wide(Vec<(usize, Option<String>, String)>),
}

/// Reads a table into the gathering.
pub(crate) fn read(
    mut input: impl BufRead,
    options: &LogOptions,
    into: &mut Gathering,
) -> Result<(), Failed> {
    let delimiter = delimiter(input.fill_buf()?);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .from_reader(input);
    let mut record = ByteRecord::new();
    if !next(&mut reader, &mut record)? {
        return Err(LogProblem::Empty.into());
    }
    let first = texts(&record, 1)?;
    let bare = first.iter().all(|f| number(f).is_some());
    let layout = if bare {
        without_header(first.len())
    } else {
        with_header(first, options, into)?
    };
    let mut rows = Rows::new(layout);
    if bare {
        rows.take(&record, 1, into)?;
    }
    let mut cut: Option<LogProblem> = None;
    while next(&mut reader, &mut record)? {
        if let Some(problem) = cut.take() {
            return Err(problem.into());
        }
        let line = record.position().map_or(0, csv::Position::line);
        let (expected, found) = (rows.layout.names.len(), record.len());
        if expected != found {
            let why = format!("{found} fields, but the header has {expected}");
            cut = Some(LogProblem::BadRow { line, why });
        } else {
            rows.take(&record, line, into)?;
        }
    }
    if cut.is_some() {
        into.notes
            .push("the last line is cut off, and left out".to_owned());
    }
    rows.finish(into)
}

fn next(reader: &mut csv::Reader<impl BufRead>, record: &mut ByteRecord) -> Result<bool, Failed> {
    reader.read_byte_record(record).map_err(|e| {
        let line = e.position().map_or(0, csv::Position::line);
        match e.into_kind() {
            csv::ErrorKind::Io(e) => Failed::Io(e),
            other => LogProblem::BadRow {
                line,
                why: format!("{other:?}"),
            }
            .into(),
        }
    })
}

/// The sign between fields: that of comma, tab and semicolon that the first line has most of.
fn delimiter(start: &[u8]) -> u8 {
    let line = start
        .split(|b| *b == b'\n')
        .find(|l| !l.is_empty() && l[0] != b'#')
        .unwrap_or(&[]);
    let count = |sign: u8| line.iter().filter(|b| **b == sign).count();
    [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|s| count(*s))
        .expect("there are three")
}

fn texts(record: &ByteRecord, line: u64) -> Result<Vec<String>, LogProblem> {
    if record.len() > MOST_COLUMNS {
        return Err(LogProblem::TooManyColumns { most: MOST_COLUMNS });
    }
    let text = |field: &[u8]| {
        let text = std::str::from_utf8(field).map_err(|_| LogProblem::NotText { line })?;
        Ok(text.trim_start_matches('\u{feff}').trim().to_owned())
    };
    record.iter().map(text).collect()
}

/// A table of numbers alone: the first column is the step, if there is another.
fn without_header(columns: usize) -> Layout {
    let names: Vec<String> = (1..=columns).map(|i| format!("column {i}")).collect();
    let from = usize::from(columns > 1);
    let metrics = (from..columns)
        .map(|i| (i, None, names[i].clone()))
        .collect();
    Layout {
        step: (columns > 1).then_some(0),
        run: None,
        kind: Kind::Wide(metrics),
        names,
    }
}

fn with_header(
    names: Vec<String>,
    options: &LogOptions,
    into: &mut Gathering,
) -> Result<Layout, LogProblem> {
    let asked = |name: &Option<String>| match name {
        None => Ok(None),
        Some(name) => names
            .iter()
            .position(|n| n == name)
            .map(Some)
            .ok_or_else(|| LogProblem::NoColumn {
                name: name.clone(),
                known: known(&names),
            }),
    };
    let of_role = |wanted: Role| names.iter().position(|n| role(n) == wanted);
    let surest = || {
        let ranked = names
            .iter()
            .enumerate()
            .filter_map(|(i, n)| Some((step_rank(n)?, i)));
        ranked.min().map(|(_, i)| i)
    };
    let step = asked(&options.step)?.or_else(surest);
    let run = asked(&options.run)?.or_else(|| of_role(Role::Run));
    if step.is_none() {
        into.notes
            .push("no column is a step; rows are counted".to_owned());
    }
    let kind = match (of_role(Role::Metric), of_role(Role::Value)) {
        (Some(metric), Some(value)) => Kind::Long { metric, value },
        _ => Kind::Wide(wide(&names, step, run)),
    };
    Ok(Layout {
        names,
        step,
        run,
        kind,
    })
}

/// The columns of a wide table that may be metrics.
fn wide(
    names: &[String],
    step: Option<usize>,
    run: Option<usize>,
) -> Vec<(usize, Option<String>, String)> {
    let is_bound = |name: &str| {
        let base = name
            .strip_suffix("__MIN")
            .or_else(|| name.strip_suffix("__MAX"));
        base.is_some_and(|b| names.iter().any(|n| n == b))
    };
    let free: Vec<usize> = (0..names.len())
        .filter(|i| Some(*i) != step && Some(*i) != run)
        .filter(|i| {
            !matches!(role(&names[*i]), Role::Step | Role::Clock | Role::Run)
                && !is_bound(&names[*i])
        })
        .collect();
    // W&B writes `run - metric` over the columns of a panel.
    let of_panel =
        run.is_none() && !free.is_empty() && free.iter().all(|i| names[*i].contains(" - "));
    free.into_iter()
        .map(|i| match names[i].rsplit_once(" - ") {
            Some((run, metric)) if of_panel => (i, Some(run.to_owned()), metric.to_owned()),
            _ => (i, None, names[i].clone()),
        })
        .collect()
}

fn known(names: &[String]) -> String {
    let mut out: Vec<&str> = names.iter().map(String::as_str).take(30).collect();
    if names.len() > out.len() {
        out.push("…");
    }
    out.join(", ")
}

/// Rows as they are taken.
struct Rows {
    layout: Layout,
    /// Run of the row before, with the places of its series by column.
    run: Option<String>,
    places: Vec<Option<usize>>,
    row: u64,
    without_step: u64,
    taken: bool,
}

impl Rows {
    fn new(layout: Layout) -> Self {
        let columns = layout.names.len();
        Self {
            layout,
            run: None,
            places: vec![None; columns],
            row: 0,
            without_step: 0,
            taken: false,
        }
    }

    fn take(&mut self, record: &ByteRecord, line: u64, into: &mut Gathering) -> Result<(), Failed> {
        let field = |i: usize| {
            let text = std::str::from_utf8(&record[i]).map_err(|_| LogProblem::NotText { line })?;
            Ok::<&str, LogProblem>(text.trim())
        };
        // A header that a restarted writer put once more.
        if self
            .layout
            .step
            .is_some_and(|i| &record[i] == self.layout.names[i].as_bytes())
        {
            return Ok(());
        }
        let step =
            match self.layout.step {
                None => self.row as f64,
                Some(i) => match field(i)? {
                    "" => {
                        self.without_step += 1;
                        return Ok(());
                    }
                    text => number(text).filter(|s| s.is_finite()).ok_or_else(|| {
                        LogProblem::BadStep {
                            line,
                            found: text.chars().take(40).collect(),
                        }
                    })?,
                },
            };
        self.row += 1;
        let run = self.layout.run.map(field).transpose()?.unwrap_or("");
        match &self.layout.kind {
            Kind::Long { metric, value } => {
                if let Some(value) = number(field(*value)?) {
                    into.take(run, field(*metric)?, step, value)?;
                    self.taken = true;
                }
            }
            Kind::Wide(columns) => {
                // Comparing two empty texts is slow: masked loads at their dangling pointers take a fault each.
                let same = |of: &str| of.len() == run.len() && (run.is_empty() || of == run);
                if !self.run.as_deref().is_some_and(same) {
                    self.run = Some(run.to_owned());
                    self.places.fill(None);
                }
                for (i, of, metric) in columns {
                    let Some(value) = number(field(*i)?) else {
                        continue;
                    };
                    let place = match self.places[*i] {
                        Some(place) => place,
                        None => into.place(of.as_deref().unwrap_or(run), metric)?,
                    };
                    self.places[*i] = Some(place);
                    into.push(place, step, value);
                    self.taken = true;
                }
            }
        }
        Ok(())
    }

    fn finish(self, into: &mut Gathering) -> Result<(), Failed> {
        if self.without_step > 0 {
            into.notes.push(format!(
                "{} rows without a step are left out",
                self.without_step
            ));
        }
        if self.taken {
            Ok(())
        } else {
            Err(LogProblem::NoMetric {
                columns: known(&self.layout.names),
            }
            .into())
        }
    }
}
