//! Groups of permutations.

use crate::error::TaskError;
use crate::group::{Family, Group, MOST, check_order};
use std::collections::BTreeMap;

/// Images of 0, 1, …
type Permutation = Vec<u8>;

/// Largest point of a permutation in cycle notation.
const POINTS: usize = 64;

/// S_n, or A_n if `even`; elements in lexicographic order; (gh)(i) = g(h(i)).
pub(crate) fn symmetric(name: &str, n: usize, even: bool) -> Result<Group, TaskError> {
    let factorial = (1..=n).try_fold(1usize, |f, i| f.checked_mul(i));
    check_order(
        name,
        if even {
            factorial.map(|f| f.div_ceil(2))
        } else {
            factorial
        },
    )?;
    let mut all: Vec<Permutation> = vec![Vec::new()];
    for _ in 0..n {
        all = all.iter().flat_map(|p| longer(p, n)).collect();
    }
    all.retain(|p| !even || inversions(p).is_multiple_of(2));
    let cycle_types = all.iter().map(|p| cycle_type(p)).collect();
    Ok(of_permutations(name, all).with_family(Family::Permutations { cycle_types }))
}

/// The arrangements with one more of n points.
fn longer(p: &[u8], n: usize) -> Vec<Permutation> {
    let free = (0..n as u8).filter(|i| !p.contains(i));
    free.map(|i| [p, &[i]].concat()).collect()
}

fn inversions(p: &[u8]) -> usize {
    (0..p.len())
        .map(|i| (0..i).filter(|j| p[*j] > p[i]).count())
        .sum()
}

fn compose(g: &[u8], h: &[u8]) -> Permutation {
    h.iter().map(|i| g[*i as usize]).collect()
}

fn of_permutations(name: &str, all: Vec<Permutation>) -> Group {
    let index: BTreeMap<&[u8], usize> = all
        .iter()
        .enumerate()
        .map(|(i, p)| (p.as_slice(), i))
        .collect();
    let elements = all.iter().map(|p| written(p)).collect();
    Group::new(name, elements, |a, b| {
        index[compose(&all[a], &all[b]).as_slice()]
    })
}

/// The cycles, fixed points included, each from its smallest point.
fn cycles(p: &[u8]) -> Vec<Vec<usize>> {
    let mut seen = vec![false; p.len()];
    let mut out = Vec::new();
    for start in 0..p.len() {
        let (mut cycle, mut at) = (Vec::new(), start);
        while !std::mem::replace(&mut seen[at], true) {
            cycle.push(at);
            at = p[at] as usize;
        }
        if !cycle.is_empty() {
            out.push(cycle);
        }
    }
    out
}

fn cycle_type(p: &[u8]) -> Vec<usize> {
    let mut lengths: Vec<usize> = cycles(p).iter().map(Vec::len).collect();
    lengths.sort_unstable_by(|a, b| b.cmp(a));
    lengths
}

/// Cycle notation, points from 1.
fn written(p: &[u8]) -> String {
    let cycle = |points: Vec<usize>| {
        let words: Vec<String> = points.iter().map(|i| (i + 1).to_string()).collect();
        format!("({})", words.join(" "))
    };
    let text: String = cycles(p)
        .into_iter()
        .filter(|c| c.len() > 1)
        .map(cycle)
        .collect();
    if text.is_empty() {
        "()".to_owned()
    } else {
        text
    }
}

/// The group that permutations in cycle notation generate, such as `(1 2 3)(4 5),(1 2)`.
///
/// Cycles of one generator are multiplied from the right, as (gh)(i) = g(h(i)) has it.
pub(crate) fn closure(name: &str, text: &str) -> Result<Group, TaskError> {
    let generators: Vec<Vec<Vec<usize>>> = text
        .split(',')
        .map(|word| parse_cycles(name, word))
        .collect::<Result<_, _>>()?;
    let points = generators
        .iter()
        .flatten()
        .flatten()
        .max()
        .copied()
        .unwrap_or(0);
    let identity: Permutation = (0..points as u8).collect();
    let permutation = |cycles: &Vec<Vec<usize>>| {
        cycles.iter().fold(identity.clone(), |p, c| {
            compose(&p, &one_cycle(&identity, c))
        })
    };
    let generators: Vec<Permutation> = generators.iter().map(permutation).collect();
    let mut all = vec![identity.clone()];
    let mut known = std::collections::BTreeSet::from([identity]);
    let mut next = 0;
    while next < all.len() {
        for g in &generators {
            let p = compose(g, &all[next]);
            if known.insert(p.clone()) {
                all.push(p);
            }
        }
        if all.len() > MOST {
            let why = format!("generates more than {MOST} permutations; tables go up to {MOST}");
            return Err(TaskError::value(name, why));
        }
        next += 1;
    }
    Ok(of_permutations(name, known.into_iter().collect()))
}

fn one_cycle(identity: &[u8], cycle: &[usize]) -> Permutation {
    let mut p = identity.to_vec();
    for (i, from) in cycle.iter().enumerate() {
        p[from - 1] = (cycle[(i + 1) % cycle.len()] - 1) as u8;
    }
    p
}

fn parse_cycles(name: &str, word: &str) -> Result<Vec<Vec<usize>>, TaskError> {
    let bad = |why: String| {
        let why = format!(
            "has the generator `{}`, which {why}; write (1 2 3)(4 5)",
            word.trim()
        );
        TaskError::value(name, why)
    };
    let inner = word
        .trim()
        .strip_prefix('(')
        .and_then(|w| w.strip_suffix(')'));
    let inner = inner.ok_or_else(|| bad("is not in parentheses".into()))?;
    let mut out = Vec::new();
    for cycle in inner.split(')').map(|c| c.trim().trim_start_matches('(')) {
        let mut points = Vec::new();
        for text in cycle.split_whitespace() {
            let point = text
                .parse()
                .map_err(|_| bad(format!("has `{text}` for a point")))?;
            if !(1..=POINTS).contains(&point) {
                return Err(bad(format!(
                    "moves the point {point}; points go from 1 to {POINTS}"
                )));
            }
            if points.contains(&point) {
                return Err(bad(format!("names a point twice in a cycle: {point}")));
            }
            points.push(point);
        }
        out.push(points);
    }
    Ok(out)
}
