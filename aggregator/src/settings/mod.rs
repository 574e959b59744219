//! Settings: a TOML file, then `GRANARY_` variables of the environment, then flags; the later wins.
//!
//! There is one flat table of keys, and beside it the table `[oidc]`. Key `metrics_listen` is written `metrics_listen = "..."` in the file,
//! `GRANARY_METRICS_LISTEN` in the environment and `--metrics-listen` as a flag. An unknown key is a fault in each of
//! them, except variables of the environment that begin with another program's prefix. The environment is a map that is
//! passed in. All faults are reported at once, each with its place and remedy.

mod layers;
pub(crate) mod oidc;
mod reader;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use granary_core::{snapshot, text::Bilingual};

use granary_trace::{Share, TraceSettings};
use layers::Layers;
pub use oidc::{Oidc, Passwords};
use reader::Reader;

/// What `serve` runs under; every value is within its bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The data folder that `init` made.
    pub data: PathBuf,
    /// Where gRPC is served.
    pub listen: SocketAddr,
    /// Where `/metrics` is served; `None` where it is not.
    pub metrics_listen: Option<SocketAddr>,
    /// Where the log is served to anybody over HTTP; `None` where it is not.
    pub log_listen: Option<SocketAddr>,
    /// Where the console is served to the city's people in a browser; `None` where it is not.
    pub console_listen: Option<SocketAddr>,
    /// Whether the console itself speaks TLS, with the server's certificate.
    pub console_tls: bool,
    /// The host names and addresses that the server's certificate holds.
    pub server_names: Vec<String>,
    /// What bounds the clients.
    pub limits: Limits,
    /// What bounds one write of the sequencer.
    pub batch: Batch,
    /// The largest file of evidence that is taken, in bytes.
    pub evidence_bytes_max: u64,
    /// How often the access log is bound to the journal, where it has grown.
    pub access_anchor: Duration,
    /// How long a head of the log stays the one to be cosigned.
    pub witness_round: Duration,
    /// How the log is written.
    pub log_format: LogFormat,
    /// Which events are logged, as `tracing` filters are written: `info`, `warn,granary_aggregator=debug`.
    pub log_filter: String,
    /// How long open requests may run on after SIGTERM.
    pub grace: Duration,
    /// Whom to tell of how snapshots fare; `None` for nobody.
    pub traces: Option<TraceSettings>,
    /// Where the console's people can sign in beside passwords; `None` where nowhere.
    pub oidc: Option<Oidc>,
}

/// What bounds the clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once; beyond it new ones wait to be accepted.
    pub connections_max: usize,
    /// Requests open at once on one connection.
    pub requests_per_connection_max: u32,
    /// Bytes of a snapshot's payload.
    pub snapshot_bytes_max: usize,
    /// Submissions unanswered at once on one push stream.
    pub push_submissions_max: u32,
    /// Bytes of envelopes unanswered at once on one push stream.
    pub push_bytes_max: u64,
    /// Submissions a second that one connection may make; beyond it they wait. `None` where there is no such limit.
    pub submissions_per_second_max: Option<u32>,
}

/// What bounds one write of the sequencer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Bytes of payloads waiting for the sequencer; beyond it streams wait and calls are refused as overloaded.
    pub queue_bytes_max: usize,
    /// Entries in one write.
    pub entries_max: usize,
    /// Bytes of payloads in one write.
    pub bytes_max: usize,
    /// The longest that the sequencer waits for a fuller write.
    pub wait: Duration,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where settings come from.
#[derive(Clone, Debug, Default)]
pub struct Sources<'a> {
    /// The TOML file, if there is one.
    pub file: Option<&'a Path>,
    /// The environment, whole.
    pub environment: BTreeMap<String, String>,
    /// Flags by key.
    pub flags: BTreeMap<String, String>,
}

/// One fault in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: `granary.toml: listen`, `GRANARY_LISTEN` or `--listen`.
    pub place: String,
    /// What is wrong.
    pub message: Bilingual,
    /// What to do.
    pub remedy: Bilingual,
}

impl Settings {
    /// Every key, in the order in which they are documented.
    pub const KEYS: [&'static str; 26] = [
        "data",
        "listen",
        "metrics_listen",
        "log_listen",
        "console_listen",
        "console_tls",
        "server_names",
        "connections_max",
        "requests_per_connection_max",
        "snapshot_bytes_max",
        "push_submissions_max",
        "push_bytes_max",
        "submissions_per_second_max",
        "queue_bytes_max",
        "batch_entries_max",
        "batch_bytes_max",
        "batch_wait_us_max",
        "witness_round_ms",
        "log_format",
        "log_filter",
        "grace_ms",
        "evidence_bytes_max",
        "access_anchor_ms",
        "traces_endpoint",
        "traces_sample",
        "traces_service",
    ];

    /// Reads and checks all sources.
    ///
    /// # Errors
    /// Every fault, in the order of the layers and then of [`Self::KEYS`].
    pub fn read(sources: &Sources<'_>) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let layers = Layers::collect(sources, &mut faults);
        let mut reader = Reader::new(&layers, faults);
        let settings = read(&mut reader);
        let faults = reader.into_faults();
        match settings {
            Some(settings) if faults.is_empty() => Ok(settings),
            Some(_) | None => Err(faults),
        }
    }
}

fn read(reader: &mut Reader<'_>) -> Option<Settings> {
    let data = reader.path("data");
    let listen = reader.address("listen", "0.0.0.0:7443");
    let metrics_listen = reader.address_or_off("metrics_listen", "127.0.0.1:9464");
    let log_listen = reader.address_or_off("log_listen", "off");
    let console_listen = reader.address_or_off("console_listen", "off");
    let console_tls = reader.choice(
        "console_tls",
        None,
        &[("auto", None), ("on", Some(true)), ("off", Some(false))],
    );
    let server_names = reader.names("server_names", "localhost");
    let limits = read_limits(reader);
    let batch = read_batch(reader);
    let witness_round = reader
        .number("witness_round_ms", 60_000, 0..=3_600_000)
        .map(Duration::from_millis);
    let log_format = reader.choice(
        "log_format",
        LogFormat::Text,
        &[("text", LogFormat::Text), ("json", LogFormat::Json)],
    );
    let log_filter = reader.filter("log_filter", "info");
    let grace = reader
        .number("grace_ms", 10_000, 0..=600_000)
        .map(Duration::from_millis);
    let evidence_bytes_max = reader.number("evidence_bytes_max", 64 << 20, 1_024..=1 << 32);
    let access_anchor = reader
        .number("access_anchor_ms", 3_600_000, 1_000..=86_400_000)
        .map(Duration::from_millis);
    let traces = read_traces(reader);
    let oidc = oidc::read(reader);
    let settings = Settings {
        data: data?,
        listen: listen?,
        metrics_listen: metrics_listen?,
        log_listen: log_listen?,
        console_listen: console_listen?,
        // Passwords never cross a network in the clear unless somebody has written that they may.
        console_tls: console_tls?.unwrap_or_else(|| {
            console_listen
                .flatten()
                .is_some_and(|address| !address.ip().is_loopback())
        }),
        server_names: server_names?,
        limits: limits?,
        batch: batch?,
        evidence_bytes_max: evidence_bytes_max?,
        access_anchor: access_anchor?,
        witness_round: witness_round?,
        log_format: log_format?,
        log_filter: log_filter?,
        grace: grace?,
        traces: traces?,
        oidc: oidc?,
    };
    check_together(&settings, reader);
    Some(settings)
}

fn read_limits(reader: &mut Reader<'_>) -> Option<Limits> {
    let connections_max = reader.number("connections_max", 4_096, 1..=65_536);
    let requests = reader.number("requests_per_connection_max", 256, 1..=4_096);
    let payload_max = snapshot::PAYLOAD_BYTES_MAX as u64;
    let snapshot_bytes_max = reader.number("snapshot_bytes_max", payload_max, 1_024..=payload_max);
    let push_submissions_max = reader.number("push_submissions_max", 1_024, 1..=16_384);
    let push_bytes_max = reader.number("push_bytes_max", 16 << 20, 64 << 10..=1 << 30);
    let rate = reader.number("submissions_per_second_max", 0, 0..=1_000_000);
    Some(Limits {
        connections_max: narrow(connections_max?)?,
        requests_per_connection_max: narrow(requests?)?,
        snapshot_bytes_max: narrow(snapshot_bytes_max?)?,
        push_submissions_max: narrow(push_submissions_max?)?,
        push_bytes_max: push_bytes_max?,
        submissions_per_second_max: narrow(rate?).filter(|rate| *rate > 0),
    })
}

/// Whom to tell traces; the outer `None` is a fault.
fn read_traces(reader: &mut Reader<'_>) -> Option<Option<TraceSettings>> {
    let endpoint = reader.parsed("traces_endpoint", None, granary_trace::parse_endpoint);
    let sample = reader.parsed("traces_sample", Share::ALL, granary_trace::parse_sample);
    let usual = "granary-aggregator".to_owned();
    let service = reader.parsed("traces_service", usual, granary_trace::parse_service);
    let (endpoint, sample, service) = (endpoint?, sample?, service?);
    Some(endpoint.map(|endpoint| TraceSettings {
        endpoint,
        sample,
        service,
    }))
}

fn read_batch(reader: &mut Reader<'_>) -> Option<Batch> {
    let queue_bytes_max = reader.number("queue_bytes_max", 64 << 20, 32 << 20..=4 << 30);
    let entries_max = reader.number("batch_entries_max", 1_024, 1..=65_536);
    let bytes_max = reader.number("batch_bytes_max", 4 << 20, 64 << 10..=1 << 30);
    let wait_us_max = reader.number("batch_wait_us_max", 2_000, 0..=1_000_000);
    Some(Batch {
        queue_bytes_max: narrow(queue_bytes_max?)?,
        entries_max: narrow(entries_max?)?,
        bytes_max: narrow(bytes_max?)?,
        wait: Duration::from_micros(wait_us_max?),
    })
}

/// The bounds of every number fit its type, so this is never `None` for what the reader let pass.
fn narrow<T: TryFrom<u64>>(number: u64) -> Option<T> {
    T::try_from(number).ok()
}

fn check_together(settings: &Settings, reader: &mut Reader<'_>) {
    if settings.limits.push_bytes_max < settings.limits.snapshot_bytes_max as u64 {
        reader.report(
            "push_bytes_max",
            Bilingual::new(
                "push_bytes_max 小于 snapshot_bytes_max，最大的报送将无法推送",
                "push_bytes_max is less than snapshot_bytes_max, so the largest snapshot could not be pushed",
            ),
            Bilingual::new("把 push_bytes_max 调到不小于 snapshot_bytes_max", "raise push_bytes_max to at least snapshot_bytes_max"),
        );
    }
    if settings.metrics_listen == Some(settings.listen) && settings.listen.port() != 0 {
        reader.report(
            "metrics_listen",
            Bilingual::new("与 listen 是同一地址", "it is the same address as listen"),
            Bilingual::new("换一个端口，或写 off", "choose another port, or write off"),
        );
    }
    let others = [
        Some(settings.listen),
        settings.metrics_listen,
        settings.log_listen,
    ];
    let console = settings
        .console_listen
        .filter(|address| address.port() != 0);
    if console.is_some() && others.contains(&console) {
        reader.report(
            "console_listen",
            Bilingual::new(
                "与 listen、metrics_listen 或 log_listen 是同一地址",
                "it is the same address as listen, metrics_listen or log_listen",
            ),
            Bilingual::new("换一个端口，或写 off", "choose another port, or write off"),
        );
    }
    let others = [Some(settings.listen), settings.metrics_listen];
    let log = settings.log_listen.filter(|address| address.port() != 0);
    if log.is_some() && others.contains(&log) {
        reader.report(
            "log_listen",
            Bilingual::new(
                "与 listen 或 metrics_listen 是同一地址",
                "it is the same address as listen or metrics_listen",
            ),
            Bilingual::new("换一个端口，或写 off", "choose another port, or write off"),
        );
    }
}

#[cfg(test)]
mod tests;
