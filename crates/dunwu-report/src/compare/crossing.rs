//! Share of runs that have crossed a threshold, over epochs.

use super::canvas::{Canvas, Key, axis, colour};
use super::record::ComparePage;
use crate::drawing::Drawing;
use crate::medium::Medium;
use crate::plot::{Axis, Plot, Ticks, linear};
use crate::scale::{Format, Scale, Spread};
use crate::text::grouped;
use dunwu_analysis::compare::{Measured, SideTimes};

/// Thresholds, the stricter first.
pub(super) const LEVELS: [(&str, &str); 2] = [("test_99", "99 %"), ("test_50", "50 %")];
const TALL: f64 = 170.0;
const STEP: f64 = TALL + 74.0;

pub(crate) fn draw(page: &ComparePage, medium: Medium) -> Vec<Drawing> {
    let one = |(name, level): &(&str, &str)| draw_level(page, name, level, medium);
    LEVELS.iter().map(one).collect()
}

pub(super) fn title(level: &str) -> String {
    format!("Share of runs that answer {level} of held-out rows")
}

fn draw_level(page: &ComparePage, name: &str, level: &str, medium: Medium) -> Drawing {
    let keys: Vec<Key> = page
        .sides
        .iter()
        .enumerate()
        .map(|(i, s)| Key {
            label: s.name.clone(),
            colour: colour(i),
        })
        .collect();
    let of = |crossing: &str| page.compared.measure(name, crossing);
    let text = describe(&[of("first"), of("sustained")]);
    let figure = format!("crossing-{name}");
    let mut canvas = Canvas::new(medium, &figure, &title(level), &text, &keys, 2.0 * STEP);
    for (i, crossing) in ["first", "sustained"].into_iter().enumerate() {
        let top = canvas.top + 26.0 + STEP * i as f64;
        let x = span(page, canvas.width());
        let plot = Plot::new(x, linear((0.0, 1.0), (top + TALL, top)));
        let label = match crossing {
            "first" => "reached once",
            _ => "reached and kept to the end",
        };
        let share = Axis {
            label,
            format: Format::Percent,
            ticks: Ticks::About(4),
        };
        plot.axes(
            &mut canvas.svg,
            axis(&page.epochs(), Ticks::About(8)),
            share,
        );
        let Some(measured) = of(crossing) else {
            continue;
        };
        for (i, side) in measured.sides.iter().enumerate() {
            let (low, middle, high) = steps(side, page.compared.budget);
            let fill = format!("fill{}", colour(i));
            plot.area(&mut canvas.svg, &low, &high, &fill);
            let dashed = if page.sides[i].control { " dash" } else { "" };
            plot.line(&mut canvas.svg, &middle, &format!("l{}{dashed}", colour(i)));
        }
    }
    canvas.finish()
}

/// From half of the first crossing of all to the budget.
fn span(page: &ComparePage, range: (f64, f64)) -> Scale {
    let sides = page.compared.measures.iter().flat_map(|m| &m.sides);
    let steps = sides.flat_map(|s| &s.curve.steps).filter(|s| s.events > 0);
    let budget = page.compared.budget.max(2) as f64;
    let first = steps.map(|s| s.time as f64).fold(budget, f64::min);
    Scale {
        spread: Spread::Log,
        domain: ((first / 2.0).clamp(1.0, budget / 2.0), budget),
        range,
    }
}

type Line = Vec<(f64, f64)>;

/// 1 − Ŝ as a staircase, with the ends of its interval.
fn steps(side: &SideTimes, budget: u64) -> (Line, Line, Line) {
    let mut lines = [vec![(0.0, 0.0)], vec![(0.0, 0.0)], vec![(0.0, 0.0)]];
    for step in side.curve.steps.iter().filter(|s| s.events > 0) {
        for (line, survival) in lines.iter_mut().zip([step.high, step.survival, step.low]) {
            let before = line.last().map_or(0.0, |p| p.1);
            line.push((step.time as f64, before));
            line.push((step.time as f64, 1.0 - survival));
        }
    }
    for line in &mut lines {
        let last = line.last().map_or(0.0, |p| p.1);
        line.push((budget as f64, last));
    }
    let [low, middle, high] = lines;
    (low, middle, high)
}

fn describe(measures: &[Option<&Measured>]) -> String {
    let side = |s: &SideTimes| {
        let median = s
            .median
            .map_or_else(|| "never".to_owned(), |e| format!("epoch {}", grouped(e)));
        format!(
            " {}: {} of {} runs, median {median}.",
            s.name, s.crossed, s.runs
        )
    };
    let one = |m: &&Measured| {
        let sides: String = m.sides.iter().map(side).collect();
        format!(" {} crossing:{sides}", m.crossing)
    };
    let all: String = measures.iter().flatten().map(one).collect();
    format!("Share of runs over epochs, with pointwise 95 % intervals.{all}")
}
