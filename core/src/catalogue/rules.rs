//! Edits (审核关系) as the catalogue writes them: names are resolved, expressions compiled, diagnostics given their place.
//!
//! ```toml
//! [[edit]]
//! id = "GDP.BALANCE"
//! kind = "validity"                                 # or "quality"
//! dataset = "quarterly-accounts"
//! expression = "gdp = primary + secondary + tertiary"
//! tolerance = "0.05"                                # optional; "0.1%" is relative, "rounding" follows the printed digits
//! rollup = "non_null"                               # optional: how missing children count in a roll-up
//! missing = "three-valued"                          # optional: skip-if-any, skip-if-all or never-skip
//! level = "prefecture"                              # optional: for these units only, named as in the roster by units, level, under
//! subperiods = [2, 3, 4]                            # optional: in these quarters (or months) of the year only
//! from = "2021-Q1"                                  # optional, as is to: in force for these periods
//! message = { zh = "…", en = "…" }
//! ```

use std::{collections::BTreeMap, ops::Range};

use crate::{
    code::{DatasetCode, EditId, IndicatorCode, UnitCode},
    days::Days,
    edits::{
        self, Diagnostic, Edit, EditField, EditKind, EditText, Foreign, Quantity, Scope, Symbols,
    },
    period::Period,
};

use super::{
    dataset,
    entry::{Entry, Field},
    fault::Faults,
    indicator::{self, Indicator, Measure},
    names::Names,
    roster,
    source::Place,
};

const KINDS: [(&str, EditKind); 2] = [
    ("validity", EditKind::Validity),
    ("quality", EditKind::Quality),
];

/// What the edits refer to.
pub(super) struct Known<'s, 'a> {
    pub(super) roster: &'s roster::Scope<'s, 'a>,
    pub(super) indicator_names: &'s Names<'a, IndicatorCode>,
    pub(super) indicators: &'s [Indicator],
    pub(super) measures: &'s [Measure],
}

/// Reads and compiles the edits; each dataset's in catalogue order.
pub(super) fn read<'a>(
    entries: &[Entry<'a>],
    known: &Known<'_, 'a>,
    names: &mut Names<'a, EditId>,
    faults: &Faults,
) -> BTreeMap<DatasetCode, Vec<Edit>> {
    let mut edits: BTreeMap<DatasetCode, Vec<Edit>> = BTreeMap::new();
    for entry in entries {
        if let Some(edit) = read_one(entry, known, names, faults) {
            edits.entry(edit.dataset().clone()).or_default().push(edit);
        }
    }
    edits
}

fn read_one<'a>(
    entry: &Entry<'a>,
    known: &Known<'_, 'a>,
    names: &mut Names<'a, EditId>,
    faults: &Faults,
) -> Option<Edit> {
    entry.allow(&[
        "id",
        "kind",
        "dataset",
        "expression",
        "tolerance",
        "rollup",
        "missing",
        "units",
        "level",
        "under",
        "subperiods",
        "from",
        "to",
        "message",
    ]);
    let id = entry.code("id");
    let is_new = id.as_ref().is_some_and(|id| names.declare(id, faults));
    let kind = entry.need("kind").and_then(|f| f.choice(&KINDS));
    let dataset = entry.code::<DatasetCode>("dataset");
    let dataset = dataset.filter(|code| known.roster.dataset_names.resolve(code, faults));
    let expression = entry.need("expression");
    let message = entry.bilingual("message");
    let text = |field: &Option<Field<'a>>| Some(field.as_ref()?.text()?.value.to_owned());
    let (tolerance, rollup) = (entry.field("tolerance"), entry.field("rollup"));
    let missing = entry.field("missing");
    let draft = dataset.as_ref().and_then(|code| known.draft(&code.value));
    let scope = read_scope(entry, known, draft, faults);
    let symbols = known.symbols(draft);
    // A faulty id, kind or dataset does not keep the expression from being checked: placeholders stand in for them.
    let compiled = edits::compile(
        EditText {
            id: id.map_or_else(|| EditId::new("X").ok(), |id| Some(id.value))?,
            kind: kind.unwrap_or(EditKind::Quality),
            dataset: dataset.as_ref().map_or_else(
                || DatasetCode::new("x").ok(),
                |code| Some(code.value.clone()),
            )?,
            tolerance: text(&tolerance),
            rollup: text(&rollup),
            missing: text(&missing),
            scope: scope.unwrap_or_default(),
            expression: text(&expression)?,
            message,
        },
        &symbols,
    );
    let is_sound = is_new && kind.is_some() && dataset.is_some();
    match compiled {
        Ok(edit) => is_sound.then_some(edit),
        Err(diagnostics) => {
            for diagnostic in diagnostics {
                report(entry, diagnostic, faults);
            }
            None
        }
    }
}

fn report(entry: &Entry<'_>, diagnostic: Diagnostic, faults: &Faults) {
    let key = match diagnostic.field {
        EditField::Expression => "expression",
        EditField::Tolerance => "tolerance",
        EditField::Rollup => "rollup",
        EditField::Missing => "missing",
        EditField::Kind => "kind",
    };
    let field = entry.field(key);
    let place = field.and_then(|field| place_in(&field, &diagnostic.span));
    let place = place.unwrap_or_else(|| entry.place());
    faults.report(place, diagnostic.message, diagnostic.remedy);
}

/// The place of the first byte of `span` within a field's text.
fn place_in<'a>(field: &Field<'a>, span: &Range<usize>) -> Option<Place<'a>> {
    let text = field.text()?;
    let place = text.place;
    let offset = place
        .source
        .offset_in_string(place.offset, text.value, span.start);
    Some(Place { offset, ..place })
}

/// Where and when an edit is in force; `None` where that is not known.
fn read_scope<'a>(
    entry: &Entry<'a>,
    known: &Known<'_, 'a>,
    dataset: Option<&dataset::Draft<'a>>,
    faults: &Faults,
) -> Option<Scope> {
    let periodicity = dataset.and_then(|dataset| dataset.periodicity);
    let period = |key| {
        let period = entry.field(key).and_then(|f| f.lexical::<Period>());
        period.filter(|p| dataset::fits(p, periodicity, faults))
    };
    let from = period("from");
    let to = period("to").filter(|to| dataset::follows(to, from.as_ref(), faults));
    let selects = ["units", "level", "under"]
        .iter()
        .any(|key| entry.field(key).is_some());
    let units = if selects {
        Some(roster::select_codes(entry, known.roster, faults)?)
    } else {
        None
    };
    let subperiods = match entry.field("subperiods") {
        Some(field) => {
            let most = periodicity.and_then(|p| p.per_year()).unwrap_or(366);
            let numbers = field
                .list()?
                .into_iter()
                .map(|f| f.integer(1..=most.into()));
            let numbers = numbers.map(|n| i32::try_from(n?).ok());
            Some(numbers.collect::<Option<_>>()?)
        }
        None => None,
    };
    Some(Scope {
        moves: units.iter().flatten().filter_map(moves).collect(),
        units: units.map(|units| units.into_keys().collect()),
        subperiods,
        from: from.map(|from| from.value),
        to: to.map(|to| to.value),
    })
}

/// The days of a unit that is not selected on all of them.
fn moves((unit, days): (&UnitCode, &Vec<Days>)) -> Option<(UnitCode, Vec<Days>)> {
    let always = days.contains(&Days::ALWAYS);
    (!always).then(|| (unit.clone(), days.clone()))
}

impl<'s, 'a> Known<'s, 'a> {
    fn draft(&self, dataset: &DatasetCode) -> Option<&'s dataset::Draft<'a>> {
        let datasets = self.roster.datasets;
        let found = datasets.binary_search_by(|d| d.code.value.cmp(dataset));
        found.ok().map(|at| &datasets[at])
    }

    /// The indicators of a dataset in catalogue order; `None` where the dataset or its list could not be read.
    pub(super) fn indicators_of(&self, dataset: &DatasetCode) -> Option<&'s [IndicatorCode]> {
        self.draft(dataset)?.indicators.as_deref()
    }

    /// The names that an edit of a dataset may use: all indicators, where the dataset's own are not known.
    fn symbols(&'s self, dataset: Option<&'s dataset::Draft<'a>>) -> InScope<'s, 'a> {
        let codes = match dataset.and_then(|draft| draft.indicators.as_ref()) {
            Some(held) => held.iter().collect(),
            None => self.indicator_names.codes().collect(),
        };
        InScope { codes, known: self }
    }
}

/// The indicators in scope.
struct InScope<'s, 'a> {
    codes: Vec<&'s IndicatorCode>,
    known: &'s Known<'s, 'a>,
}

impl Symbols for InScope<'_, '_> {
    fn indicator(&self, name: &str) -> Option<IndicatorCode> {
        let found = self.codes.iter().find(|code| code.as_str() == name);
        found.map(|code| (*code).clone())
    }

    fn names(&self) -> Vec<String> {
        self.codes.iter().map(ToString::to_string).collect()
    }

    fn dataset(&self, name: &str) -> Option<Foreign> {
        let datasets = self.known.roster.datasets.iter();
        let draft = datasets
            .into_iter()
            .find(|d| d.code.value.as_str() == name)?;
        let all = || self.known.indicator_names.codes().cloned().collect();
        Some(Foreign {
            code: draft.code.value.clone(),
            periodicity: draft.periodicity?,
            indicators: draft.indicators.clone().unwrap_or_else(all),
        })
    }

    fn dataset_names(&self) -> Vec<String> {
        let datasets = self.known.roster.datasets.iter();
        datasets.map(|d| d.code.value.to_string()).collect()
    }

    fn quantity(&self, indicator: &IndicatorCode) -> Option<Quantity> {
        indicator::quantity(indicator, self.known.indicators, self.known.measures)
    }
}
