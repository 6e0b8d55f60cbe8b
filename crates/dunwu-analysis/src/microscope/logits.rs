//! Outputs on all rows: answers, losses, and their parts in features.

use dunwu_core::Dataset;
use rayon::prelude::*;
use serde::Serialize;

/// Loss and accuracy on some rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Score {
    /// Number of rows.
    pub rows: usize,
    /// Share of rows whose largest output is that of the label; a tie is wrong.
    pub accuracy: f64,
    /// −mean log softmax(o)_y, nats.
    pub cross_entropy: f64,
    /// mean(‖õ‖² − 2 õ_y) + 1 − 1/M with õ = o − mean(o).
    pub mse_centred: f64,
}

/// Scores on the two parts of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// On the rows trained on, by the labels trained on.
    pub train: Score,
    /// On the rows held out.
    pub test: Score,
}

/// The scores of outputs on all rows, rows × classes.
pub fn scores(outputs: &[f64], data: &Dataset) -> Scores {
    Scores {
        train: score(outputs, data.classes, &data.train, &data.labels),
        test: score(outputs, data.classes, &data.test, &data.labels),
    }
}

/// The score on some rows by some labels.
pub fn score(outputs: &[f64], classes: usize, rows: &[u32], labels: &[u32]) -> Score {
    let one = |row: &u32| {
        let i = *row as usize;
        judge(&outputs[i * classes..(i + 1) * classes], labels[i])
    };
    // Summed in order, so that the number of threads changes no bit.
    let parts: Vec<[f64; 3]> = rows.par_iter().map(one).collect();
    let sum = |j: usize| parts.iter().map(|p| p[j]).sum::<f64>();
    Score::of([sum(0), sum(1), sum(2)], rows.len())
}

impl Score {
    /// Means of the sums over some rows of what [`judge`] gives.
    pub(crate) fn of(sums: [f64; 3], rows: usize) -> Self {
        let [accuracy, cross_entropy, mse_centred] = sums.map(|s| s / rows.max(1) as f64);
        Self {
            rows,
            accuracy,
            cross_entropy,
            mse_centred,
        }
    }
}

/// Whether a row's answer is right (1 or 0), its cross entropy and its centred loss.
pub(crate) fn judge(line: &[f64], label: u32) -> [f64; 3] {
    let right = f64::from(u8::from(answer(line) == Some(label)));
    let y = label as usize;
    [right, cross_entropy(line, y), mse_centred(line, y)]
}

/// Share of rows whose answer is the label; 0 of no row.
pub(crate) fn accuracy(answers: &[Option<u32>], rows: &[u32], labels: &[u32]) -> f64 {
    let is_right = |i: &&u32| answers[**i as usize] == Some(labels[**i as usize]);
    rows.iter().filter(is_right).count() as f64 / rows.len().max(1) as f64
}

/// The class with the largest output; None at a tie or where some output is not a number.
pub fn answer(line: &[f64]) -> Option<u32> {
    let best = (0..line.len()).reduce(|b, c| if line[c] > line[b] { c } else { b })?;
    let rivals = line.iter().filter(|o| o.is_nan() || **o >= line[best]);
    (rivals.count() == 1).then_some(best as u32)
}

/// The answers on all rows.
pub fn answers(outputs: &[f64], classes: usize) -> Vec<Option<u32>> {
    outputs.par_chunks_exact(classes).map(answer).collect()
}

fn cross_entropy(line: &[f64], label: usize) -> f64 {
    let most = line.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = line.iter().map(|o| libm::exp(o - most)).sum();
    libm::log(sum) + most - line[label]
}

fn mse_centred(line: &[f64], label: usize) -> f64 {
    let m = line.len() as f64;
    let mean = line.iter().sum::<f64>() / m;
    let square: f64 = line.iter().map(|o| (o - mean) * (o - mean)).sum();
    square - 2.0 * (line[label] - mean) + 1.0 - 1.0 / m
}

/// Outputs minus their mean over classes, row by row.
pub(crate) fn centred(outputs: &[f64], classes: usize) -> Vec<f64> {
    let mut out = outputs.to_vec();
    for line in out.chunks_exact_mut(classes) {
        let mean = line.iter().sum::<f64>() / classes as f64;
        line.iter_mut().for_each(|o| *o -= mean);
    }
    out
}

/// Checks that there is an output for each class of each row.
///
/// # Errors
/// A sentence with both numbers.
pub(crate) fn check(outputs: &[f64], data: &Dataset) -> Result<(), String> {
    let expected = data.len() * data.classes;
    if outputs.len() != expected {
        let found = outputs.len();
        return Err(format!(
            "there are {found} outputs, expected {expected}, rows × classes"
        ));
    }
    Ok(())
}
