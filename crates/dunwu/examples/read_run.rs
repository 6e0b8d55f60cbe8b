//! Reads a run directory: crossings, and the purest nodes of the last checkpoint.
//!
//! cargo run --release -p dunwu --example read_run -- runs/Z71-1
#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

use dunwu::{probe, store::RunDir, task};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args().nth(1).ok_or("name a run directory")?;
    let reader = RunDir::open(dir.as_str().as_ref())?;
    let task = task::Task::from_plan(reader.plan(), &|path| {
        std::fs::read_to_string(path).map_err(|e| e.to_string())
    })?;
    for seed in reader.seeds()? {
        let curve = reader.curve(seed)?;
        let crossing = dunwu::analysis::crossing(&curve, "test_acc", 0.99);
        println!(
            "seed {seed}: generalised at {:?} of {} epochs",
            crossing.first, crossing.budget
        );
        let (Some((epoch, path)), Some(features)) =
            (reader.checkpoints(seed)?.pop(), task.features())
        else {
            continue;
        };
        let checkpoint = reader.load_checkpoint(&path)?;
        let data = task.dataset(reader.plan(), seed, task::NO_FILES)?;
        if let Some(map) = probe::feature_map(&checkpoint.snapshot(), &data, &features, false) {
            let mut nodes: Vec<usize> = (0..map.neurons).collect();
            nodes.sort_by(|a, b| map.purity[*b].total_cmp(&map.purity[*a]));
            for j in nodes.iter().take(5) {
                println!(
                    "  epoch {epoch}, node {j}: {} with {:.0} %",
                    map.names[map.best[*j] as usize],
                    100.0 * map.purity[*j]
                );
            }
        }
    }
    Ok(())
}
