//! Checks of the repository: `cargo run -p xtask -- check`.

mod arrows;
mod docs;
mod sizes;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What a check found wrong, a line each.
type Findings = Vec<String>;

fn main() -> ExitCode {
    let command = std::env::args().nth(1);
    if command.as_deref() != Some("check") {
        say("usage: cargo run -p xtask -- check");
        return ExitCode::from(2);
    }
    let findings = check(&root());
    findings.iter().for_each(|f| say(f));
    say(&format!("xtask: {} findings", findings.len()));
    ExitCode::from(u8::from(!findings.is_empty()))
}

fn check(root: &Path) -> Findings {
    [arrows::check(root), sizes::check(root), docs::check(root)].concat()
}

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the workspace")
        .to_owned()
}

#[expect(clippy::print_stderr, reason = "a command speaks to its user")]
fn say(line: &str) {
    eprintln!("{line}");
}

/// All files below a folder with one of the endings, sorted.
fn files(dir: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let Ok(entries) = std::fs::read_dir(dir) else {
        return out;
    };
    for path in entries.flatten().map(|e| e.path()) {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() && !["target", ".git", "runs"].contains(&name.as_str()) {
            out.extend(files(&path, endings));
        } else if endings.iter().any(|e| name.ends_with(e)) {
            out.push(path);
        }
    }
    out.sort();
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_holds_to_its_rules() {
        assert_eq!(super::check(&super::root()), Vec::<String>::new());
    }
}
