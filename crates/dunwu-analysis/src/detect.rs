//! Rules that fire at an epoch of a series, and are certain some epochs later.

use dunwu_core::Curve;

/// Epochs after `epoch` that must bear a crossing out before it counts: 10, or a twentieth of its epoch.
pub fn confirmation(epoch: u64) -> u64 {
    10.max(epoch / 20)
}

/// When a rule fires on a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// The value is at least this, and stays so through the confirmation.
    AtLeast(f64),
    /// The value has risen by this share of the way from its first value to 1.
    Risen(f64),
    /// The value is at most this share of its largest so far, after it rose to twice its smallest.
    FallenFromPeak(f64),
    /// log σ₂/σ₃ has grown by at least this over the last 20 readings, to a ratio of at least 3.
    Growing(f64),
}

/// A rule on a column, with what its firing says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    /// Column of the curve.
    pub column: &'static str,
    /// When it fires.
    pub rule: Rule,
    /// What that says, as a phrase.
    pub says: &'static str,
}

/// Readings in the window of [`Rule::Growing`] (arXiv 2605.08119).
const WINDOW: usize = 20;
/// Ratio below which growth is noise: the control without decay stays at 1.3.
const RATIO: f64 = 3.0;

impl Signal {
    /// The first epoch at which the rule holds and is borne out, with the value there.
    pub fn fires(&self, curve: &Curve) -> Option<(u64, f64)> {
        let points: Vec<(u64, f64)> = curve.points(self.column).collect();
        let holds = self.holds(&points);
        let last = points.last()?.0;
        let mut from = 0;
        while from < points.len() {
            if !holds[from] {
                from += 1;
                continue;
            }
            let (epoch, value) = points[from];
            let until = epoch + confirmation(epoch);
            if until > last {
                return None;
            }
            let window = points[from..]
                .iter()
                .zip(&holds[from..])
                .take_while(|((e, _), _)| *e <= until);
            match window.clone().position(|(_, held)| !held) {
                None => return Some((epoch, value)),
                Some(broken) => from += broken,
            }
        }
        None
    }

    /// At which readings the rule's condition holds, each judged by those up to it.
    fn holds(&self, points: &[(u64, f64)]) -> Vec<bool> {
        match self.rule {
            Rule::AtLeast(threshold) => points.iter().map(|(_, v)| *v >= threshold).collect(),
            Rule::Risen(share) => {
                let first = points.first().map_or(0.0, |p| p.1);
                points
                    .iter()
                    .map(|(_, v)| *v >= first + share * (1.0 - first))
                    .collect()
            }
            Rule::FallenFromPeak(share) => {
                let (mut least, mut peak, mut rose) = (f64::INFINITY, 0.0f64, false);
                let fallen = |(_, v): &(u64, f64)| {
                    least = least.min(*v);
                    peak = peak.max(*v);
                    rose |= *v >= 2.0 * least;
                    rose && *v <= share * peak
                };
                points.iter().map(fallen).collect()
            }
            Rule::Growing(growth) => (0..points.len())
                .map(|i| {
                    i >= WINDOW
                        && points[i].1 >= RATIO
                        && growth_over(&points[i - WINDOW..=i]) >= growth
                })
                .collect(),
        }
    }
}

/// Growth of the logarithm over the window by its least-squares slope.
fn growth_over(points: &[(u64, f64)]) -> f64 {
    let n = points.len() as f64;
    let centre = (n - 1.0) / 2.0;
    let (mut above, mut below) = (0.0, 0.0);
    for (i, (_, value)) in points.iter().enumerate() {
        let x = i as f64 - centre;
        above += x * value.max(1e-300).ln();
        below += x * x;
    }
    above / below * (n - 1.0)
}
