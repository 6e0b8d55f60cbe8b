//! How nearly independent nodes and samples are.

use crate::matrix::{centre, gram, rows};
use crate::select::Setting;
use dunwu_core::{Cost, Dataset, Needs, Probe, Reading, Snapshot, TensorData, TensorView};
use faer::MatRef;

/// Nodes and samples of the probe that is no exact one.
const SAMPLE: usize = 256;

/// `gram_ff` = mean |off-diagonal| / mean |diagonal| of F̃ᵀF̃, F̃ = PF; `gram_pfft` the same of PFFᵀ;
/// `gram_ideal` = min over a, b of ‖FFᵀ − aI − b11ᵀ‖/‖FFᵀ‖, the form of independent features (arXiv
/// 2509.21519, Lemma 1). Over evenly spaced nodes and samples, at most 256 of each, or over all.
struct Gram {
    most: usize,
}

pub(crate) fn make(_: &Setting<'_>) -> Box<dyn Probe> {
    Box::new(Gram { most: SAMPLE })
}

pub(crate) fn make_exact(_: &Setting<'_>) -> Box<dyn Probe> {
    Box::new(Gram { most: usize::MAX })
}

impl Gram {
    fn is_exact(&self) -> bool {
        self.most == usize::MAX
    }

    fn column(&self, name: &str) -> String {
        if self.is_exact() {
            format!("{name}_exact")
        } else {
            name.to_owned()
        }
    }
}

impl Probe for Gram {
    fn name(&self) -> &'static str {
        if self.is_exact() {
            "gram_exact"
        } else {
            "gram"
        }
    }

    fn columns(&self) -> Vec<(String, &'static str)> {
        vec![
            (
                self.column("gram_ff"),
                "mean |off-diagonal| / mean |diagonal| of F̃ᵀF̃",
            ),
            (
                self.column("gram_ideal"),
                "distance of FFᵀ from aI + b11ᵀ, relative",
            ),
            (
                self.column("gram_pfft"),
                "mean |off-diagonal| / mean |diagonal| of PFFᵀ",
            ),
        ]
    }

    fn needs(&self) -> Needs {
        Needs {
            features: true,
            ..Needs::NONE
        }
    }

    fn cost(&self) -> Cost {
        if self.is_exact() {
            Cost::Expensive
        } else {
            Cost::Moderate
        }
    }

    fn measure(&mut self, snapshot: &Snapshot<'_>, _: &Dataset) -> Vec<Reading> {
        let Some(features) = snapshot.get("features") else {
            return vec![];
        };
        let nodes = evenly(features.cols, self.most);
        let mut f = pick(features, &evenly(features.rows, usize::MAX), &nodes);
        centre_rows(&mut f, nodes.len());
        let ff = ratio(gram(rows(&f, nodes.len())).as_ref());
        let samples = evenly(features.rows, self.most);
        let f = pick(features, &samples, &evenly(features.cols, usize::MAX));
        let outer = gram(rows(&f, features.cols).transpose());
        let ideal = distance_from_ideal(outer.as_ref());
        let mut centred = outer;
        centre(&mut centred);
        let readings = [
            ("gram_ff", ff),
            ("gram_ideal", ideal),
            ("gram_pfft", ratio(centred.as_ref())),
        ];
        readings
            .into_iter()
            .map(|(name, value)| Reading::new(self.column(name), value))
            .collect()
    }
}

/// At most `most` of n indices, evenly spaced.
fn evenly(n: usize, most: usize) -> Vec<usize> {
    let count = n.min(most);
    (0..count).map(|i| i * n / count).collect()
}

/// Some rows and columns, dense and row-major.
fn pick(view: &TensorView<'_>, rows: &[usize], cols: &[usize]) -> Vec<f64> {
    let mut out = Vec::with_capacity(rows.len() * cols.len());
    for i in rows {
        match view.data {
            TensorData::F32(data) if view.col_stride == 1 => {
                let row = &data[i * view.row_stride..][..view.cols];
                out.extend(cols.iter().map(|j| f64::from(row[*j])));
            }
            _ => out.extend(cols.iter().map(|j| view.at(*i, *j))),
        }
    }
    out
}

/// Subtracts from each of `cols` columns its mean.
fn centre_rows(numbers: &mut [f64], cols: usize) {
    let mut mean = vec![0.0; cols];
    for row in numbers.chunks_exact(cols) {
        mean.iter_mut().zip(row).for_each(|(m, x)| *m += x);
    }
    let n = (numbers.len() / cols) as f64;
    mean.iter_mut().for_each(|m| *m /= n);
    for row in numbers.chunks_exact_mut(cols) {
        row.iter_mut().zip(&mean).for_each(|(x, m)| *x -= m);
    }
}

/// Mean |off-diagonal| over mean |diagonal|.
fn ratio(a: MatRef<'_, f64>) -> f64 {
    let n = a.nrows() as f64;
    let (mut diagonal, mut all) = (0.0, 0.0);
    for j in 0..a.ncols() {
        diagonal += a[(j, j)].abs();
        all += (0..a.nrows()).map(|i| a[(i, j)].abs()).sum::<f64>();
    }
    ((all - diagonal) / (n * (n - 1.0))) / (diagonal / n)
}

/// min over a, b of ‖A − aI − b11ᵀ‖/‖A‖: b is the mean off the diagonal, a + b the mean on it.
fn distance_from_ideal(a: MatRef<'_, f64>) -> f64 {
    let n = a.nrows() as f64;
    let (mut diagonal, mut diagonal_squares, mut sum, mut squares) = (0.0, 0.0, 0.0, 0.0);
    for j in 0..a.ncols() {
        for i in 0..a.nrows() {
            sum += a[(i, j)];
            squares += a[(i, j)] * a[(i, j)];
        }
        diagonal += a[(j, j)];
        diagonal_squares += a[(j, j)] * a[(j, j)];
    }
    let off = n * (n - 1.0);
    let on_diagonal = diagonal_squares - diagonal * diagonal / n;
    let off_diagonal = (squares - diagonal_squares)
        - if off > 0.0 {
            (sum - diagonal).powi(2) / off
        } else {
            0.0
        };
    ((on_diagonal + off_diagonal).max(0.0) / squares).sqrt()
}
