//! One table as a worksheet: headings in the first row, frozen, with a filter; marks coloured by condition, so that
//! they keep their colours when somebody sorts.

use std::collections::BTreeSet;

use granary_core::bulletin::Share;
use rust_xlsxwriter::{
    ConditionalFormatDataBar, ConditionalFormatText, ConditionalFormatTextRule,
    ConditionalFormatType, Format, Worksheet, XlsxError,
};

use super::{TEXT_CHARS_MAX, formats};
use crate::{
    article::{Cell, Column, Lay, Table, Tone, clip},
    words::Manner,
};

/// The narrowest and the widest column, in characters.
const WIDTHS: (usize, usize) = (6, 48);
/// The widest that a heading makes a column; what is longer is folded.
const HEADING_WIDTH_MAX: usize = 14;
/// How many rows are looked at to find how wide a column must be.
const ROWS_MEASURED: usize = 500;
/// Ranks that were gained and lost, by arrow.
const MOVEMENT: &str = "[Color10]\"↑\"0;[Red]\"↓\"0;\"=\"";

/// Writes the table.
pub(super) fn write(
    worksheet: &mut Worksheet,
    manner: &Manner,
    table: &Table,
) -> Result<(), XlsxError> {
    for (at, column) in (0..).zip(&table.columns) {
        let cells = || {
            table
                .rows
                .iter()
                .filter_map(|row| row.cells.get(usize::from(at)))
        };
        let heading = heading(manner, column, cells());
        worksheet.write_string_with_format(0, at, &heading, &formats::heading())?;
        worksheet.set_column_width(at, width(manner, &heading, cells()))?;
        for (row, cell) in (1..).zip(cells()) {
            write_cell(worksheet, manner, (row, at), column.lay, cell)?;
        }
        colour(worksheet, at, cells(), table.rows.len())?;
    }
    let last_row = row_number(table.rows.len())?;
    let last_column = u16::try_from(table.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    worksheet.autofilter(0, 0, last_row, last_column)?;
    worksheet.set_freeze_panes(1, named(table))?;
    worksheet.set_repeat_rows(0, 0)?;
    Ok(())
}

fn row_number(rows: usize) -> Result<u32, XlsxError> {
    u32::try_from(rows).map_err(|_| XlsxError::RowColumnLimitError)
}

/// How many columns stay when somebody scrolls to the right: up to the one that names the row.
fn named(table: &Table) -> u16 {
    let names = |column: &Column| column.paper && matches!(column.lay, Lay::Words(_));
    let at = table.columns.iter().position(names).unwrap_or(0);
    u16::try_from(at + 1).unwrap_or(1)
}

/// The heading with its unit of measure, which for times is hours and minutes.
fn heading<'a>(manner: &Manner, column: &Column, cells: impl Iterator<Item = &'a Cell>) -> String {
    let mut column = column.clone();
    let mut values = cells.filter(|cell| **cell != Cell::Nothing).peekable();
    let timed = values.peek().is_some() && values.all(|cell| matches!(cell, Cell::Duration(_)));
    if timed && column.unit.is_empty() {
        manner.say("时:分", "h:min").clone_into(&mut column.unit);
    }
    clip(&column.heading(manner), TEXT_CHARS_MAX)
}

/// Wide enough for what stands in it; an ideograph counts as two characters.
fn width<'a>(manner: &Manner, heading: &str, cells: impl Iterator<Item = &'a Cell>) -> f64 {
    let widest = cells
        .take(ROWS_MEASURED)
        .map(|cell| columns(&cell.shown(manner).words()))
        .max();
    let heading = columns(heading).min(HEADING_WIDTH_MAX);
    let width = widest.unwrap_or(0).max(heading).clamp(WIDTHS.0, WIDTHS.1);
    // Beside the text there is the button of the filter.
    f64::from(u32::try_from(width).unwrap_or(u32::MAX)) + 3.0
}

fn columns(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

/// Writes one cell.
pub(super) fn write_cell(
    worksheet: &mut Worksheet,
    manner: &Manner,
    at: (u32, u16),
    lay: Lay,
    cell: &Cell,
) -> Result<(), XlsxError> {
    let words = match lay {
        Lay::Marks(_) => formats::marks(),
        Lay::Words(_) | Lay::Short | Lay::Figures | Lay::Bar(_) => formats::text(),
    };
    match cell {
        Cell::Nothing => Ok(()),
        Cell::Text(text) => write_text(worksheet, at, text, &words),
        Cell::Mark(mark) => write_text(worksheet, at, &mark.words(), &words),
        Cell::Count(count) => write_number(worksheet, at, formats::count(*count), "#,##0"),
        Cell::Share(share) => write_number(worksheet, at, fraction(share), "0.00%"),
        Cell::Percent(text) | Cell::Chance(text) | Cell::Progress(text, _) => {
            write_percent(worksheet, at, text, &words)
        }
        Cell::Number(text) => write_decimal(worksheet, at, text, false),
        Cell::Change(text) => write_decimal(worksheet, at, text, true),
        Cell::Duration(ms) => write_number(worksheet, at, formats::days(*ms), "[h]:mm"),
        Cell::Movement(None) => {
            let new = cell.shown(manner).text;
            write_text(worksheet, at, &new, &words)
        }
        Cell::Movement(Some(ranks)) => write_number(worksheet, at, f64::from(*ranks), MOVEMENT),
        Cell::Instant(at_ms) => {
            let instant = formats::instant(*at_ms, &manner.zone)?;
            let format = formats::figures("yyyy-mm-dd hh:mm");
            worksheet.write_datetime_with_format(at.0, at.1, &instant, &format)?;
            Ok(())
        }
    }
}

/// As a text, whatever it begins with.
fn write_text(
    worksheet: &mut Worksheet,
    (row, column): (u32, u16),
    text: &str,
    format: &Format,
) -> Result<(), XlsxError> {
    let text = clip(text, TEXT_CHARS_MAX);
    if !text.is_empty() {
        worksheet.write_string_with_format(row, column, text, format)?;
    }
    Ok(())
}

fn write_number(
    worksheet: &mut Worksheet,
    (row, column): (u32, u16),
    number: f64,
    number_format: &str,
) -> Result<(), XlsxError> {
    let format = formats::figures(number_format);
    worksheet.write_number_with_format(row, column, number, &format)?;
    Ok(())
}

fn fraction(share: &Share) -> f64 {
    if share.denominator == 0 {
        return 0.0;
    }
    formats::count(share.numerator) / formats::count(share.denominator)
}

/// A decimal in per cent as the fraction that a workbook shows in per cent.
fn write_percent(
    worksheet: &mut Worksheet,
    at: (u32, u16),
    text: &str,
    words: &Format,
) -> Result<(), XlsxError> {
    match formats::fraction(text) {
        Some(fraction) => write_number(worksheet, at, fraction, "0.00%"),
        None => write_text(worksheet, at, text, words),
    }
}

/// A number; a text where its digits are more than a workbook's number keeps, because none may be lost.
fn write_decimal(
    worksheet: &mut Worksheet,
    at: (u32, u16),
    text: &str,
    signed: bool,
) -> Result<(), XlsxError> {
    match formats::number(text) {
        Some((number, value)) => {
            let format = formats::decimal_format(value, signed);
            write_number(worksheet, at, number, &format)
        }
        None => write_text(worksheet, at, text, &formats::text()),
    }
}

/// Colours a column by the signs in it, and draws its bars.
fn colour<'a>(
    worksheet: &mut Worksheet,
    column: u16,
    cells: impl Iterator<Item = &'a Cell>,
    rows: usize,
) -> Result<(), XlsxError> {
    let mut signs: BTreeSet<(&str, Tone)> = BTreeSet::new();
    let mut bars = false;
    for cell in cells {
        match cell {
            Cell::Mark(mark) if !mark.sign.is_empty() => {
                signs.insert((mark.sign, mark.tone));
            }
            Cell::Progress(..) | Cell::Chance(_) => bars = true,
            Cell::Nothing
            | Cell::Text(_)
            | Cell::Count(_)
            | Cell::Share(_)
            | Cell::Percent(_)
            | Cell::Number(_)
            | Cell::Change(_)
            | Cell::Duration(_)
            | Cell::Instant(_)
            | Cell::Movement(_)
            | Cell::Mark(_) => {}
        }
    }
    let last_row = row_number(rows)?;
    for (sign, tone) in signs {
        if let Some(format) = formats::tone(tone) {
            let rule = ConditionalFormatTextRule::BeginsWith(sign.to_owned());
            let condition = ConditionalFormatText::new()
                .set_rule(rule)
                .set_format(format);
            worksheet.add_conditional_format(1, column, last_row, column, &condition)?;
        }
    }
    if bars {
        let bar = ConditionalFormatDataBar::new()
            .set_minimum(ConditionalFormatType::Number, 0)
            .set_maximum(ConditionalFormatType::Number, 1)
            .set_fill_color(0x009C_C3E6)
            .set_solid_fill(true);
        worksheet.add_conditional_format(1, column, last_row, column, &bar)?;
    }
    Ok(())
}
