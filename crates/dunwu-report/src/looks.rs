//! Where the heads of a transformer look: the data and the picture.

use crate::medium::{Medium, start};
use crate::run::{Looks, RunPage};
use crate::svg::{Svg, px};
use crate::text::{cut, grouped};
use std::ops::Range;

/// Bytes of all maps of a page, before base 64.
const BUDGET: usize = 1_200_000;
/// Cells of the picture without a script, at most about.
const CELLS: usize = 16_000;
/// Shades of that picture.
const SHADES: u8 = 20;
/// Positions from which colours go by the square root of a weight: most weights are small then.
const MANY: usize = 9;

/// One head.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Panel {
    pub(crate) layer: usize,
    pub(crate) head: usize,
    /// Names of the positions that ask.
    pub(crate) queries: Vec<String>,
    /// Place of its first weight in a reading.
    pub(crate) from: usize,
}

impl Panel {
    pub(crate) fn name(&self) -> String {
        format!("Layer {}, head {}", self.layer, self.head)
    }
}

/// The maps of a seed as they are drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Drawn {
    pub(crate) seed: u64,
    pub(crate) epochs: Vec<u64>,
    /// Names of the positions that are looked at.
    pub(crate) positions: Vec<String>,
    /// Positions of a sequence.
    pub(crate) sequence: usize,
    pub(crate) heads: usize,
    pub(crate) panels: Vec<Panel>,
    /// Weights of a reading.
    pub(crate) one: usize,
    /// The largest weight, which is the strongest colour.
    pub(crate) most: f64,
    /// Whether colours go by the square root of a weight.
    pub(crate) root: bool,
    /// Weights in 255ths of `most`, reading by panel by query by position.
    pub(crate) weights: Vec<u8>,
}

/// The maps of the representative seed; None if there are none.
pub(crate) fn drawn(run: &RunPage<'_>) -> Option<Drawn> {
    let seed = run.representative()?;
    let looks = seed.looks.as_ref().filter(|l| l.is_consistent())?;
    let panels = panels(looks);
    let one = panels.last().map_or(0, |p| p.from) + {
        let last = looks.layers.last()?;
        last.queries.len() * looks.positions.len()
    };
    let readings = spaced(looks.epochs.len(), (BUDGET / one).max(1));
    let all = readings.iter().flat_map(|r| reading(looks, *r));
    let weights: Vec<f32> = all.collect();
    let most = weights
        .iter()
        .copied()
        .filter(|w| w.is_finite())
        .fold(0.0, f32::max);
    let scale = if most > 0.0 { 255.0 / most } else { 0.0 };
    Some(Drawn {
        seed: seed.seed,
        epochs: readings.iter().map(|r| looks.epochs[*r]).collect(),
        positions: looks.positions.clone(),
        sequence: looks.sequence,
        heads: looks.heads,
        panels,
        one,
        most: f64::from(most),
        root: looks.positions.len() >= MANY,
        // A weight that is not a number becomes 0 in the cast.
        weights: weights.iter().map(|w| (w * scale).round() as u8).collect(),
    })
}

/// `most` of n readings, the first and the last among them; the last alone if there is room for one.
fn spaced(n: usize, most: usize) -> Vec<usize> {
    match most {
        _ if n <= most => (0..n).collect(),
        1 => vec![n - 1],
        most => (0..most).map(|i| i * (n - 1) / (most - 1)).collect(),
    }
}

fn panels(looks: &Looks) -> Vec<Panel> {
    let mut out = Vec::new();
    let mut from = 0;
    for (layer, of) in looks.layers.iter().enumerate() {
        for head in 0..looks.heads {
            out.push(Panel {
                layer,
                head,
                queries: of.queries.clone(),
                from,
            });
            from += of.queries.len() * looks.positions.len();
        }
    }
    out
}

/// The weights of all heads at a reading.
fn reading(looks: &Looks, reading: usize) -> impl Iterator<Item = f32> {
    looks.layers.iter().flat_map(move |layer| {
        let one = layer.weights.len() / looks.epochs.len();
        layer.weights[reading * one..][..one].iter().copied()
    })
}

/// Where the cells of a panel lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Places of all panels, a row for each layer or more, and the height of the picture.
pub(crate) fn places(looks: &Drawn, medium: Medium) -> (Vec<Place>, f64) {
    let most = if medium == Medium::Narrow { 2 } else { 4 };
    let columns = looks.heads.min(most);
    let (margin, above, below) = (30.0, 20.0, 20.0);
    let room = (medium.width() - 10.0) / columns as f64;
    let width = (room - margin - 8.0).min(420.0);
    let mut out = Vec::new();
    let mut top = if medium == Medium::File { 34.0 } else { 2.0 };
    for layer in looks.panels.chunk_by(|a, b| a.layer == b.layer) {
        let rows = layer[0].queries.len() as f64;
        let height = (width / looks.positions.len() as f64).min(34.0) * rows;
        for line in layer.chunks(columns) {
            out.extend((0..line.len()).map(|i| Place {
                left: 4.0 + margin + i as f64 * (width + margin + 8.0),
                top: top + above,
                width,
                height,
            }));
            top += above + height + below + 4.0;
        }
    }
    (out, top + 18.0)
}

/// The maps of the last reading.
pub(crate) fn picture(looks: &Drawn, medium: Medium) -> String {
    let (places, height) = places(looks, medium);
    let epoch = looks.epochs.last().copied().unwrap_or(0);
    let title = format!(
        "Where the heads of seed {} look, epoch {}",
        looks.seed,
        grouped(epoch)
    );
    let description = "One square a head; one row a position that asks, one column a position that it looks at; the \
                       stronger the colour, the larger the share of attention.";
    let mut svg = Svg::default();
    let id = format!("looks-{}", medium.class().replace("pic", "").trim());
    start(&mut svg, medium, height, &id, &title, description, None);
    if medium == Medium::File {
        svg.text((4.0, 22.0), "title", "start", &title);
    }
    let block = block(looks);
    for (panel, place) in looks.panels.iter().zip(&places) {
        labels(&mut svg, looks, panel, place);
        svg.open("g", &[("class", "cells")]);
        shade(&mut svg, looks, panel, place, block);
        svg.close("g");
        frame(&mut svg, place);
    }
    svg.text(
        (34.0, height - 6.0),
        "tick",
        "start",
        "across: position looked at · down: position that asks",
    );
    svg.close("svg");
    svg.finish()
}

/// Cells on either side that are drawn as one, so that the picture stays light.
fn block(looks: &Drawn) -> usize {
    let fits = |block: &usize| {
        let cols = looks.positions.len().div_ceil(*block);
        let rows = |p: &Panel| p.queries.len().div_ceil(*block);
        looks.panels.iter().map(|p| rows(p) * cols).sum::<usize>() <= CELLS
    };
    (1..).find(fits).expect("at last every panel is one cell")
}

fn labels(svg: &mut Svg, looks: &Drawn, panel: &Panel, place: &Place) {
    let name = format!("layer {} · head {}", panel.layer, panel.head);
    svg.text(
        (place.left, place.top - 6.0),
        "strong",
        "start",
        &cut(&name, place.width),
    );
    let column = place.width / looks.positions.len() as f64;
    for i in ticks(looks.positions.len(), column, 30.0) {
        let x = place.left + (i as f64 + 0.5) * column;
        svg.text(
            (x, place.top + place.height + 14.0),
            "tick",
            "middle",
            &looks.positions[i],
        );
    }
    let row = place.height / panel.queries.len() as f64;
    for i in ticks(panel.queries.len(), row, 26.0) {
        let y = place.top + (i as f64 + 0.5) * row + 4.0;
        svg.text((place.left - 5.0, y), "tick", "end", &panel.queries[i]);
    }
}

/// Which of n places, so far apart, have a label: the first, then as many as have room.
fn ticks(n: usize, apart: f64, room: f64) -> impl Iterator<Item = usize> {
    let least = (room / apart).ceil().max(1.0) as usize;
    let round = [1, 2, 4, 8, 16, 32, 64].into_iter().find(|s| *s >= least);
    (0..n).step_by(round.unwrap_or(n.max(1)))
}

fn frame(svg: &mut Svg, place: &Place) {
    let Place {
        left,
        top,
        width,
        height,
    } = *place;
    for (from, to) in [
        ((left, top), (left + width, top)),
        ((left, top + height), (left + width, top + height)),
        ((left, top), (left, top + height)),
        ((left + width, top), (left + width, top + height)),
    ] {
        svg.line(from, to, "grid");
    }
}

/// One path a shade; equal cells side by side are one rectangle.
fn shade(svg: &mut Svg, looks: &Drawn, panel: &Panel, place: &Place, block: usize) {
    let (rows, cols) = (panel.queries.len(), looks.positions.len());
    let first = looks.weights.len() - looks.one + panel.from;
    let weights = &looks.weights[first..][..rows * cols];
    let (width, height) = (place.width / cols as f64, place.height / rows as f64);
    let cut = |n: usize, i: usize| i * block..n.min((i + 1) * block);
    let mut data: Vec<String> = vec![String::new(); usize::from(SHADES) + 1];
    for i in 0..rows.div_ceil(block) {
        let down = cut(rows, i);
        let level = |j: usize| {
            let mean = level(weights, cols, down.clone(), cut(cols, j));
            let share = if looks.root { mean.sqrt() } else { mean };
            (share * f64::from(SHADES)).round() as u8
        };
        let line: Vec<u8> = (0..cols.div_ceil(block)).map(level).collect();
        let mut from = 0;
        for run in line.chunk_by(|a, b| a == b) {
            let (x, end) = (from * block, cols.min((from + run.len()) * block));
            let (w, h) = (px((end - x) as f64 * width), px(down.len() as f64 * height));
            let at = (
                px(place.left + x as f64 * width),
                px(place.top + down.start as f64 * height),
            );
            data[usize::from(run[0])].push_str(&format!("M{} {}h{w}v{h}h-{w}z", at.0, at.1));
            from += run.len();
        }
    }
    for (shade, data) in data
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(_, d)| !d.is_empty())
    {
        let opacity = format!("{:.2}", shade as f64 / f64::from(SHADES));
        svg.leaf(
            "path",
            &[("d", data), ("class", "heat"), ("fill-opacity", &opacity)],
        );
    }
}

/// The mean of a block of cells, as a share of the largest weight.
fn level(weights: &[u8], cols: usize, rows: Range<usize>, columns: Range<usize>) -> f64 {
    let count = (rows.len() * columns.len()) as f64;
    let cells = rows.flat_map(|i| columns.clone().map(move |j| i * cols + j));
    let sum: u32 = cells.map(|c| u32::from(weights[c])).sum();
    f64::from(sum) / (255.0 * count)
}
