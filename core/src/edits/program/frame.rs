//! A run of a program: two stacks and what a step does to them.

use std::cmp::Ordering;

use super::{
    Shown,
    step::{Shows, Step, Turn},
};
use crate::{
    decimal::Decimal,
    edits::{
        ast::Comparison,
        figure::{Figure, Ratio},
        functions,
        tolerance::Tolerance,
        verdict::Truth,
    },
    period::Period,
};

/// A stack of bounded depth. The compiler has measured the depth, so no push is lost and no pop comes back empty.
pub(super) struct Stack<T, const N: usize> {
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

    pub(super) fn pop(&mut self) -> T {
        self.depth = self.depth.saturating_sub(1);
        self.items.get(self.depth).copied().unwrap_or_default()
    }

    /// What lies so far under the top, which is at 0.
    fn peek(&self, under: usize) -> T {
        let place = self.depth.checked_sub(under + 1);
        let item = place.and_then(|place| self.items.get(place));
        item.copied().unwrap_or_default()
    }
}

pub(super) struct Frame<F, const N: usize> {
    figures: Stack<Option<F>, N>,
    pub(super) truths: Stack<Truth, N>,
    tolerance: Tolerance,
    period: Period,
    pub(super) shown: Option<Shown>,
    /// In how many branches that are not taken the evaluation stands.
    idle: usize,
}

impl<F: Figure, const N: usize> Frame<F, N> {
    pub(super) fn new(tolerance: Tolerance, period: Period) -> Self {
        Self {
            figures: Stack::new(),
            truths: Stack::new(),
            tolerance,
            period,
            shown: None,
            idle: 0,
        }
    }

    pub(super) fn take(&mut self, step: Step, operands: &[Option<F>; N], members: &[Decimal]) {
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
            Step::Round(digits) => self.on_one_if(&|x| functions::round(x, digits)),
            Step::Trunc(digits) => self.on_one_if(&|x| functions::trunc(x, digits)),
            Step::Ln => self.on_one_if(&functions::ln),
            Step::Exp => self.on_one_if(&functions::exp),
            Step::Sqrt => self.on_one_if(&functions::sqrt),
            Step::Modulo => self.on_two(modulo),
            Step::Power => self.on_two(power),
            Step::Nvl => {
                let (otherwise, figure) = (self.figures.pop(), self.figures.pop());
                self.figures.push(figure.or(otherwise));
            }
            Step::Subperiod => self.push_whole(self.period.number().into()),
            Step::Year => self.push_whole(self.period.year().into()),
            Step::Null => self.figures.push(None),
            Step::IsNull => {
                let missing = self.figures.pop().is_none();
                self.truths.push(missing.into());
            }
            Step::Between => self.between(),
            Step::In(first, end, positive) => {
                let set = members.get(first..end).unwrap_or_default();
                self.is_member(set, positive);
            }
            Step::Compare(comparison, shows) => self.compare(comparison, shows),
            Step::Branch(turn) => self.turn(turn),
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

    fn on_one_if(&mut self, op: &dyn Fn(Ratio) -> Option<Ratio>) {
        let figure = self.figures.pop();
        self.figures
            .push(figure.and_then(|figure| figure.mapped(op)));
    }

    fn push_whole(&mut self, value: i64) {
        self.figures.push(Some(F::exact(Decimal::integer(value))));
    }

    /// `between(x, least, most)` is `x >= least and x <= most`.
    fn between(&mut self) {
        let (most, least) = (self.figures.pop(), self.figures.pop());
        let figure = self.figures.pop();
        let above = self.truth(Comparison::GreaterOrEqual, figure.zip(least));
        let below = self.truth(Comparison::LessOrEqual, figure.zip(most));
        self.truths.push(above.and(below));
    }

    /// `x in {a, b}` is `x = a or x = b`.
    fn is_member(&mut self, set: &[Decimal], positive: bool) {
        let figure = self.figures.pop();
        let equal = |value: &Decimal| {
            let pair = figure.map(|figure| (figure, F::exact(*value)));
            self.truth(Comparison::Equal, pair)
        };
        let found = set.iter().map(equal).fold(Truth::False, Truth::or);
        self.truths
            .push(if positive { found } else { found.negated() });
    }

    fn truth(&self, comparison: Comparison, pair: Option<(F, F)>) -> Truth {
        let truth = pair.and_then(|(l, r)| holds(comparison, l, r, self.tolerance));
        truth.map_or(Truth::Undecided, Truth::from)
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

    /// Keeps count of branches that are not taken, so that a verdict shows nothing out of them.
    fn turn(&mut self, turn: Turn) {
        let taken = |under| self.truths.peek(under) == Truth::True;
        let (entered, left) = match turn {
            Turn::Then => (!taken(0), false),
            Turn::Else => (taken(1), !taken(1)),
            Turn::End => (false, taken(2)),
        };
        self.idle = (self.idle + usize::from(entered)).saturating_sub(usize::from(left));
    }

    fn compare(&mut self, comparison: Comparison, shows: Option<Shows>) {
        let (right, left) = (self.figures.pop(), self.figures.pop());
        let truth = self.truth(comparison, left.zip(right));
        self.truths.push(truth);
        let first_false = |shown: Option<Shown>| match shown {
            Some(shown) => shown.truth != Truth::False && truth == Truth::False,
            None => true,
        };
        if let Some(Shows { node, alone }) = shows
            && self.idle == 0
            && first_false(self.shown)
        {
            self.shown = Some(Shown {
                node,
                alone,
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

/// The remainder of two figures that rounding has not moved; where it has, the remainder could be anything.
fn modulo<F: Figure>(left: F, right: F) -> Option<F> {
    if !(left.half().is_zero() && right.half().is_zero()) {
        return None;
    }
    left.mapped(&|x| functions::modulo(x, right.value()))
}

/// A whole exponent is multiplied out, so that the rounding of the base is followed; a broken one is no rounded figure.
fn power<F: Figure>(base: F, exponent: F) -> Option<F> {
    if !exponent.half().is_zero() {
        return None;
    }
    let Some(whole) = functions::whole_exponent(exponent.value()) else {
        return base.mapped(&|x| functions::power(x, exponent.value()));
    };
    let one = F::exact(Decimal::ONE);
    let product = (0..whole.abs()).try_fold(one, |product, _| product.multiply(base))?;
    if whole < 0 {
        one.divide(product)
    } else {
        Some(product)
    }
}
