//! How reporting stands: counts, slots, the life of one, measures, one unit.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    response::Response,
};
use granary_core::{
    access::Access,
    code::{DatasetCode, UnitCode},
    period::Period,
    snapshot::{Observation, SlotKey},
};
use granary_proto::v1;

use super::{
    Api,
    answer::{Desk, Need, answer},
    asked::{AsOfParams, Asked, FilterParams, GroupParams, ImportedParams, PageParams},
    findings::told as finding,
    gate::Caller,
    model::{
        At, Figure, Named, State as SlotState, all,
        slots::{
            Completeness, Extension as LaterDeadline, Measures, Slot, SlotFigure, SlotLife, Slots,
            Submission, UnitKey, UnitReport,
        },
    },
    problem::Problem,
};
use crate::{
    people::TokenScope,
    serve::{life::Life, measures as measured, slots as listed},
};

/// Submissions that are told of a slot, the newest first.
const SUBMISSIONS_MAX: usize = 200;
/// Figures that are told of a slot.
const FIGURES_MAX: usize = 10_000;
/// Open slots that are told of a unit.
const OPEN_MAX: usize = 400;

/// Which states of slots are meant.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `read` reads")]
struct StateParams {
    /// States, separated by commas: `timely`, `late`, `missing`, `exempt`, `pending`; all where it is left out.
    #[param(style = Form, explode = false)]
    state: Option<Vec<String>>,
}

impl StateParams {
    fn read(asked: &mut Asked) -> Result<Vec<i32>, Problem> {
        asked.words("state", &SlotState::WORDS)
    }
}

/// Counts slots in each state, grouped, as of an instant. Scope `read:completeness`.
#[utoipa::path(get, path = "/completeness", tag = "reporting", params(FilterParams, GroupParams, AsOfParams, ImportedParams), responses((status = 200, description = "The counts", body = Completeness)))]
pub(super) async fn completeness(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    let need = Need::scope(TokenScope::Completeness);
    answer(api, caller, need, move |desk| {
        let mut asked = Asked::parse(query.as_deref());
        let request = v1::GetCompletenessRequest {
            filter: Some(FilterParams::read(&mut asked, desk)?),
            group_by: GroupParams::read(&mut asked)?,
            as_of_ms: AsOfParams::read(&mut asked)?,
            imported: ImportedParams::read(&mut asked)?,
            under: String::new(),
        };
        asked.end()?;
        Ok(Completeness::from(listed::completeness(
            desk.city(),
            request,
        )?))
    })
    .await
}

/// Lists slots with their states as of an instant. Scope `read:completeness`.
#[utoipa::path(get, path = "/slots", tag = "reporting", params(FilterParams, StateParams, AsOfParams, ImportedParams, PageParams), responses((status = 200, description = "A page of slots", body = Slots)))]
pub(super) async fn slots(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    let need = Need::scope(TokenScope::Completeness);
    answer(api, caller, need, move |desk| {
        let mut asked = Asked::parse(query.as_deref());
        let filter = Some(FilterParams::read(&mut asked, desk)?);
        let states = StateParams::read(&mut asked)?;
        let as_of_ms = AsOfParams::read(&mut asked)?;
        let imported = ImportedParams::read(&mut asked)?;
        let (page_size, page_token) = PageParams::read(&mut asked)?;
        asked.end()?;
        let request = v1::ListSlotsRequest {
            filter,
            states,
            as_of_ms,
            page_size,
            page_token,
            imported,
        };
        Ok(Slots::from(listed::list(desk.city(), request)?))
    })
    .await
}

/// The life of one slot: its state, every submission, extensions, and, as far as the token reaches, findings and current figures. Scope
/// `read:completeness`; with `read:findings` or `read:figures` the reading is logged.
#[utoipa::path(get, path = "/slots/{unit}/{dataset}/{period}", tag = "reporting",
    params(("unit" = String, Path, description = "The unit"), ("dataset" = String, Path, description = "The dataset"), ("period" = String, Path, description = "The reference period, in SDMX form")),
    responses((status = 200, description = "The slot", body = SlotLife)))]
pub(super) async fn slot(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Path((unit, dataset, period)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let reads = caller.may(TokenScope::Findings) || caller.may(TokenScope::Figures);
    let need = if reads {
        let what = format!("slot {unit}/{dataset}/{period}");
        Need::read(TokenScope::Completeness, Access::Findings, what)
    } else {
        Need::scope(TokenScope::Completeness)
    };
    answer(api, caller, need, move |desk| {
        Asked::parse(query.as_deref()).end()?;
        let slot = slot_key(desk, (&unit, &dataset, &period))?;
        life(desk, &slot)
    })
    .await
}

fn slot_key(
    desk: &Desk<'_>,
    (unit, dataset, period): (&str, &str, &str),
) -> Result<SlotKey, Problem> {
    let unit = desk.scope.unit(unit)?;
    let dataset = DatasetCode::new(dataset).map_err(|_| nothing_owed())?;
    let period = Period::parse(period).map_err(|_| nothing_owed())?;
    Ok(SlotKey::new(unit, dataset, period))
}

fn nothing_owed() -> Problem {
    Problem::not_found("这里没有应报", "nothing is owed there")
}

fn life(desk: &Desk<'_>, slot: &SlotKey) -> Result<SlotLife, Problem> {
    let caller = desk.caller;
    let request = v1::ListSlotsRequest {
        filter: Some(v1::SlotFilter {
            units: vec![slot.unit.to_string()],
            datasets: vec![slot.dataset.to_string()],
            periods: vec![slot.period.to_string()],
        }),
        page_size: 1,
        ..Default::default()
    };
    let told = listed::list(desk.city(), request)?.slots.pop();
    let (findings, figures) = (
        caller.may(TokenScope::Findings),
        caller.may(TokenScope::Figures),
    );
    let life = Life::read(desk.city(), slot, findings, figures)?;
    let submissions = life.vintages.iter().take(SUBMISSIONS_MAX);
    let later = |one: &granary_core::ledger::rows::ExtensionRow| LaterDeadline {
        received_at: At(one.received_at_ms),
        due_at: At(one.due_at_ms),
    };
    let stated = life.current.map(|snapshot| snapshot.observations);
    let stated = stated.unwrap_or_default();
    Ok(SlotLife {
        slot: Slot::from(told.ok_or_else(nothing_owed)?),
        submissions: submissions
            .map(|(index, row)| Submission::of(*index, row))
            .collect(),
        extensions: life.row.extensions.iter().map(later).collect(),
        exempted_at: life.row.exempted_at_ms.map(At),
        findings: findings.then(|| {
            let all = life.findings.into_iter();
            all.map(|one| finding(&desk.catalogue, one)).collect()
        }),
        figures: figures.then(|| {
            let some = stated.iter().take(FIGURES_MAX);
            some.map(|one| figure(desk, one)).collect()
        }),
    })
}

fn figure(desk: &Desk<'_>, observation: &Observation) -> SlotFigure {
    let catalogue = &desk.catalogue;
    let indicator = catalogue.indicator(&observation.indicator);
    let name = indicator.map(|one| one.name().clone()).unwrap_or_default();
    let measure = indicator.and_then(|one| catalogue.measure(one.unit_of_measure()));
    SlotFigure {
        indicator: Named::new(&observation.indicator, &name),
        item: observation.item.as_ref().map(ToString::to_string),
        value: observation.value.map(Figure::from),
        status: observation.status.letter().to_string(),
        unit_of_measure: measure.map(|one| Named::new(one.code(), one.name())),
    }
}

/// Every measure of reporting quality, grouped, as of an instant. Scope `read:completeness`.
#[utoipa::path(get, path = "/measures", tag = "reporting", params(FilterParams, GroupParams, AsOfParams, ImportedParams, PageParams), responses((status = 200, description = "A page of measures", body = Measures)))]
pub(super) async fn measures(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    let need = Need::scope(TokenScope::Completeness);
    answer(api, caller, need, move |desk| {
        let mut asked = Asked::parse(query.as_deref());
        let filter = Some(FilterParams::read(&mut asked, desk)?);
        let group_by = GroupParams::read(&mut asked)?;
        let as_of_ms = AsOfParams::read(&mut asked)?;
        let imported = ImportedParams::read(&mut asked)?;
        let (page_size, page_token) = PageParams::read(&mut asked)?;
        asked.end()?;
        let request = v1::ListMeasuresRequest {
            filter,
            group_by,
            as_of_ms,
            imported,
            page_size,
            page_token,
            under: String::new(),
        };
        Ok(Measures::from(measured::list(desk.city(), request)?))
    })
    .await
}

/// How well one unit reports, by dataset and over time; what it owes still, its keys, and whom to ring. Scope `read:completeness`.
#[utoipa::path(get, path = "/units/{unit}", tag = "reporting", params(("unit" = String, Path, description = "The unit")), responses((status = 200, description = "The unit", body = UnitReport)))]
pub(super) async fn unit(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Path(unit): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let need = Need::scope(TokenScope::Completeness);
    answer(api, caller, need, move |desk| {
        Asked::parse(query.as_deref()).end()?;
        let unit = desk.scope.unit(&unit)?;
        report(desk, &unit)
    })
    .await
}

fn report(desk: &Desk<'_>, unit: &UnitCode) -> Result<UnitReport, Problem> {
    let known = desk.catalogue.unit(unit).ok_or_else(|| {
        Problem::not_found("报表制度中没有这个单位", "the catalogue has no such unit")
    })?;
    let filter = || {
        Some(v1::SlotFilter {
            units: vec![unit.to_string()],
            ..Default::default()
        })
    };
    let tallied = |by: v1::GroupBy| {
        let request = v1::ListMeasuresRequest {
            filter: filter(),
            group_by: by.into(),
            page_size: listed::PAGE_MAX,
            ..Default::default()
        };
        measured::list(desk.city(), request)
    };
    let request = v1::ListSlotsRequest {
        filter: filter(),
        states: vec![v1::SlotState::Missing.into(), v1::SlotState::Pending.into()],
        page_size: listed::PAGE_MAX,
        ..Default::default()
    };
    let mut open = listed::list(desk.city(), request)?.slots;
    open.sort_by_key(|slot| std::cmp::Reverse(slot.due_at_ms));
    open.truncate(OPEN_MAX);
    let by_dataset = tallied(v1::GroupBy::Dataset)?;
    Ok(UnitReport {
        unit: Named::new(unit, known.name()),
        basis: by_dataset.basis.into(),
        total: by_dataset.total.unwrap_or_default().into(),
        datasets: all(by_dataset.rows),
        periods: all(tallied(v1::GroupBy::Period)?.rows),
        open: all(open),
        contacts: desk.contacts(unit.as_str()),
        keys: keys(desk, unit),
    })
}

fn keys(desk: &Desk<'_>, unit: &UnitCode) -> Vec<UnitKey> {
    let registry = desk.city().handle.registry();
    let own = registry.keys().filter(|(_, key)| key.unit == *unit);
    let key = |(id, key): (
        &granary_core::envelope::KeyId,
        &granary_core::ledger::EnrolledKey,
    )| UnitKey {
        id: id.short().to_string(),
        label: key.row.label.clone(),
        is_in_force: key.row.revoked_index.is_none(),
        enrolled_index: key.row.enrolled_index,
    };
    let mut keys: Vec<UnitKey> = own.map(key).collect();
    keys.sort_by_key(|key| std::cmp::Reverse(key.enrolled_index));
    keys
}
