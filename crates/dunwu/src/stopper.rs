//! When a run ends before its last epoch, as the plan's key `stop` says.

use dunwu_core::{Curve, RunPlan, Stop};

/// Looks at a run's readings now and then, and says when nothing more is to be learned.
#[derive(Debug)]
pub(crate) struct Stopper {
    stop: Stop,
    threshold: f64,
}

impl Stopper {
    pub(crate) fn new(plan: &RunPlan) -> Self {
        Self {
            stop: plan.stop,
            threshold: plan.stop_accuracy,
        }
    }

    /// Why the run ends at its last reading, if it does.
    pub(crate) fn look(&self, curve: &Curve) -> Option<String> {
        if self.stop == Stop::Never {
            return None;
        }
        let last = curve.epochs().last().copied()?;
        let (epoch, accuracy) = curve.points("test_acc").last()?;
        (epoch == last && accuracy >= self.threshold).then(|| {
            format!(
                "generalised: held-out accuracy {accuracy:.3} is at least {}",
                self.threshold
            )
        })
    }
}
