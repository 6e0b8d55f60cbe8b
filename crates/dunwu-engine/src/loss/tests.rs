use super::*;
use crate::maths::chunked;
use dunwu_core::{RunSpec, Seed};
use proptest::prelude::*;

const ROWS: [Row; 4] = [Row::CrossEntropy, Row::Mse, Row::MseCentred, Row::Stablemax];

fn draws(n: usize, key: &str) -> Vec<f64> {
    let mut draws = Seed(5).draws(key);
    (0..n).map(|_| draws.normal()).collect()
}

/// A row's loss; the outputs become its gradient.
fn descend<T: Real>(loss: &impl RowLoss<T>, outputs: &mut [T], label: usize) -> T {
    let mut chunks = chunked(outputs);
    let value = loss.gradient(&mut chunks, outputs.len(), label);
    outputs.copy_from_slice(&chunks.as_flattened()[..outputs.len()]);
    value
}

/// A row's loss.
fn value<T: Real>(loss: &impl RowLoss<T>, outputs: &[T], label: usize) -> T {
    loss.value(&chunked(outputs), outputs.len(), label)
}

/// Centred difference of `f` along coordinate `i`.
fn difference(x: &[f64], i: usize, f: impl Fn(&[f64]) -> f64) -> f64 {
    let at = |h: f64| {
        let mut moved = x.to_vec();
        moved[i] += h;
        f(&moved)
    };
    (at(1e-5) - at(-1e-5)) / 2e-5
}

fn batch(loss: Loss) -> Box<dyn BatchLoss<f64>> {
    let words = [format!("loss={loss}"), "temperature=0.3".to_owned()];
    match objective(&RunSpec::from_overrides(words).unwrap().resolve().unwrap()) {
        Objective::Batch(loss) => loss,
        Objective::Rows(row) => panic!("{row:?} is no loss of the batch"),
    }
}

#[test]
fn the_table_has_every_loss_sorted() {
    assert_eq!(ALL.iter().map(|e| e.kind).collect::<Vec<_>>(), Loss::ALL);
}

#[test]
fn row_gradients_are_the_derivatives() {
    for loss in ROWS {
        for classes in [1, 2, 15, 16, 17, 71] {
            let outputs: Vec<f64> = draws(classes, "outputs").iter().map(|x| 3.0 * x).collect();
            let label = classes / 2;
            let mut gradient = outputs.clone();
            let loss_value = descend(&loss, &mut gradient, label);
            assert_eq!(
                loss_value.to_bits(),
                value(&loss, &outputs, label).to_bits(),
                "{loss:?}"
            );
            for (i, g) in gradient.iter().enumerate() {
                let truth = difference(&outputs, i, |o| value(&loss, o, label));
                assert!(
                    (g - truth).abs() < 1e-7,
                    "{loss:?} {classes} {i}: {g} {truth}"
                );
            }
        }
    }
}

/// The losses by their formulas, in the order of `ROWS`.
fn formulas(o: &[f64], y: usize) -> [f64; 4] {
    let classes = o.len() as f64;
    let mean = o.iter().sum::<f64>() / classes;
    let total: f64 = o.iter().map(|x| x.exp()).sum();
    let s = |x: f64| if x < 0.0 { 1.0 / (1.0 - x) } else { x + 1.0 };
    let stable: f64 = o.iter().map(|x| s(*x)).sum();
    let squares: f64 = o.iter().map(|x| (x - mean) * (x - mean)).sum();
    [
        total.ln() - o[y],
        o.iter()
            .enumerate()
            .map(|(i, x)| (x - f64::from(i == y)).powi(2))
            .sum(),
        squares - 2.0 * (o[y] - mean) + 1.0 - 1.0 / classes,
        stable.ln() - s(o[y]).ln(),
    ]
}

#[test]
fn values_follow_their_formulas_for_every_label() {
    for classes in [1, 3, 16, 23, 32, 71] {
        let o = draws(classes, "formula");
        let single: Vec<f32> = o.iter().map(|x| *x as f32).collect();
        for y in 0..classes {
            for (loss, truth) in ROWS.iter().zip(formulas(&o, y)) {
                assert!(
                    (value(loss, &o, y) - truth).abs() < 1e-12,
                    "{loss:?} {classes} {y}"
                );
                let narrow = f64::from(value(loss, &single, y));
                assert!(
                    (narrow - truth).abs() < 1e-5 * truth.abs().max(1.0),
                    "{loss:?} {narrow} {truth}"
                );
            }
        }
    }
}

#[test]
fn huge_outputs_do_not_overflow() {
    for loss in [Row::CrossEntropy, Row::Stablemax] {
        let mut outputs = [3e15_f32, -3e15, 1e15, 0.0];
        let value = descend(&loss, &mut outputs, 1);
        assert!(value.is_finite() && value > 0.0, "{loss:?}: {value}");
        assert!(
            outputs.iter().all(|g| g.is_finite()),
            "{loss:?}: {outputs:?}"
        );
    }
}

#[test]
fn softmax_collapses_in_single_precision_but_not_in_double() {
    let mut single = [0.0_f32; 23];
    single[3] = 25.0;
    let mut double: Vec<f64> = single.iter().map(|x| f64::from(*x)).collect();
    assert_eq!(descend(&CrossEntropy, &mut single, 3), 0.0);
    assert_eq!(single[3], 0.0);
    assert!(descend(&CrossEntropy, &mut double, 3) > 0.0 && double[3] < 0.0);
    single.fill(0.0);
    single[3] = 25.0;
    assert!(descend(&Stablemax, &mut single, 3) > 0.1 && single[3] < 0.0);
}

#[test]
fn nan_outputs_give_nan_losses() {
    for loss in ROWS {
        let mut outputs = [0.5_f32, f32::NAN, 1.0];
        assert!(descend(&loss, &mut outputs, 0).is_nan(), "{loss:?}");
    }
}

#[test]
#[should_panic(expected = "label 3 has no output")]
fn a_label_without_output_is_refused() {
    value::<f32>(&Mse, &[0.0; 3], 3);
}

#[test]
fn batch_gradients_are_the_derivatives_and_leave_the_padding() {
    let (rows, classes, stride) = (9, 4, 6);
    let labels = [0, 1, 2, 0, 1, 1, 3, 0, 2];
    let outputs: Vec<f64> = draws(rows * stride, "batch")
        .iter()
        .map(|x| 0.6 * x)
        .collect();
    for kind in [Loss::SupCon, Loss::Vicreg] {
        let loss = batch(kind);
        let mut gradient = outputs.clone();
        let value = loss.gradient(&mut gradient, stride, classes, &labels);
        assert_eq!(
            value.to_bits(),
            loss.value(&outputs, stride, classes, &labels).to_bits()
        );
        for (i, g) in gradient.iter().enumerate() {
            if i % stride >= classes {
                assert_eq!(*g, outputs[i], "padding");
                continue;
            }
            let truth =
                rows as f64 * difference(&outputs, i, |o| loss.value(o, stride, classes, &labels));
            assert!(
                (g - truth).abs() < 1e-6 * truth.abs().max(1.0),
                "{kind} {i}: {g} {truth}"
            );
        }
    }
}

#[test]
fn the_contrastive_loss_follows_its_formula_over_many_blocks() {
    let (rows, dim, tau) = (150, 3, 0.3);
    let labels: Vec<u32> = (0..rows).map(|i| (i * i % 7) as u32).collect();
    let outputs = draws(rows * dim, "contrast");
    let cosine = |i: usize, j: usize| {
        let dot = |a: usize, b: usize| {
            (0..dim)
                .map(|k| outputs[a * dim + k] * outputs[b * dim + k])
                .sum::<f64>()
        };
        dot(i, j) / (dot(i, i) * dot(j, j)).sqrt() / tau
    };
    let anchor = |i: usize| {
        let others = || (0..rows).filter(move |a| *a != i);
        let total: f64 = others().map(|a| cosine(i, a).exp()).sum();
        let losses: Vec<f64> = others()
            .filter(|p| labels[*p] == labels[i])
            .map(|p| total.ln() - cosine(i, p))
            .collect();
        losses.iter().sum::<f64>() / losses.len().max(1) as f64
    };
    let truth = (0..rows).map(anchor).sum::<f64>() / rows as f64;
    assert!((batch(Loss::SupCon).value(&outputs, dim, dim, &labels) - truth).abs() < 1e-12);
}

#[test]
fn separated_classes_are_better_for_both_batch_losses() {
    let labels = [0, 0, 1, 1];
    let good = [2.0, 0.1, 2.0, -0.1, -0.1, 2.0, 0.1, 2.0];
    let mixed = [2.0, 0.1, -0.1, 2.0, 2.0, -0.1, 0.1, 2.0];
    for kind in [Loss::SupCon, Loss::Vicreg] {
        let loss = batch(kind);
        assert!(
            loss.value(&good, 2, 2, &labels) < loss.value(&mixed, 2, 2, &labels),
            "{kind}"
        );
        assert!(loss.value(&[0.0; 8], 2, 2, &labels).is_finite(), "{kind}");
    }
}

#[test]
fn a_class_without_rows_is_never_predicted() {
    let centroids = Centroids::fit(&[-1.0_f64, 0.0], 2, 2, &[2], 3);
    assert_eq!(centroids.predict(&[1.0, 0.0]), 2);
}

proptest! {
    #[test]
    fn losses_are_not_negative_and_gradients_sum_to_zero(
        outputs in prop::collection::vec(-50.0_f64..50.0, 1..80),
        pick in 0_usize..80,
    ) {
        let label = pick % outputs.len();
        for loss in ROWS {
            let mut gradient = outputs.clone();
            prop_assert!(descend(&loss, &mut gradient, label) >= 0.0);
            if matches!(loss, Row::CrossEntropy | Row::MseCentred) {
                prop_assert!(gradient.iter().sum::<f64>().abs() < 1e-10);
            }
        }
    }
}
