//! One group: every run, what is believed of the share that generalises, and the border with its interval.

use super::record::{BorderPage, BorderRun, BorderSetting};
use super::words::{estimate, name};
use crate::drawing::{Drawing, Title, file_name, title_room};
use crate::medium::Medium;
use crate::plot::{Axis, Plot, Ticks, circle, linear};
use crate::scale::Format;
use crate::svg::Svg;
use crate::text::{counted, number, text_width};

/// Height of the lane of runs above the curve; its name stands over it.
const LANE: f64 = 34.0;

/// Height of the lane below, with its name.
const FOOT: f64 = 50.0;

pub(crate) fn draw(page: &BorderPage, medium: Medium) -> Vec<Drawing> {
    let settings = page.settings.iter().enumerate();
    settings.filter_map(|(i, s)| one(s, i, medium)).collect()
}

pub(crate) fn title(setting: &BorderSetting) -> String {
    match setting.border {
        Some(border) => format!(
            "{}: half generalise at {}",
            name(setting),
            estimate(&border, 4)
        ),
        None => format!("{}: the runs do not bracket the border", name(setting)),
    }
}

pub(crate) fn id(setting: &BorderSetting, i: usize) -> String {
    format!("border{}-{}", i + 1, file_name(&setting.name))
}

/// The picture of setting i; None if its parts do not fit together.
pub(crate) fn one(setting: &BorderSetting, i: usize, medium: Medium) -> Option<Drawing> {
    if !setting.is_consistent() {
        return None;
    }
    let (name, title) = (id(setting, i), title(setting));
    let description = describe(setting);
    let title = Title {
        name: &name,
        title: &title,
        description: &description,
    };
    let plot = plot(setting, medium);
    let mut svg = title.begin(medium, plot.y.range.0 + FOOT + 44.0);
    band(&mut svg, setting, &plot);
    plot.levels(
        &mut svg,
        Axis {
            label: "",
            format: Format::Percent,
            ticks: Ticks::About(4),
        },
    );
    foot(&mut svg, &plot, medium);
    curve(&mut svg, setting, &plot);
    lanes(&mut svg, setting, &plot);
    mark(&mut svg, setting, &plot);
    Some(title.end(svg))
}

fn plot(setting: &BorderSetting, medium: Medium) -> Plot {
    let grid = setting.grid.and_then(|g| g.border);
    let ends = setting
        .border
        .iter()
        .chain(&grid)
        .flat_map(|b| [b.low, b.high]);
    let all = setting.runs.iter().map(|r| r.fraction).chain(ends);
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
        (l.min(v), h.max(v))
    });
    let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
    let pad = (0.06 * (high - low)).max(0.01);
    let top = title_room(medium) + 26.0 + LANE;
    let tall = if medium == Medium::Narrow {
        150.0
    } else {
        190.0
    };
    let x = (medium.left() + 6.0, medium.width() - 14.0);
    Plot::new(
        linear((low - pad, high + pad), x),
        linear((0.0, 1.0), (top + tall, top)),
    )
}

/// The interval of the border, behind everything.
fn band(svg: &mut Svg, setting: &BorderSetting, plot: &Plot) {
    let (top, bottom) = (plot.y.range.1 - LANE, plot.y.range.0 + FOOT);
    if let Some(border) = setting.border {
        let (low, high) = (plot.x.at(border.low), plot.x.at(border.high));
        svg.rect(
            (low, top),
            ((high - low).max(1.0), bottom - top),
            "interactive",
        );
    }
}

/// The axis below the lower lane.
fn foot(svg: &mut Svg, plot: &Plot, medium: Medium) {
    let ((left, right), y) = (plot.x.range, plot.y.range.0 + FOOT);
    svg.line((left, y), (right, y), "axis");
    let count = if medium == Medium::Narrow { 5 } else { 10 };
    for tick in plot.x.ticks(count, Format::Number) {
        let x = plot.x.at(tick.value);
        svg.line((x, y), (x, y + 4.0), "axis");
        svg.text((x, y + 17.0), "tick", "middle", &tick.label);
    }
    let text = "training fraction";
    svg.text(((left + right) / 2.0, y + 34.0), "tick", "middle", text);
}

fn curve(svg: &mut Svg, setting: &BorderSetting, plot: &Plot) {
    let (from, to) = plot.x.domain;
    let seen: Vec<_> = setting
        .curve
        .iter()
        .filter(|p| p.fraction >= from && p.fraction <= to)
        .collect();
    let pick = |value: fn(&super::TransitionPoint) -> f64| -> Vec<(f64, f64)> {
        seen.iter().map(|p| (p.fraction, value(p))).collect()
    };
    plot.area(svg, &pick(|p| p.low), &pick(|p| p.high), "fill0");
    plot.line(svg, &pick(|p| p.share), "l0");
}

/// Runs that generalised above the curve, the others below; stopped ones are rings.
fn lanes(svg: &mut Svg, setting: &BorderSetting, plot: &Plot) {
    let (top, bottom) = (plot.y.range.1, plot.y.range.0);
    lane(svg, setting, plot, true, top - 8.0, -7.0);
    lane(svg, setting, plot, false, bottom + 8.0, 7.0);
    let left = plot.x.range.0;
    svg.text((left, top - LANE - 6.0), "t2", "start", "generalised");
    let y = bottom + FOOT - 5.0;
    svg.text((left, y), "t1", "start", "did not");
}

/// Dots at the same place are stacked, at most four high.
fn lane(svg: &mut Svg, setting: &BorderSetting, plot: &Plot, generalised: bool, y: f64, step: f64) {
    let mut runs: Vec<&BorderRun> = setting
        .runs
        .iter()
        .filter(|r| r.generalised == generalised)
        .collect();
    runs.sort_by(|a, b| a.fraction.total_cmp(&b.fraction).then(a.seed.cmp(&b.seed)));
    let colour = if generalised { 2 } else { 1 };
    let mut stack: Vec<f64> = Vec::new();
    for run in runs {
        let x = plot.x.at(run.fraction);
        stack.retain(|other| x - other < 7.0);
        let level = (stack.len() % 4) as f64;
        stack.push(x);
        let (radius, class) = if run.stopped.is_empty() {
            (3.2, format!("fill{colour}"))
        } else {
            (2.6, format!("open l{colour}"))
        };
        circle(svg, (x, y + step * level), radius, &class);
    }
}

fn mark(svg: &mut Svg, setting: &BorderSetting, plot: &Plot) {
    let (top, bottom) = (plot.y.range.1 - LANE, plot.y.range.0 + FOOT);
    if let Some(grid) = setting.grid.and_then(|g| g.border) {
        let (x, y) = (plot.x.at(grid.value), (plot.y.at(0.5)));
        let ends = (plot.x.at(grid.low), plot.x.at(grid.high));
        svg.line((ends.0, y), (ends.1, y), "median l3");
        circle(svg, (x, y), 4.5, "fill3 rim");
        svg.text((ends.1 + 8.0, y + 4.0), "t3", "start", "full grid");
    }
    if let Some(border) = setting.border {
        let x = plot.x.at(border.value);
        svg.line((x, top), (x, bottom), "mark");
        let text = format!("border {}", number(border.value, 4));
        let half = text_width(&text, 12.0) / 2.0;
        let at = x.clamp(plot.x.range.0 + 92.0 + half, plot.x.range.1 - half);
        svg.text((at, top - 6.0), "strong", "middle", &text);
    }
}

fn describe(setting: &BorderSetting) -> String {
    let there = setting.runs.iter().filter(|r| r.generalised).count();
    let runs = counted(setting.runs.len() as u64, "run");
    let border = setting
        .border
        .map_or("not bracketed".to_owned(), |b| estimate(&b, 4));
    format!("{runs}, {there} of them generalised. Border: {border}.")
}
