//! Screening: the catalogue's detectors over what a dataset's units reported for one period.

use std::ops::ControlFlow;

use granary_core::{
    catalogue::Catalogue,
    code::{DatasetCode, UnitCode},
    detect::{self, Flag, History, Screening, Summary, Vintage},
    ledger::keys::{self, Table},
    period::Period,
    snapshot::SlotKey,
    text::Bilingual,
};
use granary_proto::v1;

use super::{City, failure::Failure, history, monitoring::basis};

/// The most flags in one answer.
const FLAGS_MAX: usize = 10_000;
/// How many earlier periods the detectors may look at.
const PERIODS_MAX: i32 = 60;
/// The most observations that one screening holds in memory; about 100 bytes each.
const OBSERVATIONS_MAX: usize = 20_000_000;

/// Screens a period.
pub(super) fn period(
    city: &City,
    request: &v1::ScreenPeriodRequest,
) -> Result<v1::ScreenPeriodResponse, Failure> {
    let code = DatasetCode::new(&request.dataset).map_err(|e| Failure::invalid("dataset", e))?;
    let period = Period::parse(&request.period).map_err(|e| Failure::invalid("period", e))?;
    let basis = basis(city, city.clock.now_ms());
    let registry = city.handle.registry();
    let catalogue = registry
        .catalogue()
        .ok_or(Failure::NotReady("no catalogue has been published yet"))?;
    let dataset = catalogue
        .dataset(&code)
        .ok_or(Failure::NotFound("the catalogue has no such dataset"))?;
    if !dataset.covers(period) {
        return Err(Failure::invalid(
            "period",
            format!("{period} is no period of {code}"),
        ));
    }
    let history = gather(city, catalogue, &code, period)?;
    let screening = detect::screen(catalogue, &code, period, &history);
    Ok(v1::ScreenPeriodResponse {
        basis: Some(basis),
        truncated: screening.flags.len() > FLAGS_MAX,
        summaries: screening
            .summaries
            .iter()
            .map(|line| summary(&screening, line))
            .collect(),
        flags: screening
            .flags
            .into_iter()
            .take(FLAGS_MAX)
            .map(|found| flag(catalogue, found))
            .collect(),
    })
}

/// The accepted snapshots of the period and of those before it, each slot's in the order of their ranks.
fn gather(
    city: &City,
    catalogue: &Catalogue,
    dataset: &DatasetCode,
    last: Period,
) -> Result<History, Failure> {
    let mut gathered = History::new();
    let mut observations = 0_usize;
    if !catalogue.detectors().iter().any(|d| &d.dataset == dataset) {
        return Ok(gathered);
    }
    for back in (0..PERIODS_MAX).rev() {
        let Some(period) = last.plus(-back) else {
            continue;
        };
        for unit in reporters(city, dataset, period)? {
            let slot = SlotKey::new(unit.clone(), dataset.clone(), period);
            for vintage in accepted(city, &slot)? {
                observations += vintage.observations.len();
                if observations > OBSERVATIONS_MAX {
                    return Err(Failure::NotReady(
                        "this dataset holds too much to be screened at once",
                    ));
                }
                gathered.accept(unit.clone(), period, vintage);
            }
        }
    }
    Ok(gathered)
}

/// The units that have a slot row for a period.
fn reporters(city: &City, dataset: &DatasetCode, period: Period) -> Result<Vec<UnitCode>, Failure> {
    let prefix = keys::dataset_period(Table::Slot, dataset, period);
    let mut units = Vec::new();
    let scanned = city
        .handle
        .derived()
        .scan_from(&prefix, &prefix, &mut |key, _| {
            units.extend(keys::parse_slot(key).map(|(slot, _)| slot.unit));
            ControlFlow::Continue(())
        });
    scanned.map_err(Failure::internal)?;
    Ok(units)
}

fn accepted(city: &City, slot: &SlotKey) -> Result<Vec<Vintage>, Failure> {
    let mut ranked = Vec::new();
    for (index, row) in history::vintages(city, slot)? {
        if !history::is_valid(&row) {
            continue;
        }
        let snapshot = history::snapshot(city, index)?;
        let rank = (
            snapshot.revision,
            snapshot.prepared_at_ms,
            row.payload_sha256,
        );
        let vintage = Vintage {
            accepted_at_ms: row.received_at_ms,
            observations: snapshot.observations,
        };
        ranked.push((rank, vintage));
    }
    ranked.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(ranked.into_iter().map(|(_, vintage)| vintage).collect())
}

fn flag(catalogue: &Catalogue, flag: Flag) -> v1::DetectorFlag {
    let unit = flag.subject.unit.as_ref();
    let name = unit.and_then(|unit| catalogue.unit(unit));
    let name = name.map(|unit| unit.name().clone()).unwrap_or_default();
    let code = |code: Option<String>| code.unwrap_or_default();
    v1::DetectorFlag {
        detector: flag.detector.to_string(),
        method: flag.method.word().to_owned(),
        unit: code(unit.map(ToString::to_string)),
        item: flag.subject.item.map(|item| item.to_string()),
        indicator: code(flag.subject.indicator.map(|i| i.to_string())),
        statistic: flag.figures.statistic,
        lower: code(flag.figures.lower),
        upper: code(flag.figures.upper),
        p_value: code(flag.figures.p_value),
        message_zh: flag.message.zh,
        message_en: flag.message.en,
        unit_name_zh: name.zh,
        unit_name_en: name.en,
    }
}

fn summary(screening: &Screening, line: &Summary) -> v1::DetectorSummary {
    let first = screening
        .unjudged
        .iter()
        .find(|u| u.detector == line.detector);
    let reason = first.map_or_else(Bilingual::default, |unjudged| unjudged.reason.reason());
    v1::DetectorSummary {
        detector: line.detector.to_string(),
        method: line.method.word().to_owned(),
        tests: line.tests,
        flags: line.flags,
        not_computable: line.not_computable,
        reason_zh: reason.zh,
        reason_en: reason.en,
        expected_by_chance_milli: line.expected_by_chance.map(milli),
    }
}

/// Thousandths; a count of flags is never below zero and never near the limit.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the figure is clamped to what fits"
)]
fn milli(expected: f64) -> u64 {
    (expected * 1_000.0).round().clamp(0.0, 1e15) as u64
}
