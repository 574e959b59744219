//! The questions that a city's server answers, answered from a replayed journal by the same functions of the core, in the
//! same messages: so a table does not know which of the two it shows.
//!
//! "Now" is when the last entry was received: what follows from a file does not change with the reader's clock.

mod findings;
mod forecast;
mod measures;
mod scores;
mod series;
mod wire;

pub(crate) use wire::group_by;

use std::collections::BTreeSet;

use granary_core::{
    catalogue::Catalogue,
    code::{DatasetCode, UnitCode},
    completeness::{Filter, GroupBy, Imported, SlotAt, SlotState, StateCounts},
    ledger::{FoldError, history},
    period::Period,
    snapshot::SlotKey,
    text::Bilingual,
};
use granary_proto::v1::{
    Basis, GetCompletenessRequest, GetCompletenessResponse, ListSlotsRequest, Slot, SlotFilter,
};

use super::Replayed;
use crate::city::Listing;

/// How many rows are held at once where all are visited.
const BATCH_ROWS: usize = 1_000;

/// Why a replayed journal gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// A field of the question is not understood.
    #[error("the request is not understood: {0}")]
    Request(String),
    /// No catalogue was published.
    #[error("no catalogue has been published in this journal")]
    NoCatalogue,
    /// The catalogue does not know the dataset.
    #[error("the catalogue has no such dataset")]
    NoDataset,
    /// The dataset has no such period, or it is never due.
    #[error("it is no period of the dataset, or is never due")]
    NoPeriod,
    /// The catalogue does not know the scorecard.
    #[error("the catalogue has no such scorecard")]
    NoScorecard,
    /// The catalogue does not know the department.
    #[error("the catalogue has no such department")]
    NoDepartment,
    /// The scorecard does not rank the unit.
    #[error("the unit does not stand in this table")]
    NotInTable,
    /// The rows cannot be read.
    #[error(transparent)]
    Fold(#[from] FoldError),
}

impl AnswerError {
    /// What happened.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        let zh = match self {
            Self::Request(error) => format!("不理解这个请求：{error}"),
            Self::NoCatalogue => "这份日志中尚未发布报表目录".to_owned(),
            Self::NoDataset => "目录中没有这张报表".to_owned(),
            Self::NoPeriod => "这张报表没有这一报告期，或该期没有期限".to_owned(),
            Self::NoScorecard => "目录中没有这张计分卡".to_owned(),
            Self::NoDepartment => "目录中没有这个部门".to_owned(),
            Self::NotInTable => "该单位不在这张榜上".to_owned(),
            Self::Fold(error) => format!("无法读取重放结果：{error}"),
        };
        Bilingual::new(zh, self.to_string())
    }

    fn request(error: impl std::fmt::Display) -> Self {
        Self::Request(error.to_string())
    }
}

impl Replayed {
    /// Counts the slots in each state.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn completeness(
        &self,
        request: &GetCompletenessRequest,
    ) -> Result<GetCompletenessResponse, AnswerError> {
        let filter = filter_under(request.filter.as_ref(), &request.under, request.imported)?;
        let as_of_ms = self.instant(request.as_of_ms);
        let basis = Some(self.basis(as_of_ms));
        let Some(board) = self.board()? else {
            return Ok(GetCompletenessResponse {
                basis,
                ..Default::default()
            });
        };
        let counted = board.counts(&filter, group_by(request.group_by()), as_of_ms);
        // Rows by department may overlap, so the total is counted by itself.
        let total = board.counts(&filter, GroupBy::Nothing, as_of_ms);
        let total = total
            .first()
            .map_or_else(StateCounts::default, |(_, total)| *total);
        let rows = counted.iter();
        let rows = rows.map(|(group, counts)| wire::row(board.catalogue(), group, counts));
        Ok(GetCompletenessResponse {
            basis,
            rows: rows.collect(),
            total: Some(wire::counts(&total)),
            total_imported: total.imported,
        })
    }

    /// Lists slots with their states, at most `rows_max`.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn slots(
        &self,
        request: &ListSlotsRequest,
        rows_max: usize,
    ) -> Result<Listing<Slot>, AnswerError> {
        let filter = filter_under(request.filter.as_ref(), "", request.imported)?;
        let states = request.states.iter();
        let states = states.filter_map(|number| SlotState::from_number(*number));
        let states: BTreeSet<SlotState> = states.collect();
        let as_of_ms = self.instant(request.as_of_ms);
        let Some(board) = self.board()? else {
            return Ok(self.listing(as_of_ms, Vec::new(), rows_max));
        };
        let asked = rows_max.saturating_add(1);
        let found = board.slots(&filter, &states, as_of_ms, None, asked);
        let slots = found
            .into_iter()
            .map(|at| self.slot(board.catalogue(), &at, as_of_ms));
        let slots = slots.collect::<Result<_, _>>()?;
        Ok(self.listing(as_of_ms, slots, rows_max))
    }

    /// Visits the slots of a filter, by dataset, period, unit.
    ///
    /// # Errors
    /// [`AnswerError`], or what the visit fails with.
    pub fn each_slot<E: From<AnswerError>>(
        &self,
        filter: &Filter,
        as_of_ms: i64,
        visit: &mut dyn FnMut(Slot) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(board) = self.board().map_err(AnswerError::from)? else {
            return Ok(());
        };
        let (states, mut after) = (BTreeSet::new(), None);
        loop {
            let found = board.slots(filter, &states, as_of_ms, after.as_ref(), BATCH_ROWS);
            let Some(last) = found.last() else {
                return Ok(());
            };
            after = Some(last.slot.clone());
            for at in &found {
                visit(self.slot(board.catalogue(), at, as_of_ms)?)?;
            }
        }
    }

    fn slot(&self, catalogue: &Catalogue, at: &SlotAt, as_of_ms: i64) -> Result<Slot, AnswerError> {
        let known = history::known(&self.view(), &at.slot, as_of_ms)?;
        let dataset = catalogue.dataset(&at.slot.dataset);
        let instants = dataset.map(|dataset| dataset.instants(at.slot.period));
        let name = wire::unit_name(Some(catalogue), &at.slot.unit);
        Ok(Slot {
            unit: at.slot.unit.to_string(),
            dataset: at.slot.dataset.to_string(),
            period: at.slot.period.to_string(),
            state: at.state.number(),
            due_at_ms: at.due_at_ms,
            first_received_at_ms: known.first_received_at_ms,
            first_accepted_at_ms: known.first_accepted_at_ms,
            last_revised_at_ms: known.last_revised_at_ms,
            returned_count: known.returned_count,
            revision: known.revision,
            lateness_ms: at.lateness_ms(),
            unit_name_zh: name.zh,
            unit_name_en: name.en,
            opened_at_ms: instants.and_then(|instants| instants.opened_at_ms),
            locked_at_ms: instants.and_then(|instants| instants.locked_at_ms),
            received_count: known.received_count,
            imported_at_ms: known.imported_at_ms,
            imported: at.imported,
        })
    }

    /// The instant that a question asks about, where 0 means now.
    const fn instant(&self, as_of_ms: i64) -> i64 {
        if as_of_ms == 0 {
            self.last_received_at_ms
        } else {
            as_of_ms
        }
    }

    fn basis(&self, as_of_ms: i64) -> Basis {
        let version = self.catalogue().map(|catalogue| catalogue.version());
        Basis {
            applied_size: self.applied(),
            as_of_ms,
            catalogue_version: version.map_or_else(Vec::new, |v| v.as_bytes().to_vec()),
        }
    }

    /// At most `rows_max` of the rows, of which one more may have been found.
    fn listing<T>(&self, as_of_ms: i64, mut rows: Vec<T>, rows_max: usize) -> Listing<T> {
        let truncated = rows.len() > rows_max;
        rows.truncate(rows_max);
        Listing {
            basis: self.basis(as_of_ms),
            applied_size_last: self.applied(),
            rows,
            truncated,
        }
    }
}

fn filter(wire: Option<&SlotFilter>) -> Result<Filter, AnswerError> {
    let Some(wire) = wire else {
        return Ok(Filter::default());
    };
    Ok(Filter {
        units: set(&wire.units, UnitCode::new)?,
        datasets: set(&wire.datasets, DatasetCode::new)?,
        periods: set(&wire.periods, Period::parse)?,
        ..Filter::default()
    })
}

fn filter_under(
    wire: Option<&SlotFilter>,
    under: &str,
    imported: bool,
) -> Result<Filter, AnswerError> {
    let under = (!under.is_empty()).then(|| UnitCode::new(under));
    Ok(Filter {
        under: under.transpose().map_err(AnswerError::request)?,
        imported: if imported {
            Imported::Counted
        } else {
            Imported::Apart
        },
        ..filter(wire)?
    })
}

fn set<T: Ord, E: std::fmt::Display>(
    texts: &[String],
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<BTreeSet<T>, AnswerError> {
    let parsed = texts.iter().map(|text| parse(text));
    parsed
        .map(|one| one.map_err(AnswerError::request))
        .collect()
}

/// Whether the filter takes a slot.
pub(crate) fn wants(filter: &Filter, slot: &SlotKey) -> bool {
    (filter.units.is_empty() || filter.units.contains(&slot.unit))
        && (filter.datasets.is_empty() || filter.datasets.contains(&slot.dataset))
        && (filter.periods.is_empty() || filter.periods.contains(&slot.period))
}
