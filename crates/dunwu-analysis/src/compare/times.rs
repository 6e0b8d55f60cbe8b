//! Every measure of every side.

use super::effects::{FinalEffect, Finals, PairEffect};
use super::outcome::Outcome;
use super::sign::holm;
use crate::survival::{KaplanMeier, LogRank, Observed, kaplan_meier, log_rank};
use serde::{Deserialize, Serialize};

/// The measures: threshold, crossing, and the epoch that a run has of it.
type Pick = fn(&Outcome) -> Option<u64>;
const MEASURES: [(&str, &str, Pick); 4] = [
    ("test_50", "first", |o| o.epochs_to.test_50),
    ("test_50", "sustained", |o| o.sustained.test_50),
    ("test_99", "first", |o| o.epochs_to.test_99),
    ("test_99", "sustained", |o| o.sustained.test_99),
];

/// The runs of one side, by seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Side<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it descends: losses of different kinds are no numbers to compare.
    pub loss: &'a str,
    /// The runs, on the same seeds in the same order as every other side.
    pub runs: &'a [Outcome],
}

/// When one side crosses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SideTimes {
    /// Its name.
    pub name: String,
    /// Runs.
    pub runs: usize,
    /// Runs that crossed.
    pub crossed: usize,
    /// Median epoch of the Kaplan–Meier curve; None if half of the runs or more never crossed.
    pub median: Option<u64>,
    /// Lower end of its 95 % interval.
    pub median_low: Option<u64>,
    /// Upper end; None is beyond the budget.
    pub median_high: Option<u64>,
    /// Mean of min(T, budget).
    pub restricted_mean: Option<f64>,
    /// Share of runs that have not crossed, over epochs.
    pub curve: KaplanMeier,
}

/// One threshold and one kind of crossing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// `test_50` or `test_99`.
    pub name: String,
    /// `first` or `sustained`.
    pub crossing: String,
    /// The sides, the control last.
    pub sides: Vec<SideTimes>,
    /// Log-rank test of all sides but the control.
    pub log_rank: LogRank,
    /// Every other side beside the first, every other side beside the control, the control beside the first.
    pub pairs: Vec<PairEffect>,
}

/// All measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// Epochs that every run had.
    pub budget: u64,
    /// Crossings.
    pub measures: Vec<Measured>,
    /// Scores at the last epoch.
    pub finals: Vec<Finals>,
}

impl Compared {
    /// The measure of that threshold and crossing.
    pub fn measure(&self, name: &str, crossing: &str) -> Option<&Measured> {
        let same = |m: &&Measured| m.name == name && m.crossing == crossing;
        self.measures.iter().find(same)
    }
}

impl Measured {
    /// The comparison of two sides.
    pub fn pair(&self, of: &str, to: &str) -> Option<&PairEffect> {
        self.pairs.iter().find(|p| p.of == of && p.to == to)
    }

    /// The times of a side.
    pub fn side(&self, name: &str) -> Option<&SideTimes> {
        self.sides.iter().find(|s| s.name == name)
    }
}

/// Compares sides over paired seeds; the last side is the control.
///
/// Holm's adjustment is over the comparisons with the first side, and over those with the control.
pub fn compare(sides: &[Side<'_>], budget: u64, seed: u64) -> Compared {
    let work = Work {
        sides,
        budget,
        seed,
    };
    Compared {
        budget,
        measures: MEASURES.iter().map(|m| work.measure(m)).collect(),
        finals: vec![
            work.finals("test_acc", false, |o| o.last.test_acc),
            work.finals("test_loss", true, |o| o.last.test_loss),
        ],
    }
}

struct Work<'a> {
    sides: &'a [Side<'a>],
    budget: u64,
    seed: u64,
}

impl Work<'_> {
    /// Families of comparisons: places of `of` and `to`.
    fn families(&self) -> [Vec<(usize, usize)>; 3] {
        let control = self.sides.len() - 1;
        let others = || 1..control;
        [
            others().map(|i| (i, 0)).collect(),
            others().map(|i| (i, control)).collect(),
            vec![(control, 0)],
        ]
    }

    fn measure(&self, (name, crossing, pick): &(&str, &str, Pick)) -> Measured {
        let observed = |side: &Side<'_>| -> Vec<Observed> {
            let runs = side.runs.iter();
            runs.map(|o| Observed::by(pick(o), self.budget)).collect()
        };
        let all: Vec<Vec<Observed>> = self.sides.iter().map(observed).collect();
        let times = self.sides.iter().zip(&all);
        Measured {
            name: (*name).to_owned(),
            crossing: (*crossing).to_owned(),
            sides: times
                .map(|(side, runs)| self.times(side.name, runs))
                .collect(),
            log_rank: log_rank(&all[..all.len() - 1]),
            pairs: self
                .families()
                .iter()
                .flat_map(|f| self.family(f, *pick))
                .collect(),
        }
    }

    fn times(&self, name: &str, runs: &[Observed]) -> SideTimes {
        let curve = kaplan_meier(runs);
        let (median_low, median_high) = curve.median_interval();
        SideTimes {
            name: name.to_owned(),
            runs: runs.len(),
            crossed: runs.iter().filter(|r| r.event).count(),
            median: curve.median(),
            median_low,
            median_high,
            restricted_mean: curve.restricted_mean(self.budget).map(|m| m.mean),
            curve,
        }
    }

    fn family(&self, pairs: &[(usize, usize)], pick: Pick) -> Vec<PairEffect> {
        let effect = |(of, to): &(usize, usize)| {
            let (of, to) = (&self.sides[*of], &self.sides[*to]);
            let runs = of.runs.iter().zip(to.runs);
            let times: Vec<_> = runs.map(|(a, b)| [pick(a), pick(b)]).collect();
            PairEffect::new([of.name, to.name], &times, self.budget, self.seed)
        };
        let mut out: Vec<PairEffect> = pairs.iter().map(effect).collect();
        let p: Vec<f64> = out.iter().map(|e| e.sign_p).collect();
        for (effect, p) in out.iter_mut().zip(holm(&p)) {
            effect.settle(p);
        }
        out
    }

    fn finals(&self, name: &str, ratio: bool, pick: fn(&Outcome) -> Option<f64>) -> Finals {
        let losses = self.sides.iter().any(|s| s.loss != self.sides[0].loss);
        let incomparable = (name == "test_loss" && losses).then(|| {
            "the sides descend different losses, whose values are no numbers to compare".to_owned()
        });
        let effect = |(of, to): (usize, usize)| {
            let (of, to) = (&self.sides[of], &self.sides[to]);
            let runs = of.runs.iter().zip(to.runs);
            let scores: Vec<_> = runs.map(|(a, b)| [pick(a), pick(b)]).collect();
            FinalEffect::new([of.name, to.name], &scores, ratio, self.seed)
        };
        let wanted = self.families().concat();
        Finals {
            name: name.to_owned(),
            medians: self
                .sides
                .iter()
                .map(|s| median(s.runs.iter().map(pick)))
                .collect(),
            pairs: match incomparable {
                Some(_) => vec![],
                None => wanted.into_iter().map(effect).collect(),
            },
            incomparable,
        }
    }
}

/// The median, values that are not there being left out; the mean of the two in the middle.
fn median(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let mut known: Vec<f64> = values.flatten().collect();
    known.sort_by(f64::total_cmp);
    let n = known.len();
    (n > 0).then(|| f64::midpoint(known[(n - 1) / 2], known[n / 2]))
}
