//! One cell: what its text says about a value or about its absence.
//!
//! | text | meaning |
//! |---|---|
//! | nothing, or spaces | not stated: no observation at all |
//! | `0`, `0.00` | zero, a value like any other |
//! | digits, at most one `.`, a sign before | the value, with exactly the digits that were written |
//! | `NA` `N/A` `…` `...` `缺报` | O: the figure exists or should, and is missing |
//! | `-` `—` `不适用` | M: there can be no such figure; never zero |
//! | `K` `L` `M` `O` `Q` alone | the SDMX status without a value |
//!
//! Full-width digits and signs (`１２．５`) are unambiguous and are taken; that is told in the report, as are the marks.
//! Separators of thousands, percent signs, exponents, units and the errors of formulas are refused with the way to write
//! the number: a wrong guess would become an official figure.

use granary_core::{
    decimal::{Decimal, DecimalError},
    snapshot::ObservationStatus,
    text::Bilingual,
};

use super::fault::{clip, say};

/// What a value cell says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Nothing.
    Blank,
    /// A value; the flag says that its digits or signs were full-width.
    Value(Decimal, bool),
    /// A mark for a stated absence.
    Absent(ObservationStatus),
}

/// Why a cell cannot be read, and how to write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellFault {
    /// What was found.
    pub problem: Bilingual,
    /// What to write.
    pub remedy: Bilingual,
}

/// Reads the text of a value cell.
///
/// # Errors
/// [`CellFault`] where it is neither blank, a number nor a mark.
pub fn read_value(text: &str) -> Result<Reading, CellFault> {
    let text = trim(text);
    if text.is_empty() {
        return Ok(Reading::Blank);
    }
    if let Some(status) = mark(text) {
        return Ok(Reading::Absent(status));
    }
    let narrow = narrow(text);
    match Decimal::parse(&narrow) {
        Ok(value) if value.to_wire().is_some() => Ok(Reading::Value(value, narrow != text)),
        Ok(_) | Err(DecimalError::TooLong) => Err(too_long(text)),
        Err(DecimalError::Syntax) => Err(not_a_number(text, &narrow)),
    }
}

/// Reads the text of a status cell: an SDMX letter or one of the usual words. Blank is `None`.
///
/// # Errors
/// [`CellFault`] names the letters.
pub fn read_status(text: &str) -> Result<Option<ObservationStatus>, CellFault> {
    let narrow = narrow(trim(text));
    if narrow.is_empty() {
        return Ok(None);
    }
    let known = ObservationStatus::from_letter(&narrow.to_ascii_uppercase())
        .or_else(|| status_word(&narrow));
    known.map(Some).ok_or_else(|| {
        let found = clip(&narrow);
        CellFault {
            problem: say!("“{found}”不是观测状态", "\"{found}\" is not an observation status"),
            remedy: say!(
                "写 SDMX 字母：A 正常、P 初步、E 估计、O 缺报、M 不适用；正常值可留空",
                "write an SDMX letter: A normal, P provisional, E estimated, O missing, M cannot exist; a normal value may leave it blank"
            ),
        }
    })
}

/// The text without white space around it; full-width and no-break spaces count.
#[must_use]
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'))
}

/// Full-width forms (U+FF01 to U+FF5E) and the typographic minus as plain ASCII.
#[must_use]
pub(super) fn narrow(text: &str) -> String {
    let narrow = |c: char| match c {
        '\u{3000}' | '\u{a0}' => ' ',
        '\u{2212}' => '-',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    };
    text.chars().map(narrow).collect()
}

/// Value and status together; `None` where nothing is stated.
pub(super) fn combine(
    reading: &Reading,
    status: Option<ObservationStatus>,
) -> Result<Option<(Option<Decimal>, ObservationStatus)>, CellFault> {
    match (reading, status) {
        (Reading::Blank, None) => Ok(None),
        (Reading::Blank, Some(status)) if !status.has_value() => Ok(Some((None, status))),
        (Reading::Absent(mark), None) => Ok(Some((None, *mark))),
        (Reading::Absent(_), Some(status)) if !status.has_value() => Ok(Some((None, status))),
        (Reading::Value(value, _), None) => Ok(Some((Some(*value), ObservationStatus::Normal))),
        (Reading::Value(value, _), Some(status)) if status.has_value() => {
            Ok(Some((Some(*value), status)))
        }
        (Reading::Value(value, _), Some(status)) => {
            let letter = status.letter();
            Err(CellFault {
                problem: say!(
                    "状态 {letter} 表示没有数值，却填了 {value}",
                    "status {letter} says that there is no value, but {value} is given"
                ),
                remedy: say!(
                    "删去数值，或改正状态",
                    "remove the value or correct the status"
                ),
            })
        }
        (Reading::Blank | Reading::Absent(_), Some(status)) => {
            let letter = status.letter();
            Err(CellFault {
                problem: say!(
                    "状态 {letter} 需要数值，却没有填",
                    "status {letter} needs a value, but there is none"
                ),
                remedy: say!(
                    "填写数值，或把状态改为 O（缺报）或 M（不适用）",
                    "fill in the value, or write status O (missing) or M (cannot exist)"
                ),
            })
        }
    }
}

fn mark(text: &str) -> Option<ObservationStatus> {
    match text {
        "NA" | "N/A" | "n/a" | "na" | "…" | "……" | "..." | "缺报" | "O" => {
            Some(ObservationStatus::Missing)
        }
        "-" | "－" | "—" | "——" | "–" | "不适用" | "M" => {
            Some(ObservationStatus::CannotExist)
        }
        "K" => Some(ObservationStatus::IncludedElsewhere),
        "L" => Some(ObservationStatus::NotCollected),
        "Q" => Some(ObservationStatus::Suppressed),
        _ => None,
    }
}

fn status_word(text: &str) -> Option<ObservationStatus> {
    match text {
        "正常" | "normal" => Some(ObservationStatus::Normal),
        "初步" | "初步数" | "provisional" => Some(ObservationStatus::Provisional),
        "估计" | "预计" | "estimated" => Some(ObservationStatus::Estimated),
        "缺报" | "missing" => Some(ObservationStatus::Missing),
        "不适用" | "not applicable" => Some(ObservationStatus::CannotExist),
        _ => None,
    }
}

fn too_long(text: &str) -> CellFault {
    let found = clip(text);
    CellFault {
        problem: say!("“{found}”位数过多", "\"{found}\" has too many digits"),
        remedy: say!(
            "数值至多 18 位数字；请核对是否多输，或改用更大的计量单位",
            "a value has at most 18 digits; check for a slip of the keyboard, or use a larger unit of measure"
        ),
    }
}

fn not_a_number(text: &str, narrow: &str) -> CellFault {
    let found = clip(text);
    let problem = say!("“{found}”不是数", "\"{found}\" is not a number");
    CellFault {
        problem,
        remedy: remedy_for(narrow),
    }
}

/// The way to write what was meant, by what stands there.
fn remedy_for(narrow: &str) -> Bilingual {
    let without: String = narrow
        .chars()
        .filter(|c| !matches!(c, ',' | '\'' | ' ' | '，' | '、'))
        .collect();
    if without != narrow && Decimal::parse(&without).is_ok() {
        return say!(
            "去掉千位分隔符，写成 {without}",
            "leave out the separators of thousands: write {without}"
        );
    }
    if narrow.starts_with('#') {
        return say!(
            "这是公式错误；在表格里改好公式，使单元格显示数值后再另存",
            "this is a formula error; mend the formula in the workbook until the cell shows a number, then save again"
        );
    }
    if let Some(number) = narrow
        .strip_suffix('%')
        .map(str::trim)
        .filter(|n| Decimal::parse(n).is_ok())
    {
        return say!(
            "去掉百分号，写成 {number}",
            "leave out the percent sign: write {number}"
        );
    }
    if is_exponent(narrow) {
        return say!(
            "表格软件缩写了这个数；把该列设为“数值”格式后再另存，写出全部数字",
            "the spreadsheet has shortened the number; format the column as Number and save again with all digits"
        );
    }
    if let Some(inner) = narrow.strip_prefix('(').and_then(|t| t.strip_suffix(')'))
        && Decimal::parse(inner).is_ok()
    {
        return say!("负数写成 -{inner}", "write a negative number as -{inner}");
    }
    let number: String = narrow
        .chars()
        .take_while(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))
        .collect();
    if number.len() < narrow.len() && Decimal::parse(&number).is_ok() {
        return say!(
            "只写数字，不写计量单位或文字，例如 {number}",
            "write the digits alone, without a unit or words, for instance {number}"
        );
    }
    say!(
        "写数字，至多一个小数点，例如 -1234.5；没有数时留空，缺报写 NA，不适用写 M",
        "write digits with at most one decimal point, for instance -1234.5; leave it blank, write NA for missing or M for what cannot exist"
    )
}

fn is_exponent(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.split_once('e').is_some_and(|(number, exponent)| {
        Decimal::parse(number).is_ok() && exponent.parse::<i32>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<String> {
        match read_value(text) {
            Ok(Reading::Value(value, _)) => Some(value.to_string()),
            Ok(Reading::Blank | Reading::Absent(_)) | Err(_) => None,
        }
    }

    #[test]
    fn values_keep_the_digits_that_were_written() {
        for (text, expect) in [
            ("13985.53", "13985.53"),
            (" 80.10 ", "80.10"),
            ("0", "0"),
            ("0.00", "0.00"),
            ("-0.5", "-0.5"),
            ("１２．５０", "12.50"),
            ("－３", "-3"),
            ("\u{2212}3", "-3"),
            ("\u{3000}7\u{a0}", "7"),
        ] {
            assert_eq!(value(text).as_deref(), Some(expect), "{text:?}");
        }
        assert_eq!(
            read_value("１２"),
            Ok(Reading::Value(Decimal::integer(12), true))
        );
    }

    #[test]
    fn blank_zero_and_absent_are_three_things() {
        assert_eq!(read_value("  "), Ok(Reading::Blank));
        assert_eq!(read_value("0"), Ok(Reading::Value(Decimal::ZERO, false)));
        for (text, letter) in [
            ("NA", 'O'),
            ("…", 'O'),
            ("...", 'O'),
            ("-", 'M'),
            ("—", 'M'),
            ("M", 'M'),
            ("不适用", 'M'),
            ("Q", 'Q'),
        ] {
            match read_value(text) {
                Ok(Reading::Absent(status)) => assert_eq!(status.letter(), letter, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn every_unclear_number_is_refused_with_the_way_to_write_it() {
        for (text, zh, en) in [
            ("1,234.5", "写成 1234.5", "write 1234.5"),
            ("1，234", "写成 1234", "write 1234"),
            ("1 234", "写成 1234", "write 1234"),
            ("8.3%", "写成 8.3", "write 8.3"),
            ("1.2E+05", "数值", "format the column as Number"),
            ("#DIV/0!", "公式", "formula"),
            ("#REF!", "公式", "formula"),
            ("(12.3)", "-12.3", "-12.3"),
            ("12.5亿元", "例如 12.5", "for instance 12.5"),
            ("NaN", "写数字", "write digits"),
            ("1.2.3", "写数字", "write digits"),
            ("1234567890123456789", "18 位", "18 digits"),
            (
                "1234567890123456789012345678901234567890",
                "18 位",
                "18 digits",
            ),
        ] {
            let fault = read_value(text).unwrap_err();
            assert!(fault.problem.zh.contains(&clip(text)), "{fault:?}");
            assert!(fault.problem.en.contains(&clip(text)), "{fault:?}");
            assert!(fault.remedy.zh.contains(zh), "{text}: {}", fault.remedy.zh);
            assert!(fault.remedy.en.contains(en), "{text}: {}", fault.remedy.en);
        }
    }

    #[test]
    fn statuses_are_letters_or_words() {
        assert_eq!(read_status(" "), Ok(None));
        assert_eq!(read_status("p"), Ok(Some(ObservationStatus::Provisional)));
        assert_eq!(read_status("Ｏ"), Ok(Some(ObservationStatus::Missing)));
        assert_eq!(read_status("预计"), Ok(Some(ObservationStatus::Estimated)));
        assert!(read_status("Z").unwrap_err().remedy.en.contains("SDMX"));
    }
}
