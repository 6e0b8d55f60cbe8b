//! The fraction at which half of the runs generalise, with its interval.

use super::posterior::{NINE, Posterior, unique};
use super::window::Window;
use serde::Serialize;

/// One run: what it was given and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Observation {
    /// Training fraction.
    pub share: f64,
    /// Seed of the run.
    pub seed: u64,
    /// Whether it generalised within the budget.
    pub generalised: bool,
    /// Epochs it took: to the threshold if it generalised, else until it was stopped or the budget ended.
    pub epochs: u64,
}

/// Where the border lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Border {
    /// Median of what is believed of the border.
    pub at: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Distance in p from 10 to 90 % of runs that generalise: median.
    pub width: f64,
    /// 95 % interval of the width.
    pub width_low: f64,
    /// Upper end of it.
    pub width_high: f64,
    /// Runs that it rests on; the same fraction and seed twice is one run.
    pub runs: usize,
    /// How many of them generalised.
    pub generalised: usize,
    /// Epochs of all of them.
    pub epochs: u64,
    /// Whether some runs generalised and some did not; without both there is no border to see.
    pub bracketed: bool,
    /// Probability that the border lies in the lowest or highest twentieth of the window: if that is much,
    /// the window is too small.
    pub at_edge: f64,
}

/// The border, by Bayes' rule from runs that are independent given their fractions.
///
/// P(a run at p generalises) = λ/2 + (1 − λ)/(1 + e^{−(ln p − ln b)/s}), b the border, s its width over
/// 2 ln 9, λ the share of lapses: runs whose fate has nothing to do with p, so that one of them far from
/// the border does not carry the border along. Log p rather than p: borders are positive, window and laws
/// are about ratios, and one prior of widths does for all sizes; over the width of a transition the two
/// differ little. Logistic rather than probit for its heavier tails. Priors of b and s: [`Window`];
/// λ is 0.002, 0.02 or 0.08 with probability 0.6, 0.3, 0.1. Summed on a grid of 72 places, 12 widths and 3
/// shares, laid where a coarser one found the border; no draws.
///
/// Without runs it is the prior. If all runs had the same fate it is a one-sided bound, and `bracketed`
/// is false.
///
/// ```
/// use dunwu_analysis::boundary::{Observation, Window, border};
/// let run = |share, seed, generalised| Observation { share, seed, generalised, epochs: 3000 };
/// let window = Window::new(0.2, 0.6).unwrap();
/// let runs: Vec<_> = (0..5).flat_map(|s| [run(0.3, s, false), run(0.4, s, true)]).collect();
/// let border = border(&runs, &window);
/// assert!(border.bracketed && border.runs == 10);
/// assert!(0.3 < border.low && border.low < border.at && border.high < 0.4);
/// ```
///
/// # Panics
/// If a fraction is not above 0 and finite.
pub fn border(observations: &[Observation], window: &Window) -> Border {
    for o in observations {
        let known = o.share > 0.0 && o.share.is_finite();
        assert!(known, "a run has a fraction above 0, not {}", o.share);
    }
    let runs = unique(observations);
    summary(&Posterior::of(&runs, window), &runs, window)
}

fn summary(posterior: &Posterior, runs: &[Observation], window: &Window) -> Border {
    let at = |q| libm::exp(posterior.quantile(q));
    let widths = widths(posterior);
    let generalised = runs.iter().filter(|o| o.generalised).count();
    Border {
        at: at(0.5),
        low: at(0.025),
        high: at(0.975),
        width: quantile(&widths, 0.5),
        width_low: quantile(&widths, 0.025),
        width_high: quantile(&widths, 0.975),
        runs: runs.len(),
        generalised,
        epochs: runs.iter().map(|o| o.epochs).sum(),
        bracketed: 0 < generalised && generalised < runs.len(),
        at_edge: at_edge(posterior, window),
    }
}

fn at_edge(posterior: &Posterior, window: &Window) -> f64 {
    let (low, high) = (libm::log(window.low()), libm::log(window.high()));
    let margin = 0.05 * (high - low);
    posterior.below(low + margin) + 1.0 - posterior.below(high - margin)
}

/// Widths in p with their probabilities, ascending: 2 b sinh(s ln 9).
fn widths(posterior: &Posterior) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = posterior
        .cells()
        .map(|c| {
            let width = 2.0 * libm::exp(c.place) * libm::sinh(NINE * c.scale);
            (width, c.weight)
        })
        .collect();
    out.sort_by(|a, b| a.0.total_cmp(&b.0));
    out
}

fn quantile(sorted: &[(f64, f64)], probability: f64) -> f64 {
    let mut below = 0.0;
    let reached = sorted.iter().find(|(_, weight)| {
        below += weight;
        below >= probability
    });
    reached.or(sorted.last()).map_or(f64::NAN, |p| p.0)
}

/// Whether the 95 % interval reaches at most `half_width` to either side of its middle, in p, and both
/// fates were seen.
pub fn is_precise(border: &Border, half_width: f64) -> bool {
    border.bracketed && border.high - border.low <= 2.0 * half_width
}
