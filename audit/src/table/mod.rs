//! Tables for a terminal, lined up with East Asian widths.
//!
//! Lines are drawn with ASCII only: box-drawing characters, dashes and dots beyond ASCII are narrow in some terminals
//! and wide in others, and one such character moves the whole line. Ideographs count as two columns.

mod basis;
mod calendar;
mod completeness;
mod findings;
mod measures;
mod league;
mod account;
mod targets;
mod follow;
mod forecast;
mod proof;
mod recheck;
mod replay;
mod sample;
mod screening;
mod series;
mod slots;
mod evidence;
mod witnesses;

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets::ASCII_MARKDOWN,
};

use granary_proto::v1::GroupBy;

use crate::words::{Manner, NOTHING};

pub use account::explanation;
pub use calendar::calendar;
pub use completeness::completeness;
pub use evidence::{access, access_fault, evidence, evidence_fetched, evidence_requested};
pub use findings::findings;
pub use follow::{followed, log_fault};
pub use forecast::{arrivals, calibration, risks};
pub use league::league;
pub use measures::measures;
pub use proof::{checkpoint, fault, proof, unproven, unproven_by_checkpoint};
pub use recheck::recheck;
pub use replay::{exported, fsck, fsck_fault, replay, replay_fault};
pub use sample::{announced, drawn, estimated};
pub use screening::screening;
pub use series::series;
pub use slots::slots;
pub use targets::targets;
pub use witnesses::witnesses;

/// The columns that say what a row is about, where rows are grouped by `by`.
fn key_columns(manner: &Manner, by: GroupBy) -> Vec<(&'static str, Lay)> {
    let unit = (manner.say("单位", "unit"), Lay::Words);
    let dataset = (manner.say("报表", "dataset"), Lay::Words);
    let period = (manner.say("报告期", "period"), Lay::Words);
    let department = (manner.say("部门", "department"), Lay::Words);
    let level = (manner.say("级别", "level"), Lay::Words);
    let name = (manner.say("名称", "name"), Lay::Text);
    match by {
        GroupBy::Unspecified => Vec::new(),
        GroupBy::Unit => vec![unit, name],
        GroupBy::Dataset => vec![dataset, name],
        GroupBy::Period => vec![period],
        GroupBy::DatasetPeriod => vec![dataset, name, period],
        GroupBy::UnitDataset => vec![dataset, unit, name],
        GroupBy::Department => vec![department, name],
        GroupBy::Level => vec![level, name],
    }
}

/// What a row is about.
struct Key<'a> {
    unit: &'a str,
    dataset: &'a str,
    period: &'a str,
    department: &'a str,
    level: &'a str,
    name: &'a str,
}

impl Key<'_> {
    /// The cells of [`key_columns`].
    fn cells(&self, by: GroupBy) -> Vec<String> {
        let cells = match by {
            GroupBy::Unspecified => vec![],
            GroupBy::Unit => vec![self.unit, self.name],
            GroupBy::Dataset => vec![self.dataset, self.name],
            GroupBy::Period => vec![self.period],
            GroupBy::DatasetPeriod => vec![self.dataset, self.name, self.period],
            GroupBy::UnitDataset => vec![self.dataset, self.unit, self.name],
            GroupBy::Department => vec![self.department, self.name],
            GroupBy::Level if self.level.is_empty() => vec![NOTHING, self.name],
            GroupBy::Level => vec![self.level, self.name],
        };
        cells.into_iter().map(ToOwned::to_owned).collect()
    }
}

/// The cells of the last row, which is about everything.
fn total_cells(manner: &Manner, keys: usize) -> Vec<String> {
    let mut cells = vec![String::new(); keys];
    if let Some(first) = cells.first_mut() {
        manner.say("合计", "total").clone_into(first);
    }
    cells
}

/// How a column is laid out.
#[derive(Clone, Copy)]
enum Lay {
    /// Words, never folded.
    Words,
    /// Figures, to the right.
    Figures,
    /// A text that is folded where the table gets too wide.
    Text,
}

/// The narrowest that a folded text gets, in terminal columns.
const TEXT_WIDTH_MIN: u16 = 16;

/// Draws a table of at most `width` columns, as far as what is never folded lets it.
fn draw(columns: &[(&str, Lay)], rows: Vec<Vec<String>>, width: u16) -> String {
    let mut table = Table::new();
    table
        .load_style(ASCII_MARKDOWN)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_header(columns.iter().map(|(title, _)| *title))
        .add_rows(rows);
    for (column, (_, lay)) in table.column_iter_mut().zip(columns) {
        match lay {
            Lay::Words => {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
            Lay::Figures => {
                column.set_constraint(ColumnConstraint::ContentWidth);
                column.set_cell_alignment(CellAlignment::Right);
            }
            Lay::Text => {
                let narrowest = Width::Fixed(TEXT_WIDTH_MIN);
                column.set_constraint(ColumnConstraint::LowerBoundary(narrowest));
            }
        }
    }
    table.trim_fmt()
}
