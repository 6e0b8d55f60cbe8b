//! The page and the files are well-formed, light, safe and the same at every call, whatever the run looks like.

#[path = "../examples/synthetic/mod.rs"]
mod synthetic;

mod markup;

use dunwu_core::{Curve, RunPlan, RunSpec};
use dunwu_report::{LookLayer, Looks, RunPage, figures, page};
use markup::{assert_balanced, assert_figure, assert_local, assert_numbers};

fn assert_sound(run: &RunPage<'_>, what: &str) -> String {
    let html = page(run);
    assert_balanced(&html);
    assert_local(&html);
    assert_numbers(&html, what);
    for (name, svg) in figures(run) {
        assert_figure(&name, &svg, what);
    }
    html
}

#[test]
fn the_default_page_is_light_and_the_same_at_every_call() {
    let plan = synthetic::plan(5, 400);
    let run = synthetic::run(&plan);
    let html = assert_sound(&run, "default");
    assert!(html.len() < 3_000_000, "{} bytes", html.len());
    assert_eq!(html, page(&synthetic::run(&plan)));
    assert_eq!(figures(&run), figures(&synthetic::run(&plan)));
    for part in [
        "Memorised at",
        "Generalised at",
        "of 35",
        "id=\"map\"",
        "Every seed",
        "<canvas",
    ] {
        assert!(html.contains(part), "{part}");
    }
    let names: Vec<String> = figures(&run).into_iter().map(|f| f.0).collect();
    assert_eq!(names[..2], ["accuracy.svg", "loss.svg"]);
    assert!(
        names.contains(&"neurons_features.svg".into()) && names.contains(&"coverage.svg".into())
    );
}

#[test]
fn what_no_rule_needs_is_not_counted_as_missing() {
    let plan = synthetic::plan(1, 400);
    let mut run = synthetic::run(&plan);
    let html = page(&run);
    assert!(html.contains(" of 35 features are half or more of the neuron's weights"));
    assert!(!html.contains("The constant feature"));
    // Of these 35 names the first is then that of the constant.
    run.features = Some(34);
    let html = page(&run);
    assert!(html.contains(" of 34 features are half or more of the neuron's weights"));
    assert!(html.contains("The constant feature, k=1, tells no answers apart"));
}

#[test]
fn what_was_read_once_is_told_and_not_drawn() {
    let plan = synthetic::plan(2, 400);
    let once = |curve: &Curve| {
        mapped(curve, |epoch, column, value| {
            (epoch == 0 || !column.starts_with("weight_norm")).then_some(value)
        })
    };
    let html = assert_sound(&with_curves(&plan, once), "once");
    assert!(html.contains("Read once, and so not drawn: <code>weight_norm."));
    assert!(!html.contains("Weight norm of each layer"));
    assert!(html.contains("Size of the updates of each layer"));
}

#[test]
fn the_account_has_no_backticks_and_keeps_per_cent_with_its_number() {
    let plan = synthetic::plan(1, 400);
    let mut run = synthetic::run(&plan);
    run.seeds[0].account.sentences = vec!["Stage `lazy` took 99 % of it.".into()];
    let html = page(&run);
    assert!(html.contains("Stage <code>lazy</code> took 99\u{a0}% of it."));
}

/// The run with every seed's curve replaced.
fn with_curves<'a>(plan: &'a RunPlan, change: impl Fn(&Curve) -> Curve) -> RunPage<'a> {
    let mut run = synthetic::run(plan);
    run.seeds
        .iter_mut()
        .for_each(|s| s.curve = change(&s.curve));
    run
}

/// The values of a curve, each changed or left out.
fn mapped(curve: &Curve, change: impl Fn(u64, &str, f64) -> Option<f64>) -> Curve {
    let mut out = Curve::default();
    for (row, epoch) in curve.epochs().iter().enumerate() {
        for (name, values) in curve.columns() {
            if let Some(value) = change(*epoch, name, values[row]) {
                out.set(*epoch, name, value);
            }
        }
    }
    out
}

#[test]
fn runs_of_any_length_and_number_of_seeds_are_drawn() {
    for (seeds, epochs) in [(1, 1), (1, 0), (1, 400), (2, 30), (40, 400)] {
        let plan = synthetic::plan(seeds, epochs);
        let html = assert_sound(
            &synthetic::run(&plan),
            &format!("{seeds} seeds, {epochs} epochs"),
        );
        assert!(
            html.len() < 6_000_000,
            "{seeds} seeds, {epochs} epochs: {} bytes",
            html.len()
        );
    }
}

#[test]
fn a_million_epochs_are_thinned() {
    let plan = synthetic::plan(1, 1_000_000);
    let mut run = synthetic::run(&synthetic::plan(1, 400)).seeds.remove(0);
    let mut curve = Curve::default();
    for epoch in 0..=1_000_000u64 {
        curve.set(epoch, "train_acc", if epoch == 777_777 { 0.0 } else { 1.0 });
    }
    run.curve = curve;
    let whole = RunPage {
        seeds: vec![run],
        ..synthetic::run(plan_of_one())
    };
    let html = assert_sound(
        &RunPage {
            plan: &plan,
            ..whole
        },
        "a million epochs",
    );
    assert!(html.len() < 3_000_000, "{} bytes", html.len());
    assert!(html.contains(">1M</text>"));
}

fn plan_of_one() -> &'static RunPlan {
    static PLAN: std::sync::OnceLock<RunPlan> = std::sync::OnceLock::new();
    PLAN.get_or_init(|| synthetic::plan(1, 1))
}

#[test]
fn missing_parts_are_left_out_or_explained() {
    let plan = synthetic::plan(3, 60);
    let no_test = with_curves(&plan, |c| {
        mapped(c, |_, name, v| (!name.starts_with("test")).then_some(v))
    });
    assert!(!assert_sound(&no_test, "no test rows").contains(">test</text>"));
    assert!(!page(&no_test).contains("Generalised at"));
    let no_probes = with_curves(&plan, |c| {
        mapped(c, |_, name, v| {
            (name.ends_with("acc") || name.ends_with("loss")).then_some(v)
        })
    });
    assert!(!assert_sound(&no_probes, "no probes").contains("data-figure=\"grad_f\""));
    let mut none = synthetic::run(&plan);
    none.features = None;
    none.no_features = Some("a <table> has no known features".into());
    none.seeds.iter_mut().for_each(|s| s.maps.clear());
    let html = assert_sound(&none, "no features");
    assert!(html.contains("a &lt;table&gt; has no known features") && !html.contains("<canvas"));
    assert!(!html.contains("What the neurons learned"));
    none.seeds.clear();
    assert!(assert_sound(&none, "no seeds").contains("No seed has been run yet."));
    let empty = with_curves(&plan, |_| Curve::default());
    assert!(assert_sound(&empty, "nothing recorded").contains("No epoch has been recorded yet."));
}

#[test]
fn numbers_that_are_none_or_zero_do_not_spoil_a_chart() {
    let plan = synthetic::plan(2, 60);
    for (what, bad) in [
        ("NaN", f64::NAN),
        ("infinite", f64::INFINITY),
        ("zero", 0.0),
        ("negative", -1.0),
    ] {
        let some = with_curves(&plan, |c| {
            mapped(c, |e, _, v| Some(if e > 30 { bad } else { v }))
        });
        assert_sound(&some, what);
        let all = with_curves(&plan, |c| mapped(c, |_, _, _| Some(bad)));
        assert_sound(&all, what);
    }
    let tiny = with_curves(&plan, |c| {
        mapped(c, |e, _, v| {
            Some(if e > 30 { f64::MIN_POSITIVE } else { v })
        })
    });
    assert_sound(&tiny, "tiny");
    let huge = with_curves(&plan, |c| {
        mapped(c, |e, _, v| Some(if e > 30 { f64::MAX } else { v }))
    });
    assert_sound(&huge, "huge");
    let zero = with_curves(&plan, |c| {
        mapped(c, |e, n, v| {
            Some(if n == "train_loss" && e > 50 { 0.0 } else { v })
        })
    });
    assert!(assert_sound(&zero, "loss 0").contains("lie on its lower edge"));
}

#[test]
fn a_diverged_run_says_so() {
    let plan = synthetic::plan(1, 60);
    let mut run = with_curves(&plan, |c| {
        mapped(c, |e, _, v| Some(if e > 10 { f64::NAN } else { v }))
    });
    let seed = &mut run.seeds[0];
    seed.stopped = Some("diverged at epoch 11: hidden.0 is not finite".into());
    seed.account.fate.name = "diverged".into();
    seed.account.fate.from = Some(11);
    let html = assert_sound(&run, "diverged");
    assert!(
        html.contains("its numbers stopped being finite")
            && html.contains("hidden.0 is not finite")
    );
}

#[test]
fn a_seed_that_never_crossed_is_censored_at_its_budget() {
    let plan = synthetic::plan(1, 400);
    let mut run = synthetic::run(&plan);
    let account = &mut run.seeds[0].account;
    (
        account.test_99.first,
        account.test_99.sustained,
        account.delay,
    ) = (None, None, None);
    let html = assert_sound(&run, "censored");
    assert!(
        html.contains("&gt; 400")
            && html.contains("did not come to understand the rule in 400 epochs")
    );
}

#[test]
fn text_of_others_cannot_become_markup() {
    let mut plan = synthetic::plan(1, 20);
    let evil = "</script><script>alert(\"1\")&'";
    plan.task = evil.into();
    let mut run = synthetic::run(&plan);
    run.task_description = evil.into();
    run.command = evil.into();
    run.provenance.push((evil.into(), evil.into()));
    run.no_features = Some(evil.into());
    let seed = &mut run.seeds[0];
    seed.curve.set(20, evil, 1.0);
    seed.stopped = Some(evil.into());
    seed.account.sentences.push(evil.into());
    seed.account.stages[0].name = evil.into();
    seed.account.stages[0].by[0].says = evil.into();
    seed.account.fate.statement = evil.into();
    seed.maps
        .iter_mut()
        .for_each(|(_, m)| m.names[0] = evil.into());
    let html = assert_sound(&run, "hostile text");
    assert!(!html.contains("<script>alert") && html.matches("<script").count() == 2);
    assert!(
        figures(&run)
            .iter()
            .all(|(_, svg)| !svg.contains("<script"))
    );
}

#[test]
fn maps_that_do_not_fit_are_thinned_and_broken_ones_ignored() {
    let plan = synthetic::plan(1, 400);
    let mut run = synthetic::run(&plan);
    let template = run.seeds[0].maps[11].1.clone();
    run.seeds[0].maps = (0..400).map(|e| (e, template.clone())).collect();
    let html = assert_sound(&run, "many maps");
    assert!(html.len() < 3_000_000, "{} bytes", html.len());
    run.seeds[0].maps = vec![(0, template.clone()), (1, template)];
    run.seeds[0].maps[1].1.share.pop();
    assert!(assert_sound(&run, "broken map").contains("epoch 0"));
    run.seeds[0].maps.remove(0);
    assert!(!assert_sound(&run, "only a broken map").contains("<canvas"));
}

#[test]
fn epochs_that_are_no_passes_say_so() {
    let words = ["batch_size=100", "epoch_updates=20"];
    let of = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
    let plan = RunPlan {
        batch_size: of.batch_size,
        epoch_updates: of.epoch_updates,
        ..synthetic::plan(1, 60)
    };
    let html = assert_sound(&synthetic::run(&plan), "parts of passes");
    for said in [
        "epoch (20 updates), log scale",
        "epochs of 20 updates, on a logarithmic scale",
        "60 epochs of 20 updates",
        "20 updates, each on 100 training examples",
    ] {
        assert!(html.contains(said), "{said}");
    }
    assert!(!html.contains("epoch (log scale)") && !html.contains("One pass over"));
    let plain = page(&synthetic::run(&synthetic::plan(1, 60)));
    assert!(plain.contains("epoch (log scale)") && !plain.contains("epochs of"));
    assert!(plain.contains("One pass over all training examples."));
}

/// Heads that turn from an even share to the first position.
fn looks(layers: usize, heads: usize, positions: usize, readings: usize) -> Looks {
    let weight = |time: f64, q: usize, k: usize| {
        let even = 1.0 / (q + 1) as f64;
        let first = f64::from(u8::from(k == 0));
        if k > q {
            0.0
        } else {
            (even + time * (first - even)) as f32
        }
    };
    let reading = |r: usize| {
        let time = r as f64 / readings as f64;
        let row = move |q: usize| (0..positions).map(move |k| weight(time, q, k));
        (0..heads).flat_map(move |_| (0..positions).flat_map(row))
    };
    let names = || (0..positions).map(|i| i.to_string()).collect();
    let layer = || LookLayer {
        queries: names(),
        weights: (0..readings).flat_map(reading).collect(),
    };
    Looks {
        epochs: (0..readings as u64).map(|r| 10 * r).collect(),
        sequence: positions,
        heads,
        positions: names(),
        layers: (0..layers).map(|_| layer()).collect(),
    }
}

/// Readings of a transformer's heads and layers beside the others.
fn of_transformer(curve: &Curve, layers: usize, heads: usize) -> Curve {
    let mut out = curve.clone();
    let last = curve.epochs().last().copied().unwrap_or(0).max(1) as f64;
    for epoch in curve.epochs().to_vec() {
        let time = epoch as f64 / last;
        for l in 0..layers {
            for h in 0..heads {
                let mut set = |name: &str, v: f64| out.set(epoch, &format!("{name}.{l}.{h}"), v);
                set("attention_top", time * (0.9 - 0.05 * h as f64));
                set("attention_first", time * (0.9 - 0.05 * h as f64));
                set("attention_top_at", 0.0);
                set("value_top", 1.0 - 0.9 * time);
                set("key_bias", f64::NAN);
            }
            let mut set = |name: &str, v: f64| out.set(epoch, &format!("{name}.{l}"), v);
            set("layer_moved", time.powi(1 + l as i32));
            set("lens_acc", 0.9 * time);
            set("layer_grad", 1.0 - 0.5 * time);
        }
    }
    out
}

#[test]
fn a_transformer_s_heads_and_layers_are_drawn_and_told_of() {
    let plan = synthetic::plan(1, 60);
    for (layers, heads, positions) in [(1, 1, 32), (2, 3, 3), (4, 8, 64)] {
        let mut run = with_curves(&plan, |c| of_transformer(c, layers, heads));
        run.seeds[0].looks = Some(looks(layers, heads, positions, 20));
        let what = format!("{layers} layers of {heads} heads, {positions} positions");
        let html = assert_sound(&run, &what);
        assert!(html.len() < 6_000_000, "{what}: {} bytes", html.len());
        let last = format!("layer {} · head {}", layers - 1, heads - 1);
        for part in ["id=\"looks\"", last.as_str(), "Which layer learned when"] {
            assert!(html.contains(part), "{what}: {part}");
        }
        assert_eq!(
            html.matches("<canvas style").count(),
            2 + 2 * layers * heads,
            "{what}"
        );
        assert_eq!(html.contains("too few for sinks"), positions == 3);
        // (0.9 · t > 0.3 from t = 1/3 on, and 1 − 0.9 t < 1/4 from t = 5/6 on.)
        let told =
            "Layer 0, head 0: 90\u{a0}% to position 0, and first more than 30\u{a0}% at epoch 21.";
        assert_eq!(html.contains(told), positions > 3, "{what}");
        assert_eq!(
            html.contains("below a quarter from epoch 51 on"),
            positions > 3,
            "{what}"
        );
        assert_eq!(
            html.contains("Drawn are the 8 of 32 lines"),
            heads == 8,
            "{what}"
        );
        let names: Vec<String> = figures(&run).into_iter().map(|f| f.0).collect();
        assert!(names.contains(&"attention.svg".into()) && names.contains(&"layers.svg".into()));
        // Maps that do not fit together are left out.
        run.seeds[0].looks.as_mut().unwrap().layers[0].weights.pop();
        assert!(!assert_sound(&run, "cut").contains("id=\"looks\""));
    }
}
