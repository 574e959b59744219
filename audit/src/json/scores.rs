//! League tables, accounts of scores and progress towards targets, for programs.

use granary_proto::v1::{
    Band, Component, ComponentAccount, Contribution, ExplainScoreResponse, FindingNote,
    FindingStatus, GetLeagueResponse, ListTargetsResponse, LogHead, MeasureValue, Named, Points,
    SlotState, Standing, TargetLine, Words, measure_value,
};
use serde_json::{Value, json};

use super::{basis, given, word};
use crate::words;

/// A league table.
#[must_use]
pub fn league(answer: &GetLeagueResponse) -> Value {
    let document = answer.document.clone().unwrap_or_default();
    let league = document.league.unwrap_or_default();
    json!({
        "basis": basis(&document.basis.unwrap_or_default()),
        "log": log(&document.log.unwrap_or_default()),
        "sha256": words::digest(&answer.sha256),
        "scorecard": named(league.scorecard.as_ref()),
        "period": league.period,
        "period_before": given(&league.period_before),
        "slots_min": league.slots_min,
        "imported": league.imported,
        "pending": league.pending,
        "components": league.components.iter().map(component).collect::<Vec<_>>(),
        "bands": league.bands.iter().map(band).collect::<Vec<_>>(),
        "standings": league.standings.iter().map(standing).collect::<Vec<_>>(),
    })
}

/// The account of a score.
#[must_use]
pub fn explanation(answer: &ExplainScoreResponse) -> Value {
    let told = answer.explanation.clone().unwrap_or_default();
    json!({
        "basis": basis(&answer.basis.clone().unwrap_or_default()),
        "log": log(&answer.log.clone().unwrap_or_default()),
        "league_sha256": words::digest(&answer.league_sha256),
        "scorecard": named(told.scorecard.as_ref()),
        "period": told.period,
        "standing": standing(&told.standing.unwrap_or_default()),
        "accounts": told.accounts.iter().map(account).collect::<Vec<_>>(),
    })
}

/// Progress towards targets.
#[must_use]
pub fn targets(answer: &ListTargetsResponse) -> Value {
    json!({
        "basis": basis(&answer.basis.clone().unwrap_or_default()),
        "log": log(&answer.log.clone().unwrap_or_default()),
        "targets": answer.targets.iter().map(target).collect::<Vec<_>>(),
    })
}

fn log(log: &LogHead) -> Value {
    json!({ "origin": log.origin, "size": log.size, "root": words::digest(&log.root_hash) })
}

fn component(component: &Component) -> Value {
    json!({
        "component": named(component.component.as_ref()),
        "measure": component.measure,
        "weight": component.weight,
    })
}

fn band(band: &Band) -> Value {
    json!({
        "name": both(band.name.as_ref()),
        "share_percent": band.share_percent,
        "units": band.units,
    })
}

fn standing(standing: &Standing) -> Value {
    json!({
        "unit": named(standing.unit.as_ref()),
        "rank": standing.rank,
        "movement": standing.movement,
        "band": standing.band,
        "score": given(&standing.score),
        "points": standing.points.iter().map(points).collect::<Vec<_>>(),
        "slots": standing.slots,
        "not_ranked": both(standing.not_ranked.as_ref()),
        "flag": standing.flag,
        "last": standing.last,
    })
}

fn points(points: &Points) -> Value {
    let value = points.value.clone().unwrap_or_default();
    json!({
        "measure": value.measure,
        "value": measured(&value),
        "points": given(&points.points),
    })
}

fn measured(value: &MeasureValue) -> Value {
    match &value.value {
        None => Value::Null,
        Some(measure_value::Value::Share(share)) => {
            json!({ "numerator": share.numerator, "denominator": share.denominator })
        }
        Some(measure_value::Value::DurationMs(ms)) => json!({ "duration_ms": ms }),
        Some(measure_value::Value::Number(number)) => json!({ "number": number }),
    }
}

fn account(account: &ComponentAccount) -> Value {
    json!({
        "component": component(&account.component.clone().unwrap_or_default()),
        "points": points(&account.points.clone().unwrap_or_default()),
        "full": given(&account.full),
        "reckoning": both(account.reckoning.as_ref()),
        "contributions": account.contributions.iter().map(contribution).collect::<Vec<_>>(),
        "numerator": given(&account.numerator),
        "denominator": given(&account.denominator),
        "targets": account.targets.iter().map(target).collect::<Vec<_>>(),
    })
}

fn contribution(part: &Contribution) -> Value {
    let state = SlotState::try_from(part.state).unwrap_or_default();
    json!({
        "dataset": named(part.dataset.as_ref()),
        "period": part.period,
        "state": word(state.as_str_name(), "SLOT_STATE_"),
        "numerator": part.numerator,
        "denominator": given(&part.denominator),
        "findings": part.findings.iter().map(note).collect::<Vec<_>>(),
    })
}

fn note(note: &FindingNote) -> Value {
    let status = FindingStatus::try_from(note.status).unwrap_or_default();
    json!({
        "edit": note.edit,
        "item": note.item,
        "status": word(status.as_str_name(), "FINDING_STATUS_"),
        "opened_index": note.opened_index,
    })
}

fn target(line: &TargetLine) -> Value {
    json!({
        "unit": named(line.unit.as_ref()),
        "dataset": named(line.dataset.as_ref()),
        "indicator": named(line.indicator.as_ref()),
        "department": named(line.department.as_ref()),
        "measure": both(line.measure.as_ref()),
        "year": line.year,
        "target": given(&line.target),
        "half_target": given(&line.half_target),
        "actual": given(&line.actual),
        "through": given(&line.through),
        "progress_percent": given(&line.progress_percent),
        "elapsed_percent": given(&line.elapsed_percent),
        "gap": given(&line.gap),
        "pace_needed": given(&line.pace_needed),
        "growth_percent": given(&line.growth_percent),
        "rank": line.rank,
        "half_reached": line.half_reached,
    })
}

fn named(named: Option<&Named>) -> Value {
    let Some(named) = named else {
        return Value::Null;
    };
    json!({ "code": named.code, "name": both(named.name.as_ref()) })
}

fn both(words: Option<&Words>) -> Value {
    words.map_or(
        Value::Null,
        |words| json!({ "zh": words.zh, "en": words.en }),
    )
}
