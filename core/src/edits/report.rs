//! The sentence that a person reads: the edit's own message with the figures filled in.
//!
//! `82.65 ≠ 45.42 + 37.26, difference -0.03`: the expression as the catalogue writes it, with each operand's figure in the
//! place of its name, the sign that the figures show, and left minus right. A missing operand stays a name. `≈` joins two
//! sides that differ and agree within the tolerance. A difference has at most [`DIGITS_MORE`] digits more after the point than the
//! figures that it is of.

use std::cmp::Ordering;

use super::{
    Edit, EditText,
    ast::{Ast, BinaryOp, Comparison, Function, NodeId, NodeKind, Operand, Source},
    checker::Slot,
    program::Cells,
    verdict::{Truth, Verdict},
};
use crate::{
    code::IndicatorCode,
    decimal::{Decimal, power_of_ten},
    text::Bilingual,
};

/// How many digits more than the figures a difference is told with.
const DIGITS_MORE: u8 = 2;

/// Tells `verdict` about the record in `cells`, which is the one that it was made from.
///
/// A false verdict is the edit's message and the figures; a true one the figures alone; an undecided one the expression as
/// far as it is known and the indicators that are missing.
#[must_use]
pub fn sentence(edit: &Edit, verdict: &Verdict, cells: &dyn Cells) -> Bilingual {
    let report = Report {
        edit,
        verdict,
        cells,
    };
    match verdict.truth {
        Truth::True => report.figures(),
        Truth::False => after_message(edit.message(), report.figures()),
        Truth::Undecided => report.undecided(),
    }
}

/// See [`Edit::difference_of`].
pub(super) fn difference_of(edit: &Edit) -> Option<IndicatorCode> {
    let ast = &edit.ast;
    let NodeKind::Binary(BinaryOp::Compare(_), left, right) = ast.nodes[ast.root].kind else {
        return None;
    };
    let slots = edit.program.slots();
    measured(ast, slots, left).or_else(|| measured(ast, slots, right))
}

/// An indicator that stands in a sum by itself, so that the sum is in its unit of measure.
fn measured(ast: &Ast, slots: &[Slot], node: NodeId) -> Option<IndicatorCode> {
    match &ast.nodes[node].kind {
        NodeKind::Operand(named) => {
            let slot = slots.iter().find(|slot| slot.is(named))?;
            Some(slot.indicator.clone())
        }
        NodeKind::Unary(_, inner) => measured(ast, slots, *inner),
        NodeKind::Binary(BinaryOp::Add | BinaryOp::Subtract, left, right) => {
            measured(ast, slots, *left).or_else(|| measured(ast, slots, *right))
        }
        NodeKind::Call(Function::Abs | Function::Round | Function::Trunc, arguments) => {
            measured(ast, slots, *arguments.first()?)
        }
        NodeKind::Number(_)
        | NodeKind::Boolean(_)
        | NodeKind::Null
        | NodeKind::In(..)
        | NodeKind::Binary(..)
        | NodeKind::Call(..)
        | NodeKind::If(..)
        | NodeKind::Error => None,
    }
}

/// See [`Edit::basis`].
pub(super) fn basis(edit: &Edit, cells: &dyn Cells) -> String {
    let EditText {
        id,
        kind,
        dataset,
        expression,
        tolerance,
        rollup,
        missing,
        // Where the edit is in force and what it says do not change what it means.
        scope: _,
        message: _,
    } = &edit.text;
    let part = |text: &Option<String>| text.clone().unwrap_or_default();
    let (tolerance, rollup, missing) = (part(tolerance), part(rollup), part(missing));
    let mut text =
        format!("{id}\n{kind}\n{dataset}\n{expression}\n{tolerance}\n{rollup}\n{missing}\n");
    text.push_str(&format!("{}\n", cells.period()));
    for slot in edit.program.slots() {
        let figure = match slot.source {
            Source::Children => cells
                .rollup(&slot.indicator)
                .map(|r| format!("{} {} of {}", r.sum, r.known, r.expected)),
            Source::Own | Source::Lag(_) | Source::YearAgo | Source::YearToDate => {
                slot.figure(cells).map(|(value, _)| value.to_string())
            }
        };
        text.push_str(&figure.unwrap_or_default());
        text.push('\n');
    }
    text
}

struct Report<'a> {
    edit: &'a Edit,
    verdict: &'a Verdict,
    cells: &'a dyn Cells,
}

impl Report<'_> {
    /// The comparison that the verdict shows, or the whole expression where there is none.
    fn figures(&self) -> Bilingual {
        let shown = self.edit.program.run(self.cells, &mut Vec::new()).shown;
        if let (Some(shown), Some(imbalance)) = (shown, self.verdict.imbalance)
            && let NodeKind::Binary(BinaryOp::Compare(comparison), left, right) =
                self.edit.ast.nodes[shown.node].kind
        {
            let sign = sign(comparison, self.verdict.truth, imbalance);
            let text = format!("{} {sign} {}", self.side(left), self.side(right));
            let imbalance = trimmed(imbalance, self.digits(shown.node));
            return with_difference(text, imbalance);
        }
        let text = self.filled(self.edit.ast.root);
        match self.verdict.truth {
            Truth::False => {
                Bilingual::new(format!("{text} 不成立"), format!("{text} does not hold"))
            }
            Truth::True | Truth::Undecided => Bilingual::new(text.clone(), text),
        }
    }

    fn undecided(&self) -> Bilingual {
        let text = self.filled(self.edit.ast.root);
        let missing: Vec<&str> = self
            .verdict
            .missing
            .iter()
            .map(|code| code.as_str())
            .collect();
        if missing.is_empty() {
            return Bilingual::new(
                format!("{text} 无法判断：除数为零、数值过大或没有可比的数"),
                format!(
                    "{text} is undecided: a divisor is zero, a figure is too large, or there is nothing to compare"
                ),
            );
        }
        Bilingual::new(
            format!("{text} 无法判断：缺 {}", missing.join("、")),
            format!("{text} is undecided: {} missing", missing.join(", ")),
        )
    }

    /// The subtree with its figures filled in, a figure below zero in parentheses.
    fn filled(&self, root: NodeId) -> String {
        self.edit
            .ast
            .print(root, &|named| match self.figure(named) {
                Some(figure) if figure < Decimal::ZERO => format!("({figure})"),
                Some(figure) => figure.to_string(),
                None => named.text(),
            })
    }

    /// One side of a comparison; a single figure needs no parentheses.
    fn side(&self, root: NodeId) -> String {
        if let NodeKind::Operand(named) = &self.edit.ast.nodes[root].kind
            && let Some(figure) = self.figure(named)
        {
            return figure.to_string();
        }
        self.filled(root)
    }

    fn figure(&self, named: &Operand) -> Option<Decimal> {
        let slots = self.edit.program.slots();
        let slot = slots.iter().find(|slot| slot.is(named))?;
        if named.source == Source::Children {
            let rollup = self.cells.rollup(&slot.indicator)?;
            return self.edit.rollup_mode().operand(&rollup).map(|(sum, _)| sum);
        }
        slot.figure(self.cells).map(|(value, _)| value)
    }

    /// The most digits after the point that a number under `root` is written with.
    fn digits(&self, root: NodeId) -> u8 {
        let nodes = &self.edit.ast.nodes[self.edit.ast.first_of(root)..=root];
        let scales = nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Number(value) => Some(value.scale()),
            NodeKind::Operand(named) => self.figure(named).map(Decimal::scale),
            NodeKind::Boolean(_)
            | NodeKind::Null
            | NodeKind::In(..)
            | NodeKind::Unary(..)
            | NodeKind::Binary(..)
            | NodeKind::Call(..)
            | NodeKind::If(..)
            | NodeKind::Error => None,
        });
        scales.max().unwrap_or_default()
    }
}

/// The sign between two sides as their difference shows it. A difference that is zero only because it was rounded for the
/// reader must not contradict the truth, which was decided on the exact one.
fn sign(comparison: Comparison, truth: Truth, imbalance: Decimal) -> &'static str {
    let fails = truth == Truth::False;
    match (comparison, imbalance.cmp(&Decimal::ZERO)) {
        (Comparison::Equal, _) if fails => "≠",
        (Comparison::NotEqual, _) if !fails => "≠",
        (Comparison::LessOrEqual, Ordering::Equal) if fails => ">",
        (Comparison::GreaterOrEqual, Ordering::Equal) if fails => "<",
        (_, Ordering::Equal) => "=",
        (Comparison::Equal | Comparison::NotEqual, Ordering::Less | Ordering::Greater) => "≈",
        (_, Ordering::Less) => "<",
        (_, Ordering::Greater) => ">",
    }
}

/// Without the trailing zeros that products bring, but with as many digits as the figures have.
fn trimmed(imbalance: Decimal, digits: u8) -> Decimal {
    if imbalance.scale() <= digits {
        return imbalance;
    }
    imbalance.rescaled(digits).unwrap_or_else(|| {
        let short = rounded(imbalance.normalised(), digits.saturating_add(DIGITS_MORE));
        // What is left of a small one says more than zero.
        if short.is_zero() {
            imbalance.normalised()
        } else {
            short
        }
    })
}

/// To at most so many digits after the point, half away from zero.
fn rounded(value: Decimal, digits: u8) -> Decimal {
    let Some(more) = value.scale().checked_sub(digits).filter(|more| *more > 0) else {
        return value;
    };
    let divisor = power_of_ten(more);
    let (whole, rest) = (value.mantissa() / divisor, value.mantissa() % divisor);
    let away = if rest.unsigned_abs() * 2 >= divisor.unsigned_abs() {
        rest.signum()
    } else {
        0
    };
    Decimal::new(whole + away, digits).map_or(value, Decimal::normalised)
}

fn with_difference(text: String, imbalance: Decimal) -> Bilingual {
    if imbalance.is_zero() {
        return Bilingual::new(text.clone(), text);
    }
    Bilingual::new(
        format!("{text}，差 {imbalance}"),
        format!("{text}, difference {imbalance}"),
    )
}

/// A language in which the edit has no message gets the figures alone.
fn after_message(message: &Bilingual, figures: Bilingual) -> Bilingual {
    let join = |message: &str, colon: &str, figures: String| {
        if message.is_empty() {
            figures
        } else {
            format!("{message}{colon}{figures}")
        }
    };
    Bilingual::new(
        join(&message.zh, "：", figures.zh),
        join(&message.en, ": ", figures.en),
    )
}
