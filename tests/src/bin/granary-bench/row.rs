//! One measured figure.

use serde::{Deserialize, Serialize};

/// One row of the table and of `results.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// What was measured; the key under which later runs are compared.
    pub(crate) name: String,
    /// The figure.
    pub(crate) value: f64,
    /// What it counts: `snapshots/s`, `ms`, `MB`, ...
    pub(crate) unit: String,
    /// Which direction is better.
    pub(crate) better: Better,
    /// What the machine itself allows, taken in the same run and the same unit; or the aim, where the note says so.
    pub(crate) limit: Option<f64>,
    /// What another system reaches at the same task, in the same unit.
    pub(crate) peer: Option<f64>,
    /// `value / limit`.
    pub(crate) ratio: Option<f64>,
    /// How it was measured, and what limit and peer are.
    pub(crate) note: String,
    /// The part of the benchmark that measured it.
    #[serde(default)]
    pub(crate) part: String,
    /// When the run began that measured it (RFC 3339, UTC).
    #[serde(default)]
    pub(crate) measured_at: String,
}

/// Which direction of a figure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Better {
    Higher,
    Lower,
}

impl Row {
    /// A figure that should be high.
    pub(crate) fn higher(name: impl Into<String>, value: f64, unit: &str) -> Self {
        Self::new(name.into(), value, unit, Better::Higher)
    }

    /// A figure that should be low.
    pub(crate) fn lower(name: impl Into<String>, value: f64, unit: &str) -> Self {
        Self::new(name.into(), value, unit, Better::Lower)
    }

    /// Sets the figure beside its limit.
    pub(crate) fn limit(mut self, limit: f64) -> Self {
        self.limit = Some(limit);
        self.ratio = (limit > 0.0).then_some(self.value / limit);
        self
    }

    /// Sets the figure beside another system's.
    pub(crate) fn peer(mut self, peer: f64) -> Self {
        self.peer = Some(peer);
        self
    }

    /// Says how it was measured.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Says which part measured it, and when.
    pub(crate) fn of(mut self, part: &str, measured_at: &str) -> Self {
        self.part = part.to_owned();
        self.measured_at = measured_at.to_owned();
        self
    }

    fn new(name: String, value: f64, unit: &str, better: Better) -> Self {
        Self {
            name,
            value,
            unit: unit.to_owned(),
            better,
            limit: None,
            peer: None,
            ratio: None,
            note: String::new(),
            part: String::new(),
            measured_at: String::new(),
        }
    }
}
