//! The table of probes.

use crate::{
    attention, circuit, embedding, gradient, gram, layers, norms, rank, spectrum, update,
    update_spectrum,
};
use dunwu_core::{Cost, PlanError, Probe, RunPlan};
use dunwu_task::Features;

/// What a probe is made for.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The plan.
    pub plan: &'a RunPlan,
    /// Features of the task's tokens, if there are any.
    pub features: Option<&'a Features>,
}

/// A probe that a plan can name.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Name in plans.
    pub name: &'static str,
    /// What it reads and what that costs, as a share of an epoch of the published setting
    /// (Z71, width 2048, 2016 rows).
    pub help: &'static str,
    /// How often it is read.
    pub cost: Cost,
    /// Makes one.
    pub make: fn(&Setting<'_>) -> Box<dyn Probe>,
}

/// Every probe, sorted by name.
pub static ALL: &[Entry] = &[
    Entry {
        name: "attention",
        help: "of a transformer: where each head looks and how much that changes, sinks with their keys and values, maps over time",
        cost: Cost::Moderate,
        make: attention::make,
    },
    Entry {
        name: "circuit",
        help: "restricted and excluded loss: what the answers lose without the key features of the outputs, and without all else",
        cost: Cost::Expensive,
        make: circuit::make,
    },
    Entry {
        name: "embedding",
        help: "how many features of the task carry a trained embedding",
        cost: Cost::Moderate,
        make: embedding::make,
    },
    Entry {
        name: "gradient",
        help: "norm of the gradient that the loss sends to the hidden nodes, in both published forms",
        cost: Cost::Cheap,
        make: gradient::make,
    },
    Entry {
        name: "gram",
        help: "how nearly nodes and samples are independent, over a fixed sample of 256 of each",
        cost: Cost::Moderate,
        make: gram::make,
    },
    Entry {
        name: "gram_exact",
        help: "the same over all nodes and samples",
        cost: Cost::Expensive,
        make: gram::make_exact,
    },
    Entry {
        name: "layers",
        help: "of a transformer: logit lens, gradient, distance from the start and massive activations of each layer",
        cost: Cost::Moderate,
        make: layers::make,
    },
    Entry {
        name: "norms",
        help: "norms of weights and gradients",
        cost: Cost::Cheap,
        make: norms::make,
    },
    Entry {
        name: "rank",
        help: "effective rank of the weights",
        cost: Cost::Moderate,
        make: rank::make,
    },
    Entry {
        name: "spectrum",
        help: "which features of the task the nodes listen to",
        cost: Cost::Moderate,
        make: spectrum::make,
    },
    Entry {
        name: "update",
        help: "length of updates and how much they turn",
        cost: Cost::Cheap,
        make: update::make,
    },
    Entry {
        name: "update_spectrum",
        help: "ratio of the second to the third singular value of the last 20 updates",
        cost: Cost::Cheap,
        make: update_spectrum::make,
    },
];

/// Probes by name; `none`, `cheap` (all but the expensive) and `all` are groups.
///
/// # Errors
/// A name that no probe has; the nearest known one is named.
pub fn select(names: &[String]) -> Result<Vec<&'static Entry>, PlanError> {
    let mut chosen = vec![false; ALL.len()];
    for name in names {
        let group: Box<dyn Fn(&Entry) -> bool> = match name.as_str() {
            "none" => Box::new(|_| false),
            "cheap" => Box::new(|e| e.cost < Cost::Expensive),
            "all" => Box::new(|_| true),
            name if ALL.iter().any(|e| e.name == name) => Box::new(move |e| e.name == name),
            unknown => return Err(unknown_probe(unknown)),
        };
        ALL.iter()
            .zip(&mut chosen)
            .filter(|(e, _)| group(e))
            .for_each(|(_, c)| *c = true);
    }
    Ok(ALL
        .iter()
        .zip(chosen)
        .filter(|(_, c)| *c)
        .map(|(e, _)| e)
        .collect())
}

fn unknown_probe(name: &str) -> PlanError {
    let known: Vec<&str> = ALL.iter().map(|e| e.name).collect();
    PlanError::unknown(
        "probes",
        name,
        &[&["none", "cheap", "all"], known.as_slice()].concat(),
    )
}
