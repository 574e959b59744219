//! Findings as the journal's end has them: by dataset, period, unit, edit, item, as in `granary-audit findings`.

use granary_core::decimal::Decimal;
use granary_proto::v1::{EditKind, Finding, FindingStatus};

use super::{Known, SLOT, Visit, slots::word, wire_slot_cells};
use crate::{
    publish::{
        Cell, Column, PublishError,
        column::{Kind, always, maybe},
    },
    words,
};

/// Sides of an edit are computed, so they may have more decimals than the figures. All that there can be fit.
const FIGURE: Kind = Kind::Figure {
    scale: Decimal::SCALE_MAX,
};

pub(super) fn columns() -> Vec<Column> {
    let mut columns = SLOT.to_vec();
    columns.extend([
        always("edit", Kind::Text),
        always("kind", Kind::Text),
        maybe("item", Kind::Text),
        maybe("left", FIGURE),
        maybe("right", FIGURE),
        maybe("imbalance", FIGURE),
        maybe("message_zh", Kind::Text),
        maybe("message_en", Kind::Text),
        maybe("explanation", Kind::Text),
        always("status", Kind::Text),
        maybe("suspicion_zh", Kind::Text),
        maybe("suspicion_en", Kind::Text),
        maybe("decision_reason", Kind::Text),
        always("snapshot_index", Kind::Integer),
        always("opened_index", Kind::Integer),
        always("changed_index", Kind::Integer),
        maybe("catalogue_version", Kind::Text),
    ]);
    columns
}

pub(super) fn rows(known: &Known<'_>, visit: &mut Visit<'_>) -> Result<(), PublishError> {
    known
        .journal
        .each_finding(known.filter, &mut |finding| visit(cells(known, finding)))
}

fn cells(known: &Known<'_>, finding: Finding) -> Vec<Cell> {
    let mut cells = wire_slot_cells(known, &finding.dataset, &finding.period, &finding.unit);
    let status = finding.status().as_str_name();
    let version = words::digest(&finding.catalogue_version);
    let failure = finding.failure.unwrap_or_default();
    let figure = |figure| Cell::figure(words::decimal(figure));
    cells.extend([
        Cell::code(&failure.edit),
        Cell::code(word(
            failure.kind().as_str_name(),
            EditKind::Unspecified.as_str_name(),
        )),
        Cell::words(failure.item.clone().unwrap_or_default()),
        figure(failure.left.as_ref()),
        figure(failure.right.as_ref()),
        figure(failure.imbalance.as_ref()),
        Cell::words(failure.message_zh),
        Cell::words(failure.message_en),
        Cell::words(failure.explanation),
        Cell::code(word(status, FindingStatus::Unspecified.as_str_name())),
        Cell::words(finding.suspicion_zh),
        Cell::words(finding.suspicion_en),
        Cell::words(finding.decision_reason),
        Cell::count(finding.snapshot_index),
        Cell::count(finding.opened_index),
        Cell::count(finding.changed_index),
        Cell::words(version.unwrap_or_default()),
    ]);
    cells
}
