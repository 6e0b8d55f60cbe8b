//! Networks trained over a queue, each once however many rows ask for it.

use super::follow::Followed;
use super::stage::Halt;
use crate::error::{Error, Kind};
use crate::lab::{Control, Progress};
use crate::trial::{Keep, Trial, Trials};
use dunwu_core::{RunPlan, StopReason};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A plan but its number of seeds and threads, as text, and a seed.
type Name = (String, u64);

/// Runs in memory.
#[derive(Default)]
pub(super) struct Runs {
    trials: Trials,
    done: Mutex<BTreeMap<Name, Arc<Trial>>>,
}

/// How far a row's runs are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trained {
    /// Epochs done, those of runs that ended early counted to their end.
    pub epochs: u64,
    /// Epochs of all runs together.
    pub of_epochs: u64,
    /// Runs that ended.
    pub runs: u64,
    /// All runs.
    pub of_runs: u64,
}

struct Job<'a> {
    plan: &'a RunPlan,
    seed: u64,
}

fn name(plan: &RunPlan, seed: u64) -> Name {
    let plan = RunPlan {
        seed: 0,
        seeds: 1,
        threads: 0,
        ..plan.clone()
    };
    (plan.to_overrides().join(" "), seed)
}

fn seeds(plan: &RunPlan) -> impl Iterator<Item = u64> + use<> {
    plan.seed..plan.seed + plan.seeds
}

impl Runs {
    /// The runs of a plan, by seed; None if one is missing.
    pub(super) fn of(&self, plan: &RunPlan) -> Option<Vec<Arc<Trial>>> {
        let done = self.done.lock().expect("nothing panics under the lock");
        seeds(plan)
            .map(|seed| done.get(&name(plan, seed)).cloned())
            .collect()
    }

    /// Whether a run is there, with its weights if they are asked for.
    fn has(&self, plan: &RunPlan, seed: u64, weights: bool) -> bool {
        let done = self.done.lock().expect("nothing panics under the lock");
        let found = done.get(&name(plan, seed));
        found.is_some_and(|t| !weights || !t.weights.is_empty())
    }

    /// Trains what is missing of the plans on `threads` lanes, the longest first. What `from` means is known to
    /// `followed`.
    pub(super) fn train(
        &self,
        plans: &[RunPlan],
        followed: &Followed,
        weights: bool,
        threads: usize,
        control: &Control<'_>,
        progress: &(dyn Fn(Trained) + Sync),
    ) -> Result<(), Halt> {
        let mut jobs: Vec<Job<'_>> = plans
            .iter()
            .flat_map(|plan| seeds(plan).map(move |seed| Job { plan, seed }))
            .filter(|job| !self.has(job.plan, job.seed, weights))
            .collect();
        let mut known = std::collections::BTreeSet::new();
        jobs.retain(|job| known.insert(name(job.plan, job.seed)));
        let watch = Watch::new(&jobs, control, progress);
        let (outer, inner) = match jobs.len() {
            0 => return Ok(()),
            n if n < threads => (n, threads / n),
            _ => (threads, 1),
        };
        let queue = Mutex::new(jobs.into_iter());
        let failed: Mutex<Option<Halt>> = Mutex::new(None);
        let work = || {
            loop {
                let stop = failed.lock().is_ok_and(|f| f.is_some());
                let next = || queue.lock().expect("nothing panics under the lock").next();
                let Some(job) = (!stop).then(next).flatten() else {
                    return;
                };
                if let Err(halt) = self.one(&job, followed, inner, Keep { weights }, &watch) {
                    let mut failed = failed.lock().expect("nothing panics under the lock");
                    failed.get_or_insert(halt);
                    return;
                }
            }
        };
        let panicked = std::thread::scope(|scope| {
            let lanes: Vec<_> = (0..outer).map(|_| scope.spawn(work)).collect();
            let ends: Vec<_> = lanes.into_iter().map(|lane| lane.join()).collect();
            ends.iter().any(Result::is_err)
        });
        if panicked {
            return Err(Error::from(Kind::Panic {
                seed: plans[0].seed,
            })
            .into());
        }
        match failed.into_inner().expect("all lanes have ended") {
            Some(halt) => Err(halt),
            None => Ok(()),
        }
    }

    /// The run whose last weights a job starts from.
    fn start(&self, job: &Job<'_>, followed: &Followed) -> Result<Option<Arc<Trial>>, Halt> {
        let Some(before) = job.plan.from.as_ref().and_then(|from| followed.start(from)) else {
            return Ok(None);
        };
        let done = self.done.lock().expect("nothing panics under the lock");
        let trial = done.get(&name(before, job.seed)).cloned();
        trial.map(Some).ok_or(Halt::Interrupted)
    }

    fn one(
        &self,
        job: &Job<'_>,
        followed: &Followed,
        threads: usize,
        keep: Keep,
        watch: &Watch<'_>,
    ) -> Result<(), Halt> {
        if watch.control.cancelled() {
            return Err(Halt::Interrupted);
        }
        let before = AtomicU64::new(0);
        let hear = |event: &Progress<'_>| {
            if let Progress::Epoch { metrics, .. } = event {
                let last = before.swap(metrics.epoch, Ordering::Relaxed);
                watch.advance(metrics.epoch - last.min(metrics.epoch));
            }
        };
        let control = Control {
            progress: Some(&hear),
            cancel: watch.control.cancel,
        };
        let start = self.start(job, followed)?;
        let start = start.as_ref().map(|trial| trial.weights.as_slice());
        let trial = self
            .trials
            .run_from(job.plan, job.seed, threads, &control, keep, start)?;
        if trial.stopped == StopReason::Interrupted {
            return Err(Halt::Interrupted);
        }
        watch.end(job.plan.epochs - trial.epoch.min(job.plan.epochs));
        let mut done = self.done.lock().expect("nothing panics under the lock");
        done.insert(name(job.plan, job.seed), Arc::new(trial));
        Ok(())
    }
}

/// Counts epochs over all lanes.
struct Watch<'a> {
    control: &'a Control<'a>,
    progress: &'a (dyn Fn(Trained) + Sync),
    epochs: AtomicU64,
    of_epochs: u64,
    runs: AtomicU64,
    of_runs: u64,
    telling: AtomicBool,
}

impl<'a> Watch<'a> {
    fn new(
        jobs: &[Job<'_>],
        control: &'a Control<'a>,
        progress: &'a (dyn Fn(Trained) + Sync),
    ) -> Self {
        Self {
            control,
            progress,
            epochs: AtomicU64::new(0),
            of_epochs: jobs.iter().map(|j| j.plan.epochs).sum(),
            runs: AtomicU64::new(0),
            of_runs: jobs.len() as u64,
            telling: AtomicBool::new(false),
        }
    }

    fn advance(&self, epochs: u64) {
        self.epochs.fetch_add(epochs, Ordering::Relaxed);
        self.tell();
    }

    fn end(&self, left: u64) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.advance(left);
    }

    /// One lane tells; the others need not wait for it.
    fn tell(&self) {
        if self.telling.swap(true, Ordering::Acquire) {
            return;
        }
        (self.progress)(Trained {
            epochs: self.epochs.load(Ordering::Relaxed),
            of_epochs: self.of_epochs,
            runs: self.runs.load(Ordering::Relaxed),
            of_runs: self.of_runs,
        });
        self.telling.store(false, Ordering::Release);
    }
}
