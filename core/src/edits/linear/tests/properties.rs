//! Random edits and records against judges that share no code with what they judge: the evaluator of edits, elimination
//! by Fourier and Motzkin over all sets of cells, and the mixed-integer solver microlp.

use proptest::{prelude::*, sample::select};

use super::*;
use crate::edits::{
    Truth,
    linear::{
        ConflictKind, Limit,
        cases::{self, Answer, Item},
        examine,
        form::{self, Reading},
        formula::{Atom, Formula},
        fraction::Fraction,
        localise,
        set::Set,
        simplex::{self, Row},
    },
};

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

fn name() -> impl Strategy<Value = &'static str> {
    select(&NAMES[..])
}

fn sum() -> impl Strategy<Value = String> {
    let term = (select(&["", "2 * ", "-"][..]), name()).prop_map(|(k, x)| format!("{k}{x}"));
    let constant = (0..6_i32).prop_map(|c| c.to_string());
    let piece = prop_oneof![
        6 => term,
        2 => constant,
        1 => name().prop_map(|x| format!("abs({x})")),
        1 => (name(), name(), name()).prop_map(|(x, y, z)| format!("(if {x} > 0 then {y} else {z})")),
    ];
    prop::collection::vec((piece, select(&[" + ", " - "][..])), 1..4).prop_map(|pieces| {
        let joined: Vec<String> = pieces
            .iter()
            .enumerate()
            .map(|(at, (piece, sign))| format!("{}{piece}", if at == 0 { "" } else { sign }))
            .collect();
        joined.concat()
    })
}

fn comparison() -> impl Strategy<Value = String> {
    let sign = select(&["=", "=", "<=", ">=", "<", ">", "<>"][..]);
    (sum(), sign, sum()).prop_map(|(left, sign, right)| format!("{left} {sign} {right}"))
}

fn expression() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => comparison(),
        1 => (comparison(), comparison()).prop_map(|(a, b)| format!("not ({a}) or {b}")),
        1 => (comparison(), comparison()).prop_map(|(a, b)| format!("{a} and {b}")),
        1 => (comparison(), comparison()).prop_map(|(a, b)| format!("{a} xor {b}")),
        1 => (comparison(), comparison(), comparison()).prop_map(|(a, b, c)| format!("if {a} then {b} else {c}")),
        1 => (name(), name(), name()).prop_map(|(a, b, c)| format!("{a} = {b} * {c}")),
    ]
}

/// A rule that names at least one indicator.
fn rule() -> impl Strategy<Value = String> {
    let tolerance = select(&["", "", "~ 0.5", "~ 10%", "~ rounding"][..]);
    let rule = (expression(), tolerance).prop_map(|(e, t)| format!("{e} {t}"));
    rule.prop_filter("no indicator", |rule| {
        let words: Vec<&str> = rule.split(|c: char| !c.is_ascii_alphabetic()).collect();
        words.iter().any(|word| NAMES.contains(word))
    })
}

fn rules(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec(rule(), count).prop_map(|rules| {
        let lines = rules.iter().enumerate();
        lines
            .map(|(at, rule)| edit(&format!("E{at}: {rule}")))
            .collect()
    })
}

/// Figures with no or one digit after the point; the missing ones are left out.
fn record(present_percent: u32) -> impl Strategy<Value = Record> {
    let value = (-60..60_i64, any::<bool>()).prop_map(|(tenths, fine)| {
        if fine {
            Decimal::new(tenths.into(), 1).unwrap()
        } else {
            Decimal::integer(tenths / 10)
        }
    });
    let values = prop::collection::vec((value, 0..100_u32), NAMES.len());
    values.prop_map(move |values| Record {
        cells: NAMES
            .iter()
            .zip(values)
            .filter(|(_, (_, chance))| *chance < present_percent)
            .map(|(name, (value, _))| ((*name).to_owned(), value))
            .collect(),
        rollups: BTreeMap::new(),
    })
}

fn place(indicator: &IndicatorCode) -> usize {
    NAMES
        .iter()
        .position(|name| *name == indicator.as_str())
        .unwrap()
}

/// The statement of an edit with every cell free.
fn statement(edit: &Edit, record: &Record) -> Option<Formula> {
    let known = edit.indicators().iter().filter_map(|i| record.cell(i));
    let coarsest = known.map(Decimal::half_unit_of_last_digit).max();
    form::statement(edit, &mut |slot| Reading::Free {
        variable: place(&slot.indicator),
        half: match record.cell(&slot.indicator) {
            Some(value) => value.half_unit_of_last_digit(),
            None => coarsest.unwrap_or(Decimal::ZERO),
        },
    })
}

/// Whether the statements can hold, by splitting every `or` and eliminating every unknown.
fn possible(
    open: &mut Vec<&Formula>,
    rows: &mut Vec<Row>,
    known: &dyn Fn(usize) -> Option<Fraction>,
) -> bool {
    let Some(next) = open.pop() else {
        return eliminated(rows.clone());
    };
    let (open_before, rows_before) = (open.len(), rows.len());
    let found = match next {
        Formula::True => possible(open, rows, known),
        Formula::False => false,
        Formula::Atom(atom) => {
            rows.push(filled(atom, known));
            eliminated(rows.clone()) && possible(open, rows, known)
        }
        Formula::All(parts) => {
            open.extend(parts);
            possible(open, rows, known)
        }
        Formula::Any(parts) => parts.iter().any(|part| {
            let mut open = open.clone();
            open.push(part);
            possible(&mut open, &mut rows.clone(), known)
        }),
    };
    open.truncate(open_before);
    rows.truncate(rows_before);
    open.push(next);
    found
}

fn filled(atom: &Atom, known: &dyn Fn(usize) -> Option<Fraction>) -> Row {
    let (mut terms, mut bound) = (Vec::new(), atom.affine.constant.negated());
    for &(variable, coefficient) in &atom.affine.terms {
        match known(variable) {
            Some(value) => {
                bound = bound
                    .subtract(coefficient.multiply(value).unwrap())
                    .unwrap();
            }
            None => terms.push((variable, coefficient)),
        }
    }
    Row {
        terms,
        bound,
        strict: atom.strict,
    }
}

/// Fourier's elimination, the variable that makes the fewest rows first.
fn eliminated(mut rows: Vec<Row>) -> bool {
    let mut left: Vec<usize> = (0..NAMES.len()).collect();
    while !left.is_empty() {
        let made = |variable: &usize| {
            let count = |sign: fn(Fraction) -> bool| {
                rows.iter().filter(|row| sign(of(row, *variable))).count()
            };
            count(Fraction::is_positive) * count(Fraction::is_negative)
        };
        let at = (0..left.len()).min_by_key(|at| made(&left[*at])).unwrap();
        rows = without(rows, left.swap_remove(at));
    }
    rows.iter()
        .all(|row| row.bound.is_positive() || row.bound.is_zero() && !row.strict)
}

fn of(row: &Row, variable: usize) -> Fraction {
    let term = row.terms.iter().find(|(v, _)| *v == variable);
    term.map_or(Fraction::ZERO, |(_, c)| *c)
}

fn without(rows: Vec<Row>, variable: usize) -> Vec<Row> {
    let (with, mut next): (Vec<Row>, Vec<Row>) = rows
        .into_iter()
        .partition(|row| !of(row, variable).is_zero());
    for above in with.iter().filter(|row| of(row, variable).is_positive()) {
        for below in with.iter().filter(|row| of(row, variable).is_negative()) {
            next.push(added(
                above,
                of(above, variable),
                below,
                of(below, variable).magnitude(),
            ));
        }
    }
    next.sort_by(|a, b| (&a.terms, a.bound, !a.strict).cmp(&(&b.terms, b.bound, !b.strict)));
    next.dedup_by(|later, first| later.terms == first.terms);
    next
}

/// `above / a + below / b`, where one variable cancels.
fn added(above: &Row, a: Fraction, below: &Row, b: Fraction) -> Row {
    let mut terms: BTreeMap<usize, Fraction> = BTreeMap::new();
    for (row, divisor) in [(above, a), (below, b)] {
        for (variable, coefficient) in &row.terms {
            let sum = terms.entry(*variable).or_insert(Fraction::ZERO);
            *sum = sum.add(coefficient.divide(divisor).unwrap()).unwrap();
        }
    }
    let bounds = (above.bound.divide(a), below.bound.divide(b));
    Row {
        terms: terms.into_iter().filter(|(_, c)| !c.is_zero()).collect(),
        bound: bounds.0.unwrap().add(bounds.1.unwrap()).unwrap(),
        strict: above.strict || below.strict,
    }
}

/// Every set of cells that are there, with its weight.
fn all_sets(record: &Record, weights: &[u32]) -> Vec<(u64, Set)> {
    let there = |place: &usize| record.cells.contains_key(NAMES[*place]);
    (0..1_usize << NAMES.len())
        .map(|bits| {
            (0..NAMES.len())
                .filter(|at| bits >> at & 1 == 1)
                .collect::<Set>()
        })
        .filter(|set| set.iter().all(|place| there(&place)))
        .map(|set| (set.iter().map(|at| u64::from(weights[at])).sum(), set))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// The linear statement says of a complete record what the evaluator says.
    #[test]
    fn a_statement_says_what_its_edit_says(edits in rules(1..2), record in record(100)) {
        let edit = &edits[0];
        if let Some(statement) = statement(edit, &record) {
            let item = Item { statement: &statement, labels: Set::EMPTY };
            let known = |at: usize| Fraction::of(record.cells[NAMES[at]]);
            let fails = edit.evaluate(&record).truth == Truth::False;
            let is_possible = cases::decide(&[item], &known) == Answer::Possible;
            prop_assert_eq!(is_possible, !fails, "{}", edit.expression());
        }
    }

    /// The sets are the lightest, all of them: no set by brute force is missing, none is too many.
    #[test]
    fn the_lightest_sets_are_found(
        edits in rules(1..4),
        record in record(85),
        weights in prop::collection::vec(1..4_u32, 6),
    ) {
        let statements: Option<Vec<Formula>> = edits.iter().map(|e| statement(e, &record)).collect();
        let fails = edits.iter().any(|edit| edit.evaluate(&record).truth == Truth::False);
        // Brute force takes for ever where edits have very many cases.
        let is_small = |all: &Vec<Formula>| all.iter().map(Formula::size).sum::<usize>() <= 40;
        let Some(statements) = statements.filter(|all| fails && is_small(all)) else {
            return Ok(());
        };
        let all: Vec<&Edit> = edits.iter().collect();
        let limit = Limit { sets: 64, ..Limit::default() };
        let found = localise(&all, &record, &|i| weights[place(i)], limit);
        prop_assert!(found.proven());
        let is_enough = |set: &Set| {
            let known = |at: usize| {
                let value = record.cells.get(NAMES[at]).filter(|_| !set.has(at));
                value.and_then(|value| Fraction::of(*value))
            };
            possible(&mut statements.iter().collect(), &mut Vec::new(), &known)
        };
        // Edits that are undecided one by one may contradict each other in a group where none is false.
        let decided = edits.iter().all(|e| e.evaluate(&record).truth != Truth::Undecided);
        if found.parts.len() != 1 || !decided {
            return Ok(());
        }
        let mut enough: Vec<(u64, Set)> = all_sets(&record, &weights);
        enough.sort();
        let first = enough.iter().find(|(_, set)| is_enough(set)).map(|(weight, _)| *weight);
        let part = &found.parts[0];
        let sets: Vec<Set> = part.sets.iter().map(|set| set.iter().map(|s| place(&s.indicator)).collect()).collect();
        prop_assert_eq!(first, sets.first().map(|_| part.weight));
        for (weight, set) in enough.iter().filter(|(weight, _)| Some(*weight) == first) {
            let lightest = is_enough(set);
            prop_assert_eq!(sets.contains(set), lightest, "{:?} of {} in {:#?}", set, weight, found);
        }
    }

    /// With the figure that is said to fit no edit fails, and with one beyond the bounds some edit does.
    #[test]
    fn what_is_said_to_fit_fits(edits in rules(1..4), record in record(100)) {
        let all: Vec<&Edit> = edits.iter().collect();
        for part in localise(&all, &record, &|_| 1, Limit::default()).parts {
            if !part.unchecked.is_empty() {
                continue;
            }
            for suspect in part.sets.iter().flatten() {
                let Some(fit) = &suspect.fit else { continue };
                let fails_with = |value: Decimal| {
                    let mut changed = record.clone();
                    changed.cells.insert(suspect.indicator.to_string(), value);
                    let concerned = all.iter().filter(|edit| edit.indicators().contains(&suspect.indicator));
                    concerned.clone().any(|edit| edit.evaluate(&changed).truth == Truth::False)
                };
                let unit = Decimal::new(1, suspect.reported.scale()).unwrap();
                let step = |from: Option<Decimal>, by| from.and_then(|from: Decimal| from.checked_add(by));
                prop_assert!(fit.value.is_none_or(|value| !fails_with(value)));
                prop_assert!(step(fit.lowest, -unit).is_none_or(fails_with), "{:?}", suspect);
                prop_assert!(step(fit.highest, unit).is_none_or(fails_with), "{:?}", suspect);
            }
        }
    }

    /// No record of a grid satisfies contradictory edits, or breaks a redundant one alone.
    #[test]
    fn conflicts_are_none_on_a_grid(edits in rules(2..5), records in prop::collection::vec(record(100), 200)) {
        let all: Vec<&Edit> = edits.iter().collect();
        let by_id = |id: &EditId| *all.iter().find(|edit| edit.id() == id).unwrap();
        for conflict in examine(&all) {
            let culprits: Vec<&Edit> = conflict.edits.iter().map(by_id).collect();
            if culprits.iter().any(|edit| edit.tolerance() == crate::edits::Tolerance::Rounding) {
                continue;
            }
            for record in &records {
                let fails = |edit: &&Edit| edit.evaluate(record).truth == Truth::False;
                let failing = culprits.iter().filter(|edit| fails(edit)).count();
                match conflict.kind {
                    ConflictKind::Contradiction => prop_assert!(failing > 0, "{:?}", conflict),
                    ConflictKind::Redundancy => prop_assert!(failing != 1 || !fails(&culprits[0]), "{:?}", conflict),
                    ConflictKind::NotLinear | ConflictKind::Open => {}
                }
            }
        }
    }

    /// The simplex and elimination agree on rows with strict bounds.
    #[test]
    fn the_simplex_agrees_with_elimination(rows in random_rows(8)) {
        let answer = simplex::solve(6, &rows).unwrap();
        prop_assert_eq!(matches!(answer, simplex::Answer::Point(_)), eliminated(rows));
    }

    /// A contradiction is irreducible: without any one of its rows the others can hold.
    #[test]
    fn conflicts_of_rows_are_irreducible(rows in random_rows(10)) {
        if let simplex::Answer::Conflict(multipliers) = simplex::solve(6, &rows).unwrap() {
            for (left_out, _) in &multipliers {
                let others = multipliers.iter().filter(|(row, _)| row != left_out);
                let others: Vec<Row> = others.map(|(row, _)| rows[*row].clone()).collect();
                prop_assert!(eliminated(others));
            }
        }
    }
}

fn random_rows(count: usize) -> impl Strategy<Value = Vec<Row>> {
    let coefficient = select(&[-2_i64, -1, 1, 2][..]);
    let terms = prop::collection::btree_map(0..NAMES.len(), coefficient, 1..4);
    let row = (terms, -5..6_i64, any::<bool>()).prop_map(|(terms, bound, strict)| Row {
        terms: terms
            .into_iter()
            .map(|(v, c)| (v, Fraction::integer(c)))
            .collect(),
        bound: Fraction::integer(bound),
        strict,
    });
    prop::collection::vec(row, 1..count)
}
