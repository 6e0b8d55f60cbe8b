//! The picture of a finding: the series that show it, shaded from where it holds, its evidence as dots.

use super::record::{DiagnosedFinding, DiagnosedRun, DrawnSeries};
use crate::drawing::{Drawing, Title, file_name, title_room};
use crate::medium::Medium;
use crate::plot::{Axis, Plot, Ticks, linear};
use crate::scale::{Format, Scale, Spread};
use crate::svg::{Svg, decimate, polyline, spread_labels};
use crate::text::{cut, number, text_width};

/// Height of a panel, and the room between two.
const PANEL: f64 = 92.0;
const BETWEEN: f64 = 30.0;
/// Findings whose series are of one unit and share a panel.
const TOGETHER: &[&str] = &[
    "at_floor",
    "better_than_possible",
    "does_not_generalise",
    "memorised",
    "overfit",
    "too_little_data",
    "underfit",
];
/// Ratio of the largest to the least value from which on an axis is logarithmic.
const WIDE: f64 = 200.0;
/// Room for a name at the end of a line, in pixels.
const NAME: f64 = 78.0;

/// Its name among the files and on the page.
pub(crate) fn id(run: usize, finding: &DiagnosedFinding) -> String {
    format!("run{}-{}", run + 1, file_name(&finding.name))
}

/// The picture; None where nothing that it shows has two readings.
pub(crate) fn picture(
    run: &DiagnosedRun,
    at: usize,
    finding: &DiagnosedFinding,
    medium: Medium,
) -> Option<Drawing> {
    let panels = panels(run, finding);
    if panels.is_empty() {
        return None;
    }
    let name = id(at, finding);
    let title = Title {
        name: &name,
        title: &finding.help,
        description: &finding.statement,
    };
    let top = title_room(medium) + 22.0;
    let height = top + panels.len() as f64 * (PANEL + BETWEEN) + 14.0;
    let mut svg = title.begin(medium, height);
    let steps = range(
        panels
            .iter()
            .flatten()
            .flat_map(|s| s.points.iter().map(|p| p.0)),
    );
    for (i, panel) in panels.iter().enumerate() {
        let from = top + i as f64 * (PANEL + BETWEEN);
        draw(
            &mut svg,
            panel,
            finding,
            steps,
            from,
            i + 1 == panels.len(),
            medium,
        );
    }
    Some(title.end(svg))
}

/// The series of each panel.
fn panels<'r>(run: &'r DiagnosedRun, finding: &DiagnosedFinding) -> Vec<Vec<&'r DrawnSeries>> {
    let shown: Vec<&DrawnSeries> = finding
        .shown
        .iter()
        .filter_map(|name| {
            run.series
                .iter()
                .find(|s| s.name == *name && s.points.len() > 1)
        })
        .collect();
    if shown.is_empty() {
        vec![]
    } else if TOGETHER.contains(&finding.name.as_str()) {
        vec![shown]
    } else {
        shown.into_iter().map(|s| vec![s]).collect()
    }
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| {
        (a.min(v), b.max(v))
    })
}

/// The vertical scale: logarithmic where values are positive and span much.
fn scale(panel: &[&DrawnSeries], ends: (f64, f64)) -> Scale {
    let (low, high) = range(panel.iter().flat_map(|s| s.points.iter().map(|p| p.1)));
    if low > 0.0 && high / low > WIDE {
        return Scale {
            spread: Spread::Log,
            domain: (low / 1.2, high * 1.2),
            range: ends,
        };
    }
    let pad = if high > low {
        0.06 * (high - low)
    } else {
        (0.05 * high.abs()).max(1e-9)
    };
    linear((low - pad, high + pad), ends)
}

fn draw(
    svg: &mut Svg,
    panel: &[&DrawnSeries],
    finding: &DiagnosedFinding,
    steps: (f64, f64),
    top: f64,
    lowest: bool,
    medium: Medium,
) {
    let x = linear(steps, (medium.left(), medium.right()));
    let plot = Plot::new(x, scale(panel, (top + PANEL, top)));
    if let Some(since) = finding.since.filter(|s| *s >= steps.0 && *s < steps.1) {
        let from = x.at(since);
        svg.rect((from, top), (x.range.1 - from, PANEL), "other veil");
        svg.line((from, top), (from, top + PANEL), "mark");
    }
    let axis = |label, ticks| Axis {
        label,
        format: Format::Number,
        ticks: Ticks::About(ticks),
    };
    let (left, right) = x.range;
    // On a phone the names of several lines have no room at their ends.
    let named = panel.len() > 1 && medium == Medium::Narrow;
    let name = if named { "" } else { panel[0].name.as_str() };
    if lowest {
        let columns = if medium == Medium::Narrow { 3 } else { 6 };
        plot.axes(svg, axis("step", columns), axis(name, 3));
    } else {
        plot.levels(svg, axis(name, 3));
        svg.line((left, top + PANEL), (right, top + PANEL), "axis");
    }
    for (k, series) in panel.iter().enumerate() {
        let points = decimate(&plot.place(&series.points), 0.7);
        svg.path(&polyline(&points), &format!("median thin l{k}"));
        for sign in finding.evidence.iter().filter(|s| s.series == series.name) {
            let place = sign
                .step
                .zip(sign.value)
                .filter(|p| inside(p.0, steps) && inside(p.1, plot.y.domain));
            if let Some(place) = place {
                plot.dot(svg, place, 3.6, &format!("fill{k} rim"));
            }
        }
    }
    if named {
        heads(svg, panel, (left, top - 8.0));
    }
    names(svg, panel, &plot, medium);
}

/// The names of the lines side by side, each in the colour of its line.
fn heads(svg: &mut Svg, panel: &[&DrawnSeries], (left, y): (f64, f64)) {
    let mut x = left;
    for (k, series) in panel.iter().enumerate() {
        let text = cut(&series.name, 150.0);
        svg.text((x, y), &format!("t{k}"), "start", &text);
        x += text_width(&text, 12.0) + 12.0;
    }
}

fn inside(x: f64, (low, high): (f64, f64)) -> bool {
    (low..=high).contains(&x)
}

/// The name of each line at its end, with its last value.
fn names(svg: &mut Svg, panel: &[&DrawnSeries], plot: &Plot, medium: Medium) {
    let lasts: Vec<f64> = panel
        .iter()
        .map(|s| plot.y.at(s.points.last().map_or(0.0, |p| p.1)) + 4.0)
        .collect();
    let places = spread_labels(&lasts, 14.0, (plot.y.range.1 + 4.0, plot.y.range.0 + 4.0));
    for (k, (series, at)) in panel.iter().zip(places).enumerate() {
        let digits = if medium == Medium::Narrow { 2 } else { 3 };
        let last = number(series.points.last().map_or(f64::NAN, |p| p.1), digits);
        let text = if panel.len() > 1 && medium != Medium::Narrow {
            cut(&series.name, NAME)
        } else {
            last
        };
        svg.text((medium.right() + 6.0, at), &format!("t{k}"), "start", &text);
    }
}
