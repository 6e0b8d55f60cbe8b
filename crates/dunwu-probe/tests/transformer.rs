//! The probes of transformers on hand-made snapshots with known answers, and over a resume.

use dunwu_core::{Dataset, NamedTensor, Probe, RunPlan, RunSpec, Seed, Snapshot, Values};
use dunwu_probe::{ALL, AttentionMaps, Setting};
use dunwu_task::{NO_FILES, Task};

fn plan(words: &[&str]) -> RunPlan {
    let words = [&["model=transformer", "model_width=4"], words].concat();
    RunSpec::from_overrides(words).unwrap().resolve().unwrap()
}

fn make(plan: &RunPlan, name: &str) -> Box<dyn Probe> {
    let entry = ALL.iter().find(|e| e.name == name).unwrap();
    (entry.make)(&Setting {
        plan,
        features: None,
    })
}

fn tensor(name: &str, cols: usize, values: &[f32]) -> NamedTensor {
    NamedTensor {
        name: name.into(),
        rows: values.len() / cols,
        cols,
        values: Values::F32(values.to_vec()),
    }
}

/// Readings of the last of some snapshots.
fn read(
    probe: &mut dyn Probe,
    snapshots: &[Vec<NamedTensor>],
    data: &Dataset,
) -> Vec<(String, f64)> {
    let columns: Vec<String> = probe.columns().into_iter().map(|c| c.0).collect();
    assert!(columns.is_sorted());
    let mut last = vec![];
    for (i, tensors) in snapshots.iter().enumerate() {
        last = probe.measure(&Snapshot::of(i as u64, tensors), data);
    }
    assert!(
        last.iter()
            .all(|r| columns.contains(&r.name) && r.value.is_finite())
    );
    last.into_iter().map(|r| (r.name, r.value)).collect()
}

fn value(readings: &[(String, f64)], name: &str) -> f64 {
    let found = readings.iter().find(|(n, _)| n == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {readings:?}"))
        .1
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-6 * (1.0 + b.abs()), "{a} and {b}");
}

fn data(plan: &RunPlan) -> Dataset {
    let task = Task::from_plan(plan, NO_FILES).unwrap();
    task.dataset(plan, 0, NO_FILES).unwrap()
}

const NONE: f32 = f32::NEG_INFINITY;

/// Two sequences of three positions, one head, every position asks.
fn looked(weights: [f32; 9], scores: [f32; 9], norms: [f32; 3]) -> Vec<NamedTensor> {
    vec![
        tensor("attention.0", 3, &[weights, weights].concat()),
        tensor("scores.0", 3, &[scores, scores].concat()),
        tensor("values.0", 1, &[norms, norms].concat()),
    ]
}

#[test]
fn a_sink_that_is_not_the_first_position_is_found_with_its_key_and_value() {
    let plan = plan(&[
        "task=sum(5,2)",
        "heads=1",
        "loss_at=last",
        "train_size=8",
        "test_size=4",
    ]);
    let data = data(&plan);
    let weights = [1.0, 0.0, 0.0, 0.2, 0.8, 0.0, 0.3, 0.6, 0.1];
    let scores = [5.0, NONE, NONE, 1.0, 3.0, NONE, 2.0, 7.0, 4.0];
    let r = read(
        make(&plan, "attention").as_mut(),
        &[looked(weights, scores, [2.0, 0.5, 4.0])],
        &data,
    );
    near(value(&r, "attention_first.0.0"), 0.25);
    near(value(&r, "attention_top.0.0"), 0.7);
    near(value(&r, "attention_top_at.0.0"), 1.0);
    near(value(&r, "value_first.0.0"), 2.0 / 2.25);
    near(value(&r, "value_top.0.0"), 0.5 / 3.0);
    // 3 − 1 = 2 and 7 − (2 + 4)/2 = 4.
    near(value(&r, "key_bias.0.0"), 3.0);
    near(value(&r, "key_spread.0.0"), 1.0);
    assert_eq!((value(&r, "sinks"), value(&r, "sinks_there")), (0.0, 1.0));
    assert_eq!(value(&r, "sink_position"), 1.0);
    assert!(
        r.iter()
            .all(|(name, _)| !name.starts_with("attention_change"))
    );
    assert!(
        r.iter()
            .all(|(name, _)| !name.contains("_plain") && !name.contains("_trigger"))
    );
}

#[test]
fn the_change_of_maps_is_their_total_variation() {
    let plan = plan(&["task=sum(5,2)", "heads=1", "train_size=8", "test_size=4"]);
    let data = data(&plan);
    let one = [1.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.25, 0.25, 0.5];
    let two = [0.0, 0.0, 0.0, 0.75, 0.25, 0.0, 0.25, 0.75, 0.0];
    let [a, b] = [one, two].map(|w| looked(w, [0.0; 9], [1.0; 3]));
    let mut probe = make(&plan, "attention");
    let r = read(probe.as_mut(), &[a, b], &data);
    // A quarter for the second position, a half for the third; the first position's own look does not count.
    near(value(&r, "attention_change.0.0"), 0.375);
    let maps = AttentionMaps::of(&probe.record()).unwrap();
    assert_eq!((maps.epochs.as_slice(), maps.sequence), (&[0, 1][..], 3));
    assert_eq!((maps.map(0, 0, 0), maps.map(1, 0, 0)), (&one[..], &two[..]));
    assert_eq!(maps.layers[0].queries, [0, 1, 2]);
}

#[test]
fn triggers_and_other_tokens_are_told_apart() {
    let plan = plan(&[
        "task=backcopy(5,2,3)",
        "heads=1",
        "train_size=8",
        "test_size=4",
    ]);
    let mut data = data(&plan);
    // Of eight training rows the two sequences looked at are the first and the fifth.
    let rows = [[0, 3, 1], [0, 4, 5]];
    for (row, tokens) in [data.train[0], data.train[4]].into_iter().zip(rows) {
        data.tokens[3 * row as usize..][..3].copy_from_slice(&tokens);
    }
    let first = [1.0, 0.0, 0.0, 0.9, 0.1, 0.0, 0.2, 0.8, 0.0];
    let second = [1.0, 0.0, 0.0, 0.6, 0.4, 0.0, 0.3, 0.3, 0.4];
    let tensors = vec![
        tensor("attention.0", 3, &[first, second].concat()),
        tensor("values.0", 1, &[0.1, 1.0, 1.0, 0.1, 1.0, 1.0]),
        tensor(
            "scores.0",
            3,
            &[
                [5.0, NONE, NONE, 4.0, 1.0, NONE, 0.0, 3.0, 1.0],
                [5.0, NONE, NONE, 3.0, 1.0, NONE, 6.0, 1.0, 3.0],
            ]
            .concat(),
        ),
    ];
    let r = read(make(&plan, "attention").as_mut(), &[tensors], &data);
    near(value(&r, "attention_plain.0.0"), 0.6);
    near(value(&r, "attention_trigger.0.0"), 0.2);
    near(value(&r, "attention_first.0.0"), 0.5);
    // The first position draws most. Of plain tokens 4 − 1, 3 − 1 and 6 − (1 + 3)/2, of the trigger 0 − (3 + 1)/2.
    near(value(&r, "key_bias_plain.0.0"), 3.0);
    near(value(&r, "key_spread_plain.0.0"), (2.0f64 / 3.0).sqrt());
    near(value(&r, "key_bias_trigger.0.0"), -2.0);
    near(value(&r, "key_spread_trigger.0.0"), 0.0);
    near(value(&r, "key_bias.0.0"), 1.75);
    near(value(&r, "value_first.0.0"), 0.1);
}

#[test]
fn layers_say_how_far_they_came_and_what_they_hold() {
    let plan = plan(&["task=Z7", "heads=1", "layers=2"]);
    let data = data(&plan);
    let tensors = |x: f32| {
        vec![
            tensor("layers.0.attention.q", 2, &[3.0, 0.0, 0.0, 4.0 + x]),
            tensor("layers.1.mlp.in", 2, &[6.0, 8.0]),
            tensor("lens.0", 2, &[4.0, 0.0, 2.0, 1.0]),
            tensor("lens.1", 2, &[1.0, 1.0, 2.0, 1.0]),
            tensor("reach.0", 1, &[0.25]),
            tensor("reach.1", 1, &[0.5]),
            // One sequence of three positions, of which the last layer gives the last alone.
            tensor(
                "stream.0",
                3,
                &[1.0, -2.0, 1.0, 1.0, 3.0, -80.0, 2.0, 2.0, 4.0],
            ),
            tensor("stream.1", 3, &[2.0, -4.0, 3.0]),
        ]
    };
    let mut probe = make(&plan, "layers");
    let r = read(
        probe.as_mut(),
        &[tensors(0.0), tensors(1.0), tensors(3.0)],
        &data,
    );
    for (name, expected) in [
        ("lens_loss.0", 3.0),
        ("lens_acc.0", 0.5),
        ("lens_loss.1", 1.5),
        ("lens_acc.1", 1.0),
        ("layer_grad.0", 0.25),
        ("layer_moved.0", 3.0 / 5.0),
        ("layer_update.0", 2.0 / 34f64.sqrt()),
        ("layer_moved.1", 0.0),
        ("massive.0", 40.0),
        ("massive_at.0", 1.0),
        ("massive.1", 4.0 / 3.0),
        ("massive_at.1", 2.0),
    ] {
        near(value(&r, name), expected);
    }
}

/// A random snapshot of two layers of two heads over sequences of three positions.
fn random(key: u64) -> Vec<NamedTensor> {
    let one = |name: &str, rows: usize, cols: usize| {
        let mut draws = Seed(key).draws(name);
        let values: Vec<f32> = (0..rows * cols).map(|_| draws.unit() as f32).collect();
        tensor(name, cols, &values)
    };
    let mut out = vec![];
    for l in 0..2 {
        out.push(one(&format!("attention.{l}"), 4 * 2 * (3 - 2 * l), 3));
        out.push(one(&format!("scores.{l}"), 4 * 2 * (3 - 2 * l), 3));
        out.push(one(&format!("values.{l}"), 12, 2));
        out.push(one(&format!("stream.{l}"), 4 * (3 - 2 * l), 4));
        out.push(one(&format!("lens.{l}"), 9, 2));
        out.push(one(&format!("reach.{l}"), 1, 1));
        out.push(one(&format!("layers.{l}.attention.q"), 4, 4));
    }
    out
}

#[test]
fn a_resume_changes_neither_readings_nor_record() {
    let plan = plan(&["task=Z7", "heads=2", "layers=2"]);
    let data = data(&plan);
    for name in ["attention", "layers"] {
        let (mut whole, mut parts) = (make(&plan, name), make(&plan, name));
        for epoch in 0..150 {
            let tensors = random(epoch);
            let snapshot = Snapshot::of(7 * epoch, &tensors);
            assert_eq!(
                whole.measure(&snapshot, &data),
                parts.measure(&snapshot, &data)
            );
            if epoch % 40 == 25 {
                let mut again = make(&plan, name);
                again.restore(&parts.save());
                parts = again;
            }
        }
        assert_eq!(whole.record(), parts.record());
        assert_eq!(whole.record().is_empty(), name == "layers");
    }
}
