//! The demo's published figures in long form.
//!
//! The demo's counties write half of them in the wide shape that their agent reads: the dataset and the period in comments,
//! then one column for each indicator, headed by its name and unit of measure. The one workbook is left out: this program reads none.

use std::{
    fs,
    path::{Path, PathBuf},
};

use granary_audit::rules::folder;
use granary_core::catalogue::Catalogue;

pub(crate) fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/demo")
}

/// All reports as one file in `folder`.
pub(crate) fn figures(target: &Path) -> PathBuf {
    let catalogue = folder::catalogue(&demo().join("catalogue")).unwrap();
    let mut rows = String::from("unit,dataset,period,indicator,value\n");
    for unit in entries(&demo().join("reports")) {
        for report in entries(&unit)
            .into_iter()
            .filter(|report| report.extension().is_some_and(|kind| kind == "csv"))
        {
            rows += &long(&catalogue, &fs::read_to_string(report).unwrap());
        }
    }
    let path = target.join("published.csv");
    fs::write(&path, rows).unwrap();
    path
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn long(catalogue: &Catalogue, report: &str) -> String {
    let said = |word: &str| {
        let mut lines = report.lines();
        lines.find_map(|line| Some(line.strip_prefix(word)?.trim().to_owned()))
    };
    let (Some(dataset), Some(period)) = (said("# 报表:"), said("# 报告期:")) else {
        let rows: Vec<&str> = report.lines().skip(1).collect();
        return rows.join("\n") + "\n";
    };
    let mut lines = report.lines().filter(|line| !line.starts_with('#'));
    let headings: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut rows = String::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        for (heading, cell) in headings.iter().zip(&cells).skip(2) {
            let indicator = named(catalogue, heading);
            rows += &format!("{},{dataset},{period},{indicator},{cell}\n", cells[0]);
        }
    }
    rows
}

/// The code of the indicator with this heading, as `地区生产总值（亿元）`.
fn named(catalogue: &Catalogue, heading: &str) -> String {
    let name = heading.split('（').next().unwrap();
    let mut indicators = catalogue.indicators().iter();
    let found = indicators.find(|indicator| indicator.name().zh == name);
    found
        .unwrap_or_else(|| panic!("{heading}"))
        .code()
        .to_string()
}
