//! Outputs and hidden nodes over all rows of a table.

use crate::common::{data, plan, run};
use crate::text;
use dunwu_core::{NamedTensor, Needs, RunPlan, Values};

const TABLE: Needs = Needs {
    table: true,
    features: true,
    outputs: true,
    ..Needs::WEIGHTS
};

fn get<'a>(tensors: &'a [NamedTensor], name: &str) -> &'a NamedTensor {
    let found = tensors.iter().find(|t| t.name == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

fn transformer(more: &[&str]) -> RunPlan {
    let base = [
        "model=transformer",
        "task=Z7",
        "train_fraction=0.6",
        "precision=f64",
        "model_width=8",
        "heads=2",
        "mlp_width=5",
        "epochs=3",
        "lr=0.05",
    ];
    plan(&[base.as_slice(), more].concat())
}

/// What the readout sees once some tensors are zero, and the hidden nodes of a layer.
fn seen(plan: &RunPlan, start: &[NamedTensor], zero: &[&str], layer: usize) -> [NamedTensor; 2] {
    let mut weights = start.to_vec();
    for tensor in weights.iter_mut().filter(|t| zero.contains(&&*t.name)) {
        tensor.values = Values::F64(vec![0.0; tensor.rows * tensor.cols]);
    }
    let last = run(plan, &data(plan), 1, TABLE, Some(&weights)).0.last;
    let nodes = format!("table.nodes.{layer}");
    ["features", &nodes].map(|name| get(&last, name).clone())
}

/// What a layer's perceptron adds to the readout's view is its hidden nodes times `mlp.out`.
#[test]
fn nodes_are_those_of_the_answer_in_every_layer() {
    let plan = RunPlan {
        epochs: 0,
        ..transformer(&["layers=2"])
    };
    let rows = data(&plan);
    let start = run(&plan, &rows, 1, Needs::WEIGHTS, None).0.last;
    let later = [
        "layers.1.attention.out",
        "layers.1.mlp.out",
        "layers.1.mlp.out_bias",
    ];
    for (layer, rest) in [(1, &later[..0]), (0, &later[..])] {
        let out = format!("layers.{layer}.mlp.out");
        let [with, nodes] = seen(&plan, &start, rest, layer);
        let [without, same] = seen(&plan, &start, &[rest, &[&out]].concat(), layer);
        assert_eq!(nodes, same);
        assert_eq!([nodes.rows, nodes.cols], [49, 5]);
        let w = get(&start, &out).view();
        let (nodes, with, without) = (nodes.view(), with.view(), without.view());
        for (i, row) in rows.train.iter().enumerate() {
            for c in 0..8 {
                let added: f64 = (0..5)
                    .map(|j| nodes.at(*row as usize, j) * w.at(j, c))
                    .sum();
                let expected = with.at(i, c) - without.at(i, c);
                assert!((added - expected).abs() < 1e-12, "{layer} {row} {c}");
            }
        }
    }
}

/// Held-out rows too: their loss by the table is the loss of the evaluation.
#[test]
fn outputs_are_those_that_are_scored() {
    for words in [
        vec!["layers=2", "norm=rms", "output_scale=0.5"],
        vec![
            "model=mlp",
            "width=9",
            "loss=cross_entropy",
            "output_scale=0.5",
        ],
    ] {
        let plan = match words[0] {
            "model=mlp" => plan(
                &[
                    &["task=Z7", "train_fraction=0.6", "precision=f64", "epochs=3"],
                    &words[1..],
                ]
                .concat(),
            ),
            _ => transformer(&words),
        };
        let rows = data(&plan);
        let (keep, outcome) = run(&plan, &rows, 1, TABLE, None);
        let table = get(&keep.last, "table.outputs").view();
        let trained = get(&keep.last, "outputs").view();
        for (i, row) in rows.train.iter().enumerate() {
            let (a, b) = (table.row(*row as usize), trained.row(i));
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12));
        }
        let loss = |row: &u32| {
            let line = table.row(*row as usize);
            let sum: f64 = line.iter().map(|o| o.exp()).sum();
            sum.ln() - line[rows.labels[*row as usize] as usize]
        };
        let mean = rows.test.iter().map(loss).sum::<f64>() / rows.test.len() as f64;
        assert!((mean - outcome.last.test.unwrap().loss).abs() < 1e-12);
        let again = run(&plan, &rows, 3, TABLE, None).0.last;
        assert_eq!(keep.last, again);
    }
}

/// The nodes of a perceptron times its readout are its outputs.
#[test]
fn a_perceptron_has_one_layer_of_nodes() {
    let words = ["task=Z7", "train_fraction=0.6", "precision=f64", "width=9"];
    let plan = plan(&[words.as_slice(), &["epochs=2"]].concat());
    let last = run(&plan, &data(&plan), 1, TABLE, None).0.last;
    let [outputs, nodes, readout] =
        ["table.outputs", "table.nodes.0", "readout"].map(|name| get(&last, name).view());
    for row in 0..49 {
        for c in 0..7 {
            let sum: f64 = (0..9).map(|j| nodes.at(row, j) * readout.at(j, c)).sum();
            assert!((sum - outputs.at(row, c)).abs() < 1e-12);
        }
    }
}

#[test]
fn texts_have_no_table() {
    let rows = text(6, 5, 12, 1);
    let last = run(&transformer(&[]), &rows, 1, TABLE, None).0.last;
    assert!(last.iter().all(|t| !t.name.starts_with("table.")));
}
