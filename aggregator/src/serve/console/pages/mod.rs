//! The pages, one file each.

pub(in crate::serve) mod contacts;
mod consequences;
pub(in crate::serve) mod summary;
pub(super) mod shared;
pub(super) mod today;
mod curve;
pub(super) mod wall;
pub(super) mod agents;
pub(super) mod units;
pub(super) mod catalogue;
pub(super) mod bulletins;
pub(super) mod completeness;
pub(super) mod slot;
pub(super) mod what_if;
mod figures;
mod finding;
mod life;
pub(in crate::serve) mod findings;
pub(super) mod unit;
mod record;
mod standing;
pub(super) mod league;
mod beside;
pub(super) mod indicators;
pub(in crate::serve) mod calendar;
pub(super) mod log;
pub(super) mod people;
pub(super) mod tokens;

use granary_bulletin::rates::Rate;
use granary_core::{
    catalogue::Catalogue,
    code::{DatasetCode, UnitCode},
    measures::Measure,
};
use granary_proto::v1;
use maud::{Markup, html};

use super::view::Frame;

/// A choice of one of several, as part of a form that asks for a page.
pub(super) fn select(
    name: &str,
    label: &str,
    chosen: &str,
    options: &[(String, String)],
) -> Markup {
    html! {
        label { span { (label) } select name=(name) {
            @for (value, text) in options { option value=(value) selected[value == chosen] { (text) } }
        } }
    }
}

/// The name of a unit, or its code.
pub(super) fn unit_name(frame: &Frame<'_>, catalogue: &Catalogue, code: &str) -> String {
    let unit = UnitCode::new(code).ok();
    let unit = unit.as_ref().and_then(|code| catalogue.unit(code));
    unit.map_or(code.to_owned(), |unit| {
        frame.visitor.say(unit.name()).to_owned()
    })
}

/// The name of a dataset, or its code.
pub(super) fn dataset_name(frame: &Frame<'_>, catalogue: &Catalogue, code: &str) -> String {
    let dataset = DatasetCode::new(code).ok();
    let dataset = dataset.as_ref().and_then(|code| catalogue.dataset(code));
    dataset.map_or(code.to_owned(), |dataset| {
        frame.visitor.say(dataset.name()).to_owned()
    })
}

/// A measure's value as people read it, and the number that it sorts by.
fn measured(frame: &Frame<'_>, value: Option<&v1::MeasureValue>) -> (String, i64) {
    use v1::measure_value::Value;
    match value.and_then(|value| value.value.as_ref()) {
        None => ("—".into(), i64::MIN),
        Some(Value::DurationMs(ms)) => (frame.span(*ms), *ms),
        Some(Value::Number(number)) => (number.clone(), 0),
        Some(Value::Share(share)) => {
            let parts =
                u128::from(share.numerator) * 1_000_000 / u128::from(share.denominator.max(1));
            (told(share), i64::try_from(parts).unwrap_or(i64::MAX))
        }
    }
}

/// A share in per cent, with the digits that bulletins and the auditor's program give it.
fn told(share: &v1::Share) -> String {
    let rate = Rate {
        numerator: share.numerator,
        denominator: share.denominator,
    };
    rate.percent()
        .map_or_else(|| "—".to_owned(), |percent| format!("{percent} %"))
}

/// The name of a measure on the wire.
fn measure_name(frame: &Frame<'_>, word: &str) -> String {
    let measure = Measure::from_word(word);
    measure.map_or(word.to_owned(), |measure| {
        frame.visitor.say(&measure.name()).to_owned()
    })
}

/// The value of one measure in a row.
fn value_of(values: &[v1::MeasureValue], measure: Measure) -> Option<&v1::MeasureValue> {
    values.iter().find(|value| value.measure == measure.word())
}
