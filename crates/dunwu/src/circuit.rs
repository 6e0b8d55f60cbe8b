//! What the transformers of a run directory compute their answers from, checkpoint by checkpoint.

use crate::checkpoints::{Asked, check_finite, stage_at, thinned};
use crate::error::{Error, failed};
use crate::files::Sources;
use crate::lab::Lab;
use crate::microscope::look;
use crate::record_file;
use crate::resources;
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_core::{Dataset, Model, NamedTensor, Needs, RunPlan, Snapshot};
use dunwu_probe::{AnswerScore, Nodes, Outputs, embedding_shares, keys_of, nodes, plane};
use dunwu_report::{
    Circuit, CircuitCluster, CircuitFeature, CircuitKey, CircuitLayer, CircuitMoment, CircuitPlane,
    CircuitScore, CircuitScores, MapData,
};
use dunwu_store::{RunDir, RunReader};
use dunwu_task::Features;

/// The file of the record.
const RECORD: &str = "circuit.json";
/// Most checkpoints that are looked into: each takes about half a second at 113 tokens and 512 nodes.
const MOST: usize = 32;

/// Looks into the transformers of a run directory; `seed` picks one of several. Of many checkpoints it takes 32,
/// evenly, the last among them; `progress` hears how many are done, and of how many. The path of a checkpoint in a
/// run directory looks into that one.
///
/// # Errors
/// A directory that holds no run or one of perceptrons, a task without features or whose rows are no whole table with
/// every answer equally often, a table that is too large, a checkpoint with missing tensors or numbers that are not
/// finite.
pub fn circuit(
    path: &Utf8Path,
    seed: Option<u64>,
    progress: &dyn Fn(usize, usize),
) -> Result<Circuit, Error> {
    let asked = Asked::open(path, seed)?;
    let lab = asked.lab()?;
    let run = asked.run(&lab)?;
    let scope = Scope::new(&lab, run.seed)?;
    let checkpoints = asked.checkpoints(run.seed, MOST)?;
    let see = |epoch: u64, path: &Utf8Path| -> Result<Vec<NamedTensor>, Error> {
        let tensors = asked.load(path)?;
        let seen = scope.table(epoch, tensors);
        seen.map_err(|why| failed(format!("{path}: {why}")))
    };
    let (epoch, path) = checkpoints.last().expect("there is a checkpoint");
    let last = see(*epoch, path)?;
    let told = |why| failed(format!("{path}: {why}"));
    let mut found = scope.last(*epoch, &last).map_err(told)?;
    drop(last);
    for (i, (epoch, path)) in checkpoints.iter().enumerate() {
        progress(i, checkpoints.len());
        let seen = see(*epoch, path)?;
        let moment = scope.moment(*epoch, stage_at(&run, *epoch), &seen, &found);
        let moment = moment.map_err(|why| failed(format!("{path}: {why}")))?;
        found.moments.push(moment);
    }
    Ok(found)
}

/// Keeps what a look into a transformer found beside its run, and rebuilds the run's page with it.
///
/// # Errors
/// A directory that holds no run, is in use, or cannot be written.
pub fn keep_circuit(dir: &Utf8Path, found: &Circuit) -> Result<Utf8PathBuf, Error> {
    let held = RunDir::resume(dir)?;
    let reader = RunDir::open(dir)?;
    record_file::keep(&held, RECORD, reader.plan(), found)?;
    // The page takes the lock for itself.
    drop(held);
    crate::lab::report(dir)
}

/// The record of a run directory, and why there is none if it cannot be read or is of another plan.
pub(crate) fn stored(dir: &Utf8Path, plan: &RunPlan) -> (Option<Circuit>, Option<String>) {
    record_file::stored(dir, RECORD, plan, Circuit::is_consistent)
}

/// What does not change from checkpoint to checkpoint.
struct Scope<'a> {
    lab: &'a Lab<'a>,
    data: Dataset,
    features: &'a Features,
    all: Vec<u32>,
    seed: u64,
}

impl<'a> Scope<'a> {
    fn new(lab: &'a Lab<'a>, seed: u64) -> Result<Self, Error> {
        if lab.plan.model != Model::Transformer {
            return Err(failed("circuits are read off transformers".to_owned()));
        }
        let why = lab.no_features.clone().unwrap_or_default();
        let none = || failed(format!("there is nothing to name its outputs by: {why}"));
        let features = lab.features.as_ref().ok_or_else(none)?;
        let data = lab.dataset(seed)?;
        let bytes = dunwu_engine::table_bytes(lab.plan, &data);
        if let Some(free) = resources::too_little(bytes) {
            let (bytes, free) = (resources::human(bytes), resources::human(free));
            return Err(failed(format!(
                "outputs and hidden nodes on all rows need {bytes}, and {free} is free"
            )));
        }
        Ok(Self {
            all: (0..data.len() as u32).collect(),
            lab,
            data,
            features,
            seed,
        })
    }

    /// The weights and what they give over the table.
    fn table(&self, epoch: u64, tensors: Vec<NamedTensor>) -> Result<Vec<NamedTensor>, String> {
        check_finite(&tensors)?;
        let needs = Needs {
            table: true,
            ..Needs::WEIGHTS
        };
        let weights = Snapshot::of(epoch, &tensors);
        let seen = look(self.lab.plan, &self.data, self.seed, &weights, needs)?;
        if seen.iter().all(|t| t.name != "table.outputs") {
            return Err(format!(
                "{} has {} rows, which are not the whole table of its operands or have too many outputs",
                self.data.task,
                self.data.len()
            ));
        }
        check_finite(&seen)?;
        Ok(seen)
    }

    fn outputs(&self, snapshot: &Snapshot<'_>) -> Result<Outputs<'_>, String> {
        let outputs = snapshot.get("table.outputs");
        Outputs::new(
            outputs.ok_or("the engine gave no outputs")?,
            &self.data,
            self.features,
        )
    }

    fn nodes(&self, snapshot: &Snapshot<'_>) -> Vec<(usize, Nodes)> {
        nodes_of(snapshot, &self.data, self.features)
    }

    /// Which features the nodes of all layers hold; None where there are none.
    fn map(&self, snapshot: &Snapshot<'_>) -> Option<MapData> {
        let layers = self.nodes(snapshot);
        let count = self.features.len();
        let mut map = MapData {
            names: self.features.names.clone(),
            neurons: layers.iter().map(|(_, n)| n.power.len()).sum(),
            share: vec![],
            best: vec![],
            purity: vec![],
        };
        for (_, nodes) in &layers {
            let mut live = vec![false; nodes.power.len()];
            nodes.live().for_each(|j| live[j] = true);
            for (j, live) in live.into_iter().enumerate() {
                let share = |k: usize| if live { nodes.at(j, k) as f32 } else { 0.0 };
                map.share.extend((0..count).map(share));
                map.best.push(nodes.best[j] as u32);
                map.purity.push(share(nodes.best[j]));
            }
        }
        (map.neurons > 0).then_some(map)
    }

    fn scores(&self, of: impl Fn(&[u32]) -> AnswerScore) -> CircuitScores {
        let score = |rows: &[u32]| {
            let AnswerScore { loss, accuracy, .. } = of(rows);
            CircuitScore { loss, accuracy }
        };
        let test = &self.data.test;
        CircuitScores {
            all: score(&self.all),
            train: score(&self.data.train),
            test: (!test.is_empty()).then(|| score(test)),
        }
    }

    /// The last checkpoint in full, without moments.
    fn last(&self, epoch: u64, tensors: &[NamedTensor]) -> Result<Circuit, String> {
        let snapshot = Snapshot::of(epoch, tensors);
        let outputs = self.outputs(&snapshot)?;
        let shares = outputs.shares();
        let keys = keys_of(&shares);
        let embedding = embedding_shares(&snapshot, &self.data, self.features);
        let layers = self.nodes(&snapshot);
        let key = |k: &usize| CircuitKey {
            name: self.features.names[*k].clone(),
            dim: self.features.dims[*k],
            outputs: shares[*k],
            nodes: layers.iter().map(|(_, n)| pure_of(n, *k, 0.85)).sum(),
            without: self.scores(|rows| outputs.without(&[*k], rows)),
        };
        let sum = |shares: &[f64]| keys.iter().map(|k| shares[*k]).sum::<f64>();
        Ok(Circuit {
            seed: self.seed,
            epoch,
            epoch_updates: self.lab.plan.epoch_updates,
            answers: self.data.classes,
            chance: (self.data.classes as f64).ln(),
            features: self.parts(&shares, embedding.as_deref(), &layers),
            keys: keys.iter().map(key).collect(),
            key_share: sum(&shares),
            key_share_embedding: embedding.as_deref().map(sum),
            layers: layers.iter().map(|(l, n)| self.layer(*l, n)).collect(),
            whole: self.scores(|rows| outputs.whole(rows)),
            without_keys: self.scores(|rows| outputs.without(&keys, rows)),
            only_keys: self.scores(|rows| outputs.only(&keys, rows)),
            planes: self.planes(&snapshot, &keys, embedding.as_deref()),
            moments: vec![],
        })
    }

    /// Every feature's part in each place.
    fn parts(
        &self,
        outputs: &[f64],
        embedding: Option<&[f64]>,
        layers: &[(usize, Nodes)],
    ) -> Vec<CircuitFeature> {
        let power = |n: &Nodes| n.power.iter().sum::<f64>();
        let all: f64 = layers.iter().map(|(_, n)| power(n)).sum();
        let shares: Vec<(f64, Vec<f64>)> = layers
            .iter()
            .map(|(_, n)| (power(n) / all, n.shares()))
            .collect();
        let of_nodes = |k: usize| shares.iter().map(|(part, s)| part * s[k]).sum::<f64>();
        let one = |k: usize| CircuitFeature {
            name: self.features.names[k].clone(),
            embedding: embedding.map(|e| e[k]),
            nodes: (all > 0.0).then(|| of_nodes(k)),
            outputs: outputs[k],
        };
        (1..self.features.len()).map(one).collect()
    }

    fn layer(&self, layer: usize, nodes: &Nodes) -> CircuitLayer {
        let cluster = |k: usize| CircuitCluster {
            feature: self.features.names[k].clone(),
            nodes: nodes.live().filter(|j| nodes.best[*j] == k).count(),
            pure_85: pure_of(nodes, k, 0.85),
            pure_95: pure_of(nodes, k, 0.95),
        };
        let clusters = (1..self.features.len()).map(cluster);
        let mut clusters: Vec<CircuitCluster> = clusters.filter(|c| c.nodes > 0).collect();
        clusters.sort_by_key(|c| usize::MAX - c.nodes);
        CircuitLayer {
            layer,
            nodes: nodes.power.len(),
            live: nodes.live().count(),
            pure_85: nodes.pure(0.85).count(),
            pure_95: nodes.pure(0.95).count(),
            clusters,
        }
    }

    fn planes(
        &self,
        snapshot: &Snapshot<'_>,
        keys: &[usize],
        embedding: Option<&[f64]>,
    ) -> Vec<CircuitPlane> {
        let identity = self.lab.task.group().and_then(|g| g.identity());
        let round = |x: f64| (x * 1e4).round() / 1e4;
        let one = |k: &usize| {
            let seen = plane(snapshot, self.features, *k, identity.unwrap_or(0))?;
            Some(CircuitPlane {
                name: self.features.names[*k].clone(),
                functions: seen.functions,
                share: embedding?[*k],
                points: seen.points.iter().map(|p| p.map(round)).collect(),
                mark: seen.mark.iter().map(|m| round(*m)).collect(),
            })
        };
        keys.iter().filter_map(one).collect()
    }

    /// A checkpoint in short, by the keys of the last.
    fn moment(
        &self,
        epoch: u64,
        stage: Option<String>,
        tensors: &[NamedTensor],
        last: &Circuit,
    ) -> Result<CircuitMoment, String> {
        let snapshot = Snapshot::of(epoch, tensors);
        let outputs = self.outputs(&snapshot)?;
        let at = |key: &CircuitKey| self.features.names.iter().position(|n| *n == key.name);
        let keys: Vec<usize> = last.keys.iter().filter_map(at).collect();
        let shares = outputs.shares();
        let held_out = Some(&self.data.test).filter(|t| !t.is_empty());
        let layers = self.nodes(&snapshot);
        let count = |of: &dyn Fn(&Nodes) -> usize| layers.iter().map(|(_, n)| of(n)).sum::<usize>();
        let (live, pure) = (
            count(&|n| n.live().count()),
            count(&|n| n.pure(0.85).count()),
        );
        Ok(CircuitMoment {
            epoch,
            stage,
            train_loss: outputs.whole(&self.data.train).loss,
            test_loss: held_out.map(|rows| outputs.whole(rows).loss),
            restricted_loss: held_out.map(|rows| outputs.only(&keys, rows).loss),
            excluded_loss: outputs.without(&keys, &self.data.train).loss,
            key_share: keys.iter().map(|k| shares[*k]).sum(),
            nodes_85: (live > 0).then(|| pure as f64 / live as f64),
        })
    }
}

/// Nodes of every layer that has some over the table, none where they have no features.
pub(crate) fn nodes_of(
    snapshot: &Snapshot<'_>,
    data: &Dataset,
    features: &Features,
) -> Vec<(usize, Nodes)> {
    let layer = |t: &dunwu_core::TensorView<'_>| {
        let layer = t.name.strip_prefix("table.nodes.")?.parse().ok()?;
        Some((layer, nodes(t, data, features).ok()?))
    };
    snapshot.tensors.iter().filter_map(layer).collect()
}

/// Tokens³ × nodes that the maps of a page may take: about six seconds of one core.
const WORK: f64 = 1e10;

/// Which features the hidden nodes of one of `seeds` transformers held, at checkpoints evenly chosen, the last among
/// them; nothing where they have no features or that would take too long.
pub(crate) fn maps(
    lab: &Lab<'_>,
    reader: &RunReader,
    seed: u64,
    seeds: usize,
) -> Result<Vec<(u64, MapData)>, Error> {
    let (Some(t), Ok(scope)) = (&lab.plan.transformer, Scope::new(lab, seed)) else {
        return Ok(vec![]);
    };
    let one = (scope.features.tokens as f64).powi(3) * (t.layers * t.mlp_width) as f64;
    let most = (WORK / one / seeds as f64).max(if one < WORK { 1.0 } else { 0.0 });
    let mut out = vec![];
    for (epoch, path) in thinned(reader.checkpoints(seed)?, most as usize) {
        let tensors = reader.load_checkpoint(&path)?.tensors;
        // A network that diverged has no map.
        let seen = scope.table(epoch, tensors).ok();
        let map = seen.and_then(|seen| scope.map(&Snapshot::of(epoch, &seen)));
        out.extend(map.map(|map| (epoch, map)));
    }
    Ok(out)
}

/// Live nodes of which feature k is at least so much.
fn pure_of(nodes: &Nodes, k: usize, least: f64) -> usize {
    nodes.pure(least).filter(|j| nodes.best[*j] == k).count()
}

/// A look into a file of tensors that lies in no run directory.
pub(crate) fn alone(
    plan: &RunPlan,
    epoch: u64,
    tensors: Vec<NamedTensor>,
) -> Result<Circuit, Error> {
    let lab = Lab::new(plan, Sources::now(plan))?;
    let scope = Scope::new(&lab, plan.seed)?;
    let seen = scope.table(epoch, tensors).map_err(failed)?;
    let mut found = scope.last(epoch, &seen).map_err(failed)?;
    let moment = scope.moment(epoch, None, &seen, &found).map_err(failed)?;
    found.moments.push(moment);
    Ok(found)
}
