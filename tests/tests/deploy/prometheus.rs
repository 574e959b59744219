//! Debian's `promtool` checks the rules and their unit tests, and what the city tells; Debian's `prometheus` scrapes it.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{has, names::panels, path};

/// How long Prometheus may take for its first scrape.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{command:?}\n{said}");
    said
}

#[test]
fn promtool_takes_rules_their_tests_and_the_configuration() {
    if !has("promtool") {
        return;
    }
    let folder = path("deploy/prometheus");
    for arguments in [
        ["check", "rules", "granary.rules.yml"],
        ["test", "rules", "granary.rules.test.yml"],
        ["check", "config", "prometheus.yml"],
    ] {
        succeeds(
            Command::new("promtool")
                .args(arguments)
                .current_dir(&folder),
        );
    }
}

#[test]
fn a_real_prometheus_scrapes_a_real_city() {
    if !has("promtool") || !has("prometheus") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (metrics, web) = (free_address(), free_address());
    let _city = city(&folder.path().join("data"), metrics);
    eventually(metrics, "/metrics", &|text| {
        text.contains("granary_journal_entries 1\n")
    });
    let text = get(metrics, "/metrics").unwrap();
    lint(&text);
    // What promises to be there from the start is.
    for line in [
        "granary_slots{state=\"missing\"} 0",
        "granary_storage_failed_total 0",
        "granary_projector_stopped 0",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\n{text}");
    }

    let _prometheus = prometheus(folder.path(), metrics, web);
    let up = "/api/v1/query?query=up%7Bjob%3D%22granary%22%7D";
    eventually(web, up, &|answer| answer.contains("\"1\"]"));
    eventually(web, "/api/v1/rules", &|answer| {
        let rules: Value = serde_json::from_str(answer).unwrap_or_default();
        let rules = rules["data"]["groups"][0]["rules"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        !rules.is_empty() && rules.iter().all(|rule| rule["health"] == "ok")
    });
    // Every expression of the dashboard is one that Prometheus takes.
    for (title, expression) in panels() {
        let expression = expression
            .replace("$__rate_interval", "1m")
            .replace("$instance", ".*");
        let query = format!("/api/v1/query?query={}", encoded(&expression));
        let answer = get(web, &query).unwrap();
        assert!(
            answer.contains("\"status\":\"success\""),
            "{title}: {answer}"
        );
    }
    let certificate = encoded(
        "granary_certificate_expiry_timestamp_seconds{certificate=\"server\"} - time() > 86400",
    );
    eventually(
        web,
        &format!("/api/v1/query?query={certificate}"),
        &|answer| answer.contains("\"value\":["),
    );
}

/// By the conventions of Prometheus: units, endings, help.
fn lint(text: &str) {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}

/// A city with nothing but its first entry, whose metrics are told at an address.
fn city(data: &Path, metrics: SocketAddr) -> Running {
    let mut init = program("granary-aggregator");
    init.args(["init", "--name", "metrics.example/log", "--data"]);
    succeeds(init.arg(data));
    let mut serve = program("granary-aggregator");
    serve.args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--metrics-listen",
        &metrics.to_string(),
        "--data",
    ]);
    serve.arg(data).stdout(Stdio::null()).stderr(Stdio::null());
    Running(serve.spawn().unwrap())
}

/// With the project's own configuration, but for where the city is and how often it is asked.
fn prometheus(folder: &Path, metrics: SocketAddr, web: SocketAddr) -> Running {
    let text = crate::text("deploy/prometheus/prometheus.yml");
    let text = text
        .replace("127.0.0.1:9464", &metrics.to_string())
        .replace(": 15s", ": 1s");
    let configuration = folder.join("prometheus.yml");
    fs::write(&configuration, text).unwrap();
    fs::copy(
        path("deploy/prometheus/granary.rules.yml"),
        folder.join("granary.rules.yml"),
    )
    .unwrap();
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", configuration.display()));
    command.arg(format!(
        "--storage.tsdb.path={}",
        folder.join("tsdb").display()
    ));
    command.arg(format!("--web.listen-address={web}"));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Running(command.spawn().unwrap())
}

/// An address that nobody uses now.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

fn get(address: SocketAddr, target: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {target} HTTP/1.0\r\nhost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    Ok(body.to_owned())
}

/// Asks until the answer is as it should be.
#[track_caller]
fn eventually(address: SocketAddr, target: &str, is_right: &dyn Fn(&str) -> bool) {
    let until = Instant::now() + PATIENCE;
    loop {
        let answer = get(address, target).unwrap_or_default();
        if is_right(&answer) {
            return;
        }
        assert!(Instant::now() < until, "{target}: {answer}");
        thread::park_timeout(Duration::from_millis(100));
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// A program of this project, without any of this process's settings.
fn program(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let found = test
        .ancestors()
        .find(|folder| folder.join("granary-aggregator").is_file());
    let folder: PathBuf = found
        .expect("build the programs first: `cargo build --workspace --bins`")
        .to_owned();
    let mut command = Command::new(folder.join(name));
    command
        .env_clear()
        .env("LANG", "en_GB.UTF-8")
        .stdin(Stdio::null());
    command
}
