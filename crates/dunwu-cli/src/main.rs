//! The dunwu command.

mod args;
mod boundary;
mod circuit;
mod commands;
mod compare;
mod diagnose;
mod follow;
mod forecast;
mod help;
mod landscape;
mod microscope;
mod output;
mod progress;
mod reproduce;
mod sweep;

use clap::Parser;
use std::io::IsTerminal;
use std::process::ExitCode;

/// Exit codes, as the help documents them.
mod exit {
    pub(crate) const DOES_NOT_HOLD: u8 = 1;
    pub(crate) const BAD_INPUT: u8 = 2;
    pub(crate) const INTERRUPTED: u8 = 3;
    pub(crate) const INTERNAL: u8 = 4;
    /// Of a run that is followed.
    pub(crate) const STOP: u8 = 10;
}

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            if error.use_stderr() {
                // Where not even that can be written, nobody is there to be told.
                let _ = error.print();
                return ExitCode::from(exit::BAD_INPUT);
            }
            // Help and version are no errors.
            if std::io::stdout().is_terminal() {
                let _ = error.print();
            } else {
                output::text(&error.render().to_string());
            }
            return written(ExitCode::SUCCESS);
        }
    };
    match commands::run(args) {
        Ok(code) => written(code),
        Err(error) => {
            output::error_line(&format!("error: {error:#}"));
            ExitCode::from(code_of(&error))
        }
    }
}

/// The exit code, unless what was to be printed could not be.
fn written(code: ExitCode) -> ExitCode {
    match output::failure() {
        Some(error) => {
            output::error_line(&format!("error: cannot write to standard output: {error}"));
            ExitCode::from(exit::BAD_INPUT)
        }
        None => code,
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
