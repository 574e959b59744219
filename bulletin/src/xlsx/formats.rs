//! How cells look and how values become what a workbook holds.

use granary_core::decimal::Decimal;
use jiff::{Timestamp, tz::TimeZone};
use rust_xlsxwriter::{Color, ExcelDateTime, Format, FormatAlign, FormatBorder, XlsxError};

use crate::article::Tone;

/// Digits that a workbook's numbers hold exactly.
const DIGITS_MAX: usize = 15;
const MS_PER_DAY: f64 = 86_400_000.0;

/// The heading of a column.
pub(super) fn heading() -> Format {
    Format::new()
        .set_bold()
        .set_text_wrap()
        .set_align(FormatAlign::VerticalCenter)
        .set_background_color(Color::RGB(0x00E9_EDF0))
        .set_border_bottom(FormatBorder::Thin)
}

/// The name in front of a fact.
pub(super) fn label() -> Format {
    Format::new().set_bold().set_align(FormatAlign::Top)
}

/// A headline.
pub(super) fn title() -> Format {
    Format::new()
        .set_bold()
        .set_font_size(16)
        .set_font_color(Color::RGB(0x00B3_261E))
}

/// Words, folded where they are long.
pub(super) fn text() -> Format {
    Format::new().set_text_wrap().set_align(FormatAlign::Top)
}

/// Figures in a number format.
pub(super) fn figures(number_format: &str) -> Format {
    Format::new()
        .set_num_format(number_format)
        .set_align(FormatAlign::Top)
}

/// Short marks.
pub(super) fn marks() -> Format {
    Format::new()
        .set_text_wrap()
        .set_align(FormatAlign::Center)
        .set_align(FormatAlign::Top)
}

/// The colours of a tone: letters on a tint; `None` where it has none.
pub(super) fn tone(tone: Tone) -> Option<Format> {
    let (ink, tint) = match tone {
        Tone::Plain => return None,
        Tone::Good => (0x0014_6C3A, 0x00DF_F2E6),
        Tone::Fair => (0x006B_5600, 0x00F7_F0D2),
        Tone::Poor => (0x008F_4700, 0x00FD_E8D3),
        Tone::Bad => (0x00A1_1D16, 0x00FB_DEDB),
        Tone::Open => (0x001B_5A96, 0x00DF_ECF9),
        Tone::Quiet => (0x005C_6670, 0x00EC_EFF1),
    };
    Some(
        Format::new()
            .set_font_color(Color::RGB(ink))
            .set_background_color(Color::RGB(tint)),
    )
}

/// The number format of an exact decimal: all digits of its scale, with commas.
pub(super) fn decimal_format(value: Decimal, signed: bool) -> String {
    let scale = usize::from(value.scale());
    let point = if scale == 0 { "" } else { "." };
    let plain = format!("#,##0{point}{}", "0".repeat(scale));
    if signed {
        format!("+{plain};-{plain};{plain}")
    } else {
        plain
    }
}

/// An exact decimal as a workbook's number; `None` where it is none or has more digits than such a number keeps.
pub(super) fn number(text: &str) -> Option<(f64, Decimal)> {
    let value = Decimal::parse(text).ok()?;
    let digits = value.mantissa().unsigned_abs().to_string().len();
    let number = text.parse().ok().filter(|_| digits <= DIGITS_MAX)?;
    Some((number, value))
}

/// A decimal in per cent as the number of which a workbook shows the per cent: the decimal point moves, and nothing is
/// divided.
pub(super) fn fraction(percent: &str) -> Option<f64> {
    let (_, value) = number(percent)?;
    let moved = Decimal::new(value.mantissa(), value.scale().checked_add(2)?)?;
    moved.to_string().parse().ok()
}

/// A duration in days, which is how a workbook counts time.
#[expect(
    clippy::cast_precision_loss,
    reason = "what a workbook holds is a float; 2^53 ms are 285,000 years"
)]
pub(super) fn days(ms: i64) -> f64 {
    ms as f64 / MS_PER_DAY
}

/// How many, as a workbook's number.
#[expect(
    clippy::cast_precision_loss,
    reason = "what a workbook holds is a float; nobody counts 2^53 reports"
)]
pub(super) fn count(count: u64) -> f64 {
    count as f64
}

/// An instant as the date and time of a zone, to the second.
pub(super) fn instant(at_ms: i64, zone: &TimeZone) -> Result<ExcelDateTime, XlsxError> {
    let wrong = || XlsxError::ParameterError(format!("{at_ms} ms is no instant of a calendar"));
    let instant = Timestamp::from_millisecond(at_ms).map_err(|_| wrong())?;
    let civil = instant.to_zoned_datetime(zone.clone());
    let part = |part: i8| u8::try_from(part).map_err(|_| wrong());
    let year = u16::try_from(civil.year()).map_err(|_| wrong())?;
    ExcelDateTime::from_ymd(year, part(civil.month())?, part(civil.day())?)?.and_hms(
        u16::from(part(civil.hour())?),
        part(civil.minute())?,
        civil.second(),
    )
}
