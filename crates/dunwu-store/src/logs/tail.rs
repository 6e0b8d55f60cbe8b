//! Logs that are followed: read on from where they were, and anew only where they are not what they were.

use super::growing::GrowingLog;
use super::series::Log;
use super::source::{
    Failed, LogFormat, LogOptions, LogSource, event_paths, log_sources, name_of, pour, read_log,
};
use crate::error::StoreError;
use camino::{Utf8Path, Utf8PathBuf};
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes at the beginning of a file, and before the place up to which it was read, by which it is known again.
const KNOWN: usize = 1024;

/// A file or a directory of logs that is looked at again and again.
///
/// CSV, JSON lines, text, event files and those of W&B only grow: of them each look reads what was added, and waits for the end of a
/// half-written line or record. A file is read anew where it is another one (rotated or replaced), is shorter than it
/// was, or no longer has the bytes that it began with or those before the place up to which it was read. A change of
/// bytes in the middle alone is not noticed. What is written as a whole each time (a JSON value, MLflow's store, runs of
/// this program) is read anew at each look.
#[derive(Debug)]
pub struct Tail {
    path: Utf8PathBuf,
    options: LogOptions,
    read: Option<Grown>,
    /// Whether a file that grows was read before.
    begun: bool,
    replaced: u64,
}

/// What was read of a source that grows.
#[derive(Debug)]
struct Grown {
    source: LogSource,
    log: GrowingLog,
    files: Vec<Place>,
}

/// How far a file was read, and by what it is known again.
#[derive(Debug, Default)]
struct Place {
    path: Utf8PathBuf,
    which: Option<(u64, u64)>,
    read: u64,
    head: Vec<u8>,
    /// The last bytes that were read.
    tail: Vec<u8>,
}

impl Tail {
    /// Begins to follow a path, with nothing read of it.
    pub fn new(path: &Utf8Path, options: &LogOptions) -> Self {
        Self {
            path: path.to_owned(),
            options: options.clone(),
            read: None,
            begun: false,
            replaced: 0,
        }
    }

    /// How often what was there before had to be read anew, because it was cut, rotated or replaced.
    pub fn replaced(&self) -> u64 {
        self.replaced
    }

    /// The logs as they are now; None if nothing came since the last look, or the path is not there at the moment.
    ///
    /// # Errors
    /// A log that is malformed, or holds nothing yet that can be read.
    pub fn look(&mut self) -> Result<Option<Vec<Log>>, StoreError> {
        let options = self.options.clone();
        self.look_with(&mut |source| read_log(source, &options))
    }

    /// [`Tail::look`], with what reads a source that does not grow.
    ///
    /// # Errors
    /// Those of [`Tail::look`], and of `read`.
    pub fn look_with<E: From<StoreError>>(
        &mut self,
        read: &mut dyn FnMut(&LogSource) -> Result<Vec<Log>, E>,
    ) -> Result<Option<Vec<Log>>, E> {
        if !self.path.exists() {
            return Ok(None);
        }
        let sources = log_sources(&self.path, &self.options)?;
        let [source] = sources.as_slice() else {
            return self.anew(&sources, read).map(Some);
        };
        if !grows(source.format) {
            return self.anew(&sources, read).map(Some);
        }
        match self.grown(source)? {
            Some(logs) => Ok(logs),
            None => self.anew(&sources, read).map(Some),
        }
    }

    /// What a source that grows holds, if it is one; None within that if nothing came.
    fn grown(&mut self, source: &LogSource) -> Result<Option<Option<Vec<Log>>>, StoreError> {
        let failed = |e: io::Error| StoreError::io("read", &source.path, e);
        let paths = if source.path.is_dir() {
            event_paths(&source.path).map_err(failed)?
        } else {
            vec![source.path.clone()]
        };
        let same = match &self.read {
            Some(grown) => grown.source == *source && grown.is_same(&paths).map_err(failed)?,
            None => false,
        };
        let mut grown = match self.read.take().filter(|_| same) {
            Some(grown) => grown,
            None => Grown::new(source, &self.options),
        };
        self.replaced += u64::from(self.begun && !same);
        self.begun = true;
        let more = grown.read(&paths);
        if grown.log.is_whole() {
            self.begun = false;
            return Ok(None);
        }
        let more = more.map_err(|e| grown.log.named(e))?;
        let logs = more.then(|| grown.log.logs()).transpose();
        self.read = Some(grown);
        logs.map(Some)
    }

    /// Everything, from the beginning.
    fn anew<E>(
        &mut self,
        sources: &[LogSource],
        read: &mut dyn FnMut(&LogSource) -> Result<Vec<Log>, E>,
    ) -> Result<Vec<Log>, E> {
        (self.read, self.begun) = (None, false);
        let mut logs = Vec::new();
        for source in sources {
            logs.extend(read(source)?);
        }
        Ok(logs)
    }
}

fn grows(format: LogFormat) -> bool {
    matches!(
        format,
        LogFormat::Csv | LogFormat::Events | LogFormat::Json | LogFormat::Text | LogFormat::Wandb
    )
}

impl Grown {
    fn new(source: &LogSource, options: &LogOptions) -> Self {
        let log = GrowingLog::new(&name_of(&source.path), Some(source.format), options);
        Self {
            source: source.clone(),
            log,
            files: vec![],
        }
    }

    /// Whether all that was read is there as it was. Of several files, all but the last must not have grown: what they
    /// have to say comes before what was read.
    fn is_same(&self, paths: &[Utf8PathBuf]) -> io::Result<bool> {
        if self.files.len() > paths.len() {
            return Ok(false);
        }
        let last = self.files.len().saturating_sub(1);
        for (i, (place, path)) in self.files.iter().zip(paths).enumerate() {
            let grown = path.metadata()?.len() > place.read;
            if place.path != *path || !place.is_same()? || (grown && i < last) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads on; whether anything came.
    fn read(&mut self, paths: &[Utf8PathBuf]) -> Result<bool, Failed> {
        let mut more = false;
        for (i, path) in paths.iter().enumerate() {
            if i == self.files.len() {
                if i > 0 {
                    // What the file before was cut off in is never finished.
                    self.log.ended()?;
                    self.log.restart();
                }
                self.files.push(Place::new(path)?);
            }
            if i + 1 >= self.files.len() {
                let came = self.files[i].read(&mut self.log)?;
                more |= came;
            }
        }
        Ok(more)
    }
}

#[cfg(unix)]
fn which(about: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((about.dev(), about.ino()))
}

/// Elsewhere a file is known by its bytes alone.
#[cfg(not(unix))]
fn which(_: &Metadata) -> Option<(u64, u64)> {
    None
}

impl Place {
    fn new(path: &Utf8Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            which: which(&path.metadata()?),
            ..Self::default()
        })
    }

    fn is_same(&self) -> io::Result<bool> {
        let mut file = File::open(&self.path)?;
        let about = file.metadata()?;
        if which(&about) != self.which || about.len() < self.read {
            return Ok(false);
        }
        let mut holds = |at: u64, known: &[u8]| -> io::Result<bool> {
            let mut bytes = vec![0; known.len()];
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(&mut bytes)?;
            Ok(bytes == known)
        };
        Ok(holds(0, &self.head)? && holds(self.read - self.tail.len() as u64, &self.tail)?)
    }

    /// Feeds what was added; whether anything was.
    fn read(&mut self, log: &mut GrowingLog) -> Result<bool, Failed> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.read))?;
        let before = self.read;
        pour(file, |bytes| {
            self.read += bytes.len() as u64;
            let room = KNOWN - self.head.len();
            self.head.extend_from_slice(&bytes[..room.min(bytes.len())]);
            self.tail
                .extend_from_slice(&bytes[bytes.len().saturating_sub(KNOWN)..]);
            self.tail.drain(..self.tail.len().saturating_sub(KNOWN));
            log.fed(bytes)
        })?;
        Ok(self.read > before)
    }
}
