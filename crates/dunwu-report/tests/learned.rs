//! The section “What was learned” says what the record holds, and nothing that it does not.

#[path = "../examples/synthetic/mod.rs"]
mod synthetic;

mod markup;

use dunwu_report::{
    Circle, Learned, LearnedFeature, LearnedFormula, LearnedMoment, LearnedTerm, RunPage, figures,
    page,
};
use markup::{assert_balanced, assert_figure, assert_local, assert_numbers};

fn term(name: &str) -> LearnedTerm {
    LearnedTerm {
        name: name.into(),
        amplitude: 0.125,
        phase: Some(-0.25),
        share: 0.5,
    }
}

fn moment(epoch: u64, shortest: &str, holds: bool) -> LearnedMoment {
    let length = |name: &str, bits: f64| (name.to_owned(), bits, 3);
    LearnedMoment {
        epoch,
        stage: Some(if epoch < 50 { "lazy" } else { "done" }.into()),
        covered: 2,
        formula_holds: holds,
        lengths: vec![
            length("literal", 31000.0),
            length("table", 40000.0),
            length("formula", if holds { 48.0 } else { 20000.0 }),
        ],
        shortest: shortest.into(),
        gradient: Some(vec![3.0, 1.0, 0.0]),
    }
}

fn learned() -> Learned {
    Learned {
        epoch_updates: 0,
        seed: 0,
        epoch: 400,
        cyclic: Some(vec![71]),
        order: 71,
        rows: [5041, 2016],
        label_noise: 0.0,
        accuracy: [Some(1.0), Some(1.0)],
        nodes: [512, 300],
        features: ["k=1", "k=2", "k=3"]
            .map(|name| LearnedFeature {
                name: name.into(),
                nodes: usize::from(name != "k=3") * 9,
                voice: 0.3,
            })
            .to_vec(),
        circles: vec![Circle {
            name: "k=2".into(),
            frequency: vec![2],
            nodes: 9,
            places: vec![vec![0.1, 0.2, 0.3], vec![0.5, 0.75, 0.25]],
            in_tune: Some(1.0),
        }],
        formula: Some(LearnedFormula {
            terms: vec![term("k=2"), term("k=1")],
            r2: 0.998,
            short: vec![term("k=2")],
            bits: 48.0,
            accuracy: 1.0,
            agreement: 1.0,
            holds: true,
            why: "it holds".into(),
        }),
        moments: vec![
            moment(0, "literal", false),
            moment(40, "formula", false),
            moment(400, "formula", true),
        ],
        missing: vec![],
    }
}

fn with(learned: Learned) -> String {
    assert!(learned.is_consistent());
    let plan = synthetic::plan(1, 400);
    let run = RunPage {
        learned: Some(learned),
        ..synthetic::run(&plan)
    };
    let html = page(&run);
    assert_balanced(&html);
    assert_local(&html);
    assert_numbers(&html, "learned");
    for (name, svg) in figures(&run) {
        assert_figure(&name, &svg, "learned");
    }
    html
}

#[test]
fn a_network_that_is_a_formula_shows_it_with_its_circles_and_the_race() {
    let html = with(learned());
    for part in [
        "The network is a short formula",
        "<span>2(<i>a</i>+<i>b</i>−<i>c</i>)</span><span>71</span>",
        " − 0.25)",
        "<b>48 bits</b>",
        "answers <b>100\u{a0}%</b> of all pairs rightly",
        "k=2: 9 nodes",
        "; from epoch 40 the <b>formula with exceptions</b>; from epoch 400 the <b>formula</b>",
        "<b>1 of 3 features are missing</b>",
    ] {
        assert!(html.contains(part), "{part}");
    }
    let plan = synthetic::plan(1, 400);
    let run = RunPage {
        learned: Some(learned()),
        ..synthetic::run(&plan)
    };
    let names: Vec<String> = figures(&run).into_iter().map(|f| f.0).collect();
    for name in ["circles.svg", "gradient_features.svg", "lengths.svg"] {
        assert!(names.contains(&name.into()), "{name}");
    }
}

#[test]
fn a_formula_that_does_not_hold_is_said_not_to_with_the_reason() {
    let mut noisy = learned();
    noisy.label_noise = 0.2;
    noisy.accuracy[1] = Some(0.025);
    let formula = noisy.formula.as_mut().unwrap();
    (formula.holds, formula.agreement) = (false, 0.567);
    let html = with(noisy.clone());
    assert!(html.contains("No short formula holds") && html.contains("differ on 43.3\u{a0}%"));
    assert!(html.contains("Label noise: 20\u{a0}% of the training labels"));
    assert!(html.contains("never shown the network is right on 2.5\u{a0}%"));
    assert!(!html.contains("The network is a short formula"));
    // 2.75 · 71 · ln 71 = 832 rows.
    noisy.label_noise = 0.0;
    noisy.rows[1] = 500;
    let html = with(noisy.clone());
    assert!(html.contains("Below the critical amount of data: it trained on 500 of 5041 rows"));
    assert!(html.contains("832 rows"));
    noisy.rows[1] = 2016;
    assert!(with(noisy.clone()).contains("It has not generalised (yet)"));
    noisy.accuracy[1] = Some(0.98);
    noisy.formula.as_mut().unwrap().agreement = 0.99;
    let html = with(noisy);
    assert!(html.contains("Nearly: the rule is a short formula") && html.contains("It is close"));
}

#[test]
fn what_is_not_there_is_left_out_or_explained() {
    let mut bare = learned();
    bare.cyclic = None;
    bare.formula = None;
    bare.moments.clear();
    bare.missing = vec!["formula: x < y is no product in a group".into()];
    bare.accuracy = [None, None];
    let html = with(bare);
    assert!(html.contains("x &lt; y is no product in a group") && !html.contains("title-circles"));
    let mut characters = learned();
    characters.cyclic = None;
    let formula = characters.formula.as_mut().unwrap();
    formula.short = vec![LearnedTerm {
        phase: None,
        amplitude: -0.5,
        ..term("standard")
    }];
    assert!(with(characters).contains("<i>χ</i><sub>standard</sub>"));
    let plan = synthetic::plan(1, 400);
    let none = page(&synthetic::run(&plan));
    assert!(none.contains("<code>dunwu inspect DIR</code>"));
    let broken = RunPage {
        no_learned: Some("learned.json is <damaged>".into()),
        ..synthetic::run(&plan)
    };
    assert!(page(&broken).contains("learned.json is &lt;damaged&gt;"));
}

#[test]
fn records_whose_parts_do_not_fit_are_told() {
    let mut short = learned();
    short.moments[0].gradient = Some(vec![1.0]);
    assert!(!short.is_consistent());
    let mut backwards = learned();
    backwards.moments.reverse();
    assert!(!backwards.is_consistent());
    let mut odd = learned();
    odd.circles[0].places[0][0] = f64::NAN;
    assert!(!odd.is_consistent());
}

#[test]
fn text_of_others_cannot_become_markup() {
    let evil = "</script><script>alert(\"1\")&'";
    let mut hostile = learned();
    hostile.features[0].name = evil.into();
    hostile.circles[0].name = evil.into();
    hostile.moments[0].stage = Some(evil.into());
    hostile.moments[0].shortest = evil.into();
    hostile.formula.as_mut().unwrap().short[0].name = evil.into();
    let html = with(hostile);
    assert!(!html.contains("<script>alert") && html.matches("<script").count() == 2);
}
