//! Explains a quality finding: the same figures again, with the reason why they are right.

use granary_core::{
    catalogue::Catalogue,
    code::{EditId, ItemKey},
    edits::{Edit, EditKind},
    ledger::assess::{MISSING, REQUIRED},
    snapshot::{EXPLANATION_BYTES_MAX, Explanation, REFERENCES_MAX, SlotKey},
};

use super::{Declined, findings::judged, nothing_known, statement::Statement, words};
use crate::{
    history::Reader,
    intake::{clip, say},
};

/// What is explained, and with which words.
#[derive(Clone, Debug)]
pub struct Explaining {
    /// Whose record it is.
    pub slot: SlotKey,
    /// The edit's id, as the clerk wrote it.
    pub edit: String,
    /// The item, as the clerk wrote it.
    pub item: Option<String>,
    /// Why the figures are right.
    pub reason: String,
}

/// The statement that explains.
///
/// # Errors
/// [`Declined`]: nothing is known of the slot here, or the edit does not fail there, or is one that must hold.
pub fn explain(
    catalogue: &Catalogue,
    reader: &Reader,
    asked: &Explaining,
) -> Result<Statement, Declined> {
    let text = words(&asked.reason, EXPLANATION_BYTES_MAX)?;
    let shelf = reader.shelf(&|_| true);
    let past = shelf.map(|shelf| shelf.around(catalogue, &asked.slot));
    let past = past.unwrap_or_default();
    let seen = past.seen(&asked.slot);
    let seen = seen.ok_or_else(|| nothing_known(&asked.slot))?;
    let (edit, item) = named(asked)?;
    let (failures, unjudged) = judged(catalogue, &seen.snapshot, &past);
    let fails = failures.iter().any(|f| f.edit == edit && f.item == item);
    if !fails && !unjudged.contains(&edit) && !is_the_citys(catalogue, &asked.slot, &edit)? {
        let open: Vec<String> = failures
            .iter()
            .map(|failure| match &failure.item {
                Some(item) => format!("{} [{item}]", failure.edit),
                None => failure.edit.to_string(),
            })
            .take(10)
            .collect();
        return Err(does_not_fail(&asked.slot, &edit, &open));
    }
    let mut statement = Statement::of(&seen.snapshot, catalogue);
    if statement.explanations.len() >= REFERENCES_MAX {
        return Err(Declined(say!(
            "这份报送已有 {REFERENCES_MAX} 条说明，不能再加",
            "this statement has {REFERENCES_MAX} explanations already, which is the most"
        )));
    }
    statement.explain(Explanation { edit, item, text });
    Ok(statement)
}

fn named(asked: &Explaining) -> Result<(EditId, Option<ItemKey>), Declined> {
    let edit = EditId::new(&asked.edit.trim().to_ascii_uppercase());
    let item = asked.item.as_deref().map(|item| ItemKey::new(item.trim()));
    match (edit, item.transpose()) {
        (Ok(edit), Ok(item)) => Ok((edit, item)),
        (Err(_), _) | (_, Err(_)) => {
            let found = clip(&asked.edit);
            Err(Declined(say!(
                "“{found}”不是审核关系编号，或明细项写法不对",
                "\"{found}\" is no edit's id, or the item is not written as it should be"
            )))
        }
    }
}

/// Whether only the city can judge the edit, because it sums over other units.
fn is_the_citys(catalogue: &Catalogue, slot: &SlotKey, edit: &EditId) -> Result<bool, Declined> {
    let dataset = catalogue.dataset(&slot.dataset);
    let found = dataset.and_then(|d| d.edits().iter().find(|one| one.id() == edit));
    let is_built_in = [REQUIRED, MISSING].contains(&edit.as_str());
    match found {
        Some(found) if found.kind() == EditKind::Validity => Err(Declined(say!(
            "{edit} 是强制性审核，不能说明，只能改正数值",
            "{edit} is a validity edit: it cannot be explained, only corrected"
        ))),
        Some(found) => Ok(sums_over_others(found)),
        None if is_built_in => Ok(false),
        None => {
            let dataset = &slot.dataset;
            Err(Declined(say!(
                "报表 {dataset} 没有审核关系 {edit}",
                "dataset {dataset} has no edit {edit}"
            )))
        }
    }
}

fn sums_over_others(edit: &Edit) -> bool {
    !edit.rollups().is_empty()
}

fn does_not_fail(slot: &SlotKey, edit: &EditId, open: &[String]) -> Declined {
    let (dataset, period) = (&slot.dataset, slot.period);
    let list = open.join(", ");
    Declined(match open.is_empty() {
        true => say!(
            "{dataset} {period} 没有需要说明的审核问题",
            "{dataset} {period} has no finding to explain"
        ),
        false => say!(
            "{dataset} {period} 没有 {edit} 这个问题；有：{list}",
            "{dataset} {period} does not fail {edit}; it fails: {list}"
        ),
    })
}
