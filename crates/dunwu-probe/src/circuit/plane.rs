//! Token embeddings seen along one feature.

use crate::matrix::{product, rows};
use dunwu_core::Snapshot;
use dunwu_task::Features;
use faer::{Mat, MatRef, Side};
use std::f64::consts::TAU;

/// Where the tokens lie in a plane of the embedding, and what tells them apart there.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// By token, in units of the embedding.
    pub points: Vec<[f64; 2]>,
    /// By token, in [0, 1): turns of the feature's wave at it; where there is no wave its character from lowest to
    /// highest, 1 included.
    pub mark: Vec<f64>,
    /// Number of functions of the feature: 2 is a wave, 1 a sign, more an irreducible representation of dimension 2
    /// or more.
    pub functions: usize,
}

/// The plane of a feature k, E being the embedding's vectors of the tokens less their mean and C = B_k E, B_k the
/// orthonormal functions of the feature.
///
/// Of a wave it is the plane of the rows of C, spanned by (CCᵀ)^(-1/2) C, the orthonormal vectors nearest to them: a
/// token whose embedding is r·(cos θ, sin θ) along two orthogonal vectors of equal length lies at the angle θ, whatever
/// else is in the embedding. Of a sign it is the line of C. Of more functions it is the plane of the two right singular
/// vectors of C with the largest singular values. The tokens' own vectors are projected, not their parts in the
/// feature: a circle is drawn only where there is one.
///
/// None if there is no embedding of the tokens, or nothing of the feature in it. `identity` is the neutral element.
pub fn plane(
    snapshot: &Snapshot<'_>,
    features: &Features,
    k: usize,
    identity: usize,
) -> Option<Plane> {
    let embedding = snapshot.get("embedding")?;
    let (m, width) = (features.tokens, embedding.cols);
    if embedding.rows < m {
        return None;
    }
    let mut vectors: Vec<f64> = (0..m).flat_map(|i| embedding.row(i)).collect();
    for c in 0..width {
        let mean = vectors.iter().skip(c).step_by(width).sum::<f64>() / m as f64;
        vectors
            .iter_mut()
            .skip(c)
            .step_by(width)
            .for_each(|x| *x -= mean);
    }
    let range = features.ranges[k].clone();
    let basis = &features.basis[range.start * m..range.end * m];
    let vectors = rows(&vectors, width);
    let along = product(rows(basis, m), vectors);
    let axes = axes(&along)?;
    let seen = product(vectors, axes.transpose());
    let point = |x: usize| {
        let y = if axes.nrows() > 1 { seen[(x, 1)] } else { 0.0 };
        [seen[(x, 0)], y]
    };
    Some(Plane {
        points: (0..m).map(point).collect(),
        mark: marks(basis, m, identity),
        functions: range.len(),
    })
}

/// One or two orthonormal rows.
fn axes(along: &Mat<f64>) -> Option<Mat<f64>> {
    let square = product(along.as_ref(), along.transpose());
    let eigen = square.self_adjoint_eigen(Side::Lower).ok()?;
    let (values, vectors) = (eigen.S().column_vector(), eigen.U());
    let n = along.nrows();
    // Values ascend.
    let most = values[n - 1];
    if most.is_nan() || most <= 0.0 {
        return None;
    }
    let is_plane = n > 1 && values[n - 2] > 1e-12 * most;
    let used: Vec<usize> = if is_plane {
        vec![n - 1, n - 2]
    } else {
        vec![n - 1]
    };
    let right = Mat::from_fn(used.len(), n, |i, j| {
        vectors[(j, used[i])] / values[used[i]].sqrt()
    });
    let right = product(right.as_ref(), along.as_ref());
    let turn = Mat::from_fn(n, used.len(), |i, j| vectors[(i, used[j])]);
    Some(match (n, is_plane) {
        (2, true) => product(turn.as_ref(), right.as_ref()),
        _ => right,
    })
}

fn marks(basis: &[f64], m: usize, identity: usize) -> Vec<f64> {
    let wave = MatRef::from_row_major_slice(basis, basis.len() / m, m);
    if wave.nrows() == 2 {
        let turn = |x: usize| libm::atan2(wave[(1, x)], wave[(0, x)]) / TAU;
        // A turn a hair below 0 is 0.
        return (0..m).map(|x| (turn(x) + 1e-9).rem_euclid(1.0)).collect();
    }
    let character = |x: usize| {
        let each = (0..wave.nrows()).map(|i| wave[(i, x)] * wave[(i, identity)]);
        each.sum::<f64>()
    };
    let all: Vec<f64> = (0..m).map(character).collect();
    let (low, high) = all
        .iter()
        .fold((f64::MAX, f64::MIN), |(l, h), x| (l.min(*x), h.max(*x)));
    let place = |x: &f64| {
        if high > low {
            (x - low) / (high - low)
        } else {
            0.0
        }
    };
    all.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::plane;
    use dunwu_core::{NamedTensor, RunSpec, Seed, Snapshot, Values};
    use dunwu_task::{Features, NO_FILES, Task, irreps};

    fn features(task: &str) -> (Task, Features) {
        let plan = RunSpec::from_overrides([format!("task={task}")]);
        let task = Task::from_plan(&plan.unwrap().resolve().unwrap(), NO_FILES).unwrap();
        let features = task.features().unwrap();
        (task, features)
    }

    fn embedding(rows: usize, f: impl Fn(usize, usize) -> f64) -> [NamedTensor; 1] {
        let values = (0..rows * 6).map(|i| f(i / 6, i % 6)).collect();
        [NamedTensor {
            name: "embedding".into(),
            rows,
            cols: 6,
            values: Values::F64(values),
        }]
    }

    /// Two frequencies on orthogonal planes, a constant, and a last row of another token.
    #[test]
    fn a_circle_is_seen_as_a_circle_with_every_token_at_its_angle() {
        let (_, features) = features("Z11");
        let angle = |k: usize, x: usize| std::f64::consts::TAU * (k * x % 11) as f64 / 11.0;
        let tensors = embedding(12, |x, c| match c {
            0 => 2.0 * angle(3, x).cos() + 1.0,
            1 => 2.0 * angle(3, x).sin(),
            2 => 0.5 * angle(4, x).cos(),
            3 => 0.5 * angle(4, x).sin(),
            _ => 7.0,
        });
        let seen = plane(&Snapshot::of(0, &tensors), &features, 3, 0).unwrap();
        assert_eq!(seen.functions, 2);
        for (x, [a, b]) in seen.points.iter().enumerate() {
            assert!((a - 2.0 * angle(3, x).cos()).abs() < 1e-9);
            assert!((b - 2.0 * angle(3, x).sin()).abs() < 1e-9);
            assert!((seen.mark[x] - (3 * x % 11) as f64 / 11.0).abs() < 1e-6);
        }
        // An ellipse stays one: half as far along the sine.
        let tensors = embedding(12, |x, c| match c {
            0 => 2.0 * angle(3, x).cos(),
            1 => angle(3, x).sin(),
            _ => 0.0,
        });
        let seen = plane(&Snapshot::of(0, &tensors), &features, 3, 0).unwrap();
        let longest = |i: usize| seen.points.iter().fold(0.0f64, |l, p| l.max(p[i].abs()));
        assert!(longest(0) > 1.9 && longest(1) < 1.0 + 1e-9);
    }

    #[test]
    fn signs_lie_on_a_line_and_higher_irreps_in_their_widest_plane() {
        let (task, features) = features("S4");
        let group = task.group().unwrap();
        let identity = group.identity().unwrap();
        let all = irreps(group).unwrap();
        let standard = all.iter().find(|i| i.name == "standard").unwrap();
        let sign = all.iter().find(|i| i.name == "sign").unwrap();
        let mut draws = Seed(2).draws("rest");
        let rest: Vec<f64> = (0..24).map(|_| draws.normal()).collect();
        let tensors = embedding(25, |x, c| {
            let x = x % 24;
            let d = standard.matrix(group, x);
            [
                3.0 * d[0].0,
                2.0 * d[4].0,
                0.1 * d[8].0,
                5.0 * sign.character[x].0,
                0.0 * rest[x],
                0.0,
            ][c]
        });
        let at = |name: &str| features.names.iter().position(|n| n == name).unwrap();
        let snapshot = Snapshot::of(0, &tensors);
        let signs = plane(&snapshot, &features, at("sign"), identity).unwrap();
        for (x, [a, b]) in signs.points.iter().enumerate() {
            assert!((a.abs() - 5.0).abs() < 1e-9 && *b == 0.0);
            assert_eq!(
                signs.mark[x],
                f64::from(u8::from(sign.character[x].0 > 0.0))
            );
        }
        let wide = plane(&snapshot, &features, at("standard"), identity).unwrap();
        assert_eq!(wide.functions, 9);
        for (x, [a, b]) in wide.points.iter().enumerate() {
            let d = standard.matrix(group, x);
            assert!((a.abs() - 3.0 * d[0].0.abs()).abs() < 1e-9, "{x}");
            assert!((b.abs() - 2.0 * d[4].0.abs()).abs() < 1e-9, "{x}");
            let character = (standard.character[x].0 + 1.0) / 4.0;
            assert!((wide.mark[x] - character).abs() < 1e-9, "{x}");
        }
        assert!(plane(&Snapshot::of(0, &[]), &features, 1, identity).is_none());
    }
}
