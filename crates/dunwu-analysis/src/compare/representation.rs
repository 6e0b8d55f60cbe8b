//! How alike two hidden layers are.

use faer::Mat;
use serde::{Deserialize, Serialize};

/// Share of the variance that the directions of a representation hold.
const HELD: f64 = 0.95;

/// The activations of a hidden layer on some rows, as directions in the space of rows.
#[derive(Clone, Debug)]
pub struct Representation {
    /// Left singular vectors of the centred activations, rows × min(rows, nodes).
    directions: Mat<f64>,
    /// Singular values, descending.
    values: Vec<f64>,
    /// Directions that hold 95 % of the variance.
    pub rank: usize,
}

/// How alike two representations are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alike {
    /// Linear centred kernel alignment, ‖F̃ᵀG̃‖² / (‖F̃ᵀF̃‖ ‖G̃ᵀG̃‖): 1 if one is a rotation of the other up to scale.
    pub cka: f64,
    /// Principal angles between the subspaces that hold 95 % of the variance, in degrees, ascending.
    pub angles: Vec<f64>,
    /// Mean of cos² of the angles: the share of the smaller subspace that lies in the larger.
    pub overlap: f64,
    /// What that share is for random subspaces of these dimensions.
    pub chance: f64,
    /// Dimensions of the two subspaces.
    pub ranks: [usize; 2],
}

impl Representation {
    /// The representation by activations, rows × nodes, row-major.
    ///
    /// None where activations are not finite or do not vary.
    pub fn new(activations: &[f64], nodes: usize) -> Option<Self> {
        if nodes == 0 || !activations.iter().all(|x| x.is_finite()) {
            return None;
        }
        let rows = activations.len() / nodes;
        let mut mean = vec![0.0; nodes];
        for row in activations.chunks_exact(nodes) {
            mean.iter_mut()
                .zip(row)
                .for_each(|(m, x)| *m += x / rows as f64);
        }
        let centred = Mat::from_fn(rows, nodes, |i, j| activations[i * nodes + j] - mean[j]);
        let svd = centred.thin_svd().ok()?;
        let column = svd.S().column_vector();
        let values: Vec<f64> = (0..column.nrows()).map(|i| column[i]).collect();
        let total: f64 = values.iter().map(|s| s * s).sum();
        let scale: f64 = activations.iter().map(|x| x * x).sum();
        // What is left of a constant by rounding is no direction.
        if total <= 1e-24 * scale || total <= 0.0 {
            return None;
        }
        let mut held = 0.0;
        let enough = |s: &f64| {
            held += s * s;
            held >= HELD * total
        };
        let rank = values
            .iter()
            .position(enough)
            .map_or(values.len(), |i| i + 1);
        Some(Self {
            directions: svd.U().to_owned(),
            values,
            rank,
        })
    }

    fn rows(&self) -> usize {
        self.directions.nrows()
    }
}

/// How alike two representations of the same rows are.
///
/// Sources: Kornblith et al. 2019 (arXiv 1905.00414) for the alignment; Björck and Golub 1973 for the angles.
///
/// ```
/// use dunwu_analysis::compare::{Representation, alike};
/// let one = Representation::new(&[1.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.0, -1.0], 2).unwrap();
/// let turned = Representation::new(&[0.0, 2.0, -2.0, 0.0, 0.0, -2.0, 2.0, 0.0], 2).unwrap();
/// let found = alike(&one, &turned);
/// assert!((found.cka - 1.0).abs() < 1e-12 && found.angles.iter().all(|a| a.abs() < 1e-5));
/// ```
///
/// # Panics
/// If they are of different numbers of rows.
pub fn alike(a: &Representation, b: &Representation) -> Alike {
    assert_eq!(a.rows(), b.rows(), "both are of the same rows");
    let cross = a.directions.transpose() * &b.directions;
    let (mut aligned, mut own) = (0.0, [0.0; 2]);
    for i in 0..a.values.len() {
        for j in 0..b.values.len() {
            aligned += (a.values[i] * cross[(i, j)] * b.values[j]).powi(2);
        }
    }
    for (own, of) in own.iter_mut().zip([a, b]) {
        *own = of.values.iter().map(|s| s.powi(4)).sum::<f64>().sqrt();
    }
    let angles = angles(&cross, a.rank, b.rank);
    let squares: f64 = angles
        .iter()
        .map(|d| libm::cos(d.to_radians()).powi(2))
        .sum();
    Alike {
        cka: aligned / (own[0] * own[1]),
        overlap: squares / angles.len() as f64,
        // Both lie in the complement of the constant.
        chance: (a.rank.max(b.rank) as f64 / (a.rows() - 1).max(1) as f64).min(1.0),
        ranks: [a.rank, b.rank],
        angles,
    }
}

/// Principal angles in degrees, ascending, from the inner products of two orthonormal bases.
fn angles(cross: &Mat<f64>, rows: usize, cols: usize) -> Vec<f64> {
    let block = cross.submatrix(0, 0, rows, cols);
    let cosines = block.singular_values();
    let cosines = cosines.expect("products of orthonormal vectors are finite");
    let degrees = |c: &f64| libm::acos(c.clamp(-1.0, 1.0)).to_degrees();
    cosines.iter().map(degrees).collect()
}
