//! The long shape: one row for each observation.
//!
//! ```text
//! unit,dataset,period,indicator,value,status,explanation
//! 520100,quarterly-accounts,2021-Q3,gdp,3102.44,,
//! ```
//! Only indicator and value must have a column. An explanation belongs to the figure in its row.

use csv::StringRecord;

use super::{
    cell::read_status,
    fault::{Place, clip, say},
    gather::{Gather, Says, cell_place, report_beyond},
    headings::{Headings, Part, near_words},
    names::hint,
    number::Source,
};
use crate::draft::Note;

/// Checks the headings of a long file.
pub(super) fn check_headings(gather: &mut Gather<'_, '_>, headings: &Headings, row: u64) {
    if headings.column(Part::Indicator).is_none() {
        gather.report(
            Place::row(row),
            say!(
                "有“数值”列，却没有“指标”列",
                "there is a column of values but none of indicators"
            ),
            say!(
                "加上标题为“指标”的列，或用指标作各列标题",
                "add a column \"indicator\", or use the indicators as headings"
            ),
        );
    }
    for column in headings.others() {
        let near = near_words(&column.heading);
        if !near.is_empty() {
            let found = clip(&column.heading);
            gather.report(
                Place::cell(row, column.clone()),
                say!(
                    "不认识标题“{found}”",
                    "the heading \"{found}\" is not known"
                ),
                hint(&near, ("标题", "heading")),
            );
        }
    }
}

/// Takes one row in.
pub(super) fn read_row(
    gather: &mut Gather<'_, '_>,
    headings: &Headings,
    record: &StringRecord,
    row: u64,
) {
    report_beyond(gather, headings, record, row);
    let key = gather.key(headings, record, row);
    let item = gather.item(headings, record, row);
    let status = headings
        .text(record, Part::Status)
        .map_or(Ok(None), read_status);
    let status =
        status.map_err(|fault| gather.report_cell(cell_place(headings, Part::Status, row), fault));
    let place = cell_place(headings, Part::Indicator, row);
    let Some(text) = headings.text(record, Part::Indicator) else {
        if headings.column(Part::Indicator).is_some() {
            report_no_indicator(gather, place);
        }
        return;
    };
    let found = gather
        .names
        .indicator(text, key.as_ref().map(|(dataset, _)| *dataset));
    let indicator = match found {
        Ok(indicator) => indicator,
        Err(unknown) => return gather.report_unknown(Part::Indicator, text, place, unknown),
    };
    let measure = headings.text(record, Part::Measure);
    let conversion = gather.conversion(
        indicator,
        measure,
        &cell_place(headings, Part::Measure, row),
    );
    let source = Source {
        conversion,
        ..Source::default()
    };
    let text = headings.text(record, Part::Value).unwrap_or_default();
    let figure = gather.figure(text, indicator, &source);
    let figure =
        figure.map_err(|fault| gather.report_cell(cell_place(headings, Part::Value, row), fault));
    let (Some((_, key)), Ok(item), Ok(figure), Ok(status)) = (key, item, figure, status) else {
        return;
    };
    if let Some(text) = headings.text(record, Part::Explanation) {
        let place = cell_place(headings, Part::Explanation, row);
        let indicator = Some(indicator.code().clone());
        gather.note(
            &key,
            Note {
                indicator,
                item: item.clone(),
                text: text.to_owned(),
                place,
            },
        );
    }
    gather.add(
        &key,
        cell_place(headings, Part::Value, row),
        (indicator, item),
        Says { figure, status },
    );
}

fn report_no_indicator(gather: &mut Gather<'_, '_>, place: Place) {
    gather.report(
        place,
        say!("没有写指标", "the indicator is not given"),
        say!(
            "写指标的代码或名称",
            "write the code or the name of the indicator"
        ),
    );
}
