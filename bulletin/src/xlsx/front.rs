//! The front sheet: headline, basis, summary, chief figures, and what each section says in words.

use rust_xlsxwriter::{Worksheet, XlsxError};

use super::{TEXT_CHARS_MAX, formats, sheet};
use crate::article::{Article, Lay, Part, Tone, clip};

/// Where the next line goes.
struct Pen<'a> {
    worksheet: &'a mut Worksheet,
    row: u32,
}

/// Writes the sheet.
pub(super) fn write(worksheet: &mut Worksheet, article: &Article) -> Result<(), XlsxError> {
    worksheet.set_column_width(0, 24)?;
    worksheet.set_column_width(1, 60)?;
    worksheet.set_column_width(2, 40)?;
    let mut pen = Pen { worksheet, row: 0 };
    pen.text(0, &article.publisher, &formats::label())?;
    pen.row += 1;
    pen.text(0, &article.title, &formats::title())?;
    pen.row += 2;
    for fact in &article.facts {
        pen.text(0, &fact.label, &formats::label())?;
        pen.text(1, &fact.text, &formats::text())?;
        pen.row += 1;
    }
    pen.row += 1;
    pen.paragraph(&article.summary)?;
    pen.row += 1;
    headlines(&mut pen, article)?;
    for (at, section) in article.sections.iter().enumerate() {
        pen.row += 1;
        pen.text(0, &article.heading(at), &formats::label())?;
        pen.row += 1;
        for part in &section.parts {
            said(&mut pen, part)?;
        }
    }
    Ok(())
}

fn headlines(pen: &mut Pen<'_>, article: &Article) -> Result<(), XlsxError> {
    for headline in &article.headlines {
        pen.text(0, &headline.label, &formats::label())?;
        let at = (pen.row, 1);
        sheet::write_cell(
            pen.worksheet,
            &article.manner,
            at,
            Lay::Words(1),
            &headline.value,
        )?;
        let format = match headline.tone {
            Tone::Good | Tone::Bad => formats::tone(headline.tone),
            Tone::Plain | Tone::Fair | Tone::Poor | Tone::Open | Tone::Quiet => None,
        };
        let format = format.unwrap_or_else(formats::text);
        pen.text(2, &headline.change, &format)?;
        pen.row += 1;
    }
    Ok(())
}

/// Sentences and legends stand here; tables have sheets of their own.
fn said(pen: &mut Pen<'_>, part: &Part) -> Result<(), XlsxError> {
    match part {
        Part::Sentence(text) => pen.paragraph(text),
        Part::Legend(marks) => {
            for mark in marks {
                let format = formats::tone(mark.tone).unwrap_or_else(formats::text);
                pen.text(0, mark.sign, &format)?;
                pen.text(1, &mark.text, &formats::text())?;
                pen.row += 1;
            }
            Ok(())
        }
        Part::Table(_) | Part::Bars(_) | Part::Facts(_) => Ok(()),
    }
}

impl Pen<'_> {
    fn text(
        &mut self,
        column: u16,
        text: &str,
        format: &rust_xlsxwriter::Format,
    ) -> Result<(), XlsxError> {
        let text = clip(text, TEXT_CHARS_MAX);
        if !text.is_empty() {
            self.worksheet
                .write_string_with_format(self.row, column, text, format)?;
        }
        Ok(())
    }

    /// A paragraph over all columns, as high as its text needs.
    fn paragraph(&mut self, text: &str) -> Result<(), XlsxError> {
        const COLUMNS: usize = 118;
        const LINE_HEIGHT: u32 = 15;
        let text = clip(text, TEXT_CHARS_MAX);
        let columns: usize = text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
        let lines = u32::try_from(columns / COLUMNS + 1).unwrap_or(1).min(25);
        self.worksheet
            .merge_range(self.row, 0, self.row, 2, &text, &formats::text())?;
        self.worksheet
            .set_row_height(self.row, f64::from(lines * LINE_HEIGHT))?;
        self.row += 1;
        Ok(())
    }
}
