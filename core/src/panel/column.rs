//! One column: a figure for every row, as integers at one scale.
//!
//! Invariants: the mantissa of a missing figure is zero; no magnitude is above `most`; a narrow column holds none of
//! [`NARROW_MAX`] or more, so that sums of a few stay within 64 bits. The digits that each figure was printed with are kept,
//! because they say how it was rounded.

use super::bits::Bits;
use crate::decimal::{Decimal, power_of_ten};

/// Magnitudes below this are computed with in 64 bits: the difference of two has a sign there.
pub(super) const NARROW_MAX: u128 = 1 << 62;
/// Magnitudes below this are kept at all.
pub(super) const WIDE_MAX: u128 = 1 << 125;

/// Figures of one indicator, or sums of them.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) mantissas: Mantissas,
    pub(super) known: Bits,
    pub(super) scale: u8,
    /// No magnitude is above this. It grows by doubling, so that it seldom does.
    pub(super) most: u128,
    digits: Digits,
}

#[derive(Clone, Debug)]
pub(super) enum Mantissas {
    Narrow(Vec<i64>),
    Wide(Vec<i128>),
}

/// What is the same for all figures of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    scale: u8,
    most: u128,
    digits: Option<u8>,
    narrow: bool,
}

impl Shape {
    /// Whether figures that were in the column before stand there as the same integers.
    pub(super) fn has_same_mantissas(&self, other: &Self) -> bool {
        self.scale == other.scale && self.narrow == other.narrow
    }
}

/// How many digits after the point the figures were printed with.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Digits {
    /// There is no figure yet.
    None,
    All(u8),
    Each(Vec<u8>),
}

impl Column {
    pub(super) fn new(rows: usize, words: usize) -> Self {
        Self {
            mantissas: Mantissas::Narrow(vec![0; rows]),
            known: Bits::new(words),
            scale: 0,
            most: 0,
            digits: Digits::None,
        }
    }

    /// A column of narrow mantissas that all have the same scale.
    pub(super) fn of_mantissas(mantissas: Vec<i64>, known: Bits, scale: u8, most: u128) -> Self {
        Self {
            mantissas: Mantissas::Narrow(mantissas),
            known,
            scale,
            most: bound(most),
            digits: Digits::All(scale),
        }
    }

    pub(super) fn mantissa(&self, row: usize) -> i128 {
        match &self.mantissas {
            Mantissas::Narrow(mantissas) => mantissas[row].into(),
            Mantissas::Wide(mantissas) => mantissas[row],
        }
    }

    /// What a plan depends on: as long as this is the same, so is the plan.
    pub(super) const fn shape(&self) -> Shape {
        Shape {
            scale: self.scale,
            most: self.most,
            digits: self.digits(),
            narrow: matches!(self.mantissas, Mantissas::Narrow(_)),
        }
    }

    /// The figure with the digits that it was printed with.
    pub(super) fn get(&self, row: usize) -> Option<Decimal> {
        if !self.known.get(row) {
            return None;
        }
        let digits = match &self.digits {
            Digits::None => self.scale,
            Digits::All(digits) => *digits,
            Digits::Each(digits) => digits[row],
        };
        Decimal::new(self.mantissa(row), self.scale)?.rescaled(digits)
    }

    /// The digits that all figures have, where they have the same.
    pub(super) const fn digits(&self) -> Option<u8> {
        match &self.digits {
            Digits::None => Some(self.scale),
            Digits::All(digits) => Some(*digits),
            Digits::Each(_) => None,
        }
    }

    /// Replaces a figure. `None` where it is too long to be kept beside the others, and then nothing is changed.
    pub(super) fn set(&mut self, row: usize, figure: Option<Decimal>) -> Option<()> {
        let Some(figure) = figure else {
            self.put(row, 0);
            self.known.set(row, false);
            return Some(());
        };
        if self.digits == Digits::None {
            self.scale = figure.scale();
            self.digits = Digits::All(figure.scale());
        }
        self.make_scale(figure.scale())?;
        let mantissa = figure.rescaled(self.scale)?.mantissa();
        if mantissa.unsigned_abs() >= WIDE_MAX {
            return None;
        }
        if mantissa.unsigned_abs() >= NARROW_MAX {
            self.widen();
        }
        self.print(row, figure.scale());
        self.most = self.most.max(bound(mantissa.unsigned_abs()));
        self.put(row, mantissa);
        self.known.set(row, true);
        Some(())
    }

    /// Gives the column at least this scale.
    fn make_scale(&mut self, scale: u8) -> Option<()> {
        if scale <= self.scale {
            return Some(());
        }
        let factor = power_of_ten(scale - self.scale);
        let most = self.most.checked_mul(factor.unsigned_abs());
        let most = most.filter(|most| *most < WIDE_MAX)?;
        if most >= NARROW_MAX {
            self.widen();
        }
        match &mut self.mantissas {
            Mantissas::Narrow(mantissas) => {
                // A factor beyond 64 bits meets nothing but zeros, or the column would have been widened.
                let factor = i64::try_from(factor).unwrap_or_default();
                for mantissa in mantissas {
                    *mantissa = mantissa.wrapping_mul(factor);
                }
            }
            Mantissas::Wide(mantissas) => {
                for mantissa in mantissas {
                    *mantissa = mantissa.wrapping_mul(factor);
                }
            }
        }
        (self.scale, self.most) = (scale, most);
        Some(())
    }

    pub(super) fn widen(&mut self) {
        if let Mantissas::Narrow(mantissas) = &self.mantissas {
            self.mantissas = Mantissas::Wide(mantissas.iter().map(|m| i128::from(*m)).collect());
        }
    }

    pub(super) fn put(&mut self, row: usize, mantissa: i128) {
        match &mut self.mantissas {
            Mantissas::Narrow(mantissas) => {
                mantissas[row] = i64::try_from(mantissa).unwrap_or_default();
            }
            Mantissas::Wide(mantissas) => mantissas[row] = mantissa,
        }
    }

    fn print(&mut self, row: usize, digits: u8) {
        let rows = match &self.mantissas {
            Mantissas::Narrow(mantissas) => mantissas.len(),
            Mantissas::Wide(mantissas) => mantissas.len(),
        };
        match &mut self.digits {
            Digits::All(all) if *all == digits => {}
            Digits::None => self.digits = Digits::All(digits),
            Digits::All(all) => {
                let mut each = vec![*all; rows];
                each[row] = digits;
                self.digits = Digits::Each(each);
            }
            Digits::Each(each) => each[row] = digits,
        }
    }
}

/// The next power of two less one.
const fn bound(magnitude: u128) -> u128 {
    (magnitude + 1).next_power_of_two() - 1
}
