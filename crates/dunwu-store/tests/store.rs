//! What is saved comes back; what is cut off, foreign or newer is refused by name.

use camino::{Utf8Path, Utf8PathBuf};
use dunwu_core::{NamedTensor, RunPlan, RunSpec, Snapshot, Values};
use dunwu_store::{Input, Provenance, RunDir, plan_hash, read_safetensors};
use proptest::prelude::*;
use serde_json::json;
use std::fs;

fn plan(words: &[&str]) -> RunPlan {
    RunSpec::from_overrides(words).unwrap().resolve().unwrap()
}

fn temporary() -> (tempfile::TempDir, Utf8PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(dir.path().join("run")).unwrap();
    (dir, path)
}

fn tensor(name: &str, values: Vec<f32>) -> NamedTensor {
    NamedTensor {
        name: name.into(),
        rows: 1,
        cols: values.len(),
        values: Values::F32(values),
    }
}

fn create(dir: &Utf8Path) -> RunDir {
    RunDir::create(dir, &plan(&["task=Z5"]), &Provenance::default()).unwrap()
}

#[test]
fn readings_and_states_come_back() {
    let (_keep, dir) = temporary();
    let run = create(&dir);
    let mut writer = run.seed_writer(3).unwrap();
    for epoch in 0..4 {
        writer.record(epoch, "a", epoch as f64);
    }
    writer.record(2, "b.W", f64::NAN);
    let state = [tensor("hidden.0", vec![1.5, -0.0, f32::MIN_POSITIVE])];
    let probes = [tensor("0.x", vec![]), tensor("1.y", vec![7.0])];
    writer.commit(&Snapshot::of(4, &state), &probes).unwrap();
    writer.record(4, "a", 4.0);
    drop((writer, run));

    let run = RunDir::resume(&dir).unwrap();
    let point = run.seed_writer(3).unwrap().resume_point().unwrap().unwrap();
    assert_eq!((point.epoch, point.state.as_slice()), (4, state.as_slice()));
    assert_eq!(point.probes.as_slice(), probes.as_slice());
    assert_eq!(point.curve.epochs(), [0, 1, 2, 3]);
    assert_eq!(point.curve.column("a").unwrap(), [0.0, 1.0, 2.0, 3.0]);
    let curve = RunDir::open(&dir).unwrap().curve(3).unwrap();
    assert!(curve.column("b.W").unwrap()[2].is_nan());
}

#[test]
fn what_is_kept_beside_the_readings_comes_back_and_is_this_run_s() {
    let (_keep, dir) = temporary();
    let run = create(&dir);
    let mut writer = run.seed_writer(0).unwrap();
    let reader = RunDir::open(&dir).unwrap();
    assert!(reader.kept(0, "maps").unwrap().is_none());
    writer.keep("maps", 3, &[tensor("a", vec![1.0])]).unwrap();
    writer
        .keep("maps", 7, &[tensor("a", vec![2.0, 3.0])])
        .unwrap();
    let kept = reader.kept(0, "maps").unwrap().unwrap();
    assert_eq!(
        (kept.epoch, kept.tensors),
        (7, vec![tensor("a", vec![2.0, 3.0])])
    );
    fs::create_dir_all(dir.join("seeds/seed-1")).unwrap();
    let [from, to] = [0, 1].map(|s| dir.join(format!("seeds/seed-{s}/maps.safetensors")));
    fs::copy(&from, &to).unwrap();
    let error = refusal(reader.kept(1, "maps"));
    assert!(error.contains("it is of seed 0, not of seed 1"), "{error}");
    let (_keep, other) = temporary();
    let plan = plan(&["task=Z7"]);
    let run = RunDir::create(&other, &plan, &Provenance::default()).unwrap();
    run.seed_writer(0).unwrap();
    fs::copy(&from, other.join("seeds/seed-0/maps.safetensors")).unwrap();
    let error = refusal(RunDir::open(&other).unwrap().kept(0, "maps"));
    assert!(error.contains("maps.safetensors"), "{error}");
}

#[test]
fn a_finished_run_is_one_table_and_its_parts_are_gone() {
    let (_keep, dir) = temporary();
    let run = create(&dir);
    for seed in [0, 1] {
        let mut writer = run.seed_writer(seed).unwrap();
        writer.record(0, "a", seed as f64);
        writer
            .commit(&Snapshot::of(1, &[tensor("w", vec![1.0])]), &[])
            .unwrap();
        // Refined: an epoch that is on the disk already.
        writer.record(0, "a", 5.0 + seed as f64);
        writer.record(1, "a", 0.5);
        writer.event(&json!({"seed": seed})).unwrap();
        writer.finish(&json!({"epoch": 1})).unwrap();
    }
    run.finish().unwrap();
    let reader = RunDir::open(&dir).unwrap();
    assert_eq!(reader.seeds().unwrap(), [0, 1]);
    assert_eq!(reader.curve(1).unwrap().column("a").unwrap(), [6.0, 0.5]);
    assert_eq!(reader.outcome(0).unwrap().unwrap()["epoch"], 1);
    let left: Vec<_> = fs::read_dir(dir.join("seeds/seed-0"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, ["outcome.json"]);
    assert_eq!(
        fs::read_to_string(dir.join("events.jsonl"))
            .unwrap()
            .lines()
            .count(),
        2
    );
}

#[test]
fn a_kill_between_two_steps_leaves_the_old_resume_point() {
    let (_keep, dir) = temporary();
    let run = create(&dir);
    let mut writer = run.seed_writer(0).unwrap();
    writer.record(0, "a", 0.0);
    writer
        .commit(&Snapshot::of(1, &[tensor("w", vec![1.0])]), &[])
        .unwrap();
    let old = fs::read(dir.join("seeds/seed-0/resume.safetensors")).unwrap();
    writer.record(1, "a", 1.0);
    writer
        .commit(&Snapshot::of(2, &[tensor("w", vec![2.0])]), &[])
        .unwrap();
    drop((writer, run));
    // The part is there, the resume point is still the old one, a temporary lies about, a line is torn.
    fs::write(dir.join("seeds/seed-0/resume.safetensors"), &old).unwrap();
    fs::write(dir.join("seeds/seed-0/resume.safetensors.tmp"), b"half").unwrap();
    fs::write(dir.join("events.jsonl"), "{\"a\":1}\n{\"b\"").unwrap();
    let run = RunDir::resume(&dir).unwrap();
    let mut writer = run.seed_writer(0).unwrap();
    let point = writer.resume_point().unwrap().unwrap();
    assert_eq!((point.epoch, point.curve.epochs()), (1, [0].as_slice()));
    writer.record(1, "a", 1.0);
    writer.finish(&json!({})).unwrap();
    run.finish().unwrap();
    let curve = RunDir::open(&dir).unwrap().curve(0).unwrap();
    assert_eq!(curve.column("a").unwrap(), [0.0, 1.0]);
    assert_eq!(
        fs::read_to_string(dir.join("events.jsonl")).unwrap(),
        "{\"a\":1}\n"
    );
}

fn refusal(result: Result<impl Sized, dunwu_store::StoreError>) -> String {
    let Err(error) = result else {
        panic!("accepted")
    };
    assert!(error.is_bad_input(), "{error}");
    error.to_string()
}

#[test]
fn directories_that_cannot_be_used_say_why() {
    let (_keep, dir) = temporary();
    assert!(refusal(RunDir::open(&dir)).contains("holds no run"));
    let run = create(&dir);
    let by = format!("is in use by process {}", std::process::id());
    assert!(refusal(RunDir::resume(&dir)).contains(&by));
    assert!(refusal(RunDir::create(&dir, &plan(&[]), &Provenance::default())).contains(&by));
    drop(run);
    let again = refusal(RunDir::create(&dir, &plan(&[]), &Provenance::default()));
    assert!(
        again.contains("is not empty") && again.contains("--resume"),
        "{again}"
    );
    let text = fs::read_to_string(dir.join("plan.toml")).unwrap();
    for (content, expected) in [
        (
            text.replace("format = 1", "format = 9"),
            "has format 9, and this version of dunwu reads up to 1",
        ),
        (text.replace("format = 1", ""), "does not say its format"),
        (text.replace("width", "widht"), "widht"),
        (text[..40].to_owned(), "damaged"),
        (String::new(), "damaged"),
    ] {
        fs::write(dir.join("plan.toml"), content).unwrap();
        let error = refusal(RunDir::resume(&dir));
        assert!(
            error.contains(expected) && error.contains("plan.toml"),
            "{error}"
        );
    }
}

#[test]
fn checkpoints_of_another_plan_are_refused() {
    let (_keep, dir) = temporary();
    let run = create(&dir);
    let mut writer = run.seed_writer(0).unwrap();
    writer
        .checkpoint(&Snapshot::of(2, &[tensor("w", vec![1.0])]))
        .unwrap();
    writer
        .commit(&Snapshot::of(2, &[tensor("w", vec![1.0])]), &[])
        .unwrap();
    drop((writer, run));
    let reader = RunDir::open(&dir).unwrap();
    let (epoch, path) = reader.checkpoints(0).unwrap().remove(0);
    assert_eq!(
        (epoch, reader.load_checkpoint(&path).unwrap().epoch),
        (2, 2)
    );
    let text = fs::read_to_string(dir.join("plan.toml")).unwrap();
    fs::write(
        dir.join("plan.toml"),
        text.replace("lr = 0.001", "lr = 0.002"),
    )
    .unwrap();
    assert!(refusal(RunDir::open(&dir).unwrap().load_checkpoint(&path)).contains("another plan"));
    assert!(refusal(RunDir::resume(&dir).unwrap().seed_writer(0)).contains("another plan"));
}

#[test]
fn the_hash_leaves_out_what_changes_no_bit() {
    assert_eq!(plan_hash(&plan(&["threads=7"])), plan_hash(&plan(&[])));
    assert_eq!(plan_hash(&plan(&["seeds=7"])), plan_hash(&plan(&[])));
    assert_ne!(plan_hash(&plan(&["lr=0.1"])), plan_hash(&plan(&[])));
}

/// A safetensors file with that header, and 8 bytes of data.
fn raw(header: &str) -> Vec<u8> {
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend(header.as_bytes());
    out.extend([0; 8]);
    out
}

#[test]
fn malformed_checkpoints_are_refused_without_panic() {
    let (_keep, dir) = temporary();
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join("t.safetensors");
    let entry = |dtype: &str, shape: &str, from: u64, to: u64| {
        format!(r#"{{"w":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{from},{to}]}}}}"#)
    };
    let plain = entry("F32", "[2]", 0, 8);
    let newer = format!(
        r#"{{"__metadata__":{{"dunwu":"{{\"format\":7}}"}},{}"#,
        &plain[1..]
    );
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", vec![], "damaged"),
        ("shorter than its length", vec![1, 2, 3], "damaged"),
        (
            "header longer than the file",
            u64::MAX.to_le_bytes().to_vec(),
            "damaged",
        ),
        (
            "header of 90 MB that is not there",
            90_000_000u64.to_le_bytes().to_vec(),
            "damaged",
        ),
        ("no JSON", raw("nonsense"), "damaged"),
        (
            "offsets beyond the data",
            raw(&entry("F32", "[20]", 0, 80)),
            "damaged",
        ),
        (
            "offsets that run backwards",
            raw(&entry("F32", "[2]", 8, 0)),
            "damaged",
        ),
        (
            "shape that overflows",
            raw(&entry("F32", "[18446744073709551615,9]", 0, 8)),
            "damaged",
        ),
        (
            "shape that disagrees with its bytes",
            raw(&entry("F32", "[3]", 0, 8)),
            "damaged",
        ),
        ("integers", raw(&entry("I64", "[1]", 0, 8)), "has type I64"),
        ("unknown type", raw(&entry("F7", "[1]", 0, 8)), "damaged"),
        ("newer", raw(&newer), "has format 7"),
    ];
    for (what, content, expected) in cases {
        fs::write(&path, content).unwrap();
        let error = refusal(read_safetensors(&path));
        assert!(error.contains(expected), "{what}: {error}");
    }
    fs::write(&path, raw(&entry("BF16", "[2,2]", 0, 8))).unwrap();
    assert_eq!(read_safetensors(&path).unwrap().tensors[0].rows, 2);
}

#[test]
fn damaged_tables_are_refused_without_panic() {
    let (_keep, dir) = temporary();
    let run = create(&dir);
    let mut writer = run.seed_writer(0).unwrap();
    (0..300).for_each(|e| writer.record(e, "a", e as f64));
    writer.finish(&json!({})).unwrap();
    let path = dir.join("seeds/seed-0/part-000000.parquet");
    let whole = fs::read(&path).unwrap();
    for cut in [0, 3, 11, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        let error = refusal(RunDir::open(&dir).unwrap().curve(0));
        assert!(error.contains("part-000000.parquet is damaged"), "{error}");
    }
    // A table without a seal, as earlier versions wrote them, is read; one of a later version is named.
    let mut old = whole.clone();
    let place = |file: &[u8], what: &[u8]| file.windows(what.len()).position(|w| w == what);
    let seal = place(&old, b"dunwusum").unwrap();
    old.drain(seal..seal + 16);
    let run = place(&old, b"dunwu.run").unwrap();
    old[run..run + 9].copy_from_slice(b"dunwu.old");
    fs::write(&path, &old).unwrap();
    assert_eq!(
        RunDir::open(&dir).unwrap().curve(0).unwrap().epochs().len(),
        300
    );
    let mut newer = old;
    let name = place(&newer, b"dunwu.format").unwrap();
    let value = name + newer[name..].iter().position(|b| *b == b'1').unwrap();
    newer[value] = b'8';
    fs::write(&path, newer).unwrap();
    assert!(refusal(RunDir::open(&dir).unwrap().curve(0)).contains("has format 8"));
}

/// A run of seeds 0 and 1 with two parts each, which has not ended.
fn in_progress(dir: &Utf8Path, words: &[&str]) {
    let run = RunDir::create(dir, &plan(words), &Provenance::default()).unwrap();
    for seed in [0, 1] {
        let mut writer = run.seed_writer(seed).unwrap();
        for epoch in 0..6 {
            writer.record(epoch, "a", 0.1 * epoch as f64);
            writer.record(epoch, "b", -0.0);
            if epoch % 3 == 2 {
                let state = [tensor("w", vec![epoch as f32])];
                writer
                    .commit(&Snapshot::of(epoch + 1, &state), &[])
                    .unwrap();
            }
        }
    }
}

fn end(dir: &Utf8Path) {
    let run = RunDir::resume(dir).unwrap();
    for seed in [0, 1] {
        let mut writer = run.seed_writer(seed).unwrap();
        writer.record(6, "a", 0.0);
        writer.finish(&json!({"epoch": 6})).unwrap();
    }
    run.finish().unwrap();
}

#[test]
fn readings_that_are_lost_or_swapped_are_refused_by_name() {
    let (_keep, dir) = temporary();
    let keep = tempfile::tempdir().unwrap();
    let other = Utf8PathBuf::from_path_buf(keep.path().join("other")).unwrap();
    in_progress(&dir, &["task=Z5"]);
    in_progress(&other, &["task=Z7"]);
    let (first, second) = (
        "seeds/seed-0/part-000000.parquet",
        "seeds/seed-0/part-000001.parquet",
    );
    let open = || RunDir::open(&dir).unwrap();
    let resume = || {
        let run = RunDir::resume(&dir).unwrap();
        run.seed_writer(0).and_then(|w| w.resume_point())
    };
    assert_eq!(open().curve(0).unwrap().epochs(), [0, 1, 2, 3, 4, 5]);
    let away = dir.join("away");
    for (file, by, expected) in [
        (first, None, "part-000000.parquet is missing"),
        (second, None, "part-000001.parquet is missing"),
        (first, Some(other.join(first)), "made by another plan"),
        (first, Some(dir.join(second)), "epoch 0 is not there"),
        (
            first,
            Some(dir.join("seeds/seed-1/part-000000.parquet")),
            "holds readings of seed 1, not of seed 0",
        ),
    ] {
        fs::rename(dir.join(file), &away).unwrap();
        by.map(|by| fs::copy(by, dir.join(file)).unwrap());
        let error = refusal(open().curve(0));
        assert!(error.contains(expected), "{error}");
        assert!(refusal(open().check()).contains(expected));
        if file == first || expected.contains("missing") {
            refusal(resume());
        }
        fs::rename(&away, dir.join(file)).unwrap();
    }
    let state = dir.join("seeds/seed-0/resume.safetensors");
    fs::rename(&state, &away).unwrap();
    let error = refusal(resume());
    assert!(
        error.contains("resume.safetensors is missing, with the state of seed 0")
            && error.contains("dunwu train --config"),
        "{error}"
    );
    fs::copy(dir.join("seeds/seed-1/resume.safetensors"), &state).unwrap();
    assert!(refusal(resume()).contains("the state of seed 1, not of seed 0"));
    fs::rename(&away, &state).unwrap();
    assert_eq!(resume().unwrap().unwrap().epoch, 6);

    end(&dir);
    end(&other);
    let merged = dir.join("curve.parquet");
    assert_eq!(open().curve(1).unwrap().epochs().len(), 7);
    fs::rename(&merged, &away).unwrap();
    let error = refusal(open().curve(0));
    assert!(error.contains("curve.parquet is missing"), "{error}");
    assert!(refusal(RunDir::resume(&dir).unwrap().finish()).contains("is missing"));
    assert!(!merged.exists(), "nothing takes the place of what was lost");
    fs::copy(other.join("curve.parquet"), &merged).unwrap();
    let error = refusal(open().curve(0));
    assert!(
        error.contains("curve.parquet was made by another plan"),
        "{error}"
    );
    let outcome = "seeds/seed-0/outcome.json";
    fs::copy(other.join(outcome), dir.join(outcome)).unwrap();
    assert!(refusal(open().outcome(0)).contains("another plan"));
}

#[test]
fn no_flipped_bit_changes_a_number() {
    let (_keep, dir) = temporary();
    in_progress(&dir, &["task=Z5"]);
    let part = dir.join("seeds/seed-0/part-000000.parquet");
    let (whole, curve) = (fs::read(&part).unwrap(), || {
        RunDir::open(&dir).unwrap().curve(0)
    });
    let right = curve().unwrap();
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&part, &flipped).unwrap();
        refusal(curve());
    }
    fs::write(&part, &whole).unwrap();
    assert_eq!(curve().unwrap(), right);
    let state = dir.join("seeds/seed-0/resume.safetensors");
    let mut bytes = fs::read(&state).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&state, bytes).unwrap();
    let error = refusal(RunDir::resume(&dir).unwrap().seed_writer(0));
    assert!(error.contains("checksum differs"), "{error}");
}

#[test]
fn files_that_a_plan_names_are_kept_and_checked() {
    let (_keep, dir) = temporary();
    let input = Input::new("task", "/t/square.csv".into(), "0,1\n1,0\n".into());
    let provenance = Provenance {
        inputs: vec![input.clone()],
        ..Provenance::default()
    };
    drop(RunDir::create(&dir, &plan(&["task=table:square.csv"]), &provenance).unwrap());
    let open = || RunDir::open(&dir).unwrap();
    assert_eq!(open().inputs().unwrap(), [input]);
    fs::write(dir.join("input.task"), "1,0\n0,1\n").unwrap();
    assert!(refusal(open().inputs()).contains("input.task is damaged"));
    fs::remove_file(dir.join("input.task")).unwrap();
    assert!(refusal(open().inputs()).contains("the copy of /t/square.csv"));
}

#[test]
fn a_full_disk_loses_nothing_that_was_saved() {
    let keep = tempfile::tempdir().unwrap();
    let mut mount = std::process::Command::new("mount");
    mount
        .args(["-t", "tmpfs", "-o", "size=256k", "dunwu-test"])
        .arg(keep.path());
    if !mount.output().is_ok_and(|o| o.status.success()) {
        println!("skipped: making a small file system needs root");
        return;
    }
    let dir = Utf8PathBuf::from_path_buf(keep.path().join("run")).unwrap();
    let run = create(&dir);
    let mut writer = run.seed_writer(0).unwrap();
    writer.record(0, "a", 1.0);
    writer
        .commit(&Snapshot::of(1, &[tensor("w", vec![1.0; 100])]), &[])
        .unwrap();
    writer.record(1, "a", 2.0);
    let large: Vec<f32> = (0..200_000).map(|i| i as f32).collect();
    let error = writer
        .commit(&Snapshot::of(2, &[tensor("w", large)]), &[])
        .unwrap_err();
    drop((writer, run));
    let run = RunDir::resume(&dir).unwrap();
    let point = run.seed_writer(0).unwrap().resume_point().unwrap().unwrap();
    drop(run);
    let _ = std::process::Command::new("umount")
        .arg(keep.path())
        .output();
    assert!(
        error.is_full() && error.to_string().contains("the disk is full"),
        "{error}"
    );
    assert_eq!((point.epoch, point.state[0].cols), (1, 100));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (_keep, dir) = temporary();
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join("t.safetensors");
        fs::write(&path, bytes).unwrap();
        let _ = read_safetensors(&path);
    }
}

#[test]
fn a_record_is_held_written_and_read_and_a_newer_one_is_refused() {
    let (_keep, dir) = temporary();
    let dir = dir.join("record");
    let held = dunwu_store::RecordDir::create(&dir).unwrap();
    let again = dunwu_store::RecordDir::create(&dir).unwrap_err();
    assert!(again.is_in_use() && again.is_bad_input(), "{again}");
    held.write_record("a.json", &serde_json::json!({ "x": 1 }))
        .unwrap();
    held.write("figures/b.svg", "<svg/>").unwrap();
    drop(held);
    let read = dunwu_store::read_record(&dir, "a.json").unwrap().unwrap();
    assert_eq!(
        (&read["x"], &read["format"]),
        (&1.into(), &dunwu_store::RECORD_FORMAT.into())
    );
    assert_eq!(dunwu_store::read_record(&dir, "b.json").unwrap(), None);
    let full = dunwu_store::RecordDir::create(&dir).unwrap_err();
    assert!(full.to_string().contains("is not empty"), "{full}");
    let none = dunwu_store::RecordDir::open(&dir, "b.json").unwrap_err();
    assert!(none.to_string().contains("there is no b.json in it"));
    for (text, part) in [
        ("{\"format\": 2}", "has format 2"),
        ("[]", "is damaged"),
        ("{", "is damaged"),
    ] {
        fs::write(dir.join("a.json"), text).unwrap();
        let error = dunwu_store::read_record(&dir, "a.json").unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
    let empty = dir.join("empty");
    dunwu_store::RecordDir::create(&empty).unwrap().abandon();
    assert!(!empty.exists());
}
