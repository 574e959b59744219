//! One indicator's series for one unit, from a replayed journal.

use granary_core::{
    code::{DatasetCode, IndicatorCode, ItemKey, UnitCode},
    ledger::{LogIndex, history},
    period::Period,
    snapshot::SlotKey,
};
use granary_proto::v1::{GetSeriesRequest, GetSeriesResponse, SeriesPoint};

use super::{AnswerError, Replayed, wire};

/// The most points in one answer, as the city's server has it.
const POINTS_MAX: usize = 10_000;

impl Replayed {
    /// Reads a series.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn series(&self, request: &GetSeriesRequest) -> Result<GetSeriesResponse, AnswerError> {
        let unit = UnitCode::new(&request.unit).map_err(AnswerError::request)?;
        let code = DatasetCode::new(&request.dataset).map_err(AnswerError::request)?;
        let catalogue = self.catalogue().ok_or(AnswerError::NoCatalogue)?;
        let dataset = catalogue.dataset(&code).ok_or(AnswerError::NoDataset)?;
        let (first, last) = (bound(&request.first_period)?, bound(&request.last_period)?);
        let as_of_ms = self.instant(request.as_of_ms);
        let mut points = Vec::new();
        for period in history::periods(dataset, first, last, as_of_ms) {
            let slot = SlotKey::new(unit.clone(), code.clone(), period);
            let stated = history::stated(&self.view(), &slot, as_of_ms, request.vintages)?;
            for (index, received_at_ms) in stated {
                points.extend(self.point(request, period, index, received_at_ms)?);
            }
            if points.len() >= POINTS_MAX {
                points.truncate(POINTS_MAX);
                break;
            }
        }
        Ok(GetSeriesResponse {
            basis: Some(self.basis(as_of_ms)),
            points,
        })
    }

    /// What one snapshot states; `None` where it does not state the indicator.
    fn point(
        &self,
        request: &GetSeriesRequest,
        period: Period,
        index: LogIndex,
        received_at_ms: i64,
    ) -> Result<Option<SeriesPoint>, AnswerError> {
        let indicator = IndicatorCode::new(&request.indicator).map_err(AnswerError::request)?;
        let item = request.item.as_deref().map(ItemKey::new).transpose();
        let item = item.map_err(AnswerError::request)?;
        let snapshot = history::snapshot(&self.view(), index)?;
        let observation = snapshot.observation(&indicator, item.as_ref());
        Ok(observation.map(|observation| SeriesPoint {
            period: period.to_string(),
            value: observation.value.and_then(wire::decimal),
            status: observation.status.number(),
            revision: snapshot.revision,
            index: index.0,
            received_at_ms,
        }))
    }
}

fn bound(text: &str) -> Result<Option<Period>, AnswerError> {
    let given = (!text.is_empty()).then(|| Period::parse(text));
    given.transpose().map_err(AnswerError::request)
}
