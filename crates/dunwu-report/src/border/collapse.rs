//! Finite-size scaling: the transitions of all sizes side by side with the same ones scaled.

use super::record::{BorderCollapse, BorderPage, CollapseCurve};
use super::words::estimate;
use crate::drawing::{Drawing, Title, title_room};
use crate::medium::Medium;
use crate::plot::{Axis, Plot, Ticks, linear};
use crate::scale::Format;
use crate::svg::Svg;
use crate::text::{cut, number, text_width};
use crate::theme::GROUPS;

pub(crate) const TITLE: &str = "Transitions of all sizes, as they are and scaled";

pub(crate) fn draw(page: &BorderPage, medium: Medium) -> Vec<Drawing> {
    page.collapse
        .iter()
        .filter_map(|c| draw_one(c, medium))
        .collect()
}

/// The sizes that have a colour.
pub(crate) fn drawn(collapse: &BorderCollapse) -> &[CollapseCurve] {
    &collapse.curves[..collapse.curves.len().min(GROUPS)]
}

/// Which number of a point lies along the axis.
type Place = fn(&(f64, f64, f64)) -> f64;

/// The picture; None without a point.
pub(crate) fn draw_one(collapse: &BorderCollapse, medium: Medium) -> Option<Drawing> {
    if !collapse.is_consistent() || collapse.curves.iter().all(|c| c.points.is_empty()) {
        return None;
    }
    let description = format!(
        "Share that generalised against {}. Exponent {}. Distance between curves {} as they are and {} scaled.",
        collapse.scaling,
        estimate(&collapse.exponent, 3),
        number(collapse.apart, 3),
        number(collapse.apart_scaled, 3)
    );
    let title = Title {
        name: "collapse",
        title: TITLE,
        description: &description,
    };
    let curves = drawn(collapse);
    let rows = key_rows(curves, medium);
    let top = title_room(medium) + 18.0 * rows as f64 + 30.0;
    let (left, right, foot) = plots(curves, top, medium);
    let mut svg = title.begin(medium, foot);
    key(&mut svg, curves, medium);
    let scaled = cut(&collapse.scaling, left.x.range.1 - left.x.range.0);
    panel(&mut svg, curves, &left, |p| p.0, "training fraction");
    panel(&mut svg, curves, &right, |p| p.1, &scaled);
    Some(title.end(svg))
}

fn plots(curves: &[CollapseCurve], top: f64, medium: Medium) -> (Plot, Plot, f64) {
    let span = |place: Place| {
        let all = curves.iter().flat_map(|c| &c.points).map(place);
        let (l, h) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
            (l.min(v), h.max(v))
        });
        let pad = (0.04 * (h - l)).max(1e-6);
        (l - pad, h + pad)
    };
    let plot = |place: Place, x: (f64, f64), top: f64, tall: f64| {
        Plot::new(
            linear(span(place), x),
            linear((0.0, 1.0), (top + tall, top)),
        )
    };
    let left = medium.left();
    if medium == Medium::Narrow {
        let x = (left, medium.width() - 12.0);
        let second = top + 190.0 + 72.0;
        return (
            plot(|p| p.0, x, top, 190.0),
            plot(|p| p.1, x, second, 190.0),
            second + 232.0,
        );
    }
    (
        plot(|p| p.0, (left, 440.0), top, 260.0),
        plot(|p| p.1, (440.0 + left, 886.0), top, 260.0),
        top + 302.0,
    )
}

fn panel(svg: &mut Svg, curves: &[CollapseCurve], plot: &Plot, place: Place, label: &str) {
    plot.axes(
        svg,
        Axis {
            label,
            format: Format::Number,
            ticks: Ticks::About(5),
        },
        Axis {
            label: "share that generalised",
            format: Format::Percent,
            ticks: Ticks::About(5),
        },
    );
    for (i, curve) in curves.iter().enumerate() {
        let points: Vec<(f64, f64)> = curve.points.iter().map(|p| (place(p), p.2)).collect();
        let dash = if i < 5 { "" } else { " dash" };
        plot.line(svg, &points, &format!("l{i}{dash} thin"));
        for point in points {
            plot.dot(svg, point, 3.0, &format!("fill{i}"));
        }
    }
}

fn places(curves: &[CollapseCurve], medium: Medium) -> Vec<(f64, usize)> {
    let (mut x, mut row) = (medium.left(), 0);
    let mut out = Vec::new();
    for curve in curves {
        let room = text_width(&curve.name, 12.0) + 30.0;
        if x + room > medium.width() && x > medium.left() {
            (x, row) = (medium.left(), row + 1);
        }
        out.push((x, row));
        x += room;
    }
    out
}

fn key_rows(curves: &[CollapseCurve], medium: Medium) -> usize {
    places(curves, medium).last().map_or(0, |p| p.1 + 1)
}

fn key(svg: &mut Svg, curves: &[CollapseCurve], medium: Medium) {
    for (i, (x, row)) in places(curves, medium).into_iter().enumerate() {
        let y = title_room(medium) + 14.0 + 18.0 * row as f64;
        crate::plot::circle(svg, (x + 4.0, y - 4.0), 4.0, &format!("fill{i}"));
        svg.text((x + 13.0, y), &format!("t{i}"), "start", &curves[i].name);
    }
}
