//! `docs/AUDIT.md` typed in: every `sh` block of the page runs, in order, in an auditor's folder beside a small demo city.
//!
//! A block ends with status 0. Where a `text` block follows it, each of its lines must be in what was said, in order; `…` stands
//! for anything, white space is not compared, and lines in between may be left out.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::city::{City, programs, repository};

const PAGE: &str = include_str!("../../../docs/AUDIT.md");

/// One block to run, and the lines that it must say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Step {
    /// The line of the page on which its fence opens, from 1.
    line: usize,
    script: String,
    expected: Vec<String>,
}

#[test]
fn the_auditors_walk_holds() {
    for tool in ["python3", "openssl"] {
        if Command::new(tool).arg("version").output().is_err() {
            eprintln!("skipped: the auditor's walk needs {tool}");
            return;
        }
    }
    let mut city = City::founded("walk.example/log");
    city.report("520100");
    city.report_naming("520200", Some(("ledger.txt", "gdp 1081.33\n")));
    city.report("520300");
    let receipts = city.report("621100");
    for unit in ["520100", "520200", "520300", "621100"] {
        city.keep_running(unit);
    }
    all_have_cosigned(&city, 4);
    let work = hand_over(&city, &receipts);
    let steps = steps(PAGE);
    assert!(steps.len() >= 8, "only {} blocks", steps.len());
    for step in steps {
        let said = typed(&city, &work, &step);
        shown(&step, &said);
    }
}

/// Waits until so many witnesses have cosigned the newest head, which then does not move any more.
fn all_have_cosigned(city: &City, witnesses: usize) {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let note = city.checkpoint();
        if note.lines().filter(|line| line.starts_with("— ")).count() > witnesses {
            return;
        }
        assert!(Instant::now() < until, "not cosigned by all: {note}");
        thread::park_timeout(Duration::from_millis(50));
    }
}

/// What the page says that an auditor is handed: an identity, the log's key, a receipt, a state digest; and what the operator and
/// the machine's administrator have beside him.
fn hand_over(city: &City, receipts: &Path) -> PathBuf {
    let work = city.path("work");
    fs::create_dir(&work).unwrap();
    city.admit_auditor(&work.join("auditor"));
    fs::copy(city.log_key(), work.join("log.vkey")).unwrap();
    let receipt = fs::read_dir(receipts)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("annual-accounts_2021-A1") && name.ends_with(".tlog-proof")
        });
    fs::copy(receipt.unwrap(), work.join("dingxi.tlog-proof")).unwrap();
    let digest = city.operate(&["state-digest"]);
    fs::write(work.join("state-digest.txt"), digest).unwrap();
    for (name, is) in [
        ("docs", repository().join("docs")),
        ("operator", city.path("city/operator")),
        ("data", city.path("city")),
    ] {
        symlink(fs::canonicalize(is).unwrap(), work.join(name)).unwrap();
    }
    work
}

/// Runs a block as an auditor types it; gives both of its outputs.
fn typed(city: &City, work: &Path, step: &Step) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &step.script])
        .current_dir(work)
        .env_clear()
        .env("PATH", format!("{}:{path}", programs().display()))
        .env("GRANARY_LANG", "en")
        .env("GRANARY_SERVER", city.url())
        .env("GRANARY_IDENTITY", "auditor")
        .env("LOG", city.log_url())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let status = output.status;
    assert!(
        status.success(),
        "docs/AUDIT.md:{}: {status}\n{}\n{said}",
        step.line,
        step.script
    );
    said
}

fn shown(step: &Step, said: &str) {
    let mut lines = said.lines();
    for expected in &step.expected {
        let found = lines.any(|line| matches(expected, line));
        let line = step.line;
        assert!(
            found,
            "docs/AUDIT.md:{line}: `{expected}` is not in\n{said}"
        );
    }
}

/// Whether the line is the pattern, in which `…` stands for anything. Spaces are not compared, so that tables may be narrower.
fn matches(pattern: &str, line: &str) -> bool {
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    let (pattern, line) = (squeeze(pattern), squeeze(line));
    let parts: Vec<&str> = pattern.split('…').collect();
    let (Some((first, rest)), Some((last, middle))) = (parts.split_first(), parts.split_last())
    else {
        return false;
    };
    if rest.is_empty() {
        return pattern == line;
    }
    let Some(mut left) = line
        .strip_prefix(*first)
        .and_then(|left| left.strip_suffix(*last))
    else {
        return false;
    };
    middle.iter().skip(1).all(|part| {
        let found = left.split_once(part);
        left = found.map_or("", |(_, after)| after);
        found.is_some()
    })
}

/// The blocks of a page.
fn steps(page: &str) -> Vec<Step> {
    let mut found: Vec<Step> = Vec::new();
    let mut lines = (1..).zip(page.lines());
    // Whether nothing but white space stands between the last script and here.
    let mut adjacent = false;
    while let Some((line, text)) = lines.next() {
        let Some(form) = text.strip_prefix("```") else {
            adjacent &= text.trim().is_empty();
            continue;
        };
        let body: Vec<&str> = lines
            .by_ref()
            .map(|(_, text)| text)
            .take_while(|text| *text != "```")
            .collect();
        if form == "sh" {
            found.push(Step {
                line,
                script: body.join("\n"),
                expected: Vec::new(),
            });
        } else if let Some(step) = found.last_mut().filter(|_| adjacent && form == "text") {
            step.expected = body.into_iter().map(str::to_owned).collect();
        }
        adjacent = form == "sh";
    }
    found
}

#[test]
fn blocks_and_lines_are_read_as_the_page_means_them() {
    let page = "```text\nnot said\n```\n```sh\na\nb\n```\n\n```text\nx…z\n```\n```sh\nc\n```\nprose\n```text\nno\n```\n";
    let step = |line, script: &str, expected: &[&str]| Step {
        line,
        script: script.into(),
        expected: expected.iter().map(|&line| line.to_owned()).collect(),
    };
    assert_eq!(steps(page), [step(4, "a\nb", &["x…z"]), step(12, "c", &[])]);
    for (pattern, line, expect) in [
        ("x…z", "x y z", true),
        ("x…z", "x y z!", false),
        ("x…", "x y", true),
        ("…y…", "xyz", true),
        ("x…z", "x z z", true),
        ("| a | …", "| a    | b |", true),
        ("x", "xy", false),
    ] {
        assert_eq!(matches(pattern, line), expect, "{pattern} {line}");
    }
}
