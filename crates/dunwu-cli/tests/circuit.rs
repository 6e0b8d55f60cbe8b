//! `dunwu inspect` of transformers.

mod common;

use common::output;
use serde_json::Value;

const SMALL: [&str; 6] = [
    "model=transformer",
    "model_width=16",
    "heads=2",
    "mlp_width=24",
    "threads=1",
    "probes=none",
];

#[test]
fn a_transformer_is_looked_into_by_run_by_checkpoint_and_by_file() {
    let dir = tempfile::tempdir().unwrap();
    let words = ["task=Z7", "train_fraction=0.6", "epochs=40"];
    let train = [&["train"], &SMALL[..], &words, &["--out", "r", "--quiet"]].concat();
    assert!(output(dir.path(), &train).status.success());
    let out = output(dir.path(), &["inspect", "r"]);
    let text = String::from_utf8(out.stdout).unwrap();
    for part in [
        "chance is a loss of 1.9459 and 14.29 % right answers",
        "\n  all key features ",
        "\n  all but key features ",
        "Of the 24 hidden nodes of layer 0, ",
        "losses by epoch, with the key features of the last",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(out.stderr.is_empty());
    let json = |words: &[&str]| -> Value {
        let words = [&["inspect"], words, &["--json"]].concat();
        serde_json::from_slice(&output(dir.path(), &words).stdout).unwrap()
    };
    let run = json(&["r"]);
    let keys = run["circuit"]["keys"].as_array().unwrap();
    assert!(!keys.is_empty() && run.get("microscope").is_none());
    let kept = std::fs::read(dir.path().join("r/circuit.json")).unwrap();
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(kept["keys"], run["circuit"]["keys"]);
    let file = "r/checkpoints/seed-0/epoch-00000040.safetensors";
    let one = json(&[file]);
    assert_eq!(one["circuit"]["keys"], run["circuit"]["keys"]);
    std::fs::copy(dir.path().join(file), dir.path().join("net.safetensors")).unwrap();
    let alone = json(&[&["net.safetensors"], &SMALL[..], &words].concat());
    assert_eq!(alone["circuit"]["keys"], run["circuit"]["keys"]);
}

/// A record of another plan, or a damaged one, is not drawn; that nothing can be named is no failure.
#[test]
fn what_cannot_be_shown_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let words = ["task=sum(7,3)", "epochs=2", "--out", "r", "--quiet"];
    let train = [&["train"], &SMALL[..], &words].concat();
    assert!(output(dir.path(), &train).status.success());
    let out = output(dir.path(), &["inspect", "r"]);
    let text = String::from_utf8(out.stdout).unwrap();
    let why = "no look into the network: there is nothing to name its outputs by";
    assert!(out.status.success() && text.contains(why), "{text}");
    let out = output(dir.path(), &["inspect", "r", "--json"]);
    let json: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert!(
        json["no_microscope"]
            .as_str()
            .unwrap()
            .contains("nothing to name")
    );
    for (name, epochs) in [("p", "epochs=2"), ("q", "epochs=3")] {
        let words = ["task=Z7", epochs, "--out", name, "--quiet"];
        let train = [&["train"], &SMALL[..], &words].concat();
        assert!(output(dir.path(), &train).status.success());
        assert!(output(dir.path(), &["inspect", name]).status.success());
    }
    let page = || {
        assert!(output(dir.path(), &["report", "q"]).status.success());
        std::fs::read_to_string(dir.path().join("q/report.html")).unwrap()
    };
    assert!(page().contains("What the answers lose"));
    let (from, to) = (
        dir.path().join("p/circuit.json"),
        dir.path().join("q/circuit.json"),
    );
    std::fs::copy(from, &to).unwrap();
    let other = page();
    assert!(other.contains("circuit.json was made by a run of another plan"));
    assert!(!other.contains("What the answers lose"));
    std::fs::write(&to, "{").unwrap();
    let damaged = page();
    assert!(damaged.contains("circuit.json") && !damaged.contains("What the answers lose"));
}
