//! Coordinates that show an abelian group as a product of cyclic ones.

use crate::group::Group;
use crate::number::digits;
use std::f64::consts::TAU;

/// Orders of cyclic groups and, by element, its position in their product, the last varying fastest.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Coordinates {
    pub orders: Vec<usize>,
    pub positions: Vec<usize>,
}

impl Coordinates {
    /// Those of Z_n1 × Z_n2 × … as written.
    pub(crate) fn written(orders: Vec<usize>) -> Self {
        let order = orders.iter().product();
        Self {
            orders,
            positions: (0..order).collect(),
        }
    }

    /// Those of an abelian group; None of any other.
    pub(crate) fn of(group: &Group) -> Option<Self> {
        if let Some(orders) = group.cyclic_factors() {
            return Some(Self::written(orders));
        }
        (group.is_abelian() && group.is_group()).then(|| Self::found(group))
    }

    /// Splits off cyclic summands, each of the largest order that meets those before in e alone.
    ///
    /// An element of largest order generates a summand, and so does its image in the quotient, so
    /// the summands fill the group.
    fn found(group: &Group) -> Self {
        let e = group.identity().expect("a group has a neutral element");
        let (mut orders, mut covered) = (Vec::new(), vec![e]);
        let mut inside = vec![false; group.order()];
        inside[e] = true;
        while covered.len() < group.order() {
            let free = (0..group.order()).map(|g| powers(group, g));
            let apart = free.filter(|cycle| cycle[1..].iter().all(|g| !inside[*g]));
            let longest = apart.reduce(|a, b| if b.len() > a.len() { b } else { a });
            let cycle = longest.expect("the neutral element meets every subgroup in e alone");
            covered = covered
                .iter()
                .flat_map(|h| cycle.iter().map(|c| group.mul(*h, *c)))
                .collect();
            covered.iter().for_each(|g| inside[*g] = true);
            orders.push(cycle.len());
        }
        let mut positions = vec![0; group.order()];
        covered
            .iter()
            .enumerate()
            .for_each(|(i, g)| positions[*g] = i);
        if orders.is_empty() {
            orders.push(1);
        }
        Self { orders, positions }
    }

    /// 2π Σ k_j x_j / n_j of a frequency, by element; whole turns are dropped exactly.
    pub(crate) fn angles(&self, frequency: &[usize]) -> Vec<f64> {
        let turns = |position: &usize| -> f64 {
            let parts = digits(*position, &self.orders);
            let terms = parts.iter().zip(frequency).zip(&self.orders);
            terms
                .map(|((x, k), n)| (x * k % n) as f64 / *n as f64)
                .sum()
        };
        self.positions.iter().map(|p| TAU * turns(p)).collect()
    }

    /// `k=3` in a cyclic group, `(1,3)` in a product.
    pub(crate) fn name(&self, frequency: &[usize]) -> String {
        let words: Vec<String> = frequency.iter().map(usize::to_string).collect();
        if words.len() == 1 {
            format!("k={}", words[0])
        } else {
            format!("({})", words.join(","))
        }
    }
}

/// e, g, g², …, up to the order of g.
pub(crate) fn powers(group: &Group, g: usize) -> Vec<usize> {
    let e = group.identity().expect("a group has a neutral element");
    let next = |h: &usize| Some(group.mul(*h, g)).filter(|h| *h != e);
    std::iter::successors(Some(e), next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn found_coordinates_multiply_as_the_group_does() {
        for (text, orders) in [
            ("Z12", vec![12]),
            ("Z4xZ2xZ3", vec![12, 2]),
            ("Z8xZ4xZ2", vec![8, 4, 2]),
            ("Z2^3", vec![2, 2, 2]),
            ("Z9xZ3xZ4", vec![36, 3]),
            ("perm:(1 2 3),(4 5)", vec![6]),
            ("Z1", vec![1]),
        ] {
            let group = parse::group(text).unwrap();
            let found = Coordinates::found(&group);
            assert_eq!(found.orders, orders, "{text}");
            let parts = |g: usize| digits(found.positions[g], &found.orders);
            for (a, b) in (0..group.order()).flat_map(|a| (0..group.order()).map(move |b| (a, b))) {
                let (x, y, z) = (parts(a), parts(b), parts(group.mul(a, b)));
                assert!(
                    (0..x.len()).all(|j| (x[j] + y[j]) % orders[j] == z[j]),
                    "{text}"
                );
            }
        }
    }
}
