//! The table of published results.

use super::follow::Follow;
use super::kinds::{self, Measure};
use super::verdict::Tolerance;
use crate::error::Error;
use dunwu_core::{PlanError, RunPlan, RunSpec};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The table, sorted by id.
const TABLE: &str = include_str!("rows.toml");

/// How long a row takes on two cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Cost {
    /// Under a minute.
    S,
    /// Minutes.
    M,
    /// Half an hour, or many runs.
    L,
}

impl Cost {
    /// The letter.
    pub fn letter(self) -> &'static str {
        match self {
            Cost::S => "S",
            Cost::M => "M",
            Cost::L => "L",
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.letter())
    }
}

impl FromStr for Cost {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        match text.trim() {
            "S" | "s" => Ok(Cost::S),
            "M" | "m" => Ok(Cost::M),
            "L" | "l" => Ok(Cost::L),
            other => {
                let why = format!(
                    "`{other}` is no cost; expected S (under a minute), M (minutes) or L (longer), such as S,M"
                );
                Err(PlanError::new("--cost", why))
            }
        }
    }
}

/// A published result.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its name, which never changes.
    pub id: String,
    /// Where it was published.
    pub source: String,
    /// What is claimed.
    pub claim: String,
    /// What came out there.
    pub published: String,
    /// How long it takes.
    pub cost: Cost,
    /// Why it cannot be run, if it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_possible: Option<String>,
    /// What the source leaves out: a stated range is searched, and nothing is judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// What is to be known beside, such as another convention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Keys of a plan; a list of values makes a grid.
    #[serde(default)]
    pub plan: toml::Table,
    /// Named changes of that plan.
    #[serde(default)]
    pub arm: BTreeMap<String, toml::Table>,
    /// What an arm takes from the runs of another.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub follow: BTreeMap<String, Follow>,
    /// What is measured.
    #[serde(default)]
    pub check: Vec<Check>,
}

/// What is measured of a row.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// A kind of the table of kinds.
    pub kind: String,
    /// What the kind needs to know.
    #[serde(default)]
    pub with: toml::Table,
    /// Statistics to give, and what they may be.
    pub expect: Vec<Expect>,
}

/// A statistic and what it may be.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Name of the statistic.
    pub statistic: String,
    /// In words.
    pub what: String,
    /// What the source says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// Least allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Greatest allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// The one setting of a grid that is meant, as `key=value`; all if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub at: String,
}

impl Expect {
    pub(super) fn tolerance(&self) -> Tolerance {
        Tolerance {
            low: self.low,
            high: self.high,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    row: Vec<Row>,
}

/// Every row, sorted by id.
pub fn rows() -> Vec<Row> {
    let table: Table = toml::from_str(TABLE).expect("the table of rows is well formed");
    table.row
}

/// The rows of those ids, in the table's order, or where there is none those of the costs.
///
/// # Errors
/// An id that no row has; the nearest one is named.
pub fn select(ids: &[String], costs: &[Cost]) -> Result<Vec<Row>, Error> {
    let all = rows();
    let known: Vec<&str> = all.iter().map(|r| r.id.as_str()).collect();
    if let Some(id) = ids.iter().find(|id| !known.contains(&id.as_str())) {
        let near = near(id, &known);
        let why = format!("there is no row `{id}`{near}; `dunwu reproduce --list` names all");
        return Err(PlanError::new("reproduce", why).into());
    }
    let wanted = |row: &Row| {
        let named = ids.is_empty() || ids.contains(&row.id);
        named && (costs.is_empty() || costs.contains(&row.cost))
    };
    Ok(all.into_iter().filter(wanted).collect())
}

/// The ids that are numerically near, in words; of names as short as these, letters say little.
fn near(id: &str, known: &[&str]) -> String {
    let Ok(wanted) = id.parse::<i64>() else {
        return String::new();
    };
    let mut near: Vec<i64> = known.iter().filter_map(|k| k.parse().ok()).collect();
    near.sort_by_key(|n| n.abs_diff(wanted));
    near.truncate(3);
    near.sort_unstable();
    let near: Vec<String> = near.iter().map(i64::to_string).collect();
    format!("; near it are {}", near.join(", "))
}

/// Values of the keys in which points of a grid differ, and the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Key and value, sorted by key.
    pub at: Vec<(String, String)>,
    /// The plan.
    pub plan: RunPlan,
}

impl Point {
    /// `key=value …`.
    pub fn label(&self) -> String {
        let words: Vec<String> = self.at.iter().map(|(k, v)| format!("{k}={v}")).collect();
        words.join(" ")
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let of_key = self.at.iter().find(|(k, _)| k == key);
        of_key.map(|(_, value)| value.as_str())
    }
}

/// What a caller changes of every plan of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Last epoch; another one than the row's leaves every verdict open.
    pub epochs: Option<u64>,
    /// First seed.
    pub seed: Option<u64>,
    /// Number of seeds; fewer than the row's leave every verdict open.
    pub seeds: Option<u64>,
    /// Threads; they change no bit.
    pub threads: Option<usize>,
}

impl Changes {
    /// Reads `key=value` overrides.
    ///
    /// # Errors
    /// A key other than these four, or a value that is no whole number above 0 (`seed`: 0 or more).
    pub fn from_overrides(words: &[String]) -> Result<Self, PlanError> {
        let mut changes = Changes::default();
        for word in words {
            let (key, value) = dunwu_core::key_value(word)?;
            let number = || {
                let least = u64::from(key != "seed");
                let number = value.parse().ok().filter(|n| *n >= least && *n < 1 << 53);
                let why = || format!("expected a whole number of at least {least}, got `{value}`");
                number.ok_or_else(|| PlanError::new(key, why()))
            };
            match key {
                "epochs" => changes.epochs = Some(number()?),
                "seed" => changes.seed = Some(number()?),
                "seeds" => changes.seeds = Some(number()?),
                "threads" => changes.threads = Some(number()? as usize),
                _ => {
                    let why = "cannot be changed: a row's settings are what was published; expected epochs, seed, seeds or threads";
                    return Err(PlanError::new(key, why));
                }
            }
        }
        Ok(changes)
    }

    /// Why what a changed row measures is no verdict; None where it is one.
    pub(super) fn shortfall(&self, plans: &[RunPlan]) -> Option<String> {
        let few = |p: &&RunPlan| self.seeds.is_some_and(|n| n < p.seeds);
        let other = |p: &&RunPlan| self.epochs.is_some_and(|n| n != p.epochs);
        let mut why = Vec::new();
        if let Some(p) = plans.iter().filter(few).max_by_key(|p| p.seeds) {
            why.push(format!("fewer than {} seeds", p.seeds));
        }
        if let Some(p) = plans.iter().find(other) {
            why.push(format!("not at {} epochs", p.epochs));
        }
        (!why.is_empty()).then(|| why.join(", "))
    }
}

impl Row {
    /// The points of an arm's grid, in the order of the keys; `""` is the row's own plan.
    ///
    /// # Errors
    /// An arm that the row does not have, or a plan that cannot be run.
    pub fn points(&self, arm: &str, changes: Changes) -> Result<Vec<Point>, Error> {
        let mut keys: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let own = match self.arm.get(arm) {
            Some(own) => Some(own),
            None if arm.is_empty() => None,
            None => {
                let known: Vec<&str> = self.arm.keys().map(String::as_str).collect();
                return Err(PlanError::unknown("arm", arm, &known).into());
            }
        };
        for (key, value) in self.plan.iter().chain(own.into_iter().flatten()) {
            keys.insert(key, values(value));
        }
        let varies = |key: &str| keys[key].len() > 1;
        let point = |words: &Vec<(String, String)>| {
            let mut spec = RunSpec::default();
            for (key, value) in words {
                spec.set_once(key, value)?;
            }
            let at = words.iter().filter(|(key, _)| varies(key));
            Ok(Point {
                at: at.cloned().collect(),
                plan: changed(spec.resolve()?, changes),
            })
        };
        grid(&keys).iter().map(point).collect()
    }

    /// Names of the arms with the plain one, if it trains anything of its own; those that are followed among them.
    pub(super) fn arms(&self) -> Vec<String> {
        let mut arms: Vec<String> = self.measures().iter().flat_map(|m| m.arms()).collect();
        let followed = self.follow.iter().filter(|(arm, _)| arms.contains(arm));
        let followed: Vec<String> = followed.map(|(_, f)| f.after.clone()).collect();
        arms.extend(followed);
        arms.sort();
        arms.dedup();
        arms
    }

    /// Every plan that the row trains, as published.
    pub(super) fn plans(&self) -> Result<Vec<RunPlan>, Error> {
        let mut all = Vec::new();
        for arm in self.arms() {
            all.extend(self.points(&arm, Changes::default())?);
        }
        Ok(all.into_iter().map(|p| p.plan).collect())
    }

    /// What measures each check.
    pub(super) fn measures(&self) -> Vec<Box<dyn Measure>> {
        let one = |check: &Check| {
            kinds::measure(check).expect("every check of the table is held to its kind by a test")
        };
        self.check.iter().map(one).collect()
    }
}

/// Every choice of one value a key, the first key varying slowest.
fn grid(keys: &BTreeMap<&str, Vec<String>>) -> Vec<Vec<(String, String)>> {
    let mut grid: Vec<Vec<(String, String)>> = vec![vec![]];
    for (key, values) in keys {
        let mut finer = Vec::with_capacity(grid.len() * values.len());
        for old in &grid {
            for value in values {
                let mut new = old.clone();
                new.push(((*key).to_owned(), value.clone()));
                finer.push(new);
            }
        }
        grid = finer;
    }
    grid
}

/// A value or a list of them, as overrides write them.
fn values(value: &toml::Value) -> Vec<String> {
    match value {
        toml::Value::Array(items) => items.iter().flat_map(values).collect(),
        toml::Value::String(text) => vec![text.clone()],
        plain => vec![plain.to_string()],
    }
}

fn changed(plan: RunPlan, changes: Changes) -> RunPlan {
    RunPlan {
        epochs: changes.epochs.unwrap_or(plan.epochs),
        seed: changes.seed.unwrap_or(plan.seed),
        seeds: changes.seeds.unwrap_or(plan.seeds),
        ..plan
    }
}
