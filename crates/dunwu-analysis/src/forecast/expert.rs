//! What other runs of the same metric teach, whose ends are known.
//!
//! Three experts of the end: the head; the last value with the residuals that known runs had at the same share of their
//! steps; and a robust ridge regression of the residual on five numbers of the prefix, with its own residuals. Their
//! quantiles are averaged with the weights, and stretched by the factor, that would have served best for known runs when
//! the group of each was left out.

use super::features::Prepared;
use super::quantiles::{COUNT, LEVELS, MEDIAN, Quantiles};
use std::collections::BTreeMap;

/// Numbers of the regression, with the constant.
const NUMBERS: usize = 6;
/// Known runs below which nothing is learned.
pub(crate) const FEWEST: usize = 6;
/// Groups that are left out one by one at most; more are taken together.
const FOLDS: usize = 20;
/// Known runs below which intervals are not narrowed.
const MANY: usize = 30;
/// Ridge of the regression.
const RIDGE: f64 = 1.0;
/// Weights that are believed in before known runs tell better: few of them teach little more than chance.
const BELIEVED: [f64; 3] = [0.6, 0.2, 0.2];
/// Runs that this belief counts for, and that the experts' intervals are right.
const BELIEF: f64 = 10.0;
const BELIEF_STRETCH: f64 = 2.0;

/// A prefix as the experts see it, with the head's forecast of the end.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub last: f64,
    pub head: Quantiles,
    numbers: [f64; NUMBERS],
}

impl View {
    pub(crate) fn new(prepared: &Prepared, last: f64, head: Quantiles) -> Self {
        let level = prepared.shape.sign * prepared.level;
        let numbers = [
            1.0,
            head.0[MEDIAN] - last,
            last,
            level - last,
            prepared.shape.range,
            prepared.shape.noise,
        ];
        Self {
            last,
            head,
            numbers,
        }
    }
}

/// A known run: how it looked, how it ended, and what goes with it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub view: View,
    pub outcome: f64,
    pub group: usize,
}

/// The two experts that are learned from known runs.
#[derive(Clone, Debug)]
struct Taught {
    residuals: [f64; COUNT],
    centre: [f64; NUMBERS],
    spread: [f64; NUMBERS],
    weights: [f64; NUMBERS],
    about: [f64; COUNT],
}

/// All three, with how far each is listened to.
#[derive(Clone, Debug)]
pub(crate) struct Experts {
    taught: Taught,
    mix: [f64; 3],
    stretch: f64,
}

impl Experts {
    /// Learns from known runs; None if there are fewer than [`FEWEST`], or they are of fewer than three groups.
    pub(crate) fn new(cases: &[Case]) -> Option<Self> {
        let folds = folds(cases);
        let most = folds.iter().copied().max()?;
        if cases.len() < FEWEST || most < 2 {
            return None;
        }
        let mut out = Vec::with_capacity(cases.len());
        for fold in 0..=most {
            let rest: Vec<&Case> = of(cases, &folds, |f| f != fold);
            let taught = Taught::new(&rest);
            for c in of(cases, &folds, |f| f == fold) {
                out.push((c, taught.forecasts(&c.view)));
            }
        }
        let mix = mix(&out);
        let stretch = stretch(&out, &mix);
        let all: Vec<&Case> = cases.iter().collect();
        Some(Self {
            taught: Taught::new(&all),
            mix,
            stretch,
        })
    }

    /// The end of a run.
    pub(crate) fn forecast(&self, view: &View) -> Quantiles {
        let mean = averaged(&self.taught.forecasts(view), &self.mix);
        stretched(&mean, self.stretch)
    }
}

/// The fold of each case: its group, taken together where there are many.
fn folds(cases: &[Case]) -> Vec<usize> {
    let mut known: BTreeMap<usize, usize> = BTreeMap::new();
    let fold = |c: &Case| {
        let next = known.len();
        *known.entry(c.group).or_insert(next) % FOLDS
    };
    cases.iter().map(fold).collect()
}

fn of<'a>(cases: &'a [Case], folds: &[usize], keep: impl Fn(usize) -> bool) -> Vec<&'a Case> {
    let both = cases.iter().zip(folds);
    both.filter(|(_, f)| keep(**f)).map(|(c, _)| c).collect()
}

impl Taught {
    fn new(cases: &[&Case]) -> Self {
        let gone: Vec<f64> = cases.iter().map(|c| c.outcome - c.view.last).collect();
        let residuals = levels(gone.clone());
        let mut out = Self {
            residuals,
            centre: [0.0; NUMBERS],
            spread: [1.0; NUMBERS],
            weights: [0.0; NUMBERS],
            about: residuals,
        };
        for i in 1..NUMBERS {
            let mut column: Vec<f64> = cases.iter().map(|c| c.view.numbers[i]).collect();
            column.sort_by(f64::total_cmp);
            let at = |l: f64| column[((column.len() - 1) as f64 * l).round() as usize];
            out.centre[i] = at(0.5);
            out.spread[i] = ((at(0.9) - at(0.1)) / 2.56).max(1e-12 * (1.0 + at(0.5).abs()));
        }
        let rows: Vec<[f64; NUMBERS]> = cases.iter().map(|c| out.row(&c.view)).collect();
        let (weights, hat) = regression(&rows, &gone);
        out.weights = weights;
        let missed = rows.iter().zip(&gone).zip(hat);
        out.about = levels(
            missed
                .map(|((x, y), h)| (y - dot(x, &weights)) / (1.0 - h).max(0.2))
                .collect(),
        );
        out
    }

    fn row(&self, view: &View) -> [f64; NUMBERS] {
        std::array::from_fn(|i| match i {
            0 => 1.0,
            _ => ((view.numbers[i] - self.centre[i]) / self.spread[i]).clamp(-3.0, 3.0),
        })
    }

    /// Those of the head, of the residuals, of the regression.
    fn forecasts(&self, view: &View) -> [Quantiles; 3] {
        let middle = view.last + dot(&self.row(view), &self.weights);
        [
            view.head,
            Quantiles(self.residuals.map(|r| view.last + r)),
            Quantiles(self.about.map(|r| middle + r)),
        ]
    }
}

/// Quantiles of a sample, such that the next draw of the same kind lies below each with its level; beyond the sample
/// as steeply as in its outer quarter.
pub(crate) fn levels(mut sample: Vec<f64>) -> [f64; COUNT] {
    if sample.is_empty() {
        return [0.0; COUNT];
    }
    sample.sort_by(f64::total_cmp);
    let n = sample.len();
    let quarter = (n / 4).max(1).min(n - 1);
    LEVELS.map(|l| {
        let at = (n + 1) as f64 * l - 1.0;
        if n == 1 {
            sample[0]
        } else if at < 0.0 {
            sample[0] + at * (sample[quarter] - sample[0]) / quarter as f64
        } else if at > (n - 1) as f64 {
            let over = at - (n - 1) as f64;
            sample[n - 1] + over * (sample[n - 1] - sample[n - 1 - quarter]) / quarter as f64
        } else {
            let i = (at.floor() as usize).min(n - 2);
            sample[i] + (at - i as f64) * (sample[i + 1] - sample[i])
        }
    })
}

pub(crate) fn dot<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Huber's regression with a ridge, by reweighting; with the leverage of each row.
fn regression(rows: &[[f64; NUMBERS]], y: &[f64]) -> ([f64; NUMBERS], Vec<f64>) {
    let mut sorted = y.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |l: f64| sorted[((sorted.len() - 1) as f64 * l).round() as usize];
    let (low, high) = (at(0.02), at(0.98));
    let mut weight = vec![1.0; rows.len()];
    let mut out = [0.0; NUMBERS];
    let mut inverse = [[0.0; NUMBERS]; NUMBERS];
    for _ in 0..5 {
        let (mut a, mut b) = ([[0.0; NUMBERS]; NUMBERS], [0.0; NUMBERS]);
        for (i, row) in a.iter_mut().enumerate() {
            row[i] = if i == 0 { 1e-6 } else { RIDGE };
        }
        for ((x, y), w) in rows.iter().zip(y).zip(&weight) {
            for i in 0..NUMBERS {
                b[i] += w * x[i] * y.clamp(low, high);
                for j in 0..NUMBERS {
                    a[i][j] += w * x[i] * x[j];
                }
            }
        }
        inverse = inverted(a);
        out = std::array::from_fn(|i| dot(&inverse[i], &b));
        let off: Vec<f64> = rows
            .iter()
            .zip(y)
            .map(|(x, y)| (y - dot(x, &out)).abs())
            .collect();
        let mut sorted = off.clone();
        sorted.sort_by(f64::total_cmp);
        let reach = 1.5 * 1.4826 * sorted[sorted.len() / 2]
            + 1e-12 * (high - low).abs()
            + f64::MIN_POSITIVE;
        weight = off.iter().map(|o| 1.0 / (o / reach).max(1.0)).collect();
    }
    let leverage = rows.iter().zip(&weight).map(|(x, w)| {
        let through: [f64; NUMBERS] = std::array::from_fn(|i| dot(&inverse[i], x));
        w * dot(&through, x)
    });
    (out, leverage.collect())
}

/// The inverse of a positive definite matrix, by elimination.
fn inverted(mut a: [[f64; NUMBERS]; NUMBERS]) -> [[f64; NUMBERS]; NUMBERS] {
    let mut out: [[f64; NUMBERS]; NUMBERS] =
        std::array::from_fn(|i| std::array::from_fn(|j| f64::from(u8::from(i == j))));
    for i in 0..NUMBERS {
        let pivot = a[i][i];
        for j in 0..NUMBERS {
            a[i][j] /= pivot;
            out[i][j] /= pivot;
        }
        for k in (0..NUMBERS).filter(|k| *k != i) {
            let factor = a[k][i];
            for j in 0..NUMBERS {
                a[k][j] -= factor * a[i][j];
                out[k][j] -= factor * out[i][j];
            }
        }
    }
    out
}

fn averaged(of: &[Quantiles; 3], mix: &[f64; 3]) -> Quantiles {
    Quantiles(std::array::from_fn(|l| {
        of.iter().zip(mix).map(|(q, w)| w * q.0[l]).sum()
    }))
}

/// Quantiles moved away from the median.
pub(crate) fn stretched(q: &Quantiles, by: f64) -> Quantiles {
    let median = q.0[MEDIAN];
    Quantiles(q.0.map(|v| median + by * (v - median)))
}

/// Weights in quarters with the least CRPS, no run counting for more than ten times the usual; shrunk to [`BELIEVED`]
/// where runs are few.
fn mix(of: &[(&Case, [Quantiles; 3])]) -> [f64; 3] {
    // Where the residuals are all the same, what the head misses sets the scale.
    let unit = usual(of, 1).max(1e-3 * usual(of, 0)).max(f64::MIN_POSITIVE);
    let n = of.len() as f64;
    let cost = |mix: &[f64; 3]| {
        let crps = of
            .iter()
            .map(|(c, f)| (averaged(f, mix).crps(c.outcome) / unit).min(10.0));
        crps.sum::<f64>() / n
    };
    let all = (0..=4_u8).flat_map(|a| (0..=4 - a).map(move |b| [a, b, 4 - a - b]));
    let all = all.map(|m| m.map(|x| f64::from(x) / 4.0));
    all.map(|m| (cost(&m), m))
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(BELIEVED, |(best, m)| {
            // As far as those would have done as well.
            let belief = BELIEF * (best / cost(&BELIEVED)).min(1.0);
            std::array::from_fn(|i| (n * m[i] + belief * BELIEVED[i]) / (n + belief))
        })
}

/// The median CRPS of an expert.
fn usual(of: &[(&Case, [Quantiles; 3])], expert: usize) -> f64 {
    let mut all: Vec<f64> = of.iter().map(|(c, f)| f[expert].crps(c.outcome)).collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// What makes the 90 % interval of 90 % of the known runs reach what came, shrunk to 1 where they are few.
fn stretch(of: &[(&Case, [Quantiles; 3])], mix: &[f64; 3]) -> f64 {
    let mut need: Vec<f64> = of
        .iter()
        .map(|(c, f)| needed(&averaged(f, mix), c.outcome))
        .collect();
    need.sort_by(f64::total_cmp);
    let n = need.len();
    let at = (((n + 1) as f64 * 0.9).ceil() as usize).clamp(1, n) - 1;
    let share = n as f64 / (n as f64 + BELIEF_STRETCH);
    (1.0 + share * (need[at] - 1.0)).clamp(if n < MANY { 1.0 } else { 0.6 }, 20.0)
}

/// By what a 90 % interval must be stretched about the median to reach a value.
fn needed(q: &Quantiles, value: f64) -> f64 {
    let median = q.0[MEDIAN];
    let reach = if value >= median {
        q.0[COUNT - 2] - median
    } else {
        median - q.0[1]
    };
    ((value - median).abs() / reach.max(1e-300)).min(100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunwu_core::{Draws, Seed};

    /// A run whose residual follows its last value, or not; the head knows nothing.
    fn case(group: usize, follows: f64, draws: &mut Draws) -> Case {
        let last = draws.normal();
        let head = Quantiles(LEVELS.map(|l| last + 8.0 * (l - 0.5)));
        let numbers = [1.0, 0.0, last, 0.0, 1.0, 0.1];
        let outcome = last - 1.0 + follows * last + 0.1 * draws.normal();
        Case {
            view: View {
                last,
                head,
                numbers,
            },
            outcome,
            group,
        }
    }

    #[test]
    fn the_expert_that_knows_is_listened_to_and_intervals_cover() {
        for (follows, wanted) in [(0.0, 1), (1.0, 2)] {
            let mut draws = Seed(9).draws("experts");
            let known: Vec<Case> = (0..60).map(|i| case(i, follows, &mut draws)).collect();
            let experts = Experts::new(&known).unwrap();
            assert!(
                experts.mix[0] < 0.1 && (follows == 0.0 || experts.mix[wanted] > 0.7),
                "{experts:?}"
            );
            let new: Vec<Case> = (0..400).map(|i| case(i, follows, &mut draws)).collect();
            let within = new.iter().filter(|c| {
                let q = experts.forecast(&c.view);
                q.at(0.05) <= c.outcome && c.outcome <= q.at(0.95)
            });
            let share = within.count() as f64 / 400.0;
            assert!((0.83..0.97).contains(&share), "{share}");
        }
    }

    #[test]
    fn runs_that_all_lose_the_same_are_followed_exactly() {
        let mut draws = Seed(9).draws("same");
        let same = |i: usize, draws: &mut Draws| {
            let mut case = case(i, 0.0, draws);
            case.outcome = case.view.last - 1.0;
            case
        };
        let known: Vec<Case> = (0..12).map(|i| same(i, &mut draws)).collect();
        let new = same(0, &mut draws);
        let q = Experts::new(&known).unwrap().forecast(&new.view);
        assert!((q.at(0.5) - new.outcome).abs() < 0.02, "{q:?}");
        assert!(
            q.at(0.05) <= new.outcome + 1e-9 && new.outcome - 1e-9 <= q.at(0.95),
            "{q:?}"
        );
    }

    #[test]
    fn few_runs_teach_nothing() {
        let mut draws = Seed(9).draws("few");
        let known: Vec<Case> = (0..FEWEST).map(|i| case(i, 0.0, &mut draws)).collect();
        assert!(Experts::new(&known).is_some());
        assert!(Experts::new(&known[1..]).is_none());
        let one: Vec<Case> = (0..20).map(|_| case(3, 0.0, &mut draws)).collect();
        assert!(Experts::new(&one).is_none());
    }

    #[test]
    fn quantiles_of_a_sample_leave_room_beyond_it() {
        let q = levels((1..=19).map(f64::from).collect());
        assert!(
            (q[1] - 1.0).abs() < 1e-9
                && (q[MEDIAN] - 10.0).abs() < 1e-9
                && (q[15] - 19.0).abs() < 1e-9
        );
        assert!(q[0] < 1.0 && q[16] > 19.0);
        assert_eq!(levels(vec![]), [0.0; COUNT]);
    }
}
