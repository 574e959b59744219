//! `granary-agent status`.

use std::path::Path;

use granary_core::text::{Bilingual, Language};

use crate::catalogue_cache::CatalogueCache;
use crate::certificate::Certificate;
use crate::cli::{Ended, not_now, out};
use crate::durable::OsDisk;
use crate::history::Reader;
use crate::identity::{Identity, grouped};
use crate::run::now_ms;
use crate::settings::Settings;
use crate::spool::{self, OpenError, Spool};
use crate::status::Status;
use crate::upcoming::{Owed, upcoming};
use crate::witness::Fork;

/// Deadlines that are shown.
const OWED_MAX: usize = 5;

pub(super) const HELP: &str = "Examples (示例):
  granary-agent status --dir /srv/granary

Shows what a running agent wrote last, or, where none runs, what is in the spool.";

/// Prints how it stands.
pub(super) fn status(settings: &Settings) -> Result<Ended, Ended> {
    let identity = Identity::load(&settings.identity).map_err(|error| not_now(&error))?;
    let known = Status::read(&settings.state);
    let idle = idle_spool(settings).map_err(|error| not_now(&error))?;
    let zh = settings.language == Language::Zh;
    let pick = |chinese: &str, english: &str| {
        if zh {
            chinese.to_owned()
        } else {
            english.to_owned()
        }
    };
    let row = |name: String, value: String| out::line(&format!("{name}  {value}"));
    row(pick("单位    ", "unit      "), identity.unit.to_string());
    row(pick("市局    ", "city      "), settings.server.clone());
    row(
        pick("签名密钥", "key       "),
        grouped(&granary_core::digest::Digest::from_bytes(
            *identity.key_id().as_bytes(),
        )),
    );
    row(
        pick("运行    ", "agent     "),
        running(settings, known.as_ref().filter(|_| idle.is_none())),
    );
    let (records, bytes, limit) = match (&idle, &known) {
        (Some(idle), _) => (idle.pending_records, idle.used_bytes, idle.limit_bytes),
        (None, Some(known)) => (known.pending_records, known.used_bytes, known.limit_bytes),
        (None, None) => (0, 0, settings.spool.total_bytes_max),
    };
    row(
        pick("待发队列", "spool     "),
        match zh {
            true => format!("{records} 份待回执，{bytes} 字节（上限 {limit}）"),
            false => format!("{records} waiting for receipts, {bytes} bytes (limit {limit})"),
        },
    );
    let cache = CatalogueCache::open(&settings.state);
    let none = pick("尚未取得", "none yet");
    row(
        pick("报表制度", "catalogue "),
        cache.version().map_or(none, |version| version.to_string()),
    );
    row(
        pick("证书期限", "until     "),
        certificate(&identity, settings)
            .get(settings.language)
            .to_owned(),
    );
    if let Some(ahead_ms) = known.as_ref().and_then(|known| known.clock_ahead_ms) {
        let clock = clock(ahead_ms);
        row(
            pick("时钟    ", "clock     "),
            clock.get(settings.language).to_owned(),
        );
    }
    witnessed(settings, known.as_ref());
    deadlines(settings, &cache);
    if let Some(known) = &known {
        lists(settings, known);
    }
    Ok(Ended::Done)
}

/// The head that was cosigned last, and, before everything else that is to be looked at, a fork of the city's log.
fn witnessed(settings: &Settings, known: Option<&Status>) {
    let zh = settings.language == Language::Zh;
    if let Some(cosigned) = known.and_then(|known| known.cosigned) {
        let (size, at) = (
            cosigned.size,
            out::instant(cosigned.at_ms, &settings.time_zone),
        );
        out::line(&match zh {
            true => format!("见证      已联署市局日志前 {size} 条（{at}）"),
            false => format!("witness     cosigned the city's log of {size} entries ({at})"),
        });
    }
    if let Some(fork) = Fork::find(&settings.state) {
        out::line("");
        out::line(fork.words(&settings.state).get(settings.language));
        out::line("");
    }
}

/// Until when the client certificate lasts.
fn certificate(identity: &Identity, settings: &Settings) -> Bilingual {
    let Ok(certificate) = Certificate::from_pem(&identity.certificate_pem) else {
        return Bilingual::new(
            "证书无法读取，请运行 granary-agent doctor",
            "the certificate cannot be read: run granary-agent doctor",
        );
    };
    let until = out::instant(certificate.until_ms, &settings.time_zone);
    if certificate.is_expired(now_ms()) {
        return Bilingual::new(
            format!("证书已于 {until} 到期。请让采集端运行，会自动换发；详见 granary-agent doctor"),
            format!(
                "the certificate ended on {until}: let the agent run, which renews it; see granary-agent doctor"
            ),
        );
    }
    Bilingual::new(
        format!("证书有效至 {until}，到期前自动换发"),
        format!("the certificate holds until {until} and renews itself before"),
    )
}

/// How far this machine's clock is off; a wrong one is told and does no harm.
fn clock(ahead_ms: i64) -> Bilingual {
    let (off, tenth) = (
        ahead_ms.unsigned_abs() / 1_000,
        ahead_ms.unsigned_abs() % 1_000 / 100,
    );
    let (zh, en) = if ahead_ms < 0 {
        ("慢", "behind")
    } else {
        ("快", "ahead of")
    };
    Bilingual::new(
        format!("比市局{zh} {off}.{tenth} 秒（报送时间以市局为准）"),
        format!("{off}.{tenth} s {en} the city's (which decides when a report came)"),
    )
}

/// What is owed next, as far as the catalogue and the records that are kept here tell.
fn deadlines(settings: &Settings, cache: &CatalogueCache) {
    let Some(catalogue) = cache.catalogue() else {
        return;
    };
    let reported = Reader::new(&settings.state, &settings.unit).reported();
    let owed = upcoming(catalogue, &settings.unit, &reported, now_ms(), OWED_MAX);
    let zh = settings.language == Language::Zh;
    if !owed.is_empty() {
        out::line(if zh {
            "下一截止时间（不含市局批准的延期）："
        } else {
            "Next deadlines (without extensions that the city granted):"
        });
    }
    for owed in owed {
        out::line(&deadline(&owed, settings));
    }
}

fn deadline(owed: &Owed, settings: &Settings) -> String {
    let due = out::instant(owed.due_at_ms, &settings.time_zone);
    let (name, period) = (owed.name.get(settings.language), owed.slot.period);
    let dataset = &owed.slot.dataset;
    match (settings.language, owed.overdue) {
        (Language::Zh, false) => format!("  {due}  {name}（{dataset}）{period}"),
        (Language::Zh, true) => format!("  {due}  {name}（{dataset}）{period}  已逾期"),
        (Language::En, false) => format!("  {due}  {name} ({dataset}) {period}"),
        (Language::En, true) => format!("  {due}  {name} ({dataset}) {period}  overdue"),
    }
}

/// The spool's state where no agent runs; `None` where one does.
fn idle_spool(settings: &Settings) -> Result<Option<spool::Status>, OpenError> {
    if !Path::new(&settings.state).join("spool").exists() {
        return Ok(Some(spool::Status {
            pending_records: 0,
            used_bytes: 0,
            limit_bytes: settings.spool.total_bytes_max,
        }));
    }
    match Spool::open(OsDisk, &settings.state.join("spool"), settings.spool) {
        Ok((spool, _)) => Ok(Some(spool.status())),
        Err(OpenError::Locked { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn running(settings: &Settings, known: Option<&Status>) -> String {
    let zh = settings.language == Language::Zh;
    let at = |at_ms| out::instant(at_ms, &settings.time_zone);
    match known {
        None if zh => "未在运行。启动：granary-agent run".to_owned(),
        None => "not running: start it with granary-agent run".to_owned(),
        Some(known) => {
            let line = &known.connection;
            match (line.open, zh) {
                (true, true) => format!(
                    "运行中（进程 {}），自 {} 起已连接",
                    known.pid,
                    at(line.since_ms)
                ),
                (true, false) => format!(
                    "running (process {}), connected since {}",
                    known.pid,
                    at(line.since_ms)
                ),
                (false, true) => format!(
                    "运行中（进程 {}），自 {} 起未连接：{}；下次尝试 {}",
                    known.pid,
                    at(line.since_ms),
                    line.reason,
                    at(line.next_attempt_at_ms)
                ),
                (false, false) => format!(
                    "running (process {}), not connected since {}: {}; next attempt {}",
                    known.pid,
                    at(line.since_ms),
                    line.reason,
                    at(line.next_attempt_at_ms)
                ),
            }
        }
    }
}

fn lists(settings: &Settings, known: &Status) {
    let zh = settings.language == Language::Zh;
    if !known.receipts.is_empty() {
        out::line(if zh {
            "最近回执："
        } else {
            "Last receipts:"
        });
    }
    for receipt in &known.receipts {
        let at = out::instant(receipt.received_at_ms, &settings.time_zone);
        let (slot, revision, index) = (&receipt.slot, receipt.revision, receipt.index);
        let file = receipt.file.display();
        out::line(&match zh {
            true => {
                format!("  {slot} 第 {revision} 版，市局收到 {at}，账本第 {index} 条\n    {file}")
            }
            false => {
                format!("  {slot} revision {revision}, received {at}, entry {index}\n    {file}")
            }
        });
    }
    if !known.alarms.is_empty() {
        out::line(if zh { "请处理：" } else { "Look at this:" });
    }
    for alarm in &known.alarms {
        out::line(&format!(
            "  {} {}",
            out::instant(alarm.at_ms, &settings.time_zone),
            alarm.text(settings.language)
        ));
    }
}
