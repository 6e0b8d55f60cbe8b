//! Which features of the task the hidden nodes listen to.

use crate::matrix::{product, rows};
use crate::select::Setting;
use dunwu_core::{Cost, Dataset, Needs, Probe, Reading, Snapshot, Weights};
use dunwu_task::Features;
use faer::MatRef;

/// A node shorter than this share of the median node is dead and counts nowhere.
const DEAD: f64 = 1e-3;
/// Purity from which a node counts as having learned its feature.
const PURE: f64 = 0.5;

/// The share of each feature in each hidden node's incoming weights.
///
/// The share of feature k in node j is ‖Π_k w_j‖² over all operands (and real and imaginary parts), as a
/// part of the sum over all features but the constant one.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureMap {
    /// Names of the features.
    pub names: Vec<String>,
    /// Number of nodes.
    pub neurons: usize,
    /// Shares, nodes × features.
    pub share: Vec<f32>,
    /// The feature with the largest share, of each node.
    pub best: Vec<u32>,
    /// That share, of each node.
    pub purity: Vec<f32>,
    /// Norm of each node's incoming weights.
    pub norm: Vec<f32>,
}

/// The map of a snapshot; None if its first layer does not fit the features.
pub fn feature_map(
    snapshot: &Snapshot<'_>,
    data: &Dataset,
    features: &Features,
    complex: bool,
) -> Option<FeatureMap> {
    if data.vocab.iter().any(|v| *v != features.tokens) {
        return None;
    }
    let basis = MatRef::from_row_major_slice(&features.basis, features.tokens, features.tokens);
    let (neurons, count) = (columns(snapshot, complex)?, features.names.len());
    let mut mass = vec![0.0f64; neurons * count];
    for j in 0..data.operands() {
        let weights = operand(snapshot, data, j)?;
        let spectrum = product(basis, rows(&weights, snapshot.get("hidden.0")?.cols));
        for column in 0..spectrum.ncols() {
            let line = &mut mass[column % neurons * count..][..count];
            for (m, rows) in line.iter_mut().zip(&features.ranges) {
                *m += rows
                    .clone()
                    .map(|i| spectrum[(i, column)] * spectrum[(i, column)])
                    .sum::<f64>();
            }
        }
    }
    Some(map_of(features, neurons, mass))
}

/// Number of nodes.
fn columns(snapshot: &Snapshot<'_>, complex: bool) -> Option<usize> {
    let cols = snapshot.get("hidden.0")?.cols;
    Some(if complex { cols / 2 } else { cols })
}

/// First-layer rows of operand j's tokens.
fn operand(snapshot: &Snapshot<'_>, data: &Dataset, j: usize) -> Option<Vec<f64>> {
    let hidden = snapshot.get("hidden.0")?;
    let block = |first: usize, count: usize| {
        (first + count <= hidden.rows).then(|| {
            (first..first + count)
                .flat_map(|i| hidden.row(i))
                .collect::<Vec<f64>>()
        })
    };
    let Some(embedding) = snapshot.get("embedding") else {
        return block(data.offset(j), data.vocab[j]);
    };
    let block = block(j * embedding.cols, embedding.cols)?;
    let embedding_rows = embedding.to_f64();
    let weights = product(
        rows(&embedding_rows, embedding.cols),
        rows(&block, hidden.cols),
    );
    let row = |i: usize| (0..hidden.cols).map(move |c| (i, c));
    Some(
        (0..embedding.rows)
            .flat_map(row)
            .map(|at| weights[at])
            .collect(),
    )
}

fn map_of(features: &Features, neurons: usize, mass: Vec<f64>) -> FeatureMap {
    let (count, trivial) = (features.names.len(), features.trivial());
    let mut map = FeatureMap {
        names: features.names.clone(),
        neurons,
        share: Vec::with_capacity(mass.len()),
        best: Vec::with_capacity(neurons),
        purity: Vec::with_capacity(neurons),
        norm: Vec::with_capacity(neurons),
    };
    for line in mass.chunks_exact(count) {
        let all: f64 = line.iter().sum();
        let learned = all - line[trivial];
        let scale = if learned > 0.0 { 1.0 / learned } else { 0.0 };
        let share = |k: usize| if k == trivial { 0.0 } else { line[k] * scale };
        let best = (0..count).fold(0, |best, k| if share(k) > share(best) { k } else { best });
        map.share.extend((0..count).map(|k| share(k) as f32));
        map.best.push(best as u32);
        map.purity.push(share(best) as f32);
        map.norm.push(all.sqrt() as f32);
    }
    map
}

/// `purity`: mean over live nodes of the largest share; `features_covered`: features that a live node
/// with purity of at least 0.5 prefers; `feature_entropy`: entropy in nats of the preferences of live
/// nodes; `ipr`: mean over live nodes of Σ share². A node is live above 10⁻³ of the median norm.
struct Spectrum {
    features: Option<Features>,
    complex: bool,
}

pub(crate) fn make(setting: &Setting<'_>) -> Box<dyn Probe> {
    Box::new(Spectrum {
        features: setting.features.cloned(),
        complex: setting.plan.weights == Weights::Complex,
    })
}

impl Probe for Spectrum {
    fn name(&self) -> &'static str {
        "spectrum"
    }

    fn columns(&self) -> Vec<(String, &'static str)> {
        vec![
            (
                "feature_entropy".into(),
                "entropy of the nodes' preferred features, nats",
            ),
            (
                "features_covered".into(),
                "features that a node with purity ≥ 0.5 prefers",
            ),
            ("ipr".into(), "mean Σ share² of a node's features"),
            ("purity".into(), "mean largest share of a feature in a node"),
        ]
    }

    fn needs(&self) -> Needs {
        if self.features.is_some() {
            Needs::WEIGHTS
        } else {
            Needs::NONE
        }
    }

    fn cost(&self) -> Cost {
        Cost::Moderate
    }

    fn measure(&mut self, snapshot: &Snapshot<'_>, data: &Dataset) -> Vec<Reading> {
        let map = self
            .features
            .as_ref()
            .and_then(|f| feature_map(snapshot, data, f, self.complex));
        map.map_or_else(Vec::new, |map| readings(&map))
    }
}

fn readings(map: &FeatureMap) -> Vec<Reading> {
    let mut norms = map.norm.clone();
    norms.sort_by(f32::total_cmp);
    let floor = DEAD * f64::from(norms[norms.len() / 2]);
    let live: Vec<usize> = (0..map.neurons)
        .filter(|j| f64::from(map.norm[*j]) > floor)
        .collect();
    let count = map.names.len();
    let (mut preferred, mut covered) = (vec![0usize; count], vec![false; count]);
    let (mut purity, mut ipr) = (0.0, 0.0);
    for j in &live {
        let best = map.best[*j] as usize;
        preferred[best] += 1;
        covered[best] |= f64::from(map.purity[*j]) >= PURE;
        purity += f64::from(map.purity[*j]);
        ipr += map.share[j * count..(j + 1) * count]
            .iter()
            .map(|s| f64::from(*s).powi(2))
            .sum::<f64>();
    }
    let n = live.len().max(1) as f64;
    let shares = preferred.iter().map(|c| *c as f64 / n).filter(|p| *p > 0.0);
    vec![
        Reading::new("feature_entropy", shares.map(|p| -p * p.ln()).sum()),
        Reading::new(
            "features_covered",
            covered.iter().filter(|c| **c).count() as f64,
        ),
        Reading::new("ipr", ipr / n),
        Reading::new("purity", purity / n),
    ]
}
