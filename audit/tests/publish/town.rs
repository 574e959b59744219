//! A journal whose texts and figures are as awkward as they may be, and the commands over it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use granary_audit::cli::{Response, respond};
use granary_core::{
    code::{IndicatorCode, ItemKey},
    decimal::Decimal,
    ledger::Deed,
    snapshot::{Observation, ObservationStatus, Snapshot},
};
use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};

use crate::{
    city::{OPERATOR, accounts, bundle_with, explain, sign_act, sign_snapshot, slot, snapshot},
    journal::{archive, end, file, history, records},
    venv,
};

/// An itemised dataset beside those of the sample.
const PROJECTS: &str = r#"
[[indicator]]
code = "investment"
name = { zh = "=完成投资", en = "+Investment, \"so far\"" }
unit_of_measure = "CNY_10K"
decimals = 2
kind = "flow"
owner = "statistics"

[[dataset]]
code = "projects"
name = { zh = "重点项目", en = "Projects" }
periodicity = "month"
indicators = ["investment"]
itemised = true
deadline = { day = 5, time = "12:00" }
first_period = "2021-M01"

[[roster]]
dataset = "projects"
level = "prefecture"
"#;

/// Items with their figures or stated absences.
pub(crate) const ITEMS: [(&str, &str, ObservationStatus); 9] = [
    ("=1+1", "-12.50", ObservationStatus::Normal),
    ("@SUM(A1)", "0", ObservationStatus::Provisional),
    ("-x", "", ObservationStatus::CannotExist),
    ("+86 851", "0.00", ObservationStatus::Estimated),
    ("'quoted'", "3.1", ObservationStatus::Break),
    ("G75, \"贵遵\"", "", ObservationStatus::Missing),
    ("𠮷𪚥㐂", "9999999999999999.99", ObservationStatus::Normal),
    ("＝全角", "", ObservationStatus::Suppressed),
    ("plain", "-0.01", ObservationStatus::LowReliability),
];

/// An explanation that a spreadsheet would run.
pub(crate) const EXPLANATION: &str = "=HYPERLINK(\"x\")\n第二行";

/// The archive's file, with a folder to write into.
pub(crate) struct Town {
    archive: NamedTempFile,
    folder: TempDir,
}

impl Town {
    pub(crate) fn new() -> Self {
        let mut city = history();
        let publish = Deed::PublishCatalogue(bundle_with(PROJECTS));
        city.take(&sign_act(OPERATOR, 6, publish)).unwrap();
        city.take(&sign_snapshot(101, &projects(1))).unwrap();
        city.take(&sign_snapshot(101, &projects(2))).unwrap();
        let parent = ["300.10", "30.00", "120.10", "150.00"];
        let parent = snapshot(accounts("520000"), 2, parent);
        let parent = explain(parent, "GDP.ROLLUP", EXPLANATION);
        city.take(&sign_snapshot(100, &parent)).unwrap();
        let records = records(&city);
        Self {
            archive: file(&archive(&records, &end(&records))),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command over the archive.
    pub(crate) fn run(&self, args: &[&str]) -> Response {
        let archive = self.archive.path().to_str().unwrap();
        let start = ["granary-audit", "--lang", "en", "--zone", "UTC"];
        let end = ["--export", archive];
        let all = start.iter().chain(args).chain(&end);
        respond(all.map(Into::into).collect(), &|_| None)
    }

    /// The JSON that a command answers.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let said = self.run(&[args, &["--json"]].concat());
        assert_eq!((said.code, said.error.as_str()), (0, ""));
        serde_json::from_str(&said.output).unwrap()
    }

    /// Writes a table; gives its file and what is said.
    pub(crate) fn table(&self, name: &str, args: &[&str]) -> (PathBuf, String) {
        let path = self.path(name);
        let out = ["tables", "-o", path.to_str().unwrap()];
        let said = self.run(&[&out[..], args].concat());
        assert_eq!((said.code, said.error.as_str()), (0, ""));
        (path, said.output)
    }

    /// What `granary-audit series` says of every series that there is, by dataset, unit, indicator and item.
    pub(crate) fn series(&self, vintages: bool, as_of: Option<&str>) -> Stated {
        let mut stated = Stated::new();
        let accounts = ["gdp", "primary", "secondary", "tertiary", "gdp_growth"];
        let units = ["520000", "520100", "520200", "520300", "520102"];
        for unit in units {
            for indicator in accounts {
                let key = ["quarterly-accounts", unit, indicator];
                self.one_series(&mut stated, key, None, vintages, as_of);
            }
            for (item, _, _) in ITEMS {
                let key = ["projects", unit, "investment"];
                self.one_series(&mut stated, key, Some(item), vintages, as_of);
            }
        }
        stated
    }

    fn one_series(
        &self,
        stated: &mut Stated,
        [dataset, unit, indicator]: [&str; 3],
        item: Option<&str>,
        vintages: bool,
        as_of: Option<&str>,
    ) {
        let mut args = vec!["series", "--dataset", dataset, "--unit", unit];
        args.extend(["--indicator", indicator]);
        // An item may begin with a sign, so it is tied to its option.
        let item_arg = item.map(|item| format!("--item={item}"));
        args.extend(item_arg.as_deref());
        if vintages {
            args.push("--vintages");
        }
        if let Some(as_of) = as_of {
            args.extend(["--as-of", as_of]);
        }
        for point in self.json(&args)["points"].as_array().unwrap() {
            let key = (
                [dataset, unit, indicator, item.unwrap_or_default()].map(ToOwned::to_owned),
                point["index"].as_u64().unwrap(),
            );
            assert!(stated.insert(key, point.clone()).is_none());
        }
    }
}

/// Points by dataset, unit, indicator, item (empty where there is none) and log index.
pub(crate) type Stated = BTreeMap<([String; 4], u64), Value>;

fn projects(revision: u32) -> Snapshot {
    let mut projects = snapshot(slot("520100", "projects", "2021-M07"), revision, [""; 4]);
    let observations = ITEMS.iter().map(|(item, value, status)| Observation {
        indicator: IndicatorCode::new("investment").unwrap(),
        item: Some(ItemKey::new(item).unwrap()),
        value: (!value.is_empty()).then(|| Decimal::parse(value).unwrap()),
        status: *status,
    });
    projects.observations = observations.collect();
    projects.observations.sort_by(|a, b| a.key().cmp(&b.key()));
    projects
}

/// The readers in their environment; none where they cannot be had.
pub(crate) fn readers() -> Option<PathBuf> {
    let requirements = [
        "pyarrow==25.0.1",
        "duckdb==2.0.1",
        "pysdmx[data,json]==1.21.0",
    ];
    let what = "tables as pyarrow, duckdb and pysdmx read them";
    venv::python("table-readers-1", &requirements, what)
}

/// What the readers see of a file.
#[track_caller]
pub(crate) fn read(python: &Path, args: &[&str]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/publish/read.py");
    let output = Command::new(python)
        .arg(script)
        .args(args)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {error}");
    serde_json::from_slice(&output.stdout).unwrap()
}
