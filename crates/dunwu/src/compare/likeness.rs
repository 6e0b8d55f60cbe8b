//! How alike the networks at the end are.

use super::look::{look, numbers};
use crate::circuit::nodes_of;
use crate::error::Error;
use crate::lab::Lab;
use crate::microscope::group_of;
use dunwu_analysis::compare::{Representation, alike, overlap};
use dunwu_analysis::microscope::{Network, PURE, Transforms, coverage, nodes};
use dunwu_core::{Dataset, NamedTensor, Needs, Seed, Snapshot};
use dunwu_probe::Nodes;
use dunwu_report::{Covered, Likeness, Representations};
use dunwu_task::Features;

/// Rows that are compared at most.
const MOST_ROWS: usize = 2048;

/// A network at its end.
pub(super) struct Trained<'a> {
    /// Place and name of its side.
    pub side: (usize, &'a str),
    pub seed: u64,
    pub lab: &'a Lab<'a>,
    pub weights: Vec<NamedTensor>,
}

struct Seen<'a> {
    of: &'a Trained<'a>,
    representation: Representation,
}

/// How alike they are; `sides` is the number of sides with the control, which is the last. Err(sentence) where
/// that makes no sense.
pub(super) fn representations(
    trained: &[Trained<'_>],
    seeds: &[u64],
    sides: usize,
) -> Result<Result<Representations, String>, Error> {
    let Some(first) = trained.first() else {
        return Ok(Err("no network was kept".to_owned()));
    };
    let data = first.lab.dataset(first.seed)?;
    for other in trained {
        let rows = other.lab.dataset(first.seed)?;
        if (&rows.vocab, &rows.tokens) != (&data.vocab, &data.tokens) {
            let why = "the sides work on different rows, so that activations have nothing in common to be compared on";
            return Ok(Err(why.to_owned()));
        }
    }
    let rows = rows(&data, first.lab.plan.seed);
    let compared = rows.train.len();
    let (mut seen, mut left_out) = (Vec::new(), Vec::new());
    for of in trained {
        match represented(of, &rows)? {
            Some(representation) => seen.push(Seen { of, representation }),
            None => left_out.push((of.side.1.to_owned(), of.seed)),
        }
    }
    let whole: Vec<&Trained<'_>> = seen.iter().map(|s| s.of).collect();
    let (names, covered, no_features) = covered(&whole, &data);
    let pairs = pairs(seeds, sides);
    let find = |(side, seed): (usize, u64)| {
        seen.iter()
            .find(|s| s.of.side.0 == side && s.of.seed == seed)
    };
    let pairs = pairs.into_iter().filter_map(|(kind, a, b)| {
        let (a, b) = (find(a)?, find(b)?);
        let held = |s: &Seen<'_>| {
            covered
                .iter()
                .find(|c| c.side == s.of.side.1 && c.seed == s.of.seed)
        };
        let set = |c: &Covered| -> Vec<bool> { c.nodes.iter().map(|n| *n > 0).collect() };
        Some(Likeness {
            kind: kind.to_owned(),
            first: (a.of.side.1.to_owned(), a.of.seed),
            second: (b.of.side.1.to_owned(), b.of.seed),
            alike: alike(&a.representation, &b.representation),
            features: held(a).zip(held(b)).map(|(x, y)| overlap(&set(x), &set(y))),
        })
    });
    Ok(Ok(Representations {
        rows: compared,
        of_rows: data.len(),
        seeds: seeds.to_vec(),
        left_out,
        pairs: pairs.collect(),
        features: names,
        no_features,
        covered,
    }))
}

type Place = (usize, u64);

/// Which networks are compared: those of a seed, those of neighbouring seeds across sides, and within sides.
fn pairs(seeds: &[u64], sides: usize) -> Vec<(&'static str, Place, Place)> {
    let mut out = Vec::new();
    let next = |i: usize| seeds[(i + 1) % seeds.len()];
    for other in 1..sides {
        for (i, seed) in seeds.iter().enumerate() {
            out.push(("paired", (0, *seed), (other, *seed)));
            if seeds.len() > 1 {
                out.push(("across", (0, *seed), (other, next(i))));
            }
        }
    }
    for side in 0..sides {
        // Of two seeds there is one pair, of more a ring.
        let ring = if seeds.len() > 2 {
            seeds.len()
        } else {
            seeds.len() - 1
        };
        out.extend((0..ring).map(|i| ("within", (side, seeds[i]), (side, next(i)))));
    }
    out
}

/// Rows on which activations are compared, as rows that are trained on: all, or a sample.
fn rows(data: &Dataset, seed: u64) -> Dataset {
    let mut all: Vec<u32> = (0..data.len() as u32).collect();
    if all.len() > MOST_ROWS {
        Seed(seed).draws("compare rows").shuffle(&mut all);
        all.truncate(MOST_ROWS);
        all.sort_unstable();
    }
    Dataset {
        train: all,
        test: vec![],
        ..data.clone()
    }
}

fn represented(of: &Trained<'_>, rows: &Dataset) -> Result<Option<Representation>, Error> {
    let finite = |t: &NamedTensor| t.view().to_f64().iter().all(|x| x.is_finite());
    if of.weights.is_empty() || !of.weights.iter().all(finite) {
        return Ok(None);
    }
    let needs = Needs {
        features: true,
        ..Needs::NONE
    };
    let seen = look(of.lab.plan, rows, of.seed, Some(&of.weights), needs)?;
    Ok(numbers(&seen, "features")
        .and_then(|(values, columns)| Representation::new(&values, columns)))
}

/// Names of the features, the nodes that hold each, and why there are none.
fn covered(
    trained: &[&Trained<'_>],
    data: &Dataset,
) -> (Vec<String>, Vec<Covered>, Option<String>) {
    let Some(first) = trained.first() else {
        return (vec![], vec![], Some("no network is finite".to_owned()));
    };
    let Some(features) = &first.lab.features else {
        let why = first.lab.no_features.clone();
        return (vec![], vec![], why);
    };
    let transforms = Transforms::of(group_of(&first.lab.task).as_ref(), features);
    let one = |of: &Trained<'_>| -> Result<Covered, String> {
        let nodes = match &of.lab.plan.transformer {
            Some(_) => held(of, data, features)?,
            None => {
                let snapshot = Snapshot::of(0, &of.weights);
                let network = Network::read(&snapshot, data, of.lab.plan)?;
                let held = coverage(&nodes(&network, features, &transforms)?);
                held.features.iter().map(|f| f.nodes).collect()
            }
        };
        Ok(Covered {
            side: of.side.1.to_owned(),
            seed: of.seed,
            nodes,
        })
    };
    match trained
        .iter()
        .map(|t| one(t))
        .collect::<Result<Vec<_>, _>>()
    {
        Ok(covered) => (features.names[1..].to_vec(), covered, None),
        Err(why) => (vec![], vec![], Some(why)),
    }
}

/// Live hidden nodes of a transformer of which each feature but the constant one is at least half, over the table.
fn held(of: &Trained<'_>, data: &Dataset, features: &Features) -> Result<Vec<usize>, String> {
    let needs = Needs {
        table: true,
        ..Needs::NONE
    };
    let seen = look(of.lab.plan, data, of.seed, Some(&of.weights), needs);
    let seen = seen.map_err(|e| e.to_string())?;
    let layers = nodes_of(&Snapshot::of(0, &seen), data, features);
    if layers.is_empty() {
        let why = "of a transformer they are told of hidden nodes (mlp_width above 0) over the whole table of two operands";
        return Err(why.to_owned());
    }
    let of_feature = |k: usize| {
        let pure = |n: &Nodes| n.pure(PURE).filter(|j| n.best[*j] == k).count();
        layers.iter().map(|(_, n)| pure(n)).sum()
    };
    Ok((1..features.len()).map(of_feature).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_compared_once() {
        let found = pairs(&[4, 5, 6], 3);
        let count = |kind: &str| found.iter().filter(|p| p.0 == kind).count();
        assert_eq!(
            [count("paired"), count("across"), count("within")],
            [6, 6, 9]
        );
        assert!(
            found
                .iter()
                .enumerate()
                .all(|(i, p)| !found[..i].contains(p))
        );
        let two = pairs(&[4, 5], 2);
        assert_eq!(two.iter().filter(|p| p.0 == "within").count(), 2);
    }
}
