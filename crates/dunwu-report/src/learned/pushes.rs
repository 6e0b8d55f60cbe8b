//! Which features the gradient of the hidden layer pushes, checkpoint by checkpoint.

use super::record::{Learned, LearnedMoment};
use crate::drawing::Drawing;
use crate::heat::name_room;
use crate::medium::{Medium, start};
use crate::svg::{Svg, px};
use crate::text::{cut, grouped, short_epoch, text_width};
use crate::theme;

pub(super) const TITLE: &str = "Which features the gradient pushes";

/// Features drawn at most.
const DRAWN: usize = 40;

/// The part of a checkpoint's gradient that each feature receives.
pub(super) fn shares(moment: &LearnedMoment) -> Option<Vec<f64>> {
    let gradient = moment.gradient.as_ref()?;
    let total: f64 = gradient.iter().sum();
    (total > 0.0).then(|| gradient.iter().map(|g| g / total).collect())
}

/// The features that received most at some checkpoint, in their own order.
pub(super) fn strongest(learned: &Learned) -> Vec<usize> {
    let mut most = vec![0.0f64; learned.features.len()];
    for share in learned.moments.iter().filter_map(shares) {
        most.iter_mut().zip(share).for_each(|(m, s)| *m = m.max(s));
    }
    let mut order: Vec<usize> = (0..most.len()).collect();
    order.sort_by(|a, b| most[*b].total_cmp(&most[*a]).then(a.cmp(b)));
    order.truncate(DRAWN);
    order.sort_unstable();
    order
}

pub(super) fn draw(learned: &Learned, medium: Medium) -> Vec<Drawing> {
    let columns: Vec<(&LearnedMoment, Vec<f64>)> = learned
        .moments
        .iter()
        .filter_map(|m| Some((m, shares(m)?)))
        .collect();
    let rows = strongest(learned);
    if columns.is_empty() || rows.is_empty() {
        return vec![];
    }
    let top = if medium == Medium::File { 60.0 } else { 26.0 };
    let names = rows.iter().map(|f| learned.features[*f].name.as_str());
    let (left, right) = (name_room(names, medium), medium.width() - 8.0);
    let (row, column) = (
        (360.0 / rows.len() as f64).clamp(9.0, 22.0),
        (right - left) / columns.len() as f64,
    );
    let bottom = top + row * rows.len() as f64;
    let mut svg = Svg::default();
    let id = format!("gradient-{}", medium.class().replace("pic", "").trim());
    let text = describe(learned, &columns);
    start(&mut svg, medium, bottom + 44.0, &id, TITLE, &text, None);
    if medium == Medium::File {
        svg.text((12.0, 22.0), "title", "start", TITLE);
    }
    stages(&mut svg, &columns, (left, column), top);
    let twice = 2.0 / learned.features.len() as f64;
    for (i, feature) in rows.iter().enumerate() {
        let y = top + row * i as f64;
        let every = (13.0 / row).ceil() as usize;
        if i % every == 0 {
            let name = cut(&learned.features[*feature].name, left - 7.0);
            svg.text((left - 5.0, y + row / 2.0 + 4.0), "tick", "end", &name);
        }
        for (j, (_, shares)) in columns.iter().enumerate() {
            let at = (left + column * j as f64, y);
            cell(
                &mut svg,
                at,
                (column - 1.0, row - 1.0),
                shares[*feature] / twice,
            );
        }
    }
    foot(&mut svg, &columns, (left, column), bottom);
    svg.close("svg");
    vec![Drawing {
        name: "gradient_features".into(),
        svg: svg.finish(),
    }]
}

fn cell(svg: &mut Svg, (x, y): (f64, f64), (w, h): (f64, f64), share: f64) {
    let [x, y, w, h] = [x, y, w, h].map(px);
    // Even the least push can be told from the ground.
    let opacity = format!("{:.2}", 0.06 + 0.94 * share.clamp(0.0, 1.0));
    svg.leaf(
        "rect",
        &[
            ("x", &x),
            ("y", &y),
            ("width", &w),
            ("height", &h),
            ("class", "heat"),
            ("fill-opacity", &opacity),
        ],
    );
}

/// Runs of checkpoints of one stage, above the cells.
fn stages(
    svg: &mut Svg,
    columns: &[(&LearnedMoment, Vec<f64>)],
    (left, column): (f64, f64),
    top: f64,
) {
    let mut from = 0;
    for run in columns.chunk_by(|a, b| a.0.stage == b.0.stage) {
        let (x, w) = (left + column * from as f64, column * run.len() as f64 - 1.0);
        if let Some(stage) = &run[0].0.stage {
            svg.rect((x, top - 22.0), (w, 18.0), theme::band(stage));
            if let Some(text) = crate::draw::fitting(stage, w) {
                svg.text((x + w / 2.0, top - 9.0), "in", "middle", text);
            }
        }
        from += run.len();
    }
}

/// Epochs below the cells, as many as have room.
fn foot(
    svg: &mut Svg,
    columns: &[(&LearnedMoment, Vec<f64>)],
    (left, column): (f64, f64),
    bottom: f64,
) {
    let widest = columns
        .iter()
        .map(|c| text_width(&short_epoch(c.0.epoch), 12.0) + 8.0);
    let every = (widest.fold(0.0, f64::max) / column).ceil().max(1.0) as usize;
    for (j, (moment, _)) in columns.iter().enumerate().step_by(every) {
        let x = left + column * (j as f64 + 0.5);
        svg.text(
            (x, bottom + 15.0),
            "tick",
            "middle",
            &short_epoch(moment.epoch),
        );
    }
    let middle = left + column * columns.len() as f64 / 2.0;
    svg.text(
        (middle, bottom + 34.0),
        "tick",
        "middle",
        "epoch of the checkpoint",
    );
}

fn describe(learned: &Learned, columns: &[(&LearnedMoment, Vec<f64>)]) -> String {
    let one = |(moment, shares): &(&LearnedMoment, Vec<f64>)| {
        let best = (0..shares.len()).max_by(|a, b| shares[*a].total_cmp(&shares[*b]))?;
        Some(format!(
            " Epoch {}: most to {}.",
            grouped(moment.epoch),
            learned.features[best].name
        ))
    };
    let all: String = columns.iter().filter_map(one).collect();
    format!(
        "One column a checkpoint, one row a feature; the stronger, the larger its part of the gradient.{all}"
    )
}
