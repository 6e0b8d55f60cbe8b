//! Named tensors at one moment of a run, borrowed from whoever holds them.

/// Borrowed numbers of either precision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TensorData<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
}

impl TensorData<'_> {
    /// Element `i` of the storage, widened.
    pub fn get(&self, i: usize) -> f64 {
        match self {
            TensorData::F32(data) => f64::from(data[i]),
            TensorData::F64(data) => data[i],
        }
    }

    /// Number of elements of the storage.
    pub fn len(&self) -> usize {
        match self {
            TensorData::F32(data) => data.len(),
            TensorData::F64(data) => data.len(),
        }
    }

    /// Whether the storage is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A matrix: element (i, j) is `data[i*row_stride + j*col_stride]`. A vector has one row.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorView<'a> {
    /// Dotted name, such as `hidden.0`, `readout`, `grad.readout`, `optimizer.m.hidden.0`.
    pub name: String,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Distance of consecutive rows, in elements.
    pub row_stride: usize,
    /// Distance of consecutive columns, in elements.
    pub col_stride: usize,
    /// Storage, possibly longer than the matrix.
    pub data: TensorData<'a>,
}

impl<'a> TensorView<'a> {
    /// A dense row-major matrix.
    pub fn dense(name: impl Into<String>, rows: usize, cols: usize, data: TensorData<'a>) -> Self {
        debug_assert_eq!(rows * cols, data.len());
        Self {
            name: name.into(),
            rows,
            cols,
            row_stride: cols,
            col_stride: 1,
            data,
        }
    }

    /// Element (i, j), widened.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        debug_assert!(i < self.rows && j < self.cols);
        self.data.get(i * self.row_stride + j * self.col_stride)
    }

    /// The transposed view of the same storage.
    pub fn transposed(&self) -> TensorView<'a> {
        Self {
            name: self.name.clone(),
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            data: self.data,
        }
    }

    /// The matrix, widened, dense and row-major.
    pub fn to_f64(&self) -> Vec<f64> {
        let mut out = Vec::with_capacity(self.rows * self.cols);
        (0..self.rows).for_each(|i| out.extend(self.row(i)));
        out
    }

    /// A row, widened.
    ///
    /// Panics if there is none with that index.
    pub fn row(&self, i: usize) -> Vec<f64> {
        assert!(i < self.rows, "row {i} of {}", self.rows);
        let first = i * self.row_stride;
        match self.data {
            TensorData::F32(data) if self.col_stride == 1 => data[first..first + self.cols]
                .iter()
                .map(|x| f64::from(*x))
                .collect(),
            _ => (0..self.cols).map(|j| self.at(i, j)).collect(),
        }
    }

    /// The matrix as an owned, dense, row-major tensor of the same precision.
    pub fn to_owned_tensor(&self) -> NamedTensor {
        fn pick<T: Copy>(view: &TensorView<'_>, data: &[T]) -> Vec<T> {
            let mut out = Vec::with_capacity(view.rows * view.cols);
            for i in 0..view.rows {
                let row = i * view.row_stride;
                if view.col_stride == 1 {
                    out.extend_from_slice(&data[row..row + view.cols]);
                } else {
                    out.extend((0..view.cols).map(|j| data[row + j * view.col_stride]));
                }
            }
            out
        }
        let values = match self.data {
            TensorData::F32(data) => Values::F32(pick(self, data)),
            TensorData::F64(data) => Values::F64(pick(self, data)),
        };
        NamedTensor {
            name: self.name.clone(),
            rows: self.rows,
            cols: self.cols,
            values,
        }
    }
}

/// Owned numbers of either precision.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

impl Values {
    /// A borrowed view.
    pub fn as_data(&self) -> TensorData<'_> {
        match self {
            Values::F32(data) => TensorData::F32(data),
            Values::F64(data) => TensorData::F64(data),
        }
    }
}

/// An owned, dense, row-major matrix with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Dotted name.
    pub name: String,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Row-major elements.
    pub values: Values,
}

impl NamedTensor {
    /// A borrowed view.
    pub fn view(&self) -> TensorView<'_> {
        TensorView::dense(
            self.name.clone(),
            self.rows,
            self.cols,
            self.values.as_data(),
        )
    }
}

/// What is known of a network after `epoch` updates. Probes cannot tell who made it.
///
/// Names, with K the width (2·width for complex weights: real parts, then imaginary parts), or d, the width of a
/// transformer, whose `embedding` has a last row for the equals sign:
///
/// | name | shape | what |
/// |---|---|---|
/// | `embedding` | max vocab × embedding width | only with a trained embedding |
/// | `hidden.0` | Σ vocab × K (or operands·embedding width × K) | first layer W |
/// | `hidden.l` | K × K | residual layer l ≥ 1, x ← σ(x + xL) |
/// | `readout` | K × classes | readout V |
/// | `positions` | sequence × d | of a transformer with learned positions |
/// | `layers.l.attention.q`, `.k`, `.v`, `.gate`, `.out` | d × d | of a transformer: x·Q and so on, head by head |
/// | `layers.l.attention.sink` | 1 × heads | trained logits of attending to nothing |
/// | `layers.l.mlp.in`, `.out` | d × m, m × d | of a transformer, with `.in_bias` and `.out_bias` |
/// | `layers.l.norm.0`, `.1`, `norm` | 1 or 2 × d | scale, then shift: by attention, by perceptron, by readout |
/// | `grad.*` | as the weight | gradient of the loss, before optimiser and modifiers |
/// | `features` | train rows × K | hidden activations F of the training rows, of a transformer what its readout sees of the label |
/// | `outputs` | train rows × classes | network outputs of the training rows, of texts those for the label |
/// | `attention.l` | sequences·heads·asking positions × positions | attention weights of layer l, of some sequences: of S out of n training rows the rows ⌊i·n/S⌋; the last positions ask |
/// | `scores.l` | as `attention.l` | q·k/√(width of a head) of the same, −∞ where a position is not seen |
/// | `values.l` | sequences·positions × heads | norms of the values of layer l, of the same sequences |
/// | `stream.l` | sequences·asking positions × d | what layer l gives, of the same sequences |
/// | `lens.l` | answers × 2 | of held-out rows, evenly spaced as above: loss, and 1 where the answer is right, if layer l were the last one before final norm and readout |
/// | `reach.l` | 1 × 1 | ‖∂loss/∂(what layer l gives)‖ over all training rows |
/// | `optimizer.*` | as the weight | state of the optimiser |
/// | `table.outputs` | all rows × classes | network outputs of all rows, in their order, held-out ones too |
/// | `table.nodes.l` | all rows × nodes | hidden nodes after the activation: of layer l of a transformer where it answers, of a perceptron what the readout sees |
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot<'a> {
    /// Number of updates made so far.
    pub epoch: u64,
    /// The tensors, in a fixed order.
    pub tensors: Vec<TensorView<'a>>,
}

/// Whether a tensor of that name is a weight, by what the table of [`Snapshot`] says.
///
/// ```
/// let kept = ["layers.0.mlp.in", "grad.readout", "features"].map(dunwu_core::is_weight);
/// assert_eq!(kept, [true, false, false]);
/// ```
pub fn is_weight(name: &str) -> bool {
    let derived = [
        "attention.",
        "grad.",
        "lens.",
        "optimizer.",
        "reach.",
        "scores.",
        "stream.",
        "table.",
        "values.",
    ];
    !derived.iter().any(|prefix| name.starts_with(prefix))
        && !["features", "outputs"].contains(&name)
}

impl<'a> Snapshot<'a> {
    /// The tensor of that name, if it is here.
    pub fn get(&self, name: &str) -> Option<&TensorView<'a>> {
        self.tensors.iter().find(|t| t.name == name)
    }

    /// Owned copies of all tensors.
    pub fn to_owned_tensors(&self) -> Vec<NamedTensor> {
        self.tensors
            .iter()
            .map(TensorView::to_owned_tensor)
            .collect()
    }

    /// A snapshot that borrows owned tensors.
    pub fn of(epoch: u64, tensors: &'a [NamedTensor]) -> Self {
        Self {
            epoch,
            tensors: tensors.iter().map(NamedTensor::view).collect(),
        }
    }
}
