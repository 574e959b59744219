//! The lightest sets beside what a mixed-integer solver finds, good_lp with microlp, in the formulation of de Waal,
//! Pannekoek and Scholtus (2011): each cell may move by at most `M` times a switch, and the switches' weight is minimal. The
//! solver computes in floating point, so it is asked about small figures only, and it tells one set of several.

use good_lp::{Expression, Solution, SolverModel, Variable, microlp, variable, variables};
use proptest::{prelude::*, sample::select};

use super::*;
use crate::edits::linear::{Limit, localise};

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// How far a cell may move. Small, because a switch may be off its whole number by a millionth.
const M: f64 = 200.0;

/// `sum of coefficient * cell` compared with a number.
#[derive(Clone, Debug)]
struct Line {
    coefficients: BTreeMap<usize, i64>,
    sign: &'static str,
    bound: i64,
}

impl Line {
    fn text(&self) -> String {
        let terms = self.coefficients.iter();
        let terms: Vec<String> = terms
            .map(|(at, c)| format!("{c} * {}", NAMES[*at]))
            .collect();
        format!("{} {} {}", terms.join(" + "), self.sign, self.bound)
    }
}

fn line() -> impl Strategy<Value = Line> {
    let coefficients =
        prop::collection::btree_map(0..NAMES.len(), select(&[-2_i64, -1, 1, 2][..]), 1..5);
    let sign = select(&["=", "=", "<=", ">="][..]);
    (coefficients, sign, -9..10_i64).prop_map(|(coefficients, sign, bound)| Line {
        coefficients,
        sign,
        bound,
    })
}

/// The weight of the lightest set as the solver has it; none where it says that there is none.
fn solved(lines: &[Line], values: &[i64], weights: &[u32]) -> Option<f64> {
    let mut all = variables!();
    let moves: Vec<Variable> = values
        .iter()
        .map(|_| all.add(variable().min(-M).max(M)))
        .collect();
    let switches: Vec<Variable> = values
        .iter()
        .map(|_| all.add(variable().binary()))
        .collect();
    let weighed = switches.iter().zip(weights);
    let weight: Expression = weighed
        .map(|(switch, weight)| f64::from(*weight) * *switch)
        .sum();
    let mut model = all.minimise(weight.clone()).using(microlp);
    for line in lines {
        let now: i64 = line
            .coefficients
            .iter()
            .map(|(at, c)| c * values[*at])
            .sum();
        let moved: Expression = line
            .coefficients
            .iter()
            .map(|(at, c)| *c as f64 * moves[*at])
            .sum();
        let bound = (line.bound - now) as f64;
        model.add_constraint(match line.sign {
            "=" => moved.eq(bound),
            "<=" => moved.leq(bound),
            _ => moved.geq(bound),
        });
    }
    for (by, switch) in moves.iter().zip(&switches) {
        model.add_constraint((*by - M * *switch).leq(0.0));
        model.add_constraint((*by + M * *switch).geq(0.0));
    }
    model.solve().ok().map(|solution| solution.eval(&weight))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_lightest_weight_is_the_solvers(
        lines in prop::collection::vec(line(), 1..5),
        values in prop::collection::vec(-9..10_i64, 6),
        weights in prop::collection::vec(1..4_u32, 6),
    ) {
        let edits: Vec<Edit> = lines.iter().enumerate().map(|(at, line)| edit(&format!("E{at}: {}", line.text()))).collect();
        let cells = NAMES.iter().zip(&values).map(|(name, value)| ((*name).to_owned(), Decimal::integer(*value)));
        let record = Record { cells: cells.collect(), ..Record::default() };
        let weight = |i: &IndicatorCode| weights[NAMES.iter().position(|name| *name == i.as_str()).unwrap()];
        let found = localise(&edits.iter().collect::<Vec<_>>(), &record, &weight, Limit::default());
        prop_assert!(found.proven());
        // Of edits that nothing satisfies only the group that fails is looked at.
        if found.parts.iter().all(|part| !part.sets.is_empty()) {
            if let Some(weight) = solved(&lines, &values, &weights) {
                prop_assert!((weight - found.weight() as f64).abs() < 1e-4, "{weight} {found:#?}");
            }
        } else {
            prop_assert_eq!(solved(&lines, &values, &weights), None);
        }
    }
}
