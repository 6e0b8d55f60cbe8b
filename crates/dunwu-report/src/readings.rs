//! Readings of a run's curves, thinned for drawing, and their medians over seeds.

use crate::figure::Series;
use crate::run::RunPage;
use crate::scale::{Scale, Spread};
use crate::summary::median;
use crate::svg::decimate;
use dunwu_core::Curve;
use std::collections::BTreeSet;

/// Parts of the epoch axis that keep four points each of a line.
const COLUMNS: f64 = 1500.0;

/// Epochs at which medians are taken, at most about.
pub(crate) const GRID: usize = 1200;

/// The epochs of all seeds, thinned evenly on the log axis to about `count`; 0 and the last one are kept.
pub(crate) fn grid(run: &RunPage<'_>, count: usize) -> Vec<u64> {
    let all: BTreeSet<u64> = run
        .seeds
        .iter()
        .flat_map(|s| s.curve.epochs().iter().copied())
        .collect();
    let all: Vec<u64> = all.into_iter().collect();
    thin(&all, count)
}

/// Ascending epochs, thinned evenly on the log axis to at most about `count`, first and last kept.
pub(crate) fn thin(epochs: &[u64], count: usize) -> Vec<u64> {
    let Some(last) = epochs.last().filter(|_| epochs.len() > count) else {
        return epochs.to_vec();
    };
    let bin = |e: u64| ((1.0 + e as f64).ln() / (2.0 + *last as f64).ln() * count as f64) as u64;
    let mut kept: Vec<u64> = epochs
        .chunk_by(|a, b| bin(*a) == bin(*b))
        .map(|c| c[0])
        .collect();
    if kept.last() != Some(last) {
        kept.push(*last);
    }
    kept
}

pub(crate) fn is_constant(series: &Series) -> bool {
    let mut values = series.lines.iter().flatten().map(|(_, v)| v.to_bits());
    let first = values.next();
    values.all(|v| Some(v) == first)
}

pub(crate) fn series(run: &RunPage<'_>, column: &str, label: String, grid: &[u64]) -> Series {
    let lines = run
        .seeds
        .iter()
        .map(|s| thinned(&s.curve, column, run.last_epoch()))
        .collect();
    Series {
        column: column.into(),
        label,
        lines,
        median: medians(run, column, grid),
    }
}

/// The finite points of a column, at most four for each of `COLUMNS` parts of the epoch axis.
fn thinned(curve: &Curve, column: &str, last: u64) -> Vec<(u64, f64)> {
    let axis = Scale {
        spread: Spread::Epoch,
        domain: (0.0, last as f64),
        range: (0.0, COLUMNS),
    };
    let points: Vec<(u64, f64)> = curve
        .points(column)
        .filter(|(_, v)| v.is_finite())
        .collect();
    if points.len() < COLUMNS as usize {
        return points;
    }
    let bin = |e: u64| axis.at(e as f64).floor();
    let parts = points.chunk_by(|a, b| bin(a.0) == bin(b.0));
    parts
        .flat_map(|part| {
            let indexed: Vec<(f64, f64)> = part
                .iter()
                .enumerate()
                .map(|(i, p)| (i as f64, p.1))
                .collect();
            decimate(&indexed, f64::INFINITY)
                .into_iter()
                .map(|(i, _)| part[i as usize])
        })
        .collect()
}

/// The value of a column at an epoch, if it was read then.
pub(crate) fn value_at(curve: &Curve, column: &str, epoch: u64) -> Option<f64> {
    let row = curve.epochs().binary_search(&epoch).ok()?;
    curve
        .column(column)
        .map(|c| c[row])
        .filter(|v| v.is_finite())
}

fn medians(run: &RunPage<'_>, column: &str, grid: &[u64]) -> Vec<(u64, f64)> {
    let at = |epoch: u64| {
        let values: Vec<f64> = run
            .seeds
            .iter()
            .filter_map(|s| value_at(&s.curve, column, epoch))
            .collect();
        (values.len() * 2 >= run.seeds.len())
            .then(|| median(values))
            .flatten()
            .map(|m| (epoch, m))
    };
    grid.iter().filter_map(|e| at(*e)).collect()
}
