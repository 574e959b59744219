//! The account of a score: for each component the rule with its figures, and every slot that made it.

use granary_proto::v1::{
    ComponentAccount, Contribution, ExplainScoreResponse, FindingNote, FindingStatus, Points,
    ScoreExplanation, SlotState, measure_value::Value,
};

use super::{
    Lay, basis, draw,
    league::{measured, named, words},
    targets,
};
use crate::words::{Manner, NOTHING};

/// Draws the account.
#[must_use]
pub fn explanation(manner: &Manner, answer: &ExplainScoreResponse) -> String {
    let told = answer.explanation.clone().unwrap_or_default();
    let mut text = head(manner, &told);
    for account in &told.accounts {
        text.push_str(&section(manner, account));
    }
    text.push_str(&basis::basis(
        manner,
        &answer.basis.clone().unwrap_or_default(),
        0,
    ));
    text.push_str(&basis::log(
        manner,
        &answer.log.clone().unwrap_or_default(),
        Some(&answer.league_sha256),
    ));
    text
}

fn head(manner: &Manner, told: &ScoreExplanation) -> String {
    let standing = told.standing.clone().unwrap_or_default();
    let unit = standing.unit.clone().unwrap_or_default();
    let place = match standing.rank {
        Some(rank) => format!("{} {rank}", manner.say("名次", "rank")),
        None => {
            let reason = words(manner, standing.not_ranked.as_ref());
            format!("{}: {reason}", manner.say("未排名", "not ranked"))
        }
    };
    format!(
        "{} {}: {} {}, {} {}, {place}\n\n",
        named(manner, told.scorecard.as_ref()),
        told.period,
        unit.code,
        words(manner, unit.name.as_ref()),
        manner.say("得分", "score"),
        given(&standing.score),
    )
}

fn section(manner: &Manner, account: &ComponentAccount) -> String {
    let component = account.component.clone().unwrap_or_default();
    let points = account.points.clone().unwrap_or_default();
    let mut text = format!(
        "{} ({}): {} = {}; {}\n",
        named(manner, component.component.as_ref()),
        component.measure,
        manner.say("指标值", "measured"),
        measured(manner, points.value.as_ref()),
        words(manner, account.reckoning.as_ref()),
    );
    if !account.contributions.is_empty() {
        text.push_str(&contributions(manner, account, is_duration(&points)));
    }
    if !account.targets.is_empty() {
        text.push_str(&targets::lines(manner, &account.targets));
    }
    text.push('\n');
    text
}

fn is_duration(points: &Points) -> bool {
    let value = points.value.as_ref().and_then(|value| value.value.as_ref());
    matches!(value, Some(Value::DurationMs(_)))
}

fn contributions(manner: &Manner, account: &ComponentAccount, is_duration: bool) -> String {
    let numerator = if is_duration {
        manner.say("时长（毫秒）", "duration (ms)")
    } else {
        manner.say("分子", "numerator")
    };
    let columns = [
        (manner.say("报表", "dataset"), Lay::Words),
        (manner.say("报告期", "period"), Lay::Words),
        (manner.say("状态", "state"), Lay::Words),
        (numerator, Lay::Figures),
        (manner.say("分母", "denominator"), Lay::Figures),
        (manner.say("问题", "findings"), Lay::Text),
    ];
    let mut rows: Vec<Vec<String>> = account
        .contributions
        .iter()
        .map(|part| line(manner, part))
        .collect();
    if !account.denominator.is_empty() {
        let total = manner.say("合计", "sum").to_owned();
        let (numerator, denominator) = (&account.numerator, &account.denominator);
        let sums = [numerator.clone(), denominator.clone(), String::new()];
        let mut row = vec![total, String::new(), String::new()];
        row.extend(sums);
        rows.push(row);
    }
    let mut text = draw(&columns, rows, manner.width);
    text.push('\n');
    text
}

fn line(manner: &Manner, part: &Contribution) -> Vec<String> {
    let state = SlotState::try_from(part.state).unwrap_or_default();
    let dataset = part.dataset.as_ref().map_or("", |dataset| &dataset.code);
    let findings: Vec<String> = part.findings.iter().map(|f| finding(manner, f)).collect();
    vec![
        dataset.to_owned(),
        part.period.clone(),
        manner.state(state).to_owned(),
        given(&part.numerator),
        given(&part.denominator),
        findings.join("; "),
    ]
}

fn finding(manner: &Manner, note: &FindingNote) -> String {
    let status = FindingStatus::try_from(note.status).unwrap_or_default();
    let item = note.item.as_ref().map(|item| format!(" [{item}]"));
    format!(
        "{}{} {} @{}",
        note.edit,
        item.unwrap_or_default(),
        manner.finding(status),
        note.opened_index
    )
}

/// A text that may be empty.
fn given(text: &str) -> String {
    if text.is_empty() { NOTHING } else { text }.to_owned()
}
