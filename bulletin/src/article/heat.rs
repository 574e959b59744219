//! Completeness: units by datasets, each cell with the worst state of its slots by colour and by sign.

use std::collections::BTreeMap;

use granary_core::{
    bulletin::{Bulletin, Counts, MatrixCell, MatrixRow},
    completeness::SlotState,
    measures::Measure,
    text::Language,
};

use super::{Cell, Column, Lay, Mark, Part, Place, Section, Table, Tone, say};
use crate::words::Manner;

/// How many units paper shows.
const SHOWN: usize = 400;
/// How many datasets stand side by side on paper.
const COLUMNS_SHOWN: usize = 8;

/// The section.
pub(super) fn section(bulletin: &Bulletin, manner: &Manner) -> Section {
    let title = manner.say("报送完整性", "Completeness").to_owned();
    let key = "completeness";
    let matrix = &bulletin.matrix;
    if matrix.rows.is_empty() || matrix.columns.is_empty() {
        let text = manner.say(
            "本期没有应报的报表。",
            "Nothing is expected in this period.",
        );
        let parts = vec![Part::Sentence(text.to_owned())];
        return Section { key, title, parts };
    }
    let mut parts = vec![Part::Sentence(lead(manner)), Part::Legend(legend(manner))];
    let all: Vec<usize> = (0..matrix.columns.len()).collect();
    if all.len() <= COLUMNS_SHOWN {
        parts.push(Part::Table(table(
            manner,
            bulletin,
            &all,
            Place::Everywhere,
        )));
    } else {
        let chunks = all.chunks(COLUMNS_SHOWN);
        parts.extend(chunks.map(|at| Part::Table(table(manner, bulletin, at, Place::Paper))));
        parts.push(Part::Table(table(manner, bulletin, &all, Place::Workbook)));
    }
    if let Some(note) = imported(manner, bulletin) {
        parts.push(Part::Sentence(note));
    }
    Section { key, title, parts }
}

fn lead(manner: &Manner) -> String {
    manner
        .say(
            "每格为一个单位的一张报表，按其中最差的状态标记；有多份时注明该状态的份数与应报份数。",
            "Each cell is one dataset of one unit, marked by the worst state in it; where it holds several reports, how many are in that state of how many expected.",
        )
        .to_owned()
}

const STATES: [SlotState; 5] = [
    SlotState::Missing,
    SlotState::Late,
    SlotState::Pending,
    SlotState::Timely,
    SlotState::Exempt,
];

fn legend(manner: &Manner) -> Vec<Mark> {
    let states = [
        SlotState::Timely,
        SlotState::Late,
        SlotState::Missing,
        SlotState::Exempt,
        SlotState::Pending,
    ];
    let mut marks: Vec<Mark> = states
        .iter()
        .map(|state| {
            let (tone, sign) = say::state(*state);
            let text = say::state_name(manner, *state).to_owned();
            Mark { tone, sign, text }
        })
        .collect();
    for (sign, text) in [
        (returned(manner), manner.say("有退回", "some were returned")),
        (
            history(manner),
            manner.say("只有导入的历史数据", "settled by imported history alone"),
        ),
    ] {
        marks.push(Mark {
            tone: Tone::Plain,
            sign,
            text: text.to_owned(),
        });
    }
    marks
}

const fn returned(manner: &Manner) -> &'static str {
    manner.say("退", "R")
}

const fn history(manner: &Manner) -> &'static str {
    manner.say("史", "H")
}

fn table(manner: &Manner, bulletin: &Bulletin, at: &[usize], place: Place) -> Table {
    let (matrix, on_time) = (&bulletin.matrix, on_time(bulletin));
    let mut columns = vec![
        Column::words(manner.say("单位", "Unit"), 6),
        Column::words(manner.say("单位代码", "Unit code"), 3).workbook(),
    ];
    let datasets = at.iter().filter_map(|at| matrix.columns.get(*at));
    columns.extend(datasets.map(|d| Column::new(say::name(manner, d), Lay::Marks(3))));
    columns.push(Column::figures(manner.say("按时率", "On time")));
    let caption = manner.say("各单位各报表的报送状态", "State of each dataset, by unit");
    let sheet = manner.say("完整性", "Completeness");
    let rows = matrix.rows.iter().map(|unit| {
        let rate = on_time.get(unit.unit.code.as_str());
        row(manner, unit, at, rate.cloned().unwrap_or(Cell::Nothing))
    });
    Table::new(caption.to_owned(), sheet.to_owned(), columns, SHOWN)
        .with(rows)
        .at(place)
}

fn row(manner: &Manner, row: &MatrixRow, at: &[usize], on_time: Cell) -> Vec<Cell> {
    let mut cells = vec![
        Cell::text(say::name(manner, &row.unit)),
        Cell::text(&row.unit.code),
    ];
    cells.extend(at.iter().map(|at| {
        row.cells
            .get(*at)
            .map_or(Cell::Nothing, |cell| mark(manner, cell))
    }));
    cells.push(on_time);
    cells
}

/// The worst state of a cell; nothing where nothing is expected.
fn mark(manner: &Manner, cell: &MatrixCell) -> Cell {
    let worst = STATES.iter().find(|state| count(&cell.counts, **state) > 0);
    let Some(state) = worst else {
        return if cell.imported > 0 {
            Cell::mark(Tone::Plain, history(manner), several(cell.imported.into()))
        } else {
            Cell::Nothing
        };
    };
    let mut notes = Vec::new();
    if cell.counts.expected > 1 {
        let (part, whole) = (count(&cell.counts, *state), cell.counts.expected);
        notes.push(format!("{part}/{whole}"));
    }
    if cell.returned > 0 {
        notes.push(format!(
            "{}{}",
            returned(manner),
            several(cell.returned.into())
        ));
    }
    if cell.imported > 0 {
        notes.push(format!(
            "{}{}",
            history(manner),
            several(cell.imported.into())
        ));
    }
    let (tone, sign) = say::state(*state);
    Cell::mark(tone, sign, notes.join(" "))
}

fn several(count: u64) -> String {
    if count > 1 {
        count.to_string()
    } else {
        String::new()
    }
}

/// How many slots are in a state.
pub(super) const fn count(counts: &Counts, state: SlotState) -> u64 {
    match state {
        SlotState::Timely => counts.timely,
        SlotState::Late => counts.late,
        SlotState::Missing => counts.missing,
        SlotState::Exempt => counts.exempt,
        SlotState::Pending => counts.pending,
    }
}

/// The on-time rate of each unit, by its code.
fn on_time(bulletin: &Bulletin) -> BTreeMap<&str, Cell> {
    let units = bulletin.units.iter();
    units
        .map(|unit| {
            let rate = say::of(&unit.measures, Measure::OnTimeRate);
            (unit.unit.code.as_str(), rate)
        })
        .collect()
}

fn imported(manner: &Manner, bulletin: &Bulletin) -> Option<String> {
    let cells = bulletin.matrix.rows.iter().flat_map(|row| &row.cells);
    let count: u64 = cells.map(|cell| u64::from(cell.imported)).sum();
    (count > 0).then(|| match manner.language {
        Language::Zh => {
            format!("有{count}份报表只有导入的历史数据，不计入应报份数（标“史”）。")
        }
        Language::En => {
            let reports = say::plural(count, "report", "reports");
            format!(
                "Settled by imported history alone and outside the counts (marked H): {reports}."
            )
        }
    })
}
