//! The wide shape: one row for each unit and period, indicators as columns, by code or by name.
//!
//! ```text
//! # 报表: quarterly-accounts
//! 填报单位,报告期,地区生产总值（亿元）,第一产业增加值
//! 520100,2021-Q3,3102.44,118.23
//! ```
//! A heading may carry the unit of measure in brackets: the catalogue's, or one that the catalogue converts to it. An explanation belongs to all figures of
//! its row. A mark in a cell (`NA`, `-`) states an absence; there is no column of statuses.

use csv::StringRecord;
use granary_core::catalogue::Indicator;

use super::{
    fault::{Column, Place, clip, say},
    gather::{Gather, Says, cell_place, report_beyond},
    headings::{Headings, Part, near_words},
    names::{hint, split_measure},
    number::Source,
};
use crate::draft::Note;

/// The indicator columns of a wide file.
pub(super) struct Wide<'a> {
    columns: Vec<(Column, &'a Indicator, Source<'a>)>,
}

impl<'a> Wide<'a> {
    /// Finds the indicator of every heading.
    pub(super) fn read(gather: &mut Gather<'_, 'a>, headings: &Headings, row: u64) -> Self {
        let mut columns: Vec<(Column, &Indicator, Source<'_>)> = Vec::new();
        for part in [Part::Status, Part::Indicator, Part::Measure] {
            if headings.column(part).is_some() {
                gather.report(
                    cell_place(headings, part, row),
                    say!(
                        "以指标作标题的表中不能有这一列",
                        "a table with indicators as headings cannot have this column"
                    ),
                    say!(
                        "删去这一列；如果一行一个数值，加上标题为“数值”的列",
                        "remove it; or, for one figure in each row, add a column \"value\""
                    ),
                );
            }
        }
        // Where each row names its dataset, headings are looked for among all indicators.
        let dataset = match headings.column(Part::Dataset) {
            Some(_) => None,
            None => gather.default_dataset(),
        };
        for column in headings.others() {
            let Some((indicator, source)) = find(gather, column, dataset, row) else {
                continue;
            };
            columns.push((column.clone(), indicator, source));
        }
        if columns.is_empty() && gather.faults.is_empty() {
            gather.report(
                Place::row(row),
                say!("标题行里没有指标", "there is no indicator among the headings"),
                say!("用指标的代码或名称作标题，或用“指标”和“数值”两列", "use codes or names of indicators as headings, or the columns \"indicator\" and \"value\""),
            );
        }
        Self { columns }
    }

    /// Takes one row in.
    pub(super) fn read_row(
        &self,
        gather: &mut Gather<'_, 'a>,
        headings: &Headings,
        record: &StringRecord,
        row: u64,
    ) {
        report_beyond(gather, headings, record, row);
        let key = gather.key(headings, record, row);
        let item = gather.item(headings, record, row);
        let mut readings = Vec::new();
        for (column, indicator, source) in &self.columns {
            let place = Place::cell(row, column.clone());
            let text = record.get(column.index).unwrap_or_default();
            match gather.figure(text, indicator, source) {
                Ok(figure) => readings.push((place, *indicator, figure)),
                Err(fault) => gather.report_cell(place, fault),
            }
        }
        let (Some((_, key)), Ok(item)) = (key, item) else {
            return;
        };
        if let Some(text) = headings.text(record, Part::Explanation) {
            let place = cell_place(headings, Part::Explanation, row);
            gather.note(
                &key,
                Note {
                    indicator: None,
                    item: item.clone(),
                    text: text.to_owned(),
                    place,
                },
            );
        }
        for (place, indicator, figure) in readings {
            let says = Says {
                figure,
                status: None,
            };
            gather.add(&key, place, (indicator, item.clone()), says);
        }
    }
}

fn find<'a>(
    gather: &mut Gather<'_, 'a>,
    column: &Column,
    dataset: Option<&'a granary_core::catalogue::Dataset>,
    row: u64,
) -> Option<(&'a Indicator, Source<'a>)> {
    let place = Place::cell(row, column.clone());
    // A name may itself end in brackets, so the whole heading is tried first.
    let source = |conversion| Source {
        conversion,
        ..Source::default()
    };
    if let Ok(indicator) = gather.names.indicator(&column.heading, dataset) {
        let conversion = gather.conversion(indicator, None, &place);
        return Some((indicator, source(conversion)));
    }
    let (name, measure) = split_measure(&column.heading);
    match gather.names.indicator(&name, dataset) {
        Ok(indicator) => {
            let conversion = gather.conversion(indicator, measure.as_deref(), &place);
            Some((indicator, source(conversion)))
        }
        Err(mut unknown) => {
            let words = near_words(&column.heading);
            if !words.is_empty() {
                unknown.problem = {
                    let found = clip(&column.heading);
                    say!(
                        "不认识标题“{found}”",
                        "the heading \"{found}\" is not known"
                    )
                };
                unknown.remedy = hint(&words, ("标题", "heading"));
            }
            gather.report(place, unknown.problem, unknown.remedy);
            None
        }
    }
}
