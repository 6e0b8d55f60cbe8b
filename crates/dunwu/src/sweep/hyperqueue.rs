//! HyperQueue, by its command hq: the same workers, on machines of its own or inside of jobs of Slurm.
//!
//! Its answers are those of `--output-mode=json` (<https://it4innovations.github.io/hyperqueue>, Output mode). It
//! cancels whole jobs, running tasks too: stopping a sweep costs the chunks in flight.

use super::cluster::{Array, Refused, Scheduler, State, Task, Work, ask, said};
use camino::Utf8Path;
use dunwu_core::PlanError;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// HyperQueue's command.
pub(crate) struct Hyperqueue {
    pub work: Work,
}

/// Options of `hq submit` that are decided here.
const OURS: &[&str] = &[
    "--array",
    "--cwd",
    "--each-line",
    "--from-json",
    "--job",
    "--name",
    "--output-mode",
    "--progress",
    "--stderr",
    "--stdout",
    "--wait",
];

/// Checks options of a site against those that are decided here.
///
/// # Errors
/// An option that is, or a word that is none.
pub(crate) fn check(site: &[String]) -> Result<(), PlanError> {
    if let Some(first) = site.first().filter(|w| !w.starts_with('-')) {
        let why = format!("expected options of `hq submit` such as --cpus=1, got `{first}`");
        return Err(PlanError::new("site", why));
    }
    for word in site {
        let name = word.split('=').next().unwrap_or(word);
        if OURS.contains(&name) || name == "--" {
            let why = format!("`{word}` is decided by the sweep itself; leave it out");
            return Err(PlanError::new("site", why));
        }
    }
    Ok(())
}

fn hq(words: &[String]) -> Result<Value, Refused> {
    let mut all = vec!["--output-mode=json".to_owned()];
    all.extend_from_slice(words);
    let output = ask("hq", &all, None)?;
    let answer: Option<Value> = serde_json::from_slice(&output.stdout).ok();
    let error = answer.as_ref().and_then(|a| a.get("error"));
    let error = error.and_then(Value::as_str).map(str::to_owned);
    match answer {
        Some(answer) if output.status.success() && error.is_none() => Ok(answer),
        // `hq job cancel` may have nothing to say.
        None if output.status.success() && output.stdout.is_empty() => Ok(Value::Null),
        _ => Err(Refused::Later(error.unwrap_or_else(|| said("hq", &output)))),
    }
}

/// Words by which clap refuses a command line, which no waiting mends.
const NEVER: &[&str] = &["unexpected argument", "invalid value", "Usage:"];

impl Scheduler for Hyperqueue {
    fn title(&self) -> &'static str {
        "HyperQueue"
    }

    fn submit(&self, name: &str, array: &Array, round: &Utf8Path) -> Result<u64, Refused> {
        let logs = round
            .parent()
            .and_then(Utf8Path::parent)
            .unwrap_or(round)
            .join("logs");
        let mut words = vec!["submit".to_owned()];
        words.extend(self.work.site.iter().cloned());
        words.extend([
            format!("--name={name}"),
            format!("--array={}", array.ranges()),
            "--stdout=none".to_owned(),
            format!("--stderr={logs}/r-{}-%{{TASK_ID}}.log", array.round),
            "--".to_owned(),
            self.work.program.to_string(),
            "worker".to_owned(),
            "--round".to_owned(),
            round.to_string(),
        ]);
        words.extend(self.work.words.iter().cloned());
        let answer = hq(&words).map_err(|refused| match refused {
            Refused::Later(why) if NEVER.iter().any(|n| why.contains(n)) => {
                Refused::Never(format!("hq refused the jobs: {why}; mend site="))
            }
            other => other,
        })?;
        answer["id"].as_u64().ok_or_else(|| {
            Refused::Later(format!(
                "hq answered {answer} in place of the number of a job"
            ))
        })
    }

    fn list(&self, names: &BTreeSet<String>) -> Result<Vec<Task>, Refused> {
        let jobs = hq(&["job", "list", "--all"].map(str::to_owned))?;
        let known = named(&jobs, names);
        if known.is_empty() {
            return Ok(vec![]);
        }
        let ids: Vec<String> = known.keys().map(u64::to_string).collect();
        let answer = hq(&["task".to_owned(), "list".to_owned(), ids.join(",")])?;
        Ok(tasks(&answer, &known))
    }

    fn stop(&self, jobs: &BTreeSet<u64>) -> Result<(), Refused> {
        let ids: Vec<String> = jobs.iter().map(u64::to_string).collect();
        hq(&["job".to_owned(), "cancel".to_owned(), ids.join(",")]).map(drop)
    }
}

/// Numbers and names of the jobs that have one of these names.
fn named(jobs: &Value, names: &BTreeSet<String>) -> BTreeMap<u64, String> {
    let jobs = jobs.as_array().map_or(&[][..], Vec::as_slice);
    let of = |job: &Value| {
        let name = job["name"].as_str().filter(|n| names.contains(*n))?;
        Some((job["id"].as_u64()?, name.to_owned()))
    };
    jobs.iter().filter_map(of).collect()
}

/// Tasks of an answer, by job.
fn tasks(answer: &Value, known: &BTreeMap<u64, String>) -> Vec<Task> {
    let mut out = Vec::new();
    for (&job, name) in known {
        let all = answer[job.to_string()].as_array();
        for task in all.map_or(&[][..], Vec::as_slice) {
            let (Some(id), Some(state)) = (task["id"].as_u64(), task["state"].as_str()) else {
                continue;
            };
            let state = match state.to_lowercase().as_str() {
                "waiting" => State::Waits(None),
                "finished" => State::Ended,
                over @ ("failed" | "canceled" | "aborted") => State::Failed(over.to_owned()),
                _ => State::Runs,
            };
            out.push(Task {
                name: name.clone(),
                task: id as usize,
                job,
                state,
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let names = BTreeSet::from(["a-r1".to_owned()]);
        let jobs = serde_json::json!([
            {"id": 1, "name": "a-r1", "task_count": 3, "task_stats": {"running": 1}},
            {"id": 2, "name": "else", "task_count": 1},
        ]);
        let known = named(&jobs, &names);
        assert_eq!(known, BTreeMap::from([(1, "a-r1".to_owned())]));
        let answer = serde_json::json!({"1": [
            {"id": 0, "state": "finished"}, {"id": 1, "state": "running"},
            {"id": 2, "state": "waiting"}, {"id": 3, "state": "failed", "error": "x"},
        ]});
        let states: Vec<State> = tasks(&answer, &known)
            .into_iter()
            .map(|t| t.state)
            .collect();
        let failed = State::Failed("failed".to_owned());
        assert_eq!(
            states,
            [State::Ended, State::Runs, State::Waits(None), failed]
        );
        assert!(tasks(&serde_json::json!("?"), &known).is_empty());
    }

    #[test]
    fn options_of_a_site_that_contradict_are_refused_by_name() {
        let check = |text: &str| check(&[text.to_owned()]).map_err(|e| e.to_string());
        check("--cpus=2").unwrap();
        assert!(check("--array=1-9").unwrap_err().contains("--array=1-9"));
        assert!(check("fast").unwrap_err().contains("such as --cpus=1"));
    }
}
