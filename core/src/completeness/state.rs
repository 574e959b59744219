//! The five states, and how many slots are in each.

/// The state of a slot at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SlotState {
    /// Accepted, received no later than due, or within the grace (按时).
    Timely,
    /// Accepted, received after it was due and the grace was over (迟报).
    Late,
    /// Due, the grace over, and not accepted (未报).
    Missing,
    /// Not owed, by a journaled act (免报).
    Exempt,
    /// Not yet due and not accepted (待报).
    Pending,
}

/// What becomes of slots that only imported history settles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Imported {
    /// They stand outside the slots expected, counted by themselves.
    #[default]
    Apart,
    /// They are slots like others: their arrival decides between timely and late. Where a snapshot was accepted too, the
    /// earlier of both decides.
    Counted,
}

/// How many slots are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateCounts {
    /// Accepted in time.
    pub timely: u64,
    /// Accepted late.
    pub late: u64,
    /// Due and not accepted.
    pub missing: u64,
    /// Not owed.
    pub exempt: u64,
    /// Not yet due.
    pub pending: u64,
    /// Settled by imported history alone: beside the five where it stands apart, among them where it counts.
    pub imported: u64,
}

/// The state of a slot that is not exempt. What is due with a grace is timely until the grace is over, and pending as long.
#[inline]
#[must_use]
pub const fn state(accepted_at_ms: i64, timely_until_ms: i64, as_of_ms: i64) -> SlotState {
    if accepted_at_ms <= as_of_ms {
        if accepted_at_ms <= timely_until_ms {
            SlotState::Timely
        } else {
            SlotState::Late
        }
    } else if as_of_ms > timely_until_ms {
        SlotState::Missing
    } else {
        SlotState::Pending
    }
}

impl SlotState {
    /// Every state, in the order of the numbers on the wire (from 1).
    pub const ALL: [Self; 5] = [
        Self::Timely,
        Self::Late,
        Self::Missing,
        Self::Exempt,
        Self::Pending,
    ];

    /// The number on the wire (`granary.v1.SlotState`).
    #[must_use]
    pub const fn number(self) -> i32 {
        self as i32 + 1
    }

    /// The inverse of [`Self::number`].
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }
}

impl StateCounts {
    /// Counts one slot.
    #[inline]
    pub const fn add(&mut self, state: SlotState) {
        match state {
            SlotState::Timely => self.timely += 1,
            SlotState::Late => self.late += 1,
            SlotState::Missing => self.missing += 1,
            SlotState::Exempt => self.exempt += 1,
            SlotState::Pending => self.pending += 1,
        }
    }

    /// The slots expected: the sum of the five states.
    #[must_use]
    pub const fn expected(&self) -> u64 {
        self.timely + self.late + self.missing + self.exempt + self.pending
    }

    /// The slots owed: expected and not exempt.
    #[must_use]
    pub const fn owed(&self) -> u64 {
        self.timely + self.late + self.missing + self.pending
    }

    /// Whether no slot at all was counted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.expected() == 0 && self.imported == 0
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            timely: self.timely + other.timely,
            late: self.late + other.late,
            missing: self.missing + other.missing,
            exempt: self.exempt + other.exempt,
            pending: self.pending + other.pending,
            imported: self.imported + other.imported,
        }
    }
}
