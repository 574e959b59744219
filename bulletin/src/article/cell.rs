//! What stands in a cell, by kind: painters of paper ask for its words, the workbook takes the value itself.

use granary_core::{bulletin::Share, decimal::Decimal};

use crate::{
    rates::Rate,
    words::{Manner, NOTHING},
};

/// What a colour says. Wherever a tone is shown there is a sign or a word beside it that says the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tone {
    /// Nothing in particular.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// In between.
    Fair,
    /// Wants attention.
    Poor,
    /// Wants attention first.
    Bad,
    /// Not yet known.
    Open,
    /// Of no concern.
    Quiet,
}

impl Tone {
    /// Its word in style sheets and templates.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Poor => "poor",
            Self::Bad => "bad",
            Self::Open => "open",
            Self::Quiet => "quiet",
        }
    }
}

/// A sign with its tone and what it means here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// What the colour says.
    pub(crate) tone: Tone,
    /// What says it without colour. Signs are taken from those that every Chinese font has (GB 2312, row 1).
    pub(crate) sign: &'static str,
    /// The words beside the sign; may be empty.
    pub(crate) text: String,
}

/// One cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Nothing to say.
    Nothing,
    /// Words.
    Text(String),
    /// How many.
    Count(u64),
    /// A share, shown in per cent.
    Share(Share),
    /// An exact decimal in per cent.
    Percent(String),
    /// An exact decimal.
    Number(String),
    /// An exact decimal that is shown with its sign.
    Change(String),
    /// A duration in milliseconds.
    Duration(i64),
    /// An instant in milliseconds since 1970.
    Instant(i64),
    /// How many ranks a unit rose; `None` where it had no rank before.
    Movement(Option<i32>),
    /// A sign with its tone.
    Mark(Mark),
    /// Exact decimals in per cent: what is reached, and where elapsed time stands.
    Progress(String, String),
    /// An exact decimal in per cent, drawn as a bar.
    Chance(String),
}

/// A bar, in thousandths of its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    /// How far it is filled, from 0 to 1000.
    pub(crate) filled: u32,
    /// Where a tick stands, from 0 to 1000.
    pub(crate) tick: Option<u32>,
}

/// A cell as it is read on paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The sign in front of the words; empty where there is none.
    pub(crate) sign: &'static str,
    /// The words.
    pub(crate) text: String,
    /// What the colour says.
    pub(crate) tone: Tone,
    /// A bar beside the words.
    pub(crate) bar: Option<Bar>,
}

impl Cell {
    /// Words, or nothing where they are empty.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() {
            Self::Nothing
        } else {
            Self::Text(text)
        }
    }

    /// An exact decimal, or nothing where it is empty.
    pub(crate) fn number(text: &str) -> Self {
        if text.is_empty() {
            Self::Nothing
        } else {
            Self::Number(text.to_owned())
        }
    }

    /// A sign with its tone.
    pub(crate) fn mark(tone: Tone, sign: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self::Mark(Mark { tone, sign, text })
    }

    /// As it is read on paper.
    pub(crate) fn shown(&self, manner: &Manner) -> Shown {
        let (text, tone) = match self {
            Self::Nothing => (NOTHING.to_owned(), Tone::Quiet),
            Self::Text(text) => (text.clone(), Tone::Plain),
            Self::Count(count) => (grouped(&count.to_string()), Tone::Plain),
            Self::Share(share) => (share_text(share), Tone::Plain),
            Self::Percent(text) => (percent(text), Tone::Plain),
            Self::Chance(text) => (percent(text), chance_tone(text)),
            Self::Progress(done, elapsed) => (percent(done), progress_tone(done, elapsed)),
            Self::Number(text) => (grouped(text), Tone::Plain),
            Self::Change(text) => (grouped(&signed(text)), Tone::Plain),
            Self::Duration(ms) => (manner.duration(*ms), Tone::Plain),
            Self::Instant(at_ms) => (manner.minute(*at_ms), Tone::Plain),
            Self::Movement(ranks) => movement(manner, *ranks),
            Self::Mark(mark) => (mark.text.clone(), mark.tone),
        };
        Shown {
            sign: self.sign(),
            text: clip(&text, CELL_CHARS_MAX),
            tone,
            bar: self.bar(),
        }
    }

    const fn sign(&self) -> &'static str {
        if let Self::Mark(mark) = self {
            mark.sign
        } else {
            ""
        }
    }

    fn bar(&self) -> Option<Bar> {
        match self {
            Self::Progress(done, elapsed) => Some(Bar {
                filled: thousandths(done),
                tick: Some(thousandths(elapsed)),
            }),
            Self::Chance(chance) => Some(Bar {
                filled: thousandths(chance),
                tick: None,
            }),
            Self::Nothing
            | Self::Text(_)
            | Self::Count(_)
            | Self::Share(_)
            | Self::Percent(_)
            | Self::Number(_)
            | Self::Change(_)
            | Self::Duration(_)
            | Self::Instant(_)
            | Self::Movement(_)
            | Self::Mark(_) => None,
        }
    }
}

impl Mark {
    /// The sign and the words.
    pub(crate) fn words(&self) -> String {
        joined(self.sign, &self.text)
    }
}

impl Shown {
    /// The sign and the words.
    pub(crate) fn words(&self) -> String {
        joined(self.sign, &self.text)
    }
}

fn joined(sign: &str, text: &str) -> String {
    match (sign, text) {
        ("", text) => text.to_owned(),
        (sign, "") => sign.to_owned(),
        (sign, text) => format!("{sign} {text}"),
    }
}

/// The longest text of a cell on paper, in characters; the workbook has the whole.
const CELL_CHARS_MAX: usize = 300;

/// A text on one line of at most `chars_max` characters, without characters that control a terminal, a line or the
/// direction of writing: a name must not be able to reorder what stands beside it.
pub(crate) fn clip(text: &str, chars_max: usize) -> String {
    let clean = text.chars().filter(|c| !is_unprintable(*c));
    let clean = clean.map(|c| if c.is_control() { ' ' } else { c });
    let mut clipped: String = clean.clone().take(chars_max).collect();
    if clean.count() > chars_max {
        clipped.push('…');
    }
    clipped
}

/// Marks of direction, and what no XML document may hold.
const fn is_unprintable(c: char) -> bool {
    matches!(c,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

/// A share in per cent with two decimals, by the rule of [`Rate::percent`].
pub(crate) fn share_percent(share: &Share) -> Option<String> {
    let rate = Rate {
        numerator: share.numerator,
        denominator: share.denominator,
    };
    rate.percent()
}

fn share_text(share: &Share) -> String {
    share_percent(share).map_or_else(|| NOTHING.to_owned(), |text| percent(&text))
}

fn percent(text: &str) -> String {
    if text.is_empty() {
        NOTHING.to_owned()
    } else {
        format!("{}%", grouped(text))
    }
}

/// An exact decimal with its sign, also where that is a plus.
pub(crate) fn signed(text: &str) -> String {
    let value = Decimal::parse(text);
    if value.is_ok_and(|value| value.mantissa() > 0) && !text.starts_with('+') {
        format!("+{text}")
    } else {
        text.to_owned()
    }
}

/// A decimal with commas between groups of three digits; what is no decimal is left alone.
pub(crate) fn grouped(text: &str) -> String {
    let sign = text.len() - text.trim_start_matches(['+', '-']).len();
    let (sign, digits) = text.split_at(sign);
    let (whole, fraction) = digits
        .split_once('.')
        .map_or((digits, ""), |(whole, _)| (whole, &digits[whole.len()..]));
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    let mut out = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

fn movement(manner: &Manner, ranks: Option<i32>) -> (String, Tone) {
    match ranks {
        None => (manner.say("新", "new").to_owned(), Tone::Quiet),
        Some(0) => ("=".to_owned(), Tone::Quiet),
        Some(ranks) if ranks > 0 => (format!("↑{ranks}"), Tone::Good),
        Some(ranks) => (format!("↓{}", ranks.unsigned_abs()), Tone::Bad),
    }
}

/// Good where what is reached keeps up with elapsed time, poor within ten points behind it, else bad.
fn progress_tone(done: &str, elapsed: &str) -> Tone {
    let (Ok(done), Ok(elapsed)) = (Decimal::parse(done), Decimal::parse(elapsed)) else {
        return Tone::Quiet;
    };
    match done.checked_sub(elapsed) {
        Some(ahead) if ahead.mantissa() >= 0 => Tone::Good,
        Some(behind) if behind >= Decimal::integer(-10) => Tone::Poor,
        Some(_) | None => Tone::Bad,
    }
}

/// Bad from sixty per cent, poor from thirty.
fn chance_tone(chance: &str) -> Tone {
    match thousandths(chance) {
        600.. => Tone::Bad,
        300.. => Tone::Poor,
        _ => Tone::Plain,
    }
}

/// A decimal in per cent as thousandths of a bar, held between its ends; 0 where it is none.
fn thousandths(percent: &str) -> u32 {
    let tenths = Decimal::parse(percent)
        .ok()
        .and_then(|value| value.checked_mul(Decimal::integer(10)));
    let Some(tenths) = tenths else { return 0 };
    let whole = tenths.mantissa() / 10_i128.pow(u32::from(tenths.scale()));
    u32::try_from(whole.clamp(0, 1_000)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        for (text, expected) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("-1234567.8901", "-1,234,567.8901"),
            ("+12345", "+12,345"),
            ("n/a", "n/a"),
            ("", ""),
        ] {
            assert_eq!(grouped(text), expected);
        }
    }

    #[test]
    fn bars_end_at_their_ends() {
        for (text, expected) in [
            ("", 0),
            ("-3.00", 0),
            ("0.05", 0),
            ("33.35", 333),
            ("100.00", 1_000),
            ("250.5", 1_000),
        ] {
            assert_eq!(thousandths(text), expected, "{text}");
        }
    }

    #[test]
    fn progress_is_judged_against_elapsed_time() {
        for (done, expected) in [
            ("75.00", Tone::Good),
            ("65.00", Tone::Poor),
            ("64.99", Tone::Bad),
            ("", Tone::Quiet),
        ] {
            assert_eq!(progress_tone(done, "75.00"), expected, "{done}");
        }
    }

    #[test]
    fn clipped_texts_are_one_clean_line() {
        for (text, expected) in [
            ("abcd", "abcd"),
            ("abcde", "abcd…"),
            ("a\nb\0", "a b "),
            ("a\u{202e}b", "ab"),
        ] {
            assert_eq!(clip(text, 4), expected);
        }
    }

    #[test]
    fn a_plus_is_written() {
        for (text, expected) in [("1.20", "+1.20"), ("-1.2", "-1.2"), ("0.00", "0.00")] {
            assert_eq!(signed(text), expected);
        }
    }
}
