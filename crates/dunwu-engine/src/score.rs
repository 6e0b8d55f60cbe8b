//! From outputs to losses, answers and gradients, panel by panel.

use crate::buffer::Buffer;
use crate::loss::{Row, RowLoss};
use crate::maths::{Chunks, LANES, joined};
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
    pub gradient: Buffer<T>,
    /// Outputs of the rows that are kept, `pitch` apart.
    pub raw: Buffer<T>,
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
    /// Every how many-th row's outputs are kept, the last of so many; 0 for none.
    pub keep_raw: usize,
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
            gradient: Buffer::default(),
            raw: Buffer::default(),
        }
    }

    /// Cuts the order into panels of at most `size` rows, each with its place in the results.
    pub(crate) fn panels<'a>(
        &'a mut self,
        order: &'a Order,
        rule: &Rule<T>,
        size: usize,
    ) -> Vec<Panel<'a, T>> {
        let whole = order.len() / size;
        let rest = order.len() % size;
        let sizes = std::iter::repeat_n(size, whole).chain((rest > 0).then_some(rest));
        self.panels_of(order, rule, sizes, true)
    }

    /// As `panels`, with the rows of each panel given; they add up to those of the order. Without `place`, gradients
    /// have no place in the results.
    pub(crate) fn panels_of<'a>(
        &'a mut self,
        order: &'a Order,
        rule: &Rule<T>,
        sizes: impl Iterator<Item = usize>,
        place: bool,
    ) -> Vec<Panel<'a, T>> {
        const FITS: &str = "sizes add up to the rows of the order";
        let rows = order.len();
        let count = |train: &[bool]| match rule.descend && place {
            true => train.iter().filter(|t| **t).count(),
            false => 0,
        };
        self.losses.resize(rows, 0.0);
        self.answers.resize(rows, 0);
        self.gradient.resize(count(&order.train) * self.pitch);
        let kept = |rows: usize| rows.checked_div(rule.keep_raw).unwrap_or(0) * self.pitch;
        self.raw.resize(kept(rows));
        let (mut gradient, mut raw) = (&mut self.gradient[..], &mut self.raw[..]);
        let (mut losses, mut answers) = (&mut self.losses[..], &mut self.answers[..]);
        let (mut inputs, mut first) = (&order.inputs[..], 0);
        let mut panels = Vec::new();
        for size in sizes {
            let train = &order.train[first..first + size];
            let tokens = inputs.len().min(size * order.operands);
            panels.push(Panel {
                inputs: inputs.split_off(..tokens).expect(FITS),
                labels: &order.labels[first..first + size],
                train,
                losses: losses.split_off_mut(..size).expect(FITS),
                answers: answers.split_off_mut(..size).expect(FITS),
                gradient: gradient
                    .split_off_mut(..count(train) * self.pitch)
                    .expect(FITS),
                raw: raw.split_off_mut(..kept(size)).expect(FITS),
            });
            first += size;
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
    match rule.keep_raw {
        1 => panel.raw.copy_from_slice(&outputs[..panel.raw.len()]),
        each => {
            let kept = outputs.chunks_exact(pitch).skip(each.saturating_sub(1));
            let places = panel.raw.chunks_exact_mut(pitch);
            places
                .zip(kept.step_by(each.max(1)))
                .for_each(|(to, row)| to.copy_from_slice(row));
        }
    }
    // A loop of its own: the answer and the loss of a row wait for sums of their own, which other rows can fill.
    for (row, answer) in outputs.chunks_exact(pitch).zip(&mut *panel.answers) {
        *answer = largest(row.as_chunks().0, classes) as u32;
    }
    let mut gradient = panel.gradient.chunks_exact_mut(pitch);
    for (i, row) in outputs
        .chunks_exact_mut(pitch)
        .take(panel.labels.len())
        .enumerate()
    {
        let (row, label) = (row.as_chunks_mut().0, panel.labels[i] as usize);
        let descend = rule.descend && panel.train[i];
        let Some(loss) = rule.loss else {
            if descend {
                let to = gradient.next().expect("a place for every training row");
                to.copy_from_slice(row.as_flattened());
            }
            continue;
        };
        if descend {
            panel.losses[i] = loss.gradient(row, classes, label).f64();
            let to = gradient.next().expect("a place for every training row");
            for (to, x) in to.iter_mut().zip(row.as_flattened()) {
                *to = *x * rule.gradient_scale;
            }
        } else {
            panel.losses[i] = loss.value(row, classes, label).f64();
        }
    }
}

/// Index of the largest of the first n numbers, the first of equals; 0 if none compares.
///
/// Each lane keeps its own first largest: one chain of comparisons would wait for each of its links.
#[inline(always)]
pub(crate) fn largest<T: Real>(row: &Chunks<T>, n: usize) -> usize {
    let mut most = [row[0][0]; LANES];
    let mut at = [0u32; LANES];
    let (whole, rest) = row.split_at(n / LANES);
    let mut first = 0;
    for chunk in whole {
        for i in 0..LANES {
            let more = chunk[i] > most[i];
            most[i] = if more { chunk[i] } else { most[i] };
            at[i] = if more { first + i as u32 } else { at[i] };
        }
        first += LANES as u32;
    }
    if first < n as u32 {
        for i in 0..LANES {
            let more = (rest[0][i] > most[i]) & (first + (i as u32) < n as u32);
            most[i] = if more { rest[0][i] } else { most[i] };
            at[i] = if more { first + i as u32 } else { at[i] };
        }
    }
    let top = joined(most, |a, b| if b > a { b } else { a });
    for i in 0..LANES {
        at[i] = if most[i] == top { at[i] } else { u32::MAX };
    }
    let index = joined(at, |a: u32, b| a.min(b));
    if index == u32::MAX { 0 } else { index as usize }
}

#[cfg(test)]
mod tests {
    use super::largest;
    use crate::maths::chunked;

    #[test]
    fn the_first_of_the_largest_wins() {
        for n in [1usize, 7, 16, 23, 71] {
            for at in 0..n {
                let mut row = vec![-1.0f32; n];
                row[at] = 2.0;
                row[n - 1] = 2.0;
                assert_eq!(largest(&chunked(&row), n), at, "{n} {at}");
            }
        }
        assert_eq!(largest(&chunked(&[f32::NAN; 20]), 20), 0);
        assert_eq!(largest(&chunked(&[3.0f64; 33]), 33), 0);
    }
}
