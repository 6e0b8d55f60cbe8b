//! Names of irreducible representations that a person knows.

use crate::abelian::powers;
use crate::exact::roots;
use crate::group::{Family, Group};
use crate::irreps::{Irrep, Kind};
use crate::number::gcd;
use crate::symmetric::{character, conjugate, partitions};
use faer::c64;
use std::collections::BTreeMap;
use std::f64::consts::TAU;

/// Names the representations of a group that does not commute.
///
/// Of S_n and A_n by partitions, with `trivial`, `sign`, `standard`, `standard⊗sign`; of groups with a
/// cyclic normal subgroup by the frequency `k` on it and, where that does not tell, `j` on the rest;
/// of SL(2, q) by series; of Heisenberg groups by the frequency `k` on the centre and `(i,j)`; of
/// others by dimension and a running number. Those that share a name get letters.
pub(crate) fn assign(group: &Group, irreps: &mut [Irrep]) {
    let names = match group.family() {
        Family::Permutations { cycle_types } => by_partition(group, cycle_types, irreps),
        Family::Metacyclic { a, b } => by_frequency(group, *a, *b, irreps),
        Family::SpecialLinear {
            q,
            split,
            unipotent,
        } => by_series(group, *q, *split, *unipotent, irreps),
        Family::Heisenberg { n } => by_centre(*n, irreps),
        Family::Cyclic | Family::Product(_) | Family::Plain => by_dimension(irreps),
    };
    for (irrep, name) in irreps.iter_mut().zip(lettered(names)) {
        irrep.name = name;
    }
}

fn is_trivial(irrep: &Irrep) -> bool {
    irrep.character.iter().all(|z| *z == (1.0, 0.0))
}

/// Adds a, b, … to names that occur more than once.
fn lettered(names: Vec<String>) -> Vec<String> {
    let mut counts: BTreeMap<&str, (usize, u8)> = BTreeMap::new();
    names
        .iter()
        .for_each(|name| counts.entry(name).or_default().0 += 1);
    let mut out = Vec::with_capacity(names.len());
    for name in &names {
        let (count, used) = counts.get_mut(name.as_str()).expect("just counted");
        if *count == 1 {
            out.push(name.clone());
        } else if *count <= 26 {
            let space = if name.ends_with(char::is_alphabetic) {
                " "
            } else {
                ""
            };
            out.push(format!("{name}{space}{}", char::from(b'a' + *used)));
            *used += 1;
        } else {
            *used = used.wrapping_add(1);
            out.push(format!("{name} #{}", out.len() + 1));
        }
    }
    out
}

/// The partition whose character, restricted to the group, holds the representation.
fn by_partition(group: &Group, cycle_types: &[Vec<usize>], irreps: &[Irrep]) -> Vec<String> {
    let n = cycle_types[0].iter().sum();
    let is_alternating = irreps.iter().filter(|irrep| irrep.dim == 1).count() != 2;
    let mut sizes: BTreeMap<&[usize], Vec<usize>> = BTreeMap::new();
    for (g, cycles) in cycle_types.iter().enumerate() {
        sizes.entry(cycles).or_default().push(g);
    }
    let holds = |irrep: &Irrep, partition: &[usize]| {
        let class = |(cycles, members): (&&[usize], &Vec<usize>)| {
            let sum: f64 = members.iter().map(|g| irrep.character[*g].0).sum();
            character(partition, cycles) as f64 * sum
        };
        sizes.iter().map(class).sum::<f64>() > 0.5 * group.order() as f64
    };
    // On even permutations a partition and its mirror image are the same.
    let all: Vec<Vec<usize>> = partitions(n)
        .into_iter()
        .filter(|p| !is_alternating || *p >= conjugate(p))
        .collect();
    let of = |irrep: &Irrep| {
        let partition = all.iter().find(|p| holds(irrep, p));
        partition_name(partition.expect("restrictions hold every representation"))
    };
    irreps.iter().map(of).collect()
}

fn partition_name(partition: &[usize]) -> String {
    let n: usize = partition.iter().sum();
    let words: Vec<String> = partition.iter().map(usize::to_string).collect();
    match partition {
        [_] => "trivial".to_owned(),
        [first, 1] if *first == n - 1 && n > 2 => "standard".to_owned(),
        parts if parts.len() == n => "sign".to_owned(),
        [2, rest @ ..] if rest.len() == n - 2 => "standard⊗sign".to_owned(),
        _ => format!("[{}]", words.join(",")),
    }
}

/// The smallest frequency k on the powers of `a`; where that is 0 or several share it, j on those of `b`.
fn by_frequency(group: &Group, a: usize, b: usize, irreps: &[Irrep]) -> Vec<String> {
    let (rotations, turns) = (powers(group, a), powers(group, b));
    let roots = roots(rotations.len());
    let of = |irrep: &Irrep| frequency(irrep, &rotations, &roots);
    let all: Vec<usize> = irreps.iter().map(of).collect();
    let of = |(irrep, k): (&Irrep, &usize)| {
        // Where b moves the frequencies in orbits of d, its power d keeps each: a multiple of 1.
        let scalar = irrep.character[turns[irrep.dim % turns.len()]];
        let j = turn(scalar, turns.len()) / irrep.dim;
        match k {
            0 if is_trivial(irrep) => "trivial".to_owned(),
            0 if irrep.kind == Kind::Real => "sign".to_owned(),
            0 => format!("j={j}"),
            _ if all.iter().filter(|other| *other == k).count() > 1 => format!("k={k} j={j}"),
            _ => format!("k={k}"),
        }
    };
    irreps.iter().zip(&all).map(of).collect()
}

/// The j of 0, …, n − 1 for which z has the angle 2πj/n.
fn turn(z: (f64, f64), n: usize) -> usize {
    let j = z.1.atan2(z.0) / TAU * n as f64;
    (j.round() as i64).rem_euclid(n as i64) as usize
}

/// The smallest k that χ(aⁱ) holds.
fn frequency(irrep: &Irrep, rotations: &[usize], roots: &[c64]) -> usize {
    let n = rotations.len();
    let share = |k: usize| -> f64 {
        let term = |(i, g): (usize, &usize)| {
            let root = roots[i * k % n];
            irrep.character[*g].0 * root.re + irrep.character[*g].1 * root.im
        };
        rotations.iter().enumerate().map(term).sum()
    };
    (0..n)
        .find(|k| share(*k) > 0.5 * n as f64)
        .expect("a restriction holds some frequency")
}

/// `Steinberg`, `principal k=…`, `discrete k=…` and the halves of a principal and a discrete one, told
/// apart by the value at a unipotent element; k is the frequency on the torus that induces it.
fn by_series(
    group: &Group,
    q: usize,
    split: usize,
    unipotent: usize,
    irreps: &[Irrep],
) -> Vec<String> {
    let is_other_torus = |g: &usize| powers(group, *g).len() == q + 1;
    let other = (0..group.order()).find(is_other_torus);
    let other = other.expect("SL(2, q) has cyclic subgroups of order q + 1");
    // 2cos(2πk/n) of a torus of order n.
    let k = |value: f64, n: usize| ((value / 2.0).acos() / TAU * n as f64).round();
    let of = |irrep: &Irrep| match irrep.character[unipotent] {
        _ if is_trivial(irrep) => "trivial".to_owned(),
        _ if irrep.dim == 1 && irrep.kind == Kind::Real => "sign".to_owned(),
        (0.0, 0.0) => "Steinberg".to_owned(),
        (1.0, 0.0) => format!("principal k={}", k(irrep.character[split].0, q - 1)),
        (-1.0, 0.0) => format!("discrete k={}", k(-irrep.character[other].0, q + 1)),
        _ if 2 * irrep.dim > q => "half principal".to_owned(),
        _ => "half discrete".to_owned(),
    };
    irreps.iter().map(of).collect()
}

/// The frequency k on the centre [0 0 c]; and (i, j), those on the [a 0 0] and [0 b 0] that are scalar.
fn by_centre(n: usize, irreps: &[Irrep]) -> Vec<String> {
    let of = |irrep: &Irrep| {
        let k = turn(irrep.character[1], n);
        // With n/g beside the diagonal, commutators lie where the centre acts by 1.
        let g = gcd(k, n);
        let (first, second) = (n / g % n * n * n, n / g % n * n);
        let [i, j] = [first, second].map(|h| turn(irrep.character[h], g));
        match (k, g) {
            _ if is_trivial(irrep) => "trivial".to_owned(),
            (0, _) => format!("({i},{j})"),
            (_, 1) => format!("k={k}"),
            _ => format!("k={k} ({i},{j})"),
        }
    };
    irreps.iter().map(of).collect()
}

fn by_dimension(irreps: &[Irrep]) -> Vec<String> {
    let is_sign = |irrep: &&Irrep| irrep.dim == 1 && irrep.kind == Kind::Real && !is_trivial(irrep);
    let one_sign = irreps.iter().filter(is_sign).count() == 1;
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    let mut of = |irrep: &Irrep| {
        if is_trivial(irrep) {
            return "trivial".to_owned();
        }
        if one_sign && is_sign(&irrep) {
            return "sign".to_owned();
        }
        let number = counts.entry(irrep.dim).and_modify(|n| *n += 1).or_insert(1);
        format!("d={} #{number}", irrep.dim)
    };
    irreps.iter().map(&mut of).collect()
}
