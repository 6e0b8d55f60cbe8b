//! Outputs split into features of the right answer.

use crate::matrix::{product, rows};
use dunwu_core::{Dataset, TensorView};
use dunwu_task::Features;
use faer::MatRef;

/// Part that key features have together of the power that features have.
///
/// Outputs, not embeddings, decide what is key: every network has them, the losses are theirs, and an embedding may
/// hold what no later layer uses. Power goes as the square of what the answers feel, so that a feature of a tenth of
/// it still answers many rows alone: hence 95 %, as the microscope takes of perceptrons.
pub const KEYS: f64 = 0.95;

/// Loss and accuracy of some rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnswerScore {
    /// Number of rows.
    pub rows: usize,
    /// Mean cross-entropy −log softmax(o)_y with the labels trained on, nats; NaN without rows.
    pub loss: f64,
    /// Share of rows whose largest output is that of the label; a tie is wrong.
    pub accuracy: f64,
}

/// Outputs over all rows of a table, centred over classes, and their parts in features of the right answer.
pub struct Outputs<'a> {
    data: &'a Dataset,
    features: &'a Features,
    /// Rows × classes.
    centred: Vec<f64>,
    /// The mean over all rows.
    mean: Vec<f64>,
    /// Basis × classes: means over the rows of each right answer, in the basis of the features.
    spectrum: Vec<f64>,
    /// ‖·‖² of the centred outputs less their mean row.
    power: f64,
}

/// Whether functions of the right answer have the features: all rows of the table, every answer equally often.
///
/// # Errors
/// A sentence that says what is not so.
pub(super) fn check(data: &Dataset, features: &Features) -> Result<(), String> {
    let (classes, tokens) = (data.classes, features.tokens);
    if classes != tokens {
        return Err(format!(
            "there are {classes} answers, but features of {tokens} tokens"
        ));
    }
    let tuples = data.vocab.iter().try_fold(1usize, |n, v| n.checked_mul(*v));
    if data.given.is_some() || tuples != Some(data.len()) {
        let why = "which are not all rows of its table";
        return Err(format!("{} has {} rows, {why}", data.task, data.len()));
    }
    let mut count = vec![0usize; classes];
    data.clean.iter().for_each(|g| count[*g as usize] += 1);
    match count.iter().position(|n| n * classes != data.len()) {
        Some(g) => Err(format!(
            "answer {g} of {} has {} of {} rows, expected as many for each answer",
            data.task,
            count[g],
            data.len()
        )),
        None => Ok(()),
    }
}

impl<'a> Outputs<'a> {
    /// Splits outputs, all rows × classes.
    ///
    /// # Errors
    /// A sentence if the rows are no whole table on which every answer is equally frequent and has the features, the
    /// outputs do not fit, or some are not finite.
    pub fn new(
        outputs: &TensorView<'_>,
        data: &'a Dataset,
        features: &'a Features,
    ) -> Result<Self, String> {
        check(data, features)?;
        let (found, expected) = ([outputs.rows, outputs.cols], [data.len(), data.classes]);
        if found != expected {
            return Err(format!("outputs are {found:?}, expected {expected:?}"));
        }
        let mut centred = outputs.to_f64();
        if centred.iter().any(|x| !x.is_finite()) {
            return Err("some outputs are not finite".to_owned());
        }
        for line in centred.chunks_exact_mut(data.classes) {
            let mean = line.iter().sum::<f64>() / line.len() as f64;
            line.iter_mut().for_each(|x| *x -= mean);
        }
        let means = means(&centred, data);
        let basis = MatRef::from_row_major_slice(&features.basis, data.classes, data.classes);
        let spectrum = product(basis, rows(&means, data.classes));
        let column = |c: usize| means.iter().skip(c).step_by(data.classes).sum::<f64>();
        let mean: Vec<f64> = (0..data.classes)
            .map(|c| column(c) / data.classes as f64)
            .collect();
        let away =
            |line: &[f64]| -> f64 { line.iter().zip(&mean).map(|(x, m)| (x - m) * (x - m)).sum() };
        let power = centred.chunks_exact(data.classes).map(away).sum::<f64>();
        let all = (0..data.classes * data.classes).map(|i| (i / data.classes, i % data.classes));
        Ok(Self {
            spectrum: all.map(|at| spectrum[at]).collect(),
            data,
            features,
            centred,
            mean,
            power,
        })
    }

    /// By feature the part of the power of the outputs; the constant one, which is the mean row, has none.
    pub fn shares(&self) -> Vec<f64> {
        let classes = self.data.classes;
        let each = (self.data.len() / classes) as f64;
        let share = |k: usize| {
            let own = self.features.ranges[k].clone();
            let own = &self.spectrum[own.start * classes..own.end * classes];
            let power = each * own.iter().map(|x| x * x).sum::<f64>();
            if k == self.features.trivial() || self.power <= 0.0 {
                0.0
            } else {
                power / self.power
            }
        };
        (0..self.features.len()).map(share).collect()
    }

    /// The scores of the outputs as they are.
    pub fn whole(&self, rows: &[u32]) -> AnswerScore {
        self.without(&[], rows)
    }

    /// The scores without some features.
    pub fn without(&self, features: &[usize], rows: &[u32]) -> AnswerScore {
        let (classes, part) = (self.data.classes, self.part(features));
        let mut line = vec![0.0; classes];
        self.score(rows, |row, label| {
            let answer = self.data.clean[row] as usize;
            let own = &self.centred[row * classes..][..classes];
            let part = &part[answer * classes..][..classes];
            line.iter_mut()
                .zip(own.iter().zip(part))
                .for_each(|(to, (x, p))| *to = x - p);
            judge(&line).of(&line, label)
        })
    }

    /// The scores of the mean row and some features alone.
    pub fn only(&self, features: &[usize], rows: &[u32]) -> AnswerScore {
        let (classes, mut part) = (self.data.classes, self.part(features));
        let lines = part.chunks_exact_mut(classes);
        let add = |line: &mut [f64]| {
            line.iter_mut()
                .zip(&self.mean)
                .for_each(|(x, mean)| *x += mean);
            judge(line)
        };
        let judged: Vec<Judged> = lines.map(add).collect();
        self.score(rows, |row, label| {
            let answer = self.data.clean[row] as usize;
            judged[answer].of(&part[answer * classes..][..classes], label)
        })
    }

    /// Σ Π_k of the means over the rows of each answer, answers × classes.
    fn part(&self, features: &[usize]) -> Vec<f64> {
        let classes = self.data.classes;
        let mut part = vec![0.0; classes * classes];
        for i in features
            .iter()
            .flat_map(|k| self.features.ranges[*k].clone())
        {
            let wave = &self.features.basis[i * classes..][..classes];
            let along = &self.spectrum[i * classes..][..classes];
            for (line, x) in part.chunks_exact_mut(classes).zip(wave) {
                line.iter_mut().zip(along).for_each(|(p, y)| *p += x * y);
            }
        }
        part
    }

    /// Means of loss and rightness by row and label.
    fn score(&self, rows: &[u32], mut one: impl FnMut(usize, usize) -> (f64, bool)) -> AnswerScore {
        let (mut loss, mut right) = (0.0, 0usize);
        for row in rows {
            let row = *row as usize;
            let (own, is_right) = one(row, self.data.labels[row] as usize);
            loss += own;
            right += usize::from(is_right);
        }
        AnswerScore {
            rows: rows.len(),
            loss: loss / rows.len() as f64,
            accuracy: right as f64 / rows.len() as f64,
        }
    }
}

/// The fewest features that have [`KEYS`] of the sum of all shares, largest first; of equal ones the earlier.
///
/// ```
/// assert_eq!(dunwu_probe::keys_of(&[0.0, 0.3, 0.01, 0.4]), [3, 1]);
/// assert!(dunwu_probe::keys_of(&[0.0, 0.0]).is_empty());
/// ```
pub fn keys_of(shares: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|i, j| shares[*j].total_cmp(&shares[*i]));
    let all: f64 = shares.iter().sum();
    let mut before = 0.0;
    let is_needed = |k: &usize| {
        let needed = all > 0.0 && before < KEYS * all;
        before += shares[*k];
        needed
    };
    order.into_iter().take_while(is_needed).collect()
}

/// Means over the rows of each right answer, answers × classes.
fn means(centred: &[f64], data: &Dataset) -> Vec<f64> {
    let classes = data.classes;
    let mut means = vec![0.0; classes * classes];
    for (line, answer) in centred.chunks_exact(classes).zip(&data.clean) {
        let to = &mut means[*answer as usize * classes..][..classes];
        to.iter_mut().zip(line).for_each(|(m, x)| *m += x);
    }
    let each = (data.len() / classes) as f64;
    means.iter_mut().for_each(|m| *m /= each);
    means
}

/// What a line of outputs says, whatever its label.
struct Judged {
    /// log Σ exp o.
    log_sum: f64,
    /// The class with the largest output; None at a tie.
    answer: Option<usize>,
}

fn judge(line: &[f64]) -> Judged {
    let most = line.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = line.iter().map(|o| libm::exp(o - most)).sum();
    let mut largest = (0..line.len()).filter(|c| line[*c] == most);
    let first = largest.next();
    Judged {
        log_sum: libm::log(sum) + most,
        answer: first.filter(|_| largest.next().is_none()),
    }
}

impl Judged {
    /// Cross-entropy, and whether the answer is the label.
    fn of(&self, line: &[f64], label: usize) -> (f64, bool) {
        (self.log_sum - line[label], self.answer == Some(label))
    }
}
