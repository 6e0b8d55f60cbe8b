//! What theory says of the peaks on the full table of a group, σ(x) = c·x²/2.
//!
//! Write w = [u; v] and Û_k = Σ_g u(g) D_k(g), a d × d matrix. Squares of one operand are the same for every
//! label and fall out with the mean, so z = c·(u∗v) less its mean, and by Plancherel's theorem
//!
//! E = (c²/2M) Σ_{k ≠ trivial} d_k ‖Û_k V̂_k‖², with ‖w‖² = (1/M) Σ_k d_k (‖Û_k‖² + ‖V̂_k‖²).
//!
//! Sharing mass between irreducible representations only loses, since each term is of fourth order.
//! Within one, ‖ÛV̂‖ ≤ ‖Û‖‖V̂‖ with equality for Û = x q*, V̂ = q y*: a maximum. Counting the
//! representation and its conjugate together gives height and dimension of the family of maxima:
//!
//! | type | x, q, y in | E | dimension of the family |
//! |---|---|---|---|
//! | real | ℝᵈ | M c²/(8 d) | 3(d − 1) |
//! | complex | ℂᵈ | M c²/(16 d) | 3(2d − 1) − 1 = 6d − 4 |
//! | quaternionic | ℍ^(d/2) | M c²/(16 d) | 3(2d − 1) − 3 = 6d − 6 |
//!
//! Each of x, q, y has a fixed length: three spheres. One factor of ±1, of U(1) or of Sp(1), common to all
//! three, changes neither Û nor V̂: it leaves dimension 0, 1 or 3. A quaternionic representation over the
//! complex numbers counts each quaternion twice, hence half the height of the real type. In every other
//! direction the energy falls, so the nullity of the Hessian is the dimension of the family.
//! Sources: arXiv 2509.21519, Theorem 2, whose condition u = ±v holds for d = 1 only, and whose Corollary 1
//! (all maxima are flat) fails for real representations of dimension 1, where 3(d − 1) = 0.

use dunwu_task::{Features, Kind};
use serde::Serialize;

/// Height of a family of maxima and its dimension.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Peak {
    /// E/M.
    pub energy_over_order: f64,
    /// Dimension of the family.
    pub nullity: usize,
}

/// The maxima of one irreducible representation that is not trivial, σ(x) = b·x².
///
/// ```
/// use dunwu_analysis::landscape::peak;
/// use dunwu_task::Kind;
/// assert_eq!(peak(Kind::Complex, 1, 1.0).energy_over_order, 0.25);
/// assert_eq!(peak(Kind::Real, 3, 1.0).nullity, 6);
/// ```
pub fn peak(kind: Kind, dim: usize, b: f64) -> Peak {
    let d = dim as f64;
    // c = 2b.
    let (share, nullity) = match kind {
        Kind::Real => (0.5, 3 * (dim - 1)),
        Kind::Complex => (0.25, 6 * dim - 4),
        Kind::Quaternionic => (0.25, 6 * dim - 6),
    };
    Peak {
        energy_over_order: b * b * share / d,
        nullity,
    }
}

/// The maxima of every feature but the trivial one, in the order of the features.
pub fn peaks(features: &Features, b: f64) -> Vec<(usize, Peak)> {
    (0..features.len())
        .filter(|k| *k != features.trivial())
        .map(|k| (k, peak(features.kinds[k], features.dims[k], b)))
        .collect()
}
