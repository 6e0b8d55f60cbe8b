//! Resampling of seeds.

use dunwu_core::Seed;

/// Resamples of a bootstrap.
pub const RESAMPLES: usize = 9999;

/// The 95 % percentile interval of a statistic of `n` units, each drawn with replacement (Efron 1979).
///
/// `statistic` gets the places of the units drawn; resamples of which it is not finite are left out. The draws
/// are those of `seed`, so that the interval is the same every time. With few units it is somewhat too narrow.
/// None with fewer than two units, or where the statistic is never finite.
///
/// ```
/// use dunwu_analysis::compare::bootstrap;
/// let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
/// let mean = |drawn: &[usize]| drawn.iter().map(|i| x[*i]).sum::<f64>() / drawn.len() as f64;
/// let (low, high) = bootstrap(x.len(), 0, mean).unwrap();
/// assert!(low > 2.5 && low < 3.5 && high > 5.5 && high < 6.5);
/// ```
pub fn bootstrap(n: usize, seed: u64, statistic: impl Fn(&[usize]) -> f64) -> Option<(f64, f64)> {
    if n < 2 {
        return None;
    }
    let mut draws = Seed(seed).draws("bootstrap");
    let mut drawn = vec![0; n];
    let mut values: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let draw = |i: &mut usize| *i = draws.below(n as u64) as usize;
            drawn.iter_mut().for_each(draw);
            statistic(&drawn)
        })
        .filter(|x| x.is_finite())
        .collect();
    values.sort_by(f64::total_cmp);
    // The ends have (B + 1)·0.025 values below and above them.
    let cut = (values.len() + 1) / 40;
    let low = values.get(cut.saturating_sub(1))?;
    let high = values.get(values.len().saturating_sub(cut.max(1)))?;
    Some((*low, *high))
}
