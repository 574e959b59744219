//! What can be told of snapshots and findings without reading their payloads: the facts that measures are made of.
//!
//! The fold writes them beside the rows ([`FactsRow`], [`LifeRow`], [`RevisionSumsRow`], [`RevisionRow`]); [`Vintage`] and
//! [`Life`] are their small forms for indexes in memory. None of them holds a clock reading that is not an entry's
//! receive time.

use std::fmt::Write as _;

use prost::Message;
use sha2::{Digest as _, Sha256};

use crate::{
    catalogue::{Catalogue, MeasureCode},
    digest::Digest,
    snapshot::{Observation, Snapshot},
};

use super::{
    FindingStatus, LogIndex, Outcome, Revisions,
    revision::{Levels, RevisedFigure, Sum},
    rows::{ExactRow, FindingRow, RowError, VintageRow, row},
};

/// What can be told of a snapshot's figures at a glance.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct FactsRow {
    /// Required cells that have a value.
    #[prost(uint32, tag = "1")]
    pub required_filled: u32,
    /// Required cells: those of the dataset, for each item where it has items.
    #[prost(uint32, tag = "2")]
    pub required_asked: u32,
    /// Whether no cell has a value.
    #[prost(bool, tag = "3")]
    pub empty: bool,
    /// Whether there are values and all of them are zero.
    #[prost(bool, tag = "4")]
    pub all_zero: bool,
    /// [`figures_sha256`]: equal for equal figures, whatever the period.
    #[prost(bytes = "vec", tag = "5")]
    pub figures_sha256: Vec<u8>,
}

/// One change of a finding's status.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct LifeRow {
    /// The entry that changed it.
    #[prost(uint64, tag = "1")]
    pub index: u64,
    /// When that was received.
    #[prost(int64, tag = "2")]
    pub at_ms: i64,
    /// [`FindingStatus::number`] from then on.
    #[prost(int32, tag = "3")]
    pub status: i32,
}

/// [`Revisions`] as a row.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RevisionSumsRow {
    #[prost(uint64, tag = "1")]
    ratios: u64,
    #[prost(message, optional, tag = "2")]
    ratio_sum: Option<ExactRow>,
    #[prost(message, optional, tag = "3")]
    ratio_abs_sum: Option<ExactRow>,
    /// Sorted by unit of measure.
    #[prost(message, repeated, tag = "4")]
    levels: Vec<LevelsRow>,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct LevelsRow {
    #[prost(string, tag = "1")]
    measure: String,
    #[prost(uint64, tag = "2")]
    figures: u64,
    #[prost(message, optional, tag = "3")]
    change_sum: Option<ExactRow>,
    #[prost(message, optional, tag = "4")]
    latest_sum: Option<ExactRow>,
}

/// The figures of a revised slot that are no longer those first accepted; there may be none.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RevisionRow {
    /// The log index of the snapshot that was first accepted.
    #[prost(uint64, tag = "1")]
    pub first_index: u64,
    /// When it was received.
    #[prost(int64, tag = "2")]
    pub first_received_at_ms: i64,
    /// The log index of the current snapshot.
    #[prost(uint64, tag = "3")]
    pub latest_index: u64,
    /// When it was received.
    #[prost(int64, tag = "4")]
    pub latest_received_at_ms: i64,
    /// Its revision number.
    #[prost(uint32, tag = "5")]
    pub revision: u32,
    /// The figures that differ, sorted by (indicator, item).
    #[prost(message, repeated, tag = "6")]
    pub figures: Vec<RevisedFigureRow>,
}
row!(RevisionRow);

/// One figure that differs.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RevisedFigureRow {
    /// The indicator.
    #[prost(string, tag = "1")]
    pub indicator: String,
    /// The item.
    #[prost(string, optional, tag = "2")]
    pub item: Option<String>,
    /// The first value; absent where there was none.
    #[prost(message, optional, tag = "3")]
    pub first: Option<ExactRow>,
    /// The current value; absent where there is none.
    #[prost(message, optional, tag = "4")]
    pub latest: Option<ExactRow>,
}

/// [`FactsRow`] without what only an auditor needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Required cells that have a value.
    pub required_filled: u32,
    /// Required cells.
    pub required_asked: u32,
    /// Whether no cell has a value.
    pub empty: bool,
    /// Whether there are values and all of them are zero.
    pub all_zero: bool,
    /// The first 64 bits of the digest of the figures; whoever wanted two to meet by chance would gain nothing by it.
    pub figures: u64,
}

/// One snapshot of a slot, as measures see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vintage {
    /// When it was received.
    pub received_at_ms: i64,
    /// What became of it when it was received.
    pub outcome: Outcome,
    /// Its figures.
    pub facts: Facts,
    /// Sums over its figures against those first accepted, where it replaced them.
    pub revisions: Option<Box<Revisions>>,
}

/// A finding through time, as measures see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// Whether it is of a validity edit.
    pub validity: bool,
    /// When its status changed and to what, in the order of the log.
    pub steps: Box<[(i64, FindingStatus)]>,
}

/// The digest of a snapshot's figures: SHA-256 over, for each observation in order, the indicator, a zero byte, the item, a
/// zero byte, and the value without trailing zeros or, where there is none, the letter of its status; a line feed. The
/// slot, the revision and the status of a value are not in it.
#[must_use]
pub fn figures_sha256(snapshot: &Snapshot) -> Digest {
    let (mut hash, mut line) = (Sha256::new(), String::new());
    for observation in &snapshot.observations {
        line.clear();
        line.push_str(observation.indicator.as_str());
        line.push('\0');
        line.push_str(observation.item.as_ref().map_or("", |item| item.as_str()));
        line.push('\0');
        push_figure(&mut line, observation);
        line.push('\n');
        hash.update(&line);
    }
    Digest::from_bytes(hash.finalize().into())
}

fn push_figure(line: &mut String, observation: &Observation) {
    match observation.value {
        // Writing into a text cannot fail.
        Some(value) => drop(write!(line, "{}", value.normalised())),
        None => line.push(observation.status.letter()),
    }
}

impl FactsRow {
    /// Looks at a snapshot under a catalogue.
    #[must_use]
    pub fn of(catalogue: &Catalogue, snapshot: &Snapshot) -> Self {
        let dataset = catalogue.dataset(&snapshot.slot.dataset);
        let required = dataset.map_or(&[][..], |dataset| dataset.required());
        let stated = snapshot.observations.iter().filter(|o| o.value.is_some());
        let filled = stated.clone().filter(|o| required.contains(&o.indicator));
        let records = match dataset {
            Some(dataset) if dataset.itemised() => snapshot.items().len().max(1),
            Some(_) | None => 1,
        };
        let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let mut values = stated.filter_map(|o| o.value).peekable();
        let empty = values.peek().is_none();
        Self {
            required_filled: narrow(filled.count()),
            required_asked: narrow(required.len() * records),
            empty,
            all_zero: !empty && values.all(crate::decimal::Decimal::is_zero),
            figures_sha256: figures_sha256(snapshot).as_bytes().to_vec(),
        }
    }

    /// Its small form.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let first = self.figures_sha256.first_chunk::<8>();
        Facts {
            required_filled: self.required_filled,
            required_asked: self.required_asked,
            empty: self.empty,
            all_zero: self.all_zero,
            figures: first.map_or(0, |bytes| u64::from_be_bytes(*bytes)),
        }
    }
}

impl Vintage {
    /// The small form of a vintage's row.
    ///
    /// # Errors
    /// [`RowError`] where the row is damaged.
    pub fn of(row: &VintageRow) -> Result<Self, RowError> {
        let outcome = Outcome::from_number(row.outcome);
        let revisions = row.revisions.as_ref().map(RevisionSumsRow::revisions);
        Ok(Self {
            received_at_ms: row.received_at_ms,
            outcome: outcome.ok_or_else(|| RowError("the outcome of a vintage".into()))?,
            facts: row.facts.facts(),
            revisions: revisions.transpose()?.map(Box::new),
        })
    }

    /// Whether every validity edit held.
    #[must_use]
    pub const fn is_valid(&self) -> bool {
        match self.outcome {
            Outcome::Accepted | Outcome::Superseded => true,
            Outcome::Returned => false,
        }
    }
}

impl Life {
    /// The small form of a finding's row.
    ///
    /// # Errors
    /// [`RowError`] where the row is damaged.
    pub fn of(row: &FindingRow) -> Result<Self, RowError> {
        let step = |step: &LifeRow| {
            let status = FindingStatus::from_number(step.status);
            let status = status.ok_or_else(|| RowError("the status of a finding".into()))?;
            Ok((step.at_ms, status))
        };
        Ok(Self {
            validity: row.failure.validity,
            steps: row.life.iter().map(step).collect::<Result<_, _>>()?,
        })
    }

    /// The steps that were known at an instant.
    #[must_use]
    pub fn known(&self, as_of_ms: i64) -> &[(i64, FindingStatus)] {
        let count = self.steps.partition_point(|(at_ms, _)| *at_ms <= as_of_ms);
        &self.steps[..count]
    }

    /// The status at an instant; none before the finding was made.
    #[must_use]
    pub fn status(&self, as_of_ms: i64) -> Option<FindingStatus> {
        self.known(as_of_ms).last().map(|(_, status)| *status)
    }
}

impl RevisionSumsRow {
    /// Keeps the sums.
    #[must_use]
    pub fn of(revisions: &Revisions) -> Self {
        let levels = |(measure, levels): &(MeasureCode, Levels)| LevelsRow {
            measure: measure.to_string(),
            figures: levels.figures,
            change_sum: exact(levels.change_sum),
            latest_sum: exact(levels.latest_sum),
        };
        Self {
            ratios: revisions.ratios,
            ratio_sum: exact(revisions.ratio_sum),
            ratio_abs_sum: exact(revisions.ratio_abs_sum),
            levels: revisions.levels.iter().map(levels).collect(),
        }
    }

    /// The sums that were kept.
    ///
    /// # Errors
    /// [`RowError`] where a code in them is damaged.
    pub fn revisions(&self) -> Result<Revisions, RowError> {
        let mut revisions = Revisions {
            ratios: self.ratios,
            ratio_sum: sum(self.ratio_sum.as_ref()),
            ratio_abs_sum: sum(self.ratio_abs_sum.as_ref()),
            ..Revisions::default()
        };
        for row in &self.levels {
            let measure = MeasureCode::new(&row.measure).map_err(|e| RowError(e.to_string()))?;
            *revisions.levels_of(&measure) = Levels {
                figures: row.figures,
                change_sum: sum(row.change_sum.as_ref()),
                latest_sum: sum(row.latest_sum.as_ref()),
            };
        }
        Ok(revisions)
    }
}

impl RevisedFigureRow {
    /// Keeps a figure.
    #[must_use]
    pub fn of(figure: &RevisedFigure<'_>) -> Self {
        Self {
            indicator: figure.indicator.to_string(),
            item: figure.item.map(ToString::to_string),
            first: figure.first.map(ExactRow::of),
            latest: figure.latest.map(ExactRow::of),
        }
    }
}

impl LifeRow {
    /// Notes that `row` changed, where its status is another one now.
    pub(super) fn note(row: &mut FindingRow, index: LogIndex, at_ms: i64) {
        let status = row.status;
        if row.life.last().is_none_or(|last| last.status != status) {
            let index = index.0;
            row.life.push(Self {
                index,
                at_ms,
                status,
            });
        }
    }
}

fn exact(sum: Sum) -> Option<ExactRow> {
    sum.0.map(ExactRow::of)
}

fn sum(row: Option<&ExactRow>) -> Sum {
    Sum(row.and_then(ExactRow::decimal))
}
