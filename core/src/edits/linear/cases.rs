//! Whether statements can hold together: a linear program where all of it is conjunction, a split into cases where it is not.
//!
//! The rows that must hold in any case are solved first; only an `or` that their solution does not happen to satisfy is
//! split. A contradiction names its labels (edits or cells, as the caller has it): those whose statements, with the known
//! figures, took part in the proof. Where the contradiction of one case does not rest on the case, the other cases need
//! no look. The work is bounded by a number of linear programs; beyond it the answer is that none was found.

use super::{
    formula::{Atom, Formula},
    fraction::Fraction,
    set::Set,
    simplex::{self, Row},
};

/// One statement that is to hold.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) statement: &'a Formula,
    /// What a contradiction names when it rests on this statement.
    pub(super) labels: Set,
}

/// The answer, which is proven wherever it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Possible,
    /// The statements of these labels cannot hold together.
    Impossible(Set),
    /// The bound on the work was reached, or the arithmetic overflowed.
    Open,
}

/// The known figures, by variable. A contradiction that rests on one names the variable as a label.
pub(super) type Known<'a> = &'a dyn Fn(usize) -> Option<Fraction>;

/// How many linear programs one question may cost.
pub(super) const PROGRAMS_MAX: u32 = 400;

/// How deep cases may nest.
const DEPTH_MAX: u32 = 64;

/// Whether all items can hold with the known figures.
pub(super) fn decide(items: &[Item<'_>], known: Known<'_>) -> Answer {
    let mut state = State::default();
    let splitter = Splitter { known };
    for item in items {
        let why = Why {
            labels: item.labels,
            cases: 0,
        };
        match splitter.assume(item.statement, why, &mut state) {
            Some(Ok(())) => {}
            Some(Err(why)) => return Answer::Impossible(why.labels),
            None => return Answer::Open,
        }
    }
    let mut programs_left = PROGRAMS_MAX;
    match splitter.run(state, 0, &mut programs_left) {
        Outcome::Possible => Answer::Possible,
        Outcome::Impossible(why) => Answer::Impossible(why.labels),
        Outcome::Open => Answer::Open,
    }
}

/// What something rests on: labels, and the cases (bit by bit) that it was assumed under.
#[derive(Clone, Copy, Default)]
struct Why {
    labels: Set,
    cases: u64,
}

impl Why {
    fn and(self, other: &Self) -> Self {
        Self {
            labels: self.labels.union(&other.labels),
            cases: self.cases | other.cases,
        }
    }
}

enum Outcome {
    Possible,
    Impossible(Why),
    Open,
}

/// What has been assumed: rows, and choices that are still open.
#[derive(Clone, Default)]
struct State<'a> {
    rows: Vec<(Row, Why)>,
    choices: Vec<(Vec<&'a Formula>, Why)>,
}

struct Splitter<'k> {
    known: Known<'k>,
}

/// What a statement is with the known figures filled in.
enum Status {
    True,
    /// False, because of the figures with these labels.
    False(Set),
    Open,
}

impl Splitter<'_> {
    /// Adds a statement. The inner error is a contradiction with the known figures alone; `None` an overflow.
    fn assume<'a>(
        &self,
        statement: &'a Formula,
        why: Why,
        state: &mut State<'a>,
    ) -> Option<Result<(), Why>> {
        match statement {
            Formula::True => {}
            Formula::False => return Some(Err(why)),
            Formula::Atom(atom) => return self.assume_atom(atom, why, state),
            Formula::All(parts) => {
                for part in parts {
                    if let Err(why) = self.assume(part, why, state)? {
                        return Some(Err(why));
                    }
                }
            }
            Formula::Any(parts) => return self.assume_any(parts, why, state),
        }
        Some(Ok(()))
    }

    fn assume_atom(&self, atom: &Atom, why: Why, state: &mut State<'_>) -> Option<Result<(), Why>> {
        let (row, labels) = self.filled(atom)?;
        let why = why.and(&Why { labels, cases: 0 });
        if row.terms.is_empty() {
            return Some(if holds(&row) { Ok(()) } else { Err(why) });
        }
        state.rows.push((row, why));
        Some(Ok(()))
    }

    fn assume_any<'a>(
        &self,
        parts: &'a [Formula],
        mut why: Why,
        state: &mut State<'a>,
    ) -> Option<Result<(), Why>> {
        let mut open = Vec::new();
        for part in parts {
            match self.status(part)? {
                Status::True => return Some(Ok(())),
                Status::False(labels) => why = why.and(&Why { labels, cases: 0 }),
                Status::Open => open.push(part),
            }
        }
        match open.as_slice() {
            [] => Some(Err(why)),
            [only] => self.assume(only, why, state),
            [_, _, ..] => {
                state.choices.push((open, why));
                Some(Ok(()))
            }
        }
    }

    fn status(&self, statement: &Formula) -> Option<Status> {
        Some(match statement {
            Formula::True => Status::True,
            Formula::False => Status::False(Set::EMPTY),
            Formula::Atom(atom) => {
                let (row, labels) = self.filled(atom)?;
                match (row.terms.is_empty(), holds(&row)) {
                    (false, _) => Status::Open,
                    (true, true) => Status::True,
                    (true, false) => Status::False(labels),
                }
            }
            Formula::All(parts) => self.status_of_all(parts)?,
            Formula::Any(parts) => self.status_of_any(parts)?,
        })
    }

    /// One false part suffices; the one that rests on fewest figures says most.
    fn status_of_all(&self, parts: &[Formula]) -> Option<Status> {
        let (mut blamed, mut all_true) = (None::<Set>, true);
        for part in parts {
            match self.status(part)? {
                Status::True => {}
                Status::Open => all_true = false,
                Status::False(labels) => {
                    let fewer = blamed.is_none_or(|old| labels.len() < old.len());
                    blamed = if fewer { Some(labels) } else { blamed };
                }
            }
        }
        Some(match (blamed, all_true) {
            (Some(labels), _) => Status::False(labels),
            (None, true) => Status::True,
            (None, false) => Status::Open,
        })
    }

    fn status_of_any(&self, parts: &[Formula]) -> Option<Status> {
        let (mut blamed, mut all_false) = (Set::EMPTY, true);
        for part in parts {
            match self.status(part)? {
                Status::True => return Some(Status::True),
                Status::Open => all_false = false,
                Status::False(labels) => blamed = blamed.union(&labels),
            }
        }
        Some(if all_false {
            Status::False(blamed)
        } else {
            Status::Open
        })
    }

    /// The atom as a row over the unknown figures, and the known ones that went into its bound.
    fn filled(&self, atom: &Atom) -> Option<(Row, Set)> {
        let (mut terms, mut labels) = (Vec::new(), Set::EMPTY);
        let mut bound = atom.affine.constant.negated();
        for &(variable, coefficient) in &atom.affine.terms {
            if let Some(value) = (self.known)(variable) {
                bound = bound.subtract(coefficient.multiply(value)?)?;
                labels = labels.with(variable);
            } else {
                terms.push((variable, coefficient));
            }
        }
        let strict = atom.strict;
        Some((
            Row {
                terms,
                bound,
                strict,
            },
            labels,
        ))
    }

    fn run(&self, state: State<'_>, depth: u32, programs_left: &mut u32) -> Outcome {
        let Some(left) = programs_left.checked_sub(1).filter(|_| depth < DEPTH_MAX) else {
            return Outcome::Open;
        };
        *programs_left = left;
        match solve(&state) {
            None => Outcome::Open,
            Some(Err(why)) => Outcome::Impossible(why),
            Some(Ok(point)) => {
                let unmet = |(options, _): &(Vec<&Formula>, Why)| {
                    !options.iter().any(|option| self.is_met(option, &point))
                };
                match state.choices.iter().position(unmet) {
                    None => Outcome::Possible,
                    Some(place) => self.split(state, place, depth, programs_left),
                }
            }
        }
    }

    fn split(
        &self,
        mut state: State<'_>,
        place: usize,
        depth: u32,
        programs_left: &mut u32,
    ) -> Outcome {
        let (options, why) = state.choices.swap_remove(place);
        let case = 1_u64 << depth;
        let (mut blamed, mut all_impossible) = (why, true);
        for option in options {
            let mut next = state.clone();
            let assumed = Why {
                cases: why.cases | case,
                ..why
            };
            let outcome = match self.assume(option, assumed, &mut next) {
                None => Outcome::Open,
                Some(Err(why)) => Outcome::Impossible(why),
                Some(Ok(())) => self.run(next, depth + 1, programs_left),
            };
            match outcome {
                Outcome::Possible => return Outcome::Possible,
                Outcome::Open => all_impossible = false,
                // The contradiction does not rest on this case, so it is one in every case.
                Outcome::Impossible(why) if why.cases & case == 0 => {
                    return Outcome::Impossible(why);
                }
                Outcome::Impossible(why) => blamed = blamed.and(&why),
            }
        }
        blamed.cases &= !case;
        if all_impossible {
            Outcome::Impossible(blamed)
        } else {
            Outcome::Open
        }
    }

    /// Whether the statement holds at a point; what cannot be computed counts as not.
    fn is_met(&self, statement: &Formula, point: &Point) -> bool {
        match statement {
            Formula::True => true,
            Formula::False => false,
            Formula::Atom(atom) => self
                .filled(atom)
                .and_then(|(row, _)| point.meets(&row))
                .unwrap_or(false),
            Formula::All(parts) => parts.iter().all(|part| self.is_met(part, point)),
            Formula::Any(parts) => parts.iter().any(|part| self.is_met(part, point)),
        }
    }
}

/// Whether a row without variables holds.
fn holds(row: &Row) -> bool {
    if row.bound.is_zero() {
        !row.strict
    } else {
        !row.bound.is_negative()
    }
}

/// Values of the unknown figures that occur in rows; any other is zero.
struct Point {
    variables: Vec<usize>,
    values: Vec<super::fraction::Delta>,
}

impl Point {
    fn meets(&self, row: &Row) -> Option<bool> {
        let mut sum = super::fraction::Delta::ZERO;
        for (variable, coefficient) in &row.terms {
            if let Ok(place) = self.variables.binary_search(variable) {
                sum = sum.add(self.values[place].times(*coefficient)?)?;
            }
        }
        let bound = super::fraction::Delta::new(row.bound, 0);
        Some(sum < bound || !row.strict && sum == bound)
    }
}

/// Solves the rows. The inner error is what their contradiction rests on.
fn solve(state: &State<'_>) -> Option<Result<Point, Why>> {
    let all = state.rows.iter().flat_map(|(row, _)| &row.terms);
    let mut variables: Vec<usize> = all.map(|(variable, _)| *variable).collect();
    variables.sort_unstable();
    variables.dedup();
    let place = |variable: &usize| variables.binary_search(variable).ok();
    let renumbered = state.rows.iter().map(|(row, _)| {
        let terms = row.terms.iter();
        let terms = terms.map(|(variable, c)| Some((place(variable)?, *c)));
        Some(Row {
            terms: terms.collect::<Option<_>>()?,
            ..row.clone()
        })
    });
    let rows: Vec<Row> = renumbered.collect::<Option<_>>()?;
    Some(match simplex::solve(variables.len(), &rows)? {
        simplex::Answer::Point(values) => Ok(Point { variables, values }),
        simplex::Answer::Conflict(multipliers) => {
            let whys = multipliers.iter().map(|(row, _)| &state.rows[*row].1);
            Err(whys.fold(Why::default(), |sum, why| sum.and(why)))
        }
    })
}
