//! Families of groups.

use crate::error::TaskError;
use crate::group::{Group, check_order};

/// Z_n, written additively.
pub(crate) fn cyclic(name: &str, n: usize) -> Result<Group, TaskError> {
    check_order(name, Some(n))?;
    let elements = (0..n).map(|i| i.to_string()).collect();
    Ok(Group::new(name.to_owned(), elements, |a, b| (a + b) % n).with_cyclic(vec![n]))
}

/// Pairs, multiplied part by part; the second part varies fastest.
pub(crate) fn product(name: &str, first: &Group, second: &Group) -> Result<Group, TaskError> {
    let m = second.order();
    let n = check_order(name, first.order().checked_mul(m))?;
    let strip = |text: &str| {
        text.trim_start_matches('<')
            .trim_end_matches('>')
            .to_owned()
    };
    let element = |i: usize| {
        format!(
            "<{},{}>",
            strip(first.element_name(i / m)),
            strip(second.element_name(i % m))
        )
    };
    let group = Group::new(name.to_owned(), (0..n).map(element).collect(), |a, b| {
        first.mul(a / m, b / m) * m + second.mul(a % m, b % m)
    });
    Ok(match (first.cyclic_factors(), second.cyclic_factors()) {
        (Some(a), Some(b)) => group.with_cyclic([a, b].concat()),
        _ => group,
    })
}

/// D_n, the 2n symmetries of the n-gon: rⁱsʲ with s r s = r⁻¹.
pub(crate) fn dihedral(name: &str, n: usize) -> Result<Group, TaskError> {
    twisted(name, n, 2, n.saturating_sub(1).max(1), "r", "s")
}

/// Z_n ⋊ Z_m: (a, b)(c, d) = (a + kᵇc, b + d).
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
    twisted(name, n, m, k, "a", "b")
}

fn twisted(
    name: &str,
    n: usize,
    m: usize,
    k: usize,
    first: &str,
    second: &str,
) -> Result<Group, TaskError> {
    let order = check_order(name, n.checked_mul(m))?;
    let powers: Vec<usize> = (0..m).map(|b| power_mod(k, b, n)).collect();
    let elements = (0..order)
        .map(|i| word(&[(first, i / m), (second, i % m)]))
        .collect();
    Ok(Group::new(name.to_owned(), elements, |x, y| {
        let (a, b, c, d) = (x / m, x % m, y / m, y % m);
        (a + powers[b] * c) % n * m + (b + d) % m
    }))
}

/// Dicyclic group of order 4n: a²ⁿ = 1, b² = aⁿ, b a b⁻¹ = a⁻¹.
pub(crate) fn dicyclic(name: &str, order: usize) -> Result<Group, TaskError> {
    if !order.is_multiple_of(4) || order < 8 {
        return Err(TaskError::value(
            name,
            "needs an order that is a multiple of 4, from 8 on; write Q8, Q12, …",
        ));
    }
    check_order(name, Some(order))?;
    let n = order / 2;
    let elements = (0..order)
        .map(|i| word(&[("a", i / 2), ("b", i % 2)]))
        .collect();
    Ok(Group::new(name.to_owned(), elements, |x, y| {
        let (i, j, k, l) = (x / 2, x % 2, y / 2, y % 2);
        let turned = if j == 1 { n - k } else { k };
        let carry = if j + l == 2 { n / 2 } else { 0 };
        (i + turned + carry) % n * 2 + (j + l) % 2
    }))
}

/// SL(2, q): 2×2 matrices of determinant 1 over the integers mod a prime q.
pub(crate) fn special_linear(name: &str, q: usize) -> Result<Group, TaskError> {
    check_prime(name, q)?;
    check_order(
        name,
        q.checked_mul(q)
            .and_then(|s| s.checked_sub(1))
            .and_then(|s| s.checked_mul(q)),
    )?;
    let entries = |i: usize| [i / (q * q * q), i / (q * q) % q, i / q % q, i % q];
    let all: Vec<[usize; 4]> = (0..q.pow(4))
        .map(entries)
        .filter(|[a, b, c, d]| (a * d + q * q - b * c) % q == 1)
        .collect();
    let elements = all
        .iter()
        .map(|[a, b, c, d]| format!("[{a} {b}; {c} {d}]"))
        .collect();
    Ok(Group::new(name.to_owned(), elements, |x, y| {
        let ([a, b, c, d], [e, f, g, h]) = (all[x], all[y]);
        let m = [
            (a * e + b * g) % q,
            (a * f + b * h) % q,
            (c * e + d * g) % q,
            (c * f + d * h) % q,
        ];
        all.binary_search(&m).expect("a product of determinant 1")
    }))
}

/// Upper unitriangular 3×3 matrices mod n, of order n³.
pub(crate) fn heisenberg(name: &str, n: usize) -> Result<Group, TaskError> {
    let order = check_order(name, n.checked_pow(3))?;
    let parts = |i: usize| [i / (n * n), i / n % n, i % n];
    let elements = (0..order)
        .map(|i| format!("{:?}", parts(i)).replace(", ", " "))
        .collect();
    Ok(Group::new(name.to_owned(), elements, |x, y| {
        let ([a, b, c], [d, e, f]) = (parts(x), parts(y));
        ((a + d) % n * n + (b + e) % n) * n + (c + f + a * e) % n
    }))
}

fn word(letters: &[(&str, usize)]) -> String {
    let text: Vec<String> = letters
        .iter()
        .filter(|(_, power)| *power > 0)
        .map(|(letter, power)| {
            if *power == 1 {
                (*letter).to_owned()
            } else {
                format!("{letter}^{power}")
            }
        })
        .collect();
    if text.is_empty() {
        "1".to_owned()
    } else {
        text.join(" ")
    }
}

/// k^e mod n.
pub(crate) fn power_mod(k: usize, e: usize, n: usize) -> usize {
    (0..e).fold(1 % n, |p, _| p * (k % n) % n)
}

/// Whether p is prime.
pub(crate) fn is_prime(p: usize) -> bool {
    p >= 2
        && (2..)
            .take_while(|d| d * d <= p)
            .all(|d| !p.is_multiple_of(d))
}

pub(crate) fn check_prime(name: &str, p: usize) -> Result<(), TaskError> {
    if is_prime(p) {
        Ok(())
    } else {
        Err(TaskError::value(
            name,
            format!("needs a prime, and {p} is none"),
        ))
    }
}
