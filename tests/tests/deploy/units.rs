//! The systemd units, the package and the container: the commands in them are commands that there are, and the sandbox is as
//! tight as the README says.

use std::process::Command;

use crate::{has, path, text};

/// What `deploy/aggregator/README.md` states of a unit.
fn stated(unit: &str) -> f64 {
    let page = text("deploy/aggregator/README.md");
    let row = page
        .lines()
        .find(|line| line.starts_with(&format!("| `{unit}`")))
        .unwrap();
    let figure = row.split('|').nth(2).unwrap().trim();
    figure.parse().unwrap()
}

#[test]
fn the_units_are_as_tight_as_stated() {
    if !has("systemd-analyze") {
        return;
    }
    for unit in ["granary-aggregator.service", "granary-backup.service"] {
        let file = path("deploy/aggregator").join(unit);
        let mut command = Command::new("systemd-analyze");
        let output = command
            .args(["security", "--offline=true"])
            .arg(file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = said
            .lines()
            .find(|line| line.contains("Overall exposure level"));
        let Some(line) = line else {
            eprintln!("SKIPPED: this systemd-analyze does not judge units offline");
            return;
        };
        let figure = line.split_once(": ").unwrap().1;
        let figure: f64 = figure.split_whitespace().next().unwrap().parse().unwrap();
        // Another version of systemd knows other settings.
        assert!(figure <= stated(unit) + 0.5, "{unit}: {line}");
    }
}

/// Every `granary-aggregator` line is understood by the program: it is asked for help with the same flags.
#[test]
fn the_commands_in_units_and_containers_are_understood() {
    let unit = text("deploy/aggregator/granary-aggregator.service");
    let backup = text("deploy/aggregator/granary-backup.service");
    let lines = unit.lines().chain(backup.lines());
    let commands: Vec<&str> = lines
        .filter_map(|line| line.strip_prefix("ExecStart=/usr/bin/granary-aggregator "))
        .collect();
    assert_eq!(commands.len(), 2);
    let container = text("deploy/aggregator/Containerfile");
    let line = container
        .lines()
        .find_map(|line| line.strip_prefix("CMD "))
        .unwrap();
    let container: Vec<String> = serde_json::from_str(line).unwrap();
    for command in commands
        .into_iter()
        .map(str::to_owned)
        .chain([container.join(" ")])
    {
        let mut arguments = vec!["granary-aggregator"];
        arguments.extend(command.split_whitespace());
        arguments.push("--help");
        let arguments = arguments.into_iter().map(Into::into).collect();
        // An unknown flag before `--help` ends with status 2.
        let code = granary_aggregator::cli::run(arguments, std::collections::BTreeMap::default());
        assert_eq!(
            format!("{code:?}"),
            format!("{:?}", std::process::ExitCode::SUCCESS),
            "{command}"
        );
    }
}

/// What the package takes along is there, at the paths that the units and the page name.
#[test]
fn the_package_takes_files_that_there_are() {
    let manifest: toml::Value = text("aggregator/Cargo.toml")
        .parse::<toml::Table>()
        .unwrap()
        .into();
    let assets = manifest["package"]["metadata"]["deb"]["assets"]
        .as_array()
        .unwrap();
    let mut targets = Vec::new();
    for asset in assets {
        let (from, to) = (asset[0].as_str().unwrap(), asset[1].as_str().unwrap());
        targets.push(to);
        if !from.starts_with("target/") {
            assert!(path("aggregator").join(from).is_file(), "{from}");
        }
    }
    assert!(targets.contains(&"usr/bin/") && targets.contains(&"usr/lib/systemd/system/"));
    assert!(targets.contains(&"usr/share/doc/granary-aggregator/"));
}
