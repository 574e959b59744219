//! One indicator's series for one unit: the values known at an instant, or all vintages.

use granary_core::{
    code::{DatasetCode, IndicatorCode, ItemKey, UnitCode},
    ledger::{LogIndex, history as known},
    period::Period,
    snapshot::SlotKey,
};
use granary_proto::v1;

use super::{City, failure::Failure, history, monitoring::basis};
use crate::convert;

/// The most points in one answer.
const POINTS_MAX: usize = 10_000;

/// What is asked for, understood.
struct Wish {
    unit: UnitCode,
    dataset: DatasetCode,
    indicator: IndicatorCode,
    item: Option<ItemKey>,
    as_of_ms: i64,
    all_vintages: bool,
}

/// Reads a series.
pub(super) fn read(
    city: &City,
    request: &v1::GetSeriesRequest,
) -> Result<v1::GetSeriesResponse, Failure> {
    let wish = wish(city, request)?;
    let basis = basis(city, wish.as_of_ms);
    let registry = city.handle.registry();
    let catalogue = registry
        .catalogue()
        .ok_or(Failure::NotReady("no catalogue has been published yet"))?;
    let dataset = catalogue
        .dataset(&wish.dataset)
        .ok_or(Failure::NotFound("the catalogue has no such dataset"))?;
    let first = bound("first_period", &request.first_period)?;
    let last = bound("last_period", &request.last_period)?;
    let mut points = Vec::new();
    for period in known::periods(dataset, first, last, wish.as_of_ms) {
        points.extend(points_of(city, &wish, period)?);
        if points.len() >= POINTS_MAX {
            points.truncate(POINTS_MAX);
            break;
        }
    }
    Ok(v1::GetSeriesResponse {
        basis: Some(basis),
        points,
    })
}

fn wish(city: &City, request: &v1::GetSeriesRequest) -> Result<Wish, Failure> {
    let item = request.item.as_deref().map(ItemKey::new).transpose();
    Ok(Wish {
        unit: UnitCode::new(&request.unit).map_err(|e| Failure::invalid("unit", e))?,
        dataset: DatasetCode::new(&request.dataset).map_err(|e| Failure::invalid("dataset", e))?,
        indicator: IndicatorCode::new(&request.indicator)
            .map_err(|e| Failure::invalid("indicator", e))?,
        item: item.map_err(|e| Failure::invalid("item", e))?,
        as_of_ms: city.instant(request.as_of_ms),
        all_vintages: request.vintages,
    })
}

fn bound(field: &'static str, text: &str) -> Result<Option<Period>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    Period::parse(text)
        .map(Some)
        .map_err(|e| Failure::invalid(field, e))
}

fn points_of(city: &City, wish: &Wish, period: Period) -> Result<Vec<v1::SeriesPoint>, Failure> {
    let slot = SlotKey::new(wish.unit.clone(), wish.dataset.clone(), period);
    let stated = history::stated(city, &slot, wish.as_of_ms, wish.all_vintages)?;
    let points = stated
        .into_iter()
        .map(|(index, received_at_ms)| point(city, wish, period, index, received_at_ms));
    points.filter_map(Result::transpose).collect()
}

/// What one snapshot states; `None` where it does not state the indicator.
fn point(
    city: &City,
    wish: &Wish,
    period: Period,
    index: LogIndex,
    received_at_ms: i64,
) -> Result<Option<v1::SeriesPoint>, Failure> {
    let snapshot = history::snapshot(city, index)?;
    let observation = snapshot.observation(&wish.indicator, wish.item.as_ref());
    Ok(observation.map(|observation| v1::SeriesPoint {
        period: period.to_string(),
        value: observation.value.and_then(convert::decimal),
        status: observation.status.number(),
        revision: snapshot.revision,
        index: index.0,
        received_at_ms,
    }))
}
