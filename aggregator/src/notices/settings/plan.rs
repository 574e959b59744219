//! The tables `[plan]` and `[quiet]`.

use granary_core::{
    catalogue::CalendarCode,
    code::DatasetCode,
    notices::{Audiences, DaysOff, Plan, Quiet},
};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::entry::{Entry, both};

const DAY_MS: i64 = 24 * 3_600_000;
/// What is later than this is not told any more, where the file says nothing else.
const STALE_MS: i64 = 3 * DAY_MS;
/// How long it is told that all is in, where the file says nothing else.
const ALL_IN_WITHIN_MS: i64 = 14 * DAY_MS;

pub(super) const KEYS: [&str; 10] = [
    "datasets",
    "reminders",
    "summary_to",
    "escalate_after",
    "escalate_to",
    "returned_after",
    "returned_to",
    "all_in_to",
    "all_in_within",
    "stale_after",
];

/// Reads the plan. What is not written is not told.
pub(super) fn read(root: &Entry<'_>) -> Plan {
    let mut plan = Plan {
        stale_ms: STALE_MS,
        all_in_within_ms: ALL_IN_WITHIN_MS,
        quiet: root.table("quiet").and_then(|entry| quiet(&entry)),
        ..Plan::default()
    };
    let Some(entry) = root.table("plan") else {
        if !root.has("plan") {
            root.missing(
                "plan",
                "表 [plan]，例如 reminders = [\"24h\"]",
                "a table [plan], for instance with reminders = [\"24h\"]",
            );
        }
        return plan;
    };
    entry.allow(&KEYS);
    let dataset = |text: &str| DatasetCode::new(text).ok();
    let datasets = entry.parsed("datasets", ("报表代码", "codes of datasets"), dataset);
    plan.datasets = datasets.into_iter().collect();
    plan.reminders_ms = entry.spans("reminders").into_iter().collect();
    plan.summary = audiences(&entry, "summary_to", &["departments", "operations"]);
    plan.escalations_ms = entry.spans("escalate_after").into_iter().collect();
    plan.escalation = audiences(
        &entry,
        "escalate_to",
        &["units", "departments", "operations"],
    );
    plan.returned_ms = entry.span("returned_after");
    plan.returned = audiences(&entry, "returned_to", &["units", "operations"]);
    plan.all_in = audiences(&entry, "all_in_to", &["departments", "operations"]);
    plan.all_in_within_ms = entry.span("all_in_within").unwrap_or(ALL_IN_WITHIN_MS);
    plan.stale_ms = entry.span("stale_after").unwrap_or(STALE_MS);
    check_pair(&entry, "escalate_after", "escalate_to");
    check_pair(&entry, "returned_after", "returned_to");
    plan
}

/// Two keys that mean nothing alone.
fn check_pair(entry: &Entry<'_>, one: &str, other: &str) {
    let absent = match (entry.has(one), entry.has(other)) {
        (true, false) => other,
        (false, true) => one,
        (true, true) | (false, false) => return,
    };
    entry.missing(
        absent,
        &format!("它，{one} 与 {other} 须一起写"),
        &format!("it: {one} and {other} go together"),
    );
}

fn audiences(entry: &Entry<'_>, key: &str, known: &[&str]) -> Audiences {
    let mut audiences = Audiences::default();
    for word in entry.texts(key) {
        match word {
            _ if !known.contains(&word) => {
                let words = known.join(", ");
                entry.unfit(
                    key,
                    &format!("这些词中的一些：{words}"),
                    &format!("some of these words: {words}"),
                );
            }
            "units" => audiences.units = true,
            "departments" => audiences.departments = true,
            _ => audiences.operations = true,
        }
    }
    audiences
}

fn quiet(entry: &Entry<'_>) -> Option<Quiet> {
    entry.allow(&["timezone", "from", "to", "weekends", "calendar"]);
    let zone = entry.need_text(
        "timezone",
        "时区，例如 \"Asia/Shanghai\"",
        "a time zone, for instance \"Asia/Shanghai\"",
    );
    let zone = zone.and_then(|name| zone_of(name, entry));
    let daily = match (entry.has("from"), entry.has("to")) {
        (false, false) => None,
        (true, true) => Some((entry.minute("from")?, entry.minute("to")?)),
        (true, false) => {
            entry.missing(
                "to",
                "结束时刻，例如 \"07:00\"",
                "when they end, for instance \"07:00\"",
            );
            return None;
        }
        (false, true) => {
            entry.missing(
                "from",
                "开始时刻，例如 \"22:00\"",
                "when they begin, for instance \"22:00\"",
            );
            return None;
        }
    };
    let quiet = Quiet::new(zone?, daily, days_off(entry));
    if quiet.is_err() {
        entry.fault(
            "from",
            both(
                "静默时段超过 23 小时或为空".into(),
                "the quiet hours are longer than 23 hours, or empty".into(),
            ),
            both("缩短它".into(), "shorten them".into()),
        );
    }
    quiet.ok()
}

/// `calendar` says more than `weekends`: with both, one would be without effect.
fn days_off(entry: &Entry<'_>) -> DaysOff {
    let is_weekends = entry.flag("weekends");
    let code = entry.text("calendar").and_then(|text| {
        let code = CalendarCode::new(text).ok();
        if code.is_none() {
            entry.unfit("calendar", "日历代码", "the code of a calendar");
        }
        code
    });
    match code {
        Some(_) if is_weekends => {
            entry.unfit(
                "weekends",
                "false，calendar 已包含周末",
                "false: the calendar has the weekends already",
            );
            DaysOff::Weekends
        }
        Some(code) => DaysOff::Calendar(code),
        None if is_weekends => DaysOff::Weekends,
        None => DaysOff::None,
    }
}

fn zone_of(name: &str, entry: &Entry<'_>) -> Option<TimeZone> {
    let zone = TimeZoneDatabase::bundled().get(name).ok();
    if zone.is_none() {
        entry.unfit(
            "timezone",
            " IANA 时区名，例如 \"Asia/Shanghai\"",
            "the name of an IANA zone, for instance \"Asia/Shanghai\"",
        );
    }
    zone
}
