//! How a loss follows falls of the learning rate.
//!
//! The multi-power law of Luo et al. 2025 (arXiv 2503.12811): L = L₀ + A·S^−α − B·Σ_k (η_{k−1} − η_k)·G(η_k^−γ·S_k), where S is
//! the sum of the rate η, S_k that since the k-th change, and G(x) = 1 − (1 + C·x)^−β. Since (1 + C·x)^−β is a mixture of
//! exponentials e^{−Cux} with u after a Gamma distribution of shape β, the sum is B·(η₀ − η̃), η̃ a mixture of rates each of
//! which follows η by an exponential in S: one pass over the readings.

/// Exponentials.
pub(crate) const NODES: usize = 8;
/// How fast the slowest follows, in sums of the unit; each is [`APART`] times as fast as the one before.
const SLOWEST: f64 = 1.0;
const APART: f64 = 4.0;
/// γ: falls to small rates are followed faster, in the time of the rate.
const GAMMA: f64 = 0.5;

/// Rates that follow η, in units of the largest η.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Followers([f64; NODES]);

impl Followers {
    /// All where the rate is.
    pub(crate) fn new(rate: f64) -> Self {
        Self([rate; NODES])
    }

    /// After a further sum of `sum` units at a rate.
    pub(crate) fn after(mut self, rate: f64, sum: f64) -> Self {
        let reach = sum * libm::pow(rate, -GAMMA);
        let mut speed = SLOWEST;
        for follows in &mut self.0 {
            if *follows != rate {
                *follows += (rate - *follows) * (1.0 - libm::exp(-speed * reach));
            }
            speed *= APART;
        }
        self
    }

    /// η̃ of a kernel.
    pub(crate) fn mixed(&self, kernel: &[f64; NODES]) -> f64 {
        self.0.iter().zip(kernel).map(|(f, w)| f * w).sum()
    }
}

/// The weights of (1 + C·x)^−β, C in units of 1/sum.
pub(crate) fn kernel(c: f64, beta: f64) -> [f64; NODES] {
    let mut speed = SLOWEST;
    let mut out = [0.0; NODES];
    for w in &mut out {
        let u = speed / c;
        *w = libm::pow(u, beta) * libm::exp(-u);
        speed *= APART;
    }
    let sum: f64 = out.iter().sum();
    out.map(|w| w / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fall_is_followed_by_a_power_of_the_sum_since() {
        let (c, beta) = (200.0, 0.6);
        let (kernel, rate) = (kernel(c, beta), 0.25);
        for since in [0.001, 0.01, 0.1] {
            let felt = Followers::new(1.0).after(rate, since).mixed(&kernel);
            let x = libm::pow(rate, -GAMMA) * since;
            let law = rate + (1.0 - rate) * libm::pow(1.0 + c * x, -beta);
            assert!((felt - law).abs() < 0.03, "{since}: {felt} {law}");
        }
    }

    #[test]
    fn two_halves_are_a_whole_and_a_constant_rate_is_felt_as_it_is() {
        let whole = Followers::new(1.0).after(0.3, 0.02);
        let halves = Followers::new(1.0).after(0.3, 0.01).after(0.3, 0.01);
        let apart = whole.0.iter().zip(halves.0).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f64::max) < 1e-12);
        assert_eq!(Followers::new(0.7).after(0.7, 3.0), Followers::new(0.7));
        assert!((Followers::new(0.7).mixed(&kernel(30.0, 0.4)) - 0.7).abs() < 1e-12);
    }
}
