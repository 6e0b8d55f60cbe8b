//! The peaks of the full table: how high each is, and how many random starts climb there.

use super::record::LandscapePage;
use super::words::{PeakGroup, groups};
use crate::drawing::Drawing;
use crate::medium::{Medium, start};
use crate::plot::{circle, linear};
use crate::scale::{Format, Scale};
use crate::svg::Svg;
use crate::text::{cut, number, percent};

pub(crate) const TITLE: &str = "Peaks by height, and how many starts climb each";

/// The places of the two bars of a row.
struct Columns<'a> {
    unit: &'a str,
    height: Scale,
    basin: Scale,
    /// Rows from top to top.
    row: f64,
    top: f64,
}

pub(crate) fn draw(page: &LandscapePage, medium: Medium) -> Vec<Drawing> {
    let groups = groups(page);
    if groups.is_empty() {
        return vec![];
    }
    let columns = columns(&page.unit, &groups, medium);
    let tall = columns.top + columns.row * groups.len() as f64 + 8.0;
    let mut svg = Svg::default();
    let id = format!("peaks-{}", medium.class().replace("pic", "").trim());
    start(&mut svg, medium, tall, &id, TITLE, &describe(&groups), None);
    if medium == Medium::File {
        svg.text((12.0, 22.0), "title", "start", TITLE);
    }
    heads(&mut svg, &columns, &groups, medium);
    for (i, group) in groups.iter().enumerate() {
        let y = columns.top + columns.row * i as f64;
        row(&mut svg, group, page.cyclic.as_deref(), &columns, y, medium);
    }
    svg.close("svg");
    vec![Drawing {
        name: "peaks".to_string(),
        svg: svg.finish(),
    }]
}

fn columns<'a>(unit: &'a str, groups: &[PeakGroup<'_>], medium: Medium) -> Columns<'a> {
    let theory = |g: &PeakGroup<'_>| g.first.theory.unwrap_or(0.0).max(g.first.height);
    let most = groups.iter().map(theory).fold(0.0, f64::max).max(1e-12);
    let wide = groups.iter().map(|g| g.basin.2).fold(0.0, f64::max);
    let title = if medium == Medium::File { 30.0 } else { 0.0 };
    let (heights, basins, row) = match medium {
        Medium::Narrow => ((96.0, 296.0), (96.0, 236.0), 72.0),
        _ if groups.len() > 8 => ((330.0, 560.0), (650.0, 760.0), 22.0),
        _ => ((330.0, 560.0), (650.0, 760.0), 42.0),
    };
    Columns {
        unit,
        height: linear((0.0, most), heights),
        basin: linear((0.0, wide.max(1e-6)), basins),
        row,
        top: title + 46.0,
    }
}

fn heads(svg: &mut Svg, columns: &Columns<'_>, groups: &[PeakGroup<'_>], medium: Medium) {
    let y = columns.top - 26.0;
    let theory = groups.iter().any(|g| g.first.theory.is_some());
    let above = if theory {
        format!("height {} (ring: theory)", columns.unit)
    } else {
        format!("height {}", columns.unit)
    };
    if medium == Medium::Narrow {
        svg.text((4.0, y), "tick", "start", &above);
        svg.text(
            (4.0, y + 16.0),
            "tick",
            "start",
            "starts: share that climb there, 95 % interval",
        );
        return;
    }
    svg.text((12.0, y), "tick", "start", "what a node learns there");
    svg.text((columns.height.range.0, y), "tick", "start", &above);
    let share = "share of random starts, 95 % interval";
    svg.text((columns.basin.range.0, y), "tick", "start", share);
}

fn row(
    svg: &mut Svg,
    group: &PeakGroup<'_>,
    cyclic: Option<&[usize]>,
    columns: &Columns<'_>,
    top: f64,
    medium: Medium,
) {
    let (name, words) = (group.label(), group.meaning(cyclic));
    let [first, second] = match medium {
        Medium::Narrow => {
            svg.text((4.0, top + 12.0), "strong", "start", &cut(&name, 340.0));
            svg.text((4.0, top + 28.0), "tick", "start", &cut(&words, 352.0));
            svg.text((4.0, top + 45.0), "tick", "start", "height");
            svg.text((4.0, top + 61.0), "tick", "start", "starts");
            [top + 41.0, top + 57.0]
        }
        _ if columns.row < 30.0 => {
            svg.text((12.0, top + 14.0), "strong", "start", &cut(&name, 62.0));
            svg.text((76.0, top + 14.0), "tick", "start", &cut(&words, 248.0));
            [top + 10.0; 2]
        }
        _ => {
            svg.text((12.0, top + 14.0), "strong", "start", &cut(&name, 306.0));
            svg.text((12.0, top + 30.0), "tick", "start", &cut(&words, 306.0));
            [top + 18.0; 2]
        }
    };
    lollipop(svg, group, columns, first);
    share(svg, group, columns, second);
}

fn lollipop(svg: &mut Svg, group: &PeakGroup<'_>, columns: &Columns<'_>, y: f64) {
    let (from, to) = (
        columns.height.range.0,
        columns.height.at(group.first.height),
    );
    svg.rect((from, y - 2.0), (to - from, 4.0), "pure");
    circle(svg, (to, y), 5.0, "fill0");
    if let Some(theory) = group.first.theory {
        circle(svg, (columns.height.at(theory), y), 8.0, "ring");
    }
    let label = number(group.first.height, 4);
    svg.text((to + 13.0, y + 4.0), "in", "start", &label);
}

/// A bar with a whisker over its interval.
fn share(svg: &mut Svg, group: &PeakGroup<'_>, columns: &Columns<'_>, y: f64) {
    let (basin, low, high) = group.basin;
    let at = |x: f64| columns.basin.at(x);
    svg.rect((at(0.0), y - 6.0), (at(basin) - at(0.0), 12.0), "mixed");
    svg.line((at(low), y), (at(high), y), "axis");
    for end in [low, high] {
        svg.line((at(end), y - 4.0), (at(end), y + 4.0), "axis");
    }
    let (low, high) = (
        Format::Percent.write(low).replace(" %", ""),
        percent(high).replace(" %", ""),
    );
    let label = format!("{} ({low}–{high})", percent(basin));
    svg.text((at(group.basin.2) + 8.0, y + 4.0), "in", "start", &label);
}

fn describe(groups: &[PeakGroup<'_>]) -> String {
    let one = |g: &PeakGroup<'_>| {
        format!(
            " {}: height {}, {} of starts.",
            g.label(),
            number(g.first.height, 4),
            percent(g.basin.0)
        )
    };
    let rows: String = groups.iter().take(40).map(one).collect();
    format!("One row a family of peaks, highest first.{rows}")
}
