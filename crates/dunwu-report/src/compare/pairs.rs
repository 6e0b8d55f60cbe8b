//! When the runs of each seed crossed, side beside side.

use super::canvas::{Canvas, NEVER, axis, colour, log_epochs, never, upright};
use super::record::ComparePage;
use crate::drawing::Drawing;
use crate::medium::Medium;
use crate::plot::{Plot, Ticks, circle, linear};
use crate::svg::polyline;
use crate::text::{counted, cut};
use dunwu_analysis::compare::Outcome;

pub(super) const TITLE: &str = "Seed by seed";
const TALL: f64 = 230.0;

/// The threshold that is drawn: the stricter one that any run reached.
pub(super) fn level(page: &ComparePage) -> (&'static str, fn(&Outcome) -> Option<u64>) {
    let strict = |o: &Outcome| o.epochs_to.test_99;
    if page
        .sides
        .iter()
        .flat_map(|s| &s.runs)
        .any(|o| strict(o).is_some())
    {
        ("99 %", strict)
    } else {
        ("50 %", |o| o.epochs_to.test_50)
    }
}

pub(crate) fn draw(page: &ComparePage, medium: Medium) -> Vec<Drawing> {
    let (level, pick) = level(page);
    let times = page.sides.iter().flat_map(|s| &s.runs).filter_map(pick);
    let times: Vec<f64> = times.map(|t| t.max(1) as f64).collect();
    let text = format!(
        "First epoch with {level} of held-out rows right, a line a seed over {}; runs that never came so far stand at the top.",
        counted(page.sides.len() as u64, "side")
    );
    let mut canvas = Canvas::new(medium, "pairs", TITLE, &text, &[], TALL + 86.0);
    let top = canvas.top + 24.0 + NEVER;
    let last = page.sides.len() as f64 - 1.0;
    let (left, right) = canvas.width();
    let plot = Plot::new(
        linear((0.65, last + 1.35), (left, right)),
        log_epochs(&times, page.compared.budget, (top + TALL, top)),
    );
    let label = format!("first epoch with {level}, log scale");
    plot.axes(
        &mut canvas.svg,
        axis("", Ticks::Every(1e9)),
        axis("", Ticks::About(6)),
    );
    canvas
        .svg
        .text((left, top - NEVER - 12.0), "tick", "start", &label);
    never(&mut canvas.svg, &plot);
    let place = |side: usize, outcome: &Outcome| {
        (plot.x.at(side as f64 + 1.0), upright(&plot, pick(outcome)))
    };
    for i in 0..page.seeds.len() {
        let way: Vec<_> = page
            .sides
            .iter()
            .enumerate()
            .map(|(s, side)| place(s, &side.runs[i]))
            .collect();
        canvas.svg.path(&polyline(&way), "seed axis");
    }
    let room = (right - left) / page.sides.len() as f64 - 6.0;
    for (s, side) in page.sides.iter().enumerate() {
        for outcome in &side.runs {
            circle(
                &mut canvas.svg,
                place(s, outcome),
                4.0,
                &format!("fill{}", colour(s)),
            );
        }
        let at = (plot.x.at(s as f64 + 1.0), top + TALL + 18.0);
        canvas.svg.text(
            at,
            &format!("t{}", colour(s)),
            "middle",
            &cut(&side.name, room),
        );
    }
    vec![canvas.finish()]
}
