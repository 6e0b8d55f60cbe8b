//! The energy that a node climbs once the readout has fitted what the other nodes offer.

use super::problem::{LandscapeError, Problem};
use faer::{Mat, Side, linalg::solvers::Solve};

/// A whitened energy, and how much of the targets the readout leaves.
#[derive(Clone, Debug)]
pub struct Whitened {
    /// The energy ½‖(P_η Ỹ)ᵀσ(Xw)‖².
    pub problem: Problem,
    /// ⟨Ỹ, P_η Ỹ⟩/‖Ỹ‖², in (0, 1]: heights go with its square.
    pub residual: f64,
}

impl Problem {
    /// The targets that ridge regression on the activations F, n × K row-major, leaves: P_η Ỹ with
    /// P_η = η(F̃F̃ᵀ + ηI)⁻¹, F̃ the centred columns of F (arXiv 2509.21519, Eq. 4).
    ///
    /// Solves the smaller of n × n and K × K.
    ///
    /// # Errors
    /// Activations of another number of rows or that are not finite; η not above 0; a system that is not
    /// positive definite in double precision.
    pub fn whitened(self, activations: &[f64], eta: f64) -> Result<Whitened, LandscapeError> {
        let error = |why: String| Err(LandscapeError(why));
        let (n, m) = (self.len(), self.classes());
        if activations.is_empty() || !activations.len().is_multiple_of(n) {
            return error(format!(
                "{} activations are not those of {n} rows",
                activations.len()
            ));
        }
        if activations.iter().any(|x| !x.is_finite()) {
            return error("an activation is not finite".into());
        }
        if !(eta > 0.0 && eta.is_finite()) {
            return error(format!("eta is {eta}; whitening needs a number above 0"));
        }
        let k = activations.len() / n;
        let targets = self.targets();
        let y = Mat::from_fn(n, m, |i, c| targets[i * m + c]);
        let f = centred(activations, n, k);
        let left = leftover(&f, &y, eta).ok_or_else(|| {
            LandscapeError(format!(
                "eta = {eta:e} is too small beside the activations; raise eta"
            ))
        })?;
        let (mut along, mut all) = (0.0, 0.0);
        let mut dense = Vec::with_capacity(n * m);
        for i in 0..n {
            for c in 0..m {
                along += y[(i, c)] * left[(i, c)];
                all += y[(i, c)] * y[(i, c)];
                dense.push(left[(i, c)]);
            }
        }
        Ok(Whitened {
            problem: self.with_targets(dense, m)?,
            residual: along / all,
        })
    }
}

/// F̃ = PF.
fn centred(activations: &[f64], n: usize, k: usize) -> Mat<f64> {
    let mut means = vec![0.0; k];
    for row in activations.chunks_exact(k) {
        means.iter_mut().zip(row).for_each(|(m, x)| *m += x);
    }
    Mat::from_fn(n, k, |i, j| activations[i * k + j] - means[j] / n as f64)
}

/// P_η Y; None if the system is not positive definite.
fn leftover(f: &Mat<f64>, y: &Mat<f64>, eta: f64) -> Option<Mat<f64>> {
    let shifted = |mut gram: Mat<f64>| {
        for i in 0..gram.nrows() {
            gram[(i, i)] += eta;
        }
        gram.llt(Side::Lower).ok()
    };
    if f.nrows() <= f.ncols() {
        let solved = shifted(f * f.transpose())?.solve(y);
        return Some(Mat::from_fn(y.nrows(), y.ncols(), |i, j| {
            eta * solved[(i, j)]
        }));
    }
    // Woodbury: P_η = I − F̃(F̃ᵀF̃ + ηI)⁻¹F̃ᵀ.
    let readout = shifted(f.transpose() * f)?.solve(f.transpose() * y);
    Some(y - f * readout)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunwu_core::{Activation, Seed};

    fn problem(n: usize, draws: &mut dunwu_core::Draws) -> Problem {
        let x: Vec<f64> = (0..n * 3).map(|_| draws.normal()).collect();
        let labels: Vec<u32> = (0..n as u32).map(|i| i % 4).collect();
        Problem::of_matrix(&x, 3, &labels, 4, Activation::Square, [0.0, 1.0]).unwrap()
    }

    /// (F̃F̃ᵀ + ηI)·T = ηỸ whichever of the two systems is solved.
    #[test]
    fn the_targets_left_solve_the_ridge_equation() {
        let mut draws = Seed(1).draws("whiten");
        for (n, k) in [(12, 30), (30, 12)] {
            let before = problem(n, &mut draws);
            let f: Vec<f64> = (0..n * k).map(|_| draws.normal()).collect();
            let y = before.targets();
            let after = before.whitened(&f, 0.3).unwrap();
            let t = after.problem.targets();
            let centred = centred(&f, n, k);
            let gram = &centred * centred.transpose();
            for i in 0..n {
                for c in 0..4 {
                    let ft: f64 = (0..n).map(|j| gram[(i, j)] * t[j * 4 + c]).sum();
                    let (left, right) = (ft + 0.3 * t[i * 4 + c], 0.3 * y[i * 4 + c]);
                    assert!((left - right).abs() < 1e-11, "{left} {right}");
                }
            }
            assert!(after.residual > 0.0 && after.residual < 1.0);
        }
    }

    #[test]
    fn a_large_eta_leaves_the_energy_alone() {
        let mut draws = Seed(2).draws("whiten");
        let before = problem(20, &mut draws);
        let f: Vec<f64> = (0..20 * 7).map(|_| draws.normal()).collect();
        let after = before.clone().whitened(&f, 1e9).unwrap();
        let w = [0.6, 0.0, 0.8];
        let (a, b) = (before.energy(&w), after.problem.energy(&w));
        assert!((a - b).abs() < 1e-6 * a, "{a} {b}");
        assert!((after.residual - 1.0).abs() < 1e-6);
    }

    #[test]
    fn what_cannot_be_whitened_is_refused() {
        let mut draws = Seed(3).draws("whiten");
        let of = |draws: &mut _, f: &[f64], eta| problem(4, draws).whitened(f, eta).unwrap_err().0;
        assert!(of(&mut draws, &[1.0; 5], 1.0).contains("those of 4 rows"));
        assert!(of(&mut draws, &[f64::NAN; 4], 1.0).contains("not finite"));
        assert!(of(&mut draws, &[1.0; 4], 0.0).contains("above 0"));
    }
}
