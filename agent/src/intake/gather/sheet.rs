//! What holds for one sheet of a workbook, or for the one table of a text: its dataset, period and unit of measure, and how it was understood.

use std::sync::Arc;

use granary_core::{
    catalogue::{Dataset, Indicator},
    period::Period,
    text::Bilingual,
};

use super::{
    super::{
        cell::CellFault,
        fault::Place,
        headings::Part,
        names::Conversion,
        number::{Figure, Source, read_figure},
    },
    Gather, TOLD_MAX,
};
use crate::draft::Told;

impl<'a> Gather<'_, 'a> {
    /// Begins a sheet, or the one table of a text. What an earlier sheet said about itself holds no more.
    pub(in crate::intake) fn enter(&mut self, sheet: Option<Arc<str>>) {
        self.leave();
        self.faults.enter(sheet.clone());
        self.metadata.dataset = None;
        self.metadata.period = None;
        (self.dataset, self.measure, self.sheet) = (None, None, sheet);
        self.period.clear();
    }

    /// Ends it: how it was understood goes with every draft that it has a figure in.
    pub(in crate::intake) fn leave(&mut self) {
        let touched = std::mem::take(&mut self.touched);
        let sheet_told = std::mem::take(&mut self.sheet_told);
        for key in touched {
            let dataset = self.dataset.iter().flatten();
            let dataset = dataset.filter(|(d, _)| *d.code() == key.0);
            let period = self.period.get(&key.0).into_iter().flatten();
            let period = period.filter(|(p, _)| *p == key.1);
            let told = dataset
                .map(|(_, told)| told)
                .chain(period.map(|(_, told)| told));
            let told: Vec<Told> = told.chain(&sheet_told).cloned().collect();
            self.building(&key).sources.extend(told);
        }
    }

    /// The sheet that is being read.
    pub(in crate::intake) const fn sheet(&self) -> Option<&Arc<str>> {
        self.sheet.as_ref()
    }

    /// Says how the sheet was understood.
    pub(in crate::intake) fn tell_sheet(&mut self, place: Place, text: Bilingual) {
        if self.sheet_told.len() < TOLD_MAX {
            let place = place.within(self.sheet.as_ref());
            self.sheet_told.push(Told { place, text });
        }
    }

    /// Says something about the file as a whole.
    pub(in crate::intake) fn notice(&mut self, text: Bilingual) {
        let place = Place::default().within(self.sheet.as_ref());
        if self.notices.len() < TOLD_MAX {
            self.notices.push(Told { place, text });
        }
    }

    /// Fixes dataset and period of the sheet, as the mapping file says.
    pub(in crate::intake) fn fix_dataset(&mut self, dataset: &'a Dataset, told: Bilingual) {
        let place = Place::default().within(self.sheet.as_ref());
        self.dataset = Some(Some((dataset, Told { place, text: told })));
    }

    /// Fixes the period of a dataset's rows in the sheet that have none.
    pub(in crate::intake) fn fix_period(
        &mut self,
        dataset: &Dataset,
        period: Period,
        (place, text): (Place, Bilingual),
    ) {
        let place = place.within(self.sheet.as_ref());
        let told = Told { place, text };
        self.period
            .insert(dataset.code().clone(), Some((period, told)));
    }

    /// Whether the period of rows without one is known without asking the file's name.
    pub(in crate::intake) fn has_period(&self, dataset: &Dataset) -> bool {
        self.metadata.period.is_some() || self.period.contains_key(dataset.code())
    }

    /// What a cell says about an indicator.
    pub(in crate::intake) fn figure(
        &self,
        text: &str,
        indicator: &Indicator,
        source: &Source<'_>,
    ) -> Result<Figure, CellFault> {
        let is_percent = self.names.is_percent(indicator);
        read_figure(text, (indicator, is_percent), self.manner, source)
    }

    /// The way from the unit of measure that is given beside an indicator, or for the whole table, to its own. A unit of measure for
    /// the whole table counts for those indicators alone that can be measured in it.
    pub(in crate::intake) fn conversion(
        &mut self,
        indicator: &Indicator,
        given: Option<&str>,
        place: &Place,
    ) -> Option<Conversion<'a>> {
        let common = self.measure.as_ref().map(|line| line.text.clone());
        let text = given.map(str::to_owned).or_else(|| common.clone())?;
        let conversion = match self.names.measure(indicator, &text) {
            Ok(conversion) => conversion?,
            Err(_) if given.is_none() => return None,
            Err(unknown) => {
                self.report(place.clone(), unknown.problem, unknown.remedy);
                return None;
            }
        };
        let word = format!("{}/{text}", indicator.code());
        if self.reported.insert((Part::Measure, word)) {
            let (zh, en) = (&indicator.name().zh, &indicator.name().en);
            let (from, to) = (conversion.from.name(), conversion.to.name());
            let text = Bilingual::new(
                format!("“{zh}”按{}填写，已准确换算成{}", from.zh, to.zh),
                format!(
                    "{en} is given in {} and was converted to {} exactly",
                    from.en, to.en
                ),
            );
            self.tell_sheet(place.clone(), text);
        }
        Some(conversion)
    }
}
