//! How the console writes instants, lengths of time, states and measures in English: written down a second time, so that a change of the
//! first is seen.

use granary_core::measures::Measure;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::Value;

/// The five states, each with its sign, in the order in which they are told.
pub(crate) const STATES: [(&str, &str); 5] = [
    ("timely", "✓"),
    ("late", "◔"),
    ("missing", "✕"),
    ("exempt", "–"),
    ("pending", "○"),
];

fn format(at_ms: i64, form: &str) -> String {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let at = Timestamp::from_millisecond(at_ms).unwrap();
    zone.to_datetime(at).strftime(form).to_string()
}

/// To the minute.
pub(crate) fn time(at_ms: i64) -> String {
    format(at_ms, "%Y-%m-%d %H:%M")
}

/// To the minute, without the year.
pub(crate) fn short(at_ms: i64) -> String {
    format(at_ms, "%m-%d %H:%M")
}

/// To the second, with the offset.
pub(crate) fn instant(at_ms: i64) -> String {
    format(at_ms, "%Y-%m-%d %H:%M:%S (UTC+08:00)")
}

/// The same of what may not have been, which is a dash then.
pub(crate) fn maybe(at_ms: &Value) -> String {
    at_ms.as_i64().map_or_else(|| "—".to_owned(), instant)
}

/// As the API writes an instant; null where there is none.
pub(crate) fn utc(at_ms: &Value) -> Value {
    let at = at_ms
        .as_i64()
        .map(|at_ms| Timestamp::from_millisecond(at_ms).unwrap());
    at.map_or(Value::Null, |at| format!("{at:.3}").into())
}

/// The day of an instant in the catalogue's zone.
pub(crate) fn day(at_ms: i64) -> Date {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    zone.to_datetime(Timestamp::from_millisecond(at_ms).unwrap())
        .date()
}

/// A length of time.
pub(crate) fn span(ms: i64) -> String {
    let minutes = ms.unsigned_abs() / 60_000;
    let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    match days {
        0 if hours == 0 => format!("{minutes} min"),
        0 => format!("{hours} h {minutes} min"),
        1..=3 => format!("{days} d {hours} h"),
        _ => format!("{days} d"),
    }
}

/// How long until a deadline, or since.
pub(crate) fn countdown(due_ms: i64, now_ms: i64) -> String {
    let before = if due_ms < now_ms { "past by" } else { "in" };
    format!("{before} {}", span(due_ms - now_ms))
}

/// A state as a badge.
pub(crate) fn state(word: &Value) -> String {
    let word = text(word);
    let (_, sign) = STATES
        .into_iter()
        .find(|(known, _)| *known == word)
        .unwrap();
    format!("{sign} {word}")
}

/// The bar of five counts, by its label.
pub(crate) fn bar(counts: &Value) -> String {
    let counts = STATES.map(|(state, _)| format!("{state} {}", counts[state]));
    format!("[{}]", counts.join("，"))
}

/// How many have arrived, and how many are owed.
pub(crate) fn arrived(counts: &Value) -> (u64, u64) {
    let count = |state: &str| counts[state].as_u64().unwrap();
    (
        count("timely") + count("late"),
        count("expected") - count("exempt"),
    )
}

/// A measure as `measures` and `explain` give it.
pub(crate) fn measured(value: &Value) -> String {
    if let Some(ms) = value["duration_ms"].as_i64() {
        return span(ms);
    }
    if let Some(number) = value["number"].as_str() {
        return number.to_owned();
    }
    let (part, told) = (value["numerator"].as_u64(), value["percent"].as_str());
    match (part, told) {
        (Some(_), Some(percent)) => format!("{percent} %"),
        (Some(part), None) => format!("{} %", percent(part, &value["denominator"])),
        (None, Some(number)) => number.to_owned(),
        (None, None) => "—".to_owned(),
    }
}

/// A share in per cent as the auditor's program writes it.
fn percent(numerator: u64, whole: &Value) -> String {
    let denominator = whole.as_u64().unwrap();
    let rate = granary_audit::rates::Rate {
        numerator,
        denominator,
    };
    rate.percent().unwrap()
}

/// The names of all measures.
pub(crate) fn measures() -> Vec<(&'static str, String)> {
    Measure::ALL
        .iter()
        .map(|one| (one.word(), one.name().en))
        .collect()
}

/// Text, or nothing where there is none.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
