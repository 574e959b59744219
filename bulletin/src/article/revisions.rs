//! Revisions: figures that are not what they first were.

use granary_core::{
    bulletin::{Bulletin, RevisionLine},
    decimal::Decimal,
    text::Language,
};

use super::{Cell, Column, Part, Section, Table, say};
use crate::words::Manner;

/// How many revisions paper shows.
const SHOWN: usize = 40;

/// The section.
pub(super) fn section(bulletin: &Bulletin, manner: &Manner) -> Section {
    let count = bulletin.revisions.len();
    let parts = if count == 0 {
        let text = manner.say(
            "本期数据被接收后没有修订。",
            "No figure of this period was revised after it had been accepted.",
        );
        vec![Part::Sentence(text.to_owned())]
    } else {
        let text = match manner.language {
            Language::Zh => format!("有{count}个数据在首次接收后修订。"),
            Language::En => {
                let figures = say::plural(count as u64, "figure", "figures");
                format!("Revised after first acceptance: {figures}.")
            }
        };
        let table = table(manner, &bulletin.revisions);
        vec![Part::Sentence(text), Part::Table(table)]
    };
    Section {
        key: "revisions",
        title: manner.say("数据修订", "Revisions").to_owned(),
        parts,
    }
}

fn table(manner: &Manner, revisions: &[RevisionLine]) -> Table {
    let say = |zh, en| manner.say(zh, en);
    let zone = manner.zone_name();
    let columns = vec![
        Column::words(say("单位", "Unit"), 5),
        Column::words(say("单位代码", "Unit code"), 3).workbook(),
        Column::words(say("报表", "Dataset"), 4).workbook(),
        Column::short(say("报告期", "Period")),
        Column::words(say("指标", "Indicator"), 6),
        Column::words(say("指标代码", "Indicator code"), 3).workbook(),
        Column::words(say("明细项", "Item"), 3).workbook(),
        Column::figures(say("首次", "First")),
        Column::figures(say("现值", "Latest")),
        Column::figures(say("变动", "Change")),
        Column::words(say("计量单位", "Measured in"), 3),
        Column::words(say("首次收到", "First received"), 4)
            .unit(&zone)
            .workbook(),
        Column::words(say("现值收到", "Latest received"), 4)
            .unit(&zone)
            .workbook(),
        Column::figures(say("修订次序", "Revision")).workbook(),
    ];
    let rows = revisions.iter().map(|revision| row(manner, revision));
    let caption = say(
        "首次接收后修订的数据",
        "Figures revised after first acceptance",
    );
    let sheet = say("修订", "Revisions");
    Table::new(caption.to_owned(), sheet.to_owned(), columns, SHOWN).with(rows)
}

fn row(manner: &Manner, revision: &RevisionLine) -> Vec<Cell> {
    vec![
        Cell::text(say::name(manner, &revision.unit)),
        Cell::text(&revision.unit.code),
        Cell::text(say::name(manner, &revision.dataset)),
        Cell::text(&revision.period),
        Cell::text(say::name(manner, &revision.indicator)),
        Cell::text(&revision.indicator.code),
        Cell::text(revision.item.as_deref().unwrap_or_default()),
        Cell::number(&revision.first),
        Cell::number(&revision.latest),
        change(revision),
        Cell::text(say::words(manner, &revision.measure)),
        Cell::Instant(revision.first_received_at_ms),
        Cell::Instant(revision.latest_received_at_ms),
        Cell::Count(revision.revision.into()),
    ]
}

/// Latest minus first; nothing where one of them was stated to be missing.
fn change(revision: &RevisionLine) -> Cell {
    let parse = |text: &str| Decimal::parse(text).ok();
    let change = parse(&revision.latest)
        .zip(parse(&revision.first))
        .and_then(|(latest, first)| latest.checked_sub(first));
    change.map_or(Cell::Nothing, |change| Cell::Change(change.to_string()))
}
