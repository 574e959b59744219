//! Progress towards targets (年初定任务、双过半): what is reached, beside what the elapsed part of the year asks for.
//!
//! With the figures of a unit's periods of the year that are known at the instant, up to a last day:
//! - **reached**: a flow is summed from its first period on, as far as no period that the unit owes is missing; of a year-to-date
//!   flow and of a stock the last known figure counts. `through` is the last period that counts;
//! - **elapsed**: the days of the year up to the last day of `through`, over the days of the year;
//! - **asked**: target x elapsed; of a stock, last year's end plus (target minus last year's end) x elapsed;
//! - **gap**: reached minus asked; **pace**: what is still to come, spread evenly over the periods of the year after `through`;
//! - **growth**: over the same stretch of the year before, and the rank by it: 1, 2, 2, 4;
//! - **half reached** (双过半): whether what was reached by the end of June is at least the half-year's target.
//!
//! Everything is exact and rounded once on its way out: per cents to two decimals, gap and pace to the indicator's decimals, a
//! half away from zero. As in the two rates of completeness, 100.00 is never written of what falls short of the target.

mod course;
mod figures;
mod line;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::{
    bulletin::TargetLine,
    catalogue::{Catalogue, DepartmentCode, Target},
    code::{DatasetCode, IndicatorCode, UnitCode},
    completeness::Filter,
    decimal::Decimal,
    period::{Period, Periodicity},
    ratio::Ratio,
};

use self::course::Course;
pub use self::figures::Figures;

/// The last day of a half-year, as month and day.
const HALF_YEAR_END: (i8, i8) = (6, 30);

/// Which targets are meant.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The year.
    pub year: i16,
    /// Units and datasets; periods have no say.
    pub filter: Filter,
    /// Only indicators that this department answers for; all where absent.
    pub department: Option<DepartmentCode>,
    /// Periods that end after this day do not count; none where all of the year do.
    pub last_day: Option<Date>,
}

/// One unit's progress towards one target.
#[derive(Clone, Debug)]
pub struct Progress<'c> {
    target: &'c Target,
    course: Course,
    rank: Option<u32>,
}

/// Gives one figure as it was known at the instant; none where none was.
pub type Figure<'f, E> =
    dyn FnMut(&UnitCode, &DatasetCode, Period, &IndicatorCode) -> Result<Option<Decimal>, E> + 'f;

/// Computes the progress towards every target in scope, ordered by dataset, indicator, rank by growth, unit.
///
/// # Errors
/// The first that `figure` gives.
pub fn progress<'c, E>(
    catalogue: &'c Catalogue,
    scope: &Scope,
    figure: &mut Figure<'_, E>,
) -> Result<Vec<Progress<'c>>, E> {
    let mut found = Vec::new();
    for target in catalogue.targets() {
        if is_meant(catalogue, scope, target) {
            let mut figure =
                |period| figure(&target.unit, &target.dataset, period, &target.indicator);
            let course = Course::follow(catalogue, target, scope.last_day, &mut figure)?;
            found.push(Progress {
                target,
                course,
                rank: None,
            });
        }
    }
    // Units are left out only now, because a rank is one among all units with the target.
    rank(&mut found);
    found.retain(|progress| is_wanted(catalogue, scope, &progress.target.unit));
    found.sort_by(|a, b| a.order().cmp(&b.order()));
    Ok(found)
}

/// The mean over a unit's targets of reached over asked, each at most 1, in per cent with two decimals: what a scorecard scores.
/// A target that is not known, or of which no period has ended, is left out; one of which nothing is known counts as nothing
/// reached, because silence must not pay. None where no target counts.
#[must_use]
pub fn attainment<'p, 'c: 'p>(targets: impl Iterator<Item = &'p Progress<'c>>) -> Option<Decimal> {
    let parts: Vec<Ratio> = targets
        .filter_map(|target| target.course.attained())
        .collect();
    let count = Ratio::whole(i128::try_from(parts.len()).ok()?);
    let sum = parts
        .iter()
        .fold(Ratio::whole(0), |sum, part| sum.plus(part));
    let mean = sum.over(&count)?;
    percent(&mean, true)
}

impl<'c> Progress<'c> {
    /// The target.
    #[must_use]
    pub const fn target(&self) -> &'c Target {
        self.target
    }

    /// As a document shows it.
    #[must_use]
    pub fn line(&self, catalogue: &Catalogue) -> TargetLine {
        line::line(catalogue, self.target, &self.course, self.rank)
    }

    fn order(&self) -> (&DatasetCode, &IndicatorCode, bool, Option<u32>, &UnitCode) {
        let target = self.target;
        let is_last = self.rank.is_none();
        (
            &target.dataset,
            &target.indicator,
            is_last,
            self.rank,
            &target.unit,
        )
    }
}

fn is_meant(catalogue: &Catalogue, scope: &Scope, target: &Target) -> bool {
    let datasets = &scope.filter.datasets;
    let owner = catalogue.indicator(&target.indicator).map(|i| i.owner());
    let wanted = scope.department.as_ref();
    target.year == scope.year
        && (datasets.is_empty() || datasets.contains(&target.dataset))
        && wanted.is_none_or(|wanted| owner == Some(wanted))
}

/// Whether a filter selects a unit, by the tree at the end of the year.
fn is_wanted(catalogue: &Catalogue, scope: &Scope, unit: &UnitCode) -> bool {
    let filter = &scope.filter;
    let year = Period::new(Periodicity::Annual, scope.year, 1);
    let is_under = |top: &UnitCode| {
        let places = catalogue.unit_index(unit).zip(catalogue.unit_index(top));
        let known = places.zip(year);
        known.is_some_and(|((unit, top), year)| catalogue.is_within(unit, top, year))
    };
    (filter.units.is_empty() || filter.units.contains(unit))
        && filter.under.as_ref().is_none_or(is_under)
}

/// Ranks the units of each indicator by growth as it is printed, so that no tie is broken by digits that nobody sees.
fn rank(found: &mut [Progress<'_>]) {
    let mut growths: BTreeMap<(&DatasetCode, &IndicatorCode), Vec<Decimal>> = BTreeMap::new();
    for progress in &*found {
        let growth = progress.course.growth_percent();
        let group = (&progress.target.dataset, &progress.target.indicator);
        growths.entry(group).or_default().extend(growth);
    }
    for progress in found {
        let Some(growth) = progress.course.growth_percent() else {
            continue;
        };
        let group = growths.get(&(&progress.target.dataset, &progress.target.indicator));
        let above = group.into_iter().flatten().filter(|other| **other > growth);
        progress.rank = u32::try_from(above.count() + 1).ok();
    }
}

/// What has become of a figure, over what it was before, in per cent with two decimals; none where that was not above zero.
#[must_use]
pub fn growth_percent(before: Decimal, now: Decimal) -> Option<Decimal> {
    let before = Ratio::of(Some(before).filter(|before| *before > Decimal::ZERO)?);
    percent(&Ratio::of(now).minus(&before).over(&before)?, false)
}

/// A ratio in per cent with two decimals. Where `is_share`, 0.00 and 100.00 are written only of nothing and of all.
fn percent(ratio: &Ratio, is_share: bool) -> Option<Decimal> {
    let rounded = ratio.times(&Ratio::whole(100)).rounded(2)?;
    let (least, most) = (Decimal::new(1, 2)?, Decimal::new(9_999, 2)?);
    let is_part = is_share && *ratio > Ratio::whole(0) && *ratio < Ratio::whole(1);
    Some(if is_part {
        rounded.clamp(least, most)
    } else {
        rounded
    })
}
