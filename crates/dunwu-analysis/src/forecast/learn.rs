//! Fitting the quantile head to known curves.
//!
//! Pinball loss in asinh space of what the bank misses; Adam with a falling rate, in single precision and in a fixed order:
//! the same curves give the same bits.

use super::clock::Clock;
use super::features::{FEATURES, Prepared};
use super::metric::Metric;
use super::network::{
    Activity, BANK, MEMBERS, Network, OF_PREFIX, PARAMETERS, PROTOTYPES, SECOND, THIRD, WIDE,
    forward, nearest, sigmoid, width,
};
use super::quantiles::{COUNT, LEVELS, MEDIAN};
use dunwu_core::{Draws, Seed};

/// A curve whose end is known.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownCurve {
    /// What kind of curve: the source.
    pub family: String,
    /// What goes together within the family: a task, a record, a model.
    pub group: String,
    /// Name of the metric.
    pub metric: String,
    /// Steps, strictly ascending.
    pub steps: Vec<f64>,
    /// Values, finite.
    pub values: Vec<f64>,
    /// The learning rate over steps, where it is known; else empty.
    pub rate: (Vec<f64>, Vec<f64>),
}

impl KnownCurve {
    /// The clock of its prefix that ends at `now`, of which the rate is known to the end, up to now, or not at all.
    pub(crate) fn clock(&self, now: f64, horizon: f64, whole: bool) -> Option<Clock> {
        let (steps, rates) = (&self.rate.0, &self.rate.1);
        let n = if whole {
            steps.len()
        } else {
            steps.partition_point(|s| *s <= now)
        };
        Clock::new((&steps[..n], &rates[..n]), now, horizon)
    }
}

/// How a head is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learning {
    /// Passes over the examples.
    pub epochs: usize,
    /// Prefixes drawn of each family.
    pub per_family: usize,
    /// Made-up curves that are known beside the others; as many prefixes are drawn of them as there are.
    pub made_up: usize,
    /// Seed of all draws.
    pub seed: Seed,
}

impl Default for Learning {
    fn default() -> Self {
        Self {
            epochs: 24,
            per_family: 3000,
            made_up: 5000,
            seed: Seed(0),
        }
    }
}

/// A prefix with what came.
pub(crate) struct Example {
    pub features: [f64; FEATURES],
    /// asinh((value − level)/scale) of what came.
    pub unit: f64,
}

/// How many readings are in the first `share` of a curve's steps; None if these are fewer than `fewest`, or all.
pub(crate) fn seen(curve: &KnownCurve, share: f64, fewest: usize) -> Option<usize> {
    let (first, last) = (curve.steps.first()?, curve.steps.last()?);
    let cut = first + share * (last - first);
    let n = curve.steps.partition_point(|s| *s <= cut);
    (n >= fewest && n < curve.steps.len()).then_some(n)
}

/// A prefix of a curve: its first `share` of steps, thinned to `most` readings of which the last is kept.
pub(crate) fn prefix(
    curve: &KnownCurve,
    share: f64,
    most: usize,
    draws: &mut Draws,
) -> Option<(Vec<f64>, Vec<f64>)> {
    let n = seen(curve, share, 2)?;
    let mut kept: Vec<usize> = (0..n).collect();
    if n > most {
        let mut order: Vec<usize> = (0..n - 1).collect();
        draws.shuffle(&mut order);
        order.truncate(most - 1);
        order.sort_unstable();
        kept = order;
        kept.push(n - 1);
    }
    Some((
        kept.iter().map(|i| curve.steps[*i]).collect(),
        kept.iter().map(|i| curve.values[*i]).collect(),
    ))
}

/// Least share of the steps that a prefix has.
pub(crate) const EARLIEST: f64 = 0.08;

fn example(curve: &KnownCurve, draws: &mut Draws) -> Option<Example> {
    let share = EARLIEST + 0.72 * draws.unit();
    let most = if draws.unit() < 0.3 {
        usize::MAX
    } else {
        5 + draws.below(36) as usize
    };
    let (steps, values) = prefix(curve, share, most, draws)?;
    let n = curve
        .steps
        .partition_point(|s| *s <= steps[steps.len() - 1]);
    let target = if draws.unit() < 0.65 {
        curve.steps.len() - 1
    } else {
        n + draws.below((curve.steps.len() - n) as u64) as usize
    };
    let mut metric = Metric::of(&curve.metric, &values);
    if draws.unit() < 0.3 {
        // Names that say nothing must do too.
        metric = Metric::of("", &values);
    }
    let (now, then) = (steps[steps.len() - 1], curve.steps[target]);
    // A schedule is known to the end, up to now, or not logged.
    let known = draws.unit();
    let clock = (known < 0.67)
        .then(|| curve.clock(now, then, known < 0.33))
        .flatten();
    let prepared = Prepared::new(&steps, &values, &metric, clock);
    let unit = prepared.unit_of(curve.values[target]);
    let features = prepared.features(prepared.time(then));
    (unit.is_finite() && features.iter().all(|f| f.is_finite())).then_some(Example {
        features,
        unit: unit.clamp(-12.0, 12.0),
    })
}

/// Draws prefixes, as many of each family.
fn examples(curves: &[&KnownCurve], learning: &Learning) -> Vec<Example> {
    let mut families: Vec<&str> = curves.iter().map(|c| c.family.as_str()).collect();
    families.sort_unstable();
    families.dedup();
    let mut out = Vec::new();
    for family in families {
        let of: Vec<&&KnownCurve> = curves.iter().filter(|c| c.family == family).collect();
        let mut draws = learning.seed.draws(&format!("forecast {family}"));
        let drawn = (0..learning
            .per_family
            .max(if family == "prior" { of.len() } else { 0 }))
            .filter_map(|i| example(of[i % of.len()], &mut draws));
        out.extend(drawn);
    }
    learning.seed.draws("forecast order").shuffle(&mut out);
    out
}

/// Fits a head. `curves` must hold at least one that can be cut.
pub fn learn(curves: &[&KnownCurve], learning: &Learning) -> Option<Network> {
    let examples = examples(curves, learning);
    if examples.is_empty() {
        return None;
    }
    let (centre, spread) = standards(&examples);
    let mut network = Network {
        centre,
        spread,
        members: vec![],
        prototypes: vec![],
        near: 1.0,
        stretch: 1.0,
        residuals: residuals(&examples),
    };
    let data: Vec<Point> = examples.iter().map(|e| Point::new(&network, e)).collect();
    network.members = (0..MEMBERS).map(|m| member(&data, m, learning)).collect();
    (network.prototypes, network.near) = prototypes(&data, learning);
    Some(network)
}

/// Largest miss of the bank that is learned from, in widths.
const FARTHEST: f64 = 40.0;

/// What a member learns from.
struct Point {
    /// Standardised features.
    input: [f32; FEATURES],
    /// What the bank missed, in widths.
    missed: f32,
    width: f32,
}

impl Point {
    fn new(network: &Network, of: &Example) -> Self {
        let width = width(&of.features);
        let missed = (of.unit - of.features[BANK]) / width;
        Self {
            input: network.standard(&of.features),
            missed: missed.clamp(-FARTHEST, FARTHEST) as f32,
            width: width as f32,
        }
    }
}

fn standards(examples: &[Example]) -> ([f32; FEATURES], [f32; FEATURES]) {
    let n = examples.len() as f64;
    let mean: [f64; FEATURES] =
        std::array::from_fn(|i| examples.iter().map(|e| e.features[i]).sum::<f64>() / n);
    let spread = std::array::from_fn(|i| {
        let square = examples
            .iter()
            .map(|e| (e.features[i] - mean[i]) * (e.features[i] - mean[i]))
            .sum::<f64>();
        (square / n).sqrt().max(0.05) as f32
    });
    (mean.map(|m| m as f32), spread)
}

/// Quantiles of what the bank misses, in widths.
fn residuals(examples: &[Example]) -> [f32; COUNT] {
    let mut missed: Vec<f64> = examples
        .iter()
        .map(|e| (e.unit - e.features[BANK]) / width(&e.features))
        .collect();
    missed.sort_by(f64::total_cmp);
    LEVELS.map(|l| missed[((missed.len() - 1) as f64 * l).round() as usize] as f32)
}

/// Prefixes that lie far from each other, each the farthest from those before, and how near others lie to them.
fn prototypes(data: &[Point], learning: &Learning) -> (Vec<f32>, f32) {
    // The farthest are outliers: most prototypes are drawn.
    let mut draws = learning.seed.draws("forecast prototypes");
    let mut out = Vec::with_capacity(PROTOTYPES * OF_PREFIX);
    let pool: Vec<usize> = (0..1500.min(data.len()))
        .map(|_| draws.below(data.len() as u64) as usize)
        .collect();
    let mut distance = vec![f32::INFINITY; pool.len()];
    let mut next = pool[0];
    for _ in 0..PROTOTYPES {
        out.extend(&data[next].input[..OF_PREFIX]);
        let newest = out.len() - OF_PREFIX;
        for (d, i) in distance.iter_mut().zip(&pool) {
            *d = d.min(nearest(&data[*i].input, &out[newest..]));
        }
        // In proportion to the square of the distance (k-means++).
        let total: f64 = distance.iter().map(|d| f64::from(d * d)).sum();
        let mut at = draws.unit() * total;
        next = pool[pool.len() - 1];
        for (d, i) in distance.iter().zip(&pool) {
            at -= f64::from(d * d);
            if at <= 0.0 {
                next = *i;
                break;
            }
        }
    }
    let mut near: Vec<f32> = data.iter().map(|p| nearest(&p.input, &out)).collect();
    near.sort_by(f32::total_cmp);
    (out, near[(near.len() - 1) * 95 / 100].max(1e-3))
}

/// Examples of a step.
const BATCH: usize = 64;
/// Largest rate.
const RATE: f32 = 4e-3;
/// Share of the features that are dropped.
const DROPPED: f64 = 0.05;
/// Decay of weights, decoupled.
const DECAY: f32 = 2e-3;

fn member(data: &[Point], index: usize, learning: &Learning) -> Vec<f32> {
    let mut draws = learning.seed.draws(&format!("forecast member {index}"));
    let mut weights = initial(&mut draws);
    let (mut first, mut second) = (vec![0.0_f32; PARAMETERS], vec![0.0_f32; PARAMETERS]);
    let mut order: Vec<usize> = (0..data.len()).collect();
    let steps = learning.epochs * data.len().div_ceil(BATCH);
    let (mut step, mut power) = (0_usize, (1.0_f32, 1.0_f32));
    for _ in 0..learning.epochs {
        draws.shuffle(&mut order);
        for batch in order.chunks(BATCH) {
            let mut gradient = vec![0.0_f32; PARAMETERS];
            for i in batch {
                let Point {
                    mut input,
                    missed,
                    width,
                } = data[*i];
                // What is missing now and then is not relied on alone: curves of other kinds have other features.
                for x in &mut input {
                    *x *= f32::from(u8::from(draws.unit() >= DROPPED));
                }
                backward(
                    &weights,
                    &forward(&weights, input),
                    missed,
                    // The loss is that of asinh((value − level)/scale).
                    width / batch.len() as f32,
                    &mut gradient,
                );
            }
            let done = step as f32 / steps as f32;
            let rate = RATE * (1.0 - done) * (step as f32 / 200.0).min(1.0);
            power = (power.0 * 0.9, power.1 * 0.99);
            for p in 0..PARAMETERS {
                let g = gradient[p];
                first[p] = 0.9 * first[p] + 0.1 * g;
                second[p] = 0.99 * second[p] + 0.01 * g * g;
                let update =
                    first[p] / (1.0 - power.0) / ((second[p] / (1.0 - power.1)).sqrt() + 1e-8);
                weights[p] -= rate * (update + DECAY * weights[p]);
            }
            step += 1;
        }
    }
    weights
}

/// Weights of variance 1/inputs; biases such that quantiles begin 0.1 apart.
fn initial(draws: &mut Draws) -> Vec<f32> {
    let mut out = vec![0.0; PARAMETERS];
    for (from, inputs, outputs, gain) in [
        (0, FEATURES, WIDE, 1.0),
        (SECOND, WIDE, WIDE, 1.0),
        (THIRD, WIDE, COUNT, 0.3),
    ] {
        let scale = gain / (inputs as f64).sqrt();
        for w in &mut out[from + outputs..from + outputs * (inputs + 1)] {
            *w = (draws.normal() * scale) as f32;
        }
    }
    out[THIRD..THIRD + COUNT].fill(-2.25);
    out[THIRD + MEDIAN] = 0.0;
    out
}

/// Adds the gradient of the mean pinball loss of one example.
fn backward(weights: &[f32], of: &Activity, unit: f32, share: f32, gradient: &mut [f32]) {
    let mut out = [0.0_f32; COUNT];
    for (i, g) in out.iter_mut().enumerate() {
        let level = LEVELS[i] as f32;
        // Levels stand closer in the tails; each counts as far as it reaches.
        *g = share
            * reach(i)
            * if unit > of.out[i] {
                -level
            } else {
                1.0 - level
            };
    }
    // Outer quantiles are sums of steps.
    let mut raw = [0.0_f32; COUNT];
    let mut sum = 0.0;
    for i in (MEDIAN + 1..COUNT).rev() {
        sum += out[i];
        raw[i] = sum * sigmoid(of.raw[i]);
    }
    raw[MEDIAN] = out[MEDIAN] + sum;
    sum = 0.0;
    for i in 0..MEDIAN {
        sum += out[i];
        raw[i] = -sum * sigmoid(of.raw[i]);
    }
    raw[MEDIAN] += sum;
    let back = layer_back::<COUNT>(
        &weights[THIRD..],
        &raw,
        &of.hidden[1],
        &mut gradient[THIRD..],
    );
    let second = through(&back, &of.sums[1]);
    let back = layer_back::<WIDE>(
        &weights[SECOND..THIRD],
        &second,
        &of.hidden[0],
        &mut gradient[SECOND..THIRD],
    );
    let first = through(&back, &of.sums[0]);
    add_outer(&first, &of.input, &mut gradient[..SECOND]);
}

/// How much of [0, 1] a level stands for.
fn reach(i: usize) -> f32 {
    let low = if i == 0 {
        0.0
    } else {
        0.5 * (LEVELS[i - 1] + LEVELS[i])
    };
    let high = if i + 1 == COUNT {
        1.0
    } else {
        0.5 * (LEVELS[i] + LEVELS[i + 1])
    };
    (high - low) as f32
}

/// The gradient through SiLU.
fn through(back: &[f32; WIDE], sums: &[f32; WIDE]) -> [f32; WIDE] {
    std::array::from_fn(|i| {
        let s = sigmoid(sums[i]);
        back[i] * s * (1.0 + sums[i] * (1.0 - s))
    })
}

fn add_outer<const N: usize>(out: &[f32; N], input: &[f32], gradient: &mut [f32]) {
    let (bias, rows) = gradient.split_at_mut(N);
    bias.iter_mut().zip(out).for_each(|(b, o)| *b += o);
    for (x, row) in input.iter().zip(rows.chunks_exact_mut(N)) {
        for (g, o) in row.iter_mut().zip(out) {
            *g += x * o;
        }
    }
}

fn layer_back<const N: usize>(
    layer: &[f32],
    out: &[f32; N],
    input: &[f32; WIDE],
    gradient: &mut [f32],
) -> [f32; WIDE] {
    add_outer(out, input, gradient);
    std::array::from_fn(|i| {
        let row = &layer[N + i * N..N + (i + 1) * N];
        row.iter().zip(out).map(|(w, o)| w * o).sum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean pinball loss, as the gradient has it.
    fn loss(out: &[f32; COUNT], unit: f32) -> f64 {
        let pinball = |i: usize| {
            let d = f64::from(unit) - f64::from(out[i]);
            f64::from(reach(i))
                * if d > 0.0 {
                    LEVELS[i] * d
                } else {
                    (LEVELS[i] - 1.0) * d
                }
        };
        (0..COUNT).map(pinball).sum()
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        let mut draws = Seed(3).draws("test");
        let weights = initial(&mut draws);
        let input: [f32; FEATURES] = std::array::from_fn(|_| draws.normal() as f32);
        let unit = 0.7;
        let mut gradient = vec![0.0; PARAMETERS];
        backward(
            &weights,
            &forward(&weights, input),
            unit,
            1.0,
            &mut gradient,
        );
        for p in (0..PARAMETERS).step_by(37) {
            let at = |d: f32| {
                let mut moved = weights.clone();
                moved[p] += d;
                loss(&forward(&moved, input).out, unit)
            };
            let slope = (at(2e-3) - at(-2e-3)) / 4e-3;
            assert!(
                (slope - f64::from(gradient[p])).abs() < 2e-3,
                "{p}: {slope} {}",
                gradient[p]
            );
        }
    }

    fn curves() -> Vec<KnownCurve> {
        let mut draws = Seed(5).draws("curves");
        let curve = |i: usize| {
            let (a, k) = (draws.unit(), 0.3 + draws.unit());
            let steps: Vec<f64> = (1..=60).map(f64::from).collect();
            let values = steps
                .iter()
                .map(|s| a + libm::pow(*s, -k) + 0.01 * draws.normal())
                .collect();
            KnownCurve {
                family: "power".into(),
                group: i.to_string(),
                metric: "loss".into(),
                steps,
                values,
                rate: Default::default(),
            }
        };
        (0..40).map(curve).collect()
    }

    #[test]
    fn the_same_curves_give_the_same_bits_and_bytes_read_back() {
        let curves = curves();
        let known: Vec<&KnownCurve> = curves.iter().collect();
        let learning = Learning {
            epochs: 2,
            per_family: 300,
            made_up: 0,
            seed: Seed(1),
        };
        let network = learn(&known, &learning).unwrap();
        let bytes = network.to_bytes();
        assert_eq!(bytes, learn(&known, &learning).unwrap().to_bytes());
        assert_eq!(Network::from_bytes(&bytes).unwrap(), network);
        assert!(Network::from_bytes(&bytes[1..]).is_none());
        assert!(learn(&[], &learning).is_none());
    }
}
