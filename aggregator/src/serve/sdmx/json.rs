//! SDMX-JSON 2.0 data messages (<https://github.com/sdmx-twg/sdmx-json>, `data-message`): series by dimensions, observations by period.
//!
//! A figure is a number with exactly the digits that were stated, as JSON can write them; whoever reads it into a binary number rounds it
//! there, and `DECIMALS` says how many digits there were.

use std::{collections::BTreeMap, fmt::Write as _};

use granary_core::{
    code::{IndicatorCode, UnitCode},
    period::Periodicity,
    sdmx::{
        Maintained, code_id, flow_id, frequency, iso,
        structure::{concept_name, named, periodicity, status},
    },
    snapshot::ObservationStatus,
    text::Bilingual,
};
use serde_json::{Value, json};

use super::{
    data::{Row, Series},
    query::Query,
};
use crate::serve::api::Desk;

const SCHEMA: &str = "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/data-message/tools/schemas/2.0.0/sdmx-json-data-schema.json";

/// The values of one component that occur, in their order, by which data refer to them.
#[derive(Default)]
struct Values(BTreeMap<String, usize>);

impl Values {
    fn of(all: impl Iterator<Item = String>) -> Self {
        let mut values: BTreeMap<String, usize> = all.map(|value| (value, 0)).collect();
        for (at, place) in values.values_mut().enumerate() {
            *place = at;
        }
        Self(values)
    }

    fn place(&self, value: &str) -> usize {
        self.0.get(value).copied().unwrap_or_default()
    }
}

/// The message.
pub(super) fn message(
    desk: &Desk<'_>,
    maintained: &Maintained,
    query: &Query<'_>,
    series: &Series,
) -> Vec<u8> {
    let dimensions = query.layout.dimensions();
    let places: Vec<Values> = (0..dimensions.len())
        .map(|at| Values::of(series.keys().map(|key| key[at].clone())))
        .collect();
    let rows = || series.values().flatten();
    let periods = Values::of(rows().map(|row| row.observed().slot.period.to_string()));
    let statuses =
        Values::of(rows().map(|row| row.observed().observation.status.letter().to_string()));
    let links = links(maintained, query);
    let structure = json!({
        "name": desk.catalogue.dataset(query.dataset.code()).map(|one| one.name().en.clone()),
        "dataSets": [0],
        "links": links,
        "dimensions": {
            "dataSet": [],
            "series": dimensions.iter().zip(&places).enumerate().map(|(at, (id, values))| dimension(desk, id, at, values)).collect::<Vec<_>>(),
            "observation": [time(dimensions.len(), &periods)],
        },
        "measures": { "observation": if query.has_measure { vec![component("OBS_VALUE")] } else { Vec::new() } },
        "attributes": {
            "dataSet": [], "dimensionGroup": [], "series": [],
            "observation": query.attributes.iter().map(|id| attribute(id, &statuses)).collect::<Vec<_>>(),
        },
    });
    let now = iso(desk.caller.now_ms);
    let meta = json!({
        "schema": SCHEMA,
        "id": format!("granary-{}", desk.caller.now_ms),
        "prepared": now,
        "test": false,
        "contentLanguages": ["zh", "en"],
        "sender": { "id": maintained.agency.to_string().replace('.', "_") },
    });
    let mut text = format!(
        "{{\"meta\":{meta},\"data\":{{\"structures\":[{structure}],\"dataSets\":[{{\"structure\":0,\"action\":\"Information\",\"links\":{links},\"series\":{{"
    );
    for (number, (key, rows)) in series.iter().enumerate() {
        let comma = if number > 0 { "," } else { "" };
        let key: Vec<String> = key
            .iter()
            .zip(&places)
            .map(|(value, places)| places.place(value).to_string())
            .collect();
        // Writing into memory does not fail.
        let _ = write!(text, "{comma}\"{}\":{{\"observations\":{{", key.join(":"));
        for (number, row) in rows.iter().enumerate() {
            let comma = if number > 0 { "," } else { "" };
            let place = periods.place(&row.observed().slot.period.to_string());
            let cells = cells(desk, query, row, &statuses).join(",");
            let _ = write!(text, "{comma}\"{place}\":[{cells}]");
        }
        text.push_str("}}");
    }
    text.push_str("}}]}}\n");
    text.into_bytes()
}

/// What is told of one observation: the measure, then the attributes.
fn cells(desk: &Desk<'_>, query: &Query<'_>, row: &Row, statuses: &Values) -> Vec<String> {
    let observed = row.observed();
    let mut cells = Vec::new();
    if query.has_measure {
        let value = observed.observation.value;
        cells.push(value.map_or("null".to_owned(), |value| value.to_string()));
    }
    let all = query.layout.attributes().into_iter();
    let values = query.layout.values(&observed, Some(&desk.catalogue));
    for (id, value) in all.zip(values) {
        if !query.attributes.contains(&id) {
            continue;
        }
        cells.push(match id {
            "OBS_STATUS" => statuses.place(&value).to_string(),
            _ if value.is_empty() => "null".to_owned(),
            "DECIMALS" | "REVISION" | "LOG_INDEX" => value,
            _ => Value::from(value).to_string(),
        });
    }
    cells
}

fn links(maintained: &Maintained, query: &Query<'_>) -> Value {
    let id = flow_id(query.dataset.code(), query.layout.vintages);
    let (agency, version) = (&maintained.agency, &maintained.version);
    let urn = |class: &str| {
        format!("urn:sdmx:org.sdmx.infomodel.datastructure.{class}={agency}:{id}({version})")
    };
    json!([
        { "rel": "dataflow", "urn": urn("Dataflow") },
        { "rel": "datastructure", "urn": urn("DataStructure") },
    ])
}

fn component(id: &str) -> Value {
    named(id, &concept_name(id))
}

fn dimension(desk: &Desk<'_>, id: &str, at: usize, values: &Values) -> Value {
    let mut dimension = component(id);
    dimension["keyPosition"] = at.into();
    let values = values.0.keys();
    dimension["values"] = match id {
        // What is no code of a list is told as it is.
        "ITEM" | "VINTAGE" => values.map(|value| json!({ "value": value })).collect(),
        _ => values
            .map(|value| named(value, &name(desk, id, value)))
            .collect(),
    };
    dimension
}

/// The name of a code; the code itself where only an earlier catalogue knew it.
fn name(desk: &Desk<'_>, dimension: &str, code: &str) -> Bilingual {
    let catalogue = &desk.catalogue;
    let found = match dimension {
        "FREQ" => Periodicity::ALL
            .into_iter()
            .find(|one| frequency(*one) == code)
            .map(periodicity),
        "REF_AREA" => {
            let unit = UnitCode::new(&code.replace('$', ".")).ok();
            let unit = unit.and_then(|unit| catalogue.unit(&unit));
            unit.filter(|unit| code_id(unit.code().as_str()) == code)
                .map(|unit| unit.name().clone())
        }
        _ => {
            let indicator = IndicatorCode::new(code).ok();
            let indicator = indicator.and_then(|one| catalogue.indicator(&one));
            indicator.map(|one| one.name().clone())
        }
    };
    found.unwrap_or_else(|| Bilingual::new(code, code))
}

fn time(at: usize, periods: &Values) -> Value {
    let mut time = component("TIME_PERIOD");
    time["keyPosition"] = at.into();
    time["roles"] = json!(["TIME_PERIOD"]);
    let values = periods.0.keys();
    time["values"] = values.map(|period| json!({ "value": period })).collect();
    time
}

fn attribute(id: &str, statuses: &Values) -> Value {
    let mut attribute = component(id);
    attribute["relationship"] = json!({ "observation": {} });
    if id == "OBS_STATUS" {
        let known = |letter: &str| {
            ObservationStatus::ALL
                .into_iter()
                .find(|one| one.letter().to_string() == letter)
        };
        let named_status = |letter: &String| {
            let name = known(letter).map_or_else(|| Bilingual::new(letter, letter), status);
            named(letter, &name)
        };
        attribute["values"] = statuses.0.keys().map(named_status).collect();
    }
    attribute
}
