//! Findings by unit: which rule is false, what the unit says to it, and what operations decided.

use granary_core::{
    bulletin::{Bulletin, FindingLine},
    text::Language,
};
use granary_proto::v1::FindingStatus;

use super::{Cell, Column, Lay, Part, Section, Table, Tone, say, summary::capital};
use crate::words::Manner;

/// How many findings paper shows.
const SHOWN: usize = 60;
const STATUSES: [FindingStatus; 4] = [
    FindingStatus::Open,
    FindingStatus::Explained,
    FindingStatus::Accepted,
    FindingStatus::Corrected,
];

/// The section.
pub(super) fn section(bulletin: &Bulletin, manner: &Manner) -> Section {
    let parts = if bulletin.findings.is_empty() {
        let text = manner.say(
            "本期审核未发现问题。",
            "The edits found nothing that does not add up in this period.",
        );
        vec![Part::Sentence(text.to_owned())]
    } else {
        let lead = lead(manner, &bulletin.findings);
        let table = table(manner, &bulletin.findings);
        vec![Part::Sentence(lead), Part::Table(table)]
    };
    Section {
        key: "findings",
        title: manner.say("审核问题", "Findings").to_owned(),
        parts,
    }
}

/// The status of a finding; unspecified where the number is not known.
pub(super) fn status(finding: &FindingLine) -> FindingStatus {
    FindingStatus::try_from(finding.status).unwrap_or_default()
}

fn lead(manner: &Manner, findings: &[FindingLine]) -> String {
    let count = |wanted: FindingStatus| {
        let count = findings.iter().filter(|finding| status(finding) == wanted);
        let (count, name) = (count.count(), manner.finding(wanted));
        match manner.language {
            Language::Zh => format!("{name}{count}个"),
            Language::En => format!("{count} {name}"),
        }
    };
    let counts = say::list(manner, &STATUSES.map(count));
    let all = findings.len();
    match manner.language {
        Language::Zh => format!("共{all}个问题：{counts}。按单位排列，未处理的在前。"),
        Language::En => format!("{all} in all: {counts}. By unit, open ones first."),
    }
}

fn table(manner: &Manner, findings: &[FindingLine]) -> Table {
    let say = |zh, en| manner.say(zh, en);
    let columns = vec![
        Column::words(say("单位", "Unit"), 4).workbook(),
        Column::words(say("单位代码", "Unit code"), 3).workbook(),
        Column::words(say("报表", "Dataset"), 5),
        Column::short(say("报告期", "Period")),
        Column::new(say("类别", "Kind"), Lay::Marks(1)),
        Column::new(say("状态", "Status"), Lay::Marks(1)),
        Column::words(say("问题", "What is wrong"), 10),
        Column::words(say("明细项", "Item"), 3).workbook(),
        Column::figures(say("差额", "Imbalance")).workbook(),
        Column::words(say("单位说明与批示", "Explanation and decision"), 8),
        Column::words(say("审核关系", "Edit"), 3).workbook(),
        Column::figures(say("日志序号", "Log index")).workbook(),
    ];
    let mut ordered: Vec<&FindingLine> = findings.iter().collect();
    // A unit's findings stand together already; within it what nobody has answered comes first.
    ordered.sort_by(|a, b| {
        let key = |f: &FindingLine| (f.unit.code.clone(), f.status);
        key(a).cmp(&key(b))
    });
    let rows = ordered.into_iter().map(|finding| row(manner, finding));
    let caption = say("各单位的审核问题", "Findings, by unit");
    let sheet = say("问题", "Findings");
    Table::new(caption.to_owned(), sheet.to_owned(), columns, SHOWN).with_groups(rows)
}

fn row(manner: &Manner, finding: &FindingLine) -> (String, Vec<Cell>) {
    let unit = say::name(manner, &finding.unit);
    let kind = if finding.validity {
        Cell::mark(Tone::Plain, "", manner.say("强制", "validity"))
    } else {
        Cell::mark(Tone::Plain, "", manner.say("核实", "quality"))
    };
    let item = finding.item.as_deref().unwrap_or_default();
    let cells = vec![
        Cell::text(unit),
        Cell::text(&finding.unit.code),
        Cell::text(say::name(manner, &finding.dataset)),
        Cell::text(&finding.period),
        kind,
        status_cell(manner, finding),
        Cell::text(message(manner, finding)),
        Cell::text(item),
        Cell::number(&finding.imbalance),
        Cell::text(explanation(manner, finding)),
        Cell::text(&finding.edit),
        Cell::Count(finding.opened_index),
    ];
    (unit.to_owned(), cells)
}

fn status_cell(manner: &Manner, finding: &FindingLine) -> Cell {
    let status = status(finding);
    let (tone, sign) = match status {
        FindingStatus::Open => (Tone::Bad, "●"),
        FindingStatus::Explained => (Tone::Open, "◆"),
        FindingStatus::Accepted => (Tone::Good, "○"),
        FindingStatus::Corrected => (Tone::Good, "√"),
        FindingStatus::Unspecified => (Tone::Quiet, ""),
    };
    Cell::mark(tone, sign, capital(manner.finding(status)))
}

fn message(manner: &Manner, finding: &FindingLine) -> String {
    let message = say::words(manner, &finding.message);
    match (&finding.item, manner.language) {
        (None, _) => message.to_owned(),
        (Some(item), Language::Zh) => format!("{item}：{message}"),
        (Some(item), Language::En) => format!("{item}: {message}"),
    }
}

/// The unit's words, and behind them what operations decided.
fn explanation(manner: &Manner, finding: &FindingLine) -> String {
    let (words, decision) = (&finding.explanation, &finding.decision_reason);
    match (words.as_str(), decision.as_str(), manner.language) {
        (words, "", _) => words.to_owned(),
        ("", decision, Language::Zh) => format!("批示：{decision}"),
        ("", decision, Language::En) => format!("Decision: {decision}"),
        (words, decision, Language::Zh) => format!("{words}【批示：{decision}】"),
        (words, decision, Language::En) => format!("{words} [Decision: {decision}]"),
    }
}
