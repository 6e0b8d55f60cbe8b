use super::*;
use dunwu_core::{MuonCoefficients, RunSpec, Seed};

const SHAPE: Shape = Shape {
    rows: 5,
    cols: 3,
    stride: 16,
};
const ROLES: [Role; 4] = [Role::Hidden, Role::Readout, Role::Embedding, Role::Vector];

fn plan(words: &[&str]) -> RunPlan {
    let common = [
        "lr=0.05",
        "weight_decay=0.3",
        "betas=0.8,0.95",
        "momentum=0.7",
        "eps=1e-3",
    ];
    RunSpec::from_overrides(common.iter().chain(words))
        .unwrap()
        .resolve()
        .unwrap()
}

fn of(kind: Optimizer) -> RunPlan {
    plan(&[&format!("optimizer={kind}")])
}

/// A matrix in storage, with padding of zeros.
fn matrix<T: Real>(shape: Shape, key: &str) -> Vec<T> {
    let mut draws = Seed(11).draws(key);
    (0..shape.len())
        .map(|i| {
            if i % shape.stride < shape.cols {
                T::of(draws.normal())
            } else {
                T::ZERO
            }
        })
        .collect()
}

/// Weights after `steps` updates with gradients drawn anew, and the rule.
fn run<T: Real>(
    plan: &RunPlan,
    role: Role,
    steps: std::ops::RangeInclusive<u64>,
    weight: &mut [T],
    rule: &mut dyn Rule<T>,
) {
    for t in steps {
        let mut grad = matrix(SHAPE, &format!("grad {t}"));
        rule.step(&Step { lr: plan.lr, t }, weight, &mut grad);
        assert!(padding(&grad).all(|x| x.f64() == 0.0), "{role:?}");
    }
}

fn padding<T: Real>(matrix: &[T]) -> impl Iterator<Item = &T> {
    matrix
        .iter()
        .enumerate()
        .filter(|(i, _)| i % SHAPE.stride >= SHAPE.cols)
        .map(|(_, x)| x)
}

#[test]
fn the_table_has_every_optimiser_sorted() {
    assert_eq!(
        ALL.iter().map(|e| e.kind).collect::<Vec<_>>(),
        Optimizer::ALL
    );
}

#[test]
fn every_rule_keeps_padding_zero_and_resumes_bit_for_bit() {
    for (entry, role) in ALL.iter().flat_map(|e| ROLES.map(|role| (e, role))) {
        let plan = of(entry.kind);
        let mut whole = matrix::<f32>(SHAPE, "weight");
        let start = whole.clone();
        let mut uncut = rule::<f32>(&plan, role, SHAPE);
        run(&plan, role, 1..=6, &mut whole, uncut.as_mut());
        assert_ne!(whole, start);
        assert!(padding(&whole).all(|x| *x == 0.0), "{:?}", entry.kind);

        let mut resumed = start;
        let mut before = rule::<f32>(&plan, role, SHAPE);
        run(&plan, role, 1..=3, &mut resumed, before.as_mut());
        let mut after = rule::<f32>(&plan, role, SHAPE);
        assert_eq!(
            before.state_len(),
            state_len(&plan, role, SHAPE),
            "{:?} {role:?}",
            entry.kind
        );
        for (name, data) in before.state() {
            assert!(padding(data).all(|x| *x == 0.0), "{:?} {name}", entry.kind);
            assert!(after.restore(name, data));
        }
        run(&plan, role, 4..=6, &mut resumed, after.as_mut());
        assert_eq!(whole, resumed, "{:?} {role:?}", entry.kind);
    }
}

#[test]
fn state_of_another_name_or_length_is_refused() {
    for entry in ALL {
        let mut rule = rule::<f64>(&of(entry.kind), Role::Hidden, SHAPE);
        assert!(!rule.restore("momentum of another", &vec![0.0; SHAPE.len()]));
        assert!(!rule.restore("m", &[0.0; 3]), "{:?}", entry.kind);
    }
}

/// What element 0 goes through under a scalar recurrence (w, m, v, g, t) → (w, m, v).
fn scalar(steps: u64, update: impl Fn([f64; 3], f64, i32) -> [f64; 3]) -> f64 {
    let mut state = [matrix::<f64>(SHAPE, "weight")[0], 0.0, 0.0];
    for t in 1..=steps {
        state = update(
            state,
            matrix::<f64>(SHAPE, &format!("grad {t}"))[0],
            t as i32,
        );
    }
    state[0]
}

fn element(plan: &RunPlan) -> f64 {
    let mut weight = matrix::<f64>(SHAPE, "weight");
    let mut rule = rule::<f64>(plan, Role::Readout, SHAPE);
    run(plan, Role::Readout, 1..=9, &mut weight, rule.as_mut());
    weight[0]
}

#[test]
fn adam_follows_its_recurrence() {
    let truth = scalar(9, |[w, m, v], g, t| {
        let g = g + 0.3 * w;
        let (m, v) = (0.8 * m + 0.2 * g, 0.95 * v + 0.05 * g * g);
        let (m_hat, v_hat) = (m / (1.0 - 0.8_f64.powi(t)), v / (1.0 - 0.95_f64.powi(t)));
        [w - 0.05 * m_hat / (v_hat.sqrt() + 1e-3), m, v]
    });
    assert!((element(&of(Optimizer::Adam)) - truth).abs() < 1e-13);
    assert_eq!(
        element(&of(Optimizer::Adam)),
        element(&of(Optimizer::Muon)),
        "Muon's readout is Adam's"
    );
}

#[test]
fn adamw_follows_its_recurrence() {
    let truth = scalar(9, |[w, m, v], g, t| {
        let (m, v) = (0.8 * m + 0.2 * g, 0.95 * v + 0.05 * g * g);
        let (m_hat, v_hat) = (m / (1.0 - 0.8_f64.powi(t)), v / (1.0 - 0.95_f64.powi(t)));
        [w - 0.05 * (0.3 * w + m_hat / (v_hat.sqrt() + 1e-3)), m, v]
    });
    assert!((element(&of(Optimizer::Adamw)) - truth).abs() < 1e-13);
}

#[test]
fn sgd_follows_its_recurrence() {
    let truth = scalar(9, |[w, m, _], g, _| {
        let m = 0.7 * m + g + 0.3 * w;
        [w - 0.05 * m, m, 0.0]
    });
    assert!((element(&of(Optimizer::Sgd)) - truth).abs() < 1e-13);
}

#[test]
fn lion_follows_its_recurrence() {
    let truth = scalar(9, |[w, m, _], g, _| {
        let direction = (0.8 * m + 0.2 * g).signum();
        [w - 0.05 * (direction + 0.3 * w), 0.95 * m + 0.05 * g, 0.0]
    });
    assert!((element(&of(Optimizer::Lion)) - truth).abs() < 1e-13);
}

/// The polynomial applied to a number five times.
fn through(polynomials: &[[f64; 3]; 5], x: f64) -> f64 {
    polynomials
        .iter()
        .fold(x, |x, [a, b, c]| a * x + b * x.powi(3) + c * x.powi(5))
}

#[test]
fn orthogonalisation_sends_singular_values_through_the_polynomials() {
    let standard = [[3.4445, -4.775, 2.0315]; 5];
    for shape in [
        Shape {
            rows: 3,
            cols: 5,
            stride: 16,
        },
        Shape {
            rows: 5,
            cols: 3,
            stride: 4,
        },
    ] {
        // Two singular values 3 and 0.4, along Hadamard-like directions.
        let left = [[0.6, 0.8, 0.0], [0.8, -0.6, 0.0]];
        let right = [[0.5, 0.5, 0.5, 0.5, 0.0], [0.5, -0.5, 0.5, -0.5, 0.0]];
        let build = |values: [f64; 2]| {
            let mut out = vec![0.0; shape.len()];
            for (i, j) in (0..3).flat_map(|i| (0..5).map(move |j| (i, j))) {
                let at = if shape.rows == 3 {
                    i * shape.stride + j
                } else {
                    j * shape.stride + i
                };
                out[at] = (0..2).map(|k| values[k] * left[k][i] * right[k][j]).sum();
            }
            out
        };
        let norm = (9.0_f64 + 0.16).sqrt() + 1e-7;
        let truth = build([3.0, 0.4].map(|s| through(&standard, s / norm)));
        let mut got = build([3.0, 0.4]);
        orthogonalise(&mut got, shape, MuonCoefficients::Standard);
        assert!(
            got.iter().zip(&truth).all(|(a, b)| (a - b).abs() < 1e-12),
            "{shape:?}"
        );
    }
}

#[test]
fn both_schedules_bring_singular_values_near_one() {
    for which in MuonCoefficients::ALL {
        let shape = Shape {
            rows: 1,
            cols: 1,
            stride: 1,
        };
        for kept in [0.01, 0.05, 0.3, 0.9] {
            // A diagonal matrix of two values has one of them at the share `kept` of the norm.
            let two = Shape {
                rows: 2,
                cols: 2,
                stride: 2,
            };
            let mut diagonal = [kept, 0.0, 0.0, (1.0_f64 - kept * kept).sqrt()];
            orthogonalise(&mut diagonal, two, *which);
            assert!(
                (0.6..1.4).contains(&diagonal[0]),
                "{which} {kept} {}",
                diagonal[0]
            );
        }
        let mut one = [-5.0_f64];
        orthogonalise(&mut one, shape, *which);
        assert!((-1.3..-0.6).contains(&one[0]));
        let mut zero = [0.0_f64];
        orthogonalise(&mut zero, shape, *which);
        assert_eq!(zero[0], 0.0);
    }
}

#[test]
fn muon_follows_momentum_and_decoupled_decay() {
    let plan = of(Optimizer::Muon);
    let mut weight = matrix::<f64>(SHAPE, "weight");
    let mut rule = rule::<f64>(&plan, Role::Hidden, SHAPE);
    run(&plan, Role::Hidden, 1..=4, &mut weight, rule.as_mut());
    let (mut truth, mut momentum) = (matrix::<f64>(SHAPE, "weight"), vec![0.0; SHAPE.len()]);
    for t in 1..=4 {
        let grad = matrix::<f64>(SHAPE, &format!("grad {t}"));
        momentum
            .iter_mut()
            .zip(&grad)
            .for_each(|(m, g)| *m = 0.7 * *m + 0.3 * g);
        let mut update = momentum.clone();
        orthogonalise(&mut update, SHAPE, plan.muon_coefficients);
        truth
            .iter_mut()
            .zip(&update)
            .for_each(|(w, o)| *w -= 0.05 * (o + 0.3 * *w));
    }
    assert!(
        weight
            .iter()
            .zip(&truth)
            .all(|(a, b)| (a - b).abs() < 1e-12)
    );
}
