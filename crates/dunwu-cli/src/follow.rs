//! `dunwu forecast --follow`.

use crate::exit;
use crate::forecast::print_one;
use crate::output::{error_line, line};
use camino::{Utf8Path, Utf8PathBuf};
use dunwu::{Follow, ForecastSpec, Look};
use std::io::{BufRead, Read};
use std::process::ExitCode;
use std::time::Duration;

/// Time between looks at a file.
const PAUSE: Duration = Duration::from_millis(500);
/// Lines of a pipe after each of which there is a look; later, the lines must have grown by a hundredth.
const EACH: u64 = 100;
/// Bytes of a pipe that are taken at once.
const PIECE: u64 = 1 << 16;

pub(crate) fn run(
    paths: &[Utf8PathBuf],
    spec: ForecastSpec,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let [path] = paths else {
        anyhow::bail!("--follow takes one log: a file, a run directory, or - for a pipe");
    };
    let follow = Follow::new(spec)?;
    if path == "-" {
        pipe(follow, as_json)
    } else {
        file(path, follow, as_json)
    }
}

/// Says what is new; the exit code once it is known.
fn tell(look: &Look, as_json: bool) -> Option<ExitCode> {
    if look.is_news || look.is_over || look.is_to_stop {
        if as_json {
            line(&look.run.to_json().to_string());
        } else {
            print_one(&look.run);
        }
    }
    match look {
        look if look.is_over => Some(ExitCode::SUCCESS),
        look if look.is_to_stop => Some(ExitCode::from(exit::STOP)),
        _ => None,
    }
}

/// Looks whenever the file has changed.
fn file(path: &Utf8Path, mut follow: Follow, as_json: bool) -> anyhow::Result<ExitCode> {
    let (mut before, mut waits) = (None, None);
    loop {
        let state = newest(path);
        if state != before {
            before = state;
            if let Some(code) = follow.path(path)?.and_then(|look| tell(&look, as_json)) {
                return Ok(code);
            }
            let gone = (!path.exists()).then(|| format!("{path} is not there"));
            let now = gone.or_else(|| follow.waits().map(str::to_owned));
            if let Some(why) = now.as_ref().filter(|_| now != waits) {
                error_line(&format!("waiting: {why}"));
            }
            waits = now;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Length and time of a file, or of what a directory holds, two levels deep.
fn newest(path: &Utf8Path) -> Option<(u64, std::time::SystemTime)> {
    fn look(path: &Utf8Path, depth: usize, out: &mut (u64, std::time::SystemTime)) {
        let Ok(about) = path.metadata() else { return };
        out.0 += about.len();
        out.1 = out.1.max(about.modified().unwrap_or(out.1));
        if about.is_dir() && depth < 3 {
            let entries = path.read_dir_utf8().into_iter().flatten().flatten();
            entries.for_each(|e| look(e.path(), depth + 1, out));
        }
    }
    let mut out = (0, std::time::SystemTime::UNIX_EPOCH);
    look(path, 0, &mut out);
    Some(out)
}

/// Looks as lines come.
fn pipe(mut follow: Follow, as_json: bool) -> anyhow::Result<ExitCode> {
    let mut input = std::io::stdin().lock();
    let (mut bytes, mut lines, mut next) = (Vec::new(), 0_u64, 1);
    let mut read = false;
    loop {
        bytes.clear();
        // A line without an end is taken in pieces.
        let length = input.by_ref().take(PIECE).read_until(b'\n', &mut bytes)?;
        let ended = length == 0;
        if ended {
            follow.end();
        } else {
            follow.feed(&bytes);
        }
        lines += u64::from(bytes.ends_with(b"\n"));
        if ended || lines >= next {
            next = if lines < EACH {
                lines + 1
            } else {
                lines + lines / 100
            };
            let look = follow.stream()?;
            read |= look.is_some();
            if let Some(code) = look.and_then(|look| tell(&look, as_json)) {
                return Ok(code);
            }
        }
        if ended && !read {
            return Err(follow.why_nothing().into());
        }
        if ended {
            error_line("the log has ended");
            return Ok(ExitCode::SUCCESS);
        }
    }
}
