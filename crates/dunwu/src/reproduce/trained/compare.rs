//! Runs beside runs: arms, keys, events.

use super::super::kinds::{Found, Measure, Statistic};
use super::super::row::Point;
use super::super::stage::{Halt, Stage};
use super::super::verdict::Reading;
use super::number::{Number, Value, over_seeds};
use super::{median, shared, sign_test, values};
use dunwu_analysis::landscape::passes;
use serde::Deserialize;

pub(in super::super) const HALF_POINT: &[&str] = &["at", "ratio"];
pub(in super::super) const ORDER: &[&str] = &["lead", "share"];
pub(in super::super) const PAIR: &[&str] =
    &["below", "medians", "p", "points", "ratio", "scarcest"];
pub(in super::super) const TREND: &[&str] = &["monotone", "p", "rises"];

/// By how many epochs one number of a run lies before another.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Order {
    #[serde(default)]
    arm: String,
    first: Number,
    second: Number,
}

impl Measure for Order {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let mut found = Vec::new();
        for (point, trials) in stage.all(&self.arm)? {
            let (first, second) = (values(&self.first, &trials), values(&self.second, &trials));
            let lead = |(a, b): (&Value, &Value)| match (a, b) {
                (Value::Number(a), Value::Number(b)) => Value::Number(b - a),
                // The second has not come after all: later than the first by an amount that is not known.
                (Value::Number(_), Value::NotBy(budget)) => Value::NotBy(*budget),
                _ => Value::Missing,
            };
            let leads: Vec<Value> = first.iter().zip(&second).map(lead).collect();
            let ahead = first
                .iter()
                .zip(&second)
                .filter(|(a, b)| a.rank() < b.rank());
            let share = ahead.count() as f64 / leads.len().max(1) as f64;
            let mut middle = over_seeds(&leads).swap_remove(1);
            middle.name = "lead";
            found.push(Found {
                at: point.label(),
                statistics: vec![middle, Statistic::number("share", share)],
            });
        }
        Ok(found)
    }

    fn arms(&self) -> Vec<String> {
        vec![self.arm.clone()]
    }
}

/// A number of every run of arm `a` beside that of arm `b` with the same seed and setting.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Pair {
    #[serde(default)]
    a: String,
    #[serde(default)]
    b: String,
    number: Number,
    /// A key of which each arm takes its own best value, that with the smallest median.
    tuned: Option<String>,
    /// A key of numbers of which the smallest value counts at which the number came in both arms.
    scarcest: Option<String>,
}

/// A setting and the number of each seed.
type Side = (Point, Vec<Value>);
/// A setting and the numbers of both arms.
type Sides = (Point, Vec<Value>, Vec<Value>);

impl Pair {
    fn side(&self, stage: &Stage<'_>, arm: &str) -> Result<Vec<Side>, Halt> {
        let mut best: Vec<Side> = Vec::new();
        for (point, trials) in stage.all(arm)? {
            let values = values(&self.number, &trials);
            let point = match &self.tuned {
                Some(key) => without(&point, key),
                None => point,
            };
            match best.iter_mut().find(|(p, _)| p.at == point.at) {
                Some(known) if median(&values).rank() < median(&known.1).rank() => known.1 = values,
                Some(_) => {}
                None => best.push((point, values)),
            }
        }
        Ok(best)
    }

    /// Both sides at every setting.
    fn sides(&self, stage: &Stage<'_>) -> Result<Vec<Sides>, Halt> {
        let (a, b) = (self.side(stage, &self.a)?, self.side(stage, &self.b)?);
        let both = |(point, mine): Side| {
            let other = b.iter().position(|(p, _)| shared(&point, p));
            let other = other.ok_or_else(|| {
                let why = format!("the arms have no common setting {}", point.label());
                crate::error::failed(why)
            })?;
            // A setting of `a` that `b` does not vary is compared with the same runs each time.
            let theirs = b[other].1.clone();
            Ok((point, mine, theirs))
        };
        a.into_iter().map(both).collect()
    }
}

impl Measure for Pair {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let sides = self.sides(stage)?;
        let mut found = Vec::new();
        let (mut wins, mut decided, mut points) = (0, 0, 0);
        let mut scarcest: Option<(f64, f64)> = None;
        for (point, x, y) in &sides {
            let ranks = x.iter().zip(y).map(|(x, y)| (x.rank(), y.rank()));
            let pairs: Vec<(f64, f64)> = ranks.collect();
            let below = pairs.iter().filter(|(x, y)| x < y).count();
            wins += below;
            decided += pairs.iter().filter(|(x, y)| x != y).count();
            let (x, y) = (median(x), median(y));
            points += usize::from(x.rank() <= y.rank());
            if let (Some(key), Value::Number(x), Value::Number(y)) = (&self.scarcest, &x, &y) {
                let (_, share) = along(point, key)?;
                if scarcest.is_none_or(|(least, _)| share < least) {
                    scarcest = Some((share, x / y));
                }
            }
            found.push(Found {
                at: point.label(),
                statistics: vec![
                    Statistic::of("ratio", ratio(&pairs)),
                    Statistic::of("medians", quotient(&x, &y)),
                    Statistic::number("below", below as f64 / pairs.len().max(1) as f64),
                ],
            });
        }
        let at_least = Reading::number(scarcest.map(|s| s.1), "it came in both arms nowhere");
        found.push(Found::of(vec![
            Statistic::number("p", sign_test(wins, decided)),
            Statistic::number("points", points as f64 / sides.len().max(1) as f64),
            Statistic::of("scarcest", at_least),
        ]));
        Ok(found)
    }

    fn arms(&self) -> Vec<String> {
        vec![self.a.clone(), self.b.clone()]
    }
}

/// The point without a key.
fn without(point: &Point, key: &str) -> Point {
    let others = point.at.iter().filter(|(k, _)| k != key).cloned();
    Point {
        at: others.collect(),
        plan: point.plan.clone(),
    }
}

/// The median of x/y over pairs, where it is a number.
fn ratio(pairs: &[(f64, f64)]) -> Reading {
    let mut ratios: Vec<f64> = pairs.iter().map(|(x, y)| x / y).collect();
    ratios.sort_by(f64::total_cmp);
    let middle = ratios.get(ratios.len().saturating_sub(1) / 2);
    let number = middle.copied().filter(|r| *r > 0.0);
    Reading::number(number, "half of the pairs did not come in one arm")
}

/// x/y; a bound from below where x did not come.
fn quotient(x: &Value, y: &Value) -> Reading {
    match (x, y) {
        (Value::Number(x), Value::Number(y)) => Reading::Number(x / y),
        (Value::NotBy(budget), Value::Number(y)) => {
            Reading::Missing(format!("above {:.1}", *budget as f64 / y))
        }
        (Value::Number(x), Value::NotBy(budget)) => {
            Reading::Missing(format!("below {:.2}", x / *budget as f64))
        }
        _ => Reading::Missing("neither came".into()),
    }
}

/// Whether a number, or its ratio between two arms, rises along a key of the grid.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Trend {
    #[serde(default)]
    arm: String,
    /// Arm whose number it is divided by.
    over: Option<String>,
    axis: String,
    number: Number,
    /// Turns the question round: whether it falls.
    #[serde(default)]
    falls: bool,
}

/// A point's value along the axis, and the number of each seed.
type Line = Vec<(f64, Vec<Value>)>;

impl Trend {
    /// Numbers by the other keys, each along the axis.
    fn lines(&self, stage: &Stage<'_>) -> Result<Vec<(String, Line)>, Halt> {
        let below = match &self.over {
            Some(arm) => stage.all(arm)?,
            None => vec![],
        };
        let mut lines: Vec<(String, Line)> = Vec::new();
        for (point, trials) in stage.all(&self.arm)? {
            let mut mine = values(&self.number, &trials);
            if let Some((_, other)) = below.iter().find(|(p, _)| p.at == point.at) {
                let other = values(&self.number, other);
                let over = |(x, y): (&Value, &Value)| match (x, y) {
                    (Value::Number(x), Value::Number(y)) => Value::Number(x / y),
                    _ => Value::Missing,
                };
                mine = mine.iter().zip(&other).map(over).collect();
            }
            let (others, x) = along(&point, &self.axis)?;
            match lines.iter_mut().find(|(o, _)| *o == others) {
                Some((_, line)) => line.push((x, mine)),
                None => lines.push((others, vec![(x, mine)])),
            }
        }
        lines
            .iter_mut()
            .for_each(|(_, line)| line.sort_by(|a, b| a.0.total_cmp(&b.0)));
        Ok(lines)
    }

    fn rises(&self, x: f64, y: f64) -> bool {
        if self.falls { x > y } else { x < y }
    }

    /// 1 if each is beyond the one before, 0 if one is not; of two that did not come it is not known.
    fn monotone(&self, middles: &[f64]) -> Reading {
        let open = |w: &&[f64]| w[0].is_infinite() && w[1].is_infinite();
        let known = middles.windows(2).filter(|w| !open(w));
        let holds = known.clone().all(|w| self.rises(w[0], w[1]));
        match (holds, known.count() + 1 < middles.len()) {
            (true, true) => Reading::Missing("neither of two neighbours came".to_owned()),
            (holds, _) => Reading::Number(f64::from(u8::from(holds))),
        }
    }
}

impl Measure for Trend {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let (mut up, mut decided) = (0, 0);
        let mut found = Vec::new();
        for (others, line) in self.lines(stage)? {
            let middles: Vec<f64> = line.iter().map(|(_, v)| median(v).rank()).collect();
            let monotone = self.monotone(&middles);
            for pair in line.windows(2) {
                for (x, y) in pair[0].1.iter().zip(&pair[1].1) {
                    up += usize::from(self.rises(x.rank(), y.rank()));
                    decided += usize::from(x.rank() != y.rank());
                }
            }
            found.push(Found {
                at: others,
                statistics: vec![Statistic::of("monotone", monotone)],
            });
        }
        found.push(Found::of(vec![
            Statistic::number("p", sign_test(up, decided)),
            Statistic::number("rises", up as f64 / decided.max(1) as f64),
        ]));
        Ok(found)
    }

    fn arms(&self) -> Vec<String> {
        let over = self.over.iter().cloned();
        over.chain([self.arm.clone()]).collect()
    }
}

/// The point without a key, and the key's value.
fn along(point: &Point, axis: &str) -> Result<(String, f64), Halt> {
    let value = point.get(axis).and_then(|v| v.parse().ok());
    let value = value.ok_or_else(|| {
        crate::error::failed(format!(
            "`{axis}` is no key of numbers along which the grid goes"
        ))
    })?;
    Ok((without(point, axis).label(), value))
}

/// The value of a key at which the mean over the seeds passes a level.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct HalfPoint {
    #[serde(default)]
    arm: String,
    /// Arm by whose value it is divided.
    over: Option<String>,
    axis: String,
    number: Number,
    level: f64,
}

impl Measure for HalfPoint {
    fn measure(&self, stage: &Stage<'_>) -> Result<Vec<Found>, Halt> {
        let other = match &self.over {
            Some(arm) => self.of(arm, stage)?,
            None => vec![],
        };
        let one = |(at, mine): (String, Reading)| {
            let theirs = other.iter().find(|(o, _)| *o == at).map(|(_, r)| r);
            let ratio = theirs.map(|theirs| match (mine.as_number(), theirs.as_number()) {
                (Some(a), Some(b)) => Reading::Number(a / b),
                _ => Reading::Missing(format!("{mine} over {theirs}")),
            });
            let ratio = ratio.map(|r| Statistic::of("ratio", r));
            Found {
                at,
                statistics: [Statistic::of("at", mine)]
                    .into_iter()
                    .chain(ratio)
                    .collect(),
            }
        };
        Ok(self.of(&self.arm, stage)?.into_iter().map(one).collect())
    }

    fn arms(&self) -> Vec<String> {
        let over = self.over.iter().cloned();
        over.chain([self.arm.clone()]).collect()
    }
}

impl HalfPoint {
    /// Where each line of an arm passes the level.
    fn of(&self, arm: &str, stage: &Stage<'_>) -> Result<Vec<(String, Reading)>, Halt> {
        let trend = Trend {
            arm: arm.to_owned(),
            over: None,
            axis: self.axis.clone(),
            number: self.number.clone(),
            falls: false,
        };
        let lines = trend.lines(stage)?;
        Ok(lines
            .into_iter()
            .map(|(at, line)| (at, self.passes(&line)))
            .collect())
    }

    fn passes(&self, line: &Line) -> Reading {
        let mean = |v: &[Value]| v.iter().map(Value::rank).sum::<f64>() / v.len().max(1) as f64;
        let points: Vec<(f64, f64)> = line.iter().map(|(x, v)| (*x, mean(v))).collect();
        if points.iter().any(|p| !p.1.is_finite()) {
            return Reading::Missing("a run has no such number".into());
        }
        let side = match points.first() {
            Some((x, y)) if *y >= self.level => format!("below {x}"),
            _ => "above all values run".to_owned(),
        };
        Reading::number(passes(&points, self.level), &side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_need_most_pairs_to_have_come() {
        let inf = f64::INFINITY;
        assert_eq!(
            ratio(&[(2.0, 4.0), (3.0, 3.0), (9.0, 3.0)]),
            Reading::Number(1.0)
        );
        assert!(matches!(
            ratio(&[(inf, 4.0), (inf, 3.0)]),
            Reading::Missing(_)
        ));
        assert!(matches!(
            ratio(&[(4.0, inf), (3.0, inf)]),
            Reading::Missing(_)
        ));
        let above = quotient(&Value::NotBy(400), &Value::Number(100.0));
        assert_eq!(above, Reading::Missing("above 4.0".into()));
    }

    #[test]
    fn a_trend_is_open_where_two_neighbours_did_not_come() {
        let number = Number::Most {
            column: "test_acc".into(),
        };
        let trend = Trend {
            arm: String::new(),
            over: None,
            axis: "hidden_layers".into(),
            number,
            falls: false,
        };
        let inf = f64::INFINITY;
        assert_eq!(trend.monotone(&[1.0, 2.0, inf]), Reading::Number(1.0));
        assert_eq!(trend.monotone(&[2.0, 1.0, inf]), Reading::Number(0.0));
        assert_eq!(trend.monotone(&[inf, 1.0]), Reading::Number(0.0));
        assert_eq!(trend.monotone(&[2.0, 1.0, inf, inf]), Reading::Number(0.0));
        let open = trend.monotone(&[1.0, inf, inf]);
        assert!(matches!(open, Reading::Missing(_)), "{open}");
    }

    #[test]
    fn a_half_point_lies_between_values_or_is_said_to_lie_outside() {
        let half = HalfPoint {
            arm: String::new(),
            over: None,
            axis: "train_multiplier".into(),
            number: Number::Most {
                column: "test_acc".into(),
            },
            level: 0.5,
        };
        let line = |values: &[(f64, f64)]| -> Line {
            values
                .iter()
                .map(|(x, y)| (*x, vec![Value::Number(*y); 2]))
                .collect()
        };
        let at = |values: &[(f64, f64)]| half.passes(&line(values));
        assert_eq!(at(&[(2.0, 0.0), (3.0, 1.0)]), Reading::Number(2.5));
        assert_eq!(
            at(&[(2.0, 0.7), (3.0, 1.0)]),
            Reading::Missing("below 2".into())
        );
        let above = Reading::Missing("above all values run".into());
        assert_eq!(at(&[(2.0, 0.1), (3.0, 0.2)]), above);
    }
}
