//! How long a run takes, roughly: for sizing chunks and for telling the time left.

use dunwu_core::{RunPlan, TrainShare};

/// Multiply-adds a second of one core, and seconds that each epoch takes whatever its size.
const RATE: f64 = 8e10;
const EPOCH: f64 = 2e-5;

/// Estimated seconds of a run on one core, if it goes on to its last epoch.
///
/// Three products of n × K by M a training epoch, one of all rows an evaluation, and the square of the width for
/// each further hidden layer.
pub(crate) fn seconds(plan: &RunPlan) -> f64 {
    let Some((vocab, classes)) = dunwu_task::outline(plan) else {
        return plan.epochs as f64 * 1e-3;
    };
    let rows: f64 = vocab.iter().map(|n| *n as f64).product();
    let train = match plan.train {
        TrainShare::Fraction(p) => p * rows,
        TrainShare::Size(n) => n as f64,
        TrainShare::Multiplier(c) => c * classes as f64 * libm::log(classes as f64),
        TrainShare::File(_) => 0.4 * rows,
    };
    let held_out = match plan.test_size {
        0 => (rows - train).max(0.0),
        n => n as f64,
    };
    let depth = (plan.hidden_layers - 1) as f64 * plan.width as f64;
    let a_row = 2.0 * plan.width as f64 * (classes as f64 + depth);
    let epoch = 3.0 * train * a_row + held_out * a_row / plan.eval_every as f64;
    plan.epochs as f64 * (EPOCH + epoch / RATE)
}
