//! `docs/EXPORTS.md` says what is: its commands run, its Python runs, its columns are the columns.

use std::{fs, path::Path, process::Command};

use crate::town::{Town, readers};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/EXPORTS.md");
    fs::read_to_string(path).unwrap()
}

/// The blocks of a language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let blocks = page.split(&fence).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// Runs the commands of the page; the files are then in the town's folder.
fn run_commands(town: &Town, page: &str) -> usize {
    let lines = blocks(page, "sh")[0].lines();
    let mut commands = 0;
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        let out = words.iter().position(|word| *word == "-o").unwrap() + 1;
        let path = town.path(words[out]);
        let mut words = words.clone();
        words[out] = path.to_str().unwrap();
        let said = town.run(&words);
        assert_eq!((said.code, said.error.as_str()), (0, ""), "{line}");
        assert!(path.exists(), "{line}");
        commands += 1;
    }
    commands
}

#[test]
fn commands_and_python_run() {
    let (page, town) = (page(), Town::new());
    assert_eq!(run_commands(&town, &page), 7);
    let Some(python) = readers() else { return };
    let scripts = blocks(&page, "python");
    assert_eq!(scripts.len(), 3);
    for script in scripts {
        let mut command = Command::new(&python);
        let output = command.current_dir(town.path("")).args(["-c", script]);
        let output = output.output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}\n{error}");
    }
}

/// The first cells of the first table behind a heading.
fn first_cells(page: &str, heading: &str) -> Vec<String> {
    let section = page.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.split('`').nth(1).unwrap().to_owned())
        .collect()
}

#[test]
fn columns_are_those_of_the_page() {
    let (page, town) = (page(), Town::new());
    for (what, heading) in [
        ("series", "`series` and `vintages`"),
        ("vintages", "`series` and `vintages`"),
        ("slots", "`slots`"),
        ("findings", "`findings`"),
        ("measures", "`measures`"),
    ] {
        let (path, _) = town.table("t.csv", &["--what", what]);
        let mut reader = ::csv::Reader::from_path(path).unwrap();
        let headings: Vec<_> = reader.headers().unwrap().iter().collect();
        assert_eq!(first_cells(&page, heading), headings, "{what}");
    }
    for what in ["series", "vintages"] {
        let (path, _) = town.table("t.sdmx.csv", &["--what", what]);
        let mut reader = ::csv::Reader::from_path(path).unwrap();
        let headings: Vec<_> = reader.headers().unwrap().iter().skip(3).collect();
        let other = if what == "series" {
            "VINTAGE"
        } else {
            "LOG_INDEX"
        };
        let mut stated = first_cells(&page, "SDMX-CSV and the structures");
        stated.retain(|name| name != other);
        assert_eq!(stated, headings);
    }
}
