//! By how much one side differs from another, over paired seeds.

use super::bootstrap::bootstrap;
use super::sign::{rank_of_interval, sign_test};
use crate::survival::{LogRank, Observed, log_rank, log_rank_stratified};
use serde::{Deserialize, Serialize};

/// Largest factor between restricted means that counts as alike.
const ALIKE: f64 = 1.1;

/// What may be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The interval of the mean ratio lies within a factor of 1.1 of 1.
    Alike,
    /// Neither.
    CannotTell,
    /// Sign test below 0.05 after Holm, and the interval of the mean ratio below 1.
    Earlier,
    /// The same, above 1.
    Later,
}

/// Median over seeds of T_of / T_to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MedianRatio {
    /// The median is at least this; equal to `at_most` unless a censored run lies in the middle.
    pub at_least: f64,
    /// It is at most this; None is without bound.
    pub at_most: Option<f64>,
    /// Lower end of its 95 % interval, by ranks; None below six seeds.
    pub low: Option<f64>,
    /// Upper end; None below six seeds, or without bound.
    pub high: Option<f64>,
}

/// Ratio of restricted mean times, E min(T_of, budget) / E min(T_to, budget).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeanRatio {
    /// The ratio.
    pub value: f64,
    /// Lower end of its 95 % interval, by resampling seeds.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Side `of` beside side `to`, on one measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairEffect {
    /// The side that is spoken of.
    pub of: String,
    /// The side that it is compared with.
    pub to: String,
    /// Seeds in which `of` was earlier.
    pub earlier: usize,
    /// Seeds in which it was later.
    pub later: usize,
    /// Seeds in which both came at the same epoch.
    pub same: usize,
    /// Seeds in which neither came: nothing is known of their order.
    pub neither: usize,
    /// Sign test over seeds, two-sided, exact.
    pub sign_p: f64,
    /// The same after Holm, over the comparisons of one family.
    pub holm_p: f64,
    /// Median over seeds of the ratio of times.
    pub median_ratio: MedianRatio,
    /// Ratio of restricted means; None with fewer than two seeds.
    pub mean_ratio: Option<MeanRatio>,
    /// Log-rank test of the two sides, pairing ignored.
    pub log_rank: LogRank,
    /// Log-rank test within pairs: the sign test without its small-sample exactness.
    pub log_rank_paired: LogRank,
    /// What may be said.
    pub verdict: Verdict,
}

impl PairEffect {
    /// The effect on the times of paired runs, `[of, to]` by seed; `holm_p` and `verdict` wait for
    /// [`PairEffect::settle`].
    pub(super) fn new(
        names: [&str; 2],
        pairs: &[[Option<u64>; 2]],
        budget: u64,
        seed: u64,
    ) -> Self {
        let count = |wanted: Order| pairs.iter().filter(|p| order(p) == wanted).count();
        let (earlier, later) = (count(Order::Earlier), count(Order::Later));
        let sign_p = sign_test(earlier, later);
        let side = |i: usize| -> Vec<Observed> {
            pairs.iter().map(|p| Observed::by(p[i], budget)).collect()
        };
        let (of, to) = (side(0), side(1));
        let strata: Vec<_> = of
            .iter()
            .zip(&to)
            .map(|(a, b)| vec![vec![*a], vec![*b]])
            .collect();
        Self {
            of: names[0].to_owned(),
            to: names[1].to_owned(),
            earlier,
            later,
            same: count(Order::Same),
            neither: count(Order::Neither),
            sign_p,
            holm_p: sign_p,
            median_ratio: median_ratio(pairs, budget),
            mean_ratio: mean_ratio(pairs, budget, seed),
            log_rank: log_rank(&[of, to]),
            log_rank_paired: log_rank_stratified(&strata),
            verdict: Verdict::CannotTell,
        }
    }

    /// Takes the adjusted p-value and says what may be said.
    pub(super) fn settle(&mut self, holm_p: f64) {
        self.holm_p = holm_p;
        let Some(ratio) = self
            .mean_ratio
            .filter(|_| self.earlier + self.later + self.same > 0)
        else {
            return;
        };
        self.verdict = if holm_p < 0.05 && ratio.high < 1.0 {
            Verdict::Earlier
        } else if holm_p < 0.05 && ratio.low > 1.0 {
            Verdict::Later
        } else if ratio.low >= 1.0 / ALIKE && ratio.high <= ALIKE && self.neither == 0 {
            Verdict::Alike
        } else {
            Verdict::CannotTell
        };
    }
}

#[derive(PartialEq, Eq)]
enum Order {
    Earlier,
    Later,
    Same,
    Neither,
}

fn order(pair: &[Option<u64>; 2]) -> Order {
    match pair {
        [None, None] => Order::Neither,
        [Some(_), None] => Order::Earlier,
        [None, Some(_)] => Order::Later,
        [Some(a), Some(b)] if a < b => Order::Earlier,
        [Some(a), Some(b)] if a > b => Order::Later,
        _ => Order::Same,
    }
}

/// A time that a ratio can be made of: a threshold may be crossed at epoch 0.
fn time(epoch: Option<u64>, budget: u64) -> f64 {
    epoch.unwrap_or(budget).max(1) as f64
}

fn median_ratio(pairs: &[[Option<u64>; 2]], budget: u64) -> MedianRatio {
    let known = |p: &[Option<u64>; 2]| time(p[0], budget) / time(p[1], budget);
    // A censored time is the budget or more.
    let low = |p: &[Option<u64>; 2]| if p[1].is_some() { known(p) } else { 0.0 };
    let high = |p: &[Option<u64>; 2]| {
        if p[0].is_some() {
            known(p)
        } else {
            f64::INFINITY
        }
    };
    let mut lows: Vec<f64> = pairs.iter().map(low).collect();
    let mut highs: Vec<f64> = pairs.iter().map(high).collect();
    lows.sort_by(f64::total_cmp);
    highs.sort_by(f64::total_cmp);
    let rank = rank_of_interval(pairs.len());
    let bounded = |x: f64| Some(x).filter(|x| x.is_finite());
    MedianRatio {
        at_least: middle(&lows),
        at_most: bounded(middle(&highs)),
        low: rank.map(|k| lows[k - 1]),
        high: rank.and_then(|k| bounded(highs[highs.len() - k])),
    }
}

/// The median of sorted values; with an even number of them the geometric mean of the two in the middle.
fn middle(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => 1.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] * sorted[n / 2]).sqrt(),
    }
}

fn mean_ratio(pairs: &[[Option<u64>; 2]], budget: u64, seed: u64) -> Option<MeanRatio> {
    let ratio = |drawn: &[usize]| {
        let sum =
            |side: usize| -> f64 { drawn.iter().map(|i| time(pairs[*i][side], budget)).sum() };
        sum(0) / sum(1)
    };
    let all: Vec<usize> = (0..pairs.len()).collect();
    let (low, high) = bootstrap(pairs.len(), seed, ratio)?;
    Some(MeanRatio {
        value: ratio(&all),
        low,
        high,
    })
}

/// Side `of` beside side `to`, on a score at the last epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FinalEffect {
    /// The side that is spoken of.
    pub of: String,
    /// The side that it is compared with.
    pub to: String,
    /// Seeds in which the score of `of` is higher.
    pub higher: usize,
    /// Seeds in which it is lower.
    pub lower: usize,
    /// Sign test over seeds, two-sided, exact.
    pub sign_p: f64,
    /// Of losses the geometric mean of the ratio, of accuracies the mean difference; None where a score is not
    /// finite, or a loss not above 0.
    pub effect: Option<f64>,
    /// Lower end of its 95 % interval, by resampling seeds.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// A score at the last epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finals {
    /// `test_acc` or `test_loss`.
    pub name: String,
    /// Median over seeds, side by side.
    pub medians: Vec<Option<f64>>,
    /// Why scores cannot be compared, if they cannot.
    pub incomparable: Option<String>,
    /// The comparisons.
    pub pairs: Vec<FinalEffect>,
}

impl FinalEffect {
    /// The effect on scores of paired runs, `[of, to]` by seed; `ratio` asks for a ratio in place of a difference.
    pub(super) fn new(
        names: [&str; 2],
        pairs: &[[Option<f64>; 2]],
        ratio: bool,
        seed: u64,
    ) -> Self {
        let both: Vec<[f64; 2]> = pairs.iter().filter_map(|p| Some([p[0]?, p[1]?])).collect();
        let higher = both.iter().filter(|p| p[0] > p[1]).count();
        let lower = both.iter().filter(|p| p[0] < p[1]).count();
        let one = |p: &[f64; 2]| {
            if ratio {
                libm::log(p[0] / p[1])
            } else {
                p[0] - p[1]
            }
        };
        let differences: Vec<f64> = both.iter().map(one).collect();
        let mean = |drawn: &[usize]| {
            drawn.iter().map(|i| differences[*i]).sum::<f64>() / drawn.len() as f64
        };
        let whole = both.len() == pairs.len() && differences.iter().all(|d| d.is_finite());
        let back = |x: f64| if ratio { libm::exp(x) } else { x };
        let all: Vec<usize> = (0..differences.len()).collect();
        let interval = whole.then(|| bootstrap(all.len(), seed, mean)).flatten();
        Self {
            of: names[0].to_owned(),
            to: names[1].to_owned(),
            higher,
            lower,
            sign_p: sign_test(higher, lower),
            effect: (whole && !all.is_empty()).then(|| back(mean(&all))),
            low: interval.map(|i| back(i.0)),
            high: interval.map(|i| back(i.1)),
        }
    }
}
