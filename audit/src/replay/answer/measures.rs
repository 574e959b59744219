//! Every measure over slots, grouped.

use granary_core::{
    catalogue::Catalogue,
    code::UnitCode,
    completeness::{Group, GroupBy, Labels},
    measures::{self, Tally},
};
use granary_proto::v1::{
    ListMeasuresRequest, MeasureValue, MeasuresRow, Share, measure_value::Value,
};

use super::{AnswerError, Replayed, filter_under, wire};
use crate::city::Measured;

impl Replayed {
    /// Computes every measure, a row for each group.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn measures(&self, request: &ListMeasuresRequest) -> Result<Measured, AnswerError> {
        let filter = filter_under(request.filter.as_ref(), &request.under, request.imported)?;
        let as_of_ms = self.instant(request.as_of_ms);
        let Some(board) = self.board()? else {
            return Ok(Measured {
                listing: self.listing(as_of_ms, Vec::new(), usize::MAX),
                ..Default::default()
            });
        };
        let by = wire::group_by(request.group_by());
        let counted = measures::tallies(&board, &filter, by, as_of_ms);
        let rows = counted.iter().map(|(group, tally)| {
            let last_seen = |unit: &UnitCode| board.last_seen_ms(unit, as_of_ms);
            let last_seen_ms = group.unit.as_ref().and_then(last_seen);
            row(board.catalogue(), group, tally, last_seen_ms)
        });
        let listing = self.listing(as_of_ms, rows.collect(), usize::MAX);
        // Rows by department may overlap, so the total is counted by itself.
        let total = measures::tallies(&board, &filter, GroupBy::Nothing, as_of_ms).pop();
        let (group, total) = total.unwrap_or_default();
        Ok(Measured {
            listing,
            total: row(board.catalogue(), &group, &total, None),
        })
    }
}

fn row(
    catalogue: &Catalogue,
    group: &Group,
    tally: &Tally,
    last_seen_ms: Option<i64>,
) -> MeasuresRow {
    let labels = Labels::of(catalogue, group);
    MeasuresRow {
        unit: labels.unit,
        dataset: labels.dataset,
        period: labels.period,
        department: labels.department,
        level: labels.level,
        name_zh: labels.name.zh,
        name_en: labels.name.en,
        counts: Some(wire::counts(&tally.counts)),
        imported: tally.counts.imported,
        measures: tally
            .values()
            .map(|(measure, value)| MeasureValue {
                measure: measure.word().to_owned(),
                value: value.map(of_measure),
            })
            .collect(),
        last_seen_ms,
    }
}

fn of_measure(value: measures::Value) -> Value {
    match value {
        measures::Value::Share {
            numerator,
            denominator,
        } => Value::Share(Share {
            numerator,
            denominator,
        }),
        measures::Value::DurationMs(ms) => Value::DurationMs(ms),
        measures::Value::Number(number) => Value::Number(number.to_string()),
    }
}
