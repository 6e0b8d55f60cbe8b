//! What goes to the standard streams.

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// The first write to standard output that failed.
static FAILED: Mutex<Option<io::Error>> = Mutex::new(None);

/// Whether standard output was closed when the program began.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Asked before Rust's own start: that opens /dev/null in place of a stream that is closed, and from then on
/// every write succeeds.
#[cfg(target_os = "linux")]
#[used]
// SAFETY: the C library calls what stands in this section, with the signature that it has.
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = {
    extern "C" fn look() {
        let there = |path: &str| std::fs::symlink_metadata(path).is_ok();
        CLOSED.store(
            there("/proc/self/fd") && !there("/proc/self/fd/1"),
            Ordering::Relaxed,
        );
    }
    look
};

/// Standard output itself: Rust's handle takes one that cannot be written to for one that nobody reads.
#[cfg(unix)]
fn write_out(text: &str) -> io::Result<()> {
    use std::os::fd::AsFd;
    if CLOSED.load(Ordering::Relaxed) {
        return Err(io::Error::other("it is closed"));
    }
    let file = io::stdout().as_fd().try_clone_to_owned()?;
    std::fs::File::from(file).write_all(text.as_bytes())
}

#[cfg(not(unix))]
fn write_out(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Text on standard output. A reader that has gone away is no error; any other failure is told at the end.
pub(crate) fn text(text: &str) {
    if let Err(error) = write_out(text)
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        let mut failed = FAILED.lock().expect("nothing panics while it holds it");
        failed.get_or_insert(error);
    }
}

/// The first failure to write to standard output.
pub(crate) fn failure() -> Option<io::Error> {
    FAILED
        .lock()
        .expect("nothing panics while it holds it")
        .take()
}

/// A line on standard output.
pub(crate) fn line(content: &str) {
    text(&format!("{content}\n"));
}

/// Widest text, where a terminal has more room than the eye likes.
const WIDEST: usize = 100;

/// A paragraph on standard output, indented by two, broken between words if that is a terminal.
pub(crate) fn paragraph(text: &str) {
    wrapped("  ", text);
}

/// A line on standard output, broken between words if that is a terminal.
pub(crate) fn heading(text: &str) {
    wrapped("", text);
}

/// A row of a table on standard output, whose last column is broken between words if that is a terminal.
pub(crate) fn row(columns: &str, last: &str) {
    let width = console::Term::stdout().size_checked();
    match width {
        Some((_, width)) => line(&broken_last(columns, last, usize::from(width))),
        None => line(&format!("{columns}{last}")),
    }
}

/// Fewest characters a line that a last column is broken into.
const NARROWEST: usize = 16;

fn broken_last(columns: &str, last: &str, width: usize) -> String {
    let rest = " ".repeat(columns.chars().count());
    let width = width.max(rest.len() + NARROWEST);
    let options = textwrap::Options::new(width)
        .initial_indent(columns)
        .subsequent_indent(&rest);
    textwrap::fill(last, options)
}

fn wrapped(indent: &str, text: &str) {
    let width = console::Term::stdout().size_checked();
    match width {
        Some((_, columns)) => line(&broken(indent, text, usize::from(columns).min(WIDEST))),
        None => line(&format!("{indent}{text}")),
    }
}

fn broken(indent: &str, text: &str, width: usize) -> String {
    let rest = format!("{indent}  ");
    let options = textwrap::Options::new(width)
        .initial_indent(indent)
        .subsequent_indent(&rest);
    textwrap::fill(text, options)
}

/// A line on standard error.
pub(crate) fn error_line(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// A JSON object on standard output.
pub(crate) fn json(value: &serde_json::Value) {
    line(&serde_json::to_string_pretty(value).expect("a JSON value has a text"));
}

/// `{"runs": […]}` on standard output, a run at a time: ten thousand of them as values would take hundreds of megabytes.
pub(crate) fn json_runs(runs: impl Iterator<Item = serde_json::Value>) {
    line("{\n  \"runs\": [");
    let mut runs = runs.peekable();
    while let Some(run) = runs.next() {
        let text = serde_json::to_string_pretty(&run).expect("a JSON value has a text");
        let comma = if runs.peek().is_some() { "," } else { "" };
        // Line breaks within texts are escaped: these are between fields.
        line(&format!("    {}{comma}", text.replace('\n', "\n    ")));
    }
    line("  ]\n}");
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_line_of_a_task_fits_a_terminal() {
        let task =
            "Z71: product in a commutative group of order 71, 2 operands, 71 classes, 5041 rows";
        let lines = super::broken("", task, 80);
        assert!(lines.lines().count() == 2 && lines.lines().all(|l| l.chars().count() <= 80));
        assert!(lines.ends_with("\n  rows"), "{lines}");
    }

    #[test]
    fn a_last_column_stays_in_its_column() {
        let lines = super::broken_last("run  12  ", "plateau 99.0 %, spiked 12.0 %", 30);
        assert_eq!(lines, "run  12  plateau 99.0 %,\n         spiked 12.0 %");
        let narrow = super::broken_last("a long name of a run  ", "plateau 99.0 %", 20);
        assert!(narrow.lines().all(|l| l.chars().count() <= 38), "{narrow}");
    }
}
