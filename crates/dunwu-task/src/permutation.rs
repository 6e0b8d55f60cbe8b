//! Groups of permutations.

use crate::error::TaskError;
use crate::group::{Group, MOST};
use std::collections::BTreeMap;

/// Images of 0, 1, …
type Permutation = Vec<u8>;

/// S_n or, with `even`, A_n, elements in lexicographic order; (gh)(i) = g(h(i)).
pub(crate) fn symmetric(name: &str, n: usize, even: bool) -> Group {
    let mut all = vec![Vec::new()];
    for _ in 0..n {
        let longer = |p: &Permutation| -> Vec<Permutation> {
            let free = (0..n as u8).filter(|i| !p.contains(i));
            free.map(|i| [p.as_slice(), &[i]].concat()).collect()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all.retain(|p| !even || inversions(p).is_multiple_of(2));
    of_permutations(name, all)
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
    let elements = all.iter().map(|p| cycles(p)).collect();
    Group::new(name.to_owned(), elements, |a, b| {
        index[compose(&all[a], &all[b]).as_slice()]
    })
}

/// Cycle notation, points from 1.
fn cycles(p: &[u8]) -> String {
    let mut seen = vec![false; p.len()];
    let mut out = String::new();
    for start in 0..p.len() {
        if seen[start] || p[start] as usize == start {
            continue;
        }
        let (mut points, mut at) = (Vec::new(), start);
        while !seen[at] {
            seen[at] = true;
            points.push((at + 1).to_string());
            at = p[at] as usize;
        }
        out += &format!("({})", points.join(" "));
    }
    if out.is_empty() { "()".to_owned() } else { out }
}

/// The group that permutations in cycle notation generate, such as `(1 2 3)(4 5),(1 2)`.
pub(crate) fn closure(name: &str, text: &str) -> Result<Group, TaskError> {
    let written: Vec<Vec<Vec<usize>>> = text
        .split(',')
        .map(|word| parse_cycles(name, word))
        .collect::<Result<_, _>>()?;
    let points = written
        .iter()
        .flatten()
        .flatten()
        .max()
        .copied()
        .unwrap_or(0);
    let identity: Permutation = (0..points as u8).collect();
    let generators: Vec<Permutation> = written
        .iter()
        .map(|cycles| {
            cycles.iter().fold(identity.clone(), |p, cycle| {
                compose(&p, &one_cycle(&identity, cycle))
            })
        })
        .collect();
    let mut all = vec![identity];
    let mut known: BTreeMap<Permutation, ()> = all.iter().map(|p| (p.clone(), ())).collect();
    let mut next = 0;
    while next < all.len() {
        for g in &generators {
            let p = compose(g, &all[next]);
            if known.insert(p.clone(), ()).is_none() {
                all.push(p);
            }
        }
        if all.len() > MOST {
            return Err(TaskError::value(
                name,
                format!("generates more than {MOST} permutations, the largest table"),
            ));
        }
        next += 1;
    }
    all.sort();
    Ok(of_permutations(name, all))
}

fn one_cycle(identity: &[u8], cycle: &[usize]) -> Permutation {
    let mut p = identity.to_vec();
    for (i, from) in cycle.iter().enumerate() {
        p[from - 1] = (cycle[(i + 1) % cycle.len()] - 1) as u8;
    }
    p
}

fn parse_cycles(name: &str, word: &str) -> Result<Vec<Vec<usize>>, TaskError> {
    let bad = |why: &str| {
        TaskError::value(
            name,
            format!("has the generator `{word}`, which {why}; write (1 2 3)(4 5)"),
        )
    };
    let inner = word
        .trim()
        .strip_prefix('(')
        .and_then(|w| w.strip_suffix(')'))
        .ok_or_else(|| bad("is not in parentheses"))?;
    let mut seen = Vec::new();
    let mut out = Vec::new();
    for cycle in inner.split(")(") {
        let points: Result<Vec<usize>, _> = cycle.split_whitespace().map(str::parse).collect();
        let points = points.map_err(|_| bad("has a point that is no number"))?;
        for point in &points {
            if !(1..=64).contains(point) || seen.contains(point) {
                return Err(bad("names a point twice, or one outside 1 to 64"));
            }
            seen.push(*point);
        }
        out.push(points);
    }
    Ok(out)
}
