//! `granary-agent status`.

use std::path::Path;

use granary_core::text::Language;

use crate::catalogue_cache::CatalogueCache;
use crate::cli::{Ended, not_now, out};
use crate::durable::OsDisk;
use crate::identity::{Identity, grouped};
use crate::settings::Settings;
use crate::spool::{self, OpenError, Spool};
use crate::status::Status;
use crate::witness::Fork;

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
    let catalogue = CatalogueCache::open(&settings.state).version();
    let none = pick("尚未取得", "none yet");
    row(
        pick("报表制度", "catalogue "),
        catalogue.map_or(none, |version| version.to_string()),
    );
    witnessed(settings, known.as_ref());
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
