//! What all seeds together say.

use crate::run::{RunPage, SeedPage};
use crate::text::{epochs, grouped, percent};
use dunwu_analysis::Crossing;

/// When the seeds passed a threshold; a seed that did not counts as later than any that did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Passed {
    /// Median over all seeds; None if it is censored.
    pub(crate) median: Option<u64>,
    /// Median of the epochs from which it holds for good; None if it is censored.
    pub(crate) sustained: Option<u64>,
    /// Earliest and latest epoch among the seeds that passed.
    pub(crate) range: Option<(u64, u64)>,
    /// Number of seeds that passed.
    pub(crate) count: usize,
}

/// The crossings of all seeds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) memorised: Passed,
    pub(crate) generalised: Passed,
    /// Median delay of the seeds that have one.
    pub(crate) delay: Option<u64>,
    pub(crate) seeds: usize,
    /// Seeds whose numbers stopped being finite.
    pub(crate) diverged: usize,
    /// Last epoch that any seed reached.
    pub(crate) budget: u64,
    /// Updates of an epoch; 0 if it is a pass over the training examples.
    pub(crate) epoch_updates: u64,
    /// Whether unseen examples were ever scored.
    pub(crate) tested: bool,
    /// Whether the representative seed generalised without a delay.
    pub(crate) at_once: bool,
    /// Of a task that no rule answers in full: median accuracy at the end on what was held out.
    pub(crate) foretold: Option<f64>,
}

/// The middle value, or the mean of the two middle ones; None of nothing.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    let high = *values.get(n / 2)?;
    Some(if n % 2 == 1 {
        high
    } else {
        values[n / 2 - 1] / 2.0 + high / 2.0
    })
}

/// The lower middle of epochs among which None is later than any; None if that one is None.
pub(crate) fn censored_median(mut epochs: Vec<Option<u64>>) -> Option<u64> {
    epochs.sort_by_key(|e| e.unwrap_or(u64::MAX));
    *epochs.get(epochs.len().saturating_sub(1) / 2)?
}

impl Summary {
    /// Of a run's seeds.
    pub(crate) fn of(run: &RunPage<'_>) -> Summary {
        let delays = run
            .seeds
            .iter()
            .filter_map(|s| s.account.delay.map(Some))
            .collect();
        Summary {
            memorised: passed(&run.seeds, |s| &s.account.train_99),
            generalised: passed(&run.seeds, |s| &s.account.test_99),
            delay: censored_median(delays),
            seeds: run.seeds.len(),
            diverged: run
                .seeds
                .iter()
                .filter(|s| s.account.fate.name.contains("diverged"))
                .count(),
            budget: run.last_epoch(),
            epoch_updates: run.plan.epoch_updates,
            tested: run
                .seeds
                .iter()
                .any(|s| s.curve.points("test_acc").next().is_some()),
            at_once: run
                .representative()
                .is_some_and(|s| s.account.fate.name.contains("at once")),
            foretold: foretold(run),
        }
    }

    /// The answer in one sentence.
    pub(crate) fn headline(&self) -> String {
        let (m, g, n) = (&self.memorised, &self.generalised, self.seeds);
        let budget = epochs(self.budget, self.epoch_updates);
        if n == 0 {
            return "No seed has been run yet.".into();
        }
        if self.diverged == n {
            return format!(
                "{} diverged: its numbers stopped being finite.",
                the_network(n)
            );
        }
        let (who, but) = (the_network(n), self.exceptions());
        let learned = m
            .median
            .map(|m| format!("memorised its examples by epoch {}", grouped(m)));
        let delayed = self.delay.is_some_and(|d| d > 0) && !self.at_once;
        if let (None, None, Some(share)) = (&learned, g.median, self.foretold) {
            let share = percent(share);
            return format!(
                "{who} foretells {share} of the tokens that it was not trained on, after {budget}."
            );
        }
        match (learned, g.median) {
            (Some(learned), _) if !self.tested => {
                format!(
                    "{who} {learned}; none were held out, so nobody can tell whether it understood the rule."
                )
            }
            (Some(_), Some(g)) if delayed => format!(
                "{who} first memorised its examples (epoch {}), and understood the rule at epoch {}{but}.",
                m.median.map(grouped).unwrap_or_default(),
                grouped(g),
            ),
            (_, Some(g)) => format!(
                "{who} understood the rule at once, by epoch {}{but}.",
                grouped(g)
            ),
            (Some(learned), None) => {
                format!("{who} {learned} but did not come to understand the rule in {budget}{but}.")
            }
            (None, None) if !self.tested => {
                format!("{who} did not memorise its examples in {budget}.")
            }
            (None, None) => {
                format!(
                    "{who} neither memorised its examples nor understood the rule in {budget}{but}."
                )
            }
        }
    }

    /// How many seeds generalised, where they disagree.
    fn exceptions(&self) -> String {
        if self.seeds == 1 || self.generalised.count == 0 || self.generalised.count == self.seeds {
            return String::new();
        }
        format!(
            " ({} of {} seeds generalised)",
            self.generalised.count, self.seeds
        )
    }
}

/// The median accuracy at the end, where the next token is drawn or written by people.
fn foretold(run: &RunPage<'_>) -> Option<f64> {
    let drawn = ["backcopy(", "text:"];
    if !drawn.iter().any(|name| run.plan.task.starts_with(name)) {
        return None;
    }
    let last = |s: &SeedPage| s.curve.points("test_acc").last().map(|p| p.1);
    median(run.seeds.iter().filter_map(last).collect())
}

fn the_network(seeds: usize) -> &'static str {
    if seeds == 1 {
        "The network"
    } else {
        "The typical network"
    }
}

fn passed(seeds: &[SeedPage], of: impl Fn(&SeedPage) -> &Crossing) -> Passed {
    let first: Vec<Option<u64>> = seeds.iter().map(|s| of(s).first).collect();
    let known = || first.iter().flatten().copied();
    Passed {
        range: known().min().zip(known().max()),
        count: known().count(),
        sustained: censored_median(seeds.iter().map(|s| of(s).sustained).collect()),
        median: censored_median(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(memorised: Option<u64>, generalised: Option<u64>) -> Summary {
        let passed = |median: Option<u64>| Passed {
            median,
            sustained: median,
            range: median.map(|m| (m, m)),
            count: usize::from(median.is_some()),
        };
        Summary {
            memorised: passed(memorised),
            generalised: passed(generalised),
            delay: memorised.zip(generalised).map(|(m, g)| g.saturating_sub(m)),
            seeds: 1,
            diverged: 0,
            budget: 400,
            epoch_updates: 0,
            tested: true,
            at_once: false,
            foretold: None,
        }
    }

    #[test]
    fn the_headline_says_what_happened() {
        let both = summary(Some(20), Some(1350));
        for (summary, expected) in [
            (
                both.clone(),
                "first memorised its examples (epoch 20), and understood the rule at epoch 1,350.",
            ),
            (
                Summary {
                    at_once: true,
                    ..both.clone()
                },
                "understood the rule at once, by epoch 1,350.",
            ),
            (
                summary(Some(20), Some(20)),
                "understood the rule at once, by epoch 20.",
            ),
            (
                summary(None, Some(20)),
                "understood the rule at once, by epoch 20.",
            ),
            (
                summary(Some(20), None),
                "memorised its examples by epoch 20 but did not come to understand",
            ),
            (
                summary(None, None),
                "neither memorised its examples nor understood the rule in 400 epochs.",
            ),
            (
                Summary {
                    foretold: Some(0.186),
                    ..summary(None, None)
                },
                "foretells 18.6 % of the tokens that it was not trained on, after 400 epochs.",
            ),
            (
                Summary {
                    epoch_updates: 20,
                    ..summary(None, None)
                },
                "nor understood the rule in 400 epochs of 20 updates.",
            ),
            (
                Summary {
                    tested: false,
                    ..summary(Some(20), None)
                },
                "none were held out",
            ),
            (
                Summary {
                    tested: false,
                    ..summary(None, None)
                },
                "did not memorise its examples in 400 epochs.",
            ),
            (
                Summary {
                    diverged: 1,
                    ..both.clone()
                },
                "diverged",
            ),
            (
                Summary {
                    seeds: 5,
                    ..both.clone()
                },
                "The typical network",
            ),
            (
                Summary {
                    seeds: 5,
                    ..both.clone()
                },
                "epoch 1,350 (1 of 5 seeds generalised).",
            ),
            (Summary { seeds: 0, ..both }, "No seed has been run yet."),
        ] {
            let headline = summary.headline();
            assert!(headline.contains(expected), "{headline}");
        }
    }

    #[test]
    fn a_median_with_censored_values_is_censored_when_most_are() {
        assert_eq!(censored_median(vec![Some(5), None, Some(3)]), Some(5));
        assert_eq!(censored_median(vec![None, Some(3), None]), None);
        assert_eq!(censored_median(vec![]), None);
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![]), None);
    }
}
