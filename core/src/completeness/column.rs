//! One dataset and period: what has happened to each unit's slot.
//!
//! A slot that was accepted with its first and only snapshot lies in the dense columns: when it was received, what its figures
//! are, and eight marks. Everything else that can happen is kept beside them, by unit, and a mark says where to look.
//! Snapshots are told in the order of the log, so that their receive times ascend and what was known at an instant is the
//! beginning of a list.

use std::collections::BTreeMap;

use crate::{
    catalogue::UnitIndex,
    ledger::{Facts, Life, Outcome, Revisions, Vintage, rows::ExtensionRow},
    measures::Part,
};

/// Later than any instant.
pub(super) const NEVER: i64 = i64::MAX;

/// One dataset and period.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// When first accepted, by unit index; [`NEVER`] where nothing was.
    accepted_at_ms: Vec<i64>,
    /// [`Facts::figures`] of the only snapshot.
    figures: Vec<u64>,
    marks: Vec<u8>,
    /// Slots that an act has changed.
    acts: BTreeMap<UnitIndex, Acts>,
    /// By unit index; empty where nothing was imported.
    imports: Vec<Import>,
    /// Required cells filled and asked, of an only snapshot that leaves some blank or has items.
    required: BTreeMap<UnitIndex, Part>,
    /// Slots with a second snapshot, or with one that was returned.
    vintages: BTreeMap<UnitIndex, Vec<Vintage>>,
    /// Findings by unit and by what follows the slot in their key.
    findings: BTreeMap<(UnitIndex, Box<[u8]>), Life>,
}

/// Marks of a slot.
pub(super) mod mark {
    pub(crate) const ACTS: u8 = 1;
    pub(crate) const IMPORTED: u8 = 1 << 1;
    pub(crate) const REQUIRED: u8 = 1 << 2;
    pub(crate) const VINTAGES: u8 = 1 << 3;
    pub(crate) const FINDINGS: u8 = 1 << 4;
    pub(crate) const EMPTY: u8 = 1 << 5;
    pub(crate) const ALL_ZERO: u8 = 1 << 6;
}

/// What acts have said about a slot.
#[derive(Clone, Debug)]
pub(super) struct Acts {
    pub(super) extensions: Vec<ExtensionRow>,
    pub(super) exempted_at_ms: Option<i64>,
}

/// An imported arrival.
#[derive(Clone, Copy, Debug)]
pub(super) struct Import {
    pub(super) arrived_at_ms: i64,
    /// When the act was received: before, nobody knew.
    pub(super) known_at_ms: i64,
}

/// The snapshots of a slot that were known at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshots {
    /// How many were received.
    pub(crate) received: u32,
    /// How many of them were returned.
    pub(crate) returned: u32,
    /// When the first was received, and whether it was returned.
    pub(crate) first: Option<(i64, bool)>,
}

/// The current snapshot of a slot at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Current<'a> {
    pub(crate) facts: Facts,
    pub(crate) revisions: Option<&'a Revisions>,
}

impl Acts {
    /// The due instant with the last extension that was known at the instant.
    pub(super) fn due_at_ms(&self, rule_ms: i64, as_of_ms: i64) -> i64 {
        let known = self
            .extensions
            .iter()
            .rev()
            .find(|e| e.received_at_ms <= as_of_ms);
        known.map_or(rule_ms, |extension| extension.due_at_ms)
    }

    pub(super) fn is_exempt(&self, as_of_ms: i64) -> bool {
        self.exempted_at_ms.is_some_and(|at_ms| at_ms <= as_of_ms)
    }
}

impl Column {
    pub(super) fn new(units: usize) -> Self {
        Self {
            accepted_at_ms: vec![NEVER; units],
            figures: vec![0; units],
            marks: vec![0; units],
            acts: BTreeMap::new(),
            imports: Vec::new(),
            required: BTreeMap::new(),
            vintages: BTreeMap::new(),
            findings: BTreeMap::new(),
        }
    }

    #[inline]
    pub(super) fn accepted_at_ms(&self, unit: UnitIndex) -> i64 {
        self.accepted_at_ms[unit.get()]
    }

    #[inline]
    pub(super) fn has(&self, unit: UnitIndex, marks: u8) -> bool {
        self.marks[unit.get()] & marks != 0
    }

    pub(super) fn acts(&self, unit: UnitIndex) -> Option<&Acts> {
        self.acts.get(&unit)
    }

    /// Whether an act has changed any slot.
    pub(super) fn has_acts(&self) -> bool {
        !self.acts.is_empty()
    }

    /// An imported arrival, whenever it was known.
    pub(super) fn any_import(&self, unit: UnitIndex) -> Option<Import> {
        let import = *self.imports.get(unit.get())?;
        (import.known_at_ms < NEVER).then_some(import)
    }

    /// When the first snapshot was received, where it was returned.
    pub(super) fn returned_at_ms(&self, unit: UnitIndex) -> Option<i64> {
        if !self.has(unit, mark::VINTAGES) {
            return None;
        }
        let first = self.vintages.get(&unit)?.first()?;
        (!first.is_valid()).then_some(first.received_at_ms)
    }

    pub(super) fn import(&self, unit: UnitIndex, as_of_ms: i64) -> Option<Import> {
        let import = *self.imports.get(unit.get())?;
        (import.known_at_ms <= as_of_ms).then_some(import)
    }

    /// Whether a slot's last extension is due from an instant on.
    pub(super) fn is_extended_past(&self, from_ms: i64) -> bool {
        let last = |acts: &Acts| acts.extensions.last().map(|e| e.due_at_ms);
        self.acts
            .values()
            .filter_map(last)
            .any(|due| due >= from_ms)
    }

    /// Whether any extension of a slot, also one that a later one has replaced, is due from an instant on.
    pub(super) fn was_extended_past(&self, from_ms: i64) -> bool {
        let mut extensions = self.acts.values().flat_map(|acts| &acts.extensions);
        extensions.any(|extension| extension.due_at_ms >= from_ms)
    }

    pub(super) fn set_acts(&mut self, unit: UnitIndex, acts: Acts) {
        self.acts.insert(unit, acts);
        self.mark(unit, mark::ACTS);
    }

    pub(super) fn set_import(&mut self, unit: UnitIndex, import: Import) {
        if self.imports.is_empty() {
            let none = Import {
                arrived_at_ms: NEVER,
                known_at_ms: NEVER,
            };
            self.imports = vec![none; self.marks.len()];
        }
        self.imports[unit.get()] = import;
        self.mark(unit, mark::IMPORTED);
    }

    pub(super) fn set_finding(&mut self, unit: UnitIndex, rest: &[u8], life: Life) {
        self.findings.insert((unit, rest.into()), life);
        self.mark(unit, mark::FINDINGS);
    }

    /// Takes the next snapshot of a slot, of which a complete one fills `asked` cells.
    pub(super) fn add_vintage(&mut self, unit: UnitIndex, asked: u32, vintage: Vintage) {
        let at = unit.get();
        let held = self.has(unit, mark::VINTAGES);
        if !held && self.accepted_at_ms[at] == NEVER && vintage.outcome == Outcome::Accepted {
            self.set_only(unit, asked, &vintage);
            return;
        }
        if !held {
            // Most have two, and a list that grows by itself begins with room for four.
            let mut vintages = Vec::with_capacity(2);
            vintages.extend(self.take_only(unit, asked));
            self.vintages.insert(unit, vintages);
            self.mark(unit, mark::VINTAGES);
        }
        if self.accepted_at_ms[at] == NEVER && vintage.is_valid() {
            self.accepted_at_ms[at] = vintage.received_at_ms;
        }
        self.vintages.entry(unit).or_default().push(vintage);
    }

    fn set_only(&mut self, unit: UnitIndex, asked: u32, vintage: &Vintage) {
        let facts = vintage.facts;
        self.accepted_at_ms[unit.get()] = vintage.received_at_ms;
        self.figures[unit.get()] = facts.figures;
        if (facts.required_filled, facts.required_asked) != (asked, asked) {
            let part = Part {
                part: facts.required_filled.into(),
                whole: facts.required_asked.into(),
            };
            self.required.insert(unit, part);
            self.mark(unit, mark::REQUIRED);
        }
        if facts.empty {
            self.mark(unit, mark::EMPTY);
        }
        if facts.all_zero {
            self.mark(unit, mark::ALL_ZERO);
        }
    }

    /// Takes the only snapshot out of the dense columns; when it was accepted stays in them.
    fn take_only(&mut self, unit: UnitIndex, asked: u32) -> Option<Vintage> {
        let received_at_ms = self.accepted_at_ms[unit.get()];
        if received_at_ms == NEVER {
            return None;
        }
        let facts = self.only_facts(unit, asked);
        self.required.remove(&unit);
        self.figures[unit.get()] = 0;
        self.marks[unit.get()] &= !(mark::REQUIRED | mark::EMPTY | mark::ALL_ZERO);
        Some(Vintage {
            received_at_ms,
            outcome: Outcome::Accepted,
            facts,
            revisions: None,
        })
    }

    fn only_facts(&self, unit: UnitIndex, asked: u32) -> Facts {
        let narrow = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let required = if self.has(unit, mark::REQUIRED) {
            self.required.get(&unit)
        } else {
            None
        };
        let (filled, asked) =
            required.map_or((asked, asked), |r| (narrow(r.part), narrow(r.whole)));
        Facts {
            required_filled: filled,
            required_asked: asked,
            empty: self.has(unit, mark::EMPTY),
            all_zero: self.has(unit, mark::ALL_ZERO),
            figures: self.figures[unit.get()],
        }
    }

    fn mark(&mut self, unit: UnitIndex, marks: u8) {
        self.marks[unit.get()] |= marks;
    }

    /// The vintages known at an instant, of a slot that has them beside the dense columns.
    fn known(&self, unit: UnitIndex, as_of_ms: i64) -> &[Vintage] {
        let all = self.vintages.get(&unit).map_or(&[][..], Vec::as_slice);
        let count = all.partition_point(|vintage| vintage.received_at_ms <= as_of_ms);
        &all[..count]
    }

    pub(super) fn snapshots(&self, unit: UnitIndex, as_of_ms: i64) -> Snapshots {
        if !self.has(unit, mark::VINTAGES) {
            let accepted_at_ms = self.accepted_at_ms(unit);
            return if accepted_at_ms <= as_of_ms {
                Snapshots {
                    received: 1,
                    returned: 0,
                    first: Some((accepted_at_ms, false)),
                }
            } else {
                Snapshots::default()
            };
        }
        let known = self.known(unit, as_of_ms);
        let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let returned = known.iter().filter(|vintage| !vintage.is_valid());
        Snapshots {
            received: narrow(known.len()),
            returned: narrow(returned.count()),
            first: known
                .first()
                .map(|vintage| (vintage.received_at_ms, !vintage.is_valid())),
        }
    }

    /// The current snapshot. What was accepted had outranked everything before it, so the last of these is current.
    pub(super) fn current(
        &self,
        unit: UnitIndex,
        asked: u32,
        as_of_ms: i64,
    ) -> Option<Current<'_>> {
        if !self.has(unit, mark::VINTAGES) {
            let is_known = self.accepted_at_ms(unit) <= as_of_ms;
            return is_known.then(|| Current {
                facts: self.only_facts(unit, asked),
                revisions: None,
            });
        }
        let known = self.known(unit, as_of_ms).iter().rev();
        let mut accepted = known.filter(|vintage| vintage.outcome == Outcome::Accepted);
        accepted.next().map(|vintage| Current {
            facts: vintage.facts,
            revisions: vintage.revisions.as_deref(),
        })
    }

    /// The slot's findings, also those made after the instant that somebody asks about.
    pub(super) fn findings(&self, unit: UnitIndex) -> impl Iterator<Item = &Life> {
        let marked = self.has(unit, mark::FINDINGS);
        let first = (unit, Box::default());
        let own = marked.then(|| self.findings.range(first..));
        let own = own.into_iter().flatten();
        own.take_while(move |((owner, _), _)| *owner == unit)
            .map(|(_, life)| life)
    }

    /// All findings with the units that have them.
    pub(super) fn all_findings(&self) -> impl Iterator<Item = (UnitIndex, &Life)> {
        self.findings.iter().map(|((unit, _), life)| (*unit, life))
    }

    /// When the last snapshot that was known at an instant was received.
    pub(super) fn last_received_at_ms(&self, unit: UnitIndex, as_of_ms: i64) -> Option<i64> {
        if self.has(unit, mark::VINTAGES) {
            let known = self.known(unit, as_of_ms).last();
            return known.map(|vintage| vintage.received_at_ms);
        }
        Some(self.accepted_at_ms(unit)).filter(|at_ms| *at_ms <= as_of_ms)
    }
}
