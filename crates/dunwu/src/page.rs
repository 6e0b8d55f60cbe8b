//! From a run directory to its page.

use crate::error::Error;
use crate::lab::{Lab, Report};
use dunwu_core::{RunPlan, Snapshot, Weights, shell_word};
use dunwu_probe::{AttentionMaps, feature_map};
use dunwu_report::{LookLayer, Looks, MapData, RunPage, SeedPage};
use dunwu_store::RunReader;

/// Seeds whose neurons are drawn: maps are large.
const MAPPED: usize = 8;

/// Everything that the page of a run shows.
pub(crate) fn build<'a>(
    lab: &'a Lab<'_>,
    reader: &RunReader,
    report: &Report,
) -> Result<RunPage<'a>, Error> {
    let mut seeds = Vec::new();
    for (i, run) in report.runs.iter().enumerate() {
        seeds.push(SeedPage {
            seed: run.seed,
            curve: run.curve.clone(),
            account: run.account.clone(),
            maps: if i < MAPPED {
                maps(lab, reader, run.seed, report.runs.len().min(MAPPED))?
            } else {
                vec![]
            },
            looks: if i < MAPPED {
                looks(lab, reader, run.seed)?
            } else {
                None
            },
            stopped: run.stopped.clone(),
        });
    }
    let provenance = reader.provenance();
    let lines = [
        ("version", provenance.version.clone()),
        (
            "commit",
            provenance
                .commit
                .clone()
                .unwrap_or_else(|| "unknown".into()),
        ),
        ("host", provenance.host.clone()),
        ("threads", provenance.threads.to_string()),
        ("plan hash", provenance.plan_hash.clone()),
        ("started", provenance.started.clone()),
    ];
    let (learned, no_learned) = crate::learned::stored(&report.dir, lab.plan);
    let (circuit, no_circuit) = crate::circuit::stored(&report.dir, lab.plan);
    Ok(RunPage {
        plan: lab.plan,
        task_description: lab.task.describe(),
        chance: lab.task.chance(),
        features: lab.possible(),
        no_features: lab.no_features.clone(),
        seeds,
        provenance: lines
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        command: reproduce_command(lab.plan),
        seconds: Some(report.seconds).filter(|s| *s > 0.0),
        circuit,
        learned,
        no_learned: no_learned.or(no_circuit),
    })
}

/// Which features the neurons of one of so many seeds hold, checkpoint by checkpoint.
fn maps(
    lab: &Lab<'_>,
    reader: &RunReader,
    seed: u64,
    seeds: usize,
) -> Result<Vec<(u64, MapData)>, Error> {
    let Some(features) = &lab.features else {
        return Ok(vec![]);
    };
    if lab.plan.transformer.is_some() {
        return crate::circuit::maps(lab, reader, seed, seeds);
    }
    let data = lab.dataset(seed)?;
    let mut out = Vec::new();
    for (epoch, path) in reader.checkpoints(seed)? {
        let checkpoint = reader.load_checkpoint(&path)?;
        let snapshot = Snapshot::of(epoch, &checkpoint.tensors);
        let complex = lab.plan.weights == Weights::Complex;
        if let Some(map) = feature_map(&snapshot, &data, features, complex) {
            out.push((
                epoch,
                MapData {
                    names: map.names,
                    neurons: map.neurons,
                    share: map.share,
                    best: map.best,
                    purity: map.purity,
                },
            ));
        }
    }
    Ok(out)
}

/// Where the heads of a transformer looked, over time; None if that was not recorded.
fn looks(lab: &Lab<'_>, reader: &RunReader, seed: u64) -> Result<Option<Looks>, Error> {
    let Some(kept) = reader.kept(seed, "attention")? else {
        return Ok(None);
    };
    let Some(maps) = AttentionMaps::of(&kept.tensors) else {
        return Ok(None);
    };
    let data = lab.dataset(seed)?;
    // A table's operands are letters; of a text the number of the position is all there is to say.
    let name = |i: usize| match data.given {
        None if i < data.operands() => char::from(b'a' + (i % 26) as u8).to_string(),
        None => "=".to_owned(),
        Some(_) => i.to_string(),
    };
    let layers = maps.layers.into_iter().map(|layer| LookLayer {
        queries: layer.queries.into_iter().map(name).collect(),
        weights: layer.weights,
    });
    Ok(Some(Looks {
        epochs: maps.epochs,
        sequence: maps.sequence,
        heads: maps.heads,
        layers: layers.collect(),
        positions: maps.positions.into_iter().map(name).collect(),
    }))
}

/// The command that makes the same run again.
pub fn reproduce_command(plan: &RunPlan) -> String {
    command_line("train", &plan.to_overrides())
}

/// A command of this program with its words, as a person can copy it.
pub(crate) fn command_line(command: &str, words: &[String]) -> String {
    let all = ["dunwu", command]
        .into_iter()
        .chain(words.iter().map(String::as_str));
    all.map(shell_word).collect::<Vec<_>>().join(" ")
}
