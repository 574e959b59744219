//! Early warning (预警): how likely each open slot is to be late, and how many reports would usually have arrived by now.
//!
//! "Late" means not accepted by the due instant. A [`Model`] learns from the past slots of one dataset, and only from what was
//! known at the instant asked about: an outcome counts once its due instant has passed, never earlier, so that the reports
//! that have come in already do not make the open ones look better than they are. The unit's own record is
//! shrunk towards its peers by as much as the peers differ from each other (empirical Bayes), and what has not arrived by
//! this lead time counts against it. [`calibrate`] replays history and says whether all this beats the base rate.
//! `docs/FORECAST.md` has every formula with its source, and what the method does not know.
//!
//! Everything is a pure function of the journal prefix and the instant. Outcomes are counted with integer weights, so their
//! order cannot matter; floats appear between these counts and the rounded text, through `libm` alone.

// How time before a deadline is divided, and how old outcomes fade.
mod lead;
mod weight;

// What is known of units, and how much they differ.
mod moments;
mod record;
mod model;

// Over the slots of a catalogue.
mod history;
mod words;
mod risks;
mod arrivals;

// Whether it is any good.
mod score;
mod calibrate;

pub use self::{
    arrivals::{Arrivals, Point, arrivals},
    calibrate::{Calibration, Horizon, HorizonScore, calibrate},
    history::Models,
    model::{Chance, Model, Peers, Scope},
    record::{Outcome, Standing},
    risks::{Risks, Wanted, risks},
    score::{Bin, Interval, Score, Tally, Verdict},
    weight::half_life,
};

/// A share in per cent with one decimal.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1}", share * 100.0)
}
