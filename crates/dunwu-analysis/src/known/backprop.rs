//! The gradient at the hidden nodes while the readout learns.
//!
//! F̃ is the n × K matrix of activations and Ỹ the n × M one of one-hot labels, both centred over rows;
//! G_F = P(Y − FV)Vᵀ is what a loss of least squares sends back to the activations.
//!
//! - From V = 0, gradient flow gives G_F(t) = t ỸỸᵀF̃ + O(t²) (arXiv 2509.21519, Proposition 1).
//! - At the ridge readout V = (F̃ᵀF̃ + ηI)⁻¹F̃ᵀỸ it is η(F̃F̃ᵀ + ηI)⁻¹ỸỸᵀF̃(F̃ᵀF̃ + ηI)⁻¹ (Eq. 4), which for small η
//!   grows in proportion to η (Lemma 1).
//! - Outputs βFV have the ridge readout of η/β², so that β·P(Y − βFV)Vᵀ is Eq. 4 at η/β² (appendix C.3).

use super::{KnownError, check_positive};
use faer::linalg::solvers::Solve;
use faer::{Mat, MatRef, Side};

/// Each column less its mean over rows.
///
/// ```
/// use dunwu_analysis::known::backprop::centred;
/// let a = faer::mat![[1.0, 5.0], [3.0, 5.0]];
/// assert_eq!(centred(a.as_ref()), faer::mat![[-1.0, 0.0], [1.0, 0.0]]);
/// ```
pub fn centred(a: MatRef<'_, f64>) -> Mat<f64> {
    let n = a.nrows() as f64;
    let mean: Vec<f64> = a.col_iter().map(|c| c.iter().sum::<f64>() / n).collect();
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] - mean[j])
}

/// ỸỸᵀF̃: the direction in which the gradient grows from a readout of zero.
///
/// # Errors
/// Matrices of different numbers of rows, or without any.
pub fn at_start(
    features: MatRef<'_, f64>,
    targets: MatRef<'_, f64>,
) -> Result<Mat<f64>, KnownError> {
    let (f, y) = fitting(features, targets)?;
    Ok(&y * (y.transpose() * &f))
}

/// η(F̃F̃ᵀ + ηI)⁻¹ỸỸᵀF̃(F̃ᵀF̃ + ηI)⁻¹; F and Y are centred here.
///
/// ```
/// use dunwu_analysis::known::backprop::{at_ridge, distance};
/// // One node that fires on the first of two rows, each with a label of its own: F̃ = (½, −½)ᵀ, Ỹ = ½[1 −1; −1 1].
/// let (f, y) = (faer::mat![[1.0], [0.0]], faer::mat![[1.0, 0.0], [0.0, 1.0]]);
/// let found = at_ridge(f.as_ref(), y.as_ref(), 0.5).unwrap();
/// // ½ · F̃/(½ + ½)/(½ + ½).
/// assert!(distance(found.as_ref(), faer::mat![[0.25], [-0.25]].as_ref()) < 1e-15);
/// ```
///
/// # Errors
/// η that is not positive or is lost to rounding; matrices of different numbers of rows, or without any.
pub fn at_ridge(
    features: MatRef<'_, f64>,
    targets: MatRef<'_, f64>,
    eta: f64,
) -> Result<Mat<f64>, KnownError> {
    check_positive("eta", eta)?;
    let (f, y) = fitting(features, targets)?;
    let ridge = |gram: Mat<f64>| {
        let n = gram.nrows();
        let shifted = gram + Mat::from_fn(n, n, |i, j| if i == j { eta } else { 0.0 });
        let lost = |_| KnownError::of(format!("eta {eta} is lost to rounding; raise it"));
        shifted.llt(Side::Lower).map_err(lost)
    };
    let left = ridge(&f * f.transpose())?.solve(&y * (y.transpose() * &f));
    let both = ridge(f.transpose() * &f)?.solve(left.transpose());
    Ok(eta * both.transpose())
}

/// ‖a − b‖/‖b‖ in the Frobenius norm.
pub fn distance(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> f64 {
    (a - b).norm_l2() / b.norm_l2()
}

/// ⟨a, b⟩/(‖a‖‖b‖) in the Frobenius norm.
pub fn cosine(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> f64 {
    let columns = a.col_iter().zip(b.col_iter());
    let inner: f64 = columns.map(|(a, b)| a.transpose() * b).sum();
    inner / (a.norm_l2() * b.norm_l2())
}

fn fitting(f: MatRef<'_, f64>, y: MatRef<'_, f64>) -> Result<(Mat<f64>, Mat<f64>), KnownError> {
    if f.nrows() != y.nrows() || f.nrows() == 0 {
        let why = format!(
            "{} rows of activations and {} of targets: expected as many, and at least one",
            f.nrows(),
            y.nrows()
        );
        return Err(KnownError::of(why));
    }
    Ok((centred(f), centred(y)))
}
