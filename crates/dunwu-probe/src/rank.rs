//! Effective rank of the weights.

use crate::matrix::{gram, rows};
use crate::select::Setting;
use dunwu_core::{Cost, Dataset, Needs, Probe, Reading, Snapshot};
use faer::Side;

/// `rank.X` = exp(−Σ p_i log p_i), p_i = σ_i/Σσ, of the first hidden layer W and the readout V (Roy and
/// Vetterli 2007).
struct Rank;

pub(crate) fn make(_: &Setting<'_>) -> Box<dyn Probe> {
    Box::new(Rank)
}

impl Probe for Rank {
    fn name(&self) -> &'static str {
        "rank"
    }

    fn columns(&self) -> Vec<(String, &'static str)> {
        vec![
            ("rank.V".into(), "effective rank of V"),
            ("rank.W".into(), "effective rank of W"),
        ]
    }

    fn needs(&self) -> Needs {
        Needs::WEIGHTS
    }

    fn cost(&self) -> Cost {
        Cost::Moderate
    }

    fn measure(&mut self, snapshot: &Snapshot<'_>, _: &Dataset) -> Vec<Reading> {
        let rank = |name: &str| {
            let view = snapshot.get(name)?;
            // The Gram matrix of the shorter side has the same singular values, squared.
            let numbers = view.to_f64();
            let a = rows(&numbers, view.cols);
            let a = if view.rows < view.cols {
                a.transpose()
            } else {
                a
            };
            let values = gram(a).self_adjoint_eigenvalues(Side::Lower).ok()?;
            let sigma: Vec<f64> = values.iter().map(|v| v.max(0.0).sqrt()).collect();
            let total: f64 = sigma.iter().sum();
            let entropy: f64 = sigma
                .iter()
                .map(|s| s / total)
                .filter(|p| *p > 0.0)
                .map(|p| -p * p.ln())
                .sum();
            Some(if total > 0.0 { entropy.exp() } else { 0.0 })
        };
        let all = [("rank.V", rank("readout")), ("rank.W", rank("hidden.0"))];
        all.into_iter()
            .filter_map(|(name, value)| value.map(|v| Reading::new(name, v)))
            .collect()
    }
}
