//! Fourier transform on a group.

use crate::group::Group;
use crate::irreps::{Irrep, Kind};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par, c64};

/// f̂ = Σ_g f(g) D(g) of one representation, for many functions f on the same group.
///
/// Over all representations, ‖f‖² = (1/M) Σ_k d_k ‖f̂_k‖_F² (Plancherel); and with the convolution
/// (f∗h)(x) = Σ_{ab=x} f(a) h(b), (f∗h)^ = f̂ ĥ. D(g) is that of [`Irrep::matrix`].
///
/// It holds M d² numbers, twice that unless the type is real.
#[derive(Clone, Debug)]
pub struct Transform {
    dim: usize,
    kind: Kind,
    /// Row g holds the real, then, unless all are 0, the imaginary parts of D(g), row-major.
    matrices: Mat<f64>,
}

impl Transform {
    /// That of one representation of the group, in time O(M² d²).
    ///
    /// ```
    /// use dunwu_task::{NO_FILES, Options, Task, Transform, irreps};
    /// let task = Task::parse("S3", &Options::default(), NO_FILES).unwrap();
    /// let group = task.group().unwrap();
    /// let f = [1.0, -2.0, 0.0, 0.5, 3.0, 0.0];
    /// let part = |irrep| {
    ///     let hat = Transform::new(group, irrep).apply(&f);
    ///     irrep.dim as f64 * hat.iter().map(|z| z.0 * z.0 + z.1 * z.1).sum::<f64>() / 6.0
    /// };
    /// let total: f64 = irreps(group).unwrap().iter().map(part).sum();
    /// assert!((total - f.iter().map(|x| x * x).sum::<f64>()).abs() < 1e-12);
    /// ```
    pub fn new(group: &Group, irrep: &Irrep) -> Self {
        let (n, area) = (group.order(), irrep.dim * irrep.dim);
        let planes = if irrep.kind == Kind::Real { 1 } else { 2 };
        let mut matrices = Mat::zeros(n, planes * area);
        let mut set = |g: usize, ij: usize, z: c64| {
            matrices[(g, ij)] = z.re;
            if planes == 2 {
                matrices[(g, area + ij)] = z.im;
            }
        };
        if irrep.dim == 1 {
            let values = irrep.character.iter().enumerate();
            values.for_each(|(g, z)| set(g, 0, c64::new(z.0, z.1)));
        } else {
            images(group, irrep, set);
        }
        Self {
            dim: irrep.dim,
            kind: irrep.kind,
            matrices,
        }
    }

    /// Dimension d.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// f̂, d × d, row-major, as (real, imaginary), of a function by element, in time O(M d²).
    ///
    /// Several functions one after the other give their transforms one after the other, at a
    /// fraction of the time.
    ///
    /// # Panics
    /// If the length of `f` is no multiple of M.
    pub fn apply(&self, f: &[f64]) -> Vec<(f64, f64)> {
        let (n, area) = (self.matrices.nrows(), self.dim * self.dim);
        assert!(f.len().is_multiple_of(n), "a function has {n} values");
        let functions = MatRef::from_row_major_slice(f, f.len() / n, n);
        let out = product(functions, self.matrices.as_ref());
        let imaginary = |x, ij| match self.kind {
            Kind::Real => 0.0,
            Kind::Complex | Kind::Quaternionic => out[(x, area + ij)],
        };
        let all = (0..out.nrows()).flat_map(|x| (0..area).map(move |ij| (x, ij)));
        all.map(|(x, ij)| (out[(x, ij)], imaginary(x, ij)))
            .collect()
    }

    /// (d/M) Re tr(f̂ D(g)*) by element, twice that for the complex type: the part Π_k f of f in the
    /// feature of this representation, a complex one taken together with its conjugate.
    ///
    /// # Panics
    /// If `hat` is not d × d.
    pub fn part(&self, hat: &[(f64, f64)]) -> Vec<f64> {
        let (n, area) = (self.matrices.nrows(), self.dim * self.dim);
        assert_eq!(hat.len(), area, "a transform has d × d values");
        let pair = if self.kind == Kind::Complex { 2.0 } else { 1.0 };
        let scale = pair * self.dim as f64 / n as f64;
        let planes = hat.iter().map(|z| z.0).chain(hat.iter().map(|z| z.1));
        let wanted: Vec<f64> = planes.take(self.matrices.ncols()).collect();
        let column = MatRef::from_column_major_slice(&wanted, wanted.len(), 1);
        let out = product(self.matrices.as_ref(), column);
        (0..n).map(|g| scale * out[(g, 0)]).collect()
    }
}

/// On one thread, so that bits do not depend on threads.
fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    matmul(out.as_mut(), Accum::Replace, a, b, 1.0, Par::Seq);
    out
}

/// Elements whose matrices are made in one product.
const BLOCK: usize = 64;

/// Gives the entries of every D(g) = E* R_g E, as g, the place in row-major order, and the value.
fn images(group: &Group, irrep: &Irrep, mut set: impl FnMut(usize, usize, c64)) {
    let (n, d, zero) = (group.order(), irrep.dim, c64::new(0.0, 0.0));
    let space = MatRef::from_column_major_slice(&irrep.space, n, d);
    // Columns g d, …, g d + d − 1 hold R_g E, later D(g), g counting from the start of the block.
    let (mut moved, mut out) = (vec![zero; n * d * BLOCK], Mat::zeros(d, d * BLOCK));
    for start in (0..n).step_by(BLOCK) {
        let block = start..n.min(start + BLOCK);
        let columns = block.clone().flat_map(|g| (0..d).map(move |j| (g, j)));
        for ((g, j), moved) in columns.zip(moved.chunks_mut(n)) {
            let column = &irrep.space[j * n..(j + 1) * n];
            for (h, z) in moved.iter_mut().enumerate() {
                *z = column[group.mul(h, g)];
            }
        }
        let moved = MatRef::from_column_major_slice(&moved, n, d * BLOCK);
        let one = c64::new(1.0, 0.0);
        matmul(
            out.as_mut(),
            Accum::Replace,
            space.adjoint(),
            moved,
            one,
            Par::Seq,
        );
        for (g, ij) in block.flat_map(|g| (0..d * d).map(move |ij| (g, ij))) {
            set(g, ij, out[(ij / d, (g - start) * d + ij % d)]);
        }
    }
}
