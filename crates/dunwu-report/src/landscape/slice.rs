//! A map of the ground between two peaks.

use super::contour::Grid;
use super::record::{End, LandscapePage, SliceMap};
use crate::drawing::Drawing;
use crate::medium::{Medium, start};
use crate::plot::{Axis, Plot, Ticks, circle, linear};
use crate::scale::Format;
use crate::svg::Svg;
use crate::text::{number, percent, text_width};

/// Steps of the shading.
const STEPS: usize = 12;
/// Opacity that each step adds to what lies below it.
const STEP: f64 = 0.15;

/// The title.
pub(crate) fn title(page: &LandscapePage) -> String {
    page.slice.as_ref().map_or_else(String::new, |s| {
        let [a, b] = &s.map.ends;
        let kept = if page.samples.is_empty() {
            String::new()
        } else {
            format!(", {} of the table kept", percent(s.map.kept))
        };
        format!(
            "The ground between two peaks: {} and {}{kept}",
            a.name, b.name
        )
    })
}

pub(crate) fn draw(page: &LandscapePage, medium: Medium) -> Vec<Drawing> {
    let Some(slice) = &page.slice else {
        return vec![];
    };
    let (map, title) = (&slice.map, title(page));
    let (plot, foot) = plot(map, medium);
    let mut svg = Svg::default();
    let id = format!("slice-{}", medium.class().replace("pic", "").trim());
    start(&mut svg, medium, foot, &id, &title, &describe(map), None);
    if medium == Medium::File {
        svg.text((12.0, 22.0), "title", "start", &title);
    }
    let top = shade(&mut svg, map, &plot);
    let axis = |label, step| Axis {
        label,
        format: Format::Number,
        ticks: Ticks::Every(step),
    };
    plot.frame(
        &mut svg,
        axis("degrees along the way from one peak to the other", 30.0),
        axis("degrees away, towards a random third direction", 15.0),
    );
    ends(&mut svg, map, &plot, medium);
    legend(&mut svg, top, &plot, foot, medium);
    svg.close("svg");
    vec![Drawing {
        name: "slice".to_string(),
        svg: svg.finish(),
    }]
}

fn plot(map: &SliceMap, medium: Medium) -> (Plot, f64) {
    let edge = |x: &[f64]| (x[0], x[x.len() - 1]);
    let title = if medium == Medium::File { 30.0 } else { 0.0 };
    let (left, right) = (medium.left(), medium.width() - 14.0);
    let (along, away) = (edge(&map.along), edge(&map.away));
    // A degree is as long upwards as it is sideways.
    let tall = (right - left) * (away.1 - away.0) / (along.1 - along.0);
    let top = title + 24.0;
    let x = linear(along, (left, right));
    let y = linear(away, (top + tall, top));
    (Plot::new(x, y), top + tall + 78.0)
}

/// Shades the ground, the higher the stronger, and gives the largest height.
fn shade(svg: &mut Svg, map: &SliceMap, plot: &Plot) -> f64 {
    let xs: Vec<f64> = map.along.iter().map(|x| plot.x.at(*x)).collect();
    let ys: Vec<f64> = map.away.iter().map(|y| plot.y.at(*y)).collect();
    let grid = Grid {
        xs: &xs,
        ys: &ys,
        values: &map.heights,
    };
    let ends = map.ends.iter().map(|e| e.height);
    let top = map.heights.iter().copied().chain(ends).fold(0.0, f64::max);
    let opacity = STEP.to_string();
    for step in 1..STEPS {
        let level = top * step as f64 / STEPS as f64;
        let ground = grid.above(level);
        if !ground.is_empty() {
            svg.leaf(
                "path",
                &[
                    ("d", &ground),
                    ("class", "heat"),
                    ("fill-opacity", &opacity),
                ],
            );
        }
        svg.path(&grid.line(level), "contour");
    }
    top
}

/// The peaks, their names and the way between them.
fn ends(svg: &mut Svg, map: &SliceMap, plot: &Plot, medium: Medium) {
    let y = plot.y.at(0.0);
    let [a, b] = &map.ends;
    svg.line((plot.x.at(a.angle), y), (plot.x.at(b.angle), y), "way");
    for (i, end) in map.ends.iter().enumerate() {
        // On a phone both names do not fit side by side.
        let up = if medium == Medium::Narrow && i == 1 {
            -44.0
        } else {
            0.0
        };
        let x = plot.x.at(end.angle);
        circle(svg, (x, y), 6.0, end_class(end));
        let text = label(end);
        let half = text_width(&text, 12.0) / 2.0 + 4.0;
        let middle = x.min(plot.x.range.1 - half).max(plot.x.range.0 + half);
        svg.rect((middle - half, y - 32.0 - up), (2.0 * half, 18.0), "plate");
        svg.text((middle, y - 19.0 - up), "strong", "middle", &text);
    }
}

/// A full dot at a peak, a ring where it is none any more.
pub(crate) fn end_class(end: &End) -> &'static str {
    match (end.generalises, end.is_peak) {
        (true, true) => "fill2 rim",
        (true, false) => "ring2 paper",
        (false, true) => "fill1 rim",
        (false, false) => "ring1 paper",
    }
}

/// What an end is.
pub(crate) fn label(end: &End) -> String {
    let what = if end.generalises {
        "learns"
    } else {
        "memorises"
    };
    let no = if end.is_peak { "" } else { ", no peak here" };
    format!("{what} {}{no}: {}", named(end), number(end.height, 3))
}

/// The name in a sentence.
pub(crate) fn named(end: &End) -> String {
    match end.name.as_str() {
        "token" => "a token".into(),
        "pair" => "a pair".into(),
        "spread" => "a few rows".into(),
        name => name.to_owned(),
    }
}

/// What the shades mean.
fn legend(svg: &mut Svg, top: f64, plot: &Plot, foot: f64, medium: Medium) {
    let (mut x, y) = (plot.x.range.0, foot - 24.0);
    svg.text((x, y + 10.0), "tick", "start", "height 0");
    x += 58.0;
    let width = if medium == Medium::Narrow { 12.0 } else { 24.0 };
    for step in 0..STEPS {
        let opacity = format!("{:.3}", 1.0 - (1.0 - STEP).powi(step as i32));
        let (left, up) = (crate::svg::px(x), crate::svg::px(y));
        let wide = crate::svg::px(width);
        svg.leaf(
            "rect",
            &[
                ("x", &left),
                ("y", &up),
                ("width", &wide),
                ("height", "12"),
                ("class", "heat"),
                ("fill-opacity", &opacity),
            ],
        );
        x += width;
    }
    svg.text((x + 6.0, y + 10.0), "tick", "start", &number(top, 3));
}

fn describe(map: &SliceMap) -> String {
    let ends: String = map
        .ends
        .iter()
        .map(|e| format!(" At {} degrees: {}.", number(e.angle, 3), label(e)))
        .collect();
    format!("A map: the stronger the colour, the higher the energy.{ends}")
}
