//! Sweeps and borders as a person runs them: the same results whatever happens on the way.

mod common;

use common::{dunwu, output};
use serde_json::Value;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

/// 240 runs of some milliseconds each.
const GRID: &[&str] = &[
    "sweep",
    "task=Z5,Z7",
    "width=32",
    "train_fraction=0.3:0.9:4",
    "lr=1e-3,5e-3",
    "epochs=400",
    "seeds=15",
    "chunk_seconds=0.05",
    "threads=2",
    "--json",
    "--quiet",
];

fn sweep(dir: &Path, extra: &[&str]) -> Output {
    output(dir, &[GRID, extra].concat())
}

fn json(out: &Output) -> Value {
    let text = String::from_utf8_lossy(&out.stderr);
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn errors(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

fn parts(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir.join("parts")).unwrap();
    let mut all: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
    all.retain(|p| p.to_string_lossy().ends_with(".runs.parquet"));
    all.sort();
    all
}

#[test]
fn a_sweep_that_is_killed_again_and_again_comes_to_the_same_results() {
    let dir = tempfile::tempdir().unwrap();
    let whole = json(&sweep(dir.path(), &["--out", "whole"]));
    assert_eq!(whole["runs"]["finished"], 240);
    assert_eq!(whole["interrupted"], false);
    assert!(dir.path().join("whole/report.html").exists());
    let mut kills = 0;
    for wait in [40, 90, 25, 60, 130, 45, 75, 30] {
        let words = [GRID, &["--out", "killed"]].concat();
        let mut child = dunwu(dir.path(), &words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_millis(wait);
        while Instant::now() < until && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        kills += u64::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(kills >= 3, "only {kills} kills fell into the sweep");
    let resumed = json(&sweep(dir.path(), &["--out", "killed"]));
    assert_eq!(resumed["runs"]["finished"], 240);
    assert_eq!(resumed["digest"], whole["digest"]);
    // A third time there is nothing to do.
    let again = json(&output(
        dir.path(),
        &["sweep", "--resume", "killed", "--json", "--quiet"],
    ));
    assert_eq!(
        (&again["runs"]["done_now"], &again["digest"]),
        (&0.into(), &whole["digest"])
    );
}

#[test]
fn points_are_added_and_another_plan_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| output(dir.path(), words);
    let base = [
        "sweep", "width=8", "epochs=5", "--out", "s", "--json", "--quiet",
    ];
    let with = |extra: &[&str]| run(&[&base[..], extra].concat());
    assert_eq!(json(&with(&["task=Z5,Z7", "seeds=3"]))["runs"]["wanted"], 6);
    let refused = with(&["task=Z5,Z11", "seeds=3"]);
    assert_eq!(refused.status.code(), Some(2));
    let text = errors(&refused);
    assert!(
        text.contains("task=Z5,Z11") && text.contains("task=Z5,Z7") && text.contains("--add"),
        "{text}"
    );
    let added = json(&with(&["task=Z5,Z11", "seeds=3", "--add"]));
    // Z5 is there already.
    assert_eq!(added["runs"]["wanted"], 9);
    assert_eq!(added["runs"]["done_now"], 3);
    let report = run(&["report", "s", "x=task", "measure=train_acc"]);
    assert!(report.status.success(), "{}", errors(&report));
    let page = std::fs::read_to_string(dir.path().join("s/report.html")).unwrap();
    for task in ["Z5", "Z7", "Z11"] {
        assert!(page.contains(task), "{task}");
    }
    let unknown = errors(&run(&["report", "s", "x=taks"]));
    assert!(unknown.contains("did you mean `task`?"), "{unknown}");
}

#[test]
fn a_table_that_changes_is_no_longer_the_same_plan_and_failed_runs_are_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let table = dir.path().join("t.csv");
    let base = [
        "sweep",
        "task=table:t.csv,Z5",
        "width=8",
        "epochs=5",
        "--out",
        "s",
        "--json",
    ];
    let with = |extra: &[&str]| output(dir.path(), &[&base[..], extra].concat());
    std::fs::write(&table, "0,1\n1,1\n").unwrap();
    let failed = json(&with(&[]));
    assert_eq!(failed["runs"]["failed"], 1, "{failed}");
    // Mended, it is tried again only when that is asked for.
    std::fs::write(&table, "0,1\n1,0\n").unwrap();
    let refused = with(&[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(errors(&refused).contains("t.csv has changed"));
    let again = json(&with(&["--retry"]));
    assert_eq!(again["runs"]["failed"], 0, "{again}");
    assert_eq!(again["runs"]["done_now"], 1, "{again}");
    let before = parts(&dir.path().join("s"));
    // Another table of the same name is another plan, and nothing that is recorded is lost.
    std::fs::write(&table, "1,0\n0,1\n").unwrap();
    let refused = with(&["--retry"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(errors(&refused).contains("give another --out"));
    assert_eq!(parts(&dir.path().join("s")), before);
}

#[test]
fn damaged_and_foreign_files_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let whole = json(&sweep(dir.path(), &["--out", "s", "curve_points=0"]));
    let part = parts(&dir.path().join("s"))[0].clone();
    let bytes = std::fs::read(&part).unwrap();
    std::fs::write(&part, &bytes[..bytes.len() / 2]).unwrap();
    let mended = sweep(dir.path(), &["--out", "s", "curve_points=0"]);
    let text = errors(&mended);
    assert!(
        text.contains("is damaged") && text.contains("done again"),
        "{text}"
    );
    let json_of = json(&mended);
    assert_eq!(json_of["digest"], whole["digest"]);
    assert!(json_of["runs"]["done_now"].as_u64().unwrap() > 0);
    let aside = format!("{}.damaged", part.display());
    assert_eq!(std::fs::read(aside).unwrap().len(), bytes.len() / 2);
    // A plan of a newer version is refused by its format.
    let plan = dir.path().join("s/plan.toml");
    let newer = std::fs::read_to_string(&plan).unwrap();
    std::fs::write(&plan, newer.replace("format = 1", "format = 9")).unwrap();
    let refused = errors(&sweep(dir.path(), &["--out", "s", "curve_points=0"]));
    assert!(refused.contains("has format 9"), "{refused}");
}

#[test]
fn two_processes_do_not_share_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let long = [
        "sweep",
        "task=Z31",
        "width=512",
        "epochs=100000",
        "--out",
        "s",
        "--quiet",
    ];
    let mut first = dunwu(dir.path(), &long).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while !dir.path().join("s/rounds/r-1.jsonl").exists() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = output(dir.path(), &long);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert!(
        errors(&second).contains("is in use by process"),
        "{}",
        errors(&second)
    );
}

#[test]
fn workers_take_each_chunk_once_and_leave_what_they_finished() {
    let dir = tempfile::tempdir().unwrap();
    let whole = json(&sweep(dir.path(), &["--out", "s"]));
    assert_eq!(whole["runs"]["finished"], 240);
    let bad = output(
        dir.path(),
        &["worker", "--round", "s/rounds/r-1.jsonl", "--chunk", "9999"],
    );
    assert!(errors(&bad).contains("no chunk 9999"), "{}", errors(&bad));
    let none = output(dir.path(), &["worker", "--round", "s/rounds/r-1.jsonl"]);
    assert!(errors(&none).contains("--chunk N"), "{}", errors(&none));
    let elsewhere = output(
        dir.path(),
        &["worker", "--round", "s/plan.toml", "--chunk", "0"],
    );
    assert!(
        errors(&elsewhere).contains("names no round"),
        "{}",
        errors(&elsewhere)
    );
    // A worker does a chunk whose part is gone, and finds it done the next time.
    for path in parts(&dir.path().join("s")) {
        std::fs::remove_file(path).unwrap();
    }
    for _ in 0..2 {
        let out = output(
            dir.path(),
            &["worker", "--round", "s/rounds/r-1.jsonl", "--chunk", "0"],
        );
        assert!(out.status.success(), "{}", errors(&out));
        assert_eq!(parts(&dir.path().join("s")).len(), 1);
    }
    let mended = json(&sweep(dir.path(), &["--out", "s"]));
    assert_eq!(mended["digest"], whole["digest"]);
}

#[test]
fn what_is_wrong_with_a_sweep_is_said_before_anything_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let cases: [(&[&str], &str); 9] = [
        (&["sweep", "widht=1,2"], "did you mean `width`?"),
        (&["sweep", "lr=1:2"], "is no range"),
        (&["sweep", "lr=1e-3,1e-3"], "twice"),
        (&["sweep", "engine=pbs"], "known: "),
        (&["sweep", "threads=-1"], "expected an integer"),
        (
            &["sweep", "task=Z5,Z7", "width=8,9,10", "--zip", "task,width"],
            "equally long",
        ),
        (
            &["sweep", "task=Z5", "--zip", "task,width"],
            "is zipped but has no list",
        ),
        (
            &["boundary", "task=Z5", "train_fraction=0.4"],
            "the search decides",
        ),
        (&["boundary", "task=Z5", "window=2:3"], "window"),
    ];
    for (words, says) in cases {
        let out = output(dir.path(), words);
        assert_eq!(out.status.code(), Some(2), "{words:?}");
        assert!(errors(&out).contains(says), "{words:?}: {}", errors(&out));
    }
    assert!(!dir.path().join("runs").exists());
}

/// Settings under which Z11 has a border that is quick to find.
const BORDER: &[&str] = &[
    "boundary",
    "task=Z11",
    "width=256",
    "lr=5e-3",
    "epochs=600",
    "half_width=0.05",
    "threads=2",
    "--quiet",
    "--json",
];

#[test]
fn a_border_is_found_and_found_again_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let run = |out: &str| output(dir.path(), &[BORDER, &["--out", out]].concat());
    let whole = json(&run("whole"));
    let setting = &whole["settings"][0];
    let border = &setting["border"];
    let (low, high) = (
        border["low"].as_f64().unwrap(),
        border["high"].as_f64().unwrap(),
    );
    assert_eq!(border["bracketed"], true);
    assert!(0.3 < low && high < 0.99 && high - low <= 0.1, "{border}");
    assert!(setting["observations"].as_array().unwrap().len() <= 40);
    assert!(dir.path().join("whole/report.html").exists());
    let words = [BORDER, &["--out", "killed"]].concat();
    for wait in [150, 300] {
        let mut child = dunwu(dir.path(), &words)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let again = json(&run("killed"));
    assert_eq!(
        again["settings"][0]["observations"],
        setting["observations"]
    );
    let report = output(dir.path(), &["report", "killed"]);
    assert!(report.status.success(), "{}", errors(&report));
}

#[test]
fn runs_that_a_search_would_not_have_chosen_count_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let out = output(dir.path(), &[BORDER, &["--out", "b"]].concat());
    let runs = |v: &Value| v["settings"][0]["observations"].as_array().unwrap().len();
    let before = runs(&json(&out));
    // As if another version, which chooses otherwise, had begun.
    let plan = dir.path().join("b/plan.toml");
    let text = std::fs::read_to_string(&plan).unwrap();
    let other = text.replace("\"half_width=0.05\"", "\"half_width=0.03\", \"batch=3\"");
    assert_ne!(text, other);
    std::fs::write(&plan, other).unwrap();
    let resumed = output(
        dir.path(),
        &["boundary", "--resume", "b", "--quiet", "--json"],
    );
    let found = json(&resumed);
    assert!(runs(&found) >= before);
    let border = &found["settings"][0]["border"];
    assert_eq!(border["runs"].as_u64().unwrap() as usize, runs(&found));
}

#[test]
fn a_full_disk_loses_no_run_that_was_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let small = dir.path().join("small");
    std::fs::create_dir(&small).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=300k", "dunwu-test"])
        .arg(&small)
        .output();
    if !mounted.is_ok_and(|o| o.status.success()) {
        println!("skipped: making a small file system needs root");
        return;
    }
    let full = sweep(dir.path(), &["--out", "small/s"]);
    let text = errors(&full);
    let kept = parts(&small.join("s"));
    for path in &kept {
        let to = dir.path().join("s/parts").join(path.file_name().unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(path, to).unwrap();
    }
    std::fs::copy(small.join("s/plan.toml"), dir.path().join("s/plan.toml")).unwrap();
    let _ = std::process::Command::new("umount").arg(&small).output();
    assert_ne!(full.status.code(), Some(0));
    assert!(text.contains("the disk is full"), "{text}");
    assert!(!kept.is_empty());
    // With room the same runs go on from what was recorded.
    let resumed = json(&sweep(dir.path(), &["--out", "s"]));
    let whole = json(&sweep(dir.path(), &["--out", "whole"]));
    assert!(resumed["runs"]["done_now"].as_u64() < Some(240));
    assert_eq!(resumed["digest"], whole["digest"]);
}
