//! The runs of one setting, measure by measure.

use dunwu_analysis::landscape::wilson;
use dunwu_report::PhaseCell;

/// The columns of one cell: values of each measure, and runs.
#[derive(Default)]
pub(super) struct Cell {
    pub(super) runs: usize,
    pub(super) values: Vec<Vec<f64>>,
}

/// A cell as it is drawn; `counts` asks for the share of runs that have a value.
pub(super) fn phase_cell(
    at: (usize, usize),
    cell: &Cell,
    measure: usize,
    counts: bool,
) -> PhaseCell {
    let mut values = cell.values[measure].clone();
    values.sort_by(f64::total_cmp);
    let (runs, some) = (cell.runs, values.len());
    let mut out = PhaseCell {
        x: at.0,
        y: at.1,
        runs,
        value: None,
        low: None,
        high: None,
        censored: runs - some,
    };
    if counts {
        let (share, (low, high)) = (some as f64 / runs.max(1) as f64, wilson(some, runs));
        out.value = Some(share);
        // Rounding may leave a share of 0 or 1 a hair outside.
        (out.low, out.high) = (Some(low.min(share)), Some(high.max(share)));
        out.censored = 0;
        return out;
    }
    // A run that never got there is later than all that did.
    let at = |share: f64| {
        let place = (share * (runs.max(1) - 1) as f64).round() as usize;
        values.get(place).copied().filter(|v| v.is_finite())
    };
    (out.low, out.value, out.high) = (at(0.25), at(0.5), at(0.75));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_says_how_its_runs_are_spread() {
        let cell = Cell {
            runs: 5,
            values: vec![vec![30.0, 10.0, 20.0]],
        };
        let times = phase_cell((0, 0), &cell, 0, false);
        // Of five runs, two of which never got there, the third and the second are the median and the quartile.
        assert_eq!(
            (times.value, times.low, times.high),
            (Some(30.0), Some(20.0), None)
        );
        assert_eq!(times.censored, 2);
        let share = phase_cell((0, 0), &cell, 0, true);
        assert_eq!((share.value, share.censored), (Some(0.6), 0));
        let (low, high) = wilson(3, 5);
        // Values of R's binom::binom.wilson(3, 5).
        assert!(
            (low - 0.2307).abs() < 1e-4 && (high - 0.8824).abs() < 1e-4,
            "{low} {high}"
        );
    }
}
