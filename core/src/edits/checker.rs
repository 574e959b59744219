//! What a parsed expression may say: names that exist, operands of the right type, a statement at the top.
//!
//! There are two types, numbers and booleans. A node whose type is not known, because its text was faulty, agrees with
//! everything, so that one fault is reported once.

use std::collections::BTreeMap;

use super::{
    EditKind, Symbols,
    ast::{Ast, BinaryOp, Function, NodeId, NodeKind, Source, UnaryOp, operand_text},
    diagnostic::Diagnostics,
    lexer::shortened,
    suggest,
};
use crate::{code::IndicatorCode, text::Bilingual};

/// How many different operands an edit may have.
pub const OPERANDS_MAX: usize = 256;

/// One figure that an evaluation looks up, once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    pub(super) source: Source,
    pub(super) indicator: IndicatorCode,
}

/// What the checker found out.
pub(super) struct Checked {
    /// The operands in the order in which they are first named.
    pub(super) slots: Vec<Slot>,
    /// For each node that is an operand, its place in `slots`.
    pub(super) slot_of: Vec<Option<usize>>,
    /// For each node, whether it is a boolean; else it is a number.
    pub(super) boolean: Vec<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Number,
    Boolean,
    Unknown,
}

/// Checks all nodes; the result is of use only where no diagnostic was added.
pub(super) fn check(
    ast: &Ast,
    kind: EditKind,
    symbols: &dyn Symbols,
    diagnostics: &mut Diagnostics,
) -> Checked {
    let readable = diagnostics.is_empty();
    let mut checker = Checker {
        ast,
        kind,
        symbols,
        diagnostics,
        types: Vec::with_capacity(ast.nodes.len()),
        slots: Vec::new(),
        slot_of: vec![None; ast.nodes.len()],
        index: BTreeMap::new(),
    };
    for id in 0..ast.nodes.len() {
        let found = checker.node(id);
        checker.types.push(found);
    }
    if readable {
        checker.top();
    }
    Checked {
        boolean: checker
            .types
            .iter()
            .map(|found| *found == Type::Boolean)
            .collect(),
        slots: checker.slots,
        slot_of: checker.slot_of,
    }
}

struct Checker<'a> {
    ast: &'a Ast,
    kind: EditKind,
    symbols: &'a dyn Symbols,
    diagnostics: &'a mut Diagnostics,
    types: Vec<Type>,
    slots: Vec<Slot>,
    slot_of: Vec<Option<usize>>,
    index: BTreeMap<Slot, usize>,
}

impl Checker<'_> {
    fn node(&mut self, id: NodeId) -> Type {
        let ast = self.ast;
        match &ast.nodes[id].kind {
            NodeKind::Number(_) => Type::Number,
            NodeKind::Boolean(_) => Type::Boolean,
            NodeKind::Operand(source, name) => {
                self.operand(id, *source, name);
                Type::Number
            }
            NodeKind::Unary(op, inner) => self.unary(*op, *inner),
            NodeKind::Binary(op, left, right) => self.binary(*op, *left, *right),
            NodeKind::Call(function, inner) => self.call(*function, *inner),
            NodeKind::If(condition, then, otherwise) => {
                self.conditional(*condition, *then, *otherwise)
            }
            NodeKind::Error => Type::Unknown,
        }
    }

    fn operand(&mut self, id: NodeId, source: Source, name: &str) {
        if source == Source::Children && self.kind == EditKind::Validity {
            self.rollup_in_validity(id, name);
        }
        let Some(indicator) = self.symbols.indicator(name) else {
            return self.unknown_indicator(id, name);
        };
        let slot = Slot { source, indicator };
        let next = self.slots.len();
        let place = *self.index.entry(slot.clone()).or_insert(next);
        if place == next {
            self.slots.push(slot);
        }
        self.slot_of[id] = Some(place);
        if next == OPERANDS_MAX && place == next {
            self.too_many_operands(id);
        }
    }

    fn unary(&mut self, op: UnaryOp, inner: NodeId) -> Type {
        match op {
            UnaryOp::Plus | UnaryOp::Minus => self.wants(inner, Type::Number, op.text()),
            UnaryOp::Not => self.wants(inner, Type::Boolean, op.text()),
        }
    }

    fn binary(&mut self, op: BinaryOp, left: NodeId, right: NodeId) -> Type {
        let (operands, result) = match op {
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide => {
                (Type::Number, Type::Number)
            }
            BinaryOp::Compare(_) => (Type::Number, Type::Boolean),
            BinaryOp::And | BinaryOp::Or | BinaryOp::Xor => (Type::Boolean, Type::Boolean),
        };
        self.wants(left, operands, op.text());
        self.wants(right, operands, op.text());
        result
    }

    fn call(&mut self, function: Function, inner: NodeId) -> Type {
        self.wants(inner, Type::Number, function.name());
        match function {
            Function::Abs => Type::Number,
            Function::IsNull => Type::Boolean,
        }
    }

    fn conditional(&mut self, condition: NodeId, then: NodeId, otherwise: NodeId) -> Type {
        self.wants(condition, Type::Boolean, "if");
        match self.types[then] {
            Type::Unknown => self.types[otherwise],
            known @ (Type::Number | Type::Boolean) => self.wants(otherwise, known, "else"),
        }
    }

    /// Checks the type of an operand of `op` and returns the type that was wanted, or unknown where it is another.
    fn wants(&mut self, id: NodeId, wanted: Type, op: &str) -> Type {
        match (wanted, self.types[id]) {
            (Type::Number, Type::Boolean) => self.boolean_for_number(id, op),
            (Type::Boolean, Type::Number) => self.number_for_boolean(id, op),
            (Type::Number, Type::Number | Type::Unknown)
            | (Type::Boolean, Type::Boolean | Type::Unknown)
            | (Type::Unknown, _) => return wanted,
        }
        Type::Unknown
    }

    fn top(&mut self) {
        let span = self.ast.nodes[self.ast.root].span.clone();
        if self.types[self.ast.root] == Type::Number {
            self.diagnostics.push(
                span.clone(),
                Bilingual::new(
                    "这是一个数，不是审核关系",
                    "this is a number, not a statement that holds or not",
                ),
                Bilingual::new(
                    "请用 = <> < <= > >= 与另一个数比较",
                    "compare it with something by = <> < <= > >=",
                ),
            );
        }
        let names_one = |id: &NodeId| {
            matches!(
                self.ast.nodes[*id].kind,
                NodeKind::Operand(..) | NodeKind::Error
            )
        };
        if !(0..self.ast.nodes.len()).any(|id| names_one(&id)) {
            self.diagnostics.push(
                span,
                Bilingual::new(
                    "表达式没有提到任何指标",
                    "the expression names no indicator",
                ),
                suggest::remedy("", &self.symbols.names()),
            );
        }
    }
}

/// The faults, apart from the rules so that the rules can be read.
impl Checker<'_> {
    fn unknown_indicator(&mut self, id: NodeId, name: &str) {
        self.diagnostics.push(
            self.ast.nodes[id].span.clone(),
            Bilingual::new(
                format!("没有指标 {}", shortened(name)),
                format!("there is no indicator {}", shortened(name)),
            ),
            suggest::remedy(name, &self.symbols.names()),
        );
    }

    fn rollup_in_validity(&mut self, id: NodeId, name: &str) {
        let text = operand_text(Source::Children, &shortened(name));
        self.diagnostics.push(
            self.ast.nodes[id].span.clone(),
            Bilingual::new(
                format!("强制性审核不能使用 {text}：不能因为下级的数而退回本单位的报表"),
                format!("a validity edit cannot use {text}: a unit is not returned for figures that others report"),
            ),
            Bilingual::new("请将 kind 改为 quality", "make its kind quality"),
        );
    }

    fn too_many_operands(&mut self, id: NodeId) {
        self.diagnostics.push(
            self.ast.nodes[id].span.clone(),
            Bilingual::new(
                format!("指标超过 {OPERANDS_MAX} 个"),
                format!("more than {OPERANDS_MAX} different operands"),
            ),
            Bilingual::new("请拆成几条审核关系", "split the edit into several"),
        );
    }

    fn boolean_for_number(&mut self, id: NodeId, op: &str) {
        self.diagnostics.push(
            self.ast.nodes[id].span.clone(),
            Bilingual::new(
                format!("{op} 需要数，这里却是一个判断"),
                format!("{op} takes a number, and this is a statement"),
            ),
            Bilingual::new(
                "判断之间用 and、or、xor、not 连接；请检查括号",
                "join statements by and, or, xor, not; check the parentheses",
            ),
        );
    }

    fn number_for_boolean(&mut self, id: NodeId, op: &str) {
        let remedy = if op == UnaryOp::Not.text() {
            Bilingual::new(
                "not 比比较符号结合得更紧：请写 not (a = b)",
                "not binds tighter than a comparison: write not (a = b)",
            )
        } else {
            Bilingual::new("请先比较，如 a > 0", "compare it first, as in a > 0")
        };
        self.diagnostics.push(
            self.ast.nodes[id].span.clone(),
            Bilingual::new(
                format!("{op} 需要判断，这里却是一个数"),
                format!("{op} takes a statement, and this is a number"),
            ),
            remedy,
        );
    }
}
