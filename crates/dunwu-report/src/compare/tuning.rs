//! When runs crossed at each learning rate that was tried.

use super::canvas::{Canvas, Key, NEVER, axis, colour, log, log_epochs, never, upright};
use super::record::ComparePage;
use crate::drawing::Drawing;
use crate::medium::Medium;
use crate::plot::{Plot, Ticks, circle};
use crate::svg::polyline;
use crate::text::number;
use dunwu_analysis::compare::{Outcome, Tried};

pub(super) const TITLE: &str = "Learning rates that were tried";
const TALL: f64 = 210.0;

/// The threshold that is drawn: the stricter one that any run of tuning reached.
pub(super) fn level(page: &ComparePage) -> (&'static str, fn(&Outcome) -> Option<u64>) {
    let strict = |o: &Outcome| o.epochs_to.test_99;
    let mut tried = page
        .sides
        .iter()
        .filter_map(|s| s.tuning.as_ref())
        .flat_map(|c| &c.tried);
    if tried.any(|t| t.runs.iter().any(|o| strict(o).is_some())) {
        ("99 %", strict)
    } else {
        ("50 %", |o| o.epochs_to.test_50)
    }
}

pub(crate) fn draw(page: &ComparePage, medium: Medium) -> Vec<Drawing> {
    let tuned: Vec<_> = page
        .sides
        .iter()
        .enumerate()
        .filter_map(|(i, s)| Some((i, s, s.tuning.as_ref()?)))
        .collect();
    if tuned.is_empty() {
        return vec![];
    }
    let (level, pick) = level(page);
    let keys: Vec<Key> = tuned
        .iter()
        .map(|(i, side, choice)| Key {
            label: format!("{}: {} chosen", side.name, number(choice.lr, 3)),
            colour: colour(*i),
        })
        .collect();
    let all = || tuned.iter().flat_map(|(_, _, c)| &c.tried);
    let rates: Vec<f64> = all().map(|t| t.lr).collect();
    let times: Vec<f64> = all()
        .flat_map(|t| &t.runs)
        .filter_map(pick)
        .map(|t| t.max(1) as f64)
        .collect();
    let text = format!(
        "First epoch with {level} of held-out rows right against the learning rate. {}",
        keys.iter()
            .map(|k| format!("{}.", k.label))
            .collect::<Vec<_>>()
            .join(" ")
    );
    let mut canvas = Canvas::new(medium, "tuning", TITLE, &text, &keys, TALL + 100.0);
    let top = canvas.top + 24.0 + NEVER;
    let epochs = log_epochs(&times, page.compared.budget, (top + TALL, top));
    let plot = Plot::new(log(&rates, canvas.width()), epochs);
    plot.axes(
        &mut canvas.svg,
        axis("learning rate, log scale", Ticks::About(6)),
        axis("", Ticks::About(6)),
    );
    let label = format!("first epoch with {level}, log scale; lines are medians");
    canvas.svg.text(
        (plot.x.range.0, top - NEVER - 12.0),
        "tick",
        "start",
        &label,
    );
    never(&mut canvas.svg, &plot);
    let median = |t: &Tried| {
        if level == "99 %" {
            t.median_99
        } else {
            t.median_50
        }
    };
    for (i, _, choice) in &tuned {
        let place = |t: &Tried, epoch: Option<u64>| (plot.x.at(t.lr), upright(&plot, epoch));
        let way: Vec<_> = choice.tried.iter().map(|t| place(t, median(t))).collect();
        canvas
            .svg
            .path(&polyline(&way), &format!("median l{}", colour(*i)));
        for t in &choice.tried {
            for outcome in &t.runs {
                circle(
                    &mut canvas.svg,
                    place(t, pick(outcome)),
                    3.0,
                    &format!("fill{}", colour(*i)),
                );
            }
            if t.lr == choice.lr {
                circle(&mut canvas.svg, place(t, median(t)), 8.0, "ring");
            }
        }
    }
    vec![canvas.finish()]
}
