//! Rows that were interrupted go on with the runs that were finished.

use camino::{Utf8Path, Utf8PathBuf};
use dunwu::Control;
use dunwu::reproduce::{Changes, Outcome, Row, Step, Suite, SuiteDir, Trained};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

const ONE: Changes = Changes {
    epochs: None,
    seed: None,
    seeds: None,
    threads: Some(1),
};

/// What a caller hears of one row.
#[derive(Debug, Default)]
struct Heard {
    goes_on: Vec<Trained>,
    notices: Vec<String>,
    /// Most runs that have ended in any part, those from before left out.
    trained: u64,
}

/// Measures a row in a directory until `most` of its runs have been trained.
fn sit(held: &SuiteDir, row: &Row, changes: Changes, most: u64) -> (Option<Outcome>, Heard) {
    let cancel = AtomicBool::new(false);
    let heard = Mutex::new(Heard::default());
    let parts = Mutex::new((0, 0));
    let hear = |step: Step<'_>| {
        let mut heard = heard.lock().unwrap();
        match step {
            Step::GoesOn(t) => heard.goes_on.push(t),
            Step::Notice(text) => heard.notices.push(text.to_owned()),
            Step::Training(t) => {
                let mut parts = parts.lock().unwrap();
                let now = t.runs - t.kept;
                // A part of the row begins anew.
                if now < parts.1 {
                    parts.0 += parts.1;
                }
                parts.1 = now;
                heard.trained = parts.0 + parts.1;
                cancel.store(heard.trained >= most, Ordering::Relaxed);
            }
            Step::Begins(_) | Step::Done(_) => {}
        }
    };
    let control = Control {
        progress: None,
        cancel: Some(&cancel),
    };
    let found = Suite::keeping(held)
        .run(row, changes, &control, &hear)
        .unwrap();
    (found, heard.into_inner().unwrap())
}

/// Without what no two sittings share.
fn timeless(outcome: Outcome) -> Outcome {
    Outcome {
        seconds: 0.0,
        ..outcome
    }
}

fn whole(row: &Row, changes: Changes) -> Outcome {
    let found = Suite::default().run(row, changes, &Control::default(), &|_| ());
    timeless(found.unwrap().unwrap())
}

fn place(keep: &tempfile::TempDir, name: &str) -> Utf8PathBuf {
    Utf8PathBuf::from_path_buf(keep.path().join(name)).unwrap()
}

fn files(dir: &Utf8Path, ending: &str) -> Vec<Utf8PathBuf> {
    let Ok(entries) = dir.join("runs").read_dir_utf8() else {
        return vec![];
    };
    let paths = entries.map(|e| e.unwrap().into_path());
    let mut all: Vec<Utf8PathBuf> = paths.filter(|p| p.as_str().ends_with(ending)).collect();
    all.sort();
    all
}

fn small() -> Row {
    toml::from_str(
        r#"
        id = "0"
        source = "a test"
        claim = "small networks learn"
        published = "they do"
        cost = "S"
        plan = { task = "Z5", width = [16, 32], epochs = 60, lr = 1e-2, seeds = 3, probes = "norms" }
        [[check]]
        kind = "over_seeds"
        with = { number = { of = "crossing", column = "train_acc", at = 0.99 } }
        expect = [{ statistic = "median", what = "memorised", high = 60 }]
        [[check]]
        kind = "over_seeds"
        with = { number = { of = "last", column = "weight_norm.W" } }
        expect = [{ statistic = "median", what = "norm" }]
        "#,
    )
    .unwrap()
}

/// Runs that start from others' weights, and runs that are held to others' norm.
fn following() -> Row {
    toml::from_str(
        r#"
        id = "0"
        source = "a test"
        claim = "runs go on"
        published = "they do"
        cost = "S"
        plan = { task = "Z5", width = 32, train_size = 20, epochs = 60, lr = 1e-2, seeds = 2, probes = "norms" }
        [arm.fewer]
        train_size = [10, 15]
        epochs = 25
        [arm.held]
        weight_norm = [1, 2]
        epochs = 30
        [follow.fewer]
        after = ""
        weights = true
        [follow.held]
        after = ""
        norm = { event = "train_acc", at = 0.99 }
        [[check]]
        kind = "over_seeds"
        with = { number = { of = "last", column = "weight_norm.W" } }
        expect = [{ statistic = "median", what = "before" }]
        [[check]]
        kind = "over_seeds"
        with = { arm = "fewer", number = { of = "last", column = "weight_norm.W" } }
        expect = [{ statistic = "median", what = "after" }]
        [[check]]
        kind = "over_seeds"
        with = { arm = "held", number = { of = "last", column = "train_loss" } }
        expect = [{ statistic = "median", what = "held", low = 0 }]
        "#,
    )
    .unwrap()
}

#[test]
fn a_row_that_was_interrupted_anywhere_comes_to_the_same() {
    for (row, runs) in [(small(), 6), (following(), 10)] {
        let expected = whole(&row, ONE);
        for most in 1..runs {
            let keep = tempfile::tempdir().unwrap();
            let dir = place(&keep, "d");
            let held = SuiteDir::open(&dir).unwrap();
            let (none, heard) = sit(&held, &row, ONE, most);
            assert_eq!((none, heard.trained), (None, most));
            assert_eq!(held.unfinished().unwrap()[0].runs as u64, most);
            drop(held);
            let held = SuiteDir::open(&dir).unwrap();
            let (found, heard) = sit(&held, &row, ONE, u64::MAX);
            let kept: u64 = heard.goes_on.iter().map(|t| t.kept).sum();
            assert_eq!((kept, heard.trained), (most, runs - most));
            let first = heard.goes_on[0];
            assert!(first.runs == first.kept && first.runs <= first.of_runs);
            assert_eq!(timeless(found.unwrap()), expected, "after {most} runs");
        }
    }
}

/// Measures a row in a directory until its runs have come to so many epochs.
fn sit_epochs(held: &SuiteDir, row: &Row, most: u64) -> (Option<Outcome>, Vec<String>) {
    let cancel = AtomicBool::new(false);
    let notices = Mutex::new(Vec::new());
    let hear = |step: Step<'_>| match step {
        Step::Training(t) => cancel.store(t.epochs >= most, Ordering::Relaxed),
        Step::Notice(text) => notices.lock().unwrap().push(text.to_owned()),
        Step::Begins(_) | Step::GoesOn(_) | Step::Done(_) => {}
    };
    let control = Control {
        progress: None,
        cancel: Some(&cancel),
    };
    let found = Suite::keeping(held).run(row, ONE, &control, &hear).unwrap();
    (found, notices.into_inner().unwrap())
}

#[test]
fn a_run_that_was_interrupted_goes_on_to_the_same_bits() {
    let mut probed = small();
    // Probes with a memory, evaluations apart, and a stop.
    for (key, value) in [
        ("probes", "cheap"),
        ("stop", "settled"),
        ("optimizer", "muon"),
    ] {
        probed.plan.insert(key.into(), value.into());
    }
    probed.plan.insert("eval_every".into(), 7.into());
    for row in [small(), following(), probed] {
        let expected = whole(&row, ONE);
        let keep = tempfile::tempdir().unwrap();
        let straight = place(&keep, "d");
        sit(&SuiteDir::open(&straight).unwrap(), &row, ONE, u64::MAX);
        let mut saved = 0;
        for most in [1, 29, 60, 75, 130, 350] {
            let keep = tempfile::tempdir().unwrap();
            let dir = place(&keep, "d");
            let held = SuiteDir::open(&dir).unwrap();
            let (none, _) = sit_epochs(&held, &row, most);
            if none.is_some() {
                continue;
            }
            let begun = files(&dir, ".under-way.safetensors").len();
            assert_eq!(held.unfinished().unwrap()[0].under_way, begun);
            saved += begun;
            let (found, notices) = sit_epochs(&held, &row, u64::MAX);
            assert_eq!(timeless(found.unwrap()), expected, "after {most} epochs");
            assert_eq!(notices.len(), begun, "{notices:?}");
            assert!(notices.iter().all(|n| n.contains(" goes on from epoch ")));
            assert!(files(&dir, ".under-way.safetensors").is_empty());
            // Every reading and every weight, and not only what follows from them.
            for ending in [".parquet", ".safetensors"] {
                let (mine, other) = (files(&dir, ending), files(&straight, ending));
                assert_eq!(mine.len(), other.len());
                for (a, b) in mine.iter().zip(&other) {
                    assert_eq!(a.file_name(), b.file_name());
                    assert!(
                        std::fs::read(a).unwrap() == std::fs::read(b).unwrap(),
                        "{a}"
                    );
                }
            }
        }
        assert!(saved > 1);
    }
}

/// What a kill leaves: a copy of the directory, taken while the second of its runs is trained.
#[test]
fn what_a_kill_leaves_goes_on_to_the_same() {
    let mut row = small();
    row.plan.insert("save_seconds".into(), 0.into());
    let keep = tempfile::tempdir().unwrap();
    let (dir, left) = (place(&keep, "d"), place(&keep, "left"));
    let held = SuiteDir::open(&dir).unwrap();
    let hear = |step: Step<'_>| match step {
        Step::Training(t) if t.runs == 1 && t.epochs > 90 && !left.exists() => {
            std::fs::create_dir_all(left.join("runs")).unwrap();
            for path in [&dir, &dir.join("runs")] {
                for entry in path.read_dir_utf8().unwrap().map(Result::unwrap) {
                    let to = left.join(entry.path().strip_prefix(&dir).unwrap());
                    if entry.path().is_file() && entry.file_name() != "lock" {
                        std::fs::copy(entry.path(), to).unwrap();
                    }
                }
            }
        }
        _ => {}
    };
    let found = Suite::keeping(&held).run(&row, ONE, &Control::default(), &hear);
    let expected = timeless(found.unwrap().unwrap());
    let held = SuiteDir::open(&left).unwrap();
    let unfinished = held.unfinished().unwrap();
    assert_eq!((unfinished[0].runs, unfinished[0].under_way), (1, 1));
    let (found, notices) = sit_epochs(&held, &row, u64::MAX);
    assert_eq!(timeless(found.unwrap()), expected);
    let from = notices[0].split(" goes on from epoch ").nth(1).unwrap();
    let from: u64 = from.split(' ').next().unwrap().parse().unwrap();
    assert!((29..60).contains(&from), "{notices:?}");
}

#[test]
fn a_run_begins_anew_where_its_state_is_damaged() {
    let row = small();
    let expected = whole(&row, ONE);
    let keep = tempfile::tempdir().unwrap();
    let dir = place(&keep, "d");
    let held = SuiteDir::open(&dir).unwrap();
    for damage in ["cut", "other"] {
        sit_epochs(&held, &row, if damage == "cut" { 29 } else { 90 });
        let path = files(&dir, ".under-way.safetensors").remove(0);
        let mut bytes = std::fs::read(&path).unwrap();
        if damage == "cut" {
            bytes.truncate(bytes.len() / 2);
        } else {
            // The state of another run under this one's name.
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let at = text.find("width=16").unwrap();
            bytes[at..at + 8].copy_from_slice(b"width=17");
        }
        std::fs::write(&path, bytes).unwrap();
        let (_, notices) = sit_epochs(&held, &row, if damage == "cut" { 75 } else { u64::MAX });
        let told = notices.iter().find(|n| n.contains("begins anew")).unwrap();
        assert!(
            told.contains("damaged") && told.contains(path.file_name().unwrap()),
            "{told}"
        );
    }
    let (found, _) = sit_epochs(&held, &row, u64::MAX);
    assert_eq!(timeless(found.unwrap()), expected);
}

#[test]
fn a_row_can_be_interrupted_after_every_run() {
    let row = following();
    let keep = tempfile::tempdir().unwrap();
    let dir = place(&keep, "d");
    let held = SuiteDir::open(&dir).unwrap();
    let mut before = 0.0;
    for run in 1..=9 {
        let (none, heard) = sit(&held, &row, ONE, 1);
        assert_eq!((none, heard.trained), (None, 1));
        let unfinished = held.unfinished().unwrap();
        assert_eq!((unfinished.len(), unfinished[0].runs), (1, run));
        assert!(unfinished[0].seconds > before, "{before} {unfinished:?}");
        before = unfinished[0].seconds;
    }
    let (found, heard) = sit(&held, &row, ONE, u64::MAX);
    let found = found.unwrap();
    // The time of all sittings, not that of the last one.
    assert!(found.seconds > before, "{} {before}", found.seconds);
    assert_eq!((heard.trained, timeless(found)), (1, whole(&row, ONE)));
}

#[test]
fn runs_of_other_plans_are_not_taken_and_those_of_more_seeds_are() {
    let row = small();
    let keep = tempfile::tempdir().unwrap();
    let held = SuiteDir::open(&place(&keep, "d")).unwrap();
    sit(&held, &row, ONE, 6);
    let other = Changes {
        epochs: Some(50),
        ..ONE
    };
    let (found, heard) = sit(&held, &row, other, u64::MAX);
    assert!(heard.goes_on.is_empty() && heard.trained == 6, "{heard:?}");
    assert_eq!(timeless(found.unwrap()), whole(&row, other));
    let more = Changes {
        seeds: Some(4),
        threads: Some(2),
        ..ONE
    };
    let (found, heard) = sit(&held, &row, more, u64::MAX);
    assert_eq!((heard.goes_on[0].kept, heard.trained), (6, 2));
    assert_eq!(timeless(found.unwrap()), whole(&row, more));
}

#[test]
fn runs_without_weights_are_trained_again_where_weights_are_read() {
    let row = following();
    let mut plain = row.clone();
    plain.id = "1".into();
    plain.follow.clear();
    plain.check.truncate(1);
    let keep = tempfile::tempdir().unwrap();
    let dir = place(&keep, "d");
    let held = SuiteDir::open(&dir).unwrap();
    let (found, _) = sit(&held, &plain, ONE, u64::MAX);
    assert!(found.is_some() && files(&dir, ".safetensors").is_empty());
    let (none, heard) = sit(&held, &row, ONE, 2);
    assert!(none.is_none() && heard.goes_on.is_empty());
    assert_eq!(files(&dir, ".safetensors").len(), 2);
    // The other way round they do no harm.
    let (found, heard) = sit(&held, &plain, ONE, u64::MAX);
    assert_eq!((heard.goes_on[0].kept, heard.trained), (2, 0));
    assert_eq!(timeless(found.unwrap()), whole(&plain, ONE));
}

#[test]
fn a_damaged_run_is_trained_again_and_named() {
    let row = following();
    let expected = whole(&row, ONE);
    type Harm = fn(&mut Vec<u8>);
    let cut: Harm = |bytes| bytes.truncate(bytes.len() / 2);
    let flip: Harm = |bytes| {
        let at = bytes.len() / 3;
        bytes[at] ^= 4;
    };
    let empty: Harm = |bytes| bytes.clear();
    for (ending, harm) in [
        (".parquet", cut),
        (".parquet", flip),
        (".parquet", empty),
        (".safetensors", cut),
        (".safetensors", flip),
        (".safetensors", empty),
    ] {
        let keep = tempfile::tempdir().unwrap();
        let dir = place(&keep, "d");
        let held = SuiteDir::open(&dir).unwrap();
        sit(&held, &row, ONE, 4);
        let path = files(&dir, ending).remove(1);
        let mut bytes = std::fs::read(&path).unwrap();
        harm(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        let (found, heard) = sit(&held, &row, ONE, u64::MAX);
        assert_eq!(timeless(found.unwrap()), expected);
        assert_eq!((heard.notices.len(), heard.trained), (1, 7), "{heard:?}");
        let told = &heard.notices[0];
        assert!(told.contains(path.file_name().unwrap()), "{told}");
        assert!(told.contains("damaged") && told.ends_with("the run is trained again"));
        // What was trained again is whole again.
        let (_, heard) = sit(&held, &row, ONE, u64::MAX);
        assert_eq!((heard.notices.len(), heard.trained), (0, 0), "{heard:?}");
    }
}

#[test]
fn weights_that_are_gone_are_trained_again() {
    let row = following();
    let keep = tempfile::tempdir().unwrap();
    let dir = place(&keep, "d");
    let held = SuiteDir::open(&dir).unwrap();
    sit(&held, &row, ONE, 3);
    std::fs::remove_file(&files(&dir, ".safetensors")[0]).unwrap();
    let (found, heard) = sit(&held, &row, ONE, u64::MAX);
    assert!(heard.notices[0].contains("it is missing"), "{heard:?}");
    assert_eq!(
        (timeless(found.unwrap()), heard.trained),
        (whole(&row, ONE), 8)
    );
}

#[test]
fn a_note_that_is_damaged_is_refused_with_a_way_out() {
    let row = small();
    let keep = tempfile::tempdir().unwrap();
    let dir = place(&keep, "d");
    let held = SuiteDir::open(&dir).unwrap();
    sit(&held, &row, ONE, 2);
    let note = dir.join("runs/row-0.json");
    for text in ["{", "{\"format\":1}"] {
        std::fs::write(&note, text).unwrap();
        let suite = Suite::keeping(&held);
        let error = suite
            .run(&row, ONE, &Control::default(), &|_| ())
            .unwrap_err();
        let told = error.to_string();
        assert!(told.contains("runs/row-0.json is damaged"), "{told}");
        assert!(told.contains("remove it: finished runs stay"), "{told}");
        // Nothing goes while it cannot be told what a row needs.
        held.clear(&[], ONE).unwrap();
        assert_eq!(files(&dir, ".parquet").len(), 2);
    }
    std::fs::remove_file(&note).unwrap();
    let (found, heard) = sit(&held, &row, ONE, u64::MAX);
    assert_eq!(
        (timeless(found.unwrap()), heard.trained),
        (whole(&row, ONE), 4)
    );
}

#[test]
fn runs_go_when_no_row_needs_them() {
    let (first, mut second, mut third) = (small(), small(), small());
    second.id = "1".into();
    third.id = "2".into();
    third.plan.insert("width".into(), 16.into());
    let keep = tempfile::tempdir().unwrap();
    let dir = place(&keep, "d");
    let held = SuiteDir::open(&dir).unwrap();
    // A row that was begun needs its runs, here 4 of the 6, although another one is done.
    sit(&held, &second, ONE, 4);
    let (found, heard) = sit(&held, &first, ONE, u64::MAX);
    assert_eq!(heard.trained, 2);
    let fewer = Changes {
        seeds: Some(2),
        ..ONE
    };
    sit(&held, &third, fewer, 1);
    held.keep(&found.unwrap(), ONE).unwrap();
    held.clear(&[], ONE).unwrap();
    assert_eq!(files(&dir, ".parquet").len(), 6);
    let ids = |held: &SuiteDir| -> Vec<String> {
        let all = held.unfinished().unwrap().into_iter();
        all.map(|u| u.id).collect()
    };
    assert_eq!(ids(&held), ["1", "2"]);
    // One that is done needs none; one that comes next does.
    let (found, _) = sit(&held, &second, ONE, u64::MAX);
    held.keep(&found.unwrap(), ONE).unwrap();
    let (found, heard) = sit(&held, &third, fewer, u64::MAX);
    assert_eq!(heard.trained, 0);
    held.keep(&found.unwrap(), fewer).unwrap();
    std::fs::write(dir.join("runs/notes.txt"), "mine").unwrap();
    held.clear(&[third], ONE).unwrap();
    assert_eq!((files(&dir, ".parquet").len(), ids(&held).len()), (3, 0));
    held.clear(&[], ONE).unwrap();
    assert_eq!(files(&dir, ""), [dir.join("runs/notes.txt")]);
    std::fs::remove_file(dir.join("runs/notes.txt")).unwrap();
    held.clear(&[], ONE).unwrap();
    assert!(!dir.join("runs").exists());
}

#[test]
fn a_full_disk_is_named_and_loses_no_run_that_was_kept() {
    let row = small();
    let keep = tempfile::tempdir().unwrap();
    let small = place(&keep, "small");
    std::fs::create_dir(&small).unwrap();
    let mounted = std::process::Command::new("mount")
        .args([
            "-t",
            "tmpfs",
            "-o",
            "size=64k",
            "dunwu-test",
            small.as_str(),
        ])
        .output();
    if !mounted.is_ok_and(|o| o.status.success()) {
        println!("skipped: making a small file system needs root");
        return;
    }
    let held = SuiteDir::open(&small.join("d")).unwrap();
    let full = Suite::keeping(&held).run(&row, ONE, &Control::default(), &|_| ());
    let unfinished = held.unfinished();
    let copied = std::process::Command::new("cp")
        .args(["-r", small.join("d").as_str(), place(&keep, "d").as_str()])
        .output();
    drop(held);
    let _ = std::process::Command::new("umount").arg(&small).output();
    let error = full.unwrap_err().to_string();
    assert!(
        error.contains("the disk is full") && error.contains("runs/"),
        "{error}"
    );
    assert!(copied.unwrap().status.success());
    let kept = unfinished.unwrap()[0].runs as u64;
    assert!((1..6).contains(&kept), "{kept}");
    let held = SuiteDir::open(&place(&keep, "d")).unwrap();
    let (found, heard) = sit(&held, &row, ONE, u64::MAX);
    assert_eq!((heard.goes_on[0].kept, heard.trained), (kept, 6 - kept));
    assert_eq!(timeless(found.unwrap()), whole(&row, ONE));
}

#[test]
fn a_directory_whose_note_is_gone_is_taken_up_and_one_of_something_else_is_not() {
    let row = small();
    let keep = tempfile::tempdir().unwrap();
    let dir = place(&keep, "d");
    sit(&SuiteDir::open(&dir).unwrap(), &row, ONE, 4);
    std::fs::write(dir.join("suite.json"), "{").unwrap();
    let error = SuiteDir::open(&dir).unwrap_err().to_string();
    assert!(
        error.contains("suite.json is damaged") && error.contains("remove it: rows and runs stay"),
        "{error}"
    );
    std::fs::remove_file(dir.join("suite.json")).unwrap();
    let held = SuiteDir::open(&dir).unwrap();
    let (_, heard) = sit(&held, &row, ONE, u64::MAX);
    assert_eq!((heard.goes_on[0].kept, heard.trained), (4, 2));
    assert!(dir.join("suite.json").exists());
    // The folder of runs of a project is none of a suite.
    let project = place(&keep, "p");
    std::fs::create_dir_all(project.join("runs/Z71-1")).unwrap();
    let error = SuiteDir::open(&project).unwrap_err().to_string();
    assert!(error.contains("not empty"), "{error}");
}
