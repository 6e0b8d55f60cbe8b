//! What a comparison found: the JSON of `dunwu compare --json` and of `compare.json`, from which the page is made.
//!
//! Names are a contract: fields are added, never renamed.

use crate::text::epoch_axis;
use dunwu_analysis::compare::{
    Alike, Choice, Compared, Conclusion, GradientCosines, Outcome, Overlap,
};
use serde::{Deserialize, Serialize};

/// A whole comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparePage {
    /// The task, as written.
    pub task: String,
    /// One line: what the task is.
    pub description: String,
    /// Keys that differ.
    pub keys: Vec<String>,
    /// What all sides share and differs from the defaults, as overrides.
    pub shared: Vec<String>,
    /// Seeds of the pairs.
    pub seeds: Vec<u64>,
    /// Seeds on which learning rates were tried; empty if they were given.
    pub tuning_seeds: Vec<u64>,
    /// What the two runs of a seed have in common, as measured.
    pub pairing: Pairing,
    /// The sides, the first being what others are compared with, the control last.
    pub sides: Vec<ComparedSide>,
    /// Times, tests and scores.
    #[serde(flatten)]
    pub compared: Compared,
    /// Gradients of two losses; None where sides do not differ in loss.
    pub gradients: Option<Gradients>,
    /// Why there are none.
    pub no_gradients: Option<String>,
    /// How alike the learned representations are.
    pub representations: Option<Representations>,
    /// Why that is not known.
    pub no_representations: Option<String>,
    /// What is shown and what is not, in words.
    pub conclusions: Vec<Conclusion>,
    /// Names and values: version, commit, host, threads, time.
    pub provenance: Vec<(String, String)>,
    /// The command that computes it again.
    pub command: String,
    /// Wall-clock time of all sittings.
    pub seconds: f64,
}

/// What the runs of a pair share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairing {
    /// Whether the training rows are the same.
    pub split: bool,
    /// Tensors that begin with the same numbers on every side.
    pub start: Vec<String>,
    /// Tensors that do not, or that some side lacks.
    pub start_differs: Vec<String>,
}

/// One side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedSide {
    /// Its name.
    pub name: String,
    /// What sets it apart, as overrides.
    pub set: Vec<String>,
    /// Whether it is the control: the first side with three times its learning rate.
    pub control: bool,
    /// The learning rate that it was run with.
    pub lr: f64,
    /// How that was chosen; None if it was given.
    pub tuning: Option<Choice>,
    /// Its runs, by seed.
    pub runs: Vec<Outcome>,
    /// Median wall-clock time of a run, with as many runs beside it as there were threads.
    pub seconds_per_run: f64,
}

/// The gradients that two losses send to the hidden nodes of one network, along its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gradients {
    /// The two losses.
    pub losses: [String; 2],
    /// Along the way of either side.
    pub along: Vec<AlongWay>,
}

/// One way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlongWay {
    /// The side that was trained.
    pub side: String,
    /// Its seed.
    pub seed: u64,
    /// Cosines of ∂L/∂w_j, by epoch.
    pub weights: Vec<GradientCosines>,
    /// Cosines of the columns of ∂L/∂F, rows × nodes: what is sent back to each node's activation.
    pub activations: Vec<GradientCosines>,
}

/// How alike hidden layers are at the last epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Representations {
    /// Rows on which activations were compared.
    pub rows: usize,
    /// Rows that there are.
    pub of_rows: usize,
    /// Seeds that were looked into.
    pub seeds: Vec<u64>,
    /// Sides and seeds of networks whose activations are not finite or do not vary.
    pub left_out: Vec<(String, u64)>,
    /// The pairs that were compared.
    pub pairs: Vec<Likeness>,
    /// Features that there are; empty if the task has none.
    pub features: Vec<String>,
    /// Why no features are known.
    pub no_features: Option<String>,
    /// Features that each network holds.
    pub covered: Vec<Covered>,
}

/// Two networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Likeness {
    /// `paired`: two sides, one seed; `across`: two sides, two seeds; `within`: one side, two seeds.
    pub kind: String,
    /// Side and seed of the first.
    pub first: (String, u64),
    /// Side and seed of the second.
    pub second: (String, u64),
    /// Alignment and angles.
    #[serde(flatten)]
    pub alike: Alike,
    /// Features of both.
    pub features: Option<Overlap>,
}

/// The features of one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// Its side.
    pub side: String,
    /// Its seed.
    pub seed: u64,
    /// Live pure nodes, feature by feature.
    pub nodes: Vec<usize>,
}

impl ComparePage {
    /// Updates of an epoch, which all sides share; None if it is a pass over the training rows.
    pub fn epoch_updates(&self) -> Option<u64> {
        let said = |word: &String| word.strip_prefix("epoch_updates=")?.parse().ok();
        self.shared.iter().find_map(said)
    }

    /// The name of an axis of epochs.
    pub(crate) fn epochs(&self) -> String {
        let each = self.epoch_updates();
        each.map_or_else(|| "epoch, log scale".to_owned(), epoch_axis)
    }

    /// Whether the lengths of all parts agree, so that it can be drawn.
    pub fn is_consistent(&self) -> bool {
        let runs = self.sides.iter().all(|s| s.runs.len() == self.seeds.len());
        let sides = |n: usize| n == self.sides.len();
        let times = self.compared.measures.iter().all(|m| sides(m.sides.len()));
        let scores = self.compared.finals.iter().all(|f| sides(f.medians.len()));
        let covered = self.representations.iter().all(|r| {
            let known = |c: &Covered| c.nodes.len() == r.features.len();
            r.covered.iter().all(known)
        });
        self.sides.len() >= 3 && runs && times && scores && covered
    }

    /// The sides without the control.
    pub fn real_sides(&self) -> impl Iterator<Item = &ComparedSide> {
        self.sides.iter().filter(|s| !s.control)
    }
}
