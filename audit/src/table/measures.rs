//! The measures: one table of what came and when, one of how good it was, and what each column means.

use granary_core::measures::Measure;
use granary_proto::v1::{GroupBy, MeasureValue, MeasuresRow, measure_value::Value};

use super::{
    Key, Lay, basis,
    completeness::{DEPARTMENTS_EN, DEPARTMENTS_ZH, IMPORTED_EN, IMPORTED_ZH},
    draw, key_columns, total_cells,
};
use crate::{
    city::Measured,
    rates::Rate,
    words::{Manner, NOTHING},
};

/// The measures of the first table.
const ARRIVAL: [Measure; 5] = [
    Measure::ReportingRate,
    Measure::OnTimeRate,
    Measure::MedianLateness,
    Measure::NinetiethLateness,
    Measure::SystemUse,
];
/// The measures of the second table.
const QUALITY: [Measure; 9] = [
    Measure::RequiredCells,
    Measure::FirstTimeAcceptance,
    Measure::QualityEdits,
    Measure::ExplainedShare,
    Measure::ResponseTime,
    Measure::LowQuality,
    Measure::MeanRevision,
    Measure::MeanAbsoluteRevision,
    Measure::RelativeMeanAbsoluteRevision,
];

/// Draws measures that were grouped by `by`.
#[must_use]
pub fn measures(manner: &Manner, by: GroupBy, imported: bool, answer: &Measured) -> String {
    let mut text = arrival(manner, by, answer);
    text.push_str("\n\n");
    text.push_str(&quality(manner, by, answer));
    text.push_str("\n\n");
    for measure in ARRIVAL.iter().chain(&QUALITY) {
        text.push_str(&definition(manner, *measure));
    }
    if answer.total.imported > 0 {
        text.push_str(manner.say(IMPORTED_ZH, IMPORTED_EN));
    }
    if imported {
        text.push_str(manner.say(
            "本表把导入历史计入应报（--imported counted）\n",
            "Imported history counts among the slots expected in these tables (--imported counted)\n",
        ));
    }
    if by == GroupBy::Department {
        text.push_str(manner.say(DEPARTMENTS_ZH, DEPARTMENTS_EN));
    }
    if answer.listing.truncated {
        text.push_str(&basis::truncated(manner, answer.listing.rows.len()));
    }
    let listing = &answer.listing;
    text.push_str(&basis::basis(
        manner,
        &listing.basis,
        listing.applied_size_last,
    ));
    text
}

fn arrival(manner: &Manner, by: GroupBy, answer: &Measured) -> String {
    let by_units = match by {
        GroupBy::Unit | GroupBy::UnitDataset => true,
        GroupBy::Unspecified
        | GroupBy::Dataset
        | GroupBy::Period
        | GroupBy::DatasetPeriod
        | GroupBy::Department
        | GroupBy::Level => false,
    };
    let mut columns = key_columns(manner, by);
    columns.push((manner.say("应报", "expected"), Lay::Figures));
    columns.push((manner.say("导入", "imported"), Lay::Figures));
    columns.extend(ARRIVAL.map(|measure| (heading(manner, measure), Lay::Figures)));
    if by_units {
        columns.push((manner.say("最近报送", "last seen"), Lay::Words));
    }
    let cells = |row: &MeasuresRow| {
        let expected = row.counts.map_or(0, |counts| counts.expected);
        let mut cells = vec![expected.to_string(), row.imported.to_string()];
        cells.extend(ARRIVAL.map(|measure| shown(manner, row, measure)));
        if by_units {
            let last = row.last_seen_ms.map(|at_ms| manner.minute(at_ms));
            cells.push(last.unwrap_or_else(|| NOTHING.to_owned()));
        }
        cells
    };
    draw(&columns, lines(manner, by, answer, cells), manner.width)
}

fn quality(manner: &Manner, by: GroupBy, answer: &Measured) -> String {
    let mut columns = key_columns(manner, by);
    columns.extend(QUALITY.map(|measure| (heading(manner, measure), Lay::Figures)));
    let cells = |row: &MeasuresRow| QUALITY.map(|measure| shown(manner, row, measure)).to_vec();
    draw(&columns, lines(manner, by, answer, cells), manner.width)
}

/// The rows of a table, and one for everything.
fn lines(
    manner: &Manner,
    by: GroupBy,
    answer: &Measured,
    cells: impl Fn(&MeasuresRow) -> Vec<String>,
) -> Vec<Vec<String>> {
    let keys = key_columns(manner, by).len();
    let line = |row: &MeasuresRow| {
        let key = Key {
            unit: &row.unit,
            dataset: &row.dataset,
            period: &row.period,
            department: &row.department,
            level: &row.level,
            name: manner.pick(&row.name_zh, &row.name_en),
        };
        [key.cells(by), cells(row)].concat()
    };
    let rows = answer.listing.rows.iter().filter(|_| keys > 0);
    let total = [total_cells(manner, keys), cells(&answer.total)].concat();
    rows.map(line).chain([total]).collect()
}

fn shown(manner: &Manner, row: &MeasuresRow, measure: Measure) -> String {
    let of = |value: &&MeasureValue| value.measure == measure.word();
    let value = row.measures.iter().find(of);
    match value.and_then(|value| value.value.as_ref()) {
        None => NOTHING.to_owned(),
        Some(Value::Share(share)) => {
            let rate = Rate {
                numerator: share.numerator,
                denominator: share.denominator,
            };
            let percent = rate.percent().unwrap_or_default();
            format!("{percent}% ({}/{})", rate.numerator, rate.denominator)
        }
        Some(Value::DurationMs(ms)) => manner.duration(*ms),
        Some(Value::Number(number)) => format!("{number}%"),
    }
}

fn definition(manner: &Manner, measure: Measure) -> String {
    let (name, formula) = (measure.name(), measure.definition());
    let (heading, name) = (heading(manner, measure), name.get(manner.language));
    let formula = formula.get(manner.language);
    if heading == name {
        format!("{heading} = {formula}\n")
    } else {
        format!("{heading}: {name} = {formula}\n")
    }
}

/// A name that is short enough for a column.
const fn heading(manner: &Manner, measure: Measure) -> &'static str {
    match measure {
        Measure::ReportingRate => manner.say("报送率", "reporting"),
        Measure::OnTimeRate => manner.say("按时率", "on time"),
        Measure::MedianLateness => manner.say("迟报中位", "late, median"),
        Measure::NinetiethLateness => manner.say("迟报九成位", "late, p90"),
        Measure::RequiredCells => manner.say("必填率", "cells"),
        Measure::FirstTimeAcceptance => manner.say("一次通过率", "first time"),
        Measure::QualityEdits => manner.say("核实问题率", "questioned"),
        Measure::ExplainedShare => manner.say("说明率", "explained"),
        Measure::ResponseTime => manner.say("响应时间", "response"),
        Measure::MeanRevision => manner.say("平均修订", "MR"),
        Measure::MeanAbsoluteRevision => manner.say("绝对修订", "MAR"),
        Measure::RelativeMeanAbsoluteRevision => manner.say("相对修订", "RMAR"),
        Measure::LowQuality => manner.say("低质量", "low quality"),
        Measure::SystemUse => manner.say("应用率", "system use"),
    }
}
