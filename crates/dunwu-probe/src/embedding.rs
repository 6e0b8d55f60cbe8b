//! Which features of the task a trained embedding holds.

use crate::matrix::{product, rows};
use crate::select::Setting;
use dunwu_core::{Cost, Dataset, Needs, Probe, Reading, Snapshot};
use dunwu_task::Features;
use faer::MatRef;

/// Share of the power that the features counted by `embedding_keys` carry together.
const MOST: f64 = 0.85;

/// Power of feature k is ‖Π_k E‖², E the embedding's vectors of the tokens; shares are of all but the constant one.
/// `embedding_keys`: the fewest features that carry 85 % together; `embedding_top`: the largest share;
/// `embedding_entropy`: entropy of the shares in nats. For cyclic groups features are frequencies (arXiv 2301.05217).
struct Embedding {
    features: Option<Features>,
}

pub(crate) fn make(setting: &Setting<'_>) -> Box<dyn Probe> {
    Box::new(Embedding {
        features: setting.features.cloned(),
    })
}

/// Share of each feature in the embedding, of all but the constant one; None if there is no embedding or it does
/// not fit.
pub fn embedding_shares(
    snapshot: &Snapshot<'_>,
    data: &Dataset,
    features: &Features,
) -> Option<Vec<f64>> {
    let (embedding, tokens) = (snapshot.get("embedding")?, features.tokens);
    if embedding.rows < tokens || data.vocab.iter().any(|v| *v != tokens) {
        return None;
    }
    let vectors: Vec<f64> = (0..tokens).flat_map(|i| embedding.row(i)).collect();
    let basis = MatRef::from_row_major_slice(&features.basis, tokens, tokens);
    let spectrum = product(basis, rows(&vectors, embedding.cols));
    let square = |i: usize| {
        (0..spectrum.ncols())
            .map(|j| spectrum[(i, j)] * spectrum[(i, j)])
            .sum::<f64>()
    };
    let mut power: Vec<f64> = features
        .ranges
        .iter()
        .map(|rows| rows.clone().map(square).sum())
        .collect();
    power[features.trivial()] = 0.0;
    let all: f64 = power.iter().sum();
    (all > 0.0).then(|| power.iter().map(|p| p / all).collect())
}

impl Probe for Embedding {
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn columns(&self) -> Vec<(String, &'static str)> {
        vec![
            (
                "embedding_entropy".into(),
                "entropy of the features' shares in the embedding, nats",
            ),
            (
                "embedding_keys".into(),
                "fewest features that carry 85 % of the embedding",
            ),
            (
                "embedding_top".into(),
                "largest share of a feature in the embedding",
            ),
        ]
    }

    fn needs(&self) -> Needs {
        match self.features {
            Some(_) => Needs::WEIGHTS,
            None => Needs::NONE,
        }
    }

    fn cost(&self) -> Cost {
        Cost::Moderate
    }

    fn measure(&mut self, snapshot: &Snapshot<'_>, data: &Dataset) -> Vec<Reading> {
        let shares = self
            .features
            .as_ref()
            .and_then(|f| embedding_shares(snapshot, data, f));
        let Some(mut shares) = shares.filter(|s| s.iter().all(|x| x.is_finite())) else {
            return vec![];
        };
        shares.sort_by(|a, b| b.total_cmp(a));
        let entropy = shares
            .iter()
            .filter(|p| **p > 0.0)
            .map(|p| -p * p.ln())
            .sum();
        let mut sum = 0.0;
        let below = shares.iter().take_while(|p| {
            sum += **p;
            sum < MOST
        });
        vec![
            Reading::new("embedding_keys", (below.count() + 1) as f64),
            Reading::new("embedding_top", shares[0]),
            Reading::new("embedding_entropy", entropy),
        ]
    }
}
