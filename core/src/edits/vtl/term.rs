//! Pieces of VTL text, each with how tightly its outermost operator binds.

use crate::{decimal::Decimal, edits::ast::BinaryOp};

/// What stands by itself, and what a sign stands before.
const ATOM: u8 = 7;
const UNARY: u8 = 6;
const SUM: u8 = BinaryOp::Add.power();
const PRODUCT: u8 = BinaryOp::Multiply.power();

/// The most digits after the point to which a number is cleaned of what binary floating point adds.
const DIGITS_MAX: u32 = 12;

/// A number in VTL.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) text: String,
    power: u8,
    /// The most digits that the exact number has after the point, where that is known.
    pub(super) digits: Option<u32>,
}

/// A statement in VTL.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) text: String,
    shape: Shape,
}

/// What is outermost in a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Atom,
    Not,
    Comparison,
    Joined(BinaryOp),
}

impl Term {
    pub(super) fn atom(text: impl Into<String>, digits: Option<u32>) -> Self {
        let text = text.into();
        Self {
            text,
            power: ATOM,
            digits,
        }
    }

    pub(super) fn number(value: Decimal) -> Self {
        let value = value.normalised();
        let digits = Some(u32::from(value.scale()));
        if value < Decimal::ZERO {
            return Self::number(value.abs()).negated();
        }
        Self::atom(value.to_string(), digits)
    }

    pub(super) fn call(name: &str, arguments: &[&str], digits: Option<u32>) -> Self {
        Self::atom(format!("{name}({})", arguments.join(", ")), digits)
    }

    pub(super) fn with_digits(self, digits: Option<u32>) -> Self {
        Self { digits, ..self }
    }

    pub(super) fn negated(self) -> Self {
        Self {
            text: format!("-{}", self.within(ATOM)),
            power: UNARY,
            digits: self.digits,
        }
    }

    pub(super) fn abs(&self) -> Self {
        Self::call("abs", &[&self.text], self.digits)
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        self.binary("+", other, SUM, larger(self.digits, other.digits))
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        self.binary("-", other, SUM, larger(self.digits, other.digits))
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        let digits = self.digits.zip(other.digits);
        self.binary(
            "*",
            other,
            PRODUCT,
            digits.map(|(a, b)| a.saturating_add(b)),
        )
    }

    /// The divisor is a number other than zero, or guarded.
    pub(super) fn over(&self, other: &Self) -> Self {
        self.binary("/", other, PRODUCT, None)
    }

    /// Division by a power of ten only moves the point.
    pub(super) fn over_power_of_ten(&self, exponent: u32) -> Self {
        let digits = self.digits.map(|digits| digits.saturating_add(exponent));
        self.binary("/", &Self::power_of_ten(exponent), PRODUCT, digits)
    }

    pub(super) fn power_of_ten(exponent: u32) -> Self {
        let zeros = usize::try_from(exponent).unwrap_or_default();
        Self::atom(format!("1{}", "0".repeat(zeros)), Some(0))
    }

    /// The number without what binary floating point adds to it, where its digits are known. In an engine that computes
    /// exactly this changes nothing.
    pub(super) fn clean(self) -> Self {
        match self.digits {
            Some(digits) if digits <= DIGITS_MAX => {
                Self::call("round", &[&self.text, &digits.to_string()], self.digits)
            }
            Some(_) | None => self,
        }
    }

    /// Whether [`Self::clean`] does something.
    pub(super) fn is_clean(&self) -> bool {
        self.digits.is_some_and(|digits| digits <= DIGITS_MAX)
    }

    pub(super) fn compared(&self, sign: &str, other: &Self) -> Statement {
        let (left, right) = (self.within(SUM), other.within(SUM));
        Statement {
            text: format!("{left} {sign} {right}"),
            shape: Shape::Comparison,
        }
    }

    fn binary(&self, sign: &str, other: &Self, power: u8, digits: Option<u32>) -> Self {
        let (left, right) = (self.within(power), other.within(power + 1));
        Self {
            text: format!("{left} {sign} {right}"),
            power,
            digits,
        }
    }

    fn within(&self, power: u8) -> String {
        wrapped(&self.text, self.power, power)
    }
}

impl Statement {
    pub(super) fn atom(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            shape: Shape::Atom,
        }
    }

    /// A comparison that is written out.
    pub(super) fn comparison(text: String) -> Self {
        Self {
            text,
            shape: Shape::Comparison,
        }
    }

    pub(super) fn not(&self) -> Self {
        Self {
            text: format!("not {}", self.bracketed_unless(self.shape == Shape::Atom)),
            shape: Shape::Not,
        }
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        self.joined(BinaryOp::And, other)
    }

    pub(super) fn or(&self, other: &Self) -> Self {
        self.joined(BinaryOp::Or, other)
    }

    /// `and`, `or` or `xor`. What is joined by another word is bracketed, so that no reader needs the table of precedence.
    pub(super) fn joined(&self, op: BinaryOp, other: &Self) -> Self {
        let side = |side: &Self| {
            let plain = match side.shape {
                Shape::Atom | Shape::Not | Shape::Comparison => true,
                Shape::Joined(inner) => inner == op && op != BinaryOp::Xor,
            };
            side.bracketed_unless(plain)
        };
        Self {
            text: format!("{} {} {}", side(self), op.text(), side(other)),
            shape: Shape::Joined(op),
        }
    }

    /// True where it is true, false where it is false or undecided.
    pub(super) fn surely(&self) -> Self {
        Self::atom(format!("nvl({}, false)", self.text))
    }

    fn bracketed_unless(&self, plain: bool) -> String {
        if plain {
            self.text.clone()
        } else {
            format!("({})", self.text)
        }
    }
}

fn wrapped(text: &str, power: u8, needed: u8) -> String {
    if power < needed {
        format!("({text})")
    } else {
        text.to_owned()
    }
}

fn larger(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    a.zip(b).map(|(a, b)| a.max(b))
}
