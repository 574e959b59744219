//! What the export of one dataset consists of: its rules, and the measures that they read.

use std::collections::{BTreeMap, BTreeSet};

use granary_core::{
    catalogue::{Catalogue, Dataset},
    code::IndicatorCode,
    decimal::Decimal,
    edits::{
        Cells, Edit, Operand, Source, Tolerance,
        vtl::{self, Columns, Hierarchy, Rule},
    },
    period::Periodicity,
    text::Bilingual,
};

use super::Note;

/// One edit that has a form in VTL.
pub(super) struct Ruled<'a> {
    pub(super) edit: &'a Edit,
    pub(super) rule: Rule,
    pub(super) hierarchy: Option<Hierarchy>,
    /// What its own measures begin with.
    pub(super) prefix: String,
}

/// One dataset.
pub(super) struct Plan<'a> {
    pub(super) dataset: &'a Dataset,
    /// Its name in VTL.
    pub(super) name: String,
    pub(super) rules: Vec<Ruled<'a>>,
    /// Everything that the rules read from the record or elsewhere; true where the half-width is wanted too.
    pub(super) operands: BTreeMap<Operand, bool>,
    /// The indicators of the dataset that are rolled up.
    pub(super) rollups: BTreeSet<IndicatorCode>,
}

impl<'a> Plan<'a> {
    /// Plans a dataset; what has no form in VTL goes to `notes`.
    pub(super) fn new(
        catalogue: &'a Catalogue,
        dataset: &'a Dataset,
        notes: &mut Vec<Note>,
    ) -> Self {
        let columns = Decimals(catalogue);
        let mut names = BTreeSet::new();
        let mut rules = Vec::new();
        for (place, edit) in dataset.edits().iter().enumerate() {
            let prefix = format!("E{}", place + 1);
            match ruled(edit, dataset, &columns, prefix) {
                Ok(mut ruled) => {
                    while !names.insert(ruled.rule.name.clone()) {
                        ruled.rule.name.push('_');
                    }
                    rules.push(ruled);
                }
                Err(message) => notes.push(Note {
                    edit: edit.id().clone(),
                    message,
                }),
            }
        }
        Self {
            dataset,
            name: vtl::dataset_name(dataset.code()),
            operands: operands(&rules),
            rollups: rolled_up(&rules),
            rules,
        }
    }

    /// The figures of the data file, and whether the half-width stands beside them: what the rules read there, and the
    /// record's own figures from which the script makes the rest.
    pub(super) fn data(&self) -> BTreeMap<Operand, bool> {
        let mut data = BTreeMap::new();
        for (operand, half) in &self.operands {
            let stored = if self.is_stored(operand) {
                operand.clone()
            } else {
                own(&operand.indicator)
            };
            *data.entry(stored).or_insert(false) |= half;
        }
        data
    }

    /// A figure of the data file and half a unit of its last printed digit.
    pub(super) fn figure(
        &self,
        operand: &Operand,
        cells: &dyn Cells,
    ) -> Option<(Decimal, Decimal)> {
        if operand.source == Source::Own && operand.dataset.is_none() {
            let value = cells.cell(&operand.indicator)?;
            return Some((value, value.half_unit_of_last_digit()));
        }
        let mut edits = self.rules.iter().map(|ruled| ruled.edit);
        let edit = edits.find(|edit| edit.operands().contains(operand))?;
        edit.figure(operand, cells)
    }

    /// The indicators that the script shifts by so many periods, with the ending of their new names.
    pub(super) fn shifted(&self) -> BTreeMap<(i32, Source), Vec<(&IndicatorCode, bool)>> {
        let mut shifted: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (operand, half) in self.of_script() {
            let count = match operand.source {
                Source::Lag(count) => i32::from(count),
                Source::YearAgo => self.dataset.periodicity().per_year().unwrap_or_default(),
                Source::Own | Source::Children | Source::YearToDate => continue,
            };
            let indicators = shifted.entry((count, operand.source)).or_default();
            indicators.push((&operand.indicator, half));
        }
        shifted
    }

    /// The indicators that the script sums from the beginning of the year on.
    pub(super) fn year_to_date(&self) -> Vec<(&IndicatorCode, bool)> {
        let summed = self.of_script();
        let summed = summed.filter(|(operand, _)| operand.source == Source::YearToDate);
        summed
            .map(|(operand, half)| (&operand.indicator, half))
            .collect()
    }

    /// Whether the half-width of an indicator's own figure is in the data.
    pub(super) fn has_half(&self, indicator: &IndicatorCode) -> bool {
        let mut operands = self.operands.iter();
        operands.any(|(o, half)| *half && o.dataset.is_none() && o.indicator == *indicator)
    }

    /// The measures that the rules read.
    pub(super) fn read_measures(&self) -> BTreeSet<String> {
        let mut measures = BTreeSet::from([vtl::YEAR.to_owned(), vtl::SUBPERIOD.to_owned()]);
        for ruled in &self.rules {
            for operand in ruled.edit.operands() {
                let name = vtl::measure_name(operand, ruled.edit.rollup_mode());
                if ruled.edit.tolerance() == Tolerance::Rounding {
                    measures.insert(vtl::half_name(&name));
                }
                measures.insert(name);
            }
            measures.extend(ruled.rule.steps.iter().map(|step| step.measure.clone()));
        }
        measures
    }

    fn of_script(&self) -> impl Iterator<Item = (&Operand, bool)> {
        let made = self
            .operands
            .iter()
            .filter(|(operand, _)| !self.is_stored(operand));
        made.map(|(operand, half)| (operand, *half))
    }

    /// Another dataset has other periods, and a year before a day is not a fixed number of days.
    fn is_stored(&self, operand: &Operand) -> bool {
        let by_day = self.dataset.periodicity() == Periodicity::Day;
        match operand.source {
            Source::Own => true,
            Source::Children => false,
            Source::YearAgo => operand.dataset.is_some() || by_day,
            Source::Lag(_) | Source::YearToDate => operand.dataset.is_some(),
        }
    }
}

/// The record's own figure of an indicator.
fn own(indicator: &IndicatorCode) -> Operand {
    Operand {
        source: Source::Own,
        dataset: None,
        indicator: indicator.clone(),
    }
}

fn ruled<'a>(
    edit: &'a Edit,
    dataset: &Dataset,
    columns: &dyn Columns,
    prefix: String,
) -> Result<Ruled<'a>, Bilingual> {
    let rolls_up = edit.operands().iter().any(|o| o.source == Source::Children);
    if dataset.itemised() && rolls_up {
        return Err(Bilingual::new(
            "明细报表不按单位树汇总",
            "an itemised dataset is not summed over the unit tree",
        ));
    }
    let rule = vtl::rule(edit, columns, &prefix).map_err(vtl::Obstacle::message)?;
    Ok(Ruled {
        hierarchy: vtl::hierarchy(edit, columns),
        edit,
        rule,
        prefix,
    })
}

fn operands(rules: &[Ruled<'_>]) -> BTreeMap<Operand, bool> {
    let mut operands = BTreeMap::new();
    for ruled in rules {
        let rounded = ruled.edit.tolerance() == Tolerance::Rounding;
        for operand in ruled.edit.operands() {
            *operands.entry(operand.clone()).or_insert(false) |= rounded;
        }
    }
    operands
}

fn rolled_up(rules: &[Ruled<'_>]) -> BTreeSet<IndicatorCode> {
    let all = rules.iter().flat_map(|ruled| ruled.edit.rollups());
    all.cloned().collect()
}

/// The digits that the catalogue allows; a figure with more of them is refused when it is reported.
struct Decimals<'a>(&'a Catalogue);

impl Columns for Decimals<'_> {
    fn decimals(&self, indicator: &IndicatorCode) -> Option<u8> {
        Some(self.0.indicator(indicator)?.decimals())
    }
}
