//! `dunwu diagnose` as a person runs it.

mod common;

use common::{dunwu, output};
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;

fn overfitted() -> String {
    let row = |s: u32| {
        let s = f64::from(s);
        format!(
            "{s},{},{}\n",
            2.0 / (1.0 + 0.2 * s),
            1.0 + (s - 25.0).abs() / 50.0
        )
    };
    format!(
        "step,train_loss,val_loss\n{}",
        (0..60).map(row).collect::<String>()
    )
}

#[test]
fn the_json_has_findings_with_evidence_and_experiments() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.csv"), overfitted()).unwrap();
    let out = output(dir.path(), &["diagnose", "a.csv", "--json"]);
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let said: Value = serde_json::from_slice(&out.stdout).unwrap();
    let run = &said["runs"][0];
    let f = &run["findings"][0];
    assert_eq!(
        (run["id"].as_str(), f["name"].as_str()),
        (Some("a.csv"), Some("overfit"))
    );
    assert!(f["probability"].as_f64().unwrap() > 0.9 && f["severity"] == "warning");
    assert!(f["evidence"][0]["step"].is_f64() && f["evidence"][0]["says"].is_string());
    assert!(f["experiment"].is_string() && f["command"].is_null() && run.get("series").is_none());
    assert!(
        run["blind"]
            .as_array()
            .unwrap()
            .iter()
            .any(|b| b["name"] == "memorised")
    );
    assert!(
        run["clear"]
            .as_array()
            .unwrap()
            .iter()
            .any(|b| b["name"] == "diverged")
    );
}

#[test]
fn a_page_is_made_and_made_again_and_standard_input_is_read() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.csv"), overfitted()).unwrap();
    let out = output(dir.path(), &["diagnose", "a.csv", "--out", "d"]);
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let page = std::fs::read(dir.path().join("d/index.html")).unwrap();
    assert!(dir.path().join("d/figures/run1-overfit.svg").exists());
    std::fs::remove_file(dir.path().join("d/index.html")).unwrap();
    assert!(output(dir.path(), &["report", "d"]).status.success());
    assert!(std::fs::read(dir.path().join("d/index.html")).unwrap() == page);
    // A directory that holds something is refused, and a bad log leaves none behind.
    assert_eq!(
        output(dir.path(), &["diagnose", "a.csv", "--out", "d"])
            .status
            .code(),
        Some(2)
    );
    assert_eq!(
        output(dir.path(), &["diagnose", "none.csv", "--out", "e"])
            .status
            .code(),
        Some(2)
    );
    assert!(!dir.path().join("e").exists());
    let mut child = dunwu(dir.path(), &["diagnose", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(overfitted().as_bytes())
        .unwrap();
    let text = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(
        text.starts_with("standard input: One thing") && text.contains("to confirm:"),
        "{text}"
    );
}

#[test]
fn many_runs_make_a_table() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c", "d"] {
        std::fs::write(dir.path().join(format!("{name}.csv")), overfitted()).unwrap();
    }
    let out = output(dir.path(), &["diagnose", "."]);
    let text = String::from_utf8(out.stdout).unwrap();
    let rows: Vec<&str> = text.lines().skip(1).take(4).collect();
    assert!(rows.iter().all(|r| r.contains("overfit")), "{text}");
    assert!(text.contains("all runs together"), "{text}");
}

#[test]
fn a_series_that_is_not_there_is_no_clean_bill() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.csv"), overfitted()).unwrap();
    for (words, why) in [
        (
            vec!["train_loss=zzz"],
            "train_loss: it has no metric `zzz`; it has ",
        ),
        (
            vec!["proxy=a", "wanted=b"],
            "proxy: it has no metric `a`; it has ",
        ),
        (vec!["proxy=a", "wanted=a"], "wanted: is `a`, as proxy is"),
        (
            vec!["train_loss=a", "held_loss=a"],
            "held_loss: is `a`, which another key names too",
        ),
        (
            vec!["at=-1"],
            "nothing was logged up to step -1; the first step is",
        ),
    ] {
        let told = output(
            dir.path(),
            &[vec!["diagnose", "a.csv"], words.clone()].concat(),
        );
        let text = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(
            told.status.code() == Some(2) && text.contains(why),
            "{words:?}: {text}"
        );
    }
}
