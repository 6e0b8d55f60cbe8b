//! Removing nodes in the order of their inverse participation ratio (arXiv 2310.13061, figure 6).

use super::logits::{accuracy, answers};
use super::network::{Network, Sigma};
use super::nodes::{Nodes, spectrum};
use dunwu_core::Dataset;
use dunwu_task::Features;
use serde::Serialize;

/// Accuracies after some nodes were removed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pruned {
    /// Part of the live nodes that were removed.
    pub removed: f64,
    /// On the training rows with their true label, by that.
    pub train_clean: f64,
    /// On the training rows with a replaced label, by the replaced one; None if there are none.
    pub noisy: Option<f64>,
    /// On the same rows, by the true label.
    pub noisy_true: Option<f64>,
    /// On all training rows, by the labels trained on.
    pub train: f64,
    /// On the rows held out.
    pub test: f64,
}

/// Accuracy against the part of the nodes removed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pruning {
    /// Inverse participation ratio of each node.
    pub ipr: Vec<f64>,
    /// Live nodes in ascending ratio.
    pub order: Vec<usize>,
    /// Lowest ratio removed first.
    pub lowest_first: Vec<Pruned>,
    /// Highest ratio removed first.
    pub highest_first: Vec<Pruned>,
}

/// By node `Σ_k m_k² / (Σ_k m_k)²` of the masses m_k = ‖Π_k w‖² of its incoming weights.
///
/// Operand by operand, averaged over operands weighted by their mass, over features but the constant.
/// Features, not basis functions: a wave's cosine and sine count as one, so a pure node has ratio 1
/// whatever its phase, and a random one on n cyclic frequencies about 2/n. The published ratio is of
/// the fourth powers of Fourier coefficients, cosine and sine apart or together.
///
/// # Errors
/// A sentence if an operand has other tokens than the features.
pub fn participation(network: &Network, features: &Features) -> Result<Vec<f64>, String> {
    let mut sums = vec![(0.0, 0.0); network.width];
    for weights in &network.operands {
        let spectrum = spectrum(weights, network.columns, features)?;
        for (node, sum) in sums.iter_mut().enumerate() {
            let square = |i: usize| -> f64 {
                let columns = network.columns_of(node);
                columns
                    .map(|c| spectrum[i * network.columns + c].powi(2))
                    .sum()
            };
            let mass = |k: usize| features.ranges[k].clone().map(square).sum::<f64>();
            let masses: Vec<f64> = (1..features.len()).map(mass).collect();
            let all: f64 = masses.iter().sum();
            if all > 0.0 {
                sum.0 += masses.iter().map(|m| m * m).sum::<f64>() / all;
                sum.1 += all;
            }
        }
    }
    let ratio = |(top, all): &(f64, f64)| if *all > 0.0 { top / all } else { 0.0 };
    Ok(sums.iter().map(ratio).collect())
}

/// Prunes live nodes in `steps` equal steps, from both ends. Dead nodes are removed from the start.
///
/// # Errors
/// [`Network::unrunnable`], or an operand with other tokens than the features.
pub fn prune(
    network: &Network,
    nodes: &Nodes,
    data: &Dataset,
    features: &Features,
    sigma: Sigma<'_>,
    steps: usize,
) -> Result<Pruning, String> {
    let ipr = participation(network, features)?;
    let mut order: Vec<usize> = (0..network.width)
        .filter(|j| !nodes.nodes[*j].dead)
        .collect();
    order.sort_by(|i, j| ipr[*i].total_cmp(&ipr[*j]));
    let steps = steps.clamp(1, order.len().max(1));
    let cut = |s: usize| s * order.len() / steps;
    let part = |s: usize| network.part(&order[cut(s)..cut(s + 1)], data, sigma);
    let parts: Vec<Vec<f64>> = (0..steps).map(part).collect::<Result<_, _>>()?;
    let removed = |s: usize| cut(s) as f64 / order.len().max(1) as f64;
    let empty = || vec![0.0; data.len() * data.classes];
    let run = |kept: &mut dyn Iterator<Item = &Vec<f64>>| -> Vec<Pruned> {
        let mut sum = empty();
        let mut out = vec![accuracies(&sum, data)];
        for part in kept {
            sum.iter_mut().zip(part).for_each(|(s, x)| *s += x);
            out.push(accuracies(&sum, data));
        }
        // Nodes are put back one step at a time; read backwards they are removed.
        out.reverse();
        out
    };
    let (low, high) = (run(&mut parts.iter().rev()), run(&mut parts.iter()));
    let at = |s: usize, removed: f64, run: &[Pruned]| Pruned { removed, ..run[s] };
    let from_below = |s: usize| at(s, removed(s), &low);
    let from_above = |s: usize| at(s, 1.0 - removed(steps - s), &high);
    Ok(Pruning {
        lowest_first: (0..=steps).map(from_below).collect(),
        highest_first: (0..=steps).map(from_above).collect(),
        ipr,
        order,
    })
}

/// The accuracies of outputs on all rows; the part removed is filled in later.
fn accuracies(outputs: &[f64], data: &Dataset) -> Pruned {
    let is_clean = |row: &&u32| data.noisy.binary_search(row).is_err();
    let clean: Vec<u32> = data.train.iter().filter(is_clean).copied().collect();
    let answers = answers(outputs, data.classes);
    let on = |rows: &[u32], labels: &[u32]| accuracy(&answers, rows, labels);
    let noisy = |labels: &[u32]| (!data.noisy.is_empty()).then(|| on(&data.noisy, labels));
    Pruned {
        removed: 0.0,
        train_clean: on(&clean, &data.clean),
        noisy: noisy(&data.labels),
        noisy_true: noisy(&data.clean),
        train: on(&data.train, &data.labels),
        test: on(&data.test, &data.labels),
    }
}
