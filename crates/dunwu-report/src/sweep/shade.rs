//! From values to the steps of the colour ramp.

use super::record::{Measure, PhaseCell, SweepSpread};
use crate::scale::{Format, Scale, Spread};
use crate::text::{number, short_epoch};
use crate::theme::STEPS;

/// Colours of a measure's values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shades {
    scale: Scale,
    format: Format,
}

impl Shades {
    /// Over the values of a measure's cells; shares always go from 0 to 1.
    pub(crate) fn new(measure: &Measure, cells: &[PhaseCell]) -> Self {
        let of: Vec<f64> = cells.iter().filter_map(|c| c.value).collect();
        // Where no median is known, what is.
        let ends = || cells.iter().flat_map(|c| [c.low, c.high]).flatten();
        let of = if of.is_empty() { ends().collect() } else { of };
        let (spread, domain) = domain(measure, of.into_iter());
        Self {
            scale: Scale {
                spread,
                domain,
                range: (0.0, STEPS as f64),
            },
            format: format(measure),
        }
    }

    /// The step of a value, from 0 for the least to `STEPS - 1`.
    pub(crate) fn step(&self, value: f64) -> usize {
        (self.scale.at(value) as usize).min(STEPS - 1)
    }

    /// The value at the lower edge of a step.
    pub(crate) fn edge(&self, step: usize) -> f64 {
        let (low, high) = self.scale.domain;
        let share = step as f64 / STEPS as f64;
        match self.scale.spread {
            Spread::Log => low * libm::pow(high / low, share),
            _ => low + share * (high - low),
        }
    }

    /// A value in as few characters as tell it apart.
    pub(crate) fn short(&self, value: f64) -> String {
        match self.format {
            Format::Percent => number((value * 100.0).round(), 3),
            Format::Number if value >= 1e4 && value.fract() == 0.0 => short_epoch(value as u64),
            Format::Number => number(value, 3),
        }
    }
}

/// How a measure's values are written.
pub(crate) fn format(measure: &Measure) -> Format {
    if measure.share {
        Format::Percent
    } else {
        Format::Number
    }
}

/// The spread and the ends of a measure's values.
pub(crate) fn domain(
    measure: &Measure,
    values: impl Iterator<Item = f64> + Clone,
) -> (Spread, (f64, f64)) {
    if measure.share {
        return (Spread::Linear, (0.0, 1.0));
    }
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
        (l.min(v), h.max(v))
    });
    let log = measure.spread == SweepSpread::Log && low > 0.0;
    match (low < high, low.is_finite()) {
        (true, _) if log => (Spread::Log, (low, high)),
        (true, _) => (Spread::Linear, (low, high)),
        (false, true) => (Spread::Linear, (low - 0.5, low + 0.5)),
        (false, false) => (Spread::Linear, (0.0, 1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(share: bool, spread: SweepSpread) -> Measure {
        Measure {
            name: "m".into(),
            label: "m".into(),
            share,
            spread,
            help: String::new(),
        }
    }

    fn cells(values: &[f64]) -> Vec<PhaseCell> {
        let cell = |v: &f64| PhaseCell {
            x: 0,
            y: 0,
            runs: 1,
            value: Some(*v),
            low: None,
            high: None,
            censored: 0,
        };
        values.iter().map(cell).collect()
    }

    #[test]
    fn steps_run_from_the_least_value_to_the_greatest() {
        let share = Shades::new(&measure(true, SweepSpread::Linear), &cells(&[0.4]));
        assert_eq!([0.0, 0.5, 1.0].map(|v| share.step(v)), [0, 4, 8]);
        let log = Shades::new(
            &measure(false, SweepSpread::Log),
            &cells(&[100.0, 51_200.0]),
        );
        assert_eq!(
            [100.0, 199.0, 201.0, 51_200.0].map(|v| log.step(v)),
            [0, 0, 1, 8]
        );
        assert!((log.edge(1) - 200.0).abs() < 1e-6);
        assert_eq!(log.short(51_200.0), "51.2k");
    }

    #[test]
    fn one_value_and_none_have_a_scale() {
        for values in [vec![], vec![7.0], vec![0.0, 0.0]] {
            let shades = Shades::new(&measure(false, SweepSpread::Log), &cells(&values));
            assert!(shades.step(7.0) < STEPS && shades.edge(STEPS).is_finite());
        }
    }
}
