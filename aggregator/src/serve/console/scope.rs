//! Which units somebody sees: all, or a unit and whatever was ever below it in the tree.

use std::collections::BTreeSet;

use granary_core::{catalogue::Catalogue, code::UnitCode};
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
        Self::under(person.under.as_deref(), catalogue)
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
        match self {
            Self::Everywhere => true,
            Self::Within(units) => units.iter().any(|known| known.as_str() == unit),
        }
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

    /// The filter of a listing: all that the person sees, or the part of it at and below a unit.
    pub(in crate::serve) fn filter(
        &self,
        catalogue: &Catalogue,
        under: Option<&str>,
        datasets: Vec<String>,
        periods: Vec<String>,
    ) -> Result<v1::SlotFilter, Problem> {
        let units = match (self, under.filter(|under| !under.is_empty())) {
            (Self::Everywhere, None) => Vec::new(),
            (Self::Within(units), None) => units.iter().map(ToString::to_string).collect(),
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

/// A unit and all that were ever below it.
fn below(catalogue: &Catalogue, top: UnitCode) -> BTreeSet<UnitCode> {
    let units = catalogue.ever_below(&top).into_iter();
    let mut units: BTreeSet<UnitCode> = units
        .map(|unit| catalogue.unit_at(unit).code().clone())
        .collect();
    units.insert(top);
    units
}
