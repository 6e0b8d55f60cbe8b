//! Many starts, on all threads of the pool that calls.

use super::climb::{Summit, climb};
use super::problem::Problem;
use dunwu_core::Seed;
use rayon::prelude::*;

/// Starts that a thread takes at once.
const CHUNK: usize = 32;

/// Climbs from `count` points drawn evenly from the unit sphere. Start i is the same whatever `count` is.
pub fn search(problem: &Problem, count: usize, seed: u64) -> Vec<Summit> {
    let draw = |i: usize| sphere(problem.dim(), Seed(seed), i);
    from(problem, count, seed, &draw)
}

/// Climbs from given points of any length but 0.
pub fn search_from(problem: &Problem, starts: &[Vec<f64>], seed: u64) -> Vec<Summit> {
    from(problem, starts.len(), seed, &|i| starts[i].clone())
}

fn from(
    problem: &Problem,
    count: usize,
    seed: u64,
    start: &(dyn Fn(usize) -> Vec<f64> + Sync),
) -> Vec<Summit> {
    let chunks: Vec<usize> = (0..count).step_by(CHUNK).collect();
    let climbed = chunks.par_iter().map(|first| {
        let last = (first + CHUNK).min(count);
        let starts: Vec<Vec<f64>> = (*first..last).map(start).collect();
        climb(problem, &starts, Seed(seed), *first)
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
