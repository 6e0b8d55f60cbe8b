//! Cayley tables from files.

use crate::error::TaskError;
use crate::group::{Group, check_order};
use std::collections::BTreeMap;

/// Reads a square table: JSON (array of arrays) or CSV (optionally with a header row and column of names).
///
/// # Errors
/// A table that is not square, no Latin square, or no group; the failing pair or triple is named.
pub(crate) fn parse(file: &str, text: &str, quasigroup: bool) -> Result<Group, TaskError> {
    let rows = if text.trim_start().starts_with('[') {
        json(file, text)?
    } else {
        csv(text)
    };
    if rows.is_empty() {
        return Err(TaskError::table(
            file,
            "is empty; write one row of products a line",
        ));
    }
    let (names, rows) = headed(file, rows)?;
    check_order(file, Some(names.len()))?;
    let index: BTreeMap<&str, usize> = names
        .iter()
        .enumerate()
        .map(|(i, n)| (n.as_str(), i))
        .collect();
    if index.len() < names.len() {
        return Err(TaskError::table(file, "names an element twice"));
    }
    let mut table = Vec::with_capacity(names.len() * names.len());
    for (i, row) in rows.iter().enumerate() {
        for (j, cell) in row.iter().enumerate() {
            let product = index.get(cell.as_str()).ok_or_else(|| {
                let why = format!("has `{cell}` as the product of `{}` and `{}`, which is none of its {} elements", names[i], names[j], names.len());
                TaskError::table(file, why)
            })?;
            table.push(*product as u32);
        }
    }
    check_latin(file, &names, &table)?;
    let group = Group::of_table(format!("table:{file}"), names, table);
    if !quasigroup {
        check_group(file, &group)?;
    }
    Ok(group)
}

fn json(file: &str, text: &str) -> Result<Vec<Vec<String>>, TaskError> {
    let rows: Vec<Vec<serde_json::Value>> = serde_json::from_str(text)
        .map_err(|e| TaskError::table(file, format!("is no JSON array of rows: {e}")))?;
    let cell = |v: serde_json::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    Ok(rows
        .into_iter()
        .map(|row| row.into_iter().map(cell).collect())
        .collect())
}

fn csv(text: &str) -> Vec<Vec<String>> {
    let cell = |c: &str| c.trim().trim_matches('"').to_owned();
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines
        .map(|line| line.split(',').map(cell).collect())
        .collect()
}

/// Names of the elements and the bare table. A first cell that is empty, `*` or `·` marks headers.
fn headed(
    file: &str,
    mut rows: Vec<Vec<String>>,
) -> Result<(Vec<String>, Vec<Vec<String>>), TaskError> {
    let headed = matches!(rows[0].first().map(String::as_str), Some("" | "*" | "·"));
    let mut names: Vec<String> = if headed {
        rows.remove(0).split_off(1)
    } else {
        rows[0].clone()
    };
    for (i, row) in rows.iter_mut().enumerate() {
        if headed && !row.is_empty() {
            let name = row.remove(0);
            if names.get(i) != Some(&name) {
                let why = format!(
                    "has the row header `{name}` where the column header is `{}`",
                    names.get(i).map_or("", |n| n)
                );
                return Err(TaskError::table(file, why));
            }
        }
        if row.len() != names.len() {
            let why = format!(
                "has {} cells in row {} and {} in the first; a table is square",
                row.len(),
                i + 1,
                names.len()
            );
            return Err(TaskError::table(file, why));
        }
    }
    if rows.len() != names.len() {
        return Err(TaskError::table(
            file,
            format!(
                "has {} rows of {} cells; a table is square",
                rows.len(),
                names.len()
            ),
        ));
    }
    if !headed {
        sort_names(&mut names);
    }
    Ok((names, rows))
}

/// Without headers, row i belongs to the i-th element in the order of numbers or, failing that, of text.
fn sort_names(names: &mut [String]) {
    if names.iter().all(|n| n.parse::<i64>().is_ok()) {
        names.sort_by_key(|n| n.parse::<i64>().expect("just parsed"));
    } else {
        names.sort();
    }
}

fn check_latin(file: &str, names: &[String], table: &[u32]) -> Result<(), TaskError> {
    let n = names.len();
    for line in 0..2 * n {
        let (i, is_row) = (line % n, line < n);
        let mut first = vec![None; n];
        for j in 0..n {
            let product = table[if is_row { i * n + j } else { j * n + i }] as usize;
            if let Some(earlier) = first[product].replace(j) {
                let pair = |j: usize| {
                    if is_row {
                        (&names[i], &names[j])
                    } else {
                        (&names[j], &names[i])
                    }
                };
                let ((a, b), (c, d)) = (pair(earlier), pair(j));
                let why = format!(
                    "is no Latin square: {a}·{b} and {c}·{d} are both {}",
                    names[product]
                );
                return Err(TaskError::table(file, why));
            }
        }
    }
    Ok(())
}

fn check_group(file: &str, group: &Group) -> Result<(), TaskError> {
    let hint = "; write quasigroup=true to use it all the same";
    if group.identity().is_none() {
        return Err(TaskError::table(
            file,
            format!("has no neutral element, so it is no group{hint}"),
        ));
    }
    group.associative().map_err(|[a, b, c]| {
        let name = |g: usize| group.element_name(g).to_owned();
        let left = name(group.mul(group.mul(a, b), c));
        let right = name(group.mul(a, group.mul(b, c)));
        let (a, b, c) = (name(a), name(b), name(c));
        TaskError::table(
            file,
            format!("is no group: ({a}·{b})·{c} = {left} but {a}·({b}·{c}) = {right}{hint}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_read_from_both_formats() {
        let bare = parse("t", "0,1,2\n1,2,0\n2,0,1\n", false).unwrap();
        let json = parse("t", "[[0,1,2],[1,2,0],[2,0,1]]", false).unwrap();
        let headed = parse("t", "*,e,a\ne,e,a\na,a,e", false).unwrap();
        assert_eq!(bare, json);
        assert_eq!(
            (headed.order(), headed.element_name(headed.mul(1, 1))),
            (2, "e")
        );
    }

    #[test]
    fn what_is_no_group_is_named() {
        let subtraction = "0,2,1\n1,0,2\n2,1,0";
        for (text, expected) in [
            ("0,1\n1,1", "1·0 and 1·1 are both 1"),
            ("0,1\n0,1", "0·0 and 1·0 are both 0"),
            ("0,1\n1", "1 cells in row 2"),
            ("0,1\n1,5", "`5` as the product"),
            ("", "is empty"),
            (subtraction, "no neutral element"),
            ("[[0,1],", "no JSON array"),
        ] {
            let error = parse("t", text, false).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert_eq!(parse("t", subtraction, true).unwrap().order(), 3);
    }

    #[test]
    fn a_loop_that_does_not_associate_names_the_triple() {
        let text = "0,1,2,3,4\n1,0,3,4,2\n2,4,0,1,3\n3,2,4,0,1\n4,3,1,2,0";
        let error = parse("t", text, false).unwrap_err().to_string();
        assert!(error.contains("is no group: ("), "{error}");
    }
}
