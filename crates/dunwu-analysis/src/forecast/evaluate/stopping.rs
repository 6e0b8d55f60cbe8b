//! What giving runs up by repeated forecasts saves and loses, cells of settings left out in turn, a tenth at a time.

use crate::boundary::settled;
use crate::forecast::delayed::{DelayedModel, KnownRun, LeftOut, delayed_with};
use dunwu_core::Curve;

/// A run is given up at the `times`th look in a row that tells P(it generalises within its budget) < `below`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StopRule {
    /// The probability.
    pub below: f64,
    /// Looks in a row.
    pub times: usize,
}

/// What a rule did to all runs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StopScore {
    /// Runs, and those that generalise within their budget.
    pub runs: (usize, usize),
    /// Runs that were given up, and those of them that generalise.
    pub given_up: (usize, usize),
    /// Epochs trained beside those of runs that end when they generalise, or with their budget.
    pub trained: f64,
    /// The same of the runs that do not generalise.
    pub trained_in_vain: f64,
}

/// A forecast is looked at when the epochs have grown by this factor.
const GROWTH: f64 = 1.1;

/// Whether a forecast is looked at when `epoch` is evaluated: since the evaluation before, the epochs passed a power of
/// the factor. What comes next is foreseen on a scale of ratios.
pub fn is_turn(before: u64, epoch: u64) -> bool {
    let power = |epoch: u64| (libm::log(epoch.max(1) as f64) / libm::log(GROWTH)).floor();
    power(epoch) > power(before)
}

/// One run: its looks, whether it generalises, and the epoch at which it would end by itself.
struct Followed {
    looks: Vec<(f64, f64)>,
    /// When [`settled`] gives it up.
    settled: Option<f64>,
    generalises: bool,
    end: f64,
}

/// Follows every run look by look with models fitted to the other cells, and gives it up by each of the rules; last by
/// [`settled`], at a held-out accuracy of 0.9 and the given accuracy of guessing.
pub fn evaluate_stopping(
    runs: &LeftOut<'_>,
    chance: f64,
    rules: &[StopRule],
) -> (Vec<StopScore>, StopScore) {
    let mut followed = Vec::new();
    for (of, model) in &runs.0 {
        followed.extend(of.iter().filter_map(|run| follow(model, run, chance)));
    }
    let by = |end: &dyn Fn(&Followed) -> Option<f64>| score(&followed, end);
    let of_rules = rules.iter().map(|rule| by(&|run| rule.end(&run.looks)));
    (of_rules.collect(), by(&|run| run.settled))
}

impl StopRule {
    /// When it ends a run whose looks are given: epoch and probability.
    pub fn end(&self, looks: &[(f64, f64)]) -> Option<f64> {
        let mut row = 0;
        let mut ends = looks.iter().filter(|(_, p)| {
            row = if *p < self.below { row + 1 } else { 0 };
            row >= self.times
        });
        ends.next().map(|(epoch, _)| *epoch)
    }
}

/// None if the run never memorises.
fn follow(model: &DelayedModel, run: &KnownRun, chance: f64) -> Option<Followed> {
    let (memorised, jumped, budget) = run.times()?;
    let end = jumped.unwrap_or(budget);
    let evaluated = run.points("test_acc")?.0;
    let turns = evaluated
        .windows(2)
        .filter(|w| w[1] > memorised && w[1] < end && is_turn(w[0] as u64, w[1] as u64));
    let turns: Vec<f64> = turns.map(|w| w[1]).collect();
    let look = |now: &f64| {
        let told = delayed_with(model, &run.at(*now), budget)?;
        // Where nothing can be told, a run is not given up.
        Some((*now, if told.can_tell { told.p } else { 1.0 }))
    };
    let curve = curve(run);
    let gives_up = |now: &f64| {
        let fate = settled(&curve.prefix(*now as u64), budget as u64, 0.9, chance);
        fate.is_some_and(|fate| !fate.generalises)
    };
    Some(Followed {
        looks: turns.iter().filter_map(look).collect(),
        settled: turns.iter().copied().find(gives_up),
        generalises: jumped.is_some(),
        end,
    })
}

fn curve(run: &KnownRun) -> Curve {
    let mut out = Curve::default();
    for (name, (steps, values)) in &run.series {
        for (step, value) in steps.iter().zip(values) {
            out.set(*step as u64, name, *value);
        }
    }
    out
}

fn score(runs: &[Followed], end: &dyn Fn(&Followed) -> Option<f64>) -> StopScore {
    let mut out = StopScore::default();
    // Epochs trained and to be trained: of all runs, of those that do not generalise.
    let mut epochs = [[0.0; 2]; 2];
    for run in runs {
        let ended = end(run);
        out.runs.0 += 1;
        out.runs.1 += usize::from(run.generalises);
        out.given_up.0 += usize::from(ended.is_some());
        out.given_up.1 += usize::from(ended.is_some() && run.generalises);
        let add = |to: &mut [f64; 2]| {
            to[0] += ended.unwrap_or(run.end);
            to[1] += run.end;
        };
        add(&mut epochs[0]);
        if !run.generalises {
            add(&mut epochs[1]);
        }
    }
    [out.trained, out.trained_in_vain] = epochs.map(|[trained, all]| trained / all);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_looks_is_broken_by_one_that_hopes() {
        let looks = [
            (1.0, 0.01),
            (2.0, 0.01),
            (3.0, 0.2),
            (4.0, 0.01),
            (5.0, 0.04),
            (6.0, 0.0),
        ];
        let end = |below, times| StopRule { below, times }.end(&looks);
        assert_eq!(end(0.05, 1), Some(1.0));
        assert_eq!(end(0.05, 3), Some(6.0));
        assert_eq!(end(0.02, 2), Some(2.0));
        assert_eq!(end(0.05, 4), None);
    }

    #[test]
    fn what_is_given_up_is_counted_with_its_epochs() {
        let run = |generalises: bool, looks: &[(f64, f64)]| Followed {
            looks: looks.to_vec(),
            settled: None,
            generalises,
            end: 100.0,
        };
        let runs = [
            run(true, &[(50.0, 0.01)]),
            run(false, &[(20.0, 0.01)]),
            run(false, &[(20.0, 0.5)]),
        ];
        let rule = StopRule {
            below: 0.05,
            times: 1,
        };
        let told = score(&runs, &|r| rule.end(&r.looks));
        assert_eq!((told.runs, told.given_up), ((3, 1), (2, 1)));
        assert!((told.trained - 170.0 / 300.0).abs() < 1e-12);
        assert!((told.trained_in_vain - 0.6).abs() < 1e-12);
    }
}
