//! Heights of the two kinds of peaks against the share of the table that is kept.

use super::record::{LandscapePage, SampleHeights};
use super::words::{energy_title, span};
use crate::drawing::{Drawing, file_name};
use crate::medium::{Medium, start};
use crate::plot::{Axis, Plot, Ticks, linear};
use crate::scale::{Format, Scale, Spread};
use crate::summary::median;
use crate::svg::{Svg, spread_labels};
use crate::text::{number, percent, text_width};

/// Heights below this are no peak: the ground is flat there.
pub(crate) const FLAT: f64 = 1e-6;

/// One share of the table, over splits.
pub(crate) struct At<'a> {
    pub(crate) kept: f64,
    pub(crate) rows: usize,
    pub(crate) splits: Vec<&'a SampleHeights>,
}

/// Least, middle and largest value.
pub(crate) type Range = (f64, f64, f64);

impl At<'_> {
    /// The range of a value over splits; None where at most half of the splits have it.
    pub(crate) fn range(&self, value: &dyn Fn(&SampleHeights) -> Option<f64>) -> Option<Range> {
        let known: Vec<f64> = self.splits.iter().filter_map(|s| value(s)).collect();
        if 2 * known.len() <= self.splits.len() {
            return None;
        }
        let (low, high) = known
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
                (l.min(*v), h.max(*v))
            });
        median(known).map(|middle| (low, middle, high))
    }
}

/// The height of a peak that is one.
fn tall(height: Option<f64>) -> Option<f64> {
    height.filter(|h| *h > FLAT)
}

/// A line of a chart: its name, its colour and its value on a sample.
type Line = (
    &'static str,
    &'static str,
    fn(&SampleHeights) -> Option<f64>,
);

/// Heights of the highest peak that generalises and the highest that memorises.
pub(crate) const SIDES: [Line; 2] = [
    ("generalises", "2", |s| tall(s.generalising)),
    ("memorises", "1", |s| tall(s.memorising)),
];

/// Shares of climbs that end on a peak that generalises.
const CLIMBS: [Line; 2] = [
    ("survive", "2", |s| Some(s.survival)),
    ("of starts", "0", |s| Some(s.basin)),
];

/// The samples of one energy by share.
pub(crate) fn by_share<'a>(page: &'a LandscapePage, energy: &str) -> Vec<At<'a>> {
    let mut out: Vec<At<'a>> = Vec::new();
    for sample in page.samples.iter().filter(|s| s.energy == energy) {
        match out.iter_mut().find(|a| a.rows == sample.rows) {
            Some(at) => at.splits.push(sample),
            None => out.push(At {
                kept: sample.kept,
                rows: sample.rows,
                splits: vec![sample],
            }),
        }
    }
    out.sort_by_key(|a| a.rows);
    out
}

pub(crate) fn draw(page: &LandscapePage, medium: Medium) -> Vec<Drawing> {
    let energies = page.borders.iter().map(|b| b.energy.as_str());
    energies.filter_map(|e| one(page, e, medium)).collect()
}

fn one(page: &LandscapePage, energy: &str, medium: Medium) -> Option<Drawing> {
    let shares = by_share(page, energy);
    let title = format!("Height against data, energy {}", energy_title(energy));
    let name = format!("heights-{}", file_name(energy));
    let (upper, lower, foot) = plots(&shares, medium)?;
    let mut svg = Svg::default();
    let id = format!("{name}-{}", medium.class().replace("pic", "").trim());
    let text = describe(&shares, energy, page);
    start(&mut svg, medium, foot, &id, &title, &text, None);
    if medium == Medium::File {
        svg.text((12.0, 22.0), "title", "start", &title);
    }
    let kept = |label| Axis {
        label,
        format: Format::Percent,
        ticks: Ticks::About(if medium == Medium::Narrow { 5 } else { 9 }),
    };
    let height = Axis {
        label: "height of the highest peak, log scale",
        format: Format::Number,
        ticks: Ticks::About(6),
    };
    upper.axes(&mut svg, kept(""), height);
    let share = Axis {
        label: "climbs that end on a peak that generalises",
        format: Format::Percent,
        ticks: Ticks::About(2),
    };
    lower.axes(&mut svg, kept("share of the table that is kept"), share);
    crossing(&mut svg, page, energy, (&upper, &lower));
    for (plot, lines) in [(&upper, SIDES), (&lower, CLIMBS)] {
        draw_lines(&mut svg, plot, &shares, lines);
    }
    svg.close("svg");
    Some(Drawing {
        name,
        svg: svg.finish(),
    })
}

/// The upper chart, the lower one and the height of both.
fn plots(shares: &[At<'_>], medium: Medium) -> Option<(Plot, Plot, f64)> {
    let (first, last) = (shares.first()?.kept, shares.last()?.kept);
    let pad = if last > first {
        0.02 * (last - first)
    } else {
        0.05
    };
    // The names of the lines stand at their right.
    let right = medium.width() - 88.0;
    let x = linear((first - pad, last + pad), (medium.left(), right));
    let values = shares.iter().flat_map(|a| {
        SIDES
            .iter()
            .filter_map(|(_, _, value)| a.range(value))
            .flat_map(|(low, _, high)| [low, high])
    });
    let (low, high) = values.fold((f64::INFINITY, 0.0f64), |(l, h), v| (l.min(v), h.max(v)));
    let (low, high) = if high > 0.0 { (low, high) } else { (0.1, 1.0) };
    let pad = (high / low).powf(0.08).max(1.2);
    let title = if medium == Medium::File { 30.0 } else { 0.0 };
    let top = title + 40.0;
    let (tall, flat) = if medium == Medium::Narrow {
        (190.0, 70.0)
    } else {
        (240.0, 90.0)
    };
    let upper = Plot::new(
        x,
        Scale {
            spread: Spread::Log,
            domain: (low / pad, high * pad),
            range: (top + tall, top),
        },
    );
    let second = top + tall + 52.0;
    let lower = Plot::new(x, linear((0.0, 1.0), (second + flat, second)));
    Some((upper, lower, second + flat + 42.0))
}

/// The share at which the highest peaks change places, and its range.
fn crossing(svg: &mut Svg, page: &LandscapePage, energy: &str, (upper, lower): (&Plot, &Plot)) {
    let border = page.borders.iter().find(|b| b.energy == energy);
    let Some((low, middle, high)) = border.and_then(|b| span(&b.crossing)) else {
        return;
    };
    let at = |x: f64| upper.x.at(x);
    // The writing between the two charts stays free.
    for plot in [upper, lower] {
        let (bottom, top) = plot.y.range;
        let (left, wide) = (at(low), at(high) - at(low));
        svg.rect((left, top), (wide, bottom - top), "lazy veil");
        svg.line((at(middle), top), (at(middle), bottom), "mark");
    }
    let top = upper.y.range.1;
    let text = format!("they change places at {}", percent(middle));
    let half = text_width(&text, 12.0) / 2.0;
    let x = at(middle)
        .min(upper.x.range.1 - half + 60.0)
        .max(upper.x.range.0 + half);
    svg.text((x, top - 24.0), "strong", "middle", &text);
}

fn draw_lines(svg: &mut Svg, plot: &Plot, shares: &[At<'_>], lines: [Line; 2]) {
    let mut labels = Vec::new();
    for (label, colour, value) in lines {
        let known: Vec<(f64, Range)> = shares
            .iter()
            .filter_map(|a| Some((a.kept, a.range(&value)?)))
            .collect();
        let pick = |f: fn(&Range) -> f64| -> Vec<(f64, f64)> {
            known.iter().map(|(x, r)| (*x, f(r))).collect()
        };
        plot.area(
            svg,
            &pick(|r| r.0),
            &pick(|r| r.2),
            &format!("fill{colour}"),
        );
        let middle = pick(|r| r.1);
        plot.line(svg, &middle, &format!("l{colour}"));
        for point in &middle {
            plot.dot(svg, *point, 2.6, &format!("fill{colour}"));
        }
        labels.extend(middle.last().map(|p| (*p, label, colour)));
    }
    let wanted: Vec<f64> = labels.iter().map(|l| plot.y.at(l.0.1)).collect();
    let placed = spread_labels(&wanted, 14.0, (plot.y.range.1 + 2.0, plot.y.range.0 - 2.0));
    for ((point, label, colour), y) in labels.iter().zip(placed) {
        let x = plot.x.at(point.0) + 7.0;
        svg.text((x, y + 4.0), &format!("t{colour}"), "start", label);
    }
}

fn describe(shares: &[At<'_>], energy: &str, page: &LandscapePage) -> String {
    let border = page.borders.iter().find(|b| b.energy == energy);
    let places = border.and_then(|b| span(&b.crossing)).map_or_else(
        || " They do not change places in this range.".to_owned(),
        |(_, at, _)| format!(" They change places at {}.", percent(at)),
    );
    let ends: String = SIDES
        .iter()
        .filter_map(|(label, _, value)| {
            let known: Vec<f64> = shares
                .iter()
                .filter_map(|a| Some(a.range(value)?.1))
                .collect();
            let (first, last) = (known.first()?, known.last()?);
            Some(format!(
                " {label}: from {} to {}.",
                number(*first, 3),
                number(*last, 3)
            ))
        })
        .collect();
    format!("Highest peaks by the share of the table that is kept.{ends}{places}")
}
