//! Stages on recorded runs, and that a prefix never says another thing than the whole.

use dunwu_analysis::{Account, Context, Fate, account, confirmation, current_stage};
use dunwu_core::{Curve, StopReason};

/// Curves that `dunwu train` recorded, as CSV: see the first line of each file for the command.
fn recorded(name: &str) -> Curve {
    let text = match name {
        "groks" => include_str!("data/groks.csv"),
        "memorises" => include_str!("data/memorises.csv"),
        "at_once" => include_str!("data/at_once.csv"),
        "stuck" => include_str!("data/stuck.csv"),
        _ => panic!("no such recording"),
    };
    let mut lines = text.lines().filter(|l| !l.starts_with('#'));
    let names: Vec<&str> = lines.next().unwrap().split(',').skip(1).collect();
    let mut curve = Curve::default();
    for line in lines {
        let mut cells = line.split(',');
        let epoch = cells.next().unwrap().parse().unwrap();
        for (name, cell) in names.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            curve.set(epoch, name, cell.parse().unwrap());
        }
    }
    curve
}

fn context(complete: bool) -> Context {
    Context {
        classes: 31,
        chance: 1.0 / 31.0,
        features: Some(15),
        held_out: 500,
        stopped: complete.then_some(StopReason::Completed),
        complete,
        lr: None,
        weight_decay: None,
        transformer: false,
        epoch_updates: 0,
        norm_held: false,
        tokens: false,
    }
}

fn names(account: &Account) -> Vec<&str> {
    account.stages.iter().map(|s| s.name.as_str()).collect()
}

#[test]
fn recorded_runs_have_the_fates_that_they_had() {
    for (name, fate) in [
        ("groks", Fate::Generalised),
        ("memorises", Fate::DoesNotGeneralise),
        ("at_once", Fate::AtOnce),
        ("stuck", Fate::StuckLazy),
    ] {
        let account = account(&recorded(name), &context(true));
        assert_eq!(
            account.fate.name,
            fate.name(),
            "{name}: {:?}",
            account.sentences
        );
        assert!(
            account.sentences.len() >= 3 && account.sentences.iter().all(|s| s.ends_with('.')),
            "{name}"
        );
    }
}

#[test]
fn a_run_that_groks_goes_through_the_stages_in_order() {
    let account = account(&recorded("groks"), &context(true));
    assert_eq!(
        names(&account),
        ["lazy", "independent", "interactive", "done"]
    );
    for pair in account.stages.windows(2) {
        assert_eq!(pair[0].to, pair[1].from);
        assert!(pair[0].from <= pair[0].to && !pair[0].by.is_empty());
        assert!((0.0..=1.0).contains(&pair[0].confidence));
    }
    let memorised = account.train_99.first.unwrap();
    let generalised = account.test_99.first.unwrap();
    assert!(memorised < generalised && account.delay == Some(generalised - memorised));
    assert_eq!(current_stage(&recorded("groks"), &context(true)), "done");
}

#[test]
fn without_decay_the_nodes_never_line_up() {
    let account = account(&recorded("memorises"), &context(true));
    assert!(
        !names(&account).contains(&"interactive"),
        "{:?}",
        names(&account)
    );
}

#[test]
fn a_prefix_states_the_borders_of_the_whole_or_none() {
    for name in ["groks", "memorises", "at_once", "stuck"] {
        let curve = recorded(name);
        let whole = account(&curve, &context(true));
        for last in curve.epochs().iter().step_by(7) {
            let part = account(&curve.prefix(*last), &context(false));
            for (stated, known) in part.stages.iter().zip(&whole.stages) {
                assert_eq!(stated.from, known.from, "{name} at {last}: {}", stated.name);
                if let Some(to) = stated.to {
                    assert_eq!(stated.to, known.to, "{name} at {last}: {}", stated.name);
                    assert!(
                        to + confirmation(to) <= *last,
                        "{name}: stated before it was confirmed"
                    );
                }
            }
            if part.fate.name != Fate::CannotTell.name() {
                assert!(
                    part.test_99.sustained.is_some(),
                    "{name} at {last}: {}",
                    part.fate.name
                );
            }
        }
    }
}

#[test]
fn nothing_is_made_of_nothing() {
    let empty = account(&Curve::default(), &context(false));
    assert!(empty.stages.is_empty() && empty.fate.name == Fate::CannotTell.name());
    let mut bare = Curve::default();
    for epoch in 0..40 {
        bare.set(epoch, "train_acc", if epoch > 5 { 1.0 } else { 0.0 });
    }
    let seen = account(
        &bare,
        &Context {
            held_out: 0,
            ..context(true)
        },
    );
    assert_eq!(seen.stages[0].to, Some(6));
    assert!(
        seen.stages[0].confidence < 0.8,
        "one signal of three is not sure"
    );
    assert_eq!(seen.fate.name, Fate::CannotTell.name());
}
