use super::*;
use dunwu_core::{RunSpec, Seed};

const SHAPE: Shape = Shape {
    rows: 150,
    cols: 7,
    stride: 16,
};
const CASES: [&[&str]; 5] = [
    &["gradient_filter=ema"],
    &["gradient_filter=ma"],
    &["orthogonal_gradient=true"],
    &["gradient_filter=ma", "orthogonal_gradient=true"],
    &["gradient_filter=ema", "orthogonal_gradient=true"],
];

fn plan(words: &[&str]) -> RunPlan {
    let common = ["filter_window=4", "filter_alpha=0.9", "filter_lambda=2.5"];
    RunSpec::from_overrides(common.iter().chain(words))
        .unwrap()
        .resolve()
        .unwrap()
}

fn matrix<T: Real>(key: &str) -> Vec<T> {
    let mut draws = Seed(3).draws(key);
    (0..SHAPE.len())
        .map(|i| {
            if i % SHAPE.stride < SHAPE.cols {
                T::of(draws.normal())
            } else {
                T::ZERO
            }
        })
        .collect()
}

/// The gradients after the modifiers, for steps drawn anew.
fn run<T: Real>(chain: &mut [Box<dyn Modifier<T>>], steps: std::ops::Range<u64>) -> Vec<Vec<T>> {
    let weight = matrix("weight");
    let step = |t| {
        let mut grad = matrix(&format!("grad {t}"));
        chain.iter_mut().for_each(|m| m.modify(&weight, &mut grad));
        grad
    };
    steps.map(step).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn the_table_is_sorted_and_says_what_the_plan_gets() {
    assert!(ALL.windows(2).all(|w| w[0].name < w[1].name));
    for words in CASES {
        let plan = plan(words);
        let chain = modifiers::<f32>(&plan, SHAPE);
        assert_eq!(
            chain.len(),
            ALL.iter().filter(|e| (e.chosen)(&plan)).count()
        );
        assert_eq!(
            chain.iter().map(|m| m.state_len()).sum::<usize>(),
            state_len(&plan, SHAPE)
        );
    }
    assert!(modifiers::<f32>(&plan(&[]), SHAPE).is_empty());
}

#[test]
fn every_chain_keeps_padding_zero_and_resumes_bit_for_bit() {
    for words in CASES {
        // Cut before the window is full, when it is full, and after it wrapped.
        for cut in [1, 4, 6] {
            let plan = plan(words);
            let whole = run(&mut modifiers::<f32>(&plan, SHAPE), 0..11);
            let mut before = modifiers::<f32>(&plan, SHAPE);
            run(&mut before, 0..cut);
            let mut after = modifiers::<f32>(&plan, SHAPE);
            for (from, to) in before.iter().zip(&mut after) {
                assert!(
                    from.state()
                        .iter()
                        .all(|(name, data)| to.restore(name, data))
                );
            }
            assert_eq!(whole[cut as usize..], run(&mut after, cut..11), "{words:?}");
            let padding = |g: &Vec<f32>| g.chunks(16).all(|row| row[7..].iter().all(|x| *x == 0.0));
            assert!(whole.iter().all(padding), "{words:?}");
        }
    }
}

#[test]
fn the_exponential_mean_follows_its_recurrence() {
    let got = run(
        &mut modifiers::<f64>(&plan(&["gradient_filter=ema"]), SHAPE),
        0..5,
    );
    let mut mean = matrix::<f64>("grad 0")[0];
    for (t, grad) in got.iter().enumerate() {
        let g = matrix::<f64>(&format!("grad {t}"))[0];
        mean = 0.9 * mean + 0.1 * g;
        assert!((grad[0] - (g + 2.5 * mean)).abs() < 1e-13, "{t}");
    }
}

#[test]
fn the_moving_mean_waits_for_its_window() {
    let got = run(
        &mut modifiers::<f64>(&plan(&["gradient_filter=ma"]), SHAPE),
        0..9,
    );
    let raw: Vec<Vec<f64>> = (0..9).map(|t| matrix(&format!("grad {t}"))).collect();
    assert_eq!(got[..3], raw[..3]);
    for t in 3..9 {
        for i in [0, 1023, 1024, 2391] {
            let mean = raw[t - 3..=t].iter().map(|g| g[i]).sum::<f64>() / 4.0;
            assert!(
                (got[t][i] - (raw[t][i] + 2.5 * mean)).abs() < 1e-13,
                "{t} {i}"
            );
        }
    }
}

#[test]
fn the_projection_is_orthogonal_and_keeps_the_norm() {
    let weight = matrix::<f64>("weight");
    let raw = matrix::<f64>("grad 0");
    let got = &run(
        &mut modifiers::<f64>(&plan(&["orthogonal_gradient=true"]), SHAPE),
        0..1,
    )[0];
    assert!(dot(&raw, &weight).abs() > 1.0 && dot(got, &weight).abs() < 1e-10);
    assert!((dot(got, got) - dot(&raw, &raw)).abs() < 1e-9);
    let mut zero = vec![0.0_f64; SHAPE.len()];
    Orthogonal.modify(&zero.clone(), &mut zero);
    assert!(zero.iter().all(|g| *g == 0.0));
}

#[test]
fn state_that_cannot_be_is_refused() {
    let mut ma = Ma::<f32>::new(&plan(&[]), SHAPE);
    for place in [
        [5.0, 0.0],
        [1.0, 4.0],
        [0.5, 0.0],
        [-1.0, 0.0],
        [f32::NAN, 0.0],
    ] {
        assert!(!ma.restore("ma.place", &place), "{place:?}");
    }
    assert!(!ma.restore("ma.place", &[1.0]) && !ma.restore("ema", &[1.0]));
    assert!(ma.restore("ma.place", &[4.0, 3.0]));
}
