//! Accuracy on held-out and on training examples over epochs, by group: medians and bands.

use super::record::{CurveBand, CurveSet, GroupCurve, SweepPage};
use crate::drawing::{Drawing, Title, title_room};
use crate::medium::Medium;
use crate::plot::{Axis, Plot, Ticks, linear};
use crate::scale::{Format, Scale, Spread};
use crate::svg::{Svg, spread_labels};
use crate::text::{cut, grouped, percent};
use crate::theme::GROUPS;

/// Epochs drawn and tabled at most, a group.
const POINTS: usize = 200;

pub(crate) fn draw(page: &SweepPage, medium: Medium) -> Vec<Drawing> {
    let sets = page.curves.iter().enumerate();
    sets.filter_map(|(i, set)| one(set, i, medium)).collect()
}

/// The title of a set's picture.
pub(crate) fn title(set: &CurveSet) -> String {
    format!("Accuracy over epochs, by {}", set.by)
}

/// The groups that are drawn.
pub(crate) fn drawn(set: &CurveSet) -> &[GroupCurve] {
    &set.groups[..set.groups.len().min(GROUPS)]
}

/// Indices of the epochs that are drawn: all, or evenly thinned ones with the first and the last.
pub(crate) fn kept(band: &CurveBand) -> Vec<usize> {
    let n = band.epochs.len();
    if n <= POINTS {
        return (0..n).collect();
    }
    (0..POINTS).map(|i| i * (n - 1) / (POINTS - 1)).collect()
}

/// The picture of set i; None without a point.
pub(crate) fn one(set: &CurveSet, i: usize, medium: Medium) -> Option<Drawing> {
    let groups = drawn(set);
    if !groups.iter().all(GroupCurve::is_consistent) {
        return None;
    }
    let bands = || groups.iter().flat_map(|g| [&g.test, &g.train]);
    let last = bands().filter_map(|b| b.epochs.last()).max().copied()?;
    let (name, title) = (format!("curves{}", i + 1), title(set));
    let description = describe(groups);
    let title = Title {
        name: &name,
        title: &title,
        description: &description,
    };
    let (upper, lower, foot) = plots(last, medium);
    let mut svg = title.begin(medium, foot);
    axes(&mut svg, &upper, "held-out examples answered rightly", "");
    axes(
        &mut svg,
        &lower,
        "training examples answered rightly",
        "epoch (log scale)",
    );
    for (plot, band) in [
        (
            &upper,
            (|g: &GroupCurve| &g.test) as fn(&GroupCurve) -> &CurveBand,
        ),
        (&lower, |g| &g.train),
    ] {
        for (g, group) in groups.iter().enumerate() {
            curve(&mut svg, plot, band(group), g);
        }
        names(&mut svg, plot, groups, band, medium);
    }
    Some(title.end(svg))
}

fn plots(last: u64, medium: Medium) -> (Plot, Plot, f64) {
    let narrow = medium == Medium::Narrow;
    let right = medium.width() - if narrow { 62.0 } else { 110.0 };
    let x = Scale {
        spread: Spread::Epoch,
        domain: (0.0, last.max(1) as f64),
        range: (medium.left(), right),
    };
    let (tall, flat) = if narrow {
        (190.0, 100.0)
    } else {
        (250.0, 120.0)
    };
    let top = title_room(medium) + 24.0;
    let second = top + tall + 50.0;
    let y = |top: f64, tall: f64| linear((0.0, 1.0), (top + tall, top));
    (
        Plot::new(x, y(top, tall)),
        Plot::new(x, y(second, flat)),
        second + flat + 42.0,
    )
}

fn axes(svg: &mut Svg, plot: &Plot, above: &str, below: &str) {
    plot.axes(
        svg,
        Axis {
            label: below,
            format: Format::Number,
            ticks: Ticks::Epochs,
        },
        Axis {
            label: above,
            format: Format::Percent,
            ticks: Ticks::About(5),
        },
    );
}

fn curve(svg: &mut Svg, plot: &Plot, band: &CurveBand, g: usize) {
    let kept = kept(band);
    let pick = |values: &[f64]| -> Vec<(f64, f64)> {
        kept.iter()
            .filter_map(|i| Some((band.epochs[*i] as f64, *values.get(*i)?)))
            .collect()
    };
    plot.area(
        svg,
        &pick(&band.low),
        &pick(&band.high),
        &format!("fill{g}"),
    );
    let dash = if g < 5 { "" } else { " dash" };
    plot.line(svg, &pick(&band.median), &format!("l{g}{dash}"));
}

fn names(
    svg: &mut Svg,
    plot: &Plot,
    groups: &[GroupCurve],
    band: fn(&GroupCurve) -> &CurveBand,
    medium: Medium,
) {
    let ends: Vec<(usize, f64)> = groups
        .iter()
        .enumerate()
        .filter_map(|(g, group)| Some((g, plot.y.at(*band(group).median.last()?))))
        .collect();
    let wanted: Vec<f64> = ends.iter().map(|e| e.1).collect();
    let edges = (plot.y.range.1 + 2.0, plot.y.range.0 - 2.0);
    let right = plot.x.range.1 + 8.0;
    for ((g, _), y) in ends.iter().zip(spread_labels(&wanted, 14.0, edges)) {
        let name = cut(&groups[*g].name, medium.width() - right - 2.0);
        svg.text((right, y + 4.0), &format!("t{g}"), "start", &name);
    }
}

fn describe(groups: &[GroupCurve]) -> String {
    let one = |g: &GroupCurve| {
        let at = |b: &CurveBand| {
            let end = b.epochs.last().zip(b.median.last());
            end.map_or("–".into(), |(e, v)| {
                format!("{} at epoch {}", percent(*v), grouped(*e))
            })
        };
        format!(
            " {}: held out {}, training {}.",
            g.name,
            at(&g.test),
            at(&g.train)
        )
    };
    let all: String = groups.iter().map(one).collect();
    format!("Medians over runs, shaded from the lower to the upper quartile.{all}")
}
