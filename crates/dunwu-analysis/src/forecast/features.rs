//! What the network sees of a prefix: numbers without units.

use super::bank::{Bank, Felt};
use super::clock::Clock;
use super::metric::{Metric, Sense};
use super::shape::Shape;

/// How many there are.
pub(crate) const FEATURES: usize = 43;

/// A prefix made ready: its shape, the bank fitted to it, its level and its scale.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub shape: Shape,
    pub bank: Bank,
    /// Height at the last step, as the bank sees it.
    pub level: f64,
    /// √(noise² + (move since half of the time)² + …): the unit of heights.
    pub scale: f64,
    /// Time as the learning rate tells it, where that is known, and the last step.
    clock: Option<(Clock, f64)>,
    metric: Metric,
    fixed: [f64; FEATURES],
}

/// The rate that the loss feels at a time of the shape, where it is known up to the end and changes.
fn felt(clock: Option<&Clock>, shape: &Shape, time: f64) -> Felt {
    clock?.felt(shape.origin + time * shape.last)
}

/// Times at which heights are read off.
const TIMES: [f64; 8] = [0.05, 0.12, 0.25, 0.4, 0.55, 0.7, 0.82, 0.92];

impl Prepared {
    /// Makes at least two readings at ascending steps ready.
    pub(crate) fn new(
        steps: &[f64],
        values: &[f64],
        metric: &Metric,
        clock: Option<Clock>,
    ) -> Self {
        let clock = clock.map(|c| (c, steps[steps.len() - 1]));
        let shape = match clock.as_ref().filter(|c| c.0.whole) {
            Some((clock, _)) => {
                let times: Vec<f64> = steps.iter().map(|s| clock.at(*s)).collect();
                Shape::new(&times, values)
            }
            None => Shape::new(steps, values),
        };
        let felt = |time: f64| felt(clock.as_ref().map(|c| &c.0), &shape, time);
        let bank = Bank::new(
            &shape,
            &shape.times.iter().map(|t| felt(*t)).collect::<Vec<_>>(),
        );
        let level = bank.at(1.0, felt(1.0)).mean;
        let moved = shape.mean(0.42, 0.58) - level;
        let floor = (1e-3 * shape.range).max(1e-7 * level.abs()).max(1e-30);
        let scale = (shape.noise * shape.noise + moved * moved + floor * floor).sqrt();
        let mut out = Self {
            shape,
            bank,
            level,
            scale,
            clock,
            metric: *metric,
            fixed: [0.0; FEATURES],
        };
        out.fixed = out.features_of_prefix();
        out
    }

    /// A step as a time.
    pub(crate) fn time(&self, step: f64) -> f64 {
        let clock = self.clock.as_ref().filter(|c| c.0.whole);
        self.shape.time(clock.map_or(step, |c| c.0.at(step)))
    }

    /// ln(step/now) for the step of a time, which the time of the learning rate is not.
    fn ahead_in_steps(&self, time: f64) -> f64 {
        let Some((clock, now)) = self.clock.as_ref().filter(|c| c.0.whole && c.1 > 0.0) else {
            return 0.0;
        };
        let step = clock.step(self.shape.origin + time * self.shape.last);
        libm::log((step / now).clamp(1.0, 1e4))
    }

    fn unit(&self, height: f64) -> f64 {
        libm::asinh((height - self.level) / self.scale)
    }

    /// The height nearest to one that the bank tells which the metric can have.
    fn possible(&self, height: f64) -> f64 {
        let sign = self.shape.sign;
        sign * self.metric.bounded(sign * height)
    }

    /// Those that do not depend on when is asked about.
    fn features_of_prefix(&self) -> [f64; FEATURES] {
        let (s, metric, mut f) = (&self.shape, &self.metric, [0.0; FEATURES]);
        for (i, t) in TIMES.into_iter().enumerate() {
            f[i] = self.unit(s.mean(t - 0.04, t + 0.04));
        }
        f[8] = s.noise / self.scale;
        f[9] = libm::asinh(s.range / self.scale);
        f[10] = libm::log(s.count as f64);
        f[11] = libm::log(s.times[0].max(1e-4));
        f[12] = self.unit(s.heights[s.heights.len() - 1]);
        let best = (0..s.heights.len())
            .min_by(|a, b| s.heights[*a].total_cmp(&s.heights[*b]))
            .unwrap_or(0);
        f[13] = s.times[best];
        f[14] = self.unit(s.heights[best]);
        let rises = s.heights.windows(2).filter(|w| w[1] > w[0]).count();
        f[15] = rises as f64 / (s.heights.len() - 1) as f64;
        f[16] = self.ratio(0.75, 0.5);
        f[17] = self.ratio(0.9, 0.75);
        let (drop, at) = self.largest_drop();
        f[18] = drop / s.range.max(1e-30);
        f[19] = at;
        let named = match metric.sense {
            Sense::Loss => s.sign,
            Sense::Score => -s.sign,
            Sense::Unknown => 0.0,
        };
        f[20] = named;
        let bound = |b: Option<f64>| b.map_or(8.0, |b| self.unit(s.sign * b).clamp(-8.0, 8.0));
        let (below, above) = if s.sign > 0.0 {
            (metric.lower, metric.upper)
        } else {
            (metric.upper, metric.lower)
        };
        f[21] = -below.map_or(-8.0, |b| bound(Some(b)));
        f[22] = bound(above);
        f[23] = libm::log((1.0 - s.times[s.times.len() / 2]).max(1e-3));
        f[24] = libm::log((self.scale / self.level.abs().max(1e-30)).clamp(1e-6, 1e3));
        f[25] = self.unit(s.mean(0.9, 1.0));
        if let Some((clock, _)) = &self.clock {
            f[36] = 1.0;
            f[37] = libm::log(clock.now);
            f[38] = f64::from(u8::from(clock.whole));
            f[39] = clock.falls;
        }
        f
    }

    /// How much of a move was left at one time, of that at an earlier one.
    fn ratio(&self, late: f64, early: f64) -> f64 {
        let (late, early) = (
            self.shape.at(late) - self.level,
            self.shape.at(early) - self.level,
        );
        let unit = self.shape.noise + 1e-2 * self.scale;
        libm::asinh(late / (early.abs() + unit))
    }

    /// The largest drop from one reading to the next, and when.
    fn largest_drop(&self) -> (f64, f64) {
        let s = &self.shape;
        let drops = s
            .heights
            .windows(2)
            .zip(&s.times[1..])
            .map(|(w, t)| (w[0] - w[1], *t));
        drops.fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a })
    }

    /// All of them, for a time after 1.
    pub(crate) fn features(&self, time: f64) -> [f64; FEATURES] {
        let mut f = self.fixed;
        let ahead = libm::log(time.clamp(1.0, 1e4));
        f[26] = ahead;
        f[27] = ahead.sqrt();
        f[40] = self.ahead_in_steps(time);
        let felt = |time: f64| felt(self.clock.as_ref().map(|c| &c.0), &self.shape, time);
        let (now, then) = (felt(1.0), felt(time));
        let kick = self.bank.kick(now, then);
        f[41] = libm::asinh(kick.moved / self.scale);
        f[42] = kick.weight;
        let (guess, families) = self.bank.told(time, then);
        f[28] = self.unit(self.possible(guess.mean));
        f[29] = libm::asinh(guess.deviation / self.scale);
        for (i, (mean, weight)) in families.into_iter().enumerate() {
            f[30 + 2 * i] = self.unit(self.possible(mean));
            f[31 + 2 * i] = weight;
        }
        for x in &mut f {
            *x = x.clamp(-12.0, 12.0);
        }
        f
    }

    /// A height in the network's units as a value of the metric, no farther away than curves go: by three times the
    /// range that was seen, more with the time ahead, or by the level itself.
    pub(crate) fn value(&self, unit: f64, time: f64) -> f64 {
        let far = 3.0 * self.shape.range * (1.0 + libm::log(time.max(1.0)));
        let most = far.max(self.level.abs()).max(self.scale);
        let moved = self.scale * libm::sinh(unit.clamp(-30.0, 30.0));
        self.shape.sign * (self.level + moved.clamp(-most, most))
    }

    /// A value of the metric in the network's units.
    pub(crate) fn unit_of(&self, value: f64) -> f64 {
        self.unit(self.shape.sign * value)
    }
}
