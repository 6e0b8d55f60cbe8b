//! From the parts of a sweep to its page: one pass over the runs, then one over the curves that are drawn.

mod axes;
mod cells;
mod lines;
mod measures;

use super::grid::Grid;
use super::row::{GENERALISED, generalised, plan_words};
use crate::error::Error;
pub(crate) use axes::command;
use axes::{axes, shared_words, title};
use camino::{Utf8Path, Utf8PathBuf};
use cells::{Cell, phase_cell};
use dunwu_analysis::survival::{Observed, kaplan_meier, log_rank};
use dunwu_core::{KEYS, PlanError};
use dunwu_report::{
    CurveSet, GroupCurve, PhaseCell, PhaseDiagram, SurvivalGroup, SurvivalSet, SurvivalStep,
    SweepAxis, SweepCounts, SweepPage, SweepSpread, sweep_figures, sweep_page,
};
use dunwu_store::{SweepDir, SweepPlan, SweepReader, Table};
use lines::{CURVES, Lines, take};
use measures::{KNOWN, Shows, measure};
use std::collections::{BTreeMap, BTreeSet};

/// Values of a key that tells groups apart by itself.
const GROUPS: usize = 24;

/// What a page shows, where a person says it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepView {
    /// The axis from left to right.
    pub x: Option<String>,
    /// The axis from below to above.
    pub y: Option<String>,
    /// The measure: a column of the runs.
    pub measure: Option<String>,
    /// The key that tells groups of curves apart.
    pub by: Option<String>,
}

impl SweepView {
    /// Reads `x=`, `y=`, `measure=` and `by=`.
    ///
    /// # Errors
    /// Another key, or a word without `=`.
    pub fn of(words: &[String]) -> Result<Self, PlanError> {
        let mut view = Self::default();
        for word in words {
            let (key, value) = dunwu_core::key_value(word)?;
            let value = Some(value.to_owned());
            match key {
                "x" => view.x = value,
                "y" => view.y = value,
                "measure" => view.measure = value,
                "by" => view.by = value,
                _ => {
                    return Err(PlanError::unknown(
                        "report",
                        key,
                        &["by", "measure", "x", "y"],
                    ));
                }
            }
        }
        if let (Some(x), true) = (&view.x, view.x == view.y) {
            let why = format!("is `{x}` as x= is; name another key, or leave it out");
            return Err(PlanError::new("y", why));
        }
        Ok(view)
    }
}

/// Rebuilds the page and the figures of a sweep from its parts, and gives the page's path.
///
/// # Errors
/// A directory that holds no sweep, is in use or damaged; an axis or a measure that it has not.
pub fn rebuild(dir: &Utf8Path, view: &SweepView) -> Result<Utf8PathBuf, Error> {
    let held = SweepDir::open(dir)?;
    write(&held, view)
}

/// Writes page and figures of a sweep that is held.
pub(crate) fn write(dir: &SweepDir, view: &SweepView) -> Result<Utf8PathBuf, Error> {
    let page = build(dir.reader(), view)?;
    dir.write("report.html", &sweep_page(&page))?;
    for (name, svg) in sweep_figures(&page) {
        dir.write(&format!("figures/{name}"), &svg)?;
    }
    Ok(dir.reader().path().join("report.html"))
}

/// Everything that the page of a sweep shows.
///
/// # Errors
/// Those of [`rebuild`].
pub fn build(reader: &SweepReader, view: &SweepView) -> Result<SweepPage, Error> {
    let stored = reader.plan()?;
    let axes = axes(&stored)?;
    let mut shown = Shown::new(axes, view)?;
    let parts = reader.parts()?;
    let always = [
        "kind",
        "reason",
        "epoch",
        "epochs",
        "seconds",
        "plan",
        "plan_hash",
        "seed",
        "test_99",
        GENERALISED,
    ];
    let mut columns: Vec<String> = always.map(str::to_owned).to_vec();
    columns.extend(shown.axes.iter().map(|a| a.name.clone()));
    columns.extend(shown.measures.iter().map(|m| m.column.clone()));
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut tally = Tally::default();
    if let (Some(first), Some(name)) = (parts.first(), &view.measure) {
        let table = reader.runs(first, None)?;
        let known: Vec<&str> = table.columns().map(|c| c.0).collect();
        let column = measure(name).column;
        if !known.contains(&column.as_str()) {
            return Err(PlanError::unknown("measure", name, &known).into());
        }
    }
    for part in &parts {
        let table = reader.runs(part, Some(&columns))?;
        shown.read(&table, &mut tally);
    }
    let curves = shown.curves(reader, &parts)?;
    let wanted = wanted(&stored)?;
    Ok(shown.page(&stored, wanted, tally, curves))
}

fn wanted(stored: &SweepPlan) -> Result<u64, Error> {
    Ok(match stored.asked.as_slice() {
        [one] => Grid::of(one)?.runs(),
        _ => super::wishes(stored)?.0.len() as u64,
    })
}

/// What became of the runs, while they are counted.
#[derive(Default)]
struct Tally {
    finished: u64,
    failed: u64,
    generalised: u64,
    stopped: BTreeMap<String, usize>,
    seconds: f64,
    epochs: u64,
    planned: u64,
    seen: BTreeSet<(u64, u64)>,
}

/// What is shown, being filled.
struct Shown {
    axes: Vec<SweepAxis>,
    measures: Vec<Shows>,
    /// Axes from left to right and from below to above, with the measures drawn over them.
    drawn: Vec<(usize, Option<usize>, Vec<usize>)>,
    by: Option<usize>,
    cells: Vec<BTreeMap<(usize, usize), Cell>>,
    times: BTreeMap<usize, Vec<Observed>>,
}

impl Shown {
    fn new(axes: Vec<SweepAxis>, view: &SweepView) -> Result<Self, Error> {
        let find = |what: &str, name: &Option<String>| -> Result<Option<usize>, PlanError> {
            let Some(name) = name else { return Ok(None) };
            let names: Vec<&str> = axes.iter().map(|a| a.name.as_str()).collect();
            let at = names.iter().position(|n| n == name);
            at.map(Some)
                .ok_or_else(|| PlanError::unknown(what, name, &names))
        };
        let (x, y) = (find("x", &view.x)?, find("y", &view.y)?);
        let by = find("by", &view.by)?;
        let measures: Vec<Shows> = match &view.measure {
            Some(name) => vec![measure(name)],
            None => KNOWN.iter().map(|k| measure(k.name)).collect(),
        };
        let all: Vec<usize> = (0..measures.len()).collect();
        // The widest axes first: a line of two points says little.
        let mut order: Vec<usize> = (0..axes.len()).collect();
        order.sort_by_key(|i| std::cmp::Reverse(axes[*i].values.len().min(3)));
        let left = x.or_else(|| order.iter().copied().find(|i| Some(*i) != y));
        let up = y.or_else(|| order.iter().copied().find(|i| Some(*i) != left));
        let mut drawn = Vec::new();
        if let Some(left) = left {
            drawn.push((left, up, all));
            if view.x.is_none() && view.y.is_none() {
                for (a, i) in order.iter().enumerate() {
                    for j in order.iter().skip(a + 1).take(2) {
                        if (*i, Some(*j)) != (left, up) && drawn.len() < 4 {
                            drawn.push((*i, Some(*j), vec![0]));
                        }
                    }
                }
            }
        }
        let group = by.or_else(|| {
            let fits = |i: &usize| axes[*i].values.len() <= GROUPS;
            let named = |i: &usize| axes[*i].spread == SweepSpread::Category;
            let all = || 0..axes.len();
            all().filter(fits).find(named).or_else(|| all().find(fits))
        });
        Ok(Self {
            cells: drawn.iter().map(|_| BTreeMap::new()).collect(),
            by: group,
            times: BTreeMap::new(),
            axes,
            measures,
            drawn,
        })
    }

    /// The place of every row on an axis.
    fn places(&self, axis: usize, table: &Table) -> Vec<Option<usize>> {
        let axis = &self.axes[axis];
        let numbers = table.reals(&axis.name);
        let texts = table.texts(&axis.name);
        let plans = table.texts("plan");
        let default = KEYS.iter().find(|k| k.name == axis.name);
        let values = || axis.values.iter().enumerate();
        let of_text: BTreeMap<&str, usize> = values().map(|(i, v)| (v.text.as_str(), i)).collect();
        let of_number: BTreeMap<u64, usize> = values()
            .filter_map(|(i, v)| Some((v.number?.to_bits(), i)))
            .collect();
        let by_number = |x: f64| of_number.get(&x.to_bits()).copied();
        let by_text = |text: &str| {
            let known = of_text.get(text).copied();
            known.or_else(|| text.parse().ok().and_then(by_number))
        };
        let row = |i: usize| {
            if let Some(Some(x)) = numbers.get(i) {
                return by_number(*x);
            }
            if let Some(Some(text)) = texts.get(i) {
                return by_text(text);
            }
            // Runs of an earlier plan of the directory do not have the column.
            let plan = plans.get(i)?.as_deref()?;
            let prefix = format!("{}=", axis.name);
            let words = plan_words(plan);
            let own = words.iter().find_map(|w| w.strip_prefix(&prefix));
            by_text(own.unwrap_or(default.map_or("", |k| k.default)))
        };
        (0..table.rows()).map(row).collect()
    }

    fn read(&mut self, table: &Table, tally: &mut Tally) {
        let text = |name: &str, i: usize| table.texts(name).get(i).and_then(|t| t.as_deref());
        let whole = |name: &str, i: usize| table.integers(name).get(i).copied().flatten();
        let crossed = |i: usize| generalised(table).get(i).copied().flatten();
        let seconds = table.reals("seconds");
        let planned = table.reals("epochs");
        let default: f64 = KEYS
            .iter()
            .find(|k| k.name == "epochs")
            .and_then(|k| k.default.parse().ok())
            .unwrap_or(0.0);
        let mut fresh = vec![false; table.rows()];
        for (i, key) in super::keys(table).enumerate() {
            if !tally.seen.insert((key.plan, key.seed)) {
                continue;
            }
            fresh[i] = true;
            let kind = text("kind", i).unwrap_or_default();
            tally.seconds += seconds.get(i).copied().flatten().unwrap_or(0.0);
            if kind == "failed" {
                fresh[i] = false;
                tally.failed += 1;
                continue;
            }
            tally.finished += 1;
            tally.epochs += whole("epoch", i).unwrap_or(0) as u64;
            tally.planned += planned.get(i).copied().flatten().unwrap_or(default) as u64;
            tally.generalised += u64::from(crossed(i).is_some());
            if kind == "stopped" || kind == "diverged" {
                let reason = text("reason", i).unwrap_or_default();
                let word = reason.split(':').next().unwrap_or_default();
                let word = if kind == "diverged" { "diverged" } else { word };
                *tally.stopped.entry(word.to_owned()).or_default() += 1;
            }
        }
        self.fill(table, &fresh);
        if let Some(by) = self.by {
            let places = self.places(by, table);
            for (i, place) in places.iter().enumerate().filter(|(i, _)| fresh[*i]) {
                let (Some(place), Some(last)) = (place, whole("epoch", i)) else {
                    continue;
                };
                let crossed = crossed(i).map(|e| e as u64);
                let observed = Observed::by(crossed, last as u64);
                self.times.entry(*place).or_default().push(observed);
            }
        }
    }

    fn fill(&mut self, table: &Table, fresh: &[bool]) {
        let columns: Vec<Vec<Option<f64>>> = self
            .measures
            .iter()
            .map(|m| match m.column.as_str() {
                GENERALISED if table.integers(GENERALISED).is_empty() => table.reals("test_99"),
                column => table.reals(column),
            })
            .collect();
        let places: Vec<Vec<Option<usize>>> = (0..self.axes.len())
            .map(|axis| self.places(axis, table))
            .collect();
        for ((x, y, _), cells) in self.drawn.iter().zip(&mut self.cells) {
            for i in (0..table.rows()).filter(|i| fresh[*i]) {
                let (Some(px), Some(py)) = (places[*x][i], y.map_or(Some(0), |y| places[y][i]))
                else {
                    continue;
                };
                let cell = cells.entry((px, py)).or_default();
                cell.runs += 1;
                cell.values.resize(columns.len(), vec![]);
                for (values, column) in cell.values.iter_mut().zip(&columns) {
                    values.extend(column.get(i).copied().flatten());
                }
            }
        }
    }

    /// Curves of the runs of each group, read until there are enough.
    fn curves(
        &self,
        reader: &SweepReader,
        parts: &[dunwu_store::Part],
    ) -> Result<Vec<CurveSet>, Error> {
        let Some(by) = self.by else {
            return Ok(vec![]);
        };
        let mut groups: BTreeMap<usize, Lines> = BTreeMap::new();
        for part in parts {
            let full = |place: usize| groups.get(&place).is_some_and(|g| g.runs >= CURVES);
            let wanted = ["plan_hash", "seed", "plan", self.axes[by].name.as_str()];
            let table = reader.runs(part, Some(&wanted))?;
            let places = self.places(by, &table);
            if places.iter().flatten().all(|p| full(*p)) {
                continue;
            }
            let of: BTreeMap<(u64, u64), usize> = super::keys(&table)
                .zip(places)
                .filter_map(|(key, place)| Some(((key.plan, key.seed), place?)))
                .collect();
            let columns = ["plan_hash", "seed", "epoch", "train_acc", "test_acc"];
            if let Some(curves) = reader.curves(part, Some(&columns))? {
                take(&curves, &of, &mut groups);
            }
        }
        let last = groups.values().map(|g| g.last).max().unwrap_or(1);
        let set = groups.into_iter().map(|(place, lines)| GroupCurve {
            name: self.axes[by].values[place].text.clone(),
            runs: lines.runs,
            train: lines.band(last, |l| &l.1),
            test: lines.band(last, |l| &l.2),
        });
        let groups: Vec<GroupCurve> = set.collect();
        if groups.is_empty() {
            return Ok(vec![]);
        }
        Ok(vec![CurveSet {
            by: self.axes[by].label.clone(),
            groups,
        }])
    }

    fn survival(&self) -> Vec<SurvivalSet> {
        let Some(by) = self.by else { return vec![] };
        let axis = &self.axes[by];
        let group = |(place, runs): (&usize, &Vec<Observed>)| {
            let found = kaplan_meier(runs);
            let step = |s: &dunwu_analysis::survival::KaplanMeierStep| SurvivalStep {
                epoch: s.time,
                share: s.survival,
                low: s.low,
                high: s.high,
            };
            let censored = runs.iter().filter(|r| !r.event).map(|r| r.time);
            let mut censored: Vec<u64> = censored.collect();
            censored.sort_unstable();
            SurvivalGroup {
                name: axis.values[*place].text.clone(),
                runs: runs.len(),
                events: runs.iter().filter(|r| r.event).count(),
                steps: found
                    .steps
                    .iter()
                    .filter(|s| s.events > 0)
                    .map(step)
                    .collect(),
                censored,
                at_risk: found.steps.iter().map(|s| (s.time, s.at_risk)).collect(),
            }
        };
        let groups: Vec<SurvivalGroup> = self.times.iter().map(group).collect();
        let all: Vec<Vec<Observed>> = self.times.values().cloned().collect();
        let note = if all.len() > 1 && all.iter().flatten().any(|o| o.event) {
            let test = log_rank(&all);
            format!(
                "Log-rank test that all groups are alike: χ² = {:.1} with {} degrees of freedom, p = {:.2e}.",
                test.statistic, test.degrees, test.p
            )
        } else {
            String::new()
        };
        if groups.is_empty() {
            return vec![];
        }
        vec![SurvivalSet {
            by: axis.label.clone(),
            event: GENERALISED.to_owned(),
            note,
            groups,
        }]
    }

    fn page(
        self,
        stored: &SweepPlan,
        wanted: u64,
        tally: Tally,
        curves: Vec<CurveSet>,
    ) -> SweepPage {
        let survival = self.survival();
        let mut phases = Vec::new();
        for ((x, y, measures), cells) in self.drawn.iter().zip(&self.cells) {
            let pooled: Vec<&str> = (0..self.axes.len())
                .filter(|i| i != x && Some(*i) != *y)
                .map(|i| self.axes[i].label.as_str())
                .collect();
            let note = match pooled.as_slice() {
                [] => String::new(),
                some => format!("pooled over {}", some.join(", ")),
            };
            for m in measures {
                let cells: Vec<PhaseCell> = cells
                    .iter()
                    .map(|(at, cell)| phase_cell(*at, cell, *m, self.measures[*m].counts))
                    .collect();
                // A measure that no run has is not drawn.
                if cells.iter().any(|c| c.value.is_some() || c.low.is_some()) {
                    let note = note.clone();
                    phases.push(PhaseDiagram {
                        x: *x,
                        y: *y,
                        measure: *m,
                        note,
                        cells,
                    });
                }
            }
        }
        let plan = shared_words(stored);
        SweepPage {
            title: title(&self.axes, &plan),
            command: command(stored),
            counts: SweepCounts {
                wanted: wanted as usize,
                finished: tally.finished as usize,
                failed: tally.failed as usize,
                generalised: Some(tally.generalised as usize),
                stopped: tally.stopped.into_iter().collect(),
                seconds: tally.seconds,
                epochs: tally.epochs,
                epochs_planned: tally.planned,
            },
            plan,
            measures: self.measures.into_iter().map(|m| m.about).collect(),
            axes: self.axes,
            phases,
            curves,
            survival,
            provenance: vec![
                ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
                (
                    "commit".to_owned(),
                    option_env!("DUNWU_COMMIT").unwrap_or("unknown").to_owned(),
                ),
            ],
        }
    }
}
