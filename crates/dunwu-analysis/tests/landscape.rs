//! The landscape against closed forms, finite differences and the published heights.

use dunwu_analysis::landscape::{
    Nature, Problem, Summit, curvature, feature_maxima, levels, peaks, search, search_from,
};
use dunwu_core::{Activation, Dataset, RunSpec, Seed};
use dunwu_task::{Features, NO_FILES, Task};

fn table(name: &str) -> (Dataset, Features) {
    let words = [format!("task={name}"), "train_fraction=1".into()];
    let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
    let task = Task::from_plan(&plan, NO_FILES).unwrap();
    let data = task.dataset(&plan, 0, NO_FILES).unwrap();
    (data, task.features().unwrap())
}

/// Every family that is found is one of theory, with its height and nullity, and every one is found.
fn check(name: &str, starts: usize) {
    let (data, features) = table(name);
    let problem = Problem::of_rows(&data, &data.train, Activation::Square, [0.0, 1.0]).unwrap();
    assert_all_are_of_theory(name, &problem, &search(&problem, starts, 0), &features);
}

fn assert_all_are_of_theory(
    name: &str,
    problem: &Problem,
    summits: &[Summit],
    features: &Features,
) {
    assert!(
        summits.iter().all(|s| s.converged),
        "{name}: a start did not converge"
    );
    let found = levels(problem, summits, features.tokens as f64, Some(features)).unwrap();
    let mut seen = vec![false; features.len()];
    for level in &found {
        let k = level
            .feature
            .unwrap_or_else(|| panic!("{name}: a mixed maximum at {}", level.energy_over_order));
        let (_, want) = peaks(features, 1.0)
            .into_iter()
            .find(|(j, _)| *j == k)
            .unwrap();
        let irrep = &features.names[k];
        assert!(
            !std::mem::replace(&mut seen[k], true),
            "{name}: {irrep} at two heights"
        );
        assert!(
            (level.energy_over_order - want.energy_over_order).abs() < 1e-6,
            "{name}: {irrep} at {}",
            level.energy_over_order
        );
        assert_eq!(
            (level.nullity, level.rising),
            (want.nullity, 0),
            "{name}: {irrep}"
        );
        assert!(
            level.purity.unwrap() > 1.0 - 1e-6,
            "{name}: {irrep} is mixed"
        );
    }
    let missing: Vec<&String> = (1..features.len())
        .filter(|k| !seen[*k])
        .map(|k| &features.names[k])
        .collect();
    assert!(missing.is_empty(), "{name}: no start found {missing:?}");
}

#[test]
fn small_groups_have_the_peaks_of_theory_and_no_other() {
    for name in [
        "Z2", "Z3", "Z7", "Z8", "Z12", "Z2^3", "Z4xZ7", "S3", "D4", "Q8", "A4", "Q12", "D9",
        "SL(2,3)", "S4", "Z7:Z3", "Q16",
    ] {
        check(name, 600);
    }
}

/// Random starts, and one inside every feature: what is found is what theory allows, and all of that.
fn check_from_every_feature(name: &str, random: usize) {
    let (data, features) = table(name);
    let problem = Problem::of_rows(&data, &data.train, Activation::Square, [0.0, 1.0]).unwrap();
    let inside = feature_maxima(&problem, &features, 1, 3);
    assert_eq!(
        inside.len(),
        features.len() - 1,
        "{name}: a start left its feature"
    );
    let starts: Vec<Vec<f64>> = inside.into_iter().map(|(_, w)| w).collect();
    let mut summits = search_from(&problem, &starts, 4);
    summits.extend(search(&problem, random, 5));
    assert_all_are_of_theory(name, &problem, &summits, &features);
}

#[test]
fn named_groups_up_to_order_128_have_the_peaks_of_theory_and_no_other() {
    let mut names: Vec<String> = (2..=128).step_by(9).map(|n| format!("Z{n}")).collect();
    names.extend((3..=64).step_by(7).map(|n| format!("D{n}")));
    names.extend((8..=128).step_by(20).map(|n| format!("Q{n}")));
    let others = [
        "Z127", "Z2^7", "Z4xZ2xZ8", "Z5xZ5", "S5", "A5", "SL(2,5)", "Heis(3)", "Heis(5)", "Z31:Z3",
        "Z13:Z4", "S3xZ5", "Q8xZ3", "S3xS3", "D4xD4", "Q8xQ8",
    ];
    names.extend(others.map(String::from));
    for name in names {
        check_from_every_feature(&name, 64);
    }
}

#[test]
fn derivatives_agree_with_finite_differences_for_every_activation_and_input() {
    let mut draws = Seed(5).draws("data");
    let (n, d, classes) = (40, 7, 4);
    let x: Vec<f64> = (0..n * d).map(|_| draws.normal()).collect();
    let labels: Vec<u32> = (0..n).map(|_| draws.below(classes as u64) as u32).collect();
    let (pairs, _) = table("S3");
    let rows: Vec<u32> = pairs
        .train
        .iter()
        .copied()
        .filter(|_| draws.unit() < 0.6)
        .collect();
    for activation in Activation::ALL {
        let dense = Problem::of_matrix(&x, d, &labels, classes, *activation, [0.3, 0.7]).unwrap();
        let tokens = Problem::of_rows(&pairs, &rows, *activation, [0.3, 0.7]).unwrap();
        let targets: Vec<f64> = (0..tokens.len() * 3).map(|_| draws.normal()).collect();
        let kept: Vec<f64> = rows.iter().map(|_| 0.2 + draws.unit()).collect();
        let mut all = vec![
            dense,
            tokens.clone(),
            tokens.clone().with_targets(targets, 3).unwrap(),
        ];
        all.push(tokens.clone().with_inclusion(&kept, vec![1.0 / 6.0; 6]));
        all.extend(tokens.with_cross_term());
        for problem in all {
            differences(&problem, activation.name(), &mut draws);
        }
    }
}

fn differences(problem: &Problem, name: &str, draws: &mut dunwu_core::Draws) {
    let mut vector = || -> Vec<f64> { (0..problem.dim()).map(|_| draws.normal()).collect() };
    let (w, s) = (vector(), vector());
    let h = 1e-5;
    let at = |t: f64| -> Vec<f64> { w.iter().zip(&s).map(|(a, b)| a + t * b).collect() };
    let slope = (problem.energy(&at(h)) - problem.energy(&at(-h))) / (2.0 * h);
    let exact: f64 = problem
        .gradient(&w)
        .iter()
        .zip(&s)
        .map(|(a, b)| a * b)
        .sum();
    assert!(
        (slope - exact).abs() < 1e-6 * (1.0 + exact.abs()),
        "{name}: {slope} and {exact}"
    );
    let (up, down) = (problem.gradient(&at(h)), problem.gradient(&at(-h)));
    for ((u, d), b) in up.iter().zip(&down).zip(problem.hessian_vector(&w, &s)) {
        let bent = (u - d) / (2.0 * h);
        assert!(
            (bent - b).abs() < 1e-5 * (1.0 + b.abs()),
            "{name}: {bent} and {b}"
        );
    }
}

#[test]
fn energies_are_those_of_the_formula_written_out() {
    let (data, _) = table("S3");
    let rows: Vec<u32> = vec![0, 1, 5, 8, 13, 20, 21, 35];
    let problem = Problem::of_rows(&data, &rows, Activation::Tanh, [0.0, 1.0]).unwrap();
    let mut draws = Seed(2).draws("w");
    let w: Vec<f64> = (0..12).map(|_| draws.normal()).collect();
    let mut z = [0.0; 6];
    for i in &rows {
        let row = data.row(*i as usize);
        let f = (w[row[0] as usize] + w[6 + row[1] as usize]).tanh();
        for (c, z) in z.iter_mut().enumerate() {
            let share = rows
                .iter()
                .filter(|j| data.labels[**j as usize] == c as u32)
                .count() as f64
                / 8.0;
            *z += f * (f64::from(data.labels[*i as usize] == c as u32) - share);
        }
    }
    let energy = 0.5 * z.iter().map(|x| x * x).sum::<f64>();
    assert!((problem.energy(&w) - energy).abs() < 1e-13);
}

/// Plain ascent in steps of 0.02 radians, which follows the gradient flow.
fn flow(problem: &Problem, start: &[f64]) -> Vec<f64> {
    let mut w = start.to_vec();
    for _ in 0..400 {
        let g = problem.gradient(&w);
        let along: f64 = w.iter().zip(&g).map(|(x, y)| x * y).sum();
        let tangent: Vec<f64> = w.iter().zip(&g).map(|(x, y)| y - along * x).collect();
        let length = tangent
            .iter()
            .map(|x| x * x)
            .sum::<f64>()
            .sqrt()
            .max(1e-300);
        w.iter_mut()
            .zip(&tangent)
            .for_each(|(x, t)| *x += 0.02 * t / length);
        let norm = w.iter().map(|x| x * x).sum::<f64>().sqrt();
        w.iter_mut().for_each(|x| *x /= norm);
    }
    w
}

#[test]
fn starts_end_where_the_gradient_flow_takes_them() {
    for name in ["Z8", "S3", "D4", "S4"] {
        let (data, features) = table(name);
        let problem = Problem::of_rows(&data, &data.train, Activation::Square, [0.0, 1.0]).unwrap();
        let mut draws = Seed(1).draws("starts");
        let starts: Vec<Vec<f64>> = (0..150)
            .map(|_| (0..problem.dim()).map(|_| draws.normal()).collect())
            .collect();
        let norms = starts
            .iter()
            .map(|w| w.iter().map(|x| x * x).sum::<f64>().sqrt());
        let starts: Vec<Vec<f64>> = starts
            .iter()
            .zip(norms)
            .map(|(w, n)| w.iter().map(|x| x / n).collect())
            .collect();
        let summits = search_from(&problem, &starts, 0);
        let same = |(w, s): &(&Vec<f64>, &Summit)| {
            Nature::of(&flow(&problem, w), &features) == Nature::of(&s.w, &features)
        };
        let agree = starts.iter().zip(&summits).filter(same).count();
        assert!(agree >= 145, "{name}: {agree} of 150");
    }
}

#[test]
fn a_saddle_is_told_from_a_maximum() {
    let (data, _) = table("Z7");
    let problem = Problem::of_rows(&data, &data.train, Activation::Square, [0.0, 1.0]).unwrap();
    let wave = |i: usize, k: usize| (std::f64::consts::TAU * (i * k) as f64 / 7.0).cos();
    let mut w: Vec<f64> = (0..14).map(|i| wave(i % 7, 1) + wave(i % 7, 2)).collect();
    let norm = w.iter().map(|x| x * x).sum::<f64>().sqrt();
    w.iter_mut().for_each(|x| *x /= norm);
    assert!(curvature(&problem, &w).unwrap().rising > 0);
}

/// E(e_g)/(p²M) = (1 − p)/(2p) for a token of a sampled cyclic group, to 4 %.
#[test]
fn a_token_on_a_sample_is_as_high_as_its_formula_says() {
    for fraction in [0.2, 0.4, 0.7] {
        let words = ["task=Z71".to_owned(), format!("train_fraction={fraction}")];
        let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
        let task = Task::from_plan(&plan, NO_FILES).unwrap();
        let data = task.dataset(&plan, 0, NO_FILES).unwrap();
        let problem = Problem::of_rows(&data, &data.train, Activation::Square, [0.0, 1.0]).unwrap();
        let token = |g: usize| {
            let w: Vec<f64> = (0..142).map(|i| f64::from(i == g)).collect();
            problem.energy(&w)
        };
        let mean = (0..142).map(token).sum::<f64>() / 142.0;
        let (got, want) = (
            mean / (fraction * fraction * 71.0),
            (1.0 - fraction) / (2.0 * fraction),
        );
        assert!(
            (got / want - 1.0).abs() < 0.04,
            "{fraction}: {got} and {want}"
        );
    }
}
