//! The edits on the form: blanks turn red where one does not hold, as far as a formula can say so; the second sheet lists all of them.

use granary_core::{
    catalogue::Dataset,
    edits::{
        Edit, EditKind, Source,
        spreadsheet::{Reference, violation},
    },
};
use rust_xlsxwriter::{ConditionalFormatFormula, Format, Formula, Worksheet, XlsxError};

use super::{
    Form,
    sheet::{Columns, Row},
};
use crate::intake::SKIP;

/// The edits that check a record of the slot.
pub(super) fn edits<'a>(form: &Form<'a>, dataset: &'a Dataset) -> Vec<&'a Edit> {
    let slot = form.slot;
    let holds = |edit: &&Edit| edit.scope().holds(&slot.unit, slot.period);
    dataset.edits().iter().filter(holds).collect()
}

/// Paints the cells that edits look at in each group of rows.
pub(super) fn paint(
    sheet: &mut Worksheet,
    form: &Form<'_>,
    edits: &[&Edit],
    rows: &[Row<'_>],
) -> Result<(), XlsxError> {
    let Some(dataset) = form.catalogue.dataset(&form.slot.dataset) else {
        return Ok(());
    };
    let columns = Columns::of(dataset);
    let groups = rows.chunk_by(|a, b| a.group == b.group);
    for group in groups {
        // Without an item nothing is known of the period before.
        let has_last = group
            .first()
            .is_some_and(|row| row.item.is_some() || !dataset.itemised());
        let cell = |source: Source, name: &str| {
            let row = group
                .iter()
                .find(|row| row.indicator.code().as_str() == name)?;
            let column = match source {
                Source::Own => columns.value(),
                Source::Lag(1) if has_last => columns.last(),
                Source::Lag(_) | Source::Children | Source::YearAgo | Source::YearToDate => {
                    return None;
                }
            };
            Some(Reference {
                cell: format!("${}${}", Columns::letter(column), row.row + 1),
                decimals: row.indicator.decimals(),
            })
        };
        for edit in edits {
            let Some(violation) = violation(edit, &cell) else {
                continue;
            };
            let colour = match edit.kind() {
                EditKind::Validity => "F4B6B6",
                EditKind::Quality => "FAD9A1",
            };
            let format = Format::new().set_background_color(colour);
            let rule = ConditionalFormatFormula::new()
                .set_rule(Formula::new(&violation.formula))
                .set_format(format);
            for code in edit.indicators() {
                let rows = group.iter().filter(|row| row.indicator.code() == code);
                for row in rows {
                    sheet.add_conditional_format(
                        row.row,
                        columns.value(),
                        row.row,
                        columns.value(),
                        &rule,
                    )?;
                }
            }
        }
    }
    Ok(())
}

/// Lists the edits.
pub(super) fn list(sheet: &mut Worksheet, edits: &[&Edit]) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    sheet.set_name("审核 Edits")?;
    sheet.write_string(
        0,
        0,
        format!("{SKIP} 本表不填 nothing is to be filled in here"),
    )?;
    for (column, heading) in
        (0..).zip(["审核关系 Edit", "类别 Kind", "说明", "Meaning", "算式 Rule"])
    {
        sheet.write_string_with_format(2, column, heading, &bold)?;
    }
    for (row, edit) in (3..).zip(edits) {
        let (kind, message) = (edit.kind(), edit.message());
        let kind = match kind {
            EditKind::Validity => "强制性 validity",
            EditKind::Quality => "核实性 quality",
        };
        let texts = [
            edit.id().as_str(),
            kind,
            &message.zh,
            &message.en,
            edit.expression(),
        ];
        for (column, text) in (0..).zip(texts) {
            sheet.write_string(row, column, text)?;
        }
    }
    for (column, width) in (0..).zip([24.0, 16.0, 50.0, 50.0, 60.0]) {
        sheet.set_column_width(column, width)?;
    }
    Ok(())
}
