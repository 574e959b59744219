//! From the slots of a city to models: which past slots count at an instant, and for how long a model stays right.
//!
//! History begins with the first period of a dataset for which anything had been accepted: before that nobody used the system,
//! and a slot that nobody could report is no sign of lateness. Imported history counts from the act on that imported it. Models are kept with the half-open range of instants and the
//! state of the columns that they follow from; one that still fits is the one that would be learnt again.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use crate::{
    catalogue::{Catalogue, DatasetIndex, Unit},
    completeness::{Board, Edition, Passage, SlotState},
    period::Period,
};

use super::{
    model::{Learner, Model},
    record::Outcome,
    weight::{self, AGES},
};

/// The models that were asked for, one a dataset.
#[derive(Clone, Debug, Default)]
pub struct Models {
    /// The catalogue that they are laid out by.
    catalogue: Option<Arc<Catalogue>>,
    kept: BTreeMap<DatasetIndex, Arc<Kept>>,
}

/// A model and what it stands on.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) model: Model,
    /// The shares of the expected slots that were accepted by each lead time, of the past periods.
    pub(super) sheets: Vec<SheetCurve>,
    /// The instants at which the same would be learnt, while the columns stay as they are.
    instants_ms: Range<i64>,
    /// The columns looked at, as they were.
    editions: Vec<(Period, Edition)>,
}

/// How many slots of one past period were expected, and how long before they were due those accepted in time were accepted.
#[derive(Clone, Debug, Default)]
pub(super) struct SheetCurve {
    pub(super) expected: u32,
    pub(super) timely: [f64; super::lead::BINS],
}

impl Models {
    /// The model of a dataset as of an instant: a kept one that still holds, or one learnt now.
    pub(super) fn model(
        &mut self,
        board: &Board,
        dataset: DatasetIndex,
        as_of_ms: i64,
    ) -> Arc<Kept> {
        let is_same = |known: &Arc<Catalogue>| Arc::ptr_eq(known, board.catalogue());
        if !self.catalogue.as_ref().is_some_and(is_same) {
            self.kept.clear();
            self.catalogue = Some(Arc::clone(board.catalogue()));
        }
        let kept = self.kept.get(&dataset);
        if let Some(kept) = kept.filter(|kept| kept.holds(board, dataset, as_of_ms)) {
            return Arc::clone(kept);
        }
        let learnt = Arc::new(learn(board, dataset, as_of_ms));
        self.kept.insert(dataset, Arc::clone(&learnt));
        learnt
    }

    /// Bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let models = self.kept.values().map(|kept| kept.model.bytes());
        models.sum()
    }
}

impl Kept {
    fn holds(&self, board: &Board, dataset: DatasetIndex, as_of_ms: i64) -> bool {
        let same =
            |(period, edition): &(Period, Edition)| board.edition(dataset, *period) == *edition;
        self.instants_ms.contains(&as_of_ms) && self.editions.iter().all(same)
    }
}

/// The instants between two events, narrowed event by event.
struct Between {
    as_of_ms: i64,
    instants_ms: Range<i64>,
}

impl Between {
    fn event(&mut self, at_ms: i64) {
        if at_ms <= self.as_of_ms {
            self.instants_ms.start = self.instants_ms.start.max(at_ms);
        } else {
            self.instants_ms.end = self.instants_ms.end.min(at_ms);
        }
    }
}

/// Learns a dataset's model from the board.
pub(super) fn learn(board: &Board, dataset: DatasetIndex, as_of_ms: i64) -> Kept {
    let catalogue = board.catalogue();
    let described = catalogue.dataset_at(dataset);
    let mut between = Between {
        as_of_ms,
        instants_ms: i64::MIN..i64::MAX,
    };
    let over = periods_over(board, dataset, &mut between);
    let mut editions: Vec<_> = over
        .iter()
        .map(|p| (*p, board.edition(dataset, *p)))
        .collect();
    let begun = begin(board, dataset, &over, &mut between);
    let newest = over.last().map_or(0, |period| period.ordinal());
    let half_life = weight::half_life(described.periodicity());
    let mut learner = Learner::new(half_life, groups(catalogue), newest, as_of_ms);
    let mut sheets = Vec::new();
    for period in over.iter().skip(begun) {
        let mut sheet = SheetCurve::default();
        for passage in board.passages(dataset, *period) {
            passage.turns_ms().for_each(|at_ms| between.event(at_ms));
            if let Some(outcome) = outcome(&passage, *period, as_of_ms) {
                sheet.add(&outcome, as_of_ms);
                learner.add(&outcome);
            }
        }
        sheets.push(sheet);
    }
    editions.shrink_to_fit();
    Kept {
        model: learner.finish(),
        sheets,
        instants_ms: between.instants_ms,
        editions,
    }
}

/// The newest periods whose deadline has passed, oldest first.
fn periods_over(board: &Board, dataset: DatasetIndex, between: &mut Between) -> Vec<Period> {
    let described = board.catalogue().dataset_at(dataset);
    let last = described.last_period();
    let mut over = Vec::new();
    let all = std::iter::successors(Some(described.first_period()), |period| period.plus(1));
    for period in all.take_while(|period| last.is_none_or(|last| *period <= last)) {
        let Some(due_at_ms) = described.instants(period).due_at_ms else {
            break;
        };
        between.event(due_at_ms.saturating_add(1));
        if due_at_ms >= between.as_of_ms {
            break;
        }
        over.push(period);
    }
    let old = over.len().saturating_sub(AGES as usize);
    over.split_off(old)
}

/// How many of the periods lie before the first one for which anything had been accepted.
fn begin(board: &Board, dataset: DatasetIndex, over: &[Period], between: &mut Between) -> usize {
    for (at, period) in over.iter().enumerate() {
        let known = board
            .passages(dataset, *period)
            .filter_map(|p| p.known_from_ms());
        if let Some(first_ms) = known.min() {
            between.event(first_ms);
            if first_ms <= between.as_of_ms {
                return at;
            }
        }
    }
    over.len()
}

/// The peers' group of each unit: the units of its level.
fn groups(catalogue: &Catalogue) -> Vec<u32> {
    let level = |unit: &Unit| {
        let code = unit.level()?;
        let at = catalogue
            .levels()
            .iter()
            .position(|level| level.code() == code)?;
        u32::try_from(at + 1).ok()
    };
    let units = catalogue.units().iter();
    units.map(|unit| level(unit).unwrap_or_default()).collect()
}

/// What became of a slot, as known at an instant; `None` where it was not owed.
pub(super) fn outcome(passage: &Passage<'_>, period: Period, as_of_ms: i64) -> Option<Outcome> {
    let due_at_ms = passage.due_at_ms(as_of_ms);
    (passage.state(as_of_ms) != SlotState::Exempt).then(|| Outcome {
        unit: number(passage),
        period,
        due_at_ms,
        accepted_at_ms: passage.arrived_at_ms(as_of_ms),
        returned_at_ms: passage.returned_at_ms,
        known_at_ms: due_at_ms,
    })
}

/// The unit's number in a model.
pub(super) fn number(passage: &Passage<'_>) -> u32 {
    u32::try_from(passage.unit.get()).unwrap_or(u32::MAX)
}

impl SheetCurve {
    fn add(&mut self, outcome: &Outcome, as_of_ms: i64) {
        if !outcome.is_known(as_of_ms) {
            return;
        }
        self.expected += 1;
        if let Some(lead_ms) = outcome.lead_ms() {
            self.timely[super::lead::bin(lead_ms)] += 1.0;
        }
    }
}
