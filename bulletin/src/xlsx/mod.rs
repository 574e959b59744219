//! The article as a workbook: a front sheet, one sheet for each table with all of its rows, and how to verify it.
//!
//! Figures are numbers, instants are dates of the article's time zone, durations are times: whoever goes on counting
//! finds values, not texts. Texts are written as texts, so one that begins with `=` is no formula. The workbook's date
//! of creation is the instant of the document.

mod formats;
mod front;
mod names;
mod sheet;

use granary_core::text::Bilingual;
use rust_xlsxwriter::{DocProperties, Workbook, Worksheet, XlsxError};

use self::names::Names;
use super::article::{Article, Fact, Part, Place, clip};

/// The number of the paper size A4.
const A4: u8 = 9;
/// The longest text of a cell: 32,767 UTF-16 units fit, and a character has at most two.
const TEXT_CHARS_MAX: usize = 16_000;
/// The longest text in a page's header or in the properties.
const LABEL_CHARS_MAX: usize = 60;

/// The whole workbook.
pub(super) fn xlsx(article: &Article) -> Result<Vec<u8>, Bilingual> {
    written(article).map_err(|error| {
        Bilingual::new(
            format!("无法写出工作簿：{error}"),
            format!("the workbook cannot be written: {error}"),
        )
    })
}

fn written(article: &Article) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(article)?);
    let mut names = Names::default();
    let manner = &article.manner;
    let front = workbook.add_worksheet();
    front.set_name(names.next(manner.say("通报", "Bulletin")))?;
    set_up(front, article, &article.title);
    front::write(front, article)?;
    for section in &article.sections {
        for part in &section.parts {
            match part {
                Part::Table(table) if table.place != Place::Paper => {
                    let worksheet = workbook.add_worksheet();
                    worksheet.set_name(names.next(&table.sheet))?;
                    set_up(worksheet, article, &table.caption);
                    sheet::write(worksheet, manner, table)?;
                }
                Part::Facts(facts) => {
                    let worksheet = workbook.add_worksheet();
                    worksheet.set_name(names.next(&section.title))?;
                    set_up(worksheet, article, &section.title);
                    write_facts(worksheet, facts)?;
                }
                Part::Table(_) | Part::Sentence(_) | Part::Bars(_) | Part::Legend(_) => {}
            }
        }
    }
    workbook.save_to_buffer()
}

fn properties(article: &Article) -> Result<DocProperties, XlsxError> {
    let created = formats::instant(article.as_of_ms, &jiff::tz::TimeZone::UTC)?;
    let label = |text: &str| clip(text, LABEL_CHARS_MAX);
    Ok(DocProperties::new()
        .set_title(label(&article.title))
        .set_author(label(&article.publisher))
        .set_comment(format!("SHA-256 {}", article.digest))
        .set_creation_datetime(&created))
}

/// Landscape A4, one page wide, with what it is above and the page's number below.
fn set_up(worksheet: &mut Worksheet, article: &Article, caption: &str) {
    // In a header an ampersand begins a command; two of them are one that is printed.
    let label = |text: &str| clip(text, LABEL_CHARS_MAX).replace('&', "&&");
    let (caption, title) = (label(caption), label(&article.title));
    worksheet
        .set_paper_size(A4)
        .set_landscape()
        .set_print_fit_to_pages(1, 0)
        .set_header(format!("&L{caption}&R{title}"))
        .set_footer("&C&P / &N");
}

fn write_facts(worksheet: &mut Worksheet, facts: &[Fact]) -> Result<(), XlsxError> {
    worksheet.set_column_width(0, 24)?;
    worksheet.set_column_width(1, 90)?;
    for (row, fact) in (0..).zip(facts) {
        worksheet.write_string_with_format(row, 0, &fact.label, &formats::label())?;
        let text = clip(&fact.text, TEXT_CHARS_MAX);
        worksheet.write_string_with_format(row, 1, text, &formats::text())?;
    }
    Ok(())
}
