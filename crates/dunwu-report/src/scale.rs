//! Scales from values to pixels, and their ticks.

use crate::text::{number, percent, scientific, short_epoch, text_width};

/// How values are spread over an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spread {
    /// Evenly.
    Linear,
    /// By logarithm; values at or below zero sit on the lower edge.
    Log,
    /// By log(1 + epoch), so that epoch 0 has a place.
    Epoch,
}

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// As a number.
    Number,
    /// As a share in percent.
    Percent,
}

impl Format {
    /// The value as tables and readouts show it.
    pub(crate) fn write(self, x: f64) -> String {
        match self {
            Format::Number => number(x, 4),
            Format::Percent => percent(x),
        }
    }

    fn tick(self, x: f64, digits: usize) -> String {
        match self {
            // Axes have little room: 10⁻⁴ is shorter than 0.0001.
            Format::Number if x != 0.0 && x.abs() < 1e-3 => scientific(x, digits),
            Format::Number => number(x, digits),
            Format::Percent => percent(x),
        }
    }
}

/// A monotone map from a domain to pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) spread: Spread,
    pub(crate) domain: (f64, f64),
    pub(crate) range: (f64, f64),
}

/// A labelled place on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

impl Scale {
    fn warp(&self, x: f64) -> f64 {
        match self.spread {
            Spread::Linear => x,
            Spread::Log => x.max(self.domain.0).log10(),
            Spread::Epoch => (1.0 + x).log10(),
        }
    }

    /// The pixel of a value, kept inside the range.
    pub(crate) fn at(&self, x: f64) -> f64 {
        let (low, high) = (self.warp(self.domain.0), self.warp(self.domain.1));
        let share = if high > low {
            ((self.warp(x) - low) / (high - low)).clamp(0.0, 1.0)
        } else {
            0.5
        };
        self.range.0 + share * (self.range.1 - self.range.0)
    }

    /// At most about `count` ticks of a value axis.
    pub(crate) fn ticks(&self, count: usize, format: Format) -> Vec<Tick> {
        let values = match self.spread {
            Spread::Log => log_ticks(self.domain, count),
            _ => linear_ticks(self.domain, count),
        };
        // As many digits as tell neighbours apart.
        let label = |digits| values.iter().map(|x| format.tick(*x, digits)).collect();
        let differ = |labels: &Vec<String>| labels.windows(2).all(|pair| pair[0] != pair[1]);
        let few = (3..8).map(label).find(differ);
        let labels = few.unwrap_or_else(|| label(8));
        let ticks = values.iter().zip(labels);
        ticks
            .map(|(value, label)| Tick {
                value: *value,
                label,
            })
            .collect()
    }

    /// Ticks of an epoch axis: 0, the last epoch, and as many of 1, 2, 5, 10, … as do not collide.
    pub(crate) fn epoch_ticks(&self, size: f64) -> Vec<Tick> {
        let last = self.domain.1 as u64;
        let mut wanted = vec![0, last];
        for factor in [1, 2, 5] {
            let powers = (0..19)
                .map(|k| factor * 10u64.pow(k))
                .take_while(|e| *e < last);
            wanted.extend(powers.collect::<Vec<_>>().into_iter().rev());
        }
        let mut kept: Vec<Tick> = Vec::new();
        for epoch in wanted {
            let tick = Tick {
                value: epoch as f64,
                label: short_epoch(epoch),
            };
            if kept.iter().all(|other| self.apart(other, &tick, size)) {
                kept.push(tick);
            }
        }
        kept.sort_by(|a, b| a.value.total_cmp(&b.value));
        kept
    }

    fn apart(&self, a: &Tick, b: &Tick, size: f64) -> bool {
        let room = (text_width(&a.label, size) + text_width(&b.label, size)) / 2.0 + size * 0.6;
        (self.at(a.value) - self.at(b.value)).abs() >= room
    }
}

/// Multiples of 1, 2 or 5 times a power of ten inside the domain, at least two.
fn linear_ticks((low, high): (f64, f64), count: usize) -> Vec<f64> {
    if high <= low {
        return vec![low];
    }
    let ticks = round_ticks((low, high), count);
    if ticks.len() >= 2 {
        ticks
    } else {
        round_ticks((low, high), 2 * count.max(1))
    }
}

fn round_ticks((low, high): (f64, f64), count: usize) -> Vec<f64> {
    let rough = (high - low) / count.max(1) as f64;
    let power = 10f64.powi(rough.log10().floor() as i32);
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|f| f * power)
        .into_iter()
        .find(|s| *s >= rough * 0.999);
    let step = step.unwrap_or(10.0 * power);
    let (first, last) = (
        (low / step - 1e-9).ceil() as i64,
        (high / step + 1e-9).floor() as i64,
    );
    (first..=last).map(|i| i as f64 * step).collect()
}

/// Powers of ten inside the domain; where there are fewer than two, 2 and 5 times them; where that is little, 1.5, 2, 3,
/// 5 and 7 times; then linear ones.
fn log_ticks((low, high): (f64, f64), count: usize) -> Vec<f64> {
    let (first, last) = (
        (low.log10() - 1e-9).ceil() as i32,
        (high.log10() + 1e-9).floor() as i32,
    );
    let step = ((last - first + 1) as f64 / count.max(1) as f64)
        .ceil()
        .max(1.0) as i32;
    let decades: Vec<f64> = (first..=last)
        .filter(|k| k.rem_euclid(step) == 0)
        .map(|k| 10f64.powi(k))
        .collect();
    if decades.len() >= 2 {
        return decades;
    }
    let multiples = |factors: &[f64]| -> Vec<f64> {
        (first - 1..=last)
            .flat_map(|k| factors.iter().map(move |f| f * 10f64.powi(k)))
            .filter(|x| *x >= low * (1.0 - 1e-9) && *x <= high * (1.0 + 1e-9))
            .collect()
    };
    let fine = [&[1.0, 2.0, 5.0][..], &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0]].map(multiples);
    let [few, more] = fine;
    match (few.len(), more.len()) {
        (3.., _) => few,
        (_, 2..) => more,
        _ => linear_ticks((low, high), count.min(3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(spread: Spread, low: f64, high: f64) -> Scale {
        Scale {
            spread,
            domain: (low, high),
            range: (0.0, 800.0),
        }
    }

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|t| t.label.as_str()).collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        assert_eq!(linear_ticks((0.0, 1.0), 4), [0.0, 0.5, 1.0]);
        let ticks = scale(Spread::Linear, 0.0, 1.0).ticks(5, Format::Percent);
        assert_eq!(
            labels(&ticks),
            ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]
        );
        assert_eq!(linear_ticks((3.0, 3.0), 4), [3.0]);
    }

    #[test]
    fn labels_have_the_digits_that_tell_them_apart() {
        let ticks = scale(Spread::Linear, 3.5455, 3.5535).ticks(4, Format::Number);
        assert_eq!(labels(&ticks), ["3.546", "3.548", "3.55", "3.552"]);
    }

    #[test]
    fn log_ticks_thin_out_and_refine() {
        assert_eq!(log_ticks((1e-3, 1.0), 4), [1e-3, 1e-2, 1e-1, 1.0]);
        assert!(log_ticks((1e-30, 1.0), 4).len() <= 5);
        assert_eq!(log_ticks((1.5, 9.0), 4), [1.5, 2.0, 3.0, 5.0, 7.0]);
        assert_eq!(log_ticks((1.0, 9.0), 4), [1.0, 2.0, 5.0]);
        assert!(log_ticks((3.0, 4.0), 4).len() >= 2);
    }

    #[test]
    fn zero_and_below_sit_on_the_lower_edge_of_a_log_axis() {
        let s = scale(Spread::Log, 1e-3, 1.0);
        assert_eq!(s.at(0.0), 0.0);
        assert_eq!(s.at(-1.0), 0.0);
        assert_eq!(s.at(1.0), 800.0);
    }

    #[test]
    fn epoch_axes_show_both_ends_and_nothing_collides() {
        for last in [1.0, 7.0, 400.0, 12_345.0, 1e6] {
            let s = scale(Spread::Epoch, 0.0, last);
            let ticks = s.epoch_ticks(12.0);
            assert_eq!(ticks.first().unwrap().value, 0.0);
            assert_eq!(ticks.last().unwrap().value, last);
            assert!(ticks.windows(2).all(|w| s.apart(&w[0], &w[1], 12.0)));
        }
        let ticks = scale(Spread::Epoch, 0.0, 400.0).epoch_ticks(12.0);
        assert_eq!(
            labels(&ticks),
            ["0", "1", "2", "5", "10", "20", "50", "100", "200", "400"]
        );
    }
}
