//! Whether the documentation covers what there is and links to what exists.

use crate::Findings;
use std::path::Path;

/// Commands of the program, each with a page.
const COMMANDS: &[&str] = &[
    "bench",
    "boundary",
    "compare",
    "diagnose",
    "forecast",
    "inspect",
    "landscape",
    "report",
    "reproduce",
    "sweep",
    "train",
];

pub(crate) fn check(root: &Path) -> Findings {
    let mut findings = Findings::new();
    for command in COMMANDS {
        let page = root.join("docs").join(format!("{command}.md"));
        if !page.exists() {
            findings.push(format!("docs/{command}.md is missing"));
        }
    }
    for path in crate::files(root, &[".md"]) {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let dir = path.parent().expect("a file lies in a folder");
        for link in links(&text) {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !dir.join(target).exists() {
                findings.push(format!(
                    "{}: links to {target}, which is not there",
                    path.display()
                ));
            }
        }
    }
    findings
}

/// Targets of Markdown links.
fn links(text: &str) -> Vec<&str> {
    let after = text.split("](").skip(1);
    after
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn links_are_found() {
        assert_eq!(super::links("see [a](b.md#c) and [d](e)"), ["b.md#c", "e"]);
    }
}
