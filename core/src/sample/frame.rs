//! The frame: every element that can be drawn, as the folded rows have it, one line each in a fixed order.

use std::{collections::BTreeMap, ops::ControlFlow};

use crate::{
    catalogue::Catalogue,
    code::{DatasetCode, UnitCode},
    decimal::Decimal,
    digest::Digest,
    ledger::{
        FoldError, LogIndex, View, history,
        keys::{self, Table},
        rows::SlotRow,
        sampling::{Element, FrameHead, Kind, Method, Scope, Strata},
    },
    period::Period,
    snapshot::{Observation, SlotKey, Snapshot},
};

/// The most lines of a frame.
const LINES_MAX: usize = 10_000_000;

/// All elements that can be drawn, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// One line for each.
    pub lines: Vec<Framed>,
    /// How many elements were left out because they have no size to be drawn by: no figure, or zero.
    pub without_size: u32,
}

/// One line of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framed {
    /// The element.
    pub element: Element,
    /// The code of its stratum; empty where there is one stratum.
    pub stratum: String,
    /// Its figure: an observation's own, or a slot's measure.
    pub value: Option<Decimal>,
}

/// Why there is no frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The rows cannot be read.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// It has too many lines.
    #[error(
        "the frame has more than {LINES_MAX} elements: name fewer periods, datasets or indicators"
    )]
    TooLarge,
}

impl Frame {
    /// Lists what a scope holds.
    ///
    /// # Errors
    /// [`FrameError`].
    pub fn list(
        view: &dyn View,
        catalogue: &Catalogue,
        scope: &Scope,
        method: Method,
    ) -> Result<Self, FrameError> {
        let mut lister = Lister {
            catalogue,
            scope,
            by_size: matches!(method, Method::BySize),
            frame: Self {
                lines: Vec::new(),
                without_size: 0,
            },
        };
        for dataset in &scope.datasets {
            for period in &scope.periods {
                for (slot, index) in current(view, dataset, *period)? {
                    lister.take(&slot, &history::snapshot(view, index)?)?;
                }
            }
        }
        let mut frame = lister.frame;
        frame.lines.sort_by(|a, b| a.element.cmp(&b.element));
        frame.lines.dedup_by(|a, b| a.element == b.element);
        Ok(frame)
    }

    /// The lines: dataset, period, unit, indicator, item, stratum, figure; parted by tabs, each ended by a line feed; empty where
    /// there is none.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.iter().map(Framed::text).collect()
    }

    /// What an announcement states of it.
    #[must_use]
    pub fn head(&self, entries: u64) -> FrameHead {
        FrameHead {
            entries,
            elements: u32::try_from(self.lines.len()).unwrap_or(u32::MAX),
            sha256: Digest::of(self.text().as_bytes()),
        }
    }

    /// The lines of each stratum, from 0.
    #[must_use]
    pub fn strata(&self) -> BTreeMap<String, Vec<usize>> {
        let mut strata: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, line) in self.lines.iter().enumerate() {
            strata.entry(line.stratum.clone()).or_default().push(at);
        }
        strata
    }
}

impl Framed {
    fn text(&self) -> String {
        let Element {
            slot,
            indicator,
            item,
        } = &self.element;
        let indicator = indicator.as_ref().map_or("", |i| i.as_str());
        let item = item.as_ref().map_or("", |i| i.as_str());
        let value = self.value.map_or_else(String::new, |v| v.to_string());
        let (dataset, period, unit) = (&slot.dataset, slot.period, &slot.unit);
        let stratum = &self.stratum;
        format!("{dataset}\t{period}\t{unit}\t{indicator}\t{item}\t{stratum}\t{value}\n")
    }
}

struct Lister<'a> {
    catalogue: &'a Catalogue,
    scope: &'a Scope,
    by_size: bool,
    frame: Frame,
}

impl Lister<'_> {
    fn take(&mut self, slot: &SlotKey, snapshot: &Snapshot) -> Result<(), FrameError> {
        match self.scope.kind {
            Kind::Slots => self.add(slot, None, self.measured(snapshot)),
            Kind::Observations => {
                for observation in &snapshot.observations {
                    let listed = &self.scope.indicators;
                    let wanted = listed.is_empty() || listed.contains(&observation.indicator);
                    if wanted && observation.value.is_some() {
                        self.add(slot, Some(observation), observation.value);
                    }
                }
            }
        }
        if self.frame.lines.len() > LINES_MAX {
            return Err(FrameError::TooLarge);
        }
        Ok(())
    }

    fn add(&mut self, slot: &SlotKey, observation: Option<&Observation>, value: Option<Decimal>) {
        if self.by_size && value.is_none_or(Decimal::is_zero) {
            self.frame.without_size += 1;
            return;
        }
        let element = Element {
            slot: slot.clone(),
            indicator: observation.map(|o| o.indicator.clone()),
            item: observation.and_then(|o| o.item.clone()),
        };
        self.frame.lines.push(Framed {
            stratum: self.stratum(&element),
            element,
            value,
        });
    }

    /// A slot's figure: the measure, added up over items.
    fn measured(&self, snapshot: &Snapshot) -> Option<Decimal> {
        let measure = self.scope.measure.as_ref()?;
        let stated = snapshot.observations.iter();
        let mut values = stated
            .filter(|o| o.indicator == *measure)
            .filter_map(|o| o.value);
        let first = values.next()?;
        values.try_fold(first, Decimal::checked_add)
    }

    fn stratum(&self, element: &Element) -> String {
        match self.scope.strata {
            Strata::None => String::new(),
            Strata::Unit => element.slot.unit.to_string(),
            Strata::Dataset => element.slot.dataset.to_string(),
            Strata::Level => self.level(&element.slot.unit),
            Strata::Department => {
                let indicator = element.indicator.as_ref();
                let indicator = indicator.and_then(|code| self.catalogue.indicator(code));
                indicator.map_or_else(unknown, |indicator| indicator.owner().to_string())
            }
        }
    }

    fn level(&self, unit: &UnitCode) -> String {
        let level = self.catalogue.unit(unit).and_then(|unit| unit.level());
        level.map_or_else(unknown, ToString::to_string)
    }
}

/// The stratum of what the catalogue says nothing of.
fn unknown() -> String {
    "-".to_owned()
}

/// The current reports of a dataset and period, in the order of their slots.
fn current(
    view: &dyn View,
    dataset: &DatasetCode,
    period: Period,
) -> Result<Vec<(SlotKey, LogIndex)>, FoldError> {
    let mut rows = Vec::new();
    let prefix = keys::dataset_period(Table::Slot, dataset, period);
    view.scan(&prefix, &mut |key, value| {
        let slot = keys::parse_slot(key).map(|(slot, _)| slot);
        rows.push((slot, SlotRow::decode_row(value)));
        ControlFlow::Continue(())
    })?;
    let mut current = Vec::new();
    for (slot, row) in rows {
        let slot = slot.ok_or_else(|| FoldError::Row("a slot's key".into()))?;
        if let Some(row) = row?.current {
            current.push((slot, LogIndex(row.index)));
        }
    }
    Ok(current)
}
