//! Networks trained over a queue, each once however many rows ask for it.

use super::follow::Followed;
use super::sitting::{RunName, Sitting};
use super::stage::Halt;
use super::suite::Step;
use crate::error::{Error, Kind};
use crate::lab::{Control, Progress};
use crate::trial::{Begin, Keep, Saves, Trial, Trials};
use dunwu_core::{RunPlan, StopReason};
use dunwu_store::ResumePoint;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// The setting of a plan, and a seed.
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
    /// Those of them that a directory kept from before.
    pub kept: u64,
    /// All runs.
    pub of_runs: u64,
}

/// How runs are trained.
#[derive(Clone, Copy)]
pub(super) struct Training<'a> {
    /// Whether the weights at the end are read.
    pub weights: bool,
    /// Threads.
    pub threads: usize,
    /// How the caller stops it.
    pub control: &'a Control<'a>,
    /// What the caller hears.
    pub hear: &'a (dyn Fn(Step<'_>) + Sync),
    /// Where finished runs are kept.
    pub sitting: Option<&'a Sitting<'a>>,
}

struct Job<'a> {
    plan: &'a RunPlan,
    seed: u64,
    /// What it goes by on the disk, where it is kept.
    run: Option<RunName>,
}

fn name(plan: &RunPlan, seed: u64) -> Name {
    (plan.setting(), seed)
}

impl Runs {
    /// The runs of a plan, by seed; None if one is missing.
    pub(super) fn of(&self, plan: &RunPlan) -> Option<Vec<Arc<Trial>>> {
        let done = self.done.lock().expect("nothing panics under the lock");
        plan.every_seed()
            .map(|seed| done.get(&name(plan, seed)).cloned())
            .collect()
    }

    /// Whether a run is there, with its weights if they are asked for.
    fn has(&self, plan: &RunPlan, seed: u64, weights: bool) -> bool {
        let done = self.done.lock().expect("nothing panics under the lock");
        let found = done.get(&name(plan, seed));
        found.is_some_and(|t| !weights || !t.weights.is_empty())
    }

    /// Trains what is missing of the plans on as many lanes as there are threads, the longest first. What `from` means
    /// is known to `followed`.
    pub(super) fn train(
        &self,
        plans: &[RunPlan],
        followed: &Followed,
        how: &Training<'_>,
    ) -> Result<(), Halt> {
        let jobs = jobs(plans, followed, how);
        if let Some(sitting) = how.sitting {
            sitting.need(jobs.iter().filter_map(|job| job.run.as_ref()))?;
        }
        let missing = |job: &Job<'_>| !self.has(job.plan, job.seed, how.weights);
        let missing: Vec<Job<'_>> = jobs.into_iter().filter(missing).collect();
        let (kept, jobs) = self.take_kept(missing, how)?;
        let watch = Watch::new(&jobs, &kept, how);
        if !kept.is_empty() {
            (how.hear)(Step::GoesOn(watch.trained()));
        }
        let (outer, inner) = match jobs.len() {
            0 => return Ok(()),
            n if n < how.threads => (n, how.threads / n),
            _ => (how.threads, 1),
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
                if let Err(halt) = self.one(&job, followed, inner, &watch) {
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
        // A lane that ends while another tells says nothing.
        watch.tell();
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

    /// Takes up what was kept before, and gives the jobs that were and those that were not.
    fn take_kept<'j>(
        &self,
        missing: Vec<Job<'j>>,
        how: &Training<'_>,
    ) -> Result<(Vec<Job<'j>>, Vec<Job<'j>>), Halt> {
        let (mut kept, mut open) = (Vec::new(), Vec::new());
        for job in missing {
            if how.control.cancelled() {
                return Err(Halt::Interrupted);
            }
            match kept_run(&job, how)? {
                Some(trial) => {
                    let mut done = self.done.lock().expect("nothing panics under the lock");
                    done.insert(name(job.plan, job.seed), Arc::new(trial));
                    kept.push(job);
                }
                None => open.push(job),
            }
        }
        Ok((kept, open))
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
        watch: &Watch<'_>,
    ) -> Result<(), Halt> {
        let how = watch.how;
        if how.control.cancelled() {
            return Err(Halt::Interrupted);
        }
        let before = AtomicU64::new(0);
        let hear = |event: &Progress<'_>| match event {
            Progress::Started { from_epoch, .. } if *from_epoch > 0 => {
                before.store(*from_epoch, Ordering::Relaxed);
                watch.go_on(*from_epoch);
            }
            Progress::Epoch { metrics, .. } => {
                let last = before.swap(metrics.epoch, Ordering::Relaxed);
                watch.advance(metrics.epoch - last.min(metrics.epoch));
            }
            Progress::Started { .. } | Progress::Finished { .. } => {}
        };
        let control = Control {
            progress: Some(&hear),
            cancel: how.control.cancel,
        };
        let keep = Keep {
            weights: how.weights,
        };
        let start = self.start(job, followed)?;
        let start = start.as_ref().map(|trial| trial.weights.as_slice());
        let saves = how
            .sitting
            .zip(job.run.as_ref())
            .map(|(sitting, run)| Saver {
                sitting,
                run,
                how,
                job,
            });
        let begin = Begin {
            weights: start,
            saves: saves.as_ref().map(|saver| saver as &dyn Saves),
        };
        let trial = self
            .trials
            .run_from(job.plan, job.seed, threads, &control, keep, begin)?;
        if trial.stopped == StopReason::Interrupted {
            return Err(Halt::Interrupted);
        }
        if let Some((sitting, run)) = how.sitting.zip(job.run.as_ref()) {
            sitting.keep(run, &trial)?;
        }
        watch.end(job.plan.epochs - trial.epoch.min(job.plan.epochs));
        let mut done = self.done.lock().expect("nothing panics under the lock");
        done.insert(name(job.plan, job.seed), Arc::new(trial));
        Ok(())
    }
}

/// Saves a run into the directory of its row.
struct Saver<'a> {
    sitting: &'a Sitting<'a>,
    run: &'a RunName,
    how: &'a Training<'a>,
    job: &'a Job<'a>,
}

impl Saves for Saver<'_> {
    /// A run whose file is damaged begins anew, and the caller hears of it.
    fn point(&self) -> Result<Option<ResumePoint>, Error> {
        let (notice, point) = match self.sitting.point(self.run) {
            Ok(None) => return Ok(None),
            Ok(Some(point)) => {
                let (at, last, seed) = (point.epoch, self.job.plan.epochs, self.job.seed);
                let goes_on = format!("the run of seed {seed} goes on from epoch {at} of {last}");
                (goes_on, Some(point))
            }
            Err(e) if e.is_damaged() => (format!("{e}; the run begins anew"), None),
            Err(e) => return Err(e),
        };
        (self.how.hear)(Step::Notice(&notice));
        Ok(point)
    }

    fn save(&self, point: ResumePoint) -> Result<(), Error> {
        self.sitting.save(self.run, point)
    }
}

/// Every run of the plans once.
fn jobs<'a>(plans: &'a [RunPlan], followed: &Followed, how: &Training<'_>) -> Vec<Job<'a>> {
    let job = |plan: &'a RunPlan, seed| {
        let after = plan.from.as_ref().and_then(|from| followed.start(from));
        let run = how.sitting.map(|_| RunName::new(plan, seed, after));
        Job { plan, seed, run }
    };
    let mut known = BTreeSet::new();
    let all = plans
        .iter()
        .flat_map(|plan| plan.every_seed().map(move |seed| (plan, seed)));
    all.filter(|(plan, seed)| known.insert(name(plan, *seed)))
        .map(|(plan, seed)| job(plan, seed))
        .collect()
}

/// A run as it was kept; one whose files are damaged is trained again, and the caller hears of it.
fn kept_run(job: &Job<'_>, how: &Training<'_>) -> Result<Option<Trial>, Halt> {
    let Some((sitting, run)) = how.sitting.zip(job.run.as_ref()) else {
        return Ok(None);
    };
    match sitting.find(run, job.plan) {
        Ok(found) => Ok(found.filter(|t| !how.weights || !t.weights.is_empty())),
        Err(e) if e.is_damaged() => {
            let notice = format!("{e}; the run is trained again");
            (how.hear)(Step::Notice(&notice));
            Ok(None)
        }
        Err(e) => Err(e.into()),
    }
}

/// Counts epochs over all lanes.
struct Watch<'a> {
    how: &'a Training<'a>,
    epochs: AtomicU64,
    of_epochs: u64,
    runs: AtomicU64,
    kept: u64,
    of_runs: u64,
    telling: AtomicBool,
}

impl<'a> Watch<'a> {
    fn new(jobs: &[Job<'_>], kept: &[Job<'_>], how: &'a Training<'a>) -> Self {
        let epochs = |jobs: &[Job<'_>]| jobs.iter().map(|j| j.plan.epochs).sum::<u64>();
        Self {
            how,
            epochs: AtomicU64::new(epochs(kept)),
            of_epochs: epochs(kept) + epochs(jobs),
            runs: AtomicU64::new(kept.len() as u64),
            kept: kept.len() as u64,
            of_runs: (kept.len() + jobs.len()) as u64,
            telling: AtomicBool::new(false),
        }
    }

    fn trained(&self) -> Trained {
        Trained {
            epochs: self.epochs.load(Ordering::Relaxed),
            of_epochs: self.of_epochs,
            runs: self.runs.load(Ordering::Relaxed),
            kept: self.kept,
            of_runs: self.of_runs,
        }
    }

    /// Counts what an earlier sitting did of a run.
    fn go_on(&self, epochs: u64) {
        self.epochs.fetch_add(epochs, Ordering::Relaxed);
        (self.how.hear)(Step::GoesOn(self.trained()));
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
        (self.how.hear)(Step::Training(self.trained()));
        self.telling.store(false, Ordering::Release);
    }
}
