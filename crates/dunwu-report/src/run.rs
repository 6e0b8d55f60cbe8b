//! What a page is made from.

use crate::circuit::Circuit;
use crate::learned::Learned;
use dunwu_analysis::Account;
use dunwu_core::{Curve, RunPlan};

/// A finished or running run of one plan over one or more seeds.
#[derive(Clone, Debug)]
pub struct RunPage<'a> {
    /// The plan that was run.
    pub plan: &'a RunPlan,
    /// One line: what the task is, its order, classes and rows.
    pub task_description: String,
    /// Accuracy of always answering the commonest label, in [0, 1].
    pub chance: f64,
    /// Number of features that could be learned; None if the task has none that are known.
    pub features: Option<usize>,
    /// Why there are no features, if there are none.
    pub no_features: Option<String>,
    /// The seeds, in the order in which they are listed.
    pub seeds: Vec<SeedPage>,
    /// Names and values: version, commit, host, threads, hash of the plan, start.
    pub provenance: Vec<(String, String)>,
    /// The command that reproduces the run.
    pub command: String,
    /// Wall-clock time of all seeds together.
    pub seconds: Option<f64>,
    /// What a look into one seed's transformer found, once there was one.
    pub circuit: Option<Circuit>,
    /// What a look into one seed's perceptron found, once there was one.
    pub learned: Option<Learned>,
    /// Why what it found cannot be shown, if it cannot.
    pub no_learned: Option<String>,
}

/// One seed of a run.
#[derive(Clone, Debug)]
pub struct SeedPage {
    /// The seed.
    pub seed: u64,
    /// Its series.
    pub curve: Curve,
    /// What the analysis says of it.
    pub account: Account,
    /// Maps of neurons × features, by ascending epoch.
    pub maps: Vec<(u64, MapData)>,
    /// Where the heads of a transformer looked, where that was recorded.
    pub looks: Option<Looks>,
    /// Why it ended, as a phrase; None while it is running.
    pub stopped: Option<String>,
}

/// Which features each hidden neuron listens to, at one epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct MapData {
    /// Names of the features.
    pub names: Vec<String>,
    /// Number of neurons.
    pub neurons: usize,
    /// Share of each feature in each neuron's weights, neurons × features, rows sum to at most 1.
    pub share: Vec<f32>,
    /// The feature with the largest share, of each neuron.
    pub best: Vec<u32>,
    /// That share, of each neuron.
    pub purity: Vec<f32>,
}

/// Mean weights that the heads of a transformer gave to positions, over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Looks {
    /// Epochs of the readings, ascending.
    pub epochs: Vec<u64>,
    /// Positions of a sequence; fewer may be shown.
    pub sequence: usize,
    /// Heads of a layer.
    pub heads: usize,
    /// Names of the positions shown.
    pub positions: Vec<String>,
    /// The layers.
    pub layers: Vec<LookLayer>,
}

/// One layer's weights.
#[derive(Clone, Debug, PartialEq)]
pub struct LookLayer {
    /// Names of the positions that ask and are shown.
    pub queries: Vec<String>,
    /// Reading by head by query by position.
    pub weights: Vec<f32>,
}

impl Looks {
    /// Whether the lengths of all parts agree and there is something to draw.
    pub fn is_consistent(&self) -> bool {
        let one = self.epochs.len() * self.heads * self.positions.len();
        let fits = |l: &LookLayer| l.weights.len() == one * l.queries.len() && one > 0;
        !self.layers.is_empty() && self.layers.iter().all(|l| fits(l) && !l.queries.is_empty())
    }
}

impl MapData {
    /// Whether the lengths of all parts agree and every preferred feature exists.
    pub fn is_consistent(&self) -> bool {
        self.share.len() == self.neurons * self.names.len()
            && self.best.len() == self.neurons
            && self.purity.len() == self.neurons
            && self.best.iter().all(|b| (*b as usize) < self.names.len())
    }
}

impl RunPage<'_> {
    /// The seed that stands for all: the median one by time to generalise, censored ones last.
    pub(crate) fn representative(&self) -> Option<&SeedPage> {
        let mut order: Vec<&SeedPage> = self.seeds.iter().collect();
        order.sort_by_key(|s| (s.account.test_99.first.unwrap_or(u64::MAX), s.seed));
        order.get(order.len().saturating_sub(1) / 2).copied()
    }

    /// The last epoch that any seed reached.
    pub(crate) fn last_epoch(&self) -> u64 {
        self.seeds
            .iter()
            .filter_map(|s| s.curve.epochs().last().copied())
            .max()
            .unwrap_or(0)
    }
}
