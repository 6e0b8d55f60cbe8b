//! A small transformer that the engine trains here: what it learned, and what its answers lose without it.

use camino::{Utf8Path, Utf8PathBuf};
use dunwu::{Control, RunSpec};

/// Words apart; `_` stands for a space in one.
fn split(words: &str) -> Vec<String> {
    let spaced = |w: &str| match w.starts_with("task=") {
        true => w.replace('_', " "),
        false => w.to_owned(),
    };
    words.split_whitespace().map(spaced).collect()
}

fn trained(dir: &Utf8Path, words: &str) -> Utf8PathBuf {
    let dir = dir.join("run");
    let spec = RunSpec::from_overrides(split(words)).unwrap();
    dunwu::train(&spec.resolve().unwrap(), &dir, &Control::default()).unwrap();
    dir
}

const SMALL: &str = "model=transformer model_width=32 heads=2 mlp_width=64 threads=1 eval_every=10";

fn room() -> (tempfile::TempDir, Utf8PathBuf) {
    let keep = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(keep.path().to_owned()).unwrap();
    (keep, root)
}

#[test]
fn without_its_key_frequencies_it_guesses_and_with_them_alone_it_knows() {
    let (_keep, root) = room();
    let words = "task=Z17 train_fraction=0.8 lr=3e-3 weight_decay=2 epochs=4000 probes=circuit probe_every=1000";
    let dir = trained(&root, &format!("{SMALL} {words}"));
    // The page of the run alone has the map of the hidden nodes.
    let page = std::fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(page.contains("What the neurons learned") && page.contains("power over the table"));
    assert!(dir.join("figures/neurons_features.svg").exists());
    let found = dunwu::circuit(&dir, None, &|_, _| ()).unwrap();
    let keys = found.keys.len();
    assert!(
        (1..=4).contains(&keys) && found.features.len() == 8,
        "{keys}"
    );
    assert!(found.key_share > 0.8, "{}", found.key_share);
    let (whole, without, only) = (found.whole.all, found.without_keys.all, found.only_keys.all);
    assert!(whole.accuracy > 0.95, "{whole:?}");
    assert!(
        without.loss > 17f64.ln() && without.accuracy < 3.0 / 17.0,
        "{without:?}"
    );
    assert!(only.accuracy == 1.0 && only.loss < whole.loss, "{only:?}");
    let loudest = found.keys[0].without.all;
    assert!(loudest.loss > whole.loss + 1.0, "{loudest:?}");
    assert!(found.layers[0].pure_85 > 16, "{:?}", found.layers);
    assert_eq!(found.planes.len(), keys);

    // The first checkpoint knows nothing of the keys, the last what the whole says.
    let (first, last) = (&found.moments[0], found.moments.last().unwrap());
    assert!(first.key_share < 0.1 && (first.excluded_loss - first.train_loss).abs() < 0.1);
    assert_eq!(
        Some(last.restricted_loss.unwrap()),
        found.only_keys.test.map(|s| s.loss)
    );
    assert_eq!(last.excluded_loss, found.without_keys.train.loss);

    // The probe read the same at the last epoch, from the network in training.
    let report = dunwu::load(&dir).unwrap();
    let curve = &report.runs[0].curve;
    let read = |name: &str| *curve.column(name).unwrap().last().unwrap();
    assert_eq!(read("key_features"), keys as f64);
    assert_eq!(read("key_share"), found.key_share);
    assert_eq!(read("excluded_loss"), found.without_keys.train.loss);
    assert_eq!(Some(read("restricted_loss")), last.restricted_loss);
    assert_eq!(Some(read("nodes_85")), last.nodes_85);

    // What is kept comes back on the page; of one checkpoint the look is the same.
    dunwu::keep_circuit(&dir, &found).unwrap();
    let page = std::fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(page.contains("What the answers lose") && page.contains("title-embedding-circles"));
    let file = dir.join("checkpoints/seed-0/epoch-00004000.safetensors");
    let one = dunwu::circuit(&file, None, &|_, _| ()).unwrap();
    assert_eq!((one.keys, one.moments.len()), (found.keys, 1));
    let words = format!("{SMALL} task=Z17 train_fraction=0.8");
    let alone = dunwu::circuit_file(&file, &split(&words)).unwrap();
    assert_eq!(alone.without_keys, found.without_keys);
}

#[test]
fn two_layers_on_permutations_have_irreps_and_clusters_of_both() {
    let (_keep, root) = room();
    let words = "task=S3 layers=2 norm=rms train_fraction=0.8 lr=3e-3 epochs=60 probes=none";
    let dir = trained(&root, &format!("{SMALL} {words}"));
    let found = dunwu::circuit(&dir, None, &|_, _| ()).unwrap();
    let names: Vec<&str> = found.features.iter().map(|f| &*f.name).collect();
    assert_eq!(names, ["sign", "standard"]);
    assert_eq!(
        found.layers.iter().map(|l| l.nodes).collect::<Vec<_>>(),
        [64, 64]
    );
    assert!((found.chance - 6f64.ln()).abs() < 1e-12);
    let parts: f64 = found.features.iter().map(|f| f.embedding.unwrap()).sum();
    assert!((parts - 1.0).abs() < 1e-9);
}

#[test]
fn what_has_no_circuit_says_why() {
    let (_keep, root) = room();
    let short = "epochs=2 probes=none";
    let why = |words: &str| {
        let dir = trained(
            &root.join(words.replace([' ', '*'], "_")),
            &format!("{words} {short}"),
        );
        let found = dunwu::circuit(&dir, None, &|_, _| ());
        let page = std::fs::read_to_string(dir.join("report.html")).unwrap();
        let is_told = page.contains("What the neurons learned");
        assert_eq!(is_told, words.starts_with("task=Z7"), "{words}");
        found.unwrap_err().to_string()
    };
    assert!(why("task=Z7 width=16").contains("circuits are read off transformers"));
    let text = why(&format!("{SMALL} task=sum(7,3)"));
    assert!(text.contains("nothing to name its outputs by"), "{text}");
    let formula = why(&format!("{SMALL} task=x*y_mod_7"));
    assert!(formula.contains("as many for each answer"), "{formula}");
}
