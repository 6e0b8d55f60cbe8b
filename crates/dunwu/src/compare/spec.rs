//! What is compared: sides, and what they share.

use crate::error::Error;
use crate::idle::{idle_in_all, said};
use dunwu_core::{KEYS, PlanError, RunPlan, RunSpec, key_value};

/// A key of `dunwu compare` that is none of a plan.
#[derive(Clone, Copy, Debug)]
pub struct CompareKey {
    /// Name.
    pub name: &'static str,
    /// Default.
    pub default: &'static str,
    /// What it does.
    pub help: &'static str,
}

/// Keys of `dunwu compare` beside those of a plan, sorted by name.
pub const COMPARE_KEYS: &[CompareKey] = &[
    CompareKey {
        name: "tune",
        default: "lr:¼…4 times lr, 5 values",
        help: "learning rates tried for each side: lr:LOW:HIGH:COUNT (log spaced), lr:V1,V2,…, or off",
    },
    CompareKey {
        name: "tune_seeds",
        default: "3",
        help: "runs by which each learning rate is judged, on seeds of their own",
    },
];

/// Keys that a comparison has no use for, and why.
const REFUSED: &[(&str, &str)] = &[
    ("checkpoint_every", "is of run directories; leave it out"),
    ("checkpoints", "is of run directories; leave it out"),
    ("probe_every", "is of run directories; leave it out"),
    (
        "probes",
        "is of run directories; a comparison reads accuracies and the networks at the end; leave it out",
    ),
    ("save_seconds", "is of run directories; leave it out"),
    (
        "stop",
        "ends runs before the budget, so that no crossing could be sustained; leave it out",
    ),
    (
        "stop_accuracy",
        "goes with stop, and a comparison runs to its budget; leave it out",
    ),
];

/// Keys that all sides share: without them there are no pairs or no equal budget.
const SHARED: &[(&str, &str)] = &[
    (
        "epoch_updates",
        "what an epoch is, and times are told in epochs",
    ),
    ("epochs", "the budget, and a fair one is the same for all"),
    ("eval_every", "how times are read, and is the same for all"),
    (
        "scored_size",
        "how accuracies are read, and is the same for all",
    ),
    ("seed", "what pairs runs"),
    ("seeds", "how many pairs there are"),
    ("threads", "no matter of the result"),
];

/// Keys whose values are lists themselves.
const LISTS: &[&str] = &["betas", "milestones"];

/// Most sides.
const MOST_SIDES: usize = 8;
/// Most values of a grid.
const MOST_RATES: usize = 50;
/// Pairs, if not said.
const PAIRS: &str = "10";
/// Tuning takes seeds so far behind those of the pairs: more than a plan may have.
const TUNING_OFFSET: u64 = 10_000;
/// Largest seed.
const MOST_SEED: u64 = 1 << 53;

/// How learning rates are found.
#[derive(Clone, Debug, PartialEq)]
pub enum Tune {
    /// Around the learning rate of each side.
    Around,
    /// Among these.
    Among(Vec<f64>),
    /// They are given.
    Off,
}

/// One side.
#[derive(Clone, Debug)]
pub struct CompareSide {
    /// Its name.
    pub name: String,
    /// What sets it apart.
    pub set: Vec<(String, String)>,
    /// Its plan, before a learning rate is chosen.
    pub plan: RunPlan,
}

/// What is to be compared.
#[derive(Clone, Debug)]
pub struct CompareSpec {
    /// The words, as written.
    pub words: Vec<String>,
    /// Two sides or more.
    pub sides: Vec<CompareSide>,
    /// Keys that differ.
    pub keys: Vec<String>,
    /// What all sides share, as written.
    pub shared: RunSpec,
    /// How learning rates are found.
    pub tune: Tune,
    /// Runs by which each is judged.
    pub tune_seeds: u64,
}

/// What words say, before it is looked at as a whole.
#[derive(Default)]
struct Written {
    shared: RunSpec,
    /// Keys with several values.
    lists: Vec<(String, Vec<String>)>,
    /// Sides by name.
    bundles: Vec<(String, Vec<(String, String)>)>,
    tune: Option<String>,
    tune_seeds: Option<String>,
}

impl CompareSpec {
    /// Reads words: `key=v1,v2` gives each side a value of its own, `NAME:key=value` sets a key of the side NAME
    /// alone, `NAME:` names a side that changes nothing, and `key=value` is shared.
    ///
    /// # Errors
    /// A key that nothing has, sides that do not differ or are fewer than two, a single seed, learning rates that
    /// are both given and tuned, values out of range.
    pub fn from_words<S: AsRef<str>>(words: &[S]) -> Result<Self, Error> {
        let mut written = Written::default();
        for word in words {
            written.word(word.as_ref())?;
        }
        Ok(written.spec(words.iter().map(|w| w.as_ref().to_owned()).collect())?)
    }

    /// The task, as written.
    pub fn task(&self) -> &str {
        &self.sides[0].plan.task
    }

    /// What is to be said of keys that all sides share and that change nothing of any.
    pub fn idle(&self) -> Vec<String> {
        let idle = self.idle_among(self.shared.iter().map(|(key, _)| key));
        idle.iter().map(|(key, why)| said(key, why)).collect()
    }

    /// Of the keys those that change nothing on any side, each with why.
    pub(crate) fn idle_among<'k>(
        &self,
        keys: impl Iterator<Item = &'k str>,
    ) -> Vec<(&'k str, String)> {
        idle_in_all(keys, self.sides.iter().map(|side| &side.plan))
    }

    /// Epochs of every run.
    pub fn budget(&self) -> u64 {
        self.sides[0].plan.epochs
    }

    /// Seeds of the pairs.
    pub fn seeds(&self) -> Vec<u64> {
        self.sides[0].plan.every_seed().collect()
    }

    /// Seeds of tuning; empty where learning rates are given.
    pub fn tuning_seeds(&self) -> Vec<u64> {
        let first = self.sides[0].plan.seed + TUNING_OFFSET;
        match self.tune {
            Tune::Off => vec![],
            _ => (first..first + self.tune_seeds).collect(),
        }
    }

    /// Learning rates to try for a side, ascending.
    pub fn grid(&self, side: &CompareSide) -> Vec<f64> {
        match &self.tune {
            Tune::Off => vec![],
            Tune::Around => [0.25, 0.5, 1.0, 2.0, 4.0]
                .map(|f| f * side.plan.lr)
                .to_vec(),
            Tune::Among(rates) => rates.clone(),
        }
    }
}

impl Written {
    fn word(&mut self, word: &str) -> Result<(), PlanError> {
        if let Some(name) = word.strip_suffix(':').filter(|_| !word.contains('=')) {
            return self.side(name, None);
        }
        let (key, value) = key_value(word)?;
        if let Some((name, key)) = key.split_once(':') {
            return self.side(name, Some((key, value)));
        }
        match key {
            "tune" => once(&mut self.tune, key, value),
            "tune_seeds" => once(&mut self.tune_seeds, key, value),
            _ => self.key(key, value),
        }
    }

    fn side(&mut self, name: &str, set: Option<(&str, &str)>) -> Result<(), PlanError> {
        if name.is_empty() {
            let why = "has no name before the colon; write NAME:key=value";
            return Err(PlanError::new("side", why));
        }
        let at = self.bundles.iter().position(|b| b.0 == name);
        let at = at.unwrap_or_else(|| {
            self.bundles.push((name.to_owned(), vec![]));
            self.bundles.len() - 1
        });
        let Some((key, value)) = set else {
            return Ok(());
        };
        may_differ(key)?;
        let keys = &mut self.bundles[at].1;
        if keys.iter().any(|(k, _)| k == key) {
            return Err(PlanError::new(
                key,
                format!("is given twice for the side `{name}`; keep one"),
            ));
        }
        keys.push((key.to_owned(), value.to_owned()));
        Ok(())
    }

    fn key(&mut self, key: &str, value: &str) -> Result<(), PlanError> {
        is_key(key)?;
        let values = if LISTS.contains(&key) {
            vec![value.to_owned()]
        } else {
            split(value)
        };
        if values.len() == 1 {
            return self.shared.set_once(key, value);
        }
        may_differ(key)?;
        if self.lists.iter().any(|(k, _)| k == key) || self.shared.get(key).is_some() {
            return Err(PlanError::new(key, "is given twice; keep one"));
        }
        if values.iter().any(String::is_empty) {
            return Err(PlanError::new(
                key,
                format!("`{value}` has an empty value; write {key}=a,b"),
            ));
        }
        self.lists.push((key.to_owned(), values));
        Ok(())
    }

    fn spec(mut self, words: Vec<String>) -> Result<CompareSpec, PlanError> {
        if self.shared.get("seeds") == Some("1") {
            let why = "is 1: one pair says nothing of chance, so there is no interval and no test; give seeds=10, or 6 at least for a sign test that can reach 0.05";
            return Err(PlanError::new("seeds", why));
        }
        if self.shared.get("seeds").is_none() {
            self.shared.set("seeds", PAIRS)?;
        }
        let named = self.named()?;
        let keys = keys(&named);
        let sides: Vec<CompareSide> = named
            .into_iter()
            .map(|(name, set)| self.resolved(name, set))
            .collect::<Result<_, _>>()?;
        for (i, a) in sides.iter().enumerate() {
            if let Some(b) = sides[..i].iter().find(|b| b.plan == a.plan) {
                let why = format!(
                    "`{}` and `{}` do not differ: both come to the same plan",
                    b.name, a.name
                );
                return Err(PlanError::new("sides", why));
            }
        }
        let tune = self.tune(&keys)?;
        let tune_seeds = self.tune_seeds(&tune)?;
        let plan = &sides[0].plan;
        if plan.seed + TUNING_OFFSET + tune_seeds > MOST_SEED {
            let why = format!(
                "is {}, which leaves no seeds behind it for tuning: at most {}",
                plan.seed,
                MOST_SEED - TUNING_OFFSET - tune_seeds
            );
            return Err(PlanError::new("seed", why));
        }
        Ok(CompareSpec {
            words,
            sides,
            keys,
            shared: self.shared,
            tune,
            tune_seeds,
        })
    }

    /// Names and keys of the sides.
    fn named(&mut self) -> Result<Vec<Named>, PlanError> {
        let lists = std::mem::take(&mut self.lists);
        let bundles = std::mem::take(&mut self.bundles);
        if let (Some((key, _)), Some((name, _))) = (lists.first(), bundles.first()) {
            let why = format!(
                "has several values beside the named side `{name}`; write the sides one way"
            );
            return Err(PlanError::new(key, why));
        }
        if let [(only, _)] = bundles.as_slice() {
            let why = format!(
                "there is one, `{only}`; give a second, such as `plain:` for one that changes nothing"
            );
            return Err(PlanError::new("sides", why));
        }
        let sides = if bundles.is_empty() {
            zipped(&lists)?
        } else {
            bundles
        };
        if sides.len() < 2 {
            let why = "nothing differs; give a key two values, such as optimizer=adam,muon";
            return Err(PlanError::new("sides", why));
        }
        if sides.len() > MOST_SIDES {
            let why = format!(
                "there are {}, and {MOST_SIDES} are compared at most; use a sweep for more",
                sides.len()
            );
            return Err(PlanError::new("sides", why));
        }
        if let Some((name, _)) = sides
            .iter()
            .enumerate()
            .find(|(i, s)| sides[..*i].iter().any(|t| t.0 == s.0))
            .map(|(_, s)| s)
        {
            return Err(PlanError::new(
                "sides",
                format!("two are called `{name}`; each is another"),
            ));
        }
        Ok(sides)
    }

    fn resolved(&self, name: String, set: Vec<(String, String)>) -> Result<CompareSide, PlanError> {
        let mut spec = self.shared.clone();
        spec.set("probes", "none")?;
        for (key, value) in &set {
            if let Some(shared) = self.shared.get(key) {
                let why =
                    format!("is given for the side `{name}` and, as `{shared}`, for all; keep one");
                return Err(PlanError::new(key, why));
            }
            spec.set(key, value)?;
        }
        let plan = spec.resolve()?;
        Ok(CompareSide { name, set, plan })
    }

    fn tune(&self, keys: &[String]) -> Result<Tune, PlanError> {
        let by_side = keys.iter().any(|k| k == "lr");
        match self.tune.as_deref() {
            None if by_side => Ok(Tune::Off),
            None => Ok(Tune::Around),
            Some("off") => Ok(Tune::Off),
            Some(_) if by_side => {
                let why = "would replace the learning rates that the sides give by lr; leave one of the two out";
                Err(PlanError::new("tune", why))
            }
            Some(text) => rates(text).map(Tune::Among),
        }
    }

    fn tune_seeds(&self, tune: &Tune) -> Result<u64, PlanError> {
        let Some(text) = &self.tune_seeds else {
            return Ok(3);
        };
        if *tune == Tune::Off {
            let why = "is of tuning, and learning rates are given; leave it out";
            return Err(PlanError::new("tune_seeds", why));
        }
        let count = text.parse().ok().filter(|n| (1..=1000).contains(n));
        let why = || format!("expected a whole number from 1 to 1000, got `{text}`");
        count.ok_or_else(|| PlanError::new("tune_seeds", why()))
    }
}

fn once(place: &mut Option<String>, key: &str, value: &str) -> Result<(), PlanError> {
    match place.replace(value.to_owned()) {
        Some(_) => Err(PlanError::new(key, "is given twice; keep one")),
        None => Ok(()),
    }
}

/// Refuses what is no key, naming the nearest, and keys that a comparison has no use for.
fn is_key(key: &str) -> Result<(), PlanError> {
    if let Some((_, why)) = REFUSED.iter().find(|(k, _)| *k == key) {
        return Err(PlanError::new(key, *why));
    }
    if KEYS.iter().any(|k| k.name == key) {
        return Ok(());
    }
    let own = COMPARE_KEYS.iter().map(|k| k.name);
    let known: Vec<&str> = KEYS.iter().map(|k| k.name).chain(own).collect();
    Err(PlanError::unknown(key, key, &known))
}

/// Refuses keys that all sides share.
fn may_differ(key: &str) -> Result<(), PlanError> {
    is_key(key)?;
    match SHARED.iter().find(|(k, _)| *k == key) {
        Some((_, why)) => Err(PlanError::new(
            key,
            format!("cannot differ between sides: it is {why}; give one value"),
        )),
        None => Ok(()),
    }
}

/// Parts at the commas that stand outside of brackets, as in SL(2,3).
fn split(value: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut depth = 0i32;
    for c in value.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if c == ',' && depth == 0 {
            out.push(String::new());
        } else if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out.into_iter().map(|part| part.trim().to_owned()).collect()
}

type Named = (String, Vec<(String, String)>);

/// The sides of keys with several values: the first of each, the second of each, ….
fn zipped(lists: &[(String, Vec<String>)]) -> Result<Vec<Named>, PlanError> {
    let Some((first, values)) = lists.first() else {
        return Ok(vec![]);
    };
    let count = values.len();
    if let Some((key, others)) = lists.iter().find(|(_, v)| v.len() != count) {
        let why = format!(
            "has {} values and {first} has {count}: values go side by side, so give each as many",
            others.len()
        );
        return Err(PlanError::new(key, why));
    }
    // One key names the sides if it tells them apart.
    let tells = |(_, v): &&(String, Vec<String>)| (0..count).all(|i| !v[..i].contains(&v[i]));
    let naming: Vec<_> = match lists.iter().find(tells) {
        Some(list) => vec![list],
        None => lists.iter().collect(),
    };
    let word = |(key, v): &(String, Vec<String>), i: usize| {
        let value = &v[i];
        if value.parse::<f64>().is_ok() || value.parse::<bool>().is_ok() {
            format!("{key}={value}")
        } else {
            value.clone()
        }
    };
    let name = |i: usize| {
        naming
            .iter()
            .map(|list| word(list, i))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let set = |i: usize| {
        lists
            .iter()
            .map(|(k, v)| (k.clone(), v[i].clone()))
            .collect()
    };
    Ok((0..count).map(|i| (name(i), set(i))).collect())
}

/// Keys that some side sets, in the order written.
fn keys(sides: &[Named]) -> Vec<String> {
    let mut out: Vec<String> = vec![];
    for (key, _) in sides.iter().flat_map(|s| &s.1) {
        if !out.contains(key) {
            out.push(key.clone());
        }
    }
    out
}

/// The learning rates of `lr:LOW:HIGH:COUNT` or `lr:V1,V2,…`, ascending.
fn rates(text: &str) -> Result<Vec<f64>, PlanError> {
    let error = |why: &str| {
        PlanError::new(
            "tune",
            format!("`{text}` {why}; write tune=lr:1e-4:1e-2:5, tune=lr:1e-3,3e-3 or tune=off"),
        )
    };
    let number = |t: &str| {
        let parsed = t.trim().parse::<f64>().ok();
        parsed
            .filter(|x| *x > 0.0 && x.is_finite())
            .ok_or_else(|| error("has a learning rate that is not above 0"))
    };
    let rest = text
        .strip_prefix("lr:")
        .ok_or_else(|| error("does not begin with lr:, and the learning rate is what is tuned"))?;
    let parts: Vec<&str> = rest.split(':').collect();
    let mut rates = match parts[..] {
        [list] => list.split(',').map(number).collect::<Result<Vec<_>, _>>()?,
        [low, high, count] => {
            let (low, high) = (number(low)?, number(high)?);
            let count: usize = count
                .trim()
                .parse()
                .map_err(|_| error("has no whole number of values"))?;
            if low >= high || !(2..=MOST_RATES).contains(&count) {
                return Err(error("is no rising range of 2 to 50 values"));
            }
            let step = libm::log(high / low) / (count - 1) as f64;
            // The ends are those that were written, to the last bit.
            let at = |i: usize| match i {
                0 => low,
                i if i + 1 == count => high,
                i => low * libm::exp(step * i as f64),
            };
            (0..count).map(at).collect()
        }
        _ => return Err(error("is no range")),
    };
    rates.sort_by(f64::total_cmp);
    if rates.len() > MOST_RATES || rates.windows(2).any(|w| w[0] == w[1]) {
        return Err(error("names a learning rate twice, or more than 50"));
    }
    Ok(rates)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(words: &[&str]) -> CompareSpec {
        CompareSpec::from_words(words).unwrap()
    }

    fn refusal(words: &[&str]) -> String {
        CompareSpec::from_words(words).unwrap_err().to_string()
    }

    #[test]
    fn sides_are_zipped_and_named_by_what_tells_them_apart() {
        let s = spec(&["optimizer=adam,muon", "lr=1e-3,5e-3", "task=Z7"]);
        let names: Vec<_> = s.sides.iter().map(|s| s.name.as_str()).collect();
        assert_eq!((names, s.tune.clone()), (vec!["adam", "muon"], Tune::Off));
        assert_eq!([s.sides[0].plan.lr, s.sides[1].plan.lr], [1e-3, 5e-3]);
        assert_eq!(s.seeds(), (0..10).collect::<Vec<_>>());
        let s = spec(&["width=64,256"]);
        assert_eq!(
            (s.sides[1].name.as_str(), s.tune.clone()),
            ("width=256", Tune::Around)
        );
        assert_eq!(s.grid(&s.sides[0]), [2.5e-4, 5e-4, 1e-3, 2e-3, 4e-3]);
        assert_eq!(s.tuning_seeds(), [10_000, 10_001, 10_002]);
        let s = spec(&["task=SL(2,3),S4"]);
        assert_eq!(s.sides[0].name, "SL(2,3)");
    }

    #[test]
    fn sides_may_be_named_and_have_keys_with_commas() {
        let s = spec(&["plain:", "slow:betas=0.9,0.99", "slow:lr=1e-4", "task=Z7"]);
        assert_eq!(
            (s.sides[0].name.as_str(), s.sides[0].set.len()),
            ("plain", 0)
        );
        assert_eq!(
            (s.sides[1].plan.betas, s.keys.clone()),
            ([0.9, 0.99], vec!["betas".to_owned(), "lr".to_owned()])
        );
    }

    #[test]
    fn grids_are_log_spaced_and_keep_their_ends() {
        let s = spec(&["optimizer=adam,muon", "tune=lr:1e-4:1e-2:3", "tune_seeds=5"]);
        let grid = s.grid(&s.sides[0]);
        assert_eq!((grid[0], grid[2], s.tuning_seeds().len()), (1e-4, 1e-2, 5));
        assert!((grid[1] / 1e-3 - 1.0).abs() < 1e-12);
        assert_eq!(
            spec(&["optimizer=adam,muon", "tune=lr:3e-3,1e-3"]).tune,
            Tune::Among(vec![1e-3, 3e-3])
        );
    }

    #[test]
    fn what_makes_no_comparison_is_refused_with_a_way_out() {
        for (words, part) in [
            (vec!["task=Z7"], "nothing differs; give a key two values"),
            (vec!["optimizer=adam"], "nothing differs"),
            (vec!["optimizer=adam,adam"], "two are called `adam`"),
            (vec!["a:lr=1e-3", "b:"], "do not differ"),
            (vec!["a:lr=1e-2"], "there is one, `a`"),
            (vec![":lr=1e-2"], "has no name"),
            (
                vec!["optimizer=adam,muon", "lr=1,2,3"],
                "has 3 values and optimizer has 2",
            ),
            (
                vec!["optimizer=adam,muon", "x:lr=1"],
                "write the sides one way",
            ),
            (vec!["optimizer=adam,"], "empty value"),
            (vec!["optimzer=adam,muon"], "did you mean `optimizer`?"),
            (vec!["a:optimzer=adam", "b:"], "did you mean `optimizer`?"),
            (
                vec!["optimizer=adam,muon", "tun=off"],
                "did you mean `tune`?",
            ),
            (vec!["optimizer=adam,mon"], "did you mean `muon`?"),
            (
                vec!["optimizer=adam,muon", "seeds=1"],
                "one pair says nothing of chance",
            ),
            (
                vec!["optimizer=adam,muon", "seeds=100000"],
                "from 1 to 10000",
            ),
            (
                vec!["optimizer=adam,muon", "seed=9007199254740992"],
                "leaves no seeds behind it",
            ),
            (
                vec!["seed=1,2"],
                "cannot differ between sides: it is what pairs runs",
            ),
            (vec!["epochs=100,200"], "a fair one is the same for all"),
            (
                vec!["lr=1e-3,1e-2", "tune=lr:1e-4:1e-2:3"],
                "leave one of the two out",
            ),
            (
                vec!["lr=1e-3,1e-2", "tune_seeds=2"],
                "learning rates are given",
            ),
            (
                vec!["optimizer=adam,muon", "tune=width:1:2:3"],
                "does not begin with lr:",
            ),
            (
                vec!["optimizer=adam,muon", "tune=lr:1:0.1:3"],
                "no rising range",
            ),
            (vec!["optimizer=adam,muon", "tune=lr:0,1"], "not above 0"),
            (vec!["optimizer=adam,muon", "tune=lr:1,1"], "twice"),
            (
                vec!["optimizer=adam,muon", "probes=all"],
                "is of run directories",
            ),
            (
                vec!["optimizer=adam,muon", "stop=generalised"],
                "no crossing could be sustained",
            ),
            (
                vec!["optimizer=adam,muon", "optimizer=adam,sgd"],
                "given twice",
            ),
            (vec!["a:lr=1", "b:lr=2", "lr=3"], "for all; keep one"),
            (
                vec!["a:lr=1", "a:lr=2", "b:"],
                "given twice for the side `a`",
            ),
            (
                vec!["seed=1", "width=1,2,3,4,5,6,7,8,9"],
                "8 are compared at most",
            ),
        ] {
            let error = refusal(&words);
            assert!(error.contains(part), "{words:?}: {error}");
        }
    }
}
