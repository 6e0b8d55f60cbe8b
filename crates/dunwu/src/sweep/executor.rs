//! Who does the work: an executor takes chunks, and finished parts appear in the directory.

use super::work::{ChunkEnd, Shared, work};
use crate::error::Error;
use dunwu_store::{Chunk, SweepReader};
use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

/// A chunk of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ChunkId {
    pub round: u64,
    pub chunk: usize,
}

/// Takes chunks of work. It may do a chunk twice, or lose it: what counts is what stands in `parts/`.
pub(crate) trait Executor {
    /// Begins chunks of a round whose file is written.
    fn submit(&mut self, chunks: &[ChunkId]) -> Result<(), Error>;

    /// Chunks that wait or run; the first failure that a person must hear of.
    fn alive(&mut self) -> Result<BTreeSet<ChunkId>, Error>;

    /// Chunks that were handed over in earlier sittings, over or not.
    fn handed(&self) -> BTreeSet<ChunkId> {
        BTreeSet::new()
    }

    /// Watches chunks that were handed over in an earlier sitting.
    fn adopt(&mut self, _chunks: &BTreeSet<ChunkId>) {}

    /// What became of a chunk that is no longer alive, where it is known.
    fn why(&self, _chunk: ChunkId) -> Option<String> {
        None
    }

    /// What a person should hear, since the last call.
    fn notices(&mut self) -> Vec<String> {
        vec![]
    }

    /// Takes back what has not begun, lets what has begun save itself, and waits for that.
    fn stop(&mut self) -> Result<(), Error>;

    /// Waits until there may be news, a while at most.
    fn wait(&mut self);

    /// Whether work goes on when this process ends, and all of it is handed over.
    fn is_detached(&self) -> bool {
        false
    }
}

/// Threads of this process, a run each.
pub(crate) struct Local {
    state: Arc<State>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct State {
    reader: SweepReader,
    queue: Mutex<Queue>,
    news: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Arc<Handed>>,
    alive: BTreeSet<ChunkId>,
    failed: Option<Error>,
    closed: bool,
    changed: bool,
}

struct Handed {
    id: ChunkId,
    chunk: Chunk,
}

impl State {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("no thread panics under the lock")
    }

    fn next(&self) -> Option<Arc<Handed>> {
        let mut queue = self.queue();
        loop {
            if let Some(chunk) = queue.waiting.pop_front() {
                return Some(chunk);
            }
            if queue.closed {
                return None;
            }
            queue = self
                .news
                .wait(queue)
                .expect("no thread panics under the lock");
        }
    }

    fn ended(&self, id: ChunkId, end: Result<ChunkEnd, Error>) {
        let mut queue = self.queue();
        queue.alive.remove(&id);
        queue.changed = true;
        if let Err(error) = end {
            queue.failed.get_or_insert(error);
        }
        self.news.notify_all();
    }
}

impl Local {
    pub(crate) fn new(reader: &SweepReader, shared: &Arc<Shared>, threads: usize) -> Self {
        let state = Arc::new(State {
            reader: reader.clone(),
            queue: Mutex::new(Queue::default()),
            news: Condvar::new(),
        });
        let lane = |_| {
            let (state, shared) = (Arc::clone(&state), Arc::clone(shared));
            std::thread::spawn(move || {
                while let Some(handed) = state.next() {
                    let end = work(&state.reader, handed.id.round, &handed.chunk, &shared);
                    state.ended(handed.id, end);
                }
            })
        };
        Self {
            threads: (0..threads.max(1)).map(lane).collect(),
            shared: Arc::clone(shared),
            state,
        }
    }

    fn close(&mut self) {
        let mut queue = self.state.queue();
        queue.closed = true;
        queue.waiting.clear();
        drop(queue);
        self.state.news.notify_all();
        for thread in self.threads.drain(..) {
            // A run that panics is caught and is a result; nothing else here panics.
            let _ = thread.join();
        }
    }
}

impl Executor for Local {
    fn submit(&mut self, chunks: &[ChunkId]) -> Result<(), Error> {
        for id in chunks {
            let chunk = self.state.reader.chunk(id.round, id.chunk)?;
            let mut queue = self.state.queue();
            queue.alive.insert(*id);
            queue.waiting.push_back(Arc::new(Handed { id: *id, chunk }));
        }
        self.state.news.notify_all();
        Ok(())
    }

    fn alive(&mut self) -> Result<BTreeSet<ChunkId>, Error> {
        let mut queue = self.state.queue();
        queue.changed = false;
        match queue.failed.take() {
            Some(error) => Err(error),
            None => Ok(queue.alive.clone()),
        }
    }

    fn stop(&mut self) -> Result<(), Error> {
        self.shared.cancel.store(true, Ordering::Relaxed);
        self.close();
        match self.state.queue().failed.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn wait(&mut self) {
        let queue = self.state.queue();
        if !queue.changed {
            let pause = Duration::from_millis(100);
            drop(self.state.news.wait_timeout(queue, pause));
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.shared.cancel.store(true, Ordering::Relaxed);
        self.close();
    }
}
