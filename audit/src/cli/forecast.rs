//! Early warning: the questions to the forecast service, drawn or written as JSON.

use granary_proto::v1;

use super::{
    Response,
    args::{Arrivals, Calibrate, Risk},
    online::{answered, shown},
};
use crate::{json, table, words::Manner};

pub(super) fn risk(manner: &Manner, as_json: bool, ask: &Risk) -> Response {
    let request = v1::ListRisksRequest {
        filter: Some(ask.filter.wire()),
        as_of_ms: ask.as_of.unwrap_or_default(),
        chance_percent_min: ask.min_chance,
        overdue: ask.overdue,
        lines_max: ask.most,
    };
    let answer = answered(&ask.line, async |mut city| city.risks(request).await);
    shown(manner, as_json, answer, json::risks, |answer| {
        table::risks(manner, answer)
    })
}

pub(super) fn arrivals(manner: &Manner, as_json: bool, ask: &Arrivals) -> Response {
    let request = v1::GetArrivalsRequest {
        dataset: ask.dataset.to_string(),
        period: ask.period.to_string(),
        as_of_ms: ask.as_of.unwrap_or_default(),
    };
    let answer = answered(&ask.line, async |mut city| city.arrivals(request).await);
    shown(manner, as_json, answer, json::arrivals, |answer| {
        table::arrivals(manner, answer)
    })
}

pub(super) fn calibrate(manner: &Manner, as_json: bool, ask: &Calibrate) -> Response {
    let request = v1::GetCalibrationRequest {
        filter: Some(ask.filter.wire()),
        as_of_ms: ask.as_of.unwrap_or_default(),
    };
    let answer = answered(&ask.line, async |mut city| city.calibration(request).await);
    shown(manner, as_json, answer, json::calibration, |answer| {
        table::calibration(manner, answer)
    })
}
