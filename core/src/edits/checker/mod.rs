//! What a parsed expression may say: names that exist, operands of the right type, a statement at the top.
//!
//! There are two types, numbers and booleans; `null` takes the one that its place asks for. A node whose type is not known,
//! because its text was faulty, agrees with everything, so that one fault is reported once. Numbers also have a dimension
//! ([`super::dimension`]).

mod faults;

use std::collections::BTreeMap;

use super::{
    EditKind, Symbols,
    ast::{Ast, BinaryOp, Function, NodeId, NodeKind, Operand, Source, UnaryOp},
    diagnostic::Diagnostics,
    dimension::Dimension,
};
use crate::{
    code::{DatasetCode, IndicatorCode},
    period::Periodicity,
};

/// How many different operands an edit may have.
pub const OPERANDS_MAX: usize = 256;
/// The most digits that `round` and `trunc` keep after the point.
const DIGITS_MAX: i128 = 12;

/// One figure that an evaluation looks up, once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    pub(crate) source: Source,
    /// Another dataset and its periodicity.
    pub(crate) dataset: Option<(DatasetCode, Periodicity)>,
    pub(crate) indicator: IndicatorCode,
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
    Null,
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
        dimensions: Vec::with_capacity(ast.nodes.len()),
        slots: Vec::new(),
        slot_of: vec![None; ast.nodes.len()],
        index: BTreeMap::new(),
    };
    for id in 0..ast.nodes.len() {
        let found = checker.node(id);
        checker.types.push(found);
        let dimension = checker.measure(id);
        checker.dimensions.push(dimension);
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
    dimensions: Vec<Dimension>,
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
            NodeKind::Null => Type::Null,
            NodeKind::Operand(named) => {
                self.operand(id, named);
                Type::Number
            }
            NodeKind::Unary(op, inner) => self.unary(*op, *inner),
            NodeKind::Binary(op, left, right) => self.binary(*op, *left, *right),
            NodeKind::Call(function, arguments) => self.call(*function, arguments),
            NodeKind::In(inner, ..) => {
                self.wants(*inner, Type::Number, "in");
                Type::Boolean
            }
            NodeKind::If(condition, then, otherwise) => {
                self.conditional(*condition, *then, *otherwise)
            }
            NodeKind::Error => Type::Unknown,
        }
    }

    fn operand(&mut self, id: NodeId, named: &Operand) {
        let elsewhere = named.source != Source::Own || named.dataset.is_some();
        if elsewhere && self.kind == EditKind::Validity {
            self.elsewhere_in_validity(id, named);
        }
        let Some((dataset, indicator)) = self.resolve(id, named) else {
            return;
        };
        let slot = Slot {
            source: named.source,
            dataset,
            indicator,
        };
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

    /// The dataset and indicator that an operand names, or their fault.
    fn resolve(
        &mut self,
        id: NodeId,
        named: &Operand,
    ) -> Option<(Option<(DatasetCode, Periodicity)>, IndicatorCode)> {
        let Some(name) = &named.dataset else {
            let indicator = self.symbols.indicator(&named.name);
            if indicator.is_none() {
                self.unknown_indicator(id, &named.name, &self.symbols.names());
            }
            return Some((None, indicator?));
        };
        if named.source == Source::Children {
            self.foreign_rollup(id);
            return None;
        }
        let Some(other) = self.symbols.dataset(name) else {
            self.unknown_dataset(id, name);
            return None;
        };
        let indicator = other.indicators.iter().find(|i| i.as_str() == &*named.name);
        if indicator.is_none() {
            let names: Vec<String> = other.indicators.iter().map(ToString::to_string).collect();
            self.unknown_indicator(id, &named.name, &names);
        }
        Some((Some((other.code, other.periodicity)), indicator?.clone()))
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

    fn call(&mut self, function: Function, arguments: &[NodeId]) -> Type {
        for argument in arguments {
            self.wants(*argument, Type::Number, function.name());
        }
        if let (Function::Round | Function::Trunc, [_, digits]) = (function, arguments)
            && !self.is_digits(*digits)
        {
            self.no_digits(*digits);
        }
        if function.is_statement() {
            Type::Boolean
        } else {
            Type::Number
        }
    }

    /// The number of digits to keep is part of the rule, not of the data.
    fn is_digits(&self, id: NodeId) -> bool {
        match &self.ast.nodes[id].kind {
            NodeKind::Number(value) => {
                value.normalised().scale() == 0 && value.mantissa() <= DIGITS_MAX
            }
            NodeKind::Error => true,
            NodeKind::Boolean(_)
            | NodeKind::Null
            | NodeKind::Operand(_)
            | NodeKind::Unary(..)
            | NodeKind::Binary(..)
            | NodeKind::Call(..)
            | NodeKind::In(..)
            | NodeKind::If(..) => false,
        }
    }

    fn conditional(&mut self, condition: NodeId, then: NodeId, otherwise: NodeId) -> Type {
        self.wants(condition, Type::Boolean, "if");
        match (self.types[then], self.types[otherwise]) {
            (Type::Unknown, found) => found,
            (Type::Null, known @ (Type::Number | Type::Boolean)) => self.wants(then, known, "then"),
            (Type::Null, other @ (Type::Null | Type::Unknown)) => other,
            (known @ (Type::Number | Type::Boolean), _) => self.wants(otherwise, known, "else"),
        }
    }

    /// What the numbers that meet in a node measure.
    fn measure(&mut self, id: NodeId) -> Dimension {
        let ast = self.ast;
        let at = |id: NodeId| self.dimensions[id].clone();
        match &ast.nodes[id].kind {
            NodeKind::Number(value) => Dimension::Literal(*value),
            NodeKind::Operand(_) => {
                let slot = self.slot_of[id].map(|slot| &self.slots[slot]);
                let quantity = slot.and_then(|slot| self.symbols.quantity(&slot.indicator));
                quantity.as_ref().map(Dimension::of).unwrap_or_default()
            }
            NodeKind::Unary(_, inner) => at(*inner),
            NodeKind::Binary(op, left, right) => match op {
                BinaryOp::Multiply => at(*left).times(&at(*right)),
                BinaryOp::Divide => at(*left).over(&at(*right)),
                BinaryOp::Add | BinaryOp::Subtract => self.join(id, &[*left, *right]),
                BinaryOp::Compare(_) => {
                    self.join(id, &[*left, *right]);
                    Dimension::Any
                }
                BinaryOp::And | BinaryOp::Or | BinaryOp::Xor => Dimension::Any,
            },
            NodeKind::Call(function, arguments) => self.measure_call(id, *function, arguments),
            NodeKind::If(_, then, otherwise) => self.join(id, &[*then, *otherwise]),
            NodeKind::Boolean(_) | NodeKind::Null | NodeKind::In(..) | NodeKind::Error => {
                Dimension::Any
            }
        }
    }

    fn measure_call(&mut self, id: NodeId, function: Function, arguments: &[NodeId]) -> Dimension {
        let first = arguments.first().map(|id| self.dimensions[*id].clone());
        let first = first.unwrap_or_default();
        match function {
            Function::Abs | Function::Round | Function::Trunc => first,
            Function::Nvl | Function::Mod => self.join(id, arguments),
            Function::Between => {
                self.join(id, arguments);
                Dimension::Any
            }
            Function::Power => match arguments.get(1).map(|id| &self.dimensions[*id]) {
                Some(Dimension::Literal(exponent)) if exponent.normalised().scale() == 0 => {
                    let exponent = i32::try_from(exponent.normalised().mantissa());
                    exponent.map_or(Dimension::Any, |exponent| first.to_the(exponent))
                }
                Some(_) | None => Dimension::Any,
            },
            Function::IsNull
            | Function::Ln
            | Function::Exp
            | Function::Sqrt
            | Function::Subperiod
            | Function::Year => Dimension::Any,
        }
    }

    /// What `parts`, which are added or compared in `id`, measure together.
    fn join(&mut self, id: NodeId, parts: &[NodeId]) -> Dimension {
        let mut joined = Dimension::Any;
        for part in parts {
            match joined.joined(&self.dimensions[*part]) {
                Ok(dimension) => joined = dimension,
                Err(mismatch) => {
                    self.mismatch(id, &mismatch);
                    return Dimension::Any;
                }
            }
        }
        joined
    }

    /// Checks the type of an operand of `op` and returns the type that was wanted, or unknown where it is another.
    fn wants(&mut self, id: NodeId, wanted: Type, op: &str) -> Type {
        match (wanted, self.types[id]) {
            (Type::Number, Type::Boolean) => self.boolean_for_number(id, op),
            (Type::Boolean, Type::Number) => self.number_for_boolean(id, op),
            (Type::Number | Type::Boolean, Type::Null) => {
                self.settle(id, wanted);
                return wanted;
            }
            (Type::Number, Type::Number | Type::Unknown)
            | (Type::Boolean, Type::Boolean | Type::Unknown)
            | (Type::Null | Type::Unknown, _) => return wanted,
        }
        Type::Unknown
    }

    /// Gives a `null`, and an `if` whose branches are all `null`, the type that its place asks for.
    fn settle(&mut self, id: NodeId, wanted: Type) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if self.types[id] == Type::Null {
                self.types[id] = wanted;
                if let NodeKind::If(_, then, otherwise) = self.ast.nodes[id].kind {
                    open.extend([then, otherwise]);
                }
            }
        }
    }

    fn top(&mut self) {
        let span = self.ast.nodes[self.ast.root].span.clone();
        self.settle(self.ast.root, Type::Boolean);
        if self.types[self.ast.root] == Type::Number {
            self.no_statement(span.clone());
        }
        let names_one = |id: &NodeId| {
            matches!(
                self.ast.nodes[*id].kind,
                NodeKind::Operand(_) | NodeKind::Error
            )
        };
        if !(0..self.ast.nodes.len()).any(|id| names_one(&id)) {
            self.no_operand_at_all(span);
        }
    }
}
