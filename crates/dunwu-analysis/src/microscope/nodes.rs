//! What each hidden node listens to and answers with.

use super::network::{Network, product};
use super::transform::{Transforms, Type, Wave};
use dunwu_task::Features;
use faer::{Mat, c64};
use rayon::prelude::*;
use serde::{Serialize, Serializer};
use std::f64::consts::{PI, TAU};

/// A node whose incoming weights are shorter than this share of the median node's, or of the root mean
/// square of all nodes', is dead. Under weight decay most nodes may die, and the median with them.
pub const DEAD: f64 = 1e-3;
/// Purity from which a node counts as having learned its feature.
pub const PURE: f64 = 0.5;
/// |cosine| of incoming weights above which two nodes are duplicates.
pub const DUPLICATE: f64 = 0.999;

/// One hidden node.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    /// Column of the first layer, 0-based.
    pub index: usize,
    /// Norm of the incoming weights, all operands.
    pub norm_in: f64,
    /// Norm of the outgoing weights.
    pub norm_out: f64,
    /// Feature with the largest share.
    pub feature: usize,
    /// That share.
    pub purity: f64,
    /// By feature ‖Π_k w‖² over all operands, as a part of the sum without the constant feature; that
    /// of the constant is 0. To four decimals in JSON.
    #[serde(serialize_with = "four_decimals")]
    pub shares: Vec<f32>,
    /// Part of ‖w‖² in the constant feature.
    pub constant: f64,
    /// Type of the dominant feature.
    pub kind: Type,
    /// By operand the share of the largest singular value of Û squared (of the largest two, for a
    /// quaternionic feature): 1 if the node is rank one. Empty where there is no transform.
    pub rank_one: Vec<f64>,
    /// |⟨q, x⟩|² of the vectors that meet in the product of the first two operands: q the right
    /// singular vector of operand 1, x the left one of operand 2 (over the top pair, halved, for a
    /// quaternionic feature). 1 at a maximum of the energy. None for d = 1.
    pub shared: Option<f64>,
    /// Amplitudes and phases, for a one-dimensional feature and real weights.
    pub waves: Option<Waves>,
    /// Whether it is too short to matter, by [`DEAD`].
    pub dead: bool,
    /// Group of live nodes with the same incoming weights up to scale and sign; None if alone.
    pub duplicate: Option<usize>,
}

/// The waves of a node in its dominant feature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waves {
    /// Of each operand's incoming weights.
    pub operands: Vec<Wave>,
    /// Of the outgoing weights; None if there are not as many classes as tokens.
    pub readout: Option<Wave>,
    /// φ_out − Σ_j φ_j in (−π, π]: 0 when the node speaks for the right label.
    pub relation: Option<f64>,
}

/// All hidden nodes of a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Nodes {
    /// Names of the features, the constant one first.
    pub names: Vec<String>,
    /// Node by node.
    pub nodes: Vec<Node>,
    /// Nodes that are not dead.
    pub live: usize,
    /// Live nodes of purity at least [`PURE`].
    pub pure: usize,
    /// Groups of duplicates.
    pub duplicates: usize,
}

/// The nodes of a network.
///
/// # Errors
/// A sentence if some operand has other tokens than the features.
pub fn nodes(
    network: &Network,
    features: &Features,
    transforms: &Transforms,
) -> Result<Nodes, String> {
    let masses = masses(&network.operands, network.columns, network.width, features)?;
    let one = |j: usize| node(network, features, transforms, j, &masses[j]);
    let mut nodes: Vec<Node> = (0..network.width).into_par_iter().map(one).collect();
    mark_dead(&mut nodes);
    let duplicates = mark_duplicates(network, &mut nodes);
    let live = nodes.iter().filter(|n| !n.dead).count();
    let pure = nodes.iter().filter(|n| n.is_pure()).count();
    Ok(Nodes {
        names: features.names.clone(),
        nodes,
        live,
        pure,
        duplicates,
    })
}

impl Node {
    /// ‖w‖²·‖v‖: how loud a square makes the node.
    pub fn voice(&self) -> f64 {
        self.norm_in * self.norm_in * self.norm_out
    }

    /// Whether it is live and of purity at least [`PURE`].
    pub fn is_pure(&self) -> bool {
        !self.dead && self.purity >= PURE
    }
}

/// Node by node and feature by feature ‖Π_k w‖² over operands, real and imaginary parts.
pub(crate) fn masses(
    operands: &[Vec<f64>],
    columns: usize,
    width: usize,
    features: &Features,
) -> Result<Vec<Vec<f64>>, String> {
    let mut masses = vec![vec![0.0; features.len()]; width];
    for weights in operands {
        let spectrum = spectrum(weights, columns, features)?;
        for (k, rows) in features.ranges.iter().enumerate() {
            for row in rows.clone().map(|i| &spectrum[i * columns..][..columns]) {
                let squares = row.iter().map(|x| x * x).enumerate();
                squares.for_each(|(c, square)| masses[c % width][k] += square);
            }
        }
    }
    Ok(masses)
}

/// Coefficients in the basis of the features, basis functions × columns.
pub(crate) fn spectrum(
    weights: &[f64],
    columns: usize,
    features: &Features,
) -> Result<Vec<f64>, String> {
    let tokens = weights.len() / columns.max(1);
    if tokens != features.tokens {
        return Err(format!(
            "an operand has {tokens} tokens, but the features are functions of {}",
            features.tokens
        ));
    }
    Ok(product(&features.basis, tokens, weights, columns))
}

fn node(
    network: &Network,
    features: &Features,
    transforms: &Transforms,
    index: usize,
    masses: &[f64],
) -> Node {
    let trivial = features.trivial();
    let all: f64 = masses.iter().sum();
    let learned = all - masses[trivial];
    let share = |k: usize| match k == trivial || learned <= 0.0 {
        true => 0.0,
        false => masses[k] / learned,
    };
    let best = (0..masses.len()).fold(0, |b, k| if share(k) > share(b) { k } else { b });
    let shape = shape(network, features, transforms, index, best);
    Node {
        index,
        norm_in: all.sqrt(),
        norm_out: outgoing_norm(network, index),
        feature: best,
        purity: share(best),
        shares: (0..masses.len()).map(|k| share(k) as f32).collect(),
        constant: if all > 0.0 {
            masses[trivial] / all
        } else {
            0.0
        },
        kind: features.kinds[best].into(),
        rank_one: shape.rank_one,
        shared: shape.shared,
        waves: shape.waves,
        dead: false,
        duplicate: None,
    }
}

fn four_decimals<S: Serializer>(shares: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(shares.iter().map(|s| (f64::from(*s) * 1e4).round() / 1e4))
}

fn outgoing_norm(network: &Network, index: usize) -> f64 {
    let squares = |c: usize| network.outgoing(c).iter().map(|v| v * v).sum::<f64>();
    network.columns_of(index).map(squares).sum::<f64>().sqrt()
}

/// What a node does within its feature.
#[derive(Default)]
struct Shape {
    rank_one: Vec<f64>,
    shared: Option<f64>,
    waves: Option<Waves>,
}

fn shape(
    network: &Network,
    features: &Features,
    transforms: &Transforms,
    index: usize,
    feature: usize,
) -> Shape {
    // Real and imaginary parts are two functions, each with a matrix of its own.
    if network.columns != network.width {
        return Shape::default();
    }
    let incoming = network.incoming(index);
    let functions: Vec<&[f64]> = incoming.chunks_exact(features.tokens).collect();
    if features.dims[feature] == 1 {
        return Shape {
            rank_one: vec![1.0; functions.len()],
            waves: waves(network, transforms, index, feature, &functions),
            shared: None,
        };
    }
    let rank = transforms.rank(feature);
    let hats: Option<Vec<Mat<c64>>> = functions
        .iter()
        .map(|w| transforms.matrix(feature, w))
        .collect();
    let tops: Vec<Top> = hats
        .iter()
        .flatten()
        .filter_map(|hat| Top::of(hat, rank))
        .collect();
    Shape {
        rank_one: tops.iter().map(|t| t.share).collect(),
        shared: match tops.as_slice() {
            [first, second, ..] => Some(first.meets(second)),
            _ => None,
        },
        waves: None,
    }
}

/// Largest singular value (or pair) of a matrix with its vectors.
struct Top {
    share: f64,
    left: Mat<c64>,
    right: Mat<c64>,
}

impl Top {
    fn of(hat: &Mat<c64>, rank: usize) -> Option<Self> {
        let svd = hat.svd().ok()?;
        let squares: Vec<f64> = svd
            .S()
            .column_vector()
            .iter()
            .map(|s| s.re * s.re)
            .collect();
        let (top, all): (f64, f64) = (squares[..rank].iter().sum(), squares.iter().sum());
        Some(Self {
            share: if all > 0.0 { top / all } else { 0.0 },
            left: svd.U().subcols(0, rank).to_owned(),
            right: svd.V().subcols(0, rank).to_owned(),
        })
    }

    /// ‖Q†X‖²_F / rank, Q the right vectors of this operand and X the left ones of the next.
    fn meets(&self, next: &Top) -> f64 {
        (self.right.adjoint() * &next.left).squared_norm_l2() / self.right.ncols() as f64
    }
}

fn waves(
    network: &Network,
    transforms: &Transforms,
    index: usize,
    feature: usize,
    functions: &[&[f64]],
) -> Option<Waves> {
    let wave = |w: &&[f64]| transforms.wave(feature, w);
    let operands: Vec<Wave> = functions.iter().map(wave).collect::<Option<_>>()?;
    let readout = (network.classes == transforms.tokens)
        .then(|| transforms.wave(feature, network.outgoing(index)))
        .flatten();
    let sum: f64 = operands.iter().map(|w| w.phase).sum();
    Some(Waves {
        relation: readout.map(|out| turn(out.phase - sum)),
        operands,
        readout,
    })
}

/// An angle in (−π, π].
pub(crate) fn turn(angle: f64) -> f64 {
    let rest = angle.rem_euclid(TAU);
    if rest > PI { rest - TAU } else { rest }
}

fn mark_dead(nodes: &mut [Node]) {
    let mut norms: Vec<f64> = nodes.iter().map(|n| n.norm_in).collect();
    norms.sort_by(f64::total_cmp);
    let median = norms.get(norms.len() / 2).copied().unwrap_or(0.0);
    let squares: f64 = norms.iter().map(|n| n * n).sum();
    let floor = DEAD * median.max((squares / norms.len().max(1) as f64).sqrt());
    nodes.iter_mut().for_each(|n| n.dead = n.norm_in <= floor);
}

/// Gives duplicates the number of their group; returns how many groups there are.
fn mark_duplicates(network: &Network, nodes: &mut [Node]) -> usize {
    let features = nodes.iter().map(|n| n.feature).max().unwrap_or(0) + 1;
    let of_feature = |k: usize| -> Vec<usize> {
        let members = nodes.iter().filter(|n| !n.dead && n.feature == k);
        members.map(|n| n.index).collect()
    };
    // Nearly parallel weights have nearly the same shares, so the same dominant feature.
    let groups: Vec<Vec<Vec<usize>>> = (0..features)
        .into_par_iter()
        .map(|k| parallel(network, &of_feature(k)))
        .collect();
    let all = groups.concat();
    for (id, group) in all.iter().enumerate() {
        group.iter().for_each(|j| nodes[*j].duplicate = Some(id));
    }
    all.len()
}

/// Groups of at least two nodes; a node joins the first group whose first member it is parallel to.
fn parallel(network: &Network, members: &[usize]) -> Vec<Vec<usize>> {
    let unit = |j: &usize| -> Vec<f64> {
        let w: Vec<f64> = network
            .columns_of(*j)
            .flat_map(|c| network.incoming(c))
            .collect();
        let norm = w.iter().map(|x| x * x).sum::<f64>().sqrt();
        w.iter().map(|x| x / norm).collect()
    };
    let units: Vec<Vec<f64>> = members.iter().map(unit).collect();
    let cosine =
        |i: usize, j: usize| -> f64 { units[i].iter().zip(&units[j]).map(|(x, y)| x * y).sum() };
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for i in 0..members.len() {
        match groups
            .iter_mut()
            .find(|g| cosine(g[0], i).abs() > DUPLICATE)
        {
            Some(group) => group.push(i),
            None => groups.push(vec![i]),
        }
    }
    groups.retain(|g| g.len() > 1);
    groups
        .iter()
        .map(|g| g.iter().map(|i| members[*i]).collect())
        .collect()
}
