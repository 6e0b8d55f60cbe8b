//! What a look into one seed's network found: plain data that a JSON file holds.

use crate::text::is_pass;
use serde::{Deserialize, Serialize};

/// What the section “What was learned” draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// Updates of an epoch; 0 if it is a pass over the training rows.
    #[serde(default, skip_serializing_if = "is_pass")]
    pub epoch_updates: u64,
    /// The seed whose network it is.
    pub seed: u64,
    /// Epoch of the last checkpoint read.
    pub epoch: u64,
    /// Orders of the cyclic factors, if the rows are a product of cyclic groups.
    pub cyclic: Option<Vec<usize>>,
    /// Order of the group M, or number of classes.
    pub order: usize,
    /// All rows, and those trained on.
    pub rows: [usize; 2],
    /// Share of training labels that are wrong on purpose.
    pub label_noise: f64,
    /// Share of right answers on training rows, and on held-out rows, if there are any.
    pub accuracy: [Option<f64>; 2],
    /// Nodes that are live, and of those the ones with more than half of their weight in one feature.
    pub nodes: [usize; 2],
    /// Every feature but the constant one.
    pub features: Vec<LearnedFeature>,
    /// The circles of the features that are held, the loudest first.
    pub circles: Vec<Circle>,
    /// The outputs as a formula.
    pub formula: Option<LearnedFormula>,
    /// Checkpoints by ascending epoch.
    pub moments: Vec<LearnedMoment>,
    /// What could not be found out, and why.
    pub missing: Vec<String>,
}

/// A feature and the nodes that hold it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearnedFeature {
    /// Name.
    pub name: String,
    /// Live nodes with at least half of their weight in it.
    pub nodes: usize,
    /// Their part of all that live nodes say, Σ ‖w‖²‖v‖.
    pub voice: f64,
}

/// The nodes of one frequency, on its circle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Circle {
    /// Name of the feature.
    pub name: String,
    /// Turns round the circle of each factor.
    pub frequency: Vec<usize>,
    /// Nodes that hold it.
    pub nodes: usize,
    /// Where on the circle, in turns, each operand's weights of a node are largest, then the outgoing ones; of as many
    /// nodes as are drawn.
    pub places: Vec<Vec<f64>>,
    /// Part of the nodes whose outgoing place is the sum of the incoming ones, to a twentieth of a turn.
    pub in_tune: Option<f64>,
}

/// A formula for the outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearnedFormula {
    /// Terms by share of the variance, largest first.
    pub terms: Vec<LearnedTerm>,
    /// Part of the variance of the outputs that all terms explain.
    pub r2: f64,
    /// The shortest part of them that gives the answers.
    pub short: Vec<LearnedTerm>,
    /// Its length in bits, exceptions included.
    pub bits: f64,
    /// Share of all rows on which it alone is right.
    pub accuracy: f64,
    /// Share of all rows on which it agrees with the network.
    pub agreement: f64,
    /// Whether it holds: both shares are 99.9 % or more.
    pub holds: bool,
    /// Why it holds or not.
    pub why: String,
}

/// One character with its factor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearnedTerm {
    /// Name of the feature.
    pub name: String,
    /// Factor of the wave or the character.
    pub amplitude: f64,
    /// Phase, for a feature of complex type.
    pub phase: Option<f64>,
    /// Part of the variance of the outputs.
    pub share: f64,
}

/// One checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearnedMoment {
    /// Epoch.
    pub epoch: u64,
    /// Stage that the run was in.
    pub stage: Option<String>,
    /// Features that are held.
    pub covered: usize,
    /// Whether a formula holds.
    pub formula_holds: bool,
    /// Length in bits of each explanation of all answers, and the rows that are exceptions to it.
    pub lengths: Vec<(String, f64, usize)>,
    /// The shortest.
    pub shortest: String,
    /// ‖gradient‖² that the hidden layer receives by feature, in the order of the features.
    pub gradient: Option<Vec<f64>>,
}

impl Learned {
    /// Whether the lengths of all parts agree and all numbers drawn are finite.
    pub fn is_consistent(&self) -> bool {
        let gradient = |m: &LearnedMoment| {
            m.gradient
                .as_ref()
                .is_none_or(|g| g.len() == self.features.len() && g.iter().all(|x| x.is_finite()))
        };
        let lengths = |m: &LearnedMoment| m.lengths.iter().all(|l| l.1.is_finite());
        let places = |c: &Circle| c.places.iter().flatten().all(|p| p.is_finite());
        let rising = self.moments.windows(2).all(|m| m[0].epoch < m[1].epoch);
        rising
            && self.moments.iter().all(|m| gradient(m) && lengths(m))
            && self.circles.iter().all(places)
    }
}
