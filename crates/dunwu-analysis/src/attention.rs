//! Which layer of a transformer learned first, and when its heads made sinks.

use crate::words::last;
use dunwu_core::Curve;

/// Share of a head's attention from which on a position is a sink (arXiv 2410.10781).
const SINK: f64 = 0.3;
/// Share of the norm of the others' values below which a sink's value is drained.
const DRAINED: f64 = 0.25;

/// When a layer had gone half of the way that it went in the epochs recorded.
///
/// Half of a way is half between the first reading and the best, so a longer record may say another epoch: this is no
/// border of a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerWay {
    /// The layer, from 0.
    pub layer: usize,
    /// First epoch at which its weights were half as far from where they began as they ever came (`layer_moved`).
    pub weights: Option<u64>,
    /// First epoch at which the held-out loss of a readout after it had come down half as far as it ever did
    /// (`lens_loss`); None where it did not come down.
    pub loss: Option<u64>,
    /// The same for the held-out accuracy (`lens_acc`); None where it did not rise.
    pub accuracy: Option<u64>,
    /// Epoch of the largest gradient at what it gives (`layer_grad`).
    pub gradient: Option<u64>,
}

/// A head and what its attention goes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Sink {
    /// Its layer, from 0.
    pub layer: usize,
    /// Its number in that layer, from 0.
    pub head: usize,
    /// The position that draws most at the end, from 0.
    pub position: usize,
    /// Mean weight of it at the end.
    pub weight: f64,
    /// First epoch at which that was above 0.3 with the same position drawing most; None if it is not above at the end.
    pub born: Option<u64>,
    /// Norm of the value there over the mean of the others', at the end.
    pub value: f64,
    /// First epoch from `born` on at which that was below a quarter.
    pub drained: Option<u64>,
    /// Score of its key above that of the others, at the end: mean over queries, and standard deviation.
    pub key: [f64; 2],
}

/// First epoch at which a column had gone half of the way from its first reading to its best, the least where it
/// `falls`, else the largest; None if the first is the best.
///
/// ```
/// use dunwu_analysis::half_way;
/// let mut curve = dunwu_core::Curve::default();
/// let readings = [4.0, 5.0, 2.5, 1.0, 1.5];
/// readings.iter().enumerate().for_each(|(e, x)| curve.set(10 * e as u64, "x", *x));
/// assert_eq!((half_way(&curve, "x", true), half_way(&curve, "x", false)), (Some(20), Some(10)));
/// ```
pub fn half_way(curve: &Curve, column: &str, falls: bool) -> Option<u64> {
    let sign = if falls { -1.0 } else { 1.0 };
    let points = || {
        let points = curve.points(column).filter(|p| p.1.is_finite());
        points.map(move |(epoch, value)| (epoch, sign * value))
    };
    let first = points().next()?.1;
    let best = points().fold(first, |best, p| best.max(p.1));
    let half = 0.5 * (first + best);
    let reached = points().find(|p| p.1 >= half)?;
    (best > first).then_some(reached.0)
}

/// Every layer whose readings are in the curve.
pub fn layer_ways(curve: &Curve) -> Vec<LayerWay> {
    let has = |l: &usize| curve.column(&format!("layer_moved.{l}")).is_some();
    let largest = |column: &str| {
        let points = curve.points(column).filter(|p| p.1.is_finite());
        points.reduce(|best, p| if p.1 > best.1 { p } else { best })
    };
    let of = |layer: usize| LayerWay {
        layer,
        weights: half_way(curve, &format!("layer_moved.{layer}"), false),
        loss: half_way(curve, &format!("lens_loss.{layer}"), true),
        accuracy: half_way(curve, &format!("lens_acc.{layer}"), false),
        gradient: largest(&format!("layer_grad.{layer}")).map(|p| p.0),
    };
    (0..).take_while(has).map(of).collect()
}

/// Every head whose readings are in the curve.
pub fn sinks(curve: &Curve) -> Vec<Sink> {
    let has = |l: usize, h: usize| curve.column(&format!("attention_top.{l}.{h}")).is_some();
    let mut out = Vec::new();
    for layer in (0..).take_while(|l| has(*l, 0)) {
        out.extend(
            (0..)
                .take_while(|h| has(layer, *h))
                .filter_map(|h| sink(curve, layer, h)),
        );
    }
    out
}

fn sink(curve: &Curve, layer: usize, head: usize) -> Option<Sink> {
    let name = |column: &str| format!("{column}.{layer}.{head}");
    let of = |column: &str| last(curve, &name(column)).unwrap_or(f64::NAN);
    let at = last(curve, &name("attention_top_at"))?;
    let (weight, value) = (of("attention_top"), of("value_top"));
    let positions = name("attention_top_at");
    let mut there = curve
        .points(&name("attention_top"))
        .zip(curve.points(&positions));
    let is_sink = |weight: f64, position: f64| weight > SINK && position == at;
    let born = there
        .find(|((_, w), (_, p))| is_sink(*w, *p))
        .map(|(p, _)| p.0);
    let born = born.filter(|_| weight > SINK);
    let drained = born.and_then(|born| {
        let values = name("value_top");
        let mut low = curve
            .points(&values)
            .filter(|p| p.0 >= born && p.1 < DRAINED);
        low.next().map(|p| p.0)
    });
    Some(Sink {
        layer,
        head,
        position: at as usize,
        weight,
        born,
        value,
        drained,
        key: [of("key_bias"), of("key_spread")],
    })
}

/// Which layer was first, where there are several.
pub(crate) fn layers_in_words(curve: &Curve) -> Vec<String> {
    let ways = layer_ways(curve);
    if ways.len() < 2 {
        return vec![];
    }
    let mut out = Vec::new();
    out.extend(in_order(&ways, |way| way.weights).map(|order| {
        format!("By how far their weights came, layers were half of the way at {order}.")
    }));
    out.extend(in_order(&ways, |way| way.accuracy).map(|order| {
        format!("Had the readout come right after a layer, half of the best held-out accuracy that this reached would have been there at {order}.")
    }));
    out
}

/// `epoch 10 (layer 1), 40 (layers 0, 2)`, the earliest first.
fn in_order(ways: &[LayerWay], epoch: impl Fn(&LayerWay) -> Option<u64>) -> Option<String> {
    let mut known: Vec<(u64, usize)> = ways
        .iter()
        .filter_map(|way| Some((epoch(way)?, way.layer)))
        .collect();
    known.sort_unstable();
    let groups = known.chunk_by(|a, b| a.0 == b.0).map(|group| {
        let layers: Vec<String> = group.iter().map(|(_, l)| l.to_string()).collect();
        let word = if group.len() > 1 { "layers" } else { "layer" };
        format!("epoch {} ({word} {})", group[0].0, layers.join(", "))
    });
    let text = groups.collect::<Vec<_>>().join(", ");
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sink_is_born_when_its_position_draws_enough() {
        let mut curve = Curve::default();
        for (i, (at, weight, value)) in [
            (3.0, 0.5, 1.0),
            (0.0, 0.2, 1.0),
            (0.0, 0.4, 0.5),
            (0.0, 0.9, 0.2),
        ]
        .into_iter()
        .enumerate()
        {
            let epoch = 5 * i as u64;
            curve.set(epoch, "attention_top_at.0.0", at);
            curve.set(epoch, "attention_top.0.0", weight);
            curve.set(epoch, "value_top.0.0", value);
        }
        let [sink] = &sinks(&curve)[..] else { panic!() };
        assert_eq!(
            (sink.position, sink.born, sink.drained),
            (0, Some(10), Some(15))
        );
        assert_eq!((sink.weight, sink.value), (0.9, 0.2));
        assert!(sink.key[0].is_nan());
        // A head that lets go of it has no sink.
        curve.set(20, "attention_top.0.0", 0.25);
        curve.set(20, "attention_top_at.0.0", 0.0);
        assert_eq!(sinks(&curve)[0].born, None);
    }

    #[test]
    fn the_layer_that_moved_first_is_named_first() {
        let mut curve = Curve::default();
        for epoch in 0..=10u64 {
            let e = epoch as f64;
            curve.set(epoch, "layer_moved.0", (e / 10.0).powi(2));
            curve.set(epoch, "layer_moved.1", (e / 10.0).sqrt());
            curve.set(epoch, "lens_loss.0", 2.0 + e);
            curve.set(epoch, "lens_acc.1", if epoch > 6 { 1.0 } else { 0.0 });
            curve.set(epoch, "layer_grad.0", (e - 4.0).abs());
        }
        let ways = layer_ways(&curve);
        assert_eq!((ways[0].weights, ways[1].weights), (Some(8), Some(3)));
        assert_eq!((ways[0].loss, ways[1].accuracy), (None, Some(7)));
        assert_eq!((ways[0].gradient, ways[1].gradient), (Some(10), None));
        let text = layers_in_words(&curve).join(" ");
        assert!(
            text.contains("at epoch 3 (layer 1), epoch 8 (layer 0)"),
            "{text}"
        );
        assert!(text.contains("at epoch 7 (layer 1)."), "{text}");
    }
}
