//! Plans as they are written: what is read, refused and written again.

use super::*;

#[test]
fn keys_are_sorted_and_every_default_parses() {
    assert!(KEYS.windows(2).all(|w| w[0].name < w[1].name));
    RunSpec::default().resolve().unwrap();
}

#[test]
fn a_plan_survives_toml_and_overrides() {
    let words = [
        "task=S5",
        "train_size=40",
        "betas=0.5,0.6",
        "milestones=3,9",
        "ridge=0.5",
        "split_seed=4",
    ];
    let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
    let stored: RunPlan = toml::from_str(&toml::to_string(&plan).unwrap()).unwrap();
    assert_eq!(stored, plan);
    assert_eq!(
        RunSpec::from_overrides(plan.to_overrides())
            .unwrap()
            .resolve()
            .unwrap(),
        plan
    );
}

#[test]
fn a_transformer_has_keys_and_defaults_of_its_own() {
    let plan = |words: &[&str]| RunSpec::from_overrides(words).unwrap().resolve();
    let words = ["model=transformer", "heads=2", "lr=3e-3"];
    let made = plan(&words).unwrap();
    assert_eq!(
        made.to_overrides(),
        ["heads=2", "lr=0.003", "model=transformer"]
    );
    assert_eq!((made.weight_decay, made.betas), (1.0, [0.9, 0.98]));
    let stored: RunPlan = toml::from_str(&toml::to_string(&made).unwrap()).unwrap();
    assert_eq!(stored, made);
    // Plans of perceptrons are written as before.
    assert!(
        !toml::to_string(&plan(&[]).unwrap())
            .unwrap()
            .contains("transformer")
    );
    for (words, expected) in [
        (
            vec!["model=transformer", "width=3"],
            "width: is a key of model=mlp",
        ),
        (vec!["heads=2"], "heads: is a key of model=transformer"),
        (
            vec!["model=transformer", "heads=5"],
            "heads: is 5, must be a divisor of model_width, which is 128",
        ),
        (vec!["model=transformer", "heads=0"], "heads: is 0"),
        (
            vec!["model=transformer", "layers=5"],
            "layers: is 5, must be from 1 to 4",
        ),
        (
            vec![
                "model=transformer",
                "model_width=6",
                "heads=2",
                "positions=rotary",
            ],
            "positions: is rotary, which turns pairs",
        ),
        (
            vec![
                "model=transformer",
                "readout=ridge",
                "loss=mse",
                "tie_embeddings=true",
            ],
            "tie_embeddings: leaves no readout",
        ),
    ] {
        let error = plan(&words).unwrap_err().to_string();
        assert!(error.contains(expected), "{words:?}: {error}");
    }
}

#[test]
fn bad_values_name_the_key_and_the_range() {
    for (word, expected) in [
        (
            "train_fraction=1.5",
            "train_fraction: is 1.5, must be a share above 0",
        ),
        ("width=wide", "width: expected integer, got `wide`"),
        ("width=-3", "width: expected integer"),
        ("activation=reluu", "did you mean `relu`?"),
        ("betas=0.9", "is not two numbers"),
        ("lr=nan", "lr: is NaN"),
        ("label_noise=1", "label_noise: is 1"),
        ("hidden_layers=5", "from 1 to 4"),
        ("lr=inf", "lr: is inf, must be a finite number, 0 or more"),
        ("eps=0", "eps: is 0, must be a finite number above 0"),
        ("seeds=1e9", "seeds: is 1000000000, must be from 1 to 10000"),
        (
            "checkpoints=3,500",
            "names epoch 500, but the run ends at 400",
        ),
        ("milestones=30,20,30", "names pass 30 twice"),
        ("betas=[0.9", "betas: expected b1,b2, got `[0.9`"),
        ("from=", "from: is empty; write the path of a checkpoint"),
        (
            "norm_reference=3",
            "norm_reference: says what weight_norm holds, which is 0",
        ),
        (
            "epoch_updates=20",
            "epoch_updates: of the full batch each update is an epoch; write batch_size too",
        ),
        (
            "epoch_updates=-1",
            "epoch_updates: expected updates, got `-1`",
        ),
        (
            "scored_size=20",
            "scored_size: of the full batch each update scores all training rows",
        ),
        (
            "norm_start=3",
            "norm_start: says what weight_norm holds, which is 0",
        ),
    ] {
        let error = RunSpec::from_overrides([word])
            .unwrap()
            .resolve()
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{word}: {error}");
    }
    assert!(
        RunSpec::from_overrides(["width"])
            .unwrap_err()
            .to_string()
            .contains("key=value")
    );
}

#[test]
fn keys_that_contradict_are_both_named() {
    for (words, expected) in [
        (
            ["train_size=10", "train_fraction=0.5"],
            "train_fraction: is given beside train_size",
        ),
        (
            ["split_file=a.csv", "train_multiplier=2"],
            "train_multiplier: is given beside split_file",
        ),
        (["lr=1", "lr=2"], "lr: is given twice, as `1` and as `2`"),
    ] {
        let error = RunSpec::from_overrides(words).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        let file = RunSpec::from_toml(&words.join("\n").replace("a.csv", "'a.csv'"));
        assert!(file.is_err(), "{words:?}");
    }
    // What comes later by another way wins.
    let mut spec = RunSpec::from_toml("train_size = 10\nlr = 1").unwrap();
    spec.merge(RunSpec::from_overrides(["train_fraction=0.5", "lr=2"]).unwrap());
    let plan = spec.resolve().unwrap();
    assert_eq!((plan.train, plan.lr), (TrainShare::Fraction(0.5), 2.0));
}

#[test]
fn lists_may_stand_in_brackets_and_epochs_are_put_in_order() {
    let words = [
        "betas=[0.5, 0.6]",
        "checkpoints=[9,3,3]",
        "milestones=700,20",
        "probes=[\"spectrum\",'gram']",
    ];
    let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
    assert_eq!((plan.betas, plan.checkpoints), ([0.5, 0.6], vec![3, 9]));
    assert_eq!(plan.milestones, [20, 700]);
    assert_eq!(plan.probes, ["spectrum", "gram"]);
}

#[test]
fn whole_numbers_may_be_written_in_scientific_notation() {
    let plan = RunSpec::from_overrides(["epochs=1e3"])
        .unwrap()
        .resolve()
        .unwrap();
    assert_eq!(plan.epochs, 1000);
}

#[test]
fn a_held_norm_is_a_multiple_of_what_is_known() {
    let plan = |words: &[&str]| RunSpec::from_overrides(words).unwrap().resolve();
    let error = plan(&["weight_norm=1.1", "from=r"])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("weight_norm: has no initial weights"),
        "{error}"
    );
    for bad in ["norm_reference=0", "norm_reference=inf"] {
        let error = plan(&["weight_norm=1", bad]).unwrap_err().to_string();
        assert!(error.contains("norm_reference: is"), "{error}");
    }
    let words = [
        "from=r",
        "norm_reference=41.5",
        "norm_start=500",
        "weight_norm=1.1",
    ];
    let held = plan(&words).unwrap();
    assert_eq!(held.to_overrides(), words);
    let stored: RunPlan = toml::from_str(&toml::to_string(&held).unwrap()).unwrap();
    assert_eq!(stored, held);
    // Plans without them are written, and hashed, as before.
    let plain = toml::to_string(&plan(&["weight_norm=1.1"]).unwrap()).unwrap();
    let new = ["from", "norm_reference", "norm_start"];
    assert!(
        new.iter()
            .all(|key| !plain.lines().any(|l| l.starts_with(key))),
        "{plain}"
    );
}
