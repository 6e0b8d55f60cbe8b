//! Every finding, and the diagnosis.

use super::case::Case;
use super::finding::{Finding, Outcome};
use super::seeds::Ending;
use super::{bounds, breaks, fit, own, proxy, rate, seeds};

/// How a finding is looked for.
#[derive(Clone, Copy)]
enum Look {
    /// In one run.
    One(fn(&Case<'_>) -> Outcome),
    /// In several runs together.
    Together(fn(&[Ending]) -> Outcome),
}

/// A finding that is looked for.
#[derive(Clone, Copy)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What it means, in a phrase.
    pub help: &'static str,
    look: Look,
}

const fn one(name: &'static str, help: &'static str, look: fn(&Case<'_>) -> Outcome) -> Check {
    Check {
        name,
        help,
        look: Look::One(look),
    }
}

/// Every finding, sorted by name.
pub const ALL: &[Check] = &[
    one(
        "at_floor",
        "an accuracy that guessing reaches",
        bounds::at_floor,
    ),
    one(
        "better_than_possible",
        "held-out rows better than they can be: a leak",
        bounds::better_than_possible,
    ),
    one(
        "blew_up",
        "the loss jumped, and most of what had been learned is lost",
        breaks::blew_up,
    ),
    one(
        "decay_too_weak",
        "it memorised, and nothing holds its weights back",
        own::decay_too_weak,
    ),
    one("diverged", "numbers that are not finite", breaks::diverged),
    one(
        "does_not_generalise",
        "why, by the stages of a run of this program",
        own::does_not_generalise,
    ),
    Check {
        name: "gains_within_seeds",
        help: "the best setting is ahead of the next by less than seeds differ",
        look: Look::Together(seeds::gains_within_seeds),
    },
    one("lr_too_high", "steps that are too long", rate::too_high),
    one("lr_too_low", "steps that are too short", rate::too_low),
    one(
        "memorised",
        "training rows are answered, held-out rows are not",
        fit::memorised,
    ),
    one(
        "overfit",
        "a held-out measure gets worse since some step",
        fit::overfit,
    ),
    one("plateau", "the measure has come to rest", fit::plateau),
    one(
        "proxy",
        "what is optimised rises while what is wanted falls",
        proxy::proxy,
    ),
    one("spiked", "the loss jumped", breaks::spiked),
    one(
        "too_little_data",
        "fewer rows than the known border of its group",
        own::too_little_data,
    ),
    one(
        "underfit",
        "not even the training rows are answered, and no more of them come",
        fit::underfit,
    ),
];

/// A check that found nothing, or could not be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// Name of the finding.
    pub name: &'static str,
    /// What was looked at, or what is missing.
    pub words: String,
}

/// What is said of a run, or of several together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnosis {
    /// What was found, the worst and surest first.
    pub findings: Vec<Finding>,
    /// What was looked for and not found.
    pub clear: Vec<Looked>,
    /// What could not be looked for.
    pub blind: Vec<Looked>,
}

impl Diagnosis {
    fn take(&mut self, name: &'static str, outcome: Outcome) {
        match outcome {
            Outcome::Found(finding) => self.findings.push(*finding),
            Outcome::Clear(words) => self.clear.push(Looked { name, words }),
            Outcome::Blind(words) => self.blind.push(Looked { name, words }),
        }
    }

    fn sorted(mut self) -> Self {
        self.findings.sort_by(|a, b| {
            (b.severity, b.probability)
                .partial_cmp(&(a.severity, a.probability))
                .expect("probabilities are numbers")
                .then(a.name.cmp(b.name))
        });
        self
    }
}

/// Looks for every finding in one run. Pure: the same case has the same diagnosis.
///
/// ```
/// use dunwu_analysis::diagnose::{Case, Facts, Track, diagnose};
/// let steps: Vec<f64> = (0..60).map(f64::from).collect();
/// let train: Vec<f64> = steps.iter().map(|s| 2.0 / (1.0 + 0.2 * s)).collect();
/// let held: Vec<f64> = steps.iter().map(|s| 1.0 + (s - 25.0).abs() / 50.0).collect();
/// let tracks = vec![Track::new("train_loss", &steps, &train), Track::new("val_loss", &steps, &held)];
/// let said = diagnose(&Case { id: "a", tracks, facts: Facts::default() });
/// assert_eq!(said.findings[0].name, "overfit");
/// assert!(said.findings[0].probability > 0.9 && said.findings[0].since.unwrap() > 20.0);
/// assert!(said.blind.iter().any(|b| b.name == "proxy"));
/// ```
pub fn diagnose(case: &Case<'_>) -> Diagnosis {
    let mut said = Diagnosis::default();
    for check in ALL {
        if let Look::One(look) = check.look {
            said.take(check.name, look(case));
        }
    }
    said.sorted()
}

/// Looks for the findings that several runs show together.
pub fn diagnose_together(endings: &[Ending]) -> Diagnosis {
    let mut said = Diagnosis::default();
    for check in ALL {
        if let Look::Together(look) = check.look {
            said.take(check.name, look(endings));
        }
    }
    said.sorted()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_sorted_by_name() {
        assert!(ALL.windows(2).all(|w| w[0].name < w[1].name));
    }
}
