//! Share of runs that have not generalised yet, as steps over epochs, with marks where runs ended without it.

use super::record::{SurvivalGroup, SurvivalSet, SurvivalStep, SweepPage};
use crate::drawing::{Drawing, Title, title_room};
use crate::medium::Medium;
use crate::plot::{Axis, Plot, Ticks, linear};
use crate::scale::{Format, Scale, Spread};
use crate::svg::{Svg, polyline, spread_labels};
use crate::text::{cut, grouped, percent, short_epoch, text_width};
use crate::theme::GROUPS;

/// Steps drawn and tabled at most, a group.
const STEPS: usize = 300;

pub(crate) fn draw(page: &SweepPage, medium: Medium) -> Vec<Drawing> {
    let sets = page.survival.iter().enumerate();
    sets.filter_map(|(i, set)| one(set, i, medium)).collect()
}

/// The title of a set's picture.
pub(crate) fn title(set: &SurvivalSet) -> String {
    format!(
        "Share of runs that have not yet {}, by {}",
        set.event, set.by
    )
}

/// The groups that are drawn.
pub(crate) fn drawn(set: &SurvivalSet) -> &[SurvivalGroup] {
    &set.groups[..set.groups.len().min(GROUPS)]
}

/// The steps that are drawn: all, or evenly thinned ones with the last.
pub(crate) fn steps(group: &SurvivalGroup) -> Vec<SurvivalStep> {
    let n = group.steps.len();
    if n <= STEPS {
        return group.steps.clone();
    }
    (0..STEPS)
        .map(|i| group.steps[i * (n - 1) / (STEPS - 1)])
        .collect()
}

/// The picture of set i; None without a group.
pub(crate) fn one(set: &SurvivalSet, i: usize, medium: Medium) -> Option<Drawing> {
    let groups = drawn(set);
    if groups.is_empty() || !groups.iter().all(SurvivalGroup::is_consistent) {
        return None;
    }
    let (name, title) = (format!("survival{}", i + 1), title(set));
    let description = describe(set);
    let title = Title {
        name: &name,
        title: &title,
        description: &description,
    };
    let plot = plot(groups, medium);
    let bottom = plot.y.range.0;
    let foot = bottom + 62.0 + 15.0 * groups.len() as f64;
    let mut svg = title.begin(medium, foot);
    let label = cut(&format!("runs that have not yet {}", set.event), 300.0);
    plot.axes(
        &mut svg,
        Axis {
            label: "epoch (log scale)",
            format: Format::Number,
            ticks: Ticks::Epochs,
        },
        Axis {
            label: &label,
            format: Format::Percent,
            ticks: Ticks::About(5),
        },
    );
    for (g, group) in groups.iter().enumerate() {
        curve(&mut svg, &plot, group, g);
    }
    names(&mut svg, &plot, groups, medium);
    at_risk(&mut svg, &plot, groups);
    Some(title.end(svg))
}

fn plot(groups: &[SurvivalGroup], medium: Medium) -> Plot {
    let last = groups.iter().map(end).max().unwrap_or(1).max(1);
    let narrow = medium == Medium::Narrow;
    let left = if narrow { 56.0 } else { 96.0 };
    let right = medium.width() - if narrow { 62.0 } else { 110.0 };
    let x = Scale {
        spread: Spread::Epoch,
        domain: (0.0, last as f64),
        range: (left, right),
    };
    let top = title_room(medium) + 24.0;
    let tall = if narrow { 200.0 } else { 280.0 };
    Plot::new(x, linear((0.0, 1.0), (top + tall, top)))
}

/// The last epoch at which a group was watched.
fn end(group: &SurvivalGroup) -> u64 {
    let steps = group.steps.iter().map(|s| s.epoch);
    let watched = group.at_risk.iter().filter(|r| r.1 > 0).map(|r| r.0);
    steps
        .chain(group.censored.iter().copied())
        .chain(watched)
        .max()
        .unwrap_or(0)
}

/// Points of a staircase of one value of the steps.
fn stairs(group: &SurvivalGroup, value: fn(&SurvivalStep) -> f64) -> Vec<(f64, f64)> {
    let mut points = vec![(0.0, 1.0)];
    for step in steps(group) {
        let before = points[points.len() - 1].1;
        points.push((step.epoch as f64, before));
        points.push((step.epoch as f64, value(&step)));
    }
    let last = points[points.len() - 1].1;
    points.push((end(group) as f64, last));
    points
}

/// The share at an epoch.
pub(crate) fn share_at(group: &SurvivalGroup, epoch: u64) -> f64 {
    let until = group.steps.partition_point(|s| s.epoch <= epoch);
    until.checked_sub(1).map_or(1.0, |i| group.steps[i].share)
}

fn curve(svg: &mut Svg, plot: &Plot, group: &SurvivalGroup, g: usize) {
    let mut around = plot.place(&stairs(group, |s| s.high));
    around.extend(plot.place(&stairs(group, |s| s.low)).into_iter().rev());
    svg.path(&format!("{}z", polyline(&around)), &format!("area fill{g}"));
    let dash = if g < 5 { "" } else { " dash" };
    let line = plot.place(&stairs(group, |s| s.share));
    svg.path(&polyline(&line), &format!("median l{g}{dash}"));
    let mut ticks: Vec<(f64, f64)> = group
        .censored
        .iter()
        .map(|e| (plot.x.at(*e as f64), plot.y.at(share_at(group, *e))))
        .collect();
    ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
    ticks.dedup_by_key(|t| (t.0 * 2.0).round() as i64);
    for (x, y) in ticks {
        svg.line((x, y - 6.0), (x, y + 6.0), &format!("median l{g}"));
    }
}

fn names(svg: &mut Svg, plot: &Plot, groups: &[SurvivalGroup], medium: Medium) {
    let wanted: Vec<f64> = groups
        .iter()
        .map(|g| plot.y.at(share_at(g, u64::MAX)))
        .collect();
    let edges = (plot.y.range.1 + 2.0, plot.y.range.0 - 2.0);
    let right = plot.x.range.1 + 8.0;
    for (g, y) in spread_labels(&wanted, 14.0, edges).into_iter().enumerate() {
        let name = cut(&groups[g].name, medium.width() - right - 2.0);
        svg.text((right, y + 4.0), &format!("t{g}"), "start", &name);
    }
}

/// How many runs were still watched, group by group, under the axis.
fn at_risk(svg: &mut Svg, plot: &Plot, groups: &[SurvivalGroup]) {
    let top = plot.y.range.0 + 54.0;
    if groups.iter().all(|g| g.at_risk.is_empty()) {
        return;
    }
    svg.text((plot.x.range.0 - 20.0, top), "tick", "end", "watched");
    for (g, group) in groups.iter().enumerate() {
        let y = top + 15.0 * (g + 1) as f64;
        let name = cut(&group.name, plot.x.range.0 - 24.0);
        svg.text((plot.x.range.0 - 20.0, y), &format!("t{g}"), "end", &name);
        let mut free = f64::NEG_INFINITY;
        for (epoch, runs) in &group.at_risk {
            let (x, text) = (plot.x.at(*epoch as f64), short_epoch(*runs as u64));
            let half = text_width(&text, 12.0) / 2.0 + 3.0;
            if x - half >= free {
                svg.text((x, y), "tick", "middle", &text);
                free = x + half;
            }
        }
    }
}

/// The first epoch at which at most half are left.
pub(crate) fn median(group: &SurvivalGroup) -> Option<u64> {
    group.steps.iter().find(|s| s.share <= 0.5).map(|s| s.epoch)
}

fn describe(set: &SurvivalSet) -> String {
    let one = |g: &SurvivalGroup| {
        let half = median(g).map_or("never".into(), |m| format!("at epoch {}", grouped(m)));
        let left = percent(share_at(g, u64::MAX));
        format!(
            " {}: half have by then {half}; {left} are left at the end.",
            g.name
        )
    };
    let all: String = drawn(set).iter().map(one).collect();
    format!("Falling steps over epochs, one line a group.{all}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(n: usize) -> SurvivalGroup {
        let step = |i: usize| SurvivalStep {
            epoch: 10 * (i as u64 + 1),
            share: 1.0 - (i + 1) as f64 / n as f64,
            low: 0.0,
            high: 1.0,
        };
        SurvivalGroup {
            name: "g".into(),
            runs: n,
            events: n,
            steps: (0..n).map(step).collect(),
            censored: vec![],
            at_risk: vec![],
        }
    }

    #[test]
    fn the_share_falls_at_its_epoch_and_not_before() {
        let g = group(4);
        assert_eq!(
            [9, 10, 19, 20, 99].map(|e| share_at(&g, e)),
            [1.0, 0.75, 0.75, 0.5, 0.0]
        );
        assert_eq!((median(&g), end(&g)), (Some(20), 40));
        let stairs = stairs(&g, |s| s.share);
        assert_eq!(stairs[..3], [(0.0, 1.0), (10.0, 1.0), (10.0, 0.75)]);
    }

    #[test]
    fn many_steps_are_thinned_and_keep_both_ends() {
        let g = group(10_000);
        let few = steps(&g);
        assert_eq!(
            (few.len(), few[0], few[STEPS - 1]),
            (STEPS, g.steps[0], g.steps[9_999])
        );
    }
}
