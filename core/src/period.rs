//! Reference periods (报告期) in SDMX form: `2021-A1`, `2021-S1`, `2021-Q3`, `2021-M03`, `2020-09-15`.
//!
//! Source: SDMX 3.0 technical notes, section 4.2.6 (reporting periods) and 4.2.5 (calendar dates). A period is a
//! periodicity and an ordinal, so that the one before and the same one a year ago are sums of integers.

use std::fmt;

use jiff::civil::{Date, date};

/// How often a dataset is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Periodicity {
    /// Once a year (A).
    Annual,
    /// Twice a year (S).
    HalfYear,
    /// Four times a year (Q).
    Quarter,
    /// Twelve times a year (M).
    Month,
    /// Every day (D).
    Day,
}

impl Periodicity {
    /// All of them, from the longest to the shortest.
    pub const ALL: [Self; 5] = [
        Self::Annual,
        Self::HalfYear,
        Self::Quarter,
        Self::Month,
        Self::Day,
    ];

    /// Periods in a year, or `None` for days, whose number varies.
    #[must_use]
    pub const fn per_year(self) -> Option<i32> {
        match self {
            Self::Annual => Some(1),
            Self::HalfYear => Some(2),
            Self::Quarter => Some(4),
            Self::Month => Some(12),
            Self::Day => None,
        }
    }

    /// The word for it in a catalogue: `annual`, `half-year`, `quarter`, `month`, `day`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Annual => "annual",
            Self::HalfYear => "half-year",
            Self::Quarter => "quarter",
            Self::Month => "month",
            Self::Day => "day",
        }
    }

    /// The inverse of [`Self::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.word() == word)
    }
}

/// One reference period. Ordered by periodicity, then by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    periodicity: Periodicity,
    /// Years since 0, half-years since 0-S1, quarters since 0-Q1, months since 0-M01, or days since 1970-01-01.
    ordinal: i32,
}

/// Why a text is not a period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a period: write 2021-A1, 2021-S1, 2021-Q1, 2021-M03 or 2021-03-31")]
pub struct PeriodError(String);

impl Period {
    /// The first year that a period may lie in.
    pub const YEAR_MIN: i16 = 1900;
    /// The last year that a period may lie in.
    pub const YEAR_MAX: i16 = 2199;

    /// Period `number` (from 1) of `year`; for days, the number is the day of the year.
    #[must_use]
    pub fn new(periodicity: Periodicity, year: i16, number: i32) -> Option<Self> {
        if !(Self::YEAR_MIN..=Self::YEAR_MAX).contains(&year) || number < 1 {
            return None;
        }
        let ordinal = match periodicity.per_year() {
            Some(count) if number <= count => i32::from(year) * count + number - 1,
            Some(_) => return None,
            None if number <= i32::from(date(year, 1, 1).days_in_year()) => {
                day_ordinal(date(year, 1, 1)) + number - 1
            }
            None => return None,
        };
        Some(Self {
            periodicity,
            ordinal,
        })
    }

    /// Reads the SDMX form that [`fmt::Display`] writes.
    ///
    /// # Errors
    /// [`PeriodError`] shows the forms.
    pub fn parse(text: &str) -> Result<Self, PeriodError> {
        parse(text).ok_or_else(|| PeriodError(text.chars().take(40).collect()))
    }

    /// The period of this periodicity in which `day` lies.
    #[must_use]
    pub fn containing(periodicity: Periodicity, day: Date) -> Option<Self> {
        let number = match periodicity.per_year() {
            Some(count) => (i32::from(day.month()) - 1) * count / 12 + 1,
            None => i32::from(day.day_of_year()),
        };
        Self::new(periodicity, day.year(), number)
    }

    /// How long the period is.
    #[must_use]
    pub const fn periodicity(self) -> Periodicity {
        self.periodicity
    }

    /// A number that grows by one from each period to the next of the same periodicity.
    #[must_use]
    pub const fn ordinal(self) -> i32 {
        self.ordinal
    }

    /// The inverse of [`Self::ordinal`]; `None` outside the years allowed.
    #[must_use]
    pub fn from_ordinal(periodicity: Periodicity, ordinal: i32) -> Option<Self> {
        let period = Self {
            periodicity,
            ordinal,
        };
        let first = Self::new(periodicity, Self::YEAR_MIN, 1)?;
        let beyond = match periodicity.per_year() {
            Some(count) => (i32::from(Self::YEAR_MAX) + 1) * count,
            None => day_ordinal(date(Self::YEAR_MAX, 12, 31)) + 1,
        };
        (first.ordinal..beyond).contains(&ordinal).then_some(period)
    }

    /// The calendar year.
    #[must_use]
    pub fn year(self) -> i16 {
        self.first_day().year()
    }

    /// The number within the year, from 1.
    #[must_use]
    pub fn number(self) -> i32 {
        match self.periodicity.per_year() {
            Some(count) => self.ordinal.rem_euclid(count) + 1,
            None => i32::from(self.first_day().day_of_year()),
        }
    }

    /// The period `count` after this one (before it, where `count` is negative).
    #[must_use]
    pub fn plus(self, count: i32) -> Option<Self> {
        Self::from_ordinal(self.periodicity, self.ordinal.checked_add(count)?)
    }

    /// The same period one year before. For 29 February there is none.
    #[must_use]
    pub fn year_ago(self) -> Option<Self> {
        if let Some(count) = self.periodicity.per_year() {
            return self.plus(-count);
        }
        let day = self.first_day();
        let before = Date::new(day.year() - 1, day.month(), day.day()).ok()?;
        Self::containing(Periodicity::Day, before)
    }

    /// The same period one year after. For 29 February there is none.
    #[must_use]
    pub fn year_later(self) -> Option<Self> {
        if let Some(count) = self.periodicity.per_year() {
            return self.plus(count);
        }
        let day = self.first_day();
        let after = Date::new(day.year() + 1, day.month(), day.day()).ok()?;
        Self::containing(Periodicity::Day, after)
    }

    /// The period of another periodicity that ends on the same day: a year for its fourth quarter and the other way round,
    /// none for the first quarter.
    #[must_use]
    pub fn ending_together(self, periodicity: Periodicity) -> Option<Self> {
        if self.periodicity == periodicity {
            return Some(self);
        }
        let last_day = self.day_after().yesterday().ok()?;
        let other = Self::containing(periodicity, last_day)?;
        (other.day_after() == self.day_after()).then_some(other)
    }

    /// The periods of another periodicity that end within this one, in order: the three months of a quarter; the year for
    /// its last quarter, and for no other.
    pub fn ending_within(self, periodicity: Periodicity) -> impl Iterator<Item = Self> {
        let first = Self::containing(periodicity, self.first_day());
        std::iter::successors(first, |period| period.plus(1))
            .take_while(move |period| period.day_after() <= self.day_after())
    }

    /// The first calendar day.
    #[must_use]
    pub fn first_day(self) -> Date {
        let Some(count) = self.periodicity.per_year() else {
            return date_of_ordinal(self.ordinal);
        };
        let year = i16::try_from(self.ordinal.div_euclid(count)).unwrap_or(Self::YEAR_MAX);
        let month = self.ordinal.rem_euclid(count) * 12 / count + 1;
        // The month is 1 to 12 by construction, so the fallback is never taken.
        date(year, i8::try_from(month).unwrap_or(1), 1)
    }

    /// The first calendar day after the period.
    #[must_use]
    pub fn day_after(self) -> Date {
        let next = Self {
            periodicity: self.periodicity,
            ordinal: self.ordinal.saturating_add(1),
        };
        next.first_day()
    }
}

fn parse(text: &str) -> Option<Period> {
    let (year, rest) = text.split_once('-')?;
    let digits = |t: &str, n: usize| t.len() == n && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(year, 4) {
        return None;
    }
    let year: i16 = year.parse().ok()?;
    if let Some((month, day)) = rest.split_once('-') {
        if !digits(month, 2) || !digits(day, 2) {
            return None;
        }
        let day = Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()?;
        return Period::containing(Periodicity::Day, day);
    }
    let (periodicity, width) = match rest.chars().next()? {
        'A' => (Periodicity::Annual, 1),
        'S' => (Periodicity::HalfYear, 1),
        'Q' => (Periodicity::Quarter, 1),
        'M' => (Periodicity::Month, 2),
        _ => return None,
    };
    let number = rest.get(1..)?;
    if !digits(number, width) {
        return None;
    }
    Period::new(periodicity, year, number.parse().ok()?)
}

fn day_ordinal(day: Date) -> i32 {
    day.duration_since(date(1970, 1, 1))
        .as_hours()
        .div_euclid(24) as i32
}

fn date_of_ordinal(ordinal: i32) -> Date {
    date(1970, 1, 1).saturating_add(jiff::SignedDuration::from_hours(i64::from(ordinal) * 24))
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, number) = (self.year(), self.number());
        let text = match self.periodicity {
            Periodicity::Annual => format!("{year:04}-A1"),
            Periodicity::HalfYear => format!("{year:04}-S{number}"),
            Periodicity::Quarter => format!("{year:04}-Q{number}"),
            Periodicity::Month => format!("{year:04}-M{number:02}"),
            Periodicity::Day => self.first_day().to_string(),
        };
        f.pad(&text)
    }
}

impl fmt::Debug for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl std::str::FromStr for Period {
    type Err = PeriodError;
    fn from_str(text: &str) -> Result<Self, PeriodError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn p(text: &str) -> Period {
        Period::parse(text).unwrap()
    }

    #[test]
    fn text_round_trips() {
        for text in [
            "2021-A1",
            "2021-S2",
            "2021-Q3",
            "2021-M03",
            "2020-02-29",
            "1969-12-31",
            "1900-01-01",
        ] {
            assert_eq!(p(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in [
            "2021",
            "2021-Q5",
            "2021-Q0",
            "2021-M3",
            "2021-M13",
            "2021-A2",
            "21-Q1",
            "2021-02-29",
            "2021-q1",
            "1899-A1",
            "+021-A1",
        ] {
            assert!(Period::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn neighbours() {
        assert_eq!(p("2021-Q1").plus(-1), Some(p("2020-Q4")));
        assert_eq!(p("2021-M03").year_ago(), Some(p("2020-M03")));
        assert_eq!(p("2020-02-29").year_ago(), None);
        assert_eq!(p("2021-S2").first_day(), date(2021, 7, 1));
        assert_eq!(p("2021-Q4").day_after(), date(2022, 1, 1));
        assert_eq!(p("1900-A1").plus(-1), None);
        assert_eq!(p("2199-M12").plus(1), None);
    }

    proptest! {
        #[test]
        fn every_ordinal_round_trips(which in 0..5_usize, offset in 0..100_000_i32) {
            let periodicity = Periodicity::ALL[which];
            let first = Period::new(periodicity, Period::YEAR_MIN, 1).unwrap();
            if let Some(period) = first.plus(offset) {
                prop_assert_eq!(p(&period.to_string()), period);
                prop_assert_eq!(Period::containing(periodicity, period.first_day()), Some(period));
                prop_assert!(period.first_day() < period.day_after());
                prop_assert_eq!(Period::new(periodicity, period.year(), period.number()), Some(period));
            }
        }
    }
}
