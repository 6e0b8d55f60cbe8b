//! Work on a cluster: arrays of tasks that a scheduler begins, each task one chunk.
//!
//! `parts/` is the truth. What was handed to the scheduler stands in `jobs.json`, written before it is handed over:
//! a coordinator that is killed finds its tasks again by the name of their job.

use super::executor::{ChunkId, Executor};
use crate::error::{Error, Kind};
use camino::{Utf8Path, Utf8PathBuf};
use dunwu_core::PlanError;
use dunwu_store::SweepDir;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Name of the record of what was handed over.
pub(crate) const JOBS: &str = "jobs.json";
/// Least and most time between two questions to a scheduler.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How long tasks that run have for saving themselves.
const SAVING: Duration = Duration::from_secs(60);

/// What was handed to a scheduler.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Jobs {
    /// Name of the engine.
    pub engine: String,
    /// Options of the site.
    pub site: Vec<String>,
    /// What begins the names of its jobs.
    pub name: String,
    /// Arrays, in the order in which they were handed over.
    pub handed: Vec<Array>,
}

/// Tasks that are handed over together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Array {
    pub round: u64,
    pub chunks: Vec<usize>,
    /// The scheduler's number; None while its answer is not known.
    pub job: Option<u64>,
}

impl Array {
    /// Chunks as ranges, `0-3,7`.
    pub(crate) fn ranges(&self) -> String {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for &chunk in &self.chunks {
            match ranges.last_mut() {
                Some((_, to)) if *to + 1 == chunk => *to = chunk,
                _ => ranges.push((chunk, chunk)),
            }
        }
        let text = |(from, to): &(usize, usize)| {
            if from == to {
                from.to_string()
            } else {
                format!("{from}-{to}")
            }
        };
        ranges.iter().map(text).collect::<Vec<_>>().join(",")
    }

    fn ids(&self) -> impl Iterator<Item = ChunkId> {
        let round = self.round;
        self.chunks
            .iter()
            .map(move |&chunk| ChunkId { round, chunk })
    }
}

/// Where a task is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    /// It waits; the reason, if it will not begin by itself.
    Waits(Option<String>),
    Runs,
    /// It ended well.
    Ended,
    /// It ended otherwise, in the scheduler's word.
    Failed(String),
}

impl State {
    fn is_alive(&self) -> bool {
        matches!(self, State::Waits(_) | State::Runs)
    }
}

/// A task as the scheduler sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Task {
    pub name: String,
    pub job: u64,
    pub task: usize,
    pub state: State,
}

/// Why a scheduler did not do what it was asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refused {
    /// It may later.
    Later(String),
    /// It never will.
    Never(String),
}

/// What a worker needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    /// The program.
    pub program: Utf8PathBuf,
    /// Its words after the round.
    pub words: Vec<String>,
    /// Options of the site.
    pub site: Vec<String>,
}

/// A program that begins tasks on other machines.
pub(crate) trait Scheduler {
    /// What a person calls it.
    fn title(&self) -> &'static str;

    /// Hands over an array under a name; the number that it gets. Logs go to `DIR/logs/r-ROUND-CHUNK.log`.
    fn submit(&self, name: &str, array: &Array, round: &Utf8Path) -> Result<u64, Refused>;

    /// Tasks under these names, also some that are over.
    fn list(&self, names: &BTreeSet<String>) -> Result<Vec<Task>, Refused>;

    /// Takes back tasks of these jobs that wait, and asks those that run to save themselves and stop.
    fn stop(&self, jobs: &BTreeSet<u64>) -> Result<(), Refused>;
}

/// A chunk that was handed over.
struct Out {
    /// The last job that it was handed over with, if known.
    job: Option<u64>,
    /// When it was last known to be alive.
    alive: Instant,
    /// Whether the scheduler has shown or taken it.
    certain: bool,
}

/// Tasks of a scheduler.
pub(crate) struct Cluster<'a> {
    dir: &'a SweepDir,
    path: Utf8PathBuf,
    scheduler: Box<dyn Scheduler>,
    jobs: Jobs,
    /// Arrays that it has not taken yet.
    unsent: Vec<Array>,
    out: BTreeMap<ChunkId, Out>,
    why: BTreeMap<ChunkId, String>,
    grace: Duration,
    detach: bool,
    asked: Option<Instant>,
    pause: Duration,
    silent: bool,
    held: BTreeSet<String>,
    notices: Vec<String>,
}

impl<'a> Cluster<'a> {
    /// Takes up what was handed over before.
    pub(crate) fn new(
        dir: &'a SweepDir,
        scheduler: Box<dyn Scheduler>,
        mut jobs: Jobs,
        grace: f64,
        detach: bool,
    ) -> Result<Self, Error> {
        let path = dir.reader().path();
        let fail = |e| crate::error::failed(format!("{path}: {e}"));
        let path = path.canonicalize_utf8().map_err(fail)?;
        if jobs.name.is_empty() {
            jobs.name = format!("dunwu-{:016x}", dunwu_store::text_hash(path.as_str()));
        }
        std::fs::create_dir_all(path.join("logs")).map_err(fail)?;
        let made = Self {
            dir,
            path,
            scheduler,
            jobs,
            unsent: vec![],
            out: BTreeMap::new(),
            why: BTreeMap::new(),
            grace: Duration::from_secs_f64(grace),
            detach,
            asked: None,
            pause: PAUSE.0,
            silent: false,
            held: BTreeSet::new(),
            notices: vec![],
        };
        made.keep()?;
        Ok(made)
    }

    fn keep(&self) -> Result<(), Error> {
        let record = serde_json::to_value(&self.jobs).expect("jobs are numbers and texts");
        Ok(self.dir.write_record(JOBS, &record)?)
    }

    fn name(&self, round: u64) -> String {
        format!("{}-r{round}", self.jobs.name)
    }

    fn chunk_of(&self, task: &Task) -> Option<ChunkId> {
        let round = task.name.strip_prefix(&self.jobs.name)?;
        let round = round.strip_prefix("-r")?.parse().ok()?;
        Some(ChunkId {
            round,
            chunk: task.task,
        })
    }

    fn send(&mut self) -> Result<(), Error> {
        while let Some(array) = self.unsent.first().cloned() {
            let round = self
                .path
                .join("rounds")
                .join(format!("r-{}.jsonl", array.round));
            match self
                .scheduler
                .submit(&self.name(array.round), &array, &round)
            {
                Ok(job) => self.sent(job)?,
                Err(Refused::Later(why)) => {
                    self.silent(&why);
                    return Ok(());
                }
                Err(Refused::Never(why)) => {
                    let unsent = std::mem::take(&mut self.unsent);
                    self.jobs.handed.retain(|a| !unsent.contains(a));
                    self.keep()?;
                    return Err(Kind::Refused { why }.into());
                }
            }
        }
        Ok(())
    }

    /// The first array that waited to be sent is taken.
    fn sent(&mut self, job: u64) -> Result<(), Error> {
        let array = self.unsent.remove(0);
        if let Some(kept) = self.jobs.handed.iter_mut().find(|a| **a == array) {
            kept.job = Some(job);
        }
        for id in array.ids() {
            let out = Out {
                job: Some(job),
                alive: Instant::now(),
                certain: true,
            };
            self.out.insert(id, out);
        }
        self.keep()
    }

    fn silent(&mut self, why: &str) {
        if !self.silent {
            let title = self.scheduler.title();
            self.notices.push(format!(
                "{title} does not take or answer requests ({why}); trying again until it does"
            ));
        }
        self.silent = true;
    }

    fn ask(&mut self) -> Result<(), Error> {
        let started = Instant::now();
        let rounds = self.out.keys().map(|id| id.round);
        let rounds = rounds.chain(self.unsent.iter().map(|a| a.round));
        let names: BTreeSet<String> = rounds.map(|r| self.name(r)).collect();
        if !names.is_empty() {
            match self.scheduler.list(&names) {
                Ok(tasks) => {
                    if std::mem::take(&mut self.silent) {
                        let title = self.scheduler.title();
                        self.notices.push(format!("{title} answers again"));
                    }
                    self.look(&tasks)?;
                    self.send()?;
                }
                Err(Refused::Later(why)) => {
                    self.silent(&why);
                    // Nothing is known, so nothing is lost.
                    self.out.values_mut().for_each(|o| o.alive = Instant::now());
                }
                Err(Refused::Never(why)) => return Err(Kind::Refused { why }.into()),
            }
        }
        self.pause = (20 * started.elapsed()).clamp(PAUSE.0, PAUSE.1);
        self.asked = Some(Instant::now());
        Ok(())
    }

    /// Takes what the scheduler shows.
    fn look(&mut self, tasks: &[Task]) -> Result<(), Error> {
        self.accept(tasks)?;
        let mut rows: BTreeMap<ChunkId, Vec<&Task>> = BTreeMap::new();
        for task in tasks {
            if let Some(id) = self.chunk_of(task) {
                rows.entry(id).or_default().push(task);
            }
            if let State::Waits(Some(why)) = &task.state
                && self.held.insert(why.clone())
            {
                self.notices.push(format!(
                    "tasks of job {} wait and will not begin by themselves: {why}",
                    task.job
                ));
            }
        }
        let (now, grace) = (Instant::now(), self.grace);
        let mut gone = Vec::new();
        for (id, out) in &mut self.out {
            let rows = rows.get(id).map_or(&[][..], Vec::as_slice);
            let mine = |t: &&&Task| out.job.is_none_or(|j| j == t.job);
            let rows: Vec<&&Task> = rows.iter().filter(mine).collect();
            let failed = rows.iter().find_map(|t| match &t.state {
                State::Failed(word) => Some(word),
                _ => None,
            });
            out.certain |= !rows.is_empty();
            if rows.iter().any(|t| t.state.is_alive()) {
                out.alive = now;
            } else if let Some(word) = failed {
                gone.push((*id, word.clone()));
            } else if now.duration_since(out.alive) >= grace {
                let word = if rows.is_empty() { "vanished" } else { "ended" };
                gone.push((*id, word.to_owned()));
            }
        }
        for (id, why) in gone {
            self.out.remove(&id);
            self.why.insert(id, why);
        }
        Ok(())
    }

    /// An array whose answer did not arrive may have been taken all the same.
    fn accept(&mut self, tasks: &[Task]) -> Result<(), Error> {
        let known: BTreeSet<u64> = self.jobs.handed.iter().filter_map(|a| a.job).collect();
        while let Some(array) = self.unsent.first() {
            let name = self.name(array.round);
            let of = |t: &&Task| t.name == name && !known.contains(&t.job) && t.state.is_alive();
            let Some(task) = tasks
                .iter()
                .filter(of)
                .find(|t| array.chunks.contains(&t.task))
            else {
                break;
            };
            self.sent(task.job)?;
        }
        Ok(())
    }

    /// Jobs of this directory that are alive.
    fn living(&self) -> Result<BTreeSet<u64>, Refused> {
        let handed = self.jobs.handed.iter();
        let names: BTreeSet<String> = handed.map(|a| self.name(a.round)).collect();
        let tasks = self.scheduler.list(&names)?;
        let alive = tasks.iter().filter(|t| t.state.is_alive());
        Ok(alive.map(|t| t.job).collect())
    }

    /// Takes everything back, and waits until nothing is left; false if something is after a while.
    fn end(&mut self) -> Result<bool, Refused> {
        let started = Instant::now();
        let mut jobs = self.living()?;
        while !jobs.is_empty() {
            if started.elapsed() > SAVING {
                return Ok(false);
            }
            self.scheduler.stop(&jobs)?;
            std::thread::sleep(PAUSE.0);
            jobs = self.living()?;
        }
        Ok(true)
    }
}

impl Executor for Cluster<'_> {
    fn submit(&mut self, chunks: &[ChunkId]) -> Result<(), Error> {
        let mut rounds: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for id in chunks {
            rounds.entry(id.round).or_default().push(id.chunk);
        }
        for (round, mut chunks) in rounds {
            chunks.sort_unstable();
            let array = Array {
                round,
                chunks,
                job: None,
            };
            self.jobs.handed.push(array.clone());
            self.unsent.push(array);
        }
        self.keep()?;
        if self.silent { Ok(()) } else { self.send() }
    }

    fn alive(&mut self) -> Result<BTreeSet<ChunkId>, Error> {
        if self.asked.is_none_or(|t| t.elapsed() >= self.pause) {
            self.ask()?;
        }
        let unsent = self.unsent.iter().flat_map(Array::ids);
        Ok(self.out.keys().copied().chain(unsent).collect())
    }

    fn handed(&self) -> BTreeSet<ChunkId> {
        self.jobs.handed.iter().flat_map(Array::ids).collect()
    }

    fn adopt(&mut self, chunks: &BTreeSet<ChunkId>) {
        // Which of them are in the queue is seen at the next question; until then none is lost.
        for id in chunks {
            let out = Out {
                job: None,
                alive: Instant::now(),
                certain: false,
            };
            self.out.insert(*id, out);
        }
    }

    fn stop(&mut self) -> Result<(), Error> {
        if self.jobs.handed.is_empty() {
            return Ok(());
        }
        self.unsent.clear();
        self.out.clear();
        let title = self.scheduler.title();
        let names = format!("{}-r*", self.jobs.name);
        match self.end() {
            Ok(true) => {
                self.jobs.handed.clear();
                self.keep()?;
            }
            Ok(false) => self.notices.push(format!(
                "{title} has not ended all tasks of the jobs {names}; what they finish is still recorded"
            )),
            Err(Refused::Later(why) | Refused::Never(why)) => self.notices.push(format!(
                "{title} was not told to end the jobs {names} ({why}); what they finish is still recorded"
            )),
        }
        Ok(())
    }

    fn wait(&mut self) {
        std::thread::sleep(PAUSE.0 / 4);
    }

    fn is_detached(&self) -> bool {
        self.detach && self.unsent.is_empty() && self.out.values().all(|o| o.certain)
    }

    fn notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }

    fn why(&self, id: ChunkId) -> Option<String> {
        let title = self.scheduler.title();
        let log = self
            .path
            .join("logs")
            .join(format!("r-{}-{}.log", id.round, id.chunk));
        let word = self.why.get(&id)?;
        Some(format!("{title} says {word}, its log is {log}"))
    }
}

/// Whether a program can be begun.
pub(crate) fn needs(engine: &str, program: &str, install: &str) -> Result<(), PlanError> {
    match command(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
    {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let why = format!(
                "{engine} needs `{program}`, which is not on the PATH; {install}, or use engine=local"
            );
            Err(PlanError::new("engine", why))
        }
        _ => Ok(()),
    }
}

fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    #[cfg(unix)]
    {
        // Ctrl-C is for the coordinator: what it has begun to ask is asked to the end.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    command
}

/// Runs a program with words and input to its end.
pub(crate) fn ask(program: &str, words: &[String], input: Option<&str>) -> Result<Output, Refused> {
    let fail = |e: std::io::Error| Refused::Never(format!("cannot run `{program}`: {e}"));
    let mut command = command(program);
    command
        .args(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().map_err(fail)?;
    if let (Some(text), Some(mut pipe)) = (input, child.stdin.take()) {
        // A program that ends without reading says why by itself.
        let _ = pipe.write_all(text.as_bytes());
    }
    child.wait_with_output().map_err(fail)
}

/// What a program said, on one line.
pub(crate) fn said(program: &str, output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let prefix = format!("{program}: ");
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let lines = lines.map(|l| {
        let l = l.strip_prefix(&prefix).unwrap_or(l);
        l.strip_prefix("error: ").unwrap_or(l)
    });
    let said = lines.collect::<Vec<_>>().join("; ");
    match (said.is_empty(), output.status.code()) {
        (false, _) => said,
        (true, Some(code)) => format!("exit code {code}"),
        (true, None) => "it was killed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;

    /// A scheduler that says what it was told to say.
    struct Told {
        answers: RefCell<Vec<Result<u64, Refused>>>,
        tasks: RefCell<Result<Vec<Task>, Refused>>,
        sent: RefCell<Vec<String>>,
        stopped: RefCell<BTreeSet<u64>>,
    }

    struct Handle(Rc<Told>);

    impl Scheduler for Handle {
        fn title(&self) -> &'static str {
            "Told"
        }

        fn submit(&self, name: &str, array: &Array, _: &Utf8Path) -> Result<u64, Refused> {
            let sent = format!("{} {}", name.rsplit('-').next().unwrap(), array.ranges());
            self.0.sent.borrow_mut().push(sent);
            self.0.answers.borrow_mut().remove(0)
        }

        fn list(&self, _: &BTreeSet<String>) -> Result<Vec<Task>, Refused> {
            self.0.tasks.borrow().clone()
        }

        fn stop(&self, jobs: &BTreeSet<u64>) -> Result<(), Refused> {
            self.0.stopped.borrow_mut().extend(jobs);
            *self.0.tasks.borrow_mut() = Ok(vec![]);
            Ok(())
        }
    }

    struct Place {
        _temporary: tempfile::TempDir,
        dir: SweepDir,
        told: Rc<Told>,
    }

    impl Place {
        fn new(answers: Vec<Result<u64, Refused>>) -> Self {
            let temporary = tempfile::tempdir().unwrap();
            let path = Utf8Path::from_path(temporary.path()).unwrap().join("sweep");
            let plan = dunwu_store::SweepPlan {
                command: "sweep".to_owned(),
                asked: vec![],
                files: vec![],
            };
            let told = Told {
                answers: RefCell::new(answers),
                tasks: RefCell::new(Ok(vec![])),
                sent: RefCell::default(),
                stopped: RefCell::default(),
            };
            Self {
                dir: SweepDir::create(&path, &plan).unwrap(),
                _temporary: temporary,
                told: Rc::new(told),
            }
        }

        fn cluster(&self, grace: f64) -> Cluster<'_> {
            let jobs = super::super::jobs(&self.dir).unwrap().unwrap_or_default();
            let handle = Box::new(Handle(Rc::clone(&self.told)));
            Cluster::new(&self.dir, handle, jobs, grace, true).unwrap()
        }

        /// What the queue shows from now on: chunks of round 1 of a job.
        fn show(&self, cluster: &mut Cluster<'_>, job: u64, tasks: &[(usize, State)]) {
            let name = cluster.name(1);
            let task = |(task, state): &(usize, State)| Task {
                name: name.clone(),
                job,
                task: *task,
                state: state.clone(),
            };
            *self.told.tasks.borrow_mut() = Ok(tasks.iter().map(task).collect());
            cluster.asked = None;
        }
    }

    fn id(chunk: usize) -> ChunkId {
        ChunkId { round: 1, chunk }
    }

    fn alive(cluster: &mut Cluster<'_>) -> Vec<usize> {
        cluster.alive().unwrap().iter().map(|id| id.chunk).collect()
    }

    #[test]
    fn what_failed_is_lost_at_once_and_what_ended_only_after_a_while() {
        let place = Place::new(vec![Ok(7)]);
        let mut cluster = place.cluster(3600.0);
        cluster.submit(&[id(0), id(1), id(2), id(3)]).unwrap();
        assert_eq!(*place.told.sent.borrow(), ["r1 0-3"]);
        // Not in the queue yet: the answer of the queue may lag behind.
        assert_eq!(alive(&mut cluster), [0, 1, 2, 3]);
        let failed = State::Failed("NODE_FAIL".to_owned());
        let states = [
            (0, State::Runs),
            (1, State::Ended),
            (2, failed.clone()),
            (3, State::Waits(None)),
        ];
        place.show(&mut cluster, 7, &states);
        assert_eq!(alive(&mut cluster), [0, 1, 3]);
        assert!(cluster.why(id(2)).unwrap().contains("NODE_FAIL"));
        cluster.grace = Duration::ZERO;
        cluster.asked = None;
        assert_eq!(alive(&mut cluster), [0, 3]);
        // A failure of an earlier job says nothing about a later one.
        place.told.answers.borrow_mut().push(Ok(8));
        cluster.grace = Duration::from_secs(3600);
        cluster.submit(&[id(2)]).unwrap();
        cluster.asked = None;
        assert_eq!(alive(&mut cluster), [0, 2, 3]);
    }

    #[test]
    fn a_scheduler_that_is_away_loses_nothing() {
        let away = || Refused::Later("connect failure".to_owned());
        let place = Place::new(vec![Ok(7), Err(away()), Ok(8)]);
        let mut cluster = place.cluster(0.0);
        cluster.submit(&[id(0)]).unwrap();
        *place.told.tasks.borrow_mut() = Err(away());
        assert_eq!(alive(&mut cluster), [0]);
        cluster.submit(&[id(1)]).unwrap();
        cluster.asked = None;
        assert_eq!(alive(&mut cluster), [0, 1]);
        let notices = cluster.notices();
        assert!(
            notices.len() == 1 && notices[0].contains("connect failure"),
            "{notices:?}"
        );
        assert!(!cluster.is_detached(), "one is not handed over");
        // Back again, and busy at first.
        place.show(&mut cluster, 7, &[(0, State::Runs)]);
        assert_eq!(alive(&mut cluster), [0, 1]);
        assert!(cluster.notices()[0].contains("answers again"));
        place.show(&mut cluster, 7, &[(0, State::Runs)]);
        assert_eq!(alive(&mut cluster), [0, 1]);
        assert_eq!(place.told.sent.borrow().last().unwrap(), "r1 1");
        assert!(cluster.is_detached());
    }

    #[test]
    fn an_array_whose_answer_was_lost_is_not_sent_twice() {
        let place = Place::new(vec![Err(Refused::Later("timed out".to_owned()))]);
        let mut cluster = place.cluster(60.0);
        cluster.submit(&[id(0), id(1)]).unwrap();
        place.show(
            &mut cluster,
            9,
            &[(0, State::Waits(None)), (1, State::Waits(None))],
        );
        assert_eq!(alive(&mut cluster), [0, 1]);
        assert_eq!(place.told.sent.borrow().len(), 1);
        assert_eq!(cluster.jobs.handed[0].job, Some(9));
    }

    #[test]
    fn a_later_sitting_finds_what_is_in_the_queue() {
        let place = Place::new(vec![Ok(7)]);
        let mut first = place.cluster(60.0);
        first.submit(&[id(0), id(1)]).unwrap();
        drop(first);
        let mut second = place.cluster(0.0);
        assert_eq!(second.handed().len(), 2);
        second.adopt(&BTreeSet::from([id(0), id(1)]));
        assert!(!second.is_detached(), "nothing is known of them yet");
        place.show(&mut second, 7, &[(1, State::Runs)]);
        assert_eq!(alive(&mut second), [1]);
        assert_eq!(
            second.why(id(0)).unwrap().split(',').next(),
            Some("Told says vanished")
        );
        assert!(second.is_detached());
    }

    #[test]
    fn stopping_takes_everything_back() {
        let place = Place::new(vec![Ok(7)]);
        let mut cluster = place.cluster(60.0);
        cluster.detach = false;
        cluster.submit(&[id(0)]).unwrap();
        place.show(&mut cluster, 7, &[(0, State::Runs)]);
        cluster.stop().unwrap();
        assert_eq!(*place.told.stopped.borrow(), BTreeSet::from([7]));
        assert!(cluster.handed().is_empty());
        let kept = super::super::jobs(&place.dir).unwrap().unwrap();
        assert!(kept.handed.is_empty() && kept.name.starts_with("dunwu-"));
    }

    #[test]
    fn a_refusal_is_shown_and_leaves_nothing_behind() {
        let place = Place::new(vec![Err(Refused::Never("no such partition".to_owned()))]);
        let mut cluster = place.cluster(60.0);
        let why = cluster.submit(&[id(0)]).unwrap_err();
        assert!(why.is_bad_input() && why.to_string() == "no such partition");
        assert!(place.cluster(60.0).handed().is_empty());
    }

    #[test]
    fn a_task_that_is_held_is_told_once() {
        let place = Place::new(vec![Ok(7)]);
        let mut cluster = place.cluster(60.0);
        cluster.submit(&[id(0)]).unwrap();
        let held = State::Waits(Some("JobHeldUser".to_owned()));
        for _ in 0..2 {
            place.show(&mut cluster, 7, &[(0, held.clone())]);
            assert_eq!(alive(&mut cluster), [0]);
        }
        let notices = cluster.notices();
        assert!(
            notices.len() == 1 && notices[0].contains("JobHeldUser"),
            "{notices:?}"
        );
    }
}
