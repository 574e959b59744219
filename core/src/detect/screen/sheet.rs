//! What one detector writes down, and the view of the records that it reads.

use super::{Figures, Flag, Screening, Subject, Summary, Unjudged};
use crate::{
    catalogue::{Catalogue, Dataset, say},
    code::{IndicatorCode, ItemKey, UnitCode},
    decimal::Decimal,
    detect::{Detector, History, Judgement, NotComputable, multiple, number},
    period::Period,
    snapshot::Observation,
    text::Bilingual,
};

/// What is screened.
pub(super) struct Scene<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) dataset: &'a Dataset,
    pub(super) period: Period,
    pub(super) history: &'a History,
}

/// A unit with a record for the period, and an item of it in an itemised dataset.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row<'a> {
    pub(super) unit: &'a UnitCode,
    pub(super) item: Option<&'a ItemKey>,
}

/// Figures as mantissas at one scale.
pub(super) struct Column {
    pub(super) values: Vec<Option<i64>>,
    pub(super) scale: u8,
}

impl<'a> Scene<'a> {
    /// The rows of the period, ascending.
    pub(super) fn rows(&self) -> Vec<Row<'a>> {
        let mut rows: Vec<Row<'a>> = Vec::new();
        for (unit, observations) in self.history.records(self.period) {
            let items = observations.iter().map(|o| Row {
                unit,
                item: o.item.as_ref(),
            });
            rows.extend(items);
            if observations.is_empty() {
                rows.push(Row { unit, item: None });
            }
        }
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// The current record of each unit, ascending by unit.
    pub(super) fn records(&self) -> impl Iterator<Item = (&'a UnitCode, &'a [Observation])> {
        self.history.records(self.period)
    }

    pub(super) fn value(
        &self,
        row: Row<'_>,
        indicator: &IndicatorCode,
        period: Period,
    ) -> Option<Decimal> {
        self.history.value(row.unit, period, indicator, row.item)
    }

    /// The last `count` periods up to and with the one screened, as far as there are records, in time order.
    pub(super) fn periods(&self, count: u32) -> Vec<Period> {
        let first = self
            .history
            .first_period(self.period)
            .unwrap_or(self.period);
        let back = i32::try_from(count.max(1) - 1).unwrap_or(i32::MAX);
        let wanted = self.period.ordinal().saturating_sub(back);
        let from = wanted.max(first.ordinal());
        let period = |ordinal| Period::from_ordinal(self.period.periodicity(), ordinal);
        (from..=self.period.ordinal()).filter_map(period).collect()
    }

    /// One row's figures for these periods.
    pub(super) fn series(
        &self,
        row: Row<'_>,
        indicator: &IndicatorCode,
        periods: &[Period],
    ) -> Vec<Option<Decimal>> {
        periods
            .iter()
            .map(|period| self.value(row, indicator, *period))
            .collect()
    }

    /// How a unit is called.
    pub(super) fn unit_name(&self, unit: &UnitCode) -> Bilingual {
        let found = self.catalogue.unit(unit);
        found.map_or_else(
            || Bilingual::new(unit.as_str(), unit.as_str()),
            |unit| unit.name().clone(),
        )
    }

    /// How an indicator is called.
    pub(super) fn indicator_name(&self, code: &IndicatorCode) -> Bilingual {
        let found = self.catalogue.indicator(code);
        found.map_or_else(
            || Bilingual::new(code.as_str(), code.as_str()),
            |found| found.name().clone(),
        )
    }

    /// A figure with its unit of measure.
    pub(super) fn amount(&self, figure: &str, code: &IndicatorCode) -> Bilingual {
        let measure = self
            .catalogue
            .indicator(code)
            .and_then(|i| self.catalogue.measure(i.unit_of_measure()));
        let Some(measure) = measure else {
            return Bilingual::new(figure, figure);
        };
        let (zh, en) = (&measure.name().zh, &measure.name().en);
        let space = if en.starts_with('%') { "" } else { " " };
        say!("{figure}{zh}", "{figure}{space}{en}")
    }
}

impl Column {
    /// These figures at their largest scale.
    ///
    /// # Errors
    /// One of them is too long there.
    pub(super) fn of(values: &[Option<Decimal>]) -> Result<Self, NotComputable> {
        let scale = values
            .iter()
            .flatten()
            .map(|v| v.normalised().scale())
            .max()
            .unwrap_or(0);
        let mantissa = |value: &Option<Decimal>| match value {
            None => Ok(None),
            Some(value) => {
                let wire = value
                    .rescaled(scale)
                    .or_else(|| value.normalised().rescaled(scale))
                    .and_then(Decimal::to_wire);
                wire.map(|(mantissa, _)| Some(mantissa))
                    .ok_or(NotComputable::TooLarge)
            }
        };
        let values: Result<Vec<_>, _> = values.iter().map(mantissa).collect();
        Ok(Self {
            values: values?,
            scale,
        })
    }

    /// A float at this scale as text, with two digits more than the figures have.
    pub(super) fn text(&self, mantissa: f64) -> String {
        number::text(
            number::scaled(mantissa, self.scale),
            usize::from(self.scale) + 2,
        )
    }
}

/// What one detector writes down.
pub(super) struct Sheet<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) detector: &'a Detector,
    flags: Vec<Flag>,
    unjudged: Vec<Unjudged>,
    tests: u32,
    expected_by_chance: Option<f64>,
}

/// One test among many, before it is known which p-values count.
pub(super) struct Candidate<T> {
    pub(super) subject: Subject,
    pub(super) p_value: f64,
    pub(super) found: T,
}

impl<'a> Sheet<'a> {
    pub(super) const fn new(scene: &'a Scene<'a>, detector: &'a Detector) -> Self {
        Self {
            scene,
            detector,
            flags: Vec::new(),
            unjudged: Vec::new(),
            tests: 0,
            expected_by_chance: None,
        }
    }

    /// Notes a judgement; true where the subject is to be flagged.
    pub(super) fn note(&mut self, subject: &Subject, judgement: Judgement) -> bool {
        match judgement {
            Judgement::NotComputable(reason) => {
                self.skip(subject, reason);
                return false;
            }
            Judgement::Clean | Judgement::Flagged => self.tests += 1,
        }
        judgement == Judgement::Flagged
    }

    /// Notes that a subject could not be judged.
    pub(super) fn skip(&mut self, subject: &Subject, reason: NotComputable) {
        self.unjudged.push(Unjudged {
            detector: self.detector.id.clone(),
            subject: subject.clone(),
            reason,
        });
    }

    /// Notes how many flags chance alone would give, added to what was noted before.
    pub(super) fn expect_by_chance(&mut self, flags: f64) {
        self.expected_by_chance = Some(self.expected_by_chance.unwrap_or(0.0) + flags);
    }

    /// Flags a subject. The sentence says who, when and what before `found`.
    pub(super) fn flag(&mut self, subject: Subject, figures: Figures, found: &Bilingual) {
        let about = self.about(&subject);
        let sentence = Bilingual::new(about.zh + &found.zh, about.en + &found.en);
        let message = match &self.detector.message {
            None => sentence,
            Some(own) => Bilingual::new(
                format!("{}：{}", own.zh, sentence.zh),
                format!("{}: {}", own.en, sentence.en),
            ),
        };
        self.flags.push(Flag {
            detector: self.detector.id.clone(),
            method: self.detector.method.name(),
            subject,
            period: self.scene.period,
            figures,
            message,
        });
    }

    /// Flags those of many tests whose p-values count under a false discovery rate; `tell` puts a finding into figures and words, or
    /// leaves it out.
    pub(super) fn control<T>(
        &mut self,
        candidates: Vec<Candidate<T>>,
        rate: Decimal,
        tell: impl Fn(&Self, &Candidate<T>) -> Option<(Figures, Bilingual)>,
    ) {
        let p_values: Vec<f64> = candidates
            .iter()
            .map(|candidate| candidate.p_value)
            .collect();
        let control = multiple::benjamini_hochberg(&p_values, number::to_float(rate));
        self.expect_by_chance(control.expected_by_chance);
        self.tests += u32::try_from(candidates.len()).unwrap_or(u32::MAX);
        for candidate in candidates.into_iter().filter(|c| c.p_value <= control.cut) {
            if let Some((figures, found)) = tell(self, &candidate) {
                self.flag(candidate.subject, figures, &found);
            }
        }
    }

    /// "云岩区 2021-Q4 用电量：" and "Yunyan, 2021-Q4, electricity: ".
    fn about(&self, subject: &Subject) -> Bilingual {
        let scene = self.scene;
        let mut parts = Vec::new();
        match &subject.unit {
            Some(unit) => parts.push(scene.unit_name(unit)),
            None => parts.push(Bilingual::new("各单位", "all units")),
        }
        if let Some(item) = &subject.item {
            parts.push(Bilingual::new(item.as_str(), item.as_str()));
        }
        let period = scene.period.to_string();
        parts.push(Bilingual::new(period.clone(), period));
        if let Some(indicator) = &subject.indicator {
            parts.push(scene.indicator_name(indicator));
        }
        let join = |pick: fn(&Bilingual) -> &str, with: &str| {
            let texts: Vec<&str> = parts.iter().map(pick).collect();
            texts.join(with)
        };
        let (zh, en) = (join(|b| &b.zh, " "), join(|b| &b.en, ", "));
        say!("{zh}：", "{en}: ")
    }

    pub(super) fn finish(self, screening: &mut Screening) {
        let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        screening.summaries.push(Summary {
            detector: self.detector.id.clone(),
            method: self.detector.method.name(),
            tests: self.tests,
            flags: count(self.flags.len()),
            not_computable: count(self.unjudged.len()),
            expected_by_chance: self.expected_by_chance,
        });
        let mut flags = self.flags;
        flags.sort_by(|a, b| a.subject.cmp(&b.subject));
        let mut unjudged = self.unjudged;
        unjudged.sort_by(|a, b| a.subject.cmp(&b.subject));
        screening.flags.extend(flags);
        screening.unjudged.extend(unjudged);
    }
}

impl Subject {
    /// One figure of a row.
    pub(super) fn figure(row: Row<'_>, indicator: &IndicatorCode) -> Self {
        Self {
            unit: Some(row.unit.clone()),
            item: row.item.cloned(),
            indicator: Some(indicator.clone()),
        }
    }

    /// A unit's record as a whole.
    pub(super) fn record(unit: &UnitCode) -> Self {
        Self {
            unit: Some(unit.clone()),
            item: None,
            indicator: None,
        }
    }

    /// A unit's figures of one indicator, or those of all units.
    pub(super) fn indicator(unit: Option<&UnitCode>, indicator: &IndicatorCode) -> Self {
        Self {
            unit: unit.cloned(),
            item: None,
            indicator: Some(indicator.clone()),
        }
    }
}
