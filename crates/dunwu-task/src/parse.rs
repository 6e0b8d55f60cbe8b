//! Names of groups.

use crate::build;
use crate::error::TaskError;
use crate::group::{Group, check_order};
use crate::permutation;

/// Reads a group as a plan writes it, such as `Z4xZ7`, `S5`, `Z7:Z3`, `SL(2,3)`, `perm:(1 2 3),(1 2)`.
pub(crate) fn group(text: &str) -> Result<Group, TaskError> {
    if let Some(generators) = text.strip_prefix("perm:") {
        return permutation::closure(text, generators);
    }
    let mut whole: Option<(Group, usize)> = None;
    let mut at = 0;
    for word in text.split('x') {
        let factor = factor(text, word, at)?;
        at += word.len() + 1;
        whole = Some(match whole {
            None => (factor, at - 1),
            Some((first, _)) => (build::product(&text[..at - 1], &first, &factor)?, at - 1),
        });
    }
    Ok(whole.expect("a split has a first part").0)
}

fn factor(text: &str, word: &str, at: usize) -> Result<Group, TaskError> {
    let unknown = || {
        let why = format!(
            "`{word}` is no group; known: Z71, S5, A5, D30, Q8, Z7:Z3, SL(2,3), Heis(3), perm:(1 2 3),(1 2), products with x, table:FILE, formulas such as x*y mod 97, parity(20,3)"
        );
        TaskError::syntax(text, at, why)
    };
    if let Some((first, second)) = word.split_once(':') {
        return semidirect(word, first, second).ok_or_else(unknown)?;
    }
    let arguments = |name: &str| word.strip_prefix(name).and_then(|w| w.strip_suffix(')'));
    if let Some(inner) = arguments("SL(") {
        let (n, q) = inner.split_once(',').ok_or_else(unknown)?;
        if n.trim() != "2" {
            return Err(TaskError::value(word, "is not offered; only SL(2,q) is"));
        }
        return build::special_linear(word, number(q).ok_or_else(unknown)?);
    }
    if let Some(inner) = arguments("Heis(") {
        return build::heisenberg(word, number(inner).ok_or_else(unknown)?);
    }
    let n = word.get(1..).and_then(number).ok_or_else(unknown)?;
    match word.as_bytes()[0] {
        b'Z' | b'C' => build::cyclic(word, n),
        b'D' => build::dihedral(word, n).and_then(|g| check_order(word, Some(n)).map(|_| g)),
        b'Q' => build::dicyclic(word, n),
        b'S' | b'A' => {
            let order = (1..=n).try_fold(1usize, |f, i| f.checked_mul(i));
            let even = word.starts_with('A');
            check_order(
                word,
                if even {
                    order.map(|o| o.div_ceil(2))
                } else {
                    order
                },
            )?;
            Ok(permutation::symmetric(word, n, even))
        }
        _ => Err(unknown()),
    }
}

/// `Z7:Z3` or `Z7:Z3@2`.
fn semidirect(word: &str, first: &str, second: &str) -> Option<Result<Group, TaskError>> {
    let (second, multiplier) = match second.split_once('@') {
        Some((second, k)) => (second, Some(number(k)?)),
        None => (second, None),
    };
    let (n, m) = (
        number(first.strip_prefix('Z')?)?,
        number(second.strip_prefix('Z')?)?,
    );
    Some(build::semidirect(word, n, m, multiplier))
}

fn number(text: &str) -> Option<usize> {
    text.trim().parse().ok()
}
