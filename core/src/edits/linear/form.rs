//! From a compiled edit to a statement about linear expressions.
//!
//! The statement says "the edit is not false". Every cell of the record itself is taken to be there, because a record that
//! is to be corrected is to be completed too; a figure from elsewhere that is missing leaves its comparison undecided.
//!
//! - `abs` is the larger of two expressions, `if` has a piece for each branch, and the connectives are Kleene's.
//! - An absolute tolerance `t` moves a bound: `l <= r` is `l - r - t <= 0`.
//! - A relative one is not linear, but it splits without knowing any sign: `l - r <= f * max(|l|, |r|)` is
//!   `l - r <= f * l or l - r <= -f * r`. For where `l >= r`, the larger magnitude is that of `l` if `l` is it, so `l`, or else
//!   `-r`; and where `l < r`, one of the two always holds.
//! - The tolerance `rounding` follows the printed digits of the operands, each mention by itself.
//!
//! A product or quotient of two unknown figures is not linear, and then the whole edit is not.

use super::{
    super::{
        Edit, MissingStrategy, Tolerance,
        ast::{BinaryOp, Comparison, Function, NodeId, NodeKind, Operand, Source, UnaryOp},
        checker::Slot,
    },
    affine::{Affine, Extreme, Number, Pick},
    formula::{Formula, Truth},
    fraction::Fraction,
};
use crate::decimal::Decimal;

/// What is known of an operand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reading {
    /// It may be anything. Printed as it will be, it is off by at most `half`.
    Free { variable: usize, half: Decimal },
    /// It is this figure, which may be off by `half` through rounding.
    Known { value: Decimal, half: Decimal },
    /// It is missing, and nothing in the record can change that.
    Missing,
}

/// How large a statement may become; an edit with more is taken as not linear.
const ATOMS_MAX: usize = 2_000;

/// The statement that `edit` is not false, or `None` where it is not linear in what `read` calls free.
pub(super) fn statement(edit: &Edit, read: &mut dyn FnMut(&Slot) -> Reading) -> Option<Formula> {
    let mut reader = Reader {
        edit,
        read,
        parts: Vec::with_capacity(edit.ast.nodes.len()),
    };
    for id in 0..edit.ast.nodes.len() {
        let part = reader.node(id)?;
        reader.parts.push(part);
    }
    let statement = reader.truth(edit.ast.root)?.no.complement();
    (statement.size() <= ATOMS_MAX).then_some(statement)
}

/// Whether an operand is a cell of the record itself.
pub(super) const fn is_own(slot: &Slot) -> bool {
    matches!(slot.source, Source::Own) && slot.dataset.is_none()
}

/// What a node means.
enum Part {
    Number(Number),
    Truth(Truth),
    /// What is missing by definition, a number or a statement as its place asks for.
    Null,
}

struct Reader<'a> {
    edit: &'a Edit,
    read: &'a mut dyn FnMut(&Slot) -> Reading,
    parts: Vec<Part>,
}

impl Reader<'_> {
    /// The only place that knows which nodes are linear.
    fn node(&mut self, id: NodeId) -> Option<Part> {
        let edit = self.edit;
        Some(match &edit.ast.nodes[id].kind {
            NodeKind::Number(value) => Part::Number(Number::affine(Affine::constant(
                Fraction::of(*value)?,
                Fraction::ZERO,
            ))),
            NodeKind::Boolean(value) => Part::Truth(Truth::sure(*value)),
            NodeKind::Null => Part::Null,
            NodeKind::Operand(named) => Part::Number(self.operand(named)?),
            NodeKind::Unary(UnaryOp::Plus, inner) => Part::Number(self.number(*inner)?),
            NodeKind::Unary(UnaryOp::Minus, inner) => Part::Number(self.number(*inner)?.negated()?),
            NodeKind::Unary(UnaryOp::Not, inner) => Part::Truth(self.truth(*inner)?.negated()),
            NodeKind::Binary(op, left, right) => self.binary(*op, *left, *right)?,
            NodeKind::Call(function, arguments) => self.call(*function, arguments)?,
            NodeKind::In(inner, values, positive) => {
                let found = self.is_among(*inner, values)?;
                Part::Truth(if *positive { found } else { found.negated() })
            }
            NodeKind::If(condition, then, otherwise) => {
                self.conditional(*condition, *then, *otherwise)?
            }
            NodeKind::Error => return None,
        })
    }

    /// Functions that are linear, or linear in pieces; rounding, powers and the calendar are not.
    fn call(&self, function: Function, arguments: &[NodeId]) -> Option<Part> {
        let argument = |place: usize| self.number(*arguments.get(place)?);
        Some(match function {
            Function::Abs => Part::Number(argument(0)?.magnitude()?),
            Function::IsNull => Part::Truth(is_null(&argument(0)?)),
            Function::Nvl => {
                let missing = is_null(&argument(0)?).yes;
                Part::Number(Number::pick(&missing, argument(1)?, argument(0)?)?)
            }
            Function::Between => {
                let tolerance = self.edit.tolerance();
                let (x, least, most) = (argument(0)?, argument(1)?, argument(2)?);
                let above = compare(Comparison::GreaterOrEqual, &x, &least, tolerance)?;
                Part::Truth(above.and(compare(Comparison::LessOrEqual, &x, &most, tolerance)?))
            }
            Function::Round
            | Function::Trunc
            | Function::Mod
            | Function::Power
            | Function::Ln
            | Function::Exp
            | Function::Sqrt
            | Function::Subperiod
            | Function::Year => return None,
        })
    }

    fn is_among(&self, inner: NodeId, values: &[Decimal]) -> Option<Truth> {
        let number = self.number(inner)?;
        let mut found = Truth::sure(false);
        for value in values {
            let value = Affine::constant(Fraction::of(*value)?, Fraction::ZERO);
            let value = Number::affine(value);
            let equal = compare(Comparison::Equal, &number, &value, self.edit.tolerance())?;
            found = found.or(equal);
        }
        Some(found)
    }

    fn number(&self, id: NodeId) -> Option<Number> {
        match &self.parts[id] {
            Part::Number(number) => Some(number.clone()),
            Part::Null => Some(Number::missing()),
            Part::Truth(_) => None,
        }
    }

    fn truth(&self, id: NodeId) -> Option<Truth> {
        match &self.parts[id] {
            Part::Truth(truth) => Some(truth.clone()),
            Part::Null => Some(Truth {
                yes: Formula::any([]),
                no: Formula::any([]),
            }),
            Part::Number(_) => None,
        }
    }

    fn operand(&mut self, named: &Operand) -> Option<Number> {
        let slots = self.edit.program.slots();
        let slot = slots.iter().find(|slot| slot.is(named))?;
        // A running sum holds the record's own figure beside others.
        if slot.source == Source::YearToDate && slot.dataset.is_none() {
            return None;
        }
        let half_of = |half: Decimal| match self.edit.tolerance() {
            Tolerance::Rounding => Fraction::of(half),
            Tolerance::Absolute(_) | Tolerance::Relative(_) => Some(Fraction::ZERO),
        };
        Some(match (self.read)(slot) {
            Reading::Free { variable, half } => {
                Number::affine(Affine::variable(variable, half_of(half)?))
            }
            Reading::Known { value, half } => {
                Number::affine(Affine::constant(Fraction::of(value)?, half_of(half)?))
            }
            Reading::Missing => match self.edit.missing_strategy() {
                MissingStrategy::ThreeValued => Number::missing(),
                // The edit says nothing about such a record.
                MissingStrategy::SkipIfAny => return None,
                MissingStrategy::SkipIfAll | MissingStrategy::NeverSkip => {
                    Number::affine(Affine::constant(Fraction::ZERO, Fraction::ZERO))
                }
            },
        })
    }

    fn binary(&self, op: BinaryOp, left: NodeId, right: NodeId) -> Option<Part> {
        let numbers = || Some((self.number(left)?, self.number(right)?));
        let truths = || Some((self.truth(left)?, self.truth(right)?));
        Some(match op {
            BinaryOp::Add => Part::Number(numbers().and_then(|(l, r)| l.add(&r))?),
            BinaryOp::Subtract => Part::Number(numbers().and_then(|(l, r)| l.subtract(&r))?),
            BinaryOp::Multiply => Part::Number(numbers().and_then(|(l, r)| l.multiply(&r))?),
            BinaryOp::Divide => Part::Number(numbers().and_then(|(l, r)| l.divide(&r))?),
            BinaryOp::Compare(comparison) => {
                let (left, right) = numbers()?;
                Part::Truth(compare(comparison, &left, &right, self.edit.tolerance())?)
            }
            BinaryOp::And => Part::Truth(truths().map(|(l, r)| l.and(r))?),
            BinaryOp::Or => Part::Truth(truths().map(|(l, r)| l.or(r))?),
            BinaryOp::Xor => Part::Truth(truths().map(|(l, r)| l.xor(r))?),
        })
    }

    fn conditional(&self, condition: NodeId, then: NodeId, otherwise: NodeId) -> Option<Part> {
        let condition = self.truth(condition)?;
        let is_truth = |id: NodeId| matches!(self.parts[id], Part::Truth(_));
        if is_truth(then) || is_truth(otherwise) {
            let (then, otherwise) = (self.truth(then)?, self.truth(otherwise)?);
            return Some(Part::Truth(Truth::pick(&condition, then, otherwise)));
        }
        let (then, otherwise) = (self.number(then)?, self.number(otherwise)?);
        Some(Part::Number(Number::pick(&condition.yes, then, otherwise)?))
    }
}

fn is_null(number: &Number) -> Truth {
    let guards = |missing: bool| {
        let pieces = number.0.iter();
        let pieces = pieces.filter(move |piece| piece.value.is_none() == missing);
        Formula::any(pieces.map(|piece| piece.guard.clone()))
    };
    Truth {
        yes: guards(true),
        no: guards(false),
    }
}

/// Where the comparison holds and where it does not; where a side is missing it is neither.
fn compare(
    comparison: Comparison,
    left: &Number,
    right: &Number,
    tolerance: Tolerance,
) -> Option<Truth> {
    let sides = match tolerance {
        Tolerance::Relative(fraction) if !fraction.is_zero() => {
            relative_sides(&left.split()?, &right.split()?, Fraction::of(fraction)?)?
        }
        Tolerance::Relative(_) => sides(left, right, Some(Fraction::ZERO))?,
        Tolerance::Absolute(t) => sides(left, right, Some(Fraction::of(t)?))?,
        Tolerance::Rounding => sides(left, right, None)?,
    };
    let (mut yes, mut no) = (Vec::new(), Vec::new());
    for side in sides {
        let holds = side.holds(comparison);
        no.push(Formula::all([side.guard.clone(), holds.complement()]));
        yes.push(Formula::all([side.guard, holds]));
    }
    Some(Truth {
        yes: Formula::any(yes),
        no: Formula::any(no),
    })
}

/// Under `guard`, `left <= right` and `left >= right` within the tolerance, and both strictly.
struct Side {
    guard: Formula,
    below: [Formula; 2],
    above: [Formula; 2],
}

impl Side {
    fn holds(&self, comparison: Comparison) -> Formula {
        let equal = || Formula::all([self.below[0].clone(), self.above[0].clone()]);
        match comparison {
            Comparison::Equal => equal(),
            Comparison::NotEqual => equal().complement(),
            Comparison::LessOrEqual => self.below[0].clone(),
            Comparison::Less => self.below[1].clone(),
            Comparison::GreaterOrEqual => self.above[0].clone(),
            Comparison::Greater => self.above[1].clone(),
        }
    }
}

/// The sides under a tolerance that does not hang on the figures; without one it is what rounding may have moved.
fn sides(left: &Number, right: &Number, tolerance: Option<Fraction>) -> Option<Vec<Side>> {
    let within = |difference: &Extreme, strict: bool| {
        let each = difference.of.iter().map(|d| {
            let tolerance = tolerance.unwrap_or(d.half);
            let moved = d.subtract(&Affine::constant(tolerance, Fraction::ZERO))?;
            Some(Formula::at_most_zero(moved, strict))
        });
        let each: Vec<Formula> = each.collect::<Option<_>>()?;
        Some(match difference.pick {
            Pick::Largest => Formula::all(each),
            Pick::Smallest => Formula::any(each),
        })
    };
    let forth = left.subtract(right)?;
    let back = forth.negated()?;
    let mut sides = Vec::new();
    for (piece, opposite) in forth.0.into_iter().zip(back.0) {
        let (Some(difference), Some(opposite)) = (piece.value, opposite.value) else {
            continue;
        };
        sides.push(Side {
            guard: piece.guard,
            below: [within(&difference, false)?, within(&difference, true)?],
            above: [within(&opposite, false)?, within(&opposite, true)?],
        });
    }
    Some(sides)
}

/// The sides under a tolerance that is the share `f` of the larger magnitude; every piece has one expression.
fn relative_sides(left: &Number, right: &Number, f: Fraction) -> Option<Vec<Side>> {
    let mut sides = Vec::new();
    for l in &left.0 {
        for r in &right.0 {
            let (Some(left), Some(right)) = (&l.value, &r.value) else {
                continue;
            };
            let (left, right) = (left.of.first()?, right.of.first()?);
            sides.push(Side {
                guard: Formula::all([l.guard.clone(), r.guard.clone()]),
                below: [
                    relatively(left, right, f, false)?,
                    relatively(left, right, f, true)?,
                ],
                above: [
                    relatively(right, left, f, false)?,
                    relatively(right, left, f, true)?,
                ],
            });
        }
    }
    Some(sides)
}

/// `l - r <= f * l or l - r <= -f * r`.
fn relatively(l: &Affine, r: &Affine, f: Fraction, strict: bool) -> Option<Formula> {
    let difference = l.subtract(r)?;
    let of_left = difference.subtract(&l.times(f)?)?;
    let of_right = difference.add(&r.times(f)?)?;
    Some(Formula::any([
        Formula::at_most_zero(of_left, strict),
        Formula::at_most_zero(of_right, strict),
    ]))
}
