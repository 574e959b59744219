//! Findings, screenings and re-checks.

use granary_proto::v1;
use serde::Serialize;

use super::{Basis, Figure, Sha256, Words, all, filled};

/// A page of findings, by dataset, period, unit, edit, item.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Findings {
    /// What it stands on.
    pub(in crate::serve::api) basis: Basis,
    /// The findings.
    pub(in crate::serve::api) findings: Vec<Finding>,
    /// Where to go on; null at the end.
    pub(in crate::serve::api) next_page_token: Option<String>,
}

/// Whether an edit must hold or its failure may be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::serve::api) enum Kind {
    /// It must hold: what fails it is returned.
    Validity,
    /// Its failure may be explained.
    Quality,
}

/// The life of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::serve::api) enum Status {
    /// Nobody has answered it.
    Open,
    /// The unit has explained it.
    Explained,
    /// Operations have accepted the explanation.
    Accepted,
    /// A later snapshot has put it right.
    Corrected,
}

/// What does not add up.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Finding {
    /// The unit's code.
    unit: String,
    /// The unit's name.
    unit_name: Words,
    /// The dataset's code.
    dataset: String,
    /// The reference period, in SDMX form.
    period: String,
    /// The edit.
    edit: String,
    /// Its kind.
    kind: Kind,
    /// The item, in an itemised dataset.
    item: Option<String>,
    /// The left side.
    left: Option<Figure>,
    /// The right side.
    right: Option<Figure>,
    /// Left minus right.
    imbalance: Option<Figure>,
    /// What does not hold, with the figures filled in.
    message: Words,
    /// The unit's explanation.
    explanation: Option<String>,
    /// Its status.
    status: Status,
    /// Why operations accepted or rejected the explanation.
    decision_reason: Option<String>,
    /// Which figures are most likely wrong, where that was asked for and is known.
    suspicion: Option<Words>,
    /// The departments that own an indicator which the edit looks at.
    owners: Vec<String>,
    /// The snapshot that it is about, by its place in the journal.
    snapshot_index: u64,
    /// The entry that opened it.
    opened_index: u64,
    /// The entry that changed it last.
    changed_index: u64,
    /// The catalogue that the edit came from.
    catalogue_version: Option<Sha256>,
}

/// What is unusual in one dataset and period. A flag is a question, never a proof.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Screening {
    /// What it stands on.
    basis: Basis,
    /// What is unusual, by detector, unit, item, indicator; at most 10,000.
    flags: Vec<Flag>,
    /// One for each detector of the dataset.
    detectors: Vec<DetectorSummary>,
    /// Whether there are more flags than were given.
    is_cut: bool,
}

/// Something unusual.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Flag {
    /// The detector.
    detector: String,
    /// Its method, as the catalogue writes it; docs/DETECTORS.md describes each.
    method: String,
    /// The unit's code; null where all units are judged together.
    unit: Option<String>,
    /// The unit's name.
    unit_name: Words,
    /// The item, in an itemised dataset.
    item: Option<String>,
    /// The indicator; null where the record is judged as a whole.
    indicator: Option<String>,
    /// The method's statistic.
    statistic: Option<String>,
    /// The lowest that is not unusual.
    lower: Option<String>,
    /// The highest that is not unusual.
    upper: Option<String>,
    /// The p-value.
    p_value: Option<String>,
    /// What to tell people.
    message: Words,
}

/// What one detector did.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct DetectorSummary {
    /// The detector.
    detector: String,
    /// Its method.
    method: String,
    /// How many figures, records or groups it judged.
    tests: u32,
    /// How many of them it flagged.
    flags: u32,
    /// How many it could not judge.
    not_computable: u32,
    /// Why it could not judge the first of them.
    reason: Words,
    /// How many flags chance alone would give, in thousandths; null where the method makes no statement of chance.
    expected_by_chance_milli: Option<u64>,
}

/// How often each edit of a dataset holds over all current records.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve::api) struct Recheck {
    /// What it stands on.
    basis: Basis,
    /// How many current records were judged.
    records: u64,
    /// Validity edits, then quality edits, each in catalogue order.
    edits: Vec<EditCounts>,
}

/// The verdicts of one edit.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct EditCounts {
    /// The edit.
    edit: String,
    /// Its kind.
    kind: Kind,
    /// Records in which it holds.
    holds: u64,
    /// Records in which it does not.
    fails: u64,
    /// Records in which that hangs on a figure that is missing.
    undecided: u64,
    /// What is said where it fails.
    message: Words,
}

impl Kind {
    /// The words of a query, as numbers of the wire.
    pub(in crate::serve::api) const WORDS: [(&'static str, i32); 2] = [
        ("validity", v1::EditKind::Validity as i32),
        ("quality", v1::EditKind::Quality as i32),
    ];

    fn of(kind: v1::EditKind) -> Self {
        match kind {
            v1::EditKind::Validity => Self::Validity,
            v1::EditKind::Quality | v1::EditKind::Unspecified => Self::Quality,
        }
    }
}

impl Status {
    /// The words of a query, as numbers of the wire.
    pub(in crate::serve::api) const WORDS: [(&'static str, i32); 4] = [
        ("open", v1::FindingStatus::Open as i32),
        ("explained", v1::FindingStatus::Explained as i32),
        ("accepted", v1::FindingStatus::Accepted as i32),
        ("corrected", v1::FindingStatus::Corrected as i32),
    ];

    pub(super) fn of(status: v1::FindingStatus) -> Self {
        match status {
            v1::FindingStatus::Open | v1::FindingStatus::Unspecified => Self::Open,
            v1::FindingStatus::Explained => Self::Explained,
            v1::FindingStatus::Accepted => Self::Accepted,
            v1::FindingStatus::Corrected => Self::Corrected,
        }
    }
}

impl Finding {
    pub(in crate::serve::api) fn of(finding: v1::Finding, owners: Vec<String>) -> Self {
        let status = Status::of(finding.status());
        let failure = finding.failure.unwrap_or_default();
        let suspicion = Words::new(finding.suspicion_zh, finding.suspicion_en);
        Self {
            unit: finding.unit,
            unit_name: Words::new(finding.unit_name_zh, finding.unit_name_en),
            dataset: finding.dataset,
            period: finding.period,
            kind: Kind::of(failure.kind()),
            edit: failure.edit,
            item: failure.item,
            left: failure.left.as_ref().and_then(Figure::of),
            right: failure.right.as_ref().and_then(Figure::of),
            imbalance: failure.imbalance.as_ref().and_then(Figure::of),
            message: Words::new(failure.message_zh, failure.message_en),
            explanation: filled(failure.explanation),
            status,
            decision_reason: filled(finding.decision_reason),
            suspicion: Some(suspicion).filter(|words| !words.zh.is_empty()),
            owners,
            snapshot_index: finding.snapshot_index,
            opened_index: finding.opened_index,
            changed_index: finding.changed_index,
            catalogue_version: Sha256::of(&finding.catalogue_version),
        }
    }
}

impl From<v1::ScreenPeriodResponse> for Screening {
    fn from(answer: v1::ScreenPeriodResponse) -> Self {
        Self {
            basis: answer.basis.into(),
            flags: all(answer.flags),
            detectors: all(answer.summaries),
            is_cut: answer.truncated,
        }
    }
}

impl From<v1::DetectorFlag> for Flag {
    fn from(flag: v1::DetectorFlag) -> Self {
        Self {
            detector: flag.detector,
            method: flag.method,
            unit: filled(flag.unit),
            unit_name: Words::new(flag.unit_name_zh, flag.unit_name_en),
            item: flag.item,
            indicator: filled(flag.indicator),
            statistic: filled(flag.statistic),
            lower: filled(flag.lower),
            upper: filled(flag.upper),
            p_value: filled(flag.p_value),
            message: Words::new(flag.message_zh, flag.message_en),
        }
    }
}

impl From<v1::DetectorSummary> for DetectorSummary {
    fn from(summary: v1::DetectorSummary) -> Self {
        Self {
            detector: summary.detector,
            method: summary.method,
            tests: summary.tests,
            flags: summary.flags,
            not_computable: summary.not_computable,
            reason: Words::new(summary.reason_zh, summary.reason_en),
            expected_by_chance_milli: summary.expected_by_chance_milli,
        }
    }
}

impl From<v1::RecheckDatasetResponse> for Recheck {
    fn from(answer: v1::RecheckDatasetResponse) -> Self {
        Self {
            basis: answer.basis.into(),
            records: answer.records,
            edits: all(answer.edits),
        }
    }
}

impl From<v1::EditCounts> for EditCounts {
    fn from(counts: v1::EditCounts) -> Self {
        Self {
            kind: Kind::of(counts.kind()),
            edit: counts.edit,
            holds: counts.holds,
            fails: counts.fails,
            undecided: counts.undecided,
            message: Words::new(counts.message_zh, counts.message_en),
        }
    }
}
