//! Circles with the group's elements as a frequency sees them, and where its nodes listen.

use super::record::{Circle, Learned};
use crate::drawing::Drawing;
use crate::medium::{Medium, start};
use crate::plot::circle;
use crate::svg::{Svg, polyline};
use crate::text::{counted, cut};
use std::f64::consts::TAU;

pub(super) const TITLE: &str = "The circles that the network found";

/// Circles drawn at most.
const DRAWN: usize = 12;
/// Elements up to which each has its name.
const NAMED: usize = 24;
/// Names round a circle with more elements.
const NAMES: usize = 12;

pub(super) fn draw(learned: &Learned, medium: Medium) -> Vec<Drawing> {
    let Some(orders) = learned
        .cyclic
        .as_ref()
        .filter(|_| !learned.circles.is_empty())
    else {
        return vec![];
    };
    let drawn = &learned.circles[..learned.circles.len().min(DRAWN)];
    let columns = if medium == Medium::Narrow { 2 } else { 4 };
    let size = medium.width() / columns as f64;
    let rows = drawn.len().div_ceil(columns);
    let top = if medium == Medium::File { 34.0 } else { 4.0 };
    let tall = size + 22.0;
    let mut svg = Svg::default();
    let id = format!("circles-{}", medium.class().replace("pic", "").trim());
    let foot = top + tall * rows as f64;
    start(&mut svg, medium, foot, &id, TITLE, &describe(drawn), None);
    if medium == Medium::File {
        svg.text((12.0, 22.0), "title", "start", TITLE);
    }
    for (i, one) in drawn.iter().enumerate() {
        let x = (i % columns) as f64 * size;
        let y = top + (i / columns) as f64 * tall;
        let title = format!("{}: {}", one.name, counted(one.nodes as u64, "node"));
        let middle = x + size / 2.0;
        svg.text(
            (middle, y + 14.0),
            "strong",
            "middle",
            &cut(&title, size - 4.0),
        );
        wheel(
            &mut svg,
            one,
            orders,
            (middle, y + 20.0 + size / 2.0),
            size / 2.0,
        );
    }
    svg.close("svg");
    vec![Drawing {
        name: "circles".into(),
        svg: svg.finish(),
    }]
}

/// Where a turn lies on a circle: 0 at the top, clockwise like a clock.
fn place((x, y): (f64, f64), radius: f64, turn: f64) -> (f64, f64) {
    let angle = turn * TAU;
    (x + radius * libm::sin(angle), y - radius * libm::cos(angle))
}

fn wheel(svg: &mut Svg, one: &Circle, orders: &[usize], centre: (f64, f64), half: f64) {
    let elements = half - 24.0;
    circle(svg, centre, elements, "wheel");
    let places = element_places(&one.frequency, orders);
    // The way 0, 1, 2, … once through a single circle: the star says how far apart neighbours are.
    if let ([_], [order]) = (one.frequency.as_slice(), orders) {
        let way: Vec<(f64, f64)> = (0..=*order)
            .map(|x| place(centre, elements, places[x % order].0))
            .collect();
        svg.path(&polyline(&way), "star");
    }
    let dots = distinct(&places);
    let every = if dots.len() <= NAMED {
        1
    } else {
        dots.len().div_ceil(NAMES)
    };
    for (i, (turn, name)) in dots.iter().enumerate() {
        circle(svg, place(centre, elements, *turn), 1.8, "element");
        if i % every == 0 {
            let (x, y) = place(centre, half - 11.0, *turn);
            svg.text((x, y + 4.0), "tick", "middle", name);
        }
    }
    for node in &one.places {
        for (j, turn) in node.iter().enumerate() {
            let radius = elements * (0.86 - 0.2 * j as f64).max(0.2);
            let class = format!(
                "fill{} node",
                if j + 1 == node.len() { 2 } else { j.min(1) }
            );
            circle(svg, place(centre, radius, *turn), 2.4, &class);
        }
    }
}

/// Every element's place in turns, with its name.
fn element_places(frequency: &[usize], orders: &[usize]) -> Vec<(f64, String)> {
    let count: usize = orders.iter().product();
    let one = |x: usize| {
        let (mut rest, mut turn, mut name) = (x, 0.0, Vec::new());
        for (k, n) in frequency.iter().zip(orders).rev() {
            let digit = rest % n;
            rest /= n;
            turn += (k * digit % n) as f64 / *n as f64;
            name.push(digit.to_string());
        }
        name.reverse();
        let name = match name.as_slice() {
            [one] => one.clone(),
            several => several.join(","),
        };
        (turn.rem_euclid(1.0), name)
    };
    (0..count).map(one).collect()
}

/// One dot where several elements fall together, in the order round the circle, with the first one's name.
fn distinct(places: &[(f64, String)]) -> Vec<(f64, String)> {
    let mut sorted = places.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut out: Vec<(f64, String)> = Vec::new();
    for (turn, name) in sorted {
        match out.last() {
            Some((last, _)) if (turn - last).abs() < 1e-9 => {}
            _ => out.push((turn, name)),
        }
    }
    out
}

fn describe(drawn: &[Circle]) -> String {
    let one = |c: &Circle| format!(" {}: {}.", c.name, counted(c.nodes as u64, "node"));
    let all: String = drawn.iter().map(one).collect();
    format!("One circle a frequency, with the elements in the order in which it meets them.{all}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_stand_where_their_character_points() {
        let places = element_places(&[2], &[5]);
        let turns: Vec<f64> = places.iter().map(|p| (p.0 * 5.0).round()).collect();
        assert_eq!(turns, [0.0, 2.0, 4.0, 1.0, 3.0]);
        // (1, 3) of Z4 × Z7 on the frequency (2, 1): 2/4 + 3/7 of a turn.
        let places = element_places(&[2, 1], &[4, 7]);
        let (turn, name) = &places[7 + 3];
        assert!((turn - (0.5 + 3.0 / 7.0)).abs() < 1e-12 && name == "1,3");
        assert_eq!(distinct(&element_places(&[2, 0], &[4, 7])).len(), 2);
    }
}
