//! What probes see of the layers: the logit lens, the stream, scores, and the gradient that reaches each layer.

use crate::common::{Keep, data, plan};
use crate::text;
use dunwu_core::{Dataset, NamedTensor, Needs, RunPlan, Snapshot, Values};
use dunwu_engine::{Resume, train};

const ALL: Needs = Needs {
    attention: true,
    gradients: true,
    layers: true,
    outputs: true,
    ..Needs::WEIGHTS
};

fn seen(plan: &RunPlan, data: &Dataset, state: Option<&[NamedTensor]>) -> Keep {
    let mut keep = Keep {
        needs: ALL,
        ..Keep::default()
    };
    let state = state.map(|tensors| Snapshot::of(0, tensors));
    let resume = state.as_ref().map(|state| Resume { epoch: 0, state });
    train(plan, data, 0, 2, resume, &mut keep).unwrap();
    keep
}

fn get<'a>(tensors: &'a [NamedTensor], name: &str) -> &'a NamedTensor {
    let found = tensors.iter().find(|t| t.name == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

fn column(tensors: &[NamedTensor], name: &str, j: usize) -> Vec<f64> {
    let view = get(tensors, name).view();
    (0..view.rows).map(|i| view.at(i, j)).collect()
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

fn near(a: f64, b: f64, what: &str) {
    assert!(
        (a - b).abs() <= 2e-6 * (1.0 + b.abs()),
        "{what}: {a} and {b}"
    );
}

/// Plans of two layers, each with its data.
fn cases(extra: &[&str]) -> Vec<(RunPlan, Dataset)> {
    let base = [
        "model=transformer",
        "task=Z11",
        "model_width=8",
        "heads=2",
        "layers=2",
        "mlp_width=12",
    ];
    let mut out = vec![];
    for words in [
        vec!["norm=none"],
        vec!["norm=layer", "output_scale=0.5"],
        vec!["norm=rms", "norm_place=post", "loss=mse_centred"],
        vec!["tie_embeddings=true", "norm=layer"],
    ] {
        let plan = plan(&[base.as_slice(), extra, &words].concat());
        let tied = words[0].starts_with("tie");
        let data = if tied {
            text(20, 6, 80, 3)
        } else {
            data(&plan)
        };
        out.push((plan, data));
    }
    out
}

#[test]
fn the_lens_after_the_last_layer_is_the_network() {
    for (plan, data) in cases(&["epochs=5", "lr=1e-2"]) {
        let keep = seen(&plan, &data, None);
        let test = keep.metrics.last().unwrap().test.unwrap();
        let what = format!("{:?}", plan.to_overrides());
        near(mean(&column(&keep.last, "lens.1", 0)), test.loss, &what);
        near(mean(&column(&keep.last, "lens.1", 1)), test.accuracy, &what);
        let before = mean(&column(&keep.last, "lens.0", 0));
        assert!((before - test.loss).abs() > 1e-3, "{what}: {before}");
    }
}

/// The weights of a run with a second layer that gives what it sees.
fn without_second_layer(plan: &RunPlan, data: &Dataset) -> Vec<NamedTensor> {
    let mut state = seen(plan, data, None).last;
    state.retain(|t| dunwu_core::is_weight(&t.name) && t.name != "outputs");
    for t in &mut state {
        let out = ["layers.1.attention.out", "layers.1.mlp.out"];
        if out.iter().any(|name| t.name.starts_with(name)) {
            let Values::F32(values) = &mut t.values else {
                unreachable!()
            };
            values.fill(0.0);
        }
    }
    state
}

#[test]
fn a_layer_that_adds_nothing_changes_neither_lens_nor_gradient() {
    for (plan, data) in cases(&["epochs=0"]) {
        let placed = plan.transformer.as_ref().unwrap().norm_place;
        if placed == dunwu_core::NormPlace::Post {
            continue;
        }
        let keep = seen(&plan, &data, Some(&without_second_layer(&plan, &data)));
        let [first, second] = ["lens.0", "lens.1"].map(|name| column(&keep.last, name, 0));
        assert_eq!(first, second);
        let reach = |l: usize| column(&keep.last, &format!("reach.{l}"), 0)[0];
        near(reach(0), reach(1), "reach");
        assert!(reach(1) > 1e-4);
    }
}

#[test]
fn the_gradient_that_reaches_the_last_layer_is_what_the_readout_sends() {
    let plan = plan(&[
        "model=transformer",
        "task=Z7",
        "model_width=8",
        "heads=2",
        "loss=cross_entropy",
        "epochs=4",
    ]);
    let data = data(&plan);
    let keep = seen(&plan, &data, None);
    let (outputs, readout) = (
        get(&keep.last, "outputs").view(),
        get(&keep.last, "readout").view(),
    );
    let mut squares = 0.0;
    for (i, row) in data.train.iter().enumerate() {
        let row = data.labels[*row as usize] as usize;
        let powers: Vec<f64> = outputs.row(i).iter().map(|x| x.exp()).collect();
        let total: f64 = powers.iter().sum();
        let at = |c: usize| powers[c] / total - f64::from(u8::from(c == row));
        for j in 0..8 {
            let sent: f64 = (0..7).map(|c| at(c) * readout.at(j, c)).sum();
            squares += (sent / data.train.len() as f64).powi(2);
        }
    }
    near(column(&keep.last, "reach.0", 0)[0], squares.sqrt(), "reach");
}

#[test]
fn scores_give_the_weights_and_the_stream_gives_the_outputs() {
    let words = [
        "model=transformer",
        "task=Z7",
        "model_width=8",
        "heads=2",
        "layers=2",
        "epochs=3",
        "positions=rotary",
    ];
    let (plan, data) = (plan(&words), text(9, 7, 40, 2));
    let keep = seen(&plan, &data, None);
    for l in 0..2 {
        let of = |name: &str| get(&keep.last, &format!("{name}.{l}")).view();
        let (weights, scores) = (of("attention"), of("scores"));
        assert_eq!(weights.rows, scores.rows);
        for i in 0..weights.rows {
            let powers: Vec<f64> = scores.row(i).iter().map(|s| s.exp()).collect();
            let total: f64 = powers.iter().sum();
            let pairs = powers.iter().zip(weights.row(i));
            pairs.for_each(|(p, w)| near(p / total, w, "weight"));
        }
    }
    let (stream, outputs) = (
        get(&keep.last, "stream.1").view(),
        get(&keep.last, "outputs").view(),
    );
    let readout = get(&keep.last, "readout").view();
    // 30 training rows, all of them looked at, of which 8 positions answer and the last gives the output for the label.
    assert_eq!([stream.rows, stream.cols, outputs.rows], [240, 8, 30]);
    for i in 0..30 {
        for c in 0..7 {
            let of_label = 8 * i + 7;
            let products = (0..8).map(|j| stream.at(of_label, j) * readout.at(j, c));
            near(outputs.at(i, c), products.sum(), "output");
        }
    }
    assert_eq!(get(&keep.last, "stream.0").rows, 30 * 9);
}
