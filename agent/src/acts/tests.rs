//! The acts write files that say what they should and nothing else, and decline what has no sense.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use granary_core::{
    code::{IndicatorCode, ItemKey},
    decimal::Decimal,
    digest::Digest,
    ledger::{JournalEntry, Subject},
    snapshot::{Evidence, Observation, ObservationStatus, Snapshot},
    text::Language,
};
use granary_proto::v1;
use proptest::prelude::*;

use super::{
    changes::Changes,
    explain::{Explaining, explain},
    findings::findings,
    papers::Added,
    slots::{Standing, own_slots},
    statement::Statement,
    withdraw::withdraw,
    *,
};
use crate::{
    draft::Draft,
    history::{AsOf, History, Reader},
    inbox,
    intake::{
        Names,
        tests::{catalogue_with, desk, unit},
    },
    report::Outcome,
};

const OURS: &str = "520100";
const EDITS: &str = r#"
[[edit]]
id = "GDP.FALLS"
kind = "quality"
dataset = "quarterly-accounts"
expression = "gdp >= previous(gdp)"
message = { zh = "累计数下降", en = "falls" }
[[edit]]
id = "GDP.SIGN"
kind = "validity"
dataset = "quarterly-accounts"
expression = "gdp >= 0"
message = { zh = "为负", en = "negative" }
"#;
/// 2021-11-20, after the third quarter was due.
const NOW_MS: i64 = 1_637_366_400_000;

fn catalogue() -> Catalogue {
    catalogue_with(EDITS)
}

fn slot(dataset: &str, period: &str) -> SlotKey {
    slot_named(&catalogue(), &unit(OURS), (dataset, period)).unwrap()
}

fn observation(indicator: &str, item: Option<&str>, text: &str) -> Observation {
    let status = ObservationStatus::from_letter(text);
    Observation {
        indicator: IndicatorCode::new(indicator).unwrap(),
        item: item.map(|item| ItemKey::new(item).unwrap()),
        value: status.is_none().then(|| Decimal::parse(text).unwrap()),
        status: status.unwrap_or(ObservationStatus::Normal),
    }
}

fn snapshot(period: &str, revision: u32, gdp: &str) -> Snapshot {
    Snapshot {
        slot: slot("quarterly-accounts", period),
        revision,
        prepared_at_ms: 1_000,
        catalogue_version: Digest::of(b"catalogue"),
        observations: vec![
            observation("gdp", None, gdp),
            observation("growth", None, "1.5"),
        ],
        sign_offs: vec![sign_off(SignOffRole::Preparer, "张三").unwrap()],
        evidence: Vec::new(),
        explanations: Vec::new(),
        software: "test".to_owned(),
    }
}

/// A state folder in which the city's word about these records is kept.
fn known(snapshots: &[Snapshot]) -> (tempfile::TempDir, Reader) {
    let folder = tempfile::tempdir().unwrap();
    let mut history = History::open(folder.path(), &unit(OURS));
    let record = |(index, snapshot): (usize, &Snapshot)| {
        let payload = snapshot.encode().unwrap();
        let entry = JournalEntry {
            received_at_ms: 5_000,
            subject: Subject::Snapshot(snapshot.slot.clone()),
            payload_sha256: Digest::of(&payload),
            signatures: vec![crate::link::tests::support::signature(&payload)],
        };
        v1::Record {
            index: index as u64,
            entry: entry.encode(),
            payload,
        }
    };
    let records: Vec<v1::Record> = snapshots.iter().enumerate().map(record).collect();
    let as_of = AsOf {
        next_index: 9,
        city_time_ms: 9,
    };
    history.keep(&records, as_of, true).unwrap();
    let reader = Reader::new(folder.path(), &unit(OURS));
    (folder, reader)
}

/// What the intake and the preflight make of a statement's file.
fn read_back(statement: &Statement, language: Language, reader: &Reader) -> inbox::Checked {
    let catalogue = catalogue();
    let file = desk("x.csv", statement.to_csv(&catalogue, language));
    for evidence in &statement.evidence {
        std::fs::write(file.folder.path().join(&evidence.name), b"ledger").unwrap();
    }
    inbox::check(
        &file.path,
        &Names::new(&catalogue, &unit(OURS)),
        reader,
        NOW_MS,
    )
    .unwrap()
}

fn asked(period: &str, edit: &str, reason: &str) -> Explaining {
    Explaining {
        slot: slot("quarterly-accounts", period),
        edit: edit.to_owned(),
        item: None,
        reason: reason.to_owned(),
    }
}

fn two_quarters() -> (tempfile::TempDir, Reader) {
    known(&[snapshot("2021-Q1", 1, "100"), snapshot("2021-Q2", 3, "90")])
}

#[test]
fn an_explained_finding_is_the_same_statement_with_one_explanation_more() {
    let (_folder, reader) = two_quarters();
    let found = findings(&catalogue(), &reader);
    let open: Vec<String> = found
        .unexplained()
        .map(|f| format!("{} {}", f.slot, f.edit))
        .collect();
    assert_eq!(open, ["520100/quarterly-accounts/2021-Q2 GDP.FALLS"]);
    let why = "基期\n\"修订\"，见附注;第 1 条";
    let statement = explain(&catalogue(), &reader, &asked("2021-Q2", "gdp.falls", why)).unwrap();
    for language in [Language::Zh, Language::En] {
        let checked = read_back(&statement, language, &reader);
        assert_eq!(
            checked.report.outcome,
            Outcome::Ready,
            "{:?}",
            checked.report
        );
        let draft = checked.ready[0].draft();
        let before = reader.current(draft.slot()).unwrap();
        assert!(Changes::of(draft, Some(&before)).cells.is_empty());
        assert_eq!(draft.papers().sign_offs, before.snapshot.sign_offs);
        let finding = &checked.ready[0].findings()[0];
        let told = finding.explanation.as_deref();
        assert_eq!(told, Some("基期 \"修订\"，见附注;第 1 条"));
    }
}

#[test]
fn what_cannot_be_explained_is_declined_with_what_could_be() {
    let (_folder, reader) = two_quarters();
    let declined = |period, edit, reason| {
        explain(&catalogue(), &reader, &asked(period, edit, reason))
            .unwrap_err()
            .0
            .en
    };
    assert!(declined("2021-Q2", "GDP.SIGN", "x").contains("only corrected"));
    assert!(declined("2021-Q2", "NO.SUCH", "x").contains("has no edit"));
    assert!(declined("2021-Q2", "no such", "x").contains("no edit's id"));
    assert!(declined("2021-Q1", "GDP.FALLS", "x").contains("no finding"));
    assert!(declined("2021-Q3", "GDP.FALLS", "x").contains("no current record"));
    assert!(declined("2021-Q2", "GDP.FALLS", " \n ").contains("no reason"));
    assert!(declined("2021-Q2", "GDP.FALLS", &"长".repeat(700)).contains("too long"));
}

#[test]
fn what_is_withdrawn_is_stated_to_be_missing_with_the_reason_and_new_names() {
    let (_folder, reader) = two_quarters();
    let names = vec![sign_off(SignOffRole::UnitHead, "李四").unwrap()];
    let target = slot("quarterly-accounts", "2021-Q2");
    let statement = withdraw(&catalogue(), &reader, &target, ("误报", names.clone())).unwrap();
    let checked = read_back(&statement, Language::Zh, &reader);
    assert_eq!(
        checked.report.outcome,
        Outcome::Ready,
        "{:?}",
        checked.report
    );
    let draft = checked.ready[0].draft();
    assert_eq!((draft.values(), draft.cells().len()), (0, 2));
    assert!(
        draft
            .cells()
            .iter()
            .all(|c| c.observation.status == ObservationStatus::Missing)
    );
    assert_eq!(draft.papers().sign_offs, names);
    let sealed = checked.ready[0].seal(4, 1, "test").unwrap();
    let sealed = Snapshot::decode(sealed.payload()).unwrap();
    let told: Vec<(&str, &str)> = sealed
        .explanations
        .iter()
        .map(|e| (e.edit.as_str(), e.text.as_str()))
        .collect();
    assert_eq!(told, [("GRANARY.MISSING", "误报"), (REVISED, "误报")]);
    let (_folder, reader) = known(&[sealed]);
    let again = withdraw(&catalogue(), &reader, &target, ("误报", Vec::new()));
    assert!(
        again
            .unwrap_err()
            .0
            .en
            .contains("no value that could be withdrawn")
    );
}

#[test]
fn changes_are_told_cell_by_cell_and_only_a_revision_needs_a_reason() {
    let (_folder, reader) = two_quarters();
    let catalogue = catalogue();
    let drafts = |text: &str| -> Vec<Draft> {
        let file = desk("quarterly-accounts_2021-Q2.csv", text);
        let own = unit(OURS);
        let read = crate::intake::read(&file.path, &Names::new(&catalogue, &own));
        read.unwrap().drafts
    };
    let current = reader.current(&slot("quarterly-accounts", "2021-Q2"));
    let changes = |text: &str| Changes::of(&drafts(text)[0], current.as_ref());
    let told = |changes: &Changes| -> Vec<String> {
        let stated = |s: Option<changes::Stated>| s.map_or("blank".to_owned(), |s| s.text());
        let line = |c: &changes::Change| {
            let difference = c.difference().map_or("-".to_owned(), |d| d.to_string());
            format!(
                "{}: {} > {}, {difference}",
                c.indicator,
                stated(c.before),
                stated(c.after)
            )
        };
        changes.cells.iter().map(line).collect()
    };
    let some = changes("gdp,primary,growth\n91.5,3,NA\n");
    assert_eq!(
        told(&some),
        [
            "gdp: 90 > 91.5, 1.5",
            "growth: 1.5 > O, -",
            "primary: blank > 3, -"
        ]
    );
    assert!(some.needs_reason());
    assert!(!changes("gdp,growth\n90,1.5\n").needs_reason());
    assert!(!changes("# explain GRANARY.REVISED: so\ngdp,growth\n91,1.5\n").needs_reason());
    assert_eq!(told(&changes("gdp\n90\n")), ["growth: 1.5 > blank, -"]);
    let first = Changes::of(&drafts("gdp\n1\n")[0], None);
    assert_eq!((first.revision, first.needs_reason()), (None, false));
}

#[test]
fn papers_are_added_behind_what_the_clerk_wrote() {
    let catalogue = catalogue();
    let own = unit(OURS);
    let names = Names::new(&catalogue, &own);
    let reader = Reader::new(std::path::Path::new("/nowhere"), &own);
    let added = Added {
        sign_offs: vec![sign_off(SignOffRole::StatisticsHead, "王 \"五\", 科长").unwrap()],
        explanations: vec![revised_because("\"因\",果").unwrap()],
        ..Added::default()
    };
    // Also where the last line has no end, and where quotation marks would be structure; another separator is the file's own.
    for text in [
        "gdp,growth\n1,2",
        "gdp;growth\r\n1;2\r\n",
        "gdp\tgrowth\n1\t2\n",
    ] {
        let file = desk("quarterly-accounts_2021-Q2.csv", text);
        let goal = file.folder.path().join("goal");
        let name = added.write(
            (&file.path, "a.csv"),
            &[],
            (&catalogue, Language::Zh),
            &goal,
        );
        assert_eq!(name.unwrap(), "a.csv");
        let written = std::fs::read_to_string(&goal).unwrap();
        assert!(written.starts_with(text), "{written}");
        std::fs::rename(&goal, &file.path).unwrap();
        let checked = inbox::check(&file.path, &names, &reader, NOW_MS).unwrap();
        let draft = checked.ready[0].draft();
        assert_eq!(draft.papers().sign_offs, added.sign_offs);
        assert_eq!(draft.papers().explanations[0].0, added.explanations[0]);
        assert_eq!(draft.cells().len(), 2);
    }
    // What is no text is written anew from what was read of it.
    let read = desk("quarterly-accounts_2021-Q2.csv", "gdp,growth\n1,NA\n");
    let drafts = crate::intake::read(&read.path, &names).unwrap().drafts;
    let book = desk("book.xlsx", [0xff, 0xfe, 0x00]);
    let goal = book.folder.path().join("goal.csv");
    let name = added.write(
        (&book.path, "book.xlsx"),
        &drafts,
        (&catalogue, Language::Zh),
        &goal,
    );
    assert_eq!(name.unwrap(), "book.xlsx.csv");
    let checked = inbox::check(&goal, &names, &reader, NOW_MS).unwrap();
    let draft = checked.ready[0].draft();
    assert_eq!((draft.values(), draft.cells().len()), (1, 2));
    assert_eq!(draft.papers().sign_offs, added.sign_offs);
}

#[test]
fn own_slots_say_what_is_owed_first() {
    let (folder, reader) = two_quarters();
    let slots = own_slots(&catalogue(), &unit(OURS), (&reader, folder.path()), NOW_MS);
    let quarters = slots
        .iter()
        .filter(|s| s.slot.dataset.as_str() == "quarterly-accounts");
    let told: Vec<(String, bool, Standing)> = quarters
        .map(|s| (s.slot.period.to_string(), s.due_at_ms < NOW_MS, s.standing))
        .collect();
    let expected = [
        ("2021-Q3".to_owned(), true, Standing::Open),
        ("2021-Q4".to_owned(), false, Standing::Open),
        ("2021-Q2".to_owned(), true, Standing::Accepted(3)),
        ("2021-Q1".to_owned(), true, Standing::Accepted(1)),
    ];
    assert_eq!(told, expected);
}

fn figure() -> impl Strategy<Value = (Option<Decimal>, ObservationStatus)> {
    let status = proptest::sample::select(ObservationStatus::ALL.to_vec());
    (status, -99_999_i64..99_999, 0_u8..=2).prop_map(|(status, mantissa, scale)| {
        let value = Decimal::new(mantissa.into(), scale).unwrap();
        (status.has_value().then_some(value), status)
    })
}

proptest! {
    /// Whatever a statement says, its file says the same to the intake, in both languages.
    #[test]
    fn a_statement_s_file_says_what_the_statement_says(
        figures in proptest::collection::btree_map("[a-zA-Z一-龥 :：,;\"'#=\\[\\]]{1,12}", figure(), 1..6),
        name in "[^\\p{C}]{1,30}",
        text in "[^\\p{C}]{1,200}",
        zh: bool,
    ) {
        let catalogue = catalogue();
        let target = slot("projects", "2021-M03");
        let items = figures.into_iter().filter_map(|(item, f)| Some((ItemKey::new(item.trim()).ok()?, f)));
        // A bracket before a colon ends the item of an explanation; such an item is explained in its row.
        let items: std::collections::BTreeMap<_, _> = items.collect();
        let observations: Vec<Observation> = items.iter().map(|(item, (value, status))| Observation {
            indicator: IndicatorCode::new("investment").unwrap(),
            item: Some(item.clone()),
            value: *value,
            status: *status,
        }).collect();
        prop_assume!(!observations.is_empty() && !one_line(&name).is_empty() && !one_line(&text).is_empty());
        let mut statement = Statement {
            parts: vec![(target, observations.clone())],
            ..Statement::default()
        };
        statement.sign_offs.push(sign_off(SignOffRole::Preparer, &name).unwrap());
        statement.evidence.push(Evidence { name: "ledger.pdf".to_owned(), sha256: Digest::of(b"ledger") });
        let item = items.keys().next().cloned().filter(|item| !item.as_str().contains(']'));
        statement.explain(Explanation { edit: EditId::new("GRANARY.MISSING").unwrap(), item, text: one_line(&text) });
        let language = if zh { Language::Zh } else { Language::En };
        let file = desk("x.csv", statement.to_csv(&catalogue, language));
        std::fs::write(file.folder.path().join("ledger.pdf"), b"ledger").unwrap();
        let own = unit(OURS);
        let read = crate::intake::read(&file.path, &Names::new(&catalogue, &own)).unwrap();
        let draft = &read.drafts[0];
        let cells: Vec<Observation> = draft.cells().iter().map(|c| c.observation.clone()).collect();
        prop_assert_eq!(cells, observations);
        prop_assert_eq!(&draft.papers().sign_offs, &statement.sign_offs);
        prop_assert_eq!(&draft.papers().evidence, &statement.evidence);
        prop_assert_eq!(&draft.papers().explanations[0].0, &statement.explanations[0]);
    }
}
