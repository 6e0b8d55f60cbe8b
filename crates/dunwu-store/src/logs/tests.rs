//! Every malformed case has its own message; what tools write reads as what they were given.

use super::*;
use camino::{Utf8Path, Utf8PathBuf};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Utf8PathBuf {
        let path = Utf8Path::from_path(self.0.path()).unwrap().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

fn all(path: &Utf8Path, options: &LogOptions) -> Result<Vec<Log>, String> {
    let sources = log_sources(path, options).map_err(|e| e.to_string())?;
    let mut logs = Vec::new();
    for source in sources {
        logs.extend(read_log(&source, options).map_err(|e| e.to_string())?);
    }
    Ok(logs)
}

fn text(name: &str, content: impl AsRef<[u8]>) -> Result<Vec<Log>, String> {
    let folder = Folder::new();
    all(&folder.write(name, content), &LogOptions::default())
}

fn recorded(name: &str) -> Log {
    let path = Utf8Path::new("tests/data/logs").join(name);
    let mut logs = all(&path, &LogOptions::default()).unwrap();
    assert_eq!(logs.len(), 1, "{name}");
    logs.remove(0)
}

/// The run that scripts/foreign_logs.py writes with every package, in steps of `unit`.
fn check(log: &Log, metric: &str, unit: f64, value: fn(f64) -> f64, tolerance: f64) {
    let series = &log.series[metric];
    let steps: Vec<f64> = (0..12).map(|k| f64::from(k) * unit).collect();
    assert_eq!(series.steps, steps, "{metric}");
    for (k, found) in series.values.iter().enumerate() {
        let expected = value(k as f64);
        assert!(
            (found - expected).abs() <= tolerance,
            "{metric} {k}: {found}, not {expected}"
        );
    }
}

fn loss(k: f64) -> f64 {
    2.0 / (1.0 + k)
}

fn acc(k: f64) -> f64 {
    k / (1.0 + k)
}

#[test]
fn logs_of_other_programs_read_as_what_they_were_given() {
    let log = recorded("lightning.csv");
    check(&log, "train_loss", 100.0, loss, 0.0);
    check(&log, "val_acc", 100.0, acc, 0.0);
    assert_eq!(log.series.len(), 2);
    let log = recorded("events.out.tfevents.lightning");
    check(&log, "train_loss", 100.0, loss, 1e-6);
    check(&log, "val_acc", 100.0, acc, 1e-6);
    let log = recorded("run-red1.wandb");
    check(&log, "train/loss", 100.0, loss, 0.0);
    check(&log, "val/acc", 100.0, acc, 0.0);
    assert_eq!(
        (log.series["train/grad"].not_finite, log.series.len()),
        (1, 3)
    );
    for name in ["events.out.tfevents.old", "events.out.tfevents.tensors"] {
        let log = recorded(name);
        assert_eq!(
            log.series.keys().collect::<Vec<_>>(),
            ["train/loss", "val/acc"]
        );
        check(&log, "train/loss", 100.0, loss, 1e-6);
        check(&log, "val/acc", 100.0, acc, 1e-6);
    }
    let log = recorded("trainer_state.json");
    // The last bit may differ: numbers of JSON are read fast rather than rounded correctly.
    check(&log, "loss", 100.0, loss, 1e-15);
    check(&log, "eval_accuracy", 100.0, acc, 1e-15);
    assert_eq!(
        (log.series["loss"].last_not_finite, log.planned),
        (Some(1200.0), Some(1200.0))
    );
    let log = recorded("keras.csv");
    check(&log, "loss", 1.0, loss, 0.0);
    check(&log, "val_accuracy", 1.0, acc, 0.0);
    let log = recorded("mlflow");
    check(&log, "train_loss", 100.0, loss, 0.0);
    check(&log, "val/acc", 100.0, acc, 0.0);
}

#[test]
fn percents_are_numbers_and_what_nearly_is_one_is_named() {
    let log = text(
        "a.csv",
        "step,acc,loss,when,phase\n1,81.3%,0.5 s,2026-11-26,train\n2,82 %,0.4 s,2026-11-27,val\n",
    );
    let log = log.unwrap().remove(0);
    assert_eq!(log.series["acc"].values, [81.3, 82.0]);
    assert_eq!(log.notes, ["`loss` is left out: `0.5 s` is no number"]);
    let log = text("b.csv", "step;loss;acc\n1;0,53;1\n2;0,51;2\n")
        .unwrap()
        .remove(0);
    assert_eq!(log.notes, ["`loss` is left out: `0,53` is no number"]);
    let error = text("c.csv", "step;loss\n1;0,53\n").unwrap_err();
    assert!(
        error.contains("step, loss (`loss` is left out: `0,53` is no number)"),
        "{error}"
    );
}

#[test]
fn a_folder_holds_every_log_below_it() {
    let found = log_sources("tests/data/logs".into(), &LogOptions::default()).unwrap();
    let names: Vec<&str> = found.iter().map(|s| s.path.file_name().unwrap()).collect();
    // The event files lie in one folder, and are one run.
    assert_eq!(
        names,
        [
            "logs",
            "keras.csv",
            "lightning.csv",
            "mlflow",
            "run-red1.wandb",
            "trainer_state.json"
        ]
    );
}

#[test]
fn long_tables_and_wide_ones_say_the_same() {
    let long = text(
        "a.csv",
        "run_id,step,metric,value\na,0,loss,2\na,0,acc,.1\na,10,loss,1\na,10,acc,.5\nb,0,loss,3\n",
    )
    .unwrap();
    assert_eq!(long.len(), 2);
    let wide = text(
        "a.tsv",
        "step\tloss\tacc\trun\n0\t2\t.1\ta\n10\t1\t.5\ta\n0\t3\t\tb\n",
    )
    .unwrap();
    assert_eq!(long, wide);
    let lines = "{\"step\": 0, \"loss\": 2, \"acc\": 0.1, \"run\": \"a\"}\n{\"step\": 10, \"loss\": 1, \"acc\": 0.5, \"run\": \"a\"}\n\n{\"step\": 0, \"loss\": 3, \"run\": \"b\"}\n";
    assert_eq!(long, text("a.jsonl", lines).unwrap());
    let rows = format!(
        "[{}]",
        lines.trim().replace("\n\n", "\n").replace('\n', ",\n")
    );
    assert_eq!(long, text("a.json", rows).unwrap());
    let long_lines = "{\"step\":0,\"key\":\"loss\",\"value\":3,\"run\":\"b\"}\n";
    assert_eq!(long[1], text("a.ndjson", long_lines).unwrap()[0]);
}

#[test]
fn panels_of_runs_and_tables_that_lack_values_are_told_apart() {
    // As the page of W&B exports a panel, written by hand: no package writes it.
    let panel = "\"Step\",\"red-1 - val/loss\",\"red-1 - val/loss__MIN\",\"red-1 - val/loss__MAX\",\"blue-2 - val/loss\"\n0,2,2,2,\n1,1,1,1,5\n";
    let logs = text("panel.csv", panel).unwrap();
    assert_eq!(
        logs.iter().map(|l| l.id.as_str()).collect::<Vec<_>>(),
        ["blue-2", "red-1"]
    );
    assert_eq!(logs[1].series["val/loss"].values, [2.0, 1.0]);
    assert_eq!(logs[0].series["val/loss"].steps, [1.0]);
    // Numbers alone.
    let log = &text("bare.csv", "0,1.5\n10,1.25\n").unwrap()[0];
    assert_eq!(
        (
            log.series["column 2"].steps[1],
            log.series["column 2"].values[1]
        ),
        (10.0, 1.25)
    );
}

#[test]
fn rows_that_are_cut_off_or_repeat_the_header_are_left_out() {
    let log = &text("a.csv", "step,loss\n0,2\n1,1\nstep,loss\n2,0.5\n3").unwrap()[0];
    assert_eq!(log.series["loss"].values, [2.0, 1.0, 0.5]);
    assert_eq!(log.notes, ["the last line is cut off, and left out"]);
    let log = &text(
        "a.jsonl",
        "{\"step\":0,\"loss\":NaN}\n{\"step\":1,\"loss\":1,\"why\":\"NaN\"}\n{\"step\":2,",
    )
    .unwrap()[0];
    assert_eq!(
        (log.series["loss"].values[0], log.series["loss"].not_finite),
        (1.0, 1)
    );
    assert_eq!(log.notes.len(), 1);
}

#[test]
fn lines_of_text_are_read_by_a_pattern() {
    let folder = Folder::new();
    let path = folder.write(
        "log.txt",
        "start\nstep:128/900 val_loss:6.03 time:3ms\nstep:256/900 val_loss:5.2\nbye",
    );
    let options = |pattern: &str| LogOptions {
        pattern: Some(pattern.to_owned()),
        ..LogOptions::default()
    };
    let log = &all(
        &path,
        &options(r"step:(?<step>\d+)/.* val_loss:(?<val_loss>\S+)"),
    )
    .unwrap()[0];
    assert_eq!(log.series["val_loss"].steps, [128.0, 256.0]);
    let log = &all(&path, &options(r"(?<metric>val_loss):(?<value>\S+)")).unwrap()[0];
    assert_eq!(
        (log.series["val_loss"].values[1], log.notes.len()),
        (5.2, 1)
    );
    for (pattern, says) in [
        ("(", "the pattern cannot be used"),
        ("(?<loss>(a{1000}){1000})", "the pattern cannot be used"),
        (r"step (\d+)", "names no metric"),
        (r"step:(?<step>\d+)", "names no metric"),
        (
            r"accuracy (?<acc>\S+)",
            "no line holds the pattern with a number for each of its groups",
        ),
        (
            r"(?<step>step):(?<loss>\d+)",
            "line 2: the step `step` is no finite number",
        ),
    ] {
        let error = all(&path, &options(pattern)).unwrap_err();
        assert!(error.contains(says), "{pattern}: {error}");
    }
}

#[test]
fn every_malformed_log_has_its_own_message() {
    let columns = vec!["c"; 70_000].join(",");
    let cases: &[(&str, &[u8], &str)] = &[
        ("a", b"hello world\n", "cannot tell what kind of log"),
        ("a", b"", "it is empty"),
        ("a.csv", b"", "it is empty"),
        ("a.jsonl", b"\n\n", "it is empty"),
        ("tfevents", b"", "it is empty"),
        (
            "a.csv",
            b"step,name\n0,x\n",
            "no column holds a metric; its columns are step, name",
        ),
        (
            "a.jsonl",
            b"{\"step\": 1, \"x\": \"y\"}\n",
            "no column holds a metric; its columns are step, x",
        ),
        ("a.csv", columns.as_bytes(), "more than 65536 columns"),
        (
            "a.csv",
            b"step,loss\n0,\xff\n1,2\n",
            "line 2 is no text in UTF-8",
        ),
        (
            "a.csv",
            b"step,loss\n0,1\n1\n2,3\n",
            "line 3: 1 fields, but the header has 2",
        ),
        (
            "a.csv",
            b"step,loss\nfirst,1\n",
            "line 2: the step `first` is no finite number",
        ),
        (
            "a.csv",
            b"step,loss\ninf,1\n",
            "line 2: the step `inf` is no finite number",
        ),
        (
            "a.jsonl",
            b"{\"step\": 1}}\n{}\n",
            "line 1: trailing characters",
        ),
        ("a.jsonl", b"[1, 2]\n", "line 1: invalid type"),
        ("a.jsonl", b"3\n{}\n", "line 1: it is no JSON object"),
        (
            "a.jsonl",
            b"{\"step\": \"x\", \"loss\": 1}\n",
            "line 1: the step `\"x\"` is no finite number",
        ),
        (
            "trainer_state.json",
            b"{\"log_history\": [{\"step\": null, \"loss\": 1}]}",
            "the step `null`",
        ),
        (
            "trainer_state.json",
            b"{\"log_history\": [",
            "EOF while parsing",
        ),
        (
            "trainer_state.json",
            b"{\"log_history\": 3}",
            "invalid type: integer `3`",
        ),
    ];
    for (name, content, says) in cases {
        let error = text(name, content).unwrap_err();
        assert!(error.contains(says), "{name}: {error}");
    }
    let options = LogOptions {
        step: Some("t".into()),
        ..LogOptions::default()
    };
    let folder = Folder::new();
    let error = all(&folder.write("a.csv", "step,loss\n0,1\n"), &options).unwrap_err();
    assert!(
        error.contains("there is no column `t`; its columns are step, loss"),
        "{error}"
    );
    let long = folder.write("long.jsonl", vec![b' '; 17 << 20]);
    let error = all(&long, &LogOptions::default()).unwrap_err();
    assert!(
        error.contains("line 1 is longer than 16777216 bytes"),
        "{error}"
    );
    for (path, says) in [
        ("no/where", "no such file or directory"),
        ("src", "no log was found in it"),
    ] {
        assert!(
            all(path.into(), &LogOptions::default())
                .unwrap_err()
                .contains(says)
        );
    }
    let options = LogOptions {
        format: Some(LogFormat::Text),
        ..LogOptions::default()
    };
    let error = all(&folder.write("b", "x"), &options).unwrap_err();
    assert!(error.contains("plain text needs a pattern"), "{error}");
    std::fs::create_dir_all(folder.0.path().join("m/metrics")).unwrap();
    folder.write("m/meta.yaml", "");
    folder.write("m/metrics/loss", "17 0.5\n18 0.4 3\n");
    let path = Utf8Path::from_path(folder.0.path()).unwrap().join("m");
    let error = all(&path, &LogOptions::default()).unwrap_err();
    assert!(
        error.contains("line 1: loss: expected time, value and step"),
        "{error}"
    );
}

/// A frame around a message.
fn framed(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let sums = [events::masked(&length), events::masked(data)].map(u32::to_le_bytes);
    [&length[..], &sums[0], data, &sums[1]].concat()
}

#[test]
fn event_files_that_are_damaged_are_refused_and_those_cut_off_are_read() {
    let whole = std::fs::read("tests/data/logs/events.out.tfevents.old").unwrap();
    let known = recorded("events.out.tfevents.old");
    let mut last = 0;
    for length in 1..whole.len() {
        if let Ok(logs) = text("x.tfevents", &whole[..length]) {
            let series = &logs[0].series["train/loss"];
            assert!(
                series.steps.len() >= last
                    && known.series["train/loss"]
                        .values
                        .starts_with(&series.values)
            );
            last = series.steps.len();
        }
    }
    assert_eq!(last, 12);
    let mut wrong = whole.clone();
    wrong[40] ^= 1;
    assert!(
        text("x.tfevents", &wrong)
            .unwrap_err()
            .contains("its checksum differs")
    );
    let mut wrong = whole;
    wrong[0] ^= 1;
    assert!(
        text("x.tfevents", &wrong)
            .unwrap_err()
            .contains("byte 0 is damaged: its checksum differs")
    );
    for (data, says) in [
        (
            &[0x2a, 0x05, 0x0a][..],
            "a field is longer than its message",
        ),
        (&[0x0f], "a type that is not known"),
        (
            &[
                0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
            ],
            "more than ten bytes",
        ),
        (
            &[0x2a, 0x05, 0x0a, 0x03, 0x0a, 0x01, 0xff],
            "a tag is no text",
        ),
        (
            &[
                0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
            ],
            "longer than its message",
        ),
    ] {
        let error = text("x.tfevents", framed(data)).unwrap_err();
        assert!(
            error.contains("the record at byte 0 is damaged") && error.contains(says),
            "{error}"
        );
    }
    // A length of nearly 2⁶⁴ allocates nothing.
    let length = u64::MAX.to_le_bytes();
    let huge = [&length[..], &events::masked(&length).to_le_bytes(), b"x"].concat();
    let error = text("x.tfevents", huge).unwrap_err();
    assert!(error.contains("no column holds a metric"), "{error}");
}

proptest::proptest! {
    /// Whatever stands in a file, it is read or refused.
    #[test]
    fn no_bytes_break_a_reader(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400), which in 0..6_usize) {
        let name = ["a.csv", "a.jsonl", "a.tfevents", "a.wandb", "trainer_state.json", "a"][which];
        let _ = text(name, &bytes);
        let _ = text("b.tfevents", framed(&bytes));
        let _ = text("b.wandb", [&wandb::MAGIC[..], &[0], &bytes].concat());
    }
}

#[test]
fn reading_a_row_costs_the_same_however_many_there_are() {
    let mut content = String::from("step,loss\n");
    for i in 0..300_000 {
        content += &format!("{i},{}\n", 1.0 / (1.0 + f64::from(i)));
    }
    let series = &text("a.csv", content).unwrap()[0].series["loss"];
    assert!(series.steps.len() <= (1 << 18) + 2 && series.kept_one_in == 2);
    assert_eq!(series.steps.last(), Some(&299_999.0));
}
