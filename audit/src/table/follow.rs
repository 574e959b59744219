//! What is new in a log that was followed, or why it does not hold.

use std::path::Path;

use granary_core::{
    ledger::{JournalEntry, Subject},
    log::Checkpoint,
};

use super::{Lay, draw};
use crate::{
    follow::{Fault, Followed},
    words::{self, Manner},
};

/// A log that holds, with its newest entries.
#[must_use]
pub fn followed(manner: &Manner, head: &Path, followed: &Followed) -> String {
    let new = followed.tally.snapshots + followed.tally.acts;
    let mut text = match followed.size_before {
        None => manner.say(
            "日志成立：从第一条起全部核验，检查点已保存。\n\n",
            "The log holds: all of it was checked from its first entry, and the head is kept.\n\n",
        ),
        Some(_) if new == 0 => manner.say(
            "日志成立：与保存的检查点相比没有新增。\n\n",
            "The log holds: nothing is new since the head that was kept.\n\n",
        ),
        Some(_) => manner.say(
            "日志成立：它以保存的检查点为前缀，新增的每一条均已核验，新检查点已保存。\n\n",
            "The log holds: it begins with the head that was kept, every new entry was checked, and the new head is kept.\n\n",
        ),
    }
    .to_owned();
    head_lines(manner, &mut text, &followed.checkpoint);
    line(
        &mut text,
        manner.say("检查点保存于", "head kept in"),
        head.display(),
    );
    line(&mut text, manner.say("新增条目", "new entries"), new);
    line(
        &mut text,
        manner.say("其中报送", "snapshots"),
        followed.tally.snapshots,
    );
    line(
        &mut text,
        manner.say("其中行政行为", "acts"),
        followed.tally.acts,
    );
    if let Some(at) = followed.tally.first_received_at_ms {
        let label = manner.say("最早收到", "first received");
        line(&mut text, label, manner.exact_instant(at));
    }
    if let Some(at) = followed.tally.last_received_at_ms {
        let label = manner.say("最后收到", "last received");
        line(&mut text, label, manner.exact_instant(at));
    }
    if !followed.newest.is_empty() {
        text.push('\n');
        text.push_str(&newest(manner, followed));
    }
    text
}

/// A log that does not hold.
#[must_use]
pub fn log_fault(manner: &Manner, head: &Path, fault: &Fault) -> String {
    let verdict = manner.say("日志不成立。", "The log does not hold.");
    let reason = fault.message();
    let mut text = format!("{verdict}\n");
    line(
        &mut text,
        manner.say("原因", "reason"),
        reason.get(manner.language),
    );
    if let Fault::Contradiction(evidence) = fault {
        let (kept, found) = (&evidence.kept, &evidence.found);
        line(
            &mut text,
            manner.say("以前的检查点", "head before"),
            head.display(),
        );
        head_lines(manner, &mut text, kept);
        line(
            &mut text,
            manner.say("现在的检查点", "head now"),
            evidence.file.display(),
        );
        head_lines(manner, &mut text, found);
    }
    text
}

fn newest(manner: &Manner, followed: &Followed) -> String {
    let columns = [
        (manner.say("序号", "index"), Lay::Figures),
        (manner.say("收到时间", "received"), Lay::Words),
        (manner.say("内容", "subject"), Lay::Words),
        (manner.say("签名密钥", "signing key"), Lay::Words),
    ];
    let rows = followed.newest.iter();
    let rows = rows
        .map(|(index, entry)| row(manner, *index, entry))
        .collect();
    format!("{}\n", draw(&columns, rows, manner.width))
}

fn row(manner: &Manner, index: u64, entry: &JournalEntry) -> Vec<String> {
    let subject = match &entry.subject {
        Subject::Snapshot(slot) => slot.to_string(),
        Subject::Act => manner.say("行政行为", "act").to_owned(),
    };
    let signers = entry.signatures.iter().map(|signature| &signature.key_id);
    vec![
        index.to_string(),
        manner.exact_instant(entry.received_at_ms),
        subject,
        words::key_ids(signers),
    ]
}

fn head_lines(manner: &Manner, text: &mut String, checkpoint: &Checkpoint) {
    line(text, manner.say("日志", "log"), checkpoint.origin());
    line(text, manner.say("条数", "size"), checkpoint.size());
    line(text, manner.say("根哈希", "root hash"), checkpoint.root());
}

fn line(text: &mut String, label: &str, value: impl std::fmt::Display) {
    text.push_str(&format!("{label}: {value}\n"));
}
