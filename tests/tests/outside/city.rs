//! A city of real processes in a temporary folder, with the demo's catalogue in force.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use super::programs::{copy_catalogue, demo};
pub(crate) use super::programs::{program, programs, repository, run};

/// A running city. Dropping it kills the server.
pub(crate) struct City {
    folder: tempfile::TempDir,
    server: Child,
    /// Agents that run until the city ends.
    agents: Vec<Child>,
    port: u16,
    /// Where the log is read by anybody.
    log: SocketAddr,
    /// Where the console and the API are.
    console: SocketAddr,
}

impl City {
    pub(crate) fn founded(origin: &str) -> Self {
        Self::founded_by(origin, "ed25519")
    }

    /// A city whose operator signs in this suite.
    pub(crate) fn founded_by(origin: &str, suite: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("city");
        let mut init = program("granary-aggregator");
        init.args(["init", "--server-name", "localhost", "--name", origin]);
        init.args(["--suite", suite]);
        run(init.arg("--data").arg(&data));
        let (server, port, log, console) = serve(&data);
        let city = Self {
            folder,
            server,
            agents: Vec::new(),
            port,
            log,
            console,
        };
        let catalogue = city.path("catalogue");
        copy_catalogue(&catalogue);
        city.operate(&["catalogue", "publish", catalogue.to_str().unwrap()]);
        city
    }

    /// A path beside the city's data.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address())
    }

    /// Where anybody reads the log.
    pub(crate) fn log_url(&self) -> String {
        format!("http://{}", self.log)
    }

    /// Where programs read the API.
    pub(crate) fn api_url(&self) -> String {
        format!("http://{}", self.console)
    }

    /// The newest checkpoint as anybody reads it.
    pub(crate) fn checkpoint(&self) -> String {
        let mut stream = TcpStream::connect(self.log).unwrap();
        stream
            .write_all(b"GET /checkpoint HTTP/1.1\r\nhost: log\r\nconnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, note) = answer.split_once("\r\n\r\n").unwrap();
        note.to_owned()
    }

    /// The log's key, as the city published it.
    pub(crate) fn log_key(&self) -> PathBuf {
        self.path("city/log.vkey")
    }

    /// Runs a command of the operator's; gives what it said.
    pub(crate) fn operate(&self, arguments: &[&str]) -> String {
        let mut command = program("granary-aggregator");
        command.args(arguments).args(["--server", &self.url()]);
        run(command.arg("--operator").arg(self.path("city/operator")))
    }

    /// A token with which the unit enrols one key.
    pub(crate) fn token(&self, unit: &str) -> String {
        let said = self.operate(&["token", "--unit", unit]);
        let token = said.lines().find(|line| line.starts_with("granary1."));
        token.unwrap().to_owned()
    }

    /// Gives an auditor an identity in this folder.
    pub(crate) fn admit_auditor(&self, folder: &Path) {
        let mut client = program("granary-aggregator");
        client.args(["client", "--role", "auditor", "--data"]);
        run(client.arg(self.path("city")).arg("--out").arg(folder));
    }

    /// A unit enrols and reports every file that the demo has of it. Gives the folder of its receipts.
    pub(crate) fn report(&self, unit: &str) -> PathBuf {
        self.report_naming(unit, None)
    }

    /// The same, each report naming a file as its evidence.
    pub(crate) fn report_naming(&self, unit: &str, evidence: Option<(&str, &str)>) -> PathBuf {
        let folder = self.path(unit);
        let mut enrol = program("granary-agent");
        enrol.args(["enrol", "--unit", unit, "--token", &self.token(unit)]);
        run(enrol.args(["--server", &self.url(), "--dir"]).arg(&folder));
        let mut files: Vec<PathBuf> = fs::read_dir(demo().join("reports").join(unit))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        for mut file in files {
            if let Some((name, content)) = evidence {
                fs::create_dir_all(folder.join("evidence")).unwrap();
                fs::write(folder.join("evidence").join(name), content).unwrap();
                let text = fs::read_to_string(&file).unwrap();
                file = self.path(file.file_name().unwrap().to_str().unwrap());
                fs::write(&file, format!("# evidence: {name}\n{text}")).unwrap();
            }
            let mut submit = self.agent();
            submit.args(["submit", "--wait", "60"]).arg(file);
            run(submit.arg("--dir").arg(&folder));
        }
        folder.join("state/receipts")
    }

    /// A unit's agent goes on running: it cosigns the log, and hands in what is asked for.
    pub(crate) fn keep_running(&mut self, unit: &str) {
        let mut agent = self.agent();
        agent.arg("run").arg("--dir").arg(self.path(unit));
        let agent = agent.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.agents.push(agent.unwrap());
    }

    fn agent(&self) -> Command {
        let mut agent = program("granary-agent");
        agent
            .env("GRANARY_AGENT_SERVER", self.url())
            .env("GRANARY_AGENT_POLL_WITNESS_MS", "1000")
            .env("GRANARY_AGENT_POLL_CATALOGUE_MS", "1000");
        agent
    }
}

impl Drop for City {
    fn drop(&mut self) {
        // Any may have ended by itself, which is not this one's business.
        for child in self.agents.iter_mut().chain([&mut self.server]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts the server; it says where it serves once it does.
fn serve(data: &Path) -> (Child, u16, SocketAddr, SocketAddr) {
    let mut serve = program("granary-aggregator");
    serve.args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--log-listen",
        "127.0.0.1:0",
    ]);
    serve.args(["--witness-round-ms", "0"]);
    serve.args(["--metrics-listen", "off", "--console-listen", "127.0.0.1:0"]);
    serve.args(["--log-filter", "warn", "--data"]);
    let mut server = serve.arg(data).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let mut said = |before: &str, after: &str| loop {
        let line = lines.next().expect("the server ended by itself").unwrap();
        let address = line.strip_prefix(before);
        if let Some(address) = address.and_then(|rest| rest.strip_suffix(after)) {
            break address.parse::<SocketAddr>().unwrap();
        }
    };
    let address = said("serving on https://", "");
    let log = said("the log is public at http://", "/checkpoint");
    let console = said("the console is at http://", "");
    // What it goes on to say is read, so that it never waits for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    (server, address.port(), log, console)
}
