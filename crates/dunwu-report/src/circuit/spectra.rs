//! How much of embedding, hidden nodes and outputs each feature is.

use super::record::{Circuit, CircuitFeature};
use crate::drawing::{Drawing, Title, title_room};
use crate::medium::Medium;
use crate::svg::Svg;
use crate::text::{percent, text_width};

pub(super) const TITLE: &str = "Which features the network uses, from embedding to outputs";

/// The part of a feature in one place.
type Part = fn(&CircuitFeature) -> Option<f64>;

/// Each place, in the order in which numbers go through the network.
pub(super) const PLACES: [(&str, Part); 3] = [
    ("embedding", |f| f.embedding),
    ("hidden nodes", |f| f.nodes),
    ("outputs", |f| Some(f.outputs)),
];

/// Height of the bars of a place.
const TALL: f64 = 64.0;

pub(super) fn draw(circuit: &Circuit, medium: Medium) -> Option<Drawing> {
    let features = &circuit.features;
    let there = |(_, part): &&(&str, Part)| features.iter().all(|f| part(f).is_some());
    let places: Vec<_> = PLACES.iter().filter(there).collect();
    if features.is_empty() {
        return None;
    }
    let description = describe(circuit);
    let title = Title {
        name: "circuit_spectra",
        title: TITLE,
        description: &description,
    };
    let top = title_room(medium);
    let row = TALL + 42.0;
    let mut svg = title.begin(medium, top + row * places.len() as f64 + 22.0);
    for (i, (name, part)) in places.iter().enumerate() {
        let bottom = top + row * (i + 1) as f64;
        svg.text(
            (medium.left(), bottom - TALL - 22.0),
            "strong",
            "start",
            name,
        );
        bars(&mut svg, circuit, *part, bottom, medium);
    }
    let (first, last) = (&features[0].name, &features[features.len() - 1].name);
    let foot = top + row * places.len() as f64 + 16.0;
    svg.text((medium.left(), foot), "tick", "start", first);
    svg.text((medium.right(), foot), "tick", "end", last);
    Some(title.end(svg))
}

/// A bar for each feature, those of key features named.
fn bars(svg: &mut Svg, circuit: &Circuit, part: Part, bottom: f64, medium: Medium) {
    let features = &circuit.features;
    let step = (medium.right() - medium.left()) / features.len() as f64;
    let value = |f: &CircuitFeature| part(f).unwrap_or(0.0);
    let most = features.iter().map(value).fold(0.0, f64::max).max(1e-12);
    let height = |f: &CircuitFeature| TALL * value(f) / most;
    svg.line((medium.left(), bottom), (medium.right(), bottom), "axis");
    let (edge, upper) = (medium.left() - 6.0, bottom - TALL);
    svg.line((medium.left(), upper), (medium.right(), upper), "grid");
    svg.text((edge, upper + 4.0), "tick", "end", &percent(most));
    svg.text((edge, bottom + 4.0), "tick", "end", "0");
    let mut free = f64::NEG_INFINITY;
    for (i, feature) in features.iter().enumerate() {
        let is_key = circuit.keys.iter().any(|k| k.name == feature.name);
        let (x, tall) = (medium.left() + step * i as f64, height(feature));
        let wide = (step * 0.76).max(0.8);
        let class = if is_key { "fill0" } else { "element" };
        svg.rect(
            (x + (step - wide) / 2.0, bottom - tall),
            (wide, tall),
            class,
        );
        let (middle, half) = (x + step / 2.0, text_width(&feature.name, 12.0) / 2.0);
        if is_key && middle - half > free {
            svg.text((middle, bottom - tall - 5.0), "t0", "middle", &feature.name);
            free = middle + half + 3.0;
        }
    }
}

fn describe(circuit: &Circuit) -> String {
    let key = |name: &str| circuit.features.iter().find(|f| f.name == name);
    let one = |k: &super::record::CircuitKey| {
        let part = |(place, part): &(&str, Part)| {
            Some(format!("{} of {place}", percent(part(key(&k.name)?)?)))
        };
        let parts: Vec<String> = PLACES.iter().filter_map(part).collect();
        format!(" {}: {}.", k.name, parts.join(", "))
    };
    let all: String = circuit.keys.iter().map(one).collect();
    format!("Bars by feature for embedding, hidden nodes and outputs.{all}")
}
