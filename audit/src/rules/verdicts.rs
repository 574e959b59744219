//! What Granary itself says, to be compared with.

use granary_core::{catalogue::Catalogue, decimal::Decimal, edits::Truth};

use super::{
    figures::{Figures, RecordCells},
    plan::Plan,
    script,
};

/// The headings of `granary-verdicts.csv`.
pub(super) const HEADINGS: [&str; 7] = [
    "dataset",
    "unit",
    "period",
    "item",
    "edit",
    "verdict",
    "imbalance",
];

/// The headings of `rules.csv`.
pub(super) const RULE_HEADINGS: [&str; 7] = [
    "dataset",
    "edit",
    "verdicts",
    "rule",
    "imbalances",
    "imbalance",
    "hierarchies",
];

/// The verdicts on all records in the scope of each rule.
pub(super) fn rows(plan: &Plan<'_>, catalogue: &Catalogue, figures: &Figures) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for record in figures.of(plan.dataset.code()) {
        let cells = RecordCells::new(figures, catalogue, record);
        for ruled in &plan.rules {
            if !ruled.edit.scope().holds(&record.unit, record.period) {
                continue;
            }
            let verdict = ruled.edit.evaluate(&cells);
            let item = record.item.as_ref();
            rows.push(vec![
                plan.name.clone(),
                record.unit.to_string(),
                record.period.to_string(),
                item.map(ToString::to_string).unwrap_or_default(),
                ruled.edit.id().to_string(),
                word(verdict.truth).to_owned(),
                verdict
                    .imbalance
                    .as_ref()
                    .map(Decimal::to_string)
                    .unwrap_or_default(),
            ]);
        }
    }
    rows
}

/// Where the engine's answer to each edit is found.
pub(super) fn rules(plan: &Plan<'_>, script: &script::Script) -> Vec<Vec<String>> {
    let row = |(place, ruled): (usize, &super::plan::Ruled<'_>)| {
        let has_imbalance = ruled.rule.imbalance.is_some();
        let imbalance = |name: String| if has_imbalance { name } else { String::new() };
        let hierarchies = script.hierarchies.get(&place);
        vec![
            plan.name.clone(),
            ruled.edit.id().to_string(),
            script::verdicts(plan),
            ruled.rule.name.clone(),
            imbalance(script::imbalances(plan)),
            imbalance(script::imbalance(ruled)),
            hierarchies.map(|names| names.join(" ")).unwrap_or_default(),
        ]
    };
    plan.rules.iter().enumerate().map(row).collect()
}

const fn word(truth: Truth) -> &'static str {
    match truth {
        Truth::True => "true",
        Truth::False => "false",
        Truth::Undecided => "undecided",
    }
}
