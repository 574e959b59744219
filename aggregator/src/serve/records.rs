//! A unit's own current snapshots, for its desk: from the feed of the unit, in the order of the log.
//!
//! A slot's current snapshot changes only by a later entry, so what has changed since an index is what is current and stands at or
//! after it. The prefix of the feed is the caller's unit; no key of another unit is ever read.

use std::ops::ControlFlow;

use granary_core::{
    code::UnitCode,
    ledger::{LogIndex, keys},
    snapshot::SlotKey,
};
use granary_proto::v1;
use prost::Message as _;

use super::{City, RESPONSE_BYTES_MAX, applied, bounded, failure::Failure, history};

/// Records in one answer: what 0 means, and the most.
const RECORDS_DEFAULT: u32 = 100;
const RECORDS_MAX: u32 = 1_000;
/// Feed rows that one call looks at, current or not.
const FEED_ROWS_MAX: usize = 4_000;

/// The current snapshots of `unit` at or after an index.
pub(super) fn fetch(
    city: &City,
    unit: &UnitCode,
    request: &v1::FetchRecordsRequest,
) -> Result<v1::FetchRecordsResponse, Failure> {
    // Read before the feed, so that everything before it is in the feed.
    let applied = applied(city.handle.derived()).map_err(Failure::internal)?;
    let feed = feed(city, unit, LogIndex(request.from_index))?;
    let mut page = Page::new(request);
    let mut response = v1::FetchRecordsResponse {
        next_index: request.from_index,
        city_time_ms: city.clock.now_ms(),
        ..Default::default()
    };
    for (index, slot) in &feed {
        match current(city, slot)? {
            Some(current) if current == *index => {
                let record = record(city, *index)?;
                if !page.takes(&record) {
                    response.more = true;
                    return Ok(response);
                }
                response.records.push(record);
            }
            // It was replaced while this answer was made: the caller learns of it by asking on.
            Some(current) => response.more |= current.0 >= applied,
            None => {}
        }
        response.next_index = index.0.saturating_add(1);
    }
    if feed.len() < FEED_ROWS_MAX {
        response.next_index = response.next_index.max(applied);
    } else {
        response.more = true;
    }
    Ok(response)
}

/// What an answer has room for.
struct Page {
    count: usize,
    bytes: usize,
    is_empty: bool,
}

impl Page {
    fn new(request: &v1::FetchRecordsRequest) -> Self {
        let bytes_max = u32::try_from(RESPONSE_BYTES_MAX).unwrap_or(u32::MAX);
        Self {
            count: bounded(request.count_max, RECORDS_DEFAULT, RECORDS_MAX),
            bytes: bounded(request.bytes_max, bytes_max, bytes_max),
            is_empty: true,
        }
    }

    /// The first record always fits, or a long one would never come.
    fn takes(&mut self, record: &v1::Record) -> bool {
        let bytes = record.encoded_len();
        let fits = self.count > 0 && (self.is_empty || bytes <= self.bytes);
        if fits {
            self.count -= 1;
            self.bytes = self.bytes.saturating_sub(bytes);
            self.is_empty = false;
        }
        fits
    }
}

/// The unit's entries from an index on, at most [`FEED_ROWS_MAX`].
fn feed(city: &City, unit: &UnitCode, from: LogIndex) -> Result<Vec<(LogIndex, SlotKey)>, Failure> {
    let mut rows = Vec::new();
    let (prefix, start) = (keys::feed_prefix(unit), keys::feed(unit, from));
    let scanned = city
        .handle
        .derived()
        .scan_from(&prefix, &start, &mut |key, slot_key| {
            let slot = keys::parse_slot(slot_key).map(|(slot, _)| slot);
            rows.push(keys::parse_index(key).zip(slot));
            if rows.len() < FEED_ROWS_MAX {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
    scanned.map_err(Failure::internal)?;
    let rows: Option<Vec<_>> = rows.into_iter().collect();
    rows.ok_or_else(|| Failure::internal("a feed row is damaged"))
}

/// The entry whose snapshot is the slot's current one.
fn current(city: &City, slot: &SlotKey) -> Result<Option<LogIndex>, Failure> {
    let row = history::slot_row(city, slot)?;
    let current = row.and_then(|row| row.current);
    Ok(current.map(|current| LogIndex(current.index)))
}

fn record(city: &City, index: LogIndex) -> Result<v1::Record, Failure> {
    let record = city.handle.journal().record(index);
    let record = record.map_err(Failure::internal)?;
    let record = record.ok_or_else(|| Failure::internal("a current snapshot's entry is gone"))?;
    Ok(v1::Record {
        index: index.0,
        entry: record.bytes,
        payload: record.payload,
    })
}
