//! What a league table is published as, and the account of one score.
//!
//! The messages are those of `granary/v1/scores.proto`, field by field, declared here again because the core may not depend on
//! the generated crate; a test holds both to the same bytes. Their encoding is canonical, as that of [`crate::bulletin`].

use prost::Message;

use crate::{
    bulletin::{Basis, Component, League, LogHead, Named, Points, Standing, TargetLine, Words},
    digest::Digest,
};

/// A league table with what it stands on.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct LeagueDocument {
    /// The instant, the catalogue version and how many entries were folded.
    #[prost(message, required, tag = "1")]
    pub basis: Basis,
    /// The tree over these entries.
    #[prost(message, required, tag = "2")]
    pub log: LogHead,
    /// The table.
    #[prost(message, required, tag = "3")]
    pub league: League,
}

/// How one unit's score came about.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ScoreExplanation {
    /// The scorecard.
    #[prost(message, required, tag = "1")]
    pub scorecard: Named,
    /// The period, in SDMX form.
    #[prost(string, tag = "2")]
    pub period: String,
    /// The unit's standing.
    #[prost(message, required, tag = "3")]
    pub standing: Standing,
    /// One for each component, in catalogue order.
    #[prost(message, repeated, tag = "4")]
    pub accounts: Vec<ComponentAccount>,
}

/// How one component's points came about.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ComponentAccount {
    /// The component.
    #[prost(message, required, tag = "1")]
    pub component: Component,
    /// What was measured and what it earned.
    #[prost(message, required, tag = "2")]
    pub points: Points,
    /// The points that it could earn at best, with the weights of what cannot be computed spread, with two decimals; empty where
    /// it cannot be computed itself.
    #[prost(string, tag = "3")]
    pub full: String,
    /// How the points follow from the measure.
    #[prost(message, required, tag = "4")]
    pub reckoning: Words,
    /// The slots that made the measure, ordered by dataset and period; a percentile's by duration.
    #[prost(message, repeated, tag = "5")]
    pub contributions: Vec<Contribution>,
    /// The sum of the contributions' numerators, as an exact decimal; empty for a percentile and for what is no sum.
    #[prost(string, tag = "6")]
    pub numerator: String,
    /// The sum of their denominators, likewise.
    #[prost(string, tag = "7")]
    pub denominator: String,
    /// The targets that made the progress towards targets.
    #[prost(message, repeated, tag = "8")]
    pub targets: Vec<TargetLine>,
}

/// What one slot contributes to a measure.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Contribution {
    /// The dataset.
    #[prost(message, required, tag = "1")]
    pub dataset: Named,
    /// The period, in SDMX form.
    #[prost(string, tag = "2")]
    pub period: String,
    /// The slot's state.
    #[prost(int32, tag = "3")]
    pub state: i32,
    /// What it adds to the numerator, as an exact decimal; of a duration the milliseconds.
    #[prost(string, tag = "4")]
    pub numerator: String,
    /// What it adds to the denominator, as an exact decimal; empty where the measure is no sum.
    #[prost(string, tag = "5")]
    pub denominator: String,
    /// The findings behind it, for measures that look at findings.
    #[prost(message, repeated, tag = "6")]
    pub findings: Vec<FindingNote>,
}

/// One finding behind a contribution.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct FindingNote {
    /// The edit's id.
    #[prost(string, tag = "1")]
    pub edit: String,
    /// The item; absent for the whole record.
    #[prost(string, optional, tag = "2")]
    pub item: Option<String>,
    /// Its status.
    #[prost(int32, tag = "3")]
    pub status: i32,
    /// The log index of the entry that opened it.
    #[prost(uint64, tag = "4")]
    pub opened_index: u64,
}

impl LeagueDocument {
    /// The SHA-256 of its canonical bytes: whoever computes the same table from the same journal gets the same digest.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        Digest::of(&self.encode_to_vec())
    }
}
