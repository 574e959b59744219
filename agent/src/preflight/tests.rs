//! What the preflight stops, what it finds, and that the city finds the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use granary_core::{snapshot::Snapshot, text::Language};
use jiff::civil::date;

use super::*;
use crate::intake::tests::{catalogue, read_as};

const TODAY: Date = date(2022, 2, 5);

fn run(name: &str, text: &str) -> Result<Preflighted, Stopped> {
    let draft = read_as(name, text).unwrap().remove(0);
    preflight(draft, &catalogue(), &Past::default(), TODAY)
}

#[track_caller]
fn refused(name: &str, text: &str, zh: &[&str], en: &[&str]) {
    let Err(Stopped::Refused { faults, .. }) = run(name, text) else {
        panic!("not refused")
    };
    for (language, words) in [(Language::Zh, zh), (Language::En, en)] {
        let lines: Vec<String> = faults.iter().map(|f| f.text(name, language)).collect();
        assert!(
            lines
                .iter()
                .any(|line| words.iter().all(|w| line.contains(w))),
            "{words:?} not in {lines:#?}"
        );
    }
}

#[test]
fn everything_that_the_city_would_not_admit_is_told_at_the_cell() {
    refused(
        "quarterly-accounts_2021-Q3.csv",
        "gdp\n1.234\n",
        &["第 2 行 A 列", "1.234 小数位过多", "最多 2 位"],
        &["row 2, column A", "too many decimals"],
    );
    refused(
        "quarterly-accounts_2021-Q3.csv",
        "gdp,industry\n1,2\n"
            .replace("industry", "investment")
            .as_str(),
        &["第 2 行 B 列", "没有指标 investment"],
        &["row 2, column B", "no indicator investment"],
    );
    refused(
        "quarterly-accounts_2022-Q2.csv",
        "gdp\n1\n",
        &["2022-Q2 尚未开始", "2022-02-05"],
        &["2022-Q2 has not begun"],
    );
    refused(
        "quarterly-accounts_2020-Q4.csv",
        "gdp\n1\n",
        &["从 2021-Q1 开始"],
        &["begins with 2021-Q1"],
    );
    refused(
        "a.csv",
        "dataset,period,gdp\nquarterly-accounts,2021-M03,1\n",
        &["周期不同", "2021-Q1"],
        &["another periodicity"],
    );
    refused(
        "a.csv",
        "dataset,period,gdp\nannual-accounts,2021-A1,1\n",
        &["名录未要求 520100"],
        &["does not expect", "520100"],
    );
    refused(
        "projects_2021-M03.csv",
        "investment\n1\n",
        &["第 2 行 A 列", "没有明细项"],
        &["row 2, column A", "by item"],
    );
    refused(
        "quarterly-accounts_2021-Q3.csv",
        "item,gdp\nx,1\n",
        &["第 2 行 B 列", "不分明细项"],
        &["row 2, column B", "no items"],
    );
    refused(
        "quarterly-accounts_2021-Q3.csv",
        "# explain GDP.BALANCE: a\n# explain GDP.BALANCE: b\ngdp\n1\n",
        &["第 2 行", "两条说明"],
        &["row 2", "explained twice"],
    );
}

const DINGXI: &str = "gdp,primary,secondary,tertiary,industry,construction,note\n";

#[test]
fn a_note_explains_the_edits_that_fail_and_no_other() {
    let ready = run("dx_2021.csv", &format!("# dataset: annual-accounts\n# period: 2021-A1\n{DINGXI}500.76,98.35,82.65,319.75,45.42,37.26,no auxiliary activities\n")).unwrap();
    let [finding] = ready.findings() else {
        panic!("{:?}", ready.findings())
    };
    assert_eq!(finding.figures.imbalance, Decimal::parse("-0.03").ok());
    assert_eq!(
        finding.explanation.as_deref(),
        Some("no auxiliary activities")
    );
    let places: Vec<String> = finding
        .operands
        .iter()
        .map(|o| o.place.as_ref().unwrap().to_string())
        .collect();
    assert!(places[0].starts_with("row 4, column F"), "{places:?}");
    assert!(ready.unused().is_empty());
    // With figures that add up the same note is of no use, is not sent, and that is told.
    let ready = run("dx_2018.csv", &format!("# dataset: annual-accounts\n# period: 2021-A1\n{DINGXI}500.76,98.35,82.65,319.75,45.42,37.23,x\n")).unwrap();
    assert!(ready.findings().is_empty());
    assert_eq!(ready.unused().len(), 1);
    let snapshot = Snapshot::decode(ready.seal(1, 0, "test").unwrap().payload()).unwrap();
    assert!(snapshot.explanations.is_empty());
}

#[test]
fn an_explanation_that_names_its_edit_comes_before_a_note() {
    let ready = run("dx_2021.csv", &format!("# dataset: annual-accounts\n# period: 2021-A1\n# explain secondary.parts: by name\n{DINGXI}500.76,98.35,82.65,319.75,45.42,37.26,by note\n")).unwrap();
    assert_eq!(ready.findings()[0].explanation.as_deref(), Some("by name"));
    assert_eq!(
        ready
            .seal(1, 0, "test")
            .map(|o| Snapshot::decode(o.payload()).unwrap().explanations.len()),
        Ok(1)
    );
}

#[test]
fn rounding_is_no_failure_and_one_digit_more_is() {
    let text =
        |gdp: &str| format!("gdp,primary,secondary,tertiary\n{gdp},118.23,1108.65,1875.56\n");
    assert!(run("quarterly-accounts_2021-Q3.csv", &text("3102.46")).is_ok());
    assert!(matches!(
        run("quarterly-accounts_2021-Q3.csv", &text("3102.47")),
        Err(Stopped::Returned { .. })
    ));
}

#[test]
fn the_city_finds_what_the_preflight_found() {
    for third in ["45.42", "45.40", "-", "NA", ""] {
        let ready = run("dx_2021.csv", &format!("# dataset: annual-accounts\n# period: 2021-A1\n{DINGXI}500.76,98.35,82.65,319.75,{third},37.26,x\n")).unwrap();
        let outgoing = ready.seal(7, 1_644_033_600_000, "test").unwrap();
        let city = assess(&catalogue(), &Snapshot::decode(outgoing.payload()).unwrap());
        let here: Vec<_> = ready
            .findings()
            .iter()
            .map(|f| (&f.edit, &f.message, &f.explanation))
            .collect();
        let there: Vec<_> = city
            .failures
            .iter()
            .map(|f| (&f.edit, &f.message, &f.explanation))
            .collect();
        assert_eq!(here, there);
        assert!(!city.returned);
    }
}

/// Edits that look at other records, beside those of the agent's test catalogue.
pub(crate) const BEYOND: &str = r#"
[[edit]]
id = "GDP.FALLS"
kind = "quality"
dataset = "quarterly-accounts"
expression = "subperiod() = 1 or gdp >= previous(gdp)"
message = { zh = "累计数下降", en = "The year-to-date figure falls" }

[[edit]]
id = "GDP.GROWTH"
kind = "quality"
dataset = "quarterly-accounts"
expression = "if year_ago(gdp) > 0 then gdp <= year_ago(gdp) * 1.2 else null"
message = { zh = "同比增速过高", en = "It grew by more than a fifth in a year" }

[[edit]]
id = "INVESTMENT.SAME"
kind = "quality"
dataset = "projects"
expression = "investment <> previous(investment)"
message = { zh = "与上月相同", en = "The same as the month before" }
"#;

/// A city's records, as far as a desk knows them.
pub(crate) struct Known {
    folder: tempfile::TempDir,
    pub(crate) catalogue: Catalogue,
}

impl Known {
    /// Records of a unit, as files of its own would state them; `complete` says that there are no others.
    pub(crate) fn of(unit_code: &str, files: &[(&str, &str)], complete: bool) -> Self {
        use crate::history::{AsOf, History};
        use granary_core::ledger::{JournalEntry, Subject};
        let known = Self {
            folder: tempfile::tempdir().unwrap(),
            catalogue: crate::intake::tests::catalogue_with(BEYOND),
        };
        let mut records = Vec::new();
        for (name, text) in files {
            for draft in known.drafts(unit_code, name, text) {
                let snapshot = draft.snapshot(Made::default(), &[]);
                let payload = snapshot.encode().unwrap();
                let entry = JournalEntry {
                    received_at_ms: 5_000,
                    subject: Subject::Snapshot(snapshot.slot),
                    payload_sha256: Digest::of(&payload),
                    signatures: vec![crate::link::tests::support::signature(&payload)],
                };
                records.push(granary_proto::v1::Record {
                    index: records.len() as u64,
                    entry: entry.encode(),
                    payload,
                });
            }
        }
        let as_of = AsOf {
            next_index: 1_208,
            city_time_ms: 1_643_688_000_000,
        };
        let mut history =
            History::open(known.folder.path(), &crate::intake::tests::unit(unit_code));
        history.keep(&records, as_of, complete).unwrap();
        known
    }

    pub(crate) fn reader(&self, unit_code: &str) -> crate::history::Reader {
        crate::history::Reader::new(self.folder.path(), &crate::intake::tests::unit(unit_code))
    }

    fn drafts(&self, unit_code: &str, name: &str, text: &str) -> Vec<Draft> {
        let desk = crate::intake::tests::desk(name, text);
        let own = crate::intake::tests::unit(unit_code);
        let names = crate::intake::Names::new(&self.catalogue, &own);
        crate::intake::read(&desk.path, &names).unwrap().drafts
    }

    fn check(&self, unit_code: &str, name: &str, text: &str) -> Preflighted {
        let draft = self.drafts(unit_code, name, text).remove(0);
        let past = self.reader(unit_code).past(&self.catalogue, draft.slot());
        preflight(draft, &self.catalogue, &past, TODAY).unwrap()
    }
}

fn quarters(figures: &[(&str, &str)]) -> String {
    let rows = figures
        .iter()
        .map(|(period, gdp)| format!("{period},{gdp}\n"));
    format!(
        "# dataset: quarterly-accounts\nperiod,gdp\n{}",
        rows.collect::<String>()
    )
}

fn edits(ready: &Preflighted) -> Vec<&str> {
    ready
        .findings()
        .iter()
        .map(|finding| finding.edit.as_str())
        .collect()
}

#[test]
fn an_edit_on_another_period_is_judged_with_the_figures_that_are_known() {
    let known = Known::of(
        "520100",
        &[(
            "a.csv",
            &quarters(&[("2021-Q1", "900.00"), ("2021-Q2", "2000.00")]),
        )],
        true,
    );
    let ready = known.check("520100", "b.csv", &quarters(&[("2021-Q3", "1999.99")]));
    assert_eq!(edits(&ready), ["GDP.FALLS"]);
    let finding = &ready.findings()[0];
    assert_eq!(
        finding.message.en,
        "The year-to-date figure falls: subperiod() = 1 or 1999.99 >= 2000.00 does not hold"
    );
    let values: Vec<_> = finding
        .operands
        .iter()
        .map(|o| {
            (
                o.value.unwrap().to_string(),
                o.place.is_some(),
                o.elsewhere.as_ref().map(|e| e.slot.period.to_string()),
            )
        })
        .collect();
    assert_eq!(
        values,
        [
            ("1999.99".to_owned(), true, None),
            ("2000.00".to_owned(), false, Some("2021-Q2".to_owned()))
        ]
    );
    assert!(ready.judgement().unjudged.is_empty());
    assert_eq!(ready.judgement().as_of.map(|at| at.next_index), Some(1_208));
    // The growth needs a year ago, which was not reported: the city would be undecided as well.
    assert!(
        known
            .check("520100", "b.csv", &quarters(&[("2021-Q3", "2000.00")]))
            .findings()
            .is_empty()
    );
}

#[test]
fn a_note_on_a_figure_explains_an_edit_that_looks_at_it_in_another_period() {
    let known = Known::of(
        "520100",
        &[("a.csv", &quarters(&[("2021-Q2", "2000.00")]))],
        true,
    );
    let text = "# dataset: quarterly-accounts\nperiod,gdp,note\n2021-Q3,1999.99,census\n";
    let ready = known.check("520100", "b.csv", text);
    assert_eq!(ready.findings()[0].explanation.as_deref(), Some("census"));
    assert!(ready.unused().is_empty());
    let snapshot = Snapshot::decode(ready.seal(1, 0, "test").unwrap().payload()).unwrap();
    assert_eq!(snapshot.explanations.len(), 1);
    // With another base the note is of no use, and is not sent.
    let known = Known::of(
        "520100",
        &[("a.csv", &quarters(&[("2021-Q2", "1.00")]))],
        true,
    );
    let ready = known.check("520100", "b.csv", text);
    assert_eq!((edits(&ready).len(), ready.unused().len()), (0, 1));
}

#[test]
fn what_is_not_known_is_left_to_the_city_with_the_clerk_s_note() {
    let known = Known::of(
        "520100",
        &[("a.csv", &quarters(&[("2021-Q2", "2000.00")]))],
        false,
    );
    let ready = known.check(
        "520100",
        "b.csv",
        "# dataset: quarterly-accounts\nperiod,gdp,note\n2021-Q3,2100,census\n",
    );
    assert!(ready.findings().is_empty());
    let [unjudged] = &ready.judgement().unjudged[..] else {
        panic!()
    };
    assert_eq!(unjudged.edit.as_str(), "GDP.GROWTH");
    assert!(unjudged.is_explained);
    let hidden: Vec<String> = unjudged.hidden.iter().map(ToString::to_string).collect();
    assert_eq!(hidden, ["520100/quarterly-accounts/2020-Q3"]);
    assert_eq!(ready.judgement().as_of, None);
}

#[test]
fn a_revision_tells_which_other_records_it_makes_fail() {
    let known = Known::of(
        "520100",
        &[(
            "a.csv",
            &quarters(&[("2021-Q1", "900"), ("2021-Q2", "2000"), ("2021-Q4", "2900")]),
        )],
        true,
    );
    let ready = known.check("520100", "b.csv", &quarters(&[("2021-Q1", "2000.01")]));
    let [made] = &ready.judgement().consequences[..] else {
        panic!("{:?}", ready.judgement())
    };
    assert_eq!(
        (
            made.record.period.to_string().as_str(),
            made.failure.edit.as_str(),
            made.failed_before
        ),
        ("2021-Q2", "GDP.FALLS", false)
    );
    // A late first statement makes the next one fail as well.
    let ready = known.check("520100", "b.csv", &quarters(&[("2021-Q3", "2950")]));
    assert_eq!(ready.judgement().consequences.len(), 1);
}

#[test]
fn items_meet_their_own_past() {
    let month = |month: &str, a: &str, b: &str| {
        format!("# dataset: projects\nperiod,item,investment\n{month},甲,{a}\n{month},乙,{b}\n")
    };
    let known = Known::of("520100", &[("a.csv", &month("2021-M01", "5", "6"))], true);
    let ready = known.check("520100", "b.csv", &month("2021-M02", "7", "6"));
    let items: Vec<_> = ready
        .findings()
        .iter()
        .map(|f| f.item.as_ref().unwrap().to_string())
        .collect();
    assert_eq!(items, ["乙"]);
}

#[test]
fn the_statements_of_one_file_see_each_other() {
    let known = Known::of(
        "520100",
        &[("a.csv", &quarters(&[("2021-Q2", "1.00")]))],
        true,
    );
    let own = crate::intake::tests::unit("520100");
    let names = crate::intake::Names::new(&known.catalogue, &own);
    let text = quarters(&[("2021-Q1", "900"), ("2021-Q2", "2000"), ("2021-Q3", "1999")]);
    let desk = crate::intake::tests::desk("year.csv", text);
    let checked = crate::inbox::check(
        &desk.path,
        &names,
        &known.reader("520100"),
        1_644_033_600_000,
    )
    .unwrap();
    let found: Vec<_> = checked
        .ready
        .iter()
        .map(|r| (edits(r), r.judgement().consequences.len()))
        .collect();
    // Q2 as it stands at the city would fall below Q1, but it is replaced by the same file.
    assert_eq!(found, [(vec![], 0), (vec![], 0), (vec!["GDP.FALLS"], 0)]);
}
