//! The numbers under the pictures.

use super::curves::{self, kept};
use super::phase::{View, in_order};
use super::record::{CurveBand, CurveSet, PhaseCell, SurvivalGroup, SurvivalSet};
use super::shade::format;
use super::survival;
use crate::drawing::numbers;
use crate::text::{grouped, percent};
use maud::{Markup, html};

/// Rows of a table of cells at most.
const MOST: usize = 6000;

/// The cells of a diagram.
pub(super) fn phase(view: &View<'_>, title: &str) -> Markup {
    let middle = if view.measure.share {
        "share"
    } else {
        "median"
    };
    let x = format!("<{}", view.x.label);
    let y = view.y.map(|y| format!("<{}", y.label));
    let mut heads: Vec<&str> = vec![&x];
    heads.extend(y.as_deref());
    heads.extend(["runs", middle, "low", "high", "never"]);
    let cells = in_order(view);
    let rows: Vec<Vec<String>> = cells
        .iter()
        .take(MOST)
        .map(|c| phase_row(view, c))
        .collect();
    html! {
        (numbers("Numbers", title, &heads, &rows))
        @if cells.len() > MOST { p.quiet { "The table has the first " (grouped(MOST as u64)) " of " (grouped(cells.len() as u64)) " settings." } }
    }
}

fn phase_row(view: &View<'_>, cell: &PhaseCell) -> Vec<String> {
    let write = |v: Option<f64>| v.map_or("–".to_owned(), |v| format(view.measure).write(v));
    let middle = match cell.value {
        None if cell.censored > 0 => "never".to_owned(),
        value => write(value),
    };
    let mut row = vec![view.x.values[cell.x].text.clone()];
    row.extend(view.y.map(|y| y.values[cell.y].text.clone()));
    row.extend([
        grouped(cell.runs as u64),
        middle,
        write(cell.low),
        write(cell.high),
        grouped(cell.censored as u64),
    ]);
    row
}

/// The medians and bands of a set.
pub(super) fn curves(set: &CurveSet, title: &str) -> Markup {
    let by = format!("<{}", set.by);
    let heads = [
        &by,
        "<examples",
        "runs",
        "epoch",
        "median",
        "lower quartile",
        "upper quartile",
    ];
    let rows: Vec<Vec<String>> = curves::drawn(set)
        .iter()
        .flat_map(|g| {
            let rows = |which, band| band_rows(&g.name, which, g.runs, band);
            [rows("held out", &g.test), rows("training", &g.train)]
        })
        .flatten()
        .collect();
    numbers("Numbers", title, &heads, &rows)
}

fn band_rows(name: &str, which: &str, runs: usize, band: &CurveBand) -> Vec<Vec<String>> {
    let one = |i: usize| {
        let at = |values: &[f64]| values.get(i).map_or("–".to_owned(), |v| percent(*v));
        vec![
            name.to_owned(),
            which.to_owned(),
            grouped(runs as u64),
            grouped(band.epochs[i]),
            at(&band.median),
            at(&band.low),
            at(&band.high),
        ]
    };
    kept(band).into_iter().map(one).collect()
}

/// The steps of a set, and who was watched.
pub(super) fn survival(set: &SurvivalSet, title: &str) -> Markup {
    let by = format!("<{}", set.by);
    let rows = |of: &dyn Fn(&SurvivalGroup) -> Vec<Vec<String>>| -> Vec<Vec<String>> {
        survival::drawn(set).iter().flat_map(of).collect()
    };
    let ends = [by.as_str(), "epoch", "runs that ended without it"];
    html! {
        (numbers("Groups", title, &[&by, "runs", "did", "did not", "half had by epoch"], &groups(set)))
        (numbers("Numbers", title, &[&by, "from epoch", "share left", "95 % from", "to"], &rows(&step_rows)))
        (numbers("Runs still watched", title, &[&by, "epoch", "runs"], &rows(&risk_rows)))
        (numbers("Runs that ended without it", title, &ends, &rows(&censored_rows)))
    }
}

fn groups(set: &SurvivalSet) -> Vec<Vec<String>> {
    let one = |g: &SurvivalGroup| {
        vec![
            g.name.clone(),
            grouped(g.runs as u64),
            grouped(g.events as u64),
            grouped(g.runs.saturating_sub(g.events) as u64),
            survival::median(g).map_or("never".into(), grouped),
        ]
    };
    set.groups.iter().map(one).collect()
}

fn step_rows(group: &SurvivalGroup) -> Vec<Vec<String>> {
    let one = |s: &super::SurvivalStep| {
        let [share, low, high] = [s.share, s.low, s.high].map(percent);
        vec![group.name.clone(), grouped(s.epoch), share, low, high]
    };
    survival::steps(group).iter().map(one).collect()
}

fn risk_rows(group: &SurvivalGroup) -> Vec<Vec<String>> {
    let one = |(epoch, runs): &(u64, usize)| {
        vec![group.name.clone(), grouped(*epoch), grouped(*runs as u64)]
    };
    group.at_risk.iter().map(one).collect()
}

/// Censored runs by epoch.
fn censored_rows(group: &SurvivalGroup) -> Vec<Vec<String>> {
    let mut epochs = group.censored.clone();
    epochs.sort_unstable();
    let one = |run: &[u64]| {
        vec![
            group.name.clone(),
            grouped(run[0]),
            grouped(run.len() as u64),
        ]
    };
    epochs.chunk_by(|a, b| a == b).take(MOST).map(one).collect()
}
