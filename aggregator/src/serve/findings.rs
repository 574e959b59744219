//! Findings, listed in the order of their keys: dataset, period, unit, edit, item.

use std::{collections::BTreeSet, ops::ControlFlow};

use granary_core::{
    completeness::Filter,
    ledger::{FindingStatus, Registry, keys, rows::FindingRow},
};
use granary_proto::v1;

use super::{
    City, RESPONSE_BYTES_MAX, bounded,
    failure::Failure,
    monitoring::{self, basis},
    page::{Cursor, Fingerprint},
    slots::{PAGE_DEFAULT, PAGE_MAX, wants},
    suspects,
};
use crate::convert;

/// Lists findings.
pub(super) fn list(
    city: &City,
    mut request: v1::ListFindingsRequest,
) -> Result<v1::ListFindingsResponse, Failure> {
    let token = std::mem::take(&mut request.page_token);
    let count_max = bounded(
        std::mem::take(&mut request.page_size),
        PAGE_DEFAULT,
        PAGE_MAX,
    );
    let fingerprint = Fingerprint::of(&request);
    let cursor = Cursor::parse(&token, fingerprint)?;
    let statuses = statuses(&request.statuses)?;
    let filter = monitoring::filter(request.filter)?;
    let localise = request.localise;
    let as_of_ms = cursor
        .as_ref()
        .map_or_else(|| city.clock.now_ms(), |cursor| cursor.as_of_ms);
    let basis = basis(city, as_of_ms);
    let registry = city.handle.registry();
    let mut page = Page {
        registry: &registry,
        findings: Vec::new(),
        bytes: 0,
        count_max,
        last: None,
        broken: None,
    };
    let after = cursor.map(|cursor| cursor.after);
    for prefix in prefixes(&filter) {
        if page.is_full() {
            break;
        }
        scan(
            city,
            &prefix,
            after.as_deref(),
            &filter,
            &statuses,
            &mut page,
        )?;
    }
    if localise {
        suspects::tell(city, &registry, &mut page.findings)?;
    }
    let next = page.last.take().filter(|_| page.is_full());
    let next = next.map(|after| Cursor { as_of_ms, after }.token(fingerprint));
    Ok(v1::ListFindingsResponse {
        basis: Some(basis),
        findings: page.findings,
        next_page_token: next.unwrap_or_default(),
    })
}

struct Page<'a> {
    registry: &'a Registry,
    findings: Vec<v1::Finding>,
    bytes: usize,
    count_max: usize,
    /// The key of the last finding given.
    last: Option<Vec<u8>>,
    broken: Option<Failure>,
}

impl Page<'_> {
    fn is_full(&self) -> bool {
        self.findings.len() >= self.count_max || self.bytes >= RESPONSE_BYTES_MAX
    }

    fn add(&mut self, key: &[u8], finding: v1::Finding) {
        self.bytes += prost::Message::encoded_len(&finding);
        self.findings.push(finding);
        self.last = Some(key.to_vec());
    }
}

/// The narrowest stretches of the table that hold all that is wanted, in order.
fn prefixes(filter: &Filter) -> Vec<Vec<u8>> {
    let table = keys::Table::Finding;
    if filter.datasets.is_empty() {
        return vec![keys::table(table)];
    }
    let datasets = filter.datasets.iter();
    if filter.periods.is_empty() {
        return datasets
            .map(|dataset| keys::dataset_prefix(table, dataset))
            .collect();
    }
    let periods = |dataset| {
        filter
            .periods
            .iter()
            .map(move |period| keys::dataset_period(table, dataset, *period))
    };
    datasets.flat_map(periods).collect()
}

fn scan(
    city: &City,
    prefix: &[u8],
    after: Option<&[u8]>,
    filter: &Filter,
    statuses: &BTreeSet<i32>,
    page: &mut Page<'_>,
) -> Result<(), Failure> {
    // The least key above the last one given.
    let above = after
        .map(|after| [after, &[0]].concat())
        .unwrap_or_default();
    let start = above.max(prefix.to_vec());
    let scanned = city
        .handle
        .derived()
        .scan_from(prefix, &start, &mut |key, value| {
            match finding(page.registry, key, value, filter, statuses) {
                Ok(Some(finding)) => page.add(key, finding),
                Ok(None) => {}
                Err(failure) => page.broken = Some(failure),
            }
            if page.is_full() || page.broken.is_some() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
    scanned.map_err(Failure::internal)?;
    page.broken.take().map_or(Ok(()), Err)
}

fn finding(
    registry: &Registry,
    key: &[u8],
    value: &[u8],
    filter: &Filter,
    statuses: &BTreeSet<i32>,
) -> Result<Option<v1::Finding>, Failure> {
    let (slot, _, _) =
        keys::parse_finding(key).ok_or_else(|| Failure::internal("a finding's key is damaged"))?;
    if !wants(filter, &slot) {
        return Ok(None);
    }
    let row = FindingRow::decode_row(value).map_err(Failure::internal)?;
    if !statuses.is_empty() && !statuses.contains(&row.status) {
        return Ok(None);
    }
    let unit = registry
        .catalogue()
        .and_then(|catalogue| catalogue.unit(&slot.unit));
    let name = unit.map(|unit| unit.name().clone()).unwrap_or_default();
    let failure = row.failure.failure().map_err(Failure::internal)?;
    Ok(Some(v1::Finding {
        unit: slot.unit.to_string(),
        dataset: slot.dataset.to_string(),
        period: slot.period.to_string(),
        failure: Some(convert::failure(failure)),
        status: row.status,
        snapshot_index: row.snapshot_index,
        opened_index: row.opened_index,
        changed_index: row.changed_index,
        catalogue_version: row.catalogue_version,
        unit_name_zh: name.zh,
        unit_name_en: name.en,
        decision_reason: row.decision_reason,
        ..Default::default()
    }))
}

fn statuses(numbers: &[i32]) -> Result<BTreeSet<i32>, Failure> {
    let known = |number: &i32| match FindingStatus::from_number(*number) {
        Some(_) => Ok(*number),
        None => Err(Failure::invalid(
            "statuses",
            format!("{number} is not a status"),
        )),
    };
    numbers.iter().map(known).collect()
}
