//! The same bits whatever the threads, the interruptions and the evaluations.

mod common;

use common::{Keep, data, plan, run};
use dunwu_core::{
    Flow, GradientFilter, Loss, NamedTensor, Needs, Observer, Optimizer, RunEvent, RunPlan,
    Snapshot, StopReason,
};
use dunwu_engine::{Resume, train};

/// Plans that use every optimiser, filter, loss and kind of network.
fn plans() -> Vec<RunPlan> {
    let base = [
        "task=Z7",
        "width=40",
        "epochs=12",
        "train_fraction=0.7",
        "filter_window=3",
        "temperature=0.5",
    ];
    let with = |words: &[&str]| plan(&[base.as_slice(), words].concat());
    let mut out = vec![];
    for optimizer in Optimizer::ALL {
        for filter in GradientFilter::ALL {
            out.push(with(&[
                &format!("optimizer={optimizer}"),
                &format!("gradient_filter={filter}"),
                "orthogonal_gradient=true",
            ]));
        }
    }
    out.extend(
        Loss::ALL
            .iter()
            .map(|loss| with(&[&format!("loss={loss}"), "activation=silu"])),
    );
    for words in [
        vec!["weights=complex", "precision=f64"],
        vec!["hidden_layers=3", "activation=relu", "optimizer=muon"],
        vec!["batch_size=10", "activation=gelu"],
        vec!["batch_size=10", "epoch_updates=3", "warmup=1"],
        vec![
            "batch_size=8",
            "epoch_updates=1",
            "scored_size=9",
            "eval_every=2",
        ],
        vec!["readout=ridge", "ridge=0.1", "loss=mse"],
        vec!["embedding=trained", "embedding_width=9"],
        vec!["weight_norm=0.5", "schedule=cosine", "warmup=4"],
        vec!["weight_norm=1.2", "norm_reference=3", "norm_start=7"],
        vec!["width=150", "label_noise=0.1", "optimizer=adamw"],
    ] {
        out.push(with(&words));
    }
    out
}

#[test]
fn threads_change_no_bit() {
    for plan in plans() {
        let data = data(&plan);
        let (one, _) = run(&plan, &data, 1, Needs::STATE, None);
        let (three, _) = run(&plan, &data, 3, Needs::STATE, None);
        assert_eq!(one.last, three.last, "{:?}", plan.to_overrides());
        assert_eq!(one.metrics, three.metrics, "{:?}", plan.to_overrides());
    }
}

#[test]
fn a_resumed_run_has_the_bits_of_an_uninterrupted_one() {
    for plan in plans() {
        let data = data(&plan);
        let mut whole = Keep {
            needs: Needs::STATE,
            keep_at: Some(5),
            ..Keep::default()
        };
        train(&plan, &data, 0, 1, None, &mut whole).unwrap();
        let (epoch, tensors) = whole.at.as_ref().unwrap();
        let state = Snapshot::of(*epoch, tensors);
        let mut rest = Keep {
            needs: Needs::STATE,
            ..Keep::default()
        };
        train(
            &plan,
            &data,
            0,
            1,
            Some(Resume {
                epoch: *epoch,
                state: &state,
            }),
            &mut rest,
        )
        .unwrap();
        assert_eq!(rest.last, whole.last, "{:?}", plan.to_overrides());
        assert_eq!(
            rest.metrics,
            whole.metrics[5..],
            "{:?}",
            plan.to_overrides()
        );
    }
}

#[test]
fn crossings_are_exact_whatever_the_evaluation_interval() {
    for more in [
        &["batch_size=0"][..],
        &["batch_size=130", "epoch_updates=1"],
    ] {
        exact(more);
    }
}

fn exact(more: &[&str]) {
    let words = [
        "task=Z23",
        "width=512",
        "train_size=260",
        "lr=5e-3",
        "weight_decay=5e-4",
        "epochs=420",
    ];
    let words = [&words[..], more].concat();
    let every = plan(&words);
    let data = data(&every);
    let (all, _) = run(&every, &data, 2, Needs::WEIGHTS, None);
    let seldom = plan(&[words.as_slice(), &["eval_every=7"]].concat());
    let (few, _) = run(&seldom, &data, 2, Needs::WEIGHTS, None);
    assert_eq!(all.last, few.last);
    let first = |keep: &Keep, threshold: f64| {
        let scores = keep.metrics.iter().chain(&keep.refined);
        scores
            .filter(|m| m.test.is_some_and(|t| t.accuracy >= threshold))
            .map(|m| m.epoch)
            .min()
    };
    assert!(few.metrics.iter().filter(|m| m.test.is_some()).count() < 70);
    for threshold in [0.5, 0.99] {
        assert!(first(&all, threshold).is_some(), "the network generalises");
        assert_eq!(first(&all, threshold), first(&few, threshold));
    }
}

#[test]
fn a_run_that_diverges_ends_as_a_result() {
    let plan = plan(&[
        "task=Z5",
        "width=32",
        "optimizer=sgd",
        "lr=1e6",
        "epochs=200",
    ]);
    let (_, outcome) = run(&plan, &data(&plan), 1, Needs::NONE, None);
    assert!(
        matches!(&outcome.stopped, StopReason::Diverged { tensor, .. } if !tensor.is_empty()),
        "{outcome:?}"
    );
    assert!(outcome.epoch < 200);
}

#[test]
fn states_that_do_not_fit_name_the_tensor() {
    let small = plan(&["task=Z5", "width=8", "epochs=2"]);
    let (keep, _) = run(&small, &data(&small), 1, Needs::STATE, None);
    let wide = plan(&["task=Z5", "width=9", "epochs=2"]);
    let state = Snapshot::of(1, &keep.last);
    let resume = Resume {
        epoch: 1,
        state: &state,
    };
    let error = train(
        &wide,
        &data(&wide),
        0,
        1,
        Some(resume),
        &mut Keep::default(),
    )
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("tensor `hidden.0` is 10×8, the plan needs 10×9"),
        "{error}"
    );
    let empty = Snapshot::of(1, &[]);
    let error = train(
        &small,
        &data(&small),
        0,
        1,
        Some(Resume {
            epoch: 1,
            state: &empty,
        }),
        &mut Keep::default(),
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("`hidden.0` is missing") && error.is_bad_input(),
        "{error}"
    );
}

/// ‖all weights‖₂ of a snapshot.
fn norm(tensors: &[NamedTensor]) -> f64 {
    let weights = tensors.iter().filter(|t| dunwu_core::is_weight(&t.name));
    let squares = weights.flat_map(|t| t.view().to_f64()).map(|x| x * x);
    squares.sum::<f64>().sqrt()
}

#[test]
fn the_norm_is_held_to_a_multiple_of_the_reference_from_its_start_on() {
    for model in ["model=mlp", "model=transformer"] {
        let words = [
            model,
            "task=Z7",
            "precision=f64",
            "lr=1e-2",
            "weight_norm=1.5",
            "norm_reference=4",
            "norm_start=6",
        ];
        let after = |epochs: &str| {
            let plan = plan(&[words.as_slice(), &[epochs]].concat());
            norm(&run(&plan, &data(&plan), 1, Needs::WEIGHTS, None).0.last)
        };
        let free = after("epochs=5");
        assert!((free - 6.0).abs() > 0.1, "{model}: {free}");
        for epochs in ["epochs=6", "epochs=20"] {
            let held = after(epochs);
            assert!((held - 6.0).abs() < 1e-9, "{model} {epochs}: {held}");
        }
    }
}

#[test]
fn a_mini_batch_epoch_trains_the_same_whether_its_gradient_is_looked_at_or_not() {
    let plan = plan(&["task=Z7", "width=40", "epochs=12", "batch_size=10"]);
    let data = data(&plan);
    let (plain, _) = run(&plan, &data, 1, Needs::WEIGHTS, None);
    let needs = Needs {
        gradients: true,
        ..Needs::WEIGHTS
    };
    let (looked, _) = run(&plan, &data, 1, needs, None);
    assert_eq!(plain.metrics, looked.metrics);
    let has = |keep: &Keep| keep.last.iter().any(|t| t.name == "grad.readout");
    assert!(has(&looked) && !has(&plain));
}

/// Keeps weights and optimiser of every epoch.
#[derive(Default)]
struct Every(Vec<Vec<NamedTensor>>);

impl Observer for Every {
    fn needs(&mut self, _: u64) -> Needs {
        Needs::STATE
    }

    fn observe(&mut self, event: &RunEvent<'_>) -> Flow {
        if let RunEvent::Epoch { snapshot, .. } = event {
            self.0.push(snapshot.to_owned_tensors());
        }
        Flow::Continue
    }
}

fn every(words: &[&str]) -> Vec<Vec<NamedTensor>> {
    let plan = plan(words);
    let mut seen = Every::default();
    train(&plan, &data(&plan), 0, 1, None, &mut seen).unwrap();
    seen.0
}

#[test]
fn the_updates_of_an_epoch_change_when_weights_are_seen_and_not_what_they_are() {
    // Of 34 training rows a pass is four mini-batches.
    for (words, pass) in [
        (vec!["width=40", "batch_size=10"], 4),
        (vec!["width=40", "batch_size=9", "optimizer=muon"], 4),
        (vec!["width=40", "batch_size=40"], 1),
        (
            vec![
                "model=transformer",
                "model_width=8",
                "heads=2",
                "mlp_width=12",
                "batch_size=10",
            ],
            4,
        ),
    ] {
        for schedule in ["schedule=cosine", "schedule=step", "schedule=wsd"] {
            let base = [
                "task=Z7",
                "train_fraction=0.7",
                "warmup=2",
                "schedule_step=2",
                schedule,
            ];
            let of = |more: &[&str]| every(&[&base[..], &words, more].concat());
            let whole = of(&[&*format!("epochs={}", 24 / pass)]);
            for updates in [1, 2, 3, 8, 24] {
                let epochs = format!("epochs={}", 24 / updates);
                let parts = of(&[&*epochs, &*format!("epoch_updates={updates}")]);
                let mut met = 0;
                for (e, seen) in parts.iter().enumerate() {
                    let update = e * updates;
                    if update.is_multiple_of(pass) {
                        assert_eq!(*seen, whole[update / pass], "{words:?} {schedule} {update}");
                        met += 1;
                    }
                }
                assert!(met > 1);
            }
        }
    }
}

#[test]
fn scoring_some_of_the_training_rows_changes_no_weight() {
    let words = [
        "task=Z7",
        "width=40",
        "batch_size=10",
        "epochs=12",
        "train_fraction=0.7",
    ];
    let of = |size: &str, needs| {
        let plan = plan(&[&words[..], &[size]].concat());
        run(&plan, &data(&plan), 1, needs, None).0
    };
    let (all, some) = (
        of("scored_size=0", Needs::STATE),
        of("scored_size=5", Needs::STATE),
    );
    assert_eq!(all.last, some.last);
    assert_ne!(all.metrics, some.metrics);
    for (all, some) in all.metrics.iter().zip(&some.metrics) {
        assert_eq!((all.test, all.lr), (some.test, some.lr));
        let right = 5.0 * some.train.accuracy;
        assert!((right - right.round()).abs() < 1e-12, "of five rows");
    }
    assert_eq!(of("scored_size=34", Needs::STATE).metrics, all.metrics);
    // What probes see is of all training rows.
    let needs = Needs {
        gradients: true,
        outputs: true,
        features: true,
        ..Needs::STATE
    };
    let (all, some) = (of("scored_size=0", needs), of("scored_size=5", needs));
    assert_eq!(all.last, some.last);
}

#[test]
fn weights_of_another_network_do_not_fit() {
    let small = plan(&["task=Z5", "width=16", "epochs=0"]);
    let rows = data(&small);
    let (kept, _) = run(&small, &rows, 1, Needs::WEIGHTS, None);
    let weights = Snapshot::of(0, &kept.last);
    dunwu_engine::fits(&small, &rows, &weights).unwrap();
    let why = |words: &[&str]| {
        let other = plan(words);
        let error = dunwu_engine::fits(&other, &data(&other), &weights).unwrap_err();
        error.to_string()
    };
    let wide = why(&["task=Z5", "width=32"]);
    assert!(
        wide.contains("`hidden.0` is 10×16, the plan needs 10×32"),
        "{wide}"
    );
    let deep = why(&["task=Z5", "width=16", "hidden_layers=2"]);
    assert!(deep.contains("`hidden.1` is missing"), "{deep}");
    let other = plan(&["task=Z5", "width=16", "hidden_layers=2", "epochs=0"]);
    let (deep, _) = run(&other, &data(&other), 1, Needs::WEIGHTS, None);
    let error = dunwu_engine::fits(&small, &rows, &Snapshot::of(0, &deep.last)).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`hidden.1` is none of the network's"),
        "{error}"
    );
}
