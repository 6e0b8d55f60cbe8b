//! The residual energy: what nodes climb once some features are learned.
//!
//! With the features S of the labels learned, the target of the others is Ỹ(I − Π_S),
//!
//! Π_S(h′, h) = Σ_{k ∈ S} (d_k/M) χ_k(h′⁻¹h),
//!
//! and E(w) = ½‖(I − Π_S)Ỹᵀσ(Xw)‖² has its maxima on features outside S (arXiv 2509.21519, Theorem 7). The
//! paper's proof writes χ_k(h) χ̄_k(h′)/M for the projector. The two agree for d_k = 1 alone: otherwise
//! the second removes one dimension of d_k², and the feature stays. Both are offered.

use super::KnownError;
use crate::landscape::{Problem, search, shares};
use dunwu_core::{Activation, Dataset};
use dunwu_task::{Features, Group, Irrep, Kind, irreps};
use faer::Mat;
use serde::Serialize;

/// Share of a node's mass in a feature from which it ends there.
const PURE: f64 = 0.5;
/// Energy, as a share of the labels' squared norm, below which nothing is left to climb.
const NOTHING: f64 = 1e-12;

/// Where the ascents of a residual energy end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ends {
    /// Number of ascents.
    pub starts: usize,
    /// Those that end with more than half of their mass in a feature of S.
    pub learned: usize,
    /// Those that end with more than half of it in another feature.
    pub missing: usize,
    /// Those that end in a mixture.
    pub mixed: usize,
    /// Those that did not converge; they are counted above as well.
    pub unconverged: usize,
    /// Largest share of mass in S at any end.
    pub most_learned: f64,
    /// Ends by feature; mixtures are left out.
    pub by_feature: Vec<usize>,
}

/// Climbs Ỹ(I − Π) from random starts on the training rows; `removed` are numbers of features, whose masses
/// are counted, and `projector` is Π, of [`isotypic`] or [`character_product`].
///
/// # Errors
/// Data whose labels or tokens are not those of the features; nothing left to climb.
pub fn ascents(
    data: &Dataset,
    features: &Features,
    removed: &[usize],
    projector: &Mat<f64>,
    starts: usize,
    seed: u64,
) -> Result<Ends, KnownError> {
    check_tokens(data, features)?;
    check_removed(features, removed)?;
    let problem = Problem::of_rows(data, &data.train, Activation::Square, [0.0, 1.0])?;
    let (rows, classes) = (problem.len(), problem.classes());
    let targets = residual(&problem.targets(), classes, projector);
    let left = targets.iter().map(|t| t * t).sum::<f64>();
    if left < NOTHING * rows as f64 {
        return Err(KnownError::of(
            "nothing is left of the labels; remove fewer features",
        ));
    }
    let problem = problem.with_targets(targets, classes)?;
    let mut ends = Ends {
        starts,
        learned: 0,
        missing: 0,
        mixed: 0,
        unconverged: 0,
        most_learned: 0.0,
        by_feature: vec![0; features.len()],
    };
    for summit in search(&problem, starts, seed) {
        let shares = shares(&summit.w, features);
        let of_s: f64 = removed.iter().map(|k| shares[*k]).sum();
        ends.most_learned = ends.most_learned.max(of_s);
        ends.unconverged += usize::from(!summit.converged);
        match shares.iter().position(|s| *s > PURE) {
            Some(k) => {
                ends.by_feature[k] += 1;
                let of_k = if removed.contains(&k) {
                    &mut ends.learned
                } else {
                    &mut ends.missing
                };
                *of_k += 1;
            }
            None => ends.mixed += 1,
        }
    }
    Ok(ends)
}

fn check_tokens(data: &Dataset, features: &Features) -> Result<(), KnownError> {
    let m = features.tokens;
    if data.classes == m && data.vocab.iter().all(|v| *v == m) {
        return Ok(());
    }
    Err(KnownError::of(format!(
        "`{}` has {} classes and operands of {:?} values; its features are functions of {m}",
        data.task, data.classes, data.vocab
    )))
}

fn check_removed(features: &Features, removed: &[usize]) -> Result<(), KnownError> {
    match removed.iter().find(|k| **k >= features.len()) {
        Some(k) => Err(KnownError::of(format!(
            "there is no feature {k}; there are {}, from 0",
            features.len()
        ))),
        None => Ok(()),
    }
}

/// T(I − Π), row by row.
fn residual(targets: &[f64], classes: usize, projector: &Mat<f64>) -> Vec<f64> {
    let row = |t: &[f64]| -> Vec<f64> {
        let part = |c: usize| (0..classes).map(|h| t[h] * projector[(h, c)]).sum::<f64>();
        (0..classes).map(|c| t[c] - part(c)).collect()
    };
    targets.chunks_exact(classes).flat_map(row).collect()
}

/// Π_S, M × M: (d_k/M) χ_k(h′⁻¹h) summed over features and, for complex pairs, both of them.
///
/// # Errors
/// A number that is no feature's.
pub fn isotypic(features: &Features, removed: &[usize]) -> Result<Mat<f64>, KnownError> {
    check_removed(features, removed)?;
    let m = features.tokens;
    let mut out = Mat::zeros(m, m);
    for row in removed.iter().flat_map(|k| features.ranges[*k].clone()) {
        let line = &features.basis[row * m..(row + 1) * m];
        for (j, y) in line.iter().enumerate() {
            for (i, x) in line.iter().enumerate() {
                out[(i, j)] += x * y;
            }
        }
    }
    Ok(out)
}

/// Σ_k Re χ_k(h) χ̄_k(h′)/M over the same features, twice that for complex pairs: what arXiv 2509.21519 has in its
/// proof.
///
/// # Errors
/// A number that is no feature's; a group whose representations these features are not.
pub fn character_product(
    group: &Group,
    features: &Features,
    removed: &[usize],
) -> Result<Mat<f64>, KnownError> {
    check_removed(features, removed)?;
    let all = irreps(group).map_err(|e| KnownError::of(e.to_string()))?;
    let names: Vec<&String> = removed.iter().map(|k| &features.names[*k]).collect();
    let kept: Vec<&Irrep> = all.iter().filter(|i| names.contains(&&i.name)).collect();
    if kept.len() != removed.len() {
        let why = format!(
            "features {names:?} are not representations of {}",
            group.name()
        );
        return Err(KnownError::of(why));
    }
    let m = group.order();
    Ok(Mat::from_fn(m, m, |h, other| {
        let term = |irrep: &&Irrep| {
            let (x, y) = (irrep.character[h], irrep.character[other]);
            let pair = if irrep.kind == Kind::Complex {
                2.0
            } else {
                1.0
            };
            pair * (x.0 * y.0 + x.1 * y.1) / m as f64
        };
        kept.iter().map(term).sum()
    }))
}
