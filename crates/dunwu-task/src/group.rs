//! Finite groups by their Cayley table.

use crate::error::TaskError;

/// Largest order of a group, so that its table stays below 64 MB.
pub(crate) const MOST: usize = 4096;

/// A finite group, or a quasigroup where that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    name: String,
    order: usize,
    /// Row-major product table.
    table: Vec<u32>,
    identity: Option<usize>,
    inverses: Vec<u32>,
    elements: Vec<String>,
    cyclic: Option<Vec<usize>>,
}

impl Group {
    /// The group whose product is `mul`, already known to be one.
    pub(crate) fn new(
        name: String,
        elements: Vec<String>,
        mul: impl Fn(usize, usize) -> usize,
    ) -> Self {
        let n = elements.len();
        let table = (0..n * n).map(|i| mul(i / n, i % n) as u32).collect();
        Self::of_table(name, elements, table)
    }

    /// The group or quasigroup with that table, already known to be one.
    pub(crate) fn of_table(name: String, elements: Vec<String>, table: Vec<u32>) -> Self {
        let order = elements.len();
        let is_identity = |e: usize| {
            (0..order)
                .all(|g| table[e * order + g] as usize == g && table[g * order + e] as usize == g)
        };
        let identity = (0..order).find(|e| is_identity(*e));
        let inverses = identity.map_or_else(Vec::new, |e| {
            let inverse = |g: usize| (0..order).find(|h| table[g * order + h] as usize == e);
            (0..order)
                .map(|g| {
                    inverse(g).expect("every row of a Latin square holds every element") as u32
                })
                .collect()
        });
        Self {
            name,
            order,
            table,
            identity,
            inverses,
            elements,
            cyclic: None,
        }
    }

    /// Marks the group as the product of these cyclic groups, the last varying fastest.
    pub(crate) fn with_cyclic(mut self, orders: Vec<usize>) -> Self {
        self.cyclic = Some(orders);
        self
    }

    /// Name as a plan writes it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of elements M.
    pub fn order(&self) -> usize {
        self.order
    }

    /// The product of two elements.
    pub fn mul(&self, a: usize, b: usize) -> usize {
        self.table[a * self.order + b] as usize
    }

    /// The neutral element; None in a quasigroup that has none.
    pub fn identity(&self) -> Option<usize> {
        self.identity
    }

    /// The inverse of an element. Panics in a quasigroup without neutral element.
    pub fn inverse(&self, a: usize) -> usize {
        self.inverses[a] as usize
    }

    /// An element as a person writes it.
    pub fn element_name(&self, a: usize) -> &str {
        &self.elements[a]
    }

    /// Whether all products commute.
    pub fn is_abelian(&self) -> bool {
        (0..self.order).all(|a| (0..a).all(|b| self.mul(a, b) == self.mul(b, a)))
    }

    /// Whether the product is associative, neutral and invertible; else the triple that fails.
    ///
    /// # Errors
    /// A triple (a, b, c) with (ab)c ≠ a(bc).
    pub fn associative(&self) -> Result<(), [usize; 3]> {
        // Light's test: associativity holds if it holds for middle elements that generate.
        for b in self.generators() {
            for a in 0..self.order {
                for c in 0..self.order {
                    if self.mul(self.mul(a, b), c) != self.mul(a, self.mul(b, c)) {
                        return Err([a, b, c]);
                    }
                }
            }
        }
        Ok(())
    }

    /// Elements whose products reach all others.
    fn generators(&self) -> Vec<usize> {
        let mut reached = vec![false; self.order];
        let mut generators = Vec::new();
        for g in 0..self.order {
            if reached[g] {
                continue;
            }
            generators.push(g);
            reached[g] = true;
            let mut queue: Vec<usize> = (0..self.order).filter(|h| reached[*h]).collect();
            while let Some(h) = queue.pop() {
                for k in 0..self.order {
                    if !reached[k] {
                        continue;
                    }
                    for product in [self.mul(h, k), self.mul(k, h)] {
                        if !reached[product] {
                            reached[product] = true;
                            queue.push(product);
                        }
                    }
                }
            }
        }
        generators
    }

    /// Orders of the cyclic groups whose product it was written as, the last varying fastest.
    pub fn cyclic_factors(&self) -> Option<&[usize]> {
        self.cyclic.as_deref()
    }
}

/// Refuses an order whose table would be too large.
pub(crate) fn check_order(name: &str, order: Option<usize>) -> Result<usize, TaskError> {
    match order {
        Some(0) => Err(TaskError::value(name, "has no element; orders start at 1")),
        Some(n) if n <= MOST => Ok(n),
        Some(n) => Err(TaskError::value(
            name,
            format!("has {n} elements; tables go up to {MOST}"),
        )),
        None => Err(TaskError::value(
            name,
            format!("has more elements than can be counted; tables go up to {MOST}"),
        )),
    }
}
