//! The preflight: what the city will say, said before anything is sent.
//!
//! In: a [`Draft`]. Out: a [`Preflighted`], ready to be sealed; or why not: *returned*, because a validity edit fails, or
//! *refused*, because the city would not admit it. Durable after: nothing. On crash: the file is read again.
//!
//! The rules are the city's own: admission as in `granary_core::ledger::admission`, but with all faults at once and each at its
//! cell; the edits by the very function that the city calls (`granary_core::ledger::assess`). Roll-ups over other units'
//! figures are the city's alone.
//!
//! A clerk's note on a figure, or on a row, becomes the explanation of the quality edits that fail and look at that figure;
//! an explanation that names its edit goes as it is. Notes that explain nothing are not sent, and the report says so.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use granary_core::{
    catalogue::{Catalogue, Dataset},
    code::{EditId, IndicatorCode, ItemKey},
    decimal::Decimal,
    digest::Digest,
    edits::EditKind,
    ledger::{
        assess::{Failure, Figures, MISSING, REQUIRED, assess},
        suspect,
    },
    snapshot::{
        EXPLANATION_BYTES_MAX, Explanation, ObservationStatus, SlotKey, Snapshot, SnapshotError,
    },
    text::Bilingual,
};
use jiff::civil::Date;

use crate::{
    draft::{Cell, Draft, Made, Told},
    intake::{Fault, Faults, Place, say},
};

/// A draft that the city will accept.
#[derive(Clone, Debug)]
pub struct Preflighted {
    draft: Draft,
    explanations: Vec<Explanation>,
    findings: Vec<Finding>,
    unused: Vec<Told>,
    catalogue_version: Digest,
    digest: Digest,
}

/// Why a draft is not sent.
#[derive(Clone, Debug)]
pub enum Stopped {
    /// A validity edit fails; the figures must be corrected.
    Returned {
        /// What was read.
        draft: Box<Draft>,
        /// The failed edits of both kinds.
        findings: Vec<Finding>,
    },
    /// The city would not admit it.
    Refused {
        /// What was read.
        draft: Box<Draft>,
        /// All reasons.
        faults: Vec<Fault>,
    },
}

/// A failed edit and the figures that it looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The edit.
    pub edit: EditId,
    /// Whether it must hold or may be explained.
    pub kind: EditKind,
    /// The item, in an itemised dataset.
    pub item: Option<ItemKey>,
    /// Both sides, where there are two.
    pub figures: Figures,
    /// What to tell people, with the figures filled in.
    pub message: Bilingual,
    /// The unit's explanation, if there is one.
    pub explanation: Option<String>,
    /// The operands.
    pub operands: Vec<Operand>,
    /// Which figures are most likely wrong; empty where that is not known.
    pub suspicion: Bilingual,
}

/// A figure that an edit looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operand {
    /// The indicator.
    pub indicator: IndicatorCode,
    /// Its name.
    pub name: Bilingual,
    /// Its value; `None` where none is stated.
    pub value: Option<Decimal>,
    /// Where it stands; `None` where it is not in the file.
    pub place: Option<Place>,
}

/// The exact bytes that will be signed. Made by [`Preflighted::seal`] alone, or read back from where the inbox kept them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    slot: SlotKey,
    revision: u32,
    payload: Vec<u8>,
    payload_sha256: Digest,
}

/// Checks a draft as the city will. `today` is the date at the dataset's deadline zone.
///
/// # Errors
/// [`Stopped`]: returned or refused.
pub fn preflight(draft: Draft, catalogue: &Catalogue, today: Date) -> Result<Preflighted, Stopped> {
    let mut faults = Faults::default();
    let dataset = admit(&draft, catalogue, today, &mut faults);
    let own = own_explanations(&draft, &mut faults);
    let Some(dataset) = dataset.filter(|_| faults.is_empty()) else {
        return Err(Stopped::Refused {
            draft: Box::new(draft),
            faults: faults.finish(),
        });
    };
    let version = catalogue.version();
    let made = Made {
        catalogue_version: version,
        ..Made::default()
    };
    let first = assess(catalogue, &draft.snapshot(made, &own));
    let (explanations, unused) = explain(&draft, dataset, own, &first.failures);
    let snapshot = draft.snapshot(made, &explanations);
    let assessment = assess(catalogue, &snapshot);
    let mut findings: Vec<Finding> = assessment
        .failures
        .iter()
        .map(|failure| finding(&draft, catalogue, dataset, failure))
        .collect();
    suspect_cells(catalogue, &snapshot, &mut findings);
    if assessment.returned {
        return Err(Stopped::Returned {
            draft: Box::new(draft),
            findings,
        });
    }
    match draft.digest(&explanations) {
        Ok(digest) => Ok(Preflighted {
            draft,
            explanations,
            findings,
            unused,
            catalogue_version: version,
            digest,
        }),
        Err(error) => Err(Stopped::Refused {
            draft: Box::new(draft),
            faults: vec![beyond_limits(&error)],
        }),
    }
}

impl Preflighted {
    /// What was read.
    #[must_use]
    pub const fn draft(&self) -> &Draft {
        &self.draft
    }

    /// Quality edits that fail, explained or not.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Notes that explain nothing.
    #[must_use]
    pub fn unused(&self) -> &[Told] {
        &self.unused
    }

    /// The name of the content, whenever and however it is handed in.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Makes the bytes that will be signed.
    ///
    /// # Errors
    /// [`SnapshotError`] where they would break a limit.
    pub fn seal(
        &self,
        revision: u32,
        prepared_at_ms: i64,
        software: &str,
    ) -> Result<Outgoing, SnapshotError> {
        let made = Made {
            revision,
            prepared_at_ms,
            catalogue_version: self.catalogue_version,
            software,
        };
        let payload = self.draft.snapshot(made, &self.explanations).encode()?;
        Ok(Outgoing::kept(self.draft.slot().clone(), revision, payload))
    }
}

impl Outgoing {
    /// What was sealed before and kept.
    pub(crate) fn kept(slot: SlotKey, revision: u32, payload: Vec<u8>) -> Self {
        let payload_sha256 = Digest::of(&payload);
        Self {
            slot,
            revision,
            payload,
            payload_sha256,
        }
    }

    /// Whose statement it is.
    #[must_use]
    pub const fn slot(&self) -> &SlotKey {
        &self.slot
    }

    /// The revision in it.
    #[must_use]
    pub const fn revision(&self) -> u32 {
        self.revision
    }

    /// The bytes to sign, of type [`granary_core::snapshot::PAYLOAD_TYPE`].
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The name by which its answer comes back.
    #[must_use]
    pub const fn payload_sha256(&self) -> Digest {
        self.payload_sha256
    }
}

/// Everything that the city's admission asks, with all faults. The dataset, where it is known.
fn admit<'a>(
    draft: &Draft,
    catalogue: &'a Catalogue,
    today: Date,
    faults: &mut Faults,
) -> Option<&'a Dataset> {
    let slot = draft.slot();
    let unit = &slot.unit;
    if catalogue.unit(unit).is_none() {
        faults.report(Fault::of_file(
            say!(
                "名录中没有本单位 {unit}",
                "the catalogue does not have this unit, {unit}"
            ),
            say!(
                "请与市局核对单位代码，并更新目录",
                "compare the unit code with the city and fetch the catalogue again"
            ),
        ));
    }
    let Some(dataset) = catalogue.dataset(&slot.dataset) else {
        let code = &slot.dataset;
        faults.report(Fault::of_file(
            say!("没有报表 {code}", "there is no dataset {code}"),
            say!("核对报表代码", "check the code of the dataset"),
        ));
        return None;
    };
    check_period(slot, catalogue, dataset, today, faults);
    for cell in draft.cells() {
        check_cell(cell, catalogue, dataset, faults);
    }
    Some(dataset)
}

fn check_period(
    slot: &SlotKey,
    catalogue: &Catalogue,
    dataset: &Dataset,
    today: Date,
    faults: &mut Faults,
) {
    let (period, unit, code) = (slot.period, &slot.unit, dataset.code());
    let (zh, en, first) = (
        &dataset.name().zh,
        &dataset.name().en,
        dataset.first_period(),
    );
    if period.periodicity() != dataset.periodicity() {
        faults.report(Fault::of_file(
            say!(
                "{period} 不是“{zh}”的报告期：周期不同",
                "{period} is no period of {en}: it is of another periodicity"
            ),
            say!("例如写成 {first}", "write for instance {first}"),
        ));
        return;
    }
    if !dataset.reports(period) {
        faults.report(Fault::of_file(
            say!(
                "“{zh}”不报 {period}：目录规定每年这一期不报送",
                "{en} is not reported for {period}: the catalogue leaves this part of every year out"
            ),
            say!("核对报告期", "check the period"),
        ));
        return;
    }
    if !dataset.covers(period) {
        let last_zh = dataset
            .last_period()
            .map_or(String::new(), |p| format!("，到 {p} 为止"));
        let last_en = dataset
            .last_period()
            .map_or(String::new(), |p| format!(" and ends with {p}"));
        faults.report(Fault::of_file(
            say!(
                "“{zh}”没有报告期 {period}：从 {first} 开始{last_zh}",
                "{en} is not reported for {period}: it begins with {first}{last_en}"
            ),
            say!("核对报告期", "check the period"),
        ));
        return;
    }
    if today < period.first_day() {
        faults.report(Fault::of_file(
            say!(
                "报告期 {period} 尚未开始（本机日期 {today}）",
                "period {period} has not begun (this machine's date is {today})"
            ),
            say!(
                "核对报告期；如果本机日期不对，请先校准时钟",
                "check the period; if this machine's date is wrong, set its clock"
            ),
        ));
    }
    if !catalogue.expects(unit, code, period) {
        faults.report(Fault::of_file(
            say!(
                "名录未要求 {unit} 报送 {period} 的“{zh}”",
                "the roster does not expect {en} of {unit} for {period}"
            ),
            say!(
                "核对报表和报告期；如果确应报送，请与市局联系",
                "check dataset and period; if it is owed all the same, ask the city"
            ),
        ));
    }
}

fn check_cell(cell: &Cell, catalogue: &Catalogue, dataset: &Dataset, faults: &mut Faults) {
    let observation = &cell.observation;
    let (code, place) = (&observation.indicator, || cell.place.clone());
    let (zh, en) = (&dataset.name().zh, &dataset.name().en);
    let Some(indicator) = catalogue.indicator(code).filter(|_| dataset.holds(code)) else {
        faults.report(Fault::new(
            place(),
            say!("报表“{zh}”没有指标 {code}", "{en} has no indicator {code}"),
            say!(
                "删去这个数值，或核对报表",
                "remove the value, or check the dataset"
            ),
        ));
        return;
    };
    let (name_zh, name_en, most) = (
        &indicator.name().zh,
        &indicator.name().en,
        indicator.decimals(),
    );
    if let Some(value) = observation.value.filter(|value| value.scale() > most) {
        faults.report(Fault::new(
            place(),
            say!(
                "“{name_zh}”的值 {value} 小数位过多，最多 {most} 位",
                "{name_en}: {value} has too many decimals; at most {most} are allowed"
            ),
            say!("按规定保留 {most} 位小数", "give it with {most} decimals"),
        ));
    }
    match (observation.item.is_some(), dataset.itemised()) {
        (true, true) | (false, false) => {}
        (false, true) => faults.report(Fault::new(
            place(),
            say!(
                "“{zh}”按明细项报送，这里没有明细项",
                "{en} is reported by item, and here is none"
            ),
            say!(
                "加上“明细项”列并填写",
                "add a column \"item\" and fill it in"
            ),
        )),
        (true, false) => faults.report(Fault::new(
            place(),
            say!("“{zh}”不分明细项", "{en} has no items"),
            say!("删去“明细项”列", "remove the column \"item\""),
        )),
    }
}

/// The explanations that name their edit, sorted; a second one for the same edit and item is a fault.
fn own_explanations(draft: &Draft, faults: &mut Faults) -> Vec<Explanation> {
    let mut sorted: BTreeMap<(EditId, Option<ItemKey>), Explanation> = BTreeMap::new();
    for (explanation, place) in &draft.papers().explanations {
        let key = (explanation.edit.clone(), explanation.item.clone());
        let edit = &explanation.edit;
        if sorted.insert(key, explanation.clone()).is_some() {
            faults.report(Fault::new(
                place.clone(),
                say!("{edit} 有两条说明", "{edit} is explained twice"),
                say!("合并成一条", "make one explanation of the two"),
            ));
        }
    }
    sorted.into_values().collect()
}

/// Turns notes into explanations of the quality edits that fail. Gives all explanations and the notes that were of no use.
fn explain(
    draft: &Draft,
    dataset: &Dataset,
    own: Vec<Explanation>,
    failures: &[Failure],
) -> (Vec<Explanation>, Vec<Told>) {
    let mut all = own;
    let mut used = vec![false; draft.notes().len()];
    for failure in failures.iter().filter(|f| f.kind == EditKind::Quality) {
        let operands = operands(draft, dataset, failure);
        let mut text = String::new();
        for (index, note) in draft.notes().iter().enumerate() {
            let fits = note.item == failure.item
                && note.indicator.as_ref().is_none_or(|i| operands.contains(i));
            if !fits {
                continue;
            }
            used[index] = true;
            let is_new = !text.contains(&note.text)
                && text.len() + note.text.len() + 3 <= EXPLANATION_BYTES_MAX;
            if is_new {
                text = if text.is_empty() {
                    note.text.clone()
                } else {
                    format!("{text}；{}", note.text)
                };
            }
        }
        if failure.explanation.is_none() && !text.is_empty() {
            all.push(Explanation {
                edit: failure.edit.clone(),
                item: failure.item.clone(),
                text,
            });
        }
    }
    all.sort_by(|a, b| (&a.edit, &a.item).cmp(&(&b.edit, &b.item)));
    let unused = draft.notes().iter().zip(used).filter(|(_, used)| !used);
    let unused = unused.map(|(note, _)| Told {
        place: note.place.clone(),
        text: say!(
            "没有审核问题用到这条说明，未报送",
            "no failed edit uses this note; it was not sent"
        ),
    });
    (all, unused.collect())
}

/// The indicators that a failure is about.
fn operands(draft: &Draft, dataset: &Dataset, failure: &Failure) -> Vec<IndicatorCode> {
    let status = |code: &&IndicatorCode| {
        let at = draft
            .cells()
            .binary_search_by(|c| c.observation.key().cmp(&(*code, failure.item.as_ref())));
        at.ok()
            .and_then(|at| draft.cells().get(at))
            .map(|cell| cell.observation.status)
    };
    let required = dataset.required().iter();
    match failure.edit.as_str() {
        REQUIRED => required
            .filter(|code| status(code).is_none())
            .cloned()
            .collect(),
        MISSING => required
            .filter(|code| status(code) == Some(ObservationStatus::Missing))
            .cloned()
            .collect(),
        _ => {
            let edit = dataset
                .edits()
                .iter()
                .find(|edit| *edit.id() == failure.edit);
            edit.map_or(Vec::new(), |edit| edit.indicators().to_vec())
        }
    }
}

fn finding(draft: &Draft, catalogue: &Catalogue, dataset: &Dataset, failure: &Failure) -> Finding {
    let item = failure.item.as_ref();
    let operand = |indicator: IndicatorCode| {
        let at = draft
            .cells()
            .binary_search_by(|c| c.observation.key().cmp(&(&indicator, item)))
            .ok();
        let cell = at.and_then(|at| draft.cells().get(at));
        Operand {
            name: catalogue
                .indicator(&indicator)
                .map(|i| i.name().clone())
                .unwrap_or_default(),
            value: cell.and_then(|cell| cell.observation.value),
            place: cell.map(|cell| cell.place.clone()),
            indicator,
        }
    };
    Finding {
        edit: failure.edit.clone(),
        kind: failure.kind,
        item: failure.item.clone(),
        figures: failure.figures,
        message: failure.message.clone(),
        explanation: failure.explanation.clone(),
        operands: operands(draft, dataset, failure)
            .into_iter()
            .map(operand)
            .collect(),
        suspicion: Bilingual::default(),
    }
}

/// How many records of one report are searched for the figures that are most likely wrong.
const SUSPECTED_RECORDS_MAX: usize = 50;

/// Adds to each finding which figures are most likely wrong.
fn suspect_cells(catalogue: &Catalogue, snapshot: &Snapshot, findings: &mut [Finding]) {
    let items: BTreeSet<Option<ItemKey>> = findings.iter().map(|f| f.item.clone()).collect();
    for item in items.into_iter().take(SUSPECTED_RECORDS_MAX) {
        let found = suspect(catalogue, snapshot, item.as_ref());
        for finding in findings.iter_mut().filter(|f| f.item == item) {
            if let Some(one) = found.iter().find(|one| one.edits.contains(&finding.edit)) {
                finding.suspicion = one.words.clone();
            }
        }
    }
}

fn beyond_limits(error: &SnapshotError) -> Fault {
    Fault::of_file(
        say!(
            "内容超过一次报送的上限（{error}）",
            "the content is beyond the limits of one snapshot ({error})"
        ),
        say!(
            "减少明细项或说明的长度",
            "use fewer items or shorter explanations"
        ),
    )
}
