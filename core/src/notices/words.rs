//! The words of a notice, in Chinese and English.
//!
//! Names come from the catalogue, which people write; nothing in them may break a line, a header or the direction of the
//! text, so control characters and direction marks become spaces. Instants are shown in the catalogue's zone with its offset.

use jiff::Timestamp;

use crate::{catalogue::say, code::UnitCode, snapshot::SlotKey, text::Bilingual};

use super::{Kind, Line, Matter, Role, Section, Situation};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// The subject and the lines of a notice.
pub(super) fn words(
    matter: &Matter,
    sections: &[Section],
    situation: &Situation,
) -> (Bilingual, Vec<Line>) {
    let mut lines = vec![line(Role::Sentence, sentence(matter, sections, situation))];
    for section in sections {
        lines.push(line(Role::Heading, heading(matter, section, situation)));
        let items = section.units.iter();
        lines.extend(items.map(|unit| line(Role::Item, item(matter, section, unit, situation))));
    }
    (clean(&subject(matter, sections, situation)), lines)
}

fn subject(matter: &Matter, sections: &[Section], situation: &Situation) -> Bilingual {
    let named: usize = sections.iter().map(|section| section.units.len()).sum();
    let expected: u64 = sections
        .iter()
        .map(|section| section.counts.expected())
        .sum();
    let due = deadline(matter, sections, situation);
    let (due_zh, due_en) = (&due.zh, &due.en);
    let about = about(sections, situation);
    let (zh, en) = (&about.zh, &about.en);
    match matter.kind {
        Kind::Reminder => {
            let left = span(matter.at_ms - situation.as_of_ms);
            let (left_zh, left_en) = (left.zh, left.en);
            Bilingual::new(
                format!("催报：{zh}，{named} 项未报，{due_zh} 截止（尚余 {left_zh}）"),
                format!("Reminder: {en}, {named} not yet reported, due {due_en} (in {left_en})"),
            )
        }
        Kind::Summary => say!(
            "截止通报：{zh}，应报 {expected} 项，未报 {named} 项",
            "Deadline summary: {en}, {named} of {expected} missing"
        ),
        Kind::Escalation => {
            say!(
                "逾期未报：{zh}，{named} 项（{due_zh} 截止）",
                "Overdue: {en}, {named} missing (due {due_en})"
            )
        }
        Kind::Returned => say!(
            "退回未重报：{zh}，{named} 项",
            "Returned, unanswered: {en}, {named}"
        ),
        Kind::AllIn => say!(
            "已报齐：{zh}，{expected} 项",
            "All in: {en}, {expected} of {expected}"
        ),
    }
}

/// When the reports were due. Where a grace followed it, that is over then, and said.
fn deadline(matter: &Matter, sections: &[Section], situation: &Situation) -> Bilingual {
    let at = instant(matter.at_ms, situation);
    let with_grace = |section: &Section| section.due_at_ms != section.timely_until_ms;
    match matter.kind {
        Kind::Summary | Kind::Escalation if sections.iter().any(with_grace) => {
            say!("{at}（含宽限）", "{at}, grace included")
        }
        Kind::Reminder | Kind::Summary | Kind::Escalation | Kind::Returned | Kind::AllIn => {
            say!("{at}", "{at}")
        }
    }
}

/// The dataset and period, or how many there are.
fn about(sections: &[Section], situation: &Situation) -> Bilingual {
    match sections {
        [one] => sheet_name(one, situation),
        many => {
            let count = many.len();
            say!("{count} 张报表", "{count} datasets and periods")
        }
    }
}

fn sentence(matter: &Matter, sections: &[Section], situation: &Situation) -> Bilingual {
    let due = deadline(matter, sections, situation);
    let (due_zh, due_en) = (&due.zh, &due.en);
    let now = instant(situation.as_of_ms, situation);
    match matter.kind {
        Kind::Reminder => say!(
            "以下应报尚未收到，请于 {due_zh} 前报送：",
            "These reports have not arrived yet; they are due {due_en}:"
        ),
        Kind::Summary => say!(
            "{due_zh} 截止的报表，截至 {now} 的报送情况：",
            "Reports due {due_en}, as of {now}:"
        ),
        Kind::Escalation => {
            let late = span(situation.as_of_ms - matter.at_ms);
            let (late_zh, late_en) = (late.zh, late.en);
            Bilingual::new(
                format!("{due_zh} 截止，已逾期 {late_zh}，仍未收到："),
                format!("Due {due_en}, {late_en} ago, and still missing:"),
            )
        }
        Kind::Returned => say!(
            "以下报送已退回，此后未再收到；请更正后重报：",
            "These reports were returned and no other has followed; correct and send them again:"
        ),
        Kind::AllIn => say!(
            "此前未报的已全部收到（截至 {now}）：",
            "What was missing has arrived (as of {now}):"
        ),
    }
}

fn heading(matter: &Matter, section: &Section, situation: &Situation) -> Bilingual {
    let name = sheet_name(section, situation);
    let (zh, en) = (name.zh, name.en);
    let named = section.units.len();
    let counts = &section.counts;
    let (timely, late, missing) = (counts.timely, counts.late, counts.missing);
    let (exempt, pending, expected) = (counts.exempt, counts.pending, counts.expected());
    match matter.kind {
        Kind::Summary | Kind::AllIn => say!(
            "{zh}：应报 {expected}，按时 {timely}，迟报 {late}，未报 {missing}，免报 {exempt}，待报 {pending}",
            "{en}: {expected} expected, {timely} timely, {late} late, {missing} missing, {exempt} exempt, {pending} pending"
        ),
        Kind::Reminder | Kind::Escalation | Kind::Returned => {
            say!("{zh}：{named} 个单位", "{en}: {named}")
        }
    }
}

fn item(matter: &Matter, section: &Section, unit: &UnitCode, situation: &Situation) -> Bilingual {
    let name = situation
        .catalogue
        .unit(unit)
        .map(|unit| unit.name().clone());
    let Bilingual { zh, en } = name.unwrap_or_default();
    let slot = SlotKey::new(unit.clone(), section.dataset.clone(), section.period);
    match situation
        .returned
        .get(&slot)
        .filter(|_| matter.kind == Kind::Returned)
    {
        Some(at_ms) => {
            let at = instant(*at_ms, situation);
            say!("{zh}（{unit}），{at} 退回", "{en} ({unit}), returned {at}")
        }
        None => say!("{zh}（{unit}）", "{en} ({unit})"),
    }
}

fn sheet_name(section: &Section, situation: &Situation) -> Bilingual {
    let period = section.period;
    let dataset = situation.catalogue.dataset(&section.dataset);
    let Bilingual { zh, en } = dataset.map(|d| d.name().clone()).unwrap_or_default();
    say!("{zh} {period}", "{en} {period}")
}

/// An instant in the catalogue's zone, to the minute: `2021-07-08 12:00 +08:00`.
fn instant(at_ms: i64, situation: &Situation) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let zone = situation.catalogue.zone();
    let local = zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string();
    let minutes = zone.to_offset(at).seconds() / 60;
    let (sign, minutes) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
    format!("{local} {sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A length of time, to the hour beyond a day and to the minute below.
fn span(ms: i64) -> Bilingual {
    let minutes = ms.max(0).saturating_add(MINUTE_MS / 2) / MINUTE_MS;
    let hours = ms.max(0).saturating_add(HOUR_MS / 2) / HOUR_MS;
    if hours >= 48 {
        let (days, hours) = (hours / 24, hours % 24);
        return match hours {
            0 => say!("{days} 天", "{days} days"),
            _ => say!("{days} 天 {hours} 小时", "{days} days {hours} h"),
        };
    }
    if hours >= 10 {
        return say!("{hours} 小时", "{hours} h");
    }
    let (hours, minutes) = (minutes / 60, minutes % 60);
    match (hours, minutes) {
        (0, _) => say!("{minutes} 分钟", "{minutes} min"),
        (_, 0) => say!("{hours} 小时", "{hours} h"),
        _ => say!("{hours} 小时 {minutes} 分钟", "{hours} h {minutes} min"),
    }
}

fn line(role: Role, text: Bilingual) -> Line {
    Line {
        role,
        text: clean(&text),
    }
}

fn clean(text: &Bilingual) -> Bilingual {
    let keep = |c: char| if is_harmful(c) { ' ' } else { c };
    let clean = |text: &str| text.chars().map(keep).collect::<String>();
    Bilingual::new(clean(&text.zh), clean(&text.en))
}

/// Control characters, line and paragraph separators, and the marks that turn the direction of text (Unicode UAX 9).
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{feff}'
        )
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_rounded_to_what_matters() {
        let minute = MINUTE_MS;
        for (ms, zh, en) in [
            (0, "0 分钟", "0 min"),
            (90 * minute, "1 小时 30 分钟", "1 h 30 min"),
            (120 * minute - 1, "2 小时", "2 h"),
            (24 * HOUR_MS, "24 小时", "24 h"),
            (48 * HOUR_MS, "2 天", "2 days"),
            (75 * HOUR_MS, "3 天 3 小时", "3 days 3 h"),
            (-5, "0 分钟", "0 min"),
        ] {
            assert_eq!(span(ms), Bilingual::new(zh, en), "{ms}");
        }
    }

    #[test]
    fn nothing_in_a_name_breaks_a_line() {
        let text = Bilingual::new("甲\r\nBcc: a@b\u{202e}乙", "a\u{0}b\u{2028}c\td");
        let cleaned = clean(&text);
        assert_eq!(cleaned, Bilingual::new("甲  Bcc: a@b 乙", "a b c d"));
    }
}
