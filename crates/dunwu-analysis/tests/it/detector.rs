//! The detector of arXiv 2605.08119: σ₂/σ₃ of the last 20 updates.

use crate::recorded::{all, run};
use dunwu_analysis::{Rule, Signal, confirmation};
use dunwu_core::{Curve, Seed};
use proptest::prelude::*;

const DETECTOR: Signal = Signal {
    column: "sigma23",
    rule: Rule::Growing(0.5),
    weight: 1.0,
    says: "",
};

fn series(epochs: u64, value: impl FnMut(u64) -> f64) -> Curve {
    let mut curve = Curve::default();
    (20..epochs)
        .zip((20..epochs).map(value))
        .for_each(|(e, v)| curve.set(e, "sigma23", v));
    curve
}

#[test]
fn it_fires_where_published_and_not_without_decay() {
    let firing = DETECTOR
        .fires(&run("published").curve)
        .expect("it fires on the published setting");
    assert!(
        (166..=182).contains(&firing.epoch),
        "published at 174: {firing:?}"
    );
    assert_eq!(firing.known, firing.epoch + confirmation(firing.epoch));
    for silent in ["lr_too_large", "lr_zero", "no_decay", "relu"] {
        assert_eq!(DETECTOR.fires(&run(silent).curve), None, "{silent}");
    }
}

#[test]
fn it_fires_soon_after_a_ratio_begins_to_grow_to_hundreds() {
    let grows = series(400, |e| {
        if e < 170 {
            1.3
        } else {
            (1.3 * (0.05 * (e as f64 - 170.0)).exp()).min(300.0)
        }
    });
    let firing = DETECTOR.fires(&grows).expect("it grows");
    assert!((180..=195).contains(&firing.epoch), "{firing:?}");
}

#[test]
fn it_takes_neither_a_jump_nor_slow_growth_for_steady_growth() {
    assert_eq!(
        DETECTOR.fires(&series(400, |e| if e < 200 { 3.0 } else { 9.0 })),
        None
    );
    assert_eq!(
        DETECTOR.fires(&series(160, |e| 3.0 * (0.02 * (e - 20) as f64).exp())),
        None
    );
    let below = series(400, |e| {
        0.5 * (0.05 * (e as f64 - 200.0)).exp().clamp(1.0, 5.0)
    });
    assert_eq!(DETECTOR.fires(&below), None, "a ratio below 3 says nothing");
}

#[test]
fn a_slower_run_is_judged_over_a_longer_window() {
    let fast = series(400, |e| 3.0 * (0.04 * (e as f64 - 170.0)).max(0.0).exp());
    let mut slow = Curve::default();
    fast.points("sigma23")
        .for_each(|(e, v)| slow.set(100 * e, "sigma23", v));
    let (fast, slow) = (
        DETECTOR.fires(&fast).expect("fires"),
        DETECTOR.fires(&slow).expect("fires"),
    );
    assert!(
        slow.epoch.abs_diff(100 * fast.epoch) <= 1000,
        "{fast:?} {slow:?}"
    );
}

#[test]
fn it_alone_does_not_mean_that_there_are_features() {
    // It hears any trajectory that becomes smooth, so the stage needs features beside it.
    for name in ["random_labels", "scarce"] {
        let run = run(name);
        assert!(DETECTOR.fires(&run.curve).is_some(), "{name}");
        let stages = dunwu_analysis::stages(&run.curve, &run.context);
        assert_eq!(
            stages.last().expect("a stage").name,
            "independent",
            "{name}"
        );
    }
}

#[test]
fn every_firing_held_through_its_confirmation() {
    for run in all() {
        if let Some(f) = DETECTOR.fires(&run.curve) {
            assert!(f.known >= f.epoch + confirmation(f.epoch), "{}", run.name);
            assert_eq!(
                DETECTOR.fires(&run.curve.prefix(f.known)),
                Some(f),
                "{}",
                run.name
            );
            assert_eq!(
                DETECTOR.fires(&run.curve.prefix(f.known - 1)),
                None,
                "{}",
                run.name
            );
        }
    }
}

#[test]
fn sparse_readings_count_only_when_three_agree() {
    let half = Signal {
        column: "test_acc",
        rule: Rule::AtLeast(0.5),
        weight: 1.0,
        says: "",
    };
    let mut curve = Curve::default();
    for (epoch, accuracy) in [
        (0, 0.0),
        (100, 0.9),
        (200, 0.9),
        (300, 0.1),
        (400, 0.9),
        (500, 0.9),
    ] {
        curve.set(epoch, "test_acc", accuracy);
        assert_eq!(half.fires(&curve), None, "at {epoch}");
    }
    curve.set(600, "test_acc", 0.9);
    assert_eq!(
        half.fires(&curve).map(|f| (f.epoch, f.known)),
        Some((400, 600))
    );
}

#[test]
fn each_rule_holds_from_the_first_reading_that_meets_it() {
    let fires = |rule, values: &[f64]| {
        let mut curve = Curve::default();
        values
            .iter()
            .chain([values[values.len() - 1]; 20].iter())
            .enumerate()
            .for_each(|(e, v)| curve.set(e as u64, "x", *v));
        Signal {
            column: "x",
            rule,
            weight: 1.0,
            says: "",
        }
        .fires(&curve)
        .map(|f| f.epoch)
    };
    assert_eq!(fires(Rule::AtLeast(0.5), &[0.1, 0.6, 0.4, 0.5]), Some(3));
    assert_eq!(fires(Rule::Towards1(0.5), &[0.2, 0.5, 0.7]), Some(2));
    assert_eq!(
        fires(Rule::AboveLeast(1.25), &[4.0, 2.0, 2.4, 2.5]),
        Some(3)
    );
    assert_eq!(
        fires(Rule::AboveLeast(1.25), &[0.0, 0.0]),
        None,
        "what does not move does not rise"
    );
    assert_eq!(
        fires(Rule::FallenFromPeak(0.5), &[2.0, 4.0, 2.1, 2.0]),
        Some(3)
    );
    assert_eq!(
        fires(Rule::FallenFromPeak(0.5), &[4.0, 2.0, 1.0]),
        None,
        "a fall without a rise has no peak"
    );
}

proptest! {
    #[test]
    fn it_is_silent_on_noise_about_a_level(seed in any::<u64>(), level in 1.0..20.0f64, size in 0.0..0.5f64) {
        let mut draws = Seed(seed).draws("noise");
        let noisy = series(600, |_| level * (size * draws.normal()).exp());
        prop_assert_eq!(DETECTOR.fires(&noisy), None);
    }
}
