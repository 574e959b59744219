//! Reference periods as offices write them, beside the SDMX form.
//!
//! `2021-Q3`, also in lower case; `2021年`; `2021年3季度`, `2021年第三季度`; `2021年3月`. For accounts that run from the start of
//! the year, `2021年上半年` and `2021年前三季度` mean the quarter in which they end, if the dataset is quarterly.

use granary_core::period::{Period, Periodicity};

use super::{
    cell::narrow,
    fault::{clip, say},
    names::Unknown,
};

/// Reads a period; `periodicity` is that of the dataset.
///
/// # Errors
/// [`Unknown`] shows the form, with an example of the periodicity.
pub(super) fn read_period(text: &str, periodicity: Periodicity) -> Result<Period, Unknown> {
    let plain = narrow(text).trim().to_ascii_uppercase();
    let period = Period::parse(&plain)
        .ok()
        .or_else(|| chinese(&plain, periodicity));
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
