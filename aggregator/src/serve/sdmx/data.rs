//! Data queries: what is stored is read once, chosen from, and written in the form that is asked for.

use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use granary_core::{
    access::Access,
    ledger::{LogIndex, keys},
    sdmx::{Maintained, Observed, code_id},
    snapshot::{Observation, SlotKey},
};

use super::{
    accept::{self, Form},
    json, maintained,
    query::{DataPath, Query},
};
use crate::{
    people::TokenScope,
    serve::{
        api::{Api, ApiProblem, Caller, Desk, Need, ProblemKind, computed},
        failure::Failure,
        history,
    },
};

/// Observations of one answer; more are refused with 413, never cut off.
pub(super) const OBSERVATIONS_MAX: usize = 200_000;

/// One observation with what it is told with.
pub(super) struct Row {
    slot: Arc<SlotKey>,
    observation: Observation,
    revision: u32,
    index: LogIndex,
    received_at_ms: i64,
}

impl Row {
    pub(super) fn observed(&self) -> Observed<'_> {
        Observed {
            slot: &self.slot,
            observation: &self.observation,
            revision: self.revision,
            index: self.index,
            received_at_ms: self.received_at_ms,
        }
    }
}

/// `GET /sdmx/v2/data/dataflow/{agency}/{id}/{version}/{key}`
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Path(path): Path<DataPath>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let form = match accept::data(&headers) {
        Ok(form) => form,
        Err(problem) => return problem.into_response_for(caller.language),
    };
    let what = path.what(query.as_deref().unwrap_or_default());
    let need = Need::read(TokenScope::Figures, Access::Series, what);
    computed(api, caller, need, move |desk| {
        let maintained = maintained(desk)?;
        let query = Query::read(desk, &maintained, &path, query.as_deref())?;
        let series = read(desk, &query)?;
        if series.is_empty() {
            return Err(ApiProblem::not_found(
                "没有符合条件的数据",
                "no data answer the query",
            ));
        }
        let (kind, body) = match form {
            Form::Csv => (accept::DATA_CSV, csv(desk, &maintained, &query, &series)?),
            Form::Json => (
                accept::DATA_JSON,
                json::message(desk, &maintained, &query, &series),
            ),
        };
        let kind = HeaderValue::from_static(kind);
        Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
    })
    .await
}

/// By the values of the dimensions before `TIME_PERIOD`, in the order of keys; each series by period.
pub(super) type Series = BTreeMap<Vec<String>, Vec<Row>>;

fn read(desk: &Desk<'_>, query: &Query<'_>) -> Result<Series, ApiProblem> {
    let mut series = Series::new();
    let mut count = 0;
    for slot in slots(desk, query)? {
        for row in rows(desk, query, &slot)? {
            count += 1;
            if count > OBSERVATIONS_MAX {
                return Err(too_large());
            }
            let key = query.layout.key(&row.observed());
            series.entry(key).or_default().push(row);
        }
    }
    for rows in series.values_mut() {
        rows.sort_by_key(|row| (row.slot.period.first_day(), row.index));
        cut(rows, query);
    }
    Ok(series)
}

/// The first and the last so many; where both are asked for, all of those.
fn cut(rows: &mut Vec<Row>, query: &Query<'_>) {
    let (first, last) = match (query.first, query.last) {
        (None, None) => return,
        (first, last) => (first.unwrap_or(0), last.unwrap_or(0)),
    };
    let from = rows.len().saturating_sub(last).max(first.min(rows.len()));
    rows.drain(first.min(rows.len())..from);
}

/// The slots of the dataset that have anything, that the token sees and that the query can mean.
fn slots(desk: &Desk<'_>, query: &Query<'_>) -> Result<Vec<Arc<SlotKey>>, ApiProblem> {
    let prefix = keys::dataset_prefix(keys::Table::Slot, query.dataset.code());
    let (mut slots, mut is_damaged) = (Vec::new(), false);
    let scanned = desk
        .city()
        .handle
        .derived()
        .scan_from(&prefix, &prefix, &mut |key, _| {
            let Some((slot, _)) = keys::parse_slot(key) else {
                is_damaged = true;
                return ControlFlow::Break(());
            };
            let is_wanted = desk.scope.holds(slot.unit.as_str())
                && query.takes_period(&slot.period.to_string())
                && query.takes_unit(&code_id(slot.unit.as_str()));
            if is_wanted {
                slots.push(Arc::new(slot));
            }
            if slots.len() > OBSERVATIONS_MAX {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
    scanned.map_err(Failure::internal)?;
    if is_damaged {
        return Err(ApiProblem::internal("a slot's key is damaged"));
    }
    if slots.len() > OBSERVATIONS_MAX {
        return Err(too_large());
    }
    Ok(slots)
}

fn rows(desk: &Desk<'_>, query: &Query<'_>, slot: &Arc<SlotKey>) -> Result<Vec<Row>, ApiProblem> {
    let city = desk.city();
    let as_of_ms = city.instant(query.as_of_ms);
    let is_late = |received_at_ms: i64| {
        query
            .updated_after_ms
            .is_none_or(|after| received_at_ms > after)
    };
    let mut rows = Vec::new();
    for (index, received_at_ms) in history::stated(city, slot, as_of_ms, query.layout.vintages)? {
        if !is_late(received_at_ms) {
            continue;
        }
        let snapshot = history::snapshot(city, index)?;
        for observation in snapshot.observations {
            let row = Row {
                slot: Arc::clone(slot),
                observation,
                revision: snapshot.revision,
                index,
                received_at_ms,
            };
            if is_wanted(desk, query, &row) {
                rows.push(row);
            }
        }
    }
    Ok(rows)
}

fn is_wanted(desk: &Desk<'_>, query: &Query<'_>, row: &Row) -> bool {
    let observed = row.observed();
    let (key, values) = (
        query.layout.key(&observed),
        query.layout.values(&observed, Some(&desk.catalogue)),
    );
    let value = row.observation.value.map(|value| value.to_string());
    let period = row.slot.period.to_string();
    query.takes(&key, &period, &values, &value.unwrap_or_default())
}

fn csv(
    desk: &Desk<'_>,
    maintained: &Maintained,
    query: &Query<'_>,
    series: &Series,
) -> Result<Vec<u8>, ApiProblem> {
    let headings = query.layout.headings();
    let is_told = |name: &&str| match *name {
        "OBS_VALUE" => query.has_measure,
        other => !query.layout.attributes().contains(&other) || query.attributes.contains(&other),
    };
    let told: Vec<bool> = headings.iter().map(is_told).collect();
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let mut write = |cells: Vec<String>| {
        let cells = cells.into_iter().zip(&told).filter(|(_, told)| **told);
        writer.write_record(cells.map(|(cell, _)| cell))
    };
    let headings = headings.into_iter().map(str::to_owned).collect();
    write(headings).map_err(ApiProblem::internal)?;
    for row in series.values().flatten() {
        let record = maintained.record(query.layout, &row.observed(), Some(&desk.catalogue));
        write(record).map_err(ApiProblem::internal)?;
    }
    writer.into_inner().map_err(ApiProblem::internal)
}

fn too_large() -> ApiProblem {
    ApiProblem::new(
        ProblemKind::TooLarge,
        format!("结果超过 {OBSERVATIONS_MAX} 条，请用键或 c[TIME_PERIOD] 缩小范围"),
        format!(
            "there are more than {OBSERVATIONS_MAX} observations: narrow the query by its key or c[TIME_PERIOD]"
        ),
    )
}
