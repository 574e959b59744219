//! DuckDB and polars at the same work: installed from PyPI into a virtual environment in the target folder, given the same figures as
//! CSV, timed without reading them, and their verdicts compared one by one.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use granary_core::edits::Truth;
use serde::Deserialize;

use super::{
    city::{Places, city_code, county_code, province_code},
    data::{Data, INDICATORS, MISSING, Size},
    judge::{NotTrue, RULES},
};
use crate::context::{Outcome, say};

/// The two of them, by the names of their scripts.
pub(crate) const PEERS: [&str; 2] = ["duckdb_peer.py", "polars_peer.py"];

const FILES: [(&str, &str); 4] = [
    ("common.py", include_str!("peers/common.py")),
    ("duckdb.sql", include_str!("peers/duckdb.sql")),
    (PEERS[0], include_str!("peers/duckdb_peer.py")),
    (PEERS[1], include_str!("peers/polars_peer.py")),
];

/// An environment with both of them.
pub(crate) struct Peers {
    python: PathBuf,
}

/// What one of them has reached.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Reached {
    /// Its name and version.
    pub(crate) version: String,
    /// The median of its repetitions.
    pub(crate) median_ms: f64,
    /// The most memory of its process, with the interpreter and the figures.
    pub(crate) peak_mb: f64,
}

impl Peers {
    /// Installs them, or finds them installed; `None`, said loudly, where PyPI cannot be reached.
    pub(crate) fn installed(target: &Path) -> Option<Self> {
        let ready = target.join("bench").join("peers");
        let python = ready.join("bin").join("python3");
        if !python.exists() {
            let aside = target
                .join("bench")
                .join(format!("peers-{}", std::process::id()));
            if let Err(reason) = install(&aside) {
                let last = reason.to_string();
                let last = last.trim().lines().last().unwrap_or_default().to_owned();
                say(&format!(
                    "\n*** NOT COMPARED with DuckDB and polars: {last} ***\n"
                ));
                let _ = fs::remove_dir_all(&aside);
                return None;
            }
            fs::rename(&aside, &ready).ok()?;
        }
        Some(Self { python })
    }

    /// Lets one do the work on the figures in a folder.
    pub(crate) fn run(
        &self,
        peer: &str,
        folder: &Path,
        mode: &str,
        threads: usize,
        repetitions: usize,
    ) -> Outcome<Reached> {
        let output = Command::new(&self.python)
            .arg(folder.join(peer))
            .arg(folder)
            .args([mode, &threads.to_string(), &repetitions.to_string()])
            .env("POLARS_MAX_THREADS", threads.to_string())
            .output()?;
        if !output.status.success() {
            return Err(format!("{peer}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

fn install(folder: &Path) -> Outcome<()> {
    let said = |command: &mut Command| -> Outcome<()> {
        let output = command.output()?;
        let error = || String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            Ok(())
        } else {
            Err(error().into())
        }
    };
    fs::create_dir_all(folder)?;
    said(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--retries",
        "1",
        "--timeout",
        "30",
        "duckdb",
        "polars",
    ];
    said(Command::new(folder.join("bin").join("python3")).args(pip))
}

/// Writes the scripts and the figures.
pub(crate) fn write(data: &Data, folder: &Path) -> Outcome<()> {
    for (name, text) in FILES {
        fs::write(folder.join(name), text)?;
    }
    fs::write(folder.join("records.csv"), records(data))?;
    fs::write(folder.join("parents.csv"), parents(data))?;
    Ok(())
}

fn records(data: &Data) -> String {
    let size = data.size;
    let mut text = format!(
        "unit_id,city_id,period,t,quarter,{}\n",
        INDICATORS.join(",")
    );
    for record in 0..size.records() {
        let (county, t) = (record / size.periods, record % size.periods);
        let (unit, city) = (county_code(county), city_code(size.city_of(county)));
        let _ = write!(text, "{unit},{city},{},{t},{}", period(size, t), t % 4 + 1);
        for column in &data.counties {
            text.push(',');
            push_figure(&mut text, column[record]);
        }
        text.push('\n');
    }
    text
}

fn parents(data: &Data) -> String {
    let size = data.size;
    let mut text = "unit_id,level,parent_id,period,t,gdp,investment\n".to_owned();
    let mut push =
        |unit: String, level: &str, parent: String, columns: &[Vec<i64>; 2], at: usize| {
            for t in 0..size.periods {
                let _ = write!(text, "{unit},{level},{parent},{},{t}", period(size, t));
                for column in columns {
                    text.push(',');
                    push_figure(&mut text, column[at * size.periods + t]);
                }
                text.push('\n');
            }
        };
    for city in 0..size.cities {
        let parent = province_code(size.province_of(city));
        push(city_code(city), "city", parent, &data.cities, city);
    }
    for province in 0..size.provinces {
        push(
            province_code(province),
            "province",
            String::new(),
            &data.provinces,
            province,
        );
    }
    text
}

fn push_figure(text: &mut String, value: i64) {
    if value != MISSING {
        let sign = if value < 0 { "-" } else { "" };
        let size = value.unsigned_abs();
        let _ = write!(text, "{sign}{}.{:02}", size / 100, size % 100);
    }
}

fn period(size: Size, t: usize) -> String {
    format!(
        "{}Q{}",
        i32::from(size.first_year) + (t / 4) as i32,
        t % 4 + 1
    )
}

/// How many verdicts differ from those that a peer has left in the folder.
pub(crate) fn differences(
    data: &Data,
    ours: &[NotTrue],
    rules: usize,
    folder: &Path,
) -> Outcome<usize> {
    let theirs = fs::read_to_string(folder.join("verdicts.tsv"))?;
    let theirs: BTreeSet<String> = theirs.lines().map(str::to_owned).collect();
    let ours = ours.iter().filter(|(rule, ..)| *rule < rules);
    let ours: BTreeSet<String> = ours.map(|verdict| line(data.size, verdict)).collect();
    Ok(ours.symmetric_difference(&theirs).count())
}

/// A verdict as the peers write it.
fn line(size: Size, (rule, unit, t, truth): &NotTrue) -> String {
    let places = Places::new(size);
    let unit = match *unit {
        county if county < size.counties => county_code(county),
        city if city >= places.city(0) => city_code(city - places.city(0)),
        province => province_code(province - places.province(0)),
    };
    let (rule, of) = RULES[*rule].split_once('.').unwrap_or((RULES[*rule], ""));
    let of = if of.is_empty() {
        String::new()
    } else {
        format!(":{}", of.to_lowercase())
    };
    let word = if *truth == Truth::False {
        "fail"
    } else {
        "undecided"
    };
    format!("{rule}\t{unit}{of}\t{}\t{word}", period(size, *t))
}
