//! Token embeddings along each key feature: a circle, where there is one.

use super::record::{Circuit, CircuitPlane};
use crate::drawing::{Drawing, Title, title_room};
use crate::medium::Medium;
use crate::plot::circle;
use crate::svg::{Svg, polyline};
use crate::text::{cut, percent, text_width};

pub(super) const TITLE: &str = "The embedding along each key feature";

/// Panels drawn at most.
pub(super) const DRAWN: usize = 12;
/// Tokens that have their name in a panel.
const NAMED: usize = 12;
/// Colours of a turn.
const SECTORS: usize = 8;
/// Steps of the ramp of characters.
const STEPS: usize = 9;

pub(super) fn draw(circuit: &Circuit, medium: Medium) -> Option<Drawing> {
    let drawn = &circuit.planes[..circuit.planes.len().min(DRAWN)];
    if drawn.is_empty() {
        return None;
    }
    let columns = if medium == Medium::Narrow { 2 } else { 4 };
    let size = medium.width() / columns as f64;
    let (top, tall) = (title_room(medium) + 4.0, size + 20.0);
    let rows = drawn.len().div_ceil(columns) as f64;
    let description = describe(drawn);
    let title = Title {
        name: "embedding_circles",
        title: TITLE,
        description: &description,
    };
    let mut svg = title.begin(medium, top + tall * rows);
    for (i, one) in drawn.iter().enumerate() {
        let x = (i % columns) as f64 * size;
        let y = top + (i / columns) as f64 * tall;
        let middle = x + size / 2.0;
        let head = format!("{}: {} of it", one.name, percent(one.share));
        let head = cut(&head, size - 4.0);
        svg.text((middle, y + 14.0), "strong", "middle", &head);
        panel(&mut svg, one, (middle, y + 20.0 + size / 2.0), size / 2.0);
    }
    Some(title.end(svg))
}

/// A square around `centre` with every token in it.
fn panel(svg: &mut Svg, one: &CircuitPlane, centre: (f64, f64), half: f64) {
    let edge = half - 6.0;
    let (x, y) = centre;
    svg.rect((x - edge, y - edge), (2.0 * edge, 2.0 * edge), "wheel");
    svg.line((x - edge, y), (x + edge, y), "grid");
    svg.line((x, y - edge), (x, y + edge), "grid");
    let places = places(one, centre, edge - 22.0);
    let order = order(&one.mark);
    if one.functions == 2 {
        let way: Vec<(f64, f64)> = order
            .iter()
            .chain(order.first())
            .map(|i| places[*i])
            .collect();
        svg.path(&polyline(&way), "star");
    }
    for (place, mark) in places.iter().zip(&one.mark) {
        circle(svg, *place, 2.6, &colour(one.functions, *mark));
    }
    if one.functions == 2 {
        names(svg, &places, &order, centre);
    }
}

/// Names of some tokens, each just outside of its dot; one that would cover another is left out.
fn names(svg: &mut Svg, places: &[(f64, f64)], order: &[usize], (x, y): (f64, f64)) {
    let names = NAMED.min(order.len());
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for n in 0..names {
        let token = order[n * order.len() / names];
        let (px, py) = places[token];
        let out = 12.0 / (px - x).hypot(py - y).max(1e-9);
        let at = (px + (px - x) * out, py + (py - y) * out + 4.0);
        let text = token.to_string();
        let wide = text_width(&text, 12.0) + 4.0;
        let free = |o: &(f64, f64)| (o.0 - at.0).abs() >= wide || (o.1 - at.1).abs() >= 12.0;
        if taken.iter().all(free) {
            svg.text(at, "tick", "middle", &text);
            taken.push(at);
        }
    }
}

/// Where the tokens are drawn: the same scale across and up. Of a sign, up is the number of the token.
fn places(one: &CircuitPlane, (x, y): (f64, f64), radius: f64) -> Vec<(f64, f64)> {
    let length = |p: &[f64; 2]| p[0].hypot(p[1]);
    let longest = one.points.iter().map(length).fold(0.0, f64::max);
    let scale = if longest > 0.0 { radius / longest } else { 0.0 };
    let step = 2.0 * radius / (one.points.len() as f64 - 1.0).max(1.0);
    let place = |(i, p): (usize, &[f64; 2])| {
        let up = match one.functions {
            1 => radius - step * i as f64,
            _ => p[1] * scale,
        };
        (x + p[0] * scale, y - up)
    };
    one.points.iter().enumerate().map(place).collect()
}

/// Tokens by their marks.
fn order(mark: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..mark.len()).collect();
    order.sort_by(|i, j| mark[*i].total_cmp(&mark[*j]));
    order
}

/// A turn has eight colours, a sign two, a character the ramp.
fn colour(functions: usize, mark: f64) -> String {
    match functions {
        1 => format!("fill{}", usize::from(mark > 0.5)),
        2 => format!(
            "fill{}",
            ((mark * SECTORS as f64) as usize).min(SECTORS - 1)
        ),
        _ => format!("r{} keyed", ((mark * STEPS as f64) as usize).min(STEPS - 1)),
    }
}

fn describe(drawn: &[CircuitPlane]) -> String {
    let one = |p: &CircuitPlane| format!(" {}: {} of the embedding.", p.name, percent(p.share));
    let all: String = drawn.iter().map(one).collect();
    format!(
        "A square for each key feature, with every token where its embedding lies along it.{all}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_a_turn_is_as_far_up_as_none_is_across() {
        let one = CircuitPlane {
            name: "k=1".into(),
            functions: 2,
            share: 0.5,
            points: vec![[2.0, 0.0], [0.0, 2.0], [-1.0, 0.0]],
            mark: vec![0.0, 0.25, 0.5],
        };
        let at = places(&one, (100.0, 100.0), 50.0);
        assert_eq!(at, [(150.0, 100.0), (100.0, 50.0), (75.0, 100.0)]);
        let colours: Vec<String> = one.mark.iter().map(|m| colour(2, *m)).collect();
        assert_eq!(colours, ["fill0", "fill2", "fill4"]);
        assert_eq!(
            (colour(2, 1.0), colour(9, 1.0)),
            ("fill7".into(), "r8 keyed".into())
        );
    }
}
