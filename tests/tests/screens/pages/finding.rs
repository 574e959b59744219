//! One finding wherever it is shown: what does not hold, what is suspected behind it, and how the figure in question went.

use granary_core::{
    code::{DatasetCode, IndicatorCode, ItemKey},
    decimal::Decimal,
    edits::Edit,
    ledger::{LogIndex, history, suspect},
    period::Period,
};
use serde_json::Value;

use crate::{audit::Audit, told::Told, words::text};

/// How many periods before its own a finding's figure is shown in.
const PERIODS_BEFORE: i32 = 12;

/// One finding as an article.
pub(super) fn finding(told: &mut Told, audit: &Audit, one: &Value) {
    let message = sentence(audit, one);
    told.block(&message, "h2", &message);
    let (unit, dataset) = (
        audit.unit(&text(&one["unit"])),
        audit.dataset(&text(&one["dataset"])),
    );
    let item = one["item"]
        .as_str()
        .map_or(String::new(), |item| format!(" [{item}]"));
    let (kind, standing) = (text(&one["kind"]), standing(one));
    let (period, edit) = (text(&one["period"]), text(&one["edit"]));
    let line = format!("{kind} {standing} {unit} · {dataset} · {period} {edit}{item}");
    told.block(&message, "p", line);
    told.block(&message, "p", text(&one["suspicion"]["en"]));
    if let Some(words) = one["explanation"].as_str() {
        told.block(&message, "p", format!("The unit says: {words}"));
    }
    if let Some(words) = one["decision_reason"].as_str() {
        told.block(&message, "p", format!("Operations say: {words}"));
    }
    before(told, audit, one, &message);
}

/// What does not hold; a difference is told with the unit of measure that its edit compares in.
fn sentence(audit: &Audit, one: &Value) -> String {
    let told = text(&one["message"]["en"]);
    let difference = told.rsplit_once("difference ");
    let measured = difference
        .filter(|(_, figure)| Decimal::parse(figure).is_ok())
        .and_then(|_| edit(audit, one).difference_of());
    measured.map_or_else(
        || told.clone(),
        |code| format!("{told} {}", audit.indicator(code.as_str()).1),
    )
}

/// How it stands, in words of whoever has to do something about it.
fn standing(one: &Value) -> &'static str {
    let (is_validity, is_decided) = (one["kind"] == "validity", !one["decision_reason"].is_null());
    match one["status"].as_str().unwrap() {
        "open" if is_validity => "to be corrected",
        "open" if is_decided => "explanation sent back",
        "open" => "open",
        "explained" if is_validity => "explained, still to be corrected",
        "explained" => "explained",
        "accepted" => "accepted",
        "corrected" => "corrected",
        other => panic!("{other} is no status"),
    }
}

fn edit<'a>(audit: &'a Audit, one: &Value) -> &'a Edit {
    let code = DatasetCode::new(one["dataset"].as_str().unwrap()).unwrap();
    let edits = audit.catalogue.dataset(&code).unwrap().edits();
    let is_it = |edit: &&Edit| one["edit"] == edit.id().as_str();
    edits.iter().find(is_it).unwrap()
}

/// The figure that is most likely wrong, else the first that the edit looks at. The program tells what is suspected in words, and those
/// are of the cells that are looked for here.
fn in_question(audit: &Audit, one: &Value) -> IndicatorCode {
    let suspected = Some(one).filter(|one| !one["suspicion"]["en"].is_null());
    let suspected = suspected.map(|one| {
        let index = LogIndex(one["snapshot_index"].as_u64().unwrap());
        let snapshot = history::snapshot(&audit.journal.view(), index).unwrap();
        let item = item(one);
        let all = suspect(&audit.catalogue, &snapshot, item.as_ref());
        let mut own = all
            .into_iter()
            .filter(|suspicion| one["suspicion"]["en"] == suspicion.words.en);
        own.next().expect("what the program suspects").cells
    });
    let suspected = suspected.and_then(|cells| cells.first().cloned());
    suspected.unwrap_or_else(|| edit(audit, one).indicators()[0].clone())
}

fn item(one: &Value) -> Option<ItemKey> {
    one["item"].as_str().map(|item| ItemKey::new(item).unwrap())
}

/// The figure over the dozen periods before, in force now, and what the finding is about: in the order of the journal, the last is current.
fn before(told: &mut Told, audit: &Audit, one: &Value, heading: &str) {
    let indicator = in_question(audit, one);
    let period = Period::parse(&text(&one["period"])).unwrap();
    let places = places(audit, one, &indicator, period);
    if places.len() < 2 {
        return;
    }
    let (name, measure) = audit.indicator(indicator.as_str());
    let label = format!("{name} ({measure}) {}–{period}", places[0].0);
    if places.iter().any(|(_, values)| !values.is_empty()) {
        told.block(heading, "drawing", format!("[{label}]"));
    }
    for (period, values) in &places {
        for (at, (_, value)) in values.iter().enumerate() {
            let is_current = at + 1 == values.len();
            let before = if is_current {
                ""
            } else {
                " · before a revision"
            };
            told.block(heading, "point", format!("{period} · {value}{before}"));
        }
    }
    told.block(heading, "p", format!("{label} · all of it"));
}

/// Periods with the entries and values of each.
fn places(
    audit: &Audit,
    one: &Value,
    indicator: &IndicatorCode,
    period: Period,
) -> Vec<(Period, Vec<(u64, String)>)> {
    let part = |name: &str| text(&one[name]);
    let (unit, dataset, item_text) = (part("unit"), part("dataset"), part("item"));
    let place = (
        unit.as_str(),
        dataset.as_str(),
        indicator.as_str(),
        item_text.as_str(),
    );
    let first = period.plus(-PERIODS_BEFORE).unwrap();
    let mut places = Vec::new();
    for point in audit.series(place, false) {
        let of = Period::parse(&text(&point["period"])).unwrap();
        if (first..=period).contains(&of) {
            let value = point["value"].as_str().map(str::to_owned);
            let value = value.map(|value| (point["index"].as_u64().unwrap(), value));
            places.push((of, value.into_iter().collect::<Vec<_>>()));
        }
    }
    if places.last().is_none_or(|(last, _)| *last != period) {
        places.push((period, Vec::new()));
    }
    let index = one["snapshot_index"].as_u64().unwrap();
    let snapshot = history::snapshot(&audit.journal.view(), LogIndex(index)).unwrap();
    let own = snapshot.value(indicator, item(one).as_ref());
    let (_, values) = places.last_mut().unwrap();
    values.retain(|(of, _)| *of != index);
    values.extend(own.map(|own| (index, own.to_string())));
    values.sort();
    places
}
