//! What the engine tells its observers.

use crate::{Needs, RunPlan, Snapshot};

/// Loss and accuracy over some rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Mean loss, as the plan's loss defines it, without weight decay.
    pub loss: f64,
    /// Share of rows whose largest output is the label, in [0, 1].
    pub accuracy: f64,
}

/// Scores after `epoch` updates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    /// Number of updates made (epochs, for mini-batches).
    pub epoch: u64,
    /// Learning rate of the update that follows.
    pub lr: f64,
    /// All training rows.
    pub train: Score,
    /// Held-out rows; None if there are none or they were not evaluated at this epoch.
    pub test: Option<Score>,
    /// Training rows with a replaced label, scored against that label.
    pub noisy: Option<Score>,
    /// Share of the rows with a replaced label that are answered with the true one.
    pub noisy_clean_accuracy: Option<f64>,
}

/// Why a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum StopReason {
    /// All epochs of the plan were done.
    Completed,
    /// An observer asked for it, with its reason.
    Observer(String),
    /// A number stopped being finite.
    Diverged {
        /// Epoch at which it was seen.
        epoch: u64,
        /// First tensor that was not finite, such as `hidden.0` or `outputs`.
        tensor: String,
    },
    /// The user asked for it; the run can be resumed.
    Interrupted,
}

impl StopReason {
    /// One phrase, as recorded and printed.
    pub fn phrase(&self) -> String {
        match self {
            StopReason::Completed => "completed".into(),
            StopReason::Observer(why) => why.clone(),
            StopReason::Diverged { epoch, tensor } => {
                format!("diverged at epoch {epoch}: {tensor} is not finite")
            }
            StopReason::Interrupted => "interrupted".into(),
        }
    }
}

/// Something that happened in a run.
#[derive(Debug)]
pub enum RunEvent<'a> {
    /// Training starts, at epoch 0 or where it is resumed.
    Started {
        /// The plan.
        plan: &'a RunPlan,
        /// Seed of this run.
        seed: u64,
        /// Number of trained numbers.
        parameters: usize,
        /// First epoch that will be reported.
        from_epoch: u64,
    },
    /// The network after `metrics.epoch` updates, with the tensors that were wanted.
    Epoch {
        /// Scores.
        metrics: &'a Metrics,
        /// What observers asked for.
        snapshot: &'a Snapshot<'a>,
    },
    /// Exact scores of an epoch that was reported without a test score, because a crossing lies near.
    Refined {
        /// Scores, with the test score.
        metrics: &'a Metrics,
    },
    /// Training ended.
    Finished {
        /// Epoch of the last scores.
        epoch: u64,
        /// Why.
        reason: &'a StopReason,
    },
}

/// An observer's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// End the run after this event, for the reason given.
    Stop(StopReason),
}

/// Somebody who watches a run: recorder, probes, progress bar, early stopper.
pub trait Observer {
    /// What the snapshot of this epoch must hold. Asked once, before the epoch is computed.
    fn needs(&mut self, epoch: u64) -> Needs {
        let _ = epoch;
        Needs::NONE
    }

    /// Takes an event.
    fn observe(&mut self, event: &RunEvent<'_>) -> Flow;
}
