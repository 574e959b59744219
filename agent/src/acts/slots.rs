//! The unit's own slots: what is owed until when, and how it stands, as far as it is known here.
//!
//! Deadlines are those of the catalogue; extensions and exemptions are known to the city alone.

use std::path::Path;

use granary_core::{
    catalogue::{Catalogue, Dataset},
    code::UnitCode,
    period::Period,
    snapshot::SlotKey,
};
use jiff::Timestamp;

use crate::{
    history::{Reader, Shelf},
    inbox::{Latest, latest},
    receipts::Receipts,
    report::Outcome,
};

/// How many periods of a dataset are looked at, from the one that has begun last.
const PERIODS_MAX: usize = 120;
/// What was reported and was due longer ago is left out.
const REPORTED_MS: i64 = 400 * 24 * 3_600_000;

/// One slot of the unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSlot {
    /// Which.
    pub slot: SlotKey,
    /// When it is due, in milliseconds since 1970-01-01 UTC.
    pub due_at_ms: i64,
    /// Until when what arrives is timely: the deadline and its grace.
    pub timely_until_ms: i64,
    /// How it stands.
    pub standing: Standing,
    /// When the city received the latest statement from here, where its receipt is kept here.
    pub received_at_ms: Option<i64>,
}

/// How a slot stands, as far as it is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The city has accepted this revision.
    Accepted(u32),
    /// This revision was handed in here and waits for its answer; the second is what stands until then.
    Sent(u32, Option<u32>),
    /// The latest that was handed in here was returned or refused; the second is what stands.
    Back(Outcome, Option<u32>),
    /// Nothing is known to have been reported.
    Open,
}

impl OwnSlot {
    /// Whether somebody still has to report something.
    #[must_use]
    pub const fn is_owed(&self) -> bool {
        match self.standing {
            Standing::Open | Standing::Back(_, None) => true,
            Standing::Accepted(_) | Standing::Sent(..) | Standing::Back(_, Some(_)) => false,
        }
    }
}

/// The slots of the unit at an instant: what is owed first, by its deadline, then the rest, the newest first.
#[must_use]
pub fn own_slots(
    catalogue: &Catalogue,
    unit: &UnitCode,
    (reader, state): (&Reader, &Path),
    now_ms: i64,
) -> Vec<OwnSlot> {
    let shelf = reader.shelf(&|_| true);
    // Where the folder cannot be used, times of receipt are left out.
    let receipts = Receipts::open(state).ok();
    let mut slots = Vec::new();
    for dataset in catalogue.datasets() {
        for period in begun(dataset, now_ms) {
            let slot = SlotKey::new(unit.clone(), dataset.code().clone(), period);
            if !catalogue.expects(unit, dataset.code(), period) {
                continue;
            }
            let Some(due_at_ms) = dataset.due_at_ms(period) else {
                continue;
            };
            let latest = latest(state, &slot);
            let received = receipts
                .as_ref()
                .zip(latest)
                .and_then(|(receipts, latest)| {
                    receipts.find(&slot, latest.revision, &latest.payload_sha256)
                });
            let own = OwnSlot {
                due_at_ms,
                timely_until_ms: dataset.terms(period).timely_until_ms(due_at_ms),
                standing: standing(shelf.as_ref(), &slot, latest),
                received_at_ms: received.map(|receipt| receipt.received_at_ms),
                slot,
            };
            if own.is_owed() || due_at_ms >= now_ms.saturating_sub(REPORTED_MS) {
                slots.push(own);
            }
        }
    }
    slots.sort_by_key(|own| match own.is_owed() {
        true => (false, own.due_at_ms),
        false => (true, own.due_at_ms.saturating_neg()),
    });
    slots
}

/// The periods of a dataset that have begun, the newest first.
fn begun(dataset: &Dataset, now_ms: i64) -> impl Iterator<Item = Period> {
    let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::MAX);
    let today = dataset.deadline().zone().to_datetime(now).date();
    let newest = Period::containing(dataset.periodicity(), today);
    let newest = match (newest, dataset.last_period()) {
        (Some(newest), Some(last)) => Some(newest.min(last)),
        (newest, _) => newest,
    };
    std::iter::successors(newest, |period| period.plus(-1))
        .take(PERIODS_MAX)
        .take_while(|period| *period >= dataset.first_period())
        .filter(|period| dataset.covers(*period))
}

fn standing(shelf: Option<&Shelf>, slot: &SlotKey, latest: Option<Latest>) -> Standing {
    let at_city = shelf.and_then(|shelf| shelf.revision(slot));
    let Some(latest) = latest else {
        return at_city.map_or(Standing::Open, Standing::Accepted);
    };
    // A later revision that the city knows of was handed in elsewhere.
    if let Some(revision) = at_city.filter(|revision| *revision >= latest.revision) {
        return Standing::Accepted(revision);
    }
    match latest.outcome {
        Outcome::Accepted | Outcome::Repeated => Standing::Accepted(latest.revision),
        Outcome::Sent | Outcome::Ready => Standing::Sent(latest.revision, at_city),
        Outcome::Returned | Outcome::Refused => Standing::Back(latest.outcome, at_city),
    }
}
