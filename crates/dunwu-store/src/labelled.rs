//! Tables of features with a label, from CSV or Parquet.

use crate::error::StoreError;
use camino::Utf8Path;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use std::fs::File;

/// Rows of numbers, each with the number of its class.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// Names of the features, d of them.
    pub names: Vec<String>,
    /// n × d, row-major.
    pub features: Vec<f64>,
    /// Class of each row.
    pub labels: Vec<u32>,
    /// What stands in the file for each class: sorted as numbers if all are, else as text.
    pub classes: Vec<String>,
}

/// Largest file that is read.
const MOST_BYTES: u64 = 4 << 30;

/// Reads a CSV file with a header line, or a Parquet file (by its ending), of one label and any number of features.
///
/// # Errors
/// A file that cannot be read or is larger than 4 GiB; no column of that name; no other column; no row; a
/// feature that is missing or no finite number.
pub fn read_labelled(path: &Utf8Path, label: &str) -> Result<Labelled, StoreError> {
    let metadata = std::fs::metadata(path).map_err(|e| StoreError::io("read", path, e))?;
    if !metadata.is_file() {
        return Err(StoreError::table(path, "it is no regular file"));
    }
    if metadata.len() > MOST_BYTES {
        return Err(StoreError::table(path, "it is larger than 4 GiB"));
    }
    match path.extension() {
        Some("parquet") => from_parquet(path, label),
        _ => from_csv(path, label),
    }
}

/// Gathers rows as they are read.
struct Gathering<'a> {
    path: &'a Utf8Path,
    names: Vec<String>,
    /// Place of the label among the columns.
    label: usize,
    features: Vec<f64>,
    written: Vec<String>,
}

impl<'a> Gathering<'a> {
    fn new(path: &'a Utf8Path, columns: Vec<String>, label: &str) -> Result<Self, StoreError> {
        let place = columns.iter().position(|c| c == label).ok_or_else(|| {
            let known = columns.join(", ");
            StoreError::table(
                path,
                format!("there is no column `{label}`; its columns are {known}"),
            )
        })?;
        let mut names = columns;
        names.remove(place);
        if names.is_empty() {
            return Err(StoreError::table(
                path,
                format!("`{label}` is its only column, so there are no features"),
            ));
        }
        Ok(Self {
            path,
            names,
            label: place,
            features: vec![],
            written: vec![],
        })
    }

    /// Takes the fields of one row; `line` counts as a person does.
    fn take(
        &mut self,
        line: usize,
        fields: impl Iterator<Item = String>,
    ) -> Result<(), StoreError> {
        let mut feature = 0;
        for (i, field) in fields.enumerate() {
            if i == self.label {
                if field.is_empty() {
                    let why = format!("line {line}: the label is missing");
                    return Err(StoreError::table(self.path, why));
                }
                self.written.push(field);
                continue;
            }
            let number = field.parse().ok().filter(|x: &f64| x.is_finite());
            self.features.push(number.ok_or_else(|| {
                let name = &self.names[feature];
                let why = format!(
                    "line {line}, column `{name}`: {} no finite number",
                    if field.is_empty() {
                        "an empty cell is".to_owned()
                    } else {
                        format!("`{field}` is")
                    }
                );
                StoreError::table(self.path, why)
            })?);
            feature += 1;
        }
        Ok(())
    }

    fn finish(self) -> Result<Labelled, StoreError> {
        if self.written.is_empty() {
            return Err(StoreError::table(self.path, "it has no row"));
        }
        let number = |s: &String| s.parse::<f64>().ok().filter(|x| x.is_finite());
        let mut classes = self.written.clone();
        if classes.iter().all(|c| number(c).is_some()) {
            classes.sort_by(|a, b| number(a).partial_cmp(&number(b)).expect("all are finite"));
        } else {
            classes.sort();
        }
        classes.dedup();
        let places: std::collections::BTreeMap<&String, u32> = classes.iter().zip(0..).collect();
        Ok(Labelled {
            labels: self.written.iter().map(|c| places[c]).collect(),
            names: self.names,
            features: self.features,
            classes,
        })
    }
}

fn from_csv(path: &Utf8Path, label: &str) -> Result<Labelled, StoreError> {
    let damaged = |e: csv::Error| match e.kind() {
        csv::ErrorKind::UnequalLengths {
            pos: Some(at),
            expected_len,
            len,
        } => StoreError::table(
            path,
            format!(
                "line {}: {len} fields, but the header has {expected_len}",
                at.line()
            ),
        ),
        _ => StoreError::table(path, e.to_string()),
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_path(path)
        .map_err(damaged)?;
    let header = reader.headers().map_err(damaged)?;
    let columns = header
        .iter()
        .map(|c| c.trim_start_matches('\u{feff}').to_owned())
        .collect();
    let mut rows = Gathering::new(path, columns, label)?;
    for record in reader.records() {
        let record = record.map_err(damaged)?;
        let line = record.position().map_or(0, |p| p.line() as usize);
        rows.take(line, record.iter().map(str::to_owned))?;
    }
    rows.finish()
}

fn from_parquet(path: &Utf8Path, label: &str) -> Result<Labelled, StoreError> {
    let damaged = |e: ParquetError| StoreError::table(path, e.to_string());
    let file = File::open(path).map_err(|e| StoreError::io("read", path, e))?;
    let reader = SerializedFileReader::new(file).map_err(damaged)?;
    let schema = reader.metadata().file_metadata().schema();
    let columns = schema.get_fields().iter().map(|f| f.name().to_owned());
    let mut rows = Gathering::new(path, columns.collect(), label)?;
    for (i, row) in reader.get_row_iter(None).map_err(damaged)?.enumerate() {
        rows.take(i + 1, written(&row.map_err(damaged)?))?;
    }
    rows.finish()
}

/// The fields of a row as text that reads back as the same number.
fn written(row: &Row) -> impl Iterator<Item = String> {
    row.get_column_iter().map(|(_, field)| match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Float(x) => f64::from(*x).to_string(),
        Field::Double(x) => x.to_string(),
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use std::sync::Arc;

    fn csv(text: &str, label: &str) -> Result<Labelled, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(dir.path()).unwrap().join("table.csv");
        std::fs::write(&path, text).unwrap();
        read_labelled(&path, label).map_err(|e| e.to_string())
    }

    #[test]
    fn classes_are_sorted_as_numbers_or_as_text() {
        let table = csv(
            "a,kind,b\n# a comment\n1,10,2.5\n-3,9,4e1\n0,10,0\n",
            "kind",
        )
        .unwrap();
        assert_eq!(table.classes, ["9", "10"]);
        assert_eq!(table.labels, [1, 0, 1]);
        assert_eq!(table.names, ["a", "b"]);
        assert_eq!(table.features, [1.0, 2.5, -3.0, 40.0, 0.0, 0.0]);
        let table = csv("x,y\n1,dog\n2,cat\n", "y").unwrap();
        assert_eq!(
            (table.classes, table.labels),
            (vec!["cat".into(), "dog".into()], vec![1, 0])
        );
    }

    #[test]
    fn bad_tables_are_refused_by_name_and_line() {
        for (text, label, says) in [
            ("a,b\n1,2\n", "c", "no column `c`; its columns are a, b"),
            ("a\n1\n", "a", "its only column"),
            ("a,y\n", "y", "no row"),
            ("", "y", "no column `y`"),
            (
                "a,y\n1,2\nx,2\n",
                "y",
                "line 3, column `a`: `x` is no finite number",
            ),
            ("a,y\nnan,2\n", "y", "`nan` is no finite number"),
            ("a,y\n1,\n", "y", "line 2: the label is missing"),
            (
                "a,y\n1,2\n1\n",
                "y",
                "line 3: 1 fields, but the header has 2",
            ),
        ] {
            let error = csv(text, label).unwrap_err();
            assert!(error.contains(says), "{text:?}: {error}");
        }
        let missing = read_labelled("no/such.csv".into(), "y").unwrap_err();
        assert!(missing.is_bad_input() && missing.to_string().contains("no/such.csv"));
    }

    /// Two rows: x a number, y a word, z a number that may be missing.
    fn parquet(path: &Utf8Path, z: &[f64], present: &[i16]) {
        let schema =
            "message t { required double x; required binary y (STRING); optional double z; }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let file = File::create(path).unwrap();
        let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        for i in 0..3 {
            let mut column = group.next_column().unwrap().unwrap();
            let words = ["b", "a"].map(ByteArray::from);
            match i {
                0 => column
                    .typed::<DoubleType>()
                    .write_batch(&[0.1, 1.0 / 3.0], None, None),
                1 => column
                    .typed::<ByteArrayType>()
                    .write_batch(&words, None, None),
                _ => column
                    .typed::<DoubleType>()
                    .write_batch(z, Some(present), None),
            }
            .unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
        writer.close().unwrap();
    }

    #[test]
    fn parquet_reads_as_csv_does() {
        let dir = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(dir.path()).unwrap().join("t.parquet");
        parquet(&path, &[2.0, 3.0], &[1, 1]);
        let table = read_labelled(&path, "y").unwrap();
        assert_eq!(
            table,
            csv("x,y,z\n0.1,b,2\n0.3333333333333333,a,3\n", "y").unwrap()
        );
        parquet(&path, &[2.0], &[1, 0]);
        let error = read_labelled(&path, "y").unwrap_err().to_string();
        assert!(
            error.contains("line 2, column `z`: an empty cell is no finite number"),
            "{error}"
        );
        let error = read_labelled(&path, "w").unwrap_err().to_string();
        assert!(error.contains("its columns are x, y, z"), "{error}");
        std::fs::write(&path, b"PAR1 not parquet").unwrap();
        assert!(read_labelled(&path, "y").is_err());
    }
}
