//! Which features the gradient of the first layer pushes.

use super::network::Network;
use super::nodes::{Nodes, spectrum};
use dunwu_core::{Dataset, Snapshot};
use dunwu_task::Features;
use serde::Serialize;

/// The gradient of one node.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeGradient {
    /// By feature ‖Π_k ∂w‖² over all operands, the constant first.
    pub squares: Vec<f32>,
    /// Cosine of the node's weight and of its gradient within the node's dominant feature. The weight
    /// moves against the gradient: −1 is a node that grows without turning.
    pub alignment: f64,
}

/// The gradient of the loss by the first layer, split by feature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GradientSplit {
    /// Epoch of the snapshot.
    pub epoch: u64,
    /// Names of the features, the constant one first.
    pub names: Vec<String>,
    /// By feature Σ ‖Π_k ∂w‖² over live nodes.
    pub total: Vec<f64>,
    /// The part of that sum in the nodes that prefer the feature.
    pub own: Vec<f64>,
    /// Node by node.
    pub nodes: Vec<NodeGradient>,
}

/// The split of `grad.hidden.0`.
///
/// # Errors
/// A sentence if the gradient is not there or is not one of weights on tokens.
pub fn gradient_split(
    snapshot: &Snapshot<'_>,
    data: &Dataset,
    network: &Network,
    features: &Features,
    nodes: &Nodes,
) -> Result<GradientSplit, String> {
    let spectra = |blocks: Vec<Vec<f64>>| -> Result<Vec<Vec<f64>>, String> {
        let one = |w: &Vec<f64>| spectrum(w, network.columns, features);
        blocks.iter().map(one).collect()
    };
    let gradients = spectra(gradient(snapshot, data, network)?)?;
    let weights = spectra(network.operands.clone())?;
    let split = Split {
        features,
        network,
        gradients: &gradients,
        weights: &weights,
    };
    let one = |j: usize| split.node(j, nodes.nodes[j].feature);
    let parts: Vec<NodeGradient> = (0..network.width).map(one).collect();
    let sum = |k: usize, counts: &dyn Fn(usize) -> bool| -> f64 {
        let live = (0..parts.len()).filter(|j| !nodes.nodes[*j].dead && counts(*j));
        live.map(|j| f64::from(parts[j].squares[k])).sum()
    };
    Ok(GradientSplit {
        epoch: snapshot.epoch,
        names: features.names.clone(),
        total: (0..features.len()).map(|k| sum(k, &|_| true)).collect(),
        own: (0..features.len())
            .map(|k| sum(k, &|j| nodes.nodes[j].feature == k))
            .collect(),
        nodes: parts,
    })
}

/// Blocks of the gradient, by operand.
fn gradient(
    snapshot: &Snapshot<'_>,
    data: &Dataset,
    network: &Network,
) -> Result<Vec<Vec<f64>>, String> {
    if snapshot.get("embedding").is_some() {
        return Err("the first layer acts on a trained embedding, not on tokens".to_owned());
    }
    let missing = "the snapshot has no tensor `grad.hidden.0`";
    let view = snapshot.get("grad.hidden.0").ok_or(missing)?;
    if view.rows != data.inputs() || view.cols != network.columns {
        return Err(format!(
            "`grad.hidden.0` is {} × {}, expected {} × {}",
            view.rows,
            view.cols,
            data.inputs(),
            network.columns
        ));
    }
    let block = |j: usize| {
        let first = data.offset(j);
        (first..first + data.vocab[j])
            .flat_map(|i| view.row(i))
            .collect()
    };
    Ok((0..data.operands()).map(block).collect())
}

/// Coefficients of weights and gradients, by operand basis functions × columns.
struct Split<'a> {
    features: &'a Features,
    network: &'a Network,
    gradients: &'a [Vec<f64>],
    weights: &'a [Vec<f64>],
}

impl Split<'_> {
    fn node(&self, node: usize, feature: usize) -> NodeGradient {
        let inner = |x, y, k| self.inner(x, y, k, node);
        let square = |k| inner(self.gradients, self.gradients, k) as f32;
        let lengths = inner(self.gradients, self.gradients, feature)
            * inner(self.weights, self.weights, feature);
        let along = inner(self.weights, self.gradients, feature);
        NodeGradient {
            squares: (0..self.features.len()).map(square).collect(),
            alignment: if lengths > 0.0 {
                along / lengths.sqrt()
            } else {
                0.0
            },
        }
    }

    /// ⟨Π_k x, Π_k y⟩ of a node.
    fn inner(&self, x: &[Vec<f64>], y: &[Vec<f64>], feature: usize, node: usize) -> f64 {
        let columns = self.network.columns;
        let mut sum = 0.0;
        for (x, y) in x.iter().zip(y) {
            for i in self.features.ranges[feature].clone() {
                for c in self.network.columns_of(node) {
                    sum += x[i * columns + c] * y[i * columns + c];
                }
            }
        }
        sum
    }
}
