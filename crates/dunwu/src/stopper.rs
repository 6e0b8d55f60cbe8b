//! When a run ends before its last epoch, as the plan's key `stop` says.

use crate::forecast::{forecast_curve, planned_rate};
use dunwu_analysis::boundary::settled;
use dunwu_analysis::forecast::Decision;
use dunwu_analysis::forecast::evaluate::is_turn;
use dunwu_core::{Curve, RunPlan, Stop};
use dunwu_store::LogSeries;

/// No forecast is made before this epoch.
const LEAST: u64 = 20;
/// Training accuracy from which a run has memorised.
const MEMORISED: f64 = 0.99;

/// Looks at a run's readings now and then, and says when nothing more is to be learned.
#[derive(Debug)]
pub(crate) struct Stopper {
    stop: Stop,
    threshold: f64,
    budget: u64,
    chance: f64,
    schedule: Option<LogSeries>,
}

impl Stopper {
    /// `chance` is the accuracy of guessing.
    pub(crate) fn new(plan: &RunPlan, chance: f64) -> Self {
        Self {
            stop: plan.stop,
            threshold: plan.stop_accuracy,
            budget: plan.epochs,
            chance,
            schedule: planned_rate(plan, plan.epochs as f64),
        }
    }

    /// Why the run ends at its last reading, if it does.
    pub(crate) fn look(&self, curve: &Curve) -> Option<String> {
        if self.stop == Stop::Never {
            return None;
        }
        let last = curve.epochs().last().copied()?;
        // Only an evaluation tells anything new.
        let accuracy = curve.column("test_acc")?.last().copied()?;
        if accuracy.is_nan() || last >= self.budget {
            return None;
        }
        if accuracy >= self.threshold {
            let level = self.threshold;
            return Some(format!(
                "generalised: held-out accuracy {accuracy:.3} is at least {level}"
            ));
        }
        match self.stop {
            Stop::Never | Stop::Generalised => None,
            Stop::Forecast => self.foreseen(curve, last),
            Stop::Settled => {
                let fate = settled(curve, self.budget, self.threshold, self.chance)?;
                (!fate.generalises).then(|| format!("settled: {}", fate.reason))
            }
        }
    }

    /// What the forecaster says of a run that has memorised, where it is asked and gives the run up.
    fn foreseen(&self, curve: &Curve, last: u64) -> Option<String> {
        curve.points("train_acc").find(|p| p.1 >= MEMORISED)?;
        if !is_asked(curve, last) {
            return None;
        }
        let told = forecast_curve(curve, "test_acc", self.budget, self.schedule.as_ref())?;
        // A run that is past the jump is on its way, however flat its curve.
        let gives_up = told.decision == Decision::Stop && told.can_tell && told.jump.is_some();
        gives_up.then(|| format!("forecast: {}", told.reason))
    }
}

/// Whether a forecast is made at the last evaluation.
fn is_asked(curve: &Curve, last: u64) -> bool {
    let evaluated: Vec<u64> = curve.points("test_acc").map(|p| p.0).collect();
    let before = evaluated.iter().rev().nth(1).copied().unwrap_or(0);
    last >= LEAST && evaluated.last() == Some(&last) && is_turn(before, last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunwu_core::RunSpec;

    fn stopper(stop: &str) -> Stopper {
        let words = ["epochs=20000", &format!("stop={stop}")];
        let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
        Stopper::new(&plan, 0.03)
    }

    /// Evaluations of a run every ten epochs, and the first reason to stop.
    fn first(stopper: &Stopper, held: impl Fn(u64) -> f64) -> Option<(u64, String)> {
        let mut curve = Curve::default();
        (0..=2000).map(|i| 10 * i).find_map(|epoch| {
            let loss = 3.0 * libm::exp(-(epoch as f64) / 30.0) + 1e-3;
            curve.set(epoch, "train_acc", if epoch < 50 { 0.2 } else { 1.0 });
            curve.set(epoch, "train_loss", loss);
            curve.set(epoch, "test_acc", held(epoch));
            curve.set(epoch, "test_loss", 4.0 + 1e-5 * epoch as f64);
            stopper.look(&curve).map(|why| (epoch, why))
        })
    }

    #[test]
    fn what_generalises_is_seen_and_what_never_moves_is_given_up_by_one_of_the_two_at_least() {
        let never = |epoch: u64| 0.03 + 1e-3 * ((epoch / 10) % 3) as f64;
        assert_eq!(first(&stopper("never"), never), None);
        assert_eq!(first(&stopper("generalised"), never), None);
        let (epoch, why) = first(&stopper("settled"), never).unwrap();
        assert!(epoch > 6000 && why.starts_with("settled: "), "{why}");
        if let Some((epoch, why)) = first(&stopper("forecast"), never) {
            assert!(epoch >= 50 && why.starts_with("forecast: "), "{why}");
        }
        for stop in ["generalised", "settled", "forecast"] {
            let (epoch, why) = first(&stopper(stop), |e| (e as f64 / 1000.0).min(1.0)).unwrap();
            assert!(
                epoch == 990 && why.starts_with("generalised"),
                "{stop} {epoch} {why}"
            );
        }
    }

    #[test]
    fn forecasts_are_made_at_ratios_of_epochs() {
        let mut curve = Curve::default();
        let asked = (0..=1000).filter(|i| {
            curve.set(10 * i, "test_acc", 0.1);
            is_asked(&curve, 10 * i)
        });
        let turns = asked.count();
        // ln(10000/20) / ln 1.1 is 65.
        assert!((50..=66).contains(&turns), "{turns}");
    }
}
