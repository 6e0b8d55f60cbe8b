//! How far each layer of a transformer had come: strips over the epochs.

use crate::medium::{Medium, start};
use crate::run::{RunPage, SeedPage};
use crate::svg::Svg;
use crate::text::grouped;
use dunwu_analysis::{LayerWay, layer_ways};

/// Shades of a strip.
const SHADES: f64 = 20.0;
/// Height of a strip, and what lies between layers.
const ROW: f64 = 17.0;
const GAP: f64 = 9.0;

/// One strip.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Strip {
    pub(crate) label: String,
    /// Epoch and share.
    pub(crate) points: Vec<(u64, f64)>,
    pub(crate) mark: Option<u64>,
}

/// The strips of a seed, layer by layer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ways {
    pub(crate) seed: u64,
    pub(crate) last: u64,
    pub(crate) layers: Vec<Vec<Strip>>,
}

/// The strips of the representative seed; None if it has none.
pub(crate) fn ways(run: &RunPage<'_>) -> Option<Ways> {
    let seed = run.representative()?;
    let layers = layer_ways(&seed.curve);
    let layers: Vec<Vec<Strip>> = layers.iter().map(|way| strips(seed, way)).collect();
    (!layers.is_empty()).then(|| Ways {
        seed: seed.seed,
        last: run.last_epoch().max(1),
        layers,
    })
}

fn strips(seed: &SeedPage, way: &LayerWay) -> Vec<Strip> {
    let points = |name: &str| -> Vec<(u64, f64)> {
        let all = seed.curve.points(&format!("{name}.{}", way.layer));
        all.filter(|p| p.1.is_finite()).collect()
    };
    let strip = |label: &str, points: Vec<(u64, f64)>, whole: f64, mark: Option<u64>| Strip {
        label: format!("layer {} {label}", way.layer),
        points: points
            .into_iter()
            .map(|(e, v)| {
                (
                    e,
                    if whole > 0.0 {
                        (v / whole).clamp(0.0, 1.0)
                    } else {
                        0.0
                    },
                )
            })
            .collect(),
        mark,
    };
    let (moved, gradient) = (points("layer_moved"), points("layer_grad"));
    let end = moved.last().map_or(0.0, |p| p.1);
    let peak = gradient.iter().fold(0.0, |most: f64, p| most.max(p.1));
    let all = [
        strip("answers", points("lens_acc"), 1.0, way.accuracy),
        strip("weights", moved, end, way.weights),
        strip("gradient", gradient, peak, way.gradient),
    ];
    all.into_iter().filter(|s| !s.points.is_empty()).collect()
}

/// The picture of the strips.
pub(crate) fn picture(ways: &Ways, medium: Medium) -> String {
    let top = if medium == Medium::File { 34.0 } else { 4.0 };
    let rows: usize = ways.layers.iter().map(Vec::len).sum();
    let bottom = top + ROW * rows as f64 + GAP * ways.layers.len() as f64;
    let mut svg = Svg::default();
    let id = format!("ways-{}", medium.class().replace("pic", "").trim());
    let title = "Which layer learned when";
    start(
        &mut svg,
        medium,
        bottom + 24.0,
        &id,
        title,
        &describe(ways),
        None,
    );
    if medium == Medium::File {
        svg.text((4.0, 22.0), "title", "start", title);
    }
    let mut x = medium.epochs(ways.last);
    x.range.0 = if medium == Medium::Narrow {
        108.0
    } else {
        116.0
    };
    let mut y = top;
    for layer in &ways.layers {
        for strip in layer {
            svg.text(
                (x.range.0 - 6.0, y + ROW / 2.0 + 4.0),
                "tick",
                "end",
                &strip.label,
            );
            shade(&mut svg, strip, &x, y, ways.last);
            y += ROW;
        }
        y += GAP;
    }
    svg.line((x.range.0, bottom - 4.0), (x.range.1, bottom - 4.0), "axis");
    for tick in x.epoch_ticks(12.0) {
        let at = x.at(tick.value);
        svg.line((at, bottom - 4.0), (at, bottom), "axis");
        svg.text((at, bottom + 13.0), "tick", "middle", &tick.label);
    }
    svg.close("svg");
    svg.finish()
}

/// One rectangle for neighbours of one shade, and the mark.
fn shade(svg: &mut Svg, strip: &Strip, x: &crate::scale::Scale, y: f64, last: u64) {
    let level = |v: f64| (v * SHADES).round();
    let points = &strip.points;
    let mut from = 0;
    for run in points.chunk_by(|a, b| level(a.1) == level(b.1)) {
        let end = points.get(from + run.len()).map_or(last, |p| p.0);
        let (left, right) = (x.at(run[0].0 as f64), x.at(end as f64));
        let opacity = format!("{:.2}", level(run[0].1) / SHADES);
        if right > left && level(run[0].1) > 0.0 {
            let (left, top) = (crate::svg::px(left), crate::svg::px(y + 1.0));
            let (width, height) = (
                crate::svg::px(right - x.at(run[0].0 as f64)),
                crate::svg::px(ROW - 2.0),
            );
            svg.leaf(
                "rect",
                &[
                    ("x", &left),
                    ("y", &top),
                    ("width", &width),
                    ("height", &height),
                    ("class", "heat"),
                    ("fill-opacity", &opacity),
                ],
            );
        }
        from += run.len();
    }
    svg.line(
        (x.range.0, y + ROW - 0.5),
        (x.range.1, y + ROW - 0.5),
        "grid",
    );
    if let Some(mark) = strip.mark {
        let at = x.at(mark as f64);
        svg.line((at, y), (at, y + ROW), "way");
        let (anchor, at) = if at > x.range.1 - 40.0 {
            ("end", at - 4.0)
        } else {
            ("start", at + 4.0)
        };
        svg.text((at, y + ROW / 2.0 + 4.0), "strong", anchor, &grouped(mark));
    }
}

fn describe(ways: &Ways) -> String {
    let one = |strip: &Strip| {
        let mark = strip
            .mark
            .map_or("nowhere".to_owned(), |e| format!("at epoch {}", grouped(e)));
        format!(" {}: marked {mark}.", strip.label)
    };
    let all: String = ways.layers.iter().flatten().map(one).collect();
    format!("Three strips a layer, stronger where more of the way is behind.{all}")
}
