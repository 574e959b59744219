//! The findings table: which rule is false where, by how much, and what the unit says to it.

use granary_proto::v1::{Failure, Finding, FindingStatus};

use super::{Lay, basis, draw};
use crate::{
    city::Listing,
    words::{self, Manner, NOTHING},
};

/// Draws a listing of findings.
#[must_use]
pub fn findings(manner: &Manner, listing: &Listing<Finding>) -> String {
    let has_items = listing.rows.iter().any(|finding| {
        let failure = finding.failure.as_ref();
        failure.is_some_and(|failure| failure.item.is_some())
    });
    let mut columns = vec![
        (manner.say("报表", "dataset"), Lay::Words),
        (manner.say("报告期", "period"), Lay::Words),
        (manner.say("单位", "unit"), Lay::Text),
        (manner.say("审核", "edit"), Lay::Words),
    ];
    if has_items {
        columns.push((manner.say("明细项", "item"), Lay::Text));
    }
    columns.extend([
        (manner.say("类别", "kind"), Lay::Words),
        (manner.say("差额", "imbalance"), Lay::Figures),
        (manner.say("状态", "status"), Lay::Words),
        (manner.say("问题", "what is wrong"), Lay::Text),
        (manner.say("说明", "explanation"), Lay::Text),
    ]);
    let rows = listing.rows.iter().map(|row| line(manner, row, has_items));
    let mut text = draw(&columns, rows.collect(), manner.width);
    text.push_str("\n\n");
    text.push_str(manner.say("问题数", "findings"));
    text.push_str(&format!(": {}\n", listing.rows.len()));
    if listing.truncated {
        text.push_str(&basis::truncated(manner, listing.rows.len()));
    }
    text.push_str(&basis::basis(
        manner,
        &listing.basis,
        listing.applied_size_last,
    ));
    text
}

fn line(manner: &Manner, finding: &Finding, has_items: bool) -> Vec<String> {
    let none = Failure::default();
    let failure = finding.failure.as_ref().unwrap_or(&none);
    let name = manner.pick(&finding.unit_name_zh, &finding.unit_name_en);
    let mut cells = vec![
        finding.dataset.clone(),
        finding.period.clone(),
        format!("{} {name}", finding.unit).trim_end().to_owned(),
        failure.edit.clone(),
    ];
    if has_items {
        cells.push(failure.item.clone().unwrap_or_else(|| NOTHING.to_owned()));
    }
    cells.extend([
        manner.kind(failure.kind()).to_owned(),
        words::figure(failure.imbalance.as_ref()),
        manner
            .finding(FindingStatus::try_from(finding.status).unwrap_or_default())
            .to_owned(),
        what_is_wrong(manner, finding, failure),
        explanation(manner, failure, &finding.decision_reason),
    ]);
    cells
}

/// The rule's message, and which figures are most likely wrong, where that is known.
fn what_is_wrong(manner: &Manner, finding: &Finding, failure: &Failure) -> String {
    let message = manner.pick(&failure.message_zh, &failure.message_en);
    let suspicion = manner.pick(&finding.suspicion_zh, &finding.suspicion_en);
    if suspicion.is_empty() {
        return message.to_owned();
    }
    format!("{message} ({suspicion})")
}

/// The unit's words, and behind them what operations decided.
fn explanation(manner: &Manner, failure: &Failure, decision: &str) -> String {
    match (failure.explanation.as_str(), decision) {
        ("", "") => NOTHING.to_owned(),
        (words, "") => words.to_owned(),
        (words, decision) => {
            let words = if words.is_empty() { NOTHING } else { words };
            format!("{words} [{}: {decision}]", manner.say("批示", "decision"))
        }
    }
}
