//! The screening of a period: what is unusual, what each detector did, and how many flags chance alone would give.

use granary_proto::v1::{DetectorFlag, DetectorSummary, ScreenPeriodResponse};

use super::{Lay, basis, draw};
use crate::words::{Manner, NOTHING};

/// Draws a screening.
#[must_use]
pub fn screening(manner: &Manner, answer: &ScreenPeriodResponse) -> String {
    let mut text = flags(manner, &answer.flags);
    text.push_str("\n\n");
    text.push_str(&summaries(manner, &answer.summaries));
    text.push_str("\n\n");
    text.push_str(&total(manner, answer));
    if answer.truncated {
        text.push_str(&basis::truncated(manner, answer.flags.len()));
    }
    let basis = answer.basis.clone().unwrap_or_default();
    text.push_str(&basis::basis(manner, &basis, basis.applied_size));
    text
}

fn flags(manner: &Manner, flags: &[DetectorFlag]) -> String {
    let columns = [
        (manner.say("检测器", "detector"), Lay::Words),
        (manner.say("单位", "unit"), Lay::Text),
        (manner.say("指标", "indicator"), Lay::Words),
        (manner.say("统计量", "statistic"), Lay::Figures),
        (manner.say("p 值", "p-value"), Lay::Figures),
        (manner.say("疑问", "what is unusual"), Lay::Text),
    ];
    let rows = flags.iter().map(|flag| {
        let name = manner.pick(&flag.unit_name_zh, &flag.unit_name_en);
        let unit = format!("{} {name}", flag.unit).trim().to_owned();
        vec![
            flag.detector.clone(),
            or_nothing(&unit),
            or_nothing(&flag.indicator),
            or_nothing(&flag.statistic),
            or_nothing(&flag.p_value),
            manner.pick(&flag.message_zh, &flag.message_en).to_owned(),
        ]
    });
    draw(&columns, rows.collect(), manner.width)
}

fn summaries(manner: &Manner, summaries: &[DetectorSummary]) -> String {
    let columns = [
        (manner.say("检测器", "detector"), Lay::Words),
        (manner.say("方法", "method"), Lay::Words),
        (manner.say("检验数", "tests"), Lay::Figures),
        (manner.say("疑问数", "flags"), Lay::Figures),
        (manner.say("偶然预期", "by chance"), Lay::Figures),
        (manner.say("无法计算", "not computable"), Lay::Figures),
        (manner.say("原因（首个）", "why (the first)"), Lay::Text),
    ];
    let rows = summaries.iter().map(|line| {
        let reason = manner.pick(&line.reason_zh, &line.reason_en);
        vec![
            line.detector.clone(),
            line.method.clone(),
            line.tests.to_string(),
            line.flags.to_string(),
            line.expected_by_chance_milli
                .map_or(NOTHING.to_owned(), thousandths),
            line.not_computable.to_string(),
            or_nothing(reason),
        ]
    });
    draw(&columns, rows.collect(), manner.width)
}

fn total(manner: &Manner, answer: &ScreenPeriodResponse) -> String {
    let of_chance = |line: &&DetectorSummary| line.expected_by_chance_milli.is_some();
    let lines = answer.summaries.iter().filter(of_chance);
    let flags: u32 = lines.clone().map(|line| line.flags).sum();
    let expected: u64 = lines.filter_map(|line| line.expected_by_chance_milli).sum();
    let expected = thousandths(expected);
    let text = manner.say(
        "疑问只是请单位核实，不是结论。可计算偶然性的方法共提出",
        "A flag is a question, not a finding. Of the methods that make a statement of chance",
    );
    let rest = manner.say(
        "个疑问，偶然预期",
        "flags were raised; chance alone would give",
    );
    format!("{text}: {flags} {rest}: {expected}\n")
}

fn thousandths(milli: u64) -> String {
    format!("{}.{:03}", milli / 1_000, milli % 1_000)
}

fn or_nothing(text: &str) -> String {
    if text.is_empty() { NOTHING } else { text }.to_owned()
}
