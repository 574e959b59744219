//! The script of `docs/SAMPLING.md`, which knows Python's standard library only, draws the same samples; and the numbers that the page prints.

use std::{fs, path::Path, process::Command};

use granary_core::{
    ledger::sampling::{Allocation, Announcement, Kind, Method, Strata},
    log::Hash,
    sample,
};

use crate::steps::{Story, ask, json};

fn page() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/SAMPLING.md");
    fs::read_to_string(page).unwrap()
}

/// The block of code that the page marks as Python.
fn script() -> String {
    let page = page();
    let (_, from) = page.split_once("```python\n").unwrap();
    from.split_once("```").unwrap().0.to_owned()
}

fn check(change: impl Fn(&mut Announcement)) {
    let mut story = Story::begun();
    let index = story.announce(change);
    let (frame, draw) = (story.path("frame.tsv"), story.path("draw.json"));
    let sample = index.to_string();
    let args = [
        "draw",
        "--sample",
        &sample,
        "--public",
        "7 11 23",
        "--json",
        "--frame-out",
        frame.to_str().unwrap(),
    ];
    let response = ask(&args, &story.export());
    let answer = json(&response);
    fs::write(&draw, &response.output).unwrap();
    let file = story.path("draw.py");
    fs::write(&file, script()).unwrap();
    let ran = Command::new("python3")
        .arg(&file)
        .args([&draw, &frame])
        .output();
    let ran = match ran {
        Ok(ran) => ran,
        Err(error) => {
            eprintln!("NOT CHECKED against Python: {error}");
            return;
        }
    };
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let drawn = answer["drawn"].as_array().unwrap();
    let lines: Vec<String> = drawn.iter().map(|one| one["line"].to_string()).collect();
    assert_eq!(String::from_utf8_lossy(&ran.stdout).trim(), lines.join(" "));
}

#[test]
fn a_script_draws_the_same_samples() {
    check(|_| {});
    check(|announcement| announcement.scope.strata = Strata::None);
    check(|announcement| {
        announcement.size = 5;
        announcement.scope.strata = Strata::Unit;
    });
    check(|announcement| {
        let sizes = [("520000", 1), ("520100", 3), ("520200", 1), ("520300", 1)];
        let set = |(stratum, size): (&str, u32)| Allocation {
            stratum: stratum.into(),
            size,
        };
        announcement.allocations = sizes.map(set).to_vec();
    });
    check(|announcement| {
        announcement.scope.strata = Strata::None;
        announcement.method = Method::BySize;
        announcement.size = 7;
    });
    check(|announcement| {
        announcement.scope.kind = Kind::Slots;
        announcement.scope.measure = Some("gdp".parse().unwrap());
        announcement.scope.strata = Strata::None;
        announcement.method = Method::BySize;
        announcement.size = 2;
    });
}

#[test]
fn the_page_prints_a_seed_that_comes_out() {
    let (leaf, root) = (Hash::from_bytes([1; 32]), Hash::from_bytes([2; 32]));
    let seed = sample::seed(&leaf, &root, "3").to_string();
    assert!(page().contains(&seed), "{seed}");
}
