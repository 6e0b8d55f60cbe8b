//! The page of a landscape and its figures are well-formed, whatever the record holds.

mod markup;

use dunwu_report::{
    End, LandscapePage, PeakBorder, PeakFamily, SampleHeights, Slice, SliceMap, Walk,
    landscape_figures, landscape_page,
};
use markup::{assert_balanced, assert_figure, assert_local, assert_numbers};

fn peak(name: Option<&str>, dim: usize, height: f64, count: usize) -> PeakFamily {
    PeakFamily {
        name: name.map(str::to_owned),
        kind: name.map(|_| "real".into()),
        dim: name.map(|_| dim),
        energy: 24.0 * height,
        height,
        theory: Some(height),
        nullity: 3 * (dim - 1),
        theory_nullity: Some(3 * (dim - 1)),
        softest: Some(1.0),
        rising: 0,
        places: (dim == 1).then_some(1),
        count,
        basin: count as f64 / 1000.0,
        basin_low: count as f64 / 1200.0,
        basin_high: count as f64 / 900.0,
    }
}

/// Peaks that change places at 40 % of the table, on two splits.
fn samples() -> Vec<SampleHeights> {
    let one = |kept: f64, seed: u64| SampleHeights {
        energy: "raw".into(),
        seed,
        kept,
        rows: (kept * 576.0) as usize,
        generalising: (kept > 0.25).then_some(0.4),
        memorising: Some(0.16 / kept + 0.01 * seed as f64),
        nature: Some("pair".into()),
        survival: kept,
        basin: kept,
        basin_low: 0.9 * kept,
        basin_high: (1.1 * kept).min(1.0),
    };
    [0.2, 0.3, 0.4, 0.6]
        .into_iter()
        .flat_map(|kept| [one(kept, 0), one(kept, 1)])
        .collect()
}

fn ends() -> [End; 2] {
    let end = |name: &str, generalises, angle, height| End {
        name: name.into(),
        generalises,
        is_peak: !generalises,
        angle,
        height,
    };
    [
        end("pair", false, 0.0, 0.5),
        end("standard", true, 88.0, 0.4),
    ]
}

fn slice() -> Slice {
    let along: Vec<f64> = (0..20).map(|i| f64::from(i) * 8.0 - 40.0).collect();
    let away: Vec<f64> = (0..9).map(|i| f64::from(i) * 10.0 - 40.0).collect();
    let hill = |x: f64, y: f64| (-(x * x + y * y) / 900.0).exp();
    let heights = away
        .iter()
        .flat_map(|y| {
            along
                .iter()
                .map(|x| 0.5 * hill(*x, *y) + 0.4 * hill(*x - 88.0, *y))
        })
        .collect();
    let walk = |kept| Walk {
        kept,
        ends: ends(),
        points: along.iter().map(|x| (*x, hill(*x, 0.0))).collect(),
    };
    Slice {
        energy: "raw".into(),
        seed: 0,
        walks: vec![walk(0.3), walk(0.4), walk(0.5)],
        map: SliceMap {
            kept: 0.4,
            ends: ends(),
            along: along.clone(),
            away,
            heights,
        },
    }
}

fn whole() -> LandscapePage {
    LandscapePage {
        task: "S4".into(),
        description: "product in a group of order 24".into(),
        order: 24,
        unit: "E/M".into(),
        cyclic: None,
        activation: "square = x^2".into(),
        starts: 1000,
        unconverged: 0,
        no_features: None,
        peaks: vec![
            peak(Some("sign"), 1, 0.5, 86),
            peak(Some("[2,2]"), 2, 0.25, 219),
            peak(Some("standard"), 3, 1.0 / 6.0, 695),
        ],
        samples: samples(),
        borders: vec![PeakBorder {
            energy: "raw".into(),
            crossing: vec![Some(0.4), Some(0.41)],
            survival_half: vec![Some(0.5), None],
        }],
        slice: Some(slice()),
        provenance: vec![("version".into(), "0.1.0".into())],
        command: "dunwu landscape task=S4".into(),
        seconds: 1.5,
    }
}

fn assert_sound(page: &LandscapePage, what: &str) -> String {
    assert!(page.is_consistent(), "{what}");
    let html = landscape_page(page);
    assert_balanced(&html);
    assert_local(&html);
    assert_numbers(&html, what);
    for (name, svg) in landscape_figures(page) {
        assert_figure(&name, &svg, what);
    }
    html
}

#[test]
fn a_whole_landscape_has_every_figure_and_says_where_peaks_change_places() {
    let page = whole();
    let html = assert_sound(&page, "whole");
    let names: Vec<String> = landscape_figures(&page).into_iter().map(|f| f.0).collect();
    assert_eq!(
        names,
        ["heights-raw.svg", "peaks.svg", "slice.svg", "walks.svg"]
    );
    for part in [
        "once 40\u{a0}% of the table is kept",
        "they change places at 40\u{a0}%",
        "even or odd",
        "The highest memory is a pair (one row of the table by heart)",
        "memorises a pair: 0.5",
        "learns standard, no peak here",
        "69.5\u{a0}% of them climb to standard",
        "dunwu landscape task=S4",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(html.len() < 1_000_000, "{} bytes", html.len());
}

#[test]
fn the_record_survives_json_with_the_same_page() {
    let text = serde_json::to_string(&whole()).unwrap();
    let back: LandscapePage = serde_json::from_str(&text).unwrap();
    assert!(landscape_page(&back) == landscape_page(&whole()));
}

#[test]
fn parts_that_are_missing_are_left_out_or_explained() {
    let full = LandscapePage {
        samples: vec![],
        borders: vec![],
        slice: None,
        ..whole()
    };
    let html = assert_sound(&full, "full table");
    assert!(html.contains("3 kinds of peaks") && !html.contains("How much data it takes"));
    let nameless = LandscapePage {
        no_features: Some("a <table> is no group".into()),
        peaks: vec![peak(None, 1, 0.1, 10)],
        ..full.clone()
    };
    assert!(assert_sound(&nameless, "nameless").contains("a &lt;table&gt; is no group"));
    let none = LandscapePage {
        peaks: vec![],
        ..full
    };
    assert!(assert_sound(&none, "no peaks").contains("no random start came to rest on a peak"));
    let mut never = whole();
    never.borders[0].crossing = vec![None, None];
    never.samples.iter_mut().for_each(|s| s.memorising = None);
    let html = assert_sound(&never, "no crossing");
    assert!(html.contains("generalising peaks are higher in this whole range"));
}

#[test]
fn peaks_of_a_file_are_numbered_and_the_highest_are_drawn() {
    let peaks = (1..=100).map(|i| PeakFamily {
        kind: None,
        dim: None,
        theory: None,
        ..peak(Some(&format!("peak {i}")), 1, 1.0 / f64::from(i), 10)
    });
    let page = LandscapePage {
        unit: "E/n²".into(),
        no_features: Some("features from a file have no symmetry that is known".into()),
        peaks: peaks.collect(),
        samples: vec![],
        borders: vec![],
        slice: None,
        ..whole()
    };
    let html = assert_sound(&page, "file");
    for part in [
        "height E/n²",
        "a direction that no feature names",
        "rows of a file",
        "The 40 highest are drawn",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(html.len() < 1_000_000, "{} bytes", html.len());
}

#[test]
fn many_peaks_of_one_height_are_one_row_and_waves_are_told_in_words() {
    let mut page = whole();
    page.cyclic = Some(vec![71]);
    page.peaks = (1..=35)
        .map(|k| PeakFamily {
            kind: Some("complex".into()),
            ..peak(Some(&format!("k={k}")), 1, 0.25, 28)
        })
        .collect();
    let html = assert_sound(&page, "many");
    assert!(html.contains("k=1, k=2, … (35)"));
    assert!(html.contains("a wave 35× round the circle of 71"));
}

#[test]
fn records_whose_parts_do_not_fit_are_told() {
    let mut page = whole();
    page.slice.as_mut().unwrap().map.heights.pop();
    assert!(!page.is_consistent());
    let mut page = whole();
    page.peaks[0].height = f64::NAN;
    assert!(!page.is_consistent());
}

#[test]
fn text_of_others_cannot_become_markup() {
    let evil = "</script><script>alert(\"1\")&'";
    let mut page = whole();
    page.task = evil.into();
    page.description = evil.into();
    page.command = evil.into();
    page.peaks[0].name = Some(evil.into());
    page.borders[0].energy = evil.into();
    page.samples.iter_mut().for_each(|s| s.energy = evil.into());
    page.slice.as_mut().unwrap().map.ends[0].name = evil.into();
    let html = assert_sound(&page, "hostile");
    assert!(!html.contains("<script>alert") && html.matches("<script").count() == 1);
}
