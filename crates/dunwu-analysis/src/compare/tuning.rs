//! Which learning rate a side gets.

use super::outcome::Outcome;
use serde::{Deserialize, Serialize};

/// One learning rate that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// The learning rate.
    pub lr: f64,
    /// Median epoch of the first crossing of 0.99, censored runs later than any other; None if it is one.
    pub median_99: Option<u64>,
    /// The same at 0.5.
    pub median_50: Option<u64>,
    /// Median held-out accuracy at the last epoch.
    pub median_acc: Option<f64>,
    /// Its runs.
    pub runs: Vec<Outcome>,
}

/// An end of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// The largest learning rate.
    High,
    /// The smallest.
    Low,
}

/// The learning rate that was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The learning rate.
    pub lr: f64,
    /// What decided: `test_99`, `test_50`, `test_acc`, or `nothing` where nothing tells the rates apart.
    pub by: String,
    /// Whether it lies on the edge of the grid: a better one may lie beyond.
    pub edge: Option<Edge>,
    /// All that were tried, ascending.
    pub tried: Vec<Tried>,
}

impl Tried {
    /// What its runs come to.
    pub fn new(lr: f64, runs: Vec<Outcome>) -> Self {
        let accuracies = runs.iter().filter_map(|o| o.last.test_acc);
        let mut accuracies: Vec<f64> = accuracies.collect();
        accuracies.sort_by(f64::total_cmp);
        Self {
            lr,
            median_99: median(runs.iter().map(|o| o.epochs_to.test_99)),
            median_50: median(runs.iter().map(|o| o.epochs_to.test_50)),
            median_acc: accuracies
                .get(accuracies.len().saturating_sub(1) / 2)
                .copied(),
            runs,
        }
    }

    fn key(&self) -> (u64, u64, f64) {
        let epoch = |e: Option<u64>| e.unwrap_or(u64::MAX);
        (
            epoch(self.median_99),
            epoch(self.median_50),
            // A higher accuracy is better, and none is worst.
            -self.median_acc.unwrap_or(f64::NEG_INFINITY),
        )
    }
}

/// The lower median; a censored one is later than any other.
fn median(epochs: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    let mut all: Vec<u64> = epochs.map(|e| e.unwrap_or(u64::MAX)).collect();
    all.sort_unstable();
    let middle = all.get(all.len().saturating_sub(1) / 2).copied();
    middle.filter(|e| *e < u64::MAX)
}

/// The rate with the earliest median crossing of 0.99; among those that are equal (all censored, say) the earliest
/// at 0.5, then the most accurate at the end, then the one nearest to `preferred`.
///
/// # Panics
/// If nothing was tried.
pub fn choose(mut tried: Vec<Tried>, preferred: f64) -> Choice {
    tried.sort_by(|a, b| a.lr.total_cmp(&b.lr));
    let far = |t: &Tried| (libm::log(t.lr) - libm::log(preferred)).abs();
    let order = |a: &Tried, b: &Tried| {
        let (x, y) = (a.key(), b.key());
        (x.0, x.1)
            .cmp(&(y.0, y.1))
            .then(x.2.total_cmp(&y.2))
            .then(far(a).total_cmp(&far(b)))
    };
    let best = (0..tried.len()).min_by(|a, b| order(&tried[*a], &tried[*b]));
    let best = best.expect("a grid holds at least one rate");
    let key = tried[best].key();
    let differ = |f: &dyn Fn(&Tried) -> bool| tried.iter().any(f);
    let by = if differ(&|t| t.key().0 != key.0) {
        "test_99"
    } else if differ(&|t| t.key().1 != key.1) {
        "test_50"
    } else if differ(&|t| t.key().2 != key.2) {
        "test_acc"
    } else {
        "nothing"
    };
    let edge = match best {
        _ if tried.len() < 2 => None,
        0 => Some(Edge::Low),
        n if n + 1 == tried.len() => Some(Edge::High),
        _ => None,
    };
    Choice {
        lr: tried[best].lr,
        by: by.to_owned(),
        edge,
        tried,
    }
}
