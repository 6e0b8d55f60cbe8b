//! What goes to the standard streams.

use std::io::Write;

/// A line on standard output; a reader that has gone away is no error.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Widest text, where a terminal has more room than the eye likes.
const WIDEST: usize = 100;

/// A paragraph on standard output, indented by two, broken between words if that is a terminal.
pub(crate) fn paragraph(text: &str) {
    let width = console::Term::stdout().size_checked();
    let Some((_, columns)) = width else {
        return line(&format!("  {text}"));
    };
    let options = textwrap::Options::new(usize::from(columns).min(WIDEST))
        .initial_indent("  ")
        .subsequent_indent("    ");
    line(&textwrap::fill(text, options));
}

/// A line on standard error.
pub(crate) fn error_line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A JSON object on standard output.
pub(crate) fn json(value: &serde_json::Value) {
    line(&serde_json::to_string_pretty(value).expect("a JSON value has a text"));
}
