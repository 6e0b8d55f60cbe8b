//! Every probe against a plain computation, and that a resume changes no bit of its readings.

use dunwu_core::{
    Dataset, NamedTensor, RunPlan, RunSpec, Seed, Snapshot, TensorData, TensorView, Values,
};
use dunwu_probe::{ALL, Setting, feature_map, select};
use dunwu_task::{Features, NO_FILES, Task};

const WIDTH: usize = 12;

fn setting() -> (RunPlan, Task, Dataset, Features) {
    let words = ["task=Z7", "width=12", "train_fraction=0.6"];
    let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
    let task = Task::from_plan(&plan, NO_FILES).unwrap();
    let data = task.dataset(&plan, 0, NO_FILES).unwrap();
    let features = task.features().unwrap();
    (plan, task, data, features)
}

fn random(name: &str, rows: usize, cols: usize, key: u64) -> NamedTensor {
    let mut draws = Seed(key).draws(name);
    let values = (0..rows * cols).map(|_| draws.normal() as f32).collect();
    NamedTensor {
        name: name.into(),
        rows,
        cols,
        values: Values::F32(values),
    }
}

/// All tensors that any probe reads, as they might be after `key` updates.
fn tensors(data: &Dataset, key: u64) -> Vec<NamedTensor> {
    let n = data.train.len();
    vec![
        random("hidden.0", 14, WIDTH, key),
        random("readout", WIDTH, 7, key),
        random("grad.hidden.0", 14, WIDTH, key),
        random("grad.readout", WIDTH, 7, key),
        random("features", n, WIDTH, key),
        random("outputs", n, 7, key),
    ]
}

fn read(names: &[&str], snapshots: &[Vec<NamedTensor>], data: &Dataset) -> Vec<(String, f64)> {
    let (plan, _, _, features) = setting();
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let mut out = Vec::new();
    for entry in select(&names).unwrap() {
        let mut probe = (entry.make)(&Setting {
            plan: &plan,
            features: Some(&features),
        });
        for (i, tensors) in snapshots.iter().enumerate() {
            let readings = probe.measure(&Snapshot::of(i as u64, tensors), data);
            if i + 1 == snapshots.len() {
                out.extend(readings.into_iter().map(|r| (r.name, r.value)));
            }
        }
    }
    out
}

fn value(readings: &[(String, f64)], name: &str) -> f64 {
    readings
        .iter()
        .find(|(n, _)| n == name)
        .unwrap_or_else(|| panic!("no {name}"))
        .1
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * (1.0 + b.abs()), "{a} and {b}");
}

fn at(tensors: &[NamedTensor], name: &str, i: usize, j: usize) -> f64 {
    tensors
        .iter()
        .find(|t| t.name == name)
        .unwrap()
        .view()
        .at(i, j)
}

#[test]
fn the_gradient_at_the_hidden_nodes_is_what_its_formula_says() {
    let (_, _, data, _) = setting();
    let t = tensors(&data, 1);
    let n = data.train.len();
    let y =
        |i: usize, c: usize| f64::from(u8::from(data.labels[data.train[i] as usize] as usize == c));
    let r = |i: usize, c: usize| y(i, c) - at(&t, "outputs", i, c);
    let mean = |c: usize| (0..n).map(|i| r(i, c)).sum::<f64>() / n as f64;
    let norm = |shift: &dyn Fn(usize) -> f64| {
        let mut sum = 0.0;
        for i in 0..n {
            for k in 0..WIDTH {
                sum += (0..7)
                    .map(|c| (r(i, c) - shift(c)) * at(&t, "readout", k, c))
                    .sum::<f64>()
                    .powi(2);
            }
        }
        sum.sqrt()
    };
    let readings = read(&["gradient"], std::slice::from_ref(&t), &data);
    near(value(&readings, "grad_f"), norm(&mean));
    near(value(&readings, "grad_f_code"), norm(&|_| 1.0 / 7.0));
}

#[test]
fn gram_ratios_and_ranks_are_what_their_formulas_say() {
    let (_, _, data, _) = setting();
    let t = tensors(&data, 2);
    let n = data.train.len();
    let f = |i: usize, j: usize| at(&t, "features", i, j);
    let mean = |j: usize| (0..n).map(|i| f(i, j)).sum::<f64>() / n as f64;
    let gram = |a: usize, b: usize| {
        (0..n)
            .map(|i| (f(i, a) - mean(a)) * (f(i, b) - mean(b)))
            .sum::<f64>()
    };
    let (mut on, mut off) = (0.0, 0.0);
    for a in 0..WIDTH {
        for b in 0..WIDTH {
            *(if a == b { &mut on } else { &mut off }) += gram(a, b).abs();
        }
    }
    let readings = read(&["gram", "gram_exact"], std::slice::from_ref(&t), &data);
    let expected = off / (WIDTH * (WIDTH - 1)) as f64 / (on / WIDTH as f64);
    near(value(&readings, "gram_ff"), expected);
    near(value(&readings, "gram_ff_exact"), expected);
    assert!((0.0..=1.0).contains(&value(&readings, "gram_ideal")));

    let mut unit = t.clone();
    unit[0].values = Values::F32(
        (0..14 * WIDTH)
            .map(|i| f32::from(u8::from(i / WIDTH == i % WIDTH)))
            .collect(),
    );
    near(
        value(&read(&["rank"], &[unit], &data), "rank.W"),
        WIDTH as f64,
    );
}

#[test]
fn updates_are_measured_between_snapshots() {
    let (_, _, data, _) = setting();
    let base = tensors(&data, 3);
    let moved = |step: f32| {
        let mut t = base.clone();
        let Values::F32(w) = &mut t[0].values else {
            unreachable!()
        };
        w[0] += step;
        t
    };
    let same = read(&["update"], &[base.clone(), moved(0.5), moved(1.0)], &data);
    assert!(
        (value(&same, "update_norm.W") - 0.5).abs() < 1e-6
            && value(&same, "update_cos.W").abs() < 1e-6
    );
    let back = read(
        &["update"],
        &[base.clone(), moved(0.5), base.clone()],
        &data,
    );
    assert!((value(&back, "update_cos.W") - 2.0).abs() < 1e-6);
}

#[test]
fn the_update_spectrum_finds_the_directions_it_was_given() {
    let (_, _, data, _) = setting();
    // Three orthogonal directions, walked along with lengths 9, 6 and 2 by turns.
    let mut t = tensors(&data, 4);
    let mut snapshots = vec![t.clone()];
    for step in 0..21 {
        let Values::F32(w) = &mut t[0].values else {
            unreachable!()
        };
        w[step % 3] += [9.0, 6.0, 2.0][step % 3];
        snapshots.push(t.clone());
    }
    let readings = read(&["update_spectrum"], &snapshots, &data);
    // Of the last 20 updates 6, 7 and 7 go along the first, second and third direction.
    let expected = (7.0f64.sqrt() * 6.0) / (7.0f64.sqrt() * 2.0);
    assert!(
        (value(&readings, "sigma23") - expected).abs() < 1e-4,
        "{readings:?}"
    );
    near(
        value(&readings, "gram23"),
        value(&readings, "sigma23").powi(2),
    );
}

/// Readings of one snapshot with a transformer's plan.
fn of_transformer(
    words: &[&str],
    name: &str,
    tensors: &[NamedTensor],
    data: &Dataset,
) -> Vec<(String, f64)> {
    let words = [&["task=Z7", "model=transformer"], words].concat();
    let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
    let features = setting().3;
    let entry = ALL.iter().find(|e| e.name == name).unwrap();
    let mut probe = (entry.make)(&Setting {
        plan: &plan,
        features: Some(&features),
    });
    let columns: Vec<String> = probe.columns().into_iter().map(|c| c.0).collect();
    assert!(columns.is_sorted());
    let readings = probe.measure(&Snapshot::of(0, tensors), data);
    assert!(readings.iter().all(|r| columns.contains(&r.name)));
    readings.into_iter().map(|r| (r.name, r.value)).collect()
}

#[test]
fn a_head_that_looks_at_the_first_position_is_a_sink() {
    let (_, _, data, _) = setting();
    let tensor = |name: &str, cols: usize, values: &[f32]| NamedTensor {
        name: name.into(),
        rows: values.len() / cols,
        cols,
        values: Values::F32(values.to_vec()),
    };
    // Two sequences of three positions, two heads, of which the last two positions ask.
    let one = [1.0, 0.0, 0.0, 0.8, 0.2, 0.0, 0.25, 0.25, 0.0, 0.0, 0.0, 1.0];
    let weights = tensor("attention.0", 3, &[one, one].concat());
    let norms = [0.5, 4.0, 2.0, 1.0, 2.0, 3.0];
    let values = tensor("values.0", 2, &[norms, norms].concat());
    let r = of_transformer(&["heads=2"], "attention", &[weights, values], &data);
    assert!((value(&r, "attention_first.0.0") - 0.9).abs() < 1e-6);
    assert!((value(&r, "attention_first.0.1") - 0.125).abs() < 1e-7);
    let entropy = -(0.8f64 * 0.8f64.ln() + 0.2 * 0.2f64.ln()) / 2.0;
    assert!((value(&r, "attention_entropy.0.0") - entropy).abs() < 1e-6);
    assert!((value(&r, "attention_entropy.0.1") - 2f64.ln() / 2.0).abs() < 1e-6);
    near(value(&r, "value_first.0.0"), 0.25);
    near(value(&r, "value_first.0.1"), 2.0);
    near(value(&r, "sinks"), 0.5);
}

#[test]
fn an_embedding_of_two_waves_has_two_keys() {
    let (_, _, data, _) = setting();
    let wave = |token: usize, j: usize| {
        let (k, size) = [(1, 3.0), (3, 1.0)][j % 2];
        (size * (std::f64::consts::TAU * (k * token) as f64 / 7.0 + j as f64).cos()) as f32
    };
    // The last row is the equals sign's, which is no token of the task.
    let values = (0..8).flat_map(|t| (0..4).map(move |j| if t == 7 { 100.0 } else { wave(t, j) }));
    let tensor = NamedTensor {
        name: "embedding".into(),
        rows: 8,
        cols: 4,
        values: Values::F32(values.collect()),
    };
    let r = of_transformer(&[], "embedding", &[tensor], &data);
    assert!((value(&r, "embedding_top") - 0.9).abs() < 1e-6);
    assert!((value(&r, "embedding_entropy") + 0.9 * 0.9f64.ln() + 0.1 * 0.1f64.ln()).abs() < 1e-6);
    near(value(&r, "embedding_keys"), 1.0);
}

#[test]
fn pure_waves_are_pure() {
    let (_, _, data, features) = setting();
    let mut t = tensors(&data, 5);
    let wave = |i: usize, j: usize| {
        let (token, k) = (i % 7, j % 3 + 1);
        (std::f64::consts::TAU * (k * token) as f64 / 7.0 + j as f64).cos() as f32
    };
    t[0].values = Values::F32(
        (0..14 * WIDTH)
            .map(|i| wave(i / WIDTH, i % WIDTH))
            .collect(),
    );
    let map = feature_map(&Snapshot::of(0, &t), &data, &features, false).unwrap();
    for j in 0..WIDTH {
        assert_eq!(map.names[map.best[j] as usize], format!("k={}", j % 3 + 1));
        assert!(map.purity[j] > 0.99999);
        let norm: f64 = (0..14).map(|i| f64::from(wave(i, j)).powi(2)).sum();
        assert!((f64::from(map.norm[j]).powi(2) - norm).abs() < 1e-4);
    }
    let readings = read(&["spectrum"], &[t], &data);
    near(value(&readings, "features_covered"), 3.0);
    assert!((value(&readings, "feature_entropy") - 3f64.ln()).abs() < 1e-9);
    assert!(value(&readings, "ipr") > 0.9999);
}

/// What every probe must hold to.
#[test]
fn every_probe_fulfils_its_contract() {
    assert!(ALL.windows(2).all(|w| w[0].name < w[1].name));
    let (plan, _, data, features) = setting();
    for entry in ALL {
        let make = || {
            (entry.make)(&Setting {
                plan: &plan,
                features: Some(&features),
            })
        };
        let (mut whole, mut first) = (make(), make());
        assert_eq!((whole.name(), whole.cost()), (entry.name, entry.cost));
        let columns: Vec<String> = whole.columns().into_iter().map(|c| c.0).collect();
        assert!(columns.is_sorted() && !columns.is_empty(), "{}", entry.name);
        for epoch in 0..25 {
            let t = tensors(&data, 100 + epoch);
            let readings = whole.measure(&Snapshot::of(epoch, &t), &data);
            assert!(
                readings
                    .iter()
                    .all(|r| columns.contains(&r.name) && r.value.is_finite()),
                "{}",
                entry.name
            );
            assert_eq!(
                readings,
                first.measure(&Snapshot::of(epoch, &t), &data),
                "{} at {epoch}",
                entry.name
            );
            if epoch % 8 == 5 {
                let mut again = make();
                again.restore(&first.save());
                first = again;
            }
        }
        let nothing: [NamedTensor; 0] = [];
        assert!(
            make().measure(&Snapshot::of(0, &nothing), &data).is_empty(),
            "{}",
            entry.name
        );
    }
}

#[test]
fn padding_and_precision_change_nothing() {
    let (plan, _, data, features) = setting();
    let t = tensors(&data, 6);
    for entry in ALL {
        let mut padded: Vec<(Vec<f64>, usize)> = Vec::new();
        for tensor in &t {
            let view = tensor.view();
            let stride = view.cols + 3;
            let mut wide = vec![0.0; view.rows * stride];
            for i in 0..view.rows {
                (0..view.cols).for_each(|j| wide[i * stride + j] = view.at(i, j));
            }
            padded.push((wide, stride));
        }
        let views = t
            .iter()
            .zip(&padded)
            .map(|(tensor, (wide, stride))| TensorView {
                name: tensor.name.clone(),
                rows: tensor.rows,
                cols: tensor.cols,
                row_stride: *stride,
                col_stride: 1,
                data: TensorData::F64(wide),
            });
        let wide = Snapshot {
            epoch: 0,
            tensors: views.collect(),
        };
        let make = || {
            (entry.make)(&Setting {
                plan: &plan,
                features: Some(&features),
            })
        };
        let (a, b) = (
            make().measure(&Snapshot::of(0, &t), &data),
            make().measure(&wide, &data),
        );
        assert_eq!(a.len(), b.len());
        for (x, y) in a.iter().zip(&b) {
            near(x.value, y.value);
        }
    }
}

#[test]
fn unknown_probes_name_the_nearest() {
    let error = select(&["spectrm".to_owned()]).err().unwrap().to_string();
    assert!(error.contains("did you mean `spectrum`?"), "{error}");
    assert_eq!(select(&["none".to_owned()]).unwrap().len(), 0);
    assert_eq!(select(&["all".to_owned()]).unwrap().len(), ALL.len());
}
