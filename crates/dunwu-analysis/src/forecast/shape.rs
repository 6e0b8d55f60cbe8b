//! A prefix of a curve without its units.

/// Most points that a shape keeps: neighbours are averaged.
const MOST: usize = 96;

/// A prefix in its own units: time 1 is the last step, height 0 its level there, falling.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// Times in (0, 1], ascending.
    pub times: Vec<f64>,
    /// Heights, turned so that the curve falls on the whole.
    pub heights: Vec<f64>,
    /// 1, or −1 if the curve rises.
    pub sign: f64,
    /// Standard deviation of the noise from reading to reading.
    pub noise: f64,
    /// The step in which values move where they move in steps, such as shares of few rows or numbers of few digits; else 0.
    pub grain: f64,
    /// The largest height, and that less the least.
    pub most: f64,
    pub range: f64,
    /// Readings before averaging.
    pub count: usize,
    /// The last step, and what was taken off every step.
    pub last: f64,
    pub origin: f64,
}

impl Shape {
    /// The shape of at least two readings at ascending steps.
    pub(crate) fn new(steps: &[f64], values: &[f64]) -> Self {
        let origin = if steps[0] < 0.0 { steps[0] } else { 0.0 };
        let last = steps[steps.len() - 1] - origin;
        let quarter = steps.len().div_ceil(4);
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let sign = if mean(&values[values.len() - quarter..]) > mean(&values[..quarter]) {
            -1.0
        } else {
            1.0
        };
        let times: Vec<f64> = steps
            .iter()
            .map(|s| ((s - origin) / last).max(1e-6))
            .collect();
        let heights: Vec<f64> = values.iter().map(|v| sign * v).collect();
        let (noise, grain) = (noise(&times, &heights), grain(&heights));
        let (times, heights) = averaged(times, heights);
        let (least, most) = heights
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), h| {
                (a.min(*h), b.max(*h))
            });
        Self {
            times,
            heights,
            sign,
            noise,
            grain,
            most,
            range: most - least,
            count: steps.len(),
            last,
            origin,
        }
    }

    /// A step as a time.
    pub(crate) fn time(&self, step: f64) -> f64 {
        (step - self.origin) / self.last
    }

    /// The height at a time, between the readings beside it.
    pub(crate) fn at(&self, time: f64) -> f64 {
        let i = self.times.partition_point(|t| *t < time);
        if i == 0 {
            return self.heights[0];
        }
        if i == self.times.len() {
            return self.heights[i - 1];
        }
        let share = (time - self.times[i - 1]) / (self.times[i] - self.times[i - 1]);
        self.heights[i - 1] + share * (self.heights[i] - self.heights[i - 1])
    }

    /// Mean height over a span of time; that in its middle where it holds no reading.
    pub(crate) fn mean(&self, from: f64, to: f64) -> f64 {
        let (a, b) = (
            self.times.partition_point(|t| *t < from),
            self.times.partition_point(|t| *t <= to),
        );
        if a >= b {
            return self.at(0.5 * (from + to));
        }
        self.heights[a..b].iter().sum::<f64>() / (b - a) as f64
    }
}

/// Spread of a reading about the line through its neighbours: the median is not moved by a step or a spike.
fn noise(times: &[f64], heights: &[f64]) -> f64 {
    let off = |w: usize| {
        let (a, b, c) = (times[w], times[w + 1], times[w + 2]);
        let share = (b - a) / (c - a);
        let line = heights[w] + share * (heights[w + 2] - heights[w]);
        let spread = (1.0 + share * share + (1.0 - share) * (1.0 - share)).sqrt();
        (heights[w + 1] - line).abs() / spread
    };
    let mut off: Vec<f64> = (0..heights.len().saturating_sub(2)).map(off).collect();
    if off.is_empty() {
        return 0.0;
    }
    off.sort_by(f64::total_cmp);
    1.4826 * off[off.len() / 2]
}

/// Share of neighbours that are the same from which on values are taken to move in steps.
const SAME: f64 = 0.25;

/// The least difference of neighbours, where enough of them are the same.
fn grain(heights: &[f64]) -> f64 {
    let moved = heights.windows(2).map(|w| (w[1] - w[0]).abs());
    let same = moved.clone().filter(|m| *m == 0.0).count();
    if (same as f64) < SAME * (heights.len() - 1) as f64 {
        return 0.0;
    }
    let least = moved.filter(|m| *m > 0.0).fold(f64::INFINITY, f64::min);
    if least.is_finite() { least } else { 0.0 }
}

/// Averages neighbours until at most [`MOST`] are left; the later half of the time keeps more of them.
fn averaged(times: Vec<f64>, heights: Vec<f64>) -> (Vec<f64>, Vec<f64>) {
    let n = times.len();
    if n <= MOST {
        return (times, heights);
    }
    let edge = |i: usize| i * n / MOST;
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let over = |v: &[f64]| (0..MOST).map(|i| mean(&v[edge(i)..edge(i + 1)])).collect();
    (over(&times), over(&heights))
}
