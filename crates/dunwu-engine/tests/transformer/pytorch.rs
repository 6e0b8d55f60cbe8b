//! Trajectories against those that `scripts/pytorch_transformer.py` recorded from PyTorch.

use crate::common::{SplitMix, mixed_addition, plan, run};
use dunwu_core::{NamedTensor, Needs, Values};

/// Weights of the shapes given, in their order, from the generator that the script has too.
fn mixed(shapes: &[NamedTensor]) -> Vec<NamedTensor> {
    let mut mix = SplitMix(1);
    let of = |t: &NamedTensor| {
        let wide = ["embedding", "positions"].contains(&t.name.as_str());
        let fan_in = if wide { t.cols } else { t.rows };
        let numbers = (0..t.rows * t.cols).map(|_| mix.weight(fan_in));
        NamedTensor {
            values: Values::F64(numbers.collect()),
            ..t.clone()
        }
    };
    shapes.iter().map(of).collect()
}

#[test]
fn train_losses_are_pytorch_s() {
    let text = include_str!("../data/pytorch_transformer.json");
    let recorded: serde_json::Value = serde_json::from_str(text).unwrap();
    for case in recorded["cases"].as_array().unwrap() {
        let words = case["plan"].as_array().unwrap().iter();
        let words = words.map(|w| w.as_str().unwrap());
        let words: Vec<&str> = ["model=transformer"].into_iter().chain(words).collect();
        let plan = plan(&words);
        let modulus = case["modulus"].as_u64().unwrap() as usize;
        let data = mixed_addition(modulus, case["train"].as_u64().unwrap() as usize);
        let start = dunwu_core::RunPlan {
            epochs: 0,
            ..plan.clone()
        };
        let shapes = run(&start, &data, 1, Needs::WEIGHTS, None).0.last;
        let (keep, _) = run(&plan, &data, 2, Needs::NONE, Some(&mixed(&shapes)));
        let losses = case["losses"].as_array().unwrap();
        assert_eq!(keep.metrics.len(), losses.len());
        let pairs = keep.metrics.iter().zip(losses);
        let errors = pairs.map(|(m, l)| (m.train.loss / l.as_f64().unwrap() - 1.0).abs());
        let error = errors.fold(0.0, f64::max);
        println!("{}: largest relative difference {error:.1e}", case["name"]);
        let tolerance = if words.contains(&"precision=f64") {
            1e-9
        } else {
            1e-4
        };
        assert!(
            error <= tolerance,
            "{}: losses differ by {error:.2e}, more than {tolerance:.0e}",
            case["name"]
        );
    }
}
