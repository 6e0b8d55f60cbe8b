//! Published statements that are exact, at the published settings and beyond.

use dunwu_analysis::known::addition::{Addition, scaling};
use dunwu_analysis::known::collection::{Optimizer, collect, coupons, polar};
use dunwu_analysis::known::missing::{Ends, ascents, character_product, isotypic};
use dunwu_analysis::known::one_label::OneLabel;
use dunwu_analysis::known::race::{Race, Winners, frechet};
use dunwu_analysis::known::reconstruction::{
    Node, Products, Reconstruction, characters, fewest_characters, of_irreps, reconstruct,
};
use dunwu_analysis::known::regime::{Regime, regime};
use dunwu_analysis::known::repulsion::Interaction;
use dunwu_analysis::known::{mean, slope};
use dunwu_core::{Activation, Dataset, RunSpec, Seed};
use dunwu_task::{Kind, NO_FILES, Options, Task, irreps};
use faer::Mat;
use std::f64::consts::PI;

fn task(name: &str) -> Task {
    Task::parse(name, &Options::default(), NO_FILES).unwrap()
}

fn table(name: &str) -> Dataset {
    let words = [format!("task={name}"), "train_fraction=1".into()];
    let plan = RunSpec::from_overrides(words).unwrap().resolve().unwrap();
    task(name).dataset(&plan, 0, NO_FILES).unwrap()
}

// Addition in closed form.

fn network(modulus: usize, width: usize, jitter: f64, seed: u64) -> Addition {
    Addition {
        modulus,
        width,
        jitter,
        seed,
    }
}

#[test]
fn tables_of_the_closed_form_give_the_logits_of_its_nodes() {
    for (p, jitter) in [(2, 0.0), (5, 0.0), (8, 1.0), (13, PI)] {
        let network = network(p, 40, jitter, 3);
        for (a, b, c) in [
            (0, 0, 0),
            (1, 0, 1),
            (p - 1, 1, p / 2),
            (p / 2, p - 1, p - 1),
        ] {
            let (fast, slow) = (network.tabled_logit(a, b, c), network.logit(a, b, c));
            assert!((fast.unwrap() - slow.unwrap()).abs() < 1e-12, "{p} {a} {b}");
        }
    }
}

#[test]
fn the_closed_form_adds_from_some_width_on_and_not_without_its_constraint() {
    for seed in 0..5 {
        for width in [5000, 10_000] {
            let answers = network(97, width, 0.0, seed).answers().unwrap();
            assert_eq!(answers.accuracy, 1.0, "{answers:?}");
            assert!(answers.margin > 0.3, "{answers:?}");
        }
        let narrow = network(97, 50, 0.0, seed).answers().unwrap();
        assert!(narrow.accuracy < 1.0, "{narrow:?}");
        let broken = network(97, 5000, PI, seed).answers().unwrap();
        assert!(broken.accuracy < 0.05, "{broken:?}");
        // A constraint kept to ±2.5 radians still leaves a quarter of the signal.
        let loose = network(97, 5000, 2.5, seed).answers().unwrap();
        assert_eq!(loose.accuracy, 1.0, "{loose:?}");
    }
}

#[test]
fn the_noise_of_the_closed_form_falls_as_the_root_of_its_width() {
    let found = scaling(97, &[500, 1000, 2000, 4000, 8000], 4).unwrap();
    assert!(found.slope.contains(-0.5), "{:?}", found.slope);
    assert!(found.slope.high - found.slope.low < 0.06);
    let theory = 1.125f64.sqrt();
    assert!(
        (found.level.value / theory - 1.0).abs() < 0.01,
        "{:?}",
        found.level
    );
    let one = scaling(97, &[500, 500], 2).unwrap_err().to_string();
    assert!(one.contains("two different widths"), "{one}");
}

#[test]
fn a_network_that_is_none_is_refused() {
    let why = |n: Addition| n.answers().unwrap_err().to_string();
    assert!(why(network(1, 5, 0.0, 0)).contains("modulus 1 and width 5"));
    assert!(why(network(5, 0, 0.0, 0)).contains("width 0"));
    assert!(why(network(5, 5, 4.0, 0)).contains("jitter is 4"));
}

// Reconstruction.

fn rebuilt(name: &str, nodes: &[Node]) -> Reconstruction {
    reconstruct(&task(name), nodes).unwrap()
}

#[test]
fn characters_rebuild_the_table_of_any_abelian_group() {
    for (name, squares) in [
        ("Z7", 7),
        ("Z8", 4),
        ("Z23", 23),
        ("Z2^3", 1),
        ("Z4xZ6", 6),
        ("Z3xZ3", 9),
    ] {
        let of = task(name);
        let (group, m) = (of.group().unwrap(), of.classes());
        let full = rebuilt(name, &characters(group, &[]).unwrap());
        assert_eq!(
            (full.nodes, full.rank),
            (2 * (m - 1), m + squares - 2),
            "{name}"
        );
        assert!(full.residual < 1e-8, "{name}: {}", full.residual);
        let fewest = fewest_characters(group).unwrap();
        assert_eq!(fewest.len(), m + squares - 2, "{name}");
        assert!(rebuilt(name, &fewest).residual < 1e-8, "{name}");
        for i in 0..fewest.len() {
            let mut fewer = fewest.clone();
            fewer.remove(i);
            assert!(rebuilt(name, &fewer).residual > 1e-3, "{name} without {i}");
        }
    }
}

#[test]
fn a_character_left_out_is_all_that_is_missing() {
    for name in ["Z23", "Z8", "Z2xZ6"] {
        let of = task(name);
        let (group, features) = (of.group().unwrap(), of.features().unwrap());
        let all = irreps(group).unwrap();
        for (k, irrep) in all.iter().enumerate().skip(1) {
            let found = rebuilt(name, &characters(group, &[k]).unwrap());
            let part: Vec<f64> = irrep.character.iter().map(|z| z.0).collect();
            let masses = features.masses(&part);
            let of_k = masses.iter().position(|x| *x > 1e-6).unwrap();
            assert!(found.left_by_feature[of_k] > 1.0 - 1e-12, "{name} {k}");
            let one = 1.0 / (of.classes() - 1) as f64;
            assert!(
                (found.left - one).abs() < 1e-12,
                "{name} {k}: {}",
                found.left
            );
        }
    }
}

#[test]
fn the_conjugate_is_needed() {
    let of = task("Z7");
    let nodes: Vec<Node> = characters(of.group().unwrap(), &[])
        .unwrap()
        .into_iter()
        .map(|n| Node {
            second: n.second.iter().map(|z| z.conj()).collect(),
            ..n
        })
        .collect();
    assert!(rebuilt("Z7", &nodes).left > 0.99);
}

#[test]
fn other_groups_need_as_many_products_as_matrices_do() {
    for (name, dims) in [
        ("S3", [1, 1, 0]),
        ("D5", [1, 2, 0]),
        ("Q12", [3, 2, 0]),
        ("S4", [1, 1, 2]),
        ("A4", [2, 0, 1]),
    ] {
        let of = task(name);
        let group = of.group().unwrap();
        // Two nodes for each of the products of one representation of each dimension.
        let count = |each: [usize; 3]| 2 * dims.iter().zip(each).map(|(n, e)| n * e).sum::<usize>();
        for (products, each) in [
            (Products::Entries, [1, 8, 27]),
            (Products::Fast, [1, 7, 27]),
            (Products::Paired, [1, 8, 27]),
            (Products::Random(0), [1, 16, 81]),
        ] {
            let nodes = of_irreps(group, products, 1).unwrap();
            assert_eq!(nodes.len(), count(each), "{name} {products:?}");
            let found = rebuilt(name, &nodes);
            assert!(
                found.residual < 1e-8,
                "{name} {products:?}: {}",
                found.residual
            );
        }
        let short = of_irreps(group, Products::Random(1), 1).unwrap();
        assert!(rebuilt(name, &short).residual > 1e-4, "{name}");
    }
}

#[test]
fn none_of_strassens_nodes_can_be_spared() {
    let of = task("S3");
    let nodes = of_irreps(of.group().unwrap(), Products::Fast, 0).unwrap();
    assert_eq!(nodes.len(), 16);
    for i in 0..nodes.len() / 2 {
        let mut fewer = nodes.clone();
        fewer.drain(2 * i..2 * i + 2);
        assert!(rebuilt("S3", &fewer).residual > 1e-3, "product {i}");
    }
}

#[test]
fn a_table_that_cannot_be_rebuilt_is_refused() {
    let s3 = task("S3");
    let why = characters(s3.group().unwrap(), &[])
        .unwrap_err()
        .to_string();
    assert!(why.contains("S3 is not abelian; use `of_irreps`"), "{why}");
    let why = reconstruct(&s3, &[]).unwrap_err().to_string();
    assert!(why.contains("no node"), "{why}");
    let nodes = of_irreps(s3.group().unwrap(), Products::Fast, 0).unwrap();
    let why = reconstruct(&task("parity(10,3)"), &nodes);
    assert!(why.unwrap_err().to_string().contains("is no group"));
}

// One label.

/// Weights that sum to 1, as different as uniform draws are.
fn weights(count: usize, seed: u64) -> Vec<f64> {
    let mut draws = Seed(seed).draws("weights");
    let raw: Vec<f64> = (0..count).map(|_| 0.1 + draws.unit()).collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|p| p / sum).collect()
}

fn one_label(name: &str, activation: Activation, coefficients: [f64; 2], seed: u64) -> OneLabel {
    let of = task(name);
    let group = of.group().unwrap();
    let product = group.order() - 1;
    let p = weights(group.order(), seed);
    OneLabel::new(group, product, &p, activation, coefficients).unwrap()
}

#[test]
fn activations_focus_or_spread() {
    let of = |activation| regime(activation, [0.0, 1.0]);
    assert_eq!(of(Activation::Square), Regime::Focused);
    assert_eq!(of(Activation::ReluSquare), Regime::Focused);
    for a in [
        Activation::Gelu,
        Activation::Relu,
        Activation::Silu,
        Activation::Tanh,
    ] {
        assert_eq!(of(a), Regime::Spreading, "{a}");
    }
    assert_eq!(regime(Activation::Quadratic, [0.5, 1.0]), Regime::Spreading);
    assert_eq!(regime(Activation::Quadratic, [-0.5, 1.0]), Regime::Focused);
}

#[test]
fn squares_focus_on_the_heaviest_row() {
    for name in ["Z11", "S4", "Q12"] {
        let found = one_label(name, Activation::Square, [0.0, 1.0], 1).ascents(100, 2);
        assert_eq!(found.regime, Regime::Focused);
        assert!(found.overlap >= 1.0 - 1e-6, "{name}: {found:?}");
        assert!(found.value < 1e-9, "{name}: {found:?}");
    }
    // F = 2 p_g* at theory's maximum.
    let rows = one_label("Z11", Activation::Square, [0.0, 1.0], 1);
    let most = weights(11, 1).into_iter().fold(0.0, f64::max);
    assert!((rows.value(&rows.predicted()) - 2.0 * most).abs() < 1e-15);
}

#[test]
fn squares_of_positive_parts_cannot_revive_a_row() {
    let found = one_label("Z11", Activation::ReluSquare, [0.0, 1.0], 1).ascents(100, 2);
    assert!(
        found.overlap < 0.01 && found.stationarity < 1e-8,
        "{found:?}"
    );
}

#[test]
fn relu_spreads_in_proportion_to_the_weights() {
    let (p, rows) = (
        weights(24, 5),
        one_label("S4", Activation::Relu, [0.0, 1.0], 5),
    );
    let norm = p.iter().map(|p| p * p).sum::<f64>().sqrt();
    for (s, p) in rows.predicted().iter().zip(&p) {
        assert!((s - 2f64.sqrt() * p / norm).abs() < 1e-12);
    }
    let found = rows.ascents(100, 3);
    assert!(found.distance < 1e-6 && found.ordered == 100, "{found:?}");
}

#[test]
fn smooth_activations_spread_and_order_the_rows() {
    for activation in [Activation::Silu, Activation::Tanh, Activation::Gelu] {
        for name in ["Z11", "D5"] {
            let found = one_label(name, activation, [0.0, 1.0], 7).ascents(50, 4);
            assert!(found.stationarity < 1e-8, "{activation} {name}: {found:?}");
            assert!(found.distance < 1e-6, "{activation} {name}: {found:?}");
            assert_eq!(found.ordered, 50, "{activation} {name}");
        }
    }
}

#[test]
fn weights_without_a_maximum_are_refused() {
    let of = task("Z3");
    let why = |product, p: &[f64]| {
        let group = of.group().unwrap();
        let found = OneLabel::new(group, product, p, Activation::Square, [0.0, 1.0]);
        found.unwrap_err().to_string()
    };
    assert!(why(0, &[0.5, 0.5]).contains("2 weights"));
    assert!(why(3, &[0.5, 0.2, 0.3]).contains("an element below 3"));
    assert!(why(0, &[0.5, 0.0, 0.5]).contains("weight 0 is not above 0"));
    assert!(why(0, &[0.4, 0.4, 0.2]).contains("occurs twice"));
}

// Repulsion.

#[test]
fn nodes_that_are_alike_repel_whatever_the_activations() {
    let mut pairs = 0;
    for (seed, n, k, eta) in [
        (0, 40, 12, 1e-2),
        (1, 200, 30, 1.0),
        (2, 10, 24, 1e-3),
        (3, 60, 16, 1e-6),
    ] {
        let mut draws = Seed(seed).draws("activations");
        let raw = Mat::from_fn(n, k, |_, _| draws.normal());
        // Every second column repeats its neighbour up to a little noise, and some never fire.
        let alike = Mat::from_fn(n, k, |i, j| raw[(i, j - j % 2)] + 0.01 * raw[(i, j)]);
        let relu = Mat::from_fn(n, k, |i, j| if j == 3 { 0.0 } else { raw[(i, j)].max(0.0) });
        let square = Mat::from_fn(n, k, |i, j| alike[(i, j)].powi(2));
        for f in [raw, alike, relu, square] {
            let signs = Interaction::of(f.as_ref(), eta).unwrap().signs(1e-10);
            assert_eq!(signs.opposite, signs.pairs, "{n} {k} {eta}: {signs:?}");
            pairs += signs.pairs;
        }
    }
    assert!(pairs > 3000, "{pairs}");
}

#[test]
fn interactions_are_the_inverse_and_couplings_the_schur_complement() {
    let mut draws = Seed(9).draws("activations");
    let f = Mat::from_fn(30, 6, |_, _| draws.normal());
    let found = Interaction::of(f.as_ref(), 0.3).unwrap();
    let means: Vec<f64> = f.col_iter().map(|c| c.iter().sum::<f64>() / 30.0).collect();
    let f = Mat::from_fn(30, 6, |i, j| f[(i, j)] - means[j]);
    let gram = f.transpose() * &f + Mat::<f64>::identity(6, 6) * faer::Scale(0.3);
    assert!((gram * &found.b - Mat::<f64>::identity(6, 6)).norm_max() < 1e-12);
    // b_jl = −c_jl/det S and det S = 1/det of the block of B.
    let b = &found.b;
    let det = b[(1, 1)] * b[(4, 4)] - b[(1, 4)] * b[(4, 1)];
    assert!((b[(1, 4)] + found.coupling[(1, 4)] * det).abs() < 1e-12);
    let why = |f: &Mat<f64>, eta| Interaction::of(f.as_ref(), eta).unwrap_err().to_string();
    assert!(why(&f, 0.0).contains("eta is 0"));
    assert!(why(&Mat::zeros(3, 1), 1.0).contains("two nodes"));
    assert!(why(&Mat::full(3, 2, f64::NAN), 1.0).contains("not finite"));
}

// The residual energy.

fn residual(name: &str, removed: &[usize], starts: usize) -> Ends {
    let (data, features) = (table(name), task(name).features().unwrap());
    let projector = isotypic(&features, removed).unwrap();
    ascents(&data, &features, removed, &projector, starts, 11).unwrap()
}

#[test]
fn the_residual_energy_peaks_on_missing_features_only() {
    for (name, removed) in [
        ("Z23", vec![1, 3, 7]),
        ("D5", vec![1]),
        ("D5", vec![2]),
        ("S4", vec![1, 3]),
        ("S4", vec![2, 4]),
        ("Q12", vec![4]),
        ("Q12", vec![1, 3]),
        ("Q8", vec![4]),
    ] {
        let ends = residual(name, &removed, 500);
        assert_eq!(
            (ends.learned, ends.missing, ends.mixed, ends.unconverged),
            (0, 500, 0, 0),
            "{name} {removed:?}"
        );
        assert!(ends.most_learned < 1e-12, "{name} {removed:?}: {ends:?}");
    }
}

#[test]
fn nothing_removed_leaves_the_energy_of_the_table() {
    let ends = residual("S3", &[], 100);
    assert_eq!((ends.missing, ends.learned), (100, 0));
}

#[test]
fn the_projector_is_that_of_the_translated_character() {
    for name in ["Z8", "S4", "Q12", "Z7:Z3"] {
        let of = task(name);
        let (group, features) = (of.group().unwrap(), of.features().unwrap());
        for irrep in irreps(group).unwrap() {
            // The second of a complex pair has a name of its own.
            let Some(k) = features.names.iter().position(|n| *n == irrep.name) else {
                continue;
            };
            let pair = if irrep.kind == Kind::Complex {
                2.0
            } else {
                1.0
            };
            let scale = pair * irrep.dim as f64 / group.order() as f64;
            let found = isotypic(&features, &[k]).unwrap();
            for (h, x) in (0..group.order()).flat_map(|h| (0..group.order()).map(move |x| (h, x))) {
                let want = scale * irrep.character[group.mul(group.inverse(h), x)].0;
                assert!(
                    (found[(h, x)] - want).abs() < 1e-12,
                    "{name} {}",
                    irrep.name
                );
            }
        }
    }
}

#[test]
fn the_product_of_characters_removes_a_feature_of_dimension_one_only() {
    let of = task("D5");
    let (data, group) = (table("D5"), of.group().unwrap());
    let features = of.features().unwrap();
    let run = |removed: &[usize]| {
        let projector = character_product(group, &features, removed).unwrap();
        ascents(&data, &features, removed, &projector, 500, 11).unwrap()
    };
    assert_eq!((features.dims[1], run(&[1]).learned), (1, 0));
    let two = run(&[2]);
    assert_eq!(features.dims[2], 2);
    assert!(two.learned > 100, "{two:?}");
    let z7 = task("Z7");
    let (group, features) = (z7.group().unwrap(), z7.features().unwrap());
    let same = character_product(group, &features, &[1, 2]).unwrap()
        - isotypic(&features, &[1, 2]).unwrap();
    assert!(same.norm_max() < 1e-14);
}

#[test]
fn features_that_are_not_those_of_the_labels_are_refused() {
    let (data, features) = (table("S3"), task("S3").features().unwrap());
    let why = |data: &Dataset, removed: &[usize]| {
        let projector = isotypic(&features, &[1, 2]).unwrap();
        ascents(data, &features, removed, &projector, 8, 0)
            .unwrap_err()
            .to_string()
    };
    assert!(why(&data, &[1, 2]).contains("remove fewer features"));
    assert!(why(&data, &[9]).contains("no feature 9"));
    assert!(why(&table("Z5"), &[1]).contains("functions of 6"));
}

// Races.

fn race(rates: &[f64], shape: f64, power: u32, runs: usize) -> Winners {
    let rates = rates.to_vec();
    Race {
        rates,
        shape,
        power,
    }
    .winners(runs, 5)
    .unwrap()
}

#[test]
fn the_feature_with_the_largest_product_wins_every_flow() {
    for (rates, shape) in [
        (vec![1.0, 1.5, 0.7, 2.0], 2.0),
        (vec![1.0; 5], 1.5),
        (vec![1.0, 3.0, 0.5], 4.0),
    ] {
        let found = race(&rates, shape, 2, 20_000);
        assert_eq!(
            (found.foretold, found.by_product, found.undecided),
            (20_000, 20_000, 0)
        );
        for chance in &found.chances {
            assert!(
                (chance.share.value - chance.predicted).abs() < 0.01,
                "{chance:?}"
            );
        }
    }
}

#[test]
fn the_power_of_growth_changes_the_rule() {
    let cubic = race(&[1.0, 1.5, 0.7, 2.0], 2.0, 3, 20_000);
    assert_eq!((cubic.foretold, cubic.undecided), (20_000, 0));
    assert!(cubic.by_product < 19_500, "{cubic:?}");
    for chance in &cubic.chances {
        assert!(
            (chance.share.value - chance.predicted).abs() < 0.01,
            "{chance:?}"
        );
    }
    let linear = race(&[1.0, 1.5, 0.7, 2.0], 2.0, 1, 1000);
    assert_eq!(
        (linear.foretold, linear.chances[3].share.value),
        (1000, 1.0)
    );
    assert!(linear.by_product < 900, "{linear:?}");
}

#[test]
fn draws_are_of_frechet() {
    let mut draws = Seed(3).draws("frechet");
    let below = |x: f64| move |a: &f64| *a <= x;
    let sample: Vec<f64> = (0..40_000).map(|_| frechet(draws.unit(), 3.0)).collect();
    for x in [0.6f64, 1.0, 2.0] {
        let share = sample.iter().filter(|a| below(x)(a)).count() as f64 / 40_000.0;
        assert!((share - (-x.powi(-3)).exp()).abs() < 0.01, "{x}: {share}");
    }
    let bad = |rates: &[f64], shape, power| {
        let rates = rates.to_vec();
        Race {
            rates,
            shape,
            power,
        }
        .winners(1, 0)
        .unwrap_err()
        .to_string()
    };
    assert!(bad(&[1.0], 1.0, 2).contains("at least 2"));
    assert!(bad(&[1.0, -1.0], 1.0, 2).contains("a rate is -1"));
    assert!(bad(&[1.0, 1.0], 0.0, 2).contains("the shape is 0"));
}

// Collections.

#[test]
fn coupons_take_l_times_the_harmonic_number() {
    for l in [2usize, 5, 10, 18] {
        let harmonic: f64 = (1..=l).map(|i| 1.0 / i as f64).sum();
        let found = coupons(&vec![1.0 / l as f64; l]).unwrap();
        assert!(
            (found / (l as f64 * harmonic) - 1.0).abs() < 1e-9,
            "{l}: {found}"
        );
    }
    assert!(
        coupons(&[0.1; 21])
            .unwrap_err()
            .to_string()
            .contains("1 to 20")
    );
}

#[test]
fn nodes_until_every_feature_has_one() {
    for (rates, shape) in [
        (vec![1.0; 10], 2.0),
        (vec![1.0; 6], 1.0),
        (vec![1.0, 1.5, 0.7, 2.0], 2.0),
    ] {
        for slowness in [1.0, 0.5] {
            let found = collect(&rates, shape, Optimizer::Slowed(slowness), 20_000, 1).unwrap();
            let share = found.nodes.value / found.predicted;
            assert!((share - 1.0).abs() < 0.01, "{slowness}: {found:?}");
        }
        let muon = collect(&rates, shape, Optimizer::Muon(1.0), 200, 1).unwrap();
        assert!(muon.nodes.high <= muon.predicted, "{muon:?}");
    }
}

#[test]
fn the_polar_factor_turns_to_missing_features() {
    let g = [0.3, -0.5, 0.7, 0.2];
    let learned = [true, true, false, false];
    let m = 0.8;
    let gradients = Mat::from_fn(4, 3, |i, j| match j {
        2 => g[i],
        _ if i == j => m,
        _ => 0.0,
    });
    let svd = gradients.thin_svd().unwrap();
    let polar_factor = svd.U() * svd.V().transpose();
    let mut turned = g;
    polar(&mut turned, &learned, m);
    let ratios: Vec<f64> = (0..4).map(|i| polar_factor[(i, 2)] / turned[i]).collect();
    for ratio in &ratios {
        assert!((ratio / ratios[0] - 1.0).abs() < 1e-12, "{ratios:?}");
    }
}

#[test]
fn intervals_hold_what_they_say() {
    let hits = |seed| {
        let mut draws = Seed(seed).draws("intervals");
        let sample: Vec<f64> = (0..8).map(|_| draws.normal()).collect();
        let line: Vec<(f64, f64)> = (0..8).map(|i| (f64::from(i), draws.normal())).collect();
        [mean(&sample).contains(0.0), slope(&line).contains(0.0)]
    };
    let all: Vec<[bool; 2]> = (0..4000).map(hits).collect();
    for i in 0..2 {
        let share = all.iter().filter(|h| h[i]).count() as f64 / 4000.0;
        assert!((share - 0.95).abs() < 0.015, "{share}");
    }
}
