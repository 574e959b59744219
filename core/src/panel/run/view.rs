//! Which rows a run looks at: a stretch of one period, or a few picked ones.

use super::kernels::Lane;
use crate::panel::{
    Panel,
    bits::{WORD, ones},
    column::Mantissas,
};

/// Some rows of one period, in lanes; lane `i` of a bitmap is bit `i % 64` of word `i / 64`.
pub(super) trait View: Copy {
    /// How many words the lanes take.
    fn words(&self) -> usize;
    /// How many lanes there are.
    fn lanes(&self) -> usize;
    /// A word of a bitmap over the panel, as of `period`.
    fn bits(&self, panel: &Panel, bits: &[u64], period: usize, word: usize) -> u64;
    /// The mantissas as of `period`, where they lie side by side already.
    fn direct<'a, T: Lane>(
        &self,
        panel: &Panel,
        column: &'a Mantissas,
        period: usize,
    ) -> Option<&'a [T]>;
    /// Copies the mantissas as of `period`.
    fn copy<T: Lane>(&self, panel: &Panel, column: &Mantissas, period: usize, out: &mut [T]);
    /// A view of the lanes whose bits are set, where they are few.
    fn picked(&self, open: &[u64]) -> Option<Picked>;
}

/// A stretch of units, from the first row of a word on.
#[derive(Clone, Copy)]
pub(super) struct Stretch {
    pub(super) first_word: usize,
    pub(super) words: usize,
}

/// At most a word of units, in any order.
#[derive(Clone, Copy)]
pub(super) struct Picked {
    units: [u32; WORD],
    lanes: usize,
}

impl Stretch {
    fn first_row(&self, panel: &Panel, period: usize) -> usize {
        panel.layout().row(self.first_word * WORD, period)
    }
}

impl View for Stretch {
    fn words(&self) -> usize {
        self.words
    }

    fn lanes(&self) -> usize {
        self.words * WORD
    }

    fn bits(&self, panel: &Panel, bits: &[u64], period: usize, word: usize) -> u64 {
        bits[self.first_row(panel, period) / WORD + word]
    }

    fn direct<'a, T: Lane>(
        &self,
        panel: &Panel,
        column: &'a Mantissas,
        period: usize,
    ) -> Option<&'a [T]> {
        let first = self.first_row(panel, period);
        T::direct(column)?.get(first..first + self.lanes())
    }

    fn copy<T: Lane>(&self, panel: &Panel, column: &Mantissas, period: usize, out: &mut [T]) {
        let first = self.first_row(panel, period);
        for (lane, out) in out.iter_mut().enumerate() {
            *out = mantissa(column, first + lane);
        }
    }

    fn picked(&self, open: &[u64]) -> Option<Picked> {
        let count: usize = open.iter().map(|word| word.count_ones() as usize).sum();
        if count > WORD {
            return None;
        }
        let open = open.iter().enumerate();
        let units = open.flat_map(|(at, word)| {
            let first = (self.first_word + at) * WORD;
            ones(*word).map(move |bit| (first + bit) as u32)
        });
        Some(Picked::new(units))
    }
}

impl Picked {
    /// The first 64 of these units.
    pub(super) fn new(units: impl Iterator<Item = u32>) -> Self {
        let mut picked = Self {
            units: [0; WORD],
            lanes: 0,
        };
        for (place, unit) in picked.units.iter_mut().zip(units) {
            *place = unit;
            picked.lanes += 1;
        }
        picked
    }
}

impl View for Picked {
    fn words(&self) -> usize {
        1
    }

    fn lanes(&self) -> usize {
        self.lanes
    }

    fn bits(&self, panel: &Panel, bits: &[u64], period: usize, _word: usize) -> u64 {
        let first = panel.layout().row(0, period);
        let units = self.units.iter().take(self.lanes).zip(0..);
        units.fold(0, |word, (unit, lane)| {
            let row = first + *unit as usize;
            word | (bits[row / WORD] >> (row % WORD) & 1) << lane
        })
    }

    fn direct<'a, T: Lane>(&self, _: &Panel, _: &'a Mantissas, _: usize) -> Option<&'a [T]> {
        None
    }

    fn copy<T: Lane>(&self, panel: &Panel, column: &Mantissas, period: usize, out: &mut [T]) {
        let first = panel.layout().row(0, period);
        for (unit, out) in self.units.iter().take(self.lanes).zip(out) {
            *out = mantissa(column, first + *unit as usize);
        }
    }

    fn picked(&self, _: &[u64]) -> Option<Picked> {
        None
    }
}

fn mantissa<T: Lane>(column: &Mantissas, row: usize) -> T {
    match column {
        Mantissas::Narrow(mantissas) => T::of(mantissas[row].into()),
        Mantissas::Wide(mantissas) => T::of(mantissas[row]),
    }
}
