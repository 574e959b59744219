//! `calendar`: a catalogue from a folder, a city or a file that holds its journal in, a table and an iCalendar file out.

use std::{fs, path::Path, sync::Arc};

use granary_core::{catalogue::Catalogue, text::Bilingual};
use granary_proto::v1;
use jiff::Timestamp;

use super::{HOLDS, Response, args::Calendar, journal, online};
use crate::{
    calendar::{self, Entry, ics},
    json,
    progress::Screen,
    replay::AnswerError,
    rules::folder,
    table,
    words::Manner,
};

/// A day, by which the question about slots lies behind the last deadline.
const DAY_MS: i64 = 86_400_000;

/// Shows the calendar of a year.
pub(super) fn calendar(manner: &Manner, screen: Screen, as_json: bool, ask: &Calendar) -> Response {
    match made(manner, screen, ask) {
        Err(message) => Response::failed(manner, &message),
        Ok((catalogue, entries)) if as_json => {
            Response::json(&json::calendar(&catalogue, ask.year, &entries), HOLDS)
        }
        Ok((catalogue, entries)) => {
            let version = catalogue.version().to_string();
            Response::answer(table::calendar(manner, &entries, &version), HOLDS)
        }
    }
}

fn made(
    manner: &Manner,
    screen: Screen,
    ask: &Calendar,
) -> Result<(Arc<Catalogue>, Vec<Entry>), Bilingual> {
    let (catalogue, entries) = found(manner, screen, ask)?;
    if let Some(path) = &ask.ics {
        let subject = ics::Subject {
            catalogue: &catalogue,
            year: ask.year,
            unit: ask.unit.as_ref(),
            language: manner.language,
            zone: &manner.zone,
        };
        fs::write(path, ics::write(&subject, &entries)).map_err(|error| {
            let path = path.display();
            Bilingual::new(
                format!("无法写入 {path}：{error}"),
                format!("cannot write {path}: {error}"),
            )
        })?;
    }
    Ok((catalogue, entries))
}

/// The catalogue and the entries, from wherever they are asked for.
fn found(
    manner: &Manner,
    screen: Screen,
    ask: &Calendar,
) -> Result<(Arc<Catalogue>, Vec<Entry>), Bilingual> {
    match (&ask.catalogue, &ask.archive, &ask.server, &ask.identity) {
        (Some(path), _, _, _) => {
            let catalogue = folder::catalogue(path)?;
            let entries = chosen(&catalogue, ask)?;
            Ok((Arc::new(catalogue), entries))
        }
        (None, Some(file), _, _) => replayed(manner, screen, ask, file),
        (None, None, Some(server), Some(identity)) => fetched(ask, server, identity),
        (None, None, _, _) => Err(Bilingual::new(
            "没有给出目录文件夹、导出的日志或市级系统地址",
            "neither a catalogue's folder nor an exported journal nor a city is given",
        )),
    }
}

/// The entries that are asked for; a unit or a dataset that the catalogue does not have is a mistake, not an empty calendar.
fn chosen(catalogue: &Catalogue, ask: &Calendar) -> Result<Vec<Entry>, Bilingual> {
    if let Some(unit) = ask
        .unit
        .as_ref()
        .filter(|unit| catalogue.unit(unit).is_none())
    {
        return Err(Bilingual::new(
            format!("目录中没有单位 {unit}"),
            format!("the catalogue has no unit {unit}"),
        ));
    }
    let unknown = ask
        .dataset
        .iter()
        .find(|code| catalogue.dataset(code).is_none());
    if let Some(dataset) = unknown {
        return Err(Bilingual::new(
            format!("目录中没有报表 {dataset}"),
            format!("the catalogue has no dataset {dataset}"),
        ));
    }
    let unit = ask.unit.as_ref();
    Ok(calendar::of_year(catalogue, ask.year, unit, &ask.dataset))
}

/// From an exported journal: its catalogue in force, and what it has granted the unit.
fn replayed(
    manner: &Manner,
    screen: Screen,
    ask: &Calendar,
    file: &Path,
) -> Result<(Arc<Catalogue>, Vec<Entry>), Bilingual> {
    let journal = journal::replayed(manner, screen, file, ask.log_key.as_deref())?;
    let catalogue = journal
        .catalogue()
        .ok_or_else(|| AnswerError::NoCatalogue.message())?;
    let mut entries = chosen(catalogue, ask)?;
    let wanted = request(ask, &entries, journal.last_received_at_ms);
    if let (Some(_), Some(wanted)) = (&ask.unit, wanted) {
        let slots = journal.slots(&wanted, entries.len().max(1));
        let slots = slots.map_err(|error| error.message())?.rows;
        calendar::take_over(&mut entries, catalogue, &slots);
    }
    Ok((Arc::clone(catalogue), entries))
}

/// From a city: its catalogue in force, and what it has granted the unit.
fn fetched(
    ask: &Calendar,
    server: &str,
    identity: &Path,
) -> Result<(Arc<Catalogue>, Vec<Entry>), Bilingual> {
    let (catalogue, slots) = online::connected(server, identity, async |mut city| {
        let catalogue = city.catalogue().await?;
        let entries = chosen(&catalogue, ask).unwrap_or_default();
        let slots = match (
            &ask.unit,
            request(ask, &entries, Timestamp::now().as_millisecond()),
        ) {
            (Some(_), Some(request)) => city.slots(request, entries.len().max(1)).await?.rows,
            (_, _) => Vec::new(),
        };
        Ok((catalogue, slots))
    })?;
    let mut entries = chosen(&catalogue, ask)?;
    calendar::take_over(&mut entries, &catalogue, &slots);
    Ok((Arc::new(catalogue), entries))
}

/// Asks for the slots of the entries, as of an instant at which all of them are known; `None` where there are none.
fn request(ask: &Calendar, entries: &[Entry], now_ms: i64) -> Option<v1::ListSlotsRequest> {
    let last_due_ms = entries.iter().map(|entry| entry.due_at_ms).max()?;
    let mut datasets: Vec<String> = entries.iter().map(|e| e.dataset.to_string()).collect();
    datasets.sort();
    datasets.dedup();
    Some(v1::ListSlotsRequest {
        filter: Some(v1::SlotFilter {
            units: ask.unit.iter().map(ToString::to_string).collect(),
            datasets,
            periods: entries.iter().map(|e| e.period.to_string()).collect(),
        }),
        as_of_ms: now_ms.max(last_due_ms + DAY_MS),
        ..Default::default()
    })
}
