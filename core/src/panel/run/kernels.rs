//! The loops: sums of columns, and comparisons into bitmaps.
//!
//! Nothing here can overflow, because a plan computes in this width only where no magnitude can leave it; the arithmetic wraps so
//! that the loops hold no checks, and the compiler makes vector instructions of them.

use crate::panel::{bits::WORD, column::Mantissas};

/// An integer that figures are computed with: 64 bits, or 128.
pub(in crate::panel) trait Lane: Copy + Default + Ord + 'static {
    fn of(value: i128) -> Self;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    fn over(self, divisor: Self) -> Self;
    fn size(self) -> Self;
    /// A column that is kept in this width.
    fn direct(mantissas: &Mantissas) -> Option<&[Self]>;
    /// One bit for each number, set where it lies outside of the two bounds.
    fn outside(numbers: &[Self], low: Option<Self>, high: Self, out: &mut [u64]);
}

impl Lane for i64 {
    /// Beyond 64 bits only where a bound is, and then every number is on the same side of it.
    fn of(value: i128) -> Self {
        const FAR: i128 = 1 << 62;
        value.clamp(-FAR, FAR) as Self
    }
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
    fn minus(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }
    fn times(self, other: Self) -> Self {
        self.wrapping_mul(other)
    }
    fn over(self, divisor: Self) -> Self {
        self.wrapping_div(divisor)
    }
    fn size(self) -> Self {
        self.wrapping_abs()
    }
    fn direct(mantissas: &Mantissas) -> Option<&[Self]> {
        match mantissas {
            Mantissas::Narrow(mantissas) => Some(mantissas),
            Mantissas::Wide(_) => None,
        }
    }
    /// Differences of numbers below 2^62 have the sign of the comparison.
    fn outside(numbers: &[Self], low: Option<Self>, high: Self, out: &mut [u64]) {
        let words = out.iter_mut().zip(numbers.as_chunks::<WORD>().0);
        match low {
            None => {
                for (word, numbers) in words {
                    *word = signs(|at| high.wrapping_sub(numbers[at]));
                }
            }
            Some(low) => {
                for (word, numbers) in words {
                    *word =
                        signs(|at| numbers[at].wrapping_sub(low) | high.wrapping_sub(numbers[at]));
                }
            }
        }
    }
}

impl Lane for i128 {
    fn of(value: i128) -> Self {
        value
    }
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
    fn minus(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }
    fn times(self, other: Self) -> Self {
        self.wrapping_mul(other)
    }
    fn over(self, divisor: Self) -> Self {
        self.wrapping_div(divisor)
    }
    fn size(self) -> Self {
        self.wrapping_abs()
    }
    fn direct(mantissas: &Mantissas) -> Option<&[Self]> {
        match mantissas {
            Mantissas::Narrow(_) => None,
            Mantissas::Wide(mantissas) => Some(mantissas),
        }
    }
    fn outside(numbers: &[Self], low: Option<Self>, high: Self, out: &mut [u64]) {
        for (word, numbers) in out.iter_mut().zip(numbers.as_chunks::<WORD>().0) {
            let is_outside = |number: Self| number > high || low.is_some_and(|low| number < low);
            let bits = numbers.iter().zip(0..);
            *word = bits.fold(0, |word, (number, at)| {
                word | u64::from(is_outside(*number)) << at
            });
        }
    }
}

/// One bit for each number that is below zero.
///
/// Four runs of 16 numbers side by side: each number shifts its sign into its run, which is one instruction a number.
#[inline(always)]
fn signs(number: impl Fn(usize) -> i64) -> u64 {
    const RUN: usize = WORD / 4;
    let mut runs = [0_u64; 4];
    for at in (0..RUN).rev() {
        for (place, run) in runs.iter_mut().enumerate() {
            *run = *run << 1 | number(place * RUN + at) as u64 >> 63;
        }
    }
    runs[0] | runs[1] << RUN | runs[2] << (2 * RUN) | runs[3] << (3 * RUN)
}

/// `out = op(a)`
#[inline(always)]
pub(super) fn map<T: Lane>(out: &mut [T], a: &[T], op: impl Fn(T) -> T) {
    for (out, a) in out.iter_mut().zip(a) {
        *out = op(*a);
    }
}

/// `out = op(a, b)`
#[inline(always)]
pub(super) fn map2<T: Lane>(out: &mut [T], a: &[T], b: &[T], op: impl Fn(T, T) -> T) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = op(*a, *b);
    }
}

/// `out = op(out, a)`
#[inline(always)]
pub(super) fn fold<T: Lane>(out: &mut [T], a: &[T], op: impl Fn(T, T) -> T) {
    for (out, a) in out.iter_mut().zip(a) {
        *out = op(*out, *a);
    }
}

/// `out = op(out, a, b)`
#[inline(always)]
pub(super) fn fold2<T: Lane>(out: &mut [T], a: &[T], b: &[T], op: impl Fn(T, T, T) -> T) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = op(*out, *a, *b);
    }
}

/// Takes `other` where the bit is not set.
pub(super) fn pick<T: Lane>(out: &mut [T], other: &[T], bits: &[u64]) {
    for (at, (out, other)) in out.iter_mut().zip(other).enumerate() {
        let bit = bits[at / WORD] >> (at % WORD) & 1;
        if bit == 0 {
            *out = *other;
        }
    }
}
