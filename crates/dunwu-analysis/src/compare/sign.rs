//! Tests that use nothing but the order within a pair.

/// The exact two-sided sign test: the probability, if either side of a pair is as likely to win, of a split at
/// least as uneven. Ties are left out beforehand.
///
/// ```
/// use dunwu_analysis::compare::sign_test;
/// assert_eq!(sign_test(9, 1), 22.0 / 1024.0);
/// assert_eq!((sign_test(5, 5), sign_test(0, 0)), (1.0, 1.0));
/// ```
pub fn sign_test(wins: usize, losses: usize) -> f64 {
    (2.0 * tail(wins + losses, wins.min(losses))).min(1.0)
}

/// P(Bin(n, ½) ≤ k).
fn tail(n: usize, k: usize) -> f64 {
    // Thousands of pairs leave the range of 2⁻ⁿ, so the terms are kept as logarithms.
    let log = |i: usize| {
        let of = |m: usize| libm::lgamma(m as f64 + 1.0);
        of(n) - of(i) - of(n - i) - n as f64 * std::f64::consts::LN_2
    };
    if n <= 60 {
        let mut term = 0.5f64.powi(n as i32);
        let mut sum = term;
        for i in 1..=k {
            term *= (n - i + 1) as f64 / i as f64;
            sum += term;
        }
        return sum;
    }
    (0..=k).map(|i| libm::exp(log(i))).sum()
}

/// The rank k from either end such that the k-th smallest and the k-th largest of n values enclose the median
/// with probability at least 0.95, whatever the distribution; None below six values, where not even the extremes do.
///
/// ```
/// use dunwu_analysis::compare::rank_of_interval;
/// assert_eq!((rank_of_interval(5), rank_of_interval(6), rank_of_interval(10)), (None, Some(1), Some(2)));
/// ```
pub fn rank_of_interval(n: usize) -> Option<usize> {
    (1..=n / 2)
        .take_while(|k| 2.0 * tail(n, k - 1) <= 0.05)
        .last()
}

/// Holm's adjustment of p-values for their number (Holm 1979), in the order given.
///
/// ```
/// use dunwu_analysis::compare::holm;
/// assert_eq!(holm(&[0.04, 0.01, 0.03]), [0.06, 0.03, 0.06]);
/// ```
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut out = vec![0.0; p.len()];
    let mut least = 0.0f64;
    for (rank, i) in order.into_iter().enumerate() {
        least = least.max(p[i] * (p.len() - rank) as f64).min(1.0);
        out[i] = least;
    }
    out
}
