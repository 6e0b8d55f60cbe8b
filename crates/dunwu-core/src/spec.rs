//! What a user wrote, and how it becomes a plan.

use crate::error::{PlanError, nearest};
use crate::keys::{KEYS, OF_PERCEPTRONS, OF_TRANSFORMERS, TRANSFORMER_DEFAULTS};
use crate::plan::{Model, RunPlan, TrainShare, Transformer};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// Keys and values as written; every key is known.
///
/// ```
/// use dunwu_core::RunSpec;
/// let plan = RunSpec::from_overrides(["task=Z23", "width=256"]).unwrap().resolve().unwrap();
/// assert_eq!((plan.task.as_str(), plan.width, plan.epochs), ("Z23", 256, 400));
/// let error = RunSpec::from_overrides(["widht=256"]).unwrap_err();
/// assert!(error.to_string().contains("did you mean `width`?"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunSpec {
    values: BTreeMap<String, String>,
}

/// Widest layer: beyond it no machine has the memory, and products of sizes stay far from overflow.
const MOST_WIDE: usize = 1 << 24;
/// Largest whole number that every reader of plans takes without loss: 2⁵³.
pub(crate) const MOST: u64 = 1 << 53;
/// Most runs of one directory: each has a folder of checkpoints.
const MOST_SEEDS: u64 = 10_000;

/// The three keys of which one says how many rows are trained on, and the file that names them.
const SHARES: [&str; 4] = [
    "train_fraction",
    "train_size",
    "train_multiplier",
    "split_file",
];

/// Key and value of an override.
///
/// ```
/// assert_eq!(dunwu_core::key_value("task = Z7").unwrap(), ("task", "Z7"));
/// ```
///
/// # Errors
/// A word without `=`.
pub fn key_value(word: &str) -> Result<(&str, &str), PlanError> {
    let (key, value) = word.split_once('=').ok_or_else(|| {
        let why = format!("is not an override; write key=value, such as `{word}=…`");
        PlanError::new(word, why)
    })?;
    Ok((key.trim(), value.trim()))
}

impl RunSpec {
    /// Reads `key=value` overrides.
    ///
    /// # Errors
    /// A word without `=`, a key that no plan has (the nearest known key is named), a key that is given twice,
    /// or two keys that say how many rows are trained on.
    pub fn from_overrides<S: AsRef<str>>(
        words: impl IntoIterator<Item = S>,
    ) -> Result<Self, PlanError> {
        let mut spec = RunSpec::default();
        for word in words {
            let (key, value) = key_value(word.as_ref())?;
            spec.set_once(key, value)?;
        }
        Ok(spec)
    }

    /// Reads a TOML file's text: one flat table of keys.
    ///
    /// # Errors
    /// Text that is no TOML, a nested table, and the errors of [`RunSpec::from_overrides`].
    pub fn from_toml(text: &str) -> Result<Self, PlanError> {
        let table: toml::Table = text
            .parse()
            .map_err(|e: toml::de::Error| PlanError::new("config", format!("is not TOML: {e}")))?;
        let mut spec = RunSpec::default();
        for (key, value) in &table {
            spec.set_once(key, &written(key, value)?)?;
        }
        Ok(spec)
    }

    /// Sets a key that nothing before it speaks of: of two that contradict, nobody can say which was meant.
    ///
    /// # Errors
    /// Those of [`RunSpec::from_overrides`].
    pub fn set_once(&mut self, key: &str, value: &str) -> Result<(), PlanError> {
        if let Some(before) = self.get(key) {
            let why = format!("is given twice, as `{before}` and as `{value}`; keep one");
            return Err(PlanError::new(key, why));
        }
        let other = SHARES.iter().find(|share| self.get(share).is_some());
        if let Some(other) = other.filter(|_| SHARES.contains(&key)) {
            let why = format!(
                "is given beside {other}, and each says how many rows are trained on; keep one"
            );
            return Err(PlanError::new(key, why));
        }
        self.set(key, value)
    }

    /// Sets a key, replacing what was written before.
    ///
    /// # Errors
    /// A key that no plan has; the nearest known key is named.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), PlanError> {
        let names: Vec<&str> = KEYS.iter().map(|k| k.name).collect();
        if !names.contains(&key) {
            let hint = nearest(key, &names).map_or_else(
                || format!("known keys: {}", names.join(", ")),
                |n| format!("did you mean `{n}`?"),
            );
            return Err(PlanError::new(
                key,
                format!("is not a key of a plan; {hint}"),
            ));
        }
        if SHARES.contains(&key) {
            // A later way of saying how many rows replaces an earlier one.
            SHARES
                .iter()
                .for_each(|share| drop(self.values.remove(*share)));
        }
        self.values.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    /// Takes the other's keys where it has them.
    pub fn merge(&mut self, other: RunSpec) {
        for (key, value) in other.values {
            self.set(&key, &value)
                .expect("every key of a spec is known");
        }
    }

    /// What was written for a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// The keys and values written, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// Fills in the defaults and checks every value.
    ///
    /// # Errors
    /// The first key whose value has the wrong type or lies outside its range.
    pub fn resolve(&self) -> Result<RunPlan, PlanError> {
        let plan = self.parse()?;
        self.check_family(plan.model)?;
        plan.validate()?;
        Ok(plan)
    }

    /// Refuses keys of the other family of networks: they would change nothing.
    fn check_family(&self, model: Model) -> Result<(), PlanError> {
        let (strange, other, hint): (&[&str], _, _) = match model {
            Model::Mlp => (
                &OF_TRANSFORMERS,
                Model::Transformer,
                "leave it out, or write model=transformer",
            ),
            Model::Transformer => (
                &OF_PERCEPTRONS,
                Model::Mlp,
                "leave it out: a transformer has layers, model_width and mlp_width",
            ),
        };
        match strange.iter().find(|key| self.get(key).is_some()) {
            Some(key) => {
                let why = format!(
                    "is a key of model={other} and means nothing for model={model}; {hint}"
                );
                Err(PlanError::new(*key, why))
            }
            None => Ok(()),
        }
    }

    fn transformer(&self, model: Model) -> Result<Option<Transformer>, PlanError> {
        if model != Model::Transformer {
            return Ok(None);
        }
        Ok(Some(Transformer {
            layers: self.value("layers")?,
            heads: self.value("heads")?,
            model_width: self.value("model_width")?,
            mlp_width: self.value("mlp_width")?,
            mlp_bias: self.value("mlp_bias")?,
            positions: self.value("positions")?,
            norm: self.value("norm")?,
            norm_place: self.value("norm_place")?,
            attention: self.value("attention")?,
            attention_gate: self.value("attention_gate")?,
            attention_window: self.value("attention_window")?,
            causal: self.value("causal")?,
            tie_embeddings: self.value("tie_embeddings")?,
            loss_at: self.value("loss_at")?,
        }))
    }

    fn parse(&self) -> Result<RunPlan, PlanError> {
        let weight_decay = self.value("weight_decay")?;
        let model = self.value("model")?;
        Ok(RunPlan {
            task: self.text("task").to_owned(),
            operands: self.value("operands")?,
            quasigroup: self.value("quasigroup")?,
            train: self.share()?,
            test_size: self.value("test_size")?,
            split: self.value("split")?,
            split_seed: self.optional("split_seed")?,
            split_skew: self.value("split_skew")?,
            label_noise: self.value("label_noise")?,
            noise_seed: self.optional("noise_seed")?,
            model,
            width: self.value("width")?,
            hidden_layers: self.value("hidden_layers")?,
            activation: self.value("activation")?,
            activation_a: self.value("activation_a")?,
            activation_b: self.value("activation_b")?,
            weights: self.value("weights")?,
            interaction: self.value("interaction")?,
            embedding: self.value("embedding")?,
            embedding_width: self.value("embedding_width")?,
            hidden_init: self.value("hidden_init")?,
            hidden_scale: self.value("hidden_scale")?,
            readout_init: self.value("readout_init")?,
            readout_scale: self.value("readout_scale")?,
            output_scale: self.value("output_scale")?,
            weight_norm: self.value("weight_norm")?,
            loss: self.value("loss")?,
            temperature: self.value("temperature")?,
            readout: self.value("readout")?,
            ridge: self.optional("ridge")?.unwrap_or(weight_decay),
            optimizer: self.value("optimizer")?,
            lr: self.value("lr")?,
            weight_decay,
            momentum: self.value("momentum")?,
            betas: self.pair("betas")?,
            eps: self.value("eps")?,
            muon_coefficients: self.value("muon_coefficients")?,
            gradient_filter: self.value("gradient_filter")?,
            filter_alpha: self.value("filter_alpha")?,
            filter_lambda: self.value("filter_lambda")?,
            filter_window: self.value("filter_window")?,
            orthogonal_gradient: self.value("orthogonal_gradient")?,
            save_seconds: self.value("save_seconds")?,
            schedule: self.value("schedule")?,
            schedule_cooldown: self.value("schedule_cooldown")?,
            schedule_floor: self.value("schedule_floor")?,
            schedule_gamma: self.value("schedule_gamma")?,
            schedule_step: self.value("schedule_step")?,
            milestones: self.milestones()?,
            warmup: self.value("warmup")?,
            batch_size: self.value("batch_size")?,
            epochs: self.value("epochs")?,
            seed: self.value("seed")?,
            seeds: self.value("seeds")?,
            eval_every: self.value("eval_every")?,
            probes: self.list("probes")?,
            probe_every: self.value("probe_every")?,
            precision: self.value("precision")?,
            threads: self.value("threads")?,
            checkpoint_every: self.value("checkpoint_every")?,
            checkpoints: self.checkpoints()?,
            stop: self.value("stop")?,
            stop_accuracy: self.value("stop_accuracy")?,
            context: self.value("context")?,
            from: self.optional("from")?,
            norm_reference: self.optional("norm_reference")?,
            norm_start: self.value("norm_start")?,
            epoch_updates: self.value("epoch_updates")?,
            scored_size: self.value("scored_size")?,
            transformer: self.transformer(model)?,
        })
    }

    fn text(&self, key: &'static str) -> &str {
        self.get(key).unwrap_or_else(|| self.default_of(key))
    }

    /// What a key means if it is not written.
    fn default_of(&self, key: &str) -> &'static str {
        let is_transformer = self.get("model") == Some(Model::Transformer.name());
        let own = TRANSFORMER_DEFAULTS
            .iter()
            .find(|(name, _)| is_transformer && *name == key);
        let general = || {
            KEYS.iter()
                .find(|k| k.name == key)
                .expect("every field has a key in the table")
                .default
        };
        own.map_or_else(general, |(_, value)| value)
    }

    fn value<T: FromStr<Err: Display>>(&self, key: &'static str) -> Result<T, PlanError> {
        read(key, self.text(key))
    }

    fn optional<T: FromStr<Err: Display>>(
        &self,
        key: &'static str,
    ) -> Result<Option<T>, PlanError> {
        self.get(key).map(|text| read(key, text)).transpose()
    }

    fn list<T: FromStr<Err: Display>>(&self, key: &'static str) -> Result<Vec<T>, PlanError> {
        let text = self.text(key);
        let inside = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
        let words = inside
            .unwrap_or(text)
            .split(',')
            .map(|word| word.trim().trim_matches(['"', '\'']))
            .filter(|w| !w.is_empty());
        words.map(|word| read(key, word)).collect()
    }

    /// Ascending; those beyond the end are never reached, as in other programs.
    fn milestones(&self) -> Result<Vec<u64>, PlanError> {
        let mut passes: Vec<u64> = self.list("milestones")?;
        passes.sort_unstable();
        match passes.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(PlanError::new(
                "milestones",
                format!(
                    "names pass {} twice, and a milestone counts once; keep one, or lower schedule_gamma",
                    pair[0]
                ),
            )),
            None => Ok(passes),
        }
    }

    /// Ascending, each once.
    fn checkpoints(&self) -> Result<Vec<u64>, PlanError> {
        let mut epochs: Vec<u64> = self.list("checkpoints")?;
        epochs.sort_unstable();
        epochs.dedup();
        let last: u64 = self.value("epochs")?;
        match epochs.iter().find(|epoch| **epoch > last) {
            Some(beyond) => Err(PlanError::new(
                "checkpoints",
                format!(
                    "names epoch {beyond}, but the run ends at {last}; raise epochs, or leave it out"
                ),
            )),
            None => Ok(epochs),
        }
    }

    fn pair(&self, key: &'static str) -> Result<[f64; 2], PlanError> {
        let numbers: Vec<f64> = self.list(key)?;
        numbers.try_into().map_err(|_| {
            PlanError::new(
                key,
                format!("`{}` is not two numbers; write 0.9,0.999", self.text(key)),
            )
        })
    }

    fn share(&self) -> Result<TrainShare, PlanError> {
        Ok(if let Some(file) = self.get("split_file") {
            TrainShare::File(file.to_owned())
        } else if let Some(size) = self.optional("train_size")? {
            TrainShare::Size(size)
        } else if let Some(multiplier) = self.optional("train_multiplier")? {
            TrainShare::Multiplier(multiplier)
        } else {
            TrainShare::Fraction(self.value("train_fraction")?)
        })
    }
}

/// A TOML value as an override writes it.
fn written(key: &str, value: &toml::Value) -> Result<String, PlanError> {
    Ok(match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => {
            let words: Result<Vec<_>, _> = items.iter().map(|item| written(key, item)).collect();
            words?.join(",")
        }
        toml::Value::Table(_) | toml::Value::Datetime(_) => {
            return Err(PlanError::new(
                key,
                "is a table or a date; a plan is one flat table of values",
            ));
        }
        plain => plain.to_string(),
    })
}

/// One value of one key, with an error that says what was expected.
fn read<T: FromStr<Err: Display>>(key: &'static str, text: &str) -> Result<T, PlanError> {
    text.parse().or_else(|error: T::Err| {
        // Whole numbers may be written as 1e6.
        let whole = text
            .parse::<f64>()
            .ok()
            .filter(|x| x.fract() == 0.0 && x.abs() < 9e15);
        let retry = whole.and_then(|x| format!("{x:.0}").parse().ok());
        let form = KEYS.iter().find(|k| k.name == key).map_or("", |k| k.form);
        retry.ok_or_else(|| {
            let text = if text.is_empty() {
                "nothing".to_owned()
            } else {
                format!("`{text}`")
            };
            PlanError::new(key, format!("expected {form}, got {text}: {error}"))
        })
    })
}

impl RunPlan {
    /// Seeds of its runs.
    pub fn every_seed(&self) -> std::ops::Range<u64> {
        self.seed..self.seed + self.seeds
    }

    /// All of the plan but its seeds and threads, as text.
    ///
    /// ```
    /// use dunwu_core::RunSpec;
    /// let plan = |words: [&str; 3]| RunSpec::from_overrides(words).unwrap().resolve().unwrap();
    /// let one = plan(["task=Z5", "width=16", "seed=3"]);
    /// assert_eq!(one.setting(), plan(["task=Z5", "width=16", "threads=2"]).setting());
    /// ```
    pub fn setting(&self) -> String {
        let plan = Self {
            seed: 0,
            seeds: 1,
            threads: 0,
            ..self.clone()
        };
        plan.to_overrides().join(" ")
    }

    /// The plan as overrides that reproduce it: keys that differ from the defaults.
    pub fn to_overrides(&self) -> Vec<String> {
        let mut default = RunSpec::default();
        default
            .set("model", self.model.name())
            .expect("`model` is a key");
        let default = default.resolve().expect("the defaults are a plan");
        let follows = |key: &str| key == "ridge" && self.ridge == self.weight_decay;
        let named = |key: &str| key == "model" && self.model != Model::Mlp;
        let mut words: Vec<String> = self
            .to_pairs()
            .into_iter()
            .zip(default.to_pairs())
            .filter(|(mine, default)| mine != default && !follows(&mine.0) || named(&mine.0))
            .map(|((key, value), _)| format!("{key}={value}"))
            .collect();
        words.sort_by_key(|word| !word.starts_with("task="));
        words
    }

    /// Every key with its value, as overrides write them; absent optional keys are left out.
    fn to_pairs(&self) -> Vec<(String, String)> {
        let mut table = toml::Table::try_from(self).expect("a plan is a table");
        if let Some(toml::Value::Table(own)) = table.remove("transformer") {
            table.extend(own);
        }
        let mut pairs: BTreeMap<String, String> = BTreeMap::new();
        for key in KEYS {
            pairs.insert(key.name.to_owned(), String::new());
        }
        SHARES.iter().for_each(|share| drop(pairs.remove(*share)));
        for (key, value) in table.iter().filter(|(key, _)| *key != "train") {
            pairs.insert(
                key.clone(),
                written(key, value).expect("no field but `train` is a table"),
            );
        }
        let share = match &self.train {
            TrainShare::Fraction(p) => ("train_fraction", p.to_string()),
            TrainShare::Size(n) => ("train_size", n.to_string()),
            TrainShare::Multiplier(c) => ("train_multiplier", c.to_string()),
            TrainShare::File(path) => ("split_file", path.clone()),
        };
        let mut out = vec![(share.0.to_owned(), share.1)];
        out.extend(pairs);
        out
    }
}

mod idle;
#[cfg(test)]
mod tests;
mod validate;
