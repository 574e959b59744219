//! What an export wrote, and what a replay found: that it holds, with its counts, or the first thing that does not.

use std::path::Path;

use granary_core::text::Language;

use super::{Lay, draw, witnesses};
use crate::{
    export::Exported,
    fsck::{Checked, Derived, FsckError},
    replay::{Fault, Outcomes, Summary},
    words::Manner,
};

/// Witness keys that a replay tells one by one.
const WITNESSES_TOLD_MAX: usize = 10;

/// A file that was downloaded.
#[must_use]
pub fn exported(manner: &Manner, file: &Path, exported: &Exported) -> String {
    let mut text = format!(
        "{}{}\n",
        manner.say("已写出：", "written: "),
        file.display()
    );
    let entries = match (manner.language, exported.resumed) {
        (_, 0) => exported.entries.to_string(),
        (Language::Zh, resumed) => format!("{}（其中 {resumed} 条此前已下载）", exported.entries),
        (Language::En, resumed) => {
            format!("{} ({resumed} of them fetched before)", exported.entries)
        }
    };
    let lines = [
        (manner.say("条目", "entries"), entries),
        (manner.say("字节", "bytes"), exported.bytes.to_string()),
        (manner.say("日志", "log"), exported.origin.clone()),
        (manner.say("根哈希", "root hash"), exported.root.to_string()),
        (
            manner.say("日志公钥（市级系统所给）", "log key (as the city gave it)"),
            exported.verifier_key.clone(),
        ),
    ];
    fields(&mut text, &lines);
    text.push_str(manner.say(
        "还没有核验签名和规则：请运行 granary-audit replay\n",
        "No signature and no rule has been checked yet: run granary-audit replay\n",
    ));
    text
}

/// A journal that holds.
#[must_use]
pub fn replay(manner: &Manner, summary: &Summary) -> String {
    let mut text = manner
        .say(
            "日志成立：每一条、每一个签名、树根与检查点均已核验，状态已重新折叠。\n\n",
            "The journal holds: every entry, every signature, the root and the checkpoint were checked, and the state was folded again.\n\n",
        )
        .to_owned();
    let tally = &summary.tally;
    fields(&mut text, &head(manner, summary));
    text.push('\n');
    let counts = [
        (manner.say("条目", "entries"), tally.entries()),
        (manner.say("  报送", "  snapshots"), tally.snapshots),
        (manner.say("  操作", "  acts"), tally.acts),
        (
            manner.say("  无效力", "  without effect"),
            tally.ineffective,
        ),
        (manner.say("观测值", "observations"), tally.observations),
        (manner.say("签名", "signatures"), tally.signatures),
    ];
    fields(
        &mut text,
        &counts.map(|(label, count)| (label, count.to_string())),
    );
    for (index, refusal) in &tally.ineffective_first {
        let why = refusal.message.get(manner.language);
        text.push_str(&format!("    {index}: {why}\n"));
    }
    text.push('\n');
    text.push_str(&catalogues(manner, summary));
    text.push_str("\n\n");
    fields(&mut text, &state(manner, summary));
    text.push_str(&enrolled(manner, summary));
    if !summary.log_key_given {
        text.push_str(manner.say(
            "\n日志公钥取自文件本身：请与另外取得的公钥核对，或用 --log-key 再核验一次\n",
            "\nThe log's key was taken from the file itself: compare it with the one that you were given otherwise, or check again with --log-key\n",
        ));
    }
    text
}

/// The witness keys that the journal enrols, the first of them one by one.
fn enrolled(manner: &Manner, summary: &Summary) -> String {
    let all = &summary.witnesses;
    let mut text = format!("\n{}", witnesses::counted(manner, all));
    if all.len() > WITNESSES_TOLD_MAX {
        text.push_str(manner.say(
            "；全部列出：granary-audit witness list --export",
            "; granary-audit witness list --export lists all",
        ));
    }
    text.push('\n');
    if let Some(first) = all
        .get(..all.len().min(WITNESSES_TOLD_MAX))
        .filter(|told| !told.is_empty())
    {
        text.push_str(&witnesses::listed(manner, first));
        text.push('\n');
    }
    text
}

/// A journal that does not hold.
#[must_use]
pub fn replay_fault(manner: &Manner, fault: &Fault) -> String {
    let verdict = manner.say("日志不成立。", "The journal does not hold.");
    let reason = manner.say("第一处不符", "the first thing that differs");
    let message = fault.message();
    format!("{verdict}\n{reason}: {}\n", message.get(manner.language))
}

/// A data folder that holds.
#[must_use]
pub fn fsck(manner: &Manner, summary: &Summary, checked: &Checked) -> String {
    let mut text = replay(manner, summary);
    let size = summary.tally.entries();
    let derived = match (manner.language, checked.derived) {
        (Language::Zh, Derived::Absent) => "没有；下次启动时重建".to_owned(),
        (Language::En, Derived::Absent) => "none; the next start makes them".to_owned(),
        (Language::Zh, Derived::Equal { applied }) => {
            format!("与前 {applied} 条重新折叠的结果一致")
        }
        (Language::En, Derived::Equal { applied }) => {
            format!("those that the first {applied} entries give")
        }
        (Language::Zh, Derived::Ahead { applied }) => {
            format!("已到第 {applied} 条，超出所核验的检查点，未作比对；请再运行一次")
        }
        (Language::En, Derived::Ahead { applied }) => format!(
            "they cover {applied} entries, beyond the checkpoint that was checked, and were not compared; run it again"
        ),
    };
    text.push('\n');
    let lines = [
        (
            manner.say("去重摘要", "digests"),
            match manner.language {
                Language::Zh => format!("{size} 个，各指向自己的条目"),
                Language::En => format!("{size}, each leads to its entry"),
            },
        ),
        (
            manner.say("哈希块", "tiles"),
            match manner.language {
                Language::Zh => format!("{} 个，与条目算出的一致", checked.tiles),
                Language::En => format!("{}, those that the entries give", checked.tiles),
            },
        ),
        (manner.say("汇总数据", "derived rows"), derived),
    ];
    fields(&mut text, &lines);
    text
}

/// A data folder that does not hold.
#[must_use]
pub fn fsck_fault(manner: &Manner, error: &FsckError) -> String {
    let verdict = manner.say("数据目录不成立。", "The data folder does not hold.");
    let reason = manner.say("第一处不符", "the first thing that differs");
    let message = error.message();
    format!("{verdict}\n{reason}: {}\n", message.get(manner.language))
}

fn head(manner: &Manner, summary: &Summary) -> Vec<(&'static str, String)> {
    let (zone, last) = (
        manner.zone_name(),
        manner.exact_instant(summary.last_received_at_ms),
    );
    let given = if summary.state_digest_given {
        manner.say("（与给出的一致）", " (as given)")
    } else {
        ""
    };
    let mut lines = vec![
        (manner.say("日志", "log"), summary.origin.clone()),
        (manner.say("日志公钥", "log key"), summary.log_key.clone()),
        (manner.say("根哈希", "root hash"), summary.root.to_string()),
        (
            manner.say("最后一条收到", "last entry received"),
            format!("{last} ({zone})"),
        ),
        (
            manner.say("状态摘要", "state digest"),
            format!("{}{given}", summary.state_digest),
        ),
    ];
    if summary.held > 0 {
        let label = manner.say(
            "由所持的回执或检查点增长而来",
            "grown through the receipts or checkpoints held",
        );
        lines.push((label, summary.held.to_string()));
    }
    lines
}

fn catalogues(manner: &Manner, summary: &Summary) -> String {
    let columns = [
        (manner.say("目录版本", "catalogue version"), Lay::Words),
        (manner.say("发布于", "published at"), Lay::Figures),
        (manner.say("合格", "accepted"), Lay::Figures),
        (manner.say("退回", "returned"), Lay::Figures),
        (manner.say("被取代", "superseded"), Lay::Figures),
    ];
    let line = |version: String, at: String, outcomes: &Outcomes| {
        let counts = [outcomes.accepted, outcomes.returned, outcomes.superseded];
        let counts = counts.iter().map(ToString::to_string);
        [version, at].into_iter().chain(counts).collect::<Vec<_>>()
    };
    let under = summary.tally.catalogues.iter().map(|under| {
        let version = under.version.short();
        line(version, under.published_index.to_string(), &under.outcomes)
    });
    let total = manner.say("合计", "total").to_owned();
    let total = line(total, String::new(), &summary.tally.outcomes);
    draw(&columns, under.chain([total]).collect(), manner.width)
}

fn state(manner: &Manner, summary: &Summary) -> Vec<(&'static str, String)> {
    let (slots, findings) = (&summary.slots, &summary.findings);
    let (entries, observations) = (
        summary.per_second(summary.tally.entries()),
        summary.per_second(summary.tally.observations),
    );
    let as_of = manner.exact_instant(summary.as_of_ms);
    let millis = summary.took.as_millis();
    let took = format!("{}.{:03} s", millis / 1_000, millis % 1_000);
    let (of_slots, of_findings, rate) = match manner.language {
        Language::Zh => (
            format!(
                "{} 份：按时 {}，迟报 {}，未报 {}，免报 {}，待报 {}（时点 {as_of}）",
                slots.expected(),
                slots.timely,
                slots.late,
                slots.missing,
                slots.exempt,
                slots.pending
            ),
            format!(
                "待处理 {}，已说明 {}，已采纳 {}，已更正 {}",
                findings.open, findings.explained, findings.accepted, findings.corrected
            ),
            format!("{took}：每秒 {entries} 条，{observations} 个观测值"),
        ),
        Language::En => (
            format!(
                "{} expected: {} timely, {} late, {} missing, {} exempt, {} pending (as of {as_of})",
                slots.expected(),
                slots.timely,
                slots.late,
                slots.missing,
                slots.exempt,
                slots.pending
            ),
            format!(
                "{} open, {} explained, {} accepted, {} corrected",
                findings.open, findings.explained, findings.accepted, findings.corrected
            ),
            format!("{took}: {entries} entries and {observations} observations a second"),
        ),
    };
    vec![
        (manner.say("应报", "slots"), of_slots),
        (manner.say("问题", "findings"), of_findings),
        (manner.say("用时", "took"), rate),
    ]
}

fn fields(text: &mut String, lines: &[(&'static str, String)]) {
    for (label, value) in lines {
        text.push_str(&format!("{label}: {value}\n"));
    }
}
