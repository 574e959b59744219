//! One indicator's series.

use granary_core::snapshot::ObservationStatus;
use granary_proto::v1;
use serde::Serialize;

use super::{At, Basis, Figure, Named};

/// One indicator of one unit, by period, then vintage. At most 10,000 points.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Series {
    /// What it stands on.
    pub(in crate::serve::api) basis: Basis,
    /// The unit.
    pub(in crate::serve::api) unit: Named,
    /// The dataset.
    pub(in crate::serve::api) dataset: Named,
    /// The indicator.
    pub(in crate::serve::api) indicator: Named,
    /// The item, in an itemised dataset.
    pub(in crate::serve::api) item: Option<String>,
    /// The unit of measure.
    pub(in crate::serve::api) unit_of_measure: Option<Named>,
    /// The points.
    pub(in crate::serve::api) points: Vec<Point>,
}

/// One value as one snapshot stated it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Point {
    /// The reference period, in SDMX form.
    period: String,
    /// The value; null where the status says that there is none.
    value: Option<Figure>,
    /// The SDMX observation status: `A` is normal; docs/EXPORTS.md lists them.
    status: String,
    /// The snapshot's revision number.
    revision: u32,
    /// When it was received: the vintage.
    received_at: At,
    /// The snapshot's place in the journal.
    index: u64,
}

impl From<v1::SeriesPoint> for Point {
    fn from(point: v1::SeriesPoint) -> Self {
        let status = ObservationStatus::from_number(point.status);
        Self {
            value: point.value.as_ref().and_then(Figure::of),
            status: status
                .map(|status| status.letter().to_string())
                .unwrap_or_default(),
            period: point.period,
            revision: point.revision,
            received_at: At(point.received_at_ms),
            index: point.index,
        }
    }
}
