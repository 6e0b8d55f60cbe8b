//! Runs over a queue, recorded, analysed and reported.

use crate::error::{Error, Kind};
use crate::files::Sources;
use crate::recorder::Recorder;
use crate::summary::summary;
use crate::{page, provenance, resources};
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_analysis::{Account, Context, account};
use dunwu_core::{Curve, Dataset, Metrics, NamedTensor, RunPlan, RunSpec, Snapshot, StopReason};
use dunwu_engine::Resume;
use dunwu_probe::Setting;
use dunwu_store::{Provenance, RunDir, RunReader};
use dunwu_task::{Features, Task};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// How a caller watches and stops a run.
#[derive(Default)]
pub struct Control<'a> {
    /// Called with every event, from the thread of the run; keep it short.
    pub progress: Option<&'a (dyn Fn(&Progress<'_>) + Sync)>,
    /// Set to true to save all runs and stop.
    pub cancel: Option<&'a AtomicBool>,
}

impl Control<'_> {
    pub(crate) fn cancelled(&self) -> bool {
        self.cancel.is_some_and(|c| c.load(Ordering::Relaxed))
    }

    pub(crate) fn tell(&self, progress: &Progress<'_>) {
        if let Some(hear) = self.progress {
            hear(progress);
        }
    }
}

/// What happens in a laboratory.
pub enum Progress<'a> {
    /// A run starts or goes on.
    Started {
        /// Its seed.
        seed: u64,
        /// First epoch that will be reported.
        from_epoch: u64,
        /// Number of trained numbers.
        parameters: usize,
    },
    /// An epoch is done.
    Epoch {
        /// Its seed.
        seed: u64,
        /// Scores.
        metrics: &'a Metrics,
        /// The stage so far; computed when called.
        stage: &'a dyn Fn() -> &'static str,
    },
    /// A run is over.
    Finished {
        /// Its seed.
        seed: u64,
        /// Why.
        reason: &'a StopReason,
    },
}

/// One seed's result.
#[derive(Clone, Debug)]
pub struct Run {
    /// The seed.
    pub seed: u64,
    /// Last epoch reached.
    pub epoch: u64,
    /// Why it ended; None while it can be resumed.
    pub stopped: Option<String>,
    /// All readings.
    pub curve: Curve,
    /// What they mean.
    pub account: Account,
}

/// All seeds of a plan.
#[derive(Clone, Debug)]
pub struct Report {
    /// The plan.
    pub plan: RunPlan,
    /// The task, in one line.
    pub task: String,
    /// The runs, by seed.
    pub runs: Vec<Run>,
    /// Features that could be learned, where the task has any.
    pub features: Option<usize>,
    /// Wall-clock time of all sittings together.
    pub seconds: f64,
    /// The run directory.
    pub dir: Utf8PathBuf,
    /// Whether it was stopped before its end and can be resumed.
    pub interrupted: bool,
}

/// Trains every seed of a plan into a new run directory.
///
/// # Errors
/// A plan that cannot be run or does not fit in memory, a directory that is not empty or in use,
/// a record that cannot be written.
pub fn train(plan: &RunPlan, dir: &Utf8Path, control: &Control<'_>) -> Result<Report, Error> {
    let sources = Sources::now(plan);
    let provenance = Provenance {
        inputs: sources.inputs(plan),
        ..provenance::here(plan)
    };
    let lab = Lab::new(plan, sources)?;
    lab.check_memory()?;
    crate::start::check_task(plan)?;
    lab.start()?;
    let run_dir = RunDir::create(dir, plan, &provenance)?;
    lab.run(run_dir, dir, control)
}

/// Goes on with the runs of a directory that are not finished.
///
/// `changes` may repeat keys of the stored plan and may change `threads` and `save_seconds`, which change
/// no bit.
///
/// # Errors
/// Those of [`train`]; a directory that holds no run; `changes` that make another plan.
pub fn resume(dir: &Utf8Path, changes: &RunSpec, control: &Control<'_>) -> Result<Report, Error> {
    let reader = RunDir::open(dir)?;
    let stored = reader.plan();
    let mut spec = RunSpec::from_overrides(stored.to_overrides())?;
    let same = spec.resolve()?;
    spec.merge(changes.clone());
    let wanted = spec.resolve()?;
    let go_on = |plan: &RunPlan| RunPlan {
        threads: wanted.threads,
        save_seconds: wanted.save_seconds,
        ..plan.clone()
    };
    if wanted != go_on(&same) {
        let is_change = |(key, value): (&str, &str)| {
            Some(format!("{key}={value}")).filter(|w| !stored.to_overrides().contains(w))
        };
        let keys: Vec<String> = changes.iter().filter_map(is_change).collect();
        return Err(Kind::Differs {
            dir: dir.to_owned(),
            keys: keys.join(" "),
        }
        .into());
    }
    let plan = go_on(stored);
    let lab = Lab::new(&plan, Sources::recorded(&reader)?)?;
    lab.check_memory()?;
    lab.run(RunDir::resume(dir)?, dir, control)
        .map_err(|e| e.of_run(dir))
}

/// The plan of a run directory.
///
/// # Errors
/// A directory that holds no run.
pub fn plan_of(dir: &Utf8Path) -> Result<RunPlan, Error> {
    Ok(RunDir::open(dir)?.plan().clone())
}

/// Reads a run directory, finished or not.
///
/// # Errors
/// A directory that holds no run, or damaged files.
pub fn load(dir: &Utf8Path) -> Result<Report, Error> {
    let reader = RunDir::open(dir)?;
    let lab = Lab::new(reader.plan(), Sources::recorded(&reader)?)?;
    lab.read(&reader, dir).map_err(|e| e.of_run(dir))
}

/// Rebuilds page and figures of a run directory from its record alone, and gives the page's path.
///
/// # Errors
/// Those of [`load`]; a directory in use by another process; files that cannot be written.
pub fn report(dir: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    let run_dir = RunDir::resume(dir)?;
    let reader = RunDir::open(dir)?;
    let lab = Lab::new(reader.plan(), Sources::recorded(&reader)?)?;
    let report = lab.read(&reader, dir).map_err(|e| e.of_run(dir))?;
    lab.write_page(&run_dir, &reader, &report)?;
    Ok(dir.join("report.html"))
}

/// How much memory the plan takes, in words, where that is worth saying: from 1 GB on.
///
/// # Errors
/// A plan whose task or split cannot be made.
pub fn memory_notice(plan: &RunPlan) -> Result<Option<String>, Error> {
    let lab = Lab::new(plan, Sources::now(plan))?;
    let needed = resources::needed_memory(plan, &lab.dataset(plan.seed)?);
    let free = resources::available_memory().map_or_else(String::new, |a| {
        format!(" of {} that are free", resources::human(a))
    });
    Ok((needed >= 1_000_000_000).then(|| format!("this needs {}{free}", resources::human(needed))))
}

/// What is said of a task, without the key that it stands under.
fn without_key(why: &str) -> String {
    why.strip_prefix("task: ").unwrap_or(why).to_owned()
}

/// A plan with what follows from it.
pub(crate) struct Lab<'p> {
    pub plan: &'p RunPlan,
    pub task: Task,
    pub features: Option<Features>,
    pub no_features: Option<String>,
    sources: Sources,
}

impl<'p> Lab<'p> {
    pub(crate) fn new(plan: &'p RunPlan, sources: Sources) -> Result<Self, Error> {
        dunwu_probe::select(&plan.probes)?;
        // Building a large table only to find that nothing fits takes seconds.
        check_memory(plan, resources::least_memory(plan).unwrap_or(0))?;
        let task = Task::from_plan(plan, &|path| sources.read(path))?;
        let (features, no_features) = match task.try_features() {
            Ok(features) => (Some(features), None),
            Err(why) => (None, Some(without_key(&why.to_string()))),
        };
        Ok(Self {
            plan,
            task,
            features,
            no_features,
            sources,
        })
    }

    /// The rows of one seed.
    pub(crate) fn dataset(&self, seed: u64) -> Result<Dataset, Error> {
        let read = |path: &str| self.sources.read(path);
        Ok(self.task.dataset(self.plan, seed, &read)?)
    }

    pub(crate) fn check_memory(&self) -> Result<(), Error> {
        let data = self.dataset(self.plan.seed)?;
        check_memory(self.plan, resources::needed_memory(self.plan, &data))
    }

    /// The weights that every run starts from, if they are not drawn; checked against the plan.
    pub(crate) fn start(&self) -> Result<Option<Vec<NamedTensor>>, Error> {
        let start = self.sources.start(self.plan)?;
        if let Some(weights) = &start {
            let data = self.dataset(self.plan.seed)?;
            crate::start::check(self.plan, &data, weights)?;
        }
        Ok(start)
    }

    /// Features beside the constant one.
    pub(crate) fn possible(&self) -> Option<usize> {
        self.features.as_ref().map(|f| f.names.len() - 1)
    }

    fn context(&self, held_out: usize, stopped: Option<StopReason>) -> Context {
        Context {
            classes: self.task.classes(),
            chance: self.task.chance(),
            features: self.possible(),
            held_out,
            complete: matches!(
                stopped,
                Some(StopReason::Completed | StopReason::Diverged { .. } | StopReason::Observer(_))
            ),
            stopped,
            lr: Some(self.plan.lr),
            weight_decay: Some(self.plan.weight_decay),
            transformer: self.plan.transformer.is_some(),
            epoch_updates: self.plan.epoch_updates,
            norm_held: self.plan.weight_norm > 0.0,
            tokens: self.task.counts_tokens(self.plan),
        }
    }

    fn run(&self, run_dir: RunDir, dir: &Utf8Path, control: &Control<'_>) -> Result<Report, Error> {
        let started = Instant::now();
        let reader = RunDir::open(dir)?;
        // What cannot be read any more is said before anything is written.
        reader.check()?;
        let earlier = seconds(&reader)?;
        let interrupted = self.run_seeds(&run_dir, &reader, control)?;
        if !interrupted {
            run_dir.finish()?;
        }
        let reader = RunDir::open(dir)?;
        let mut report = self.read(&reader, dir)?;
        report.seconds = earlier + started.elapsed().as_secs_f64();
        report.interrupted = interrupted;
        run_dir.write_summary(&summary(&report))?;
        self.write_page(&run_dir, &reader, &report)?;
        Ok(report)
    }

    /// Runs the seeds that have not ended over a queue, one a lane. Returns whether any was interrupted or left.
    fn run_seeds(
        &self,
        run_dir: &RunDir,
        reader: &RunReader,
        control: &Control<'_>,
    ) -> Result<bool, Error> {
        let start = self.start()?;
        let mut open = Vec::new();
        for seed in self.plan.seed..self.plan.seed + self.plan.seeds {
            if reader.outcome(seed)?.is_none() {
                open.push(seed);
            }
        }
        let (outer, inner) = resources::lanes(self.plan, open.len());
        let queue = Mutex::new(open.into_iter());
        let taken = || {
            queue
                .lock()
                .expect("no run panics while it holds the queue")
        };
        let failed: Mutex<Option<Error>> = Mutex::new(None);
        let (interrupted, running) = (AtomicBool::new(false), AtomicU64::new(self.plan.seed));
        let work = || {
            loop {
                let stop = control.cancelled() || failed.lock().is_ok_and(|f| f.is_some());
                let Some(seed) = (!stop).then(|| taken().next()).flatten() else {
                    return;
                };
                running.store(seed, Ordering::Relaxed);
                match self.run_seed(seed, inner, start.as_deref(), run_dir, control) {
                    Ok(stopped) => {
                        interrupted.fetch_or(stopped == StopReason::Interrupted, Ordering::Relaxed);
                        control.tell(&Progress::Finished {
                            seed,
                            reason: &stopped,
                        });
                    }
                    Err(error) => {
                        failed
                            .lock()
                            .expect("errors are stored without panic")
                            .get_or_insert(error);
                        return;
                    }
                }
            }
        };
        let panicked = std::thread::scope(|scope| {
            let lanes: Vec<_> = (0..outer).map(|_| scope.spawn(work)).collect();
            lanes
                .into_iter()
                .map(|lane| lane.join())
                .filter(Result::is_err)
                .count()
                > 0
        });
        if panicked {
            return Err(Kind::Panic {
                seed: running.load(Ordering::Relaxed),
            }
            .into());
        }
        match failed.into_inner().expect("all lanes have ended") {
            Some(error) => Err(error),
            None => Ok(interrupted.into_inner() || taken().next().is_some()),
        }
    }

    fn run_seed(
        &self,
        seed: u64,
        threads: usize,
        start: Option<&[NamedTensor]>,
        run_dir: &RunDir,
        control: &Control<'_>,
    ) -> Result<StopReason, Error> {
        let writer = run_dir.seed_writer(seed)?;
        let data = self.dataset(seed)?;
        let setting = Setting {
            plan: self.plan,
            features: self.features.as_ref(),
        };
        let probes = dunwu_probe::select(&self.plan.probes)?
            .iter()
            .map(|entry| (entry.make)(&setting))
            .collect();
        let point = writer.resume_point()?;
        let context = self.context(data.test.len(), None);
        let mut recorder = Recorder::new(self.plan, &data, seed, context, control, writer, probes);
        recorder.threads = threads;
        let outcome = match point {
            Some(point) => {
                recorder.resume(point.curve, &point.probes);
                let state = Snapshot::of(point.epoch, &point.state);
                let resume = Resume {
                    epoch: point.epoch,
                    state: &state,
                };
                dunwu_engine::train(self.plan, &data, seed, threads, Some(resume), &mut recorder)?
            }
            None => {
                let state = start.map(|weights| Snapshot::of(0, weights));
                let begin = state.as_ref().map(|state| Resume { epoch: 0, state });
                dunwu_engine::train(self.plan, &data, seed, threads, begin, &mut recorder)?
            }
        };
        if let Some(error) = recorder.failed.take() {
            return Err(error.into());
        }
        if outcome.stopped != StopReason::Interrupted {
            recorder.finish(&outcome_json(&outcome, data.test.len()))?;
        }
        Ok(outcome.stopped)
    }

    /// What a directory says of every seed that has begun.
    pub(crate) fn read(&self, reader: &RunReader, dir: &Utf8Path) -> Result<Report, Error> {
        let mut runs = Vec::new();
        for seed in reader.seeds()? {
            let curve = reader.curve(seed)?;
            let outcome = reader.outcome(seed)?;
            let noted = outcome.as_ref().and_then(|o| o["held_out"].as_u64());
            let held_out = match noted {
                Some(rows) => rows as usize,
                None => self.dataset(seed)?.test.len(),
            };
            let stopped = outcome.as_ref().map(stop_reason);
            let account = account(&curve, &self.context(held_out, stopped.clone()));
            let epoch = curve.epochs().last().copied().unwrap_or(0);
            runs.push(Run {
                seed,
                epoch,
                stopped: stopped.map(|s| s.phrase()),
                curve,
                account,
            });
        }
        let interrupted =
            runs.len() < self.plan.seeds as usize || runs.iter().any(|r| r.stopped.is_none());
        let seconds = seconds(reader)?;
        Ok(Report {
            plan: self.plan.clone(),
            task: self.task.describe(),
            runs,
            features: self.possible(),
            seconds,
            dir: dir.to_owned(),
            interrupted,
        })
    }

    fn write_page(
        &self,
        run_dir: &RunDir,
        reader: &RunReader,
        report: &Report,
    ) -> Result<(), Error> {
        let page = page::build(self, reader, report)?;
        run_dir.write_page(&dunwu_report::page(&page))?;
        for (name, svg) in dunwu_report::figures(&page) {
            run_dir.write_figure(&name, &svg)?;
        }
        Ok(())
    }
}

/// Wall-clock time of the sittings so far.
fn seconds(reader: &RunReader) -> Result<f64, Error> {
    let summary = reader.summary()?;
    let noted = summary.and_then(|s| s.get("seconds").and_then(Value::as_f64));
    Ok(noted.unwrap_or(0.0))
}

/// Refuses a plan that needs more memory than is free.
fn check_memory(plan: &RunPlan, needed: u64) -> Result<(), Error> {
    let (runs, _) = resources::lanes(plan, plan.seeds as usize);
    match resources::too_little(needed) {
        Some(available) => Err(Kind::Memory {
            needed,
            available,
            runs,
        }
        .into()),
        None => Ok(()),
    }
}

/// How a seed ended, as it is stored.
fn outcome_json(outcome: &dunwu_engine::Outcome, held_out: usize) -> Value {
    let tensor = match &outcome.stopped {
        StopReason::Diverged { tensor, .. } => Some(tensor.clone()),
        _ => None,
    };
    let kind = match outcome.stopped {
        StopReason::Completed => "completed",
        StopReason::Diverged { .. } => "diverged",
        StopReason::Observer(_) => "stopped",
        StopReason::Interrupted => "interrupted",
    };
    json!({ "epoch": outcome.epoch, "kind": kind, "reason": outcome.stopped.phrase(), "tensor": tensor, "held_out": held_out })
}

pub(crate) fn stop_reason(outcome: &Value) -> StopReason {
    let text = |key: &str| outcome[key].as_str().unwrap_or_default().to_owned();
    match outcome["kind"].as_str() {
        Some("completed") => StopReason::Completed,
        Some("diverged") => StopReason::Diverged {
            epoch: outcome["epoch"].as_u64().unwrap_or(0),
            tensor: text("tensor"),
        },
        _ => StopReason::Observer(text("reason")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_is_stopped_before_it_starts_begins_no_seed_and_can_go_on() {
        let keep = tempfile::tempdir().unwrap();
        let dir = Utf8PathBuf::from_path_buf(keep.path().join("r")).unwrap();
        let words = ["task=Z5", "width=16", "epochs=3", "seeds=5"];
        let spec = RunSpec::from_overrides(words).unwrap();
        let cancel = AtomicBool::new(true);
        let stopped = Control {
            cancel: Some(&cancel),
            ..Control::default()
        };
        let report = train(&spec.resolve().unwrap(), &dir, &stopped).unwrap();
        assert!(report.interrupted && report.runs.is_empty() && !dir.join("seeds").exists());
        let report = resume(&dir, &RunSpec::default(), &Control::default()).unwrap();
        assert!(!report.interrupted && report.runs.len() == 5);
    }
}
