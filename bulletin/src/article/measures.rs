//! The measures of reporting quality of every unit: the chief ones on paper, all of them in the workbook.

use granary_core::{
    bulletin::{Bulletin, UnitMeasures},
    completeness::SlotState,
    measures::Measure,
};

use super::{Cell, Column, Part, Section, Table, heat, say, summary::capital};
use crate::words::Manner;

/// How many units paper shows.
const SHOWN: usize = 400;
/// The measures that paper has room for.
const CHIEF: [Measure; 7] = [
    Measure::ReportingRate,
    Measure::OnTimeRate,
    Measure::MedianLateness,
    Measure::FirstTimeAcceptance,
    Measure::ExplainedShare,
    Measure::RelativeMeanAbsoluteRevision,
    Measure::SystemUse,
];
const STATES: [SlotState; 5] = [
    SlotState::Timely,
    SlotState::Late,
    SlotState::Missing,
    SlotState::Exempt,
    SlotState::Pending,
];

/// The section.
pub(super) fn section(bulletin: &Bulletin, manner: &Manner) -> Section {
    let title = manner.say("报送质量指标", "Measures of reporting quality");
    let part = if bulletin.units.is_empty() {
        let text = manner.say(
            "本期没有单位应报。",
            "No unit owes anything in this period.",
        );
        Part::Sentence(text.to_owned())
    } else {
        Part::Table(table(bulletin, manner))
    };
    Section {
        key: "measures",
        title: title.to_owned(),
        parts: vec![part],
    }
}

fn table(bulletin: &Bulletin, manner: &Manner) -> Table {
    let mut columns = vec![
        Column::words(manner.say("单位", "Unit"), 5),
        Column::words(manner.say("单位代码", "Unit code"), 3).workbook(),
        Column::figures(manner.say("应报", "Expected")).workbook(),
    ];
    columns.extend(
        STATES.map(|state| Column::figures(capital(say::state_name(manner, state))).workbook()),
    );
    columns.extend(Measure::ALL.iter().map(|measure| {
        let name = measure.name();
        let mut column = Column::figures(capital(name.get(manner.language)));
        column.paper = CHIEF.contains(measure);
        column
    }));
    let last_seen = Column::words(manner.say("最近一次来报", "Last seen"), 3);
    columns.push(last_seen.unit(manner.zone_name()).workbook());
    let caption = manner.say(
        "各单位报送质量指标",
        "Measures of reporting quality, by unit",
    );
    let sheet = manner.say("指标", "Measures");
    let rows = bulletin.units.iter().map(|unit| row(manner, unit));
    Table::new(caption.to_owned(), sheet.to_owned(), columns, SHOWN).with(rows)
}

fn row(manner: &Manner, unit: &UnitMeasures) -> Vec<Cell> {
    let mut cells = vec![
        Cell::text(say::name(manner, &unit.unit)),
        Cell::text(&unit.unit.code),
        Cell::Count(unit.counts.expected),
    ];
    cells.extend(STATES.map(|state| Cell::Count(heat::count(&unit.counts, state))));
    let measures = Measure::ALL.iter();
    cells.extend(measures.map(|measure| say::of(&unit.measures, *measure)));
    cells.push(unit.last_seen_ms.map_or(Cell::Nothing, Cell::Instant));
    cells
}
