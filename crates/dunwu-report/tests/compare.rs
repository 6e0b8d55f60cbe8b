//! The page of a comparison and its figures are well-formed, whatever the record holds.

mod markup;

use dunwu_analysis::compare::{
    Alike, Choice, Conclusion, Crossings, Edge, EpochsTo, Final, GradientCosines, Outcome, Overlap,
    Side, Tried, compare,
};
use dunwu_report::{
    AlongWay, ComparePage, ComparedSide, Covered, Gradients, Likeness, Pairing, Representations,
    compare_figures, compare_page,
};
use markup::{assert_balanced, assert_figure, assert_local, assert_numbers};

fn run(seed: u64, at: Option<u64>) -> Outcome {
    Outcome {
        seed,
        epochs_to: EpochsTo {
            train_99: Some(0),
            test_50: at,
            test_99: at,
        },
        sustained: Crossings {
            test_50: at,
            test_99: at.filter(|_| seed > 0),
        },
        last: Final {
            test_acc: Some(0.5),
            test_loss: Some(0.1),
            ..Final::default()
        },
        stopped: "completed".into(),
        diverged: false,
    }
}

fn runs(at: impl Fn(u64) -> Option<u64>) -> Vec<Outcome> {
    (0..8).map(|seed| run(seed, at(seed))).collect()
}

fn side(name: &str, runs: Vec<Outcome>, control: bool) -> ComparedSide {
    let tried =
        [0.001, 0.002].map(|lr| Tried::new(lr, vec![run(100, (lr > 0.0015).then_some(300))]));
    let choice = Choice {
        lr: 0.002,
        by: "test_99".into(),
        edge: Some(Edge::High),
        tried: tried.to_vec(),
    };
    ComparedSide {
        name: name.into(),
        set: vec![format!("optimizer={name}")],
        control,
        lr: 0.002,
        tuning: (!control).then_some(choice),
        runs,
        seconds_per_run: 1.5,
    }
}

fn cosines() -> Vec<GradientCosines> {
    let one = |epoch| GradientCosines {
        epoch,
        nodes: 16,
        silent: 0,
        mean: 0.5,
        quantiles: [-0.2, 0.4, 0.5, 0.6, 0.9],
        layer: 0.55,
    };
    [0, 1, 10, 100, 1000].map(one).to_vec()
}

fn likeness(kind: &str, first: (&str, u64), second: (&str, u64)) -> Likeness {
    Likeness {
        kind: kind.into(),
        first: (first.0.into(), first.1),
        second: (second.0.into(), second.1),
        alike: Alike {
            cka: 0.8,
            angles: vec![1.0, 40.0, 89.0],
            overlap: 0.5,
            chance: 0.2,
            ranks: [3, 4],
        },
        features: Some(Overlap {
            first: 2,
            second: 1,
            both: 1,
            possible: 2,
            jaccard: 0.5,
            chance: 0.5,
        }),
    }
}

fn page_of(sides: Vec<ComparedSide>) -> ComparePage {
    let of = sides.iter().map(|s| Side {
        name: &s.name,
        loss: "mse",
        runs: &s.runs,
    });
    let compared = compare(&of.collect::<Vec<_>>(), 1000, 0);
    let first = sides[0].name.clone();
    let covered = |side: &ComparedSide| Covered {
        side: side.name.clone(),
        seed: 0,
        nodes: vec![3, 0],
    };
    ComparePage {
        task: "Z5".into(),
        description: "Z5: product in a group".into(),
        keys: vec!["optimizer".into()],
        shared: vec!["task=Z5".into()],
        seeds: (0..8).collect(),
        tuning_seeds: vec![10_000, 10_001],
        pairing: Pairing {
            split: true,
            start: vec!["hidden.0".into()],
            start_differs: vec!["readout".into()],
        },
        compared,
        gradients: Some(Gradients {
            losses: ["mse".into(), "cross_entropy".into()],
            along: vec![AlongWay {
                side: first.clone(),
                seed: 0,
                weights: cosines(),
                activations: cosines(),
            }],
        }),
        no_gradients: None,
        representations: Some(Representations {
            rows: 25,
            of_rows: 25,
            seeds: vec![0, 1],
            left_out: vec![(first.clone(), 1)],
            pairs: vec![
                likeness("paired", (&first, 0), (&sides[1].name, 0)),
                likeness("within", (&first, 0), (&first, 1)),
            ],
            features: vec!["k=1".into(), "k=2".into()],
            no_features: None,
            covered: sides.iter().map(covered).collect(),
        }),
        no_representations: None,
        conclusions: vec![
            Conclusion {
                shown: true,
                text: "It is earlier.".into(),
            },
            Conclusion {
                shown: false,
                text: "Others were not tried.".into(),
            },
        ],
        provenance: vec![("version".into(), "0.1.0".into())],
        command: "dunwu compare optimizer=adam,muon task=Z5".into(),
        seconds: 12.0,
        sides,
    }
}

fn whole() -> ComparePage {
    page_of(vec![
        side("adam", runs(|i| Some(200 + i)), false),
        side("muon", runs(|i| Some(100 + i)), false),
        side("adam, lr × 3", runs(|i| (i < 6).then_some(190 + i)), true),
    ])
}

fn assert_sound(page: &ComparePage, what: &str) -> String {
    assert!(page.is_consistent(), "{what}");
    let html = compare_page(page);
    assert_balanced(&html);
    assert_local(&html);
    assert_numbers(&html, what);
    for (name, svg) in compare_figures(page) {
        assert_figure(&name, &svg, what);
    }
    html
}

#[test]
fn a_whole_comparison_has_every_figure_and_says_who_is_earlier() {
    let page = whole();
    let html = assert_sound(&page, "whole");
    let names: Vec<String> = compare_figures(&page).into_iter().map(|f| f.0).collect();
    assert_eq!(
        names,
        [
            "crossing-test_99.svg",
            "crossing-test_50.svg",
            "features.svg",
            "gradients.svg",
            "likeness.svg",
            "pairs.svg",
            "tuning.svg"
        ]
    );
    for part in [
        "With muon 99\u{a0}% is reached earlier than with adam – but the best learning rate of adam and muon may lie outside the grid.",
        "8 of 8 runs came so far",
        "6 of 8 runs came so far",
        "What it does not show",
        "Others were not tried.",
        "dunwu compare optimizer=adam,muon task=Z5",
        "same seed: adam · muon",
        "Left out, as their activations are not finite or do not vary: adam, seed 1",
    ] {
        assert!(html.contains(part), "{part}");
    }
}

#[test]
fn a_larger_step_that_does_as_well_is_in_the_headline() {
    let page = page_of(vec![
        side("adam", runs(|i| Some(200 + i)), false),
        side("muon", runs(|i| Some(100 + i)), false),
        side("control", runs(|i| Some(100 + 8 - i)), true),
    ]);
    let html = assert_sound(&page, "larger step");
    assert!(html.contains(
        "With muon 99\u{a0}% is reached earlier than with adam, but that may be a larger step alone"
    ));
}

#[test]
fn sides_of_which_nothing_is_known_are_told_so() {
    let never = || runs(|_| None);
    let mut page = page_of(vec![
        side("a", never(), false),
        side("b", never(), false),
        side("c", never(), true),
    ]);
    page.gradients = None;
    page.representations = None;
    page.no_representations = Some("no network was kept".into());
    page.tuning_seeds = vec![];
    page.sides.iter_mut().for_each(|s| s.tuning = None);
    page.conclusions.clear();
    let html = assert_sound(&page, "never");
    assert!(html.contains("No run of any side generalised in 1,000 epochs"));
    assert!(
        html.contains("That is not known: no network was kept")
            && html.contains("They were given, not tuned")
    );
    let mixed = page_of(vec![
        side("a", runs(|i| Some(100 + 50 * (i % 2))), false),
        side("b", runs(|i| Some(150 - 50 * (i % 2))), false),
        side("c", never(), true),
    ]);
    assert!(
        assert_sound(&mixed, "mixed")
            .contains("Whether 99\u{a0}% is reached earlier with b or with a cannot be told")
    );
}

#[test]
fn axes_say_what_an_epoch_is_that_is_no_pass() {
    let mut page = whole();
    assert!(assert_sound(&page, "passes").contains(">epoch, log scale<"));
    page.shared.push("epoch_updates=20".into());
    let html = assert_sound(&page, "updates");
    assert!(html.contains(">epoch (20 updates), log scale<"));
    assert!(!html.contains(">epoch, log scale<"));
}

#[test]
fn many_sides_with_long_names_are_drawn() {
    let name = |i: usize| format!("a rather long name of a side that is number {i} of all");
    let mut sides: Vec<ComparedSide> = (0..8)
        .map(|i| side(&name(i), runs(|s| Some(100 + s * i as u64)), false))
        .collect();
    sides.push(side("control", runs(|_| Some(0)), true));
    assert_sound(&page_of(sides), "many");
}

#[test]
fn the_record_survives_json_with_the_same_page() {
    let text = serde_json::to_string(&whole()).unwrap();
    let back: ComparePage = serde_json::from_str(&text).unwrap();
    let again: ComparePage = serde_json::from_str(&serde_json::to_string(&back).unwrap()).unwrap();
    assert!(compare_page(&back) == compare_page(&again));
    let value = serde_json::to_value(whole()).unwrap();
    for key in ["budget", "measures", "finals", "sides", "conclusions"] {
        assert!(value.get(key).is_some(), "{key}");
    }
}

#[test]
fn records_whose_parts_do_not_fit_are_told() {
    let mut page = whole();
    page.sides[1].runs.pop();
    assert!(!page.is_consistent());
    let mut page = whole();
    page.representations.as_mut().unwrap().covered[0]
        .nodes
        .pop();
    assert!(!page.is_consistent());
    let mut page = whole();
    page.compared.measures[0].sides.pop();
    assert!(!page.is_consistent());
}

#[test]
fn text_of_others_cannot_become_markup() {
    let evil = "</script><script>alert(\"1\")&'";
    let mut page = page_of(vec![
        side(evil, runs(|i| Some(200 + i)), false),
        side("b", runs(|i| Some(100 + i)), false),
        side("c", runs(|_| None), true),
    ]);
    page.description = evil.into();
    page.command = evil.into();
    page.conclusions[0].text = evil.into();
    page.representations.as_mut().unwrap().features[0] = evil.into();
    let html = assert_sound(&page, "hostile");
    assert!(!html.contains("<script>alert") && html.matches("<script").count() == 1);
}
