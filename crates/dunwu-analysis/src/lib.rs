//! What a series of readings means: crossings, stages, verdicts.

use dunwu_core::Finding;

/// When a column passed a threshold; None is censored at `budget`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// First epoch at or above the threshold.
    pub first: Option<u64>,
    /// First epoch from which it stays there.
    pub sustained: Option<u64>,
    /// Last epoch seen.
    pub budget: u64,
}

/// What happened in one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Training accuracy 0.99.
    pub train_99: Crossing,
    /// Held-out accuracy 0.5.
    pub test_50: Crossing,
    /// Held-out accuracy 0.99.
    pub test_99: Crossing,
    /// Stages, in order.
    pub stages: Vec<Finding>,
    /// How it ended.
    pub fate: Finding,
    /// Epochs from memorising to generalising.
    pub delay: Option<u64>,
    /// The account in plain words.
    pub sentences: Vec<String>,
}
