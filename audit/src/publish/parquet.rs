//! Apache Parquet (format 2, <https://parquet.apache.org/docs/file-format/>), by the crate's column writers.
//!
//! Texts are UTF-8 with dictionaries, instants INT64 TIMESTAMP(MILLIS, UTC), dates INT32 DATE, figures DECIMAL(38, s) in 16
//! bytes with, beside each, its exact text as `NAME_text`. A figure that has more than s decimals, or more than 38 digits,
//! is null in the DECIMAL column: it is never rounded. Pages are compressed by Snappy, which every reader has.
//!
//! Rows are gathered in memory up to [`ROWS_MAX`] or [`TEXT_BYTES_MAX`] and written as one row group.

use std::{fs::File, io::BufWriter, path::PathBuf, sync::Arc};

use ::parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical},
    data_type::{
        BoolType, ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
        Int64Type,
    },
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::WriterProperties,
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::types::Type,
};
use granary_core::decimal::Decimal;

use super::{
    Aside, Cell, Column, PublishError,
    column::{Kind, days_since_1970},
    file::failed,
};

/// The most rows of a row group.
const ROWS_MAX: usize = 100_000;
/// The most bytes of text that wait for a row group to be written.
const TEXT_BYTES_MAX: usize = 64 << 20;
/// The digits of a DECIMAL, which is what 16 bytes hold.
const PRECISION: u8 = 38;
const DECIMAL_BYTES: i32 = 16;

/// Writes the rows of a table. Owned by the table that is being written.
pub(super) struct ParquetSink {
    writer: SerializedFileWriter<BufWriter<File>>,
    path: PathBuf,
    stores: Vec<Store>,
    rows: usize,
    text_bytes: usize,
}

/// The values of a table's column that wait for their row group.
struct Store {
    leaf: Leaf,
    /// Of a figure, its exact text.
    text: Option<Leaf>,
}

/// A column of the file.
struct Leaf {
    values: Values,
    /// 1 for a value, 0 for an absent one; not kept where none may be absent.
    levels: Option<Vec<i16>>,
}

enum Values {
    Texts(Vec<ByteArray>),
    Longs(Vec<i64>),
    Days(Vec<i32>),
    Flags(Vec<bool>),
    /// With the decimals of the column.
    Decimals(Vec<FixedLenByteArray>, u8),
}

impl ParquetSink {
    /// Begins a file whose footer states `facts`.
    pub(super) fn new(
        columns: &[Column],
        facts: &[(&str, String)],
        aside: &Aside,
    ) -> Result<Self, PublishError> {
        let schema = schema(columns).map_err(|error| aside.error(&error))?;
        let facts = facts
            .iter()
            .map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(format!(
                "granary-audit version {}",
                env!("CARGO_PKG_VERSION")
            ))
            .set_key_value_metadata(Some(facts.collect()))
            .build();
        let (schema, properties) = (Arc::new(schema), Arc::new(properties));
        let writer = SerializedFileWriter::new(aside.writer()?, schema, properties);
        Ok(Self {
            writer: writer.map_err(|error| aside.error(&error))?,
            path: aside.name().to_path_buf(),
            stores: columns.iter().map(Store::new).collect(),
            rows: 0,
            text_bytes: 0,
        })
    }

    pub(super) fn row(&mut self, cells: Vec<Cell>) -> Result<(), PublishError> {
        for (store, cell) in self.stores.iter_mut().zip(cells) {
            if let Cell::Text(text) = &cell {
                self.text_bytes += text.len();
            }
            store.push(cell);
        }
        self.rows += 1;
        if self.rows >= ROWS_MAX || self.text_bytes >= TEXT_BYTES_MAX {
            self.write_group()?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), PublishError> {
        if self.rows > 0 {
            self.write_group()?;
        }
        let closed = self.writer.close();
        closed.map(drop).map_err(|error| failed(&self.path, &error))
    }

    fn write_group(&mut self) -> Result<(), PublishError> {
        let written = write_group(&mut self.writer, &mut self.stores);
        self.rows = 0;
        self.text_bytes = 0;
        written.map_err(|error| failed(&self.path, &error))
    }
}

impl Store {
    fn new(column: &Column) -> Self {
        let values = match column.kind {
            Kind::Text => Values::Texts(Vec::new()),
            Kind::Integer | Kind::Instant => Values::Longs(Vec::new()),
            Kind::Day => Values::Days(Vec::new()),
            Kind::Flag => Values::Flags(Vec::new()),
            Kind::Figure { scale } => Values::Decimals(Vec::new(), scale),
        };
        let text = matches!(column.kind, Kind::Figure { .. });
        Self {
            leaf: Leaf::new(values, column.required && !text),
            text: text.then(|| Leaf::new(Values::Texts(Vec::new()), column.required)),
        }
    }

    fn push(&mut self, cell: Cell) {
        if let Some(text) = &mut self.text {
            let exact = if let Cell::Figure(figure) = &cell {
                Cell::Text(figure.to_string())
            } else {
                Cell::Nothing
            };
            text.push(exact);
        }
        self.leaf.push(cell);
    }
}

impl Leaf {
    fn new(values: Values, required: bool) -> Self {
        Self {
            values,
            levels: (!required).then(Vec::new),
        }
    }

    /// Keeps a cell. One that is no value of this column is absent.
    fn push(&mut self, cell: Cell) {
        let kept = self.values.push(cell);
        if let Some(levels) = &mut self.levels {
            levels.push(kept.into());
        }
    }

    /// Writes what waits, and has nothing waiting then.
    fn write(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let levels = self.levels.take();
        let given = levels.as_deref();
        match &mut self.values {
            Values::Texts(values) => {
                let writer = column.typed::<ByteArrayType>();
                writer.write_batch(values, given, None)?;
                values.clear();
            }
            Values::Longs(values) => {
                let writer = column.typed::<Int64Type>();
                writer.write_batch(values, given, None)?;
                values.clear();
            }
            Values::Days(values) => {
                let writer = column.typed::<Int32Type>();
                writer.write_batch(values, given, None)?;
                values.clear();
            }
            Values::Flags(values) => {
                let writer = column.typed::<BoolType>();
                writer.write_batch(values, given, None)?;
                values.clear();
            }
            Values::Decimals(values, _) => {
                let writer = column.typed::<FixedLenByteArrayType>();
                writer.write_batch(values, given, None)?;
                values.clear();
            }
        }
        self.levels = levels.map(|mut levels| {
            levels.clear();
            levels
        });
        Ok(())
    }
}

impl Values {
    /// Whether the cell holds a value.
    fn push(&mut self, cell: Cell) -> bool {
        match (self, cell) {
            (Self::Texts(values), Cell::Text(text)) => {
                values.push(ByteArray::from(text.into_bytes()));
            }
            (Self::Longs(values), Cell::Integer(number) | Cell::Instant(number)) => {
                values.push(number);
            }
            (Self::Days(values), Cell::Day(day)) => values.push(days_since_1970(day)),
            (Self::Flags(values), Cell::Flag(flag)) => values.push(flag),
            (Self::Decimals(values, scale), Cell::Figure(figure)) => {
                let Some(mantissa) = mantissa(figure, *scale) else {
                    return false;
                };
                values.push(mantissa.to_be_bytes().to_vec().into());
            }
            _ => return false,
        }
        true
    }
}

/// The mantissa at the column's scale; `None` where digits would be lost, or there are too many.
fn mantissa(figure: Decimal, scale: u8) -> Option<i128> {
    let mantissa = figure.normalised().rescaled(scale)?.mantissa();
    (mantissa.unsigned_abs() < 10_u128.pow(PRECISION.into())).then_some(mantissa)
}

fn write_group(
    writer: &mut SerializedFileWriter<BufWriter<File>>,
    stores: &mut [Store],
) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    let leaves = stores
        .iter_mut()
        .flat_map(|store| [Some(&mut store.leaf), store.text.as_mut()])
        .flatten();
    for leaf in leaves {
        if let Some(mut column) = group.next_column()? {
            leaf.write(&mut column)?;
            column.close()?;
        }
    }
    group.close().map(drop)
}

/// The schema of the file: a field for each column, and one more for the text of each figure.
fn schema(columns: &[Column]) -> Result<Type, ParquetError> {
    let mut fields = Vec::new();
    for column in columns {
        let is_figure = matches!(column.kind, Kind::Figure { .. });
        fields.push(Arc::new(field(
            column.name,
            column.kind,
            column.required && !is_figure,
        )?));
        if is_figure {
            let name = format!("{}_text", column.name);
            fields.push(Arc::new(field(&name, Kind::Text, column.required)?));
        }
    }
    Type::group_type_builder("granary")
        .with_fields(fields)
        .build()
}

fn field(name: &str, kind: Kind, required: bool) -> Result<Type, ParquetError> {
    let (physical, logical) = match kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Integer => (Physical::INT64, None),
        Kind::Instant => (
            Physical::INT64,
            Some(LogicalType::timestamp(true, TimeUnit::MILLIS)),
        ),
        Kind::Day => (Physical::INT32, Some(LogicalType::Date)),
        Kind::Flag => (Physical::BOOLEAN, None),
        Kind::Figure { scale } => (
            Physical::FIXED_LEN_BYTE_ARRAY,
            Some(LogicalType::decimal(scale.into(), PRECISION.into())),
        ),
    };
    let repetition = if required {
        Repetition::REQUIRED
    } else {
        Repetition::OPTIONAL
    };
    let mut builder = Type::primitive_type_builder(name, physical)
        .with_logical_type(logical)
        .with_repetition(repetition);
    if let Kind::Figure { scale } = kind {
        builder = builder
            .with_length(DECIMAL_BYTES)
            .with_precision(PRECISION.into())
            .with_scale(scale.into());
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use ::parquet::file::reader::{FileReader as _, SerializedFileReader};

    use super::*;
    use crate::publish::column::{always, maybe};

    /// The rows of each row group of a table of these texts.
    fn groups(texts: impl Iterator<Item = String>) -> Vec<i64> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.parquet");
        let columns = [always("number", Kind::Integer), maybe("text", Kind::Text)];
        let aside = Aside::create(&path).unwrap();
        let mut sink = ParquetSink::new(&columns, &[], &aside).unwrap();
        for (number, text) in (0..).zip(texts) {
            let row = vec![Cell::Integer(number), Cell::words(text)];
            sink.row(row).unwrap();
        }
        sink.finish().unwrap();
        aside.keep().unwrap();
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        let groups = reader.metadata().row_groups().iter();
        groups.map(|group| group.num_rows()).collect()
    }

    #[test]
    fn row_groups_are_bounded() {
        let short = (0..250_000).map(|n| {
            if n % 2 == 0 {
                "x".into()
            } else {
                String::new()
            }
        });
        assert_eq!(groups(short), [100_000, 100_000, 50_000]);
        let long = (0..70).map(|_| "x".repeat(1 << 20));
        assert_eq!(groups(long), [64, 6]);
        assert_eq!(groups(std::iter::empty()), [0_i64; 0]);
    }

    #[test]
    fn a_figure_that_does_not_fit_is_never_rounded() {
        let check = |figure: &str, scale, expected| {
            let figure = Decimal::parse(figure).unwrap();
            assert_eq!(mantissa(figure, scale), expected);
        };
        check("12.5", 2, Some(1_250));
        check("-12.50", 1, Some(-125));
        check("12.55", 1, None);
        check("0", 0, Some(0));
        let most = 10_i128.pow(38) - 1;
        let whole = |mantissa| Decimal::new(mantissa, 0).unwrap();
        assert_eq!(mantissa(whole(most), 0), Some(most));
        assert_eq!(mantissa(whole(most + 1), 0), None);
    }
}
