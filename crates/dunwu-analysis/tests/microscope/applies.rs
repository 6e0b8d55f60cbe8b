//! What applies to which task and network, and what is said where something does not.

use crate::helpers::{Bench, Noise, cosine, dense, gromov, square, tensors};
use dunwu_analysis::microscope::{
    Examination, Network, Side, Subject, Threshold, ablation, examine, factorisation, formula,
    nodes,
};
use dunwu_core::{NamedTensor, Snapshot};
use dunwu_task::{NO_FILES, Options, Task};

fn examined(
    bench: &Bench,
    tensors: &[NamedTensor],
    outputs: &[f64],
) -> Result<Examination, String> {
    examine(&Subject {
        snapshot: &Snapshot::of(7, tensors),
        data: &bench.data,
        plan: &bench.plan,
        features: &bench.features,
        transforms: &bench.transforms,
        group: bench.task.group(),
        outputs,
        sigma: &square,
    })
}

fn skipped(found: &Examination) -> Vec<&str> {
    found.skipped.iter().map(|s| s.what.as_str()).collect()
}

#[test]
fn everything_applies_to_a_shallow_network_on_a_commutative_group() {
    let bench = Bench::new(&["task=Z23", "train_fraction=0.5"]);
    let mut tensors = tensors(&(1..12).flat_map(|k| gromov(23, k)).collect::<Vec<_>>());
    let mut gradient = tensors[0].clone();
    gradient.name = "grad.hidden.0".into();
    tensors.push(gradient);
    let outputs = bench
        .network(&tensors)
        .forward(&bench.data, &square)
        .unwrap();
    let found = examined(&bench, &tensors, &outputs).unwrap();
    assert!(skipped(&found).is_empty(), "{:?}", found.skipped);
    assert_eq!((found.epoch, found.ablations.len()), (7, 2));
    assert!(
        found
            .gradient
            .unwrap()
            .nodes
            .iter()
            .all(|n| (n.alignment - 1.0).abs() < 1e-10)
    );
    assert_eq!(found.description.shortest, "formula");
    assert_eq!(found.scores.test.accuracy, 1.0);
    let wrong = examined(&bench, &tensors, &outputs[1..]).unwrap_err();
    assert!(wrong.contains("12167"), "{wrong}");
}

#[test]
fn the_output_scale_scales_the_outputs() {
    let bench = Bench::new(&["task=Z5", "train_fraction=0.5", "output_scale=3"]);
    let network = bench.network(&tensors(&gromov(5, 1)));
    let outputs = network.forward(&bench.data, &square).unwrap();
    // 9 nodes · 2 · ½ · ½ · 3, at a + b = c; what is even in a and b apart cancels.
    assert!((outputs[0] - 13.5).abs() < 1e-10, "{}", outputs[0]);
}

#[test]
fn a_sum_as_a_formula_is_the_cyclic_group() {
    let bench = Bench::new(&["task=x+y mod 7", "train_fraction=0.5"]);
    let network = bench.network(&tensors(&gromov(7, 2)));
    let outputs = network.forward(&bench.data, &square).unwrap();
    let task = Task::parse("x+y mod 7", &Options::default(), NO_FILES).unwrap();
    let group = task.group().unwrap();
    let read = formula(&outputs, &bench.data, group, &bench.transforms);
    assert!(read.unwrap().holds);
    let without = dunwu_analysis::microscope::Transforms::of(None, &bench.features);
    let why = formula(&outputs, &bench.data, group, &without).unwrap_err();
    assert!(why.contains("characters"), "{why}");
    let other = Bench::new(&["task=x-y mod 7", "train_fraction=0.5"]);
    let why = formula(&outputs, &other.data, group, &bench.transforms).unwrap_err();
    assert!(why.contains("not the product"), "{why}");
}

#[test]
fn products_have_phases_of_multiplicative_characters() {
    let bench = Bench::new(&["task=x*y mod 7", "train_fraction=0.5"]);
    // 3 generates: 1, 3, 2, 6, 4, 5 are its powers.
    let logarithm = [0, 0, 2, 1, 4, 5, 3];
    let wave = |phase: f64| -> Vec<f64> {
        let by_power = cosine(6, 2, phase);
        (0..7)
            .map(|x| if x == 0 { 0.0 } else { by_power[logarithm[x]] })
            .collect()
    };
    let network = bench.network(&tensors(&[vec![wave(0.3), wave(0.5), wave(0.9)]]));
    let read = bench.nodes(&network);
    let waves = read.nodes[0].waves.as_ref().unwrap();
    assert!((read.nodes[0].purity - 1.0).abs() < 1e-10);
    assert!((waves.operands[0].amplitude - 1.0).abs() < 1e-10);
    assert!((waves.relation.unwrap() - 0.1).abs() < 1e-10, "{waves:?}");
}

#[test]
fn deep_networks_keep_their_nodes_and_lose_their_forward_pass() {
    let bench = Bench::new(&["task=Z7", "train_fraction=0.5", "hidden_layers=2"]);
    let mut tensors = tensors(&gromov(7, 1));
    tensors.push(dense("hidden.1", 9, 9, vec![0.0; 81]));
    let found = examined(&bench, &tensors, &[0.0; 343]).unwrap();
    assert_eq!(skipped(&found), ["gradient", "node_ablation", "pruning"]);
    assert!(found.skipped[1].why.contains("more than one hidden layer"));
    assert_eq!(found.description.missing.len(), 2);
    assert_eq!(found.nodes.pure, 9);
}

#[test]
fn a_trained_embedding_is_multiplied_in() {
    let bench = Bench::new(&[
        "task=Z7",
        "train_fraction=0.5",
        "embedding=trained",
        "embedding_width=7",
    ]);
    let plain = tensors(&gromov(7, 1));
    // A rotation of the tokens as an embedding turns every phase by its step.
    let shift: Vec<f64> = (0..49)
        .map(|i| f64::from(u8::from((i / 7 + 1) % 7 == i % 7)))
        .collect();
    let mut embedded = plain.clone();
    embedded.push(dense("embedding", 7, 7, shift));
    let read = bench.nodes(&bench.network(&embedded));
    let turn = 2.0 * std::f64::consts::TAU / 7.0;
    let relation = read.nodes[4].waves.as_ref().unwrap().relation.unwrap();
    assert!((relation + turn).abs() < 1e-10, "{relation}");
}

#[test]
fn what_does_not_fit_is_said() {
    let bench = Bench::new(&["task=Z7", "train_fraction=0.5"]);
    let good = tensors(&gromov(7, 1));
    let read = |tensors: &[NamedTensor]| {
        Network::read(&Snapshot::of(0, tensors), &bench.data, &bench.plan).map(|_| ())
    };
    assert!(
        read(&good[..1])
            .unwrap_err()
            .contains("no tensor `readout`")
    );
    let short = [dense("hidden.0", 10, 9, vec![0.0; 90]), good[1].clone()];
    assert!(read(&short).unwrap_err().contains("has 10 rows"));
    let narrow = [good[0].clone(), dense("readout", 9, 5, vec![0.0; 45])];
    assert!(read(&narrow).unwrap_err().contains("9 × 5, expected 9 × 7"));

    let other = Bench::new(&["task=Z5", "train_fraction=0.5"]);
    let network = bench.network(&good);
    let why = nodes(&network, &other.features, &other.transforms).unwrap_err();
    assert!(why.contains("7 tokens"), "{why}");
    let outputs = vec![0.0; 343];
    let why = ablation(&outputs, &bench.data, &other.features, Side::Operands, None).unwrap_err();
    assert!(why.contains("full table of 5 × 5"), "{why}");
    let why = ablation(&outputs, &bench.data, &other.features, Side::Label, None).unwrap_err();
    assert!(why.contains("7 classes"), "{why}");

    let three = Bench::new(&["task=Z3", "operands=3", "train_fraction=0.5"]);
    let node = vec![
        cosine(3, 1, 0.1),
        cosine(3, 1, 0.2),
        cosine(3, 1, 0.3),
        cosine(3, 1, 0.6),
    ];
    let found = examined(&three, &tensors(&[node]), &[0.0; 81]).unwrap();
    assert_eq!(skipped(&found)[..3], ["formula", "gradient", "ablations"]);
    assert!(
        found.nodes.nodes[0]
            .waves
            .as_ref()
            .unwrap()
            .relation
            .unwrap()
            .abs()
            < 1e-10
    );
    let s3 = Bench::new(&["task=S3", "train_fraction=0.5"]);
    let mut noise = Noise(1);
    let node = |noise: &mut Noise| (0..3).map(|_| noise.vector(6)).collect::<Vec<_>>();
    let network = s3.network(&tensors(&[node(&mut noise)]));
    let why = factorisation(&network, &s3.transforms, Threshold::default()).unwrap_err();
    assert!(why.contains("commutes"), "{why}");
}

#[test]
fn dead_nodes_and_duplicates_are_named() {
    let bench = Bench::new(&["task=Z7", "train_fraction=0.5"]);
    let times = |node: Vec<Vec<f64>>, s: f64| -> Vec<Vec<f64>> {
        node.iter()
            .map(|w| w.iter().map(|x| x * s).collect())
            .collect()
    };
    let node =
        |k: usize, phase: f64| vec![cosine(7, k, phase), cosine(7, k, 0.0), cosine(7, k, 0.0)];
    let mut nodes = vec![
        node(1, 0.1),
        node(1, 2.0),
        times(node(1, 0.1), -2.0),
        node(2, 0.1),
    ];
    // Most nodes are dead, so the median is dead too.
    nodes.extend((0..6).map(|_| times(node(3, 0.1), 1e-7)));
    let read = bench.nodes(&bench.network(&tensors(&nodes)));
    let groups: Vec<Option<usize>> = read.nodes.iter().map(|n| n.duplicate).collect();
    assert_eq!(groups[..5], [Some(0), None, Some(0), None, None]);
    assert_eq!((read.live, read.pure, read.duplicates), (4, 4, 1));
}
