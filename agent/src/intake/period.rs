//! Reference periods as offices write them, beside the SDMX form.
//!
//! `2021-Q3`, also in lower case; `2021年`; `2021年3季度`, `2021年第三季度`; `2021年3月`. For accounts that run from the start of
//! the year, `2021年上半年` and `2021年前三季度` mean the quarter in which they end, if the dataset is quarterly. A date (`2021-03-31`,
//! `2021/3/31`) means the period that it lies in; a month without a day (`2021-03`, `202103`) a month; a year alone a year.

use granary_core::period::{Period, Periodicity};
use jiff::civil::Date;

use super::{
    cell::narrow,
    fault::{clip, say},
    names::Unknown,
};

/// Reads a period; `periodicity` is that of the dataset.
///
/// # Errors
/// [`Unknown`] shows the form, with an example of the periodicity.
pub fn read_period(text: &str, periodicity: Periodicity) -> Result<Period, Unknown> {
    let plain = narrow(text).trim().to_ascii_uppercase();
    // A day names the period that it lies in.
    let is_meant =
        |p: &Period| p.periodicity() != Periodicity::Day || periodicity == Periodicity::Day;
    let period = Period::parse(&plain)
        .ok()
        .filter(is_meant)
        .or_else(|| chinese(&plain, periodicity))
        .or_else(|| digits(&plain, periodicity));
    period.ok_or_else(|| {
        let found = clip(text.trim());
        let example = Period::new(periodicity, 2021, 1).map_or(String::new(), |p| p.to_string());
        Unknown {
            problem: say!("“{found}”不是报告期", "\"{found}\" is not a period"),
            remedy: say!("例如写成 {example}", "write for instance {example}"),
        }
    })
}

fn chinese(text: &str, periodicity: Periodicity) -> Option<Period> {
    let (year, rest) = text.split_once('年')?;
    let year: i16 = Some(year).filter(|y| y.len() == 4)?.parse().ok()?;
    let rest = rest.trim();
    if matches!(rest, "" | "全年") {
        return Period::new(Periodicity::Annual, year, 1);
    }
    if let Some(month) = rest.strip_suffix("月") {
        return Period::new(Periodicity::Month, year, month.parse().ok()?);
    }
    match (rest, periodicity) {
        ("上半年", Periodicity::Quarter) => Period::new(periodicity, year, 2),
        ("前三季度" | "前3季度", Periodicity::Quarter) => Period::new(periodicity, year, 3),
        ("上半年", Periodicity::HalfYear) => Period::new(periodicity, year, 1),
        ("下半年", Periodicity::HalfYear) => Period::new(periodicity, year, 2),
        (quarter, _) => {
            let number = quarter.strip_suffix("季度")?.trim_start_matches('第');
            Period::new(Periodicity::Quarter, year, ordinal(number)?)
        }
    }
}

/// Dates, months and years in digits.
fn digits(text: &str, periodicity: Periodicity) -> Option<Period> {
    let plain = text.replace(['/', '.'], "-");
    let parts: Vec<&str> = plain.split('-').collect();
    let year = |text: &str| Some(text).filter(|y| y.len() == 4)?.parse::<i16>().ok();
    let month = |year, month| match periodicity {
        Periodicity::Month => Period::new(periodicity, year, month),
        Periodicity::Annual | Periodicity::HalfYear | Periodicity::Quarter | Periodicity::Day => {
            None
        }
    };
    match parts[..] {
        [y, m, d] => {
            let day = Date::new(year(y)?, m.parse().ok()?, d.parse().ok()?).ok()?;
            Period::containing(periodicity, day)
        }
        [y, m] => month(year(y)?, m.parse().ok()?),
        [text] if text.len() == 6 && text.is_ascii() => {
            let (y, m) = text.split_at(4);
            month(year(y)?, m.parse().ok()?)
        }
        [y] if periodicity == Periodicity::Annual => Period::new(periodicity, year(y)?, 1),
        _ => None,
    }
}

/// The period that a title speaks of: `2021年前三季度…`, `…（2017）`, `…2021-Q3`.
#[must_use]
pub(super) fn find_period(title: &str, periodicity: Periodicity) -> Option<Period> {
    let plain = narrow(title);
    let starts = plain.char_indices().filter(|(at, c)| {
        let before = plain.get(..*at).and_then(|b| b.chars().next_back());
        c.is_ascii_digit() && !before.is_some_and(|b| b.is_ascii_digit())
    });
    let mut found: Vec<Period> = starts
        .filter_map(|(at, _)| longest(plain.get(at..)?, periodicity))
        .collect();
    found.retain(|period| period.periodicity() == periodicity);
    found.dedup();
    match found[..] {
        [period] => Some(period),
        _ => None,
    }
}

/// The period in the longest beginning of a text that is one, of at most twelve characters.
fn longest(text: &str, periodicity: Periodicity) -> Option<Period> {
    let ends = text
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .take(12);
    let ends: Vec<usize> = ends.collect();
    ends.iter().rev().find_map(|end| {
        let beginning = text.get(..*end)?;
        // A number is not cut: 20170 is no year 2017.
        let next = text.get(*end..)?.chars().next();
        if next.is_some_and(|c| c.is_ascii_digit()) {
            return None;
        }
        read_period(beginning, periodicity).ok()
    })
}

fn ordinal(text: &str) -> Option<i32> {
    match text {
        "1" | "一" => Some(1),
        "2" | "二" => Some(2),
        "3" | "三" => Some(3),
        "4" | "四" => Some(4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_speaks_of_one_period_or_of_none() {
        for (title, periodicity, expect) in [
            (
                "表2.6 各区户籍人口年龄构成（2017）",
                Periodicity::Annual,
                Some("2017-A1"),
            ),
            (
                "贵阳市2021年前三季度主要指标",
                Periodicity::Quarter,
                Some("2021-Q3"),
            ),
            (
                "２０２１年３月 重点项目",
                Periodicity::Month,
                Some("2021-M03"),
            ),
            (
                "accounts 2021-Q3, first release",
                Periodicity::Quarter,
                Some("2021-Q3"),
            ),
            ("2020年、2021年对比", Periodicity::Annual, None),
            ("共 20170 户", Periodicity::Annual, None),
            ("各区（2017）", Periodicity::Quarter, None),
            ("表2.6", Periodicity::Annual, None),
        ] {
            let found = find_period(title, periodicity).map(|p| p.to_string());
            assert_eq!(found.as_deref(), expect, "{title}");
        }
    }

    #[test]
    fn periods_as_offices_write_them() {
        for (text, periodicity, expect) in [
            ("2021-Q3", Periodicity::Quarter, "2021-Q3"),
            ("２０２１-q3", Periodicity::Quarter, "2021-Q3"),
            ("2021年3季度", Periodicity::Quarter, "2021-Q3"),
            ("2021年第三季度", Periodicity::Quarter, "2021-Q3"),
            ("2021年前三季度", Periodicity::Quarter, "2021-Q3"),
            ("2021年上半年", Periodicity::Quarter, "2021-Q2"),
            ("2021年上半年", Periodicity::HalfYear, "2021-S1"),
            ("2021年", Periodicity::Annual, "2021-A1"),
            ("2021年3月", Periodicity::Month, "2021-M03"),
            ("2021-03", Periodicity::Month, "2021-M03"),
            ("202103", Periodicity::Month, "2021-M03"),
            ("2021/3/31", Periodicity::Month, "2021-M03"),
            ("2021-09-30", Periodicity::Quarter, "2021-Q3"),
            ("2021.9.30", Periodicity::Annual, "2021-A1"),
            ("２０２１", Periodicity::Annual, "2021-A1"),
        ] {
            assert_eq!(
                read_period(text, periodicity).unwrap().to_string(),
                expect,
                "{text}"
            );
        }
        for text in [
            "2021",
            "Q3 2021",
            "2021年5季度",
            "2021年前三季度x",
            "21年",
            "2021年13月",
            "2021-03",
            "2021-02-30",
        ] {
            let unknown = read_period(text, Periodicity::Quarter).unwrap_err();
            assert!(
                unknown.remedy.zh.contains("2021-Q1") && unknown.remedy.en.contains("2021-Q1"),
                "{text}"
            );
        }
        // A half-year has no meaning for a monthly dataset.
        assert!(read_period("2021年上半年", Periodicity::Month).is_err());
    }
}
