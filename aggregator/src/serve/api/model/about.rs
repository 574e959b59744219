//! The log, the agents, the catalogue's lists, and the token itself.

use granary_proto::v1;
use serde::Serialize;

use super::{At, Named, Sha256, Words, all};

/// How far the city is, and the newest signed heads of its log.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Log {
    /// Entries in the journal.
    pub(in crate::serve::api) entries: u64,
    /// Entries that the derived state holds.
    pub(in crate::serve::api) folded: u64,
    /// The newest checkpoint with its cosignatures, a C2SP signed note.
    pub(in crate::serve::api) checkpoint: String,
    /// The most cosigned checkpoint that is kept.
    pub(in crate::serve::api) most_cosigned: Option<Cosigned>,
    /// The log's key, in signed-note form.
    pub(in crate::serve::api) verifier_key: String,
    /// The catalogue version in force.
    pub(in crate::serve::api) catalogue_version: Option<Sha256>,
    /// Why nothing is taken; null while all runs.
    pub(in crate::serve::api) alarm: Option<String>,
    /// The program's version.
    pub(in crate::serve::api) version: String,
}

/// A checkpoint that witnesses have cosigned.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Cosigned {
    /// How many entries it is of.
    pub(in crate::serve::api) size: u64,
    /// The signed note.
    pub(in crate::serve::api) note: String,
}

/// The offices' agents, those first that were heard of never or longest ago.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Agents {
    /// The agents.
    pub(in crate::serve::api) agents: Vec<Agent>,
    /// Since when the server has listened: before, it has heard of nobody.
    pub(in crate::serve::api) listening_since: At,
    /// The city's clock.
    pub(in crate::serve::api) city_time: At,
    /// Whether there are more than were given.
    pub(in crate::serve::api) is_cut: bool,
}

/// An agent, by its key.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Agent {
    /// The unit's code.
    unit: String,
    /// The unit's name.
    unit_name: Words,
    /// The id of its key.
    key_id: Option<Sha256>,
    /// What the unit calls the key.
    label: String,
    /// When it was heard of last.
    last_seen_at: Option<At>,
    /// Whether it has been silent for longer than five minutes.
    is_silent: bool,
    /// When the unit owes something next.
    next_due_at: Option<At>,
    /// What it said of itself last.
    heartbeat: Option<Heartbeat>,
}

/// What an agent says of itself.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Heartbeat {
    /// The program and its version.
    software: String,
    /// Statements that wait to be sent.
    spooled_records: u64,
    /// Their bytes.
    spooled_bytes: u64,
    /// By how much its clock is ahead of the city's, in milliseconds; null where it does not know.
    clock_ahead_ms: Option<i64>,
    /// Files and alarms that somebody has to look at.
    problems: u32,
    /// When its client certificate ends; null where it does not say.
    certificate_until: Option<At>,
}

/// The units of the catalogue in force that the token sees.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Units {
    /// The catalogue's version.
    pub(in crate::serve::api) catalogue_version: Sha256,
    /// The units.
    pub(in crate::serve::api) units: Vec<Unit>,
}

/// A unit.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Unit {
    /// Its code.
    pub(in crate::serve::api) code: String,
    /// Its name.
    pub(in crate::serve::api) name: Words,
    /// Its level in the tree.
    pub(in crate::serve::api) level: Option<String>,
    /// The unit above it today.
    pub(in crate::serve::api) parent: Option<String>,
    /// Whether it is in force today.
    pub(in crate::serve::api) is_in_force: bool,
}

/// The datasets of the catalogue in force.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Datasets {
    /// The catalogue's version.
    pub(in crate::serve::api) catalogue_version: Sha256,
    /// The datasets.
    pub(in crate::serve::api) datasets: Vec<Dataset>,
}

/// A dataset.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Dataset {
    /// Its code.
    pub(in crate::serve::api) code: String,
    /// Its name.
    pub(in crate::serve::api) name: Words,
    /// `day`, `month`, `quarter`, `half-year` or `annual`, as the catalogue writes it.
    pub(in crate::serve::api) periodicity: &'static str,
    /// Whether its observations have items.
    pub(in crate::serve::api) is_itemised: bool,
    /// Its first period, in SDMX form.
    pub(in crate::serve::api) first_period: String,
    /// Its last period; null where it goes on.
    pub(in crate::serve::api) last_period: Option<String>,
    /// Its indicators.
    pub(in crate::serve::api) indicators: Vec<String>,
    /// Its edits.
    pub(in crate::serve::api) edits: Vec<String>,
}

/// The indicators of the catalogue in force.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Indicators {
    /// The catalogue's version.
    pub(in crate::serve::api) catalogue_version: Sha256,
    /// The indicators.
    pub(in crate::serve::api) indicators: Vec<Indicator>,
}

/// An indicator.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Indicator {
    /// Its code.
    pub(in crate::serve::api) code: String,
    /// Its name.
    pub(in crate::serve::api) name: Words,
    /// The unit of measure.
    pub(in crate::serve::api) unit_of_measure: Option<Named>,
    /// How many decimals it may have.
    pub(in crate::serve::api) decimals: u8,
    /// The department that owns it.
    pub(in crate::serve::api) owner: String,
}

/// The scorecards of the catalogue in force.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Scorecards {
    /// The catalogue's version.
    pub(in crate::serve::api) catalogue_version: Sha256,
    /// The scorecards.
    pub(in crate::serve::api) scorecards: Vec<Scorecard>,
}

/// A scorecard.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Scorecard {
    /// Its code.
    pub(in crate::serve::api) code: String,
    /// Its name.
    pub(in crate::serve::api) name: Words,
    /// The periods that it is drawn up for.
    pub(in crate::serve::api) periodicity: &'static str,
}

/// What the token of a request may do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct TokenAbout {
    /// What it is called.
    pub(in crate::serve::api) name: String,
    /// What it may read.
    pub(in crate::serve::api) scopes: Vec<&'static str>,
    /// The unit whose part of the tree it sees; null for all of it.
    pub(in crate::serve::api) under: Option<String>,
    /// Until when it is good.
    pub(in crate::serve::api) expires_at: At,
}

impl Agents {
    pub(in crate::serve::api) fn of(answer: v1::ListAgentsResponse) -> Self {
        Self {
            agents: all(answer.agents),
            listening_since: At(answer.listening_since_ms),
            city_time: At(answer.city_time_ms),
            is_cut: answer.truncated,
        }
    }
}

impl From<v1::Agent> for Agent {
    fn from(agent: v1::Agent) -> Self {
        Self {
            unit: agent.unit,
            unit_name: Words::new(agent.unit_name_zh, agent.unit_name_en),
            key_id: Sha256::of(&agent.key_id),
            label: agent.label,
            last_seen_at: agent.last_seen_ms.map(At),
            is_silent: agent.silent,
            next_due_at: agent.next_due_at_ms.map(At),
            heartbeat: agent.heartbeat.map(Heartbeat::from),
        }
    }
}

impl From<v1::HeartbeatRequest> for Heartbeat {
    fn from(beat: v1::HeartbeatRequest) -> Self {
        Self {
            software: beat.software,
            spooled_records: beat.spooled_records,
            spooled_bytes: beat.spooled_bytes,
            clock_ahead_ms: beat.clock_ahead_ms,
            problems: beat.problems,
            certificate_until: Some(beat.certificate_until_ms)
                .filter(|ms| *ms != 0)
                .map(At),
        }
    }
}
