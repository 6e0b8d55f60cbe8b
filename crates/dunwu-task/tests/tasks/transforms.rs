//! Transforms obey the theorems of Fourier analysis on groups, and real forms are real.

use crate::{group, task};
use dunwu_core::Seed;
use dunwu_task::{Group, Irrep, Kind, Transform, irreps};

const GROUPS: &[&str] = &[
    "Z12", "S4", "S5", "A4", "A5", "A6", "D8", "D61", "Q16", "SL(2,3)", "SL(2,5)", "Heis(3)",
    "Z7:Z3", "Z5:Z4", "Z9:Z6", "S3xZ4", "Q8xQ8", "Q12xS3",
];

fn function(key: &str, n: usize) -> Vec<f64> {
    let mut draws = Seed(3).draws(key);
    (0..n).map(|_| draws.normal()).collect()
}

fn convolution(g: &Group, f: &[f64], h: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; g.order()];
    for (a, x) in f.iter().enumerate() {
        for (b, y) in h.iter().enumerate() {
            out[g.mul(a, b)] += x * y;
        }
    }
    out
}

fn squares(z: &[(f64, f64)]) -> f64 {
    z.iter().map(|z| z.0 * z.0 + z.1 * z.1).sum()
}

fn product(a: &[(f64, f64)], b: &[(f64, f64)], d: usize) -> Vec<(f64, f64)> {
    let entry = |ij: usize| {
        (0..d).fold((0.0, 0.0), |s, k| {
            let (x, y) = (a[ij / d * d + k], b[k * d + ij % d]);
            (s.0 + x.0 * y.0 - x.1 * y.1, s.1 + x.0 * y.1 + x.1 * y.0)
        })
    };
    (0..d * d).map(entry).collect()
}

fn gap(a: &[(f64, f64)], b: &[(f64, f64)]) -> f64 {
    assert_eq!(a.len(), b.len());
    let gaps = a.iter().zip(b).map(|(x, y)| (x.0 - y.0).hypot(x.1 - y.1));
    gaps.fold(0.0, f64::max)
}

#[test]
fn squares_convolutions_and_functions_are_kept() {
    for text in GROUPS {
        let g = group(text);
        let n = g.order();
        let (f, h) = (function("f", n), function("h", n));
        let both = convolution(&g, &f, &h);
        let features = task(text).unwrap().features().unwrap();
        let masses = features.masses(&f);
        let (mut total, mut back) = (0.0, vec![0.0; n]);
        for irrep in irreps(&g).unwrap() {
            let transform = Transform::new(&g, &irrep);
            assert_eq!(transform.dim(), irrep.dim);
            let d = irrep.dim;
            let all = transform.apply(&[&f[..], &h[..], &both[..]].concat());
            let (of_f, rest) = all.split_at(d * d);
            let (of_h, of_both) = rest.split_at(d * d);
            assert!(gap(of_f, &transform.apply(&f)) < 1e-12, "{text}");
            let convolved = gap(&product(of_f, of_h, d), of_both);
            assert!(
                convolved < 1e-11 * n as f64,
                "{text} {}: {convolved:e}",
                irrep.name
            );
            let mass = d as f64 * squares(of_f) / n as f64;
            total += mass;
            if let Some(k) = features.names.iter().position(|name| *name == irrep.name) {
                let pair = if irrep.kind == Kind::Complex {
                    2.0
                } else {
                    1.0
                };
                assert!(
                    (pair * mass - masses[k]).abs() < 1e-10,
                    "{text} {}",
                    irrep.name
                );
                let part = transform.part(of_f);
                assert!((squares_of(&part) - masses[k]).abs() < 1e-10, "{text}");
                back.iter_mut().zip(&part).for_each(|(x, y)| *x += y);
            }
        }
        assert!((total - squares_of(&f)).abs() < 1e-10, "{text}: Plancherel");
        let worst = back.iter().zip(&f).map(|(x, y)| (x - y).abs());
        assert!(
            worst.fold(0.0, f64::max) < 1e-12,
            "{text}: the parts are the whole"
        );
    }
}

fn squares_of(f: &[f64]) -> f64 {
    f.iter().map(|x| x * x).sum()
}

#[test]
fn the_transform_of_a_point_is_the_matrix_of_that_element() {
    for text in GROUPS {
        let g = group(text);
        for irrep in irreps(&g).unwrap() {
            let transform = Transform::new(&g, &irrep);
            for a in (0..g.order()).step_by(1 + g.order() / 9) {
                let mut point = vec![0.0; g.order()];
                point[a] = 1.0;
                let gap = gap(&transform.apply(&point), &irrep.matrix(&g, a));
                assert!(gap < 1e-13, "{text} {}: {gap:e}", irrep.name);
            }
        }
    }
}

#[test]
#[should_panic(expected = "a function has 6 values")]
fn a_function_of_another_length_is_refused() {
    let g = group("S3");
    Transform::new(&g, &irreps(&g).unwrap()[2]).apply(&[0.0; 5]);
}

#[test]
fn matrices_are_unitary_and_multiply() {
    for text in GROUPS {
        let g = group(text);
        let n = g.order();
        for irrep in irreps(&g).unwrap() {
            let d = irrep.dim;
            let all: Vec<_> = (0..n).map(|a| irrep.matrix(&g, a)).collect();
            let unit: Vec<_> = (0..d * d)
                .map(|ij| (f64::from(ij / d == ij % d), 0.0))
                .collect();
            for a in 0..n {
                let adjoint = |ij: usize| {
                    (
                        all[a][ij % d * d + ij / d].0,
                        -all[a][ij % d * d + ij / d].1,
                    )
                };
                let adjoint: Vec<_> = (0..d * d).map(adjoint).collect();
                let unitary = gap(&product(&all[a], &adjoint, d), &unit);
                assert!(unitary < 1e-12, "{text} {}: {unitary:e}", irrep.name);
                for b in (0..n).step_by(1 + n / 40) {
                    let gap = gap(&product(&all[a], &all[b], d), &all[g.mul(a, b)]);
                    assert!(gap < 1e-12, "{text} {}: {gap:e}", irrep.name);
                }
            }
        }
    }
}

#[test]
fn real_forms_are_orthogonal_homomorphisms_with_the_trace_of_the_character() {
    for text in GROUPS {
        let g = group(text);
        for irrep in irreps(&g).unwrap() {
            check_real_form(text, &g, &irrep);
        }
    }
}

fn check_real_form(text: &str, g: &Group, irrep: &Irrep) {
    let (n, m) = (g.order(), irrep.real_dim());
    let context = format!("{text} {}", irrep.name);
    let all: Vec<Vec<f64>> = (0..n).map(|a| irrep.real_matrix(g, a)).collect();
    let times = |a: &[f64], b: &[f64], ij: usize| -> f64 {
        (0..m).map(|k| a[ij / m * m + k] * b[k * m + ij % m]).sum()
    };
    let copies = if irrep.kind == Kind::Real { 1.0 } else { 2.0 };
    let mut norm = 0.0;
    for a in 0..n {
        assert_eq!(all[a].len(), m * m);
        if irrep.kind == Kind::Real {
            assert_eq!(m, irrep.dim);
            assert!(irrep.matrix(g, a).iter().all(|z| z.1 == 0.0), "{context}");
        }
        let trace: f64 = (0..m).map(|i| all[a][i * m + i]).sum();
        assert!(
            (trace - copies * irrep.character[a].0).abs() < 1e-12,
            "{context}"
        );
        norm += trace * trace / n as f64;
        let inverse = &all[g.inverse(a)];
        for ij in 0..m * m {
            let transposed = inverse[ij % m * m + ij / m];
            assert!((all[a][ij] - transposed).abs() < 1e-12, "{context}");
        }
        for b in (0..n).step_by(1 + n / 12) {
            for (ij, expected) in all[g.mul(a, b)].iter().enumerate() {
                let gap = (times(&all[a], &all[b], ij) - expected).abs();
                assert!(gap < 1e-12, "{context}: {gap:e}");
            }
        }
    }
    // The real, complex and quaternionic numbers are what commutes with an irreducible real form.
    let commuting = match irrep.kind {
        Kind::Real => 1.0,
        Kind::Complex => 2.0,
        Kind::Quaternionic => 4.0,
    };
    assert!((norm - commuting).abs() < 1e-10, "{context}: {norm}");
}
