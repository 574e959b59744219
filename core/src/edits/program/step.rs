//! The steps of a program, and how a tree becomes a list of them.

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
    /// Compares two figures; the node is given where the comparison is a conjunct of the whole expression.
    Compare(Comparison, Option<NodeId>),
    Not,
    And,
    Or,
    Xor,
    PickFigure,
    PickTruth,
}

/// The statements that the top of the expression joins by `and`.
pub(super) fn conjuncts(ast: &Ast) -> Vec<NodeId> {
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
pub(super) fn step(
    ast: &Ast,
    checked: &Checked,
    conjuncts: &[NodeId],
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
        NodeKind::Binary(op, ..) => binary_step(*op, conjuncts.contains(&id).then_some(id)),
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
        | Step::Not => (0, 0),
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
