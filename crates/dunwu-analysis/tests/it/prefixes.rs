//! Online is offline: a prefix puts a border where the whole run puts it, or none.

use crate::recorded::{all, engine, only};
use dunwu_analysis::{Context, Fate, account, current_stage, stages};
use dunwu_core::{Curve, StopReason};
use proptest::prelude::*;

type Borders = Vec<(u64, f64, Vec<(String, u64)>)>;

fn borders(curve: &Curve, context: &Context) -> Borders {
    let of = |s: dunwu_core::Finding| {
        let by =
            s.by.into_iter()
                .filter(|e| e.says.starts_with("ended"))
                .map(|e| (e.signal, e.epoch))
                .collect();
        s.to.map(|to| (to, s.confidence, by))
    };
    stages(curve, context).into_iter().filter_map(of).collect()
}

/// Feeds the curve row by row, as a run does, and checks what is said after every row.
fn check(curve: &Curve, context: &Context) -> Result<(), TestCaseError> {
    let whole = borders(curve, context);
    let going_on = Context {
        stopped: None,
        complete: false,
        ..context.clone()
    };
    let mut online = Curve::default();
    let mut stated = 0;
    for (row, epoch) in curve.epochs().iter().enumerate() {
        for (name, values) in curve.columns().filter(|(_, values)| !values[row].is_nan()) {
            online.set(*epoch, name, values[row]);
        }
        if online.epochs().last() != Some(epoch) {
            continue;
        }
        let now = borders(&online, &going_on);
        prop_assert_eq!(&now[..], &whole[..now.len()], "at epoch {}", epoch);
        prop_assert!(
            now.len() >= stated,
            "a border was taken back at epoch {}",
            epoch
        );
        stated = now.len();
        prop_assert_eq!(&borders(&curve.prefix(*epoch), &going_on), &now);
        let last = stages(&online, &going_on).pop().expect("a run has a stage");
        prop_assert_eq!(last.name, current_stage(&online, &going_on));
        prop_assert!(last.to.is_none());
    }
    prop_assert_eq!(stated, whole.len());
    Ok(())
}

#[test]
fn every_prefix_of_a_recorded_run_agrees_with_the_whole() {
    for run in all().into_iter().chain(engine()) {
        check(&run.curve, &run.context).unwrap_or_else(|e| panic!("{}: {e}", run.name));
    }
}

#[test]
fn a_prefix_tells_the_fate_of_the_whole_or_that_it_cannot() {
    for run in all() {
        let whole = account(&run.curve, &run.context).fate;
        let mut told = 0;
        for epoch in run.curve.epochs() {
            let fate = account(&run.curve.prefix(*epoch), &run.going_on()).fate;
            if fate.name != Fate::CannotTell.name() {
                assert_eq!(
                    (&fate.name, fate.from),
                    (&whole.name, whole.from),
                    "{} at {epoch}",
                    run.name
                );
                told += 1;
            }
        }
        assert_eq!(
            told > 0,
            whole.name.starts_with("generalised"),
            "{}",
            run.name
        );
    }
}

#[test]
fn an_open_stage_says_why_it_has_no_end() {
    let run = crate::recorded::run("published");
    let last = |context: &Context, until: u64| {
        stages(&run.curve.prefix(until), context)
            .pop()
            .expect("a stage")
            .statement
    };
    assert!(last(&run.going_on(), 100).contains("cannot be known yet"));
    assert!(last(&run.context, 100).contains("not seen to end"));
}

const COLUMNS: [&str; 7] = [
    "grad_f",
    "features_covered",
    "purity",
    "sigma23",
    "test_acc",
    "train_acc",
    "update_norm.W",
];

/// Values at which the rules switch on and off.
fn value(column: &str, level: u8) -> f64 {
    let level = f64::from(level);
    match column {
        "sigma23" => 1.2f64.powf(level),
        "grad_f" | "update_norm.W" => 2f64.powf(level - 4.0),
        "features_covered" => 2.0 * level,
        _ => (level / 8.0).min(1.0),
    }
}

/// A series in which each column climbs or falls by small steps, begins late perhaps, and misses readings.
fn arbitrary() -> impl Strategy<Value = Curve> {
    let row = (1u64..6, prop::array::uniform7((0u8..100, -1i8..=2)));
    let begins = prop::array::uniform7(prop_oneof![3 => Just(0), 1 => 0u64..300]);
    (prop::collection::vec(row, 1..150), begins).prop_map(|(rows, begins)| {
        let (mut curve, mut epoch, mut levels) = (Curve::default(), 0, [4i8; 7]);
        for (gap, moves) in rows {
            curve.set(epoch, "lr", 1e-3);
            for (i, (column, (chance, step))) in COLUMNS.iter().zip(moves).enumerate() {
                let (often, most) = if *column == "sigma23" {
                    (90, 40)
                } else {
                    (30, 9)
                };
                levels[i] = if chance < often {
                    (levels[i] + step).clamp(0, most)
                } else {
                    levels[i]
                };
                if chance % 10 < 8 && epoch >= begins[i] {
                    curve.set(epoch, column, value(column, levels[i].unsigned_abs()));
                }
            }
            epoch += gap;
        }
        curve
    })
}

fn context(features: Option<usize>) -> Context {
    Context {
        classes: 10,
        chance: 0.1,
        features,
        held_out: 50,
        stopped: Some(StopReason::Completed),
        complete: true,
        lr: None,
        weight_decay: None,
        transformer: false,
        epoch_updates: 0,
        norm_held: false,
        tokens: false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn every_prefix_of_an_arbitrary_series_agrees_with_the_whole(
        curve in arbitrary(),
        features in prop::option::of(0usize..20),
        kept in prop::array::uniform7(any::<bool>()),
    ) {
        let keep = |name: &str| COLUMNS.iter().position(|c| *c == name).is_none_or(|i| kept[i]);
        check(&curve, &context(features))?;
        check(&only(&curve, keep), &context(features))?;
    }
}

#[test]
fn arbitrary_series_do_reach_the_last_stage() {
    // Guards the property above against series in which nothing ever happens.
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let count =
        |n: &mut [usize; 4], curve: Curve| n[borders(&curve, &context(Some(10))).len()] += 1;
    let mut reached = [0; 4];
    (0..200).for_each(|_| {
        count(
            &mut reached,
            arbitrary()
                .new_tree(&mut runner)
                .expect("a series")
                .current(),
        )
    });
    assert!(reached.iter().all(|n| *n >= 5), "{reached:?}");
}
