//! Which units somebody sees: all, or a unit and whatever was ever below it in the tree; and of which reports: all, or what a department
//! answers for.
//!
//! Of a department the person's pages are made with the part of the catalogue that it answers for ([`Catalogue::of_department`]), and their
//! listings are narrowed to its datasets. Pages that are made of everybody's reports cannot be narrowed, and are refused with a sentence
//! ([`Scope::admits`]); a page that is not named there is refused too, so that a new one shows nothing before somebody has thought of it.

use std::{collections::BTreeSet, sync::Arc};

use axum::http::StatusCode;
use granary_core::{
    catalogue::{Catalogue, DepartmentCode},
    code::{DatasetCode, IndicatorCode, UnitCode},
    text::Bilingual,
};
use granary_proto::v1;
use jiff::{Timestamp, civil::Date};

use super::problem::Problem;
use crate::{people::Person, serve::City};

/// The part of the tree that somebody sees.
#[derive(Clone, Debug)]
pub(in crate::serve) enum Scope {
    /// All units.
    Everywhere,
    /// These; never empty.
    Within(BTreeSet<UnitCode>),
    /// What a department answers for.
    Owned(Arc<Owned>),
}

/// What a department answers for, as somebody of it sees it.
#[derive(Debug)]
pub(in crate::serve) struct Owned {
    /// These units, never none of them; all where absent.
    units: Option<BTreeSet<UnitCode>>,
    /// Its part of the catalogue; never without a dataset.
    catalogue: Arc<Catalogue>,
    /// The datasets whose reports hold and look at nothing of others.
    whole: BTreeSet<DatasetCode>,
}

/// The city as somebody sees it: from their part of the tree, at an instant.
pub(in crate::serve) struct Sight<'a> {
    pub(in crate::serve) city: &'a City,
    pub(in crate::serve) now_ms: i64,
    pub(in crate::serve) catalogue: &'a Catalogue,
    pub(in crate::serve) scope: &'a Scope,
}

impl Sight<'_> {
    /// The day of the instant, in the catalogue's zone.
    pub(in crate::serve) fn today(&self) -> Date {
        let at = Timestamp::from_millisecond(self.now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        self.catalogue.zone().to_datetime(at).date()
    }
}

impl Scope {
    /// Of a person, by the catalogue in force.
    pub(super) fn of(person: &Person, catalogue: &Catalogue) -> Result<Self, Problem> {
        let units = Self::under(person.under.as_deref(), catalogue)?;
        let Some(department) = &person.department else {
            return Ok(units);
        };
        let code = DepartmentCode::new(department).map_err(|_| Problem::NotAllowed)?;
        let part = catalogue.of_department(&code);
        if part.datasets().is_empty() {
            return Err(refused(
                format!(
                    "您的账户限于部门 {code}，而现行报表制度中没有由它负责的指标；请管理员调整"
                ),
                format!(
                    "your account is limited to the department {code}, which answers for no indicator of the catalogue in force: ask the administrator"
                ),
            ));
        }
        let whole = catalogue.datasets().iter();
        let whole = whole.filter(|dataset| catalogue.is_wholly_of(dataset, &code));
        Ok(Self::Owned(Arc::new(Owned {
            units: units.units().cloned(),
            whole: whole.map(|dataset| dataset.code().clone()).collect(),
            catalogue: Arc::new(part),
        })))
    }

    /// The units of it; none where it is all of them.
    pub(in crate::serve) fn units(&self) -> Option<&BTreeSet<UnitCode>> {
        match self {
            Self::Everywhere => None,
            Self::Within(units) => Some(units),
            Self::Owned(owned) => owned.units.as_ref(),
        }
    }

    /// The catalogue that pages are made with.
    pub(super) fn catalogue(&self, whole: Arc<Catalogue>) -> Arc<Catalogue> {
        match self {
            Self::Everywhere | Self::Within(_) => whole,
            Self::Owned(owned) => Arc::clone(&owned.catalogue),
        }
    }

    /// Whether the page of a path can be shown of this part alone.
    pub(super) fn admits(&self, path: &str) -> Result<(), Problem> {
        let Self::Owned(owned) = self else {
            return Ok(());
        };
        let mut parts = path.split('/').skip(1);
        match parts.next().unwrap_or_default() {
            "" | "completeness" | "findings" | "indicators" | "calendar" | "unit" | "units"
            | "agents" => Ok(()),
            "slot" => {
                // What is written in another way than the code is none of the codes.
                let dataset = parts.nth(1).unwrap_or_default();
                if owned.whole.iter().any(|own| own.as_str() == dataset) {
                    return Ok(());
                }
                Err(refused(
                    "您的账户限于一个部门，而这份报表含有或对照其他部门的指标，不能整份显示；本部门的数值见“指标”",
                    "your account is limited to a department, and this report holds figures of others or is checked against them: it cannot be shown whole; see your own figures under Indicators",
                ))
            }
            _ => Err(refused(
                "您的账户限于一个部门，而这一页由各部门的报表汇成，不能只显示一部分",
                "your account is limited to a department, and this page is made of everybody's reports: it cannot be shown in part",
            )),
        }
    }

    /// Whether the figures of an indicator of a dataset are in it.
    pub(super) fn holds_figures(&self, dataset: &DatasetCode, indicator: &IndicatorCode) -> bool {
        let Self::Owned(owned) = self else {
            return true;
        };
        let dataset = owned.catalogue.dataset(dataset);
        dataset.is_some_and(|dataset| dataset.holds(indicator))
    }

    /// Whether a finding is of an edit or detector that looks at nothing outside it.
    pub(super) fn holds_finding(&self, finding: &v1::Finding) -> bool {
        let Self::Owned(owned) = self else {
            return true;
        };
        let id = finding.failure.as_ref().map_or("", |failure| &failure.edit);
        let all = owned.catalogue.datasets().iter();
        let mut own = all.filter(|dataset| dataset.code().as_str() == finding.dataset);
        let is_edit = own.any(|dataset| dataset.edits().iter().any(|one| one.id().as_str() == id));
        is_edit
            || owned
                .catalogue
                .detectors()
                .iter()
                .any(|one| one.id.as_str() == id)
    }

    /// A unit and whatever was ever below it, or all units where none is named.
    pub(in crate::serve) fn under(
        under: Option<&str>,
        catalogue: &Catalogue,
    ) -> Result<Self, Problem> {
        let Some(under) = under else {
            return Ok(Self::Everywhere);
        };
        let top = UnitCode::new(under).map_err(|_| Problem::NotAllowed)?;
        Ok(Self::Within(below(catalogue, top)))
    }

    /// Whether a unit is in it.
    pub(in crate::serve) fn holds(&self, unit: &str) -> bool {
        let units = self.units();
        units.is_none_or(|units| units.iter().any(|known| known.as_str() == unit))
    }

    /// A unit that was asked for.
    pub(in crate::serve) fn unit(&self, text: &str) -> Result<UnitCode, Problem> {
        let unit = UnitCode::new(text).map_err(|_| Problem::NotFound)?;
        if self.holds(unit.as_str()) {
            Ok(unit)
        } else {
            Err(Problem::NotAllowed)
        }
    }

    /// Those of the datasets asked for that are in it; where none is asked for, all that are.
    fn datasets(&self, asked: Vec<String>) -> Result<Vec<String>, Problem> {
        let Self::Owned(owned) = self else {
            return Ok(asked);
        };
        let own = owned.catalogue.datasets().iter();
        let own = own.map(|dataset| dataset.code().to_string());
        let own: Vec<String> = own
            .filter(|code| asked.is_empty() || asked.contains(code))
            .collect();
        // An empty filter would mean all.
        if own.is_empty() {
            return Err(Problem::NotAllowed);
        }
        Ok(own)
    }

    /// The filter of a listing: all that the person sees, or the part of it at and below a unit.
    pub(in crate::serve) fn filter(
        &self,
        catalogue: &Catalogue,
        under: Option<&str>,
        datasets: Vec<String>,
        periods: Vec<String>,
    ) -> Result<v1::SlotFilter, Problem> {
        let datasets = self.datasets(datasets)?;
        let units = match (self.units(), under.filter(|under| !under.is_empty())) {
            (None, None) => Vec::new(),
            (Some(units), None) => units.iter().map(ToString::to_string).collect(),
            (_, Some(under)) => {
                let wanted = below(catalogue, self.unit(under)?);
                let wanted = wanted.iter().filter(|unit| self.holds(unit.as_str()));
                wanted.map(ToString::to_string).collect()
            }
        };
        Ok(v1::SlotFilter {
            units,
            datasets,
            periods,
        })
    }
}

fn refused(zh: impl Into<String>, en: impl Into<String>) -> Problem {
    Problem::Refused(StatusCode::FORBIDDEN, Bilingual::new(zh, en))
}

/// A unit and all that were ever below it.
fn below(catalogue: &Catalogue, top: UnitCode) -> BTreeSet<UnitCode> {
    let units = catalogue.ever_below(&top).into_iter();
    let mut units: BTreeSet<UnitCode> = units
        .map(|unit| catalogue.unit_at(unit).code().clone())
        .collect();
    units.insert(top);
    units
}
