//! The tail of the χ² distribution.

use std::f64::consts::PI;

/// P(χ² > x) with that many degrees of freedom; 1 with none, or where x is not above 0.
///
/// The incomplete gamma function of a half-integer is a finite sum: with even k it is
/// e^(−x/2) Σ_{i<k/2} (x/2)^i / i!, and with odd k erfc √(x/2) + e^(−x/2) Σ_{i<(k−1)/2} (x/2)^(i+½) / Γ(i + 3/2)
/// (Abramowitz and Stegun 26.4.4, 26.4.5).
///
/// ```
/// use dunwu_analysis::survival::chi_square_upper;
/// assert!((chi_square_upper(3.841458820694124, 1) - 0.05).abs() < 1e-12);
/// assert!((chi_square_upper(5.991464547107979, 2) - 0.05).abs() < 1e-12);
/// ```
pub fn chi_square_upper(x: f64, degrees: usize) -> f64 {
    if degrees == 0 || x <= 0.0 {
        return 1.0;
    }
    let half = x / 2.0;
    let odd = degrees % 2 == 1;
    let (mut sum, mut term) = if odd {
        (
            libm::erfc(half.sqrt()),
            libm::exp(-half) * 2.0 * (half / PI).sqrt(),
        )
    } else {
        (0.0, libm::exp(-half))
    };
    for i in 0..degrees / 2 {
        sum += term;
        term *= half / (i as f64 + if odd { 1.5 } else { 1.0 });
    }
    sum.min(1.0)
}
