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
fn runs_of_a_sweep_are_forecast_and_diagnosed_by_plan_and_seed() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "sweep",
        "task=Z7",
        "width=16",
        "train_fraction=0.5,0.8",
        "epochs=60",
        "eval_every=5",
        "curve_points=20",
        "seeds=2",
        "--out",
        "s",
        "--quiet",
    ];
    assert!(output(dir.path(), &words).status.success());
    for what in ["forecast", "diagnose"] {
        let told = json(&output(dir.path(), &[what, "s", "--json"]));
        let runs = told["runs"].as_array().unwrap();
        let ids: std::collections::BTreeSet<&str> =
            runs.iter().map(|r| r["id"].as_str().unwrap()).collect();
        assert_eq!((runs.len(), ids.len()), (4, 4), "{ids:?}");
        let named = |id: &&str| id.contains("train_fraction=0.8") && id.ends_with(" seed=1");
        assert!(ids.iter().any(named), "{ids:?}");
    }
    let told = json(&output(dir.path(), &["forecast", "s", "--json"]));
    let run = &told["runs"][0];
    assert_eq!(
        (run["metric"].as_str(), run["horizon"].as_f64()),
        (Some("test_acc"), Some(60.0))
    );
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
            "must be one of csv, events, json, mlflow, run, sweep, text, wandb",
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

#[test]
fn finished_runs_are_learned_and_used_and_can_be_deleted() {
    let dir = tempfile::tempdir().unwrap();
    // Runs that all end a unit below where they are at half.
    let stepping = |i: u32| {
        let row = |s: u32| {
            let value =
                2.0 + 0.1 * f64::from(i) + 1.0 / f64::from(s) - if s > 40 { 1.0 } else { 0.0 };
            format!("{s},{value}\n")
        };
        format!("step,val_loss\n{}", (1..=60).map(row).collect::<String>())
    };
    std::fs::create_dir(dir.path().join("old")).unwrap();
    for i in 0..12 {
        std::fs::write(dir.path().join(format!("old/{i}.csv")), stepping(i)).unwrap();
    }
    std::fs::write(dir.path().join("new.csv"), stepping(6)).unwrap();
    let learn = ["forecast", "old", "calibration=known", "--learn"];
    for _ in 0..2 {
        let out = output(dir.path(), &learn);
        assert_eq!(
            String::from_utf8_lossy(&out.stdout).trim(),
            "learned from 12 finished runs"
        );
    }
    // Learned again, they are there once.
    let file = dir.path().join("known/finished.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 12);
    let ask = [
        "forecast",
        "new.csv",
        "at=30",
        "horizon=60",
        "calibration=known",
        "--json",
    ];
    let run = &json(&output(dir.path(), &ask))["runs"][0];
    assert_eq!(run["calibrated_by"], 12);
    assert!(
        run["notes"][0] == "calibrated by 12 finished runs of val_loss",
        "{run}"
    );
    let end = 2.0 + 0.6 + 1.0 / 60.0 - 1.0;
    let q = |name: &str| run["final"][name].as_f64().unwrap();
    assert!(
        q("q05") <= end + 0.02 && end - 0.02 <= q("q95") && (q("q50") - end).abs() < 0.3,
        "{run}"
    );
    // A line that is broken is named; without the file there is nothing to be calibrated by.
    std::fs::write(&file, format!("{text}{{}}\n")).unwrap();
    let out = output(dir.path(), &ask);
    let why = String::from_utf8_lossy(&out.stderr);
    assert!(
        out.status.code() == Some(2) && why.contains("finished.jsonl:13: is no finished run"),
        "{why}"
    );
    std::fs::remove_file(&file).unwrap();
    let run = &json(&output(dir.path(), &ask))["runs"][0];
    assert_eq!(run["calibrated_by"], 0);
    let out = output(dir.path(), &["forecast", "old", "--learn"]);
    assert_eq!(out.status.code(), Some(2));
}

/// Lines of a loss that falls, then stays.
fn settling(from: u32, to: u32) -> String {
    let row = |s: u32| {
        let noise = 0.001 * f64::from(s * 7919 % 13);
        format!(
            "{{\"step\":{s},\"val_loss\":{}}}\n",
            1.0 + (-f64::from(s) / 10.0).exp() + noise
        )
    };
    (from..=to).map(row).collect()
}

#[test]
fn a_pipe_is_followed_until_the_run_is_to_be_stopped_or_the_log_ends() {
    let dir = tempfile::tempdir().unwrap();
    let follow = |text: &str, words: &[&str]| {
        let mut all = vec!["forecast", "-", "--follow", "--json"];
        all.extend(words);
        let mut child = dunwu(dir.path(), &all)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The program may end before all is written: that is what is tested.
        let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
        child.wait_with_output().unwrap()
    };
    let out = follow(&settling(1, 400), &["horizon=1000", "better_than=0.5"]);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(out.status.code(), Some(10), "{text}");
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["decision"], "stop");
    assert!(
        last["seen"]["last_step"].as_f64().unwrap() < 400.0,
        "{last}"
    );
    // One line whenever it changes, not one for each reading.
    assert!(
        (2..80).contains(&text.lines().count()),
        "{}",
        text.lines().count()
    );
    let out = follow(&settling(1, 12), &["horizon=1000"]);
    assert_eq!(out.status.code(), Some(0));
    let out = follow(&settling(1, 12), &["horizon=12"]);
    assert_eq!(out.status.code(), Some(0));
    let out = follow("nothing\n", &[]);
    assert_eq!(out.status.code(), Some(2));
}

#[test]
fn a_file_that_grows_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.jsonl");
    std::fs::write(&path, settling(1, 5)).unwrap();
    let child = dunwu(
        dir.path(),
        &[
            "forecast",
            "log.jsonl",
            "--follow",
            "--json",
            "horizon=1000",
        ],
    )
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    for k in 0..80 {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap();
        let _ = file.write_all(settling(6 + 10 * k, 15 + 10 * k).as_bytes());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let out = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(10), "{text}");
    assert!(text.lines().count() >= 2, "{text}");
}

#[test]
fn a_file_that_is_replaced_by_another_run_is_followed_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.jsonl");
    std::fs::write(&path, settling(1, 60)).unwrap();
    let words = ["forecast", "log.jsonl", "--follow", "--json", "horizon=100"];
    let child = dunwu(dir.path(), &words)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The first look is told; then another run takes the name, begins with half a line, and reaches its end.
    std::thread::sleep(std::time::Duration::from_secs(2));
    std::fs::rename(&path, dir.path().join("log.1")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    let text = settling(1, 100).replace("0,\"val_loss\":1", "0,\"val_loss\":3");
    std::fs::write(&path, &text[..text.len() - 9]).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap();
    file.write_all(&text.as_bytes()[text.len() - 9..]).unwrap();
    let out = child.wait_with_output().unwrap();
    let told: Vec<Value> = String::from_utf8_lossy(&out.stdout)
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(out.status.code(), Some(0), "{told:?}");
    let steps: Vec<f64> = told
        .iter()
        .map(|t| t["seen"]["last_step"].as_f64().unwrap())
        .collect();
    assert!(steps[0] == 60.0 && steps.contains(&99.0), "{steps:?}");
    assert_eq!(steps.last(), Some(&100.0));
    assert!(told.last().unwrap()["seen"]["last"].as_f64().unwrap() > 2.5);
}

#[test]
fn a_run_of_our_own_whose_schedule_has_run_out_stays_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "train",
        "task=Z11",
        "width=96",
        "train_fraction=0.8",
        "epochs=200",
        "lr=1e-3",
        "schedule=multistep",
        "milestones=100",
        "schedule_gamma=0.00001",
        "--out",
        "r",
        "--quiet",
    ];
    let out = output(dir.path(), &words);
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let ask = |at: &str| {
        let words = ["forecast", "r", at, "metric=test_loss", "--json"];
        json(&output(dir.path(), &words))["runs"][0].clone()
    };
    let run = ask("at=150");
    let reason = run["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("its learning rate has run out by step"),
        "{reason}"
    );
    let q = |name: &str| run["final"][name].as_f64().unwrap();
    let last = run["seen"]["last"].as_f64().unwrap();
    assert!(
        (q("q50") - last).abs() < 1e-3 * last && q("q95") - q("q05") < 0.01 * last,
        "{run}"
    );
    let before = ask("at=80");
    assert!(
        !before["reason"].as_str().unwrap().contains("run out"),
        "{before}"
    );
}

#[test]
fn a_page_is_written_and_needs_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    for (name, steps) in [("a.csv", 20), ("b.csv", 30)] {
        std::fs::write(dir.path().join(name), falling(steps)).unwrap();
    }
    let out = output(dir.path(), &["forecast", ".", "--out", "page.html"]);
    assert!(out.status.success());
    let page = std::fs::read_to_string(dir.path().join("page.html")).unwrap();
    assert!(page.contains("Of 2 runs, 2 to continue") && page.matches("<svg").count() == 4);
    assert!(!page.contains("http://") || page.matches("http://www.w3.org").count() > 0);
}

/// What a command printed, and its largest resident memory in MB, where that can be known.
fn with_peak(dir: &std::path::Path, words: &[&str]) -> (std::process::Output, Option<f64>) {
    let child = dunwu(dir, words).stdout(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let watch = std::thread::spawn(move || {
        let mut most: Option<f64> = None;
        while let Ok(text) = std::fs::read_to_string(&status) {
            let Some(peak) = text.lines().find_map(|l| l.strip_prefix("VmHWM:")) else {
                break;
            };
            let peak = peak.trim().trim_end_matches(" kB").trim().parse::<f64>();
            most = peak.ok().map(|kb| kb / 1e3).or(most);
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        most
    });
    let out = child.wait_with_output().unwrap();
    (out, watch.join().unwrap())
}

/// So many runs in one folder; the largest memory.
fn many_runs(files: u32) -> Option<f64> {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..files {
        std::fs::write(dir.path().join(format!("{i}.csv")), falling(20 + i % 7)).unwrap();
    }
    let (out, most) = with_peak(dir.path(), &["forecast", ".", "--json"]);
    let told = json(&out);
    assert_eq!(told["runs"].as_array().unwrap().len(), files as usize);
    // The text is that of the whole as a value, but for the last digits of numbers, which are read fast.
    let text = String::from_utf8(out.stdout).unwrap();
    let names = |text: &str| -> Vec<String> {
        let names = text.trim_end().lines();
        names
            .map(|l| l.split(": ").next().unwrap_or("").to_owned())
            .collect()
    };
    assert!(names(&text) == names(&serde_json::to_string_pretty(&told).unwrap()));
    most
}

#[test]
fn hundreds_of_runs_in_one_folder_are_forecast_in_bounded_memory() {
    let most = many_runs(800);
    assert!(most.is_none_or(|m| m < 35.0), "{most:?}");
}

#[test]
#[ignore = "ten thousand files"]
fn ten_thousand_runs_in_one_folder_are_forecast_in_bounded_memory() {
    let most = many_runs(10_000);
    println!("{most:?} MB");
    assert!(most.is_none_or(|m| m < 80.0), "{most:?}");
}

/// A CSV of so many rows; the largest resident memory of the forecast, in MB, where that can be known.
fn long_csv(rows: u64) -> Option<f64> {
    let dir = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(dir.path().join("long.csv")).unwrap();
    let mut file = std::io::BufWriter::new(file);
    writeln!(file, "step,train_loss").unwrap();
    for s in 1..=rows {
        writeln!(file, "{s},{:.6}", 1.0 + 30.0 / (s as f64).sqrt()).unwrap();
    }
    file.into_inner().unwrap();
    let (out, most) = with_peak(dir.path(), &["forecast", "long.csv", "--json"]);
    let run = &json(&out)["runs"][0];
    assert_eq!(run["seen"]["last_step"].as_f64(), Some(rows as f64));
    assert!(run["seen"]["points"].as_u64().unwrap() <= (1 << 18) + 2);
    most
}

#[test]
fn a_long_csv_is_read_in_bounded_memory() {
    if let Some(megabytes) = long_csv(600_000) {
        assert!(megabytes < 80.0, "{megabytes}");
    }
}

#[test]
#[ignore = "a file of 160 MB"]
fn a_csv_of_ten_million_rows_is_read_in_bounded_memory() {
    let begin = std::time::Instant::now();
    let most = long_csv(10_000_000);
    println!(
        "{most:?} MB, {:.1} s with the writing",
        begin.elapsed().as_secs_f64()
    );
    assert!(most.is_none_or(|m| m < 80.0), "{most:?}");
}

#[test]
fn a_page_takes_the_place_of_a_page_and_of_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    std::fs::write(at("a.csv"), falling(60)).unwrap();
    std::fs::write(at("notes.txt"), "mine").unwrap();
    for (out, why) in [
        ("./a.csv", "is the log that is read"),
        ("notes.txt", "is there and is no page"),
    ] {
        let told = output(dir.path(), &["forecast", "a.csv", "--out", out]);
        let text = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(
            told.status.code() == Some(2) && text.contains(why),
            "{text}"
        );
    }
    assert_eq!(std::fs::read_to_string(at("a.csv")).unwrap(), falling(60));
    assert_eq!(std::fs::read_to_string(at("notes.txt")).unwrap(), "mine");
    for _ in 0..2 {
        let told = output(dir.path(), &["forecast", "a.csv", "--out", "page.html"]);
        assert!(told.status.success());
    }
}

#[test]
fn a_file_of_a_folder_that_cannot_be_read_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    std::fs::write(logs.join("empty.csv"), "").unwrap();
    for command in ["forecast", "diagnose"] {
        let told = output(dir.path(), &[command, "logs", "--json"]);
        let text = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(
            told.status.code() == Some(2) && text.contains("logs/empty.csv: it is empty"),
            "{text}"
        );
    }
    std::fs::write(logs.join("a.csv"), falling(60)).unwrap();
    for command in ["forecast", "diagnose"] {
        let told = output(dir.path(), &[command, "logs", "--json"]);
        let text = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(
            text.contains("left out: logs/empty.csv: it is empty"),
            "{text}"
        );
        assert_eq!(json(&told)["runs"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn what_a_forecast_cannot_know_it_says() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.csv"), falling(60)).unwrap();
    let told = output(dir.path(), &["forecast", "a.csv", "calibration=known"]);
    let text = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(
        told.status.code() == Some(2) && text.contains("known is not there"),
        "{text}"
    );
    let notes = |words: &[&str]| {
        let all = [&["forecast", "a.csv", "--json"], words].concat();
        json(&output(dir.path(), &all))["runs"][0]["notes"].to_string()
    };
    let behind = notes(&["horizon=20"]);
    assert!(
        behind.contains("step 20 lies before the last that is seen, 60"),
        "{behind}"
    );
    let falls = |s: u32| {
        format!(
            "{s},{},{}\n",
            1.0 + 1.0 / f64::from(s),
            1.0 - f64::from(s) / 200.0
        )
    };
    let rows: String = (1..=60).map(falls).collect();
    std::fs::write(
        dir.path().join("a.csv"),
        format!("step,val_loss,lr\n{rows}"),
    )
    .unwrap();
    let followed = notes(&["horizon=200"]);
    assert!(
        followed
            .contains("falls along a straight line, and is taken to go on so, to 0 at step 200"),
        "{followed}"
    );
}

#[test]
fn what_is_not_there_yet_is_waited_for_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let words = ["forecast", "log.csv", "--follow", "--json", "horizon=60"];
    let child = dunwu(dir.path(), &words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    std::fs::write(dir.path().join("log.csv"), "step,val_loss,lr\n").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    std::fs::write(dir.path().join("log.csv"), falling(60)).unwrap();
    let out = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(0), "{text}");
    assert!(text.contains("waiting: log.csv is not there"), "{text}");
}

/// A run that memorises by step 500 and answers nothing else, its accuracies out of `top`.
fn memorised(top: f64) -> String {
    let row = |i: u32| {
        let (train, held) = (
            f64::from(i.min(10)) / 10.0,
            0.05 + 0.0005 * f64::from(i % 3),
        );
        format!("{},{},{}\n", 50 * i, top * train, top * held)
    };
    let rows: String = (0..=60).map(row).collect();
    format!("step,train_acc,val_acc\n{rows}")
}

#[test]
fn accuracies_in_percent_are_those_of_one() {
    let dir = tempfile::tempdir().unwrap();
    for (name, top) in [("one.csv", 1.0), ("percent.csv", 100.0)] {
        std::fs::write(dir.path().join(name), memorised(top)).unwrap();
    }
    let jump = |name: &str| {
        let told = json(&output(
            dir.path(),
            &["forecast", name, "horizon=9000", "--json"],
        ));
        (
            told["runs"][0]["jump"].clone(),
            told["runs"][0]["decision"].clone(),
        )
    };
    let (of_one, decision) = jump("one.csv");
    let (percent, same) = jump("percent.csv");
    assert!(of_one["p"].as_f64().is_some_and(|p| p < 0.5), "{of_one}");
    let near = |key: &str| {
        let (a, b) = (
            of_one[key].as_f64().unwrap(),
            percent[key].as_f64().unwrap(),
        );
        assert!((a - b).abs() <= 1e-9 * a.abs(), "{key}: {a} {b}");
    };
    ["p", "step_q05", "step_q50", "step_q95"]
        .into_iter()
        .for_each(near);
    assert_eq!(decision, same);
}

#[test]
fn a_curve_is_forecast_before_a_summary_and_a_guessed_horizon_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let row = |s: u32| {
        format!(
            "{{\"step\":{s},\"val_loss\":{}}}\n",
            1.0 + 2.0 / f64::from(s).sqrt()
        )
    };
    let rows: String = (1..=30).map(row).collect();
    let end = "{\"test_acc\":0.91,\"test_loss\":1.22}\n";
    std::fs::write(dir.path().join("a.jsonl"), format!("{rows}{end}")).unwrap();
    let told = json(&output(dir.path(), &["forecast", "a.jsonl", "--json"]));
    let run = &told["runs"][0];
    assert_eq!(
        (run["metric"].as_str(), run["horizon"].as_f64()),
        (Some("val_loss"), Some(60.0))
    );
    let notes = run["notes"].to_string();
    for part in [
        "where it ends is not known: step 60, twice the last, is taken; horizon= says it",
        "1 of 31 rows without a step",
    ] {
        assert!(notes.contains(part), "{notes}");
    }
    let told = json(&output(
        dir.path(),
        &["forecast", "a.jsonl", "horizon=60", "--json"],
    ));
    assert!(!told["runs"][0]["notes"].to_string().contains("not known"));
}
