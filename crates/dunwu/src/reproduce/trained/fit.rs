//! Straight lines through logarithms, and curves that should lie on each other.

use super::super::kinds::{Found, Measure, Statistic};
use super::super::row::Point;
use super::super::stage::{Halt, Stage};
use super::super::verdict::Reading;
use super::number::{Number, Value};
use super::{median, values};
use serde::Deserialize;
use std::collections::BTreeMap;

pub(in super::super) const FIT: &[&str] =
    &["censored", "own_r2", "own_slope", "r2", "settings", "slope"];
pub(in super::super) const OVERLAP: &[&str] = &["apart", "fall"];

/// The least-squares line of ln y against x, or against ln x, over the settings of some arms: y is a number's median over
/// the seeds, x the product of some keys (of a task Zn, n). With `by` each value of that key has its own height and
/// all have one slope; R² is 1 − Σ residual²/Σ(ln y − mean of all)². Settings whose median did not come are left out
/// and counted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Fit {
    arms: Vec<String>,
    number: Number,
    against: Vec<String>,
    /// Whether x is a logarithm too.
    #[serde(default)]
    log: bool,
    by: Option<String>,
}

/// Pairs of x and ln y, by the value of the key that has its own height.
type Groups = BTreeMap<String, Vec<(f64, f64)>>;

impl Fit {
    fn x(&self, point: &Point) -> Result<f64, Halt> {
        let mut product = 1.0;
        for key in &self.against {
            product *= number_of(point, key)?;
        }
        Ok(if self.log {
            libm::log(product)
        } else {
            product
        })
    }
}

/// What a key of the plan says as a number, whether the grid varies it or not.
fn number_of(point: &Point, key: &str) -> Result<f64, Halt> {
    let written = match key {
        "lr" => point.plan.lr.to_string(),
        "weight_decay" => point.plan.weight_decay.to_string(),
        "weight_norm" => point.plan.weight_norm.to_string(),
        "task" => point.plan.task.trim_start_matches('Z').to_owned(),
        _ => point.get(key).unwrap_or_default().to_owned(),
    };
    let number = written.parse::<f64>().ok();
    let why = || format!("`{key}` is no key of numbers at {}", point.label());
    Ok(number.ok_or_else(|| crate::error::failed(why()))?)
}

impl Measure for Fit {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let (mut groups, mut censored) = (Groups::new(), 0usize);
        let arms: Result<Vec<_>, Halt> = self.arms.iter().map(|arm| stage.all(arm)).collect();
        for (point, trials) in arms?.into_iter().flatten() {
            let group = self.by.as_ref().and_then(|key| point.get(key));
            match median(&values(&self.number, &trials)) {
                Value::Number(y) if y > 0.0 => {
                    let pair = (self.x(&point)?, libm::log(y));
                    groups
                        .entry(group.unwrap_or("").to_owned())
                        .or_default()
                        .push(pair);
                }
                _ => censored += 1,
            }
        }
        let mut found: Vec<Found> = groups
            .iter()
            .filter_map(|(g, pairs)| self.own(g, pairs))
            .collect();
        let settings: usize = groups.values().map(Vec::len).sum();
        let line = line(groups.values());
        let reading =
            |value: Option<f64>| Reading::number(value, "too few settings came for a line");
        found.push(Found::of(vec![
            Statistic::of("slope", reading(line.map(|l| l.0))),
            Statistic::of("r2", reading(line.map(|l| l.1))),
            Statistic::number("settings", settings as f64),
            Statistic::number("censored", censored as f64),
        ]));
        Ok(found)
    }

    fn arms(&self) -> Vec<String> {
        self.arms.clone()
    }
}

impl Fit {
    /// The line of one value of the key alone.
    fn own(&self, group: &str, pairs: &Vec<(f64, f64)>) -> Option<Found> {
        let (slope, r2) = line([pairs])?;
        Some(Found {
            at: format!("{}={group}", self.by.as_ref()?),
            statistics: vec![
                Statistic::number("own_slope", slope),
                Statistic::number("own_r2", r2),
            ],
        })
    }
}

/// Slope and R² of parallel lines, one a group; None unless there are more points than heights and slope.
fn line<'a>(groups: impl IntoIterator<Item = &'a Vec<(f64, f64)>>) -> Option<(f64, f64)> {
    let groups: Vec<&Vec<(f64, f64)>> = groups.into_iter().filter(|g| !g.is_empty()).collect();
    let all: Vec<f64> = groups.iter().flat_map(|g| g.iter().map(|p| p.1)).collect();
    if all.len() < groups.len() + 2 {
        return None;
    }
    let mean = |v: &mut dyn Iterator<Item = f64>| {
        let (sum, n) = v.fold((0.0, 0.0), |(s, n), x| (s + x, n + 1.0));
        sum / n
    };
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for group in &groups {
        let x = mean(&mut group.iter().map(|p| p.0));
        let y = mean(&mut group.iter().map(|p| p.1));
        for (px, py) in group.iter() {
            xx += (px - x) * (px - x);
            xy += (px - x) * (py - y);
            yy += (py - y) * (py - y);
        }
    }
    let centre = mean(&mut all.iter().copied());
    let total: f64 = all.iter().map(|y| (y - centre) * (y - centre)).sum();
    let residual = yy - xy * xy / xx;
    (xx > 0.0 && total > 0.0).then(|| (xy / xx, 1.0 - residual / total))
}

/// Whether a number has the same curve along one key whatever another key is: the largest distance of medians at one
/// place, and how far their mean falls over all places.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Overlap {
    #[serde(default)]
    arm: String,
    number: Number,
    axis: String,
    across: String,
}

impl Measure for Overlap {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        // By place along the axis: the medians of every value of the other key.
        let mut places: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (point, trials) in stage.all(&self.arm)? {
            let key = |key: &str| {
                let why = || crate::error::failed(format!("the grid does not vary `{key}`"));
                point.get(key).ok_or_else(why).map(str::to_owned)
            };
            key(&self.across)?;
            let middle = median(&values(&self.number, &trials));
            places.entry(key(&self.axis)?).or_default().push(middle);
        }
        let ranks = places.values().map(|v| v.iter().map(Value::rank).collect());
        let (apart, fall) = apart(&ranks.collect::<Vec<_>>());
        let reading = |value| Reading::number(Some(value), "a run has no such number");
        Ok(vec![Found::of(vec![
            Statistic::of("apart", reading(apart)),
            Statistic::of("fall", reading(fall)),
        ])])
    }

    fn arms(&self) -> Vec<String> {
        vec![self.arm.clone()]
    }
}

/// Largest spread at one place, and the range of the places' means.
fn apart(places: &[Vec<f64>]) -> (f64, f64) {
    let range = |v: &[f64]| {
        let most = v.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        most - v.iter().copied().fold(f64::INFINITY, f64::min)
    };
    let mean = |v: &Vec<f64>| v.iter().sum::<f64>() / v.len() as f64;
    let apart = places
        .iter()
        .map(|v| range(v))
        .fold(f64::NEG_INFINITY, f64::max);
    (apart, range(&places.iter().map(mean).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::super::super::row::{Changes, rows};
    use super::*;

    #[test]
    fn parallel_lines_have_one_slope_and_their_own_heights() {
        let exact = |height: f64| (0..4).map(move |i| (f64::from(i), height - 2.0 * f64::from(i)));
        let groups: Vec<Vec<(f64, f64)>> = vec![exact(1.0).collect(), exact(9.0).collect()];
        let (slope, r2) = line(&groups).unwrap();
        assert!((slope + 2.0).abs() < 1e-12 && (r2 - 1.0).abs() < 1e-12);
        // One line through both explains less than half: the heights are far apart.
        let mixed: Vec<(f64, f64)> = groups.concat();
        let (slope, r2) = line([&mixed]).unwrap();
        assert!((slope + 2.0).abs() < 1e-12 && r2 < 0.5, "{r2}");
        // numpy.polyfit([0, 1, 2], [0, 1, 4], 1) is 2, −1/3, and R² 12/13.
        let (slope, r2) = line([&vec![(0.0, 0.0), (1.0, 1.0), (2.0, 4.0)]]).unwrap();
        assert!((slope - 2.0).abs() < 1e-12 && (r2 - 12.0 / 13.0).abs() < 1e-12);
        assert_eq!(line([&vec![(0.0, 0.0), (1.0, 1.0)]]), None);
        assert_eq!(line([&vec![(1.0, 0.0), (1.0, 1.0), (1.0, 2.0)]]), None);
    }

    /// What a row fits is known before hours are trained for it.
    #[test]
    fn every_row_that_fits_has_numbers_to_fit_against() {
        let (changes, mut fits) = (Changes::default(), 0);
        for row in rows() {
            for check in row.check.iter().filter(|check| check.kind == "fit") {
                let fit: Fit = check.with.clone().try_into().unwrap();
                let arms = fit.arms.iter();
                let points = arms.flat_map(|arm| row.points(arm, changes).unwrap());
                points.for_each(|point| assert!(fit.x(&point).is_ok(), "{}", row.id));
                fits += 1;
            }
        }
        assert!(fits > 2, "{fits}");
    }

    #[test]
    fn curves_are_as_far_apart_as_at_their_worst_place() {
        let places = [vec![0.1, 0.15], vec![0.5, 0.4], vec![1.0, 0.98]];
        let (apart, fall) = apart(&places);
        assert!((apart - 0.1).abs() < 1e-12 && (fall - 0.865).abs() < 1e-12);
    }
}
