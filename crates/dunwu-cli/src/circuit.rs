//! What a transformer computes its answers from, in words and tables.

use crate::output::{line, paragraph};
use dunwu::{Circuit, CircuitLayer, CircuitMoment, CircuitScore, CircuitScores};

pub(crate) fn print(found: &Circuit) {
    line(&format!(
        "\nthe network of seed {} at epoch {}",
        found.seed, found.epoch
    ));
    keys(found);
    found.layers.iter().for_each(nodes);
    ablations(found);
    moments(&found.moments);
}

fn keys(found: &Circuit) {
    let embedding = found.key_share_embedding.map_or_else(String::new, |share| {
        format!(" They are {:.1} % of the embedding.", 100.0 * share)
    });
    paragraph(&format!(
        "{} of {} features are key: the fewest that have 95 % of the power of its outputs that is a function of the right answer. They are {:.1} % of all power of its outputs.{embedding}",
        found.keys.len(),
        found.features.len(),
        100.0 * found.key_share
    ));
}

/// Clusters that are listed of a layer.
const LISTED: usize = 8;

fn nodes(layer: &CircuitLayer) {
    let clusters = layer.clusters.iter().take(LISTED);
    let mut listed: Vec<String> = clusters
        .map(|c| format!("{} of {}", c.nodes, c.feature))
        .collect();
    if layer.clusters.len() > LISTED {
        listed.push("…".to_owned());
    }
    paragraph(&format!(
        "Of the {} hidden nodes of layer {}, {} are live; one feature is at least 85 % of the power over the table of {} of them, and 95 % of {}. By the feature that is most of them: {}.",
        layer.nodes,
        layer.layer,
        layer.live,
        layer.pure_85,
        layer.pure_95,
        listed.join(", ")
    ));
}

/// Key features that have a line of their own.
const KEYS: usize = 12;

/// Losses and right answers with features cut out.
fn ablations(found: &Circuit) {
    line(&format!(
        "\n  cut out of the outputs; chance is a loss of {:.4} and {:.2} % right answers\n  {:<21}{:>18}{:>18}{:>18}",
        found.chance,
        100.0 / found.answers as f64,
        "",
        "all rows",
        "training rows",
        "held-out rows"
    ));
    row("nothing", &found.whole);
    for key in found.keys.iter().take(KEYS) {
        let name = format!("{} ({:.1} %)", key.name, 100.0 * key.outputs);
        row(&name, &key.without);
    }
    if found.keys.len() > KEYS {
        line("  …");
    }
    row("all key features", &found.without_keys);
    row("all but key features", &found.only_keys);
    if !found.is_general() {
        paragraph(
            "It has not generalised. Key features that are right by themselves on rows that it was never shown are no sign of it: cutting averages the outputs over all rows with one answer, which knows the group.",
        );
    }
}

fn row(name: &str, scores: &CircuitScores) {
    let cell = |s: &CircuitScore| format!("{:>10}{:>6.1} %", short(s.loss), 100.0 * s.accuracy);
    let test = scores
        .test
        .as_ref()
        .map_or_else(|| format!("{:>18}", "–"), cell);
    line(&format!(
        "  {name:<21}{}{}{test}",
        cell(&scores.all),
        cell(&scores.train)
    ));
}

/// A loss, small ones with their power of ten.
fn short(loss: f64) -> String {
    if loss != 0.0 && loss.abs() < 1e-3 {
        format!("{loss:.2e}")
    } else {
        format!("{loss:.4}")
    }
}

fn moments(moments: &[CircuitMoment]) {
    line(&format!(
        "\n  losses by epoch, with the key features of the last\n  {:>7}{:>12}{:>12}{:>12}{:>12}{:>9}{:>12}",
        "epoch", "train", "held out", "restricted", "excluded", "share", "nodes 85 %"
    ));
    let loss = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), short);
    let percent = |x: f64| format!("{:.1} %", 100.0 * x);
    for m in moments {
        line(&format!(
            "  {:>7}{:>12}{:>12}{:>12}{:>12}{:>9}{:>12}",
            m.epoch,
            short(m.train_loss),
            loss(m.test_loss),
            loss(m.restricted_loss),
            short(m.excluded_loss),
            percent(m.key_share),
            m.nodes_85.map_or_else(|| "–".to_owned(), percent)
        ));
    }
}
