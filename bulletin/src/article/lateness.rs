//! Lateness: how long the longest late report of each unit took, as bars; every unit and dataset in the workbook.

use granary_core::{
    bulletin::{Bulletin, Matrix, MatrixRow},
    completeness::SlotState,
    text::Language,
};

use super::{
    Bars, Cell, Column, LabelledBar, Part, Place, Section, Table, heat, say, summary::capital,
};
use crate::words::Manner;

/// How many units have a bar.
const SHOWN: usize = 20;

/// The section.
pub(super) fn section(bulletin: &Bulletin, manner: &Manner) -> Section {
    let late = latest_first(&bulletin.matrix);
    let mut parts = Vec::new();
    match late.first() {
        None => parts.push(Part::Sentence(
            manner
                .say("本期没有迟报。", "Nothing came late in this period.")
                .to_owned(),
        )),
        Some((longest_ms, _)) => {
            parts.push(Part::Sentence(lead(
                manner,
                &late,
                bulletin.matrix.rows.len(),
            )));
            parts.push(Part::Bars(bars(manner, &late, *longest_ms)));
        }
    }
    if !bulletin.matrix.rows.is_empty() {
        parts.push(Part::Table(table(manner, &bulletin.matrix)));
    }
    Section {
        key: "lateness",
        title: manner.say("迟报时长", "Lateness").to_owned(),
        parts,
    }
}

type Late<'a> = (i64, &'a MatrixRow);

/// Each unit that was late, with its longest lateness; equals in the order of codes.
fn latest_first(matrix: &Matrix) -> Vec<Late<'_>> {
    let longest = |row: &MatrixRow| row.cells.iter().map(|cell| cell.lateness_ms).max();
    let units = matrix.rows.iter();
    let mut late: Vec<Late<'_>> = units
        .filter_map(|row| Some((longest(row).filter(|ms| *ms > 0)?, row)))
        .collect();
    late.sort_by_key(|(ms, _)| std::cmp::Reverse(*ms));
    late
}

fn lead(manner: &Manner, late: &[Late<'_>], units: usize) -> String {
    let (count, rest) = (late.len(), late.len().saturating_sub(SHOWN));
    let mut text = match manner.language {
        Language::Zh => format!("{units}个单位中有{count}个迟报，以下为各单位最长的一次迟报。"),
        Language::En => {
            format!("{count} of {units} units were late; below is the longest lateness of each.")
        }
    };
    if rest > 0 {
        text += &match manner.language {
            Language::Zh => format!("另有{rest}个单位未列出，见 XLSX 文件的“迟报”工作表。"),
            Language::En => {
                format!(" And {rest} more: see the worksheet \"Lateness\" of the XLSX.")
            }
        };
    }
    text
}

fn bars(manner: &Manner, late: &[Late<'_>], longest_ms: i64) -> Bars {
    let bar = |(ms, row): &Late<'_>| LabelledBar {
        label: say::name(manner, &row.unit).to_owned(),
        length: u32::try_from(i128::from(*ms) * 1_000 / i128::from(longest_ms)).unwrap_or(0),
        text: manner.duration(*ms),
    };
    let caption = manner.say("各单位最长迟报时长", "Longest lateness, by unit");
    Bars {
        caption: caption.to_owned(),
        bars: late.iter().take(SHOWN).map(bar).collect(),
    }
}

/// One row for each unit and dataset in which anything is expected.
fn table(manner: &Manner, matrix: &Matrix) -> Table {
    let say = |zh, en| manner.say(zh, en);
    let mut columns = vec![
        Column::words(say("单位", "Unit"), 4),
        Column::words(say("单位代码", "Unit code"), 3),
        Column::words(say("报表", "Dataset"), 4),
        Column::words(say("报表代码", "Dataset code"), 3),
        Column::figures(say("应报", "Expected")),
    ];
    columns.extend(STATES.map(|state| Column::figures(capital(say::state_name(manner, state)))));
    columns.push(Column::figures(say("最长迟报时长", "Longest lateness")));
    columns.push(Column::figures(say("退回", "Returned")));
    columns.push(Column::figures(say(
        "只有导入历史数据",
        "Imported history alone",
    )));
    let rows = matrix.rows.iter().flat_map(|row| rows(manner, matrix, row));
    let caption = say("各单位各报表的迟报时长", "Lateness, by unit and dataset");
    let sheet = say("迟报", "Lateness");
    Table::new(caption.to_owned(), sheet.to_owned(), columns, 0)
        .with(rows)
        .at(Place::Workbook)
}

const STATES: [SlotState; 5] = [
    SlotState::Timely,
    SlotState::Late,
    SlotState::Missing,
    SlotState::Exempt,
    SlotState::Pending,
];

fn rows(manner: &Manner, matrix: &Matrix, row: &MatrixRow) -> Vec<Vec<Cell>> {
    let cells = row.cells.iter().zip(&matrix.columns);
    let cells = cells.filter(|(cell, _)| cell.counts.expected > 0 || cell.imported > 0);
    cells
        .map(|(cell, dataset)| {
            let mut cells = vec![
                Cell::text(say::name(manner, &row.unit)),
                Cell::text(&row.unit.code),
                Cell::text(say::name(manner, dataset)),
                Cell::text(&dataset.code),
                Cell::Count(cell.counts.expected),
            ];
            cells.extend(STATES.map(|state| Cell::Count(heat::count(&cell.counts, state))));
            cells.push(Cell::Duration(cell.lateness_ms));
            cells.push(Cell::Count(cell.returned.into()));
            cells.push(Cell::Count(cell.imported.into()));
            cells
        })
        .collect()
}
