//! Help in two languages, and the language that is chosen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use super::screen::Screen;
use super::*;

fn check_language(arguments: &[&str], environment: &[(&str, &str)], expect: Language) {
    let arguments: Vec<OsString> = arguments.iter().map(Into::into).collect();
    let environment = environment
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    assert_eq!(language(&arguments, &environment), expect, "{arguments:?}");
}

#[test]
fn the_flag_wins_over_the_environment() {
    check_language(
        &["x", "--lang", "en"],
        &[("LANG", "zh_CN.UTF-8")],
        Language::En,
    );
    check_language(
        &["x", "--lang=zh", "status"],
        &[("LANG", "en_GB.UTF-8")],
        Language::Zh,
    );
    check_language(
        &["x"],
        &[("GRANARY_LANG", "en"), ("LANG", "zh_CN.UTF-8")],
        Language::En,
    );
    check_language(&["x"], &[("LANG", "en_GB.UTF-8")], Language::En);
    check_language(&["x"], &[("LANG", "C")], Language::Zh);
}

#[test]
fn the_command_line_is_sound() {
    CommandLine::command().debug_assert();
}

/// Every command, also below others, has help in both languages, and every one that does something an example.
#[test]
fn every_command_has_help_and_an_example_in_both_languages() {
    for (language, other) in [(Language::En, "示例"), (Language::Zh, "Example")] {
        let mut command = localise(CommandLine::command(), language);
        command.build();
        visit(&command, other);
    }
}

fn visit(command: &Command, other: &str) {
    let name = command.get_name();
    for help in command.get_arguments().filter_map(|arg| arg.get_help()) {
        assert!(!help.to_string().contains(SEPARATOR), "{name}: {help}");
    }
    let about = command.get_about().unwrap().to_string();
    assert!(!about.contains(SEPARATOR), "{name}: {about}");
    let subcommands: Vec<_> = command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
        .collect();
    if subcommands.is_empty() {
        let example = command
            .get_after_help()
            .unwrap_or_else(|| panic!("{name} has no example"))
            .to_string();
        assert!(
            example.contains("granary-aggregator") && !example.contains(other),
            "{name}: {example}"
        );
        assert!(
            command.get_arguments().all(|arg| arg.get_help().is_some()),
            "{name}"
        );
    }
    subcommands.into_iter().for_each(|sub| visit(sub, other));
}

#[test]
fn every_setting_has_a_flag() {
    let words = [
        "granary-aggregator",
        "serve",
        "--metrics-listen",
        "off",
        "--grace-ms",
        "5",
    ];
    let line = CommandLine::try_parse_from(words).unwrap();
    let Task::Serve(args) = line.command else {
        panic!("{line:?}")
    };
    assert_eq!(
        args.settings
            .given
            .get("metrics_listen")
            .map(String::as_str),
        Some("off")
    );
    assert_eq!(
        args.settings.given.get("grace_ms").map(String::as_str),
        Some("5")
    );
    assert_eq!(args.settings.given.len(), 2);
}

/// A catalogue in which no record can satisfy all edits is not published; what merely repeats is told.
#[test]
fn a_contradiction_between_edits_is_a_fault() {
    let sample = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/data/sample");
        std::fs::read_to_string(folder.join(name)).unwrap()
    };
    let check = |more: &str| {
        let folder = tempfile::tempdir().unwrap();
        for name in ["catalogue", "datasets", "indicators", "roster", "units"] {
            let name = format!("{name}.toml");
            std::fs::write(folder.path().join(&name), sample(&name)).unwrap();
        }
        let edits = sample("edits.toml") + more;
        std::fs::write(folder.path().join("edits.toml"), edits).unwrap();
        local::check_catalogue(folder.path(), &Screen::new(Language::En))
    };
    let edit = |id: &str, expression: &str| {
        format!(
            "\n[[edit]]\nid = \"{id}\"\nkind = \"validity\"\ndataset = \"quarterly-accounts\"\n\
             expression = \"{expression}\"\nmessage = {{ zh = \"不符\", en = \"does not fit\" }}\n"
        )
    };
    assert!(check("").is_ok());
    assert!(check(&edit("GDP.SIGN", "gdp >= 0")).is_ok());
    let both = edit("GDP.LOW", "gdp <= 10") + &edit("GDP.HIGH", "gdp >= 11");
    let told = format!("{:?}", check(&both).err().unwrap());
    assert!(
        told.contains("GDP.LOW") && told.contains("GDP.HIGH"),
        "{told}"
    );
}
