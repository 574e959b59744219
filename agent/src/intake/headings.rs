//! The line of headings: which column plays which part, and so which of the two shapes a file has.
//!
//! | part | headings, in any case and width |
//! |---|---|
//! | unit | `unit` `unit code` `ref_area` 填报单位 填报单位代码 单位代码 |
//! | dataset | `dataset` 报表 报表代码 表号 |
//! | period | `period` `reference period` `time_period` 报告期 |
//! | indicator | `indicator` 指标 指标代码 |
//! | item | `item` 明细项 项目 |
//! | value | `value` `obs_value` 数值 值 本期 本期数 本期值 |
//! | status | `status` `obs_status` 状态 观测状态 |
//! | explanation | `explanation` `note` 说明 情况说明 |
//! | unit of measure | `unit of measure` `unit_measure` 计量单位 |
//!
//! A file with a value column is long: one row for each observation. Any other file is wide: one row for each unit and
//! period, and every further heading is an indicator, by code or by name. 指标名称 and 单位名称 beside a code column are for the
//! reader's eye and are passed over, like 序号.

use std::collections::BTreeMap;

use csv::StringRecord;

use super::{
    cell::trim,
    fault::{Column, Fault, Faults, Place, clip, say},
    names::{folded, nearest},
};

/// The part that a column plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The reporting unit.
    Unit,
    /// The dataset.
    Dataset,
    /// The reference period.
    Period,
    /// The indicator.
    Indicator,
    /// The item.
    Item,
    /// The value.
    Value,
    /// The observation status.
    Status,
    /// An explanation of unusual figures.
    Explanation,
    /// The unit of measure.
    Measure,
    /// The unit's name.
    UnitName,
    /// The indicator's name.
    IndicatorName,
    /// A running number.
    Number,
}

const WORDS: [(Part, &[&str]); 12] = [
    (
        Part::Unit,
        &[
            "填报单位",
            "单位代码",
            "填报单位代码",
            "unit",
            "unitcode",
            "ref_area",
        ],
    ),
    (Part::Dataset, &["报表", "报表代码", "表号", "dataset"]),
    (
        Part::Period,
        &["报告期", "period", "referenceperiod", "time_period"],
    ),
    (Part::Indicator, &["指标", "指标代码", "indicator"]),
    (Part::Item, &["明细项", "项目", "item"]),
    (
        Part::Value,
        &[
            "数值",
            "值",
            "本期",
            "本期数",
            "本期值",
            "value",
            "obs_value",
        ],
    ),
    (Part::Status, &["状态", "观测状态", "status", "obs_status"]),
    (
        Part::Explanation,
        &["说明", "情况说明", "explanation", "note"],
    ),
    (
        Part::Measure,
        &["计量单位", "unitofmeasure", "unit_measure"],
    ),
    (Part::UnitName, &["单位名称", "填报单位名称", "unitname"]),
    (Part::IndicatorName, &["指标名称", "indicatorname"]),
    (Part::Number, &["序号", "no", "no."]),
];

/// The columns of a file.
#[derive(Clone, Debug)]
pub(super) struct Headings {
    columns: Vec<Column>,
    parts: BTreeMap<Part, usize>,
    /// Columns with a heading that plays no part: the indicators of a wide file.
    others: Vec<Column>,
}

impl Headings {
    /// Reads the line of headings.
    #[must_use]
    pub(super) fn read(record: &StringRecord, row: u64, faults: &mut Faults) -> Self {
        let columns: Vec<Column> = record
            .iter()
            .enumerate()
            .map(|(index, heading)| Column {
                index,
                heading: trim(heading).into(),
            })
            .collect();
        let mut headings = Self {
            columns,
            parts: BTreeMap::new(),
            others: Vec::new(),
        };
        for column in headings.columns.clone() {
            headings.place(column, row, faults);
        }
        headings.promote(Part::UnitName, Part::Unit);
        headings.promote(Part::IndicatorName, Part::Indicator);
        headings
    }

    /// Whether the file has one row for each observation.
    #[must_use]
    pub(super) fn is_long(&self) -> bool {
        self.parts.contains_key(&Part::Value)
    }

    /// The column that plays a part.
    #[must_use]
    pub(super) fn column(&self, part: Part) -> Option<&Column> {
        self.columns.get(*self.parts.get(&part)?)
    }

    /// All columns.
    #[must_use]
    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns that play no part, in order.
    #[must_use]
    pub(super) fn others(&self) -> &[Column] {
        &self.others
    }

    /// The trimmed text in the column of a part; `None` where there is no such column or the cell is blank.
    #[must_use]
    pub(super) fn text<'r>(&self, record: &'r StringRecord, part: Part) -> Option<&'r str> {
        let text = trim(record.get(*self.parts.get(&part)?)?);
        (!text.is_empty()).then_some(text)
    }

    fn place(&mut self, column: Column, row: u64, faults: &mut Faults) {
        if column.heading.is_empty() {
            return;
        }
        let Some(part) = part_of(&column.heading) else {
            self.others.push(column);
            return;
        };
        let index = column.index;
        if let Some(first) = self
            .parts
            .get(&part)
            .and_then(|first| self.columns.get(*first))
        {
            let (letters, found) = (first.letters(), clip(&column.heading));
            faults.report(Fault::new(
                Place::cell(row, column),
                say!(
                    "“{found}”与 {letters} 列的标题作用相同",
                    "\"{found}\" says the same as the heading of column {letters}"
                ),
                say!(
                    "删去或改名其中一列",
                    "remove or rename one of the two columns"
                ),
            ));
            return;
        }
        self.parts.insert(part, index);
    }

    /// Lets a name column stand in for a code column that is not there.
    fn promote(&mut self, name: Part, code: Part) {
        if !self.parts.contains_key(&code)
            && let Some(index) = self.parts.remove(&name)
        {
            self.parts.insert(code, index);
        }
    }
}

/// The words for a part that are near to a heading, for "did you mean".
#[must_use]
pub(super) fn near_words(heading: &str) -> Vec<&'static str> {
    nearest(
        heading,
        WORDS.iter().flat_map(|(_, words)| words.iter().copied()),
    )
}

fn part_of(heading: &str) -> Option<Part> {
    let find = |text: &str| {
        let key = folded(text);
        let found = WORDS
            .iter()
            .find(|(_, words)| words.contains(&key.as_str()));
        found.map(|(part, _)| *part)
    };
    // A heading in two languages: 数值 Value.
    let first = || {
        heading
            .split_whitespace()
            .next()
            .filter(|word| !word.is_ascii())
    };
    find(heading).or_else(|| find(first()?))
}

/// Whether a heading plays a part, so that the line that it stands in may be that of the headings.
#[must_use]
pub(super) fn is_part(heading: &str) -> bool {
    part_of(heading).is_some()
}
