//! A figure as offices write it: what a cell means for one indicator, and what is said about how it was read.
//!
//! [`read_value`] takes plain numbers and marks. Before it come the ways of writing that depend on where the cell stands:
//!
//! | written | where | read as |
//! |---|---|---|
//! | `1,234.5` | workbooks; texts whose decimal mark is stated | separators of thousands, if they stand right |
//! | `8.3%` | workbooks | 8.3, if the indicator is measured in per cent; else a fault |
//! | `1234,5` | texts separated by semicolons, or with the line `# decimal: ,` | 1234.5; `1,234` is a fault where nothing is stated |
//! | `0.30000000000000004` | number cells of workbooks | 0.3: binary noise beyond the 15 digits that a spreadsheet shows |
//! | `2418.3299999999999` as text | everywhere | 2418.33, if the indicator has fewer decimals than the text |
//! | 万元 for 亿元 | by the heading's unit of measure | divided by the catalogue's factor, exactly |
//!
//! Each of them is told. Nothing is rounded unless the mapping file says `round = true`; then it is told, too.

use std::collections::BTreeMap;

use granary_core::{catalogue::Indicator, decimal::Decimal, text::Bilingual};

use super::{
    cell::{CellFault, Reading, narrow, read_value, trim},
    fault::{clip, say},
    names::Conversion,
};

/// The significant digits of a double that a spreadsheet shows.
const DIGITS_SHOWN: usize = 15;

/// Stands behind the text of a double that has more digits than a spreadsheet shows, to tell it from one that somebody wrote.
pub(super) const BINARY: char = '\u{2061}';

/// What a comma in a number is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Comma {
    /// Not expected.
    #[default]
    Refused,
    /// A separator of thousands.
    Thousands,
    /// The decimal mark, unless three digits follow: then it may be either, and is refused.
    Unclear,
    /// The decimal mark, as the file states.
    Decimal,
}

/// How numbers are written in a file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    /// What a comma is.
    pub comma: Comma,
    /// Whether `8.3%` may stand for 8.3 per cent.
    pub percent: bool,
    /// Whether a cell that is shown as a percentage cannot be told from one that is not.
    pub hides_percent: bool,
}

/// What is known of a column, or of a row, beside the text of its cells.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Source<'s> {
    /// From its unit of measure to the indicator's.
    pub conversion: Option<Conversion<'s>>,
    /// Whether more decimals than the indicator has are rounded off.
    pub round: bool,
    /// What marks mean here, by the mapping file.
    pub marks: Option<&'s BTreeMap<String, String>>,
}

/// A figure that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Figure {
    /// What it says.
    pub reading: Reading,
    /// How it was read, where that is not plain.
    pub told: Vec<Bilingual>,
}

/// Reads a cell for an indicator; `is_percent` says that the indicator is measured in per cent.
///
/// # Errors
/// [`CellFault`] with the way to write it.
pub(super) fn read_figure(
    text: &str,
    (indicator, is_percent): (&Indicator, bool),
    manner: Manner,
    source: &Source<'_>,
) -> Result<Figure, CellFault> {
    let mut told = Vec::new();
    let is_binary = text.contains(BINARY);
    let mut text = trim(text).replace(BINARY, "");
    if let Some(meaning) = source.marks.and_then(|marks| marks.get(&text)) {
        told.push(say!(
            "“{text}”按对照文件读作 {meaning}",
            "\"{text}\" was read as {meaning}, as the mapping file says"
        ));
        text.clone_from(meaning);
    }
    check_form(&text)?;
    if manner.percent
        && let Some(number) = percent(&text)
    {
        let was = text.clone();
        if !is_percent {
            return Err(percent_elsewhere(&text, indicator));
        }
        text = number;
        told.push(say!(
            "百分数 {was} 读作 {text}",
            "the percentage {was} was read as {text}"
        ));
    } else if manner.hides_percent && is_percent && is_fraction(&text) {
        return Err(percent_unknown(&text));
    }
    if let Some(plain) = without_commas(&text, manner.comma)? {
        told.push(say!(
            "“{text}”读作 {plain}",
            "\"{text}\" was read as {plain}"
        ));
        text = plain;
    }
    let shown = match is_binary {
        true => without_noise(&text, indicator, source),
        false => without_tail(&text, indicator),
    };
    if let Some(shown) = shown {
        told.push(say!(
            "单元格里存的是 {text}，尾数是二进制误差，读作 {shown}",
            "the cell holds {text}; the last digits are binary noise, so it was read as {shown}"
        ));
        text = shown;
    }
    let reading = match (read_value(&text)?, source.conversion) {
        (Reading::Value(value, narrowed), Some(way)) => {
            Reading::Value(converted(value, indicator, &way)?, narrowed)
        }
        (reading, _) => reading,
    };
    let reading = rounded(reading, indicator, source.round, &mut told);
    Ok(Figure { reading, told })
}

/// What no number can look like, with what it probably is.
fn check_form(text: &str) -> Result<(), CellFault> {
    if text == "=" {
        return Err(CellFault {
            problem: say!(
                "公式没有算出的结果",
                "the formula has no result in the file"
            ),
            remedy: say!(
                "用表格软件打开，重新计算并保存后再放入",
                "open it in a spreadsheet program, let it calculate, save, and hand it in again"
            ),
        });
    }
    let is_date = jiff::civil::Date::strptime("%Y-%m-%d", text).is_ok();
    if is_date {
        return Err(CellFault {
            problem: say!(
                "“{text}”是日期，不是数",
                "\"{text}\" is a date, not a number"
            ),
            remedy: say!(
                "把单元格格式改为“数值”，核对数值",
                "give the cell the format Number and check the value"
            ),
        });
    }
    Ok(())
}

/// The number before a percent sign.
fn percent(text: &str) -> Option<String> {
    let narrow = narrow(text);
    let number = narrow.strip_suffix('%')?.trim_end();
    Decimal::parse(number).ok().map(|_| number.to_owned())
}

fn percent_elsewhere(text: &str, indicator: &Indicator) -> CellFault {
    let (zh, en) = (&indicator.name().zh, &indicator.name().en);
    let found = clip(text);
    CellFault {
        problem: say!(
            "“{found}”是百分数，而“{zh}”不以 % 计量",
            "\"{found}\" is a percentage, but {en} is not measured in per cent"
        ),
        remedy: say!(
            "填写该指标计量单位下的数值，单元格格式改为“数值”",
            "write the value in the indicator's unit of measure, with the cell format Number"
        ),
    }
}

fn percent_unknown(text: &str) -> CellFault {
    let found = clip(text);
    CellFault {
        problem: say!(
            "这种格式的工作簿看不出 {found} 是否显示为百分数",
            "in a workbook of this format one cannot see whether {found} is shown as a percentage"
        ),
        remedy: say!(
            "另存为 .xlsx，或在单元格里以文字写明，例如 0.5%",
            "save it as .xlsx, or write the cell as text, for instance 0.5%"
        ),
    }
}

/// Whether the number lies between zero and one, so that it may be a percentage as it is stored.
fn is_fraction(text: &str) -> bool {
    Decimal::parse(text).is_ok_and(|value| !value.is_zero() && value.abs() < Decimal::ONE)
}

/// The number without separators of thousands and with a point for a decimal comma; `None` where there is no comma to speak of.
fn without_commas(text: &str, comma: Comma) -> Result<Option<String>, CellFault> {
    let narrow = narrow(text).replace(['，', '、'], ",");
    if comma == Comma::Refused || !narrow.contains(',') && comma != Comma::Decimal {
        return Ok(None);
    }
    let plain = match comma {
        Comma::Refused => None,
        Comma::Thousands => grouped(&narrow, ',', '.'),
        Comma::Decimal => grouped(&narrow, '.', ',').filter(|plain| *plain != narrow),
        Comma::Unclear => {
            let (whole, fraction) = narrow.split_once(',').unwrap_or((&narrow, ""));
            let number = format!("{whole}.{fraction}");
            if Decimal::parse(&number).is_err() || whole.contains('.') {
                None
            } else if fraction.len() == 3 {
                let together = format!("{whole}{fraction}");
                return Err(CellFault {
                    problem: say!(
                        "“{narrow}”可以是 {together}，也可以是 {number}",
                        "\"{narrow}\" may be {together} or {number}"
                    ),
                    remedy: say!(
                        "在标题行之前加一行“# 小数点: ,”或“# 小数点: .”，或写成不带逗号的数",
                        "add a line \"# decimal: ,\" or \"# decimal: .\" above the headings, or write it without a comma"
                    ),
                });
            } else {
                Some(number)
            }
        }
    };
    Ok(plain)
}

/// A number whose whole part is in groups of three, or in none, as a plain number.
fn grouped(text: &str, separator: char, point: char) -> Option<String> {
    let (sign, rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.get(..1)?, rest),
        None => ("", text),
    };
    let (whole, fraction) = match rest.split_once(point) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (rest, None),
    };
    let groups: Vec<&str> = whole.split(separator).collect();
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (first, others) = groups.split_first()?;
    let right = others
        .iter()
        .all(|group| group.len() == 3 && is_digits(group))
        && is_digits(first)
        && (others.is_empty() || first.len() <= 3)
        && fraction.is_none_or(is_digits);
    let fraction = fraction.map_or(String::new(), |fraction| format!(".{fraction}"));
    right.then(|| format!("{sign}{}{fraction}", groups.concat()))
}

/// What a spreadsheet shows of a double with more digits than it shows, if the rest is noise: that is, if what is shown has no more
/// decimals than the indicator, or, with a conversion or rounding ahead, has few enough digits to have been typed.
fn without_noise(text: &str, indicator: &Indicator, source: &Source<'_>) -> Option<String> {
    let shown = shortened(text.parse().ok()?)?;
    let value = Decimal::parse(&shown).ok()?.normalised();
    let is_typed = value.mantissa().unsigned_abs() < 10_u128.pow(12);
    let is_free = source.conversion.is_some() || source.round;
    (value.scale() <= indicator.decimals() || is_free && is_typed).then(|| value.to_string())
}

/// What was typed, where a program has written a double in seventeen digits as text: `2418.3299999999999` for 2418.33. Only for a text
/// that has more decimals than the indicator, so that it could not be taken as it stands.
fn without_tail(text: &str, indicator: &Indicator) -> Option<String> {
    if !is_long(text) || text.split_once('.')?.1.len() <= usize::from(indicator.decimals()) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    let digits = |text: &str| -> String {
        let mantissa = text.split('e').next().unwrap_or_default();
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        digits.trim_start_matches('0').to_owned()
    };
    let written = digits(text);
    let short = number.to_string();
    let same = digits(&format!("{number:.*e}", written.len().checked_sub(1)?)) == written;
    let fits = Decimal::parse(&short).is_ok_and(|value| value.scale() <= indicator.decimals());
    (same && fits && !is_long(&short)).then_some(short)
}

/// Whether a decimal number has more digits than a spreadsheet shows of a double, some of them after the point.
pub(super) fn is_long(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+', '0', '.']);
    text.contains('.') && digits.bytes().filter(u8::is_ascii_digit).count() > DIGITS_SHOWN
}

/// A double in [`DIGITS_SHOWN`] significant digits, without an exponent.
fn shortened(number: f64) -> Option<String> {
    let text = format!("{number:.*e}", DIGITS_SHOWN - 1);
    let (mantissa, exponent) = text.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let sign = if number < 0.0 { "-" } else { "" };
    let point = usize::try_from(exponent + 1);
    Some(match point {
        Ok(point) if point >= digits.len() => format!("{sign}{digits:0<point$}"),
        Ok(point) if point > 0 => {
            let (whole, fraction) = digits.split_at(point);
            format!("{sign}{whole}.{fraction}")
        }
        Ok(_) | Err(_) => {
            let zeros = "0".repeat(usize::try_from(-1 - exponent).ok()?.min(400));
            let fraction = format!("{zeros}{digits}");
            format!("{sign}0.{}", fraction.trim_end_matches('0'))
        }
    })
}

/// The value in the indicator's unit of measure, without zeros that only the conversion has added.
fn converted(
    value: Decimal,
    indicator: &Indicator,
    way: &Conversion<'_>,
) -> Result<Decimal, CellFault> {
    let Some(mut value) = way
        .convert(value)
        .filter(|value| value.to_wire().is_some() || value.normalised().to_wire().is_some())
    else {
        let (from_zh, from_en) = (&way.from.name().zh, &way.from.name().en);
        let (to_zh, to_en) = (&way.to.name().zh, &way.to.name().en);
        return Err(CellFault {
            problem: say!(
                "{value} {from_zh}不能准确换算成{to_zh}",
                "{value} {from_en} cannot be converted to {to_en} exactly"
            ),
            remedy: say!("把数值换算好再填", "convert the value by hand"),
        });
    };
    while value.scale() > indicator.decimals() && value.mantissa() % 10 == 0 {
        let Some(shorter) = value.rescaled(value.scale() - 1) else {
            break;
        };
        value = shorter;
    }
    Ok(value)
}

/// The value with no more decimals than the indicator has, half away from zero, if that is allowed.
fn rounded(
    reading: Reading,
    indicator: &Indicator,
    round: bool,
    told: &mut Vec<Bilingual>,
) -> Reading {
    let decimals = indicator.decimals();
    let Reading::Value(value, narrowed) = reading else {
        return reading;
    };
    if !round || value.scale() <= decimals {
        return Reading::Value(value, narrowed);
    }
    let cut = 10_i128.pow(u32::from(value.scale() - decimals));
    let (whole, rest) = (value.mantissa() / cut, value.mantissa() % cut);
    let up = if rest.abs() * 2 >= cut {
        value.mantissa().signum()
    } else {
        0
    };
    let Some(short) = Decimal::new(whole + up, decimals) else {
        return Reading::Value(value, narrowed);
    };
    told.push(say!(
        "{value} 按对照文件舍入为 {short}",
        "{value} was rounded to {short}, as the mapping file says"
    ));
    Reading::Value(short, narrowed)
}
