//! CSV and TSV, wide and long.

use super::error::LogProblem;
use super::gather::{Gathering, Role, is_nearly_number, number, role, step_rank};
use super::growing::Reads;
use super::source::{Failed, LogOptions};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

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

/// A table as its bytes come.
pub(crate) struct Table {
    options: LogOptions,
    core: Reader,
    record: Record,
    rows: Option<Rows>,
    /// What is wrong with the newest row: nothing if it is the last, which may be cut off.
    cut: Option<LogProblem>,
}

/// A record as it is taken apart: its fields one after the other, and where each ends.
#[derive(Default)]
struct Record {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// How much of both is written.
    written: (usize, usize),
    /// The line at which it begins.
    line: u64,
}

/// The fields of a record.
#[derive(Clone, Copy)]
struct Fields<'a> {
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Fields<'a> {
    fn get(self, i: usize) -> &'a [u8] {
        let from = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.bytes[from..self.ends[i]]
    }
}

impl Record {
    fn fields(&self) -> Fields<'_> {
        Fields {
            bytes: &self.bytes[..self.written.0],
            ends: &self.ends[..self.written.1],
        }
    }
}

impl Table {
    /// A table whose first line is among the bytes.
    pub(crate) fn new(start: &[u8], options: &LogOptions) -> Self {
        let core = ReaderBuilder::new()
            .delimiter(delimiter(start))
            .comment(Some(b'#'))
            .build();
        Self {
            options: options.clone(),
            core,
            record: Record {
                bytes: vec![0; 1024],
                ends: vec![0; 32],
                written: (0, 0),
                line: 1,
            },
            rows: None,
            cut: None,
        }
    }

    /// Takes bytes apart; none of them are the end of the file.
    fn read(&mut self, mut bytes: &[u8], into: &mut Gathering) -> Result<(), Failed> {
        let ended = bytes.is_empty();
        loop {
            let Record {
                bytes: out,
                ends,
                written,
                ..
            } = &mut self.record;
            let (result, used, filled, fields) =
                self.core
                    .read_record(bytes, &mut out[written.0..], &mut ends[written.1..]);
            bytes = &bytes[used..];
            written.0 += filled;
            written.1 += fields;
            match result {
                ReadRecordResult::OutputFull => out.resize(2 * out.len(), 0),
                ReadRecordResult::OutputEndsFull => ends.resize(2 * ends.len(), 0),
                ReadRecordResult::InputEmpty if !ended => return Ok(()),
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::End => return Ok(()),
                ReadRecordResult::Record => {
                    self.row(into)?;
                    self.record.written = (0, 0);
                    self.record.line = self.core.line();
                    // What is empty is the end of the file.
                    if bytes.is_empty() && !ended {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn row(&mut self, into: &mut Gathering) -> Result<(), Failed> {
        if let Some(problem) = self.cut.take() {
            return Err(problem.into());
        }
        let (fields, line) = (self.record.fields(), self.record.line);
        let Some(rows) = &mut self.rows else {
            self.rows = Some(Rows::begin(fields, line, &self.options, into)?);
            return Ok(());
        };
        let (expected, found) = (rows.layout.names.len(), fields.ends.len());
        if expected == found {
            return rows.take(fields, line, into);
        }
        let why = format!("{found} fields, but the header has {expected}");
        self.cut = Some(LogProblem::BadRow { line, why });
        Ok(())
    }
}

impl Reads for Table {
    fn feed(&mut self, bytes: &[u8], into: &mut Gathering) -> Result<(), Failed> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.read(bytes, into)
    }

    fn end(&mut self, into: &mut Gathering) -> Result<(), Failed> {
        self.read(&[], into)?;
        if self.cut.take().is_some() {
            into.notes
                .push("the last line is cut off, and left out".to_owned());
        }
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        let Some(rows) = &self.rows else {
            return vec![];
        };
        let without = rows.without_step;
        let note = || format!("{without} rows without a step are left out");
        let mut notes: Vec<String> = (without > 0).then(note).into_iter().collect();
        notes.extend(rows.no_numbers());
        notes
    }

    fn lack(&self) -> Option<LogProblem> {
        match &self.rows {
            None => Some(LogProblem::Empty),
            Some(rows) if !rows.taken => {
                let odd = rows.no_numbers().next();
                let odd = odd.map_or_else(String::new, |why| format!(" ({why})"));
                let columns = known(&rows.layout.names) + &odd;
                Some(LogProblem::NoMetric { columns })
            }
            _ => None,
        }
    }
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

fn texts(record: Fields<'_>, line: u64) -> Result<Vec<String>, LogProblem> {
    if record.ends.len() > MOST_COLUMNS {
        return Err(LogProblem::TooManyColumns { most: MOST_COLUMNS });
    }
    let text = |field: &[u8]| {
        let text = std::str::from_utf8(field).map_err(|_| LogProblem::NotText { line })?;
        Ok(text.trim_start_matches('\u{feff}').trim().to_owned())
    };
    (0..record.ends.len())
        .map(|i| text(record.get(i)))
        .collect()
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
    /// Columns that had a number, and the first text of each that was none but looks like one.
    numeric: Vec<bool>,
    odd: Vec<Option<String>>,
}

impl Rows {
    /// What is said of columns of nothing but what looks like numbers.
    fn no_numbers(&self) -> impl Iterator<Item = String> {
        let names = self.layout.names.iter();
        let columns = names.zip(&self.odd).zip(&self.numeric);
        columns.filter_map(|((name, odd), numeric)| {
            let odd = odd.as_ref().filter(|_| !numeric)?;
            Some(format!("`{name}` is left out: `{odd}` is no number"))
        })
    }

    /// The layout by the first row, which is taken if it is no header.
    fn begin(
        record: Fields<'_>,
        line: u64,
        options: &LogOptions,
        into: &mut Gathering,
    ) -> Result<Self, Failed> {
        let first = texts(record, line)?;
        if !first.iter().all(|f| number(f).is_some()) {
            return Ok(Self::new(with_header(first, options, into)?));
        }
        let mut rows = Self::new(without_header(first.len()));
        rows.take(record, line, into)?;
        Ok(rows)
    }

    fn new(layout: Layout) -> Self {
        let columns = layout.names.len();
        Self {
            layout,
            run: None,
            places: vec![None; columns],
            row: 0,
            without_step: 0,
            taken: false,
            numeric: vec![false; columns],
            odd: vec![None; columns],
        }
    }

    fn take(&mut self, record: Fields<'_>, line: u64, into: &mut Gathering) -> Result<(), Failed> {
        let text =
            |i: usize| std::str::from_utf8(record.get(i)).map_err(|_| LogProblem::NotText { line });
        let field = |i: usize| text(i).map(str::trim);
        // A header that a restarted writer put once more.
        if self
            .layout
            .step
            .is_some_and(|i| record.get(i) == self.layout.names[i].as_bytes())
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
                if let Some(value) = number(text(*value)?) {
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
                    let Some(value) = number(text(*i)?) else {
                        if self.odd[*i].is_none() && is_nearly_number(text(*i)?) {
                            self.odd[*i] = Some(field(*i)?.chars().take(20).collect());
                        }
                        continue;
                    };
                    let place = match self.places[*i] {
                        Some(place) => place,
                        None => {
                            self.numeric[*i] = true;
                            into.place(of.as_deref().unwrap_or(run), metric)?
                        }
                    };
                    self.places[*i] = Some(place);
                    into.push(place, step, value);
                    self.taken = true;
                }
            }
        }
        Ok(())
    }
}
