//! Sums of normals.

/// A normal and its share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Normal {
    pub weight: f64,
    pub mean: f64,
    pub variance: f64,
}

/// Probability that a sum of normals whose weights add to 1 lies below x.
pub(super) fn below(normals: &[Normal], x: f64) -> f64 {
    let one = |n: &Normal| {
        let z = (x - n.mean) / (2.0 * n.variance.max(f64::MIN_POSITIVE)).sqrt();
        n.weight * 0.5 * libm::erfc(-z)
    };
    normals.iter().map(one).sum()
}

/// The x below which a share of it lies, by bisection within eight deviations of its parts: shares from 10⁻¹⁵ on.
pub(super) fn quantile(normals: &[Normal], probability: f64) -> f64 {
    let ends = |n: &Normal| 8.0 * n.variance.sqrt();
    let mut low = normals
        .iter()
        .map(|n| n.mean - ends(n))
        .fold(f64::INFINITY, f64::min);
    let mut high = normals
        .iter()
        .map(|n| n.mean + ends(n))
        .fold(f64::NEG_INFINITY, f64::max);
    for _ in 0..44 {
        let middle = 0.5 * (low + high);
        if below(normals, middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Standard deviation.
pub(super) fn deviation(normals: &[Normal]) -> f64 {
    let mean: f64 = normals.iter().map(|n| n.weight * n.mean).sum();
    let square = |n: &Normal| n.weight * (n.variance + (n.mean - mean).powi(2));
    normals.iter().map(square).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables_and_undo_below() {
        let one = [Normal {
            weight: 1.0,
            mean: 2.0,
            variance: 9.0,
        }];
        assert!((quantile(&one, 0.975) - (2.0 + 3.0 * 1.959_964)).abs() < 1e-5);
        let two = [
            Normal {
                weight: 0.7,
                mean: 0.0,
                variance: 1.0,
            },
            Normal {
                weight: 0.3,
                mean: 8.0,
                variance: 0.25,
            },
        ];
        assert!((below(&two, quantile(&two, 0.9)) - 0.9).abs() < 1e-9);
        assert!((deviation(&two) - (0.7 + 0.3 * 0.25 + 0.21 * 64.0f64).sqrt()).abs() < 1e-12);
    }
}
