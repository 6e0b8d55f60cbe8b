//! Scores of outputs without some features, some rows at a time: no part is ever held on all rows.

use super::ablation::{Side, Split};
use super::logits::{Score, Scores, judge};
use super::network::{product, transposed};
use dunwu_core::Dataset;
use dunwu_task::Features;
use rayon::prelude::*;

/// The outputs as they are.
pub(crate) const ALL: usize = 0;
/// The constant and the key features alone.
pub(crate) const RESTRICTED: usize = 1;
/// The outputs without the key features.
pub(crate) const EXCLUDED: usize = 2;
/// The outputs without feature k are at this plus k.
pub(crate) const REMOVED: usize = 3;

/// Sums of what [`judge`] gives, over training rows and over held-out rows.
type Sums = [[f64; 3]; 2];

/// What the parts of outputs in features are made from.
pub(crate) struct Parts<'a> {
    features: &'a Features,
    side: Side,
    classes: usize,
    /// Operands: basis of operand 1 × tokens of operand 2 × classes, within the feature of the basis
    /// function. Label: rows × basis.
    waves: Vec<f64>,
}

impl<'a> Parts<'a> {
    pub(crate) fn of(split: Split<'a>) -> Self {
        let features = split.features;
        let waves = match split.side {
            Side::Label => split.spectrum,
            Side::Operands => (0..features.len())
                .into_par_iter()
                .flat_map_iter(|k| second(&split, k))
                .collect(),
        };
        Self {
            features,
            side: split.side,
            classes: split.classes,
            waves,
        }
    }

    /// The scores of each kind of outputs.
    pub(crate) fn scores(&self, outputs: &[f64], data: &Dataset, key: &[usize]) -> Vec<Scores> {
        let roles = roles(data);
        let size = self.features.tokens * self.classes;
        let blocks: Vec<Vec<Sums>> = outputs
            .par_chunks(size)
            .enumerate()
            .map(|(block, lines)| self.block(block, lines, data, &roles, key))
            .collect();
        let kinds = REMOVED + self.features.len();
        let of_kind = |kind: usize| {
            let sum = |role: usize, j: usize| blocks.iter().map(|b| b[kind][role][j]).sum::<f64>();
            let score = |role: usize, rows| Score::of([0, 1, 2].map(|j| sum(role, j)), rows);
            Scores {
                train: score(0, data.train.len()),
                test: score(1, data.test.len()),
            }
        };
        (0..kinds).map(of_kind).collect()
    }

    /// The sums of each kind over the rows of one block, as many rows as there are tokens.
    fn block(
        &self,
        block: usize,
        lines: &[f64],
        data: &Dataset,
        roles: &[Option<usize>],
        key: &[usize],
    ) -> Vec<Sums> {
        let first = block * self.features.tokens;
        let tally = |lines: &[f64]| tally(lines, first, data, roles);
        let (mut kept, mut left) = (vec![0.0; lines.len()], lines.to_vec());
        self.add(self.features.trivial(), 1.0, block, &mut kept);
        for k in key {
            self.add(*k, 1.0, block, &mut kept);
            self.add(*k, -1.0, block, &mut left);
        }
        let mut sums = vec![tally(lines), tally(&kept), tally(&left)];
        for k in 0..self.features.len() {
            left.copy_from_slice(lines);
            self.add(k, -1.0, block, &mut left);
            sums.push(tally(&left));
        }
        sums
    }

    /// Adds a multiple of the part in one feature to the outputs of a block.
    fn add(&self, k: usize, sign: f64, block: usize, out: &mut [f64]) {
        let m = self.features.tokens;
        for i in self.features.ranges[k].clone() {
            let basis = &self.features.basis[i * m..(i + 1) * m];
            match self.side {
                Side::Operands => {
                    let size = m * self.classes;
                    add_scaled(
                        out,
                        sign * basis[block],
                        &self.waves[i * size..(i + 1) * size],
                    );
                }
                Side::Label => {
                    for (row, line) in out.chunks_exact_mut(m).enumerate() {
                        add_scaled(line, sign * self.waves[(block * m + row) * m + i], basis);
                    }
                }
            }
        }
    }
}

/// The waves of one feature: basis functions of operand 1, each tokens of operand 2 × classes.
fn second(split: &Split<'_>, k: usize) -> Vec<f64> {
    let m = split.features.tokens;
    let range = split.features.ranges[k].clone();
    let back = transposed(&split.features.basis[range.start * m..range.end * m], m);
    let wave = |block: &[f64]| product(&back, m, block, split.classes);
    split.blocks(k).flat_map(wave).collect()
}

/// 0 of a training row, 1 of a held-out row, by row.
fn roles(data: &Dataset) -> Vec<Option<usize>> {
    let mut roles = vec![None; data.len()];
    data.train.iter().for_each(|i| roles[*i as usize] = Some(0));
    data.test.iter().for_each(|i| roles[*i as usize] = Some(1));
    roles
}

fn tally(lines: &[f64], first: usize, data: &Dataset, roles: &[Option<usize>]) -> Sums {
    let mut sums = Sums::default();
    for (row, line) in (first..).zip(lines.chunks_exact(data.classes)) {
        if let Some(role) = roles[row] {
            let one = judge(line, data.labels[row]);
            sums[role].iter_mut().zip(one).for_each(|(s, x)| *s += x);
        }
    }
    sums
}

#[inline(always)]
fn add_scaled(out: &mut [f64], factor: f64, x: &[f64]) {
    for (o, x) in out.iter_mut().zip(x) {
        *o += factor * x;
    }
}
