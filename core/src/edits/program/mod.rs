//! The compiled form of an edit, and its evaluation.
//!
//! A program is a list of steps over two stacks, one of figures and one of truths; the types were checked when it was
//! compiled. It has no jumps: `if` computes both branches and picks one, which costs little, has no effects and lets the
//! same steps run over columns. Operands are read once, before the first step. Nothing is allocated, except for the list of
//! missing operands where there are some.

mod frame;
mod slot;
mod step;

pub(crate) use self::step::Step;
use self::{
    frame::Frame,
    step::{Display, room, step},
};
use super::{
    ast::{Ast, NodeId, Source},
    checker::{Checked, Slot},
    figure::{Figure, Ratio, Rounded},
    missing::MissingStrategy,
    rollup::{Rollup, RollupMode},
    tolerance::Tolerance,
    verdict::{Truth, Verdict},
};
use crate::{
    code::{DatasetCode, IndicatorCode},
    decimal::Decimal,
    period::Period,
};

/// Where an evaluation reads its operands.
pub trait Cells {
    /// The record's own figure, or `None` where it is missing, whatever its status says about why.
    fn cell(&self, indicator: &IndicatorCode) -> Option<Decimal>;
    /// The figures of the unit's children. `None` where they cannot be seen from here, as at a county's own desk.
    fn rollup(&self, indicator: &IndicatorCode) -> Option<Rollup>;
    /// The record's period.
    fn period(&self) -> Period;
    /// The same unit's figure, of the same item, in another period or another dataset; `dataset` is `None` for the record's
    /// own. `None` where it is missing or cannot be seen from here.
    fn elsewhere(
        &self,
        dataset: Option<&DatasetCode>,
        period: Period,
        indicator: &IndicatorCode,
    ) -> Option<Decimal>;
}

/// The rules of one edit for what its operands mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Manner {
    pub(super) tolerance: Tolerance,
    pub(super) mode: RollupMode,
    pub(super) missing: MissingStrategy,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    steps: Vec<Step>,
    slots: Vec<Slot>,
    /// The sets that `in` looks into, one after the other.
    members: Vec<Decimal>,
    manner: Manner,
    /// How much room a run needs, in figures and in truths.
    room: usize,
}

/// The result of a run.
#[derive(Clone, Copy)]
pub(super) struct Outcome {
    pub(super) truth: Truth,
    /// The comparison whose figures the verdict shows.
    pub(super) shown: Option<Shown>,
}

/// A comparison and its two sides.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    pub(super) node: NodeId,
    alone: bool,
    truth: Truth,
    left: Option<Ratio>,
    right: Option<Ratio>,
}

impl Program {
    pub(super) fn compile(ast: &Ast, checked: Checked, manner: Manner) -> Self {
        let display = Display::of(ast);
        let (mut members, mut steps) = (Vec::new(), Vec::new());
        for id in 0..ast.nodes.len() {
            steps.extend(step(ast, &checked, &display, &mut members, id));
            steps.extend(display.turn_after(id));
        }
        Self {
            room: room(&steps).max(checked.slots.len()),
            steps,
            slots: checked.slots,
            members,
            manner,
        }
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The sets that `in` looks into, one after the other.
    pub(crate) fn members(&self) -> &[Decimal] {
        &self.members
    }

    /// The truth alone: what a verdict would tell beside it is not kept.
    pub(crate) fn truth(&self, cells: &dyn Cells) -> Truth {
        self.run(cells, &mut Vec::new()).truth
    }

    pub(super) const fn manner(&self) -> Manner {
        self.manner
    }

    pub(super) fn evaluate(&self, cells: &dyn Cells) -> Verdict {
        let mut missing = Vec::new();
        let Outcome { truth, shown } = self.run(cells, &mut missing);
        let side = |side: fn(&Shown) -> Option<Ratio>| shown.as_ref().and_then(side);
        let decimal = |ratio: Option<Ratio>| ratio.and_then(Ratio::to_decimal);
        Verdict {
            truth,
            left: decimal(side(|s| s.left)),
            right: decimal(side(|s| s.right)),
            imbalance: decimal(side(|s| s.left?.subtract(s.right?))),
            missing,
        }
    }

    /// Runs in the smallest frame that is large enough, because a frame is cleared at every run.
    pub(super) fn run(&self, cells: &dyn Cells, missing: &mut Vec<IndicatorCode>) -> Outcome {
        let rounding = self.manner.tolerance == Tolerance::Rounding;
        match (self.room, rounding) {
            (..=8, false) => self.run_in::<Ratio, 8>(cells, missing),
            (..=8, true) => self.run_in::<Rounded, 8>(cells, missing),
            (..=32, false) => self.run_in::<Ratio, 32>(cells, missing),
            (..=32, true) => self.run_in::<Rounded, 32>(cells, missing),
            (_, false) => self.run_in::<Ratio, ROOM_MAX>(cells, missing),
            (_, true) => self.run_in::<Rounded, ROOM_MAX>(cells, missing),
        }
    }

    fn run_in<F: Figure, const N: usize>(
        &self,
        cells: &dyn Cells,
        missing: &mut Vec<IndicatorCode>,
    ) -> Outcome {
        let mut operands = [None; N];
        if !self.read::<F>(cells, &mut operands, missing) {
            return Outcome {
                truth: Truth::Undecided,
                shown: None,
            };
        }
        let mut frame = Frame::<F, N>::new(self.manner.tolerance, cells.period());
        for step in &self.steps {
            frame.take(*step, &operands, &self.members);
        }
        let decided = |shown: &Shown| shown.alone || shown.truth == Truth::False;
        Outcome {
            truth: frame.truths.pop(),
            shown: frame.shown.filter(decided),
        }
    }

    /// Looks up every operand and says whether the roll-up mode and the missing-value strategy let a verdict be given.
    fn read<F: Figure>(
        &self,
        cells: &dyn Cells,
        operands: &mut [Option<F>],
        missing: &mut Vec<IndicatorCode>,
    ) -> bool {
        let (mut any_found, mut any_not_zero, mut blanks) = (false, false, 0);
        for (slot, operand) in self.slots.iter().zip(operands) {
            let found = self.look_up(cells, slot, &mut any_found);
            if let Some((value, half)) = found {
                any_not_zero |= !value.is_zero();
                *operand = Some(F::printed(value, half));
                continue;
            }
            blanks += 1;
            if self.manner.missing.fills() {
                *operand = Some(F::exact(Decimal::ZERO));
            }
            if !missing.contains(&slot.indicator) {
                missing.push(slot.indicator.clone());
            }
        }
        self.manner.mode.decides(any_found, any_not_zero)
            && self.manner.missing.decides(blanks, self.slots.len())
    }

    /// A figure and by how much rounding may have moved it.
    fn look_up(
        &self,
        cells: &dyn Cells,
        slot: &Slot,
        any_found: &mut bool,
    ) -> Option<(Decimal, Decimal)> {
        if slot.source == Source::Children {
            let rollup = cells.rollup(&slot.indicator)?;
            *any_found |= rollup.known > 0;
            return self.manner.mode.operand(&rollup);
        }
        let found = slot.figure(cells)?;
        *any_found = true;
        Some(found)
    }
}

/// The deepest stack that the limits of the parser allow: each level of nesting holds at most one figure or truth for each
/// of the five precedences, and `if` two branches more.
const ROOM_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edits::{diagnostic::Diagnostics, diagnostic::EditField, parser};

    /// How much room `levels` repetitions of `open` ask for, or nothing where they nest too deep.
    fn room_of(open: &str, close: &str, levels: usize) -> Option<usize> {
        let text = format!("{}1{} = 1", open.repeat(levels), close.repeat(levels));
        let mut faults = Diagnostics::new(EditField::Expression);
        let ast = parser::parse(&text, &mut faults);
        let checked = Checked {
            slots: Vec::new(),
            slot_of: vec![None; ast.nodes.len()],
            boolean: vec![false; ast.nodes.len()],
        };
        let program = Program::compile(&ast, checked, Manner::default());
        faults.is_empty().then_some(program.room)
    }

    /// The shapes that leave most figures waiting at each level of nesting.
    #[test]
    fn the_deepest_expression_fits_the_largest_frame() {
        for (open, close) in [
            ("1+1*(", ")"),
            ("1+1*abs(", ")"),
            ("1+1*(if 1=1 then 1 else 1+1*", ")"),
            ("1+1*(if true or true and 1=1+1*", " then 1 else 1)"),
        ] {
            let rooms: Vec<usize> = (1..100).map_while(|n| room_of(open, close, n)).collect();
            assert!(rooms.len() >= 20, "{open}");
            assert!(
                rooms.iter().all(|room| *room <= ROOM_MAX),
                "{open} {rooms:?}"
            );
        }
    }
}
