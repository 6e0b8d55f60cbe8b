//! Which feature each hidden node computes with, over the whole table.

use super::outputs::check;
use crate::matrix::{product, rows};
use dunwu_core::{Dataset, TensorView};
use dunwu_task::Features;
use faer::{Mat, MatRef};
use std::ops::Range;

/// A node whose power is below this part of the strongest one's is dead.
const DEAD: f64 = 1e-6;
/// Nodes that are transformed together.
const BLOCK: usize = 32;

/// Shares of the features in hidden nodes h(a, b), functions on the table of two operands.
///
/// The share of feature k is ‖(Π_0 + Π_k) ⊗ (Π_0 + Π_k) h‖² less the mean, as a part of ‖h − mean‖²: functions of a,
/// of b and of both that need no other feature. For modular sums it is the part of the variance that waves of one
/// frequency and their products explain (arXiv 2301.05217); for others see arXiv 2302.03025.
#[derive(Clone, Debug, PartialEq)]
pub struct Nodes {
    /// Features a node.
    features: usize,
    /// Nodes × features; they add up to at most 1.
    pub share: Vec<f64>,
    /// ‖h − mean‖² of each node.
    pub power: Vec<f64>,
    /// The feature with the largest share, of each node.
    pub best: Vec<usize>,
}

impl Nodes {
    /// The part of node j in feature k.
    pub fn at(&self, j: usize, k: usize) -> f64 {
        self.share[j * self.features + k]
    }

    /// Nodes of at least 10⁻⁶ of the power of the strongest.
    pub fn live(&self) -> impl Iterator<Item = usize> + '_ {
        let floor = DEAD * self.power.iter().copied().fold(0.0, f64::max);
        (0..self.power.len()).filter(move |j| self.power[*j] > floor)
    }

    /// Live nodes of which one feature is at least so much.
    pub fn pure(&self, least: f64) -> impl Iterator<Item = usize> + '_ {
        self.live()
            .filter(move |j| self.at(*j, self.best[*j]) >= least)
    }

    /// By feature the part of the power of all nodes.
    pub fn shares(&self) -> Vec<f64> {
        let all: f64 = self.power.iter().sum();
        let own = |k: usize| {
            let each = self.power.iter().enumerate();
            each.map(|(j, power)| power * self.at(j, k)).sum::<f64>()
        };
        let share = |k: usize| if all > 0.0 { own(k) / all } else { 0.0 };
        (0..self.features).map(share).collect()
    }
}

/// The shares of hidden nodes, all rows × nodes.
///
/// # Errors
/// A sentence if the rows are not the whole table of two operands on the tokens of the features.
pub fn nodes(
    hidden: &TensorView<'_>,
    data: &Dataset,
    features: &Features,
) -> Result<Nodes, String> {
    check(data, features)?;
    let m = features.tokens;
    if data.vocab != [m, m] || hidden.rows != data.len() {
        let (operands, rows) = (data.operands(), hidden.rows);
        return Err(format!(
            "nodes are functions of two operands; there are {operands}, and {rows} rows of nodes"
        ));
    }
    let mut out = Nodes {
        features: features.len(),
        share: vec![],
        power: vec![],
        best: vec![],
    };
    for first in (0..hidden.cols).step_by(BLOCK) {
        let count = BLOCK.min(hidden.cols - first);
        let at = (0..hidden.rows).flat_map(|row| (first..first + count).map(move |j| (row, j)));
        let block: Vec<f64> = at.map(|(row, j)| hidden.at(row, j)).collect();
        push(&mut out, &block, count, features);
    }
    Ok(out)
}

/// Adds nodes, rows × `count`.
fn push(out: &mut Nodes, block: &[f64], count: usize, features: &Features) {
    let (m, trivial) = (features.tokens, features.trivial());
    let basis = MatRef::from_row_major_slice(&features.basis, m, m);
    let first = product(basis, rows(block, m * count));
    let mut power = vec![0.0; count];
    for line in block.chunks_exact(count) {
        power.iter_mut().zip(line).for_each(|(p, x)| *p += x * x);
    }
    let mut mass = vec![0.0; features.len() * count];
    let along = |range: &Range<usize>, slice: &[f64]| {
        let some = &features.basis[range.start * m..range.end * m];
        product(rows(some, m), rows(slice, count))
    };
    let square = |some: &Mat<f64>, node: usize| {
        (0..some.nrows())
            .map(|j| some[(j, node)].powi(2))
            .sum::<f64>()
    };
    for (k, range) in features.ranges.iter().enumerate() {
        for i in range.clone() {
            let slice: Vec<f64> = (0..m * count).map(|at| first[(i, at)]).collect();
            let constant = along(&features.ranges[trivial], &slice);
            let own = |l: usize| (l, along(&features.ranges[l], &slice));
            // Of what is constant in a, every feature of b; of what is in a feature, that feature of b.
            let parts = if k == trivial {
                (1..features.len()).map(own).collect()
            } else {
                vec![own(k)]
            };
            for node in 0..count {
                for (l, part) in &parts {
                    mass[node * features.len() + l] += square(part, node);
                }
                if k == trivial {
                    power[node] -= square(&constant, node);
                } else {
                    mass[node * features.len() + k] += square(&constant, node);
                }
            }
        }
    }
    for (power, line) in power.iter().zip(mass.chunks_exact(features.len())) {
        let power = power.max(0.0);
        let share = |x: &f64| if power > 0.0 { x / power } else { 0.0 };
        out.share.extend(line.iter().map(share));
        out.power.push(power);
        let larger = |b, k| if line[k] > line[b] { k } else { b };
        out.best.push((0..line.len()).fold(trivial, larger));
    }
}
