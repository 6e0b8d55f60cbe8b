//! What trained networks are made of.

use super::super::kinds::{Found, Measure, Statistic};
use super::super::row::Point;
use super::super::stage::{Halt, Stage};
use super::super::verdict::Reading;
use super::number::{Value, over_seeds};
use crate::error::failed;
use crate::files::Sources;
use crate::lab::Lab;
use crate::microscope::Scope;
use crate::trial::Trial;
use dunwu_analysis::microscope::{Examination, Pruned, Side};
use dunwu_core::{NamedTensor, Values};
use serde::Deserialize;
use std::sync::Arc;

pub(in super::super) const COLLAPSE: &[&str] = &["median", "least"];
pub(in super::super) const FACTORISATION: &[&str] = &["factorised", "of_order"];
pub(in super::super) const PRUNING: &[&str] =
    &["coexists", "noisy_change", "plateau_off", "test_change"];
pub(in super::super) const PURITY: &[&str] = &["ablated", "pure"];

/// A point and its networks, looked into.
type Seen = (Point, Vec<(Arc<Trial>, Examination)>);

/// Every network of an arm, looked into.
fn examined(stage: &Stage<'_>, arm: &str) -> Result<Vec<Seen>, Halt> {
    let mut all = Vec::new();
    for (point, trials) in stage.all(arm)? {
        let lab = Lab::new(&point.plan, Sources::now(&point.plan))?;
        let mut seen = Vec::new();
        for trial in trials {
            let scope = Scope::new(&lab, trial.seed)?;
            let found = scope.examine(trial.epoch, &trial.weights).map_err(failed)?;
            seen.push((trial, found));
        }
        all.push((point, seen));
    }
    Ok(all)
}

/// Orders of solutions over all frequencies of all seeds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Factorises {
    #[serde(default)]
    arm: String,
}

impl Measure for Factorises {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let mut found = Vec::new();
        for (point, seen) in examined(stage, &self.arm)? {
            let (mut frequencies, mut tried, mut factorised) = (0, 0, 0);
            for (_, one) in &seen {
                let f = one
                    .factorisation
                    .as_ref()
                    .ok_or_else(|| skipped(one, "factorisation"))?;
                frequencies += f.frequencies.len();
                tried += f.tried;
                factorised += f.factorised;
            }
            let share = |part: usize, of: usize| {
                Reading::number(Some(part as f64 / of as f64), "no frequency of that order")
            };
            found.push(Found {
                at: point.label(),
                statistics: vec![
                    Statistic::of("of_order", share(tried, frequencies)),
                    Statistic::of("factorised", share(factorised, tried)),
                ],
            });
        }
        Ok(found)
    }

    fn arms(&self) -> Vec<String> {
        vec![self.arm.clone()]
    }

    fn reads_weights(&self) -> bool {
        true
    }
}

fn skipped(seen: &Examination, what: &str) -> Halt {
    let note = seen.skipped.iter().find(|s| s.what == what);
    let why = note.map_or_else(|| format!("there is no {what}"), |s| s.why.clone());
    failed(why).into()
}

/// Nodes that hold one representation, and the largest loss with a feature cut out of the label's side.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Purity {
    #[serde(default)]
    arm: String,
    /// Share of a node's weights in one feature from which it counts.
    at_least: f64,
}

impl Measure for Purity {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let mut found = Vec::new();
        for (point, seen) in examined(stage, &self.arm)? {
            let pure = |e: &Examination| {
                let live = e.nodes.nodes.iter().filter(|n| !n.dead);
                let (pure, other): (Vec<_>, Vec<_>) = live.partition(|n| n.purity >= self.at_least);
                Value::Number(pure.len() as f64 / (pure.len() + other.len()).max(1) as f64)
            };
            let ablated = |e: &Examination| {
                let label = e.ablations.iter().find(|a| a.side == Side::Label);
                let losses = label.into_iter().flat_map(|a| &a.removed);
                let most = losses.map(|r| r.scores.test.cross_entropy).reduce(f64::max);
                most.map_or(Value::Missing, Value::Number)
            };
            let middle = |name, values: Vec<Value>| Statistic {
                name,
                ..over_seeds(&values).swap_remove(1)
            };
            found.push(Found {
                at: point.label(),
                statistics: vec![
                    middle("pure", seen.iter().map(|(_, e)| pure(e)).collect()),
                    middle("ablated", seen.iter().map(|(_, e)| ablated(e)).collect()),
                ],
            });
        }
        Ok(found)
    }

    fn arms(&self) -> Vec<String> {
        vec![self.arm.clone()]
    }

    fn reads_weights(&self) -> bool {
        true
    }
}

/// A network that generalises beside wrong labels that it memorised, pruned by participation from both ends.
///
/// Lowest first: where the accuracy on replaced labels has fallen to `forgotten`, how much the held-out accuracy
/// has changed, and how far the training accuracy is from the share of right labels. Highest first: where the
/// held-out accuracy has fallen to half, how much the accuracy on replaced labels has changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Prunes {
    #[serde(default)]
    arm: String,
    forgotten: f64,
    /// Accuracy on replaced labels and on held-out rows from which the two coexist.
    coexists: f64,
}

impl Prunes {
    /// Whether both coexist, and the three changes.
    fn of(&self, noise: f64, seen: &Examination) -> Option<[f64; 4]> {
        let pruning = seen.pruning.as_ref()?;
        let whole = pruning.lowest_first.first()?;
        let both = whole.test.min(whole.noisy?);
        let noisy = |p: &&Pruned| p.noisy.is_some_and(|n| n <= self.forgotten);
        let clean = pruning.lowest_first.iter().find(noisy)?;
        let lost = |p: &&Pruned| p.test <= 0.5 * whole.test;
        let wrong = pruning.highest_first.iter().find(lost)?;
        let test = clean.test - whole.test;
        let train = clean.train - (1.0 - noise);
        Some([both, test, train, wrong.noisy? - whole.noisy?])
    }
}

impl Measure for Prunes {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let mut found = Vec::new();
        for (point, seen) in examined(stage, &self.arm)? {
            let all: Vec<Option<[f64; 4]>> = seen
                .iter()
                .map(|(_, e)| self.of(point.plan.label_noise, e))
                .collect();
            let least = |i: usize| {
                all.iter()
                    .map(|v| v.map(|v| v[i]))
                    .collect::<Option<Vec<_>>>()
            };
            let both = least(0).and_then(|v| v.into_iter().reduce(f64::min));
            let coexist = both.is_some_and(|b| b >= self.coexists);
            let worst = |i: usize| {
                let all = least(i).filter(|_| coexist)?;
                all.into_iter()
                    .reduce(|a, b| if b.abs() > a.abs() { b } else { a })
            };
            let why = "memorised and generalised rows do not coexist";
            found.push(Found {
                at: point.label(),
                statistics: vec![
                    Statistic::of("coexists", Reading::number(both, why)),
                    Statistic::of("test_change", Reading::number(worst(1), why)),
                    Statistic::of("plateau_off", Reading::number(worst(2), why)),
                    Statistic::of("noisy_change", Reading::number(worst(3), why)),
                ],
            });
        }
        Ok(found)
    }

    fn arms(&self) -> Vec<String> {
        vec![self.arm.clone()]
    }

    fn reads_weights(&self) -> bool {
        true
    }
}

/// The share of training rows whose cross-entropy is exactly zero in the precision of the plan, at the end.
///
/// A logit so far above the others that 1 + Σ exp(o − o_y) is 1 in that precision: such a row sends no gradient
/// (arXiv 2501.04697).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Collapse {
    #[serde(default)]
    arm: String,
}

impl Measure for Collapse {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let mut found = Vec::new();
        for (point, trials) in stage.all(&self.arm)? {
            let lab = Lab::new(&point.plan, Sources::now(&point.plan))?;
            let mut shares = Vec::new();
            for trial in &trials {
                let scope = Scope::new(&lab, trial.seed)?;
                let (outputs, labels) = scope.training_outputs(&trial.weights).map_err(failed)?;
                shares.push(Value::Number(exact_zeros(&outputs, &labels)));
            }
            found.push(Found {
                at: point.label(),
                statistics: over_seeds(&shares).into_iter().take(2).collect(),
            });
        }
        Ok(found)
    }

    fn arms(&self) -> Vec<String> {
        vec![self.arm.clone()]
    }

    fn reads_weights(&self) -> bool {
        true
    }
}

/// Rows with ln(Σ exp(o − max)) + max − o_y equal to 0, each operation rounded to the precision of the outputs.
fn exact_zeros(outputs: &NamedTensor, labels: &[u32]) -> f64 {
    let classes = outputs.cols;
    let zeros = match &outputs.values {
        Values::F32(o) => count(o, labels, classes, |row, y| {
            let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f32 = row.iter().map(|o| libm::expf(o - most)).sum();
            libm::logf(sum) + (most - row[y]) == 0.0
        }),
        Values::F64(o) => count(o, labels, classes, |row, y| {
            let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = row.iter().map(|o| libm::exp(o - most)).sum();
            libm::log(sum) + (most - row[y]) == 0.0
        }),
    };
    zeros as f64 / labels.len().max(1) as f64
}

fn count<T>(
    outputs: &[T],
    labels: &[u32],
    classes: usize,
    is_zero: impl Fn(&[T], usize) -> bool,
) -> usize {
    let rows = outputs.chunks_exact(classes).zip(labels);
    rows.filter(|(row, y)| is_zero(row, **y as usize)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_zero_where_the_precision_cannot_tell_it_from_that() {
        // e⁻²⁰ is lost beside 1 in single precision, not in double.
        let numbers = [20.0, 0.0, 0.0, 10.0, 0.0, 0.0, 0.0, 20.0, 0.0];
        let tensor = |values| NamedTensor {
            name: "outputs".into(),
            rows: 3,
            cols: 3,
            values,
        };
        let single = tensor(Values::F32(numbers.iter().map(|x| *x as f32).collect()));
        let double = tensor(Values::F64(numbers.to_vec()));
        let labels = [0, 0, 0];
        assert!((exact_zeros(&single, &labels) - 1.0 / 3.0).abs() < 1e-15);
        assert_eq!(exact_zeros(&double, &labels), 0.0);
    }
}
