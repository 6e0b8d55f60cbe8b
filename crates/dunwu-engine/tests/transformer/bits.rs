//! The same bits whatever the threads and the interruptions.

use crate::common::{Keep, data, plan, run};
use crate::text;
use dunwu_core::{Dataset, GradientFilter, Needs, Optimizer, RunPlan, Snapshot};
use dunwu_engine::{Resume, train};

/// Plans and data that use every optimiser, filter and kind of pass.
fn cases() -> Vec<(RunPlan, Dataset)> {
    let base = [
        "model=transformer",
        "task=Z7",
        "model_width=8",
        "heads=2",
        "mlp_width=12",
        "epochs=8",
        "filter_window=3",
        "temperature=0.5",
    ];
    let mut out = vec![];
    let mut with = |words: &[&str]| {
        let plan = plan(&[base.as_slice(), words].concat());
        let data = data(&plan);
        out.push((plan, data));
    };
    for optimizer in Optimizer::ALL {
        for filter in GradientFilter::ALL {
            with(&[
                &format!("optimizer={optimizer}"),
                &format!("gradient_filter={filter}"),
                "orthogonal_gradient=true",
            ]);
        }
    }
    for words in [
        vec!["batch_size=10", "layers=2", "norm=layer"],
        vec!["batch_size=10", "epoch_updates=1", "scored_size=9"],
        vec!["loss=sup_con"],
        vec!["readout=ridge", "loss=mse", "ridge=0.1"],
        vec!["eval_every=3", "attention=sink", "positions=rotary"],
        vec![
            "weight_norm=0.5",
            "schedule=cosine",
            "precision=f64",
            "label_noise=0.2",
        ],
    ] {
        with(&words);
    }
    for (given, words) in [
        (1, vec!["batch_size=9", "layers=2"]),
        (1, vec!["batch_size=9", "epoch_updates=2", "eval_every=2"]),
        (3, vec!["attention_gate=true", "tie_embeddings=true"]),
    ] {
        out.push((
            plan(&[base.as_slice(), &words].concat()),
            text(20, 6, 60, given),
        ));
    }
    out
}

#[test]
fn threads_change_no_bit() {
    for (plan, data) in cases() {
        let (one, _) = run(&plan, &data, 1, Needs::STATE, None);
        let (three, _) = run(&plan, &data, 3, Needs::STATE, None);
        assert_eq!(one.last, three.last, "{:?}", plan.to_overrides());
        assert_eq!(one.metrics, three.metrics, "{:?}", plan.to_overrides());
    }
}

#[test]
fn a_resumed_run_has_the_bits_of_an_uninterrupted_one() {
    for (plan, data) in cases() {
        let mut whole = Keep {
            needs: Needs::STATE,
            keep_at: Some(3),
            ..Keep::default()
        };
        train(&plan, &data, 0, 1, None, &mut whole).unwrap();
        let (epoch, tensors) = whole.at.as_ref().unwrap();
        let state = Snapshot::of(*epoch, tensors);
        let mut rest = Keep {
            needs: Needs::STATE,
            ..Keep::default()
        };
        let resume = Resume {
            epoch: *epoch,
            state: &state,
        };
        train(&plan, &data, 0, 1, Some(resume), &mut rest).unwrap();
        assert_eq!(rest.last, whole.last, "{:?}", plan.to_overrides());
        assert_eq!(
            rest.metrics,
            whole.metrics[3..],
            "{:?}",
            plan.to_overrides()
        );
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let error = |words: &[&str], data: &Dataset| {
        let plan = plan(&[&["model=transformer", "model_width=8", "heads=2"], words].concat());
        train(&plan, data, 0, 1, None, &mut Keep::default()).unwrap_err()
    };
    let few = Dataset {
        classes: 3,
        labels: vec![0; 8],
        clean: vec![0; 8],
        ..text(4, 5, 8, 1)
    };
    let strange = error(&[], &few);
    assert!(
        strange.is_bad_input()
            && strange
                .to_string()
                .contains("loss_at: counts tokens that are no labels"),
        "{strange}"
    );
    let many = Dataset {
        classes: 9,
        ..text(4, 5, 8, 4)
    };
    let tied = error(&["tie_embeddings=true", "loss_at=last"], &many);
    assert!(
        tied.to_string()
            .contains("tie_embeddings: needs as many tokens as labels"),
        "{tied}"
    );
    // A state of another length of sequence.
    let short = plan(&[
        "model=transformer",
        "model_width=8",
        "heads=2",
        "epochs=0",
        "task=Z5",
    ]);
    let (keep, _) = run(&short, &text(4, 5, 8, 1), 1, Needs::STATE, None);
    let state = Snapshot::of(0, &keep.last);
    let resume = Resume {
        epoch: 0,
        state: &state,
    };
    let longer = train(
        &short,
        &text(6, 5, 8, 1),
        0,
        1,
        Some(resume),
        &mut Keep::default(),
    )
    .unwrap_err();
    assert!(
        longer
            .to_string()
            .contains("tensor `positions` is 4×8, the plan needs 6×8"),
        "{longer}"
    );
}
