//! A strip a number: what was published, what it may be, and one dot a seed.

use super::record::{ReproductionNumber, ReproductionPage, ReproductionRow};
use super::words::{measured, tolerance, verdict_words};
use crate::drawing::{Drawing, Title, file_name, title_room};
use crate::medium::Medium;
use crate::plot::circle;
use crate::scale::{Format, Scale, Spread};
use crate::svg::{Svg, px};
use crate::text::{cut, number, text_width};

/// Height of a strip, its words and ticks within.
const STRIP: f64 = 70.0;

/// Dots of a strip are stacked so many levels high.
const LEVELS: usize = 3;

pub(crate) fn draw(page: &ReproductionPage, medium: Medium) -> Vec<Drawing> {
    let rows = page.rows.iter().enumerate();
    rows.filter_map(|(i, r)| one(r, i, medium)).collect()
}

pub(crate) fn id(row: &ReproductionRow, i: usize) -> String {
    format!("row{}-{}", i + 1, file_name(&row.id))
}

pub(crate) fn title(row: &ReproductionRow) -> String {
    format!("{}, published and measured", row.id)
}

/// The picture of row i; None if none of its numbers can be drawn.
pub(crate) fn one(row: &ReproductionRow, i: usize, medium: Medium) -> Option<Drawing> {
    let drawn: Vec<&ReproductionNumber> = row.numbers.iter().filter(|n| n.is_drawn()).collect();
    if drawn.is_empty() {
        return None;
    }
    let (name, title) = (id(row, i), title(row));
    let description: String = drawn.iter().map(|n| describe(n)).collect();
    let title = Title {
        name: &name,
        title: &title,
        description: &description,
    };
    let top = title_room(medium) + 20.0;
    let mut svg = title.begin(medium, top + STRIP * drawn.len() as f64 + 2.0);
    key(&mut svg, medium);
    for (k, n) in drawn.iter().enumerate() {
        strip(&mut svg, n, top + STRIP * k as f64, medium);
    }
    Some(title.end(svg))
}

/// What the marks mean.
fn key(svg: &mut Svg, medium: Medium) {
    let y = title_room(medium) + 13.0;
    svg.rect((8.0, y - 10.0), (16.0, 12.0), "done");
    svg.text((29.0, y), "tick", "start", "holds here");
    diamond(svg, (116.0, y - 4.0));
    svg.text((126.0, y), "tick", "start", "published");
    circle(svg, (208.0, y - 4.0), 3.4, "fill0");
    svg.text((217.0, y), "tick", "start", "a seed");
    svg.line((276.0, y - 11.0), (276.0, y + 2.0), "median l0");
    svg.text((283.0, y), "tick", "start", "measured");
}

fn diamond(svg: &mut Svg, (x, y): (f64, f64)) {
    let data = format!("M{} {}l6 6l-6 6l-6 -6z", px(x), px(y - 6.0));
    svg.path(&data, "said rim");
}

fn scale(n: &ReproductionNumber, range: (f64, f64)) -> Scale {
    let (low, high) = n
        .all()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
            (l.min(v), h.max(v))
        });
    let spread = if n.is_log() {
        Spread::Log
    } else {
        Spread::Linear
    };
    let domain = if n.is_log() {
        let pad = libm::pow(high / low, 0.1).max(1.3);
        (low / pad, high * pad)
    } else {
        let pad = if high > low {
            0.12 * (high - low)
        } else {
            (0.1 * high.abs()).max(0.1)
        };
        (low - pad, high + pad)
    };
    Scale {
        spread,
        domain,
        range,
    }
}

fn strip(svg: &mut Svg, n: &ReproductionNumber, top: f64, medium: Medium) {
    let (left, right) = (10.0, medium.width() - 10.0);
    let x = scale(n, (left, right));
    heading(svg, n, top + 12.0, (left, right));
    let (up, down) = (top + 23.0, top + 47.0);
    svg.rect((left, up), (right - left, down - up), "lazy");
    if n.low.is_some() || n.high.is_some() {
        let from = n.low.map_or(left, |l| x.at(l));
        let to = n.high.map_or(right, |h| x.at(h));
        // A tolerance of no width is still to be seen.
        svg.rect(
            (from - 1.0, up),
            ((to - from + 2.0).max(2.0), down - up),
            "done",
        );
    }
    if let Some(m) = n.measured {
        svg.line((x.at(m), up - 2.0), (x.at(m), down + 2.0), "median l0");
    }
    dots(svg, n, &x, down);
    if let Some(p) = n.published_number {
        // Above the dots, so that it hides none.
        diamond(svg, (x.at(p), up + 1.0));
    }
    ticks(svg, &x, down, medium);
}

/// What it is, and the verdict at the right.
fn heading(svg: &mut Svg, n: &ReproductionNumber, y: f64, (left, right): (f64, f64)) {
    let verdict = n.verdict.map_or("not judged", verdict_words);
    let room = right - left - text_width(verdict, 12.0) - 12.0;
    svg.text((left, y), "strong", "start", &cut(&n.what, room));
    svg.text((right, y), "tick", "end", verdict);
}

/// Seeds from below, those that meet one above another.
fn dots(svg: &mut Svg, n: &ReproductionNumber, x: &Scale, down: f64) {
    let mut places: Vec<f64> = n.seeds.iter().map(|s| x.at(*s)).collect();
    places.sort_by(f64::total_cmp);
    let mut near: Vec<f64> = Vec::new();
    for at in places {
        near.retain(|other| at - other < 7.0);
        let level = (near.len() % LEVELS) as f64;
        near.push(at);
        circle(svg, (at, down - 4.5 - 7.0 * level), 3.4, "fill0 rim");
    }
}

fn ticks(svg: &mut Svg, x: &Scale, y: f64, medium: Medium) {
    let count = if medium == Medium::Narrow { 3 } else { 6 };
    for tick in x.ticks(count, Format::Number) {
        let at = x.at(tick.value);
        let half = text_width(&tick.label, 12.0) / 2.0;
        if at - half >= x.range.0 - 8.0 && at + half <= x.range.1 + 8.0 {
            svg.line((at, y), (at, y + 3.0), "axis");
            svg.text((at, y + 15.0), "tick", "middle", &tick.label);
        }
    }
}

fn describe(n: &ReproductionNumber) -> String {
    let published = n.published_number.map_or("–".into(), |p| number(p, 4));
    format!(
        " {}: published {published}, holds at {}, measured {}.",
        n.what,
        tolerance(n),
        measured(n)
    )
}
