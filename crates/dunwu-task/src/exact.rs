//! Characters as the sums of roots of unity that they are.

use crate::abelian::powers;
use crate::group::Group;
use crate::irreps::{Character, snap};
use faer::c64;
use std::f64::consts::TAU;

/// Multiplicities further than this from whole numbers are no multiplicities.
const WHOLE: f64 = 1e-6;

/// Cyclic subgroups that meet every conjugacy class.
pub(crate) struct Cycles {
    /// By element.
    class: Vec<usize>,
    /// The powers of one element each.
    cycles: Vec<Vec<usize>>,
}

impl Cycles {
    /// Those of the group, its classes being given by element, largest subgroups first.
    pub(crate) fn of(group: &Group, class: &[usize], first: &[usize]) -> Self {
        let mut all: Vec<Vec<usize>> = first.iter().map(|g| powers(group, *g)).collect();
        all.sort_by_key(|cycle| std::cmp::Reverse(cycle.len()));
        let mut is_met = vec![false; first.len()];
        all.retain(|cycle| {
            let news = cycle.iter().filter(|g| !is_met[class[**g]]).count();
            cycle.iter().for_each(|g| is_met[class[*g]] = true);
            news > 0
        });
        Self {
            class: class.to_vec(),
            cycles: all,
        }
    }

    /// The character, by element, whose values by class are known to about 1e-9; None if there is none.
    ///
    /// On the powers of g, of order n, χ(gⁱ) = Σ_j m_j exp(2πi ij/n). The m_j are whole: rounded, they
    /// give the values anew, as sums of cosines and sines of exact fractions of a turn, and as exact
    /// numbers where those are whole or half whole.
    pub(crate) fn character(&self, values: &[c64]) -> Option<Character> {
        let mut exact: Vec<Option<(f64, f64)>> = vec![None; values.len()];
        for cycle in &self.cycles {
            let on_cycle: Vec<c64> = cycle.iter().map(|g| values[self.class[*g]]).collect();
            let roots = roots(cycle.len());
            let counts = multiplicities(&on_cycle, &roots)?;
            for (i, g) in cycle.iter().enumerate() {
                exact[self.class[*g]].get_or_insert_with(|| sum(&counts, &roots, i));
            }
        }
        self.class.iter().map(|c| exact[*c]).collect()
    }
}

/// exp(2πi j/n), j = 0, …, n − 1.
pub(crate) fn roots(n: usize) -> Vec<c64> {
    let root = |j: usize| (TAU * j as f64 / n as f64).sin_cos();
    let roots = (0..n).map(root);
    roots.map(|(sin, cos)| c64::new(cos, sin)).collect()
}

/// The pairs (j, m_j) with m_j ≠ 0; None if some m_j is no whole number.
fn multiplicities(values: &[c64], roots: &[c64]) -> Option<Vec<(usize, f64)>> {
    let n = values.len();
    let mut out = Vec::new();
    for j in 0..n {
        let mut m = 0.0;
        for (i, value) in values.iter().enumerate() {
            let root = roots[i * j % n];
            m += (value.re * root.re + value.im * root.im) / n as f64;
        }
        if (m - m.round()).abs() > WHOLE {
            return None;
        }
        if m.round() != 0.0 {
            out.push((j, m.round()));
        }
    }
    Some(out)
}

/// Σ_j m_j exp(2πi ij/n).
fn sum(counts: &[(usize, f64)], roots: &[c64], i: usize) -> (f64, f64) {
    let terms = counts.iter().map(|(j, m)| roots[i * j % roots.len()] * m);
    let sum: c64 = terms.sum();
    (snap(sum.re), snap(sum.im))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    /// Classes of A5 by first elements: 1, (3 4 5), (2 3)(4 5), and two of five-cycles.
    fn cycles() -> (Group, Vec<usize>, Cycles) {
        let group = parse::group("A5").unwrap();
        let class = group.conjugacy_classes();
        let first: Vec<usize> = (0..5)
            .map(|c| class.iter().position(|k| *k == c).unwrap())
            .collect();
        let cycles = Cycles::of(&group, &class, &first);
        (group, first, cycles)
    }

    #[test]
    fn subgroups_meet_every_class() {
        let (group, _, cycles) = cycles();
        let mut lengths: Vec<usize> = cycles.cycles.iter().map(Vec::len).collect();
        lengths.sort_unstable();
        assert_eq!(lengths, [2, 3, 5]);
        let met = cycles.cycles.iter().flatten().map(|g| cycles.class[*g]);
        let met: std::collections::BTreeSet<usize> = met.collect();
        assert_eq!(met.len(), 5, "{}", group.name());
    }

    #[test]
    fn rough_values_become_exact_and_false_ones_none() {
        let (group, first, cycles) = cycles();
        let golden = (1.0 + 5f64.sqrt()) / 2.0;
        let mut fives = vec![golden, 1.0 - golden];
        let value = |g: &usize| match powers(&group, *g).len() {
            1 => 3.0,
            2 => -1.0,
            3 => 0.0,
            _ => fives.pop().unwrap(),
        };
        let values: Vec<f64> = first.iter().map(value).collect();
        let rough = |by: f64| -> Vec<c64> {
            let signs = values.iter().zip([1.0, -1.0, 1.0, -1.0, 1.0]);
            signs.map(|(v, s)| c64::new(v + by * s, by)).collect()
        };
        let exact = cycles.character(&rough(1e-8)).unwrap();
        for (g, value) in first.iter().zip(&values) {
            assert!((exact[*g].0 - value).abs() < 1e-15 && exact[*g].1 == 0.0);
            if value.fract() == 0.0 {
                assert_eq!(exact[*g].0, *value);
            }
        }
        assert_eq!(cycles.character(&rough(0.1)), None);
    }
}
