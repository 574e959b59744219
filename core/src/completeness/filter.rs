//! Which slots are meant, and by what they are grouped.

use std::collections::BTreeSet;

use crate::{
    catalogue::{DepartmentCode, LevelCode},
    code::{DatasetCode, UnitCode},
    period::Period,
};

use super::Imported;

/// Which slots are meant. An empty set means all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Units.
    pub units: BTreeSet<UnitCode>,
    /// Datasets.
    pub datasets: BTreeSet<DatasetCode>,
    /// Periods.
    pub periods: BTreeSet<Period>,
    /// Only this unit and those below it in the tree.
    pub under: Option<UnitCode>,
    /// What becomes of slots that only imported history settles.
    pub imported: Imported,
}

/// By what counts are grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupBy {
    /// One row for everything.
    #[default]
    Nothing,
    /// A row for each unit.
    Unit,
    /// A row for each dataset.
    Dataset,
    /// A row for each period.
    Period,
    /// A row for each dataset and period.
    DatasetPeriod,
    /// A row for each unit and dataset.
    UnitDataset,
    /// A row for each department that owns an indicator. A dataset with indicators of several counts in each of theirs, so
    /// these rows alone need not sum to the whole.
    Department,
    /// A row for each level of the unit tree, and one for units that have none.
    Level,
}

/// What a row of counts is about; what is not grouped by is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// The dataset.
    pub dataset: Option<DatasetCode>,
    /// The period.
    pub period: Option<Period>,
    /// The unit.
    pub unit: Option<UnitCode>,
    /// The department.
    pub department: Option<DepartmentCode>,
    /// The level.
    pub level: Option<LevelCode>,
}

impl GroupBy {
    /// Whether each slot counts in exactly one row.
    #[must_use]
    pub const fn is_partition(self) -> bool {
        match self {
            Self::Nothing
            | Self::Unit
            | Self::Dataset
            | Self::Period
            | Self::DatasetPeriod
            | Self::UnitDataset
            | Self::Level => true,
            Self::Department => false,
        }
    }
}
