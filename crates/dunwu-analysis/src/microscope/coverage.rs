//! Which features the nodes have learned, and how that changes.

use super::nodes::Nodes;
use serde::Serialize;

/// One feature and the nodes that hold it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Covered {
    /// Index of the feature.
    pub feature: usize,
    /// Its name.
    pub name: String,
    /// Live pure nodes that prefer it.
    pub nodes: usize,
    /// Σ ‖w‖² of those nodes, as a part of that of all live nodes.
    pub energy: f64,
    /// Σ ‖w‖²‖v‖ of those nodes, as a part of that of all live nodes: how much they say, if σ is
    /// 2-homogeneous.
    pub voice: f64,
}

/// Features with live pure nodes and those without.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// Every feature but the constant one.
    pub features: Vec<Covered>,
    /// Indices of features that no live pure node prefers.
    pub missing: Vec<usize>,
    /// Part of the live nodes' Σ ‖w‖² in nodes that are not pure.
    pub impure_energy: f64,
}

/// The coverage by one snapshot's nodes.
pub fn coverage(nodes: &Nodes) -> Coverage {
    let energy = |n: &super::Node| n.norm_in * n.norm_in;
    let live = || nodes.nodes.iter().filter(|n| !n.dead);
    let total: (f64, f64) = (
        live().map(energy).sum(),
        live().map(super::Node::voice).sum(),
    );
    // An empty sum is −0.
    let share = |part: f64, all: f64| if all > 0.0 { 0.0 + part / all } else { 0.0 };
    let covered = |k: usize| {
        let own = || live().filter(move |n| n.is_pure() && n.feature == k);
        Covered {
            feature: k,
            name: nodes.names[k].clone(),
            nodes: own().count(),
            energy: share(own().map(energy).sum(), total.0),
            voice: share(own().map(super::Node::voice).sum(), total.1),
        }
    };
    let features: Vec<Covered> = (1..nodes.names.len()).map(covered).collect();
    let missing = features.iter().filter(|c| c.nodes == 0);
    let impure = live().filter(|n| !n.is_pure()).map(energy).sum();
    Coverage {
        missing: missing.map(|c| c.feature).collect(),
        impure_energy: share(impure, total.0),
        features,
    }
}

/// Nodes whose dominant feature went from one to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Transition {
    /// Feature before.
    pub from: usize,
    /// Feature after.
    pub to: usize,
    /// Number of nodes.
    pub nodes: usize,
}

/// How nodes moved between two checkpoints.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Epoch of the earlier one.
    pub from_epoch: u64,
    /// Epoch of the later one.
    pub to_epoch: u64,
    /// Nodes that are live in both.
    pub compared: usize,
    /// Of those, nodes whose dominant feature changed.
    pub changed: usize,
    /// Nodes that died.
    pub died: usize,
    /// Changes, commonest first, then by feature.
    pub transitions: Vec<Transition>,
}

/// How nodes moved over a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Movement {
    /// Between consecutive checkpoints.
    pub steps: Vec<Step>,
    /// From the first checkpoint to the last; None with fewer than two.
    pub overall: Option<Step>,
    /// By feature the first epoch with a live pure node; None if there never was one, and for the
    /// constant feature.
    pub first_covered: Vec<Option<u64>>,
}

/// The movement over checkpoints in ascending epoch.
pub fn movement(checkpoints: &[(u64, &Nodes)]) -> Movement {
    let steps = checkpoints.windows(2).map(|pair| step(pair[0], pair[1]));
    let overall = match checkpoints {
        [first, .., last] => Some(step(*first, *last)),
        _ => None,
    };
    let features = checkpoints.first().map_or(0, |(_, n)| n.names.len());
    let first_covered = |k: usize| {
        let holds = |n: &Nodes| n.nodes.iter().any(|n| n.is_pure() && n.feature == k);
        let first = checkpoints.iter().find(|(_, nodes)| k > 0 && holds(nodes));
        first.map(|(epoch, _)| *epoch)
    };
    Movement {
        steps: steps.collect(),
        overall,
        first_covered: (0..features).map(first_covered).collect(),
    }
}

fn step((from_epoch, before): (u64, &Nodes), (to_epoch, after): (u64, &Nodes)) -> Step {
    let features = before.names.len();
    let mut counts = vec![0; features * features];
    let pairs = || before.nodes.iter().zip(&after.nodes);
    for (old, new) in pairs().filter(|(a, b)| !a.dead && !b.dead) {
        counts[old.feature * features + new.feature] += 1;
    }
    let moved = |i: &usize| i / features != i % features && counts[*i] > 0;
    let mut transitions: Vec<Transition> = (0..counts.len())
        .filter(moved)
        .map(|i| Transition {
            from: i / features,
            to: i % features,
            nodes: counts[i],
        })
        .collect();
    transitions.sort_by_key(|t| (usize::MAX - t.nodes, t.from, t.to));
    Step {
        from_epoch,
        to_epoch,
        compared: counts.iter().sum(),
        changed: transitions.iter().map(|t| t.nodes).sum(),
        died: pairs().filter(|(a, b)| !a.dead && b.dead).count(),
        transitions,
    }
}
