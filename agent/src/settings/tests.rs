//! Settings: what is wrong is told at once, and the environment wins over the file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

fn parse(text: &str, environment: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    let environment = environment
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    let parsed = Settings::parse(text, Path::new("county/agent.toml"), &environment);
    parsed.map_err(|faults| {
        faults
            .text(Language::En)
            .lines()
            .map(str::to_owned)
            .collect()
    })
}

const LEAST: &str = "unit = \"520100\"\nserver = \"https://city.example:7443\"\n";

#[test]
fn the_least_file_is_enough() {
    let settings = parse(LEAST, &[]).unwrap();
    assert_eq!(settings.unit.as_str(), "520100");
    assert_eq!(settings.language, Language::Zh);
    assert_eq!(settings.state, Path::new("county/state"));
    assert_eq!(settings.link, LinkSettings::default());
    assert_eq!(settings.poll, PollSettings::default());
    assert!(settings.spool.record_bytes_max as usize > granary_core::snapshot::PAYLOAD_BYTES_MAX);
}

#[test]
fn what_enrolment_writes_can_be_read() {
    let unit = UnitCode::new("522401").unwrap();
    let text = Settings::first_file(&unit, "https://city.example:7443", Language::En);
    let settings = parse(&text, &[]).unwrap();
    assert_eq!((settings.unit, settings.language), (unit, Language::En));
}

#[test]
fn the_page_is_served_to_this_machine_alone_or_not_at_all() {
    let page = |given: Option<&str>| {
        let line = given.map_or(String::new(), |given| {
            format!("[page]\nlisten = \"{given}\"\n")
        });
        parse(&format!("{LEAST}{line}"), &[]).map(|settings| settings.page)
    };
    assert_eq!(page(None).unwrap(), "127.0.0.1:7490".parse().ok());
    assert_eq!(page(Some("[::1]:80")).unwrap(), "[::1]:80".parse().ok());
    assert_eq!(page(Some("off")).unwrap(), None);
    for other in [
        "0.0.0.0:7490",
        "192.168.1.9:7490",
        "localhost",
        "[::]:1",
        "",
    ] {
        let faults = page(Some(other)).unwrap_err();
        assert!(
            faults[0].contains("not served to other machines"),
            "{faults:?}"
        );
    }
}

#[test]
fn the_environment_wins() {
    let text = format!("{LEAST}[link]\nbackoff_ms_max = 1000\n");
    let environment = [
        ("GRANARY_AGENT_LINK_BACKOFF_MS_MAX", "2000"),
        ("GRANARY_AGENT_LANGUAGE", "en"),
        ("GRANARY_AGENT_DIR", "/elsewhere"),
        ("PATH", "/bin"),
    ];
    let settings = parse(&text, &environment).unwrap();
    assert_eq!(settings.link.backoff_ms_max, 2000);
    assert_eq!(settings.language, Language::En);
}

#[test]
fn all_faults_come_at_once_with_place_and_key() {
    let text = "server = \"http://city\"\nlangauge = \"zh\"\ntime_zone = 8\n[link]\nbackoff_ms_min = 5000\nbackoff_ms_max = 100\nin_flight_max = 0\n";
    let environment = [
        ("GRANARY_AGENT_POLL_INBOX_MS", "often"),
        ("GRANARY_AGENT_SEVER", "x"),
    ];
    let faults = parse(text, &environment).unwrap_err();
    let expected = [
        "county/agent.toml: unit: is missing",
        "county/agent.toml: server: write https://host:port",
        "county/agent.toml: time_zone: write it as text",
        "county/agent.toml: link.in_flight_max: 0 is not allowed",
        "county/agent.toml: link.backoff_ms_min: is above",
        "GRANARY_AGENT_POLL_INBOX_MS: poll.inbox_ms: \"often\" is not allowed",
        "county/agent.toml: langauge: no such setting",
        "GRANARY_AGENT_SEVER: SEVER: no such setting",
    ];
    for begin in expected {
        assert!(
            faults.iter().any(|fault| fault.starts_with(begin)),
            "{begin} is not in {faults:#?}"
        );
    }
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
}

#[test]
fn a_file_that_is_no_toml_says_where() {
    let faults = parse("unit = ", &[]).unwrap_err();
    assert!(
        faults.iter().any(|fault| fault.contains("is not TOML")),
        "{faults:?}"
    );
}

#[test]
fn a_missing_file_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Settings::load(folder.path(), &BTreeMap::new()).unwrap_err();
    assert!(faults.text(Language::En).contains("granary-agent enrol"));
    assert!(faults.text(Language::Zh).contains("enrol"));
}

#[test]
fn traces_are_off_unless_a_collector_is_named_and_wrong_values_are_told() {
    assert_eq!(parse(LEAST, &[]).unwrap().traces, None);
    let file = |lines: &str| parse(&format!("{LEAST}[traces]\n{lines}"), &[]);
    assert_eq!(file("sample = 0.5").unwrap().traces, None);
    assert_eq!(file("endpoint = \"off\"").unwrap().traces, None);
    let told = TraceSettings {
        endpoint: "http://127.0.0.1:4317".to_owned(),
        sample: Share::ALL,
        service: "granary-agent".to_owned(),
    };
    let endpoint = "endpoint = \"http://127.0.0.1:4317\"";
    assert_eq!(file(endpoint).unwrap().traces, Some(told.clone()));
    let half = TraceSettings {
        sample: Share::new(0.5).unwrap(),
        service: "office".to_owned(),
        ..told
    };
    let lines = format!("{endpoint}\nsample = 0.5\nservice = \"office\"");
    assert_eq!(file(&lines).unwrap().traces, Some(half.clone()));
    let variables = [("GRANARY_AGENT_TRACES_SAMPLE", "0.5")];
    let lines = format!("{LEAST}[traces]\n{endpoint}\nsample = 1\nservice = \"office\"");
    assert_eq!(parse(&lines, &variables).unwrap().traces, Some(half));
    let wrong = "endpoint = \"https://x:1\"\nsample = 2\nservice = \"\"\nshare = 1";
    let faults = file(wrong).unwrap_err();
    let keys = ["endpoint", "sample", "service", "share"];
    assert_eq!(faults.len(), keys.len(), "{faults:?}");
    for (fault, key) in faults.iter().zip(keys) {
        assert!(
            fault.starts_with(&format!("county/agent.toml: traces.{key}: ")),
            "{fault}"
        );
    }
}
