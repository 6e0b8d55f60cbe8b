//! Cosines of the gradients of two losses, over epochs.

use super::canvas::{Canvas, Key, axis, epochs};
use super::record::{AlongWay, ComparePage};
use crate::drawing::Drawing;
use crate::medium::Medium;
use crate::plot::{Plot, Ticks, linear};
use crate::text::number;
use dunwu_analysis::compare::GradientCosines;

const TALL: f64 = 170.0;
const STEP: f64 = TALL + 74.0;

/// Cosines over epochs along one way.
type Pick = fn(&AlongWay) -> &[GradientCosines];
const PANELS: [(&str, Pick); 2] = [
    ("cosine of what is sent back to a node's activation", |w| {
        &w.activations
    }),
    ("cosine of the gradients of a node's weights", |w| {
        &w.weights
    }),
];

pub(super) const TITLE: &str = "Do the two losses pull alike?";

pub(crate) fn draw(page: &ComparePage, medium: Medium) -> Vec<Drawing> {
    let Some(found) = &page.gradients else {
        return vec![];
    };
    let keys: Vec<Key> = found
        .along
        .iter()
        .enumerate()
        .map(|(i, way)| Key {
            label: format!("along the way of {}", way.side),
            colour: i,
        })
        .collect();
    let last = |c: &[GradientCosines]| {
        c.last()
            .map_or_else(|| "–".to_owned(), |c| number(c.mean, 3))
    };
    let ends: String = found
        .along
        .iter()
        .map(|w| {
            format!(
                " Along the way of {}: at the end {} at activations, {} at weights.",
                w.side,
                last(&w.activations),
                last(&w.weights)
            )
        })
        .collect();
    let text = format!(
        "Mean cosine over nodes of the gradients of {} and {} over epochs, shaded from the 5th to the 95th percentile.{ends}",
        found.losses[0], found.losses[1]
    );
    let mut canvas = Canvas::new(medium, "gradients", TITLE, &text, &keys, 2.0 * STEP);
    for (panel, (label, pick)) in PANELS.iter().enumerate() {
        let top = canvas.top + 26.0 + STEP * panel as f64;
        let all = || found.along.iter().flat_map(pick);
        let least = all().map(|c| c.quantiles[0]).fold(0.0, f64::min);
        let x = epochs(page.compared.budget, canvas.width());
        let plot = Plot::new(x, linear((least.max(-1.0), 1.0), (top + TALL, top)));
        plot.axes(
            &mut canvas.svg,
            axis(&page.epochs(), Ticks::Epochs),
            axis(label, Ticks::About(5)),
        );
        for (i, way) in found.along.iter().enumerate() {
            let line = |of: &dyn Fn(&GradientCosines) -> f64| -> Vec<(f64, f64)> {
                pick(way).iter().map(|c| (c.epoch as f64, of(c))).collect()
            };
            let (low, high) = (line(&|c| c.quantiles[0]), line(&|c| c.quantiles[4]));
            plot.area(&mut canvas.svg, &low, &high, &format!("fill{i}"));
            plot.line(&mut canvas.svg, &line(&|c| c.mean), &format!("l{i}"));
        }
    }
    vec![canvas.finish()]
}
