//! Characters, types and names are those of the tables in the books, class by class.

use crate::group;
use dunwu_task::{Group, Irrep, irreps};
use std::f64::consts::TAU;
use toml::{Table, Value};

/// A class as a table describes it: size, order of its elements, perhaps one of them by name.
struct Class {
    size: usize,
    order: usize,
    of: Option<String>,
}

/// A line of a table.
struct Row {
    name: String,
    kind: String,
    values: Vec<(f64, f64)>,
}

struct Known {
    group: String,
    classes: Vec<Class>,
    rows: Vec<Row>,
}

fn tables() -> Vec<Known> {
    let text = include_str!("../data/characters.toml");
    let all: Table = text.parse().expect("the data are TOML");
    let tables = all["table"].as_array().expect("tables").iter();
    tables.map(known).collect()
}

fn known(table: &Value) -> Known {
    let list = |key: &str| table[key].as_array().expect("a list").iter();
    let word = |value: &Value| value.as_str().expect("text").to_owned();
    let number = |value: &Value| value.as_integer().expect("a number") as usize;
    let class = |c: &Value| Class {
        size: number(&c["size"]),
        order: number(&c["order"]),
        of: c.get("of").map(word),
    };
    let row = |r: &Value| Row {
        name: word(&r["name"]),
        kind: word(&r["kind"]),
        values: word(&r["values"]).split(' ').map(value).collect(),
    };
    Known {
        group: word(&table["group"]),
        classes: list("classes").map(class).collect(),
        rows: list("irreps").map(row).collect(),
    }
}

/// A sum of terms such as `-1`, `E7^2`, `3E3`, with En = exp(2πi/n).
fn value(text: &str) -> (f64, f64) {
    let spaced = text.replace('+', " ").replace('-', " -");
    let terms = spaced.split_whitespace().map(term);
    terms.fold((0.0, 0.0), |s, t| (s.0 + t.0, s.1 + t.1))
}

fn term(text: &str) -> (f64, f64) {
    let Some((factor, root)) = text.split_once('E') else {
        return (text.parse().expect("a number"), 0.0);
    };
    let factor = match factor {
        "" => 1.0,
        "-" => -1.0,
        number => number.parse().expect("a number"),
    };
    let (n, k) = root.split_once('^').unwrap_or((root, "1"));
    let [n, k]: [f64; 2] = [n, k].map(|w| w.parse().expect("a number"));
    let (sin, cos) = (TAU * k / n).sin_cos();
    (factor * cos, factor * sin)
}

/// The classes of a group, each by its elements.
fn classes(g: &Group) -> Vec<Vec<usize>> {
    let class = g.conjugacy_classes();
    let mut out = vec![Vec::new(); class.iter().max().map_or(0, |c| c + 1)];
    (0..g.order()).for_each(|a| out[class[a]].push(a));
    out
}

fn order(g: &Group, a: usize) -> usize {
    let powers = std::iter::successors(Some(a), |b| Some(g.mul(*b, a)));
    1 + powers.take_while(|b| Some(*b) != g.identity()).count()
}

/// What the program found, to be matched with a table.
struct Found<'a> {
    group: &'a Group,
    classes: Vec<Vec<usize>>,
    irreps: &'a [Irrep],
}

impl<'a> Found<'a> {
    fn of(group: &'a Group, irreps: &'a [Irrep]) -> Self {
        Self {
            group,
            classes: classes(group),
            irreps,
        }
    }

    /// Whether classes can be matched so that every line of the table is one representation.
    fn is(&self, table: &Known) -> bool {
        self.classes.len() == table.classes.len()
            && self.irreps.len() == table.rows.len()
            && self.extends(table, &mut Vec::new())
    }

    /// Whether a match of the table's first classes extends to all.
    fn extends(&self, table: &Known, chosen: &mut Vec<usize>) -> bool {
        let Some(rows) = self.rows(table, chosen) else {
            return false;
        };
        let Some(class) = table.classes.get(chosen.len()) else {
            return self.agrees(table, &rows);
        };
        (0..self.classes.len()).any(|c| {
            let fits = !chosen.contains(&c) && self.fits(class, c);
            chosen.push(c);
            let found = fits && self.extends(table, chosen);
            chosen.pop();
            found
        })
    }

    fn fits(&self, class: &Class, c: usize) -> bool {
        let members = &self.classes[c];
        let is_of = |name: &String| members.iter().any(|a| self.group.element_name(*a) == name);
        members.len() == class.size
            && order(self.group, members[0]) == class.order
            && class.of.as_ref().is_none_or(is_of)
    }

    /// For each line a representation with its values on the chosen classes, each taken once.
    fn rows(&self, table: &Known, chosen: &[usize]) -> Option<Vec<usize>> {
        let mut taken = Vec::new();
        for row in &table.rows {
            let equals = |irrep: &Irrep| {
                let mut pairs = chosen.iter().zip(&row.values);
                pairs.all(|(c, v)| {
                    let found = irrep.character[self.classes[*c][0]];
                    // Whole values are exact.
                    match v.1 == 0.0 && v.0.fract() == 0.0 {
                        true => found == *v,
                        false => (found.0 - v.0).hypot(found.1 - v.1) < 1e-9,
                    }
                })
            };
            let free = |i: &usize| !taken.contains(i) && equals(&self.irreps[*i]);
            taken.push((0..self.irreps.len()).find(free)?);
        }
        Some(taken)
    }

    fn agrees(&self, table: &Known, rows: &[usize]) -> bool {
        table.rows.iter().zip(rows).all(|(row, i)| {
            let irrep = &self.irreps[*i];
            irrep.name == row.name && format!("{:?}", irrep.kind).to_lowercase() == row.kind
        })
    }
}

#[test]
fn tables_are_those_of_the_books() {
    let tables = tables();
    assert!(tables.len() >= 18, "{}", tables.len());
    for table in &tables {
        let g = group(&table.group);
        let all = irreps(&g).unwrap();
        assert!(Found::of(&g, &all).is(table), "{}", table.group);
    }
}

#[test]
fn tables_are_orthogonal() {
    for table in tables() {
        let order: usize = table.classes.iter().map(|c| c.size).sum();
        assert_eq!(order, group(&table.group).order(), "{}", table.group);
        for (i, a) in table.rows.iter().enumerate() {
            for (j, b) in table.rows.iter().enumerate() {
                let pairs = a.values.iter().zip(&b.values).zip(&table.classes);
                let inner: f64 = pairs
                    .map(|((x, y), c)| c.size as f64 * (x.0 * y.0 + x.1 * y.1))
                    .sum();
                let expected = if i == j { order as f64 } else { 0.0 };
                assert!((inner - expected).abs() < 1e-9, "{} {i} {j}", table.group);
            }
        }
    }
}

#[test]
fn false_tables_match_no_group() {
    for (i, table) in tables().iter().enumerate() {
        let g = group(&table.group);
        let all = irreps(&g).unwrap();
        let found = Found::of(&g, &all);
        let changed = |change: fn(&mut Known)| {
            let mut table = tables().remove(i);
            change(&mut table);
            table
        };
        for (what, table) in [
            ("value", changed(|t| t.rows[1].values[1].0 += 1e-6)),
            ("sign", changed(|t| t.rows[1].values[0].0 *= -1.0)),
            ("imaginary part", changed(|t| t.rows[1].values[1].1 += 1e-6)),
            ("name", changed(|t| t.rows[1].name.push('?'))),
            (
                "names",
                changed(|t| {
                    let name = t.rows[0].name.clone();
                    t.rows[0].name = std::mem::replace(&mut t.rows[1].name, name);
                }),
            ),
            ("type", changed(|t| t.rows[0].kind = "complex".into())),
            ("size", changed(|t| t.classes[1].size += 1)),
            ("order", changed(|t| t.classes[1].order += 1)),
            ("line", changed(|t| t.rows.truncate(t.rows.len() - 1))),
        ] {
            assert!(!found.is(&table), "{}: {what}", table.group);
        }
    }
}

#[test]
fn values_are_read() {
    let close = |text: &str, re: f64, im: f64| {
        let (x, y) = value(text);
        assert!((x - re).abs() + (y - im).abs() < 1e-15, "{text}: {x} {y}");
    };
    close("-2", -2.0, 0.0);
    close("E4", 0.0, 1.0);
    close("-E4^3", 0.0, 1.0);
    close("3E3", -1.5, 1.5 * 3f64.sqrt());
    close("-E5^2-E5^3", (1.0 + 5f64.sqrt()) / 2.0, 0.0);
    close("E8+E8^7", 2f64.sqrt(), 0.0);
}
