//! Weights: matrices with rows padded by zeros.

use crate::buffer::Buffer;
use crate::real::Real;
use dunwu_core::{TensorData, TensorView};

/// A matrix whose rows are `stride` apart; what lies beyond `cols` is zero and stays zero.
#[derive(Clone, Debug)]
pub(crate) struct Matrix<T> {
    pub name: String,
    pub rows: usize,
    pub cols: usize,
    pub stride: usize,
    pub data: Buffer<T>,
}

impl<T: Real> Matrix<T> {
    /// Zeros; `storage_rows` ≥ rows may be padded too.
    pub(crate) fn zeros(
        name: &str,
        [rows, cols]: [usize; 2],
        storage_rows: usize,
        stride: usize,
    ) -> Self {
        Self {
            name: name.to_owned(),
            rows,
            cols,
            stride,
            data: Buffer::zeros(storage_rows * stride),
        }
    }

    /// Zeros of the same shape.
    pub(crate) fn like(&self) -> Self {
        Self {
            data: Buffer::zeros(self.data.len()),
            ..self.clone()
        }
    }

    /// Sets every element, row by row.
    pub(crate) fn fill_with(&mut self, mut value: impl FnMut() -> f64) {
        for row in self.data.chunks_exact_mut(self.stride).take(self.rows) {
            row[..self.cols]
                .iter_mut()
                .for_each(|x| *x = T::of(value()));
        }
    }

    /// What a vector starts from: the scale of a normalisation, its first row, is 1, all else 0.
    pub(crate) fn start(&mut self) {
        if self.name.split('.').any(|part| part == "norm") {
            self.data[..self.cols].fill(T::ONE);
        }
    }

    /// Copies from a view of the same shape.
    pub(crate) fn copy_from(&mut self, view: &TensorView<'_>) {
        for (i, row) in self
            .data
            .chunks_exact_mut(self.stride)
            .take(self.rows)
            .enumerate()
        {
            row[..self.cols]
                .iter_mut()
                .enumerate()
                .for_each(|(j, x)| *x = T::of(view.at(i, j)));
        }
    }

    /// A view without the padding, under another name.
    pub(crate) fn view_as(&self, name: String) -> TensorView<'_> {
        view(name, self.rows, self.cols, self.stride, T::data(&self.data))
    }

    pub(crate) fn view(&self) -> TensorView<'_> {
        self.view_as(self.name.clone())
    }

    pub(crate) fn is_finite(&self) -> bool {
        self.data.iter().all(|x| x.is_finite())
    }

    /// Σ x².
    pub(crate) fn square_sum(&self) -> f64 {
        self.data.iter().map(|x| x.f64() * x.f64()).sum()
    }
}

/// A row-major view whose rows are `stride` apart.
pub(crate) fn view<'a>(
    name: String,
    rows: usize,
    cols: usize,
    stride: usize,
    data: TensorData<'a>,
) -> TensorView<'a> {
    TensorView {
        name,
        rows,
        cols,
        row_stride: stride,
        col_stride: 1,
        data,
    }
}
