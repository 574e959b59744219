//! The course of one target: the figures of its year, exactly.

use jiff::civil::{Date, date};

use crate::{
    catalogue::{Aim, Catalogue, IndicatorKind, Target},
    decimal::Decimal,
    period::{Period, Periodicity},
    ratio::Ratio,
};

use super::{HALF_YEAR_END, growth_percent};

/// Gives the unit's figure for a period.
type Own<'f, E> = dyn FnMut(Period) -> Result<Option<Decimal>, E> + 'f;

/// What is known of one target at an instant.
#[derive(Clone, Debug)]
pub(super) struct Course {
    is_stock: bool,
    /// Whether a period of the dataset that the unit owes has ended.
    pub(super) has_begun: bool,
    /// The year's target; none where last year's value is needed and not known.
    pub(super) target: Option<Decimal>,
    /// The half-year's target.
    pub(super) half: Option<Decimal>,
    /// A stock at the end of last year.
    base: Option<Decimal>,
    /// What is reached, and the last period that it counts.
    pub(super) reached: Option<(Period, Decimal)>,
    /// The same stretch of the year before.
    year_ago: Option<Decimal>,
    /// What was reached by the middle of the year.
    reached_by_half: Option<Decimal>,
}

impl Course {
    pub(super) fn follow<E>(
        catalogue: &Catalogue,
        target: &Target,
        last_day: Option<Date>,
        figure: &mut Own<'_, E>,
    ) -> Result<Self, E> {
        let kind = catalogue.indicator(&target.indicator).map(|i| i.kind());
        let is_flow = kind == Some(IndicatorKind::Flow);
        let is_stock = kind == Some(IndicatorKind::Stock);
        let ended = ended_periods(catalogue, target, last_day);
        let reached = reached(is_flow, &ended, figure)?;
        let year_ago = match (&reached, ended.first()) {
            (Some((through, _)), Some(first)) => {
                let first = if is_flow { *first } else { *through };
                stretch(first.year_ago(), through.year_ago(), figure)?
            }
            (None, _) | (_, None) => None,
        };
        let is_growth = matches!(target.aim, Aim::GrowthPercent(_));
        let last_year = if is_growth || is_stock {
            last_year(catalogue, target, is_flow, figure)?
        } else {
            None
        };
        let aim = aim(target.aim, last_year);
        let by_half = ended
            .iter()
            .copied()
            .filter(|period| period.day_after() <= half_end(target));
        let by_half: Vec<Period> = by_half.collect();
        let reached_by_half = reached_at_half(is_flow, &by_half, target, figure)?;
        Ok(Self {
            is_stock,
            has_begun: !ended.is_empty(),
            target: aim,
            half: half(target.aim, aim, is_stock, last_year),
            base: last_year.filter(|_| is_stock),
            reached,
            year_ago,
            reached_by_half,
        })
    }

    /// The share of the year that has passed by the end of the last period that counts.
    pub(super) fn elapsed(&self) -> Option<Ratio> {
        let (through, _) = self.reached?;
        let start = date(through.year(), 1, 1);
        let days = days_between(start, through.day_after());
        Ratio::new(days, start.days_in_year())
    }

    /// What is reached, as a share of the target.
    pub(super) fn progress(&self) -> Option<Ratio> {
        let (_, reached) = self.reached?;
        Ratio::of(reached).over(&Ratio::of(self.target?))
    }

    /// What elapsed time asks for.
    fn asked(&self) -> Option<Ratio> {
        let (target, elapsed) = (Ratio::of(self.target?), self.elapsed()?);
        if !self.is_stock {
            return Some(target.times(&elapsed));
        }
        let base = Ratio::of(self.base?);
        Some(base.plus(&target.minus(&base).times(&elapsed)))
    }

    /// Reached minus asked.
    pub(super) fn gap(&self) -> Option<Ratio> {
        let (_, reached) = self.reached?;
        Some(Ratio::of(reached).minus(&self.asked()?))
    }

    /// What each period of the year after the last that counts needs on average; 0 where the target is reached.
    pub(super) fn pace(&self) -> Option<Ratio> {
        let (through, reached) = self.reached?;
        let left = Ratio::of(self.target?).minus(&Ratio::of(reached));
        let periods = match through.periodicity().per_year() {
            Some(count) => count - through.number(),
            None => i32::from(through.first_day().days_in_year()) - through.number(),
        };
        left.max(Ratio::whole(0)).over(&Ratio::whole(periods))
    }

    /// Growth over the same stretch of the year before, in per cent with two decimals; none where that was not above zero.
    pub(super) fn growth_percent(&self) -> Option<Decimal> {
        let (_, reached) = self.reached?;
        growth_percent(self.year_ago?, reached)
    }

    /// Whether the half-year's target was reached by the middle of the year; none where that is not known.
    pub(super) fn half_reached(&self) -> Option<bool> {
        Some(self.reached_by_half? >= self.half?)
    }

    /// Reached over asked, from 0 to 1. A stock of which last year's end is not known is set beside its target.
    pub(super) fn attained(&self) -> Option<Ratio> {
        let target = Ratio::of(self.target.filter(|_| self.has_begun)?);
        let (zero, one) = (Ratio::whole(0), Ratio::whole(1));
        let Some((_, reached)) = self.reached else {
            return Some(zero);
        };
        let (reached, asked) = (Ratio::of(reached), self.asked().unwrap_or(target));
        if reached >= asked {
            return Some(one);
        }
        // Below what is asked: a share of it, where both are above zero.
        Some(
            reached
                .over(&asked)
                .unwrap_or(zero.clone())
                .clamp(zero, one),
        )
    }
}

/// The periods of the target's year that the unit owes and that have ended by the last day, in order.
fn ended_periods(catalogue: &Catalogue, target: &Target, last_day: Option<Date>) -> Vec<Period> {
    let Some(dataset) = catalogue.dataset(&target.dataset) else {
        return Vec::new();
    };
    let has_ended = |period: &Period| {
        last_day.is_none_or(|last_day| {
            period
                .day_after()
                .yesterday()
                .is_ok_and(|end| end <= last_day)
        })
    };
    let owed = |period: &Period| catalogue.expects(&target.unit, &target.dataset, *period);
    let periods = periods_of(dataset.periodicity(), target.year);
    periods.filter(has_ended).filter(owed).collect()
}

fn periods_of(periodicity: Periodicity, year: i16) -> impl Iterator<Item = Period> {
    let first = Period::new(periodicity, year, 1);
    std::iter::successors(first, |period| period.plus(1)).take_while(move |p| p.year() == year)
}

/// What is reached by the last of `periods` that counts.
fn reached<E>(
    is_flow: bool,
    periods: &[Period],
    figure: &mut Own<'_, E>,
) -> Result<Option<(Period, Decimal)>, E> {
    if !is_flow {
        for period in periods.iter().rev() {
            if let Some(value) = figure(*period)? {
                return Ok(Some((*period, value)));
            }
        }
        return Ok(None);
    }
    let mut reached: Option<(Period, Decimal)> = None;
    for period in periods {
        let sum = reached.map_or(Decimal::ZERO, |(_, sum)| sum);
        let Some(more) = figure(*period)?.and_then(|value| sum.checked_add(value)) else {
            break;
        };
        reached = Some((*period, more));
    }
    Ok(reached)
}

/// What was reached by the end of June exactly; none where the period that ends then is not known.
fn reached_at_half<E>(
    is_flow: bool,
    periods: &[Period],
    target: &Target,
    figure: &mut Own<'_, E>,
) -> Result<Option<Decimal>, E> {
    let last = periods.last().copied();
    let Some(last) = last.filter(|last| last.day_after() == half_end(target)) else {
        return Ok(None);
    };
    if !is_flow {
        return figure(last);
    }
    let reached = reached(is_flow, periods, figure)?;
    Ok(reached
        .filter(|(through, _)| *through == last)
        .map(|(_, sum)| sum))
}

/// The sum over a stretch of periods; none where one of them is not known.
fn stretch<E>(
    first: Option<Period>,
    last: Option<Period>,
    figure: &mut Own<'_, E>,
) -> Result<Option<Decimal>, E> {
    let Some(last) = last else {
        return Ok(None);
    };
    let mut sum = None;
    let mut next = first.filter(|first| *first <= last);
    while let Some(period) = next {
        let Some(value) = figure(period)? else {
            return Ok(None);
        };
        sum = sum.unwrap_or(Decimal::ZERO).checked_add(value);
        if sum.is_none() {
            return Ok(None);
        }
        next = period.plus(1).filter(|next| *next <= last);
    }
    Ok(sum)
}

/// Last year's value: the sum of a flow's periods; the last figure of a year-to-date flow or a stock.
fn last_year<E>(
    catalogue: &Catalogue,
    target: &Target,
    is_flow: bool,
    figure: &mut Own<'_, E>,
) -> Result<Option<Decimal>, E> {
    let Some(dataset) = catalogue.dataset(&target.dataset) else {
        return Ok(None);
    };
    let periodicity = dataset.periodicity();
    let first = Period::new(periodicity, target.year, 1);
    let last = first.and_then(|first| first.plus(-1));
    let first = Period::new(periodicity, target.year - 1, 1).filter(|_| is_flow);
    stretch(first.or(last), last, figure)
}

/// The year's target.
fn aim(aim: Aim, last_year: Option<Decimal>) -> Option<Decimal> {
    match aim {
        Aim::Value { year, .. } => Some(year),
        Aim::GrowthPercent(growth) => {
            let factor = Decimal::integer(100).checked_add(growth)?;
            let hundredth = Decimal::new(1, 2)?;
            let target = last_year?.checked_mul(factor)?.checked_mul(hundredth)?;
            // A target that is not above zero asks for nothing that can be told in shares.
            Some(target.normalised()).filter(|target| *target > Decimal::ZERO)
        }
    }
}

/// The half-year's target: as it is written; else half of the year's; of a stock, half-way from last year's end.
fn half(
    aim: Aim,
    target: Option<Decimal>,
    is_stock: bool,
    last_year: Option<Decimal>,
) -> Option<Decimal> {
    let written = match aim {
        Aim::Value { half, .. } => half,
        Aim::GrowthPercent(_) => None,
    };
    let start = if is_stock {
        last_year
    } else {
        Some(Decimal::ZERO)
    };
    let half = || {
        target?
            .checked_add(start?)?
            .checked_mul(Decimal::new(5, 1)?)
    };
    written.or_else(|| half().map(Decimal::normalised))
}

/// The day after the middle of the target's year.
fn half_end(target: &Target) -> Date {
    let (month, day) = HALF_YEAR_END;
    let end = date(target.year, month, day);
    end.tomorrow().unwrap_or(end)
}

fn days_between(start: Date, end: Date) -> i64 {
    end.duration_since(start).as_hours() / 24
}
