//! Where the values of an axis lie: cells side by side, at their true places where that leaves room for each.

use super::record::{SweepAxis, SweepSpread};
use crate::svg::{Svg, px};
use crate::text::{cut, text_width};

/// A cell narrower than this share of the mean width makes all cells equally wide.
const NARROWEST: f64 = 0.25;

/// Size of all text.
const FONT: f64 = 12.0;

/// The cells of an axis in pixels.
#[derive(Clone, Debug)]
pub(crate) struct Lattice {
    /// One more than there are cells, from the first cell's outer edge to the last one's.
    edges: Vec<f64>,
    /// Where the values are, one a cell.
    places: Vec<f64>,
    /// Whether the cells are equally wide although the axis has a scale.
    pub(crate) evened: bool,
}

impl Lattice {
    /// The cells of an axis between two pixels; `range.0` is where the first one begins.
    pub(crate) fn new(axis: &SweepAxis, range: (f64, f64)) -> Self {
        let n = axis.values.len();
        let scaled = warped(axis).filter(|w| w.len() > 1);
        let kept = scaled.filter(|w| roomy(&midpoints(w)));
        let evened = axis.spread != SweepSpread::Category && n > 1 && kept.is_none();
        let values = kept.unwrap_or_else(|| (0..n).map(|i| i as f64).collect());
        let edges = midpoints(&values);
        let ends = (edges[0], edges[n]);
        Self {
            places: stretched(&values, ends, range),
            edges: stretched(&edges, ends, range),
            evened,
        }
    }

    /// Where cell i begins and ends, the smaller pixel first.
    pub(crate) fn span(&self, i: usize) -> (f64, f64) {
        let (a, b) = (self.edges[i], self.edges[i + 1]);
        (a.min(b), a.max(b))
    }

    pub(crate) fn size(&self, i: usize) -> f64 {
        let (low, high) = self.span(i);
        high - low
    }

    /// The middle of cell i.
    pub(crate) fn middle(&self, i: usize) -> f64 {
        (self.edges[i] + self.edges[i + 1]) / 2.0
    }

    /// The place of value i, which need not be the middle of its cell.
    pub(crate) fn place(&self, i: usize) -> f64 {
        self.places[i]
    }

    pub(crate) fn len(&self) -> usize {
        self.edges.len() - 1
    }

    /// Edges between cells.
    pub(crate) fn inner(&self) -> &[f64] {
        &self.edges[1..self.edges.len() - 1]
    }
}

/// The values as they are spread, if that is possible for all.
fn warped(axis: &SweepAxis) -> Option<Vec<f64>> {
    let numbers = axis.numbers()?;
    match axis.spread {
        SweepSpread::Category => None,
        SweepSpread::Linear => Some(numbers),
        SweepSpread::Log if numbers.iter().all(|n| *n > 0.0) => {
            Some(numbers.into_iter().map(libm::log).collect())
        }
        SweepSpread::Log => None,
    }
}

/// Edges halfway between neighbours; the outer cells are as wide outside as inside, and a single one is 1 wide.
fn midpoints(at: &[f64]) -> Vec<f64> {
    let n = at.len();
    if n == 1 {
        return vec![at[0] - 0.5, at[0] + 0.5];
    }
    let mut edges = vec![at[0] - (at[1] - at[0]) / 2.0];
    edges.extend(at.windows(2).map(|p| (p[0] + p[1]) / 2.0));
    edges.push(at[n - 1] + (at[n - 1] - at[n - 2]) / 2.0);
    edges
}

fn roomy(edges: &[f64]) -> bool {
    let n = edges.len() - 1;
    let mean = (edges[n] - edges[0]) / n as f64;
    edges.windows(2).all(|e| e[1] - e[0] >= NARROWEST * mean)
}

fn stretched(at: &[f64], (first, last): (f64, f64), (from, to): (f64, f64)) -> Vec<f64> {
    let place = |x: &f64| from + (x - first) / (last - first) * (to - from);
    at.iter().map(place).collect()
}

/// The labels of an axis along the foot of a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Foot<'a> {
    pub(crate) axis: &'a SweepAxis,
    pub(crate) cells: &'a Lattice,
}

impl Foot<'_> {
    /// Whether the names are too long to stand side by side. Numbers are thinned instead.
    fn leans(&self) -> bool {
        self.axis.spread == SweepSpread::Category
            && (0..self.cells.len()).any(|i| {
                text_width(&self.axis.values[i].text, FONT) + 6.0 > self.cells.size(i).max(20.0)
            })
    }

    /// Room below the cells for ticks and the name of the axis.
    pub(crate) fn room(&self) -> f64 {
        if self.leans() { 108.0 } else { 40.0 }
    }

    pub(crate) fn draw(&self, svg: &mut Svg, bottom: f64) {
        if self.leans() {
            self.leaning(svg, bottom);
        } else {
            self.upright(svg, bottom);
        }
        let n = self.cells.len();
        let middle = (self.cells.span(0).0 + self.cells.span(n - 1).1) / 2.0;
        let scale = scale_note(self.axis, self.cells);
        let text = format!("{}{scale}", self.axis.label);
        svg.text(
            (middle, bottom + self.room() - 6.0),
            "tick",
            "middle",
            &text,
        );
    }

    fn upright(&self, svg: &mut Svg, bottom: f64) {
        let places: Vec<f64> = (0..self.cells.len()).map(|i| self.cells.place(i)).collect();
        for i in thinned(&places, |i| {
            text_width(&self.axis.values[i].text, FONT) + 8.0
        }) {
            svg.line((places[i], bottom), (places[i], bottom + 4.0), "axis");
            let text = &self.axis.values[i].text;
            svg.text((places[i], bottom + 17.0), "tick", "middle", text);
        }
    }

    fn leaning(&self, svg: &mut Svg, bottom: f64) {
        let places: Vec<f64> = (0..self.cells.len()).map(|i| self.cells.place(i)).collect();
        for i in thinned(&places, |_| 14.0) {
            let (x, y) = (places[i], bottom + 14.0);
            let turn = format!("rotate(-40 {} {})", px(x), px(y));
            svg.open("g", &[("transform", &turn)]);
            let text = cut(&self.axis.values[i].text, 106.0_f64.min(x * 1.2));
            svg.text((x, y), "tick", "end", &text);
            svg.close("g");
        }
    }
}

/// How an axis is spread, for its label.
pub(crate) fn scale_note(axis: &SweepAxis, cells: &Lattice) -> &'static str {
    match axis.spread {
        _ if cells.evened => " (evenly spaced values)",
        SweepSpread::Log => " (log scale)",
        _ => "",
    }
}

/// As many of the labels as do not meet, the first and the last before those between.
pub(crate) fn thinned(places: &[f64], width: impl Fn(usize) -> f64) -> Vec<usize> {
    let n = places.len();
    let fits = |step: usize| {
        let kept: Vec<usize> = (0..n).step_by(step).collect();
        let apart =
            |p: &[usize]| (places[p[0]] - places[p[1]]).abs() >= (width(p[0]) + width(p[1])) / 2.0;
        kept.windows(2).all(apart).then_some(kept)
    };
    (1..=n.max(1)).find_map(fits).unwrap_or_default()
}

/// Names of an axis along the left side.
pub(crate) fn side(svg: &mut Svg, axis: &SweepAxis, cells: &Lattice, left: f64) {
    let places: Vec<f64> = (0..cells.len()).map(|i| cells.place(i)).collect();
    for i in thinned(&places, |_| 14.0) {
        let text = cut(&axis.values[i].text, left - 8.0);
        svg.text((left - 6.0, places[i] + 4.0), "tick", "end", &text);
    }
}

/// Room that the names of an axis take on the left, at most `most`.
pub(crate) fn side_room(axis: &SweepAxis, most: f64) -> f64 {
    let widths = axis.values.iter().map(|v| text_width(&v.text, FONT) + 12.0);
    widths.fold(40.0, f64::max).min(most)
}

#[cfg(test)]
mod tests {
    use super::super::record::AxisValue;
    use super::*;

    fn axis(spread: SweepSpread, values: &[f64]) -> SweepAxis {
        let value = |n: &f64| AxisValue {
            text: n.to_string(),
            number: Some(*n),
        };
        SweepAxis {
            name: "lr".into(),
            label: "learning rate".into(),
            spread,
            values: values.iter().map(value).collect(),
        }
    }

    #[test]
    fn cells_stand_at_their_true_places_where_each_has_room() {
        let linear = Lattice::new(&axis(SweepSpread::Linear, &[0.1, 0.2, 0.4]), (0.0, 450.0));
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(linear.place(0), 50.0) && near(linear.place(2), 350.0) && !linear.evened);
        assert!(near(linear.span(1).0, 100.0) && near(linear.span(1).1, 250.0));
        assert!(near(linear.place(1), 150.0) && near(linear.middle(1), 175.0));
        let log = Lattice::new(&axis(SweepSpread::Log, &[1e-3, 1e-2, 1e-1]), (300.0, 0.0));
        assert!(near(log.place(1), 150.0) && near(log.span(0).0, 200.0));
        assert_eq!(log.size(2).round(), 100.0);
    }

    #[test]
    fn crowded_values_and_a_zero_on_a_log_axis_are_spaced_evenly() {
        for (spread, values) in [
            (SweepSpread::Linear, vec![0.33, 0.3301, 0.9]),
            (SweepSpread::Log, vec![0.0, 1e-4, 1e-3]),
        ] {
            let cells = Lattice::new(&axis(spread, &values), (0.0, 300.0));
            assert!(cells.evened && cells.span(1) == (100.0, 200.0));
        }
        let one = Lattice::new(&axis(SweepSpread::Log, &[0.5]), (0.0, 80.0));
        assert!(one.span(0) == (0.0, 80.0) && !one.evened && one.inner().is_empty());
    }

    #[test]
    fn labels_are_thinned_until_none_meet() {
        let places: Vec<f64> = (0..60).map(|i| f64::from(i) * 13.0).collect();
        let kept = thinned(&places, |_| 36.0);
        assert_eq!(kept[..3], [0, 3, 6]);
        assert_eq!(thinned(&[5.0], |_| 1e9), [0]);
        assert!(thinned(&[], |_| 1.0).is_empty());
    }
}
