//! A measure over one axis: a line with its spread, or a dot with a bar for each name.

use super::lattice::{Foot, Lattice};
use super::phase::View;
use super::record::{PhaseCell, SweepSpread};
use super::shade::{domain, format};
use crate::drawing::{Drawing, Title, title_room};
use crate::medium::Medium;
use crate::plot::{Axis, Plot, Ticks, circle, linear};
use crate::scale::{Scale, Spread};
use crate::svg::{Svg, polyline};

pub(crate) fn draw(view: &View<'_>, title: &Title<'_>, medium: Medium) -> Drawing {
    let (left, right) = (medium.left() + 6.0, medium.width() - 16.0);
    let columns = Lattice::new(view.x, (left, right));
    let foot = Foot {
        axis: view.x,
        cells: &columns,
    };
    let cells = in_order(view);
    let top = title_room(medium) + 44.0;
    let bottom = top
        + if medium == Medium::Narrow {
            200.0
        } else {
            260.0
        };
    let plot = Plot::new(
        linear((left, right), (left, right)),
        heights(view, &cells, (bottom, top)),
    );
    let mut svg = title.begin(medium, bottom + foot.room());
    let label = above(view, medium);
    plot.levels(
        &mut svg,
        Axis {
            label: "",
            format: format(view.measure),
            ticks: Ticks::About(6),
        },
    );
    svg.text((left, top - 20.0), "tick", "start", &label);
    svg.line((left, bottom), (right, bottom), "axis");
    if view.x.spread == SweepSpread::Category {
        bars(&mut svg, &plot, &columns, &cells);
    } else {
        band(&mut svg, &plot, &columns, &cells);
    }
    dots(&mut svg, &plot, &columns, &cells);
    foot.draw(&mut svg, bottom);
    title.end(svg)
}

/// What stands above the chart.
fn above(view: &View<'_>, medium: Medium) -> String {
    let log = view.measure.spread == SweepSpread::Log && !view.measure.share;
    let text = format!(
        "{}{}",
        view.measure.label,
        if log { " (log scale)" } else { "" }
    );
    crate::text::cut(&text, medium.width() - medium.left() - 20.0)
}

fn in_order<'a>(view: &View<'a>) -> Vec<&'a PhaseCell> {
    let inside = |c: &&PhaseCell| c.x < view.x.values.len() && c.runs > 0;
    let mut cells: Vec<&PhaseCell> = view.phase.cells.iter().filter(inside).collect();
    cells.sort_by_key(|c| c.x);
    cells.dedup_by_key(|c| c.x);
    cells
}

fn heights(view: &View<'_>, cells: &[&PhaseCell], range: (f64, f64)) -> Scale {
    let values = cells
        .iter()
        .flat_map(|c| [c.value, c.low, c.high].into_iter().flatten());
    let (spread, (low, high)) = domain(view.measure, values);
    let domain = match spread {
        _ if view.measure.share => (low, high),
        Spread::Log => {
            let pad = libm::pow(high / low, 0.08).max(1.2);
            (low / pad, high * pad)
        }
        _ => {
            let pad = 0.06 * (high - low);
            (low - pad, high + pad)
        }
    };
    Scale {
        spread,
        domain,
        range,
    }
}

/// The lower and upper pixel of a cell's spread; runs that never got there reach the upper edge.
fn ends(plot: &Plot, cell: &PhaseCell) -> Option<(f64, f64)> {
    let low = plot.y.at(cell.low?);
    match cell.high {
        Some(high) => Some((low, plot.y.at(high))),
        None => (cell.censored > 0).then_some((low, plot.y.range.1)),
    }
}

fn bars(svg: &mut Svg, plot: &Plot, columns: &Lattice, cells: &[&PhaseCell]) {
    for cell in cells {
        if let Some((low, high)) = ends(plot, cell) {
            let x = columns.place(cell.x);
            svg.line((x, low), (x, high), "median l0");
        }
    }
}

/// Band and line through neighbours that both have a value.
fn band(svg: &mut Svg, plot: &Plot, columns: &Lattice, cells: &[&PhaseCell]) {
    for run in cells.chunk_by(|a, b| ends(plot, a).is_some() == ends(plot, b).is_some()) {
        let at = |c: &&PhaseCell| Some((columns.place(c.x), ends(plot, c)?));
        let known: Vec<(f64, (f64, f64))> = run.iter().filter_map(at).collect();
        if known.len() > 1 {
            let mut around: Vec<(f64, f64)> = known.iter().map(|(x, e)| (*x, e.1)).collect();
            around.extend(known.iter().rev().map(|(x, e)| (*x, e.0)));
            svg.path(&format!("{}z", polyline(&around)), "area fill0");
        }
    }
    for run in cells.chunk_by(|a, b| a.value.is_some() == b.value.is_some()) {
        let at = |c: &&PhaseCell| Some((columns.place(c.x), plot.y.at(c.value?)));
        let known: Vec<(f64, f64)> = run.iter().filter_map(at).collect();
        if known.len() > 1 {
            svg.path(&polyline(&known), "median l0");
        }
    }
}

/// A dot a value, and a ring on the upper edge where the median run never got there.
fn dots(svg: &mut Svg, plot: &Plot, columns: &Lattice, cells: &[&PhaseCell]) {
    let radius = if cells.len() > 40 { 2.2 } else { 3.6 };
    for cell in cells {
        let x = columns.place(cell.x);
        match cell.value {
            Some(v) => circle(svg, (x, plot.y.at(v)), radius, "fill0"),
            None => circle(svg, (x, plot.y.range.1), radius + 0.6, "ring"),
        }
    }
    if cells.iter().any(|c| c.value.is_none()) {
        let at = (plot.x.range.1, plot.y.range.1 - 20.0);
        svg.text(at, "tick", "end", "ring: never");
    }
}
