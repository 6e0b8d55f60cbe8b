//! Slurm, by its commands sbatch, squeue and scancel.
//!
//! An array is one job whose script is one line: the worker takes the place of the shell, so that signals reach it and
//! its exit code is the task's. SIGTERM comes 90 s before the time limit: the worker writes what is finished and
//! exits with 3.

use super::cluster::{Array, Refused, Scheduler, State, Task, Work, ask, said};
use camino::Utf8Path;
use dunwu_core::PlanError;
use std::collections::BTreeSet;

/// Names in one question, which must fit a command line.
const NAMES: usize = 500;

/// Slurm's commands.
pub(crate) struct Slurm {
    pub work: Work,
}

/// Long options of sbatch that are decided here, with their short forms.
const OURS: &[(&str, &str)] = &[
    ("array", "a"),
    ("error", "e"),
    ("input", "i"),
    ("job-name", "J"),
    ("no-requeue", ""),
    ("open-mode", ""),
    ("output", "o"),
    ("parsable", ""),
    ("requeue", ""),
    ("signal", ""),
    ("test-only", ""),
    ("wait", "W"),
    ("wrap", ""),
];

/// Words that say that a request may be granted later.
const LATER: &[&str] = &[
    "unable to contact",
    "timed out",
    "connection refused",
    "connection failure",
    "connect failure",
    "zero bytes",
    "temporarily",
    "submit limit",
];

/// States of a task that is over, but for COMPLETED.
const OVER: &[&str] = &[
    "BOOT_FAIL",
    "CANCELLED",
    "DEADLINE",
    "FAILED",
    "LAUNCH_FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "RECONFIG_FAIL",
    "REVOKED",
    "TIMEOUT",
];

/// Reasons for which a task waits until a person does something.
const HELD: &[&str] = &[
    "BadConstraints",
    "DependencyNeverSatisfied",
    "InvalidAccount",
    "InvalidQOS",
    "JobHeldAdmin",
    "JobHeldUser",
    "PartitionNodeLimit",
    "PartitionTimeLimit",
];

/// Reasons for which Slurm gives a task up: it keeps it, held, after a machine refused to begin it, as one does that
/// was asked twice because the controller had forgotten.
const GIVEN_UP: &[&str] = &["launch failed requeued held", "launch_failed_requeued_held"];

/// Checks options of a site against those that are decided here.
///
/// # Errors
/// An option that is, or a word that is none.
pub(crate) fn check(site: &[String]) -> Result<(), PlanError> {
    let fail = |why: String| Err(PlanError::new("site", why));
    let mut value_may_follow = false;
    for word in site {
        let long = word.strip_prefix("--").filter(|l| !l.is_empty());
        let short = word
            .strip_prefix('-')
            .filter(|s| !s.is_empty() && !s.starts_with('-'));
        let clash = if let Some(long) = long {
            let name = long.split('=').next().unwrap_or(long);
            // sbatch takes any beginning of a name that is unlike all others.
            OURS.iter()
                .find(|o| name.len() > 2 && o.0.starts_with(name))
        } else if let Some(short) = short {
            OURS.iter()
                .find(|o| !o.1.is_empty() && short.starts_with(o.1))
        } else if value_may_follow && word != "--" && word != ":" {
            None
        } else {
            return fail(format!(
                "expected options of sbatch such as --partition=NAME, got `{word}`"
            ));
        };
        if let Some((name, _)) = clash {
            return fail(format!(
                "`{word}` is decided by the sweep itself (--{name}); leave it out"
            ));
        }
        value_may_follow = (long.is_some() || short.is_some()) && !word.contains('=');
    }
    Ok(())
}

impl Slurm {
    fn words(&self, name: &str, array: &Array, round: &Utf8Path) -> Vec<String> {
        let logs = round
            .parent()
            .and_then(Utf8Path::parent)
            .unwrap_or(round)
            .join("logs");
        // In the name of a log % begins a placeholder.
        let log = format!(
            "{}/r-{}-%a.log",
            logs.as_str().replace('%', "%%"),
            array.round
        );
        let mut words = self.work.site.clone();
        words.extend([
            "--parsable".to_owned(),
            format!("--job-name={name}"),
            format!("--array={}", array.ranges()),
            "--requeue".to_owned(),
            "--open-mode=append".to_owned(),
            "--signal=B:TERM@90".to_owned(),
            format!("--output={log}"),
        ]);
        words
    }

    fn script(&self, round: &Utf8Path) -> String {
        let program = self.work.program.as_str();
        let words = [program, "worker", "--round", round.as_str()].into_iter();
        let words = words.chain(self.work.words.iter().map(String::as_str));
        let line: Vec<String> = words.map(dunwu_core::shell_word).collect();
        format!("#!/bin/sh\nexec {}\n", line.join(" "))
    }
}

impl Scheduler for Slurm {
    fn title(&self) -> &'static str {
        "Slurm"
    }

    fn submit(&self, name: &str, array: &Array, round: &Utf8Path) -> Result<u64, Refused> {
        let words = self.words(name, array, round);
        let output = ask("sbatch", &words, Some(&self.script(round)))?;
        let text = String::from_utf8_lossy(&output.stdout);
        if output.status.success() {
            // With several clusters a name follows: 17;cluster.
            let last = text.lines().last().unwrap_or_default();
            let job = last.split(';').next().unwrap_or_default().trim();
            return job.parse().map_err(|_| {
                Refused::Later(format!("sbatch answered `{last}` in place of a number"))
            });
        }
        let why = said("sbatch", &output);
        let low = why.to_lowercase();
        if output.status.code().is_none() || LATER.iter().any(|l| low.contains(l)) {
            return Err(Refused::Later(why));
        }
        Err(Refused::Never(format!(
            "sbatch refused the jobs: {why}; mend site=, and go on with --resume"
        )))
    }

    fn list(&self, names: &BTreeSet<String>) -> Result<Vec<Task>, Refused> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut tasks = Vec::new();
        for names in names.chunks(NAMES) {
            let words = ["-a", "-h", "-r", "-t", "all", "-O", COLUMNS].map(str::to_owned);
            let mut words = words.to_vec();
            words.push(format!("--name={}", names.join(",")));
            let output = ask("squeue", &words, None)?;
            if !output.status.success() {
                return Err(Refused::Later(said("squeue", &output)));
            }
            let text = String::from_utf8_lossy(&output.stdout);
            tasks.extend(text.lines().filter_map(parse));
        }
        forget(&tasks)?;
        Ok(tasks)
    }

    fn stop(&self, jobs: &BTreeSet<u64>) -> Result<(), Refused> {
        let jobs: Vec<String> = jobs.iter().map(u64::to_string).collect();
        let waiting = vec!["--quiet".to_owned(), "--state=PENDING".to_owned()];
        let running = ["--quiet", "--state=RUNNING", "--batch", "--signal=TERM"];
        let running = running.map(str::to_owned).to_vec();
        for mut words in [waiting, running] {
            words.extend(jobs.iter().cloned());
            // It fails where no task is in that state, and what is alive is asked for again.
            ask("scancel", &words, None)?;
        }
        Ok(())
    }
}

/// Removes tasks that Slurm gave up: it would hold them for ever, and their chunks are handed out again.
fn forget(tasks: &[Task]) -> Result<(), Refused> {
    let given_up =
        |t: &&Task| matches!(&t.state, State::Failed(why) if GIVEN_UP.contains(&why.as_str()));
    let tasks = tasks.iter().filter(given_up);
    let ids: Vec<String> = tasks.map(|t| format!("{}_{}", t.job, t.task)).collect();
    if !ids.is_empty() {
        let words = [vec!["--quiet".to_owned()], ids].concat();
        ask("scancel", &words, None)?;
    }
    Ok(())
}

/// What is asked of squeue; a column with an ending of its own is not cut.
const COLUMNS: &str = "Name:|,ArrayJobID:|,ArrayTaskID:|,State:|,Reason:|";

/// A line of squeue; None for what is no task of an array.
fn parse(line: &str) -> Option<Task> {
    let fields: Vec<&str> = line.split('|').map(str::trim).collect();
    let [name, job, task, state, reason, ..] = fields[..] else {
        return None;
    };
    // CANCELLED by 1000, COMPLETED+
    let word = state.split([' ', '+']).next().unwrap_or(state);
    let state = match word {
        "COMPLETED" => State::Ended,
        "PENDING" if GIVEN_UP.contains(&reason) => State::Failed(reason.to_owned()),
        "PENDING" => State::Waits(HELD.contains(&reason).then(|| reason.to_owned())),
        over if OVER.contains(&over) => State::Failed(over.to_owned()),
        // CONFIGURING, COMPLETING, REQUEUED, SUSPENDED and what later versions may say.
        _ => State::Runs,
    };
    Some(Task {
        name: name.to_owned(),
        job: job.parse().ok()?,
        task: task.parse().ok()?,
        state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(text: &str) -> Result<(), String> {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        check(&words).map_err(|e| e.to_string())
    }

    #[test]
    fn options_of_a_site_that_contradict_are_refused_by_name() {
        for good in [
            "--partition=low --time=30",
            "-p low -t 30",
            "-A me --mem=1G --exclusive",
            "--wait-all-nodes=1 --nodes=1",
        ] {
            site(good).unwrap();
        }
        for (bad, name) in [
            ("--array=1", "--array"),
            ("--arr=1", "--array"),
            ("-a1", "--array"),
            ("--partition=low -J mine", "--job-name"),
            ("--no-requeue", "--no-requeue"),
            ("--wrap=ls", "--wrap"),
        ] {
            let why = site(bad).unwrap_err();
            assert!(why.contains(name) && why.contains("decided"), "{why}");
        }
        for bad in ["low", "--time=3 x", "--", "-p low :"] {
            let why = site(bad).unwrap_err();
            assert!(why.contains("such as --partition=NAME"), "{bad}: {why}");
        }
    }

    #[test]
    fn lines_of_squeue_are_read() {
        let task = parse("dunwu-1-r2|17|5|PENDING|JobHeldUser|").unwrap();
        assert_eq!(
            (task.name.as_str(), task.job, task.task),
            ("dunwu-1-r2", 17, 5)
        );
        assert_eq!(task.state, State::Waits(Some("JobHeldUser".to_owned())));
        let task = parse("dunwu-1-r2|17|5|PENDING|launch failed requeued held|").unwrap();
        assert!(matches!(task.state, State::Failed(why) if why.contains("held")));
        let state = |word: &str| parse(&format!("n|1|0|{word}|None|")).unwrap().state;
        assert_eq!(state("PENDING"), State::Waits(None));
        assert_eq!(state("RUNNING"), State::Runs);
        assert_eq!(state("COMPLETING"), State::Runs);
        assert_eq!(state("COMPLETED"), State::Ended);
        assert_eq!(state("NODE_FAIL"), State::Failed("NODE_FAIL".to_owned()));
        assert_eq!(
            state("CANCELLED by 7"),
            State::Failed("CANCELLED".to_owned())
        );
        // A record for all waiting tasks of an array that was cancelled, and other people's lines.
        assert_eq!(parse("n|1|N/A|CANCELLED|None|"), None);
        assert_eq!(parse("slurm is tired"), None);
    }

    #[test]
    fn the_script_is_one_line_that_becomes_the_worker() {
        let slurm = Slurm {
            work: Work {
                program: "/opt/my programs/dunwu".into(),
                words: vec!["curve_points=7".to_owned()],
                site: vec!["--partition=low".to_owned()],
            },
        };
        let round = Utf8Path::new("/a/100% done/rounds/r-3.jsonl");
        let script = slurm.script(round);
        assert_eq!(script.lines().count(), 2);
        assert!(
            script.contains("exec '/opt/my programs/dunwu' worker --round"),
            "{script}"
        );
        let array = Array {
            round: 3,
            chunks: vec![0, 1, 2, 7, 9, 10],
            job: None,
        };
        let words = slurm.words("n", &array, round);
        assert_eq!(words[0], "--partition=low");
        assert!(
            words.contains(&"--array=0-2,7,9-10".to_owned()),
            "{words:?}"
        );
        let log = "--output=/a/100%% done/logs/r-3-%a.log".to_owned();
        assert!(words.contains(&log), "{words:?}");
    }
}
