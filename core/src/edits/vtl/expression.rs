//! From the syntax tree to VTL text: one walk over the nodes in the order in which they are evaluated.

use super::{
    Columns, Obstacle, arithmetic,
    comparison::{Figure, compared},
    steps::Steps,
    term::{Statement, Term},
    words::{SUBPERIOD, YEAR, half_name, measure_name, quoted},
};
use crate::{
    decimal::Decimal,
    edits::{
        Edit, MissingStrategy, Operand, Tolerance,
        ast::{self, BinaryOp, Comparison, Function, NodeId, NodeKind, UnaryOp},
    },
};

/// A statement that is longer than this is written once and kept as a measure where it would be written twice.
const STATEMENT_LEN_BYTES_MAX: usize = 120;

/// A translated subtree.
#[derive(Clone, Debug)]
enum Piece {
    Number(Figure, Option<Decimal>),
    Truth(Statement),
    /// `null`, whose type its place will tell.
    Null,
}

/// What the walk gives.
pub(super) struct Written {
    pub(super) statement: Statement,
    /// Left minus right, where the expression is one comparison.
    pub(super) imbalance: Option<Term>,
}

/// Translates the expression of `edit`.
pub(super) fn write(
    edit: &Edit,
    columns: &dyn Columns,
    steps: &mut Steps,
) -> Result<Written, Obstacle> {
    let mut walk = Walk {
        edit,
        columns,
        steps,
        stack: Vec::new(),
        imbalance: None,
    };
    for id in 0..edit.ast.nodes.len() {
        walk.node(id)?;
    }
    let statement = walk.truth();
    Ok(Written {
        statement,
        imbalance: walk.imbalance,
    })
}

/// The measure of an operand as the rule reads it, and whether it is filled where it is missing.
pub(super) fn figure(edit: &Edit, operand: &Operand, columns: &dyn Columns) -> Figure {
    let name = measure_name(operand, edit.rollup_mode());
    let digits = columns.decimals(&operand.indicator).map(u32::from);
    let fills = match edit.missing_strategy() {
        MissingStrategy::ThreeValued | MissingStrategy::SkipIfAny => false,
        MissingStrategy::SkipIfAll | MissingStrategy::NeverSkip => true,
    };
    let read = |name: &str, digits| {
        let name = quoted(name);
        if fills {
            Term::call("nvl", &[&name, "0"], digits)
        } else {
            Term::atom(name, digits)
        }
    };
    let rounded = edit.tolerance() == Tolerance::Rounding;
    Figure {
        value: read(&name, digits),
        half: rounded.then(|| read(&half_name(&name), digits.map(|d| d + 1))),
    }
}

struct Walk<'a> {
    edit: &'a Edit,
    columns: &'a dyn Columns,
    steps: &'a mut Steps,
    stack: Vec<Piece>,
    imbalance: Option<Term>,
}

impl Walk<'_> {
    fn node(&mut self, id: NodeId) -> Result<(), Obstacle> {
        let edit = self.edit;
        let piece = match &edit.ast.nodes[id].kind {
            NodeKind::Number(value) => {
                Piece::Number(Figure::exact(Term::number(*value)), Some(*value))
            }
            NodeKind::Boolean(value) => Piece::Truth(Statement::atom(value.to_string())),
            NodeKind::Null | NodeKind::Error => Piece::Null,
            NodeKind::Operand(named) => {
                Piece::Number(figure(edit, &operand(edit, named)?, self.columns), None)
            }
            NodeKind::Unary(UnaryOp::Plus, _) => Piece::Number(self.number(), None),
            NodeKind::Unary(UnaryOp::Minus, _) => self.negated(),
            NodeKind::Unary(UnaryOp::Not, _) => Piece::Truth(self.truth().not()),
            NodeKind::Binary(op, ..) => self.binary(*op, id == edit.ast.root),
            NodeKind::Call(function, arguments) => self.call(*function, arguments.len())?,
            NodeKind::In(_, values, positive) => self.member(values, *positive),
            NodeKind::If(..) => self.conditional(),
        };
        self.stack.push(piece);
        Ok(())
    }

    fn negated(&mut self) -> Piece {
        let (figure, literal) = self.number_or_literal();
        Piece::Number(arithmetic::negated(figure), literal.map(|value| -value))
    }

    fn binary(&mut self, op: BinaryOp, at_top: bool) -> Piece {
        match op {
            BinaryOp::And | BinaryOp::Or | BinaryOp::Xor => {
                let right = self.truth();
                return Piece::Truth(self.truth().joined(op, &right));
            }
            BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::Compare(_) => {}
        }
        let (right, literal) = self.number_or_literal();
        let left = self.number();
        let number = |figure| Piece::Number(figure, None);
        match op {
            BinaryOp::Add => number(arithmetic::add(&left, &right)),
            BinaryOp::Subtract => number(arithmetic::subtract(&left, &right)),
            BinaryOp::Multiply => number(arithmetic::multiply(&left, &right, self.steps)),
            BinaryOp::Divide => number(arithmetic::divide(&left, &right, literal, self.steps)),
            BinaryOp::Compare(comparison) => {
                if at_top {
                    self.imbalance = Some(left.value.minus(&right.value).clean());
                }
                Piece::Truth(self.compare(comparison, &left, &right))
            }
            BinaryOp::And | BinaryOp::Or | BinaryOp::Xor => Piece::Null,
        }
    }

    fn compare(&mut self, comparison: Comparison, left: &Figure, right: &Figure) -> Statement {
        compared(comparison, left, right, self.edit.tolerance(), self.steps)
    }

    fn call(&mut self, function: Function, count: usize) -> Result<Piece, Obstacle> {
        let mut arguments: Vec<(Figure, Option<Decimal>)> =
            (0..count).map(|_| self.number_or_literal()).collect();
        arguments.reverse();
        let mut arguments = arguments.into_iter();
        let mut next = || arguments.next().unwrap_or_else(|| (nothing(), None));
        let (x, _) = if count == 0 {
            (nothing(), None)
        } else {
            next()
        };
        Ok(match function {
            Function::Abs => number(arithmetic::magnitude(&x)),
            Function::IsNull => Piece::Truth(Statement::atom(format!("isnull({})", x.value.text))),
            Function::Nvl => number(arithmetic::or_else(&x, &next().0, self.steps)),
            Function::Between => {
                let (least, most) = (next().0, next().0);
                let above = self.compare(Comparison::GreaterOrEqual, &x, &least);
                let below = self.compare(Comparison::LessOrEqual, &x, &most);
                Piece::Truth(above.and(&below))
            }
            Function::Round => number(arithmetic::round(&x, digits(next().1), self.steps)),
            Function::Trunc => number(arithmetic::trunc(&x, digits(next().1), self.steps)),
            Function::Mod => number(arithmetic::modulo(&x, &next().0, self.steps)),
            Function::Power => match next().1 {
                Some(exponent) => number(arithmetic::power(&x, exponent, self.steps)),
                None => return Err(Obstacle::Exponent),
            },
            Function::Ln => number(arithmetic::ln(&x, self.steps)),
            Function::Exp => number(arithmetic::exp(&x, self.steps)),
            Function::Sqrt => number(arithmetic::sqrt(&x, self.steps)),
            Function::Subperiod => number(Figure::exact(Term::atom(SUBPERIOD, Some(0)))),
            Function::Year => number(Figure::exact(Term::atom(YEAR, Some(0)))),
        })
    }

    /// `x in {a, b}` is `x = a or x = b`, because the tolerance is in each.
    fn member(&mut self, values: &[Decimal], positive: bool) -> Piece {
        let figure = self.number();
        let equal = |value: &Decimal| {
            let value = Figure::exact(Term::number(*value));
            self.compare(Comparison::Equal, &figure, &value)
        };
        let found = values.iter().map(equal).reduce(|any, one| any.or(&one));
        let found = found.unwrap_or_else(|| Statement::atom("false"));
        Piece::Truth(if positive { found } else { found.not() })
    }

    /// Between statements, `if` is boolean algebra; between numbers, a measure of its own.
    fn conditional(&mut self) -> Piece {
        let (otherwise, then) = (self.pop(), self.pop());
        let mut condition = self.truth();
        if condition.text.len() > STATEMENT_LEN_BYTES_MAX {
            condition = self.steps.truth(&condition);
        }
        match (then, otherwise) {
            (Piece::Null, Piece::Null) => Piece::Null,
            (Piece::Truth(then), otherwise) => {
                let otherwise = as_truth(otherwise);
                Piece::Truth(either_branch(&condition, &then, &otherwise))
            }
            (then, Piece::Truth(otherwise)) => {
                Piece::Truth(either_branch(&condition, &as_truth(then), &otherwise))
            }
            (then, otherwise) => {
                let (then, otherwise) = (as_number(then).0, as_number(otherwise).0);
                number(self.pick(&condition, &then, &otherwise))
            }
        }
    }

    fn pick(&mut self, condition: &Statement, then: &Figure, otherwise: &Figure) -> Figure {
        let zero = || Term::number(Decimal::ZERO);
        let half = |figure: &Figure| figure.half.clone().unwrap_or_else(zero);
        let moves = then.half.is_some() || otherwise.half.is_some();
        Figure {
            value: self.steps.chosen(condition, &then.value, &otherwise.value),
            half: moves.then(|| self.steps.chosen(condition, &half(then), &half(otherwise))),
        }
    }

    /// A well-formed tree has pushed what is popped.
    fn pop(&mut self) -> Piece {
        self.stack.pop().unwrap_or(Piece::Null)
    }

    fn truth(&mut self) -> Statement {
        as_truth(self.pop())
    }

    fn number(&mut self) -> Figure {
        self.number_or_literal().0
    }

    fn number_or_literal(&mut self) -> (Figure, Option<Decimal>) {
        as_number(self.pop())
    }
}

fn number(figure: Figure) -> Piece {
    Piece::Number(figure, None)
}

fn nothing() -> Figure {
    Figure::exact(Term::atom("null", Some(0)))
}

fn as_truth(piece: Piece) -> Statement {
    match piece {
        Piece::Truth(statement) => statement,
        // A comparison with nothing, because an engine may take a bare `null` for a number.
        Piece::Number(..) | Piece::Null => Statement::comparison(format!("{YEAR} = null")),
    }
}

fn as_number(piece: Piece) -> (Figure, Option<Decimal>) {
    match piece {
        Piece::Number(figure, literal) => (figure, literal),
        Piece::Truth(_) | Piece::Null => (nothing(), None),
    }
}

fn either_branch(condition: &Statement, then: &Statement, otherwise: &Statement) -> Statement {
    let surely = condition.surely();
    surely.and(then).or(&surely.not().and(otherwise))
}

fn digits(literal: Option<Decimal>) -> u32 {
    let digits = literal.map(Decimal::normalised).map(Decimal::mantissa);
    digits
        .and_then(|d| u32::try_from(d).ok())
        .unwrap_or_default()
}

/// The operand that a node names; its names are codes, because the edit was compiled.
fn operand(edit: &Edit, named: &ast::Operand) -> Result<Operand, Obstacle> {
    let dataset = |operand: &Operand| {
        operand
            .dataset
            .as_ref()
            .map(|code| code.as_str().to_owned())
    };
    let found = edit.operands().iter().find(|operand| {
        operand.source == named.source
            && dataset(operand).as_deref() == named.dataset.as_deref()
            && operand.indicator.as_str() == &*named.name
    });
    found.cloned().ok_or(Obstacle::Operand)
}
