//! Assessment: what the edits say about one snapshot by itself.
//!
//! The county's preflight and the city's fold call the same function, so that a clerk sees at once what the city will
//! say. Edits that look at other periods and datasets of the unit are judged beside it ([`super::beyond`]), those that sum over other
//! units by the fold alone ([`super::fold`]).
//!
//! Two edits are built in: [`REQUIRED`] (validity) fails where a required cell is not stated at all, and [`MISSING`]
//! (quality) where it is stated to be missing; blank and "we do not have it" are different things.

use crate::{
    catalogue::{Catalogue, Dataset},
    code::{DatasetCode, EditId, IndicatorCode, ItemKey},
    decimal::Decimal,
    digest::Digest,
    edits::{Cells, Edit, EditKind, Rollup, Truth, Verdict, sentence},
    period::Period,
    snapshot::{ObservationStatus, SlotKey, Snapshot},
    text::Bilingual,
};

/// The id of the built-in validity edit on required cells.
pub const REQUIRED: &str = "GRANARY.REQUIRED";
/// The id of the built-in quality edit on required cells that are stated to be missing.
pub const MISSING: &str = "GRANARY.MISSING";
/// Under this id an explanation carries the reason of a revision as a whole. No edit has it, so it matches no failure: it is
/// signed, journaled and exported with the snapshot, and tells why what was accepted before is stated anew or withdrawn.
pub const REVISED: &str = "GRANARY.REVISED";
/// The most failures that are kept of one snapshot; a snapshot that is wrong everywhere is not told line by line.
pub const FAILURES_MAX: usize = 1_000;

/// What the edits say about a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assessment {
    /// Whether a validity edit is false: the snapshot is returned.
    pub returned: bool,
    /// The edits that are false, at most [`FAILURES_MAX`]: required cells, then the catalogue's order, then by item.
    pub failures: Vec<Failure>,
}

/// One edit that is false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The edit.
    pub edit: EditId,
    /// Whether it must hold or may be explained.
    pub kind: EditKind,
    /// The item, in an itemised dataset.
    pub item: Option<ItemKey>,
    /// Both sides of the edit.
    pub figures: Figures,
    /// What to tell people, with the figures filled in.
    pub message: Bilingual,
    /// The explanation that the snapshot carries for it.
    pub explanation: Option<String>,
    /// What it was decided on: the SHA-256 of the edit's own text and of every figure that it looks at. An explanation and
    /// the decision on it hold as long as this stays the same.
    pub basis: Digest,
}

/// The two sides of a failed edit, where it has two and they could be computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The left side.
    pub left: Option<Decimal>,
    /// The right side.
    pub right: Option<Decimal>,
    /// Left minus right.
    pub imbalance: Option<Decimal>,
}

/// Judges a snapshot by its own figures. An unknown dataset has no edits.
#[must_use]
pub fn assess(catalogue: &Catalogue, snapshot: &Snapshot) -> Assessment {
    let mut assessment = Assessment::default();
    let Some(dataset) = catalogue.dataset(&snapshot.slot.dataset) else {
        return assessment;
    };
    if !dataset.itemised() {
        judge(catalogue, dataset, snapshot, None, &mut assessment);
        return assessment;
    }
    for item in snapshot.items() {
        judge(catalogue, dataset, snapshot, Some(item), &mut assessment);
    }
    assessment
}

/// The sums of an indicator over a unit's children.
pub(super) type Sums<'a> = dyn Fn(&IndicatorCode) -> Option<Rollup> + 'a;

/// The unit's figures in other periods and datasets, of the same item.
pub(super) type OtherFigures<'a> =
    dyn Fn(&DatasetCode, Period, &IndicatorCode) -> Option<Decimal> + 'a;

/// The cells of one record of a snapshot, with or without what stands around it.
pub(super) struct RecordCells<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) item: Option<&'a ItemKey>,
    pub(super) rollup: Option<&'a Sums<'a>>,
    pub(super) elsewhere: Option<&'a OtherFigures<'a>>,
}

impl Cells for RecordCells<'_> {
    fn cell(&self, indicator: &IndicatorCode) -> Option<Decimal> {
        self.snapshot.value(indicator, self.item)
    }

    fn rollup(&self, indicator: &IndicatorCode) -> Option<Rollup> {
        self.rollup?(indicator)
    }

    fn period(&self) -> Period {
        self.snapshot.slot.period
    }

    fn elsewhere(
        &self,
        dataset: Option<&DatasetCode>,
        period: Period,
        indicator: &IndicatorCode,
    ) -> Option<Decimal> {
        let dataset = dataset.unwrap_or(&self.snapshot.slot.dataset);
        self.elsewhere?(dataset, period, indicator)
    }
}

impl Failure {
    /// Writes down a false verdict.
    pub(super) fn of(edit: &Edit, verdict: &Verdict, cells: &RecordCells<'_>) -> Self {
        Self {
            basis: Digest::of(edit.basis(cells).as_bytes()),
            edit: edit.id().clone(),
            kind: edit.kind(),
            item: cells.item.cloned(),
            figures: Figures {
                left: verdict.left,
                right: verdict.right,
                imbalance: verdict.imbalance,
            },
            message: sentence(edit, verdict, cells),
            explanation: cells
                .snapshot
                .explanation(edit.id(), cells.item)
                .map(str::to_owned),
        }
    }
}

fn judge(
    catalogue: &Catalogue,
    dataset: &Dataset,
    snapshot: &Snapshot,
    item: Option<&ItemKey>,
    assessment: &mut Assessment,
) {
    let status =
        |indicator: &&IndicatorCode| snapshot.observation(indicator, item).map(|o| o.status);
    let required = dataset.required().iter();
    let blank: Vec<_> = required.clone().filter(|i| status(i).is_none()).collect();
    let missing: Vec<_> = required
        .filter(|i| status(i) == Some(ObservationStatus::Missing))
        .collect();
    if !blank.is_empty() {
        let failure = built_in(REQUIRED, EditKind::Validity, snapshot, item);
        assessment.add(Failure {
            message: blank_message(catalogue, &blank),
            basis: built_in_basis(REQUIRED, &blank),
            ..failure
        });
    }
    if !missing.is_empty() {
        let failure = built_in(MISSING, EditKind::Quality, snapshot, item);
        assessment.add(Failure {
            message: missing_message(catalogue, &missing),
            basis: built_in_basis(MISSING, &missing),
            ..failure
        });
    }
    let cells = RecordCells {
        snapshot,
        item,
        rollup: None,
        elsewhere: None,
    };
    let SlotKey { unit, period, .. } = &snapshot.slot;
    for edit in dataset
        .edits()
        .iter()
        .filter(|edit| edit.is_of_one_record() && edit.scope().holds(unit, *period))
    {
        let verdict = edit.evaluate(&cells);
        if verdict.truth == Truth::False {
            assessment.add(Failure::of(edit, &verdict, &cells));
        }
    }
}

impl Assessment {
    fn add(&mut self, failure: Failure) {
        self.returned |= failure.kind == EditKind::Validity;
        if self.failures.len() < FAILURES_MAX {
            self.failures.push(failure);
        }
    }
}

fn blank_message(catalogue: &Catalogue, blank: &[&IndicatorCode]) -> Bilingual {
    let Bilingual { zh, en } = names(catalogue, blank);
    Bilingual::new(
        format!("必填指标未填：{zh}。请填写数值；确实没有的，请用状态说明（O 缺失、M 不适用）"),
        format!(
            "required indicators are blank: {en}. Give their values, or state why there is none (O missing, M cannot exist)"
        ),
    )
}

fn missing_message(catalogue: &Catalogue, missing: &[&IndicatorCode]) -> Bilingual {
    let Bilingual { zh, en } = names(catalogue, missing);
    Bilingual::new(
        format!("必填指标报为缺失（O）：{zh}。请说明原因"),
        format!("required indicators are reported as missing (O): {en}. Explain why"),
    )
}

/// The indicators' names with their codes, in one line.
fn names(catalogue: &Catalogue, indicators: &[&IndicatorCode]) -> Bilingual {
    let name = |code: &IndicatorCode| {
        let named = catalogue.indicator(code).map(|i| i.name().clone());
        let named = named.unwrap_or_default();
        (
            format!("{}（{code}）", named.zh),
            format!("{} ({code})", named.en),
        )
    };
    let (zh, en): (Vec<_>, Vec<_>) = indicators.iter().map(|code| name(code)).unzip();
    Bilingual::new(zh.join("、"), en.join(", "))
}

fn built_in(
    id: &'static str,
    kind: EditKind,
    snapshot: &Snapshot,
    item: Option<&ItemKey>,
) -> Failure {
    let edit = built_in_id(id);
    let explanation = snapshot.explanation(&edit, item).map(str::to_owned);
    Failure {
        edit,
        kind,
        item: item.cloned(),
        figures: Figures::default(),
        message: Bilingual::default(),
        explanation,
        basis: Digest::of(&[]),
    }
}

/// The built-in edits look at which cells have no value.
fn built_in_basis(id: &str, cells: &[&IndicatorCode]) -> Digest {
    let cells: Vec<&str> = cells.iter().map(|code| code.as_str()).collect();
    Digest::of(format!("{id}\n{}", cells.join("\n")).as_bytes())
}

#[expect(
    clippy::expect_used,
    reason = "both ids are constants of this file, and a test makes them"
)]
fn built_in_id(id: &'static str) -> EditId {
    EditId::new(id).expect("a built-in id is an edit id")
}
