//! Runs over a queue, kept as they are finished.

use super::CompareDir;
use crate::error::{Error, Kind};
use crate::lab::{Control, Progress};
use crate::resources;
use crate::trial::{Keep, Trials};
use dunwu_analysis::compare::Outcome;
use dunwu_core::{NamedTensor, RunPlan, StopReason};
use dunwu_store::{Lines, StoreError, plan_hash, read_safetensors};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// The file of finished runs.
const RUNS: &str = "runs.jsonl";

/// A run to do.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub plan: RunPlan,
    pub seed: u64,
    /// Whether its weights are wanted.
    pub keep: bool,
}

/// A finished run, as it is kept: a line of the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Hash of its plan.
    plan: String,
    /// Learning rate, for a reader.
    lr: f64,
    /// What it came to.
    pub outcome: Outcome,
    /// Wall-clock time.
    pub seconds: f64,
}

/// How far the work is.
pub(super) type Tell<'a> = &'a (dyn Fn(&str, f64) + Sync);

/// What is finished, and what is under way.
pub(super) struct Runs<'a> {
    dir: &'a CompareDir,
    lines: Lines,
    done: Mutex<BTreeMap<(String, u64), Kept>>,
    trials: Trials,
    tell: Tell<'a>,
    what: Mutex<&'static str>,
    ticks: AtomicU64,
    total: u64,
}

impl<'a> Runs<'a> {
    /// Reads what earlier sittings finished; `total` epochs is all there is to do.
    pub(super) fn open(dir: &'a CompareDir, total: u64, tell: Tell<'a>) -> Result<Self, Error> {
        let (lines, before) = dir.held.lines(RUNS)?;
        let mut done = BTreeMap::new();
        for (i, line) in before.iter().enumerate() {
            let why = |e: serde_json::Error| {
                StoreError::damaged(&dir.dir.join(RUNS), format!("line {}: {e}", i + 1))
            };
            let kept: Kept = serde_json::from_str(line).map_err(why)?;
            done.insert((kept.plan.clone(), kept.outcome.seed), kept);
        }
        Ok(Self {
            dir,
            lines,
            done: Mutex::new(done),
            trials: Trials::default(),
            tell,
            what: Mutex::new(""),
            ticks: AtomicU64::new(0),
            total,
        })
    }

    /// Does the runs that are not finished, all cores at work. Returns whether it was interrupted.
    pub(super) fn run(
        &self,
        what: &'static str,
        jobs: &[Job],
        control: &Control<'_>,
    ) -> Result<bool, Error> {
        *self
            .what
            .lock()
            .expect("nothing panics while it holds a name") = what;
        let open: Vec<&Job> = jobs.iter().filter(|j| !self.is_done(j)).collect();
        for _ in 0..jobs.len() - open.len() {
            self.advance(jobs[0].plan.epochs + 1);
        }
        let Some(first) = open.first() else {
            return Ok(control.cancelled());
        };
        let (outer, inner) = resources::lanes(&first.plan, open.len());
        let queue = Mutex::new(open.iter());
        let failed: Mutex<Option<Error>> = Mutex::new(None);
        let (interrupted, running) = (AtomicBool::new(false), AtomicU64::new(first.seed));
        let work = || {
            loop {
                let stop = control.cancelled() || failed.lock().is_ok_and(|f| f.is_some());
                let next = || {
                    queue
                        .lock()
                        .expect("no run panics while it holds the queue")
                        .next()
                };
                let Some(job) = (!stop).then(next).flatten() else {
                    return;
                };
                running.store(job.seed, Ordering::Relaxed);
                match self.one(job, inner, control) {
                    Ok(stopped) => {
                        interrupted.fetch_or(stopped, Ordering::Relaxed);
                    }
                    Err(error) => {
                        let mut failed = failed.lock().expect("errors are stored without panic");
                        failed.get_or_insert(error);
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
            let seed = running.load(Ordering::Relaxed);
            return Err(Kind::Panic { seed }.into());
        }
        match failed.into_inner().expect("all lanes have ended") {
            Some(error) => Err(error),
            None => Ok(interrupted.into_inner() || control.cancelled()),
        }
    }

    /// One run; whether it was interrupted, and then nothing of it is kept.
    fn one(&self, job: &Job, threads: usize, control: &Control<'_>) -> Result<bool, Error> {
        let started = Instant::now();
        let count = |progress: &Progress<'_>| {
            if let Progress::Epoch { .. } = progress {
                self.tick();
            }
        };
        let watched = Control {
            progress: Some(&count),
            cancel: control.cancel,
        };
        let keep = Keep { weights: job.keep };
        let trial = self
            .trials
            .run(&job.plan, job.seed, threads, &watched, keep)?;
        if trial.stopped == StopReason::Interrupted {
            return Ok(true);
        }
        // A run that broke off has fewer epochs than were counted on.
        self.advance(job.plan.epochs - trial.epoch.min(job.plan.epochs));
        if job.keep {
            // Weights first: a line says that they are there.
            self.dir
                .held
                .write_tensors(&weights_file(job), trial.epoch, &trial.weights)?;
        }
        let kept = Kept {
            plan: plan_hash(&job.plan),
            lr: job.plan.lr,
            outcome: Outcome::of(job.seed, &trial.curve, &trial.account, &trial.stopped),
            seconds: started.elapsed().as_secs_f64(),
        };
        let line = serde_json::to_string(&kept).expect("an outcome is plain data");
        self.lines.add(&line)?;
        // What is compared is what is stored, to the last bit.
        let kept: Kept = serde_json::from_str(&line).expect("it was written as JSON");
        let mut done = self
            .done
            .lock()
            .expect("nothing panics while it holds the runs");
        done.insert((kept.plan.clone(), job.seed), kept);
        Ok(false)
    }

    fn is_done(&self, job: &Job) -> bool {
        let weights = || self.dir.dir.join(weights_file(job)).exists();
        self.get(job).is_some() && (!job.keep || weights())
    }

    /// A finished run.
    pub(super) fn get(&self, job: &Job) -> Option<Kept> {
        let done = self
            .done
            .lock()
            .expect("nothing panics while it holds the runs");
        done.get(&(plan_hash(&job.plan), job.seed)).cloned()
    }

    /// The weights of a finished run.
    pub(super) fn weights(&self, job: &Job) -> Result<Vec<NamedTensor>, Error> {
        Ok(read_safetensors(&self.dir.dir.join(weights_file(job)))?.tensors)
    }

    /// An epoch is done.
    pub(super) fn tick(&self) {
        self.advance(1);
    }

    pub(super) fn advance(&self, epochs: u64) {
        let done = self.ticks.fetch_add(epochs, Ordering::Relaxed) + epochs;
        let what = *self
            .what
            .lock()
            .expect("nothing panics while it holds a name");
        (self.tell)(what, done as f64 / self.total.max(1) as f64);
    }

    /// Says what is done now.
    pub(super) fn now(&self, what: &'static str) {
        *self
            .what
            .lock()
            .expect("nothing panics while it holds a name") = what;
    }
}

fn weights_file(job: &Job) -> String {
    format!(
        "weights/{}-seed-{}.safetensors",
        plan_hash(&job.plan),
        job.seed
    )
}
