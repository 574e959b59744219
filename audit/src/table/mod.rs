//! Tables for a terminal, lined up with East Asian widths.
//!
//! Lines are drawn with ASCII only: box-drawing characters, dashes and dots beyond ASCII are narrow in some terminals
//! and wide in others, and one such character moves the whole line. Ideographs count as two columns.

mod basis;
mod completeness;
mod findings;
mod proof;
mod recheck;
mod replay;
mod screening;
mod series;
mod slots;

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets::ASCII_MARKDOWN,
};

pub use completeness::completeness;
pub use findings::findings;
pub use proof::{checkpoint, fault, proof, unproven, unproven_by_checkpoint};
pub use recheck::recheck;
pub use replay::{exported, replay, replay_fault};
pub use screening::screening;
pub use series::series;
pub use slots::slots;

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
