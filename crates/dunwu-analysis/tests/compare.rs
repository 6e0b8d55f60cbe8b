//! Effects over pairs, tuning, likeness and words: against scipy, and against what can be worked out by hand.

use dunwu_analysis::compare::*;
use serde_json::Value;

fn recorded() -> Value {
    serde_json::from_str(include_str!("data/compare.json")).unwrap()
}

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect()
}

fn close(a: f64, b: f64, tolerance: f64, what: &str) {
    assert!(
        (a - b).abs() <= tolerance * (1.0 + b.abs()),
        "{what}: {a}, expected {b}"
    );
}

/// A run that crosses both thresholds, first and for good, at one epoch.
fn run(seed: u64, crosses: Option<u64>) -> Outcome {
    Outcome {
        seed,
        epochs_to: EpochsTo {
            train_99: Some(5),
            test_50: crosses,
            test_99: crosses,
        },
        sustained: Crossings {
            test_50: crosses,
            test_99: crosses,
        },
        last: Final {
            test_acc: Some(if crosses.is_some() { 1.0 } else { 0.1 }),
            test_loss: Some(0.01),
            ..Final::default()
        },
        stopped: "completed".into(),
        diverged: false,
    }
}

fn runs(crossings: &[Option<u64>]) -> Vec<Outcome> {
    crossings
        .iter()
        .enumerate()
        .map(|(i, c)| run(i as u64, *c))
        .collect()
}

fn compared(sides: &[(&str, &[Option<u64>])], budget: u64) -> Compared {
    let runs: Vec<Vec<Outcome>> = sides.iter().map(|s| runs(s.1)).collect();
    let sides: Vec<Side<'_>> = sides
        .iter()
        .zip(&runs)
        .map(|(s, runs)| Side {
            name: s.0,
            loss: "mse",
            runs,
        })
        .collect();
    compare(&sides, budget, 0)
}

#[test]
fn angles_and_alignment_are_those_of_scipy() {
    for of in recorded()["pairs"].as_array().unwrap() {
        let nodes = numbers(&of["nodes"]);
        let read = |key: &str, n: f64| Representation::new(&numbers(&of[key]), n as usize).unwrap();
        let found = alike(&read("a", nodes[0]), &read("b", nodes[1]));
        assert_eq!(serde_json::json!(found.ranks), of["ranks"]);
        close(found.cka, of["cka"].as_f64().unwrap(), 1e-10, "cka");
        let expected = numbers(&of["angles"]);
        assert_eq!(found.angles.len(), expected.len());
        for (ours, theirs) in found.angles.iter().zip(&expected) {
            close(*ours, *theirs, 1e-6, "angle");
        }
    }
}

#[test]
fn likeness_does_not_see_turns_scales_and_shifts_and_chance_is_what_random_subspaces_have() {
    let mut draws = dunwu_core::Seed(4).draws("test");
    let (rows, nodes) = (60, 6);
    let x: Vec<f64> = (0..rows * nodes).map(|_| draws.normal()).collect();
    let moved: Vec<f64> = x
        .chunks(nodes)
        .flat_map(|r| {
            [
                3.0 * r[1] + 7.0,
                -3.0 * r[0],
                3.0 * r[2],
                3.0 * r[5],
                3.0 * r[4],
                3.0 * r[3],
            ]
        })
        .collect();
    let one = Representation::new(&x, nodes).unwrap();
    let found = alike(&one, &Representation::new(&moved, nodes).unwrap());
    close(found.cka, 1.0, 1e-12, "cka");
    assert!(found.angles.iter().all(|a| *a < 1e-4), "{:?}", found.angles);
    let (mut sum, many) = (0.0, 200);
    for _ in 0..many {
        let y: Vec<f64> = (0..rows * nodes).map(|_| draws.normal()).collect();
        let other = alike(&one, &Representation::new(&y, nodes).unwrap());
        sum += other.overlap - other.chance;
    }
    assert!(
        (sum / f64::from(many)).abs() < 0.01,
        "{}",
        sum / f64::from(many)
    );
    assert!(Representation::new(&[1.0; 12], 3).is_none());
    assert!(Representation::new(&[f64::NAN; 12], 3).is_none());
}

#[test]
fn sign_tests_are_those_of_scipy() {
    for of in recorded()["signs"].as_array().unwrap() {
        let count = |key: &str| of[key].as_u64().unwrap() as usize;
        let ours = sign_test(count("wins"), count("losses"));
        let p = of["p"].as_f64().unwrap();
        assert!((ours / p - 1.0).abs() < 1e-9, "{of}: {ours}");
    }
}

#[test]
fn the_interval_of_ranks_covers_the_median_as_often_as_it_says() {
    for n in [6usize, 10, 20, 57] {
        let k = rank_of_interval(n).unwrap();
        // P(Bin(n, ½) < k), twice, is what lies outside.
        let outside = |k: usize| -> f64 {
            let mut term = 0.5f64.powi(n as i32);
            let mut sum = 0.0;
            for i in 0..k {
                sum += term;
                term *= (n - i) as f64 / (i + 1) as f64;
            }
            2.0 * sum
        };
        assert!(outside(k) <= 0.05 && outside(k + 1) > 0.05, "{n} {k}");
    }
}

#[test]
fn a_bootstrap_covers_about_as_often_as_it_says() {
    let mut draws = dunwu_core::Seed(8).draws("test");
    let (n, many) = (30, 200);
    let covered = (0..many).filter(|trial| {
        let x: Vec<f64> = (0..n).map(|_| draws.normal()).collect();
        let mean = |drawn: &[usize]| drawn.iter().map(|i| x[*i]).sum::<f64>() / drawn.len() as f64;
        let (low, high) = bootstrap(n, *trial, mean).unwrap();
        low <= 0.0 && 0.0 <= high
    });
    let covered = covered.count();
    // 95 % of 200 is 190; the percentile interval of 30 covers about 93 %.
    assert!((176..=199).contains(&covered), "{covered}");
    assert!(bootstrap(1, 0, |_| 1.0).is_none());
}

#[test]
fn a_side_that_is_always_earlier_is_found_with_its_ratio_and_one_that_is_not_is_not() {
    let slow: Vec<_> = (0..10).map(|i| Some(200 + 10 * i)).collect();
    let fast: Vec<_> = (0..10).map(|i| Some(100 + 5 * i)).collect();
    let found = compared(
        &[("slow", &slow), ("fast", &fast), ("control", &slow)],
        1000,
    );
    let p = found
        .measure("test_99", "first")
        .unwrap()
        .pair("fast", "slow")
        .unwrap();
    assert_eq!((p.earlier, p.later, p.verdict), (10, 0, Verdict::Earlier));
    assert_eq!(
        (p.median_ratio.at_least, p.median_ratio.at_most),
        (0.5, Some(0.5))
    );
    let mean = p.mean_ratio.unwrap();
    for x in [mean.value, mean.low, mean.high] {
        close(x, 0.5, 1e-12, "ratio");
    }
    close(p.sign_p, 2.0 / 1024.0, 1e-12, "sign");
    let same = found
        .measure("test_99", "first")
        .unwrap()
        .pair("control", "slow")
        .unwrap();
    assert_eq!(
        (same.same, same.sign_p, same.verdict),
        (10, 1.0, Verdict::Alike)
    );
    let mixed: Vec<_> = (0..10)
        .map(|i| Some(if i % 2 == 0 { 100 } else { 500 }))
        .collect();
    let found = compared(
        &[("slow", &slow), ("mixed", &mixed), ("control", &slow)],
        1000,
    );
    let p = found
        .measure("test_50", "sustained")
        .unwrap()
        .pair("mixed", "slow")
        .unwrap();
    assert_eq!((p.earlier, p.later, p.verdict), (5, 5, Verdict::CannotTell));
}

#[test]
fn censored_runs_bound_ratios_and_are_never_dropped() {
    let a = [Some(100), Some(100), Some(100), None, None, Some(400)];
    let b = [Some(50), None, None, Some(300), None, Some(400)];
    let found = compared(&[("a", &a), ("b", &b), ("control", &a)], 500);
    let m = found.measure("test_99", "first").unwrap();
    let p = m.pair("b", "a").unwrap();
    assert_eq!((p.earlier, p.later, p.same, p.neither), (2, 2, 1, 1));
    // Ratios: ½, ≥5, ≥5, ≤0.6, unknown, 1. Lows 0 0 ½ 1 5 5; highs ½ 0.6 1 ∞ ∞ ∞.
    close(p.median_ratio.at_least, 0.5f64.sqrt(), 1e-12, "least");
    assert_eq!(
        (
            p.median_ratio.at_most,
            p.median_ratio.low,
            p.median_ratio.high
        ),
        (None, Some(0.0), None)
    );
    let side = m.side("a").unwrap();
    assert_eq!((side.runs, side.crossed), (6, 4));
    close(
        side.restricted_mean.unwrap(),
        (300.0 + 400.0 + 1000.0) / 6.0,
        1e-12,
        "mean",
    );
    let value = p.mean_ratio.unwrap().value;
    close(
        value,
        (50.0 + 500.0 + 500.0 + 300.0 + 500.0 + 400.0) / 1700.0,
        1e-12,
        "ratio",
    );
    // All of it survives JSON, bounds that are not there being nulls.
    let text = serde_json::to_string(&found).unwrap();
    let back: Compared = serde_json::from_str(&text).unwrap();
    let q = back
        .measure("test_99", "first")
        .unwrap()
        .pair("b", "a")
        .unwrap();
    assert_eq!(
        (q.median_ratio, q.verdict, q.neither),
        (p.median_ratio, p.verdict, 1)
    );
}

#[test]
fn several_sides_pay_for_their_number() {
    let at = |x: u64| -> Vec<_> { (0..7).map(|i| Some(x + i)).collect() };
    let (a, b, c) = (at(200), at(100), at(150));
    let mut d = at(150);
    d[0] = Some(900);
    let found = compared(
        &[("a", &a), ("b", &b), ("c", &c), ("d", &d), ("control", &a)],
        1000,
    );
    let m = found.measure("test_99", "first").unwrap();
    let p = m.pair("b", "a").unwrap();
    close(p.sign_p, 2.0 / 128.0, 1e-12, "sign");
    close(p.holm_p, 6.0 / 128.0, 1e-12, "holm");
    assert!(m.pair("d", "a").unwrap().holm_p > 0.05);
    assert_eq!(m.log_rank.degrees, 3);
    assert_eq!(m.sides.len(), 5);
}

#[test]
fn losses_of_different_kinds_are_not_compared() {
    let (a, b) = (runs(&[Some(10), Some(20)]), runs(&[Some(10), Some(20)]));
    let sides = [
        ("a", "mse", &a),
        ("b", "cross_entropy", &b),
        ("control", "mse", &a),
    ];
    let sides = sides.map(|(name, loss, runs)| Side { name, loss, runs });
    let found = compare(&sides, 100, 0);
    assert!(found.finals[1].incomparable.is_some() && found.finals[1].pairs.is_empty());
    assert!(found.finals[0].incomparable.is_none() && found.finals[0].pairs.len() == 3);
}

#[test]
fn the_learning_rate_is_the_earliest_by_median_and_ties_go_on_to_the_next_measure() {
    let tried = |lr: f64, crossings: &[Option<u64>]| Tried::new(lr, runs(crossings));
    let found = choose(
        vec![
            tried(0.4, &[Some(90), None, None]),
            tried(0.1, &[Some(300), Some(200), None]),
            tried(0.2, &[Some(250), Some(250), Some(260)]),
        ],
        0.1,
    );
    assert_eq!(
        (found.lr, found.by.as_str(), found.edge),
        (0.2, "test_99", None)
    );
    assert_eq!(
        found.tried.iter().map(|t| t.median_99).collect::<Vec<_>>(),
        [Some(300), Some(250), None]
    );
    let edge = choose(vec![tried(0.1, &[None]), tried(0.2, &[Some(5)])], 0.1);
    assert_eq!((edge.lr, edge.edge), (0.2, Some(Edge::High)));
    // All censored alike: the preferred one, and nothing decided.
    let none = choose(
        vec![
            tried(0.1, &[None]),
            tried(0.2, &[None]),
            tried(0.4, &[None]),
        ],
        0.21,
    );
    assert_eq!((none.lr, none.by.as_str()), (0.2, "nothing"));
    let mut late = vec![tried(0.1, &[None]), tried(0.2, &[None])];
    late[1].median_acc = Some(0.3);
    assert_eq!(
        (choose(late.clone(), 0.1).lr, choose(late, 0.1).by.as_str()),
        (0.2, "test_acc")
    );
}

#[test]
fn gradients_of_a_node_with_two_columns_are_one_vector() {
    // Two nodes, complex: columns 0, 2 are node 0.
    let a = [1.0, 1.0, 1.0, 0.0];
    let b = [1.0, -2.0, 0.0, 0.0];
    let found = gradient_cosines(3, &a, &b, 4, 2).unwrap();
    close(found.mean, (0.5f64.sqrt() - 1.0) / 2.0, 1e-12, "mean");
    assert_eq!(
        (found.quantiles[0], found.epoch, found.silent),
        (-1.0, 3, 0)
    );
    let silent = gradient_cosines(3, &[1.0, 0.0], &[2.0, 0.0], 2, 2).unwrap();
    assert_eq!((silent.nodes, silent.silent, silent.mean), (1, 1, 1.0));
    assert!(gradient_cosines(3, &[0.0; 2], &[1.0; 2], 2, 2).is_none());
    assert!(gradient_cosines(3, &[f64::NAN; 2], &[1.0; 2], 2, 2).is_none());
}

#[test]
fn words_say_what_is_shown_and_what_is_not() {
    let slow: Vec<_> = (0..10).map(|i| Some(200 + 10 * i)).collect();
    let fast: Vec<_> = (0..10).map(|i| Some(100 + 5 * i)).collect();
    let names = ["slow".to_owned(), "fast".to_owned()];
    let choice = |edge| Choice {
        lr: 0.01,
        by: "test_99".into(),
        edge,
        tried: vec![],
    };
    let choices = [choice(None), choice(Some(Edge::High))];
    let scene = Scene {
        sides: &names,
        lr: &[0.01, 0.01],
        choices: Some(&choices),
        tuning_runs: 3,
        control: "slow, lr × 3",
        control_is: None,
        seeds: 10,
        same_split: true,
        same_start: true,
    };
    let say = |scene: &Scene<'_>, control: &[Option<u64>]| {
        let found = compared(
            &[("slow", &slow), ("fast", &fast), ("slow, lr × 3", control)],
            1000,
        );
        let all = conclude(scene, &found);
        assert!(all.windows(2).all(|w| w[0].shown || !w[1].shown));
        let texts = |shown| {
            all.iter()
                .filter(move |c| c.shown == shown)
                .map(|c| c.text.clone())
                .collect::<Vec<_>>()
                .join("\n")
        };
        (texts(true), texts(false))
    };
    let (shown, open) = say(&scene, &slow);
    for part in [
        "99 % held-out accuracy is reached earlier with fast than with slow: earlier in 10 of 10 seeds; ratio of times 0.5 (95 % 0.5 to 0.5)",
        "sign test p = 0.00195",
        "A larger step alone does not do it",
        "reached for good earlier",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    for part in [
        "its best learning rate, 0.01, is the largest of its grid",
        "judged by 3 runs only",
        "Other tasks",
    ] {
        assert!(open.contains(part), "{part}\n{open}");
    }
    let (shown, open) = say(&scene, &fast);
    assert!(
        open.contains("That fast does more than a larger step is not shown")
            && !shown.contains("larger step")
    );
    let faster: Vec<_> = (0..10).map(|i| Some(50 + 2 * i)).collect();
    let (shown, _) = say(&scene, &faster);
    assert!(
        shown.contains(
            "A larger step alone does more: 99 % held-out accuracy is reached later with fast"
        ),
        "{shown}"
    );
    let bare = Scene {
        choices: None,
        seeds: 3,
        same_split: false,
        ..scene.clone()
    };
    let (_, open) = say(&bare, &slow);
    for part in [
        "Learning rates were given, not tuned (slow 0.01, fast 0.01)",
        "3 seeds are too few",
        "p = 0.25",
        "not their training rows",
    ] {
        assert!(open.contains(part), "{part}\n{open}");
    }
}

#[test]
fn an_order_that_turns_when_it_must_be_kept_is_told() {
    let mut a = runs(&[Some(100); 6]);
    let mut b = runs(&[Some(50); 6]);
    b.iter_mut().for_each(|o| o.sustained.test_99 = Some(400));
    a.iter_mut().for_each(|o| o.sustained.test_99 = Some(110));
    let sides = [("a", &a), ("b", &b), ("c", &a)].map(|(name, runs)| Side {
        name,
        loss: "mse",
        runs,
    });
    let names = ["a".to_owned(), "b".to_owned()];
    let scene = Scene {
        sides: &names,
        lr: &[0.1, 0.1],
        choices: None,
        tuning_runs: 0,
        control: "c",
        control_is: None,
        seeds: 6,
        same_split: true,
        same_start: true,
    };
    let all = conclude(&scene, &compare(&sides, 500, 0));
    assert!(all.iter().any(|c| !c.shown && c.text.contains("The order turns when 99 % held-out accuracy must be kept to the end: b is earlier in 6 and later in 0")), "{all:#?}");
}

#[test]
fn half_of_the_way_is_spoken_of_where_it_goes_otherwise() {
    let a = runs(&[Some(100); 8]);
    let mut b = runs(&[Some(100); 8]);
    let names = ["a".to_owned(), "b".to_owned()];
    let scene = Scene {
        sides: &names,
        lr: &[0.1, 0.1],
        choices: None,
        tuning_runs: 0,
        control: "a",
        control_is: Some("a"),
        seeds: 8,
        same_split: true,
        same_start: true,
    };
    let said = |b: &[Outcome]| {
        let sides = [("a", a.as_slice()), ("b", b)].map(|(name, runs)| Side {
            name,
            loss: "mse",
            runs,
        });
        let all = conclude(&scene, &compare(&sides, 500, 0));
        all.into_iter()
            .find(|c| c.text.starts_with("50 % held-out"))
    };
    assert_eq!(said(&b), None);
    b.iter_mut().for_each(|o| o.epochs_to.test_50 = Some(40));
    // The control is asked there too.
    let sides = [("a", &a), ("b", &b), ("c", &a)].map(|(name, runs)| Side {
        name,
        loss: "mse",
        runs,
    });
    let scene = Scene {
        control: "c",
        control_is: None,
        ..scene.clone()
    };
    let all = conclude(&scene, &compare(&sides, 500, 0));
    let asked = "A larger step alone does not do it: 50 % held-out accuracy";
    assert!(all.iter().any(|c| c.text.starts_with(asked)), "{all:#?}");
    let told = said(&b).unwrap();
    assert!(
        told.shown && told.text.contains("is reached earlier with b than with a"),
        "{told:?}"
    );
}

#[test]
fn a_loss_stands_for_another_as_long_as_the_cosines_say() {
    let at = |epoch, mean| GradientCosines {
        epoch,
        nodes: 1,
        silent: 0,
        mean,
        quantiles: [mean; 5],
        layer: mean,
    };
    let say = |means: &[(u64, f64)]| {
        let cosines: Vec<_> = means.iter().map(|(e, m)| at(*e, *m)).collect();
        stands_for("a", ["mse", "ce"], &cosines).unwrap()
    };
    assert!(say(&[(0, 0.99), (5, 0.95)]).contains("ce pulls the hidden layer as mse does"));
    let turned = say(&[(0, 0.99), (5, 0.8), (9, -0.5)]);
    assert!(
        turned.contains("before epoch 5 and not after")
            && turned.contains("-0.500, at epoch 9, where they pull against each other"),
        "{turned}"
    );
    assert!(say(&[(0, 0.3), (5, 0.95)]).contains("at any time"));
    assert!(stands_for("a", ["mse", "ce"], &[]).is_none());
}
