//! What the answers of a network are made of, and what they lose without it.
//!
//! On the table of a group the functions ρ_ij(ab) of an irreducible representation ρ are those functions of the right
//! answer g = ab that lie in the feature of ρ: for modular sums the waves cos ω(a+b), sin ω(a+b) of a frequency. The
//! part of outputs in them is Π_k applied to the mean of the outputs over all rows whose right answer is g, which is
//! the orthogonal projection since every answer has as many rows. Restricted and excluded loss (arXiv 2301.05217) keep
//! or remove such parts; here for any finite group.

mod nodes;
mod outputs;
mod plane;

pub use nodes::{Nodes, nodes};
pub use outputs::{AnswerScore, KEYS, Outputs, keys_of};
pub use plane::{Plane, plane};

use crate::select::Setting;
use dunwu_core::{Cost, Dataset, Needs, Probe, Reading, Snapshot};
use dunwu_task::Features;

/// Of the outputs over all rows of the table, with chance at ln M:
///
/// - `key_features`: the fewest features that have 95 % of the power of the outputs that is a function of the right
///   answer; `key_share`: their part of all power of the outputs, centred over classes, less the mean row;
/// - `restricted_loss`, `restricted_loss_all`: cross-entropy on held-out rows, on all rows, of nothing but the mean
///   row and the key features; `excluded_loss`: on the training rows, of all but the key features;
/// - `nodes_85`, `nodes_95`: share of live hidden nodes of which one feature is 85, 95 % of the power over the table.
///
/// The keys are those of the snapshot: while a network memorises they are many and carry little, and a low restricted
/// loss then means little. `dunwu inspect` takes those of the last checkpoint for all of a run.
struct Circuit {
    features: Option<Features>,
}

pub(crate) fn make(setting: &Setting<'_>) -> Box<dyn Probe> {
    Box::new(Circuit {
        features: setting.features.cloned(),
    })
}

impl Probe for Circuit {
    fn name(&self) -> &'static str {
        "circuit"
    }

    fn columns(&self) -> Vec<(String, &'static str)> {
        [
            (
                "excluded_loss",
                "cross-entropy on training rows of the outputs without their key features, nats",
            ),
            (
                "key_features",
                "fewest features with 95 % of the outputs' power that is a function of the right answer",
            ),
            ("key_share", "their part of all power of the outputs"),
            (
                "nodes_85",
                "share of live hidden nodes of which one feature is 85 % of the power over the table",
            ),
            ("nodes_95", "the same for 95 %"),
            (
                "restricted_loss",
                "cross-entropy on held-out rows of the key features of the outputs and their mean row alone, nats",
            ),
            ("restricted_loss_all", "the same on all rows"),
        ]
        .map(|(name, help)| (name.to_owned(), help))
        .to_vec()
    }

    fn needs(&self) -> Needs {
        Needs {
            table: self.features.is_some(),
            ..Needs::NONE
        }
    }

    fn cost(&self) -> Cost {
        Cost::Expensive
    }

    fn measure(&mut self, snapshot: &Snapshot<'_>, data: &Dataset) -> Vec<Reading> {
        let read = |features| read(snapshot, data, features);
        self.features.as_ref().and_then(read).unwrap_or_default()
    }
}

/// None if there is no table, or none that the features fit.
fn read(snapshot: &Snapshot<'_>, data: &Dataset, features: &Features) -> Option<Vec<Reading>> {
    let outputs = Outputs::new(snapshot.get("table.outputs")?, data, features).ok()?;
    let shares = outputs.shares();
    let keys = keys_of(&shares);
    let all: Vec<u32> = (0..data.len() as u32).collect();
    let mut out = vec![
        Reading::new("excluded_loss", outputs.without(&keys, &data.train).loss),
        Reading::new("key_features", keys.len() as f64),
        Reading::new("key_share", keys.iter().map(|k| shares[*k]).sum()),
        Reading::new("restricted_loss_all", outputs.only(&keys, &all).loss),
    ];
    if !data.test.is_empty() {
        let restricted = outputs.only(&keys, &data.test);
        out.push(Reading::new("restricted_loss", restricted.loss));
    }
    let layers = snapshot.tensors.iter();
    let layers = layers.filter(|t| t.name.starts_with("table.nodes."));
    let seen: Vec<Nodes> = layers
        .filter_map(|layer| nodes(layer, data, features).ok())
        .collect();
    let live: usize = seen.iter().map(|n| n.live().count()).sum();
    for (name, least) in [("nodes_85", 0.85), ("nodes_95", 0.95)] {
        let pure: usize = seen.iter().map(|n| n.pure(least).count()).sum();
        if live > 0 {
            out.push(Reading::new(name, pure as f64 / live as f64));
        }
    }
    Some(out)
}
