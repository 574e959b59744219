//! The messages of a bulletin, field by field those of `granary/v1/bulletin.proto`.
//!
//! They are declared here again because the core may not depend on the generated crate; a test holds both to the same
//! bytes. Their encoding is canonical: fields in order, defaults absent, lists in the order that each field names. Decimals
//! are exact decimal texts, instants are milliseconds since 1970-01-01T00:00:00Z.

use prost::{Message, Oneof};

/// One period's bulletin: a pure function of a journal prefix and an instant.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Bulletin {
    /// The catalogue's name.
    #[prost(message, required, tag = "1")]
    pub name: Words,
    /// The period, in SDMX form. Datasets of a finer periodicity count with every period that ends within it.
    #[prost(string, tag = "2")]
    pub period: String,
    /// The period before, in SDMX form, with which this one is compared.
    #[prost(string, tag = "3")]
    pub period_before: String,
    /// What it stands on.
    #[prost(message, required, tag = "4")]
    pub basis: Basis,
    /// The tree of the journal prefix that it stands on.
    #[prost(message, required, tag = "5")]
    pub log: LogHead,
    /// The states of all slots of the period.
    #[prost(message, required, tag = "6")]
    pub counts: Counts,
    /// The states of all slots of the period before, by their final state at the instant.
    #[prost(message, required, tag = "7")]
    pub counts_before: Counts,
    /// One league table for each scorecard of the catalogue, in catalogue order.
    #[prost(message, repeated, tag = "8")]
    pub leagues: Vec<League>,
    /// Units by datasets: who has reported.
    #[prost(message, required, tag = "9")]
    pub matrix: Matrix,
    /// One for each unit that owes anything, in the order of codes.
    #[prost(message, repeated, tag = "10")]
    pub units: Vec<UnitMeasures>,
    /// Findings on the period's slots, ordered by unit, dataset, period, edit, item; corrected ones included.
    #[prost(message, repeated, tag = "11")]
    pub findings: Vec<FindingLine>,
    /// Figures that were revised after they had first been accepted, ordered by unit, dataset, period, indicator.
    #[prost(message, repeated, tag = "12")]
    pub revisions: Vec<RevisionLine>,
    /// Progress towards the targets of the period's year, ordered by dataset, indicator, then rank.
    #[prost(message, repeated, tag = "13")]
    pub targets: Vec<TargetLine>,
    /// Slots that are open at the instant, the most endangered first.
    #[prost(message, repeated, tag = "14")]
    pub risks: Vec<RiskLine>,
    /// The measures over all units together.
    #[prost(message, repeated, tag = "15")]
    pub measures: Vec<MeasureValue>,
    /// The same for the period before.
    #[prost(message, repeated, tag = "16")]
    pub measures_before: Vec<MeasureValue>,
    /// Whether imported history counts in this document (it never does unless the catalogue says so).
    #[prost(bool, tag = "17")]
    pub imported: bool,
}

/// What a document stands on.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Basis {
    /// How many journal entries the derived state holds.
    #[prost(uint64, tag = "1")]
    pub applied_size: u64,
    /// The instant that was asked about.
    #[prost(int64, tag = "2")]
    pub as_of_ms: i64,
    /// The catalogue version in force; 32 bytes.
    #[prost(bytes = "vec", tag = "3")]
    pub catalogue_version: Vec<u8>,
}

/// How many slots are in each state.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Counts {
    /// Slots that the roster expects: the sum of the five.
    #[prost(uint64, tag = "1")]
    pub expected: u64,
    /// Accepted in time.
    #[prost(uint64, tag = "2")]
    pub timely: u64,
    /// Accepted late.
    #[prost(uint64, tag = "3")]
    pub late: u64,
    /// Due and not accepted.
    #[prost(uint64, tag = "4")]
    pub missing: u64,
    /// Not owed.
    #[prost(uint64, tag = "5")]
    pub exempt: u64,
    /// Not yet due.
    #[prost(uint64, tag = "6")]
    pub pending: u64,
}

/// A text in both languages.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Words {
    /// In Chinese.
    #[prost(string, tag = "1")]
    pub zh: String,
    /// In English.
    #[prost(string, tag = "2")]
    pub en: String,
}

/// A code of the catalogue and its name.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Named {
    /// The code.
    #[prost(string, tag = "1")]
    pub code: String,
    /// The name on screens.
    #[prost(message, required, tag = "2")]
    pub name: Words,
}

/// The RFC 6962 tree of a journal prefix.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct LogHead {
    /// The log's origin, the first line of its checkpoints.
    #[prost(string, tag = "1")]
    pub origin: String,
    /// How many entries.
    #[prost(uint64, tag = "2")]
    pub size: u64,
    /// The root hash; 32 bytes.
    #[prost(bytes = "vec", tag = "3")]
    pub root_hash: Vec<u8>,
}

/// One measure of reporting quality. docs/METRICS.md defines each.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct MeasureValue {
    /// Which measure, by its word in docs/METRICS.md, for instance "on_time_rate".
    #[prost(string, tag = "1")]
    pub measure: String,
    /// Its value; absent where it cannot be computed, because nothing is in its denominator.
    #[prost(oneof = "Measured", tags = "2, 3, 4")]
    pub value: Option<Measured>,
}

/// A share as an exact fraction.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Share {
    /// What counts.
    #[prost(uint64, tag = "1")]
    pub numerator: u64,
    /// Of how many; never 0.
    #[prost(uint64, tag = "2")]
    pub denominator: u64,
}

/// Units by columns.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Matrix {
    /// The columns: datasets.
    #[prost(message, repeated, tag = "1")]
    pub columns: Vec<Named>,
    /// The rows.
    #[prost(message, repeated, tag = "2")]
    pub rows: Vec<MatrixRow>,
}

/// One unit's row.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct MatrixRow {
    /// The unit.
    #[prost(message, required, tag = "1")]
    pub unit: Named,
    /// One for each column.
    #[prost(message, repeated, tag = "2")]
    pub cells: Vec<MatrixCell>,
}

/// The slots of one unit and column.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct MatrixCell {
    /// Their states; all zero where nothing is expected.
    #[prost(message, required, tag = "1")]
    pub counts: Counts,
    /// The longest lateness among them, in milliseconds; 0 where none is late.
    #[prost(int64, tag = "2")]
    pub lateness_ms: i64,
    /// How many of their snapshots were returned.
    #[prost(uint32, tag = "3")]
    pub returned: u32,
    /// How many of them are settled by imported history alone and so stand outside the counts.
    #[prost(uint32, tag = "4")]
    pub imported: u32,
}

/// What one unit's reporting measures.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct UnitMeasures {
    /// The unit.
    #[prost(message, required, tag = "1")]
    pub unit: Named,
    /// The states of its slots.
    #[prost(message, required, tag = "2")]
    pub counts: Counts,
    /// Every measure of docs/METRICS.md, in the order of that page.
    #[prost(message, repeated, tag = "3")]
    pub measures: Vec<MeasureValue>,
    /// When the city last received anything from the unit; absent where it never has.
    #[prost(int64, optional, tag = "4")]
    pub last_seen_ms: Option<i64>,
}

/// One finding, as it stands at the instant.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct FindingLine {
    /// The unit.
    #[prost(message, required, tag = "1")]
    pub unit: Named,
    /// The dataset.
    #[prost(message, required, tag = "2")]
    pub dataset: Named,
    /// The period, in SDMX form.
    #[prost(string, tag = "3")]
    pub period: String,
    /// The edit's id.
    #[prost(string, tag = "4")]
    pub edit: String,
    /// The item; absent for the whole record.
    #[prost(string, optional, tag = "5")]
    pub item: Option<String>,
    /// Whether it is a validity edit.
    #[prost(bool, tag = "6")]
    pub validity: bool,
    /// Its status.
    #[prost(int32, tag = "7")]
    pub status: i32,
    /// What to tell people, with the figures filled in.
    #[prost(message, required, tag = "8")]
    pub message: Words,
    /// Left minus right, as an exact decimal; empty where there is none.
    #[prost(string, tag = "9")]
    pub imbalance: String,
    /// The unit's explanation; empty where there is none.
    #[prost(string, tag = "10")]
    pub explanation: String,
    /// Why operations accepted or rejected it; empty where they have not decided.
    #[prost(string, tag = "11")]
    pub decision_reason: String,
    /// The log index of the entry that opened it.
    #[prost(uint64, tag = "12")]
    pub opened_index: u64,
}

/// One figure that was revised.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RevisionLine {
    /// The unit.
    #[prost(message, required, tag = "1")]
    pub unit: Named,
    /// The dataset.
    #[prost(message, required, tag = "2")]
    pub dataset: Named,
    /// The period, in SDMX form.
    #[prost(string, tag = "3")]
    pub period: String,
    /// The indicator.
    #[prost(message, required, tag = "4")]
    pub indicator: Named,
    /// The item; absent in datasets without items.
    #[prost(string, optional, tag = "5")]
    pub item: Option<String>,
    /// The first accepted value, as an exact decimal; empty where it was stated to be missing.
    #[prost(string, tag = "6")]
    pub first: String,
    /// The current value, as an exact decimal; empty where it is stated to be missing.
    #[prost(string, tag = "7")]
    pub latest: String,
    /// The name of the unit of measure.
    #[prost(message, required, tag = "8")]
    pub measure: Words,
    /// When the first value was received.
    #[prost(int64, tag = "9")]
    pub first_received_at_ms: i64,
    /// When the current value was received.
    #[prost(int64, tag = "10")]
    pub latest_received_at_ms: i64,
    /// The current revision number.
    #[prost(uint32, tag = "11")]
    pub revision: u32,
}

/// Progress of one unit towards one target.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TargetLine {
    /// The unit.
    #[prost(message, required, tag = "1")]
    pub unit: Named,
    /// The dataset that reports the indicator.
    #[prost(message, required, tag = "2")]
    pub dataset: Named,
    /// The indicator.
    #[prost(message, required, tag = "3")]
    pub indicator: Named,
    /// The department that owns the indicator; its code is empty where nobody does.
    #[prost(message, required, tag = "4")]
    pub department: Named,
    /// The name of the unit of measure.
    #[prost(message, required, tag = "5")]
    pub measure: Words,
    /// The year.
    #[prost(int32, tag = "6")]
    pub year: i32,
    /// The year's target, as an exact decimal.
    #[prost(string, tag = "7")]
    pub target: String,
    /// The half-year's target, as an exact decimal.
    #[prost(string, tag = "8")]
    pub half_target: String,
    /// What is reached, as an exact decimal; empty where nothing is known.
    #[prost(string, tag = "9")]
    pub actual: String,
    /// The last period that it counts, in SDMX form; empty where there is none.
    #[prost(string, tag = "10")]
    pub through: String,
    /// What is reached, in per cent of the year's target with two decimals; empty where nothing is known.
    #[prost(string, tag = "11")]
    pub progress_percent: String,
    /// The share of the year that has passed by the end of `through`, in per cent with two decimals.
    #[prost(string, tag = "12")]
    pub elapsed_percent: String,
    /// Reached minus what elapsed time asks for, as an exact decimal; empty where nothing is known.
    #[prost(string, tag = "13")]
    pub gap: String,
    /// What each remaining period needs on average, as an exact decimal; empty where nothing is known or left.
    #[prost(string, tag = "14")]
    pub pace_needed: String,
    /// Growth over the same period of the year before, in per cent with two decimals; empty where it is not known.
    #[prost(string, tag = "15")]
    pub growth_percent: String,
    /// The rank by growth among the units with this target: 1, 2, 2, 4; absent where growth is not known.
    #[prost(uint32, optional, tag = "16")]
    pub rank: Option<u32>,
    /// Whether the half-year's target was reached by the middle of the year; absent before that is known.
    #[prost(bool, optional, tag = "17")]
    pub half_reached: Option<bool>,
}

/// One scorecard's league table.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct League {
    /// The scorecard.
    #[prost(message, required, tag = "1")]
    pub scorecard: Named,
    /// The period, in SDMX form.
    #[prost(string, tag = "2")]
    pub period: String,
    /// The period before, in SDMX form, against which movement is told; empty where there is none.
    #[prost(string, tag = "3")]
    pub period_before: String,
    /// The bands, best first.
    #[prost(message, repeated, tag = "4")]
    pub bands: Vec<Band>,
    /// The components, in catalogue order.
    #[prost(message, repeated, tag = "5")]
    pub components: Vec<Component>,
    /// The units: ranked ones by rank, then by code; then those that are not ranked, by code.
    #[prost(message, repeated, tag = "6")]
    pub standings: Vec<Standing>,
    /// The smallest number of slots with which a unit is ranked.
    #[prost(uint32, tag = "7")]
    pub slots_min: u32,
    /// Whether imported history counts, because the scorecard says so.
    #[prost(bool, tag = "8")]
    pub imported: bool,
    /// How many of the slots are not yet due and not accepted: while there are any, the table is interim.
    #[prost(uint64, tag = "9")]
    pub pending: u64,
}

/// One band of a league table.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Band {
    /// Its name.
    #[prost(message, required, tag = "1")]
    pub name: Words,
    /// Its share of the ranked units, in per cent, as an exact decimal.
    #[prost(string, tag = "2")]
    pub share_percent: String,
    /// How many units are in it.
    #[prost(uint32, tag = "3")]
    pub units: u32,
}

/// One component of a scorecard.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Component {
    /// The component.
    #[prost(message, required, tag = "1")]
    pub component: Named,
    /// The measure that it scores, by its word, or "target_progress".
    #[prost(string, tag = "2")]
    pub measure: String,
    /// Its weight in points, as an exact decimal; all weights sum to 100.
    #[prost(string, tag = "3")]
    pub weight: String,
}

/// One unit in a league table.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Standing {
    /// The unit.
    #[prost(message, required, tag = "1")]
    pub unit: Named,
    /// Its rank, by standard competition ranking: 1, 2, 2, 4; absent where it is not ranked.
    #[prost(uint32, optional, tag = "2")]
    pub rank: Option<u32>,
    /// Its rank in the period before minus its rank now, so that a rise is positive; absent where it had none.
    #[prost(sint32, optional, tag = "3")]
    pub movement: Option<i32>,
    /// Its band, counted from 0; absent where it is not ranked.
    #[prost(uint32, optional, tag = "4")]
    pub band: Option<u32>,
    /// Its score from 0 to 100, as an exact decimal with two decimals.
    #[prost(string, tag = "5")]
    pub score: String,
    /// The points of each component, in catalogue order.
    #[prost(message, repeated, tag = "6")]
    pub points: Vec<Points>,
    /// How many slots it is scored on.
    #[prost(uint32, tag = "7")]
    pub slots: u32,
    /// Why it is not ranked; absent where it is.
    #[prost(message, optional, tag = "8")]
    pub not_ranked: Option<Words>,
    /// Whether it gets a flag (授旗), as one of the first.
    #[prost(bool, tag = "9")]
    pub flag: bool,
    /// Whether it stands on the list of the last.
    #[prost(bool, tag = "10")]
    pub last: bool,
}

/// The points of one component.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Points {
    /// What was measured.
    #[prost(message, required, tag = "1")]
    pub value: MeasureValue,
    /// The points, as an exact decimal with two decimals; empty where the measure could not be computed.
    #[prost(string, tag = "2")]
    pub points: String,
}

/// How likely one open slot is to be late.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RiskLine {
    /// The unit.
    #[prost(message, required, tag = "1")]
    pub unit: Named,
    /// The dataset.
    #[prost(message, required, tag = "2")]
    pub dataset: Named,
    /// The period, in SDMX form.
    #[prost(string, tag = "3")]
    pub period: String,
    /// When it is due, with extensions.
    #[prost(int64, tag = "4")]
    pub due_at_ms: i64,
    /// The chance that it will be late, in per cent with one decimal.
    #[prost(string, tag = "5")]
    pub chance_percent: String,
    /// How many of the unit's past slots of this dataset are known.
    #[prost(uint32, tag = "6")]
    pub known: u32,
    /// How many of them were late or missing.
    #[prost(uint32, tag = "7")]
    pub late: u32,
    /// Of the unit's past reports, the share in per cent with one decimal that had arrived by this time before the deadline.
    #[prost(string, tag = "8")]
    pub arrived_by_now_percent: String,
    /// Why, in words.
    #[prost(message, required, tag = "9")]
    pub reason: Words,
}

/// The value of a measure.
#[derive(Clone, PartialEq, Eq, Oneof)]
pub enum Measured {
    /// A share.
    #[prost(message, tag = "2")]
    Share(Share),
    /// A duration in milliseconds.
    #[prost(int64, tag = "3")]
    DurationMs(i64),
    /// An exact decimal.
    #[prost(string, tag = "4")]
    Number(String),
}
