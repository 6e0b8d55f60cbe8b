//! Where several signals put a border, and how sure that is.

use crate::signal::{Firing, Signal};
use dunwu_core::{Curve, Evidence};

/// A border between two stages.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Border {
    /// First epoch of the later stage.
    pub(crate) epoch: u64,
    /// Epoch from which it is certain: readings after it change nothing.
    pub(crate) known: u64,
    /// How sure, in [0, 1].
    pub(crate) confidence: f64,
    /// What put it there.
    pub(crate) by: Vec<Evidence>,
}

/// Some signals and what they have said so far.
pub(crate) struct Panel {
    signals: Vec<Signal>,
    seen_from: Vec<Option<u64>>,
    firings: Vec<Option<Firing>>,
}

impl Panel {
    pub(crate) fn read(curve: &Curve, signals: &[Signal]) -> Panel {
        Panel {
            seen_from: signals.iter().map(|s| s.seen_from(curve)).collect(),
            firings: signals.iter().map(|s| s.fires(curve)).collect(),
            signals: signals.to_vec(),
        }
    }

    /// Firings that are certain at epoch `at`.
    pub(crate) fn votes(&self, at: u64) -> Vec<Firing> {
        self.firings
            .iter()
            .flatten()
            .filter(|f| f.known <= at)
            .copied()
            .collect()
    }

    /// The weight of all signals, recorded or not.
    pub(crate) fn total(&self) -> f64 {
        self.weight(|_| true)
    }

    fn weight(&self, counts: impl Fn(usize) -> bool) -> f64 {
        self.signals
            .iter()
            .enumerate()
            .filter(|(i, _)| counts(*i))
            .map(|(_, s)| s.weight)
            .sum()
    }

    /// Share of the weight of the signals recorded by epoch `at` that has fired by then.
    fn share_fired(&self, at: u64) -> f64 {
        let seen = self.weight(|i| self.seen_from[i].is_some_and(|e| e <= at));
        let fired = self.weight(|i| self.firings[i].is_some_and(|f| f.known <= at));
        if seen > 0.0 { fired / seen } else { 0.0 }
    }

    /// The epoch at which the panel decides: when all recorded signals have fired, or some time
    /// (`patience` of that epoch) after half of their weight has. None if not before `last`.
    pub(crate) fn decides(&self, last: u64, patience: impl Fn(u64) -> u64) -> Option<u64> {
        let mut times: Vec<u64> = self.firings.iter().flatten().map(|f| f.known).collect();
        times.sort_unstable();
        let quorum = times
            .iter()
            .copied()
            .find(|t| self.share_fired(*t) >= 0.5)?;
        let all = times
            .iter()
            .copied()
            .find(|t| *t >= quorum && self.share_fired(*t) >= 1.0);
        let at = all.map_or(patience(quorum), |t| t.min(patience(quorum)));
        (at <= last).then_some(at)
    }

    /// The border that the votes known at epoch `at` put between `least` and `most`.
    pub(crate) fn border(&self, at: u64, least: u64, most: u64) -> Option<Border> {
        let votes = self.votes(at);
        let epoch = median(&votes)?.clamp(least, most.max(least));
        Some(border_of(epoch, at, &votes, self.total()))
    }
}

/// A border at a given epoch with the votes that bear on it, of `all` the weight there could be.
pub(crate) fn border_of(epoch: u64, known: u64, votes: &[Firing], all: f64) -> Border {
    let by = votes.iter().map(Firing::evidence).collect();
    Border {
        epoch,
        known,
        confidence: confidence(epoch, votes, all),
        by,
    }
}

/// The weighted median epoch, the earlier one of two.
fn median(votes: &[Firing]) -> Option<u64> {
    let mut sorted = votes.to_vec();
    sorted.sort_by_key(|v| v.epoch);
    let all: f64 = sorted.iter().map(|v| v.signal.weight).sum();
    let mut below = 0.0;
    sorted.iter().find_map(|v| {
        below += v.signal.weight;
        (2.0 * below >= all).then_some(v.epoch)
    })
}

/// 0.95 · √(weight that voted / weight there could be) · s/(s + d), s = 10 + border and d the weighted
/// mean distance of the votes from the border.
fn confidence(epoch: u64, votes: &[Firing], all: f64) -> f64 {
    let voted: f64 = votes.iter().map(|v| v.signal.weight).sum();
    if voted <= 0.0 {
        return 0.0;
    }
    let distance: f64 = votes
        .iter()
        .map(|v| v.signal.weight * v.epoch.abs_diff(epoch) as f64)
        .sum::<f64>()
        / voted;
    let scale = 10.0 + epoch as f64;
    0.95 * (voted / all).min(1.0).sqrt() * scale / (scale + distance)
}
