//! What an analysis concludes, and from what.

use serde::{Deserialize, Serialize};

/// A number that speaks for a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Column of the curve.
    pub signal: String,
    /// Epoch at which it was read.
    pub epoch: u64,
    /// Its value there.
    pub value: f64,
    /// What the value says, as a phrase.
    pub says: String,
}

/// A statement about a run, with its evidence and how sure it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Name, such as `lazy`, `memorised`, `generalised`.
    pub name: String,
    /// First epoch it holds at; None if it cannot be known yet or never came.
    pub from: Option<u64>,
    /// First epoch it no longer holds at; None if it still does.
    pub to: Option<u64>,
    /// Probability that the statement is right, in [0, 1].
    pub confidence: f64,
    /// One sentence.
    pub statement: String,
    /// What speaks for it.
    pub by: Vec<Evidence>,
}
