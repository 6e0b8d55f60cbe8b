//! Outputs and nodes whose features are known beforehand, and a plain Fourier transform beside the probe.

use dunwu_core::{Dataset, NamedTensor, RunSpec, Seed, Snapshot, Values};
use dunwu_probe::{Outputs, Setting, keys_of, nodes, select};
use dunwu_task::{Features, Group, Irrep, NO_FILES, Task, irreps};
use std::f64::consts::TAU;

struct Known {
    task: Task,
    data: Dataset,
    features: Features,
}

fn known(task: &str) -> Known {
    let words = [format!("task={task}"), "train_fraction=0.4".to_owned()];
    let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
    let task = Task::from_plan(&plan, NO_FILES).unwrap();
    let data = task.dataset(&plan, 0, NO_FILES).unwrap();
    let features = task.features().unwrap();
    Known {
        task,
        data,
        features,
    }
}

impl Known {
    fn group(&self) -> &Group {
        self.task.group().unwrap()
    }

    fn tensor(
        &self,
        name: &str,
        cols: usize,
        f: impl Fn(usize, usize, usize) -> f64,
    ) -> NamedTensor {
        let m = self.features.tokens;
        let rows = (0..m * m).map(|i| (i / m, i % m));
        let values = rows.flat_map(|(a, b)| (0..cols).map(move |c| (a, b, c)));
        NamedTensor {
            name: name.into(),
            rows: m * m,
            cols,
            values: Values::F64(values.map(|(a, b, c)| f(a, b, c)).collect()),
        }
    }

    fn outputs(&self, f: impl Fn(usize, usize, usize) -> f64) -> NamedTensor {
        self.tensor("table.outputs", self.data.classes, f)
    }

    fn all(&self) -> Vec<u32> {
        (0..self.data.len() as u32).collect()
    }

    fn names(&self, keys: &[usize]) -> Vec<&str> {
        keys.iter().map(|k| &*self.features.names[*k]).collect()
    }
}

/// cos(2πkx/m).
fn wave(k: usize, x: usize, m: usize) -> f64 {
    (TAU * (k * x % m) as f64 / m as f64).cos()
}

/// Cross-entropy of outputs given by row, by the labels.
fn loss(lines: &[Vec<f64>], data: &Dataset, rows: &[u32]) -> f64 {
    let one = |row: &u32| {
        let line = &lines[*row as usize];
        let sum: f64 = line.iter().map(|o| o.exp()).sum();
        sum.ln() - line[data.labels[*row as usize] as usize]
    };
    rows.iter().map(one).sum::<f64>() / rows.len() as f64
}

#[test]
fn known_frequencies_are_found_and_without_them_chance_is_left() {
    let z = known("Z11");
    let ideal = |a: usize, b: usize, c: usize| {
        let x = a + b + 11 - c;
        9.0 * wave(2, x, 11) + 6.0 * wave(5, x, 11)
    };
    let outputs = z.outputs(ideal);
    let split = Outputs::new(&outputs.view(), &z.data, &z.features).unwrap();
    let shares = split.shares();
    let keys = keys_of(&shares);
    assert_eq!(z.names(&keys), ["k=2", "k=5"]);
    assert!((shares[keys[0]] - 81.0 / 117.0).abs() < 1e-12);
    let rest = split.without(&keys, &z.all());
    assert!((rest.loss - 11f64.ln()).abs() < 1e-12, "{rest:?}");
    let (whole, only) = (split.whole(&z.all()), split.only(&keys, &z.all()));
    assert!((whole.loss - only.loss).abs() < 1e-12 && only.accuracy == 1.0);
    assert!(split.without(&keys[..1], &z.all()).loss > whole.loss + 0.1);
    // A wave of a − b and a preference for some classes are no functions of a + b.
    let more = z.outputs(|a, b, c| {
        ideal(a, b, c) + 4.0 * wave(3, a + 11 - b, 11) * wave(1, c, 11) + (c as f64).sin()
    });
    let split = Outputs::new(&more.view(), &z.data, &z.features).unwrap();
    let shares = split.shares();
    assert_eq!(keys_of(&shares), keys);
    assert!((shares[keys[0]] - 40.5 / (40.5 + 18.0 + 4.0)).abs() < 1e-12);
}

/// cos ω(a+b) and sin ω(a+b) as vectors over the table, one by one.
#[test]
fn for_modular_sums_it_is_a_fourier_transform_in_two_dimensions() {
    let z = known("Z7");
    let mut draws = Seed(3).draws("outputs");
    let drawn: Vec<f64> = (0..343).map(|_| 2.0 * draws.normal()).collect();
    let outputs = z.outputs(|a, b, c| drawn[(a * 7 + b) * 7 + c]);
    let split = Outputs::new(&outputs.view(), &z.data, &z.features).unwrap();
    let shares = split.shares();
    let centred = |row: usize, c: usize| {
        let line = &drawn[row * 7..row * 7 + 7];
        line[c] - line.iter().sum::<f64>() / 7.0
    };
    let along = |wave: &dyn Fn(f64) -> f64, k: usize, c: usize| -> f64 {
        let value = |row: usize| wave(TAU * (k * (row / 7 + row % 7)) as f64 / 7.0);
        (0..49).map(|row| centred(row, c) * value(row)).sum::<f64>() * 2.0 / 49.0
    };
    let part = |row: usize, k: usize, c: usize| {
        let angle = TAU * (k * (row / 7 + row % 7)) as f64 / 7.0;
        along(&f64::cos, k, c) * angle.cos() + along(&f64::sin, k, c) * angle.sin()
    };
    let mean = |c: usize| (0..49).map(|row| centred(row, c)).sum::<f64>() / 49.0;
    let power = |f: &dyn Fn(usize, usize) -> f64| -> f64 {
        (0..343).map(|i| f(i / 7, i % 7).powi(2)).sum()
    };
    let whole = power(&|row, c| centred(row, c) - mean(c));
    let keys = [3, 1];
    for (k, share) in shares.iter().enumerate().skip(1) {
        let expected = power(&|row, c| part(row, k, c)) / whole;
        assert!((share - expected).abs() < 1e-12, "{k}");
    }
    let lines = |f: &dyn Fn(usize, usize) -> f64| -> Vec<Vec<f64>> {
        let line = |row| (0..7).map(|c| f(row, c)).collect();
        (0..49).map(line).collect()
    };
    let kept = |row: usize, c: usize| keys.iter().map(|k| part(row, *k, c)).sum::<f64>();
    let without = lines(&|row, c| centred(row, c) - kept(row, c));
    let only = lines(&|row, c| mean(c) + kept(row, c));
    for rows in [&z.data.train, &z.data.test, &z.all()] {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} and {b}");
        near(
            split.without(&keys, rows).loss,
            loss(&without, &z.data, rows),
        );
        near(split.only(&keys, rows).loss, loss(&only, &z.data, rows));
    }
}

fn irrep<'a>(all: &'a [Irrep], name: &str) -> &'a Irrep {
    all.iter().find(|i| i.name == name).unwrap()
}

/// Σ_k A_k χ_k(a b c⁻¹) is what an ideal network computes (arXiv 2302.03025).
#[test]
fn of_permutations_the_characters_are_found() {
    for task in ["S3", "S4"] {
        let s = known(task);
        let (group, all) = (s.group(), irreps(s.group()).unwrap());
        let m = group.order();
        let (standard, sign) = (irrep(&all, "standard"), irrep(&all, "sign"));
        let at = |a: usize, b: usize, c: usize| group.mul(group.mul(a, b), group.inverse(c));
        let outputs = s.outputs(|a, b, c| {
            let x = at(a, b, c);
            4.0 * standard.character[x].0 + 2.0 * sign.character[x].0
        });
        let split = Outputs::new(&outputs.view(), &s.data, &s.features).unwrap();
        let shares = split.shares();
        let keys = keys_of(&shares);
        assert_eq!(s.names(&keys), ["standard", "sign"]);
        assert!((shares[keys[0]] - 0.8).abs() < 1e-9, "{shares:?}");
        let chance = (m as f64).ln();
        let rest = split.without(&keys, &s.all());
        assert!((rest.loss - chance).abs() < 1e-9, "{task}: {rest:?}");
        let whole = split.whole(&s.all());
        assert!(whole.accuracy == 1.0 && split.only(&keys, &s.all()).accuracy == 1.0);
        // The sign tells even from odd: without it half as sure, without the standard one chance among M/2 is left.
        let no_sign = split.without(&keys[1..], &s.all()).loss;
        let no_standard = split.without(&keys[..1], &s.all());
        assert!(no_sign > whole.loss && no_sign < 0.9 * chance);
        let expected = (m as f64 / 2.0).ln() + (-4f64).exp().ln_1p();
        assert!(
            (no_standard.loss - expected).abs() < 1e-9,
            "{no_standard:?}"
        );
    }
}

/// Every single ρ_ij(ab) lies in its feature; ρ_ij(a) and ρ_ij(ba) do not.
#[test]
fn matrix_entries_of_the_product_are_in_their_feature() {
    let s = known("S4");
    let (group, all) = (s.group(), irreps(s.group()).unwrap());
    let standard = irrep(&all, "standard");
    let k = s
        .features
        .names
        .iter()
        .position(|n| n == "standard")
        .unwrap();
    for ij in 0..9 {
        let entry = |g: usize| standard.matrix(group, g)[ij].0;
        let share = |f: &dyn Fn(usize, usize) -> f64| {
            let outputs = s.outputs(|a, b, c| f(a, b) * ((c * c) as f64).sin());
            let split = Outputs::new(&outputs.view(), &s.data, &s.features).unwrap();
            split.shares()[k]
        };
        assert!((share(&|a, b| entry(group.mul(a, b))) - 1.0).abs() < 1e-9);
        assert!(share(&|a, _| entry(a)) < 1e-9);
        assert!(share(&|a, b| entry(group.mul(b, a))) < 0.9);
    }
}

#[test]
fn nodes_are_named_by_the_feature_of_their_power() {
    let z = known("Z9");
    let hidden = z.tensor("table.nodes.0", 5, |a, b, j| match j {
        // Of one frequency: of a, of b, and of both.
        0 => 3.0 + wave(2, a, 9) - 0.5 * wave(2, b, 9) + 2.0 * wave(2, a, 9) * wave(2, b + 1, 9),
        // Two frequencies, half and half.
        1 => wave(1, a, 9) + wave(4, b, 9),
        // A product of two is neither.
        2 => wave(1, a, 9) * wave(4, b, 9),
        // Dead: constant but for a trace.
        3 => 1.0 + 1e-5 * wave(3, a, 9),
        _ => (a as f64 + 2.0 * b as f64).sin(),
    });
    let seen = nodes(&hidden.view(), &z.data, &z.features).unwrap();
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} and {b}");
    near(seen.at(0, 2), 1.0);
    near(seen.at(1, 1), 0.5);
    near(seen.at(1, 4), 0.5);
    assert!((0..5).all(|k| seen.at(2, k) < 1e-9));
    assert_eq!(seen.live().collect::<Vec<_>>(), [0, 1, 2, 4]);
    assert_eq!(seen.pure(0.95).collect::<Vec<_>>(), [0]);
    let view = hidden.view();
    let variance = |j: usize| {
        let mean = (0..81).map(|i| view.at(i, j)).sum::<f64>() / 81.0;
        (0..81).map(|i| (view.at(i, j) - mean).powi(2)).sum::<f64>()
    };
    (0..5).for_each(|j| near(seen.power[j], variance(j)));
    assert!(seen.shares().iter().sum::<f64>() < 1.0);
}

#[test]
fn products_of_matrix_entries_are_nodes_of_their_irrep() {
    let s = known("S3");
    let (group, all) = (s.group(), irreps(s.group()).unwrap());
    let standard = irrep(&all, "standard");
    let k = s
        .features
        .names
        .iter()
        .position(|n| n == "standard")
        .unwrap();
    let entry = |ij: usize, g: usize| standard.matrix(group, g)[ij].0;
    let hidden = s.tensor("table.nodes.0", 16, |a, b, j| {
        entry(j / 4, a) * entry(j % 4, b) + entry(j % 4, a)
    });
    let seen = nodes(&hidden.view(), &s.data, &s.features).unwrap();
    assert!((0..16).all(|j| (seen.at(j, k) - 1.0).abs() < 1e-9 && seen.best[j] == k));
}

/// The probe's readings are those of the functions; labels that are replaced count where they are trained on.
#[test]
fn the_probe_reads_the_table_of_a_snapshot() {
    let z = known("Z11");
    let plan = RunSpec::from_overrides(["task=Z11"])
        .unwrap()
        .resolve()
        .unwrap();
    let outputs = z.outputs(|a, b, c| 9.0 * wave(2, a + b + 11 - c, 11));
    let hidden = z.tensor("table.nodes.0", 4, |a, b, j| match j {
        0..3 => wave(2, a + j, 11) + wave(2, b, 11),
        _ => wave(1, a, 11) + wave(2, b, 11),
    });
    let tensors = [outputs, hidden];
    let entry = select(&["circuit".to_owned()]).unwrap()[0];
    let setting = Setting {
        plan: &plan,
        features: Some(&z.features),
    };
    let mut probe = (entry.make)(&setting);
    let readings = probe.measure(&Snapshot::of(0, &tensors), &z.data);
    let get = |name: &str| readings.iter().find(|r| r.name == name).unwrap().value;
    assert_eq!(get("key_features"), 1.0);
    assert!((get("key_share") - 1.0).abs() < 1e-12);
    assert!((get("excluded_loss") - 11f64.ln()).abs() < 1e-12);
    let sum: f64 = (0..11).map(|x| (9.0 * wave(2, x, 11)).exp()).sum();
    assert!((get("restricted_loss") - (sum.ln() - 9.0)).abs() < 1e-12);
    assert_eq!((get("nodes_85"), get("nodes_95")), (0.75, 0.75));
    assert!(probe.measure(&Snapshot::of(0, &[]), &z.data).is_empty());

    let mut noisy = z.data.clone();
    let row = noisy.train[0] as usize;
    noisy.labels[row] = (noisy.labels[row] + 1) % 11;
    let readings = probe.measure(&Snapshot::of(0, &tensors), &noisy);
    let excluded = readings.iter().find(|r| r.name == "excluded_loss").unwrap();
    assert!((excluded.value - 11f64.ln()).abs() < 1e-12);
    let all = readings.iter().find(|r| r.name == "restricted_loss_all");
    assert!(all.unwrap().value > get("restricted_loss_all"));
}

#[test]
fn what_has_no_circuit_says_why() {
    let z = known("Z5");
    let outputs = z.outputs(|_, _, _| f64::NAN);
    let why = |outputs: &NamedTensor, data: &Dataset| match Outputs::new(
        &outputs.view(),
        data,
        &z.features,
    ) {
        Ok(_) => panic!("no error"),
        Err(why) => why,
    };
    assert_eq!(why(&outputs, &z.data), "some outputs are not finite");
    let mut uneven = z.data.clone();
    uneven.clean[0] = 1;
    assert_eq!(
        why(&outputs, &uneven),
        "answer 0 of Z5 has 4 of 25 rows, expected as many for each answer"
    );
    let mut short = z.data.clone();
    short.labels.pop();
    assert!(why(&outputs, &short).ends_with("24 rows, which are not all rows of its table"));
    let six = known("Z6");
    assert_eq!(
        why(&outputs, &six.data),
        "there are 6 answers, but features of 5 tokens"
    );
}
