//! Gradients against finite differences, for every activation, loss, readout and kind of first layer.

mod common;

use common::{data, plan, run};
use dunwu_core::{Activation, Loss, NamedTensor, Needs, Readout, RunPlan, Values};

fn doubles(t: &NamedTensor) -> &[f64] {
    match &t.values {
        Values::F64(v) => v,
        Values::F32(_) => panic!("the plan asks for double precision"),
    }
}

/// What the gradient is the gradient of: with a ridge readout, the penalty belongs to it.
fn objective(plan: &RunPlan, weights: &[NamedTensor]) -> f64 {
    let data = data(plan);
    let (keep, outcome) = run(plan, &data, 1, Needs::WEIGHTS, Some(weights));
    let readout = keep.last.iter().find(|t| t.name == "readout").unwrap();
    let penalty: f64 = doubles(readout).iter().map(|v| v * v).sum();
    let ridge = if plan.readout == Readout::Ridge {
        plan.ridge / data.train.len() as f64
    } else {
        0.0
    };
    outcome.last.train.loss + ridge * penalty
}

fn check(words: &[&str]) {
    let base = [
        "precision=f64",
        "epochs=0",
        "train_fraction=0.6",
        "seed=3",
        "ridge=0.1",
        "temperature=0.5",
    ];
    let plan = plan(&[base.as_slice(), words].concat());
    let needs = Needs {
        gradients: true,
        ..Needs::WEIGHTS
    };
    let (keep, _) = run(&plan, &data(&plan), 1, needs, None);
    let weights: Vec<NamedTensor> = keep
        .last
        .iter()
        .filter(|t| !t.name.starts_with("grad."))
        .cloned()
        .collect();
    for (w, tensor) in weights.iter().enumerate() {
        if plan.readout == Readout::Ridge && tensor.name == "readout" {
            continue;
        }
        let gradient = keep
            .last
            .iter()
            .find(|t| t.name == format!("grad.{}", tensor.name))
            .unwrap();
        let largest = doubles(gradient).iter().fold(0.0f64, |a, b| a.max(b.abs()));
        assert!(
            largest > 0.0 || plan.loss == Loss::SupCon,
            "{words:?}: no gradient reaches {}",
            tensor.name
        );
        let len = doubles(tensor).len();
        for i in [0, len / 3, len / 2, len - 1] {
            let at = |step: f64| {
                let mut moved = weights.clone();
                let Values::F64(values) = &mut moved[w].values else {
                    unreachable!()
                };
                values[i] += step;
                objective(&plan, &moved)
            };
            let step = 1e-5;
            let numeric = (at(step) - at(-step)) / (2.0 * step);
            let error = (numeric - doubles(gradient)[i]).abs();
            assert!(
                error <= 1e-6 * (1.0 + largest),
                "{words:?} {}[{i}]: {numeric} and {}",
                tensor.name,
                doubles(gradient)[i]
            );
        }
    }
}

#[test]
fn every_activation_and_loss() {
    for activation in Activation::ALL {
        for loss in Loss::ALL {
            check(&[
                "task=Z5",
                "width=7",
                &format!("activation={activation}"),
                &format!("loss={loss}"),
            ]);
        }
    }
}

#[test]
fn every_activation_with_a_ridge_readout() {
    for activation in Activation::ALL {
        for loss in ["mse", "mse_centred"] {
            for width in ["width=6", "width=40"] {
                check(&[
                    "task=Z5",
                    width,
                    &format!("activation={activation}"),
                    &format!("loss={loss}"),
                    "readout=ridge",
                ]);
            }
        }
    }
}

#[test]
fn every_kind_of_network() {
    for kind in [
        vec!["weights=complex"],
        vec![
            "weights=complex",
            "activation=quadratic",
            "activation_a=0.3",
            "activation_b=0.7",
        ],
        vec!["weights=complex", "interaction=product"],
        vec!["weights=complex", "interaction=product", "operands=3"],
        vec!["interaction=product"],
        vec!["interaction=product", "operands=3"],
        vec!["operands=3"],
        vec!["operands=1"],
        vec!["hidden_layers=2", "activation=gelu"],
        vec!["hidden_layers=4", "activation=tanh"],
        vec!["embedding=trained", "embedding_width=6"],
        vec!["embedding=trained", "embedding_width=3", "weights=complex"],
        vec![
            "embedding=trained",
            "embedding_width=3",
            "hidden_layers=2",
            "activation=silu",
        ],
        vec!["output_scale=2.5"],
        vec!["output_scale=0.3", "readout=ridge", "loss=mse"],
        vec!["output_scale=0.3", "loss=vicreg"],
        vec!["width=70", "label_noise=0.2"],
    ] {
        for loss in ["mse_centred", "cross_entropy"] {
            if kind.contains(&"readout=ridge") && loss == "cross_entropy" {
                continue;
            }
            let mut words = vec!["task=S3", "width=5"];
            words.push(if loss == "mse_centred" {
                "loss=mse_centred"
            } else {
                "loss=cross_entropy"
            });
            words.extend(&kind);
            check(&words);
        }
    }
}
