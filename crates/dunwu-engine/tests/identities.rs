//! What theory says of the gradient at the hidden nodes, checked on the engine's own tensors.
//!
//! Source: Y. Tian, arXiv 2509.21519, Prop. 1, Eq. 4, Lemma 1, Thm 1 and appendix C.3.

mod common;

use common::{Keep, data, plan};
use dunwu_core::{Dataset, NamedTensor, Needs, Snapshot, Values};
use dunwu_engine::{Resume, train};
use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

/// F̃ and Ỹ of the training rows and P(Y − O)Vᵀ, at the ridge readout of the initial weights.
struct Initial {
    features: Mat<f64>,
    targets: Mat<f64>,
    gradient: Mat<f64>,
}

fn initial(words: &[&str]) -> Initial {
    let base = ["readout=ridge", "loss=mse", "train_fraction=0.8"];
    let (data, tensors) = tensors(&[&base, words].concat(), 0, None);
    read(&data, &tensors)
}

/// Everything at one epoch, from the initial weights or from those given.
fn tensors(
    words: &[&str],
    epoch: u64,
    from: Option<&[NamedTensor]>,
) -> (Dataset, Vec<NamedTensor>) {
    let plan = plan(&[&["precision=f64", "epochs=1"], words].concat());
    let data = data(&plan);
    let mut keep = Keep {
        needs: Needs {
            features: true,
            outputs: true,
            gradients: true,
            ..Needs::WEIGHTS
        },
        keep_at: Some(epoch),
        ..Keep::default()
    };
    let state = from.map(|tensors| Snapshot::of(0, tensors));
    let resume = state.as_ref().map(|state| Resume { epoch: 0, state });
    train(&plan, &data, 0, 1, resume, &mut keep).unwrap();
    (data, keep.at.unwrap().1)
}

fn matrix(tensors: &[NamedTensor], name: &str) -> Mat<f64> {
    let view = tensors.iter().find(|t| t.name == name).unwrap().view();
    Mat::from_fn(view.rows, view.cols, |i, j| view.at(i, j))
}

fn read(data: &Dataset, tensors: &[NamedTensor]) -> Initial {
    let matrix = |name: &str| matrix(tensors, name);
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

/// On a full table, where every label is as frequent, V(t) = (2t/n)F̃ᵀỸ after a step of length t from V = 0, so that
/// G_F = (2t/n)ỸỸᵀF̃ + O(t²). The table is small, so W stays where it is: its gradient is 0 at V = 0.
#[test]
fn the_gradient_grows_from_a_readout_of_zero_as_proposition_1_says() {
    let error = |t: f64| {
        let lr = format!("lr={t}");
        let words = [
            "task=S3",
            "width=60",
            "train_fraction=1",
            "loss=mse_centred",
            "optimizer=sgd",
            "momentum=0",
            "weight_decay=0",
            "readout_init=zero",
            &lr,
        ];
        let (data, tensors) = tensors(&words, 1, None);
        let s = read(&data, &tensors);
        let n = data.train.len() as f64;
        let first = (2.0 * t / n) * (&s.targets * (s.targets.transpose() * &s.features));
        let inner: f64 = (0..first.ncols())
            .map(|j| s.gradient.col(j).transpose() * first.col(j))
            .sum();
        let cosine = inner / (first.norm_l2() * s.gradient.norm_l2());
        (distance(&s.gradient, &first), cosine)
    };
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
        let words = [&base[..], &[&activation]].concat();
        let (data, start) = tensors(&words, 0, None);
        let s = read(&data, &start);
        let (epsilon, n) = (1e-9, data.train.len() as f64);
        let readout = epsilon * (s.features.transpose() * &s.targets);
        let dense = |m: &Mat<f64>| {
            let rows = (0..m.nrows()).flat_map(|i| (0..m.ncols()).map(move |j| (i, j)));
            Values::F64(rows.map(|at| m[at]).collect())
        };
        let weights = matrix(&start, "hidden.0");
        let tensor = |name: &str, m: &Mat<f64>| NamedTensor {
            name: name.into(),
            rows: m.nrows(),
            cols: m.ncols(),
            values: dense(m),
        };
        let state = [tensor("hidden.0", &weights), tensor("readout", &readout)];
        let gradient = matrix(&tensors(&words, 0, Some(&state)).1, "grad.hidden.0");
        let climb = |weights: &Mat<f64>| {
            let state = [tensor("hidden.0", weights), tensor("readout", &readout)];
            let s = read(&data, &tensors(&words, 0, Some(&state)).1);
            let z = s.targets.transpose() * s.features;
            (0..z.ncols())
                .map(|j| 0.5 * z.col(j).squared_norm_l2())
                .collect::<Vec<f64>>()
        };
        let mut steepest = 0f64;
        for i in 0..weights.nrows() {
            let moved = |h: f64| {
                let mut moved = weights.clone();
                (0..moved.ncols()).for_each(|j| moved[(i, j)] += h);
                climb(&moved)
            };
            let (up, down) = (moved(1e-5), moved(-1e-5));
            for j in 0..weights.ncols() {
                let slope = (up[j] - down[j]) / 2e-5;
                steepest = steepest.max(slope.abs());
                let descent = -gradient[(i, j)] * n / (2.0 * epsilon);
                assert!(
                    (slope - descent).abs() < 1e-6 * (1.0 + slope.abs()),
                    "{activation} {i} {j}: {slope} {descent}"
                );
            }
        }
        assert!(steepest > 0.01, "{activation}: {steepest} tests nothing");
    }
}
