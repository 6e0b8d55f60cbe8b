//! Cayley tables from files.

use crate::csv;
use crate::error::TaskError;
use crate::group::{Group, check_order};
use std::collections::{BTreeMap, BTreeSet};

type Cells = Vec<Vec<String>>;

/// Reads a square table: JSON (an array of rows) or CSV, with or without names of rows and columns.
///
/// With names, the first row and the first column hold them in the same order, and their common
/// cell is empty or a word that occurs nowhere else. Without, whole numbers stand for rows in ascending order;
/// other labels stand in the order of the first row, if the first column has the same order.
///
/// # Errors
/// A table that is not square, no Latin square, or no group; the failing pair or triple is named.
pub(crate) fn parse(file: &str, text: &str, quasigroup: bool) -> Result<Group, TaskError> {
    let text = text.trim_start_matches('\u{feff}');
    check_json(file, text.trim())?;
    let rows = if text.trim_start().starts_with('[') {
        json(file, text)
    } else {
        cells(file, text)
    }?;
    if rows.is_empty() {
        return Err(TaskError::table(
            file,
            "is empty; write one row of products a line",
        ));
    }
    check_square(file, &rows)?;
    let (names, rows) = headed(file, rows)?;
    check_order(&format!("table:{file}"), Some(names.len()))?;
    let table = indices(file, &names, &rows)?;
    check_latin(file, &names, &table)?;
    let group = Group::of_table(format!("table:{file}"), names, table);
    if !quasigroup {
        check_group(file, &group)?;
    }
    Ok(group)
}

/// Refuses JSON that is no array: read as CSV it would be a table of one element.
fn check_json(file: &str, text: &str) -> Result<(), TaskError> {
    let what = match text {
        "null" | "true" | "false" => format!("`{text}`"),
        _ if text.starts_with('{') => "an object".to_owned(),
        _ => return Ok(()),
    };
    let why = format!("is {what} of JSON; expected an array of rows such as [[0,1],[1,0]], or CSV");
    Err(TaskError::table(file, why))
}

fn json(file: &str, text: &str) -> Result<Cells, TaskError> {
    use serde_json::Value;
    let rows: Vec<Vec<Value>> = serde_json::from_str(text)
        .map_err(|e| TaskError::table(file, format!("is no JSON array of rows: {e}")))?;
    let cell = |value: Value| match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        other => {
            let why = format!("has the cell `{other}`; a cell is a string or a number");
            Err(TaskError::table(file, why))
        }
    };
    rows.into_iter()
        .map(|row| row.into_iter().map(cell).collect())
        .collect()
}

fn cells(file: &str, text: &str) -> Result<Cells, TaskError> {
    let bad = |(line, why)| TaskError::table(file, format!("cannot be read, line {line}: {why}"));
    Ok(csv::read(text)
        .map_err(bad)?
        .into_iter()
        .map(|(_, row)| row)
        .collect())
}

fn check_square(file: &str, rows: &Cells) -> Result<(), TaskError> {
    let width = rows[0].len();
    if let Some(i) = rows.iter().position(|row| row.len() != width) {
        let (got, number) = (rows[i].len(), i + 1);
        let why =
            format!("has {got} cells in row {number} and {width} in row 1; a table is square");
        return Err(TaskError::table(file, why));
    }
    if rows.len() != width {
        let why = format!(
            "has {} rows of {width} cells; a table is square",
            rows.len()
        );
        return Err(TaskError::table(file, why));
    }
    Ok(())
}

/// Names of the elements and the bare table.
fn headed(file: &str, mut rows: Cells) -> Result<(Vec<String>, Cells), TaskError> {
    let corner = rows[0][0].clone();
    let alone = rows
        .iter()
        .flatten()
        .filter(|cell| **cell == corner)
        .count()
        == 1;
    let is_sign = alone && rows.len() > 1 && corner.parse::<i64>().is_err();
    if !corner.is_empty() && !is_sign {
        return Ok((bare_names(file, &rows)?, rows));
    }
    let names = rows.remove(0).split_off(1);
    for (row, column) in rows.iter_mut().zip(&names) {
        let name = row.remove(0);
        if name != *column {
            let why = format!(
                "names a row `{name}` where the column is `{column}`; rows and columns need the same order"
            );
            return Err(TaskError::table(file, why));
        }
    }
    if names.is_empty() {
        return Err(TaskError::table(file, "has names but no products"));
    }
    let mut seen = BTreeSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(twice) => Err(TaskError::table(
            file,
            format!("names the element `{twice}` twice"),
        )),
        None => Ok((names, rows)),
    }
}

/// Which element each row of a table without names belongs to.
fn bare_names(file: &str, rows: &Cells) -> Result<Vec<String>, TaskError> {
    let mut names = rows[0].clone();
    let mut seen = BTreeMap::new();
    for (j, name) in names.iter().enumerate() {
        if let Some(i) = seen.insert(name, j) {
            let (i, j) = (i + 1, j + 1);
            let why = format!("is no Latin square: row 1 has `{name}` in columns {i} and {j}");
            return Err(TaskError::table(file, why));
        }
    }
    if names.iter().all(|name| name.parse::<i64>().is_ok()) {
        names.sort_by_key(|name| name.parse::<i64>().expect("just parsed"));
    } else if rows.iter().zip(&names).any(|(row, name)| row[0] != *name) {
        let why = "does not say which element each row is; name rows and columns, with an empty first cell";
        return Err(TaskError::table(file, why));
    }
    Ok(names)
}

fn indices(file: &str, names: &[String], rows: &Cells) -> Result<Vec<u32>, TaskError> {
    let index: BTreeMap<&str, u32> = names
        .iter()
        .zip(0..)
        .map(|(name, i)| (name.as_str(), i))
        .collect();
    let mut table = Vec::with_capacity(names.len() * names.len());
    for (row, a) in rows.iter().zip(names) {
        for (cell, b) in row.iter().zip(names) {
            let product = index.get(cell.as_str()).ok_or_else(|| {
                let n = names.len();
                let why = format!("has {a}·{b} = `{cell}`, which is none of its {n} elements");
                TaskError::table(file, why)
            })?;
            table.push(*product);
        }
    }
    Ok(table)
}

fn check_latin(file: &str, names: &[String], table: &[u32]) -> Result<(), TaskError> {
    let n = names.len();
    for line in 0..2 * n {
        let (i, is_row) = (line % n, line < n);
        let place = |j: usize| if is_row { (i, j) } else { (j, i) };
        let mut first = vec![None; n];
        for j in 0..n {
            let product = table[place(j).0 * n + place(j).1] as usize;
            if let Some(earlier) = first[product].replace(j) {
                let ((a, b), (c, d)) = (place(earlier), place(j));
                let [a, b, c, d, product] = [a, b, c, d, product].map(|g| &names[g]);
                let why = format!("is no Latin square: {a}·{b} and {c}·{d} are both {product}");
                return Err(TaskError::table(file, why));
            }
        }
    }
    Ok(())
}

fn check_group(file: &str, group: &Group) -> Result<(), TaskError> {
    let refuse = |why: String| {
        let hint = "write quasigroup=true to train on it all the same";
        Err(TaskError::table(
            file,
            format!("is no group: {why}; {hint}"),
        ))
    };
    let name = |g: usize| group.element_name(g);
    if group.identity().is_none() {
        let (left, right, product) = not_neutral(group);
        return refuse(format!(
            "it has no neutral element ({}·{} = {})",
            name(left),
            name(right),
            name(product)
        ));
    }
    let Err([a, b, c]) = group.associative() else {
        return Ok(());
    };
    let left = name(group.mul(group.mul(a, b), c));
    let right = name(group.mul(a, group.mul(b, c)));
    let (a, b, c) = (name(a), name(b), name(c));
    refuse(format!(
        "({a}·{b})·{c} = {left} but {a}·({b}·{c}) = {right}"
    ))
}

/// A product (a, b, ab) that refutes the one element that leaves the first element as it is.
fn not_neutral(group: &Group) -> (usize, usize, usize) {
    let all = 0..group.order();
    let e = all
        .clone()
        .find(|e| group.mul(*e, 0) == 0)
        .expect("columns of a Latin square hold all");
    let pairs = all.flat_map(|g| [(e, g, g), (g, e, g)]);
    let (a, b, _) = pairs
        .into_iter()
        .find(|(a, b, g)| group.mul(*a, *b) != *g)
        .expect("only a neutral element leaves all others as they are");
    (a, b, group.mul(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_read_from_both_formats() {
        let bare = parse("t", "0,1,2\n1,2,0\n2,0,1\n", false).unwrap();
        let json = parse("t", "[[0,1,2],[1,2,0],[2,0,1]]", false).unwrap();
        let shuffled = parse("t", "3,1,2\n1,2,3\n2,3,1", false).unwrap();
        assert_eq!(bare, json);
        assert_eq!(
            shuffled.identity().map(|e| shuffled.element_name(e)),
            Some("2")
        );
        for text in [
            "*,e,a\ne,e,a\na,a,e",
            ",e,a\ne,e,a\na,a,e",
            "e,a\na,e",
            "[[\"e\",\"a\"],[\"a\",\"e\"]]",
        ] {
            let two = parse("t", text, false).unwrap();
            assert_eq!(
                (two.order(), two.element_name(two.mul(1, 1))),
                (2, "e"),
                "{text}"
            );
        }
        let quoted = parse(
            "t",
            "\"0,0\",\"a \"\"b\"\"\"\n\"a \"\"b\"\"\",\"0,0\"",
            false,
        )
        .unwrap();
        assert_eq!(
            (quoted.element_name(0), quoted.element_name(1)),
            ("0,0", "a \"b\"")
        );
        assert_eq!(parse("t", "\u{feff}7", false).unwrap().order(), 1);
    }

    #[test]
    fn what_is_no_group_is_named() {
        let subtraction = "0,2,1\n1,0,2\n2,1,0";
        for (text, expected) in [
            ("0,1\n1,1", "1·0 and 1·1 are both 1"),
            ("0,1\n0,1", "0·0 and 1·0 are both 0"),
            ("0,0\n0,0", "row 1 has `0` in columns 1 and 2"),
            ("0,1\n1", "has 1 cells in row 2 and 2 in row 1"),
            ("0,1", "has 1 rows of 2 cells"),
            ("0,1\n1,5", "1·1 = `5`, which is none of its 2 elements"),
            ("", "is empty"),
            ("# nothing\n", "is empty"),
            ("a,b\nb,\"a", "line 2: a quote is not closed"),
            (
                "*,a,b\nb,a,b\na,b,a",
                "names a row `b` where the column is `a`",
            ),
            ("*,a,a\na,a,a\na,a,a", "names the element `a` twice"),
            ("a,b,c\nb,c,a\na,b,c", "which element each row is"),
            (subtraction, "no neutral element (0·1 = 2)"),
            ("[[0,1],", "no JSON array"),
            (
                "{\"a\":1}",
                "is an object of JSON; expected an array of rows",
            ),
            (" null\n", "is `null` of JSON"),
            ("[[0,null],[1,0]]", "has the cell `null`"),
        ] {
            let error = parse("t", text, false).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let quasigroup = parse("t", subtraction, true).unwrap();
        assert_eq!((quasigroup.order(), quasigroup.is_group()), (3, false));
        assert!(parse("t", "0,1\n0,1", true).is_err());
    }

    #[test]
    fn a_loop_that_does_not_associate_names_the_triple() {
        let text = "0,1,2,3,4\n1,0,3,4,2\n2,4,0,1,3\n3,2,4,0,1\n4,3,1,2,0";
        let error = parse("t", text, false).unwrap_err().to_string();
        assert!(
            error.contains("is no group: (0·1)·1")
                || error.contains("is no group: (1·1)·2 = 2 but 1·(1·2) = 4"),
            "{error}"
        );
        assert!(error.contains("quasigroup=true"), "{error}");
    }
}
