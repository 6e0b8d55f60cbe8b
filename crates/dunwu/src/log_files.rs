//! The logs of a path, file by file.

use crate::error::Error;
use camino::Utf8Path;
use dunwu_store::{Log, LogOptions, LogSource, log_sources};

/// Hears the name of what is left out, and why.
pub(crate) type Skip<'a> = &'a mut dyn FnMut(&str, &str);

/// Reads every log of a path, one file after the other. Of a folder, a file that cannot be read is told to `skip`, as is one
/// without a reading; `read` gives what else belongs to the file.
pub(crate) fn each_file<T>(
    path: &Utf8Path,
    options: &LogOptions,
    read: impl Fn(&LogSource) -> Result<(Vec<Log>, T), Error>,
    mut each: impl FnMut(Vec<Log>, T, Skip<'_>),
    skip: Skip<'_>,
) -> Result<(), Error> {
    for source in log_sources(path, options)? {
        let file = source.path.as_str();
        match read(&source) {
            Ok((logs, _)) if logs.is_empty() => skip(file, "nothing is logged yet"),
            Ok((logs, with)) => each(logs, with, skip),
            Err(why) if source.path == path => return Err(why),
            Err(why) => {
                let why = why.to_string();
                let named = why.strip_prefix(file).and_then(|w| w.strip_prefix(": "));
                skip(file, named.unwrap_or(&why));
            }
        }
    }
    Ok(())
}
