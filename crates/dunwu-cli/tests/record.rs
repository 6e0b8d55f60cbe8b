//! What a run directory must still say when its files, or the files of its plan, are changed or lost.

mod common;

use common::{dunwu, output};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn told(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

fn json(dir: &Path, words: &[&str]) -> Value {
    let out = output(dir, words);
    assert!(out.status.success(), "{words:?}: {}", told(&out));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// Starts a run too long to end, and interrupts it.
fn interrupted(dir: &Path, words: &[&str]) -> Output {
    let mut child = dunwu(dir, &[&["train", "width=16", "--quiet"], words].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.unwrap().success() && child.try_wait().unwrap().is_none());
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(3), "{}", told(&out));
    out
}

/// The table of Z5.
fn table(dir: &Path, name: &str, first: usize) {
    let row = |a: usize| {
        let cells: Vec<String> = (0..5).map(|b| ((a + b + first) % 5).to_string()).collect();
        cells.join(",")
    };
    let rows: Vec<String> = (0..5).map(row).collect();
    fs::write(dir.join(name), rows.join("\n")).unwrap();
}

#[test]
fn an_unfinished_run_says_how_many_rows_it_holds_out_and_how_to_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "task=Z7",
        "epochs=900000000",
        "train_size=20",
        "--out",
        "my run",
    ];
    let out = interrupted(dir.path(), &words);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(text.contains("of the 29 rows"), "{text}");
    assert!(
        told(&out).contains("dunwu train --resume 'my run'"),
        "{}",
        told(&out)
    );
    let seen = json(dir.path(), &["inspect", "my run", "--json"]);
    let said = seen["runs"][0]["sentences"].to_string();
    assert!(said.contains("of the 29 rows"), "{said}");
    let events = fs::read_to_string(dir.path().join("my run/events.jsonl")).unwrap();
    let event: Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!(event["epoch"], seen["runs"][0]["epochs"], "{event}");
}

#[test]
fn seeds_are_begun_one_by_one_and_ctrl_c_leaves_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "task=Z5",
        "seeds=10000",
        "epochs=900000000",
        "threads=2",
        "--out=r",
    ];
    interrupted(dir.path(), &words);
    let begun = fs::read_dir(dir.path().join("r/seeds")).unwrap().count();
    assert_eq!(begun, 2, "as many as run at once");
}

#[test]
fn a_table_that_changes_or_goes_is_not_missed() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    table(at, "t.csv", 0);
    fs::write(at.join("rows.csv"), "0,0\n1,2\n3,3\n4,1\n").unwrap();
    let words = ["task=table:t.csv", "split_file=rows.csv", "epochs=300"];
    let train = |more: &[&str]| {
        let words = [&["train", "width=16", "--quiet"], words.as_slice(), more].concat();
        output(at, &words)
    };
    assert!(train(&["--out=whole"]).status.success());
    let long = [
        "epochs=900000000",
        "task=table:t.csv",
        "split_file=rows.csv",
        "--out=cut",
    ];
    interrupted(at, &long);
    let before = json(at, &["inspect", "cut", "--json"]);
    table(at, "t.csv", 1);
    let out = output(at, &["inspect", "cut", "--json"]);
    assert!(
        told(&out)
            .contains("t.csv has changed since the run began; its copy cut/input.task is used"),
        "{}",
        told(&out)
    );
    let after: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(after["runs"], before["runs"]);
    fs::remove_file(at.join("t.csv")).unwrap();
    fs::remove_file(at.join("rows.csv")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let (cut, whole) = (at.join("cut"), at.join("whole"));
    for run in [&cut, &whole] {
        let run = run.to_str().unwrap();
        for command in ["inspect", "report"] {
            let out = output(elsewhere.path(), &[command, run]);
            assert!(out.status.success(), "{command}: {}", told(&out));
            assert!(out.stderr.is_empty(), "{}", told(&out));
        }
    }
    let resume = ["train", "--quiet", "--resume", whole.to_str().unwrap()];
    assert!(output(elsewhere.path(), &resume).status.success());
    fs::write(at.join("whole/input.task"), "0").unwrap();
    let out = output(at, &["inspect", "whole"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(
        told(&out).contains("whole/input.task is damaged"),
        "{}",
        told(&out)
    );
}

#[test]
fn readings_that_are_not_the_runs_own_are_refused_by_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    for (name, task) in [("r", "task=Z5"), ("other", "task=Z7")] {
        let out = format!("--out={name}");
        let words = ["train", task, "width=16", "epochs=40", "--quiet", &out];
        assert!(output(at, &words).status.success());
    }
    let curve = at.join("r/curve.parquet");
    let whole = fs::read(&curve).unwrap();
    let page = fs::read(at.join("r/report.html")).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 3] ^= 16;
    let other = fs::read(at.join("other/curve.parquet")).unwrap();
    for (content, expected) in [
        (None, "r/curve.parquet is missing, with readings of seed 0"),
        (Some(other), "r/curve.parquet was made by another plan"),
        (Some(flipped), "r/curve.parquet is damaged"),
    ] {
        match &content {
            Some(content) => fs::write(&curve, content).unwrap(),
            None => fs::remove_file(&curve).unwrap(),
        }
        let commands: [&[&str]; 3] = [
            &["inspect", "r"],
            &["report", "r"],
            &["train", "--resume", "r"],
        ];
        for words in commands {
            let out = output(at, words);
            assert_eq!(out.status.code(), Some(2), "{words:?}");
            assert!(told(&out).contains(expected), "{words:?}: {}", told(&out));
            let way_out = "`dunwu train --config r/plan.toml --out NEW` trains it again";
            let damaged = expected.ends_with("is damaged");
            assert_eq!(told(&out).contains(way_out), damaged, "{}", told(&out));
        }
        assert_eq!(fs::read(&curve).ok(), content, "nothing takes its place");
        assert_eq!(fs::read(at.join("r/report.html")).unwrap(), page);
    }
    fs::write(&curve, &whole).unwrap();
    assert!(output(at, &["inspect", "r"]).status.success());
}

#[test]
fn a_stored_plan_is_a_config() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let words = [
        "train",
        "task=Z5",
        "train_size=11",
        "width=16",
        "epochs=5",
        "--quiet",
    ];
    assert!(
        output(at, &[words.as_slice(), &["--out=a"]].concat())
            .status
            .success()
    );
    let again = ["train", "--quiet", "--config", "a/plan.toml", "--out=b"];
    let out = output(at, &again);
    assert!(out.status.success(), "{}", told(&out));
    let plan = |run: &str| fs::read_to_string(at.join(run).join("plan.toml")).unwrap();
    assert_eq!(plan("a"), plan("b"));
    let changed = [again.as_slice(), &["train_fraction=0.5", "epochs=1"]].concat();
    let out = output(at, &[&changed[..4], &["--out=c"], &changed[5..]].concat());
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(
        text.contains("\n1 epoch in") && plan("c").contains("fraction = 0.5"),
        "{text}"
    );
    let newer = plan("a").replace("format = 1", "format = 9");
    fs::write(at.join("newer.toml"), newer).unwrap();
    let out = output(at, &["train", "--config", "newer.toml"]);
    assert!(
        told(&out).contains("newer.toml has format 9"),
        "{}",
        told(&out)
    );
}

#[cfg(target_os = "linux")]
#[test]
fn what_could_not_be_printed_is_an_error_but_for_a_reader_who_left() {
    let dir = tempfile::tempdir().unwrap();
    let shell = |line: &str| {
        let line = line.replace("dunwu", env!("CARGO_BIN_EXE_dunwu"));
        let mut command = Command::new("sh");
        command.current_dir(dir.path()).args(["-c", &line]);
        command.output().unwrap()
    };
    for (line, why) in [
        ("dunwu train --help > /dev/full", "No space left on device"),
        ("dunwu --version >&-", "it is closed"),
        (
            "dunwu train task=Z5 epochs=1 width=16 --quiet --out a > /dev/full",
            "No space left",
        ),
        ("dunwu inspect a --json >&-", "it is closed"),
        ("dunwu inspect a 1</dev/null", "Bad file descriptor"),
    ] {
        let out = shell(line);
        assert_eq!(out.status.code(), Some(2), "{line}");
        let text = told(&out);
        let expected = "error: cannot write to standard output: ";
        assert!(
            text.contains(expected) && text.contains(why),
            "{line}: {text}"
        );
    }
    for line in [
        "dunwu inspect a > /dev/null",
        "dunwu inspect a 1<> /dev/null",
        "(dunwu train --help; echo $? >&2) | true",
    ] {
        let out = shell(line);
        let text = told(&out).replace("0\n", "");
        assert!(out.status.success() && text.is_empty(), "{line}: {text}");
    }
}
