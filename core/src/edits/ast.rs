//! The syntax tree of an expression.
//!
//! The nodes stand in one list in the order in which they are evaluated (postfix): a node comes after all its operands, and
//! the nodes of a subtree stand side by side. So every later pass is a loop over the list, and a long expression cannot
//! exhaust the stack. Parentheses are not kept; printing puts back those that are needed.

use std::{fmt, ops::Range};

use crate::decimal::Decimal;

use super::lexer::{is_keyword, is_plain_name};

/// The place of a node in [`Ast::nodes`].
pub(crate) type NodeId = usize;

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
    /// What is missing by definition, a number or a statement as its place asks for.
    Null,
    Operand(Operand),
    Unary(UnaryOp, NodeId),
    Binary(BinaryOp, NodeId, NodeId),
    /// A function and its arguments, as many as [`Function::arity`] allows.
    Call(Function, Box<[NodeId]>),
    /// Whether a number is one of some; with `false`, whether it is none of them.
    In(NodeId, Box<[Decimal]>, bool),
    /// Condition, then, else.
    If(NodeId, NodeId, NodeId),
    /// What could not be read; its diagnostic is noted already.
    Error,
}

/// A figure as the text names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operand {
    pub(super) source: Source,
    /// Another dataset, where one is named: `'annual-accounts'#x`.
    pub(super) dataset: Option<Box<str>>,
    pub(super) name: Box<str>,
}

/// Where an operand's figure stands, seen from the record that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// In the record's own period: `x`.
    Own,
    /// Summed over the unit's children in the unit tree: `rollup(x)`.
    Children,
    /// So many periods earlier: `lag(x, n)`; `previous(x)` is `lag(x, 1)`.
    Lag(u8),
    /// In the same part of the year before: `year_ago(x)`.
    YearAgo,
    /// Summed from the first period of the year to the record's: `ytd(x)`.
    YearToDate,
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
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A function of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Abs,
    IsNull,
    Nvl,
    Between,
    Round,
    Trunc,
    Mod,
    Power,
    Ln,
    Exp,
    Sqrt,
    /// The position of the record's period in its year: the quarter, the month.
    Subperiod,
    /// The year of the record's period.
    Year,
}

impl Function {
    pub(super) const ALL: [Self; 13] = [
        Self::Abs,
        Self::IsNull,
        Self::Nvl,
        Self::Between,
        Self::Round,
        Self::Trunc,
        Self::Mod,
        Self::Power,
        Self::Ln,
        Self::Exp,
        Self::Sqrt,
        Self::Subperiod,
        Self::Year,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Abs => "abs",
            Self::IsNull => "isnull",
            Self::Nvl => "nvl",
            Self::Between => "between",
            Self::Round => "round",
            Self::Trunc => "trunc",
            Self::Mod => "mod",
            Self::Power => "power",
            Self::Ln => "ln",
            Self::Exp => "exp",
            Self::Sqrt => "sqrt",
            Self::Subperiod => "subperiod",
            Self::Year => "year",
        }
    }

    /// The least and the most arguments.
    pub(super) const fn arity(self) -> (usize, usize) {
        match self {
            Self::Subperiod | Self::Year => (0, 0),
            Self::Abs | Self::IsNull | Self::Ln | Self::Exp | Self::Sqrt => (1, 1),
            Self::Round | Self::Trunc => (1, 2),
            Self::Nvl | Self::Mod | Self::Power => (2, 2),
            Self::Between => (3, 3),
        }
    }

    /// How it is written, for messages.
    pub(super) const fn shape(self) -> &'static str {
        match self {
            Self::Abs => "abs(x)",
            Self::IsNull => "isnull(x)",
            Self::Nvl => "nvl(x, otherwise)",
            Self::Between => "between(x, least, most)",
            Self::Round => "round(x, digits)",
            Self::Trunc => "trunc(x, digits)",
            Self::Mod => "mod(x, divisor)",
            Self::Power => "power(x, exponent)",
            Self::Ln => "ln(x)",
            Self::Exp => "exp(x)",
            Self::Sqrt => "sqrt(x)",
            Self::Subperiod => "subperiod()",
            Self::Year => "year()",
        }
    }

    /// Whether it is a statement; all others are numbers.
    pub(super) const fn is_statement(self) -> bool {
        matches!(self, Self::IsNull | Self::Between)
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
    pub(super) fn print(&self, root: NodeId, operand: &dyn Fn(&Operand) -> String) -> String {
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
                NodeKind::Unary(_, inner) | NodeKind::In(inner, ..) => inner,
                NodeKind::Binary(_, left, _) => left,
                NodeKind::If(condition, _, _) => condition,
                NodeKind::Call(_, ref arguments) => match arguments.first() {
                    Some(first) => *first,
                    None => return id,
                },
                NodeKind::Number(_)
                | NodeKind::Boolean(_)
                | NodeKind::Null
                | NodeKind::Operand(_)
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
    operand: &dyn Fn(&Operand) -> String,
) -> Piece {
    match kind {
        NodeKind::Number(number) => (number.to_string(), ATOM_POWER),
        NodeKind::Boolean(value) => (value.to_string(), ATOM_POWER),
        NodeKind::Null => ("null".to_owned(), ATOM_POWER),
        NodeKind::Operand(named) => (operand(named), ATOM_POWER),
        NodeKind::Unary(op, _) => print_unary(*op, &pop(stack)),
        NodeKind::Binary(op, ..) => {
            let right = pop(stack);
            print_binary(*op, pop(stack), &right)
        }
        NodeKind::Call(function, arguments) => {
            let mut texts: Vec<String> = arguments.iter().map(|_| pop(stack).0).collect();
            texts.reverse();
            let text = format!("{}({})", function.name(), texts.join(", "));
            (text, ATOM_POWER)
        }
        NodeKind::In(_, values, positive) => print_in(&pop(stack), values, *positive),
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

fn print_in(inner: &Piece, values: &[Decimal], positive: bool) -> Piece {
    let power = BinaryOp::Compare(Comparison::Equal).power();
    let word = if positive { "in" } else { "not_in" };
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    let left = wrapped(inner, power + 1);
    (format!("{left} {word} {{{}}}", values.join(", ")), power)
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

impl Operand {
    /// As the language writes it.
    pub(super) fn text(&self) -> String {
        let name = quoted(&self.name);
        let figure = match &self.dataset {
            Some(dataset) => format!("{}#{name}", quoted(dataset)),
            None => name,
        };
        match self.source {
            Source::Own => figure,
            Source::Children => format!("rollup({figure})"),
            Source::Lag(1) => format!("previous({figure})"),
            Source::Lag(count) => format!("lag({figure}, {count})"),
            Source::YearAgo => format!("year_ago({figure})"),
            Source::YearToDate => format!("ytd({figure})"),
        }
    }
}

/// A name, in quotation marks where it could be read as something else.
fn quoted(name: &str) -> String {
    if is_plain_name(name) && !is_keyword(name) {
        name.to_owned()
    } else {
        format!("'{name}'")
    }
}

impl fmt::Display for Ast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.print(self.root, &Operand::text))
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
