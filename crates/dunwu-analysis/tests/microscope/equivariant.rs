//! Outputs and nodes made of the representations of groups that do not commute.

use crate::helpers::{Bench, Noise, tensors};
use dunwu_analysis::microscope::{Side, Type, ablation, formula};
use dunwu_task::{Irrep, irreps};

/// (task, features' amplitudes and phases by the order of the irreducible representations).
fn bench(task: &str) -> Bench {
    Bench::new(&[&format!("task={task}"), "train_fraction=0.5"])
}

/// Irreducible representations by feature.
fn by_feature(bench: &Bench) -> Vec<Irrep> {
    let all = irreps(bench.task.group().unwrap()).unwrap();
    let find = |name: &String| all.iter().find(|i| i.name == *name).unwrap().clone();
    bench.features.names.iter().map(find).collect()
}

/// Σ_k 2Re(A_k e^{iφ_k} χ_k(a b c⁻¹)), half of it where χ_k is real, plus a number a row.
fn planted(bench: &Bench, numbers: &[(f64, f64)]) -> Vec<f64> {
    let (group, irreps) = (bench.task.group().unwrap(), by_feature(bench));
    let value = |x: usize| -> f64 {
        let term = |(irrep, (a, phase)): (&Irrep, &(f64, f64))| {
            let (re, im) = irrep.character[x];
            match irrep.kind {
                dunwu_task::Kind::Complex => 2.0 * a * (phase.cos() * re - phase.sin() * im),
                _ => a * re,
            }
        };
        irreps.iter().zip(numbers).map(term).sum()
    };
    let m = group.order();
    let row = |i: usize| {
        let ab = group.mul(i / m, i % m);
        (0..m).map(move |c| value(group.mul(ab, group.inverse(c))) + i as f64)
    };
    (0..m * m).flat_map(row).collect()
}

#[test]
fn planted_amplitudes_come_back() {
    // Of real type, of complex type with d = 1 and 3, and of quaternionic type.
    for task in ["S4", "D5", "Z7:Z3", "Q8", "Z4xZ3"] {
        let bench = bench(task);
        let mut noise = Noise(5);
        let numbers: Vec<(f64, f64)> = (0..bench.features.len())
            .map(|k| (0.3 + k as f64 + 0.2 * noise.next(), 0.5 * noise.next()))
            .collect();
        let outputs = planted(&bench, &numbers);
        let group = bench.task.group().unwrap();
        let found = formula(&outputs, &bench.data, group, &bench.transforms).unwrap();
        assert_eq!(found.terms.len(), bench.features.len() - 1, "{task}");
        for term in &found.terms {
            let (amplitude, phase) = numbers[term.feature];
            assert!(
                (term.amplitude - amplitude).abs() < 1e-10,
                "{task} {term:?}"
            );
            let off = term.phase.map_or(0.0, |p| p - phase);
            assert!(off.abs() < 1e-10, "{task} {term:?}");
            assert_eq!(term.phase.is_some(), term.kind == Type::Complex);
        }
        assert!((found.r2 - 1.0).abs() < 1e-10 && (found.r2_relation - 1.0).abs() < 1e-10);
        assert!(found.holds, "{task}: {}", found.why);
        assert_eq!(found.candidate.exceptions, 0);
    }
}

#[test]
fn functions_of_the_relation_that_are_no_class_functions_are_told_apart() {
    let bench = bench("S4");
    let group = bench.task.group().unwrap();
    let mut noise = Noise(11);
    let mut values = noise.vector(24);
    let mean = values.iter().sum::<f64>() / 24.0;
    values.iter_mut().for_each(|v| *v -= mean);
    let outputs: Vec<f64> = (0..24 * 24 * 24)
        .map(|i| (i / 576, i / 24 % 24, i % 24))
        .map(|(a, b, c)| values[group.mul(group.mul(a, b), group.inverse(c))])
        .collect();
    let found = formula(&outputs, &bench.data, group, &bench.transforms).unwrap();
    assert!((found.r2_relation - 1.0).abs() < 1e-10);
    let classes = group.conjugacy_classes();
    let mean_of = |x: usize| -> f64 {
        let same = (0..24).filter(|y| classes[*y] == classes[x]);
        same.clone().map(|y| values[y]).sum::<f64>() / same.count() as f64
    };
    let class: f64 = (0..24).map(|x| mean_of(x).powi(2)).sum();
    let all: f64 = values.iter().map(|v| v * v).sum();
    assert!((found.r2 - class / all).abs() < 1e-10);
    assert!(found.r2 < 0.9);
}

#[test]
fn a_planted_representation_can_be_cut_out_on_either_side() {
    let bench = bench("S4");
    let k = bench
        .features
        .names
        .iter()
        .position(|n| n == "standard")
        .unwrap();
    let mut numbers = vec![(0.0, 0.0); bench.features.len()];
    (numbers[k].0, numbers[1].0) = (1.0, 0.5);
    let outputs = planted(&bench, &numbers);
    for side in [Side::Operands, Side::Label] {
        let found = ablation(&outputs, &bench.data, &bench.features, side, Some(&[k])).unwrap();
        // mean χ² = 1, so energies are as the amplitudes squared.
        assert!((found.removed[k - 1].energy - 0.8).abs() < 1e-10);
        assert!((found.removed[0].energy - 0.2).abs() < 1e-10);
        assert!(found.mixed < 1e-10);
        assert_eq!(found.restricted.test.accuracy, 1.0);
        // What is left is ½ of the sign: ‖õ‖² = 24/4 and õ_y = ½.
        let loss = 6.0 - 1.0 + 1.0 - 1.0 / 24.0;
        assert!((found.excluded.test.mse_centred - loss).abs() < 1e-10);
    }
}

/// The real functions x†D(g)q + c.c., feature by feature the numbers of x and q.
fn matrix_element(bench: &Bench, irrep: &Irrep, x: &[f64], q: &[f64]) -> Vec<f64> {
    let group = bench.task.group().unwrap();
    let d = irrep.dim;
    let z = |v: &[f64], i: usize| (v[2 * i], v[2 * i + 1]);
    let value = |g: usize| -> f64 {
        let matrix = irrep.matrix(group, g);
        let mut sum = 0.0;
        for i in 0..d {
            for j in 0..d {
                let ((a, b), (e, f), (m, n)) = (z(x, i), z(q, j), matrix[i * d + j]);
                // Re of conj(x) · m · q.
                let (p, r) = (a * m + b * n, a * n - b * m);
                sum += p * e - r * f;
            }
        }
        sum
    };
    (0..group.order()).map(value).collect()
}

#[test]
fn rank_one_nodes_whose_vectors_meet_are_seen_as_such() {
    for (task, dim) in [("Z7:Z3", 3), ("Q8", 2)] {
        let bench = bench(task);
        let irreps = by_feature(&bench);
        let k = (0..irreps.len()).rfind(|k| irreps[*k].dim == dim).unwrap();
        let mut noise = Noise(2);
        let mut vector = || noise.vector(2 * dim);
        let (x, q, y, other) = (vector(), vector(), vector(), vector());
        let w = |left: &[f64], right: &[f64]| matrix_element(&bench, &irreps[k], left, right);
        let blank = vec![1.0; bench.features.tokens];
        let network = bench.network(&tensors(&[
            vec![w(&x, &q), w(&q, &y), blank.clone()],
            vec![w(&x, &q), w(&other, &y), blank.clone()],
        ]));
        let read = bench.nodes(&network);
        assert!(
            read.nodes
                .iter()
                .all(|n| n.feature == k && n.purity > 1.0 - 1e-10),
            "{task}"
        );
        let node = &read.nodes[0];
        assert!(
            node.rank_one.iter().all(|r| (r - 1.0).abs() < 1e-10),
            "{task} {node:?}"
        );
        assert!(
            (node.shared.unwrap() - 1.0).abs() < 1e-10,
            "{task} {node:?}"
        );
        // The pair of a quaternionic feature of dimension 2 is all there is, so it always meets.
        let apart = read.nodes[1].shared.unwrap();
        assert!(
            node.kind == Type::Quaternionic || apart < 0.9,
            "{task} {apart}"
        );
    }
}

/// The smallest set with those elements that products keep, ascending.
fn closure(bench: &Bench, seeds: [usize; 2]) -> Vec<usize> {
    let group = bench.task.group().unwrap();
    let mut found = seeds.to_vec();
    loop {
        let pairs = found
            .iter()
            .flat_map(|a| found.iter().map(|b| group.mul(*a, *b)));
        let mut next: Vec<usize> = pairs.chain(found.iter().copied()).collect();
        next.sort();
        next.dedup();
        if next.len() == found.len() {
            return next;
        }
        found = next;
    }
}

#[test]
fn functions_of_where_a_point_goes_are_rank_one() {
    let bench = bench("S4");
    let group = bench.task.group().unwrap();
    let pairs = (0..24).flat_map(|a| (0..24).map(move |b| [a, b]));
    let stabiliser = pairs
        .map(|p| closure(&bench, p))
        .find(|s| s.len() == 6)
        .unwrap();
    let least = |set: Vec<usize>| set.into_iter().min().unwrap();
    let left = |g: usize, h: &[usize]| least(h.iter().map(|x| group.mul(g, *x)).collect());
    let right = |g: usize, h: &[usize]| least(h.iter().map(|x| group.mul(*x, g)).collect());
    // Four values of mean 0, one a coset.
    let value = |cosets: Vec<usize>| -> Vec<f64> {
        let mut names = cosets.clone();
        names.sort();
        names.dedup();
        let place = |c: &usize| names.iter().position(|n| n == c).unwrap();
        cosets
            .iter()
            .map(|c| [0.9, -0.2, -1.0, 0.3][place(c)])
            .collect()
    };
    let goes = |h: &[usize]| value((0..24).map(|g| left(g, h)).collect());
    let comes = |h: &[usize]| value((0..24).map(|g| right(g, h)).collect());
    let conjugate = |t: usize| -> Vec<usize> {
        let by = |x: &usize| group.mul(group.mul(t, *x), group.inverse(t));
        let mut set: Vec<usize> = stabiliser.iter().map(by).collect();
        set.sort();
        set
    };
    let other = (0..24).map(conjugate).find(|s| *s != stabiliser).unwrap();
    let network = bench.network(&tensors(&[
        vec![goes(&stabiliser), comes(&stabiliser), vec![1.0; 24]],
        vec![goes(&stabiliser), comes(&other), vec![1.0; 24]],
    ]));
    let read = bench.nodes(&network);
    for (node, shared) in read.nodes.iter().zip([1.0, 1.0 / 9.0]) {
        assert_eq!(
            (read.names[node.feature].as_str(), node.kind),
            ("standard", Type::Real)
        );
        assert!((node.purity - 1.0).abs() < 1e-10);
        assert!(
            node.rank_one.iter().all(|r| (r - 1.0).abs() < 1e-10),
            "{node:?}"
        );
        // Vectors that two points fix meet at an angle of cosine −1/3.
        assert!((node.shared.unwrap() - shared).abs() < 1e-10, "{node:?}");
    }
}

#[test]
fn a_random_function_is_not_rank_one() {
    let bench = bench("S4");
    let mut noise = Noise(4);
    let node = |noise: &mut Noise| (0..3).map(|_| noise.vector(24)).collect::<Vec<_>>();
    let nodes: Vec<_> = (0..20).map(|_| node(&mut noise)).collect();
    let read = bench.nodes(&bench.network(&tensors(&nodes)));
    let wide = read
        .nodes
        .iter()
        .filter(|n| bench.features.dims[n.feature] == 3);
    let shares: Vec<f64> = wide.flat_map(|n| n.rank_one.clone()).collect();
    assert!(shares.len() > 20 && shares.iter().all(|r| *r > 1.0 / 3.0 && *r < 0.999));
}
