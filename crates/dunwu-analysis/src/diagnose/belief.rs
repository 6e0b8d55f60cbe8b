//! How evidence becomes a probability: the one place for all findings.
//!
//! Evidence is of one of four kinds.
//!
//! 1. *A fact*: a value that is no finite number, a key of the plan, a definition that is met. Probability 1.
//! 2. *A test* of "nothing is wrong" with a p-value p, over all places that were looked at. By Sellke, Bayarri and Berger
//!    (The American Statistician 55, 2001) the odds of "something is wrong" grow by at most B = 1/(−e·p·ln p), p < 1/e,
//!    whatever is wrong. With [`PRIOR`] for each finding before its run was seen, probability = πB/(1 − π + πB). It is the most that
//!    the p-value can say: of runs where one in ten is sick in that way, p = 0.008 gives 0.5, 0.001 gives 0.86, and 10⁻⁵ gives 0.997.
//! 3. *A quantity* with its error, such as a gap or a slope: the share of Student's t that lies where the statement is true,
//!    every value having been as likely before. Errors allow for readings that resemble their neighbours.
//! 4. *A model* that was fitted elsewhere: the delayed head of the forecast, the laws of the border, the fate of a run. Its own probability.
//!
//! Where a statement says two things of the same run, and each has its own test, the larger p-value counts: both must hold.
//! A finding is told from [`SAID`] on: more likely right than wrong. The probability is that of the statement, such as
//! "the weights still grow", never that of a cause, such as "decay is too weak": for that the finding names an experiment.

/// Share of runs that are taken to be sick in any one way, before anything is seen.
pub const PRIOR: f64 = 0.1;

/// Probability from which on a finding is told.
pub const SAID: f64 = 0.5;

/// The probability that something is wrong, by a test of "nothing is" (see the module's documentation).
///
/// ```
/// use dunwu_analysis::diagnose::probability;
/// assert!((probability(0.001) - 0.8553).abs() < 1e-3);
/// assert_eq!((probability(0.0), probability(0.5)), (1.0, 0.1));
/// ```
pub fn probability(p: f64) -> f64 {
    if p <= 0.0 {
        return 1.0;
    }
    let bayes = if p < (-1.0_f64).exp() {
        1.0 / (-std::f64::consts::E * p * libm::log(p))
    } else {
        1.0
    };
    PRIOR * bayes / (1.0 - PRIOR + PRIOR * bayes)
}

/// P(T > t) of Student's t (Abramowitz and Stegun 26.7.3, 26.7.4); 200 degrees of freedom and more count as 200.
pub(crate) fn student_upper(t: f64, degrees: usize) -> f64 {
    let v = degrees.clamp(1, 200);
    let theta = libm::atan(t.abs() / (v as f64).sqrt());
    let (sin, cos) = (libm::sin(theta), libm::cos(theta));
    let (mut sum, mut term) = (0.0, if v % 2 == 1 { cos } else { 1.0 });
    let first = if v % 2 == 1 { 1 } else { 0 };
    let mut k = first;
    while k + 2 <= v {
        sum += term;
        term *= cos * cos * (k as f64 + 1.0) / (k as f64 + 2.0);
        k += 2;
    }
    let within = if v % 2 == 1 {
        (theta + sin * sum) * 2.0 / std::f64::consts::PI
    } else {
        sin * sum
    };
    let upper = 0.5 * (1.0 - within.clamp(0.0, 1.0));
    if t >= 0.0 { upper } else { 1.0 - upper }
}

/// P(T > t), t > 0, of Student's t with 4 degrees of freedom, right also far out: noise that is heavy-tailed.
pub(crate) fn heavy_upper(t: f64) -> f64 {
    if t <= 0.0 {
        return 0.5;
    }
    let c = 4.0 / (t * t + 4.0);
    let s = (1.0 - c).sqrt();
    let near = c / (1.0 + s);
    near * near * (s + 2.0) / 4.0
}

/// P(X ≥ k) of a binomial.
pub(crate) fn binomial_upper(k: u64, n: u64, p: f64) -> f64 {
    let p = p.clamp(0.0, 1.0);
    let mut total = 0.0;
    for i in k..=n {
        let choose = libm::lgamma(n as f64 + 1.0)
            - libm::lgamma(i as f64 + 1.0)
            - libm::lgamma((n - i) as f64 + 1.0);
        total += libm::exp(choose) * libm::pow(p, i as f64) * libm::pow(1.0 - p, (n - i) as f64);
    }
    total.min(1.0)
}

/// The standard normal distribution function.
pub(crate) fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of published tables.
    #[test]
    fn tails_are_those_of_tables() {
        for (t, degrees) in [
            (6.314, 1),
            (2.920, 2),
            (2.353, 3),
            (2.132, 4),
            (1.812, 10),
            (1.671, 60),
        ] {
            assert!(
                (student_upper(t, degrees) - 0.05).abs() < 2e-4,
                "{t} {degrees}"
            );
            assert!((student_upper(-t, degrees) - 0.95).abs() < 2e-4);
        }
        for t in [0.5, 2.132, 8.61] {
            assert!((heavy_upper(t) - student_upper(t, 4)).abs() < 1e-9);
        }
        assert!((heavy_upper(1e4) / 1.2e-15 - 10.0).abs() < 10.0);
        assert!((binomial_upper(8, 10, 0.5) - 56.0 / 1024.0).abs() < 1e-12);
        assert!((normal(1.96) - 0.975).abs() < 1e-4);
    }

    #[test]
    fn less_likely_evidence_says_more() {
        let ps = [0.5, 0.3, 0.1, 0.01, 1e-3, 1e-6, 0.0];
        assert!(
            ps.windows(2)
                .all(|w| probability(w[0]) <= probability(w[1]))
        );
        assert!(probability(0.008) < 0.52 && probability(0.008) > 0.48);
    }
}
