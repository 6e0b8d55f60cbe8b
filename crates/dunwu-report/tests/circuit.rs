//! The section “What was learned” of a transformer says what the record holds, and nothing that it does not.

#[path = "../examples/synthetic/mod.rs"]
mod synthetic;

mod markup;

use dunwu_core::{RunPlan, RunSpec};
use dunwu_report::{
    Circuit, CircuitCluster, CircuitFeature, CircuitKey, CircuitLayer, CircuitMoment, CircuitPlane,
    CircuitScore, CircuitScores, RunPage, figures, page,
};
use markup::{assert_balanced, assert_figure, assert_local, assert_numbers};
use std::f64::consts::TAU;

fn plan() -> RunPlan {
    let words = ["task=Z11", "model=transformer"];
    let of = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
    RunPlan {
        model: of.model,
        transformer: of.transformer,
        ..synthetic::plan(1, 400)
    }
}

fn scores(loss: f64, accuracy: f64) -> CircuitScores {
    let score = CircuitScore { loss, accuracy };
    CircuitScores {
        all: score,
        train: score,
        test: Some(score),
    }
}

fn feature(k: usize, share: f64) -> CircuitFeature {
    CircuitFeature {
        name: format!("k={k}"),
        embedding: Some(share),
        nodes: Some(share),
        outputs: share,
    }
}

fn moment(epoch: u64, loss: f64) -> CircuitMoment {
    CircuitMoment {
        epoch,
        stage: Some("done".into()),
        train_loss: loss / 10.0,
        test_loss: Some(loss),
        restricted_loss: Some(loss / 3.0),
        excluded_loss: 2.5,
        key_share: 0.9,
        nodes_85: Some(0.5),
    }
}

fn plane(name: &str, functions: usize) -> CircuitPlane {
    let turn = |x: usize| (2 * x % 11) as f64 / 11.0;
    CircuitPlane {
        name: name.into(),
        functions,
        share: 0.9,
        points: (0..11)
            .map(|x| [(TAU * turn(x)).cos(), (TAU * turn(x)).sin()])
            .collect(),
        mark: (0..11).map(turn).collect(),
    }
}

fn circuit() -> Circuit {
    Circuit {
        epoch_updates: 0,
        seed: 0,
        epoch: 400,
        answers: 11,
        chance: 11f64.ln(),
        features: vec![feature(1, 0.0625), feature(2, 0.9), feature(3, 0.0375)],
        keys: vec![CircuitKey {
            name: "k=2".into(),
            dim: 1,
            outputs: 0.9,
            nodes: 40,
            without: scores(2.625, 0.125),
        }],
        key_share: 0.9,
        key_share_embedding: Some(0.875),
        layers: vec![CircuitLayer {
            layer: 0,
            nodes: 64,
            live: 63,
            pure_85: 40,
            pure_95: 30,
            clusters: vec![CircuitCluster {
                feature: "k=2".into(),
                nodes: 63,
                pure_85: 40,
                pure_95: 30,
            }],
        }],
        whole: scores(0.25, 1.0),
        without_keys: scores(7.5, 0.0),
        only_keys: scores(0.125, 1.0),
        planes: vec![plane("k=2", 2)],
        moments: vec![moment(0, 2.4), moment(100, 1.0), moment(400, 0.001)],
    }
}

fn with(circuit: Circuit) -> String {
    assert!(circuit.is_consistent());
    let plan = plan();
    let run = RunPage {
        circuit: Some(circuit),
        ..synthetic::run(&plan)
    };
    let html = page(&run);
    assert_balanced(&html);
    assert_local(&html);
    assert_numbers(&html, "circuit");
    for (name, svg) in figures(&run) {
        assert_figure(&name, &svg, "circuit");
    }
    html
}

#[test]
fn keys_proof_circles_and_losses_are_shown() {
    let html = with(circuit());
    for part in [
        "<b>1 key feature</b> of 3: k=2",
        "<b>90\u{a0}%</b> of the power of its outputs and 87.5\u{a0}% of its embedding",
        "ln 11 = 2.4",
        "<th class=\"words\" scope=\"row\">k=2 (90\u{a0}%)</th><td>2.625</td><td>12.5\u{a0}%</td>",
        "<th class=\"words\" scope=\"row\">all key features</th><td>7.5</td><td>0\u{a0}%</td>",
        "<th class=\"words\" scope=\"row\">all but the key features</th><td>0.125</td><td>100\u{a0}%</td>",
        "of the power over the table of <b>40</b>, and 95\u{a0}% of 30",
        "puts the tokens on a circle, in order of colour",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("has not generalised"));
    let mut rote = circuit();
    rote.whole.test = Some(CircuitScore {
        loss: 9.5,
        accuracy: 0.125,
    });
    assert!(with(rote).contains("<b>This network has not generalised.</b>"));
    let plan = plan();
    let run = RunPage {
        circuit: Some(circuit()),
        ..synthetic::run(&plan)
    };
    let all = figures(&run);
    let get = |name: &str| &all.iter().find(|f| f.0 == name).unwrap().1;
    let circles = get("embedding_circles.svg");
    assert_eq!(circles.matches("<circle").count(), 11);
    assert!((0..8).all(|i| circles.contains(&format!("class=\"fill{i}\""))));
    assert!(
        get("circuit_spectra.svg").contains("k=2")
            && get("circuit_losses.svg").contains("restricted")
    );
}

#[test]
fn signs_and_representations_say_what_is_drawn() {
    let mut other = circuit();
    other.planes = vec![plane("sign", 1), plane("standard", 9)];
    let html = with(other);
    assert!(html.contains("Of a sign there is one direction only"));
    assert!(html.contains("Of a representation of dimension 2 or more"));
    assert!(!html.contains("eighths of a turn"));
}

#[test]
fn what_is_not_there_is_left_out_or_explained() {
    let mut bare = circuit();
    bare.planes.clear();
    bare.moments.truncate(1);
    bare.whole.test = None;
    bare.key_share_embedding = None;
    for feature in &mut bare.features {
        (feature.nodes, feature.embedding) = (None, None);
    }
    let html = with(bare);
    assert!(!html.contains("title-embedding-circles") && !html.contains("title-circuit-losses"));
    let plan = plan();
    let none = page(&synthetic::run(&plan));
    assert!(
        none.contains("<code>dunwu inspect DIR</code>")
            && !none.contains("the formula that the network computes")
    );
    let broken = RunPage {
        no_learned: Some("circuit.json is <damaged>".into()),
        ..synthetic::run(&plan)
    };
    assert!(page(&broken).contains("circuit.json is &lt;damaged&gt;"));
}

#[test]
fn records_whose_parts_do_not_fit_are_told() {
    let mut short = circuit();
    short.planes[0].mark.pop();
    let mut backwards = circuit();
    backwards.moments.reverse();
    let mut odd = circuit();
    odd.planes[0].points[0][0] = f64::NAN;
    let mut beyond = circuit();
    beyond.planes[0].mark[0] = 1.5;
    assert!(
        [short, backwards, odd, beyond]
            .iter()
            .all(|c| !c.is_consistent())
    );
}

#[test]
fn text_of_others_cannot_become_markup() {
    let evil = "</script><script>alert(\"1\")&'";
    let mut hostile = circuit();
    hostile.features[1].name = evil.into();
    hostile.keys[0].name = evil.into();
    hostile.planes[0].name = evil.into();
    hostile.layers[0].clusters[0].feature = evil.into();
    hostile.moments[0].stage = Some(evil.into());
    assert!(!with(hostile).contains("<script>alert"));
}
