//! The demo city's own data: its catalogue has no fault, its reports say what the roster expects, and its published figures
//! give exactly the verdicts that `deploy/demo/SOURCES.md` promises, by the functions that county and city use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use granary_agent::{
    history::Past,
    intake::{self, Names},
    preflight::{Preflighted, preflight},
};
use granary_core::{
    catalogue::{Bundle, Catalogue},
    code::{DatasetCode, IndicatorCode, UnitCode},
    decimal::Decimal,
    edits::{Cells, Rollup, Truth, Verdict},
    period::Period,
    snapshot::SlotKey,
};

/// The units whose reports the demo holds back: they stay missing.
const SILENT: [&str; 1] = ["622900/annual-accounts/2020-A1"];

/// Every finding that the published figures give: slot, edit, left side, right side.
const FINDINGS: [[&str; 4]; 6] = [
    [
        "500102/annual-accounts/2022-A1",
        "SHARE.TERTIARY",
        "36.1",
        "36.025711759740",
    ],
    [
        "620802/annual-accounts/2019-A1",
        "SHARE.TERTIARY",
        "65.77",
        "65.793205916121",
    ],
    [
        "621000/annual-accounts/2020-A1",
        "SHARE.TERTIARY",
        "39.9",
        "39.848687610139",
    ],
    [
        "621023/annual-accounts/2022-A1",
        "SHARE.TERTIARY",
        "11.2",
        "11.254232786668",
    ],
    [
        "621100/annual-accounts/2021-A1",
        "INDUSTRY.PARTS",
        "82.65",
        "82.68",
    ],
    [
        "621121/annual-accounts/2020-A1",
        "PER_HEAD.LEVEL",
        "12838",
        "16267.179157603322",
    ],
];

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/demo")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap()
}

fn catalogue() -> Catalogue {
    parsed(&[])
}

/// The demo's catalogue with more files.
fn parsed(more: &[PathBuf]) -> Catalogue {
    let file = |path: PathBuf| (name(&path).to_owned(), fs::read_to_string(&path).unwrap());
    let own = entries(&demo().join("catalogue")).into_iter();
    let files = own.chain(more.iter().cloned()).map(file);
    let bundle = Bundle::new(files.collect()).unwrap();
    Catalogue::parse(&bundle).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// All reports, read and checked as the agent of their unit does.
fn reports(catalogue: &Catalogue) -> BTreeMap<String, Preflighted> {
    // Any day after the last period will do.
    let today = Period::parse("2026-01-01").unwrap().first_day();
    let mut reports = BTreeMap::new();
    for folder in entries(&demo().join("reports")) {
        let unit = UnitCode::new(name(&folder)).unwrap();
        let names = Names::new(catalogue, &unit);
        for path in entries(&folder) {
            let read =
                intake::read(&path, &names).unwrap_or_else(|unread| panic!("{path:?}: {unread:?}"));
            for draft in read.drafts {
                let checked = preflight(draft, catalogue, &Past::default(), today);
                let checked = checked.unwrap_or_else(|stopped| panic!("{path:?}: {stopped:?}"));
                let slot = checked.draft().slot().to_string();
                assert!(
                    reports.insert(slot, checked).is_none(),
                    "{path:?} reports a slot twice"
                );
            }
        }
    }
    reports
}

fn figure(report: &Preflighted, indicator: &IndicatorCode) -> Option<Decimal> {
    let mut cells = report.draft().cells().iter();
    cells
        .find(|cell| cell.observation.indicator == *indicator)?
        .observation
        .value
}

#[test]
fn the_reports_and_the_silent_units_are_what_the_roster_expects() {
    let catalogue = catalogue();
    let mut expected = BTreeSet::new();
    for dataset in catalogue.datasets() {
        let mut period = Some(dataset.first_period());
        while let Some(this) = period.filter(|p| dataset.covers(*p)) {
            for unit in catalogue.expected_units(dataset.code(), this) {
                let unit = catalogue.unit_at(unit).code().clone();
                expected.insert(SlotKey::new(unit, dataset.code().clone(), this).to_string());
            }
            period = this.plus(1);
        }
    }
    let mut told: BTreeSet<String> = reports(&catalogue).into_keys().collect();
    told.extend(SILENT.map(str::to_owned));
    assert_eq!(told, expected);
}

#[test]
fn the_published_figures_give_these_findings_and_no_others() {
    let reports = reports(&catalogue());
    let mut found = Vec::new();
    for (slot, report) in &reports {
        assert!(
            report.unused().is_empty(),
            "{slot}: an explanation that nothing asks for"
        );
        for finding in report.findings() {
            let side = |side: Option<Decimal>| side.unwrap().to_string();
            let (left, right) = (side(finding.figures.left), side(finding.figures.right));
            found.push([slot.clone(), finding.edit.to_string(), left, right]);
            assert_eq!(
                finding.explanation.is_some(),
                slot.starts_with("621100/"),
                "{slot}"
            );
        }
    }
    assert_eq!(found, FINDINGS.map(|row| row.map(str::to_owned)));
}

#[test]
fn dingxi_explains_by_the_definition_why_the_parts_exceed_the_whole() {
    let reports = reports(&catalogue());
    let [finding] = reports["621100/annual-accounts/2021-A1"].findings() else {
        panic!("not one finding");
    };
    assert_eq!(finding.figures.imbalance, Decimal::parse("-0.03").ok());
    assert!(finding.explanation.as_ref().unwrap().contains("辅助性活动"));
    // In 2018 the parts are 0.01 above the whole, which rounding explains.
    assert!(
        reports["621100/annual-accounts/2018-A1"]
            .findings()
            .is_empty()
    );
}

/// Guizhou's cells and the sums over its prefectures.
struct Province<'a> {
    own: &'a Preflighted,
    children: Vec<&'a Preflighted>,
}

impl Cells for Province<'_> {
    fn cell(&self, indicator: &IndicatorCode) -> Option<Decimal> {
        figure(self.own, indicator)
    }

    fn rollup(&self, indicator: &IndicatorCode) -> Option<Rollup> {
        let figures: Vec<_> = self
            .children
            .iter()
            .filter_map(|child| figure(child, indicator))
            .collect();
        let total = |part: fn(Decimal) -> Decimal| {
            figures
                .iter()
                .try_fold(Decimal::ZERO, |sum, figure| sum.checked_add(part(*figure)))
        };
        let count = |length: usize| u32::try_from(length).unwrap();
        Some(Rollup {
            sum: total(|figure| figure)?,
            rounding: total(Decimal::half_unit_of_last_digit)?,
            known: count(figures.len()),
            expected: count(self.children.len()),
        })
    }

    fn period(&self) -> Period {
        self.own.draft().slot().period
    }

    fn elsewhere(
        &self,
        _dataset: Option<&DatasetCode>,
        _period: Period,
        _indicator: &IndicatorCode,
    ) -> Option<Decimal> {
        None
    }
}

fn rollup_verdict(reports: &BTreeMap<String, Preflighted>, catalogue: &Catalogue) -> Verdict {
    let own = &reports["520000/quarterly-accounts/2021-Q3"];
    let slot = own.draft().slot();
    let children = catalogue.children(&slot.unit, &slot.dataset, Period::parse("2021-Q3").unwrap());
    assert_eq!(children.len(), 9);
    let of = |unit: UnitCode| {
        &reports[&SlotKey {
            unit,
            ..slot.clone()
        }
        .to_string()]
    };
    let province = Province {
        own,
        children: children.into_iter().map(of).collect(),
    };
    let dataset = catalogue.dataset(&slot.dataset).unwrap();
    let mut edits = dataset.edits().iter();
    edits
        .find(|edit| edit.id().as_str() == "QUARTERLY.ROLLUP")
        .unwrap()
        .evaluate(&province)
}

#[test]
fn the_nine_prefectures_of_guizhou_add_up_within_rounding() {
    let catalogue = catalogue();
    let verdict = rollup_verdict(&reports(&catalogue), &catalogue);
    let exact = |text: &str| Decimal::parse(text).ok();
    assert_eq!(
        (verdict.left, verdict.right),
        (exact("13985.53"), exact("13985.54"))
    );
    assert_eq!(verdict.truth, Truth::True);
}

/// The report that is due on the day of the demo is sound as it stands, owed by all counties, and named as made up.
#[test]
fn what_is_due_on_the_day_is_owed_by_every_county() {
    let catalogue = parsed(&[demo().join("today/today.toml")]);
    let dataset = catalogue
        .dataset(&DatasetCode::new("monthly-drill").unwrap())
        .unwrap();
    assert!(dataset.name().zh.contains("演练") && dataset.name().en.contains("synthetic"));
    let period = dataset.first_period();
    let owing: BTreeSet<&str> = { catalogue.expected_units(dataset.code(), period) }
        .into_iter()
        .map(|unit| catalogue.unit_at(unit).code().as_str())
        .collect();
    let counties = catalogue.units().iter().filter(|unit| {
        let level = unit.level().map(ToString::to_string);
        level.as_deref() == Some("county")
    });
    assert_eq!(owing, counties.map(|unit| unit.code().as_str()).collect());
    let script = fs::read_to_string(demo().join("run.sh")).unwrap();
    let (_, rest) = script.split_once("\nprompt=(").unwrap();
    let prompt: Vec<&str> = rest.split_once(')').unwrap().0.split_whitespace().collect();
    assert!(prompt.len() < owing.len() && prompt.iter().all(|unit| owing.contains(unit)));
}
