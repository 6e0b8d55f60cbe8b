//! What the answers lose without the nodes of a feature.

use super::logits::{Scores, scores};
use super::network::{Network, Sigma};
use super::nodes::Nodes;
use dunwu_core::Dataset;
use serde::Serialize;

/// The scores without the nodes that prefer a feature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodesRemoved {
    /// Index of the feature.
    pub feature: usize,
    /// Its name.
    pub name: String,
    /// Number of nodes removed.
    pub nodes: usize,
    /// The scores of what is left.
    pub scores: Scores,
}

/// For each feature that some node prefers, the scores without the nodes that prefer it.
///
/// # Errors
/// [`Network::unrunnable`].
pub fn node_ablation(
    network: &Network,
    nodes: &Nodes,
    data: &Dataset,
    sigma: Sigma<'_>,
) -> Result<Vec<NodesRemoved>, String> {
    let of_feature = |k: usize| -> Vec<usize> {
        let own = nodes.nodes.iter().filter(|n| n.feature == k);
        own.map(|n| n.index).collect()
    };
    let all = network.forward(data, sigma)?;
    let without = |k: usize, own: Vec<usize>| {
        let mut left = network.part(&own, data, sigma)?;
        left.iter_mut().zip(&all).for_each(|(x, all)| *x = all - *x);
        Ok(NodesRemoved {
            feature: k,
            name: nodes.names[k].clone(),
            nodes: own.len(),
            scores: scores(&left, data),
        })
    };
    (0..nodes.names.len())
        .map(|k| (k, of_feature(k)))
        .filter(|(_, own)| !own.is_empty())
        .map(|(k, own)| without(k, own))
        .collect()
}
