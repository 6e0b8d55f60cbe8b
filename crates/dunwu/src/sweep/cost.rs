//! How long a run takes, roughly: for sizing chunks and for telling the time left.

use dunwu_core::{RunPlan, TrainShare};

/// Multiply-adds a second of one core, and seconds that each epoch takes whatever its size.
const RATE: f64 = 8e10;
const EPOCH: f64 = 2e-5;

/// Rows beyond which those held out are drawn, and how many of them.
const MOST_ROWS: f64 = 1e7;
const DRAWN: f64 = 1e4;

/// Multiply-adds forward of one row.
fn a_row(plan: &RunPlan, operands: usize, classes: usize) -> f64 {
    if let Some(t) = &plan.transformer {
        let (width, positions) = (t.model_width as f64, (operands + 1) as f64);
        let layer = width * (4.0 * width + 2.0 * t.mlp_width as f64);
        return 2.0 * (t.layers as f64 * positions * layer + width * classes as f64);
    }
    let depth = (plan.hidden_layers - 1) as f64 * plan.width as f64;
    2.0 * plan.width as f64 * (classes as f64 + depth)
}

/// Estimated seconds of a run on one core, if it goes on to its last epoch.
///
/// Three products of n × K by M for the rows that an epoch trains on, one for those that it scores apart from that, and the square of the width for
/// each further hidden layer; of a transformer the products of its layers at every position.
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
        0 if rows > MOST_ROWS => DRAWN,
        0 => (rows - train).max(0.0),
        n => n as f64,
    };
    let a_row = a_row(plan, vocab.len(), classes);
    let trained = match plan.epoch_updates {
        0 => train,
        updates => updates as f64 * train.min(plan.batch_size as f64),
    };
    // The full batch is scored by the pass that trains on it.
    let scored = match (plan.batch_size, plan.scored_size) {
        (0, _) => 0.0,
        (_, 0) => train,
        (_, rows) => train.min(rows as f64),
    };
    let epoch = (3.0 * trained + scored) * a_row + held_out * a_row / plan.eval_every as f64;
    plan.epochs as f64 * (EPOCH + epoch / RATE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunwu_core::RunSpec;

    #[test]
    fn larger_networks_take_longer_and_every_estimate_is_a_number() {
        let of = |words: &[&str]| {
            let spec = RunSpec::from_overrides(words).unwrap();
            seconds(&spec.resolve().unwrap())
        };
        let one = of(&["model=transformer", "task=Z113", "train_fraction=0.3"]);
        let two = of(&[
            "model=transformer",
            "task=Z113",
            "train_fraction=0.3",
            "layers=2",
        ]);
        assert!(one > 0.0 && two > 1.5 * one, "{one} {two}");
        assert!(of(&["width=64"]) < of(&["width=2048"]));
        let parts = |words: &[&str]| of(&[&["task=Z113", "batch_size=100"], words].concat());
        let short = parts(&["epoch_updates=1"]);
        assert!(parts(&["epoch_updates=1", "scored_size=10"]) < short && short < parts(&[]));
        let drawn = of(&[
            "model=transformer",
            "task=backcopy(64,3,32)",
            "train_size=1000",
        ]);
        assert!(drawn.is_finite() && drawn > 0.0, "{drawn}");
    }
}
