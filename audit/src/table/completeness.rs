//! The completeness table: how many slots are in each state, and the two rates with their fractions.

use granary_core::text::Language;
use granary_proto::v1::{CompletenessRow, GetCompletenessResponse, GroupBy, StateCounts};

use super::{Key, Lay, basis, draw, key_columns, total_cells};
use crate::{
    rates::{self, Rate},
    words::{Manner, NOTHING},
};

/// Below a table with imported history.
pub(super) const IMPORTED_ZH: &str =
    "导入：仅有导入历史（系统启用前的到达记录）的份数；除非 --imported counted，不计入应报\n";
pub(super) const IMPORTED_EN: &str = "imported: slots that only imported history settles (arrivals from before the system); not among those expected unless --imported counted\n";
/// Below a table by department.
pub(super) const DEPARTMENTS_ZH: &str = "一张报表计入其指标所属的每个部门，各行之和可大于合计\n";
pub(super) const DEPARTMENTS_EN: &str = "A dataset counts for every department that owns one of its indicators, so rows may sum to more than the total\n";

/// Draws the answer to a question that was grouped by `by`.
#[must_use]
pub fn completeness(manner: &Manner, by: GroupBy, answer: &GetCompletenessResponse) -> String {
    let total = answer.total.unwrap_or_default();
    let mut columns = key_columns(manner, by);
    let keys = columns.len();
    columns.extend(count_columns(manner));
    let mut rows: Vec<Vec<String>> = answer
        .rows
        .iter()
        .map(|row| line(manner, by, row))
        .collect();
    if keys == 0 {
        rows = vec![counts(&total, answer.total_imported)];
    } else {
        let mut last = total_cells(manner, keys);
        last.extend(counts(&total, answer.total_imported));
        rows.push(last);
    }
    let mut text = draw(&columns, rows, manner.width);
    text.push_str("\n\n");
    text.push_str(&rule(manner));
    if total.pending > 0 {
        text.push_str(&interim(manner, total.pending));
    }
    if answer.total_imported > 0 {
        text.push_str(manner.say(IMPORTED_ZH, IMPORTED_EN));
    }
    if by == GroupBy::Department {
        text.push_str(manner.say(DEPARTMENTS_ZH, DEPARTMENTS_EN));
    }
    if !answer
        .rows
        .iter()
        .filter_map(|row| row.counts.as_ref())
        .chain([&total])
        .all(rates::sums)
    {
        text.push_str(manner.say(
            "警告：有的行五种状态之和不等于应报数，服务器有错误\n",
            "WARNING: in some row the five states do not sum to the slots expected; the server is wrong\n",
        ));
    }
    let stands_on = answer.basis.clone().unwrap_or_default();
    text.push_str(&basis::basis(manner, &stands_on, 0));
    text
}

fn count_columns(manner: &Manner) -> [(&'static str, Lay); 9] {
    [
        (manner.say("应报", "expected"), Lay::Figures),
        (manner.say("按时", "timely"), Lay::Figures),
        (manner.say("迟报", "late"), Lay::Figures),
        (manner.say("未报", "missing"), Lay::Figures),
        (manner.say("免报", "exempt"), Lay::Figures),
        (manner.say("待报", "pending"), Lay::Figures),
        (manner.say("导入", "imported"), Lay::Figures),
        (manner.say("报送率", "reporting rate"), Lay::Figures),
        (manner.say("按时率", "on-time rate"), Lay::Figures),
    ]
}

fn line(manner: &Manner, by: GroupBy, row: &CompletenessRow) -> Vec<String> {
    let key = Key {
        unit: &row.unit,
        dataset: &row.dataset,
        period: &row.period,
        department: &row.department,
        level: &row.level,
        name: manner.pick(&row.name_zh, &row.name_en),
    };
    let mut cells = key.cells(by);
    cells.extend(counts(&row.counts.unwrap_or_default(), row.imported));
    cells
}

fn counts(counts: &StateCounts, imported: u64) -> Vec<String> {
    let numbers = [
        counts.expected,
        counts.timely,
        counts.late,
        counts.missing,
        counts.exempt,
        counts.pending,
        imported,
    ];
    let numbers = numbers.iter().map(ToString::to_string);
    numbers
        .chain([rate(Rate::reporting(counts)), rate(Rate::on_time(counts))])
        .collect()
}

fn rate(rate: Rate) -> String {
    rate.percent().map_or_else(
        || NOTHING.to_owned(),
        |percent| format!("{percent}% ({}/{})", rate.numerator, rate.denominator),
    )
}

fn rule(manner: &Manner) -> String {
    manner
        .say(
            "报送率 = (按时 + 迟报) / (应报 - 免报)；按时率 = 按时 / (应报 - 免报)\n",
            "reporting rate = (timely + late) / (expected - exempt); on-time rate = timely / (expected - exempt)\n",
        )
        .to_owned()
}

fn interim(manner: &Manner, pending: u64) -> String {
    match manner.language {
        Language::Zh => {
            format!("有 {pending} 份待报（未到期、未收到），计入分母，所以两个率都是中间数\n")
        }
        Language::En => format!(
            "{pending} pending (not yet due, not yet accepted) are in the denominator, so both rates are interim\n"
        ),
    }
}
