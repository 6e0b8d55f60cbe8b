//! The table of published results: what it holds, what it asks for, and the rows that take no time.

use camino::Utf8PathBuf;
use dunwu::reproduce::{
    Changes, Cost, KINDS, Outcome, Row, Suite, SuiteDir, Verdict, listing, rows, select, summary,
};
use dunwu::{Control, task};
use std::sync::atomic::AtomicBool;

fn row(id: &str) -> Row {
    select(&[id.to_owned()], &[]).unwrap().remove(0)
}

fn changes(words: &[&str]) -> Changes {
    let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
    Changes::from_overrides(&words).unwrap()
}

fn run(row: &Row, changes: Changes) -> Outcome {
    let suite = Suite::default();
    let found = suite.run(row, changes, &Control::default(), &|_| ());
    found.unwrap().unwrap()
}

#[test]
fn every_row_has_a_stable_id_and_something_to_say() {
    let all = rows();
    let number = |r: &Row| r.id.parse::<u32>().unwrap();
    assert!(all.windows(2).all(|w| number(&w[0]) < number(&w[1])));
    for row in &all {
        let told = [&row.source, &row.claim, &row.published];
        assert!(told.iter().all(|t| !t.is_empty()), "{}", row.id);
        let possible = row.not_possible.is_none();
        assert_eq!(possible, !row.check.is_empty(), "{}", row.id);
        let judged = |c: &dunwu::reproduce::Check| {
            c.expect.iter().any(|e| e.low.is_some() || e.high.is_some())
        };
        let gated = row.check.iter().any(judged);
        assert_eq!(gated, possible && row.left_out.is_none(), "{}", row.id);
    }
    let asked = [
        "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "13", "14", "15", "17", "18", "19",
        "20", "21", "23", "25", "26", "27", "28", "29", "30", "32", "33", "34", "36", "37", "38",
        "39", "40", "41", "43", "45", "47", "48", "49", "52", "53", "54", "57", "58", "59",
    ];
    for id in asked {
        assert!(row(id).not_possible.is_none(), "{id}");
    }
}

#[test]
fn every_plan_of_every_row_resolves_and_its_task_can_be_built() {
    for row in rows() {
        let arms = [String::new()].into_iter().chain(row.arm.keys().cloned());
        for arm in arms {
            for point in row.points(&arm, Changes::default()).unwrap() {
                let built = task::Task::from_plan(&point.plan, task::NO_FILES);
                assert!(built.is_ok(), "{} {arm} {}", row.id, point.label());
            }
        }
    }
}

#[test]
fn a_grid_has_every_choice_once() {
    let points = row("14").points("", Changes::default()).unwrap();
    assert_eq!(points.len(), 10);
    let labels: Vec<String> = points.iter().map(dunwu::reproduce::Point::label).collect();
    assert!(
        labels.contains(&"task=Z41 train_multiplier=2.75".to_owned()),
        "{labels:?}"
    );
    let error = row("14").points("armm", Changes::default()).unwrap_err();
    assert!(error.to_string().contains("unknown name `armm`"), "{error}");
}

#[test]
fn rows_that_take_no_time_hold() {
    for id in ["5", "6", "7", "8", "9", "13", "21", "57"] {
        let found = run(&row(id), Changes::default());
        assert_eq!(found.verdict, Verdict::Holds, "{id}: {:?}", found.measured);
        assert!(!found.commands.is_empty());
    }
}

/// What is measured decides, not the row: the same data against another claim fails.
#[test]
fn a_claim_that_is_wrong_does_not_hold() {
    let mut wrong = row("8");
    wrong.check[0].expect[0].low = Some(1.5);
    wrong.check[0].expect[0].high = Some(2.5);
    assert_eq!(
        run(&wrong, Changes::default()).verdict,
        Verdict::DoesNotHold
    );
    let mut wrong = row("10");
    let levels = toml::toml! { Z7 = [0.25, 0.5] };
    wrong.check[0].with.insert("levels".into(), levels.into());
    wrong.check[0].with.insert("starts".into(), 100.into());
    let found = run(&wrong, Changes::default());
    assert_eq!(found.verdict, Verdict::DoesNotHold);
    let missing = found.measured.iter().find(|m| m.statistic == "missing");
    assert_eq!(
        missing.unwrap().reading,
        dunwu::reproduce::Reading::Number(2.0)
    );
}

/// A row on a small network, as the table writes them.
fn small() -> Row {
    toml::from_str(
        r#"
        id = "0"
        source = "a test"
        claim = "small networks learn"
        published = "they do"
        cost = "S"
        plan = { task = "Z5", width = [16, 32], epochs = 60, lr = 1e-2, seeds = 2, probes = "none" }
        [[check]]
        kind = "over_seeds"
        with = { number = { of = "crossing", column = "train_acc", at = 0.99 } }
        expect = [{ statistic = "median", what = "memorised", high = 60 }]
        "#,
    )
    .unwrap()
}

#[test]
fn fewer_seeds_or_other_epochs_leave_the_verdict_open() {
    let small = small();
    let whole = run(&small, Changes::default());
    assert_eq!(whole.verdict, Verdict::Holds, "{:?}", whole.measured);
    assert_eq!(whole.measured.len(), 2);
    assert!(
        whole.commands[0].starts_with("dunwu train task=Z5"),
        "{:?}",
        whole.commands
    );
    for words in [["seeds=1"], ["epochs=50"], ["epochs=70"]] {
        let found = run(&small, changes(&words));
        assert_eq!(found.verdict, Verdict::Inconclusive, "{words:?}");
        assert!(found.why.unwrap().contains("at this budget"));
    }
    let more = run(&small, changes(&["seeds=3", "seed=7", "threads=1"]));
    assert_eq!(more.verdict, Verdict::Holds);
}

#[test]
fn numbers_do_not_depend_on_threads_or_on_rows_before() {
    let suite = Suite::default();
    let once = |changes| {
        let found = suite.run(&small(), changes, &Control::default(), &|_| ());
        found.unwrap().unwrap().measured
    };
    let first = once(Changes::default());
    assert_eq!(first, once(Changes::default()));
    assert_eq!(first, run(&small(), changes(&["threads=2"])).measured);
}

#[test]
fn an_interrupted_row_gives_nothing() {
    let cancel = AtomicBool::new(true);
    let control = Control {
        progress: None,
        cancel: Some(&cancel),
    };
    for row in [small(), row("6")] {
        let found = Suite::default().run(&row, Changes::default(), &control, &|_| ());
        assert!(found.unwrap().is_none());
    }
}

#[test]
fn what_cannot_be_selected_is_named() {
    let why = |id: &str| select(&[id.to_owned()], &[]).unwrap_err().to_string();
    assert_eq!(
        why("11"),
        "reproduce: there is no row `11`; near it are 9, 10, 13; `dunwu reproduce --list` names all"
    );
    assert!(
        why("abc").contains("no row `abc`; `dunwu"),
        "{}",
        why("abc")
    );
    let why = "X".parse::<Cost>().unwrap_err().to_string();
    assert!(
        why.contains("`X` is no cost; expected S (under a minute)"),
        "{why}"
    );
    let change = |word: &str| {
        Changes::from_overrides(&[word.to_owned()])
            .unwrap_err()
            .to_string()
    };
    assert!(
        change("lr=1").contains("lr: cannot be changed"),
        "{}",
        change("lr=1")
    );
    assert!(
        change("seeds=0").contains("at least 1, got `0`"),
        "{}",
        change("seeds=0")
    );
    let some = select(&[], &[Cost::S]).unwrap();
    assert!(!some.is_empty() && some.iter().all(|r| r.cost == Cost::S));
    let error = Suite::default()
        .run(&row("55"), Changes::default(), &Control::default(), &|_| ())
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("row 55 cannot be run yet: no probe reads the scale of the logits")
    );
}

#[test]
fn a_directory_keeps_rows_as_they_are_and_no_others() {
    let keep = tempfile::tempdir().unwrap();
    let dir = Utf8PathBuf::from_path_buf(keep.path().join("suite")).unwrap();
    let found = run(&small(), Changes::default());
    let held = SuiteDir::open(&dir).unwrap();
    held.keep(&found, Changes::default()).unwrap();
    // What is in use cannot be opened again.
    assert!(
        SuiteDir::open(&dir)
            .unwrap_err()
            .to_string()
            .contains("in use")
    );
    drop(held);
    let held = SuiteDir::open(&dir).unwrap();
    let again = held.find(&small(), Changes::default()).unwrap();
    assert_eq!(again, Some(found));
    assert_eq!(held.find(&small(), changes(&["seeds=3"])).unwrap(), None);
    assert!(
        held.find(&small(), changes(&["threads=1"]))
            .unwrap()
            .is_some()
    );
    let mut other = small();
    other.check[0].expect[0].high = Some(30.0);
    assert_eq!(held.find(&other, Changes::default()).unwrap(), None);
    std::fs::write(dir.join("row-0.json"), "{").unwrap();
    let error = held.find(&small(), Changes::default()).unwrap_err();
    assert!(error.to_string().contains("row-0.json"), "{error}");
    drop(held);
    let full = Utf8PathBuf::from_path_buf(keep.path().to_owned()).unwrap();
    assert!(SuiteDir::open(&full).is_err());
}

#[test]
fn the_json_has_what_it_promises() {
    let found = run(&small(), Changes::default());
    let value = summary(&[found], false, None, &[]);
    for key in [
        "rows",
        "holds",
        "does_not_hold",
        "inconclusive",
        "interrupted",
        "dir",
        "seconds",
        "unfinished",
    ] {
        assert!(value.get(key).is_some(), "{key}");
    }
    let row = &value["rows"][0];
    for key in [
        "id",
        "source",
        "claim",
        "published",
        "cost",
        "verdict",
        "commands",
        "checks",
    ] {
        assert!(row.get(key).is_some(), "{key}");
    }
    assert_eq!(
        (&row["verdict"], &value["holds"]),
        (&"holds".into(), &1.into())
    );
    assert_eq!(row["checks"][0]["tolerance"]["high"], 60.0);
    let list = listing(&rows());
    assert_eq!(list["rows"].as_array().unwrap().len(), rows().len());
    assert!(KINDS.len() > 10);
}

/// A row whose second arm goes on where the first ended, and whose third is held to a norm that the first had.
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
        epochs = 5
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
        with = { number = { of = "value", column = "weight_norm.W", epoch = 60 } }
        expect = [{ statistic = "median", what = "before" }]
        [[check]]
        kind = "over_seeds"
        with = { arm = "fewer", number = { of = "value", column = "weight_norm.W", epoch = 0 } }
        expect = [{ statistic = "median", what = "after" }]
        [[check]]
        kind = "over_seeds"
        with = { number = { of = "norm_at", event = "train_acc", at = 0.99 } }
        expect = [{ statistic = "median", what = "free" }, { statistic = "variation", what = "over seeds" }]
        [[check]]
        kind = "over_seeds"
        with = { arm = "held", number = { of = "norm_at", event = "epochs", at = 0 } }
        expect = [{ statistic = "share", what = "never" }]
        [[check]]
        kind = "over_seeds"
        with = { arm = "held", number = { of = "last", column = "weight_norm.W" } }
        expect = [{ statistic = "median", what = "held", low = 0 }]
        "#,
    )
    .unwrap()
}

#[test]
fn an_arm_goes_on_where_another_ended_or_is_held_to_its_norm() {
    let found = run(&following(), Changes::default());
    let said = |what: &str| {
        let of = found.measured.iter().filter(move |m| m.what == what);
        of.map(|m| m.reading.as_number().unwrap())
            .collect::<Vec<_>>()
    };
    // The first reading of what goes on is the last one of what it goes on from.
    assert_eq!(said("after"), [said("before")[0]; 2]);
    let held = found
        .commands
        .iter()
        .filter(|c| c.contains("norm_reference="));
    let held: Vec<&String> = held.collect();
    let norm = format!("norm_reference={:.4}", said("free")[0]);
    assert!(
        held.len() == 2 && held[0].contains(norm.trim_end_matches('0')),
        "{held:?} {norm}"
    );
    // Two seeds, two sizes: each from its own run.
    let from = |seed: u64| format!("from=row0-0-seed-{seed}");
    let from = |seed| {
        found
            .commands
            .iter()
            .filter(|c| c.contains(&from(seed)))
            .count()
    };
    assert_eq!((from(0), from(1)), (2, 2), "{:#?}", found.commands);
    assert!(said("held")[1] > 1.5 * said("held")[0]);
}

#[test]
fn the_commands_of_an_arm_that_follows_train_its_runs() {
    let found = run(&following(), Changes::default());
    let keep = tempfile::tempdir().unwrap();
    let place = |name: &str| Utf8PathBuf::from_path_buf(keep.path().join(name)).unwrap();
    let words =
        |command: &str| -> Vec<String> { command.split(' ').skip(2).map(str::to_owned).collect() };
    let plan = |words: &[String]| {
        let spec = dunwu::RunSpec::from_overrides(words).unwrap();
        spec.resolve().unwrap()
    };
    let at = found
        .commands
        .iter()
        .position(|c| c.contains("from=row0-0-seed-1"));
    let at = at.unwrap();
    let first = found
        .commands
        .iter()
        .find(|c| c.ends_with("--out row0-0-seed-1"))
        .unwrap();
    let first = words(first);
    let before = place("before");
    dunwu::train(
        &plan(&first[..first.len() - 2]),
        &before,
        &Control::default(),
    )
    .unwrap();
    let then: Vec<String> = words(&found.commands[at])
        .into_iter()
        .map(|w| w.replace("row0-0-seed-1", before.as_str()))
        .collect();
    let report = dunwu::train(&plan(&then), &place("after"), &Control::default()).unwrap();
    let first = report.runs[0]
        .curve
        .points("weight_norm.W")
        .next()
        .unwrap()
        .1;
    let after = found.measured.iter().find(|m| m.what == "after").unwrap();
    assert!(after.seeds.contains(&first), "{first} {:?}", after.seeds);
}

#[test]
fn a_statistic_that_no_run_gave_leaves_the_verdict_open() {
    let mut never = following();
    never
        .follow
        .get_mut("held")
        .unwrap()
        .norm
        .as_mut()
        .unwrap()
        .at = 1.5;
    let found = run(&never, Changes::default());
    assert_eq!(found.verdict, Verdict::Inconclusive, "{:?}", found.measured);
    assert!(found.why.unwrap().contains("no run was measured there"));
}
