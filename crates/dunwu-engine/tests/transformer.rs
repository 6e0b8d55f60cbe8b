//! Transformers: gradients against finite differences, bits, and a readable implementation beside the fast one.

#[path = "transformer/bits.rs"]
mod bits;
mod common;
#[path = "transformer/gradients.rs"]
mod gradients;
#[path = "transformer/layers.rs"]
mod layers;
#[path = "transformer/pytorch.rs"]
mod pytorch;
#[path = "transformer/reference.rs"]
mod reference;
#[path = "transformer/table.rs"]
mod table;
#[path = "transformer/tape.rs"]
mod tape;

use common::{data, plan, run};
use dunwu_core::{Dataset, NamedTensor, Needs, Seed};

/// Small sequences of tokens drawn at random, of which the first `given` are given.
fn text(length: usize, vocab: usize, rows: usize, given: usize) -> Dataset {
    let mut draws = Seed(9).draws("text");
    let mut token = || draws.below(vocab as u64) as u32;
    let tokens: Vec<u32> = (0..rows * length).map(|_| token()).collect();
    let labels: Vec<u32> = (0..rows).map(|_| token()).collect();
    let held_out = rows / 4;
    Dataset {
        task: "drawn".into(),
        vocab: vec![vocab; length],
        classes: vocab,
        tokens,
        clean: labels.clone(),
        labels,
        train: (0..(rows - held_out) as u32).collect(),
        test: ((rows - held_out) as u32..rows as u32).collect(),
        noisy: vec![],
        given: Some(given),
    }
}

#[test]
fn probes_see_weights_that_add_up_and_the_norms_of_values() {
    let needs = Needs {
        attention: true,
        ..Needs::WEIGHTS
    };
    let words = [
        "model=transformer",
        "task=Z11",
        "model_width=8",
        "heads=2",
        "layers=2",
        "epochs=3",
    ];
    let plan = plan(&words);
    let data = data(&plan);
    let (keep, _) = run(&plan, &data, 2, needs, None);
    let get = |name: &str| keep.last.iter().find(|t| t.name == name).unwrap();
    // All 48 training rows of 121; the last layer asks at the equals sign alone.
    let shape = |t: &NamedTensor| [t.rows, t.cols];
    let n = data.train.len();
    assert_eq!(shape(get("attention.0")), [n * 2 * 3, 3]);
    assert_eq!(shape(get("attention.1")), [n * 2, 3]);
    let weights = get("attention.0").view();
    for i in 0..weights.rows {
        let row = weights.row(i);
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        assert!(row[i % 3 + 1..].iter().all(|w| *w == 0.0), "{row:?}");
    }
    let values = get("values.0");
    assert_eq!(shape(values), [n * 3, 2]);
    let (e, p, v) = (
        get("embedding").view(),
        get("positions").view(),
        get("layers.0.attention.v").view(),
    );
    for (i, row) in data.train.iter().enumerate() {
        let token = data.row(*row as usize)[1] as usize;
        for h in 0..2 {
            let value = |c: usize| {
                (0..8)
                    .map(|j| (e.at(token, j) + p.at(1, j)) * v.at(j, c))
                    .sum::<f64>()
            };
            let norm = (4 * h..4 * h + 4)
                .map(|c| value(c).powi(2))
                .sum::<f64>()
                .sqrt();
            assert!((values.view().at(3 * i + 1, h) - norm).abs() < 1e-5);
        }
    }
}
