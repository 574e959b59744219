//! The draft: what a file says about one slot, before anybody has checked it.
//!
//! In: the rows of a file ([`crate::intake`]). Out: the content of a snapshot without revision, time, catalogue and
//! signature, and beside it where every figure came from, so that a failed edit is told at the cell.
//! Durable after: nothing; a draft lives in memory. On crash: the file is read again.
//!
//! Invariants: the cells are sorted by (indicator, item) with no pair twice; a cell has a value exactly where its status
//! says so. `Draft -> Preflighted -> Outgoing` is the only way to a payload, so that skipping the preflight does not compile.

use granary_core::{
    code::{IndicatorCode, ItemKey},
    digest::Digest,
    snapshot::{Evidence, Explanation, Observation, SignOff, SlotKey, Snapshot, SnapshotError},
    text::Bilingual,
};

use crate::intake::Place;

/// What a file says about one slot.
#[derive(Clone, Debug)]
pub struct Draft {
    slot: SlotKey,
    cells: Vec<Cell>,
    notes: Vec<Note>,
    papers: Papers,
    told: Vec<Told>,
}

/// An observation and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// What the cell says.
    pub observation: Observation,
    /// Where it says it.
    pub place: Place,
}

/// The clerk's words about a figure, or about all figures of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The figure; `None` for all of the item.
    pub indicator: Option<IndicatorCode>,
    /// The item, in an itemised dataset.
    pub item: Option<ItemKey>,
    /// The words.
    pub text: String,
    /// Where they stand.
    pub place: Place,
}

/// What goes with the figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Papers {
    /// Who answers for them.
    pub sign_offs: Vec<SignOff>,
    /// The files that prove them.
    pub evidence: Vec<Evidence>,
    /// Explanations that name their edit, each with its place.
    pub explanations: Vec<(Explanation, Place)>,
}

/// Something that was understood, and how, so that the clerk can object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Where.
    pub place: Place,
    /// How it was understood.
    pub text: Bilingual,
}

impl Draft {
    /// Makes a draft of cells in any order. Of two cells for one figure the first stays and the second is handed back, for a
    /// fault that names both.
    #[must_use]
    pub fn new(
        slot: SlotKey,
        mut cells: Vec<Cell>,
        notes: Vec<Note>,
        papers: Papers,
        told: Vec<Told>,
    ) -> (Self, Vec<Twice>) {
        // The sort is stable: equal figures stay in the order of the file.
        cells.sort_by(|a, b| a.observation.key().cmp(&b.observation.key()));
        let mut kept: Vec<Cell> = Vec::with_capacity(cells.len());
        let mut twice = Vec::new();
        for cell in cells {
            match kept.last() {
                Some(first) if first.observation.key() == cell.observation.key() => {
                    twice.push(Twice {
                        first: first.place.clone(),
                        second: cell,
                    });
                }
                Some(_) | None => kept.push(cell),
            }
        }
        (
            Self {
                slot,
                cells: kept,
                notes,
                papers,
                told,
            },
            twice,
        )
    }

    /// Who states what for when.
    #[must_use]
    pub const fn slot(&self) -> &SlotKey {
        &self.slot
    }

    /// The figures, sorted by (indicator, item).
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The clerk's notes, in the order of the file.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Sign-offs, evidence and explanations.
    #[must_use]
    pub const fn papers(&self) -> &Papers {
        &self.papers
    }

    /// What was understood, and how.
    #[must_use]
    pub fn told(&self) -> &[Told] {
        &self.told
    }

    /// The cell of a figure.
    #[must_use]
    pub fn cell(&self, indicator: &IndicatorCode, item: Option<&ItemKey>) -> Option<&Cell> {
        let key = (indicator, item);
        let found = self
            .cells
            .binary_search_by(|cell| cell.observation.key().cmp(&key))
            .ok()?;
        self.cells.get(found)
    }

    /// Where a figure stands.
    #[must_use]
    pub fn place(&self, indicator: &IndicatorCode, item: Option<&ItemKey>) -> Option<&Place> {
        self.cell(indicator, item).map(|cell| &cell.place)
    }

    /// How many figures have a value.
    #[must_use]
    pub fn values(&self) -> usize {
        self.cells
            .iter()
            .filter(|cell| cell.observation.value.is_some())
            .count()
    }

    /// The name of what is said: the SHA-256 of the content alone. The same figures, papers and explanations have the same
    /// digest in whatever file, at whatever time and under whatever catalogue they are handed in.
    ///
    /// # Errors
    /// [`SnapshotError`] where the draft breaks a limit of snapshots.
    pub fn digest(&self, explanations: &[Explanation]) -> Result<Digest, SnapshotError> {
        let snapshot = self.snapshot(Made::default(), explanations);
        Ok(Digest::of(&snapshot.encode()?))
    }

    /// The content as a snapshot.
    #[must_use]
    pub fn snapshot(&self, made: Made<'_>, explanations: &[Explanation]) -> Snapshot {
        Snapshot {
            slot: self.slot.clone(),
            revision: made.revision,
            prepared_at_ms: made.prepared_at_ms,
            catalogue_version: made.catalogue_version,
            observations: self
                .cells
                .iter()
                .map(|cell| cell.observation.clone())
                .collect(),
            sign_offs: self.papers.sign_offs.clone(),
            evidence: self.papers.evidence.clone(),
            explanations: explanations.to_vec(),
            software: made.software.to_owned(),
        }
    }
}

/// A second cell for a figure that has one already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twice {
    /// Where the first stands.
    pub first: Place,
    /// The second.
    pub second: Cell,
}

/// What a snapshot says about its own making, beside its content.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    /// 1 for the first statement of the slot.
    pub revision: u32,
    /// By the clock of the county.
    pub prepared_at_ms: i64,
    /// The catalogue of the preflight.
    pub catalogue_version: Digest,
    /// The program.
    pub software: &'a str,
}

impl Default for Made<'_> {
    fn default() -> Self {
        Self {
            revision: 1,
            prepared_at_ms: 0,
            catalogue_version: Digest::from_bytes([0; 32]),
            software: "",
        }
    }
}
