//! Writes the page of made-up reproductions to standard output:
//! `cargo run --release -p dunwu-report --example reproduction > reproduction.html`.
//!
//! A further word is a directory for the figures.
#![allow(clippy::print_stdout, reason = "an example prints")]

#[path = "synthetic/reproduction.rs"]
mod synthetic;

fn main() -> std::io::Result<()> {
    let page = synthetic::reproduction();
    if let Some(directory) = std::env::args().nth(1) {
        for (name, svg) in dunwu_report::reproduction_figures(&page) {
            std::fs::write(std::path::Path::new(&directory).join(name), svg)?;
        }
    }
    println!("{}", dunwu_report::reproduction_page(&page));
    Ok(())
}
