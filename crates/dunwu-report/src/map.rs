//! Which neurons hold which features: data and drawings.

use crate::draw::{Medium, start};
use crate::run::{MapData, RunPage, SeedPage};
use crate::svg::{Svg, px};
use crate::text::{grouped, text_width};

/// Neurons drawn at most.
pub(crate) const NEURONS: usize = 256;
/// Bytes of all maps of a page, before base 64.
const BUDGET: usize = 1_200_000;
/// A neuron with at least this share in one feature counts as having learned it.
pub(crate) const CLEAN: f32 = 0.5;
/// Features listed at most in the coverage chart.
const LISTED: usize = 240;
/// Shades of the static picture.
const SHADES: u8 = 10;

/// The maps of a seed as they are drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Drawn {
    pub(crate) seed: u64,
    pub(crate) names: Vec<String>,
    /// Neurons drawn, in order: by preferred feature at the last checkpoint, purest first.
    pub(crate) order: Vec<usize>,
    /// Neurons of the network.
    pub(crate) total: usize,
    pub(crate) epochs: Vec<u64>,
    /// Shares in 255ths, checkpoints × neurons × features.
    pub(crate) shares: Vec<u8>,
}

/// How many neurons prefer a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Coverage {
    pub(crate) name: String,
    /// Neurons that hold it cleanly.
    pub(crate) clean: usize,
    /// Neurons that prefer it, but not cleanly.
    pub(crate) mixed: usize,
}

/// The maps that fit on the page, the representative seed's first.
pub(crate) fn drawn(run: &RunPage<'_>) -> Vec<Drawn> {
    let Some(first) = run.representative() else {
        return Vec::new();
    };
    let mut left = BUDGET;
    let mut out = Vec::new();
    for seed in std::iter::once(first).chain(run.seeds.iter().filter(|s| s.seed != first.seed)) {
        let whole = out.is_empty();
        if let Some(map) = draw_seed(seed, left, whole) {
            left -= map.shares.len().min(left);
            out.push(map);
        }
    }
    out
}

fn draw_seed(seed: &SeedPage, budget: usize, thin: bool) -> Option<Drawn> {
    let (_, last) = seed.maps.iter().rev().find(|(_, m)| usable(m))?;
    let mut maps: Vec<&(u64, MapData)> = seed
        .maps
        .iter()
        .filter(|(_, m)| usable(m) && m.names == last.names && m.neurons == last.neurons)
        .collect();
    let order = order(last);
    let fit = (budget / (order.len() * last.names.len())).max(usize::from(thin));
    if fit < maps.len() {
        if !thin {
            return None;
        }
        let step = |i: usize| {
            if fit == 1 {
                maps.len() - 1
            } else {
                i * (maps.len() - 1) / (fit - 1)
            }
        };
        maps = (0..fit).map(|i| maps[step(i)]).collect();
    }
    Some(Drawn {
        seed: seed.seed,
        names: last.names.clone(),
        total: last.neurons,
        epochs: maps.iter().map(|(e, _)| *e).collect(),
        shares: maps.iter().flat_map(|(_, m)| shares(m, &order)).collect(),
        order,
    })
}

fn usable(map: &MapData) -> bool {
    map.is_consistent() && map.neurons > 0 && !map.names.is_empty()
}

fn order(map: &MapData) -> Vec<usize> {
    let mut all: Vec<usize> = (0..map.neurons).collect();
    all.sort_by(|a, b| {
        map.best[*a]
            .cmp(&map.best[*b])
            .then(map.purity[*b].total_cmp(&map.purity[*a]))
            .then(a.cmp(b))
    });
    let n = all.len().min(NEURONS);
    (0..n).map(|i| all[i * all.len() / n]).collect()
}

fn shares(map: &MapData, order: &[usize]) -> Vec<u8> {
    let f = map.names.len();
    // A float that is not a number becomes 0 in the cast.
    order
        .iter()
        .flat_map(|n| &map.share[n * f..(n + 1) * f])
        .map(|s| (s.clamp(0.0, 1.0) * 255.0).round() as u8)
        .collect()
}

/// Coverage at the last checkpoint of the representative seed, with its epoch.
pub(crate) fn coverage(run: &RunPage<'_>) -> Option<(u64, Vec<Coverage>)> {
    let (epoch, map) = run
        .representative()?
        .maps
        .iter()
        .rev()
        .find(|(_, m)| usable(m))?;
    let mut out: Vec<Coverage> = map
        .names
        .iter()
        .map(|n| Coverage {
            name: n.clone(),
            clean: 0,
            mixed: 0,
        })
        .collect();
    for (best, purity) in map.best.iter().zip(&map.purity) {
        let feature = &mut out[*best as usize];
        *(if *purity >= CLEAN {
            &mut feature.clean
        } else {
            &mut feature.mixed
        }) += 1;
    }
    Some((*epoch, out))
}

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
    let left = medium.left() + 14.0;
    Cells {
        left,
        top,
        width: medium.width() - left - 6.0,
        row,
        height: row * map.names.len() as f64,
    }
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

/// A text that fits into `room`, with an ellipsis where it was cut.
fn cut(text: &str, room: f64) -> String {
    if text_width(text, 12.0) <= room {
        return text.to_owned();
    }
    let keep = ((room / (12.0 * 0.58)) as usize).saturating_sub(1);
    text.chars().take(keep).chain(['…']).collect()
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

/// Bars of how many neurons prefer each feature.
pub(crate) fn bars(coverage: &[Coverage], epoch: u64, medium: Medium) -> String {
    let listed = listed(coverage);
    let columns = if medium == Medium::Narrow { 1 } else { 3 };
    let rows = listed.len().div_ceil(columns).max(1);
    let top = if medium == Medium::File { 40.0 } else { 4.0 };
    let title = format!("Neurons that prefer each feature, epoch {}", grouped(epoch));
    let description = "One bar a feature. The strong part counts neurons that hold the feature cleanly, the pale part \
                       those that prefer it among others.";
    let mut svg = Svg::default();
    let id = format!("coverage-{}", medium.class().replace("pic", "").trim());
    start(
        &mut svg,
        medium,
        top + rows as f64 * 17.0 + 6.0,
        &id,
        &title,
        description,
        None,
    );
    if medium == Medium::File {
        svg.text((12.0, 22.0), "title", "start", &title);
    }
    let most = listed
        .iter()
        .map(|c| c.clean + c.mixed)
        .max()
        .unwrap_or(0)
        .max(1) as f64;
    let width = medium.width() / columns as f64;
    for (i, feature) in listed.iter().enumerate() {
        let at = ((i / rows) as f64 * width, top + (i % rows) as f64 * 17.0);
        bar(&mut svg, feature, at, width, most);
    }
    svg.close("svg");
    svg.finish()
}

fn bar(svg: &mut Svg, feature: &Coverage, (x, y): (f64, f64), width: f64, most: f64) {
    let (name_room, count_room) = (92.0, 44.0);
    let scale = (width - name_room - count_room) / most;
    let (clean, mixed) = (feature.clean as f64 * scale, feature.mixed as f64 * scale);
    svg.text(
        (x + name_room - 6.0, y + 12.0),
        "in",
        "end",
        &cut(&feature.name, name_room - 8.0),
    );
    svg.rect((x + name_room, y + 2.0), (clean, 12.0), "pure");
    svg.rect((x + name_room + clean, y + 2.0), (mixed, 12.0), "mixed");
    let total = feature.clean + feature.mixed;
    let (class, text) = if total == 0 {
        ("none", "none".into())
    } else {
        ("tick", total.to_string())
    };
    svg.text(
        (x + name_room + clean + mixed + 5.0, y + 12.0),
        class,
        "start",
        &text,
    );
}

/// All features, or the most preferred ones where there are very many.
fn listed(coverage: &[Coverage]) -> Vec<Coverage> {
    let mut all = coverage.to_vec();
    if all.len() > LISTED {
        all.sort_by_key(|c| std::cmp::Reverse(c.clean + c.mixed));
        all.truncate(LISTED);
    }
    all
}

/// What must be said where not all features are listed.
pub(crate) fn listed_note(coverage: &[Coverage]) -> Option<String> {
    (coverage.len() > LISTED).then(|| {
        format!(
            "The {LISTED} features with the most neurons are drawn, of {}.",
            coverage.len()
        )
    })
}
