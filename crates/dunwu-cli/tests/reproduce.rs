//! `dunwu reproduce` as a person runs it.

mod common;

use common::{dunwu, output};
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn rows_are_listed_with_what_cannot_be_run_and_why() {
    let dir = tempfile::tempdir().unwrap();
    let out = output(dir.path(), &["reproduce", "--list"]);
    let list = text(&out.stdout);
    assert!(out.status.success() && list.contains("not possible yet: sparsemax is not among"));
    assert!(
        list.contains("not judged: the source leaves out weight decay"),
        "{list}"
    );
    let out = output(
        dir.path(),
        &["reproduce", "--list", "--cost", "S", "--json"],
    );
    let json: Value = serde_json::from_slice(&out.stdout).unwrap();
    let rows = json["rows"].as_array().unwrap();
    assert!(rows.len() > 10 && rows.iter().all(|r| r["cost"] == "S"));
    assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none());
}

#[test]
fn rows_are_measured_kept_and_not_measured_again() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "reproduce",
        "6",
        "7",
        "8",
        "--out",
        "r",
        "--json",
        "--quiet",
    ];
    let out = output(dir.path(), &words);
    assert!(out.status.success(), "{}", text(&out.stderr));
    let first: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((&first["holds"], &first["dir"]), (&3.into(), &"r".into()));
    let row = &first["rows"][0];
    assert_eq!(row["checks"][0]["verdict"], "holds");
    assert!(row["checks"][0]["measured"].as_f64().unwrap() < 1e-8);
    assert_eq!(row["commands"][0], "dunwu reproduce 6");
    let again: Value = serde_json::from_slice(&output(dir.path(), &words).stdout).unwrap();
    // Not a nanosecond was spent anew.
    assert_eq!(first["seconds"], again["seconds"]);
    let page = dir.path().join("r/index.html");
    let written = std::fs::read_to_string(&page).unwrap();
    assert!(written.contains("at the ridge readout the gradient has a closed form"));
    let report = output(dir.path(), &["report", "r"]);
    assert!(report.status.success(), "{}", text(&report.stderr));
    assert_eq!(std::fs::read_to_string(&page).unwrap(), written);
}

#[test]
fn a_row_is_printed_with_what_was_published_measured_and_allowed() {
    let dir = tempfile::tempdir().unwrap();
    let out = output(dir.path(), &["reproduce", "6", "--quiet"]);
    let said = text(&out.stdout);
    for part in [
        "source: arXiv 2509.21519",
        "published 0; measured",
        "tolerance ≤",
        "verdict: holds",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(said.contains("command: dunwu reproduce 6") && out.stderr.is_empty());
}

#[test]
fn what_cannot_be_asked_for_is_refused_with_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    std::fs::create_dir(dir.path().join("full")).unwrap();
    std::fs::write(dir.path().join("full/x"), "").unwrap();
    for (words, expected) in [
        (&["reproduce", "11"][..], "there is no row `11`"),
        (
            &["reproduce", "55"],
            "row 55 cannot be run yet: no probe reads the scale",
        ),
        (
            &["reproduce", "--cost", "XL"],
            "`XL` is no cost; expected S (under a minute)",
        ),
        (
            &["reproduce", "6", "--cost", "L"],
            "no row has that id and that cost",
        ),
        (&["reproduce", "6", "lr=1"], "lr: cannot be changed"),
        (&["reproduce", "6", "--out", "file"], "file"),
        (&["reproduce", "6", "--out", "full"], "full"),
        (&["reproduce", "6", "--out", "file/below"], "file/below"),
        (&["reproduce", "--out", ""], "it is empty"),
    ] {
        let out = output(dir.path(), words);
        let error = text(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{words:?}: {error}");
        assert!(error.contains(expected), "{words:?}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn interrupting_keeps_the_rows_that_are_finished() {
    let dir = tempfile::tempdir().unwrap();
    let words = ["reproduce", "6", "14", "--out", "r", "--json"];
    let child = dunwu(dir.path(), &words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let kept = dir.path().join("r/row-6.json");
    let started = Instant::now();
    while !kept.exists() && started.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    let pid = child.id().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status();
    assert!(killed.unwrap().success());
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(3), "{}", text(&out.stderr));
    let json: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(
        (&json["interrupted"], &json["holds"]),
        (&true.into(), &1.into())
    );
    assert!(text(&out.stderr).contains("Go on with the same command"));
}

#[cfg(unix)]
#[test]
fn a_row_goes_on_where_it_was_interrupted_or_killed() {
    let dir = tempfile::tempdir().unwrap();
    let row = ["reproduce", "2", "epochs=20", "seeds=8", "threads=1"];
    let words = |out: &'static str| [&row[..], &["--out", out, "--json"]].concat();
    let runs = || {
        let files = std::fs::read_dir(dir.path().join("r/runs"));
        let names = files.into_iter().flatten().map(|e| e.unwrap().file_name());
        names
            .filter(|n| n.to_string_lossy().ends_with(".parquet"))
            .count()
    };
    // One that is stopped after `most` runs are there.
    let sit = |most: usize, signal: &str| {
        let child = dunwu(dir.path(), &words("r"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let started = Instant::now();
        while runs() < most && started.elapsed() < Duration::from_secs(120) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let pid = child.id().to_string();
        let killed = std::process::Command::new("kill")
            .args([signal, &pid])
            .status();
        assert!(killed.unwrap().success());
        child.wait_with_output().unwrap()
    };
    let out = sit(1, "-INT");
    let told = text(&out.stderr);
    assert_eq!(out.status.code(), Some(3), "{told}");
    let json: Value = serde_json::from_slice(&out.stdout).unwrap();
    let first = runs();
    assert!((1..8).contains(&first), "{first}");
    assert_eq!(json["unfinished"][0]["id"], "2");
    assert_eq!(json["unfinished"][0]["runs"], first);
    let expected = format!("r keeps {first} finished run");
    assert!(told.contains(&expected), "{told}");
    let command = format!("dunwu {}", words("r").join(" "));
    assert!(
        told.contains(&format!("Go on with the same command: {command}")),
        "{told}"
    );
    let out = sit(first + 1, "-KILL");
    let told = text(&out.stderr);
    assert_eq!(out.status.code(), None, "{told}");
    let before = runs();
    assert!(before > first && before < 8, "{before}");
    let out = output(dir.path(), &words("r"));
    let told = text(&out.stderr);
    let expected = format!("{before} of 8 runs, {before} kept from before, ");
    assert!(told.contains(&expected), "{told}");
    let timeless = |bytes: &[u8]| {
        let mut json: Value = serde_json::from_slice(bytes).unwrap();
        let row = json["rows"][0].as_object_mut().unwrap();
        assert!(row.remove("seconds").unwrap().as_f64().unwrap() > 0.0);
        json["rows"].take()
    };
    let whole = output(dir.path(), &words("whole"));
    assert!(!text(&whole.stderr).contains("kept from before"));
    assert_eq!(timeless(&out.stdout), timeless(&whole.stdout));
    // Once the row is kept, its runs are not needed.
    assert!(dir.path().join("r/row-2.json").exists());
    assert!(!dir.path().join("r/runs").exists());
}
