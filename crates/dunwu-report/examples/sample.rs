//! Writes the page of a made-up run to standard output:
//! `cargo run --release -p dunwu-report --example sample > sample.html`. With a directory, its figures go there too.
#![allow(clippy::print_stdout, reason = "an example prints")]

mod synthetic;

fn main() -> std::io::Result<()> {
    let plan = synthetic::plan(5, 400);
    let run = synthetic::run(&plan);
    if let Some(directory) = std::env::args().nth(1) {
        for (name, svg) in dunwu_report::figures(&run) {
            std::fs::write(std::path::Path::new(&directory).join(name), svg)?;
        }
    }
    println!("{}", dunwu_report::page(&run));
    Ok(())
}
