//! What theory says of the gradient at the hidden nodes, checked on the engine's own tensors.
//!
//! Source: Y. Tian, arXiv 2509.21519, Eq. 4, Lemma 1 and appendix C.3.

mod common;

use common::{Keep, data, plan};
use dunwu_core::{Dataset, Needs};
use dunwu_engine::train;
use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

/// F̃ and Ỹ of the training rows and P(Y − O)Vᵀ, at the ridge readout of the initial weights.
struct Initial {
    features: Mat<f64>,
    targets: Mat<f64>,
    gradient: Mat<f64>,
}

fn initial(words: &[&str]) -> Initial {
    let base = [
        "readout=ridge",
        "loss=mse",
        "precision=f64",
        "epochs=1",
        "train_fraction=0.8",
    ];
    let plan = plan(&[&base, words].concat());
    let data = data(&plan);
    let mut keep = Keep {
        needs: Needs {
            features: true,
            outputs: true,
            ..Needs::WEIGHTS
        },
        keep_at: Some(0),
        ..Keep::default()
    };
    train(&plan, &data, 0, 1, None, &mut keep).unwrap();
    read(&data, &keep)
}

fn read(data: &Dataset, keep: &Keep) -> Initial {
    let (_, tensors) = keep.at.as_ref().unwrap();
    let matrix = |name: &str| {
        let view = tensors.iter().find(|t| t.name == name).unwrap().view();
        Mat::from_fn(view.rows, view.cols, |i, j| view.at(i, j))
    };
    let outputs = matrix("outputs");
    let label = |i: usize| data.labels[data.train[i] as usize] as usize;
    let y = Mat::from_fn(outputs.nrows(), outputs.ncols(), |i, c| {
        f64::from(u8::from(label(i) == c))
    });
    Initial {
        features: centred(matrix("features")),
        targets: centred(y.clone()),
        gradient: centred(y - outputs) * matrix("readout").transpose(),
    }
}

/// Each column less its mean over samples.
fn centred(a: Mat<f64>) -> Mat<f64> {
    let n = a.nrows() as f64;
    let mean: Vec<f64> = a.col_iter().map(|c| c.iter().sum::<f64>() / n).collect();
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] - mean[j])
}

/// η(F̃F̃ᵀ + ηI)⁻¹ỸỸᵀF̃(F̃ᵀF̃ + ηI)⁻¹.
fn formula(s: &Initial, eta: f64) -> Mat<f64> {
    let (f, y) = (&s.features, &s.targets);
    let ridge = |gram: Mat<f64>| {
        let n = gram.nrows();
        let shifted = gram + Mat::from_fn(n, n, |i, j| if i == j { eta } else { 0.0 });
        shifted.llt(Side::Lower).unwrap()
    };
    let left = ridge(f * f.transpose()).solve(y * (y.transpose() * f));
    let both = ridge(f.transpose() * f).solve(left.transpose());
    eta * both.transpose()
}

fn distance(a: &Mat<f64>, b: &Mat<f64>) -> f64 {
    (a - b).norm_l2() / b.norm_l2()
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
        let s = initial(&words.each_ref().map(String::as_str));
        let error = distance(&s.gradient, &formula(&s, eta));
        assert!(error < 1e-8, "{words:?}: {error}");
    }
}

/// With outputs βFV the ridge readout is that of η/β², so β·P(Y − O)Vᵀ is the formula at η/β²:
/// G shrinks by β² where it grows in proportion to η.
#[test]
fn an_output_scale_acts_as_less_decay() {
    let words = ["task=S3", "width=50", "ridge=0.5", "output_scale=3"];
    let s = initial(&words);
    let error = distance(&(3.0 * &s.gradient), &formula(&s, 0.5 / 9.0));
    assert!(error < 1e-8, "{error}");
}

#[test]
fn the_gradient_grows_in_proportion_to_a_small_decay() {
    let norm = |eta: f64| {
        let ridge = format!("ridge={eta}");
        let words = ["task=Z11", "width=1024", "hidden_init=normal", &ridge];
        initial(&words).gradient.norm_l2()
    };
    let slope = (norm(1e-4) / norm(1e-6)).ln() / 100f64.ln();
    assert!((slope - 1.0).abs() < 0.02, "{slope}");
}
