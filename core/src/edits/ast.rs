//! The syntax tree of an expression.
//!
//! The nodes stand in one list in the order in which they are evaluated (postfix): a node comes after all its operands, and
//! the nodes of a subtree stand side by side. So every later pass is a loop over the list, and a long expression cannot
//! exhaust the stack. Parentheses are not kept; printing puts back those that are needed.

use std::{fmt, ops::Range};

use crate::decimal::Decimal;

/// The place of a node in [`Ast::nodes`].
pub(super) type NodeId = usize;

/// A parsed expression. Two are equal when they say the same, wherever it is written.
#[derive(Clone, Debug)]
pub(super) struct Ast {
    pub(super) nodes: Vec<Node>,
    pub(super) root: NodeId,
}

/// One node and the bytes that it was read from.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) span: Range<usize>,
}

/// What a node says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NodeKind {
    Number(Decimal),
    Boolean(bool),
    /// A figure, by the name of its indicator and where to look for it.
    Operand(Source, Box<str>),
    Unary(UnaryOp, NodeId),
    Binary(BinaryOp, NodeId, NodeId),
    Call(Function, NodeId),
    /// Condition, then, else.
    If(NodeId, NodeId, NodeId),
    /// What could not be read; its diagnostic is noted already.
    Error,
}

/// Where an operand's figure stands, seen from the record that is checked. Other periods and other units join here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Source {
    /// In the record itself: `x`.
    Own,
    /// Summed over the unit's children in the unit tree: `rollup(x)`.
    Children,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnaryOp {
    Plus,
    Minus,
    Not,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Compare(Comparison),
    And,
    Or,
    Xor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Abs,
    IsNull,
}

impl Function {
    pub(super) const ALL: [Self; 2] = [Self::Abs, Self::IsNull];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Abs => "abs",
            Self::IsNull => "isnull",
        }
    }
}

impl UnaryOp {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Not => "not",
        }
    }
}

impl BinaryOp {
    /// How tightly the operator binds (VTL 2.2 reference manual, "Evaluation order of the operators", turned round so that
    /// more is tighter). All are left-associative.
    pub(super) const fn power(self) -> u8 {
        match self {
            Self::Or | Self::Xor => 1,
            Self::And => 2,
            Self::Compare(_) => 3,
            Self::Add | Self::Subtract => 4,
            Self::Multiply | Self::Divide => 5,
        }
    }

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Compare(comparison) => comparison.text(),
            Self::And => "and",
            Self::Or => "or",
            Self::Xor => "xor",
        }
    }
}

impl Comparison {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// `if` binds least of all, unary operators bind tightest, and what stands by itself needs no parentheses at all.
const IF_POWER: u8 = 0;
const UNARY_POWER: u8 = 6;
const ATOM_POWER: u8 = 7;

impl Ast {
    /// Writes the subtree under `root` with the parentheses that it needs; `operand` writes its operands.
    pub(super) fn print(&self, root: NodeId, operand: &dyn Fn(Source, &str) -> String) -> String {
        let mut stack = Vec::new();
        for id in self.first_of(root)..=root {
            let piece = print_node(&self.nodes[id].kind, &mut stack, operand);
            stack.push(piece);
        }
        pop(&mut stack).0
    }

    /// The first node of the subtree under `id`.
    pub(super) fn first_of(&self, mut id: NodeId) -> NodeId {
        loop {
            id = match self.nodes[id].kind {
                NodeKind::Unary(_, inner) | NodeKind::Call(_, inner) => inner,
                NodeKind::Binary(_, left, _) => left,
                NodeKind::If(condition, _, _) => condition,
                NodeKind::Number(_)
                | NodeKind::Boolean(_)
                | NodeKind::Operand(..)
                | NodeKind::Error => return id,
            };
        }
    }
}

/// A printed subtree and how tightly its outermost operator binds.
type Piece = (String, u8);

fn print_node(
    kind: &NodeKind,
    stack: &mut Vec<Piece>,
    operand: &dyn Fn(Source, &str) -> String,
) -> Piece {
    match kind {
        NodeKind::Number(number) => (number.to_string(), ATOM_POWER),
        NodeKind::Boolean(value) => (value.to_string(), ATOM_POWER),
        NodeKind::Operand(source, name) => (operand(*source, name), ATOM_POWER),
        NodeKind::Unary(op, _) => print_unary(*op, &pop(stack)),
        NodeKind::Binary(op, ..) => {
            let right = pop(stack);
            print_binary(*op, pop(stack), &right)
        }
        NodeKind::Call(function, _) => {
            (format!("{}({})", function.name(), pop(stack).0), ATOM_POWER)
        }
        NodeKind::If(..) => {
            let (otherwise, then, condition) = (pop(stack).0, pop(stack).0, pop(stack).0);
            (
                format!("if {condition} then {then} else {otherwise}"),
                IF_POWER,
            )
        }
        NodeKind::Error => ("?".to_owned(), ATOM_POWER),
    }
}

fn print_unary(op: UnaryOp, inner: &Piece) -> Piece {
    let space = if op == UnaryOp::Not { " " } else { "" };
    (
        format!("{}{space}{}", op.text(), wrapped(inner, UNARY_POWER)),
        UNARY_POWER,
    )
}

/// The left side is written in place, so that a sum of many terms is not copied once a term.
fn print_binary(op: BinaryOp, left: Piece, right: &Piece) -> Piece {
    let power = op.power();
    let chained = matches!(op, BinaryOp::Compare(_));
    let mut text = if left.1 < power + u8::from(chained) {
        format!("({})", left.0)
    } else {
        left.0
    };
    text.push(' ');
    text.push_str(op.text());
    text.push(' ');
    text.push_str(&wrapped(right, power + 1));
    (text, power)
}

fn wrapped((text, power): &Piece, needed: u8) -> String {
    if *power < needed {
        format!("({text})")
    } else {
        text.clone()
    }
}

/// A well-formed tree has pushed what is popped.
fn pop(stack: &mut Vec<Piece>) -> Piece {
    stack.pop().unwrap_or_default()
}

/// An operand as the language writes it.
pub(super) fn operand_text(source: Source, name: &str) -> String {
    match source {
        Source::Own => name.to_owned(),
        Source::Children => format!("rollup({name})"),
    }
}

impl fmt::Display for Ast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.print(self.root, &operand_text))
    }
}

impl PartialEq for Ast {
    fn eq(&self, other: &Self) -> bool {
        let kinds = |ast: &Self| {
            ast.nodes
                .iter()
                .map(|node| node.kind.clone())
                .collect::<Vec<_>>()
        };
        self.root == other.root && kinds(self) == kinds(other)
    }
}

impl Eq for Ast {}
