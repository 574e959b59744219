//! Measures that are computed before the rules: one statement of the script each.
//!
//! What may not be computed for every record (a quotient whose divisor may be zero, a logarithm) is guarded by an `if`, and
//! an engine may stumble over two of them in one expression, so each stands in a measure of its own. It is missing where
//! its condition is not true.

use super::term::{Statement, Term};

/// What is longer than this is kept as a measure where it would be written more than once.
const REPEATED_LEN_BYTES_MAX: usize = 40;

/// A measure and the expression that computes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The measure.
    pub measure: String,
    /// Its expression, with at most one `if`.
    pub expression: String,
}

/// The measures of one rule, in the order in which they are computed.
pub(super) struct Steps {
    prefix: String,
    steps: Vec<Step>,
}

impl Steps {
    pub(super) const fn new(prefix: String) -> Self {
        Self {
            prefix,
            steps: Vec::new(),
        }
    }

    pub(super) fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    /// `value` where `condition` is true; else missing.
    pub(super) fn guarded(&mut self, condition: &Statement, value: &Term) -> Term {
        self.choice(condition, value, "null", value.digits)
    }

    /// `then` where `condition` is true; else `otherwise`.
    pub(super) fn chosen(&mut self, condition: &Statement, then: &Term, otherwise: &Term) -> Term {
        let digits = then.digits.zip(otherwise.digits).map(|(a, b)| a.max(b));
        self.choice(condition, then, &otherwise.text, digits)
    }

    /// 1 where `condition` is true, else missing.
    pub(super) fn one_if(&mut self, condition: &Statement) -> Term {
        self.choice(condition, &Term::atom("1", Some(0)), "null", Some(0))
    }

    /// A measure of its own for what would be written more than once.
    pub(super) fn kept(&mut self, value: &Term) -> Term {
        self.add(value.text.clone(), value.digits)
    }

    /// The value itself where it is short, else [`Self::kept`].
    pub(super) fn short(&mut self, value: &Term) -> Term {
        if value.text.len() > REPEATED_LEN_BYTES_MAX {
            self.kept(value)
        } else {
            value.clone()
        }
    }

    /// A statement that is long or holds another choice, as a measure: 1 where it is true, else 0.
    pub(super) fn truth(&mut self, condition: &Statement) -> Statement {
        let (one, zero) = (Term::atom("1", Some(0)), Term::atom("0", Some(0)));
        let kept = self.chosen(condition, &one, &zero);
        kept.compared("=", &one)
    }

    fn choice(
        &mut self,
        condition: &Statement,
        then: &Term,
        otherwise: &str,
        digits: Option<u32>,
    ) -> Term {
        // An undecided condition picks `else` in VTL; that it does is said, for readers and for engines.
        let text = format!(
            "if {} then {} else {otherwise}",
            condition.surely().text,
            then.text
        );
        self.add(text, digits)
    }

    fn add(&mut self, expression: String, digits: Option<u32>) -> Term {
        if let Some(known) = self.steps.iter().find(|step| step.expression == expression) {
            return Term::atom(known.measure.clone(), digits);
        }
        let measure = format!("{}_{}", self.prefix, self.steps.len() + 1);
        self.steps.push(Step {
            measure: measure.clone(),
            expression,
        });
        Term::atom(measure, digits)
    }
}
