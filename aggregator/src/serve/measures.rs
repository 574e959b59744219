//! The measure service: every measure over slots, grouped, as of an instant.

use std::sync::Arc;

use granary_core::{
    catalogue::Catalogue,
    code::UnitCode,
    completeness::{Board, Group, GroupBy},
    measures::{self, Tally},
};
use granary_proto::v1::{self, measure_service_server::MeasureService};
use prost::Message as _;
use tonic::{Request, Response, Status};

use super::{
    City, RESPONSE_BYTES_MAX, blocking, bounded,
    failure::{Failure, Need},
    guard,
    monitoring::{self, basis},
    page::{Cursor, Fingerprint},
    slots::{self, Labels, PAGE_DEFAULT, PAGE_MAX},
};

/// The service.
pub(super) struct Measures {
    pub(super) city: Arc<City>,
}

#[tonic::async_trait]
impl MeasureService for Measures {
    async fn list_measures(
        &self,
        request: Request<v1::ListMeasuresRequest>,
    ) -> Result<Response<v1::ListMeasuresResponse>, Status> {
        guard::person(&request, Need::Person)?;
        let city = Arc::clone(&self.city);
        let request = request.into_inner();
        let answer = blocking(move || list(&city, request)).await?;
        Ok(Response::new(answer))
    }
}

pub(super) fn list(
    city: &City,
    mut request: v1::ListMeasuresRequest,
) -> Result<v1::ListMeasuresResponse, Failure> {
    let token = std::mem::take(&mut request.page_token);
    let count_max = bounded(
        std::mem::take(&mut request.page_size),
        PAGE_DEFAULT,
        PAGE_MAX,
    );
    let fingerprint = Fingerprint::of(&request);
    let cursor = Cursor::parse(&token, fingerprint)?;
    let filter = monitoring::filter_under(request.filter, &request.under, request.imported)?;
    let by = slots::group_by(request.group_by)?;
    let as_of_ms = cursor
        .as_ref()
        .map_or_else(|| city.instant(request.as_of_ms), |cursor| cursor.as_of_ms);
    let skip = cursor.map(|cursor| rows_before(&cursor)).transpose()?;
    let basis = basis(city, as_of_ms);
    let Some(board) = city.board() else {
        return Ok(v1::ListMeasuresResponse {
            basis: Some(basis),
            ..Default::default()
        });
    };
    let counted = measures::tallies(&board, &filter, by, as_of_ms);
    let skip = skip.unwrap_or_default();
    let rows = page(&board, &counted, skip, count_max, as_of_ms);
    let next = skip + rows.len();
    let after = || Cursor {
        as_of_ms,
        after: u64::try_from(next)
            .unwrap_or(u64::MAX)
            .to_be_bytes()
            .to_vec(),
    };
    // Rows by department may overlap, so the total is counted by itself.
    let total = measures::tallies(&board, &filter, GroupBy::Nothing, as_of_ms).pop();
    let (group, total) = total.unwrap_or_default();
    Ok(v1::ListMeasuresResponse {
        basis: Some(basis),
        total: Some(row(board.catalogue(), &group, &total, None)),
        next_page_token: if next < counted.len() {
            after().token(fingerprint)
        } else {
            String::new()
        },
        rows,
    })
}

/// The rows of one page, bounded by their number and by their bytes; at least one where there are any left.
fn page(
    board: &Board,
    counted: &[(Group, Tally)],
    skip: usize,
    count_max: usize,
    as_of_ms: i64,
) -> Vec<v1::MeasuresRow> {
    let mut rows = Vec::new();
    let mut bytes = 0;
    for (group, tally) in counted.iter().skip(skip).take(count_max) {
        let last_seen = |unit: &UnitCode| board.last_seen_ms(unit, as_of_ms);
        let last_seen_ms = group.unit.as_ref().and_then(last_seen);
        let row = row(board.catalogue(), group, tally, last_seen_ms);
        bytes += row.encoded_len();
        if bytes > RESPONSE_BYTES_MAX && !rows.is_empty() {
            break;
        }
        rows.push(row);
    }
    rows
}

fn row(
    catalogue: &Catalogue,
    group: &Group,
    tally: &Tally,
    last_seen_ms: Option<i64>,
) -> v1::MeasuresRow {
    let labels = Labels::of(catalogue, group);
    v1::MeasuresRow {
        unit: labels.unit,
        dataset: labels.dataset,
        period: labels.period,
        department: labels.department,
        level: labels.level,
        name_zh: labels.name.zh,
        name_en: labels.name.en,
        counts: Some(slots::wire_counts(&tally.counts)),
        imported: tally.counts.imported,
        measures: tally
            .values()
            .map(|(measure, value)| wire(measure, value))
            .collect(),
        last_seen_ms,
    }
}

fn wire(measure: measures::Measure, value: Option<measures::Value>) -> v1::MeasureValue {
    use v1::measure_value::Value;
    let value = value.map(|value| match value {
        measures::Value::Share {
            numerator,
            denominator,
        } => Value::Share(v1::Share {
            numerator,
            denominator,
        }),
        measures::Value::DurationMs(ms) => Value::DurationMs(ms),
        measures::Value::Number(number) => Value::Number(number.to_string()),
    });
    v1::MeasureValue {
        measure: measure.word().to_owned(),
        value,
    }
}

/// How many rows the pages before held.
fn rows_before(cursor: &Cursor) -> Result<usize, Failure> {
    let count = cursor.after.as_slice().try_into().map(u64::from_be_bytes);
    let count = count.ok().and_then(|count| usize::try_from(count).ok());
    count.ok_or_else(|| {
        Failure::invalid(
            "page_token",
            "it does not name a row: begin again without one",
        )
    })
}
