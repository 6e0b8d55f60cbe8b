//! The picture of neurons × features.

use crate::map::Drawn;
use crate::medium::{Medium, start};
use crate::svg::{Svg, px};
use crate::text::{cut, grouped, text_width};

/// Shades of the static picture.
const SHADES: u8 = 10;

/// Where the cells of a map lie.
pub(crate) struct Cells {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) row: f64,
    pub(crate) height: f64,
}

/// The place of a map's cells in a picture.
pub(crate) fn cells(map: &Drawn, medium: Medium) -> Cells {
    let top = if medium == Medium::File { 34.0 } else { 4.0 };
    let row = (380.0 / map.names.len() as f64).clamp(1.5, 14.0);
    let left = name_room(map.names.iter().map(String::as_str), medium);
    Cells {
        left,
        top,
        width: medium.width() - left - 6.0,
        row,
        height: row * map.names.len() as f64,
    }
}

/// Room for names at the left of a picture: as much as the longest takes, up to three tenths of the width.
pub(crate) fn name_room<'a>(names: impl Iterator<Item = &'a str>, medium: Medium) -> f64 {
    let longest = names.map(|n| text_width(n, 12.0)).fold(0.0, f64::max);
    let least = medium.left() + 14.0;
    (longest + 9.0).clamp(least, least.max(0.3 * medium.width()))
}

/// The map of the last checkpoint.
pub(crate) fn heat(map: &Drawn, medium: Medium) -> String {
    let place = cells(map, medium);
    let epoch = map.epochs.last().copied().unwrap_or(0);
    let title = format!(
        "Features in {} neurons of seed {}, epoch {}",
        map.order.len(),
        map.seed,
        grouped(epoch)
    );
    let description = "One column a neuron, one row a feature; the stronger the colour, the larger the feature's \
                       share in the neuron's weights. Neurons are sorted by the feature they prefer.";
    let mut svg = Svg::default();
    let id = format!("map-{}", medium.class().replace("pic", "").trim());
    let height = place.top + place.height + 26.0;
    start(&mut svg, medium, height, &id, &title, description, None);
    if medium == Medium::File {
        svg.text((place.left, 22.0), "title", "start", &title);
    }
    names(&mut svg, map, &place);
    svg.open("g", &[("class", "cells")]);
    shade(&mut svg, map, &place);
    svg.close("g");
    let note = format!("{} neurons, sorted by feature", map.order.len());
    svg.text(
        (place.left + place.width / 2.0, height - 8.0),
        "tick",
        "middle",
        &note,
    );
    svg.close("svg");
    svg.finish()
}

/// Names of as many features as have room.
fn names(svg: &mut Svg, map: &Drawn, place: &Cells) {
    let every = (13.0 / place.row).ceil() as usize;
    for (i, name) in map.names.iter().enumerate().step_by(every) {
        let y = place.top + (i as f64 + 0.5) * place.row + 4.0;
        svg.text(
            (place.left - 5.0, y),
            "tick",
            "end",
            &cut(name, place.left - 7.0),
        );
    }
}

/// One path a shade; equal cells side by side are one rectangle.
fn shade(svg: &mut Svg, map: &Drawn, place: &Cells) {
    let (n, f) = (map.order.len(), map.names.len());
    let last = &map.shares[map.shares.len() - n * f..];
    let column = place.width / n as f64;
    let level = |neuron: usize, feature: usize| {
        (u16::from(last[neuron * f + feature]) * u16::from(SHADES) / 255) as u8
    };
    for shade in 1..=SHADES {
        let mut data = String::new();
        for feature in 0..f {
            let row: Vec<u8> = (0..n).map(|neuron| level(neuron, feature)).collect();
            let mut from = 0;
            for run in row.chunk_by(|a, b| a == b) {
                if run[0] == shade {
                    let (x, y) = (
                        place.left + from as f64 * column,
                        place.top + feature as f64 * place.row,
                    );
                    let (w, h) = (px(run.len() as f64 * column), px(place.row));
                    data.push_str(&format!("M{} {}h{w}v{h}h-{w}z", px(x), px(y)));
                }
                from += run.len();
            }
        }
        let opacity = format!("{:.1}", f64::from(shade) / f64::from(SHADES));
        if !data.is_empty() {
            svg.leaf(
                "path",
                &[("d", &data), ("class", "heat"), ("fill-opacity", &opacity)],
            );
        }
    }
}
