//! What an answer stands on, below every table: without it nobody could ask the same question again.

use granary_core::text::Language;
use granary_proto::v1::{Basis, LogHead};

use crate::words::{self, Manner};

/// The lines below a table. `applied_size_last` is larger than the basis where the journal grew between two pages.
pub(super) fn basis(manner: &Manner, basis: &Basis, applied_size_last: u64) -> String {
    let entries = if applied_size_last > basis.applied_size {
        let (first, last) = (basis.applied_size, applied_size_last);
        match manner.language {
            Language::Zh => format!("{first} 至 {last}（读取期间有增加）"),
            Language::En => format!("{first} to {last} (it grew while the pages were read)"),
        }
    } else {
        basis.applied_size.to_string()
    };
    let version = words::digest(&basis.catalogue_version);
    let version = version.unwrap_or_else(|| manner.say("尚未发布", "none published").to_owned());
    lines(&[
        (manner.say("日志条目", "journal entries"), &entries),
        (
            manner.say("时点", "as of"),
            &instant(manner, basis.as_of_ms),
        ),
        (manner.say("目录版本", "catalogue version"), &version),
    ])
}

/// The tree of the journal prefix that a document stands on, and its digest, with which anybody can compute it again.
pub(super) fn log(manner: &Manner, log: &LogHead, sha256: Option<&[u8]>) -> String {
    let root = words::digest(&log.root_hash).unwrap_or_default();
    let mut text = lines(&[
        (manner.say("日志", "log"), &log.origin),
        (manner.say("树的大小", "tree size"), &log.size.to_string()),
        (manner.say("根哈希", "root hash"), &root),
    ]);
    if let Some(sha256) = sha256.and_then(words::digest) {
        let label = manner.say("排名表 SHA-256", "league table SHA-256");
        text.push_str(&lines(&[(label, &sha256)]));
    }
    text
}

/// An instant with the name of its zone.
fn instant(manner: &Manner, at_ms: i64) -> String {
    format!("{} ({})", manner.exact_instant(at_ms), manner.zone_name())
}

fn lines(pairs: &[(&str, &String)]) -> String {
    pairs
        .iter()
        .map(|(label, text)| format!("{label}: {text}\n"))
        .collect()
}

/// A line about rows that were left out.
pub(super) fn truncated(manner: &Manner, rows: usize) -> String {
    match manner.language {
        Language::Zh => {
            format!("只列出前 {rows} 行，还有更多：用 --limit 放宽，或用筛选条件缩小范围\n")
        }
        Language::En => {
            format!("Only the first {rows} rows are listed: raise --limit or narrow the filter\n")
        }
    }
}
