//! The layers of a network as functions on tokens, and its answers in double precision.

use dunwu_core::{Dataset, Interaction, RunPlan, Snapshot, TensorView, Weights};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

/// An activation σ that several threads may call.
pub type Sigma<'a> = &'a (dyn Fn(f64) -> f64 + Sync);

/// Rows of a forward pass that are worked on together: their hidden values stay in the cache.
const BLOCK: usize = 64;

/// First layer and readout of a network, widened.
///
/// With complex weights a layer has twice as many columns: real parts, then imaginary parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// By operand its tokens × columns, row-major; a trained embedding is multiplied in.
    pub operands: Vec<Vec<f64>>,
    /// Columns × classes, row-major.
    pub readout: Vec<f64>,
    /// Number of hidden nodes K.
    pub width: usize,
    /// Columns of a layer: K, or 2K with complex weights.
    pub columns: usize,
    /// Number of classes M.
    pub classes: usize,
    /// Factor on the outputs, `output_scale` of the plan.
    pub scale: f64,
    /// Why [`Network::forward`] cannot run it; None if it can.
    pub unrunnable: Option<String>,
}

impl Network {
    /// The layers of a snapshot.
    ///
    /// # Errors
    /// A sentence naming the tensor that is missing or has the wrong shape.
    pub fn read(snapshot: &Snapshot<'_>, data: &Dataset, plan: &RunPlan) -> Result<Self, String> {
        let hidden = tensor(snapshot, "hidden.0")?;
        let readout = tensor(snapshot, "readout")?;
        let is_complex = plan.weights == Weights::Complex;
        let width = hidden.cols / if is_complex { 2 } else { 1 };
        if readout.rows != hidden.cols || readout.cols != data.classes {
            return Err(format!(
                "`readout` is {} × {}, expected {} × {}",
                readout.rows, readout.cols, hidden.cols, data.classes
            ));
        }
        let operand = |j| operand(snapshot, hidden, data, j);
        Ok(Self {
            operands: (0..data.operands())
                .map(operand)
                .collect::<Result<_, _>>()?,
            readout: readout.to_f64(),
            width,
            columns: hidden.cols,
            classes: data.classes,
            scale: plan.output_scale,
            unrunnable: unrunnable(snapshot, plan),
        })
    }

    /// Incoming weights of a column: operand by operand its tokens, of the length of the input.
    pub fn incoming(&self, column: usize) -> Vec<f64> {
        let block = |weights: &Vec<f64>| {
            let column = weights.iter().skip(column).step_by(self.columns);
            column.copied().collect::<Vec<f64>>()
        };
        self.operands.iter().flat_map(block).collect()
    }

    /// Outgoing weights of a column, one a class.
    pub fn outgoing(&self, column: usize) -> &[f64] {
        &self.readout[column * self.classes..(column + 1) * self.classes]
    }

    /// The columns of a node: one, or two with complex weights.
    pub fn columns_of(&self, node: usize) -> impl Iterator<Item = usize> + use<> {
        (node..self.columns).step_by(self.width)
    }

    /// Outputs on all rows, rows × classes, `scale · σ(Σ_j W_jᵀ x_j) V`.
    ///
    /// # Errors
    /// [`Network::unrunnable`].
    pub fn forward(&self, data: &Dataset, sigma: Sigma<'_>) -> Result<Vec<f64>, String> {
        let all: Vec<usize> = (0..self.width).collect();
        self.part(&all, data, sigma)
    }

    /// What some nodes add to the outputs; parts of disjoint sets of nodes add up.
    ///
    /// # Errors
    /// [`Network::unrunnable`].
    pub fn part(
        &self,
        nodes: &[usize],
        data: &Dataset,
        sigma: Sigma<'_>,
    ) -> Result<Vec<f64>, String> {
        if let Some(why) = &self.unrunnable {
            return Err(why.clone());
        }
        let layers: Vec<Vec<f64>> = self.operands.iter().map(|w| self.pick(w, nodes)).collect();
        let rows = |node: &usize| self.outgoing(*node).iter().map(|v| v * self.scale);
        let readout: Vec<f64> = nodes.iter().flat_map(rows).collect();
        Ok(run(&layers, &readout, self.classes, data, sigma))
    }

    /// Columns of a layer.
    pub(super) fn pick(&self, weights: &[f64], nodes: &[usize]) -> Vec<f64> {
        let row = |row: &[f64]| nodes.iter().map(|j| row[*j]).collect::<Vec<f64>>();
        weights.chunks_exact(self.columns).flat_map(row).collect()
    }
}

/// Outputs of a network whose layers are dense and row-major.
fn run(
    layers: &[Vec<f64>],
    readout: &[f64],
    classes: usize,
    data: &Dataset,
    sigma: Sigma<'_>,
) -> Vec<f64> {
    let width = readout.len() / classes.max(1);
    let mut out = vec![0.0; data.len() * classes];
    if width == 0 {
        return out;
    }
    let readout = MatRef::from_row_major_slice(readout, width, classes);
    let blocks = out.par_chunks_mut(BLOCK * classes).enumerate();
    blocks.for_each(|(block, out)| {
        let rows = out.len() / classes;
        let first = block * BLOCK;
        let hidden: Vec<f64> = (first..first + rows)
            .flat_map(|i| hidden_row(layers, data.row(i), width, sigma))
            .collect();
        let hidden = MatRef::from_row_major_slice(&hidden, rows, width);
        let out = MatMut::from_row_major_slice_mut(out, rows, classes);
        matmul(out, Accum::Replace, hidden, readout, 1.0, Par::Seq);
    });
    out
}

/// σ(Σ_j W_jᵀ x_j) of one row.
fn hidden_row(layers: &[Vec<f64>], tokens: &[u32], width: usize, sigma: Sigma<'_>) -> Vec<f64> {
    let mut sum = vec![0.0; width];
    for (layer, token) in layers.iter().zip(tokens) {
        let row = &layer[*token as usize * width..][..width];
        sum.iter_mut().zip(row).for_each(|(s, w)| *s += w);
    }
    sum.iter_mut().for_each(|s| *s = sigma(*s));
    sum
}

fn tensor<'a, 'b>(snapshot: &'b Snapshot<'a>, name: &str) -> Result<&'b TensorView<'a>, String> {
    let missing = || format!("the snapshot has no tensor `{name}`");
    snapshot.get(name).ok_or_else(missing)
}

fn unrunnable(snapshot: &Snapshot<'_>, plan: &RunPlan) -> Option<String> {
    let why = if snapshot.get("hidden.1").is_some() {
        "the network has more than one hidden layer"
    } else if plan.weights == Weights::Complex {
        "the network has complex weights"
    } else if plan.interaction == Interaction::Product {
        "the operands' projections are multiplied"
    } else {
        return None;
    };
    Some(format!(
        "{why}; nodes can be removed from networks with one real hidden layer of sums only"
    ))
}

/// First-layer rows of operand j's tokens.
fn operand(
    snapshot: &Snapshot<'_>,
    hidden: &TensorView<'_>,
    data: &Dataset,
    j: usize,
) -> Result<Vec<f64>, String> {
    let Some(embedding) = snapshot.get("embedding") else {
        return block(hidden, data.offset(j), data.vocab[j]);
    };
    let block = block(hidden, j * embedding.cols, embedding.cols)?;
    let tokens = embedding.to_f64();
    Ok(product(&tokens, embedding.rows, &block, hidden.cols))
}

fn block(hidden: &TensorView<'_>, first: usize, count: usize) -> Result<Vec<f64>, String> {
    if first + count > hidden.rows {
        let rows = hidden.rows;
        return Err(format!(
            "`hidden.0` has {rows} rows, expected at least {}",
            first + count
        ));
    }
    Ok((first..first + count).flat_map(|i| hidden.row(i)).collect())
}

/// a·b, all row-major.
pub(crate) fn product(a: &[f64], rows: usize, b: &[f64], cols: usize) -> Vec<f64> {
    let inner = a.len() / rows.max(1);
    let mut out = vec![0.0; rows * cols];
    matmul(
        MatMut::from_row_major_slice_mut(&mut out, rows, cols),
        Accum::Replace,
        MatRef::from_row_major_slice(a, rows, inner),
        MatRef::from_row_major_slice(b, inner, cols),
        1.0,
        Par::Seq,
    );
    out
}

/// A dense row-major matrix, transposed.
pub(crate) fn transposed(a: &[f64], cols: usize) -> Vec<f64> {
    (0..cols)
        .flat_map(|j| a.iter().skip(j).step_by(cols).copied())
        .collect()
}

/// Square matrix of a dense row-major one; kept here so that faer is named in one place.
pub(crate) fn complex_matrix(
    d: usize,
    entry: impl FnMut(usize, usize) -> faer::c64,
) -> Mat<faer::c64> {
    Mat::from_fn(d, d, entry)
}
