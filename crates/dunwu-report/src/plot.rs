//! Axes, lines, areas and dots of charts over a number.

use crate::scale::{Format, Scale, Spread, Tick};
use crate::svg::{Svg, polyline, px};

/// The place of a chart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plot {
    pub(crate) x: Scale,
    pub(crate) y: Scale,
}

/// What stands along an axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis<'a> {
    /// Empty for none.
    pub(crate) label: &'a str,
    pub(crate) format: Format,
    pub(crate) ticks: Ticks,
}

/// Where an axis has ticks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ticks {
    /// At about so many round numbers.
    About(usize),
    /// At 0, the last epoch, and round ones between.
    Epochs,
    /// At multiples of a number.
    Every(f64),
}

impl Axis<'_> {
    fn places(&self, scale: &Scale) -> Vec<Tick> {
        let write = |value: f64| Tick {
            value,
            label: self.format.write(value),
        };
        match self.ticks {
            Ticks::About(count) if scale.spread == Spread::Log => {
                let fine = fine(scale.domain);
                if fine.len() > count + 2 || fine.len() < 3 {
                    scale.ticks(count, self.format)
                } else {
                    fine.into_iter().map(write).collect()
                }
            }
            Ticks::About(count) => scale.ticks(count, self.format),
            Ticks::Epochs => scale.epoch_ticks(12.0),
            Ticks::Every(step) => {
                let (low, high) = scale.domain;
                let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
                (first..=last).map(|i| write(i as f64 * step)).collect()
            }
        }
    }
}

/// 1, 2 and 5 times the powers of ten inside a domain.
fn fine((low, high): (f64, f64)) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    (first..=last)
        .flat_map(|k| [1.0, 2.0, 5.0].map(|f| f * 10f64.powi(k)))
        .filter(|x| *x >= low && *x <= high)
        .collect()
}

impl Plot {
    pub(crate) fn new(x: Scale, y: Scale) -> Self {
        Self { x, y }
    }

    /// The upper and the lower edge.
    fn edges(&self) -> (f64, f64) {
        (self.y.range.1, self.y.range.0)
    }

    /// Grid, ticks and labels; the label of the vertical axis stands above it.
    pub(crate) fn axes(&self, svg: &mut Svg, x: Axis<'_>, y: Axis<'_>) {
        let (left, right) = self.x.range;
        for tick in y.places(&self.y) {
            let at = self.y.at(tick.value);
            svg.line((left, at), (right, at), "grid");
        }
        self.frame(svg, x, y);
    }

    /// The grid, ticks and label of the vertical axis alone.
    pub(crate) fn levels(&self, svg: &mut Svg, y: Axis<'_>) {
        let ((left, right), (top, _)) = (self.x.range, self.edges());
        for tick in y.places(&self.y) {
            let at = self.y.at(tick.value);
            svg.line((left, at), (right, at), "grid");
            svg.text((left - 6.0, at + 4.0), "tick", "end", &tick.label);
        }
        if !y.label.is_empty() {
            svg.text((left, top - 8.0), "tick", "start", y.label);
        }
    }

    /// Ticks and labels without a grid.
    pub(crate) fn frame(&self, svg: &mut Svg, x: Axis<'_>, y: Axis<'_>) {
        let (left, right) = self.x.range;
        let (top, bottom) = self.edges();
        for tick in y.places(&self.y) {
            let at = self.y.at(tick.value);
            svg.text((left - 6.0, at + 4.0), "tick", "end", &tick.label);
        }
        svg.line((left, bottom), (right, bottom), "axis");
        for tick in x.places(&self.x) {
            let at = self.x.at(tick.value);
            svg.line((at, bottom), (at, bottom + 4.0), "axis");
            svg.text((at, bottom + 17.0), "tick", "middle", &tick.label);
        }
        if !x.label.is_empty() {
            svg.text(
                ((left + right) / 2.0, bottom + 34.0),
                "tick",
                "middle",
                x.label,
            );
        }
        if !y.label.is_empty() {
            svg.text((left, top - 8.0), "tick", "start", y.label);
        }
    }

    pub(crate) fn place(&self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        points
            .iter()
            .map(|(x, y)| (self.x.at(*x), self.y.at(*y)))
            .collect()
    }

    /// A line through the points; `class` gives its colour.
    pub(crate) fn line(&self, svg: &mut Svg, points: &[(f64, f64)], class: &str) {
        if points.len() > 1 {
            svg.path(&polyline(&self.place(points)), &format!("median {class}"));
        }
    }

    /// The ground between a lower and an upper line of the same length.
    pub(crate) fn area(&self, svg: &mut Svg, low: &[(f64, f64)], high: &[(f64, f64)], class: &str) {
        if low.len() < 2 {
            return;
        }
        let mut around = self.place(high);
        around.extend(self.place(low).into_iter().rev());
        svg.path(&format!("{}z", polyline(&around)), &format!("area {class}"));
    }

    pub(crate) fn dot(&self, svg: &mut Svg, (x, y): (f64, f64), radius: f64, class: &str) {
        circle(svg, (self.x.at(x), self.y.at(y)), radius, class);
    }
}

/// A circle.
pub(crate) fn circle(svg: &mut Svg, (x, y): (f64, f64), radius: f64, class: &str) {
    let (x, y, r) = (px(x), px(y), px(radius));
    svg.leaf(
        "circle",
        &[("cx", &x), ("cy", &y), ("r", &r), ("class", class)],
    );
}

/// An even scale.
pub(crate) fn linear(domain: (f64, f64), range: (f64, f64)) -> Scale {
    Scale {
        spread: Spread::Linear,
        domain,
        range,
    }
}
