//! How alike hidden layers are: alignment, and the share of one subspace that lies in the other.

use super::canvas::Canvas;
use super::record::{ComparePage, Likeness, Representations};
use crate::drawing::Drawing;
use crate::medium::Medium;
use crate::plot::{Plot, Ticks, circle, linear};
use crate::summary::median;
use crate::text::{cut, number};

pub(super) const TITLE: &str = "How alike the hidden layers are";

/// Pairs of one kind between the same sides.
pub(super) struct Group<'a> {
    pub(super) label: String,
    pub(super) pairs: Vec<&'a Likeness>,
    colour: usize,
}

/// Pairs in groups, in the order of the record.
pub(super) fn groups(found: &Representations) -> Vec<Group<'_>> {
    let mut out: Vec<Group<'_>> = Vec::new();
    for pair in &found.pairs {
        let (a, b) = (&pair.first.0, &pair.second.0);
        let (label, colour) = match pair.kind.as_str() {
            "paired" => (format!("same seed: {a} · {b}"), 0),
            "across" => (format!("other seeds: {a} · {b}"), 1),
            _ => (format!("other seeds: {a} · itself"), 2),
        };
        match out.iter_mut().find(|g| g.label == label) {
            Some(group) => group.pairs.push(pair),
            None => out.push(Group {
                label,
                pairs: vec![pair],
                colour,
            }),
        }
    }
    out.sort_by_key(|g| g.colour);
    out
}

pub(super) fn middle(group: &Group<'_>, value: fn(&Likeness) -> f64) -> f64 {
    median(group.pairs.iter().map(|p| value(p)).collect()).unwrap_or(f64::NAN)
}

/// A number of a pair of networks.
type Pick = fn(&Likeness) -> f64;

const PANELS: [(&str, Pick); 2] = [
    ("alignment (linear CKA)", |p| p.alike.cka),
    ("share of the subspace in common", |p| p.alike.overlap),
];

pub(crate) fn draw(page: &ComparePage, medium: Medium) -> Vec<Drawing> {
    let Some(found) = &page.representations else {
        return vec![];
    };
    let groups = groups(found);
    let row = if medium == Medium::Narrow { 44.0 } else { 24.0 };
    let tall = row * groups.len() as f64;
    let panels = if medium == Medium::Narrow { 2.0 } else { 1.0 };
    let text: String = groups
        .iter()
        .map(|g| {
            format!(
                " {}: alignment {}, in common {}.",
                g.label,
                number(middle(g, PANELS[0].1), 3),
                number(middle(g, PANELS[1].1), 3)
            )
        })
        .collect();
    let text = format!("A dot a pair of networks; a bar at the median.{text}");
    let mut canvas = Canvas::new(
        medium,
        "likeness",
        TITLE,
        &text,
        &[],
        panels * (tall + 78.0),
    );
    for (i, (label, value)) in PANELS.iter().enumerate() {
        let (top, range) = place(&canvas, i, tall);
        let plot = Plot::new(
            linear((0.0, 1.0), range),
            linear((0.1, 0.9), (top + tall, top)),
        );
        let x = super::canvas::axis(label, Ticks::Every(0.25));
        plot.frame(
            &mut canvas.svg,
            x,
            super::canvas::axis("", Ticks::Every(1e9)),
        );
        for (g, group) in groups.iter().enumerate() {
            let y = top + row * g as f64;
            let label = (i == 0 || medium == Medium::Narrow).then_some(group.label.as_str());
            draw_group(&mut canvas, &plot, group, (y, row), label, *value);
            if i == 1 {
                let chance = plot.x.at(middle(group, |p| p.alike.chance));
                canvas
                    .svg
                    .line((chance, y + row - 18.0), (chance, y + row - 4.0), "mark");
            }
        }
    }
    vec![canvas.finish()]
}

/// Top and range of a panel: side by side where there is room.
fn place(canvas: &Canvas, panel: usize, tall: f64) -> (f64, (f64, f64)) {
    let top = canvas.top + 16.0;
    match (canvas.medium, panel) {
        (Medium::Narrow, _) => (top + (tall + 78.0) * panel as f64, (16.0, 344.0)),
        (_, 0) => (top, (320.0, 580.0)),
        _ => (top, (620.0, 880.0)),
    }
}

fn draw_group(
    canvas: &mut Canvas,
    plot: &Plot,
    group: &Group<'_>,
    (top, row): (f64, f64),
    label: Option<&str>,
    value: fn(&Likeness) -> f64,
) {
    let y = top + row - 11.0;
    let (left, right) = plot.x.range;
    canvas.svg.line((left, y), (right, y), "grid");
    if let Some(label) = label {
        let (x, at, room) = match canvas.medium {
            Medium::Narrow => (left, top + 14.0, 330.0),
            _ => (8.0, y + 4.0, 300.0),
        };
        let class = format!("t{}", group.colour);
        canvas.svg.text((x, at), &class, "start", &cut(label, room));
    }
    let fill = format!("fill{}", group.colour);
    for pair in &group.pairs {
        circle(&mut canvas.svg, (plot.x.at(value(pair)), y), 3.6, &fill);
    }
    let at = plot.x.at(middle(group, value));
    canvas.svg.line(
        (at, y - 8.0),
        (at, y + 8.0),
        &format!("median l{}", group.colour),
    );
}
