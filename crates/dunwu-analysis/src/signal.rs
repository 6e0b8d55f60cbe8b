//! Rules that fire at an epoch of a series, and are certain some epochs later.

use dunwu_core::{Curve, Evidence};

/// Epochs after `epoch` through which a rule must go on holding before it counts: 10, or a twentieth
/// of its epoch. At least two later readings are asked for as well.
pub fn confirmation(epoch: u64) -> u64 {
    10.max(epoch / 20)
}

/// Readings that must bear a firing out, the first included.
const READINGS: usize = 3;

/// When a rule holds at a reading; each is judged by that reading and earlier ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// The value is at least this.
    AtLeast(f64),
    /// The value has come this share of the way from its first value to 1.
    Towards1(f64),
    /// The value is at least this multiple of its smallest so far, and more than it.
    AboveLeast(f64),
    /// The value is at most this share of its largest so far, after it rose to 1.25 of its smallest before.
    FallenFromPeak(f64),
    /// Its logarithm grows steadily: by at least this over the window, to a value of at least 3.
    ///
    /// The window is the last 20 epochs (a tenth of the epoch, where that is longer); growth is the
    /// least-squares slope times the window, and the line must explain 0.8 of the variance. So noise of
    /// any size about a level does not fire it, nor does a jump.
    Growing(f64),
}

/// A rule on a column, with what its firing says and how much it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    /// Column of the curve.
    pub column: &'static str,
    /// When it fires.
    pub rule: Rule,
    /// Weight of its vote.
    pub weight: f64,
    /// What its firing says, as a phrase.
    pub says: &'static str,
}

/// A rule held at `epoch` and was borne out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Firing {
    /// The signal that fired.
    pub signal: Signal,
    /// First epoch of the unbroken stretch that was borne out.
    pub epoch: u64,
    /// The value there.
    pub value: f64,
    /// Epoch of the reading that made it certain: what comes later changes nothing.
    pub known: u64,
}

impl Firing {
    /// As evidence for a border.
    pub(crate) fn evidence(&self) -> Evidence {
        let says = self.signal.says.to_owned();
        Evidence {
            signal: self.signal.column.to_owned(),
            epoch: self.epoch,
            value: self.value,
            says,
        }
    }
}

/// Shortest window of [`Rule::Growing`], in epochs (arXiv 2605.08119 takes 20 updates).
const WINDOW: u64 = 20;
/// Readings of a window that the line is fitted to, at most.
const FITTED: usize = 21;
/// Ratio below which growth says nothing: without decay it stays near 1.3.
const RATIO: f64 = 3.0;
/// Share of the variance that the line must explain.
const STEADY: f64 = 0.8;
/// Rise over the smallest value that makes a peak of what follows.
const ROSE: f64 = 1.25;

impl Signal {
    /// The first epoch at which the rule holds and is borne out.
    ///
    /// One pass, O(readings). Readings that are not finite count as missing.
    pub fn fires(&self, curve: &Curve) -> Option<Firing> {
        let points: Vec<(u64, f64)> = curve
            .points(self.column)
            .filter(|p| p.1.is_finite())
            .collect();
        let mut holding: Option<usize> = None;
        let mut holds = self.rule.judge(&points);
        for i in 0..points.len() {
            if !holds(i) {
                holding = None;
                continue;
            }
            let start = *holding.get_or_insert(i);
            let (epoch, value) = points[start];
            if i + 1 >= start + READINGS && points[i].0 >= epoch + confirmation(epoch) {
                return Some(Firing {
                    signal: *self,
                    epoch,
                    value,
                    known: points[i].0,
                });
            }
        }
        None
    }

    /// Epoch of the first reading.
    pub(crate) fn seen_from(&self, curve: &Curve) -> Option<u64> {
        curve
            .points(self.column)
            .find(|p| p.1.is_finite())
            .map(|p| p.0)
    }
}

impl Rule {
    /// Whether the rule holds at reading i. Asked once for each reading, in order.
    fn judge(self, points: &[(u64, f64)]) -> Box<dyn FnMut(usize) -> bool + '_> {
        match self {
            Rule::AtLeast(threshold) => Box::new(move |i| points[i].1 >= threshold),
            Rule::Towards1(share) => {
                let first = points.first().map_or(0.0, |p| p.1);
                Box::new(move |i| points[i].1 >= first + share * (1.0 - first))
            }
            Rule::AboveLeast(factor) => {
                let mut least = f64::INFINITY;
                Box::new(move |i| {
                    least = least.min(points[i].1);
                    points[i].1 > least && points[i].1 >= factor * least
                })
            }
            Rule::FallenFromPeak(share) => {
                let mut fallen = fallen(share);
                Box::new(move |i| fallen(points[i].1))
            }
            Rule::Growing(growth) => {
                let logs: Vec<(u64, f64)> = points
                    .iter()
                    .map(|(e, v)| (*e, v.max(f64::MIN_POSITIVE).ln()))
                    .collect();
                Box::new(move |i| grows(&logs[..=i], growth))
            }
        }
    }
}

fn fallen(share: f64) -> impl FnMut(f64) -> bool {
    let (mut least, mut peak, mut rose) = (f64::INFINITY, f64::NEG_INFINITY, false);
    move |v| {
        least = least.min(v);
        peak = peak.max(v);
        rose |= v > least && v >= ROSE * least;
        rose && v <= share * peak
    }
}

/// Whether the last window of logarithms grows steadily by `growth` or more.
fn grows(points: &[(u64, f64)], growth: f64) -> bool {
    let Some((last, value)) = points.last() else {
        return false;
    };
    let window = WINDOW.max(last / 10);
    let Some(begin) = last.checked_sub(window) else {
        return false;
    };
    let from = points.partition_point(|p| p.0 < begin);
    let inside = &points[from..];
    // Readings too sparse to show a trend, or a column that began within the window.
    let covers = inside.len() >= 5 && (last - inside[0].0) * 10 >= window * 8;
    if !covers || *value < RATIO.ln() {
        return false;
    }
    let (slope, explained) = line(inside);
    slope * window as f64 >= growth && explained >= STEADY
}

/// Slope per epoch, and the share of the variance that the line explains.
fn line(points: &[(u64, f64)]) -> (f64, f64) {
    let step = points.len().div_ceil(FITTED);
    let origin = points[0].0;
    let chosen: Vec<(f64, f64)> = points
        .iter()
        .rev()
        .step_by(step)
        .map(|(e, v)| ((e - origin) as f64, *v))
        .collect();
    let n = chosen.len() as f64;
    let (x0, y0) = chosen
        .iter()
        .fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in chosen {
        xx += (x - x0) * (x - x0);
        xy += (x - x0) * (y - y0);
        yy += (y - y0) * (y - y0);
    }
    (xy / xx, if yy > 0.0 { xy * xy / (xx * yy) } else { 0.0 })
}
