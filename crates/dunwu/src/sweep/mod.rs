//! Many runs: sweeps over keys of a plan, on one machine and on a cluster.
//!
//! A sweep is a directory. What was asked for stands in `plan.toml`; runs that are over stand in `parts/`, and
//! those files are the truth: whatever else is lost, going on does exactly the runs that are not in them.
//! Executors are handed chunks of runs and may do one twice or lose it.

mod cluster;
mod compact;
mod cost;
mod driver;
mod executor;
mod grid;
mod hyperqueue;
mod inputs;
mod options;
mod page;
mod row;
mod slurm;
mod work;

pub use grid::{Axis, Grid};
pub use options::{Engine, SWEEP_KEYS, SweepKey, SweepOptions};
pub use page::{SweepView, build as sweep_page_data, rebuild as rebuild_sweep};
pub use row::RunKey;
pub use work::ChunkEnd;

use crate::error::{Error, Kind};
use camino::{Utf8Path, Utf8PathBuf};
use cluster::{Cluster, JOBS, Jobs, Scheduler, Work};
pub(crate) use compact::compact;
use compact::drop_failed;
pub(crate) use cost::seconds;
use driver::Done;
pub(crate) use driver::{Driver, Wish};
use dunwu_store::{Chunk, SweepDir, SweepPlan, SweepReader, Wanted};
use executor::{Executor, Local};
pub(crate) use grid::split;
use hyperqueue::Hyperqueue;
pub(crate) use inputs::{check_files, files_of};
pub(crate) use page::{command, write as write_page};
pub(crate) use row::{plan_key, plan_words};
use slurm::Slurm;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
pub(crate) use work::{Shared, keys};

/// How far a sweep is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepProgress {
    /// Runs that are wanted.
    pub wanted: u64,
    /// Runs that are over.
    pub finished: u64,
    /// Epochs that this process trained.
    pub epochs: u64,
    /// Estimated share of the work that was missing and is done.
    pub share: f64,
    /// Something that a person should hear.
    pub notice: Option<String>,
}

/// What a sweep came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepReport {
    /// The directory.
    pub dir: Utf8PathBuf,
    /// Runs that are wanted.
    pub wanted: u64,
    /// Runs that are over, of those that are wanted.
    pub finished: u64,
    /// Runs that this process found missing.
    pub missing: u64,
    /// Runs whose held-out accuracy reached their plan's `stop_accuracy`, 0.99 unless it says otherwise.
    pub generalised: u64,
    /// Runs that failed: rows that say why.
    pub failed: u64,
    /// Why the first of them did, with its plan.
    pub first_failure: Option<String>,
    /// A sum of what all runs of the directory measured: equal sets of results have equal ones.
    pub digest: u64,
    /// Whether it was stopped before its end and can go on.
    pub interrupted: bool,
    /// Whether workers go on without this process.
    pub detached: bool,
    /// Seconds of this sitting.
    pub seconds: f64,
}

/// How a caller watches and stops a sweep.
#[derive(Default)]
pub struct Watch<'a> {
    /// Called now and then.
    pub progress: Option<&'a dyn Fn(&SweepProgress)>,
    /// Set to true to save and stop.
    pub cancel: Option<&'a AtomicBool>,
}

impl Watch<'_> {
    pub(crate) fn tell(&self, progress: &SweepProgress) {
        if let Some(hear) = self.progress {
            hear(progress);
        }
    }

    pub(crate) fn notice(&self, text: String) {
        self.tell(&SweepProgress {
            notice: Some(text),
            ..SweepProgress::default()
        });
    }

    pub(crate) fn cancelled(&self) -> bool {
        self.cancel.is_some_and(|c| c.load(Ordering::Relaxed))
    }
}

/// Begins a sweep in a new directory, or goes on with the same one.
///
/// # Errors
/// Words that make no plans; a directory that holds something else, or another sweep (with `add`, its points are
/// added to those that are there); a record that cannot be read or written.
pub fn sweep(
    wanted: &Wanted,
    dir: &Utf8Path,
    add: bool,
    options: &SweepOptions,
    watch: &Watch<'_>,
) -> Result<SweepReport, Error> {
    let grid = Grid::of(wanted)?;
    options.check()?;
    grid.idle().into_iter().for_each(|n| watch.notice(n));
    let plan = SweepPlan {
        command: "sweep".to_owned(),
        asked: vec![wanted.clone()],
        files: vec![],
    };
    let held = if SweepReader::is_sweep(dir) {
        joined(dir, &plan, add)?
    } else {
        SweepDir::create(dir, &plan)?
    };
    run(&held, options, watch)
}

/// Goes on with a sweep.
///
/// # Errors
/// A directory that holds no sweep; those of [`sweep`].
pub fn resume_sweep(
    dir: &Utf8Path,
    options: &SweepOptions,
    watch: &Watch<'_>,
) -> Result<SweepReport, Error> {
    let held = SweepDir::open(dir)?;
    run(&held, options, watch)
}

/// Takes hold of a directory in which the same was asked, or to which it may be added.
pub(crate) fn joined(dir: &Utf8Path, plan: &SweepPlan, add: bool) -> Result<SweepDir, Error> {
    let held = SweepDir::open(dir)?;
    let mut stored = held.reader().plan()?;
    let wanted = &plan.asked[0];
    if stored.command != plan.command || !stored.asked.contains(wanted) {
        if !add || stored.command != plan.command {
            return Err(other(dir, &stored, wanted));
        }
        stored.asked.push(wanted.clone());
        held.write_plan(&stored)?;
    }
    Ok(held)
}

/// A sweep that is not the one asked for.
fn other(dir: &Utf8Path, stored: &SweepPlan, wanted: &Wanted) -> Error {
    let before: BTreeSet<&String> = stored.asked.iter().flat_map(|a| &a.words).collect();
    let new = wanted.words.iter().filter(|w| !before.contains(w));
    let new: Vec<&str> = new.map(String::as_str).collect();
    let gone = before.iter().filter(|w| !wanted.words.contains(w));
    let gone: Vec<&str> = gone.map(|w| w.as_str()).collect();
    Kind::OtherSweep {
        dir: dir.to_owned(),
        command: stored.command.clone(),
        new: new.join(" "),
        gone: gone.join(" "),
    }
    .into()
}

/// Runs that a directory asks for, each once, and the files that their plans name.
fn wishes(plan: &SweepPlan) -> Result<(Vec<Wish>, BTreeSet<String>), Error> {
    let mut all: Vec<Wish> = Vec::new();
    let mut known = BTreeSet::new();
    let mut files = BTreeSet::new();
    for wanted in &plan.asked {
        let grid = Grid::of(wanted)?;
        for point in points(&grid)? {
            files.extend(point.files);
            for seed in grid.seeds() {
                let key = RunKey {
                    plan: point.plan,
                    seed,
                };
                // Two ways of writing one value, and points that were added, make runs that are there already.
                if known.insert(key) {
                    all.push(Wish {
                        key,
                        words: point.words.clone(),
                        cost: point.cost,
                    });
                }
            }
        }
    }
    Ok((all, files))
}

/// A point of a grid.
struct Point {
    words: Vec<String>,
    /// Hash of its plan.
    plan: u64,
    /// Estimated seconds of a run.
    cost: f64,
    /// Files that its plan names.
    files: Vec<String>,
}

/// Every point, on all cores: there may be many.
fn points(grid: &Grid) -> Result<Vec<Point>, Error> {
    use rayon::prelude::*;
    let point = |i: usize| {
        let words = grid.words(i);
        let plan = grid.plan_of(&words)?;
        Ok(Point {
            words,
            plan: plan_key(&plan),
            cost: seconds(&plan),
            files: files_of(&plan).collect(),
        })
    };
    (0..grid.points()).into_par_iter().map(point).collect()
}

fn run(dir: &SweepDir, options: &SweepOptions, watch: &Watch<'_>) -> Result<SweepReport, Error> {
    let started = Instant::now();
    let stored = dir.reader().plan()?;
    if stored.command != "sweep" {
        return Err(Kind::OtherCommand {
            dir: dir.reader().path().to_owned(),
            command: stored.command,
        }
        .into());
    }
    let (wishes, files) = wishes(&stored)?;
    let wanted = wishes.len() as u64;
    let options = &settled(dir, options)?;
    take_back(dir, options, watch)?;
    if options.retry {
        retry(dir, watch)?;
    }
    check_files(dir, &files)?;
    let done = recorded(dir, watch)?;
    let mut missing: Vec<Wish> = wishes
        .into_iter()
        .filter(|w| !done.keys.contains(&w.key))
        .collect();
    let all = missing.len() as u64;
    let cost: BTreeMap<RunKey, f64> = missing.iter().map(|w| (w.key, w.cost)).collect();
    let work: f64 = cost.values().sum();
    let shared = Arc::new(Shared {
        curve_points: options.curve_points,
        ..Shared::default()
    });
    let mut left: BTreeSet<RunKey> = missing.iter().map(|w| w.key).collect();
    let mut report = SweepReport {
        dir: dir.reader().path().to_owned(),
        wanted,
        finished: wanted - all,
        missing: all,
        ..SweepReport::default()
    };
    // Tasks of an earlier sitting may be left of a sweep that is whole.
    if !missing.is_empty() || jobs(dir)?.is_some_and(|j| !j.handed.is_empty()) {
        let executor = executor(dir, options, &shared)?;
        let mut driver = Driver::new(dir, executor, options.seconds_a_chunk(), done.parts);
        let adopted = driver.adopt(&done.keys);
        missing.retain(|w| !adopted.contains(&w.key));
        driver.submit(&missing)?;
        let mut came = 0.0;
        while !driver.is_idle() && !watch.cancelled() && !driver.is_detached() {
            driver.wait();
            for table in driver.poll()? {
                for key in keys(&table).filter(|k| left.remove(k)) {
                    came += cost.get(&key).copied().unwrap_or(0.0);
                }
            }
            driver.notices().into_iter().for_each(|n| watch.notice(n));
            let trained = (shared.work.load(Ordering::Relaxed) as f64 / 1e3).max(came);
            watch.tell(&SweepProgress {
                wanted,
                finished: wanted - left.len() as u64,
                epochs: shared.epochs.load(Ordering::Relaxed),
                share: (trained / work.max(1e-9)).min(1.0),
                notice: None,
            });
        }
        report.interrupted = !driver.is_idle();
        report.detached = report.interrupted && driver.is_detached();
        driver.stop()?;
        driver.notices().into_iter().for_each(|n| watch.notice(n));
    }
    // A worker that was stopped leaves what it had finished.
    let done = recorded(dir, watch)?;
    left.retain(|key| !done.keys.contains(key));
    report.digest = done.digest;
    report.generalised = done.generalised;
    report.failed = done.failed;
    report.first_failure = done.first_failure;
    report.finished = wanted - left.len() as u64;
    if is_quiet(dir)? {
        compact(dir)?;
        dir.clear_claims()?;
        // A look at a sweep that is whole costs no more than reading which runs it has.
        if all > 0 || !dir.reader().path().join("report.html").exists() {
            page::write(dir, &SweepView::default())?;
        }
    }
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// Runs that are over. Damaged parts are put aside, with a notice, and their runs are missing.
pub(crate) fn recorded(dir: &SweepDir, watch: &Watch<'_>) -> Result<Done, Error> {
    let done = driver::done(dir.reader())?;
    for (part, why) in &done.damaged {
        dir.set_aside(part)?;
        watch.notice(format!(
            "{why}; it is kept as {}.runs.parquet.damaged, and its runs are done again",
            part.name
        ));
    }
    if let Some(first) = done.disagreeing.first() {
        watch.notice(format!(
            "{} runs stand twice in {} with different results, the first with plan_hash {:016x} and seed {}: two versions of dunwu, or two kinds of machine, worked on it",
            done.disagreeing.len(),
            dir.reader().path(),
            first.plan,
            first.seed
        ));
    }
    Ok(done)
}

/// How a directory is gone on with: who did its work before does it again, unless something else is said.
pub(crate) fn settled(dir: &SweepDir, options: &SweepOptions) -> Result<SweepOptions, Error> {
    let mut options = options.clone();
    if let Some(jobs) = jobs(dir)? {
        let engine = Engine::ALL.iter().find(|e| e.0 == jobs.engine);
        let engine = *options
            .engine
            .get_or_insert(engine.map_or(Engine::Local, |e| e.1));
        if options.site.is_empty() && engine.name() == jobs.engine {
            options.site = jobs.site;
        }
    }
    options.check()?;
    Ok(options)
}

/// Forgets the runs that failed, so that they are missing.
fn retry(dir: &SweepDir, watch: &Watch<'_>) -> Result<(), Error> {
    if !is_quiet(dir)? {
        let why = format!(
            "tasks of {} are still out; try failed runs again when they are in",
            dir.reader().path()
        );
        return Err(Kind::Refused { why }.into());
    }
    let dropped = drop_failed(dir)?;
    if dropped > 0 {
        inputs::forget_unused(dir)?;
        watch.notice(format!("{dropped} runs that failed are done again"));
    }
    Ok(())
}

/// Takes back what was handed to another scheduler than is to do the work now.
pub(crate) fn take_back(
    dir: &SweepDir,
    options: &SweepOptions,
    watch: &Watch<'_>,
) -> Result<(), Error> {
    let now = options.engine().name();
    let Some(before) = jobs(dir)?.filter(|j| j.engine != now && !j.handed.is_empty()) else {
        return Ok(());
    };
    let engine = Engine::ALL.iter().find(|e| e.0 == before.engine);
    let Some((_, engine)) = engine.filter(|e| e.1 != Engine::Local) else {
        return Ok(());
    };
    let earlier = SweepOptions {
        engine: Some(*engine),
        site: before.site,
        detach: false,
        ..options.clone()
    };
    earlier.check()?;
    let mut executor = executor(dir, &earlier, &Arc::new(Shared::default()))?;
    executor.stop()?;
    executor.notices().into_iter().for_each(|n| watch.notice(n));
    if jobs(dir)?.is_some_and(|j| !j.handed.is_empty()) {
        let why = format!(
            "tasks of {} that were handed to {} are still out; go on with engine={}, or begin again when they have ended",
            dir.reader().path(),
            before.engine,
            before.engine
        );
        return Err(Kind::Refused { why }.into());
    }
    dir.remove(JOBS)?;
    watch.notice(format!(
        "what was handed to {} and had not begun is taken back",
        before.engine
    ));
    Ok(())
}

/// What was handed to a cluster.
fn jobs(dir: &SweepDir) -> Result<Option<Jobs>, Error> {
    let record = dunwu_store::read_record(dir.reader().path(), JOBS)?;
    let Some(mut record) = record else {
        return Ok(None);
    };
    if let Some(object) = record.as_object_mut() {
        object.remove("format");
    }
    let read = serde_json::from_value(record);
    let why = |e: serde_json::Error| Kind::Config {
        what: "jobs of",
        path: dir.reader().path().to_owned(),
        why: format!("{JOBS}: {e}; look for them with the scheduler, then remove the file"),
    };
    Ok(Some(read.map_err(why)?))
}

/// Who does the work of a directory.
pub(crate) fn executor<'a>(
    dir: &'a SweepDir,
    options: &SweepOptions,
    shared: &Arc<Shared>,
) -> Result<Box<dyn Executor + 'a>, Error> {
    let work = Work {
        program: options.program.clone(),
        words: vec![format!("curve_points={}", options.curve_points)],
        site: options.site.clone(),
    };
    let scheduler: Box<dyn Scheduler> = match options.engine() {
        Engine::Local => return Ok(Box::new(Local::new(dir.reader(), shared, options.lanes()))),
        Engine::Hyperqueue => Box::new(Hyperqueue { work }),
        Engine::Slurm => Box::new(Slurm { work }),
    };
    let engine = options.engine().name().to_owned();
    let before = jobs(dir)?.filter(|j| j.engine == engine);
    let jobs = Jobs {
        engine,
        site: options.site.clone(),
        ..before.unwrap_or_default()
    };
    let cluster = Cluster::new(dir, scheduler, jobs, options.lost_seconds, options.detach)?;
    Ok(Box::new(cluster))
}

/// Whether no worker of another process or machine may still write to a directory.
pub(crate) fn is_quiet(dir: &SweepDir) -> Result<bool, Error> {
    let handed = jobs(dir)?.is_some_and(|j| !j.handed.is_empty());
    Ok(!handed && !dir.reader().is_claimed(None)?)
}

/// Does one chunk of a round, as a worker process.
///
/// # Errors
/// A path that names no round; a round without that chunk; a record that cannot be written.
pub fn worker(
    round: &Utf8Path,
    chunk: usize,
    options: &SweepOptions,
    cancel: &'static AtomicBool,
) -> Result<ChunkEnd, Error> {
    let (dir, number) = SweepReader::of_round(round).ok_or_else(|| Kind::NoRound {
        path: round.to_owned(),
    })?;
    let reader = SweepReader::open(&dir)?;
    inputs::unchanged(&reader.plan()?, dir.as_str())?;
    let chunk: Chunk = reader.chunk(number, chunk)?;
    let shared = Arc::new(Shared {
        curve_points: options.curve_points,
        ..Shared::default()
    });
    let watcher = Arc::clone(&shared);
    std::thread::spawn(move || {
        while !cancel.load(Ordering::Relaxed) {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        watcher.cancel.store(true, Ordering::Relaxed);
    });
    work::work(&reader, number, &chunk, &shared)
}

/// The JSON of `dunwu sweep --json`. Its names are a contract: fields are added, never renamed.
///
/// # Errors
/// A record that cannot be read.
pub fn summary(report: &SweepReport) -> Result<serde_json::Value, Error> {
    Ok(serde_json::json!({
        "dir": report.dir,
        "runs": { "wanted": report.wanted, "finished": report.finished, "done_now": report.finished + report.missing - report.wanted, "generalised": report.generalised, "failed": report.failed },
        "first_failure": report.first_failure,
        "digest": format!("{:016x}", report.digest),
        "interrupted": report.interrupted,
        "detached": report.detached,
        "seconds": report.seconds,
    }))
}
