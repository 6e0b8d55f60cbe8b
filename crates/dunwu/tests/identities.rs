//! What theory says of the gradient at the hidden nodes, checked on the engine's own tensors.
//!
//! Source: Y. Tian, arXiv 2509.21519, Prop. 1, Eq. 4, Lemma 1, Thm 1 and appendix C.3.

use dunwu::reproduce::{energy_error, lazy_error, ridge_error, ridge_norm};
use dunwu::{RunPlan, RunSpec};

fn plan(words: &[&str]) -> RunPlan {
    RunSpec::from_overrides(words).unwrap().resolve().unwrap()
}

fn ridge(words: &[&str]) -> RunPlan {
    let base = ["readout=ridge", "loss=mse", "train_fraction=0.8"];
    plan(&[&base, words].concat())
}

#[test]
fn the_gradient_at_the_ridge_readout_follows_equation_4() {
    for (width, activation, eta) in [(40, "square", 0.3), (20, "relu", 1e-3), (70, "tanh", 2.0)] {
        let words = [
            "task=Z7".to_owned(),
            format!("width={width}"),
            format!("activation={activation}"),
            format!("ridge={eta}"),
        ];
        let error = ridge_error(&ridge(&words.each_ref().map(String::as_str))).unwrap();
        assert!(error < 1e-8, "{words:?}: {error}");
    }
}

/// With outputs βFV the ridge readout is that of η/β², so β·P(Y − O)Vᵀ is the formula at η/β²:
/// G shrinks by β² where it grows in proportion to η.
#[test]
fn an_output_scale_acts_as_less_decay() {
    let scaled = ridge(&["task=S3", "width=50", "ridge=0.5", "output_scale=3"]);
    let error = ridge_error(&scaled).unwrap();
    assert!(error < 1e-8, "{error}");
}

#[test]
fn the_gradient_grows_in_proportion_to_a_small_decay() {
    let words = ["task=Z11", "width=1024", "hidden_init=normal", "ridge=1"];
    let norm = |eta: f64| ridge_norm(&ridge(&words), eta).unwrap();
    let slope = (norm(1e-4) / norm(1e-6)).ln() / 100f64.ln();
    assert!((slope - 1.0).abs() < 0.02, "{slope}");
    // A large decay is another regime.
    let large = (norm(100.0) / norm(1.0)).ln() / 100f64.ln();
    assert!((large - 1.0).abs() > 0.1, "{large}");
}

#[test]
fn the_gradient_grows_from_a_readout_of_zero_as_proposition_1_says() {
    let words = [
        "task=S3",
        "width=60",
        "train_fraction=1",
        "loss=mse_centred",
        "optimizer=sgd",
        "momentum=0",
        "weight_decay=0",
        "readout_init=zero",
    ];
    let error = |t: f64| lazy_error(&plan(&words), t).unwrap();
    let (whole, half) = (error(1e-4), error(5e-5));
    assert!(half.1 > 0.999, "{half:?}");
    let slope = (whole.0 / half.0).log2();
    assert!((slope - 1.0).abs() < 0.1, "{whole:?} {half:?}");
}

/// With V = εF̃ᵀỸ on a full table the loss falls along ∇E(w_j) for every node j, E(w) = ½‖Ỹᵀσ(Xw)‖².
#[test]
fn each_node_climbs_its_own_energy() {
    let base = ["task=S3", "width=5", "train_fraction=1", "loss=mse_centred"];
    for activation in ["square", "silu", "tanh"] {
        let activation = format!("activation={activation}");
        let (error, steepest) = energy_error(&plan(&[&base[..], &[&activation]].concat())).unwrap();
        assert!(error < 1e-6, "{activation}: {error}");
        assert!(steepest > 0.01, "{activation}: {steepest} tests nothing");
    }
}
