//! Names of groups.

use crate::build;
use crate::error::TaskError;
use crate::group::{Family, Group};
use crate::permutation;

/// Reads a group as a plan writes it: factors joined by `x`, each perhaps with a power.
///
/// Such as `Z4xZ7`, `Z2^3`, `S5`, `Z7:Z3xZ2`, `SL(2,3)`, `perm:(1 2 3),(1 2)`.
pub(crate) fn group(text: &str) -> Result<Group, TaskError> {
    let mut factors = Vec::new();
    let mut at = 0;
    for word in text.split('x') {
        let (base, count) = power(text, word, at)?;
        let factor = factor(text, base, at)?;
        at += word.chars().count() + 1;
        for _ in 0..count {
            match factor.family() {
                Family::Product(parts) => factors.extend(parts.clone()),
                _ => factors.push(factor.clone()),
            }
        }
    }
    match factors.len() {
        1 => Ok(factors.remove(0)),
        _ => build::product(text, factors),
    }
}

/// The order of the group that [`group`] would read, without its table; None where only the table tells, or
/// where there is no such group.
pub(crate) fn order(text: &str) -> Option<usize> {
    let mut order = 1usize;
    for word in text.split('x') {
        let (base, count) = power(text, word, 0).ok()?;
        let factor = factor_order(base)?;
        for _ in 0..count {
            order = order.checked_mul(factor)?;
        }
    }
    Some(order)
}

fn factor_order(word: &str) -> Option<usize> {
    let arguments = |name: &str| word.strip_prefix(name).and_then(|w| w.strip_suffix(')'));
    if let Some((first, second)) = word.split_once(':') {
        let second = second.split_once('@').map_or(second, |(m, _)| m);
        let [n, m] = [first, second].map(|w| w.trim().strip_prefix('Z').and_then(number));
        return n?.checked_mul(m?);
    }
    if let Some(inner) = arguments("SL(") {
        let q = number(inner.split_once(',')?.1)?;
        return q.checked_pow(3).map(|cube| cube - q);
    }
    if let Some(inner) = arguments("Heis(") {
        return number(inner)?.checked_pow(3);
    }
    let n = word.get(1..).and_then(number)?;
    let factorial = || (1..=n).try_fold(1usize, |all, k| all.checked_mul(k));
    match word.as_bytes()[0] {
        b'Z' | b'Q' => Some(n),
        b'D' => n.checked_mul(2),
        b'S' => factorial(),
        b'A' => factorial().map(|all| all.div_ceil(2)),
        _ => None,
    }
}

/// The base and exponent of `Z2^3`; 1 without `^`.
fn power<'a>(text: &str, word: &'a str, at: usize) -> Result<(&'a str, usize), TaskError> {
    let Some((base, exponent)) = word.split_once('^') else {
        return Ok((word.trim(), 1));
    };
    match number(exponent) {
        // A group of one element aside, no power above 12 has a table.
        Some(count @ 1..=12) => Ok((base.trim(), count)),
        _ => {
            let why = format!("expected a power from 1 to 12, got `{}`", exponent.trim());
            Err(TaskError::syntax(text, at + base.chars().count() + 1, why))
        }
    }
}

fn factor(text: &str, word: &str, at: usize) -> Result<Group, TaskError> {
    let unknown = || unknown(text, word, at);
    if let Some(generators) = word.strip_prefix("perm:") {
        return permutation::closure(word, generators);
    }
    if let Some((first, second)) = word.split_once(':') {
        return semidirect(word, first, second).ok_or_else(unknown)?;
    }
    let arguments = |name: &str| word.strip_prefix(name).and_then(|w| w.strip_suffix(')'));
    if let Some(inner) = arguments("SL(") {
        let (n, q) = inner.split_once(',').ok_or_else(unknown)?;
        if n.trim() != "2" {
            return Err(TaskError::value(
                word,
                "is not offered; of these only SL(2,q) is",
            ));
        }
        return build::special_linear(word, number(q).ok_or_else(unknown)?);
    }
    if let Some(inner) = arguments("Heis(") {
        return build::heisenberg(word, number(inner).ok_or_else(unknown)?);
    }
    let n = word.get(1..).and_then(number).ok_or_else(unknown)?;
    match word.as_bytes()[0] {
        b'Z' => build::cyclic(word, n),
        b'D' => build::dihedral(word, n),
        b'Q' => build::dicyclic(word, n),
        b'S' => permutation::symmetric(word, n, false),
        b'A' => permutation::symmetric(word, n, true),
        _ => Err(unknown()),
    }
}

fn unknown(text: &str, word: &str, at: usize) -> TaskError {
    let forms: Vec<&str> = crate::forms::ALL.iter().map(|form| form.example).collect();
    let what = if word.is_empty() {
        "nothing".to_owned()
    } else {
        format!("`{word}`")
    };
    TaskError::syntax(
        text,
        at,
        format!(
            "expected a task, got {what}, which is no group; examples: {}",
            forms.join("; ")
        ),
    )
}

/// `Z7:Z3` or `Z7:Z3@2`.
fn semidirect(word: &str, first: &str, second: &str) -> Option<Result<Group, TaskError>> {
    let (second, multiplier) = match second.split_once('@') {
        Some((second, k)) => (second, Some(number(k)?)),
        None => (second, None),
    };
    let (n, m) = (
        number(first.trim().strip_prefix('Z')?)?,
        number(second.trim().strip_prefix('Z')?)?,
    );
    Some(build::semidirect(word, n, m, multiplier))
}

/// A whole number in digits alone.
pub(crate) fn number(text: &str) -> Option<usize> {
    let digits = text.trim();
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_known_before_the_table() {
        for form in crate::forms::ALL {
            if let Some(order) = order(form.example) {
                assert_eq!(
                    group(form.example).unwrap().order(),
                    order,
                    "{}",
                    form.example
                );
            }
        }
        for text in [
            "Z1",
            "Z4xZ7",
            "Z2^3",
            "S5",
            "A1",
            "A5",
            "D30",
            "Q8",
            "SL(2,3)",
            "Heis(3)",
            "Z7:Z3@2xZ2",
        ] {
            assert_eq!(order(text), Some(group(text).unwrap().order()), "{text}");
        }
        assert_eq!(order("S99999"), None);
        assert_eq!(order("perm:(1 2 3),(1 2)"), None);
    }
}
