//! What linear programming can say about edits: which contradict each other or say nothing new, and which cells of a
//! record that fails are most likely wrong.
//!
//! An edit is *linear* when it compares sums of figures, each times a number, and joins such comparisons by `and`, `or`,
//! `not`, `xor`, `if` and `abs`. With a record at hand, figures that are not in question are numbers too, so that
//! `urban = population * share / 100` is linear as long as only one of its factors is in question.
//!
//! # How an answer is made
//! Edit -> `form` -> statements (`formula`) over linear expressions (`affine`) -> `cases` splits what is not a
//! conjunction -> `simplex` decides each case. All arithmetic is on exact fractions: a gross product of 10^12 beside a
//! tolerance of one cent is out of reach of floating point, and a wrong accusation is worse than none. Each answer of the
//! simplex carries a proof that is checked. All work is bounded; what is beyond a bound is said to be open.

// Exact numbers.
mod fraction;
mod set;

// What edits say, as linear expressions.
mod affine;
mod formula;

mod form;

// Whether it can be.
mod simplex;

mod cases;

// What follows.
mod consistency;
mod cover;
mod region;

mod fit;

mod localise;
mod words;

#[cfg(test)]
mod tests;

pub use self::{
    consistency::{Conflict, ConflictKind, Severity, examine},
    cover::Limit,
    fit::{Fit, Slip},
    localise::{Localisation, Part, Suspect, localise},
    words::suspicion,
};
