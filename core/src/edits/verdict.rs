//! Three-valued truth and the verdict of an edit.

use crate::{code::IndicatorCode, decimal::Decimal};

/// True, false or undecided: Kleene's strong three-valued logic, which is VTL's with `null` for undecided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// It holds, whatever the missing figures are.
    True,
    /// It does not hold, whatever the missing figures are.
    False,
    /// It hangs on a figure that is missing.
    #[default]
    Undecided,
}

impl Truth {
    /// False where one side is false; true where both are true.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            (Self::Undecided, Self::True | Self::Undecided) | (Self::True, Self::Undecided) => {
                Self::Undecided
            }
        }
    }

    /// True where one side is true; false where both are false.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        self.negated().and(other.negated()).negated()
    }

    /// Undecided where one side is; otherwise whether the sides differ.
    #[must_use]
    pub const fn xor(self, other: Self) -> Self {
        match (self, other) {
            (Self::Undecided, _) | (_, Self::Undecided) => Self::Undecided,
            (Self::True, Self::False) | (Self::False, Self::True) => Self::True,
            (Self::True, Self::True) | (Self::False, Self::False) => Self::False,
        }
    }

    /// `not`.
    #[must_use]
    pub const fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Undecided => Self::Undecided,
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

/// What an edit says about one record.
///
/// The figures are those of the comparison at the top of the expression. Where the top is `if`, they are those of the branch
/// that is taken, as in VTL, where the imbalance of `if` is `if` of the imbalances. Where the top is a conjunction, they are those of
/// the first comparison in it that is false, and where there is no such comparison, there are no figures. They are exact,
/// except that a quotient without an end is rounded for the reader to 12 digits after the point, half to even; the truth
/// is decided on the exact one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the edit holds.
    pub truth: Truth,
    /// The left side of the comparison, in the unit of measure.
    pub left: Option<Decimal>,
    /// The right side of the comparison.
    pub right: Option<Decimal>,
    /// Left minus right.
    pub imbalance: Option<Decimal>,
    /// The indicators whose figures were missing, in the order of the expression, each once. A true or false verdict may
    /// have some: then it does not hang on them.
    pub missing: Vec<IndicatorCode>,
}

#[cfg(test)]
mod tests {
    use super::{
        Truth,
        Truth::{False as F, True as T, Undecided as U},
    };

    /// Rows and columns in the order true, false, undecided.
    fn table(op: fn(Truth, Truth) -> Truth) -> [[Truth; 3]; 3] {
        [T, F, U].map(|a| [T, F, U].map(|b| op(a, b)))
    }

    #[test]
    fn kleenes_tables() {
        assert_eq!(table(Truth::and), [[T, F, U], [F, F, F], [U, F, U]]);
        assert_eq!(table(Truth::or), [[T, T, T], [T, F, U], [T, U, U]]);
        assert_eq!(table(Truth::xor), [[F, T, U], [T, F, U], [U, U, U]]);
        assert_eq!([T, F, U].map(Truth::negated), [F, T, U]);
    }
}
