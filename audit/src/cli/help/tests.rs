//! No argument lacks its Chinese text, and every command has an example.

use super::*;

#[test]
fn every_command_and_argument_has_both_texts() {
    let mut command = command(Language::Zh);
    command.build();
    let mut all = vec![("granary-audit".to_owned(), command)];
    let mut at = 0;
    while let Some((words, command)) = all.get(at).cloned() {
        let above = words.strip_prefix("granary-audit").unwrap_or(&words);
        let below = command.get_subcommands().cloned();
        let named = |sub: Command| {
            let words = format!("{above} {}", sub.get_name());
            (words.trim().to_owned(), sub)
        };
        all.extend(below.map(named));
        at += 1;
    }
    for (words, command) in &all {
        assert!(chinese(words).is_some(), "{words}");
        for arg in command.get_arguments() {
            let text = chinese(arg.get_id().as_str());
            assert_eq!(
                arg.get_help().map(ToString::to_string).as_deref(),
                text,
                "{}",
                arg.get_id()
            );
        }
    }
    for name in [
        "verify",
        "completeness",
        "findings",
        "screen",
        "recheck",
        "slots",
        "series",
        "league",
        "explain",
        "targets",
        "risk",
        "arrivals",
        "calibrate",
        "calendar",
        "rules",
        "rules export",
        "export",
        "replay",
        "bulletin",
        "bulletin-check",
        "witness",
    ] {
        assert!(examples(name, Language::Zh).contains("示例"), "{name}");
        assert!(examples(name, Language::En).contains("Examples"), "{name}");
    }
}

fn check(args: &[&str], variables: &[(&str, &str)], expect: Language) {
    let args: Vec<OsString> = args.iter().map(Into::into).collect();
    let environment = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, text)| (*text).to_owned())
    };
    assert_eq!(
        language(&args, &environment),
        expect,
        "{args:?} {variables:?}"
    );
}

#[test]
fn the_flag_comes_before_the_environment() {
    check(&["a"], &[], Language::Zh);
    check(&["a"], &[("LANG", "en_GB.UTF-8")], Language::En);
    check(
        &["a"],
        &[("LANG", "en_GB.UTF-8"), ("GRANARY_LANG", "zh")],
        Language::Zh,
    );
    check(
        &["a", "--lang", "en"],
        &[("GRANARY_LANG", "zh")],
        Language::En,
    );
    check(&["a", "--lang=en"], &[], Language::En);
    check(
        &["a"],
        &[("LC_ALL", "C.UTF-8"), ("LANG", "en")],
        Language::En,
    );
}
