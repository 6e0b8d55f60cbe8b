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
            dl { @for (name, value) in pairs { dt { (name) } dd { (moment(value)) } } }
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

/// The same all over a page, except in what a reader may copy.
pub(crate) fn glued(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for (i, part) in html.split("<code").enumerate() {
        let (code, text) = match part.split_once("</code>") {
            Some((code, text)) if i > 0 => (format!("<code{code}</code>"), text),
            _ if i > 0 => (format!("<code{part}"), ""),
            _ => (String::new(), part),
        };
        out += &code;
        out += &bound(text);
    }
    out
}

/// A sentence, names between backticks set as code.
pub(crate) fn words(text: &str) -> Markup {
    html! {
        @for (i, part) in text.split('`').enumerate() {
            @if i % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// A moment without the fractions of its second.
fn moment(value: &str) -> String {
    match value.split_once('.') {
        Some((whole, rest)) if whole.len() == 19 && whole.as_bytes()[10] == b'T' => {
            format!(
                "{whole}{}",
                rest.trim_start_matches(|c: char| c.is_ascii_digit())
            )
        }
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_per_cent_and_commands_their_blanks() {
        assert_eq!(
            glued("<p>at 99 % <code>a 5 % b</code> of 4 %</p><code>7 %"),
            "<p>at 99\u{a0}% <code>a 5 % b</code> of 4\u{a0}%</p><code>7 %"
        );
        assert_eq!(words("at `lr` = 3").into_string(), "at <code>lr</code> = 3");
    }

    #[test]
    fn a_moment_has_no_fractions_of_a_second() {
        for (written, told) in [
            ("2026-11-25T22:55:58.487386246Z", "2026-11-25T22:55:58Z"),
            ("2026-11-25T22:55:58.5+02:00", "2026-11-25T22:55:58+02:00"),
            ("0.1.0", "0.1.0"),
            ("now", "now"),
        ] {
            assert_eq!(moment(written), told);
        }
    }
}
