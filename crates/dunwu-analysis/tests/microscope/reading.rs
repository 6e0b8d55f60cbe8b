//! Closed-form, memorising and planted networks on cyclic groups.

use crate::helpers::{Bench, Noise, cosine, gromov, square, tensors};
use dunwu_analysis::microscope::{
    Runnable, Side, ablation, answers, coverage, description_length, formula, movement,
    node_ablation, prune, scores,
};

const Z23: &[&str] = &["task=Z23", "train_fraction=0.5", "width=99"];

#[test]
fn a_closed_form_network_is_read_as_it_was_written() {
    let bench = Bench::new(Z23);
    let written: Vec<usize> = (1..12).flat_map(|k| [k; 9]).collect();
    let nodes: Vec<_> = (1..12).flat_map(|k| gromov(23, k)).collect();
    let network = bench.network(&tensors(&nodes));
    let read = bench.nodes(&network);
    for (node, k) in read.nodes.iter().zip(&written) {
        assert_eq!(node.feature, *k);
        assert!((node.purity - 1.0).abs() < 1e-12);
        assert!((node.norm_in - 23f64.sqrt()).abs() < 1e-10);
        let waves = node.waves.as_ref().unwrap();
        assert!(waves.relation.unwrap().abs() < 1e-10);
        assert!(
            waves
                .operands
                .iter()
                .all(|w| (w.amplitude - 1.0).abs() < 1e-12)
        );
        assert!((waves.operands[0].phase - phase(node.index / 3 % 3)).abs() < 1e-10);
    }
    assert_eq!((read.live, read.pure), (99, 99));
    let coverage = coverage(&read);
    assert!(coverage.missing.is_empty());
    assert!(coverage.features.iter().all(|c| c.nodes == 9));

    let outputs = network.forward(&bench.data, &square).unwrap();
    assert_eq!(scores(&outputs, &bench.data).test.accuracy, 1.0);
    let found = formula(
        &outputs,
        &bench.data,
        bench.task.group().unwrap(),
        &bench.transforms,
    );
    let found = found.unwrap();
    assert!(found.holds, "{}", found.why);
    assert!((found.r2 - 1.0).abs() < 1e-12);
    // 9 nodes · 2 (of the square) · ½ · ½ (of products of cosines) · cos, two characters.
    assert!(
        found
            .terms
            .iter()
            .all(|t| (t.amplitude - 2.25).abs() < 1e-10)
    );
    assert!(found.terms.iter().all(|t| t.phase.unwrap().abs() < 1e-10));
    assert!(
        found.text.contains("4.50·cos(2π·3(a+b−c)/23)"),
        "{}",
        found.text
    );
}

/// The phases of `gromov`, in (−π, π].
fn phase(i: usize) -> f64 {
    let phase = std::f64::consts::TAU * i as f64 / 3.0 + 0.4;
    if phase > std::f64::consts::PI {
        phase - std::f64::consts::TAU
    } else {
        phase
    }
}

#[test]
fn a_table_of_training_rows_is_no_formula() {
    let bench = Bench::new(Z23);
    let mut noise = Noise(7);
    let mut outputs: Vec<f64> = (0..bench.data.len() * 23)
        .map(|_| 0.1 * noise.next())
        .collect();
    for i in &bench.data.train {
        outputs[*i as usize * 23 + bench.data.labels[*i as usize] as usize] += 1.0;
    }
    let group = bench.task.group().unwrap();
    let found = formula(&outputs, &bench.data, group, &bench.transforms).unwrap();
    assert!(!found.holds && found.formula.is_none());
    assert!(found.why.contains("does not hold"), "{}", found.why);
    let lengths = description_length(&outputs, &bench.data, Err("none".into()), Ok(&found));
    assert_eq!(lengths.missing, ["weights: none", "pruned: none"]);
    assert_eq!(lengths.rivals.len(), 3);
    assert_ne!(lengths.shortest, "table");
    assert!(
        lengths.rivals.iter().all(|r| r.saving < 0.4),
        "{lengths:#?}"
    );
}

#[test]
fn projection_makes_even_a_table_generalise() {
    let bench = Bench::new(Z23);
    let mut outputs = vec![0.0; bench.data.len() * 23];
    for i in &bench.data.train {
        outputs[*i as usize * 23 + bench.data.labels[*i as usize] as usize] = 1.0;
    }
    let found = ablation(&outputs, &bench.data, &bench.features, Side::Operands, None).unwrap();
    assert_eq!(found.all.test.accuracy, 0.0);
    assert!(found.restricted.test.accuracy > 0.9);
    assert!(found.mixed > 0.4, "{}", found.mixed);
}

#[test]
fn removing_a_planted_feature_removes_it() {
    let bench = Bench::new(Z23);
    let nodes: Vec<_> = [2, 5].into_iter().flat_map(|k| gromov(23, k)).collect();
    let network = bench.network(&tensors(&nodes));
    let outputs = network.forward(&bench.data, &square).unwrap();
    for side in [Side::Operands, Side::Label] {
        let found = ablation(&outputs, &bench.data, &bench.features, side, None).unwrap();
        assert_eq!(
            {
                let mut k = found.key.clone();
                k.sort();
                k
            },
            [2, 5]
        );
        assert!(found.mixed < 1e-10);
        assert_eq!(found.restricted.test.accuracy, 1.0);
        assert!(found.excluded.test.accuracy < 0.2);
        // Without anything, the centred loss is 1 − 1/M.
        assert!((found.excluded.test.mse_centred - 22.0 / 23.0).abs() < 1e-9);
        for removed in &found.removed {
            let planted = [2, 5].contains(&removed.feature);
            assert!((removed.energy - if planted { 0.5 } else { 0.0 }).abs() < 1e-10);
            let left = match removed.feature {
                2 => gromov(23, 5),
                5 => gromov(23, 2),
                _ => nodes.clone(),
            };
            let left = bench
                .network(&tensors(&left))
                .forward(&bench.data, &square)
                .unwrap();
            let (left, found) = (scores(&left, &bench.data), removed.scores);
            assert_eq!(left.test.rows, found.test.rows);
            assert!((left.test.mse_centred - found.test.mse_centred).abs() < 1e-9);
            assert!((left.train.cross_entropy - found.train.cross_entropy).abs() < 1e-9);
        }
    }
    let read = bench.nodes(&network);
    let found = node_ablation(&network, &read, &bench.data, &square).unwrap();
    assert_eq!(
        found
            .iter()
            .map(|r| (r.feature, r.nodes))
            .collect::<Vec<_>>(),
        [(2, 9), (5, 9)]
    );
    let alone = bench.network(&tensors(&gromov(23, 5)));
    let alone = alone.forward(&bench.data, &square).unwrap();
    let expected = scores(&alone, &bench.data).test.mse_centred;
    assert!((found[0].scores.test.mse_centred - expected).abs() < 1e-10);
}

#[test]
fn pruning_finds_the_planted_nodes() {
    let bench = Bench::new(Z23);
    let mut noise = Noise(3);
    let mut nodes: Vec<_> = (1..12).flat_map(|k| gromov(23, k)).collect();
    nodes.extend((0..99).map(|_| (0..3).map(|_| noise.vector(23)).collect::<Vec<_>>()));
    let network = bench.network(&tensors(&nodes));
    let read = bench.nodes(&network);
    let found = prune(&network, &read, &bench.data, &bench.features, &square, 10).unwrap();
    assert!(found.order[..99].iter().all(|j| *j >= 99));
    let half = |run: &[dunwu_analysis::microscope::Pruned]| (run[5].removed, run[5].test);
    assert_eq!(half(&found.lowest_first), (0.5, 1.0));
    assert!(half(&found.highest_first).1 < 0.3);
    assert_eq!(found.lowest_first[10].removed, 1.0);
    assert_eq!(found.lowest_first[10].test, 0.0);
    assert_eq!(found.lowest_first[0].train, found.highest_first[0].train);
}

#[test]
fn movement_counts_what_changed() {
    let bench = Bench::new(Z23);
    let at = |ks: [usize; 4]| {
        let node = |k: usize| vec![cosine(23, k, 0.1), cosine(23, k, 0.2), cosine(23, k, 0.3)];
        bench.nodes(&bench.network(&tensors(&ks.map(node))))
    };
    let (first, second, third) = (at([1, 1, 2, 3]), at([4, 4, 2, 3]), at([1, 4, 2, 5]));
    let found = movement(&[(0, &first), (10, &second), (30, &third)]);
    assert_eq!(
        found.steps.iter().map(|s| s.changed).collect::<Vec<_>>(),
        [2, 2]
    );
    assert_eq!(
        (
            found.steps[0].transitions[0].from,
            found.steps[0].transitions[0].nodes
        ),
        (1, 2)
    );
    assert_eq!(found.overall.unwrap().changed, 2);
    assert_eq!(
        found.first_covered[..6],
        [None, Some(0), Some(0), Some(0), Some(10), Some(30)]
    );
}

#[test]
fn weights_of_a_small_network_are_shorter_than_the_table() {
    let bench = Bench::new(Z23);
    let network = bench.network(&tensors(&gromov(23, 5)));
    let nodes = bench.nodes(&network);
    let outputs = network.forward(&bench.data, &square).unwrap();
    assert!(answers(&outputs, 23).iter().all(Option::is_some));
    let group = bench.task.group().unwrap();
    let found = formula(&outputs, &bench.data, group, &bench.transforms).unwrap();
    let runnable = Runnable {
        network: &network,
        nodes: &nodes,
        sigma: &square,
    };
    let lengths = description_length(&outputs, &bench.data, Ok(runnable), Ok(&found));
    assert_eq!(lengths.shortest, "formula");
    assert!(
        lengths.rivals[2].total < lengths.rivals[1].total,
        "{lengths:#?}"
    );
}

#[test]
fn the_constant_counts_in_the_norm_and_in_no_share() {
    let bench = Bench::new(Z23);
    let raised = |k: usize| -> Vec<f64> { cosine(23, k, 0.2).iter().map(|x| x + 2.0).collect() };
    let network = bench.network(&tensors(&[vec![raised(4), cosine(23, 6, 0.2), raised(4)]]));
    let node = &bench.nodes(&network).nodes[0];
    assert!((node.purity - 0.5).abs() < 1e-12);
    assert!((node.shares[4] - 0.5).abs() < 1e-6 && (node.shares[6] - 0.5).abs() < 1e-6);
    assert!((node.norm_in - (23.0f64 * (4.0 + 0.5 + 0.5)).sqrt()).abs() < 1e-10);
    assert!((node.constant - 0.8).abs() < 1e-10);
}

#[test]
fn scores_of_a_few_rows_by_hand() {
    let bench = Bench::new(&["task=Z2", "train_size=1"]);
    let (train, test) = (bench.data.train[0] as usize, bench.data.test[0] as usize);
    let mut outputs = vec![0.0; 8];
    outputs[2 * train + bench.data.labels[train] as usize] = 3f64.ln();
    let found = scores(&outputs, &bench.data);
    // Softmax 3/4; õ = ±ln 3 / 2.
    let half = 3f64.ln() / 2.0;
    assert_eq!((found.train.rows, found.train.accuracy), (1, 1.0));
    assert!((found.train.cross_entropy - (4.0f64 / 3.0).ln()).abs() < 1e-12);
    assert!((found.train.mse_centred - (2.0 * half * half - 2.0 * half + 0.5)).abs() < 1e-12);
    // A tie is wrong.
    assert_eq!(
        (found.test.rows, found.test.accuracy, outputs[2 * test]),
        (3, 0.0, 0.0)
    );
    assert!((found.test.cross_entropy - 2f64.ln()).abs() < 1e-12);
}
