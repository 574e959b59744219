//! The tables of early warning: risks, the curve of arrivals, and how good forecasts were.

use granary_proto::v1::{
    ArrivalPoint, Basis, ForecastHorizon, ForecastScore, ForecastVerdict, GetArrivalsResponse,
    GetCalibrationResponse, HorizonScore, ListRisksResponse, Named, ReliabilityBin, RiskLine,
    Words,
};

use super::{Lay, basis, draw};
use crate::words::{Manner, NOTHING};

/// Draws open slots, the most endangered first.
#[must_use]
pub fn risks(manner: &Manner, answer: &ListRisksResponse) -> String {
    let columns = [
        (manner.say("迟报可能", "chance"), Lay::Figures),
        (manner.say("单位", "unit"), Lay::Words),
        (manner.say("名称", "name"), Lay::Text),
        (manner.say("报表", "dataset"), Lay::Words),
        (manner.say("报告期", "period"), Lay::Words),
        (manner.say("截止", "due"), Lay::Words),
        (manner.say("往期迟报", "late before"), Lay::Figures),
        (manner.say("理由", "why"), Lay::Text),
    ];
    let rows = answer.risks.iter().map(|line| risk(manner, line));
    let mut text = draw(&columns, rows.collect(), manner.width);
    text.push_str("\n\n");
    let counted = |zh, en, count: u64| format!("{}: {count}\n", manner.say(zh, en));
    text.push_str(&counted("符合条件", "asked for", answer.wanted));
    text.push_str(&counted("待报", "pending", answer.pending));
    if answer.overdue > 0 {
        text.push_str(&counted("已逾期", "late already", answer.overdue));
    }
    if answer.unknown > 0 {
        let zh = "所属报表尚无一期到期，无法预警";
        let en = "of datasets of which nothing was due yet, so that nothing can be said";
        text.push_str(&counted(zh, en, answer.unknown));
    }
    if answer.wanted > answer.risks.len() as u64 {
        text.push_str(&basis::truncated(manner, answer.risks.len()));
    }
    text.push_str(manner.say(
        "这是按往期推算的可能性，不是结论；是否可信见 granary-audit calibrate\n",
        "These are chances from the past, not verdicts; granary-audit calibrate says how good they are\n",
    ));
    text.push_str(&zone(manner));
    text.push_str(&stands_on(manner, answer.basis.as_ref()));
    text
}

/// Draws what was expected by when, and what arrived.
#[must_use]
pub fn arrivals(manner: &Manner, answer: &GetArrivalsResponse) -> String {
    let columns = [
        (manner.say("时刻", "by"), Lay::Words),
        (manner.say("距截止", "before due"), Lay::Words),
        (manner.say("往常应到", "expected"), Lay::Figures),
        (
            manner.say("常见范围（10-90%）", "usual range (10-90%)"),
            Lay::Figures,
        ),
        (manner.say("实到", "arrived"), Lay::Figures),
    ];
    let due_at_ms = answer.due_at_ms;
    let points = answer.points.iter();
    let rows = points.map(|at| point(manner, due_at_ms, at));
    let mut text = format!(
        "{} {} {}\n{}: {}; {}: {}\n\n",
        code(answer.dataset.as_ref()),
        name(manner, answer.dataset.as_ref()),
        answer.period,
        manner.say("应报（不含免报）", "owed"),
        answer.owed,
        manner.say("依据往期数", "past periods"),
        answer.periods_known,
    );
    text.push_str(&draw(&columns, rows.collect(), manner.width));
    text.push_str("\n\n");
    if let Some(now) = &answer.now {
        text.push_str(&summary(manner, now));
    }
    text.push_str(&zone(manner));
    text.push_str(&stands_on(manner, answer.basis.as_ref()));
    text
}

/// Draws how good forecasts were.
#[must_use]
pub fn calibration(manner: &Manner, answer: &GetCalibrationResponse) -> String {
    let mut text = format!("{}\n\n", words(manner, answer.verdict.as_ref()));
    text.push_str(&scores(manner, answer));
    text.push_str("\n\n");
    text.push_str(&reliability(manner, &answer.bins));
    text.push_str("\n\n");
    if answer.unknown > 0 {
        let label = manner.say(
            "当时其报表尚无一期到期，未作预报",
            "not forecast, since nothing of their dataset was over then",
        );
        text.push_str(&format!("{label}: {}\n", answer.unknown));
    }
    text.push_str(manner.say(
        "技巧评分 = 1 - Brier / 同一时刻基准率的 Brier；大于 0 为优。公式与出处见 docs/FORECAST.md\n",
        "skill = 1 - Brier / Brier of the base rate at the same hour; above 0 is better. docs/FORECAST.md has the formulas\n",
    ));
    text.push_str(&stands_on(manner, answer.basis.as_ref()));
    text
}

fn risk(manner: &Manner, line: &RiskLine) -> Vec<String> {
    vec![
        format!("{}%", line.chance_percent),
        code(line.unit.as_ref()).to_owned(),
        name(manner, line.unit.as_ref()).to_owned(),
        code(line.dataset.as_ref()).to_owned(),
        line.period.clone(),
        manner.minute(line.due_at_ms),
        format!("{}/{}", line.late, line.known),
        words(manner, line.reason.as_ref()).to_owned(),
    ]
}

fn point(manner: &Manner, due_at_ms: i64, point: &ArrivalPoint) -> Vec<String> {
    let before = match due_at_ms.saturating_sub(point.at_ms) {
        0 => manner.say("截止时", "when due").to_owned(),
        lead_ms => manner.duration(lead_ms),
    };
    let arrived = point.arrived.map(|count| count.to_string());
    vec![
        manner.minute(point.at_ms),
        before,
        or_nothing(&point.expected).to_owned(),
        band(point),
        arrived.unwrap_or_else(|| NOTHING.to_owned()),
    ]
}

fn summary(manner: &Manner, now: &ArrivalPoint) -> String {
    let arrived = now.arrived.unwrap_or_default();
    let expected = or_nothing(&now.expected);
    let band = band(now);
    match manner.language {
        granary_core::text::Language::Zh => {
            format!("此时往常应到 {expected}（常见范围 {band}），实到 {arrived}\n")
        }
        granary_core::text::Language::En => {
            format!("expected by now {expected} (usually {band}), arrived {arrived}\n")
        }
    }
}

fn band(point: &ArrivalPoint) -> String {
    if point.low.is_empty() {
        return NOTHING.to_owned();
    }
    format!("{}-{}", point.low, point.high)
}

fn scores(manner: &Manner, answer: &GetCalibrationResponse) -> String {
    let columns = [
        (manner.say("预报时刻", "forecast"), Lay::Words),
        (manner.say("预报", "forecasts"), Lay::Figures),
        (manner.say("迟报", "late"), Lay::Figures),
        (manner.say("Brier", "Brier"), Lay::Figures),
        (manner.say("基准率", "base rate"), Lay::Figures),
        (manner.say("同刻基准率", "at that hour"), Lay::Figures),
        (manner.say("技巧", "skill"), Lay::Figures),
        (manner.say("可靠", "reliability"), Lay::Figures),
        (manner.say("分辨", "resolution"), Lay::Figures),
        (manner.say("不确定", "uncertainty"), Lay::Figures),
        (manner.say("对数损失", "log loss"), Lay::Figures),
        (manner.say("判断", "verdict"), Lay::Words),
    ];
    let own = |line: &HorizonScore| {
        let score = line.score.as_ref()?;
        Some(score_line(manner, horizon(manner, line.horizon), score))
    };
    let all = answer.score.as_ref();
    let all = all.map(|score| score_line(manner, manner.say("合计", "all"), score));
    let rows = answer.horizons.iter().filter_map(own).chain(all);
    draw(&columns, rows.collect(), manner.width)
}

fn score_line(manner: &Manner, label: &str, score: &ForecastScore) -> Vec<String> {
    vec![
        label.to_owned(),
        score.forecasts.to_string(),
        score.late.to_string(),
        score.brier.clone(),
        score.brier_base.clone(),
        score.brier_base_then.clone(),
        or_nothing(&score.skill).to_owned(),
        score.reliability.clone(),
        score.resolution.clone(),
        score.uncertainty.clone(),
        score.log_loss.clone(),
        verdict(manner, score.verdict).to_owned(),
    ]
}

fn reliability(manner: &Manner, bins: &[ReliabilityBin]) -> String {
    let columns = [
        (manner.say("预报可能", "chance"), Lay::Words),
        (manner.say("预报", "forecasts"), Lay::Figures),
        (manner.say("平均预报", "mean chance"), Lay::Figures),
        (manner.say("迟报", "late"), Lay::Figures),
        (manner.say("实际迟报率", "share late"), Lay::Figures),
        (manner.say("95% 区间", "95% interval"), Lay::Figures),
    ];
    let rows = bins.iter().map(|bin| {
        let interval = if bin.low_percent.is_empty() {
            NOTHING.to_owned()
        } else {
            format!("{}-{}%", bin.low_percent, bin.high_percent)
        };
        vec![
            format!("{}-{}%", bin.from_percent, bin.to_percent),
            bin.forecasts.to_string(),
            per_cent(&bin.mean_percent),
            bin.late.to_string(),
            per_cent(&bin.observed_percent),
            interval,
        ]
    });
    draw(&columns, rows.collect(), manner.width)
}

fn horizon<'a>(manner: &Manner, number: i32) -> &'a str {
    match ForecastHorizon::try_from(number).unwrap_or_default() {
        ForecastHorizon::Opening => manner.say("报告期结束时", "when reporting begins"),
        ForecastHorizon::ThreeDays => manner.say("截止前 3 天", "3 days before due"),
        ForecastHorizon::OneDay => manner.say("截止前 1 天", "1 day before due"),
        ForecastHorizon::SixHours => manner.say("截止前 6 小时", "6 hours before due"),
        ForecastHorizon::OneHour => manner.say("截止前 1 小时", "1 hour before due"),
        ForecastHorizon::Unspecified => NOTHING,
    }
}

fn verdict<'a>(manner: &Manner, number: i32) -> &'a str {
    match ForecastVerdict::try_from(number).unwrap_or_default() {
        ForecastVerdict::TooShort => manner.say("历史太短", "too short"),
        ForecastVerdict::Better => manner.say("优于基准", "better"),
        ForecastVerdict::Alike => manner.say("无差别", "no difference"),
        ForecastVerdict::Worse => manner.say("不如基准", "worse"),
        ForecastVerdict::Unspecified => NOTHING,
    }
}

fn code(named: Option<&Named>) -> &str {
    named.map_or(NOTHING, |named| named.code.as_str())
}

fn name<'a>(manner: &Manner, named: Option<&'a Named>) -> &'a str {
    words(manner, named.and_then(|named| named.name.as_ref()))
}

fn words<'a>(manner: &Manner, words: Option<&'a Words>) -> &'a str {
    words.map_or(NOTHING, |words| manner.pick(&words.zh, &words.en))
}

fn per_cent(text: &str) -> String {
    if text.is_empty() {
        return NOTHING.to_owned();
    }
    format!("{text}%")
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { NOTHING } else { text }
}

fn zone(manner: &Manner) -> String {
    let label = manner.say("时间所在时区", "times are those of");
    format!("{label}: {}\n", manner.zone_name())
}

fn stands_on(manner: &Manner, stands_on: Option<&Basis>) -> String {
    let stands_on = stands_on.cloned().unwrap_or_default();
    basis::basis(manner, &stands_on, stands_on.applied_size)
}
