//! What the page of reproductions is made from: plain data that a JSON file holds.

use serde::{Deserialize, Serialize};

/// Published results beside what was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReproductionPage {
    /// What was asked for, such as `all rows that take minutes`.
    pub title: String,
    /// The command that measures them again.
    pub command: String,
    /// One a published claim, in order.
    pub rows: Vec<ReproductionRow>,
    /// Names and values: version, commit, host, start.
    pub provenance: Vec<(String, String)>,
}

/// What became of a published claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReproductionVerdict {
    /// Everything measured lies within its tolerance.
    Holds,
    /// Something measured lies outside.
    DoesNotHold,
    /// Neither can be said of what was run.
    Inconclusive,
    /// The program cannot run it yet.
    NotYetPossible,
}

/// A published claim and what was measured of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReproductionRow {
    /// Its name, which never changes.
    pub id: String,
    /// Where it was published.
    pub source: String,
    /// What is claimed.
    pub claim: String,
    /// The settings, in words or as keys of a plan.
    pub settings: String,
    /// What came out there, in words.
    pub published: String,
    /// Each number of it.
    pub numbers: Vec<ReproductionNumber>,
    /// The verdict on all.
    pub verdict: ReproductionVerdict,
    /// What must be known beside it: why it is inconclusive or not possible, what the source leaves out; may be empty.
    pub note: String,
    /// Commands that show the same.
    pub commands: Vec<String>,
    /// Wall-clock time; None if it was not run.
    pub seconds: Option<f64>,
}

/// A published number, what it may be, and what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReproductionNumber {
    /// What is measured, and at which setting if there are several.
    pub what: String,
    /// What the source says, as it says it; may be empty.
    pub published: String,
    /// The same as a number, if it is one.
    pub published_number: Option<f64>,
    /// Least that holds; None for no lower end.
    pub low: Option<f64>,
    /// Greatest that holds; None for no upper end.
    pub high: Option<f64>,
    /// Whether it is drawn on a logarithmic axis, where all of it is positive.
    pub log: bool,
    /// The number that is judged; None if it was not found.
    pub measured: Option<f64>,
    /// One a seed, where there are several.
    pub seeds: Vec<f64>,
    /// Why there is no number, such as `not by epoch 400`; may be empty.
    pub missing: String,
    /// The verdict; None where it is shown and not judged.
    pub verdict: Option<ReproductionVerdict>,
}

impl ReproductionNumber {
    /// Every number of it.
    pub(crate) fn all(&self) -> impl Iterator<Item = f64> + '_ {
        let known = [self.published_number, self.low, self.high, self.measured];
        known
            .into_iter()
            .flatten()
            .chain(self.seeds.iter().copied())
    }

    /// Whether there is something to draw: a measured value beside what it may be.
    pub(crate) fn is_drawn(&self) -> bool {
        let measured = self.measured.is_some() || !self.seeds.is_empty();
        let expected = self.low.is_some() || self.high.is_some() || self.published_number.is_some();
        measured && expected && self.all().all(f64::is_finite)
    }

    /// Whether it lies on a logarithmic axis.
    pub(crate) fn is_log(&self) -> bool {
        self.log && self.all().all(|x| x > 0.0)
    }
}

impl ReproductionPage {
    /// Whether all numbers are finite and no tolerance is the wrong way round.
    pub fn is_consistent(&self) -> bool {
        let ordered = |n: &ReproductionNumber| n.low.zip(n.high).is_none_or(|(l, h)| l <= h);
        let mut numbers = self.rows.iter().flat_map(|r| &r.numbers);
        numbers.all(|n| ordered(n) && n.all().all(f64::is_finite))
    }
}
