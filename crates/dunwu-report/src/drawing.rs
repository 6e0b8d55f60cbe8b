//! What every picture has around it: a name, a title, a beginning, a frame on the page, a table of its numbers.

use crate::medium::{Medium, start};
use crate::svg::Svg;
use maud::{Markup, PreEscaped, html};

/// A picture and the name of its file.
#[derive(Clone, Debug)]
pub(crate) struct Drawing {
    pub(crate) name: String,
    pub(crate) svg: String,
}

/// What a picture is called, and what it shows, for those who cannot see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Title<'a> {
    /// Name of its file, and the beginning of its ids.
    pub(crate) name: &'a str,
    pub(crate) title: &'a str,
    pub(crate) description: &'a str,
}

impl Title<'_> {
    /// Begins a picture; in a file, its title stands on top.
    pub(crate) fn begin(&self, medium: Medium, height: f64) -> Svg {
        let mut svg = Svg::default();
        let id = format!("{}{}", self.name, medium.suffix());
        start(
            &mut svg,
            medium,
            height,
            &id,
            self.title,
            self.description,
            None,
        );
        if medium == Medium::File {
            svg.text((12.0, 22.0), "title", "start", self.title);
        }
        svg
    }

    /// Ends it.
    pub(crate) fn end(&self, mut svg: Svg) -> Drawing {
        svg.close("svg");
        Drawing {
            name: self.name.to_owned(),
            svg: svg.finish(),
        }
    }
}

/// Room for the title of a picture in a file.
pub(crate) fn title_room(medium: Medium) -> f64 {
    if medium == Medium::File { 30.0 } else { 0.0 }
}

/// Pictures as files: name and SVG text.
pub(crate) fn files(drawn: impl Iterator<Item = Drawing>) -> Vec<(String, String)> {
    drawn.map(|d| (format!("{}.svg", d.name), d.svg)).collect()
}

/// A name that a file may have.
pub(crate) fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    name.chars().map(plain).collect()
}

/// A figure with its title, what to look for, its pictures for wide and narrow screens, and its numbers.
pub(crate) fn figure(
    id: &str,
    title: &str,
    help: &str,
    of: &dyn Fn(Medium) -> Option<Drawing>,
    numbers: &Markup,
) -> Markup {
    html! {
        figure.chart aria-labelledby=(format!("title-{id}")) {
            figcaption {
                div.title { h3 #(format!("title-{id}")) { (title) } }
                p.help { (help) }
            }
            @for medium in [Medium::Wide, Medium::Narrow] {
                @if let Some(drawing) = of(medium) { (PreEscaped(drawing.svg)) }
            }
            (numbers)
        }
    }
}

/// A folded table under a picture: the first cell of a row names it. A head that begins with `<` is of words.
pub(crate) fn numbers(fold: &str, label: &str, heads: &[&str], rows: &[Vec<String>]) -> Markup {
    let words = |i: usize| heads.get(i).is_some_and(|h| h.starts_with('<'));
    html! {
        details {
            summary { (fold) }
            div.scroll tabindex="0" role="region" aria-label=(format!("{fold}: {label}")) {
                table.numbers {
                    thead { tr { @for (i, head) in heads.iter().enumerate() {
                        th.words[words(i)] scope="col" { (head.trim_start_matches('<')) }
                    } } }
                    tbody { @for row in rows { tr { @for (i, cell) in row.iter().enumerate() {
                        @if i == 0 { th.words[words(0)] scope="row" { (cell) } }
                        @else { td.words[words(i)] { (cell) } }
                    } } } }
                }
            }
        }
    }
}
