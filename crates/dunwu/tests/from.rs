//! Runs that start from the weights of other runs: what they are, what they keep, what is refused.

use camino::{Utf8Path, Utf8PathBuf};
use dunwu::store::RunDir;
use dunwu::{Control, Report, RunSpec, changed_inputs, resume, train};
use std::sync::atomic::{AtomicBool, Ordering};

const NET: [&str; 4] = ["task=Z7", "width=48", "lr=1e-2", "probes=norms"];

fn spec(words: &[&str]) -> RunSpec {
    RunSpec::from_overrides(words.iter().chain(&NET)).unwrap()
}

fn trained(dir: &Utf8Path, words: &[&str]) -> Result<Report, dunwu::Error> {
    train(&spec(words).resolve().unwrap(), dir, &Control::default())
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> Utf8PathBuf {
        Utf8PathBuf::from_path_buf(self.0.path().join(name)).unwrap()
    }
}

fn series(report: &Report, column: &str) -> Vec<(u64, f64)> {
    report.runs[0].curve.points(column).collect()
}

#[test]
fn a_run_goes_on_with_fewer_rows_from_where_another_ended() {
    let place = Place::new();
    let before = trained(&place.at("before"), &["train_size=40", "epochs=80"]).unwrap();
    let from = format!("from={}", place.at("before"));
    let words = [from.as_str(), "train_size=15", "epochs=6"];
    let after = trained(&place.at("after"), &words).unwrap();
    for column in ["weight_norm.V", "weight_norm.W"] {
        let last = series(&before, column).pop().unwrap();
        assert_eq!(series(&after, column)[0], (0, last.1));
    }
    // It knows its 15 rows already; drawn weights do not.
    assert!(series(&after, "train_acc")[0].1 > 0.9);
    let drawn = trained(&place.at("drawn"), &words[1..]).unwrap();
    assert!(series(&drawn, "train_acc")[0].1 < 0.5);
    // The same file by its own name is the same run.
    let reader = RunDir::open(&place.at("before")).unwrap();
    let file = reader.checkpoints(0).unwrap().pop().unwrap().1;
    let named = [&*format!("from={file}"), "train_size=15", "epochs=6"];
    let named = trained(&place.at("named"), &named).unwrap();
    assert_eq!(named.runs[0].curve, after.runs[0].curve);
}

#[test]
fn what_a_run_started_from_is_kept_and_is_part_of_it() {
    let place = Place::new();
    let before = place.at("before");
    trained(&before, &["epochs=30"]).unwrap();
    let from = format!("from={before}");
    let words = [from.as_str(), "epochs=40", "seeds=2"];
    let whole = trained(&place.at("whole"), &words).unwrap();
    // Stopped before anything is trained, then the first run is lost.
    let cut = place.at("cut");
    let cancel = AtomicBool::new(true);
    let stopped = Control {
        cancel: Some(&cancel),
        ..Control::default()
    };
    train(&spec(&words).resolve().unwrap(), &cut, &stopped).unwrap();
    cancel.store(false, Ordering::Relaxed);
    std::fs::remove_dir_all(&before).unwrap();
    assert!(changed_inputs(&cut).unwrap().is_empty());
    let gone_on = resume(&cut, &RunSpec::default(), &Control::default()).unwrap();
    for (a, b) in whole.runs.iter().zip(&gone_on.runs) {
        assert_eq!(a.curve, b.curve);
    }
    // Another run in its place is told, and is not what is used.
    trained(&before, &["epochs=31"]).unwrap();
    let told = changed_inputs(&cut).unwrap();
    assert!(
        told.len() == 1 && told[0].contains("has changed since the run began"),
        "{told:?}"
    );
    let copy = cut.join("input.from");
    std::fs::write(&copy, "x").unwrap();
    let error = dunwu::load(&cut).unwrap_err().to_string();
    assert!(error.contains("input.from"), "{error}");
}

#[test]
fn what_cannot_be_started_from_is_refused_before_a_directory_is_made() {
    let place = Place::new();
    let (one, two) = (place.at("one"), place.at("two"));
    trained(&one, &["epochs=5"]).unwrap();
    trained(&two, &["epochs=5", "seeds=2"]).unwrap();
    let text = place.at("text.csv");
    std::fs::write(&text, "0,1\n").unwrap();
    let lone = place.at("lone.safetensors");
    let file = RunDir::open(&one)
        .unwrap()
        .checkpoints(0)
        .unwrap()
        .pop()
        .unwrap()
        .1;
    std::fs::copy(&file, &lone).unwrap();
    let out = place.at("out");
    let why = |words: &[&str]| {
        let all: Vec<&str> = words.iter().copied().chain(["epochs=3"]).collect();
        let mut spec = RunSpec::from_overrides(NET).unwrap();
        spec.merge(RunSpec::from_overrides(all).unwrap());
        let error = train(&spec.resolve().unwrap(), &out, &Control::default()).unwrap_err();
        assert!(error.is_bad_input() && !out.exists(), "{error}");
        error.to_string()
    };
    let from = |path: &Utf8Path| format!("from={path}");
    for (words, expected) in [
        (vec![from(&place.at("gone"))], "No such file"),
        (vec![from(&place.at(""))], "no run"),
        (vec![from(&two)], "has 2 runs; name the checkpoint of one"),
        (vec![from(&text)], "text.csv"),
        (
            vec![from(&one), "width=32".into()],
            "`hidden.0` is 14×48, the plan needs 14×32",
        ),
        (
            vec![from(&one), "hidden_layers=2".into()],
            "`hidden.1` is missing",
        ),
        (
            vec![from(&one), "task=x-y mod 7".into()],
            "has learned task=Z7 of 2 operands, not task=x-y mod 7 of 2",
        ),
    ] {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let why = why(&words);
        assert!(
            why.contains("from: ") && why.contains(expected),
            "{words:?}: {why}"
        );
    }
    // A file that lies elsewhere does not say what it learned: shapes alone decide.
    trained(&out, &[&from(&lone), "epochs=3"]).unwrap();
}
