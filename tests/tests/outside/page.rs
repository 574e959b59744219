//! Pages typed in: every `sh` block runs, in order, in one folder.
//!
//! A block ends with status 0. Where a `text` block follows it, each of its lines must be in what was said, in order; `…` stands
//! for anything, white space is not compared, and lines in between may be left out.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::city::programs;

/// One block to run, and the lines that it must say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Step {
    /// The line of the page on which its fence opens, from 1.
    line: usize,
    script: String,
    expected: Vec<String>,
}

/// Runs every block of a page in `work`, with these variables. `name` is the page's, for messages.
pub(crate) fn walk(name: &str, page: &str, work: &Path, variables: &[(&str, &str)]) -> usize {
    let steps = steps(page);
    for step in &steps {
        let said = typed(name, work, variables, step);
        shown(name, step, &said);
    }
    steps.len()
}

/// Whether the programs that a page calls are on this machine; says so loudly where one is not.
pub(crate) fn can_walk(name: &str, tools: &[&str]) -> bool {
    let missing = tools.iter().find(|tool| {
        let found = Command::new("sh")
            .args(["-c", &format!("command -v {tool}")])
            .output();
        !found.is_ok_and(|found| found.status.success())
    });
    if let Some(tool) = missing {
        eprintln!("SKIPPED: {name} is not typed in, because {tool} is not on this machine");
    }
    missing.is_none()
}

/// Runs a block as its reader types it, with these variables; gives both of its outputs.
fn typed(page: &str, work: &Path, variables: &[(&str, &str)], step: &Step) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &step.script])
        .current_dir(work)
        .env_clear()
        .env("PATH", format!("{}:{path}", programs().display()))
        .env("GRANARY_LANG", "en")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let status = output.status;
    assert!(
        status.success(),
        "{page}:{}: {status}\n{}\n{said}",
        step.line,
        step.script
    );
    said
}

fn shown(page: &str, step: &Step, said: &str) {
    let mut lines = said.lines();
    for expected in &step.expected {
        let found = lines.any(|line| matches(expected, line));
        let line = step.line;
        assert!(found, "{page}:{line}: `{expected}` is not in\n{said}");
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
