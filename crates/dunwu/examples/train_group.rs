//! Trains a small network on a group and prints what happened.
//!
//! cargo run --release -p dunwu --example train_group
#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

use dunwu::{Control, RunSpec};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words = [
        "task=Z23",
        "width=512",
        "train_fraction=0.6",
        "lr=2e-3",
        "epochs=600",
    ];
    let plan = RunSpec::from_overrides(words)?.resolve()?;
    let dir = std::env::temp_dir().join(format!("dunwu-example-{}", std::process::id()));
    let dir =
        camino::Utf8PathBuf::from_path_buf(dir).map_err(|_| "the temporary folder is no text")?;
    let report = dunwu::train(&plan, &dir, &Control::default())?;
    for sentence in &report.runs[0].account.sentences {
        println!("{sentence}");
    }
    println!("page: {}", dir.join("report.html"));
    Ok(())
}
