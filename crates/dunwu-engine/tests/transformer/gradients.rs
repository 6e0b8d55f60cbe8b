//! Gradients against finite differences of the engine's own loss, in double precision.

use crate::common::{data, plan, run};
use crate::reference::move_vectors;
use dunwu_core::{Attention, Dataset, NamedTensor, Needs, Positions, RunPlan, Values};

fn doubles(t: &NamedTensor) -> &[f64] {
    match &t.values {
        Values::F64(v) => v,
        Values::F32(_) => panic!("the plan asks for double precision"),
    }
}

fn loss_near(
    plan: &RunPlan,
    data: &Dataset,
    weights: &[NamedTensor],
    tensor: usize,
    i: usize,
    step: f64,
) -> f64 {
    let mut moved = weights.to_vec();
    let Values::F64(values) = &mut moved[tensor].values else {
        panic!("double precision")
    };
    values[i] += step;
    run(plan, data, 1, Needs::NONE, Some(&moved))
        .1
        .last
        .train
        .loss
}

fn check(words: &[&str]) {
    let base = [
        "model=transformer",
        "task=Z4",
        "train_fraction=0.6",
        "precision=f64",
        "epochs=0",
        "model_width=4",
        "heads=2",
        "mlp_width=3",
    ];
    let plan = plan(&[base.as_slice(), words].concat());
    let data = data(&plan);
    let weights = move_vectors(&run(&plan, &data, 1, Needs::WEIGHTS, None).0.last);
    let needs = Needs {
        gradients: true,
        ..Needs::WEIGHTS
    };
    let (keep, _) = run(&plan, &data, 1, needs, Some(&weights));
    for (w, tensor) in weights.iter().enumerate() {
        let name = format!("grad.{}", tensor.name);
        let gradient = doubles(keep.last.iter().find(|t| t.name == name).unwrap());
        let largest = gradient.iter().fold(0.0f64, |a, b| a.max(b.abs()));
        let step = 1e-5;
        for i in [0, gradient.len() / 2, gradient.len() - 1] {
            let at = |step| loss_near(&plan, &data, &weights, w, i, step);
            let numeric = (at(step) - at(-step)) / (2.0 * step);
            let error = (numeric - gradient[i]).abs();
            assert!(
                error <= 1e-7 * (1.0 + largest),
                "{words:?} {}[{i}]: {numeric} and {}",
                tensor.name,
                gradient[i]
            );
        }
    }
}

#[test]
fn every_attention_norm_position_and_activation() {
    for attention in Attention::ALL {
        for norm in ["none", "layer", "rms"] {
            for positions in Positions::ALL {
                for activation in ["relu", "gelu", "silu", "square", "none"] {
                    let mut words = vec![
                        format!("attention={attention}"),
                        format!("norm={norm}"),
                        format!("positions={positions}"),
                    ];
                    words.push(match activation {
                        "none" => "mlp_width=0".to_owned(),
                        name => format!("activation={name}"),
                    });
                    let words: Vec<&str> = words.iter().map(String::as_str).collect();
                    check(&words);
                }
            }
        }
    }
}

#[test]
fn every_loss() {
    for loss in dunwu_core::Loss::ALL {
        let loss = format!("loss={loss}");
        check(&[&loss, "layers=2", "temperature=0.5", "output_scale=1.5"]);
    }
}
