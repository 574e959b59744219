//! *Calendar*, *Bulletins* and *Log*.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use granary_core::{
    bulletin::Bulletin,
    digest::Digest,
    ledger::{EnrolledWitness, publication},
    log::{Receipt, SignedNote},
    period::Period,
};
use jiff::{ToSpan as _, civil::Date};
use prost::Message as _;
use serde_json::Value;

use super::Look;
use crate::{
    history::at_ms,
    support::run,
    told::{Table, Told, cell},
    words::{day, instant, text, time},
};

/// Compares some months.
pub(crate) fn calendar(look: &mut Look<'_>) {
    for (path, month) in [
        ("/calendar", "2026-M04"),
        ("/calendar?month=2026-M03", "2026-M03"),
        ("/calendar?month=2025-M10", "2025-M10"),
        ("/calendar?month=2026-M12", "2026-M12"),
    ] {
        let month = Period::parse(month).unwrap();
        let mut due: BTreeMap<Date, Vec<&Value>> = BTreeMap::new();
        for entry in &look.audit.deadlines {
            // What is due at 24:00 belongs to the day that ends then.
            let on = day(entry["due_at_ms"].as_i64().unwrap() - 1);
            if (month.first_day()..=month.last_day()).contains(&on) {
                due.entry(on).or_default().push(entry);
            }
        }
        let mut table = Table::new("deadlines", "The deadlines", &["Due", "Dataset", "Period"]);
        for entry in due.values().flatten() {
            let at = instant(entry["due_at_ms"].as_i64().unwrap());
            table.rows.push(vec![
                cell(at),
                cell(text(&entry["name"]["en"])),
                cell(text(&entry["period"])),
            ]);
        }
        assert!(!table.rows.is_empty(), "{month} has no deadline");
        let mut told = Told::default();
        told.block(
            "Calendar",
            "h1",
            format!("Calendar {}-{:02}", month.year(), month.number()),
        );
        told.rows(
            "Calendar",
            &["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
            &grid(month, &due),
        );
        told.table(&table);
        look.page(path, &told, &[]);
        look.file(path, &table);
    }
}

fn grid(month: Period, due: &BTreeMap<Date, Vec<&Value>>) -> Vec<Vec<String>> {
    let lead = i64::from(month.first_day().weekday().to_monday_zero_offset());
    let first = month.first_day().checked_sub(lead.days()).unwrap();
    let cell = |day: Date| {
        let entries = due.get(&day).into_iter().flatten();
        let entries = entries
            .map(|entry| format!(" {} {}", text(&entry["name"]["en"]), text(&entry["period"])));
        format!("{}{}", day.day(), entries.collect::<String>())
    };
    let week = |at: i64| first.checked_add((at * 7).days()).unwrap();
    let weeks = (0..6)
        .map(week)
        .filter(|monday| *monday <= month.last_day());
    weeks
        .map(|monday| {
            (0..7)
                .map(|at| cell(monday.checked_add(at.days()).unwrap()))
                .collect()
        })
        .collect()
}

/// Compares the list, and a bulletin that is made now: the city's document has the bytes that the audit computes.
pub(crate) fn bulletins(look: &mut Look<'_>) {
    let mut table = Table::new(
        "bulletins",
        "Published bulletins",
        &["Period", "Instant", "Published", "Entry", "Document"],
    );
    let published = publication::published(&look.audit.journal.view()).unwrap();
    for (index, row) in published.iter().rev() {
        let digest = Digest::from_slice(&row.sha256).unwrap();
        let cells = [
            row.period.clone(),
            time(row.as_of_ms),
            time(row.published_at_ms),
            index.0.to_string(),
            digest.to_string(),
        ];
        table.rows.push(cells.map(cell).into());
    }
    let mut told = Told::default();
    told.table(&table);
    look.page("/bulletins", &told, &[]);
    look.file("/bulletins", &table);
    for (period, as_of) in [
        ("2025-Q4", "2026-02-01T00:00"),
        ("2026-M03", "2026-04-09T10:00"),
        ("2026-Q1", "2026-04-09T10:30"),
    ] {
        made(look, period, as_of);
    }
}

fn made(look: &mut Look<'_>, period: &str, as_of: &str) {
    let as_of_ms = at_ms(&format!("{as_of}:00"));
    let (file, out) = (
        look.audit.file(),
        format!("{}.{period}.bulletin", look.audit.file()),
    );
    let at = jiff::Timestamp::from_millisecond(as_of_ms)
        .unwrap()
        .to_string();
    let said = run(&[
        "bulletin", "--period", period, "--export", &file, "--as-of", &at, "-o", &out, "--lang",
        "en",
    ]);
    assert_eq!((said.code, said.error.as_str()), (0, ""), "{}", said.output);
    let computed = std::fs::read(&out).unwrap();
    let digest = Digest::of(&computed).to_string();
    let path = format!("/bulletins/make?period={period}&as_of={as_of}");
    look.seen.extend([
        "/bulletins/make".to_owned(),
        format!("/bulletins/{digest}/bulletin"),
    ]);
    let path = look.visit.get(&path).location().to_owned();
    look.faults.equal(
        "/bulletins/make › the document",
        &path,
        &format!("/bulletins/{digest}"),
    );
    let shown = look.visit.get(&format!("{path}/bulletin")).body;
    look.faults.equal(
        "/bulletins › bytes",
        &format!("{shown:?}"),
        &format!("{computed:?}"),
    );

    let bulletin = Bulletin::decode(computed.as_slice()).unwrap();
    let counts = &bulletin.counts;
    let heading = format!("Bulletin {period}");
    let mut told = Told::default();
    told.block(&heading, "h1", &heading);
    told.block(&heading, "dt", "The document's SHA-256");
    for line in [
        period.to_owned(),
        instant(as_of_ms),
        format!("{} entries", look.audit.journal.applied()),
        look.audit.catalogue.version().to_string(),
        format!(
            "{} / {} / {} / {}",
            counts.expected, counts.timely, counts.late, counts.missing
        ),
        digest.clone(),
        computed.len().to_string(),
    ] {
        told.block(&heading, "dd", line);
    }
    // What is to be signed.
    told.block("Look it over and publish", "dt", "The document's SHA-256");
    for line in [period.to_owned(), instant(as_of_ms), digest] {
        told.block("Look it over and publish", "dd", line);
    }
    look.page(&path, &told, &[]);
}

/// Compares what is told of the catalogue in force.
pub(crate) fn catalogue(look: &mut Look<'_>) {
    let catalogue = &look.audit.catalogue;
    let edits: usize = catalogue
        .datasets()
        .iter()
        .map(|one| one.edits().len())
        .sum();
    let counts = [
        catalogue.units().len(),
        catalogue.indicators().len(),
        catalogue.datasets().len(),
        edits,
    ];
    let mut told = Told::default();
    for line in std::iter::once(catalogue.version().to_string())
        .chain(counts.map(|count| count.to_string()))
    {
        told.block("Catalogue", "dd", line);
    }
    for dataset in catalogue.datasets() {
        let heading = format!("{} {}", dataset.name().en, dataset.code());
        for edit in dataset.edits() {
            let line = format!("{} {} {}", edit.id(), edit.message().en, edit.expression());
            told.block(&heading, "li", line);
        }
    }
    look.page("/catalogue", &told, &[]);
}

/// How many of the witnesses that the journal enrols have cosigned the head that the city hands out.
fn cosigners(look: &mut Look<'_>) -> usize {
    let note = text(&look.visit.api("/log")["checkpoint"]);
    let note = SignedNote::parse(note.as_bytes()).unwrap();
    let has_signed = |one: &EnrolledWitness| {
        let lines = note.signatures().iter();
        let mut own = lines.filter(|line| one.key.made(line));
        own.any(|line| one.key.verify(note.unverified_text(), line).is_ok())
    };
    let all = look.audit.journal.witnesses();
    assert!(!all.is_empty(), "no witness is enrolled");
    all.iter().filter(|one| has_signed(one)).count()
}

/// Compares how far the journal is, and the head that the city has signed over it.
pub(crate) fn log(look: &mut Look<'_>) {
    let replayed = look.audit.replayed();
    let mut told = Told::default();
    for line in [
        replayed["entries"].to_string(),
        replayed["entries"].to_string(),
        text(&replayed["log_key"]),
        look.audit.catalogue.version().to_string(),
        // The programs are of one version.
        env!("CARGO_PKG_VERSION").to_owned(),
    ] {
        told.block("Log", "dd", line);
    }
    let cosigned = format!(
        "{} / {} of the enrolled witnesses have cosigned it. How many are required is for the verifier's own policy to say (the quorum of its file): granary-audit verify --policy",
        cosigners(look),
        look.audit.journal.witnesses().len(),
    );
    told.block("The newest checkpoint", "p", cosigned);
    for one in look.audit.journal.witnesses() {
        let unit = look.audit.unit(one.unit.as_str());
        let line = format!("{unit} entry {}", one.enrolled_index);
        told.block("Witnesses", "li", line);
    }
    // The signature below the head is of whoever holds the key: the audit verifies it, and computes the head.
    look.page("/log", &told, &["The newest checkpoint › pre"]);
    let shown = crate::html::read(&look.visit.page("/log"));
    let head = shown
        .iter()
        .find(|one| one.place == "The newest checkpoint › pre")
        .unwrap();
    let root = Digest::from_hex(&text(&replayed["root"])).unwrap();
    let root = STANDARD.encode(root.as_bytes());
    let told = format!(
        "{} {} {root}",
        text(&replayed["origin"]),
        replayed["entries"]
    );
    let head = head.text.split(" — ").next().unwrap();
    look.faults
        .equal("/log › The newest checkpoint", head, &told);
    look.seen.insert("/receipt/0".to_owned());
    let last = look.audit.journal.applied() - 1;
    for index in [0, last / 2, last] {
        let receipt = Receipt::parse(&look.visit.page(&format!("/receipt/{index}"))).unwrap();
        let verified = receipt.verify(&look.audit.journal.log_key).unwrap();
        look.faults.equal(
            "/receipt › index",
            &receipt.index.to_string(),
            &index.to_string(),
        );
        look.faults.equal(
            "/receipt › size",
            &verified.size().to_string(),
            &replayed["entries"].to_string(),
        );
    }
}
