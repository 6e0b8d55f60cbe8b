//! Many starts, on all threads of the pool that calls.

use super::climb::{Summit, climb};
use super::problem::Problem;
use dunwu_core::Seed;
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Starts that a thread takes at once.
const CHUNK: usize = 32;

/// Climbs from `count` points drawn evenly from the unit sphere. Start i is the same whatever `count` is.
pub fn search(problem: &Problem, count: usize, seed: u64) -> Vec<Summit> {
    search_watched(problem, count, seed, &|_| ())
}

/// `search`, telling how many starts have arrived, from any thread.
pub fn search_watched(
    problem: &Problem,
    count: usize,
    seed: u64,
    arrived: &(dyn Fn(usize) + Sync),
) -> Vec<Summit> {
    let draw = |i: usize| sphere(problem.dim(), Seed(seed), i);
    from(problem, count, seed, &draw, arrived)
}

/// Climbs from given points of any length but 0.
pub fn search_from(problem: &Problem, starts: &[Vec<f64>], seed: u64) -> Vec<Summit> {
    from(problem, starts.len(), seed, &|i| starts[i].clone(), &|_| ())
}

fn from(
    problem: &Problem,
    count: usize,
    seed: u64,
    start: &(dyn Fn(usize) -> Vec<f64> + Sync),
    arrived: &(dyn Fn(usize) + Sync),
) -> Vec<Summit> {
    let done = AtomicUsize::new(0);
    let chunks: Vec<usize> = (0..count).step_by(CHUNK).collect();
    let climbed = chunks.par_iter().map(|first| {
        let last = (first + CHUNK).min(count);
        let starts: Vec<Vec<f64>> = (*first..last).map(start).collect();
        let summits = climb(problem, &starts, Seed(seed), *first);
        arrived(done.fetch_add(summits.len(), Ordering::Relaxed) + summits.len());
        summits
    });
    climbed.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// A point drawn evenly from the unit sphere.
fn sphere(dim: usize, seed: Seed, i: usize) -> Vec<f64> {
    let mut draws = seed.draws(&format!("start {i}"));
    let w: Vec<f64> = (0..dim).map(|_| draws.normal()).collect();
    let norm = w.iter().map(|x| x * x).sum::<f64>().sqrt();
    w.into_iter().map(|x| x / norm).collect()
}
