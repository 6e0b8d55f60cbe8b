//! The search: batches of runs chosen by what the earlier ones came to.

use super::PREDICTIONS;
use super::asked::BoundarySpec;
use super::found::{Found, Setting, SizePrediction, Stops};
use crate::error::{Error, failed};
use crate::sweep::{
    Driver, RunKey, Shared, SweepOptions, SweepProgress, Watch, Wish, compact, executor, is_quiet,
    keys, plan_key, recorded, seconds, settled,
};
use dunwu_analysis::boundary::{
    Observation, Point, Reading, Scaling, Window, border, collapse, is_precise, laws, next, predict,
};
use dunwu_core::{RunPlan, RunSpec, Seed};
use dunwu_store::{SweepDir, Table};
use dunwu_task::Task;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What is kept of a run.
#[derive(Clone, Debug)]
struct Row {
    observation: Observation,
    kind: String,
    reason: String,
    seconds: f64,
}

/// The search for one border.
struct Search {
    plan: RunPlan,
    words: Vec<String>,
    rows: u64,
    order: usize,
    factor: f64,
    window: Window,
    batch: usize,
    most: usize,
    enough: f64,
    half_width: f64,
    held_back: bool,
    first_seed: u64,
    /// Runs that were chosen, in order, with their results.
    chosen: Vec<(RunKey, f64, Option<Row>)>,
    over: bool,
}

impl Search {
    fn new(spec: &BoundarySpec, point: usize) -> Result<Self, Error> {
        let words = spec.grid.words(point);
        let plan = spec.grid.plan_of(&words)?;
        let sources = crate::files::Sources::now(&plan);
        let task = Task::from_plan(&plan, &|path| sources.read(path))?;
        let factor = factor(&task);
        let rows = task.vocab().iter().map(|n| *n as u64).product();
        Ok(Self {
            window: spec.window_of(&plan, factor)?,
            held_back: spec.hold_back.contains(&plan.task),
            first_seed: plan.seed,
            order: task.classes(),
            batch: spec.batch,
            most: spec.runs,
            enough: spec.enough,
            half_width: spec.half_width,
            chosen: vec![],
            over: false,
            rows,
            factor,
            words,
            plan,
        })
    }

    fn observations(&self) -> Vec<Observation> {
        let rows = self.chosen.iter().filter_map(|(_, _, row)| row.as_ref());
        rows.map(|row| row.observation).collect()
    }

    /// Whether too much of the last batches is out to choose the next one.
    fn is_waiting(&self) -> bool {
        let out = self.chosen.iter().filter(|(_, _, row)| row.is_none());
        out.count() as f64 > (1.0 - self.enough) * self.batch as f64
    }

    /// The runs of the next batch; none if the border is known well enough or all runs are spent.
    fn choose(&mut self) -> Vec<Wish> {
        let seen = self.observations();
        let known = border(&seen, &self.window);
        let left = self.most.saturating_sub(self.chosen.len());
        if left == 0 || (known.bracketed && is_precise(&known, self.half_width)) {
            self.over = true;
            return vec![];
        }
        // Runs that all ended alike at an edge of the window: the border lies beyond it.
        if !known.bracketed && seen.len() >= 2 * self.batch && known.at_edge > 0.5 {
            let (low, high) = (
                self.window.low() * 0.5,
                (self.window.high() * 1.5).min(0.97),
            );
            if let Ok(wider) = Window::new(low, high) {
                self.window = wider;
            }
        }
        let number = self.chosen.len() as u64;
        let shares = next(
            &seen,
            &self.window,
            self.rows,
            self.batch.min(left),
            Seed(number),
        );
        let wish = |(i, share): (usize, f64)| self.wish(share, self.first_seed + number + i as u64);
        let wishes: Vec<Wish> = shares.iter().copied().enumerate().map(wish).collect();
        for (wish, share) in wishes.iter().zip(shares) {
            self.chosen.push((wish.key, share, None));
        }
        wishes
    }

    fn wish(&self, share: f64, seed: u64) -> Wish {
        let size = (share * self.rows as f64).round() as u64;
        let mut words = self.words.clone();
        words.push(format!("train_size={size}"));
        let plan = RunSpec::from_overrides(&words)
            .and_then(|spec| spec.resolve())
            .expect("a plan with another number of rows is a plan");
        Wish {
            key: RunKey {
                plan: plan_key(&plan),
                seed,
            },
            cost: seconds(&plan),
            words,
        }
    }

    /// Takes results; whether any was its own.
    fn take(&mut self, known: &BTreeMap<RunKey, Row>) {
        for (key, _, row) in &mut self.chosen {
            if row.is_none() {
                *row = known.get(key).cloned();
            }
        }
    }

    fn setting(&self) -> Setting {
        let observations = self.observations();
        let rows: Vec<&Row> = self.chosen.iter().filter_map(|c| c.2.as_ref()).collect();
        let found = (!observations.is_empty()).then(|| border(&observations, &self.window));
        let budget = self.plan.epochs;
        let shorter = |part: u64| {
            let cut = budget / part;
            let short = |o: &Observation| Observation {
                generalised: o.generalised && o.epochs <= cut,
                epochs: o.epochs.min(cut),
                ..*o
            };
            let runs: Vec<Observation> = observations.iter().map(short).collect();
            (cut, border(&runs, &self.window))
        };
        let order = self.order as f64;
        Setting {
            task: self.plan.task.clone(),
            words: self.words.clone(),
            order: self.order,
            factor: self.factor,
            rows: self.rows,
            budget,
            multiplier: found.map(|b| b.at * order / libm::log(order) / self.factor),
            shorter_budgets: if observations.is_empty() {
                vec![]
            } else {
                [2, 4].map(shorter).to_vec()
            },
            precise: found.is_some_and(|b| b.bracketed && is_precise(&b, self.half_width)),
            held_back: self.held_back,
            stops: stops(&rows),
            window: (self.window.low(), self.window.high()),
            epochs: observations.iter().map(|o| o.epochs).sum(),
            grid_epochs: 400 * budget,
            run_seconds: rows.iter().map(|r| r.seconds).sum(),
            border: found,
            observations,
        }
    }
}

/// Half of the largest dimension of an irreducible representation, at least 1; 1 where there is no group.
fn factor(task: &Task) -> f64 {
    let Some(group) = task.group() else {
        return 1.0;
    };
    let largest = dunwu_task::irreps(group)
        .ok()
        .and_then(|all| all.iter().map(|i| i.dim).max());
    (largest.unwrap_or(1) as f64 / 2.0).max(1.0)
}

fn stops(rows: &[&Row]) -> Stops {
    let mut stops = Stops::default();
    for row in rows {
        let word = match row.kind.as_str() {
            "diverged" => {
                stops.diverged += 1;
                "diverged"
            }
            "stopped" if row.observation.generalised => {
                stops.generalised += 1;
                "generalised"
            }
            "stopped" => {
                stops.settled += 1;
                "settled"
            }
            _ => {
                stops.completed += 1;
                "completed"
            }
        };
        stops
            .reasons
            .entry(word.to_owned())
            .or_insert_with(|| row.reason.clone());
    }
    stops
}

/// The results that a table holds.
fn rows_of(table: &Table, threshold: f64) -> Result<Vec<(RunKey, Row)>, Error> {
    let best = table.reals("max_test_acc");
    let (share, seconds) = (table.reals("share"), table.reals("seconds"));
    let text = |name: &str, i: usize| {
        let value = table.texts(name).get(i).cloned().flatten();
        value.unwrap_or_default()
    };
    let mut out = Vec::new();
    for (i, key) in keys(table).enumerate() {
        let kind = text("kind", i);
        if kind == "failed" {
            let why = text("reason", i);
            return Err(failed(format!("a run failed: {why} ({})", text("plan", i))));
        }
        let number = |column: &[Option<f64>]| column.get(i).copied().flatten();
        let epoch = table.integers("epoch").get(i).copied().flatten();
        let crossed = if threshold == 0.5 {
            table.integers("test_50").get(i).copied().flatten()
        } else {
            None
        };
        let observation = Observation {
            share: number(&share).unwrap_or(0.0),
            seed: key.seed,
            generalised: number(&best).is_some_and(|b| b >= threshold),
            epochs: crossed.or(epoch).unwrap_or(0) as u64,
        };
        let row = Row {
            observation,
            reason: text("reason", i),
            seconds: number(&seconds).unwrap_or(0.0),
            kind,
        };
        out.push((key, row));
    }
    Ok(out)
}

/// Every search that is asked for.
fn searches(specs: &[BoundarySpec]) -> Result<Vec<Search>, Error> {
    let mut all: Vec<Search> = Vec::new();
    for spec in specs {
        for point in 0..spec.grid.points() {
            let search = Search::new(spec, point)?;
            // What was asked for earlier and is asked for again is one search, as it was asked for last.
            match all.iter_mut().find(|s| s.words == search.words) {
                Some(same) => *same = search,
                None => all.push(search),
            }
        }
    }
    Ok(all)
}

/// Every run that a directory holds.
fn known(dir: &SweepDir, searches: &[Search]) -> Result<BTreeMap<RunKey, Row>, Error> {
    let mut known = BTreeMap::new();
    for part in dir.reader().parts()? {
        let table = dir.reader().runs(&part, None)?;
        known.extend(rows_of(&table, threshold(searches))?);
    }
    Ok(known)
}

/// Accuracy from which a run has generalised.
fn threshold(searches: &[Search]) -> f64 {
    searches.first().map_or(0.5, |s| s.plan.stop_accuracy)
}

/// What the runs of a directory say, without any new ones.
pub(super) fn again(dir: &SweepDir, specs: &[BoundarySpec]) -> Result<Found, Error> {
    let mut all = searches(specs)?;
    let known = known(dir, &all)?;
    for search in &mut all {
        while !search.over && !search.is_waiting() {
            search.choose();
            search.take(&known);
        }
    }
    let interrupted = all.iter().any(|s| !s.over);
    let (late, early): (Vec<Search>, Vec<Search>) = all.into_iter().partition(|s| s.held_back);
    let mut found = Found {
        dir: dir.reader().path().to_string(),
        predictions: predictions(&early, &late, specs)?,
        interrupted,
        ..Found::default()
    };
    let settings = early.iter().chain(&late).map(Search::setting).collect();
    conclude(&mut found, settings);
    Ok(found)
}

/// Looks for every border, those that are held back after the others' law has been written down.
pub(super) fn find(
    dir: &SweepDir,
    specs: &[BoundarySpec],
    options: &SweepOptions,
    watch: &Watch<'_>,
) -> Result<Found, Error> {
    let searches = searches(specs)?;
    let options = &settled(dir, options)?;
    let done = recorded(dir, watch)?;
    let mut known = known(dir, &searches)?;
    let shared = Arc::new(Shared {
        curve_points: options.curve_points,
        ..Shared::default()
    });
    // Batches are small and chosen one by one: a chunk is a run.
    let executor = executor(dir, options, &shared)?;
    let mut driver = Driver::new(dir, executor, 1e-9, done.parts);
    let handed = driver.adopt(&done.keys);
    let mut open = Round {
        handed,
        watch,
        shared: &shared,
        known: &mut known,
    };
    let (mut late, mut early): (Vec<Search>, Vec<Search>) =
        searches.into_iter().partition(|s| s.held_back);
    let mut interrupted = open.work(&mut driver, &mut early)?;
    let predictions = predictions(&early, &late, specs)?;
    if !interrupted && !late.is_empty() {
        keep_predictions(dir, &predictions)?;
        interrupted = open.work(&mut driver, &mut late)?;
    }
    let detached = interrupted && driver.is_detached();
    driver.stop()?;
    driver.notices().into_iter().for_each(|n| watch.notice(n));
    drop(driver);
    if is_quiet(dir)? {
        compact(dir)?;
    }
    let settings: Vec<Setting> = early.iter().chain(&late).map(Search::setting).collect();
    let mut found = Found {
        dir: dir.reader().path().to_string(),
        predictions,
        interrupted,
        detached,
        ..Found::default()
    };
    conclude(&mut found, settings);
    Ok(found)
}

/// What a round of searches works with.
struct Round<'a> {
    /// Runs that were handed out, in this sitting or before.
    handed: BTreeSet<RunKey>,
    watch: &'a Watch<'a>,
    shared: &'a Arc<Shared>,
    known: &'a mut BTreeMap<RunKey, Row>,
}

impl Round<'_> {
    /// Searches until every border is known; whether it was stopped before.
    fn work(&mut self, driver: &mut Driver<'_>, searches: &mut [Search]) -> Result<bool, Error> {
        loop {
            let mut wishes = Vec::new();
            for search in searches.iter_mut() {
                search.take(self.known);
                while !search.over && !search.is_waiting() {
                    let chosen = search.choose();
                    search.take(self.known);
                    let new =
                        |w: &Wish| !self.known.contains_key(&w.key) && self.handed.insert(w.key);
                    wishes.extend(chosen.into_iter().filter(new));
                }
            }
            if !wishes.is_empty() {
                driver.submit(&wishes)?;
            }
            if driver.is_idle() {
                return Ok(false);
            }
            if self.watch.cancelled() || driver.is_detached() {
                return Ok(true);
            }
            driver.wait();
            for table in driver.poll()? {
                self.known.extend(rows_of(&table, threshold(searches))?);
            }
            driver
                .notices()
                .into_iter()
                .for_each(|n| self.watch.notice(n));
            self.tell(searches);
        }
    }

    fn tell(&self, searches: &[Search]) {
        let chosen: usize = searches.iter().map(|s| s.chosen.len()).sum();
        let runs: usize = searches.iter().map(|s| s.observations().len()).sum();
        let most: usize = searches.iter().map(|s| s.most).sum();
        let spent: usize = searches
            .iter()
            .map(|s| {
                if s.over {
                    s.most
                } else {
                    s.observations().len()
                }
            })
            .sum();
        self.watch.tell(&SweepProgress {
            wanted: chosen as u64,
            finished: runs as u64,
            epochs: self.shared.epochs.load(Ordering::Relaxed),
            share: spent as f64 / most.max(1) as f64,
            notice: None,
        });
    }
}

/// Borders as points of a law.
fn point(setting: &Setting) -> Option<Point> {
    let border = setting.border.filter(|b| b.bracketed)?;
    Some(Point {
        size: setting.order as f64,
        factor: setting.factor,
        border: border.at,
        low: border.low,
        high: border.high,
    })
}

fn points<'a>(settings: impl Iterator<Item = &'a Setting>) -> Vec<Point> {
    settings.filter_map(point).collect()
}

/// Sizes that differ, of settings that share everything else.
fn sizes(points: &[Point]) -> usize {
    let all: BTreeSet<u64> = points.iter().map(|p| p.size.to_bits()).collect();
    all.len()
}

fn predictions(
    early: &[Search],
    late: &[Search],
    specs: &[BoundarySpec],
) -> Result<Vec<SizePrediction>, Error> {
    let settings: Vec<Setting> = early.iter().map(Search::setting).collect();
    let known = points(settings.iter());
    let asked: Vec<&String> = specs.iter().flat_map(|s| &s.predict).collect();
    if sizes(&known) < 2 || (late.is_empty() && asked.is_empty()) {
        return Ok(vec![]);
    }
    let fits = laws(&known, &[]).map_err(|e| failed(e.to_string()))?;
    let mut out: Vec<SizePrediction> = late
        .iter()
        .map(|s| one(&fits, &s.plan.task, s.order, s.factor))
        .collect();
    for text in asked {
        let words = [format!("task={text}")];
        let plan = RunSpec::from_overrides(&words)?.resolve()?;
        let sources = crate::files::Sources::now(&plan);
        let task = Task::from_plan(&plan, &|path| sources.read(path))?;
        out.push(one(&fits, text, task.classes(), factor(&task)));
    }
    Ok(out)
}

fn one(
    fits: &[dunwu_analysis::boundary::LawFit],
    task: &str,
    order: usize,
    factor: f64,
) -> SizePrediction {
    SizePrediction {
        task: task.to_owned(),
        order,
        predicted: predict(fits, order as f64, factor),
        measured: None,
        miss: None,
        overlaps: None,
    }
}

/// Writes predictions down before what they speak of is trained; what stands there already stays.
fn keep_predictions(dir: &SweepDir, predictions: &[SizePrediction]) -> Result<(), Error> {
    let there = dunwu_store::read_record(dir.reader().path(), PREDICTIONS)?;
    let known = there.as_ref().and_then(|r| r["predictions"].as_array());
    let stands = |p: &SizePrediction| {
        known.is_some_and(|all| all.iter().any(|k| k["task"] == p.task.as_str()))
    };
    if predictions.iter().all(stands) {
        return Ok(());
    }
    let record = serde_json::json!({ "predictions": predictions });
    Ok(dir.write_record(PREDICTIONS, &record)?)
}

/// Laws, misses and scaling from the borders.
fn conclude(found: &mut Found, settings: Vec<Setting>) {
    for prediction in &mut found.predictions {
        let of = |s: &&Setting| s.task == prediction.task && s.held_back;
        let measured = settings.iter().find(of).and_then(|s| s.border);
        if let Some(border) = measured.filter(|b| b.bracketed) {
            prediction.miss = Some(border.at - prediction.predicted.at);
            let apart =
                border.low > prediction.predicted.high || border.high < prediction.predicted.low;
            prediction.overlaps = Some(!apart);
            prediction.measured = Some(border);
        }
    }
    let early = points(settings.iter().filter(|s| !s.held_back));
    let late = points(settings.iter().filter(|s| s.held_back));
    if sizes(&early) < 3 {
        let why = "a law needs borders of three sizes or more that are not held back";
        found.no_laws = Some(why.to_owned());
    } else {
        match laws(&early, &late) {
            Ok(fits) => found.laws = fits,
            Err(why) => found.no_laws = Some(why.to_string()),
        }
    }
    let all: Vec<Point> = early.iter().chain(&late).copied().collect();
    if sizes(&all) >= 2 {
        let readings = readings(&settings);
        found.collapse = [Scaling::Difference, Scaling::Ratio]
            .into_iter()
            .filter_map(|s| collapse(&readings, &all, s, Seed(0)).ok())
            .collect();
    }
    found.settings = settings;
}

/// Share of runs that generalised, by size and fraction.
fn readings(settings: &[Setting]) -> Vec<Reading> {
    let mut cells: BTreeMap<(u64, u64), (f64, f64)> = BTreeMap::new();
    for setting in settings.iter().filter(|s| point(s).is_some()) {
        for o in &setting.observations {
            let at = ((setting.order as f64).to_bits(), o.share.to_bits());
            let cell = cells.entry(at).or_default();
            cell.0 += f64::from(u8::from(o.generalised));
            cell.1 += 1.0;
        }
    }
    let reading = |((size, share), (yes, all)): ((u64, u64), (f64, f64))| Reading {
        size: f64::from_bits(size),
        share: f64::from_bits(share),
        value: yes / all,
    };
    cells.into_iter().map(reading).collect()
}
