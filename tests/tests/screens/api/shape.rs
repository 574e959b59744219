//! The API's shapes of the auditor's answers: names of fields and ways to write, and nothing computed.

use serde_json::{Map, Value, json};

use crate::{
    audit::Audit,
    pages::findings::owners,
    words::{text, utc},
};

/// What an answer stands on.
pub(super) fn basis(answer: &Value) -> Value {
    let basis = &answer["basis"];
    json!({
        "entries": basis["applied_size"],
        "as_of": utc(&basis["as_of_ms"]),
        "catalogue_version": basis["catalogue_version"],
    })
}

/// The tree that it stands on.
pub(super) fn log(answer: &Value) -> Value {
    answer["log"].clone()
}

pub(super) fn counts(counts: &Value) -> Value {
    fields(
        counts,
        &["expected", "timely", "late", "missing", "exempt", "pending"],
    )
}

/// These fields under their own names.
pub(super) fn fields(value: &Value, names: &[&str]) -> Value {
    let own = names
        .iter()
        .map(|name| ((*name).to_owned(), value[*name].clone()));
    own.collect::<Map<_, _>>().into()
}

/// Both, the fields of the second over those of the first.
pub(super) fn and(first: Value, second: Value) -> Value {
    let (Value::Object(mut all), Value::Object(more)) = (first, second) else {
        panic!("both are objects");
    };
    all.extend(more);
    all.into()
}

/// A list in another shape.
pub(super) fn each(value: &Value, shape: impl Fn(&Value) -> Value) -> Value {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(shape)
        .collect::<Vec<_>>()
        .into()
}

/// Words, where the auditor's program has null for none.
pub(super) fn words(words: &Value) -> Value {
    json!({ "zh": text(&words["zh"]), "en": text(&words["en"]) })
}

pub(super) fn named(named: &Value) -> Value {
    json!({ "code": text(&named["code"]), "name": words(&named["name"]) })
}

/// What counts and measures are grouped by.
fn group(row: &Value) -> Value {
    let own = fields(
        row,
        &[
            "unit",
            "dataset",
            "period",
            "department",
            "level",
            "imported",
        ],
    );
    and(
        own,
        json!({ "name": words(&row["name"]), "counts": counts(&row["counts"]) }),
    )
}

pub(super) fn completeness(answer: &Value) -> Value {
    json!({
        "basis": basis(answer),
        "rows": each(&answer["rows"], group),
        "total": counts(&answer["total"]),
        "total_imported": answer["total_imported"],
    })
}

pub(super) fn slot(slot: &Value) -> Value {
    let names = [
        "unit",
        "dataset",
        "period",
        "state",
        "imported",
        "lateness_ms",
        "revision",
        "received_count",
        "returned_count",
    ];
    let mut told = fields(slot, &names);
    told["unit_name"] = words(&slot["name"]);
    for at in [
        "due",
        "opened",
        "locked",
        "first_received",
        "first_accepted",
        "last_revised",
        "imported",
    ] {
        told[format!("{at}_at")] = utc(&slot[format!("{at}_at_ms")]);
    }
    told
}

pub(super) fn measures_row(row: &Value) -> Value {
    let measures = crate::words::measures();
    let values = measures
        .iter()
        .map(|(word, _)| measure(word, &row["measures"][*word]));
    let more = json!({ "measures": values.collect::<Vec<_>>(), "last_seen_at": utc(&row["last_seen_ms"]) });
    and(group(row), more)
}

/// A measure's value: a share, a duration, a number, or none.
pub(super) fn measure(word: &str, value: &Value) -> Value {
    let number = value["number"].as_str().or_else(|| {
        value["percent"]
            .as_str()
            .filter(|_| value["numerator"].is_null())
    });
    let kind = if !value["numerator"].is_null() {
        "share"
    } else if !value["duration_ms"].is_null() {
        "duration"
    } else if number.is_some() {
        "number"
    } else {
        "none"
    };
    json!({
        "measure": word,
        "kind": kind,
        "numerator": value["numerator"],
        "denominator": value["denominator"],
        "duration_ms": value["duration_ms"],
        "number": number,
    })
}

pub(super) fn finding(audit: &Audit, one: &Value) -> Value {
    let names = [
        "unit",
        "dataset",
        "period",
        "edit",
        "kind",
        "item",
        "left",
        "right",
        "imbalance",
        "explanation",
        "status",
        "decision_reason",
        "snapshot_index",
        "opened_index",
        "changed_index",
        "catalogue_version",
    ];
    let own = fields(one, &names);
    let suspicion = Some(words(&one["suspicion"])).filter(|_| !one["suspicion"]["zh"].is_null());
    let owners: Vec<String> = owners(audit, one).split(' ').map(str::to_owned).collect();
    let more = json!({ "unit_name": words(&one["name"]), "message": words(&one["message"]), "suspicion": suspicion, "owners": owners });
    and(own, more)
}

pub(super) fn league(league: &Value) -> Value {
    let own = fields(
        league,
        &["sha256", "period", "period_before", "pending", "slots_min"],
    );
    let band = |band: &Value| json!({ "name": words(&band["name"]), "share_percent": band["share_percent"], "units": band["units"] });
    let more = json!({
        "basis": basis(league),
        "log": log(league),
        "scorecard": named(&league["scorecard"]),
        "bands": each(&league["bands"], band),
        "components": each(&league["components"], component),
        "standings": each(&league["standings"], standing),
    });
    and(own, more)
}

fn component(one: &Value) -> Value {
    json!({ "component": named(&one["component"]), "measure": one["measure"], "weight": one["weight"] })
}

fn standing(one: &Value) -> Value {
    let own = fields(
        one,
        &["rank", "movement", "band", "score", "slots", "flag", "last"],
    );
    let not_ranked = Some(&one["not_ranked"])
        .filter(|words| !words.is_null())
        .map(words);
    let more = json!({ "unit": named(&one["unit"]), "points": each(&one["points"], points), "not_ranked": not_ranked });
    and(own, more)
}

fn points(one: &Value) -> Value {
    json!({ "value": measure(&text(&one["measure"]), &one["value"]), "points": one["points"] })
}

pub(super) fn account(answer: &Value) -> Value {
    let component = |one: &Value| {
        json!({
            "component": component(&one["component"]),
            "points": points(&one["points"]),
            "full": one["full"],
            "reckoning": words(&one["reckoning"]),
            "contributions": each(&one["contributions"], contribution),
        })
    };
    json!({
        "basis": basis(answer),
        "log": log(answer),
        "league_sha256": answer["league_sha256"],
        "scorecard": named(&answer["scorecard"]),
        "period": answer["period"],
        "standing": standing(&answer["standing"]),
        "components": each(&answer["accounts"], component),
    })
}

fn contribution(one: &Value) -> Value {
    let own = fields(one, &["period", "state", "denominator", "findings"]);
    // A numerator that is words, such as a duration, is none of the API's figures.
    let numerator = Some(text(&one["numerator"])).filter(|text| text.parse::<f64>().is_ok());
    and(
        own,
        json!({ "dataset": named(&one["dataset"]), "numerator": numerator }),
    )
}

pub(super) fn target(one: &Value) -> Value {
    let names = [
        "year",
        "target",
        "half_target",
        "actual",
        "through",
        "progress_percent",
        "elapsed_percent",
        "gap",
        "pace_needed",
        "growth_percent",
        "rank",
        "half_reached",
    ];
    let more = json!({
        "unit": named(&one["unit"]),
        "dataset": named(&one["dataset"]),
        "indicator": named(&one["indicator"]),
        "department": named(&one["department"]),
        "unit_of_measure": words(&one["measure"]),
    });
    and(fields(one, &names), more)
}

pub(super) fn risk(one: &Value) -> Value {
    let own = fields(
        one,
        &[
            "period",
            "chance_percent",
            "known",
            "late",
            "arrived_by_now_percent",
        ],
    );
    let more = json!({
        "unit": named(&one["unit"]),
        "dataset": named(&one["dataset"]),
        "due_at": utc(&one["due_at_ms"]),
        "reason": words(&one["reason"]),
    });
    and(own, more)
}

pub(super) fn arrivals(answer: &Value) -> Value {
    let point = |one: &Value| {
        and(
            fields(one, &["expected", "low", "high", "arrived"]),
            json!({ "at": utc(&one["at_ms"]) }),
        )
    };
    let own = fields(answer, &["period", "owed", "periods_known"]);
    let more = json!({
        "basis": basis(answer),
        "dataset": named(&answer["dataset"]),
        "due_at": utc(&answer["due_at_ms"]),
        "now": point(&answer["now"]),
        "points": each(&answer["points"], point),
    });
    and(own, more)
}
