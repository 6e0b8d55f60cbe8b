//! The observer that writes a run down, reads the probes and tells how it goes.

use crate::lab::{Control, Progress};
use crate::stopper::Stopper;
use dunwu_analysis::{Context, current_stage};
use dunwu_core::{
    Cost, Curve, Dataset, Flow, Metrics, NamedTensor, Needs, Observer, Probe, Reading, RunEvent,
    RunPlan, Snapshot, StopReason, is_weight,
};
use dunwu_store::{SeedWriter, StoreError};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Kept checkpoints of a run, where the plan does not say how far apart.
const CHECKPOINTS: u64 = 24;
/// Accuracies whose first crossing is worth a checkpoint.
pub(crate) const CROSSINGS: [(&str, f64); 3] =
    [("train_acc", 0.99), ("test_acc", 0.5), ("test_acc", 0.99)];

/// One seed's observer.
pub(crate) struct Recorder<'a> {
    plan: &'a RunPlan,
    data: &'a Dataset,
    seed: u64,
    context: Context,
    control: &'a Control<'a>,
    writer: SeedWriter,
    probes: Vec<Box<dyn Probe>>,
    /// Threads that read the probes.
    pub threads: usize,
    /// All readings so far, those of earlier sittings included.
    pub curve: Curve,
    crossed: [bool; CROSSINGS.len()],
    stopper: Stopper,
    saved_at: Instant,
    /// Wall-clock time between saves.
    save_every: Duration,
    /// The first failure to write; ends the run.
    pub failed: Option<StoreError>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(
        plan: &'a RunPlan,
        data: &'a Dataset,
        seed: u64,
        context: Context,
        control: &'a Control<'a>,
        writer: SeedWriter,
        probes: Vec<Box<dyn Probe>>,
    ) -> Self {
        let stopper = Stopper::new(plan, context.chance);
        Self {
            plan,
            data,
            seed,
            context,
            control,
            writer,
            probes,
            threads: 1,
            curve: Curve::default(),
            crossed: [false; CROSSINGS.len()],
            stopper,
            saved_at: Instant::now(),
            save_every: Duration::try_from_secs_f64(plan.save_seconds).unwrap_or(Duration::MAX),
            failed: None,
        }
    }

    /// Takes up where an earlier sitting left.
    pub(crate) fn resume(&mut self, curve: Curve, saved: &[NamedTensor]) {
        for (seen, (column, threshold)) in self.crossed.iter_mut().zip(CROSSINGS) {
            *seen = curve.points(column).any(|(_, value)| value >= threshold);
        }
        restore(&mut self.probes, saved);
        self.curve = curve;
    }

    /// Ends the record of this seed.
    pub(crate) fn finish(mut self, outcome: &serde_json::Value) -> Result<Curve, StoreError> {
        self.keep(self.curve.epochs().last().copied().unwrap_or(0))?;
        self.writer.finish(outcome)?;
        Ok(self.curve)
    }

    fn set(&mut self, epoch: u64, column: &str, value: f64) {
        self.curve.set(epoch, column, value);
        self.writer.record(epoch, column, value);
    }

    fn record(&mut self, m: &Metrics) {
        for (column, value) in columns(m) {
            self.set(m.epoch, column, value);
        }
    }

    /// Whether the probe is read at this epoch.
    fn is_due(&self, cost: Cost, epoch: u64) -> bool {
        is_due(self.plan, cost, epoch)
    }

    fn measure(&mut self, epoch: u64, snapshot: &Snapshot<'_>) {
        let due: Vec<bool> = self
            .probes
            .iter()
            .map(|p| self.is_due(p.cost(), epoch))
            .collect();
        let probes = self.probes.iter_mut().zip(due).filter(|(_, due)| *due);
        let probes = probes.map(|(probe, _)| probe).collect();
        for reading in read(probes, snapshot, self.data, self.threads) {
            self.set(epoch, &reading.name, reading.value);
        }
    }

    /// Whether a threshold is crossed for the first time.
    fn crosses(&mut self, m: &Metrics) -> bool {
        let mut any = false;
        for (seen, (column, threshold)) in self.crossed.iter_mut().zip(CROSSINGS) {
            let value = if column == "train_acc" {
                Some(m.train.accuracy)
            } else {
                m.test.map(|t| t.accuracy)
            };
            if !*seen && value.is_some_and(|v| v >= threshold) {
                *seen = true;
                any = true;
            }
        }
        any
    }

    fn save(&mut self, snapshot: &Snapshot<'_>) -> Result<(), StoreError> {
        self.writer
            .commit(&state_of(snapshot), &probe_states(&self.probes))?;
        self.keep(snapshot.epoch)?;
        self.saved_at = Instant::now();
        Ok(())
    }

    /// Writes what probes keep beside the curve. The resume point has it too, so nothing hangs on this file.
    fn keep(&mut self, epoch: u64) -> Result<(), StoreError> {
        for probe in &self.probes {
            let tensors = probe.record();
            if !tensors.is_empty() {
                self.writer.keep(probe.name(), epoch, &tensors)?;
            }
        }
        Ok(())
    }

    fn epoch(&mut self, m: &Metrics, snapshot: &Snapshot<'_>) -> Result<Flow, StoreError> {
        let cancelled = self.control.cancelled();
        if is_resumable(self.plan, m) && (cancelled || self.saved_at.elapsed() >= self.save_every) {
            self.save(snapshot)?;
            if cancelled {
                return Ok(Flow::Stop(StopReason::Interrupted));
            }
        }
        self.record(m);
        self.measure(m.epoch, snapshot);
        if self.crosses(m) || is_kept(self.plan, m.epoch) || !m.train.loss.is_finite() {
            self.writer.checkpoint(&weights_of(snapshot))?;
        }
        let stage = || current_stage(&self.curve, &self.context);
        self.control.tell(&Progress::Epoch {
            seed: self.seed,
            metrics: m,
            stage: &stage,
        });
        if let Some(why) = self.stopper.look(&self.curve) {
            // The page shows the network at its end.
            self.writer.checkpoint(&weights_of(snapshot))?;
            return Ok(Flow::Stop(StopReason::Observer(why)));
        }
        Ok(Flow::Continue)
    }
}

/// Whether a run may go on from this epoch: one that does evaluates there, so that crossings between evaluations are
/// found again. One whose numbers are not finite ends here.
pub(crate) fn is_resumable(plan: &RunPlan, m: &Metrics) -> bool {
    m.epoch.is_multiple_of(plan.eval_every) && m.train.loss.is_finite()
}

/// The scores of an epoch as columns of a curve.
pub(crate) fn columns(m: &Metrics) -> impl Iterator<Item = (&'static str, f64)> {
    let test = m.test;
    let noisy = m.noisy;
    [
        ("lr", Some(m.lr)),
        ("train_loss", Some(m.train.loss)),
        ("train_acc", Some(m.train.accuracy)),
        ("test_loss", test.map(|s| s.loss)),
        ("test_acc", test.map(|s| s.accuracy)),
        ("noisy_loss", noisy.map(|s| s.loss)),
        ("noisy_acc", noisy.map(|s| s.accuracy)),
        ("noisy_clean_acc", m.noisy_clean_accuracy),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
}

/// Whether a probe of that cost is read at an epoch.
pub(crate) fn is_due(plan: &RunPlan, cost: Cost, epoch: u64) -> bool {
    cost == Cost::Cheap || epoch.is_multiple_of(plan.probe_every) || epoch == plan.epochs
}

/// Weights from which a second thread for the probes is worth its start.
const LARGE: usize = 1 << 16;

/// Readings of all probes, in their order, on up to `threads` threads.
pub(crate) fn read(
    probes: Vec<&mut Box<dyn Probe>>,
    snapshot: &Snapshot<'_>,
    data: &Dataset,
    threads: usize,
) -> Vec<Reading> {
    let measure = |probe: &mut Box<dyn Probe>| probe.measure(snapshot, data);
    let weights: usize = snapshot.tensors.iter().map(|t| t.rows * t.cols).sum();
    let threads = if weights < LARGE {
        1
    } else {
        threads.min(probes.len())
    };
    if threads <= 1 {
        return probes.into_iter().flat_map(measure).collect();
    }
    let waiting = Mutex::new(probes.into_iter().enumerate());
    let work = || {
        let next = || waiting.lock().expect("no probe runs under the lock").next();
        let done = std::iter::from_fn(|| next().map(|(i, probe)| (i, measure(probe))));
        done.collect::<Vec<_>>()
    };
    let mut all = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            all.extend(other.join().expect("a probe that fails gives no readings"));
        }
        all
    });
    all.sort_by_key(|(i, _)| *i);
    all.into_iter().flat_map(|(_, readings)| readings).collect()
}

impl Observer for Recorder<'_> {
    fn needs(&mut self, epoch: u64) -> Needs {
        // Weights and state are lent, not copied: they cost nothing.
        let due = self.probes.iter().filter(|p| self.is_due(p.cost(), epoch));
        due.fold(Needs::STATE, |needs, probe| needs.or(probe.needs()))
    }

    fn observe(&mut self, event: &RunEvent<'_>) -> Flow {
        let result = match event {
            RunEvent::Started {
                from_epoch,
                parameters,
                ..
            } => {
                self.control.tell(&Progress::Started {
                    seed: self.seed,
                    from_epoch: *from_epoch,
                    parameters: *parameters,
                });
                Ok(Flow::Continue)
            }
            RunEvent::Epoch { metrics, snapshot } => self.epoch(metrics, snapshot),
            RunEvent::Refined { metrics } => {
                self.record(metrics);
                Ok(Flow::Continue)
            }
            RunEvent::Finished { reason, .. } => {
                // An interrupted run saves the state of an epoch that it has not recorded yet.
                let epoch = self.curve.epochs().last().copied();
                let event = serde_json::json!({ "seed": self.seed, "event": "finished", "epoch": epoch, "reason": reason.phrase() });
                self.writer.event(&event).map(|()| Flow::Continue)
            }
        };
        result.unwrap_or_else(|error| {
            let flow = Flow::Stop(StopReason::Observer(format!(
                "the record could not be written: {error}"
            )));
            self.failed.get_or_insert(error);
            flow
        })
    }
}

/// Weights alone, for kept checkpoints.
pub(crate) fn weights_of<'a>(snapshot: &Snapshot<'a>) -> Snapshot<'a> {
    only(snapshot, is_weight)
}

/// What the probes remember, each under its number.
pub(crate) fn probe_states(probes: &[Box<dyn Probe>]) -> Vec<NamedTensor> {
    let states = probes.iter().enumerate().flat_map(|(i, probe)| {
        probe.save().into_iter().map(move |t| NamedTensor {
            name: format!("{i}.{}", t.name),
            ..t
        })
    });
    states.collect()
}

/// Gives the probes back what [`probe_states`] took.
pub(crate) fn restore(probes: &mut [Box<dyn Probe>], saved: &[NamedTensor]) {
    for (i, probe) in probes.iter_mut().enumerate() {
        let prefix = format!("{i}.");
        let own = saved.iter().filter_map(|t| {
            let name = t.name.strip_prefix(&prefix)?.to_owned();
            Some(NamedTensor { name, ..t.clone() })
        });
        probe.restore(&own.collect::<Vec<_>>());
    }
}

/// Weights and optimiser state, for resuming.
pub(crate) fn state_of<'a>(snapshot: &Snapshot<'a>) -> Snapshot<'a> {
    only(snapshot, |name| {
        is_weight(name) || name.starts_with("optimizer.")
    })
}

/// The tensors whose names hold.
fn only<'a>(snapshot: &Snapshot<'a>, keep: impl Fn(&str) -> bool) -> Snapshot<'a> {
    let tensors = snapshot.tensors.iter().filter(|t| keep(&t.name));
    Snapshot {
        epoch: snapshot.epoch,
        tensors: tensors.cloned().collect(),
    }
}

/// Whether a checkpoint is kept: of the first epoch, the last, those of the plan, and a spread over the run.
fn is_kept(plan: &RunPlan, epoch: u64) -> bool {
    let apart = match plan.checkpoint_every {
        0 => (plan.epochs / CHECKPOINTS).max(1),
        apart => apart,
    };
    epoch == plan.epochs || epoch.is_multiple_of(apart) || plan.checkpoints.contains(&epoch)
}

#[cfg(test)]
mod tests {
    use super::is_kept;
    use dunwu_core::RunSpec;

    #[test]
    fn checkpoints_are_kept_at_the_ends_between_and_where_asked() {
        let kept = |words: &[&str]| {
            let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
            (0..=plan.epochs.min(100))
                .filter(|e| is_kept(&plan, *e))
                .collect::<Vec<_>>()
        };
        let words = ["epochs=25", "checkpoint_every=10", "checkpoints=3"];
        assert_eq!(kept(&words), [0, 3, 10, 20, 25]);
        assert_eq!(kept(&["epochs=48"]).len(), 25);
        // Nothing is listed: as many epochs as a plan may have cost nothing.
        let many = ["epochs=9007199254740992", "checkpoint_every=50"];
        assert_eq!(kept(&many), [0, 50, 100]);
    }
}
