//! What every target does: write the bytes where a reader looks for them, read, and hold the reader to its bounds.

use camino::{Utf8Path, Utf8PathBuf};
use dunwu_core::RunSpec;
use dunwu_store::{LogFormat, LogOptions, LogSource, Provenance, RunDir, read_log};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::OnceCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// What is asked for at once, beside what is held of the file: a copy of it.
const BYTES_A_BYTE: usize = 2;
/// Buffers, the automaton of a pattern, and a series, of which 2¹⁸ readings are kept, whatever the file.
const SLACK: usize = 8 << 20;

/// The largest request since it was last reset.
static LARGEST: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call is the system allocator's own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Ordering::Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static DIR: OnceCell<(TempDir, Utf8PathBuf)> = const { OnceCell::new() };
}

/// A directory that lives as long as the process.
fn with_dir<T>(use_it: impl FnOnce(&Utf8Path) -> T) -> T {
    DIR.with(|cell| {
        let (_, path) = cell.get_or_init(|| {
            let dir = tempfile::tempdir().expect("there is room for a directory");
            let path = Utf8PathBuf::from_path_buf(dir.path().to_owned()).expect("it is UTF-8");
            (dir, path)
        });
        use_it(path)
    })
}

/// Reads bytes as a log of that kind, and panics where the reader goes beyond its bounds.
pub fn read(format: LogFormat, data: &[u8]) {
    with_dir(|dir| {
        let (path, options, held) = match format {
            LogFormat::Text => pattern_and_lines(dir, data),
            LogFormat::Mlflow => mlflow(dir, data),
            LogFormat::Run => run(dir, data),
            LogFormat::Events => events(dir, data),
            _ => file(dir, data),
        };
        LARGEST.store(0, Ordering::Relaxed);
        let read = read_log(&LogSource { path, format }, &options);
        let largest = LARGEST.load(Ordering::Relaxed);
        assert!(
            largest <= BYTES_A_BYTE * held + SLACK,
            "{largest} bytes at once for a file of {held}"
        );
        for log in read.iter().flatten() {
            for series in log.series.values() {
                assert_eq!(series.steps.len(), series.values.len());
                assert!(series.steps.windows(2).all(|w| w[0] < w[1]));
                assert!(series.values.iter().all(|v| v.is_finite()));
            }
        }
    });
}

type Prepared = (Utf8PathBuf, LogOptions, usize);

fn write(path: &Utf8Path, data: &[u8]) {
    std::fs::write(path, data).expect("there is room for an input");
}

fn file(dir: &Utf8Path, data: &[u8]) -> Prepared {
    let path = dir.join("log");
    write(&path, data);
    (path, LogOptions::default(), data.len())
}

/// After a byte 0xff, records with their lengths in two bytes, framed with sums that are right, so that what lies
/// behind these is reached; anything else as it is.
fn events(dir: &Utf8Path, data: &[u8]) -> Prepared {
    let Some((0xff, mut rest)) = data.split_first().map(|(first, rest)| (*first, rest)) else {
        return file(dir, data);
    };
    let mut framed = Vec::new();
    while let [low, high, more @ ..] = rest {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(more.len());
        let (record, after) = more.split_at(length);
        let head = (length as u64).to_le_bytes();
        framed.extend_from_slice(&head);
        framed.extend_from_slice(&masked(&head).to_le_bytes());
        framed.extend_from_slice(record);
        framed.extend_from_slice(&masked(record).to_le_bytes());
        rest = after;
    }
    file(dir, &framed)
}

/// A sum as event files hold it.
fn masked(bytes: &[u8]) -> u32 {
    let sum = crc32c::crc32c(bytes);
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The first line is the pattern.
fn pattern_and_lines(dir: &Utf8Path, data: &[u8]) -> Prepared {
    let end = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (pattern, lines) = data.split_at(end);
    let options = LogOptions {
        pattern: Some(String::from_utf8_lossy(pattern).into_owned()),
        ..LogOptions::default()
    };
    let (path, _, held) = file(dir, lines);
    (path, options, held)
}

fn mlflow(dir: &Utf8Path, data: &[u8]) -> Prepared {
    let run = dir.join("mlflow");
    std::fs::create_dir_all(run.join("metrics")).expect("there is room for a directory");
    write(&run.join("metrics/loss"), data);
    (run, LogOptions::default(), data.len())
}

/// The files of a run that the first byte chooses among.
const FILES: [&str; 4] = [
    "plan.toml",
    "provenance.json",
    "curve.parquet",
    "seeds/seed-0/part-0.parquet",
];

fn run(dir: &Utf8Path, data: &[u8]) -> Prepared {
    let run = dir.join("run");
    let _ = std::fs::remove_dir_all(&run);
    let plan = RunSpec::default()
        .resolve()
        .expect("the default plan is one");
    RunDir::create(&run, &plan, &Provenance::default()).expect("there is room for a run");
    std::fs::create_dir_all(run.join("seeds/seed-0")).expect("there is room for a directory");
    let (first, rest) = data.split_first().unwrap_or((&0, &[]));
    write(&run.join(FILES[usize::from(*first) % FILES.len()]), rest);
    (run, LogOptions::default(), data.len())
}
