//! Calibration: history is replayed in the order of time, each slot is forecast from what was known then, and scored.
//!
//! A slot is forecast at fixed lead times before its due instant, where it had begun, was still open and was owed; it is scored by what is
//! known of it at the instant asked about. The naive forecasts beside it know as much as the model did.

use std::collections::BTreeSet;

use jiff::civil::Time;

use crate::{
    catalogue::{Catalogue, DatasetIndex},
    completeness::{Board, Filter, Passage, SlotState},
    period::Period,
    text::Bilingual,
};

use super::{
    history::{Models, number, outcome},
    risks::{Selected, is_returned},
    score::{Bin, Forecast, Score, Tally},
    words,
};

/// The newest periods of each dataset that are replayed.
const PERIODS_MAX: usize = 60;
const HOUR_MS: i64 = 3_600_000;

/// How long before the due instant a slot is forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Horizon {
    /// When the period is over and reporting begins.
    Opening,
    /// Three days before it is due.
    ThreeDays,
    /// One day.
    OneDay,
    /// Six hours.
    SixHours,
    /// One hour.
    OneHour,
}

/// How good the forecasts at one horizon were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HorizonScore {
    /// Which.
    pub horizon: Horizon,
    /// The score.
    pub score: Score,
}

/// How good the forecasts were that would have been made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calibration {
    /// Over all horizons together; absent where there is no forecast.
    pub score: Option<Score>,
    /// By horizon, the longest first; those without a forecast are left out.
    pub horizons: Vec<HorizonScore>,
    /// The reliability table over all horizons.
    pub bins: Vec<Bin>,
    /// Slots that could not be forecast at a horizon, because no period of their dataset was over then.
    pub unknown: u64,
    /// Whether the forecasts are any good, in words.
    pub verdict: Bilingual,
}

/// What is being replayed.
struct Replay<'a> {
    board: &'a Board,
    selected: Selected,
    as_of_ms: i64,
    /// By horizon.
    tallies: [Tally; Horizon::ALL.len()],
    unknown: u64,
}

impl Horizon {
    /// All of them, the longest first.
    pub const ALL: [Self; 5] = [
        Self::Opening,
        Self::ThreeDays,
        Self::OneDay,
        Self::SixHours,
        Self::OneHour,
    ];

    /// When a sheet is forecast; `None` where the horizon lies before reporting begins.
    fn instant_ms(self, opening_ms: i64, due_at_ms: i64) -> Option<i64> {
        let hours = match self {
            Self::Opening => return (opening_ms < due_at_ms).then_some(opening_ms),
            Self::ThreeDays => 72,
            Self::OneDay => 24,
            Self::SixHours => 6,
            Self::OneHour => 1,
        };
        let at_ms = due_at_ms.checked_sub(hours * HOUR_MS)?;
        (at_ms > opening_ms).then_some(at_ms)
    }
}

/// Replays the slots of a filter that were over at an instant.
#[must_use]
pub fn calibrate(board: &Board, filter: &Filter, as_of_ms: i64) -> Calibration {
    let mut replay = Replay {
        board,
        selected: Selected::of(board, filter),
        as_of_ms,
        tallies: Default::default(),
        unknown: 0,
    };
    let sheets = board.places(filter, as_of_ms);
    let datasets: BTreeSet<DatasetIndex> = sheets.iter().map(|(dataset, _)| *dataset).collect();
    let mut clusters = 0..;
    for dataset in datasets {
        let own = sheets.iter().filter(|sheet| sheet.0 == dataset);
        let over: Vec<(Period, i64)> = own
            .filter_map(|(_, period)| Some((*period, due(board.catalogue(), dataset, *period)?)))
            .filter(|(_, due_at_ms)| *due_at_ms < as_of_ms)
            .collect();
        // Old models are of no use to the next sheet, but the same one often serves all horizons of a sheet.
        let mut models = Models::default();
        for (sheet, cluster) in over
            .iter()
            .skip(over.len().saturating_sub(PERIODS_MAX))
            .zip(&mut clusters)
        {
            replay.sheet(&mut models, (dataset, sheet.0, sheet.1), cluster);
        }
    }
    replay.finish()
}

fn due(catalogue: &Catalogue, dataset: DatasetIndex, period: Period) -> Option<i64> {
    catalogue.dataset_at(dataset).instants(period).due_at_ms
}

/// The first instant after the period, where the dataset's deadlines are.
fn opening(catalogue: &Catalogue, dataset: DatasetIndex, period: Period) -> Option<i64> {
    let zone = catalogue.dataset_at(dataset).deadline().zone();
    let midnight = period.day_after().to_datetime(Time::midnight());
    Some(zone.to_timestamp(midnight).ok()?.as_millisecond())
}

impl Replay<'_> {
    fn sheet(
        &mut self,
        models: &mut Models,
        (dataset, period, due_at_ms): (DatasetIndex, Period, i64),
        cluster: u64,
    ) {
        let Some(opening_ms) = opening(self.board.catalogue(), dataset, period) else {
            return;
        };
        for (at, horizon) in Horizon::ALL.into_iter().enumerate() {
            if let Some(then_ms) = horizon.instant_ms(opening_ms, due_at_ms) {
                let kept = models.model(self.board, dataset, then_ms);
                for passage in self.board.passages(dataset, period) {
                    if self.selected.holds(passage.unit) {
                        let found = forecast(&kept.model, &passage, period, then_ms, self.as_of_ms);
                        self.count(at, found, cluster);
                    }
                }
            }
        }
    }

    fn count(&mut self, horizon: usize, found: Found, cluster: u64) {
        match found {
            Found::NotOpen => {}
            Found::Unknown => self.unknown += 1,
            Found::Forecast(forecast) => {
                self.tallies[horizon].add(&Forecast {
                    cluster,
                    ..forecast
                });
            }
        }
    }

    fn finish(self) -> Calibration {
        let mut all = Tally::default();
        self.tallies.iter().for_each(|tally| all.merge(tally));
        let horizons = Horizon::ALL.into_iter().zip(&self.tallies);
        let score = all.score();
        Calibration {
            verdict: words::verdict(score.as_ref()),
            score,
            horizons: horizons
                .filter_map(|(horizon, tally)| {
                    let score = tally.score()?;
                    Some(HorizonScore { horizon, score })
                })
                .collect(),
            bins: all.bins(),
            unknown: self.unknown,
        }
    }
}

/// What a slot gives at a horizon.
enum Found {
    /// It was not open then, or is not owed.
    NotOpen,
    /// Nothing was known of its dataset.
    Unknown,
    /// A forecast, of no cluster yet.
    Forecast(Forecast),
}

fn forecast(
    model: &super::Model,
    passage: &Passage<'_>,
    period: Period,
    then_ms: i64,
    as_of_ms: i64,
) -> Found {
    let known = outcome(passage, period, as_of_ms).filter(|outcome| outcome.is_known(as_of_ms));
    let Some(outcome) = known.filter(|_| passage.state(then_ms) == SlotState::Pending) else {
        return Found::NotOpen;
    };
    let lead_ms = passage.due_at_ms(then_ms).saturating_sub(then_ms);
    let chance = model.chance(number(passage), lead_ms, is_returned(passage, then_ms));
    let (Some(chance), Some(base)) = (chance, model.base_rate()) else {
        return Found::Unknown;
    };
    Found::Forecast(Forecast {
        cluster: 0,
        chance: chance.late,
        base,
        base_then: model.base_rate_at(lead_ms),
        late: outcome.lead_ms().is_none(),
    })
}
