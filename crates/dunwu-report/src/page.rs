//! The page: one HTML file that needs nothing else.

mod attention;
mod charts;
mod data;
mod features;
mod glossary;
mod headline;
mod layers;
mod tables;

pub(crate) use headline::tile;
pub(crate) use tables::copyable;

use crate::circuit;
use crate::figure;
use crate::frame::glued;
use crate::learned;
use crate::run::RunPage;
use crate::theme;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// What the browser may load: nothing from anywhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
     form-action 'none'";

/// The page of a run: the same input gives the same bytes.
pub fn page(run: &RunPage<'_>) -> String {
    let (figures, undrawn) = figure::all(run);
    let body = html! {
        (headline::header(run))
        main #main {
            (headline::answer(run))
            (charts::section(run, &figures, &undrawn))
            (attention::section(run, &figures))
            (layers::section(run, &figures))
            (learned_section(run))
            (features::section(run))
            (tables::stages(run))
            (tables::seeds(run))
            (tables::plan(run))
            (tables::provenance(run))
            (glossary::section(run))
        }
    };
    let data = data::script(run, &figures);
    document(&run.plan.task, &body, &data, include_str!("script.js"))
}

/// What a look into the network found.
fn learned_section(run: &RunPage<'_>) -> Markup {
    let (why, several) = (run.no_learned.as_deref(), run.seeds.len() > 1);
    if run.plan.transformer.is_some() {
        let circuit = run.circuit.as_ref().filter(|c| c.is_consistent());
        if let (None, None, Some(nothing)) = (circuit, why, &run.no_features) {
            return circuit::nothing(nothing);
        }
        return circuit::section(circuit, why, several);
    }
    let learned = run.learned.as_ref().filter(|l| l.is_consistent());
    let seed = learned.and_then(|l| run.seeds.iter().find(|s| s.seed == l.seed));
    // Of a run that diverged, what came after its numbers broke cannot be looked into.
    let seed = seed.filter(|s| !s.account.fate.name.contains("diverged"));
    let last = seed.and_then(|s| s.maps.last().map(|m| m.0));
    learned::section(learned, why, last, several)
}

/// A page around its body; `data` and `script` follow it.
pub(crate) fn document(title: &str, body: &Markup, data: &Markup, script: &str) -> String {
    let script = format!("{}{script}", include_str!("theme.js"));
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            (head(title))
            body {
                a.skip href="#main" { "Skip to the answer" }
                (PreEscaped(glued(&body.0)))
                (data)
                script { (PreEscaped(script)) }
            }
        }
    };
    markup.into_string()
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta http-equiv="Content-Security-Policy" content=(POLICY);
            title { (title) " · dunwu" }
            style { (PreEscaped(style())) }
        }
    }
}

fn style() -> String {
    let (light, dark) = (theme::variables(false), theme::variables(true));
    format!(
        ":root{{color-scheme:light;{light}}}\n\
         @media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n\
         :root[data-theme=dark]{{color-scheme:dark;{dark}}}\n\
         @media print{{:root,:root:not([data-theme=light]),:root[data-theme=dark]{{color-scheme:light;{light}}}}}\n{}{}",
        include_str!("style.css"),
        theme::PICTURE,
    )
}
