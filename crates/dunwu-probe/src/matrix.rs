//! Tensors as matrices in double precision.

use dunwu_core::{NamedTensor, Snapshot, TensorData, TensorView, Values};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use pulp::{Arch, Simd, WithSimd};

/// Dense numbers of `cols` a row as a matrix.
pub(crate) fn rows(numbers: &[f64], cols: usize) -> MatRef<'_, f64> {
    MatRef::from_row_major_slice(numbers, numbers.len() / cols.max(1), cols)
}

/// a·b on one thread.
pub(crate) fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    matmul(&mut out, Accum::Replace, a, b, 1.0, Par::Seq);
    out
}

/// aᵀa on one thread.
pub(crate) fn gram(a: MatRef<'_, f64>) -> Mat<f64> {
    product(a.transpose(), a)
}

/// Σ a_ij b_ij.
pub(crate) fn inner(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> f64 {
    (0..a.ncols())
        .map(|j| (0..a.nrows()).map(|i| a[(i, j)] * b[(i, j)]).sum::<f64>())
        .sum()
}

/// Subtracts each column's mean.
pub(crate) fn centre(a: &mut Mat<f64>) {
    let n = a.nrows() as f64;
    for j in 0..a.ncols() {
        let mean = (0..a.nrows()).map(|i| a[(i, j)]).sum::<f64>() / n;
        (0..a.nrows()).for_each(|i| a[(i, j)] -= mean);
    }
}

/// Σ x² in interleaved sums: a fixed order that vectorises.
pub(crate) fn square_sum(view: &TensorView<'_>) -> f64 {
    fn sum<T: Copy + Into<f64>>(view: &TensorView<'_>, data: &[T]) -> f64 {
        let row = |i: usize| &data[i * view.row_stride..i * view.row_stride + view.cols];
        (0..view.rows).map(|i| dot(row(i), row(i))).sum()
    }
    if view.col_stride != 1 {
        return view.to_f64().iter().map(|x| x * x).sum();
    }
    match view.data {
        TensorData::F32(data) => sum(view, data),
        TensorData::F64(data) => sum(view, data),
    }
}

/// Σ x y, as `square_sum`, with the widest vectors that the machine has.
pub(crate) fn dot<T: Copy + Into<f64>>(x: &[T], y: &[T]) -> f64 {
    Arch::new().dispatch(Dot { x, y })
}

struct Dot<'a, T> {
    x: &'a [T],
    y: &'a [T],
}

// A closure would not be compiled for those vectors.
impl<T: Copy + Into<f64>> WithSimd for Dot<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        let mut lanes = [0.0f64; 32];
        let ((xs, x_rest), (ys, y_rest)) = (self.x.as_chunks::<32>(), self.y.as_chunks::<32>());
        for (a, b) in xs.iter().zip(ys) {
            for i in 0..32 {
                lanes[i] += a[i].into() * b[i].into();
            }
        }
        let mut sum = 0.0;
        for lane in std::hint::black_box(lanes) {
            sum += lane;
        }
        for (a, b) in x_rest.iter().zip(y_rest) {
            sum += (*a).into() * (*b).into();
        }
        sum
    }
}

/// Parameters that a letter stands for: W all that is not the readout, V the readout.
pub(crate) fn letters(snapshot: &Snapshot<'_>) -> Vec<(&'static str, Vec<usize>)> {
    let is_weight = |name: &str| name != "readout" && dunwu_core::is_weight(name);
    let pick = |keep: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..snapshot.tensors.len())
            .filter(|i| keep(&snapshot.tensors[*i].name))
            .collect()
    };
    vec![
        ("W", pick(&is_weight)),
        ("V", pick(&|name| name == "readout")),
    ]
}

/// A column of numbers to keep over a resume.
pub(crate) fn saved(name: String, values: Values) -> NamedTensor {
    let cols = values.as_data().len();
    NamedTensor {
        name,
        rows: 1,
        cols,
        values,
    }
}
