//! The arguments. Their English help stands here, the Chinese in [`super::help`].

mod journal;
mod log;
mod bulletin;
mod calendar;
mod tables;
mod evidence;
mod sample;
mod bulletin_check;
mod witness;

use std::path::PathBuf;

use clap::{Args as Arguments, Parser, Subcommand, ValueEnum};
use granary_core::{
    catalogue::{ComponentCode, DepartmentCode, ScorecardCode},
    code::{DatasetCode, IndicatorCode, ItemKey, UnitCode},
    period::Period,
    text::Language,
};
use granary_proto::v1;
use jiff::{Timestamp, tz::TimeZone};

pub(super) use bulletin::Drawing;
pub(super) use bulletin_check::BulletinCheck;
pub(super) use calendar::Calendar;
pub(super) use evidence::{Accesses, Asking, Evidence, EvidenceTask, Fetching, Files};
pub(super) use journal::{Download, Fsck, Replay, Source};
pub(super) use log::Follow;
pub(super) use sample::{Announce, Draw, Estimate, Record, Sample, SampleTask};
pub(super) use tables::{Structure, Tables, What};
pub(super) use witness::{Enrolled, Quorum, Stand, WitnessTask, Witnessing};

/// Checks receipts offline, and shows who has reported and what does not add up.
#[derive(Debug, Parser)]
#[command(name = "granary-audit", version, disable_help_subcommand = true)]
pub(super) struct Args {
    /// Language of all output: zh or en (else GRANARY_LANG, then LC_ALL, LC_MESSAGES, LANG; else zh)
    #[arg(long, global = true, display_order = 100, value_name = "LANG", value_parser = super::parse_language)]
    pub(super) lang: Option<Language>,
    /// Time zone that instants are shown in
    #[arg(long, global = true, display_order = 100, value_name = "ZONE", default_value = "Asia/Shanghai", value_parser = zone)]
    pub(super) zone: TimeZone,
    /// Write one JSON object instead of text
    #[arg(long, global = true, display_order = 100)]
    pub(super) json: bool,
    /// Widest table, in terminal columns (else COLUMNS; else 160)
    #[arg(long, global = true, display_order = 100, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..))]
    pub(super) width: Option<u16>,
    #[command(subcommand)]
    pub(super) task: Task,
}

#[derive(Debug, Subcommand)]
pub(super) enum Task {
    /// Verify a receipt or a checkpoint offline, from the log's public key alone
    Verify(Verify),
    /// Count who has reported, in time or late, who has not, and the two rates
    Completeness(Completeness),
    /// Compute the measures of reporting quality: rates, lateness, acceptance, findings, revisions, use of the system
    Measures(Measures),
    /// List the rules that are false on current figures, and the units' explanations
    Findings(Findings),
    /// Apply the detectors to one period: what is unusual, and how many flags chance alone would give
    Screen(Screen),
    /// Judge all current figures of a dataset by every edit, and count the verdicts
    Recheck(Recheck),
    /// List slots with their states
    Slots(Slots),
    /// Read one indicator's series, as known at an instant or with all vintages
    Series(Series),
    /// Draw up a scorecard's league table: scores, ranks, bands, flags
    League(League),
    /// Account for one unit's score, down to every slot and finding
    Explain(Explain),
    /// List the progress towards a year's targets, beside elapsed time
    Targets(Targets),
    /// List the open slots that will probably be late, the most endangered first, and why
    Risk(Risk),
    /// Show how many reports of one period are expected by when, and how many have arrived
    Arrivals(Arrivals),
    /// Replay history: how good the warnings were, beside the base rate
    Calibrate(Calibrate),
    /// Show what is due in a year, moved from where and why, and write it for an office calendar
    Calendar(Calendar),
    /// Take the edits of a catalogue elsewhere
    Rules(Rules),
    /// Download the journal with its payloads into one file, as far as the newest checkpoint covers it
    Export(Download),
    /// Check such a file from end to end, fold it again, and count what is in it
    Replay(Replay),
    /// Check a city's data folder from end to end, also while its server runs; writes nothing
    Fsck(Fsck),
    /// Follow the log from outside: check every new entry, and that it begins with the head that was kept
    Log(Follow),
    /// Write figures, slots, findings or measures as Parquet, CSV or SDMX-CSV, for other programs
    Tables(Box<Tables>),
    /// Write the catalogue as an SDMX structure message (SDMX-JSON 2.0)
    Structure(Structure),
    /// Verify at random: announce a sample, draw it so that nobody can steer it, record visits, estimate the whole
    Sample(Sample),
    /// Stand as a witness of the log: check that it only grows, then cosign its heads (c2sp.org/tlog-witness)
    Witness(Witnessing),
    /// Draw a period's bulletin as PDF, XLSX or HTML
    Bulletin(Box<Drawing>),
    /// Ask units for the evidence that their snapshots name, and check it against the digests there
    Evidence(Evidence),
    /// List who read what, and check that no line was altered or removed
    Access(Accesses),
    /// Compute a published bulletin again from an exported journal, and compare byte for byte
    BulletinCheck(BulletinCheck),
}

#[derive(Debug, Arguments)]
pub(super) struct Rules {
    #[command(subcommand)]
    pub(super) task: RulesTask,
}

#[derive(Debug, Subcommand)]
pub(super) enum RulesTask {
    /// Write the edits as VTL 2.2 rulesets, with the data and a comparison, for somebody else's engine
    #[command(name = "export")]
    Export(Export),
}

#[derive(Debug, Arguments)]
pub(super) struct Export {
    /// The folder with the catalogue's TOML files
    #[arg(long, value_name = "FOLDER")]
    pub(super) vtl: PathBuf,
    /// The folder to write; it must not exist, or be empty
    #[arg(short, long, value_name = "FOLDER")]
    pub(super) out: PathBuf,
    /// Figures as CSV (unit, dataset, period, indicator, value), a file or a folder of them; repeat it for more
    #[arg(long, value_name = "PATH")]
    pub(super) data: Vec<PathBuf>,
    /// Take the figures from this city, https://host:port
    #[arg(
        id = "figures_server",
        long = "server",
        value_name = "URL",
        requires = "figures_identity"
    )]
    pub(super) server: Option<String>,
    /// Folder with ca.pem, client.pem and client.key, for --server
    #[arg(
        id = "figures_identity",
        long = "identity",
        value_name = "DIR",
        requires = "figures_server"
    )]
    pub(super) identity: Option<PathBuf>,
    /// With --server: as of this instant (RFC 3339), for instance 2021-10-12T12:00:00+08:00; else now
    #[arg(id = "figures_as_of", long = "as-of", value_name = "INSTANT", value_parser = instant, requires = "figures_server")]
    pub(super) as_of: Option<i64>,
}

#[derive(Debug, Arguments)]
pub(super) struct Verify {
    /// The receipt (c2sp.org/tlog-proof@v1); - reads standard input
    #[arg(
        value_name = "RECEIPT",
        required_unless_present = "checkpoint",
        conflicts_with = "checkpoint"
    )]
    pub(super) receipt: Option<PathBuf>,
    /// The log's verifier key, origin+hash+key, or a file that holds it
    #[arg(long, value_name = "KEY|FILE")]
    pub(super) log_key: String,
    /// A payload file, whose SHA-256 must be that of the entry
    #[arg(long, value_name = "FILE", conflicts_with = "checkpoint")]
    pub(super) payload: Option<PathBuf>,
    /// Verify a checkpoint (signed note) instead of a receipt
    #[arg(long, value_name = "FILE")]
    pub(super) checkpoint: Option<PathBuf>,
    /// The policy of witnesses (c2sp.org/tlog-policy): who must have cosigned
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Option<PathBuf>,
}

#[derive(Debug, Arguments)]
pub(super) struct Line {
    /// The city's address, https://host:port
    #[arg(
        long,
        value_name = "URL",
        env = "GRANARY_SERVER",
        hide_env_values = true
    )]
    pub(super) server: String,
    /// Folder with ca.pem, client.pem and client.key
    #[arg(
        long,
        value_name = "DIR",
        env = "GRANARY_IDENTITY",
        hide_env_values = true
    )]
    pub(super) identity: PathBuf,
}

#[derive(Debug, Arguments)]
pub(super) struct Filter {
    /// Only these units; repeat it or separate by commas
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(super) unit: Vec<UnitCode>,
    /// Only these datasets
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(super) dataset: Vec<DatasetCode>,
    /// Only these periods, as 2021-A1, 2021-S1, 2021-Q3, 2021-M03 or 2021-03-31
    #[arg(long, value_name = "PERIOD", value_delimiter = ',')]
    pub(super) period: Vec<Period>,
}

#[derive(Debug, Arguments)]
pub(super) struct Completeness {
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) filter: Filter,
    /// A row for each of these; without it, one row for all
    #[arg(long, value_name = "BY")]
    pub(super) by: Option<By>,
    /// Only this unit and those below it in the tree
    #[arg(long, value_name = "CODE")]
    pub(super) under: Option<UnitCode>,
    /// Whether slots that only imported history settles stand apart or are counted
    #[arg(long, value_name = "HOW", default_value = "apart")]
    pub(super) imported: Imported,
    /// As of this instant (RFC 3339), for instance 2021-10-12T12:00:00+08:00; else now, or with --export when the last entry was received
    #[arg(id = "source_as_of", long = "as-of", value_name = "INSTANT", value_parser = instant)]
    pub(super) as_of: Option<i64>,
}

#[derive(Debug, Arguments)]
pub(super) struct Measures {
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) filter: Filter,
    /// A row for each of these; without it, one row for all
    #[arg(long, value_name = "BY")]
    pub(super) by: Option<By>,
    /// Only this unit and those below it in the tree
    #[arg(long, value_name = "CODE")]
    pub(super) under: Option<UnitCode>,
    /// Whether slots that only imported history settles stand apart or are counted
    #[arg(long, value_name = "HOW", default_value = "apart")]
    pub(super) imported: Imported,
    /// As of this instant (RFC 3339), for instance 2021-10-12T12:00:00+08:00; else now, or with --export when the last entry was received
    #[arg(id = "source_as_of", long = "as-of", value_name = "INSTANT", value_parser = instant)]
    pub(super) as_of: Option<i64>,
}

#[derive(Debug, Arguments)]
pub(super) struct Findings {
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) filter: Filter,
    /// Only findings with these statuses
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub(super) status: Vec<Status>,
    /// Most rows to list
    #[arg(long, value_name = "ROWS", default_value_t = 10_000, value_parser = rows)]
    pub(super) limit: usize,
}

#[derive(Debug, Arguments)]
pub(super) struct Screen {
    #[command(flatten)]
    pub(super) line: Line,
    /// The dataset
    #[arg(long, value_name = "CODE")]
    pub(super) dataset: DatasetCode,
    /// The period, as 2021-A1, 2021-S1, 2021-Q3, 2021-M03 or 2021-03-31
    #[arg(long, value_name = "PERIOD")]
    pub(super) period: Period,
}

#[derive(Debug, Arguments)]
pub(super) struct Recheck {
    #[command(flatten)]
    pub(super) line: Line,
    /// The dataset
    #[arg(long, value_name = "CODE")]
    pub(super) dataset: DatasetCode,
}

#[derive(Debug, Arguments)]
pub(super) struct Slots {
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) filter: Filter,
    /// Only slots in these states
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    pub(super) state: Vec<State>,
    /// Whether slots that only imported history settles stand apart or are counted
    #[arg(long, value_name = "HOW", default_value = "apart")]
    pub(super) imported: Imported,
    /// As of this instant (RFC 3339), for instance 2021-10-12T12:00:00+08:00; else now, or with --export when the last entry was received
    #[arg(id = "source_as_of", long = "as-of", value_name = "INSTANT", value_parser = instant)]
    pub(super) as_of: Option<i64>,
    /// Most rows to list
    #[arg(long, value_name = "ROWS", default_value_t = 10_000, value_parser = rows)]
    pub(super) limit: usize,
}

#[derive(Debug, Arguments)]
pub(super) struct Series {
    #[command(flatten)]
    pub(super) source: Source,
    /// The unit
    #[arg(long, value_name = "CODE")]
    pub(super) unit: UnitCode,
    /// The dataset
    #[arg(long, value_name = "CODE")]
    pub(super) dataset: DatasetCode,
    /// The indicator
    #[arg(long, value_name = "CODE")]
    pub(super) indicator: IndicatorCode,
    /// The item, in an itemised dataset
    #[arg(long, value_name = "KEY")]
    pub(super) item: Option<ItemKey>,
    /// The first period; else from the beginning
    #[arg(long, value_name = "PERIOD")]
    pub(super) from: Option<Period>,
    /// The last period; else to the end
    #[arg(long, value_name = "PERIOD")]
    pub(super) to: Option<Period>,
    /// As of this instant (RFC 3339), for instance 2021-10-12T12:00:00+08:00; else now, or with --export when the last entry was received
    #[arg(id = "source_as_of", long = "as-of", value_name = "INSTANT", value_parser = instant)]
    pub(super) as_of: Option<i64>,
    /// All vintages instead of the value as known at the instant
    #[arg(long)]
    pub(super) vintages: bool,
}

#[derive(Debug, Arguments)]
pub(super) struct League {
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) table: Table,
}

/// Which league table.
#[derive(Debug, Arguments)]
pub(super) struct Table {
    /// The scorecard
    #[arg(long, value_name = "CODE")]
    pub(super) scorecard: ScorecardCode,
    /// The period, as 2021-A1, 2021-S1, 2021-Q3, 2021-M03 or 2021-03-31
    #[arg(long, value_name = "PERIOD")]
    pub(super) period: Period,
    /// As of this instant (RFC 3339), for instance 2021-10-12T12:00:00+08:00; else now, or with --export when the last entry was received
    #[arg(id = "source_as_of", long = "as-of", value_name = "INSTANT", value_parser = instant)]
    pub(super) as_of: Option<i64>,
}

#[derive(Debug, Arguments)]
pub(super) struct Explain {
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) table: Table,
    /// The unit
    #[arg(long, value_name = "CODE")]
    pub(super) unit: UnitCode,
    /// Only this component; else all
    #[arg(long, value_name = "CODE")]
    pub(super) component: Option<ComponentCode>,
}

#[derive(Debug, Arguments)]
pub(super) struct Targets {
    #[command(flatten)]
    pub(super) source: Source,
    /// The year
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(i16).range(1900..=2199))]
    pub(super) year: i16,
    /// Only indicators that this department answers for
    #[arg(long, value_name = "CODE")]
    pub(super) department: Option<DepartmentCode>,
    /// Only these units; repeat it or separate by commas
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(super) unit: Vec<UnitCode>,
    /// Only these datasets
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(super) dataset: Vec<DatasetCode>,
    /// As of this instant (RFC 3339), for instance 2021-10-12T12:00:00+08:00; else now, or with --export when the last entry was received
    #[arg(id = "source_as_of", long = "as-of", value_name = "INSTANT", value_parser = instant)]
    pub(super) as_of: Option<i64>,
}

#[derive(Debug, Arguments)]
pub(super) struct Risk {
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) filter: Filter,
    /// Only slots whose chance to be late is at least so many per cent
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100))]
    pub(super) min_chance: u32,
    /// Also slots that are late already
    #[arg(long)]
    pub(super) overdue: bool,
    /// Most rows to list
    #[arg(long = "limit", value_name = "ROWS", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub(super) most: u32,
    /// As of this instant (RFC 3339), for instance 2021-10-12T12:00:00+08:00; else now, or with --export when the last entry was received
    #[arg(id = "source_as_of", long = "as-of", value_name = "INSTANT", value_parser = instant)]
    pub(super) as_of: Option<i64>,
}

#[derive(Debug, Arguments)]
pub(super) struct Arrivals {
    #[command(flatten)]
    pub(super) source: Source,
    /// The dataset
    #[arg(long, value_name = "CODE")]
    pub(super) dataset: DatasetCode,
    /// The period, as 2021-A1, 2021-S1, 2021-Q3, 2021-M03 or 2021-03-31
    #[arg(long, value_name = "PERIOD")]
    pub(super) period: Period,
    /// As of this instant (RFC 3339), for instance 2021-10-12T12:00:00+08:00; else now, or with --export when the last entry was received
    #[arg(id = "source_as_of", long = "as-of", value_name = "INSTANT", value_parser = instant)]
    pub(super) as_of: Option<i64>,
}

#[derive(Debug, Arguments)]
pub(super) struct Calibrate {
    #[command(flatten)]
    pub(super) source: Source,
    #[command(flatten)]
    pub(super) filter: Filter,
    /// As of this instant (RFC 3339), for instance 2021-10-12T12:00:00+08:00; else now, or with --export when the last entry was received
    #[arg(id = "source_as_of", long = "as-of", value_name = "INSTANT", value_parser = instant)]
    pub(super) as_of: Option<i64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum By {
    Unit,
    Dataset,
    Period,
    DatasetPeriod,
    UnitDataset,
    Department,
    Level,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Imported {
    Apart,
    Counted,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Status {
    Open,
    Explained,
    Accepted,
    Corrected,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum State {
    Timely,
    Late,
    Missing,
    Exempt,
    Pending,
}

impl By {
    pub(super) const fn wire(self) -> v1::GroupBy {
        match self {
            Self::Unit => v1::GroupBy::Unit,
            Self::Dataset => v1::GroupBy::Dataset,
            Self::Period => v1::GroupBy::Period,
            Self::DatasetPeriod => v1::GroupBy::DatasetPeriod,
            Self::UnitDataset => v1::GroupBy::UnitDataset,
            Self::Department => v1::GroupBy::Department,
            Self::Level => v1::GroupBy::Level,
        }
    }
}

impl Imported {
    /// Whether imported history counts.
    pub(super) const fn wire(self) -> bool {
        match self {
            Self::Apart => false,
            Self::Counted => true,
        }
    }
}

impl Status {
    pub(super) const fn wire(self) -> v1::FindingStatus {
        match self {
            Self::Open => v1::FindingStatus::Open,
            Self::Explained => v1::FindingStatus::Explained,
            Self::Accepted => v1::FindingStatus::Accepted,
            Self::Corrected => v1::FindingStatus::Corrected,
        }
    }
}

impl State {
    pub(super) const fn wire(self) -> v1::SlotState {
        match self {
            Self::Timely => v1::SlotState::Timely,
            Self::Late => v1::SlotState::Late,
            Self::Missing => v1::SlotState::Missing,
            Self::Exempt => v1::SlotState::Exempt,
            Self::Pending => v1::SlotState::Pending,
        }
    }
}

impl Filter {
    pub(super) fn wire(&self) -> v1::SlotFilter {
        v1::SlotFilter {
            units: self.unit.iter().map(ToString::to_string).collect(),
            datasets: self.dataset.iter().map(ToString::to_string).collect(),
            periods: self.period.iter().map(ToString::to_string).collect(),
        }
    }
}

fn zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|_| {
        format!("{text:?} is not a time zone: write a name such as Asia/Shanghai or UTC")
    })
}

/// Milliseconds since 1970; 0 means "now" on the wire, so no instant at or before it can be asked about.
fn instant(text: &str) -> Result<i64, String> {
    let instant: Timestamp = text.parse().map_err(|_| {
        format!("{text:?} is not an instant: write 2021-10-12T12:00:00+08:00, with its offset")
    })?;
    Some(instant.as_millisecond())
        .filter(|at_ms| *at_ms > 0)
        .ok_or_else(|| "the instant must lie after 1970-01-01T00:00:00Z".to_owned())
}

fn rows(text: &str) -> Result<usize, String> {
    let rows = text
        .parse()
        .ok()
        .filter(|rows| (1..=10_000_000).contains(rows));
    rows.ok_or_else(|| "write a number from 1 to 10000000".to_owned())
}
