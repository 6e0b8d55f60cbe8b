//! Lengths of rival explanations over the epochs, and which is the shortest.

use super::record::{Learned, LearnedMoment};
use crate::drawing::Drawing;
use crate::medium::{Medium, start};
use crate::plot::{Axis, Plot, Ticks};
use crate::scale::{Format, Scale, Spread};
use crate::svg::{Svg, spread_labels};
use crate::text::{cut, epoch_axis, grouped, text_width};

pub(super) const TITLE: &str = "Which explanation of the answers is the shortest";

/// The rivals, what each says, and the colour of its line.
pub(super) const RIVALS: &[(&str, &str, usize)] = &[
    ("formula", "a sum of features, and exceptions to it", 2),
    ("literal", "every answer by itself", 4),
    (
        "pruned",
        "the fewest loud nodes that still give the answers",
        0,
    ),
    (
        "table",
        "the training rows by heart, the rest one by one",
        1,
    ),
    (
        "weights",
        "all live nodes with rounded weights, and exceptions",
        3,
    ),
];

pub(super) fn colour(name: &str) -> usize {
    RIVALS.iter().find(|r| r.0 == name).map_or(4, |r| r.2)
}

/// The shortest explanation of a checkpoint. A formula that does not hold is one with many exceptions.
pub(super) fn shortest(moment: &LearnedMoment) -> (&str, &'static str) {
    let is_loose = moment.shortest == "formula" && !moment.formula_holds;
    let note = if is_loose { " with exceptions" } else { "" };
    (&moment.shortest, note)
}

/// A stretch over which one explanation is the shortest: where it begins, its name, and a note.
pub(super) type Change<'a> = (u64, &'a str, &'static str);

/// Epochs at which the shortest explanation becomes another one; the first is where it begins.
pub(super) fn changes(moments: &[LearnedMoment]) -> Vec<Change<'_>> {
    let mut out: Vec<Change<'_>> = Vec::new();
    for moment in moments {
        let (name, note) = shortest(moment);
        if out.last().is_none_or(|(_, n, o)| (*n, *o) != (name, note)) {
            out.push((moment.epoch, name, note));
        }
    }
    out
}

pub(super) fn draw(learned: &Learned, medium: Medium) -> Vec<Drawing> {
    let moments = &learned.moments;
    let Some((plot, foot)) = plot(moments, medium) else {
        return vec![];
    };
    let mut svg = Svg::default();
    let id = format!("lengths-{}", medium.class().replace("pic", "").trim());
    start(&mut svg, medium, foot, &id, TITLE, &describe(moments), None);
    if medium == Medium::File {
        svg.text((12.0, 22.0), "title", "start", TITLE);
    }
    band(&mut svg, moments, &plot);
    let label = epoch_axis(learned.epoch_updates);
    let epochs = Axis {
        label: &label,
        format: Format::Number,
        ticks: Ticks::Epochs,
    };
    let bits = Axis {
        label: "bits, log scale",
        format: Format::Number,
        ticks: Ticks::About(6),
    };
    plot.axes(&mut svg, epochs, bits);
    lines(&mut svg, moments, &plot, medium);
    svg.close("svg");
    vec![Drawing {
        name: "lengths".into(),
        svg: svg.finish(),
    }]
}

fn plot(moments: &[LearnedMoment], medium: Medium) -> Option<(Plot, f64)> {
    let last = moments.last()?.epoch;
    let bits = moments.iter().flat_map(|m| m.lengths.iter().map(|l| l.1));
    let (low, high) = bits
        .filter(|b| *b > 0.0)
        .fold((f64::INFINITY, 0.0f64), |(l, h), b| (l.min(b), h.max(b)));
    if high <= 0.0 {
        return None;
    }
    let title = if medium == Medium::File { 34.0 } else { 0.0 };
    let top = title + 44.0;
    let tall = if medium == Medium::Narrow {
        210.0
    } else {
        260.0
    };
    let pad = (high / low).powf(0.06).max(1.15);
    let y = Scale {
        spread: Spread::Log,
        domain: (low / pad, high * pad),
        range: (top + tall, top),
    };
    Some((Plot::new(medium.epochs(last), y), top + tall + 42.0))
}

/// The shortest explanation, from change to change, above the chart.
fn band(svg: &mut Svg, moments: &[LearnedMoment], plot: &Plot) {
    let all = changes(moments);
    let (top, bottom) = (plot.y.range.1, plot.y.range.0);
    for (i, (epoch, name, note)) in all.iter().enumerate() {
        let from = plot.x.at(*epoch as f64);
        let to = all
            .get(i + 1)
            .map_or(plot.x.range.1, |(next, _, _)| plot.x.at(*next as f64));
        let class = format!("fill{}", colour(name));
        svg.rect(
            (from, top - 42.0),
            (to - from, 18.0),
            &format!(
                "{class} {}",
                if note.is_empty() { "tint" } else { "pale tint" }
            ),
        );
        let (text, plain) = (format!("shortest: {name}{note}"), format!("{name}{note}"));
        let fit = [text.as_str(), &plain, name]
            .into_iter()
            .find(|t| text_width(t, 12.0) + 6.0 <= to - from);
        if let Some(text) = fit {
            svg.text(((from + to) / 2.0, top - 29.0), "in", "middle", text);
        }
        if i > 0 {
            svg.line((from, top - 42.0), (from, bottom), "mark");
        }
    }
}

fn lines(svg: &mut Svg, moments: &[LearnedMoment], plot: &Plot, medium: Medium) {
    let mut labels: Vec<(f64, &str, usize)> = Vec::new();
    for (name, _, colour) in RIVALS {
        let points: Vec<(f64, f64)> = moments
            .iter()
            .filter_map(|m| {
                let length = m.lengths.iter().find(|l| l.0 == *name)?;
                Some((m.epoch as f64, length.1))
            })
            .collect();
        plot.line(svg, &points, &format!("l{colour}"));
        for point in &points {
            plot.dot(svg, *point, 2.6, &format!("fill{colour}"));
        }
        labels.extend(points.last().map(|p| (plot.y.at(p.1), *name, *colour)));
    }
    let wanted: Vec<f64> = labels.iter().map(|l| l.0).collect();
    let room = (plot.y.range.1 + 2.0, plot.y.range.0 - 2.0);
    let placed = spread_labels(&wanted, 14.0, room);
    for ((_, name, colour), y) in labels.iter().zip(placed) {
        let name = cut(name, medium.width() - plot.x.range.1 - 6.0);
        svg.text(
            (plot.x.range.1 + 6.0, y + 4.0),
            &format!("t{colour}"),
            "start",
            &name,
        );
    }
}

fn describe(moments: &[LearnedMoment]) -> String {
    let one = |(epoch, name, note): &Change<'_>| {
        format!(" From epoch {}: {name}{note}.", grouped(*epoch))
    };
    let all: String = changes(moments).iter().map(one).collect();
    format!("Bits that each explanation of all answers takes, by epoch. The shortest:{all}")
}
