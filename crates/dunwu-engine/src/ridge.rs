//! A readout that is solved for.

use crate::matrix::Matrix;
use crate::real::Real;
use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

/// Sets `readout` to argmin_V ‖P(Y − βFV)‖² + η‖V‖², P the centring over samples:
/// V = β(β²F̃ᵀF̃ + ηI)⁻¹F̃ᵀỸ, in double precision, by Cholesky of the smaller of the two Gram matrices.
///
/// `features` are n rows, `stride` apart; the labels are n. Source: arXiv 2509.21519, Eq. 4.
pub(crate) fn solve<T: Real>(
    features: &[T],
    stride: usize,
    labels: &[u32],
    eta: f64,
    scale: f64,
    readout: &mut Matrix<T>,
) {
    let (n, k, m) = (labels.len(), readout.rows, readout.cols);
    let mut f = Mat::from_fn(n, k, |i, j| scale * features[i * stride + j].f64());
    let mut y = Mat::from_fn(n, m, |i, c| if labels[i] as usize == c { 1.0 } else { 0.0 });
    centre(&mut f);
    centre(&mut y);
    let gram = if n < k {
        &f * f.transpose()
    } else {
        f.transpose() * &f
    };
    let gram = gram + Mat::from_fn(n.min(k), n.min(k), |i, j| if i == j { eta } else { 0.0 });
    let v = match gram.llt(Side::Lower) {
        Ok(factor) if n < k => f.transpose() * factor.solve(&y),
        Ok(factor) => factor.solve(f.transpose() * &y),
        // Only numbers that are not finite leave a Gram matrix plus ηI without a factor.
        Err(_) => Mat::from_fn(k, m, |_, _| f64::NAN),
    };
    for (i, row) in readout
        .data
        .chunks_exact_mut(readout.stride)
        .take(k)
        .enumerate()
    {
        row[..m]
            .iter_mut()
            .enumerate()
            .for_each(|(c, x)| *x = T::of(v[(i, c)]));
    }
}

/// Subtracts each column's mean.
fn centre(a: &mut Mat<f64>) {
    let n = a.nrows();
    for column in a.col_iter_mut() {
        let mut column = column;
        let mean = (0..n).map(|i| column[i]).sum::<f64>() / n as f64;
        (0..n).for_each(|i| column[i] -= mean);
    }
}
