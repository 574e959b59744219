//! A city of real processes with the demo's catalogue in force, and one office.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use granary_core::{digest::Digest, ledger::JournalEntry, log::Receipt};

use super::programs::{copy_catalogue, demo, program, run};

pub(crate) const UNIT: &str = "520100";
/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A city and its office. Dropping it kills the server.
pub(crate) struct City {
    folder: tempfile::TempDir,
    server: Option<Child>,
    port: u16,
}

impl City {
    /// With an office that is enrolled; `traces` is written into both programs' settings, as each has them.
    pub(crate) fn founded(endpoint: &str, sample: &str) -> Self {
        let mut city = Self {
            folder: tempfile::tempdir().unwrap(),
            server: None,
            port: 0,
        };
        let mut init = program("granary-aggregator");
        init.args(["init", "--server-name", "localhost"]);
        init.args(["--name", "traces.example/log", "--data"]);
        run(init.arg(city.path("city")));
        let traces = format!("traces_endpoint = \"{endpoint}\"\ntraces_sample = {sample}\n");
        add(&city.path("city/granary.toml"), &traces);
        city.serve();
        let catalogue = city.path("catalogue");
        copy_catalogue(&catalogue);
        city.operate(&["catalogue", "publish", catalogue.to_str().unwrap()]);
        let said = city.operate(&["token", "--unit", UNIT]);
        let token = said.lines().find(|line| line.starts_with("granary1."));
        let mut enrol = program("granary-agent");
        enrol.args(["enrol", "--unit", UNIT, "--token", token.unwrap()]);
        run(enrol
            .args(["--server", &city.url(), "--dir"])
            .arg(city.path("office")));
        let traces = format!("[traces]\nendpoint = \"{endpoint}\"\nsample = {sample}\n");
        add(&city.path("office/agent.toml"), &traces);
        city
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Starts the server; on the port that it had before, if it had one.
    pub(crate) fn serve(&mut self) {
        let mut serve = program("granary-aggregator");
        serve
            .args(["serve", "--console-listen", "off", "--listen"])
            .arg(format!("127.0.0.1:{}", self.port))
            .args(["--metrics-listen", "127.0.0.1:0", "--data"])
            .arg(self.path("city"))
            .stdout(Stdio::piped())
            .stderr(
                File::options()
                    .create(true)
                    .append(true)
                    .open(self.path("city.log"))
                    .unwrap(),
            );
        let mut server = serve.spawn().unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line = line.unwrap();
            line.strip_prefix("serving on https://").map(str::to_owned)
        });
        let address = address.unwrap_or_else(|| panic!("no server: {}", self.city_log()));
        self.port = address.rsplit_once(':').unwrap().1.parse().unwrap();
        // What it goes on to say is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        self.server = Some(server);
    }

    /// Ends the server in order, as systemd does.
    pub(crate) fn stop(&mut self) {
        let mut server = self.server.take().unwrap();
        end(&mut server);
    }

    /// An office hands a file in; what it said, with its exit status.
    pub(crate) fn submit(&self, file: &Path, wait: &str) -> Output {
        let mut submit = self.agent();
        submit.args(["submit", "--wait", wait]).arg(file);
        submit
            .arg("--dir")
            .arg(self.path("office"))
            .output()
            .unwrap()
    }

    /// The office's agent runs until the receipt of a file is there, and is then ended in order.
    pub(crate) fn run_until_receipts(&self, count: usize) {
        let log = File::create(self.path("agent.log")).unwrap();
        let mut run = self.agent();
        run.args(["run", "--dir"]).arg(self.path("office"));
        run.env("GRANARY_AGENT_PAGE_LISTEN", "off");
        let mut agent = run.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        until("the receipt is there", || self.receipts().len() >= count);
        end(&mut agent);
    }

    /// The payloads that the office has receipts for, with the entries' indexes, in their order.
    pub(crate) fn receipts(&self) -> Vec<(u64, Digest)> {
        let Ok(files) = fs::read_dir(self.path("office/state/receipts")) else {
            return Vec::new();
        };
        let texts = files.filter_map(|file| fs::read_to_string(file.unwrap().path()).ok());
        let receipts = texts.filter_map(|text| Receipt::parse(&text).ok());
        let mut payloads: Vec<_> = receipts
            .map(|receipt| {
                let entry = JournalEntry::decode(&receipt.entry).unwrap();
                (receipt.index, entry.payload_sha256)
            })
            .collect();
        payloads.sort();
        payloads
    }

    /// A report of the demo, with this in the place of its growth of GDP.
    pub(crate) fn file(&self, growth: &str) -> PathBuf {
        let name = "quarterly-accounts_2021-Q3.csv";
        let text = fs::read_to_string(demo().join("reports").join(UNIT).join(name)).unwrap();
        let (old, new) = ("gdp_growth,4.8", format!("gdp_growth,{growth}"));
        assert!(text.contains(old));
        let path = self.path(&format!("{growth}-{name}"));
        fs::write(&path, text.replace(old, &new)).unwrap();
        path
    }

    /// The value of a metric that has no labels.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let log = self.city_log();
        let address = log.rsplit("metrics_address=Some(").next().unwrap();
        let address = address.split(')').next().unwrap();
        let text = get(address);
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {text}"))
            .trim()
            .parse()
            .unwrap()
    }

    pub(crate) fn city_log(&self) -> String {
        fs::read_to_string(self.path("city.log")).unwrap_or_default()
    }

    fn operate(&self, arguments: &[&str]) -> String {
        let mut command = program("granary-aggregator");
        command.args(arguments).args(["--server", &self.url()]);
        run(command.arg("--operator").arg(self.path("city/operator")))
    }

    fn agent(&self) -> Command {
        let mut agent = program("granary-agent");
        agent.env("GRANARY_AGENT_LOG", "warn");
        agent.env("GRANARY_AGENT_POLL_SETTLE_MS", "0");
        agent
    }
}

impl Drop for City {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
        if std::thread::panicking() {
            let log = fs::read_to_string(self.path("agent.log")).unwrap_or_default();
            let logs = format!(
                "== the city's log\n{}\n== the agent's log\n{log}\n",
                self.city_log()
            );
            let _ = std::io::stderr().write_all(logs.as_bytes());
        }
    }
}

/// Waits until `holds`; where it does not in good time, fails with `what`.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

fn end(child: &mut Child) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}

fn get(address: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = b"GET /metrics HTTP/1.1\r\nhost: city\r\nconnection: close\r\n\r\n";
    stream.write_all(request).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn add(path: &Path, text: &str) {
    let before = fs::read_to_string(path).unwrap();
    fs::write(path, format!("{before}\n{text}")).unwrap();
}
