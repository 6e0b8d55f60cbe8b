//! What every page of many runs has above and below its pictures.

use crate::page::copyable;
use maud::{Markup, html};

/// The name of the page and the switch between light and dark.
pub(crate) fn header(kind: &str, description: &str) -> Markup {
    html! {
        header {
            div {
                p.brand { "dunwu " span lang="zh" { "顿悟" } " · " (kind) }
                p.task { (description) }
            }
            button #theme type="button" hidden { "Theme: auto" }
        }
    }
}

/// A warning that parts of a record were left out, unless all fit.
pub(crate) fn complaint(consistent: bool) -> Markup {
    html! {
        @if !consistent {
            p.warn { "Parts of this record do not fit together, or hold numbers that are none. Their pictures are left out." }
        }
    }
}

/// The command that makes the numbers again, and a word after it.
pub(crate) fn again(command: &str, note: &Markup) -> Markup {
    html! {
        section #again {
            h2 { "Again" }
            (copyable(command))
            (note)
        }
    }
}

/// A section of names and values; nothing if there are none.
pub(crate) fn pairs(id: &str, title: &str, pairs: &[(String, String)]) -> Markup {
    if pairs.is_empty() {
        return html! {};
    }
    html! {
        section id=(id) {
            h2 { (title) }
            dl { @for (name, value) in pairs { dt { (name) } dd { (value) } } }
        }
    }
}

/// Where the numbers come from; nothing if that is not known.
pub(crate) fn provenance(known: &[(String, String)]) -> Markup {
    pairs("provenance", "Where this comes from", known)
}

/// The few terms used.
pub(crate) fn glossary(words: &[(&str, &str)]) -> Markup {
    html! {
        section #glossary {
            h2 { "Words" }
            dl { @for (term, meaning) in words { dt { (term) } dd { (meaning) } } }
        }
    }
}

/// Keeps a number and its per cent sign on one line.
pub(crate) fn bound(text: &str) -> String {
    text.replace(" %", "\u{a0}%")
}
