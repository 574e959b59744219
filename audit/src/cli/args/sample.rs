//! The arguments of `sample announce`, `draw`, `record` and `estimate`.

use std::path::PathBuf;

use clap::{Args as Arguments, Subcommand, ValueEnum};
use granary_core::{
    code::{DatasetCode, IndicatorCode, ItemKey, UnitCode},
    decimal::Decimal,
    ledger::sampling::{Allocation, Kind, Method, Strata, VisitResult},
    period::Period,
};

use super::{Source, instant};

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Sample {
    #[command(subcommand)]
    pub(in crate::cli) task: SampleTask,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SampleTask {
    /// Fix the frame, the design and the seal, before anybody can know what will be drawn
    Announce(Box<Announce>),
    /// Compute the draw from the journal, and compare it with the one stated there
    Draw(Draw),
    /// Record what was found at one element that was drawn
    Record(Box<Record>),
    /// Estimate the whole from the visits
    Estimate(Estimate),
}

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Announce {
    #[command(flatten)]
    pub(in crate::cli) source: Source,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) title: String,
    /// What is drawn: slots, or single observations
    #[arg(
        id = "sample_kind",
        long = "kind",
        value_name = "KIND",
        default_value = "observations"
    )]
    pub(in crate::cli) kind: SampleKind,
    /// The datasets
    #[arg(
        id = "sample_dataset",
        long = "dataset",
        value_name = "CODE",
        value_delimiter = ',',
        required = true
    )]
    pub(in crate::cli) dataset: Vec<DatasetCode>,
    /// The periods, as 2021-A1, 2021-S1, 2021-Q3, 2021-M03 or 2021-03-31
    #[arg(
        id = "sample_period",
        long = "period",
        value_name = "PERIOD",
        value_delimiter = ',',
        required = true
    )]
    pub(in crate::cli) period: Vec<Period>,
    /// Of observations, only these indicators; else all
    #[arg(
        id = "sample_indicator",
        long = "indicator",
        value_name = "CODE",
        value_delimiter = ','
    )]
    pub(in crate::cli) indicator: Vec<IndicatorCode>,
    /// Of slots, the indicator whose figure stands for the slot
    #[arg(long, value_name = "CODE")]
    pub(in crate::cli) figure: Option<IndicatorCode>,
    /// Divide the frame into strata
    #[arg(long, value_name = "BY", default_value = "none")]
    pub(in crate::cli) strata: SampleStrata,
    /// With equal probabilities, or in proportion to the size of the figure
    #[arg(long, value_name = "METHOD", default_value = "equal")]
    pub(in crate::cli) method: SampleMethod,
    /// How many elements are drawn
    #[arg(id = "sample_size", long = "size", value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(in crate::cli) size: u32,
    /// Set a stratum's size, as CODE=COUNT (for instance Neyman's); repeat it; else in proportion to elements
    #[arg(long, value_name = "CODE=COUNT", value_delimiter = ',', value_parser = allocation)]
    pub(in crate::cli) allot: Vec<Allocation>,
    /// The seal: the tree of exactly so many entries
    #[arg(
        long,
        value_name = "ENTRIES",
        required_unless_present = "seal_after",
        conflicts_with = "seal_after"
    )]
    pub(in crate::cli) seal_size: Option<u64>,
    /// The seal: the smallest tree whose last entry was received at or after this instant (RFC 3339)
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(in crate::cli) seal_after: Option<i64>,
    /// Where and when a public string will be published, later than the seal, by somebody else: a lottery's numbers
    #[arg(
        long,
        value_name = "TEXT",
        required_unless_present = "agreed",
        conflicts_with = "agreed"
    )]
    pub(in crate::cli) awaited: Option<String>,
    /// A public string that is agreed on already
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) agreed: Option<String>,
    /// Write the frame's lines to this file; sha256sum gives the announced digest
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) frame_out: Option<PathBuf>,
    /// Sign with this key (PKCS #8) and submit to --server; else it is only shown
    #[arg(long, value_name = "FILE", requires = "server", requires = "identity")]
    pub(in crate::cli) sign: Option<PathBuf>,
}

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Draw {
    #[command(flatten)]
    pub(in crate::cli) source: Source,
    /// The log index of the announcement
    #[arg(long, value_name = "INDEX")]
    pub(in crate::cli) sample: u64,
    /// The public string, where it was awaited
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) public: Option<String>,
    /// Write the frame's lines to this file; sha256sum gives the announced digest
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) frame_out: Option<PathBuf>,
    /// Sign with this key (PKCS #8) and state the draw to --server; else it is only shown
    #[arg(
        id = "draw_sign",
        long = "sign",
        value_name = "FILE",
        requires = "server",
        requires = "identity"
    )]
    pub(in crate::cli) sign: Option<PathBuf>,
}

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Record {
    /// The city's address, https://host:port
    #[arg(
        id = "record_server",
        long = "server",
        value_name = "URL",
        env = "GRANARY_SERVER",
        hide_env_values = true
    )]
    pub(in crate::cli) server: String,
    /// Folder with ca.pem, client.pem and client.key
    #[arg(
        id = "record_identity",
        long = "identity",
        value_name = "DIR",
        env = "GRANARY_IDENTITY",
        hide_env_values = true
    )]
    pub(in crate::cli) identity: PathBuf,
    /// The key (PKCS #8) that signs
    #[arg(id = "record_sign", long = "sign", value_name = "FILE")]
    pub(in crate::cli) sign: PathBuf,
    /// The log index of the announcement
    #[arg(long, value_name = "INDEX")]
    pub(in crate::cli) sample: u64,
    /// The unit
    #[arg(id = "record_unit", long = "unit", value_name = "CODE")]
    pub(in crate::cli) unit: UnitCode,
    /// The dataset
    #[arg(id = "record_dataset", long = "dataset", value_name = "CODE")]
    pub(in crate::cli) dataset: DatasetCode,
    /// The period
    #[arg(id = "record_period", long = "period", value_name = "PERIOD")]
    pub(in crate::cli) period: Period,
    /// The indicator, of an observation
    #[arg(id = "record_indicator", long = "indicator", value_name = "CODE")]
    pub(in crate::cli) indicator: Option<IndicatorCode>,
    /// The item, of an observation in an itemised dataset
    #[arg(id = "record_item", long = "item", value_name = "ITEM")]
    pub(in crate::cli) item: Option<ItemKey>,
    /// What was found
    #[arg(long, value_name = "RESULT")]
    pub(in crate::cli) result: Verdict,
    /// The figure that the evidence shows, where the stated one is wrong
    #[arg(long, value_name = "FIGURE", value_parser = Decimal::parse, allow_hyphen_values = true)]
    pub(in crate::cli) verified: Option<Decimal>,
    /// What is to be said about it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(in crate::cli) note: String,
    /// Who was there
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) visitor: String,
    /// When (RFC 3339); else now
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(in crate::cli) visited: Option<i64>,
}

#[derive(Debug, Arguments)]
pub(in crate::cli) struct Estimate {
    #[command(flatten)]
    pub(in crate::cli) source: Source,
    /// The log index of the announcement
    #[arg(long, value_name = "INDEX")]
    pub(in crate::cli) sample: u64,
    /// The public string, where it was awaited and the draw is not stated in the journal
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) public: Option<String>,
    /// The confidence of intervals and bounds, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 95, value_parser = clap::value_parser!(u8).range(50..=99))]
    pub(in crate::cli) confidence: u8,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum SampleKind {
    Slots,
    Observations,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum SampleStrata {
    None,
    Unit,
    Level,
    Department,
    Dataset,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum SampleMethod {
    Equal,
    BySize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum Verdict {
    Confirmed,
    Wrong,
    NoEvidence,
}

impl SampleKind {
    pub(in crate::cli) const fn core(self) -> Kind {
        match self {
            Self::Slots => Kind::Slots,
            Self::Observations => Kind::Observations,
        }
    }
}

impl SampleStrata {
    pub(in crate::cli) const fn core(self) -> Strata {
        match self {
            Self::None => Strata::None,
            Self::Unit => Strata::Unit,
            Self::Level => Strata::Level,
            Self::Department => Strata::Department,
            Self::Dataset => Strata::Dataset,
        }
    }
}

impl SampleMethod {
    pub(in crate::cli) const fn core(self) -> Method {
        match self {
            Self::Equal => Method::Equal,
            Self::BySize => Method::BySize,
        }
    }
}

impl Verdict {
    pub(in crate::cli) const fn core(self) -> VisitResult {
        match self {
            Self::Confirmed => VisitResult::Confirmed,
            Self::Wrong => VisitResult::Wrong,
            Self::NoEvidence => VisitResult::NoEvidence,
        }
    }
}

fn allocation(text: &str) -> Result<Allocation, String> {
    let parts = text.rsplit_once('=');
    let parsed = parts.and_then(|(stratum, size)| {
        Some(Allocation {
            stratum: stratum.to_owned(),
            size: size.parse().ok().filter(|size| *size > 0)?,
        })
    });
    parsed.ok_or_else(|| "write CODE=COUNT".to_owned())
}
