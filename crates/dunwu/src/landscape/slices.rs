//! The ground between two peaks: a map, and walks on ever more of the table.

use super::{EACH_FEATURE, Landscape, LandscapeSpec, Work, memorising, workers};
use crate::error::Error;
use dunwu_analysis::landscape::{
    Level, Nature, Problem, Summit, feature_maxima, search, search_from,
};
use dunwu_core::Seed;
use dunwu_report::{End, Slice, SliceMap, Walk};
use dunwu_task::Features;
use rayon::prelude::*;

/// Degrees beyond the peaks, and away from the way between them.
const BEYOND: f64 = 40.0;
const AWAY: f64 = 50.0;
/// Degrees between neighbours of the map, and points of a walk.
const STEP: f64 = 2.5;
const POINTS: usize = 121;
/// The walks below and above the crossing keep this share of the table less or more than at it.
const APART: f64 = 0.2;

/// The slice that explains a landscape; None where there are not two peaks to go between.
///
/// # Errors
/// Those of [`super::landscape`].
pub(crate) fn slice(spec: &LandscapeSpec, found: &Landscape) -> Result<Option<Slice>, Error> {
    if spec.data.is_some() {
        return Ok(None);
    }
    let plan = spec.plan()?;
    workers(&plan)?.install(|| {
        let work = Work::new(spec, &plan)?;
        match &work.features {
            Ok(features) if found.sampled => sampled(&work, features, found),
            _ => {
                let unit = work.data.classes as f64;
                let problem = work.problem(&work.data)?;
                Ok(of_everything(problem, unit, plan.seed, found))
            }
        }
    })
}

/// Two points of the sphere and how high the ground is there.
struct Pair {
    problem: Problem,
    scale: f64,
    kept: f64,
    nodes: [Vec<f64>; 2],
    ends: [End; 2],
}

/// Between a peak that memorises and one that generalises.
fn sampled(
    work: &Work<'_>,
    features: &Features,
    found: &Landscape,
) -> Result<Option<Slice>, Error> {
    let crosses = |b: &&super::Border| b.crossing.iter().any(Option::is_some);
    let border = found.borders.iter().find(crosses);
    let Some(border) = border.or(found.borders.first()) else {
        return Ok(None);
    };
    let first = border.crossing.iter().position(Option::is_some);
    let seed = work.plan.seed + first.unwrap_or(0) as u64;
    let at = first.and_then(|i| border.crossing[i]);
    let full = work.problem(&work.data)?;
    let maxima = feature_maxima(&full, features, EACH_FEATURE, work.plan.seed);
    let mut pairs = Vec::new();
    for share in shares(work.spec, at) {
        let data = work.split(share, seed)?;
        let (problem, scale, _) = work.energy(&border.energy, &data, seed)?;
        let climbs = Climbs {
            problem: &problem,
            features,
            seed,
            random: work.spec.starts.div_ceil(5),
        };
        let to: Vec<Vec<f64>> = maxima.iter().map(|(_, w)| w.clone()).collect();
        let ends = climbs
            .end(&memorising(&data, seed), false)
            .zip(climbs.end(&to, true));
        let Some((from, to)) = ends else { continue };
        let kept = data.train.len() as f64 / work.data.len() as f64;
        pairs.push(pair(problem, scale, kept, from, to));
    }
    Ok(drawn(&border.energy, seed, &pairs))
}

/// Shares of the table for three walks: below, at and above the crossing, or over the range asked for.
fn shares(spec: &LandscapeSpec, crossing: Option<f64>) -> Vec<f64> {
    let all = spec.fractions.clone().unwrap_or_default();
    let mut shares = match (crossing, all.as_slice()) {
        (Some(p), _) => vec![(1.0 - APART) * p, p, ((1.0 + APART) * p).min(1.0)],
        (None, [a, .., b]) => vec![*a, all[all.len() / 2], *b],
        (None, few) => few.to_vec(),
    };
    shares.dedup();
    shares
}

/// Between the highest peak of all rows and the one that most starts find beside it.
fn of_everything(problem: Problem, unit: f64, seed: u64, found: &Landscape) -> Option<Slice> {
    let top = found.levels.first()?;
    let other = |l: &(usize, &Level)| l.1.feature.is_none() || l.1.feature != top.feature;
    let others = found.levels.iter().enumerate().skip(1).filter(other);
    let (rank, other) = others.max_by_key(|(_, l)| l.count)?;
    let node = |rank: usize, level: &Level| Node {
        name: peak_name(found, rank, level).unwrap_or_else(|| "mixed".into()),
        w: level.w.clone(),
        generalises: true,
        is_peak: true,
    };
    let ends = (node(rank, other), node(0, top));
    drawn(
        "raw",
        seed,
        &[pair(problem, 1.0 / unit, 1.0, ends.0, ends.1)],
    )
}

/// The feature of a family; where no feature is known, its place among all.
pub(crate) fn peak_name(found: &Landscape, rank: usize, level: &Level) -> Option<String> {
    let numbered = found.no_features.is_some();
    level
        .irrep
        .clone()
        .or_else(|| numbered.then(|| format!("peak {}", rank + 1)))
}

/// A point and what it is.
struct Node {
    name: String,
    w: Vec<f64>,
    generalises: bool,
    is_peak: bool,
}

struct Climbs<'a> {
    problem: &'a Problem,
    features: &'a Features,
    seed: u64,
    random: usize,
}

impl Climbs<'_> {
    /// The highest peak of one kind; without one, the highest of the starts.
    fn end(&self, starts: &[Vec<f64>], generalises: bool) -> Option<Node> {
        let mut summits = search_from(self.problem, starts, self.seed);
        summits.extend(search(self.problem, self.random, self.seed));
        let of_kind = |s: &&Summit| {
            s.converged
                && s.energy > 0.0
                && Nature::of(&s.w, self.features).generalises() == generalises
        };
        let best = summits.iter().filter(of_kind);
        if let Some(best) = best.max_by(|a, b| a.energy.total_cmp(&b.energy)) {
            return Some(self.node(best.w.clone(), true));
        }
        let heights = starts.iter().map(|w| {
            let norm = w.iter().map(|x| x * x).sum::<f64>().sqrt();
            let w: Vec<f64> = w.iter().map(|x| x / norm).collect();
            (self.problem.energy(&w), w)
        });
        let best = heights.max_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(self.node(best.1, false))
    }

    fn node(&self, w: Vec<f64>, is_peak: bool) -> Node {
        let nature = Nature::of(&w, self.features);
        let name = match nature {
            Nature::Feature(k) => self.features.names[k].clone(),
            Nature::Token => "token".into(),
            Nature::Pair => "pair".into(),
            Nature::Spread => "spread".into(),
        };
        Node {
            name,
            w,
            generalises: nature.generalises(),
            is_peak,
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The two ends with heights and places; the second is turned round where the energy does not change by that
/// and the way becomes shorter.
fn pair(problem: Problem, scale: f64, kept: f64, from: Node, mut to: Node) -> Pair {
    let back: Vec<f64> = to.w.iter().map(|x| -x).collect();
    let (there, opposite) = (problem.energy(&to.w), problem.energy(&back));
    if dot(&from.w, &to.w) < 0.0 && (there - opposite).abs() <= 1e-9 * there.abs() {
        to.w = back;
    }
    let angle = libm::acos(dot(&from.w, &to.w).clamp(-1.0, 1.0)).to_degrees();
    let end = |node: &Node, angle| End {
        name: node.name.clone(),
        generalises: node.generalises,
        is_peak: node.is_peak,
        angle,
        height: problem.energy(&node.w) * scale,
    };
    let ends = [end(&from, 0.0), end(&to, angle)];
    Pair {
        problem,
        scale,
        kept,
        nodes: [from.w, to.w],
        ends,
    }
}

fn drawn(energy: &str, seed: u64, pairs: &[Pair]) -> Option<Slice> {
    let usable: Vec<&Pair> = pairs.iter().filter(|p| p.ends[1].angle > 1.0).collect();
    let middle = usable.get(usable.len() / 2)?;
    Some(Slice {
        energy: energy.to_owned(),
        seed,
        map: middle.map(seed),
        walks: usable.iter().map(|p| p.walk()).collect(),
    })
}

impl Pair {
    /// Three directions at right angles: the first peak, the way to the second, and a random one.
    fn frame(&self, seed: u64) -> [Vec<f64>; 3] {
        let [from, to] = &self.nodes;
        let mut draws = Seed(seed).draws("slice");
        let third = from.iter().map(|_| draws.normal()).collect();
        let mut frame = [from.clone(), to.clone(), third];
        for i in 0..3 {
            // Twice, since a random direction may nearly lie in the plane of the others.
            for _ in 0..2 {
                for j in 0..i {
                    let part = dot(&frame[i], &frame[j]);
                    let other = frame[j].clone();
                    frame[i]
                        .iter_mut()
                        .zip(other)
                        .for_each(|(x, y)| *x -= part * y);
                }
            }
            let norm = dot(&frame[i], &frame[i]).sqrt().max(f64::MIN_POSITIVE);
            frame[i].iter_mut().for_each(|x| *x /= norm);
        }
        frame
    }

    /// The height at two angles in degrees.
    fn height(&self, frame: &[Vec<f64>; 3], along: f64, away: f64) -> f64 {
        let (along, away) = (along.to_radians(), away.to_radians());
        let factors = [
            libm::cos(away) * libm::cos(along),
            libm::cos(away) * libm::sin(along),
            libm::sin(away),
        ];
        let mut w = vec![0.0; frame[0].len()];
        for (factor, direction) in factors.iter().zip(frame) {
            w.iter_mut()
                .zip(direction)
                .for_each(|(x, d)| *x += factor * d);
        }
        rounded(self.problem.energy(&w) * self.scale)
    }

    fn edges(&self) -> (f64, f64) {
        (-BEYOND, self.ends[1].angle + BEYOND)
    }

    fn map(&self, seed: u64) -> SliceMap {
        let frame = self.frame(seed);
        let along = even(self.edges(), STEP);
        let away = even((-AWAY, AWAY), STEP);
        let places: Vec<(f64, f64)> = away
            .iter()
            .flat_map(|y| along.iter().map(|x| (*x, *y)))
            .collect();
        let height = |(x, y): &(f64, f64)| self.height(&frame, *x, *y);
        SliceMap {
            kept: self.kept,
            ends: self.ends.clone(),
            heights: places.par_iter().map(height).collect(),
            along,
            away,
        }
    }

    fn walk(&self) -> Walk {
        let frame = self.frame(0);
        let (from, to) = self.edges();
        let angles = even((from, to), (to - from) / (POINTS - 1) as f64);
        let height = |x: &f64| (*x, self.height(&frame, *x, 0.0));
        Walk {
            kept: self.kept,
            ends: self.ends.clone(),
            points: angles.par_iter().map(height).collect(),
        }
    }
}

/// Numbers from one edge to the other, about a step apart.
fn even((from, to): (f64, f64), step: f64) -> Vec<f64> {
    let count = ((to - from) / step).round().max(1.0) as usize;
    (0..=count)
        .map(|i| rounded(from + (to - from) * i as f64 / count as f64))
        .collect()
}

/// To six significant digits: what a picture can show.
fn rounded(x: f64) -> f64 {
    format!("{x:.5e}")
        .parse()
        .expect("a formatted number is a number")
}
