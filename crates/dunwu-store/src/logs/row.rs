//! A JSON object as a row: its fields are known again from row to row, so that nothing is allocated for a number.

use super::error::LogProblem;
use super::gather::{Gathering, Role, number, role, step_rank};
use super::source::LogOptions;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// Deepest nesting of objects whose fields are metrics.
const DEEPEST: usize = 4;
/// Names that are known again; where there are more, they are forgotten.
const MOST_NAMES: usize = 1 << 12;

/// A field that rows have.
#[derive(Default)]
struct Name {
    /// The name of the object that holds it, and its own.
    of: usize,
    own: String,
    /// Its name, after those of the objects that hold it.
    full: String,
    /// Whether no object holds it but the row.
    outer: bool,
    role: Option<Role>,
    rank: Option<usize>,
    /// Whether it is the step or the run that was asked for.
    asked: bool,
    depth: usize,
    /// Fields within it.
    inner: BTreeMap<String, usize>,
    /// The place of its series, for the run at hand.
    place: Option<usize>,
}

impl Name {
    fn new((at, of): (usize, &Name), own: &str, options: &LogOptions) -> Self {
        let is = |o: &Option<String>| o.as_deref() == Some(own);
        Self {
            of: at,
            own: own.to_owned(),
            full: if of.full.is_empty() {
                own.to_owned()
            } else {
                format!("{}/{own}", of.full)
            },
            outer: of.full.is_empty(),
            role: Some(role(own)),
            rank: step_rank(own),
            asked: is(&options.step) || is(&options.run),
            depth: of.depth + 1,
            ..Self::default()
        }
    }

    /// Whether it may be step, run or metric of the row, and is kept as it is.
    fn is_kept(&self) -> bool {
        self.outer
            && (self.asked || matches!(self.role, Some(Role::Step | Role::Run | Role::Metric)))
    }

    fn is_metric(&self) -> bool {
        !self.asked && !matches!(self.role, Some(Role::Step | Role::Run | Role::Clock))
    }
}

/// What stands in a field.
enum Cell {
    Number(f64),
    Kept(Value),
    Nothing,
}

/// A number, or a text that is one.
fn value(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => number(text),
        _ => None,
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Rows as they are taken.
pub(crate) struct Rows {
    options: LogOptions,
    names: Vec<Name>,
    /// The name that comes next if the row is like the last one.
    next: usize,
    cells: Vec<(usize, Cell)>,
    run: String,
    /// The line, or the number of the row where there are no lines.
    pub line: u64,
    pub row: u64,
    taken: bool,
    pub counted: u64,
    first: Vec<String>,
}

impl Rows {
    pub(crate) fn new(options: &LogOptions) -> Self {
        Self {
            options: options.clone(),
            names: vec![Name::default()],
            next: 1,
            cells: vec![],
            run: String::new(),
            line: 1,
            row: 0,
            taken: false,
            counted: 0,
            first: vec![],
        }
    }

    /// The seed that reads the next row; [`Rows::take`] takes it.
    pub(crate) fn begin(&mut self) -> Object<'_> {
        if self.names.len() > MOST_NAMES {
            self.names.clear();
            self.names.push(Name::default());
        }
        self.next = 1;
        self.cells.clear();
        Object { rows: self, of: 0 }
    }

    /// Why there is nothing to be had.
    pub(crate) fn lack(&self) -> Option<LogProblem> {
        match (self.row, self.taken) {
            (0, _) => Some(LogProblem::Empty),
            (_, false) => Some(LogProblem::NoMetric {
                columns: self.first.join(", "),
            }),
            _ => None,
        }
    }

    fn name(&mut self, of: usize, own: &str) -> usize {
        let found = match self.names.get(self.next) {
            Some(name) if name.of == of && name.own == own => self.next,
            _ => match self.names[of].inner.get(own) {
                Some(at) => *at,
                None => {
                    let at = self.names.len();
                    let name = Name::new((of, &self.names[of]), own, &self.options);
                    self.names.push(name);
                    self.names[of].inner.insert(own.to_owned(), at);
                    at
                }
            },
        };
        self.next = found + 1;
        found
    }

    /// Of the kept fields that fit, that whose name is the first.
    fn kept(&self, fits: impl Fn(&Name) -> bool) -> Option<&Value> {
        let of = self.cells.iter().filter_map(|(at, cell)| match cell {
            Cell::Kept(value) if self.names[*at].outer && fits(&self.names[*at]) => {
                Some((&self.names[*at].full, value))
            }
            _ => None,
        });
        of.min_by_key(|(name, _)| *name).map(|(_, value)| value)
    }

    fn step(&self) -> Result<Option<f64>, LogProblem> {
        let asked = self.options.step.as_deref();
        let found = match asked {
            Some(step) => self.kept(|n| n.full == step),
            None => {
                let ranks = self.cells.iter().filter_map(|(at, cell)| match cell {
                    Cell::Kept(value) if self.names[*at].outer => {
                        Some((self.names[*at].rank?, value))
                    }
                    _ => None,
                });
                ranks.min_by_key(|(rank, _)| *rank).map(|(_, v)| v)
            }
        };
        let Some(found) = found else {
            return Ok(None);
        };
        let step = value(found).filter(|s| s.is_finite());
        step.map(Some).ok_or_else(|| LogProblem::BadStep {
            line: self.line,
            found: found.to_string().chars().take(40).collect(),
        })
    }

    /// Rows that were taken.
    pub(crate) fn taken(&self) -> u64 {
        self.row
    }

    /// Takes the row that was read.
    pub(crate) fn take(&mut self, into: &mut Gathering) -> Result<(), LogProblem> {
        if self.row == 0 {
            let outer = self.names[0].inner.keys();
            self.first = outer.take(30).cloned().collect();
        }
        let step = self.step()?;
        self.counted += u64::from(step.is_none());
        let step = step.unwrap_or(self.row as f64);
        self.row += 1;
        let asked = self.options.run.as_deref();
        let run = self.kept(|n| asked.map_or(n.role == Some(Role::Run), |run| n.full == run));
        let run = run.map(text).unwrap_or_default();
        if run != self.run {
            self.names.iter_mut().for_each(|n| n.place = None);
            self.run = run;
        }
        let Some(metric) = self.kept(|n| n.role == Some(Role::Metric)) else {
            return self.wide(step, into);
        };
        match self.long() {
            Some(value) => {
                into.take(&self.run, &text(metric), step, value)?;
                self.taken = true;
                Ok(())
            }
            None if self.has_value() => Ok(()),
            None => self.wide(step, into),
        }
    }

    /// The value of a row that names its metric.
    fn long(&self) -> Option<f64> {
        let of = self
            .cells
            .iter()
            .filter(|(at, _)| self.names[*at].outer && self.names[*at].role == Some(Role::Value));
        let first = of.min_by_key(|(at, _)| &self.names[*at].full)?;
        match &first.1 {
            Cell::Number(value) => Some(*value),
            _ => None,
        }
    }

    fn has_value(&self) -> bool {
        let value = self.names[0].inner.get("value");
        value.is_some_and(|value| self.cells.iter().any(|(at, _)| at == value))
    }

    /// Every number of a row is a metric.
    fn wide(&mut self, step: f64, into: &mut Gathering) -> Result<(), LogProblem> {
        for (at, cell) in &self.cells {
            let name = &mut self.names[*at];
            let number = match cell {
                _ if !name.is_metric() => None,
                Cell::Number(number) => Some(*number),
                Cell::Kept(kept) => value(kept),
                Cell::Nothing => None,
            };
            let Some(number) = number else { continue };
            let place = match name.place {
                Some(place) => place,
                None => into.place(&self.run, &name.full)?,
            };
            name.place = Some(place);
            into.push(place, step, number);
            self.taken = true;
        }
        Ok(())
    }
}

/// An object whose fields become cells: the row, or one within it.
pub(crate) struct Object<'r> {
    rows: &'r mut Rows,
    of: usize,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let (rows, of) = (self.rows, self.of);
        while let Some(at) = fields.next_key_seed(Key { rows, of })? {
            if rows.names[at].is_kept() {
                let kept = fields.next_value::<Value>()?;
                rows.cells.push((at, Cell::Kept(kept)));
            } else {
                fields.next_value_seed(Field { rows, at })?;
            }
        }
        Ok(())
    }
}

struct Key<'r> {
    rows: &'r mut Rows,
    of: usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = usize;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        Ok(self.rows.name(self.of, name))
    }
}

/// A field that may hold a number, or an object of such fields.
struct Field<'r> {
    rows: &'r mut Rows,
    at: usize,
}

impl Field<'_> {
    fn put<E>(self, cell: Cell) -> Result<(), E> {
        self.rows.cells.push((self.at, cell));
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Field<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.put(Cell::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.put(Cell::Number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.put(Cell::Number(number as f64))
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.put(number(text).map_or(Cell::Nothing, Cell::Number))
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.put(Cell::Nothing)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.put(Cell::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        self.put(Cell::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let name = &self.rows.names[self.at];
        if name.is_metric() && name.depth <= DEEPEST && !name.own.starts_with('_') {
            let (rows, of) = (self.rows, self.at);
            return Object { rows, of }.visit_map(fields);
        }
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.put(Cell::Nothing)
    }
}
