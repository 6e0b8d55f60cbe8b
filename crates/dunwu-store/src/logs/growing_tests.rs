//! What comes in pieces reads as what is there at once; what was read once is read on, and anew where it is another log.

use super::*;
use camino::{Utf8Path, Utf8PathBuf};
use std::io::Write;

const CSV: &str = "# made by hand\nstep,loss,\"a \"\"name\"\"\nin two lines\"\r\n0,2,1\r\n\r\n1,1.5,\"\"\n2,nan,3\n";
const LINES: &str = "{\"step\":0,\"loss\":NaN,\"run\":\"a\"}\n\n{\"step\":1,\"loss\":1.5,\"eval\":{\"acc\":0.5},\"run\":\"a\"}\r\n{\"run\":\"b\",\"loss\":\"2\",\"step\":3}\n";
const TEXT: &str = "hello\nstep 0 loss 2\nnothing\nstep 1 loss 1.5\n";

fn pattern() -> LogOptions {
    LogOptions {
        pattern: Some(r"step (?<step>\d+) loss (?<loss>\S+)".to_owned()),
        ..LogOptions::default()
    }
}

fn events() -> Vec<u8> {
    std::fs::read("tests/data/logs/events.out.tfevents.old").unwrap()
}

fn wandb() -> Vec<u8> {
    std::fs::read("tests/data/logs/run-red1.wandb").unwrap()
}

/// Formats that grow, with a log of each.
fn logs() -> [(LogFormat, Vec<u8>, LogOptions); 5] {
    let plain = LogOptions::default;
    [
        (LogFormat::Csv, CSV.into(), plain()),
        (LogFormat::Json, LINES.into(), plain()),
        (LogFormat::Text, TEXT.into(), pattern()),
        (LogFormat::Events, events(), plain()),
        (LogFormat::Wandb, wandb(), plain()),
    ]
}

fn fed(format: LogFormat, options: &LogOptions, bytes: &[u8], piece: usize) -> GrowingLog {
    let mut log = GrowingLog::new("log", Some(format), options);
    for piece in bytes.chunks(piece) {
        log.feed(piece).unwrap();
    }
    log
}

#[test]
fn pieces_read_as_the_whole() {
    for (format, bytes, options) in logs() {
        let mut whole = fed(format, &options, &bytes, usize::MAX);
        whole.end().unwrap();
        let whole = whole.into_logs().unwrap();
        assert!(!whole.is_empty() && !whole[0].series.is_empty());
        for piece in [1, 2, 3, 7, 64, 1000] {
            let mut log = fed(format, &options, &bytes, piece);
            assert_eq!(log.logs().unwrap(), whole, "{format:?} {piece}");
            log.end().unwrap();
            assert_eq!(log.into_logs().unwrap(), whole, "{format:?} {piece}");
        }
    }
    let named = &fed(LogFormat::Csv, &LogOptions::default(), CSV.as_bytes(), 5);
    let log = &named.logs().unwrap()[0];
    assert_eq!(log.series["a \"name\"\nin two lines"].values, [1.0, 3.0]);
    let array = b"[{\"step\":0,\"loss\":2},\n{\"step\":1,\"loss\":1}]";
    let mut log = fed(LogFormat::Json, &LogOptions::default(), array, 3);
    assert!(
        log.logs().is_err(),
        "nothing is known of a value before its end"
    );
    log.end().unwrap();
    assert_eq!(
        log.into_logs().unwrap()[0].series["loss"].values,
        [2.0, 1.0]
    );
}

#[test]
fn a_record_that_is_too_large_is_skipped_however_it_comes() {
    let length = (17_u64 << 20).to_le_bytes();
    let head = [&length[..], &events::masked(&length).to_le_bytes()].concat();
    let mut bytes = [head, vec![0; (17 << 20) + 4]].concat();
    let at = bytes.len();
    bytes.extend(events());
    for piece in [1 << 16, usize::MAX] {
        let log = fed(LogFormat::Events, &LogOptions::default(), &bytes, piece);
        let log = &log.logs().unwrap()[0];
        assert_eq!(log.series["val/acc"].steps.len(), 12);
        assert_eq!(log.notes, ["1 records of more than 16 MiB are left out"]);
    }
    let mut log = fed(
        LogFormat::Events,
        &LogOptions::default(),
        &bytes[..at - 1],
        4096,
    );
    log.end().unwrap();
    assert_eq!(
        log.into.notes,
        ["the file is cut off in the record at byte 0"]
    );
}

/// A folder with a file that is followed.
struct Followed {
    _folder: tempfile::TempDir,
    path: Utf8PathBuf,
    tail: Tail,
    options: LogOptions,
}

impl Followed {
    fn new(name: &str, options: LogOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join(name);
        let tail = Tail::new(&path, &options);
        Self {
            _folder: folder,
            path,
            tail,
            options,
        }
    }

    fn add(&self, bytes: &[u8]) {
        let file = std::fs::OpenOptions::new();
        let mut file = file
            .clone()
            .create(true)
            .append(true)
            .open(&self.path)
            .unwrap();
        file.write_all(bytes).unwrap();
    }

    /// The last steps of what a look brings, by run and metric.
    fn look(&mut self) -> Option<Vec<f64>> {
        let logs = self.tail.look().unwrap()?;
        let series = logs.iter().flat_map(|l| l.series.values());
        Some(series.filter_map(|s| s.steps.last().copied()).collect())
    }

    /// What reading anew says.
    fn anew(&self) -> Vec<Log> {
        let source = log_sources(&self.path, &self.options).unwrap();
        read_log(&source[0], &self.options).unwrap()
    }
}

#[test]
fn what_was_added_is_read_and_half_a_line_is_waited_for() {
    for (name, first, half, rest, wanted) in [
        ("a.csv", "step,loss\n0,3\n1,2.5\n", "2,2.", "25\n", 2.25),
        (
            "a.jsonl",
            "{\"step\":0,\"loss\":3}\n",
            "{\"step\":2,\"loss\":2",
            ".25}\n",
            2.25,
        ),
        ("a.txt", "step 0 loss 3\n", "step 2 loss 2.", "25\n", 2.25),
    ] {
        let options = if name == "a.txt" {
            pattern()
        } else {
            LogOptions::default()
        };
        let mut log = Followed::new(name, options);
        assert_eq!(log.look(), None, "{name} is not there yet");
        log.add(first.as_bytes());
        let before = log.look().unwrap();
        assert_eq!(log.look(), None, "{name}: nothing came");
        log.add(half.as_bytes());
        assert_eq!(log.look(), Some(before), "{name}: half a line");
        log.add(rest.as_bytes());
        let logs = log.tail.look().unwrap().unwrap();
        assert_eq!(logs, log.anew());
        assert_eq!(logs[0].series["loss"].values.last(), Some(&wanted));
        assert_eq!(log.tail.replaced(), 0);
    }
}

#[test]
fn event_files_are_read_on_and_so_is_the_next_one_of_their_folder() {
    let bytes = events();
    let mut log = Followed::new("events.out.tfevents.1", LogOptions::default());
    log.add(&bytes[..bytes.len() / 2]);
    let half = log.look().unwrap();
    assert!(half[0] > 0.0 && half[0] < 1100.0);
    log.add(&bytes[bytes.len() / 2..]);
    assert_eq!(log.look(), Some(vec![1100.0, 1100.0]));
    // The folder as one run: a run that was restarted writes a second file.
    let dir = log.path.parent().unwrap().to_owned();
    log.tail = Tail::new(&dir, &log.options);
    assert_eq!(log.look(), Some(vec![1100.0, 1100.0]));
    log.path = dir.join("events.out.tfevents.2");
    assert_eq!(log.look(), None);
    log.add(&bytes[..bytes.len() / 2]);
    let logs = log.tail.look().unwrap().unwrap();
    log.path = dir.clone();
    assert_eq!(logs[0].series, log.anew()[0].series);
    assert_eq!(
        (logs[0].series["val/acc"].restarts, log.tail.replaced()),
        (1, 0)
    );
    // The first one grows after all: everything is read anew.
    log.path = dir.join("events.out.tfevents.1");
    log.add(&bytes);
    let logs = log.tail.look().unwrap().unwrap();
    log.path = dir;
    assert_eq!(
        (logs[0].series == log.anew()[0].series, log.tail.replaced()),
        (true, 1)
    );
}

#[test]
fn a_file_that_was_cut_rotated_or_replaced_is_read_anew() {
    let rows = |from: u32, to: u32, level: f64| -> String {
        (from..to)
            .map(|s| format!("{s},{}\n", level + 1.0 / f64::from(s + 1)))
            .collect()
    };
    let mut log = Followed::new("a.csv", LogOptions::default());
    let first = format!("step,loss\n{}", rows(0, 500, 2.0));
    log.add(first.as_bytes());
    assert_eq!(log.look(), Some(vec![499.0]));
    // Cut to nothing, as copytruncate does: a look says so, and the next one reads what came.
    std::fs::write(&log.path, "").unwrap();
    assert!(log.tail.look().is_err());
    log.add(b"step,loss\n0,9\n");
    assert_eq!(log.look(), Some(vec![0.0]));
    let mut replaced = log.tail.replaced();
    assert!(replaced >= 1);
    let mut check = |log: &mut Followed, wanted: f64, why: &str| {
        let logs = log.tail.look().unwrap().unwrap();
        assert_eq!(
            (&logs, log.tail.replaced()),
            (&log.anew(), replaced + 1),
            "{why}"
        );
        assert_eq!(logs[0].series["loss"].steps.last(), Some(&wanted), "{why}");
        replaced += 1;
    };
    // Another file under the name, longer than what was read.
    let other = log.path.with_extension("new");
    std::fs::write(&other, format!("step,loss\n0,9\n{}", rows(1, 40, 5.0))).unwrap();
    std::fs::rename(&other, &log.path).unwrap();
    check(&mut log, 39.0, "renamed");
    // The same file written over, longer, with another header, as loggers do that learn of a new metric.
    let more = format!("step,loss,acc\n{}", rows(0, 300, 5.0).replace('\n', ",1\n"));
    std::fs::write(&log.path, &more).unwrap();
    check(&mut log, 299.0, "rewritten");
    // Written over with the same first bytes and another end, longer than what was read.
    let kept = &more[..more.rfind("298,").unwrap()];
    std::fs::write(
        &log.path,
        format!("{kept}298,7,1\n299,7,1\n300,7,1\n301,7,1\n302,7,1\n"),
    )
    .unwrap();
    check(&mut log, 302.0, "another end");
    // Gone for a moment.
    std::fs::remove_file(&log.path).unwrap();
    assert_eq!(log.look(), None);
    std::fs::write(&log.path, "step,loss\n0,1\n1,1\n").unwrap();
    check(&mut log, 1.0, "back");
}

#[test]
fn a_value_that_is_written_as_a_whole_is_read_as_a_whole() {
    let state = |n: u32| {
        let row = |s: u32| format!("{{\"step\": {s}, \"loss\": {}}}", 1.0 / f64::from(s + 1));
        let rows: Vec<String> = (0..n).map(row).collect();
        format!(
            "{{\n\"log_history\": [{}], \"max_steps\": 9}}",
            rows.join(",")
        )
    };
    let mut log = Followed::new("trainer_state.json", LogOptions::default());
    for n in [3, 7] {
        std::fs::write(&log.path, state(n)).unwrap();
        assert_eq!(log.look(), Some(vec![f64::from(n - 1)]));
    }
    assert_eq!(log.tail.replaced(), 0);
}

/// Pieces of a record with their sums, as blocks of 32 KiB hold them.
fn blocks(records: &[Vec<u8>]) -> Vec<u8> {
    let mut out = [&wandb::MAGIC[..], &[0]].concat();
    for record in records {
        let (mut rest, mut first) = (&record[..], true);
        loop {
            let room = (1 << 15) - out.len() % (1 << 15);
            if room < 7 {
                out.resize(out.len() + room, 0);
                continue;
            }
            let (data, more) = rest.split_at(rest.len().min(room - 7));
            rest = more;
            let kind = match (first, rest.is_empty()) {
                (true, true) => 1,
                (true, false) => 2,
                (false, false) => 3,
                (false, true) => 4,
            };
            let sum = crc32fast::hash(&[&[kind], data].concat());
            out.extend(sum.to_le_bytes());
            out.extend((data.len() as u16).to_le_bytes());
            out.push(kind);
            out.extend(data);
            first = false;
            if rest.is_empty() {
                break;
            }
        }
    }
    out
}

/// A field of bytes of a message.
fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for mut n in [number << 3 | 2, bytes.len() as u64] {
        while n >= 0x80 {
            out.push(n as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
    }
    out.extend(bytes);
    out
}

#[test]
fn runs_of_wandb_whose_records_cross_blocks_are_read_and_damaged_ones_refused() {
    let row = |step: u8, note: usize| {
        let item = |name: &str, json: &[u8]| {
            field(1, &[field(2, name.as_bytes()), field(16, json)].concat())
        };
        let loss = format!("{}", 1.0 / f64::from(step + 1));
        let items = [
            item("loss", loss.as_bytes()),
            item("note", &vec![b'x'; note]),
        ]
        .concat();
        field(2, &[items, field(2, &[8, step])].concat())
    };
    let rows: Vec<Vec<u8>> = [(0, 10), (1, 100_000), (2, 32_600), (3, 5)]
        .map(|(s, n)| row(s, n))
        .into();
    let whole = blocks(&rows);
    let read = |bytes: &[u8]| {
        let mut log = GrowingLog::new("run", Some(LogFormat::Wandb), &LogOptions::default());
        log.feed(bytes)
            .and_then(|()| log.end())
            .map_err(|e| e.to_string())?;
        log.into_logs().map_err(|e| e.to_string())
    };
    let known = read(&whole).unwrap().remove(0);
    assert_eq!(known.series["loss"].steps, [0.0, 1.0, 2.0, 3.0]);
    assert_eq!((known.series.len(), known.notes.len()), (1, 0));
    let cut = read(&whole[..whole.len() - 40_000]).unwrap().remove(0);
    assert_eq!((cut.series["loss"].steps.len(), cut.notes.len()), (1, 1));
    let damaged = |at: usize, to: u8| {
        let mut bytes = whole.clone();
        bytes[at] = to;
        read(&bytes).unwrap_err()
    };
    assert!(damaged(1, b'V').contains("it does not begin as a run of W&B does"));
    assert!(damaged(20, 0xff).contains("its checksum differs"));
    assert!(damaged(12, 0xff).contains("a piece goes beyond its block"));
    let kind = [
        &wandb::MAGIC[..],
        &[0],
        &crc32fast::hash(&[9]).to_le_bytes(),
        &[0, 0, 9],
    ]
    .concat();
    assert!(
        read(&kind)
            .unwrap_err()
            .contains("of a kind that is not known")
    );
    assert!(
        read(&blocks(&[vec![0x12, 0x05]]))
            .unwrap_err()
            .contains("longer than its message")
    );
    assert!(read(b"").unwrap_err().contains("it is empty"));
}
