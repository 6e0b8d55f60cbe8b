//! Which runs a sweep is made of.

use crate::idle::{idle_in_all, said};
use dunwu_core::{KEYS, PlanError, RunPlan, RunSpec, key_value};
use dunwu_store::Wanted;
use std::collections::BTreeSet;

/// Most runs of a sweep: beyond it a page says nothing, and numbers of runs stay far from overflow.
const MOST_RUNS: u64 = 10_000_000;

/// Keys whose values are lists themselves: a list of lists is written in brackets.
const LISTS: [&str; 4] = ["betas", "checkpoints", "milestones", "probes"];

/// Keys that vary together, with their values.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// One key, or several that are zipped.
    pub keys: Vec<String>,
    /// For each place on the axis a value a key.
    pub places: Vec<Vec<String>>,
}

/// A product of axes over a plan that its runs share.
///
/// ```
/// use dunwu::sweep::Grid;
/// let words = ["task=Z23,Z31", "train_fraction=0.2:0.5:4", "seeds=5"].map(str::to_owned);
/// let grid = Grid::new(&words, &[]).unwrap();
/// assert_eq!((grid.points(), grid.runs()), (8, 40));
/// assert_eq!(grid.words(1).join(" "), "probes=none task=Z23 train_fraction=0.3");
/// ```
#[derive(Clone, Debug)]
pub struct Grid {
    shared: Vec<String>,
    axes: Vec<Axis>,
    first_seed: u64,
    seeds: u64,
}

impl Grid {
    /// Reads `key=value` words: comma lists, ranges `from:to:count` and `from:to:count:log` of numbers.
    ///
    /// # Errors
    /// A key that no plan has, a list or range that cannot be read, zipped keys whose lists differ in length,
    /// too many runs.
    pub fn new(words: &[String], zip: &[Vec<String>]) -> Result<Self, PlanError> {
        let mut spec = RunSpec::default();
        let mut axes: Vec<Axis> = Vec::new();
        for word in words {
            let (key, value) = key_value(word)?;
            let values = values(key, value)?;
            spec.set_once(key, values.first().map_or("", String::as_str))?;
            if values.len() > 1 {
                if ["seed", "seeds"].contains(&key) {
                    let why = "takes one number in a sweep: seed=FIRST and seeds=HOW_MANY";
                    return Err(PlanError::new(key, why));
                }
                axes.push(Axis {
                    keys: vec![key.to_owned()],
                    places: values.into_iter().map(|v| vec![v]).collect(),
                });
            }
        }
        if spec.get("probes").is_none() {
            // Readings of a hundred networks are not looked at one by one.
            spec.set("probes", "none")?;
        }
        let axes = zipped(axes, zip)?;
        let plan = spec.resolve()?;
        let varied: BTreeSet<&String> = axes.iter().flat_map(|a| &a.keys).collect();
        let is_shared = |key: &str| {
            !["seed", "seeds", "threads", "save_seconds"].contains(&key)
                && !varied.iter().any(|k| *k == key)
        };
        let shared = spec
            .iter()
            .filter(|(key, _)| is_shared(key))
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let grid = Self {
            shared,
            first_seed: plan.seed,
            seeds: plan.seeds,
            axes,
        };
        grid.check()?;
        Ok(grid)
    }

    /// What a directory says was asked for.
    ///
    /// # Errors
    /// Those of [`Grid::new`].
    pub fn of(wanted: &Wanted) -> Result<Self, PlanError> {
        Self::new(&wanted.words, &wanted.zip)
    }

    fn check(&self) -> Result<(), PlanError> {
        let places = self.axes.iter().map(|a| a.places.len() as u64);
        let runs = places
            .chain([self.seeds])
            .try_fold(1u64, u64::checked_mul)
            .filter(|n| *n <= MOST_RUNS);
        if runs.is_none() {
            let why = format!("would make more than {MOST_RUNS} runs; shorten the lists");
            return Err(PlanError::new("sweep", why));
        }
        // What is wrong with one place is said before anything is trained.
        for (at, axis) in self.axes.iter().enumerate() {
            for place in 0..axis.places.len() {
                self.plan_of(&self.words_with(at, place))?;
            }
        }
        Ok(())
    }

    /// The words of the first point, but for one axis that stands elsewhere.
    fn words_with(&self, axis: usize, place: usize) -> Vec<String> {
        let mut words = self.shared.clone();
        for (i, a) in self.axes.iter().enumerate() {
            words.extend(a.words(if i == axis { place } else { 0 }));
        }
        words
    }

    /// What is to be said of keys that change nothing at any place of any axis, the others at their first.
    pub(crate) fn idle(&self) -> Vec<String> {
        let places = self.axes.iter().enumerate();
        let places = places.flat_map(|(axis, a)| (0..a.places.len()).map(move |p| (axis, p)));
        let words = places.map(|(axis, place)| self.words_with(axis, place));
        let words = words.chain([self.words(0)]);
        let plans = words.filter_map(|w| self.plan_of(&w).ok());
        let shared = self.shared.iter().filter_map(|word| word.split_once('='));
        let along = self.axes.iter().flat_map(|axis| &axis.keys);
        let keys = shared.map(|(key, _)| key).chain(along.map(String::as_str));
        let is_axis = |key: &str| self.axes.iter().any(|axis| axis.keys == [key]);
        let said = |(key, why): (&str, String)| match is_axis(key) {
            true => format!("{}; the runs along it are the same", said(key, &why)),
            false => said(key, &why),
        };
        idle_in_all(keys, plans).into_iter().map(said).collect()
    }

    /// The axes, in the order in which they were written.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// What all runs share, as overrides.
    pub fn shared(&self) -> &[String] {
        &self.shared
    }

    /// Number of points.
    pub fn points(&self) -> usize {
        self.axes.iter().map(|a| a.places.len()).product()
    }

    /// Number of runs.
    pub fn runs(&self) -> u64 {
        self.points() as u64 * self.seeds
    }

    /// Seeds of each point.
    pub fn seeds(&self) -> std::ops::Range<u64> {
        self.first_seed..self.first_seed + self.seeds
    }

    /// The overrides of a point; the last axis runs fastest.
    pub fn words(&self, point: usize) -> Vec<String> {
        let mut left = point;
        let mut places = vec![0; self.axes.len()];
        for (place, axis) in places.iter_mut().zip(&self.axes).rev() {
            *place = left % axis.places.len();
            left /= axis.places.len();
        }
        let mut words = self.shared.clone();
        for (axis, place) in self.axes.iter().zip(places) {
            words.extend(axis.words(place));
        }
        words
    }

    /// The plan of a point's words.
    ///
    /// # Errors
    /// A combination that is no plan.
    pub fn plan_of(&self, words: &[String]) -> Result<RunPlan, PlanError> {
        RunSpec::from_overrides(words)?.resolve()
    }
}

impl Axis {
    fn words(&self, place: usize) -> impl Iterator<Item = String> {
        let values = &self.places[place];
        self.keys
            .iter()
            .zip(values)
            .map(|(key, value)| format!("{key}={value}"))
    }
}

/// The values of a key, as many as were written.
fn values(key: &str, text: &str) -> Result<Vec<String>, PlanError> {
    let items = split(text);
    if LISTS.contains(&key) {
        // Without brackets around each it is one list.
        let lists = items.iter().all(|i| i.starts_with('['));
        return Ok(if lists { items } else { vec![text.to_owned()] });
    }
    let mut out = Vec::new();
    for item in items {
        match range(key, &item)? {
            Some(values) => out.extend(values),
            None => out.push(item),
        }
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = out.iter().find(|v| !seen.insert(v.as_str())) {
        return Err(PlanError::new(
            key,
            format!("lists {twice} twice; name each value once"),
        ));
    }
    Ok(out)
}

/// The items of a list: commas within brackets and parentheses do not part.
pub(crate) fn split(text: &str) -> Vec<String> {
    let inside = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let text = match inside {
        Some(inside) if !inside.contains('[') && !inside.contains(']') => inside,
        _ => text,
    };
    let (mut items, mut depth) = (vec![String::new()], 0i32);
    for c in text.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        if c == ',' && depth == 0 {
            items.push(String::new());
        } else {
            items
                .last_mut()
                .expect("there is one from the start")
                .push(c);
        }
    }
    let trimmed = items.iter().map(|i| i.trim().to_owned());
    trimmed.filter(|i| !i.is_empty()).collect()
}

/// Whether a key takes numbers.
pub(crate) fn is_numeric(key: &str) -> bool {
    let form = KEYS.iter().find(|k| k.name == key).map_or("", |k| k.form);
    [
        "number", "share", "integer", "rows", "epochs", "passes", "seconds", "1 to 4",
    ]
    .contains(&form)
}

/// The values of `from:to:count` or `from:to:count:log`; None where it is no range.
fn range(key: &str, text: &str) -> Result<Option<Vec<String>>, PlanError> {
    let parts: Vec<&str> = text.split(':').collect();
    if !is_numeric(key) || parts.len() < 2 {
        return Ok(None);
    }
    let bad = || {
        let why = format!(
            "`{text}` is no range; write from:to:count, such as 0.2:0.5:7, or from:to:count:log"
        );
        PlanError::new(key, why)
    };
    let log = match parts.get(3) {
        None => false,
        Some(word) if *word == "log" && parts.len() == 4 => true,
        Some(_) => return Err(bad()),
    };
    let number = |i: usize| parts.get(i).and_then(|p| p.trim().parse::<f64>().ok());
    let (Some(from), Some(to), Some(count)) = (number(0), number(1), number(2)) else {
        return Err(bad());
    };
    let sound = from.is_finite() && to.is_finite() && (!log || (from > 0.0 && to > 0.0));
    if !sound || count.fract() != 0.0 || !(2.0..=1e6).contains(&count) {
        return Err(bad());
    }
    let is_coarse = log && (libm::log(to / from) / (count - 1.0)).abs() > 0.01;
    let at = |i: usize| {
        let t = i as f64 / (count - 1.0);
        let x = if log {
            from * libm::pow(to / from, t)
        } else {
            from + (to - from) * t
        };
        let to = |digits: usize| -> f64 { format!("{x:.digits$e}").parse().unwrap_or(x) };
        // Twelve digits: 0.3 rather than 0.30000000000000004.
        let mut tidy = to(11);
        let is_between = i > 0 && i + 1 < count as usize;
        // Ratios are seldom round numbers: four digits are read more easily.
        if is_coarse && is_between && tidy.fract() != 0.0 {
            tidy = to(3);
        }
        tidy.to_string()
    };
    Ok(Some((0..count as usize).map(at).collect()))
}

/// Joins the axes of keys that are zipped.
fn zipped(mut axes: Vec<Axis>, zip: &[Vec<String>]) -> Result<Vec<Axis>, PlanError> {
    for group in zip {
        let mut joined: Option<(usize, Axis)> = None;
        for key in group {
            let at = axes.iter().position(|a| a.keys.contains(key));
            let Some(at) = at else {
                let why = "is zipped but has no list; write KEY=a,b,…";
                return Err(PlanError::new(key, why));
            };
            let axis = axes.remove(at);
            joined = Some(match joined {
                None => (at, axis),
                Some((first, mut all)) => {
                    if all.places.len() != axis.places.len() {
                        let why = format!(
                            "has {} values and {} has {}; zipped lists are equally long",
                            axis.places.len(),
                            all.keys.join(","),
                            all.places.len()
                        );
                        return Err(PlanError::new(key, why));
                    }
                    all.keys.extend(axis.keys);
                    for (mine, more) in all.places.iter_mut().zip(axis.places) {
                        mine.extend(more);
                    }
                    (first, all)
                }
            });
        }
        if let Some((at, axis)) = joined {
            axes.insert(at.min(axes.len()), axis);
        }
    }
    Ok(axes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(words: &[&str], zip: &[&[&str]]) -> Result<Grid, PlanError> {
        let own = |w: &[&str]| w.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let zip: Vec<Vec<String>> = zip.iter().map(|z| own(z)).collect();
        Grid::new(&own(words), &zip)
    }

    #[test]
    fn lists_ranges_and_lists_of_lists() {
        assert_eq!(
            values("lr", "1e-4:1e-2:3:log").unwrap(),
            ["0.0001", "0.001", "0.01"]
        );
        assert_eq!(
            values("lr", "1e-5:1e-4:4:log").unwrap(),
            ["0.00001", "0.00002154", "0.00004642", "0.0001"]
        );
        assert_eq!(values("width", "1024:1048576:11:log").unwrap()[4], "16384");
        assert_eq!(values("lr", "1:1.01:3:log").unwrap()[1], "1.00498756211");
        assert_eq!(
            values("lr", "1e-3,2e-3:4e-3:2").unwrap(),
            ["1e-3", "0.002", "0.004"]
        );
        assert_eq!(
            values("task", "SL(2,3),Z7:Z3").unwrap(),
            ["SL(2,3)", "Z7:Z3"]
        );
        assert_eq!(values("betas", "0.9,0.98").unwrap(), ["0.9,0.98"]);
        assert_eq!(values("betas", "[0.9,0.98],[0.9,0.999]").unwrap().len(), 2);
        for bad in ["1:2", "1:2:x", "1:2:1", "0:1:3:log", "1:2:3:lin"] {
            assert!(values("lr", bad).is_err(), "{bad}");
        }
        assert!(values("lr", "1e-3,1e-3").is_err());
    }

    #[test]
    fn zipped_keys_vary_together() {
        let words = ["task=Z5,Z7", "width=8,16", "lr=1e-3,1e-2", "seeds=2"];
        let grid = grid(&words, &[&["task", "width"]]).unwrap();
        assert_eq!((grid.points(), grid.runs()), (4, 8));
        assert_eq!(
            grid.words(3).join(" "),
            "probes=none task=Z7 width=16 lr=1e-2"
        );
        let error = Grid::new(
            &["task=Z5,Z7".to_owned(), "width=8,16,32".to_owned()],
            &[vec!["task".to_owned(), "width".to_owned()]],
        );
        assert!(error.unwrap_err().to_string().contains("equally long"));
    }

    #[test]
    fn what_is_wrong_anywhere_is_said_at_once() {
        let error = grid(&["lr=1e-3,-1"], &[]).unwrap_err().to_string();
        assert!(error.contains("lr"), "{error}");
        let error = grid(&["widht=1,2"], &[]).unwrap_err().to_string();
        assert!(error.contains("did you mean `width`?"), "{error}");
        let error = grid(&["seed=1,2"], &[]).unwrap_err().to_string();
        assert!(error.contains("seeds=HOW_MANY"), "{error}");
        assert!(grid(&["lr=1e-5:1:1000000:log", "width=1:1000000:1000000"], &[]).is_err());
    }
}
