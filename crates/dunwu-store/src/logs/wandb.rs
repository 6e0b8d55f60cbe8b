//! What W&B's client writes on the disk of a run, online or offline: `run-ID.wandb`.
//!
//! Seven bytes (`:W&B`, 0xe1 0xbe, a version), then blocks of 32 KiB of pieces, counted from the first byte of the file: CRC-32 of
//! kind and data (u32, little-endian), length (u16), kind (1 whole, 2 first, 3 middle, 4 last), data; what is left of a
//! block and too short for a piece is skipped. The pieces of a record make a `Record` message, of which a `HistoryRecord` is
//! a row (wandb/sdk/internal/datastore.py, wandb/proto/wandb_internal.proto).

use super::error::LogProblem;
use super::gather::{Gathering, Role, number, role};
use super::growing::Reads;
use super::proto::{Field, Fields};
use super::records;
use super::source::Failed;

/// How such a file begins.
pub(crate) const MAGIC: [u8; 6] = *b":W&B\xe1\xbe";
const BEGIN: usize = 7;
const BLOCK: u64 = 1 << 15;
const HEAD: usize = 7;

/// A run of W&B, as its bytes come. A file that is cut off is read as far as it goes.
#[derive(Default)]
pub(crate) struct Wandb {
    /// The beginning of a piece whose end has not come.
    held: Vec<u8>,
    offset: u64,
    /// The pieces of a record so far; None of one that is too large, or whose beginning is not there.
    record: Option<Vec<u8>>,
    larger: u64,
}

impl Reads for Wandb {
    fn feed(&mut self, bytes: &[u8], into: &mut Gathering) -> Result<(), Failed> {
        self.held.extend_from_slice(bytes);
        let held = std::mem::take(&mut self.held);
        let mut at = 0;
        while let Some(used) = self.piece(&held[at..], into)? {
            at += used;
            self.offset += used as u64;
        }
        self.held = held;
        self.held.drain(..at);
        Ok(())
    }

    fn end(&mut self, into: &mut Gathering) -> Result<(), Failed> {
        if !self.held.is_empty() || self.record.is_some() {
            into.notes.push(records::cut_off(self.offset));
        }
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        records::left_out(self.larger)
    }

    fn lack(&self) -> Option<LogProblem> {
        (self.offset == 0 && self.held.is_empty()).then_some(LogProblem::Empty)
    }
}

impl Wandb {
    /// Takes the next piece, or what is skipped; how many bytes that were, None if they are not there yet.
    fn piece(&mut self, bytes: &[u8], into: &mut Gathering) -> Result<Option<usize>, Failed> {
        let offset = self.offset;
        let bad = |why| Failed::Log(LogProblem::BadMessage { offset, why });
        if offset == 0 {
            return match bytes.get(..BEGIN) {
                Some(begin) if begin.starts_with(&MAGIC) => Ok(Some(BEGIN)),
                Some(_) => Err(bad("it does not begin as a run of W&B does")),
                None => Ok(None),
            };
        }
        let room = (BLOCK - offset % BLOCK) as usize;
        if room < HEAD {
            return Ok((bytes.len() >= room).then_some(room));
        }
        let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else {
            return Ok(None);
        };
        let sum = u32::from_le_bytes(head[..4].try_into().expect("four bytes"));
        let length = usize::from(u16::from_le_bytes([head[4], head[5]]));
        if HEAD + length > room {
            return Err(bad("a piece goes beyond its block"));
        }
        let Some(data) = rest.get(..length) else {
            return Ok(None);
        };
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&head[6..]);
        hasher.update(data);
        if hasher.finalize() != sum {
            return Err(LogProblem::Checksum { offset }.into());
        }
        self.join(head[6], data, into).map_err(|e| match e {
            Trouble::Message(why) => bad(why),
            Trouble::Log(problem) => problem.into(),
        })?;
        Ok(Some(HEAD + length))
    }

    /// Joins the pieces of a record, and takes it when it is whole.
    fn join(&mut self, kind: u8, data: &[u8], into: &mut Gathering) -> Result<(), Trouble> {
        match kind {
            1 => return row_of(data, into),
            2 => self.record = Some(data.to_vec()),
            3 | 4 => match &mut self.record {
                Some(record) if record.len() + data.len() > records::MOST => {
                    self.larger += 1;
                    self.record = None;
                }
                Some(record) => record.extend_from_slice(data),
                None => {}
            },
            _ => return Err("a piece is of a kind that is not known".into()),
        }
        match self.record.take_if(|_| kind == 4) {
            Some(record) => row_of(&record, into),
            None => Ok(()),
        }
    }
}

/// What went wrong within a record.
enum Trouble {
    Message(&'static str),
    Log(LogProblem),
}

impl From<&'static str> for Trouble {
    fn from(why: &'static str) -> Self {
        Self::Message(why)
    }
}

/// Takes the row of a record, if it is one of the history.
fn row_of(record: &[u8], into: &mut Gathering) -> Result<(), Trouble> {
    let mut fields = Fields(record);
    while let Some((number, field)) = fields.next()? {
        if let (2, Field::Bytes(history)) = (number, field) {
            row(history, into)?;
        }
    }
    Ok(())
}

fn row(history: &[u8], into: &mut Gathering) -> Result<(), Trouble> {
    // A step of 0 is not written.
    let (mut step, mut items, mut fields) = (0.0, Vec::new(), Fields(history));
    while let Some((number, field)) = fields.next()? {
        match (number, field) {
            (1, Field::Bytes(bytes)) => items.extend(item(bytes)?),
            (2, Field::Bytes(message)) => {
                let mut fields = Fields(message);
                while let Some((number, field)) = fields.next()? {
                    if let (1, Field::Varint(n)) = (number, field) {
                        step = n as i64 as f64;
                    }
                }
            }
            _ => {}
        }
    }
    for (name, value) in items {
        into.take("", &name, step, value).map_err(Trouble::Log)?;
    }
    Ok(())
}

/// The name and the number of an item; None of clocks and of what is no number.
fn item(bytes: &[u8]) -> Result<Option<(String, f64)>, &'static str> {
    let (mut names, mut value, mut fields) = (Vec::new(), None, Fields(bytes));
    while let Some((number, field)) = fields.next()? {
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| "a name is no text in UTF-8");
        match (number, field) {
            (1 | 2, Field::Bytes(name)) => names.push(text(name)?),
            (16, Field::Bytes(json)) => value = std::str::from_utf8(json).ok(),
            _ => {}
        }
    }
    let own = names.last().copied().unwrap_or("");
    let is_metric = !matches!(role(own), Role::Step | Role::Clock) && !names.is_empty();
    // NaN stands in quotes, being no JSON.
    let value = value.and_then(|v| number(v.trim_matches('"')));
    Ok(value.filter(|_| is_metric).map(|v| (names.join("/"), v)))
}
