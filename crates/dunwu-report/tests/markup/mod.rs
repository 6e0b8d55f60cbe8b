//! What every page and every figure must be.

const VOID: [&str; 8] = ["meta", "input", "br", "hr", "img", "link", "source", "wbr"];

/// Name of the tag, whether it ends or is empty, and where the text behind it starts.
fn tag(text: &str, at: usize) -> (&str, bool, bool, usize) {
    let mut quoted = false;
    let inside = &text[at + 1..];
    let end = inside
        .find(|c| {
            quoted ^= c == '"';
            c == '>' && !quoted
        })
        .expect("a tag ends");
    let body = &inside[..end];
    let closing = body.starts_with('/');
    let name = body
        .trim_start_matches('/')
        .split([' ', '/', '\n'])
        .next()
        .unwrap();
    (name, closing, body.ends_with('/'), at + end + 2)
}

/// Every start tag has its end tag, in order.
pub(crate) fn assert_balanced(text: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find('<').map(|i| i + at) {
        let (name, closing, empty, after) = tag(text, next);
        at = after;
        if closing {
            assert_eq!(
                open.pop(),
                Some(name),
                "near {}",
                &text[next.saturating_sub(80)..after]
            );
        } else if !empty && !name.starts_with('!') && !VOID.contains(&name) {
            open.push(name);
            if ["script", "style"].contains(&name) {
                at += text[at..]
                    .find(&format!("</{name}>"))
                    .expect("raw text ends");
            }
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

/// Nothing is loaded from anywhere: the only addresses are files beside the page and places on it.
pub(crate) fn assert_local(html: &str) {
    for attribute in ["src=\"", "href=\"", "url(", "@import"] {
        for (at, _) in html.match_indices(attribute) {
            let value = &html[at + attribute.len()..];
            assert!(
                [
                    "#",
                    "compare.json\"",
                    "curve.parquet\"",
                    "landscape.json\"",
                    "learned.json\""
                ]
                .iter()
                .any(|known| value.starts_with(known)),
                "{}",
                &html[at..at + 60]
            );
        }
    }
    assert!(!html.contains("http://") && !html.contains("https://"));
}

/// No attribute of a drawing holds a number that is none.
pub(crate) fn assert_numbers(text: &str, what: &str) {
    for bad in ["=\"NaN", "=\"inf", "=\"-inf", "NaN ", "lNaN", "linf"] {
        assert!(!text.contains(bad), "{what}: {bad}");
    }
}

/// A figure in a file of its own.
pub(crate) fn assert_figure(name: &str, svg: &str, what: &str) {
    assert!(
        name.ends_with(".svg") && name.is_ascii() && !name.contains(['/', ' ', '<']),
        "{name}"
    );
    assert!(svg.starts_with("<svg ") && svg.contains("xmlns=\"http://www.w3.org/2000/svg\""));
    assert!(!svg.contains("var("), "{what}: {name}");
    assert_balanced(svg);
    assert_numbers(svg, what);
}
