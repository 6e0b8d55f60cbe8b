//! What runs say about a border: a grid over its place, its width and the share of lapses.

use super::border::Observation;
use super::window::Window;
use std::collections::BTreeMap;

/// log odds at 90 %: a logistic of scale s is 2 · NINE · s wide from 10 to 90 %.
pub(super) const NINE: f64 = 2.197_224_577_336_219_4;

/// Shares of runs whose fate has nothing to do with the fraction, and how likely each is beforehand.
const LAPSES: [(f64, f64); 3] = [(0.002, 0.6), (0.02, 0.3), (0.08, 0.1)];
/// Cells of the first look, of places and of widths, and of the second.
const COARSE: (usize, usize) = (48, 6);
const FINE: (usize, usize) = (72, 12);
/// Standard deviations of the log of the width to either side of the usual one that the grid spans.
const SPAN: f64 = 2.7;
/// Places less likely than the likeliest by this factor are left out of the second look.
const NEGLIGIBLE: f64 = 1e-5;
/// Runs at one fraction whose likelihood is multiplied out; products below this are replaced by logarithms.
const FEW: u32 = 32;
const TINY: f64 = 1e-150;

/// Runs at one fraction.
#[derive(Clone, Copy, Debug)]
struct Dose {
    log_share: f64,
    generalised: u32,
    failed: u32,
}

/// Weights of all cells, summing to 1.
#[derive(Clone, Debug)]
pub(super) struct Posterior {
    /// Left edge of the first cell and width of each, in log p.
    start: f64,
    step: f64,
    /// Scales of the logistic, in log p.
    scales: Vec<f64>,
    /// By place, then scale, then lapse.
    weights: Vec<f64>,
}

/// One cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    /// Log of the border.
    pub place: f64,
    /// Scale of the logistic, in log p.
    pub scale: f64,
    /// Share of lapses, half of them of either kind.
    pub lapse: f64,
    /// Probability.
    pub weight: f64,
}

impl Cell {
    /// Probability that a run at a fraction generalises.
    pub(super) fn chance(&self, log_share: f64) -> f64 {
        let sure = logistic((log_share - self.place) / self.scale);
        0.5 * self.lapse + (1.0 - self.lapse) * sure
    }
}

/// Runs, the same fraction and seed once (what was said of it last), by fraction and seed.
pub(super) fn unique(observations: &[Observation]) -> Vec<Observation> {
    let runs: BTreeMap<(u64, u64), Observation> = observations
        .iter()
        .map(|o| ((o.share.to_bits(), o.seed), *o))
        .collect();
    runs.into_values().collect()
}

fn doses(runs: &[Observation]) -> Vec<Dose> {
    runs.chunk_by(|a, b| a.share == b.share)
        .map(|same| {
            let generalised = same.iter().filter(|o| o.generalised).count() as u32;
            Dose {
                log_share: libm::log(same[0].share),
                generalised,
                failed: same.len() as u32 - generalised,
            }
        })
        .collect()
}

impl Posterior {
    /// Of runs that are [`unique`].
    pub(super) fn of(runs: &[Observation], window: &Window) -> Self {
        let doses = doses(runs);
        let (start, end) = (libm::log(window.low()), libm::log(window.high()));
        let coarse = Self::on(&doses, window, start, end, COARSE);
        let places = coarse.places();
        let most = places.iter().copied().fold(0.0, f64::max);
        let likely = |w: &f64| *w > NEGLIGIBLE * most;
        let first = places.iter().position(likely).unwrap_or(0);
        let last = places.iter().rposition(likely).unwrap_or(places.len() - 1);
        let near = |cell: f64| (start + cell * coarse.step).clamp(start, end);
        let (from, to) = (near(first as f64 - 1.0), near(last as f64 + 2.0));
        Self::on(&doses, window, from, to, FINE)
    }

    fn on(doses: &[Dose], window: &Window, start: f64, end: f64, cells: (usize, usize)) -> Self {
        let step = (end - start) / cells.0 as f64;
        let widths = widths(window, cells.1);
        let mut weights = Vec::with_capacity(cells.0 * cells.1 * LAPSES.len());
        for i in 0..cells.0 {
            let place = start + (i as f64 + 0.5) * step;
            for (scale, log_prior) in &widths {
                weights.extend(log_weights(doses, place, *scale).map(|w| w + log_prior));
            }
        }
        normalise(&mut weights);
        Self {
            start,
            step,
            scales: widths.iter().map(|w| w.0).collect(),
            weights,
        }
    }

    fn by_place(&self) -> usize {
        self.scales.len() * LAPSES.len()
    }

    /// Probability of each cell of places.
    fn places(&self) -> Vec<f64> {
        self.weights
            .chunks_exact(self.by_place())
            .map(|w| w.iter().sum())
            .collect()
    }

    /// Log of the fraction below which the border lies with a probability.
    pub(super) fn quantile(&self, probability: f64) -> f64 {
        let places = self.places();
        let mut below = 0.0;
        for (i, weight) in places.iter().enumerate() {
            if below + weight >= probability && *weight > 0.0 {
                return self.start + self.step * (i as f64 + (probability - below) / weight);
            }
            below += weight;
        }
        self.start + self.step * places.len() as f64
    }

    /// Probability that the border lies below the log of a fraction.
    pub(super) fn below(&self, log_share: f64) -> f64 {
        let cell = (log_share - self.start) / self.step;
        let inside = |i: usize| (cell - i as f64).clamp(0.0, 1.0);
        let places = self.places();
        places.iter().enumerate().map(|(i, w)| w * inside(i)).sum()
    }

    /// Every cell.
    pub(super) fn cells(&self) -> impl Iterator<Item = Cell> + '_ {
        let (by_place, lapses) = (self.by_place(), LAPSES.len());
        self.weights
            .iter()
            .enumerate()
            .map(move |(k, weight)| Cell {
                place: self.start + (0.5 + (k / by_place) as f64) * self.step,
                scale: self.scales[(k % by_place) / lapses],
                lapse: LAPSES[k % lapses].0,
                weight: *weight,
            })
    }

    /// A number of cells that stand for all with equal weight, by systematic sampling from `offset` of [0, 1).
    pub(super) fn sample(&self, many: usize, offset: f64) -> Vec<Cell> {
        let mut out = Vec::with_capacity(many);
        let mut below = 0.0;
        for cell in self.cells() {
            below += cell.weight;
            while out.len() < many && (out.len() as f64 + offset) / (many as f64) < below {
                out.push(Cell {
                    weight: 1.0 / many as f64,
                    ..cell
                });
            }
        }
        out
    }
}

/// Scales of the logistic with the logs of their priors, up to a constant.
fn widths(window: &Window, cells: usize) -> Vec<(f64, f64)> {
    let (usual, factor) = window.width();
    (0..cells)
        .map(|j| SPAN * ((2 * j + 1) as f64 / cells as f64 - 1.0))
        .map(|z| (usual * libm::pow(factor, z) / (2.0 * NINE), -0.5 * z * z))
        .collect()
}

/// Log of prior × likelihood of a place and a scale, for each share of lapses.
fn log_weights(doses: &[Dose], place: f64, scale: f64) -> [f64; LAPSES.len()] {
    let mut sums = LAPSES.map(|(_, prior)| libm::log(prior));
    // Products first, for a logarithm costs more than all the rest; before they underflow they are taken in.
    let mut products = [1.0; LAPSES.len()];
    for dose in doses {
        let sure = logistic((dose.log_share - place) / scale);
        for (i, (lapse, _)) in LAPSES.iter().enumerate() {
            let chance = 0.5 * lapse + (1.0 - lapse) * sure;
            if dose.generalised + dose.failed < FEW {
                products[i] *= power(chance, dose.generalised) * power(1.0 - chance, dose.failed);
            } else {
                sums[i] += f64::from(dose.generalised) * libm::log(chance)
                    + f64::from(dose.failed) * libm::log(1.0 - chance);
            }
            if products[i] < TINY {
                sums[i] += libm::log(products[i]);
                products[i] = 1.0;
            }
        }
    }
    std::array::from_fn(|i| sums[i] + libm::log(products[i]))
}

/// 1/(1 + e^{−u}); beyond ±36 it is 0 or 1 to the last bit beside any lapse.
fn logistic(u: f64) -> f64 {
    if u.abs() > 36.0 {
        return f64::from(u8::from(u > 0.0));
    }
    1.0 / (1.0 + libm::exp(-u))
}

fn power(base: f64, times: u32) -> f64 {
    (0..times).fold(1.0, |product, _| product * base)
}

/// From logs to probabilities that sum to 1.
fn normalise(weights: &mut [f64]) {
    let most = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    weights.iter_mut().for_each(|w| *w = libm::exp(*w - most));
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= sum);
}
