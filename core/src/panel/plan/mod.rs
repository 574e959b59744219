//! An edit bound to the columns of a panel.
//!
//! Binding runs the edit's program once over [`Form`]s in the place of figures: sums of integer multiples of columns at one
//! scale. A comparison becomes a test whether one such sum lies within two integers; what is no sum (a product, a magnitude, a
//! figure picked by `if`) becomes a node that is computed first and then counts as a column. The largest magnitude of every
//! column is known, so it is known which sums fit into 64 bits, and which into 128.
//!
//! What cannot be bound is left to the program, record by record ([`Unbound`]): quotients by figures, roots and logarithms,
//! other datasets, magnitudes beyond 128 bits, and the tolerance `rounding` where figures of a column were printed with
//! different digits.

mod bind;
mod form;

pub(super) use self::{
    bind::bind,
    form::{Form, Leaf, Needs},
};
use super::column::NARROW_MAX;
use crate::edits::{MissingStrategy, RollupMode, Source, Truth};

/// The edit has something that columns are not computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unbound;

/// An edit bound to a panel whose columns have the scales and magnitudes that they had then.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// What the edit looks at: where, and in which column.
    pub(super) slots: Vec<(Source, usize)>,
    pub(super) nodes: Vec<Node>,
    pub(super) statements: Vec<Statement>,
    pub(super) root: usize,
    pub(super) mode: RollupMode,
    pub(super) missing: MissingStrategy,
}

/// A figure that is no sum of columns.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    /// What its magnitude is below or equal to.
    pub(super) most: u128,
    /// Whether all of its computation fits into 64 bits.
    pub(super) narrow: bool,
}

#[derive(Clone, Debug)]
pub(super) enum NodeKind {
    Product(Form, Form),
    Magnitude(Form),
    /// The larger of two magnitudes.
    Larger(Form, Form),
    /// The first, or the second where the first is missing.
    Nvl(Form, Form),
    /// By a statement, as `if` does.
    Pick(usize, Form, Form),
    /// Divided by a power of ten and rounded half away from zero; towards zero where `up` is not set.
    Rounded {
        form: Form,
        unit: i128,
        up: bool,
    },
}

/// Something that is true, false or undecided of a row.
#[derive(Clone, Debug)]
pub(super) enum Statement {
    Fixed(Truth),
    /// That figures are known; it is never undecided.
    Known(Needs),
    Test(Test),
    Not(usize),
    /// All of them, as `and` has it.
    All(Vec<usize>),
    /// Any of them, as `or` has it.
    Any(Vec<usize>),
    Xor(usize, usize),
    Pick(usize, usize, usize),
}

/// Whether a sum lies from `low` to `high`, both included. Undecided where the sum is missing.
#[derive(Clone, Debug)]
pub(super) struct Test {
    pub(super) form: Form,
    /// None where there is no lower bound.
    pub(super) low: Option<i128>,
    pub(super) high: i128,
    pub(super) narrow: bool,
}

/// Whether magnitudes up to this are computed with in 64 bits.
pub(super) const fn is_narrow(most: u128) -> bool {
    most < NARROW_MAX
}
