//! Every group is one, and its representations are those of the books.

use crate::{group, known, known_names, task};
use dunwu_task::{Group, Irrep, Kind, irreps};
use serde_json::Value;

#[test]
fn groups_obey_the_axioms() {
    for text in known_names() {
        let g = group(&text);
        let all = 0..g.order();
        let e = g.identity().unwrap();
        assert_eq!(g.associative(), Ok(()), "{text}");
        for a in all.clone() {
            assert_eq!((g.mul(a, e), g.mul(e, a)), (a, a), "{text}");
            assert_eq!(
                (g.mul(a, g.inverse(a)), g.mul(g.inverse(a), a)),
                (e, e),
                "{text}"
            );
        }
        let mut names: Vec<&str> = all.map(|a| g.element_name(a)).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), g.order(), "{text}: names of elements differ");
        assert_eq!(g.name(), text);
    }
}

#[test]
fn orders_dimensions_types_and_names_are_known() {
    for entry in known() {
        let text = entry["group"].as_str().unwrap();
        let g = group(text);
        let all = irreps(&g).unwrap();
        assert_eq!(
            (entry["order"].as_u64(), entry["abelian"].as_bool()),
            (Some(g.order() as u64), Some(g.is_abelian())),
            "{text}"
        );
        assert_eq!(
            entry["dims"],
            Value::from(all.iter().map(|i| i.dim).collect::<Vec<_>>()),
            "{text}"
        );
        let kinds = [Kind::Real, Kind::Complex, Kind::Quaternionic];
        let counts = kinds.map(|kind| all.iter().filter(|i| i.kind == kind).count());
        assert_eq!(entry["kinds"], Value::from(counts.to_vec()), "{text}");
        assert!(
            all[0].character.iter().all(|z| *z == (1.0, 0.0)),
            "{text}: trivial comes first"
        );
        let mut names: Vec<&str> = all.iter().map(|i| i.name.as_str()).collect();
        if let Value::Array(expected) = &entry["names"] {
            names.sort_unstable();
            let mut expected: Vec<&str> = expected.iter().filter_map(Value::as_str).collect();
            expected.sort_unstable();
            assert_eq!(names, expected, "{text}");
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(
            names.len(),
            all.len(),
            "{text}: names of representations differ"
        );
    }
}

#[test]
fn character_tables_are_known() {
    let mut checked = 0;
    for entry in known() {
        let g = group(entry["group"].as_str().unwrap());
        let all = irreps(&g).unwrap();
        for (key, value) in [
            ("characters", real as fn((f64, f64)) -> f64),
            ("absolute", absolute),
        ] {
            let Value::Object(rows) = &entry[key] else {
                continue;
            };
            for (element, row) in rows {
                let at = (0..g.order())
                    .find(|a| g.element_name(*a) == element)
                    .unwrap();
                for (j, expected) in row.as_array().unwrap().iter().enumerate() {
                    let found = value(by_name(&entry, &all, j).character[at]);
                    let expected = expected.as_f64().unwrap();
                    assert!(
                        (found - expected).abs() < 1e-9,
                        "{} {element} {j}",
                        g.name()
                    );
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 150, "{checked}");
}

/// Column j of the books' table: by name where the data has names, else by place.
fn by_name<'a>(entry: &Value, all: &'a [Irrep], j: usize) -> &'a Irrep {
    match entry["names"][j].as_str() {
        Some(name) => all.iter().find(|i| i.name == name).unwrap(),
        None => &all[j],
    }
}

fn real(z: (f64, f64)) -> f64 {
    assert!(z.1.abs() < 1e-9);
    z.0
}

fn absolute(z: (f64, f64)) -> f64 {
    z.0.hypot(z.1)
}

#[test]
fn characters_are_orthonormal_and_constant_on_classes() {
    for text in known_names() {
        let g = group(&text);
        let all = irreps(&g).unwrap();
        assert_eq!(
            all.iter().map(|i| i.dim * i.dim).sum::<usize>(),
            g.order(),
            "{text}"
        );
        for (i, a) in all.iter().enumerate() {
            for (j, b) in all.iter().enumerate() {
                let pairs = a.character.iter().zip(&b.character);
                let inner = pairs.fold((0.0, 0.0), |s, (x, y)| {
                    (s.0 + x.0 * y.0 + x.1 * y.1, s.1 + x.1 * y.0 - x.0 * y.1)
                });
                let expected = if i == j { g.order() as f64 } else { 0.0 };
                assert!(
                    (inner.0 - expected).abs() + inner.1.abs() < 1e-8,
                    "{text} {i} {j}"
                );
            }
        }
        let classes = g.conjugacy_classes();
        assert_eq!(
            classes.iter().max(),
            Some(&(all.len() - 1)),
            "{text}: as many as classes"
        );
        for (a, b) in (0..g.order()).zip(1..g.order()) {
            let same = all
                .iter()
                .all(|i| distance(&[i.character[a]], &[i.character[b]]) < 1e-8);
            assert_eq!(
                same,
                classes[a] == classes[b],
                "{text}: characters part the classes"
            );
        }
    }
}

#[test]
fn matrices_are_unitary_homomorphisms() {
    let mut worst: f64 = 0.0;
    for text in known_names() {
        let g = group(&text);
        for irrep in irreps(&g).unwrap() {
            let all: Vec<Matrix> = (0..g.order()).map(|a| irrep.matrix(&g, a)).collect();
            for a in 0..g.order() {
                let trace = (0..irrep.dim).fold((0.0, 0.0), |s, i| {
                    let z = all[a][i * irrep.dim + i];
                    (s.0 + z.0, s.1 + z.1)
                });
                worst = worst.max(distance(&[trace], &[irrep.character[a]]));
                let inverse = adjoint(&all[a], irrep.dim);
                worst = worst.max(distance(&inverse, &all[g.inverse(a)]));
                for b in (0..g.order()).step_by(1 + g.order() / 12) {
                    let product = times(&all[a], &all[b], irrep.dim);
                    worst = worst.max(distance(&product, &all[g.mul(a, b)]));
                }
            }
        }
    }
    assert!(worst < 1e-12, "{worst:e}");
}

type Matrix = Vec<(f64, f64)>;

fn times(a: &Matrix, b: &Matrix, d: usize) -> Matrix {
    let entry = |ij: usize| {
        (0..d).fold((0.0, 0.0), |s, k| {
            let (x, y) = (a[ij / d * d + k], b[k * d + ij % d]);
            (s.0 + x.0 * y.0 - x.1 * y.1, s.1 + x.0 * y.1 + x.1 * y.0)
        })
    };
    (0..d * d).map(entry).collect()
}

fn adjoint(a: &Matrix, d: usize) -> Matrix {
    (0..d * d)
        .map(|ij| a[ij % d * d + ij / d])
        .map(|z| (z.0, -z.1))
        .collect()
}

fn distance(a: &[(f64, f64)], b: &[(f64, f64)]) -> f64 {
    let gaps = a.iter().zip(b).map(|(x, y)| (x.0 - y.0).hypot(x.1 - y.1));
    gaps.fold(0.0, f64::max)
}

#[test]
fn different_ways_of_writing_a_group_agree() {
    for (a, b) in [
        ("S3", "table:s3.json"),
        ("S3", "D3"),
        ("S3", "perm:(1 2 3),(1 2)"),
        ("Z7:Z3", "Z7:Z3@4"),
        ("D6", "S3xZ2"),
        ("A4", "perm:(1 2 3),(2 3 4)"),
        ("Z2^3", "Z2xZ2xZ2"),
        ("D4", "Z4:Z2"),
        ("Z5xZ7", "Z35"),
        ("Heis(2)", "D4"),
    ] {
        assert_eq!(invariants(&group(a)), invariants(&group(b)), "{a} {b}");
    }
    assert_ne!(invariants(&group("D4")), invariants(&group("Q8")));
}

/// Sorted characters on a grid: the same for isomorphic groups.
fn invariants(g: &Group) -> Vec<(usize, String, Vec<i64>)> {
    let mut out: Vec<_> = irreps(g)
        .unwrap()
        .iter()
        .map(|irrep| {
            let mut values: Vec<i64> = irrep
                .character
                .iter()
                .map(|z| (z.0 * 1e4).round() as i64)
                .collect();
            values.sort_unstable();
            (irrep.dim, format!("{:?}", irrep.kind), values)
        })
        .collect();
    out.sort();
    out
}

#[test]
fn quasigroups_have_no_representations() {
    let options = dunwu_task::Options {
        quasigroup: true,
        ..dunwu_task::Options::default()
    };
    let task = dunwu_task::Task::parse("table:minus.csv", &options, &crate::read).unwrap();
    let error = irreps(task.group().unwrap()).unwrap_err().to_string();
    assert!(error.contains("is no group"), "{error}");
    assert!(task.features().is_none() && task.why_no_features().unwrap().contains("is no group"));
    assert!(
        task.describe().contains("quasigroup of order 3"),
        "{}",
        task.describe()
    );
}

#[test]
fn groups_of_order_720_are_decomposed() {
    let g = group("S6");
    let all = irreps(&g).unwrap();
    let mut dims: Vec<usize> = all.iter().map(|i| i.dim).collect();
    dims.sort_unstable();
    assert_eq!(dims, [1, 1, 5, 5, 5, 5, 9, 9, 10, 10, 16]);
    assert!(all.iter().all(|i| i.kind == Kind::Real));
    // Characters of a symmetric group are whole numbers.
    let whole = |z: &(f64, f64)| z.0.fract() == 0.0 && z.1 == 0.0;
    assert!(all.iter().all(|i| i.character.iter().all(whole)));
    let features = task("S6").unwrap().features().unwrap();
    let sixteen = features.dims.iter().position(|d| *d == 16).unwrap();
    assert_eq!((features.len(), features.ranges[sixteen].len()), (11, 256));
    assert_eq!(features.names[sixteen], "[3,2,1]");
}
