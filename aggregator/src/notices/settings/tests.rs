//! All faults at once, each with its place and remedy; and secrets that are never shown.

use std::{fmt::Write as _, path::Path};

use granary_core::notices::Recipient;

use super::{NoticeSettings, Target};
use crate::notices::tests::support::{NOTICES, environment};

fn faults(text: &str) -> String {
    let environment = environment(&[
        ("URL", "https://qyapi.weixin.example/send?key=topsecret"),
        ("FTP", "ftp://topsecret"),
    ]);
    let mut told = String::new();
    match NoticeSettings::parse(text, Path::new("notices.toml"), &environment) {
        Ok(_) => told.push_str("sound"),
        Err(faults) => {
            for fault in faults {
                let (message, remedy) = (fault.message, fault.remedy);
                writeln!(told, "{}: {}; {}", fault.place, message.en, remedy.en).unwrap();
                assert!(!message.zh.is_empty() && !remedy.zh.is_empty());
            }
        }
    }
    assert!(!told.contains("topsecret"), "{told}");
    told
}

#[test]
fn every_fault_is_told_at_once() {
    let text = r#"
colour = "red"
[plan]
reminder = ["24h"]
reminders = ["24h", "2 hours", "0h", "9999d"]
summary_to = ["units", "operations"]
escalate_after = ["24h"]
returned_after = "1h"
returned_to = "unit"
all_in_within = 7
datasets = ["no blanks allowed"]
[quiet]
timezone = "Asia/Shangai"
from = "22:00"
weekends = "yes"
[[channel]]
name = "a"
kind = "wecom"
url = "https://qyapi.weixin.example/send?key=topsecret"
per_minute = 21
[[channel]]
name = "a"
kind = "smoke"
[[channel]]
name = "b"
kind = "dingtalk"
url = { env = "MISSING" }
secret = { file = "no/such/file" }
[[channel]]
name = "c"
kind = "webhook"
url = { env = "FTP" }
secret = { env = "URL" }
[[channel]]
name = "d"
kind = "email"
host = "mail"
security = "plain"
user = "granary"
port = 70000
from = "nobody"
[[channel]]
name = "e"
kind = "wecom"
url = { env = "URL" }
timeout_s = 0
[[contact]]
name = "x"
channel = "e"
to = "x@example.com"
[[contact]]
name = "y"
units = ["520100", "five hundred"]
channel = "f"
language = "fr"
[[contact]]
units = "520100"
channel = "e"
"#;
    insta::assert_snapshot!(faults(text));
}

#[test]
fn days_off_are_those_of_one_calendar_or_weekends() {
    let file = |quiet: &str| NOTICES.replace("[quiet]\n", &format!("[quiet]\n{quiet}\n"));
    let environment = environment(&[("HUB", "http://10.0.0.1/"), ("GROUP", "http://10.0.0.1/")]);
    let read = |quiet| NoticeSettings::parse(&file(quiet), Path::new("n"), &environment);
    let quiet = read("calendar = \"cn\"").unwrap().plan.quiet.unwrap();
    assert_eq!(quiet.calendar().unwrap().as_str(), "cn");
    for (wrong, about) in [
        ("calendar = \"cn\"\nweekends = true", "quiet.weekends"),
        ("calendar = \"no blanks\"", "quiet.calendar"),
    ] {
        let faults = read(wrong).unwrap_err();
        let [fault] = faults.as_slice() else {
            panic!("{faults:?}");
        };
        assert_eq!(fault.place, format!("n: {about}"));
    }
}

#[test]
fn what_is_told_needs_somebody_to_hear_it() {
    insta::assert_snapshot!(faults(
        "[plan]\nreminders = [\"1h\"]\nsummary_to = [\"operations\", \"departments\"]\n"
    ));
    assert!(faults("x = ").contains("is not valid TOML"));
}

#[test]
fn http_is_only_for_those_who_ask_for_it() {
    let channel = |more: &str| {
        format!(
            "[plan]\n[[channel]]\nname = \"a\"\nkind = \"webhook\"\nurl = {{ env = \"P\" }}\n{more}"
        )
    };
    let environment = environment(&[("P", "http://10.0.0.1:8080/hook")]);
    let read = |more: &str| NoticeSettings::parse(&channel(more), Path::new("n"), &environment);
    assert_eq!(read("").unwrap_err().len(), 1);
    let settings = read("plain_http = true\n").unwrap();
    let Target::Webhook { endpoint, .. } = &settings.channels["a"].target else {
        panic!("a webhook is expected");
    };
    assert_eq!(
        (endpoint.host.as_str(), endpoint.port, endpoint.tls),
        ("10.0.0.1", 8080, false)
    );
    assert_eq!(endpoint.path_and_query(), "/hook");
}

#[test]
fn a_secret_is_read_from_a_file_beside_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("key"),
        "https://robot.example/?key=topsecret\n",
    )
    .unwrap();
    let text = "[plan]\n[[channel]]\nname = \"a\"\nkind = \"wecom\"\nurl = { file = \"key\" }\n";
    let path = folder.path().join("notices.toml");
    std::fs::write(&path, text).unwrap();
    let settings = NoticeSettings::read(&path, &environment(&[])).unwrap();
    assert!(!format!("{settings:?}").contains("topsecret"));
    let Target::WeCom { endpoint } = &settings.channels["a"].target else {
        panic!("a robot is expected");
    };
    assert_eq!(
        endpoint.url.reveal(),
        "https://robot.example/?key=topsecret"
    );
}

#[test]
fn contacts_make_the_plan_reach_people() {
    let environment = environment(&[("HUB", "http://127.0.0.1/"), ("GROUP", "http://127.0.0.1/")]);
    let settings = NoticeSettings::parse(NOTICES, Path::new("n"), &environment).unwrap();
    assert!(settings.plan.has_operations);
    assert_eq!(settings.plan.unit_contacts.len(), 2);
    let names: Vec<&str> = settings
        .contacts_of(&Recipient::Operations)
        .map(|contact| contact.name.as_str())
        .collect();
    assert_eq!(names, ["duty"]);
}

/// The files of `docs/NOTICES.md` and of the demo are sound.
#[test]
fn the_examples_hold() {
    let guide = include_str!("../../../../docs/NOTICES.md");
    let blocks: Vec<&str> = guide.split("```toml\n").skip(1).collect();
    let blocks: Vec<&str> = blocks
        .iter()
        .map(|b| b.split("```").next().unwrap())
        .collect();
    assert_eq!(blocks.len(), 1);
    let demo = include_str!("../../../../deploy/demo/notices.toml");
    let names = [
        "WECOM",
        "DINGTALK",
        "DINGTALK_SECRET",
        "HUB",
        "HUB_TOKEN",
        "MAIL_PASSWORD",
    ];
    let names = names.map(|name| format!("GRANARY_NOTICES_{name}"));
    let pairs = names
        .each_ref()
        .map(|name| (name.as_str(), "http://127.0.0.1:8090/"));
    let secure = names
        .each_ref()
        .map(|name| (name.as_str(), "https://hub.example/"));
    for text in blocks {
        let settings = NoticeSettings::parse(text, Path::new("n"), &environment(&secure));
        let settings = settings.unwrap_or_else(|faults| panic!("{faults:?}"));
        assert_eq!((settings.channels.len(), settings.contacts.len()), (4, 4));
    }
    let demo = NoticeSettings::parse(demo, Path::new("n"), &environment(&pairs)).unwrap();
    assert_eq!(demo.plan.unit_contacts.len(), 13);
}

/// Every key of the file is explained.
#[test]
fn the_guide_names_every_key() {
    let guide = include_str!("../../../../docs/NOTICES.md");
    for key in super::plan::KEYS
        .iter()
        .chain(&super::contacts::KEYS)
        .chain(super::channels::keys())
    {
        assert!(guide.contains(&format!("{key} = ")), "{key}");
    }
}
