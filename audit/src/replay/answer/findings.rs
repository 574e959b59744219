//! Findings of a replayed journal, in the order of their keys: dataset, period, unit, edit, item.

use std::{collections::BTreeMap, ops::ControlFlow};

use granary_core::{
    code::ItemKey,
    completeness::Filter,
    ledger::{FoldError, LogIndex, Suspicion, View as _, history, keys, rows::FindingRow, suspect},
};
use granary_proto::v1::{Finding, FindingStatus, ListFindingsRequest};

use super::{AnswerError, BATCH_ROWS, Replayed, filter, wants, wire};
use crate::city::Listing;

impl Replayed {
    /// Lists findings, at most `rows_max`.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn findings(
        &self,
        request: &ListFindingsRequest,
        rows_max: usize,
    ) -> Result<Listing<Finding>, AnswerError> {
        let filter = filter(request.filter.as_ref())?;
        let (mut findings, mut broken) = (Vec::new(), None);
        let table = keys::table(keys::Table::Finding);
        self.view()
            .scan(&table, &mut |key, value| {
                match self.finding(key, value, &filter, &request.statuses) {
                    Ok(found) => findings.extend(found),
                    Err(error) => broken = Some(error),
                }
                if broken.is_some() || findings.len() > rows_max {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
            .map_err(FoldError::from)?;
        if let Some(error) = broken {
            return Err(error.into());
        }
        let mut listing = self.listing(self.last_received_at_ms, findings, rows_max);
        if request.localise {
            self.name_suspects(&mut listing.rows)?;
        }
        Ok(listing)
    }

    /// Visits the findings of a filter, in the same order, each with what is most likely wrong.
    ///
    /// # Errors
    /// [`AnswerError`], or what the visit fails with.
    pub fn each_finding<E: From<AnswerError>>(
        &self,
        filter: &Filter,
        visit: &mut dyn FnMut(Finding) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut batch, mut broken) = (Vec::new(), None);
        let table = keys::table(keys::Table::Finding);
        let scanned = self.view().scan(&table, &mut |key, value| {
            let taken = match self.finding(key, value, filter, &[]) {
                Ok(found) => {
                    batch.extend(found);
                    if batch.len() < BATCH_ROWS {
                        return ControlFlow::Continue(());
                    }
                    self.visit_named(&mut batch, visit)
                }
                Err(error) => Err(AnswerError::Fold(error).into()),
            };
            match taken {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    broken = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        scanned.map_err(|error| AnswerError::Fold(error.into()))?;
        broken.map_or(Ok(()), Err)?;
        self.visit_named(&mut batch, visit)
    }

    /// Names the suspects of a batch, visits it and empties it.
    fn visit_named<E: From<AnswerError>>(
        &self,
        batch: &mut Vec<Finding>,
        visit: &mut dyn FnMut(Finding) -> Result<(), E>,
    ) -> Result<(), E> {
        self.name_suspects(batch)?;
        batch.drain(..).try_for_each(visit)
    }

    fn finding(
        &self,
        key: &[u8],
        value: &[u8],
        filter: &Filter,
        statuses: &[i32],
    ) -> Result<Option<Finding>, FoldError> {
        let parsed = keys::parse_finding(key);
        let (slot, _, _) = parsed.ok_or_else(|| FoldError::Row("a finding's key".into()))?;
        if !wants(filter, &slot) {
            return Ok(None);
        }
        let row = FindingRow::decode_row(value)?;
        if !statuses.is_empty() && !statuses.contains(&row.status) {
            return Ok(None);
        }
        let name = wire::unit_name(self.catalogue().map(AsRef::as_ref), &slot.unit);
        Ok(Some(Finding {
            unit: slot.unit.to_string(),
            dataset: slot.dataset.to_string(),
            period: slot.period.to_string(),
            failure: Some(wire::failure(row.failure.failure()?)),
            status: row.status,
            snapshot_index: row.snapshot_index,
            opened_index: row.opened_index,
            changed_index: row.changed_index,
            catalogue_version: row.catalogue_version,
            unit_name_zh: name.zh,
            unit_name_en: name.en,
            decision_reason: row.decision_reason,
            ..Default::default()
        }))
    }

    /// Says which figures are most likely wrong, where a finding still stands.
    fn name_suspects(&self, findings: &mut [Finding]) -> Result<(), AnswerError> {
        let Some(catalogue) = self.catalogue() else {
            return Ok(());
        };
        let mut known: BTreeMap<(u64, Option<String>), Vec<Suspicion>> = BTreeMap::new();
        for finding in findings {
            let Some(failure) = &finding.failure else {
                continue;
            };
            if finding.status() == FindingStatus::Corrected {
                continue;
            }
            let key = (finding.snapshot_index, failure.item.clone());
            if !known.contains_key(&key) {
                let snapshot = history::snapshot(&self.view(), LogIndex(key.0))?;
                let item = failure.item.as_deref().map(ItemKey::new).transpose();
                let item = item.map_err(AnswerError::request)?;
                let found = suspect(catalogue, &snapshot, item.as_ref());
                known.insert(key.clone(), found);
            }
            let concerns = |s: &&Suspicion| s.edits.iter().any(|e| e.as_str() == failure.edit);
            let found = known.get(&key).and_then(|all| all.iter().find(concerns));
            if let Some(Suspicion { words, .. }) = found {
                finding.suspicion_zh.clone_from(&words.zh);
                finding.suspicion_en.clone_from(&words.en);
            }
        }
        Ok(())
    }
}
