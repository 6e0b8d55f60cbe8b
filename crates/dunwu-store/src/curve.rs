//! Readings as Parquet tables.

use crate::error::{Kind, StoreError};
use crate::files;
use crate::run::FORMAT;
use crate::seal::{is_whole, seal};
use camino::Utf8Path;
use dunwu_core::Curve;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::reader::ColumnReader;
use parquet::data_type::{DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::Arc;

/// Readings of one seed: epoch, column, value. NaN stands for a reading that was not a number.
pub(crate) type Readings = BTreeMap<u64, BTreeMap<String, f64>>;

/// Rows that are read at once.
const BATCH: usize = 8192;

/// Metadata of a table: the version of its format, and the hash of the run.
const FORMAT_KEY: &str = "dunwu.format";
const RUN_KEY: &str = "dunwu.run";

/// A table of the readings of several seeds of a run, sorted by seed and epoch.
pub(crate) fn to_parquet(
    path: &Utf8Path,
    run: &str,
    seeds: &[(u64, &Readings)],
) -> Result<Vec<u8>, StoreError> {
    encode(run, seeds)
        .map(seal)
        .map_err(|e| StoreError::io("write", path, std::io::Error::other(e)))
}

fn encode(run: &str, seeds: &[(u64, &Readings)]) -> Result<Vec<u8>, ParquetError> {
    let columns: BTreeSet<&str> = seeds
        .iter()
        .flat_map(|(_, r)| r.values())
        .flat_map(|row| row.keys().map(String::as_str))
        .collect();
    let fields: String = columns
        .iter()
        .map(|c| format!("optional double {c};\n"))
        .collect();
    let schema = parse_message_type(&format!(
        "message curve {{ required int64 seed; required int64 epoch;\n{fields} }}"
    ))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_key_value_metadata(Some(vec![
            KeyValue::new(FORMAT_KEY.to_owned(), FORMAT.to_string()),
            KeyValue::new(RUN_KEY.to_owned(), run.to_owned()),
        ]))
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    let ids = seeds
        .iter()
        .flat_map(|(seed, r)| r.keys().map(|epoch| (*seed as i64, *epoch as i64)));
    let (seed_column, epoch_column): (Vec<i64>, Vec<i64>) = ids.unzip();
    write_integers(&mut group, &seed_column)?;
    write_integers(&mut group, &epoch_column)?;
    for column in columns {
        let (mut values, mut present) = (Vec::new(), Vec::with_capacity(epoch_column.len()));
        for row in seeds.iter().flat_map(|(_, r)| r.values()) {
            present.push(i16::from(row.contains_key(column)));
            values.extend(row.get(column));
        }
        let mut writer = group.next_column()?.expect("the schema has this column");
        writer
            .typed::<DoubleType>()
            .write_batch(&values, Some(&present), None)?;
        writer.close()?;
    }
    group.close()?;
    writer.into_inner()
}

fn write_integers(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[i64],
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.expect("the schema has this column");
    column
        .typed::<Int64Type>()
        .write_batch(values, None, None)?;
    column.close()
}

/// Reads a table of a run, laying its values over those of earlier parts, seed by seed.
///
/// # Errors
/// A file that is damaged, newer, or was made by another run.
pub(crate) fn read_into(
    path: &Utf8Path,
    run: &str,
    seeds: &mut BTreeMap<u64, Readings>,
) -> Result<(), StoreError> {
    // Before anything is decoded: the library panics at some wrong pages.
    if !is_whole(&files::read(path)?, RUN_KEY) {
        let why = "its bytes are not those that were written; put a good copy back, or run the plan again";
        return Err(StoreError::damaged(path, why));
    }
    let file = File::open(path).map_err(|e| StoreError::io("read", path, e))?;
    let damaged = |e: ParquetError| StoreError::damaged(path, e.to_string());
    let reader = SerializedFileReader::new(file).map_err(damaged)?;
    check_format(path, &reader)?;
    if noted(&reader, RUN_KEY).is_some_and(|by| by != run) {
        return Err(Kind::OtherPlan {
            file: path.to_owned(),
        }
        .into());
    }
    let own = decode(path, &reader)?;
    for (seed, readings) in own {
        let into = seeds.entry(seed).or_default();
        for (epoch, row) in readings {
            into.entry(epoch).or_default().extend(row);
        }
    }
    Ok(())
}

/// A value of the table's metadata; files of earlier versions have fewer.
fn noted<'a>(reader: &'a SerializedFileReader<File>, key: &str) -> Option<&'a str> {
    let metadata = reader.metadata().file_metadata().key_value_metadata()?;
    let entry = metadata.iter().find(|kv| kv.key == key)?;
    entry.value.as_deref()
}

fn decode(
    path: &Utf8Path,
    reader: &SerializedFileReader<File>,
) -> Result<BTreeMap<u64, Readings>, StoreError> {
    let mut seeds: BTreeMap<u64, Readings> = BTreeMap::new();
    let damaged = |e: ParquetError| StoreError::damaged(path, e.to_string());
    for i in 0..reader.num_row_groups() {
        let group = reader.get_row_group(i).map_err(damaged)?;
        let names: Vec<String> = group
            .metadata()
            .columns()
            .iter()
            .map(|c| c.column_path().string())
            .collect();
        let column = |j: usize| {
            group
                .get_column_reader(j)
                .and_then(read_column)
                .map_err(damaged)
        };
        let place = |name: &str| {
            names
                .iter()
                .position(|n| n == name)
                .ok_or_else(|| StoreError::damaged(path, format!("there is no column `{name}`")))
        };
        let (seed_column, epoch_column) = (column(place("seed")?)?, column(place("epoch")?)?);
        if seed_column.len() != epoch_column.len() {
            return Err(StoreError::damaged(path, "its columns differ in length"));
        }
        let ids: Vec<(u64, u64)> = seed_column
            .iter()
            .zip(&epoch_column)
            .map(|(s, e)| Some((s.and_then(id)?, e.and_then(id)?)))
            .collect::<Option<_>>()
            .ok_or_else(|| {
                StoreError::damaged(path, "a seed or an epoch is missing or negative")
            })?;
        for (seed, epoch) in &ids {
            seeds.entry(*seed).or_default().entry(*epoch).or_default();
        }
        for (j, name) in names
            .iter()
            .enumerate()
            .filter(|(_, n)| !["seed", "epoch"].contains(&n.as_str()))
        {
            let values = column(j)?;
            if values.len() != ids.len() {
                return Err(StoreError::damaged(path, "its columns differ in length"));
            }
            for ((seed, epoch), value) in ids.iter().zip(values) {
                if let Some(value) = value {
                    let row = seeds
                        .get_mut(seed)
                        .and_then(|r| r.get_mut(epoch))
                        .expect("entered above");
                    row.insert(name.clone(), value.double());
                }
            }
        }
    }
    Ok(seeds)
}

/// A number of either type.
#[derive(Clone, Copy)]
enum Cell {
    Integer(i64),
    Double(f64),
}

impl Cell {
    fn double(self) -> f64 {
        match self {
            Cell::Integer(i) => i as f64,
            Cell::Double(x) => x,
        }
    }
}

fn id(cell: Cell) -> Option<u64> {
    match cell {
        Cell::Integer(i) => u64::try_from(i).ok(),
        Cell::Double(_) => None,
    }
}

fn read_column(reader: ColumnReader) -> Result<Vec<Option<Cell>>, ParquetError> {
    match reader {
        ColumnReader::Int64ColumnReader(mut r) => gather(
            |defs, values| r.read_records(BATCH, Some(defs), None, values),
            Cell::Integer,
        ),
        ColumnReader::DoubleColumnReader(mut r) => gather(
            |defs, values| r.read_records(BATCH, Some(defs), None, values),
            Cell::Double,
        ),
        _ => Err(ParquetError::General(
            "a column is neither int64 nor double".to_owned(),
        )),
    }
}

/// Reads a column batch by batch, so that a size claimed by the file is never reserved unseen.
fn gather<T: Copy>(
    mut next: impl FnMut(&mut Vec<i16>, &mut Vec<T>) -> Result<(usize, usize, usize), ParquetError>,
    cell: fn(T) -> Cell,
) -> Result<Vec<Option<Cell>>, ParquetError> {
    let mut out = Vec::new();
    loop {
        let (mut present, mut values) = (Vec::new(), Vec::new());
        let (records, read, _) = next(&mut present, &mut values)?;
        if records == 0 {
            return Ok(out);
        }
        let mut values = values[..read].iter().map(|v| cell(*v));
        if present.is_empty() {
            out.extend(values.map(Some));
        } else {
            out.extend(
                present
                    .iter()
                    .map(|d| if *d == 0 { None } else { values.next() }),
            );
        }
    }
}

fn check_format(path: &Utf8Path, reader: &SerializedFileReader<File>) -> Result<(), StoreError> {
    match noted(reader, FORMAT_KEY).map(str::parse::<u64>) {
        Some(Ok(found)) if found > FORMAT => Err(Kind::Newer {
            file: path.to_owned(),
            found,
            known: FORMAT,
        }
        .into()),
        Some(Ok(_)) => Ok(()),
        _ => Err(StoreError::damaged(
            path,
            "it is a Parquet file, but none of dunwu's: there is no `dunwu.format`",
        )),
    }
}

/// The readings as a curve.
pub(crate) fn to_curve(readings: &Readings) -> Curve {
    let mut curve = Curve::default();
    for (epoch, row) in readings {
        for (column, value) in row {
            curve.set(*epoch, column, *value);
        }
    }
    curve
}
