//! Answers that name the journal prefix that they stand on, and are exactly what a fold of that prefix gives.
//!
//! An answer is given only where the first entry that was not folded when the reading began was received after the instant;
//! entries are received in the order of the log, so all later ones were too, and none of them has a say in it. Else the
//! reading is done again.

use granary_core::{
    bulletin::{Basis, LogHead},
    ledger::{JournalEntry, LogIndex},
    scorecard::Known,
};

use super::{City, failure::Failure};

/// How often a reading is done again because the journal grew meanwhile.
const READINGS_MAX: usize = 8;

/// Computes what a fold of exactly the entries in the basis gives.
pub(super) fn steady<T>(
    city: &City,
    asked_as_of_ms: i64,
    compute: impl Fn(Known<'_>) -> Result<T, Failure>,
) -> Result<(Basis, T), Failure> {
    for _ in 0..READINGS_MAX {
        let as_of_ms = city.instant(asked_as_of_ms);
        let applied_size = city.handle.applied();
        let (board, view) = (city.board(), city.handle.view());
        let board = board.ok_or(Failure::NotReady("no catalogue has been published yet"))?;
        let version = board.catalogue().version();
        let computed = compute(Known {
            board: &board,
            view: &view,
            as_of_ms,
        });
        if is_steady(city, applied_size, as_of_ms)? {
            let basis = Basis {
                applied_size,
                as_of_ms,
                catalogue_version: version.as_bytes().to_vec(),
            };
            return Ok((basis, computed?));
        }
    }
    Err(Failure::NotReady(
        "the journal grows faster than this is computed: ask as of an instant that is past",
    ))
}

/// Whether no entry from `applied_size` on has a say in what was known at the instant.
fn is_steady(city: &City, applied_size: u64, as_of_ms: i64) -> Result<bool, Failure> {
    let next = city.handle.journal().entry(LogIndex(applied_size));
    let Some(next) = next.map_err(Failure::internal)? else {
        return Ok(true);
    };
    let entry = JournalEntry::decode(&next).map_err(Failure::internal)?;
    Ok(entry.received_at_ms > as_of_ms)
}

/// The tree over the first `size` entries.
pub(super) fn log_head(city: &City, size: u64) -> Result<LogHead, Failure> {
    let root = city
        .handle
        .journal()
        .root(size)
        .map_err(Failure::internal)?;
    Ok(LogHead {
        origin: city.handle.verifier().name().to_string(),
        size,
        root_hash: root.as_bytes().to_vec(),
    })
}
