//! The program as a person runs it: results, refusals, interruptions.

mod common;

use common::{dunwu, output};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A run of about a second.
const SMALL: &[&str] = &[
    "task=Z11",
    "width=96",
    "train_fraction=0.8",
    "lr=5e-3",
    "epochs=300",
    "probe_every=50",
];

/// The small run, with what is changed of it: a key is given once.
fn train(extra: &[&str]) -> Vec<String> {
    let key = |word: &str| word.split('=').next().unwrap_or_default().to_owned();
    let kept = |word: &&&str| extra.iter().all(|e| key(e) != key(word));
    let small = SMALL.iter().filter(kept).copied();
    let words = ["train"]
        .into_iter()
        .chain(small)
        .chain(extra.iter().copied());
    words.map(str::to_owned).collect()
}

fn words(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

#[test]
fn training_prints_the_json_of_the_contract_and_writes_a_page() {
    let dir = tempfile::tempdir().unwrap();
    let out = output(
        dir.path(),
        &words(&train(&["seeds=2", "--out", "r", "--json", "--quiet"])),
    );
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let json: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(
        (json["task"].as_str(), json["dir"].as_str()),
        (Some("Z11"), Some("r"))
    );
    assert!(json["plan"].is_object() && json["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(json["runs"].as_array().unwrap().len(), 2);
    for run in json["runs"].as_array().unwrap() {
        assert_eq!(run["epochs"], 300);
        for key in ["train_acc", "test_acc", "train_loss", "test_loss"] {
            assert!(run["final"][key].is_f64(), "{key}");
        }
        assert!(run["epochs_to"]["train_99"].is_u64());
        assert!(
            run["epochs_to"].get("test_50").is_some() && run["epochs_to"].get("test_99").is_some()
        );
        assert!(run["sustained"].get("test_99").is_some());
        assert!(run["stages"][0]["name"] == "lazy" && run["stages"][0].get("by").is_some());
        assert_eq!(run["stopped"], "completed");
    }
    let page = std::fs::read_to_string(dir.path().join("r/report.html")).unwrap();
    assert!(page.contains("Z11") && page.len() > 50_000);
    std::fs::remove_file(dir.path().join("r/report.html")).unwrap();
    assert!(output(dir.path(), &["report", "r"]).status.success());
    assert_eq!(
        std::fs::read_to_string(dir.path().join("r/report.html")).unwrap(),
        page
    );
    let inspected = output(dir.path(), &["inspect", "r", "--json"]);
    let inspected: Value = serde_json::from_slice(&inspected.stdout).unwrap();
    assert_eq!(inspected["runs"], json["runs"]);
}

#[test]
fn every_bad_input_has_its_own_message_and_exit_code_2() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("square.csv", "0,1\n0,1\n");
    write("empty.csv", "");
    write("bad.toml", "width = [1");
    write("unknown.toml", "widht = 3");
    write("nested.toml", "[plan]\nwidth = 3");
    write("twice.toml", "train_size = 3\ntrain_fraction = 0.5");
    write("object.json", "{\"a\": 1}");
    write("file", "");
    std::fs::create_dir(dir.path().join("full")).unwrap();
    write("full/file", "precious");
    for (words, expected) in [
        (vec!["train", "widht=3"], "did you mean `width`?"),
        (vec!["train", "width"], "key=value"),
        (vec!["train", "width=wide"], "expected integer, got `wide`"),
        (
            vec!["train", "train_fraction=1.5"],
            "train_fraction: is 1.5",
        ),
        (
            vec!["train", "train_fraction=0.0000001"],
            "leaves no row of 5041 to train on",
        ),
        (
            vec!["train", "train_size=6000"],
            "asks for 6000 rows, but there are 5041",
        ),
        (
            vec!["train", "task=x/y mod 96"],
            "needs a prime modulus, and 96 is none",
        ),
        (vec!["train", "task=table:square.csv"], "is no Latin square"),
        (vec!["train", "task=table:empty.csv"], "is empty"),
        (
            vec!["train", "task=table:missing.csv"],
            "`missing.csv` cannot be read",
        ),
        (
            vec!["train", "task=Banana"],
            "got `Banana`, which is no group",
        ),
        (vec!["train", "activation=reluu"], "did you mean `relu`?"),
        (vec!["train", "probes=spectrm"], "did you mean `spectrum`?"),
        (vec!["train", "optimizer=adm"], "did you mean `adam`?"),
        (
            vec!["train", "width=16000000", "hidden_layers=2"],
            "the plan needs",
        ),
        (
            vec!["train", "width=18446744073709551615"],
            "must be from 1 to 16777216",
        ),
        (
            vec!["train", "epochs=18446744073709551615"],
            "epochs: is 18446744073709551615, must be at most",
        ),
        (
            vec!["train", "epochs=99999999999999999999"],
            "epochs: expected integer",
        ),
        (
            vec!["train", "--config", "missing.toml"],
            "cannot read missing.toml",
        ),
        (vec!["train", "--config", "bad.toml"], "is not TOML"),
        (
            vec!["train", "--config", "unknown.toml"],
            "did you mean `width`?",
        ),
        (vec!["train", "--config", "nested.toml"], "one flat table"),
        (vec!["train", "--out", "full"], "full is not empty"),
        (vec!["train", "--resume", "full"], "full holds no run"),
        (vec!["train", "--resume", "nowhere"], "nowhere holds no run"),
        (vec!["report", "full"], "full holds no run"),
        (vec!["inspect", "nowhere"], "nowhere holds no run"),
        (vec!["trian"], "unrecognized subcommand"),
        (
            vec!["train", "seeds=9007199254740992"],
            "seeds: is 9007199254740992, must be from 1 to 10000",
        ),
        (vec!["train", "seeds=1e9"], "must be from 1 to 10000"),
        (
            vec!["train", "lr=1", "lr=2"],
            "lr: is given twice, as `1` and as `2`",
        ),
        (
            vec!["train", "train_size=9", "train_fraction=0.5"],
            "train_fraction: is given beside train_size",
        ),
        (
            vec!["train", "--config", "twice.toml"],
            "is given beside train_fraction",
        ),
        (
            vec!["train", "task=table:object.json"],
            "is an object of JSON; expected an array of rows",
        ),
        (
            vec!["train", "task=table:/dev/zero"],
            "file `/dev/zero` cannot be read: it is larger than 128.0 MB",
        ),
        (
            vec!["train", "split_file=/dev/zero"],
            "split_file: file `/dev/zero` cannot be read",
        ),
        (
            vec!["train", "--config", "/dev/zero"],
            "cannot read /dev/zero: it is larger than 1.0 MB",
        ),
        (
            vec!["train", "task=Z4096", "width=1000000"],
            "the plan needs",
        ),
        (vec!["train", "--out", ""], "it is empty; name a directory"),
        (vec!["inspect", ""], "it is empty; name a directory"),
        (
            vec!["train", "lr=inf"],
            "lr: is inf, must be a finite number, 0 or more",
        ),
        (
            vec!["train", "epochs=10", "checkpoints=11"],
            "names epoch 11, but the run ends at 10",
        ),
        (
            vec!["train", "milestones=5,5"],
            "milestones: names pass 5 twice",
        ),
        (
            vec!["inspect", "file"],
            "file: is a file; name a run directory",
        ),
    ] {
        let out = output(dir.path(), &words);
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{words:?}: {text}");
        assert!(text.contains(expected), "{words:?}: {text}");
        assert!(text.matches("os error").count() < 2, "{words:?}: {text}");
        assert!(out.stdout.is_empty(), "{words:?}");
    }
    assert_eq!(
        std::fs::read_to_string(dir.path().join("full/file")).unwrap(),
        "precious"
    );
    assert_eq!(
        std::fs::read_dir(dir.path().join("full")).unwrap().count(),
        1
    );
}

#[test]
fn a_diverging_run_is_a_result_that_names_epoch_and_tensor() {
    let dir = tempfile::tempdir().unwrap();
    let more = ["optimizer=sgd", "lr=1e7", "--out", "r", "--json", "--quiet"];
    let out = output(dir.path(), &words(&train(&more)));
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let json: Value = serde_json::from_slice(&out.stdout).unwrap();
    let stopped = json["runs"][0]["stopped"].as_str().unwrap();
    assert!(
        stopped.starts_with("diverged at epoch ") && stopped.ends_with("is not finite"),
        "{stopped}"
    );
    assert_eq!(json["runs"][0]["fate"]["name"], "diverged");
}

#[test]
fn a_run_is_not_judged_by_more_than_it_shows() {
    let dir = tempfile::tempdir().unwrap();
    for (word, fate, advice) in [
        ("epochs=50", "cannot tell", "not followed for long"),
        ("epochs=0", "cannot tell", "No update was made"),
        ("epochs=3", "cannot tell", "Raise epochs"),
        ("weight_decay=1e30", "stuck lazy", "Lower weight_decay"),
        ("lr=0", "stuck lazy", "is 0. Raise lr"),
    ] {
        let out = format!("--out={word}");
        let mut words = vec!["train", "width=512", word, &out, "--json", "--quiet"];
        if !word.starts_with("epochs") {
            words.push("epochs=60");
        }
        let json: Value = serde_json::from_slice(&output(dir.path(), &words).stdout).unwrap();
        let run = &json["runs"][0];
        assert_eq!(run["fate"]["name"], fate, "{word}: {run}");
        let said = run["sentences"].to_string();
        assert!(said.contains(advice), "{word}: {said}");
    }
}

/// Everything that must be the same bits: final weights and readings.
fn bits(run: &Path) -> (Vec<u8>, Value) {
    let last = run.join("checkpoints/seed-0/epoch-00003000.safetensors");
    let out = output(run, &["inspect", ".", "--json"]);
    let json: Value = serde_json::from_slice(&out.stdout).unwrap();
    (std::fs::read(last).unwrap(), json["runs"].clone())
}

fn long(dir: &str) -> Vec<String> {
    // Saved often, so that the kills fall before, between and amid saves.
    train(&["epochs=3000", "save_seconds=0.02", "--quiet", dir])
}

#[test]
fn killed_and_interrupted_runs_go_on_to_the_same_bits() {
    let dir = tempfile::tempdir().unwrap();
    assert!(
        output(dir.path(), &words(&long("--out=whole")))
            .status
            .success()
    );
    let whole = bits(&dir.path().join("whole"));
    let started = Instant::now();
    let mut child = dunwu(dir.path(), &words(&long("--out=cut")))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(400));
    let second = output(dir.path(), &words(&long("--out=cut")));
    if child.try_wait().unwrap().is_none() {
        assert_eq!(second.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&second.stderr).contains("is in use by process"));
    }
    let interrupt = |child: &std::process::Child| {
        let status = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(status.unwrap().success());
    };
    interrupt(&child);
    let code = child.wait().unwrap().code();
    assert!(
        code == Some(3) || started.elapsed() > Duration::from_millis(500),
        "{code:?}"
    );
    let differs = output(dir.path(), &["train", "--resume", "cut", "lr=0.1"]);
    assert_eq!(differs.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&differs.stderr).contains("begun with another plan than lr=0.1")
    );
    for wait in [150, 350, 250] {
        let mut child = dunwu(dir.path(), &["train", "--resume", "cut", "--quiet"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        if wait == 350 {
            interrupt(&child);
        } else {
            child.kill().unwrap();
        }
        child.wait().unwrap();
    }
    assert!(
        output(
            dir.path(),
            &["train", "--resume", "cut", "--quiet", "threads=1"]
        )
        .status
        .success()
    );
    let cut = bits(&dir.path().join("cut"));
    assert!(whole.0 == cut.0, "the final weights differ");
    assert_eq!(whole.1, cut.1);
}

#[test]
fn help_lists_what_the_tables_hold_and_a_closed_pipe_is_no_crash() {
    let dir = tempfile::tempdir().unwrap();
    let out = output(dir.path(), &["train", "--help"]);
    let text = String::from_utf8(out.stdout).unwrap();
    for word in [
        "weight_decay",
        "relu_square",
        "muon",
        "stablemax",
        "update_spectrum",
        "parity(40,3)",
        "Exit codes",
    ] {
        assert!(text.contains(word), "{word}");
    }
    assert!(
        text.lines().all(|l| l.chars().count() <= 100),
        "help fits a terminal"
    );
    let mut child = dunwu(dir.path(), &["train", "--help"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(
        !String::from_utf8_lossy(&child.wait_with_output().unwrap().stderr).contains("panicked")
    );
}
