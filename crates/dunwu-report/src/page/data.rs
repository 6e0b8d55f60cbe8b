//! The numbers that the script reads.

use crate::figure::{Figure, bands};
use crate::looks;
use crate::map;
use crate::readings::grid;
use crate::run::RunPage;
use crate::scale::Format;
use crate::text::base64;
use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Epochs that the charts can be read at, at most about.
const EPOCHS: usize = 500;

pub(super) fn script(run: &RunPage<'_>, figures: &[Figure]) -> Markup {
    let epochs = grid(run, EPOCHS);
    let series: BTreeMap<&str, Value> = figures
        .iter()
        .map(|f| (f.name.as_str(), readings(f, &epochs)))
        .collect();
    let bands: Vec<Value> = bands(run)
        .iter()
        .map(|b| json!([b.name, b.from, b.to]))
        .collect();
    let maps: Vec<Value> = map::drawn(run).iter().map(one_map).collect();
    let data = json!({ "epochs": epochs, "figures": series, "bands": bands, "maps": maps, "looks": looks(run) });
    // Inside a script element only `<` could end it.
    let text = data.to_string().replace('<', "\\u003c");
    html! { script #data type="application/json" { (PreEscaped(text)) } }
}

fn readings(figure: &Figure, epochs: &[u64]) -> Value {
    let columns: Vec<Vec<Option<f64>>> = figure
        .series
        .iter()
        .map(|s| at(&s.median, epochs))
        .collect();
    json!({ "percent": figure.format == Format::Percent, "series": columns })
}

/// The values at the epochs; None where there is none.
fn at(points: &[(u64, f64)], epochs: &[u64]) -> Vec<Option<f64>> {
    let find = |e: &u64| {
        points
            .binary_search_by_key(e, |p| p.0)
            .ok()
            .map(|i| points[i].1)
    };
    epochs.iter().map(|e| find(e).map(rounded)).collect()
}

/// To five significant digits: what a reader can use.
fn rounded(x: f64) -> f64 {
    format!("{x:.4e}")
        .parse()
        .expect("a formatted number is a number")
}

fn looks(run: &RunPage<'_>) -> Value {
    let Some(looks) = looks::drawn(run) else {
        return Value::Null;
    };
    let panels: Vec<Value> = looks.panels.iter().map(one_panel).collect();
    json!({
        "epochs": looks.epochs,
        "positions": looks.positions,
        "panels": panels,
        "one": looks.one,
        "most": looks.most,
        "root": looks.root,
        "weights": base64(&looks.weights),
    })
}

fn one_panel(panel: &looks::Panel) -> Value {
    json!({ "from": panel.from, "rows": panel.queries.len(), "name": panel.name(), "queries": panel.queries })
}

fn one_map(map: &map::Drawn) -> Value {
    json!({
        "seed": map.seed,
        "names": map.names,
        "order": map.order,
        "epochs": map.epochs,
        "shares": base64(&map.shares),
    })
}
