//! Names, periods and measures in words.

use granary_core::{
    bulletin::{MeasureValue, Measured, Named, Words},
    completeness::SlotState,
    decimal::Decimal,
    measures::Measure,
    period::{Period, Periodicity},
    text::Language,
};

use super::{Cell, Tone, cell};
use crate::words::Manner;

/// A text in the language asked for.
pub(super) fn words<'a>(manner: &Manner, words: &'a Words) -> &'a str {
    manner.pick(&words.zh, &words.en)
}

/// The name of a code; the code itself where it has none.
pub(super) fn name<'a>(manner: &Manner, named: &'a Named) -> &'a str {
    match words(manner, &named.name) {
        "" => &named.code,
        name => name,
    }
}

/// The longest name within a sentence, in characters.
const NAME_CHARS_MAX: usize = 40;

/// The name of a code, short enough to stand within a sentence.
pub(super) fn short(manner: &Manner, named: &Named) -> String {
    cell::clip(name(manner, named), NAME_CHARS_MAX)
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const QUARTERS: [(&str, &str); 4] = [
    ("一", "first"),
    ("二", "second"),
    ("三", "third"),
    ("四", "fourth"),
];

/// A period in words: `2021年第三季度`, `the third quarter of 2021`; what is no period is left alone.
pub(super) fn period(manner: &Manner, text: &str) -> String {
    match Period::parse(text) {
        Ok(period) => match manner.language {
            Language::Zh => period_zh(period),
            Language::En => period_en(period),
        },
        Err(_) => text.to_owned(),
    }
}

fn period_zh(period: Period) -> String {
    let (year, number) = (period.year(), period.number());
    match period.periodicity() {
        Periodicity::Annual => format!("{year}年"),
        Periodicity::HalfYear if number == 1 => format!("{year}年上半年"),
        Periodicity::HalfYear => format!("{year}年下半年"),
        Periodicity::Quarter => format!("{year}年第{}季度", quarter(number).0),
        Periodicity::Month => format!("{year}年{number}月"),
        Periodicity::Day => {
            let day = period.first_day();
            format!("{year}年{}月{}日", day.month(), day.day())
        }
    }
}

fn period_en(period: Period) -> String {
    let (year, number) = (period.year(), period.number());
    let month = |number: i32| {
        let at = usize::try_from(number - 1).unwrap_or_default();
        MONTHS.get(at).copied().unwrap_or_default()
    };
    match period.periodicity() {
        Periodicity::Annual => year.to_string(),
        Periodicity::HalfYear if number == 1 => format!("the first half of {year}"),
        Periodicity::HalfYear => format!("the second half of {year}"),
        Periodicity::Quarter => format!("the {} quarter of {year}", quarter(number).1),
        Periodicity::Month => format!("{} {year}", month(number)),
        Periodicity::Day => {
            let day = period.first_day();
            format!("{} {} {year}", day.day(), month(day.month().into()))
        }
    }
}

fn quarter(number: i32) -> (&'static str, &'static str) {
    let at = usize::try_from(number - 1).unwrap_or_default();
    QUARTERS.get(at).copied().unwrap_or_default()
}

/// The name of a measure; its word where it is not known.
pub(super) fn measure(manner: &Manner, word: &str) -> String {
    if word == "target_progress" {
        return manner
            .say("目标进度", "progress towards targets")
            .to_owned();
    }
    let known = Measure::from_word(word);
    known.map_or_else(
        || word.to_owned(),
        |measure| measure.name().get(manner.language).to_owned(),
    )
}

/// The value of a measure as a cell.
pub(super) fn value(value: &MeasureValue) -> Cell {
    match &value.value {
        None => Cell::Nothing,
        Some(Measured::Share(share)) => Cell::Share(share.clone()),
        Some(Measured::DurationMs(ms)) => Cell::Duration(*ms),
        Some(Measured::Number(text)) if in_percent(&value.measure) => Cell::Percent(text.clone()),
        Some(Measured::Number(text)) => Cell::number(text),
    }
}

/// Revisions are told in per cent of the first figure.
fn in_percent(word: &str) -> bool {
    Measure::from_word(word).is_some_and(|measure| match measure {
        Measure::MeanRevision
        | Measure::MeanAbsoluteRevision
        | Measure::RelativeMeanAbsoluteRevision => true,
        Measure::ReportingRate
        | Measure::OnTimeRate
        | Measure::MedianLateness
        | Measure::NinetiethLateness
        | Measure::RequiredCells
        | Measure::FirstTimeAcceptance
        | Measure::QualityEdits
        | Measure::ExplainedShare
        | Measure::ResponseTime
        | Measure::LowQuality
        | Measure::SystemUse => false,
    })
}

/// The value of one measure in a list.
pub(super) fn of(list: &[MeasureValue], measure: Measure) -> Cell {
    let found = list.iter().find(|value| value.measure == measure.word());
    found.map_or(Cell::Nothing, value)
}

/// What a measure changed by, as it is read, and whether for the better. Shares and percentages differ by points of
/// their printed figures, so that a reader who subtracts one from the other gets the same.
pub(super) fn change(manner: &Manner, word: &str, now: &Cell, before: &Cell) -> (String, Tone) {
    let printed = |cell: &Cell| match cell {
        Cell::Share(share) => cell::share_percent(share),
        Cell::Percent(text) | Cell::Number(text) => Some(text.clone()),
        Cell::Nothing
        | Cell::Text(_)
        | Cell::Count(_)
        | Cell::Change(_)
        | Cell::Duration(_)
        | Cell::Instant(_)
        | Cell::Movement(_)
        | Cell::Mark(_)
        | Cell::Progress(..)
        | Cell::Chance(_) => None,
    };
    if let (Cell::Duration(now), Cell::Duration(before)) = (now, before) {
        let by = now.saturating_sub(*before);
        let sign = if by < 0 { "-" } else { "+" };
        let ms = i64::try_from(by.unsigned_abs()).unwrap_or(i64::MAX);
        let text = if ms == 0 {
            same(manner)
        } else {
            format!("{sign}{}", manner.duration(ms))
        };
        return (text, tone(word, by.into()));
    }
    let values = printed(now)
        .zip(printed(before))
        .and_then(|(now, before)| Some((Decimal::parse(&now).ok()?, Decimal::parse(&before).ok()?)))
        .and_then(|(now, before)| now.checked_sub(before));
    let Some(by) = values else {
        return (String::new(), Tone::Quiet);
    };
    if by.is_zero() {
        return (same(manner), Tone::Quiet);
    }
    let text = cell::signed(&by.to_string());
    let text = if matches!(now, Cell::Number(_)) {
        text
    } else {
        format!("{text} {}", manner.say("个百分点", "points"))
    };
    (text, tone(word, by.mantissa()))
}

fn same(manner: &Manner) -> String {
    manner.say("持平", "unchanged").to_owned()
}

/// Whether a change by `by` is for the better.
fn tone(word: &str, by: i128) -> Tone {
    let Some(more_is_better) = Measure::from_word(word).and_then(more_is_better) else {
        return Tone::Plain;
    };
    match by.signum() {
        0 => Tone::Quiet,
        sign if (sign > 0) == more_is_better => Tone::Good,
        _ => Tone::Bad,
    }
}

/// `None` where neither more nor less is better.
const fn more_is_better(measure: Measure) -> Option<bool> {
    match measure {
        Measure::ReportingRate
        | Measure::OnTimeRate
        | Measure::RequiredCells
        | Measure::FirstTimeAcceptance
        | Measure::ExplainedShare
        | Measure::SystemUse => Some(true),
        Measure::MedianLateness
        | Measure::NinetiethLateness
        | Measure::QualityEdits
        | Measure::ResponseTime
        | Measure::MeanAbsoluteRevision
        | Measure::RelativeMeanAbsoluteRevision
        | Measure::LowQuality => Some(false),
        Measure::MeanRevision => None,
    }
}

/// The sign and the colour of a slot's state.
pub(super) const fn state(state: SlotState) -> (Tone, &'static str) {
    match state {
        SlotState::Timely => (Tone::Good, "●"),
        SlotState::Late => (Tone::Poor, "▲"),
        SlotState::Missing => (Tone::Bad, "×"),
        SlotState::Exempt => (Tone::Quiet, "—"),
        SlotState::Pending => (Tone::Open, "○"),
    }
}

/// The name of a slot's state.
pub(super) const fn state_name(manner: &Manner, state: SlotState) -> &'static str {
    match state {
        SlotState::Timely => manner.say("按时", "on time"),
        SlotState::Late => manner.say("迟报", "late"),
        SlotState::Missing => manner.say("未报", "missing"),
        SlotState::Exempt => manner.say("免报", "exempt"),
        SlotState::Pending => manner.say("待报", "not yet due"),
    }
}

/// A count with its noun, as English writes it.
pub(super) fn plural(count: u64, one: &str, many: &str) -> String {
    let noun = if count == 1 { one } else { many };
    format!("{count} {noun}")
}

/// Names in a row, as the language writes them.
pub(super) fn list(manner: &Manner, names: &[String]) -> String {
    names.join(manner.say("、", ", "))
}

#[cfg(test)]
mod tests {
    use granary_core::bulletin::Share;
    use jiff::tz::TimeZone;

    use super::*;

    fn manner(language: Language) -> Manner {
        Manner {
            language,
            zone: TimeZone::UTC,
            width: 80,
        }
    }

    #[test]
    fn periods_are_words() {
        for (text, zh, en) in [
            ("2021-A1", "2021年", "2021"),
            ("2021-S2", "2021年下半年", "the second half of 2021"),
            ("2021-Q3", "2021年第三季度", "the third quarter of 2021"),
            ("2021-M03", "2021年3月", "March 2021"),
            ("2020-09-15", "2020年9月15日", "15 September 2020"),
            ("soon", "soon", "soon"),
        ] {
            assert_eq!(period(&manner(Language::Zh), text), zh);
            assert_eq!(period(&manner(Language::En), text), en);
        }
    }

    #[test]
    fn changes_are_those_of_the_printed_figures() {
        let share = |numerator, denominator| {
            Cell::Share(Share {
                numerator,
                denominator,
            })
        };
        let check = |word, now: &Cell, before: &Cell, expected: (&str, Tone)| {
            let (text, tone) = change(&manner(Language::En), word, now, before);
            assert_eq!((text.as_str(), tone), expected);
        };
        check(
            "on_time_rate",
            &share(11, 12),
            &share(53, 60),
            ("+3.34 points", Tone::Good),
        );
        check(
            "low_quality_share",
            &share(1, 4),
            &share(1, 5),
            ("+5.00 points", Tone::Bad),
        );
        check(
            "on_time_rate",
            &share(1, 4),
            &share(2, 8),
            ("unchanged", Tone::Quiet),
        );
        check(
            "median_lateness",
            &Cell::Duration(3_600_000),
            &Cell::Duration(90_000_000),
            ("-1 d", Tone::Good),
        );
        check(
            "on_time_rate",
            &share(1, 4),
            &Cell::Nothing,
            ("", Tone::Quiet),
        );
    }
}
