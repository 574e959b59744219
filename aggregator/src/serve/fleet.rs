//! The fleet service, on which agents say how they are, and the list of them that operations read.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use granary_core::{
    code::UnitCode,
    completeness::{Board, Filter, SlotState},
    envelope::{KeyId, KeyRole},
    ledger::{EnrolledKey, Registry},
};
use granary_proto::v1::{self, fleet_service_server::FleetService};
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use super::{City, bounded, failure::Failure, guard};
use crate::{events, fleet};

/// Agents in one answer: what 0 means, and the most.
const AGENTS_DEFAULT: u32 = 1_000;
const AGENTS_MAX: u32 = 10_000;
/// Units in one question.
const UNITS_MAX: usize = 10_000;
/// How often the fleet is counted for the metrics.
const COUNT_INTERVAL: Duration = Duration::from_secs(15);

/// The service.
pub(super) struct Heartbeats {
    pub(super) city: Arc<City>,
}

#[tonic::async_trait]
impl FleetService for Heartbeats {
    async fn heartbeat(
        &self,
        request: Request<v1::HeartbeatRequest>,
    ) -> Result<Response<v1::HeartbeatResponse>, Status> {
        let unit = guard::unit(&request)?;
        let heartbeat = request.into_inner();
        let registry = self.city.handle.registry();
        let key_id = KeyId::from_slice(&heartbeat.key_id);
        let own = |id: &KeyId| {
            let key = registry.key(id);
            key.is_some_and(|key| key.unit == unit && key.row.revoked_index.is_none())
        };
        let Some(key_id) = key_id.filter(own) else {
            let why = "is no key of this unit that is in force";
            return Err(Failure::invalid("key_id", why).into());
        };
        let now_ms = self.city.clock.now_ms();
        self.city.fleet.note(key_id, now_ms, heartbeat);
        events::Heartbeat.emit();
        Ok(Response::new(v1::HeartbeatResponse {
            city_time_ms: now_ms,
        }))
    }
}

/// Lists the agents, those first that were heard of never or longest ago.
pub(super) fn list(
    city: &City,
    request: v1::ListAgentsRequest,
) -> Result<v1::ListAgentsResponse, Failure> {
    if request.units.len() > UNITS_MAX {
        let why = format!("at most {UNITS_MAX} units");
        return Err(Failure::invalid("units", why));
    }
    let units: BTreeSet<String> = request.units.into_iter().collect();
    let count_max = bounded(request.count_max, AGENTS_DEFAULT, AGENTS_MAX);
    let now_ms = city.clock.now_ms();
    let registry = city.handle.registry();
    city.fleet.retain(|id| in_force(&registry, id).is_some());
    let due = city.board().map(|board| next_due(&board, now_ms));
    let due = due.unwrap_or_default();
    let wanted = |unit: &UnitCode| units.is_empty() || units.contains(unit.as_str());
    let keys = registry.keys().filter(|(id, key)| {
        key.role == KeyRole::Agent && in_force(&registry, id).is_some() && wanted(&key.unit)
    });
    let mut agents: Vec<v1::Agent> = keys
        .map(|(id, key)| agent(city, &registry, (id, key), &due, now_ms))
        .collect();
    agents.sort_by(|a, b| (a.last_seen_ms, &a.unit).cmp(&(b.last_seen_ms, &b.unit)));
    let truncated = agents.len() > count_max;
    agents.truncate(count_max);
    Ok(v1::ListAgentsResponse {
        agents,
        truncated,
        listening_since_ms: city.fleet.since_ms(),
        city_time_ms: now_ms,
    })
}

fn in_force<'a>(registry: &'a Registry, key_id: &KeyId) -> Option<&'a EnrolledKey> {
    let key = registry.key(key_id)?;
    key.row.revoked_index.is_none().then_some(key)
}

fn agent(
    city: &City,
    registry: &Registry,
    (key_id, key): (&KeyId, &EnrolledKey),
    due: &BTreeMap<UnitCode, i64>,
    now_ms: i64,
) -> v1::Agent {
    let seen = city.fleet.seen(key_id);
    let since_ms = seen
        .as_ref()
        .map_or(city.fleet.since_ms(), |seen| seen.at_ms);
    let unit = registry
        .catalogue()
        .and_then(|catalogue| catalogue.unit(&key.unit));
    let name = unit.map(|unit| unit.name().clone()).unwrap_or_default();
    v1::Agent {
        unit: key.unit.to_string(),
        unit_name_zh: name.zh,
        unit_name_en: name.en,
        key_id: key_id.as_bytes().to_vec(),
        label: key.row.label.clone(),
        last_seen_ms: seen.as_ref().map(|seen| seen.at_ms),
        silent: fleet::is_silent(since_ms, now_ms),
        next_due_at_ms: due.get(&key.unit).copied(),
        heartbeat: seen.map(|seen| seen.heartbeat),
    }
}

/// The next deadline of each unit that has one before it.
fn next_due(board: &Board, now_ms: i64) -> BTreeMap<UnitCode, i64> {
    let pending = BTreeSet::from([SlotState::Pending]);
    let mut due: BTreeMap<UnitCode, i64> = BTreeMap::new();
    for at in board.slots(&Filter::default(), &pending, now_ms, None, usize::MAX) {
        let first = due.entry(at.slot.unit).or_insert(at.due_at_ms);
        *first = at.due_at_ms.min(*first);
    }
    due
}

/// Counts the fleet for the metrics, until the server stops.
pub(super) async fn count(city: Arc<City>, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(COUNT_INTERVAL);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let registry = city.handle.registry();
        city.fleet.retain(|id| in_force(&registry, id).is_some());
        let agents = registry
            .keys()
            .filter(|(id, key)| key.role == KeyRole::Agent && in_force(&registry, id).is_some())
            .count();
        events::FleetCounted {
            agents: agents as u64,
            figures: city.fleet.figures(city.clock.now_ms()),
        }
        .emit();
    }
}
