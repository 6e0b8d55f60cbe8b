//! Borders against size on logarithmic axes, with the candidate laws through them.

use super::record::{BorderLaw, BorderLaws, BorderPage, Estimate};
use super::words::estimate;
use crate::drawing::{Drawing, Title, title_room};
use crate::medium::Medium;
use crate::plot::{Axis, Plot, Ticks, circle};
use crate::scale::{Format, Scale, Spread};
use crate::svg::{Svg, polyline, px, spread_labels};
use crate::text::cut;
use crate::theme::GROUPS;

pub(crate) const TITLE: &str = "The border against the size of the group";

pub(crate) fn draw(page: &BorderPage, medium: Medium) -> Vec<Drawing> {
    page.laws
        .iter()
        .filter_map(|l| draw_one(l, medium))
        .collect()
}

/// The laws that have a colour.
pub(crate) fn drawn(laws: &BorderLaws) -> &[BorderLaw] {
    &laws.laws[..laws.laws.len().min(GROUPS)]
}

/// The picture; None without a border.
pub(crate) fn draw_one(laws: &BorderLaws, medium: Medium) -> Option<Drawing> {
    if laws.points.is_empty() || !laws.is_consistent() {
        return None;
    }
    let description = describe(laws);
    let title = Title {
        name: "laws",
        title: TITLE,
        description: &description,
    };
    let plot = plot(laws, medium);
    let mut svg = title.begin(medium, plot.y.range.0 + 42.0);
    let axis = |label, ticks| Axis {
        label,
        format: Format::Number,
        ticks: Ticks::About(ticks),
    };
    plot.axes(
        &mut svg,
        axis("order of the group M (log scale)", 5),
        axis("training fraction at the border (log scale)", 6),
    );
    lines(&mut svg, laws, &plot, medium);
    points(&mut svg, laws, &plot);
    key(&mut svg, laws, medium);
    Some(title.end(svg))
}

fn plot(laws: &BorderLaws, medium: Medium) -> Plot {
    let points = laws.points.iter().map(|p| (p.order, p.border));
    let said = laws.predictions.iter().map(|p| (p.order, p.predicted));
    let found = laws
        .predictions
        .iter()
        .filter_map(|p| Some((p.order, p.measured?)));
    let all: Vec<(usize, Estimate)> = points.chain(said).chain(found).collect();
    let span = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
            (l.min(v), h.max(v))
        })
    };
    let (m0, m1) = span(&mut all.iter().map(|a| a.0 as f64));
    let (p0, p1) = span(&mut all.iter().flat_map(|a| [a.1.low, a.1.high]));
    let narrow = medium == Medium::Narrow;
    let top = title_room(medium) + if narrow { 86.0 } else { 50.0 };
    let tall = if narrow { 260.0 } else { 340.0 };
    let right = medium.width() - if narrow { 84.0 } else { 130.0 };
    let scale = |domain, range| Scale {
        spread: Spread::Log,
        domain,
        range,
    };
    Plot::new(
        scale((m0 / 1.12, m1 * 1.12), (medium.left() + 4.0, right)),
        scale((p0 / 1.15, p1 * 1.15), (top + tall, top)),
    )
}

/// The part of a law that lies inside the picture.
fn inside(law: &BorderLaw, plot: &Plot) -> Vec<(f64, f64)> {
    let (x, y) = (plot.x.domain, plot.y.domain);
    let seen = |(m, p): &&(f64, f64)| *m >= x.0 && *m <= x.1 && *p >= y.0 && *p <= y.1;
    law.line.iter().filter(seen).copied().collect()
}

/// Survivors are solid, the others dashed.
fn lines(svg: &mut Svg, laws: &BorderLaws, plot: &Plot, medium: Medium) {
    let mut labels = Vec::new();
    for (i, law) in drawn(laws).iter().enumerate() {
        let points = inside(law, plot);
        let class = if law.survives { "median" } else { "dash" };
        svg.path(&polyline(&plot.place(&points)), &format!("{class} l{i}"));
        if let Some(last) = points.last() {
            labels.push((i, plot.x.at(last.0), plot.y.at(last.1)));
        }
    }
    let wanted: Vec<f64> = labels.iter().map(|l| l.2).collect();
    let edges = (plot.y.range.1 + 2.0, plot.y.range.0 - 2.0);
    for ((i, ..), y) in labels.iter().zip(spread_labels(&wanted, 14.0, edges)) {
        let x = plot.x.range.1 + 6.0;
        let text = cut(&laws.laws[*i].form, medium.width() - x - 2.0);
        svg.text((x, y + 4.0), &format!("t{i}"), "start", &text);
    }
}

/// An interval as a bar.
fn bar(svg: &mut Svg, plot: &Plot, x: f64, e: &Estimate, class: &str) {
    svg.line((x, plot.y.at(e.low)), (x, plot.y.at(e.high)), class);
}

fn points(svg: &mut Svg, laws: &BorderLaws, plot: &Plot) {
    for p in &laws.predictions {
        let x = plot.x.at(p.order as f64);
        bar(svg, plot, x, &p.predicted, "stem");
        diamond(svg, (x, plot.y.at(p.predicted.value)));
        if let Some(m) = p.measured {
            bar(svg, plot, x + 7.0, &m, "bar");
            circle(svg, (x + 7.0, plot.y.at(m.value)), 4.0, "ink");
        }
    }
    for p in &laws.points {
        let (x, y) = (plot.x.at(p.order as f64), plot.y.at(p.border.value));
        bar(svg, plot, x, &p.border, "bar");
        circle(svg, (x, y), 4.4, if p.held_back { "hole" } else { "ink" });
    }
}

fn diamond(svg: &mut Svg, (x, y): (f64, f64)) {
    let data = format!("M{} {}l5 5l-5 5l-5 -5z", px(x), px(y - 5.0));
    svg.path(&data, "said");
}

/// What the marks mean, those that occur.
fn key(svg: &mut Svg, laws: &BorderLaws, medium: Medium) {
    let top = title_room(medium) + 14.0;
    let narrow = medium == Medium::Narrow;
    let (mut x, mut y) = (medium.left() + 4.0, top);
    let mut next = |svg: &mut Svg, mark: &dyn Fn(&mut Svg, (f64, f64)), text: &str, room: f64| {
        if narrow && x + room > medium.width() {
            (x, y) = (medium.left() + 4.0, y + 18.0);
        }
        mark(svg, (x + 4.0, y - 4.0));
        svg.text((x + 14.0, y), "tick", "start", text);
        x += room;
    };
    next(svg, &|s, at| circle(s, at, 4.4, "ink"), "measured", 90.0);
    if laws.points.iter().any(|p| p.held_back) {
        next(
            svg,
            &|s, at| circle(s, at, 4.4, "hole"),
            "held back from the fit",
            170.0,
        );
    }
    if !laws.predictions.is_empty() {
        next(svg, &diamond, "said before training", 160.0);
    }
    if laws.laws.iter().any(|l| !l.survives) {
        let dash = |s: &mut Svg, (x, y): (f64, f64)| {
            s.path(&format!("M{} {}h14", px(x - 8.0), px(y)), "dash l1");
        };
        next(svg, &dash, "law that fell", 120.0);
    }
}

fn describe(laws: &BorderLaws) -> String {
    let points = laws.points.iter().map(|p| {
        let held = if p.held_back { ", held back" } else { "" };
        format!(" {}: {}{held}.", p.name, estimate(&p.border, 4))
    });
    let said = laws
        .predictions
        .iter()
        .map(|p| format!(" {} said: {}.", p.name, estimate(&p.predicted, 4)));
    let all: String = points.chain(said).collect();
    format!("Dots with intervals and a line a law.{all}")
}
