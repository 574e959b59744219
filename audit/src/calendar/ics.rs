//! The calendar of a year as an iCalendar file (RFC 5545), for the calendars of offices.
//!
//! Each report is an event at its deadline, with an alarm a day before; where a window opens or locks at a time of its own, that
//! is an event too. A report that the unit is exempted from is a cancelled event. Identifiers stay the same from one
//! catalogue version to the next, so that importing the file again moves events instead of adding them. No clock is read: the
//! time stamp is the beginning of the year, and the same catalogue gives the same bytes.

use std::fmt::Write as _;

use granary_core::{
    catalogue::Catalogue,
    code::UnitCode,
    digest::Digest,
    text::{Bilingual, Language},
};
use jiff::{Timestamp, tz::TimeZone};

use super::{Entry, end};

/// The longest line in octets, without its end (section 3.1).
const LINE_BYTES_MAX: usize = 75;

/// What the file is about.
pub struct Subject<'a> {
    /// The catalogue that it was made from.
    pub catalogue: &'a Catalogue,
    /// The year.
    pub year: i16,
    /// The unit whose calendar it is; none for that of everybody.
    pub unit: Option<&'a UnitCode>,
    /// The language of what people read.
    pub language: Language,
    /// The zone in which descriptions tell the time; events themselves are instants.
    pub zone: &'a TimeZone,
}

/// What happens at an event.
#[derive(Clone, Copy)]
enum Kind {
    Opens,
    Due,
    Locks,
}

/// Writes the file.
#[must_use]
pub fn write(subject: &Subject<'_>, entries: &[Entry]) -> String {
    let mut file = File::default();
    file.line("BEGIN:VCALENDAR");
    file.line("VERSION:2.0");
    let product = format!("-//Granary//granary-audit//{}", subject.pick("ZH", "EN"));
    file.property("PRODID", &product);
    file.line("CALSCALE:GREGORIAN");
    file.text("X-WR-CALNAME", &subject.title());
    file.text(
        "X-GRANARY-CATALOGUE",
        &subject.catalogue.version().to_string(),
    );
    for entry in entries {
        if let Some(at_ms) = entry.opens_at_ms {
            event(&mut file, subject, entry, Kind::Opens, at_ms);
        }
        event(
            &mut file,
            subject,
            entry,
            Kind::Due,
            entry.effective_due_at_ms(),
        );
        if let Some(at_ms) = entry.locks_at_ms {
            event(&mut file, subject, entry, Kind::Locks, at_ms);
        }
    }
    file.line("END:VCALENDAR");
    file.0
}

fn event(file: &mut File, subject: &Subject<'_>, entry: &Entry, kind: Kind, at_ms: i64) {
    let Some(start) = utc(at_ms) else {
        return;
    };
    let summary = subject.summary(entry, kind);
    file.line("BEGIN:VEVENT");
    file.text("UID", &subject.identifier(entry, kind));
    file.property("DTSTAMP", &format!("{:04}0101T000000Z", subject.year));
    file.property("DTSTART", &start);
    file.text("SUMMARY", &summary);
    file.text("DESCRIPTION", &subject.description(entry));
    file.text(
        "CATEGORIES",
        subject.pick("统计报送", "Statistical reporting"),
    );
    file.line("TRANSP:TRANSPARENT");
    if entry.exempt {
        file.line("STATUS:CANCELLED");
    } else {
        file.line("STATUS:CONFIRMED");
        if !matches!(kind, Kind::Opens) {
            file.line("BEGIN:VALARM");
            file.line("ACTION:DISPLAY");
            file.line("TRIGGER:-P1D");
            file.text("DESCRIPTION", &summary);
            file.line("END:VALARM");
        }
    }
    file.line("END:VEVENT");
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Opens => "opens",
            Self::Due => "due",
            Self::Locks => "locks",
        }
    }
}

impl Subject<'_> {
    fn pick<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        match self.language {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    fn title(&self) -> String {
        let name = self.catalogue.name().get(self.language);
        let year = self.year;
        let unit = self.unit_name();
        let unit = unit.as_ref().map(|unit| unit.get(self.language));
        match (self.language, unit) {
            (Language::Zh, Some(unit)) => format!("{name}：{unit}{year}年报送日历"),
            (Language::Zh, None) => format!("{name}：{year}年报送日历"),
            (Language::En, Some(unit)) => format!("{name}: reporting calendar {year} of {unit}"),
            (Language::En, None) => format!("{name}: reporting calendar {year}"),
        }
    }

    fn unit_name(&self) -> Option<Bilingual> {
        let unit = self.catalogue.unit(self.unit?)?;
        Some(unit.name().clone())
    }

    /// The same for the same report of the same city, whatever the catalogue's version.
    fn identifier(&self, entry: &Entry, kind: Kind) -> String {
        let city = Digest::of(self.catalogue.name().zh.as_bytes()).to_string();
        let city = city.get(..16).unwrap_or_default();
        let unit = self.unit.map_or("all", UnitCode::as_str);
        let (word, dataset, period) = (kind.word(), &entry.dataset, entry.period);
        format!("{word}.{dataset}.{period}.{unit}@{city}.granary")
    }

    fn summary(&self, entry: &Entry, kind: Kind) -> String {
        let (name, period) = (entry.name.get(self.language), entry.period);
        let word = match kind {
            Kind::Opens => self.pick("开放报送", "Opens"),
            Kind::Due => self.pick("报送截止", "Due"),
            Kind::Locks => self.pick("锁定", "Locks"),
        };
        match self.language {
            Language::Zh => format!("{word}：{name} {period}"),
            Language::En => format!("{word}: {name} {period}"),
        }
    }

    /// All that there is to say about a report, one thing a line.
    fn description(&self, entry: &Entry) -> String {
        let colon = self.pick("：", ": ");
        let at = |at_ms| {
            let (text, weekday) = end(self.zone, at_ms);
            let weekday = weekday.get(self.language);
            format!("{text} {weekday}")
        };
        let mut lines = vec![format!(
            "{}{colon}{}",
            self.pick("截止", "Due"),
            at(entry.due_at_ms)
        )];
        if let Some(moved) = &entry.moved {
            let why = moved.why.get(self.language);
            let word = self.pick("原定", "Moved from");
            lines.push(format!("{word}{colon}{} ({why})", moved.from));
        }
        if let Some(extended) = entry.extended_to_ms {
            let word = self.pick("已延期至", "Extended to");
            lines.push(format!("{word}{colon}{}", at(extended)));
        }
        if entry.grace_ms > 0 {
            let word = self.pick("宽限至", "Still timely until");
            let until = entry.effective_due_at_ms().saturating_add(entry.grace_ms);
            lines.push(format!("{word}{colon}{}", at(until)));
        }
        if let Some(locks) = entry.locks_at_ms {
            lines.push(format!(
                "{}{colon}{}",
                self.pick("锁定", "Locks"),
                at(locks)
            ));
        }
        if entry.exempt {
            lines.push(self.pick("本期免报", "Exempt").to_owned());
        }
        if let Some(unit) = self.unit_name() {
            let word = self.pick("单位", "Unit");
            lines.push(format!("{word}{colon}{}", unit.get(self.language)));
        }
        lines.join("\n")
    }
}

/// An instant in form 2 of section 3.3.5; `None` beyond the calendar.
fn utc(at_ms: i64) -> Option<String> {
    let instant = Timestamp::from_millisecond(at_ms).ok()?;
    let utc = TimeZone::UTC.to_datetime(instant);
    Some(utc.strftime("%Y%m%dT%H%M%SZ").to_string())
}

/// Content lines, each ended by CRLF.
#[derive(Default)]
struct File(String);

impl File {
    /// A line that is short and of ASCII.
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push_str("\r\n");
    }

    /// A property whose value needs no escapes.
    fn property(&mut self, name: &str, value: &str) {
        self.fold(&format!("{name}:{value}"));
    }

    /// A property of type TEXT (section 3.3.11).
    fn text(&mut self, name: &str, value: &str) {
        let mut escaped = String::with_capacity(value.len());
        for c in value.chars() {
            match c {
                '\\' | ';' | ',' => {
                    escaped.push('\\');
                    escaped.push(c);
                }
                '\n' => escaped.push_str("\\n"),
                c if c.is_control() => {}
                c => escaped.push(c),
            }
        }
        self.property(name, &escaped);
    }

    /// Long lines go on after a line break and a space, which is never put into a character (section 3.1).
    fn fold(&mut self, line: &str) {
        let mut bytes = 0;
        for c in line.chars() {
            if bytes + c.len_utf8() > LINE_BYTES_MAX {
                self.0.push_str("\r\n ");
                bytes = 1;
            }
            // Writing to a text never fails.
            let _ = self.0.write_char(c);
            bytes += c.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_at_75_octets_and_characters_stay_whole() {
        let mut file = File::default();
        let value = "统计报送截止，不得迟报；".repeat(20);
        file.text("SUMMARY", &value);
        for line in file.0.trim_end().split("\r\n") {
            assert!(line.len() <= LINE_BYTES_MAX, "{} {line}", line.len());
        }
        assert_eq!(file.0.replace("\r\n ", ""), format!("SUMMARY:{value}\r\n"));
    }

    #[test]
    fn texts_are_escaped() {
        let mut file = File::default();
        file.text("DESCRIPTION", "a,b;c\\d\ne\r");
        assert_eq!(file.0, "DESCRIPTION:a\\,b\\;c\\\\d\\ne\r\n");
    }
}
