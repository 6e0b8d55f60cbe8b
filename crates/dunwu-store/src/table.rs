//! Tables of typed columns as Parquet: the parts of a sweep.

use crate::error::{Kind, StoreError};
use crate::files;
use crate::seal::{is_whole, seal};
use camino::Utf8Path;
use parquet::basic::{Compression, Repetition, ZstdLevel};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Version of tables. Readers refuse a larger one.
pub const TABLE_FORMAT: u64 = 1;

/// Rows that are read at once.
const BATCH: usize = 16_384;

/// Metadata: the version of the format, and what the table holds.
const FORMAT_KEY: &str = "dunwu.table.format";
const KIND_KEY: &str = "dunwu.table.kind";

/// The values of a column, one a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Whole numbers, where there are any.
    Integer(Vec<Option<i64>>),
    /// Lists of whole numbers.
    Integers(Vec<Vec<i64>>),
    /// Numbers, where there are any.
    Real(Vec<Option<f64>>),
    /// Lists of numbers.
    Reals(Vec<Vec<f64>>),
    /// Texts, where there are any.
    Text(Vec<Option<String>>),
}

impl Column {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Column::Integer(v) => v.len(),
            Column::Integers(v) => v.len(),
            Column::Real(v) => v.len(),
            Column::Reals(v) => v.len(),
            Column::Text(v) => v.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// As many rows without a value, of the same type.
    fn blank(&self, rows: usize) -> Column {
        match self {
            Column::Integer(_) => Column::Integer(vec![None; rows]),
            Column::Integers(_) => Column::Integers(vec![vec![]; rows]),
            Column::Real(_) => Column::Real(vec![None; rows]),
            Column::Reals(_) => Column::Reals(vec![vec![]; rows]),
            Column::Text(_) => Column::Text(vec![None; rows]),
        }
    }

    /// Adds the rows of a column of the same type; false if it is of another.
    fn extend(&mut self, later: Column) -> bool {
        match (self, later) {
            (Column::Integer(a), Column::Integer(b)) => a.extend(b),
            (Column::Integers(a), Column::Integers(b)) => a.extend(b),
            (Column::Real(a), Column::Real(b)) => a.extend(b),
            (Column::Reals(a), Column::Reals(b)) => a.extend(b),
            (Column::Text(a), Column::Text(b)) => a.extend(b),
            _ => return false,
        }
        true
    }

    fn field(&self, name: &str) -> String {
        match self {
            Column::Integer(_) => format!("optional int64 {name};\n"),
            Column::Real(_) => format!("optional double {name};\n"),
            Column::Text(_) => format!("optional binary {name} (UTF8);\n"),
            Column::Integers(_) => list_field(name, "int64"),
            Column::Reals(_) => list_field(name, "double"),
        }
    }
}

fn list_field(name: &str, of: &str) -> String {
    format!("required group {name} (LIST) {{ repeated group list {{ required {of} element; }} }}\n")
}

/// Named columns of one length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    rows: usize,
    columns: BTreeMap<String, Column>,
}

impl Table {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.get(name)
    }

    /// Names and columns, sorted by name.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &Column)> {
        self.columns.iter().map(|(n, c)| (n.as_str(), c))
    }

    /// The texts of a column; none where it is missing or of another type.
    pub fn texts(&self, name: &str) -> &[Option<String>] {
        match self.columns.get(name) {
            Some(Column::Text(values)) => values,
            _ => &[],
        }
    }

    /// The whole numbers of a column; none where it is missing or of another type.
    pub fn integers(&self, name: &str) -> &[Option<i64>] {
        match self.columns.get(name) {
            Some(Column::Integer(values)) => values,
            _ => &[],
        }
    }

    /// A column of numbers, whole ones widened; none where it is missing or holds no numbers.
    pub fn reals(&self, name: &str) -> Vec<Option<f64>> {
        match self.columns.get(name) {
            Some(Column::Real(values)) => values.clone(),
            Some(Column::Integer(values)) => values.iter().map(|v| v.map(|i| i as f64)).collect(),
            _ => vec![],
        }
    }

    /// Puts a column in.
    ///
    /// # Panics
    /// If it has not as many rows as those that are there.
    pub fn insert(&mut self, name: impl Into<String>, column: Column) {
        if self.columns.is_empty() {
            self.rows = column.len();
        }
        assert_eq!(
            column.len(),
            self.rows,
            "columns of a table have one length"
        );
        self.columns.insert(name.into(), column);
    }

    /// Adds the rows of another table; columns that one of them lacks are filled up with nothing.
    ///
    /// # Errors
    /// The name of a column that is of another type there.
    pub fn append(&mut self, later: Table) -> Result<(), String> {
        let (before, after) = (self.rows, self.rows + later.rows);
        for (name, column) in later.columns {
            let mine = self
                .columns
                .entry(name.clone())
                .or_insert_with(|| column.blank(before));
            if !mine.extend(column) {
                return Err(name);
            }
        }
        for column in self.columns.values_mut() {
            let missing = column.blank(after - column.len());
            column.extend(missing);
        }
        self.rows = after;
        Ok(())
    }

    /// The rows that `keep` holds, in their order.
    #[must_use]
    pub fn select(&self, keep: &[usize]) -> Table {
        fn pick<T: Clone>(values: &[T], keep: &[usize]) -> Vec<T> {
            keep.iter().map(|i| values[*i].clone()).collect()
        }
        let column = |c: &Column| match c {
            Column::Integer(v) => Column::Integer(pick(v, keep)),
            Column::Integers(v) => Column::Integers(pick(v, keep)),
            Column::Real(v) => Column::Real(pick(v, keep)),
            Column::Reals(v) => Column::Reals(pick(v, keep)),
            Column::Text(v) => Column::Text(pick(v, keep)),
        };
        Table {
            rows: keep.len(),
            columns: self
                .columns
                .iter()
                .map(|(n, c)| (n.clone(), column(c)))
                .collect(),
        }
    }
}

/// Writes a table of that kind, whole or not at all.
///
/// # Errors
/// A file that cannot be written.
pub(crate) fn write(path: &Utf8Path, kind: &str, table: &Table) -> Result<(), StoreError> {
    let bytes = encode(kind, table, TABLE_FORMAT)
        .map_err(|e| StoreError::io("write", path, std::io::Error::other(e)))?;
    files::write_atomic(path, &seal(bytes))
}

fn encode(kind: &str, table: &Table, format: u64) -> Result<Vec<u8>, ParquetError> {
    let fields: String = table.columns.iter().map(|(n, c)| c.field(n)).collect();
    let schema = parse_message_type(&format!("message {kind} {{ {fields} }}"))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_key_value_metadata(Some(vec![
            KeyValue::new(FORMAT_KEY.to_owned(), format.to_string()),
            KeyValue::new(KIND_KEY.to_owned(), kind.to_owned()),
        ]))
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for column in table.columns.values() {
        match column {
            Column::Integer(v) => optional::<Int64Type>(&mut group, v.iter().copied())?,
            Column::Real(v) => optional::<DoubleType>(&mut group, v.iter().copied())?,
            Column::Text(v) => {
                let bytes = |t: &Option<String>| t.as_deref().map(ByteArray::from);
                optional::<ByteArrayType>(&mut group, v.iter().map(bytes))?;
            }
            Column::Integers(v) => lists::<Int64Type>(&mut group, v)?,
            Column::Reals(v) => lists::<DoubleType>(&mut group, v)?,
        }
    }
    group.close()?;
    writer.into_inner()
}

fn optional<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    rows: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let (mut values, mut present) = (Vec::new(), Vec::new());
    for value in rows {
        present.push(i16::from(value.is_some()));
        values.extend(value);
    }
    let mut column = group.next_column()?.expect("the schema has this column");
    column
        .typed::<T>()
        .write_batch(&values, Some(&present), None)?;
    column.close()
}

/// Lists: an element that begins a row has repetition level 0, a row without elements has definition level 0.
fn lists<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    rows: &[Vec<T::T>],
) -> Result<(), ParquetError> {
    let (mut values, mut present, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        present.extend(std::iter::repeat_n(
            i16::from(!row.is_empty()),
            row.len().max(1),
        ));
        repeated.push(0);
        repeated.extend(std::iter::repeat_n(1, row.len().saturating_sub(1)));
        values.extend(row.iter().cloned());
    }
    let mut column = group.next_column()?.expect("the schema has this column");
    column
        .typed::<T>()
        .write_batch(&values, Some(&present), Some(&repeated))?;
    column.close()
}

/// Reads a table of that kind; of `wanted` columns only, if any are named. Columns that it lacks are left out.
///
/// # Errors
/// A file that cannot be read, is damaged, newer, or of another kind.
pub(crate) fn read(
    path: &Utf8Path,
    kind: &str,
    wanted: Option<&[&str]>,
) -> Result<Table, StoreError> {
    let bytes = files::read(path)?;
    // Before anything is decoded: the library panics at some wrong pages.
    if !is_whole(&bytes, FORMAT_KEY) {
        let why = "its bytes are not those that were written: it was cut short or changed";
        return Err(StoreError::damaged(path, why));
    }
    let damaged = |e: ParquetError| StoreError::damaged(path, e.to_string());
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).map_err(damaged)?;
    check(path, kind, &reader)?;
    decode(&reader, wanted).map_err(damaged)
}

fn check<R: parquet::file::reader::ChunkReader + 'static>(
    path: &Utf8Path,
    kind: &str,
    reader: &SerializedFileReader<R>,
) -> Result<(), StoreError> {
    let noted = |key: &str| {
        let all = reader.metadata().file_metadata().key_value_metadata()?;
        all.iter().find(|kv| kv.key == key)?.value.clone()
    };
    match noted(FORMAT_KEY).map(|f| f.parse::<u64>()) {
        Some(Ok(found)) if found > TABLE_FORMAT => {
            return Err(Kind::Newer {
                file: path.to_owned(),
                found,
                known: TABLE_FORMAT,
            }
            .into());
        }
        Some(Ok(_)) => {}
        _ => return Err(StoreError::damaged(path, "it is none of dunwu's tables")),
    }
    match noted(KIND_KEY) {
        Some(found) if found == kind => Ok(()),
        found => {
            let found = found.unwrap_or_else(|| "nothing".to_owned());
            let why = format!("it holds {found}, not {kind}");
            Err(StoreError::damaged(path, why))
        }
    }
}

fn decode<R: parquet::file::reader::ChunkReader + 'static>(
    reader: &SerializedFileReader<R>,
    wanted: Option<&[&str]>,
) -> Result<Table, ParquetError> {
    let mut table = Table::default();
    for i in 0..reader.num_row_groups() {
        let group = reader.get_row_group(i)?;
        let mut part = Table {
            rows: usize::try_from(group.metadata().num_rows()).unwrap_or(0),
            columns: BTreeMap::new(),
        };
        for (j, about) in group.metadata().columns().iter().enumerate() {
            let name = about.column_path().parts()[0].clone();
            if wanted.is_some_and(|w| !w.contains(&name.as_str())) {
                continue;
            }
            let root = reader.metadata().file_metadata().schema().get_fields()[j].clone();
            let list = root.get_basic_info().repetition() == Repetition::REQUIRED;
            let column = column(group.get_column_reader(j)?, list)?;
            if column.len() != part.rows {
                return Err(ParquetError::General(format!(
                    "column {name} has a wrong length"
                )));
            }
            part.columns.insert(name, column);
        }
        table
            .append(part)
            .map_err(|name| ParquetError::General(format!("column {name} has two types")))?;
    }
    Ok(table)
}

fn column(reader: ColumnReader, list: bool) -> Result<Column, ParquetError> {
    Ok(match (reader, list) {
        (ColumnReader::Int64ColumnReader(r), false) => Column::Integer(gather(r)?),
        (ColumnReader::DoubleColumnReader(r), false) => Column::Real(gather(r)?),
        (ColumnReader::ByteArrayColumnReader(r), false) => {
            let text = |b: ByteArray| b.as_utf8().map(str::to_owned);
            let values = gather(r)?.into_iter().map(|b| b.map(text).transpose());
            Column::Text(values.collect::<Result<_, _>>()?)
        }
        (ColumnReader::Int64ColumnReader(r), true) => Column::Integers(gather_lists(r)?),
        (ColumnReader::DoubleColumnReader(r), true) => Column::Reals(gather_lists(r)?),
        _ => {
            return Err(ParquetError::General(
                "a column has no known type".to_owned(),
            ));
        }
    })
}

/// Reads a column batch by batch, so that a size claimed by the file is never reserved unseen.
fn gather<T: DataType>(mut reader: ColumnReaderImpl<T>) -> Result<Vec<Option<T::T>>, ParquetError> {
    let mut out = Vec::new();
    loop {
        let (mut present, mut values) = (Vec::new(), Vec::new());
        let (records, ..) = reader.read_records(BATCH, Some(&mut present), None, &mut values)?;
        if records == 0 {
            return Ok(out);
        }
        let mut values = values.into_iter();
        out.extend(
            present
                .iter()
                .map(|d| (*d > 0).then(|| values.next()).flatten()),
        );
    }
}

fn gather_lists<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
) -> Result<Vec<Vec<T::T>>, ParquetError> {
    let mut out: Vec<Vec<T::T>> = Vec::new();
    loop {
        let (mut present, mut repeated, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let (records, ..) =
            reader.read_records(BATCH, Some(&mut present), Some(&mut repeated), &mut values)?;
        if records == 0 {
            return Ok(out);
        }
        let mut values = values.into_iter();
        for (repeats, there) in repeated.iter().zip(&present) {
            if *repeats == 0 {
                out.push(vec![]);
            }
            if *there > 0 {
                let row = out.last_mut().ok_or_else(|| {
                    ParquetError::General("a list begins in the middle".to_owned())
                })?;
                row.extend(values.next());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::default();
        table.insert("seed", Column::Integer(vec![Some(1), None, Some(-3)]));
        table.insert(
            "x",
            Column::Real(vec![None, Some(0.5), Some(f64::INFINITY)]),
        );
        let texts = ["Z23", "", "S5"].map(|t| Some(t.to_owned()));
        table.insert("task", Column::Text(texts.to_vec()));
        table.insert(
            "epoch",
            Column::Integers(vec![vec![0, 1, 2], vec![], vec![7]]),
        );
        table.insert(
            "acc",
            Column::Reals(vec![vec![0.1, 0.2, 0.3], vec![], vec![1.0]]),
        );
        table
    }

    fn file(dir: &tempfile::TempDir) -> camino::Utf8PathBuf {
        camino::Utf8PathBuf::from_path_buf(dir.path().join("t.parquet")).unwrap()
    }

    #[test]
    fn a_table_comes_back_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(&dir);
        write(&path, "runs", &sample()).unwrap();
        assert_eq!(read(&path, "runs", None).unwrap(), sample());
        let some = read(&path, "runs", Some(&["x", "none"])).unwrap();
        assert_eq!(some.columns().map(|c| c.0).collect::<Vec<_>>(), ["x"]);
        assert_eq!(some.rows(), 3);
        let error = read(&path, "curves", None).unwrap_err().to_string();
        assert!(error.contains("it holds runs, not curves"), "{error}");
    }

    #[test]
    fn a_file_cut_short_anywhere_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(&dir);
        write(&path, "runs", &sample()).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(read(&path, "runs", None).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn a_newer_table_is_refused_by_its_format() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(&dir);
        let bytes = seal(encode("runs", &sample(), TABLE_FORMAT + 1).unwrap());
        std::fs::write(&path, bytes).unwrap();
        let error = read(&path, "runs", None).unwrap_err();
        assert!(
            error.to_string().contains("has format 2") && !error.is_damaged(),
            "{error}"
        );
    }

    #[test]
    fn appending_fills_up_what_is_missing() {
        let mut table = sample();
        let mut later = Table::default();
        later.insert("seed", Column::Integer(vec![Some(9)]));
        later.insert("lr", Column::Real(vec![Some(1e-3)]));
        table.append(later).unwrap();
        assert_eq!(table.rows(), 4);
        assert_eq!(table.reals("lr"), [None, None, None, Some(1e-3)]);
        assert_eq!(table.texts("task")[3], None);
        let mut wrong = Table::default();
        wrong.insert("seed", Column::Real(vec![Some(1.0)]));
        assert_eq!(table.append(wrong).unwrap_err(), "seed");
        assert_eq!(sample().select(&[2]).integers("seed"), [Some(-3)]);
    }
}
