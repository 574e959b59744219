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
//! message = { zh = "…", en = "…" }
//! ```

use std::{collections::BTreeMap, ops::Range};

use crate::{
    code::{DatasetCode, EditId, IndicatorCode},
    edits::{self, Diagnostic, Edit, EditField, EditKind, EditText, Symbols},
};

use super::{
    dataset,
    entry::{Entry, Field},
    fault::Faults,
    names::Names,
    source::Place,
};

const KINDS: [(&str, EditKind); 2] = [
    ("validity", EditKind::Validity),
    ("quality", EditKind::Quality),
];

/// What the edits refer to.
pub(super) struct Scope<'s, 'a> {
    pub(super) datasets: &'s [dataset::Draft<'a>],
    pub(super) dataset_names: &'s Names<'a, DatasetCode>,
    pub(super) indicators: &'s Names<'a, IndicatorCode>,
}

/// Reads and compiles the edits; each dataset's in catalogue order.
pub(super) fn read<'a>(
    entries: &[Entry<'a>],
    scope: &Scope<'_, 'a>,
    names: &mut Names<'a, EditId>,
    faults: &Faults,
) -> BTreeMap<DatasetCode, Vec<Edit>> {
    let mut edits: BTreeMap<DatasetCode, Vec<Edit>> = BTreeMap::new();
    for entry in entries {
        if let Some(edit) = read_one(entry, scope, names, faults) {
            edits.entry(edit.dataset().clone()).or_default().push(edit);
        }
    }
    edits
}

fn read_one<'a>(
    entry: &Entry<'a>,
    scope: &Scope<'_, 'a>,
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
        "message",
    ]);
    let id = entry.code("id");
    let is_new = id.as_ref().is_some_and(|id| names.declare(id, faults));
    let kind = entry.need("kind").and_then(|f| f.choice(&KINDS));
    let dataset = entry.code::<DatasetCode>("dataset");
    let dataset = dataset.filter(|code| scope.dataset_names.resolve(code, faults));
    let expression = entry.need("expression");
    let message = entry.bilingual("message");
    let text = |field: &Option<Field<'a>>| Some(field.as_ref()?.text()?.value.to_owned());
    let (tolerance, rollup) = (entry.field("tolerance"), entry.field("rollup"));
    let symbols = scope.symbols(dataset.as_ref().map(|code| &code.value));
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

impl<'s> Scope<'s, '_> {
    /// The indicators of a dataset in catalogue order; `None` where the dataset or its list could not be read.
    pub(super) fn indicators_of(&self, dataset: &DatasetCode) -> Option<&'s [IndicatorCode]> {
        let found = self
            .datasets
            .binary_search_by(|d| d.code.value.cmp(dataset));
        self.datasets[found.ok()?].indicators.as_deref()
    }

    /// The names that an edit of `dataset` may use: all indicators, where the dataset's own are not known.
    fn symbols(&self, dataset: Option<&DatasetCode>) -> InScope<'s> {
        match dataset.and_then(|code| self.indicators_of(code)) {
            Some(held) => InScope {
                codes: held.iter().collect(),
            },
            None => InScope {
                codes: self.indicators.codes().collect(),
            },
        }
    }
}

/// The indicators in scope.
struct InScope<'s> {
    codes: Vec<&'s IndicatorCode>,
}

impl Symbols for InScope<'_> {
    fn indicator(&self, name: &str) -> Option<IndicatorCode> {
        let found = self.codes.iter().find(|code| code.as_str() == name);
        found.map(|code| (*code).clone())
    }

    fn names(&self) -> Vec<String> {
        self.codes.iter().map(ToString::to_string).collect()
    }
}
