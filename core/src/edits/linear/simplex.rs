//! Whether linear inequalities can hold together, exactly, with a proof of the answer.
//!
//! The method is the general simplex of Dutertre and de Moura (2006), "A fast linear-arithmetic solver for DPLL(T)":
//! bounds on variables and on linear forms, Bland's rule, and an infinitesimal for strict bounds. Both answers carry their
//! proof: a point at which every row holds, or multipliers above zero under which the rows add up to `0 <= b` with `b`
//! below zero, or `0 < 0` (Farkas' lemma; for strict rows Motzkin's transposition theorem). The rows named by such a proof
//! are irreducible: without any one of them the rest can hold. Each proof is checked against the rows before it is handed
//! out, by code that knows nothing of how it was found.

use std::{cmp::Ordering, collections::BTreeMap};

use super::fraction::{Delta, Fraction};

/// The variables of a row and their coefficients, sorted by variable, none of them zero.
pub(super) type Terms = Vec<(usize, Fraction)>;

/// `sum of coefficient * variable <= bound`, or `<` where it is strict.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) terms: Terms,
    pub(super) bound: Fraction,
    pub(super) strict: bool,
}

/// What was found out about some rows.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// They hold together at this point.
    Point(Vec<Delta>),
    /// These rows, each times its multiplier, add up to a contradiction.
    Conflict(Vec<(usize, Fraction)>),
}

/// How often the basis may change. Bland's rule ends by itself, but it does not say when.
const PIVOTS_MAX: usize = 5_000;

/// Decides rows over the variables `0..width`. `None` where the arithmetic overflows or the work exceeds its bound.
pub(super) fn solve(width: usize, rows: &[Row]) -> Option<Answer> {
    let answer = match Tableau::new(width, rows)? {
        Ok(mut tableau) => tableau.search()?,
        Err(conflict) => Answer::Conflict(conflict),
    };
    let proven = match &answer {
        Answer::Point(point) => all_hold(rows, point)?,
        Answer::Conflict(multipliers) => contradict(width, rows, multipliers)?,
    };
    proven.then_some(answer)
}

/// Whether every row holds at `point`.
fn all_hold(rows: &[Row], point: &[Delta]) -> Option<bool> {
    for row in rows {
        let mut sum = Delta::ZERO;
        for (variable, coefficient) in &row.terms {
            sum = sum.add(point[*variable].times(*coefficient)?)?;
        }
        // An infinitesimal below the bound is below it, however small its multiple.
        let order = sum.cmp(&Delta::new(row.bound, 0));
        if order == Ordering::Greater || row.strict && order == Ordering::Equal {
            return Some(false);
        }
    }
    Some(true)
}

/// Whether the rows times their multipliers add up to something that cannot be.
fn contradict(width: usize, rows: &[Row], multipliers: &[(usize, Fraction)]) -> Option<bool> {
    let mut sums = vec![Fraction::ZERO; width];
    let (mut bound, mut strict) = (Fraction::ZERO, false);
    for (row, multiplier) in multipliers {
        let row = &rows[*row];
        if !multiplier.is_positive() {
            return Some(false);
        }
        for (variable, coefficient) in &row.terms {
            sums[*variable] = sums[*variable].add(coefficient.multiply(*multiplier)?)?;
        }
        bound = bound.add(row.bound.multiply(*multiplier)?)?;
        strict |= row.strict;
    }
    let vanishes = sums.iter().all(|sum| sum.is_zero());
    Some(vanishes && (bound.is_negative() || strict && bound.is_zero()))
}

/// A bound on a column, and the row and multiplier that it comes from.
#[derive(Clone, Copy)]
struct Bound {
    value: Delta,
    row: usize,
    multiplier: Fraction,
}

type Conflict = Vec<(usize, Fraction)>;

/// The columns are the variables and then the linear forms of more than one variable. A basic column is a combination of
/// the columns that are not basic.
struct Tableau {
    values: Vec<Delta>,
    lower: Vec<Option<Bound>>,
    upper: Vec<Option<Bound>>,
    /// For each row of the tableau, its basic column.
    basic: Vec<usize>,
    /// For each column, whether it is basic.
    is_basic: Vec<bool>,
    coefficients: Vec<Vec<Fraction>>,
}

impl Tableau {
    /// The inner error is a conflict that shows without any search.
    fn new(width: usize, rows: &[Row]) -> Option<Result<Self, Conflict>> {
        let (forms, places) = forms(width, rows)?;
        let columns = width + forms.len();
        let mut tableau = Self {
            values: vec![Delta::ZERO; columns],
            lower: vec![None; columns],
            upper: vec![None; columns],
            basic: (width..columns).collect(),
            is_basic: (0..columns).map(|column| column >= width).collect(),
            coefficients: vec![vec![Fraction::ZERO; columns]; forms.len()],
        };
        for (form, place) in &forms {
            for (variable, coefficient) in form {
                tableau.coefficients[place - width][*variable] = *coefficient;
            }
        }
        for (index, (row, place)) in rows.iter().zip(places).enumerate() {
            if let Err(conflict) = tableau.bind(index, row, place)? {
                return Some(Err(conflict));
            }
        }
        for column in 0..width {
            tableau.move_to(column, tableau.nearest_to_zero(column))?;
        }
        Some(Ok(tableau))
    }

    /// Turns a row into a bound on its column, where it is the tightest so far.
    fn bind(
        &mut self,
        index: usize,
        row: &Row,
        place: Option<usize>,
    ) -> Option<Result<(), Conflict>> {
        let Some((place, (_, lead))) = place.zip(row.terms.first()) else {
            let fails = row.bound.is_negative() || row.strict && row.bound.is_zero();
            return Some(if fails {
                Err(vec![(index, Fraction::ONE)])
            } else {
                Ok(())
            });
        };
        let above = lead.is_positive();
        let step = match (row.strict, above) {
            (false, _) => 0,
            (true, true) => -1,
            (true, false) => 1,
        };
        let bound = Bound {
            value: Delta::new(row.bound.divide(*lead)?, step),
            row: index,
            multiplier: lead.magnitude().inverse()?,
        };
        let slot = if above {
            &mut self.upper[place]
        } else {
            &mut self.lower[place]
        };
        let tighter = |old: Bound| (bound.value < old.value) == above && bound.value != old.value;
        if slot.is_none_or(tighter) {
            *slot = Some(bound);
        }
        Some(match (self.lower[place], self.upper[place]) {
            (Some(low), Some(high)) if low.value > high.value => {
                Err(vec![(low.row, low.multiplier), (high.row, high.multiplier)])
            }
            (_, _) => Ok(()),
        })
    }

    fn nearest_to_zero(&self, column: usize) -> Delta {
        let mut value = Delta::ZERO;
        if let Some(low) = self.lower[column] {
            value = value.max(low.value);
        }
        if let Some(high) = self.upper[column] {
            value = value.min(high.value);
        }
        value
    }

    /// Gives a column that is not basic another value; the basic columns follow.
    fn move_to(&mut self, column: usize, value: Delta) -> Option<()> {
        let step = value.subtract(self.values[column])?;
        if step == Delta::ZERO {
            return Some(());
        }
        self.values[column] = value;
        for (row, basic) in self.coefficients.iter().zip(&self.basic) {
            if !row[column].is_zero() {
                self.values[*basic] = self.values[*basic].add(step.times(row[column])?)?;
            }
        }
        Some(())
    }

    fn search(&mut self) -> Option<Answer> {
        for _ in 0..PIVOTS_MAX {
            let Some((row, bound, rises)) = self.violated() else {
                return Some(Answer::Point(self.values.clone()));
            };
            let Some(column) = self.entering(row, rises) else {
                return Some(Answer::Conflict(self.explain(row, bound, rises)?));
            };
            self.pivot(row, column, bound.value)?;
        }
        None
    }

    /// The violated basic column with the smallest number, its bound, and whether it must rise.
    fn violated(&self) -> Option<(usize, Bound, bool)> {
        let broken = |row: usize| {
            let column = self.basic[row];
            let value = self.values[column];
            let low = self.lower[column].filter(|low| value < low.value);
            let high = self.upper[column].filter(|high| value > high.value);
            low.map(|low| (row, low, true))
                .or_else(|| high.map(|high| (row, high, false)))
        };
        let rows = (0..self.basic.len()).filter_map(broken);
        rows.min_by_key(|(row, ..)| self.basic[*row])
    }

    /// The first column that can move the basic one of `row` the way it must go.
    fn entering(&self, row: usize, rises: bool) -> Option<usize> {
        (0..self.values.len()).find(|column| {
            let coefficient = self.coefficients[row][*column];
            if coefficient.is_zero() || self.is_basic[*column] {
                return false;
            }
            let value = self.values[*column];
            if coefficient.is_positive() == rises {
                self.upper[*column].is_none_or(|high| value < high.value)
            } else {
                self.lower[*column].is_none_or(|low| value > low.value)
            }
        })
    }

    /// The bound that is violated, and the bounds that keep every column of its row from helping.
    fn explain(&self, row: usize, bound: Bound, rises: bool) -> Option<Conflict> {
        let mut found = vec![(bound.row, bound.multiplier)];
        for (column, coefficient) in self.coefficients[row].iter().enumerate() {
            if coefficient.is_zero() || self.is_basic[column] {
                continue;
            }
            let stop = if coefficient.is_positive() == rises {
                self.upper[column]
            } else {
                self.lower[column]
            };
            let stop = stop?;
            found.push((stop.row, stop.multiplier.multiply(coefficient.magnitude())?));
        }
        Some(found)
    }

    /// Takes `column` into the basis in the place of the basic column of `row`, which moves to `value`.
    fn pivot(&mut self, row: usize, column: usize, value: Delta) -> Option<()> {
        let leaving = self.basic[row];
        let inverse = self.coefficients[row][column].inverse()?;
        let step = value.subtract(self.values[leaving])?.times(inverse)?;
        self.move_to(column, self.values[column].add(step)?)?;
        let mut solved = std::mem::take(&mut self.coefficients[row]);
        for coefficient in &mut solved {
            *coefficient = coefficient.multiply(inverse.negated())?;
        }
        solved[column] = Fraction::ZERO;
        solved[leaving] = inverse;
        for other in &mut self.coefficients {
            let Some(factor) = other.get(column).copied().filter(|f| !f.is_zero()) else {
                continue;
            };
            for (coefficient, more) in other.iter_mut().zip(&solved) {
                if !more.is_zero() {
                    *coefficient = coefficient.add(more.multiply(factor)?)?;
                }
            }
            other[column] = Fraction::ZERO;
        }
        self.coefficients[row] = solved;
        self.basic[row] = column;
        self.is_basic[column] = true;
        self.is_basic[leaving] = false;
        Some(())
    }
}

type Forms = BTreeMap<Terms, usize>;

/// The linear forms of more than one variable, leading coefficient one, with their columns; and for each row its column,
/// or none where it has no variable. Both sides of a balance share one form.
fn forms(width: usize, rows: &[Row]) -> Option<(Forms, Vec<Option<usize>>)> {
    let mut forms = Forms::new();
    let mut places = Vec::with_capacity(rows.len());
    for row in rows {
        let place = match row.terms.as_slice() {
            [] => None,
            [(variable, _)] => Some(*variable),
            [(_, lead), ..] => {
                let inverse = lead.inverse()?;
                let scaled = row.terms.iter();
                let form = scaled
                    .map(|(variable, c)| Some((*variable, c.multiply(inverse)?)))
                    .collect::<Option<Terms>>()?;
                let next = width + forms.len();
                Some(*forms.entry(form).or_insert(next))
            }
        };
        places.push(place);
    }
    Some((forms, places))
}
