//! Random expressions against a naive recursive oracle on fractions, and random text against the parser.

use proptest::prelude::*;

use super::*;
use crate::edits::diagnostic::Diagnostics;

/// A fraction in lowest terms with a divisor above zero. The tests' numbers are small enough never to overflow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fraction(i128, i128);

impl Fraction {
    const ZERO: Self = Self(0, 1);

    fn new(numerator: i128, divisor: i128) -> Option<Self> {
        let (mut a, mut b) = (numerator.checked_abs()?, divisor.checked_abs()?);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        (divisor != 0).then(|| Self(numerator / a * divisor.signum(), divisor.abs() / a))
    }

    fn of(value: Decimal) -> Self {
        Self::new(value.mantissa(), 10_i128.pow(value.scale().into())).unwrap()
    }

    fn add(self, other: Self) -> Option<Self> {
        let cross = |a: i128, b: i128| a.checked_mul(b);
        Self::new(
            cross(self.0, other.1)?.checked_add(cross(other.0, self.1)?)?,
            cross(self.1, other.1)?,
        )
    }

    fn mul(self, other: Self) -> Option<Self> {
        Self::new(self.0.checked_mul(other.0)?, self.1.checked_mul(other.1)?)
    }

    fn div(self, other: Self) -> Option<Self> {
        Self::new(self.0.checked_mul(other.1)?, self.1.checked_mul(other.0)?)
    }

    fn neg(self) -> Self {
        Self(-self.0, self.1)
    }

    fn abs(self) -> Self {
        Self(self.0.abs(), self.1)
    }

    fn at_most(self, other: Self) -> Option<bool> {
        Some(self.add(other.neg())?.0 <= 0)
    }
}

/// A number of the language, as the tests make it.
#[derive(Clone, Debug)]
enum Number {
    Literal(Decimal),
    Own(&'static str),
    Children(&'static str),
    Negated(Box<Number>),
    Abs(Box<Number>),
    Two(&'static str, Box<Number>, Box<Number>),
    If(Box<Boolean>, Box<Number>, Box<Number>),
}

#[derive(Clone, Debug)]
enum Boolean {
    Literal(bool),
    Compare(&'static str, Number, Number),
    IsNull(Number),
    Not(Box<Boolean>),
    Two(&'static str, Box<Boolean>, Box<Boolean>),
    If(Box<Boolean>, Box<Boolean>, Box<Boolean>),
}

/// Writes every parenthesis, so that the text leaves nothing to precedence.
fn number_text(number: &Number) -> String {
    match number {
        Number::Literal(value) => value.to_string(),
        Number::Own(name) => (*name).to_owned(),
        Number::Children(name) => format!("rollup({name})"),
        Number::Negated(inner) => format!("(-({}))", number_text(inner)),
        Number::Abs(inner) => format!("abs({})", number_text(inner)),
        Number::Two(op, left, right) => {
            format!("({} {op} {})", number_text(left), number_text(right))
        }
        Number::If(c, t, e) => {
            format!(
                "(if {} then {} else {})",
                boolean_text(c),
                number_text(t),
                number_text(e)
            )
        }
    }
}

fn boolean_text(boolean: &Boolean) -> String {
    match boolean {
        Boolean::Literal(value) => value.to_string(),
        Boolean::Compare(op, left, right) => {
            format!("({} {op} {})", number_text(left), number_text(right))
        }
        Boolean::IsNull(inner) => format!("isnull({})", number_text(inner)),
        Boolean::Not(inner) => format!("(not ({}))", boolean_text(inner)),
        Boolean::Two(op, left, right) => {
            format!("({} {op} {})", boolean_text(left), boolean_text(right))
        }
        Boolean::If(c, t, e) => {
            format!(
                "(if {} then {} else {})",
                boolean_text(c),
                boolean_text(t),
                boolean_text(e)
            )
        }
    }
}

/// A number and by how much rounding may have moved it.
type Known = (Fraction, Fraction);

/// The oracle: recursion on the tree, fractions, `None` for what is missing.
struct Oracle<'a> {
    record: &'a Record,
    tolerance: Tolerance,
}

impl Oracle<'_> {
    fn number(&self, number: &Number) -> Option<Known> {
        match number {
            Number::Literal(value) => Some((Fraction::of(*value), Fraction::ZERO)),
            Number::Own(name) => {
                let value = *self.record.cells.get(*name)?;
                let half = Fraction::new(1, 2 * 10_i128.pow(value.scale().into()))?;
                Some((Fraction::of(value), self.moved(half)))
            }
            Number::Children(name) => {
                let rollup = self.record.rollups.get(*name)?;
                let whole = rollup.known == rollup.expected && rollup.known > 0;
                let half = self.moved(Fraction::of(rollup.rounding));
                whole.then(|| (Fraction::of(rollup.sum), half))
            }
            Number::Negated(inner) => self.number(inner).map(|(v, h)| (v.neg(), h)),
            Number::Abs(inner) => self.number(inner).map(|(v, h)| (v.abs(), h)),
            Number::Two(op, left, right) => two(op, self.number(left)?, self.number(right)?),
            Number::If(c, t, e) => self.number(if self.boolean(c) == Some(true) { t } else { e }),
        }
    }

    /// Rounding counts only where the tolerance asks for it.
    fn moved(&self, half: Fraction) -> Fraction {
        if self.tolerance == Tolerance::Rounding {
            half
        } else {
            Fraction::ZERO
        }
    }

    fn boolean(&self, boolean: &Boolean) -> Option<bool> {
        match boolean {
            Boolean::Literal(value) => Some(*value),
            Boolean::Compare(op, left, right) => {
                self.compare(op, self.number(left)?, self.number(right)?)
            }
            Boolean::IsNull(inner) => Some(self.number(inner).is_none()),
            Boolean::Not(inner) => self.boolean(inner).map(|value| !value),
            Boolean::Two(op, left, right) => match (*op, self.boolean(left), self.boolean(right)) {
                ("and", Some(false), _) | ("and", _, Some(false)) => Some(false),
                ("or", Some(true), _) | ("or", _, Some(true)) => Some(true),
                ("xor", left, right) => Some(left? ^ right?),
                ("and", left, right) => Some(left? && right?),
                (_, left, right) => Some(left? || right?),
            },
            Boolean::If(c, t, e) => self.boolean(if self.boolean(c) == Some(true) { t } else { e }),
        }
    }

    fn compare(&self, op: &str, (l, lh): Known, (r, rh): Known) -> Option<bool> {
        let difference = l.add(r.neg())?;
        let t = match self.tolerance {
            Tolerance::Absolute(t) => Fraction::of(t),
            Tolerance::Relative(share) => {
                let larger = if l.abs().at_most(r.abs())? {
                    r.abs()
                } else {
                    l.abs()
                };
                larger.mul(Fraction::of(share))?
            }
            Tolerance::Rounding => lh.add(rh)?,
        };
        Some(match op {
            "=" => difference.abs().at_most(t)?,
            "<>" => !difference.abs().at_most(t)?,
            "<=" => difference.at_most(t)?,
            ">=" => difference.neg().at_most(t)?,
            "<" => !t.at_most(difference)?,
            _ => !t.at_most(difference.neg())?,
        })
    }
}

/// The textbook's interval arithmetic.
fn two(op: &str, (x, xh): Known, (y, yh): Known) -> Option<Known> {
    match op {
        "+" => Some((x.add(y)?, xh.add(yh)?)),
        "-" => Some((x.add(y.neg())?, xh.add(yh)?)),
        "*" => {
            let half = x.abs().mul(yh)?.add(y.abs().mul(xh)?)?.add(xh.mul(yh)?)?;
            Some((x.mul(y)?, half))
        }
        _ => {
            let least = y.abs().add(yh.neg())?;
            let moved = y.abs().mul(xh)?.add(x.abs().mul(yh)?)?;
            if yh == Fraction::ZERO || least.0 > 0 {
                return Some((x.div(y)?, moved.div(y.abs().mul(least)?)?));
            }
            None
        }
    }
}

fn decimal() -> impl Strategy<Value = Decimal> {
    (0..100_i128, 0..2_u8).prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale).unwrap())
}

fn number() -> impl Strategy<Value = Number> {
    let name = || prop::sample::select(&["a", "b", "c", "d"][..]);
    let leaf = prop_oneof![
        2 => decimal().prop_map(Number::Literal),
        4 => name().prop_map(Number::Own),
        1 => name().prop_map(Number::Children),
    ];
    leaf.prop_recursive(3, 6, 2, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let small = (boxed(), boxed()).prop_map(|(l, r)| Boolean::Compare("<", *l, *r));
        prop_oneof![
            6 => (prop::sample::select(&["+", "-", "*", "/"][..]), boxed(), boxed())
                .prop_map(|(op, l, r)| Number::Two(op, l, r)),
            1 => boxed().prop_map(Number::Negated),
            1 => boxed().prop_map(Number::Abs),
            1 => (small, boxed(), boxed()).prop_map(|(c, t, e)| Number::If(Box::new(c), t, e)),
        ]
    })
}

fn boolean() -> impl Strategy<Value = Boolean> {
    let comparison = prop::sample::select(&["=", "<>", "<", "<=", ">", ">="][..]);
    let leaf = prop_oneof![
        1 => any::<bool>().prop_map(Boolean::Literal),
        1 => number().prop_map(Boolean::IsNull),
        8 => (comparison, number(), number()).prop_map(|(op, l, r)| Boolean::Compare(op, l, r)),
    ];
    leaf.prop_recursive(3, 6, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            4 => (prop::sample::select(&["and", "or", "xor"][..]), boxed(), boxed())
                .prop_map(|(op, l, r)| Boolean::Two(op, l, r)),
            1 => boxed().prop_map(Boolean::Not),
            1 => (boxed(), boxed(), boxed()).prop_map(|(c, t, e)| Boolean::If(c, t, e)),
        ]
    })
}

fn record() -> impl Strategy<Value = Record> {
    let cell = || prop::option::weighted(0.8, (decimal(), any::<bool>()));
    let rollup = || prop::option::weighted(0.8, (decimal(), 0..3_u32));
    let names = ["a", "b", "c", "d"];
    (
        prop::array::uniform4(cell()),
        prop::array::uniform4(rollup()),
    )
        .prop_map(move |(cells, rollups)| {
            let mut record = Record::default();
            for (name, cell) in names.iter().zip(cells) {
                if let Some((value, negative)) = cell {
                    record
                        .cells
                        .insert((*name).to_owned(), if negative { -value } else { value });
                }
            }
            for (name, rollup) in names.iter().zip(rollups) {
                if let Some((sum, known)) = rollup {
                    let rounding = d("0.1");
                    let rollup = Rollup {
                        sum,
                        rounding,
                        known,
                        expected: 2,
                    };
                    record.rollups.insert((*name).to_owned(), rollup);
                }
            }
            record
        })
}

fn parsed(text: &str) -> Ast {
    let mut faults = Diagnostics::new(EditField::Expression);
    let ast = parser::parse(text, &mut faults);
    assert!(faults.is_empty(), "{text}: {faults:?}");
    ast
}

/// The words and signs of the language, in any order.
fn soup() -> impl Strategy<Value = String> {
    let words = &[
        "a", "b", "gdpp", "rollup", "abs", "isnull", "previous", "(", ")", ",", "+", "-", "*", "/",
        "=", "<>", "<", "<=", "==", "and", "or", "xor", "not", "AND", "if", "then", "else", "true",
        "1", "0.5", "1,000", "＝", "（", "#", "é",
    ][..];
    prop::collection::vec(prop::sample::select(words), 0..40).prop_map(|words| words.join(" "))
}

/// Whatever the text, there are an edit that evaluates and reports, or diagnostics whose spans fit the text.
fn survives(text: &str) {
    for kind in [EditKind::Validity, EditKind::Quality] {
        let edit_text = EditText {
            kind,
            ..edit_text(text, "rounding")
        };
        match compile(edit_text, &NAMES) {
            Ok(edit) => {
                let record = Record::parse("a=1 c=-2.5 a=sum:4/0.1/2/2");
                let _ = sentence(&edit, &edit.evaluate(&record), &record);
            }
            Err(faults) => {
                assert!((1..=DIAGNOSTICS_MAX).contains(&faults.len()));
                for fault in faults {
                    assert!(text.get(fault.span.clone()).is_some(), "{text:?} {fault:?}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_printed_reads_as_the_same(tree in boolean()) {
        let ast = parsed(&boolean_text(&tree));
        let printed = ast.to_string();
        prop_assert_eq!(&parsed(&printed), &ast, "{}", printed);
        prop_assert!(printed.len() <= boolean_text(&tree).len());
    }

    #[test]
    fn verdicts_agree_with_the_oracle(tree in boolean(), record in record(), which in 0..4_usize) {
        let tolerance = ["", "0.5", "10%", "rounding"][which];
        let expression = format!("{} and (a = a or true)", boolean_text(&tree));
        let edit = compiled(&expression, tolerance);
        let oracle = Oracle { record: &record, tolerance: edit.tolerance() };
        let expected = oracle.boolean(&tree).map_or(Truth::Undecided, Truth::from);
        prop_assert_eq!(edit.evaluate(&record).truth, expected, "{}", expression);
    }

    /// Leaving out parentheses changes nothing: the printed text has only those that precedence needs.
    #[test]
    fn verdicts_do_not_hang_on_parentheses(tree in boolean(), record in record()) {
        let expression = format!("{} and (a = a or true)", boolean_text(&tree));
        let edit = compiled(&expression, "rounding");
        let verdict = edit.evaluate(&record);
        prop_assert_eq!(compiled(&edit.ast.to_string(), "rounding").evaluate(&record), verdict);
    }

    #[test]
    fn sides_and_imbalance_agree(left in number(), right in number(), record in record()) {
        let edit = compiled(&format!("{} = {} + 0 * a", number_text(&left), number_text(&right)), "");
        let verdict = edit.evaluate(&record);
        if let (Some(l), Some(r), Some(imbalance)) = (verdict.left, verdict.right, verdict.imbalance) {
            // Quotients are rounded to twelve digits each.
            let apart = l.checked_sub(r).unwrap().checked_sub(imbalance).unwrap().abs();
            prop_assert!(apart <= d("0.000000000002"));
            prop_assert_eq!(verdict.truth == Truth::True, l == r);
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,200}") {
        survives(&text);
    }

    #[test]
    fn no_soup_panics(text in soup()) {
        survives(&text);
    }
}
