//! Edits as VTL 2.2, so that somebody else's engine gives the same verdicts.
//!
//! An [`Edit`] becomes the text of one rule of a datapoint ruleset. Its semantics are kept where they differ from what the
//! text would mean to an engine:
//!
//! - The tolerance is written into each comparison (`comparison`).
//! - `if` between statements becomes boolean algebra, `if` between numbers a measure that is computed before the rule, and
//!   so is whatever is not defined everywhere: a quotient, a logarithm, a root. There it is missing, where an engine would
//!   stop (`steps`).
//! - `in` and `between` become comparisons; the sign of `mod` and the ties of `round` are written out.
//! - The scope and what the missing-value strategy and the roll-up mode leave undecided become the `when` of the rule: VTL gives
//!   true where that is false, as outside of the scope, and null where it is null. An implication never goes there.
//! - With the tolerance `rounding`, each figure has a second measure with half a unit of its last printed digit, from which
//!   the rule computes by how much rounding may have moved both sides (`figure.rs` has the formulas).
//!
//! A rule reads measures: those of the record, `YEAR` and `SUBPERIOD`, and for what stands elsewhere those that
//! [`measure_name`] names, which the caller prepares ([`Edit::operands`] says which).
//!
//! Pure text: no engine is named here, but for the remarks on binary floating point.

mod words;
mod term;
mod comparison;
mod steps;
mod arithmetic;
mod expression;
mod hierarchy;

#[cfg(test)]
mod tests;

use std::fmt;

use super::{Edit, MissingStrategy, RollupMode, Scope, ast::Source};
use crate::{code::IndicatorCode, text::Bilingual};

use self::{
    expression::figure,
    steps::Steps,
    term::{Statement, Term},
};
pub use self::{
    hierarchy::{Hierarchy, hierarchy},
    steps::Step,
    words::{
        ITEM, PERIOD, SUBPERIOD, UNIT, YEAR, counts_as_zero, dataset_name, half_name, known_name,
        measure_name, quoted, rule_name,
    },
};

/// What is known of the figures.
pub trait Columns {
    /// The most digits after the point that a figure of the indicator has, where that is known.
    fn decimals(&self, indicator: &IndicatorCode) -> Option<u8>;
}

/// An edit as a rule of a datapoint ruleset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, to be made unique by the caller.
    pub name: String,
    /// The measures to compute before it, in this order.
    pub steps: Vec<Step>,
    /// The antecedent.
    pub when: Option<String>,
    /// The consequent.
    pub then: String,
    /// Left minus right, where the expression is one comparison.
    pub imbalance: Option<String>,
}

/// Why an edit has no form in VTL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// `power(x, y)` with a `y` that is no literal: where it is whole, a base below zero has a power, and where not, not.
    Exponent,
    /// An operand that the edit does not list.
    Operand,
    /// No unit is in its scope.
    Scope,
    /// A unit belongs to its scope in some periods only, because it has moved within the tree.
    Moves,
}

impl Obstacle {
    /// The reason for people.
    #[must_use]
    pub fn message(self) -> Bilingual {
        match self {
            Self::Exponent => Bilingual::new(
                "power 的指数不是常数：VTL 引擎无法区分整数次幂与分数次幂的定义域",
                "the exponent of power is no literal, and VTL has no domain for whole and broken powers at once",
            ),
            Self::Operand => Bilingual::new(
                "表达式引用了未登记的操作数",
                "the expression names an operand that the edit does not list",
            ),
            Self::Scope => Bilingual::new("没有适用单位", "it applies to no unit"),
            Self::Moves => Bilingual::new(
                "适用单位随隶属关系变动，规则中写不出来",
                "the units that it applies to change with the tree, which a rule cannot say",
            ),
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}

/// Writes `edit` as a rule. The measures of its steps are called `prefix_1`, `prefix_2` and so on.
///
/// # Errors
/// [`Obstacle`] says why it cannot be written.
pub fn rule(edit: &Edit, columns: &dyn Columns, prefix: &str) -> Result<Rule, Obstacle> {
    let mut steps = Steps::new(prefix.to_owned());
    let written = expression::write(edit, columns, &mut steps)?;
    let when = when(edit, &mut steps)?;
    Ok(Rule {
        name: rule_name(edit.id()),
        steps: steps.into_steps(),
        when: when.map(|when| when.text),
        then: written.statement.text,
        imbalance: written.imbalance.map(|term| term.text),
    })
}

/// True where the edit is to be judged, false outside of its scope, null where it is undecided whatever it says.
fn when(edit: &Edit, steps: &mut Steps) -> Result<Option<Statement>, Obstacle> {
    let parts = [scope(edit.scope())?, missing(edit), mode(edit, steps)];
    Ok(parts
        .into_iter()
        .flatten()
        .reduce(|all, part| all.and(&part)))
}

fn scope(scope: &Scope) -> Result<Option<Statement>, Obstacle> {
    let mut parts = Vec::new();
    if !scope.moves.is_empty() {
        return Err(Obstacle::Moves);
    }
    if let Some(units) = &scope.units {
        if units.is_empty() {
            return Err(Obstacle::Scope);
        }
        let units: Vec<String> = units
            .iter()
            .map(|unit| words::literal(unit.as_str()))
            .collect();
        parts.push(format!("{UNIT} in {{{}}}", units.join(", ")));
    }
    if let Some(subperiods) = &scope.subperiods {
        if subperiods.is_empty() {
            return Err(Obstacle::Scope);
        }
        let numbers: Vec<String> = subperiods.iter().map(ToString::to_string).collect();
        parts.push(format!("{SUBPERIOD} in {{{}}}", numbers.join(", ")));
    }
    let bound = |sign: &str, period| {
        format!(
            "{YEAR} * 1000 + {SUBPERIOD} {sign} {}",
            words::period_number(period)
        )
    };
    parts.extend(scope.from.map(|from| bound(">=", from)));
    parts.extend(scope.to.map(|to| bound("<=", to)));
    let parts = parts.into_iter().map(Statement::comparison);
    Ok(parts.reduce(|all, part| all.and(&part)))
}

/// `x = x` is true where there is a figure and null where there is none.
fn missing(edit: &Edit) -> Option<Statement> {
    let there = |op: fn(&Statement, &Statement) -> Statement| {
        let measures = edit.operands().iter().map(|operand| {
            let name = quoted(&measure_name(operand, edit.rollup_mode()));
            Statement::comparison(format!("{name} = {name}"))
        });
        measures.reduce(|all, one| op(&all, &one))
    };
    match edit.missing_strategy() {
        MissingStrategy::ThreeValued | MissingStrategy::NeverSkip => None,
        MissingStrategy::SkipIfAny => there(Statement::and),
        MissingStrategy::SkipIfAll => there(Statement::or),
    }
}

/// Whether the roll-up mode lets a verdict be given: a measure that is 1 or missing.
fn mode(edit: &Edit, steps: &mut Steps) -> Option<Statement> {
    let conditions = edit.operands().iter().map(|operand| {
        let name = quoted(&measure_name(operand, edit.rollup_mode()));
        match (edit.rollup_mode(), operand.source) {
            (RollupMode::NonZero, _) => Statement::comparison(format!("nvl({name}, 0) <> 0")),
            (_, Source::Children) => {
                Statement::comparison(format!("nvl({}, 0) > 0", quoted(&known_name(operand))))
            }
            (_, Source::Own | Source::Lag(_) | Source::YearAgo | Source::YearToDate) => {
                Statement::atom(format!("isnull({name})")).not()
            }
        }
    });
    let any = conditions.reduce(|any, one| any.or(&one));
    match edit.rollup_mode() {
        RollupMode::NonZero | RollupMode::PartialZero => {
            let kept = steps.one_if(&any?);
            Some(kept.compared("=", &Term::atom("1", Some(0))))
        }
        RollupMode::NonNull
        | RollupMode::PartialNull
        | RollupMode::AlwaysNull
        | RollupMode::AlwaysZero => None,
    }
}
