//! Early warning: the questions to the forecast service, or to a file that holds its journal, drawn or written as JSON.

use granary_proto::v1;

use super::{
    Response,
    args::{Arrivals, Calibrate, Risk},
    online::{shown, sourced},
};
use crate::{city::City, json, progress::Screen, replay::Replayed, table, words::Manner};

pub(super) fn risk(manner: &Manner, screen: Screen, as_json: bool, ask: &Risk) -> Response {
    let request = v1::ListRisksRequest {
        filter: Some(ask.filter.wire()),
        as_of_ms: ask.as_of.unwrap_or_default(),
        chance_percent_min: ask.min_chance,
        overdue: ask.overdue,
        lines_max: ask.most,
    };
    let replayed = |journal: &Replayed| journal.risks(&request);
    let asked = async |mut city: City| city.risks(request.clone()).await;
    let answer = sourced(manner, screen, &ask.source, asked, replayed);
    shown(manner, as_json, answer, json::risks, |answer| {
        table::risks(manner, answer)
    })
}

pub(super) fn arrivals(manner: &Manner, screen: Screen, as_json: bool, ask: &Arrivals) -> Response {
    let request = v1::GetArrivalsRequest {
        dataset: ask.dataset.to_string(),
        period: ask.period.to_string(),
        as_of_ms: ask.as_of.unwrap_or_default(),
    };
    let replayed = |journal: &Replayed| journal.arrivals(&request);
    let asked = async |mut city: City| city.arrivals(request.clone()).await;
    let answer = sourced(manner, screen, &ask.source, asked, replayed);
    shown(manner, as_json, answer, json::arrivals, |answer| {
        table::arrivals(manner, answer)
    })
}

pub(super) fn calibrate(
    manner: &Manner,
    screen: Screen,
    as_json: bool,
    ask: &Calibrate,
) -> Response {
    let request = v1::GetCalibrationRequest {
        filter: Some(ask.filter.wire()),
        as_of_ms: ask.as_of.unwrap_or_default(),
    };
    let replayed = |journal: &Replayed| journal.calibration(&request);
    let asked = async |mut city: City| city.calibration(request.clone()).await;
    let answer = sourced(manner, screen, &ask.source, asked, replayed);
    shown(manner, as_json, answer, json::calibration, |answer| {
        table::calibration(manner, answer)
    })
}
