//! What the outbox holds, for people; read beside a running server.

use std::{collections::BTreeMap, path::Path};

use granary_core::{digest::Digest, notices::Matter};
use prost::Message as _;
use rocksdb::DB;

use super::{
    DeliveryId, OutboxError, State, delivery_id, folder, options,
    rows::{DeliveryRow, MatterRow},
};

/// One message and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which.
    pub id: DeliveryId,
    /// What it is about.
    pub matter: Matter,
    /// How far it is.
    pub state: State,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, where it waits.
    pub next_at_ms: i64,
    /// When it was tried last, or ended.
    pub changed_at_ms: Option<i64>,
    /// Why it failed last, or was dropped.
    pub why: String,
}

/// Lists the messages of a data folder, oldest matter first; none where there is no outbox.
///
/// # Errors
/// [`OutboxError`] where the store cannot be read.
pub fn list(data: &Path) -> Result<Vec<Listed>, OutboxError> {
    let folder = folder(data);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let db = DB::open_for_read_only(&options(), folder, false)?;
    let (mut matters, mut deliveries) = (BTreeMap::new(), Vec::new());
    for row in db.iterator(rocksdb::IteratorMode::Start) {
        let (key, value) = row?;
        match key.split_first() {
            Some((b'n', digest)) => {
                let row = MatterRow::decode(&*value).map_err(OutboxError::damaged)?;
                let digest = Digest::from_slice(digest);
                matters.insert(digest, (row.decided_at_ms, row.matter()?));
            }
            Some((b'd', id)) => {
                let row = DeliveryRow::decode(&*value).map_err(OutboxError::damaged)?;
                deliveries.push((delivery_id(id)?, row));
            }
            Some(_) | None => {}
        }
    }
    let mut listed = Vec::new();
    for (id, row) in deliveries {
        let Some((decided_at_ms, matter)) = matters.get(&Some(id.key)).cloned() else {
            continue;
        };
        let one = Listed {
            id,
            matter,
            state: State::from_number(row.state)?,
            attempts: row.attempts,
            next_at_ms: row.next_at_ms,
            changed_at_ms: row.changed_at_ms,
            why: row.why,
        };
        listed.push((decided_at_ms, one));
    }
    listed.sort_by(|(a, x), (b, y)| (a, &x.id).cmp(&(b, &y.id)));
    Ok(listed.into_iter().map(|(_, one)| one).collect())
}
