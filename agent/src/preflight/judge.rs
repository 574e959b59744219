//! What the edits say about a draft, each figure with its place, and which of the clerk's notes explain what.

use std::collections::{BTreeMap, BTreeSet};

use granary_core::{
    catalogue::{Catalogue, Dataset},
    code::{EditId, IndicatorCode, ItemKey},
    edits::{Edit, EditKind},
    ledger::{
        Beyond, Known,
        assess::{Failure, MISSING, REQUIRED},
        assess_with, suspect,
    },
    snapshot::{
        EXPLANATION_BYTES_MAX, Explanation, ObservationStatus, REFERENCES_MAX, SlotKey, Snapshot,
    },
    text::Bilingual,
};

use super::{Elsewhere, Finding, Operand, Unjudged};
use crate::{
    draft::{Draft, Told},
    history::Past,
    intake::{Fault, Faults, say},
};

/// How many records of one report are searched for the figures that are most likely wrong.
const SUSPECTED_RECORDS_MAX: usize = 50;

/// A draft and what is at hand to judge it.
#[derive(Clone, Copy)]
pub(super) struct Bench<'a> {
    pub(super) draft: &'a Draft,
    pub(super) catalogue: &'a Catalogue,
    pub(super) dataset: &'a Dataset,
    pub(super) past: &'a Past,
}

/// The explanations that name their edit, sorted; a second one for the same edit and item is a fault.
pub(super) fn own_explanations(draft: &Draft, faults: &mut Faults) -> Vec<Explanation> {
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

/// What a note may explain.
struct Asked<'a> {
    edit: &'a EditId,
    item: Option<&'a ItemKey>,
    is_explained: bool,
    looks_at: Vec<IndicatorCode>,
}

impl Bench<'_> {
    /// The edits that look at the unit's other records.
    pub(super) fn beyond(&self, snapshot: &Snapshot) -> Beyond {
        assess_with(self.catalogue, snapshot, &|slot: &SlotKey| -> Known {
            self.past.known(slot)
        })
    }

    /// Turns notes into explanations of the quality edits that fail, and of those that only the city can judge. Gives all explanations
    /// and the notes that were of no use.
    pub(super) fn explain(
        &self,
        own: Vec<Explanation>,
        failures: &[Failure],
        beyond: &Beyond,
    ) -> (Vec<Explanation>, Vec<Told>) {
        let mut used = vec![false; self.draft.notes().len()];
        let asked = self.asked(&own, failures, beyond);
        let mut all = own;
        for one in asked {
            let text = self.notes_on(&one, &mut used);
            if !one.is_explained && !text.is_empty() && all.len() < REFERENCES_MAX {
                all.push(Explanation {
                    edit: one.edit.clone(),
                    item: one.item.cloned(),
                    text,
                });
            }
        }
        all.sort_by(|a, b| (&a.edit, &a.item).cmp(&(&b.edit, &b.item)));
        let unused = self.draft.notes().iter().zip(used);
        let unused = unused.filter(|(_, used)| !used).map(|(note, _)| Told {
            place: note.place.clone(),
            text: say!(
                "没有审核问题用到这条说明，未报送",
                "no failed edit uses this note; it was not sent"
            ),
        });
        (all, unused.collect())
    }

    fn asked<'a>(
        &self,
        own: &[Explanation],
        failures: &'a [Failure],
        beyond: &'a Beyond,
    ) -> Vec<Asked<'a>> {
        let failures = failures.iter().chain(&beyond.failures);
        let failed = failures
            .filter(|failure| failure.kind == EditKind::Quality)
            .map(|failure| Asked {
                edit: &failure.edit,
                item: failure.item.as_ref(),
                is_explained: failure.explanation.is_some(),
                looks_at: self.looks_at(failure),
            });
        let is_explained = |edit: &EditId, item: Option<&ItemKey>| {
            own.iter()
                .any(|e| e.edit == *edit && e.item.as_ref() == item)
        };
        let unjudged = beyond.unjudged.iter().map(|one| Asked {
            edit: &one.edit,
            item: one.item.as_ref(),
            is_explained: is_explained(&one.edit, one.item.as_ref()),
            looks_at: self.edit(&one.edit).map_or(Vec::new(), own_indicators),
        });
        failed.chain(unjudged).collect()
    }

    /// The notes on a figure that was looked at, joined.
    fn notes_on(&self, asked: &Asked<'_>, used: &mut [bool]) -> String {
        let mut text = String::new();
        for (note, used) in self.draft.notes().iter().zip(used) {
            let looked_at = |i: &IndicatorCode| asked.looks_at.contains(i);
            let fits =
                note.item.as_ref() == asked.item && note.indicator.as_ref().is_none_or(looked_at);
            if !fits {
                continue;
            }
            *used = true;
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
        text
    }

    fn edit(&self, id: &EditId) -> Option<&Edit> {
        self.dataset.edits().iter().find(|edit| edit.id() == id)
    }

    /// The indicators of the draft that a failure is about.
    fn looks_at(&self, failure: &Failure) -> Vec<IndicatorCode> {
        let status = |code: &&IndicatorCode| {
            let cell = self.draft.cell(code, failure.item.as_ref());
            cell.map(|cell| cell.observation.status)
        };
        let required = self.dataset.required().iter();
        match failure.edit.as_str() {
            REQUIRED => required
                .filter(|code| status(code).is_none())
                .cloned()
                .collect(),
            MISSING => required
                .filter(|code| status(code) == Some(ObservationStatus::Missing))
                .cloned()
                .collect(),
            _ => self.edit(&failure.edit).map_or(Vec::new(), own_indicators),
        }
    }

    /// The failures with their figures, and which figures are most likely wrong.
    pub(super) fn findings(
        &self,
        snapshot: &Snapshot,
        failures: &[Failure],
        beyond: &Beyond,
    ) -> Vec<Finding> {
        let mut findings: Vec<Finding> = failures.iter().map(|f| self.finding(f)).collect();
        self.suspect_cells(snapshot, &mut findings);
        findings.extend(beyond.failures.iter().map(|failure| {
            Finding {
                explanation: snapshot
                    .explanation(&failure.edit, failure.item.as_ref())
                    .map(str::to_owned),
                ..self.finding(failure)
            }
        }));
        findings
    }

    fn finding(&self, failure: &Failure) -> Finding {
        let item = failure.item.as_ref();
        let edit = self.edit(&failure.edit);
        let period = self.draft.slot().period;
        let looks = edit.map_or(Vec::new(), |edit| edit.looks(period));
        // What an edit looks at in its own record comes first. One that looks at other periods of a figure names it there.
        let own = match edit {
            Some(edit) => edit.indicators().to_vec(),
            None => self.looks_at(failure),
        };
        let mut operands: Vec<Operand> = own.into_iter().map(|i| self.operand(i, item)).collect();
        for look in looks {
            let dataset = look.dataset.unwrap_or_else(|| self.dataset.code().clone());
            let slot = SlotKey::new(self.draft.slot().unit.clone(), dataset, look.period);
            let operand = self.elsewhere(slot, look.indicator, item);
            if !operands.contains(&operand) {
                operands.push(operand);
            }
        }
        Finding {
            edit: failure.edit.clone(),
            kind: failure.kind,
            item: failure.item.clone(),
            figures: failure.figures,
            message: failure.message.clone(),
            explanation: failure.explanation.clone(),
            is_beyond: edit.is_some_and(|edit| !edit.is_of_one_record()),
            operands,
            suspicion: Bilingual::default(),
        }
    }

    fn operand(&self, indicator: IndicatorCode, item: Option<&ItemKey>) -> Operand {
        let cell = self.draft.cell(&indicator, item);
        Operand {
            name: self.name(&indicator),
            value: cell.and_then(|cell| cell.observation.value),
            place: cell.map(|cell| cell.place.clone()),
            elsewhere: None,
            indicator,
        }
    }

    /// A figure of another record of the unit.
    fn elsewhere(
        &self,
        slot: SlotKey,
        indicator: IndicatorCode,
        item: Option<&ItemKey>,
    ) -> Operand {
        let seen = self.past.seen(&slot);
        let dataset = self.catalogue.dataset(&slot.dataset);
        Operand {
            name: self.name(&indicator),
            value: seen.and_then(|seen| seen.snapshot.value(&indicator, item)),
            place: None,
            elsewhere: Some(Elsewhere {
                dataset: dataset
                    .map(|d| d.name().clone())
                    .filter(|_| slot.dataset != *self.dataset.code()),
                revision: seen.map(|seen| seen.snapshot.revision),
                origin: seen.map(|seen| seen.origin),
                slot,
            }),
            indicator,
        }
    }

    fn name(&self, indicator: &IndicatorCode) -> Bilingual {
        let found = self.catalogue.indicator(indicator);
        found.map(|i| i.name().clone()).unwrap_or_default()
    }

    /// Adds to each finding which figures are most likely wrong.
    fn suspect_cells(&self, snapshot: &Snapshot, findings: &mut [Finding]) {
        let items: BTreeSet<Option<ItemKey>> = findings.iter().map(|f| f.item.clone()).collect();
        for item in items.into_iter().take(SUSPECTED_RECORDS_MAX) {
            let found = suspect(self.catalogue, snapshot, item.as_ref());
            for finding in findings.iter_mut().filter(|f| f.item == item) {
                if let Some(one) = found.iter().find(|one| one.edits.contains(&finding.edit)) {
                    finding.suspicion = one.words.clone();
                }
            }
        }
    }

    /// The edits that only the city can judge, each once, with what it lacks and what the unit says about it.
    pub(super) fn unjudged(&self, beyond: &Beyond, explanations: &[Explanation]) -> Vec<Unjudged> {
        let mut by_edit: BTreeMap<&EditId, Unjudged> = BTreeMap::new();
        for one in &beyond.unjudged {
            let message = self.edit(&one.edit).map(|edit| edit.message().clone());
            let entry = by_edit.entry(&one.edit).or_insert_with(|| Unjudged {
                edit: one.edit.clone(),
                message: message.unwrap_or_default(),
                hidden: BTreeSet::new(),
                is_explained: explanations.iter().any(|e| e.edit == one.edit),
            });
            entry.hidden.extend(one.hidden.iter().cloned());
        }
        by_edit.into_values().collect()
    }
}

/// The indicators of the edit's own dataset that it looks at, in whatever period: the figures that a note may stand beside.
fn own_indicators(edit: &Edit) -> Vec<IndicatorCode> {
    let own = edit.operands().iter().filter(|o| o.dataset.is_none());
    let codes: BTreeSet<_> = own.map(|operand| operand.indicator.clone()).collect();
    codes.into_iter().collect()
}
