//! Diagnoses of runs that the engine makes here: what was done to them is found.

use camino::{Utf8Path, Utf8PathBuf};
use dunwu::{Control, DiagnoseSpec, DiagnosedFinding, DiagnosedRun, RunSpec, Ward};

fn trained(dir: &Utf8Path, words: &str) -> Utf8PathBuf {
    let dir = dir.join("run");
    let spec = RunSpec::from_overrides(words.split(' ')).unwrap();
    dunwu::train(&spec.resolve().unwrap(), &dir, &Control::default()).unwrap();
    dir
}

fn diagnosed(path: &Utf8Path, keys: &[&str]) -> (Vec<DiagnosedRun>, Ward) {
    let (mut runs, mut ward) = (vec![], Ward::default());
    let spec = DiagnoseSpec::from_overrides(keys).unwrap();
    let mut skip = |id: &str, why: &str| panic!("{id}: {why}");
    dunwu::diagnose_logs(path, &spec, &mut ward, &mut |run| runs.push(run), &mut skip).unwrap();
    (runs, ward)
}

fn of_one(words: &str) -> DiagnosedRun {
    let keep = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(keep.path().to_owned()).unwrap();
    let (mut runs, ward) = diagnosed(&trained(&root, words), &[]);
    assert!(ward.together().is_none() && runs.len() == 1);
    runs.remove(0)
}

fn found<'r>(run: &'r DiagnosedRun, name: &str) -> &'r DiagnosedFinding {
    let finding = run.findings.iter().find(|f| f.name == name);
    finding.unwrap_or_else(|| panic!("{name} is not among {:#?}", run.findings))
}

fn command(finding: &DiagnosedFinding) -> &str {
    finding
        .command
        .as_deref()
        .expect("a run of ours has a command")
}

#[test]
fn steps_that_are_too_long_are_found() {
    let run = of_one("task=Z11 width=32 lr=5 epochs=40 train_fraction=0.6 probes=norms");
    let blown = found(&run, "blew_up");
    assert_eq!(
        (blown.probability, blown.severity.as_str()),
        (1.0, "failure")
    );
    let high = found(&run, "lr_too_high");
    assert!(
        high.statement
            .contains("the first update of the whole batch")
    );
    assert!(
        command(high).contains("lr=1.667") && !command(high).contains("lr=5 "),
        "{high:?}"
    );
    let run =
        of_one("task=Z11 width=32 optimizer=sgd lr=1e5 epochs=40 train_fraction=0.6 probes=none");
    assert_eq!(found(&run, "diverged").probability, 1.0);
}

#[test]
fn missing_decay_is_found() {
    let words = "task=Z23 width=128 lr=3e-3 epochs=300 train_fraction=0.4 weight_decay=0 probes=norms eval_every=5";
    let run = of_one(words);
    assert!(found(&run, "memorised").probability > 0.9);
    let decay = found(&run, "decay_too_weak");
    assert!(
        decay.probability == 1.0 && command(decay).contains("weight_decay=0.0002"),
        "{decay:?}"
    );
}

/// Z23 needs 34 % of its rows (docs/boundary.md).
#[test]
fn too_little_data_is_found_by_the_known_border() {
    let words = "task=Z23 width=128 lr=3e-3 epochs=300 train_fraction=0.15 eval_every=5";
    let run = of_one(words);
    let few = found(&run, "too_little_data");
    assert!(
        few.probability > 0.99 && few.statement.contains("33.8 %"),
        "{few:?}"
    );
    assert!(command(few).contains("train_fraction=0.5166"), "{few:?}");
    let enough = of_one("task=Z23 width=128 lr=3e-3 epochs=60 train_fraction=0.6 eval_every=5");
    assert!(
        enough.findings.iter().all(|f| f.name != "too_little_data"),
        "{enough:?}"
    );
}

#[test]
fn labels_that_follow_no_rule_are_memorised() {
    let words = "task=Z13 width=128 lr=3e-3 epochs=300 train_fraction=0.6 label_noise=0.95 probes=norms eval_every=5";
    let run = of_one(words);
    let gap = found(&run, "memorised");
    assert!(
        gap.severity == "warning" && gap.probability > 0.99,
        "{gap:?}"
    );
}

#[test]
fn steps_that_are_too_short_are_found_and_what_generalises_is_healthy() {
    let run = of_one("task=Z13 width=64 lr=1e-7 epochs=60 train_fraction=0.6");
    found(&run, "lr_too_low");
    let stuck = found(&run, "does_not_generalise");
    assert!(
        stuck.statement.contains("Its last stage is `lazy`"),
        "{stuck:?}"
    );
    let run = of_one("task=Z23 width=256 lr=2e-3 epochs=600 train_fraction=0.6 eval_every=5");
    assert!(
        run.findings.iter().all(|f| f.severity == "note"),
        "{:#?}",
        run.findings
    );
    assert!(
        run.verdict
            .starts_with("Nothing is found to be wrong with it"),
        "{}",
        run.verdict
    );
}

/// Runs of one plan are one setting, whatever their seeds; two settings are compared.
#[test]
fn seeds_of_our_own_runs_are_known() {
    let keep = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(keep.path().to_owned()).unwrap();
    for (name, lr) in [("a", "1e-3"), ("b", "1.01e-3")] {
        let words =
            format!("task=Z11 width=32 lr={lr} epochs=30 train_fraction=0.6 seeds=4 probes=none");
        std::fs::create_dir(root.join(name)).unwrap();
        trained(&root.join(name), &words);
    }
    let (runs, ward) = diagnosed(&root, &[]);
    let together = ward.together().unwrap();
    assert_eq!(runs.len(), 8);
    let gain = found(&together, "gains_within_seeds");
    assert!(
        gain.evidence[0].says.contains("lr=0.00101")
            != gain.evidence[1].says.contains("lr=0.00101"),
        "{gain:?}"
    );
}

#[test]
fn names_of_series_can_be_given_and_keys_are_checked() {
    let keep = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(keep.path().to_owned()).unwrap();
    let rows: String = (0..60)
        .map(|i| {
            format!(
                "{i},{},{}\n",
                2.0 / (1.0 + f64::from(i)),
                1.0 + (f64::from(i) - 20.0).abs() / 50.0
            )
        })
        .collect();
    std::fs::write(root.join("a.csv"), format!("step,aa,bb\n{rows}")).unwrap();
    let (runs, _) = diagnosed(&root, &["train_loss=aa", "held_loss=bb"]);
    assert_eq!(found(&runs[0], "overfit").since, Some(20.5));
    let (runs, _) = diagnosed(&root, &[]);
    assert!(runs[0].findings.is_empty() && runs[0].blind.iter().any(|b| b.name == "overfit"));
    for (word, why) in [
        ("clases=3", "is no key of a diagnosis"),
        ("classes=1", "must be a number above 1"),
        ("proxy=reward", "needs wanted="),
        ("noise=1", "must be a share below 1"),
    ] {
        let error = DiagnoseSpec::from_overrides([word])
            .unwrap_err()
            .to_string();
        assert!(error.contains(why), "{error}");
    }
}
