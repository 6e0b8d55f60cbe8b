//! Whether two losses send the same gradient to each hidden node.

use serde::{Deserialize, Serialize};

/// Cosines over nodes at one epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GradientCosines {
    /// Epoch.
    pub epoch: u64,
    /// Nodes that both losses send a gradient to.
    pub nodes: usize,
    /// Nodes that one of them sends none to.
    pub silent: usize,
    /// Mean over nodes.
    pub mean: f64,
    /// Quantiles over nodes: 0.05, 0.25, 0.5, 0.75, 0.95.
    pub quantiles: [f64; 5],
    /// Cosine of the gradients of the whole layer, all nodes as one vector.
    pub layer: f64,
}

/// Cosines of the columns of two matrices, rows × columns, row-major; node j has columns j, j + nodes, ….
///
/// None if no node has a gradient of either, or a number is not finite.
///
/// ```
/// use dunwu_analysis::compare::gradient_cosines;
/// let found = gradient_cosines(7, &[1.0, 0.0, 0.0, 1.0], &[1.0, 1.0, 0.0, 0.0], 2, 2).unwrap();
/// assert_eq!((found.mean, found.nodes), (0.5, 2));
/// ```
pub fn gradient_cosines(
    epoch: u64,
    a: &[f64],
    b: &[f64],
    columns: usize,
    nodes: usize,
) -> Option<GradientCosines> {
    let mut sums = vec![[0.0; 3]; nodes];
    for (i, (x, y)) in a.iter().zip(b).enumerate() {
        let node = &mut sums[i % columns % nodes];
        node[0] += x * y;
        node[1] += x * x;
        node[2] += y * y;
    }
    let cosine = |s: &[f64; 3]| s[0] / (s[1].sqrt() * s[2].sqrt());
    let mut known: Vec<f64> = sums.iter().map(cosine).filter(|c| c.is_finite()).collect();
    known.sort_by(f64::total_cmp);
    let all = sums
        .iter()
        .fold([0.0; 3], |t, s| [t[0] + s[0], t[1] + s[1], t[2] + s[2]]);
    let layer = Some(cosine(&all)).filter(|c| c.is_finite())?;
    let at = |q: f64| known[(q * (known.len() - 1) as f64).round() as usize];
    (!known.is_empty()).then(|| GradientCosines {
        epoch,
        nodes: known.len(),
        silent: nodes - known.len(),
        mean: known.iter().sum::<f64>() / known.len() as f64,
        quantiles: [0.05, 0.25, 0.5, 0.75, 0.95].map(at),
        layer,
    })
}

/// Mean cosine above which one loss stands for another.
const STANDS: f64 = 0.9;

/// What the cosines at activations along the way of a side say; `losses` are its own and the other.
pub fn stands_for(side: &str, losses: [&str; 2], cosines: &[GradientCosines]) -> Option<String> {
    let [own, other] = losses;
    let first = cosines.first()?;
    let least = cosines.iter().min_by(|a, b| a.mean.total_cmp(&b.mean))?;
    let numbers = format!(
        "the mean cosine of what they send back to a node is {:.3} at epoch {} and at the least {:.3}, at epoch {}",
        first.mean, first.epoch, least.mean, least.epoch
    );
    let apart = cosines.iter().find(|c| c.mean < STANDS);
    let opposed = if least.mean < 0.0 {
        ", where they pull against each other"
    } else {
        ""
    };
    Some(match apart {
        None => format!(
            "Along the way of {side}, {other} pulls the hidden layer as {own} does: {numbers}."
        ),
        Some(c) if c.epoch == first.epoch => format!(
            "Along the way of {side}, {other} cannot stand for {own} at any time: {numbers}{opposed}."
        ),
        Some(c) => format!(
            "Along the way of {side}, {other} can stand for {own} before epoch {} and not after: {numbers}{opposed}.",
            c.epoch
        ),
    })
}
