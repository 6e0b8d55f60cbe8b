//! When a run ends before its last epoch, as the plan's key `stop` says.

use dunwu_analysis::boundary::settled;
use dunwu_core::{Curve, RunPlan, Stop};

/// Looks at a run's readings now and then, and says when nothing more is to be learned.
#[derive(Debug)]
pub(crate) struct Stopper {
    stop: Stop,
    threshold: f64,
    budget: u64,
    chance: f64,
}

impl Stopper {
    /// `chance` is the accuracy of guessing.
    pub(crate) fn new(plan: &RunPlan, chance: f64) -> Self {
        Self {
            stop: plan.stop,
            threshold: plan.stop_accuracy,
            budget: plan.epochs,
            chance,
        }
    }

    /// Why the run ends at its last reading, if it does.
    pub(crate) fn look(&self, curve: &Curve) -> Option<String> {
        let last = curve.epochs().last().copied()?;
        // Only an evaluation tells anything new.
        let accuracy = match self.stop {
            Stop::Never => return None,
            _ => curve.column("test_acc")?.last().copied()?,
        };
        if accuracy.is_nan() || last >= self.budget {
            return None;
        }
        if accuracy >= self.threshold {
            let level = self.threshold;
            return Some(format!(
                "generalised: held-out accuracy {accuracy:.3} is at least {level}"
            ));
        }
        if self.stop == Stop::Generalised {
            return None;
        }
        let fate = settled(curve, self.budget, self.threshold, self.chance)?;
        (!fate.generalises).then(|| format!("settled: {}", fate.reason))
    }
}
