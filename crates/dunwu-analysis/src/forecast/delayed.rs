//! Delayed generalisation: a run that has memorised stays where it is, or jumps.
//!
//! A mixture cure model. Logistic: P(held-out accuracy ever reaches 0.9). Log-normal: the time from now
//! until then, of those that do. Both are linear in the same few numbers of the run, with a ridge. The time has the
//! logarithm of the first-passage law among them, T_grok − T_mem ≈ log(V_mem/V*)/(2κηλ) for V the squared norm of the
//! weights (arXiv 2605.18845): where that norm is logged, its rate of decay stands for 2κηλ.

use super::metric::Metric;
use super::quantiles::{LEVELS, Quantiles};
use std::sync::LazyLock;

/// Numbers of a run that the models are linear in, with the constant.
pub(crate) const NUMBERS: usize = 18;

/// Accuracy from which on a run has memorised, and from which on it has generalised.
const MEMORISED: f64 = 0.99;
const GENERALISED: f64 = 0.9;

/// Steps and values of a series.
pub type Points<'a> = (&'a [f64], &'a [f64]);

/// The series of a run by which delayed generalisation is known, as far as they are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Companions<'a> {
    /// Accuracy on the rows trained on, in [0, 1].
    pub train_score: Option<Points<'a>>,
    /// Accuracy on the rows held out, in [0, 1].
    pub held_score: Option<Points<'a>>,
    /// Loss on the rows trained on.
    pub train_loss: Option<Points<'a>>,
    /// Loss on the rows held out.
    pub held_loss: Option<Points<'a>>,
    /// Norm of the weights.
    pub weight_norm: Option<Points<'a>>,
    /// The newest step of the run.
    pub now: f64,
}

/// Whether and when a run that memorised generalises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jump {
    /// P(it does by the horizon).
    pub p: f64,
    /// When, if it does: quantiles 0.05, 0.5, 0.95.
    pub step: (f64, f64, f64),
    /// Whether the run is like those that the model was fitted to.
    pub can_tell: bool,
    now: f64,
    /// Mean and deviation of ln(step − now), and P(it ever does).
    log_wait: (f64, f64),
    ever: f64,
}

/// Coefficients of both models, and the place and the spread of the numbers that they were fitted to.
#[derive(Clone, Debug, PartialEq)]
pub struct DelayedModel {
    pub(crate) centre: [f64; NUMBERS],
    pub(crate) spread: [f64; NUMBERS],
    pub(crate) ever: [f64; NUMBERS],
    pub(crate) wait: [f64; NUMBERS],
    pub(crate) deviation: f64,
}

static MODEL: LazyLock<DelayedModel> = LazyLock::new(|| {
    DelayedModel::from_bytes(include_bytes!("delayed.bin")).expect("the shipped model is whole")
});

impl DelayedModel {
    /// All numbers, double precision, little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let lists = [&self.centre, &self.spread, &self.ever, &self.wait];
        let numbers = lists.into_iter().flatten().chain([&self.deviation]);
        numbers.flat_map(|x| x.to_le_bytes()).collect()
    }

    /// Reads [`Self::to_bytes`]; None if they are not as many.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != 8 * (4 * NUMBERS + 1) {
            return None;
        }
        let numbers: Vec<f64> = bytes
            .chunks_exact(8)
            .map(|c| f64::from_le_bytes(c.try_into().expect("eight bytes")))
            .collect();
        let list = |i: usize| {
            numbers[i * NUMBERS..(i + 1) * NUMBERS]
                .try_into()
                .expect("as many")
        };
        Some(Self {
            centre: list(0),
            spread: list(1),
            ever: list(2),
            wait: list(3),
            deviation: numbers[4 * NUMBERS],
        })
    }
}

/// The part of a series up to a step.
fn until(points: Points<'_>, step: f64) -> Points<'_> {
    let n = points.0.partition_point(|s| *s <= step);
    (&points.0[..n], &points.1[..n])
}

/// The value at the last reading up to a step.
fn at(points: Points<'_>, step: f64) -> Option<f64> {
    until(points, step).1.last().copied()
}

fn first_at_least(points: Points<'_>, level: f64) -> Option<f64> {
    points
        .1
        .iter()
        .position(|v| *v >= level)
        .map(|i| points.0[i])
}

/// Where a run stands: when it memorised, and the numbers that both models are linear in. None if it has not
/// memorised, or has generalised.
pub(crate) fn numbers(c: &Companions<'_>) -> Option<[f64; NUMBERS]> {
    let now = c.now;
    let (train, held) = (until(c.train_score?, now), until(c.held_score?, now));
    let memorised = first_at_least(train, MEMORISED)?.max(1.0);
    let accuracy = *held.1.last()?;
    if held.1.iter().any(|a| *a >= GENERALISED)
        || *train.1.last()? - accuracy < 0.05
        || now <= memorised
    {
        return None;
    }
    let half = memorised + 0.5 * (now - memorised);
    let floor = at(held, memorised).unwrap_or(accuracy);
    let before = at(held, half).unwrap_or(accuracy);
    let mut out = [0.0; NUMBERS];
    out[0] = 1.0;
    out[1] = log(now / memorised);
    out[2] = accuracy;
    out[3] = accuracy - floor;
    out[4] = accuracy - before;
    // How many such moves are still to come.
    out[5] = log((GENERALISED - accuracy).max(0.01) / (accuracy - before).max(0.005));
    if let Some(loss) = c.held_loss.map(|l| until(l, now)) {
        out[6..9].copy_from_slice(&of_held_loss(loss, memorised, half)?);
    }
    if let Some(loss) = c.train_loss.map(|l| until(l, now)) {
        let (first, late) = (*loss.1.first()?, *loss.1.last()?);
        // Without decay the training loss falls for ever.
        out[9] = (log(at(loss, half).unwrap_or(first)) - log(late)).clamp(-3.0, 3.0);
        out[10] = (log(late) - log(first)).clamp(-16.0, 0.0);
    }
    if let Some(norm) = c.weight_norm.map(|n| until(n, now)) {
        out[11..16].copy_from_slice(&of_norm(norm, memorised, half)?);
    }
    // The same of the last quarter of the time.
    let quarter = memorised + 0.75 * (now - memorised);
    let lately = accuracy - at(held, quarter).unwrap_or(accuracy);
    out[16] = log((GENERALISED - accuracy).max(0.01) / lately.max(0.005));
    // Near memorising, how long that took says how long all takes.
    out[17] = (-log((now - memorised) / memorised)).clamp(-4.0, 4.0);
    Some(out)
}

fn log(x: f64) -> f64 {
    libm::log(x.max(1e-12))
}

/// The loss on held-out rows below its peak since memorising, its fall in the later half of that time, and where it is
/// beside where it began.
fn of_held_loss(loss: Points<'_>, memorised: f64, half: f64) -> Option<[f64; 3]> {
    let since = loss.0.iter().zip(loss.1).filter(|(s, _)| **s >= memorised);
    let late = log(*loss.1.last()?);
    let peak = since.map(|(_, v)| log(*v)).fold(late, f64::max);
    let before = at(loss, half).map_or(late, log);
    Some([
        (peak - late).min(4.0),
        (before - late).clamp(-2.0, 2.0),
        (late - log(*loss.1.first()?)).clamp(-4.0, 4.0),
    ])
}

/// The squared norm of the weights, V: its fall since memorising, the fall that its present rate makes in as long a
/// time, the logarithm of that (the first-passage law divides by the rate), whether it is known, and V beside its
/// first value.
fn of_norm(norm: Points<'_>, memorised: f64, half: f64) -> Option<[f64; 5]> {
    let (first, late) = (*norm.1.first()?, *norm.1.last()?);
    let peak = at(norm, memorised).unwrap_or(first);
    // The later half of the time is twice in the whole.
    let fallen = 4.0 * (log(at(norm, half).unwrap_or(peak)) - log(late));
    Some([
        (2.0 * (log(peak) - log(late))).clamp(-4.0, 4.0),
        fallen.clamp(-4.0, 4.0),
        -log(fallen.max(0.01)),
        1.0,
        (2.0 * (log(late) - log(first))).clamp(-6.0, 6.0),
    ])
}

/// Whether and when a run jumps; None if it has not memorised, or has generalised already.
pub fn delayed(companions: &Companions<'_>, horizon: f64) -> Option<Jump> {
    delayed_with(&MODEL, companions, horizon)
}

pub(crate) fn delayed_with(model: &DelayedModel, c: &Companions<'_>, horizon: f64) -> Option<Jump> {
    let numbers = numbers(c)?;
    let z: [f64; NUMBERS] =
        std::array::from_fn(|i| (numbers[i] - model.centre[i]) / model.spread[i]);
    let dot =
        |w: &[f64; NUMBERS]| -> f64 { z.iter().zip(w).map(|(a, b)| a * b.clamp(-1e6, 1e6)).sum() };
    let ever = 1.0 / (1.0 + libm::exp(-dot(&model.ever)));
    let memorised = first_at_least(c.train_score?, MEMORISED)?.max(1.0);
    // In units of the time since it memorised.
    let mean = dot(&model.wait) + libm::log(c.now - memorised);
    let wait = (mean, model.deviation);
    let farthest = z[1..].iter().map(|x| x.abs()).fold(0.0, f64::max);
    let by_horizon = normal((libm::log((horizon - c.now).max(1e-9)) - wait.0) / wait.1).max(1e-6);
    let step =
        |level: f64| c.now + libm::exp(wait.0 + wait.1 * normal_quantile(level * by_horizon));
    Some(Jump {
        p: ever * by_horizon,
        step: (step(0.05), step(0.5), step(0.95)),
        can_tell: farthest < FARTHEST,
        now: c.now,
        log_wait: wait,
        ever,
    })
}

/// Deviations from the known runs beyond which nothing can be told.
const FARTHEST: f64 = 6.0;

impl Jump {
    /// P(it ever does), whatever the horizon.
    pub fn ever(&self) -> f64 {
        self.ever
    }

    /// The middle of when, if it ever does, whatever the horizon.
    pub fn step_if_ever(&self) -> f64 {
        self.now + libm::exp(self.log_wait.0)
    }

    /// P(it has jumped by a step).
    pub fn by(&self, step: f64) -> f64 {
        if step <= self.now {
            return 0.0;
        }
        self.ever * normal((libm::log(step - self.now) - self.log_wait.0) / self.log_wait.1)
    }

    /// A forecast of one who does not know of jumps, mixed with where a jump leads: near the upper bound of a score. Of
    /// other metrics it is left as it is.
    pub(crate) fn mixed(&self, stays: &Quantiles, step: f64, metric: &Metric) -> Quantiles {
        let Some(top) = metric
            .upper
            .filter(|_| metric.sense == super::metric::Sense::Score)
        else {
            return *stays;
        };
        // Where runs that jumped were found: between 0.9 and 1 of the bound, most at the bound.
        let jumped =
            Quantiles(LEVELS.map(|l| top * (1.0 - 0.1 * (1.0 - l) * (1.0 - l) * (1.0 - l))));
        let p = self.by(step).clamp(0.0, 1.0);
        stays.mixed(&jumped, p).map(|v| metric.bounded(v))
    }
}

/// The standard normal distribution function.
pub(crate) fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// Its inverse, by bisection.
pub(crate) fn normal_quantile(level: f64) -> f64 {
    let (mut a, mut b) = (-8.0, 8.0);
    for _ in 0..50 {
        let middle = 0.5 * (a + b);
        if normal(middle) < level {
            a = middle
        } else {
            b = middle
        }
    }
    0.5 * (a + b)
}

/// A run whose end is known, with all its series.
#[derive(Clone, Debug, Default)]
pub struct KnownRun {
    /// What is left out together: all of the setting but the seed.
    pub cell: String,
    /// Steps and values of train_acc, test_acc, train_loss, test_loss and, if logged, weight_norm.
    pub series: std::collections::BTreeMap<String, (Vec<f64>, Vec<f64>)>,
}

impl KnownRun {
    pub(crate) fn points(&self, name: &str) -> Option<Points<'_>> {
        self.series
            .get(name)
            .map(|(s, v)| (s.as_slice(), v.as_slice()))
    }

    /// The run as it was at a step.
    pub fn at(&self, now: f64) -> Companions<'_> {
        Companions {
            train_score: self.points("train_acc"),
            held_score: self.points("test_acc"),
            train_loss: self.points("train_loss"),
            held_loss: self.points("test_loss"),
            weight_norm: self.points("weight_norm"),
            now,
        }
    }

    /// When it memorised, when it generalised, and its last step; None if it never memorised.
    pub fn times(&self) -> Option<(f64, Option<f64>, f64)> {
        let memorised = first_at_least(self.points("train_acc")?, MEMORISED)?.max(1.0);
        let held = self.points("test_acc")?;
        Some((
            memorised,
            first_at_least(held, GENERALISED),
            *held.0.last()?,
        ))
    }
}

/// A run at a moment: its numbers, whether it jumped by its end, and ln(time to the jump / time since memorising).
struct Case {
    numbers: [f64; NUMBERS],
    ever: bool,
    log_wait: Option<f64>,
    weight: f64,
}

/// Moments of a run that are looked at, as shares of the time from memorising to the jump or the end.
const MOMENTS: [f64; 9] = [0.03, 0.06, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9];

fn cases(run: &KnownRun) -> Vec<Case> {
    let Some((memorised, jumped, end)) = run.times() else {
        return vec![];
    };
    let until = jumped.unwrap_or(end);
    let case = |share: &f64| {
        let now = memorised + share * (until - memorised);
        let numbers = numbers(&run.at(now))?;
        let log_wait = jumped.map(|j| libm::log((j - now) / (now - memorised)));
        Some(Case {
            numbers,
            ever: jumped.is_some(),
            log_wait,
            weight: 1.0 / MOMENTS.len() as f64,
        })
    };
    MOMENTS.iter().filter_map(case).collect()
}

/// Ridge of the logistic, and of the time.
const RIDGE: f64 = 0.3;

/// Fits both models; None if no run memorised long before it generalised, or all did, or none.
pub fn learn_delayed(runs: &[&KnownRun]) -> Option<DelayedModel> {
    let cases: Vec<Case> = runs.iter().flat_map(|r| cases(r)).collect();
    if cases.iter().all(|c| c.ever) || cases.iter().all(|c| !c.ever) {
        return None;
    }
    let n = cases.len() as f64;
    let mut centre: [f64; NUMBERS] =
        std::array::from_fn(|i| cases.iter().map(|c| c.numbers[i]).sum::<f64>() / n);
    let mut spread: [f64; NUMBERS] = std::array::from_fn(|i| {
        let square: f64 = cases
            .iter()
            .map(|c| (c.numbers[i] - centre[i]) * (c.numbers[i] - centre[i]))
            .sum();
        (square / n).sqrt().max(1e-3)
    });
    (centre[0], spread[0]) = (0.0, 1.0);
    let z = |c: &Case| -> [f64; NUMBERS] {
        std::array::from_fn(|i| (c.numbers[i] - centre[i]) / spread[i])
    };
    let ever = logistic(
        cases
            .iter()
            .map(|c| (z(c), c.ever, c.weight))
            .collect::<Vec<_>>()
            .as_slice(),
    );
    let waits: Vec<([f64; NUMBERS], f64, f64)> = cases
        .iter()
        .filter_map(|c| Some((z(c), c.log_wait?, c.weight)))
        .collect();
    let wait = robust(waits.clone());
    let off =
        |(x, y, w): &([f64; NUMBERS], f64, f64)| w * (y - dot(x, &wait)) * (y - dot(x, &wait));
    let weight: f64 = waits.iter().map(|c| c.2).sum();
    let deviation = (waits.iter().map(off).sum::<f64>() / weight)
        .sqrt()
        .max(0.1);
    Some(DelayedModel {
        centre,
        spread,
        ever,
        wait,
        deviation,
    })
}

fn dot(a: &[f64; NUMBERS], b: &[f64; NUMBERS]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Ridge logistic regression, by Newton's method.
fn logistic(cases: &[([f64; NUMBERS], bool, f64)]) -> [f64; NUMBERS] {
    let mut w = [0.0; NUMBERS];
    for _ in 0..30 {
        let (mut gradient, mut matrix) = ridge(&w);
        for (x, ever, weight) in cases {
            let p = 1.0 / (1.0 + libm::exp(-dot(x, &w)));
            add(
                &mut gradient,
                &mut matrix,
                x,
                weight * (p - f64::from(u8::from(*ever))),
                weight * p * (1.0 - p),
            );
        }
        let step = solve(matrix, gradient);
        for i in 0..NUMBERS {
            w[i] -= step[i];
        }
    }
    w
}

/// Deviations beyond which a case counts less (Huber).
const REACH: f64 = 1.0;

/// Regression that few cases far off do not rule, by reweighting.
fn robust(mut cases: Vec<([f64; NUMBERS], f64, f64)>) -> [f64; NUMBERS] {
    let weights: Vec<f64> = cases.iter().map(|c| c.2).collect();
    let mut out = regression(&cases);
    for _ in 0..5 {
        let off: Vec<f64> = cases
            .iter()
            .map(|(x, y, _)| (y - dot(x, &out)).abs())
            .collect();
        let mut sorted = off.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.get(off.len() / 2).copied().unwrap_or(1.0);
        let reach = REACH * 1.4826 * middle.max(1e-9);
        for ((case, weight), off) in cases.iter_mut().zip(&weights).zip(off) {
            case.2 = weight / (off / reach).max(1.0);
        }
        out = regression(&cases);
    }
    out
}

fn regression(cases: &[([f64; NUMBERS], f64, f64)]) -> [f64; NUMBERS] {
    let (mut gradient, mut matrix) = ridge(&[0.0; NUMBERS]);
    for (x, y, weight) in cases {
        add(&mut gradient, &mut matrix, x, weight * y, *weight);
    }
    solve(matrix, gradient)
}

type Matrix = [[f64; NUMBERS]; NUMBERS];

/// Gradient and curvature of the ridge, which leaves the constant alone.
fn ridge(w: &[f64; NUMBERS]) -> ([f64; NUMBERS], Matrix) {
    let of = |i: usize| if i == 0 { 1e-6 } else { RIDGE };
    let gradient = std::array::from_fn(|i| of(i) * w[i]);
    (
        gradient,
        std::array::from_fn(|i| std::array::from_fn(|j| if i == j { of(i) } else { 0.0 })),
    )
}

fn add(
    gradient: &mut [f64; NUMBERS],
    matrix: &mut Matrix,
    x: &[f64; NUMBERS],
    first: f64,
    second: f64,
) {
    for i in 0..NUMBERS {
        gradient[i] += first * x[i];
        for j in 0..NUMBERS {
            matrix[i][j] += second * x[i] * x[j];
        }
    }
}

/// Solves a positive definite system by elimination.
fn solve(mut a: Matrix, mut b: [f64; NUMBERS]) -> [f64; NUMBERS] {
    for i in 0..NUMBERS {
        for j in i + 1..NUMBERS {
            let factor = a[j][i] / a[i][i];
            let (above, below) = a.split_at_mut(j);
            for (x, pivot) in below[0][i..].iter_mut().zip(&above[i][i..]) {
                *x -= factor * pivot;
            }
            b[j] -= factor * b[i];
        }
    }
    for i in (0..NUMBERS).rev() {
        let rest: f64 = (i + 1..NUMBERS).map(|k| a[i][k] * b[k]).sum();
        b[i] = (b[i] - rest) / a[i][i];
    }
    b
}
