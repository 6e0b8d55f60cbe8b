//! From the parts of a sweep to its page: one pass over the runs, then one over the curves that are drawn.

use super::grid::{Grid, is_numeric};
use crate::error::Error;
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_analysis::survival::{Observed, kaplan_meier, log_rank};
use dunwu_core::{KEYS, PlanError, shell_word};
use dunwu_report::{
    AxisValue, CurveBand, CurveSet, GroupCurve, Measure, PhaseCell, PhaseDiagram, SurvivalGroup,
    SurvivalSet, SurvivalStep, SweepAxis, SweepCounts, SweepPage, SweepSpread, sweep_figures,
    sweep_page,
};
use dunwu_store::{SweepDir, SweepPlan, SweepReader, Table};
use std::collections::{BTreeMap, BTreeSet};

/// Groups that are drawn, and runs of each whose curves are read: more would not be told apart.
const GROUPS: usize = 24;
const CURVES: usize = 100;
/// Places along the epochs of a curve.
const PLACES: usize = 120;

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
        Ok(view)
    }
}

/// A measure that pages know, and the column it is read from.
struct Known {
    name: &'static str,
    column: &'static str,
    label: &'static str,
    share: bool,
    spread: SweepSpread,
    help: &'static str,
}

/// The measure that counts runs.
const GENERALISED: &str = "generalised";

/// Measures with words of their own, the most telling first.
const KNOWN: [Known; 6] = [
    Known {
        name: GENERALISED,
        column: "test_99",
        label: "share of runs that generalised",
        share: true,
        spread: SweepSpread::Linear,
        help: "Runs whose held-out accuracy reached 99 % within their epochs, of all runs there.",
    },
    Known {
        name: "test_99",
        column: "test_99",
        label: "epochs until 99 % of held-out rows are right",
        share: false,
        spread: SweepSpread::Log,
        help: "The median over seeds; runs that never got there count as later than all that did.",
    },
    Known {
        name: "max_test_acc",
        column: "max_test_acc",
        label: "highest held-out accuracy",
        share: true,
        spread: SweepSpread::Linear,
        help: "How much of the rule was found at best: the median over seeds.",
    },
    Known {
        name: "test_50",
        column: "test_50",
        label: "epochs until half of the held-out rows are right",
        share: false,
        spread: SweepSpread::Log,
        help: "The median over seeds; runs that never got there count as later than all that did.",
    },
    Known {
        name: "train_99",
        column: "train_99",
        label: "epochs until the training rows are memorised",
        share: false,
        spread: SweepSpread::Log,
        help: "When 99 % of the training rows were right: the median over seeds.",
    },
    Known {
        name: "train_acc",
        column: "train_acc",
        label: "accuracy on the training rows at the end",
        share: true,
        spread: SweepSpread::Linear,
        help: "Where this is low, the network did not even memorise.",
    },
];

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
    ];
    let mut columns: Vec<String> = always.map(str::to_owned).to_vec();
    columns.extend(shown.axes.iter().map(|a| a.name.clone()));
    columns.extend(shown.measures.iter().map(|m| m.column.clone()));
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut tally = Tally::default();
    for part in &parts {
        let table = reader.runs(part, Some(&columns))?;
        shown.read(&table, &mut tally);
    }
    let curves = shown.curves(reader, &parts, &tally)?;
    let wanted = wanted(&stored)?;
    Ok(shown.page(&stored, wanted, tally, curves))
}

fn wanted(stored: &SweepPlan) -> Result<u64, Error> {
    Ok(match stored.asked.as_slice() {
        [one] => Grid::of(one)?.runs(),
        _ => super::wishes(stored)?.len() as u64,
    })
}

/// The keys that were varied, with all their values.
fn axes(stored: &SweepPlan) -> Result<Vec<SweepAxis>, Error> {
    let grids: Vec<Grid> = stored
        .asked
        .iter()
        .map(Grid::of)
        .collect::<Result<_, _>>()?;
    let mut keys: Vec<String> = Vec::new();
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for grid in &grids {
        for axis in grid.axes() {
            for (i, key) in axis.keys.iter().enumerate() {
                if !keys.contains(key) {
                    keys.push(key.clone());
                }
                let values = all.entry(key.clone()).or_default();
                values.extend(axis.places.iter().map(|place| place[i].clone()));
            }
        }
        for word in grid.shared() {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            all.entry(key.to_owned())
                .or_default()
                .push(value.to_owned());
        }
    }
    // A key that two plans of one directory give different values is an axis too.
    for (key, values) in &all {
        let distinct: BTreeSet<&String> = values.iter().collect();
        if distinct.len() > 1 && !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    let made = keys.iter().map(|key| axis(key, &all[key]));
    Ok(made.collect())
}

fn axis(key: &str, values: &[String]) -> SweepAxis {
    let mut places: Vec<AxisValue> = Vec::new();
    for text in values {
        let number = text.parse::<f64>().ok().filter(|_| is_numeric(key));
        let known = |v: &AxisValue| v.text == *text || (number.is_some() && v.number == number);
        if !places.iter().any(known) {
            let text = text.clone();
            places.push(AxisValue { text, number });
        }
    }
    let numbers: Option<Vec<f64>> = places.iter().map(|p| p.number).collect();
    let spread = match numbers {
        None => SweepSpread::Category,
        Some(numbers) => {
            let by = |a: &AxisValue, b: &AxisValue| a.number.partial_cmp(&b.number);
            places.sort_by(|a, b| by(a, b).unwrap_or(std::cmp::Ordering::Equal));
            let (least, most) = numbers
                .iter()
                .fold((f64::INFINITY, 0.0f64), |(l, m), x| (l.min(*x), m.max(*x)));
            if least > 0.0 && most / least >= 20.0 {
                SweepSpread::Log
            } else {
                SweepSpread::Linear
            }
        }
    };
    SweepAxis {
        name: key.to_owned(),
        label: key.replace('_', " "),
        spread,
        values: places,
    }
}

/// A measure with the column it is read from.
struct Shows {
    about: Measure,
    column: String,
    /// Whether it is the share of runs that have a value.
    counts: bool,
}

/// Which column a measure is read from.
fn measure(name: &str) -> Shows {
    let known = KNOWN.iter().find(|k| k.name == name);
    let about = known.map_or_else(
        || Measure {
            name: name.to_owned(),
            label: name.replace('_', " "),
            share: false,
            spread: SweepSpread::Linear,
            help: "The median over seeds of this column of the runs.".to_owned(),
        },
        |k| Measure {
            name: k.name.to_owned(),
            label: k.label.to_owned(),
            share: k.share,
            spread: k.spread,
            help: k.help.to_owned(),
        },
    );
    Shows {
        about,
        column: known.map_or(name, |k| k.column).to_owned(),
        counts: name == GENERALISED,
    }
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

/// The columns of one cell: values of each measure, and runs.
#[derive(Default)]
struct Cell {
    runs: usize,
    values: Vec<Vec<f64>>,
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
        let by_text = |text: &str| {
            let number: Option<f64> = text.parse().ok();
            axis.values
                .iter()
                .position(|v| v.text == text || (v.number.is_some() && v.number == number))
        };
        let by_number = |x: f64| axis.values.iter().position(|v| v.number == Some(x));
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
            let own = plan.split(' ').find_map(|w| w.strip_prefix(&prefix));
            by_text(own.unwrap_or(default.map_or("", |k| k.default)))
        };
        (0..table.rows()).map(row).collect()
    }

    fn read(&mut self, table: &Table, tally: &mut Tally) {
        let text = |name: &str, i: usize| table.texts(name).get(i).and_then(|t| t.as_deref());
        let whole = |name: &str, i: usize| table.integers(name).get(i).copied().flatten();
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
            tally.generalised += u64::from(whole("test_99", i).is_some());
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
                let crossed = whole("test_99", i).map(|e| e as u64);
                let observed = Observed::by(crossed, last as u64);
                self.times.entry(*place).or_default().push(observed);
            }
        }
    }

    fn fill(&mut self, table: &Table, fresh: &[bool]) {
        let columns: Vec<Vec<Option<f64>>> = self
            .measures
            .iter()
            .map(|m| table.reals(&m.column))
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
        tally: &Tally,
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
        let _ = tally;
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

fn phase_cell(at: (usize, usize), cell: &Cell, measure: usize, counts: bool) -> PhaseCell {
    let mut values = cell.values[measure].clone();
    values.sort_by(f64::total_cmp);
    let (runs, some) = (cell.runs, values.len());
    let mut out = PhaseCell {
        x: at.0,
        y: at.1,
        runs,
        value: None,
        low: None,
        high: None,
        censored: runs - some,
    };
    if counts {
        let (low, high) = wilson(some, runs);
        out.value = Some(some as f64 / runs.max(1) as f64);
        (out.low, out.high) = (Some(low), Some(high));
        out.censored = 0;
        return out;
    }
    // A run that never got there is later than all that did.
    let at = |share: f64| {
        let place = (share * (runs.max(1) - 1) as f64).round() as usize;
        values.get(place).copied().filter(|v| v.is_finite())
    };
    (out.low, out.value, out.high) = (at(0.25), at(0.5), at(0.75));
    out
}

/// Wilson's 95 % interval of a share.
fn wilson(some: usize, of: usize) -> (f64, f64) {
    if of == 0 {
        return (0.0, 1.0);
    }
    const Z: f64 = 1.959_963_984_540_054;
    let (n, p) = (of as f64, some as f64 / of as f64);
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((middle - half).clamp(0.0, p), (middle + half).clamp(p, 1.0))
}

/// Curves of one group: epochs, train and held-out accuracy of each run.
#[derive(Default)]
struct Lines {
    runs: usize,
    last: i64,
    lines: Vec<(Vec<i64>, Vec<f64>, Vec<f64>)>,
}

fn take(table: &Table, of: &BTreeMap<(u64, u64), usize>, groups: &mut BTreeMap<usize, Lines>) {
    use dunwu_store::Column;
    let (Some(Column::Integers(epochs)), Some(Column::Reals(train))) =
        (table.column("epoch"), table.column("train_acc"))
    else {
        return;
    };
    let test = match table.column("test_acc") {
        Some(Column::Reals(test)) => Some(test),
        _ => None,
    };
    for (i, key) in super::keys(table).enumerate() {
        let Some(place) = of.get(&(key.plan, key.seed)) else {
            continue;
        };
        let group = groups.entry(*place).or_default();
        if group.runs < CURVES {
            group.runs += 1;
            group.last = group.last.max(epochs[i].last().copied().unwrap_or(0));
            let held_out = test.map_or_else(Vec::new, |t| t[i].clone());
            group
                .lines
                .push((epochs[i].clone(), train[i].clone(), held_out));
        }
    }
}

impl Lines {
    /// Median and quartiles over the runs, at places evenly over the logarithm of the epoch.
    fn band(&self, last: i64, pick: fn(&(Vec<i64>, Vec<f64>, Vec<f64>)) -> &Vec<f64>) -> CurveBand {
        let mut band = CurveBand::default();
        let top = (last as f64 + 1.0).ln();
        let mut before = None;
        for place in 0..PLACES {
            let epoch = ((place as f64 / (PLACES - 1) as f64 * top).exp() - 1.0).round() as i64;
            if before == Some(epoch) {
                continue;
            }
            before = Some(epoch);
            let at = |line: &(Vec<i64>, Vec<f64>, Vec<f64>)| {
                // A run that has ended stays where it was.
                let i = line.0.partition_point(|e| *e <= epoch).checked_sub(1)?;
                pick(line).get(i).copied().filter(|v| v.is_finite())
            };
            let mut values: Vec<f64> = self.lines.iter().filter_map(at).collect();
            values.sort_by(f64::total_cmp);
            if values.is_empty() {
                continue;
            }
            let share = |q: f64| values[(q * (values.len() - 1) as f64).round() as usize];
            band.epochs.push(epoch as u64);
            band.low.push(share(0.25));
            band.median.push(share(0.5));
            band.high.push(share(0.75));
        }
        band
    }
}

/// What all runs share.
fn shared_words(stored: &SweepPlan) -> Vec<(String, String)> {
    let mut shared: Option<BTreeSet<String>> = None;
    for grid in stored.asked.iter().filter_map(|w| Grid::of(w).ok()) {
        let own: BTreeSet<String> = grid.shared().iter().cloned().collect();
        shared = Some(match shared {
            None => own,
            Some(all) => all.intersection(&own).cloned().collect(),
        });
    }
    let pair = |w: String| {
        let (key, value) = w.split_once('=').unwrap_or((&w, ""));
        (key.to_owned(), value.to_owned())
    };
    shared.unwrap_or_default().into_iter().map(pair).collect()
}

fn title(axes: &[SweepAxis], plan: &[(String, String)]) -> String {
    let task = plan.iter().find(|(key, _)| key == "task");
    let names: Vec<&str> = axes.iter().map(|a| a.label.as_str()).collect();
    let varied = if names.is_empty() {
        "seeds".to_owned()
    } else {
        names.join(" × ")
    };
    task.map_or_else(|| varied.clone(), |(_, t)| format!("{t}: {varied}"))
}

fn command(stored: &SweepPlan) -> String {
    let one = |wanted: &dunwu_store::Wanted| {
        let words = wanted.words.iter().map(|w| shell_word(w));
        let zip = wanted.zip.iter().map(|z| format!("--zip {}", z.join(",")));
        let all: Vec<String> = words.chain(zip).collect();
        format!("dunwu {} {}", stored.command, all.join(" "))
    };
    let all: Vec<String> = stored.asked.iter().map(one).collect();
    all.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_says_how_its_runs_are_spread() {
        let cell = Cell {
            runs: 5,
            values: vec![vec![30.0, 10.0, 20.0]],
        };
        let times = phase_cell((0, 0), &cell, 0, false);
        // Of five runs, two of which never got there, the third and the second are the median and the quartile.
        assert_eq!(
            (times.value, times.low, times.high),
            (Some(30.0), Some(20.0), None)
        );
        assert_eq!(times.censored, 2);
        let share = phase_cell((0, 0), &cell, 0, true);
        assert_eq!((share.value, share.censored), (Some(0.6), 0));
        let (low, high) = wilson(3, 5);
        // Values of R's binom::binom.wilson(3, 5).
        assert!(
            (low - 0.2307).abs() < 1e-4 && (high - 0.8824).abs() < 1e-4,
            "{low} {high}"
        );
    }

    #[test]
    fn axes_are_sorted_and_spread_by_their_values() {
        let texts = |v: &[&str]| v.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let lr = axis("lr", &texts(&["1e-2", "1e-4", "0.01", "1e-3"]));
        assert_eq!(lr.spread, SweepSpread::Log);
        let values: Vec<&str> = lr.values.iter().map(|v| v.text.as_str()).collect();
        assert_eq!(values, ["1e-4", "1e-3", "1e-2"]);
        assert_eq!(
            axis("task", &texts(&["Z7", "Z5"])).spread,
            SweepSpread::Category
        );
    }
}
