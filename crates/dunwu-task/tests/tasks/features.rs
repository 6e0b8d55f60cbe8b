//! Features are an orthonormal basis, and its parts are the projectors of the characters.

use crate::{group, known_names, task};
use dunwu_task::{Features, Kind, irreps};

fn features(text: &str) -> Features {
    task(text).unwrap().features().unwrap()
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[test]
fn the_basis_is_orthonormal_and_names_differ() {
    let formulas = ["x+y mod 12", "x*y mod 11", "x/y mod 13", "x^2+y^2 mod 9"];
    for text in known_names().iter().map(String::as_str).chain(formulas) {
        let f = features(text);
        let n = f.tokens;
        let row = |i: usize| &f.basis[i * n..(i + 1) * n];
        assert_eq!(f.basis.len(), n * n, "{text}");
        for (i, j) in (0..n).flat_map(|i| (0..=i).map(move |j| (i, j))) {
            let expected = if i == j { 1.0 } else { 0.0 };
            assert!(
                (inner(row(i), row(j)) - expected).abs() < 1e-12,
                "{text} {i} {j}"
            );
        }
        let mut end = 0;
        for range in &f.ranges {
            assert_eq!(range.start, end, "{text}: ranges follow each other");
            end = range.end;
        }
        assert_eq!(end, n, "{text}");
        assert!(f.len() == f.dims.len() && f.len() == f.kinds.len() && !f.is_empty());
        let mut names = f.names.clone();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), f.len(), "{text}: {:?}", f.names);
        let constant = vec![1.0; n];
        let off_trivial: f64 =
            f.masses(&constant).iter().sum::<f64>() - f.masses(&constant)[f.trivial()];
        let expected = if f.names.contains(&"zero".to_owned()) {
            1.0
        } else {
            0.0
        };
        assert!((off_trivial - expected).abs() < 1e-9, "{text}");
    }
}

#[test]
fn projectors_are_those_of_the_characters_and_idempotent() {
    for text in known_names() {
        let (g, f) = (group(&text), features(&text));
        let n = g.order();
        let all = irreps(&g).unwrap();
        for (k, range) in f.ranges.iter().enumerate() {
            let pi = |x: usize, y: usize| -> f64 {
                range
                    .clone()
                    .map(|r| f.basis[r * n + x] * f.basis[r * n + y])
                    .sum()
            };
            let irrep = all.iter().find(|i| i.name == f.names[k]).unwrap();
            let pair = if irrep.kind == Kind::Complex {
                2.0
            } else {
                1.0
            };
            assert_eq!(
                range.len(),
                irrep.dim * irrep.dim * pair as usize,
                "{text} {}",
                f.names[k]
            );
            for (x, y) in (0..n).flat_map(|x| (0..n).map(move |y| (x, y))) {
                let chi = irrep.character[g.mul(g.inverse(x), y)].0;
                let expected = pair * irrep.dim as f64 / n as f64 * chi;
                assert!(
                    (pi(x, y) - expected).abs() < 1e-12,
                    "{text} {} {x} {y}",
                    f.names[k]
                );
            }
            for y in 0..n.min(8) {
                let once: Vec<f64> = (0..n).map(|x| pi(x, y)).collect();
                let twice: Vec<f64> = (0..n)
                    .map(|x| (0..n).map(|z| pi(x, z) * once[z]).sum())
                    .collect();
                let gap = once
                    .iter()
                    .zip(&twice)
                    .map(|(a, b)| (a - b).abs())
                    .fold(0.0, f64::max);
                assert!(gap < 1e-12, "{text} {}", f.names[k]);
            }
        }
    }
}

#[test]
fn parts_are_averages_over_translations_by_the_character() {
    for text in [
        "Z12", "S4", "A5", "Q16", "SL(2,3)", "Heis(3)", "Z7:Z3", "S3xZ4", "D61",
    ] {
        let (g, f) = (group(text), features(text));
        let n = g.order();
        let w: Vec<f64> = (0..n).map(|i| ((i * i + 1) as f64).sin()).collect();
        let all = irreps(&g).unwrap();
        let mut left = w.clone();
        for (k, name) in f.names.iter().enumerate() {
            let irrep = all.iter().find(|i| i.name == *name).unwrap();
            let pair = match irrep.kind {
                Kind::Complex => 2.0,
                Kind::Real | Kind::Quaternionic => 1.0,
            };
            let part = f.project(k, &w);
            for h in 0..n {
                // (d/M) Σ_a χ̄(a) (R_a w)(h) with (R_a w)(h) = w(ha); its conjugate's has the same real part.
                let terms = (0..n).map(|a| irrep.character[a].0 * w[g.mul(h, a)]);
                let expected = pair * irrep.dim as f64 / n as f64 * terms.sum::<f64>();
                assert!((part[h] - expected).abs() < 1e-12, "{text} {name} {h}");
            }
            assert!((inner(&part, &part) - f.masses(&w)[k]).abs() < 1e-11);
            left.iter_mut().zip(&part).for_each(|(x, y)| *x -= y);
        }
        assert!(
            left.iter().all(|x| x.abs() < 1e-12),
            "{text}: the parts are the whole"
        );
    }
}

#[test]
#[should_panic(expected = "a value per token")]
fn a_function_of_another_length_has_no_parts() {
    features("S3").project(0, &[1.0; 5]);
}

#[test]
fn masses_add_up_and_translations_and_inversion_keep_them() {
    for text in [
        "S4",
        "Q8",
        "Z4xZ7",
        "SL(2,3)",
        "Z7:Z3",
        "S3xZ2",
        "table:klein.csv",
    ] {
        let (g, f) = (group(text), features(text));
        let n = g.order();
        let w: Vec<f64> = (0..n).map(|i| ((i * i) as f64).sin()).collect();
        let masses = f.masses(&w);
        assert!(
            (masses.iter().sum::<f64>() - inner(&w, &w)).abs() < 1e-9,
            "{text}"
        );
        let moved: [Vec<f64>; 3] = [
            (0..n).map(|i| w[g.mul(i, n / 2)]).collect(),
            (0..n).map(|i| w[g.mul(n - 1, i)]).collect(),
            (0..n).map(|i| w[g.inverse(i)]).collect(),
        ];
        for w in moved {
            let gaps = f
                .masses(&w)
                .iter()
                .zip(&masses)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            assert!(gaps < 1e-9, "{text}");
        }
    }
}

#[test]
fn cyclic_features_are_cosine_and_sine() {
    let f = features("Z7");
    assert_eq!(f.names, ["k=0", "k=1", "k=2", "k=3"]);
    assert_eq!(
        features("Z3xZ4").names[..4],
        ["(0,0)", "(0,1)", "(0,2)", "(1,0)"]
    );
    for (k, range) in f.ranges.iter().enumerate().skip(1) {
        let angle = |x: usize| std::f64::consts::TAU * (k * x) as f64 / 7.0;
        let scale = (2.0f64 / 7.0).sqrt();
        for x in 0..7 {
            assert!((f.basis[range.start * 7 + x] - scale * angle(x).cos()).abs() < 1e-14);
            assert!((f.basis[(range.start + 1) * 7 + x] - scale * angle(x).sin()).abs() < 1e-14);
        }
    }
}

#[test]
fn multiplicative_features_turn_products_into_sums() {
    let f = features("x*y mod 11");
    assert_eq!((f.tokens, f.len(), f.names[0].as_str()), (11, 7, "k=0"));
    assert_eq!(f.names.last().unwrap(), "zero");
    // χ(x) = cos + i sin of a frequency obeys χ(xy) = χ(x)χ(y) off 0.
    for (range, kind) in f.ranges.iter().zip(&f.kinds).filter(|(r, _)| r.len() == 2) {
        assert_eq!(*kind, Kind::Complex);
        let scale = (10.0f64 / 2.0).sqrt();
        let chi = |x: usize| {
            (
                scale * f.basis[range.start * 11 + x],
                scale * f.basis[(range.start + 1) * 11 + x],
            )
        };
        assert_eq!(chi(0), (0.0, 0.0));
        for (x, y) in (1..11).flat_map(|x| (1..11).map(move |y| (x, y))) {
            let ((a, b), (c, d), (e, g)) = (chi(x), chi(y), chi(x * y % 11));
            assert!((a * c - b * d - e).abs() + (a * d + b * c - g).abs() < 1e-12);
        }
    }
    assert_eq!(features("x+y mod 11").names[1], "k=1");
}

#[test]
fn a_missing_spectrum_is_explained() {
    let why = |text: &str| task(text).unwrap().why_no_features();
    assert!(why("parity(20,3)").unwrap().contains("tokens of one bit"));
    assert!(why("SL(2,13)").unwrap().contains(
        "2184 elements; representations of groups that do not commute are found up to 1500"
    ));
    for text in ["Z2000", "S5xZ20", "x*y mod 97", "A5"] {
        assert_eq!(why(text), None, "{text}");
    }
}
