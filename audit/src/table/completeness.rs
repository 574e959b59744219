//! The completeness table: how many slots are in each state, and the two rates with their fractions.

use granary_core::text::Language;
use granary_proto::v1::{CompletenessRow, GetCompletenessResponse, GroupBy, StateCounts};

use super::{Lay, basis, draw};
use crate::{
    rates::{self, Rate},
    words::{Manner, NOTHING},
};

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
        rows = vec![counts(&total)];
    } else {
        let mut last = vec![String::new(); keys];
        last[0] = manner.say("合计", "total").to_owned();
        last.extend(counts(&total));
        rows.push(last);
    }
    let mut text = draw(&columns, rows, manner.width);
    text.push_str("\n\n");
    text.push_str(&rule(manner));
    if total.pending > 0 {
        text.push_str(&interim(manner, total.pending));
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

fn key_columns(manner: &Manner, by: GroupBy) -> Vec<(&'static str, Lay)> {
    let unit = (manner.say("单位", "unit"), Lay::Words);
    let dataset = (manner.say("报表", "dataset"), Lay::Words);
    let period = (manner.say("报告期", "period"), Lay::Words);
    let name = (manner.say("名称", "name"), Lay::Text);
    match by {
        GroupBy::Unspecified => Vec::new(),
        GroupBy::Unit => vec![unit, name],
        GroupBy::Dataset => vec![dataset, name],
        GroupBy::Period => vec![period],
        GroupBy::DatasetPeriod => vec![dataset, name, period],
    }
}

fn count_columns(manner: &Manner) -> [(&'static str, Lay); 8] {
    [
        (manner.say("应报", "expected"), Lay::Figures),
        (manner.say("按时", "timely"), Lay::Figures),
        (manner.say("迟报", "late"), Lay::Figures),
        (manner.say("未报", "missing"), Lay::Figures),
        (manner.say("免报", "exempt"), Lay::Figures),
        (manner.say("待报", "pending"), Lay::Figures),
        (manner.say("报送率", "reporting rate"), Lay::Figures),
        (manner.say("按时率", "on-time rate"), Lay::Figures),
    ]
}

fn line(manner: &Manner, by: GroupBy, row: &CompletenessRow) -> Vec<String> {
    let name = manner.pick(&row.name_zh, &row.name_en).to_owned();
    let mut cells = match by {
        GroupBy::Unspecified => Vec::new(),
        GroupBy::Unit => vec![row.unit.clone(), name],
        GroupBy::Dataset => vec![row.dataset.clone(), name],
        GroupBy::Period => vec![row.period.clone()],
        GroupBy::DatasetPeriod => vec![row.dataset.clone(), name, row.period.clone()],
    };
    cells.extend(counts(&row.counts.unwrap_or_default()));
    cells
}

fn counts(counts: &StateCounts) -> Vec<String> {
    let numbers = [
        counts.expected,
        counts.timely,
        counts.late,
        counts.missing,
        counts.exempt,
        counts.pending,
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
