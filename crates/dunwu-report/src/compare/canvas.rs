//! What the figures of a comparison share: beginnings, keys of colours, axes of epochs.

use crate::drawing::Drawing;
use crate::medium::{Medium, start};
use crate::plot::{Axis, Plot, Ticks, circle};
use crate::scale::{Format, Scale, Spread};
use crate::svg::Svg;
use crate::text::{cut, text_width};

/// A picture being drawn.
pub(super) struct Canvas {
    pub(super) svg: Svg,
    name: String,
    pub(super) medium: Medium,
    /// Where the plots begin.
    pub(super) top: f64,
}

/// What a colour stands for.
pub(super) struct Key {
    pub(super) label: String,
    /// Digit of the colour.
    pub(super) colour: usize,
}

/// The colour of a side.
pub(super) fn colour(side: usize) -> usize {
    side % crate::theme::LINES
}

/// Rows of a key on this medium: places of its items and the height of all.
fn places(keys: &[Key], medium: Medium) -> (Vec<(f64, f64)>, f64) {
    let (left, right) = (8.0, medium.width() - 8.0);
    let (mut x, mut y) = (left, 0.0);
    let mut out = Vec::new();
    for key in keys {
        let wide = text_width(&cut(&key.label, right - left - 24.0), 12.0) + 30.0;
        if x + wide > right && x > left {
            x = left;
            y += 18.0;
        }
        out.push((x, y));
        x += wide;
    }
    (out, y + 18.0)
}

impl Canvas {
    /// A picture whose plots need `plots` pixels of height, with a key of colours above them.
    pub(super) fn new(
        medium: Medium,
        name: &str,
        title: &str,
        description: &str,
        keys: &[Key],
        plots: f64,
    ) -> Self {
        let mut svg = Svg::default();
        let title_height = if medium == Medium::File { 30.0 } else { 0.0 };
        let (places, tall) = places(keys, medium);
        let top = title_height + if keys.is_empty() { 4.0 } else { tall + 6.0 };
        let id = format!("{name}-{}", medium.class().replace("pic", "").trim());
        start(&mut svg, medium, top + plots, &id, title, description, None);
        if medium == Medium::File {
            svg.text((12.0, 22.0), "title", "start", title);
        }
        for (key, (x, y)) in keys.iter().zip(places) {
            let y = title_height + y + 12.0;
            circle(
                &mut svg,
                (x + 6.0, y - 4.0),
                5.0,
                &format!("fill{}", key.colour),
            );
            let label = cut(&key.label, medium.width() - 40.0);
            svg.text((x + 16.0, y), &format!("t{}", key.colour), "start", &label);
        }
        Self {
            svg,
            name: name.to_owned(),
            medium,
            top,
        }
    }

    /// Left and right edge of the plots.
    pub(super) fn width(&self) -> (f64, f64) {
        (self.medium.left(), self.medium.width() - 16.0)
    }

    pub(super) fn finish(mut self) -> Drawing {
        self.svg.close("svg");
        Drawing {
            name: self.name,
            svg: self.svg.finish(),
        }
    }
}

/// A scale of epochs up to the budget.
pub(super) fn epochs(budget: u64, range: (f64, f64)) -> Scale {
    Scale {
        spread: Spread::Epoch,
        domain: (0.0, budget.max(1) as f64),
        range,
    }
}

/// A log scale around epochs; where nothing came, of the decade before the budget.
pub(super) fn log_epochs(values: &[f64], budget: u64, range: (f64, f64)) -> Scale {
    let last = budget.max(10) as f64;
    match values {
        [] => log(&[last / 10.0, last], range),
        values => log(values, range),
    }
}

/// A log scale around the values.
pub(super) fn log(values: &[f64], range: (f64, f64)) -> Scale {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(0.0, f64::max);
    let (low, high) = if high > 0.0 { (low, high) } else { (1.0, 10.0) };
    Scale {
        spread: Spread::Log,
        domain: (low / 1.15, high * 1.15),
        range,
    }
}

/// An axis of numbers.
pub(super) fn axis(label: &str, ticks: Ticks) -> Axis<'_> {
    Axis {
        label,
        format: Format::Number,
        ticks,
    }
}

/// The place of an epoch on an upright axis: runs that never crossed stand above the plot.
pub(super) fn upright(plot: &Plot, epoch: Option<u64>) -> f64 {
    epoch.map_or(plot.y.range.1 - NEVER, |e| plot.y.at(e.max(1) as f64))
}

/// How far above a plot its line of runs that never crossed stands.
pub(super) const NEVER: f64 = 18.0;

/// The line on which runs stand that never crossed.
pub(super) fn never(svg: &mut Svg, plot: &Plot) {
    let (left, right) = plot.x.range;
    let y = plot.y.range.1 - NEVER;
    svg.line((left, y), (right, y), "chance");
    svg.text((left - 6.0, y + 4.0), "tick", "end", "never");
}
