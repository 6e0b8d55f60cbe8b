//! A line through points with errors, by Bayes' rule, in closed form.

/// What is believed of level and slope: mean and covariance; a number that is not free has variance 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    pub mean: [f64; 2],
    pub covariance: [[f64; 2]; 2],
    /// Log of the probability density of the points.
    pub log_evidence: f64,
}

/// A point: value y at x with a variance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub x: f64,
    pub y: f64,
    pub variance: f64,
}

impl Line {
    /// Before any point.
    pub(super) fn prior(mean: [f64; 2], variances: [f64; 2]) -> Self {
        Self {
            mean,
            covariance: [[variances[0], 0.0], [0.0, variances[1]]],
            log_evidence: 0.0,
        }
    }

    /// Mean and variance of the line at x.
    pub(super) fn at(&self, x: f64) -> (f64, f64) {
        let [[ll, ls], [_, ss]] = self.covariance;
        (
            self.mean[0] + self.mean[1] * x,
            (ll + 2.0 * x * ls + x * x * ss).max(0.0),
        )
    }

    /// After one more point: a step of Kalman's filter with a state at rest.
    #[must_use]
    pub(super) fn after(&self, spot: &Spot) -> Self {
        let (expected, spread) = self.at(spot.x);
        let total = spread + spot.variance;
        let miss = spot.y - expected;
        let [[ll, ls], [_, ss]] = self.covariance;
        let along = [ll + ls * spot.x, ls + ss * spot.x];
        let less = |i: usize, j: usize| self.covariance[i][j] - along[i] * along[j] / total;
        Self {
            mean: [0, 1].map(|i| self.mean[i] + along[i] * miss / total),
            covariance: [[less(0, 0), less(0, 1)], [less(1, 0), less(1, 1)]],
            log_evidence: self.log_evidence + log_normal(miss, total),
        }
    }
}

/// Log density of a normal of mean 0.
fn log_normal(x: f64, variance: f64) -> f64 {
    -0.5 * (libm::log(2.0 * std::f64::consts::PI * variance) + x * x / variance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_little_known_before_it_is_the_line_of_least_squares() {
        let spots = [(0.0, 1.0), (1.0, 2.5), (2.0, 3.0), (3.0, 5.5)];
        let mut line = Line::prior([0.0, 0.0], [1e6, 1e6]);
        for (x, y) in spots {
            line = line.after(&Spot {
                x,
                y,
                variance: 0.5,
            });
        }
        // By hand: mean of x 1.5, of y 3; Sxy = 7, Sxx = 5.
        assert!((line.mean[1] - 1.4).abs() < 1e-5 && (line.mean[0] - 0.9).abs() < 1e-5);
        assert!((line.covariance[1][1] - 0.5 / 5.0).abs() < 1e-6);
    }

    #[test]
    fn the_evidence_is_that_of_the_joint_normal() {
        let prior = Line::prior([0.3, 0.0], [2.0, 0.0]);
        let spot = |y| Spot {
            x: 0.0,
            y,
            variance: 1.0,
        };
        let got = prior.after(&spot(1.0)).after(&spot(-0.5)).log_evidence;
        // Covariance [[3, 2], [2, 3]]: determinant 5, inverse [[3, −2], [−2, 3]]/5.
        let (u, v) = (0.7, -0.8);
        let square = (3.0 * u * u - 4.0 * u * v + 3.0 * v * v) / 5.0;
        let want = -0.5 * (square + (4.0 * std::f64::consts::PI.powi(2) * 5.0f64).ln());
        assert!((got - want).abs() < 1e-12, "{got} {want}");
    }
}
