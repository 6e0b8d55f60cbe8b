//! Keys that are said to change nothing change no bit; where they are not said to, they do.

use dunwu::{Control, Keep, RunPlan, RunSpec, Trial};

/// A key, another value of it, a plan in which it is idle, and what makes it count there.
const KEYS: &[(&str, &str, &[&str], &[&str])] = &[
    (
        "activation",
        "tanh",
        &["interaction=product"],
        &["interaction=sum"],
    ),
    (
        "activation",
        "gelu",
        &["model=transformer", "mlp_width=0"],
        &["mlp_width=16"],
    ),
    ("activation_a", "2", &[], &["activation=quadratic"]),
    (
        "activation_a",
        "2",
        &["activation=quadratic", "interaction=product"],
        &["interaction=sum"],
    ),
    ("activation_b", "2", &[], &["activation=quadratic"]),
    (
        "activation_b",
        "2",
        &["activation=quadratic", "interaction=product"],
        &["interaction=sum"],
    ),
    ("betas", "0.5,0.9", &["optimizer=sgd"], &["optimizer=adam"]),
    ("causal", "false", &["model=transformer"], &["layers=2"]),
    (
        "causal",
        "false",
        &[
            "model=transformer",
            "task=chain(5,3)",
            "train_fraction=0.4",
            "loss_at=last",
        ],
        &["loss_at=answer"],
    ),
    ("context", "8", &["task=Z5"], &[]),
    ("embedding_width", "8", &[], &["embedding=trained"]),
    ("eps", "1e-2", &["optimizer=lion"], &["optimizer=adam"]),
    (
        "filter_alpha",
        "0.5",
        &["gradient_filter=ma"],
        &["gradient_filter=ema"],
    ),
    ("filter_lambda", "5", &[], &["gradient_filter=ema"]),
    (
        "filter_window",
        "2",
        &["gradient_filter=ema"],
        &["gradient_filter=ma"],
    ),
    (
        "hidden_scale",
        "3",
        &["hidden_init=zero"],
        &["hidden_init=normal"],
    ),
    ("loss", "mse", &["readout=ridge"], &["readout=trained"]),
    (
        "loss_at",
        "last",
        &["model=transformer"],
        &["task=chain(5,3)"],
    ),
    (
        "milestones",
        "2",
        &["schedule=step"],
        &["schedule=multistep"],
    ),
    (
        "mlp_bias",
        "false",
        &["model=transformer", "mlp_width=0"],
        &["mlp_width=16"],
    ),
    ("momentum", "0.5", &[], &["optimizer=sgd"]),
    ("muon_coefficients", "standard", &[], &["optimizer=muon"]),
    ("noise_seed", "9", &[], &["label_noise=0.5"]),
    ("norm_place", "post", &["model=transformer"], &["norm=rms"]),
    ("operands", "3", &["task=x+y mod 5"], &["task=Z5"]),
    ("probe_every", "3", &["probes=none"], &["probes=all"]),
    ("quasigroup", "true", &["task=Z5"], &[]),
    (
        "readout_init",
        "normal",
        &["readout=ridge"],
        &["weight_norm=0.5"],
    ),
    (
        "readout_init",
        "uniform",
        &["model=transformer", "tie_embeddings=true"],
        &["tie_embeddings=false"],
    ),
    (
        "readout_scale",
        "3",
        &["readout=ridge"],
        &["weight_norm=0.5"],
    ),
    (
        "readout_scale",
        "3",
        &["readout_init=zero"],
        &["readout_init=normal"],
    ),
    ("ridge", "0.5", &["loss=mse"], &["readout=ridge"]),
    ("schedule", "multistep", &["milestones="], &["milestones=3"]),
    (
        "schedule_cooldown",
        "0.9",
        &["schedule=linear"],
        &["schedule=wsd"],
    ),
    (
        "schedule_floor",
        "0.5",
        &["schedule=step"],
        &["schedule=linear"],
    ),
    (
        "schedule_gamma",
        "0.5",
        &["schedule=linear"],
        &["schedule=exponential"],
    ),
    (
        "schedule_step",
        "2",
        &["schedule=exponential"],
        &["schedule=step"],
    ),
    ("split_skew", "3", &[], &["split=skewed"]),
    ("temperature", "3", &[], &["loss=sup_con"]),
];

/// The words, where later ones replace earlier ones.
fn spec<'a>(words: impl Iterator<Item = &'a &'a str>) -> RunSpec {
    let mut spec = RunSpec::default();
    for word in words.filter(|w| !w.is_empty()) {
        let (key, value) = word.split_once('=').unwrap();
        spec.set(key, value).unwrap();
    }
    spec
}

fn run(words: &[&str], more: &[&str], last: &str) -> Trial {
    let width = if words.contains(&"model=transformer") {
        "model_width=16"
    } else {
        "width=8"
    };
    let small = ["task=Z5", "epochs=6", width];
    let plan = spec(small.iter().chain(words).chain(more).chain([&last]))
        .resolve()
        .unwrap();
    dunwu::trial(&plan, 0, 1, &Control::default(), Keep { weights: true }).unwrap()
}

fn bits(trial: &Trial) -> (Vec<u64>, String) {
    let curve = trial
        .curve
        .columns()
        .flat_map(|(_, v)| v.iter().map(|x| x.to_bits()));
    (curve.collect(), format!("{:?}", trial.weights))
}

fn said(words: &[&str], more: &[&str], word: &str) -> Vec<String> {
    let spec = spec(words.iter().chain(more).chain([&word]));
    let mut all = dunwu::idle_keys(&spec, &spec.resolve().unwrap());
    let key = word.split('=').next().unwrap();
    all.retain(|n| n.starts_with(&format!("{key} changes nothing")));
    all
}

#[test]
fn idle_keys_change_no_bit_and_others_do() {
    for (key, value, idle, used) in KEYS {
        let word = format!("{key}={value}");
        assert_eq!(said(idle, &[], &word).len(), 1, "{word} {idle:?}");
        assert_eq!(
            bits(&run(idle, &[], &word)),
            bits(&run(idle, &[], "")),
            "{word} {idle:?}"
        );
        if !used.is_empty() {
            assert_eq!(said(idle, used, &word), [""; 0], "{word} {used:?}");
            assert_ne!(
                bits(&run(idle, used, &word)),
                bits(&run(idle, used, "")),
                "{word} {used:?}"
            );
        }
    }
}

#[test]
fn every_key_that_may_be_idle_is_among_these() {
    let elsewhere = ["hidden_init", "split", "split_seed"];
    let here = |key: &&str| KEYS.iter().any(|k| k.0 == *key) || elsewhere.contains(key);
    let all = RunPlan::keys_of_some_plans().into_iter();
    let all = all.chain(dunwu::task::KEYS_OF_SOME_TASKS);
    assert_eq!(all.filter(|key| !here(key)).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn weights_and_splits_of_a_file_are_not_drawn() {
    let keep = tempfile::tempdir().unwrap();
    let keep = camino::Utf8Path::from_path(keep.path()).unwrap();
    let split = keep.join("rows.csv");
    std::fs::write(&split, "0,1\n1,2\n2,3\n3,4\n4,4\n0,0\n2,1\n").unwrap();
    let split = format!("split_file={split}");
    for word in ["split=balanced", "split_seed=4", "split_skew=2"] {
        assert_eq!(said(&[&split], &[], word).len(), 1);
        assert_eq!(
            bits(&run(&[&split], &[], word)),
            bits(&run(&[&split], &[], "")),
            "{word}"
        );
    }
    // With some held-out rows alone they are drawn.
    let some = [split.as_str(), "test_size=3"];
    let scores = |word| bits(&run(&some, &[], word)).0;
    assert_eq!(said(&some, &[], "split_seed=4"), [""; 0]);
    assert_ne!(scores("split_seed=4"), scores(""));
    let text = keep.join("text.txt");
    std::fs::write(
        &text,
        "a text is cut by position, its end is held out. ".repeat(9),
    )
    .unwrap();
    let text = format!("task=text:{text}");
    let words = ["model=transformer", &text, "context=8"];
    assert_eq!(said(&words, &[], "split_seed=4").len(), 1);
    assert_eq!(
        bits(&run(&words, &[], "split_seed=4")),
        bits(&run(&words, &[], ""))
    );
    let plan = RunSpec::from_overrides(["task=Z5", "width=8", "epochs=6"])
        .unwrap()
        .resolve()
        .unwrap();
    dunwu::train(&plan, &keep.join("run"), &Control::default()).unwrap();
    let from = format!("from={}", keep.join("run"));
    for word in [
        "hidden_init=zero",
        "hidden_scale=3",
        "readout_init=zero",
        "readout_scale=3",
    ] {
        assert_eq!(said(&[&from], &[], word).len(), 1);
        assert_eq!(
            bits(&run(&[&from], &[], word)),
            bits(&run(&[&from], &[], "")),
            "{word}"
        );
        assert_ne!(
            bits(&run(&[], &[], word)),
            bits(&run(&[], &[], "")),
            "{word}"
        );
    }
}

#[test]
fn a_comparison_of_what_changes_nothing_is_refused() {
    let keep = tempfile::tempdir().unwrap();
    let dir = camino::Utf8PathBuf::from_path_buf(keep.path().join("c")).unwrap();
    let spec = dunwu::CompareSpec::from_words(&["task=Z7", "momentum=0.5,0.9", "seeds=3"]).unwrap();
    let error = dunwu::CompareDir::create(&dir, &spec)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("momentum: changes nothing on any side: it is of sgd and muon"),
        "{error}"
    );
    assert!(!dir.exists());
    let words = ["task=Z7", "a:momentum=0.5", "b:optimizer=sgd", "seeds=3"];
    dunwu::CompareDir::create(&dir, &dunwu::CompareSpec::from_words(&words).unwrap()).unwrap();
}
