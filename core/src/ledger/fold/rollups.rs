//! Roll-ups: the sums over a unit's children.
//!
//! For each parent slot one row holds the sums over its children, so that a child's new figure costs one addition, not a
//! reading of all its siblings. Sums are exact, so the order of delivery leaves no trace in them.

use std::{collections::BTreeMap, ops::ControlFlow};

use prost::Message as _;

use crate::{
    catalogue::Catalogue,
    code::IndicatorCode,
    decimal::Decimal,
    edits::Rollup,
    ledger::{
        LogIndex, Registry, View,
        keys::{self, Table},
        rows::{CurrentRow, ExactRow, RollupRow, SlotRow, SumRow},
    },
    snapshot::{SlotKey, Snapshot},
};

use super::{FoldError, overlay::Draft};

/// The sums of one parent's children, while they are being changed.
#[derive(Default)]
pub(super) struct Sums(BTreeMap<IndicatorCode, Sum>);

#[derive(Clone, Copy)]
struct Sum {
    sum: Decimal,
    rounding: Decimal,
    known: u32,
}

/// After a snapshot was accepted: what its unit adds to its parent's sums is brought up to date.
pub(super) fn follow(
    draft: &mut Draft<'_>,
    catalogue: &Catalogue,
    snapshot: &Snapshot,
    replaced: Option<&Snapshot>,
) -> Result<(), FoldError> {
    let slot = &snapshot.slot;
    let indicators = catalogue.rollup_indicators(&slot.dataset);
    let Some(parent) = catalogue
        .parent(&slot.unit, slot.period)
        .filter(|_| !indicators.is_empty())
    else {
        return Ok(());
    };
    let parent = SlotKey {
        unit: parent.clone(),
        ..slot.clone()
    };
    let mut sums = load(draft, &parent)?;
    if let Some(old) = replaced {
        sums.take_out(old, indicators)?;
    }
    sums.put_in(snapshot, indicators)?;
    draft.put(
        keys::slot(Table::Rollup, &parent),
        sums.row().encode_to_vec(),
    );
    Ok(())
}

/// A new catalogue can change who is whose child and which indicators are summed: the sums are made anew from the current
/// snapshots. Findings keep the version that they were made under until their slot changes.
pub(super) fn rebuild_if_published(
    draft: &mut Draft<'_>,
    registry: &Registry,
) -> Result<(), FoldError> {
    let published = registry.catalogue().filter(|_| publishes(draft));
    let Some(catalogue) = published else {
        return Ok(());
    };
    for key in keys_of(draft, Table::Rollup)? {
        draft.delete(key);
    }
    let mut parents: BTreeMap<SlotKey, Sums> = BTreeMap::new();
    for (slot, current) in current_snapshots(draft, catalogue)? {
        let Some(parent) = catalogue.parent(&slot.unit, slot.period) else {
            continue;
        };
        let indicators = catalogue.rollup_indicators(&slot.dataset);
        let parent = SlotKey {
            unit: parent.clone(),
            ..slot
        };
        let snapshot = draft.snapshot(LogIndex(current.index))?;
        parents
            .entry(parent)
            .or_default()
            .put_in(&snapshot, indicators)?;
    }
    for (parent, sums) in parents {
        draft.put(
            keys::slot(Table::Rollup, &parent),
            sums.row().encode_to_vec(),
        );
    }
    Ok(())
}

fn publishes(draft: &Draft<'_>) -> bool {
    let key = keys::table(Table::Catalogue);
    draft.is_changed(&key)
}

fn keys_of(draft: &Draft<'_>, table: Table) -> Result<Vec<Vec<u8>>, FoldError> {
    let mut keys = Vec::new();
    draft.scan(&keys::table(table), &mut |key, _| {
        keys.push(key.to_vec());
        ControlFlow::Continue(())
    })?;
    Ok(keys)
}

/// The current snapshots of all slots that are expected and whose dataset is rolled up.
fn current_snapshots(
    draft: &Draft<'_>,
    catalogue: &Catalogue,
) -> Result<Vec<(SlotKey, CurrentRow)>, FoldError> {
    let mut found = Vec::new();
    let mut damaged = None;
    draft.scan(&keys::table(Table::Slot), &mut |key, value| {
        let (Some((slot, _)), Ok(row)) = (keys::parse_slot(key), SlotRow::decode_row(value)) else {
            damaged = Some(FoldError::Row("a slot".into()));
            return ControlFlow::Break(());
        };
        let rolled_up = !catalogue.rollup_indicators(&slot.dataset).is_empty();
        if let Some(current) = row.current.filter(|_| rolled_up) {
            found.push((slot, current));
        }
        ControlFlow::Continue(())
    })?;
    found.retain(|(slot, _)| catalogue.expects(&slot.unit, &slot.dataset, slot.period));
    damaged.map_or(Ok(found), Err)
}

/// The sums over the children of a unit; none where it has none.
pub(super) fn load(draft: &Draft<'_>, parent: &SlotKey) -> Result<Sums, FoldError> {
    let Some(row) = draft.row(&keys::slot(Table::Rollup, parent))? else {
        return Ok(Sums::default());
    };
    let mut sums = Sums::default();
    for row in RollupRow::decode_row(&row)?.sums {
        let damaged = || FoldError::Row("a roll-up".into());
        let indicator = IndicatorCode::new(&row.indicator).map_err(|_| damaged())?;
        let sum = row.sum.decimal().ok_or_else(damaged)?;
        let rounding = row.rounding.decimal().ok_or_else(damaged)?;
        sums.0.insert(
            indicator,
            Sum {
                sum,
                rounding,
                known: row.known,
            },
        );
    }
    Ok(sums)
}

impl Sums {
    fn put_in(
        &mut self,
        snapshot: &Snapshot,
        indicators: &[IndicatorCode],
    ) -> Result<(), FoldError> {
        self.change(snapshot, indicators, Decimal::checked_add, |known| {
            known.saturating_add(1)
        })
    }

    fn take_out(
        &mut self,
        snapshot: &Snapshot,
        indicators: &[IndicatorCode],
    ) -> Result<(), FoldError> {
        self.change(snapshot, indicators, Decimal::checked_sub, |known| {
            known.saturating_sub(1)
        })
    }

    fn change(
        &mut self,
        snapshot: &Snapshot,
        indicators: &[IndicatorCode],
        combine: fn(Decimal, Decimal) -> Option<Decimal>,
        count: fn(u32) -> u32,
    ) -> Result<(), FoldError> {
        let nothing = Sum {
            sum: Decimal::ZERO,
            rounding: Decimal::ZERO,
            known: 0,
        };
        for indicator in indicators {
            let Some(value) = snapshot.value(indicator, None) else {
                continue;
            };
            let sum = self.0.entry(indicator.clone()).or_insert(nothing);
            let half = value.half_unit_of_last_digit();
            // Values have 18 digits, so sums of all units of a nation stay far below 38.
            let overflow = || FoldError::Row("a roll-up sum overflows".into());
            sum.sum = combine(sum.sum, value).ok_or_else(overflow)?;
            sum.rounding = combine(sum.rounding, half).ok_or_else(overflow)?;
            sum.known = count(sum.known);
        }
        // Which digits earlier figures had leaves no trace: the row depends on the current figures alone.
        self.0.retain(|_, sum| sum.known > 0);
        Ok(())
    }

    pub(super) fn rollup(&self, indicator: &IndicatorCode, expected: u32) -> Rollup {
        match self.0.get(indicator) {
            Some(Sum {
                sum,
                rounding,
                known,
            }) => Rollup {
                sum: *sum,
                rounding: *rounding,
                known: *known,
                expected,
            },
            None => Rollup {
                sum: Decimal::ZERO,
                rounding: Decimal::ZERO,
                known: 0,
                expected,
            },
        }
    }

    fn row(&self) -> RollupRow {
        let row = |(indicator, sum): (&IndicatorCode, &Sum)| SumRow {
            indicator: indicator.to_string(),
            sum: ExactRow::of(sum.sum.normalised()),
            rounding: ExactRow::of(sum.rounding.normalised()),
            known: sum.known,
        };
        RollupRow {
            sums: self.0.iter().map(row).collect(),
        }
    }
}
