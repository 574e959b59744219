//! Edits as formulas of a spreadsheet, so that a form can show a failure while it is filled in.
//!
//! [`violation`] gives a formula that is TRUE where an edit does not hold. It is a help for the eye, not the verdict:
//!
//! - Where a figure that the edit looks at is no number, it is FALSE, whatever the edit does with what is missing.
//! - A spreadsheet reckons in binary; differences are rounded to twelve decimals before they are compared.
//! - With the tolerance `rounding`, the digits that will be written are not known to a formula; each figure is taken to be rounded to the
//!   decimals that its indicator may have, and only sums and multiples by numbers are given a formula.
//!
//! An edit with anything beyond sums, products, quotients, `abs`, comparisons and connectives has no formula.

use super::{
    Edit, Source,
    ast::{BinaryOp, Comparison, Function, NodeKind, UnaryOp},
    tolerance::Tolerance,
};
use crate::decimal::Decimal;

/// Decimals to which differences are rounded.
const DECIMALS: u8 = 12;

/// Where a figure stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The cell: `$G$8`.
    pub cell: String,
    /// How many decimals its indicator may have.
    pub decimals: u8,
}

/// A formula, without its equals sign, and the cells that it looks at, in the order of the expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The formula.
    pub formula: String,
    /// The cells, each once.
    pub cells: Vec<String>,
}

/// Where a figure of the edit's own dataset stands, if that is known.
pub type Lookup<'l> = &'l dyn Fn(Source, &str) -> Option<Reference>;

/// A part of the expression.
enum Piece {
    /// A number: its text, and by how much rounding may have moved it, nothing for an exact one.
    Number(String, Option<String>),
    Statement(String),
}

/// A formula for where the edit does not hold; `None` where it has none, or where `cell` does not know a figure. `cell` is asked for an
/// indicator of the edit's own dataset, in the record or in one before it.
#[must_use]
pub fn violation(edit: &Edit, cell: Lookup<'_>) -> Option<Violation> {
    let mut pieces: Vec<Option<Piece>> = Vec::new();
    let mut cells: Vec<String> = Vec::new();
    for node in &edit.ast.nodes {
        let piece = piece(
            &node.kind,
            &mut pieces,
            (edit.tolerance(), cell),
            &mut cells,
        )?;
        pieces.push(Some(piece));
    }
    let Some(Piece::Statement(statement)) = pieces.get_mut(edit.ast.root)?.take() else {
        return None;
    };
    let numbers: Vec<String> = cells
        .iter()
        .map(|cell| format!("ISNUMBER({cell})"))
        .collect();
    let known = (!numbers.is_empty()).then(|| numbers.join(","))?;
    Some(Violation {
        formula: format!("IF(AND({known}),IFERROR(NOT({statement}),FALSE),FALSE)"),
        cells,
    })
}

fn piece(
    kind: &NodeKind,
    pieces: &mut [Option<Piece>],
    (tolerance, cell): (Tolerance, Lookup<'_>),
    cells: &mut Vec<String>,
) -> Option<Piece> {
    let mut take = |id: usize| pieces.get_mut(id).and_then(Option::take);
    Some(match kind {
        NodeKind::Number(value) => Piece::Number(literal(*value), None),
        NodeKind::Boolean(flag) => {
            Piece::Statement(if *flag { "TRUE" } else { "FALSE" }.to_owned())
        }
        NodeKind::Operand(operand) if operand.dataset.is_none() => {
            let reference = cell(operand.source, &operand.name)?;
            if !cells.contains(&reference.cell) {
                cells.push(reference.cell.clone());
            }
            let half = Decimal::new(1, reference.decimals)?.half_unit_of_last_digit();
            let half = (tolerance == Tolerance::Rounding).then(|| literal(half));
            Piece::Number(reference.cell, half)
        }
        NodeKind::Unary(op, inner) => unary(*op, take(*inner)?)?,
        NodeKind::Binary(op, left, right) => {
            let (left, right) = (take(*left)?, take(*right)?);
            binary(*op, left, right, tolerance)?
        }
        NodeKind::Call(Function::Abs, arguments) => {
            let Piece::Number(text, half) = take(*arguments.first()?)? else {
                return None;
            };
            Piece::Number(format!("ABS({text})"), half)
        }
        NodeKind::Operand(_)
        | NodeKind::Null
        | NodeKind::Call(..)
        | NodeKind::In(..)
        | NodeKind::If(..)
        | NodeKind::Error => return None,
    })
}

fn unary(op: UnaryOp, inner: Piece) -> Option<Piece> {
    Some(match (op, inner) {
        (UnaryOp::Plus, number @ Piece::Number(..)) => number,
        (UnaryOp::Minus, Piece::Number(text, half)) => Piece::Number(format!("(-{text})"), half),
        (UnaryOp::Not, Piece::Statement(text)) => Piece::Statement(format!("NOT({text})")),
        (UnaryOp::Plus | UnaryOp::Minus, Piece::Statement(_))
        | (UnaryOp::Not, Piece::Number(..)) => {
            return None;
        }
    })
}

fn binary(op: BinaryOp, left: Piece, right: Piece, tolerance: Tolerance) -> Option<Piece> {
    match (left, right) {
        (Piece::Number(left, h), Piece::Number(right, k)) => match op {
            BinaryOp::Add => Some(Piece::Number(format!("({left}+{right})"), both(h, k))),
            BinaryOp::Subtract => Some(Piece::Number(format!("({left}-{right})"), both(h, k))),
            BinaryOp::Multiply => product((left, h), (right, k)),
            BinaryOp::Divide => {
                let moved = match (h, k) {
                    (None, None) => None,
                    (Some(half), None) => Some(format!("ABS({half}/{right})")),
                    (_, Some(_)) => return None,
                };
                Some(Piece::Number(format!("({left}/{right})"), moved))
            }
            BinaryOp::Compare(comparison) => {
                let allowed = allowed(tolerance, (&left, &right), both(h, k));
                Some(Piece::Statement(compared(
                    comparison, &left, &right, &allowed,
                )))
            }
            BinaryOp::And | BinaryOp::Or | BinaryOp::Xor => None,
        },
        (Piece::Statement(left), Piece::Statement(right)) => {
            let name = match op {
                BinaryOp::And => "AND",
                BinaryOp::Or => "OR",
                BinaryOp::Xor => "XOR",
                BinaryOp::Add
                | BinaryOp::Subtract
                | BinaryOp::Multiply
                | BinaryOp::Divide
                | BinaryOp::Compare(_) => return None,
            };
            Some(Piece::Statement(format!("{name}({left},{right})")))
        }
        (Piece::Number(..), Piece::Statement(_)) | (Piece::Statement(_), Piece::Number(..)) => None,
    }
}

/// A product of which at most one factor was rounded.
fn product(
    (left, h): (String, Option<String>),
    (right, k): (String, Option<String>),
) -> Option<Piece> {
    let moved = match (h, k) {
        (None, None) => None,
        (Some(half), None) => Some(format!("ABS({half}*{right})")),
        (None, Some(half)) => Some(format!("ABS({half}*{left})")),
        (Some(_), Some(_)) => return None,
    };
    Some(Piece::Number(format!("({left}*{right})"), moved))
}

fn both(left: Option<String>, right: Option<String>) -> Option<String> {
    match (left, right) {
        (Some(left), Some(right)) => Some(format!("({left}+{right})")),
        (one, other) => one.or(other),
    }
}

/// By how much the sides of a comparison may differ.
fn allowed(tolerance: Tolerance, (left, right): (&str, &str), moved: Option<String>) -> String {
    match tolerance {
        Tolerance::Absolute(value) => literal(value),
        Tolerance::Relative(share) => {
            format!("({}*MAX(ABS({left}),ABS({right})))", literal(share))
        }
        Tolerance::Rounding => moved.unwrap_or_else(|| "0".to_owned()),
    }
}

fn compared(comparison: Comparison, left: &str, right: &str, allowed: &str) -> String {
    let difference = format!("ROUND({left}-{right},{DECIMALS})");
    let allowed = format!("ROUND({allowed},{DECIMALS})");
    match comparison {
        Comparison::Equal => format!("ABS({difference})<={allowed}"),
        Comparison::NotEqual => format!("ABS({difference})>{allowed}"),
        Comparison::Less => format!("{difference}<{allowed}"),
        Comparison::LessOrEqual => format!("{difference}<={allowed}"),
        Comparison::Greater => format!("{difference}>-{allowed}"),
        Comparison::GreaterOrEqual => format!("{difference}>=-{allowed}"),
    }
}

fn literal(value: Decimal) -> String {
    if value < Decimal::ZERO {
        format!("({value})")
    } else {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::compiled;
    use super::*;

    fn formula(edit: &Edit) -> Option<String> {
        let cell = |source: Source, name: &str| {
            let column = match source {
                Source::Own => 'A',
                Source::Lag(1) => 'B',
                Source::Children | Source::Lag(_) | Source::YearAgo | Source::YearToDate => {
                    return None;
                }
            };
            let row = match name {
                "gdp" => 1,
                "primary" => 2,
                "secondary" => 3,
                _ => return None,
            };
            Some(Reference {
                cell: format!("{column}{row}"),
                decimals: 2,
            })
        };
        violation(edit, &cell).map(|violation| violation.formula)
    }

    #[test]
    fn sums_with_their_tolerances() {
        let of = |tolerance| formula(&compiled("gdp = primary + secondary", tolerance)).unwrap();
        let frame = |statement: &str| {
            format!(
                "IF(AND(ISNUMBER(A1),ISNUMBER(A2),ISNUMBER(A3)),IFERROR(NOT({statement}),FALSE),FALSE)"
            )
        };
        assert_eq!(of("0"), frame("ABS(ROUND(A1-(A2+A3),12))<=ROUND(0,12)"));
        assert_eq!(
            of("0.05"),
            frame("ABS(ROUND(A1-(A2+A3),12))<=ROUND(0.05,12)")
        );
        assert_eq!(
            of("rounding"),
            frame("ABS(ROUND(A1-(A2+A3),12))<=ROUND((0.005+(0.005+0.005)),12)")
        );
        assert_eq!(
            of("1%"),
            frame("ABS(ROUND(A1-(A2+A3),12))<=ROUND((0.01*MAX(ABS(A1),ABS((A2+A3)))),12)")
        );
    }

    #[test]
    fn connectives_signs_and_what_has_no_formula() {
        assert_eq!(
            formula(&compiled("gdp >= 0 and not (primary > -1)", "0")).unwrap(),
            "IF(AND(ISNUMBER(A1),ISNUMBER(A2)),IFERROR(NOT(AND(ROUND(A1-0,12)>=-ROUND(0,12),NOT(ROUND(A2-(-1),12)>-ROUND(0,12)))),FALSE),FALSE)"
        );
        for text in [
            "sqrt(gdp) > 1",
            "gdp = nvl(primary, 0)",
            "gdp in {1, 2}",
            "gdp > 1 or isnull(primary)",
        ] {
            assert_eq!(formula(&compiled(text, "0")), None, "{text}");
        }
    }
}
