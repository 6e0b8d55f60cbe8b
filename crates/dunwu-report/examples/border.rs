//! Writes the page of made-up borders to standard output:
//! `cargo run --release -p dunwu-report --example border > border.html`.
//!
//! A further word is a directory for the figures.
#![allow(clippy::print_stdout, reason = "an example prints")]

#[path = "synthetic/border.rs"]
mod synthetic;

fn main() -> std::io::Result<()> {
    let page = synthetic::border();
    if let Some(directory) = std::env::args().nth(1) {
        for (name, svg) in dunwu_report::border_figures(&page) {
            std::fs::write(std::path::Path::new(&directory).join(name), svg)?;
        }
    }
    println!("{}", dunwu_report::border_page(&page));
    Ok(())
}
