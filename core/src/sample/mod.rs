//! Random verification (随机核查) that nobody can steer: the frame, the seed, the draw and what visits let one say of the whole.
//!
//! Everything is a pure function of the journal. The frame is fixed before the seed exists; the seed hashes the
//! announcement's own leaf and the root of a later tree; the draw is exact integer arithmetic. `docs/SAMPLING.md` states each
//! byte, and a script of some fifty lines there draws the same sample. The acts are in [`crate::ledger::sampling`].
//!
//! Estimates are binary floats where they are statistics (bounds, standard errors) and are rounded to text on the way out; totals and
//! inclusion probabilities are exact.

mod frame;
mod seed;
mod generator;
mod draw;
mod bounds;
mod estimate;

#[cfg(test)]
mod tests;

pub use self::{
    bounds::{binomial, binomial_upper},
    draw::{Chance, DrawError, Selected, allocate, draw},
    estimate::{Case, Estimates, Found, Money, Rate, Stringer, estimate},
    frame::{Frame, FrameError, Framed},
    seed::seed,
};
