//! *Findings*.

use std::{cmp::Reverse, collections::BTreeMap};

use granary_core::code::DatasetCode;
use serde_json::Value;

use super::{Look, finding::finding};
use crate::{
    audit::Audit,
    told::{Table, Told, cell},
    words::text,
};

/// Findings on a page.
const SHOWN_MAX: usize = 15;

/// A choice of findings.
type Choice<'a> = &'a dyn Fn(&Audit, &Value) -> bool;

/// Compares the page under each of its choices.
pub(crate) fn look(look: &mut Look<'_>) {
    let choices: [(&str, Choice<'_>); 11] = [
        ("", &|_, one| {
            one["status"] == "open" || one["status"] == "explained"
        }),
        ("?status=1", &|_, one| one["status"] == "open"),
        ("?status=2", &|_, one| one["status"] == "explained"),
        ("?status=3", &|_, one| one["status"] == "accepted"),
        ("?status=4", &|_, one| one["status"] == "corrected"),
        ("?status=0", &|_, _| true),
        ("?status=0&kind=validity", &|_, one| {
            one["kind"] == "validity"
        }),
        ("?status=0&edit=REVENUE.JUMP", &|_, one| {
            one["edit"] == "REVENUE.JUMP"
        }),
        ("?status=0&dataset=projects", &|_, one| {
            one["dataset"] == "projects"
        }),
        ("?status=0&under=990101", &|_, one| one["unit"] == "990101"),
        ("?status=0&owner=finance", &|audit, one| {
            owners(audit, one).contains("finance")
        }),
    ];
    let mut counts = Vec::new();
    for (query, choice) in choices {
        let mut found: Vec<&Value> = look
            .audit
            .findings
            .iter()
            .filter(|one| choice(look.audit, one))
            .collect();
        found.sort_by_key(|one| {
            (
                one["kind"] != "validity",
                Reverse(one["changed_index"].as_u64()),
            )
        });
        counts.push(found.len());
        let path = format!("/findings{query}");
        for (at, shown) in found.chunks(SHOWN_MAX).enumerate() {
            let mut told = Told::default();
            told.block("Findings", "h1", format!("Findings {}", found.len()));
            rules(&mut told, &found);
            let each = shown.iter();
            each.for_each(|one| finding(&mut told, look.audit, one));
            let and = if query.is_empty() { '?' } else { '&' };
            let path = format!("{path}{and}page={}", at + 1);
            look.page(&path, &told, &[]);
            look.file(&path, &table(look.audit, &found));
        }
    }
    assert!(
        counts[1..6].iter().all(|count| *count > 0),
        "some status has no finding: {counts:?}"
    );
    assert!(
        counts[5] > SHOWN_MAX,
        "all findings are on one page: {counts:?}"
    );
}

/// How often each rule fails, the most frequent first.
fn rules(told: &mut Told, found: &[&Value]) {
    let mut rules: BTreeMap<String, u64> = BTreeMap::new();
    for one in found {
        *rules.entry(text(&one["edit"])).or_default() += 1;
    }
    let mut rules: Vec<_> = rules.into_iter().collect();
    rules.sort_by_key(|(edit, count)| (Reverse(*count), edit.clone()));
    if rules.len() > 1 {
        let words = rules.iter().map(|(edit, count)| format!("{edit} {count}"));
        told.block("Findings", "p", words.collect::<Vec<_>>().join(" "));
    }
}

/// The departments that own an indicator which the finding's edit looks at.
pub(crate) fn owners(audit: &Audit, one: &Value) -> String {
    let code = DatasetCode::new(one["dataset"].as_str().unwrap()).unwrap();
    let edits = audit.catalogue.dataset(&code).unwrap().edits();
    let edit = edits
        .iter()
        .find(|edit| one["edit"] == edit.id().as_str())
        .unwrap();
    let owner = |code| audit.catalogue.indicator(code).unwrap().owner().to_string();
    let mut owners: Vec<String> = edit.indicators().iter().map(owner).collect();
    owners.sort();
    owners.dedup();
    owners.join(" ")
}

fn table(audit: &Audit, found: &[&Value]) -> Table {
    let columns = [
        "Unit code",
        "Unit",
        "Dataset",
        "Period",
        "Severity",
        "Rule",
        "Item",
        "Status",
        "What does not hold",
        "The unit says",
        "Operations say",
        "Entry",
        "Owner",
    ];
    let mut table = Table::new("findings", "Findings", &columns);
    for one in found {
        let own = |name: &str| cell(text(&one[name]));
        table.rows.push(vec![
            own("unit"),
            cell(audit.unit(&text(&one["unit"]))),
            own("dataset"),
            own("period"),
            own("kind"),
            own("edit"),
            own("item"),
            own("status"),
            cell(text(&one["message"]["en"])),
            own("explanation"),
            own("decision_reason"),
            own("snapshot_index"),
            cell(owners(audit, one)),
        ]);
    }
    table
}
