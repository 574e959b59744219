//! Risks: which open slots are likely to be late, the most endangered first.

use granary_core::{
    bulletin::{Bulletin, RiskLine},
    text::Language,
};

use super::{Cell, Column, Lay, Part, Section, Table, say};
use crate::words::Manner;

/// How many slots paper shows.
const SHOWN: usize = 20;

/// The section.
pub(super) fn section(bulletin: &Bulletin, manner: &Manner) -> Section {
    let count = bulletin.risks.len();
    let parts = if count == 0 {
        let text = manner.say(
            "截至时点没有尚未到期而未报的报表。",
            "At this instant nothing is open that is not yet due.",
        );
        vec![Part::Sentence(text.to_owned())]
    } else {
        let text = match manner.language {
            Language::Zh => {
                format!(
                    "有{count}份报表尚未到期而未报，按迟报可能性从高到低排列；可能性由以往报送习惯推算，不是事实。"
                )
            }
            Language::En => {
                let reports = say::plural(count as u64, "report", "reports");
                format!(
                    "Open and not yet due: {reports}, the most endangered first. The chance is inferred from past habits; it is no fact."
                )
            }
        };
        let table = table(manner, &bulletin.risks);
        vec![Part::Sentence(text), Part::Table(table)]
    };
    Section {
        key: "risks",
        title: manner.say("迟报预警", "Early warning").to_owned(),
        parts,
    }
}

fn table(manner: &Manner, risks: &[RiskLine]) -> Table {
    let say = |zh, en| manner.say(zh, en);
    let zone = manner.zone_name();
    let columns = vec![
        Column::words(say("单位", "Unit"), 5),
        Column::words(say("单位代码", "Unit code"), 3).workbook(),
        Column::words(say("报表", "Dataset"), 5),
        Column::short(say("报告期", "Period")),
        Column::short(say("截止时间", "Due")).unit(zone),
        Column::new(say("迟报可能性", "Chance of being late"), Lay::Bar(3)),
        Column::figures(say("已知次数", "Known")).workbook(),
        Column::figures(say("其中迟报或未报", "Late or missing of them")).workbook(),
        Column::figures(say("往期此时已报", "Usually in by now")).workbook(),
        Column::words(say("依据", "Why"), 7),
    ];
    let rows = risks.iter().map(|risk| row(manner, risk));
    let caption = say("尚未到期而未报的报表", "Open reports that are not yet due");
    let sheet = say("预警", "Risks");
    Table::new(caption.to_owned(), sheet.to_owned(), columns, SHOWN).with(rows)
}

fn row(manner: &Manner, risk: &RiskLine) -> Vec<Cell> {
    let percent = |text: &str, cell: fn(String) -> Cell| match text {
        "" => Cell::Nothing,
        text => cell(text.to_owned()),
    };
    vec![
        Cell::text(say::name(manner, &risk.unit)),
        Cell::text(&risk.unit.code),
        Cell::text(say::name(manner, &risk.dataset)),
        Cell::text(&risk.period),
        Cell::Instant(risk.due_at_ms),
        percent(&risk.chance_percent, Cell::Chance),
        Cell::Count(risk.known.into()),
        Cell::Count(risk.late.into()),
        percent(&risk.arrived_by_now_percent, Cell::Percent),
        Cell::text(say::words(manner, &risk.reason)),
    ]
}
