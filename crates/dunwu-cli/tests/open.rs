//! `dunwu landscape` and the look into a network, as a person runs them.

mod common;

use common::output as dunwu;
use serde_json::Value;
use std::path::Path;

fn json(dir: &Path, words: &[&str]) -> Value {
    let out = dunwu(dir, words);
    let error = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{words:?}: {error}");
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn a_landscape_has_the_fields_of_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "landscape",
        "task=S3",
        "starts=200",
        "--json",
        "convention=x^2/2",
    ];
    let found = json(dir.path(), &words);
    assert_eq!(
        (&found["order"], &found["convention"]),
        (&6.into(), &"x^2/2".into())
    );
    let levels = found["levels"].as_array().unwrap();
    assert_eq!(levels.len(), 2);
    let (sign, standard) = (&levels[0], &levels[1]);
    assert_eq!(
        (sign["irrep"].as_str(), standard["irrep"].as_str()),
        (Some("sign"), Some("standard"))
    );
    assert_eq!(
        (&standard["dim"], &standard["type"], &standard["nullity"]),
        (&2.into(), &"real".into(), &3.into())
    );
    let height = |l: &Value| l["energy_over_order"].as_f64().unwrap();
    assert!((height(sign) - 0.125).abs() < 1e-9 && (height(standard) - 0.0625).abs() < 1e-9);
    let share = |key: &str| sign[key].as_f64().unwrap();
    assert!(share("basin_low") < share("basin") && share("basin") < share("basin_high"));
    assert!((sign["energy"].as_f64().unwrap() - 6.0 * height(sign)).abs() < 1e-9);
}

#[test]
fn memorising_peaks_win_on_little_data_and_generalising_ones_on_much() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "landscape",
        "task=Z11",
        "train_fraction=0.3,0.9",
        "starts=50",
        "--json",
    ];
    let found = json(dir.path(), &words);
    let samples = found["memorising"].as_array().unwrap();
    let raw: Vec<&Value> = samples.iter().filter(|s| s["energy"] == "raw").collect();
    let height = |s: &Value, kind: &str| s[kind].as_f64().unwrap_or(0.0);
    assert!(height(raw[0], "memorising") > height(raw[0], "generalising"));
    assert!(height(raw[1], "generalising") > height(raw[1], "memorising"));
    assert_eq!(raw[1]["survival"], 1.0);
    // The same on another number of threads, to the last bit.
    let mut again = json(dir.path(), &[words.as_slice(), &["threads=1"]].concat());
    again["seconds"] = found["seconds"].clone();
    assert_eq!(again, found);
}

#[test]
fn whitening_says_with_what_and_leaves_less_than_all() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "landscape",
        "task=Z11",
        "train_fraction=0.7",
        "energies=raw,whitened",
        "width=64",
        "starts=50",
        "--json",
    ];
    let found = json(dir.path(), &words);
    let samples = found["memorising"].as_array().unwrap();
    assert!(samples[0]["whitening"].is_null());
    let with = &samples[1]["whitening"];
    let number = |key: &str| with[key].as_f64().unwrap();
    // 85 of 121 rows, and the default weight decay of 2e-4.
    assert!((number("eta") - 85.0 * 1e-4).abs() < 1e-12);
    assert!(number("residual") > 0.0 && number("residual") < 0.5);
    assert_eq!(with["width"], 64);
    // The network as it starts: no training.
    let start = json(dir.path(), &[words.as_slice(), &["whiten_at=0"]].concat());
    assert_eq!(start["memorising"][1]["whitening"]["epoch"], 0);
    assert_ne!(start["memorising"][1], samples[1]);
}

#[test]
fn a_table_of_features_has_peaks_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    // The first feature tells the classes apart, the second nothing.
    let rows = (0..40).map(|i| {
        let (y, sign) = (
            ["cat", "dog"][i % 2],
            f64::from(i as u32 / 2 % 2) * 2.0 - 1.0,
        );
        format!("{},{},{y}\n", 1.0 + (i % 2) as f64, sign)
    });
    let text = format!("x,noise,kind\n{}", rows.collect::<String>());
    std::fs::write(dir.path().join("f.csv"), text).unwrap();
    let words = [
        "landscape",
        "data=f.csv",
        "label=kind",
        "starts=50",
        "--json",
    ];
    let found = json(dir.path(), &words);
    assert_eq!(
        (&found["order"], &found["unit"]),
        (&2.into(), &"E/n²".into())
    );
    let top = &found["levels"][0];
    // Half of the rows each, squares 1 and 4: z/n = ±(4 − 1)/4, so E/n² = ½·2·(3/4)² at w = (±1, 0).
    assert!((top["energy_over_order"].as_f64().unwrap() - 0.5625).abs() < 1e-9);
    assert_eq!((&top["places"], &top["nullity"]), (&1.into(), &0.into()));
}

#[test]
fn a_checkpoint_is_looked_into_by_its_path() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "task=Z5",
        "width=16",
        "epochs=20",
        "probes=none",
        "checkpoints=7",
    ];
    let train = dunwu(
        dir.path(),
        &[&["train", "--out", "r"], words.as_slice()].concat(),
    );
    assert!(train.status.success());
    let file = "r/checkpoints/seed-0/epoch-00000007.safetensors";
    let seen = json(dir.path(), &["inspect", file, "--json"]);
    let last = &seen["microscope"]["last"];
    assert_eq!(last["epoch"], 7);
    assert_eq!(last["nodes"]["nodes"].as_array().unwrap().len(), 16);
    let text = dunwu(dir.path(), &["inspect", file, "--nodes", "3"]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("the 3 loudest nodes"));
    // Where there is no such file, or it is of another seed.
    let other = file.replace("00000007", "00000099");
    for (words, why) in [
        (
            vec!["inspect", &other],
            "no checkpoint of seed 0 at epoch 99",
        ),
        (vec!["inspect", file, "--seed", "1"], "is of another seed"),
    ] {
        let out = dunwu(dir.path(), &words);
        let error = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{error}");
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn checkpoints_and_looks_of_another_run_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (task, out) in [("Z5", "a"), ("Z7", "b")] {
        let words = [
            "train",
            &format!("task={task}"),
            "width=16",
            "epochs=20",
            "seeds=2",
            "--out",
            out,
        ];
        assert!(dunwu(dir.path(), &words).status.success());
        assert!(dunwu(dir.path(), &["inspect", out]).status.success());
    }
    // A look into another run is not drawn, and the page says so.
    let look = dir.path().join("a/learned.json");
    std::fs::copy(dir.path().join("b/learned.json"), &look).unwrap();
    assert!(dunwu(dir.path(), &["report", "a"]).status.success());
    let page = std::fs::read_to_string(dir.path().join("a/report.html")).unwrap();
    assert!(page.contains("made by a run of another plan"));
    // Another seed's checkpoint.
    let name = "epoch-00000020.safetensors";
    let of = |seed: u64| dir.path().join(format!("a/checkpoints/seed-{seed}/{name}"));
    std::fs::copy(of(1), of(0)).unwrap();
    let out = dunwu(dir.path(), &["inspect", "a"]);
    let error = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{error}");
    assert!(
        error.contains("the checkpoint of seed 1, not of seed 0"),
        "{error}"
    );
}

/// A safetensors file of single-precision matrices, with numbers that differ.
fn safetensors(path: &Path, tensors: &[(&str, [usize; 2])]) {
    let (mut header, mut at) = (serde_json::Map::new(), 0);
    let mut data = Vec::new();
    for (name, [rows, cols]) in tensors {
        let size = 4 * rows * cols;
        let entry = serde_json::json!({ "dtype": "F32", "shape": [rows, cols], "data_offsets": [at, at + size] });
        header.insert((*name).to_owned(), entry);
        let numbers = (0..rows * cols).map(|i| ((i * i * 7 % 13) as f32 - 6.0) / 6.0);
        numbers.for_each(|x| data.extend(x.to_le_bytes()));
        at += size;
    }
    let header = serde_json::to_vec(&header).unwrap();
    let length = (header.len() as u64).to_le_bytes();
    std::fs::write(path, [&length[..], &header, &data].concat()).unwrap();
}

#[test]
fn a_checkpoint_of_another_program_is_looked_into_if_it_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    safetensors(
        &path("net.safetensors"),
        &[("hidden.0", [10, 6]), ("readout", [6, 5])],
    );
    safetensors(
        &path("torch.safetensors"),
        &[("W.weight", [6, 10]), ("V.weight", [5, 6])],
    );
    safetensors(&path("half.safetensors"), &[("hidden.0", [10, 6])]);
    safetensors(
        &path("none.safetensors"),
        &[("fc1", [10, 6]), ("fc2", [6, 5])],
    );
    for file in ["net.safetensors", "torch.safetensors"] {
        let seen = json(dir.path(), &["inspect", file, "task=Z5", "--json"]);
        let nodes = &seen["microscope"]["last"]["nodes"]["nodes"];
        assert_eq!(nodes.as_array().unwrap().len(), 6, "{file}");
    }
    for (words, why) in [
        (vec!["net.safetensors"], "add task=…"),
        (
            vec!["net.safetensors", "task=Z6"],
            "`hidden.0` is 10×6, the plan needs 12×6",
        ),
        (vec!["half.safetensors", "task=Z5"], "readout"),
        (
            vec!["none.safetensors", "task=Z5"],
            "no tensor `hidden.0`, the weights of the hidden layer; it has fc1, fc2",
        ),
        (vec!["net.safetensors", "tsk=Z5"], "did you mean `task`?"),
    ] {
        let out = dunwu(dir.path(), &[&["inspect"], words.as_slice()].concat());
        let error = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{words:?}: {error}");
        assert!(error.contains(why), "{words:?}: {error}");
    }
}

#[test]
fn a_landscape_refuses_what_it_cannot_do() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bad.csv"), "0,1\n1,1\n").unwrap();
    std::fs::write(dir.path().join("huge.csv"), "x,y\n1e300,0\n1,1\n").unwrap();
    for (words, why) in [
        (vec!["task=Z7", "energis=raw"], "did you mean `energies`?"),
        (vec!["task=Z7", "energies=rwa"], "did you mean `raw`?"),
        (
            vec!["task=Z7", "starts=0"],
            "starts: expected a whole number",
        ),
        (vec!["task=Z7", "convention=x"], "expected x^2 or x^2/2"),
        (
            vec!["task=Z7", "train_fraction=0.9:0.1:5"],
            "no rising range",
        ),
        (vec!["task=Z7", "train_fraction=1.5"], "not a share"),
        (vec!["task=Z7", "task=Z8"], "task: is given twice"),
        (
            vec!["task=Z7", "starts=5", "starts=6"],
            "starts: is given twice",
        ),
        (
            vec!["task=Z7", "train_size=9", "train_fraction=0.3"],
            "keep one",
        ),
        (vec!["task=Z7", "epochs=5"], "add energies=whitened"),
        (
            vec!["task=Z7", "label_noise=0.1"],
            "label_noise: is of a sample",
        ),
        (vec!["task=Z7", "label=x"], "add data=FILE"),
        (vec!["data=huge.csv", "label=y"], "rescale the features"),
        (vec!["data=/dev/zero"], "no regular file"),
        (
            vec![
                "task=Z7",
                "train_fraction=0.5",
                "energies=whitened",
                "epochs=5",
                "whiten_at=6",
            ],
            "after the last epoch",
        ),
        (vec!["task=Z7", "batch_size=5"], "batch_size"),
        (vec!["task=Z7", "data=f.csv"], "task: is a key of tasks"),
        (vec!["data=none.csv"], "none.csv"),
        (vec!["data=bad.csv"], "no column `label`"),
        (
            vec![
                "task=Z7",
                "train_fraction=0.5",
                "energies=whitened",
                "eta=0",
            ],
            "eta: expected a number above 0",
        ),
        (
            vec![
                "task=Z7",
                "energies=whitened",
                "train_fraction=0.5",
                "weight_decay=0",
            ],
            "so η of the whitened energy is 0",
        ),
        (
            vec![
                "task=Z7",
                "activation=relu",
                "train_fraction=0.5",
                "energies=cross",
            ],
            "leave out `cross`",
        ),
        (
            vec!["task=parity(6,2)", "train_fraction=0.5"],
            "this task has none",
        ),
        (vec!["task=Z7", "model=transformer"], "no landscape reads"),
        (vec!["task=backcopy(8,2,16)"], "whose rows are no table"),
        (vec!["task=table:bad.csv"], "bad.csv"),
        (vec!["task=Z99999"], "99999 elements"),
    ] {
        let out = dunwu(dir.path(), &[&["landscape"], words.as_slice()].concat());
        let error = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{words:?}: {error}");
        assert!(error.contains(why), "{words:?}: {error}");
    }
    // The energy itself needs no features.
    let found = json(
        dir.path(),
        &["landscape", "task=parity(4,2)", "starts=50", "--json"],
    );
    assert!(found["no_features"].as_str().unwrap().contains("one bit"));
    assert!(!found["levels"].as_array().unwrap().is_empty());
}

#[test]
fn a_network_that_generalised_is_a_formula_and_one_that_memorised_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let train = [
        "train",
        "task=Z23",
        "width=512",
        "weight_decay=1e-3",
        "lr=5e-3",
        "probes=none",
        "--quiet",
        "--out",
    ];
    let settings: [(&str, &[&str], bool); 3] = [
        ("rule", &["train_fraction=0.8", "epochs=300"], true),
        ("rows", &["train_fraction=0.2", "epochs=300"], false),
        (
            "noise",
            &["train_fraction=0.6", "label_noise=0.3", "epochs=300"],
            false,
        ),
    ];
    for (name, settings, holds) in settings {
        let out = dunwu(dir.path(), &[train.as_slice(), &[name], settings].concat());
        assert!(out.status.success());
        let seen = &json(dir.path(), &["inspect", name, "--json"])["microscope"]["last"];
        let formula = &seen["formula"];
        assert_eq!(formula["holds"], holds, "{name}: {}", formula["why"]);
        assert_eq!(formula["formula"].is_null(), !holds, "{name}");
        if holds {
            assert_eq!(formula["formula"]["accuracy"], 1.0);
            assert!(formula["r2"].as_f64().unwrap() > 0.8);
        }
        let text = String::from_utf8(dunwu(dir.path(), &["inspect", name]).stdout).unwrap();
        let says = if holds {
            "It is a short program"
        } else {
            "It is no short program"
        };
        assert!(text.contains(says), "{name}: {text}");
    }
    let out = dunwu(dir.path(), &["inspect", "rule", "--seed", "7"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("no run of seed 7"));
}

#[test]
fn a_look_into_a_network_fills_its_page_and_report_keeps_it() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "train",
        "task=Z7",
        "width=48",
        "epochs=60",
        "train_fraction=0.8",
        "--quiet",
        "--out",
        "r",
    ];
    assert!(dunwu(dir.path(), &words).status.success());
    let page = || std::fs::read_to_string(dir.path().join("r/report.html")).unwrap();
    let before = page();
    assert!(before.contains("dunwu inspect DIR"));
    assert!(dunwu(dir.path(), &["inspect", "r"]).status.success());
    let after = page();
    assert!(after.contains("Which explanation of the answers is the shortest"));
    assert!(dir.path().join("r/figures/lengths.svg").exists());
    assert!(dunwu(dir.path(), &["report", "r"]).status.success());
    assert!(page() == after);
    // A record that cannot be used does not stand in the way of the page.
    for (text, part) in [("{", "is damaged"), ("{\"format\":9}", "has format 9")] {
        std::fs::write(dir.path().join("r/learned.json"), text).unwrap();
        assert!(dunwu(dir.path(), &["report", "r"]).status.success());
        assert!(page().contains(part), "{part}");
    }
}

/// All files below a directory but its lock, with their content.
fn files(dir: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut out = std::collections::BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            let below = files(&entry.path()).into_iter();
            out.extend(below.map(|(n, text)| (format!("{name}/{n}"), text)));
        } else if name != "lock" {
            out.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
    out
}

#[test]
fn inspect_says_what_a_directory_holds_that_is_no_run() {
    let dir = tempfile::tempdir().unwrap();
    let made = [
        vec!["sweep", "task=Z5", "width=4", "epochs=2", "--out", "s"],
        vec!["landscape", "task=S3", "starts=50", "--out", "l"],
    ];
    for words in made {
        assert!(dunwu(dir.path(), &words).status.success());
    }
    std::fs::write(dir.path().join("f"), "x").unwrap();
    for (path, why) in [
        (
            "s",
            "s: holds a sweep or borders, and inspect looks into a run; `dunwu report s`",
        ),
        ("l", "l: holds a landscape"),
        ("f", "f: is a file; name a run directory"),
    ] {
        let out = dunwu(dir.path(), &["inspect", path]);
        let error = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{path}: {error}");
        assert!(error.contains(why), "{path}: {error}");
    }
    let out = dunwu(dir.path(), &["report", "s", "x=task", "y=task"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("y: is `task` as x= is"));
}

#[test]
fn a_run_that_diverged_is_looked_into_up_to_where_its_numbers_broke() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "train",
        "task=Z7",
        "width=16",
        "optimizer=sgd",
        "lr=50",
        "epochs=100",
        "--out",
        "d",
    ];
    assert!(dunwu(dir.path(), &words).status.success());
    let out = dunwu(dir.path(), &["inspect", "d"]);
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success());
    assert!(
        text.contains("It diverged") && !text.contains("NaN"),
        "{text}"
    );
    let page = std::fs::read_to_string(dir.path().join("d/report.html")).unwrap();
    assert!(!page.contains("learned.json is damaged"), "{text}");
}

#[test]
fn a_landscape_writes_a_page_and_report_rebuilds_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let words = [
        "landscape",
        "task=Z11",
        "train_fraction=0.3:0.9:4",
        "starts=50",
        "--out",
        "l",
        "--quiet",
    ];
    let out = dunwu(dir.path(), &words);
    assert!(String::from_utf8_lossy(&out.stdout).contains("page: l/index.html"));
    let home = dir.path().join("l");
    let written = files(&home);
    let names: Vec<&str> = written.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "figures/heights-cross.svg",
            "figures/heights-horvitz_thompson.svg",
            "figures/heights-raw.svg",
            "figures/peaks.svg",
            "figures/slice.svg",
            "figures/walks.svg",
            "index.html",
            "landscape.json"
        ]
    );
    let page = String::from_utf8_lossy(&written["index.html"]);
    assert!(page.contains("dunwu landscape task=Z11 train_fraction=0.3:0.9:4 starts=50"));
    std::fs::remove_file(home.join("index.html")).unwrap();
    std::fs::remove_dir_all(home.join("figures")).unwrap();
    let out = dunwu(dir.path(), &["report", "l"]);
    assert_eq!(out.stdout, b"l/index.html\n");
    assert!(files(&home) == written);
    // Without --out the page goes to runs/, and with --json nothing is written.
    let out = dunwu(dir.path(), &["landscape", "task=S3", "starts=50"]);
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(
        text.contains("page: runs/landscape-S3-1/index.html"),
        "{text}"
    );
    json(dir.path(), &["landscape", "task=S3", "starts=50", "--json"]);
    assert!(!dir.path().join("runs/landscape-S3-2").exists());
}

#[test]
fn records_of_landscapes_that_cannot_be_used_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |words: &[&str], part: &str| {
        let out = dunwu(dir.path(), words);
        let error = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{words:?}: {error}");
        assert!(error.contains(part), "{words:?}: {error}");
    };
    let make = ["landscape", "task=S3", "starts=50", "--out", "l"];
    assert!(dunwu(dir.path(), &make).status.success());
    refused(&make, "l is not empty; give another --out");
    let record = dir.path().join("l/landscape.json");
    let text = std::fs::read_to_string(&record).unwrap();
    // A task that cannot be made leaves no directory behind.
    refused(&["landscape", "task=nothing", "--out", "n"], "nothing");
    assert!(!dir.path().join("n").exists());
    let mut newer: Value = serde_json::from_str(&text).unwrap();
    newer["format"] = 99.into();
    std::fs::write(&record, newer.to_string()).unwrap();
    refused(&["report", "l"], "has format 99");
    newer["format"] = 1.into();
    newer["peaks"] = "none".into();
    std::fs::write(&record, newer.to_string()).unwrap();
    refused(&["report", "l"], "landscape.json is damaged");
    std::fs::write(&record, "{").unwrap();
    refused(&["report", "l"], "landscape.json is damaged");
    std::fs::remove_file(&record).unwrap();
    refused(&["report", "l"], "l holds no run");
}
