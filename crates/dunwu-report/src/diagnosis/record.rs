//! What the page of a diagnosis is made from: plain data that a JSON file holds.

use serde::{Deserialize, Serialize};

/// Runs and what is said of each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DiagnosisPage {
    /// What was looked at, as it was written.
    pub title: String,
    /// The command that says it again.
    pub command: String,
    /// Runs, in the order in which they were read.
    pub runs: Vec<DiagnosedRun>,
    /// What several runs show together.
    pub together: Option<DiagnosedRun>,
    /// Names and values: version, commit, host, start.
    pub provenance: Vec<(String, String)>,
}

/// What is said of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DiagnosedRun {
    /// Its name.
    pub id: String,
    /// The sentence that says it all.
    pub verdict: String,
    /// What was odd about its log.
    pub notes: Vec<String>,
    /// What was found, the worst and surest first.
    pub findings: Vec<DiagnosedFinding>,
    /// What was looked for and not found, and what was looked at.
    pub clear: Vec<DiagnosedLook>,
    /// What could not be looked for, and what is missing.
    pub blind: Vec<DiagnosedLook>,
    /// Series that the findings show.
    #[serde(default)]
    pub series: Vec<DrawnSeries>,
}

/// A finding.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DiagnosedFinding {
    /// Its name.
    pub name: String,
    /// What that means, in a phrase.
    pub help: String,
    /// `note`, `warning` or `failure`.
    pub severity: String,
    /// One sentence.
    pub statement: String,
    /// That it is right.
    pub probability: f64,
    /// What the probability was read off.
    pub by: String,
    /// From which step on it holds.
    pub since: Option<f64>,
    /// What speaks for it.
    pub evidence: Vec<DiagnosedSign>,
    /// What would confirm it, in words.
    pub experiment: String,
    /// The same as a command, for runs of this program.
    pub command: Option<String>,
    /// Names of the series that show it.
    pub shown: Vec<String>,
}

/// A finding that is not there, or cannot be looked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DiagnosedLook {
    /// Its name.
    pub name: String,
    /// What was looked at, or what is missing.
    pub words: String,
}

/// A number that speaks for a finding.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DiagnosedSign {
    /// The series, or what it is.
    pub series: String,
    /// Where; none if it is of the whole run.
    pub step: Option<f64>,
    /// The number; none if it is not finite.
    pub value: Option<f64>,
    /// What it says.
    pub says: String,
}

/// A series that is drawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DrawnSeries {
    /// Its name.
    pub name: String,
    /// Steps and values, ascending, thinned so that no extreme is lost.
    pub points: Vec<(f64, f64)>,
}

impl DiagnosisPage {
    /// Whether all numbers are finite, probabilities are such, and steps ascend.
    pub fn is_consistent(&self) -> bool {
        self.runs
            .iter()
            .chain(&self.together)
            .all(DiagnosedRun::is_consistent)
    }
}

impl DiagnosedRun {
    fn is_consistent(&self) -> bool {
        let sound = |f: &DiagnosedFinding| {
            (0.0..=1.0).contains(&f.probability)
                && f.since.is_none_or(f64::is_finite)
                && f.evidence.iter().all(|s| s.step.is_none_or(f64::is_finite))
        };
        let ascends = |s: &DrawnSeries| {
            s.points.iter().all(|p| p.0.is_finite() && p.1.is_finite())
                && s.points.windows(2).all(|w| w[0].0 < w[1].0)
        };
        self.findings.iter().all(sound) && self.series.iter().all(ascends)
    }
}
