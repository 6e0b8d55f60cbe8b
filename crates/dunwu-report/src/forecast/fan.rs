//! One run: what was seen, and the fan of what may come.

use super::record::{ForecastFan, ForecastRow};
use crate::drawing::{Drawing, Title, file_name, title_room};
use crate::medium::Medium;
use crate::plot::{Axis, Plot, Ticks, linear};
use crate::scale::Format;
use crate::text::number;

pub(crate) fn id(i: usize, run: &ForecastRow) -> String {
    let plain: String = file_name(&run.id).chars().rev().take(40).collect();
    format!("fan{}-{}", i + 1, plain.chars().rev().collect::<String>())
}

pub(crate) fn title(run: &ForecastRow) -> String {
    format!("{}, {}: {}", run.id, run.metric, run.decision)
}

/// The picture of run i; None if there is nothing to draw, or its parts do not fit together.
pub(crate) fn one(run: &ForecastRow, i: usize, medium: Medium) -> Option<Drawing> {
    if !run.is_consistent() || run.seen.len() < 2 || run.fan.is_empty() {
        return None;
    }
    let (name, title, description) = (id(i, run), title(run), describe(run));
    let title = Title {
        name: &name,
        title: &title,
        description: &description,
    };
    let plot = plot(run, medium);
    let mut svg = title.begin(medium, plot.y.range.0 + 44.0);
    let narrow = medium == Medium::Narrow;
    let axis = |label, count| Axis {
        label,
        format: Format::Number,
        ticks: Ticks::About(count),
    };
    plot.axes(
        &mut svg,
        axis("step", if narrow { 4 } else { 8 }),
        axis(&run.metric, 5),
    );
    let fan = whole(run);
    for (low, high) in [(0, 4), (1, 3)] {
        let edge =
            |k: usize| -> Vec<(f64, f64)> { fan.iter().map(|f| (f.step, f.values[k])).collect() };
        plot.area(&mut svg, &edge(low), &edge(high), "fill0");
    }
    let median: Vec<(f64, f64)> = fan.iter().map(|f| (f.step, f.values[2])).collect();
    plot.line(&mut svg, &median, "l0 dash");
    let seen = drawn(run);
    plot.line(&mut svg, seen, "l1");
    if seen.len() <= 60 {
        seen.iter()
            .for_each(|p| plot.dot(&mut svg, *p, 2.5, "fill1"));
    }
    Some(title.end(svg))
}

/// What is drawn of what was seen: the fall of the first tenth of the readings would flatten all that is of interest.
pub(super) fn drawn(run: &ForecastRow) -> &[(f64, f64)] {
    &run.seen[run.seen.len() / 10..]
}

/// The fan with its beginning: the last value that was seen.
fn whole(run: &ForecastRow) -> Vec<ForecastFan> {
    let last = run.seen.last().map(|(step, value)| ForecastFan {
        step: *step,
        values: [*value; 5],
    });
    last.into_iter().chain(run.fan.iter().copied()).collect()
}

fn plot(run: &ForecastRow, medium: Medium) -> Plot {
    let ends = run.fan.iter().flat_map(|f| [f.values[0], f.values[4]]);
    let seen = drawn(run);
    let all = seen.iter().map(|p| p.1).chain(ends);
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| {
        (a.min(v), b.max(v))
    });
    // A curve that does not move is drawn as one.
    let pad = if high - low < 1e-5 * high.abs() {
        0.01 * high.abs()
    } else {
        0.05 * (high - low).max(1e-12)
    };
    let top = title_room(medium) + 26.0;
    let tall = if medium == Medium::Narrow {
        170.0
    } else {
        220.0
    };
    let x = (medium.left() + 6.0, medium.width() - 20.0);
    let steps = (seen[0].0, run.horizon.max(seen[0].0 + 1e-9));
    Plot::new(
        linear(steps, x),
        linear((low - pad, high + pad), (top + tall, top)),
    )
}

fn describe(run: &ForecastRow) -> String {
    let end = run.fan.last().map_or(String::new(), |f| {
        let at = |i: usize| number(f.values[i], 4);
        format!(
            " At step {} the median is {}, 90 % within {} to {}.",
            number(run.horizon, 6),
            at(2),
            at(0),
            at(4)
        )
    });
    format!(
        "A line of what was seen, {} readings, and a fan of what may come.{end} {}: {}.",
        run.points, run.decision, run.reason
    )
}
