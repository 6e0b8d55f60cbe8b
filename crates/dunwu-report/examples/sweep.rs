//! Writes the page of a made-up sweep to standard output:
//! `cargo run --release -p dunwu-report --example sweep > sweep.html`.
//!
//! Further words are the number of training fractions, the number of weight decays and a directory for the figures.
#![allow(clippy::print_stdout, reason = "an example prints")]

#[path = "synthetic/sweep.rs"]
mod synthetic;

fn main() -> std::io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, otherwise: usize| {
        words
            .get(i)
            .and_then(|w| w.parse().ok())
            .unwrap_or(otherwise)
    };
    let page = synthetic::sweep(number(0, 16), number(1, 9));
    if let Some(directory) = words.get(2) {
        for (name, svg) in dunwu_report::sweep_figures(&page) {
            std::fs::write(std::path::Path::new(directory).join(name), svg)?;
        }
    }
    println!("{}", dunwu_report::sweep_page(&page));
    Ok(())
}
