//! Expected by now, and arrived (按往常应到、实到): the curve of a dataset's reports before their deadline.
//!
//! At each lead time the expectation is the sum of the chances that the slots' reports are accepted by then, as known before the
//! period was due. The band holds what is usual, from the 10th to the 90th percentile: the mean and 1.2816 standard
//! deviations, cut to what is possible. The variance is that of independent reports (a Poisson binomial), or that of past periods
//! where at least eight are known and they varied more, since a holiday delays many reports at once.

use crate::{
    bulletin::Named,
    catalogue::DatasetIndex,
    completeness::{Board, Passage, SlotState},
    period::Period,
};

use super::{
    history::{Kept, Models, SheetCurve, number},
    lead,
    model::View,
};

/// The 90th percentile of the standard normal distribution (Abramowitz and Stegun, table 26.5).
const NORMAL_90: f64 = 1.281_551_565_545;
/// The fewest past periods that say how much periods vary.
const SHEETS_MIN: usize = 8;

/// What was expected of one dataset and period by when, and what arrived. Counts have one decimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrivals {
    /// The dataset.
    pub dataset: Named,
    /// The period.
    pub period: Period,
    /// When its rule says that it is due.
    pub due_at_ms: i64,
    /// Slots owed.
    pub owed: u32,
    /// The instant asked about, whose `arrived` is always there.
    pub now: Point,
    /// The curve, oldest first, down to the due instant.
    pub points: Vec<Point>,
    /// How many past periods it stands on; 0 where nothing is known and nothing is expected.
    pub periods_known: u32,
}

/// One instant of the curve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// When.
    pub at_ms: i64,
    /// How many are expected by then; empty where nothing is known.
    pub expected: String,
    /// The 10th percentile; empty where nothing is known.
    pub low: String,
    /// The 90th percentile; empty where nothing is known.
    pub high: String,
    /// How many had arrived; absent where that instant is still to come.
    pub arrived: Option<u32>,
}

/// The slots of one sheet, and what is known of them.
struct Sheet<'a> {
    kept: &'a Kept,
    passages: Vec<Passage<'a>>,
    /// One for each passage; `None` where nothing is known.
    views: Option<Vec<&'a View>>,
    /// Until when a report by the rule is timely.
    until_ms: i64,
    as_of_ms: i64,
}

/// The arrivals of a dataset and period as of an instant; `None` where its deadline lies beyond the calendar.
#[must_use]
pub fn arrivals(
    board: &Board,
    models: &mut Models,
    dataset: DatasetIndex,
    period: Period,
    as_of_ms: i64,
) -> Option<Arrivals> {
    let described = board.catalogue().dataset_at(dataset);
    let instants = described.instants(period);
    let (due_at_ms, until_ms) = (instants.due_at_ms?, instants.timely_until_ms()?);
    // What was learnt after this period was due would already hold its own reports.
    let kept = models.model(board, dataset, as_of_ms.min(until_ms));
    let owed = |passage: &Passage<'_>| passage.state(as_of_ms) != SlotState::Exempt;
    let passages: Vec<_> = board.passages(dataset, period).filter(owed).collect();
    let sheet = Sheet {
        kept: &kept,
        views: passages
            .iter()
            .map(|p| kept.model.view(number(p)))
            .collect(),
        passages,
        until_ms,
        as_of_ms,
    };
    let instants = lead::drawn_ms().map(|lead_ms| until_ms.saturating_sub(lead_ms));
    Some(Arrivals {
        dataset: Named::new(described.code(), described.name()),
        period,
        due_at_ms,
        owed: u32::try_from(sheet.passages.len()).unwrap_or(u32::MAX),
        now: sheet.point(as_of_ms),
        points: instants.map(|at_ms| sheet.point(at_ms)).collect(),
        periods_known: u32::try_from(kept.sheets.len()).unwrap_or(u32::MAX),
    })
}

impl Sheet<'_> {
    fn point(&self, at_ms: i64) -> Point {
        let by_then = |passage: &&Passage<'_>| {
            let arrived_at_ms = passage.arrived_at_ms(self.as_of_ms);
            arrived_at_ms.is_some_and(|arrived_at_ms| arrived_at_ms <= at_ms)
        };
        let arrived = self.passages.iter().filter(by_then);
        let arrived = u32::try_from(arrived.count()).unwrap_or(u32::MAX);
        let band = self.band(at_ms);
        let text = |value: Option<f64>| value.map(|value| format!("{value:.1}"));
        Point {
            at_ms,
            expected: text(band.map(|(mean, _)| mean)).unwrap_or_default(),
            low: text(band.map(|band| self.edge(band, -1.0))).unwrap_or_default(),
            high: text(band.map(|band| self.edge(band, 1.0))).unwrap_or_default(),
            arrived: (at_ms <= self.as_of_ms).then_some(arrived),
        }
    }

    /// The mean and the standard deviation of how many have arrived by an instant.
    fn band(&self, at_ms: i64) -> Option<(f64, f64)> {
        let (mut mean, mut variance) = (0.0, 0.0);
        for (passage, view) in self.passages.iter().zip(self.views.as_ref()?) {
            let lead_ms = passage.timely_until_ms(self.as_of_ms).saturating_sub(at_ms);
            let share = view.arrived_share(lead_ms);
            mean += share;
            variance += share * (1.0 - share);
        }
        let slots = self.passages.len() as f64;
        let lead_ms = self.until_ms.saturating_sub(at_ms);
        let usual = usual_variance(&self.kept.sheets, lead_ms) * slots * slots;
        (slots > 0.0).then(|| (mean, libm::sqrt(f64::max(variance, usual))))
    }

    fn edge(&self, (mean, deviation): (f64, f64), sign: f64) -> f64 {
        let edge = mean + sign * NORMAL_90 * deviation;
        edge.clamp(0.0, self.passages.len() as f64)
    }
}

/// The variance over past periods of the share that had arrived by a lead time; 0 where too few are known.
fn usual_variance(sheets: &[SheetCurve], lead_ms: i64) -> f64 {
    let shares: Vec<f64> = sheets
        .iter()
        .filter(|sheet| sheet.expected > 0)
        .map(|sheet| {
            let timely: f64 = sheet.timely.iter().sum();
            (timely - lead::still_to_come(&sheet.timely, lead_ms)) / f64::from(sheet.expected)
        })
        .collect();
    if shares.len() < SHEETS_MIN {
        return 0.0;
    }
    let count = shares.len() as f64;
    let mean = shares.iter().sum::<f64>() / count;
    let squares = shares.iter().map(|share| (share - mean) * (share - mean));
    squares.sum::<f64>() / (count - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(timely: f64) -> SheetCurve {
        let mut sheet = SheetCurve {
            expected: 10,
            ..SheetCurve::default()
        };
        sheet.timely[5] = timely;
        sheet
    }

    #[test]
    fn too_few_periods_say_nothing_of_how_much_periods_vary() {
        let few: Vec<SheetCurve> = (0..7).map(|n| sheet(f64::from(n))).collect();
        assert_eq!(usual_variance(&few, 0), 0.0);
    }

    #[test]
    fn periods_that_vary_widen_the_band() {
        let alternating: Vec<SheetCurve> = (0..8)
            .map(|n| sheet(if n % 2 == 0 { 4.0 } else { 8.0 }))
            .collect();
        // Shares 0.4 and 0.8, four of each: a sum of squares of 8 * 0.04, over 7.
        assert!((usual_variance(&alternating, 0) - 0.32 / 7.0).abs() < 1e-12);
        assert_eq!(usual_variance(&alternating, i64::MAX), 0.0);
    }
}
