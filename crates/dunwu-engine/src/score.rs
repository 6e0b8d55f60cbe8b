//! From outputs to losses, answers and gradients, panel by panel.

use crate::loss::{Row, RowLoss};
use crate::order::Order;
use crate::real::Real;

/// What a forward pass over an order leaves behind.
pub(crate) struct Scores<T> {
    pub pitch: usize,
    pub classes: usize,
    /// Loss of each row.
    pub losses: Vec<f64>,
    /// Answer to each row.
    pub answers: Vec<u32>,
    /// Gradient of each training row at its outputs, `pitch` apart, times `scale`.
    pub gradient: Vec<T>,
    /// Outputs of all rows, `pitch` apart, if kept.
    pub raw: Vec<T>,
}

/// How outputs are scored.
#[derive(Clone, Copy)]
pub(crate) struct Rule<T> {
    /// None if the loss is one of the whole batch.
    pub loss: Option<Row>,
    /// Factor on the network's output.
    pub output_scale: T,
    /// Factor on each row's gradient: `output_scale` over the number of rows in the mean.
    pub gradient_scale: T,
    pub keep_raw: bool,
    /// Whether training rows leave gradients.
    pub descend: bool,
}

/// Consecutive rows and the places of their results.
pub(crate) struct Panel<'a, T> {
    pub inputs: &'a [u32],
    pub labels: &'a [u32],
    pub train: &'a [bool],
    pub losses: &'a mut [f64],
    pub answers: &'a mut [u32],
    pub gradient: &'a mut [T],
    pub raw: &'a mut [T],
}

impl<T: Real> Scores<T> {
    pub(crate) fn new(classes: usize, pitch: usize) -> Self {
        Self {
            pitch,
            classes,
            losses: vec![],
            answers: vec![],
            gradient: vec![],
            raw: vec![],
        }
    }

    /// Cuts the order into panels of at most `size` rows, each with its place in the results.
    pub(crate) fn panels<'a>(
        &'a mut self,
        order: &'a Order,
        rule: &Rule<T>,
        size: usize,
    ) -> Vec<Panel<'a, T>> {
        let rows = order.len();
        let trained = if rule.descend {
            order.train.iter().filter(|t| **t).count()
        } else {
            0
        };
        self.losses.resize(rows, 0.0);
        self.answers.resize(rows, 0);
        self.gradient.resize(trained * self.pitch, T::ZERO);
        self.raw
            .resize(if rule.keep_raw { rows * self.pitch } else { 0 }, T::ZERO);
        let mut gradient = self.gradient.as_mut_slice();
        let mut raw = self.raw.as_mut_slice();
        let (losses, answers) = (self.losses.chunks_mut(size), self.answers.chunks_mut(size));
        let (labels, train) = (order.labels.chunks(size), order.train.chunks(size));
        let inputs = order.inputs.chunks(size * order.operands);
        let mut panels = Vec::with_capacity(rows.div_ceil(size));
        for ((((inputs, labels), train), losses), answers) in
            inputs.zip(labels).zip(train).zip(losses).zip(answers)
        {
            let trained = if rule.descend {
                train.iter().filter(|t| **t).count()
            } else {
                0
            };
            let kept = if rule.keep_raw { labels.len() } else { 0 };
            panels.push(Panel {
                inputs,
                labels,
                train,
                losses,
                answers,
                gradient: gradient
                    .split_off_mut(..trained * self.pitch)
                    .expect("counted above"),
                raw: raw
                    .split_off_mut(..kept * self.pitch)
                    .expect("counted above"),
            });
        }
        panels
    }
}

/// Scores the outputs of a panel's rows, `pitch` apart, which it overwrites.
#[inline(always)]
pub(crate) fn score<T: Real>(
    rule: &Rule<T>,
    classes: usize,
    pitch: usize,
    outputs: &mut [T],
    panel: &mut Panel<'_, T>,
) {
    let scale = rule.output_scale;
    if scale != T::ONE {
        outputs.iter_mut().for_each(|x| *x *= scale);
    }
    if rule.keep_raw {
        panel.raw.copy_from_slice(&outputs[..panel.raw.len()]);
    }
    let mut gradient = panel.gradient.chunks_exact_mut(pitch);
    for (i, outputs) in outputs
        .chunks_exact_mut(pitch)
        .take(panel.labels.len())
        .enumerate()
    {
        let (row, label) = (&mut outputs[..classes], panel.labels[i] as usize);
        panel.answers[i] = largest(row) as u32;
        let descend = rule.descend && panel.train[i];
        let Some(loss) = rule.loss else {
            if descend {
                gradient
                    .next()
                    .expect("a place for every training row")
                    .copy_from_slice(outputs);
            }
            continue;
        };
        if descend {
            panel.losses[i] = loss.gradient(row, label).f64();
            let to = gradient.next().expect("a place for every training row");
            for (to, x) in to.iter_mut().zip(&*outputs) {
                *to = *x * rule.gradient_scale;
            }
        } else {
            panel.losses[i] = loss.value(row, label).f64();
        }
    }
}

/// Index of the largest number, the first of equals; 0 if none compares.
#[inline(always)]
pub(crate) fn largest<T: Real>(row: &[T]) -> usize {
    const LANES: usize = 16;
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut most = row[0];
    // Lane by lane: one chain of comparisons would wait for each of its links.
    let mut lanes = [most; LANES];
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] = if chunk[i] > lanes[i] {
                chunk[i]
            } else {
                lanes[i]
            };
        }
    }
    for x in lanes.iter().chain(rest) {
        most = if *x > most { *x } else { most };
    }
    for (c, chunk) in chunks.iter().enumerate() {
        let mut hits = 0u32;
        for (i, x) in chunk.iter().enumerate() {
            hits |= u32::from(*x == most) << i;
        }
        if hits != 0 {
            return c * LANES + hits.trailing_zeros() as usize;
        }
    }
    let found = rest.iter().position(|x| *x == most);
    found.map_or(0, |i| chunks.len() * LANES + i)
}

#[cfg(test)]
mod tests {
    use super::largest;

    #[test]
    fn the_first_of_the_largest_wins() {
        for n in [1usize, 7, 16, 23, 71] {
            for at in 0..n {
                let mut row = vec![-1.0f32; n];
                row[at] = 2.0;
                row[n - 1] = 2.0;
                assert_eq!(largest(&row), at, "{n} {at}");
            }
        }
        assert_eq!(largest(&[f32::NAN; 20]), 0);
        assert_eq!(largest(&[3.0f64; 33]), 0);
    }
}
