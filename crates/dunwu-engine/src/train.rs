//! The loop of a run.

use crate::error::EngineError;
use crate::real::Real;
use crate::trainer::{Saved, Trainer};
use dunwu_core::{
    Dataset, Flow, Metrics, Observer, Precision, RunEvent, RunPlan, Snapshot, StopReason,
};

/// Test accuracies whose crossing is timed exactly even if `eval_every` is above 1.
const EXACT: [f64; 2] = [0.5, 0.99];

/// Where a run goes on.
#[derive(Clone, Copy, Debug)]
pub struct Resume<'a> {
    /// Number of epochs done.
    pub epoch: u64,
    /// Weights and, past epoch 0, the optimiser's state: a snapshot with [`dunwu_core::Needs::STATE`].
    pub state: &'a Snapshot<'a>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Epoch of the last scores.
    pub epoch: u64,
    /// The last scores.
    pub last: Metrics,
    /// Why it ended.
    pub stopped: StopReason,
}

/// Trains one network and tells the observer.
///
/// Events: `Started`; `Epoch` for each epoch from the first (0, or where it is resumed) to the last;
/// `Refined` for epochs that lie between evaluations around a crossing; `Finished`. The bits do not
/// depend on `threads`.
///
/// # Errors
/// A plan that the engine does not run, a data set without training rows, or a state that does not fit.
pub fn train(
    plan: &RunPlan,
    data: &Dataset,
    seed: u64,
    threads: usize,
    resume: Option<Resume<'_>>,
    observer: &mut dyn Observer,
) -> Result<Outcome, EngineError> {
    match plan.precision {
        Precision::F32 => run::<f32>(plan, data, seed, threads, resume, observer),
        Precision::F64 => run::<f64>(plan, data, seed, threads, resume, observer),
    }
}

fn run<T: Real>(
    plan: &RunPlan,
    data: &Dataset,
    seed: u64,
    threads: usize,
    resume: Option<Resume<'_>>,
    observer: &mut dyn Observer,
) -> Result<Outcome, EngineError> {
    let mut trainer = Trainer::<T>::new(plan, data, seed, threads)?;
    let first = resume.map_or(0, |r| r.epoch);
    if let Some(resume) = resume {
        trainer.restore(resume.state, resume.epoch)?;
    }
    let started = RunEvent::Started {
        plan,
        seed,
        parameters: trainer.parameters(),
        from_epoch: first,
    };
    let mut flow = observer.observe(&started);
    let mut last_seen: Option<Seen<T>> = None;
    let whole = !trainer.has_batches();
    let mut epoch = first;
    loop {
        let needs = observer.needs(epoch);
        let last = epoch >= plan.epochs;
        let test = last || epoch.is_multiple_of(plan.eval_every);
        let descend = (whole && !last) || needs.gradients;
        let mut metrics = trainer.evaluate(epoch, test, descend, needs.outputs);
        if test && plan.eval_every > 1 {
            if last_seen
                .as_ref()
                .is_some_and(|seen| seen.crossed(&metrics))
            {
                let seen = last_seen.as_ref().expect("just looked at");
                flow = join(flow, refine(&mut trainer, seen, epoch, observer));
                metrics = trainer.evaluate(epoch, test, descend, needs.outputs);
            }
            last_seen = metrics.test.map(|t| Seen {
                epoch,
                accuracy: t.accuracy,
                saved: trainer.save(),
            });
        }
        if descend {
            trainer.descend();
        }
        let snapshot = trainer.snapshot(epoch, needs);
        flow = join(
            flow,
            observer.observe(&RunEvent::Epoch {
                metrics: &metrics,
                snapshot: &snapshot,
            }),
        );
        let stopped = if !metrics.train.loss.is_finite() {
            Some(StopReason::Diverged {
                epoch,
                tensor: trainer.broken(),
            })
        } else if let Flow::Stop(reason) = &flow {
            Some(reason.clone())
        } else {
            last.then_some(StopReason::Completed)
        };
        if let Some(stopped) = stopped {
            observer.observe(&RunEvent::Finished {
                epoch,
                reason: &stopped,
            });
            return Ok(Outcome {
                epoch,
                last: metrics,
                stopped,
            });
        }
        trainer.update(epoch);
        epoch += 1;
    }
}

/// The last evaluation of the held-out rows.
struct Seen<T> {
    epoch: u64,
    accuracy: f64,
    saved: Saved<T>,
}

impl<T> Seen<T> {
    /// Whether a threshold lies between it and the later scores.
    fn crossed(&self, later: &Metrics) -> bool {
        let Some(test) = later.test else { return false };
        EXACT
            .iter()
            .any(|t| self.accuracy < *t && test.accuracy >= *t)
    }
}

/// Goes back to the last evaluation and comes again with exact scores at every epoch between.
fn refine<T: Real>(
    trainer: &mut Trainer<'_, T>,
    seen: &Seen<T>,
    epoch: u64,
    observer: &mut dyn Observer,
) -> Flow {
    trainer.load(&seen.saved);
    let mut flow = Flow::Continue;
    let whole = !trainer.has_batches();
    for e in seen.epoch..epoch {
        let metrics = trainer.evaluate(e, e > seen.epoch, whole, false);
        if e > seen.epoch {
            flow = join(
                flow,
                observer.observe(&RunEvent::Refined { metrics: &metrics }),
            );
        }
        if whole {
            trainer.descend();
        }
        trainer.update(e);
    }
    flow
}

/// The first stop wins.
fn join(earlier: Flow, later: Flow) -> Flow {
    if matches!(earlier, Flow::Stop(_)) {
        earlier
    } else {
        later
    }
}
