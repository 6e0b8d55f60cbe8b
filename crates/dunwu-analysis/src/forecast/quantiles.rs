//! A distribution by its quantiles.

/// Levels at which a distribution is kept.
pub const LEVELS: [f64; COUNT] = [
    0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98,
];
/// How many there are.
pub const COUNT: usize = 17;
/// Place of the median.
pub(crate) const MEDIAN: usize = 8;

/// Values at [`LEVELS`], ascending; between them the distribution function is a straight line, beyond them it goes
/// on as steeply as in the outermost piece.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantiles(pub [f64; COUNT]);

/// What is left of the mass of a tail, which falls exponentially from the slope that it begins with: beyond the outer
/// quantiles nothing is impossible.
fn tail(mass: f64, moved: f64) -> f64 {
    mass * libm::exp(-moved / mass)
}

impl Quantiles {
    /// Puts values in order.
    pub fn new(mut values: [f64; COUNT]) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// The distribution of what moves in steps of that width, of which it is known between them: each quantile q(l) is moved
    /// by (l − ½)·width.
    #[must_use]
    pub(crate) fn over(&self, width: f64) -> Self {
        Self(std::array::from_fn(|i| {
            self.0[i] + (LEVELS[i] - 0.5) * width
        }))
    }

    /// The value at a level between 0.02 and 0.98; beyond, that at the nearer end.
    pub fn at(&self, level: f64) -> f64 {
        let i = LEVELS.partition_point(|l| *l < level).clamp(1, COUNT - 1);
        let share = ((level - LEVELS[i - 1]) / (LEVELS[i] - LEVELS[i - 1])).clamp(0.0, 1.0);
        self.0[i - 1] + share * (self.0[i] - self.0[i - 1])
    }

    /// P(value ≤ x).
    pub fn below(&self, x: f64) -> f64 {
        let q = &self.0;
        let i = q.partition_point(|v| *v < x);
        let piece = i.clamp(1, COUNT - 1);
        let width = q[piece] - q[piece - 1];
        let slope = if width > 0.0 {
            (LEVELS[piece] - LEVELS[piece - 1]) / width
        } else {
            f64::INFINITY
        };
        match i {
            _ if width <= 0.0 => {
                if i == 0 {
                    0.0
                } else {
                    LEVELS[i - 1].max(if i == COUNT { 1.0 } else { 0.0 })
                }
            }
            0 => tail(LEVELS[0], (q[0] - x) * slope),
            COUNT => 1.0 - tail(1.0 - LEVELS[COUNT - 1], (x - q[COUNT - 1]) * slope),
            _ => LEVELS[i - 1] + (x - q[i - 1]) * slope,
        }
    }

    /// Continuous ranked probability score of an outcome, 2∫ pinball dα by the trapezoid rule over [`LEVELS`].
    pub fn crps(&self, outcome: f64) -> f64 {
        let pinball = |i: usize| {
            let d = outcome - self.0[i];
            if d >= 0.0 {
                LEVELS[i] * d
            } else {
                (LEVELS[i] - 1.0) * d
            }
        };
        let ends = pinball(0) * LEVELS[0] + pinball(COUNT - 1) * (1.0 - LEVELS[COUNT - 1]);
        let inner =
            (1..COUNT).map(|i| (LEVELS[i] - LEVELS[i - 1]) * (pinball(i) + pinball(i - 1)) / 2.0);
        2.0 * (ends + inner.sum::<f64>())
    }

    /// ln of the density at a value, in nats per unit; pieces count as `grain` wide at least, and beyond the outermost
    /// levels the density falls exponentially.
    pub fn log_density(&self, x: f64, grain: f64) -> f64 {
        let q = &self.0;
        let grain = grain.max(f64::MIN_POSITIVE);
        let i = q.partition_point(|v| *v < x);
        let tail = |mass: f64, width: f64, share: f64, away: f64| {
            // As steep at the edge as within.
            let reach = mass * width.max(grain) / share;
            libm::log(mass / reach) - away / reach
        };
        match i {
            0 => tail(LEVELS[0], q[1] - q[0], LEVELS[1] - LEVELS[0], q[0] - x),
            COUNT => {
                let (a, b) = (COUNT - 2, COUNT - 1);
                tail(
                    1.0 - LEVELS[b],
                    q[b] - q[a],
                    LEVELS[b] - LEVELS[a],
                    x - q[b],
                )
            }
            _ => libm::log((LEVELS[i] - LEVELS[i - 1]) / (q[i] - q[i - 1]).max(grain)),
        }
    }

    /// Every value changed by a function that ascends.
    #[must_use]
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self::new(self.0.map(f))
    }

    /// Quantiles averaged, `share` of the other: the distributions are moved into one another.
    #[must_use]
    pub fn towards(&self, other: &Self, share: f64) -> Self {
        let mut out = self.0;
        for (o, b) in out.iter_mut().zip(&other.0) {
            *o += share * (b - *o);
        }
        Self(out)
    }

    /// The mixture of two distributions, `share` of the other.
    #[must_use]
    pub fn mixed(&self, other: &Self, share: f64) -> Self {
        let (mut low, mut high) = (
            self.0[0].min(other.0[0]),
            self.0[COUNT - 1].max(other.0[COUNT - 1]),
        );
        let spread = high - low;
        (low, high) = (low - spread, high + spread);
        let level = |x: f64| (1.0 - share) * self.below(x) + share * other.below(x);
        let at = |wanted: f64| {
            let (mut a, mut b) = (low, high);
            for _ in 0..40 {
                let middle = 0.5 * (a + b);
                if level(middle) < wanted {
                    a = middle
                } else {
                    b = middle
                }
            }
            0.5 * (a + b)
        };
        Self::new(LEVELS.map(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uniform on [0, 1].
    fn uniform() -> Quantiles {
        Quantiles(LEVELS)
    }

    #[test]
    fn a_uniform_distribution_has_its_closed_forms() {
        let u = uniform();
        for x in [0.0, 0.01, 0.3, 0.55, 0.99, 1.0] {
            assert!(
                (u.below(x) - x).abs() < 1e-12 || !(0.02..=0.98).contains(&x),
                "{x}"
            );
            // CRPS of a uniform one: x² − x + 1/3, up to the ends that are cut.
            assert!(
                (u.crps(x) - (x * x - x + 1.0 / 3.0)).abs() < 2e-3,
                "{x}: {}",
                u.crps(x)
            );
        }
        assert_eq!((u.at(0.5), u.at(0.35)), (0.5, 0.35));
        // Tails hold 0.02 and fall by e in as far as that reaches at the slope of the outer piece.
        let left = 0.02 / std::f64::consts::E;
        assert!((u.below(0.0) - left).abs() < 1e-12 && (1.0 - u.below(1.0) - left).abs() < 1e-12);
        assert!(u.below(-0.2) > 0.0 && u.below(1.2) < 1.0);
    }

    #[test]
    fn the_density_is_that_of_the_pieces_and_falls_beyond_them() {
        let u = uniform();
        assert!(u.log_density(0.5, 1e-9).abs() < 1e-9);
        // The tails hold 0.02 each.
        let step = 1e-4;
        let mass: f64 = (0..4000)
            .map(|i| step * libm::exp(u.log_density(0.98 + step * (f64::from(i) + 0.5), 1e-9)))
            .sum();
        assert!((mass - 0.02).abs() < 1e-4, "{mass}");
        let point = Quantiles([3.0; COUNT]);
        assert!(point.log_density(3.0, 0.1).is_finite() && point.log_density(4.0, 0.1) < -5.0);
    }

    #[test]
    fn a_mixture_has_the_mean_of_the_distribution_functions() {
        let far = uniform().map(|x| x + 10.0);
        let mixed = uniform().mixed(&far, 0.3);
        assert!(
            (mixed.at(0.35) - 0.5).abs() < 0.01 && (mixed.at(0.85) - 10.5).abs() < 0.01,
            "{mixed:?}"
        );
        assert!((uniform().towards(&far, 0.5).at(0.5) - 5.5).abs() < 1e-12);
    }

    #[test]
    fn a_point_is_a_step() {
        let point = Quantiles([3.0; COUNT]);
        assert_eq!((point.below(2.9), point.below(3.1)), (0.0, 1.0));
        assert!((point.crps(4.0) - 1.0).abs() < 1e-12);
    }
}
