//! What a run keeps of where its heads looked.

use camino::Utf8PathBuf;
use dunwu::probe::AttentionMaps;
use dunwu::store::RunDir;
use dunwu::{Control, RunSpec, train};

/// The maps of a small run.
fn maps(attention: &str) -> AttentionMaps {
    let keep = tempfile::tempdir().unwrap();
    let dir = Utf8PathBuf::from_path_buf(keep.path().join("r")).unwrap();
    let words = [
        "model=transformer",
        "task=backcopy(6,2,70)",
        "layers=2",
        "heads=2",
        "model_width=8",
        "mlp_width=8",
        "train_size=12",
        "test_size=4",
        "epochs=90",
        "probe_every=1",
        "probes=attention",
        attention,
    ];
    let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
    train(&plan, &dir, &Control::default()).unwrap();
    let kept = RunDir::open(&dir).unwrap().kept(0, "attention").unwrap();
    AttentionMaps::of(&kept.unwrap().tensors).unwrap()
}

/// The sums of a map's rows.
fn sums(maps: &AttentionMaps, reading: usize) -> Vec<f32> {
    let heads = (0..2).flat_map(|l| (0..2).map(move |h| (l, h)));
    let rows = heads.flat_map(|(l, h)| {
        let map = maps.map(reading, l, h);
        map.chunks_exact(maps.positions.len())
            .map(|row| row.iter().sum())
    });
    rows.collect()
}

#[test]
fn mean_maps_of_softmax_sum_to_one_where_no_position_is_cut_off() {
    let kept = maps("attention=softmax");
    assert_eq!(
        (kept.sequence, kept.positions.len(), kept.layers.len()),
        (70, 64, 2)
    );
    assert_eq!(kept.layers[1].queries, kept.positions);
    assert_eq!(
        (kept.epochs.len(), kept.epochs[0], kept.epochs[63]),
        (64, 0, 90)
    );
    for reading in [0, 63] {
        // The first 32 positions see no more than themselves; of the others the middle is cut off.
        for row in sums(&kept, reading).chunks_exact(64) {
            assert!(row[..32].iter().all(|s| (s - 1.0).abs() < 1e-5), "{row:?}");
            assert!(row[32..].iter().all(|s| *s > 0.5 && *s < 0.9999), "{row:?}");
        }
    }
    let relu = sums(&maps("attention=relu"), 63);
    assert!(relu.iter().all(|s| *s >= 0.0) && relu.iter().any(|s| (s - 1.0).abs() > 0.1));
}
