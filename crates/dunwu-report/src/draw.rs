//! Figures to SVG.

use crate::figure::{Band, Figure, Mark};
use crate::scale::{Scale, Spread};
use crate::svg::{Svg, decimate, polyline, px, spread_labels};
use crate::text::{grouped, number, text_width};
use crate::theme;

/// Where a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    /// In the page, on a wide screen or paper.
    Wide,
    /// In the page, on a phone.
    Narrow,
    /// In a file of its own.
    File,
}

impl Medium {
    pub(crate) fn width(self) -> f64 {
        if self == Medium::Narrow { 360.0 } else { 900.0 }
    }

    pub(crate) fn left(self) -> f64 {
        if self == Medium::Narrow { 46.0 } else { 58.0 }
    }

    pub(crate) fn right(self) -> f64 {
        self.width() - if self == Medium::Narrow { 62.0 } else { 84.0 }
    }

    pub(crate) fn class(self) -> &'static str {
        match self {
            Medium::Wide => "pic wide",
            Medium::Narrow => "pic narrow",
            Medium::File => "pic",
        }
    }

    fn plot_height(self, figure: &Figure) -> f64 {
        let tall = match figure.name.as_str() {
            "accuracy" => 2.3,
            "loss" => 1.5,
            _ => 1.0,
        };
        tall * if self == Medium::Narrow { 86.0 } else { 104.0 }
    }

    /// The scale of epochs, the same in all charts.
    pub(crate) fn epochs(self, last: u64) -> Scale {
        Scale {
            spread: Spread::Epoch,
            domain: (0.0, last.max(1) as f64),
            range: (self.left(), self.right()),
        }
    }
}

const FONT: f64 = 12.0;

/// The places of a chart's parts.
struct Frame {
    x: Scale,
    y: Scale,
    top: f64,
    bottom: f64,
    height: f64,
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

/// Opens a picture with its title, description and, in a file, its rules and ground.
pub(crate) fn start(
    svg: &mut Svg,
    medium: Medium,
    height: f64,
    id: &str,
    title: &str,
    description: &str,
    last: Option<u64>,
) {
    let view = format!("0 0 {} {}", px(medium.width()), px(height));
    let (title_id, desc_id) = (format!("{id}-t"), format!("{id}-d"));
    let labels = format!("{title_id} {desc_id}");
    let (left, right) = (px(medium.left()), px(medium.right()));
    let epochs = last.map(|l| l.to_string());
    let mut attributes = vec![
        ("class", medium.class()),
        ("viewBox", &view),
        ("role", "img"),
        ("aria-labelledby", &labels),
    ];
    let (width, tall) = (px(medium.width()), px(height));
    if medium == Medium::File {
        attributes.extend([
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("width", &width),
            ("height", &tall),
        ]);
    } else if let Some(epochs) = &epochs {
        attributes.extend([
            ("data-left", left.as_str()),
            ("data-right", &right),
            ("data-last", epochs),
        ]);
    }
    svg.open("svg", &attributes);
    svg.element("title", &[("id", &title_id)], title);
    svg.element("desc", &[("id", &desc_id)], description);
    if medium == Medium::File {
        svg.open("style", &[]);
        svg.raw(&theme::standalone());
        svg.close("style");
        svg.rect((0.0, 0.0), (medium.width(), height), "paper");
    }
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
    for tick in frame.y.ticks(count, figure.format) {
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
        let text = "epoch (log scale)";
        svg.text((middle, frame.bottom + 34.0), "tick", "middle", text);
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

/// The row of each mark's label, so that labels of one row do not meet.
fn mark_rows(marks: &[Mark], x: &Scale) -> Vec<usize> {
    let mut ends: Vec<f64> = Vec::new();
    let mut rows = Vec::new();
    for mark in marks {
        let (start, end) = mark_extent(mark, x);
        let row = ends.iter().position(|e| *e <= start).unwrap_or(ends.len());
        if row == ends.len() {
            ends.push(end);
        } else {
            ends[row] = end;
        }
        rows.push(row);
    }
    rows
}

/// From where to where a mark's label goes: centred on its epoch, kept inside the plot.
fn mark_extent(mark: &Mark, x: &Scale) -> (f64, f64) {
    let width = text_width(&mark.label, FONT) + 8.0;
    let start = (x.at(mark.epoch as f64) - width / 2.0)
        .min(x.range.1 - width)
        .max(x.range.0);
    (start, start + width)
}

fn marks(svg: &mut Svg, marks: &[Mark], frame: &Frame) {
    let rows = mark_rows(marks, &frame.x);
    let first = frame.top - 4.0 - rows.iter().max().map_or(0, |r| r + 1) as f64 * 17.0;
    for (mark, row) in marks.iter().zip(rows) {
        let x = frame.x.at(mark.epoch as f64);
        let (start, end) = mark_extent(mark, &frame.x);
        let y = first + row as f64 * 17.0 + 13.0;
        svg.text(((start + end) / 2.0, y), "strong", "middle", &mark.label);
        svg.line((x, y + 4.0), (x, frame.bottom), "mark");
    }
}

/// Labels at the right ends of the lines: the names of several series, the last value of a single one.
fn end_labels(svg: &mut Svg, figure: &Figure, frame: &Frame, medium: Medium) {
    let several = figure.series.len() > 1;
    let room = medium.width() - medium.right() - 6.0;
    let mut labels: Vec<(f64, String, String)> = Vec::new();
    for (i, series) in figure.series.iter().enumerate() {
        let ends = series
            .median
            .last()
            .or_else(|| series.lines.iter().find_map(|l| l.last()));
        let Some((_, value)) = ends else { continue };
        let text = if several {
            shortened(&series.label, room)
        } else {
            last_value(figure, *value)
        };
        labels.push((frame.y.at(*value), text, format!("t{}", i % theme::LINES)));
    }
    if let Some((value, name)) = figure.level.as_ref().filter(|_| several) {
        labels.push((frame.y.at(*value), name.clone(), "tick".into()));
    }
    let wanted: Vec<f64> = labels.iter().map(|l| l.0).collect();
    let placed = spread_labels(&wanted, 14.0, (frame.top + 2.0, frame.bottom - 2.0));
    for ((_, text, class), y) in labels.iter().zip(placed) {
        svg.text((frame.x.range.1 + 6.0, y + 4.0), class, "start", text);
    }
}

fn last_value(figure: &Figure, value: f64) -> String {
    match figure.format {
        crate::scale::Format::Number => number(value, 3),
        percent => percent.write(value),
    }
}

fn shortened(label: &str, room: f64) -> String {
    let mut text = label.to_owned();
    while text_width(&text, FONT) > room && text.chars().count() > 2 {
        text = text
            .chars()
            .take(text.chars().count() - 2)
            .chain(['…'])
            .collect();
    }
    text
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
