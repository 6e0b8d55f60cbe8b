//! The log-rank test.

use super::{Observed, chi_square_upper};
use faer::{Mat, Side};
use serde::{Deserialize, Serialize};

/// Whether groups differ in when the event comes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogRank {
    /// (O − E)ᵀ V⁺ (O − E).
    pub statistic: f64,
    /// Rank of V: one less than the number of groups, fewer if some cannot be compared.
    pub degrees: usize,
    /// P(χ² > statistic); 1 where nothing can be compared.
    pub p: f64,
    /// Events of each group.
    pub observed: Vec<usize>,
    /// Events that each group would have if there were no difference.
    pub expected: Vec<f64>,
}

/// The log-rank test of several groups (Mantel 1966; Peto and Peto 1972).
///
/// At each time with d events among n runs at risk, a group with n_g of them is expected to have d·n_g/n.
/// The variance is the hypergeometric one. The p-value is that of many runs; with fewer than about ten events a
/// group it is rough, and a permutation or sign test is the better witness.
///
/// ```
/// use dunwu_analysis::survival::{Observed, log_rank};
/// let group = |times: &[u64]| -> Vec<Observed> { times.iter().map(|t| Observed::by(Some(*t), 100)).collect() };
/// let test = log_rank(&[group(&[1, 3]), group(&[2, 4])]);
/// // Expected of the first group: 2/4 + 1/3 + 1/2.
/// assert!((test.expected[0] - 4.0 / 3.0).abs() < 1e-12);
/// ```
pub fn log_rank(groups: &[Vec<Observed>]) -> LogRank {
    log_rank_stratified(std::slice::from_ref(&groups.to_vec()))
}

/// The log-rank test within strata: O, E and V are summed over them, and runs are compared within their own.
///
/// `strata` hold the same groups in the same order. With one run of each of two groups a stratum, as with paired
/// seeds, only the order within a pair counts, and the statistic is (wins − losses)² / (wins + losses): that of
/// the sign test.
///
/// # Panics
/// If strata differ in their number of groups.
pub fn log_rank_stratified(strata: &[Vec<Vec<Observed>>]) -> LogRank {
    let groups = strata.first().map_or(0, Vec::len);
    let mut sums = Sums::new(groups);
    for stratum in strata {
        assert_eq!(stratum.len(), groups, "every stratum has the same groups");
        sums.add(stratum);
    }
    sums.test()
}

/// O, E and V.
struct Sums {
    observed: Vec<usize>,
    expected: Vec<f64>,
    variance: Mat<f64>,
}

impl Sums {
    fn new(groups: usize) -> Self {
        Self {
            observed: vec![0; groups],
            expected: vec![0.0; groups],
            variance: Mat::zeros(groups, groups),
        }
    }

    fn add(&mut self, groups: &[Vec<Observed>]) {
        let events = groups.iter().flatten().filter(|r| r.event);
        let mut times: Vec<u64> = events.map(|r| r.time).collect();
        times.sort_unstable();
        times.dedup();
        for time in times {
            let at_risk = |g: &Vec<Observed>| g.iter().filter(|r| r.time >= time).count();
            let now = |g: &Vec<Observed>| g.iter().filter(|r| r.event && r.time == time).count();
            let n: Vec<f64> = groups.iter().map(|g| at_risk(g) as f64).collect();
            let d: Vec<usize> = groups.iter().map(now).collect();
            self.add_time(&n, &d);
        }
    }

    fn add_time(&mut self, n: &[f64], d: &[usize]) {
        let total: f64 = n.iter().sum();
        let events = d.iter().sum::<usize>() as f64;
        let scale = if total > 1.0 {
            events * (total - events) / (total - 1.0)
        } else {
            0.0
        };
        for g in 0..n.len() {
            let share = n[g] / total;
            self.observed[g] += d[g];
            self.expected[g] += events * share;
            for (h, at_risk) in n.iter().enumerate() {
                let same = if g == h { 1.0 } else { 0.0 };
                self.variance[(g, h)] += scale * share * (same - at_risk / total);
            }
        }
    }

    fn test(self) -> LogRank {
        let excess: Vec<f64> = self
            .observed
            .iter()
            .zip(&self.expected)
            .map(|(o, e)| *o as f64 - e)
            .collect();
        let (statistic, degrees) = quadratic(&self.variance, &excess);
        LogRank {
            statistic,
            degrees,
            p: chi_square_upper(statistic, degrees),
            observed: self.observed,
            expected: self.expected,
        }
    }
}

/// xᵀ V⁺ x and the rank of V.
fn quadratic(v: &Mat<f64>, x: &[f64]) -> (f64, usize) {
    if x.is_empty() {
        return (0.0, 0);
    }
    let eigen = v
        .self_adjoint_eigen(Side::Lower)
        .expect("variances of counts are finite");
    let values = eigen.S().column_vector();
    let largest = (0..x.len()).map(|i| values[i]).fold(0.0, f64::max);
    let (mut sum, mut rank) = (0.0, 0);
    // V has the constant vector in its kernel: what rounding leaves of it must not be divided by.
    for i in (0..x.len()).filter(|i| values[*i] > 1e-10 * largest && values[*i] > 0.0) {
        let along: f64 = x
            .iter()
            .enumerate()
            .map(|(g, x)| x * eigen.U()[(g, i)])
            .sum();
        sum += along * along / values[i];
        rank += 1;
    }
    (sum, rank)
}
