//! The dunwu command.

mod args;
mod commands;
mod help;
mod landscape;
mod microscope;
mod output;
mod progress;

use clap::Parser;
use std::process::ExitCode;

/// Exit codes, as the help documents them.
mod exit {
    pub(crate) const BAD_INPUT: u8 = 2;
    pub(crate) const INTERRUPTED: u8 = 3;
    pub(crate) const INTERNAL: u8 = 4;
}

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no errors; a closed pipe is none of ours.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() {
                exit::BAD_INPUT
            } else {
                0
            });
        }
    };
    match commands::run(args) {
        Ok(code) => code,
        Err(error) => {
            output::error_line(&format!("error: {error:#}"));
            ExitCode::from(code_of(&error))
        }
    }
}

fn code_of(error: &anyhow::Error) -> u8 {
    if let Some(error) = error.downcast_ref::<dunwu::Error>() {
        return if error.is_bad_input() {
            exit::BAD_INPUT
        } else {
            exit::INTERNAL
        };
    }
    exit::BAD_INPUT
}
