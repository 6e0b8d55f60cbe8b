//! Figures as data: axes, series, bands and marks. Nothing here knows how they are drawn.

use crate::extent::extent;
use crate::families::{self, Family, Part};
use crate::readings::{GRID, grid, is_constant, series};
use crate::run::{RunPage, SeedPage};
use crate::scale::{Format, Spread};
use crate::summary::Summary;
use crate::text::{epoch_axis, grouped};
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
    /// Name of the axis of epochs.
    pub(crate) axis: String,
    pub(crate) series: Vec<Series>,
    pub(crate) bands: Vec<Band>,
    pub(crate) marks: Vec<Mark>,
    /// A value to compare with, and its name.
    pub(crate) level: Option<(f64, String)>,
    /// What a reader must know to read it right.
    pub(crate) notes: Vec<String>,
    /// The part of the page that it stands in.
    pub(crate) part: Part,
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

/// The series that one chart will hold.
#[derive(Debug, Default)]
struct Group {
    family: Option<&'static Family>,
    series: Vec<Series>,
}

/// Columns that no chart shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Undrawn {
    /// They never change.
    pub(crate) constant: Vec<String>,
    /// They were read once, which makes no line.
    pub(crate) once: Vec<String>,
}

/// All charts of a run, in the order of the page, and the columns that are left out.
pub(crate) fn all(run: &RunPage<'_>) -> (Vec<Figure>, Undrawn) {
    let columns: BTreeSet<&str> = run
        .seeds
        .iter()
        .flat_map(|s| s.curve.columns().map(|(name, _)| name))
        .collect();
    let grid = grid(run, GRID);
    let mut groups: BTreeMap<(u8, String), Group> = BTreeMap::new();
    let mut undrawn = Undrawn::default();
    let over_time = run.seeds.iter().any(|s| s.curve.epochs().len() > 1);
    for column in columns {
        let (family, label) =
            families::of_column(column).map_or((None, column.to_owned()), |(f, l)| (Some(f), l));
        let series = series(run, column, label, &grid);
        if column == "lr" && is_constant(&series) {
            undrawn.constant.push(column.to_owned());
        } else if !series.lines.iter().all(Vec::is_empty) {
            let key = family.map_or((u8::MAX, column.to_owned()), |f| {
                (f.rank, f.name.to_owned())
            });
            let group = groups.entry(key).or_default();
            group.family = family;
            group.series.push(series);
        }
    }
    groups.retain(|_, group| {
        let once = over_time && group.series.iter().all(is_single);
        if once {
            let columns = group.series.iter().map(|s| s.column.clone());
            undrawn.once.extend(columns);
        }
        !once
    });
    let summary = Summary::of(run);
    let figures = groups
        .into_iter()
        .map(|((_, name), group)| figure(run, &summary, &name, group));
    (figures.collect(), undrawn)
}

/// Whether no seed has a second reading.
fn is_single(series: &Series) -> bool {
    series.lines.iter().all(|l| l.len() < 2)
}

fn figure(
    run: &RunPage<'_>,
    summary: &Summary,
    name: &str,
    Group { family, mut series }: Group,
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
    let left_out = liveliest(&mut series);
    let (spread, domain, mut notes) =
        extent(&series, family.map_or(Spread::Linear, |f| f.spread), format);
    notes.extend(left_out);
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
        axis: epoch_axis(run.plan.epoch_updates),
        series,
        bands: bands(run),
        marks: if lead {
            marks(run, summary)
        } else {
            Vec::new()
        },
        level: (lead && run.chance.is_finite()).then(|| (run.chance, "chance".to_owned())),
        notes,
        part: family.map_or(Part::Learned, |f| f.part),
    }
}

/// Lines of a chart, at most.
const MOST: usize = 8;

/// Keeps the series that go farthest up or down, in their order, and says so; nothing if all have room.
fn liveliest(series: &mut Vec<Series>) -> Option<String> {
    let all = series.len();
    if all <= MOST {
        return None;
    }
    let way = |s: &Series| {
        let values = || s.lines.iter().flatten().map(|p| p.1);
        values().fold(f64::NEG_INFINITY, f64::max) - values().fold(f64::INFINITY, f64::min)
    };
    let mut ways: Vec<f64> = series.iter().map(way).collect();
    ways.sort_by(|a, b| b.total_cmp(a));
    let least = ways[MOST - 1];
    series.retain(|s| way(s) >= least);
    series.truncate(MOST);
    Some(format!(
        "Drawn are the {MOST} of {all} lines that go farthest up or down."
    ))
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
    let mut bands: Vec<Band> = known.collect();
    bands.sort_by_key(|b| b.from);
    for i in 1..bands.len() {
        bands[i - 1].to = bands[i - 1].to.min(bands[i].from);
    }
    bands.retain(|b| b.from < b.to);
    bands
}

fn marks(run: &RunPage<'_>, summary: &Summary) -> Vec<Mark> {
    let mark = |epoch: Option<u64>, word: &str| {
        epoch.map(|epoch| Mark {
            epoch,
            label: format!("{word} {}", grouped(epoch)),
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
