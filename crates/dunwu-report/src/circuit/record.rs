//! What a look into a transformer found: plain data that a JSON file holds and `--json` prints.

use crate::text::is_pass;
use serde::{Deserialize, Serialize};

/// What one seed's transformer computes its answers from, and what they lose without it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Circuit {
    /// Updates of an epoch; 0 if it is a pass over the training rows.
    #[serde(default, skip_serializing_if = "is_pass")]
    pub epoch_updates: u64,
    /// The seed whose network it is.
    pub seed: u64,
    /// Epoch of the last checkpoint read.
    pub epoch: u64,
    /// Number of answers M.
    pub answers: usize,
    /// Loss of one who answers at random, ln M.
    pub chance: f64,
    /// Every feature but the constant one.
    pub features: Vec<CircuitFeature>,
    /// Key features, the strongest in the outputs first: the fewest with 95 % of the outputs' power that is a function
    /// of the right answer.
    pub keys: Vec<CircuitKey>,
    /// Their part of all power of the outputs.
    pub key_share: f64,
    /// Their part of the embedding.
    pub key_share_embedding: Option<f64>,
    /// Hidden nodes, layer by layer.
    pub layers: Vec<CircuitLayer>,
    /// Scores of the outputs as they are.
    pub whole: CircuitScores,
    /// Without all key features: the excluded scores.
    pub without_keys: CircuitScores,
    /// Of nothing but the key features and the mean row: the restricted scores.
    pub only_keys: CircuitScores,
    /// The embedding along each key feature.
    pub planes: Vec<CircuitPlane>,
    /// Checkpoints by ascending epoch, all with the keys of the last.
    pub moments: Vec<CircuitMoment>,
}

/// One feature's part in each place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CircuitFeature {
    /// Name.
    pub name: String,
    /// Of the embedding.
    pub embedding: Option<f64>,
    /// Of the power of all hidden nodes over the table.
    pub nodes: Option<f64>,
    /// Of the outputs.
    pub outputs: f64,
}

/// A key feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CircuitKey {
    /// Name.
    pub name: String,
    /// Dimension of its irreducible representation.
    pub dim: usize,
    /// Its part of the outputs.
    pub outputs: f64,
    /// Live hidden nodes of which it is at least 85 % of the power.
    pub nodes: usize,
    /// Scores of the outputs without it.
    pub without: CircuitScores,
}

/// The hidden nodes of a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CircuitLayer {
    /// Its index.
    pub layer: usize,
    /// Nodes in all.
    pub nodes: usize,
    /// Live ones: at least 10⁻⁶ of the power of the strongest.
    pub live: usize,
    /// Live ones of which one feature is at least 85 % of the power.
    pub pure_85: usize,
    /// The same for 95 %.
    pub pure_95: usize,
    /// Groups of live nodes by the feature that is the largest part of them, the largest group first.
    pub clusters: Vec<CircuitCluster>,
}

/// The live nodes of a layer that prefer one feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CircuitCluster {
    /// Name of the feature.
    pub feature: String,
    /// Nodes.
    pub nodes: usize,
    /// Of those, the ones of which it is at least 85 % of the power.
    pub pure_85: usize,
    /// The same for 95 %.
    pub pure_95: usize,
}

/// Loss and accuracy of some rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CircuitScore {
    /// Cross-entropy, nats.
    pub loss: f64,
    /// Share of right answers.
    pub accuracy: f64,
}

/// Scores by rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CircuitScores {
    /// All rows of the table.
    pub all: CircuitScore,
    /// Rows trained on.
    pub train: CircuitScore,
    /// Rows held out, if there are any.
    pub test: Option<CircuitScore>,
}

/// The embedding along one key feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CircuitPlane {
    /// Name of the feature.
    pub name: String,
    /// Number of its functions: 2 is a wave, 1 a sign, more an irreducible representation of dimension 2 or more.
    pub functions: usize,
    /// Its part of the embedding.
    pub share: f64,
    /// Where each token lies.
    pub points: Vec<[f64; 2]>,
    /// Of each token the turn of the wave, or the place of its character from lowest to highest.
    pub mark: Vec<f64>,
}

/// One checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CircuitMoment {
    /// Epoch.
    pub epoch: u64,
    /// Stage that the run was in.
    pub stage: Option<String>,
    /// Loss on the rows trained on.
    pub train_loss: f64,
    /// Loss on the rows held out.
    pub test_loss: Option<f64>,
    /// That of nothing but the key features of the last checkpoint and the mean row.
    pub restricted_loss: Option<f64>,
    /// Loss on the rows trained on without those key features.
    pub excluded_loss: f64,
    /// Their part of the outputs.
    pub key_share: f64,
    /// Share of live hidden nodes of which one feature is at least 85 % of the power.
    pub nodes_85: Option<f64>,
}

impl Circuit {
    /// Whether nine in ten of the rows held out, if there are any, are answered rightly. Of a network that does not, good
    /// scores of features alone say nothing: the projection spreads remembered answers over all rows with that answer.
    pub fn is_general(&self) -> bool {
        self.whole.test.is_none_or(|s| s.accuracy >= 0.9)
    }

    /// Whether all numbers drawn are finite and the lengths of all parts agree.
    pub fn is_consistent(&self) -> bool {
        let plane = |p: &CircuitPlane| {
            let inside = |m: &f64| (0.0..=1.0).contains(m);
            p.points.len() == p.mark.len()
                && p.points.iter().flatten().all(|x| x.is_finite())
                && p.mark.iter().all(inside)
        };
        let part = |x: Option<f64>| x.is_none_or(f64::is_finite);
        let feature =
            |f: &CircuitFeature| f.outputs.is_finite() && part(f.embedding) && part(f.nodes);
        let moment = |m: &CircuitMoment| {
            let losses = [Some(m.train_loss), Some(m.excluded_loss), m.test_loss];
            losses.into_iter().all(part) && part(m.restricted_loss)
        };
        let rising = self.moments.windows(2).all(|m| m[0].epoch < m[1].epoch);
        rising
            && self.planes.iter().all(plane)
            && self.features.iter().all(feature)
            && self.moments.iter().all(moment)
    }
}
