//! The JSON API beside the auditor's answers, whole documents at a time: a field that is new in an answer is one that nothing accounts for.

mod lists;
mod shape;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    audit::{Audit, list},
    catalogue::UNITS,
    history::now_text,
    pages::{
        day::{Day, Sheet},
        slot,
    },
    support,
    told::Faults,
    visit::Visit,
    words::{day, text, utc},
};

/// The description of the API.
const DOCUMENT: &str = include_str!("../../../../docs/openapi.json");
/// Paths of what no journal holds, or what the auditor's program asks a city for and cannot yet compute from an exported one.
const BEYOND: [(&str, &str); 4] = [
    (
        "/agents",
        "agents say themselves how they are, since the server's start",
    ),
    ("/token", "tokens are kept beside the journal"),
    (
        "/screening/{dataset}/{period}",
        "`granary-audit screen` asks a city",
    ),
    ("/recheck/{dataset}", "`granary-audit recheck` asks a city"),
];

/// Whoever asks.
struct Desk<'a> {
    visit: &'a mut Visit,
    audit: &'a Audit,
    faults: &'a mut Faults,
    asked: BTreeSet<&'static str>,
}

/// Compares every path of the API.
pub(crate) fn look(visit: &mut Visit, audit: &Audit, faults: &mut Faults) {
    let mut desk = Desk {
        visit,
        audit,
        faults,
        asked: BTreeSet::new(),
    };
    desk.reporting();
    desk.slots();
    desk.units();
    desk.findings();
    desk.figures();
    desk.standing();
    desk.outlook();
    desk.today();
    lists::look(&mut desk);
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    for path in document["paths"].as_object().unwrap().keys() {
        let path = path.trim_start_matches("/api/v1");
        let is_known =
            desk.asked.contains(path) || BEYOND.iter().any(|(beyond, _)| *beyond == path);
        if !is_known {
            desk.faults
                .add(format!("the API's {path} is compared with nothing"));
        }
    }
}

impl Desk<'_> {
    /// An answer beside what it must be; `path` is that of the description.
    fn same(&mut self, path: &'static str, asked: &str, told: &Value) {
        self.asked.insert(path);
        let shown = self.visit.api(asked);
        self.faults.compare_values(asked, &shown, told);
    }

    fn reporting(&mut self) {
        for by in [
            "unit",
            "dataset",
            "period",
            "dataset-period",
            "unit-dataset",
            "department",
            "level",
        ] {
            for imported in ["apart", "counted"] {
                let flags = ["--by", by, "--imported", imported];
                let query = format!("?group_by={by}&imported={}", imported == "counted");
                let told = self.audit.ask(&[&["completeness"][..], &flags].concat());
                self.same(
                    "/completeness",
                    &format!("/completeness{query}"),
                    &shape::completeness(&told),
                );
                let told = self.audit.ask(&[&["measures"][..], &flags].concat());
                let told = json!({
                    "basis": shape::basis(&told),
                    "rows": shape::each(&told["rows"], shape::measures_row),
                    "total": shape::measures_row(&told["total"]),
                    "next_page_token": null,
                });
                self.same("/measures", &format!("/measures{query}"), &told);
            }
        }
    }

    fn slots(&mut self) {
        for state in ["timely", "late", "missing", "exempt", "pending"] {
            let told = self
                .audit
                .ask(&["slots", "--state", state, "--limit", "100000"]);
            let slots = shape::each(&told["slots"], shape::slot);
            assert_ne!(slots, json!([]), "no slot is {state}");
            let told =
                json!({ "basis": shape::basis(&told), "slots": slots, "next_page_token": null });
            self.same(
                "/slots",
                &format!("/slots?state={state}&page_size=10000"),
                &told,
            );
        }
        let audit = self.audit;
        let is_told = |slot: &&Value| {
            slot["period"] == "2026-M02"
                || slot["period"] == "2026-M03"
                || slot["period"] == "2026-Q1"
        };
        for slot in audit.slots.iter().filter(is_told) {
            let path = format!(
                "/slots/{}/{}/{}",
                text(&slot["unit"]),
                text(&slot["dataset"]),
                text(&slot["period"])
            );
            self.same(
                "/slots/{unit}/{dataset}/{period}",
                &path,
                &life(audit, slot),
            );
        }
    }

    fn units(&mut self) {
        for unit in UNITS {
            let by = |by| self.audit.ask(&["measures", "--unit", unit, "--by", by]);
            let (datasets, periods) = (by("dataset"), by("period"));
            let is_open = |slot: &&Value| {
                slot["unit"] == unit
                    && slot["imported"] == false
                    && (slot["state"] == "missing" || slot["state"] == "pending")
            };
            let mut open: Vec<&Value> = self.audit.slots.iter().filter(is_open).collect();
            open.sort_by_key(|slot| std::cmp::Reverse(slot["due_at_ms"].as_i64()));
            let keys = self
                .audit
                .journal
                .registry()
                .keys()
                .filter(|(_, key)| key.unit.as_str() == unit);
            let keys = keys.map(|(id, key)| {
                json!({
                    "id": id.short().to_string(),
                    "label": key.row.label,
                    "is_in_force": key.row.revoked_index.is_none(),
                    "enrolled_index": key.row.enrolled_index,
                })
            });
            let told = json!({
                "unit": lists::unit_named(self.audit, unit),
                "basis": shape::basis(&datasets),
                "total": shape::measures_row(&datasets["total"]),
                "datasets": shape::each(&datasets["rows"], shape::measures_row),
                "periods": shape::each(&periods["rows"], shape::measures_row),
                "open": open.into_iter().map(shape::slot).collect::<Vec<_>>(),
                // No notices file names any.
                "contacts": [],
                "keys": keys.collect::<Vec<_>>(),
            });
            self.same("/units/{unit}", &format!("/units/{unit}"), &told);
        }
    }

    fn findings(&mut self) {
        let told = self.audit.plain(&["findings", "--limit", "100000"]);
        // The city answers at the instant, the file's program when the last entry was received; what stands then stands now.
        let mut basis = shape::basis(&told);
        basis["as_of"] = utc(&self.audit.now_ms.into());
        let findings = shape::each(&told["findings"], |one| shape::finding(self.audit, one));
        let told = json!({ "basis": basis, "findings": findings, "next_page_token": null });
        self.same("/findings", "/findings?localise=true", &told);
    }

    fn figures(&mut self) {
        for (unit, indicator, item) in [
            ("990101", "monthly-revenue/revenue", ""),
            ("990000", "quarterly-accounts/gdp", ""),
            ("990101", "projects/invested", "P-2"),
        ] {
            let (dataset, indicator) = indicator.split_once('/').unwrap();
            let mut question = vec![
                "series",
                "--unit",
                unit,
                "--dataset",
                dataset,
                "--indicator",
                indicator,
            ];
            let mut path = format!("/series?unit={unit}&dataset={dataset}&indicator={indicator}");
            if !item.is_empty() {
                question.extend(["--item", item]);
                path += &format!("&item={item}");
            }
            for vintages in [false, true] {
                let flags: &[&str] = if vintages { &["--vintages"] } else { &[] };
                let told = self.audit.ask(&[&question[..], flags].concat());
                let told = lists::series(self.audit, (unit, dataset, indicator, item), &told);
                self.same("/series", &format!("{path}&vintages={vintages}"), &told);
            }
        }
    }

    fn standing(&mut self) {
        for (card, period) in [
            ("counties", "2026-Q1"),
            ("counties", "2025-Q4"),
            ("months", "2026-M03"),
        ] {
            let league = self
                .audit
                .ask(&["league", "--scorecard", card, "--period", period]);
            self.same(
                "/league/{scorecard}/{period}",
                &format!("/league/{card}/{period}"),
                &shape::league(&league),
            );
            for unit in list(&league, "standings")
                .iter()
                .map(|one| text(&one["unit"]["code"]))
            {
                let told = self.audit.ask(&[
                    "explain",
                    "--scorecard",
                    card,
                    "--period",
                    period,
                    "--unit",
                    &unit,
                ]);
                let path = format!("/league/{card}/{period}/{unit}");
                self.same(
                    "/league/{scorecard}/{period}/{unit}",
                    &path,
                    &shape::account(&told),
                );
            }
        }
        let told = self.audit.ask(&["targets", "--year", "2026"]);
        let targets = shape::each(&told["targets"], shape::target);
        let told =
            json!({ "basis": shape::basis(&told), "log": shape::log(&told), "targets": targets });
        self.same("/targets", "/targets?year=2026", &told);
    }

    fn outlook(&mut self) {
        let told = self.audit.ask(&["risk", "--overdue", "--limit", "5000"]);
        let own = shape::fields(&told, &["wanted", "pending", "overdue", "unknown"]);
        let more = json!({ "basis": shape::basis(&told), "risks": shape::each(&told["risks"], shape::risk) });
        self.same(
            "/risks",
            "/risks?overdue=true&lines_max=5000",
            &shape::and(own, more),
        );
        for (dataset, period) in [
            ("monthly-revenue", "2026-M03"),
            ("quarterly-accounts", "2026-Q1"),
            ("projects", "2026-M03"),
        ] {
            let told = self
                .audit
                .ask(&["arrivals", "--dataset", dataset, "--period", period]);
            self.same(
                "/arrivals/{dataset}/{period}",
                &format!("/arrivals/{dataset}/{period}"),
                &shape::arrivals(&told),
            );
        }
        for month in ["2026-M03", "2026-M04"] {
            let first = format!("{}-{}-01", &month[..4], &month[6..]);
            let is_in = |entry: &&Value| {
                day(entry["due_at_ms"].as_i64().unwrap() - 1).to_string()[..7] == first[..7]
            };
            let deadline = |entry: &Value| {
                json!({
                    "day": day(entry["due_at_ms"].as_i64().unwrap() - 1).to_string(),
                    "due_at": utc(&entry["due_at_ms"]),
                    "dataset": { "code": entry["dataset"], "name": entry["name"] },
                    "period": entry["period"],
                })
            };
            let deadlines: Vec<Value> = self
                .audit
                .deadlines
                .iter()
                .filter(is_in)
                .map(deadline)
                .collect();
            let told = json!({ "month": month, "zone": "Asia/Shanghai", "deadlines": deadlines });
            self.same("/calendar", &format!("/calendar?month={month}"), &told);
        }
    }

    fn today(&mut self) {
        let (audit, today) = (self.audit, Day::of(self.audit));
        let sheet = |sheet: &Sheet| {
            json!({
                "dataset": lists::dataset_named(audit, &sheet.dataset),
                "period": sheet.period,
                "due_at": utc(&sheet.due_ms.into()),
                "counts": shape::counts(&sheet.counts),
                "usually_arrived": sheet.usual(audit.now_ms),
                "extended": sheet.is_extended,
            })
        };
        let calls = today.calls.iter().map(|(unit, one)| json!({
            "unit": unit,
            "late": one.late,
            "returned": one.returned,
            "open_findings": one.open,
            "chance_late_percent": (one.chance > 0).then(|| format!("{}.{}", one.chance / 10, one.chance % 10)),
            "contacts": [],
            // None has been heard of since the server's start.
            "agent_silent": false,
        }));
        let told = json!({
            "as_of": now_text().replace('Z', ".000Z"),
            "sheets": today.sheets.iter().map(sheet).collect::<Vec<_>>(),
            "late": today.late.iter().map(shape::slot).collect::<Vec<_>>(),
            "returned": today.returned.iter().map(shape::slot).collect::<Vec<_>>(),
            "at_risk": today.risks.iter().map(shape::risk).collect::<Vec<_>>(),
            "late_count": today.late.len(),
            "returned_count": today.returned.len(),
            "at_risk_count": today.risks.len(),
            "open_findings": today.open.len(),
            "calls": calls.collect::<Vec<_>>(),
            "is_cut": false,
        });
        self.same("/today", "/today", &told);
    }
}

/// The life of a slot. Findings are listed here without what is most likely wrong.
fn life(audit: &Audit, one: &Value) -> Value {
    let key = support::slot(
        &text(&one["unit"]),
        &text(&one["dataset"]),
        &text(&one["period"]),
    );
    let mut vintages =
        granary_core::ledger::history::vintages(&audit.journal.view(), &key).unwrap();
    vintages.reverse();
    let submission = |(index, row): &(
        granary_core::ledger::LogIndex,
        granary_core::ledger::rows::VintageRow,
    )| {
        json!({
            "index": index.0,
            "received_at": utc(&row.received_at_ms.into()),
            "revision": row.revision,
            "outcome": slot::outcome(row.outcome),
            "failed_edits": row.failures.len(),
        })
    };
    let row = slot::row(audit, &key);
    let extension = |one: &granary_core::ledger::rows::ExtensionRow| {
        json!({
            "received_at": utc(&one.received_at_ms.into()),
            "due_at": utc(&one.due_at_ms.into()),
        })
    };
    let finding = |one: &&Value| {
        let mut told = shape::finding(audit, one);
        told["suspicion"] = Value::Null;
        told
    };
    let stated = slot::current(audit, &key)
        .map(|snapshot| snapshot.observations)
        .unwrap_or_default();
    json!({
        "slot": shape::slot(one),
        "submissions": vintages.iter().map(submission).collect::<Vec<_>>(),
        "extensions": row.extensions.iter().map(extension).collect::<Vec<_>>(),
        "exempted_at": row.exempted_at_ms.map(|at_ms| utc(&at_ms.into())),
        "findings": slot::findings(audit, one).iter().map(finding).collect::<Vec<_>>(),
        "figures": stated.iter().map(|one| lists::figure(audit, one)).collect::<Vec<_>>(),
    })
}
