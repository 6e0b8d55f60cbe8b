//! Charts to SVG.

use crate::figure::{Band, Figure};
use crate::labels::{end_labels, mark_rows, marks};
use crate::medium::{Medium, start};
use crate::scale::{Format, Scale};
use crate::svg::{Svg, decimate, polyline};
use crate::text::{grouped, text_width};
use crate::theme;

/// Size of all text.
pub(crate) const FONT: f64 = 12.0;

/// The places of a chart's parts.
pub(crate) struct Frame {
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
    pub(crate) height: f64,
}

/// Draws a chart.
pub(crate) fn chart(figure: &Figure, medium: Medium) -> String {
    let frame = frame(figure, medium);
    let mut svg = Svg::default();
    let id = format!(
        "{}-{}",
        figure.name,
        medium.class().replace("pic", "").trim()
    );
    start(
        &mut svg,
        medium,
        frame.height,
        &id,
        &figure.title,
        &describe(figure),
        Some(figure.last),
    );
    if medium == Medium::File {
        svg.text((medium.left(), 22.0), "title", "start", &figure.title);
    }
    bands(&mut svg, figure, &frame, medium);
    axes(&mut svg, figure, &frame, medium);
    level(&mut svg, figure, &frame);
    lines(&mut svg, figure, &frame, medium);
    marks(&mut svg, &figure.marks, &frame);
    end_labels(&mut svg, figure, &frame, medium);
    if medium != Medium::File {
        svg.line(
            (frame.x.range.0, frame.top),
            (frame.x.range.0, frame.bottom),
            "cursor",
        );
    }
    svg.close("svg");
    svg.finish()
}

fn frame(figure: &Figure, medium: Medium) -> Frame {
    let x = medium.epochs(figure.last);
    let title = if medium == Medium::File { 34.0 } else { 0.0 };
    let names = if labels_bands(figure, medium) {
        20.0
    } else {
        6.0
    };
    let rows = mark_rows(&figure.marks, &x)
        .into_iter()
        .max()
        .map_or(0.0, |r| (r + 1) as f64 * 17.0 + 4.0);
    let top = title + names + rows;
    let bottom = top + medium.plot_height(figure);
    let foot = if labels_axis(figure, medium) {
        40.0
    } else {
        22.0
    };
    let y = Scale {
        spread: figure.spread,
        domain: figure.domain,
        range: (bottom, top),
    };
    Frame {
        x,
        y,
        top,
        bottom,
        height: bottom + foot,
    }
}

/// Whether a figure shows numbers that are whole throughout.
fn counts(figure: &Figure) -> bool {
    let values = figure.series.iter().flat_map(|s| s.lines.iter().flatten());
    figure.format == Format::Number && values.clone().all(|(_, v)| v.fract() == 0.0)
}

fn labels_bands(figure: &Figure, medium: Medium) -> bool {
    !figure.bands.is_empty() && (medium == Medium::File || figure.name == "accuracy")
}

fn labels_axis(figure: &Figure, medium: Medium) -> bool {
    medium == Medium::File || figure.name == "accuracy"
}

fn bands(svg: &mut Svg, figure: &Figure, frame: &Frame, medium: Medium) {
    let top = if medium == Medium::File { 34.0 } else { 0.0 };
    let labelled = labels_bands(figure, medium);
    for Band { name, from, to } in &figure.bands {
        let (x0, x1) = (frame.x.at(*from as f64), frame.x.at(*to as f64));
        let class = theme::band(name);
        svg.rect(
            (x0, frame.top),
            (x1 - x0, frame.bottom - frame.top),
            &format!("{class} veil"),
        );
        if labelled {
            svg.rect((x0, top), (x1 - x0, 18.0), class);
            if let Some(text) = fitting(name, x1 - x0) {
                svg.text(((x0 + x1) / 2.0, top + 13.0), "in", "middle", text);
            }
        }
    }
}

/// The name of a stage, its numeral if the name does not fit, or nothing.
pub(crate) fn fitting(name: &str, room: f64) -> Option<&str> {
    let numeral = match name {
        "lazy" => "I",
        "independent" => "II",
        "interactive" => "III",
        _ => "…",
    };
    [name, numeral]
        .into_iter()
        .find(|text| text_width(text, FONT) + 4.0 <= room)
}

fn axes(svg: &mut Svg, figure: &Figure, frame: &Frame, medium: Medium) {
    let count = ((frame.bottom - frame.top) / 26.0).round() as usize;
    let whole = counts(figure);
    let ticks = frame.y.ticks(count, figure.format).into_iter();
    for tick in ticks.filter(|t| !whole || t.value.fract() == 0.0) {
        let y = frame.y.at(tick.value);
        svg.line((frame.x.range.0, y), (frame.x.range.1, y), "grid");
        svg.text((frame.x.range.0 - 6.0, y + 4.0), "tick", "end", &tick.label);
    }
    svg.line(
        (frame.x.range.0, frame.bottom),
        (frame.x.range.1, frame.bottom),
        "axis",
    );
    for tick in frame.x.epoch_ticks(FONT) {
        let x = frame.x.at(tick.value);
        svg.line((x, frame.bottom), (x, frame.bottom + 4.0), "axis");
        svg.text((x, frame.bottom + 17.0), "tick", "middle", &tick.label);
    }
    if labels_axis(figure, medium) {
        let middle = (frame.x.range.0 + frame.x.range.1) / 2.0;
        let at = (middle, frame.bottom + 34.0);
        svg.text(at, "tick", "middle", &figure.axis);
    }
}

fn level(svg: &mut Svg, figure: &Figure, frame: &Frame) {
    let Some((value, _)) = &figure.level else {
        return;
    };
    let y = frame.y.at(*value);
    svg.line((frame.x.range.0, y), (frame.x.range.1, y), "chance");
}

fn lines(svg: &mut Svg, figure: &Figure, frame: &Frame, medium: Medium) {
    let seeds = figure.series.first().map_or(0, |s| s.lines.len());
    // With many seeds the single line matters less, and the page must stay light.
    let column = (seeds as f64 / 6.0).clamp(1.0, 6.0);
    let place = |points: &[(u64, f64)]| -> Vec<(f64, f64)> {
        points
            .iter()
            .map(|(e, v)| (frame.x.at(*e as f64), frame.y.at(*v)))
            .collect()
    };
    for (i, series) in figure.series.iter().enumerate() {
        for line in series.lines.iter().filter(|_| seeds > 1) {
            path(
                svg,
                &decimate(&place(line), column),
                &format!("seed {}", line_class(i)),
                frame,
            );
        }
    }
    for (i, series) in figure.series.iter().enumerate() {
        let step = if medium == Medium::Narrow { 0.7 } else { 1.0 };
        // The only seed is its own median, and its line has every reading.
        let points = if seeds == 1 {
            &series.lines[0]
        } else {
            &series.median
        };
        path(
            svg,
            &decimate(&place(points), step),
            &format!("median {}", line_class(i)),
            frame,
        );
    }
}

fn line_class(i: usize) -> String {
    format!(
        "l{}{}",
        i % theme::LINES,
        if i < theme::LINES { "" } else { " dash" }
    )
}

/// A line, or a short dash where there is but one point.
fn path(svg: &mut Svg, points: &[(f64, f64)], class: &str, frame: &Frame) {
    if let [(x, y)] = points {
        let start = (x - 3.0).max(frame.x.range.0);
        svg.path(&polyline(&[(start, *y), (start + 6.0, *y)]), class);
    } else {
        svg.path(&polyline(points), class);
    }
}

/// The picture in words, for those who cannot see it.
fn describe(figure: &Figure) -> String {
    let write = |v: f64| figure.format.write(v);
    let series = figure.series.iter().filter_map(|s| {
        let ((_, first), (_, last)) = (s.median.first()?, s.median.last()?);
        Some(format!(
            " {}: from {} to {}.",
            s.label,
            write(*first),
            write(*last)
        ))
    });
    let marks = figure.marks.iter().map(|m| format!(" {}.", m.label));
    let bands = figure.bands.iter().map(|b| {
        format!(
            " Stage {}: {} to {}.",
            b.name,
            grouped(b.from),
            grouped(b.to)
        )
    });
    let all: String = series.chain(marks).chain(bands).collect();
    format!(
        "Lines over epochs 0 to {}, log scale.{all}",
        grouped(figure.last)
    )
}
