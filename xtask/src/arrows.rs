//! Which crate may see which.

use crate::Findings;
use std::path::Path;

/// Each crate with the ones it may depend on: the picture of ARCHITECTURE.md.
const ARROWS: &[(&str, &[&str])] = &[
    (
        "dunwu",
        &[
            "dunwu-analysis",
            "dunwu-core",
            "dunwu-engine",
            "dunwu-probe",
            "dunwu-report",
            "dunwu-store",
            "dunwu-task",
        ],
    ),
    ("dunwu-analysis", &["dunwu-core", "dunwu-task"]),
    ("dunwu-cli", &["dunwu"]),
    ("dunwu-core", &[]),
    ("dunwu-engine", &["dunwu-core"]),
    ("dunwu-probe", &["dunwu-core", "dunwu-task"]),
    ("dunwu-report", &["dunwu-analysis", "dunwu-core"]),
    ("dunwu-store", &["dunwu-core"]),
    ("dunwu-task", &["dunwu-core"]),
];

pub(crate) fn check(root: &Path) -> Findings {
    let mut findings = Findings::new();
    for (name, allowed) in ARROWS {
        let path = root.join("crates").join(name).join("Cargo.toml");
        let manifest: toml::Table = match std::fs::read_to_string(&path).map(|text| text.parse()) {
            Ok(Ok(table)) => table,
            _ => {
                findings.push(format!("{}: cannot be read", path.display()));
                continue;
            }
        };
        let dependencies = manifest.get("dependencies").and_then(|d| d.as_table());
        let seen = dependencies
            .into_iter()
            .flat_map(|d| d.keys())
            .filter(|d| d.starts_with("dunwu"));
        findings.extend(
            seen.filter(|d| !allowed.contains(&d.as_str()))
                .map(|d| format!("{name} may not see {d}")),
        );
    }
    findings
}
