//! Classification by the nearest centroid, for losses whose outputs are no scores of classes.

use super::dense;
use crate::real::Real;

/// The mean direction of each class's outputs.
///
/// ```
/// use dunwu_engine::loss::Centroids;
/// let outputs = [1.0, 0.1, 1.0, -0.1, 0.0, 2.0];
/// let centroids = Centroids::fit(&outputs, 2, 2, &[4, 4, 1], 5);
/// assert_eq!((centroids.predict(&[3.0, 1.0]), centroids.predict(&[-1.0, 1.0])), (4, 1));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Centroids<T> {
    dim: usize,
    /// classes × dim, each row of length 1, or 0 where a class has no row.
    means: Vec<T>,
    seen: Vec<bool>,
}

impl<T: Real> Centroids<T> {
    /// Centroids of rows `stride` apart, of which the first `dim` numbers count; labels lie below `classes`.
    pub fn fit(outputs: &[T], stride: usize, dim: usize, labels: &[u32], classes: usize) -> Self {
        let rows = dense(outputs, stride, dim, labels.len());
        let mut means = vec![0.0; classes * dim];
        let mut seen = vec![false; classes];
        for (row, label) in rows.chunks_exact(dim).zip(labels) {
            let label = *label as usize;
            seen[label] = true;
            let norm = length(row.iter().map(|x| x.f64()));
            means[label * dim..][..dim]
                .iter_mut()
                .zip(row)
                .for_each(|(m, x)| *m += x.f64() / norm);
        }
        for mean in means.chunks_exact_mut(dim) {
            let norm = length(mean.iter().copied());
            mean.iter_mut().for_each(|m| *m /= norm);
        }
        Self {
            dim,
            means: means.into_iter().map(T::of).collect(),
            seen,
        }
    }

    /// The class whose centroid has the largest cosine with the row; the first of equals.
    pub fn predict(&self, row: &[T]) -> usize {
        let mut best = (0, T::of(f64::NEG_INFINITY));
        for (class, mean) in self.means.chunks_exact(self.dim).enumerate() {
            let cosine: T = mean.iter().zip(row).map(|(m, x)| *m * *x).sum();
            if self.seen[class] && cosine > best.1 {
                best = (class, cosine);
            }
        }
        best.0
    }
}

/// Euclidean length, or 1 for the zero vector.
fn length(row: impl Iterator<Item = f64>) -> f64 {
    let square: f64 = row.map(|x| x * x).sum();
    if square > 0.0 { square.sqrt() } else { 1.0 }
}
