//! A made-up run that looks like a real one: for the example and for tests.

use dunwu_analysis::{Account, Crossing};
use dunwu_core::{Curve, Evidence, Finding, RunPlan, RunSpec};
use dunwu_report::{MapData, RunPage, SeedPage};

/// Uniform numbers in [0, 1) by a fixed recurrence (SplitMix64).
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    /// The next number.
    pub(crate) fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The plan of the made-up run.
pub(crate) fn plan(seeds: u64, epochs: u64) -> RunPlan {
    let words = [
        format!("seeds={seeds}"),
        format!("epochs={epochs}"),
        "width=512".into(),
        "train_size=2016".into(),
    ];
    RunSpec::from_overrides(words)
        .and_then(|s| s.resolve())
        .expect("the words are a plan")
}

/// A page of `seeds` seeds that memorise early and generalise at about a third of the run.
pub(crate) fn run(plan: &RunPlan) -> RunPage<'_> {
    RunPage {
        plan,
        task_description: "addition modulo 71: a cyclic group of order 71, 71 classes, 5041 rows, 2016 of them to train on".into(),
        chance: 1.0 / 71.0,
        features: Some(35),
        no_features: None,
        seeds: (0..plan.seeds).map(|s| seed(s, plan.epochs)).collect(),
        provenance: [
            ("Version", "dunwu 0.1.0"),
            ("Commit", "0123456789ab"),
            ("Host", "laptop, x86_64, 2 threads"),
            ("Plan hash", "5f2c9a7e"),
            ("Started", "2026-01-01T12:00:00Z"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .to_vec(),
        command: format!("dunwu train {}", plan.to_overrides().join(" ")),
        seconds: Some(61.4),
        circuit: None,
        learned: None,
        no_learned: None,
    }
}

fn seed(seed: u64, epochs: u64) -> SeedPage {
    let mut noise = Noise(seed);
    let grok = (epochs as f64 * 0.26 * (0.94 + 0.14 * noise.draw())).max(1.0);
    let mut curve = Curve::default();
    for epoch in 0..=epochs {
        readings(&mut curve, epoch, grok, &mut noise);
    }
    let account = account(&curve, epochs, grok);
    let maps = (0..12)
        .map(|i| epochs * i / 11)
        .collect::<std::collections::BTreeSet<u64>>();
    let maps = maps
        .into_iter()
        .map(|e| (e, map(seed, e as f64 / grok)))
        .collect();
    SeedPage {
        seed,
        curve,
        account,
        maps,
        looks: None,
        stopped: Some("completed".into()),
    }
}

fn readings(curve: &mut Curve, epoch: u64, grok: f64, noise: &mut Noise) {
    let e = epoch as f64;
    let learned = sigmoid(18.0 * (e - grok) / grok);
    let memory = sigmoid(1.1 * (e - grok * 0.11) / (grok * 0.011));
    let wobble = 1.0 + 0.08 * (noise.draw() - 0.5);
    let bump = (-((e / grok).ln() / 0.7 + 0.9).powi(2)).exp();
    let mut set = |name: &str, value: f64| curve.set(epoch, name, value);
    set("lr", 1e-3);
    set("train_acc", (0.014 + 0.986 * memory).min(1.0));
    set("test_acc", 0.014 + 0.986 * learned);
    set(
        "train_loss",
        (0.986 * (-e / (grok * 0.09)).exp() + 4e-3 * (1.0 - learned) + 2e-5) * wobble,
    );
    set(
        "test_loss",
        (0.986 + 0.25 * memory) * (1.0 - learned) * wobble + 3e-4,
    );
    set(
        "grad_f",
        (24.0 + 47.0 * bump) * wobble * (1.0 - 0.9 * learned),
    );
    set(
        "grad_f_code",
        (27.0 + 50.0 * bump) * wobble * (1.0 - 0.88 * learned),
    );
    set(
        "update_cos.W",
        (0.02 + 0.5 * bump * learned + 0.3 / (1.0 + e)) * wobble,
    );
    set(
        "update_cos.V",
        (0.05 + 0.3 * learned * bump + 0.5 / (1.0 + e)) * wobble,
    );
    set("update_norm.W", (0.6 + 1.5 * bump) * wobble);
    set("update_norm.V", (0.4 + 2.0 / (1.0 + e / 10.0)) * wobble);
    set("weight_norm.W", 20.0 + 6.0 * memory - 9.0 * learned);
    set("weight_norm.V", 14.0 + 9.0 * memory - 4.0 * learned);
    set("grad_norm.W", (0.3 * bump + 0.002) * wobble);
    set("grad_norm.V", (0.8 / (1.0 + e / 8.0) + 0.001) * wobble);
    set("gram_ff", (0.012 + 0.03 * learned) * wobble);
    set("gram_pfft", (0.05 + 0.1 * learned) * wobble);
    if epoch.is_multiple_of(10) {
        set("gram_ideal", (0.6 - 0.4 * learned) * wobble);
        set("rank.W", 66.0 - 20.0 * learned);
        set("rank.V", 68.0 - 12.0 * learned);
        set("ipr", 0.03 + 0.6 * learned);
        set(
            "purity",
            0.08 + 0.84 * sigmoid(6.0 * (e - grok * 0.8) / grok),
        );
        set(
            "features_covered",
            (35.0 * sigmoid(9.0 * (e - grok * 0.7) / grok))
                .round()
                .min(32.0),
        );
        set("feature_entropy", 3.4 - 0.3 * learned);
    }
    if epoch >= 20 {
        set(
            "sigma23",
            1.2 + 280.0 * sigmoid(9.0 * (e - 1.7 * grok) / grok) * wobble,
        );
    }
}

/// The first epoch at which a column is at least a threshold, and stays there in this run.
pub(crate) fn crossing(curve: &Curve, column: &str, threshold: f64) -> Crossing {
    let first = curve
        .points(column)
        .find(|(_, v)| *v >= threshold)
        .map(|(e, _)| e);
    let budget = curve.epochs().last().copied().unwrap_or(0);
    Crossing {
        first,
        sustained: first.map(|e| (e + 2).min(budget)),
        budget,
    }
}

fn account(curve: &Curve, epochs: u64, grok: f64) -> Account {
    let (train_99, test_50, test_99) = (
        crossing(curve, "train_acc", 0.99),
        crossing(curve, "test_acc", 0.5),
        crossing(curve, "test_acc", 0.99),
    );
    let delay = test_99
        .first
        .zip(train_99.first)
        .and_then(|(g, m)| g.checked_sub(m));
    let borders = [
        0,
        train_99.first.unwrap_or(1),
        (grok * 0.9) as u64,
        test_99.first.unwrap_or(epochs),
    ];
    let says = [
        ("lazy", "update_norm.W", "the hidden layer hardly moves"),
        (
            "independent",
            "grad_f",
            "the signal to the hidden layer passes its peak",
        ),
        ("interactive", "gram_ff", "neurons begin to overlap"),
        ("done", "test_acc", "99 % of the unseen examples are right"),
    ];
    let stages = says
        .iter()
        .enumerate()
        .map(|(i, (name, signal, says))| Finding {
            name: (*name).into(),
            from: Some(borders[i]),
            to: borders.get(i + 1).copied(),
            confidence: 0.95 - 0.1 * i as f64,
            statement: format!("From epoch {} on, {says}.", borders[i]),
            by: vec![Evidence {
                signal: (*signal).into(),
                epoch: borders[i],
                value: curve
                    .points(signal)
                    .nth(borders[i] as usize)
                    .map_or(f64::NAN, |p| p.1),
                says: (*says).into(),
            }],
        });
    Account {
        stages: stages.filter(|s| s.from.is_some_and(|f| s.to.is_none_or(|t| f < t))).collect(),
        fate: Finding {
            name: "generalised".into(),
            from: test_99.first,
            to: None,
            confidence: 0.98,
            statement: "The network generalises: unseen examples are answered as well as seen ones.".into(),
            by: Vec::new(),
        },
        sentences: vec![
            format!("By epoch {} the network had memorised its 2016 training examples; on the 3025 others it still guessed.", borders[1]),
            "It did so with random features: the readout learned a look-up table while the hidden layer hardly moved.".into(),
            format!("Then weight decay kept pushing each hidden neuron towards a single wave, and by epoch {} most of the 35 waves had a neuron of their own.", borders[2]),
            format!("Half of the unseen examples were right at epoch {}, nearly all at epoch {}: the rule replaced the table.", test_50.first.unwrap_or(0), borders[3]),
        ],
        train_99,
        test_50,
        test_99,
        delay,
    }
}

/// Neurons that turn from noise to one feature each; `time` is 1 where the run generalises.
fn map(seed: u64, time: f64) -> MapData {
    let (neurons, features) = (512, 35);
    let names: Vec<String> = (1..=features).map(|k| format!("k={k}")).collect();
    let mut share = Vec::with_capacity(neurons * features);
    for neuron in 0..neurons {
        let mut noise = Noise(seed * 1_000_003 + neuron as u64);
        let favourite = (noise.draw().powf(1.4) * 32.0) as usize;
        let pure = sigmoid(6.0 * (time - 0.5 - 0.6 * noise.draw())) * (0.9 + 0.1 * noise.draw());
        let raw: Vec<f64> = (0..features).map(|_| noise.draw().powi(3)).collect();
        let total: f64 = raw.iter().sum();
        share.extend(raw.iter().enumerate().map(|(k, r)| {
            ((1.0 - pure) * r / total + if k == favourite { pure } else { 0.0 }) as f32
        }));
    }
    let rows = || share.chunks(features);
    let argmax = |row: &[f32]| {
        (0..features)
            .max_by(|a, b| row[*a].total_cmp(&row[*b]))
            .unwrap_or(0)
    };
    let best: Vec<u32> = rows().map(|r| argmax(r) as u32).collect();
    let purity = rows().map(|r| r[argmax(r)]).collect();
    MapData {
        names,
        neurons,
        best,
        purity,
        share,
    }
}
