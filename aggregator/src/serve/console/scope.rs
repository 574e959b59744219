//! Which units somebody sees: all, or a unit and whatever was ever below it in the tree.

use std::collections::BTreeSet;

use granary_core::{catalogue::Catalogue, code::UnitCode};
use granary_proto::v1;

use super::problem::Problem;
use crate::people::Person;

/// The part of the tree that somebody sees.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    /// All units.
    Everywhere,
    /// These; never empty.
    Within(BTreeSet<UnitCode>),
}

impl Scope {
    /// Of a person, by the catalogue in force.
    pub(super) fn of(person: &Person, catalogue: &Catalogue) -> Result<Self, Problem> {
        let Some(under) = &person.under else {
            return Ok(Self::Everywhere);
        };
        let top = UnitCode::new(under).map_err(|_| Problem::NotAllowed)?;
        Ok(Self::Within(below(catalogue, top)))
    }

    /// Whether a unit is in it.
    pub(super) fn holds(&self, unit: &str) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Within(units) => units.iter().any(|known| known.as_str() == unit),
        }
    }

    /// A unit that was asked for.
    pub(super) fn unit(&self, text: &str) -> Result<UnitCode, Problem> {
        let unit = UnitCode::new(text).map_err(|_| Problem::NotFound)?;
        if self.holds(unit.as_str()) {
            Ok(unit)
        } else {
            Err(Problem::NotAllowed)
        }
    }

    /// The filter of a listing: all that the person sees, or the part of it at and below a unit.
    pub(super) fn filter(
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
