//! How to verify the bulletin: what it stands on, and the command that computes it again.

use granary_core::{bulletin::Bulletin, digest::Digest};
use jiff::Timestamp;
use prost::Message as _;

use super::{Fact, Part, Section};
use crate::words::{self, Manner, NOTHING};

/// The section.
pub(super) fn section(bulletin: &Bulletin, manner: &Manner) -> Section {
    let lead = manner.say(
        "本通报由日志的前若干条记录和一个时点唯一确定。任何人用日志导出文件运行下列命令，都得到同一份文件；其 SHA-256 相同即内容相同。",
        "This bulletin is determined by a prefix of the journal and an instant. Whoever runs the command below on an export of the journal gets the same document; where its SHA-256 is the same, so is its content.",
    );
    let fact = |zh, en, text: String, exact| Fact {
        label: manner.say(zh, en).to_owned(),
        text,
        exact,
    };
    let log = &bulletin.log;
    let hash = |bytes: &[u8]| words::digest(bytes).unwrap_or_else(|| NOTHING.to_owned());
    let facts = vec![
        fact("日志", "Log", log.origin.clone(), true),
        fact("日志条目数", "Log size", log.size.to_string(), true),
        fact("日志根哈希", "Root hash", hash(&log.root_hash), true),
        fact(
            "目录版本",
            "Catalogue version",
            hash(&bulletin.basis.catalogue_version),
            true,
        ),
        fact(
            "截至时点",
            "As of",
            manner.exact_instant(bulletin.basis.as_of_ms),
            true,
        ),
        fact(
            "文件 SHA-256",
            "SHA-256 of the document",
            digest(bulletin),
            true,
        ),
        fact("重算命令", "Command", command(bulletin), true),
    ];
    Section {
        key: "verify",
        title: manner.say("如何核验", "How to verify").to_owned(),
        parts: vec![Part::Sentence(lead.to_owned()), Part::Facts(facts)],
    }
}

/// The SHA-256 of the document's bytes, in hexadecimal.
pub(super) fn digest(bulletin: &Bulletin) -> String {
    Digest::of(&bulletin.encode_to_vec()).to_string()
}

fn command(bulletin: &Bulletin) -> String {
    let as_of_ms = bulletin.basis.as_of_ms;
    let as_of = Timestamp::from_millisecond(as_of_ms)
        .map_or_else(|_| as_of_ms.to_string(), |instant| instant.to_string());
    let period = &bulletin.period;
    format!("granary-audit bulletin --export FILE --period {period} --as-of {as_of}")
}
