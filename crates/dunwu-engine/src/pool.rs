//! Worker threads of one run. Work is cut the same way whatever their number.

use crate::error::{EngineError, Kind};
use rayon::prelude::*;

/// One thread, or a pool of several.
pub(crate) struct Pool {
    pool: Option<rayon::ThreadPool>,
    threads: usize,
}

impl Pool {
    pub(crate) fn new(threads: usize) -> Result<Self, EngineError> {
        let pool = if threads > 1 {
            let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
            Some(builder.build().map_err(Kind::Threads)?)
        } else {
            None
        };
        Ok(Self {
            pool,
            threads: threads.max(1),
        })
    }

    /// Runs `work` on every item, each worker with a scratch of its own.
    ///
    /// Items must be independent of each other: which worker takes one is not fixed.
    pub(crate) fn each<I: Send, S: Send>(
        &self,
        items: Vec<I>,
        scratch: &mut [S],
        work: impl Fn(I, &mut S) + Sync,
    ) {
        let Some(pool) = &self.pool else {
            return items
                .into_iter()
                .for_each(|item| work(item, &mut scratch[0]));
        };
        let share = items.len().div_ceil(self.threads).max(1);
        let mut lots: Vec<Vec<I>> = Vec::with_capacity(self.threads);
        let mut items = items.into_iter();
        loop {
            let lot: Vec<I> = items.by_ref().take(share).collect();
            if lot.is_empty() {
                break;
            }
            lots.push(lot);
        }
        pool.install(|| {
            lots.into_par_iter()
                .zip(scratch.par_iter_mut())
                .for_each(|(lot, scratch)| {
                    lot.into_iter().for_each(|item| work(item, scratch));
                });
        });
    }

    /// Scratch for every worker.
    pub(crate) fn scratches<S>(&self, make: impl Fn() -> S) -> Vec<S> {
        (0..self.threads).map(|_| make()).collect()
    }
}
