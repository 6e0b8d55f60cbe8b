//! Several seeds together.

use crate::account::Account;
use std::borrow::Borrow;

/// Epochs of several runs; those that never came are censored, never dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// Runs.
    pub runs: usize,
    /// Runs in which it never came.
    pub censored: usize,
    /// Median over all runs, a censored one being later than any other; the earlier of the two in the
    /// middle. None if that run is censored, or there is none.
    pub median: Option<u64>,
    /// Earliest.
    pub least: Option<u64>,
    /// Latest among those that came.
    pub most: Option<u64>,
}

/// The spreads of crossings and delays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Training accuracy 0.99, first crossing.
    pub train_99: Spread,
    /// Held-out accuracy 0.5, first crossing.
    pub test_50: Spread,
    /// Held-out accuracy 0.99, first crossing.
    pub test_99: Spread,
    /// Held-out accuracy 0.99, for good.
    pub test_99_sustained: Spread,
    /// Epochs from memorising to generalising.
    pub delay: Spread,
}

/// Medians and ranges over runs.
pub fn spread<A: Borrow<Account>>(accounts: &[A]) -> Summary {
    let of = |pick: fn(&Account) -> Option<u64>| {
        one(accounts.iter().map(|a| pick(a.borrow())).collect())
    };
    Summary {
        train_99: of(|a| a.train_99.first),
        test_50: of(|a| a.test_50.first),
        test_99: of(|a| a.test_99.first),
        test_99_sustained: of(|a| a.test_99.sustained),
        delay: of(|a| a.delay),
    }
}

fn one(mut epochs: Vec<Option<u64>>) -> Spread {
    epochs.sort_by_key(|e| e.unwrap_or(u64::MAX));
    let crossed: Vec<u64> = epochs.iter().flatten().copied().collect();
    Spread {
        runs: epochs.len(),
        censored: epochs.len() - crossed.len(),
        median: epochs
            .get(epochs.len().saturating_sub(1) / 2)
            .copied()
            .flatten(),
        least: crossed.first().copied(),
        most: crossed.last().copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn censored_runs_count_as_late() {
        let s = one(vec![Some(30), None, Some(10)]);
        assert_eq!(
            (s.median, s.censored, s.least, s.most),
            (Some(30), 1, Some(10), Some(30))
        );
        assert_eq!(one(vec![None, None, Some(3)]).median, None);
        assert_eq!(one(vec![Some(4), Some(8), Some(6), None]).median, Some(6));
        assert_eq!(
            one(vec![]),
            Spread {
                runs: 0,
                censored: 0,
                median: None,
                least: None,
                most: None
            }
        );
    }
}
