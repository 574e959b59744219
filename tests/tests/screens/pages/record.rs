//! What a unit's page says of its reporting: its scores, its rates, and what it revised.

use std::cmp::Reverse;

use granary_core::{
    catalogue::Scorecard, decimal::Decimal, measures::Measure, targets::growth_percent,
};
use serde_json::Value;

use super::standing::{band, due, moved, note};
use crate::{
    audit::{Audit, list},
    told::{Cell, Table, Told, cell, cell_of},
    words::{measured, text, time},
};

/// The rates that stand first; those of slots are interim while some are not due yet.
pub(super) fn tiles(told: &mut Told, heading: &str, total: &Value) {
    let pending = total["counts"]["pending"].as_u64().unwrap();
    for (measure, is_of_slots) in [
        (Measure::OnTimeRate, true),
        (Measure::ReportingRate, true),
        (Measure::FirstTimeAcceptance, false),
        (Measure::ExplainedShare, false),
    ] {
        let value = measured(&total["measures"][measure.word()]);
        let name = measure.name().en;
        let line = if is_of_slots && pending > 0 {
            format!("{name} interim {value} {pending} slots are not due yet and not in")
        } else {
            format!("{name} {value}")
        };
        told.block(heading, "tile", line);
    }
}

/// The newest score of each scorecard: of the half-dozen newest periods of which something was due of the unit, the first with one.
pub(super) fn cards(audit: &Audit, unit: &str) -> Table {
    let columns = [
        "Scorecard",
        "Period",
        "Score",
        "Rank",
        "Moved",
        "Band",
        "State",
        "Note",
    ];
    let mut table = Table::new("cards", "Scorecards", &columns);
    for card in audit.catalogue.scorecards() {
        table.rows.extend(newest(audit, card, unit));
    }
    table
}

fn newest(audit: &Audit, card: &Scorecard, unit: &str) -> Option<Vec<Cell>> {
    let due = due(audit, card, Some(unit));
    due.into_iter().take(6).find_map(|(period, ..)| {
        let (code, period) = (card.code().as_str(), period.to_string());
        let league = audit.ask(&["league", "--scorecard", code, "--period", &period]);
        let standings = list(&league, "standings");
        let is_own = |one: &&Value| one["unit"]["code"] == unit && !one["score"].is_null();
        let own = standings.iter().find(is_own)?;
        let ranked = standings.iter().filter(|one| !one["rank"].is_null());
        let rank = own["rank"].as_u64();
        let rank = rank.map_or("—".into(), |rank| format!("{rank} / {}", ranked.count()));
        let state = match league["pending"].as_u64() {
            Some(0) => cell("final"),
            pending => cell_of(
                format!("interim {} slots not due yet", pending.unwrap()),
                "interim",
            ),
        };
        Some(vec![
            cell(text(&league["scorecard"]["name"]["en"])),
            cell(period),
            cell(text(&own["score"])),
            cell(rank),
            moved(own),
            cell(band(own, &league)),
            state,
            cell(note(own)),
        ])
    })
}

/// Whether and when its reports came, and how good they were, by dataset.
pub(super) fn tables(audit: &Audit, by_dataset: &Value) -> (Table, Table) {
    let timeliness = [
        Measure::ReportingRate,
        Measure::OnTimeRate,
        Measure::MedianLateness,
        Measure::NinetiethLateness,
        Measure::RequiredCells,
        Measure::SystemUse,
    ];
    let is_of_quality = |one: &Measure| !timeliness.contains(one);
    let quality = [
        Measure::FirstTimeAcceptance,
        Measure::QualityEdits,
        Measure::ExplainedShare,
        Measure::ResponseTime,
        Measure::LowQuality,
        Measure::MeanRevision,
        Measure::MeanAbsoluteRevision,
        Measure::RelativeMeanAbsoluteRevision,
    ];
    let others = Measure::ALL.iter().filter(|one| is_of_quality(one));
    assert_eq!(others.count(), quality.len(), "every measure is told");
    let counts = [("Expected", "expected"), ("Not due yet", "pending")];
    (
        rates(audit, by_dataset, "scores", (&counts, &timeliness)),
        rates(audit, by_dataset, "quality", (&[], &quality)),
    )
}

fn rates(
    audit: &Audit,
    by_dataset: &Value,
    code: &'static str,
    (counts, measures): (&[(&str, &str)], &[Measure]),
) -> Table {
    let names: Vec<String> = measures.iter().map(|one| one.name().en).collect();
    let names = names.iter().map(String::as_str);
    let columns: Vec<&str> = std::iter::once("Dataset")
        .chain(counts.iter().map(|(name, _)| *name))
        .chain(names)
        .collect();
    let mut table = Table::new(code, "By dataset", &columns);
    let rows = list(by_dataset, "rows");
    let named = rows
        .iter()
        .map(|row| (audit.dataset(&text(&row["dataset"])), row));
    for (name, row) in named.chain([("All".to_owned(), &by_dataset["total"])]) {
        let counts = counts
            .iter()
            .map(|(_, count)| row["counts"][*count].to_string());
        let values = measures
            .iter()
            .map(|one| measured(&row["measures"][one.word()]));
        let row = std::iter::once(name).chain(counts).chain(values);
        table.rows.push(row.map(cell).collect());
    }
    table
}

/// The figures that are no longer what was first accepted, from all vintages: the newest first.
pub(super) fn revisions(audit: &Audit, unit: &str) -> Table {
    let columns = [
        "Period",
        "Dataset",
        "Indicator",
        "First",
        "Latest",
        "Change",
        "Change %",
        "Measure",
        "Revised",
    ];
    let mut all: Vec<Revised> = Vec::new();
    for dataset in audit.catalogue.datasets() {
        let items: &[&str] = if dataset.itemised() {
            &["P-1", "P-2", "P-3"]
        } else {
            &[""]
        };
        let mut own = Vec::new();
        for indicator in dataset.indicators() {
            for item in items {
                let place = (unit, dataset.code().as_str(), indicator.as_str(), *item);
                own.extend(revised(audit, place));
            }
        }
        own.sort_by(|a: &Revised, b: &Revised| {
            (period(a), &a.indicator, &a.item).cmp(&(period(b), &b.indicator, &b.item))
        });
        all.extend(own);
    }
    all.sort_by_key(|one| Reverse(one.latest["received_at_ms"].as_i64()));
    let mut table = Table::new("revisions", "Revisions", &columns);
    table.rows.extend(all.iter().map(|one| one.row(audit)));
    table
}

struct Revised {
    dataset: String,
    indicator: String,
    item: String,
    first: Value,
    latest: Value,
}

fn period(one: &Revised) -> granary_core::period::Period {
    text(&one.latest["period"]).parse().unwrap()
}

/// The first vintage of each period and the one in force, where they differ. What came after a higher revision is not in force.
fn revised(audit: &Audit, place: (&str, &str, &str, &str)) -> Vec<Revised> {
    let (vintages, current) = (audit.series(place, true), audit.series(place, false));
    let number = |point: &Value| {
        let value = point["value"].as_str();
        value.map(|value| Decimal::parse(value).unwrap())
    };
    let of_period = |latest: &Value| {
        let mut own = vintages.iter();
        let first = own.find(|point| point["period"] == latest["period"])?;
        (number(first) != number(latest)).then(|| Revised {
            dataset: place.1.into(),
            indicator: place.2.into(),
            item: place.3.into(),
            first: first.clone(),
            latest: latest.clone(),
        })
    };
    current.iter().filter_map(of_period).collect()
}

impl Revised {
    fn row(&self, audit: &Audit) -> Vec<Cell> {
        let (name, measure) = audit.indicator(&self.indicator);
        let name = match self.item.as_str() {
            "" => name,
            item => format!("{name} · {item}"),
        };
        let number = |point: &Value| Decimal::parse(&text(&point["value"])).ok();
        let values = number(&self.first).zip(number(&self.latest));
        let told =
            |value: Option<Decimal>| cell(value.map(|one| one.to_string()).unwrap_or_default());
        vec![
            cell(text(&self.latest["period"])),
            cell(audit.dataset(&self.dataset)),
            cell(name),
            cell(text(&self.first["value"])),
            cell(text(&self.latest["value"])),
            told(values.and_then(|(first, latest)| latest.checked_sub(first))),
            told(values.and_then(|(first, latest)| growth_percent(first, latest))),
            cell(measure),
            cell(time(self.latest["received_at_ms"].as_i64().unwrap())),
        ]
    }
}
