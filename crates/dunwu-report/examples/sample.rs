//! Writes the page of a made-up run to standard output:
//! `cargo run --release -p dunwu-report --example sample > sample.html`.
//!
//! Further words are the number of seeds, the number of epochs and a directory for the figures.
#![allow(clippy::print_stdout, reason = "an example prints")]

mod synthetic;

fn main() -> std::io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, otherwise: u64| {
        words
            .get(i)
            .and_then(|w| w.parse().ok())
            .unwrap_or(otherwise)
    };
    let plan = synthetic::plan(number(0, 5), number(1, 400));
    let run = synthetic::run(&plan);
    if let Some(directory) = words.get(2) {
        for (name, svg) in dunwu_report::figures(&run) {
            std::fs::write(std::path::Path::new(directory).join(name), svg)?;
        }
    }
    println!("{}", dunwu_report::page(&run));
    Ok(())
}
