//! The compiled form of an edit, and its evaluation.
//!
//! A program is a list of steps over two stacks, one of figures and one of truths; the types were checked when it was
//! compiled. It has no jumps: `if` computes both branches and picks one, which costs little, has no effects and lets the
//! same steps run over columns. Operands are read once, before the first step. Nothing is allocated, except for the list of
//! missing operands where there are some.

use std::cmp::Ordering;

use super::{
    ast::{Ast, BinaryOp, Comparison, Function, NodeId, NodeKind, Source, UnaryOp},
    checker::{Checked, Slot},
    figure::{Figure, Ratio, Rounded},
    rollup::{Rollup, RollupMode},
    tolerance::Tolerance,
    verdict::{Truth, Verdict},
};
use crate::{code::IndicatorCode, decimal::Decimal};

/// Where an evaluation reads its operands.
pub trait Cells {
    /// The record's own figure, or `None` where it is missing, whatever its status says about why.
    fn cell(&self, indicator: &IndicatorCode) -> Option<Decimal>;
    /// The figures of the unit's children. `None` where they cannot be seen from here, as at a county's own desk.
    fn rollup(&self, indicator: &IndicatorCode) -> Option<Rollup>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    steps: Vec<Step>,
    slots: Vec<Slot>,
    tolerance: Tolerance,
    mode: RollupMode,
    /// How much room a run needs, in figures and in truths.
    room: usize,
    /// How many comparisons the top of the expression joins by `and`, other statements included.
    conjuncts: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Load(usize),
    Number(Decimal),
    Truth(Truth),
    Negate,
    Magnitude,
    Add,
    Subtract,
    Multiply,
    Divide,
    IsNull,
    /// Compares two figures; the node is given where the comparison is a conjunct of the whole expression.
    Compare(Comparison, Option<NodeId>),
    Not,
    And,
    Or,
    Xor,
    PickFigure,
    PickTruth,
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
    truth: Truth,
    left: Option<Ratio>,
    right: Option<Ratio>,
}

impl Program {
    pub(super) fn compile(
        ast: &Ast,
        checked: Checked,
        tolerance: Tolerance,
        mode: RollupMode,
    ) -> Self {
        let conjuncts = conjuncts(ast);
        let steps: Vec<Step> = (0..ast.nodes.len())
            .filter_map(|id| step(ast, &checked, &conjuncts, id))
            .collect();
        Self {
            room: room(&steps).max(checked.slots.len()),
            steps,
            slots: checked.slots,
            tolerance,
            mode,
            conjuncts: conjuncts.len(),
        }
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(super) const fn tolerance(&self) -> Tolerance {
        self.tolerance
    }

    pub(super) const fn mode(&self) -> RollupMode {
        self.mode
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
        let rounding = self.tolerance == Tolerance::Rounding;
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
        let mut frame = Frame::<F, N>::new(self.tolerance);
        for step in &self.steps {
            frame.take(*step, &operands);
        }
        let decided = |shown: &Shown| self.conjuncts == 1 || shown.truth == Truth::False;
        Outcome {
            truth: frame.truths.pop(),
            shown: frame.shown.filter(decided),
        }
    }

    /// Looks up every operand and says whether the roll-up mode lets a verdict be given.
    fn read<F: Figure>(
        &self,
        cells: &dyn Cells,
        operands: &mut [Option<F>],
        missing: &mut Vec<IndicatorCode>,
    ) -> bool {
        let (mut any_found, mut any_not_zero) = (false, false);
        for (slot, operand) in self.slots.iter().zip(operands) {
            let found = self.look_up(cells, slot, &mut any_found);
            if let Some((value, half)) = found {
                any_not_zero |= !value.is_zero();
                *operand = Some(F::printed(value, half));
            } else if !missing.contains(&slot.indicator) {
                missing.push(slot.indicator.clone());
            }
        }
        self.mode.decides(any_found, any_not_zero)
    }

    fn look_up(
        &self,
        cells: &dyn Cells,
        slot: &Slot,
        any_found: &mut bool,
    ) -> Option<(Decimal, Decimal)> {
        match slot.source {
            Source::Own => {
                let value = cells.cell(&slot.indicator)?;
                *any_found = true;
                Some((value, value.half_unit_of_last_digit()))
            }
            Source::Children => {
                let rollup = cells.rollup(&slot.indicator)?;
                *any_found |= rollup.known > 0;
                self.mode.operand(&rollup)
            }
        }
    }
}

/// The deepest stack that the limits of the parser allow: each level of nesting holds at most one figure or truth for each
/// of the five precedences, and `if` two branches more.
const ROOM_MAX: usize = 512;

/// A stack of bounded depth. The compiler has measured the depth, so no push is lost and no pop comes back empty.
struct Stack<T, const N: usize> {
    items: [T; N],
    depth: usize,
}

impl<T: Copy + Default, const N: usize> Stack<T, N> {
    fn new() -> Self {
        Self {
            items: [T::default(); N],
            depth: 0,
        }
    }

    fn push(&mut self, item: T) {
        if let Some(place) = self.items.get_mut(self.depth) {
            *place = item;
            self.depth += 1;
        }
    }

    fn pop(&mut self) -> T {
        self.depth = self.depth.saturating_sub(1);
        self.items.get(self.depth).copied().unwrap_or_default()
    }
}

struct Frame<F, const N: usize> {
    figures: Stack<Option<F>, N>,
    truths: Stack<Truth, N>,
    tolerance: Tolerance,
    shown: Option<Shown>,
}

impl<F: Figure, const N: usize> Frame<F, N> {
    fn new(tolerance: Tolerance) -> Self {
        Self {
            figures: Stack::new(),
            truths: Stack::new(),
            tolerance,
            shown: None,
        }
    }

    fn take(&mut self, step: Step, operands: &[Option<F>; N]) {
        match step {
            Step::Load(slot) => self.figures.push(operands.get(slot).copied().flatten()),
            Step::Number(value) => self.figures.push(Some(F::exact(value))),
            Step::Truth(truth) => self.truths.push(truth),
            Step::Negate => self.on_one(F::negated),
            Step::Magnitude => self.on_one(F::magnitude),
            Step::Add => self.on_two(F::add),
            Step::Subtract => self.on_two(F::subtract),
            Step::Multiply => self.on_two(F::multiply),
            Step::Divide => self.on_two(F::divide),
            Step::IsNull => {
                let missing = self.figures.pop().is_none();
                self.truths.push(missing.into());
            }
            Step::Compare(comparison, conjunct) => self.compare(comparison, conjunct),
            Step::Not => {
                let truth = self.truths.pop();
                self.truths.push(truth.negated());
            }
            Step::And => self.on_truths(Truth::and),
            Step::Or => self.on_truths(Truth::or),
            Step::Xor => self.on_truths(Truth::xor),
            Step::PickFigure => {
                let (otherwise, then) = (self.figures.pop(), self.figures.pop());
                let condition = self.truths.pop();
                self.figures.push(if condition == Truth::True {
                    then
                } else {
                    otherwise
                });
            }
            Step::PickTruth => {
                let (otherwise, then) = (self.truths.pop(), self.truths.pop());
                let condition = self.truths.pop();
                self.truths.push(if condition == Truth::True {
                    then
                } else {
                    otherwise
                });
            }
        }
    }

    fn on_one(&mut self, op: fn(F) -> F) {
        let figure = self.figures.pop();
        self.figures.push(figure.map(op));
    }

    fn on_two(&mut self, op: fn(F, F) -> Option<F>) {
        let (right, left) = (self.figures.pop(), self.figures.pop());
        let result = left.zip(right).and_then(|(left, right)| op(left, right));
        self.figures.push(result);
    }

    fn on_truths(&mut self, op: fn(Truth, Truth) -> Truth) {
        let (right, left) = (self.truths.pop(), self.truths.pop());
        self.truths.push(op(left, right));
    }

    fn compare(&mut self, comparison: Comparison, conjunct: Option<NodeId>) {
        let (right, left) = (self.figures.pop(), self.figures.pop());
        let pair = left.zip(right);
        let truth = pair.and_then(|(l, r)| holds(comparison, l, r, self.tolerance));
        let truth = truth.map_or(Truth::Undecided, Truth::from);
        self.truths.push(truth);
        let first_false = |shown: Option<Shown>| match shown {
            Some(shown) => shown.truth != Truth::False && truth == Truth::False,
            None => true,
        };
        if let Some(node) = conjunct
            && first_false(self.shown)
        {
            self.shown = Some(Shown {
                node,
                truth,
                left: left.map(F::value),
                right: right.map(F::value),
            });
        }
    }
}

/// Whether the comparison holds within the tolerance `t >= 0`, with `d = left - right`: `=` iff `|d| <= t`, `<>` iff not
/// `=`, `<=` iff `d <= t`, `>=` iff `d >= -t`, and so on. `None` where the arithmetic overflows.
fn holds<F: Figure>(
    comparison: Comparison,
    left: F,
    right: F,
    tolerance: Tolerance,
) -> Option<bool> {
    let difference = left.subtract(right)?;
    let d = difference.value();
    let t = match tolerance {
        Tolerance::Absolute(t) => Ratio::whole(t),
        Tolerance::Relative(fraction) => {
            let (left, right) = (left.value().magnitude(), right.value().magnitude());
            let larger = if left.compare(right)? == Ordering::Less {
                right
            } else {
                left
            };
            larger.multiply(Ratio::whole(fraction))?
        }
        Tolerance::Rounding => difference.half(),
    };
    let within = |d: Ratio| Some(d.compare(t)? != Ordering::Greater);
    let strictly = |d: Ratio| Some(d.compare(t)? == Ordering::Less);
    match comparison {
        Comparison::Equal => within(d.magnitude()),
        Comparison::NotEqual => within(d.magnitude()).map(|equal| !equal),
        Comparison::LessOrEqual => within(d),
        Comparison::GreaterOrEqual => within(d.negated()),
        Comparison::Less => strictly(d),
        Comparison::Greater => strictly(d.negated()),
    }
}

/// The statements that the top of the expression joins by `and`.
fn conjuncts(ast: &Ast) -> Vec<NodeId> {
    let (mut open, mut found) = (vec![ast.root], Vec::new());
    while let Some(id) = open.pop() {
        if let NodeKind::Binary(BinaryOp::And, left, right) = ast.nodes[id].kind {
            open.extend([right, left]);
        } else {
            found.push(id);
        }
    }
    found
}

/// The step for a node; none for what changes nothing.
fn step(ast: &Ast, checked: &Checked, conjuncts: &[NodeId], id: NodeId) -> Option<Step> {
    Some(match &ast.nodes[id].kind {
        NodeKind::Number(value) => Step::Number(*value),
        NodeKind::Boolean(value) => Step::Truth((*value).into()),
        NodeKind::Operand(..) => Step::Load(checked.slot_of[id]?),
        NodeKind::Unary(UnaryOp::Plus, _) | NodeKind::Error => return None,
        NodeKind::Unary(UnaryOp::Minus, _) => Step::Negate,
        NodeKind::Unary(UnaryOp::Not, _) => Step::Not,
        NodeKind::Binary(op, ..) => binary_step(*op, conjuncts.contains(&id).then_some(id)),
        NodeKind::Call(Function::Abs, _) => Step::Magnitude,
        NodeKind::Call(Function::IsNull, _) => Step::IsNull,
        NodeKind::If(_, then, _) if checked.boolean[*then] => Step::PickTruth,
        NodeKind::If(..) => Step::PickFigure,
    })
}

const fn binary_step(op: BinaryOp, conjunct: Option<NodeId>) -> Step {
    match op {
        BinaryOp::Add => Step::Add,
        BinaryOp::Subtract => Step::Subtract,
        BinaryOp::Multiply => Step::Multiply,
        BinaryOp::Divide => Step::Divide,
        BinaryOp::Compare(comparison) => Step::Compare(comparison, conjunct),
        BinaryOp::And => Step::And,
        BinaryOp::Or => Step::Or,
        BinaryOp::Xor => Step::Xor,
    }
}

/// The greatest depth of the two stacks.
fn room(steps: &[Step]) -> usize {
    let (mut figures, mut truths, mut most) = (0_isize, 0_isize, 1_isize);
    for step in steps {
        let (more_figures, more_truths) = growth(*step);
        figures += more_figures;
        truths += more_truths;
        most = most.max(figures).max(truths);
    }
    most.unsigned_abs()
}

/// By how much a step lets the stack of figures and the stack of truths grow.
const fn growth(step: Step) -> (isize, isize) {
    match step {
        Step::Load(_) | Step::Number(_) => (1, 0),
        Step::Truth(_) => (0, 1),
        Step::Negate | Step::Magnitude | Step::Not => (0, 0),
        Step::Add | Step::Subtract | Step::Multiply | Step::Divide => (-1, 0),
        Step::IsNull => (-1, 1),
        Step::Compare(..) => (-2, 1),
        Step::And | Step::Or | Step::Xor => (0, -1),
        Step::PickFigure => (-1, -1),
        Step::PickTruth => (0, -2),
    }
}

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
        let program = Program::compile(&ast, checked, Tolerance::default(), RollupMode::default());
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
