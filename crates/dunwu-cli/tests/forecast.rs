//! `dunwu forecast` as a person runs it.

mod common;

use common::{dunwu, output};
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;

/// A log whose loss falls as 1 + 2/√step.
fn falling(steps: u32) -> String {
    let row = |s: u32| format!("{s},{},{}\n", 1.0 + 2.0 / f64::from(s).sqrt(), 1e-3);
    let rows: String = (1..=steps).map(row).collect();
    format!("step,val_loss,lr\n{rows}")
}

fn json(out: &std::process::Output) -> Value {
    let text = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{text}");
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn the_json_of_the_contract_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.csv"), falling(60)).unwrap();
    let words = [
        "forecast",
        "a.csv",
        "at=30",
        "horizon=60",
        "better_than=1.3",
        "--json",
    ];
    let told = json(&output(dir.path(), &words));
    let run = &told["runs"][0];
    assert_eq!(
        (run["id"].as_str(), run["metric"].as_str()),
        (Some("a.csv"), Some("val_loss"))
    );
    assert_eq!(
        (
            run["seen"]["points"].as_u64(),
            run["seen"]["last_step"].as_f64()
        ),
        (Some(30), Some(30.0))
    );
    assert_eq!(
        (run["horizon"].as_f64(), &run["jump"]),
        (Some(60.0), &Value::Null)
    );
    let quantile = |name: &str| run["final"][name].as_f64().unwrap();
    let names = ["q05", "q25", "q50", "q75", "q95"];
    assert!(names.windows(2).all(|w| quantile(w[0]) <= quantile(w[1])));
    let end = 1.0 + 2.0 / 60_f64.sqrt();
    assert!(quantile("q05") < end && end < quantile("q95"), "{run}");
    assert!(
        run["p_better"].as_f64().unwrap() > 0.5 && run["decision"] == "continue",
        "{run}"
    );
    assert!(run["novelty"].is_f64() && run["reason"].as_str().unwrap().contains("better than 1.3"));
    assert_eq!(run["path"].as_array().unwrap().len(), 16);
}

#[test]
fn a_folder_makes_a_table_and_standard_input_is_read() {
    let dir = tempfile::tempdir().unwrap();
    for (name, steps) in [("a.csv", 20), ("b.csv", 3)] {
        std::fs::write(dir.path().join(name), falling(steps)).unwrap();
    }
    let out = output(dir.path(), &["forecast", "."]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(
        text.lines().nth(2).unwrap().ends_with("continue?"),
        "{text}"
    );
    let mut child = dunwu(
        dir.path(),
        &[
            "forecast",
            "-",
            "pattern=at (?<step>\\d+): (?<loss>\\S+)",
            "--json",
        ],
    )
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    let lines: String = (1..9)
        .map(|s| format!("noise\nat {s}: {}\n", 1.0 / f64::from(s)))
        .collect();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    let told = json(&child.wait_with_output().unwrap());
    assert_eq!(
        (
            told["runs"][0]["id"].as_str(),
            told["runs"][0]["seen"]["points"].as_u64()
        ),
        (Some("standard input"), Some(8))
    );
}

#[test]
fn a_run_directory_of_our_own_is_forecast_to_the_end_of_its_plan() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "train",
        "task=Z11",
        "width=96",
        "train_fraction=0.5",
        "epochs=200",
        "--out",
        "r",
        "--quiet",
    ];
    assert!(output(dir.path(), &words).status.success());
    let told = json(&output(dir.path(), &["forecast", "r", "at=60", "--json"]));
    let run = &told["runs"][0];
    assert_eq!(
        (run["metric"].as_str(), run["horizon"].as_f64()),
        (Some("test_acc"), Some(200.0))
    );
    assert_eq!(run["seen"]["last_step"].as_f64(), Some(60.0));
}

#[test]
fn what_cannot_be_asked_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.csv"), falling(20)).unwrap();
    for (words, says) in [
        (
            vec!["nowhere.csv"],
            "nowhere.csv: there is no such file or directory",
        ),
        (
            vec!["a.csv", "horizn=3"],
            "horizn: is no key of a forecast; its keys are at,",
        ),
        (
            vec!["a.csv", "horizon=soon"],
            "horizon: is `soon`, must be a finite number",
        ),
        (
            vec!["a.csv", "horizon=3", "horizon=4"],
            "horizon: is given twice",
        ),
        (
            vec!["a.csv", "format=xls"],
            "must be one of csv, events, json, mlflow, run, text",
        ),
        (
            vec!["a.csv", "sense=up"],
            "sense: is `up`, must be loss or score",
        ),
        (
            vec!["a.csv", "metric=acc"],
            "it has no metric `acc`; it has lr, val_loss",
        ),
        (vec!["at=3"], "no log is named"),
        (vec!["a.csv", "pattern=("], "the pattern cannot be used"),
    ] {
        let words: Vec<&str> = ["forecast"].into_iter().chain(words).collect();
        let out = output(dir.path(), &words);
        let text = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{words:?}: {text}");
        assert!(text.contains(says), "{words:?}: {text}");
    }
}
