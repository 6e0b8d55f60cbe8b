//! The share of runs that generalise, fraction by fraction.

use super::border::Observation;
use super::posterior::{Posterior, unique};
use super::window::Window;
use serde::Serialize;

/// What is believed of the runs at one fraction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Transition {
    /// Training fraction.
    pub share: f64,
    /// Share of runs that generalise there: median of what is believed.
    pub generalise: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The share of runs that generalise at each of some fractions, under the belief of
/// [`border`](super::border()).
///
/// ```
/// use dunwu_analysis::boundary::{Observation, Window, transition};
/// let run = |share, seed, generalised| Observation { share, seed, generalised, epochs: 3000 };
/// let runs = [run(0.3, 0, false), run(0.33, 1, true), run(0.36, 2, true), run(0.32, 3, false)];
/// let curve = transition(&runs, &Window::new(0.2, 0.5).unwrap(), &[0.25, 0.33, 0.45]);
/// assert!(curve[0].generalise < 0.1 && curve[2].generalise > 0.9);
/// assert!(curve.iter().all(|t| t.low <= t.generalise && t.generalise <= t.high));
/// ```
pub fn transition(
    observations: &[Observation],
    window: &Window,
    shares: &[f64],
) -> Vec<Transition> {
    let posterior = Posterior::of(&unique(observations), window);
    let cells: Vec<_> = posterior.cells().filter(|c| c.weight > 1e-9).collect();
    let one = |share: &f64| {
        let log_share = libm::log(*share);
        let mut chances: Vec<(f64, f64)> = cells
            .iter()
            .map(|c| (c.chance(log_share), c.weight))
            .collect();
        chances.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = chances.iter().map(|c| c.1).sum();
        let at = |probability: f64| {
            let mut below = 0.0;
            let reached = chances.iter().find(|(_, weight)| {
                below += weight;
                below >= probability * total
            });
            reached.or(chances.last()).map_or(f64::NAN, |c| c.0)
        };
        Transition {
            share: *share,
            generalise: at(0.5),
            low: at(0.025),
            high: at(0.975),
        }
    };
    shares.iter().map(one).collect()
}
