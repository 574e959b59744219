//! Codes, instants and figures as people read them, in Chinese and English.

use granary_core::{
    decimal::Decimal, digest::Digest, envelope::KeyId, snapshot::ObservationStatus, text::Language,
};
use granary_proto::v1;
use jiff::{Timestamp, tz::TimeZone};

/// In which language and time zone.
#[derive(Clone, Debug)]
pub struct Manner {
    /// The language of every label and sentence.
    pub language: Language,
    /// The zone that instants are shown in.
    pub zone: TimeZone,
    /// How wide a table may be, in terminal columns; long texts are folded to fit.
    pub width: u16,
}

/// What stands in a cell that has nothing to say.
pub const NOTHING: &str = "-";

impl Manner {
    /// One of two texts.
    #[must_use]
    pub const fn say<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        match self.language {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    /// The text in the language asked for, or the other where that one is empty.
    #[must_use]
    pub const fn pick<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        match self.language {
            Language::Zh if zh.is_empty() => en,
            Language::Zh => zh,
            Language::En if en.is_empty() => zh,
            Language::En => en,
        }
    }

    /// An instant to the second: `2021-10-12 11:59:07 +08:00`.
    #[must_use]
    pub fn instant(&self, at_ms: i64) -> String {
        self.format(at_ms, "%Y-%m-%d %H:%M:%S %:z")
    }

    /// An instant to the millisecond.
    #[must_use]
    pub fn exact_instant(&self, at_ms: i64) -> String {
        self.format(at_ms, "%Y-%m-%d %H:%M:%S%.3f %:z")
    }

    /// An instant to the minute and without the offset, for tables that name the zone once.
    #[must_use]
    pub fn minute(&self, at_ms: i64) -> String {
        self.format(at_ms, "%Y-%m-%d %H:%M")
    }

    /// The zone's name, or its offset where it has none.
    #[must_use]
    pub fn zone_name(&self) -> String {
        let name = self.zone.iana_name().map(ToOwned::to_owned);
        name.unwrap_or_else(|| self.format(0, "%:z"))
    }

    fn format(&self, at_ms: i64, form: &str) -> String {
        match Timestamp::from_millisecond(at_ms) {
            Ok(instant) => instant
                .to_zoned_datetime(self.zone.clone())
                .strftime(form)
                .to_string(),
            Err(_) => format!("{at_ms} ms"),
        }
    }

    /// A duration in its two largest units: `3 d 4 h`.
    #[must_use]
    pub fn duration(&self, ms: i64) -> String {
        const UNITS: [(i64, &str, &str); 4] = [
            (86_400_000, "天", "d"),
            (3_600_000, "小时", "h"),
            (60_000, "分", "min"),
            (1_000, "秒", "s"),
        ];
        let first = UNITS.iter().position(|(unit_ms, _, _)| ms >= *unit_ms);
        let Some(first) = first else {
            return self.say("不到 1 秒", "under 1 s").to_owned();
        };
        let part =
            |(rest_ms, unit_ms, zh, en)| format!("{} {}", rest_ms / unit_ms, self.say(zh, en));
        let (unit_ms, zh, en) = UNITS[first];
        let mut text = part((ms, unit_ms, zh, en));
        let rest_ms = ms % unit_ms;
        if let Some((unit_ms, zh, en)) = UNITS.get(first + 1).filter(|unit| rest_ms >= unit.0) {
            text = format!("{text} {}", part((rest_ms, *unit_ms, zh, en)));
        }
        text
    }

    /// A slot's state.
    #[must_use]
    pub const fn state(&self, state: v1::SlotState) -> &'static str {
        match state {
            v1::SlotState::Timely => self.say("按时", "timely"),
            v1::SlotState::Late => self.say("迟报", "late"),
            v1::SlotState::Missing => self.say("未报", "missing"),
            v1::SlotState::Exempt => self.say("免报", "exempt"),
            v1::SlotState::Pending => self.say("待报", "pending"),
            v1::SlotState::Unspecified => NOTHING,
        }
    }

    /// A finding's status.
    #[must_use]
    pub const fn finding(&self, status: v1::FindingStatus) -> &'static str {
        match status {
            v1::FindingStatus::Open => self.say("待处理", "open"),
            v1::FindingStatus::Explained => self.say("已说明", "explained"),
            v1::FindingStatus::Accepted => self.say("已采纳", "accepted"),
            v1::FindingStatus::Corrected => self.say("已更正", "corrected"),
            v1::FindingStatus::Unspecified => NOTHING,
        }
    }

    /// An edit's kind.
    #[must_use]
    pub const fn kind(&self, kind: v1::EditKind) -> &'static str {
        match kind {
            v1::EditKind::Validity => self.say("强制", "validity"),
            v1::EditKind::Quality => self.say("核实", "quality"),
            v1::EditKind::Unspecified => NOTHING,
        }
    }
}

/// A figure with all of its printed digits; [`NOTHING`] where there is none.
#[must_use]
pub fn figure(figure: Option<&v1::Decimal>) -> String {
    decimal(figure).map_or_else(|| NOTHING.to_owned(), |value| value.to_string())
}

/// A figure from the wire; `None` where there is none, or none that can be read.
#[must_use]
pub fn decimal(figure: Option<&v1::Decimal>) -> Option<Decimal> {
    let figure = figure?;
    Decimal::new(figure.mantissa.into(), u8::try_from(figure.scale).ok()?)
}

/// The SDMX letter of a status from the wire.
#[must_use]
pub fn letter(number: i32) -> String {
    let status = ObservationStatus::from_number(number);
    status.map_or_else(|| NOTHING.to_owned(), |status| status.letter().to_string())
}

/// A digest from the wire in hexadecimal; `None` where it is empty or of another length.
#[must_use]
pub fn digest(bytes: &[u8]) -> Option<String> {
    Digest::from_slice(bytes).map(|digest| digest.to_string())
}

/// Key ids, one after another.
pub fn key_ids<'a>(ids: impl Iterator<Item = &'a KeyId>) -> String {
    ids.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manner(language: Language) -> Manner {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        Manner {
            language,
            zone,
            width: 120,
        }
    }

    #[test]
    fn instants_are_those_of_the_zone() {
        let manner = manner(Language::En);
        assert_eq!(manner.exact_instant(0), "1970-01-01 08:00:00.000 +08:00");
        assert_eq!(
            manner.instant(1_634_011_147_250),
            "2021-10-12 11:59:07 +08:00"
        );
        assert_eq!(manner.minute(1_634_011_147_250), "2021-10-12 11:59");
        assert_eq!(manner.instant(i64::MAX), format!("{} ms", i64::MAX));
    }

    #[test]
    fn durations_keep_their_two_largest_units() {
        let (zh, en) = (manner(Language::Zh), manner(Language::En));
        let check = |ms, in_zh: &str, in_en: &str| {
            assert_eq!(zh.duration(ms), in_zh);
            assert_eq!(en.duration(ms), in_en);
        };
        check(999, "不到 1 秒", "under 1 s");
        check(61_000, "1 分 1 秒", "1 min 1 s");
        check(86_400_000, "1 天", "1 d");
        check(90_000_000, "1 天 1 小时", "1 d 1 h");
        check(7_200_000, "2 小时", "2 h");
    }

    #[test]
    fn a_name_that_one_language_lacks_is_taken_from_the_other() {
        let zh = manner(Language::Zh);
        assert_eq!(zh.pick("", "Guiyang"), "Guiyang");
        assert_eq!(zh.pick("贵阳", "Guiyang"), "贵阳");
    }
}
