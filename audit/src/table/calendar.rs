//! The table of a year's calendar: when each report is due, where that was moved from and why, and its window.

use jiff::tz::TimeZone;

use super::{Lay, draw};
use crate::{
    calendar::{Entry, end},
    words::{Manner, NOTHING},
};

/// Draws the calendar of a year.
#[must_use]
pub fn calendar(manner: &Manner, entries: &[Entry], version: &str) -> String {
    let columns = [
        (manner.say("截止", "due"), Lay::Words),
        (manner.say("星期", "day"), Lay::Words),
        (manner.say("报表", "dataset"), Lay::Words),
        (manner.say("名称", "name"), Lay::Text),
        (manner.say("报告期", "period"), Lay::Words),
        (manner.say("原定", "moved from"), Lay::Words),
        (manner.say("原因", "why"), Lay::Words),
        (manner.say("开放", "opens"), Lay::Words),
        (manner.say("宽限", "grace"), Lay::Words),
        (manner.say("锁定", "locks"), Lay::Words),
        (manner.say("备注", "note"), Lay::Words),
    ];
    let rows = entries.iter().map(|entry| line(manner, entry));
    let mut text = draw(&columns, rows.collect(), manner.width);
    text.push_str("\n\n");
    text.push_str(manner.say("时间所在时区", "times are those of"));
    text.push_str(&format!(": {}\n", manner.zone_name()));
    text.push_str(manner.say("目录版本", "catalogue version"));
    text.push_str(&format!(": {version}\n"));
    text
}

fn line(manner: &Manner, entry: &Entry) -> Vec<String> {
    let nothing = || NOTHING.to_owned();
    let (due, weekday) = end(&manner.zone, entry.effective_due_at_ms());
    let moved = entry.moved.as_ref();
    let grace = Some(entry.grace_ms).filter(|ms| *ms > 0);
    vec![
        due,
        weekday.get(manner.language).to_owned(),
        entry.dataset.to_string(),
        entry.name.get(manner.language).to_owned(),
        entry.period.to_string(),
        moved.map_or_else(nothing, |moved| moved.from.to_string()),
        moved.map_or_else(nothing, |moved| moved.why.get(manner.language).to_owned()),
        entry
            .opens_at_ms
            .map_or_else(nothing, |at_ms| manner.minute(at_ms)),
        grace.map_or_else(nothing, |ms| manner.duration(ms)),
        entry
            .locks_at_ms
            .map_or_else(nothing, |at_ms| end(&manner.zone, at_ms).0),
        note(manner, &manner.zone, entry),
    ]
}

fn note(manner: &Manner, zone: &TimeZone, entry: &Entry) -> String {
    if entry.exempt {
        return manner.say("免报", "exempt").to_owned();
    }
    match entry.extended_to_ms {
        Some(_) => {
            let (due, _) = end(zone, entry.due_at_ms);
            format!("{} {due}", manner.say("延期，原截止", "extended from"))
        }
        None => NOTHING.to_owned(),
    }
}
