//! A transformer's run on the command line: its record of attention, its page, and that kills change no bit of them.

mod common;

use common::{dunwu, output};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// Rows with a start token, two layers of two heads, saved often.
fn words(out: &str) -> Vec<String> {
    let words = [
        "train",
        "model=transformer",
        "task=backcopy(8,2,12)",
        "layers=2",
        "heads=2",
        "model_width=16",
        "mlp_width=16",
        "train_size=64",
        "test_size=32",
        "epochs=400",
        "probe_every=2",
        "save_seconds=0.02",
        "threads=1",
        "--quiet",
        out,
    ];
    words.iter().map(|w| (*w).to_owned()).collect()
}

fn run(dir: &Path, words: &[String]) {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let out = output(dir, &words);
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
}

/// Record of attention, readings and page.
fn bits(dir: &Path) -> [Vec<u8>; 2] {
    ["seeds/seed-0/attention.safetensors", "curve.parquet"]
        .map(|file| std::fs::read(dir.join(file)).unwrap())
}

#[test]
fn kills_change_no_bit_of_where_it_looked() {
    kills(&[]);
}

#[test]
fn kills_amid_a_pass_over_the_training_rows_change_no_bit() {
    kills(&["batch_size=16", "epoch_updates=3", "scored_size=20"]);
}

fn kills(more: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let words = |out: &str| {
        let more = more.iter().map(|w| (*w).to_owned());
        words(out).into_iter().chain(more).collect::<Vec<_>>()
    };
    run(dir.path(), &words("--out=whole"));
    let cut = words("--out=cut");
    let cut: Vec<&str> = cut.iter().map(String::as_str).collect();
    let resume = ["train", "--resume", "cut", "--quiet"];
    let mut kills = 0;
    for (i, wait) in [300, 120, 250, 180].into_iter().enumerate() {
        let begun = if i == 0 { &cut[..] } else { &resume[..] };
        let mut child = dunwu(dir.path(), begun)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        kills += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(kills > 0, "the run was over before it could be killed");
    run(dir.path(), &resume.map(str::to_owned));
    let [whole, cut] = ["whole", "cut"].map(|name| bits(&dir.path().join(name)));
    assert!(whole[0] == cut[0], "the record of attention differs");
    assert!(whole[1] == cut[1], "the readings differ");
}

#[test]
fn the_page_shows_where_it_looks_and_is_rebuilt_from_the_record() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &words("--out=r"));
    let page = || std::fs::read_to_string(dir.path().join("r/report.html")).unwrap();
    let first = page();
    for part in [
        "id=\"looks\"",
        "id=\"look\"",
        "layer 1 · head 1",
        "Birth of a sink",
        "Which layer learned when",
        "triggers",
    ] {
        assert!(first.contains(part), "{part}");
    }
    let account = first.split("id=\"charts\"").next().unwrap();
    assert!(account.contains("nothing that was read shows more than the readout learning"));
    assert!(!account.contains("hidden node"), "a transformer has none");
    for figure in [
        "attention.svg",
        "layers.svg",
        "lens_acc.svg",
        "value_first.svg",
    ] {
        assert!(
            dir.path().join("r/figures").join(figure).exists(),
            "{figure}"
        );
    }
    std::fs::remove_file(dir.path().join("r/report.html")).unwrap();
    assert!(output(dir.path(), &["report", "r"]).status.success());
    let again = page();
    assert!(again.contains("id=\"looks\"") && again.contains("Which layer learned when"));
    // Without the record the rest of the page stands.
    std::fs::remove_file(dir.path().join("r/seeds/seed-0/attention.safetensors")).unwrap();
    assert!(output(dir.path(), &["report", "r"]).status.success());
    let without = page();
    assert!(!without.contains("id=\"looks\"") && without.contains("Birth of a sink"));
}
