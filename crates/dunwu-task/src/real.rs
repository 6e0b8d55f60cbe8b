//! Representations over the real numbers.

use crate::features::orthonormal;
use crate::group::Group;
use crate::irreps::{Irrep, Kind};
use faer::c64;

impl Irrep {
    /// Size m of [`real_matrix`](Self::real_matrix): d for the real type, 2d for the others.
    pub fn real_dim(&self) -> usize {
        match self.kind {
            Kind::Real => self.dim,
            Kind::Complex | Kind::Quaternionic => 2 * self.dim,
        }
    }

    /// The orthogonal matrix of g over the real numbers, m × m, row-major, m = `real_dim()`.
    ///
    /// Of the real type it is D(g) itself; of the others [[Re D, −Im D], [Im D, Re D]], which is
    /// irreducible over the real numbers and whose trace is 2 Re χ(g).
    ///
    /// ```
    /// use dunwu_task::{NO_FILES, Options, Task, irreps};
    /// let task = Task::parse("Q8", &Options::default(), NO_FILES).unwrap();
    /// let group = task.group().unwrap();
    /// let quaternions = &irreps(group).unwrap()[4];
    /// assert_eq!((quaternions.dim, quaternions.real_dim()), (2, 4));
    /// assert_eq!(quaternions.real_matrix(group, 1).len(), 16);
    /// ```
    pub fn real_matrix(&self, group: &Group, g: usize) -> Vec<f64> {
        let (d, m) = (self.dim, self.real_dim());
        let complex = self.matrix(group, g);
        let entry = |ij: usize| {
            let (i, j) = (ij / m, ij % m);
            let z = complex[i % d * d + j % d];
            match (i < d, j < d) {
                (true, false) => -z.1,
                (false, true) => z.1,
                _ => z.0,
            }
        };
        (0..m * m).map(entry).collect()
    }
}

/// The same space of functions, or another that translations turn alike, by real functions.
///
/// `space` holds d orthonormal columns E on the group. Their representation being of the real type,
/// there is a symmetric unitary J with D(g) J = J conj(D(g)), so v ↦ J conj(v) is an involution.
/// The vectors that it fixes are the columns of a U with J = U Uᵀ (Takagi), and U* D(g) U is real.
/// Then Re(EU) and Im(EU) span spaces of that real representation, if they are not 0.
pub(crate) fn realise(group: &Group, dim: usize, space: Vec<c64>) -> Vec<c64> {
    if space.iter().all(|z| z.im == 0.0) {
        return space;
    }
    let n = group.order();
    let u = fixed(dim, &intertwiner(group, dim, &space));
    let turned = |jh: usize| -> c64 {
        let column = &u[jh / n];
        let terms = (0..dim).map(|i| space[i * n + jh % n] * c64::new(column[i], column[dim + i]));
        terms.sum()
    };
    let turned: Vec<c64> = (0..dim * n).map(turned).collect();
    let size = |part: fn(&c64) -> f64| turned.iter().map(|z| part(z).powi(2)).sum::<f64>();
    let (re, im) = (size(|z| z.re), size(|z| z.im));
    let scale = (dim as f64 / re.max(im)).sqrt();
    let part = |z: &c64| if re >= im { z.re } else { z.im };
    let real = turned.iter().map(|z| c64::new(part(z) * scale, 0.0));
    real.collect()
}

/// J = E* L_g conj(E), scaled to be unitary, of the first g where it is large enough.
fn intertwiner(group: &Group, dim: usize, space: &[c64]) -> Vec<c64> {
    let n = group.order();
    let column = |g: usize, j: usize| -> Vec<c64> {
        let inverse = group.inverse(g);
        let moved = |h| space[j * n + group.mul(inverse, h)].conj();
        let moved: Vec<c64> = (0..n).map(moved).collect();
        let inner = |i: usize| space[i * n..(i + 1) * n].iter().zip(&moved);
        let inner = |i: usize| inner(i).map(|(x, y)| x.conj() * y).sum();
        (0..dim).map(inner).collect()
    };
    let size = |column: &[c64]| column.iter().map(|z| z.norm_sqr()).sum::<f64>();
    // J is a multiple of a unitary matrix, and the square of that multiple is 1/d in the mean.
    let is_large = |g: &usize| size(&column(*g, 0)) > 0.5 / dim as f64;
    let g = (0..n).find(is_large).expect("some value reaches the mean");
    let columns: Vec<c64> = (0..dim).flat_map(|j| column(g, j)).collect();
    let scale = (dim as f64 / size(&columns)).sqrt();
    columns.iter().map(|z| z * scale).collect()
}

/// An orthonormal basis of the v with J conj(v) = v, each as its real, then its imaginary parts.
///
/// Inner products of such v are real. J is column-major and symmetric.
fn fixed(dim: usize, j: &[c64]) -> Vec<Vec<f64>> {
    // J conj(x) + x is fixed for every x; here x runs through the unit vectors and i times them.
    let column = |x: usize| {
        let mut v: Vec<c64> = j[x % dim * dim..(x % dim + 1) * dim].to_vec();
        v[x % dim] += 1.0;
        if x >= dim {
            let unit = c64::new(0.0, -1.0);
            v.iter_mut().for_each(|z| *z *= unit);
            v[x % dim] += c64::new(0.0, 2.0);
        }
        let re = v.iter().map(|z| z.re);
        re.chain(v.iter().map(|z| z.im)).collect()
    };
    orthonormal(dim, 2 * dim, column)
}
