//! What is asked of a search for borders.

use crate::sweep::{Grid, SweepKey};
use dunwu_analysis::boundary::Window;
use dunwu_core::{PlanError, RunPlan, key_value};
use dunwu_store::Wanted;

/// Keys of a search for borders beside those of a plan and of a sweep, sorted by name.
pub const BOUNDARY_KEYS: &[SweepKey] = &[
    SweepKey {
        name: "batch",
        default: "4",
        help: "runs of one border that are chosen together",
    },
    SweepKey {
        name: "enough",
        default: "1",
        help: "share of a batch that must be in before the next one is chosen; below 1 no machine of a cluster waits for the slowest run, and what is chosen depends on which was faster",
    },
    SweepKey {
        name: "half_width",
        default: "0.01",
        help: "half of the 95 % interval at which a border is known well enough, in training fraction",
    },
    SweepKey {
        name: "hold_back",
        default: "",
        help: "tasks whose border is predicted from the others, and measured only then",
    },
    SweepKey {
        name: "predict",
        default: "",
        help: "tasks whose border is predicted and not measured",
    },
    SweepKey {
        name: "runs",
        default: "40",
        help: "most runs of one border",
    },
    SweepKey {
        name: "window",
        default: "",
        help: "training fractions between which the border is sought, as low:high; wide about √(2/M) if absent",
    },
];

/// What is asked of a search for borders.
#[derive(Clone, Debug)]
pub struct BoundarySpec {
    pub(crate) grid: Grid,
    pub(crate) batch: usize,
    pub(crate) enough: f64,
    pub(crate) half_width: f64,
    pub(crate) runs: usize,
    pub(crate) window: Option<(f64, f64)>,
    pub(crate) hold_back: Vec<String>,
    pub(crate) predict: Vec<String>,
}

/// Keys that the search itself decides.
const DECIDED: [&str; 5] = [
    "seeds",
    "split_file",
    "train_fraction",
    "train_multiplier",
    "train_size",
];

/// What a run of a border is by default, where a plan says otherwise.
const DEFAULTS: [(&str, &str); 3] = [
    ("eval_every", "10"),
    ("stop", "settled"),
    ("stop_accuracy", "0.5"),
];

impl BoundarySpec {
    /// Reads words as they were written.
    ///
    /// # Errors
    /// A key that neither a plan nor a border has, or that the search decides itself; a value that is none.
    pub fn of(wanted: &Wanted) -> Result<Self, PlanError> {
        let mut spec = Self {
            grid: Grid::new(&[], &[])?,
            batch: 4,
            enough: 1.0,
            half_width: 0.01,
            runs: 40,
            window: None,
            hold_back: vec![],
            predict: vec![],
        };
        let mut rest = Vec::new();
        for word in &wanted.words {
            let (key, value) = key_value(word)?;
            if DECIDED.contains(&key) {
                let why = "is what the search decides; leave it out, or use `dunwu sweep`";
                return Err(PlanError::new(key, why));
            }
            if !spec.set(key, value)? {
                rest.push(format!("{key}={value}"));
            }
        }
        for (key, value) in DEFAULTS {
            if !rest.iter().any(|w| w.starts_with(&format!("{key}="))) {
                rest.push(format!("{key}={value}"));
            }
        }
        let held: Vec<String> = spec.hold_back.clone();
        let tasks = rest.iter_mut().find(|w| w.starts_with("task="));
        match (tasks, held.is_empty()) {
            (_, true) => {}
            // Tasks that are held back are tasks all the same, but for the order of things.
            (Some(words), false) => {
                let listed = crate::sweep::split(words.trim_start_matches("task="));
                let missing: Vec<&str> = held
                    .iter()
                    .filter(|t| !listed.contains(t))
                    .map(String::as_str)
                    .collect();
                if wanted.zip.is_empty() {
                    for task in &missing {
                        *words = format!("{words},{task}");
                    }
                } else if let Some(task) = missing.first() {
                    let why = format!("{task} is not among the zipped tasks; list it in task= too");
                    return Err(PlanError::new("hold_back", why));
                }
            }
            (None, false) => {
                let why = "needs tasks to predict from; write task=Z23,Z31,…";
                return Err(PlanError::new("hold_back", why));
            }
        }
        spec.grid = Grid::new(&rest, &wanted.zip)?;
        Ok(spec)
    }

    /// Whether the key is one of a border.
    fn set(&mut self, key: &str, value: &str) -> Result<bool, PlanError> {
        let count = |most: usize| {
            let parsed = value.parse().ok().filter(|n| (1..=most).contains(n));
            let why = format!("expected an integer from 1 to {most}, got `{value}`");
            parsed.ok_or_else(|| PlanError::new(key, why))
        };
        match key {
            "batch" => self.batch = count(1000)?,
            "runs" => self.runs = count(100_000)?,
            "enough" => {
                let parsed = value.parse().ok().filter(|x| *x > 0.0 && *x <= 1.0);
                let why = format!("expected a share above 0 and up to 1, got `{value}`");
                self.enough = parsed.ok_or_else(|| PlanError::new(key, why))?;
            }
            "half_width" => {
                let parsed = value.parse().ok().filter(|x| (1e-5..=0.5).contains(x));
                let why = format!("expected a share from 0.00001 to 0.5, got `{value}`");
                self.half_width = parsed.ok_or_else(|| PlanError::new(key, why))?;
            }
            "window" => {
                let ends = value.split_once(':');
                let ends = ends.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
                let why = format!("expected low:high, such as 0.2:0.5, got `{value}`");
                let (low, high) = ends.ok_or_else(|| PlanError::new(key, why))?;
                Window::new(low, high).map_err(|e| PlanError::new(key, e.to_string()))?;
                self.window = Some((low, high));
            }
            "hold_back" => self.hold_back = tasks(value),
            "predict" => self.predict = tasks(value),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Where the border of a plan is sought.
    pub(crate) fn window_of(&self, plan: &RunPlan, factor: f64) -> Result<Window, PlanError> {
        let (low, high) = self.window.unwrap_or_else(|| {
            let order = dunwu_task::outline(plan).map_or(50.0, |o| o.1 as f64);
            let middle = (2.0 / order).sqrt();
            (0.45 * middle, (2.2 * middle * factor).min(0.95))
        });
        Window::new(low, high).map_err(|e| PlanError::new("window", e.to_string()))
    }
}

/// Names between commas that stand outside parentheses.
fn tasks(text: &str) -> Vec<String> {
    crate::sweep::split(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<BoundarySpec, PlanError> {
        BoundarySpec::of(&Wanted {
            words: words.iter().map(|w| (*w).to_owned()).collect(),
            zip: vec![],
        })
    }

    #[test]
    fn what_the_search_decides_is_refused() {
        for word in ["train_fraction=0.3", "seeds=4", "train_size=9"] {
            let error = of(&["task=Z23", word]).unwrap_err().to_string();
            assert!(error.contains("the search decides"), "{error}");
        }
        let error = of(&["hold_back=Z71"]).unwrap_err().to_string();
        assert!(error.contains("tasks to predict from"), "{error}");
        for bad in [
            "window=0.5:0.2",
            "window=1",
            "half_width=2",
            "batch=0",
            "enough=0",
            "enough=1.5",
            "runs=x",
        ] {
            assert!(of(&[bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn held_back_tasks_are_points_of_the_grid() {
        let spec = of(&["task=Z23,Z31", "hold_back=Z71", "width=64", "batch=3"]).unwrap();
        assert_eq!((spec.grid.points(), spec.batch), (3, 3));
        let words = spec.grid.words(2).join(" ");
        assert!(
            words.contains("task=Z71") && words.contains("stop=settled"),
            "{words}"
        );
    }
}
