//! Gains that are smaller than what differs between seeds.

use super::case::{Case, Role};
use super::coarse::{Level, median};
use super::finding::{Finding, Outcome, Severity};
use crate::forecast::{Measured, short};
use std::collections::BTreeMap;

/// The name of a run without its seed: `lr3_seed1`, `lr3-s2` and `lr3#4` are all `lr3`; None if it names no seed.
///
/// ```
/// use dunwu_analysis::diagnose::without_seed;
/// assert_eq!(without_seed("runs/p97_wd1_seed0").as_deref(), Some("runs/p97_wd1"));
/// assert_eq!(without_seed("a/s=12/b").as_deref(), Some("a/b"));
/// assert_eq!(without_seed("steps12"), None);
/// ```
pub fn without_seed(id: &str) -> Option<String> {
    let parts: Vec<&str> = id
        .split_inclusive(['_', '-', '/', '#', ' ', ',', '.'])
        .collect();
    let is_seed = |part: &str| {
        let part = part
            .trim_end_matches(['_', '-', '/', '#', ' ', ',', '.'])
            .to_ascii_lowercase();
        let rest = part.strip_prefix("seed").or_else(|| part.strip_prefix('s'));
        rest.is_some_and(|r| {
            let digits = r.trim_start_matches('=');
            !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
        })
    };
    let at = parts
        .iter()
        .rposition(|p| is_seed(p))
        .or_else(|| numbered(&parts))?;
    let mut kept: String = parts[..at].concat();
    let rest: String = parts[at + 1..].concat();
    if rest.is_empty() {
        kept.truncate(
            kept.trim_end_matches(['_', '-', '/', '#', ' ', ',', '.'])
                .len(),
        );
    }
    Some(kept + &rest)
}

/// `seed 3`, `seed_3`, `run#3`: a number behind `#` or behind the word.
fn numbered(parts: &[&str]) -> Option<usize> {
    let last = parts.len().checked_sub(1)?;
    let digits = !parts[last].is_empty() && parts[last].bytes().all(|b| b.is_ascii_digit());
    let before = last.checked_sub(1).map(|i| parts[i].to_ascii_lowercase());
    (digits && before.is_some_and(|b| b.ends_with('#') || b.starts_with("seed"))).then_some(last)
}

/// How a run ended, to be compared with others.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending {
    /// Name of all runs that differ from it in the seed alone; None if that is not known.
    pub cell: Option<String>,
    /// The measure that is compared.
    pub metric: String,
    /// Its last value: the median of the last five readings.
    pub value: f64,
    /// 1 where less is better, −1 where more is.
    sign: f64,
}

/// How a run ended: by its held-out score, else loss, else what there is. `cell` names the runs that differ in the seed
/// alone; without it the name of the run is asked ([`without_seed`]).
pub fn ending(case: &Case<'_>, cell: Option<String>) -> Option<Ending> {
    let roles = [
        Role::Score(Measured::HeldOut),
        Role::Loss(Measured::HeldOut),
        Role::Score(Measured::Unknown),
        Role::Loss(Measured::Unknown),
        Role::Loss(Measured::Training),
    ];
    let track = roles.iter().find_map(|r| case.of(*r))?;
    Some(Ending {
        cell: cell.or_else(|| without_seed(case.id)),
        metric: track.name.to_owned(),
        value: median(&track.values[track.values.len() - track.values.len().min(5)..]),
        sign: track.sign(),
    })
}

struct Cell {
    name: String,
    metric: String,
    sign: f64,
    ends: Vec<f64>,
}

impl Cell {
    /// Its mean over seeds.
    fn level(&self) -> Level {
        let n = self.ends.len() as f64;
        let mean = self.ends.iter().sum::<f64>() / n;
        let square: f64 = self.ends.iter().map(|e| (e - mean) * (e - mean)).sum();
        Level {
            mean,
            error: (square / (n - 1.0) / n).sqrt(),
            degrees: self.ends.len() - 1,
            readings: self.ends.len(),
        }
    }

    fn spread(&self) -> f64 {
        let level = self.level();
        level.error * (level.readings as f64).sqrt()
    }
}

fn cells(endings: &[Ending]) -> Vec<Cell> {
    let mut found: BTreeMap<(&str, &str), Cell> = BTreeMap::new();
    for ending in endings {
        let Some(name) = &ending.cell else {
            continue;
        };
        let cell = found.entry((&ending.metric, name)).or_insert_with(|| Cell {
            name: name.clone(),
            metric: ending.metric.clone(),
            sign: ending.sign,
            ends: vec![],
        });
        cell.ends.push(ending.value);
    }
    found.into_values().filter(|c| c.ends.len() >= 2).collect()
}

/// Gains smaller than the spread between seeds: the best setting against the next.
pub(super) fn gains_within_seeds(endings: &[Ending]) -> Outcome {
    let mut cells = cells(endings);
    let metric = cells.first().map(|c| c.metric.clone());
    cells.retain(|c| Some(&c.metric) == metric.as_ref());
    if cells.len() < 2 {
        return Outcome::blind(
            "two settings or more, each with two seeds or more (seedN or #N in the names of runs)",
        );
    }
    cells.sort_by(|a, b| {
        (a.sign * a.level().mean)
            .total_cmp(&(b.sign * b.level().mean))
            .then(a.name.cmp(&b.name))
    });
    let (best, next) = (&cells[0], &cells[1]);
    let looked = format!("`{}` of {} settings", best.metric, cells.len());
    let gain = next.level().minus(&best.level());
    let gain = Level {
        mean: best.sign * gain.mean,
        ..gain
    };
    let spread = (0.5 * (best.spread() * best.spread() + next.spread() * next.spread())).sqrt();
    if spread <= 0.0 {
        return Outcome::clear(format!("{looked}: their seeds end alike"));
    }
    let statement = format!(
        "The gain is smaller than the spread between seeds: `{}` of {} is ahead of {} by {}, and seeds differ by {}.",
        best.metric,
        best.name,
        next.name,
        short(gain.mean),
        short(spread)
    );
    // How many pairs of seeds tell such a gain from none: two-sided 5 %, 80 % power.
    let pairs = (15.7 * (spread / gain.mean.abs().max(1e-3 * spread)).powi(2)).ceil();
    let words = if pairs <= 1000.0 {
        format!(
            "about {pairs} seeds of each, if the gain is what it seems; with fewer nobody can tell"
        )
    } else {
        "another change: a gain this small needs more than a thousand seeds to be seen".to_owned()
    };
    let finding = Finding::new("gains_within_seeds", Severity::Warning, statement)
        .sure(
            gain.between(-spread, spread),
            "Welch's t over seeds: the gain lies within one standard deviation between seeds",
        )
        .sign(
            &best.metric,
            None,
            best.level().mean,
            format!("{}, mean of {} seeds", best.name, best.ends.len()),
        )
        .sign(
            &best.metric,
            None,
            next.level().mean,
            format!("{}, mean of {} seeds", next.name, next.ends.len()),
        )
        .sign("spread", None, spread, "standard deviation between seeds")
        .try_it(words, &[])
        .showing(&[&best.metric], None);
    Outcome::told(finding, looked)
}
