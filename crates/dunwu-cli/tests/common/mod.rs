//! The program, run in a directory.

use std::path::Path;
use std::process::{Command, Output};

pub(crate) fn dunwu(dir: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dunwu"));
    command.current_dir(dir).args(words);
    command
}

pub(crate) fn output(dir: &Path, words: &[&str]) -> Output {
    dunwu(dir, words).output().unwrap()
}
