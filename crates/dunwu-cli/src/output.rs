//! What goes to the standard streams.

use std::io::Write;

/// A line on standard output; a reader that has gone away is no error.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A line on standard error.
pub(crate) fn error_line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A JSON object on standard output.
pub(crate) fn json(value: &serde_json::Value) {
    line(&serde_json::to_string_pretty(value).expect("a JSON value has a text"));
}
