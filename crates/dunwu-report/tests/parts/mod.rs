//! Pieces of pages and pictures, for tests that compare one with the other.
#![allow(dead_code, reason = "no test uses all of them")]

/// Texts of elements `tag` whose opening tag holds `mark`, in order, entities decoded.
pub(crate) fn texts(markup: &str, tag: &str, mark: &str) -> Vec<String> {
    let open = format!("<{tag} ");
    let end = format!("</{tag}>");
    markup
        .split(&open)
        .skip(1)
        .filter_map(|piece| {
            let (attributes, rest) = piece.split_once('>')?;
            let (text, _) = rest.split_once(&end)?;
            attributes.contains(mark).then(|| plain(text))
        })
        .collect()
}

/// The rows of the table whose region has a label, each cell without markup.
pub(crate) fn table(html: &str, label: &str) -> Vec<Vec<String>> {
    let (_, after) = html
        .split_once(&format!("aria-label=\"{label}\""))
        .unwrap_or_else(|| panic!("no table {label}"));
    let (table, _) = after.split_once("</table>").expect("a table ends");
    let (_, body) = table.split_once("<tbody>").expect("a table has a body");
    body.split("<tr").skip(1).map(cells).collect()
}

fn cells(row: &str) -> Vec<String> {
    row.split("<t")
        .skip(1)
        .filter_map(|cell| Some(cell.split_once('>')?.1))
        .map(|cell| plain(cell.split("</t").next().unwrap_or("")))
        .collect()
}

fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

/// The text of a figure by name.
pub(crate) fn figure(figures: &[(String, String)], name: &str) -> String {
    let found = figures.iter().find(|f| f.0 == name);
    found
        .unwrap_or_else(|| panic!("no figure {name}"))
        .1
        .clone()
}

/// A number attribute of an element's attributes.
pub(crate) fn attribute(element: &str, name: &str) -> f64 {
    let (_, after) = element
        .split_once(&format!(" {name}=\""))
        .unwrap_or_else(|| panic!("no {name} in {element}"));
    after.split('"').next().unwrap().parse().expect("a number")
}

/// Opening tags `tag` that hold `mark`.
pub(crate) fn elements<'a>(markup: &'a str, tag: &str, mark: &str) -> Vec<&'a str> {
    let open = format!("<{tag}");
    let pieces = markup.split(open.as_str()).skip(1);
    let heads = pieces.filter_map(|p| p.split('>').next());
    heads
        .filter(|h| h.starts_with(' ') && h.contains(mark))
        .collect()
}
