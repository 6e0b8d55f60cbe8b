//! The code against lengths counted by hand, and factors against products that were made.

use crate::helpers::{Bench, Noise, dense, gromov, square, tensors};
use dunwu_analysis::microscope::{
    Runnable, Threshold, description_length, elias_delta, exceptions, factorisation, formula,
    gradient_split, log2_choose, log2_factorial, quantise, quantise_angle,
};
use dunwu_core::Snapshot;
use std::f64::consts::{PI, TAU};

#[test]
fn lengths_of_the_code_by_hand() {
    // δ: 1, 010 0, 010 1, 011 00 … 00100 000 (8), 00100 001 …
    let lengths = [1, 2, 3, 4, 7, 8, 15, 16, 31, 32].map(elias_delta);
    assert_eq!(lengths, [1.0, 4.0, 4.0, 5.0, 5.0, 8.0, 8.0, 9.0, 9.0, 10.0]);
    assert!((log2_choose(52, 5) - 2598960f64.log2()).abs() < 1e-9);
    assert_eq!((log2_choose(9, 0), log2_choose(9, 9)), (0.0, 0.0));
    assert!((log2_factorial(5) - 120f64.log2()).abs() < 1e-12);
    assert!((exceptions(10, 2, 8) - (4.0 + 45f64.log2() + 6.0)).abs() < 1e-12);
    assert_eq!(exceptions(10, 0, 8), 1.0);
}

#[test]
fn numbers_are_rounded_to_the_levels_stated() {
    assert_eq!(
        quantise(&[1.0, -3.0, 0.0], 1),
        [4.0 / 3.0, -4.0 / 3.0, 4.0 / 3.0]
    );
    assert_eq!(quantise(&[1.0, -3.0, 1.6], 2), [0.0, -3.0, 3.0]);
    assert_eq!(quantise(&[1.1, -3.0, 1.6], 3), [1.0, -3.0, 2.0]);
    assert_eq!(quantise(&[0.0, 0.0], 4), [0.0, 0.0]);
    for bits in 2..=12 {
        let numbers = Noise(u64::from(bits)).vector(50);
        let levels = f64::from((1 << (bits - 1)) - 1);
        let off = |(x, y): (&f64, f64)| (x - y).abs();
        let rounded = quantise(&numbers, bits);
        let worst = numbers.iter().zip(rounded).map(off).fold(0.0, f64::max);
        assert!(worst <= 0.5 / levels + 1e-12 && worst > 0.2 / levels);
    }
    assert_eq!((quantise_angle(1.5, 1), quantise_angle(1.6, 1)), (0.0, PI));
    assert!((quantise_angle(-1.6, 2) + TAU / 4.0).abs() < 1e-12);
}

#[test]
fn the_parts_of_the_rivals_add_up_to_what_is_counted_by_hand() {
    let bench = Bench::new(&["task=Z5", "train_size=10"]);
    let network = bench.network(&tensors(&[gromov(5, 1), gromov(5, 2)].concat()));
    let nodes = bench.nodes(&network);
    let outputs = network.forward(&bench.data, &square).unwrap();
    let group = bench.task.group().unwrap();
    let found = formula(&outputs, &bench.data, group, &bench.transforms).unwrap();
    let runnable = Runnable {
        network: &network,
        nodes: &nodes,
        sigma: &square,
    };
    let lengths = description_length(&outputs, &bench.data, Ok(runnable), Ok(&found));
    let log = |n: f64| n.log2();
    assert!((lengths.literal - 25.0 * log(5.0)).abs() < 1e-10);

    // 10 of 25 rows listed with labels, 15 exceptions.
    let table = &lengths.rivals[1];
    assert_eq!(
        (lengths.rivals[0].total, lengths.rivals[0].saving),
        (lengths.literal, 0.0)
    );
    let choose = log(3268760.0);
    let by_hand = (8.0 + choose + 10.0 * log(5.0)) + (9.0 + choose + 15.0 * log(5.0));
    assert!((table.total - by_hand).abs() < 1e-9, "{table:?}");

    // 18 of 18 nodes, 3 tensors of 90 numbers; the signs are not enough.
    let weights = &lengths.rivals[2];
    let bits = weights.precision.unwrap();
    let program = elias_delta(19) + elias_delta(bits as usize + 1) + 96.0 + 270.0 * f64::from(bits)
        - log2_factorial(18);
    let total = program + exceptions(25, weights.exceptions, 5);
    assert!((weights.total - total).abs() < 1e-9, "{weights:?}");

    // One of two features, with 1 bit an amplitude and a phase.
    assert_eq!(lengths.rivals[3].name, "pruned");
    let formula = &lengths.rivals[4];
    assert_eq!((formula.precision, formula.exceptions), (Some(1), 0));
    assert!(
        (formula.total - (4.0 + 1.0 + 4.0 + 32.0 + 2.0 + 1.0)).abs() < 1e-10,
        "{formula:?}"
    );
    assert!((formula.total - found.candidate.bits).abs() < 1e-10);
    assert_eq!(lengths.shortest, "formula");
    for rival in &lengths.rivals {
        let sum: f64 = rival.parts.iter().map(|p| p.bits).sum();
        assert!((sum - rival.total).abs() < 1e-9);
        assert!((rival.saving - (1.0 - sum / lengths.literal)).abs() < 1e-12);
    }
}

#[test]
fn a_network_that_learned_noisy_labels_is_no_formula() {
    let bench = Bench::new(&["task=Z13", "train_fraction=0.5", "label_noise=0.2"]);
    assert_eq!(bench.data.noisy.len(), 17);
    let network = bench.network(&tensors(
        &(1..7).flat_map(|k| gromov(13, k)).collect::<Vec<_>>(),
    ));
    let mut outputs = network.forward(&bench.data, &square).unwrap();
    for i in &bench.data.noisy {
        outputs[*i as usize * 13 + bench.data.labels[*i as usize] as usize] += 1e3;
    }
    let group = bench.task.group().unwrap();
    let found = formula(&outputs, &bench.data, group, &bench.transforms).unwrap();
    assert!(!found.holds && found.formula.is_none());
    // The noise may draw the true label again.
    let wrong = bench.data.noisy.iter().map(|i| *i as usize);
    let wrong = wrong
        .filter(|i| bench.data.labels[*i] != bench.data.clean[*i])
        .count();
    assert_eq!(
        (found.candidate.exceptions, found.candidate.accuracy),
        (wrong, 1.0)
    );
    assert!((found.candidate.agreement - (1.0 - wrong as f64 / 169.0)).abs() < 1e-12);
    let share = format!(
        "differs from the network on {:.1} %",
        100.0 * wrong as f64 / 169.0
    );
    assert!(found.why.contains(&share), "{}", found.why);
}

#[test]
fn a_gradient_is_split_by_feature() {
    let bench = Bench::new(&["task=Z7", "train_fraction=0.5"]);
    let waves = |size: f64, k: usize| -> Vec<f64> {
        crate::helpers::cosine(7, k, 0.5)
            .iter()
            .map(|x| x * size)
            .collect()
    };
    let weights = vec![waves(1.0, 1), waves(1.0, 1), waves(1.0, 1)];
    let dead = vec![waves(1e-9, 3), waves(1e-9, 3), waves(1.0, 3)];
    let gradient = vec![waves(-2.0, 1), waves(1.0, 2), waves(0.0, 1)];
    let mut all = tensors(&[weights.clone(), dead]);
    let mut gradient = tensors(&[gradient.clone(), gradient]).swap_remove(0);
    gradient.name = "grad.hidden.0".into();
    all.push(gradient);
    let network = bench.network(&all);
    let nodes = bench.nodes(&network);
    assert_eq!((nodes.nodes[1].dead, nodes.live), (true, 1));
    let snapshot = Snapshot::of(40, &all);
    let split = gradient_split(&snapshot, &bench.data, &network, &bench.features, &nodes).unwrap();
    // ‖cos‖² = 7/2.
    let expected = [0.0, 14.0, 3.5, 0.0];
    assert!(
        split
            .total
            .iter()
            .zip(expected)
            .all(|(x, y)| (x - y).abs() < 1e-5),
        "{split:?}"
    );
    assert!(split.own[2].abs() < 1e-9 && (split.own[1] - 14.0).abs() < 1e-5);
    // Operand 1 against the gradient, operand 2 not moved: −1/√2.
    assert!((split.nodes[0].alignment + 0.5f64.sqrt()).abs() < 1e-10);

    let missing = gradient_split(
        &Snapshot::of(0, &all[..2]),
        &bench.data,
        &network,
        &bench.features,
        &nodes,
    );
    assert!(missing.unwrap_err().contains("`grad.hidden.0`"));
    all.push(dense("embedding", 1, 1, vec![0.0]));
    let embedded = gradient_split(
        &Snapshot::of(0, &all),
        &bench.data,
        &network,
        &bench.features,
        &nodes,
    );
    assert!(embedded.unwrap_err().contains("embedding"));
}

/// Nodes on frequency k with the coefficients (a, b, c), each modulus and angle.
fn of_triples(k: usize, triples: &[[(f64, f64); 3]]) -> Vec<Vec<Vec<f64>>> {
    let wave = |(size, angle): (f64, f64)| -> Vec<f64> {
        crate::helpers::cosine(23, k, angle)
            .iter()
            .map(|x| 2.0 * size * x)
            .collect()
    };
    let node = |t: &[(f64, f64); 3]| vec![wave(t[0]), wave(t[1]), wave((t[2].0, -t[2].1))];
    triples.iter().map(node).collect()
}

fn times(x: &[(f64, f64); 3], y: &[(f64, f64); 3]) -> [(f64, f64); 3] {
    std::array::from_fn(|i| (x[i].0 * y[i].0, x[i].1 + y[i].1))
}

/// A product of a random solution of order 2 with one of order n, its nodes shuffled and some flipped.
fn product(noise: &mut Noise, n: usize, error: f64) -> Vec<[(f64, f64); 3]> {
    let mut unit = |_: usize| (1.0, PI * noise.next());
    let mut factor = |q: usize| {
        (0..q)
            .map(|_| std::array::from_fn(&mut unit))
            .collect::<Vec<_>>()
    };
    let (pair, rest) = (factor(2), factor(n));
    let mut out: Vec<[(f64, f64); 3]> = rest
        .iter()
        .flat_map(|r| pair.iter().map(|p| times(p, r)))
        .collect();
    out.rotate_left(3);
    out.swap(0, 2);
    out[1][0].1 += PI;
    out[1][1].1 += PI;
    let shake = |z: &mut (f64, f64)| {
        z.0 *= 1.0 + error * noise.next();
        z.1 += error * noise.next();
    };
    out.iter_mut().flatten().for_each(shake);
    out
}

#[test]
fn products_factorise_and_random_triples_do_not() {
    let bench = Bench::new(&["task=Z23", "train_fraction=0.5"]);
    let mut noise = Noise(9);
    for trial in 0..20 {
        let random = |noise: &mut Noise, q: usize| -> Vec<[(f64, f64); 3]> {
            (0..q)
                .map(|_| std::array::from_fn(|_| (1.0, PI * noise.next())))
                .collect()
        };
        let mut planted = Vec::new();
        planted.extend(of_triples(1, &product(&mut noise, 2, 0.02)));
        planted.extend(of_triples(2, &product(&mut noise, 3, 0.02)));
        planted.extend(of_triples(3, &product(&mut noise, 3, 0.0)));
        planted.extend(of_triples(4, &random(&mut noise, 6)));
        planted.extend(of_triples(5, &random(&mut noise, 4)));
        planted.extend(of_triples(6, &random(&mut noise, 3)));
        // Below the threshold, so not a node of frequency 7.
        planted.extend(of_triples(7, &[[(0.04, 0.0); 3]]));
        let network = bench.network(&tensors(&planted));
        let found = factorisation(&network, &bench.transforms, Threshold::default()).unwrap();
        let verdicts: Vec<_> = found.frequencies.iter().map(|f| f.factorises).collect();
        let expected = [Some(true), Some(true), Some(true), Some(false)];
        assert_eq!(verdicts[..4], expected, "{trial} {found:?}");
        assert!(verdicts[5..].iter().all(Option::is_none));
        assert!(found.frequencies[2].error.unwrap() < 1e-9);
        assert!(
            (found.frequencies[0].triples[0].a[0].hypot(found.frequencies[0].triples[0].a[1])
                - 1.0)
                .abs()
                < 0.03
        );
        assert_eq!(
            (
                found.orders[0],
                found.orders[3],
                found.orders[4],
                found.orders[6]
            ),
            (5, 1, 2, 3)
        );
        assert_eq!(found.tried, 5);
    }
}

#[test]
fn chance_rarely_makes_a_product_of_four() {
    let bench = Bench::new(&["task=Z23", "train_fraction=0.5"]);
    let mut noise = Noise(21);
    let (mut tried, mut passed) = (0, 0);
    for _ in 0..40 {
        let planted: Vec<_> = (1..12)
            .flat_map(|k| {
                let triple = |_| std::array::from_fn(|_| (1.0, PI * noise.next()));
                of_triples(k, &(0..4).map(triple).collect::<Vec<_>>())
            })
            .collect();
        let network = bench.network(&tensors(&planted));
        let found = factorisation(&network, &bench.transforms, Threshold::Absolute(0.05)).unwrap();
        tried += found.tried;
        passed += found.factorised;
    }
    assert_eq!(tried, 440);
    assert!(passed * 20 < tried, "{passed} of {tried}");
}

#[test]
fn factors_have_the_names_of_the_paper() {
    let bench = Bench::new(&["task=Z23", "train_fraction=0.5"]);
    let one = [(1.0, 0.0); 3];
    let node = |a: f64, b: f64, c: f64| [(1.0, a), (1.0, b), (1.0, c)];
    let third = TAU / 3.0;
    let pair_4c = [one, node(PI / 2.0, -PI / 2.0, 0.0)];
    let pair_xi = [one, node(0.7, -0.7 - PI / 2.0, PI / 2.0)];
    let pair_nu = [one, node(0.4, 0.4 + PI, PI - 0.8)];
    let syn = [one, node(third, third, third), node(-third, -third, -third)];
    let syn_ab = [
        one,
        node(third + 0.5, third - 0.5, third),
        node(-third, -third, -third),
    ];
    let times_all = |x: &[[(f64, f64); 3]], y: &[[(f64, f64); 3]]| -> Vec<[(f64, f64); 3]> {
        x.iter()
            .flat_map(|x| y.iter().map(|y| times(x, y)))
            .collect()
    };
    let planted = [
        of_triples(1, &times_all(&pair_4c, &pair_xi)),
        of_triples(2, &times_all(&pair_nu, &syn)),
        of_triples(3, &times_all(&pair_4c, &syn_ab)),
    ];
    let network = bench.network(&tensors(&planted.concat()));
    let found = factorisation(&network, &bench.transforms, Threshold::default()).unwrap();
    let names = |k: usize| -> Vec<&str> {
        let mut names: Vec<&str> = found.frequencies[k]
            .factors
            .iter()
            .map(|f| f.name.as_str())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(0), ["4c", "xi"]);
    assert_eq!(names(1), ["nu", "syn"]);
    assert_eq!(names(2), ["4c", "syn_ab"]);
}
