//! Sweeps on a cluster: a real Slurm that a script of this project starts, and a stand-in for HyperQueue. Workers,
//! nodes, the controller and the coordinator are killed, and every result must be there once.
//!
//! Slurm's tests need root and Debian's packages; elsewhere they say that they are skipped.

mod common;

use camino::{Utf8Path, Utf8PathBuf};
use common::{dunwu, output};
use dunwu::store::{Chunk, SweepDir, SweepPlan, SweepReader, Wanted};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../scripts/slurm_cluster.sh"
);

/// About 240 runs of some milliseconds each.
const SWEEP: [&str; 6] = [
    "task=Z7,Z11",
    "width=32",
    "weight_decay=1e-4,1e-3,1e-2",
    "epochs=400",
    "seeds=40",
    "--quiet",
];

/// How long anything may take that should take seconds.
const PATIENCE: Duration = Duration::from_secs(300);

// ---- a cluster ----------------------------------------------------------------------------------

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

struct Cluster {
    temporary: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Cluster {
    /// Two nodes of two slots; None, said aloud, where there can be none.
    fn up() -> Option<Self> {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let temporary = TempDir::new().unwrap();
        let made = Self {
            temporary,
            _turn: turn,
        };
        let answer = made.script(&["up", made.dir().to_str().unwrap(), "2", "2"]);
        let said = String::from_utf8_lossy(&answer.stderr);
        if answer.status.code() == Some(77) {
            // The macros' output is kept from those whose tests pass.
            let line = format!("SKIPPED, no Slurm cluster here: {}\n", said.trim());
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            return None;
        }
        assert!(answer.status.success(), "{said}");
        Some(made)
    }

    fn dir(&self) -> PathBuf {
        self.temporary.path().join("cluster")
    }

    fn work(&self) -> &Path {
        self.temporary.path()
    }

    fn script(&self, words: &[&str]) -> Output {
        // Daemons must not hold the pipe on which this waits.
        let log = self.temporary.path().join("script.log");
        let file = std::fs::File::create(&log).unwrap();
        let mut command = Command::new(SCRIPT);
        command
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let status = command.stderr(file).status().unwrap();
        Output {
            status,
            stdout: vec![],
            stderr: std::fs::read(log).unwrap(),
        }
    }

    fn start(&self, daemon: &str) {
        let answer = self.script(&["start", self.dir().to_str().unwrap(), daemon]);
        assert!(
            answer.status.success(),
            "{}",
            String::from_utf8_lossy(&answer.stderr)
        );
    }

    fn kill_daemon(&self, name: &str) {
        let pid = std::fs::read_to_string(self.dir().join(format!("{name}.pid"))).unwrap();
        kill("KILL", pid.trim().parse().unwrap());
    }

    fn dunwu(&self, words: &[&str]) -> Command {
        let mut command = dunwu(self.work(), words);
        command.env("SLURM_CONF", self.dir().join("slurm.conf"));
        command
    }

    fn slurm(&self, program: &str, words: &[&str]) -> String {
        let mut command = Command::new(program);
        command
            .args(words)
            .env("SLURM_CONF", self.dir().join("slurm.conf"));
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    }

    /// A sweep on this cluster, with chunks of a few runs.
    fn sweep(&self, out: &str, more: &[&str]) -> Child {
        let mut words = vec![
            "sweep",
            "--out",
            out,
            "engine=slurm",
            "chunk_seconds=0.1",
            "lost_seconds=4",
        ];
        words.extend(SWEEP);
        words.extend(more);
        let mut command = self.dunwu(&words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    fn resume(&self, out: &str) -> Output {
        let words = ["sweep", "--resume", out, "lost_seconds=4", "--quiet"];
        let mut command = self.dunwu(&words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.wait(command.spawn().unwrap())
    }

    /// Waits for a program; tasks that Slurm holds back after their node was lost are let go.
    fn wait(&self, mut child: Child) -> Output {
        let started = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if started.elapsed() > PATIENCE {
                kill("KILL", child.id());
                let said = child.wait_with_output().unwrap();
                let queue = self.slurm("squeue", &["-r"]);
                panic!(
                    "it takes too long\n{}\n{queue}",
                    String::from_utf8_lossy(&said.stderr)
                );
            }
            self.release();
            std::thread::sleep(Duration::from_millis(500));
        }
        child.wait_with_output().unwrap()
    }

    fn release(&self) {
        let columns = "ArrayJobID:|,ArrayTaskID:|,Reason:|";
        for line in self
            .slurm("squeue", &["-h", "-r", "-t", "PD", "-O", columns])
            .lines()
        {
            let fields: Vec<&str> = line.split('|').collect();
            if fields[2].trim() == "BeginTime" {
                let id = format!("JobId={}_{}", fields[0].trim(), fields[1].trim());
                self.slurm("scontrol", &["update", &id, "StartTime=now"]);
            }
        }
    }

    /// Processes of tasks, with their node.
    fn workers(&self) -> Vec<(u32, String)> {
        let mine = format!("SLURM_CONF={}", self.dir().join("slurm.conf").display());
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
                continue;
            };
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            let environment = String::from_utf8_lossy(&environment);
            let of = |name: &str| environment.split('\0').find(|v| v.starts_with(name));
            let node = of("SLURMD_NODENAME=").and_then(|v| v.split_once('='));
            if let (Some((_, node)), true) = (node, of(&mine) == Some(&mine)) {
                found.push((pid, node.to_owned()));
            }
        }
        found
    }

    /// Everything of a node ends at once.
    fn lose(&self, node: &str) {
        self.kill_daemon(node);
        for (pid, of) in self.workers() {
            if of == node {
                // Its keeper first, which would report its end.
                kill("KILL", parent(pid));
                kill("KILL", pid);
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.script(&["down", self.dir().to_str().unwrap()]);
        self.workers().iter().for_each(|w| kill("KILL", w.0));
    }
}

fn parent(pid: u32) -> u32 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("PPid:"));
    line.and_then(|l| l.trim().parse().ok())
        .filter(|p| *p > 1)
        .unwrap_or(pid)
}

fn kill(signal: &str, pid: u32) {
    // It may have ended in the meantime.
    let mut command = Command::new("kill");
    let _ = command
        .args(["-s", signal, &pid.to_string()])
        .stderr(Stdio::null())
        .status();
}

// ---- results ------------------------------------------------------------------------------------

type Results = BTreeMap<(String, i64), i64>;

fn reader(work: &Path, out: &str) -> SweepReader {
    SweepReader::open(Utf8Path::from_path(&work.join(out)).unwrap()).unwrap()
}

/// Results of a directory, each of which may stand there once.
fn results(work: &Path, out: &str) -> Results {
    let reader = reader(work, out);
    let mut all = Results::new();
    for part in reader.parts().unwrap() {
        let table = reader.runs(&part, None).unwrap();
        let rows = table.texts("plan_hash").iter().zip(table.integers("seed"));
        for ((plan, seed), digest) in rows.zip(table.integers("digest")) {
            let key = (plan.clone().unwrap(), seed.unwrap());
            let before = all.insert(key.clone(), digest.unwrap());
            assert_eq!(
                before, None,
                "{key:?} stands twice, the second time in {}",
                part.name
            );
        }
    }
    all
}

fn parts(work: &Path, out: &str) -> usize {
    let path = work.join(out);
    if !path.join("plan.toml").exists() {
        return 0;
    }
    reader(work, out).parts().unwrap().len()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The same sweep by threads of one process.
fn local(work: &Path) -> Results {
    let mut words = vec!["sweep", "--out", "local"];
    words.extend(SWEEP);
    let said = output(work, &words);
    assert!(said.status.success(), "{}", text(&said));
    let all = results(work, "local");
    assert_eq!(all.len(), 240);
    all
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn handed(work: &Path, out: &str) -> usize {
    let text = std::fs::read_to_string(work.join(out).join("jobs.json")).unwrap();
    let jobs: serde_json::Value = serde_json::from_str(&text).unwrap();
    jobs["handed"].as_array().unwrap().len()
}

// ---- Slurm --------------------------------------------------------------------------------------

#[test]
fn a_sweep_on_slurm_outlives_its_tasks_a_node_the_controller_and_itself() {
    let Some(cluster) = Cluster::up() else {
        return;
    };
    let work = cluster.work();
    let expected = local(work);
    let mut child = cluster.sweep("far", &[]);
    until("tasks run", || !cluster.workers().is_empty());
    kill("KILL", cluster.workers()[0].0);
    until("there are parts", || parts(work, "far") > 2);
    cluster.lose("n2");
    let before = parts(work, "far");
    until("the other node works", || parts(work, "far") > before);
    cluster.kill_daemon("slurmctld");
    std::thread::sleep(Duration::from_secs(1));
    cluster.start("slurmctld");
    cluster.start("n2");
    let before = parts(work, "far");
    until("the sweep goes on", || parts(work, "far") > before);
    kill("KILL", child.id());
    child.wait().unwrap();
    let said = cluster.resume("far");
    assert!(said.status.success(), "{}", text(&said));
    assert_eq!(results(work, "far"), expected);
    assert_eq!(handed(work, "far"), 0);
    assert_eq!(cluster.slurm("squeue", &["-h", "-r"]), "");
}

#[test]
fn a_detached_sweep_is_found_again_and_not_handed_over_twice() {
    let Some(cluster) = Cluster::up() else {
        return;
    };
    let work = cluster.work();
    let said = cluster.wait(cluster.sweep("away", &["--detach", "--json"]));
    assert!(said.status.success(), "{}", text(&said));
    let report: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(report["detached"], true);
    assert_eq!(handed(work, "away"), 1);
    // Again in passing: everything is in the queue or done.
    let words = [
        "sweep",
        "--resume",
        "away",
        "--detach",
        "--quiet",
        "lost_seconds=30",
    ];
    let said = cluster.dunwu(&words).output().unwrap();
    assert!(said.status.success(), "{}", text(&said));
    assert!(handed(work, "away") <= 1, "handed over again");
    until("the queue is empty", || {
        cluster.slurm("squeue", &["-h", "-r"]).is_empty()
    });
    let started = Instant::now();
    let said = cluster.resume("away");
    assert!(said.status.success(), "{}", text(&said));
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "it waits for nothing"
    );
    assert_eq!(results(work, "away"), local(work));
}

#[test]
fn what_is_interrupted_is_taken_back_and_goes_on_with_the_same_engine() {
    let Some(cluster) = Cluster::up() else {
        return;
    };
    let work = cluster.work();
    let child = cluster.sweep("halt", &["site=--partition=all --time=30"]);
    until("there are parts", || parts(work, "halt") > 1);
    kill("INT", child.id());
    let said = cluster.wait(child);
    assert_eq!(said.status.code(), Some(3), "{}", text(&said));
    assert_eq!(cluster.slurm("squeue", &["-h", "-r", "-t", "PD,R"]), "");
    assert_eq!(handed(work, "halt"), 0);
    let said = cluster.resume("halt");
    assert!(said.status.success(), "{}", text(&said));
    let jobs = std::fs::read_to_string(work.join("halt/jobs.json")).unwrap();
    assert!(
        jobs.contains("\"slurm\"") && jobs.contains("--partition=all"),
        "{jobs}"
    );
    assert_eq!(results(work, "halt"), local(work));
}

#[test]
fn threads_of_this_machine_take_over_from_slurm() {
    let Some(cluster) = Cluster::up() else {
        return;
    };
    let work = cluster.work();
    let said = cluster.wait(cluster.sweep("over", &["--detach"]));
    assert!(said.status.success(), "{}", text(&said));
    let words = ["sweep", "--resume", "over", "engine=local", "--quiet"];
    let said = cluster.dunwu(&words).output().unwrap();
    assert!(said.status.success(), "{}", text(&said));
    assert!(text(&said).contains("taken back"), "{}", text(&said));
    assert_eq!(cluster.slurm("squeue", &["-h", "-r", "-t", "PD,R"]), "");
    assert!(!work.join("over/jobs.json").exists());
    assert_eq!(results(work, "over"), local(work));
}

#[test]
fn what_slurm_refuses_is_shown() {
    let Some(cluster) = Cluster::up() else {
        return;
    };
    let said = cluster.wait(cluster.sweep("bad", &["site=--partition=nowhere"]));
    assert_eq!(said.status.code(), Some(2));
    let said = text(&said);
    assert!(
        said.contains("sbatch refused the jobs") && said.contains("nowhere"),
        "{said}"
    );
    assert_eq!(handed(cluster.work(), "bad"), 0);
}

#[test]
fn words_that_make_no_sense_on_a_cluster_are_refused_before_a_directory_is_made() {
    let temporary = TempDir::new().unwrap();
    let work = temporary.path();
    for (words, expected) in [
        (vec!["engine=slurm"], "`sbatch`, which is not on the PATH"),
        (vec!["engine=hyperqueue"], "`hq`, which is not on the PATH"),
        (vec!["engine=slurm", "site=--array=1"], "--array"),
        (vec!["engine=slurm", "site=--time='3"], "without its end"),
        (vec!["site=--time=3"], "engine=slurm"),
        (vec!["--detach"], "--detach"),
        (vec!["engine=slrum"], "slurm"),
        (vec!["lost_seconds=-1"], "lost_seconds"),
    ] {
        let mut all = vec!["sweep", "task=Z5", "epochs=1", "--out", "none"];
        all.extend(&words);
        let said = dunwu(work, &all)
            .env("PATH", "/nonexistent")
            .output()
            .unwrap();
        assert_eq!(said.status.code(), Some(2), "{words:?}");
        assert!(text(&said).contains(expected), "{words:?}: {}", text(&said));
        assert!(!work.join("none").exists(), "{words:?}");
    }
}

// ---- workers ------------------------------------------------------------------------------------

/// A sweep with one chunk of so many runs handed out, and the path of its round.
fn one_chunk(work: &Path, seeds: u64, epochs: u64) -> Utf8PathBuf {
    let path = Utf8Path::from_path(work).unwrap().join("one");
    let words = vec![
        "task=Z11".to_owned(),
        "width=64".to_owned(),
        format!("epochs={epochs}"),
    ];
    let plan = SweepPlan {
        command: "sweep".to_owned(),
        asked: vec![Wanted {
            words: [words.clone(), vec![format!("seeds={seeds}")]].concat(),
            zip: vec![],
        }],
        files: vec![],
    };
    let dir = SweepDir::create(&path, &plan).unwrap();
    let runs = vec![(words, (0..seeds).collect())];
    let round = dir.write_round(&[Chunk { chunk: 0, runs }]).unwrap();
    dir.reader().round_path(round)
}

fn worker(work: &Path, round: &Utf8Path) -> Child {
    let words = ["worker", "--round", round.as_str()];
    let mut command = dunwu(work, &words);
    command
        .env("SLURM_ARRAY_TASK_ID", "0")
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn of_two_workers_on_one_chunk_one_does_it() {
    let temporary = TempDir::new().unwrap();
    let work = temporary.path();
    let round = one_chunk(work, 3, 20_000);
    let first = worker(work, &round);
    let claim = reader(work, "one");
    until("the first has claimed it", || {
        claim.is_claimed(None).unwrap()
    });
    let second = worker(work, &round).wait_with_output().unwrap();
    assert!(second.status.success());
    assert!(
        text(&second).contains("being worked on by another process"),
        "{}",
        text(&second)
    );
    assert!(first.wait_with_output().unwrap().status.success());
    assert_eq!(results(work, "one").len(), 3);
}

#[test]
fn a_worker_that_is_terminated_keeps_what_is_finished_and_a_later_one_does_the_rest() {
    let temporary = TempDir::new().unwrap();
    let work = temporary.path();
    let seeds = 400;
    let round = one_chunk(work, seeds, 1000);
    let first = worker(work, &round);
    std::thread::sleep(Duration::from_millis(700));
    // Slurm may say it to the task and to its group: twice means the same as once.
    kill("TERM", first.id());
    kill("TERM", first.id());
    let said = first.wait_with_output().unwrap();
    assert_eq!(said.status.code(), Some(3), "{}", text(&said));
    let some = results(work, "one");
    assert!(
        !some.is_empty() && some.len() < seeds as usize,
        "{} runs",
        some.len()
    );
    assert!(
        reader(work, "one").parts().unwrap()[0]
            .name
            .ends_with("-p0")
    );
    let again = worker(work, &round).wait_with_output().unwrap();
    assert!(again.status.success(), "{}", text(&again));
    let all = results(work, "one");
    assert_eq!(all.len(), seeds as usize);
    assert!(some.iter().all(|(key, digest)| all[key] == *digest));
}

// ---- HyperQueue ---------------------------------------------------------------------------------

/// Answers like `hq --output-mode=json`: tasks are done at once, but for the first of the first job, which fails.
const HQ: &str = r#"#!/bin/bash
state=$HQ_STATE
[[ $1 == --version ]] && exit 0
[[ $1 == --output-mode=json ]] || exit 9
shift
case "$1 $2" in
"submit "*)
    shift
    n=$(($(ls "$state" | grep -c '\.name$') + 1))
    while [[ $1 != -- ]]; do
        case $1 in
        --name=*) echo "${1#*=}" >"$state/$n.name" ;;
        --array=*) array=${1#*=} ;;
        --stderr=*) log=${1#*=} ;;
        esac
        shift
    done
    shift
    sep=
    for range in ${array//,/ }; do
        for ((i = ${range%-*}; i <= ${range#*-}; i++)); do
            word=failed
            if [[ $n == 1 && $i == 0 ]] || HQ_TASK_ID=$i "$@" 2>"${log//%\{TASK_ID\}/$i}"; then word=finished; fi
            [[ $n == 1 && $i == 0 ]] && word=failed
            echo "$sep{\"id\": $i, \"state\": \"$word\"}" >>"$state/$n.tasks"
            sep=,
        done
    done
    echo "{\"id\": $n}"
    ;;
"job list")
    sep=
    echo '['
    for file in "$state"/*.name; do
        n=$(basename "$file" .name)
        echo "$sep{\"id\": $n, \"name\": \"$(cat "$file")\", \"task_count\": 1, \"task_stats\": {}}"
        sep=,
    done
    echo ']'
    ;;
"task list")
    sep=
    echo '{'
    for n in ${3//,/ }; do
        echo "$sep\"$n\": [$(cat "$state/$n.tasks")]"
        sep=,
    done
    echo '}'
    ;;
*) echo '{"error": "not known"}' && exit 1 ;;
esac
"#;

#[test]
fn a_sweep_on_hyperqueue_hands_out_again_what_fails() {
    let temporary = TempDir::new().unwrap();
    let work = temporary.path();
    let programs = work.join("bin");
    std::fs::create_dir_all(work.join("state")).unwrap();
    std::fs::create_dir_all(&programs).unwrap();
    std::fs::write(programs.join("hq"), HQ).unwrap();
    let made = Command::new("chmod")
        .arg("+x")
        .arg(programs.join("hq"))
        .status();
    assert!(made.unwrap().success());
    let mut words = vec![
        "sweep",
        "--out",
        "far",
        "engine=hyperqueue",
        "chunk_seconds=0.5",
    ];
    words.extend(SWEEP);
    let said = dunwu(work, &words)
        .env("PATH", format!("{}:/usr/bin:/bin", programs.display()))
        .env("HQ_STATE", work.join("state"))
        .output()
        .unwrap();
    assert!(said.status.success(), "{}", text(&said));
    assert!(
        text(&said).contains("HyperQueue says failed"),
        "{}",
        text(&said)
    );
    assert_eq!(results(work, "far"), local(work));
    assert_eq!(
        std::fs::read_dir(work.join("state")).unwrap().count(),
        4,
        "two jobs"
    );
}

// ---- thirty kills -------------------------------------------------------------------------------

/// Moments between 0.1 s and 2 s, the same each time.
fn moment(number: u32) -> Duration {
    Duration::from_millis(100 + u64::from(number.wrapping_mul(2_654_435_761) >> 16) % 1900)
}

/// More work than thirty sittings of two seconds do.
const LONG: [&str; 6] = [
    "task=Z11,Z13",
    "width=64",
    "weight_decay=1e-4,1e-3,1e-2",
    "epochs=2000",
    "seeds=200",
    "--quiet",
];

/// Kills a sweep thirty times, goes on each time, and compares what stands there in the end.
fn killed(work: &Path, run: &dyn Fn(&[&str]) -> Command, out: &str, more: &[&str]) -> usize {
    let mut kills = 0;
    let mut words = vec!["sweep", "--out", out, "lost_seconds=5"];
    words.extend(LONG);
    words.extend(more);
    while kills < 30 {
        let mut child = run(&words)
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(moment(kills));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        kill("KILL", child.id());
        child.wait().unwrap();
        kills += 1;
    }
    let said = run(&words).output().unwrap();
    assert!(said.status.success(), "{}", text(&said));
    let found = results(work, out);
    let line = format!("{out}: {kills} kills, {} results\n", found.len());
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    kills as usize
}

fn uninterrupted(work: &Path) -> Results {
    let mut words = vec!["sweep", "--out", "whole"];
    words.extend(LONG);
    assert!(output(work, &words).status.success());
    results(work, "whole")
}

#[test]
#[ignore = "it takes minutes"]
fn thirty_kills_of_a_local_sweep_change_nothing() {
    let temporary = TempDir::new().unwrap();
    let work = temporary.path();
    let expected = uninterrupted(work);
    let kills = killed(
        work,
        &|words| dunwu(work, words),
        "local",
        &["chunk_seconds=0.5"],
    );
    assert_eq!(kills, 30, "the sweep was over before");
    assert_eq!(results(work, "local"), expected);
}

#[test]
#[ignore = "it takes minutes"]
fn thirty_kills_of_a_sweep_on_slurm_change_nothing() {
    let Some(cluster) = Cluster::up() else {
        return;
    };
    let work = cluster.work();
    let expected = uninterrupted(work);
    let more = ["engine=slurm", "chunk_seconds=0.5"];
    let kills = killed(work, &|words| cluster.dunwu(words), "far", &more);
    assert!(kills > 0, "the sweep was over before");
    assert_eq!(results(work, "far"), expected);
}
