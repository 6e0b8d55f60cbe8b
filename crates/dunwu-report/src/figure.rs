//! Figures as data: axes, series, bands and marks. Nothing here knows how they are drawn.

use crate::families::{self, Family};
use crate::run::{RunPage, SeedPage};
use crate::scale::{Format, Scale, Spread};
use crate::summary::{Summary, median};
use crate::svg::decimate;
use dunwu_core::Curve;
use std::collections::{BTreeMap, BTreeSet};

/// A chart of values over epochs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// Name of its file and of its place on the page: letters, digits, `-` and `_`.
    pub(crate) name: String,
    pub(crate) title: String,
    /// What to look for.
    pub(crate) help: String,
    pub(crate) spread: Spread,
    pub(crate) format: Format,
    /// Values at the lower and the upper edge.
    pub(crate) domain: (f64, f64),
    /// Epoch at the right edge; the left one is 0.
    pub(crate) last: u64,
    pub(crate) series: Vec<Series>,
    pub(crate) bands: Vec<Band>,
    pub(crate) marks: Vec<Mark>,
    /// A value to compare with, and its name.
    pub(crate) level: Option<(f64, String)>,
    /// What a reader must know to read it right.
    pub(crate) notes: Vec<String>,
}

/// One signal of all seeds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// Column of the curve.
    pub(crate) column: String,
    pub(crate) label: String,
    /// Points (epoch, value) of each seed, thinned so that no extreme is lost.
    pub(crate) lines: Vec<Vec<(u64, f64)>>,
    /// Median over seeds, where at least half of them have a value.
    pub(crate) median: Vec<(u64, f64)>,
}

/// A stage: from an epoch to another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Band {
    pub(crate) name: String,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// An event at an epoch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    pub(crate) epoch: u64,
    pub(crate) label: String,
}

/// Parts of the epoch axis that keep four points each of a line.
const COLUMNS: f64 = 1500.0;
/// Epochs at which medians are taken, at most about.
const GRID: usize = 1200;
/// Decades that a log axis spans at most.
const DECADES: i32 = 16;

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

/// All charts of a run, in the order of the page, and the columns that are left out because they never change.
pub(crate) fn all(run: &RunPage<'_>) -> (Vec<Figure>, Vec<String>) {
    let columns: BTreeSet<&str> = run
        .seeds
        .iter()
        .flat_map(|s| s.curve.columns().map(|(name, _)| name))
        .collect();
    let grid = grid(run, GRID);
    let mut groups: BTreeMap<(u8, String), (Option<&Family>, Vec<Series>)> = BTreeMap::new();
    let mut constant = Vec::new();
    for column in columns {
        let (family, label) =
            families::of_column(column).map_or((None, column.to_owned()), |(f, l)| (Some(f), l));
        let series = series(run, column, label, &grid);
        if column == "lr" && is_constant(&series) {
            constant.push(column.to_owned());
        } else if !series.lines.iter().all(Vec::is_empty) {
            let key = family.map_or((u8::MAX, column.to_owned()), |f| {
                (f.rank, f.name.to_owned())
            });
            groups
                .entry(key)
                .or_insert((family, Vec::new()))
                .1
                .push(series);
        }
    }
    let summary = Summary::of(run);
    let figures = groups
        .into_iter()
        .map(|((_, name), (family, series))| figure(run, &summary, &name, family, series));
    (figures.collect(), constant)
}

fn is_constant(series: &Series) -> bool {
    let mut values = series.lines.iter().flatten().map(|(_, v)| v.to_bits());
    let first = values.next();
    values.all(|v| Some(v) == first)
}

fn series(run: &RunPage<'_>, column: &str, label: String, grid: &[u64]) -> Series {
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

fn figure(
    run: &RunPage<'_>,
    summary: &Summary,
    name: &str,
    family: Option<&Family>,
    mut series: Vec<Series>,
) -> Figure {
    let place =
        |s: &Series| family.and_then(|f| f.columns.iter().position(|(c, _)| *c == s.column));
    // The readout V comes after the hidden layers, as in the network.
    series.sort_by_key(|s| {
        (
            place(s).unwrap_or(usize::MAX),
            s.label == "V",
            s.column.clone(),
        )
    });
    let format = family.map_or(Format::Number, |f| f.format);
    let (spread, domain, notes) =
        extent(&series, family.map_or(Spread::Linear, |f| f.spread), format);
    let lead = name == "accuracy";
    Figure {
        name: file_name(name),
        title: family.map_or(name, |f| f.title).to_owned(),
        help: family
            .map_or("A further signal of the run, as recorded.", |f| f.help)
            .to_owned(),
        spread,
        format,
        domain,
        last: run.last_epoch().max(1),
        series,
        bands: bands(run),
        marks: if lead {
            marks(run, summary)
        } else {
            Vec::new()
        },
        level: (lead && run.chance.is_finite()).then(|| (run.chance, "chance".to_owned())),
        notes,
    }
}

fn file_name(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect()
}

/// How the values are spread in truth, the edges of their axis, and what must be said about it.
fn extent(series: &[Series], spread: Spread, format: Format) -> (Spread, (f64, f64), Vec<String>) {
    let values = || {
        series
            .iter()
            .flat_map(|s| s.lines.iter().flatten())
            .map(|(_, v)| *v)
    };
    let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
        (l.min(v), h.max(v))
    });
    if format == Format::Percent && low >= 0.0 && high <= 1.0 {
        return (spread, (0.0, 1.0), Vec::new());
    }
    // Rounding may push a distance that is 0 a little below it.
    let logarithmic = spread == Spread::Log && high > 0.0 && low > -1e-9 * high;
    if logarithmic {
        log_extent(values(), high)
    } else {
        (Spread::Linear, linear_extent(low, high), Vec::new())
    }
}

fn log_extent(
    values: impl Iterator<Item = f64> + Clone,
    high: f64,
) -> (Spread, (f64, f64), Vec<String>) {
    let floor = high * 10f64.powi(-DECADES);
    let low = values.clone().filter(|v| *v >= floor).fold(high, f64::min);
    let below = values.filter(|v| *v < floor).count();
    let pad = (high / low).powf(0.06).max(1.15);
    let notes = (below > 0)
        .then(|| "Values of 0, or too small for the axis, lie on its lower edge.".to_owned());
    (
        Spread::Log,
        (low / pad, (high * pad).min(f64::MAX)),
        notes.into_iter().collect(),
    )
}

fn linear_extent(low: f64, high: f64) -> (f64, f64) {
    let from_zero = low >= 0.0 && low < 0.6 * high;
    let pad = if high > low {
        (high - low) * 0.06
    } else {
        (high.abs() * 0.1).max(0.5)
    };
    (if from_zero { 0.0 } else { low - pad }, high + pad)
}

/// The stages of the representative seed.
pub(crate) fn bands(run: &RunPage<'_>) -> Vec<Band> {
    run.representative()
        .map_or_else(Vec::new, |seed| bands_of(seed, run.last_epoch()))
}

/// The stages of a seed, cut to the epochs that were run.
pub(crate) fn bands_of(seed: &SeedPage, last: u64) -> Vec<Band> {
    let known = seed.account.stages.iter().filter_map(|stage| {
        let from = stage.from?;
        Some(Band {
            name: stage.name.clone(),
            from,
            to: stage.to.unwrap_or(last).min(last),
        })
    });
    let mut bands: Vec<Band> = known.filter(|b| b.from < b.to).collect();
    bands.sort_by_key(|b| b.from);
    for i in 1..bands.len() {
        bands[i - 1].to = bands[i - 1].to.min(bands[i].from);
    }
    bands
}

fn marks(run: &RunPage<'_>, summary: &Summary) -> Vec<Mark> {
    let mark = |epoch: Option<u64>, word: &str| {
        epoch.map(|epoch| Mark {
            epoch,
            label: format!("{word} {epoch}"),
        })
    };
    let failed = run
        .representative()
        .filter(|s| s.account.fate.name.contains("diverged"));
    let failed = failed.and_then(|s| s.account.fate.from.or(s.curve.epochs().last().copied()));
    let events = [
        mark(summary.memorised.median, "memorised"),
        mark(summary.generalised.median, "generalised"),
        mark(failed, "diverged"),
    ];
    events.into_iter().flatten().collect()
}
