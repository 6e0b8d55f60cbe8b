//! The one code in which everything is measured, in bits.

/// Elias δ of n ≥ 1: ⌊log2 n⌋ + 2⌊log2(⌊log2 n⌋ + 1)⌋ + 1.
///
/// ```
/// use dunwu_analysis::microscope::elias_delta;
/// assert_eq!([1, 2, 4, 17].map(elias_delta), [1.0, 4.0, 5.0, 9.0]);
/// ```
pub fn elias_delta(n: usize) -> f64 {
    let digits = n.max(1).ilog2();
    f64::from(digits + 2 * (digits + 1).ilog2() + 1)
}

/// log2 of the binomial coefficient: which k of n.
///
/// ```
/// use dunwu_analysis::microscope::log2_choose;
/// assert!((log2_choose(5, 2) - 10f64.log2()).abs() < 1e-12);
/// ```
pub fn log2_choose(n: usize, k: usize) -> f64 {
    if k > n {
        return f64::INFINITY;
    }
    let k = k.min(n - k);
    // A sum is exact where log Γ cancels, and the sets here are small.
    (0..k)
        .map(|i| libm::log2((n - i) as f64 / (k - i) as f64))
        .sum()
}

/// A subset of unknown size: δ(k + 1) + log2 C(n, k).
pub fn subset(n: usize, k: usize) -> f64 {
    elias_delta(k + 1) + log2_choose(n, k)
}

/// log2 n!.
pub fn log2_factorial(n: usize) -> f64 {
    (2..=n).map(|i| libm::log2(i as f64)).sum()
}

/// Rows on which a program is wrong, and their labels: `subset(rows, wrong) + wrong · log2 M`.
pub fn exceptions(rows: usize, wrong: usize, classes: usize) -> f64 {
    subset(rows, wrong) + wrong as f64 * libm::log2(classes as f64)
}

/// Bits of the scale of a tensor.
pub const SCALE: f64 = 32.0;

/// Rounds numbers to b bits, uniformly: one scale s, then levels `s·i/(2^(b−1) − 1)`, |i| < 2^(b−1), s
/// the largest modulus; for b = 1 the sign times the mean modulus.
pub fn quantise(numbers: &[f64], bits: u32) -> Vec<f64> {
    if bits <= 1 {
        let mean = numbers.iter().map(|x| x.abs()).sum::<f64>() / numbers.len().max(1) as f64;
        return numbers
            .iter()
            .map(|x| if *x < 0.0 { -mean } else { mean })
            .collect();
    }
    let most = numbers.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let levels = f64::from((1u32 << (bits - 1)) - 1);
    let round = |x: &f64| {
        if most > 0.0 {
            (x / most * levels).round() / levels * most
        } else {
            0.0
        }
    };
    numbers.iter().map(round).collect()
}

/// Rounds an angle to one of 2^b on the circle, 0 among them.
pub fn quantise_angle(angle: f64, bits: u32) -> f64 {
    let step = std::f64::consts::TAU / f64::from(1u32 << bits.min(31));
    super::nodes::turn((angle / step).round() * step)
}
