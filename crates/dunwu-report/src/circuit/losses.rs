//! Losses by epoch: of the outputs, of their key features alone, and without them.

use super::record::{Circuit, CircuitMoment};
use crate::drawing::{Drawing, Title, title_room};
use crate::medium::Medium;
use crate::plot::{Axis, Plot, Ticks};
use crate::scale::{Format, Scale, Spread};
use crate::svg::{Svg, spread_labels};
use crate::text::{cut, epoch_axis, number};

pub(super) const TITLE: &str = "Loss with and without the key features";

/// A loss of a checkpoint.
type Loss = fn(&CircuitMoment) -> Option<f64>;

/// Each line's label, colour and loss.
const LINES: [(&str, usize, Loss); 4] = [
    ("train", 0, |m| Some(m.train_loss)),
    ("held out", 1, |m| m.test_loss),
    ("restricted", 2, |m| m.restricted_loss),
    ("excluded", 3, |m| Some(m.excluded_loss)),
];

/// Losses below are drawn on the edge.
const LEAST: f64 = 1e-9;

pub(super) fn draw(circuit: &Circuit, medium: Medium) -> Option<Drawing> {
    let (moments, last) = (&circuit.moments, circuit.moments.last()?);
    if moments.len() < 2 {
        return None;
    }
    let description = describe(last);
    let title = Title {
        name: "circuit_losses",
        title: TITLE,
        description: &description,
    };
    let top = title_room(medium) + 26.0;
    let tall = if medium == Medium::Narrow {
        220.0
    } else {
        280.0
    };
    let y = Scale {
        spread: Spread::Log,
        domain: domain(circuit),
        range: (top + tall, top),
    };
    let mut x = medium.epochs(last.epoch);
    if medium == Medium::Narrow {
        // The longest label needs more than other charts leave.
        x.range.1 -= 16.0;
    }
    let plot = Plot::new(x, y);
    let mut svg = title.begin(medium, top + tall + 42.0);
    let label = epoch_axis(circuit.epoch_updates);
    let epochs = Axis {
        label: &label,
        format: Format::Number,
        ticks: Ticks::Epochs,
    };
    let nats = Axis {
        label: "cross-entropy, nats, log scale",
        format: Format::Number,
        ticks: Ticks::About(6),
    };
    plot.axes(&mut svg, epochs, nats);
    let ((left, right), chance) = (plot.x.range, plot.y.at(circuit.chance));
    svg.line((left, chance), (right, chance), "chance");
    svg.text((left + 4.0, chance - 4.0), "tick", "start", "chance");
    lines(&mut svg, moments, &plot, medium);
    Some(title.end(svg))
}

fn domain(circuit: &Circuit) -> (f64, f64) {
    let all = circuit
        .moments
        .iter()
        .flat_map(|m| LINES.iter().filter_map(|l| l.2(m)));
    let (low, high) = all.fold((circuit.chance, circuit.chance), |(l, h), x| {
        (l.min(x.max(LEAST)), h.max(x))
    });
    (low / 2.0, high * 2.0)
}

fn lines(svg: &mut Svg, moments: &[CircuitMoment], plot: &Plot, medium: Medium) {
    let mut labels: Vec<(f64, &str, usize)> = Vec::new();
    for (name, colour, loss) in LINES {
        let point = |m: &CircuitMoment| Some((m.epoch as f64, loss(m)?.max(LEAST)));
        let points: Vec<(f64, f64)> = moments.iter().filter_map(point).collect();
        plot.line(svg, &points, &format!("l{colour}"));
        for point in &points {
            plot.dot(svg, *point, 2.2, &format!("fill{colour}"));
        }
        labels.extend(points.last().map(|p| (plot.y.at(p.1), name, colour)));
    }
    let wanted: Vec<f64> = labels.iter().map(|l| l.0).collect();
    let room = (plot.y.range.1 + 2.0, plot.y.range.0 - 2.0);
    let right = plot.x.range.1 + 6.0;
    for ((_, name, colour), y) in labels.iter().zip(spread_labels(&wanted, 14.0, room)) {
        let name = cut(name, medium.width() - right);
        svg.text((right, y + 4.0), &format!("t{colour}"), "start", &name);
    }
}

fn describe(last: &CircuitMoment) -> String {
    let of = |loss: Loss| loss(last).map_or_else(|| "none".to_owned(), |x| number(x, 3));
    let all: Vec<String> = LINES
        .iter()
        .map(|(name, _, loss)| format!("{name} {}", of(*loss)))
        .collect();
    format!("Losses by epoch; at the end {}.", all.join(", "))
}
