//! Forecasts for programs.

use granary_proto::v1::{
    ArrivalPoint, ForecastHorizon, ForecastScore, ForecastVerdict, GetArrivalsResponse,
    GetCalibrationResponse, ListRisksResponse, Named, ReliabilityBin, RiskLine, Words,
};
use serde_json::{Value, json};

use super::{basis, given, word};

/// Open slots, the most endangered first.
#[must_use]
pub fn risks(answer: &ListRisksResponse) -> Value {
    json!({
        "basis": basis(&answer.basis.clone().unwrap_or_default()),
        "risks": answer.risks.iter().map(risk).collect::<Vec<_>>(),
        "wanted": answer.wanted,
        "pending": answer.pending,
        "overdue": answer.overdue,
        "unknown": answer.unknown,
    })
}

/// The curve of a dataset and period.
#[must_use]
pub fn arrivals(answer: &GetArrivalsResponse) -> Value {
    json!({
        "basis": basis(&answer.basis.clone().unwrap_or_default()),
        "dataset": named(answer.dataset.as_ref()),
        "period": answer.period,
        "due_at_ms": answer.due_at_ms,
        "owed": answer.owed,
        "periods_known": answer.periods_known,
        "now": answer.now.as_ref().map(point),
        "points": answer.points.iter().map(point).collect::<Vec<_>>(),
    })
}

/// How good forecasts were.
#[must_use]
pub fn calibration(answer: &GetCalibrationResponse) -> Value {
    let horizons = answer.horizons.iter().map(|line| {
        let horizon = ForecastHorizon::try_from(line.horizon).unwrap_or_default();
        json!({
            "horizon": word(horizon.as_str_name(), "FORECAST_HORIZON_"),
            "score": line.score.as_ref().map(score),
        })
    });
    json!({
        "basis": basis(&answer.basis.clone().unwrap_or_default()),
        "verdict": words(answer.verdict.as_ref()),
        "score": answer.score.as_ref().map(score),
        "horizons": horizons.collect::<Vec<_>>(),
        "reliability": answer.bins.iter().map(bin).collect::<Vec<_>>(),
        "unknown": answer.unknown,
    })
}

fn risk(line: &RiskLine) -> Value {
    json!({
        "unit": named(line.unit.as_ref()),
        "dataset": named(line.dataset.as_ref()),
        "period": line.period,
        "due_at_ms": line.due_at_ms,
        "chance_percent": line.chance_percent,
        "known": line.known,
        "late": line.late,
        "arrived_by_now_percent": given(&line.arrived_by_now_percent),
        "reason": words(line.reason.as_ref()),
    })
}

fn point(point: &ArrivalPoint) -> Value {
    json!({
        "at_ms": point.at_ms,
        "expected": given(&point.expected),
        "low": given(&point.low),
        "high": given(&point.high),
        "arrived": point.arrived,
    })
}

fn score(score: &ForecastScore) -> Value {
    let verdict = ForecastVerdict::try_from(score.verdict).unwrap_or_default();
    json!({
        "forecasts": score.forecasts,
        "late": score.late,
        "periods": score.periods,
        "brier": score.brier,
        "brier_base": score.brier_base,
        "brier_base_then": score.brier_base_then,
        "skill": given(&score.skill),
        "reliability": score.reliability,
        "resolution": score.resolution,
        "uncertainty": score.uncertainty,
        "within": score.within,
        "log_loss": score.log_loss,
        "verdict": word(verdict.as_str_name(), "FORECAST_VERDICT_"),
    })
}

fn bin(bin: &ReliabilityBin) -> Value {
    json!({
        "from_percent": bin.from_percent,
        "to_percent": bin.to_percent,
        "forecasts": bin.forecasts,
        "late": bin.late,
        "mean_percent": given(&bin.mean_percent),
        "observed_percent": given(&bin.observed_percent),
        "low_percent": given(&bin.low_percent),
        "high_percent": given(&bin.high_percent),
    })
}

fn named(named: Option<&Named>) -> Value {
    let named = named.cloned().unwrap_or_default();
    json!({ "code": named.code, "name": words(named.name.as_ref()) })
}

fn words(words: Option<&Words>) -> Value {
    let words = words.cloned().unwrap_or_default();
    json!({ "zh": given(&words.zh), "en": given(&words.en) })
}
