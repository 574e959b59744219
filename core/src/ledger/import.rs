//! Imported history: when reports arrived before the system was there, as the operator's own records say.
//!
//! An act holds arrivals of one dataset with their source. They are the operator's word, not a county's signature, so they
//! never become figures, and a slot that only they settle stands apart from the slots expected
//! ([`crate::completeness::Imported`]). The first arrival that is imported for a slot stays: the same one again changes
//! nothing, another one is refused.

use std::collections::BTreeSet;

use prost::Message;

use crate::{
    catalogue::Catalogue,
    code::{DatasetCode, UnitCode},
    period::Period,
    snapshot::SlotKey,
};

use super::{
    FoldError, Refusal, RefusalCode, View,
    act::{ActError, parsed, text},
    keys::{self, Table},
    rows::SlotRow,
};

/// The most arrivals in one act.
pub const ARRIVALS_MAX: usize = 10_000;
/// The longest source, in bytes.
pub const SOURCE_BYTES_MAX: usize = 200;

/// When one report arrived.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival {
    /// The unit that reported.
    pub unit: UnitCode,
    /// The period.
    pub period: Period,
    /// When it arrived.
    pub arrived_at_ms: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ImportWire {
    #[prost(string, tag = "1")]
    dataset: String,
    #[prost(string, tag = "2")]
    source: String,
    #[prost(message, repeated, tag = "3")]
    arrivals: Vec<ArrivalWire>,
}

#[derive(Clone, PartialEq, Message)]
struct ArrivalWire {
    #[prost(string, tag = "1")]
    unit: String,
    #[prost(string, tag = "2")]
    period: String,
    #[prost(int64, tag = "3")]
    arrived_at_ms: i64,
}

impl ImportWire {
    pub(super) fn of(dataset: &DatasetCode, source: String, arrivals: &[Arrival]) -> Self {
        let arrival = |arrival: &Arrival| ArrivalWire {
            unit: arrival.unit.to_string(),
            period: arrival.period.to_string(),
            arrived_at_ms: arrival.arrived_at_ms,
        };
        Self {
            dataset: dataset.to_string(),
            source,
            arrivals: arrivals.iter().map(arrival).collect(),
        }
    }

    pub(super) fn decode(self) -> Result<(DatasetCode, String, Vec<Arrival>), ActError> {
        let count = self.arrivals.len();
        if !(1..=ARRIVALS_MAX).contains(&count) {
            return Err(ActError(format!(
                "{count} arrivals; 1 to {ARRIVALS_MAX} are allowed"
            )));
        }
        let arrival = |wire: ArrivalWire| {
            Ok(Arrival {
                unit: parsed(UnitCode::new(&wire.unit))?,
                period: parsed(Period::parse(&wire.period))?,
                arrived_at_ms: wire.arrived_at_ms,
            })
        };
        let arrivals = self.arrivals.into_iter().map(arrival);
        Ok((
            parsed(DatasetCode::new(&self.dataset))?,
            text("source", self.source, 1, SOURCE_BYTES_MAX)?,
            arrivals.collect::<Result<_, ActError>>()?,
        ))
    }
}

/// Whether every arrival can have been, by the catalogue alone; a refusal names the first row that cannot, from 1.
pub(super) fn check(
    catalogue: &Catalogue,
    code: &DatasetCode,
    arrivals: &[Arrival],
    now_ms: i64,
) -> Result<(), Refusal> {
    let dataset = catalogue.dataset(code).ok_or_else(|| {
        Refusal::new(
            RefusalCode::Act,
            format!("没有报表 {code}"),
            format!("there is no dataset {code}"),
        )
    })?;
    let mut seen = BTreeSet::new();
    for (number, arrival) in (1..).zip(arrivals) {
        let Arrival {
            unit,
            period,
            arrived_at_ms,
        } = arrival;
        let opened = dataset.instants(*period).opened_at_ms;
        let why = if !catalogue.expects(unit, code, *period) {
            ("名录未要求报送", "the roster does not expect it")
        } else if *arrived_at_ms > now_ms {
            ("到达时间在未来", "its arrival lies in the future")
        } else if opened.is_none_or(|opened| *arrived_at_ms < opened) {
            (
                "到达时间早于报告期开始",
                "its arrival lies before the period begins",
            )
        } else if !seen.insert((unit, *period)) {
            ("同一应报出现两次", "the same slot occurs twice")
        } else {
            continue;
        };
        return Err(refuse(number, unit, *period, why));
    }
    Ok(())
}

/// The first arrival that contradicts one imported before, as a refusal.
///
/// # Errors
/// [`FoldError`] where a row is damaged or the store cannot be read.
pub fn conflict(
    view: &dyn View,
    dataset: &DatasetCode,
    arrivals: &[Arrival],
) -> Result<Option<Refusal>, FoldError> {
    for (number, arrival) in (1..).zip(arrivals) {
        let slot = SlotKey::new(arrival.unit.clone(), dataset.clone(), arrival.period);
        let Some(row) = view.row(&keys::slot(Table::Slot, &slot))? else {
            continue;
        };
        let imported = SlotRow::decode_row(&row)?.imported_at_ms;
        if imported.is_some_and(|at_ms| at_ms != arrival.arrived_at_ms) {
            let why = (
                "此前已导入另一到达时间",
                "another arrival was imported for it before",
            );
            return Ok(Some(refuse(number, &arrival.unit, arrival.period, why)));
        }
    }
    Ok(None)
}

fn refuse(number: usize, unit: &UnitCode, period: Period, (zh, en): (&str, &str)) -> Refusal {
    Refusal::new(
        RefusalCode::Act,
        format!("第 {number} 行（单位 {unit}，{period}）：{zh}"),
        format!("row {number} (unit {unit}, {period}): {en}"),
    )
}
