//! Heights along the way from one peak to the other, on ever more of the table.

use super::record::{LandscapePage, Walk};
use super::slice::{end_class, label};
use crate::drawing::Drawing;
use crate::medium::{Medium, start};
use crate::plot::{Axis, Plot, Ticks, linear};
use crate::scale::Format;
use crate::svg::Svg;
use crate::text::{number, percent};

pub(crate) const TITLE: &str = "Heights along the way from one peak to the other";

/// Colours of the lines, from the least data to the most.
const COLOURS: [&str; 3] = ["1", "0", "2"];

/// The colour of line i of n.
fn colour(i: usize, n: usize) -> &'static str {
    if n == 1 { "0" } else { COLOURS[i.min(2)] }
}

pub(crate) fn draw(page: &LandscapePage, medium: Medium) -> Vec<Drawing> {
    let Some(slice) = page.slice.as_ref().filter(|s| !s.walks.is_empty()) else {
        return vec![];
    };
    let walks = &slice.walks;
    let (plot, foot) = plot(walks, medium);
    let mut svg = Svg::default();
    let id = format!("walks-{}", medium.class().replace("pic", "").trim());
    start(&mut svg, medium, foot, &id, TITLE, &describe(walks), None);
    if medium == Medium::File {
        svg.text((12.0, 22.0), "title", "start", TITLE);
    }
    let height = format!("height, in {} of all rows", page.unit);
    let axis = |label, ticks| Axis {
        label,
        format: Format::Number,
        ticks,
    };
    plot.axes(
        &mut svg,
        axis("degrees along the way", Ticks::Every(30.0)),
        axis(&height, Ticks::About(6)),
    );
    for (i, walk) in walks.iter().enumerate() {
        let colour = colour(i, walks.len());
        plot.line(&mut svg, &walk.points, &format!("l{colour}"));
    }
    for walk in walks {
        for end in &walk.ends {
            plot.dot(&mut svg, (end.angle, end.height), 5.0, end_class(end));
        }
    }
    legend(&mut svg, walks, &plot, page);
    svg.close("svg");
    vec![Drawing {
        name: "walks".to_string(),
        svg: svg.finish(),
    }]
}

fn plot(walks: &[Walk], medium: Medium) -> (Plot, f64) {
    let points = || walks.iter().flat_map(|w| &w.points);
    let (from, to) = points().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| {
        (l.min(p.0), h.max(p.0))
    });
    let ends = walks.iter().flat_map(|w| &w.ends).map(|e| e.height);
    let high = points().map(|p| p.1).chain(ends).fold(0.0, f64::max);
    let title = if medium == Medium::File { 30.0 } else { 0.0 };
    let (rows, tall) = if medium == Medium::Narrow {
        (walks.len() as f64, 220.0)
    } else {
        (1.0, 260.0)
    };
    let top = title + 30.0 + 18.0 * rows;
    let x = linear((from, to), (medium.left(), medium.width() - 14.0));
    let y = linear((0.0, 1.08 * high.max(1e-12)), (top + tall, top));
    (Plot::new(x, y), top + tall + 42.0)
}

/// Which line is which share, above the chart.
fn legend(svg: &mut Svg, walks: &[Walk], plot: &Plot, page: &LandscapePage) {
    let wide = plot.x.range.1 > 500.0;
    let first = plot.y.range.1 - 30.0 - 18.0 * if wide { 0.0 } else { walks.len() as f64 - 1.0 };
    for (i, walk) in walks.iter().enumerate() {
        let (x, y) = if wide {
            (plot.x.range.0 + 280.0 * i as f64, first)
        } else {
            (plot.x.range.0, first + 18.0 * i as f64)
        };
        let colour = colour(i, walks.len());
        svg.line(
            (x, y - 4.0),
            (x + 18.0, y - 4.0),
            &format!("median l{colour}"),
        );
        let text = if page.samples.is_empty() {
            "all rows".to_owned()
        } else {
            format!("{} kept: {}", percent(walk.kept), verdict(walk))
        };
        svg.text((x + 24.0, y), &format!("t{colour}"), "start", &text);
    }
}

/// Which end is higher.
pub(crate) fn verdict(walk: &Walk) -> String {
    let [a, b] = &walk.ends;
    if (a.height - b.height).abs() <= 0.02 * a.height.max(b.height) {
        return "as high".into();
    }
    let higher = if a.height > b.height { a } else { b };
    let what = if higher.generalises {
        "learning"
    } else {
        "memorising"
    };
    format!("{what} is higher")
}

fn describe(walks: &[Walk]) -> String {
    let one = |w: &Walk| {
        let [a, b] = &w.ends;
        format!(
            " {} kept: {}; {}, {} degrees on.",
            percent(w.kept),
            label(a),
            label(b),
            number(b.angle - a.angle, 3)
        )
    };
    walks.iter().map(one).collect()
}
