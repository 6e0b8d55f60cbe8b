//! Which features the networks of each side hold.

use super::canvas::{Canvas, Key, colour};
use super::record::{ComparePage, Representations};
use crate::drawing::Drawing;
use crate::medium::Medium;
use crate::plot::linear;
use crate::text::{cut, number};

pub(super) const TITLE: &str = "Features held, by share of the networks looked into";
const ROW: f64 = 46.0;

/// Share of a side's networks that hold each feature.
pub(super) fn held(found: &Representations, side: &str) -> Vec<f64> {
    let own: Vec<_> = found.covered.iter().filter(|c| c.side == side).collect();
    let share = |k: usize| {
        let holding = own.iter().filter(|c| c.nodes[k] > 0).count();
        holding as f64 / own.len().max(1) as f64
    };
    (0..found.features.len()).map(share).collect()
}

/// Mean number of features that a network of a side holds.
pub(super) fn count(found: &Representations, side: &str) -> f64 {
    held(found, side).iter().sum()
}

pub(crate) fn draw(page: &ComparePage, medium: Medium) -> Vec<Drawing> {
    let Some(found) = page
        .representations
        .as_ref()
        .filter(|r| !r.features.is_empty())
    else {
        return vec![];
    };
    let total = found.features.len();
    let keys: Vec<Key> = page
        .sides
        .iter()
        .enumerate()
        .map(|(i, s)| Key {
            label: format!(
                "{}: {} of {total}",
                s.name,
                number(count(found, &s.name), 3)
            ),
            colour: colour(i),
        })
        .collect();
    let text = format!(
        "One bar a feature, as high as the share of networks that hold it, by mean number held. {}",
        keys.iter()
            .map(|k| format!("{}.", k.label))
            .collect::<Vec<_>>()
            .join(" ")
    );
    let tall = ROW * page.sides.len() as f64 + 44.0;
    let mut canvas = Canvas::new(medium, "features", TITLE, &text, &keys, tall);
    let (left, right) = (16.0, medium.width() - 16.0);
    let x = linear((0.0, total as f64), (left, right));
    let wide = ((right - left) / total as f64 * 0.8).max(0.5);
    for (i, side) in page.sides.iter().enumerate() {
        let bottom = canvas.top + ROW * (i + 1) as f64;
        canvas.svg.line((left, bottom), (right, bottom), "axis");
        for (k, share) in held(found, &side.name)
            .into_iter()
            .enumerate()
            .filter(|(_, s)| *s > 0.0)
        {
            let high = share * (ROW - 10.0);
            canvas.svg.rect(
                (x.at(k as f64), bottom - high),
                (wide, high),
                &format!("fill{}", colour(i)),
            );
        }
    }
    let foot = canvas.top + ROW * page.sides.len() as f64 + 18.0;
    let room = (right - left) / 2.0;
    canvas.svg.text(
        (left, foot),
        "tick",
        "start",
        &cut(&found.features[0], room),
    );
    canvas.svg.text(
        (right, foot),
        "tick",
        "end",
        &cut(&found.features[total - 1], room),
    );
    vec![canvas.finish()]
}
