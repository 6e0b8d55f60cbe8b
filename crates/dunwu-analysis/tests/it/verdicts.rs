//! Stages and fates of recorded runs, and of series that nobody should record.

use crate::recorded::{all, only, run};
use dunwu_analysis::{Account, Context, Fate, account};
use dunwu_core::{Curve, StopReason};

fn told(name: &str) -> Account {
    let run = run(name);
    account(&run.curve, &run.context)
}

fn ends(account: &Account) -> Vec<u64> {
    account.stages.iter().filter_map(|s| s.to).collect()
}

#[test]
fn each_recorded_run_has_the_fate_that_its_setting_gives() {
    let expected = [
        ("instant", Fate::AtOnce, "done"),
        ("lr_too_large", Fate::Diverged, "lazy"),
        ("lr_zero", Fate::StuckLazy, "lazy"),
        ("no_decay", Fate::DoesNotGeneralise, "independent"),
        ("plentiful", Fate::Generalised, "done"),
        ("published", Fate::Generalised, "done"),
        ("random_labels", Fate::DoesNotGeneralise, "independent"),
        ("relu", Fate::CannotTell, "independent"),
        ("scarce", Fate::CannotTell, "independent"),
        ("small", Fate::Generalised, "done"),
        ("too_much_decay", Fate::StuckLazy, "lazy"),
    ];
    for ((name, fate, stage), run) in expected.into_iter().zip(all()) {
        let account = account(&run.curve, &run.context);
        assert_eq!((name, account.fate.name.as_str()), (run.name, fate.name()));
        assert_eq!(
            account.stages.last().expect("a stage").name,
            stage,
            "{name}"
        );
        assert!(
            !account.fate.by.is_empty() && account.fate.confidence > 0.5,
            "{name}"
        );
    }
}

#[test]
fn the_published_setting_passes_its_published_marks() {
    // arXiv 2509.21519 Fig. 3 and 2605.08119: train 1 by 25, test .5 near 102, .99 near 139, the detector at 174.
    let account = told("published");
    assert!(account.train_99.first.expect("crosses") <= 25);
    assert!((90..=115).contains(&account.test_50.first.expect("crosses")));
    assert!((125..=155).contains(&account.test_99.first.expect("crosses")));
    let [lazy, independent, interactive] = ends(&account)[..] else {
        panic!("three borders: {account:?}")
    };
    assert!((10..=40).contains(&lazy), "{lazy}");
    assert!((166..=182).contains(&independent), "{independent}");
    assert!((200..=320).contains(&interactive), "{interactive}");
    let by = &account.stages[1].by;
    assert!(
        by.iter().any(|e| e.signal == "sigma23"
            && e.epoch == independent
            && e.says.starts_with("ended"))
    );
}

#[test]
fn stages_follow_each_other_without_gap_or_overlap() {
    for run in all() {
        let stages = account(&run.curve, &run.context).stages;
        assert_eq!(stages[0].from, Some(0), "{}", run.name);
        for pair in stages.windows(2) {
            assert!(
                pair[0].to.is_some() && pair[0].to == pair[1].from,
                "{}",
                run.name
            );
        }
        assert!(stages.iter().all(
            |s| (0.0..=1.0).contains(&s.confidence) && s.to.is_none_or(|to| Some(to) >= s.from)
        ));
    }
}

#[test]
fn fewer_signals_are_trusted_less() {
    for name in ["plentiful", "published", "small"] {
        let run = run(name);
        let bare = only(&run.curve, |c| c.ends_with("_acc"));
        let (full, bare) = (
            account(&run.curve, &run.context),
            account(&bare, &run.context),
        );
        assert_eq!((&bare.fate.name, bare.delay), (&full.fate.name, full.delay));
        assert_eq!(bare.stages.len(), 4, "accuracies alone tell the stages");
        for (some, all) in bare.stages.iter().zip(&full.stages) {
            assert!(
                some.confidence < all.confidence,
                "{name} {}: {} {}",
                some.name,
                some.confidence,
                all.confidence
            );
        }
    }
}

#[test]
fn without_the_detector_the_other_signals_put_the_border_once_the_run_is_done() {
    let run = run("published");
    let account = account(&only(&run.curve, |c| c != "sigma23"), &run.context);
    let border = ends(&account)[1];
    assert!(
        (70..=100).contains(&border),
        "the median of features, gradient and accuracy: {border}"
    );
}

#[test]
fn signals_disagreeing_lower_the_confidence() {
    let run = run("published");
    let agree = |c: &str| c != "sigma23" && c != "purity" && c != "update_norm.W";
    let tight = account(&only(&run.curve, agree), &run.context).stages[0].confidence;
    let mut late = only(&run.curve, agree);
    for epoch in 0..=360 {
        late.set(epoch, "train_acc", if epoch < 60 { 0.5 } else { 1.0 });
    }
    let wide = account(&late, &run.context).stages[0].confidence;
    assert!(wide < tight, "{wide} {tight}");
}

#[test]
fn a_run_that_stopped_being_finite_has_diverged_whatever_it_knew() {
    let run = run("published");
    let stopped = Some(StopReason::Diverged {
        epoch: 360,
        tensor: "hidden.0".into(),
    });
    let account = account(
        &run.curve,
        &Context {
            stopped,
            ..run.context
        },
    );
    assert_eq!(
        (
            account.fate.name.as_str(),
            account.fate.from,
            account.fate.confidence
        ),
        ("diverged", Some(360), 1.0)
    );
    assert!(
        account
            .sentences
            .last()
            .expect("a sentence")
            .contains("`hidden.0`")
    );
}

#[test]
fn what_is_lost_again_was_not_kept() {
    let run = run("small");
    let mut curve = run.curve.clone();
    curve.set(420, "test_acc", 0.98);
    assert_eq!(
        account(&curve, &run.context).fate.name,
        "generalised",
        "one dip at the end loses nothing"
    );
    (370..=420).for_each(|e| curve.set(e, "test_acc", 0.7));
    let lost = account(&curve, &run.context);
    assert_eq!(
        (lost.test_99.first, lost.test_99.sustained),
        (Some(358), None)
    );
    assert!(
        lost.fate.name == "does not generalise" && lost.fate.confidence < 0.9,
        "{:?}",
        lost.fate
    );
    assert!(
        lost.sentences
            .iter()
            .any(|s| s.contains("did not stay there")),
        "{:?}",
        lost.sentences
    );
}

#[test]
fn a_budget_that_ends_at_the_crossing_is_told_with_less_confidence() {
    let run = run("published");
    let cut = run.curve.prefix(137);
    let (over, going_on) = (
        account(&cut, &run.context).fate,
        account(&cut, &run.going_on()).fate,
    );
    assert_eq!(
        (over.name.as_str(), going_on.name.as_str()),
        ("generalised", "cannot tell")
    );
    assert!(over.confidence < account(&run.curve, &run.context).fate.confidence);
}

/// Every beginning of a run that generalised late, told as if its budget had ended there.
#[test]
fn no_beginning_of_a_run_that_generalises_is_said_not_to() {
    for name in ["instant", "plentiful", "published", "small"] {
        let run = run(name);
        for epoch in run.curve.epochs() {
            let part = account(&run.curve.prefix(*epoch), &run.context);
            let fate = part.fate.name.as_str();
            assert!(
                !["does not generalise", "stuck lazy"].contains(&fate),
                "{name} at {epoch}: {:?}",
                part.fate
            );
        }
    }
}

#[test]
fn the_longer_nothing_comes_the_surer_it_is_that_nothing_will() {
    let run = run("no_decay");
    let at = |epoch| account(&run.curve.prefix(epoch), &run.context).fate;
    assert_eq!(at(60).name, "cannot tell");
    assert_eq!(at(120).name, "cannot tell");
    let (early, late) = (at(250), at(360));
    assert_eq!((&early.name, &late.name), (&late.name, &early.name));
    assert_eq!(late.name, "does not generalise");
    assert!(0.5 < early.confidence && early.confidence < late.confidence);
    assert!(late.confidence < 0.85, "{}", late.confidence);
    // With the accuracies alone nobody can know.
    let bare = only(&run.curve, |c| c.ends_with("_acc"));
    assert_eq!(account(&bare, &run.context).fate.name, "cannot tell");
}

#[test]
fn a_run_without_held_out_rows_cannot_be_judged() {
    let run = run("published");
    let account = account(
        &only(&run.curve, |c| c != "test_acc"),
        &Context {
            held_out: 0,
            ..run.context
        },
    );
    assert_eq!(account.fate.name, "cannot tell");
    assert!(
        account
            .sentences
            .iter()
            .any(|s| s.contains("No row was held out"))
    );
    assert_eq!(account.stages.last().expect("a stage").name, "interactive");
}

#[test]
fn noisy_labels_need_not_be_memorised_to_generalise() {
    let mut curve = Curve::default();
    for epoch in 0..300u32 {
        let x = f64::from(epoch) / 100.0;
        curve.set(epoch.into(), "train_acc", x.min(0.9));
        curve.set(epoch.into(), "test_acc", x.min(1.0));
    }
    let context = Context {
        ..run("small").context
    };
    let account = account(&curve, &context);
    assert_eq!(
        (account.fate.name.as_str(), account.delay),
        ("generalised at once", None)
    );
    assert!(account.fate.statement.contains("without ever memorising"));
    assert_eq!(account.stages.last().expect("a stage").name, "done");
}

#[test]
fn nothing_recorded_is_nothing_told() {
    let context = run("small").context;
    let mut missing = Curve::default();
    (0..50).for_each(|e| missing.set(e, "train_acc", f64::NAN));
    let mut wild = Curve::default();
    for e in 0..50 {
        ["train_acc", "test_acc", "grad_f", "sigma23", "train_loss"]
            .iter()
            .for_each(|c| wild.set(e, c, f64::INFINITY));
    }
    let mut single = Curve::default();
    single.set(0, "train_acc", 0.1);
    for (curve, fate) in [
        (Curve::default(), "cannot tell"),
        (missing, "cannot tell"),
        (wild, "diverged"),
        (single, "cannot tell"),
    ] {
        let account = account(&curve, &context);
        assert_eq!(account.fate.name, fate, "{curve:?}");
        assert!(account.stages.len() <= 1 && !account.sentences.is_empty());
    }
}
