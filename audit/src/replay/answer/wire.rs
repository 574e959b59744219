//! From the core's values to the messages that the tables take. The city's server has the same few lines for its answers:
//! neither program may import the other, and the core knows no wire.

use granary_core::{
    catalogue::Catalogue,
    code::UnitCode,
    completeness::{Group, GroupBy, Labels, StateCounts},
    decimal::Decimal,
    edits::EditKind,
    ledger::{Failure, assess::Figures},
    text::Bilingual,
};
use granary_proto::v1;

pub(super) fn unit_name(catalogue: Option<&Catalogue>, unit: &UnitCode) -> Bilingual {
    let unit = catalogue.and_then(|catalogue| catalogue.unit(unit));
    unit.map(|unit| unit.name().clone()).unwrap_or_default()
}

pub(crate) const fn group_by(by: v1::GroupBy) -> GroupBy {
    match by {
        v1::GroupBy::Unspecified => GroupBy::Nothing,
        v1::GroupBy::Unit => GroupBy::Unit,
        v1::GroupBy::Dataset => GroupBy::Dataset,
        v1::GroupBy::Period => GroupBy::Period,
        v1::GroupBy::DatasetPeriod => GroupBy::DatasetPeriod,
        v1::GroupBy::UnitDataset => GroupBy::UnitDataset,
        v1::GroupBy::Department => GroupBy::Department,
        v1::GroupBy::Level => GroupBy::Level,
    }
}

pub(super) fn row(
    catalogue: &Catalogue,
    group: &Group,
    counted: &StateCounts,
) -> v1::CompletenessRow {
    let labels = Labels::of(catalogue, group);
    v1::CompletenessRow {
        unit: labels.unit,
        dataset: labels.dataset,
        period: labels.period,
        counts: Some(counts(counted)),
        name_zh: labels.name.zh,
        name_en: labels.name.en,
        imported: counted.imported,
        department: labels.department,
        level: labels.level,
    }
}

pub(super) const fn counts(counts: &StateCounts) -> v1::StateCounts {
    v1::StateCounts {
        expected: counts.expected(),
        timely: counts.timely,
        late: counts.late,
        missing: counts.missing,
        exempt: counts.exempt,
        pending: counts.pending,
    }
}

/// A failed edit. A figure that is beyond the wire's range is left out; the message tells it.
pub(super) fn failure(failure: Failure) -> v1::Failure {
    let kind = match failure.kind {
        EditKind::Validity => v1::EditKind::Validity,
        EditKind::Quality => v1::EditKind::Quality,
    };
    let Figures {
        left,
        right,
        imbalance,
    } = failure.figures;
    v1::Failure {
        edit: failure.edit.to_string(),
        kind: kind.into(),
        item: failure.item.map(|item| item.to_string()),
        left: left.and_then(decimal),
        right: right.and_then(decimal),
        imbalance: imbalance.and_then(decimal),
        message_zh: failure.message.zh,
        message_en: failure.message.en,
        explanation: failure.explanation.unwrap_or_default(),
    }
}

/// A figure; `None` where it is beyond the wire's range.
pub(super) fn decimal(value: Decimal) -> Option<v1::Decimal> {
    let (mantissa, scale) = value.to_wire().or_else(|| value.normalised().to_wire())?;
    Some(v1::Decimal {
        mantissa,
        scale: scale.into(),
    })
}
