//! Datasets (报表): which indicators are reported together, how often, and by when.
//!
//! ```toml
//! [[dataset]]
//! code = "quarterly-accounts"
//! name = { zh = "季度地区生产总值核算", en = "Quarterly accounts" }
//! periodicity = "quarter"                  # annual, half-year, quarter, month or day
//! indicators = ["gdp", "primary"]          # in the order of columns
//! required = ["gdp"]                       # optional: the cells that a complete report fills
//! itemised = false                         # optional: observations have an item as second key
//! deadline = { day = 8, time = "12:00" }   # window, not_reported and except: see `timetable`
//! first_period = "2021-Q1"
//! last_period = "2030-Q4"                  # optional, the last one reported
//! signatures = { agent = 1, head = 1 }     # optional: whose keys sign, see `signing`
//! ```

use std::collections::BTreeSet;

use crate::{
    code::{DatasetCode, IndicatorCode},
    edits::Edit,
    period::{Period, Periodicity},
    text::Bilingual,
};

use super::{
    deadline::{Around, Deadline},
    entry::Entry,
    fault::{Faults, say},
    indicator::Indicator,
    names::Names,
    signing::{self, SigningPolicy},
    source::At,
    timetable::{self, Terms, Timetable},
};

/// The place of a dataset in [`super::Catalogue::datasets`]: dense, from 0, only within one catalogue version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatasetIndex(pub(super) u32);

impl DatasetIndex {
    /// The index as a number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

/// The indicators that are reported together.
pub struct Dataset {
    code: DatasetCode,
    name: Bilingual,
    periodicity: Periodicity,
    indicators: Vec<IndicatorCode>,
    /// Sorted, each with the most digits after the point.
    columns: Vec<(IndicatorCode, u8)>,
    required: Vec<IndicatorCode>,
    itemised: bool,
    timetable: Timetable,
    first: Period,
    last: Option<Period>,
    signatures: SigningPolicy,
    edits: Vec<Edit>,
    rollups: Vec<IndicatorCode>,
}

impl Dataset {
    /// The code.
    #[must_use]
    pub const fn code(&self) -> &DatasetCode {
        &self.code
    }

    /// The name on screens.
    #[must_use]
    pub const fn name(&self) -> &Bilingual {
        &self.name
    }

    /// How often it is reported.
    #[must_use]
    pub const fn periodicity(&self) -> Periodicity {
        self.periodicity
    }

    /// Whether an observation has an item as its second key.
    #[must_use]
    pub const fn itemised(&self) -> bool {
        self.itemised
    }

    /// Its indicators, in the order in which the catalogue writes them.
    #[must_use]
    pub fn indicators(&self) -> &[IndicatorCode] {
        &self.indicators
    }

    /// Whether `indicator` is one of its indicators.
    #[must_use]
    pub fn holds(&self, indicator: &IndicatorCode) -> bool {
        let found = self
            .columns
            .binary_search_by(|(code, _)| code.cmp(indicator));
        found.is_ok()
    }

    /// Its indicators, sorted, each with the most digits after the point that a value may have.
    #[must_use]
    pub fn columns(&self) -> &[(IndicatorCode, u8)] {
        &self.columns
    }

    /// The indicators that a complete report fills, in the order of the catalogue.
    #[must_use]
    pub fn required(&self) -> &[IndicatorCode] {
        &self.required
    }

    /// Whose signatures its snapshots need.
    #[must_use]
    pub const fn signatures(&self) -> &SigningPolicy {
        &self.signatures
    }

    /// Its edits: validity edits, then quality edits, each in catalogue order.
    #[must_use]
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// All operands that its edits sum over a unit's children, sorted.
    #[must_use]
    pub fn rollup_indicators(&self) -> &[IndicatorCode] {
        &self.rollups
    }

    /// The deadline rule of most of its periods; [`Self::terms`] knows the exceptions.
    #[must_use]
    pub const fn deadline(&self) -> &Deadline {
        self.timetable.general().deadline()
    }

    /// From when to when the report for `period` is taken.
    #[must_use]
    pub fn terms(&self, period: Period) -> &Terms {
        self.timetable.terms(period)
    }

    /// When the report for `period` is due, in milliseconds since 1970-01-01 UTC; `None` for a period of another
    /// periodicity. Looks up a time zone, so ask once for a period, not once for a unit.
    #[must_use]
    pub fn due_at_ms(&self, period: Period) -> Option<i64> {
        let fits = period.periodicity() == self.periodicity;
        fits.then(|| self.terms(period).deadline().at_ms(period))
            .flatten()
    }

    /// Whether the part of the year that `period` is gets reported at all.
    #[must_use]
    pub fn reports(&self, period: Period) -> bool {
        self.timetable.reports(period)
    }

    /// All rules of time in it.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Deadline> {
        self.timetable.rules()
    }

    /// The first period that is reported.
    #[must_use]
    pub const fn first_period(&self) -> Period {
        self.first
    }

    /// The last period that is reported; none where no end is known.
    #[must_use]
    pub const fn last_period(&self) -> Option<Period> {
        self.last
    }

    /// Whether `period` is of its periodicity, lies from the first to the last period, and is not a part of the year that is
    /// not reported.
    #[must_use]
    pub fn covers(&self, period: Period) -> bool {
        period.periodicity() == self.periodicity
            && self.first <= period
            && self.last.is_none_or(|last| period <= last)
            && self.reports(period)
    }

    /// Whether another version of it says the same, its edits apart.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let named = |one: &Self| (one.code.clone(), one.name.clone());
        let shape = |one: &Self| (one.periodicity, one.itemised, one.first, one.last);
        named(self) == named(other)
            && shape(self) == shape(other)
            && self.indicators == other.indicators
            && self.columns == other.columns
            && self.required == other.required
            && self.timetable == other.timetable
            && self.signatures == other.signatures
    }

    /// The same with none but these indicators, and the edits that look at nothing else; none where it holds none of them.
    pub(super) fn of_indicators(&self, own: &BTreeSet<&IndicatorCode>) -> Option<Self> {
        let kept = |codes: &[IndicatorCode]| -> Vec<IndicatorCode> {
            codes
                .iter()
                .filter(|code| own.contains(code))
                .cloned()
                .collect()
        };
        let indicators = kept(&self.indicators);
        let edits = self.edits.iter();
        let edits = edits.filter(|edit| {
            edit.operands()
                .iter()
                .all(|one| own.contains(&one.indicator))
        });
        let bare = Self {
            code: self.code.clone(),
            name: self.name.clone(),
            periodicity: self.periodicity,
            columns: self
                .columns
                .iter()
                .filter(|(code, _)| own.contains(code))
                .cloned()
                .collect(),
            required: kept(&self.required),
            itemised: self.itemised,
            timetable: self.timetable.clone(),
            first: self.first,
            last: self.last,
            signatures: self.signatures.clone(),
            edits: Vec::new(),
            rollups: Vec::new(),
            indicators,
        };
        (!bare.indicators.is_empty()).then(|| bare.with_edits(edits.cloned().collect()))
    }

    /// Gives it its edits, in catalogue order.
    pub(super) fn with_edits(mut self, mut edits: Vec<Edit>) -> Self {
        edits.sort_by_key(|edit| match edit.kind() {
            crate::edits::EditKind::Validity => 0,
            crate::edits::EditKind::Quality => 1,
        });
        self.rollups = edits.iter().flat_map(Edit::rollups).cloned().collect();
        self.rollups.sort();
        self.rollups.dedup();
        self.edits = edits;
        self
    }
}

/// A dataset as it was written; what is faulty is `None`.
pub(super) struct Draft<'a> {
    pub(super) code: At<'a, DatasetCode>,
    pub(super) periodicity: Option<Periodicity>,
    /// `None` where the list was not wholly readable, so that an edit's name may be one of those that are lost.
    pub(super) indicators: Option<Vec<IndicatorCode>>,
    pub(super) first: Option<Period>,
    pub(super) last: Option<Period>,
    name: Bilingual,
    required: Vec<IndicatorCode>,
    itemised: bool,
    timetable: Option<Timetable>,
    signatures: SigningPolicy,
}

impl Draft<'_> {
    /// Whether an observation has an item as its second key.
    pub(super) const fn is_itemised(&self) -> bool {
        self.itemised
    }

    /// The dataset without its edits, or `None` where a fault was reported.
    pub(super) fn finish(self, known: &[Indicator]) -> Option<Dataset> {
        let indicators = self.indicators?;
        let column = |code: &IndicatorCode| {
            let at = known.binary_search_by(|i| i.code().cmp(code)).ok()?;
            Some((code.clone(), known[at].decimals()))
        };
        let mut columns = indicators.iter().map(column).collect::<Option<Vec<_>>>()?;
        columns.sort();
        Some(Dataset {
            code: self.code.value,
            name: self.name,
            periodicity: self.periodicity?,
            indicators,
            columns,
            required: self.required,
            itemised: self.itemised,
            timetable: self.timetable?,
            first: self.first?,
            last: self.last,
            signatures: self.signatures,
            edits: Vec::new(),
            rollups: Vec::new(),
        })
    }
}

/// Reads the datasets, sorted by code. What is `around` them is the catalogue's.
pub(super) fn read<'a>(
    entries: &[Entry<'a>],
    around: Around<'_, 'a>,
    indicators: &Names<'a, IndicatorCode>,
    names: &mut Names<'a, DatasetCode>,
) -> Vec<Draft<'a>> {
    let faults = around.faults;
    let mut datasets: Vec<Draft<'a>> = Vec::new();
    for entry in entries {
        let Some(dataset) = read_one(entry, around, indicators) else {
            continue;
        };
        if names.declare(&dataset.code, faults) {
            datasets.push(dataset);
        }
    }
    datasets.sort_by(|a, b| a.code.value.cmp(&b.code.value));
    datasets
}

const KEYS: [&str; 13] = [
    "code",
    "name",
    "periodicity",
    "indicators",
    "required",
    "itemised",
    "deadline",
    "window",
    "not_reported",
    "except",
    "first_period",
    "last_period",
    "signatures",
];

fn read_one<'a>(
    entry: &Entry<'a>,
    around: Around<'_, 'a>,
    known: &Names<'a, IndicatorCode>,
) -> Option<Draft<'a>> {
    entry.allow(&KEYS);
    let faults = around.faults;
    let code = entry.code("code");
    let name = entry.bilingual("name");
    let words = Periodicity::ALL.map(|p| (p.word(), p));
    let periodicity = entry.need("periodicity").and_then(|f| f.choice(&words));
    let indicators = read_indicators(entry, known, faults);
    let required = read_required(entry, indicators.as_deref(), known, faults);
    let itemised = entry.field("itemised").and_then(|f| f.boolean());
    let first = entry.need("first_period").and_then(|f| f.lexical());
    let last = entry.field("last_period").and_then(|f| f.lexical());
    let first = first.filter(|p| fits(p, periodicity, faults));
    let last = last.filter(|p| fits(p, periodicity, faults));
    let last = last.filter(|last| follows(last, first.as_ref(), faults));
    let periods = timetable::For {
        periodicity,
        first: first.as_ref().map(|p| p.value),
        last: last.as_ref().map(|p| p.value),
    };
    let timetable = timetable::read(entry, periods, around);
    Some(Draft {
        code: code?,
        periodicity,
        indicators,
        first: first.map(|p| p.value),
        last: last.map(|p| p.value),
        name,
        required,
        itemised: itemised.unwrap_or(false),
        timetable,
        signatures: signing::read(entry),
    })
}

fn read_indicators<'a>(
    entry: &Entry<'a>,
    known: &Names<'a, IndicatorCode>,
    faults: &Faults,
) -> Option<Vec<IndicatorCode>> {
    let written = entry.need("indicators")?.codes::<IndicatorCode>()?;
    let count = written.codes.len();
    let found: Vec<_> = written
        .codes
        .into_iter()
        .filter(|code| known.resolve(code, faults))
        .map(|code| code.value)
        .collect();
    (written.is_whole && found.len() == count).then_some(found)
}

fn read_required<'a>(
    entry: &Entry<'a>,
    indicators: Option<&[IndicatorCode]>,
    known: &Names<'a, IndicatorCode>,
    faults: &Faults,
) -> Vec<IndicatorCode> {
    let written = entry.field("required").and_then(|field| {
        // That nothing is required may be said by an empty list.
        let is_empty = field.list()?.is_empty();
        (!is_empty).then(|| field.codes::<IndicatorCode>())?
    });
    let mut required = Vec::new();
    for code in written.map_or(Vec::new(), |written| written.codes) {
        let is_known = known.resolve(&code, faults);
        if is_known && indicators.is_some_and(|held| !held.contains(&code.value)) {
            let text = &code.value;
            faults.report(
                code.place,
                say!(
                    "必填的 {text} 不在 indicators 中",
                    "{text} is required but not among the indicators"
                ),
                say!(
                    "加入 indicators，或从 required 删去",
                    "add it to indicators, or remove it from required"
                ),
            );
        }
        required.push(code.value);
    }
    required
}

/// Whether a period has the dataset's periodicity; reports it where it has not. True where the periodicity is not known.
pub(super) fn fits(
    period: &At<'_, Period>,
    periodicity: Option<Periodicity>,
    faults: &Faults,
) -> bool {
    let Some(wanted) = periodicity.filter(|wanted| *wanted != period.value.periodicity()) else {
        return true;
    };
    let (text, word) = (period.value, wanted.word());
    let year = text.year();
    let example = Period::new(wanted, year, 1).unwrap_or(text);
    faults.report(
        period.place,
        say!(
            "{text} 与报表的报告周期 {word} 不符",
            "{text} is not of the dataset's periodicity, {word}"
        ),
        say!("例如写 {example}", "write for instance {example}"),
    );
    false
}

/// Whether a last period does not lie before the first; reports it where it does.
pub(super) fn follows(
    last: &At<'_, Period>,
    first: Option<&At<'_, Period>>,
    faults: &Faults,
) -> bool {
    let Some(first) = first.filter(|first| first.value > last.value) else {
        return true;
    };
    // Of two periodicities, one at least is not the dataset's, and that is told elsewhere.
    if first.value.periodicity() != last.value.periodicity() {
        return true;
    }
    let (from, to) = (first.value, last.value);
    faults.report(
        last.place,
        say!(
            "最后一期 {to} 早于第一期 {from}",
            "the last period, {to}, lies before the first, {from}"
        ),
        say!(
            "改正其中一个；两期都要报送",
            "correct one of them; both are reported"
        ),
    );
    false
}
