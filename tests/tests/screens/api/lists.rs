//! The catalogue's lists, the log, and whatever the API names with the catalogue's words, from the journal's own catalogue.

use granary_core::{
    code::{DatasetCode, IndicatorCode, UnitCode},
    snapshot::Observation,
    text::Bilingual,
};
use serde_json::{Value, json};

use super::{Desk, shape};
use crate::{
    audit::{Audit, list},
    words::{day, text, utc},
};

/// Compares the lists and the log.
pub(super) fn look(desk: &mut Desk<'_>) {
    let catalogue = &desk.audit.catalogue;
    let version = catalogue.version().to_string();
    let today = day(desk.audit.now_ms);
    let unit = |one: &granary_core::catalogue::Unit| {
        json!({
            "code": one.code().to_string(),
            "name": both(one.name()),
            "level": one.level().map(ToString::to_string),
            "parent": catalogue.parent_on(one.code(), today).map(ToString::to_string),
            "is_in_force": one.in_force_on(today),
        })
    };
    let dataset = |one: &granary_core::catalogue::Dataset| {
        json!({
            "code": one.code().to_string(),
            "name": both(one.name()),
            "periodicity": one.periodicity().word(),
            "is_itemised": one.itemised(),
            "first_period": one.first_period().to_string(),
            "last_period": one.last_period().map(|period| period.to_string()),
            "indicators": one.indicators().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "edits": one.edits().iter().map(|edit| edit.id().to_string()).collect::<Vec<_>>(),
        })
    };
    let indicator = |one: &granary_core::catalogue::Indicator| {
        json!({
            "code": one.code().to_string(),
            "name": both(one.name()),
            "unit_of_measure": measure(desk.audit, one.code()),
            "decimals": one.decimals(),
            "owner": one.owner().to_string(),
        })
    };
    let card = |one: &granary_core::catalogue::Scorecard| {
        json!({
            "code": one.code().to_string(),
            "name": both(one.name()),
            "periodicity": one.periodicity().word(),
        })
    };
    let units: Vec<Value> = catalogue.units().iter().map(unit).collect();
    let datasets: Vec<Value> = catalogue.datasets().iter().map(dataset).collect();
    let indicators: Vec<Value> = catalogue.indicators().iter().map(indicator).collect();
    let cards: Vec<Value> = catalogue.scorecards().iter().map(card).collect();
    desk.same(
        "/units",
        "/units",
        &json!({ "catalogue_version": version, "units": units }),
    );
    desk.same(
        "/datasets",
        "/datasets",
        &json!({ "catalogue_version": version, "datasets": datasets }),
    );
    desk.same(
        "/indicators",
        "/indicators",
        &json!({ "catalogue_version": version, "indicators": indicators }),
    );
    desk.same(
        "/scorecards",
        "/scorecards",
        &json!({ "catalogue_version": version, "scorecards": cards }),
    );
    log(desk, &version);
}

/// How far the log is. The head's signature is the city's; the receipts are checked as anybody checks them.
fn log(desk: &mut Desk<'_>, version: &str) {
    desk.asked.extend(["/log", "/log/receipts/{index}"]);
    let (mut shown, replayed) = (desk.visit.api("/log"), desk.audit.replayed());
    let checkpoint = text(&shown["checkpoint"]);
    let root = granary_core::digest::Digest::from_hex(&text(&replayed["root"])).unwrap();
    let root = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(root.as_bytes())
    };
    let head = format!(
        "{}\n{}\n{root}\n",
        text(&replayed["origin"]),
        replayed["entries"]
    );
    if let Value::Object(shown) = &mut shown {
        shown.remove("checkpoint");
    }
    let told = json!({
        "entries": replayed["entries"],
        "folded": replayed["entries"],
        "most_cosigned": null,
        "verifier_key": replayed["log_key"],
        "catalogue_version": version,
        "alarm": null,
        "version": env!("CARGO_PKG_VERSION"),
    });
    desk.faults.compare_values("/log", &shown, &told);
    let stated = checkpoint.split("\n\n").next().unwrap_or_default();
    desk.faults
        .equal("/log › checkpoint", &format!("{stated}\n"), &head);
    let last = desk.audit.journal.applied() - 1;
    for index in [0, last / 2, last] {
        let receipt = desk.visit.api_text(&format!("/log/receipts/{index}"));
        let receipt = granary_core::log::Receipt::parse(&receipt).unwrap();
        let verified = receipt.verify(&desk.audit.journal.log_key).unwrap();
        desk.faults.equal(
            "/log/receipts › index",
            &receipt.index.to_string(),
            &index.to_string(),
        );
        desk.faults.equal(
            "/log/receipts › size",
            &verified.size().to_string(),
            &text(&replayed["entries"]),
        );
    }
}

/// One series.
pub(super) fn series(
    audit: &Audit,
    (unit, dataset, indicator, item): (&str, &str, &str, &str),
    told: &Value,
) -> Value {
    let point = |one: &Value| {
        let own = shape::fields(one, &["period", "value", "revision", "index"]);
        shape::and(
            own,
            json!({ "status": text(&one["status"]), "received_at": utc(&one["received_at_ms"]) }),
        )
    };
    assert!(!list(told, "points").is_empty());
    let code = IndicatorCode::new(indicator).unwrap();
    json!({
        "basis": shape::basis(told),
        "unit": unit_named(audit, unit),
        "dataset": dataset_named(audit, dataset),
        "indicator": indicator_named(audit, &code),
        "item": Some(item).filter(|item| !item.is_empty()),
        "unit_of_measure": measure(audit, &code),
        "points": shape::each(&told["points"], point),
    })
}

/// One figure of a snapshot.
pub(super) fn figure(audit: &Audit, one: &Observation) -> Value {
    json!({
        "indicator": indicator_named(audit, &one.indicator),
        "item": one.item.as_ref().map(ToString::to_string),
        "value": one.value.map(|value| value.to_string()),
        "status": one.status.letter().to_string(),
        "unit_of_measure": measure(audit, &one.indicator),
    })
}

pub(super) fn unit_named(audit: &Audit, code: &str) -> Value {
    let unit = audit.catalogue.unit(&UnitCode::new(code).unwrap()).unwrap();
    json!({ "code": code, "name": both(unit.name()) })
}

pub(super) fn dataset_named(audit: &Audit, code: &str) -> Value {
    let dataset = audit
        .catalogue
        .dataset(&DatasetCode::new(code).unwrap())
        .unwrap();
    json!({ "code": code, "name": both(dataset.name()) })
}

fn indicator_named(audit: &Audit, code: &IndicatorCode) -> Value {
    json!({ "code": code.to_string(), "name": both(audit.catalogue.indicator(code).unwrap().name()) })
}

fn measure(audit: &Audit, code: &IndicatorCode) -> Value {
    let indicator = audit.catalogue.indicator(code).unwrap();
    let measure = audit
        .catalogue
        .measure(indicator.unit_of_measure())
        .unwrap();
    json!({ "code": measure.code().to_string(), "name": both(measure.name()) })
}

fn both(words: &Bilingual) -> Value {
    json!({ "zh": words.zh, "en": words.en })
}
