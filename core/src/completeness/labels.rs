//! What a row of counts is about, in words: codes and names, for whoever shows it.

use crate::{catalogue::Catalogue, text::Bilingual};

use super::Group;

/// What a row is about, as texts; what it is not grouped by is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The unit's code.
    pub unit: String,
    /// The dataset's code.
    pub dataset: String,
    /// The period, in SDMX form.
    pub period: String,
    /// The department's code.
    pub department: String,
    /// The level's code.
    pub level: String,
    /// Of the unit, else of the dataset, the department or the level.
    pub name: Bilingual,
}

impl Labels {
    /// The labels of a group of a catalogue.
    #[must_use]
    pub fn of(catalogue: &Catalogue, group: &Group) -> Self {
        fn text<T: ToString>(code: Option<&T>) -> String {
            code.map(ToString::to_string).unwrap_or_default()
        }
        let unit = || Some(catalogue.unit(group.unit.as_ref()?)?.name());
        let dataset = || Some(catalogue.dataset(group.dataset.as_ref()?)?.name());
        let department = || Some(catalogue.department(group.department.as_ref()?)?.name());
        let level = || {
            let code = group.level.as_ref()?;
            let mut levels = catalogue.levels().iter();
            Some(levels.find(|level| level.code() == code)?.name())
        };
        let name = unit().or_else(dataset).or_else(department).or_else(level);
        Self {
            unit: text(group.unit.as_ref()),
            dataset: text(group.dataset.as_ref()),
            period: text(group.period.as_ref()),
            department: text(group.department.as_ref()),
            level: text(group.level.as_ref()),
            name: name.cloned().unwrap_or_default(),
        }
    }
}
