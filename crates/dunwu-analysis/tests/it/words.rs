//! The account in plain words.

use crate::recorded::{all, run};
use dunwu_analysis::{Context, account};

fn text(name: &str) -> String {
    let run = run(name);
    account(&run.curve, &run.context).sentences.join(" ")
}

#[test]
fn a_run_that_groks_is_told_from_memorising_to_done() {
    let text = text("published");
    for part in [
        "It memorised by epoch 16",
        "It generalised by epoch 135, 119 epochs after it had memorised",
        "99 % of the 3025 rows that it was never shown",
        "It learned 35 of the 35 features",
        "Stage `lazy` took 16 epochs, from epoch 0 to 16",
        "the longest was `independent`",
        "Stage `done` began at epoch",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn each_failure_names_the_knob_to_turn() {
    for (name, knob, why) in [
        ("instant", "train_fraction", "no delay"),
        ("lr_too_large", "divide lr", "Steps that are too long"),
        ("lr_zero", "Raise lr", "did not move at all"),
        ("no_decay", "Raise weight_decay", "never shrank"),
        (
            "random_labels",
            "raise train_fraction",
            "may follow no rule",
        ),
        ("relu", "Raise epochs", "on its way"),
        ("scarce", "raise train_fraction", "turning towards features"),
        ("too_much_decay", "Lower weight_decay", "shrank away"),
    ] {
        let text = text(name);
        assert!(text.contains(knob) && text.contains(why), "{name}: {text}");
    }
}

#[test]
fn advice_follows_the_plan_where_it_is_known() {
    let told = |name: &str, lr, weight_decay, gradient: f64, last: u64| {
        let mut run = run(name);
        let known = Context {
            lr: Some(lr),
            weight_decay: Some(weight_decay),
            ..run.context
        };
        run.curve.set(0, "grad_norm.W", gradient);
        account(&run.curve.prefix(last), &known).sentences.join(" ")
    };
    for (text, expected) in [
        (
            told("no_decay", 1e-3, 0.0, 1.0, 360),
            "is 0, so nothing made it",
        ),
        (
            told("lr_zero", 0.0, 2e-4, 1.0, 100),
            "lr (the length of a step) is 0",
        ),
        (told("lr_zero", 1e-3, 1e30, 1.0, 100), "Lower weight_decay"),
        (told("lr_zero", 1e-3, 2e-4, 1.0, 0), "No update was made"),
        (told("lr_zero", 1e-3, 2e-4, 1.0, 3), "Raise epochs"),
        (told("published", 1e-3, 2e-4, 1.0, 50), "cannot be told yet"),
        (told("published", 1e-3, 2e-4, 1.0, 110), "It was on its way"),
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!told("published", 1e-3, 2e-4, 1.0, 50).contains("weight_decay"));
}

#[test]
fn a_norm_that_was_held_is_not_taken_for_decay() {
    for (name, expected) in [
        ("too_much_decay", "Raise weight_norm"),
        ("random_labels", "lower weight_norm"),
    ] {
        let run = run(name);
        let held = Context {
            norm_held: true,
            ..run.context
        };
        let text = account(&run.curve, &held).sentences.join(" ");
        assert!(text.contains(expected), "{name}: {text}");
        assert!(!text.contains("weight_decay"), "{name}: {text}");
    }
}

#[test]
fn tokens_are_counted_where_a_row_has_several_answers() {
    let run = run("no_decay");
    let tokens = Context {
        tokens: true,
        ..run.context
    };
    let text = account(&run.curve, &tokens).sentences.join(" ");
    assert!(text.contains("99 % of the tokens of the rows it is trained on"));
    assert!(text.contains(&format!(
        "of the tokens of the {} rows that it was never shown",
        tokens.held_out
    )));
}

#[test]
fn a_run_that_is_not_over_gives_no_advice() {
    let run = run("no_decay");
    let text = account(&run.curve.prefix(100), &run.going_on())
        .sentences
        .join(" ");
    assert!(
        text.contains("not over") && !text.contains("Raise"),
        "{text}"
    );
}

#[test]
fn replaced_labels_are_told_apart() {
    let mut run = run("small");
    run.curve.set(420, "noisy_acc", 0.25);
    run.curve.set(420, "noisy_clean_acc", 0.6875);
    let text = account(&run.curve, &run.context).sentences.join(" ");
    assert!(
        text.contains("repeats 25 % as taught and gives the true answer to 68.8 %"),
        "{text}"
    );
}

#[test]
fn words_are_plain_whole_and_free_of_column_names() {
    for run in all() {
        let complete = account(&run.curve, &run.context);
        let bare = account(
            &run.curve,
            &Context {
                features: None,
                held_out: 0,
                ..run.context.clone()
            },
        );
        for sentence in complete.sentences.iter().chain(&bare.sentences) {
            assert!(
                sentence.ends_with('.') && !sentence.contains("NaN"),
                "{sentence}"
            );
            for jargon in [
                "sigma23", "grad_f", "update_", "censored", "readout", "norm", "gradient",
            ] {
                assert!(!sentence.contains(jargon), "{jargon}: {sentence}");
            }
        }
    }
}
