//! The arguments of `tables` and `structure`.

use std::path::PathBuf;

use clap::{Args as Arguments, ValueEnum};

use super::{By, Filter, Imported, Source, instant};
use crate::publish::{Agency, Form, Table};

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Tables {
    #[command(flatten)]
    pub(in crate::cli) source: Source,
    #[command(flatten)]
    pub(in crate::cli) filter: Filter,
    /// Which table
    #[arg(long, value_name = "TABLE")]
    pub(in crate::cli) what: What,
    /// The file to write; one of this name is replaced. The ending says how: .parquet, .csv, or .sdmx.csv for SDMX-CSV 2.0
    #[arg(id = "tables_out", short = 'o', long = "out", value_name = "FILE")]
    pub(in crate::cli) out: PathBuf,
    /// How to write it, whatever the file's ending
    #[arg(id = "tables_form", long = "form", value_name = "FORM")]
    pub(in crate::cli) form: Option<FormName>,
    /// For measures: a row for each of these; without it, one row for all
    #[arg(id = "tables_by", long = "by", value_name = "BY")]
    pub(in crate::cli) by: Option<By>,
    /// Whether slots that only imported history settles stand apart or are counted
    #[arg(long, value_name = "HOW", default_value = "apart")]
    pub(in crate::cli) imported: Imported,
    /// As of this instant (RFC 3339), for instance 2021-10-12T12:00:00+08:00; else when the last entry was received
    #[arg(id = "tables_as_of", long = "as-of", value_name = "INSTANT", value_parser = instant)]
    pub(in crate::cli) as_of: Option<i64>,
    /// Begin a .csv with a byte order mark, so that Excel reads it as UTF-8
    #[arg(long)]
    pub(in crate::cli) bom: bool,
    /// The agency that SDMX structures are named under
    #[arg(long, value_name = "ID", default_value = "GRANARY", value_parser = agency)]
    pub(in crate::cli) agency: Agency,
}

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Structure {
    #[command(flatten)]
    pub(in crate::cli) source: Source,
    /// The SDMX-JSON 2.0 file to write; one of this name is replaced
    #[arg(id = "structure_out", short = 'o', long = "out", value_name = "FILE")]
    pub(in crate::cli) out: PathBuf,
    /// The agency that SDMX structures are named under
    #[arg(long, value_name = "ID", default_value = "GRANARY", value_parser = agency)]
    pub(in crate::cli) agency: Agency,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum What {
    Series,
    Vintages,
    Slots,
    Findings,
    Measures,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum FormName {
    Parquet,
    Csv,
    SdmxCsv,
}

impl What {
    pub(in crate::cli) const fn table(self) -> Table {
        match self {
            Self::Series => Table::Series,
            Self::Vintages => Table::Vintages,
            Self::Slots => Table::Slots,
            Self::Findings => Table::Findings,
            Self::Measures => Table::Measures,
        }
    }
}

impl FormName {
    pub(in crate::cli) const fn form(self) -> Form {
        match self {
            Self::Parquet => Form::Parquet,
            Self::Csv => Form::Csv,
            Self::SdmxCsv => Form::SdmxCsv,
        }
    }
}

fn agency(text: &str) -> Result<Agency, String> {
    Agency::new(text).map_err(|error| error.to_string())
}
