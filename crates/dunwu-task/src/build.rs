//! Families of groups given by a formula.

use crate::error::TaskError;
use crate::group::{Family, Group, check_order};
use crate::number::{is_prime, power_mod, primitive_root};

/// Z_n, written additively.
pub(crate) fn cyclic(name: &str, n: usize) -> Result<Group, TaskError> {
    check_order(name, Some(n))?;
    let elements = (0..n).map(|i| i.to_string()).collect();
    Ok(Group::new(name, elements, |a, b| (a + b) % n).with_family(Family::Cyclic))
}

/// Tuples, multiplied part by part; the last part varies fastest.
pub(crate) fn product(name: &str, factors: Vec<Group>) -> Result<Group, TaskError> {
    let order = factors
        .iter()
        .try_fold(1usize, |n, f| n.checked_mul(f.order()));
    let order = check_order(name, order)?;
    let parts = |mut i: usize| {
        let mut out = vec![0; factors.len()];
        for (part, factor) in out.iter_mut().zip(&factors).rev() {
            (*part, i) = (i % factor.order(), i / factor.order());
        }
        out
    };
    let all: Vec<Vec<usize>> = (0..order).map(parts).collect();
    let element = |tuple: &Vec<usize>| {
        let names: Vec<&str> = tuple
            .iter()
            .zip(&factors)
            .map(|(i, f)| f.element_name(*i))
            .collect();
        format!("({})", names.join(","))
    };
    let group = Group::new(name, all.iter().map(element).collect(), |x, y| {
        let pairs = all[x].iter().zip(&all[y]).zip(&factors);
        pairs.fold(0, |i, ((a, b), f)| i * f.order() + f.mul(*a, *b))
    });
    Ok(group.with_family(Family::Product(factors)))
}

/// D_n, the 2n symmetries of the n-gon: rⁱsʲ with s r s = r⁻¹.
pub(crate) fn dihedral(name: &str, n: usize) -> Result<Group, TaskError> {
    twisted(name, n, 2, n.saturating_sub(1).max(1), ["r", "s"])
}

/// Z_n ⋊ Z_m: (a, b)(c, d) = (a + kᵇc, b + d), k the smallest above 1 with kᵐ = 1 mod n if absent.
pub(crate) fn semidirect(
    name: &str,
    n: usize,
    m: usize,
    k: Option<usize>,
) -> Result<Group, TaskError> {
    check_order(name, n.checked_mul(m))?;
    let acts = |k: usize| power_mod(k, m, n) == 1 % n;
    let k = match k {
        Some(k) if acts(k) => k % n,
        Some(k) => {
            let why = format!("has the multiplier {k}, whose power {m} is not 1 mod {n}");
            return Err(TaskError::value(name, why));
        }
        None => (2..n).find(|k| acts(*k)).ok_or_else(|| {
            let why = format!(
                "has no action but the trivial one: no k > 1 has k^{m} = 1 mod {n}; write Z{n}xZ{m}"
            );
            TaskError::value(name, why)
        })?,
    };
    twisted(name, n, m, k, ["a", "b"])
}

fn twisted(
    name: &str,
    n: usize,
    m: usize,
    k: usize,
    letters: [&str; 2],
) -> Result<Group, TaskError> {
    let order = check_order(name, n.checked_mul(m))?;
    let powers: Vec<usize> = (0..m).map(|b| power_mod(k, b, n)).collect();
    let elements = (0..order).map(|i| word(letters, [i / m, i % m])).collect();
    let group = Group::new(name, elements, |x, y| {
        let (a, b, c, d) = (x / m, x % m, y / m, y % m);
        (a + powers[b] * c) % n * m + (b + d) % m
    });
    Ok(group.with_family(Family::Metacyclic {
        a: m % order,
        b: 1 % m,
    }))
}

/// Dicyclic group of order 4n: a²ⁿ = 1, b² = aⁿ, b a b⁻¹ = a⁻¹.
pub(crate) fn dicyclic(name: &str, order: usize) -> Result<Group, TaskError> {
    if !order.is_multiple_of(4) || order < 8 {
        let why = "needs an order that is a multiple of 4, from 8 on; write Q8, Q12, …";
        return Err(TaskError::value(name, why));
    }
    check_order(name, Some(order))?;
    let n = order / 2;
    let elements = (0..order)
        .map(|i| word(["a", "b"], [i / 2, i % 2]))
        .collect();
    let group = Group::new(name, elements, |x, y| {
        let (i, j, k, l) = (x / 2, x % 2, y / 2, y % 2);
        let turned = if j == 1 { n - k } else { k };
        let carry = if j + l == 2 { n / 2 } else { 0 };
        (i + turned + carry) % n * 2 + (j + l) % 2
    });
    Ok(group.with_family(Family::Metacyclic { a: 2, b: 1 }))
}

/// SL(2, q): 2×2 matrices of determinant 1 over the integers mod a prime q, of order q(q² − 1).
pub(crate) fn special_linear(name: &str, q: usize) -> Result<Group, TaskError> {
    let order = q.checked_pow(3).map(|cube| cube - q);
    check_order(name, if q < 2 { Some(1) } else { order })?;
    if !is_prime(q) {
        let why = format!("needs a prime, and {q} is none; fields of prime powers are not offered");
        return Err(TaskError::value(name, why));
    }
    let entries = |i: usize| [i / (q * q * q), i / (q * q) % q, i / q % q, i % q];
    let is_special = |m: &[usize; 4]| (m[0] * m[3] + q * q - m[1] * m[2]) % q == 1;
    let all: Vec<[usize; 4]> = (0..q.pow(4)).map(entries).filter(is_special).collect();
    let elements = all
        .iter()
        .map(|[a, b, c, d]| format!("[{a} {b}; {c} {d}]"))
        .collect();
    let index = |m: [usize; 4]| all.binary_search(&m).expect("its determinant is 1");
    let root = primitive_root(q);
    let family = Family::SpecialLinear {
        q,
        split: index([root, 0, 0, power_mod(root, q - 2, q)]),
        unipotent: index([1, 1, 0, 1]),
    };
    let group = Group::new(name, elements, |x, y| {
        let ([a, b, c, d], [e, f, g, h]) = (all[x], all[y]);
        let top = [(a * e + b * g) % q, (a * f + b * h) % q];
        index([top[0], top[1], (c * e + d * g) % q, (c * f + d * h) % q])
    });
    Ok(group.with_family(family))
}

/// Upper unitriangular 3×3 matrices mod n, of order n³: [a b c] has a, b beside the diagonal.
pub(crate) fn heisenberg(name: &str, n: usize) -> Result<Group, TaskError> {
    let order = check_order(name, n.checked_pow(3))?;
    let parts = |i: usize| [i / (n * n), i / n % n, i % n];
    let elements = (0..order)
        .map(parts)
        .map(|[a, b, c]| format!("[{a} {b} {c}]"))
        .collect();
    let group = Group::new(name, elements, |x, y| {
        let ([a, b, c], [d, e, f]) = (parts(x), parts(y));
        ((a + d) % n * n + (b + e) % n) * n + (c + f + a * e) % n
    });
    Ok(group.with_family(Family::Heisenberg { n }))
}

/// A product of powers, such as `r^2 s`.
fn word(letters: [&str; 2], powers: [usize; 2]) -> String {
    let power = |(letter, power): (&str, usize)| match power {
        0 => None,
        1 => Some(letter.to_owned()),
        _ => Some(format!("{letter}^{power}")),
    };
    let text: Vec<String> = letters.into_iter().zip(powers).filter_map(power).collect();
    if text.is_empty() {
        "1".to_owned()
    } else {
        text.join(" ")
    }
}
