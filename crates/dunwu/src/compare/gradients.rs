//! The gradients that two losses send to the nodes of one network, along its way.

use super::look::{look, numbers};
use super::runs::Runs;
use crate::error::Error;
use crate::lab::Control;
use crate::recorder::weights_of;
use dunwu_analysis::compare::{GradientCosines, gradient_cosines};
use dunwu_core::{
    Dataset, Flow, NamedTensor, Needs, Observer, RunEvent, RunPlan, StopReason, Weights,
};
use dunwu_engine::loss::{Objective, RowLoss, objective};
use dunwu_engine::maths::LANES;
use dunwu_report::AlongWay;

/// Moments of a run that are looked at, about.
const MOMENTS: u64 = 32;

/// One network's way with the cosines of the gradients of its own loss and of `other`'s; None if interrupted.
pub(super) fn along(
    name: &str,
    plan: &RunPlan,
    other: &RunPlan,
    data: &Dataset,
    runs: &Runs<'_>,
    control: &Control<'_>,
) -> Result<Option<AlongWay>, Error> {
    let rival = RunPlan {
        loss: other.loss,
        temperature: other.temperature,
        ..plan.clone()
    };
    let mut way = Way {
        plans: [plan, &rival],
        data,
        moments: moments(plan.epochs),
        control,
        runs,
        failed: None,
        out: AlongWay {
            side: name.to_owned(),
            seed: plan.seed,
            weights: vec![],
            activations: vec![],
        },
    };
    let threads = crate::resources::threads(plan);
    let outcome = dunwu_engine::train(plan, data, plan.seed, threads, None, &mut way)?;
    match way.failed {
        Some(error) => Err(error),
        None if outcome.stopped == StopReason::Interrupted => Ok(None),
        None => Ok(Some(way.out)),
    }
}

/// Epochs from the first to the last, evenly on a log scale.
fn moments(last: u64) -> Vec<u64> {
    let top = (last as f64 + 1.0).ln();
    let at = |i: u64| ((top * i as f64 / MOMENTS as f64).exp() - 1.0).round() as u64;
    let mut out: Vec<u64> = (0..=MOMENTS)
        .map(at)
        .chain([last])
        .filter(|e| *e <= last)
        .collect();
    out.sort_unstable();
    out.dedup();
    out
}

struct Way<'a> {
    plans: [&'a RunPlan; 2],
    data: &'a Dataset,
    moments: Vec<u64>,
    control: &'a Control<'a>,
    runs: &'a Runs<'a>,
    failed: Option<Error>,
    out: AlongWay,
}

impl Way<'_> {
    fn look(&mut self, epoch: u64, weights: &[NamedTensor]) -> Result<(), Error> {
        let needs = Needs {
            gradients: true,
            outputs: true,
            weights: true,
            ..Needs::NONE
        };
        let mut seen = Vec::new();
        for plan in self.plans {
            seen.push(look(plan, self.data, plan.seed, Some(weights), needs)?);
        }
        let nodes = self.plans[0].width;
        let cosines = |of: &[Option<(Vec<f64>, usize)>]| -> Option<GradientCosines> {
            let [Some((a, columns)), Some((b, _))] = of else {
                return None;
            };
            gradient_cosines(epoch, a, b, *columns, nodes)
        };
        let pick = |i: usize| numbers(&seen[i], "grad.hidden.0");
        self.out.weights.extend(cosines(&[pick(0), pick(1)]));
        let sent = |i: usize| sent_back(self.plans[i], self.data, &seen[i]);
        self.out.activations.extend(cosines(&[sent(0), sent(1)]));
        Ok(())
    }
}

impl Observer for Way<'_> {
    fn needs(&mut self, epoch: u64) -> Needs {
        if self.moments.binary_search(&epoch).is_ok() {
            Needs::WEIGHTS
        } else {
            Needs::NONE
        }
    }

    fn observe(&mut self, event: &RunEvent<'_>) -> Flow {
        let RunEvent::Epoch { metrics, snapshot } = event else {
            return Flow::Continue;
        };
        if self.control.cancelled() {
            return Flow::Stop(StopReason::Interrupted);
        }
        self.runs.tick();
        if self.moments.binary_search(&metrics.epoch).is_ok() {
            let weights = weights_of(snapshot).to_owned_tensors();
            if let Err(error) = self.look(metrics.epoch, &weights) {
                self.failed = Some(error);
                return Flow::Stop(StopReason::Interrupted);
            }
        }
        Flow::Continue
    }
}

/// ∂L/∂F = ∂L/∂O · Vᵀ, rows × columns of the last hidden layer, and the number of columns; up to a factor that both
/// losses share.
fn sent_back(plan: &RunPlan, data: &Dataset, tensors: &[NamedTensor]) -> Option<(Vec<f64>, usize)> {
    let (outputs, classes) = numbers(tensors, "outputs")?;
    let (readout, _) = numbers(tensors, "readout")?;
    let labels: Vec<u32> = data
        .train
        .iter()
        .map(|i| data.labels[*i as usize])
        .collect();
    let at_outputs = at_outputs(plan, outputs, classes, &labels);
    let columns = readout.len() / classes;
    // The real part of FV has its gradient in both halves of complex weights, which lie side by side.
    debug_assert!(plan.weights == Weights::Real || columns == 2 * plan.width);
    let mut out = Vec::with_capacity(labels.len() * columns);
    for row in at_outputs.chunks_exact(classes) {
        let along = |v: &[f64]| row.iter().zip(v).map(|(g, v)| g * v).sum::<f64>();
        out.extend(readout.chunks_exact(classes).map(along));
    }
    Some((out, columns))
}

/// n·∂L/∂O.
fn at_outputs(plan: &RunPlan, mut outputs: Vec<f64>, classes: usize, labels: &[u32]) -> Vec<f64> {
    match objective::<f64>(plan) {
        Objective::Batch(loss) => {
            loss.gradient(&mut outputs, classes, classes, labels);
        }
        Objective::Rows(loss) => {
            let mut padded = vec![[0.0; LANES]; classes.div_ceil(LANES)];
            for (row, label) in outputs.chunks_exact_mut(classes).zip(labels) {
                padded.as_flattened_mut()[..classes].copy_from_slice(row);
                loss.gradient(&mut padded, classes, *label as usize);
                row.copy_from_slice(&padded.as_flattened()[..classes]);
            }
        }
    }
    outputs
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunwu_core::RunSpec;

    #[test]
    fn moments_are_few_and_reach_both_ends() {
        for last in [0, 1, 7, 400, 1_000_000] {
            let found = moments(last);
            assert_eq!((found[0], *found.last().unwrap()), (0, last));
            assert!(
                found.len() <= 34 && found.windows(2).all(|w| w[0] < w[1]),
                "{found:?}"
            );
        }
    }

    /// What is sent back, by the chain rule, is the gradient of the weights for an activation that does nothing: the
    /// sum over rows with a token of ∂L/∂F, where σ(x) = x.
    #[test]
    fn what_is_sent_back_is_the_gradient_behind_the_activation() {
        for loss in ["mse", "cross_entropy", "mse_centred", "stablemax"] {
            let words = [
                "task=Z5",
                "width=16",
                "activation=quadratic",
                "activation_a=1",
                "activation_b=0",
                "precision=f64",
                "output_scale=0.5",
            ];
            let loss = format!("loss={loss}");
            let spec =
                RunSpec::from_overrides(words.iter().copied().chain([loss.as_str()])).unwrap();
            let plan = spec.resolve().unwrap();
            let task = dunwu_task::Task::from_plan(&plan, dunwu_task::NO_FILES).unwrap();
            let data = task.dataset(&plan, 0, dunwu_task::NO_FILES).unwrap();
            let needs = Needs {
                gradients: true,
                outputs: true,
                weights: true,
                ..Needs::NONE
            };
            let seen = look(&plan, &data, 0, None, needs).unwrap();
            let (sent, columns) = sent_back(&plan, &data, &seen).unwrap();
            let (gradient, _) = numbers(&seen, "grad.hidden.0").unwrap();
            let n = data.train.len() as f64;
            let mut sum = vec![0.0; gradient.len()];
            for (i, row) in data.train.iter().enumerate() {
                for (j, token) in data.row(*row as usize).iter().enumerate() {
                    let input = data.offset(j) + *token as usize;
                    for c in 0..columns {
                        sum[input * columns + c] += 0.5 * sent[i * columns + c] / n;
                    }
                }
            }
            for (ours, theirs) in sum.iter().zip(&gradient) {
                assert!((ours - theirs).abs() < 1e-12, "{loss}: {ours} {theirs}");
            }
        }
    }
}
