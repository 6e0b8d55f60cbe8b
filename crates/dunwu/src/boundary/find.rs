//! The search: batches of runs chosen by what the earlier ones came to.

use super::PREDICTIONS;
use super::asked::BoundarySpec;
use super::found::{Found, Setting, SizePrediction};
use super::search::{Row, Search, factor, rows_of};
use crate::error::{Error, failed};
use crate::sweep::{
    Driver, RunKey, Shared, SweepOptions, SweepProgress, Watch, check_files, compact, executor,
    files_of, is_quiet, recorded, settled, take_back,
};
use dunwu_analysis::boundary::{
    Form, Point, Prediction, Reading, Scaling, Voice, collapse, laws, predict,
};
use dunwu_core::{RunSpec, Seed};
use dunwu_store::SweepDir;
use dunwu_task::Task;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Every search that is asked for.
fn searches(specs: &[BoundarySpec]) -> Result<Vec<Search>, Error> {
    let mut all: Vec<Search> = Vec::new();
    for spec in specs {
        for point in 0..spec.grid.points() {
            let mut search = Search::new(spec, point)?;
            if specs.iter().any(|s| s.pool) {
                search.group.clear();
            }
            // What was asked for earlier and is asked for again is one search, as it was asked for last.
            match all.iter_mut().find(|s| s.setting == search.setting) {
                Some(same) => *same = search,
                None => all.push(search),
            }
        }
    }
    Ok(all)
}

/// Every run that a directory holds. One that failed is missing: what was wrong may be mended.
fn known(dir: &SweepDir) -> Result<BTreeMap<RunKey, Row>, Error> {
    let mut known = BTreeMap::new();
    for part in dir.reader().parts()? {
        known.extend(rows_of(&dir.reader().runs(&part, None)?).0);
    }
    Ok(known)
}

/// Whether what is asked can be looked for: every task is one, those that are to be predicted too.
pub(super) fn check(specs: &[BoundarySpec]) -> Result<(), Error> {
    searches(specs)?;
    for text in specs.iter().flat_map(|s| &s.predict) {
        predicted(text)?;
    }
    Ok(())
}

/// What the runs of a directory say, without any new ones.
pub(super) fn again(dir: &SweepDir, specs: &[BoundarySpec]) -> Result<Found, Error> {
    let mut all = searches(specs)?;
    let known = known(dir)?;
    for search in &mut all {
        search.take_up(&known);
        if !search.is_waiting() {
            search.choose();
        }
    }
    let interrupted = all.iter().any(|s| !s.over);
    let (late, early): (Vec<Search>, Vec<Search>) = all.into_iter().partition(|s| s.held_back);
    let mut found = Found {
        dir: dir.reader().path().to_string(),
        predictions: said(dir, predictions(&early, &late, specs)?, &late)?,
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
    let mut searches = searches(specs)?;
    let named = searches.iter().flat_map(|s| files_of(&s.plan)).collect();
    check_files(dir, &named)?;
    let options = &settled(dir, options)?;
    take_back(dir, options, watch)?;
    let done = recorded(dir, watch)?;
    let mut known = known(dir)?;
    searches.iter_mut().for_each(|s| s.take_up(&known));
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
    let predictions = said(dir, predictions(&early, &late, specs)?, &late)?;
    let mut waits: Vec<&str> = vec![];
    if !interrupted && !late.is_empty() {
        keep_predictions(dir, &predictions)?;
        let is_said = |s: &Search| predictions.iter().any(|p| p.task == s.plan.task);
        // What was held back to test a prediction is not trained without one.
        let (mut ready, left): (Vec<Search>, Vec<Search>) = late
            .into_iter()
            .partition(|s| is_said(s) || s.results().next().is_some());
        interrupted = open.work(&mut driver, &mut ready)?;
        late = ready.into_iter().chain(left).collect();
        waits = late
            .iter()
            .filter(|s| s.results().next().is_none())
            .map(|s| s.plan.task.as_str())
            .collect();
    }
    let no_predictions = (!interrupted && !waits.is_empty()).then(|| {
        format!(
            "{} {} held back to test a prediction and not trained: a prediction needs borders of two sizes that share its setting",
            waits.join(", "),
            if waits.len() == 1 { "is" } else { "are" }
        )
    });
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
        no_predictions,
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
                    search.choose();
                    search.take(self.known);
                }
                wishes.extend(search.missing().filter(|w| self.handed.insert(w.key)));
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
                let (rows, failure) = rows_of(&table);
                self.known.extend(rows);
                if let Some(why) = failure {
                    return Err(why);
                }
            }
            driver
                .notices()
                .into_iter()
                .for_each(|n| self.watch.notice(n));
            self.tell(searches);
        }
    }

    fn tell(&self, searches: &[Search]) {
        let chosen: usize = searches.iter().map(Search::runs).sum();
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

/// The settings that one law is about: those with most sizes that share what must be shared.
fn law_group<'a>(settings: impl Iterator<Item = &'a Setting> + Clone) -> Option<String> {
    let mut sizes: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for setting in settings.filter(|s| !s.held_back && point(s).is_some()) {
        sizes
            .entry(&setting.group)
            .or_default()
            .insert(setting.order);
    }
    let most = sizes.into_iter().max_by_key(|(_, sizes)| sizes.len())?;
    Some(most.0.to_owned())
}

/// What is asked to be predicted and not measured.
fn predicted(text: &str) -> Result<(usize, f64), Error> {
    let plan = RunSpec::from_overrides([format!("task={text}")])?.resolve()?;
    let sources = crate::files::Sources::now(&plan);
    let task = Task::from_plan(&plan, &|path| sources.read(path))?;
    Ok((task.classes(), factor(&task)))
}

fn predictions(
    early: &[Search],
    late: &[Search],
    specs: &[BoundarySpec],
) -> Result<Vec<SizePrediction>, Error> {
    let settings: Vec<Setting> = early.iter().map(Search::setting).collect();
    let group = law_group(settings.iter());
    let of_law = |s: &&Setting| Some(&s.group) == group.as_ref();
    let known = points(settings.iter().filter(of_law));
    let asked: Vec<&String> = specs.iter().flat_map(|s| &s.predict).collect();
    if sizes(&known) < 2 || (late.is_empty() && asked.is_empty()) {
        return Ok(vec![]);
    }
    let fits = laws(&known, &[]).map_err(|e| failed(e.to_string()))?;
    let mut out: Vec<SizePrediction> = late
        .iter()
        .filter(|s| Some(&s.group) == group.as_ref())
        .map(|s| one(&fits, &s.plan.task, s.order, s.factor))
        .collect();
    for text in asked {
        let (order, factor) = predicted(text)?;
        out.push(one(&fits, text, order, factor));
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

/// Predictions that were written down, in place of those that would be made now. Of a task that has runs and of
/// which nothing was written down nothing is said: it would be no prediction.
fn said(
    dir: &SweepDir,
    now: Vec<SizePrediction>,
    late: &[Search],
) -> Result<Vec<SizePrediction>, Error> {
    let there = dunwu_store::read_record(dir.reader().path(), PREDICTIONS)?;
    let known = there.as_ref().and_then(|r| r["predictions"].as_array());
    let before = |p: &SizePrediction| {
        let of = known?.iter().find(|k| k["task"] == p.task.as_str())?;
        written(&of["predicted"])
    };
    let measured = |p: &SizePrediction| {
        let of = late.iter().find(|s| s.plan.task == p.task);
        of.is_some_and(|s| s.results().next().is_some())
    };
    let one = |p: SizePrediction| match before(&p) {
        Some(predicted) => Some(SizePrediction { predicted, ..p }),
        None => (!measured(&p)).then_some(p),
    };
    Ok(now.into_iter().filter_map(one).collect())
}

/// A prediction as it was written down; None where it cannot be read any more.
fn written(value: &serde_json::Value) -> Option<Prediction> {
    let voice = |v: &serde_json::Value| {
        Some(Voice {
            form: Form::of(v["form"].as_str()?)?.name,
            weight: v["weight"].as_f64()?,
            at: v["at"].as_f64()?,
        })
    };
    Some(Prediction {
        at: value["at"].as_f64()?,
        low: value["low"].as_f64()?,
        high: value["high"].as_f64()?,
        from: value["from"].as_array()?.iter().filter_map(voice).collect(),
        of_survivors: value["of_survivors"].as_bool()?,
    })
}

/// Writes predictions down before what they speak of is trained; what stands there already stays.
fn keep_predictions(dir: &SweepDir, predictions: &[SizePrediction]) -> Result<(), Error> {
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
    found.laws_of = law_group(settings.iter());
    let of_law = |s: &&Setting| Some(&s.group) == found.laws_of.as_ref();
    let own: Vec<&Setting> = settings.iter().filter(of_law).collect();
    let of = |held: bool| points(own.iter().copied().filter(|s| s.held_back == held));
    let (early, late) = (of(false), of(true));
    if sizes(&early) < 3 {
        let why = "a law needs borders of three sizes or more that are not held back and share all but the task";
        found.no_laws = Some(why.to_owned());
    } else {
        match laws(&early, &late) {
            Ok(fits) => found.laws = fits,
            Err(why) => found.no_laws = Some(why.to_string()),
        }
    }
    let all: Vec<Point> = early.iter().chain(&late).copied().collect();
    if sizes(&all) >= 2 {
        let readings = readings(&own);
        found.collapse = [Scaling::Difference, Scaling::Ratio]
            .into_iter()
            .filter_map(|s| collapse(&readings, &all, s, Seed(0)).ok())
            .collect();
    }
    found.settings = settings;
}

/// Share of runs that generalised, by size and fraction.
fn readings(settings: &[&Setting]) -> Vec<Reading> {
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
