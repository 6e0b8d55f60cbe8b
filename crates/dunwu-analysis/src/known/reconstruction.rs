//! Nodes of characters give the whole table of a group, by least squares.
//!
//! A node (u, v) of complex weights, σ(z) = z², gives (u(a) + v(b))² to the pair (a, b). Two of them, v and −v,
//! give the product u(a)v(b), and V turns these into Ỹ = PY: the table is rebuilt when the span of the
//! centred activations holds, for every representation k but the trivial one, the d_k² functions
//!
//! D_k(ab)_ij = Σ_m D_k(a)_im D_k(b)_mj.
//!
//! *Abelian groups*: nodes [u; ±P ū] of all characters χ_k ≠ 1, with P the inversion, so that P ū = u: 2(M − 1)
//! nodes suffice (arXiv 2509.21519, Theorem 3). Without the conjugate, v(b) = χ_k(b⁻¹) and the product is
//! χ_k(ab⁻¹). The nodes' squares χ_k²(a) + χ_k²(b) have to cancel; −v is needed once for every
//! nontrivial square. So M + s − 2 nodes suffice, and no fewer of these, with s the number of squares of
//! characters: 2(M − 1) for odd M, M − 1 for Z2ⁿ, whose squares are all constant.
//!
//! *Other groups*: how many products give the d² functions depends on which products a node may have.
//!
//! | products | number |
//! |---|---|
//! | [`Products::Entries`]: D_im(a) D_mj(b) | d³ |
//! | [`Products::Fast`]: any linear forms of D(a), D(b) | the rank of d × d matrix multiplication, 1 and 7 for d = 1, 2 |
//! | [`Products::Paired`]: x*D(a)q · q*D(b)x, v = P ū, q over a basis, x over d² vectors | d³ |
//! | [`Products::Random`]: x*D(a)q · q*D(b)y, vectors drawn at random, as ascents end in | d⁴ |
//!
//! Each product takes two nodes, and each representation is summed over, complex ones with their conjugates.

use super::KnownError;
use dunwu_core::Seed;
use dunwu_task::{Features, Group, Irrep, Task, irreps};
use faer::{Mat, c64};
use serde::Serialize;
use std::collections::BTreeSet;

/// Singular values below this share of the largest are 0.
const CUT: f64 = 1e-9;

/// A hidden node, complex: its weights of both operands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// u(a), by element.
    pub first: Vec<c64>,
    /// v(b), by element.
    pub second: Vec<c64>,
}

/// Which products of a representation's entries nodes make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Products {
    /// D_im(a) D_mj(b) for all i, m, j.
    Entries,
    /// Those of Strassen's algorithm for d = 2; for other d those of `Entries`.
    Fast,
    /// x*D(a)q · q*D(b)x.
    Paired,
    /// x*D(a)q · q*D(b)y, for vectors drawn at random: d⁴ less this many, at least one.
    Random(usize),
}

/// What least squares leave of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reconstruction {
    /// Number of nodes K.
    pub nodes: usize,
    /// Rank of the centred activations.
    pub rank: usize,
    /// max |Ŷ − Ỹ|.
    pub residual: f64,
    /// ‖Ŷ − Ỹ‖²/‖Ỹ‖².
    pub left: f64,
    /// Share of ‖Ŷ − Ỹ‖² in each feature of the labels, complex pairs together.
    pub left_by_feature: Vec<f64>,
}

/// Nodes [u; ±P ū] of the characters of an abelian group but the trivial one, + before −, in the order of
/// representations; those numbered in `without` are left out.
///
/// ```
/// use dunwu_analysis::known::reconstruction::{characters, reconstruct};
/// use dunwu_task::{NO_FILES, Options, Task};
/// let task = Task::parse("Z7", &Options::default(), NO_FILES).unwrap();
/// let nodes = characters(task.group().unwrap(), &[]).unwrap();
/// let found = reconstruct(&task, &nodes).unwrap();
/// assert_eq!((found.nodes, found.rank), (12, 12));
/// assert!(found.residual < 1e-12);
/// ```
///
/// # Errors
/// A group that is not abelian.
pub fn characters(group: &Group, without: &[usize]) -> Result<Vec<Node>, KnownError> {
    let kept = abelian(group)?.into_iter().enumerate();
    let kept = kept.filter(|(k, _)| *k != 0 && !without.contains(k));
    Ok(kept.flat_map(|(_, u)| both(&u, &u)).collect())
}

/// M + s − 2 of these nodes that suffice: + of every character, − of one for each nontrivial square.
///
/// # Errors
/// A group that is not abelian.
pub fn fewest_characters(group: &Group) -> Result<Vec<Node>, KnownError> {
    let (mut squares, mut nodes) = (BTreeSet::new(), Vec::new());
    for u in abelian(group)?.into_iter().skip(1) {
        let [plus, minus] = both(&u, &u);
        nodes.push(plus);
        // Values are roots of unity: on a grid of 10⁻⁶ they stay apart.
        let key = |z: &c64| ((z * z).re * 1e6, (z * z).im * 1e6);
        let square: Vec<(i64, i64)> = u
            .iter()
            .map(key)
            .map(|(re, im)| (re.round() as i64, im.round() as i64))
            .collect();
        let is_trivial = square.iter().all(|z| *z == (1_000_000, 0));
        if !is_trivial && squares.insert(square) {
            nodes.push(minus);
        }
    }
    Ok(nodes)
}

/// All characters by element, the trivial one first.
fn abelian(group: &Group) -> Result<Vec<Vec<c64>>, KnownError> {
    if !group.is_abelian() {
        let why = format!("{} is not abelian; use `of_irreps`", group.name());
        return Err(KnownError::of(why));
    }
    let values = |i: Irrep| i.character.iter().map(|z| c64::new(z.0, z.1)).collect();
    Ok(all(group)?.into_iter().map(values).collect())
}

fn all(group: &Group) -> Result<Vec<Irrep>, KnownError> {
    irreps(group).map_err(|e| KnownError::of(e.to_string()))
}

fn both(u: &[c64], v: &[c64]) -> [Node; 2] {
    [1.0, -1.0].map(|sign| Node {
        first: u.to_vec(),
        second: v.iter().map(|z| z * sign).collect(),
    })
}

/// Two nodes for each product of each representation but the trivial one.
///
/// # Errors
/// A group without representations.
pub fn of_irreps(group: &Group, products: Products, seed: u64) -> Result<Vec<Node>, KnownError> {
    let mut nodes = Vec::new();
    for (k, irrep) in all(group)?.iter().enumerate().skip(1) {
        let matrices: Vec<Mat<c64>> = (0..group.order())
            .map(|g| {
                let values = irrep.matrix(group, g);
                let at = |i, j| values[i * irrep.dim + j];
                Mat::from_fn(irrep.dim, irrep.dim, |i, j| {
                    c64::new(at(i, j).0, at(i, j).1)
                })
            })
            .collect();
        // tr(A D(g)).
        let form = |a: &Mat<c64>| -> Vec<c64> {
            let trace = |d: &Mat<c64>| {
                let terms = (0..irrep.dim * irrep.dim)
                    .map(|ij| (ij / irrep.dim, ij % irrep.dim))
                    .map(|(i, j)| a[(j, i)] * d[(i, j)]);
                terms.sum()
            };
            matrices.iter().map(trace).collect()
        };
        let pairs = forms(irrep.dim, products, Seed(seed), k);
        nodes.extend(pairs.iter().flat_map(|(a, b)| both(&form(a), &form(b))));
    }
    Ok(nodes)
}

/// Pairs (A, B), for the products tr(A D(a)) tr(B D(b)).
fn forms(d: usize, products: Products, seed: Seed, k: usize) -> Vec<(Mat<c64>, Mat<c64>)> {
    let unit = |i: usize| Mat::from_fn(d, 1, |r, _| c64::new(if r == i { 1.0 } else { 0.0 }, 0.0));
    let mut draws = seed.draws(&format!("products {k}"));
    let mut vector = || Mat::from_fn(d, 1, |_, _| c64::new(draws.normal(), draws.normal()));
    // x*D(a)q · q*D(b)y = tr(q x* D(a)) tr(y q* D(b)).
    let through = |x: &Mat<c64>, q: &Mat<c64>, y: &Mat<c64>| (q * x.adjoint(), y * q.adjoint());
    match products {
        Products::Fast if d == 2 => strassen(),
        Products::Entries | Products::Fast => (0..d * d * d)
            .map(|n| through(&unit(n / d / d), &unit(n / d % d), &unit(n % d)))
            .collect(),
        Products::Paired => (0..d * d)
            .flat_map(|_| {
                let x = vector();
                (0..d).map(move |m| (x.clone(), m)).collect::<Vec<_>>()
            })
            .map(|(x, m)| through(&x, &unit(m), &x))
            .collect(),
        Products::Random(short) => (0..d.pow(4).saturating_sub(short).max(1))
            .map(|_| through(&vector(), &vector(), &vector()))
            .collect(),
    }
}

/// Strassen's seven products of 2 × 2 matrices, as forms tr(A X) and tr(B Y).
fn strassen() -> Vec<(Mat<c64>, Mat<c64>)> {
    // Coefficients of x11, x12, x21, x22, and of the same of y.
    let table: [([i8; 4], [i8; 4]); 7] = [
        ([1, 0, 0, 1], [1, 0, 0, 1]),
        ([0, 0, 1, 1], [1, 0, 0, 0]),
        ([1, 0, 0, 0], [0, 1, 0, -1]),
        ([0, 0, 0, 1], [-1, 0, 1, 0]),
        ([1, 1, 0, 0], [0, 0, 0, 1]),
        ([-1, 0, 1, 0], [1, 1, 0, 0]),
        ([0, 1, 0, -1], [0, 0, 1, 1]),
    ];
    let form = |row: [i8; 4]| Mat::from_fn(2, 2, |j, i| c64::new(f64::from(row[2 * i + j]), 0.0));
    table.map(|(x, y)| (form(x), form(y))).into()
}

/// Fits V to all M² pairs by least squares and gives what it leaves.
///
/// # Errors
/// A task that is no group, no node, or singular values that were not found.
pub fn reconstruct(task: &Task, nodes: &[Node]) -> Result<Reconstruction, KnownError> {
    let (Some(group), Some(features)) = (task.group(), task.features()) else {
        let why = format!("`{}` is no group with representations", task.name());
        return Err(KnownError::of(why));
    };
    if nodes.is_empty() {
        return Err(KnownError::of("there is no node to rebuild a table with"));
    }
    let m = group.order();
    let activations = activations(m, nodes);
    let svd = activations
        .thin_svd()
        .map_err(|_| KnownError::of("the singular values of the activations were not found"))?;
    let sizes: Vec<f64> = svd.S().column_vector().iter().map(|s| s.re).collect();
    let rank = sizes.iter().filter(|s| **s > CUT * sizes[0]).count();
    let kept = svd.U().subcols(0, rank);
    let target = Mat::from_fn(m * m, m, |row, c| {
        let hit = if group.mul(row / m, row % m) == c {
            1.0
        } else {
            0.0
        };
        c64::new(hit - 1.0 / m as f64, 0.0)
    });
    let left = &target - kept * (kept.adjoint() * &target);
    let entries = left.col_iter().flat_map(|c| c.iter());
    Ok(Reconstruction {
        nodes: nodes.len(),
        rank,
        residual: entries.map(|z| z.norm()).fold(0.0, f64::max),
        left: left.squared_norm_l2() / target.squared_norm_l2(),
        left_by_feature: by_feature(&left, &features),
    })
}

/// (u(a) + v(b))², centred over the pairs, M² × K.
fn activations(m: usize, nodes: &[Node]) -> Mat<c64> {
    let mut out = Mat::from_fn(m * m, nodes.len(), |row, k| {
        let sum = nodes[k].first[row / m] + nodes[k].second[row % m];
        sum * sum
    });
    for column in out.col_iter_mut() {
        let mean = column.as_ref().iter().sum::<c64>() / (m * m) as f64;
        column.iter_mut().for_each(|z| *z -= mean);
    }
    out
}

fn by_feature(left: &Mat<c64>, features: &Features) -> Vec<f64> {
    let mut out = vec![0.0; features.len()];
    for row in left.row_iter() {
        for part in [|z: &c64| z.re, |z: &c64| z.im] {
            let line: Vec<f64> = row.iter().map(part).collect();
            let masses = features.masses(&line);
            out.iter_mut().zip(masses).for_each(|(o, x)| *o += x);
        }
    }
    let total: f64 = out.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    out.iter_mut().for_each(|x| *x /= total);
    out
}
