//! The settings of one agent: the file `agent.toml` in its folder, then the environment, checked as a whole.
//!
//! Invariants: a [`Settings`] is valid and complete; nobody else reads the file or the environment. All faults are
//! reported at once, each with where it stands, its key and a remedy. A key that is not known is a fault, because a
//! mistyped limit that silently keeps its default is worse than a program that does not start.
//!
//! Every key can be given in the environment: `link.backoff_ms_max` is `GRANARY_AGENT_LINK_BACKOFF_MS_MAX`. The variables
//! `GRANARY_AGENT_DIR` and `GRANARY_AGENT_LOG` belong to the command line and are left alone here.
//!
//! | key | default | meaning |
//! |---|---|---|
//! | `unit` | required | the unit's code |
//! | `server` | required | the city, `https://host:port` |
//! | `language` | `zh` | of reports and screens: `zh` or `en` |
//! | `time_zone` | `Asia/Shanghai` | in which dates are shown and periods begin |
//! | `folders.root` | `.` | holds `inbox`, `sent`, `accepted`, `returned`, `refused`, `evidence`; relative to the agent's folder |
//! | `folders.state` | `state` | holds the spool, receipts, the catalogue |
//! | `spool.bytes_max` | 4 GiB | unsent snapshots on disk |
//! | `evidence.bytes_max` | 64 MiB | the largest file of evidence that is handed in |
//! | `spool.disk_free_bytes_min` | 256 MiB | left to other programs on the disk |
//! | `link.*` | see [`LinkSettings`] | the line to the city |
//! | `log.bytes_max` | 4 MiB | the longest log file ([`crate::log_file`]) |
//! | `log.files_max` | 5 | how many are kept; 0 for none |
//! | `[[source]]` |  | queries of a database; read by the program granary-sql alone |
//! | `page.listen` | `127.0.0.1:7490` | where the local page is served, an address of this machine alone; `off` for none |
//! | `poll.*` | see [`PollSettings`] | how often is looked |
//! | `traces.endpoint` | `off` | the collector that traces are told, `http://host:port` ([`granary_trace`]) |
//! | `traces.sample` | 1 | the share of snapshots, 0 to 1; the same as the city's gives whole traces |
//! | `traces.service` | `granary-agent` | this program's name in them |

mod raw;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use granary_core::{
    code::UnitCode,
    text::{Bilingual, Language},
};
use granary_trace::{Share, TraceSettings};
use jiff::tz::TimeZone;
use tonic::transport::Uri;

pub use raw::SettingFault;

use crate::spool::Limits;
use raw::Raw;

/// The file's name in the agent's folder.
pub const FILE: &str = "agent.toml";
/// What every variable of this program begins with.
pub const PREFIX: &str = "GRANARY_AGENT_";
/// Where the local page is served, unless something else is set.
const PAGE_LISTEN: &str = "127.0.0.1:7490";
/// This program's name in traces, unless something else is set.
const SERVICE: &str = "granary-agent";
/// Room for the envelope around the largest payload, in bytes.
const ENVELOPE_OVERHEAD_BYTES: usize = 64 * 1024;

/// Everything that can be set, valid.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The unit whose figures this agent signs.
    pub unit: UnitCode,
    /// The city: `https://host:port`.
    pub server: String,
    /// The language of reports and screens.
    pub language: Language,
    /// The time zone of dates.
    pub time_zone: TimeZone,
    /// The folder with the inbox and the folders that files move to.
    pub root: PathBuf,
    /// The folder with spool, receipts and catalogue.
    pub state: PathBuf,
    /// The folder with keys and certificates: always `identity` in the agent's folder.
    pub identity: PathBuf,
    /// How large the spool may become.
    pub spool: Limits,
    /// The largest file of evidence that is handed in, in bytes.
    pub evidence_bytes_max: u64,
    /// The line to the city.
    pub link: LinkSettings,
    /// How often is looked.
    pub poll: PollSettings,
    /// The log on disk.
    pub log: LogSettings,
    /// Where the local page is served; `None` for nowhere. Always a loopback address.
    pub page: Option<SocketAddr>,
    /// Whom to tell of how snapshots fare; `None` for nobody.
    pub traces: Option<TraceSettings>,
}

/// The log on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// The longest file, in bytes.
    pub bytes_max: u64,
    /// How many files are kept, the open one included; 0 for none.
    pub files_max: u64,
}

/// The line to the city. Times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkSettings {
    /// How long a connection may take to open.
    pub connect_timeout_ms: u64,
    /// How long an answer may take before the line counts as dead.
    pub answer_timeout_ms: u64,
    /// How often an idle line is tried by an HTTP/2 ping.
    pub keepalive_interval_ms: u64,
    /// How long the ping's answer may take.
    pub keepalive_timeout_ms: u64,
    /// The shortest wait before the next attempt.
    pub backoff_ms_min: u64,
    /// The longest wait before the next attempt.
    pub backoff_ms_max: u64,
    /// The most unanswered snapshots; the city's window may be smaller.
    pub in_flight_max: u32,
    /// The most unanswered bytes. One snapshot that is longer goes alone.
    pub in_flight_bytes_max: u64,
    /// How long a stop waits for answers that are on their way.
    pub drain_ms_max: u64,
}

/// How often is looked. Times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollSettings {
    /// Between two looks at the inbox, where the operating system reports nothing.
    pub inbox_ms: u64,
    /// For how long a file must not change before it counts as whole.
    pub settle_ms: u64,
    /// Between two questions for a newer catalogue.
    pub catalogue_ms: u64,
    /// How long the city may hold back its answer until there are assessments; at most 30,000.
    pub assessments_wait_ms: u64,
    /// Between two looks at the head of the city's log.
    pub witness_ms: u64,
    /// Between two heartbeats.
    pub heartbeat_ms: u64,
}

/// All that is wrong with the settings.
#[derive(Debug)]
pub struct SettingFaults(pub Vec<SettingFault>);

impl Default for LinkSettings {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 10_000,
            answer_timeout_ms: 60_000,
            keepalive_interval_ms: 30_000,
            keepalive_timeout_ms: 20_000,
            backoff_ms_min: 500,
            backoff_ms_max: 60_000,
            in_flight_max: 128,
            in_flight_bytes_max: 1024 * 1024,
            drain_ms_max: 5_000,
        }
    }
}

impl Default for PollSettings {
    fn default() -> Self {
        Self {
            inbox_ms: 5_000,
            settle_ms: 1_000,
            catalogue_ms: 600_000,
            assessments_wait_ms: 20_000,
            witness_ms: 60_000,
            heartbeat_ms: 60_000,
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            bytes_max: 4 << 20,
            files_max: 5,
        }
    }
}

impl Settings {
    /// Reads `agent.toml` in `folder`; `environment` are the process's variables.
    ///
    /// # Errors
    /// [`SettingFaults`] with everything that is wrong.
    pub fn load(
        folder: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, SettingFaults> {
        let path = folder.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, &path, environment),
            Err(error) => Err(SettingFaults(vec![unreadable(&path, &error)])),
        }
    }

    /// As [`Settings::load`], from the file's text.
    ///
    /// # Errors
    /// [`SettingFaults`] with everything that is wrong.
    pub fn parse(
        text: &str,
        path: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, SettingFaults> {
        let folder = crate::durable::folder_of(path);
        let mut raw = Raw::read(text, path, environment, PREFIX);
        let unit = raw.required("unit", parse_unit);
        let server = raw.required("server", parse_server);
        let language = raw.optional("language", parse_language);
        let time_zone = raw.optional("time_zone", parse_zone);
        let root = raw.optional("folders.root", parse_path);
        let state = raw.optional("folders.state", parse_path);
        let spool = spool_limits(&mut raw);
        let evidence_bytes_max = raw.number("evidence.bytes_max", 64 << 20, 0..=(1 << 32));
        let link = link_settings(&mut raw);
        let poll = poll_settings(&mut raw);
        let log = log_settings(&mut raw);
        let traces = trace_settings(&mut raw);
        // Queries of a database, which granary-sql reads.
        raw.elsewhere("source");
        let page = match raw.optional("page.listen", parse_page) {
            Some(page) => page,
            None => parse_page(PAGE_LISTEN).unwrap_or_default(),
        };
        let zone =
            time_zone.or_else(|| raw.optional_default("time_zone", "Asia/Shanghai", parse_zone));
        let (Some(unit), Some(server), Some(time_zone), Ok(())) =
            (unit, server, zone, raw.finish())
        else {
            return Err(SettingFaults(raw.into_faults()));
        };
        Ok(Self {
            unit,
            server,
            language: language.unwrap_or_default(),
            time_zone,
            root: folder.join(root.unwrap_or_default()),
            state: folder.join(state.unwrap_or_else(|| PathBuf::from("state"))),
            identity: folder.join("identity"),
            spool,
            evidence_bytes_max,
            link,
            poll,
            log,
            page,
            traces,
        })
    }

    /// The text of a first `agent.toml`, as enrolment writes it.
    #[must_use]
    pub fn first_file(unit: &UnitCode, server: &str, language: Language) -> String {
        format!(
            "# Settings of this unit's agent (本单位采集端设置). Every key: granary-agent run --help\n\
             unit = \"{unit}\"\n\
             server = \"{}\"\n\
             # Language of reports and screens (报告语言): \"zh\" or \"en\"\n\
             language = \"{language}\"\n",
            server.replace('\\', "\\\\").replace('"', "\\\"")
        )
    }
}

impl SettingFaults {
    /// One line for each fault.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let lines = self.0.iter().map(|fault| fault.text(language));
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl std::fmt::Display for SettingFaults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text(Language::En))
    }
}

impl std::error::Error for SettingFaults {}

/// Checks the address of a city: `https`, a host, a port, and nothing behind it.
///
/// # Errors
/// What to write instead.
pub fn parse_server(text: &str) -> Result<String, Bilingual> {
    let wrong = || {
        Bilingual::new(
            "请写成 https://主机:端口，例如 https://tj.example.cn:7443",
            "write https://host:port, for instance https://tj.example.cn:7443",
        )
    };
    let uri: Uri = text.trim_end_matches('/').parse().map_err(|_| wrong())?;
    let plain = uri.path() == "/" && uri.query().is_none();
    if uri.scheme_str() == Some("https")
        && uri.host().is_some()
        && uri.port_u16().is_some()
        && plain
    {
        return Ok(text.trim_end_matches('/').to_owned());
    }
    Err(wrong())
}

fn spool_limits(raw: &mut Raw) -> Limits {
    let usual = Limits::default();
    let record = granary_core::snapshot::PAYLOAD_BYTES_MAX + ENVELOPE_OVERHEAD_BYTES;
    Limits {
        total_bytes_max: raw.number(
            "spool.bytes_max",
            usual.total_bytes_max,
            (32 << 20)..=(1 << 40),
        ),
        disk_free_bytes_min: raw.number(
            "spool.disk_free_bytes_min",
            usual.disk_free_bytes_min,
            0..=(1 << 40),
        ),
        record_bytes_max: u32::try_from(record).unwrap_or(u32::MAX),
        ..usual
    }
}

fn link_settings(raw: &mut Raw) -> LinkSettings {
    let usual = LinkSettings::default();
    let hour = 3_600_000;
    let link = LinkSettings {
        connect_timeout_ms: raw.number(
            "link.connect_timeout_ms",
            usual.connect_timeout_ms,
            100..=hour,
        ),
        answer_timeout_ms: raw.number(
            "link.answer_timeout_ms",
            usual.answer_timeout_ms,
            1_000..=hour,
        ),
        keepalive_interval_ms: raw.number(
            "link.keepalive_interval_ms",
            usual.keepalive_interval_ms,
            1_000..=hour,
        ),
        keepalive_timeout_ms: raw.number(
            "link.keepalive_timeout_ms",
            usual.keepalive_timeout_ms,
            1_000..=hour,
        ),
        backoff_ms_min: raw.number("link.backoff_ms_min", usual.backoff_ms_min, 10..=hour),
        backoff_ms_max: raw.number("link.backoff_ms_max", usual.backoff_ms_max, 10..=24 * hour),
        in_flight_max: u32::try_from(raw.number(
            "link.in_flight_max",
            usual.in_flight_max.into(),
            1..=4_096,
        ))
        .unwrap_or(usual.in_flight_max),
        in_flight_bytes_max: raw.number(
            "link.in_flight_bytes_max",
            usual.in_flight_bytes_max,
            4_096..=(1 << 30),
        ),
        drain_ms_max: raw.number("link.drain_ms_max", usual.drain_ms_max, 0..=hour),
    };
    if link.backoff_ms_min > link.backoff_ms_max {
        raw.fault(
            "link.backoff_ms_min",
            "大于 link.backoff_ms_max，请改小",
            "is above link.backoff_ms_max: make it smaller",
        );
    }
    link
}

fn poll_settings(raw: &mut Raw) -> PollSettings {
    let usual = PollSettings::default();
    let hour = 3_600_000;
    PollSettings {
        inbox_ms: raw.number("poll.inbox_ms", usual.inbox_ms, 50..=hour),
        settle_ms: raw.number("poll.settle_ms", usual.settle_ms, 0..=hour),
        catalogue_ms: raw.number("poll.catalogue_ms", usual.catalogue_ms, 1_000..=24 * hour),
        assessments_wait_ms: raw.number(
            "poll.assessments_wait_ms",
            usual.assessments_wait_ms,
            0..=30_000,
        ),
        witness_ms: raw.number("poll.witness_ms", usual.witness_ms, 1_000..=24 * hour),
        heartbeat_ms: raw.number("poll.heartbeat_ms", usual.heartbeat_ms, 1_000..=24 * hour),
    }
}

fn log_settings(raw: &mut Raw) -> LogSettings {
    let usual = LogSettings::default();
    LogSettings {
        bytes_max: raw.number("log.bytes_max", usual.bytes_max, 4_096..=(1 << 32)),
        files_max: raw.number("log.files_max", usual.files_max, 0..=100),
    }
}

fn trace_settings(raw: &mut Raw) -> Option<TraceSettings> {
    let endpoint = raw.optional("traces.endpoint", granary_trace::parse_endpoint);
    let sample = raw.optional_number("traces.sample", granary_trace::parse_sample);
    let service = raw.optional("traces.service", granary_trace::parse_service);
    Some(TraceSettings {
        endpoint: endpoint.flatten()?,
        sample: sample.unwrap_or(Share::ALL),
        service: service.unwrap_or_else(|| SERVICE.to_owned()),
    })
}

fn parse_unit(text: &str) -> Result<UnitCode, Bilingual> {
    UnitCode::new(text).map_err(|error| {
        Bilingual::new(
            "不是单位代码：请用 1 至 32 个字母、数字或 . _ -",
            error.to_string(),
        )
    })
}

fn parse_language(text: &str) -> Result<Language, Bilingual> {
    let wrong = || Bilingual::new("请写 \"zh\" 或 \"en\"", "write \"zh\" or \"en\"");
    Language::parse(text).ok_or_else(wrong)
}

fn parse_zone(text: &str) -> Result<TimeZone, Bilingual> {
    TimeZone::get(text).map_err(|_| {
        Bilingual::new(
            "不是时区名：例如 \"Asia/Shanghai\"",
            "is no time zone of the IANA data base, such as \"Asia/Shanghai\"",
        )
    })
}

/// An address that no other machine can reach, or `off`.
fn parse_page(text: &str) -> Result<Option<SocketAddr>, Bilingual> {
    if text == "off" {
        return Ok(None);
    }
    let address: Option<SocketAddr> = text.parse().ok();
    let wrong = || {
        Bilingual::new(
            "请写本机地址和端口，例如 \"127.0.0.1:7490\"，或写 \"off\" 不开页面；别的机器不能访问本页面",
            "write an address of this machine alone with a port, such as \"127.0.0.1:7490\", or \"off\": the page is not served to other machines",
        )
    };
    let local = address.filter(|address| address.ip().is_loopback());
    local.map(Some).ok_or_else(wrong)
}

fn parse_path(text: &str) -> Result<PathBuf, Bilingual> {
    if text.is_empty() {
        return Err(Bilingual::new(
            "不能为空；当前文件夹请写 \".\"",
            "is empty: write \".\" for the agent's own folder",
        ));
    }
    Ok(PathBuf::from(text))
}

fn unreadable(path: &Path, error: &std::io::Error) -> SettingFault {
    SettingFault {
        place: path.display().to_string(),
        key: String::new(),
        message: Bilingual::new(
            format!("无法读取（{error}）。请先执行 granary-agent enrol，或用 --dir 指定文件夹"),
            format!(
                "cannot be read ({error}): run granary-agent enrol first, or name the folder with --dir"
            ),
        ),
    }
}
