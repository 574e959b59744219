//! Evidence and the access log as tables.

use std::path::Path;

use granary_core::text::Bilingual;
use granary_proto::v1::{EvidenceFile, EvidenceState};

use super::{Lay, draw, proof::deed};
use crate::{
    access::{Acts, Trail},
    evidence::{Fetched, Outcome},
    words::{self, Manner, NOTHING},
};

/// The files that a slot's snapshots name.
#[must_use]
pub fn evidence(manner: &Manner, files: &[EvidenceFile]) -> String {
    if files.is_empty() {
        return none(manner);
    }
    let columns = [
        (manner.say("文件", "file"), Lay::Text),
        ("SHA-256", Lay::Words),
        (manner.say("状态", "state"), Lay::Words),
        (manner.say("字节", "bytes"), Lay::Figures),
        (manner.say("答复", "answered"), Lay::Words),
        (manner.say("调取", "asked for"), Lay::Words),
        (manner.say("何人", "by"), Lay::Words),
        (manner.say("原因", "reason"), Lay::Text),
    ];
    let rows = files.iter().map(|file| {
        let request = file.request.clone().unwrap_or_default();
        let asked = file.request.is_some();
        let who = match request.requester.split(' ').next() {
            Some("role:auditor") => manner.say("审计员", "auditor"),
            Some(_) | None => manner.say("操作员", "operator"),
        };
        let given = |text: String| if asked { text } else { NOTHING.to_owned() };
        vec![
            harmless(&file.name),
            short(file),
            state(manner, file.state()).to_owned(),
            file.size.to_string(),
            match file.answered_at_ms {
                0 => NOTHING.to_owned(),
                at_ms => manner.minute(at_ms),
            },
            given(manner.minute(request.requested_at_ms)),
            given(who.to_owned()),
            given(harmless(&request.reason)),
        ]
    });
    format!("{}\n", draw(&columns, rows.collect(), manner.width))
}

/// What was asked for.
#[must_use]
pub fn evidence_requested(manner: &Manner, entries: &[(EvidenceFile, u64)]) -> String {
    if entries.is_empty() {
        return manner
            .say(
                "没有可调取的文件：都已送来、正在等待，或报送中没有引用\n",
                "there is nothing to ask for: all is held or waited for, or no snapshot names any\n",
            )
            .to_owned();
    }
    let line = |(file, index): &(EvidenceFile, u64)| {
        let (name, digest) = (harmless(&file.name), short(file));
        let line = Bilingual::new(
            format!("已调取 {name}（{digest}），日志第 {index} 条\n"),
            format!("asked for {name} ({digest}), entry {index}\n"),
        );
        line.get(manner.language).to_owned()
    };
    entries.iter().map(line).collect()
}

/// What was fetched.
#[must_use]
pub fn evidence_fetched(manner: &Manner, out: &Path, fetched: &[Fetched]) -> String {
    if fetched.is_empty() {
        return none(manner);
    }
    let line = |one: &Fetched| {
        let (name, digest) = (harmless(&one.file.name), short(&one.file));
        let line = match &one.outcome {
            Outcome::Fits(written) => {
                let path = out.join(written);
                let path = path.display();
                Bilingual::new(
                    format!("相符 {name}（{digest}）：{path}\n"),
                    format!("fits {name} ({digest}): {path}\n"),
                )
            }
            Outcome::NotHeld => {
                let why = state(manner, one.file.state());
                Bilingual::new(
                    format!("没有 {name}（{digest}）：{why}\n"),
                    format!("not there {name} ({digest}): {why}\n"),
                )
            }
            Outcome::DoesNotFit(found) => Bilingual::new(
                format!("不符 {name}（{digest}）：市级系统给出的文件摘要为 {found}，未保留\n"),
                format!(
                    "does not fit {name} ({digest}): the city gave a file with the digest {found}; it is not kept\n"
                ),
            ),
        };
        line.get(manner.language).to_owned()
    };
    fetched.iter().map(line).collect()
}

/// An access log that holds, with the acts of the journal where there are any.
#[must_use]
pub fn access(manner: &Manner, acts: Option<&Acts>, trail: &Trail, rows_max: usize) -> String {
    let mut text = String::new();
    if let Some(acts) = acts {
        text.push_str(manner.say("日志中的操作\n\n", "Acts in the journal\n\n"));
        text.push_str(&acts_table(manner, acts, rows_max));
        text.push_str("\n\n");
    }
    text.push_str(manner.say("访问记录\n\n", "The access log\n\n"));
    let columns = [
        (manner.say("行", "line"), Lay::Figures),
        (manner.say("时间", "at"), Lay::Words),
        (manner.say("何人", "who"), Lay::Words),
        (manner.say("证书", "certificate"), Lay::Words),
        (manner.say("做了什么", "access"), Lay::Words),
        (manner.say("对象", "what"), Lay::Text),
    ];
    let rows = trail.lines.iter().map(|line| {
        vec![
            line.number.to_string(),
            manner.exact_instant(line.at_ms),
            line.who.clone(),
            line.certificate.short(),
            line.access.name().get(manner.language).to_owned(),
            line.what.clone(),
        ]
    });
    text.push_str(&draw(&columns, rows.collect(), manner.width));
    text.push_str("\n\n");
    text.push_str(&verdict(manner, acts.is_some(), trail));
    text
}

/// An access log that does not hold.
#[must_use]
pub fn access_fault(manner: &Manner, why: &Bilingual) -> String {
    format!(
        "{}{}\n",
        manner.say("访问记录不成立：", "The access log does not hold: "),
        why.get(manner.language)
    )
}

fn verdict(manner: &Manner, has_acts: bool, trail: &Trail) -> String {
    let (count, bound) = (trail.count, trail.bound);
    let line = match (has_acts, bound) {
        (false, _) => Bilingual::new(
            format!("{count} 行首尾相接。未与日志的锚定核对：请给出 --export"),
            format!(
                "{count} lines, each fits the one before. Not compared with the anchors in the journal: give --export"
            ),
        ),
        (true, None) => Bilingual::new(
            format!("{count} 行首尾相接；日志中还没有锚定"),
            format!("{count} lines, each fits the one before; the journal holds no anchor yet"),
        ),
        (true, Some(anchor)) => {
            let (lines, index) = (anchor.lines, anchor.index);
            let left = count - lines;
            Bilingual::new(
                format!(
                    "成立：{count} 行首尾相接，前 {lines} 行已由日志第 {index} 条锚定，其后 {left} 行尚未锚定"
                ),
                format!(
                    "It holds: {count} lines, each fits the one before; the first {lines} are anchored by entry {index} of the journal, the {left} after them not yet"
                ),
            )
        }
    };
    format!("{}\n", line.get(manner.language))
}

fn acts_table(manner: &Manner, acts: &Acts, rows_max: usize) -> String {
    let columns = [
        (manner.say("日志序号", "log index"), Lay::Figures),
        (manner.say("收到时间", "received"), Lay::Words),
        (manner.say("签名密钥", "signed by key"), Lay::Words),
        (manner.say("操作", "act"), Lay::Text),
    ];
    let hidden = acts.acts.len().saturating_sub(rows_max);
    let rows = acts.acts.iter().skip(hidden).map(|act| {
        vec![
            act.index.to_string(),
            manner.exact_instant(act.at_ms),
            act.key.clone(),
            match (deed(manner, &act.act), act.act.person.as_str()) {
                (deed, "") => deed.to_owned(),
                (deed, person) => format!("{deed} · {person}"),
            },
        ]
    });
    draw(&columns, rows.collect(), manner.width)
}

const fn state(manner: &Manner, state: EvidenceState) -> &'static str {
    match state {
        EvidenceState::Unspecified => "?",
        EvidenceState::NotRequested => manner.say("未调取", "not asked for"),
        EvidenceState::Requested => manner.say("等待单位送来", "waiting for the unit"),
        EvidenceState::Held => manner.say("已送来，摘要相符", "held, digest fits"),
        EvidenceState::Gone => manner.say("单位答复：文件已不在", "the unit says: gone"),
        EvidenceState::Changed => manner.say("单位答复：文件已变", "the unit says: changed"),
        EvidenceState::TooLarge => manner.say("单位答复：文件过大", "the unit says: too large"),
    }
}

fn none(manner: &Manner) -> String {
    manner
        .say(
            "这项应报的报送没有引用佐证\n",
            "no snapshot of this slot names evidence\n",
        )
        .to_owned()
}

/// The first digits of a file's digest: enough to name it to `--sha256`.
fn short(file: &EvidenceFile) -> String {
    let digest = words::digest(&file.sha256).unwrap_or_default();
    digest.chars().take(16).collect()
}

/// A text from elsewhere without what would move a terminal's cursor.
fn harmless(text: &str) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().map(plain).collect()
}
