//! Runs in memory: no directory, no page.

use crate::error::Error;
use crate::files::Sources;
use crate::lab::{Control, Progress};
use crate::recorder::{is_resumable, probe_states, read, restore, state_of};
use crate::stopper::Stopper;
use dunwu_analysis::{Account, Context, account, crossing};
use dunwu_core::{
    Cost, Curve, Dataset, Flow, Metrics, NamedTensor, Needs, Observer, Probe, RunEvent, RunPlan,
    Snapshot, StopReason,
};
use dunwu_engine::Resume;
use dunwu_probe::Setting;
use dunwu_store::ResumePoint;
use dunwu_task::{Features, Task};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a trial keeps beside its curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// The weights at the last epoch.
    pub weights: bool,
}

/// One run, in memory.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Its seed.
    pub seed: u64,
    /// Last epoch reached.
    pub epoch: u64,
    /// Why it ended.
    pub stopped: StopReason,
    /// All readings.
    pub curve: Curve,
    /// What they mean.
    pub account: Account,
    /// First epoch at which held-out accuracy reached the plan's `stop_accuracy`.
    pub generalised: Option<u64>,
    /// The last scores.
    pub last: Metrics,
    /// Number of classes M.
    pub classes: usize,
    /// Rows that it was trained on.
    pub trained_on: usize,
    /// Rows that were held out.
    pub held_out: usize,
    /// All rows of the task.
    pub rows: usize,
    /// The weights at the last epoch, if they were asked for.
    pub weights: Vec<NamedTensor>,
    /// What its account took from the task.
    pub(crate) of_task: OfTask,
}

/// What the account of a run takes from its task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OfTask {
    /// Accuracy of always giving the commonest label.
    pub chance: f64,
    /// Features that could be learned, where a probe asked for them and the task has any.
    pub features: Option<usize>,
    /// Whether several tokens of a row are answers.
    pub tokens: bool,
}

/// How a run went, without what follows from it.
pub(crate) struct Went {
    pub seed: u64,
    pub epoch: u64,
    pub stopped: StopReason,
    pub curve: Curve,
    pub last: Metrics,
    pub classes: usize,
    pub trained_on: usize,
    pub held_out: usize,
    pub rows: usize,
    pub weights: Vec<NamedTensor>,
    pub of_task: OfTask,
}

impl Went {
    /// With what follows from it.
    pub(crate) fn trial(self, plan: &RunPlan) -> Trial {
        let context = Context {
            classes: self.classes,
            chance: self.of_task.chance,
            features: self.of_task.features,
            held_out: self.held_out,
            complete: self.stopped != StopReason::Interrupted,
            stopped: Some(self.stopped.clone()),
            lr: Some(plan.lr),
            weight_decay: Some(plan.weight_decay),
            transformer: plan.transformer.is_some(),
            epoch_updates: plan.epoch_updates,
            norm_held: plan.weight_norm > 0.0,
            tokens: self.of_task.tokens,
        };
        Trial {
            seed: self.seed,
            epoch: self.epoch,
            account: account(&self.curve, &context),
            generalised: crossing(&self.curve, "test_acc", plan.stop_accuracy).first,
            stopped: self.stopped,
            curve: self.curve,
            last: self.last,
            classes: self.classes,
            trained_on: self.trained_on,
            held_out: self.held_out,
            rows: self.rows,
            weights: self.weights,
            of_task: self.of_task,
        }
    }
}

/// Trains one network and keeps nothing on the disk. The same bits as those of a run directory with that
/// plan and seed.
///
/// ```
/// use dunwu::{Control, Keep, RunSpec};
/// let plan = RunSpec::from_overrides(["task=Z5", "width=32", "epochs=20"])?.resolve()?;
/// let trial = dunwu::trial(&plan, 0, 1, &Control::default(), Keep::default())?;
/// assert_eq!((trial.epoch, trial.trained_on + trial.held_out), (20, 25));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A plan that cannot be run, or a file that it names and that cannot be read.
pub fn trial(
    plan: &RunPlan,
    seed: u64,
    threads: usize,
    control: &Control<'_>,
    keep: Keep,
) -> Result<Trial, Error> {
    Trials::default().run(plan, seed, threads, control, keep)
}

/// Trains networks in memory and keeps the tasks that it has built: for many runs of few tasks.
#[derive(Default)]
pub struct Trials {
    built: Mutex<BTreeMap<String, Arc<Built>>>,
}

/// Where a trial is saved as it goes, so that a kill costs what it did since.
pub(crate) trait Saves {
    /// Where an earlier sitting left off; None if nothing was saved.
    fn point(&self) -> Result<Option<ResumePoint>, Error>;
    /// Saves it; it is on the disk when this returns.
    fn save(&self, point: ResumePoint) -> Result<(), Error>;
}

/// What a trial begins with beside its plan.
#[derive(Clone, Copy, Default)]
pub(crate) struct Begin<'a> {
    /// Weights that stand for what the plan's `from` names.
    pub weights: Option<&'a [NamedTensor]>,
    /// Where it is saved every `save_seconds`.
    pub saves: Option<&'a dyn Saves>,
}

/// A task with what follows from it.
struct Built {
    task: Task,
    sources: Sources,
    features: Mutex<Option<Option<Arc<Features>>>>,
}

impl Built {
    /// Features that can be learned, computed when they are first asked for.
    fn features(&self) -> Option<Arc<Features>> {
        let mut known = self.features.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get_or_insert_with(|| self.task.features().map(Arc::new))
            .clone()
    }
}

impl Trials {
    /// [`trial`].
    ///
    /// # Errors
    /// Those of [`trial`].
    pub fn run(
        &self,
        plan: &RunPlan,
        seed: u64,
        threads: usize,
        control: &Control<'_>,
        keep: Keep,
    ) -> Result<Trial, Error> {
        self.run_from(plan, seed, threads, control, keep, Begin::default())
    }

    /// [`trial`] from what it begins with.
    pub(crate) fn run_from(
        &self,
        plan: &RunPlan,
        seed: u64,
        threads: usize,
        control: &Control<'_>,
        keep: Keep,
        begin: Begin<'_>,
    ) -> Result<Trial, Error> {
        let entries = dunwu_probe::select(&plan.probes)?;
        let built = self.built(plan)?;
        let read = |path: &str| built.sources.read(path);
        let data = built.task.dataset(plan, seed, &read)?;
        let start = match begin.weights {
            Some(weights) => Some(weights.to_vec()),
            None => {
                crate::start::check_task(plan)?;
                built.sources.start(plan)?
            }
        };
        if let Some(weights) = &start {
            crate::start::check(plan, &data, weights)?;
        }
        let point = begin.saves.map(Saves::point).transpose()?.flatten();
        let state = match &point {
            Some(point) => Some(Snapshot::of(point.epoch, &point.state)),
            None => start.as_ref().map(|weights| Snapshot::of(0, weights)),
        };
        let first = state.as_ref().map(|state| Resume {
            epoch: state.epoch,
            state,
        });
        // Nothing but probes asks for features, and some take long to find.
        let features = (!entries.is_empty()).then(|| built.features()).flatten();
        let setting = Setting {
            plan,
            features: features.as_deref(),
        };
        let mut watcher = Watcher {
            plan,
            data: &data,
            seed,
            control,
            keep,
            threads,
            probes: entries.iter().map(|entry| (entry.make)(&setting)).collect(),
            stopper: Stopper::new(plan, built.task.chance()),
            curve: Curve::default(),
            weights: vec![],
            saves: begin.saves,
            saved_at: Instant::now(),
            save_every: Duration::try_from_secs_f64(plan.save_seconds).unwrap_or(Duration::MAX),
            failed: None,
        };
        if let Some(point) = &point {
            restore(&mut watcher.probes, &point.probes);
            watcher.curve = point.curve.clone();
        }
        let outcome = dunwu_engine::train(plan, &data, seed, threads, first, &mut watcher)?;
        if let Some(error) = watcher.failed {
            return Err(error);
        }
        let (curve, weights) = (watcher.curve, watcher.weights);
        let went = Went {
            seed,
            epoch: outcome.epoch,
            stopped: outcome.stopped,
            curve,
            last: outcome.last,
            classes: data.classes,
            trained_on: data.train.len(),
            held_out: data.test.len(),
            rows: data.len(),
            weights,
            of_task: OfTask {
                chance: built.task.chance(),
                features: features.map(|f| f.names.len() - 1),
                tokens: built.task.counts_tokens(plan),
            },
        };
        Ok(went.trial(plan))
    }

    fn built(&self, plan: &RunPlan) -> Result<Arc<Built>, Error> {
        let key = format!("{} {} {}", plan.task, plan.operands, plan.quasigroup);
        let all = || self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(built) = all().get(&key) {
            return Ok(Arc::clone(built));
        }
        let sources = Sources::now(plan);
        let task = Task::from_plan(plan, &|path| sources.read(path))?;
        let built = Arc::new(Built {
            task,
            sources,
            features: Mutex::new(None),
        });
        // A split file changes from plan to plan, so its text is not kept.
        if dunwu_task::files(plan).is_empty() {
            all().insert(key, Arc::clone(&built));
        }
        Ok(built)
    }
}

/// The observer of a trial.
struct Watcher<'a> {
    plan: &'a RunPlan,
    data: &'a Dataset,
    seed: u64,
    control: &'a Control<'a>,
    keep: Keep,
    threads: usize,
    probes: Vec<Box<dyn Probe>>,
    stopper: Stopper,
    curve: Curve,
    weights: Vec<NamedTensor>,
    saves: Option<&'a dyn Saves>,
    saved_at: Instant,
    save_every: Duration,
    /// The failure to save; ends the run.
    failed: Option<Error>,
}

impl Watcher<'_> {
    fn is_due(&self, cost: Cost, epoch: u64) -> bool {
        crate::recorder::is_due(self.plan, cost, epoch)
    }

    /// Saves what was done before this epoch, where that is due, and tells whether the run ends here.
    fn save(&mut self, m: &Metrics, snapshot: &Snapshot<'_>) -> Result<Option<StopReason>, Error> {
        // What diverges at that moment is over, not interrupted.
        let cancelled = self.control.cancelled() && m.train.loss.is_finite();
        let Some(saves) = self.saves else {
            return Ok(cancelled.then_some(StopReason::Interrupted));
        };
        let due = cancelled || self.saved_at.elapsed() >= self.save_every;
        if !due || !is_resumable(self.plan, m) {
            return Ok(None);
        }
        saves.save(ResumePoint {
            epoch: snapshot.epoch,
            state: state_of(snapshot).to_owned_tensors(),
            probes: probe_states(&self.probes),
            curve: self.curve.clone(),
        })?;
        self.saved_at = Instant::now();
        Ok(cancelled.then_some(StopReason::Interrupted))
    }
}

impl Observer for Watcher<'_> {
    fn needs(&mut self, epoch: u64) -> Needs {
        let due = self.probes.iter().filter(|p| self.is_due(p.cost(), epoch));
        // Weights and state are lent, not copied: they cost nothing.
        let own = match self.saves {
            Some(_) => Needs::STATE,
            None => Needs::WEIGHTS,
        };
        due.fold(own, |needs, probe| needs.or(probe.needs()))
    }

    fn observe(&mut self, event: &RunEvent<'_>) -> Flow {
        match event {
            RunEvent::Started {
                from_epoch,
                parameters,
                ..
            } => self.control.tell(&Progress::Started {
                seed: self.seed,
                from_epoch: *from_epoch,
                parameters: *parameters,
            }),
            RunEvent::Refined { metrics } => {
                for (name, value) in crate::recorder::columns(metrics) {
                    self.curve.set(metrics.epoch, name, value);
                }
            }
            RunEvent::Epoch { metrics, snapshot } => {
                match self.save(metrics, snapshot) {
                    Ok(None) => {}
                    Ok(Some(reason)) => return Flow::Stop(reason),
                    Err(error) => {
                        self.failed = Some(error);
                        return Flow::Stop(StopReason::Interrupted);
                    }
                }
                for (name, value) in crate::recorder::columns(metrics) {
                    self.curve.set(metrics.epoch, name, value);
                }
                let due: Vec<bool> = self
                    .probes
                    .iter()
                    .map(|p| self.is_due(p.cost(), metrics.epoch))
                    .collect();
                let probes = self.probes.iter_mut().zip(due).filter(|(_, due)| *due);
                let probes = probes.map(|(probe, _)| probe).collect();
                for reading in read(probes, snapshot, self.data, self.threads) {
                    self.curve.set(metrics.epoch, &reading.name, reading.value);
                }
                let stop = self.stopper.look(&self.curve);
                let last = metrics.epoch == self.plan.epochs || stop.is_some();
                if self.keep.weights && (last || !metrics.train.loss.is_finite()) {
                    self.weights = crate::recorder::weights_of(snapshot).to_owned_tensors();
                }
                self.control.tell(&Progress::Epoch {
                    seed: self.seed,
                    metrics,
                    stage: &|| "",
                });
                if let Some(why) = stop {
                    return Flow::Stop(StopReason::Observer(why));
                }
            }
            RunEvent::Finished { reason, .. } => self.control.tell(&Progress::Finished {
                seed: self.seed,
                reason,
            }),
        }
        Flow::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunwu_core::RunSpec;

    fn plan(words: &[&str]) -> RunPlan {
        RunSpec::from_overrides(words).unwrap().resolve().unwrap()
    }

    #[test]
    fn a_trial_is_the_run_of_a_directory() {
        let plan = plan(&["task=Z7", "width=64", "epochs=60", "probes=cheap"]);
        let keep = tempfile::tempdir().unwrap();
        let dir = camino::Utf8PathBuf::from_path_buf(keep.path().join("r")).unwrap();
        let report = crate::train(&plan, &dir, &Control::default()).unwrap();
        let trial = trial(&plan, 0, 1, &Control::default(), Keep { weights: true }).unwrap();
        assert_eq!(trial.account, report.runs[0].account);
        for (name, values) in report.runs[0].curve.columns() {
            let mine = trial.curve.column(name).unwrap();
            let same =
                |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
            assert!(mine.iter().zip(values).all(same), "{name}");
        }
        assert_eq!(trial.weights.len(), 2);
    }

    #[test]
    fn a_run_that_generalised_may_end() {
        let words = [
            "task=Z11",
            "width=256",
            "train_fraction=0.8",
            "lr=5e-3",
            "epochs=3000",
        ];
        let all = [
            &words[..],
            &["stop=generalised", "stop_accuracy=0.5", "probes=none"],
        ]
        .concat();
        let trial = trial(&plan(&all), 0, 1, &Control::default(), Keep::default()).unwrap();
        assert!(trial.epoch < 3000, "{:?}", trial.last);
        assert_eq!(trial.account.test_50.first, Some(trial.epoch));
        assert!(matches!(&trial.stopped, StopReason::Observer(why) if why.contains("generalised")));
    }
}
