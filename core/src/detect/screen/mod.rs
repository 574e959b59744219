//! The screening of one period: every detector of a dataset is applied to what its units reported.
//!
//! In: a catalogue, and a [`History`] of current records and their versions. Out: a [`Screening`], the same on every machine: flags and
//! reasons in the order of detectors, then of units, items and indicators. Only periods up to the one screened are looked at, so that a
//! screening can be repeated later with the same result. Units without a record are not judged: who has not reported is told elsewhere.

mod sheet;
mod series;
mod group;
mod record;
mod habit;

use crate::{
    catalogue::Catalogue,
    code::{DatasetCode, EditId, IndicatorCode, ItemKey, UnitCode},
    period::Period,
    text::Bilingual,
};

use self::sheet::{Scene, Sheet};
use super::{Detector, History, Method, MethodName, NotComputable};

/// What a flag or a reason is about; what is `None` is meant as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The unit; none where all units of the period are judged together.
    pub unit: Option<UnitCode>,
    /// The item.
    pub item: Option<ItemKey>,
    /// The indicator; none where the record is judged as a whole.
    pub indicator: Option<IndicatorCode>,
}

/// The numbers behind a flag, as decimal text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The method's statistic: a score, an effect, a share in percent, a chi-square, a count.
    pub statistic: String,
    /// The lowest that is not unusual: of the figure itself (modified z, seasonal), of its ratio to the last period
    /// (Hidiroglou-Berthelot), of the gap in points (growth against level). Where two sides are counted, the other side's count.
    pub lower: Option<String>,
    /// The highest that is not unusual; for copies, the mark in percent.
    pub upper: Option<String>,
    /// The p-value, where the method has one.
    pub p_value: Option<String>,
}

/// Something unusual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The detector that found it.
    pub detector: EditId,
    /// Its method.
    pub method: MethodName,
    /// What it is about.
    pub subject: Subject,
    /// The period screened.
    pub period: Period,
    /// The numbers behind it.
    pub figures: Figures,
    /// What a person reads.
    pub message: Bilingual,
}

/// Something that a detector could not judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// The detector.
    pub detector: EditId,
    /// What it is about.
    pub subject: Subject,
    /// Why.
    pub reason: NotComputable,
}

/// What one detector did.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The detector.
    pub detector: EditId,
    /// Its method.
    pub method: MethodName,
    /// How many figures, records or groups it judged.
    pub tests: u32,
    /// How many of them it flagged.
    pub flags: u32,
    /// How many it could not judge.
    pub not_computable: u32,
    /// How many flags chance alone would give, were nothing wrong; none where the method makes no statement of chance.
    pub expected_by_chance: Option<f64>,
}

/// The outcome for one dataset and period.
#[derive(Clone, Debug, PartialEq)]
pub struct Screening {
    /// The dataset.
    pub dataset: DatasetCode,
    /// The period.
    pub period: Period,
    /// What is unusual.
    pub flags: Vec<Flag>,
    /// What could not be judged.
    pub unjudged: Vec<Unjudged>,
    /// One line for each detector.
    pub summaries: Vec<Summary>,
}

impl Screening {
    /// How many figures, records and groups were judged.
    #[must_use]
    pub fn tests(&self) -> u32 {
        self.summaries.iter().map(|summary| summary.tests).sum()
    }

    /// How many flags chance alone would give, over the detectors that make a statement of chance.
    #[must_use]
    pub fn expected_by_chance(&self) -> f64 {
        self.summaries
            .iter()
            .filter_map(|summary| summary.expected_by_chance)
            .sum()
    }
}

/// Applies the detectors of `dataset` to what was reported for `period`. An unknown dataset has no detectors.
#[must_use]
pub fn screen(
    catalogue: &Catalogue,
    dataset: &DatasetCode,
    period: Period,
    history: &History,
) -> Screening {
    let mut screening = Screening {
        dataset: dataset.clone(),
        period,
        flags: Vec::new(),
        unjudged: Vec::new(),
        summaries: Vec::new(),
    };
    let Some(found) = catalogue.dataset(dataset) else {
        return screening;
    };
    let scene = Scene {
        catalogue,
        dataset: found,
        period,
        history,
    };
    for detector in catalogue
        .detectors()
        .iter()
        .filter(|d| &d.dataset == dataset)
    {
        let mut sheet = Sheet::new(&scene, detector);
        apply(&mut sheet, detector);
        sheet.finish(&mut screening);
    }
    screening
}

fn apply(sheet: &mut Sheet<'_>, detector: &Detector) {
    match &detector.method {
        Method::ModifiedZ(parameters) => series::modified_z(sheet, parameters),
        Method::Seasonal(parameters) => series::seasonal(sheet, parameters),
        Method::GrowthLevel(parameters) => series::growth_level(sheet, parameters),
        Method::HidiroglouBerthelot(parameters) => group::hidiroglou_berthelot(sheet, parameters),
        Method::Smoothness(parameters) => group::smoothness(sheet, parameters),
        Method::CopiedLastPeriod(parameters) => record::copied_last_period(sheet, parameters),
        Method::CopiedFromNeighbour(parameters) => record::copied_from_neighbour(sheet, parameters),
        Method::AllZero(parameters) => record::all_zero(sheet, parameters),
        Method::EmptyButComplete(parameters) => record::empty_but_complete(sheet, parameters),
        Method::TerminalDigit(parameters) => habit::terminal_digit(sheet, parameters),
        Method::FirstDigit(parameters) => habit::first_digit(sheet, parameters),
        Method::ThresholdHugging(parameters) => habit::threshold_hugging(sheet, parameters),
        Method::RevisionPattern(parameters) => habit::revision_pattern(sheet, parameters),
    }
}
