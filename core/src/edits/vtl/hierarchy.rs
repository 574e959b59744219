//! Edits that say only that a unit's figure is the sum over its children, in VTL's own words for it.

use super::{
    Columns, Edit, RollupMode, Statement,
    comparison::{Figure, either, of_difference},
    figure,
    term::Term,
};
use crate::{
    code::IndicatorCode,
    decimal::Decimal,
    edits::{
        MissingStrategy, Tolerance,
        ast::{BinaryOp, Comparison, NodeKind, Source},
    },
};

/// A roll-up edit as `check_hierarchy` does it: `x = rollup(x)`, or another comparison but `<>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hierarchy {
    /// The indicator on both sides.
    pub indicator: IndicatorCode,
    /// The comparison between a unit and the sum of its children.
    pub comparison: &'static str,
    /// How missing children count, by VTL's name.
    pub mode: RollupMode,
    /// The verdict from the measure `'imbalance'` of `check_hierarchy`, because a hierarchical ruleset knows no
    /// tolerance, and from the unit's own figure, without which no verdict is given.
    pub verdict: String,
}

/// The hierarchical form of an edit, where it has one: its own figure compared with the roll-up of the same indicator,
/// with an absolute tolerance or `rounding`, and without a strategy that fills in what is missing.
#[must_use]
pub fn hierarchy(edit: &Edit, columns: &dyn Columns) -> Option<Hierarchy> {
    let nodes = &edit.ast.nodes;
    let NodeKind::Binary(BinaryOp::Compare(comparison), left, right) = nodes[edit.ast.root].kind
    else {
        return None;
    };
    // A hierarchical rule knows `=`, `<`, `<=`, `>` and `>=`.
    if comparison == Comparison::NotEqual {
        return None;
    }
    let (NodeKind::Operand(own), NodeKind::Operand(children)) =
        (&nodes[left].kind, &nodes[right].kind)
    else {
        return None;
    };
    let fits = own.source == Source::Own
        && children.source == Source::Children
        && own.name == children.name
        && own.dataset.is_none()
        && children.dataset.is_none();
    let fills = match edit.missing_strategy() {
        MissingStrategy::ThreeValued | MissingStrategy::SkipIfAny => false,
        MissingStrategy::SkipIfAll | MissingStrategy::NeverSkip => true,
    };
    let indicator = edit
        .indicators()
        .first()
        .filter(|_| fits && !fills)?
        .clone();
    let figures: Vec<Figure> = edit
        .operands()
        .iter()
        .map(|o| figure(edit, o, columns))
        .collect();
    let bound = match edit.tolerance() {
        Tolerance::Absolute(t) => Term::number(t),
        Tolerance::Relative(_) => return None,
        Tolerance::Rounding => {
            let halves = figures.iter().map(|f| f.half.clone());
            halves.reduce(|a, b| either(a.as_ref(), b.as_ref()))??
        }
    };
    let own = &figures.first()?.value;
    let imbalance = Term::atom("'imbalance'", own.digits);
    let nothing = Term::number(Decimal::ZERO);
    let known = imbalance.plus(&own.times(&nothing));
    let verdict: Statement = of_difference(comparison, known, &bound);
    Some(Hierarchy {
        indicator,
        comparison: comparison.text(),
        mode: edit.rollup_mode(),
        verdict: verdict.text,
    })
}
