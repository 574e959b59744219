//! The table of faults, and the order of the layers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

/// Reads settings from a file's text, an environment and flags; the faults come back as `place: message`.
fn check(
    file: &str,
    environment: &[(&str, &str)],
    flags: &[(&str, &str)],
) -> Result<Settings, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("granary.toml");
    std::fs::write(&path, file).unwrap();
    let own = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    };
    let sources = Sources {
        file: Some(&path),
        environment: own(environment),
        flags: own(flags),
    };
    Settings::read(&sources).map_err(|faults| {
        let folder = format!("{}/", folder.path().display());
        let line = |f: Fault| {
            assert!(!f.message.zh.is_empty() && !f.remedy.zh.is_empty() && !f.remedy.en.is_empty());
            format!("{}: {}", f.place, f.message.en).replace(&folder, "")
        };
        faults.into_iter().map(line).collect()
    })
}

#[test]
fn a_data_folder_is_all_that_must_be_given() {
    let settings = check("data = \"/srv/granary\"", &[], &[]).unwrap();
    assert_eq!(settings.data, Path::new("/srv/granary"));
    assert_eq!(settings.listen.port(), 7443);
    assert_eq!(settings.limits.submissions_per_second_max, None);
    assert_eq!(settings.server_names, ["localhost"]);
    assert_eq!(settings.log_listen, None);
    assert_eq!(settings.log_format, LogFormat::Text);
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = "data = \"/a\"\nlisten = \"127.0.0.1:1\"\ngrace_ms = 1\nmetrics_listen = \"off\"";
    let environment = [
        ("GRANARY_LISTEN", "127.0.0.1:2"),
        ("GRANARY_GRACE_MS", "2"),
        ("PATH", "/bin"),
    ];
    let settings = check(file, &environment, &[("listen", "127.0.0.1:3")]).unwrap();
    assert_eq!(settings.listen.port(), 3);
    assert_eq!(settings.grace, Duration::from_millis(2));
    assert_eq!(settings.metrics_listen, None);
    assert_eq!(settings.data, Path::new("/a"));
}

#[test]
fn names_are_a_list_in_the_file_and_commas_elsewhere() {
    let file = "data = \"/a\"\nserver_names = [\"city.example\", \"192.0.2.1\"]";
    assert_eq!(
        check(file, &[], &[]).unwrap().server_names,
        ["city.example", "192.0.2.1"]
    );
    let settings = check(
        file,
        &[("GRANARY_SERVER_NAMES", "a.example, b.example")],
        &[],
    )
    .unwrap();
    assert_eq!(settings.server_names, ["a.example", "b.example"]);
}

#[test]
fn other_programs_variables_are_left_alone() {
    let environment = [
        ("GRANARY_AGENT_INBOX", "/x"),
        ("GRANARY_LANG", "zh"),
        ("GRANARY_DATA", "/a"),
    ];
    assert!(check("", &environment, &[]).is_ok());
}

#[test]
fn every_fault_is_told_at_once_with_its_place() {
    let file = "lisen = \"0.0.0.0:1\"\nlog_format = \"xml\"\nconnections_max = 0\nlog_filter = \"a=b=c\"\nserver_names = [\"-\"]";
    let environment = [
        ("GRANARY_BATCH_WAIT_US_MAX", "soon"),
        ("GRANARY_LISTENN", "x"),
    ];
    let faults = check(file, &environment, &[("metrics_listen", "nowhere")]).unwrap_err();
    assert_eq!(
        faults,
        [
            "granary.toml: lisen: there is no setting lisen",
            "GRANARY_LISTENN: there is no setting listenn",
            "data: the data folder is not given",
            "--metrics-listen: \"nowhere\" is not a value for metrics_listen",
            "granary.toml: server_names: \"-\" is not a value for server_names",
            "granary.toml: connections_max: \"0\" is not a value for connections_max",
            "GRANARY_BATCH_WAIT_US_MAX: \"soon\" is not a value for batch_wait_us_max",
            "granary.toml: log_format: \"xml\" is not a value for log_format",
            "granary.toml: log_filter: \"a=b=c\" is not a value for log_filter",
        ]
    );
}

#[test]
fn numbers_are_whole_and_within_bounds() {
    for bad in ["1.5", "true", "-1", "600001", "\"\"", "\"1e3\"", "[1]"] {
        let faults = check(&format!("data = \"/a\"\ngrace_ms = {bad}"), &[], &[]).unwrap_err();
        assert_eq!(faults.len(), 1, "{bad}: {faults:?}");
    }
    assert!(check("data = \"/a\"\ngrace_ms = \"5\"", &[], &[]).is_ok());
}

#[test]
fn values_that_contradict_each_other_are_told() {
    let file = "data = \"/a\"\npush_bytes_max = 65536\nlisten = \"127.0.0.1:9464\"";
    let faults = check(file, &[], &[("log_listen", "127.0.0.1:9464")]).unwrap_err();
    assert_eq!(faults.len(), 3, "{faults:?}");
}

#[test]
fn a_broken_file_does_not_hide_the_other_layers() {
    let faults = check("data = ", &[("GRANARY_GRACE_MS", "x")], &[]).unwrap_err();
    assert!(
        faults[0].starts_with("granary.toml: is not valid TOML"),
        "{faults:?}"
    );
    assert!(
        faults.iter().any(|f| f.starts_with("GRANARY_GRACE_MS")),
        "{faults:?}"
    );
}

#[test]
fn a_missing_file_is_a_fault() {
    let sources = Sources {
        file: Some(Path::new("/nonexistent/granary.toml")),
        ..Sources::default()
    };
    let faults = Settings::read(&sources).unwrap_err();
    assert_eq!(faults[0].place, "/nonexistent/granary.toml");
}

#[test]
fn traces_are_off_unless_a_collector_is_named_and_wrong_values_are_told() {
    let read = |lines: &str| {
        let file = format!("data = \"/a\"\n{lines}");
        check(&file, &[], &[]).map(|settings| settings.traces)
    };
    assert_eq!(read("").unwrap(), None);
    assert_eq!(read("traces_sample = 0.5").unwrap(), None);
    let endpoint = "traces_endpoint = \"http://127.0.0.1:4317\"";
    let told = read(endpoint).unwrap().unwrap();
    assert_eq!(told.sample, Share::ALL);
    assert_eq!(told.service, "granary-aggregator");
    let told = read(&format!("{endpoint}\ntraces_sample = 0.5")).unwrap();
    assert_eq!(told.unwrap().sample, Share::new(0.5).unwrap());
    assert_eq!(read("traces_service = [\"a\"]").unwrap_err().len(), 1);
    let file = "data = \"/a\"\ntraces_endpoint = \"localhost\"\ntraces_sample = 1.5";
    let faults = check(file, &[("GRANARY_TRACES_SERVICE", "")], &[]).unwrap_err();
    assert_eq!(
        faults,
        [
            "granary.toml: traces_endpoint: \"localhost\" is not a value for traces_endpoint",
            "granary.toml: traces_sample: \"1.5\" is not a value for traces_sample",
            "GRANARY_TRACES_SERVICE: \"\" is not a value for traces_service",
        ]
    );
}

#[test]
fn a_table_names_the_houses_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, " hidden \n").unwrap();
    let own = "issuer = \"https://id.example/x\"\nclient_id = \"granary\"\nconsole = \"https://stats.example/\"";
    let file = format!(
        "data = \"/a\"\n[oidc]\n{own}\nclient_secret_file = {:?}\npasswords = \"administrators\"",
        secret.display().to_string()
    );
    let settings = check(&file, &[("GRANARY_OIDC_CLAIM", "upn")], &[]).unwrap();
    let oidc = settings.oidc.unwrap();
    assert_eq!(oidc.console, "https://stats.example");
    assert_eq!((oidc.claim.as_str(), oidc.scopes.len()), ("upn", 1));
    assert_eq!(oidc.passwords, Passwords::Administrators);
    assert_eq!(oidc.client_secret.as_ref().unwrap().reveal(), "hidden");
    assert!(!format!("{oidc:?}").contains("hidden"), "a secret is shown");

    let file = format!("data = \"/a\"\n[oidc]\n{own}");
    let settings = check(&file, &[("GRANARY_OIDC_CLIENT_SECRET", "hidden")], &[]).unwrap();
    assert!(settings.oidc.unwrap().client_secret.is_some());
    assert!(check("data = \"/a\"", &[], &[]).unwrap().oidc.is_none());
}

#[test]
fn a_sign_in_that_is_half_given_or_unsafe_is_told() {
    let file = "data = \"/a\"\n[oidc]\nissuer = \"http://id.example\"\nclient_secret = \"x\"\nissuers = \"x\"\nconsole = \"https://stats.example/deep\"";
    assert_eq!(
        check(file, &[], &[]).unwrap_err(),
        [
            "granary.toml: oidc_issuers: there is no setting oidc_issuers",
            "granary.toml: oidc_issuer: \"http://id.example\" is not a value for oidc_issuer",
            "oidc_client_id: [oidc] does not give client_id",
            "granary.toml: oidc_client_secret: the secret does not belong into the settings",
            "granary.toml: oidc_console: \"https://stats.example/deep\" is not a value for oidc_console",
        ]
    );
}
