//! Labels of marks and of line ends, placed so that none covers another.

use crate::draw::{FONT, Frame};
use crate::figure::{Figure, Mark};
use crate::medium::Medium;
use crate::scale::{Format, Scale};
use crate::svg::{Svg, spread_labels};
use crate::text::{cut, number, text_width};
use crate::theme;

/// The row of each mark's label, so that labels of one row do not meet.
pub(crate) fn mark_rows(marks: &[Mark], x: &Scale) -> Vec<usize> {
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

pub(crate) fn marks(svg: &mut Svg, marks: &[Mark], frame: &Frame) {
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
pub(crate) fn end_labels(svg: &mut Svg, figure: &Figure, frame: &Frame, medium: Medium) {
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
            cut(&series.label, room)
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
        Format::Number => number(value, 3),
        percent => percent.write(value),
    }
}
