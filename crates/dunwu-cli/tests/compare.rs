//! `dunwu compare`, as a person runs it.

mod common;

use common::{dunwu as command, output as dunwu};
use serde_json::Value;
use std::path::Path;

/// A comparison that takes a fraction of a second.
const SMALL: [&str; 9] = [
    "compare",
    "optimizer=adam,sgd",
    "task=Z5",
    "width=32",
    "train_fraction=0.8",
    "epochs=120",
    "seeds=6",
    "tune=lr:0.005:0.02:2",
    "tune_seeds=1",
];

fn json(dir: &Path, words: &[&str]) -> Value {
    let out = dunwu(dir, words);
    let error = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{words:?}: {error}");
    serde_json::from_slice(&out.stdout).unwrap()
}

fn refused(words: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let out = dunwu(dir.path(), words);
    assert_eq!(out.status.code(), Some(2), "{words:?}");
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert!(
        left == 0 || !dir.path().join("c").exists(),
        "{words:?} leaves a directory"
    );
    String::from_utf8(out.stderr).unwrap()
}

/// The lines of finished runs, sorted, without the time they took.
fn finished(dir: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(dir.join("runs.jsonl")).unwrap();
    let mut out: Vec<String> = text
        .lines()
        .map(|line| {
            let mut value: Value = serde_json::from_str(line).unwrap();
            value.as_object_mut().unwrap().remove("seconds");
            value.to_string()
        })
        .collect();
    out.sort();
    out
}

/// What was found, without what depends on clock and place.
fn findings(mut value: Value) -> Value {
    let object = value.as_object_mut().unwrap();
    for key in ["seconds", "provenance", "dir", "page", "command"] {
        object.remove(key);
    }
    for side in value["sides"].as_array_mut().unwrap() {
        side.as_object_mut().unwrap().remove("seconds_per_run");
    }
    value
}

#[test]
fn a_comparison_has_the_fields_of_the_contract_and_a_page() {
    let dir = tempfile::tempdir().unwrap();
    let found = json(
        dir.path(),
        &[&SMALL[..], &["--json", "--quiet", "--out", "c"]].concat(),
    );
    let sides = found["sides"].as_array().unwrap();
    let names: Vec<&str> = sides.iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["adam", "sgd", "adam, lr × 3"]);
    let (lr, control) = (&sides[0]["lr"], &sides[2]["lr"]);
    assert!((control.as_f64().unwrap() / lr.as_f64().unwrap() - 3.0).abs() < 1e-12);
    assert_eq!(found["pairing"]["split"], true);
    assert_eq!(
        found["pairing"]["start"],
        serde_json::json!(["hidden.0", "readout"])
    );
    assert_eq!(
        (&found["budget"], &found["keys"]),
        (&120.into(), &serde_json::json!(["optimizer"]))
    );
    assert_eq!(found["tuning_seeds"], serde_json::json!([10_000]));
    for side in sides {
        assert_eq!(side["runs"].as_array().unwrap().len(), 6);
        assert!(side["runs"][0]["epochs_to"].get("test_99").is_some());
        assert!(side["runs"][0]["sustained"].get("test_50").is_some());
    }
    let tried: Vec<_> = sides[..2]
        .iter()
        .map(|s| s["tuning"]["tried"].as_array().unwrap())
        .collect();
    assert!(
        tried
            .iter()
            .all(|t| t.len() == 2 && t[0]["runs"].as_array().unwrap().len() == 1)
    );
    let measures = found["measures"].as_array().unwrap();
    assert_eq!(measures.len(), 4);
    for m in measures {
        assert_eq!(m["pairs"].as_array().unwrap().len(), 3);
        assert!(m["log_rank"]["p"].is_number() && m["pairs"][0]["sign_p"].is_number());
    }
    assert!(
        found["no_gradients"]
            .as_str()
            .unwrap()
            .contains("same loss")
    );
    let pairs = found["representations"]["pairs"].as_array().unwrap();
    let paired = pairs.iter().filter(|p| p["kind"] == "paired").count();
    assert_eq!(
        (
            paired,
            found["representations"]["seeds"].as_array().unwrap().len()
        ),
        (10, 5)
    );
    assert!(!found["conclusions"].as_array().unwrap().is_empty());
    for file in [
        "index.html",
        "compare.json",
        "runs.jsonl",
        "figures/pairs.svg",
        "figures/tuning.svg",
    ] {
        assert!(dir.path().join("c").join(file).exists(), "{file}");
    }
    // The page can be made again from the record alone, and is the same.
    let page = dir.path().join("c/index.html");
    let before = std::fs::read(&page).unwrap();
    std::fs::remove_file(&page).unwrap();
    assert!(dunwu(dir.path(), &["report", "c"]).status.success());
    assert!(std::fs::read(&page).unwrap() == before);
}

#[test]
fn runs_are_those_of_training_with_the_chosen_rate() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "compare",
        "optimizer=adam,adamw",
        "task=Z5",
        "width=32",
        "train_fraction=0.8",
        "epochs=120",
        "seeds=2",
        "tune=lr:0.01",
        "tune_seeds=1",
        "--json",
        "--quiet",
    ];
    let found = json(dir.path(), &words);
    let words = [
        "train",
        "optimizer=adamw",
        "task=Z5",
        "width=32",
        "train_fraction=0.8",
        "epochs=120",
        "seeds=2",
        "lr=0.01",
        "--json",
        "--quiet",
    ];
    let trained = json(dir.path(), &words);
    for seed in 0..2 {
        let (ours, theirs) = (&found["sides"][1]["runs"][seed], &trained["runs"][seed]);
        assert_eq!(ours["epochs_to"], theirs["epochs_to"]);
        assert_eq!(ours["sustained"]["test_99"], theirs["sustained"]["test_99"]);
        let loss = |v: &Value| v["final"]["test_loss"].as_f64().unwrap();
        assert!((loss(ours) - loss(theirs)).abs() <= 1e-12 * loss(theirs).abs());
    }
}

#[test]
fn an_interrupted_comparison_goes_on_without_doing_anything_twice() {
    let keep = tempfile::tempdir().unwrap();
    let longer = SMALL.map(|w| {
        if w.starts_with("epochs=") {
            "epochs=1500"
        } else {
            w
        }
    });
    let whole = json(
        keep.path(),
        &[&longer[..], &["--json", "--quiet", "--out", "whole"]].concat(),
    );
    let all = finished(&keep.path().join("whole"));
    // Kill it as soon as some runs are finished, tear the last line, go on.
    let part = keep.path().join("part");
    let mut child = command(
        keep.path(),
        &[&longer[..], &["--quiet", "--out", "part", "threads=1"]].concat(),
    )
    .spawn()
    .unwrap();
    let lines =
        || std::fs::read_to_string(part.join("runs.jsonl")).map_or(0, |t| t.lines().count());
    for _ in 0..2000 {
        if lines() >= 3 || child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let mut text = std::fs::read_to_string(part.join("runs.jsonl")).unwrap();
    let before = text.lines().count();
    assert!(
        before >= 3 && before < all.len(),
        "{before} of {}",
        all.len()
    );
    text += "{\"plan\":\"torn";
    std::fs::write(part.join("runs.jsonl"), text).unwrap();
    let resumed = json(
        keep.path(),
        &["compare", "--resume", "part", "--json", "--quiet"],
    );
    assert_eq!(finished(&part), all);
    let (a, b) = (findings(resumed), findings(whole));
    assert!(a["measures"] == b["measures"] && a["representations"] == b["representations"]);
    assert_eq!(a["conclusions"], b["conclusions"]);
    // Once more: nothing is left to do, and another comparison is not taken for this one.
    let size = |p: &str| std::fs::metadata(part.join(p)).unwrap().len();
    let length = size("runs.jsonl");
    let mut same = longer.to_vec();
    same.extend(["threads=2", "--resume", "part", "--json", "--quiet"]);
    json(keep.path(), &same);
    assert_eq!(size("runs.jsonl"), length);
    let out = dunwu(
        keep.path(),
        &["compare", "optimizer=adam,muon", "--resume", "part"],
    );
    let error = String::from_utf8(out.stderr).unwrap();
    assert!(
        out.status.code() == Some(2)
            && error.contains("was begun with another plan than optimizer=adam,muon"),
        "{error}"
    );
    // A line that was spoilt later is named.
    let text = std::fs::read_to_string(part.join("runs.jsonl")).unwrap();
    std::fs::write(
        part.join("runs.jsonl"),
        text.replacen("{\"plan\"", "{\"pl", 1),
    )
    .unwrap();
    let out = dunwu(keep.path(), &["compare", "--resume", "part"]);
    let error = String::from_utf8(out.stderr).unwrap();
    assert!(
        !out.status.success() && error.contains("runs.jsonl") && error.contains("line 1"),
        "{error}"
    );
}

#[test]
fn losses_are_asked_whether_one_can_stand_for_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "compare",
        "loss=mse_centred,cross_entropy",
        "task=Z5",
        "width=32",
        "train_fraction=0.8",
        "epochs=60",
        "seeds=2",
        "tune=off",
        "--json",
        "--quiet",
        "--out",
        "c",
    ];
    let found = json(dir.path(), &words);
    let along = found["gradients"]["along"].as_array().unwrap();
    assert_eq!(along.len(), 2);
    for way in along {
        for at in ["weights", "activations"] {
            let all = way[at].as_array().unwrap();
            assert!(all.len() > 10 && all[0]["epoch"] == 0, "{at}");
            for c in all {
                let mean = c["mean"].as_f64().unwrap();
                assert!((-1.0..=1.0).contains(&mean));
            }
        }
    }
    // At the start outputs are small: softmax is nearly uniform, and both losses pull like Y − 1/M.
    let first = along[0]["activations"][0]["mean"].as_f64().unwrap();
    assert!(first > 0.99, "{first}");
    assert!(found["finals"][1]["incomparable"].is_string());
    let said = found["conclusions"].to_string();
    assert!(
        said.contains("Learning rates were given, not tuned")
            && said.contains("2 seeds are too few"),
        "{said}"
    );
    assert!(dir.path().join("c/figures/gradients.svg").exists());
}

#[test]
fn sides_with_other_shapes_and_rows_are_told_apart_from_pairs() {
    let dir = tempfile::tempdir().unwrap();
    let shared = [
        "epochs=20",
        "seeds=2",
        "tune=off",
        "train_fraction=0.8",
        "--json",
        "--quiet",
    ];
    let widths = json(
        dir.path(),
        &[&["compare", "width=16,32", "task=Z5"][..], &shared].concat(),
    );
    assert_eq!(widths["pairing"]["split"], true);
    assert_eq!(widths["pairing"]["start"], serde_json::json!([]));
    assert!(
        widths["conclusions"]
            .to_string()
            .contains("do not begin with the same weights")
    );
    let tasks = json(
        dir.path(),
        &[&["compare", "task=Z5,Z6", "width=16"][..], &shared].concat(),
    );
    assert_eq!(tasks["pairing"]["split"], false);
    assert!(
        tasks["no_representations"]
            .as_str()
            .unwrap()
            .contains("different rows")
    );
    let diverging = json(
        dir.path(),
        &[
            &[
                "compare",
                "a:lr=1e30",
                "b:",
                "task=Z5",
                "width=16",
                "optimizer=sgd",
            ][..],
            &shared,
        ]
        .concat(),
    );
    assert_eq!(diverging["sides"][0]["runs"][0]["diverged"], true);
    assert!(
        !diverging["representations"]["left_out"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn features_of_transformers_are_named_by_their_hidden_nodes() {
    let dir = tempfile::tempdir().unwrap();
    let words = "compare model=transformer task=Z11 model_width=32 heads=2 train_fraction=0.9 lr=5e-3 epochs=1500 \
                 eval_every=50 seeds=2 tune=off weight_decay=1,2 --json --quiet";
    let of = |more: &str| {
        let words: Vec<&str> = words.split_whitespace().chain([more]).collect();
        json(dir.path(), &words)["representations"].clone()
    };
    let found = of("mlp_width=64");
    assert_eq!(found["features"].as_array().unwrap().len(), 5);
    assert!(found["no_features"].is_null());
    let covered = found["covered"].as_array().unwrap();
    assert_eq!(covered.len(), 6);
    for network in covered {
        let nodes = network["nodes"].as_array().unwrap();
        let held = nodes.iter().filter(|n| n.as_u64() > Some(0)).count();
        assert!(held >= 1, "{network}");
    }
    let pairs = found["pairs"].as_array().unwrap();
    assert!(pairs.iter().all(|p| p["features"]["jaccard"].is_f64()));
    let none = of("mlp_width=0");
    assert!(
        none["no_features"]
            .as_str()
            .unwrap()
            .contains("hidden nodes")
    );
}

#[test]
fn what_makes_no_comparison_is_refused() {
    for (words, part) in [
        (
            vec!["compare", "task=Z5"],
            "nothing differs; give a key two values",
        ),
        (
            vec!["compare", "a:lr=1e-2", "--out", "c"],
            "there is one, `a`; give a second",
        ),
        (
            vec!["compare", "optimizer=adam,adam"],
            "two are called `adam`",
        ),
        (vec!["compare", "a:lr=1e-3", "b:"], "do not differ"),
        (
            vec!["compare", "optimzer=adam,muon"],
            "did you mean `optimizer`?",
        ),
        (
            vec!["compare", "optimizer=adam,muon", "seeds=1"],
            "one pair says nothing of chance",
        ),
        (
            vec!["compare", "optimizer=adam,muon", "seeds=99999999"],
            "from 1 to 10000",
        ),
        (
            vec!["compare", "optimizer=adam,muon", "seed=9007199254740990"],
            "leaves no seeds behind it",
        ),
        (
            vec!["compare", "lr=1e-3,1e-2", "tune=lr:1e-4:1e-2:3"],
            "leave one of the two out",
        ),
        (
            vec!["compare", "optimizer=adam,muon", "epochs=10,20"],
            "cannot differ between sides",
        ),
        (vec!["compare", "--resume", "nowhere"], "nowhere"),
        (
            vec![
                "compare",
                "hidden_layers=1,2",
                "weights=complex",
                "task=Z5",
                "--out",
                "c",
            ],
            "hidden_layers",
        ),
        (
            vec!["compare", "optimizer=adam,muon", "task=Zx", "--out", "c"],
            "Zx",
        ),
    ] {
        let error = refused(&words);
        assert!(error.contains(part), "{words:?}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn a_directory_that_holds_something_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("c")).unwrap();
    std::fs::write(dir.path().join("c/mine"), "x").unwrap();
    let out = dunwu(dir.path(), &[&SMALL[..], &["--out", "c"]].concat());
    assert_eq!(out.status.code(), Some(2));
    assert_eq!(
        std::fs::read_to_string(dir.path().join("c/mine")).unwrap(),
        "x"
    );
}

#[test]
fn the_text_fits_eighty_columns_where_words_do_not_wrap() {
    let dir = tempfile::tempdir().unwrap();
    let out = dunwu(dir.path(), &[&SMALL[..], &["--quiet"]].concat());
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(
        text.contains("median epoch (runs)")
            && text.contains("\nnot shown\n")
            && text.contains("page: runs/compare-optimizer-Z5-1/index.html"),
        "{text}"
    );
    let tables = text.lines().filter(|l| !l.starts_with("  "));
    let wide: Vec<&str> = tables.filter(|l| l.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}
