//! Solutions that factorise in the semi-ring of arXiv 2410.01779.
//!
//! The nodes of a network with σ = x² on one frequency of an abelian group are q triples of complex
//! numbers (a, b, c), the Fourier coefficients of operand 1, operand 2 and (conjugated) readout. Sums of
//! solutions put their nodes side by side; products are Kronecker products of the triples, so orders
//! multiply: 4 = 2 × 2 and 6 = 2 × 3. The published finding is that trained solutions have order 4 or
//! 6 on each frequency and that about 95 % of them are such products.
//!
//! How much that says: of random triples of modulus 1, 1.5 % of order 4 and 0.1 % of order 6 are within
//! the published tolerance of a product; if their phases agree, a b c > 0, it is 6 % and 2 % (1100
//! draws each).

use super::network::Network;
use super::transform::{Transforms, Type};
use faer::c64;
use serde::Serialize;

/// Accepted error of one coefficient's ratio.
pub const TOLERANCE: f64 = 0.1;

/// What counts as a node that is on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// |a| above this, a = (1/M) Σ_g w(g) χ̄(g): the published 0.05, for weights of that scale.
    Absolute(f64),
    /// |a| above this share of the largest of any node: the same for networks of any scale. At a
    /// quarter, the default, it counted the nodes that the published one does in a network trained as
    /// published on Z23, and one more on Z71.
    Relative(f64),
}

impl Default for Threshold {
    fn default() -> Self {
        Threshold::Relative(0.25)
    }
}

/// Coefficients of a node as [re, im].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Triple {
    /// â of operand 1.
    pub a: [f64; 2],
    /// b̂ of operand 2.
    pub b: [f64; 2],
    /// Conjugate of ĉ of the readout, so that Σ a b c > 0 speaks for the right label.
    pub c: [f64; 2],
}

/// The nodes on one frequency.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Frequency {
    /// Index of the feature.
    pub feature: usize,
    /// Its name.
    pub name: String,
    /// Nodes on it, ascending.
    pub nodes: Vec<usize>,
    /// Their coefficients.
    pub triples: Vec<Triple>,
    /// Best error of a factor of order 2; None where the order is neither 4 nor 6.
    pub error: Option<f64>,
    /// Whether the error is at most 0.1·√(3q).
    pub factorises: Option<bool>,
    /// The factors, if it does: the pair, then the other.
    pub factors: Vec<Factor>,
}

/// One factor of a solution, scaled so that its first node is (1, 1, 1).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Factor {
    /// Its name in the paper: `xi`, `4c`, `nu`, `syn`, `syn_ab` or `other`.
    pub name: String,
    /// The other nodes, each scaled so that a b c is real and positive.
    pub nodes: Vec<Triple>,
}

/// All frequencies of a network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Factorisation {
    /// What counted as on.
    pub threshold: Threshold,
    /// Every complex feature.
    pub frequencies: Vec<Frequency>,
    /// By order q the number of frequencies, from q = 0.
    pub orders: Vec<usize>,
    /// Frequencies of order 4 or 6.
    pub tried: usize,
    /// Of those, the ones that factorise.
    pub factorised: usize,
}

/// The factorisation of a network of two operands.
///
/// A node belongs to the feature with its largest |â| (the constant one included), as published.
///
/// # Errors
/// A sentence if there are not two operands with as many classes as tokens and one-dimensional features.
pub fn factorisation(
    network: &Network,
    transforms: &Transforms,
    threshold: Threshold,
) -> Result<Factorisation, String> {
    let m = transforms.tokens;
    let fits = network
        .operands
        .iter()
        .all(|w| w.len() == m * network.columns);
    let is_real = network.columns == network.width;
    if network.operands.len() != 2 || network.classes != m || !fits || !is_real {
        return Err("factors need two operands, real weights and as many classes as tokens".into());
    }
    if transforms.parts.iter().any(|p| p.dim > 1) {
        return Err("factors need a group that commutes".to_owned());
    }
    let best: Vec<(usize, f64)> = (0..network.width)
        .map(|j| loudest(network, transforms, j))
        .collect();
    let floor = match threshold {
        Threshold::Absolute(floor) => floor,
        Threshold::Relative(share) => share * best.iter().fold(0.0, |m, (_, a)| a.max(m)),
    };
    let one = |k: usize| {
        let own = (0..best.len()).filter(|j| best[*j].0 == k && best[*j].1 > floor);
        frequency(network, transforms, k, own.collect())
    };
    let is_pair = |k: &usize| transforms.parts[*k].kind == Type::Complex;
    let frequencies: Vec<Frequency> = (0..transforms.parts.len())
        .filter(is_pair)
        .map(one)
        .collect();
    Ok(summary(threshold, frequencies))
}

fn summary(threshold: Threshold, frequencies: Vec<Frequency>) -> Factorisation {
    let most = frequencies.iter().map(|f| f.nodes.len()).max().unwrap_or(0);
    let of_order = |q: usize| frequencies.iter().filter(|f| f.nodes.len() == q).count();
    let tried = frequencies.iter().filter_map(|f| f.factorises);
    Factorisation {
        threshold,
        orders: (0..=most).map(of_order).collect(),
        tried: tried.clone().count(),
        factorised: tried.filter(|yes| *yes).count(),
        frequencies,
    }
}

/// The feature with the largest |â| of a node.
fn loudest(network: &Network, transforms: &Transforms, node: usize) -> (usize, f64) {
    let weights = column(&network.operands[0], network.columns, node);
    let size = |k: usize| coefficient(transforms, k, &weights).map_or(0.0, |a| a.norm());
    let sizes = (0..transforms.parts.len()).map(|k| (k, size(k)));
    sizes.fold(
        (0, 0.0),
        |best, next| if next.1 > best.1 { next } else { best },
    )
}

fn column(weights: &[f64], columns: usize, node: usize) -> Vec<f64> {
    weights
        .iter()
        .skip(node)
        .step_by(columns)
        .copied()
        .collect()
}

/// (1/M) Σ_g w(g) χ̄(g).
fn coefficient(transforms: &Transforms, k: usize, w: &[f64]) -> Option<c64> {
    let wave = transforms.wave(k, w)?;
    // A cosine is half a character and half its conjugate.
    let half = match transforms.parts[k].kind {
        Type::Complex => 0.5,
        _ => 1.0,
    };
    let (sin, cos) = libm::sincos(wave.phase);
    Some(c64::new(cos, sin) * (wave.amplitude * half))
}

fn frequency(
    network: &Network,
    transforms: &Transforms,
    feature: usize,
    nodes: Vec<usize>,
) -> Frequency {
    let pick = |w: &[f64]| coefficient(transforms, feature, w).unwrap_or_default();
    let triple = |j: &usize| {
        let operand = |i: usize| pick(&column(&network.operands[i], network.columns, *j));
        [operand(0), operand(1), pick(network.outgoing(*j)).conj()]
    };
    let triples: Vec<[c64; 3]> = nodes.iter().map(triple).collect();
    let found = split(&triples);
    let accepted = TOLERANCE * (3.0 * nodes.len() as f64).sqrt();
    let factorises = found.as_ref().map(|s| s.error <= accepted);
    Frequency {
        feature,
        name: transforms.parts[feature].name.clone(),
        error: found.as_ref().map(|s| s.error),
        factorises,
        factors: found
            .filter(|_| factorises == Some(true))
            .map_or_else(Vec::new, |s| s.factors(&triples)),
        triples: triples.iter().map(|t| Triple::of(*t)).collect(),
        nodes,
    }
}

impl Triple {
    fn of(z: [c64; 3]) -> Self {
        let pair = |z: c64| [z.re, z.im];
        Self {
            a: pair(z[0]),
            b: pair(z[1]),
            c: pair(z[2]),
        }
    }
}

/// Nodes in pairs whose ratios are nearly the same.
struct Split {
    error: f64,
    pairs: Vec<(usize, usize)>,
    /// Mean ratios of a, b and c.
    ratio: [c64; 3],
}

impl Split {
    /// The pair (1, ratio) and the pairs' first nodes, over the first of them.
    fn factors(&self, triples: &[[c64; 3]]) -> Vec<Factor> {
        let over = |(s, _): &(usize, usize)| ratio(triples, (self.pairs[0].0, *s));
        let rest: Vec<[c64; 3]> = self.pairs[1..].iter().map(over).collect();
        [vec![self.ratio], rest]
            .into_iter()
            .map(|nodes| nodes.into_iter().map(unit_product).collect::<Vec<_>>())
            .map(|nodes| Factor {
                name: factor_name(&nodes).to_owned(),
                nodes: nodes.into_iter().map(Triple::of).collect(),
            })
            .collect()
    }
}

/// The triple over the cube root of its product, so that a b c = 1.
fn unit_product(z: [c64; 3]) -> [c64; 3] {
    let product = z[0] * z[1] * z[2];
    let (sin, cos) = libm::sincos(libm::atan2(product.im, product.re) / 3.0);
    let root = c64::new(cos, sin) * libm::cbrt(product.norm());
    z.map(|x| x / root)
}

/// The name of a factor by the nodes beside (1, 1, 1), to within 0.1 of each coefficient.
///
/// | name | nodes |
/// |---|---|
/// | `xi` | (ξ, ∓i ξ̄, ±i) |
/// | `4c` | (±i, ∓i, 1): ν = ±i |
/// | `nu` | (ν, −ν, −ν̄²), any other ν |
/// | `syn` | (ω, ω, ω), (ω̄, ω̄, ω̄), ω = e^{2πi/3} |
/// | `syn_ab` | (α ω, ᾱ ω, ω), (β ω̄, β̄ ω̄, ω̄) |
/// | `other` | anything else |
///
/// Nodes may have the signs of a and b changed, and the second kind may be conjugated.
fn factor_name(nodes: &[[c64; 3]]) -> &'static str {
    let near = |x: c64, y: c64| (x - y).norm() < TOLERANCE;
    let (one, i) = (c64::new(1.0, 0.0), c64::new(0.0, 1.0));
    match nodes {
        [[_, _, c]] if near(*c, i) || near(*c, -i) => "xi",
        [[a, _, c]] if near(*c, one) && (near(*a, i) || near(*a, -i)) => "4c",
        [[a, b, _]] if near(*a, -b) => "nu",
        [first, second] => triple_name(*first, *second),
        _ => "other",
    }
}

fn triple_name(first: [c64; 3], second: [c64; 3]) -> &'static str {
    let omega = c64::new(-0.5, 0.75f64.sqrt());
    let near = |x: c64, y: c64| (x - y).norm() < TOLERANCE;
    let (plus, minus) = if first[2].im > 0.0 {
        (first, second)
    } else {
        (second, first)
    };
    let is = |node: [c64; 3], to: c64| {
        let same = near(node[0], to) && near(node[1], to);
        same || near(node[0], -to) && near(node[1], -to)
    };
    match near(plus[2], omega) && near(minus[2], omega.conj()) {
        true if is(plus, omega) && is(minus, omega.conj()) => "syn",
        true => "syn_ab",
        false => "other",
    }
}

/// The best way to see q triples as the product of a pair with q/2 triples; None unless q is 4 or 6.
///
/// A product pairs its nodes so that in each pair (s, t) the ratios t_a/s_a, t_b/s_b, t_c/s_c are the
/// same three numbers. The error is ‖ratios − their means‖ over 3 × q/2 complex numbers, least over all
/// pairings and over the sign changes (a, b, c) → (−a, −b, c), which change no output. The published
/// program takes the pairing from the ratios of c alone and so may miss a product that has several.
fn split(triples: &[[c64; 3]]) -> Option<Split> {
    if ![4, 6].contains(&triples.len()) {
        return None;
    }
    let mut best: Option<Split> = None;
    let mut pairs = Vec::new();
    each_pairing(
        &mut (0..triples.len()).collect(),
        &mut pairs,
        &mut |pairs| {
            let ratios: Vec<[c64; 3]> = pairs.iter().map(|p| ratio(triples, *p)).collect();
            let (error, ratio) = spread(&ratios);
            if best.as_ref().is_none_or(|b| error < b.error) {
                best = Some(Split {
                    error,
                    ratio,
                    pairs: pairs.to_vec(),
                });
            }
        },
    );
    best
}

/// Every way to put all into ordered pairs, up to the order of the pairs.
fn each_pairing(
    left: &mut Vec<usize>,
    pairs: &mut Vec<(usize, usize)>,
    visit: &mut impl FnMut(&[(usize, usize)]),
) {
    let Some(first) = left.pop() else {
        return visit(pairs);
    };
    for i in 0..left.len() {
        let second = left.remove(i);
        for pair in [(first, second), (second, first)] {
            pairs.push(pair);
            each_pairing(left, pairs, visit);
            pairs.pop();
        }
        left.insert(i, second);
    }
    left.push(first);
}

fn ratio(triples: &[[c64; 3]], (s, t): (usize, usize)) -> [c64; 3] {
    std::array::from_fn(|i| triples[t][i] / triples[s][i])
}

/// ‖ratios − mean‖ and the mean, least over signs of the first two ratios of all but the first pair.
fn spread(ratios: &[[c64; 3]]) -> (f64, [c64; 3]) {
    let with = |signs: usize| {
        let sign = |i: usize, entry: usize| {
            let flips = i > 0 && entry < 2 && signs >> (i - 1) & 1 == 1;
            if flips { -1.0 } else { 1.0 }
        };
        let line = |entry: usize| (0..ratios.len()).map(move |i| ratios[i][entry] * sign(i, entry));
        let mean = std::array::from_fn(|e| line(e).sum::<c64>() / ratios.len() as f64);
        let square = |e: usize| line(e).map(|z| (z - mean[e]).norm_sqr()).sum::<f64>();
        ((0..3).map(square).sum::<f64>().sqrt(), mean)
    };
    let all = (0..1usize << (ratios.len() - 1)).map(with);
    all.reduce(|a, b| if b.0 < a.0 { b } else { a })
        .expect("there is at least one pair")
}
