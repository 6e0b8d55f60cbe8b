//! Trajectories against those that `scripts/pytorch_reference.py` recorded from PyTorch.

mod common;

use common::{mixed_addition, mixed_weights, plan, run};
use dunwu_core::Needs;

#[test]
fn train_losses_are_pytorch_s() {
    let recorded: serde_json::Value =
        serde_json::from_str(include_str!("data/pytorch.json")).unwrap();
    for case in recorded["cases"].as_array().unwrap() {
        let words: Vec<&str> = case["plan"]
            .as_array()
            .unwrap()
            .iter()
            .map(|w| w.as_str().unwrap())
            .collect();
        let modulus = case["modulus"].as_u64().unwrap() as usize;
        let plan = plan(&words);
        let data = mixed_addition(modulus, case["train"].as_u64().unwrap() as usize);
        let weights = mixed_weights(2 * modulus, plan.width, modulus);
        let (keep, _) = run(&plan, &data, 2, Needs::NONE, Some(&weights));
        let tolerance = if words.contains(&"precision=f64") {
            1e-9
        } else {
            1e-5
        };
        let losses = case["losses"].as_array().unwrap();
        assert_eq!(keep.metrics.len(), losses.len());
        let error = keep
            .metrics
            .iter()
            .zip(losses)
            .map(|(m, l)| (m.train.loss / l.as_f64().unwrap() - 1.0).abs())
            .fold(0.0, f64::max);
        println!("{}: largest relative difference {error:.1e}", case["name"]);
        assert!(
            error <= tolerance,
            "{}: losses differ by {error:.2e}, more than {tolerance:.0e}",
            case["name"]
        );
    }
}
