//! Transformers: gradients against finite differences, bits, and a readable implementation beside the fast one.

#[path = "transformer/bits.rs"]
mod bits;
mod common;
#[path = "transformer/gradients.rs"]
mod gradients;
#[path = "transformer/reference.rs"]
mod reference;
#[path = "transformer/tape.rs"]
mod tape;

use dunwu_core::{Dataset, Seed};

/// Small sequences of tokens drawn at random, of which the first `given` are given.
fn text(length: usize, vocab: usize, rows: usize, given: usize) -> Dataset {
    let mut draws = Seed(9).draws("text");
    let mut token = || draws.below(vocab as u64) as u32;
    let tokens: Vec<u32> = (0..rows * length).map(|_| token()).collect();
    let labels: Vec<u32> = (0..rows).map(|_| token()).collect();
    let held_out = rows / 4;
    Dataset {
        task: "drawn".into(),
        vocab: vec![vocab; length],
        classes: vocab,
        tokens,
        clean: labels.clone(),
        labels,
        train: (0..(rows - held_out) as u32).collect(),
        test: ((rows - held_out) as u32..rows as u32).collect(),
        noisy: vec![],
        given: Some(given),
    }
}
