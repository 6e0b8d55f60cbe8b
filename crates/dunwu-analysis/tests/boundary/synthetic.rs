//! Runs whose border is known.

use dunwu_analysis::boundary::Observation;
use dunwu_core::{Draws, Seed};

/// How the share of runs that generalise rises through the border.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Link {
    /// Tails that never end.
    Cauchit,
    /// Rises slowly, ends abruptly.
    Gompertz,
    /// The model's own, in log p.
    Logistic,
    /// Normal, in p.
    Probit,
    /// All or none.
    Step,
}

pub(crate) const LINKS: [Link; 5] = [
    Link::Cauchit,
    Link::Gompertz,
    Link::Logistic,
    Link::Probit,
    Link::Step,
];

/// A border with the width, in p, from 10 to 90 % of runs that generalise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Truth {
    pub border: f64,
    pub width: f64,
    pub link: Link,
}

impl Truth {
    pub(crate) fn chance(&self, share: f64) -> f64 {
        // −1 to 1 from 10 to 90 %, 0 at the half.
        let z = 2.0 * (share - self.border) / self.width;
        match self.link {
            Link::Cauchit => {
                0.5 + (z * (0.4 * std::f64::consts::PI).tan()).atan() / std::f64::consts::PI
            }
            Link::Gompertz => {
                let half = std::f64::consts::LN_2;
                let span = (10f64.ln() / -(0.9f64.ln())).ln();
                1.0 - (-half * (z * span / 2.0).exp()).exp()
            }
            Link::Logistic => {
                let scale = self.width / self.border / (2.0 * 9f64.ln());
                1.0 / (1.0 + (-(share / self.border).ln() / scale).exp())
            }
            Link::Probit => 0.5 * libm::erfc(-z * 1.281_551_565_5 / 2f64.sqrt()),
            Link::Step => f64::from(u8::from(share >= self.border)),
        }
    }

    pub(crate) fn run(&self, share: f64, seed: u64, draws: &mut Draws) -> Observation {
        Observation {
            share,
            seed,
            generalised: draws.unit() < self.chance(share),
            epochs: 3000,
        }
    }
}

/// The `i`-th of a number of truths with borders all over a window.
pub(crate) fn truth(i: u64, low: f64, high: f64, width: f64, link: Link) -> (Truth, Draws) {
    let mut draws = Seed(i).draws("a true border");
    let border = low * (high / low).powf(draws.unit());
    let truth = Truth {
        border,
        width,
        link,
    };
    (truth, draws)
}
