//! The steps of a program, and how a tree becomes a list of them.

use std::collections::BTreeMap;

use crate::{
    decimal::Decimal,
    edits::{
        ast::{Ast, BinaryOp, Comparison, Function, NodeId, NodeKind, UnaryOp},
        checker::Checked,
        verdict::Truth,
    },
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
/// One step over the two stacks.
pub(crate) enum Step {
    Load(usize),
    Number(Decimal),
    Truth(Truth),
    Negate,
    Magnitude,
    Add,
    Subtract,
    Multiply,
    Divide,
    Round(u8),
    Trunc(u8),
    Modulo,
    Power,
    Ln,
    Exp,
    Sqrt,
    Nvl,
    Subperiod,
    Year,
    Null,
    IsNull,
    Between,
    /// Whether a figure is among the members from the first to before the second, or is not.
    In(usize, usize, bool),
    /// Compares two figures; the statement is given where a verdict may show them.
    Compare(Comparison, Option<Shows>),
    /// A turn in an `if` whose branches hold what a verdict may show. It moves no figure and no truth.
    Branch(Turn),
    Not,
    And,
    Or,
    Xor,
    PickFigure,
    PickTruth,
}

/// A comparison whose figures a verdict may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shows {
    pub(in crate::edits) node: NodeId,
    /// Whether no `and` stands above it, so that it alone decides wherever its branch is taken.
    pub(super) alone: bool,
}

/// Where an evaluation stands in an `if`: its condition, and then its first branch, are on the stack of truths already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Before the branch that is taken where the condition is true.
    Then,
    /// Before the branch that is taken where it is not.
    Else,
    /// After both.
    End,
}

/// What a verdict may show, by node.
#[derive(Debug, Default)]
pub(super) struct Display {
    shows: BTreeMap<NodeId, Shows>,
    /// The turn that follows a node, which is a part of one `if` only.
    turns: BTreeMap<NodeId, Turn>,
}

impl Display {
    /// Goes down from the top of the expression through `and` and the branches of `if`. What stands in a condition, or under
    /// `or`, `xor` or `not`, does not decide by itself and is not shown.
    pub(super) fn of(ast: &Ast) -> Self {
        let (mut open, mut display) = (vec![(ast.root, true)], Self::default());
        while let Some((node, alone)) = open.pop() {
            match ast.nodes[node].kind {
                NodeKind::Binary(BinaryOp::And, left, right) => {
                    open.extend([(right, false), (left, false)]);
                }
                NodeKind::Binary(BinaryOp::Compare(_), ..) => {
                    display.shows.insert(node, Shows { node, alone });
                }
                NodeKind::If(condition, then, otherwise) => {
                    open.extend([(otherwise, alone), (then, alone)]);
                    let turns = [
                        (condition, Turn::Then),
                        (then, Turn::Else),
                        (otherwise, Turn::End),
                    ];
                    display.turns.extend(turns);
                }
                NodeKind::Number(_)
                | NodeKind::Boolean(_)
                | NodeKind::Null
                | NodeKind::Operand(_)
                | NodeKind::Unary(..)
                | NodeKind::Binary(..)
                | NodeKind::Call(..)
                | NodeKind::In(..)
                | NodeKind::Error => {}
            }
        }
        display
    }

    pub(super) fn turn_after(&self, node: NodeId) -> Option<Step> {
        self.turns.get(&node).copied().map(Step::Branch)
    }
}

/// The step for a node; none for what changes nothing.
pub(super) fn step(
    ast: &Ast,
    checked: &Checked,
    display: &Display,
    members: &mut Vec<Decimal>,
    id: NodeId,
) -> Option<Step> {
    Some(match &ast.nodes[id].kind {
        NodeKind::Number(_) if is_digits(ast, id) => return None,
        NodeKind::Number(value) => Step::Number(*value),
        NodeKind::Boolean(value) => Step::Truth((*value).into()),
        NodeKind::Null if checked.boolean[id] => Step::Truth(Truth::Undecided),
        NodeKind::Null => Step::Null,
        NodeKind::Operand(_) => Step::Load(checked.slot_of[id]?),
        NodeKind::Unary(UnaryOp::Plus, _) | NodeKind::Error => return None,
        NodeKind::Unary(UnaryOp::Minus, _) => Step::Negate,
        NodeKind::Unary(UnaryOp::Not, _) => Step::Not,
        NodeKind::Binary(op, ..) => binary_step(*op, display.shows.get(&id).copied()),
        NodeKind::Call(function, arguments) => call_step(ast, *function, arguments),
        NodeKind::In(_, values, positive) => {
            let first = members.len();
            members.extend_from_slice(values);
            Step::In(first, members.len(), *positive)
        }
        NodeKind::If(_, then, _) if checked.boolean[*then] => Step::PickTruth,
        NodeKind::If(..) => Step::PickFigure,
    })
}

/// Whether the node is the number of digits that `round` or `trunc` keeps, which stands in the step itself. Its call is the
/// next node, because arguments stand before it.
fn is_digits(ast: &Ast, id: NodeId) -> bool {
    let call = ast.nodes.get(id + 1).map(|node| &node.kind);
    matches!(call, Some(NodeKind::Call(Function::Round | Function::Trunc, arguments))
        if arguments.len() == 2 && arguments.last() == Some(&id))
}

fn call_step(ast: &Ast, function: Function, arguments: &[NodeId]) -> Step {
    let digits = || {
        let node = arguments.get(1).map(|id| &ast.nodes[*id].kind);
        match node {
            Some(NodeKind::Number(value)) => {
                u8::try_from(value.normalised().mantissa()).unwrap_or_default()
            }
            Some(_) | None => 0,
        }
    };
    match function {
        Function::Abs => Step::Magnitude,
        Function::IsNull => Step::IsNull,
        Function::Nvl => Step::Nvl,
        Function::Between => Step::Between,
        Function::Round => Step::Round(digits()),
        Function::Trunc => Step::Trunc(digits()),
        Function::Mod => Step::Modulo,
        Function::Power => Step::Power,
        Function::Ln => Step::Ln,
        Function::Exp => Step::Exp,
        Function::Sqrt => Step::Sqrt,
        Function::Subperiod => Step::Subperiod,
        Function::Year => Step::Year,
    }
}

const fn binary_step(op: BinaryOp, shows: Option<Shows>) -> Step {
    match op {
        BinaryOp::Add => Step::Add,
        BinaryOp::Subtract => Step::Subtract,
        BinaryOp::Multiply => Step::Multiply,
        BinaryOp::Divide => Step::Divide,
        BinaryOp::Compare(comparison) => Step::Compare(comparison, shows),
        BinaryOp::And => Step::And,
        BinaryOp::Or => Step::Or,
        BinaryOp::Xor => Step::Xor,
    }
}

/// The greatest depth of the two stacks.
pub(super) fn room(steps: &[Step]) -> usize {
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
        Step::Load(_) | Step::Number(_) | Step::Null | Step::Subperiod | Step::Year => (1, 0),
        Step::Truth(_) => (0, 1),
        Step::Negate
        | Step::Magnitude
        | Step::Round(_)
        | Step::Trunc(_)
        | Step::Ln
        | Step::Exp
        | Step::Sqrt
        | Step::Not
        | Step::Branch(_) => (0, 0),
        Step::Add
        | Step::Subtract
        | Step::Multiply
        | Step::Divide
        | Step::Modulo
        | Step::Power
        | Step::Nvl => (-1, 0),
        Step::IsNull | Step::In(..) => (-1, 1),
        Step::Between => (-3, 1),
        Step::Compare(..) => (-2, 1),
        Step::And | Step::Or | Step::Xor => (0, -1),
        Step::PickFigure => (-1, -1),
        Step::PickTruth => (0, -2),
    }
}
